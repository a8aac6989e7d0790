//! What the loops of each stored value read: all that grouping and the layout of memory ask about it.

use super::loops::Regions;
use super::{Nest, Nests, Root, Views, routine};
use crate::dim::Dim;
use crate::graph::{Graph, NodeId};
use crate::index_map::IndexMap;
use crate::quick_hash::{QuickMap, QuickSet};

/// What a stored value, or a part of one, is computed from.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    /// Evaluations in its loops.
    pub size: usize,
    /// What they evaluate, each value once.
    pub inside: Vec<NodeId>,
    /// Joins of which they read a part.
    pub joins: Vec<NodeId>,
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
pub(crate) type AllReads = QuickMap<Root, Reads>;

/// What is read in regions that have been walked.
pub(crate) fn all_reads(graph: &Graph, views: &Views, nests: &Nests, mut regions: Regions) -> AllReads {
    let mut reads_of = |(root, nest): (&Root, &Nest)| {
        if let Some(reads) = routine::reads(graph, views, root.value).filter(|_| !root.is_part()) {
            return (*root, reads);
        }
        let found = regions.remove(root).unwrap_or_default();
        let is_own = |map| is_identity(&views.maps.get(map), &nest.loops);
        let stored = found.stored.iter().map(|(node, map)| Read { node: *node, is_own: is_own(*map) });
        let mut stored: Vec<Read> = stored.collect();
        stored.sort_unstable_by_key(|read| read.node);
        stored.dedup_by(|next, known| {
            let is_same = next.node == known.node;
            known.is_own &= next.is_own || !is_same;
            is_same
        });
        // What is copied takes room in a body as well.
        let size = found.inside.len().max(1);
        let mut inside: Vec<NodeId> = found.inside.into_iter().map(|(node, _)| node).collect();
        inside.sort_unstable();
        inside.dedup();
        (*root, Reads { size, inside, joins: found.joins, stored, sources: found.sources })
    };
    nests.iter().map(&mut reads_of).collect()
}

/// Leaves out what no output needs: of a join, a view may read some parts and others not.
pub(crate) fn drop_unneeded(outputs: &[NodeId], nests: &mut Nests, reads: &mut AllReads) {
    let mut needed: QuickSet<NodeId> = outputs.iter().copied().collect();
    // Everything comes after what it reads.
    for root in nests.keys().rev() {
        if needed.contains(&root.node)
            && let Some(reads) = reads.get(root)
        {
            needed.extend(reads.stored.iter().map(|read| read.node));
        }
    }
    nests.retain(|root, _| needed.contains(&root.node));
    reads.retain(|root, _| needed.contains(&root.node));
}

/// Does an array read at `map` give each iteration of the loops its own element, in order?
fn is_identity(map: &IndexMap, loops: &[Dim]) -> bool {
    let mut loops = (0..loops.len()).filter(|at| !loops[*at].is_one());
    let follows = map
        .iter()
        .filter(|at| !at.is_still())
        .all(|at| at.followed().is_some_and(|axis| loops.next() == Some(axis)));
    follows && loops.next().is_none()
}
