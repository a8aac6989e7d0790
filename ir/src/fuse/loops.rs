//! The loops of everything that is written, in bodies that are short enough, and what is stored for their sake.

use super::cut::{Cut, cut};
use super::parts::Joins;
use super::pieces::{Cutting, Extent, Piece, pieces};
use super::{MAX_BODY, Nests, Region, Root, StoreReason, Stores, Uncut, Views, region};
use crate::graph::{Graph, NodeId, Op, StorePolicy};
use crate::quick_hash::{QuickMap, quick_map};

/// When the loops of one root would have been cut into too many pieces so often, half of the joins are stored instead of one.
const ONE_AT_A_TIME: usize = 4;

/// Then all of them.
const HALF_AT_A_TIME: usize = 8;

/// The most evaluations that are looked at for the sake of joins. Beyond that joins are stored: a plan is made in time that grows
/// with the expression.
const MOST_WALKED: usize = 64 * MAX_BODY;

/// Which loops have been cut into pieces for the sake of which joins.
#[derive(Default)]
struct Cuts {
    /// Of what has been cut, its pieces.
    pieces: QuickMap<Root, Vec<Root>>,
    /// What reads a part of a join.
    readers: QuickMap<NodeId, Vec<Root>>,
    /// How often there were joins that a root could not be cut for.
    failures: QuickMap<Root, usize>,
    /// Evaluations that have been looked at for it.
    walked: usize,
}

impl Cuts {
    /// How a root is to be cut.
    fn cutting(&self, root: Root) -> Cutting {
        let extent = match self.failures.get(&root).copied().unwrap_or(0) {
            _ if self.walked > MOST_WALKED => Extent::None,
            0..ONE_AT_A_TIME => Extent::AllButOne,
            ONE_AT_A_TIME..HALF_AT_A_TIME => Extent::Half,
            _ => Extent::None,
        };
        Cutting { extent, walked: 0 }
    }

    fn failed(&mut self, root: Root) {
        *self.failures.entry(root).or_default() += 1;
    }

    /// Notes the pieces of a root; gives those that it had before.
    fn made(&mut self, root: Root, pieces: &[Piece]) -> Vec<Root> {
        let mut joins = pieces.iter().flat_map(|piece| &piece.region.joins).peekable();
        if joins.peek().is_none() {
            return self.pieces.remove(&root).unwrap_or_default();
        }
        for join in joins {
            let readers = self.readers.entry(*join).or_default();
            if !readers.contains(&root) {
                readers.push(root);
            }
        }
        self.pieces.insert(root, pieces.iter().map(|piece| piece.root).collect()).unwrap_or_default()
    }

    /// What reads parts of a join, with its pieces: it is to be cut anew.
    fn of(&mut self, join: NodeId) -> Vec<(Root, Vec<Root>)> {
        let readers = self.readers.remove(&join).unwrap_or_default();
        readers.into_iter().filter_map(|root| Some((root, self.pieces.remove(&root)?))).collect()
    }
}

/// What is computed in the loops of everything that is written.
pub(crate) type Regions = QuickMap<Root, Region>;

/// The loops of everything that is written, and what is computed in them. Regions that would make a body too long
/// are cut. A value that is never to be stored is cut at only where there is no other.
pub(super) fn loops_of_bounded_bodies(
    graph: &Graph,
    views: &Views,
    uses: &QuickMap<NodeId, usize>,
    policies: &QuickMap<NodeId, StorePolicy>,
    stores: &mut Stores,
) -> (Nests, Regions) {
    let mut joins = Joins::new(graph, uses, stores);
    let mut nests = Nests::new();
    // With the number of values that were stored when each was walked.
    let mut walked: QuickMap<Root, (usize, Region)> = quick_map(stores.len());
    let may_be_stored = |node: NodeId| policies.get(&node) != Some(&StorePolicy::Never);
    let mut pending: Vec<Root> = stores.keys().flat_map(|node| joins.roots(*node)).collect();
    let mut cuts = Cuts::default();
    while let Some(root) = pending.pop() {
        let mut cutting = cuts.cutting(root);
        let found = pieces(graph, views, &joins, stores, root, MAX_BODY, &mut cutting, &mut pending);
        cuts.walked += cutting.walked;
        let mut found = match found {
            Ok(found) => found,
            Err(uncuttable) => {
                for (join, why) in uncuttable {
                    if why == Uncut::Pieces
                        && cutting.extent != Extent::None
                        && let Some(value) = only_value_below(graph, views, join, stores, &may_be_stored)
                    {
                        stores.insert(value, StoreReason::Pieces);
                        pending.push(Root::whole(value));
                        continue;
                    }
                    stores.insert(join, StoreReason::Joined(why));
                    joins.add(graph, join, uses, stores);
                    pending.extend(joins.roots(join));
                    for (whole, pieces) in cuts.of(join) {
                        for piece in pieces {
                            nests.remove(&piece);
                            walked.remove(&piece);
                        }
                        pending.push(whole);
                    }
                }
                cuts.failed(root);
                // Before what is below it, so that it is known what that is read for.
                pending.push(root);
                continue;
            }
        };
        if let Some(long) = found.iter().find(|piece| piece.region.inside.len() > MAX_BODY) {
            if let Some(Cut { values, is_forced }) =
                cut(graph, views, &long.nest, root, &may_be_stored, stores)
            {
                let reason = if is_forced { StoreReason::TooLongForNever } else { StoreReason::TooLong };
                stores.extend(values.iter().map(|value| (*value, reason.clone())));
                pending.push(root);
                pending.extend(values.into_iter().map(Root::whole));
                continue;
            }
            let whole = pieces(graph, views, &joins, stores, root, usize::MAX, &mut cutting, &mut pending);
            found = whole.unwrap_or(found);
        }
        for piece in cuts.made(root, &found) {
            nests.remove(&piece);
            walked.remove(&piece);
        }
        for Piece { root, nest, region } in found {
            nests.insert(root, nest);
            walked.insert(root, (stores.len(), region));
        }
    }
    let is_stored = |node: NodeId| stores.contains_key(&node);
    let region = |(root, (known, found)): (Root, (usize, Region))| {
        // What has been stored since is read.
        let is_current = known == stores.len();
        (
            root,
            if is_current { found } else { region(graph, views, &nests[&root], root, is_stored, usize::MAX) },
        )
    };
    let regions = walked.into_iter().map(region).collect();
    (nests, regions)
}

/// The one value that all parts of a join show, if it is computed and may be stored in place of the join: in one loop rather than one
/// for each part.
fn only_value_below(
    graph: &Graph,
    views: &Views,
    join: NodeId,
    stores: &Stores,
    may_be_stored: &dyn Fn(NodeId) -> bool,
) -> Option<NodeId> {
    let mut shown = graph.operands(join).iter().copied().map(|part| views.value(part));
    let value = shown.next()?;
    let is_computed = matches!(graph.node(value).op, Op::Element(_) | Op::Custom(_) | Op::Cast);
    let is_only = is_computed && !stores.contains_key(&value) && shown.all(|other| other == value);
    (is_only && may_be_stored(value)).then_some(value)
}
