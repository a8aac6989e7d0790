//! What sizes must turn out to be: found while a graph is built, checked when sizes are bound.

use crate::bounds::{Bounds, Interval};
use crate::diagnostic::{Diagnostic, DiagnosticKind, OperandNote, Site};
use crate::dim::Dim;
use crate::quick_hash::QuickMap;
use crate::size::{SizeExpr, Symbol};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

/// The size of every symbol of a binding.
pub type Sizes = BTreeMap<Arc<str>, u64>;

/// A condition on sizes that are not known yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Requirement {
    /// Two sizes are equal.
    Equal(Dim, Dim),
    /// A size is not 0, because a reduction along it has no value over no elements.
    NotEmpty(Dim),
    /// A size is at least so much, because elements are asked for that it must have.
    AtLeast(Dim, u64),
}

/// A requirement, and the call that made it.
#[derive(Clone, Debug, PartialEq)]
pub struct Required {
    /// What must hold.
    pub requirement: Requirement,
    /// The operation that asks for it, by name.
    pub by: String,
    /// The call.
    pub site: Site,
    /// The arrays whose sizes it speaks of.
    pub operands: Vec<OperandNote>,
}

impl Requirement {
    /// Calls `visit` with every symbol it speaks of.
    pub fn symbols(&self, visit: &mut dyn FnMut(&Symbol)) {
        match self {
            Self::Equal(left, right) => {
                left.size().symbols(visit);
                right.size().symbols(visit);
            }
            Self::NotEmpty(dim) | Self::AtLeast(dim, _) => dim.size().symbols(visit),
        }
    }

    /// Is it sure not to hold at these bounds?
    pub(crate) fn contradicts(&self, bounds: &Bounds) -> bool {
        match self {
            Self::Equal(left, right) => {
                let apart = left.size().minus(&right.size());
                let (a, b) = (left.size().bounds_in(bounds), right.size().bounds_in(bounds));
                let no_solution = apart.as_linear().is_some_and(|(_, factor, rest)| rest % factor != 0);
                no_solution || !apart.bounds_in(bounds).contains(0) || a.upper < b.lower || b.upper < a.lower
            }
            Self::NotEmpty(dim) => dim.upper_in(bounds) == 0,
            Self::AtLeast(dim, least) => dim.size().bounds_in(bounds).upper < i128::from(*least),
        }
    }

    /// What is wrong with these sizes, in words; `None` where it holds, or where a symbol has no size.
    #[must_use]
    pub fn violation(&self, sizes: &Sizes) -> Option<String> {
        let value = |dim: &Dim| dim.value(&|symbol: &Symbol| sizes.get(&symbol.name).copied());
        let mut all_known = true;
        self.symbols(&mut |symbol| all_known &= sizes.contains_key(&symbol.name));
        if !all_known {
            return None;
        }
        let none = |dim: &Dim| format!("`{}` is no size", dim.size());
        match self {
            Self::Equal(left, right) => {
                let (a, b) = match (value(left), value(right)) {
                    (Some(a), Some(b)) => (a, b),
                    (None, _) => return Some(none(left)),
                    (_, None) => return Some(none(right)),
                };
                let mut text = format!("`{}` is {a}, but `{}` is {b}", left.size(), right.size());
                if a == 1 || b == 1 {
                    text.push_str(" (a symbolic dim is never stretched: declare an explicit 1)");
                }
                (a != b).then_some(text)
            }
            Self::NotEmpty(dim) | Self::AtLeast(dim, _) if value(dim).is_none() => Some(none(dim)),
            Self::AtLeast(dim, least) => {
                value(dim).filter(|size| size < least).map(|size| format!("`{}` is {size}", dim.size()))
            }
            Self::NotEmpty(dim) => (value(dim) == Some(0))
                .then(|| format!("`{}` is 0, and over no elements there is no value", dim.size())),
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equal(left, right) => write!(f, "{} = {}", left.size(), right.size()),
            Self::NotEmpty(dim) => write!(f, "{} >= 1", dim.size()),
            Self::AtLeast(dim, least) => write!(f, "{} >= {least}", dim.size()),
        }
    }
}

impl Required {
    /// The diagnostic for sizes that break it; `None` where they do not.
    #[must_use]
    pub fn check(&self, sizes: &Sizes) -> Option<Diagnostic> {
        let violation = self.requirement.violation(sizes)?;
        Some(self.diagnostic(format!("`{}` needs {}: {violation}", self.by, self.requirement)))
    }

    pub(crate) fn diagnostic(&self, message: String) -> Diagnostic {
        let mut diagnostic = Diagnostic::new(DiagnosticKind::Dim, message).at(self.site);
        diagnostic.operands.clone_from(&self.operands);
        diagnostic
    }
}

/// What the equalities and the least sizes leave of these bounds; they stay as they are where nothing is left.
pub(crate) fn tightened(required: &[Required], mut bounds: Bounds) -> Bounds {
    let equalities: Vec<[SizeExpr; 2]> = required
        .iter()
        .filter_map(|required| match &required.requirement {
            Requirement::Equal(left, right) => Some([left.size(), right.size()]),
            Requirement::AtLeast(dim, least) => {
                let least = SizeExpr::known(i128::from(*least));
                Some([dim.size(), dim.size().at_least(&least)])
            }
            Requirement::NotEmpty(_) => None,
        })
        .collect();
    equate_symbols(&equalities, &mut bounds);
    let mut speaking: QuickMap<Arc<str>, Vec<usize>> = QuickMap::default();
    for (at, sizes) in equalities.iter().enumerate() {
        for size in sizes {
            size.symbols(&mut |symbol| speaking.entry(symbol.name.clone()).or_default().push(at));
        }
    }
    let mut pending: VecDeque<usize> = (0..equalities.len()).collect();
    let mut is_pending = vec![true; equalities.len()];
    // A bound that changes is carried on by the equalities that speak of its symbol. Where those go in circles, a
    // turn may gain next to nothing: what is left is merely loose.
    let mut turns = 128 * equalities.len();
    while let Some(at) = pending.pop_front()
        && turns > 0
    {
        turns -= 1;
        is_pending[at] = false;
        let [left, right] = &equalities[at];
        for (linear, other) in [(left, right), (right, left)] {
            let Some(changed) = narrow(&mut bounds, linear, other) else { continue };
            for next in speaking.get(&changed).into_iter().flatten() {
                if !std::mem::replace(&mut is_pending[*next], true) {
                    pending.push_back(*next);
                }
            }
        }
    }
    bounds
}

/// Gives symbols that are equal to each other what their bounds have in common, however long the chain of equalities
/// between them.
fn equate_symbols(equalities: &[[SizeExpr; 2]], bounds: &mut Bounds) {
    let mut positions: QuickMap<&Symbol, usize> = QuickMap::default();
    let mut parents: Vec<usize> = Vec::new();
    fn top(parents: &mut [usize], mut at: usize) -> usize {
        while parents[at] != at {
            parents[at] = parents[parents[at]];
            at = parents[at];
        }
        at
    }
    for [left, right] in equalities {
        let (Some(left), Some(right)) = (left.as_symbol(), right.as_symbol()) else { continue };
        let [left, right] = [left, right].map(|symbol| {
            *positions.entry(symbol).or_insert_with(|| {
                parents.push(parents.len());
                parents.len() - 1
            })
        });
        let (left, right) = (top(&mut parents, left), top(&mut parents, right));
        parents[left] = right;
    }
    let mut common: QuickMap<usize, (u64, u64)> = QuickMap::default();
    for (symbol, at) in &positions {
        let (lower, upper) = bounds.of(symbol);
        let (low, high) = common.entry(top(&mut parents, *at)).or_insert((lower, upper));
        (*low, *high) = ((*low).max(lower), (*high).min(upper));
    }
    for (symbol, at) in &positions {
        let (low, high) = common[&top(&mut parents, *at)];
        // An empty range is a contradiction, which is reported where it is found.
        if low <= high && bounds.of(symbol) != (low, high) {
            *bounds = std::mem::take(bounds).with(&symbol.name, low, high);
        }
    }
}

/// What the requirements leave of these bounds; `None` where no size satisfies them.
pub(crate) fn possible(required: &[Required], bounds: Bounds) -> Option<Bounds> {
    let bounds = tightened(required, bounds);
    (!required.iter().any(|required| required.requirement.contradicts(&bounds))).then_some(bounds)
}

/// Narrows the symbol of `factor * symbol + constant` to what it takes to equal `other`: the symbol, if that
/// changed its bounds.
fn narrow(bounds: &mut Bounds, linear: &SizeExpr, other: &SizeExpr) -> Option<Arc<str>> {
    let (symbol, factor, constant) = linear.as_linear()?;
    if factor < 1 {
        return None;
    }
    let Interval { lower, upper } = other.bounds_in(bounds);
    let [low, high] = [lower, upper].map(|end| end.saturating_sub(constant));
    let (low, high) = (low.saturating_neg().div_euclid(factor).saturating_neg(), high.div_euclid(factor));
    let clamp = |value: i128| u64::try_from(value.max(0)).unwrap_or(u64::MAX);
    let (old_low, old_high) = bounds.of(symbol);
    let (low, high) = (old_low.max(clamp(low)), old_high.min(clamp(high)));
    // An empty range is a contradiction, which is reported where it is found.
    let changes = low <= high && (low, high) != (old_low, old_high);
    changes.then(|| {
        *bounds = std::mem::take(bounds).with(&symbol.name, low, high);
        symbol.name.clone()
    })
}
