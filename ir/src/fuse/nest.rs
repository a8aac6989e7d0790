//! The loops of each stored value's kernel: one for each axis, or several where a reshape asks for them.

use super::{Region, StoreReason, Stores, Views, loop_shape, region};
use crate::dim::Dim;
use crate::graph::{Graph, NodeId, Op};
use crate::index_map::{IndexMap, Term, identity_map};
use crate::reshape::Obstacle;
use crate::view::View;
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
    /// A loop for each axis of what a stored value iterates over, and for each axis that it joins itself.
    fn new(graph: &Graph, root: NodeId) -> Self {
        let shape = loop_shape(graph, root);
        if let Op::View(View::Reshape(regrouping)) = &graph.node(root).op
            && let Some(source) = graph.operands(root).first().and_then(|operand| graph.array(*operand))
        {
            let (loops, axes, map) = regrouping.own_loops(&source.shape, &shape);
            return Self { loops, axes, map };
        }
        Self { loops: shape.to_vec(), axes: (0..shape.len()).collect(), map: identity_map(&shape) }
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

/// The loops of a stored value and what is computed in them, up to `most` evaluations. Where no loops do for
/// all of it, a reshape is stored as well, and added to `stored`.
pub(crate) fn nest(
    graph: &Graph,
    views: &Views,
    stores: &mut Stores,
    root: NodeId,
    most: usize,
    stored: &mut Vec<NodeId>,
) -> (Nest, Region) {
    let mut nest = Nest::new(graph, root);
    loop {
        let found = region(graph, views, &nest, root, |node| stores.contains_key(&node), most);
        match found.obstacle {
            Some((_, Obstacle::Split { axis, outer, inner })) if nest.loops.len() < MOST_LOOPS => {
                nest.split(axis, outer, inner);
            }
            // Its own loops do for a reshape: it is never its own obstacle.
            Some((node, _)) if node != root => {
                stores.insert(node, StoreReason::Reshape);
                stored.push(node);
            }
            _ => return (nest, found),
        }
    }
}
