//! Inverse hyperbolic sine, cosine and tangent.
//!
//! All three are logarithms: atanh x = log((1 + x) / (1 - x)) / 2, asinh x = log(x + sqrt(x^2 + 1)) and
//! acosh x = log(x + sqrt(x^2 - 1)). The argument is 2^n m with m near 1, and half the logarithm of m is the
//! inverse hyperbolic tangent of (m - 1) / (m + 1), an odd polynomial. For n = 0 that quotient has a form without
//! cancellation, x / (1 + sqrt(x^2 + 1)) and sqrt(x^2 - 1) / (1 + x). Numerator, denominator and root are
//! unevaluated sums, so that the only large rounding error is the last. In `f32` everything is
//! computed in `f64`, without the compensation of rounding errors.
//! The tables are minimax polynomials, from tests/golden/trigonometric_coefficients.py.
//!
//! Largest error measured, with and without fused multiply-add: 0.54 ULP in `f32` (a sample of its bit patterns) and 0.62 in `f64`.
//! `docs/ops.md` has what a longer sweep has found.

use super::double_double::{divide, fast_two_sum, multiply_add, two_product, two_sum};
use super::polynomial::polynomial;
use std::f64::consts::LN_2;

unary! {
    Asinh: sine_f32, sine_f64;
    Acosh: cosine_f32, cosine_f64;
    Atanh: tangent_f32, tangent_f64;
}

/// Half of ln 2: the leading 42 bits, of which multiples are exact, and the rest.
const HALF_LN_2: [f64; 2] = [0.346_573_590_279_945_17, 2.748_961_509_354_185_6e-14];
const ONE: u64 = 1.0_f64.to_bits();
const EXPONENT: u64 = 0x7ff << 52;

/// Beyond this the squares need no 1 beside them.
const LARGE: f64 = (1 << 30) as f64;

/// Below this the inverse hyperbolic sine is its argument.
const SMALL: f64 = 1.0 / (1 << 28) as f64;

/// An integer below 2^52 as a number.
#[inline(always)]
fn to_number(integer: u64) -> f64 {
    const OFFSET: f64 = (1u64 << 52) as f64;
    f64::from_bits(OFFSET.to_bits() | integer) - OFFSET
}

/// `n / 2 * ln 2 + atanh(numerator / denominator)`, half the logarithm, as an unevaluated sum.
#[inline(always)]
pub(super) fn half_logarithm<const FUSED: bool>(
    n: f64,
    numerator: (f64, f64),
    denominator: (f64, f64),
) -> (f64, f64) {
    let (q, q_low) = divide::<FUSED>(numerator, denominator);
    let square = q * q;
    let low = multiply_add::<FUSED>(n, HALF_LN_2[1], q_low);
    let low = multiply_add::<FUSED>(q * square, polynomial::<FUSED, _>(square, AREA_TANGENT), low);
    let (high, error) = fast_two_sum(n * HALF_LN_2[0], q);
    (high, error + low)
}

/// The root of an unevaluated sum as another.
#[inline(always)]
fn root<const FUSED: bool>((square, square_low): (f64, f64)) -> (f64, f64) {
    let root = square.sqrt();
    let remainder = if FUSED {
        (-root).mul_add(root, square)
    } else {
        let (product, error) = two_product::<FUSED>(root, root);
        (square - product) - error
    };
    // The smallest root above zero is 2^-26.
    (root, (remainder + square_low) * (0.5 / root.max(f64::EPSILON)))
}

/// The logarithm of `x + w` for nonnegative numbers, given its half's hyperbolic tangent as a quotient for
/// when the sum is below the root of 2.
#[inline(always)]
fn logarithm_of_sum<const FUSED: bool>(
    x: f64,
    w: (f64, f64),
    (near_numerator, near_denominator): ((f64, f64), (f64, f64)),
) -> f64 {
    // A large x is its own root. Scaling it keeps the powers of two below representable, and at
    // least 2 so that it is not near.
    let large = x > LARGE;
    let (sum, sum_low) = two_sum(w.0, x);
    let sum = if large { x * (2.0 / LARGE) } else { sum };
    let sum_low = if large { 0.0 } else { sum_low + w.1 };
    // sum = 2^n m, where m is between the roots of 1/2 and of 2.
    let n = sum.to_bits().wrapping_sub(std::f64::consts::FRAC_1_SQRT_2.to_bits()) >> 52;
    let power = f64::from_bits(ONE.wrapping_sub(n << 52));
    let (m, m_low) = (sum * power, sum_low * power);
    let (above, above_error) = fast_two_sum(1.0, m);
    let near = n == 0;
    let numerator = if near { near_numerator } else { (m - 1.0, m_low) };
    let denominator = if near { near_denominator } else { (above, above_error + m_low) };
    let n = to_number(n) + if large { 30.0 } else { 0.0 };
    let (high, low) = half_logarithm::<FUSED>(n, numerator, denominator);
    2.0 * (high + low)
}

#[inline(always)]
fn sine<const FUSED: bool>(x: f64) -> f64 {
    let magnitude = x.abs();
    let (square, square_error) = two_product::<FUSED>(magnitude, magnitude);
    let (sum, error) = two_sum(square, 1.0);
    let w = root::<FUSED>((sum, error + square_error));
    let (denominator, denominator_error) = fast_two_sum(w.0, 1.0);
    let near = ((magnitude, 0.0), (denominator, denominator_error + w.1));
    let value = logarithm_of_sum::<FUSED>(magnitude, w, near);
    // Half of the smallest numbers is rounded, and below 2^-28 the rest is no hundredth of a unit.
    let itself = magnitude < SMALL || magnitude == f64::INFINITY;
    (if itself { magnitude } else { value }).copysign(x)
}

#[inline(always)]
fn cosine<const FUSED: bool>(x: f64) -> f64 {
    let (square, square_error) = two_product::<FUSED>(x, x);
    let (difference, error) = two_sum(square, -1.0);
    let w = root::<FUSED>(fast_two_sum(difference, error + square_error));
    let near = (w, fast_two_sum(x, 1.0));
    let value = logarithm_of_sum::<FUSED>(x, w, near);
    let value = if x < f64::INFINITY { value } else { x };
    if x < 1.0 { f64::NAN } else { value }
}

#[inline(always)]
fn tangent<const FUSED: bool>(x: f64) -> f64 {
    let magnitude = x.abs();
    let (above, above_error) = fast_two_sum(1.0, magnitude);
    let (below, below_error) = fast_two_sum(1.0, -magnitude);
    // The difference of the bits is about the binary logarithm of the quotient: n is its nearest integer.
    let logarithm = above.to_bits().wrapping_sub(below.to_bits()).wrapping_add(1 << 51);
    let power = f64::from_bits(ONE.wrapping_add(logarithm & EXPONENT));
    let (below, below_error) = (below * power, below_error * power);
    // The first difference is exact, but only the normalised one is accurate.
    let numerator = fast_two_sum(above - below, above_error - below_error);
    let (denominator, error) = fast_two_sum(above, below);
    let denominator_low = error + (above_error + below_error);
    let n = to_number(logarithm >> 52);
    let (high, low) = half_logarithm::<FUSED>(n, numerator, (denominator, denominator_low));
    let edge = if magnitude == 1.0 { f64::INFINITY } else { f64::NAN };
    (if magnitude < 1.0 { high + low } else { edge }).copysign(x)
}

/// Good enough for a result in `f32`; so are the functions that follow.
#[inline(always)]
fn half_logarithm_single<const FUSED: bool>(n: f64, q: f64) -> f64 {
    let square = q * q;
    let polynomial = polynomial::<FUSED, _>(square, AREA_TANGENT_F32);
    multiply_add::<FUSED>(n, 0.5 * LN_2, multiply_add::<FUSED>(q * square, polynomial, q))
}

#[inline(always)]
fn logarithm_of_sum_single<const FUSED: bool>(x: f64, w: f64, near: (f64, f64)) -> f64 {
    let sum = x + w;
    let n = sum.to_bits().wrapping_sub(std::f64::consts::FRAC_1_SQRT_2.to_bits()) >> 52;
    let m = f64::from_bits(sum.to_bits().wrapping_sub(n << 52));
    let numerator = if n == 0 { near.0 } else { m - 1.0 };
    let denominator = if n == 0 { near.1 } else { m + 1.0 };
    2.0 * half_logarithm_single::<FUSED>(to_number(n), numerator / denominator)
}

#[inline(always)]
fn sine_single<const FUSED: bool>(x: f64) -> f64 {
    let magnitude = x.abs();
    let w = multiply_add::<FUSED>(magnitude, magnitude, 1.0).sqrt();
    let value = logarithm_of_sum_single::<FUSED>(magnitude, w, (magnitude, 1.0 + w));
    (if magnitude < f64::INFINITY { value } else { magnitude }).copysign(x)
}

#[inline(always)]
fn cosine_single<const FUSED: bool>(x: f64) -> f64 {
    let w = ((x - 1.0) * (x + 1.0)).sqrt();
    let value = logarithm_of_sum_single::<FUSED>(x, w, (w, x + 1.0));
    let value = if x < f64::INFINITY { value } else { x };
    if x < 1.0 { f64::NAN } else { value }
}

#[inline(always)]
fn tangent_single<const FUSED: bool>(x: f64) -> f64 {
    let magnitude = x.abs();
    let (above, below) = (1.0 + magnitude, 1.0 - magnitude);
    let logarithm = above.to_bits().wrapping_sub(below.to_bits()).wrapping_add(1 << 51);
    let near = logarithm & EXPONENT == 0;
    let below = f64::from_bits(below.to_bits().wrapping_add(logarithm & EXPONENT));
    let numerator = if near { magnitude + magnitude } else { above - below };
    let value = half_logarithm_single::<FUSED>(to_number(logarithm >> 52), numerator / (above + below));
    let edge = if magnitude == 1.0 { f64::INFINITY } else { f64::NAN };
    (if magnitude < 1.0 { value } else { edge }).copysign(x)
}

blocks! {
    sine, sine_f64; sine_single, sine_f32;
    cosine, cosine_f64; cosine_single, cosine_f32;
    tangent, tangent_f64; tangent_single, tangent_f32;
}

const AREA_TANGENT: [f64; 8] = [
    0.333_333_333_333_332_87,
    0.200_000_000_000_357_48,
    0.142_857_142_761_899_79,
    0.111_111_123_369_773_95,
    0.090_908_219_610_225_47,
    0.076_959_048_023_136_73,
    0.065_810_830_998_710_75,
    0.069_592_988_803_501_27,
];

const AREA_TANGENT_F32: [f64; 3] = [0.333_334_888_810_688, 0.199_773_932_144_159_34, 0.152_126_102_002_398_2];
