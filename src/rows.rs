//! Running kernels that take turns on blocks of rows.
//!
//! A binding decides how many rows a block has: as many as stay in the cache, as the plan's workspace has room for, and as
//! few as give every thread its share. Each thread that takes part has a lane, with calls and workspace of its own;
//! from block to block only addresses move.

use crate::bind::{Binding, size};
use crate::jit::CodeError;
use crate::launch::{self, Launch, launch};
use crate::walk::{Memory, Origin, Part};
use fusewire_ir::Dim;
use fusewire_ir::plan::{Plan, Stored};
use fusewire_ir::rows::{MOST_LANES, Rows};

/// How the rows of a step are cut.
#[derive(Clone, Debug)]
pub(crate) struct Blocks {
    /// How often each loop over rows runs.
    extents: Vec<u64>,
    /// The loop that is cut: those outside of it run once in a block, those inside as a whole.
    cut: usize,
    /// How often it runs in a block.
    count: u64,
    /// Blocks that are in work at the same time.
    pub lanes: u64,
    /// Do all threads work on the same block?
    together: bool,
    /// For each slot of workspace, what one lane has of it.
    strides: Vec<u64>,
}

impl Blocks {
    /// Cuts the rows of the step at this position, into blocks of at most `most` rows.
    pub fn new(plan: &Plan, step: usize, rows: &Rows, binding: &Binding, threads: usize, most: u64) -> Self {
        let size_of = |dim: &Dim| size(dim, &binding.sizes);
        let extents: Vec<u64> = rows.loops.iter().map(|l| size_of(&l.extent)).collect();
        let total = product(&extents);
        // As much as for the one that has most to do: small work stays on one thread.
        let work = rows.kernels.iter().map(|kernel| {
            let extents: Vec<u64> = kernel.loops.iter().map(|l| size_of(&l.extent)).collect();
            product(&extents).saturating_mul(launch::cost(&kernel.body))
        });
        let work = work.max().unwrap_or(0);
        let threads = launch::parts_for(work, threads).clamp(1, MOST_LANES);
        let together = threads > 1 && total < 2 * threads && total != threads;
        let held = || {
            let stored = plan.stored().iter();
            let is_own = |stored: &&Stored| stored.rows.as_ref().is_some_and(|held| held.step == step);
            stored.filter(|stored| stored.is_held_for_blocks()).filter(is_own)
        };
        let mut block = rows.row_bytes(&size_of).block().min(most).min(total).max(1);
        for stored in held() {
            let room =
                if together { plan.slots()[stored.slot] } else { plan.lane_bytes(stored).unwrap_or(0) };
            block = block.min(room / stored.row_bytes(&size_of).max(1)).max(1);
        }
        if threads > 1 && !together {
            // Every lane has as many blocks.
            let blocks = total.div_ceil(block).next_multiple_of(threads);
            block = total.div_ceil(blocks).max(1);
        }
        let (mut cut, mut inside) = (0, 1u64);
        for at in (0..extents.len()).rev() {
            cut = at;
            if at == 0 || inside.saturating_mul(extents[at]) > block {
                break;
            }
            inside *= extents[at];
        }
        let count = (block / inside.max(1)).clamp(1, extents[cut].max(1));
        let mut blocks =
            Self { extents, cut, count, lanes: 1, together, strides: vec![0; plan.slots().len()] };
        // Without rows nothing is held, and the plan has no room for it.
        let rows_of_block = if total == 0 { 0 } else { product(&blocks.shape(false)) };
        for stored in held() {
            let bytes = rows_of_block.saturating_mul(stored.row_bytes(&size_of));
            let stride = &mut blocks.strides[stored.slot];
            *stride = (*stride).max(bytes.checked_next_multiple_of(64).unwrap_or(u64::MAX));
        }
        if !together {
            let room = plan.slots().iter().zip(&blocks.strides).filter(|(_, stride)| **stride > 0);
            let room = room.map(|(slot, stride)| slot / stride).min().unwrap_or(MOST_LANES);
            blocks.lanes = threads.min(room).min(blocks.total()).max(1);
        }
        blocks
    }

    /// What a lane has of a slot.
    pub fn stride(&self, slot: usize) -> u64 {
        self.strides[slot]
    }

    /// How many blocks the loop that is cut has.
    fn across(&self) -> u64 {
        self.extents[self.cut].div_ceil(self.count)
    }

    fn total(&self) -> u64 {
        // Without rows inside there is nothing to do.
        if self.extents.contains(&0) {
            0
        } else {
            product(&self.extents[..self.cut]).saturating_mul(self.across())
        }
    }

    /// Is a block shorter than the others?
    fn is_rest(&self, block: u64) -> bool {
        !self.extents[self.cut].is_multiple_of(self.count) && block % self.across() + 1 == self.across()
    }

    /// How often each loop over rows runs in a block, or in one that is shorter.
    fn shape(&self, rest: bool) -> Vec<u64> {
        let mut shape = self.extents.clone();
        shape[..self.cut].fill(1);
        shape[self.cut] = if rest { self.extents[self.cut] % self.count } else { self.count };
        shape
    }

    /// The sizes of a value with one axis for each loop over rows, held for a block.
    pub fn held_sizes(&self, axes: &[usize], sizes: &mut [u64]) {
        for (axis, extent) in axes.iter().zip(self.shape(false)) {
            sizes[*axis] = extent;
        }
    }

    /// Where a block begins.
    fn position(&self, block: u64, position: &mut [i64]) {
        position.fill(0);
        position[self.cut] = (block % self.across() * self.count) as i64;
        let mut outer = block / self.across();
        for at in (0..self.cut).rev() {
            position[at] = (outer % self.extents[at]) as i64;
            outer /= self.extents[at];
        }
    }
}

fn product(extents: &[u64]) -> u64 {
    extents.iter().fold(1, |product: u64, extent| product.saturating_mul(*extent))
}

/// The blocks of one thread.
pub(crate) struct Lane {
    blocks: Blocks,
    own: std::ops::Range<u64>,
    /// The kernels on a block, and on a shorter one.
    turns: [Turn; 2],
}

/// The kernels on blocks of one shape.
#[derive(Default)]
struct Turn {
    launches: Vec<Launch>,
    /// Where the block begins that they are placed at, and where the next one does.
    at: Vec<i64>,
    next: Vec<i64>,
}

/// The lanes of a step; `memory` makes the memory of a lane.
pub(crate) fn lanes<'m>(
    rows: &Rows,
    blocks: &Blocks,
    held: &[bool],
    threads: usize,
    memory: impl Fn(u64) -> Memory<'m>,
) -> Result<Option<Launch>, CodeError> {
    let mut lanes = Vec::new();
    for (lane, (first, count)) in launch::split(blocks.total(), blocks.lanes, 1).into_iter().enumerate() {
        let own = first..first + count;
        let mut turns = [Turn::default(), Turn::default()];
        for (turn, rest) in turns.iter_mut().zip([false, true]) {
            // Many blocks in a row have one of each sort.
            if !own.clone().take(blocks.across() as usize + 1).any(|block| blocks.is_rest(block) == rest) {
                continue;
            }
            let (extents, memory) = (blocks.shape(rest), memory(lane as u64));
            for (at, kernel) in rows.kernels.iter().enumerate() {
                let positions: Vec<usize> = rows.loops.iter().map(|l| l.positions[at]).collect();
                let part = Part { positions: &positions, extents: &extents, held };
                let threads = if blocks.together { threads } else { 1 };
                turn.launches.extend(launch(kernel, &memory, Some(part), threads)?);
            }
            turn.at = vec![0; extents.len()];
            turn.next = vec![0; extents.len()];
        }
        lanes.push(Lane { blocks: blocks.clone(), own, turns });
    }
    Ok((!lanes.is_empty()).then_some(Launch::Rows(lanes)))
}

impl Lane {
    pub fn launches(&self) -> impl Iterator<Item = &Launch> {
        self.turns.iter().flat_map(|turn| &turn.launches)
    }

    pub fn launches_mut(&mut self) -> impl Iterator<Item = &mut Launch> {
        self.turns.iter_mut().flat_map(|turn| &mut turn.launches)
    }

    pub fn run(&mut self) {
        for block in self.own.clone() {
            let turn = &mut self.turns[usize::from(self.blocks.is_rest(block))];
            self.blocks.position(block, &mut turn.next);
            turn.run();
        }
    }
}

impl Turn {
    /// Goes over to the next block.
    fn run(&mut self) {
        if self.at != self.next {
            let (at, next) = (&self.at, &self.next);
            let moved = |origin: &Origin| {
                let along = origin.rows.iter().zip(at.iter().zip(next));
                along.fold(0i64, |sum, (step, (at, next))| sum.wrapping_add((next - at).wrapping_mul(*step)))
            };
            self.launches.iter_mut().for_each(|launch| launch.relocate(&moved));
            self.at.copy_from_slice(&self.next);
        }
        self.launches.iter_mut().for_each(Launch::run);
    }
}
