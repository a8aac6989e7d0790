//! The error function and its complement.
//!
//! In `f64` the error function is the Taylor series about the nearest multiple of 1/64, of which a table has the
//! value and the slope; its coefficients are polynomials in that multiple (in the manner of Arm's optimized
//! routines). In `f32` it has a file of its own.
//! The complement is 1 less an odd polynomial up to 0.65, and beyond it e^-x^2 times a
//! polynomial in 1 / (x + 3) over 1 + 2 x (in the manner of Shepherd and Laframboise, Chebyshev approximation
//! of (1 + 2x) exp(x^2) erfc x, 1981), where x^2 carries its rounding error; erfc(-x) = 2 - erfc x.
//! In `f32` the complement is computed in `f64`, without the compensation of rounding errors.
//! The tables are minimax polynomials, from tests/golden/trigonometric_coefficients.py.
//!
//! Largest error measured, with and without fused multiply-add: 0.52 ULP in `f32` for `erfc`; in `f64` 1.15 for `erf`, 1.73 for
//! `erfc`.
//! `docs/ops.md` has what a longer sweep has found.

use super::double_double::{fast_two_sum, multiply_add, two_product, two_sum};
pub(super) use super::error_function_f32::error_function as error_function_f32;
use super::error_function_table::ROWS;
use super::hyperbolic::{EXPONENTIAL, EXPONENTIAL_F32};
use super::polynomial::{at_most, polynomial};
use std::f64::consts::{LN_2, LOG2_E};

unary! {
    Erf: error_function_f32 by 16, error_function_f64;
    Erfc: complement_f32, complement_f64;
}

/// Adding this leaves an integer in the low bits of the fraction. The conversion instruction, in
/// contrast, does not exist for f64 vectors on AVX2.
const TO_INTEGER: f64 = 1.5 / f64::EPSILON;

/// 2 / sqrt(pi), and what it lacks.
const SCALE: [f64; 2] = [std::f64::consts::FRAC_2_SQRT_PI, 1.533_545_961_316_588e-17];

/// The rows of the table nearest to the magnitudes. A loop of its own, as look-ups do not vectorise and
/// would keep the rest from it; whole rows, as these are copied by one instruction each.
#[inline(always)]
fn look_up<const FUSED: bool, const LENGTH: usize>(magnitudes: &[f64; LENGTH]) -> [[f64; 4]; LENGTH] {
    magnitudes.map(|magnitude| {
        let shifted = multiply_add::<FUSED>(magnitude, 64.0, TO_INTEGER);
        // Of a NaN the row does not matter.
        ROWS.0[((shifted.to_bits() & 511) as usize).min(ROWS.0.len() - 1)]
    })
}

#[inline(always)]
pub(super) fn error_function_f64<const FUSED: bool, const LENGTH: usize>(
    block: &[f64; LENGTH],
    results: &mut [f64; LENGTH],
) {
    // The last row, where the result is 1.
    let magnitudes = block.map(|x| at_most(x.abs(), 6.0));
    let rows = look_up::<FUSED, LENGTH>(&magnitudes);
    for i in 0..LENGTH {
        let [value, value_low, slope, r] = rows[i];
        let d = magnitudes[i] - r;
        // The Taylor series about r: H_k(r) (-d)^k / (k + 1)! with Hermite polynomials from k = 1 on.
        let square = r * r;
        let c_2 = multiply_add::<FUSED>(square, 2.0 / 3.0, -1.0 / 3.0);
        let c_3 = r * multiply_add::<FUSED>(square, -1.0 / 3.0, 0.5);
        let c_4 = multiply_add::<FUSED>(square, 4.0 / 30.0, -12.0 / 30.0);
        let c_4 = multiply_add::<FUSED>(square, c_4, 3.0 / 30.0);
        let c_5 = multiply_add::<FUSED>(square, -4.0 / 90.0, 20.0 / 90.0);
        let c_5 = r * multiply_add::<FUSED>(square, c_5, -15.0 / 90.0);
        let c_6 = multiply_add::<FUSED>(square, 8.0 / 630.0, -60.0 / 630.0);
        let c_6 = multiply_add::<FUSED>(square, c_6, 90.0 / 630.0);
        let c_6 = multiply_add::<FUSED>(square, c_6, -15.0 / 630.0);
        let d_2 = d * d;
        let c_23 = multiply_add::<FUSED>(d, c_3, c_2);
        let c_45 = multiply_add::<FUSED>(d, c_5, c_4);
        let c_456 = multiply_add::<FUSED>(d_2, c_6, c_45);
        let series = multiply_add::<FUSED>(d_2, c_456, c_23);
        let series = multiply_add::<FUSED>(d, series, -r);
        let (step, step_error) = two_product::<FUSED>(slope, d);
        let low = multiply_add::<FUSED>(step * d, series, value_low + step_error);
        let (high, error) = fast_two_sum(value, step);
        results[i] = (high + (error + low)).copysign(block[i]);
    }
}

/// erfc x where x is at most 0.65 from zero.
#[inline(always)]
pub(super) fn complement_near_zero<const FUSED: bool>(x: f64) -> f64 {
    let square = x * x;
    let (high, error) = two_product::<FUSED>(x, SCALE[0]);
    let low = multiply_add::<FUSED>(x, SCALE[1], error);
    let low = multiply_add::<FUSED>(high * square, polynomial::<FUSED, _>(square, ERROR), low);
    let (one_less, error) = fast_two_sum(1.0, -high);
    one_less + (error - low)
}

/// Beyond this erfc rounds to zero.
pub(super) const LARGEST: f64 = 27.3;

/// erfc of a magnitude from 0.65 to [`LARGEST`] as a number from 1/256 to 1 and two powers of 2, by which it is to be
/// multiplied in turn: only the second rounds, where the result is subnormal.
#[inline(always)]
pub(super) fn complement_tail<const FUSED: bool>(magnitude: f64) -> (f64, [f64; 2]) {
    let (square, square_error) = two_product::<FUSED>(magnitude, magnitude);
    let shifted = multiply_add::<FUSED>(square, -LOG2_E, TO_INTEGER);
    let n = shifted - TO_INTEGER;
    // As in the hyperbolic functions, with an error that matters here.
    let (first, low_part) = if FUSED {
        ((-n).mul_add(LN_2, -square), 2.319_046_813_846_299_6e-17)
    } else {
        (-square - n * 0.693_147_180_559_890_3, 5.497_923_018_708_371e-14)
    };
    let r = multiply_add::<FUSED>(-n, low_part, first);
    let r_low = multiply_add::<FUSED>(-n, low_part, first - r) - square_error;
    let half = multiply_add::<FUSED>(r, polynomial::<FUSED, _>(r, EXPONENTIAL), 0.5);
    let (high, error) = fast_two_sum(1.0, r);
    let low = multiply_add::<FUSED>(r * r, half, error);

    // t = 1 / (1 + 2 x) and the argument of the polynomial, from one division.
    let (denominator, denominator_low) = two_sum(1.0, magnitude + magnitude);
    let other = magnitude + 3.0;
    let reciprocal = 1.0 / (denominator * other);
    let t = reciprocal * other;
    let remainder = if FUSED {
        (-t).mul_add(denominator, 1.0)
    } else {
        let (product, error) = two_product::<FUSED>(t, denominator);
        (1.0 - product) - error
    };
    let remainder = multiply_add::<FUSED>(-t, denominator_low, remainder);
    let u = multiply_add::<FUSED>(reciprocal, denominator, -5.0 / 32.0);
    let (scaled, scaled_error) = two_product::<FUSED>(t, polynomial::<FUSED, _>(u, SCALED_COMPLEMENT));
    // What the exponential lacks and what t lacks, relative to them.
    let low = multiply_add::<FUSED>(high + low, r_low + remainder, low);
    let low = multiply_add::<FUSED>(scaled, low, scaled_error * high);
    let product = if FUSED {
        scaled.mul_add(high, low)
    } else {
        let (product, error) = two_product::<FUSED>(scaled, high);
        product + (error + low)
    };
    let half_n = multiply_add::<FUSED>(n, 0.5, TO_INTEGER);
    let power = |shifted: f64| f64::from_bits((shifted + 1023.0).to_bits() << 52);
    (product, [power(half_n), power(n - (half_n - TO_INTEGER) + TO_INTEGER)])
}

#[inline(always)]
fn complement<const FUSED: bool>(x: f64) -> f64 {
    let magnitude = at_most(x.abs(), LARGEST);
    let small = complement_near_zero::<FUSED>(x);
    let (product, [first, second]) = complement_tail::<FUSED>(magnitude);
    let large = product * first * second;
    let large = if x < 0.0 { 2.0 - large } else { large };
    if magnitude > 0.65 { large } else { small }
}

/// 2^n and e^r - 1 for x = n ln 2 + r, good enough for a result in `f32`.
#[inline(always)]
fn exponential_single<const FUSED: bool>(x: f64) -> (f64, f64) {
    let shifted = multiply_add::<FUSED>(x, LOG2_E, TO_INTEGER);
    let r = multiply_add::<FUSED>(TO_INTEGER - shifted, LN_2, x);
    let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1.0_f64.to_bits()));
    let half = multiply_add::<FUSED>(r, polynomial::<FUSED, _>(r, EXPONENTIAL_F32), 0.5);
    (power, multiply_add::<FUSED>(r * r, half, r))
}

/// erfc, good enough for a result in `f32`.
#[inline(always)]
pub(super) fn complement_single<const FUSED: bool>(x: f64) -> f64 {
    // Beyond this the result rounds to zero.
    let magnitude = at_most(x.abs(), 10.2);
    let square = magnitude * magnitude;
    let high = x * SCALE[0];
    let polynomial_to_half = polynomial::<FUSED, _>(square, ERROR_F32);
    let small = 1.0 - multiply_add::<FUSED>(high * square, polynomial_to_half, high);
    let (power, exponential) = exponential_single::<FUSED>(-square);
    let denominator = multiply_add::<FUSED>(magnitude, 2.0, 1.0);
    let other = magnitude + 3.0;
    let reciprocal = 1.0 / (denominator * other);
    let u = multiply_add::<FUSED>(reciprocal, denominator, -5.0 / 32.0);
    let scaled = power * (reciprocal * other * polynomial::<FUSED, _>(u, SCALED_COMPLEMENT_F32));
    let large = multiply_add::<FUSED>(scaled, exponential, scaled);
    let large = if x < 0.0 { 2.0 - large } else { large };
    if magnitude > 0.65 { large } else { small }
}

#[inline(always)]
pub(super) fn complement_f64<const FUSED: bool, const LENGTH: usize>(
    block: &[f64; LENGTH],
    results: &mut [f64; LENGTH],
) {
    for (result, x) in results.iter_mut().zip(block) {
        *result = complement::<FUSED>(*x);
    }
}

#[inline(always)]
pub(super) fn complement_f32<const FUSED: bool, const LENGTH: usize>(
    block: &[f32; LENGTH],
    results: &mut [f32; LENGTH],
) {
    for (result, x) in results.iter_mut().zip(block) {
        *result = complement_single::<FUSED>(f64::from(*x)) as f32;
    }
}

const SCALED_COMPLEMENT: [f64; 22] = [
    1.244_375_844_339_657_5,
    0.840_951_091_915_408_1,
    -0.931_965_223_469_338_4,
    -22.114_167_687_564_784,
    -128.688_487_629_436_14,
    -463.650_798_010_796_45,
    -1_048.528_507_854_481,
    -941.039_529_997_934_4,
    2_412.939_082_634_963_6,
    8_249.946_246_082_6,
    -1_165.930_700_621_615_6,
    -44_513.576_683_984_32,
    -24_492.075_730_968_12,
    251956.873_084_705_53,
    202758.038_680_141_76,
    -1636138.562_629_942_3,
    -1031370.166_611_044,
    11767909.084_322_71,
    1996302.958_829_216_4,
    -82072740.360_556_81,
    14627642.077_336_568,
    393616630.337_168_4,
];

const SCALED_COMPLEMENT_F32: [f64; 10] = [
    1.244_375_845_365_217_8,
    0.840_950_945_382_31,
    -0.931_970_597_416_012_1,
    -22.113_907_317_509_092,
    -128.684_386_015_475_67,
    -463.783_456_881_953_95,
    -1_049.470_268_289_100_4,
    -913.943_933_756_253_8,
    2_470.975_682_713_635_7,
    6_066.390_441_972_087,
];

const ERROR: [f64; 9] = [
    -0.333_333_333_333_332_04,
    0.099_999_999_999_880_05,
    -0.023_809_523_805_621_974,
    0.004_629_629_567_281_802,
    -0.000_757_575_192_829_961,
    0.000_106_834_509_317_655_65,
    -1.321_700_625_145_379_8e-5,
    1.437_287_162_625_519_2e-6,
    -1.200_071_491_488_094_3e-7,
];

const ERROR_F32: [f64; 5] = [
    -0.333_333_301_956_685_9,
    0.099_998_953_512_200_66,
    -0.023_798_114_624_405_176,
    0.004_574_872_393_738_864,
    -0.000_636_132_075_183_811_8,
];
