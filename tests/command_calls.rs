//! What the command says of a call that is wrong, and the code that it ends with.
#![cfg(feature = "command")]

mod folder;

use folder::Folder;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Output, Stdio};

/// One line on the error stream, and nothing else; what it says.
fn one_line(done: &Output, code: i32) -> String {
    let text = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(code), "{text}");
    assert!(done.stdout.is_empty());
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.starts_with("error: "), "{text}");
    assert!(!text.contains(".rs:"), "{text}");
    text
}

#[test]
fn mistakes_in_a_call_end_with_2() {
    let folder = Folder::new("calls");
    folder.run("np.arange(4.0)", &[], "x.npy");
    for (arguments, says) in [
        (&["x", "x=x.npy", "x=x.npy", "-o", "o.npy"][..], "`x` is given twice"),
        (&["x", "x", "-o", "o.npy"], "NAME=VALUE"),
        (&["x", "=3", "-o", "o.npy"], "NAME=VALUE"),
        (&["x", "3x=3", "-o", "o.npy"], "NAME=VALUE"),
        (&["x", "x=", "-o", "o.npy"], "`x=` has no value"),
        (&["x", "x=f65[3]", "-o", "o.npy"], "`f65` is no dtype"),
        (&["x", "x=[3]", "-o", "o.npy"], "no dtype before the sizes"),
        (&["x", "x=f64[3", "-o", "o.npy"], "the `[` is not closed"),
        (&["x", "x=f64 3]", "-o", "o.npy"], "a `]` without a `[`"),
        (&["x", "x=f64(3)", "-o", "o.npy"], "`x=f64(3)`"),
        (&["x", "x=f64[3]]", "-o", "o.npy"], "`]` after the `]`"),
        (&["x", "x=f64[3][4]", "-o", "o.npy"], "in the same brackets"),
        (&["x", "x=f64[3,,4]", "-o", "o.npy"], "axis 1: the size is missing"),
        (&["x", "x=f64[3, -1]", "-o", "o.npy"], "axis 1: `-1` is negative"),
        (&["x", "x=f64[1e6]", "-o", "o.npy"], "`1000000`"),
        (&["x", "x=f64[3.5]", "-o", "o.npy"], "`3.5` is no size"),
        (&["x", "x=f64[n]", "-o", "o.npy"], "`n<=1000000`"),
        (&["x", "x=f64[n<=]", "-o", "o.npy"], "the upper bound is missing"),
        (&["x", "x=f64[n<5]", "-o", "o.npy"], "`f64[n<=1000]`"),
        (&["x", "x=f64[7<=n<=5]", "-o", "o.npy"], "at least 7 and at most 5"),
        (&["x", "x=f64[a b:3]", "-o", "o.npy"], "`a b` is no label"),
        (&["x, x", "x=x.npy", "-o", "o.npy"], "2 results, and 1 file"),
        (&["x", "x=x.npy", "-o", "o.npy", "-o", "p.npy"], "1 result, and 2 files"),
        (
            &["x, x", "x=x.npy", "-o", "o.npy", "-o", "./o.npy"],
            "./o.npy: is the output of two results, as o.npy is",
        ),
        (&["x", "x=x.npy", "-o", "-"], "`-o out.npy`"),
        (&["x", "x=x.npy", "-o", "o.NPZ"], "`-o o.npy`"),
        (&["-o", "o.npy"], "there is no expression"),
    ] {
        let done = folder.command("run").args(arguments).output().unwrap();
        let text = one_line(&done, 2);
        assert!(text.contains(says), "{arguments:?}: {text}");
    }
    // What the parser of arguments finds is said in its words.
    for arguments in [
        &["run", "x"][..],
        &["run", "x", "-o"],
        &["run", "1", "-o", ""],
        &["run", "1", "-o", "o.npy", "--threads", "0"],
        &["run", "1", "-o", "o.npy", "--threads", "-1"],
        &["run", "1", "-o", "o.npy", "--repeat", "0"],
        &["run", "1", "-o", "o.npy", "--limit", "1.5"],
        &["run", "1", "-o", "o.npy", "--no-such"],
        &["run", "1", "-o", "o.npy", "--policy", "numpy"],
        &["plan", "1", "--policy", "unknown"],
        &["plan", "1", "--format", "pdf"],
        &["plan", "1", "--limit", "many"],
        &["plan", "1", "--limit"],
        &["plan"],
        &["plan", "x", "x"],
        &["plan", "x", "x=f64[3", "x=4"],
        &["plan", "--file", "no-such-file", "x"],
        &["ops", "sin", "cos"],
        &["completions", "tcsh"],
        &["completions"],
        &["unknown"],
        &[],
    ] {
        let done = Command::new(env!("CARGO_BIN_EXE_fusewire")).args(arguments).output().unwrap();
        assert_eq!(done.status.code(), Some(2), "{arguments:?}: {done:?}");
        assert!(done.stdout.is_empty() && !done.stderr.is_empty(), "{arguments:?}");
    }
    assert_eq!(folder.files().len(), 1);
}

#[test]
fn what_is_refused_or_fails_ends_with_1() {
    let folder = Folder::new("failures");
    for arguments in [
        &["run", "x", "x=no.npy", "-o", "o.npy"][..],
        &["run", "x", "-o", "o.npy"],
        &["run", "", "-o", "o.npy"],
        &["run", "x", "x=1.5.5", "-o", "o.npy"],
        &["run", "--file", "no-such-file", "-o", "o.npy"],
        &["run", "--file", ".", "-o", "o.npy"],
        &["run", "np.arange(3)[7]", "-o", "o.npy"],
        &["plan", "x + y", "x=f64[3]", "y=f64[4]"],
        &["plan", "x + y", "x=f64[n<=5]", "y=f64[n<=7]"],
        &["plan", "np.arange(3) + 1", "--limit", "2"],
        &["plan", "x", "x=f64[3]", "-o", "no/plan.txt"],
        &["ops", "no such operation"],
    ] {
        let done = Command::new(env!("CARGO_BIN_EXE_fusewire"))
            .args(arguments)
            .current_dir(folder.path("."))
            .output();
        let done = done.unwrap();
        let text = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(1), "{arguments:?}: {text}");
        assert!(text.starts_with("error") && !text.contains(".rs:"), "{arguments:?}: {text}");
        assert!(done.stdout.is_empty());
    }
    assert!(folder.files().is_empty());
}

/// Advice is about arguments, and not about Rust.
#[test]
fn advice_is_for_this_command() {
    let folder = Folder::new("advice");
    for (arguments, says) in [
        (
            &["plan", "x", "x=1j"][..],
            "1j: no such file; `x=` takes a file, a number, or a dtype and sizes, as in `x=f64[1000,3]`",
        ),
        (&["plan", "x", "x=no.npy"], "no.npy: no such file or directory"),
        (&["plan", "x + y", "x=f64[n<=5]", "y=f64[n<=7]"], "or write the same bounds in each specification"),
    ] {
        let done = Command::new(env!("CARGO_BIN_EXE_fusewire"))
            .args(arguments)
            .current_dir(folder.path(""))
            .output();
        let text = String::from_utf8(done.unwrap().stderr).unwrap();
        assert!(text.contains(says), "{arguments:?}: {text}");
    }
}

/// Names of any length are told apart by their ends.
#[test]
fn long_names_are_shortened() {
    let name = format!("begin{}end", "n".repeat(100_000));
    for (arguments, says) in [
        (vec!["plan", "x", &name], "NAME=VALUE"),
        (vec!["plan", &name], "is not defined"),
        (vec!["plan", "x", &format!("x={name}")], "file name too long"),
        (vec!["plan", "x", &format!("x={name}[3]")], "at most 10000 bytes"),
        (vec!["plan", "x", &format!("{name}=3"), &format!("{name}=3")], "given twice"),
        (vec!["plan", &format!("{name} + y"), &format!("{name}=f64[3]"), "y=f64[4]"], "cannot broadcast"),
        (vec!["plan", &format!("np.{name}(x)"), "x=3"], "not in the language"),
        (vec!["plan", &format!("x.sum(axis='{name}')"), "x=f64[3]"], "axis"),
        (vec!["plan", "x", "--limit", &name], "--limit"),
        (vec!["run", "1.0", "-o", &name], "file name too long"),
        (vec!["ops", &name], "no operation"),
        (vec![&name], "unrecognized"),
    ] {
        let done = Command::new(env!("CARGO_BIN_EXE_fusewire")).args(&arguments).output().unwrap();
        let text = String::from_utf8_lossy(&done.stderr);
        assert!(matches!(done.status.code(), Some(1 | 2)), "{done:?}");
        assert!(text.len() < 3000, "{says}: {} bytes", text.len());
        assert!(text.contains(says) && text.contains("begin"), "{says}: {text}");
    }
}

/// A stream that cannot be written to is no reason to panic.
#[test]
fn full_and_closed_streams_are_failures() {
    let folder = Folder::new("streams");
    let shell = |line: &str| {
        let done = Command::new("sh")
            .args(["-c", line])
            .env("F", env!("CARGO_BIN_EXE_fusewire"))
            .current_dir(folder.path("."))
            .stdout(Stdio::piped())
            .output()
            .unwrap();
        (done.status.code().unwrap(), String::from_utf8(done.stderr).unwrap())
    };
    for line in [
        "$F plan x 'x=f64[3]' >/dev/full",
        "$F --help >/dev/full",
        "$F run --help >/dev/full",
        "$F --version >/dev/full",
        "$F ops >/dev/full",
        "$F completions bash >/dev/full",
        "$F man >/dev/full",
    ] {
        let (code, text) = shell(line);
        assert_eq!((code, &*text), (1, "error: standard output: no space left on device\n"), "{line}");
    }
    assert_eq!(shell("$F plan y 2>/dev/full").0, 1);
    assert_eq!(shell("$F plan x x 2>/dev/full").0, 2);
    assert_eq!(shell("$F plan 2>/dev/full").0, 2);
    assert_eq!(shell("$F run 'np.arange(3)' -o x.npy --profile 2>/dev/full").0, 1);
    assert_eq!(shell("$F plan y 2>&-").0, 1);
    assert_eq!(shell("$F plan y >&- 2>&- <&-").0, 1);
    assert_eq!(shell("$F plan y 2>&1 | head -c 1 >/dev/null").0, 0);
    assert_eq!(shell("$F ops | head -c 1 >/dev/null"), (0, String::new()));
}

#[test]
fn paths_need_not_be_text() {
    let folder = Folder::new("bytes");
    let path = |name: &[u8]| OsStr::from_bytes(name).to_owned();
    folder.run("np.arange(3.0)", &[], "x.npy");
    std::fs::rename(folder.path("x.npy"), std::path::Path::new(&folder.path("")).join(path(b"\xff.npy")))
        .unwrap();
    let run = |arguments: &[&[u8]]| {
        folder.command("run").args(arguments.iter().map(|argument| path(argument))).output().unwrap()
    };
    assert!(run(&[b"x + 1", b"x=\xff.npy", b"-o", b"\xfe.npy"]).status.success());
    assert!(run(&[b"x + 1", b"x=\xfe.npy", b"-o", b"y.npy"]).status.success());
    assert_eq!(folder.floats("y.npy").1, [2.0, 3.0, 4.0]);
    assert!(one_line(&run(&[b"x + 1", b"x=\xfd.npy", b"-o", b"z.npy"]), 1).contains("no such file"));
    assert!(one_line(&run(&[b"x + \xff", b"x=\xff.npy", b"-o", b"z.npy"]), 1).contains("UTF-8"));
    assert!(one_line(&run(&[b"x", b"\xff=\xff.npy", b"-o", b"z.npy"]), 2).contains("NAME=VALUE"));
}
