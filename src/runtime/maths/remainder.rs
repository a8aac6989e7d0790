//! Floating-point floor division and its remainder, as NumPy and Python define them.
//!
//! The algorithm is that of `npy_divmod` (NumPy, npy_math_internal.h.src), itself from CPython's
//! floatobject.c. Rust's `%` is C's `fmod`, which is exact.

use super::Binary;

macro_rules! floor_division {
    ($($float:ident)+) => {$(
        /// `x - floor(x / y) * y`, which has the sign of `y`. NaN if `y` is zero or `x` is infinite.
        impl Binary<$float> for Remainder {
            #[inline(always)]
            fn block<const FUSED: bool, const LENGTH: usize>(x: &[$float; LENGTH], y: &[$float; LENGTH], results: &mut [$float; LENGTH]) {
                for ((result, &x), &y) in results.iter_mut().zip(x).zip(y) {
                    let remainder = x % y;
                    *result = if y == 0.0 {
                        remainder
                    } else if remainder == 0.0 {
                        $float::copysign(0.0, y)
                    } else if (y < 0.0) != (remainder < 0.0) {
                        remainder + y
                    } else {
                        remainder
                    };
                }
            }
        }

        /// `floor(x / y)`, consistent with the remainder: computed from the exact remainder rather than the
        /// rounded quotient. `x / y` if `y` is zero, NaN if `x` is infinite.
        impl Binary<$float> for FloorDivide {
            #[inline(always)]
            fn block<const FUSED: bool, const LENGTH: usize>(x: &[$float; LENGTH], y: &[$float; LENGTH], results: &mut [$float; LENGTH]) {
                for ((result, &x), &y) in results.iter_mut().zip(x).zip(y) {
                    let remainder = x % y;
                    let mut quotient = (x - remainder) / y;
                    if remainder != 0.0 && (y < 0.0) != (remainder < 0.0) {
                        quotient -= 1.0;
                    }
                    // The quotient is nearly an integer, above or below it: round to that one.
                    let floor = quotient.floor();
                    *result = if y == 0.0 {
                        x / y
                    } else if quotient == 0.0 {
                        $float::copysign(0.0, x / y)
                    } else if quotient - floor > 0.5 {
                        floor + 1.0
                    } else {
                        floor
                    };
                }
            }
        }

        /// C's `fmod(x, y)`, which is exact and has the sign of `x`.
        impl Binary<$float> for Fmod {
            #[inline(always)]
            fn block<const FUSED: bool, const LENGTH: usize>(x: &[$float; LENGTH], y: &[$float; LENGTH], results: &mut [$float; LENGTH]) {
                for ((result, &x), &y) in results.iter_mut().zip(x).zip(y) {
                    *result = x % y;
                }
            }
        }
    )+};
}

/// The remainder with the sign of the divisor.
pub struct Remainder;
/// The quotient rounded down.
pub struct FloorDivide;
/// The remainder with the sign of the dividend.
pub struct Fmod;
called! { binary Remainder: f32 f64 }
called! { binary FloorDivide: f32 f64 }
called! { binary Fmod: f32 f64 }
floor_division! { f32 f64 }
