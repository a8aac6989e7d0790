//! The loops of each stored value's kernels: one for each axis, or several where a reshape asks for them.

use super::parts::{Joins, Start};
use super::pieces::MOST_PIECES;
use super::store::cost_of;
use super::{MAX_BODY, Region, Root, StoreReason, Stores, Uncut, Views, loop_shape, region};
use crate::dim::Dim;
use crate::graph::{Graph, NodeId, Op};
use crate::index_map::{IndexMap, Term, identity_map};
use crate::reshape::Obstacle;
use crate::size::SizeExpr;
use crate::view::View;
use std::collections::BTreeMap;

/// The loops over a shape.
#[derive(Clone, Debug)]
pub(crate) struct Nest {
    /// Outermost first.
    pub loops: Vec<Dim>,
    /// For each loop, the axis of the shape that it is, or is a part of.
    pub axes: Vec<usize>,
    /// The axes of the shape in terms of the loops.
    pub map: IndexMap,
    /// Where a part begins in the value that it belongs to; nothing for a value as a whole.
    start: Start,
}

/// The loops of everything that kernels write, in an order in which each comes after what it reads.
pub(crate) type Nests = BTreeMap<Root, Nest>;

/// The most evaluations of all pieces of one root together.
const MAX_PIECES_BODY: usize = MAX_BODY;

/// More loops than this are not made for the sake of a reshape.
const MOST_LOOPS: usize = 64;

impl Nest {
    /// A loop for each axis of what is iterated over, and for each axis that it joins itself.
    pub fn new(graph: &Graph, stores: &Stores, root: Root, start: Start) -> Self {
        let shape = loop_shape(graph, root);
        let is_read = root.is_part() && stores.contains_key(&root.value);
        if let Op::View(View::Reshape(regrouping)) = &graph.node(root.value).op
            && let Some(source) = graph.operands(root.value).first().and_then(|operand| graph.array(*operand))
            && !is_read
        {
            let (loops, axes, map) = regrouping.own_loops(&source.shape, &shape);
            return Self { loops, axes, map, start };
        }
        Self { loops: shape.to_vec(), axes: (0..shape.len()).collect(), map: identity_map(&shape), start }
    }

    /// Where an element is written that is at `map` in what the kernel computes.
    pub fn written(&self, map: &IndexMap) -> IndexMap {
        let mut map = map.clone();
        for (axis, start) in map.iter_mut().zip(&self.start) {
            axis.start = axis.start.plus(start);
        }
        map
    }

    /// The pieces of a loop that begin at these iterations, and the one before them, last one first.
    fn cut(&self, axis: usize, at: &[SizeExpr]) -> impl Iterator<Item = Self> {
        let extent = self.loops[axis].size();
        let ends = at.iter().chain([&extent]);
        let starts = [SizeExpr::known(0)];
        let pieces = starts.iter().chain(at).zip(ends).map(|(start, end)| self.piece(axis, start, end));
        pieces.collect::<Vec<_>>().into_iter().rev()
    }

    /// Some iterations of a loop.
    fn piece(&self, axis: usize, start: &SizeExpr, end: &SizeExpr) -> Self {
        let mut piece = self.clone();
        let label = self.loops[axis].shared_label().cloned();
        piece.loops[axis] = Dim::from(end.minus(start)).with_label(label);
        let is_one = piece.loops[axis].is_one();
        for map in &mut piece.map {
            let Some(at) = map.terms.iter().position(|term| term.axis == axis) else { continue };
            map.start = map.start.plus(&map.terms[at].step.times(start));
            if is_one {
                // A loop that runs once does not move.
                map.terms.remove(at);
            }
        }
        piece
    }

    /// Makes two loops of one.
    fn split(&mut self, at: usize, outer: Dim, inner: Dim) {
        let step = inner.size();
        self.loops.splice(at..=at, [outer, inner]);
        self.axes.insert(at, self.axes[at]);
        for map in &mut self.map {
            for term in &mut map.terms {
                term.axis += usize::from(term.axis > at);
            }
            if let Some(position) = map.terms.iter().position(|term| term.axis == at) {
                let inner_step = map.terms[position].step.clone();
                map.terms[position].step = inner_step.times(&step);
                map.terms.insert(position + 1, Term { axis: at + 1, step: inner_step });
            }
        }
    }
}

/// A row of elements one after another costs this many times its body, however short it is: elements in vectors, and calls for
/// many of them at once, are for longer rows.
const ROW: u64 = 3;

/// What is done while memory is waited for, in additions.
const FREE: u64 = 2;

/// The loop along which pieces are so short that it costs more than to store what they were cut for.
fn ragged(graph: &Graph, uncut: &[Dim], pieces: &[Piece]) -> Option<usize> {
    let elements =
        |loops: &[Dim]| loops.iter().fold(1u64, |product, dim| product.saturating_mul(dim.upper()));
    let (mut spent, mut short) = (0u64, None);
    for piece in pieces.iter().filter(|piece| elements(&piece.nest.loops) > 1) {
        // From the last loop outwards, as long as elements are one after another.
        let (mut row, mut cut) = (1u64, None);
        for (axis, (dim, whole)) in piece.nest.loops.iter().zip(uncut).enumerate().rev() {
            let is_whole = dim.same_size(whole);
            if !is_whole {
                cut = Some(axis);
            }
            let is_first = row == 1;
            row = row.saturating_mul(dim.upper());
            // A loop that runs once leaves those outside of it in strides, which are as good.
            if !(is_whole || is_first && dim.is_one()) {
                break;
            }
        }
        let rows = elements(&piece.nest.loops) / row.max(1);
        if let Some(axis) = cut.filter(|_| rows > 1) {
            let cost = piece.region.inside.iter().map(|(node, _)| cost_of(graph, *node)).sum::<u64>();
            spent = spent.saturating_add(rows.saturating_mul(cost.saturating_sub(FREE)).saturating_mul(ROW));
            short = Some(axis);
        }
    }
    short.filter(|_| spent > elements(uncut))
}

/// What is written by loops of its own, and what is computed in them.
pub(crate) struct Piece {
    pub root: Root,
    pub nest: Nest,
    pub region: Region,
}

/// Joins that loops cannot be cut for, each with the reason: they have to be stored.
pub(crate) type Uncuttable = Vec<(NodeId, Uncut)>;

/// How far loops are cut for the sake of joins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Where there are too many pieces, some joins are stored.
    Some,
    /// Where there are too many pieces, all joins are stored.
    All,
    /// Not at all: all joins are stored.
    None,
}

/// How loops are cut for the sake of joins, and how much has been looked at for it.
pub(crate) struct Cutting {
    pub extent: Extent,
    /// Evaluations.
    pub walked: usize,
}

/// The loops of a root, and what is computed in them, up to `most` evaluations. They are cut into pieces so that of every join that is
/// not stored each piece reads one part. Where no loops do for all of it, a reshape is stored as well, and added to `stored`.
#[allow(clippy::too_many_arguments)]
pub(crate) fn pieces(
    graph: &Graph,
    views: &Views,
    joins: &Joins,
    stores: &mut Stores,
    root: Root,
    most: usize,
    cutting: &mut Cutting,
    stored: &mut Vec<Root>,
) -> Result<Vec<Piece>, Uncuttable> {
    let is_join = |node: NodeId| matches!(graph.node(node).op, Op::Concat { .. });
    let is_reduction = matches!(graph.node(root.node).op, Op::Reduce { .. });
    let mut pending = vec![Nest::new(graph, stores, root, joins.start(&root))];
    let mut done: Vec<Piece> = Vec::new();
    // Joins that loops were cut for, those that were met first before others, each with the loop.
    let mut cut_for: Vec<(NodeId, usize)> = Vec::new();
    let mut uncut: Vec<Dim> = Vec::new();
    let mut evaluations = 0;
    while let Some(mut nest) = pending.pop() {
        let region = region(graph, views, &nest, root, |node| stores.contains_key(&node), most);
        if !region.joins.is_empty() {
            cutting.walked += region.inside.len() + region.joins.len();
            if cutting.extent == Extent::None {
                return Err(region.joins.into_iter().map(|join| (join, Uncut::Pieces)).collect());
            }
        }
        let too_many = |join: Option<NodeId>| {
            let kept = if cutting.extent == Extent::Some { cut_for.len() / 2 } else { 0 };
            let joins = cut_for[kept..].iter().map(|(join, _)| *join).chain(join);
            joins.map(|join| (join, Uncut::Pieces)).collect()
        };
        match region.obstacle {
            None => {
                evaluations += region.inside.len();
                let piece = if cut_for.is_empty() { 0 } else { done.len() as u32 + 1 };
                done.push(Piece { root: root.piece(piece), nest, region });
                if done.len() > 1 && evaluations > MAX_PIECES_BODY {
                    return Err(too_many(None));
                }
            }
            Some((join, Obstacle::Cut { axis, at })) if is_join(join) && !is_reduction => {
                if done.len() + pending.len() + at.len() >= MOST_PIECES {
                    return Err(too_many(Some(join)));
                }
                if cut_for.is_empty() {
                    uncut.clone_from(&nest.loops);
                }
                pending.extend(nest.cut(axis, &at));
                if !cut_for.contains(&(join, axis)) {
                    cut_for.push((join, axis));
                }
            }
            Some((join, obstacle)) if is_join(join) => {
                let why = match obstacle {
                    Obstacle::Sizes => Uncut::Sizes,
                    Obstacle::Cut { .. } => Uncut::Reduction,
                    _ => Uncut::Loops,
                };
                return Err(vec![(join, why)]);
            }
            // What a piece cannot do for, uncut loops may do for.
            Some(_) if !cut_for.is_empty() => return Err(vec![(cut_for[0].0, Uncut::Loops)]),
            Some((_, Obstacle::Split { axis, outer, inner })) if nest.loops.len() < MOST_LOOPS => {
                nest.split(axis, outer, inner);
                pending.push(nest);
            }
            // Its own loops do for a reshape: it is never its own obstacle.
            Some((node, _)) if node != root.value => {
                stores.insert(node, StoreReason::Reshape);
                stored.push(Root::whole(node));
                pending.push(nest);
            }
            Some(_) => done.push(Piece { root, nest, region }),
        }
    }
    if let Some(axis) = ragged(graph, &uncut, &done) {
        let joins = cut_for.iter().filter(|(_, cut)| *cut == axis);
        return Err(joins.map(|(join, _)| (*join, Uncut::Rows)).collect());
    }
    Ok(done)
}
