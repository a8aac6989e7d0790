//! The upper part of a reduction: lanes into a block's result, block results into a total.
//!
//! Compiled code fills the lanes and calls the functions of this file once per block. The tree over blocks is kept
//! like a binary counter: a result of 2^k blocks sits at level k until a second one arrives, which gives the tree
//! that splits at the largest power of two without knowing the number of blocks beforehand.
#![allow(unsafe_code)]

use crate::{Function, exported};

/// Bytes of one row of lanes.
pub const LANE_BYTES: usize = 128;

/// Results that are combined side by side.
pub const COLUMNS: usize = 128;

/// Levels of the tree: enough for 2^52 blocks, more elements than memory has.
const LEVELS: usize = 52;

/// What a row's accumulator needs between calls. Lanes come first: compiled code writes them.
#[repr(C, align(64))]
pub struct RowState {
    lanes: [u8; LANE_BYTES],
    blocks: u64,
    levels: [u64; LEVELS],
}

/// The same for [`COLUMNS`] results side by side; lane `l` of column `c` is element
/// `l * COLUMNS + c` of the lanes.
#[repr(C, align(64))]
pub struct ColumnState {
    lanes: [u8; LANE_BYTES * COLUMNS],
    blocks: u64,
    levels: [[u64; COLUMNS]; LEVELS],
}

/// The functions for one way of combining.
#[derive(Clone, Copy, Debug)]
pub struct Functions {
    /// `(state)`: empty lanes, no blocks.
    pub begin_row: Function,
    /// `(state)`: the lanes are a full block.
    pub flush_row: Function,
    /// `(state, position, total)`: writes the total and begins anew.
    pub finish_row: Function,
    /// `(state)`
    pub begin_columns: Function,
    /// `(state, columns)`
    pub flush_columns: Function,
    /// `(state, position, columns, totals, step)`: total of column `c` at `totals[c * step]`.
    pub finish_columns: Function,
}

/// How two partial results combine; `u64` words hold tree values as bits.
pub trait Combine {
    /// What a lane holds.
    type Lane: Copy;
    /// The value that changes nothing.
    fn identity() -> Self::Lane;
    /// Two lanes together.
    fn lane(a: Self::Lane, b: Self::Lane) -> Self::Lane;
    /// A lane as a tree value.
    fn widen(lane: Self::Lane) -> u64;
    /// Two tree values together.
    fn tree(a: u64, b: u64) -> u64;
    /// What compiled code calls.
    fn functions() -> Functions;
}

macro_rules! combine {
    ($($name:ident: $lane:ty => $tree:ty, $identity:expr, $combine:expr;)+) => { $(
        #[doc = concat!("Combines lanes of `", stringify!($lane), "` as the name says.")]
        pub struct $name;
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
            fn functions() -> Functions {
                // SAFETY: of every call below: it passes on what compiled code promises.
                Functions {
                    begin_row: exported!(
                        concat!("fusewire_", stringify!($name), "_begin_row"),
                        fn(state: *mut RowState) { unsafe { begin_row::<$name>(state) } }
                    ),
                    flush_row: exported!(
                        concat!("fusewire_", stringify!($name), "_flush_row"),
                        fn(state: *mut RowState) { unsafe { flush_row::<$name>(state) } }
                    ),
                    finish_row: exported!(
                        concat!("fusewire_", stringify!($name), "_finish_row"),
                        fn(state: *mut RowState, position: u64, total: *mut u64) {
                            unsafe { finish_row::<$name>(state, position, total) }
                        }
                    ),
                    begin_columns: exported!(
                        concat!("fusewire_", stringify!($name), "_begin_columns"),
                        fn(state: *mut ColumnState) { unsafe { begin_columns::<$name>(state) } }
                    ),
                    flush_columns: exported!(
                        concat!("fusewire_", stringify!($name), "_flush_columns"),
                        fn(state: *mut ColumnState, columns: u64) {
                            unsafe { flush_columns::<$name>(state, columns) }
                        }
                    ),
                    finish_columns: exported!(
                        concat!("fusewire_", stringify!($name), "_finish_columns"),
                        fn(state: *mut ColumnState, position: u64, columns: u64, totals: *mut u64, step: u64) {
                            unsafe { finish_columns::<$name>(state, position, columns, totals, step) }
                        }
                    ),
                }
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

/// Combines the results of consecutive chunks, each of the same power of two of blocks but for the
/// last, in the order in which one pass over all blocks would have combined them.
#[must_use]
pub fn combine_chunks(tree: fn(u64, u64) -> u64, chunks: impl Iterator<Item = u64>) -> u64 {
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

/// How a tree value becomes an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    /// An `f64` is rounded.
    F32,
    /// An `f64` as it is.
    F64,
    /// The low half of an integer.
    I32,
    /// An integer as it is.
    I64,
}

/// A tree value of floats as the result of a reduction, divided by the number of elements for a mean.
#[inline(always)]
fn float_total(word: u64, divisor: f64) -> f64 {
    // Which of several NaN comes through follows from the order in which a layout has them combined:
    // sign and payload must not.
    let value = f64::from_bits(word);
    if value.is_nan() { f64::NAN } else { value / divisor }
}

/// Makes `results` elements of tree values `step` words apart, and writes them one after another. Floats are divided by
/// `divisor`.
///
/// # Safety
/// There are so many words, and `to` has room for so many elements.
pub unsafe fn write_totals(
    total: Total,
    words: *const u64,
    step: u64,
    results: u64,
    divisor: u64,
    to: *mut u8,
) {
    // A loop for each, with words side by side apart, so that the compiler can make vectors of it.
    macro_rules! each {
        ($number:ty, $of:expr) => {{
            let of: fn(u64, f64) -> $number = $of;
            let divisor = divisor as f64;
            let write = |step: usize| {
                for at in 0..results as usize {
                    // SAFETY: the caller's promise.
                    unsafe {
                        let word = words.add(at * step).read();
                        to.cast::<$number>().add(at).write_unaligned(of(word, divisor));
                    }
                }
            };
            if step == 1 { write(1) } else { write(step as usize) }
        }};
    }
    match total {
        Total::F32 => each!(f32, |word, divisor| float_total(word, divisor) as f32),
        Total::F64 => each!(f64, float_total),
        Total::I32 => each!(u32, |word, _| word as u32),
        Total::I64 => each!(u64, |word, _| word),
    }
}

impl Total {
    /// [`write_totals`] for compiled code: `(words, step, results, divisor, to)`.
    #[must_use]
    pub fn function(self) -> Function {
        macro_rules! totals {
            ($($total:ident)+) => {
                match self { $(
                    Self::$total => exported!(
                        concat!("fusewire_totals_", stringify!($total)),
                        fn(words: *const u64, step: u64, results: u64, divisor: u64, to: *mut u8) {
                            // SAFETY: compiled code passes its own scratch memory.
                            unsafe { write_totals(Total::$total, words, step, results, divisor, to) }
                        }
                    ),
                )+ }
            };
        }
        totals!(F32 F64 I32 I64)
    }
}

/// What waits in a state between two calls: lanes as bytes, the count of blocks, and the levels of the tree.
pub type Waiting<'s> = (&'s mut [u8], &'s mut u64, &'s mut [u64]);

impl RowState {
    /// What waits in it between two calls.
    pub const fn waiting(&mut self) -> Waiting<'_> {
        (&mut self.lanes, &mut self.blocks, &mut self.levels)
    }

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

unsafe fn begin_row<C: Combine>(state: *mut RowState) {
    // SAFETY: compiled code passes its own scratch memory, laid out for a `RowState`, which nobody
    // else uses during the call; the lanes and the counter are written before they are read.
    let state = unsafe { &mut *state };
    state.lanes::<C>().fill(C::identity());
    state.blocks = 0;
}

unsafe fn flush_row<C: Combine>(state: *mut RowState) {
    // SAFETY: as in `begin_row`, which has run.
    unsafe { &mut *state }.flush::<C>();
}

unsafe fn finish_row<C: Combine>(state: *mut RowState, position: u64, total: *mut u64) {
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
    /// What waits in it between two calls; what belongs to a column is [`COLUMNS`] elements apart.
    pub const fn waiting(&mut self) -> Waiting<'_> {
        (&mut self.lanes, &mut self.blocks, self.levels.as_flattened_mut())
    }

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

unsafe fn begin_columns<C: Combine>(state: *mut ColumnState) {
    // SAFETY: as in `begin_row`, for a `ColumnState`.
    let state = unsafe { &mut *state };
    state.lanes::<C>().fill(C::identity());
    state.blocks = 0;
}

unsafe fn flush_columns<C: Combine>(state: *mut ColumnState, columns: u64) {
    // SAFETY: as in `begin_columns`, which has run.
    unsafe { &mut *state }.flush::<C>(columns as usize);
}

unsafe fn finish_columns<C: Combine>(
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
