//! Names that users give. They stand in plans, diagnostics, reports and C headers as they are, so that they are one
//! line of text that shows all of itself.

use crate::diagnostic::{Diagnostic, DiagnosticKind, Site};
use crate::graph::{Graph, SiteId};

/// Does it end a line, or change what stands around it? Control characters, the separators of Unicode, and what
/// turns the direction of text.
fn is_hidden(character: char) -> bool {
    let turns = matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    character.is_control() || turns || matches!(character, '\u{2028}' | '\u{2029}')
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
    name.chars().map(|c| if is_hidden(c) { c.escape_debug().to_string() } else { c.to_string() }).collect()
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
