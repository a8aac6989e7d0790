//! Between which numbers sizes are: interval arithmetic, and the bounds of symbols.

use crate::quick_hash::QuickMap;
use crate::size::Symbol;
use std::sync::Arc;

/// All integers from one to another; arithmetic on intervals saturates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Interval {
    /// The smallest.
    pub lower: i128,
    /// The largest.
    pub upper: i128,
}

impl Interval {
    pub(crate) const fn of(value: i128) -> Self {
        Self { lower: value, upper: value }
    }

    pub(crate) const fn plus(self, other: Self) -> Self {
        Self { lower: self.lower.saturating_add(other.lower), upper: self.upper.saturating_add(other.upper) }
    }

    pub(crate) fn times(self, other: Self) -> Self {
        let ends = [
            self.lower.saturating_mul(other.lower),
            self.lower.saturating_mul(other.upper),
            self.upper.saturating_mul(other.lower),
            self.upper.saturating_mul(other.upper),
        ];
        ends[1..].iter().fold(Self::of(ends[0]), |all, end| Self {
            lower: all.lower.min(*end),
            upper: all.upper.max(*end),
        })
    }

    /// Is the integer in it?
    #[must_use]
    pub const fn contains(self, value: i128) -> bool {
        self.lower <= value && value <= self.upper
    }
}

/// Bounds of symbols, where they differ from the declared ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bounds(QuickMap<Arc<str>, (u64, u64)>);

impl Bounds {
    /// Every symbol as it was declared.
    #[must_use]
    pub fn declared() -> Self {
        Self::default()
    }

    /// The same bounds, but for this symbol.
    #[must_use]
    pub fn with(mut self, name: &str, lower: u64, upper: u64) -> Self {
        self.0.insert(name.into(), (lower, upper));
        self
    }

    /// The smallest and largest size of a symbol.
    #[must_use]
    pub fn of(&self, symbol: &Symbol) -> (u64, u64) {
        self.0.get(&symbol.name).copied().unwrap_or((symbol.lower, symbol.upper))
    }

    /// Is every symbol as it was declared?
    pub(crate) fn are_declared(&self) -> bool {
        self.0.is_empty()
    }
}
