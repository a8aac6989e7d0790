//! What is wrong with an expression in text: diagnostics that underline their piece of it.

use super::tree::Span;
use fusewire_ir::diagnostic::shortened;
use fusewire_ir::{Diagnostic, DiagnosticKind, Site};
use std::fmt;
use std::sync::Arc;

/// Diagnostics beyond these are counted, not printed.
const MOST_SHOWN: usize = 20;

/// Characters of a line that are shown around the piece.
const WIDTH: usize = 96;

/// Something that the front end refuses, before it is known in which text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    pub diagnostic: Box<Diagnostic>,
    pub span: Option<Span>,
    /// Which operand or index it is about, where the piece is not known yet.
    pub part: Option<usize>,
}

impl Refusal {
    pub fn new(kind: DiagnosticKind, message: impl Into<String>) -> Self {
        Self { diagnostic: Diagnostic::new(kind, message).into(), span: None, part: None }
    }

    /// Not well formed.
    pub fn syntax(message: impl Into<String>, span: Span) -> Self {
        Self::new(DiagnosticKind::Syntax, message).at(span)
    }

    /// Well formed Python, but not of the language.
    pub fn language(message: impl Into<String>) -> Self {
        Self::new(DiagnosticKind::Language, message)
    }

    /// An argument that a function does not take.
    pub fn argument(message: impl Into<String>) -> Self {
        Self::new(DiagnosticKind::Argument, message)
    }

    /// At this piece, unless it is known already.
    pub fn at(mut self, span: Span) -> Self {
        self.span.get_or_insert(span);
        self
    }

    /// About this operand or index.
    pub fn of_part(mut self, part: usize) -> Self {
        self.part.get_or_insert(part);
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.diagnostic.help.push(help.into());
        self
    }
}

/// A diagnostic and the piece of the text that it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Located {
    /// What is wrong.
    pub diagnostic: Diagnostic,
    /// The piece, in bytes of the text; `None` where it is about all of it.
    pub span: Option<std::ops::Range<usize>>,
    /// Where in the piece it happens, such as the operator between two operands.
    pub anchor: Option<usize>,
}

/// Everything that is wrong with an expression in text, together: never empty. It prints each piece with a line
/// under it.
#[derive(Clone, PartialEq)]
pub struct Error {
    pub(super) name: &'static str,
    pub(super) text: Arc<str>,
    pub(super) located: Vec<Located>,
}

impl Error {
    /// The diagnostics with their pieces, in the order in which they were found.
    #[must_use]
    pub fn located(&self) -> &[Located] {
        &self.located
    }

    /// The text that they are about.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The kind of the first diagnostic.
    #[must_use]
    pub fn kind(&self) -> DiagnosticKind {
        self.located.first().map_or(DiagnosticKind::Syntax, |first| first.diagnostic.kind)
    }
}

/// The place of a byte of the text: line and column, counted from 1, columns in characters.
pub(super) fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let begin = before.rfind('\n').map_or(0, |newline| newline + 1);
    (line, before[begin..].chars().count() + 1)
}

/// What a terminal would act on is shown as it is written in Rust.
fn shown(character: char) -> String {
    match character {
        '\t' => " ".into(),
        _ if character.is_control() || is_invisible(character) => character.escape_debug().to_string(),
        _ => character.into(),
    }
}

/// Characters that change the direction of text or have no width.
const fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Bytes of the longest name that is compared with others.
const LONGEST_COMPARED: usize = 40;

/// The name that is most like this one, if it is like any.
pub(super) fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    // Short names are like any other, and long ones, which would take long to compare, like none.
    if name.chars().nth(2).is_none() || name.len() > LONGEST_COMPARED {
        return None;
    }
    let near = names.into_iter().map(|known| (strsim::osa_distance(name, known), known)).min();
    near.filter(|(distance, _)| *distance <= 1 + name.chars().count() / 5).map(|(_, known)| known)
}

/// The text on one line, without anything a terminal would act on and without the middle of very long words.
pub(crate) fn printable(text: &str) -> String {
    shortened(text).chars().map(shown).collect()
}

/// The line that holds the piece, cut to what matters, and a line with marks under the piece.
fn excerpt(text: &str, span: &std::ops::Range<usize>, anchor: Option<usize>) -> (usize, String, String) {
    let mark_at = anchor.filter(|at| span.contains(at)).unwrap_or(span.start);
    let line_start = text[..mark_at].rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = text[mark_at..].find('\n').map_or(text.len(), |newline| mark_at + newline);
    let line = &text[line_start..line_end];
    // Whole characters of the line around the mark, as many as fit.
    let offset = mark_at - line_start;
    let before: usize = line[..offset].chars().rev().take(WIDTH / 2).map(char::len_utf8).sum();
    let from = offset - before;
    let to = from + line[from..].chars().take(WIDTH).map(char::len_utf8).sum::<usize>();
    let (mut code, mut marks) = (String::new(), String::new());
    if from > 0 {
        code.push_str("... ");
        marks.push_str("    ");
    }
    for (at, character) in line[from..to].char_indices() {
        let at = line_start + from + at;
        let shown = shown(character);
        let mark = match () {
            () if at == mark_at => '^',
            () if span.contains(&at) => '~',
            () => ' ',
        };
        marks.extend(std::iter::repeat_n(mark, shown.chars().count()));
        code.push_str(&shown);
    }
    if mark_at >= line_start + to {
        marks.push('^');
    }
    if line_start + to < line_end {
        code.push_str(" ...");
    }
    // Where the piece has no operator in the middle, all of it is marked alike.
    let marks = if anchor == Some(span.start) || anchor.is_none() { marks.replace('~', "^") } else { marks };
    (position(text, mark_at).0, code, marks.trim_end().to_owned())
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, located) in self.located.iter().take(MOST_SHOWN).enumerate() {
            if at > 0 {
                f.write_str("\n\n")?;
            }
            self.write(f, located)?;
        }
        if self.located.len() > MOST_SHOWN {
            write!(f, "\n\nand {} more", self.located.len() - MOST_SHOWN)?;
        }
        Ok(())
    }
}

impl Error {
    fn write(&self, f: &mut fmt::Formatter<'_>, located: &Located) -> fmt::Result {
        let diagnostic = &located.diagnostic;
        write!(f, "error[{}]: {}", diagnostic.kind.name(), printable(&diagnostic.message))?;
        if let Some(span) = &located.span {
            let (line, code, marks) = excerpt(&self.text, span, located.anchor);
            let column = position(&self.text, located.anchor.unwrap_or(span.start)).1;
            let gutter = line.to_string().len();
            write!(f, "\n{:gutter$}--> {}:{line}:{column}", "", self.name)?;
            write!(f, "\n{:gutter$} |\n{line} | {code}\n{:gutter$} | {marks}", "", "")?;
            self.write_notes(f, diagnostic, gutter)
        } else {
            if let Some(site) = diagnostic.site.filter(|site| self.knows(*site)) {
                write!(f, "\n  --> {site}")?;
            }
            self.write_notes(f, diagnostic, 2)
        }
    }

    /// Is a place one of the text, and not one of this library?
    fn knows(&self, site: Site) -> bool {
        site.file == self.name
    }

    fn write_notes(&self, f: &mut fmt::Formatter<'_>, diagnostic: &Diagnostic, gutter: usize) -> fmt::Result {
        let texts: Vec<String> = diagnostic.operands.iter().map(|note| printable(&note.text)).collect();
        let width = texts.iter().map(|text| text.chars().count()).max().unwrap_or(0);
        for (note, text) in diagnostic.operands.iter().zip(texts) {
            match note.site.filter(|site| self.knows(*site)) {
                Some(site) => write!(f, "\n{:gutter$} |  {text:width$}  ({site})", "")?,
                None => write!(f, "\n{:gutter$} |  {text}", "")?,
            }
        }
        for help in &diagnostic.help {
            write!(f, "\n{:gutter$} = {}", "", printable(help))?;
        }
        for repair in &diagnostic.repairs {
            write!(f, "\n{:gutter$} = repair: {}", "", printable(&repair.numpy))?;
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
