//! `fusewire plan`: what would run.

use super::arguments::{expression_and_names, limits, policy};
use super::inputs::{Inputs, Wanted};
use super::{Failure, expression_text, print};
use clap::ArgMatches;
use fusewire::text::Expression;
use fusewire::{Graph, Plan, wants_colour};
use std::path::{Path, PathBuf};

pub fn plan(arguments: &ArgMatches) -> Result<(), Failure> {
    let output = arguments.get_one::<PathBuf>("output");
    let (given, names) = expression_and_names(arguments);
    let (name, text) = expression_text(given, arguments.get_one::<PathBuf>("file"))?;
    let inputs = Inputs::open(&names, Wanted::Header)?;
    let expression = Expression::parse_named(name, &text).map_err(|error| Failure::of_library(&error))?;
    let graph = Graph::new();
    graph.set_broadcast(policy(arguments));
    let results = expression.build_named(&graph, &inputs.declared());
    let results = results.map_err(|error| Failure::of_library(&error))?;
    let plan = graph.plan(results, &limits(arguments));
    let plan = plan.map_err(|error| Failure::of_library(&expression.locate(&error)))?;
    let format = arguments.get_one::<String>("format").map_or("text", String::as_str);
    let mut text = face(&plan, &expression, format, output.is_none());
    if !text.ends_with('\n') {
        text.push('\n');
    }
    match output {
        Some(path) if inputs.files.iter().any(|input| is_same(input, path)) => {
            Err(Failure::of_file(path, "is an input; write to another file"))
        }
        Some(path) => {
            std::fs::write(path, text).map_err(|error| Failure::of_file(path, super::plain(&error)))
        }
        None => print(&text),
    }
}

/// Do both lead to the same file?
pub fn is_same(a: &Path, b: &Path) -> bool {
    a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// The plan as text, data, a drawing or a page; all but the text have the lines of the expression as well.
fn face(plan: &Plan, expression: &Expression, format: &str, to_stdout: bool) -> String {
    if format == "text" {
        let colour = to_stdout && wants_colour(&std::io::stdout());
        return plan.explain().coloured(colour).to_string();
    }
    let lines: Vec<&str> = expression.text().lines().collect();
    let mut report = plan.report();
    report.read_sources(|_, line| lines.get((line as usize).checked_sub(1)?).map(|line| (*line).to_owned()));
    match format {
        "json" => report.to_json(),
        "dot" => report.dot(),
        _ => report.html(),
    }
}
