//! Arc sine, cosine and tangent.
//!
//! The arc tangent of y / x is that of the quotient up to 1/2, pi/2 - atan(x / y) from 2 on, and between
//! them pi/4 + atan((y - x) / (y + x)); one division serves all, and its remainder gives the low part of the
//! quotient. The arc sine is a polynomial up to 1/2, and beyond it pi/2 - 2 asin(sqrt((1 - x) / 2)), with
//! the root as an unevaluated sum; the arc cosine follows from the same two (as in fdlibm's e_asin.c
//! and e_acos.c). In `f32` everything is computed in `f64`, without the compensation of rounding errors.
//! The tables are minimax polynomials, from tests/golden/trigonometric_coefficients.py.
//!
//! Largest error measured, with and without fused multiply-add: 0.58 ULP in `f32` and 0.94 in `f64` (samples of both).
//! `docs/ops.md` has what a longer sweep has found.

use super::double_double::{divide, fast_two_sum, multiply_add, two_product, two_sum};
use super::polynomial::{at_most, polynomial};
use std::f64::consts::{FRAC_PI_2, PI};

unary! {
    Asin: sine_f32, sine_f64;
    Acos: cosine_f32, cosine_f64;
    Atan: tangent_f32, tangent_f64;
}

binary! {
    Atan2: angle_f32, angle_f64;
}

/// pi/2 less its nearest f64.
const HALF_PI_LOW: f64 = 6.123_233_995_736_766e-17;
/// The angle of the point (x, y) in the first quadrant, or of (-x, y) if `left`. Neither coordinate may
/// be so large or so small that the reciprocal or the sum is not representable.
#[inline(always)]
fn angle_in_quadrant<const FUSED: bool>(y: f64, x: f64, sum: (f64, f64), left: bool) -> f64 {
    /// The leading 50 bits of pi/4, of which small multiples are exact, and the rest.
    const QUARTER_PI: [f64; 2] = [std::f64::consts::FRAC_PI_4, 3.061_616_997_868_383e-17];
    let flat = y < 0.5 * x;
    let steep = y > 2.0 * x;
    // The difference is exact where it is used.
    let numerator = if flat { y } else { y - x };
    let numerator = if steep { -x } else { numerator };
    let denominator = if flat { x } else { sum.0 };
    let denominator = if steep { y } else { denominator };
    let denominator_low = if flat | steep { 0.0 } else { sum.1 };
    let octants = if flat { 0.0 } else { 1.0 };
    let octants = if steep { 2.0 } else { octants };
    let (numerator, octants) = if left { (-numerator, 4.0 - octants) } else { (numerator, octants) };
    let (q, q_low) = divide::<FUSED>((numerator, 0.0), (denominator, denominator_low));
    let square = q * q;
    let low = multiply_add::<FUSED>(octants, QUARTER_PI[1], q_low);
    let low = multiply_add::<FUSED>(q * square, polynomial::<FUSED, _>(square, ARCTANGENT), low);
    let (high, error) = fast_two_sum(octants * QUARTER_PI[0], q);
    high + (error + low)
}

#[inline(always)]
fn tangent<const FUSED: bool>(x: f64) -> f64 {
    // Infinity has no remainder; the result is the same for all numbers as large as this.
    let magnitude = at_most(x.abs(), (1u64 << 60) as f64);
    // The order is right where the sum is used.
    let sum = fast_two_sum(1.0, magnitude);
    angle_in_quadrant::<FUSED>(magnitude, 1.0, sum, false).copysign(x)
}

/// The angle of the point (x, y), in the order of C's arguments.
#[inline(always)]
fn angle<const FUSED: bool>(y: f64, x: f64) -> f64 {
    const MIDDLE: f64 = (1u128 << 100) as f64 * (1u128 << 100) as f64 * (1u128 << 100) as f64;
    const DOWN: f64 = 1.0 / (1u128 << 100) as f64;
    let (y_magnitude, x_magnitude) = (y.abs(), x.abs());
    let larger = if y_magnitude > x_magnitude { y_magnitude } else { x_magnitude };
    // Upwards, so that remainders of subnormal numbers are exact; downwards, so that the sum does
    // not overflow. Digits of the smaller coordinate are lost only where the quotient vanishes.
    let scale = if larger < MIDDLE { MIDDLE * MIDDLE } else { DOWN };
    let infinite = larger == f64::INFINITY;
    // Both infinite are equal, and a finite one beside infinity is zero.
    let of_infinite = |magnitude: f64| if magnitude == f64::INFINITY { 1.0 } else { 0.0 * magnitude };
    let scaled = |magnitude: f64| if infinite { of_infinite(magnitude) } else { magnitude * scale };
    let (y_scaled, x_scaled) = (scaled(y_magnitude), scaled(x_magnitude));
    // The sign bit, as -0 is to the left. Zero by zero is zero.
    let left = x.is_sign_negative();
    let x_scaled = if larger == 0.0 { 1.0 } else { x_scaled };
    angle_in_quadrant::<FUSED>(y_scaled, x_scaled, two_sum(y_scaled, x_scaled), left).copysign(y)
}

/// `base` plus its low part plus `v + v_low + v^3 P`, where P is the polynomial of the arc sine: v is the
/// argument or twice the root of a half of its complement, and `square` accordingly.
#[inline(always)]
fn arc_sine_sum<const FUSED: bool>(base: (f64, f64), v: (f64, f64), square: f64) -> f64 {
    let low = multiply_add::<FUSED>(v.0 * square, polynomial::<FUSED, _>(square, ARCSINE), v.1 + base.1);
    let (high, error) = fast_two_sum(base.0, v.0);
    high + (error + low)
}

/// (1 - |x|) / 2, and twice its root as an unevaluated sum.
#[inline(always)]
fn complement<const FUSED: bool>(x: f64) -> (f64, (f64, f64)) {
    let half = multiply_add::<FUSED>(x.abs(), -0.5, 0.5);
    let root = half.sqrt();
    let remainder = if FUSED {
        (-root).mul_add(root, half)
    } else {
        let (product, error) = two_product::<FUSED>(root, root);
        (half - product) - error
    };
    // The root is not below 2^-27 unless it is zero.
    (half, (root + root, remainder / root.max(f64::EPSILON)))
}

#[inline(always)]
fn sine<const FUSED: bool>(x: f64) -> f64 {
    let small = x.abs() <= 0.5;
    let (half, root) = complement::<FUSED>(x);
    let base = if small { (0.0, 0.0) } else { (FRAC_PI_2, HALF_PI_LOW) };
    let v = if small { (x.abs(), 0.0) } else { (-root.0, -root.1) };
    let square = if small { x * x } else { half };
    arc_sine_sum::<FUSED>(base, v, square).copysign(x)
}

#[inline(always)]
fn cosine<const FUSED: bool>(x: f64) -> f64 {
    let small = x.abs() <= 0.5;
    let negative = x < 0.0;
    let (half, root) = complement::<FUSED>(x);
    let base = if negative { (PI, 2.0 * HALF_PI_LOW) } else { (0.0, 0.0) };
    let base = if small { (FRAC_PI_2, HALF_PI_LOW) } else { base };
    let v = if negative { (-root.0, -root.1) } else { root };
    let v = if small { (-x, 0.0) } else { v };
    let square = if small { x * x } else { half };
    arc_sine_sum::<FUSED>(base, v, square)
}

/// Good enough for a result in `f32`; so are the functions that follow.
#[inline(always)]
fn tangent_single<const FUSED: bool>(x: f64) -> f64 {
    let magnitude = x.abs();
    let inverted = magnitude > 1.0;
    let q = if inverted { -1.0 / magnitude } else { magnitude };
    let base = if inverted { FRAC_PI_2 } else { 0.0 };
    let square = q * q;
    let low = multiply_add::<FUSED>(q * square, polynomial::<FUSED, _>(square, ARCTANGENT_F32), q);
    (base + low).copysign(x)
}

#[inline(always)]
fn angle_single<const FUSED: bool>(y: f64, x: f64) -> f64 {
    // Far outside f32. Zero by zero is then zero, infinity by infinity one, and a number by infinity
    // rounds to zero in f32.
    const INFINITY: f64 = 1e100;
    let (y_magnitude, x_magnitude) = (at_most(y.abs(), INFINITY), at_most(x.abs(), INFINITY));
    let steep = y_magnitude > x_magnitude;
    let numerator = if steep { -x_magnitude } else { y_magnitude };
    let denominator = if steep { y_magnitude } else { x_magnitude };
    let q = numerator / if denominator == 0.0 { 1.0 } else { denominator };
    let base = if steep { FRAC_PI_2 } else { 0.0 };
    let square = q * q;
    let low = multiply_add::<FUSED>(q * square, polynomial::<FUSED, _>(square, ARCTANGENT_F32), q);
    let angle = base + low;
    let angle = if x.is_sign_negative() { PI - angle } else { angle };
    angle.copysign(y)
}

#[inline(always)]
fn sine_single<const FUSED: bool>(x: f64) -> f64 {
    let magnitude = x.abs();
    let small = magnitude <= 0.5;
    let half = multiply_add::<FUSED>(magnitude, -0.5, 0.5);
    let root = half.sqrt();
    let square = if small { x * x } else { half };
    let v = if small { magnitude } else { -2.0 * root };
    let base = if small { 0.0 } else { FRAC_PI_2 };
    let low = multiply_add::<FUSED>(v * square, polynomial::<FUSED, _>(square, ARCSINE_F32), v);
    (base + low).copysign(x)
}

#[inline(always)]
fn cosine_single<const FUSED: bool>(x: f64) -> f64 {
    let magnitude = x.abs();
    let small = magnitude <= 0.5;
    let half = multiply_add::<FUSED>(magnitude, -0.5, 0.5);
    let root = half.sqrt();
    let square = if small { x * x } else { half };
    let v = if small { -x } else { (root + root).copysign(x) };
    let base = if x < 0.0 { PI } else { 0.0 };
    let base = if small { FRAC_PI_2 } else { base };
    let low = multiply_add::<FUSED>(v * square, polynomial::<FUSED, _>(square, ARCSINE_F32), v);
    base + low
}

blocks! {
    sine, sine_f64; sine_single, sine_f32;
    cosine, cosine_f64; cosine_single, cosine_f32;
    tangent, tangent_f64; tangent_single, tangent_f32;
}

#[inline(always)]
pub(super) fn angle_f64<const FUSED: bool, const LENGTH: usize>(
    y: &[f64; LENGTH],
    x: &[f64; LENGTH],
    results: &mut [f64; LENGTH],
) {
    for ((result, y), x) in results.iter_mut().zip(y).zip(x) {
        *result = angle::<FUSED>(*y, *x);
    }
}

#[inline(always)]
pub(super) fn angle_f32<const FUSED: bool, const LENGTH: usize>(
    y: &[f32; LENGTH],
    x: &[f32; LENGTH],
    results: &mut [f32; LENGTH],
) {
    for ((result, y), x) in results.iter_mut().zip(y).zip(x) {
        *result = angle_single::<FUSED>(f64::from(*y), f64::from(*x)) as f32;
    }
}

const ARCSINE: [f64; 12] = [
    0.166_666_666_666_654_08,
    0.075_000_000_003_372_26,
    0.044_642_856_828_142_286,
    0.030_381_959_145_181_724,
    0.022_371_757_841_542_536,
    0.017_359_708_067_358_13,
    0.013_885_201_546_633_28,
    0.012_169_441_524_990_825,
    0.006_526_954_179_478_388,
    0.019_531_124_173_246_26,
    -0.016_228_829_148_501_43,
    0.031_915_461_935_506_43,
];

const ARCTANGENT: [f64; 13] = [
    -0.333_333_333_333_333_15,
    0.199_999_999_999_932_68,
    -0.142_857_142_849_608_5,
    0.111_111_110_685_561_56,
    -0.090_909_076_694_812_92,
    0.076_922_770_743_812_36,
    -0.066_662_189_305_892_54,
    0.058_777_707_320_315_696,
    -0.052_298_162_076_459_03,
    0.045_887_343_599_222_07,
    -0.037_102_078_128_116_69,
    0.023_632_415_692_265_93,
    -0.008_352_131_474_459_262,
];

const ARCSINE_F32: [f64; 5] = [
    0.166_667_525_499_172_46,
    0.074_952_948_791_711_52,
    0.045_470_715_431_392_93,
    0.024_177_871_082_090_66,
    0.042_169_063_127_394_33,
];

const ARCTANGENT_F32: [f64; 9] = [
    -0.333_332_990_844_128_8,
    0.199_985_481_963_356_83,
    -0.142_642_405_798_224_74,
    0.109_521_778_033_293_13,
    -0.084_034_201_351_148_31,
    0.057_956_971_145_229_04,
    -0.031_177_137_463_671_956,
    0.010_914_186_691_319_367,
    -0.001_793_520_999_311_582_5,
];
