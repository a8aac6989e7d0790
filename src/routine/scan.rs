//! Cumulative operations along lines.

use super::{LINES, Lanes, PIECE, typed};
use crate::maths;
use crate::strided::{Array, Plain};
use fusewire_ir::half::{bf16, f16};
use fusewire_ir::{CumulativeOp, DType, Scalar};

/// What runs along a line: it takes elements in pieces and gives the results.
trait Scan<T, R>: Clone {
    /// The result of no elements.
    fn initial(&self) -> R;
    fn piece(&mut self, elements: &[T], results: &mut [R]);
}

/// Runs a scan along every line of an axis. Neighbouring lines go on together piece by piece, so that what
/// memory brings along with an element of one line is there for the next.
fn run<T: Plain, R: Plain, S: Scan<T, R> + Sync>(
    x: &Array,
    results: &[Array],
    axis: usize,
    include_initial: bool,
    lanes: Lanes<'_>,
    scan: S,
) {
    let length = x.sizes()[axis];
    let first_result = u64::from(include_initial);
    lanes.each(0..x.lines(axis), 0, &|lines, _| {
        let mut scans: [S; LINES] = std::array::from_fn(|_| scan.clone());
        let (mut elements, mut made) = ([T::default(); PIECE], [R::default(); PIECE]);
        if include_initial {
            for line in lines.clone() {
                results.iter().for_each(|result| result.line(axis, line).write(0, &[scan.initial()]));
            }
        }
        for first in (0..length).step_by(PIECE) {
            let count = (length - first).min(PIECE as u64) as usize;
            for (line, scan) in lines.clone().zip(&mut scans) {
                x.line(axis, line).read(first, &mut elements[..count]);
                scan.piece(&elements[..count], &mut made[..count]);
                for result in results {
                    result.line(axis, line).write(first + first_result, &made[..count]);
                }
            }
        }
    });
}

/// The dtypes in which sums and products are made.
trait Number: Plain {
    type Sum: Plain;
    type Result: Plain;
    fn widen(self) -> Self::Sum;
    fn add(a: Self::Sum, b: Self::Sum) -> Self::Sum;
    fn multiply(a: Self::Sum, b: Self::Sum) -> Self::Sum;
    fn result(sum: Self::Sum) -> Self::Result;
    fn of(value: u8) -> Self::Sum;
}

macro_rules! numbers {
    ($($number:ty => $sum:ty => $result:ty, $add:expr, $multiply:expr, $round:expr;)+) => { $(
        impl Number for $number {
            type Sum = $sum;
            type Result = $result;
            fn widen(self) -> $sum {
                self.into()
            }
            fn add(a: $sum, b: $sum) -> $sum {
                $add(a, b)
            }
            fn multiply(a: $sum, b: $sum) -> $sum {
                $multiply(a, b)
            }
            fn result(sum: $sum) -> $result {
                $round(sum)
            }
            fn of(value: u8) -> $sum {
                value.into()
            }
        }
    )+ };
}
numbers! {
    i8 => i64 => i64, i64::wrapping_add, i64::wrapping_mul, std::convert::identity;
    i16 => i64 => i64, i64::wrapping_add, i64::wrapping_mul, std::convert::identity;
    i32 => i64 => i64, i64::wrapping_add, i64::wrapping_mul, std::convert::identity;
    i64 => i64 => i64, i64::wrapping_add, i64::wrapping_mul, std::convert::identity;
    u8 => u64 => u64, u64::wrapping_add, u64::wrapping_mul, std::convert::identity;
    u16 => u64 => u64, u64::wrapping_add, u64::wrapping_mul, std::convert::identity;
    u32 => u64 => u64, u64::wrapping_add, u64::wrapping_mul, std::convert::identity;
    u64 => u64 => u64, u64::wrapping_add, u64::wrapping_mul, std::convert::identity;
    f16 => f64 => f16, std::ops::Add::add, std::ops::Mul::mul, round_f16;
    bf16 => f64 => bf16, std::ops::Add::add, std::ops::Mul::mul, round_bf16;
    f32 => f64 => f32, std::ops::Add::add, std::ops::Mul::mul, |sum| sum as f32;
    f64 => f64 => f64, std::ops::Add::add, std::ops::Mul::mul, std::convert::identity;
}

fn round_f16(value: f64) -> f16 {
    f16::from_bits(Scalar::F64(value).cast(DType::F16).bits() as u16)
}

fn round_bf16(value: f64) -> bf16 {
    bf16::from_bits(Scalar::F64(value).cast(DType::BF16).bits() as u16)
}

/// Sums or products; none before the first element.
#[derive(Clone)]
struct Combine<T: Number> {
    sum: Option<T::Sum>,
    /// 0 for sums, 1 for products.
    initial: u8,
}

impl<T: Number> Combine<T> {
    fn run(&mut self, elements: &[T], results: &mut [T::Result], combine: impl Fn(T::Sum, T::Sum) -> T::Sum) {
        let mut sum = self.sum;
        for (element, result) in elements.iter().zip(results) {
            let next = sum.map_or(element.widen(), |sum| combine(sum, element.widen()));
            *result = T::result(next);
            sum = Some(next);
        }
        self.sum = sum;
    }
}

impl<T: Number> Scan<T, T::Result> for Combine<T> {
    fn initial(&self) -> T::Result {
        T::result(T::of(self.initial))
    }

    fn piece(&mut self, elements: &[T], results: &mut [T::Result]) {
        match self.initial {
            0 => self.run(elements, results, T::add),
            _ => self.run(elements, results, T::multiply),
        }
    }
}

/// Sums or products of `bool`, counted in `i64`.
#[derive(Clone)]
struct Counted(Combine<i64>);

impl Scan<u8, i64> for Counted {
    fn initial(&self) -> i64 {
        self.0.initial()
    }

    fn piece(&mut self, elements: &[u8], results: &mut [i64]) {
        let mut widened = [0i64; PIECE];
        for (to, element) in widened.iter_mut().zip(elements) {
            *to = i64::from(*element);
        }
        self.0.piece(&widened[..elements.len()], results);
    }
}

/// The largest or the smallest element.
#[derive(Clone)]
struct Extreme<T> {
    extreme: Option<T>,
    largest: bool,
}

impl<T: Plain + PartialOrd> Extreme<T> {
    fn run(&mut self, elements: &[T], results: &mut [T], keeps: impl Fn(&T, &T) -> bool) {
        let mut extreme = self.extreme.or(elements.first().copied()).unwrap_or_default();
        for (element, result) in elements.iter().zip(results) {
            // NaN is kept once it is there, and keeps nothing else.
            let is_nan = extreme.partial_cmp(&extreme).is_none();
            extreme = if is_nan || keeps(&extreme, element) { extreme } else { *element };
            *result = extreme;
        }
        self.extreme = Some(extreme);
    }
}

impl<T: Plain + PartialOrd> Scan<T, T> for Extreme<T> {
    fn initial(&self) -> T {
        T::default()
    }

    fn piece(&mut self, elements: &[T], results: &mut [T]) {
        if self.largest {
            self.run(elements, results, |extreme, element| extreme >= element);
        } else {
            self.run(elements, results, |extreme, element| extreme <= element);
        }
    }
}

/// The largest element so far, and the sum of the exponentials of all less the largest.
#[derive(Clone)]
struct Logsumexp {
    largest: f64,
    sum: f64,
}

/// The difference, which is 0 between equal infinities.
fn less(a: f64, b: f64) -> f64 {
    if a == b { 0.0 } else { a - b }
}

trait Float: Plain {
    fn to_f64(self) -> f64;
    fn rounded(value: f64) -> Self;
}

macro_rules! floats {
    ($($float:ty: $round:expr;)+) => { $(
        impl Float for $float {
            fn to_f64(self) -> f64 {
                self.into()
            }
            fn rounded(value: f64) -> Self {
                $round(value)
            }
        }
    )+ };
}
floats! {
    f16: round_f16;
    bf16: round_bf16;
    f32: |value| value as f32;
    f64: std::convert::identity;
}

impl<T: Float> Scan<T, T> for Logsumexp {
    fn initial(&self) -> T {
        T::default()
    }

    fn piece(&mut self, elements: &[T], results: &mut [T]) {
        let count = elements.len();
        // What each element adds to the sum, what the sum before it is worth beside a larger element, and the
        // largest so far.
        let (mut added, mut kept, mut largest) = ([0.0; PIECE], [0.0; PIECE], [0.0; PIECE]);
        for (at, element) in elements.iter().enumerate() {
            let (x, before) = (element.to_f64(), self.largest);
            let now = if before.is_nan() || before >= x { before } else { x };
            (added[at], kept[at], largest[at]) = (less(x, now), less(before, now), now);
            self.largest = now;
        }
        maths::slices::unary::<maths::Exp, f64>(&mut added[..count]);
        maths::slices::unary::<maths::Exp, f64>(&mut kept[..count]);
        for (added, kept) in added[..count].iter_mut().zip(&kept) {
            self.sum = self.sum * kept + *added;
            *added = self.sum;
        }
        maths::slices::unary::<maths::Log, f64>(&mut added[..count]);
        for (at, result) in results.iter_mut().enumerate() {
            // Where nothing is added -0 stays as it is.
            let is_alone = largest[at].is_infinite() || added[at] == 0.0;
            let value = if is_alone { largest[at] } else { largest[at] + added[at] };
            *result = T::rounded(value);
        }
    }
}

/// Combines the elements of every line along an axis with those before them.
pub(super) fn cumulative(
    x: &Array,
    results: &[Array],
    (op, axis, include_initial): (CumulativeOp, usize, bool),
    dtype: DType,
    lanes: Lanes<'_>,
) {
    macro_rules! scan {
        ($T:ty, sums) => {{
            let scan = Combine::<$T> { sum: None, initial: u8::from(op == CumulativeOp::Prod) };
            run::<$T, _, _>(x, results, axis, include_initial, lanes, scan);
        }};
        ($T:ty, extremes) => {{
            let scan = Extreme::<$T> { extreme: None, largest: op == CumulativeOp::Max };
            run(x, results, axis, false, lanes, scan);
        }};
        ($T:ty, exponentials) => {{
            let scan = Logsumexp { largest: f64::NEG_INFINITY, sum: 0.0 };
            run::<$T, $T, _>(x, results, axis, false, lanes, scan);
        }};
    }
    match op {
        CumulativeOp::Sum | CumulativeOp::Prod if dtype == DType::Bool => {
            let scan = Counted(Combine::<i64> { sum: None, initial: u8::from(op == CumulativeOp::Prod) });
            run::<u8, i64, _>(x, results, axis, include_initial, lanes, scan);
        }
        CumulativeOp::Sum | CumulativeOp::Prod => typed!(dtype, scan, sums),
        CumulativeOp::Max | CumulativeOp::Min => typed!(dtype, scan, extremes),
        CumulativeOp::Logsumexp => match dtype {
            DType::F16 => scan!(f16, exponentials),
            DType::BF16 => scan!(bf16, exponentials),
            DType::F32 => scan!(f32, exponentials),
            _ => scan!(f64, exponentials),
        },
    }
}
