//! What became of every value of an expression: into which loops it was fused, or why it was not.

use crate::diagnostic::Site;
use crate::dim::Dim;
use crate::fuse::{AllReads, Group, Places, StoreReason, Stores};
use crate::graph::{Generator, Graph, Node, NodeId, Op, SiteId};
use crate::kernel::Buffer;
use crate::quick_hash::{QuickMap, QuickSet};
use crate::scalar::Scalar;
use crate::shape::ArrayType;
use crate::size::SizeExpr;
use crate::view::{Range, View};
use std::sync::Arc;

/// A value of the expression that a plan was made for.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanNode {
    /// The operation that makes it; of an input, its name, and of a number, the number.
    pub operation: String,
    /// What else decides what it is: axes, ranges, numbers. None where the operation and its operands say it all.
    pub detail: Option<String>,
    /// The user's name for it, where there is one.
    pub label: Option<Arc<str>>,
    /// The function composed of operations that it is a part of, by name.
    pub within: Option<&'static str>,
    /// Its dtype and shape; `None` where it is wrong, or an operand of it is.
    pub array: Option<ArrayType>,
    /// The call that makes it: the first, or the first that has a name.
    pub site: Site,
    /// Its operands, in operand order: positions in [`Plan::nodes`](crate::Plan::nodes), smaller than its own.
    pub operands: Vec<usize>,
    /// What became of it.
    pub fate: Fate,
    /// The kernels and routines that compute it, ascending: positions in [`Plan::tasks`](crate::Plan::tasks). Several, where it is
    /// computed again, or a join; none, where it is memory already, a view, or nothing was planned.
    pub kernels: Vec<usize>,
}

impl PlanNode {
    /// The name by which messages know it: the user's, or that of the operation.
    #[must_use]
    pub fn name(&self) -> &str {
        self.label.as_deref().or(self.within).unwrap_or(&self.operation)
    }
}

/// What became of a value.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fate {
    /// It is the input at this position.
    Input(usize),
    /// It is the constant array at this position.
    Constant(usize),
    /// It is the output at this position, for this reason in memory.
    Output(usize, StoreReason),
    /// It is the stored value at this position, for this reason not computed where it is used.
    Stored(usize, StoreReason),
    /// It is computed inside the loops of the kernels that use it, and never in memory.
    Fused,
    /// It is a view, or a join of which each kernel reads one part: folded into where the loops of its users read.
    Folded,
    /// It is part of a join that is stored: written to its place there.
    Joined,
    /// Nothing was planned, because the expression was refused.
    Unplanned,
}

/// A node of a plan for each of these nodes, which are known by these calls, operands first, with the position of each.
pub(crate) fn undecided(
    graph: &Graph,
    called: &QuickMap<NodeId, SiteId>,
) -> (Vec<PlanNode>, QuickMap<NodeId, usize>) {
    let mut order: Vec<(NodeId, SiteId)> = called.iter().map(|(node, site)| (*node, *site)).collect();
    order.sort_unstable();
    let positions: QuickMap<NodeId, usize> = order.iter().map(|(node, _)| *node).zip(0..).collect();
    let mut inputs = 0..;
    let node = |(node, site): &(NodeId, SiteId)| {
        let (made, call) = (graph.node(*node), graph.call_site(*site));
        PlanNode {
            operation: operation(made),
            detail: detail(graph, *node),
            label: call.label.clone(),
            within: call.composition.map(|function| function.name),
            array: made.array.clone(),
            site: call.site,
            operands: graph
                .operands(*node)
                .iter()
                .filter_map(|operand| positions.get(operand).copied())
                .collect(),
            fate: match made.op {
                Op::Input(_) if made.array.is_some() => Fate::Input(inputs.next().unwrap_or_default()),
                Op::Array(held) => Fate::Constant(held),
                _ => Fate::Unplanned,
            },
            kernels: Vec::new(),
        }
    };
    let nodes = order.iter().map(node).collect();
    (nodes, positions)
}

fn operation(node: &Node) -> String {
    match (&node.op, &node.array) {
        (Op::Generator(Generator::Full(number)), Some(array)) if array.shape.is_empty() => number.to_string(),
        (op, _) => op.name().to_string(),
    }
}

/// The most elements of a constant that are listed.
const LISTED: usize = 8;

fn detail(graph: &Graph, node: NodeId) -> Option<String> {
    let list = |axes: &[usize]| axes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let source = || Some(&graph.array(*graph.operands(node).first()?)?.shape);
    Some(match &graph.node(node).op {
        Op::Generator(Generator::Full(number))
            if graph.array(node).is_some_and(|full| !full.shape.is_empty()) =>
        {
            number.to_string()
        }
        Op::Generator(Generator::Arange { start, step }) => format!("from {start} by {step}"),
        Op::Generator(Generator::Linspace { start, step, stop }) => match stop {
            Some(stop) => format!("from {start} by {step} to {stop}"),
            None => format!("from {start} by {step}"),
        },
        Op::Generator(Generator::LinspaceOver { start, stop }) => format!("from {start} to {stop}"),
        Op::Generator(Generator::Size(size)) => size.to_string(),
        Op::Array(held) => constant(&graph.arrays().get(*held)?.elements),
        Op::Reduce { axes, keepdims, .. } => {
            format!("along axes [{}]{}", list(axes), if *keepdims { ", which stay with size 1" } else { "" })
        }
        Op::Concat { axis } => format!("along axis {axis}"),
        Op::Routine(routine) => {
            let text = routine.to_string();
            let rest = text.strip_prefix(routine.name()).unwrap_or(&text).trim_start_matches([',', ' ']);
            return (!rest.is_empty()).then(|| rest.to_string());
        }
        Op::View(View::PermuteDims(order)) => format!("to [{}]", list(order)),
        Op::View(View::ExpandDims(axes)) => format!("at [{}]", list(axes)),
        Op::View(View::Squeeze(axes)) => format!("of [{}]", list(axes)),
        Op::View(View::Slice(ranges)) => {
            let range = |(range, dim): (&Range, &Dim)| match range.step {
                1 if range.start == SizeExpr::known(0) => ":".to_string(),
                -1 if range.start == dim.size().minus(&SizeExpr::known(1)) => "::-1".to_string(),
                1 => format!("{}:", range.start),
                step => format!("{}::{step}", range.start),
            };
            let ranges: Vec<String> = ranges.iter().zip(source()?.iter()).map(range).collect();
            format!("[{}]", ranges.join(", "))
        }
        Op::View(View::Diagonal { axes, start: [a, b] }) => {
            format!("of axes [{}] from [{a}, {b}]", list(axes))
        }
        Op::View(View::SlidingWindow { axis }) => format!("along axis {axis}"),
        Op::Input(_)
        | Op::Generator(Generator::Full(_))
        | Op::Element(_)
        | Op::Custom(_)
        | Op::Cast
        | Op::View(View::BroadcastTo | View::Reshape(_) | View::LabelAxes) => return None,
    })
}

/// The elements of a constant; of a long one the first, and a number that all of them decide (FNV-1a over their bits).
fn constant(elements: &[Scalar]) -> String {
    let shown: Vec<String> = elements.iter().take(LISTED).map(ToString::to_string).collect();
    if elements.len() <= LISTED {
        return format!("[{}]", shown.join(", "));
    }
    let digest = elements
        .iter()
        .flat_map(|element| element.bits().to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |digest, byte| {
            (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    format!("[{}, ...] with digest {digest:016x}", shown.join(", "))
}

/// The nodes of a plan whose steps are those of the groups, in this order.
pub(crate) fn decided<'g>(
    graph: &Graph,
    called: &QuickMap<NodeId, SiteId>,
    groups: impl Iterator<Item = &'g Group>,
    reads: &AllReads,
    places: &Places,
    stores: &Stores,
) -> Vec<PlanNode> {
    let (mut nodes, positions) = undecided(graph, called);
    let read_in_parts: QuickSet<NodeId> = reads.values().flat_map(|reads| &reads.joins).copied().collect();
    for (node, at) in &positions {
        let reason = || match graph.node(*node).op {
            Op::Reduce { .. } => StoreReason::Reduction,
            Op::Routine(_) => StoreReason::Routine,
            _ => stores.get(node).cloned().unwrap_or(StoreReason::Output),
        };
        nodes[*at].fate = match (places.read.get(node), &graph.node(*node).op) {
            (Some(Buffer::Input(at)), _) => Fate::Input(*at),
            (Some(Buffer::Constant(at)), _) => Fate::Constant(*at),
            (Some(Buffer::Output(at)), _) => Fate::Output(*at, reason()),
            (Some(Buffer::Workspace(at)), _) => Fate::Stored(*at, reason()),
            (_, Op::View(_)) => Fate::Folded,
            (_, Op::Concat { .. }) if read_in_parts.contains(node) => Fate::Folded,
            (_, Op::Concat { .. }) => Fate::Joined,
            _ => Fate::Fused,
        };
    }
    let mut position = vec![None; graph.len()];
    positions.iter().for_each(|(node, at)| position[node.index()] = Some(*at));
    for (kernel, group) in groups.enumerate() {
        for root in group.members() {
            let inside = reads.get(&root).map_or(&[][..], |reads| &reads.inside);
            for node in inside.iter().chain([&root.value, &root.node]) {
                let Some(node) = position[node.index()].map(|at: usize| &mut nodes[at]) else { continue };
                let is_computed = !matches!(node.fate, Fate::Input(_) | Fate::Constant(_) | Fate::Folded);
                if is_computed && node.kernels.last() != Some(&kernel) {
                    node.kernels.push(kernel);
                }
            }
        }
    }
    nodes
}
