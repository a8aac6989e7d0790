//! Values that wait in the memory of an output until the last kernel that reads them writes the output over them.

use super::{AllReads, Group, StoreReason, Stores};
use crate::graph::{Graph, NodeId, Op};
use crate::quick_hash::{QuickMap, QuickSet};
use crate::shape::ArrayType;

/// The arrays of outputs, in which values of the same dtype and shape can wait until they are read.
#[derive(Debug, Default)]
pub(crate) struct Lending {
    arrays: Vec<ArrayType>,
    /// The values that may wait, where it is known which of them find a place.
    allowed: Option<QuickSet<NodeId>>,
}

impl Lending {
    /// Nothing is lent.
    pub fn none() -> Self {
        Self::default()
    }

    /// The memory of these outputs.
    pub fn of(graph: &Graph, outputs: &[NodeId]) -> Self {
        let computed = outputs
            .iter()
            .filter(|node| !matches!(graph.node(**node).op, Op::Reduce { .. } | Op::Routine(_)));
        Self { arrays: computed.filter_map(|node| graph.array(*node)).cloned().collect(), allowed: None }
    }

    pub fn is_empty(&self) -> bool {
        self.arrays.is_empty() || self.allowed.as_ref().is_some_and(QuickSet::is_empty)
    }

    /// Of the values that were to wait, these (in order) found no place: only the others may try again.
    pub fn refuse(&mut self, stores: &Stores, homeless: &[NodeId]) {
        let others = lent(stores).filter(|node| homeless.binary_search(node).is_err());
        self.allowed = Some(others.collect());
    }
}

/// The memory of outputs that nothing waits in yet.
#[derive(Default)]
pub(super) struct Room<'a> {
    arrays: Vec<&'a ArrayType>,
    /// What may wait: what the loops of outputs meet, since only they write the output over it.
    candidates: QuickSet<NodeId>,
}

impl<'a> Room<'a> {
    pub fn new(lending: &'a Lending, mut candidates: QuickSet<NodeId>) -> Self {
        if let Some(allowed) = &lending.allowed {
            candidates.retain(|node| allowed.contains(node));
        }
        Self { arrays: lending.arrays.iter().collect(), candidates }
    }

    /// An output that has room for a value.
    pub fn position(&self, graph: &Graph, node: NodeId) -> Option<usize> {
        let value = graph.array(node).filter(|_| self.candidates.contains(&node))?;
        self.arrays.iter().position(|array| array.has_form_of(value))
    }

    /// Gives a value the room that it has.
    pub fn take(&mut self, graph: &Graph, node: NodeId) {
        if let Some(output) = self.position(graph, node) {
            self.arrays.swap_remove(output);
        }
    }
}

/// The values that are stored in order to wait in the memory of an output.
pub(crate) fn lent(stores: &Stores) -> impl Iterator<Item = NodeId> {
    let is_lent = |(_, reason): &(&NodeId, &StoreReason)| matches!(reason, StoreReason::InOutput { .. });
    stores.iter().filter(is_lent).map(|(node, _)| *node)
}

/// Those of them that are known to find no place as soon as it is decided what shares a kernel: the last kernel that reads them has
/// totals, or writes no output of their form. In order.
pub(crate) fn homeless(
    graph: &Graph,
    outputs: &[NodeId],
    stores: &Stores,
    groups: &[Group],
    reads: &AllReads,
) -> Vec<NodeId> {
    // Whether the last kernel so far that reads them gives them a place.
    let mut waiting: QuickMap<NodeId, bool> = lent(stores).map(|node| (node, false)).collect();
    if waiting.is_empty() {
        return Vec::new();
    }
    let outputs: QuickSet<NodeId> = outputs.iter().copied().collect();
    for group in groups {
        let written = group.members().map(|root| root.node).filter(|node| outputs.contains(node));
        let written: Vec<&ArrayType> = written.filter_map(|node| graph.array(node)).collect();
        for read in group.members().flat_map(|root| &reads[&root].stored) {
            if let Some(has_place) = waiting.get_mut(&read.node)
                && let Some(value) = graph.array(read.node)
            {
                *has_place =
                    group.reductions.is_empty() && written.iter().any(|array| array.has_form_of(value));
            }
        }
    }
    let without = waiting.into_iter().filter(|(_, has_place)| !has_place);
    let mut homeless: Vec<NodeId> = without.map(|(node, _)| node).collect();
    homeless.sort_unstable();
    homeless
}
