//! Fusion: from a graph to kernels.
//!
//! Four steps, each a function of the one before: [`store`] decides which values are written to
//! memory, [`group`] decides which of them share a loop nest, [`emit`] writes the bodies, [`rows`] decides
//! which kernels take turns on blocks of rows. Everything that is not stored is computed inside the loops of whoever
//! uses it.

mod borders;
mod cut;
mod emit;
mod equalities;
mod group;
mod lending;
mod loops;
mod maps;
mod nest;
mod parts;
mod pays;
mod pieces;
mod reads;
mod routine;
mod rows;
mod store;
mod views;

pub(crate) use emit::{Places, Tables, Unreachable, emit};
pub(crate) use equalities::Equalities;
pub(crate) use group::{Group, group};
pub(crate) use lending::{Lending, homeless, lent};
pub(crate) use nest::{Nest, Nests};
pub(crate) use parts::Root;
pub use pays::Uncut;
pub(crate) use reads::{AllReads, all_reads, drop_unneeded};
pub(crate) use routine::call;
pub use rows::Apart;
pub(crate) use rows::{apart, take_turns};
pub use store::StoreReason;
pub(crate) use store::{Decision, Stores, decide};
pub(crate) use views::Views;

use crate::dim::Dim;
use crate::graph::{Graph, NodeId, Op};
use crate::quick_hash::QuickSet;
use crate::reshape::Obstacle;
use crate::shape::Shape;
use borders::part_read;
use maps::MapId;
use smallvec::SmallVec;

/// The most instructions of one kernel's body; a larger expression is cut. Compile time grows faster
/// than the body: four hundred operations take about 20 ms.
pub(crate) const MAX_BODY: usize = 400;

/// A node at one index map: what one evaluation inside a loop nest computes.
pub(crate) type Instance = (NodeId, MapId);

/// The operands of a node together with where they are read, when the node is read at `map` in these loops.
/// Views that are not stored are passed through: what counts is the value below them. Of a join that is not stored the operand is
/// the part that these loops read.
pub(crate) fn operand_instances(
    graph: &Graph,
    views: &Views,
    (node, map): &Instance,
    loops: &[Dim],
) -> Result<SmallVec<[Instance; 3]>, Obstacle> {
    let Some(array) = graph.array(*node) else { return Ok(SmallVec::new()) };
    // A routine reads from memory: nothing is computed where it is.
    if matches!(graph.node(*node).op, Op::Routine(_)) {
        return Ok(SmallVec::new());
    }
    if let Op::Concat { axis } = graph.node(*node).op {
        let (part, map) = part_read(graph, *node, axis, &views.maps.get(*map), loops)?;
        return Ok(SmallVec::from_iter([views.below((part, views.maps.id(map)))]));
    }
    let mut instances = SmallVec::new();
    for operand in graph.operands(*node) {
        let Some(of_operand) = graph.array(*operand) else { continue };
        let map = match &graph.node(*node).op {
            Op::View(view) => {
                let map = view.source_map(&views.maps.get(*map), &of_operand.shape, &array.shape, loops)?;
                views.maps.id(map)
            }
            _ => views.maps.broadcast(*map, &of_operand.shape, &array.shape),
        };
        instances.push(views.below((*operand, map)));
    }
    Ok(instances)
}

/// What a kernel iterates over: its own elements, or those that a reduction combines.
fn iterated(graph: &Graph, root: Root) -> NodeId {
    match graph.node(root.node).op {
        Op::Reduce { .. } => graph.operands(root.node).first().copied().unwrap_or(root.node),
        _ => root.value,
    }
}

/// The shape over which a kernel loops: a reduction loops over its operand.
pub(crate) fn loop_shape(graph: &Graph, root: Root) -> Shape {
    graph.array(iterated(graph, root)).map(|array| array.shape.clone()).unwrap_or_default()
}

/// What a kernel computes first, and where.
pub(crate) fn entry(graph: &Graph, views: &Views, root: Root, nest: &Nest) -> Instance {
    let first = (iterated(graph, root), views.maps.id(nest.map.clone()));
    // Nothing is below a value that is stored as a whole: it is what the kernel is for.
    if first.0 == root.node { first } else { views.below(first) }
}

/// Everything that is computed inside the loops of one kernel.
#[derive(Debug, Default)]
pub(crate) struct Region {
    /// Evaluations, in no particular order. Views take none: they change where their operand is read. Neither do joins, of which
    /// one part is read.
    pub inside: Vec<Instance>,
    /// Joins that are not stored, and are read.
    pub joins: Vec<NodeId>,
    /// Other stored nodes that are read.
    pub stored: Vec<Instance>,
    /// Inputs and constant arrays that are read.
    pub sources: Vec<NodeId>,
    /// The first reshape that the loops do not do for, or else the first join.
    pub obstacle: Option<(NodeId, Obstacle)>,
}

/// Evaluations that have been met: most regions are small, and a table costs more than to look through a few.
#[derive(Default)]
struct Seen {
    few: SmallVec<[Instance; 16]>,
    many: QuickSet<Instance>,
}

impl Seen {
    /// Is it the first time?
    fn insert(&mut self, instance: Instance) -> bool {
        if !self.many.is_empty() {
            return self.many.insert(instance);
        }
        let is_new = !self.few.contains(&instance);
        if is_new && self.few.len() < self.few.inline_size() {
            self.few.push(instance);
        } else if is_new {
            self.many.reserve(4 * self.few.len());
            self.many.extend(self.few.iter().copied().chain([instance]));
        }
        is_new
    }
}

/// Walks from what a kernel writes to the leaves and to the next stored nodes; stops early above `most`
/// evaluations.
pub(crate) fn region(
    graph: &Graph,
    views: &Views,
    nest: &Nest,
    root: Root,
    is_stored: impl Fn(NodeId) -> bool,
    most: usize,
) -> Region {
    let mut region = Region::default();
    let mut seen = Seen::default();
    let first = entry(graph, views, root, nest);
    // A reduction may combine a value that is stored itself, and a part may be one.
    let mut pending = vec![(first.0 != root.node, first)];
    while let Some((may_be_stored, instance)) = pending.pop() {
        if !seen.insert(instance) {
            continue;
        }
        let (node, _) = &instance;
        if may_be_stored && is_stored(*node) {
            region.stored.push(instance);
            continue;
        }
        let op = &graph.node(*node).op;
        if !matches!(op, Op::Input(_) | Op::Array(_)) {
            match operand_instances(graph, views, &instance, &nest.loops) {
                Ok(operands) => pending.extend(operands.into_iter().map(|instance| (true, instance))),
                Err(obstacle) => {
                    let is_join = |node: NodeId| matches!(graph.node(node).op, Op::Concat { .. });
                    if region.obstacle.as_ref().is_none_or(|(first, _)| is_join(*first) && !is_join(*node)) {
                        region.obstacle = Some((*node, obstacle));
                    }
                }
            }
        } else {
            region.sources.push(*node);
        }
        match op {
            Op::View(_) => continue,
            Op::Concat { .. } => {
                region.joins.push(*node);
                continue;
            }
            _ => region.inside.push(instance),
        }
        if region.inside.len() > most {
            break;
        }
    }
    region.sources.sort_unstable();
    region.sources.dedup();
    region
}
