//! Where things go in a drawing: rows from the top down, in which every edge goes to a later row.

use super::{NodeReport, PlanReport};

/// Something to place, with its size.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Item {
    pub width: f64,
    pub height: f64,
    /// Where it must be, if that is decided.
    pub pin: Option<Pin>,
}

/// The row in which something must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Pin {
    First,
    Last,
}

pub(super) type Point = (f64, f64);

/// Everything in its place.
#[derive(Debug, Default)]
pub(super) struct Placed {
    /// The upper left corner of each item.
    pub corners: Vec<Point>,
    /// For each edge, the points between its ends through which it passes.
    pub bends: Vec<Vec<Point>>,
    pub size: Point,
}

/// Between neighbours of a row.
const GAP: f64 = 22.0;
/// Between rows.
const ROW_GAP: f64 = 38.0;
/// How much room an edge takes that passes through a row.
const LANE: f64 = 10.0;
/// Edges over more rows than that are drawn straight: a place in each row would cost more than the picture.
const LONGEST: usize = 24;
/// How often rows are put in order, downwards and upwards.
const SWEEPS: usize = 8;

/// The kernel in whose box each node is drawn: the first that computes it; of what no kernel computes, such as a
/// view, the first of those that use it. Inputs stand outside, and so does a join that several kernels write.
pub(super) fn cluster_of(report: &PlanReport) -> Vec<Option<usize>> {
    let home = |node: &NodeReport| match (&node.kernels[..], node.fate.as_str()) {
        ([_, _, ..], "stored" | "output") => None,
        (kernels, _) => kernels.first().copied(),
    };
    let mut clusters: Vec<Option<usize>> = report.nodes.iter().map(home).collect();
    for at in (0..report.nodes.len()).rev() {
        let cluster = clusters[at];
        for operand in &report.nodes[at].operands {
            let below = &report.nodes[*operand];
            if below.kernels.is_empty() && matches!(below.fate.as_str(), "folded" | "joined") {
                let known = clusters[*operand];
                clusters[*operand] = known.into_iter().chain(cluster).min();
            }
        }
    }
    clusters
}

/// Places items in rows. Edges run from a smaller position to a larger one... of rows, not of items.
pub(super) fn place(items: &[Item], edges: &[(usize, usize)]) -> Placed {
    let rows = rows(items, edges);
    let mut all: Vec<(Item, usize)> = items.iter().copied().zip(rows).collect();
    // An edge over several rows takes a place in each.
    let mut links: Vec<(usize, usize)> = Vec::new();
    let mut lanes: Vec<Vec<usize>> = Vec::with_capacity(edges.len());
    for (from, to) in edges {
        let between = all[*from].1 + 1..all[*to].1;
        let mut lane = Vec::new();
        let mut before = *from;
        if between.len() <= LONGEST {
            for row in between {
                all.push((Item { width: LANE, height: 0.0, pin: None }, row));
                links.push((before, all.len() - 1));
                before = all.len() - 1;
                lane.push(before);
            }
            links.push((before, *to));
        }
        lanes.push(lane);
    }
    let count = all.iter().map(|(_, row)| row + 1).max().unwrap_or(0);
    let mut order: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (at, (_, row)) in all.iter().enumerate() {
        order[*row].push(at);
    }
    let mut above = vec![Vec::new(); all.len()];
    let mut below = vec![Vec::new(); all.len()];
    for (from, to) in &links {
        above[*to].push(*from);
        below[*from].push(*to);
    }
    sort_rows(&mut order, &above, &below, all.len());
    let widths: Vec<f64> = all.iter().map(|(item, _)| item.width).collect();
    let centres = centres(&order, &above, &below, &widths);
    finish(items, &all, &order, &centres, &lanes)
}

/// The row of each item: below everything that it comes from, and as low as its users allow where it comes from nothing.
fn rows(items: &[Item], edges: &[(usize, usize)]) -> Vec<usize> {
    let mut incoming = vec![0usize; items.len()];
    let mut users = vec![Vec::new(); items.len()];
    for (from, to) in edges {
        incoming[*to] += 1;
        users[*from].push(*to);
    }
    let is_source: Vec<bool> = incoming.iter().map(|count| *count == 0).collect();
    let mut rows = vec![0usize; items.len()];
    let mut ready: Vec<usize> = (0..items.len()).filter(|at| is_source[*at]).collect();
    while let Some(at) = ready.pop() {
        for user in &users[at] {
            rows[*user] = rows[*user].max(rows[at] + 1);
            incoming[*user] -= 1;
            if incoming[*user] == 0 {
                ready.push(*user);
            }
        }
    }
    let last = rows.iter().copied().max().unwrap_or(0);
    let has_last = items.iter().any(|item| item.pin == Some(Pin::Last));
    let bottom = if has_last { rows_end(items, &rows) } else { last };
    for at in 0..items.len() {
        match items[at].pin {
            Some(Pin::Last) => rows[at] = bottom,
            Some(Pin::First) => rows[at] = 0,
            None if is_source[at] => {
                rows[at] =
                    users[at].iter().map(|user| rows[*user]).min().map_or(0, |row| row.saturating_sub(1));
            }
            None => {}
        }
    }
    rows
}

/// The row after everything that is not pinned to it.
fn rows_end(items: &[Item], rows: &[usize]) -> usize {
    let others = items.iter().zip(rows).filter(|(item, _)| item.pin != Some(Pin::Last));
    others.map(|(_, row)| row + 1).max().unwrap_or(0)
}

/// Orders each row by where the neighbours of its items stand in the next one, to and fro.
fn sort_rows(order: &mut [Vec<usize>], above: &[Vec<usize>], below: &[Vec<usize>], count: usize) {
    let mut place = vec![0.0; count];
    let number = |row: &[usize], place: &mut Vec<f64>| {
        let middle = (row.len() as f64 - 1.0) / 2.0;
        row.iter().enumerate().for_each(|(at, item)| place[*item] = at as f64 - middle);
    };
    order.iter().for_each(|row| number(row, &mut place));
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        for step in 0..order.len() {
            let row = if down { step } else { order.len() - 1 - step };
            let neighbours = if down { above } else { below };
            let wanted: Vec<f64> =
                order[row].iter().map(|item| mean(&neighbours[*item], &place, *item)).collect();
            let mut sorted: Vec<(f64, usize)> = wanted.into_iter().zip(order[row].iter().copied()).collect();
            sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
            order[row] = sorted.into_iter().map(|(_, item)| item).collect();
            number(&order[row], &mut place);
        }
    }
}

/// The middle of its neighbours; where it has none, where it is.
fn mean(neighbours: &[usize], place: &[f64], item: usize) -> f64 {
    if neighbours.is_empty() {
        return place[item];
    }
    neighbours.iter().map(|other| place[*other]).sum::<f64>() / neighbours.len() as f64
}

/// The middle of each item, as near to its neighbours as the others in its row allow.
fn centres(order: &[Vec<usize>], above: &[Vec<usize>], below: &[Vec<usize>], widths: &[f64]) -> Vec<f64> {
    let mut centres = vec![0.0; widths.len()];
    for row in order {
        let total: f64 = row.iter().map(|item| widths[*item] + GAP).sum();
        let mut left = -total / 2.0;
        for item in row {
            centres[*item] = left + widths[*item] / 2.0;
            left += widths[*item] + GAP;
        }
    }
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        for step in 0..order.len() {
            let row = &order[if down { step } else { order.len() - 1 - step }];
            let both = |item: usize| [&above[item][..], &below[item][..]].concat();
            let wanted: Vec<f64> = row
                .iter()
                .map(|item| {
                    let towards = if sweep + 2 < SWEEPS {
                        (if down { &above[*item] } else { &below[*item] }).clone()
                    } else {
                        both(*item)
                    };
                    mean(&towards, &centres, *item)
                })
                .collect();
            spread(row, &wanted, widths, &mut centres);
        }
    }
    centres
}

/// Puts a row where it wants to be, without overlap: runs of items that push each other move as one, to the
/// mean of what they want.
fn spread(row: &[usize], wanted: &[f64], widths: &[f64], centres: &mut [f64]) {
    // Blocks of (sum of wished-for left ends, items, width); each item wishes its block's left end.
    let mut blocks: Vec<(f64, Vec<usize>, f64)> = Vec::new();
    for (item, wish) in row.iter().zip(wanted) {
        let width = widths[*item] + GAP;
        let mut block = (wish - width / 2.0, vec![*item], width);
        while let Some((sum, items, before)) = blocks.last() {
            let end = sum / items.len() as f64 + before;
            if end <= block.0 / block.1.len() as f64 {
                break;
            }
            // Items of the later block wish the common left end that much further left.
            let shifted = block.0 - block.1.len() as f64 * before;
            let mut joined = items.clone();
            joined.extend(&block.1);
            block = (sum + shifted, joined, before + block.2);
            blocks.pop();
        }
        blocks.push(block);
    }
    for (sum, items, _) in blocks {
        let mut left = sum / items.len() as f64;
        for item in items {
            centres[item] = left + (widths[item] + GAP) / 2.0;
            left += widths[item] + GAP;
        }
    }
}

/// Moves everything into the positive and gives rows their heights.
fn finish(
    items: &[Item],
    all: &[(Item, usize)],
    order: &[Vec<usize>],
    centres: &[f64],
    lanes: &[Vec<usize>],
) -> Placed {
    let left = (0..all.len()).map(|at| centres[at] - all[at].0.width / 2.0).fold(f64::INFINITY, f64::min);
    let left = if left.is_finite() { left } else { 0.0 };
    let right = (0..all.len()).map(|at| centres[at] + all[at].0.width / 2.0).fold(left, f64::max);
    let mut tops = Vec::with_capacity(order.len());
    let mut top = 0.0;
    for row in order {
        let height = row.iter().map(|at| all[*at].0.height).fold(0.0, f64::max);
        tops.push((top, height));
        top += height + if height > 0.0 { ROW_GAP } else { ROW_GAP / 2.0 };
    }
    let height = tops.last().map_or(0.0, |(top, height)| top + height);
    let corner = |at: usize| {
        let (item, row) = &all[at];
        let (top, height) = tops[*row];
        (centres[at] - item.width / 2.0 - left, top + (height - item.height) / 2.0)
    };
    let through = |at: &usize| {
        let (top, height) = tops[all[*at].1];
        let x = centres[*at] - left;
        // In at the top of the row and out at its bottom, so that the edge passes beside what stands there.
        [(x, top), (x, top + height)]
    };
    Placed {
        corners: (0..items.len()).map(corner).collect(),
        bends: lanes.iter().map(|lane| lane.iter().flat_map(through).collect()).collect(),
        size: (right - left, height),
    }
}
