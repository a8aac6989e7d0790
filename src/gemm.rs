//! Products of two matrices in memory, by `matrixmultiply`.
//!
//! It copies blocks of both operands whatever their strides are, and sums each element of the result in blocks
//! of a fixed length, so that its bits follow from the numbers alone: not from layouts, nor from the rows that
//! one call is given.
#![allow(unsafe_code)]

use crate::lines::{Matrix, Plain};

/// A type whose products are `matrixmultiply`'s.
pub(crate) trait Real: Plain {
    /// C = A B.
    ///
    /// # Safety
    /// As for `matrixmultiply::dgemm`: strides are in elements, aligned elements are readable and those of C
    /// writable, and none of C is another, nor one of A or B.
    #[allow(clippy::too_many_arguments)]
    unsafe fn product(
        sizes: [usize; 3],
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
                a: (*const Self, isize, isize),
                b: (*const Self, isize, isize),
                c: (*mut Self, isize, isize),
            ) {
                // SAFETY: the caller's promise.
                unsafe {
                    matrixmultiply::$gemm(
                        rows, summed, columns, 1.0, a.0, a.1, a.2, b.0, b.1, b.2, 0.0, c.0, c.1, c.2,
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
                (at_a.0 as *const T, at_a.1, at_a.2),
                (at_b.0 as *const T, at_b.1, at_b.2),
                (at_c.0 as *mut T, at_c.1, at_c.2),
            );
        }
        return;
    }
    // Elements that do not lie on their own boundaries, as no slice has them, are copied.
    let (dense_a, dense_b) = (a.elements::<T>(), b.elements::<T>());
    let mut dense_c = vec![T::default(); sizes[0] * sizes[2]];
    let (summed, columns) = (sizes[1] as isize, sizes[2] as isize);
    // SAFETY: dense matrices of these sizes.
    unsafe {
        T::product(
            sizes,
            (dense_a.as_ptr(), summed, 1),
            (dense_b.as_ptr(), columns, 1),
            (dense_c.as_mut_ptr(), columns, 1),
        );
    }
    for (row, elements) in dense_c.chunks_exact(sizes[2]).enumerate() {
        c.row(row as u64).write(0, elements);
    }
}
