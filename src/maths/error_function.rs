//! The error function and its complement.
//!
//! In `f64` the error function is the Taylor series about the nearest multiple of 1/64, of which a table has the
//! value and the slope; its coefficients are polynomials in that multiple (in the manner of Arm's optimized
//! routines). In `f32` it is 1 - e^-g, where g = x Q(x) stands for -log(erfc x), so that one polynomial serves
//! all arguments: its error matters less and less.
//! The complement is 1 less an odd polynomial up to 1/2, and beyond it e^-x^2 times a
//! polynomial in 1 / (x + 3) over 1 + 2 x (in the manner of Shepherd and Laframboise, Chebyshev approximation
//! of (1 + 2x) exp(x^2) erfc x, 1981), where x^2 carries its rounding error; erfc(-x) = 2 - erfc x.
//! In `f32` everything is computed in `f64`, without the compensation of rounding errors.
//! The tables are minimax polynomials, from tests/golden/trigonometric_coefficients.py.
//!
//! Largest error measured, with and without fused multiply-add: @@

use super::compensated::{at_most, fast_two_sum, multiply_add, polynomial, two_product, two_sum};
use super::error_function_table::ROWS;
use super::hyperbolic::{EXPONENTIAL, EXPONENTIAL_F32};
use std::f64::consts::{LN_2, LOG2_E};

/// Adding this leaves an integer in the low bits of the fraction. The conversion instruction, in
/// contrast, does not exist for f64 vectors on AVX2.
const TO_INTEGER: f64 = 1.5 / f64::EPSILON;

/// 2 / sqrt(pi), and what it lacks.
const SCALE: [f64; 2] = [1.128_379_167_095_512_6, 1.533_545_961_316_588e-17];

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
pub(super) fn error_function_f64<const FUSED: bool, const LENGTH: usize>(block: &mut [f64; LENGTH]) {
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
        block[i] = (high + (error + low)).copysign(block[i]);
    }
}

#[inline(always)]
pub(super) fn error_function_f32<const FUSED: bool, const LENGTH: usize>(block: &mut [f32; LENGTH]) {
    for x in block {
        let magnitude = at_most(f64::from(x.abs()), 4.0);
        let g = magnitude * polynomial::<FUSED, _>(magnitude, MINUS_LOG_COMPLEMENT_F32);
        let (power, exponential) = exponential_single::<FUSED>(-g);
        *x = (multiply_add::<FUSED>(-power, exponential, 1.0 - power) as f32).copysign(*x);
    }
}

#[inline(always)]
fn complement<const FUSED: bool>(x: f64) -> f64 {
    // Beyond this the result rounds to zero.
    let magnitude = at_most(x.abs(), 27.3);
    let square = x * x;
    let (high, error) = two_product::<FUSED>(x, SCALE[0]);
    let low = multiply_add::<FUSED>(x, SCALE[1], error);
    let low = multiply_add::<FUSED>(high * square, polynomial::<FUSED, _>(square, ERROR_TO_HALF), low);
    let (one_less, error) = fast_two_sum(1.0, -high);
    let small = one_less + (error - low);

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
    let scaled = t * polynomial::<FUSED, _>(u, SCALED_COMPLEMENT);
    // What the exponential lacks and what t lacks, relative to them.
    let low = multiply_add::<FUSED>(high + low, r_low + remainder, low);
    let product = multiply_add::<FUSED>(scaled, high, scaled * low);
    // 2^n in two steps: the second rounds a subnormal result.
    let half_n = multiply_add::<FUSED>(n, 0.5, TO_INTEGER);
    let power = |shifted: f64| f64::from_bits((shifted + 1023.0).to_bits() << 52);
    let large = product * power(half_n) * power(n - (half_n - TO_INTEGER) + TO_INTEGER);
    let large = if x < 0.0 { 2.0 - large } else { large };
    if magnitude > 0.5 { large } else { small }
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

#[inline(always)]
fn complement_single<const FUSED: bool>(x: f64) -> f64 {
    // Beyond this the result rounds to zero.
    let magnitude = at_most(x.abs(), 10.2);
    let square = magnitude * magnitude;
    let high = x * SCALE[0];
    let polynomial_to_half = polynomial::<FUSED, _>(square, ERROR_TO_HALF_F32);
    let small = 1.0 - multiply_add::<FUSED>(high * square, polynomial_to_half, high);
    let (power, exponential) = exponential_single::<FUSED>(-square);
    let denominator = multiply_add::<FUSED>(magnitude, 2.0, 1.0);
    let other = magnitude + 3.0;
    let reciprocal = 1.0 / (denominator * other);
    let u = multiply_add::<FUSED>(reciprocal, denominator, -5.0 / 32.0);
    let scaled = power * (reciprocal * other * polynomial::<FUSED, _>(u, SCALED_COMPLEMENT_F32));
    let large = multiply_add::<FUSED>(scaled, exponential, scaled);
    let large = if x < 0.0 { 2.0 - large } else { large };
    if magnitude > 0.5 { large } else { small }
}

#[inline(always)]
pub(super) fn complement_f64<const FUSED: bool, const LENGTH: usize>(block: &mut [f64; LENGTH]) {
    for x in block {
        *x = complement::<FUSED>(*x);
    }
}

#[inline(always)]
pub(super) fn complement_f32<const FUSED: bool, const LENGTH: usize>(block: &mut [f32; LENGTH]) {
    for x in block {
        *x = complement_single::<FUSED>(f64::from(*x)) as f32;
    }
}

const ERROR_TO_HALF: [f64; 8] = [
    -0.333_333_333_333_331_6,
    0.099_999_999_999_777_05,
    -0.023_809_523_799_676_127,
    0.004_629_629_418_945_36,
    -0.000_757_573_259_526_936_4,
    0.000_106_820_304_186_215_97,
    -1.315_769_031_433_324_6e-5,
    1.305_872_647_275_016e-6,
];

const ERROR_TO_HALF_F32: [f64; 4] = [
    -0.333_333_140_780_289_9,
    0.099_992_530_599_412_34,
    -0.023_718_933_254_952_595,
    0.004_191_892_930_047_424,
];

const SCALED_COMPLEMENT: [f64; 22] = [
    1.244_375_844_339_657_5,
    0.840_951_091_915_407_5,
    -0.931_965_223_469_308,
    -22.114_167_687_561_658,
    -128.688_487_629_507_42,
    -463.650_798_015_466_6,
    -1048.528_507_789_890_2,
    -941.039_526_811_086_4,
    2412.939_053_008_091,
    8249.945_053_760_057,
    -1165.922_911_656_716_7,
    -44513.309_014_190_35,
    -24493.320_576_474_103,
    251919.254_438_732_87,
    202881.064_477_441_28,
    -1632802.508_548_167_3,
    -1038714.164_539_367_5,
    11586573.589_892_969,
    2238984.867_412_169_5,
    -76555738.980_300_1,
    11218960.388_672_896,
    321652880.020_387_6,
];

const SCALED_COMPLEMENT_F32: [f64; 10] = [
    1.244_375_847_551_848_7,
    0.840_950_897_663_201_5,
    -0.931_980_456_480_590_7,
    -22.113_837_825_265_602,
    -128.677_606_093_837_2,
    -463.821_718_935_173_9,
    -1050.963_441_481_211_7,
    -904.944_881_071_549_2,
    2575.002_409_721_961_6,
    5353.904_025_370_825,
];

const MINUS_LOG_COMPLEMENT_F32: [f64; 10] = [
    1.128_379_166_628_707_7,
    0.636_619_834_563_800_1,
    0.102_771_277_241_855_4,
    -0.019_117_695_223_525_7,
    -0.000_253_060_453_980_230_1,
    0.001_799_353_580_525_727_8,
    -0.000_740_686_275_625_378_6,
    0.000_167_481_460_622_861_34,
    -2.135_480_928_534_459_2e-5,
    1.193_330_213_674_867e-6,
];
