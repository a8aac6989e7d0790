//! The hyperbolic tangent of `f32` in `f32`.
//!
//! Up to 1 it is x - x^3 N(x^2) / D(x^2). Beyond it is 1 - 2 / (e^2x + 1), where x = n ln 2 / 2 + r and
//! e^2r = (c + s) / (c - s), since s / c is the hyperbolic tangent of r, again a quotient of polynomials in r^2; so
//! it becomes 1 - 2 (c - s) / (2^n (c + s) + (c - s)). Both ways end in a number less a quotient, and dividend and
//! divisor are chosen for each element before the one division, which takes the multipliers no longer than two
//! products do. The multipliers and dividers are the bottleneck, so that numerators, which are of first degree, have a
//! highest coefficient of one, and are sums.
//! The quotients are minimax ones, from tests/golden/single_coefficients.py.
//!
//! Largest error measured, over every `f32` from 1e-5 on and every 97th below:
//! 1.224 ULP with and without fused multiply-add, next to 0.97.

use super::polynomial::{at_most_f32, horner};
use std::f32::consts::{LN_2, LOG2_E};
use std::hint::select_unpredictable;

#[inline(always)]
pub(super) fn tangent<const FUSED: bool, const LENGTH: usize>(
    block: &[f32; LENGTH],
    results: &mut [f32; LENGTH],
) {
    for (result, x) in results.iter_mut().zip(block) {
        *result = tangent_of_one::<FUSED>(*x);
    }
}

#[inline(always)]
fn tangent_of_one<const FUSED: bool>(x: f32) -> f32 {
    /// Adding this leaves an integer in the low bits of the fraction.
    const TO_INTEGER: f32 = 1.5 / f32::EPSILON;
    // Beyond 10 the result rounds to 1.
    let magnitude = at_most_f32(x.abs(), 10.0);
    let square = magnitude * magnitude;
    let small_dividend = (magnitude * square) * (square + 22.696_472);
    let small_divisor = horner!(square; 68.089_42, 30.235_758, 1.070_343_f32);

    let shifted = multiply_add!(magnitude, 2.0 * LOG2_E, TO_INTEGER);
    let n = shifted - TO_INTEGER;
    let r = if FUSED {
        n.mul_add(-0.5 * LN_2, magnitude)
    } else {
        // The first product is exact.
        (magnitude - n * 0.346_572_88) - n * 7.143_034e-7
    };
    let r_square = r * r;
    let sine = r * (r_square + 15.022_512);
    let cosine = multiply_add!(r_square, 6.007_498_3, 15.022_512);
    let difference = cosine - sine;
    let power = f32::from_bits(1.0_f32.to_bits().wrapping_add(shifted.to_bits() << 23));
    let large_divisor = multiply_add!(power, cosine + sine, difference);

    // With `if`, LLVM would make one branch of all, and then two divisions.
    let choose = |large: f32, small: f32| select_unpredictable(magnitude > 1.0, large, small);
    let quotient = choose(difference + difference, small_dividend) / choose(large_divisor, small_divisor);
    (choose(1.0, magnitude) - quotient).copysign(x)
}
