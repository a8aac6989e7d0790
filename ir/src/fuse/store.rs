//! Which values are written to memory: outputs, reductions, and what is cheaper to keep than to
//! compute again.

use super::{MAX_BODY, region};
use crate::graph::{Graph, NodeId, Op, StorePolicy};
use std::collections::{BTreeMap, HashMap};
use std::fmt;

/// An operation this costly (a division, a root) is worth storing before a broadcast repeats it.
const COSTLY: u64 = 6;

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
    /// The expression is too long for the body of one kernel.
    TooLong,
    /// The user wrote `.store(Always)`.
    Requested,
}

impl fmt::Display for StoreReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Output => f.write_str("an output"),
            Self::Reduction => f.write_str("a reduction must be complete before it is read"),
            Self::Broadcast { repeats, cost } => {
                write!(f, "a broadcast would compute it {repeats} times, at {cost} operations each")
            }
            Self::TooLong => f.write_str("the expression is too long for one kernel"),
            Self::Requested => f.write_str("`.store(Always)` asks for it"),
        }
    }
}

/// The stored nodes with the reason, in topological order.
pub(crate) type Stores = BTreeMap<NodeId, StoreReason>;

/// Decides what is stored. `budget` is the most bytes that may be spent on values that could as well
/// be computed again.
pub(crate) fn decide(
    graph: &Graph,
    outputs: &[NodeId],
    policies: &HashMap<NodeId, StorePolicy>,
    budget: u64,
) -> Stores {
    let nodes = graph.reachable_nodes(outputs);
    let mut stores: Stores = outputs.iter().map(|output| (*output, StoreReason::Output)).collect();
    for node in &nodes {
        if matches!(graph.node(*node).op, Op::Reduce { .. }) {
            stores.entry(*node).or_insert(StoreReason::Reduction);
        }
        if policies.get(node) == Some(&StorePolicy::Always) && !graph.node(*node).op.is_leaf() {
            stores.entry(*node).or_insert(StoreReason::Requested);
        }
    }
    store_before_broadcasts(graph, &nodes, policies, budget, &mut stores);
    cut_long_bodies(graph, &mut stores);
    stores
}

/// What is known of computing a node inside a loop.
#[derive(Clone, Copy, Default)]
struct Estimate {
    /// Per element, in additions, down to what is stored.
    cost: u64,
    /// Elements of the largest array it reads.
    widest: u64,
}

fn store_before_broadcasts(
    graph: &Graph,
    nodes: &[NodeId],
    policies: &HashMap<NodeId, StorePolicy>,
    mut budget: u64,
    stores: &mut Stores,
) {
    let elements = |node: NodeId| graph.array(node).and_then(|array| array.shape.elements()).unwrap_or(0);
    let mut estimates: HashMap<NodeId, Estimate> = HashMap::new();
    for node in nodes {
        let op = &graph.node(*node).op;
        for operand in graph.operands(*node) {
            // The value that would be repeated is the one below the views.
            let mut value = operand;
            while let (Op::View(_), [source]) = (&graph.node(value).op, &graph.operands(value)[..]) {
                if stores.contains_key(&value) {
                    break;
                }
                value = *source;
            }
            let own = elements(value);
            let repeats = elements(*node).checked_div(own).unwrap_or(0);
            let estimate = estimates.get(&value).copied().unwrap_or_default();
            let bytes =
                graph.array(value).and_then(|array| array.shape.bytes(array.dtype)).unwrap_or(u64::MAX);
            let pays =
                estimate.cost >= COSTLY && repeats >= REPEATS && own <= estimate.widest && bytes <= budget;
            let never = policies.get(&value) == Some(&StorePolicy::Never);
            if pays && !never && !matches!(op, Op::Reduce { .. }) && !stores.contains_key(&value) {
                budget -= bytes;
                stores.insert(value, StoreReason::Broadcast { repeats, cost: estimate.cost });
                estimates.insert(value, Estimate { cost: 0, widest: own });
            }
        }
        let mut estimate = Estimate::default();
        for operand in graph.operands(*node) {
            let below = estimates.get(&operand).copied().unwrap_or_default();
            estimate.cost = estimate.cost.saturating_add(below.cost);
            estimate.widest = estimate.widest.max(below.widest);
        }
        estimate.cost = estimate.cost.saturating_add(match op {
            Op::Element(op) => op.row().cost,
            Op::Cast => 1,
            _ => 0,
        });
        if op.is_leaf() {
            let computed = matches!(op, Op::Generator(_));
            estimate =
                Estimate { cost: u64::from(computed), widest: if computed { 0 } else { elements(*node) } };
        } else if stores.contains_key(node) {
            estimate = Estimate { cost: 0, widest: elements(*node) };
        }
        estimates.insert(*node, estimate);
    }
}

/// Cuts regions that would make a body too long: first in slices of the creation order, then, where
/// one value is read at many index maps, at that value.
fn cut_long_bodies(graph: &Graph, stores: &mut Stores) {
    let mut pending: Vec<NodeId> = stores.keys().copied().collect();
    while let Some(root) = pending.pop() {
        let found = region(graph, root, |node| stores.contains_key(&node), 64 * MAX_BODY);
        if found.inside.len() <= MAX_BODY {
            continue;
        }
        let mut inside: Vec<NodeId> = found
            .inside
            .iter()
            .map(|(node, _)| *node)
            .filter(|node| *node != root && matches!(graph.node(*node).op, Op::Element(_) | Op::Cast))
            .collect();
        inside.sort_unstable();
        let mut distinct = inside.clone();
        distinct.dedup();
        // The value that is read at the most places, or the middle of the expression.
        let mut places: HashMap<NodeId, usize> = HashMap::new();
        for node in &inside {
            *places.entry(*node).or_default() += 1;
        }
        let repeated = distinct.iter().copied().max_by_key(|node| (places[node], *node));
        let cut = match repeated {
            Some(node) if places[&node] > 1 => node,
            _ => match distinct.get(distinct.len() / 2) {
                Some(middle) => *middle,
                None => continue,
            },
        };
        stores.insert(cut, StoreReason::TooLong);
        pending.push(root);
        pending.push(cut);
    }
}
