//! What routines read from memory, and the steps that they are.

use super::reads::{Read, Reads};
use super::{Instance, Places, StoreReason, Stores, Views};
use crate::graph::{Graph, NodeId, Op, SiteId};
use crate::index_map::{AxisMap, IndexMap};
use crate::kernel::Access;
use crate::routine::{RoutineCall, RoutineOperand};
use crate::shape::{ArrayType, Shape};

fn is_routine(graph: &Graph, node: NodeId) -> bool {
    matches!(graph.node(node).op, Op::Routine(_))
}

/// Is it in memory whatever is decided?
fn is_bound(graph: &Graph, node: NodeId) -> bool {
    matches!(graph.node(node).op, Op::Input(_) | Op::Array(_))
}

fn own_axes(shape: &Shape) -> IndexMap {
    (0..shape.len()).map(AxisMap::follow).collect()
}

/// Stores every routine, and what routines read where it is not in memory yet.
pub(super) fn store_routines(graph: &Graph, nodes: &[NodeId], stores: &mut Stores) {
    let routines = || nodes.iter().copied().filter(|node| is_routine(graph, *node));
    for node in routines() {
        stores.entry(node).or_insert(StoreReason::Routine);
    }
    for operand in routines().flat_map(|node| graph.operands(node)).copied() {
        if let Some(value) = value_to_store(graph, operand, stores) {
            stores.insert(value, StoreReason::Operand);
        }
    }
}

/// What has to be stored for an operand to be in memory, if anything has to: of the views that it is made of
/// and the value below them the smallest one that strides lead from, so that no broadcast is ever stored.
fn value_to_store(graph: &Graph, operand: NodeId, stores: &Stores) -> Option<NodeId> {
    let elements = |node: NodeId| Some(graph.array(node)?.shape.elements().unwrap_or(u64::MAX));
    let (mut node, mut smallest) = (operand, operand);
    loop {
        if is_bound(graph, node) || stores.contains_key(&node) {
            return None;
        }
        if elements(node) <= elements(smallest) {
            smallest = node;
        }
        let (Op::View(view), Some(array)) = (&graph.node(node).op, graph.array(node)) else { break };
        let [source] = graph.operands(node)[..] else { break };
        let below = &graph.array(source)?.shape;
        // Strides do not follow where a reshape joins axes.
        if view.source_map(&own_axes(&array.shape), below, &array.shape, &array.shape).is_err() {
            break;
        }
        node = source;
    }
    Some(smallest)
}

/// Each operand of a routine: its type, and where in memory it is read in terms of its own axes.
fn operands(graph: &Graph, views: &Views, routine: NodeId) -> impl Iterator<Item = (ArrayType, Instance)> {
    graph.operands(routine).iter().copied().filter_map(|operand| {
        let array = graph.array(operand)?.clone();
        let axes = own_axes(&array.shape);
        Some((array, views.below((operand, views.maps.id(axes)))))
    })
}

/// What a routine reads that other steps store.
pub(crate) fn stored_operands(graph: &Graph, views: &Views, routine: NodeId) -> Vec<NodeId> {
    let read = operands(graph, views, routine).map(|(_, (node, _))| node);
    let mut stored: Vec<NodeId> = read.filter(|node| !is_bound(graph, *node)).collect();
    stored.sort_unstable();
    stored.dedup();
    stored
}

/// What a stored node reads, if it is a routine.
pub(super) fn reads(graph: &Graph, views: &Views, root: NodeId) -> Option<Reads> {
    is_routine(graph, root).then(|| {
        let stored = stored_operands(graph, views, root).into_iter();
        Reads {
            size: 0,
            stored: stored.map(|node| Read { node, is_own: false }).collect(),
            sources: Vec::new(),
            inside: Vec::new(),
            joins: Vec::new(),
        }
    })
}

/// The step of a routine; `None` for any other node.
pub(crate) fn call(
    graph: &Graph,
    views: &Views,
    root: NodeId,
    places: &Places,
    site: SiteId,
) -> Option<RoutineCall> {
    let node = graph.node(root);
    let (Op::Routine(routine), Some(result)) = (&node.op, &node.array) else { return None };
    let made = graph.call_site(site);
    let sites = made.operands.iter().map(|operand| graph.given(*operand, made.composition)).enumerate();
    let operands =
        operands(graph, views, root).zip(sites).filter_map(|((array, (node, map)), (slot, made))| {
            let access =
                Access { buffer: *places.read.get(&node)?, dtype: array.dtype, map: views.maps.get(map) };
            Some(RoutineOperand { array, access, begin: None, given: graph.given_operand(made, slot, None) })
        });
    Some(RoutineCall {
        routine: routine.clone(),
        operands: operands.collect(),
        result: result.clone(),
        written: places.write.get(&root).cloned().unwrap_or_default(),
        scratch: places.scratch.get(&root).copied(),
        begin: None,
        name: graph.display_name(site).to_string(),
        called: graph.called_at(site).to_string(),
        site: graph.call_site(site).site,
    })
}
