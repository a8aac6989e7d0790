//! Mathematical functions on slices, in place, with the widest vectors the processor has.
//!
//! Every function gives an element the same bits at any position, in a slice of any length and
//! alignment. Between processors the bits may differ within the stated bound: with fused
//! multiply-add (AVX2 and AVX-512, which agree with each other) and without it.
//!
//! To add a unary function: write its block function (see [`exp`] for the shape) and add one row
//! to the table in [`dispatch`].

/// Block functions made of functions of one number: for each row, `$block_f64` applies `$function` and
/// `$block_f32` applies `$single`, which computes an f32 in f64 and is rounded once.
macro_rules! blocks {
    ($($function:ident, $block_f64:ident; $single:ident, $block_f32:ident;)*) => {$(
        #[inline(always)]
        pub(super) fn $block_f64<const FUSED: bool, const LENGTH: usize>(block: &mut [f64; LENGTH]) {
            for x in block {
                *x = $function::<FUSED>(*x);
            }
        }

        #[inline(always)]
        pub(super) fn $block_f32<const FUSED: bool, const LENGTH: usize>(block: &mut [f32; LENGTH]) {
            for x in block {
                *x = $single::<FUSED>(f64::from(*x)) as f32;
            }
        }
    )*};
}

mod cbrt;
mod dispatch;
mod double_double;
mod error_function;
mod error_function_table;
mod exp;
mod exponential;
mod gamma;
mod hyperbolic;
mod hypot;
mod integers;
mod inverse_hyperbolic;
mod inverse_trigonometric;
mod logaddexp;
mod logarithm;
mod polynomial;
mod power;
mod remainder;
mod trigonometric;
mod trigonometric_f32;

#[cfg(test)]
mod tests;

pub use dispatch::*;
pub use integers::{gcd, lcm, power as power_ints};
pub use remainder::{floor_divide_f32, floor_divide_f64, fmod_f32, fmod_f64, remainder_f32, remainder_f64};
