//! Fusion: from a graph to kernels.
//!
//! Three steps, each a function of the one before: [`store`] decides which values are written to
//! memory, [`group`] decides which of them share a loop nest, [`emit`] writes the bodies. Everything
//! that is not stored is computed inside the loops of whoever uses it.

mod emit;
mod equalities;
mod group;
mod store;

pub(crate) use emit::{Places, emit};
pub(crate) use equalities::Equalities;
pub(crate) use group::{Group, group};
pub use store::StoreReason;
pub(crate) use store::{Stores, decide};

use crate::graph::{Graph, NodeId, Op};
use crate::shape::Shape;
use crate::view::{AxisMap, IndexMap, broadcast_map, identity_map};
use std::collections::HashSet;

/// The most instructions of one kernel's body; a larger expression is cut. Compile time grows faster
/// than the body: four hundred operations take about 20 ms.
pub(crate) const MAX_BODY: usize = 400;

/// A node at one index map: what one evaluation inside a loop nest computes.
pub(crate) type Instance = (NodeId, IndexMap);

/// The operands of a node together with where they are read, when the node is read at `map`.
pub(crate) fn operand_instances(graph: &Graph, node: NodeId, map: &[AxisMap]) -> Vec<Instance> {
    let Some(array) = graph.array(node) else { return Vec::new() };
    let sound =
        graph.operands(node).into_iter().filter_map(|operand| Some((operand, &graph.array(operand)?.shape)));
    match &graph.node(node).op {
        Op::View(view) => {
            sound.map(|(operand, shape)| (operand, view.source_map(map, shape, &array.shape))).collect()
        }
        _ => sound.map(|(operand, shape)| (operand, broadcast_map(map, shape, &array.shape))).collect(),
    }
}

/// The shape over which a stored node's kernel loops: a reduction loops over its operand.
pub(crate) fn loop_shape(graph: &Graph, root: NodeId) -> Shape {
    let node = match graph.node(root).op {
        Op::Reduce { .. } => graph.operands(root).first().copied().unwrap_or(root),
        _ => root,
    };
    graph.array(node).map(|array| array.shape.clone()).unwrap_or_default()
}

/// What a stored node's kernel computes first, and where.
pub(crate) fn entry(graph: &Graph, root: NodeId) -> Instance {
    let map = identity_map(&loop_shape(graph, root));
    match graph.node(root).op {
        Op::Reduce { .. } => (graph.operands(root).first().copied().unwrap_or(root), map),
        _ => (root, map),
    }
}

/// Everything that is computed inside one stored node's loops.
#[derive(Debug)]
pub(crate) struct Region {
    /// Evaluations, in no particular order.
    pub inside: Vec<Instance>,
    /// Other stored nodes that are read.
    pub stored: Vec<Instance>,
    /// Inputs and constant arrays that are read.
    pub sources: Vec<NodeId>,
}

/// Walks from a stored node to the leaves and to the next stored nodes; stops early above `most`
/// evaluations.
pub(crate) fn region(graph: &Graph, root: NodeId, is_stored: impl Fn(NodeId) -> bool, most: usize) -> Region {
    let mut region = Region { inside: Vec::new(), stored: Vec::new(), sources: Vec::new() };
    let mut seen: HashSet<Instance> = HashSet::new();
    let first = entry(graph, root);
    // A reduction may combine a value that is stored itself.
    let mut pending = vec![(first.0 != root, first)];
    while let Some((may_be_stored, instance)) = pending.pop() {
        if !seen.insert(instance.clone()) {
            continue;
        }
        let (node, map) = &instance;
        if may_be_stored && is_stored(*node) {
            region.stored.push(instance);
            continue;
        }
        match graph.node(*node).op {
            Op::Input(_) | Op::Array(_) => {
                if !region.sources.contains(node) {
                    region.sources.push(*node);
                }
            }
            _ => pending
                .extend(operand_instances(graph, *node, map).into_iter().map(|instance| (true, instance))),
        }
        region.inside.push(instance);
        if region.inside.len() > most {
            break;
        }
    }
    region
}
