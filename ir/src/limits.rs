//! The two budgets, and the check that no expression breaks them.

use crate::diagnostic::{Diagnostic, DiagnosticKind, grouped, human_size};
use crate::graph::{Graph, Op, SiteId};
use crate::shape::{ArrayType, Shape};

/// What an expression may cost before anything runs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The most elements that any intermediate may have, whether it is ever stored or not. `None` is
    /// the larger of [`Limits::DEFAULT_ELEMENTS`] and the plan's largest input.
    pub elements: Option<u64>,
    /// The most bytes of workspace that a plan may need.
    pub bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { elements: None, bytes: Self::DEFAULT_BYTES }
    }
}

impl Limits {
    /// The element limit where no input is larger: 100 million.
    pub const DEFAULT_ELEMENTS: u64 = 100_000_000;
    /// The workspace limit: 1 GiB.
    pub const DEFAULT_BYTES: u64 = 1 << 30;

    /// The same limits with this many elements for every intermediate.
    #[must_use]
    pub const fn with_elements(mut self, elements: u64) -> Self {
        self.elements = Some(elements);
        self
    }

    /// The same limits with this many bytes of workspace.
    #[must_use]
    pub const fn with_bytes(mut self, bytes: u64) -> Self {
        self.bytes = bytes;
        self
    }
}

/// Every call reached from `outputs` that makes more elements than allowed, in call order.
///
/// A value may be as large as the limit, as its own excuse, or as the largest operand that was
/// excused or refused already: only the call that inflates is blamed, not those that carry on.
pub(crate) fn check(graph: &Graph, sites: &[SiteId], limits: &Limits) -> Vec<Diagnostic> {
    let largest_input = sites
        .iter()
        .filter(|site| matches!(graph.node(graph.call_site(**site).node).op, Op::Input(_) | Op::Array(_)))
        .filter_map(|site| graph.site_array(*site)?.shape.elements())
        .max()
        .unwrap_or(0);
    let limit = limits.elements.unwrap_or_else(|| Limits::DEFAULT_ELEMENTS.max(largest_input));
    let mut diagnostics = Vec::new();
    for site in sites {
        let call = graph.call_site(*site);
        let op = &graph.node(call.node).op;
        let Some(array) = graph.site_array(*site) else { continue };
        if matches!(op, Op::Input(_) | Op::Array(_)) {
            if !fits_memory(array) {
                diagnostics.push(too_large_for_memory(graph, *site, array));
            }
            continue;
        }
        let carried = call.operands.iter().filter_map(|operand| {
            let from_memory =
                matches!(graph.node(graph.call_site(*operand).node).op, Op::Input(_) | Op::Array(_));
            let array = graph.site_array(*operand)?;
            // An input enlarges nothing; one that no memory holds has been refused already.
            (!from_memory || !fits_memory(array)).then(|| elements(array))
        });
        let carried = carried.max();
        let allowed = limit.max(call.allow_elements.unwrap_or(0)).min(ADDRESSABLE);
        if elements(array) > allowed && carried.is_none_or(|carried| elements(array) > carried) {
            diagnostics.push(over_limit(graph, *site, array, allowed));
        }
    }
    diagnostics
}

/// No array is larger, in bytes, and no loop longer: addresses and indices are signed 64-bit numbers.
const ADDRESSABLE: u64 = i64::MAX as u64;

fn fits_memory(array: &ArrayType) -> bool {
    elements(array) <= ADDRESSABLE / array.dtype.bytes() as u64
}

fn too_large_for_memory(graph: &Graph, site: SiteId, array: &ArrayType) -> Diagnostic {
    let call = graph.call_site(site);
    let name = graph.node(call.node).op.name();
    let message = format!("`{name}` is {array}: {}, more than any memory", human_size(array));
    let mut diagnostic = Diagnostic::new(DiagnosticKind::Limit, message).at(call.site);
    diagnostic.node = Some(call.node);
    diagnostic.help("is a size negative, or are two sizes multiplied into one axis?")
}

/// The count of elements; one that overflows, or an axis beyond any index, is larger than any limit.
fn elements(array: &ArrayType) -> u64 {
    let beyond = array.shape.iter().any(|dim| dim.upper() > ADDRESSABLE);
    array.shape.elements().filter(|_| !beyond).unwrap_or(u64::MAX)
}

fn over_limit(graph: &Graph, site: SiteId, array: &ArrayType, limit: u64) -> Diagnostic {
    let call = graph.call_site(site);
    let name = graph.node(call.node).op.name();
    let message =
        format!("`{name}` makes {array}: {}, over the limit of {}", human_size(array), grouped(limit));
    let mut diagnostic = Diagnostic::new(DiagnosticKind::Limit, message).at(call.site);
    diagnostic.node = Some(call.node);
    let operands: Vec<(usize, SiteId, &ArrayType)> = call
        .operands
        .iter()
        .enumerate()
        .filter_map(|(slot, operand)| Some((slot, *operand, graph.site_array(*operand)?)))
        .collect();
    let largest = operands.iter().max_by_key(|(slot, _, array)| (elements(array), usize::MAX - slot));
    if let Some((largest_slot, largest_site, largest)) = largest {
        // Which operand stretched the largest one, and along which axes?
        let mut named = vec![*largest_slot];
        for axis in 0..array.shape.len() {
            let from_end = array.shape.len() - axis;
            let size = |shape: &Shape| shape.len().checked_sub(from_end).map(|at| shape[at].upper());
            let (before, after) = (size(&largest.shape).unwrap_or(1), array.shape[axis].upper());
            if before == after {
                continue;
            }
            let stretcher = operands.iter().find(|(_, _, other)| size(&other.shape) == Some(after));
            let mut text = format!("axis {axis} grew {before} -> {after}");
            if let Some((slot, by, _)) = stretcher {
                let mut note = graph.note(*by, *slot);
                text.push_str(": stretched by ");
                text.push_str(&note.text);
                note.text = text;
                named.push(*slot);
                diagnostic = diagnostic.operand(note);
            } else {
                let mut note = graph.note(*largest_site, *largest_slot);
                text.push_str(": stretched to the requested shape");
                note.text = text;
                diagnostic = diagnostic.operand(note);
            }
            diagnostic.axis.get_or_insert(axis);
        }
        let mut rest: Vec<_> = operands.iter().filter(|(slot, ..)| !named[1..].contains(slot)).collect();
        rest.sort_by_key(|(slot, ..)| slot != largest_slot);
        for (slot, operand, _) in rest {
            diagnostic = diagnostic.operand(graph.note(*operand, *slot));
        }
        let before = elements(largest).max(1);
        if let Some(after) = array.shape.elements() {
            let factor = after as f64 / before as f64;
            diagnostic.factor = Some(factor);
            let shown = if factor < 10.0 && factor.fract() > 0.0 {
                format!("{factor:.1}")
            } else {
                grouped(factor as u64)
            };
            diagnostic = diagnostic.help(format!("inflation: {shown}x the larger operand"));
        }
    }
    match array.shape.elements().filter(|after| *after <= ADDRESSABLE) {
        Some(after) => {
            let allow = after.to_string();
            let mut digits = String::new();
            for (at, digit) in allow.chars().enumerate() {
                if at > 0 && (allow.len() - at).is_multiple_of(3) {
                    digits.push('_');
                }
                digits.push(digit);
            }
            diagnostic = diagnostic.help(format!(
                "if this is meant, write `.allow_elements({digits})` on this call, or raise the limit with \
                 `Limits::default().with_elements({digits})`"
            ));
        }
        None => diagnostic = diagnostic.help("no limit can allow this: indices are signed 64-bit numbers"),
    }
    if !call.operands.is_empty() {
        diagnostic = diagnostic.help("or reduce, slice or align the operands before they are combined");
    }
    diagnostic
}
