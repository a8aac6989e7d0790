//! The Gaussian error linear unit: x / 2 times erfc(-x / root of 2), which keeps the digits of the lower tail.
//!
//! In `f64` the rounding error of the argument, which that tail multiplies by the square of x, is corrected by
//! the derivative: -erfc'(z) / erfc(z) is nearly z + sqrt(z^2 + 4 / pi). Where erfc is subnormal the result need
//! not be, so x is multiplied before the last power of 2. In `f32` all of it is computed in `f64`.

use super::double_double::{multiply_add, two_product};
use super::error_function::{LARGEST, complement_near_zero, complement_single, complement_tail};
use super::polynomial::at_most;
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_PI};

unary! {
    Gelu: gelu_f32, gelu_f64;
}

blocks! {
    gelu, gelu_f64;
    gelu_single, gelu_f32;
}

/// x or the limit if x is smaller; it keeps a NaN.
#[inline(always)]
fn at_least(x: f64, limit: f64) -> f64 {
    if x < limit { limit } else { x }
}

#[inline(always)]
fn gelu<const FUSED: bool>(x: f64) -> f64 {
    // Below this the result rounds to zero, and above 40 it is x.
    let x = at_least(x, -38.7);
    let bounded = at_most(x, 40.0);
    let (z, error) = two_product::<FUSED>(bounded, -FRAC_1_SQRT_2);
    // What the constant lacks.
    let error = multiply_add::<FUSED>(bounded, 4.833_646_656_726_457e-17, error);
    let slope = z + multiply_add::<FUSED>(z, z, 2.0 * FRAC_2_PI).sqrt();
    let magnitude = at_most(z.abs(), LARGEST);
    let (product, [first, second]) = complement_tail::<FUSED>(magnitude);
    let tail = product * first;
    let (share, scale) = if z < 0.0 { (2.0 - tail * second, 1.0) } else { (tail, second) };
    // A NaN is not far.
    let is_far = magnitude > 0.65;
    let share = if is_far { share } else { complement_near_zero::<FUSED>(z) };
    let scale = if is_far { scale } else { 1.0 };
    let share = multiply_add::<FUSED>(-share, error * slope, share);
    x * (0.5 * share) * scale
}

#[inline(always)]
fn gelu_single<const FUSED: bool>(x: f64) -> f64 {
    // Below this the result rounds to zero.
    let x = at_least(x, -14.6);
    x * (0.5 * complement_single::<FUSED>(x * -FRAC_1_SQRT_2))
}
