//! Which stored values, and parts of joined ones, share a loop nest.

use super::reads::{Read, Reads};
use super::{AllReads, Equalities, MAX_BODY, Nest, Nests, Root};
use crate::dim::Dim;
use crate::graph::{Graph, NodeId, Op};
use crate::quick_hash::{QuickHashing, QuickMap, QuickSet, quick_map};
use crate::shape::Shape;
use crate::size::SizeExpr;
use petgraph::Direction::Incoming;
use petgraph::graph::{DiGraph, NodeIndex};
use smallvec::SmallVec;
use std::collections::BTreeSet;

/// What is computed by one kernel.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    /// The loops, outermost first.
    pub loops: Vec<Dim>,
    /// Which loops the reductions combine along; all false without reductions.
    pub reduced: Vec<bool>,
    /// Totals over the reduced loops.
    pub reductions: Vec<NodeId>,
    /// Values at every index of all loops.
    pub full: Vec<Root>,
    /// Values at every index of the loops that are not reduced, computed from the totals.
    pub epilogue: Vec<Root>,
    /// A routine, which has no loops and is a group of its own.
    pub routine: Option<NodeId>,
    /// Evaluations in the body, about.
    size: usize,
    sources: QuickSet<NodeId>,
    loops_key: Option<usize>,
}

impl Group {
    /// All that the group writes.
    pub fn members(&self) -> impl Iterator<Item = Root> + '_ {
        let whole = self.reductions.iter().chain(&self.routine).copied().map(Root::whole);
        whole.chain(self.full.iter().copied()).chain(self.epilogue.iter().copied())
    }

    /// How many there are in the body, about.
    pub const fn evaluations(&self) -> usize {
        self.size
    }

    /// Has it nothing to compute? It then stands for a join, which is complete once all of its parts are.
    fn is_junction(&self) -> bool {
        self.members().next().is_none()
    }

    /// The loops that are not reduced and have more than one iteration, with their positions.
    fn kept(&self) -> impl Iterator<Item = (usize, &Dim)> {
        self.loops.iter().enumerate().filter(|(at, dim)| !self.reduced[*at] && !dim.is_one())
    }
}

fn same_dims<'a>(
    equalities: &Equalities,
    mut a: impl Iterator<Item = &'a Dim>,
    mut b: impl Iterator<Item = &'a Dim>,
) -> bool {
    loop {
        match (a.next(), b.next()) {
            (Some(a), Some(b)) if equalities.same_size(a, b) => {}
            (None, None) => return true,
            _ => return false,
        }
    }
}

/// Groups that a value might join are looked at from the latest back, up to this many.
const CANDIDATES: usize = 32;

/// When so many of them have turned out to be waited for, earlier ones are not looked at: they mostly are as well.
const WAITED_FOR: usize = 8;

/// Edges that are followed to see whether joining a group would close a cycle. Beyond that it is not
/// joined: a plan is made in time that grows with the expression.
const SEARCHED: usize = 1000;

/// The loops of a group, up to sizes that are equal.
type LoopsKey = Vec<SizeExpr>;

/// What is looked for in a group: loops for what is to be written.
struct Wanted<'a> {
    root: Root,
    loops: &'a [Dim],
    reduced: &'a [bool],
    key: usize,
}

/// What is found while it is asked whether a value can join groups; kept, since it is asked of many.
#[derive(Default)]
struct Search {
    /// Groups that those whose values are read have turned out to wait for.
    before: QuickSet<NodeIndex>,
    /// The depths that groups would have.
    raised: QuickMap<NodeIndex, usize>,
    pending: Vec<NodeIndex>,
}

/// Groups under construction.
struct Grouping<'a> {
    graph: &'a Graph,
    equalities: &'a Equalities,
    /// Edges run from the group that stores a value to one that reads it.
    groups: DiGraph<Group, ()>,
    edges: QuickSet<(NodeIndex, NodeIndex)>,
    /// For each group, the most edges on a way that ends at it.
    depths: Vec<usize>,
    /// Where stored values are complete.
    home: QuickMap<NodeId, NodeIndex>,
    /// The groups with parts of the join that is being added.
    parts: BTreeSet<NodeIndex>,
    loops_keys: QuickMap<LoopsKey, usize>,
    /// The groups with these loops that read a source, in order of creation.
    readers: QuickMap<(NodeId, usize), Vec<NodeIndex>>,
    search: Search,
}

/// Groups what is written, in an order in which the kernels can run.
pub(crate) fn group(graph: &Graph, nests: &Nests, reads: &AllReads, equalities: &Equalities) -> Vec<Group> {
    let mut grouping = Grouping {
        graph,
        equalities,
        groups: DiGraph::new(),
        edges: QuickSet::with_capacity_and_hasher(2 * nests.len(), QuickHashing::default()),
        depths: Vec::new(),
        home: quick_map(nests.len()),
        parts: BTreeSet::new(),
        loops_keys: QuickMap::default(),
        readers: QuickMap::default(),
        search: Search::default(),
    };
    let mut written = nests.iter().peekable();
    while let Some((root, nest)) = written.next() {
        let at = grouping.add(*root, nest, &reads[root]);
        if root.is_alone() {
            grouping.home.insert(root.node, at);
        } else {
            grouping.parts.insert(at);
        }
        if !root.is_alone() && written.peek().is_none_or(|(next, _)| next.node != root.node) {
            grouping.complete(root.node);
        }
    }
    let mut groups = grouping.groups;
    let order = stable_order(&groups);
    let groups = order.into_iter().map(|at| std::mem::take(&mut groups[at]));
    groups.filter(|group| !group.is_junction()).collect()
}

impl Grouping<'_> {
    /// Whoever reads a join waits for all of its parts.
    fn complete(&mut self, join: NodeId) {
        let parts = std::mem::take(&mut self.parts);
        let depth = parts.iter().map(|part| self.depths[part.index()] + 1).max().unwrap_or(0);
        let at = self.groups.add_node(Group::default());
        self.depths.push(depth);
        for part in parts {
            self.edges.insert((part, at));
            self.groups.add_edge(part, at, ());
        }
        self.home.insert(join, at);
    }

    /// Finds a group for a stored value or a part, or makes one.
    fn add(&mut self, root: Root, nest: &Nest, reads: &Reads) -> NodeIndex {
        let loops = &nest.loops;
        let op = &self.graph.node(root.node).op;
        let axes = if let Op::Reduce { axes, .. } = op { Some(axes) } else { None };
        let is_reduced = |axis: &usize| axes.is_some_and(|axes| axes.contains(axis));
        let reduced: Vec<bool> = nest.axes.iter().map(is_reduced).collect();
        let key = loops.iter().map(|dim| self.equalities.representative(dim)).collect();
        let next = self.loops_keys.len();
        let key = *self.loops_keys.entry(key).or_insert(next);
        let mut owners: SmallVec<[NodeIndex; 8]> =
            reads.stored.iter().map(|read| self.home[&read.node]).collect();
        owners.sort_unstable();
        owners.dedup();
        let places: &[Place] = match op {
            Op::Reduce { .. } => &[Place::Reduction],
            Op::Routine(_) => &[Place::Routine],
            _ => &[Place::Epilogue, Place::Full],
        };
        let mut search = std::mem::take(&mut self.search);
        search.before.clear();
        let choice = places.iter().find_map(|place| {
            let wanted = Wanted { root, loops, reduced: &reduced, key };
            let candidates = self.candidates(*place, &wanted, reads, &owners);
            let fits = |at: &NodeIndex| {
                let group = &self.groups[*at];
                !group.is_junction()
                    && group.size + reads.size <= MAX_BODY
                    && place_matches(self.equalities, group, *place, &wanted)
            };
            for at in candidates.into_iter().filter(fits).take(CANDIDATES) {
                if self.join(at, *place, reads, &owners, &mut search) {
                    return Some((at, *place));
                }
                if search.before.len() >= WAITED_FOR {
                    break;
                }
            }
            None
        });
        if choice.is_some() {
            for (at, depth) in &search.raised {
                self.depths[at.index()] = *depth;
            }
        }
        self.search = search;
        let (at, place) = choice.unwrap_or_else(|| {
            let reduced = vec![false; loops.len()];
            let at = self.groups.add_node(Group { loops: loops.clone(), reduced, ..Group::default() });
            let depth = owners.iter().map(|owner| self.depths[owner.index()] + 1).max();
            self.depths.push(depth.unwrap_or(0));
            (at, places[places.len() - 1])
        });
        for owner in owners {
            if owner != at && self.edges.insert((owner, at)) {
                self.groups.add_edge(owner, at, ());
            }
        }
        let group = &mut self.groups[at];
        group.size += reads.size;
        // Where a value joins as an epilogue, it reads in the loops of the group.
        let key = *group.loops_key.get_or_insert(key);
        for source in &reads.sources {
            if group.sources.insert(*source) {
                self.readers.entry((*source, key)).or_default().push(at);
            }
        }
        match place {
            Place::Reduction => {
                group.reduced = reduced;
                group.reductions.push(root.node);
            }
            Place::Full => group.full.push(root),
            Place::Epilogue => group.epilogue.push(root),
            Place::Routine => group.routine = Some(root.node),
        }
        at
    }

    /// The groups that have something in common with the value, latest first: they store what it reads or, but for an epilogue,
    /// read a source that it reads or write between its elements.
    fn candidates(
        &self,
        place: Place,
        wanted: &Wanted<'_>,
        reads: &Reads,
        owners: &[NodeIndex],
    ) -> SmallVec<[NodeIndex; 8]> {
        let mut candidates: SmallVec<[NodeIndex; 8]> = owners.iter().rev().copied().collect();
        if place != Place::Epilogue {
            for source in &reads.sources {
                let readers = self.readers.get(&(*source, wanted.key)).into_iter().flatten();
                candidates.extend(readers.rev().take(CANDIDATES).copied());
            }
            if is_interleaved(self.graph, wanted.root) {
                candidates.extend(self.parts.iter().rev().copied().take(CANDIDATES));
            }
            candidates.sort_unstable_by(|a, b| b.cmp(a));
            candidates.dedup();
        }
        candidates
    }

    /// Can a value that reads from `owners` join a group, which neither reads what is not there yet nor makes groups wait for each
    /// other? Then `search` holds the depths of groups that change with it.
    fn join(
        &self,
        at: NodeIndex,
        place: Place,
        reads: &Reads,
        owners: &[NodeIndex],
        search: &mut Search,
    ) -> bool {
        let Search { before, raised, pending } = search;
        let group = &self.groups[at];
        let is_there = |read: &Read| {
            let is_full = group.full.contains(&Root::whole(read.node));
            read.is_own && if place == Place::Epilogue { !is_full } else { is_full }
        };
        if !reads.stored.iter().filter(|read| self.home[&read.node] == at).all(is_there) {
            return false;
        }
        raised.clear();
        pending.clear();
        // A group that waits for this one is deeper, and so are those on the way to it.
        let others = owners.iter().filter(|owner| **owner != at);
        let depth = others.map(|owner| self.depths[owner.index()] + 1).max().unwrap_or(0);
        if depth <= self.depths[at.index()] {
            return true;
        }
        raised.insert(at, depth);
        pending.push(at);
        let mut searched = 0;
        while let Some(raising) = pending.pop() {
            let depth = raised[&raising] + 1;
            for next in self.groups.neighbors(raising) {
                searched += 1;
                if owners.binary_search(&next).is_ok() || before.contains(&next) {
                    before.insert(at);
                    return false;
                }
                if searched > SEARCHED {
                    return false;
                }
                if raised.get(&next).copied().unwrap_or(self.depths[next.index()]) < depth {
                    raised.insert(next, depth);
                    pending.push(next);
                }
            }
        }
        true
    }
}

/// Bytes that are loaded and written together.
const CACHE_LINE: u64 = 64;

/// Do the parts of a join share cache lines, so that each alone would go through the memory of all?
fn is_interleaved(graph: &Graph, root: Root) -> bool {
    let (Op::Concat { axis }, Some(part)) = (&graph.node(root.node).op, graph.array(root.value)) else {
        return false;
    };
    let consecutive: Shape = part.shape[*axis..].iter().cloned().collect();
    // Along the first axis one part follows another.
    *axis > 0 && consecutive.bytes(part.dtype).is_some_and(|bytes| bytes < CACHE_LINE)
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
    Routine,
}

fn place_matches(equalities: &Equalities, group: &Group, place: Place, wanted: &Wanted<'_>) -> bool {
    let has_its_loops = group.loops_key == Some(wanted.key);
    match place {
        _ if group.routine.is_some() => false,
        Place::Routine => false,
        Place::Reduction => has_its_loops && (group.reductions.is_empty() || group.reduced == wanted.reduced),
        Place::Full => has_its_loops,
        Place::Epilogue => {
            !group.reductions.is_empty()
                && same_dims(
                    equalities,
                    group.kept().map(|(_, dim)| dim),
                    wanted.loops.iter().filter(|dim| !dim.is_one()),
                )
        }
    }
}
