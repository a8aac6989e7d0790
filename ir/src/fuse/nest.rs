//! The loops of each stored value's kernels: one for each axis, or several where a reshape asks for them.

use super::parts::Start;
use super::{Root, Stores, loop_shape};
use crate::dim::Dim;
use crate::graph::{Graph, Op};
use crate::index_map::{IndexMap, Term, identity_map};
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
    pub fn cut(&self, axis: usize, at: &[SizeExpr]) -> impl Iterator<Item = Self> {
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
    pub fn split(&mut self, at: usize, outer: Dim, inner: Dim) {
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
