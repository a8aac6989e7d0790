//! Runs a function on slices with the widest vectors the processor has.
#![allow(unsafe_code)]

use super::{Binary, Unary};
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

/// Replaces each value by the function of it.
pub fn unary<F: Unary<T>, T: Copy + Default>(values: &mut [T]) {
    run_unary::<F, T>(InstructionSet::widest(), values);
}

/// Replaces each `x` by the function of it and its `y`. Elements without a counterpart stay as they are.
pub fn binary<F: Binary<T>, T: Copy + Default>(x: &mut [T], y: &[T]) {
    run_binary::<F, T>(InstructionSet::widest(), x, y);
}

/// Makes `$run`, which runs the copy of `$blocks` for an instruction set.
macro_rules! copies {
    ($run:ident, $function:ident, $blocks:ident, $($operand:ident: $slice:ty),+) => {
        pub(super) fn $run<F: $function<T>, T: Copy + Default>(set: InstructionSet, $($operand: $slice),+) {
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            #[target_feature(enable = "avx2,fma")]
            fn avx2<F: $function<T>, T: Copy + Default>($($operand: $slice),+) {
                $blocks::<F, T, true>($($operand),+);
            }

            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            #[target_feature(enable = "avx512f")]
            fn avx512<F: $function<T>, T: Copy + Default>($($operand: $slice),+) {
                $blocks::<F, T, true>($($operand),+);
            }

            match set {
                InstructionSet::Baseline => $blocks::<F, T, false>($($operand),+),
                // SAFETY: the value `Avx2` exists only if AVX2 and FMA were detected.
                #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
                InstructionSet::Avx2 => unsafe { avx2::<F, T>($($operand),+) },
                // SAFETY: the value `Avx512` exists only if AVX-512F was detected.
                #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
                InstructionSet::Avx512 => unsafe { avx512::<F, T>($($operand),+) },
            }
        }
    };
}
copies! { run_unary, Unary, unary_blocks, values: &mut [T] }
copies! { run_binary, Binary, binary_blocks, x: &mut [T], y: &[T] }

/// Elements per long block: enough to make its one branch cheap.
const LONG_BLOCK: usize = 64;
/// Elements per short block: one AVX-512 vector of `f32`.
const SHORT_BLOCK: usize = 16;

/// Long blocks, then short ones, then the last elements in a padded short block, so that every element goes
/// through the same operations. Inlined, to be compiled with the instruction set of its caller.
#[inline(always)]
fn unary_blocks<F: Unary<T>, T: Copy + Default, const FUSED: bool>(values: &mut [T]) {
    let (long_blocks, rest) = values.as_chunks_mut::<LONG_BLOCK>();
    for block in long_blocks {
        F::block::<FUSED, LONG_BLOCK>(block);
    }
    let (short_blocks, tail) = rest.as_chunks_mut::<SHORT_BLOCK>();
    for block in short_blocks {
        F::block::<FUSED, SHORT_BLOCK>(block);
    }
    if !tail.is_empty() {
        let mut padded = padded(tail);
        F::block::<FUSED, SHORT_BLOCK>(&mut padded);
        for (to, from) in tail.iter_mut().zip(padded) {
            *to = from;
        }
    }
}

/// As `unary_blocks`, up to the shorter of both slices.
#[inline(always)]
fn binary_blocks<F: Binary<T>, T: Copy + Default, const FUSED: bool>(x: &mut [T], y: &[T]) {
    let length = x.len().min(y.len());
    let (x_long, x_rest) = x[..length].as_chunks_mut::<LONG_BLOCK>();
    let (y_long, y_rest) = y[..length].as_chunks::<LONG_BLOCK>();
    for (x, y) in x_long.iter_mut().zip(y_long) {
        F::block::<FUSED, LONG_BLOCK>(x, y);
    }
    let (x_short, x_tail) = x_rest.as_chunks_mut::<SHORT_BLOCK>();
    let (y_short, y_tail) = y_rest.as_chunks::<SHORT_BLOCK>();
    for (x, y) in x_short.iter_mut().zip(y_short) {
        F::block::<FUSED, SHORT_BLOCK>(x, y);
    }
    if !x_tail.is_empty() {
        let mut padded_x = padded(x_tail);
        F::block::<FUSED, SHORT_BLOCK>(&mut padded_x, &padded(y_tail));
        for (to, from) in x_tail.iter_mut().zip(padded_x) {
            *to = from;
        }
    }
}

#[inline(always)]
fn padded<T: Copy + Default>(tail: &[T]) -> [T; SHORT_BLOCK] {
    let mut padded = [T::default(); SHORT_BLOCK];
    for (to, from) in padded.iter_mut().zip(tail) {
        *to = *from;
    }
    padded
}
