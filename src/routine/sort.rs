//! Sorting lines by keys: unsigned integers in the order of the elements.
//!
//! Integers are sorted without a comparison function, and equal keys are told apart by position, so a sort
//! that is not stable gives what a stable one would and needs no memory of its own. Zeros of both signs have
//! one key, and so has every NaN; what they were is looked up once the line is in order.

use super::{Lanes, PIECE, by_width, gather, pieces, scatter};
use crate::lines::{Array, Line, Plain, cast};
use fusewire_ir::routine::{argsort_bytes, sort_bytes};
use fusewire_ir::{Category, DType};
use std::ops::Range;

/// The order of elements as bit patterns.
#[derive(Clone, Copy)]
pub(super) struct Order {
    dtype: DType,
    descending: bool,
}

impl Order {
    pub const fn new(dtype: DType, descending: bool) -> Self {
        Self { dtype, descending }
    }

    /// The bits of an infinity.
    fn infinity(self) -> u64 {
        fusewire_ir::Scalar::F64(f64::INFINITY).cast(self.dtype).bits()
    }
}

/// The bits of an element.
pub(super) trait Bits: Plain + Ord {
    const SIGN: Self;
    const MAX: Self;
    fn of(bits: u64) -> Self;
    fn wide(self) -> u64;
    fn flip(self) -> Self;
    fn xor(self, other: Self) -> Self;
}

macro_rules! bits {
    ($($bits:ty)+) => { $(
        impl Bits for $bits {
            const SIGN: Self = !(Self::MAX >> 1);
            const MAX: Self = Self::MAX;
            fn of(bits: u64) -> Self {
                bits as Self
            }
            fn wide(self) -> u64 {
                u64::from(self)
            }
            fn flip(self) -> Self {
                !self
            }
            fn xor(self, other: Self) -> Self {
                self ^ other
            }
        }
    )+ };
}
bits! { u8 u16 u32 u64 }

/// The keys of one order.
#[derive(Clone, Copy)]
pub(super) struct Keys<B> {
    category: Category,
    is_signed: bool,
    descending: bool,
    infinity: B,
}

impl<B: Bits> Keys<B> {
    pub fn new(order: Order) -> Self {
        Self {
            category: order.dtype.category(),
            is_signed: order.dtype.is_signed(),
            descending: order.descending,
            infinity: B::of(order.infinity()),
        }
    }

    fn is_zero(bits: B) -> bool {
        bits == B::default() || bits == B::SIGN
    }

    fn is_nan(&self, bits: B) -> bool {
        (if bits >= B::SIGN { bits.xor(B::SIGN) } else { bits }) > self.infinity
    }

    /// Does the element share its key with others that have other bits?
    fn is_ambiguous(&self, bits: B) -> bool {
        self.category == Category::Float && (bits == B::SIGN || self.is_nan(bits))
    }

    pub fn key(&self, bits: B) -> B {
        let key = match self.category {
            Category::Float if self.is_nan(bits) => B::MAX,
            Category::Float if bits >= B::SIGN && !Self::is_zero(bits) => bits.flip(),
            Category::Float => bits.xor(B::SIGN).max(B::SIGN),
            _ if self.is_signed => bits.xor(B::SIGN),
            _ => bits,
        };
        if self.descending { key.flip() } else { key }
    }

    /// The element of a key; +0 and some NaN for those that share theirs.
    fn bits(&self, key: B) -> B {
        let key = if self.descending { key.flip() } else { key };
        match self.category {
            Category::Float if key >= B::SIGN => key.xor(B::SIGN),
            Category::Float => key.flip(),
            _ if self.is_signed => key.xor(B::SIGN),
            _ => key,
        }
    }

    /// Puts a copy of a line in order.
    fn sort(&self, line: &Line, elements: &mut [B]) {
        let mut ambiguous = false;
        for element in elements.iter_mut() {
            ambiguous |= self.is_ambiguous(*element);
            *element = self.key(*element);
        }
        elements.sort_unstable();
        let first_of = |key: B| elements.partition_point(|other| *other < key);
        let mut zero = first_of(self.key(B::default()));
        let mut nan = first_of(self.key(B::MAX));
        elements.iter_mut().for_each(|element| *element = self.bits(*element));
        if !ambiguous {
            return;
        }
        // In the order in which they stood.
        pieces(line, |_, piece: &[B]| {
            for bits in piece {
                let place = match () {
                    () if Self::is_zero(*bits) => &mut zero,
                    () if self.is_nan(*bits) => &mut nan,
                    () => continue,
                };
                elements[*place] = *bits;
                *place += 1;
            }
        });
    }
}

/// Sorts every line along an axis.
pub(super) fn sort(x: &Array, results: &[Array], axis: usize, order: Order, lanes: Lanes<'_>) {
    by_width!(order.dtype.bytes(), sort_lines(x, results, axis, order, lanes));
}

fn sort_lines<B: Bits>(x: &Array, results: &[Array], axis: usize, order: Order, lanes: Lanes<'_>) {
    let keys = Keys::<B>::new(order);
    let length = x.sizes()[axis] as usize;
    lanes.each(0..x.lines(axis), length * sort_bytes(order.dtype), &|lines, scratch| {
        let elements = cast::<B>(scratch);
        gather(x, axis, lines.clone(), length, elements);
        for (line, elements) in lines.clone().zip(elements.chunks_exact_mut(length.max(1))) {
            keys.sort(&x.line(axis, line), elements);
        }
        scatter(elements, length, results, axis, lines);
    });
}

/// Writes the positions of sorted elements for every line along an axis.
pub(super) fn argsort(x: &Array, results: &[Array], axis: usize, order: Order, lanes: Lanes<'_>) {
    by_width!(order.dtype.bytes(), argsort_lines(x, results, axis, order, lanes));
}

fn argsort_lines<B: Bits>(x: &Array, results: &[Array], axis: usize, order: Order, lanes: Lanes<'_>) {
    let keys = Keys::<B>::new(order);
    let length = x.sizes()[axis];
    let width = argsort_bytes(order.dtype, length);
    lanes.each(0..x.lines(axis), length as usize * width, &|lines, scratch| {
        // A key with its position, in one integer.
        if width == 8 {
            let pair = |bits: B, at: u64| keys.key(bits).wide() << 32 | at;
            let pairs = cast::<u64>(scratch);
            argsort_some(x, axis, lines.clone(), length as usize, pairs, pair);
            write_positions(pairs, |pair| i64::from(*pair as u32), length as usize, results, axis, lines);
        } else {
            let pair = |bits: B, at: u64| u128::from(keys.key(bits).wide()) << 64 | u128::from(at);
            let pairs = cast::<u128>(scratch);
            argsort_some(x, axis, lines.clone(), length as usize, pairs, pair);
            write_positions(pairs, |pair| *pair as i64, length as usize, results, axis, lines);
        }
    });
}

/// Fills slices of pairs from lines, piece by piece of each in turn, and sorts them.
fn argsort_some<B: Bits, P: Ord>(
    x: &Array,
    axis: usize,
    lines: Range<u64>,
    length: usize,
    pairs: &mut [P],
    pair: impl Fn(B, u64) -> P,
) {
    let mut elements = [B::default(); PIECE];
    for first in (0..length).step_by(PIECE) {
        let piece = first..length.min(first + PIECE);
        for (line, pairs) in lines.clone().zip(pairs.chunks_exact_mut(length)) {
            let elements = &mut elements[..piece.len()];
            x.line(axis, line).read(first as u64, elements);
            for ((to, bits), at) in pairs[piece.clone()].iter_mut().zip(elements).zip(first as u64..) {
                *to = pair(*bits, at);
            }
        }
    }
    for pairs in pairs.chunks_exact_mut(length.max(1)) {
        pairs.sort_unstable();
    }
}

fn write_positions<P>(
    pairs: &[P],
    position: impl Fn(&P) -> i64,
    length: usize,
    results: &[Array],
    axis: usize,
    lines: Range<u64>,
) {
    let mut positions = [0i64; PIECE];
    for first in (0..length).step_by(PIECE) {
        let piece = first..length.min(first + PIECE);
        for (line, pairs) in lines.clone().zip(pairs.chunks_exact(length)) {
            for (to, pair) in positions.iter_mut().zip(&pairs[piece.clone()]) {
                *to = position(pair);
            }
            for result in results {
                result.line(axis, line).write(first as u64, &positions[..piece.len()]);
            }
        }
    }
}
