//! Which values are written to memory: outputs, reductions, and what is cheaper to keep than to
//! compute again.

use super::nest::nest;
use super::parts::Joins;
use super::routine::store_routines;
use super::{MAX_BODY, Nests, Root, Views};
use crate::graph::{Graph, NodeId, Op, StorePolicy};
use crate::quick_hash::QuickMap;
use crate::shape::ArrayType;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;

/// An operation this costly (a division, a root) is worth storing before a broadcast repeats it.
const COSTLY: u64 = 6;

/// A value this costly, down to what is stored, is worth storing before a kernel that waits for a
/// reduction computes it again.
const LONG: u64 = 64;

/// The same for a value that can wait in the memory of an output until it is read: the row is in the cache.
const LENT: u64 = 12;

/// Values that find no place in an output are given up one after another, and after so many all of them.
const REFUSALS: usize = 3;

/// The most evaluations that are looked at to find where to cut.
const WALKED: usize = 16 * MAX_BODY;

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
    /// The expression is too long for the body of one kernel.
    TooLong,
    /// The same, where `.store(Never)` stands on everything that could have been stored instead.
    TooLongForNever,
    /// No loops tell apart the axes that it joins.
    Reshape,
    /// The same, where `.store(Never)` stands on it.
    ReshapeForNever,
    /// Its parts are written side by side, each in the loops that compute it.
    Joined,
    /// The same, where `.store(Never)` stands on it.
    JoinedForNever,
    /// A routine works on whole arrays.
    Routine,
    /// A routine reads it from memory.
    Operand,
    /// It is the scratch memory of a routine.
    Scratch,
    /// The user wrote `.store(Always)`.
    Requested,
}

impl StoreReason {
    /// Could the value as well be computed again?
    pub(crate) const fn is_optional(&self) -> bool {
        matches!(self, Self::Broadcast { .. } | Self::Recomputed { .. } | Self::InOutput { .. })
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
            Self::TooLong => f.write_str("the expression is too long for one kernel"),
            Self::TooLongForNever => f.write_str(
                "the expression is too long for one kernel, and `.store(Never)` stands on all of it",
            ),
            Self::Reshape => f.write_str("it joins axes in a way that the loops of its users cannot follow"),
            Self::ReshapeForNever => f.write_str(
                "it joins axes in a way that the loops of its users cannot follow, and `.store(Never)` cannot be kept",
            ),
            Self::Joined => f.write_str("its parts are written side by side"),
            Self::JoinedForNever => {
                f.write_str("its parts are written side by side, and `.store(Never)` cannot be kept")
            }
            Self::Routine => f.write_str("a routine works on whole arrays"),
            Self::Operand => f.write_str("a routine reads it from memory"),
            Self::Scratch => f.write_str("scratch memory of a routine"),
            Self::Requested => f.write_str("`.store(Always)` asks for it"),
        }
    }
}

/// The stored nodes with the reason, in topological order.
pub(crate) type Stores = BTreeMap<NodeId, StoreReason>;

/// The arrays of outputs, in which values of the same dtype and shape can wait until they are read.
#[derive(Debug, Default)]
pub(crate) struct Lending {
    arrays: Vec<ArrayType>,
    refused: HashSet<NodeId>,
    refusals: usize,
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
        Self { arrays: computed.filter_map(|node| graph.array(*node)).cloned().collect(), ..Self::default() }
    }

    /// These values have found no place.
    pub fn refuse(&mut self, values: Vec<NodeId>) {
        self.refusals += 1;
        self.refused.extend(values);
        if self.refusals >= REFUSALS {
            self.arrays.clear();
        }
    }

    fn has_room_for(&self, graph: &Graph, node: NodeId) -> bool {
        let Some(value) = graph.array(node).filter(|_| !self.refused.contains(&node)) else { return false };
        self.arrays.iter().any(|array| array.has_form_of(value))
    }
}

/// Decides what is stored and in which loops it is computed, and composes the views that are not. `budget` is the most bytes that may be spent on values that could as well
/// be computed again.
pub(crate) fn decide(
    graph: &Graph,
    outputs: &[NodeId],
    policies: &HashMap<NodeId, StorePolicy>,
    budget: u64,
    lending: &Lending,
) -> (Stores, Views, Nests) {
    let nodes = graph.reachable_nodes(outputs);
    let written: HashSet<NodeId> = outputs.iter().copied().collect();
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
    let joins = Joins::new(graph, &nodes, &uses, &mut stores);
    store_routines(graph, &nodes, &mut stores);
    // What must be stored comes first: it would be refused if anything else had used up the budget.
    let must = stores.keys().filter(|node| !written.contains(node));
    let must = must.fold(0u64, |sum, node| sum.saturating_add(bytes_of(graph, *node)));
    store_what_pays(graph, &nodes, &uses, policies, budget.saturating_sub(must), lending, &mut stores);
    // Only views that were stored from the beginning are.
    let views = Views::new(graph, &nodes, |node| stores.contains_key(&node));
    let nests = loops_of_bounded_bodies(graph, &views, &joins, policies, &mut stores);
    for (node, reason) in &mut stores {
        if policies.get(node) == Some(&StorePolicy::Never) {
            match reason {
                StoreReason::Reshape => *reason = StoreReason::ReshapeForNever,
                StoreReason::Joined => *reason = StoreReason::JoinedForNever,
                _ => {}
            }
        }
    }
    (stores, views, nests)
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
    /// The value nearest to it that has several users and is computed with it.
    shared: Option<NodeId>,
    /// How many reductions and joins must be complete, one after another, before it can be computed.
    waits: usize,
}

/// How often each node is an operand.
fn uses(graph: &Graph, nodes: &[NodeId]) -> HashMap<NodeId, usize> {
    let mut uses = HashMap::new();
    for operand in nodes.iter().flat_map(|node| graph.operands(*node)) {
        *uses.entry(operand).or_default() += 1;
    }
    uses
}

fn store_what_pays(
    graph: &Graph,
    nodes: &[NodeId],
    uses: &HashMap<NodeId, usize>,
    policies: &HashMap<NodeId, StorePolicy>,
    mut budget: u64,
    lending: &Lending,
    stores: &mut Stores,
) {
    let elements = |node: NodeId| graph.array(node).and_then(|array| array.shape.elements()).unwrap_or(0);
    let mut estimates: QuickMap<NodeId, Estimate> = QuickMap::default();
    for node in nodes {
        let op = &graph.node(*node).op;
        let operands = graph.operands(*node);
        // It reads its operands once, and must be complete before anything reads it.
        let is_whole = matches!(op, Op::Reduce { .. } | Op::Routine(_));
        let below = operands.iter().filter_map(|operand| estimates.get(operand));
        let is_joined = matches!(op, Op::Concat { .. });
        let waits =
            below.map(|estimate| estimate.waits).max().unwrap_or(0) + usize::from(is_whole || is_joined);
        for operand in &operands {
            let Some(at) = estimates.get(operand).map(|estimate| estimate.value) else { continue };
            let Some(Estimate { cost, widest, shared, .. }) = estimates.get(&at).copied() else { continue };
            // The loops of a part are its own.
            let computed = elements(if is_joined { *operand } else { *node });
            let repeats = computed.checked_div(elements(at)).unwrap_or(0);
            let again = shared.and_then(|shared| estimates.get(&shared)).copied();
            let again = again.filter(|again| again.cost >= LENT && waits > again.waits);
            let is_lent = again.is_some_and(|again| lending.has_room_for(graph, again.value));
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
        let mut estimate = Estimate { value: *node, cost: 0, widest: 0, shared: None, waits };
        for below in operands.iter().filter_map(|operand| estimates.get(operand)) {
            estimate.cost = estimate.cost.saturating_add(below.cost);
            estimate.widest = estimate.widest.max(below.widest);
            estimate.shared = estimate.shared.max(below.shared);
        }
        if uses.get(node) > Some(&1) {
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
            Op::Custom(custom) => estimate.cost = estimate.cost.saturating_add(custom.cost()),
            Op::Element(op) => estimate.cost = estimate.cost.saturating_add(op.row().cost),
            Op::Cast => estimate.cost = estimate.cost.saturating_add(1),
            Op::Generator(_) => estimate.cost = 1,
            Op::Input(_) | Op::Array(_) => estimate.widest = elements(*node),
            Op::Reduce { .. } | Op::Routine(_) => {}
            // In memory, its own or that of another join.
            Op::Concat { .. } => {
                (estimate.cost, estimate.shared, estimate.widest) = (0, None, elements(*node))
            }
        }
        if stores.contains_key(node) && !op.is_leaf() {
            estimate = Estimate { value: *node, cost: 0, widest: elements(*node), shared: None, waits };
        }
        estimates.insert(*node, estimate);
    }
}

/// The loops of everything that is written. Regions that would make a body too long are cut: first in slices of the creation order, then, where
/// one value is read at many index maps, at that value. A value that is never to be stored is cut at
/// only where there is no other.
fn loops_of_bounded_bodies(
    graph: &Graph,
    views: &Views,
    joins: &Joins,
    policies: &HashMap<NodeId, StorePolicy>,
    stores: &mut Stores,
) -> Nests {
    let mut nests = Nests::new();
    let mut pending: Vec<Root> = stores.keys().flat_map(|node| joins.roots(*node)).collect();
    while let Some(root) = pending.pop() {
        let (loops, found) = nest(graph, views, joins, stores, root, WALKED, &mut pending);
        let length = found.inside.len();
        if length <= MAX_BODY {
            nests.insert(root, loops);
            continue;
        }
        let may_be_stored = |node: &NodeId| policies.get(node) != Some(&StorePolicy::Never);
        // How often each value is computed, in order of creation.
        let mut computed: BTreeMap<NodeId, usize> = BTreeMap::new();
        for (node, _) in found.inside {
            if node != root.value && matches!(graph.node(node).op, Op::Element(_) | Op::Custom(_) | Op::Cast)
            {
                *computed.entry(node).or_default() += 1;
            }
        }
        let is_free = computed.keys().any(may_be_stored);
        if is_free {
            computed.retain(|node, _| may_be_stored(node));
        }
        // The value that is read at the most places, or some at about the same distance in the expression.
        let repeated = computed.iter().max_by_key(|(node, places)| (**places, **node));
        let cuts: Vec<NodeId> = match repeated {
            // Far too long: all that is read at about as many places.
            Some((_, most)) if *most > 1 && length > WALKED / 2 => {
                computed.iter().filter(|(_, places)| **places > *most / 2).map(|(node, _)| *node).collect()
            }
            Some((node, places)) if *places > 1 => vec![*node],
            // As many slices as it takes at least, of about the same length.
            _ => {
                let slices = length.div_ceil(MAX_BODY);
                let last = |slice: usize| computed.len() * slice / slices;
                let cuts: BTreeSet<usize> = (1..slices).map(last).collect();
                let is_cut = |(at, node)| cuts.contains(&at).then_some(node);
                computed.keys().copied().enumerate().filter_map(is_cut).collect()
            }
        };
        if cuts.is_empty() {
            nests.insert(root, nest(graph, views, joins, stores, root, usize::MAX, &mut pending).0);
            continue;
        }
        let reason = if is_free { StoreReason::TooLong } else { StoreReason::TooLongForNever };
        pending.push(root);
        for cut in cuts {
            stores.insert(cut, reason.clone());
            pending.push(Root::whole(cut));
        }
    }
    nests
}
