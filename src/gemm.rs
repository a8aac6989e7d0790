//! Products of two matrices in memory, by `matrixmultiply`.
//!
//! It copies blocks of both operands whatever their strides are, and sums each element of the result in blocks
//! of a fixed length, so that its bits follow from the numbers alone: not from layouts, nor from the rows that
//! one call is given. Memory for these blocks is its own: [`packed_bytes`] says how much.
#![allow(unsafe_code)]

use crate::lines::{Matrix, Plain};

/// A type whose products are `matrixmultiply`'s.
pub(crate) trait Real: Plain {
    /// C = A B, or C + A B.
    ///
    /// # Safety
    /// As for `matrixmultiply::dgemm`: strides are in elements, aligned elements are readable and those of C
    /// writable, and none of C is another, nor one of A or B.
    #[allow(clippy::too_many_arguments)]
    unsafe fn product(
        sizes: [usize; 3],
        adds: bool,
        a: (*const Self, isize, isize),
        b: (*const Self, isize, isize),
        c: (*mut Self, isize, isize),
    );
}

macro_rules! real {
    ($($real:ty: $gemm:ident;)+) => { $(
        impl Real for $real {
            unsafe fn product(
                [rows, summed, columns]: [usize; 3],
                adds: bool,
                a: (*const Self, isize, isize),
                b: (*const Self, isize, isize),
                c: (*mut Self, isize, isize),
            ) {
                let kept = if adds { 1.0 } else { 0.0 };
                // SAFETY: the caller's promise.
                unsafe {
                    matrixmultiply::$gemm(
                        rows, summed, columns, 1.0, a.0, a.1, a.2, b.0, b.1, b.2, kept, c.0, c.1, c.2,
                    );
                }
            }
        }
    )+ };
}
real! {
    f32: sgemm;
    f64: dgemm;
}

/// Address and strides in elements, where they are whole and aligned.
fn in_elements<T>(matrix: &Matrix) -> Option<(i64, isize, isize)> {
    let size = size_of::<T>() as i64;
    let (address, row, column) = matrix.place();
    let whole = |bytes: i64| (bytes % size == 0).then_some((bytes / size) as isize);
    let is_aligned = address % align_of::<T>() as i64 == 0;
    Some((address, whole(row)?, whole(column)?)).filter(|_| is_aligned)
}

/// Writes the product of two matrices that fit.
pub(crate) fn multiply<T: Real>(a: &Matrix, b: &Matrix, c: &Matrix) {
    let sizes = [a.rows() as usize, a.columns() as usize, b.columns() as usize];
    if sizes[0] == 0 || sizes[2] == 0 {
        return;
    }
    if let (Some(at_a), Some(at_b), Some(at_c)) =
        (in_elements::<T>(a), in_elements::<T>(b), in_elements::<T>(c))
    {
        // SAFETY: the matrices are parts of arrays that the binding has checked, with elements of `T`, whole
        // strides and aligned addresses; sizes fit, and no result shares memory with an operand.
        unsafe {
            T::product(
                sizes,
                false,
                (at_a.0 as *const T, at_a.1, at_a.2),
                (at_b.0 as *const T, at_b.1, at_b.2),
                (at_c.0 as *mut T, at_c.1, at_c.2),
            );
        }
        return;
    }
    // Elements that do not lie on their own boundaries, as no slice has them, are copied block by block. The summed
    // axis is cut where `matrixmultiply` cuts it, so that the bits are the same.
    for (first_column, columns) in blocks(sizes[2], COPIED) {
        for (first_row, rows) in blocks(sizes[0], PACKED[0]) {
            let mut product = vec![T::default(); rows * columns];
            for (first, summed) in blocks(sizes[1], PACKED[1]) {
                let left = a.part(first_row, rows, first, summed).elements::<T>();
                let right = b.part(first, summed, first_column, columns).elements::<T>();
                // SAFETY: dense matrices of these sizes.
                unsafe {
                    T::product(
                        [rows, summed, columns],
                        first > 0,
                        (left.as_ptr(), summed as isize, 1),
                        (right.as_ptr(), columns as isize, 1),
                        (product.as_mut_ptr(), columns as isize, 1),
                    );
                }
            }
            for (row, elements) in product.chunks_exact(columns).enumerate() {
                c.row((first_row + row) as u64).write(first_column as u64, elements);
            }
        }
    }
}

/// The most rows of A, elements of the summed axis and columns of B that `matrixmultiply` packs at once: `D_MC`, `D_KC` and
/// `D_NC` of its `archparam_defaults.rs`, which are those of `f32` as well.
const PACKED: [usize; 3] = [64, 256, 1024];
/// Packed rows and columns are whole ones of a kernel, which has at most so many: `KERNEL_MAX_MR` and `KERNEL_MAX_NR`.
const KERNEL: usize = 16;
/// The most columns of B that are copied at once.
const COPIED: usize = 256;

/// The most bytes that a product has for blocks of its operands, on one thread; `is_copied` where elements are not aligned.
pub(crate) fn packed_bytes([rows, summed, columns]: [u64; 3], item: usize, is_copied: bool) -> usize {
    let most = |size: u64, most: usize| usize::try_from(size).map_or(most, |size| size.min(most));
    let (rows, summed) = (most(rows, PACKED[0]), most(summed, PACKED[1]));
    let (all, few) = (most(columns, PACKED[2]), most(columns, COPIED));
    let whole = |size: usize| size.next_multiple_of(KERNEL);
    let packed = (whole(rows) + whole(all)) * summed;
    let copied = if is_copied { (rows + few) * summed + rows * few } else { 0 };
    (packed + copied) * item + ALIGNMENT
}

/// What the allocation of packed blocks may have beside them.
const ALIGNMENT: usize = 64;

/// Pieces of so many elements, each with where it begins.
fn blocks(size: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..size).step_by(most).map(move |first| (first, most.min(size - first)))
}
