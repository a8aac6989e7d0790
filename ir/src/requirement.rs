//! What sizes must turn out to be: found while a graph is built, checked when sizes are bound.

use crate::bounds::{Bounds, Interval};
use crate::diagnostic::{Diagnostic, DiagnosticKind, OperandNote, Site};
use crate::dim::Dim;
use crate::size::{SizeExpr, Symbol};
use std::collections::BTreeMap;
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
            Self::NotEmpty(dim) => dim.size().symbols(visit),
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
            Self::NotEmpty(dim) if value(dim).is_none() => Some(none(dim)),
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

/// What the equalities leave of these bounds; they stay as they are where nothing is left.
pub(crate) fn tightened(required: &[Required], mut bounds: Bounds) -> Bounds {
    // Each round carries bounds over one more equality, or halves what a size and its quotient leave
    // open. Where equalities go in circles a round may gain next to nothing: what is left is merely loose.
    for _ in 0..128 {
        let before = bounds.clone();
        for required in required {
            if let Requirement::Equal(left, right) = &required.requirement {
                narrow(&mut bounds, &left.size(), &right.size());
                narrow(&mut bounds, &right.size(), &left.size());
            }
        }
        if bounds == before {
            break;
        }
    }
    bounds
}

/// What the requirements leave of these bounds; `None` where no size satisfies them.
pub(crate) fn possible(required: &[Required], bounds: Bounds) -> Option<Bounds> {
    let bounds = tightened(required, bounds);
    (!required.iter().any(|required| required.requirement.contradicts(&bounds))).then_some(bounds)
}

/// Narrows the symbol of `factor * symbol + constant` to what it takes to equal `other`.
fn narrow(bounds: &mut Bounds, linear: &SizeExpr, other: &SizeExpr) {
    let Some((symbol, factor, constant)) = linear.as_linear() else { return };
    if factor < 1 {
        return;
    }
    let Interval { lower, upper } = other.bounds_in(bounds);
    let [low, high] = [lower, upper].map(|end| end.saturating_sub(constant));
    let (low, high) = (low.saturating_neg().div_euclid(factor).saturating_neg(), high.div_euclid(factor));
    let clamp = |value: i128| u64::try_from(value.max(0)).unwrap_or(u64::MAX);
    let (old_low, old_high) = bounds.of(symbol);
    let (low, high) = (old_low.max(clamp(low)), old_high.min(clamp(high)));
    // An empty range is a contradiction, which is reported where it is found.
    if low <= high && (low, high) != (old_low, old_high) {
        *bounds = std::mem::take(bounds).with(&symbol.name, low, high);
    }
}
