//! Rows of every length that matters, in every width, contiguous and strided, held to the documented order.
#![allow(unsafe_code)]

use super::super::{Accumulator, Compiled, Form, Motion, Routine, Stream};
use super::{SHARED_PIECE, Width};
use fusewire_ir::body::{BodyBuilder, Code, Primitive};
use fusewire_ir::reduce::BLOCK;
use fusewire_ir::{DType, ReduceOp};

const ROWS: usize = 3;

/// A number of an accumulator.
trait Number: Copy + PartialEq + std::fmt::Debug {
    const DTYPE: DType;
    /// Element `at`, of few magnitudes so that orders of addition differ in their bits, and with NaN if asked.
    fn element(at: usize, with_nan: bool) -> Self;
    fn identity(op: ReduceOp) -> Self;
    fn combine(op: ReduceOp, a: Self, b: Self) -> Self;
    fn tree(op: ReduceOp, a: u64, b: u64) -> u64;
    fn word(self) -> u64;
}

macro_rules! floats {
    ($($number:ident $dtype:ident),+) => { $(
        impl Number for $number {
            const DTYPE: DType = DType::$dtype;
            fn element(at: usize, with_nan: bool) -> Self {
                match at % 37 {
                    0 => 0.0,
                    1 => -0.0,
                    2 if with_nan => Self::NAN,
                    kind => ((at * 7919 % 1009) as Self - 504.5) / (kind as Self * 0.37 + 0.1),
                }
            }
            fn identity(op: ReduceOp) -> Self {
                match op {
                    ReduceOp::Sum | ReduceOp::Mean => -0.0,
                    ReduceOp::Prod => 1.0,
                    ReduceOp::Min | ReduceOp::Infimum => Self::INFINITY,
                    ReduceOp::Max | ReduceOp::Supremum => Self::NEG_INFINITY,
                }
            }
            fn combine(op: ReduceOp, a: Self, b: Self) -> Self {
                match op {
                    ReduceOp::Sum | ReduceOp::Mean => a + b,
                    ReduceOp::Prod => a * b,
                    ReduceOp::Min | ReduceOp::Infimum => if a.is_nan() || a <= b { a } else { b },
                    ReduceOp::Max | ReduceOp::Supremum => if a.is_nan() || a >= b { a } else { b },
                }
            }
            fn tree(op: ReduceOp, a: u64, b: u64) -> u64 {
                <f64 as Number>::combine(op, f64::from_bits(a), f64::from_bits(b)).word()
            }
            fn word(self) -> u64 {
                if self.is_nan() { f64::NAN.to_bits() } else { f64::from(self).to_bits() }
            }
        }
    )+ };
}
floats!(f32 F32, f64 F64);

macro_rules! integers {
    ($($number:ident $dtype:ident),+) => { $(
        impl Number for $number {
            const DTYPE: DType = DType::$dtype;
            fn element(at: usize, _: bool) -> Self {
                (at as $number).wrapping_mul(0x1234_5677).wrapping_add(if at % 5 == 0 { $number::MAX } else { 3 })
            }
            fn identity(op: ReduceOp) -> Self {
                match op {
                    ReduceOp::Sum | ReduceOp::Mean => 0,
                    ReduceOp::Prod => 1,
                    ReduceOp::Min | ReduceOp::Infimum => Self::MAX,
                    ReduceOp::Max | ReduceOp::Supremum => Self::MIN,
                }
            }
            fn combine(op: ReduceOp, a: Self, b: Self) -> Self {
                match op {
                    ReduceOp::Sum | ReduceOp::Mean => a.wrapping_add(b),
                    ReduceOp::Prod => a.wrapping_mul(b),
                    ReduceOp::Min | ReduceOp::Infimum => a.min(b),
                    ReduceOp::Max | ReduceOp::Supremum => a.max(b),
                }
            }
            fn tree(op: ReduceOp, a: u64, b: u64) -> u64 {
                Self::combine(op, a as Self, b as Self).word()
            }
            fn word(self) -> u64 {
                self as i64 as u64
            }
        }
    )+ };
}
integers!(i32 I32, i64 I64, u64 U64);

/// The word of a row of at most two blocks, by the order as it is documented.
fn documented<T: Number>(op: ReduceOp, row: &[T]) -> u64 {
    let lane_count = ReduceOp::lanes(T::DTYPE);
    let block = |elements: &[T]| {
        let mut lanes = vec![T::identity(op); lane_count];
        for (at, element) in elements.iter().enumerate() {
            lanes[at % lane_count] = T::combine(op, lanes[at % lane_count], *element);
        }
        while lanes.len() > 1 {
            let high = lanes.split_off(lanes.len() / 2);
            lanes.iter_mut().zip(high).for_each(|(low, high)| *low = T::combine(op, *low, high));
        }
        lanes[0].word()
    };
    assert!(row.len() <= 2 * BLOCK);
    row.chunks(BLOCK).map(block).reduce(|a, b| T::tree(op, a, b)).unwrap_or(0)
}

/// Code for elements `step` apart plus a number of their row, and for another accumulator of the elements themselves.
fn compiled<T: Number>(ops: &[ReduceOp], width: Width, step: usize) -> Compiled {
    let mut body = BodyBuilder::default();
    let motion = if step == 1 { Motion::Consecutive } else { Motion::Strided };
    let x = body.push(T::DTYPE, Code::Load(0));
    let of_row = body.push(T::DTYPE, Code::Load(1));
    let shifted = body.apply(Primitive::Add, &[x, of_row]);
    let stream = |motion| Stream { dtype: T::DTYPE, motion, index: false };
    let accumulators = ops.iter().zip([shifted, x]);
    let routine = Routine {
        form: Form::Rows,
        loops: 2,
        streams: vec![stream(motion), stream(Motion::Still)],
        body: body.finish(),
        accumulators: accumulators
            .map(|(op, value)| Accumulator { op: *op, value, dtype: T::DTYPE })
            .collect(),
        width,
        streaming: false,
        carried: false,
    };
    routine.compile().expect("compiles")
}

/// The words that code makes of rows.
fn words<T: Number>(code: &Compiled, step: usize, rows: &[Vec<T>]) -> Vec<u64> {
    let length = rows[0].len();
    let mut memory = vec![T::element(1, true); ROWS * length * step];
    for (at, element) in rows.iter().flatten().enumerate() {
        memory[at * step] = *element;
    }
    let shifts: Vec<T> = (0..ROWS).map(shift).collect();
    let bytes = size_of::<T>() as i64;
    let arguments = [
        ROWS as i64,
        length as i64,
        memory.as_ptr() as i64,
        (length * step) as i64 * bytes,
        step as i64 * bytes,
        shifts.as_ptr() as i64,
        bytes,
        0,
    ];
    let mut scratch = vec![0u64; code.scratch.div_ceil(8) + 8];
    let aligned = scratch.as_ptr().align_offset(64);
    let mut words = vec![0xa5a5_u64; ROWS * code.routine.accumulators.len()];
    // SAFETY: both streams have what the extents say, scratch is as large as the code asks and begins with a cache line,
    // and there is a word for each row and accumulator.
    unsafe { code.code.call(&arguments, scratch[aligned..].as_mut_ptr().cast(), words.as_mut_ptr()) };
    words
}

/// What is added to the elements of a row.
fn shift<T: Number>(row: usize) -> T {
    T::element(row + 3, false)
}

fn check<T: Number>(ops: &[ReduceOp]) {
    let canonical = |word: u64| {
        let is_nan = T::DTYPE.is_float() && f64::from_bits(word).is_nan();
        if is_nan { f64::NAN.to_bits() } else { word }
    };
    for op in ops {
        for width in [Width::Narrow, Width::available()] {
            for step in [1, 3] {
                let [alone, both] = [&[*op][..], &[*op, *op]].map(|ops| compiled::<T>(ops, width, step));
                let has_forms = matches!(T::DTYPE, DType::F32 | DType::F64 | DType::I32);
                if step == 1 && width != Width::Narrow && has_forms {
                    let narrow = compiled::<T>(&[*op], Width::Narrow, step);
                    assert!(
                        alone.code.parts() > narrow.code.parts(),
                        "{} of {} is declined",
                        op.name(),
                        T::DTYPE
                    );
                }
                for length in lengths() {
                    let row = |at: usize| {
                        (0..length).map(|k| T::element(k + at * length, length % 3 == 1)).collect()
                    };
                    let rows: Vec<Vec<T>> = (0..ROWS).map(row).collect();
                    let [alone, both] = [&alone, &both].map(|code| words(code, step, &rows));
                    for (at, row) in rows.iter().enumerate() {
                        let what = format!(
                            "{} of {}, {length} elements {step} apart, {width:?}",
                            op.name(),
                            T::DTYPE
                        );
                        let shifted: Vec<T> =
                            row.iter().map(|x| T::combine(ReduceOp::Sum, *x, shift(at))).collect();
                        let expected = [documented(*op, &shifted), documented(*op, row)];
                        assert_eq!(canonical(alone[at]), expected[0], "{what}");
                        let both = [both[2 * at], both[2 * at + 1]].map(canonical);
                        assert_eq!(both, expected, "{what}, two accumulators");
                    }
                }
            }
        }
    }
}

/// Around every border: vectors, rows of lanes, pieces, blocks.
fn lengths() -> Vec<usize> {
    let piece = SHARED_PIECE as usize;
    let far = [96, 127, 128, 130, piece - 1, piece, piece + 32, BLOCK - 32, BLOCK, BLOCK + 1, 2 * BLOCK];
    (1..=34).chain([47, 48, 63, 64, 65]).chain(far).collect()
}

#[test]
fn short_rows_of_floats_follow_the_order() {
    let ops = [ReduceOp::Sum, ReduceOp::Prod, ReduceOp::Min, ReduceOp::Max];
    check::<f32>(&ops);
    check::<f64>(&ops);
}

#[test]
fn short_rows_of_integers_follow_the_order() {
    check::<i32>(&[ReduceOp::Min, ReduceOp::Max]);
    check::<i64>(&[ReduceOp::Sum, ReduceOp::Prod, ReduceOp::Min, ReduceOp::Max]);
    check::<u64>(&[ReduceOp::Min, ReduceOp::Max]);
}
