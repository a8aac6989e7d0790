//! Runs a function on slices with the widest vectors the processor has.
#![allow(unsafe_code)]

use super::{BLOCK_LENGTH, Binary, Unary};
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

/// Elements to compute: `count` at `x` and, for functions of two operands, at `y`, with the results at `result`.
#[derive(Clone, Copy)]
pub(super) struct Run<T> {
    pub result: *mut T,
    pub x: *const T,
    pub y: *const T,
    pub count: usize,
}

/// Writes the function of each element of `x` to `result`.
///
/// # Safety
/// As for [`binary`].
pub unsafe fn unary<F: Unary<T>, T: Copy + Default>(result: *mut T, x: *const T, count: usize) {
    // SAFETY: the caller's promise.
    unsafe { run_unary::<F, T>(InstructionSet::widest(), Run { result, x, y: x, count }) };
}

/// Writes the function of each element of `x` and its element of `y` to `result`.
///
/// # Safety
/// `count` elements can be read from `x` and `y`, and written to `result`; nobody else uses those meanwhile.
/// Each operand has the same address as the result or no byte in common with it. None need be aligned.
pub unsafe fn binary<F: Binary<T>, T: Copy + Default>(
    result: *mut T,
    x: *const T,
    y: *const T,
    count: usize,
) {
    // SAFETY: the caller's promise.
    unsafe { run_binary::<F, T>(InstructionSet::widest(), Run { result, x, y, count }) };
}

/// Makes `$run`, which runs the copy of `$blocks` for an instruction set.
macro_rules! copies {
    ($run:ident, $function:ident, $blocks:ident) => {
        /// # Safety
        /// As for [`binary`].
        pub(super) unsafe fn $run<F: $function<T>, T: Copy + Default>(set: InstructionSet, run: Run<T>) {
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            #[target_feature(enable = "avx2,fma")]
            unsafe fn avx2<F: $function<T>, T: Copy + Default>(run: Run<T>) {
                // SAFETY: the caller's promise.
                unsafe { $blocks::<F, T, true>(run) };
            }

            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            #[target_feature(enable = "avx512f")]
            unsafe fn avx512<F: $function<T>, T: Copy + Default>(run: Run<T>) {
                // SAFETY: the caller's promise.
                unsafe { $blocks::<F, T, true>(run) };
            }

            match set {
                // SAFETY: the caller's promise.
                InstructionSet::Baseline => unsafe { $blocks::<F, T, false>(run) },
                // SAFETY: the caller's promise; the value `Avx2` exists only if AVX2 and FMA were detected.
                #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
                InstructionSet::Avx2 => unsafe { avx2::<F, T>(run) },
                // SAFETY: the caller's promise; the value `Avx512` exists only if AVX-512F was detected.
                #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
                InstructionSet::Avx512 => unsafe { avx512::<F, T>(run) },
            }
        }
    };
}
copies! { run_unary, Unary, unary_blocks }
copies! { run_binary, Binary, binary_blocks }

/// Elements per short block: one AVX-512 vector of `f32`.
const SHORT_BLOCK: usize = 16;

/// Blocks of the length that the function asks for, then short ones, then the last elements in a padded short block,
/// so that every element goes through the same operations. Inlined, to be compiled with the instruction set
/// of its caller.
///
/// # Safety
/// As for [`binary`].
#[inline(always)]
unsafe fn unary_blocks<F: Unary<T>, T: Copy + Default, const FUSED: bool>(run: Run<T>) {
    // SAFETY: the caller's promise; all blocks are within the run.
    unsafe {
        let mut at = 0;
        if run.result.is_aligned() {
            match F::BLOCK_LENGTH {
                16 => {}
                64 => at = whole_blocks::<F, T, FUSED, 64>(&run, at),
                128 => at = whole_blocks::<F, T, FUSED, 128>(&run, at),
                _ => const { assert!(matches!(F::BLOCK_LENGTH, 16 | 64 | 128)) },
            }
            at = whole_blocks::<F, T, FUSED, SHORT_BLOCK>(&run, at);
        }
        while at < run.count {
            let length = SHORT_BLOCK.min(run.count - at);
            let mut padded = Padded([T::default(); SHORT_BLOCK]);
            F::block::<FUSED, SHORT_BLOCK>(&Padded::of(run.x.add(at), length).0, &mut padded.0);
            copy(padded.0.as_ptr(), run.result.add(at), length);
            at += length;
        }
    }
}

/// All blocks of `LENGTH` from the element at `at` on. Returns where it ends.
///
/// # Safety
/// As for [`binary`]; the result is aligned.
#[inline(always)]
unsafe fn whole_blocks<F: Unary<T>, T: Copy + Default, const FUSED: bool, const LENGTH: usize>(
    run: &Run<T>,
    mut at: usize,
) -> usize {
    // SAFETY: the caller's promise; all blocks are within the run.
    unsafe {
        let mut x = Operand::<T, LENGTH>::new(run.x, run);
        while run.count - at >= LENGTH {
            F::block::<FUSED, LENGTH>(x.block(at), &mut *run.result.add(at).cast());
            at += LENGTH;
        }
    }
    at
}

/// As `unary_blocks`, with blocks of [`BLOCK_LENGTH`].
///
/// # Safety
/// As for [`binary`].
#[inline(always)]
unsafe fn binary_blocks<F: Binary<T>, T: Copy + Default, const FUSED: bool>(run: Run<T>) {
    // SAFETY: the caller's promise; all blocks are within the run.
    unsafe {
        let mut at = 0;
        if run.result.is_aligned() {
            let (mut x, mut y) = (Operand::<T, BLOCK_LENGTH>::new(run.x, &run), Operand::new(run.y, &run));
            while run.count - at >= BLOCK_LENGTH {
                F::block::<FUSED, BLOCK_LENGTH>(x.block(at), y.block(at), &mut *run.result.add(at).cast());
                at += BLOCK_LENGTH;
            }
            let (mut x, mut y) = (Operand::<T, SHORT_BLOCK>::new(run.x, &run), Operand::new(run.y, &run));
            while run.count - at >= SHORT_BLOCK {
                F::block::<FUSED, SHORT_BLOCK>(x.block(at), y.block(at), &mut *run.result.add(at).cast());
                at += SHORT_BLOCK;
            }
        }
        while at < run.count {
            let length = SHORT_BLOCK.min(run.count - at);
            let mut padded = Padded([T::default(); SHORT_BLOCK]);
            let (x, y) = (Padded::of(run.x.add(at), length), Padded::of(run.y.add(at), length));
            F::block::<FUSED, SHORT_BLOCK>(&x.0, &y.0, &mut padded.0);
            copy(padded.0.as_ptr(), run.result.add(at), length);
            at += length;
        }
    }
}

/// What blocks of an operand are read from.
struct Operand<T, const LENGTH: usize> {
    first: *const T,
    /// Blocks are copied before they are used, as they are not aligned or are where the results go.
    is_copied: bool,
    copied: Padded<T, LENGTH>,
}

impl<T: Copy + Default, const LENGTH: usize> Operand<T, LENGTH> {
    #[inline(always)]
    fn new(first: *const T, run: &Run<T>) -> Self {
        let is_copied = first == run.result.cast_const() || !first.is_aligned();
        Self { first, is_copied, copied: Padded([T::default(); LENGTH]) }
    }

    /// The block from the element at `at` on.
    ///
    /// # Safety
    /// It can be read, and is not written while the result lives unless it is where the results go.
    #[inline(always)]
    unsafe fn block(&mut self, at: usize) -> &[T; LENGTH] {
        // SAFETY: the caller's promise.
        unsafe {
            if self.is_copied {
                self.copied = Padded::of(self.first.add(at), LENGTH);
                &self.copied.0
            } else {
                &*self.first.add(at).cast::<[T; LENGTH]>()
            }
        }
    }
}

/// Copies elements that need not be aligned.
///
/// # Safety
/// `length` elements can be read and written, and have no byte in common.
#[inline(always)]
unsafe fn copy<T>(from: *const T, to: *mut T, length: usize) {
    // SAFETY: the caller's promise.
    unsafe { std::ptr::copy_nonoverlapping(from.cast::<u8>(), to.cast::<u8>(), length * size_of::<T>()) };
}

/// On a cache line. It aligns the stack of the whole function too: elsewhere, vectors that are spilled would
/// lie across two lines.
#[repr(align(64))]
struct Padded<T, const LENGTH: usize>([T; LENGTH]);

impl<T: Copy + Default, const LENGTH: usize> Padded<T, LENGTH> {
    /// The elements at `x`, no more than `LENGTH`, then zeros.
    ///
    /// # Safety
    /// `length` elements can be read from `x`, which need not be aligned.
    #[inline(always)]
    unsafe fn of(x: *const T, length: usize) -> Self {
        let mut padded = Self([T::default(); LENGTH]);
        // SAFETY: the caller's promise; the array is as long.
        unsafe { copy(x, padded.0.as_mut_ptr(), length.min(LENGTH)) };
        padded
    }
}

/// Functions on slices, in place.
pub mod slices {
    #[cfg(test)]
    use super::Binary;
    use super::{InstructionSet, Run, Unary};

    pub(in crate::maths) fn run_unary<F: Unary<T>, T: Copy + Default>(set: InstructionSet, values: &mut [T]) {
        let (result, x, count) = (values.as_mut_ptr(), values.as_ptr(), values.len());
        // SAFETY: the slice is of that length.
        unsafe { super::run_unary::<F, T>(set, Run { result, x, y: x, count }) };
    }

    /// Elements without a counterpart stay as they are.
    #[cfg(test)]
    pub(in crate::maths) fn run_binary<F: Binary<T>, T: Copy + Default>(
        set: InstructionSet,
        x: &mut [T],
        y: &[T],
    ) {
        let (result, count) = (x.as_mut_ptr(), x.len().min(y.len()));
        // SAFETY: both slices are at least as long.
        unsafe { super::run_binary::<F, T>(set, Run { result, x: result, y: y.as_ptr(), count }) };
    }

    /// Replaces each element by the function of it.
    pub fn unary<F: Unary<T>, T: Copy + Default>(values: &mut [T]) {
        run_unary::<F, T>(InstructionSet::widest(), values);
    }

    /// Replaces each element of `x` by the function of it and its element of `y`.
    #[cfg(test)]
    pub fn binary<F: Binary<T>, T: Copy + Default>(x: &mut [T], y: &[T]) {
        run_binary::<F, T>(InstructionSet::widest(), x, y);
    }
}

#[cfg(test)]
mod tests {
    use super::{InstructionSet, Run, run_binary, run_unary, slices};
    use crate::maths::{Cbrt, Power};

    const COUNT: usize = 150;

    /// Bytes whose start is a cache line.
    #[repr(align(64))]
    struct Memory([u8; 2048]);

    fn arguments(seed: u32) -> Vec<f32> {
        (0..COUNT as u32).map(|at| ((at * 37 + seed) % 101) as f32 / 9.0).collect()
    }

    /// Memory with these elements from the byte at `first` on.
    fn memory(elements: &[f32], first: usize) -> Memory {
        let mut memory = Memory([0xaa; 2048]);
        let bytes: Vec<u8> = elements.iter().flat_map(|x| x.to_ne_bytes()).collect();
        memory.0[first..first + bytes.len()].copy_from_slice(&bytes);
        memory
    }

    #[test]
    fn results_beside_the_operands_and_without_alignment_have_the_same_bits() {
        let x = arguments(0);
        for set in InstructionSet::available() {
            let mut expected = x.clone();
            slices::run_unary::<Cbrt, f32>(set, &mut expected);
            for count in [0, 1, 15, 16, 63, 64, 65, 100, COUNT] {
                for (from, to) in [(0, 0), (3, 4), (4, 3), (1, 2)] {
                    let (operand, mut result) = (memory(&x, from), memory(&[], 0));
                    let run = Run {
                        result: result.0[to..].as_mut_ptr().cast(),
                        x: operand.0[from..].as_ptr().cast(),
                        y: std::ptr::null(),
                        count,
                    };
                    // SAFETY: both have room for COUNT elements from there on; there is no second operand.
                    unsafe { run_unary::<Cbrt, f32>(set, run) };
                    assert!(result.0 == memory(&expected[..count], to).0, "{set:?} {count} {from} {to}");
                }
            }
        }
    }

    #[test]
    fn a_result_may_stand_where_either_operand_does() {
        let (x, y) = (arguments(0), arguments(50));
        for set in InstructionSet::available() {
            let (mut expected, mut squared) = (x.clone(), x.clone());
            slices::run_binary::<Power, f32>(set, &mut expected, &y);
            slices::run_binary::<Power, f32>(set, &mut squared, &x);
            for first in [0, 4, 1] {
                for count in [1, 16, 64, 100, COUNT] {
                    let (operand, mut second) = (memory(&x, first), memory(&y, first));
                    let result = second.0[first..].as_mut_ptr().cast();
                    let run = Run { result, x: operand.0[first..].as_ptr().cast(), y: result, count };
                    // SAFETY: both have room for COUNT elements from there on.
                    unsafe { run_binary::<Power, f32>(set, run) };
                    let expected = [&expected[..count], &y[count..]].concat();
                    assert!(second.0 == memory(&expected, first).0, "{set:?} {count} {first}");

                    let mut both = memory(&x, first);
                    let result = both.0[first..].as_mut_ptr().cast();
                    // SAFETY: as above.
                    unsafe { run_binary::<Power, f32>(set, Run { result, x: result, y: result, count }) };
                    let expected = [&squared[..count], &x[count..]].concat();
                    assert!(both.0 == memory(&expected, first).0, "{set:?} {count} {first}");
                }
            }
        }
    }
}
