//! The `fusewire` command: arguments to exit codes. Everything it knows about expressions is the library's.

mod archive;
mod arguments;
mod array_file;
mod failure;
mod incomplete;
mod inputs;
mod interrupt;
mod mapping;
mod ops;
mod output;
mod plan;
mod profile;
mod progress;
mod random;
mod run;
mod target;

use failure::{Failure, plain};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use target::{Identity, Read};

/// The longest message about a call that is printed whole.
const MOST_OF_A_MISTAKE: usize = 4000;

/// The text of an expression.
pub struct Text {
    /// What diagnostics call it.
    pub name: &'static str,
    pub text: String,
    /// The file that it was read from.
    pub file: Option<Read>,
}

/// The text of an expression: as it was given, of a file, or of the standard input.
pub fn expression_text(given: Option<&OsString>, file: Option<&PathBuf>) -> Result<Text, Failure> {
    let no_text = || Failure::new("the expression is no text in UTF-8");
    match (given, file) {
        (Some(given), None) if given == "-" => {
            let failed = |what: String| Failure::new(format!("standard input: {what}"));
            Ok(Text { name: "stdin", text: read_text(io::stdin()).map_err(failed)?, file: None })
        }
        (_, Some(path)) => {
            let failed = |what: String| Failure::of_file(path, what);
            let file = File::open(path).map_err(|error| failed(plain(&error)))?;
            let metadata = file.metadata().map_err(|error| failed(plain(&error)))?;
            let text = read_text(file).map_err(failed)?;
            // Once in a process.
            let name = Box::leak(path.display().to_string().into_boxed_str());
            let file = Read { identity: Identity::of(&metadata), what: "the file of the expression" };
            Ok(Text { name, text, file: Some(file) })
        }
        (Some(text), None) => {
            let text = text.to_str().ok_or_else(no_text)?;
            Ok(Text { name: "expression", text: text.to_owned(), file: None })
        }
        (None, None) => Err(Failure::usage(
            "there is no expression; it is the first argument, or in a file: `--file FILE`",
        )),
    }
}

/// No more than is too long for an expression, without the mark that editors may put at the beginning.
fn read_text(from: impl io::Read) -> Result<String, String> {
    let mut text = String::new();
    from.take(fusewire::text::MOST_BYTES as u64 + 1).read_to_string(&mut text).map_err(
        |error| match error.kind() {
            io::ErrorKind::InvalidData => "it is no text in UTF-8".into(),
            _ => plain(&error),
        },
    )?;
    Ok(text.strip_prefix('\u{feff}').map(Into::into).unwrap_or(text))
}

/// Writes a result; a reader that has seen enough, such as `head`, is no failure.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    wrote("standard output", out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Writes what is said beside a result.
pub fn print_beside(text: &str) -> Result<(), Failure> {
    wrote("standard error", io::stderr().lock().write_all(text.as_bytes()))
}

fn wrote(to: &str, result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("{to}: {}", plain(&error))))
        }
        _ => Ok(()),
    }
}

/// What `clap` has to say: help and versions are results, everything else is a mistake in a call.
fn said(error: &clap::Error) -> Result<(), Failure> {
    let text = error.to_string();
    let is_mistake = error.use_stderr();
    if is_mistake && text.len() > MOST_OF_A_MISTAKE {
        return Err(Failure::usage(text.trim_start_matches("error: ").lines().next().unwrap_or_default()));
    }
    let printed = error.print().and_then(|()| io::stdout().flush());
    if is_mistake { Err(Failure::said()) } else { wrote("standard output", printed) }
}

fn done() -> Result<(), Failure> {
    let matches = match arguments::command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return said(&error),
    };
    match matches.subcommand() {
        Some(("plan", matches)) => plan::plan(matches),
        Some(("run", matches)) => run::run(matches),
        Some(("ops", matches)) => ops::ops(matches),
        Some(("completions", matches)) => arguments::completions(matches),
        Some(("man", _)) => arguments::man(),
        _ => Err(Failure::usage("there is no such command")),
    }
}

/// Runs the command.
pub fn main() -> ExitCode {
    interrupt::fail_instead_of_ending();
    match done() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // The code tells what happened where nothing can be said.
            let _ = print_beside(&failure.to_string());
            failure.code()
        }
    }
}
