//! The nearest multiple of pi/2 to an angle, and the rest.
//!
//! x = k pi/2 + r with |r| <= pi/4, a little more where x 2/pi is rounded. Three reductions:
//!
//! - Up to 1.6e6, that of Cody and Waite. pi/2 is split into parts with so many trailing zeros (or,
//!   with fused multiply-add, such sizes) that x - k pi/2 is exact down to the last part. r is kept as
//!   a sum of two numbers: near a multiple of pi/2 the first alone would have few correct bits.
//! - Up to 4e8, the same with shorter parts and so longer factors k. `f32` has this one only, in `f64`
//!   arithmetic, where one number is enough for r.
//! - Beyond, that of Payne and Hanek: of x 2/pi only the bits around the point are computed, in integer
//!   arithmetic. One by one, as such arguments are rare. (Both reductions: Muller, Elementary
//!   Functions.)
//!
//! The parts of pi/2 and the bits of 2/pi are from `tests/golden/trigonometric.py`.

use std::f64::consts::{FRAC_2_PI, FRAC_PI_2};

/// Adding this leaves an integer in the low bits of the fraction. Below zero too: they are those of
/// its two's complement.
const TO_INTEGER: f64 = 1.5 / f64::EPSILON;

/// The largest |x| of `reduce_f64`: its quotient is below 2^20.
pub(super) const LARGEST_FAST: f64 = 1.6e6;
/// The largest |x| of `reduce_medium` and of `reduce_f32`: its quotient is below 2^28.
pub(super) const LARGEST_MEDIUM: f64 = 4.0e8;

/// x = k pi/2 + `high` - `low_negated`. The second is no more than about a unit in the last place of the
/// first, unless that is below 2^-13. Only the last two bits of `quotient` have a meaning: those of k.
///
/// Negated, because -0.0 - 0.0 is -0.0 again, whereas -0.0 + 0.0 is not.
pub(super) struct Reduced {
    pub(super) quotient: u64,
    pub(super) high: f64,
    pub(super) low_negated: f64,
}

/// For |x| up to `LARGEST_FAST`.
#[inline(always)]
pub(super) fn reduce_f64<const FUSED: bool>(x: f64) -> Reduced {
    let shifted = multiply_add!(x, FRAC_2_PI, TO_INTEGER);
    let k = shifted - TO_INTEGER;
    if FUSED {
        // `first` is exact: a multiple of 2^-53 below one, since k = 0 if |x| < 1/2. The product of
        // the second part is exact too, and `error` what `second` lacks, which is nothing if the
        // product is larger than `first`.
        let first = (-k).mul_add(FRAC_PI_2, x);
        let second = (-k).mul_add(6.123_233_995_384_61e-17, first);
        let error = (-k).mul_add(6.123_233_995_384_61e-17, first - second);
        let low_negated = k.mul_add(3.521_559_865_183_2e-27, -error);
        Reduced { quotient: shifted.to_bits(), high: second, low_negated }
    } else {
        // All products but the last are exact, and so is `rest`.
        let first = x - k * 1.570_796_326_734_125_6;
        let product = k * 6.077_100_506_303_966e-11;
        let second = first - product;
        let error = (first - second) - product;
        let rest = k * 2.022_266_248_711_166_5e-21 - error;
        let high = second - rest;
        let low_negated = (rest - (second - high)) + k * 8.478_427_660_368_9e-32;
        Reduced { quotient: shifted.to_bits(), high, low_negated }
    }
}

/// For |x| up to `LARGEST_MEDIUM`, with the bits of `reduce_f64` where that applies.
#[inline(always)]
pub(super) fn reduce_medium<const FUSED: bool>(x: f64) -> Reduced {
    let fast = reduce_f64::<FUSED>(x);
    let shifted = f64::from_bits(fast.quotient);
    let k = shifted - TO_INTEGER;
    // All products but the last are exact, and so is `rest`.
    let first = (x - k * 1.570_796_310_901_641_8) - k * 1.589_325_471_229_585_7e-8;
    let product = k * 6.123_233_932_053_594e-17;
    let second = first - product;
    let error = (first - second) - product;
    let rest = k * 6.368_317_055_225_283e-25 - error;
    let high = second - rest;
    let low_negated = (rest - (second - high)) + k * 1.082_856_673_921_914e-32;
    let is_fast = x.abs() <= LARGEST_FAST;
    Reduced {
        quotient: fast.quotient,
        high: if is_fast { fast.high } else { high },
        low_negated: if is_fast { fast.low_negated } else { low_negated },
    }
}

/// k (its last two bits) and r for an `f32`, |x| up to `LARGEST_MEDIUM`. No such number is nearer to a
/// multiple of pi/2 than about 2^-30, so that r has enough correct bits.
#[inline(always)]
pub(super) fn reduce_f32<const FUSED: bool>(x: f64) -> (u64, f64) {
    let shifted = multiply_add!(x, FRAC_2_PI, TO_INTEGER);
    let k = shifted - TO_INTEGER;
    let r = if FUSED {
        (-k).mul_add(6.123_233_995_736_766e-17, (-k).mul_add(FRAC_PI_2, x))
    } else {
        ((x - k * 1.570_796_310_901_641_8) - k * 1.589_325_471_229_585_7e-8) - k * 6.123_233_995_736_766e-17
    };
    (shifted.to_bits(), r)
}

/// 2/pi, whose point is after the first word.
const TWO_OVER_PI: [u64; 20] = [
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
];

/// The reduction of Payne and Hanek, for finite |x| >= 2^10. `high` is rounded from both parts.
#[cold]
#[inline(never)]
pub(super) fn reduce_huge(x: f64) -> Reduced {
    const FRACTION_BITS: u32 = f64::MANTISSA_DIGITS - 1;
    let fraction = x.to_bits() & ((1 << FRACTION_BITS) - 1);
    let significand = u128::from(fraction | 1 << FRACTION_BITS);
    // |x| = significand * 2^exponent. The bits of 2/pi down to that of 2^(2 - exponent) give
    // multiples of 4 and are left out; so are those after the next 192.
    let exponent = (x.to_bits() >> FRACTION_BITS & 0x7ff) as usize;
    let skipped = exponent + 64 - 2 - 1075;
    let word = |i: usize| {
        let (index, shift) = (skipped / 64 + i, skipped % 64);
        // In two steps, since the second shift may be by 64.
        TWO_OVER_PI[index] << shift | TWO_OVER_PI[index + 1] >> 1 >> (63 - shift)
    };
    // significand * window modulo 2^192, of which two bits are in front of the point.
    let low = significand.wrapping_mul(u128::from(word(2)));
    let middle = significand.wrapping_mul(u128::from(word(1))).wrapping_add(low >> 64);
    let high = (significand as u64).wrapping_mul(word(0)).wrapping_add((middle >> 64) as u64);
    let top = u128::from(high) << 64 | u128::from(middle as u64);
    let below = low as u64;
    let mut quotient = (top >> 126) as u64;
    // The fraction in units of 2^-190, and, if it is at least one half, less one.
    let mut magnitude = top << 2 | u128::from(below >> 62);
    let mut rest = below << 2;
    let mut negative = x.is_sign_negative();
    let round_up = magnitude >> 127 == 1;
    if round_up {
        quotient = quotient.wrapping_add(1);
        magnitude = !magnitude;
        rest = !rest;
    }
    if negative {
        quotient = quotient.wrapping_neg();
    }
    negative ^= round_up;
    // Normalised to 128 bits, and times pi/2 in units of 2^-127.
    let zeros = magnitude.leading_zeros();
    let normalised = if zeros == 0 {
        magnitude
    } else {
        magnitude << zeros | (u128::from(rest) << 64 >> 1 >> (127 - zeros))
    };
    let product = multiply_high(normalised, 0xc90f_daa2_2168_c234_c4c6_628b_80dc_1cd1);
    let scale = |value: f64| {
        let scaled = value * f64::from_bits(u64::from(1023 - 127 - zeros) << FRACTION_BITS);
        if negative { -scaled } else { scaled }
    };
    // The first has 53 bits and is exact.
    let high = (product >> 75 << 75) as f64;
    let low = (product & ((1 << 75) - 1)) as f64;
    let sum = high + low;
    Reduced { quotient, high: scale(sum), low_negated: scale((sum - high) - low) }
}

/// The high half of the product.
fn multiply_high(a: u128, b: u128) -> u128 {
    let low_half = |value: u128| value & u128::from(u64::MAX);
    let middle_a = (a >> 64) * low_half(b);
    let middle_b = low_half(a) * (b >> 64);
    let carry = ((low_half(a) * low_half(b)) >> 64) + low_half(middle_a) + low_half(middle_b);
    (a >> 64) * (b >> 64) + (middle_a >> 64) + (middle_b >> 64) + (carry >> 64)
}
