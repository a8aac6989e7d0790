//! What routines mean, element by element: part of the reference evaluator, and as naive.

use crate::dtype::DType;
use crate::interpret::{Array, indices};
use crate::requirement::Sizes;
use crate::routine::Routine;
use crate::scalar::Scalar;
use std::cmp::Ordering;
use std::collections::HashMap;

/// A routine on the values of its operands; `None` for operands that do not fit it.
pub(crate) fn evaluate(
    routine: &Routine,
    operands: &[&Array],
    dtype: DType,
    _known: &Sizes,
) -> Option<Array> {
    match (routine, operands) {
        (Routine::Sort { axis, descending }, [x]) => along(x, *axis, x.sizes(), dtype, |line| {
            positions_in_order(line, *descending).into_iter().map(|at| line[at]).collect()
        }),
        (Routine::Argsort { axis, descending }, [x]) => along(x, *axis, x.sizes(), dtype, |line| {
            positions_in_order(line, *descending).into_iter().map(|at| Scalar::I64(at as i64)).collect()
        }),
        _ => None,
    }
}

/// Every line along an axis made a line of the result, which has these sizes.
fn along(
    operand: &Array,
    axis: usize,
    sizes: Vec<u64>,
    dtype: DType,
    line: impl Fn(&[Scalar]) -> Vec<Scalar>,
) -> Option<Array> {
    let length = operand.sizes()[axis];
    let mut lines: HashMap<Vec<u64>, Vec<Scalar>> = HashMap::new();
    let elements = indices(&sizes).map(|index| {
        let mut start = index.clone();
        start[axis] = 0;
        let made = lines.entry(start).or_insert_with_key(|start| {
            let mut source = start.clone();
            let elements: Vec<Scalar> = (0..length)
                .map(|at| {
                    source[axis] = at;
                    operand.at(&source)
                })
                .collect();
            line(&elements)
        });
        made.get(index[axis] as usize).copied()
    });
    let elements: Vec<Scalar> = elements.collect::<Option<_>>()?;
    Array::new(dtype, &sizes, elements)
}

/// How elements compare: NaN equals itself and is larger than all else.
pub(crate) fn compare(a: Scalar, b: Scalar) -> Ordering {
    if !a.dtype().is_float() {
        return a.as_int().cmp(&b.as_int());
    }
    let (a, b) = (a.as_f64(), b.as_f64());
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// The positions of elements in order, equal ones as they stand.
fn positions_in_order(line: &[Scalar], descending: bool) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..line.len()).collect();
    positions.sort_by(|a, b| {
        let order = compare(line[*a], line[*b]);
        if descending { order.reverse() } else { order }
    });
    positions
}
