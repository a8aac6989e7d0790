//! The error function of `f32` in `f32`.
//!
//! Up to 1.06 it is x + x P(x^2), and beyond 1 - R(x - 1.25)^4, as the fourth root of erfc x is nearly a polynomial, and
//! its errors count the less the smaller it is. With 1.25 subtracted, which is exact, the coefficients do not cancel
//! where they count. The seven terms of P and the lowest seven of R are evaluated at once,
//! with the coefficients chosen for each element: the choice does not occupy the multipliers, which are the
//! bottleneck.
//! Both are minimax polynomials for the error of the result, from tests/golden/single_coefficients.py.
//!
//! Largest error measured, over every `f32` from 1e-5 on and every 97th below:
//! 1.222 ULP with and 1.464 without fused multiply-add, both next to 1.06.

use super::polynomial::{at_most_f32, horner};
use std::hint::select_unpredictable;

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
    // Beyond 3.95 the result rounds to 1.
    let magnitude = at_most_f32(x.abs(), 3.95);
    let choose = |large: f32, small: f32| select_unpredictable(magnitude > 1.06, large, small);
    let offset = magnitude - 1.25;
    let square = magnitude * magnitude;
    let value = horner!(
        choose(offset, square);
        choose(0.526_942_73, 0.128_379_17),
        choose(-0.404_128_82, -0.376_126_2),
        choose(0.040_251_367, 0.112_834_88),
        choose(0.044_063_95, -0.026_848_929),
        choose(-0.009_304_963, 0.005_177_922),
        choose(-0.003_588_819_9, -0.000_791_109_7),
        choose(horner!(offset; 0.001_417_795_4, -7.040_304e-5, -1.814_908_5e-5_f32), 7.506_526e-5),
    );
    let root_of_complement = value * value;
    let large = multiply_add!(-root_of_complement, root_of_complement, 1.0);
    let small = multiply_add!(magnitude, value, magnitude);
    choose(large, small).copysign(x)
}
