//! The power function, with the special cases of C99's `pow`.
//!
//! x = 2^k m with m between the square roots of 1/2 and 2, and log2(m) = (2 / ln 2) artanh(s) with
//! s = (m - 1) / (m + 1), a series in s^2. No table, so no gathers. y log2(x) = n + r with |r| <= 1/2,
//! and x^y = 2^n e^(r ln 2), as in the exponential function.
//!
//! In `f64` the product is as large as 1074, so the logarithm needs 10 bits more than `f64` has for
//! its rounding errors alone. It is a sum of two numbers: s is divided with its remainder, the first
//! three coefficients have low parts, and only the other terms, at most 2^-12 of the whole, are
//! rounded at once (Muller et al., Handbook of Floating-Point Arithmetic; Shibata and Petrogalli,
//! SLEEF, for the shape). An exact y log2(x), as for powers of two, makes an exact result. `f32` goes
//! through `f64`. The polynomials are minimax for the relative error, found by the Remez exchange.
//!
//! Largest error measured, with and without fused multiply-add alike: 1.02 ULP in `f64` (8 million
//! pairs, where a double-double function gives the exact result; bases within 2% of the square roots
//! of 1/2 and 2 and results near the largest number; 0.81 over bases and results of every exponent),
//! 0.501 in `f32` (5 million pairs).
// `!(a <= b)` holds for NaN as well, and `&` keeps conditions from stopping early, which would not vectorise.
#![allow(clippy::neg_cmp_op_on_partial_ord, clippy::manual_range_contains)]

use super::double_double::{fast_two_sum, multiply_add, product_error, two_product};

binary! {
    Power: block_f32, block_f64;
}

const FRACTION_BITS: u32 = f64::MANTISSA_DIGITS - 1;
/// Adding this leaves an integer in the low bits of the fraction. The conversion instruction, in
/// contrast, does not exist for f64 vectors on AVX2.
const TO_INTEGER: f64 = 1.5 / f64::EPSILON;

/// x^y in `f64`.
#[inline(always)]
pub(super) fn block_f64<const FUSED: bool, const LENGTH: usize>(x: &mut [f64; LENGTH], y: &[f64; LENGTH]) {
    // Both branches give the same bits where the first applies; it is merely shorter.
    // `&` rather than `&&` or `all`, which would stop early and so not vectorise.
    let ordinary = x.iter().zip(y).fold(true, |ordinary, (&x, y)| {
        ordinary & (x.clamp(f64::MIN_POSITIVE, f64::MAX) == x) & (y.abs() <= LARGEST_EXPONENT)
    });
    if ordinary {
        for (x, &y) in x.iter_mut().zip(y) {
            *x = normal_power::<FUSED>(*x, y, 0);
        }
    } else {
        for (x, &y) in x.iter_mut().zip(y) {
            *x = any_power::<FUSED>(*x, y);
        }
    }
}

/// Beyond it every base but 1 overflows or underflows: the logarithm is at least 2^-53.
const LARGEST_EXPONENT: f64 = (1_u128 << 66) as f64;

#[inline(always)]
fn any_power<const FUSED: bool>(x: f64, y: f64) -> f64 {
    const TO_NORMAL: u32 = 54;
    let x_size = x.abs();
    let y_size = y.abs();
    // From 2^52 on every number is an integer, and its last bit is that of the fraction.
    let fraction_limit = 1.0 / f64::EPSILON;
    let to_integer = if y_size < fraction_limit { fraction_limit } else { 0.0 };
    let shifted = y_size + to_integer;
    let y_is_integer = shifted - to_integer == y_size;
    let y_is_odd = y_is_integer & (y_size < 2.0 * fraction_limit) & (shifted.to_bits() & 1 == 1);

    let subnormal = x_size < f64::MIN_POSITIVE;
    let scale = if subnormal { (1_u64 << TO_NORMAL) as f64 } else { 1.0 };
    let scaled_by = if subnormal { TO_NORMAL.into() } else { 0 };
    let power =
        normal_power::<FUSED>(x_size * scale, y.clamp(-LARGEST_EXPONENT, LARGEST_EXPONENT), scaled_by);

    select_special(x, y, power, y_is_integer, y_is_odd)
}

/// x^y as C99 has it, where `power` is |x|^y for a positive finite x.
#[inline(always)]
fn select_special(x: f64, y: f64, power: f64, y_is_integer: bool, y_is_odd: bool) -> f64 {
    let zero_base = x == 0.0;
    let extreme_base = zero_base | (x.abs() == f64::INFINITY);
    let extreme = if zero_base == (y < 0.0) { f64::INFINITY } else { 0.0 };
    let power = if extreme_base { extreme } else { power };
    let power = if y_is_odd & x.is_sign_negative() { -power } else { power };
    let undefined = (x < 0.0) & !extreme_base & !y_is_integer;
    let power = if undefined | x.is_nan() | y.is_nan() { f64::NAN } else { power };
    if (y == 0.0) | (x == 1.0) { 1.0 } else { power }
}

/// (x / 2^`scaled_by`)^y for a normal positive x.
#[inline(always)]
fn normal_power<const FUSED: bool>(x: f64, y: f64, scaled_by: u64) -> f64 {
    const BIAS: u64 = f64::MAX_EXP as u64 - 1;
    let (log_high, log_low) = log2::<FUSED>(x, scaled_by);
    let (product, error) = two_product::<FUSED>(y, log_high);
    let product_low = multiply_add::<FUSED>(y, log_low, error);
    // Beyond the limits the result stays the same, and the low part would be too large.
    let product_low = if product.abs() <= 1100.0 { product_low } else { 0.0 };
    let product = product.clamp(-1100.0, 1100.0);

    let shifted = product + TO_INTEGER;
    let n = shifted - TO_INTEGER;
    let half_n = multiply_add::<FUSED>(n, 0.5, TO_INTEGER).to_bits();
    let n = shifted.to_bits();
    let (r, r_low) = fast_two_sum(product - (shifted - TO_INTEGER), product_low);
    // e^t = 2^r
    let (t, error) = two_product::<FUSED>(r, std::f64::consts::LN_2);
    let t_low =
        multiply_add::<FUSED>(r, LN_2_LOW, multiply_add::<FUSED>(r_low, std::f64::consts::LN_2, error));
    let (sum, error) = fast_two_sum(1.0, t);
    let power = sum + multiply_add::<FUSED>(t * t, exp_polynomial::<FUSED>(t), error + t_low);
    let power_of_two = |n: u64| f64::from_bits(n.wrapping_add(BIAS) << FRACTION_BITS);
    power * power_of_two(half_n) * power_of_two(n.wrapping_sub(half_n))
}

pub(super) const LN_2_LOW: f64 = 2.319_046_813_846_299_6e-17;

/// (e^t - 1 - t) / t^2 for |t| <= 0.34664, as in the exponential function.
#[inline(always)]
pub(super) fn exp_polynomial<const FUSED: bool>(t: f64) -> f64 {
    let fma = multiply_add::<FUSED>;
    let t2 = t * t;
    let t4 = t2 * t2;
    let c01 = fma(t, 0.166_666_666_666_666_82, 0.5);
    let c23 = fma(t, 0.008_333_333_333_317_022, 0.041_666_666_666_666_095);
    let c45 = fma(t, 0.000_198_412_698_964_160_42, 0.001_388_888_888_911_576_7);
    let c67 = fma(t, 2.755_723_482_890_554_3e-6, 2.480_158_692_648_647e-5);
    let c89 = fma(t, 2.511_204_860_447_038e-8, 2.755_758_188_866_749e-7);
    let c0123 = fma(t2, c23, c01);
    let c4567 = fma(t2, c67, c45);
    let c89_10 = fma(t2, 2.082_663_650_691_417_4e-9, c89);
    fma(t4, fma(t4, c89_10, c4567), c0123)
}

/// The base-2 logarithm of x / 2^`scaled_by`, as a sum of a high and a low part.
#[inline(always)]
fn log2<const FUSED: bool>(x: f64, scaled_by: u64) -> (f64, f64) {
    let fma = multiply_add::<FUSED>;
    let (m, k) = split(x, scaled_by);
    // s = (m - 1) / (m + 1), and log2(m) = s (C0 + z (C1 + z P(z))) with z = s^2.
    let f = m - 1.0;
    let (d, d_low) = fast_two_sum(1.0, m);
    let inverse = 1.0 / d;
    let s = f * inverse;
    let remainder = fma(-s, d_low, -product_error::<FUSED>(s, d, f));
    let s_low = remainder * inverse;
    let (z, error) = two_product::<FUSED>(s, s);
    let z_low = fma(2.0 * s, s_low, error);

    let z2 = z * z;
    let z4 = z2 * z2;
    let c34 = fma(z, 0.320_598_897_967_135_3, 0.412_198_583_111_143_9);
    let c56 = fma(z, 0.221_952_788_178_611, 0.262_308_191_472_223);
    let c78 = fma(z, 0.168_884_762_978_148_13, 0.192_380_586_847_332_25);
    let c789 = fma(z2, 0.169_134_977_028_929_18, c78);
    let polynomial = fma(z4, c789, fma(z2, c56, c34));

    let (c2, c2_low) = fast_two_sum(0.577_078_016_355_585_3, z * polynomial);
    let c2_low = c2_low + 4.990_307_181_709_786e-17;
    let (term, error) = two_product::<FUSED>(c2, z);
    let term_low = fma(c2_low, z, error);
    let (c1, c1_low) = fast_two_sum(0.961_796_693_925_975_6, term);
    let c1_low = c1_low + (term_low + 5.057_761_664_812_591e-17);
    let (term, error) = two_product::<FUSED>(c1, z);
    let term_low = fma(c1, z_low, fma(c1_low, z, error));
    let (c0, c0_low) = fast_two_sum(2.885_390_081_777_926_8, term);
    let c0_low = c0_low + (term_low + 4.071_054_748_186_206_6e-17);
    let (log, error) = two_product::<FUSED>(c0, s);
    let log_low = fma(c0, s_low, fma(c0_low, s, error));
    let (high, error) = fast_two_sum(k, log);
    (high, error + log_low)
}

/// m and k with x = 2^(k + `scaled_by`) m and m between the square roots of 1/2 and 2.
#[inline(always)]
fn split(x: f64, scaled_by: u64) -> (f64, f64) {
    // Keeps the exponent positive, so that a logical shift suffices and the conversion is an `or`.
    const OFFSET: u64 = f64::MAX_EXP as u64;
    let bits = x.to_bits();
    let offset_k =
        bits.wrapping_sub(std::f64::consts::FRAC_1_SQRT_2.to_bits()).wrapping_add(OFFSET << FRACTION_BITS)
            >> FRACTION_BITS;
    let m = f64::from_bits(bits.wrapping_sub(offset_k.wrapping_sub(OFFSET) << FRACTION_BITS));
    let k = f64::from_bits(offset_k.wrapping_sub(scaled_by).wrapping_add(TO_INTEGER.to_bits()))
        - (TO_INTEGER + OFFSET as f64);
    (m, k)
}

/// x^y in `f32`.
#[inline(always)]
pub(super) fn block_f32<const FUSED: bool, const LENGTH: usize>(x: &mut [f32; LENGTH], y: &[f32; LENGTH]) {
    let ordinary = x.iter().zip(y).fold(true, |ordinary, (&x, y)| {
        ordinary & (x > 0.0) & (x <= f32::MAX) & (y.abs() <= LARGEST_EXPONENT_F32 as f32)
    });
    if ordinary {
        for (x, &y) in x.iter_mut().zip(y) {
            *x = short_power::<FUSED>((*x).into(), y.into()) as f32;
        }
    } else {
        for (x, &y) in x.iter_mut().zip(y) {
            *x = any_short_power::<FUSED>((*x).into(), y.into()) as f32;
        }
    }
}

/// As [`LARGEST_EXPONENT`], for logarithms of at least 2^-24.
const LARGEST_EXPONENT_F32: f64 = (1_u64 << 40) as f64;

/// x^y for x and y from `f32`.
#[inline(always)]
fn any_short_power<const FUSED: bool>(x: f64, y: f64) -> f64 {
    const SHIFT: f64 = 1.0 / f64::EPSILON;
    let x_size = x.abs();
    // Numbers that large are even, as is the limit.
    let limited_y = y.clamp(-LARGEST_EXPONENT_F32, LARGEST_EXPONENT_F32);
    let shifted = limited_y.abs() + SHIFT;
    let y_is_integer = shifted - SHIFT == limited_y.abs();
    let y_is_odd = y_is_integer & (shifted.to_bits() & 1 == 1);
    let power = short_power::<FUSED>(x_size, limited_y);
    select_special(x, y, power, y_is_integer, y_is_odd)
}

/// x^y for a positive finite x from `f32`, far more exact than `f32`, but limited to 2^1000.
#[inline(always)]
fn short_power<const FUSED: bool>(x: f64, y: f64) -> f64 {
    let fma = multiply_add::<FUSED>;
    let (m, k) = split(x, 0);
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let z2 = z * z;
    let c01 = fma(z, 0.961_796_694_113_495_8, 2.885_390_081_777_85);
    let c23 = fma(z, 0.412_209_257_603_980_86, 0.577_077_942_316_643_3);
    let c45 = fma(z, 0.282_903_607_398_332_1, 0.319_905_468_733_111_6);
    let log = fma(s, fma(z2, fma(z2, c45, c23), c01), k);
    let product = (y * log).clamp(-1000.0, 1000.0);

    let shifted = product + TO_INTEGER;
    let r = product - (shifted - TO_INTEGER);
    let r2 = r * r;
    let c01 = fma(r, 0.693_147_180_728_734_5, 0.999_999_999_961_623_7);
    let c23 = fma(r, 0.055_504_103_527_487_73, 0.240_226_511_987_321_4);
    let c45 = fma(r, 0.001_333_392_294_156_690_8, 0.009_618_027_175_518_25);
    let c67 = fma(r, 1.520_187_901_776_979_6e-5, 0.000_154_693_165_709_163_9);
    let power = fma(r2 * r2, fma(r2, c67, c45), fma(r2, c23, c01));
    f64::from_bits(power.to_bits().wrapping_add(shifted.to_bits() << FRACTION_BITS))
}
