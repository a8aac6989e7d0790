//! The `fusewire` command: arguments to exit codes. Everything it knows about expressions is the library's.

mod archive;
mod arguments;
mod array_file;
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

use std::fmt;
use std::io::{self, Read, Write};
use std::process::ExitCode;

/// Why a command ends without a result: what goes to the error stream.
#[derive(Debug)]
pub struct Failure(String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Failure {
    /// One line that says what happened.
    pub fn new(message: impl fmt::Display) -> Self {
        Self(format!("error: {}", one_line(&message.to_string())))
    }

    /// What happened to a file.
    pub fn of_file(path: &std::path::Path, what: impl fmt::Display) -> Self {
        Self::new(format!("{}: {what}", path.display()))
    }

    /// An error of the library, whose advice is for Rust, with the advice of this command.
    pub fn of_library(error: &impl fmt::Display) -> Self {
        Self(for_command(&error.to_string()))
    }
}

/// Without anything a terminal would act on.
pub fn one_line(text: &str) -> String {
    let shown = |c: char| if c.is_control() { c.escape_debug().to_string() } else { c.to_string() };
    text.chars().map(shown).collect()
}

/// Forms of Rust in the library's advice, and what they are in an expression.
const FORMS: &[(&str, &str)] = &[
    ("a Rust number", "a number"),
    ("write `.expand_dims(...)`", "write `np.expand_dims(x, axis)`"),
    ("expand one operand, `.expand_dims(...)`", "expand one operand, `np.expand_dims(x, axis)`"),
    ("write `.expand_dims([", "expand it with `np.expand_dims(..., ["),
    ("])` on it", "])`"),
    ("give it one label: `.label_axes([...])`", "declare it with one label"),
    (
        "give one of them a label of its own before they meet: `.label_axes([...])`",
        "declare one with another label",
    ),
    (
        "`OutOfBounds::Clip` and `OutOfBounds::Wrap` choose an element for every index",
        "`np.take(x, i, mode='clip')` and `mode='wrap'` choose an element for every index",
    ),
    ("`contiguous` copies it first", "`x.copy()` copies it first"),
    ("`.astype(dtype)`", "`.astype(np.float64)`"),
];

/// The advice of the library in the words of the command.
fn for_command(text: &str) -> String {
    let digits =
        |text: &str| text.chars().take_while(|c| *c != ')').filter(char::is_ascii_digit).collect::<String>();
    let advice = |line: &str| {
        let indent = &line[..line.find('=').unwrap_or(0)];
        let limit = |limit: &str| format!("{indent}= if this is meant, raise the limit: `{limit}`");
        if let Some((_, elements)) = line.split_once("`Limits::default().with_elements(") {
            return limit(&format!("--limit {}", digits(elements)));
        }
        if let Some((_, bytes)) = line.split_once("`Limits::default().with_bytes(") {
            return limit(&format!("--bytes {}", digits(bytes)));
        }
        if let Some((_, operations)) = line.split_once("`.with_operations(") {
            return limit(&format!("--operations {}", digits(operations)));
        }
        let mut line = line.to_owned();
        if line.trim_start().starts_with("= ") {
            for (rust, numpy) in FORMS {
                line = line.replace(rust, numpy);
            }
            for dtype in fusewire::DType::ALL {
                let rust = format!("`.astype({})`", dtype.name().to_uppercase());
                line = line.replace(&rust, &format!("`.astype({})`", numpy_name(dtype)));
            }
        }
        line
    };
    text.lines().map(advice).collect::<Vec<_>>().join("\n")
}

/// What NumPy calls a dtype.
fn numpy_name(dtype: fusewire::DType) -> String {
    let kind = match dtype {
        fusewire::DType::Bool => return "np.bool".into(),
        _ if dtype.is_float() => "float",
        _ if dtype.is_unsigned() => "uint",
        _ => "int",
    };
    format!("np.{kind}{}", 8 * dtype.bytes())
}

/// The text of an expression: as it was given, of a file, or of the standard input.
pub fn expression_text(
    given: Option<&String>,
    file: Option<&std::path::PathBuf>,
) -> Result<(&'static str, String), Failure> {
    let most = fusewire::text::MOST_BYTES as u64 + 1;
    let mut text = String::new();
    match (given.map(String::as_str), file) {
        (Some("-"), None) => {
            io::stdin()
                .take(most)
                .read_to_string(&mut text)
                .map_err(|error| Failure::new(format!("standard input: {error}")))?;
            Ok(("stdin", text))
        }
        (_, Some(path)) => {
            let failed = |error: io::Error| Failure::of_file(path, plain(&error));
            std::fs::File::open(path)
                .and_then(|file| file.take(most).read_to_string(&mut text))
                .map_err(failed)?;
            // Once in a process.
            Ok((Box::leak(path.display().to_string().into_boxed_str()), text))
        }
        (Some(text), None) => Ok(("expression", text.to_owned())),
        (None, None) => Err(Failure::new("there is no expression")),
    }
}

/// An error of the system without its number.
pub fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error").map_or(text.clone(), |(what, _)| what.to_lowercase())
}

/// Writes a result; a reader that has seen enough, such as `head`, is no failure.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("cannot write: {error}")))
        }
        _ => Ok(()),
    }
}

/// Runs the command.
pub fn main() -> ExitCode {
    let matches = arguments::command().get_matches();
    let done = match matches.subcommand() {
        Some(("plan", matches)) => plan::plan(matches),
        Some(("run", matches)) => run::run(matches),
        Some(("ops", matches)) => ops::ops(matches),
        Some(("completions", matches)) => arguments::completions(matches),
        Some(("man", _)) => arguments::man(),
        _ => return ExitCode::from(2),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}
