//! Reshapes: the same elements in C order, in other axes.
//!
//! An axis that is split is read at the sum of its parts, each times the elements that one step of it
//! passes over. Axes that are joined are digits of one index: a quotient and a remainder for every element,
//! unless each loop moves within one digit. Loops that do not are split in two ([`Obstacle::Split`]), once
//! for the kernel, instead of divided by for every element.

use crate::bounds::Bounds;
use crate::dim::Dim;
use crate::index_map::{AxisMap, IndexMap, Term};
use crate::shape::Shape;
use crate::size::SizeExpr;
use smallvec::{SmallVec, smallvec};

/// Which consecutive axes of the source are which of the view.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Regrouping(SmallVec<[Group; 3]>);

/// Consecutive axes with as many elements on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Group {
    source: usize,
    view: usize,
}

/// Why an index map cannot be given in terms of the loops as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// It can if a loop is split.
    Split {
        /// The loop.
        axis: usize,
        /// The extent of the outer part.
        outer: Dim,
        /// The extent of the inner part.
        inner: Dim,
    },
    /// It can if a loop is cut: the map of each piece is its own.
    Cut {
        /// The loop.
        axis: usize,
        /// The iterations at which pieces begin, but for the first one; ascending.
        at: SmallVec<[SizeExpr; 3]>,
    },
    /// It depends on sizes that are not known whether it can.
    Sizes,
    /// It cannot: the value has to be in memory.
    Memory,
}

impl Regrouping {
    /// The finest groups of consecutive axes with equal sizes, which are all equal if the sizes of both
    /// shapes are.
    #[must_use]
    pub fn new(source: &[Dim], view: &[Dim]) -> Self {
        let (mut groups, mut at) = (SmallVec::new(), Group { source: 0, view: 0 });
        while at.source < source.len() || at.view < view.len() {
            let group = first_group(&source[at.source..], &view[at.view..]);
            at = Group { source: at.source + group.source, view: at.view + group.view };
            groups.push(group);
        }
        Self(groups)
    }

    /// Are axes joined and then split again, or joined to a size that is not seen to be theirs? Then it is two
    /// reshapes, with these sizes between them.
    #[must_use]
    pub fn between(&self, source: &[Dim], view: &[Dim]) -> Option<Vec<Dim>> {
        let (mut source, mut view, mut between, mut is_needed) = (source, view, Vec::new(), false);
        for group in &self.0 {
            let (own, after) = source.split_at(group.source);
            let (other, view_after) = view.split_at(group.view);
            (source, view) = (after, view_after);
            if group.source > 1 && (group.view > 1 || other.iter().any(|dim| dim.size() != product(own))) {
                is_needed = true;
                between.push(product(own).into());
            } else {
                between.extend_from_slice(own);
            }
        }
        is_needed.then_some(between)
    }

    /// The loops that compute the view alone: those over the axes that it joins, in place of the joined one.
    /// With each goes the axis of the view that it is a part of; then the axes of the view in terms of them.
    pub(crate) fn own_loops(&self, source: &[Dim], view: &[Dim]) -> (Vec<Dim>, Vec<usize>, IndexMap) {
        let (mut loops, mut axes, mut map, mut at) = (Vec::new(), Vec::new(), IndexMap::new(), 0);
        for group in &self.0 {
            let own = &source[at..at + group.source];
            at += group.source;
            let first = map.len();
            if group.source > 1 && group.view == 1 {
                let (joined, _) = own.iter().enumerate().rev().fold(
                    (AxisMap::still(), SizeExpr::known(1)),
                    |(joined, step), (part, dim)| {
                        let part = AxisMap::follow(loops.len() + part);
                        // A loop that runs once does not move.
                        let joined = if dim.is_one() { joined } else { joined.plus(&part, &step) };
                        (joined, step.times(&span(dim)))
                    },
                );
                map.push(joined);
                loops.extend_from_slice(own);
                axes.resize(loops.len(), first);
            } else {
                for dim in &view[first..first + group.view] {
                    map.push(if dim.is_one() { AxisMap::still() } else { AxisMap::follow(loops.len()) });
                    axes.push(map.len() - 1);
                    loops.push(dim.clone());
                }
            }
        }
        (loops, axes, map)
    }

    /// The map of the source, where `map` is the view's.
    pub(crate) fn source_map(
        &self,
        map: &[AxisMap],
        source: &Shape,
        view: &Shape,
        loops: &[Dim],
    ) -> Result<IndexMap, Obstacle> {
        if view.iter().any(|dim| dim.known() == Some(0)) {
            return Ok(source.iter().map(|_| AxisMap::still()).collect());
        }
        let (mut result, mut at) = (IndexMap::new(), 0);
        for group in &self.0 {
            let axes = at..at + group.view;
            at = axes.end;
            let flat = axes.rev().fold((AxisMap::still(), SizeExpr::known(1)), |(flat, step), axis| {
                (flat.plus(&map[axis], &step), step.times(&span(&view[axis])))
            });
            let own = &source[result.len()..result.len() + group.source];
            result.extend(digits(&flat.0, own, loops)?);
        }
        Ok(result)
    }
}

/// How far a step along the axis before this one goes. An axis that has one element or none adds nothing,
/// whatever its size is called.
fn span(dim: &Dim) -> SizeExpr {
    if dim.upper() > 1 { dim.size() } else { SizeExpr::known(1) }
}

fn product(dims: &[Dim]) -> SizeExpr {
    dims.iter().fold(SizeExpr::known(1), |product, dim| product.times(&dim.size()))
}

/// The fewest axes of both sides with equal sizes: a single axis of size 1 without a counterpart, or from
/// each side at least one. All that is left where sizes are not seen to be equal earlier.
fn first_group(source: &[Dim], view: &[Dim]) -> Group {
    match (source.first(), view.first()) {
        (Some(_), None) => return Group { source: 1, view: 0 },
        (None, Some(_)) => return Group { source: 0, view: 1 },
        (Some(a), Some(b)) if a.is_one() && !b.is_one() => return Group { source: 1, view: 0 },
        (Some(a), Some(b)) if b.is_one() && !a.is_one() => return Group { source: 0, view: 1 },
        _ => {}
    }
    for count in 1..=source.len() {
        let elements = product(&source[..count]);
        let mut other = SizeExpr::known(1);
        for (axis, dim) in view.iter().enumerate() {
            other = other.times(&dim.size());
            if other == elements {
                return Group { source: count, view: axis + 1 };
            }
        }
    }
    Group { source: source.len(), view: view.len() }
}

/// The map of each axis of `dims`, where `flat` is the index of the element in C order.
fn digits(flat: &AxisMap, dims: &[Dim], loops: &[Dim]) -> Result<IndexMap, Obstacle> {
    let mut digits: IndexMap = dims.iter().map(|_| AxisMap::still()).collect();
    // Axes with at most one element have no digit.
    let axes: SmallVec<[usize; 4]> = (0..dims.len()).filter(|axis| dims[*axis].upper() > 1).collect();
    if let [axis] = axes[..] {
        digits[axis] = flat.clone();
    }
    if axes.len() < 2 {
        return Ok(digits);
    }
    // The elements that one step along each axis passes over.
    let mut steps: SmallVec<[SizeExpr; 4]> = smallvec![SizeExpr::known(1); axes.len()];
    for digit in (1..axes.len()).rev() {
        steps[digit - 1] = steps[digit].times(&span(&dims[axes[digit]]));
    }
    for (axis, start) in axes.iter().zip(first_digits(&flat.start, &steps)?) {
        digits[*axis].start = start;
    }
    for term in flat.terms.iter().filter(|term| loops[term.axis].upper() > 1) {
        let Some((digit, factor)) =
            steps.iter().enumerate().find_map(|(digit, step)| Some((digit, term.step.exact_div(step)?)))
        else {
            return Err(Obstacle::Memory);
        };
        let (axis, extent) = (axes[digit], &loops[term.axis]);
        let own = dims[axis].size();
        // The first digit has no other above it.
        if digit > 0 && !stays_below(&factor, extent, &own, loops) {
            return Err(split(term, &factor, extent, &own, &dims[..axis]));
        }
        let term = Term { axis: term.axis, step: factor };
        let alone = AxisMap { start: SizeExpr::known(0), terms: std::iter::once(term).collect() };
        digits[axis] = digits[axis].plus(&alone, &1.into());
    }
    let in_range = |axis: &usize| is_within(&digits[*axis], loops, &dims[*axis]);
    if axes[1..].iter().all(in_range) { Ok(digits) } else { Err(Obstacle::Memory) }
}

/// The digits of the index at which all loops begin.
fn first_digits(start: &SizeExpr, steps: &[SizeExpr]) -> Result<SmallVec<[SizeExpr; 4]>, Obstacle> {
    if start.as_known() == Some(0) {
        return Ok(smallvec![SizeExpr::known(0); steps.len()]);
    }
    let mut rest = start.as_known().ok_or(Obstacle::Memory)?;
    let digit = |step: &SizeExpr| {
        let step = step.as_known().filter(|step| *step > 0)?;
        let digit = rest.div_euclid(step);
        rest = rest.rem_euclid(step);
        Some(SizeExpr::known(digit))
    };
    steps.iter().map(digit).collect::<Option<_>>().ok_or(Obstacle::Memory)
}

/// Does a loop that steps by `factor` pass over fewer than `own` indices?
fn stays_below(factor: &SizeExpr, extent: &Dim, own: &SizeExpr, loops: &[Dim]) -> bool {
    if factor.as_known() == Some(1) && extent.size() == *own {
        return true;
    }
    if let (Some(factor), Some(own)) = (factor.as_known(), own.as_known()) {
        let last = i128::from(extent.upper()).saturating_sub(1).max(0);
        return factor.saturating_abs().saturating_mul(last) < own;
    }
    // Where they are not known: as many steps as there are, or more, make up the whole.
    let steps = own.exact_div(factor).filter(|_| factor.bounds().lower >= 0);
    steps.is_some_and(|steps| steps.minus(&extent.size()).bounds_in(&not_empty(loops)).lower >= 0)
}

/// The bounds of sizes where all loops run: what multiplies the extent of one is not 0.
fn not_empty(loops: &[Dim]) -> Bounds {
    let mut bounds = Bounds::declared();
    for size in loops.iter().filter(|dim| dim.lower() == 0).map(Dim::size) {
        let mut symbols = Vec::new();
        size.symbols(&mut |symbol| symbols.push(symbol.clone()));
        for symbol in symbols.into_iter().filter(|symbol| symbol.lower == 0 && symbol.upper > 0) {
            if size.exact_div(&SizeExpr::symbol(symbol.clone())).is_some() {
                bounds = bounds.with(&symbol.name, 1, symbol.upper);
            }
        }
    }
    bounds
}

/// How to split a loop that steps by `factor` along a digit of size `own`, to the left of which are `before`.
fn split(term: &Term, factor: &SizeExpr, extent: &Dim, own: &SizeExpr, before: &[Dim]) -> Obstacle {
    let magnitude = match factor.as_known() {
        Some(known) => SizeExpr::known(known.saturating_abs()),
        None => factor.clone(),
    };
    let Some(inner) = own.exact_div(&magnitude) else { return Obstacle::Memory };
    let outer = extent.size().exact_div(&inner).or_else(|| {
        // Not every product is seen to be divisible: try those of the axes above.
        let products = (0..before.len()).map(|first| product(&before[first..]));
        products.into_iter().find(|outer| outer.times(&inner) == extent.size())
    });
    match outer {
        Some(outer) if outer.as_known() != Some(1) && inner.as_known() != Some(1) => {
            Obstacle::Split { axis: term.axis, outer: outer.into(), inner: inner.into() }
        }
        _ => Obstacle::Memory,
    }
}

/// Is every index of a digit on its axis, so that nothing is carried to the next one?
fn is_within(digit: &AxisMap, loops: &[Dim], dim: &Dim) -> bool {
    match (&digit.terms[..], digit.start.as_known()) {
        ([], Some(0)) => return true,
        ([term], Some(0)) if term.step.as_known() == Some(1) && loops[term.axis].same_size(dim) => {
            return true;
        }
        _ => {}
    }
    let (mut low, mut high) = (digit.start.clone(), digit.start.clone());
    for term in &digit.terms {
        let last = loops[term.axis].size().minus(&1.into());
        let (reach, steps) = (term.step.times(&last), term.step.bounds());
        if steps.lower >= 0 {
            high = high.plus(&reach);
        } else if steps.upper <= 0 {
            low = low.plus(&reach);
        } else {
            return false;
        }
    }
    let above = dim.size().minus(&1.into()).minus(&high);
    let bounds = not_empty(loops);
    low.bounds_in(&bounds).lower >= 0 && above.bounds_in(&bounds).lower >= 0
}
