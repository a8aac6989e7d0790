//! Which stored values share a loop nest.

use super::{Equalities, Instance, MAX_BODY, Stores, loop_shape, region};
use crate::dim::Dim;
use crate::graph::{Graph, NodeId, Op};
use crate::shape::Shape;
use petgraph::Direction::Incoming;
use petgraph::algo::has_path_connecting;
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::{BTreeSet, HashMap};

/// Stored values that are computed by one kernel.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    /// The loops, outermost first.
    pub loops: Vec<Dim>,
    /// Which loops the reductions combine along; all false without reductions.
    pub reduced: Vec<bool>,
    /// Totals over the reduced loops.
    pub reductions: Vec<NodeId>,
    /// Values at every index of all loops.
    pub full: Vec<NodeId>,
    /// Values at every index of the loops that are not reduced, computed from the totals.
    pub epilogue: Vec<NodeId>,
    /// Evaluations in the body, about.
    size: usize,
    sources: Vec<NodeId>,
}

impl Group {
    /// Every stored value of the group.
    pub fn members(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.reductions.iter().chain(&self.full).chain(&self.epilogue).copied()
    }

    /// The loops that are not reduced and have more than one iteration, with their positions.
    fn kept(&self) -> impl Iterator<Item = (usize, &Dim)> {
        self.loops.iter().enumerate().filter(|(at, dim)| !self.reduced[*at] && !dim.is_one())
    }
}

/// Does an array read at `instance` give each loop of `shape` its own element, in order?
fn is_identity((_, map): &Instance, shape: &Shape) -> bool {
    let mut loops = (0..shape.len()).filter(|axis| !shape[*axis].is_one());
    let follows = map.iter().filter(|at| at.axis.is_some() || at.start.as_known() != Some(0)).all(|at| {
        at.start.as_known() == Some(0) && at.step == 1 && at.axis.is_some() && at.axis == loops.next()
    });
    follows && loops.next().is_none()
}

fn same_dims<'a>(
    equalities: &Equalities,
    a: impl Iterator<Item = &'a Dim>,
    b: impl Iterator<Item = &'a Dim>,
) -> bool {
    let (a, b): (Vec<_>, Vec<_>) = (a.collect(), b.collect());
    a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| equalities.same_size(a, b))
}

/// Groups the stored values, in an order in which the kernels can run.
pub(crate) fn group(graph: &Graph, stores: &Stores, equalities: &Equalities) -> Vec<Group> {
    let mut groups: DiGraph<Group, ()> = DiGraph::new();
    let mut home: HashMap<NodeId, NodeIndex> = HashMap::new();
    for root in stores.keys().copied() {
        let found = region(graph, root, |node| stores.contains_key(&node), usize::MAX);
        let shape = loop_shape(graph, root);
        let reduced: Vec<bool> = match &graph.node(root).op {
            Op::Reduce { axes, .. } => (0..shape.len()).map(|axis| axes.contains(&axis)).collect(),
            _ => vec![false; shape.len()],
        };
        let is_reduction = matches!(graph.node(root).op, Op::Reduce { .. });
        let candidates: Vec<NodeIndex> = groups.node_indices().rev().collect();
        let fits = |at: NodeIndex, place: Place| {
            let candidate = &groups[at];
            candidate.size + found.inside.len() <= MAX_BODY
                && place_matches(equalities, candidate, place, &shape, &reduced)
                && found.stored.iter().all(|read| {
                    let owner = home[&read.0];
                    if owner == at {
                        is_identity(read, &shape)
                            && match place {
                                Place::Epilogue => !candidate.full.contains(&read.0),
                                Place::Full | Place::Reduction => candidate.full.contains(&read.0),
                            }
                    } else {
                        !has_path_connecting(&groups, at, owner, None)
                    }
                })
                && (found.stored.iter().any(|read| home[&read.0] == at)
                    || place != Place::Epilogue
                        && found.sources.iter().any(|source| candidate.sources.contains(source)))
        };
        let places: &[Place] =
            if is_reduction { &[Place::Reduction] } else { &[Place::Epilogue, Place::Full] };
        let choice = places
            .iter()
            .find_map(|place| candidates.iter().find(|at| fits(**at, *place)).map(|at| (*at, *place)));
        let (at, place) = choice.unwrap_or_else(|| {
            let at = groups.add_node(Group {
                loops: shape.to_vec(),
                reduced: vec![false; shape.len()],
                ..Group::default()
            });
            (at, places[places.len() - 1])
        });
        for read in &found.stored {
            if home[&read.0] != at {
                groups.update_edge(home[&read.0], at, ());
            }
        }
        home.insert(root, at);
        let group = &mut groups[at];
        group.size += found.inside.len();
        for source in found.sources {
            if !group.sources.contains(&source) {
                group.sources.push(source);
            }
        }
        match place {
            Place::Reduction => {
                group.reduced = reduced;
                group.reductions.push(root);
            }
            Place::Full => group.full.push(root),
            Place::Epilogue => group.epilogue.push(root),
        }
    }
    let order = stable_order(&groups);
    order.into_iter().map(|at| std::mem::take(&mut groups[at])).collect()
}

/// The groups in an order in which each comes after those it reads from, otherwise as they were made:
/// a plan then reads like the program. Merging closes no cycle (checked above), so all are reached.
fn stable_order(groups: &DiGraph<Group, ()>) -> Vec<NodeIndex> {
    let mut missing: Vec<usize> =
        groups.node_indices().map(|at| groups.neighbors_directed(at, Incoming).count()).collect();
    let mut ready: BTreeSet<NodeIndex> =
        groups.node_indices().filter(|at| missing[at.index()] == 0).collect();
    let mut order = Vec::with_capacity(missing.len());
    while let Some(at) = ready.pop_first() {
        order.push(at);
        for next in groups.neighbors(at) {
            missing[next.index()] -= 1;
            if missing[next.index()] == 0 {
                ready.insert(next);
            }
        }
    }
    order
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Reduction,
    Full,
    Epilogue,
}

fn place_matches(
    equalities: &Equalities,
    group: &Group,
    place: Place,
    shape: &Shape,
    reduced: &[bool],
) -> bool {
    match place {
        Place::Reduction => {
            same_dims(equalities, group.loops.iter(), shape.iter())
                && (group.reductions.is_empty() || group.reduced == reduced)
        }
        Place::Full => same_dims(equalities, group.loops.iter(), shape.iter()),
        Place::Epilogue => {
            !group.reductions.is_empty()
                && same_dims(
                    equalities,
                    group.kept().map(|(_, dim)| dim),
                    shape.iter().filter(|dim| !dim.is_one()),
                )
        }
    }
}
