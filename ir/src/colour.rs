//! Colours for plans in words, where a person reads them on a terminal.

use crate::explain::Explain;
use std::fmt;

const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const YELLOW: &str = "\u{1b}[33m";
const CYAN: &str = "\u{1b}[36m";
const PLAIN: &str = "\u{1b}[0m";

/// The text of a plan, perhaps with colours: made by [`Explain::coloured`].
#[derive(Clone, Copy, Debug)]
pub struct Coloured<'a> {
    explain: Explain<'a>,
    colours: bool,
}

impl<'a> Explain<'a> {
    /// The same text with ANSI colours where `colours` says so: headings, labels, reasons and places in the source are told
    /// apart. Without, it is the same text to the letter.
    #[must_use]
    pub const fn coloured(self, colours: bool) -> Coloured<'a> {
        Coloured { explain: self, colours }
    }
}

impl fmt::Display for Coloured<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.colours {
            return self.explain.fmt(f);
        }
        let text = self.explain.to_string();
        text.lines().try_for_each(|line| writeln!(f, "{}", coloured(line)))
    }
}

fn coloured(line: &str) -> String {
    let label = line.trim_start();
    let indented = line.len() - label.len();
    if indented == 0 && !line.is_empty() {
        return format!("{BOLD}{line}{PLAIN}");
    }
    let end = label.find(' ').unwrap_or(label.len());
    let colour = match &label[..end] {
        "because" => YELLOW,
        "loops" | "reads" | "writes" | "body" | "then" | "in" | "out" | "dim" | "needs" if indented == 2 => {
            CYAN
        }
        _ => return dimmed(line),
    };
    let (label, rest) = label.split_at(end);
    format!("{}{colour}{label}{PLAIN}{}", &line[..indented], dimmed(rest))
}

/// Dims the place in the source with which a line ends, or which stands before a colon.
fn dimmed(line: &str) -> String {
    let is_place = |inside: &str| {
        let mut parts = inside.rsplit(':');
        let mut number = || parts.next().is_some_and(|part| part.parse::<u32>().is_ok());
        number() && number()
    };
    match (line.rfind('('), line.rfind(')')) {
        (Some(from), Some(to)) if from < to && is_place(&line[from + 1..to]) => {
            format!("{}{DIM}{}{PLAIN}{}", &line[..from], &line[from..=to], &line[to + 1..])
        }
        _ => line.to_string(),
    }
}
