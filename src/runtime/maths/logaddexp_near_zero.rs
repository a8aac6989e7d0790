//! log(e^x + e^y) and log2(2^x + 2^y) near zero, where the larger operand and the rest cancel.
//!
//! There d = e^x + e^y - 1 is small, and the result is log(1 + d). Both exponentials are 2^n (1 + E) with
//! E = e^t - 1 as a sum of two numbers, from the Taylor series of e^t on |t| <= 0.347: its terms up to
//! t^12 in sums of two numbers, the others, which are below 2^-50, in one. n and all its products are
//! exact or have their errors, so that d is within about 2^-104 of the larger operand.

use super::double_double::{fast_two_sum, multiply_add, two_product, two_sum};
use super::logaddexp::factor;
use super::polynomial::polynomial;
use super::power::LN_2_LOW;
use std::f64::consts::{LN_2, LOG2_E};

const FRACTION_BITS: u32 = f64::MANTISSA_DIGITS - 1;
/// Adding this leaves an integer in the low bits of the fraction.
const TO_INTEGER: f64 = 1.5 / f64::EPSILON;

/// The logarithm of the sum, for negative operands and results up to 1/8 of the larger in size.
#[inline(always)]
pub(super) fn log_add_near_zero<const FUSED: bool, const BASE_2: bool>(x: f64, y: f64) -> f64 {
    let fma = multiply_add::<FUSED>;
    let (large, small) = if x > y { (x, y) } else { (y, x) };
    let (factor, inverse, factor_exponent) = factor(small);
    let large = exponential::<FUSED, BASE_2>(large * factor, 0.0);
    let small = exponential::<FUSED, BASE_2>(small, factor_exponent);
    // The scale of the larger is 1 or 1/2, so that the first sum is exact.
    let (whole, whole_error) = two_sum(large.scale - 1.0, small.scale);
    let (part, part_error) = two_sum(large.high, small.high);
    let (d, error) = two_sum(whole, part);
    let d_low = error + (whole_error + (part_error + (large.low + small.low)));
    let (d, d_low) = fast_two_sum(d, d_low);
    // (d - log(1 + d)) / d^2
    let terms = [
        1.0 / 2.0,
        -1.0 / 3.0,
        1.0 / 4.0,
        -1.0 / 5.0,
        1.0 / 6.0,
        -1.0 / 7.0,
        1.0 / 8.0,
        -1.0 / 9.0,
        1.0 / 10.0,
        -1.0 / 11.0,
        1.0 / 12.0,
        -1.0 / 13.0,
        1.0 / 14.0,
        -1.0 / 15.0,
        1.0 / 16.0,
        -1.0 / 17.0,
        1.0 / 18.0,
        -1.0 / 19.0,
    ];
    let low = fma(-(d * d), polynomial::<FUSED, 18>(d, terms), d_low);
    if BASE_2 {
        let (high, error) = two_product::<FUSED>(d, LOG2_E);
        (high + fma(low, LOG2_E, fma(d, 2.035_527_374_093_103_3e-17, error))) * inverse
    } else {
        (d + low) * inverse
    }
}

/// `scale + high + low`, where the scale is a power of two and the others are its product with e^t - 1.
struct Exponential {
    scale: f64,
    high: f64,
    low: f64,
}

/// e^x or 2^x for x up to zero, times a power of two.
#[inline(always)]
fn exponential<const FUSED: bool, const BASE_2: bool>(x: f64, factor_exponent: f64) -> Exponential {
    let fma = multiply_add::<FUSED>;
    let x = x.clamp(if BASE_2 { -1140.0 } else { -790.0 }, 0.0);
    let shifted = if BASE_2 { x + TO_INTEGER } else { fma(x, LOG2_E, TO_INTEGER) };
    let n = shifted - TO_INTEGER;
    let (t, t_low) = if BASE_2 {
        let r = x - n;
        let (t, error) = two_product::<FUSED>(r, LN_2);
        (t, fma(r, LN_2_LOW, error))
    } else {
        // ln 2 in three parts, n times the first of which is exact.
        let (product, product_error) = two_product::<FUSED>(n, 1.908_214_929_270_587_7e-10);
        let (t, error) = two_sum(fma(-n, 6.931_471_803_691_238e-1, x), -product);
        (t, error - fma(n, 1.161_222_722_936_253_2e-26, product_error))
    };
    let times_t = |(high, low): (f64, f64)| {
        let (product, error) = two_product::<FUSED>(high, t);
        (product, fma(high, t_low, fma(low, t, error)))
    };
    let step = |sum: (f64, f64), (high, low): (f64, f64)| {
        let (product, product_error) = times_t(sum);
        let (sum, error) = fast_two_sum(high, product);
        (sum, error + (product_error + low))
    };
    // The inverses of the factorials from 13 to 23, then those from 12 to 1 in two parts.
    let small_terms = [
        1.605_904_383_682_161_3e-10,
        1.147_074_559_772_972_5e-11,
        7.647_163_731_819_816e-13,
        4.779_477_332_387_385e-14,
        2.811_457_254_345_520_6e-15,
        1.561_920_696_858_622_5e-16,
        8.220_635_246_624_33e-18,
        4.110_317_623_312_165e-19,
        1.957_294_106_339_126_3e-20,
        8.896_791_392_450_574e-22,
        3.868_170_170_630_684e-23,
    ];
    let sum = (polynomial::<FUSED, 11>(t, small_terms), 0.0);
    let sum = step(sum, (2.087_675_698_786_81e-9, -1.207_345_059_113_26e-25));
    let sum = step(sum, (2.505_210_838_544_172e-8, -1.448_814_070_935_912e-24));
    let sum = step(sum, (2.755_731_922_398_589e-7, 2.376_771_462_225_029_7e-23));
    let sum = step(sum, (2.755_731_922_398_589_3e-6, -1.858_393_274_046_472e-22));
    let sum = step(sum, (2.480_158_730_158_73e-5, 2.151_194_786_677_588_2e-23));
    let sum = step(sum, (0.000_198_412_698_412_698_4, 1.720_955_829_342_070_5e-22));
    let sum = step(sum, (0.001_388_888_888_888_889, -5.300_543_954_373_577e-20));
    let sum = step(sum, (0.008_333_333_333_333_333, 1.156_482_317_317_871_4e-19));
    let sum = step(sum, (0.041_666_666_666_666_664, 2.312_964_634_635_742_7e-18));
    let sum = step(sum, (0.166_666_666_666_666_66, 9.251_858_538_542_97e-18));
    let sum = step(sum, (0.5, 0.0));
    let sum = step(sum, (1.0, 0.0));
    let (high, low) = times_t(sum);

    // 2^n in two steps, as it may be subnormal.
    let n = n + factor_exponent;
    let half_n = fma(n, 0.5, TO_INTEGER).to_bits();
    let power_of_two = |n: u64| f64::from_bits(n.wrapping_add(1023) << FRACTION_BITS);
    let rest = (n + TO_INTEGER).to_bits().wrapping_sub(half_n);
    let (scale, more) = (power_of_two(half_n), power_of_two(rest));
    Exponential { scale: scale * more, high: high * scale * more, low: low * scale * more }
}
