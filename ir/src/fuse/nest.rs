//! The loops of each stored value's kernels: one for each axis, or several where a reshape asks for them.

use super::parts::{Joins, Start};
use super::{Region, Root, StoreReason, Stores, Views, loop_shape, region};
use crate::dim::Dim;
use crate::graph::{Graph, Op};
use crate::index_map::{IndexMap, Term, identity_map};
use crate::reshape::Obstacle;
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

/// The loops of what is written and what is computed in them, up to `most` evaluations. Where no loops do for
/// all of it, a reshape is stored as well, and added to `stored`.
pub(crate) fn nest(
    graph: &Graph,
    views: &Views,
    joins: &Joins,
    stores: &mut Stores,
    root: Root,
    most: usize,
    stored: &mut Vec<Root>,
) -> (Nest, Region) {
    let mut nest = Nest::new(graph, stores, root, joins.start(&root));
    loop {
        let found = region(graph, views, &nest, root, |node| stores.contains_key(&node), most);
        match found.obstacle {
            Some((_, Obstacle::Split { axis, outer, inner })) if nest.loops.len() < MOST_LOOPS => {
                nest.split(axis, outer, inner);
            }
            // Its own loops do for a reshape: it is never its own obstacle.
            Some((node, _)) if node != root.value => {
                stores.insert(node, StoreReason::Reshape);
                stored.push(Root::whole(node));
            }
            _ => return (nest, found),
        }
    }
}
