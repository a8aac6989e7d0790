//! Compiles each block function once per instruction set and picks one at run time.
#![allow(unsafe_code)]

use super::{
    cbrt, error_function, exp, exponential, gamma, hyperbolic, hypot, inverse_hyperbolic,
    inverse_trigonometric, logaddexp, logarithm, power, trigonometric, trigonometric_f32,
};
use std::sync::OnceLock;

/// Which copy of the functions to run. A value other than `Baseline` exists only where the
/// processor was found to have the instructions: [`InstructionSet::available`] makes them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InstructionSet {
    /// What every processor of the target has (SSE2 on x86-64), without fused multiply-add.
    Baseline,
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    Avx2,
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    Avx512,
}

impl InstructionSet {
    /// The sets this processor can run, narrowest first.
    pub(super) fn available() -> impl Iterator<Item = Self> {
        let sets = [
            Some(Self::Baseline),
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Self::Avx2),
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            is_x86_feature_detected!("avx512f").then_some(Self::Avx512),
        ];
        sets.into_iter().flatten()
    }

    /// The widest available set, found on the first call.
    fn widest() -> Self {
        static WIDEST: OnceLock<InstructionSet> = OnceLock::new();
        *WIDEST.get_or_init(|| Self::available().last().unwrap_or(Self::Baseline))
    }
}

/// Runs `$block` over `$values`: long blocks, then short ones, then the last elements in a
/// zero-padded short block, so that every element goes through the same operations.
///
/// A macro, because a function taking `$block` as an argument would be compiled without the
/// instruction set of its caller.
macro_rules! for_each_block {
    ($values:ident, $element:ty, $module:ident::$block:ident, $fused:literal) => {{
        let (long_blocks, rest) = $values.as_chunks_mut::<LONG_BLOCK>();
        for block in long_blocks {
            $module::$block::<$fused, LONG_BLOCK>(block);
        }
        let (short_blocks, tail) = rest.as_chunks_mut::<SHORT_BLOCK>();
        for block in short_blocks {
            $module::$block::<$fused, SHORT_BLOCK>(block);
        }
        if !tail.is_empty() {
            let mut padded = [0.0 as $element; SHORT_BLOCK];
            for (to, from) in padded.iter_mut().zip(tail.iter()) {
                *to = *from;
            }
            $module::$block::<$fused, SHORT_BLOCK>(&mut padded);
            for (to, from) in tail.iter_mut().zip(padded) {
                *to = from;
            }
        }
    }};
}

/// As `for_each_block`, for `$x` and `$y` up to the shorter of them, with results in `$x`.
macro_rules! for_each_block_of_two {
    ($x:ident, $y:ident, $element:ty, $module:ident::$block:ident, $fused:literal) => {{
        let length = $x.len().min($y.len());
        let ($x, $y) = (&mut $x[..length], &$y[..length]);
        let (long_blocks, x_rest) = $x.as_chunks_mut::<LONG_BLOCK>();
        let (y_long_blocks, y_rest) = $y.as_chunks::<LONG_BLOCK>();
        for (x, y) in long_blocks.iter_mut().zip(y_long_blocks) {
            $module::$block::<$fused, LONG_BLOCK>(x, y);
        }
        let (short_blocks, x_tail) = x_rest.as_chunks_mut::<SHORT_BLOCK>();
        let (y_short_blocks, y_tail) = y_rest.as_chunks::<SHORT_BLOCK>();
        for (x, y) in short_blocks.iter_mut().zip(y_short_blocks) {
            $module::$block::<$fused, SHORT_BLOCK>(x, y);
        }
        if !x_tail.is_empty() {
            let mut x_padded = [0.0 as $element; SHORT_BLOCK];
            let mut y_padded = [0.0 as $element; SHORT_BLOCK];
            for (to, from) in x_padded.iter_mut().zip(x_tail.iter()) {
                *to = *from;
            }
            for (to, from) in y_padded.iter_mut().zip(y_tail) {
                *to = *from;
            }
            $module::$block::<$fused, SHORT_BLOCK>(&mut x_padded, &y_padded);
            for (to, from) in x_tail.iter_mut().zip(x_padded) {
                *to = from;
            }
        }
    }};
}

/// Elements per long block: enough to make its one branch cheap.
const LONG_BLOCK: usize = 64;
/// Elements per short block: one AVX-512 vector of `f32`.
const SHORT_BLOCK: usize = 16;

/// One row per function, `name(element type) = block function`: makes the public entry point and
/// a module of the same name holding its copies.
///
/// A block function is `fn<const FUSED: bool, const LENGTH: usize>(&mut [T; LENGTH])`, marked
/// `#[inline(always)]` so that each copy compiles it with its own instruction set. `FUSED` says
/// whether `mul_add` is one instruction.
macro_rules! unary_functions {
    ($($(#[$attribute:meta])* $name:ident($element:ty) = $module:ident::$block:ident;)*) => {$(
        $(#[$attribute])*
        pub fn $name(values: &mut [$element]) {
            $name::run(InstructionSet::widest(), values);
        }

        pub(super) mod $name {
            use super::*;

            pub(in super::super) fn run(set: InstructionSet, values: &mut [$element]) {
                match set {
                    InstructionSet::Baseline => baseline(values),
                    // SAFETY: the value `Avx2` exists only if AVX2 and FMA were detected.
                    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
                    InstructionSet::Avx2 => unsafe { avx2(values) },
                    // SAFETY: the value `Avx512` exists only if AVX-512F was detected.
                    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
                    InstructionSet::Avx512 => unsafe { avx512(values) },
                }
            }

            fn baseline(values: &mut [$element]) {
                for_each_block!(values, $element, $module::$block, false);
            }

            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            #[target_feature(enable = "avx2,fma")]
            fn avx2(values: &mut [$element]) {
                for_each_block!(values, $element, $module::$block, true);
            }

            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            #[target_feature(enable = "avx512f")]
            fn avx512(values: &mut [$element]) {
                for_each_block!(values, $element, $module::$block, true);
            }
        }
    )*};
}

unary_functions! {
    /// Replaces each element by its exponential, within 0.9 ULP.
    exp_f32(f32) = exp::block_f32;
    /// Replaces each element by its exponential, within 0.9 ULP.
    exp_f64(f64) = exp::block_f64;
    /// Replaces each element by its sine.
    sin_f32(f32) = trigonometric_f32::sin_block;
    /// Replaces each element by its sine.
    sin_f64(f64) = trigonometric::sin_block_f64;
    /// Replaces each element by its cosine.
    cos_f32(f32) = trigonometric_f32::cos_block;
    /// Replaces each element by its cosine.
    cos_f64(f64) = trigonometric::cos_block_f64;
    /// Replaces each element by its tangent.
    tan_f32(f32) = trigonometric::tan_block_f32;
    /// Replaces each element by its tangent.
    tan_f64(f64) = trigonometric::tan_block_f64;
    /// Replaces each element by its hyperbolic sine.
    sinh_f32(f32) = hyperbolic::sine_f32;
    /// Replaces each element by its hyperbolic sine.
    sinh_f64(f64) = hyperbolic::sine_f64;
    /// Replaces each element by its hyperbolic cosine.
    cosh_f32(f32) = hyperbolic::cosine_f32;
    /// Replaces each element by its hyperbolic cosine.
    cosh_f64(f64) = hyperbolic::cosine_f64;
    /// Replaces each element by its hyperbolic tangent.
    tanh_f32(f32) = hyperbolic::tangent_f32;
    /// Replaces each element by its hyperbolic tangent.
    tanh_f64(f64) = hyperbolic::tangent_f64;
    /// Replaces each element by its arc sine.
    asin_f32(f32) = inverse_trigonometric::sine_f32;
    /// Replaces each element by its arc sine.
    asin_f64(f64) = inverse_trigonometric::sine_f64;
    /// Replaces each element by its arc cosine.
    acos_f32(f32) = inverse_trigonometric::cosine_f32;
    /// Replaces each element by its arc cosine.
    acos_f64(f64) = inverse_trigonometric::cosine_f64;
    /// Replaces each element by its arc tangent.
    atan_f32(f32) = inverse_trigonometric::tangent_f32;
    /// Replaces each element by its arc tangent.
    atan_f64(f64) = inverse_trigonometric::tangent_f64;
    /// Replaces each element by its error function.
    erf_f32(f32) = error_function::error_function_f32;
    /// Replaces each element by its error function.
    erf_f64(f64) = error_function::error_function_f64;
    /// Replaces each element by the complement to 1 of its error function.
    erfc_f32(f32) = error_function::complement_f32;
    /// Replaces each element by the complement to 1 of its error function.
    erfc_f64(f64) = error_function::complement_f64;
    /// Replaces each element by two to its power, within 1 ULP.
    exp2_f32(f32) = exponential::exp2_f32;
    /// Replaces each element by two to its power, within 1 ULP.
    exp2_f64(f64) = exponential::exp2_f64;
    /// Replaces each element by its exponential less one, within 1 ULP.
    expm1_f32(f32) = exponential::expm1_f32;
    /// Replaces each element by its exponential less one, within 1 ULP (1.1 without fused
    /// multiply-add).
    expm1_f64(f64) = exponential::expm1_f64;
    /// Replaces each element by its inverse hyperbolic sine.
    asinh_f32(f32) = inverse_hyperbolic::sine_f32;
    /// Replaces each element by its inverse hyperbolic sine.
    asinh_f64(f64) = inverse_hyperbolic::sine_f64;
    /// Replaces each element by its inverse hyperbolic cosine.
    acosh_f32(f32) = inverse_hyperbolic::cosine_f32;
    /// Replaces each element by its inverse hyperbolic cosine.
    acosh_f64(f64) = inverse_hyperbolic::cosine_f64;
    /// Replaces each element by its inverse hyperbolic tangent.
    atanh_f32(f32) = inverse_hyperbolic::tangent_f32;
    /// Replaces each element by its inverse hyperbolic tangent.
    atanh_f64(f64) = inverse_hyperbolic::tangent_f64;
    /// Replaces each element by the logarithm of the magnitude of its gamma function, within 2 ULP
    /// except near the zeros at negative arguments.
    lgamma_f32(f32) = gamma::lgamma_f32;
    /// Replaces each element by the logarithm of the magnitude of its gamma function, within 2 ULP
    /// except near the zeros at negative arguments.
    lgamma_f64(f64) = gamma::lgamma_f64;
    /// Replaces each element by its natural logarithm, within 0.8 ULP.
    log_f32(f32) = logarithm::log_f32;
    /// Replaces each element by its natural logarithm, within 0.8 ULP.
    log_f64(f64) = logarithm::log_f64;
    /// Replaces each element by its binary logarithm, within 0.8 ULP.
    log2_f32(f32) = logarithm::log2_f32;
    /// Replaces each element by its binary logarithm, within 0.8 ULP.
    log2_f64(f64) = logarithm::log2_f64;
    /// Replaces each element by its decimal logarithm, within 0.8 ULP.
    log10_f32(f32) = logarithm::log10_f32;
    /// Replaces each element by its decimal logarithm, within 0.8 ULP.
    log10_f64(f64) = logarithm::log10_f64;
    /// Replaces each element by the natural logarithm of one more than it, within 0.8 ULP.
    log1p_f32(f32) = logarithm::log1p_f32;
    /// Replaces each element by the natural logarithm of one more than it, within 0.8 ULP.
    log1p_f64(f64) = logarithm::log1p_f64;
    /// Replaces each element by its cube root, within 0.51 ULP.
    cbrt_f32(f32) = cbrt::block_f32;
    /// Replaces each element by its cube root, within 0.51 ULP.
    cbrt_f64(f64) = cbrt::block_f64;
}

/// As `unary_functions`, for functions of two operands, the first of which is replaced. A block
/// function is `fn<const FUSED: bool, const LENGTH: usize>(&mut [T; LENGTH], &[T; LENGTH])`.
macro_rules! binary_functions {
    ($($(#[$attribute:meta])* $name:ident($element:ty) = $module:ident::$block:ident;)*) => {$(
        $(#[$attribute])*
        pub fn $name(x: &mut [$element], y: &[$element]) {
            $name::run(InstructionSet::widest(), x, y);
        }

        pub(super) mod $name {
            use super::*;

            pub(in super::super) fn run(set: InstructionSet, x: &mut [$element], y: &[$element]) {
                match set {
                    InstructionSet::Baseline => baseline(x, y),
                    // SAFETY: the value `Avx2` exists only if AVX2 and FMA were detected.
                    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
                    InstructionSet::Avx2 => unsafe { avx2(x, y) },
                    // SAFETY: the value `Avx512` exists only if AVX-512F was detected.
                    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
                    InstructionSet::Avx512 => unsafe { avx512(x, y) },
                }
            }

            fn baseline(x: &mut [$element], y: &[$element]) {
                for_each_block_of_two!(x, y, $element, $module::$block, false);
            }

            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            #[target_feature(enable = "avx2,fma")]
            fn avx2(x: &mut [$element], y: &[$element]) {
                for_each_block_of_two!(x, y, $element, $module::$block, true);
            }

            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            #[target_feature(enable = "avx512f")]
            fn avx512(x: &mut [$element], y: &[$element]) {
                for_each_block_of_two!(x, y, $element, $module::$block, true);
            }
        }
    )*};
}

binary_functions! {
    /// Replaces each element y by the angle of the point (x, y). Elements without a counterpart stay as they are.
    atan2_f32(f32) = inverse_trigonometric::angle_f32;
    /// Replaces each element y by the angle of the point (x, y). Elements without a counterpart stay as they are.
    atan2_f64(f64) = inverse_trigonometric::angle_f64;
    /// Replaces each x by x^y, within 0.6 ULP, with the special cases of C99's `pow`.
    power_f32(f32) = power::block_f32;
    /// Replaces each x by x^y, within 1.0 ULP, with the special cases of C99's `pow`.
    power_f64(f64) = power::block_f64;
    /// Replaces each x by the square root of x^2 + y^2, within 0.51 ULP. Infinite if either is.
    hypot_f32(f32) = hypot::block_f32;
    /// Replaces each x by the square root of x^2 + y^2, within 0.51 ULP. Infinite if either is.
    hypot_f64(f64) = hypot::block_f64;
    /// Replaces each x by log(e^x + e^y).
    logaddexp_f32(f32) = logaddexp::block_f32;
    /// Replaces each x by log(e^x + e^y).
    logaddexp_f64(f64) = logaddexp::block_f64;
    /// Replaces each x by log2(2^x + 2^y).
    logaddexp2_f32(f32) = logaddexp::block_2_f32;
    /// Replaces each x by log2(2^x + 2^y).
    logaddexp2_f64(f64) = logaddexp::block_2_f64;
}
