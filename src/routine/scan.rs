//! Cumulative operations along lines.

use super::{LINES, Lanes, PIECE, typed};
use crate::lines::{Array, Plain};
use fusewire_ir::half::{bf16, f16};
use fusewire_ir::{CumulativeOp, DType, Scalar};
use fusewire_runtime::maths;

/// Runs the logarithms of sums along every line of an axis. Neighbouring lines go on together piece by piece, so that what
/// memory brings along with an element of one line is there for the next.
fn run_logsumexp<T: Float>(x: &Array, results: &[Array], axis: usize, lanes: Lanes<'_>) {
    let length = x.sizes()[axis];
    lanes.each(0..x.lines(axis), 0, &|lines, _| {
        let mut scans = [Logsumexp { largest: f64::NEG_INFINITY, sum: 0.0 }; LINES];
        let (mut elements, mut made) = ([T::default(); PIECE], [T::default(); PIECE]);
        for first in (0..length).step_by(PIECE) {
            let count = (length - first).min(PIECE as u64) as usize;
            for (line, scan) in lines.clone().zip(&mut scans) {
                x.line(axis, line).read(first, &mut elements[..count]);
                scan.piece(&elements[..count], &mut made[..count]);
                for result in results {
                    result.line(axis, line).write(first, &made[..count]);
                }
            }
        }
    });
}

/// A scan that takes one element after another and knows no more than a state.
trait Step<T, R>: Copy + Sync {
    type State: Plain;
    /// The result of no elements.
    fn initial(&self) -> R;
    fn start(&self, element: T) -> Self::State;
    fn next(&self, state: Self::State, element: T) -> Self::State;
    fn result(&self, state: Self::State) -> R;
}

/// Runs a scan along every line of an axis.
fn run_steps<T: Plain, R: Plain>(
    x: &Array,
    results: &[Array],
    axis: usize,
    include_initial: bool,
    lanes: Lanes<'_>,
    step: impl Step<T, R>,
) {
    if axis + 1 < x.sizes().len() {
        return run_across(x, results, axis, include_initial, lanes, step);
    }
    let length = x.sizes()[axis];
    let first_result = u64::from(include_initial);
    lanes.each(0..x.lines(axis), 0, &|lines, _| {
        let (mut elements, mut made) = ([T::default(); PIECE], [R::default(); PIECE]);
        for number in lines {
            let line = x.line(axis, number);
            if include_initial {
                results.iter().for_each(|result| result.line(axis, number).write(0, &[step.initial()]));
            }
            let mut state = None;
            for first in (0..length).step_by(PIECE) {
                let count = (length - first).min(PIECE as u64) as usize;
                line.read(first, &mut elements[..count]);
                let (skipped, mut now) = match state {
                    Some(state) => (0, state),
                    None => (1, step.start(elements[0])),
                };
                made[0] = step.result(now);
                for (element, made) in elements[skipped..count].iter().zip(&mut made[skipped..]) {
                    now = step.next(now, *element);
                    *made = step.result(now);
                }
                state = Some(now);
                for result in results {
                    result.line(axis, number).write(first + first_result, &made[..count]);
                }
            }
        }
    });
}

/// Runs a scan along an axis that is not the last: many lines side by side, as they lie in memory.
fn run_across<T: Plain, R: Plain>(
    x: &Array,
    results: &[Array],
    axis: usize,
    include_initial: bool,
    lanes: Lanes<'_>,
    step: impl Step<T, R>,
) {
    let (sizes, last) = (x.sizes(), x.sizes().len() - 1);
    let (length, longer) = (sizes[axis], sizes[axis] + u64::from(include_initial));
    let between: u64 = sizes[axis + 1..last].iter().product();
    let pieces = sizes[last].div_ceil(PIECE as u64);
    let before: u64 = sizes[..axis].iter().product();
    lanes.each(0..before * between * pieces, 0, &|numbers, _| {
        let (mut elements, mut made) = ([T::default(); PIECE], [R::default(); PIECE]);
        let mut states = [<_>::default(); PIECE];
        for number in numbers {
            let (first, rest) = (number % pieces * PIECE as u64, number / pieces);
            let (inner, outer) = (rest % between, rest / between);
            let count = (sizes[last] - first).min(PIECE as u64) as usize;
            let write = |at: u64, made: &[R]| {
                let number = (outer * longer + at) * between + inner;
                results.iter().for_each(|result| result.line(last, number).write(first, made));
            };
            if include_initial {
                write(0, &[step.initial(); PIECE][..count]);
            }
            for at in 0..length {
                x.line(last, (outer * length + at) * between + inner).read(first, &mut elements[..count]);
                let all = states[..count].iter_mut().zip(&elements).zip(&mut made);
                if at == 0 {
                    all.for_each(|((state, element), made)| {
                        *state = step.start(*element);
                        *made = step.result(*state);
                    });
                } else {
                    all.for_each(|((state, element), made)| {
                        *state = step.next(*state, *element);
                        *made = step.result(*state);
                    });
                }
                write(at + u64::from(include_initial), &made[..count]);
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
    Truth => i64 => i64, i64::wrapping_add, i64::wrapping_mul, std::convert::identity;
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

/// A `bool` as it is counted.
#[derive(Clone, Copy, Default)]
struct Truth(u8);

impl Plain for Truth {}

impl From<Truth> for i64 {
    fn from(truth: Truth) -> Self {
        truth.0.into()
    }
}

/// Sums or products.
#[derive(Clone, Copy)]
struct Combine<F> {
    combine: F,
    /// 0 for sums, 1 for products.
    initial: u8,
}

impl<T: Number, F: Fn(T::Sum, T::Sum) -> T::Sum + Copy + Sync> Step<T, T::Result> for Combine<F> {
    type State = T::Sum;

    fn initial(&self) -> T::Result {
        T::result(T::of(self.initial))
    }

    fn start(&self, element: T) -> T::Sum {
        element.widen()
    }

    fn next(&self, state: T::Sum, element: T) -> T::Sum {
        (self.combine)(state, element.widen())
    }

    fn result(&self, state: T::Sum) -> T::Result {
        T::result(state)
    }
}

/// The largest or the smallest element: whether one before is kept beside one that follows.
#[derive(Clone, Copy)]
struct Extreme<F>(F);

impl<T: Plain + PartialOrd, F: Fn(T, T) -> bool + Copy + Sync> Step<T, T> for Extreme<F> {
    type State = T;

    fn initial(&self) -> T {
        T::default()
    }

    fn start(&self, element: T) -> T {
        element
    }

    fn next(&self, state: T, element: T) -> T {
        // NaN is kept once it is there, and keeps nothing else.
        let is_nan = state.partial_cmp(&state).is_none();
        if is_nan || (self.0)(state, element) { state } else { element }
    }

    fn result(&self, state: T) -> T {
        state
    }
}

/// The largest element so far, and the sum of the exponentials of all less the largest.
#[derive(Clone, Copy)]
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

impl Logsumexp {
    fn piece<T: Float>(&mut self, elements: &[T], results: &mut [T]) {
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
        ($T:ty, sums) => {
            run_steps::<$T, _>(
                x,
                results,
                axis,
                include_initial,
                lanes,
                Combine { combine: <$T>::add, initial: 0 },
            )
        };
        ($T:ty, products) => {
            run_steps::<$T, _>(
                x,
                results,
                axis,
                include_initial,
                lanes,
                Combine { combine: <$T>::multiply, initial: 1 },
            )
        };
        ($T:ty, largest) => {
            run_steps(x, results, axis, false, lanes, Extreme(|kept: $T, next: $T| kept >= next))
        };
        ($T:ty, smallest) => {
            run_steps(x, results, axis, false, lanes, Extreme(|kept: $T, next: $T| kept <= next))
        };
    }
    match op {
        CumulativeOp::Sum if dtype == DType::Bool => scan!(Truth, sums),
        CumulativeOp::Prod if dtype == DType::Bool => scan!(Truth, products),
        CumulativeOp::Sum => typed!(dtype, scan, sums),
        CumulativeOp::Prod => typed!(dtype, scan, products),
        CumulativeOp::Max => typed!(dtype, scan, largest),
        CumulativeOp::Min => typed!(dtype, scan, smallest),
        CumulativeOp::Logsumexp => match dtype {
            DType::F16 => run_logsumexp::<f16>(x, results, axis, lanes),
            DType::BF16 => run_logsumexp::<bf16>(x, results, axis, lanes),
            DType::F32 => run_logsumexp::<f32>(x, results, axis, lanes),
            _ => run_logsumexp::<f64>(x, results, axis, lanes),
        },
    }
}
