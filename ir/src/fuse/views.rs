//! Chains of views, composed once: what is computed below them, and where it is read.

use super::Instance;
use crate::graph::{Graph, NodeId, Op};
use crate::index_map::{AxisMap, IndexMap};
use std::collections::HashMap;

/// For each view that is not stored, what it shows: the value below all such views, at a map in terms of
/// the view's own axes.
#[derive(Debug, Default)]
pub(crate) struct Views(HashMap<NodeId, Instance>);

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
            for operand in graph.operands(*node) {
                let Some(source) = graph.array(operand) else { continue };
                // Where a reshape joins axes, how depends on the loops.
                if let Ok(map) = view.source_map(&axes, &source.shape, &array.shape, &array.shape) {
                    views.0.insert(*node, views.below((operand, map)));
                }
            }
        }
        views
    }

    /// The value that is computed where a node is read at a map.
    pub fn below(&self, (node, map): Instance) -> Instance {
        match self.0.get(&node) {
            Some((base, axes)) => (*base, axes.iter().map(|at| at.through(&map)).collect()),
            None => (node, map),
        }
    }
}
