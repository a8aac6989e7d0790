//! Why a command ends without a result.

use fusewire::ir::diagnostic::shortened;
use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;

/// What goes to the error stream, and the code that the command ends with.
#[derive(Debug)]
pub struct Failure {
    text: String,
    is_usage: bool,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.text.is_empty() { Ok(()) } else { writeln!(f, "{}", self.text) }
    }
}

impl Failure {
    /// One line that says what was refused or failed.
    pub fn new(message: impl fmt::Display) -> Self {
        Self { text: format!("error: {}", one_line(&message.to_string())), is_usage: false }
    }

    /// One line that says what is wrong with the arguments.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self { is_usage: true, ..Self::new(message) }
    }

    /// A mistake in the arguments, about which everything was said.
    pub const fn said() -> Self {
        Self { text: String::new(), is_usage: true }
    }

    /// What happened to a file.
    pub fn of_file(path: &Path, what: impl fmt::Display) -> Self {
        Self::new(format!("{}: {what}", path.display()))
    }

    /// An error of the library, whose advice is for Rust, with the advice of this command.
    pub fn of_library(error: &impl fmt::Display) -> Self {
        Self { text: for_command(&error.to_string()), is_usage: false }
    }

    /// 1 where something was refused or failed, 2 where the command was called in a wrong way.
    pub fn code(&self) -> ExitCode {
        ExitCode::from(if self.is_usage { 2 } else { 1 })
    }
}

/// Without anything a terminal would act on, and with the middle of long words left out.
pub fn one_line(text: &str) -> String {
    let shown = |c: char| if c.is_control() { c.escape_debug().to_string() } else { c.to_string() };
    shortened(text).chars().map(shown).collect()
}

/// An error of the system without its number.
pub fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error").map_or(text.clone(), |(what, _)| what.to_lowercase())
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
    ("`.swapaxes(Axis(", "`.swapaxes("),
    ("), Axis(", ", "),
    ("))` brings it there", ")` brings it there"),
    ("or declare the size once and share it", "or write the same bounds in each specification"),
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
