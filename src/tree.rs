//! The upper part of a reduction: lanes into a block's result, block results into a total.
//!
//! Compiled code fills the lanes and calls the functions of this file once per block of
//! [`BLOCK`](fusewire_ir::reduce::BLOCK) elements. The tree over blocks is kept like a binary
//! counter: a result of 2^k blocks sits at level k until a second one arrives, which gives the tree
//! that splits at the largest power of two without knowing the number of blocks beforehand.
#![allow(unsafe_code)]

use crate::lower::{Accumulator, COLUMNS};
use fusewire_ir::reduce::LANE_BYTES;
use fusewire_ir::{DType, ReduceOp, Scalar};

/// Levels of the tree: enough for 2^52 blocks, more elements than memory has.
const LEVELS: usize = 52;

/// What a row's accumulator needs between calls. Lanes come first: compiled code writes them.
#[repr(C, align(64))]
pub(crate) struct RowState {
    lanes: [u8; LANE_BYTES],
    blocks: u64,
    levels: [u64; LEVELS],
}

/// The same for [`COLUMNS`] results side by side; lane `l` of column `c` is element
/// `l * COLUMNS + c` of the lanes.
#[repr(C, align(64))]
pub(crate) struct ColumnState {
    lanes: [u8; LANE_BYTES * COLUMNS],
    blocks: u64,
    levels: [[u64; COLUMNS]; LEVELS],
}

/// Addresses of the functions for one kind of accumulator.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Functions {
    /// `(state)`: empty lanes, no blocks.
    pub begin_row: usize,
    /// `(state)`: the lanes are a full block.
    pub flush_row: usize,
    /// `(state, position, total)`: writes the total and begins anew.
    pub finish_row: usize,
    /// `(state)`
    pub begin_columns: usize,
    /// `(state, columns)`
    pub flush_columns: usize,
    /// `(state, position, columns, totals, step)`: total of column `c` at `totals[c * step]`.
    pub finish_columns: usize,
}

/// How two partial results combine; `u64` words hold tree values as bits.
trait Combine {
    type Lane: Copy;
    fn identity() -> Self::Lane;
    fn lane(a: Self::Lane, b: Self::Lane) -> Self::Lane;
    fn widen(lane: Self::Lane) -> u64;
    fn tree(a: u64, b: u64) -> u64;
}

macro_rules! combine {
    ($($name:ident: $lane:ty => $tree:ty, $identity:expr, $combine:expr;)+) => { $(
        struct $name;
        impl Combine for $name {
            type Lane = $lane;
            fn identity() -> $lane { $identity }
            #[inline]
            fn lane(a: $lane, b: $lane) -> $lane {
                let combine: fn($lane, $lane) -> $lane = $combine;
                combine(a, b)
            }
            #[inline]
            fn widen(lane: $lane) -> u64 { Word::from_word(<$tree>::from(lane)) }
            #[inline]
            fn tree(a: u64, b: u64) -> u64 {
                let combine: fn($tree, $tree) -> $tree = $combine;
                Word::from_word(combine(Word::to_word(a), Word::to_word(b)))
            }
        }
    )+ };
}

/// A tree value as bits.
trait Word: Sized {
    fn from_word(value: Self) -> u64;
    fn to_word(bits: u64) -> Self;
}
impl Word for f64 {
    fn from_word(value: Self) -> u64 {
        value.to_bits()
    }
    fn to_word(bits: u64) -> Self {
        Self::from_bits(bits)
    }
}
impl Word for i64 {
    fn from_word(value: Self) -> u64 {
        value as u64
    }
    fn to_word(bits: u64) -> Self {
        bits as Self
    }
}
impl Word for u64 {
    fn from_word(value: Self) -> u64 {
        value
    }
    fn to_word(bits: u64) -> Self {
        bits
    }
}

combine! {
    SumF32: f32 => f64, -0.0, |a, b| a + b;
    SumF64: f64 => f64, -0.0, |a, b| a + b;
    SumI64: i64 => i64, 0, |a, b| a.wrapping_add(b);
    ProdF32: f32 => f64, 1.0, |a, b| a * b;
    ProdF64: f64 => f64, 1.0, |a, b| a * b;
    ProdI64: i64 => i64, 1, |a, b| a.wrapping_mul(b);
    MinF32: f32 => f64, f32::INFINITY, |a, b| if a <= b || a.is_nan() { a } else { b };
    MinF64: f64 => f64, f64::INFINITY, |a, b| if a <= b || a.is_nan() { a } else { b };
    MinI32: i32 => i64, i32::MAX, |a, b| a.min(b);
    MinI64: i64 => i64, i64::MAX, |a, b| a.min(b);
    MinU64: u64 => u64, u64::MAX, |a, b| a.min(b);
    MaxU64: u64 => u64, 0, |a, b| a.max(b);
    MaxF32: f32 => f64, f32::NEG_INFINITY, |a, b| if b <= a || a.is_nan() { a } else { b };
    MaxF64: f64 => f64, f64::NEG_INFINITY, |a, b| if b <= a || a.is_nan() { a } else { b };
    MaxI32: i32 => i64, i32::MIN, |a, b| a.max(b);
    MaxI64: i64 => i64, i64::MIN, |a, b| a.max(b);
}

/// The functions for an accumulator. A dtype that no reduction accumulates in (see
/// [`ReduceOp::accumulator`]) gets those of `i64`.
pub(crate) fn functions(accumulator: Accumulator) -> Functions {
    match (accumulator.op, accumulator.dtype) {
        (ReduceOp::Sum | ReduceOp::Mean, DType::F32) => of::<SumF32>(),
        (ReduceOp::Sum | ReduceOp::Mean, DType::F64) => of::<SumF64>(),
        (ReduceOp::Sum | ReduceOp::Mean, _) => of::<SumI64>(),
        (ReduceOp::Prod, DType::F32) => of::<ProdF32>(),
        (ReduceOp::Prod, DType::F64) => of::<ProdF64>(),
        (ReduceOp::Prod, _) => of::<ProdI64>(),
        (ReduceOp::Min | ReduceOp::Infimum, DType::F32) => of::<MinF32>(),
        (ReduceOp::Min | ReduceOp::Infimum, DType::F64) => of::<MinF64>(),
        (ReduceOp::Min | ReduceOp::Infimum, DType::I32) => of::<MinI32>(),
        (ReduceOp::Min | ReduceOp::Infimum, DType::U64) => of::<MinU64>(),
        (ReduceOp::Max | ReduceOp::Supremum, DType::U64) => of::<MaxU64>(),
        (ReduceOp::Min | ReduceOp::Infimum, _) => of::<MinI64>(),
        (ReduceOp::Max | ReduceOp::Supremum, DType::F32) => of::<MaxF32>(),
        (ReduceOp::Max | ReduceOp::Supremum, DType::F64) => of::<MaxF64>(),
        (ReduceOp::Max | ReduceOp::Supremum, DType::I32) => of::<MaxI32>(),
        (ReduceOp::Max | ReduceOp::Supremum, _) => of::<MaxI64>(),
    }
}

fn of<C: Combine>() -> Functions {
    Functions {
        begin_row: begin_row::<C> as *const () as usize,
        flush_row: flush_row::<C> as *const () as usize,
        finish_row: finish_row::<C> as *const () as usize,
        begin_columns: begin_columns::<C> as *const () as usize,
        flush_columns: flush_columns::<C> as *const () as usize,
        finish_columns: finish_columns::<C> as *const () as usize,
    }
}

/// Combines the results of consecutive chunks, each of the same power of two of blocks but for the
/// last, in the order in which one pass over all blocks would have combined them.
pub(crate) fn combine_chunks(accumulator: Accumulator, chunks: impl Iterator<Item = u64>) -> u64 {
    let tree = tree_function(accumulator);
    let (mut levels, mut count) = ([0u64; LEVELS], 0u64);
    for mut value in chunks {
        for level in levels.iter_mut().take(count.trailing_ones() as usize) {
            value = tree(*level, value);
        }
        levels[count.trailing_ones() as usize] = value;
        count += 1;
    }
    collapse(count, &levels, tree)
}

/// The total of a counter's levels, later blocks first: they are the shorter ones.
fn collapse(blocks: u64, levels: &[u64; LEVELS], tree: impl Fn(u64, u64) -> u64) -> u64 {
    let mut used = used_levels(blocks);
    let first = used.next().map_or(0, |level| levels[level]);
    used.fold(first, |later, level| tree(levels[level], later))
}

/// The levels that hold a value after so many blocks, lowest first. Most reductions have few.
fn used_levels(mut blocks: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let level = blocks.trailing_zeros() as usize;
        blocks &= blocks.wrapping_sub(1);
        (level < LEVELS).then_some(level)
    })
}

fn tree_function(accumulator: Accumulator) -> fn(u64, u64) -> u64 {
    match (accumulator.op, accumulator.dtype.is_float()) {
        (ReduceOp::Min | ReduceOp::Infimum, _) if accumulator.dtype == DType::U64 => MinU64::tree,
        (ReduceOp::Max | ReduceOp::Supremum, _) if accumulator.dtype == DType::U64 => MaxU64::tree,
        (ReduceOp::Sum | ReduceOp::Mean, true) => SumF64::tree,
        (ReduceOp::Sum | ReduceOp::Mean, false) => SumI64::tree,
        (ReduceOp::Prod, true) => ProdF64::tree,
        (ReduceOp::Prod, false) => ProdI64::tree,
        (ReduceOp::Min | ReduceOp::Infimum, true) => MinF64::tree,
        (ReduceOp::Min | ReduceOp::Infimum, false) => MinI64::tree,
        (ReduceOp::Max | ReduceOp::Supremum, true) => MaxF64::tree,
        (ReduceOp::Max | ReduceOp::Supremum, false) => MaxI64::tree,
    }
}

/// A tree value of floats over `count` elements as the result of the reduction.
fn float_total(op: ReduceOp, word: u64, count: u64) -> f64 {
    // Which of several NaN comes through follows from the order in which a layout has them combined:
    // sign and payload must not.
    let value = Some(f64::from_bits(word)).filter(|value| !value.is_nan()).unwrap_or(f64::NAN);
    if op == ReduceOp::Mean { value / count as f64 } else { value }
}

/// Makes results of tree values over `count` elements each, and writes them one after another.
///
/// # Safety
/// `to` has room for as many elements of the accumulator's dtype as there are words.
pub(crate) unsafe fn write_totals(
    accumulator: Accumulator,
    words: impl Iterator<Item = u64>,
    count: u64,
    to: *mut u8,
) {
    let op = accumulator.op;
    for (at, word) in words.enumerate() {
        // SAFETY: the caller's promise.
        unsafe {
            match accumulator.dtype {
                DType::F32 => {
                    to.add(at * 4).cast::<f32>().write_unaligned(float_total(op, word, count) as f32);
                }
                DType::F64 => to.add(at * 8).cast::<f64>().write_unaligned(float_total(op, word, count)),
                _ => write(to, at, total(accumulator, word, count)),
            }
        }
    }
}

/// Writes one element.
///
/// # Safety
/// `to` has room for `at + 1` elements of the scalar's dtype.
pub(crate) unsafe fn write(to: *mut u8, at: usize, scalar: Scalar) {
    let (bits, bytes) = (scalar.bits().to_le_bytes(), scalar.dtype().bytes());
    // SAFETY: the caller's promise; elements are stored as their bits, lowest byte first.
    unsafe { std::ptr::copy_nonoverlapping(bits.as_ptr(), to.add(at * bytes), bytes) };
}

/// A tree value over `count` elements as the result of the reduction.
fn total(accumulator: Accumulator, word: u64, count: u64) -> Scalar {
    let value = if accumulator.dtype.is_float() {
        Scalar::F64(float_total(accumulator.op, word, count))
    } else {
        Scalar::I64(word as i64)
    };
    // A u64 has the same bits.
    value.cast(accumulator.dtype)
}

impl RowState {
    fn lanes<C: Combine>(&mut self) -> &mut [C::Lane] {
        // SAFETY: the array is 64-byte aligned, `Lane` is a plain number whose size divides it.
        unsafe {
            std::slice::from_raw_parts_mut(self.lanes.as_mut_ptr().cast(), LANE_BYTES / size_of::<C::Lane>())
        }
    }

    fn flush<C: Combine>(&mut self) {
        let lanes = self.lanes::<C>();
        let mut width = lanes.len();
        while width > 1 {
            width /= 2;
            for lane in 0..width {
                lanes[lane] = C::lane(lanes[lane], lanes[lane + width]);
            }
        }
        let mut value = C::widen(lanes[0]);
        lanes.fill(C::identity());
        let merged = self.blocks.trailing_ones() as usize;
        for level in &self.levels[..merged] {
            value = C::tree(*level, value);
        }
        self.levels[merged] = value;
        self.blocks += 1;
    }
}

unsafe extern "sysv64" fn begin_row<C: Combine>(state: *mut RowState) {
    // SAFETY: compiled code passes its own scratch memory, laid out for a `RowState`, which nobody
    // else uses during the call; the lanes and the counter are written before they are read.
    let state = unsafe { &mut *state };
    state.lanes::<C>().fill(C::identity());
    state.blocks = 0;
}

unsafe extern "sysv64" fn flush_row<C: Combine>(state: *mut RowState) {
    // SAFETY: as in `begin_row`, which has run.
    unsafe { &mut *state }.flush::<C>();
}

unsafe extern "sysv64" fn finish_row<C: Combine>(state: *mut RowState, position: u64, total: *mut u64) {
    // SAFETY: as in `begin_row`, which has run.
    let state = unsafe { &mut *state };
    if position > 0 {
        state.flush::<C>();
    }
    let word = collapse(state.blocks, &state.levels, C::tree);
    state.blocks = 0;
    // SAFETY: compiled code passes a word of the caller's buffer for totals.
    unsafe { total.write(word) };
}

impl ColumnState {
    fn lanes<C: Combine>(&mut self) -> &mut [C::Lane] {
        // SAFETY: the array is 64-byte aligned, `Lane` is a plain number whose size divides it.
        unsafe {
            std::slice::from_raw_parts_mut(
                self.lanes.as_mut_ptr().cast(),
                LANE_BYTES * COLUMNS / size_of::<C::Lane>(),
            )
        }
    }

    fn flush<C: Combine>(&mut self, columns: usize) {
        let columns = columns.min(COLUMNS);
        let merged = self.blocks.trailing_ones() as usize;
        let lanes = self.lanes::<C>();
        let mut width = lanes.len() / COLUMNS;
        while width > 1 {
            width /= 2;
            let (low, high) = lanes.split_at_mut(width * COLUMNS);
            for (low, high) in low.iter_mut().zip(high) {
                *low = C::lane(*low, *high);
            }
        }
        let mut values = [0u64; COLUMNS];
        for (value, lane) in values.iter_mut().zip(&lanes[..columns]) {
            *value = C::widen(*lane);
        }
        lanes.fill(C::identity());
        for level in &self.levels[..merged] {
            for (value, level) in values.iter_mut().zip(level) {
                *value = C::tree(*level, *value);
            }
        }
        self.levels[merged] = values;
        self.blocks += 1;
    }
}

unsafe extern "sysv64" fn begin_columns<C: Combine>(state: *mut ColumnState) {
    // SAFETY: as in `begin_row`, for a `ColumnState`.
    let state = unsafe { &mut *state };
    state.lanes::<C>().fill(C::identity());
    state.blocks = 0;
}

unsafe extern "sysv64" fn flush_columns<C: Combine>(state: *mut ColumnState, columns: u64) {
    // SAFETY: as in `begin_columns`, which has run.
    unsafe { &mut *state }.flush::<C>(columns as usize);
}

unsafe extern "sysv64" fn finish_columns<C: Combine>(
    state: *mut ColumnState,
    position: u64,
    columns: u64,
    totals: *mut u64,
    step: u64,
) {
    // SAFETY: as in `begin_columns`, which has run.
    let state = unsafe { &mut *state };
    if position > 0 {
        state.flush::<C>(columns as usize);
    }
    let mut used = used_levels(state.blocks);
    let mut values = used.next().map_or([0; COLUMNS], |level| state.levels[level]);
    for level in used {
        for (later, value) in values.iter_mut().zip(&state.levels[level]) {
            *later = C::tree(*value, *later);
        }
    }
    for (column, total) in values.iter().enumerate().take(columns as usize) {
        // SAFETY: compiled code passes the caller's buffer for the totals of these columns.
        unsafe { totals.add(column * step as usize).write(*total) };
    }
    state.blocks = 0;
}
