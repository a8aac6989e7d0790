//! The loops of each stored value's kernel: one for each axis, or several where a reshape asks for them.

use super::{StoreReason, Stores, Views, loop_shape, region};
use crate::dim::Dim;
use crate::graph::{Graph, NodeId};
use crate::index_map::{IndexMap, Term, identity_map};
use crate::reshape::Obstacle;
use crate::shape::Shape;
use std::collections::HashMap;

/// The loops over a shape.
#[derive(Clone, Debug)]
pub(crate) struct Nest {
    /// Outermost first.
    pub loops: Vec<Dim>,
    /// For each loop, the axis of the shape that it is, or is a part of.
    pub axes: Vec<usize>,
    /// The axes of the shape in terms of the loops.
    pub map: IndexMap,
}

/// The loops of every stored value.
pub(crate) type Nests = HashMap<NodeId, Nest>;

/// More loops than this are not made for the sake of a reshape.
const MOST_LOOPS: usize = 64;

impl Nest {
    /// A loop for each axis.
    pub fn of(shape: &Shape) -> Self {
        Self { loops: shape.to_vec(), axes: (0..shape.len()).collect(), map: identity_map(shape) }
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

/// The loops of every stored value. Where no loops would do for all that one is computed from, a reshape
/// is stored as well.
pub(crate) fn nests(graph: &Graph, views: &Views, stores: &mut Stores) -> Nests {
    let mut nests = Nests::new();
    let mut pending: Vec<NodeId> = stores.keys().copied().collect();
    while let Some(root) = pending.pop() {
        let mut nest = Nest::of(&loop_shape(graph, root));
        loop {
            let found = region(graph, views, &nest, root, |node| stores.contains_key(&node), usize::MAX);
            match found.obstacle {
                None => break,
                Some((node, Obstacle::Split { axis, outer, inner }))
                    if node == root || nest.loops.len() < MOST_LOOPS =>
                {
                    nest.split(axis, outer, inner);
                }
                // A stored reshape has loops for itself: those over the shape that it was made from.
                Some((node, _)) => {
                    debug_assert!(node != root, "a reshape is an obstacle to itself");
                    stores.insert(node, StoreReason::Reshape);
                    pending.push(node);
                }
            }
        }
        nests.insert(root, nest);
    }
    nests
}
