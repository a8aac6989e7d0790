//! Matrix products over any number of axes.

use super::{Lanes, PIECE};
use crate::gemm;
use crate::lines::{Array, Matrix, Plain};
use fusewire_ir::DType;
use smallvec::SmallVec;

/// Rows that one call of a routine multiplies, at least: the other operand is copied for every call.
const ROWS: u64 = 64;

/// An axis of the result: how many elements, and how far each step moves in the operands and the result.
#[derive(Clone, Copy)]
struct Axis {
    size: u64,
    steps: [i64; 3],
}

type Axes = SmallVec<[Axis; 6]>;

/// Axes with as few of them as do for all arrays, without those of one element.
fn merged(axes: impl Iterator<Item = Axis>) -> Axes {
    let mut merged = Axes::new();
    for axis in axes.filter(|axis| axis.size != 1) {
        match merged.last_mut() {
            Some(outer)
                if (0..3).all(|at| {
                    i128::from(outer.steps[at]) == i128::from(axis.steps[at]) * i128::from(axis.size)
                }) =>
            {
                *outer = Axis { size: outer.size * axis.size, steps: axis.steps };
            }
            _ => merged.push(axis),
        }
    }
    merged
}

/// The longest of axes, which becomes rows or columns; the others are looped over.
fn longest(axes: &mut Axes) -> Axis {
    let at = (0..axes.len()).max_by_key(|at| axes[*at].size);
    at.map_or(Axis { size: 1, steps: [0; 3] }, |at| axes.remove(at))
}

/// Writes the product of two operands whose first `batch` axes are the same.
pub(super) fn matmul(a: &Array, b: &Array, results: &[Array], batch: usize, dtype: DType, parts: u64) {
    for c in results {
        let left = a.sizes().len() - 1 - batch;
        let axis = |at: [Option<usize>; 3]| {
            let step = |array: &Array, at: Option<usize>| at.map_or(0, |at| array.stride(at));
            let size = at[2].map_or(1, |at| c.sizes()[at]);
            Axis { size, steps: [step(a, at[0]), step(b, at[1]), step(c, at[2])] }
        };
        let own = c.sizes().len() - batch - left;
        let mut rows = merged((batch..batch + left).map(|at| axis([Some(at), None, Some(at)])));
        let mut columns =
            merged((0..own).map(|at| axis([None, Some(batch + 1 + at), Some(batch + left + at)])));
        let (row, column) = (longest(&mut rows), longest(&mut columns));
        let mut outer: Axes = (0..batch).map(|at| axis([Some(at), Some(at), Some(at)])).collect();
        outer.extend(rows);
        outer.extend(columns);
        let count: u64 = outer.iter().map(|axis| axis.size).product();
        let summed = a.sizes()[batch + left];
        let last = [a.stride(batch + left), b.stride(batch)];

        // Rows are cut where there are too few products for all parts.
        let cuts = parts.div_ceil(count.max(1)).min(row.size.div_ceil(ROWS)).max(1);
        let height = row.size.div_ceil(cuts).max(1);
        let cuts = row.size.div_ceil(height);
        Lanes { scratch: &mut [], parts }.each(0..count * cuts, 0, &|numbers, _| {
            for number in numbers {
                let (mut rest, first) = (number / cuts, number % cuts * height);
                let mut moved = [first as i64 * row.steps[0], 0, first as i64 * row.steps[2]];
                for axis in outer.iter().rev() {
                    let at = (rest % axis.size) as i64;
                    rest /= axis.size;
                    moved.iter_mut().zip(axis.steps).for_each(|(moved, step)| *moved += at * step);
                }
                let height = height.min(row.size - first);
                let left = a.matrix(moved[0], (height, row.steps[0]), (summed, last[0]));
                let right = b.matrix(moved[1], (summed, last[1]), (column.size, column.steps[1]));
                let product = c.matrix(moved[2], (height, row.steps[2]), (column.size, column.steps[2]));
                multiply(&left, &right, &product, dtype);
            }
        });
    }
}

fn multiply(a: &Matrix, b: &Matrix, c: &Matrix, dtype: DType) {
    match dtype {
        DType::F32 => gemm::multiply::<f32>(a, b, c),
        DType::F64 => gemm::multiply::<f64>(a, b, c),
        DType::Bool => integers(a, b, c, |sum: u8, x: u8, y: u8| sum | (x & y)),
        DType::I8 | DType::U8 => integers(a, b, c, |sum: u8, x, y| sum.wrapping_add(x.wrapping_mul(y))),
        DType::I16 | DType::U16 => integers(a, b, c, |sum: u16, x, y| sum.wrapping_add(x.wrapping_mul(y))),
        DType::I32 | DType::U32 => integers(a, b, c, |sum: u32, x, y| sum.wrapping_add(x.wrapping_mul(y))),
        DType::I64 | DType::U64 => integers(a, b, c, |sum: u64, x, y| sum.wrapping_add(x.wrapping_mul(y))),
        // Converted to f32 when the graph is built.
        DType::F16 | DType::BF16 => {}
    }
}

/// Row by row, a piece of the columns at a time, whose rows of the right operand stay in the cache.
fn integers<T: Plain>(a: &Matrix, b: &Matrix, c: &Matrix, add: impl Fn(T, T, T) -> T) {
    for first in (0..b.columns()).step_by(PIECE) {
        let count = (b.columns() - first).min(PIECE as u64) as usize;
        for at in 0..a.rows() {
            let (mut sums, mut piece, mut factors) =
                ([T::default(); PIECE], [T::default(); PIECE], [T::default(); PIECE]);
            let row = a.row(at);
            for summed in (0..a.columns()).step_by(PIECE) {
                let some = (a.columns() - summed).min(PIECE as u64) as usize;
                row.read(summed, &mut factors[..some]);
                for (factor, number) in factors[..some].iter().zip(summed..) {
                    b.row(number).read(first, &mut piece[..count]);
                    for (sum, element) in sums[..count].iter_mut().zip(&piece) {
                        *sum = add(*sum, *factor, *element);
                    }
                }
            }
            c.row(at).write(first, &sums[..count]);
        }
    }
}
