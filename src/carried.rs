//! Reductions that go on from piece to piece: between two pieces, what is in the lanes and in the tree of each result waits in
//! workspace, packed as closely as all results together let it be.
#![allow(unsafe_code)]

use crate::lower::{Accumulator, COLUMNS, Compiled, Form, Routine};
use crate::tree;
use crate::walk::{Memory, Walk};
use fusewire_ir::kernel::Kernel;
use fusewire_ir::reduce::{BLOCK, LANE_BYTES};
use fusewire_runtime::tree::{ColumnState, RowState, Waiting};
use std::ops::Range;

/// Where a kernel is in its reductions, and where these wait.
#[derive(Clone)]
pub(crate) struct Carried {
    /// Elements that are combined into each result before this piece, and with it.
    before: u64,
    after: u64,
    /// Those of all pieces.
    pub count: u64,
    pub is_last: bool,
    /// The address of what waits.
    address: i64,
    levels: usize,
    /// How many results wait there.
    results: u64,
}

impl Carried {
    /// Of a kernel that carries totals, where `walk` has the extents of its loops.
    pub fn of(kernel: &Kernel, walk: &Walk, memory: &Memory<'_>) -> Option<Self> {
        let carried = kernel.carried.as_ref()?;
        let product = |is_meant: &dyn Fn(usize) -> bool| {
            let extents = walk.extents.iter().enumerate().filter(|(l, _)| is_meant(*l));
            extents.fold(1u64, |product, (_, extent)| product.saturating_mul(*extent))
        };
        let others = product(&|l| kernel.loops[l].reduced && l != carried.position);
        let start = u64::try_from(crate::bind::index(&carried.start, &memory.binding.sizes)).unwrap_or(0);
        let end = start.saturating_add(walk.extents[carried.position]);
        Some(Self {
            before: start.saturating_mul(others),
            after: end.saturating_mul(others),
            count: carried.extent.saturating_mul(others),
            is_last: end >= carried.extent,
            address: memory.layout(carried.state)?.address as i64,
            levels: carried.levels,
            results: product(&|l| !kernel.loops[l].reduced),
        })
    }

    /// The whole chunks of so many elements in this piece, all of them nodes of the tree over blocks: where the first begins in the reduction, and
    /// how many there are.
    pub fn chunks(&self, elements: u64) -> (u64, u64) {
        let first = self.before.checked_next_multiple_of(elements).unwrap_or(u64::MAX);
        (first, self.after.saturating_sub(first) / elements)
    }

    /// Elements that are combined before this piece.
    pub const fn before(&self) -> u64 {
        self.before
    }

    /// The part of this piece between two places in the reduction.
    pub fn part(&self, before: u64, after: u64) -> Self {
        Self { before, after, is_last: self.is_last && after == self.after, ..self.clone() }
    }

    /// Lets totals of chunks of so many elements, the first of which begins at `first` in the reduction, wait as nodes of the tree.
    ///
    /// # Safety
    /// What waits is in workspace that is alive, and goes up to `first`; `result` is one of the results.
    pub unsafe fn add_chunks(
        &self,
        (at, accumulator): (usize, Accumulator),
        result: u64,
        (first, elements): (u64, u64),
        chunks: impl Iterator<Item = u64>,
    ) {
        let (mut blocks, node) = (first / BLOCK as u64, elements / BLOCK as u64);
        let combine = tree::tree_function(accumulator);
        for mut value in chunks {
            let mut level = node.trailing_zeros() as usize;
            loop {
                assert!(level < self.levels && result < self.results);
                let word = self.trees(at).wrapping_add((level * self.results as usize + result as usize) * 8);
                let word = word.cast::<u64>();
                // SAFETY: the plan has room for every level of every result.
                unsafe {
                    if blocks >> level & 1 == 0 {
                        word.write(value);
                        break;
                    }
                    value = combine(word.read(), value);
                }
                level += 1;
            }
            blocks += node;
        }
    }

    /// Where what waits of an accumulator begins.
    fn base(&self, at: usize) -> *mut u8 {
        let own = self.results as usize * fusewire_ir::kernel::Carried::bytes(self.levels);
        (self.address as *mut u8).wrapping_add(at * own)
    }

    /// Where its trees begin, behind its lanes.
    fn trees(&self, at: usize) -> *mut u8 {
        self.base(at).wrapping_add(LANE_BYTES * self.results as usize)
    }

    /// Has the states in `scratch` go on where those of these results have stopped.
    ///
    /// # Safety
    /// `scratch` is the scratch memory of a call of this code, which is not running; what waits is in workspace that is alive.
    pub unsafe fn take_up(&self, code: &Compiled, scratch: *mut u8, results: Range<u64>) {
        let position = self.before % BLOCK as u64;
        // SAFETY: scratch memory of a reduction begins with this word.
        unsafe { scratch.cast::<u64>().write(position) };
        for (at, accumulator) in code.routine.accumulators.iter().enumerate() {
            // SAFETY: the state of an accumulator is there, aligned to a cache line as scratch memory is.
            let state = unsafe { scratch.add(code.routine.state_offset(at)) };
            let functions = tree::functions(*accumulator);
            let begin = match code.routine.form {
                Form::Columns => functions.begin_columns,
                _ => functions.begin_row,
            };
            // SAFETY: the function for the state of this form, by its address.
            unsafe {
                let begin: unsafe extern "sysv64" fn(*mut u8) = std::mem::transmute(begin.address);
                begin(state);
            }
            // SAFETY: begun above, and used by nobody else meanwhile.
            let (width, (lanes, blocks, levels)) = unsafe { waiting(&code.routine, state) };
            *blocks = self.before / BLOCK as u64;
            self.each(*accumulator, at, *blocks, position, width, &results, &mut |place, kept, bytes| {
                let here = match place {
                    Place::Lanes(offset) => lanes[offset..offset + bytes].as_mut_ptr(),
                    Place::Level(word) => levels[word..word + bytes / 8].as_mut_ptr().cast(),
                };
                // SAFETY: so many bytes are in the state by the slice, and in workspace by the plan, which has room for all results.
                unsafe { std::ptr::copy_nonoverlapping(kept.cast_const(), here, bytes) };
            });
        }
    }

    /// Lets the states in `scratch` wait for the next piece; after the last one, writes totals to `partials`, a word for each result
    /// and accumulator.
    ///
    /// # Safety
    /// As for [`Carried::take_up`], after the call has run; `partials` has room.
    pub unsafe fn leave(&self, code: &Compiled, scratch: *mut u8, results: Range<u64>, partials: *mut u64) {
        let position = self.after % BLOCK as u64;
        let accumulators = code.routine.accumulators.len();
        for (at, accumulator) in code.routine.accumulators.iter().enumerate() {
            // SAFETY: as in `take_up`.
            let state = unsafe { scratch.add(code.routine.state_offset(at)) };
            if self.is_last {
                let functions = tree::functions(*accumulator);
                // SAFETY: the functions for the state of this form, by their addresses; the caller's promise about `partials`.
                unsafe {
                    let totals = partials.add(at);
                    if code.routine.form == Form::Columns {
                        let finish: unsafe extern "sysv64" fn(*mut u8, u64, u64, *mut u64, u64) =
                            std::mem::transmute(functions.finish_columns.address);
                        finish(state, position, results.end - results.start, totals, accumulators as u64);
                    } else {
                        let finish: unsafe extern "sysv64" fn(*mut u8, u64, *mut u64) =
                            std::mem::transmute(functions.finish_row.address);
                        finish(state, position, totals);
                    }
                }
                continue;
            }
            // SAFETY: as in `take_up`.
            let (width, (lanes, blocks, levels)) = unsafe { waiting(&code.routine, state) };
            self.each(*accumulator, at, *blocks, position, width, &results, &mut |place, kept, bytes| {
                let here = match place {
                    Place::Lanes(offset) => lanes[offset..offset + bytes].as_ptr(),
                    Place::Level(word) => levels[word..word + bytes / 8].as_ptr().cast(),
                };
                // SAFETY: as in `take_up`.
                unsafe { std::ptr::copy_nonoverlapping(here, kept, bytes) };
            });
        }
    }

    /// Calls `copy` with each run of bytes that waits for these results between two pieces: its place in the state, where it waits, and how
    /// many there are.
    #[allow(clippy::too_many_arguments)]
    fn each(
        &self,
        accumulator: Accumulator,
        at: usize,
        blocks: u64,
        position: u64,
        width: usize,
        results: &Range<u64>,
        copy: &mut dyn FnMut(Place, *mut u8, usize),
    ) {
        let count = (results.end - results.start) as usize;
        let first = results.start as usize;
        let bytes = accumulator.dtype.bytes();
        // Lanes hold what changes nothing where a block has just ended.
        for lane in 0..if position > 0 { LANE_BYTES / bytes } else { 0 } {
            let kept = self.base(at).wrapping_add((lane * self.results as usize + first) * bytes);
            copy(Place::Lanes(lane * width * bytes), kept, count * bytes);
        }
        for level in (0..self.levels).filter(|level| blocks >> level & 1 == 1) {
            let kept = self.trees(at).wrapping_add((level * self.results as usize + first) * 8);
            copy(Place::Level(level * width), kept, count * 8);
        }
    }
}

/// A place in a state: from a byte of the lanes on, or from a word of the levels.
enum Place {
    Lanes(usize),
    Level(usize),
}

/// What waits in a state, and how far apart it is for neighbouring results.
///
/// # Safety
/// There is a state of the routine's form, which nobody else uses while it is borrowed.
unsafe fn waiting<'s>(routine: &Routine, state: *mut u8) -> (usize, Waiting<'s>) {
    // SAFETY: the caller's promise; scratch memory is zeroed when it is made, and any bits are a state.
    unsafe {
        match routine.form {
            Form::Columns => (COLUMNS, (*state.cast::<ColumnState>()).waiting()),
            _ => (1, (*state.cast::<RowState>()).waiting()),
        }
    }
}
