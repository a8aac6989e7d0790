//! How many elements of an array accesses touch: never less than they do, and exactly so many for slices, windows, strides, reversed and broadcast
//! views, and for what several of those have in common.
//!
//! Along each axis, an access touches a progression of indices: loops whose steps leave no gaps are one. Accesses with the same
//! steps and starts at known distances are boxes on one grid, whose union is counted. What cannot be compared is added up.

use crate::index_map::{AxisMap, IndexMap};
use crate::quick_hash::{QuickMap, QuickSet};
use crate::size::SizeExpr;
use smallvec::SmallVec;
use std::collections::BTreeSet;

/// Steps of counting the union of boxes. Beyond that, the smallest box around all of them is counted, or their sum.
const MOST_STEPS: usize = 1 << 16;

/// What has been touched of one array.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    /// By everything but how far apart they begin.
    grids: QuickMap<Grids, Boxes>,
    /// Does an access begin at what is no size?
    is_unknown: bool,
}

/// How indices of an access along an axis lie, but for where the first one is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Grid {
    /// The start without its number.
    origin: SizeExpr,
    /// The distance between neighbours, and what is left of the start's number.
    step: i128,
    rest: i128,
    /// Loops whose steps leave gaps, or are not known: steps and extents.
    apart: SmallVec<[(SizeExpr, u64); 1]>,
}

/// Some consecutive points of a grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Span {
    first: i128,
    end: i128,
}

impl Span {
    fn count(self) -> u64 {
        u64::try_from(self.end.saturating_sub(self.first).max(0)).unwrap_or(u64::MAX)
    }
}

type Spans = SmallVec<[Span; 3]>;
type Grids = SmallVec<[Grid; 3]>;

/// Accesses on one grid.
#[derive(Debug, Default)]
struct Boxes {
    known: QuickSet<Spans>,
    /// Elements of all of them together.
    sum: u64,
}

/// Elements that an access touches, whose loops run so often.
pub(crate) fn elements(map: &IndexMap, extents: &dyn Fn(usize) -> u64) -> u64 {
    let mut touched = Touched::default();
    touched.add(map, extents);
    touched.elements()
}

impl Touched {
    /// Adds what an access touches whose loops run so often.
    pub fn add(&mut self, map: &IndexMap, extents: &dyn Fn(usize) -> u64) {
        self.is_unknown |= map.iter().any(|axis| axis.start.problem().is_some());
        let (mut grids, mut spans) = (Grids::new(), Spans::new());
        for axis in map {
            let (grid, span) = along(axis, extents);
            grids.push(grid);
            spans.push(span);
        }
        let along_axes = product(grids.iter().zip(&spans).map(|(grid, span)| grid.times(span.count())));
        // A loop that moves along several axes does not meet every combination of their indices.
        let mut loops: SmallVec<[usize; 4]> =
            map.iter().flat_map(|axis| &axis.terms).map(|term| term.axis).collect();
        loops.sort_unstable();
        loops.dedup();
        let own = product(loops.into_iter().map(extents)).min(along_axes);
        let boxes = self.grids.entry(grids).or_default();
        if own > 0 && boxes.known.insert(spans) {
            boxes.sum = boxes.sum.saturating_add(own);
        }
    }

    /// The elements of all accesses together.
    pub fn elements(&self) -> u64 {
        if self.is_unknown {
            return u64::MAX;
        }
        let of_grid = |(grids, boxes): (&Grids, &Boxes)| {
            let apart = product(grids.iter().map(|grid| grid.times(1)));
            boxes.union().saturating_mul(apart).min(boxes.sum)
        };
        self.grids.iter().map(of_grid).fold(0, u64::saturating_add)
    }
}

fn product(factors: impl Iterator<Item = u64>) -> u64 {
    let mut factors: SmallVec<[u64; 4]> = factors.collect();
    // None are none, however many others there are.
    factors.sort_unstable();
    factors.into_iter().fold(1, u64::saturating_mul)
}

impl Grid {
    /// So many for each iteration of loops that are apart.
    fn times(&self, count: u64) -> u64 {
        self.apart.iter().fold(count, |count, (_, extent)| count.saturating_mul(*extent))
    }
}

/// The indices of an axis: loops by ascending steps, as long as they leave no gaps.
fn along(map: &AxisMap, extents: &dyn Fn(usize) -> u64) -> (Grid, Span) {
    // Of loops, the steps' sizes where they are known.
    let mut steps: SmallVec<[(i128, u64); 2]> = SmallVec::new();
    let mut apart: SmallVec<[(SizeExpr, u64); 1]> = SmallVec::new();
    let (origin, mut number) = map.start.apart();
    let mut is_empty = false;
    for term in &map.terms {
        let extent = extents(term.axis);
        is_empty |= extent == 0;
        let last = i128::from(extent) - 1;
        match term.step.as_known() {
            _ if extent <= 1 => {}
            Some(step) if step.checked_mul(last).is_some() => {
                if step < 0 {
                    number = number.saturating_add(step * last);
                }
                steps.push((step.abs(), extent));
            }
            _ => apart.push((term.step.clone(), extent)),
        }
    }
    if is_empty {
        return (Grid { origin, step: 1, rest: 0, apart }, Span { first: 0, end: 0 });
    }
    steps.sort_unstable();
    let reach_of = |steps: &[(i128, u64)]| {
        steps
            .iter()
            .fold(0i128, |reach, (step, extent)| reach.saturating_add(step * (i128::from(*extent) - 1)))
    };
    // How many of the smallest steps leave no gaps between what is reached with those before them.
    let grid = steps.first().map_or(1, |(step, _)| *step);
    let is_dense = |at: &usize| {
        let step = steps[*at].0;
        step % grid == 0 && step <= reach_of(&steps[..*at]).saturating_add(grid)
    };
    let dense = (1..steps.len()).take_while(is_dense).count() + usize::from(!steps.is_empty());
    let (mut grid, mut reach) = (grid, reach_of(&steps[..dense]));
    let gaps = &steps[dense..];
    if !gaps.is_empty() {
        // All between the first and the last may be fewer than what the loops reach one by one.
        let all = reach_of(&steps);
        let common = steps.iter().fold(0, |common, (step, _)| greatest_common_divisor(common, *step)).max(1);
        let count = gaps
            .iter()
            .fold(reach / grid + 1, |count, (_, extent)| count.saturating_mul(i128::from(*extent)));
        if all / common < count {
            (grid, reach) = (common, all);
        } else {
            apart.extend(gaps.iter().map(|(step, extent)| (SizeExpr::known(*step), *extent)));
        }
    }
    let first = number.div_euclid(grid);
    let span = Span { first, end: first.saturating_add(reach / grid + 1) };
    (Grid { origin, step: grid, rest: number.rem_euclid(grid), apart }, span)
}

fn greatest_common_divisor(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

impl Boxes {
    /// The points in any of the boxes; of very many, those of the smallest box around all.
    fn union(&self) -> u64 {
        let boxes: Vec<&[Span]> = self.known.iter().map(|spans| &spans[..]).collect();
        let mut steps = 0;
        union(boxes, &mut steps).unwrap_or_else(|| {
            let rank = self.known.iter().next().map_or(0, SmallVec::len);
            product((0..rank).map(|axis| {
                let (first, end) = (
                    self.known.iter().map(|spans| spans[axis].first),
                    self.known.iter().map(|spans| spans[axis].end),
                );
                Span { first: first.min().unwrap_or(0), end: end.max().unwrap_or(0) }.count()
            }))
        })
    }
}

/// The points in any of some boxes with as many axes: between two borders along the first axis, the boxes without that axis which are
/// there. `None` after too many steps.
fn union(mut boxes: Vec<&[Span]>, steps: &mut usize) -> Option<u64> {
    let Some(first) = boxes.first().copied() else { return Some(0) };
    let Some(span) = first.first() else { return Some(1) };
    *steps += boxes.len();
    if *steps > MOST_STEPS {
        return None;
    }
    if boxes.iter().all(|spans| spans[0] == *span) {
        return Some(span.count().saturating_mul(union(without_first(boxes.into_iter()), steps)?));
    }
    if first.len() == 1 {
        boxes.sort_unstable_by_key(|spans| spans[0].first);
        let (mut count, mut reached) = (0u64, i128::MIN);
        for Span { first, end } in boxes.into_iter().map(|spans| spans[0]) {
            count = count.saturating_add(Span { first: first.max(reached), end }.count());
            reached = reached.max(end);
        }
        return Some(count);
    }
    let borders: BTreeSet<i128> = boxes.iter().flat_map(|spans| [spans[0].first, spans[0].end]).collect();
    let mut count = 0u64;
    for (first, end) in borders.iter().zip(borders.iter().skip(1)) {
        *steps += boxes.len();
        let here = boxes.iter().copied().filter(|spans| spans[0].first <= *first && *end <= spans[0].end);
        let between = Span { first: *first, end: *end }.count();
        count = count.saturating_add(between.saturating_mul(union(without_first(here), steps)?));
    }
    Some(count)
}

/// Boxes without their first axis, each once.
fn without_first<'s>(boxes: impl Iterator<Item = &'s [Span]>) -> Vec<&'s [Span]> {
    let mut seen = QuickSet::default();
    boxes.map(|spans| &spans[1..]).filter(|spans| seen.insert(*spans)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index_map::Term;
    use crate::size::Symbol;
    use std::collections::HashSet;

    /// Numbers that look random (Steele and others, Fast Splittable Pseudorandom Number Generators, 2014).
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, limit: u64) -> u64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (mixed ^ (mixed >> 31)) % limit
        }

        /// Where `symbols`, some starts and steps are not known.
        fn map(&mut self, rank: usize, loops: usize, step: u64, symbols: bool) -> IndexMap {
            let mut axis = || {
                let mut map = AxisMap::at(SizeExpr::from(self.below(9) as i64));
                if symbols && self.below(2) == 0 {
                    map.start = map.start.plus(&SizeExpr::symbol(symbol("start")));
                }
                for axis in 0..loops {
                    let by = self.below(2 * step + 1) as i64 - step as i64;
                    if by != 0 && self.below(3) == 0 {
                        let mut step = SizeExpr::from(by);
                        if symbols && self.below(4) == 0 {
                            step = step.times(&SizeExpr::symbol(symbol("step")));
                        }
                        map.terms.push(Term { axis, step });
                    }
                }
                map
            };
            (0..rank).map(|_| axis()).collect()
        }
    }

    fn symbol(name: &str) -> Symbol {
        Symbol { name: name.into(), lower: 0, upper: 6 }
    }

    /// Symbols that are not in what is looked at.
    const NO_SYMBOLS: &dyn Fn(&Symbol) -> Option<u64> = &|_| None;

    /// All elements that accesses meet, one by one.
    fn met(maps: &[IndexMap], extents: &[u64], sizes: &dyn Fn(&Symbol) -> Option<u64>) -> u64 {
        let mut met: HashSet<Vec<i128>> = HashSet::new();
        for map in maps {
            for iteration in 0..extents.iter().product() {
                let mut rest: u64 = iteration;
                let digit = |extent: &u64| (rest % extent, rest /= extent).0;
                let indices: Vec<u64> = extents.iter().map(digit).collect();
                let along = |axis: &AxisMap| {
                    let steps = axis.terms.iter();
                    let steps =
                        steps.map(|term| term.step.value(sizes).unwrap() * i128::from(indices[term.axis]));
                    axis.start.value(sizes).unwrap() + steps.sum::<i128>()
                };
                met.insert(map.iter().map(along).collect());
            }
        }
        met.len() as u64
    }

    #[test]
    fn never_fewer_than_are_met() {
        let mut numbers = Numbers(1);
        let (mut exact, rounds, mut excess) = (0, 5000, 0);
        for round in 0..rounds {
            let (rank, loops) = (1 + numbers.below(3) as usize, 1 + numbers.below(3) as usize);
            let extents: Vec<u64> = (0..loops).map(|_| 1 + numbers.below(5)).collect();
            let step = 1 + numbers.below(6);
            let maps: Vec<IndexMap> =
                (0..1 + numbers.below(5)).map(|_| numbers.map(rank, loops, step, round % 3 == 0)).collect();
            let mut touched = Touched::default();
            maps.iter().for_each(|map| touched.add(map, &|at| extents[at]));
            let elements = touched.elements();
            let sizes = [numbers.below(7), numbers.below(7)];
            let met = met(&maps, &extents, &|symbol| Some(sizes[usize::from(*symbol.name == *"step")]));
            assert!(elements >= met, "{elements} {met} {maps:?} {extents:?} {sizes:?}");
            exact += u32::from(elements == met);
            excess += elements - met;
        }
        // Most of the time exactly, and never by much.
        assert!(exact > 4050 && excess < 3300, "{exact} {excess}");
    }

    #[test]
    fn boxes_with_steps_of_one_are_counted_exactly() {
        let mut numbers = Numbers(2);
        for _ in 0..2000 {
            let rank = 1 + numbers.below(3) as usize;
            let extents: Vec<u64> = (0..2 * rank).map(|_| 1 + numbers.below(4)).collect();
            // Each axis has a loop of its own and a window, forwards or backwards.
            let axis = |numbers: &mut Numbers, axis: usize| {
                let step = [1, -1][numbers.below(2) as usize];
                let mut map = AxisMap::follow(axis);
                map.terms[0].step = step.into();
                map.start = SizeExpr::from(numbers.below(12) as i64);
                if numbers.below(2) == 0 {
                    map.terms.push(Term { axis: rank + axis, step: 1.into() });
                }
                map
            };
            let maps: Vec<IndexMap> = (0..1 + numbers.below(9))
                .map(|_| (0..rank).map(|at| axis(&mut numbers, at)).collect())
                .collect();
            let mut touched = Touched::default();
            maps.iter().for_each(|map| touched.add(map, &|at| extents[at]));
            assert_eq!(touched.elements(), met(&maps, &extents, NO_SYMBOLS), "{maps:?} {extents:?}");
        }
    }

    #[test]
    fn the_same_access_counts_once_and_one_of_nothing_not_at_all() {
        let follow = |axes: [usize; 2]| -> IndexMap { axes.into_iter().map(AxisMap::follow).collect() };
        let touched = |maps: &[IndexMap], extents: [u64; 2]| {
            let mut touched = Touched::default();
            maps.iter().for_each(|map| touched.add(map, &|at| extents[at]));
            touched.elements()
        };
        // Of a diagonal the box around it says nothing: its own elements are counted.
        let diagonal = follow([0, 0]);
        assert_eq!(touched(&[diagonal.clone(), diagonal.clone()], [5, 7]), 5);
        assert_eq!(touched(&[diagonal, follow([0, 1])], [5, 0]), 5);
        let far: IndexMap =
            std::iter::once(AxisMap::at(SizeExpr::known(i128::MAX).plus(&1i64.into()))).collect();
        assert_eq!(touched(&[far], [1, 1]), u64::MAX, "what begins nowhere may touch anything");
    }

    #[test]
    fn very_many_boxes_are_bounded() {
        let mut numbers = Numbers(3);
        let mut touched = Touched::default();
        for _ in 0..3000 {
            let axis = |at: usize| AxisMap {
                start: SizeExpr::from(numbers.below(1000) as i64),
                ..AxisMap::follow(at)
            };
            touched.add(&(0..3).map(axis).collect(), &|_| 500);
        }
        assert!((500u64.pow(3)..=1499u64.pow(3)).contains(&touched.elements()));
        // Never fewer than they are.
        let mut axis =
            |at: usize| AxisMap { start: SizeExpr::from(numbers.below(60) as i64), ..AxisMap::follow(at) };
        let maps: Vec<IndexMap> = (0..3000).map(|_| (0..3).map(&mut axis).collect()).collect();
        let mut touched = Touched::default();
        maps.iter().for_each(|map| touched.add(map, &|_| 3));
        assert_eq!(touched.grids.values().next().map(|boxes| boxes.known.len() > 2900), Some(true));
        let met = met(&maps, &[3; 3], NO_SYMBOLS);
        assert!((met..=62u64.pow(3)).contains(&touched.elements()), "{met} {}", touched.elements());
    }
}
