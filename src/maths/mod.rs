//! Mathematical functions on slices, in place, with the widest vectors the processor has.
//!
//! Every function gives an element the same bits at any position, in a slice of any length and
//! alignment. Between processors the bits may differ within the stated bound: with fused
//! multiply-add (AVX2 and AVX-512, which agree with each other) and without it.
//!
//! To add a unary function: write its block function (see [`exp`] for the shape) and add one row
//! to the table in [`dispatch`].

mod cbrt;
mod compensated;
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
mod power;
mod remainder;
mod trigonometric;
mod trigonometric_f32;

#[cfg(test)]
mod tests;

pub use dispatch::*;
pub use integers::{gcd, lcm, power as power_ints};
pub use remainder::{floor_divide_f32, floor_divide_f64, fmod_f32, fmod_f64, remainder_f32, remainder_f64};
