//! Chains of views, composed once: what is computed below them, and where it is read.

use super::Instance;
use super::maps::Maps;
use crate::graph::{Graph, NodeId, Op};
use crate::index_map::{AxisMap, IndexMap};
use crate::quick_hash::QuickMap;
use std::cell::RefCell;

/// For each view that is not stored, what it shows: the value below all such views, at a map in terms of
/// the view's own axes.
#[derive(Debug, Default)]
pub(crate) struct Views {
    shown: QuickMap<NodeId, Instance>,
    /// Where values are read.
    pub maps: Maps,
    /// What is computed where views are read: each is asked for several times.
    known: RefCell<QuickMap<Instance, Instance>>,
}

impl Views {
    /// The views among nodes that come in order of creation.
    pub fn new(graph: &Graph, nodes: &[NodeId], is_stored: impl Fn(NodeId) -> bool) -> Self {
        let mut views = Self::default();
        for node in nodes {
            let (Op::View(view), Some(array)) = (&graph.node(*node).op, graph.array(*node)) else { continue };
            if is_stored(*node) {
                continue;
            }
            let axes: IndexMap = (0..array.shape.len()).map(AxisMap::follow).collect();
            for operand in graph.operands(*node).iter().copied() {
                let Some(source) = graph.array(operand) else { continue };
                // Where a reshape joins axes, how depends on the loops.
                if let Ok(map) = view.source_map(&axes, &source.shape, &array.shape, &array.shape) {
                    let below = views.below((operand, views.maps.id(map)));
                    views.shown.insert(*node, below);
                }
            }
        }
        views
    }

    /// The value below the views that a node is made of.
    pub fn value(&self, node: NodeId) -> NodeId {
        self.shown.get(&node).map_or(node, |(value, _)| *value)
    }

    /// The value that is computed where a node is read at a map.
    pub fn below(&self, instance: Instance) -> Instance {
        let (node, map) = instance;
        let Some((base, axes)) = self.shown.get(&node) else { return instance };
        *self.known.borrow_mut().entry(instance).or_insert_with(|| {
            let (axes, map) = (self.maps.get(*axes), self.maps.get(map));
            (*base, self.maps.id(axes.iter().map(|at| at.through(&map)).collect()))
        })
    }
}
