//! Logarithms of sums of exponentials, log(e^x + e^y) and log2(2^x + 2^y).
//!
//! The result is the larger operand plus L = log(1 + u), where u = e^-|x - y|. If u exceeds
//! sqrt(2) - 1, log(1 + u) = log 2 + log((1 + u) / 2), so that in either case what remains is
//! 2 artanh(s) with |s| <= 3 - 2 sqrt(2).
//!
//! The larger operand and L may cancel. In `f64` the difference, u, s and L are therefore sums of
//! two numbers, and L is within 2^-55 of its value. `f32` goes through `f64`. Where the result is so near
//! zero that this is not enough, [`super::logaddexp_near_zero`] computes the element again, and next to zero
//! [`super::logaddexp_at_zero`]: which way an element goes depends on itself alone.
//!
//! Of the elements that are computed again, those of a block are brought together first: they may be few.
//!
//! Largest errors: `docs/accuracy.txt`.
// `!(a <= b)` holds for NaN as well, and `&` keeps conditions from stopping early, which would not vectorise.
#![allow(clippy::neg_cmp_op_on_partial_ord, clippy::manual_range_contains)]

use super::double_double::{fast_two_sum, multiply_add, product_error, two_product, two_sum};
use super::logaddexp_at_zero::log_add_at_zero;
use super::logaddexp_near_zero::log_add_near_zero;
use super::power::{LN_2_LOW, exp_polynomial};
use std::f64::consts::{LN_2, LOG2_E};

binary! {
    Logaddexp: block_f32, block_f64;
    Logaddexp2: block_2_f32, block_2_f64;
}

/// Generates the block functions. Where the larger operand is negative and more than so many times the result in
/// size, too much of both cancels, and the element is computed again, by the next function that is given.
macro_rules! log_adds {
    ($(
        $(#[$attribute:meta])*
        $block:ident($float:ident) = $log_add:ident, $base_2:literal $(, $cancelled:literal => $again:ident)+;
    )*) => {$(
        $(#[$attribute])*
        #[inline(always)]
        pub(super) fn $block<const FUSED: bool, const LENGTH: usize>(
            x: &[$float; LENGTH],
            y: &[$float; LENGTH],
            results: &mut [$float; LENGTH],
        ) {
            // The larger operand is below the limit if both are. For NaN, neither is.
            let cancels = |times: $float, result: $float, x: $float, y: $float| {
                let limit = -times * result.abs();
                (x < limit) & (y < limit)
            };
            for ((result, &x), &y) in results.iter_mut().zip(x).zip(y) {
                *result = $log_add::<FUSED, $base_2>(x.into(), y.into()) as $float;
            }
            $(
                let pairs = x.iter().zip(y);
                let any = results
                    .iter()
                    .zip(pairs)
                    .fold(false, |any, (result, (x, y))| any | cancels($cancelled, *result, *x, *y));
                if !any {
                    return;
                }
                let (mut chosen, mut count) = ([0; LENGTH], 0);
                for (i, result) in results.iter().enumerate() {
                    chosen[count] = i;
                    count += usize::from(cancels($cancelled, *result, x[i], y[i]));
                }
                for chosen in chosen[..count].chunks(PIECE) {
                    let (mut again, mut other) = ([-1.0; PIECE], [-1.0; PIECE]);
                    for ((again, other), &i) in again.iter_mut().zip(&mut other).zip(chosen) {
                        (*again, *other) = (x[i].into(), y[i].into());
                    }
                    for (again, other) in again.iter_mut().zip(other) {
                        *again = $again::<FUSED, $base_2>(*again, other);
                    }
                    for (again, &i) in again.iter().zip(chosen) {
                        results[i] = *again as $float;
                    }
                }
            )+
        }
    )*};
}

/// How many elements are computed again together.
const PIECE: usize = 16;

log_adds! {
    /// log(e^x + e^y) in `f64`.
    block_f64(f64) = log_add, false, 8.0 => log_add_near_zero, 281_474_976_710_656.0 => log_add_at_zero;
    /// log2(2^x + 2^y) in `f64`.
    block_2_f64(f64) = log_add, true, 8.0 => log_add_near_zero, 281_474_976_710_656.0 => log_add_at_zero;
    /// log(e^x + e^y) in `f32`.
    block_f32(f32) = short_log_add, false, 131_072.0 => log_add_near_zero;
    /// log2(2^x + 2^y) in `f32`.
    block_2_f32(f32) = short_log_add, true, 131_072.0 => log_add_near_zero;
}

const FRACTION_BITS: u32 = f64::MANTISSA_DIGITS - 1;
/// Adding this leaves an integer in the low bits of the fraction.
const TO_INTEGER: f64 = 1.5 / f64::EPSILON;
/// Beyond this u, half of 1 + u is nearer 1 than 1 + u itself.
const SQRT_2_MINUS_1: f64 = std::f64::consts::SQRT_2 - 1.0;

/// A power of two, its inverse and its exponent: where the smaller exponential is so small that it matters only
/// beside a tiny larger operand, the logarithm of 1 and it is itself. Both are computed times the power then, and
/// rounded once where the result is subnormal.
#[inline(always)]
pub(super) fn factor(smaller: f64) -> (f64, f64, f64) {
    const EXPONENT: i32 = 200;
    const POWER: f64 = (1_u128 << (EXPONENT / 2)) as f64 * (1_u128 << (EXPONENT / 2)) as f64;
    if smaller < -700.0 { (POWER, 1.0 / POWER, EXPONENT as f64) } else { (1.0, 1.0, 0.0) }
}

#[inline(always)]
fn log_add<const FUSED: bool, const BASE_2: bool>(x: f64, y: f64) -> f64 {
    let fma = multiply_add::<FUSED>;
    let (large, small) = if x > y { (x, y) } else { (y, x) };
    // The difference of equal infinities is zero here; that of others is as good as a large number.
    let (difference, difference_low) = two_sum(small, -large);
    let equal = large == small;
    let difference = if equal { 0.0 } else { difference };
    let lowest = if BASE_2 { -1140.0 } else { -790.0 };
    let difference_low = if equal | (difference < lowest) { 0.0 } else { difference_low };
    let difference = difference.clamp(lowest, 0.0);

    // u = 2^n e^t
    let shifted = if BASE_2 { difference + TO_INTEGER } else { fma(difference, LOG2_E, TO_INTEGER) };
    let n = shifted - TO_INTEGER;
    let (t, t_low) = if BASE_2 {
        let r = difference - n;
        let (t, error) = two_product::<FUSED>(r, LN_2);
        (t, fma(r, LN_2_LOW, fma(difference_low, LN_2, error)))
    } else {
        // ln 2 in two parts, as in the exponential function: n times the first is exact.
        let high = fma(-n, 6.931_471_803_691_238e-1, difference);
        let low = n * 1.908_214_929_270_587_7e-10;
        let t = high - low;
        (t, (high - t) - low + difference_low)
    };
    let (sum, error) = fast_two_sum(1.0, t);
    let tail = fma(t * t, exp_polynomial::<FUSED>(t), error);
    // e^t_low = 1 + t_low
    let tail = fma(t_low, sum + tail, tail);
    let (u, u_low) = fast_two_sum(sum, tail);
    let (factor, inverse_factor, factor_exponent) = factor(if large.abs() < 1.0 { difference } else { 0.0 });
    let n = n + factor_exponent;
    let half_n = fma(n, 0.5, TO_INTEGER).to_bits();
    let power_of_two = |n: u64| f64::from_bits(n.wrapping_add(1023) << FRACTION_BITS);
    let rest = (n + TO_INTEGER).to_bits().wrapping_sub(half_n);
    let (scale, more_scale) = (power_of_two(half_n), power_of_two(rest));
    let (u, u_low) = (u * scale * more_scale, u_low * scale * more_scale);

    // s = u / (2 + u) or (u - 1) / (3 + u)
    let halved = if u > SQRT_2_MINUS_1 { 1.0 } else { 0.0 };
    let (numerator, error) = fast_two_sum(-halved, u);
    let numerator_low = error + u_low;
    let (denominator, error) = fast_two_sum(2.0 + halved, u);
    let denominator_low = error + u_low;
    let inverse = 1.0 / denominator;
    let s = numerator * inverse;
    let remainder =
        fma(-s, denominator_low, numerator_low - product_error::<FUSED>(s, denominator, numerator));
    let s_low = remainder * inverse;
    let z = s * s;
    let z2 = z * z;
    let c01 = fma(z, 0.399_999_999_998_990_55, 0.666_666_666_666_667);
    let c23 = fma(z, 0.222_222_111_067_437_67, 0.285_714_286_261_618_3);
    let c45 = fma(z, 0.153_316_620_195_969_9, 0.181_828_910_308_743_1);
    let polynomial = fma(z2 * z2, fma(z2, 0.146_171_473_596_444_9, c45), fma(z2, c23, c01));
    let tail = fma(s * z, polynomial, 2.0 * s_low);
    let (log, low) = if BASE_2 {
        let (term, error) = two_product::<FUSED>(2.0 * LOG2_E, s);
        let (log, rest) = fast_two_sum(halved, term);
        (log, rest + fma(tail, LOG2_E, fma(s, 4.071_054_748_186_206_6e-17, error)))
    } else {
        let (log, rest) = fast_two_sum(LN_2 * halved, 2.0 * s);
        (log, rest + (tail + LN_2_LOW * halved))
    };
    let (sum, error) = two_sum(large * factor, log);
    let result = (sum + (error + low)) * inverse_factor;
    let result = if large.abs() == f64::INFINITY { large } else { result };
    if x.is_nan() | y.is_nan() { f64::NAN } else { result }
}

/// The result for x and y from `f32`, within 2^-42 beside its rounding error.
#[inline(always)]
fn short_log_add<const FUSED: bool, const BASE_2: bool>(x: f64, y: f64) -> f64 {
    let fma = multiply_add::<FUSED>;
    let (large, small) = if x > y { (x, y) } else { (y, x) };
    let difference = if large == small { 0.0 } else { small - large };
    let difference = difference.clamp(if BASE_2 { -160.0 } else { -110.0 }, 0.0);
    let shifted = if BASE_2 { difference + TO_INTEGER } else { fma(difference, LOG2_E, TO_INTEGER) };
    let n = shifted - TO_INTEGER;
    let t = if BASE_2 {
        (difference - n) * LN_2
    } else {
        fma(-n, 1.908_214_929_270_587_7e-10, fma(-n, 6.931_471_803_691_238e-1, difference))
    };
    let t2 = t * t;
    let t4 = t2 * t2;
    let c01 = fma(t, 0.999_999_999_999_892_5, 1.000_000_000_000_012_9);
    let c23 = fma(t, 0.166_666_666_678_291_22, 0.499_999_999_994_571_5);
    let c45 = fma(t, 0.008_333_333_002_341_547, 0.041_666_667_032_891_13);
    let c67 = fma(t, 0.000_198_415_967_423_503_63, 0.001_388_880_276_093_250_8);
    let c89 = fma(t, 2.748_212_947_742_244_8e-6, 2.488_404_276_140_502_7e-5);
    let e_t = fma(t4, fma(t4, c89, fma(t2, c67, c45)), fma(t2, c23, c01));
    let u = f64::from_bits(e_t.to_bits().wrapping_add(shifted.to_bits() << FRACTION_BITS));

    let halved = if u > SQRT_2_MINUS_1 { 1.0 } else { 0.0 };
    let numerator = u - halved;
    let denominator = u + (2.0 + halved);
    let s = numerator / denominator;
    let z = s * s;
    let z2 = z * z;
    let c01 = fma(z, 0.400_000_000_112_511_6, 0.666_666_666_666_620_6);
    let c23 = fma(z, 0.222_228_635_365_325_67, 0.285_714_241_256_490_6);
    let c45 = fma(z, 0.166_225_330_597_11, 0.181_401_430_658_416_2);
    let polynomial = fma(z2 * z2, c45, fma(z2, c23, c01));
    let log = fma(s * z, polynomial, 2.0 * s);
    let log = if BASE_2 { fma(log, LOG2_E, halved) } else { fma(halved, LN_2, log) };
    if x.is_nan() | y.is_nan() { f64::NAN } else { large + log }
}
