//! Pieces: the loops of everything that is written, cut so that each piece reads one part of every join.

use super::nest::Nest;
use super::parts::Joins;
use super::store::cost_of;
use super::{MAX_BODY, Region, Root, StoreReason, Stores, Uncut, Views, region};
use crate::dim::Dim;
use crate::graph::{Graph, NodeId, Op};
use crate::reshape::Obstacle;

/// The most pieces that the loops of one value are cut into. A stencil in three dimensions has 27.
pub(super) const MOST_PIECES: usize = 32;

/// The most evaluations of all pieces of one root together.
const MAX_PIECES_BODY: usize = MAX_BODY;

/// More loops than this are not made for the sake of a reshape.
const MOST_LOOPS: usize = 64;

/// A row of elements one after another costs this many times its body, however short it is: elements in vectors, and calls for
/// many of them at once, are for longer rows.
const ROW: u64 = 8;

/// What is done while memory is waited for, in additions.
const FREE: u64 = 2;

/// The loop along which pieces are so short that it costs more than to store what they were cut for.
fn ragged(graph: &Graph, uncut: &[Dim], pieces: &[Piece]) -> Option<usize> {
    let elements =
        |loops: &[Dim]| loops.iter().fold(1u64, |product, dim| product.saturating_mul(dim.upper()));
    let (mut spent, mut short) = (0u64, None);
    for piece in pieces.iter().filter(|piece| elements(&piece.nest.loops) > 1) {
        // From the last loop outwards, as long as elements are one after another.
        let (mut row, mut cut) = (1u64, None);
        for (axis, (dim, whole)) in piece.nest.loops.iter().zip(uncut).enumerate().rev() {
            let is_whole = dim.same_size(whole);
            if !is_whole {
                cut = Some(axis);
            }
            let is_first = row == 1;
            row = row.saturating_mul(dim.upper());
            // A loop that runs once leaves those outside of it in strides, which are as good.
            if !(is_whole || is_first && dim.is_one()) {
                break;
            }
        }
        let rows = elements(&piece.nest.loops) / row.max(1);
        if let Some(axis) = cut.filter(|_| rows > 1) {
            let cost = piece.region.inside.iter().map(|(node, _)| cost_of(graph, *node)).sum::<u64>();
            spent = spent.saturating_add(rows.saturating_mul(cost.saturating_sub(FREE)).saturating_mul(ROW));
            short = Some(axis);
        }
    }
    short.filter(|_| spent > elements(uncut))
}

/// What is written by loops of its own, and what is computed in them.
pub(crate) struct Piece {
    pub root: Root,
    pub nest: Nest,
    pub region: Region,
}

/// Joins that loops cannot be cut for, each with the reason: they have to be stored.
pub(crate) type Uncuttable = Vec<(NodeId, Uncut)>;

/// How far loops are cut for the sake of joins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Where there are too many pieces, one join in the midst of those that were met is stored.
    AllButOne,
    /// Where there are too many pieces, half of the joins that were met are stored.
    Half,
    /// Not at all: all joins are stored.
    None,
}

/// How loops are cut for the sake of joins, and how much has been looked at for it.
pub(crate) struct Cutting {
    pub extent: Extent,
    /// Evaluations.
    pub walked: usize,
}

/// The loops of a root, and what is computed in them, up to `most` evaluations. They are cut into pieces so that of every join that is
/// not stored each piece reads one part. Where no loops do for all of it, a reshape is stored as well, and added to `stored`.
#[allow(clippy::too_many_arguments)]
pub(crate) fn pieces(
    graph: &Graph,
    views: &Views,
    joins: &Joins,
    stores: &mut Stores,
    root: Root,
    most: usize,
    cutting: &mut Cutting,
    stored: &mut Vec<Root>,
) -> Result<Vec<Piece>, Uncuttable> {
    let is_join = |node: NodeId| matches!(graph.node(node).op, Op::Concat { .. });
    let is_reduction = matches!(graph.node(root.node).op, Op::Reduce { .. });
    let mut pending = vec![Nest::new(graph, stores, root, joins.start(&root))];
    let mut done: Vec<Piece> = Vec::new();
    // Joins that loops were cut for, those that were met first before others, each with the loop.
    let mut cut_for: Vec<(NodeId, usize)> = Vec::new();
    let mut uncut: Vec<Dim> = Vec::new();
    // The reshape that a loop was last split for.
    let mut split_for: Option<NodeId> = None;
    let mut evaluations = 0;
    while let Some(mut nest) = pending.pop() {
        let is_read =
            |node: NodeId| stores.contains_key(&node) || cutting.extent == Extent::None && is_join(node);
        let region = region(graph, views, &nest, root, is_read, most);
        if !region.joins.is_empty() {
            cutting.walked += region.inside.len() + region.joins.len();
        }
        let read = region.stored.iter().map(|(node, _)| *node);
        let unstored: Vec<NodeId> = read.filter(|node| !stores.contains_key(node)).collect();
        if !unstored.is_empty() {
            return Err(unstored.into_iter().map(|join| (join, Uncut::Pieces)).collect());
        }
        let too_many = |join: Option<NodeId>| {
            let met = cut_for.iter().map(|(join, _)| *join).chain(join).skip(cut_for.len() / 2);
            let most = if cutting.extent == Extent::AllButOne { 1 } else { usize::MAX };
            met.take(most).map(|join| (join, Uncut::Pieces)).collect()
        };
        match region.obstacle {
            None => {
                evaluations += region.inside.len();
                let piece = if cut_for.is_empty() { 0 } else { done.len() as u32 + 1 };
                done.push(Piece { root: root.piece(piece), nest, region });
                if done.len() > 1 && evaluations > MAX_PIECES_BODY {
                    return Err(too_many(None));
                }
            }
            Some((join, Obstacle::Cut { axis, at })) if is_join(join) && !is_reduction => {
                if done.len() + pending.len() + at.len() >= MOST_PIECES {
                    return Err(too_many(Some(join)));
                }
                if cut_for.is_empty() {
                    uncut.clone_from(&nest.loops);
                }
                pending.extend(nest.cut(axis, &at));
                if !cut_for.contains(&(join, axis)) {
                    cut_for.push((join, axis));
                }
            }
            Some((join, obstacle)) if is_join(join) => {
                let why = match obstacle {
                    Obstacle::Sizes => Uncut::Sizes,
                    Obstacle::Cut { .. } => Uncut::Reduction,
                    _ => Uncut::Loops,
                };
                return Err(vec![(join, why)]);
            }
            // What a piece cannot do for, uncut loops may do for.
            Some(_) if !cut_for.is_empty() => return Err(vec![(cut_for[0].0, Uncut::Loops)]),
            Some((node, Obstacle::Split { axis, outer, inner })) if nest.loops.len() < MOST_LOOPS => {
                if node != root.value {
                    split_for = Some(node);
                }
                nest.split(axis, outer, inner);
                pending.push(nest);
            }
            // Its own loops do for a reshape, but for one that they were split for and that it is not seen to follow: that
            // one is stored.
            Some((node, _)) if node == root.value => match split_for.take() {
                Some(node) => {
                    stores.insert(node, StoreReason::Reshape);
                    stored.push(Root::whole(node));
                    pending.push(Nest::new(graph, stores, root, joins.start(&root)));
                }
                None => done.push(Piece { root, nest, region }),
            },
            Some((node, _)) => {
                stores.insert(node, StoreReason::Reshape);
                stored.push(Root::whole(node));
                pending.push(nest);
            }
        }
    }
    if let Some(axis) = ragged(graph, &uncut, &done) {
        let joins = cut_for.iter().filter(|(_, cut)| *cut == axis);
        return Err(joins.map(|(join, _)| (*join, Uncut::Rows)).collect());
    }
    Ok(done)
}
