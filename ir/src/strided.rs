//! Where views lie in the memory of what they show.
//!
//! A graph moves no element until a program runs, but what an expression shows of an array, and whether two
//! expressions show the same elements, is known before.

use crate::dim::Dim;
use crate::graph::{Graph, NodeId, Op};
use crate::view::View;
use std::collections::BTreeMap;

/// Combinations that [`Strided::meets`] looks at before it gives up.
const SEARCHED: u64 = 100_000;

/// An array with known sizes as strides over the elements of a dense array in C order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strided {
    /// The array: what is no view itself, or a reshape that needs memory of its own.
    pub base: NodeId,
    /// The position of the first element.
    pub start: i64,
    /// The size of each axis.
    pub sizes: Vec<u64>,
    /// For each axis, how many elements one step goes over.
    pub strides: Vec<i64>,
}

impl Strided {
    /// `None` where so many elements have no positions.
    fn dense(base: NodeId, sizes: Vec<u64>) -> Option<Self> {
        let elements = sizes.iter().try_fold(1u64, |elements, size| elements.checked_mul((*size).max(1)));
        let has_positions = elements.is_some_and(|elements| i64::try_from(elements).is_ok());
        has_positions.then(|| Self { base, start: 0, strides: c_order(&sizes), sizes })
    }

    /// Are all elements next to each other in C order, so that the last axis is the innermost? Axes of size 1
    /// may have any stride, and so may all axes of an array without elements.
    #[must_use]
    pub fn is_c_contiguous(&self) -> bool {
        is_contiguous(self.sizes.iter().zip(&self.strides).rev())
    }

    /// The same in Fortran order, with the first axis as the innermost.
    #[must_use]
    pub fn is_f_contiguous(&self) -> bool {
        is_contiguous(self.sizes.iter().zip(&self.strides))
    }

    /// The strides of other sizes for the same elements in C order; `None` where that takes a copy.
    fn reshaped(&self, sizes: &[u64]) -> Option<Vec<i64>> {
        if sizes.contains(&0) {
            return Some(c_order(sizes));
        }
        // Axes that follow each other in memory are one, innermost last.
        let mut runs: Vec<(u64, i64)> = Vec::new();
        for (size, stride) in self.sizes.iter().zip(&self.strides).filter(|(size, _)| **size != 1) {
            match runs.last_mut() {
                Some((count, outer)) if *outer == stride.saturating_mul(*size as i64) => {
                    (*count, *outer) = (count.saturating_mul(*size), *stride);
                }
                _ => runs.push((*size, *stride)),
            }
        }
        let mut strides = vec![0; sizes.len()];
        let (mut left, mut stride) = (1, 1);
        for (size, along) in sizes.iter().zip(&mut strides).rev() {
            if left == 1
                && *size != 1
                && let Some(run) = runs.pop()
            {
                (left, stride) = run;
            }
            *along = stride;
            if !left.is_multiple_of(*size) {
                return None;
            }
            left /= size;
            stride = stride.saturating_mul(*size as i64);
        }
        Some(strides)
    }

    /// The view of this array that has these sizes; `None` where it takes a copy.
    fn through(&self, view: &View, source: &[Dim], sizes: Vec<u64>) -> Option<Self> {
        let along = &self.strides;
        let mut start = self.start;
        let mut move_to = |index: i64, axis: usize| {
            start = start.saturating_add(along[axis].saturating_mul(index));
        };
        let strides = match view {
            View::BroadcastTo => {
                let new = sizes.len().saturating_sub(along.len());
                let stretched = |axis: usize| self.sizes[axis] == 1 && sizes[new + axis] != 1;
                let own = (0..along.len()).map(|axis| if stretched(axis) { 0 } else { along[axis] });
                std::iter::repeat_n(0, new).chain(own).collect()
            }
            View::PermuteDims(order) => order.iter().map(|from| along[*from]).collect(),
            View::ExpandDims(new) => {
                let mut kept = along.iter().copied();
                let next = |axis| if new.contains(&axis) { 0 } else { kept.next().unwrap_or(0) };
                (0..sizes.len()).map(next).collect()
            }
            View::Squeeze(dropped) => {
                let kept = along.iter().enumerate().filter(|(axis, _)| !dropped.contains(axis));
                kept.map(|(_, stride)| *stride).collect()
            }
            View::Slice(ranges) => {
                let mut strides = along.clone();
                for (axis, (range, stride)) in ranges.iter().zip(&mut strides).enumerate() {
                    if sizes[axis] > 0 {
                        move_to(i64::try_from(range.start.as_known()?).ok()?, axis);
                    }
                    *stride = stride.saturating_mul(range.step);
                }
                strides
            }
            View::Reshape(_) => self.reshaped(&sizes)?,
            View::Diagonal { axes, start } => {
                for (axis, start) in axes.iter().zip(start) {
                    move_to(i64::try_from(start.as_known()?).ok()?, *axis);
                }
                let rest = (0..source.len()).filter(|axis| !axes.contains(axis)).map(|axis| along[axis]);
                rest.chain([along[axes[0]].saturating_add(along[axes[1]])]).collect()
            }
            View::SlidingWindow { axis } => along.iter().copied().chain([along[*axis]]).collect(),
            View::LabelAxes => along.clone(),
        };
        Some(Self { base: self.base, start, sizes, strides })
    }

    /// Do two arrays have an element in common? `None` where that would take too long to find out.
    #[must_use]
    pub fn meets(&self, other: &Self) -> Option<bool> {
        if self.base != other.base || self.sizes.contains(&0) || other.sizes.contains(&0) {
            return Some(false);
        }
        // The sum of coefficients times indices that is to be reached, all of them from 0 up.
        let mut terms: BTreeMap<u64, u64> = BTreeMap::new();
        let mut target = i128::from(other.start) - i128::from(self.start);
        for (array, sign) in [(self, 1), (other, -1)] {
            for (size, stride) in array.sizes.iter().zip(&array.strides) {
                let (stride, most) = (i128::from(*stride) * sign, size - 1);
                if stride < 0 {
                    target = target.saturating_sub(stride.saturating_mul(i128::from(most)));
                }
                let coefficient = u64::try_from(stride.unsigned_abs()).ok()?;
                if coefficient > 0 && most > 0 {
                    let known = terms.entry(coefficient).or_default();
                    *known = known.checked_add(most)?;
                }
            }
        }
        let terms: Vec<(i128, i128)> = terms
            .into_iter()
            .map(|(coefficient, most)| (i128::from(coefficient), i128::from(most)))
            .collect();
        is_reached(target, &terms, &mut { SEARCHED })
    }
}

/// Is a number the sum of coefficients, each at most so often? They are ascending.
fn is_reached(target: i128, terms: &[(i128, i128)], budget: &mut u64) -> Option<bool> {
    let Some(((coefficient, most), rest)) = terms.split_last() else { return Some(target == 0) };
    let reach = |terms: &[(i128, i128)]| {
        let each = terms.iter().map(|(coefficient, most)| coefficient.saturating_mul(*most));
        each.fold(0, i128::saturating_add)
    };
    let divisor =
        |terms: &[(i128, i128)]| terms.iter().fold(0, |all, (coefficient, _)| gcd(all, *coefficient));
    let all = divisor(terms);
    if target < 0 || target > reach(terms) || target % all != 0 {
        return Some(false);
    }
    let (lowest, highest) =
        ((target - reach(rest)).max(0).div_euclid(*coefficient), (target / coefficient).min(*most));
    // Counts that leave what the others can make are a period apart.
    let (others, mut count, mut step) = (divisor(rest), lowest, 1);
    if others > 0 {
        let period = others / gcd(others, *coefficient);
        let last = highest.min(lowest.saturating_add(period - 1));
        let searched = last.min(lowest.saturating_add(i128::from(*budget)));
        let Some(found) = (lowest..=searched).find(|count| (target - count * coefficient) % others == 0)
        else {
            return (searched == last).then_some(false);
        };
        (count, step) = (found, period);
    }
    while count <= highest {
        *budget = budget.checked_sub(1)?;
        match is_reached(target - count * coefficient, rest, budget) {
            Some(false) => count += step,
            found => return found,
        }
    }
    Some(false)
}

fn gcd(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn c_order(sizes: &[u64]) -> Vec<i64> {
    let mut strides = vec![0; sizes.len()];
    let mut step = 1i64;
    for (stride, size) in strides.iter_mut().zip(sizes).rev() {
        *stride = step;
        step = step.saturating_mul((*size).max(1) as i64);
    }
    strides
}

/// Innermost first: is each stride what all axes inside pass over?
fn is_contiguous<'s>(axes: impl Iterator<Item = (&'s u64, &'s i64)>) -> bool {
    let (mut step, mut is_contiguous) = (1i64, true);
    for (size, stride) in axes {
        match size {
            0 => return true,
            1 => {}
            _ => {
                is_contiguous &= *stride == step;
                step = step.saturating_mul(*size as i64);
            }
        }
    }
    is_contiguous
}

impl Graph {
    /// Where a value lies in the memory of what it is a view of, or in memory of its own; `None` where a size
    /// is not known, or no machine has so many elements.
    #[must_use]
    pub fn strided(&self, node: NodeId) -> Option<Strided> {
        let chain = self.views_below(node)?;
        chain.into_iter().last().map(|(_, strided)| strided)
    }

    /// Does a value show elements of another one, through views that copy nothing? `None` where a size is not
    /// known.
    #[must_use]
    pub fn is_view_of(&self, node: NodeId, other: NodeId) -> Option<bool> {
        let chain = self.views_below(node)?;
        let base = chain.last().map(|(_, strided)| strided.base);
        let mut shown = chain.iter().filter(|(_, strided)| Some(strided.base) == base);
        Some(node != other && shown.any(|(at, _)| *at == other))
    }

    /// A value and all that it is a view of, that first, each with where it lies.
    fn views_below(&self, node: NodeId) -> Option<Vec<(NodeId, Strided)>> {
        let mut chain = vec![node];
        let mut at = node;
        while let (Op::View(_), [source]) = (&self.node(at).op, self.operands(at)) {
            at = *source;
            chain.push(at);
        }
        let mut views: Vec<(NodeId, Strided)> = Vec::new();
        for node in chain.into_iter().rev() {
            let array = self.array(node)?;
            let sizes: Vec<u64> = array.shape.iter().map(Dim::known).collect::<Option<_>>()?;
            let strided = match (&self.node(node).op, views.last()) {
                (Op::View(View::Reshape(_)), Some(_)) => self.reshaped_from(&views, &sizes),
                (Op::View(view), Some((below, source))) => {
                    source.through(view, &self.array(*below)?.shape, sizes.clone())
                }
                _ => None,
            };
            views.push((node, strided.or_else(|| Strided::dense(node, sizes))?));
        }
        Some(views)
    }

    /// A reshape of what stands below: a reshape that joins and splits axes is two, and only together may they
    /// need no copy.
    fn reshaped_from(&self, views: &[(NodeId, Strided)], sizes: &[u64]) -> Option<Strided> {
        let is_reshape = |node: NodeId| matches!(self.node(node).op, Op::View(View::Reshape(_)));
        let below = views.iter().rev().scan(true, |goes_on, (node, strided)| {
            let taken = std::mem::replace(goes_on, *goes_on && is_reshape(*node));
            taken.then_some(strided)
        });
        let mut below = below.filter_map(|source| {
            let strides = source.reshaped(sizes)?;
            Some(Strided { base: source.base, start: source.start, sizes: sizes.to_vec(), strides })
        });
        // What lies deepest is what needs no copy, if anything does.
        let first = below.next();
        below.last().or(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Site;
    use crate::dtype::DType;

    /// Two arrays over the same memory, one of a single element.
    fn meets(strides: &[i64], sizes: &[u64], at: i64) -> Option<bool> {
        let mut graph = Graph::new();
        let shape: [u64; 1] = [1 << 50];
        let input = graph.input("x", DType::U8, shape.into(), Site::caller());
        let base = graph.call_site(input).node;
        let one = Strided { base, start: 0, sizes: sizes.to_vec(), strides: strides.to_vec() };
        let other = Strided { base, start: at, sizes: Vec::new(), strides: Vec::new() };
        assert_eq!(one.meets(&other), other.meets(&one));
        one.meets(&other)
    }

    #[test]
    fn sums_are_decided_exactly() {
        let (strides, sizes) = ([6, -10, 15], [4, 3, 2]);
        let mut sums = std::collections::HashSet::new();
        for (a, b, c) in (0..4).flat_map(|a| (0..3).flat_map(move |b| (0..2).map(move |c| (a, b, c)))) {
            sums.insert(6 * a - 10 * b + 15 * c);
        }
        for at in -30..50 {
            assert_eq!(meets(&strides, &sizes, at), Some(sums.contains(&at)), "{at}");
        }
    }

    /// A subset sum: the answer is left open, not waited for.
    #[test]
    fn hard_questions_are_given_up() {
        let mut state = 1i64;
        let mut stride = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 24 & 0x3f_ffff_ffff) | 1
        };
        let strides: Vec<i64> = (0..48).map(|_| stride()).collect();
        let half: i64 = strides.iter().step_by(2).sum();
        assert_eq!(meets(&strides, &[2; 48], half + 1), None);
        // With few strides it is looked at to its end.
        assert_eq!(meets(&strides[..8], &[2; 8], strides[0] + strides[5]), Some(true));
        assert_eq!(meets(&strides[..8], &[2; 8], strides[0] + strides[5] + 1), Some(false));
    }
}
