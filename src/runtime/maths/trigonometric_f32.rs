//! Sine and cosine of `f32` in `f32`, where fused multiply-add makes the reduction exact.
//!
//! x = k pi/2 + r, with pi/2 in three parts (Cody and Waite): x - k P1 is exact, and what the second product
//! and subtraction round away is kept as a second part of r. Up to 3217 that takes half the operations, as k has
//! eleven bits there and P2 thirteen, so that k P2 is exact and a fast two-sum enough. Twice as many numbers
//! fit a vector as in `f64`, which beyond 1e5 and without fused multiply-add is used as before.
//!
//! The polynomials are minimax ones on |r| <= pi/4, from tests/golden/single_coefficients.py. In the sine r is added last,
//! with its second part; in the cosine r times this corrects the one.
//!
//! Which of the three an element takes depends on itself alone. Largest errors measured, over all arguments: 1.244 ULP
//! for the sine and 1.207 for the cosine. (A second product to correct the square makes that 0.88, and takes a sixth longer.)

use super::trigonometric;
use std::f32::consts::{FRAC_2_PI, FRAC_PI_2};

/// The largest |x| of `reduce_near`: its quotient is at most 2^11.
const LARGEST_NEAR: f32 = 3217.0;
/// The largest |x| that is reduced in `f32`.
const LARGEST: f32 = 1.0e5;

/// The first part of pi/2: rounded down, so that the others are positive and the sine of -0 comes out as -0.
const FIRST: f32 = FRAC_PI_2.next_down();

/// x - k pi/2 as a difference, the second part of which is small, for x up to `LARGEST_NEAR`.
#[inline(always)]
fn reduce_near(x: f32, k: f32) -> (f32, f32) {
    const SECOND: f32 = 7.549_533_6e-8;
    const THIRD: f32 = 2.563_344e-12;
    let exact = (-k).mul_add(FIRST, x);
    let r = (-k).mul_add(SECOND, exact);
    let error = k.mul_add(SECOND, r - exact);
    (r, k.mul_add(THIRD, error))
}

/// The same for x up to `LARGEST`.
#[inline(always)]
fn reduce_far(x: f32, k: f32) -> (f32, f32) {
    const SECOND: f32 = 7.549_79e-8;
    const THIRD: f32 = -1.715_124_5e-15;
    let exact = (-k).mul_add(FIRST, x);
    // The second product and the subtraction with their rounding errors (Knuth's two-sum), then the third.
    let product = k * SECOND;
    let r = exact - product;
    let part = r - exact;
    let error = (exact - (r - part)) - (product + part);
    (r, k.mul_add(THIRD, k.mul_add(SECOND, -product) - error))
}

/// sin(x + `TURNS` pi/2) for x up to `LARGEST` if `FAR`, or else up to `LARGEST_NEAR`.
#[inline(always)]
fn sine<const TURNS: u32, const FAR: bool>(x: f32) -> f32 {
    /// Adding this leaves an integer in the low bits of the fraction.
    const TO_INTEGER: f32 = 1.5 / f32::EPSILON;
    let to_integer = TO_INTEGER + TURNS as f32;
    let shifted = x.mul_add(FRAC_2_PI, to_integer);
    let quadrant = shifted.to_bits();
    let k = shifted - to_integer;
    let (r, low_negated) = if FAR && x.abs() > LARGEST_NEAR { reduce_far(x, k) } else { reduce_near(x, k) };
    // One polynomial with the coefficients of either function: choosing them costs less than both would.
    let is_cosine = quadrant & 1 != 0;
    let choose = |cosine: f32, sine: f32| if is_cosine { cosine } else { sine };
    let square = r * r;
    let terms =
        square.mul_add(choose(2.443_255_8e-5, 0.000_195_181_1), choose(-0.001_388_731_1, -0.008_332_188));
    let terms = square.mul_add(terms, choose(0.041_666_646, 0.166_666_55));
    let sine = r - (r * square).mul_add(terms, low_negated);
    // The derivative is -sin r, near enough -r.
    let cosine = square.mul_add(square.mul_add(terms, -0.5), r.mul_add(low_negated, 1.0));
    f32::from_bits(choose(cosine, sine).to_bits() ^ (quadrant << 30) & 1 << 31)
}

/// `&` rather than `all`, which would stop early and so not vectorise.
#[inline(always)]
fn all_up_to<const LENGTH: usize>(block: &[f32; LENGTH], limit: f32) -> bool {
    block.iter().fold(true, |all, x| all & (x.abs() <= limit))
}

macro_rules! blocks {
    ($($block:ident = $turns:literal, $wide:ident;)*) => {$(
        #[inline(always)]
        pub(super) fn $block<const FUSED: bool, const LENGTH: usize>(block: &[f32; LENGTH], results: &mut [f32; LENGTH]) {
            if !FUSED {
                trigonometric::$wide::<FUSED, LENGTH>(block, results);
            } else if all_up_to(block, LARGEST_NEAR) {
                for (result, x) in results.iter_mut().zip(block) {
                    *result = sine::<$turns, false>(*x);
                }
            } else {
                if !all_up_to(block, LARGEST) {
                    trigonometric::$wide::<FUSED, LENGTH>(block, results);
                }
                for (result, x) in results.iter_mut().zip(block) {
                    *result = if x.abs() <= LARGEST { sine::<$turns, true>(*x) } else { *result };
                }
            }
        }
    )*};
}
blocks! {
    sin_block = 0, sin_block_f32;
    cos_block = 1, cos_block_f32;
}

#[cfg(test)]
mod tests {
    use super::super::dispatch::InstructionSet;
    use super::super::dispatch::slices::run_unary;
    use super::super::{Cos, Sin};

    /// Arguments next to the borders of the reductions, where k is largest, and next to multiples of pi/2.
    fn arguments() -> Vec<f32> {
        let borders = [3217.0_f32, 1.0e5].into_iter();
        let near_zeros = (1..200).map(|i| (f64::from(i * i) * std::f64::consts::FRAC_PI_2) as f32);
        borders
            .chain(near_zeros)
            .flat_map(|x| [x.next_down(), x, x.next_up()])
            .flat_map(|x| [x, -x])
            .collect()
    }

    #[test]
    fn every_reduction_is_within_five_quarters_of_a_unit_in_the_last_place() {
        let arguments = arguments();
        for set in InstructionSet::available() {
            let exact: [fn(f64) -> f64; 2] = [f64::sin, f64::cos];
            for (run, exact) in [run_unary::<Sin, f32>, run_unary::<Cos, f32>].into_iter().zip(exact) {
                let mut results = arguments.clone();
                run(set, &mut results);
                for (&x, got) in arguments.iter().zip(results) {
                    let exact = exact(f64::from(x));
                    let last_place =
                        f64::from((exact as f32).abs().next_up()) - f64::from((exact as f32).abs());
                    assert!(
                        (f64::from(got) - exact).abs() <= 1.25 * last_place,
                        "{set:?}: {x:e} gives {got:e}"
                    );
                }
            }
        }
    }

    #[test]
    fn neighbours_with_another_reduction_change_no_bit() {
        let arguments = arguments();
        for set in InstructionSet::available() {
            for run in [run_unary::<Sin, f32>, run_unary::<Cos, f32>] {
                let mut together = arguments.clone();
                run(set, &mut together);
                for (&x, together) in arguments.iter().zip(together) {
                    let mut alone = [x];
                    run(set, &mut alone);
                    assert_eq!(alone[0].to_bits(), together.to_bits(), "{set:?}: {x:e}");
                }
            }
        }
    }
}
