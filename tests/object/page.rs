//! The programs of the page, as they stand there.

use crate::c;
use std::process::Command;

use fusewire::prelude::*;
use fusewire::{Level, Object, Target};

/// How far each row is from a mean, in deviations, as one number.
pub fn score() -> Result<Object, Error> {
    let g = Graph::new();
    let rows = g.dim("rows", 1..=5_000_000);
    let features = g.input("features", F64, (rows, 3));
    let [mean, deviation] = ["mean", "deviation"].map(|name| g.input(name, F64, [3]));
    let score = ((features - mean) / deviation).tanh().sum(Axis(1)).named("score");
    let plan = g.plan([score], &Limits::default())?;
    plan.to_object("score", &Target::linux(Level::V3))
}

const PAGE: &str = include_str!("../../docs/ahead-of-time.md");

/// What stands on the page between fences of this language.
fn block(language: &str) -> &'static str {
    let fence = format!("```{language}\n");
    PAGE.split(&fence).nth(1).and_then(|rest| rest.split("```").next()).unwrap()
}

#[test]
fn the_page_is_what_runs() {
    let [_, own] =
        include_str!("page.rs").splitn(2, "use std::process::Command;\n\n").collect::<Vec<_>>()[..]
    else {
        panic!("this file is another")
    };
    assert!(own.starts_with(block("rust")), "the page and this file differ");
    if Target::host().unwrap().level() < Level::V3 {
        return;
    }
    let object = score().unwrap();
    let program = c::linked(&c::directory("page"), block("c"), &[&object]);
    let output = Command::new(program).output().unwrap();
    c::checked(&output, "the program of the page");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), block("text"));
}

/// Where there is a compiler of C++, it takes the header as well.
#[test]
fn headers_are_those_of_c_plus_plus_too() {
    let directory = c::directory("plus");
    score().unwrap().write_to(&directory).unwrap();
    let source = directory.join("main.cpp");
    std::fs::write(
        &source,
        "#include \"score.h\"\n#include \"score.h\"\nint main() { return score(nullptr) ? 0 : 1; }\n",
    )
    .unwrap();
    let program = directory.join("program");
    let mut command = Command::new("c++");
    command.args(["-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]).arg(&source);
    command
        .arg(directory.join("score.o"))
        .arg(c::runtime())
        .args(["-lm", "-lpthread", "-ldl", "-o"])
        .arg(&program);
    let Ok(output) = command.output() else {
        return eprintln!("there is no `c++`: headers were not compiled as C++");
    };
    c::checked(&output, "c++");
    c::checked(&Command::new(program).output().unwrap(), "the program");
}
