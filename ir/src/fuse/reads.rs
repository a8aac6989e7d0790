//! What the loops of each stored value read: all that grouping and the layout of memory ask about it.

use super::{Instance, Stores, Views, loop_shape, region};
use crate::graph::{Graph, NodeId};
use crate::shape::Shape;
use std::collections::HashMap;

/// What one stored value is computed from.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    /// Evaluations in its loops.
    pub size: usize,
    /// Other stored values.
    pub stored: Vec<Read>,
    /// Inputs and constant arrays.
    pub sources: Vec<NodeId>,
}

/// A stored value that the loops of another one read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Read {
    pub node: NodeId,
    /// Does each iteration read its own element, in order?
    pub is_own: bool,
}

/// What each stored value reads.
pub(crate) type AllReads = HashMap<NodeId, Reads>;

/// Walks every stored value's region once.
pub(crate) fn all_reads(graph: &Graph, views: &Views, stores: &Stores) -> AllReads {
    let reads_of = |root: NodeId| {
        let found = region(graph, views, root, |node| stores.contains_key(&node), usize::MAX);
        let shape = loop_shape(graph, root);
        let mut own: HashMap<NodeId, bool> = HashMap::new();
        for instance in &found.stored {
            *own.entry(instance.0).or_insert(true) &= is_identity(instance, &shape);
        }
        let mut stored: Vec<Read> = own.into_iter().map(|(node, is_own)| Read { node, is_own }).collect();
        stored.sort_unstable_by_key(|read| read.node);
        Reads { size: found.inside.len(), stored, sources: found.sources }
    };
    stores.keys().map(|root| (*root, reads_of(*root))).collect()
}

/// Does an array read at `instance` give each loop of `shape` its own element, in order?
fn is_identity((_, map): &Instance, shape: &Shape) -> bool {
    let mut loops = (0..shape.len()).filter(|axis| !shape[*axis].is_one());
    let follows = map.iter().filter(|at| at.axis.is_some() || at.start.as_known() != Some(0)).all(|at| {
        at.start.as_known() == Some(0) && at.step == 1 && at.axis.is_some() && at.axis == loops.next()
    });
    follows && loops.next().is_none()
}
