//! Floating-point floor division and its remainder, as NumPy and Python define them.
//!
//! The algorithm is that of `npy_divmod` (NumPy, npy_math_internal.h.src), itself from CPython's
//! floatobject.c. Rust's `%` is C's `fmod`, which is exact.

macro_rules! floor_division {
    ($float:ident, $remainder:ident, $floor_divide:ident, $remainder_one:ident, $floor_divide_one:ident) => {
        /// Replaces each `x` by `x - floor(x / y) * y`, which has the sign of `y`. NaN if `y` is
        /// zero or `x` is infinite. Elements without a counterpart stay as they are.
        pub fn $remainder(x: &mut [$float], y: &[$float]) {
            for (x, &y) in x.iter_mut().zip(y) {
                *x = $remainder_one(*x, y);
            }
        }

        /// Replaces each `x` by `floor(x / y)`, consistent with the remainder function: computed
        /// from the exact remainder rather than the rounded quotient. `x / y` if `y` is zero, NaN
        /// if `x` is infinite. Elements without a counterpart stay as they are.
        pub fn $floor_divide(x: &mut [$float], y: &[$float]) {
            for (x, &y) in x.iter_mut().zip(y) {
                *x = $floor_divide_one(*x, y);
            }
        }

        fn $remainder_one(x: $float, y: $float) -> $float {
            let remainder = x % y;
            if y == 0.0 {
                remainder
            } else if remainder == 0.0 {
                $float::copysign(0.0, y)
            } else if (y < 0.0) != (remainder < 0.0) {
                remainder + y
            } else {
                remainder
            }
        }

        fn $floor_divide_one(x: $float, y: $float) -> $float {
            if y == 0.0 {
                return x / y;
            }
            let remainder = x % y;
            let mut quotient = (x - remainder) / y;
            if remainder != 0.0 && (y < 0.0) != (remainder < 0.0) {
                quotient -= 1.0;
            }
            if quotient == 0.0 {
                return $float::copysign(0.0, x / y);
            }
            // The quotient is nearly an integer, above or below it: round to that one.
            let floor = quotient.floor();
            if quotient - floor > 0.5 { floor + 1.0 } else { floor }
        }
    };
}

floor_division!(f32, remainder_f32, floor_divide_f32, remainder_one_f32, floor_divide_one_f32);
floor_division!(f64, remainder_f64, floor_divide_f64, remainder_one_f64, floor_divide_one_f64);

/// Replaces each `x` by C's `fmod(x, y)`, which is exact and has the sign of `x`.
pub fn fmod_f32(x: &mut [f32], y: &[f32]) {
    x.iter_mut().zip(y).for_each(|(x, y)| *x %= y);
}

/// Replaces each `x` by C's `fmod(x, y)`, which is exact and has the sign of `x`.
pub fn fmod_f64(x: &mut [f64], y: &[f64]) {
    x.iter_mut().zip(y).for_each(|(x, y)| *x %= y);
}
