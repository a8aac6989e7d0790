//! Names that users give. They stand in plans, diagnostics, reports and C headers as they are, so that they are one
//! line of text that shows all of itself.

use crate::diagnostic::{Diagnostic, DiagnosticKind, Site};
use crate::graph::{Graph, SiteId};

/// Does it end a line, change what stands around it, or have no form in markup? Control characters, the separators of
/// Unicode, what turns the direction of text or has no width, and what is no character.
pub(crate) fn is_hidden(character: char) -> bool {
    let turns = matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    let is_separator = matches!(character, '\u{2028}' | '\u{2029}');
    let has_no_width = matches!(character, '\u{200b}' | '\u{2060}' | '\u{feff}');
    let is_none = matches!(character, '\u{fdd0}'..='\u{fdef}') || u32::from(character) & 0xfffe == 0xfffe;
    character.is_control() || turns || is_separator || has_no_width || is_none
}

/// What is wrong with a name, in words that follow it; `None` where nothing is.
pub(crate) fn problem(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("is empty".into());
    }
    let hidden = name.chars().find(|character| is_hidden(*character))?;
    Some(format!("has the character {hidden:?}"))
}

/// A name with what it must not have written out.
pub(crate) fn shown(name: &str) -> String {
    let mut shown = String::with_capacity(name.len());
    for character in name.chars() {
        match is_hidden(character) {
            true => shown.extend(character.escape_debug()),
            false => shown.push(character),
        }
    }
    shown
}

/// The diagnostic for a name of `what`; `None` where nothing is wrong with it.
pub(crate) fn improper(what: &str, name: &str) -> Option<Diagnostic> {
    let problem = problem(name)?;
    let subject = if name.is_empty() { what.to_string() } else { format!("{what}, `{}`,", shown(name)) };
    Some(
        Diagnostic::new(DiagnosticKind::Name, format!("the name of {subject} {problem}"))
            .help("a name is one line of text: plans, messages and headers show it as it is"),
    )
}

impl Graph {
    /// The same call under a name, which an output is bound by. A name that is empty or not one line of text is refused.
    pub fn name(&mut self, call: SiteId, name: &str, site: Site) -> SiteId {
        match improper("an expression", name) {
            Some(wrong) => self.refuse(&[call], Some(wrong), site),
            None => self.amend(call, |call| call.label = Some(name.into())),
        }
    }
}
