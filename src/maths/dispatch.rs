//! Compiles each block function once per instruction set and picks one at run time.
#![allow(unsafe_code)]

use super::{exp, hyperbolic, trigonometric};
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
    sin_f32(f32) = trigonometric::sine_f32;
    /// Replaces each element by its sine.
    sin_f64(f64) = trigonometric::sine_f64;
    /// Replaces each element by its cosine.
    cos_f32(f32) = trigonometric::cosine_f32;
    /// Replaces each element by its cosine.
    cos_f64(f64) = trigonometric::cosine_f64;
    /// Replaces each element by its tangent.
    tan_f32(f32) = trigonometric::tangent_f32;
    /// Replaces each element by its tangent.
    tan_f64(f64) = trigonometric::tangent_f64;
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
}
