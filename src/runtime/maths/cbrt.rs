//! The cube root.
//!
//! y = x^(-1/3) is guessed from the bits of x, where a third of the exponent is a third of the
//! integer, and improved by two iterations, which need no division: with h = 1 - x y^3, the exact
//! value is y (1 - h)^(-1/3). Then t = x y^2 is close to the cube root, and in `f64` one Newton step
//! with the exact remainder t^3 - x makes the result nearly correctly rounded, and exact for exact
//! cubes (Muller, Elementary Functions; the guess is that of FreeBSD's s_cbrt.c, inverted).
//! `f32` goes through `f64`.
//!
//! Largest error measured, with and without fused multiply-add alike: 0.50001 ULP in `f64` (15
//! million arguments of every exponent, judged in double-double), 0.5002 in `f32` (5 million).
// `!(a <= b)` holds for NaN as well, and `&` keeps conditions from stopping early, which would not vectorise.
#![allow(clippy::neg_cmp_op_on_partial_ord, clippy::manual_range_contains)]

use super::double_double::{multiply_add, product_error, two_product};

unary! {
    Cbrt: block_f32, block_f64;
}

/// The cube root in `f64`.
#[inline(always)]
pub(super) fn block_f64<const FUSED: bool, const LENGTH: usize>(
    block: &[f64; LENGTH],
    results: &mut [f64; LENGTH],
) {
    let fma = multiply_add::<FUSED>;
    for (result, x) in results.iter_mut().zip(block) {
        let size = x.abs();
        // Away from overflow and from subnormal numbers, by a cube of a power of two.
        let (scale, unscale) = if size < 1e-200 {
            ((1_u128 << 120) as f64, 1.0 / (1_u64 << 40) as f64)
        } else if size > 1e200 {
            (1.0 / (1_u128 << 120) as f64, (1_u64 << 40) as f64)
        } else {
            (1.0, 1.0)
        };
        let scaled = size * scale;
        let y = inverse_root::<FUSED>(scaled);
        let t = scaled * y * y;
        let (square, error) = two_product::<FUSED>(t, t);
        let remainder = fma(error, t, product_error::<FUSED>(square, t, scaled));
        let root = fma(remainder, y * y * (-1.0 / 3.0), t) * unscale;
        // Zero, infinity and NaN are their own roots.
        let special = (size == 0.0) | (size == f64::INFINITY) | x.is_nan();
        *result = if special { *x } else { root.copysign(*x) };
    }
}

/// The cube root in `f32`.
#[inline(always)]
pub(super) fn block_f32<const FUSED: bool, const LENGTH: usize>(
    block: &[f32; LENGTH],
    results: &mut [f32; LENGTH],
) {
    for (result, x) in results.iter_mut().zip(block) {
        let wide = f64::from(*x);
        let size = wide.abs();
        let y = inverse_root::<FUSED>(size);
        let root = (size * y * y).copysign(wide);
        let special = (size == 0.0) | (size == f64::INFINITY) | wide.is_nan();
        *result = if special { wide } else { root } as f32;
    }
}

/// x^(-1/3) for a normal positive x, within 2^-36 of its value.
#[inline(always)]
fn inverse_root<const FUSED: bool>(x: f64) -> f64 {
    let fma = multiply_add::<FUSED>;
    // A third of the upper half of the bits, as a number, because there is no vector division of
    // integers. The result is within 3.5%, and h between -0.104 and 0.101.
    const GUESS: f64 = 0x553e_ec64 as f64;
    const TO_INTEGER: f64 = 1.0 / f64::EPSILON;
    let upper = f64::from_bits(x.to_bits() >> 32 | TO_INTEGER.to_bits()) - TO_INTEGER;
    let y = f64::from_bits(fma(upper, -1.0 / 3.0, GUESS + TO_INTEGER).to_bits() << 32);
    let h = fma(-(x * y), y * y, 1.0);
    // A cubic near (1 - h)^(-1/3): then |h| <= 2^-17.
    let y = y * fma(h * h, fma(h, 0.173_676_53, 0.223_737_63), fma(h, 0.333_333_25, 0.999_998_02));
    let h = fma(-(x * y), y * y, 1.0);
    fma(y * h, 1.0 / 3.0, y)
}
