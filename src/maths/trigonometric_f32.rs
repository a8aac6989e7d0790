//! Sine and cosine of `f32` in `f32`, where fused multiply-add makes the reduction exact.
//!
//! x = k pi/2 + r, with pi/2 in three parts (Cody and Waite): x - k P1 is exact, and what the second
//! product and subtraction round away is kept as a second part of r. Both polynomials are those of Cephes (Moshier,
//! sinf.c), on |r| <= pi/4; the first terms are added last, with the second part of r. Twice as many numbers
//! fit a vector as in `f64`, which beyond 1e5 and without fused multiply-add is used as before.
//!
//! Which of both an element takes depends on itself alone. Largest errors measured, over all arguments up to
//! 1e5: see `docs/ops.md`.

use super::trigonometric;
use std::f32::consts::{FRAC_2_PI, FRAC_PI_2};

/// The largest |x| that is reduced in `f32`.
const LARGEST: f32 = 1.0e5;

/// sin(x + `turns` pi/2) for moderate x.
#[inline(always)]
fn sine(x: f32, turns: u32) -> f32 {
    /// Adding this leaves an integer in the low bits of the fraction.
    const TO_INTEGER: f32 = 1.5 / f32::EPSILON;
    const SECOND: f32 = -4.371_139e-8;
    const THIRD: f32 = -1.715_124_5e-15;
    let shifted = x.mul_add(FRAC_2_PI, TO_INTEGER);
    let k = shifted - TO_INTEGER;
    let exact = (-k).mul_add(FRAC_PI_2, x);
    // The second product and the subtraction with their rounding errors (Knuth's two-sum), then the third.
    let product = k * SECOND;
    let r = exact - product;
    let part = r - exact;
    let error = (exact - (r - part)) - (product + part);
    let low = (-k).mul_add(THIRD, error - k.mul_add(SECOND, -product));
    let square = r * r;
    let terms = square.mul_add(square.mul_add(-1.951_529_6e-4, 8.332_161e-3), -1.666_665_5e-1);
    let sine = r + (r * square).mul_add(terms, low);
    let terms = square.mul_add(square.mul_add(2.443_315_7e-5, -1.388_731_6e-3), 4.166_664_6e-2);
    let half = 0.5 * square;
    let first = 1.0 - half;
    let rest = (square * square).mul_add(terms, (-r).mul_add(low, (1.0 - first) - half));
    let cosine = first + rest;
    let quadrant = shifted.to_bits().wrapping_add(turns);
    let result = if quadrant & 1 == 0 { sine } else { cosine };
    let result = f32::from_bits(result.to_bits() ^ (quadrant >> 1 << 31));
    // The reduction adds zeros of both signs.
    if turns == 0 && x == 0.0 { x } else { result }
}

macro_rules! blocks {
    ($($block:ident = $turns:literal, $wide:ident;)*) => {$(
        #[inline(always)]
        pub(super) fn $block<const FUSED: bool, const LENGTH: usize>(block: &mut [f32; LENGTH]) {
            if !FUSED {
                return trigonometric::$wide::<FUSED, LENGTH>(block);
            }
            let arguments = *block;
            // `&` rather than `all`, which would stop early and so not vectorise.
            let ordinary = block.iter().fold(true, |ordinary, x| ordinary & (x.abs() <= LARGEST));
            for x in block.iter_mut() {
                *x = sine(*x, $turns);
            }
            if !ordinary {
                let mut wide = arguments;
                trigonometric::$wide::<FUSED, LENGTH>(&mut wide);
                for ((result, wide), x) in block.iter_mut().zip(wide).zip(arguments) {
                    *result = if x.abs() <= LARGEST { *result } else { wide };
                }
            }
        }
    )*};
}
blocks! {
    sin_block = 0, sin_block_f32;
    cos_block = 1, cos_block_f32;
}
