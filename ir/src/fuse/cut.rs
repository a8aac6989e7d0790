//! Where an expression is cut that is too long for the body of one kernel.

use super::maps::MapId;
use super::parts::Start;
use super::{Instance, MAX_BODY, Nest, Root, Stores, Views, entry, operand_instances, region};
use crate::graph::{Graph, NodeId, Op};
use crate::quick_hash::QuickSet;
use std::collections::{BTreeMap, BTreeSet};

/// What it costs to store a value and to read it again, in evaluations.
const STORED: usize = 8;

/// A narrow place is given up looking for a better one when this many times the evaluations above it have been looked at.
const FURTHER: usize = 4;

/// The most evaluations that are looked at where no narrow place is near.
const WALKED: usize = 16 * MAX_BODY;

/// Values that are stored to make a body shorter.
pub(super) struct Cut {
    pub values: Vec<NodeId>,
    /// Does `.store(Never)` stand on all that could be stored?
    pub is_forced: bool,
}

/// Where the body of `root` is cut, preferably at values that may be stored; `None` if it computes nothing that can be.
pub(super) fn cut(
    graph: &Graph,
    views: &Views,
    nest: &Nest,
    root: Root,
    may_be_stored: &dyn Fn(NodeId) -> bool,
    stores: &Stores,
) -> Option<Cut> {
    let body = LongBody { graph, views, nest, root, stores };
    let at = |may_be_stored, is_forced| {
        let values = body.narrow_places(may_be_stored).or_else(|| body.repeated_or_slices(may_be_stored))?;
        Some(Cut { values, is_forced })
    };
    at(may_be_stored, false).or_else(|| at(&|_| true, true))
}

struct LongBody<'a> {
    graph: &'a Graph,
    views: &'a Views,
    nest: &'a Nest,
    root: Root,
    stores: &'a Stores,
}

/// The evaluations of a body from the latest value back, as far as they have been made.
#[derive(Default)]
struct Walk {
    /// What is still to be evaluated, and where. Operands are older than their users: the newest of these is read by none of the others.
    pending: BTreeMap<NodeId, BTreeSet<MapId>>,
    /// What takes no operands has been evaluated at once: there is nothing to store.
    leaves: QuickSet<Instance>,
    evaluations: usize,
    values: usize,
    /// Pending values that can be stored, and those that cannot.
    open: usize,
    closed: usize,
}

impl Walk {
    fn count_of(&mut self, is_open: bool) -> &mut usize {
        if is_open { &mut self.open } else { &mut self.closed }
    }
}

/// A place where a body can be cut.
struct Place {
    /// Above it.
    evaluations: usize,
    /// The same, each value once.
    values: usize,
    /// The values right below it, which would be stored.
    open: Vec<NodeId>,
}

impl Place {
    /// Does it cost, for each value, no more to evaluate and to store than another place?
    fn is_no_worse_than(&self, other: &Self) -> bool {
        let cost = |place: &Self| place.evaluations + STORED * place.open.len();
        cost(self) * other.values <= cost(other) * self.values
    }
}

impl LongBody<'_> {
    fn is_computed(&self, node: NodeId) -> bool {
        matches!(self.graph.node(node).op, Op::Element(_) | Op::Custom(_) | Op::Cast)
    }

    /// Values at narrow places, one after another from the latest back.
    fn narrow_places(&self, may_be_stored: &dyn Fn(NodeId) -> bool) -> Option<Vec<NodeId>> {
        let mut values = self.narrow_place(may_be_stored)?;
        while let Some(&[below]) = values.get(values.len() - 1..) {
            let root = Root::whole(below);
            let nest = Nest::new(self.graph, self.stores, root, Start::new());
            let Some(next) = (LongBody { nest: &nest, root, ..*self }).narrow_place(may_be_stored) else {
                break;
            };
            let is_single = next.len() == 1;
            values.extend(next);
            if !is_single {
                break;
            }
        }
        Some(values)
    }

    /// The values between the latest evaluations and all others, where evaluating and storing costs least for each value; `None`
    /// where all evaluations fit one body, or storing would cost more than evaluating.
    fn narrow_place(&self, may_be_stored: &dyn Fn(NodeId) -> bool) -> Option<Vec<NodeId>> {
        let mut walk = Walk::default();
        let first = entry(self.graph, self.views, self.root, self.nest);
        let mut best: Option<Place> = None;
        self.expect(&mut walk, first, may_be_stored);
        while let Some((node, maps)) = walk.pending.pop_last() {
            *walk.count_of(self.is_computed(node) && may_be_stored(node)) -= 1;
            if !matches!(self.graph.node(node).op, Op::View(_)) {
                walk.evaluations += maps.len();
                walk.values += 1;
            }
            for map in maps {
                let operands =
                    operand_instances(self.graph, self.views, &(node, map), &self.nest.loops).ok()?;
                for operand in operands.into_iter().filter(|(node, _)| !self.stores.contains_key(node)) {
                    self.expect(&mut walk, operand, may_be_stored);
                }
            }
            let far = best.as_ref().map_or(MAX_BODY, |best| FURTHER.saturating_mul(best.evaluations));
            if walk.evaluations > far.min(MAX_BODY) {
                return best.map(|best| best.open);
            }
            let storing = STORED * walk.open;
            if walk.closed > 0 || walk.open == 0 || storing > walk.evaluations {
                continue;
            }
            let open = walk.pending.keys().copied().collect();
            let place = Place { evaluations: walk.evaluations, values: walk.values, open };
            if best.as_ref().is_none_or(|best| place.is_no_worse_than(best)) {
                best = Some(place);
            }
        }
        None
    }

    /// Notes an evaluation that is to be made.
    fn expect(&self, walk: &mut Walk, (node, map): Instance, may_be_stored: &dyn Fn(NodeId) -> bool) {
        if matches!(self.graph.node(node).op, Op::Input(_) | Op::Array(_) | Op::Generator(_)) {
            walk.evaluations += usize::from(walk.leaves.insert((node, map)));
            return;
        }
        let maps = walk.pending.entry(node).or_default();
        let is_new = maps.is_empty();
        maps.insert(map);
        if is_new {
            *walk.count_of(self.is_computed(node) && may_be_stored(node)) += 1;
        }
    }

    /// The value that is read at the most places, or some at about the same distance in the expression.
    fn repeated_or_slices(&self, may_be_stored: &dyn Fn(NodeId) -> bool) -> Option<Vec<NodeId>> {
        let is_stored = |node: NodeId| self.stores.contains_key(&node);
        let found = region(self.graph, self.views, self.nest, self.root, is_stored, WALKED);
        let length = found.inside.len();
        // How often each value is computed, in order of creation.
        let mut computed: BTreeMap<NodeId, usize> = BTreeMap::new();
        for (node, _) in found.inside {
            if node != self.root.value && self.is_computed(node) && may_be_stored(node) {
                *computed.entry(node).or_default() += 1;
            }
        }
        let repeated = computed.iter().max_by_key(|(node, places)| (**places, **node));
        let values: Vec<NodeId> = match repeated {
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
        (!values.is_empty()).then_some(values)
    }
}
