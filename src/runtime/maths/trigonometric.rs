//! Sine, cosine and tangent.
//!
//! [`super::angle_reduction`] takes k pi/2 off the argument; then sine or cosine of the rest r, |r| <= pi/4
//! and a little more, and from the last two bits of k which of them it is and its sign. r is a sum of two
//! numbers, but for `f32`, whose functions compute in `f64`. Which reduction an element takes depends on
//! itself alone, whatever else is in its block.
//!
//! The polynomials are minimax ones for the relative errors, from `tests/golden/trigonometric.py`. The
//! first terms, r and 1 - r^2 / 2, are added last and with the rounding error of the latter, as are the
//! derivatives times the second part of r. The tangent is the quotient of both such sums, corrected by
//! its remainder.
//!
//! Largest errors measured, in units in the last place:
//!
//! | | `f64`, fused | `f64` | `f32`, fused or not |
//! |---|---|---|---|
//! | sine | 0.85 | 0.91 | 0.564 |
//! | cosine | 0.87 | 0.92 | 0.564 |
//! | tangent | 0.93 | 0.98 | 0.565 |
//!
//! In `f32` over all magnitudes up to 4e8 and every eighth beyond, against the `f64` functions. In `f64`
//! over 140 million arguments against an 80-bit library: logarithmic over all magnitudes, uniform up to 1,
//! pi, 100 and 1.6e6, and around multiples of pi/4 up to 2^45, where the largest errors were.

use super::angle_reduction::{
    LARGEST_FAST, LARGEST_MEDIUM, Reduced, reduce_f32, reduce_f64, reduce_huge, reduce_medium,
};
use super::double_double::product_error;
use super::trigonometric_f32::{cos_block, sin_block};

unary! {
    Sin: sin_block, sin_block_f64;
    Cos: cos_block, cos_block_f64;
    Tan: tan_block_f32, tan_block_f64;
}

/// `high - low_negated`, where the second is the smaller.
#[derive(Clone, Copy)]
struct Difference {
    high: f64,
    low_negated: f64,
}

// r - sin r and 1 - r^2 / 2 - cos r by the power of r. Not in arrays, from which the compiler would gather.
const SINE_3: f64 = 0.166_666_666_666_666_3;
const SINE_5: f64 = -0.008_333_333_333_321_84;
const SINE_7: f64 = 0.000_198_412_698_293_585_28;
const SINE_9: f64 = -2.755_731_353_851_376_4e-6;
const SINE_11: f64 = 2.505_073_438_912_233_2e-8;
const SINE_13: f64 = -1.589_543_327_760_280_2e-10;
const COSINE_4: f64 = -0.041_666_666_666_666_595;
const COSINE_6: f64 = 0.001_388_888_888_887_333_3;
const COSINE_8: f64 = -2.480_158_728_899_285e-5;
const COSINE_10: f64 = 2.755_731_421_353_764e-7;
const COSINE_12: f64 = -2.087_570_482_937_581e-9;
const COSINE_14: f64 = 1.135_871_599_596_679_4e-11;

/// The sine of `quotient` pi/2 plus the reduced argument, whose own quotient is not used.
///
/// One polynomial with the coefficients of either function: choosing them costs less than both would,
/// as the multipliers are the busiest.
#[inline(always)]
fn sine_in_quadrant<const FUSED: bool>(reduced: &Reduced, quotient: u64) -> f64 {
    let odd = ((quotient << 63) as i64) < 0;
    let choose = |cosine: f64, sine: f64| if odd { cosine } else { sine };
    let r = reduced.high;
    let r2 = r * r;
    let half = 0.5 * r2;
    let cosine_high = 1.0 - half;
    // Near enough, the derivatives -sin r and cos r are -r and 1.
    let cosine_error = half - (1.0 - cosine_high);
    let cosine_low = multiply_add!(-r, reduced.low_negated, cosine_error);
    // By Horner's scheme, which has the fewest products; its long chain is no loss with a block at hand.
    let terms = multiply_add!(r2, choose(COSINE_14, SINE_13), choose(COSINE_12, SINE_11));
    let terms = multiply_add!(r2, terms, choose(COSINE_10, SINE_9));
    let terms = multiply_add!(r2, terms, choose(COSINE_8, SINE_7));
    let terms = multiply_add!(r2, terms, choose(COSINE_6, SINE_5));
    let terms = multiply_add!(r2, terms, choose(COSINE_4, SINE_3));
    let low = choose(cosine_low, reduced.low_negated);
    let low = multiply_add!(choose(r2, r) * r2, terms, low);
    let result = choose(cosine_high, r) - low;
    f64::from_bits(result.to_bits() ^ (quotient >> 1 << 63))
}

/// The sine and the cosine of the reduced argument, for the tangent.
#[inline(always)]
fn sine_and_cosine_f64<const FUSED: bool>(reduced: &Reduced) -> (Difference, Difference) {
    let r = reduced.high;
    let r2 = r * r;
    let r4 = r2 * r2;
    let half = 0.5 * r;
    let c_high = multiply_add!(-half, r, 1.0_f64);
    let c_error = product_error::<FUSED>(half, r, 1.0 - c_high);
    let s01 = multiply_add!(r2, SINE_5, SINE_3);
    let s23 = multiply_add!(r2, SINE_9, SINE_7);
    let s45 = multiply_add!(r2, SINE_13, SINE_11);
    let s = multiply_add!(r4, multiply_add!(r4, s45, s23), s01);
    let s_low = multiply_add!(r * r2, s, c_high * reduced.low_negated);
    let c01 = multiply_add!(r2, COSINE_6, COSINE_4);
    let c23 = multiply_add!(r2, COSINE_10, COSINE_8);
    let c45 = multiply_add!(r2, COSINE_14, COSINE_12);
    let c = multiply_add!(r4, multiply_add!(r4, c45, c23), c01);
    let c_low = multiply_add!(-(r - s_low), reduced.low_negated, c_error);
    let c_low = multiply_add!(r4, c, c_low);
    (Difference { high: r, low_negated: s_low }, Difference { high: c_high, low_negated: c_low })
}

#[inline(always)]
fn sin_reduced_f64<const FUSED: bool>(reduced: &Reduced) -> f64 {
    sine_in_quadrant::<FUSED>(reduced, reduced.quotient)
}

#[inline(always)]
fn cos_reduced_f64<const FUSED: bool>(reduced: &Reduced) -> f64 {
    sine_in_quadrant::<FUSED>(reduced, reduced.quotient.wrapping_add(1))
}

#[inline(always)]
fn tan_reduced_f64<const FUSED: bool>(reduced: &Reduced) -> f64 {
    // Now `high` is rounded from both parts.
    let normalised = |value: Difference| {
        let high = value.high - value.low_negated;
        Difference { high, low_negated: value.low_negated - (value.high - high) }
    };
    let (sine, cosine) = sine_and_cosine_f64::<FUSED>(reduced);
    let (sine, cosine) = (normalised(sine), normalised(cosine));
    let odd = ((reduced.quotient << 63) as i64) < 0;
    let numerator = if odd { cosine.high } else { sine.high };
    let numerator_low = if odd { cosine.low_negated } else { sine.low_negated };
    let denominator = if odd { sine.high } else { cosine.high };
    let denominator_low = if odd { sine.low_negated } else { cosine.low_negated };
    let inverse = 1.0 / denominator;
    let quotient = numerator * inverse;
    let remainder = product_error::<FUSED>(quotient, denominator, numerator);
    let correction = multiply_add!(-quotient, denominator_low, numerator_low + remainder);
    let result = quotient - correction * inverse;
    f64::from_bits(result.to_bits() ^ (reduced.quotient << 63))
}

#[inline(always)]
fn sine_f32<const FUSED: bool>(r: f64) -> f64 {
    let r2 = r * r;
    let s = multiply_add!(r2, -0.000_195_151_159_057_597, 0.008_332_159_553_578_243_f64);
    let s = multiply_add!(r2, s, -0.166_666_545_908_506_27);
    r * multiply_add!(r2, s, 1.0)
}

#[inline(always)]
fn cosine_f32<const FUSED: bool>(r: f64) -> f64 {
    let r2 = r * r;
    let c = multiply_add!(r2, 2.443_296_591_807_325_7e-5, -0.001_388_731_461_468_862_f64);
    let c = multiply_add!(r2, c, 0.041_666_645_650_013_49);
    multiply_add!(r2, multiply_add!(r2, c, -0.5), 1.0)
}

#[inline(always)]
fn sin_reduced_f32<const FUSED: bool>(quotient: u64, r: f64) -> f32 {
    let (sine, cosine) = (sine_f32::<FUSED>(r), cosine_f32::<FUSED>(r));
    let result = if ((quotient << 63) as i64) < 0 { cosine } else { sine };
    f64::from_bits(result.to_bits() ^ (quotient >> 1 << 63)) as f32
}

#[inline(always)]
fn cos_reduced_f32<const FUSED: bool>(quotient: u64, r: f64) -> f32 {
    sin_reduced_f32::<FUSED>(quotient.wrapping_add(1), r)
}

#[inline(always)]
fn tan_reduced_f32<const FUSED: bool>(quotient: u64, r: f64) -> f32 {
    let (sine, cosine) = (sine_f32::<FUSED>(r), cosine_f32::<FUSED>(r));
    let odd = ((quotient << 63) as i64) < 0;
    let numerator = if odd { cosine } else { sine };
    let denominator = if odd { sine } else { cosine };
    let result = numerator / denominator;
    f64::from_bits(result.to_bits() ^ (quotient << 63)) as f32
}

/// Whether an element is larger than the limit. NaN is not; every reduction makes NaN of it, and of
/// infinity. `|` rather than `any`, which would stop early and so not vectorise.
macro_rules! any_exceeds {
    ($block:ident, $limit:expr) => {
        $block.iter().fold(false, |any, x| any | (x.abs() > $limit))
    };
}

/// Generates the block functions of one function from those of the reduced argument.
macro_rules! trigonometric {
    ($($block_f64:ident = $of_reduced_f64:ident, $block_f32:ident = $of_reduced_f32:ident;)*) => {$(
        #[inline(always)]
        pub(super) fn $block_f64<const FUSED: bool, const LENGTH: usize>(block: &[f64; LENGTH], results: &mut [f64; LENGTH]) {
            if !any_exceeds!(block, LARGEST_FAST) {
                for (result, x) in results.iter_mut().zip(block) {
                    *result = $of_reduced_f64::<FUSED>(&reduce_f64::<FUSED>(*x));
                }
                return;
            }
            for (result, x) in results.iter_mut().zip(block) {
                *result = $of_reduced_f64::<FUSED>(&reduce_medium::<FUSED>(*x));
            }
            if any_exceeds!(block, LARGEST_MEDIUM) {
                for (result, x) in results.iter_mut().zip(block) {
                    if x.abs() > LARGEST_MEDIUM && x.is_finite() {
                        *result = $of_reduced_f64::<FUSED>(&reduce_huge(*x));
                    }
                }
            }
        }

        #[inline(always)]
        pub(super) fn $block_f32<const FUSED: bool, const LENGTH: usize>(
            block: &[f32; LENGTH],
            results: &mut [f32; LENGTH],
        ) {
            for (result, x) in results.iter_mut().zip(block) {
                let (quotient, r) = reduce_f32::<FUSED>(f64::from(*x));
                *result = $of_reduced_f32::<FUSED>(quotient, r);
            }
            if any_exceeds!(block, LARGEST_MEDIUM as f32) {
                for (result, x) in results.iter_mut().zip(block) {
                    if x.abs() > LARGEST_MEDIUM as f32 && x.is_finite() {
                        let reduced = reduce_huge(f64::from(*x));
                        *result = $of_reduced_f32::<FUSED>(reduced.quotient, reduced.high);
                    }
                }
            }
        }
    )*};
}

trigonometric! {
    sin_block_f64 = sin_reduced_f64, sin_block_f32 = sin_reduced_f32;
    cos_block_f64 = cos_reduced_f64, cos_block_f32 = cos_reduced_f32;
    tan_block_f64 = tan_reduced_f64, tan_block_f32 = tan_reduced_f32;
}
