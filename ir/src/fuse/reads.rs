//! What the loops of each stored value read: all that grouping and the layout of memory ask about it.

use super::{Instance, Nest, Nests, Root, Stores, Views, region, routine};
use crate::dim::Dim;
use crate::graph::{Graph, NodeId};
use std::collections::HashMap;

/// What a stored value, or a part of one, is computed from.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    /// Evaluations in its loops.
    pub size: usize,
    /// What they evaluate, each value once.
    pub inside: Vec<NodeId>,
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

/// What is read for everything that is written.
pub(crate) type AllReads = HashMap<Root, Reads>;

/// Walks every region once.
pub(crate) fn all_reads(graph: &Graph, views: &Views, stores: &Stores, nests: &Nests) -> AllReads {
    let reads_of = |(root, nest): (&Root, &Nest)| {
        if let Some(reads) = routine::reads(graph, views, root.value).filter(|_| !root.is_part()) {
            return (*root, reads);
        }
        let found = region(graph, views, nest, *root, |node| stores.contains_key(&node), usize::MAX);
        let mut own: HashMap<NodeId, bool> = HashMap::new();
        for instance in &found.stored {
            *own.entry(instance.0).or_insert(true) &= is_identity(instance, &nest.loops);
        }
        let mut stored: Vec<Read> = own.into_iter().map(|(node, is_own)| Read { node, is_own }).collect();
        stored.sort_unstable_by_key(|read| read.node);
        // What is copied takes room in a body as well.
        let size = found.inside.len().max(1);
        let mut inside: Vec<NodeId> = found.inside.into_iter().map(|(node, _)| node).collect();
        inside.sort_unstable();
        inside.dedup();
        (*root, Reads { size, inside, stored, sources: found.sources })
    };
    nests.iter().map(reads_of).collect()
}

/// Does an array read at `instance` give each iteration of the loops its own element, in order?
fn is_identity((_, map): &Instance, loops: &[Dim]) -> bool {
    let mut loops = (0..loops.len()).filter(|at| !loops[*at].is_one());
    let follows = map
        .iter()
        .filter(|at| !at.is_still())
        .all(|at| at.followed().is_some_and(|axis| loops.next() == Some(axis)));
    follows && loops.next().is_none()
}
