//! Measures the largest error of every function of the op table, in units in the last place (ULP), and
//! writes it to `measured.txt`. The lines of long sweeps are kept in `docs/accuracy.txt`, from which `docs/ops.md` has them.
//!
//!     cd docs/accuracy && cargo run --release -- [millions of samples] [function or dtype ...]
//!
//! Functions run as they do in programs. Every `f32` is tried for functions of one operand (with `STEP=61`
//! in the environment one in 61), and samples for two; `f64` is
//! sampled from all bit patterns, on a logarithmic scale, near integers, near multiples of a quarter turn, near
//! powers of two and, for a second operand, near the first or such that the exponentials of both add up to
//! about 1. First come the special numbers, each with each:
//! zeros, infinities, NaNs, subnormals, and what is next to borders.
//! `f32` is measured against functions of `f64` that are correct to a few units there, which is 2^-27 of a
//! unit here. Results of `f64` that are not those of a function correct to a unit or so are measured in
//! 256-bit arithmetic (astro-float).

mod functions;
mod wide;

use functions::{FUNCTIONS, Function};
use fusewire::prelude::*;
use std::fmt::Write as _;
use std::time::Instant;
use wide::{BITS, NEAREST, Wide, approximate, wide};

/// A float type with what the sweep needs of it.
trait Real: fusewire::Element + Default + PartialEq {
    const NAME: &'static str;
    const MANTISSA: i32;
    const LOWEST_EXPONENT: i32;
    fn to_f64(self) -> f64;
    fn of(value: f64) -> Self;
    fn from_pattern(bits: u64) -> Self;
}

impl Real for f32 {
    const NAME: &'static str = "f32";
    const MANTISSA: i32 = 24;
    const LOWEST_EXPONENT: i32 = -149;
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    fn of(value: f64) -> Self {
        value as Self
    }
    fn from_pattern(bits: u64) -> Self {
        Self::from_bits(bits as u32)
    }
}

impl Real for f64 {
    const NAME: &'static str = "f64";
    const MANTISSA: i32 = 53;
    const LOWEST_EXPONENT: i32 = -1074;
    fn to_f64(self) -> f64 {
        self
    }
    fn of(value: f64) -> Self {
        value
    }
    fn from_pattern(bits: u64) -> Self {
        Self::from_bits(bits)
    }
}

/// The unit in the last place of a value that is a power of two times a number from 1/2 to 1.
fn unit<T: Real>(exponent: i32) -> f64 {
    let exponent = (exponent - T::MANTISSA).max(T::LOWEST_EXPONENT);
    // Subnormal units of f64 take two steps.
    2f64.powi(exponent / 2) * 2f64.powi(exponent - exponent / 2)
}

fn exponent(x: f64) -> i32 {
    let bits = x.abs().to_bits();
    if bits >> 52 == 0 { -1074 + 64 - bits.leading_zeros() as i32 } else { (bits >> 52) as i32 - 1022 }
}

/// The distance of a result from a function's value, in units in the last place.
fn error<T: Real>(function: &Function, arithmetic: &mut Wide, x: T, y: T, result: T) -> f64 {
    let (x, y, result) = (x.to_f64(), y.to_f64(), result.to_f64());
    let near = (function.near)(x, y);
    let rounded = T::of(near).to_f64();
    let is_special = |value: f64| value == 0.0 || !value.is_finite();
    // Of two zeros the sign is right or wrong, unless the value is only rounded to zero.
    let vanishes = rounded == 0.0 && result == 0.0 && {
        let exact = (function.exact)(arithmetic, x, y);
        !exact.is_nan() && !exact.is_zero()
    };
    if !vanishes && (is_special(rounded) || is_special(result)) {
        let same = rounded.to_bits() == result.to_bits() || (rounded.is_nan() && result.is_nan());
        // At the borders of overflow and underflow one of them may be rounded away.
        let apart = (rounded != 0.0 || result != 0.0)
            && (rounded - result).abs() <= unit::<T>(T::LOWEST_EXPONENT + T::MANTISSA);
        let largest =
            T::of(f64::MAX.min(f64::from(f32::MAX) * if T::NAME == "f32" { 1.0 } else { f64::MAX })).to_f64();
        let border = rounded.abs().min(result.abs()) >= largest * (1.0 - 4.0 / 2f64.powi(T::MANTISSA));
        if !(same||apart||border) {eprintln!("{x:e} {y:e} {rounded:e} {result:e} {near:e}");}
        return if same || apart || border { 0.0 } else { f64::INFINITY };
    }
    if T::NAME == "f32" {
        return (result - near).abs() / unit::<T>(exponent(near));
    }
    let exact = (function.exact)(arithmetic, x, y);
    let difference = exact.sub(&wide(result, BITS), BITS, NEAREST);
    approximate(&difference, -(exponent(near) - T::MANTISSA).max(T::LOWEST_EXPONENT)).abs()
}
/// The largest error so far, and where.
#[derive(Clone, Copy, Default)]
struct Worst {
    error: f64,
    x: f64,
    y: f64,
    tried: u64,
    measured: u64,
}

struct Random(u64);

impl Random {
    /// SplitMix64 (Steele, Lea, Flood 2014).
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Every kind of argument in turn.
    fn argument<T: Real>(&mut self, kind: u64) -> T {
        let sign = if self.next().is_multiple_of(2) { 1.0 } else { -1.0 };
        match kind % KINDS {
            0 => T::from_pattern(self.next()),
            1 => T::of(sign * (self.unit() * 60.0 - 50.0).exp2()),
            2 => T::of(sign * self.unit() * 10.0),
            3 => T::of(sign * self.unit() * 750.0),
            // Next to integers.
            4 => T::of(
                sign * ((self.next() % 200) as f64 + (self.unit() - 0.5) * (-self.unit() * 40.0).exp2()),
            ),
            // Next to powers of two, of which the smallest are subnormal.
            5 => {
                let lowest = f64::from(T::LOWEST_EXPONENT);
                let power = (lowest - self.unit() * 2.0 * lowest).floor();
                let near = (self.next() % 5) as f64 - 2.0;
                T::of(sign * (power / 2.0).exp2() * (power / 2.0).exp2() * (1.0 + near * unit::<T>(0)))
            }
            // Next to multiples of a quarter turn.
            _ => {
                let turns = ((self.unit() * 30.0).exp2()).floor();
                let angle = turns * std::f64::consts::FRAC_PI_2;
                T::of(sign * (angle + angle * f64::EPSILON * (self.unit() * 8.0 - 4.0)))
            }
        }
    }
}

const BATCH: usize = 1 << 16;

/// How many kinds of arguments there are, and how many of second arguments.
const KINDS: u64 = 7;
const SECOND_KINDS: u64 = KINDS + 3;

/// Of so many special numbers each meets each in one batch.
const SPECIAL: usize = 1 << 8;

/// Zeros, infinities, NaNs, the ends of the subnormal and of the normal numbers, and on either side of 0 what
/// is next to numbers where functions change: 1, integers, powers of two, and where results overflow or vanish.
fn specials<T: Real>() -> Vec<T> {
    let (largest, smallest) = if T::NAME == "f32" {
        (f64::from(f32::MAX), f64::from(f32::MIN_POSITIVE))
    } else {
        (f64::MAX, f64::MIN_POSITIVE)
    };
    let tiniest = unit::<T>(T::LOWEST_EXPONENT + T::MANTISSA);
    let quarter_turn = std::f64::consts::FRAC_PI_2;
    let overflows = if T::NAME == "f32" {
        [88.722_84, 89.415_985, 103.972_08, 128.0, 149.0, 38.531_84, 9.194_55, 3.4e37]
    } else {
        [
            709.782_712_893_384,
            710.475_860_073_944,
            745.133_219_101_941,
            1024.0,
            1074.0,
            308.254_715_559_917,
            26.543_258,
            2.5e305,
        ]
    };
    let mut borders = vec![tiniest, 2.0 * tiniest, smallest - tiniest, smallest, largest, largest / 2.0];
    borders.extend([
        0.25,
        0.5,
        1.0,
        1.5,
        2.0,
        2.5,
        3.0,
        4.0,
        10.0,
        100.0,
        1e15,
        quarter_turn,
        2.0 * quarter_turn,
    ]);
    borders.extend(overflows);
    borders.extend([T::MANTISSA - 1, T::MANTISSA, 31, 32, 63, 64].map(|power| 2f64.powi(power)));
    let mut specials = vec![0.0, f64::INFINITY, f64::NAN];
    for border in borders {
        // At subnormal numbers the step below is rounded away, and these are there three times.
        let step = unit::<T>(exponent(border));
        specials.extend([border - step, border, border + step].map(|near| near.min(largest)));
    }
    specials.iter().flat_map(|special| [*special, -special]).map(T::of).cycle().take(SPECIAL).collect()
}

/// Runs batches of arguments through one program.
fn sweep<T: Real>(function: &Function, mut batch: impl FnMut(&mut [T], &mut [T]) -> bool) -> Worst {
    let g = Graph::new();
    let [x, y] = ["x", "y"].map(|name| g.input(name, T::DTYPE, [BATCH]));
    // The second operand is bound even where it is not used.
    let outputs = [(function.apply)(x, y).named("out"), (y + 0).named("unused")];
    let plan = g.plan(outputs, &Limits::default()).expect("plans");
    let program = plan.compile().expect("compiles").with_threads(1);
    let (mut xs, mut ys) = (vec![T::default(); BATCH], vec![T::default(); BATCH]);
    let (mut results, mut unused) = (vec![T::default(); BATCH], vec![T::default(); BATCH]);
    let (mut worst, mut arithmetic) = (Worst::default(), Wide::new());
    while batch(&mut xs, &mut ys) {
        let inputs = [("x", &xs), ("y", &ys)];
        program.run(inputs, [("out", &mut results), ("unused", &mut unused)]).expect("runs");
        for ((x, y), result) in xs.iter().zip(&ys).zip(&results) {
            worst.tried += 1;
            // What a function correct to a unit gives as well is not far off.
            let near = T::of((function.near)(x.to_f64(), y.to_f64())).to_f64();
            if (function.except)(x.to_f64(), near) {
                continue;
            }
            let same = near.to_bits() == result.to_f64().to_bits();
            if same && (worst.error >= 0.5 || T::NAME == "f32") {
                continue;
            }
            worst.measured += 1;
            let error = error(function, &mut arithmetic, *x, *y, *result);
            if error > worst.error {
                (worst.error, worst.x, worst.y) = (error, x.to_f64(), y.to_f64());
            }
        }
    }
    worst
}

fn measure<T: Real>(function: &Function, millions: f64, step: u64) -> Worst {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let batches = (millions * 1e6 / BATCH as f64 / threads as f64).ceil() as u64;
    let exhaustive = T::NAME == "f32" && function.operands == 1;
    let worsts: Vec<Worst> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..threads as u64)
            .map(|thread| {
                scope.spawn(move || {
                    let mut random = Random(thread + 1);
                    let mut done = 0;
                    sweep::<T>(function, |xs, ys| {
                        if done == 0 {
                            let specials = specials::<T>();
                            for (at, (x, y)) in xs.iter_mut().zip(ys).enumerate() {
                                (*x, *y) = (specials[at / SPECIAL], specials[at % SPECIAL]);
                            }
                            done += 1;
                            return true;
                        }
                        for (at, (x, y)) in xs.iter_mut().zip(ys).enumerate() {
                            let pattern = ((done - 1) * threads as u64 + thread) * BATCH as u64 + at as u64;
                            *x = if exhaustive {
                                T::from_pattern(pattern * step)
                            } else {
                                random.argument(at as u64)
                            };
                            let kind = at as u64 / KINDS % SECOND_KINDS;
                            *y = match kind.checked_sub(KINDS) {
                                None => random.argument(kind),
                                Some(0) => T::of(x.to_f64() * (random.unit() * 8.0 - 4.0).exp2()),
                                // The logarithms of probabilities and those of their complements.
                                Some(kind) => {
                                    let small = -x.to_f64().abs() * (-30.0 * random.unit()).exp2();
                                    *x = T::of(small);
                                    let small = x.to_f64();
                                    let complement = if kind == 1 {
                                        (-small.exp_m1()).ln()
                                    } else {
                                        (-(small * std::f64::consts::LN_2).exp_m1()).log2()
                                    };
                                    T::of(complement)
                                }
                            };
                        }
                        done += 1;
                        let all = (1u64 << 32) / step / BATCH as u64 / threads as u64;
                        done <= 1 + if exhaustive { all } else { batches }
                    })
                })
            })
            .collect();
        runs.into_iter().map(|run| run.join().expect("the sweep does not panic")).collect()
    });
    let mut worst = worsts[0];
    for other in &worsts[1..] {
        let (tried, measured) = (worst.tried + other.tried, worst.measured + other.measured);
        worst = if other.error > worst.error { *other } else { worst };
        (worst.tried, worst.measured) = (tried, measured);
    }
    worst
}

fn main() {
    let mut arguments = std::env::args().skip(1).peekable();
    let millions: f64 = arguments.peek().and_then(|first| first.parse().ok()).unwrap_or(10.0);
    // One f32 in so many; odd, so that no bit of them is always the same.
    let step = std::env::var("STEP").ok().and_then(|step| step.parse().ok()).unwrap_or(1);
    let chosen: Vec<String> = arguments.filter(|argument| argument.parse::<f64>().is_err()).collect();
    let mut lines = String::new();
    let is_chosen = |name: &str| chosen.iter().any(|chosen| chosen == name);
    let (any_dtype, any_function) =
        (!is_chosen("f32") && !is_chosen("f64"), chosen.iter().all(|name| name == "f32" || name == "f64"));
    for function in FUNCTIONS.iter().filter(|function| any_function || is_chosen(function.name)) {
        for (dtype, worst) in [
            ("f32", measure::<f32> as fn(&Function, f64, u64) -> Worst),
            ("f64", measure::<f64> as fn(&Function, f64, u64) -> Worst),
        ] {
            if !any_dtype && !is_chosen(dtype) {
                continue;
            }
            let start = Instant::now();
            let Worst { error, x, y, tried, measured } = worst(function, millions, step);
            // What is rounded correctly is not measured, and within half a unit.
            let error = error.max(0.5);
            let at = if function.operands == 1 { format!("{x:e}") } else { format!("{x:e} {y:e}") };
            let line = format!("{} {dtype} {error:.3} {tried} {at}", function.name);
            println!("{line}   ({measured} measured, {:.0?})", start.elapsed());
            writeln!(lines, "{line}").expect("a string takes everything");
        }
    }
    std::fs::write("measured.txt", lines).expect("writes the lines");
}
