//! The budgets, and the check that no expression breaks them.

use crate::bounds::Bounds;
use crate::diagnostic::{Diagnostic, DiagnosticKind, grouped, human_size};
use crate::graph::{Graph, Op, SiteId};
use crate::quick_hash::QuickSet;
use crate::requirement::{Required, possible};
use crate::shape::{ArrayType, Shape};
use crate::size::Symbol;
use smallvec::SmallVec;

#[cfg(test)]
mod tests;

/// What an expression may cost before anything runs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The most elements that any intermediate may have, whether it is ever stored or not. `None` is
    /// the larger of [`Limits::DEFAULT_ELEMENTS`] and the plan's largest input.
    pub elements: Option<u64>,
    /// The most bytes of workspace that a plan may need.
    pub bytes: u64,
    /// The most element operations that a run may take, as [`Plan::operations`](crate::Plan::operations)
    /// counts them: how long it may take. `None`, the default, is as long as it takes.
    pub operations: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { elements: None, bytes: Self::DEFAULT_BYTES, operations: None }
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

    /// The same limits with this many element operations for the whole of a run.
    #[must_use]
    pub const fn with_operations(mut self, operations: u64) -> Self {
        self.operations = Some(operations);
        self
    }
}

/// What limits are checked on: the sizes that one call makes and takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SizeCheck {
    made: ArrayType,
    /// Is it an input or a constant, which only memory limits?
    source: bool,
    allowed: Option<u64>,
    /// The operands that were excused or refused already if they are too large.
    carried: SmallVec<[Shape; 2]>,
}

/// Everything that limits are checked on, so that they can be checked at other bounds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SizeChecks(Vec<SizeCheck>);

impl SizeCheck {
    fn of(graph: &Graph, site: SiteId) -> Option<Self> {
        let call = graph.call_site(site);
        let from_memory =
            |site: &SiteId| matches!(graph.node(graph.call_site(*site).node).op, Op::Input(_) | Op::Array(_));
        let made = graph.site_array(site)?.clone();
        let source = from_memory(&site);
        // An input enlarges nothing; one that no memory holds has been refused already.
        let carries = |operand: &&SiteId| {
            !from_memory(operand)
                || graph.site_array(**operand).is_some_and(|array| !fits_memory(array, &Bounds::declared()))
        };
        let carried = call.operands.iter().filter(carries);
        let carried = carried.filter_map(|operand| Some(graph.site_array(*operand)?.shape.clone()));
        Some(Self { made, source, allowed: call.allow_elements, carried: carried.collect() })
    }

    /// The most elements that may be made here; `None` where they are within it.
    fn broken(&self, limit: u64, bounds: &Bounds) -> Option<u64> {
        if self.source {
            return (!fits_memory(&self.made, bounds)).then_some(ADDRESSABLE);
        }
        let made = elements(&self.made.shape, bounds);
        let allowed = limit.max(self.allowed.unwrap_or(0)).min(ADDRESSABLE);
        let carried = self.carried.iter().map(|shape| elements(shape, bounds)).max();
        (made > allowed && carried.is_none_or(|carried| made > carried)).then_some(allowed)
    }
}

impl SizeChecks {
    /// The most elements of an intermediate.
    pub(crate) fn limit(&self, limits: &Limits, bounds: &Bounds) -> u64 {
        limits.elements.unwrap_or_else(|| {
            let inputs = self.0.iter().filter(|check| check.source);
            let inputs = inputs.filter_map(|check| check.made.shape.elements_in(bounds));
            inputs.max().unwrap_or(0).max(Limits::DEFAULT_ELEMENTS)
        })
    }

    /// Does every call keep the element limit at these bounds?
    pub fn hold(&self, limits: &Limits, bounds: &Bounds) -> bool {
        let limit = self.limit(limits, bounds);
        self.0.iter().all(|check| check.broken(limit, bounds).is_none())
    }
}

/// Every call that makes more elements than allowed at these bounds, in call order, and what was
/// checked wherever sizes are not known.
///
/// A value may be as large as the limit, as its own excuse, or as the largest operand that was
/// excused or refused already: only the call that inflates is blamed, not those that carry on.
pub(crate) fn check(
    graph: &Graph,
    sites: &[SiteId],
    limits: &Limits,
    required: &[Required],
    bounds: &Bounds,
) -> (SizeChecks, Vec<Diagnostic>) {
    let checked: Vec<(SiteId, SizeCheck)> =
        sites.iter().filter_map(|site| Some((*site, SizeCheck::of(graph, *site)?))).collect();
    let is_open = |check: &SizeCheck| {
        check.source
            || !check.made.shape.is_known()
            || elements(&check.made.shape, bounds) > Limits::DEFAULT_ELEMENTS
    };
    let mut seen = QuickSet::default();
    let open = checked.iter().map(|(_, check)| check).filter(|check| is_open(check));
    let checks = SizeChecks(open.filter(|check| seen.insert(*check)).cloned().collect());
    let limit = checks.limit(limits, bounds);
    let mut diagnostics = Vec::new();
    for (site, check) in &checked {
        let Some(allowed) = check.broken(limit, bounds) else { continue };
        diagnostics.push(if check.source {
            too_large_for_memory(graph, *site, &check.made)
        } else {
            let passes = |bounds: &Bounds| check.broken(checks.limit(limits, bounds), bounds).is_none();
            over_limit(graph, *site, &check.made, allowed, &safe_sizes(graph, &check.made, required, &passes))
        });
    }
    (checks, diagnostics)
}

/// For each symbol of a shape that is refused: up to which size it would pass, the others as declared.
pub(crate) fn safe_sizes(
    graph: &Graph,
    array: &ArrayType,
    required: &[Required],
    passes: &dyn Fn(&Bounds) -> bool,
) -> Vec<String> {
    let mut symbols: Vec<Symbol> = Vec::new();
    for dim in array.shape.iter() {
        dim.size().symbols(&mut |symbol| {
            if !symbols.contains(symbol) {
                symbols.push(symbol.clone());
            }
        });
    }
    safe_symbols(graph, symbols.into_iter(), required, passes)
}

/// For each of these symbols: up to which size what is refused would pass, the others as declared.
pub(crate) fn safe_symbols(
    graph: &Graph,
    symbols: impl Iterator<Item = Symbol>,
    required: &[Required],
    passes: &dyn Fn(&Bounds) -> bool,
) -> Vec<String> {
    let sentence = |symbol: &Symbol| {
        let Symbol { name, lower, upper } = symbol;
        let passes = |size: u64| {
            possible(required, Bounds::declared().with(name, *lower, size))
                .is_some_and(|bounds| passes(&bounds))
        };
        let place = graph.declaration(&symbol.name).map_or(String::new(), |(_, site)| format!(" ({site})"));
        match largest_passing(*lower, *upper, &passes) {
            Some(safe) => format!(
                "safe for {} <= {}, declared up to {}{place}",
                symbol.name,
                grouped(safe),
                grouped(symbol.upper)
            ),
            None => format!(
                "safe for no {}, declared from {} to {}{place}",
                symbol.name,
                grouped(symbol.lower),
                grouped(symbol.upper)
            ),
        }
    };
    symbols.map(|symbol| sentence(&symbol)).collect()
}

/// The size from `lower` up, below one that does not pass, that passes and whose successor does not:
/// where sizes pass up to a point it is that point. `None` where not even the first one passes.
pub(crate) fn largest_passing(lower: u64, fails: u64, passes: &dyn Fn(u64) -> bool) -> Option<u64> {
    if !passes(lower) {
        return None;
    }
    let (mut low, mut high) = (lower, fails);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if passes(middle) { low = middle } else { high = middle }
    }
    Some(low)
}

/// No array is larger, in bytes, and no loop longer: addresses and indices are signed 64-bit numbers.
const ADDRESSABLE: u64 = i64::MAX as u64;

fn fits_memory(array: &ArrayType, bounds: &Bounds) -> bool {
    elements(&array.shape, bounds) <= ADDRESSABLE / array.dtype.bytes() as u64
}

fn too_large_for_memory(graph: &Graph, site: SiteId, array: &ArrayType) -> Diagnostic {
    let call = graph.call_site(site);
    let name = graph.called_at(site);
    let message = format!("`{name}` is {array}: {}, more than any memory", human_size(array));
    let mut diagnostic = Diagnostic::new(DiagnosticKind::Limit, message).at(call.site);
    (diagnostic.node, diagnostic.composition) = (Some(call.node), call.composition);
    diagnostic.help(NO_SIZE)
}

/// A size that is negative has become one beyond any index.
const NO_SIZE: &str = "is a size negative, or are two sizes multiplied into one axis?";

/// The count of elements; one that overflows, or an axis beyond any index, is larger than any limit.
fn elements(shape: &Shape, bounds: &Bounds) -> u64 {
    let beyond = shape.iter().any(|dim| dim.upper_in(bounds) > ADDRESSABLE);
    shape.elements_in(bounds).filter(|_| !beyond).unwrap_or(u64::MAX)
}

fn over_limit(graph: &Graph, site: SiteId, array: &ArrayType, limit: u64, safe: &[String]) -> Diagnostic {
    let call = graph.call_site(site);
    let name = graph.called_at(site);
    let up_to = if safe.is_empty() { "" } else { "up to " };
    let beyond = array.shape.iter().position(|dim| dim.upper() > ADDRESSABLE);
    // Beside an axis of size 0 the array has no element, and the axis is too long all the same.
    let message = match beyond.filter(|_| array.shape.elements() == Some(0)) {
        Some(axis) => format!("`{name}` makes {array}: axis {axis} is longer than indices go"),
        None => {
            let size = human_size(array);
            format!("`{name}` makes {array}: {up_to}{size}, over the limit of {}", grouped(limit))
        }
    };
    let mut diagnostic = Diagnostic::new(DiagnosticKind::Limit, message).at(call.site);
    (diagnostic.node, diagnostic.composition) = (Some(call.node), call.composition);
    diagnostic = graph.blame(site, diagnostic);
    for sentence in safe {
        diagnostic = diagnostic.help(sentence.clone());
    }
    diagnostic = match array.shape.elements().filter(|after| beyond.is_none() && *after <= ADDRESSABLE) {
        Some(after) => {
            let digits = grouped(after).replace(' ', "_");
            diagnostic.help(format!(
                "if this is meant, write `.allow_elements({digits})` on this call, or raise the limit with \
                 `Limits::default().with_elements({digits})`"
            ))
        }
        None => diagnostic.help("no limit can allow this: indices are signed 64-bit numbers"),
    };
    if beyond.is_some() {
        diagnostic = diagnostic.help(NO_SIZE);
    }
    let grew = diagnostic.factor.is_none_or(|factor| factor > 1.0);
    if grew && graph.may_stretch(site) && call.operands.len() > 1 {
        diagnostic = diagnostic.help("or reduce, slice or align the operands before they are combined");
    }
    diagnostic
}
