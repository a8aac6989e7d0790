//! Index maps: where the axes of an array are read, in terms of loops.

use crate::dim::Dim;
use crate::shape::Shape;
use crate::size::SizeExpr;
use smallvec::{SmallVec, smallvec};
use std::fmt;

/// How far one iteration of a loop moves along an axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Term {
    /// The loop, or the axis of a view, that is iterated over.
    pub axis: usize,
    /// The distance; may be negative.
    pub step: SizeExpr,
}

/// Where one axis of an array is read: at `start` plus, for each term, `step * index(axis)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AxisMap {
    /// The index at the beginning of all loops.
    pub start: SizeExpr,
    /// By ascending axis, none with a step of 0.
    pub terms: SmallVec<[Term; 1]>,
}

/// Where every axis of an array is read, outermost first.
pub type IndexMap = SmallVec<[AxisMap; 2]>;

impl AxisMap {
    /// Stays at index 0: a stretched axis.
    #[must_use]
    pub fn still() -> Self {
        Self::at(SizeExpr::known(0))
    }

    /// Stays at an index.
    #[must_use]
    pub fn at(start: SizeExpr) -> Self {
        Self { start, terms: SmallVec::new() }
    }

    /// Follows an axis from index 0.
    #[must_use]
    pub fn follow(axis: usize) -> Self {
        Self { start: SizeExpr::known(0), terms: smallvec![Term { axis, step: SizeExpr::known(1) }] }
    }

    /// Does it stay at index 0?
    #[must_use]
    pub fn is_still(&self) -> bool {
        self.terms.is_empty() && self.start.as_known() == Some(0)
    }

    /// Which axis it follows from index 0, one by one, if it does.
    #[must_use]
    pub fn followed(&self) -> Option<usize> {
        match &self.terms[..] {
            [term] if term.step.as_known() == Some(1) && self.start.as_known() == Some(0) => Some(term.axis),
            _ => None,
        }
    }

    /// Moved by another map times a factor.
    #[must_use]
    pub fn plus(&self, other: &Self, factor: &SizeExpr) -> Self {
        if self.is_still() && factor.as_known() == Some(1) {
            return other.clone();
        }
        let mut sum = Self { start: self.start.plus(&other.start.times(factor)), terms: self.terms.clone() };
        for term in &other.terms {
            let step = term.step.times(factor);
            match sum.terms.iter().position(|known| known.axis >= term.axis) {
                Some(at) if sum.terms[at].axis == term.axis => {
                    sum.terms[at].step = sum.terms[at].step.plus(&step);
                }
                at => {
                    sum.terms.insert(at.unwrap_or(sum.terms.len()), Term { axis: term.axis, step });
                }
            }
        }
        sum.terms.retain(|term| term.step.as_known() != Some(0));
        sum
    }

    /// The map in terms of what `outer` is in, where this one is in terms of the axes of `outer`.
    #[must_use]
    pub fn through(&self, outer: &[Self]) -> Self {
        if let Some(map) = self.followed().and_then(|axis| outer.get(axis)) {
            return map.clone();
        }
        if let [term] = &self.terms[..]
            && term.step.as_known() == Some(1)
            && let Some(map) = outer.get(term.axis)
        {
            return Self { start: self.start.plus(&map.start), terms: map.terms.clone() };
        }
        self.terms.iter().fold(Self::at(self.start.clone()), |sum, term| match outer.get(term.axis) {
            Some(map) => sum.plus(map, &term.step),
            None => sum,
        })
    }
}

/// As in `3 + 2*i1`.
impl fmt::Display for AxisMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = self.start.as_known() == Some(0) && !self.terms.is_empty();
        if !first {
            write!(f, "{}", self.start)?;
        }
        for Term { axis, step } in &self.terms {
            let (sign, size) = match step.as_known() {
                Some(step) if step < 0 => ("-", SizeExpr::known(step.saturating_neg())),
                _ => ("+", step.clone()),
            };
            match (first, sign) {
                (true, "-") => f.write_str("-")?,
                (true, _) => {}
                (false, _) => write!(f, " {sign} ")?,
            }
            match size.as_known() {
                Some(1) => write!(f, "i{axis}")?,
                Some(size) => write!(f, "{size}*i{axis}")?,
                None => write!(f, "({size})*i{axis}")?,
            }
            first = false;
        }
        Ok(())
    }
}

/// The map of an operand that broadcasts into a result: `map` is the result's.
#[must_use]
pub fn broadcast_map(map: &[AxisMap], operand: &Shape, result: &Shape) -> IndexMap {
    let new_axes = result.len() - operand.len();
    operand
        .iter()
        .zip(result[new_axes..].iter().zip(&map[new_axes..]))
        .map(
            |(source, (target, at))| {
                if source.is_one() && !target.is_one() { AxisMap::still() } else { at.clone() }
            },
        )
        .collect()
}

/// The map that reads an array of this shape in its own loops. Axes of size 1 have no loop.
#[must_use]
pub fn identity_map(shape: &[Dim]) -> IndexMap {
    shape
        .iter()
        .enumerate()
        .map(|(axis, dim)| if dim.is_one() { AxisMap::still() } else { AxisMap::follow(axis) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_add_up_and_cancel() {
        let map =
            AxisMap::follow(2).plus(&AxisMap::follow(0), &3.into()).plus(&AxisMap::at(5.into()), &1.into());
        assert_eq!(map.to_string(), "5 + 3*i0 + i2");
        assert_eq!(map.plus(&AxisMap::follow(2), &(-1).into()).to_string(), "5 + 3*i0");
        assert_eq!(AxisMap::still().plus(&AxisMap::follow(1), &(-2).into()).to_string(), "-2*i1");
        assert_eq!(AxisMap::still().to_string(), "0");
        let outer = [AxisMap::at(7.into()), AxisMap::still(), AxisMap::follow(1)];
        assert_eq!(map.through(&outer).to_string(), "26 + i1");
    }
}
