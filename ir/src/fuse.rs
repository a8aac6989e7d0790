//! Fusion: from a graph to kernels.
//!
//! Three steps, each a function of the one before: [`store`] decides which values are written to
//! memory, [`group`] decides which of them share a loop nest, [`emit`] writes the bodies. Everything
//! that is not stored is computed inside the loops of whoever uses it.

mod emit;
mod equalities;
mod group;
mod reads;
mod store;
mod views;

pub(crate) use emit::{Places, emit};
pub(crate) use equalities::Equalities;
pub(crate) use group::{Group, group};
pub(crate) use reads::{AllReads, all_reads};
pub use store::StoreReason;
pub(crate) use store::{Stores, decide};
pub(crate) use views::Views;

use crate::graph::{Graph, NodeId, Op};
use crate::shape::Shape;
use crate::view::{AxisMap, IndexMap, broadcast_map, identity_map};
use smallvec::SmallVec;
use std::collections::HashSet;

/// The most instructions of one kernel's body; a larger expression is cut. Compile time grows faster
/// than the body: four hundred operations take about 20 ms.
pub(crate) const MAX_BODY: usize = 400;

/// A node at one index map: what one evaluation inside a loop nest computes.
pub(crate) type Instance = (NodeId, IndexMap);

/// The operands of a node together with where they are read, when the node is read at `map`.
/// Views that are not stored are passed through: what counts is the value below them.
pub(crate) fn operand_instances(
    graph: &Graph,
    views: &Views,
    node: NodeId,
    map: &[AxisMap],
) -> SmallVec<[Instance; 3]> {
    let Some(array) = graph.array(node) else { return SmallVec::new() };
    let read = |operand: NodeId| {
        let shape = &graph.array(operand)?.shape;
        let map = match &graph.node(node).op {
            Op::View(view) => view.source_map(map, shape, &array.shape),
            _ => broadcast_map(map, shape, &array.shape),
        };
        Some(views.below((operand, map)))
    };
    graph.operands(node).into_iter().filter_map(read).collect()
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
pub(crate) fn entry(graph: &Graph, views: &Views, root: NodeId) -> Instance {
    let map = identity_map(&loop_shape(graph, root));
    match graph.node(root).op {
        Op::Reduce { .. } => views.below((graph.operands(root).first().copied().unwrap_or(root), map)),
        _ => (root, map),
    }
}

/// Everything that is computed inside one stored node's loops.
#[derive(Debug)]
pub(crate) struct Region {
    /// Evaluations, in no particular order. Views take none: they change where their operand is read.
    pub inside: Vec<Instance>,
    /// Other stored nodes that are read.
    pub stored: Vec<Instance>,
    /// Inputs and constant arrays that are read.
    pub sources: Vec<NodeId>,
}

/// Walks from a stored node to the leaves and to the next stored nodes; stops early above `most`
/// evaluations.
pub(crate) fn region(
    graph: &Graph,
    views: &Views,
    root: NodeId,
    is_stored: impl Fn(NodeId) -> bool,
    most: usize,
) -> Region {
    let mut region = Region { inside: Vec::new(), stored: Vec::new(), sources: Vec::new() };
    let mut seen: HashSet<Instance> = HashSet::new();
    let mut known_sources: HashSet<NodeId> = HashSet::new();
    let first = entry(graph, views, root);
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
        let op = &graph.node(*node).op;
        if !matches!(op, Op::Input(_) | Op::Array(_)) {
            let operands = operand_instances(graph, views, *node, map);
            pending.extend(operands.into_iter().map(|instance| (true, instance)));
        } else if known_sources.insert(*node) {
            region.sources.push(*node);
        }
        if matches!(op, Op::View(_)) {
            continue;
        }
        region.inside.push(instance);
        if region.inside.len() > most {
            break;
        }
    }
    region
}
