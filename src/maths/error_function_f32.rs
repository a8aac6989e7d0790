//! The error function of `f32` in `f32`.
//!
//! Up to 0.95 it is x + x P(x^2), and beyond 1 - 2^G(x), where the polynomial G stands for the binary logarithm of
//! erfc x: the integer nearest to it becomes an exponent, and what is left is exact. Both polynomials have seven terms,
//! so that one evaluation serves, with the coefficients chosen for each element: the choice does not
//! occupy the multipliers, which are the bottleneck.
//! All are minimax polynomials for the error of the result, from tests/golden/single_coefficients.py.
//!
//! Largest error measured, over every `f32` from 1e-5 on and every 97th below:
//! 1.346 ULP with and 1.470 without fused multiply-add, both at 0.95.

use super::polynomial::{at_most_f32, horner};

#[inline(always)]
pub(super) fn error_function<const FUSED: bool, const LENGTH: usize>(
    block: &[f32; LENGTH],
    results: &mut [f32; LENGTH],
) {
    for (result, x) in results.iter_mut().zip(block) {
        *result = error_function_of_one::<FUSED>(*x);
    }
}

#[inline(always)]
fn error_function_of_one<const FUSED: bool>(x: f32) -> f32 {
    /// Adding this leaves an integer in the low bits of the fraction.
    const TO_INTEGER: f32 = 1.5 / f32::EPSILON;
    // Beyond 3.95 the result rounds to 1.
    let magnitude = at_most_f32(x.abs(), 3.95);
    let is_large = magnitude > 0.95;
    let term = |small: f32, large: f32| if is_large { large } else { small };
    let argument = if is_large { magnitude } else { magnitude * magnitude };
    let value = horner!(
        argument;
        term(0.128_379_17, -0.000_353_047_54),
        term(-0.376_126_3, -1.626_602_5),
        term(0.112_836_26, -0.919_742_76),
        term(-0.026_855_74, -0.149_521_2),
        term(0.005_192_460_5, 0.031_865_61),
        term(-0.000_805_080_4, -0.004_340_362_3),
        term(8.002_775e-5, 0.000_277_606_83),
    );
    let shifted = value + TO_INTEGER;
    let r = value - (shifted - TO_INTEGER);
    let power_of_r = horner!(
        r;
        1.000_000_1,
        0.693_147_24,
        0.240_219_92,
        0.055_502_877,
        0.009_680_358,
        0.001_341_086_3_f32,
    );
    let power = f32::from_bits(1.0_f32.to_bits().wrapping_add(shifted.to_bits() << 23));
    let large = multiply_add!(-power, power_of_r, 1.0);
    let small = multiply_add!(magnitude, value, magnitude);
    (if is_large { large } else { small }).copysign(x)
}
