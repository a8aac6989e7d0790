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
        /// How often each element would be.
        repeats: u64,
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
            Self::Again { repeats, cost } => {
                write!(f, ", because its users would compute them {repeats} times, at {cost} operations each")
            }
        }
    }
}

/// What is known of joins before it is known which loops read them.
#[derive(Debug, Default)]
pub(super) struct JoinUses {
    /// Nothing but a part of another one that is stored.
    within: QuickSet<NodeId>,
    /// For joins and what is below their parts, how many elements are read of each.
    read: QuickMap<NodeId, Read>,
}

/// How many elements of a value are read.
#[derive(Clone, Copy, Debug, Default)]
struct Read {
    /// That it has.
    elements: u64,
    /// Through views, each of which shows some.
    seen: u64,
    /// Is it read as it is as well?
    is_plain: bool,
}

impl JoinUses {
    /// Stores the joins among nodes, in order of creation, that cannot be read part by part. `uses` says how often each node is an
    /// operand.
    pub fn new(graph: &Graph, nodes: &[NodeId], uses: &QuickMap<NodeId, usize>, stores: &mut Stores) -> Self {
        let is_join = |node: NodeId| matches!(graph.node(node).op, Op::Concat { .. });
        let elements = |node: NodeId| graph.array(node).and_then(|array| array.shape.elements()).unwrap_or(0);
        let mut joins = Self::default();
        if !nodes.iter().any(|node| is_join(*node)) {
            return joins;
        }
        for join in nodes.iter().filter(|node| is_join(**node)) {
            for mut value in graph.operands(*join).iter().copied().chain([*join]) {
                while matches!(graph.node(value).op, Op::View(_))
                    && let Some(below) = graph.operands(value).first()
                {
                    value = *below;
                }
                joins
                    .read
                    .entry(value)
                    .or_insert_with(|| Read { elements: elements(value), ..Read::default() });
            }
        }
        // What reductions compute in their loops.
        let mut reduced: QuickSet<NodeId> = QuickSet::default();
        // A join comes after its parts, so that those who read it are met first.
        for node in nodes.iter().rev() {
            let (op, operands) = (&graph.node(*node).op, graph.operands(*node));
            for operand in operands {
                let Some(read) = joins.read.get_mut(operand) else { continue };
                if matches!(op, Op::View(_)) {
                    read.seen = read.seen.saturating_add(elements(*node).min(read.elements));
                } else {
                    read.is_plain = true;
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
                joins.within.extend(operands.iter().copied().filter(is_within));
            }
        }
        joins
    }

    /// Is it nothing but a part of another one that is stored?
    pub fn is_within(&self, join: NodeId) -> bool {
        self.within.contains(&join)
    }

    /// How often each element of a join, or of what is below a part, is read.
    pub fn repeats(&self, value: NodeId) -> u64 {
        let Some(read) = self.read.get(&value).filter(|read| read.elements > 0) else { return 0 };
        let seen = read.seen.saturating_add(read.elements / 2) / read.elements;
        seen + u64::from(read.is_plain)
    }
}
