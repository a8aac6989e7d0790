//! Mathematical functions on runs of elements, with the widest vectors the processor has.
//!
//! Every function gives an element the same bits at any position, in a run of any length and
//! alignment. Between processors the bits may differ within the stated bound: with fused
//! multiply-add (AVX2 and AVX-512, which agree with each other) and without it.
//!
//! To add a function: write its block function (see [`Exp`] for the shape), name it after its row in the op
//! table (`unary!`, `binary!`), and let the row say `calls`.

use crate::Function;

/// The most elements in a block, unless a function says otherwise: enough to make one branch per block cheap. LLVM
/// unrolls loops over 64 elements, which in a function of many constants and no branch takes registers from the
/// constants: such a function is faster on 16, a vector of `f32`. Loops over 128 stay loops. Which is best is
/// to be measured, for each instruction set.
const BLOCK_LENGTH: usize = 64;

/// A function of one operand, as the op table calls it.
pub trait Unary<T> {
    /// The most elements in a block: 16, 64 or 128. Which is best is to be measured.
    const BLOCK_LENGTH: usize = BLOCK_LENGTH;

    /// The results of the elements of a block. To be marked `#[inline(always)]`, so that each copy is compiled with its own
    /// instruction set; `FUSED` says whether `mul_add` is one instruction.
    fn block<const FUSED: bool, const LENGTH: usize>(block: &[T; LENGTH], results: &mut [T; LENGTH]);
}

/// A function of two operands.
pub trait Binary<T> {
    /// The results of pairs. See [`Unary::block`].
    fn block<const FUSED: bool, const LENGTH: usize>(
        x: &[T; LENGTH],
        y: &[T; LENGTH],
        results: &mut [T; LENGTH],
    );
}

/// A function of the op table for one type of elements, as compiled code calls it: `(result, x, y, count)` writes the
/// results of the `count` elements at `x` and `y` to `result`, which may be the address of either; functions of one
/// operand ignore `y`.
pub trait Called<T> {
    /// The function.
    fn function() -> Function;
}

/// Makes a function callable for types of elements, through `unary` or `binary`.
macro_rules! called {
    (unary $name:ident: $($element:ident)+) => {$(
        called! { @one $name: $element, result, x, _y, count,
            unsafe { crate::maths::unary::<$name, $element>(result, x, count) } }
    )+};
    (binary $name:ident: $($element:ident)+) => {$(
        called! { @one $name: $element, result, x, y, count,
            unsafe { crate::maths::binary::<$name, $element>(result, x, y, count) } }
    )+};
    (@one $name:ident: $element:ident, $result:ident, $x:ident, $y:ident, $count:ident, $call:expr) => {
        #[allow(unsafe_code)]
        impl crate::maths::Called<$element> for $name {
            fn function() -> crate::Function {
                crate::exported!(
                    concat!("fusewire_", stringify!($name), "_", stringify!($element)),
                    fn($result: *mut $element, $x: *const $element, $y: *const $element, $count: usize) {
                        // SAFETY: compiled code passes the memory of `count` elements, which nobody else uses during
                        // the call: a tile of its own scratch memory, or what a stream goes through. Both are the
                        // same or have no element in common, since an output shares memory with an input only
                        // where the plan says so.
                        $call
                    }
                )
            }
        }
    };
}

/// Names block functions after the row of the op table that calls them. Each may be followed by `by` and its
/// [`Unary::BLOCK_LENGTH`].
macro_rules! unary {
    ($($name:ident: $block_f32:ident $(by $length_f32:literal)?, $block_f64:ident $(by $length_f64:literal)?;)+) => {$(
        #[doc = concat!("`", stringify!($name), "` of the op table.")]
        pub struct $name;

        called! { unary $name: f32 f64 }

        impl crate::maths::Unary<f32> for $name {
            $(const BLOCK_LENGTH: usize = $length_f32;)?

            #[inline(always)]
            fn block<const FUSED: bool, const LENGTH: usize>(block: &[f32; LENGTH], results: &mut [f32; LENGTH]) {
                $block_f32::<FUSED, LENGTH>(block, results);
            }
        }

        impl crate::maths::Unary<f64> for $name {
            $(const BLOCK_LENGTH: usize = $length_f64;)?

            #[inline(always)]
            fn block<const FUSED: bool, const LENGTH: usize>(block: &[f64; LENGTH], results: &mut [f64; LENGTH]) {
                $block_f64::<FUSED, LENGTH>(block, results);
            }
        }
    )+};
}

/// As `unary`, for functions of two operands.
macro_rules! binary {
    ($($name:ident: $block_f32:ident, $block_f64:ident;)+) => {$(
        #[doc = concat!("`", stringify!($name), "` of the op table.")]
        pub struct $name;

        called! { binary $name: f32 f64 }

        impl crate::maths::Binary<f32> for $name {
            #[inline(always)]
            fn block<const FUSED: bool, const LENGTH: usize>(x: &[f32; LENGTH], y: &[f32; LENGTH], results: &mut [f32; LENGTH]) {
                $block_f32::<FUSED, LENGTH>(x, y, results);
            }
        }

        impl crate::maths::Binary<f64> for $name {
            #[inline(always)]
            fn block<const FUSED: bool, const LENGTH: usize>(x: &[f64; LENGTH], y: &[f64; LENGTH], results: &mut [f64; LENGTH]) {
                $block_f64::<FUSED, LENGTH>(x, y, results);
            }
        }
    )+};
}

/// Block functions made of functions of one number: for each row, `$block_f64` applies `$function` and
/// `$block_f32` applies `$single`, which computes an f32 in f64 and is rounded once.
macro_rules! blocks {
    ($($function:ident, $block_f64:ident; $single:ident, $block_f32:ident;)*) => {$(
        #[inline(always)]
        pub(super) fn $block_f64<const FUSED: bool, const LENGTH: usize>(block: &[f64; LENGTH], results: &mut [f64; LENGTH]) {
            for (result, x) in results.iter_mut().zip(block) {
                *result = $function::<FUSED>(*x);
            }
        }

        #[inline(always)]
        pub(super) fn $block_f32<const FUSED: bool, const LENGTH: usize>(block: &[f32; LENGTH], results: &mut [f32; LENGTH]) {
            for (result, x) in results.iter_mut().zip(block) {
                *result = $single::<FUSED>(f64::from(*x)) as f32;
            }
        }
    )*};
}

/// `a * b + c` of either type, rounded once if the constant `FUSED` of the surrounding function is set.
macro_rules! multiply_add {
    ($a:expr, $b:expr, $c:expr) => {
        if FUSED { $a.mul_add($b, $c) } else { $a * $b + $c }
    };
}

mod angle_reduction;
mod cbrt;
mod dispatch;
mod double_double;
mod error_function;
mod error_function_f32;
mod error_function_table;
mod exp;
mod exponential;
mod gamma;
mod gelu;
mod hyperbolic;
mod hyperbolic_f32;
mod hypot;
mod integers;
mod inverse_hyperbolic;
mod inverse_trigonometric;
mod logaddexp;
mod logaddexp_at_zero;
mod logaddexp_near_zero;
mod logarithm;
mod polynomial;
mod power;
mod remainder;
mod trigonometric;
mod trigonometric_f32;
mod triple_double;

#[cfg(test)]
mod tests;

pub use dispatch::{binary, slices, unary};
pub use {
    cbrt::*, error_function::*, exp::*, exponential::*, gamma::*, gelu::*, hyperbolic::*, hypot::*,
    integers::*, inverse_hyperbolic::*, inverse_trigonometric::*, logaddexp::*, logarithm::*, power::*,
    remainder::*, trigonometric::*,
};
