//! Sine, cosine and tangent.
//!
//! x = k pi/2 + r with |r| <= pi/4 (Cody and Waite's reduction, with r as an unevaluated sum), then
//! polynomials for the sine and the cosine of r, of which the quadrant k selects one, or for the tangent
//! their quotient. Arguments too large for that reduction go through Payne and Hanek's, one by one
//! after the others of the block (Muller, Elementary Functions; the evaluation follows fdlibm's
//! k_sin.c and k_cos.c). In `f32` everything is computed in `f64`: x = k pi + r, one polynomial for the
//! sine of r, or one for the tangent on |r| <= pi/4; the rounding to `f32` is then nearly all of the error.
//! The tables are minimax polynomials, from tests/golden/trigonometric_coefficients.py.
//!
//! Largest error measured, with and without fused multiply-add: @@

use super::compensated::{divide, fast_two_sum, multiply_add, polynomial, two_product, two_sum};

const SIGN: u64 = 1 << 63;

/// Adding this leaves an integer in the low bits of the fraction. The conversion instruction, in
/// contrast, does not exist for f64 vectors on AVX2.
const TO_INTEGER: f64 = 1.5 / f64::EPSILON;

/// The largest magnitude [`reduce`] takes.
#[inline(always)]
fn reduction_limit<const FUSED: bool>() -> f64 {
    if FUSED { 3.5e13 } else { 1.6e6 }
}

/// `x - k pi / 2` as an unevaluated sum, where k is the nearest integer, and an integer congruent to
/// k modulo 4.
#[inline(always)]
fn reduce<const FUSED: bool>(x: f64) -> ((f64, f64), u64) {
    let shifted = multiply_add::<FUSED>(x, std::f64::consts::FRAC_2_PI, TO_INTEGER);
    let k = shifted - TO_INTEGER;
    let reduced = if FUSED {
        // 53 bits each. The first difference is exact, as it needs no more bits than x.
        let first = (-k).mul_add(std::f64::consts::FRAC_PI_2, x);
        let (product, product_error) = two_product::<true>(k, 6.123_233_995_736_766e-17);
        let (high, error) = fast_two_sum(first, -product);
        (high, (-k).mul_add(-1.497_384_904_859_169_8e-33, error - product_error))
    } else {
        // 33 bits each but for the last, so that the products are exact.
        let first = x - k * 1.570_796_326_734_125_6;
        let (second, second_error) = two_sum(first, -(k * 6.077_100_506_303_966e-11));
        let (high, error) = two_sum(second, -(k * 2.022_266_248_711_166_5e-21));
        fast_two_sum(high, (second_error + error) - k * 8.478_427_660_368_9e-32)
    };
    (reduced, shifted.to_bits())
}

/// As [`reduce`] for a positive number of any size (Payne and Hanek): the product with as many bits
/// of 2/pi as decide k modulo 4 and the reduced argument.
#[cold]
fn reduce_huge(x: f64) -> ((f64, f64), u64) {
    /// 64 zeros, and the first bits of 2/pi behind the binary point.
    const TWO_OVER_PI: [u64; 21] = [
        0,
        0xa2f9_836e_4e44_1529,
        0xfc27_57d1_f534_ddc0,
        0xdb62_9599_3c43_9041,
        0xfe51_63ab_debb_c561,
        0xb724_6e3a_424d_d2e0,
        0x0649_2eea_09d1_921c,
        0xfe1d_eb1c_b129_a73e,
        0xe882_35f5_2ebb_4484,
        0xe99c_7026_b45f_7e41,
        0x3991_d639_8353_39f4,
        0x9c84_5f8b_bdf9_283b,
        0x1ff8_97ff_de05_980f,
        0xef2f_118b_5a0a_6d1f,
        0x6d36_7ecf_27cb_09b7,
        0x4f46_3f66_9e5f_ea2d,
        0x7527_bac7_ebe5_f17b,
        0x3d07_39f7_8a52_92ea,
        0x6bfb_5fb1_1f8d_5d08,
        0x5603_3046_fc7b_6bab,
        0xf0cf_bc20_9af4_361d,
    ];
    let exponent = (x.to_bits() >> 52) as usize;
    if exponent >= 0x7ff {
        return ((f64::NAN, f64::NAN), 0);
    }
    let fraction = u128::from(x.to_bits() & ((1 << 52) - 1) | 1 << 52);
    // x is `fraction` times a power of two; the bits before this one contribute multiples of 4.
    let first_bit = exponent.saturating_sub(1075 - 62);
    let (word, shift) = (first_bit / 64, first_bit % 64);
    let bits = |i: usize| {
        let (high, low) = (TWO_OVER_PI[word + i], TWO_OVER_PI[word + i + 1]);
        u128::from(high << shift | low >> 1 >> (63 - shift))
    };
    // The product modulo 2^192, of which the first two bits are k modulo 4.
    let low = fraction * bits(2);
    let middle = fraction * bits(1) + (low >> 64);
    let high = (fraction * bits(0)).wrapping_add(middle >> 64);
    let product = high << 64 | middle & u128::from(u64::MAX);
    // The fraction of k, signed: to the nearest k instead of the one below.
    let rest = (product << 2 | (low & u128::from(u64::MAX)) >> 62) as i128;
    let quadrant = ((product >> 126) as u64).wrapping_add(u64::from(rest < 0));
    let rest_high = rest as f64;
    let rest_low = rest.wrapping_sub(rest_high as i128) as f64;
    const SCALE: f64 = 1.0 / (1u128 << 127) as f64 / 2.0;
    let (product, error) = two_product::<false>(rest_high * SCALE, std::f64::consts::FRAC_PI_2);
    let low = rest_low * SCALE * std::f64::consts::FRAC_PI_2 + rest_high * SCALE * 6.123_233_995_736_766e-17;
    (fast_two_sum(product, low + error), quadrant)
}

/// A comparison with zero after the shift selects by the sign bit, without an instruction of its own.
#[inline(always)]
fn is_odd(k: u64) -> bool {
    ((k << 63) as i64) < 0
}

/// The sine and the cosine of the reduced argument, as unevaluated sums; of the sine, the first
/// term is the argument itself.
#[inline(always)]
fn sine_and_cosine<const FUSED: bool>((r, r_low): (f64, f64)) -> ((f64, f64), (f64, f64)) {
    let square = r * r;
    let half_complement = multiply_add::<FUSED>(square, -0.5, 1.0);
    let error = multiply_add::<FUSED>(square, -0.5, 1.0 - half_complement);
    let sine = polynomial::<FUSED, _>(square, SINE);
    let cosine = polynomial::<FUSED, _>(square, COSINE);
    let sine = multiply_add::<FUSED>(r * square, sine, r_low * half_complement);
    let cosine = multiply_add::<FUSED>(square * square, cosine, multiply_add::<FUSED>(-r, r_low, error));
    ((r, sine), (half_complement, cosine))
}

/// The sine of k pi / 2 + r.
#[inline(always)]
fn sine<const FUSED: bool>((reduced, k): ((f64, f64), u64)) -> f64 {
    let (sine, cosine) = sine_and_cosine::<FUSED>(reduced);
    let high = if is_odd(k) { cosine.0 } else { sine.0 };
    let low = if is_odd(k) { cosine.1 } else { sine.1 };
    f64::from_bits((high + low).to_bits() ^ (k & 2) << 62)
}

/// The tangent of k pi / 2 + r.
#[inline(always)]
fn tangent<const FUSED: bool>((reduced, k): ((f64, f64), u64)) -> f64 {
    let (sine, cosine) = sine_and_cosine::<FUSED>(reduced);
    // The rounding error of the square, which the cosine alone can afford to neglect.
    let square_error = if FUSED {
        let square = reduced.0 * reduced.0;
        reduced.0.mul_add(reduced.0, -square)
    } else {
        two_product::<false>(reduced.0, reduced.0).1
    };
    let sine = fast_two_sum(sine.0, sine.1);
    let cosine = fast_two_sum(cosine.0, multiply_add::<FUSED>(square_error, -0.5, cosine.1));
    let numerator = if is_odd(k) { cosine } else { sine };
    let denominator = if is_odd(k) { sine } else { cosine };
    let (high, low) = divide::<FUSED>(numerator, denominator);
    f64::from_bits((high + low).to_bits() ^ k << 63)
}

/// The cosine of k pi / 2 + r.
#[inline(always)]
fn cosine<const FUSED: bool>((reduced, k): ((f64, f64), u64)) -> f64 {
    sine::<FUSED>((reduced, k.wrapping_add(1)))
}

/// `x - k pi`, good enough for a result in `f32`.
#[inline(always)]
fn subtract_multiple_of_pi<const FUSED: bool>(x: f64, k: f64) -> f64 {
    if FUSED {
        let first = (-k).mul_add(std::f64::consts::PI, x);
        (-k).mul_add(1.224_646_799_147_353_2e-16, first)
    } else {
        (x - k * 3.141_592_653_468_251_2) - k * 1.215_420_101_301_238_4e-10
    }
}

/// The sine of k pi + r, good enough for a result in `f32`.
#[inline(always)]
fn sine_single_reduced<const FUSED: bool>(r: f64, k: u64) -> f64 {
    let square = r * r;
    let polynomial = polynomial::<FUSED, _>(square, SINE_F32);
    let sine = multiply_add::<FUSED>(r * square, polynomial, r);
    f64::from_bits(sine.to_bits() ^ k << 63)
}

/// The sine, good enough for a result in `f32`; so are the functions that follow.
#[inline(always)]
fn sine_single<const FUSED: bool>(x: f64) -> f64 {
    let shifted = multiply_add::<FUSED>(x, std::f64::consts::FRAC_1_PI, TO_INTEGER);
    let r = subtract_multiple_of_pi::<FUSED>(x, shifted - TO_INTEGER);
    sine_single_reduced::<FUSED>(r, shifted.to_bits())
}

#[inline(always)]
fn cosine_single<const FUSED: bool>(x: f64) -> f64 {
    // cos x = -sin(x - (k + 1/2) pi) cos(k pi)
    let shifted = multiply_add::<FUSED>(x, std::f64::consts::FRAC_1_PI, -0.5) + TO_INTEGER;
    let r = subtract_multiple_of_pi::<FUSED>(x, (shifted - TO_INTEGER) + 0.5);
    sine_single_reduced::<FUSED>(-r, shifted.to_bits())
}

#[inline(always)]
fn tangent_single<const FUSED: bool>(x: f64) -> f64 {
    let shifted = multiply_add::<FUSED>(x, std::f64::consts::FRAC_2_PI, TO_INTEGER);
    let r = subtract_multiple_of_pi::<FUSED>(x, 0.5 * (shifted - TO_INTEGER));
    let square = r * r;
    let polynomial = polynomial::<FUSED, _>(square, TANGENT_F32);
    let tangent = multiply_add::<FUSED>(r * square, polynomial, r);
    let reciprocal = -1.0 / tangent;
    if is_odd(shifted.to_bits()) { reciprocal } else { tangent }
}

/// Applies `$function` to a block, then computes anew one by one the elements beyond `$limit` with `$huge`.
macro_rules! run_block {
    ($block:ident, $limit:expr, $function:expr, $huge:expr) => {{
        let limit = $limit;
        // `&` rather than `&&` or `all`, which would stop early and so not vectorise.
        let ordinary = $block.iter().fold(true, |ordinary, x| ordinary & (x.abs() <= limit));
        let arguments = (!ordinary).then(|| *$block);
        for x in $block.iter_mut() {
            *x = $function(*x);
        }
        for (value, x) in $block.iter_mut().zip(arguments.into_iter().flatten()) {
            // Also where it is NaN.
            let is_ordinary = x.abs() <= limit;
            if !is_ordinary {
                *value = $huge(x);
            }
        }
    }};
}

macro_rules! blocks {
    ($($function:ident, $block_f64:ident, odd: $odd:literal; $single:ident, $block_f32:ident;)*) => {$(
        #[inline(always)]
        pub(super) fn $block_f64<const FUSED: bool, const LENGTH: usize>(block: &mut [f64; LENGTH]) {
            // The sign is set apart so that -0 keeps it.
            let with_sign_of = |x: f64, value: f64| {
                let sign = if $odd { x.to_bits() & SIGN } else { 0 };
                f64::from_bits(value.to_bits() ^ sign)
            };
            run_block!(
                block,
                reduction_limit::<FUSED>(),
                |x: f64| with_sign_of(x, $function::<FUSED>(reduce::<FUSED>(x.abs()))),
                |x: f64| with_sign_of(x, $function::<false>(reduce_huge(x.abs())))
            );
        }

        #[inline(always)]
        pub(super) fn $block_f32<const FUSED: bool, const LENGTH: usize>(block: &mut [f32; LENGTH]) {
            let with_sign_of = |x: f32, value: f64| {
                let sign = if $odd { x.to_bits() & 1 << 31 } else { 0 };
                f32::from_bits((value as f32).to_bits() ^ sign)
            };
            run_block!(
                block,
                reduction_limit::<false>() as f32,
                |x: f32| with_sign_of(x, $single::<FUSED>(f64::from(x.abs()))),
                |x: f32| with_sign_of(x, $function::<false>(reduce_huge(f64::from(x.abs()))))
            );
        }
    )*};
}

blocks! {
    sine, sine_f64, odd: true; sine_single, sine_f32;
    cosine, cosine_f64, odd: false; cosine_single, cosine_f32;
    tangent, tangent_f64, odd: true; tangent_single, tangent_f32;
}

const SINE: [f64; 6] = [
    -0.166_666_666_666_666_3,
    0.008_333_333_333_322_113,
    -0.000_198_412_698_295_837_74,
    2.755_731_361_920_137_7e-6,
    -2.505_074_739_657_165_3e-8,
    1.589_620_766_256_025_4e-10,
];

const COSINE: [f64; 6] = [
    0.041_666_666_666_666_595,
    -0.001_388_888_888_887_304_3,
    2.480_158_728_884_296_6e-5,
    -2.755_731_417_658_884_5e-7,
    2.087_570_045_244_425_4e-9,
    -1.135_851_537_930_129_6e-11,
];

const SINE_F32: [f64; 4] = [
    -0.166_666_595_513_912_33,
    0.008_333_066_213_997_174,
    -0.000_198_095_988_730_961_8,
    2.605_769_921_814_175e-6,
];

const TANGENT_F32: [f64; 7] = [
    0.333_333_497_845_997_9,
    0.133_326_622_765_393_03,
    0.054_060_042_977_682_85,
    0.021_281_505_222_539_413,
    0.010_837_645_081_794_934,
    8.714_435_405_232_922e-5,
    0.004_377_484_682_118_036,
];
