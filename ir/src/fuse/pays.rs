//! Which joins are stored whatever loops read them, and why. The others are read part by part ([`pieces`](super::pieces)).

use super::pieces::MOST_PIECES;
use super::{StoreReason, Stores};
use crate::graph::{Graph, NodeId, Op};
use crate::quick_hash::{QuickMap, QuickSet};
use std::fmt;

/// Why the loops of whoever reads a join are not cut at the borders of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Uncut {
    /// It is in memory anyway.
    Output,
    /// A reduction reads across the borders.
    Reduction,
    /// No loop runs along it alone.
    Loops,
    /// Where the borders are in the loops depends on sizes that are not known.
    Sizes,
    /// There would be too many pieces.
    Pieces,
    /// Pieces would have so short rows that it would cost more than to store it.
    Rows,
    /// It would be computed again for everybody who reads it.
    Again {
        /// How many do.
        reads: u64,
        /// In additions for each element.
        cost: u64,
    },
}

impl fmt::Display for Uncut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("its parts are written side by side")?;
        match self {
            Self::Output => Ok(()),
            Self::Reduction => f.write_str(", because a reduction reads across their borders"),
            Self::Loops => f.write_str(", because no loop of its users runs along it alone"),
            Self::Sizes => f.write_str(
                ", because sizes that are not known decide where they meet in the loops of its users",
            ),
            Self::Pieces => f.write_str(", because the loops of its users would be cut into too many pieces"),
            Self::Rows => f.write_str(", because rows of the pieces of its users' loops would be too short"),
            Self::Again { reads, cost } => {
                write!(f, ", because {reads} users would compute them, at {cost} operations each")
            }
        }
    }
}

/// What is known of joins before it is known which loops read them.
#[derive(Debug, Default)]
pub(super) struct JoinUses {
    /// Nothing but a part of another one that is stored.
    within: QuickSet<NodeId>,
    /// In how many ways each is read: once as it is, and once for each view of it.
    reads: QuickMap<NodeId, u64>,
    /// Read as they are.
    plain: QuickSet<NodeId>,
}

impl JoinUses {
    /// Stores the joins among nodes, in order of creation, that cannot be read part by part. `uses` says how often each node is an
    /// operand.
    pub fn new(graph: &Graph, nodes: &[NodeId], uses: &QuickMap<NodeId, usize>, stores: &mut Stores) -> Self {
        let is_join = |node: NodeId| matches!(graph.node(node).op, Op::Concat { .. });
        let mut joins = Self::default();
        if !nodes.iter().any(|node| is_join(*node)) {
            return joins;
        }
        // What reductions compute in their loops.
        let mut reduced: QuickSet<NodeId> = QuickSet::default();
        // A join comes after its parts, so that those who read it are met first.
        for node in nodes.iter().rev() {
            let (op, operands) = (&graph.node(*node).op, graph.operands(*node));
            for operand in operands.iter().filter(|operand| is_join(**operand)) {
                if matches!(op, Op::View(_)) || joins.plain.insert(*operand) {
                    *joins.reads.entry(*operand).or_default() += 1;
                }
            }
            if !is_join(*node) {
                let is_reduced = reduced.contains(node) && !stores.contains_key(node);
                if is_reduced || matches!(op, Op::Reduce { .. }) {
                    reduced.extend(operands);
                }
                continue;
            }
            let why = if reduced.contains(node) {
                Some(Uncut::Reduction)
            } else if operands.len() > MOST_PIECES {
                Some(Uncut::Pieces)
            } else {
                None
            };
            if let Some(why) = why.filter(|_| !joins.within.contains(node)) {
                stores.entry(*node).or_insert(StoreReason::Joined(why));
            }
            if stores.contains_key(node) || joins.within.contains(node) {
                let is_within = |part: &NodeId| {
                    is_join(*part) && uses.get(part) == Some(&1) && !stores.contains_key(part)
                };
                joins.within.extend(operands.into_iter().filter(is_within));
            }
        }
        joins
    }

    /// Is it nothing but a part of another one that is stored?
    pub fn is_within(&self, join: NodeId) -> bool {
        self.within.contains(&join)
    }

    /// In how many ways it is read.
    pub fn reads(&self, join: NodeId) -> u64 {
        self.reads.get(&join).copied().unwrap_or(0)
    }
}
