//! Reductions: which functions of the runtime combine elements for an accumulator, and results over chunks.
#![allow(unsafe_code)]

use crate::lower::{Accumulator, COLUMNS};
use fusewire_ir::reduce::LANE_BYTES;
use fusewire_ir::{DType, ReduceOp, Scalar};
use fusewire_runtime::tree::{
    Combine, Functions, MaxF32, MaxF64, MaxI32, MaxI64, MaxU64, MinF32, MinF64, MinI32, MinI64, MinU64,
    ProdF32, ProdF64, ProdI64, SumF32, SumF64, SumI64, Total,
};

// What the order of reductions is defined by, and what the runtime has room for.
const _: () = assert!(LANE_BYTES == fusewire_runtime::tree::LANE_BYTES);
const _: () = assert!(COLUMNS == fusewire_runtime::tree::COLUMNS);

/// The functions for an accumulator. A dtype that no reduction accumulates in (see
/// [`ReduceOp::accumulator`]) gets those of `i64`.
pub(crate) fn functions(accumulator: Accumulator) -> Functions {
    match (accumulator.op, accumulator.dtype) {
        (ReduceOp::Sum | ReduceOp::Mean, DType::F32) => SumF32::functions(),
        (ReduceOp::Sum | ReduceOp::Mean, DType::F64) => SumF64::functions(),
        (ReduceOp::Sum | ReduceOp::Mean, _) => SumI64::functions(),
        (ReduceOp::Prod, DType::F32) => ProdF32::functions(),
        (ReduceOp::Prod, DType::F64) => ProdF64::functions(),
        (ReduceOp::Prod, _) => ProdI64::functions(),
        (ReduceOp::Min | ReduceOp::Infimum, DType::F32) => MinF32::functions(),
        (ReduceOp::Min | ReduceOp::Infimum, DType::F64) => MinF64::functions(),
        (ReduceOp::Min | ReduceOp::Infimum, DType::I32) => MinI32::functions(),
        (ReduceOp::Min | ReduceOp::Infimum, DType::U64) => MinU64::functions(),
        (ReduceOp::Max | ReduceOp::Supremum, DType::U64) => MaxU64::functions(),
        (ReduceOp::Min | ReduceOp::Infimum, _) => MinI64::functions(),
        (ReduceOp::Max | ReduceOp::Supremum, DType::F32) => MaxF32::functions(),
        (ReduceOp::Max | ReduceOp::Supremum, DType::F64) => MaxF64::functions(),
        (ReduceOp::Max | ReduceOp::Supremum, DType::I32) => MaxI32::functions(),
        (ReduceOp::Max | ReduceOp::Supremum, _) => MaxI64::functions(),
    }
}

/// Combines the results of consecutive chunks, each of the same power of two of blocks but for the
/// last, in the order in which one pass over all blocks would have combined them.
pub(crate) fn combine_chunks(accumulator: Accumulator, chunks: impl Iterator<Item = u64>) -> u64 {
    fusewire_runtime::tree::combine_chunks(tree_function(accumulator), chunks)
}

/// How two tree values of an accumulator combine, the earlier one first.
pub(crate) fn tree_function(accumulator: Accumulator) -> fn(u64, u64) -> u64 {
    match (accumulator.op, accumulator.dtype.is_float()) {
        (ReduceOp::Min | ReduceOp::Infimum, _) if accumulator.dtype == DType::U64 => MinU64::tree,
        (ReduceOp::Max | ReduceOp::Supremum, _) if accumulator.dtype == DType::U64 => MaxU64::tree,
        (ReduceOp::Sum | ReduceOp::Mean, true) => SumF64::tree,
        (ReduceOp::Sum | ReduceOp::Mean, false) => SumI64::tree,
        (ReduceOp::Prod, true) => ProdF64::tree,
        (ReduceOp::Prod, false) => ProdI64::tree,
        (ReduceOp::Min | ReduceOp::Infimum, true) => MinF64::tree,
        (ReduceOp::Min | ReduceOp::Infimum, false) => MinI64::tree,
        (ReduceOp::Max | ReduceOp::Supremum, true) => MaxF64::tree,
        (ReduceOp::Max | ReduceOp::Supremum, false) => MaxI64::tree,
    }
}

/// How tree values become elements of the accumulator's dtype.
pub(crate) const fn total(accumulator: Accumulator) -> Total {
    match accumulator.dtype {
        DType::F32 => Total::F32,
        DType::F64 => Total::F64,
        DType::I64 | DType::U64 => Total::I64,
        _ => Total::I32,
    }
}

/// Makes results of the tree values at every `step`-th of these words, over `count` elements each, and writes them one
/// after another.
///
/// # Safety
/// `to` has room for as many elements of the accumulator's dtype.
pub(crate) unsafe fn write_totals(
    accumulator: Accumulator,
    words: &[u64],
    step: usize,
    results: usize,
    count: u64,
    to: *mut u8,
) {
    assert!(results == 0 || (results - 1) * step < words.len());
    let divisor = if accumulator.op == ReduceOp::Mean { count } else { 1 };
    let (total, step, results) = (total(accumulator), step as u64, results as u64);
    // SAFETY: the words are there, and the rest is the caller's promise.
    unsafe { fusewire_runtime::tree::write_totals(total, words.as_ptr(), step, results, divisor, to) };
}

/// Writes one element.
///
/// # Safety
/// `to` has room for `at + 1` elements of the scalar's dtype.
pub(crate) unsafe fn write(to: *mut u8, at: usize, scalar: Scalar) {
    let (bits, bytes) = (scalar.bits().to_le_bytes(), scalar.dtype().bytes());
    // SAFETY: the caller's promise; elements are stored as their bits, lowest byte first.
    unsafe { std::ptr::copy_nonoverlapping(bits.as_ptr(), to.add(at * bytes), bytes) };
}
