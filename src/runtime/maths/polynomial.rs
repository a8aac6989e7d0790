//! Polynomials, and the limits of their arguments, for the other functions.

use super::double_double::multiply_add;

/// The polynomial of these at most 33 coefficients, constant term first. All but the constant term by
/// Estrin's scheme, whose shorter chains keep the multipliers busier than Horner's, and then one step
/// of Horner's, for Estrin's rounds the leading digits at each of its levels.
#[inline(always)]
pub(super) fn polynomial<const FUSED: bool, const COUNT: usize>(x: f64, coefficients: [f64; COUNT]) -> f64 {
    const { assert!(2 <= COUNT && COUNT <= 33) };
    // Closures rather than a loop, which would be unrolled too late for the loop around it to
    // vectorise. Each gives the terms from i on, twice as many as the one before, without x^i.
    let (x_2, x_4) = (x * x, (x * x) * (x * x));
    let (x_8, x_16) = (x_4 * x_4, (x_4 * x_4) * (x_4 * x_4));
    let one = |i: usize| coefficients[i];
    let two = |i| if i + 1 < COUNT { multiply_add::<FUSED>(x, one(i + 1), one(i)) } else { one(i) };
    let four = |i| if i + 2 < COUNT { multiply_add::<FUSED>(x_2, two(i + 2), two(i)) } else { two(i) };
    let eight = |i| if i + 4 < COUNT { multiply_add::<FUSED>(x_4, four(i + 4), four(i)) } else { four(i) };
    let sixteen =
        |i| if i + 8 < COUNT { multiply_add::<FUSED>(x_8, eight(i + 8), eight(i)) } else { eight(i) };
    let rest = if 17 < COUNT { multiply_add::<FUSED>(x_16, sixteen(17), sixteen(1)) } else { sixteen(1) };
    multiply_add::<FUSED>(x, rest, coefficients[0])
}

/// x or the limit if x is larger. Unlike `min` it keeps a NaN, and unlike `clamp` it is one instruction.
#[inline(always)]
pub(super) fn at_most(x: f64, limit: f64) -> f64 {
    if x > limit { limit } else { x }
}

/// As `at_most`.
#[inline(always)]
pub(super) fn at_most_f32(x: f32, limit: f32) -> f32 {
    if x > limit { limit } else { x }
}

/// The polynomial of these coefficients in `x`, constant term first, by Horner's scheme: the fewest operations,
/// for functions that keep the multipliers busy anyway. For either type, in a function of `FUSED`.
macro_rules! horner {
    ($x:expr; $coefficient:expr $(,)?) => { $coefficient };
    ($x:expr; $coefficient:expr, $($higher:expr),+ $(,)?) => {
        multiply_add!($x, horner!($x; $($higher),+), $coefficient)
    };
}
pub(super) use horner;
