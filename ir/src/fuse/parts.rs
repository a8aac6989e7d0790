//! Joins: what is written side by side in one buffer, and by which kernels.

use super::Stores;
use crate::graph::{Graph, NodeId, Op};
use crate::quick_hash::QuickMap;
use crate::size::SizeExpr;
use smallvec::SmallVec;

/// What one kernel writes, alone or with others: a stored value, or a part of one that is joined. In order,
/// each comes after what it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Root {
    /// The stored value.
    pub node: NodeId,
    /// Which of its parts; 0 where it has none.
    part: u32,
    /// Which piece of its loops, counted from 1; 0 where they are not cut.
    piece: u32,
    /// What is computed: the part, or the stored value itself.
    pub value: NodeId,
}

impl Root {
    /// A value that is computed as a whole.
    pub const fn whole(node: NodeId) -> Self {
        Self { node, part: 0, piece: 0, value: node }
    }

    /// A piece of it.
    pub const fn piece(self, piece: u32) -> Self {
        Self { piece, ..self }
    }

    /// Is it a part of a join?
    pub fn is_part(&self) -> bool {
        self.node != self.value
    }

    /// Does nothing else write elements of the same value?
    pub fn is_alone(&self) -> bool {
        !self.is_part() && self.piece == 0
    }
}

/// Where a part begins, on each axis of the value that it belongs to.
pub(crate) type Start = SmallVec<[SizeExpr; 3]>;

/// A part of a stored value.
#[derive(Debug)]
pub(crate) struct Part {
    pub root: Root,
    pub start: Start,
}

/// The parts of all joins that are stored, by value.
#[derive(Debug, Default)]
pub(crate) struct Joins(QuickMap<NodeId, Vec<Part>>);

impl Joins {
    /// The parts of all joins that are stored. `uses` says how often each node is an operand.
    pub fn new(graph: &Graph, uses: &QuickMap<NodeId, usize>, stores: &Stores) -> Self {
        let mut joins = Self::default();
        stores.keys().for_each(|node| joins.add(graph, *node, uses, stores));
        joins
    }

    /// The parts of a stored value, if it is a join. A join that is nothing but a part of another has no memory of its own: its
    /// parts are written where it would have been copied to.
    pub fn add(&mut self, graph: &Graph, node: NodeId, uses: &QuickMap<NodeId, usize>, stores: &Stores) {
        let Some(axis) = axis_of(graph, node) else { return };
        let mut parts = Vec::new();
        let origin = Start::from_elem(SizeExpr::known(0), rank(graph, node));
        let mut pending = side_by_side(graph, node, axis, &origin);
        while let Some((value, start)) = pending.pop() {
            let is_within = uses.get(&value) == Some(&1) && !stores.contains_key(&value);
            match axis_of(graph, value).filter(|_| is_within) {
                Some(axis) => pending.extend(side_by_side(graph, value, axis, &start)),
                None => {
                    let root = Root { part: parts.len() as u32, value, ..Root::whole(node) };
                    parts.push(Part { root, start });
                }
            }
        }
        self.0.insert(node, parts);
    }

    /// What is written of a stored value: the value itself, or each of its parts.
    pub fn roots(&self, node: NodeId) -> impl Iterator<Item = Root> + '_ {
        let parts = self.0.get(&node);
        let whole = parts.is_none().then_some(Root::whole(node));
        whole.into_iter().chain(parts.into_iter().flatten().map(|part| part.root))
    }

    /// Where a part begins; nothing for a value as a whole.
    pub fn start(&self, root: &Root) -> Start {
        let part = self.0.get(&root.node).and_then(|parts| parts.get(root.part as usize));
        part.map(|part| part.start.clone()).unwrap_or_default()
    }
}

fn axis_of(graph: &Graph, node: NodeId) -> Option<usize> {
    match graph.node(node).op {
        Op::Concat { axis } => Some(axis),
        _ => None,
    }
}

fn rank(graph: &Graph, node: NodeId) -> usize {
    graph.array(node).map_or(0, |array| array.shape.len())
}

/// The operands of a join that begins at `start`, with where they begin, last one first.
fn side_by_side(graph: &Graph, node: NodeId, axis: usize, start: &Start) -> Vec<(NodeId, Start)> {
    let mut at = start.clone();
    let mut found = Vec::new();
    for operand in graph.operands(node).iter().copied() {
        found.push((operand, at.clone()));
        if let Some(array) = graph.array(operand) {
            at[axis] = at[axis].plus(&array.shape[axis].size());
        }
    }
    found.reverse();
    found
}
