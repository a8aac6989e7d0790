//! Sorting lines by keys: unsigned integers in the order of the elements.
//!
//! Integers are sorted without a comparison function, and equal keys are told apart by position, so a sort
//! that is not stable gives what a stable one would and needs no memory of its own. Zeros of both signs have
//! one key, and so has every NaN; what they were is looked up once the line is in order.

use super::{Lanes, PIECE};
use crate::strided::{Array, Line, Plain, cast};
use fusewire_ir::routine::{argsort_bytes, sort_bytes};
use fusewire_ir::{Category, DType};

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
struct Keys<B> {
    category: Category,
    is_signed: bool,
    descending: bool,
    infinity: B,
}

impl<B: Bits> Keys<B> {
    fn new(order: Order) -> Self {
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

    fn key(&self, bits: B) -> B {
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

    /// Puts a line in order: copies it to scratch memory, and leaves it there sorted.
    fn sort(&self, line: &Line, elements: &mut [B]) {
        line.read(0, elements);
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

/// Calls `visit` with each piece of a line and where it begins.
fn pieces<T: Plain>(line: &Line, mut visit: impl FnMut(u64, &[T])) {
    let mut piece = [T::default(); PIECE];
    for first in (0..line.length()).step_by(PIECE) {
        let count = (line.length() - first).min(PIECE as u64) as usize;
        line.read(first, &mut piece[..count]);
        visit(first, &piece[..count]);
    }
}

/// Calls a function for the bits of a dtype.
macro_rules! by_width {
    ($dtype:expr, $function:ident($($argument:expr),*)) => {
        match $dtype.bytes() {
            1 => $function::<u8>($($argument),*),
            2 => $function::<u16>($($argument),*),
            4 => $function::<u32>($($argument),*),
            _ => $function::<u64>($($argument),*),
        }
    };
}

/// Sorts every line along an axis.
pub(super) fn sort(x: &Array, results: &[Array], axis: usize, order: Order, lanes: Lanes<'_>) {
    by_width!(order.dtype, sort_lines(x, results, axis, order, lanes));
}

fn sort_lines<B: Bits>(x: &Array, results: &[Array], axis: usize, order: Order, lanes: Lanes<'_>) {
    let keys = Keys::<B>::new(order);
    let bytes = x.sizes()[axis] as usize * sort_bytes(order.dtype);
    lanes.each(0..x.lines(axis), bytes, &|line, scratch| {
        let elements = cast::<B>(scratch);
        keys.sort(&x.line(axis, line), elements);
        results.iter().for_each(|result| result.line(axis, line).write(0, elements));
    });
}

/// Writes the positions of sorted elements for every line along an axis.
pub(super) fn argsort(x: &Array, results: &[Array], axis: usize, order: Order, lanes: Lanes<'_>) {
    by_width!(order.dtype, argsort_lines(x, results, axis, order, lanes));
}

fn argsort_lines<B: Bits>(x: &Array, results: &[Array], axis: usize, order: Order, lanes: Lanes<'_>) {
    let keys = Keys::<B>::new(order);
    let length = x.sizes()[axis];
    let width = argsort_bytes(order.dtype, length);
    lanes.each(0..x.lines(axis), length as usize * width, &|line, scratch| {
        let (x, write) = (x.line(axis, line), |first: u64, positions: &[i64]| {
            results.iter().for_each(|result| result.line(axis, line).write(first, positions));
        });
        // A key with its position, in one integer.
        if width == 8 {
            let pairs = cast::<u64>(scratch);
            pieces(&x, |first, piece: &[B]| {
                for (at, bits) in piece.iter().enumerate() {
                    let position = first + at as u64;
                    pairs[position as usize] = keys.key(*bits).wide() << 32 | position;
                }
            });
            write_positions(pairs, |pair| i64::from(*pair as u32), write);
        } else {
            let pairs = cast::<u128>(scratch);
            pieces(&x, |first, piece: &[B]| {
                for (at, bits) in piece.iter().enumerate() {
                    let position = first + at as u64;
                    pairs[position as usize] =
                        u128::from(keys.key(*bits).wide()) << 64 | u128::from(position);
                }
            });
            write_positions(pairs, |pair| *pair as i64, write);
        }
    });
}

fn write_positions<P: Ord>(pairs: &mut [P], position: impl Fn(&P) -> i64, write: impl Fn(u64, &[i64])) {
    pairs.sort_unstable();
    let mut piece = [0i64; PIECE];
    for (at, pairs) in pairs.chunks(PIECE).enumerate() {
        for (to, pair) in piece.iter_mut().zip(pairs) {
            *to = position(pair);
        }
        write((at * PIECE) as u64, &piece[..pairs.len()]);
    }
}
