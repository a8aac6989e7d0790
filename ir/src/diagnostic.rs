//! What is wrong with an expression, as data and as text that reads like a compiler's.

use crate::composition::Composition;
use crate::graph::NodeId;
use crate::repair::Repair;
use crate::scalar::Scalar;
use crate::shape::ArrayType;
use std::collections::HashSet;
use std::fmt;
use std::panic::Location;

/// A place in the user's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Site {
    /// The file, as the compiler named it.
    pub file: &'static str,
    /// Counted from 1.
    pub line: u32,
    /// Counted from 1.
    pub column: u32,
}

impl Site {
    /// The place that called the function marked `#[track_caller]`.
    #[must_use]
    #[track_caller]
    pub fn caller() -> Self {
        Location::caller().into()
    }
}

impl From<&'static Location<'static>> for Site {
    fn from(location: &'static Location<'static>) -> Self {
        Self { file: location.file(), line: location.line(), column: location.column() }
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", crate::naming::shown(self.file), self.line, self.column)
    }
}

macro_rules! diagnostic_kinds {
    ($($(#[$meta:meta])* $kind:ident = $name:literal,)*) => {
        /// What sort of mistake a diagnostic reports.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum DiagnosticKind {
            $($(#[$meta])* $kind,)*
        }

        impl DiagnosticKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// The word in `error[word]`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }
        }
    };
}

diagnostic_kinds! {
    /// Shapes that do not broadcast together, or that a view cannot take.
    Shape = "shape",
    /// Axes whose labels disagree, are repeated or do not exist.
    Label = "label",
    /// A broadcast that the policy of its graph or its call does not allow.
    Broadcast = "broadcast",
    /// Subscripts of an einsum that cannot be read, or do not fit its operands.
    Subscripts = "subscripts",
    /// A size that is declared twice, can be no size, or is not what it must be.
    Dim = "dim",
    /// A dtype the operation does not take.
    DType = "dtype",
    /// A number that the dtype it must take cannot hold.
    ScalarRange = "scalar",
    /// An axis that does not exist, or is named twice.
    Axis = "axis",
    /// An intermediate with more elements than the limit allows.
    Limit = "limit",
    /// More workspace than the limit allows.
    Workspace = "workspace",
    /// More element operations than the limit allows.
    Work = "work",
    /// An expression too large for one plan.
    TooLarge = "too-large",
    /// Expressions that belong to different graphs.
    ForeignGraph = "graph",
    /// A name that is missing, unknown, or used twice.
    Name = "name",
    /// An array bound to a program with the wrong dtype or shape, or outside its memory.
    Binding = "binding",
    /// Buffers that share memory without the plan's consent, or an in-place request that is unsafe.
    Overlap = "overlap",
    /// A reduction over no elements that has no value for it.
    EmptyReduction = "empty",
    /// An index that an axis does not have, written in a program or found in an array when it ran.
    Index = "index",
    /// A record type that cannot be, a field that does not exist or is not what it must be, or rows of
    /// another type.
    Record = "record",
    /// Edges of bins that are not in order, found when a program ran.
    Order = "order",
    /// An expression in text that is not well formed.
    Syntax = "syntax",
    /// An expression in text that is well formed, but not of the language that is understood.
    Language = "language",
    /// An argument that a function does not take, or that is missing.
    Argument = "argument",
    /// Machine code could not be made or placed in memory, or is not what an object file can hold.
    Compile = "compile",
}

/// An operand as the user gave it, from which its line in diagnostics can be made.
#[derive(Clone, Debug, PartialEq)]
pub struct GivenOperand {
    /// Its position among the operands, from 0.
    pub slot: usize,
    /// Its label, or the operation that makes it.
    pub name: String,
    /// The number, where it is one.
    pub number: Option<Scalar>,
    /// Its dtype and shape, where it has them.
    pub array: Option<ArrayType>,
    /// The call that makes it.
    pub site: Site,
}

impl GivenOperand {
    /// The line about it.
    #[must_use]
    pub fn note(&self) -> OperandNote {
        let Self { slot, name, number, array, site } = self;
        let text = match (array, number) {
            (Some(array), Some(number)) => format!("the number {number} as {}", array.dtype),
            (Some(array), None) => format!("`{name}` {array}"),
            (None, _) => format!("`{name}`"),
        };
        OperandNote { text, slot: *slot, name: name.clone(), array: array.clone(), site: Some(*site) }
    }
}

/// One array that a diagnostic speaks of.
#[derive(Clone, Debug, PartialEq)]
pub struct OperandNote {
    /// What is said of it, complete with name and type; stands on a line of its own.
    pub text: String,
    /// Its place among the operands, counted from 0.
    pub slot: usize,
    /// The name given by the user, or the operation that made it.
    pub name: String,
    /// Its dtype and shape, where it has one.
    pub array: Option<ArrayType>,
    /// Where the user made it.
    pub site: Option<Site>,
}

/// One mistake: what, where, which operand and axis, how much, and what to do.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Diagnostic {
    /// The sort of mistake.
    pub kind: DiagnosticKind,
    /// One sentence that says what happened.
    pub message: String,
    /// The node of the graph it happened at.
    pub node: Option<NodeId>,
    /// The user's call that made that node.
    pub site: Option<Site>,
    /// The call of the graph that asks for what a binding or a run found wrong, whose own call `site` is then.
    pub asked: Option<Site>,
    /// The composed function that the user called, where the node is a part of one.
    pub composition: Option<Composition>,
    /// The arrays involved, the guilty one first.
    pub operands: Vec<OperandNote>,
    /// The guilty axis of the result, counted from its front.
    pub axis: Option<usize>,
    /// How many times larger the result is than its largest operand.
    pub factor: Option<f64>,
    /// What to know and what to do, one sentence each.
    pub help: Vec<String>,
    /// What would fit, each of it planned.
    pub repairs: Vec<Repair>,
}

impl Diagnostic {
    /// Found wrong by a binding or a run that was called at `site`; the call of the graph that asks for it is below.
    #[must_use]
    pub fn found_at(mut self, site: Site) -> Self {
        if let Some(asks) = self.site.replace(site) {
            self.asked = Some(asks);
            self.help.push(format!("asked for at {asks}"));
        }
        self
    }

    /// A diagnostic with a kind and a message; the rest is filled in by the methods below.
    #[must_use]
    pub fn new(kind: DiagnosticKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            node: None,
            site: None,
            asked: None,
            composition: None,
            operands: Vec::new(),
            axis: None,
            factor: None,
            help: Vec::new(),
            repairs: Vec::new(),
        }
    }

    /// Adds the user's call.
    #[must_use]
    pub fn at(mut self, site: Site) -> Self {
        self.site = Some(site);
        self
    }

    /// Adds an array the diagnostic speaks of.
    #[must_use]
    pub fn operand(mut self, note: OperandNote) -> Self {
        self.operands.push(note);
        self
    }

    /// Adds the guilty axis.
    #[must_use]
    pub const fn axis(mut self, axis: usize) -> Self {
        self.axis = Some(axis);
        self
    }

    /// Adds a sentence of help.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: {}", self.kind.name(), self.message)?;
        if let Some(site) = self.site {
            write!(f, "\n  --> {site}")?;
        }
        let width = self.operands.iter().map(|note| note.text.chars().count()).max().unwrap_or(0);
        for note in &self.operands {
            match note.site {
                Some(site) => write!(f, "\n   |  {:width$}  ({site})", note.text)?,
                None => write!(f, "\n   |  {}", note.text)?,
            }
        }
        for help in &self.help {
            write!(f, "\n   = {help}")?;
        }
        for repair in &self.repairs {
            write!(f, "\n   = repair: {}", repair.text)?;
        }
        Ok(())
    }
}

/// Everything that is wrong, together: never empty.
#[derive(Clone, PartialEq)]
pub struct Error {
    diagnostics: Vec<Diagnostic>,
}

impl Error {
    /// The diagnostics, in the order of the user's calls.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The places in the source that it speaks of: first each call that is wrong, with the arrays that it is wrong for.
    #[must_use]
    pub fn locations(&self) -> Vec<Site> {
        let of = |wrong: &Diagnostic| {
            let related: Vec<Site> = wrong.operands.iter().filter_map(|note| note.site).collect();
            wrong.site.into_iter().chain(related).collect::<Vec<Site>>()
        };
        self.diagnostics.iter().flat_map(of).collect()
    }

    /// The arrays that it speaks of, the guilty ones first.
    pub fn related(&self) -> impl Iterator<Item = &OperandNote> {
        self.diagnostics.iter().flat_map(|wrong| &wrong.operands)
    }

    /// What to know and what to do, one sentence each.
    pub fn help(&self) -> impl Iterator<Item = &str> {
        self.diagnostics.iter().flat_map(|wrong| &wrong.help).map(String::as_str)
    }

    /// What would fit instead, each of it planned.
    pub fn repairs(&self) -> impl Iterator<Item = &Repair> {
        self.diagnostics.iter().flat_map(|wrong| &wrong.repairs)
    }

    /// The same error, in which what has no place of its own has this one.
    #[must_use]
    pub fn or_at(mut self, site: Site) -> Self {
        self.diagnostics.iter_mut().for_each(|wrong| _ = wrong.site.get_or_insert(site));
        self
    }

    pub(crate) fn diagnostics_mut(&mut self) -> &mut [Diagnostic] {
        &mut self.diagnostics
    }

    /// The kind of the first diagnostic.
    #[must_use]
    pub fn kind(&self) -> DiagnosticKind {
        self.diagnostics.first().map_or(DiagnosticKind::Compile, |first| first.kind)
    }

    /// `Ok` when there is nothing to report. Of each kind of mistake inside of one call of a composed
    /// function the first is reported: it is the same one again in everything that the function makes.
    ///
    /// # Errors
    /// All the diagnostics, if there are any.
    pub fn check(mut diagnostics: Vec<Diagnostic>) -> Result<(), Self> {
        let mut seen = HashSet::new();
        diagnostics.retain(|wrong| wrong.composition.is_none_or(|within| seen.insert((within, wrong.kind))));
        if diagnostics.is_empty() { Ok(()) } else { Err(Self { diagnostics }) }
    }
}

impl From<Diagnostic> for Error {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { diagnostics: vec![diagnostic] }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, diagnostic) in self.diagnostics.iter().enumerate() {
            if at > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

/// The same text as `Display`: a `main` that returns this error prints it with `Debug`.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl std::error::Error for Error {}

/// Characters of the longest word of a message that is printed whole, and of what is left of one at each end.
const LONGEST_WORD: usize = 500;
const LEFT_OF_A_WORD: usize = 100;

/// A message in which the middle of each very long word, such as a name or a path of a thousand characters, is left out.
#[must_use]
pub fn shortened(text: &str) -> std::borrow::Cow<'_, str> {
    let is_long = |word: &&str| word.len() > LONGEST_WORD && word.chars().nth(LONGEST_WORD).is_some();
    if !text.split(char::is_whitespace).any(|word| is_long(&word)) {
        return text.into();
    }
    let mut short = String::new();
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end_matches(char::is_whitespace);
        if !is_long(&word) {
            short.push_str(piece);
            continue;
        }
        let count = word.chars().count();
        short.extend(word.chars().take(LEFT_OF_A_WORD));
        short.push_str(&format!("...({} characters)...", grouped((count - 2 * LEFT_OF_A_WORD) as u64)));
        short.extend(word.chars().skip(count - LEFT_OF_A_WORD));
        short.push_str(&piece[word.len()..]);
    }
    short.into()
}

/// A count with its digits in groups of three: `50 000 000 000`.
#[must_use]
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// Bytes in decimal units with up to three digits: `400 GB`, `1.5 MB`, `96 B`.
#[must_use]
pub fn human_bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let decimals = if value >= 99.95 {
        0
    } else if value >= 9.995 {
        1
    } else {
        2
    };
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text} {}", UNITS[unit])
}

/// Elements with their bytes, also where the product overflowed.
#[must_use]
pub fn human_size(array: &ArrayType) -> String {
    match (array.shape.elements(), array.shape.bytes(array.dtype)) {
        (Some(elements), Some(bytes)) => {
            format!("{} elements ({})", grouped(elements), human_bytes(bytes))
        }
        (Some(elements), None) => format!("{} elements (over 18 EB)", grouped(elements)),
        (None, _) => "more than 18 446 744 073 709 551 615 elements (the count overflows 64 bits)".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(100_000_000), "100 000 000");
        assert_eq!(grouped(1234), "1 234");
        assert_eq!(human_bytes(400_000_000_000), "400 GB");
        assert_eq!(human_bytes(96), "96 B");
        assert_eq!(human_bytes(8000), "8 kB");
        assert_eq!(human_bytes(1_500_000), "1.5 MB");
        assert_eq!(human_bytes(999_999), "1 MB");
        assert_eq!(human_bytes(u64::MAX), "18.4 EB");
    }
}
