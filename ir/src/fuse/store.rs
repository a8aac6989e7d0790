//! Which values are written to memory: outputs, reductions, and what is cheaper to keep than to
//! compute again.

use super::lending::{Lending, Room};
use super::loops::{Regions, loops_of_bounded_bodies};
use super::pays::{JoinUses, Uncut};
use super::routine::store_routines;
use super::rows::MOST_KERNELS;
use super::{Nests, Views};
use crate::graph::{Graph, NodeId, Op, StorePolicy};
use crate::quick_hash::{QuickMap, QuickSet, quick_map};
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::fmt;

/// An operation this costly (a division, a root) is worth storing before a broadcast repeats it.
const COSTLY: u64 = 6;

/// A value this costly, down to what is stored, is worth storing before a kernel that waits for a
/// reduction computes it again.
const LONG: u64 = 64;

/// The same for a value that can wait in the memory of an output until it is read: the row is in the cache.
const LENT: u64 = 12;

/// What it costs to store an element and to read it again, in additions.
const STORED_AND_READ: u64 = 8;

/// A broadcast that repeats a value at least this often is worth storing it for.
const REPEATS: u64 = 4;

/// Why a value is written to memory.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum StoreReason {
    /// The caller asked for it by name.
    Output,
    /// A reduction must be complete before anything reads it.
    Reduction,
    /// A broadcast would compute it again this many times, at this cost per element.
    Broadcast {
        /// Elements of the consumer per element of the value.
        repeats: u64,
        /// In additions.
        cost: u64,
    },
    /// A kernel that waits for others would compute it again, at this cost per element.
    Recomputed {
        /// In additions.
        cost: u64,
    },
    /// A kernel that waits for others would compute it again, at this cost per element, and the memory of
    /// an output has room for it until then.
    InOutput {
        /// In additions.
        cost: u64,
    },
    /// Joins and others that read it would compute it again, so often and at this cost per element.
    Again {
        /// How often each element would be computed.
        repeats: u64,
        /// In additions.
        cost: u64,
    },
    /// The loops of whoever reads joins of it would be cut into too many pieces.
    Pieces,
    /// The expression is too long for the body of one kernel.
    TooLong,
    /// The same, where `.store(Never)` stands on everything that could have been stored instead.
    TooLongForNever,
    /// No loops tell apart the axes that it joins.
    Reshape,
    /// The same, where `.store(Never)` stands on it.
    ReshapeForNever,
    /// Its parts are written side by side, each in the loops that compute it, because the loops of whoever reads it are not cut at
    /// their borders.
    Joined(Uncut),
    /// The same, where `.store(Never)` stands on it.
    JoinedForNever(Uncut),
    /// A routine works on whole arrays.
    Routine,
    /// A routine reads it from memory.
    Operand,
    /// It is the scratch memory of a routine.
    Scratch,
    /// Totals wait in it for the next piece of what is reduced.
    Carried,
    /// The user wrote `.store(Always)`.
    Requested,
}

impl StoreReason {
    /// Could the value as well be computed again?
    pub(crate) const fn is_optional(&self) -> bool {
        matches!(
            self,
            Self::Broadcast { .. }
                | Self::Recomputed { .. }
                | Self::InOutput { .. }
                | Self::Again { .. }
                | Self::Joined(Uncut::Again { .. })
        )
    }
}

impl fmt::Display for StoreReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Output => f.write_str("an output"),
            Self::Reduction => f.write_str("a reduction must be complete before it is read"),
            Self::Broadcast { repeats, cost } => {
                write!(f, "a broadcast would compute it {repeats} times, at {cost} operations each")
            }
            Self::Recomputed { cost } | Self::InOutput { cost } => {
                write!(f, "a kernel that waits for others would compute it again, at {cost} operations each")
            }
            Self::Again { repeats, cost } => {
                write!(f, "joins would compute it {repeats} times, at {cost} operations each")
            }
            Self::Pieces => f.write_str("the loops of those who read joins of it would be cut into too many pieces"),
            Self::TooLong => f.write_str("the expression is too long for one kernel"),
            Self::TooLongForNever => f.write_str(
                "the expression is too long for one kernel, and `.store(Never)` stands on all of it",
            ),
            Self::Reshape => f.write_str("it joins axes in a way that the loops of its users cannot follow"),
            Self::ReshapeForNever => f.write_str(
                "it joins axes in a way that the loops of its users cannot follow, and `.store(Never)` cannot be kept",
            ),
            Self::Joined(why) => write!(f, "{why}"),
            Self::JoinedForNever(why) => write!(f, "{why}, and `.store(Never)` cannot be kept"),
            Self::Routine => f.write_str("a routine works on whole arrays"),
            Self::Operand => f.write_str("a routine reads it from memory"),
            Self::Scratch => f.write_str("scratch memory of a routine"),
            Self::Carried => f.write_str("totals that wait for the next piece"),
            Self::Requested => f.write_str("`.store(Always)` asks for it"),
        }
    }
}

/// The stored nodes with the reason, in topological order.
pub(crate) type Stores = BTreeMap<NodeId, StoreReason>;

/// What is stored and why, and the loops of everything that is, with what they compute.
pub(crate) struct Decision {
    pub stores: Stores,
    pub views: Views,
    pub nests: Nests,
    pub regions: Regions,
}

/// Decides what is stored and in which loops it is computed, and composes the views that are not. `budget` is the most bytes that may be spent on values that could as well
/// be computed again.
pub(crate) fn decide(
    graph: &Graph,
    outputs: &[NodeId],
    policies: &QuickMap<NodeId, StorePolicy>,
    budget: u64,
    lending: &Lending,
) -> Decision {
    let nodes = graph.reachable_nodes(outputs);
    let written: QuickSet<NodeId> = outputs.iter().copied().collect();
    let mut stores: Stores = outputs.iter().map(|output| (*output, StoreReason::Output)).collect();
    for node in &nodes {
        if matches!(graph.node(*node).op, Op::Reduce { .. }) {
            stores.entry(*node).or_insert(StoreReason::Reduction);
        }
        if policies.get(node) == Some(&StorePolicy::Always) && !graph.node(*node).op.is_leaf() {
            stores.entry(*node).or_insert(StoreReason::Requested);
        }
    }
    let uses = uses(graph, &nodes);
    store_routines(graph, &nodes, &mut stores);
    let joins = JoinUses::new(graph, &nodes, &uses, &mut stores);
    // What must be stored comes first: it would be refused if anything else had used up the budget.
    let must = stores.keys().filter(|node| !written.contains(node));
    let must = must.fold(0u64, |sum, node| sum.saturating_add(bytes_of(graph, *node)));
    let budget = budget.saturating_sub(must);
    let reads = reads(graph, &nodes, &stores);
    let mut alone = if lending.is_empty() { std::mem::take(&mut stores) } else { stores.clone() };
    let Paid { estimates, may_wait } =
        store_what_pays(graph, &nodes, &reads, &joins, policies, budget, Room::default(), &mut alone);
    if lending.is_empty() || !may_wait {
        stores = alone;
    } else {
        let room = Room::new(lending, computed_or_read_by(graph, outputs, &alone, &estimates));
        store_what_pays(graph, &nodes, &reads, &joins, policies, budget, room, &mut stores);
    }
    // Only views that were stored from the beginning are.
    let views = Views::new(graph, &nodes, |node| stores.contains_key(&node));
    let (nests, regions) = loops_of_bounded_bodies(graph, &views, &uses, policies, &mut stores);
    for (node, reason) in &mut stores {
        if policies.get(node) == Some(&StorePolicy::Never) {
            match reason {
                StoreReason::Reshape => *reason = StoreReason::ReshapeForNever,
                StoreReason::Joined(why) => *reason = StoreReason::JoinedForNever(*why),
                _ => {}
            }
        }
    }
    Decision { stores, views, nests, regions }
}

/// What the loops of outputs compute, and the stored values that they read: as far as the kernels between may take turns with those of the
/// output.
fn computed_or_read_by(
    graph: &Graph,
    outputs: &[NodeId],
    stores: &Stores,
    estimates: &Estimates,
) -> QuickSet<NodeId> {
    let waits = |node: NodeId| estimates.get(&node).map_or(0, |estimate| estimate.waits);
    let mut near: QuickSet<NodeId> = QuickSet::default();
    // A value counts for the nearest output.
    let mut outputs: Vec<(usize, NodeId)> = outputs.iter().map(|output| (waits(*output), *output)).collect();
    outputs.sort_unstable();
    for (last, output) in outputs {
        // A total that is waited for is at least a kernel, and so is the output.
        let is_far = |node: NodeId| last.saturating_sub(waits(node)) >= MOST_KERNELS;
        let mut pending: Vec<NodeId> = graph.operands(output).to_vec();
        while let Some(node) = pending.pop() {
            // What reads a join part by part is written in pieces, none of which knows the rows of another kernel.
            let is_join = matches!(graph.node(node).op, Op::Concat { .. });
            if !is_far(node) && near.insert(node) && !stores.contains_key(&node) && !is_join {
                pending.extend(graph.operands(node));
            }
        }
    }
    near
}

fn bytes_of(graph: &Graph, node: NodeId) -> u64 {
    graph.array(node).and_then(|array| array.shape.bytes(array.dtype)).unwrap_or(u64::MAX)
}

/// What is known of computing a node inside a loop.
#[derive(Clone, Copy)]
struct Estimate {
    /// The value below views that are not stored: what is computed where the node is read.
    value: NodeId,
    /// Per element, in additions, down to what is stored.
    cost: u64,
    /// Elements of the largest array it reads.
    widest: u64,
    /// The value nearest to it that is read several times and is computed with it; where there are several, the costliest.
    shared: Option<NodeId>,
    /// How many reductions and joins must be complete, one after another, before it can be computed.
    waits: usize,
}

type Estimates = QuickMap<NodeId, Estimate>;

/// What it costs to evaluate a node once, in additions.
pub(super) fn cost_of(graph: &Graph, node: NodeId) -> u64 {
    match &graph.node(node).op {
        Op::Custom(custom) => custom.cost(),
        Op::Element(op) => op.row().cost,
        Op::Cast | Op::Generator(_) => 1,
        _ => 0,
    }
}

/// How often each node is an operand.
fn uses(graph: &Graph, nodes: &[NodeId]) -> QuickMap<NodeId, usize> {
    let mut uses = quick_map(nodes.len());
    for operand in nodes.iter().flat_map(|node| graph.operands(*node)) {
        *uses.entry(*operand).or_default() += 1;
    }
    uses
}

/// How often each value is read where something is computed, by itself or through views that are not stored.
fn reads(graph: &Graph, nodes: &[NodeId], stores: &Stores) -> QuickMap<NodeId, usize> {
    let mut reads: QuickMap<NodeId, usize> = quick_map(nodes.len());
    // Users come after what they read.
    for node in nodes.iter().rev() {
        let is_seen_through = matches!(graph.node(*node).op, Op::View(_)) && !stores.contains_key(node);
        let count = if is_seen_through { reads.get(node).copied().unwrap_or(0) } else { 1 };
        for operand in graph.operands(*node) {
            let known = reads.entry(*operand).or_default();
            *known = known.saturating_add(count);
        }
    }
    reads
}

/// What was learnt while it was decided what pays to store.
struct Paid {
    estimates: Estimates,
    /// Are there values that might wait in the memory of an output?
    may_wait: bool,
}

#[allow(clippy::too_many_arguments)]
fn store_what_pays(
    graph: &Graph,
    nodes: &[NodeId],
    reads: &QuickMap<NodeId, usize>,
    joins: &JoinUses,
    policies: &QuickMap<NodeId, StorePolicy>,
    mut budget: u64,
    mut room: Room<'_>,
    stores: &mut Stores,
) -> Paid {
    let elements = |node: NodeId| graph.array(node).and_then(|array| array.shape.elements()).unwrap_or(0);
    let pays_to_store = |node: NodeId, repeats: u64, cost: u64, budget: u64, stores: &Stores| {
        repeats.saturating_sub(1).saturating_mul(cost) > STORED_AND_READ
            && policies.get(&node) != Some(&StorePolicy::Never)
            && bytes_of(graph, node) <= budget
            && !stores.contains_key(&node)
    };
    let mut estimates: Estimates = quick_map(nodes.len());
    let mut may_wait = false;
    for node in nodes {
        let op = &graph.node(*node).op;
        let operands = graph.operands(*node);
        // It reads its operands once, and must be complete before anything reads it.
        let is_whole = matches!(op, Op::Reduce { .. } | Op::Routine(_));
        let below = operands.iter().filter_map(|operand| estimates.get(operand));
        let is_joined = matches!(op, Op::Concat { .. });
        let is_in_parts = is_joined && !joins.is_within(*node) && !stores.contains_key(node);
        let waits = below.map(|estimate| estimate.waits).max().unwrap_or(0)
            + usize::from(is_whole || is_joined && !is_in_parts);
        for operand in operands {
            let Some(at) = estimates.get(operand).map(|estimate| estimate.value) else { continue };
            let Some(Estimate { cost, widest, shared, .. }) = estimates.get(&at).copied() else { continue };
            // The loops of a part are its own.
            let computed = elements(if is_joined { *operand } else { *node });
            let repeats = computed.checked_div(elements(at)).unwrap_or(0);
            let again = shared.and_then(|shared| estimates.get(&shared)).copied();
            let again = again.filter(|again| again.cost >= LENT && waits > again.waits);
            may_wait |= again.is_some();
            let is_lent = again.is_some_and(|again| room.position(graph, again.value).is_some());
            let again = again.filter(|again| again.cost >= LONG || is_lent);
            let (value, reason) = if cost >= COSTLY && repeats >= REPEATS && elements(at) <= widest {
                (at, StoreReason::Broadcast { repeats, cost })
            } else if let Some(Estimate { value, cost, .. }) = again {
                (
                    value,
                    if is_lent { StoreReason::InOutput { cost } } else { StoreReason::Recomputed { cost } },
                )
            } else {
                continue;
            };
            let never = policies.get(&value) == Some(&StorePolicy::Never);
            let bytes =
                if matches!(reason, StoreReason::InOutput { .. }) { 0 } else { bytes_of(graph, value) };
            if is_whole || never || bytes > budget || stores.contains_key(&value) {
                continue;
            }
            if matches!(reason, StoreReason::InOutput { .. }) {
                room.take(graph, value);
            }
            budget -= bytes;
            stores.insert(value, reason);
            let saved = estimates[&value].cost;
            estimates.entry(at).and_modify(|above| {
                above.cost = above.cost.saturating_sub(saved);
                above.shared = None;
            });
            estimates.entry(value).and_modify(|stored| {
                (stored.cost, stored.widest, stored.shared) = (0, elements(value), None);
            });
        }
        if is_in_parts {
            // What loops read part by part, and what is below it, is computed by each of its users.
            let values = operands.iter().filter_map(|operand| Some(estimates.get(operand)?.value));
            let values: SmallVec<[NodeId; 3]> = values.collect();
            for value in values {
                let (cost, repeats) = (estimates[&value].cost, joins.repeats(value));
                if pays_to_store(value, repeats, cost, budget, stores) {
                    budget -= bytes_of(graph, value);
                    stores.insert(value, StoreReason::Again { repeats, cost });
                    estimates.entry(value).and_modify(|stored| {
                        (stored.cost, stored.widest, stored.shared) = (0, elements(value), None);
                    });
                }
            }
        }
        let below = || {
            let current = |below: &Estimate| estimates.get(&below.value).copied().unwrap_or(*below);
            operands.iter().filter_map(|operand| estimates.get(operand)).map(current)
        };
        let mut estimate = Estimate { value: *node, cost: 0, widest: 0, shared: None, waits };
        // Of what operands share, that which costs most.
        let cost_again = |shared: NodeId| estimates.get(&shared).map_or(0, |shared| shared.cost);
        for below in below() {
            estimate.cost = estimate.cost.saturating_add(below.cost);
            estimate.widest = estimate.widest.max(below.widest);
            let shared = [estimate.shared, below.shared].into_iter().flatten();
            estimate.shared = shared.max_by_key(|shared| (cost_again(*shared), *shared));
        }
        if reads.get(node) > Some(&1) && !op.is_leaf() {
            estimate.shared = Some(*node);
        }
        match op {
            // A view of what is stored by now costs nothing either.
            Op::View(_) => {
                if let Some(below) = operands.first().and_then(|operand| estimates.get(operand)) {
                    let value = estimates.get(&below.value).copied().unwrap_or(*below);
                    estimate = Estimate { waits, ..value };
                }
            }
            Op::Custom(_) | Op::Element(_) | Op::Cast | Op::Generator(_) => {
                estimate.cost = estimate.cost.saturating_add(cost_of(graph, *node));
            }
            Op::Input(_) | Op::Array(_) => estimate.widest = elements(*node),
            Op::Reduce { .. } | Op::Routine(_) => {}
            // In the memory of another join.
            Op::Concat { .. } if joins.is_within(*node) => {
                (estimate.cost, estimate.shared, estimate.widest) = (0, None, elements(*node));
            }
            Op::Concat { .. } => {
                // Each element is computed in one part.
                estimate.cost = below().map(|below| below.cost).max().unwrap_or(0);
                estimate.widest = elements(*node);
            }
        }
        if is_in_parts {
            let (cost, repeats) = (estimate.cost, joins.repeats(*node));
            if pays_to_store(*node, repeats, cost, budget, stores) {
                budget -= bytes_of(graph, *node);
                stores.insert(*node, StoreReason::Joined(Uncut::Again { repeats, cost }));
            }
        }
        if stores.contains_key(node) && !op.is_leaf() {
            estimate = Estimate { value: *node, cost: 0, widest: elements(*node), shared: None, waits };
        }
        estimates.insert(*node, estimate);
    }
    Paid { estimates, may_wait }
}
