//! Which part of a join loops read, and where they meet the borders of parts.

use crate::dim::Dim;
use crate::graph::{Graph, NodeId};
use crate::index_map::{AxisMap, IndexMap};
use crate::reshape::Obstacle;
use crate::size::SizeExpr;
use smallvec::SmallVec;

/// The part of a join that loops read which read the join at `map`, and where they read it; or where they would have to be cut to
/// read one part each.
pub(super) fn part_read(
    graph: &Graph,
    join: NodeId,
    axis: usize,
    map: &[AxisMap],
    loops: &[Dim],
) -> Result<(NodeId, IndexMap), Obstacle> {
    let operands = graph.operands(join);
    let size = |part: NodeId| graph.array(part).map_or(SizeExpr::known(0), |array| array.shape[axis].size());
    if loops.iter().any(|dim| dim.known() == Some(0)) {
        // Nothing is read.
        let still = map.iter().map(|_| AxisMap::still()).collect();
        return operands.first().map(|part| (*part, still)).ok_or(Obstacle::Memory);
    }
    let read = Indices::of(&map[axis], loops).ok_or(Obstacle::Memory)?;
    let mut starts: SmallVec<[SizeExpr; 4]> = SmallVec::new();
    let mut start = SizeExpr::known(0);
    for part in operands {
        let end = start.plus(&size(*part));
        if is_at_most(&start, &read.first) && is_at_most(&read.last, &end.minus(&1.into())) {
            let mut map: IndexMap = map.into();
            map[axis].start = map[axis].start.minus(&start);
            return Ok((*part, map));
        }
        starts.push(start);
        start = end;
    }
    Err(cut(&map[axis], &starts[1..], loops))
}

/// The smallest and the largest index that loops meet.
struct Indices {
    first: SizeExpr,
    last: SizeExpr,
}

impl Indices {
    /// `None` where it is not known in which direction a loop goes.
    fn of(map: &AxisMap, loops: &[Dim]) -> Option<Self> {
        let mut indices = Self { first: map.start.clone(), last: map.start.clone() };
        for term in &map.terms {
            let way = term.step.times(&loops.get(term.axis)?.size().minus(&1.into()));
            let end = if term.step.as_known()? < 0 { &mut indices.first } else { &mut indices.last };
            *end = end.plus(&way);
        }
        Some(indices)
    }
}

/// Is a size seen never to be more than another one?
fn is_at_most(a: &SizeExpr, b: &SizeExpr) -> bool {
    b.minus(a).bounds().lower >= 0
}

/// How to cut the loop that reads an axis at `map`, so that no piece passes over a border.
fn cut(map: &AxisMap, borders: &[SizeExpr], loops: &[Dim]) -> Obstacle {
    let [term] = &map.terms[..] else { return Obstacle::Memory };
    let Some(step) = term.step.as_known() else { return Obstacle::Memory };
    let extent = loops[term.axis].size();
    let mut at: SmallVec<[SizeExpr; 3]> = SmallVec::new();
    for border in borders {
        // The first iteration on the other side.
        let distance = border.minus(&map.start);
        let iteration = match (step, distance.as_known()) {
            (1, _) => distance,
            (-1, _) => SizeExpr::known(1).minus(&distance),
            (_, Some(distance)) if step > 0 => SizeExpr::known(-(-distance).div_euclid(step)),
            (_, Some(distance)) => SizeExpr::known((-distance).div_euclid(-step) + 1),
            _ => return Obstacle::Sizes,
        };
        let is_first = is_at_most(&iteration, &0.into());
        let is_last = is_at_most(&extent, &iteration);
        if is_first || is_last || at.contains(&iteration) {
            continue;
        }
        if !is_at_most(&0.into(), &iteration) || !is_at_most(&iteration, &extent) {
            return Obstacle::Sizes;
        }
        at.push(iteration);
    }
    if step < 0 {
        at.reverse();
    }
    // A border between two others lies there whatever the sizes of parts are.
    if at.is_empty() { Obstacle::Sizes } else { Obstacle::Cut { axis: term.axis, at } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index_map::Term;

    fn cut_of(start: i64, step: i64, borders: &[i64], extent: u64) -> String {
        let term = Term { axis: 0, step: step.into() };
        let map = AxisMap { start: start.into(), terms: std::iter::once(term).collect() };
        let borders: Vec<SizeExpr> = borders.iter().map(|border| (*border).into()).collect();
        match cut(&map, &borders, &[extent.into()]) {
            Obstacle::Cut { at, .. } => at.iter().map(|at| format!("{at} ")).collect(),
            obstacle => format!("{obstacle:?}"),
        }
    }

    #[test]
    fn pieces_begin_at_the_first_iteration_beyond_a_border() {
        // For each step: the first iteration that reads another part than the one before it.
        for (start, extent) in [(0, 10), (3, 5)] {
            for step in [1i64, 2, 3, 7] {
                let borders = [4, 9, 15];
                let part = |index: i64| borders.iter().filter(|border| **border <= index).count();
                let changes = |index: &dyn Fn(i64) -> i64| -> String {
                    let is_cut = |at: &i64| part(index(*at)) != part(index(*at - 1));
                    (1..extent).filter(is_cut).map(|at| format!("{at} ")).collect()
                };
                let forward = |at: i64| start + step * at;
                assert_eq!(cut_of(start, step, &borders, extent as u64), changes(&forward));
                let last = forward(extent - 1);
                let backward = |at: i64| last - step * at;
                assert_eq!(cut_of(last, -step, &borders, extent as u64), changes(&backward));
            }
        }
    }
}
