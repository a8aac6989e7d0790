//! Hyperbolic sine, cosine and tangent.
//!
//! |x| = n ln 2 + r with |r| <= ln 2 / 2. With t = 4^-n, sinh x = 2^(n-1) ((1 + t) sinh r + (1 - t) cosh r),
//! and cosh x likewise with the factors exchanged: both are accurate for all x, without a division
//! and without a case of its own for small x, where 1 - t is zero. tanh x is E / (E + 2) with
//! E = e^2|x| - 1 = (2^n - 1) + 2^n (e^r - 1), as in fdlibm's s_tanh.c, where E is an unevaluated sum. In
//! `f32` the tangent has a file of its own, and the others are computed in `f64`, without the compensation of
//! rounding errors.
//! The tables are minimax polynomials, from tests/golden/trigonometric_coefficients.py.
//!
//! Largest error measured, with and without fused multiply-add: 0.51 ULP in `f32` and 0.89 in `f64` (samples of both).
//! `docs/ops.md` has what a longer sweep has found.

use super::double_double::{divide, fast_two_sum, multiply_add, two_product, two_sum};
pub(super) use super::hyperbolic_f32::tangent as tangent_f32;
use super::polynomial::{at_most, polynomial};
use std::f64::consts::{LN_2, LOG2_E};

unary! {
    Sinh: sine_f32, sine_f64;
    Cosh: cosine_f32, cosine_f64;
    Tanh: tangent_f32 by 16, tangent_f64;
}

/// Adding this leaves an integer in the low bits of the fraction. The conversion instruction, in
/// contrast, does not exist for f64 vectors on AVX2.
const TO_INTEGER: f64 = 1.5 / f64::EPSILON;

/// 2^n for the integer n, which must be within the exponents of f64.
#[inline(always)]
fn power_of_two(n: f64) -> f64 {
    f64::from_bits((n + (TO_INTEGER + 1023.0)).to_bits() << 52)
}

/// n and r as an unevaluated sum.
#[inline(always)]
fn reduce<const FUSED: bool>(x: f64) -> (f64, (f64, f64)) {
    let n = multiply_add::<FUSED>(x, LOG2_E, TO_INTEGER) - TO_INTEGER;
    // The first difference is exact: by the fused operation, or as the high part has trailing zeros.
    let (first, low_part) = if FUSED {
        ((-n).mul_add(LN_2, x), 2.319_046_813_846_299_6e-17)
    } else {
        (x - n * 0.693_147_180_559_890_3, 5.497_923_018_708_371e-14)
    };
    let r = multiply_add::<FUSED>(-n, low_part, first);
    (n, (r, multiply_add::<FUSED>(-n, low_part, first - r)))
}

/// n, t, and sinh r - r and cosh r - 1 with r as an unevaluated sum, of which the hyperbolic sine
/// and cosine are made.
#[inline(always)]
fn parts<const FUSED: bool>(x: f64) -> (f64, f64, f64, f64, f64) {
    let (n, (r, r_low)) = reduce::<FUSED>(x);
    // Beyond 30, t vanishes beside 1.
    let t = power_of_two(-2.0 * n.min(60.0));
    let square = r * r;
    let sine = multiply_add::<FUSED>(r * square, polynomial::<FUSED, _>(square, SINE), r_low);
    let cosine = polynomial::<FUSED, _>(square, COSINE);
    let cosine = multiply_add::<FUSED>(square * square, cosine, 0.5 * square);
    (n, t, r, sine, cosine)
}

/// `constant + factor * r + low` times 2^(n-1), where the first term is the largest or zero.
#[inline(always)]
fn scaled_sum<const FUSED: bool>(constant: f64, factor: f64, r: f64, low: f64, n: f64) -> f64 {
    let (product, product_error) = two_product::<FUSED>(factor, r);
    let (high, error) = fast_two_sum(constant, product);
    let sum = high + ((error + product_error) + low);
    // Doubled first, since 2^(n-1) may overflow, and a subnormal number must not be halved.
    (sum + sum) * power_of_two(n - 2.0)
}

/// Beyond this the hyperbolic sine and cosine overflow, and so does 2^(n-2).
const OVERFLOW: f64 = 711.0;

#[inline(always)]
fn sine<const FUSED: bool>(x: f64) -> f64 {
    let (n, t, r, sine, cosine) = parts::<FUSED>(at_most(x.abs(), OVERFLOW));
    let (sum, difference) = (1.0 + t, 1.0 - t);
    let low =
        multiply_add::<FUSED>(sum, sine, multiply_add::<FUSED>(difference, cosine, (1.0 - difference) - t));
    scaled_sum::<FUSED>(difference, sum, r, low, n).copysign(x)
}

#[inline(always)]
fn cosine<const FUSED: bool>(x: f64) -> f64 {
    let (n, t, r, sine, cosine) = parts::<FUSED>(at_most(x.abs(), OVERFLOW));
    let (sum, difference) = (1.0 + t, 1.0 - t);
    let low = multiply_add::<FUSED>(difference, sine, multiply_add::<FUSED>(sum, cosine, (1.0 - sum) + t));
    scaled_sum::<FUSED>(sum, difference, r, low, n)
}

#[inline(always)]
fn tangent<const FUSED: bool>(x: f64) -> f64 {
    // Beyond 20 the tangent rounds to 1.
    let (n, (r, r_low)) = reduce::<FUSED>(at_most(x.abs() + x.abs(), 40.0));
    let power = power_of_two(n);
    let square = r * r;
    let low = multiply_add::<FUSED>(
        square,
        multiply_add::<FUSED>(r, polynomial::<FUSED, _>(r, EXPONENTIAL), 0.5),
        r_low,
    );
    let (high, error) = fast_two_sum(power - 1.0, power * r);
    let (high, low) = fast_two_sum(high, multiply_add::<FUSED>(power, low, error));
    let (denominator, denominator_error) = two_sum(high, 2.0);
    let (quotient, error) = divide::<FUSED>((high, low), (denominator, denominator_error + low));
    (quotient + error).copysign(x)
}

#[inline(always)]
pub(super) fn tangent_f64<const FUSED: bool, const LENGTH: usize>(
    block: &[f64; LENGTH],
    results: &mut [f64; LENGTH],
) {
    for (result, x) in results.iter_mut().zip(block) {
        *result = tangent::<FUSED>(*x);
    }
}

/// n, as the bits in the exponent of f64, and r, good enough for a result in `f32`; so are the functions
/// that follow.
#[inline(always)]
fn reduce_single<const FUSED: bool>(x: f64) -> (u64, f64) {
    let shifted = multiply_add::<FUSED>(x, LOG2_E, TO_INTEGER);
    (shifted.to_bits() << 52, multiply_add::<FUSED>(TO_INTEGER - shifted, LN_2, x))
}

/// (2^n + 2^-n) / 2, (2^n - 2^-n) / 2, and the hyperbolic sine and cosine of r.
#[inline(always)]
fn parts_single<const FUSED: bool>(x: f64) -> (f64, f64, f64, f64) {
    // The largest result is then 2^128, which overflows in f32.
    let (exponent, r) = reduce_single::<FUSED>(at_most(x.abs(), 90.0));
    let square = r * r;
    let sine = multiply_add::<FUSED>(r * square, polynomial::<FUSED, _>(square, SINE_F32), r);
    let cosine = polynomial::<FUSED, _>(square, COSINE_F32);
    let cosine = multiply_add::<FUSED>(square, multiply_add::<FUSED>(square, cosine, 0.5), 1.0);
    let half = 0.5_f64.to_bits();
    let (power, inverse) = (half.wrapping_add(exponent), half.wrapping_sub(exponent));
    let (power, inverse) = (f64::from_bits(power), f64::from_bits(inverse));
    (power + inverse, power - inverse, sine, cosine)
}

#[inline(always)]
fn sine_single<const FUSED: bool>(x: f64) -> f64 {
    let (sum, difference, sine, cosine) = parts_single::<FUSED>(x);
    multiply_add::<FUSED>(sum, sine, difference * cosine).copysign(x)
}

#[inline(always)]
fn cosine_single<const FUSED: bool>(x: f64) -> f64 {
    let (sum, difference, sine, cosine) = parts_single::<FUSED>(x);
    multiply_add::<FUSED>(sum, cosine, difference * sine)
}

blocks! {
    sine, sine_f64; sine_single, sine_f32;
    cosine, cosine_f64; cosine_single, cosine_f32;
}

const SINE: [f64; 5] = [
    0.166_666_666_666_666_77,
    0.008_333_333_333_321_66,
    0.000_198_412_698_860_496_62,
    2.755_724_428_608_853e-6,
    2.510_901_063_470_726e-8,
];

const COSINE: [f64; 5] = [
    0.041_666_666_666_666_685,
    0.001_388_888_888_887_36,
    2.480_158_734_850_352_8e-5,
    2.755_725_245_674_528e-7,
    2.092_156_365_447_745_6e-9,
];

const SINE_F32: [f64; 3] =
    [0.166_666_667_541_380_26, 0.008_333_289_064_740_597, 0.000_199_048_966_282_318_28];

const COSINE_F32: [f64; 2] = [0.041_666_460_698_507_1, 0.001_393_529_383_791_611];

pub(super) const EXPONENTIAL: [f64; 10] = [
    0.166_666_666_666_666_77,
    0.041_666_666_666_666_574,
    0.008_333_333_333_322_155,
    0.001_388_888_888_894_267,
    0.000_198_412_698_849_577_3,
    2.480_158_719_848_982_6e-5,
    2.755_724_527_535_100_2e-6,
    2.755_738_658_655_841_5e-7,
    2.510_869_465_232_567_4e-8,
    2.087_911_642_848_375_3e-9,
];

pub(super) const EXPONENTIAL_F32: [f64; 5] = [
    0.166_666_662_989_709_45,
    0.041_666_482_567_649_28,
    0.008_333_419_557_184_111,
    0.001_393_326_212_789_903_4,
    0.000_198_242_201_035_343_68,
];
