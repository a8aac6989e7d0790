//! What routines mean, element by element: part of the reference evaluator, and as naive.

use crate::dtype::DType;
use crate::interpret::{Array, indices};
use crate::requirement::Sizes;
use crate::routine::{CumulativeOp, Routine, Side};
use crate::scalar::Scalar;
use std::cmp::Ordering;
use std::collections::HashMap;

/// A routine on the values of its operands; `None` for operands that do not fit it.
pub(crate) fn evaluate(routine: &Routine, operands: &[&Array], dtype: DType, known: &Sizes) -> Option<Array> {
    match (routine, operands) {
        (Routine::Sort { axis, descending }, [x]) => along(x, *axis, x.sizes(), dtype, |line| {
            positions_in_order(line, *descending).into_iter().map(|at| line[at]).collect()
        }),
        (Routine::Argsort { axis, descending }, [x]) => along(x, *axis, x.sizes(), dtype, |line| {
            positions_in_order(line, *descending).into_iter().map(|at| Scalar::I64(at as i64)).collect()
        }),
        (Routine::Cumulative { op, axis, include_initial }, [x]) => {
            let mut sizes = x.sizes();
            sizes[*axis] += u64::from(*include_initial);
            along(x, *axis, sizes, dtype, |line| {
                let first = usize::from(!*include_initial);
                (first..=line.len()).map(|count| combined(*op, &line[..count], dtype)).collect()
            })
        }
        (Routine::Take { axis, out_of_bounds }, [x, at]) => {
            let (sizes, indices_rank) = (x.sizes(), at.sizes().len());
            let mut made = sizes.clone();
            made.splice(*axis..=*axis, at.sizes());
            let element = |index: Vec<u64>| {
                let (mut source, chosen) = (index.clone(), &index[*axis..*axis + indices_rank]);
                let chosen = out_of_bounds.resolve(at.at(chosen).as_int(), sizes[*axis])?;
                source.splice(*axis..*axis + indices_rank, [chosen]);
                Some(x.at(&source))
            };
            Array::new(dtype, &made, indices(&made).map(element).collect::<Option<_>>()?)
        }
        (Routine::TakeAlongAxis { axis, out_of_bounds }, [x, at]) => {
            let element = |index: Vec<u64>| {
                let chosen = out_of_bounds.resolve(at.at(&index).as_int(), x.sizes()[*axis])?;
                let mut source = index;
                source[*axis] = chosen;
                Some(x.at(&source))
            };
            let sizes = at.sizes();
            Array::new(dtype, &sizes, indices(&sizes).map(element).collect::<Option<_>>()?)
        }
        (Routine::Searchsorted { side }, [sorted, values]) => {
            let before = |element: &Scalar, value: Scalar| match side {
                Side::Left => compare(*element, value).is_lt(),
                Side::Right => compare(*element, value).is_le(),
            };
            let position = |value: &Scalar| {
                let before = sorted.elements.iter().take_while(|element| before(element, *value));
                Scalar::I64(before.count() as i64)
            };
            Array::new(dtype, &values.sizes(), values.elements.iter().map(position).collect())
        }
        (Routine::Histogram, [values, edges]) => {
            let edges = &edges.elements;
            if edges.is_empty() || edges.windows(2).any(|pair| compare(pair[0], pair[1]).is_gt()) {
                return None;
            }
            let bins = edges.len() - 1;
            let lies_in = |value: Scalar, bin: usize| {
                let above = compare(edges[bin], value).is_le();
                let below = compare(value, edges[bin + 1]);
                above && (below.is_lt() || (bin + 1 == bins && below.is_eq()))
            };
            let count = |bin| {
                let inside = values.elements.iter().filter(|value| lies_in(**value, bin));
                Scalar::I64(inside.count() as i64)
            };
            Array::new(dtype, &[bins as u64], (0..bins).map(count).collect())
        }
        (Routine::Bincount { length }, [values, weights @ ..]) => {
            let length = length.value(&|symbol| known.get(&symbol.name).copied())?;
            if values.elements.iter().any(|value| !(0..i128::from(length)).contains(&value.as_int())) {
                return None;
            }
            let sum = |at: u64| {
                let places =
                    (0..values.elements.len()).filter(|i| values.elements[*i].as_int() == i128::from(at));
                match weights.first() {
                    None => Scalar::I64(places.count() as i64),
                    Some(weights) => {
                        Scalar::F64(places.fold(0.0, |sum, place| sum + weights.elements[place].as_f64()))
                    }
                }
            };
            Array::new(dtype, &[length], (0..length).map(sum).collect())
        }
        _ => None,
    }
}

/// All elements of a line combined one after another.
fn combined(op: CumulativeOp, elements: &[Scalar], dtype: DType) -> Scalar {
    let ints = || elements.iter().map(|element| element.as_int());
    let floats = || elements.iter().map(|element| element.as_f64());
    let extreme = |keeps: Ordering| {
        let first = |a: Scalar, b: Scalar| match () {
            () if a.as_f64().is_nan() => a,
            () if b.as_f64().is_nan() || compare(b, a) == keeps => b,
            () => a,
        };
        elements.iter().copied().reduce(first).unwrap_or(Scalar::Bool(false))
    };
    // The low 64 bits of a product follow from the low 64 bits of its factors.
    let product = |a: i128, b: i128| i128::from(a as i64).wrapping_mul(i128::from(b as i64));
    match (op, dtype.is_float()) {
        (CumulativeOp::Sum, false) => Scalar::from_int(ints().fold(0, i128::wrapping_add), dtype),
        (CumulativeOp::Prod, false) => Scalar::from_int(ints().fold(1, product), dtype),
        (CumulativeOp::Sum, true) => {
            let sum = floats().reduce(|sum, x| sum + x);
            Scalar::F64(sum.unwrap_or(0.0)).cast(dtype)
        }
        (CumulativeOp::Prod, true) => Scalar::F64(floats().product()).cast(dtype),
        (CumulativeOp::Max, _) => extreme(Ordering::Greater),
        (CumulativeOp::Min, _) => extreme(Ordering::Less),
        (CumulativeOp::Logsumexp, _) => {
            let largest = floats().fold(f64::NEG_INFINITY, |a, b| if a.is_nan() || a > b { a } else { b });
            let sum: f64 = floats().map(|x| libm::exp(x - largest)).sum();
            let is_alone = largest.is_infinite() || sum == 1.0;
            let value = if is_alone { largest } else { largest + libm::log(sum) };
            Scalar::F64(value).cast(dtype)
        }
    }
}

/// How far the exact value may be from what a routine computes, as an absolute error; 0 for all that only
/// moves elements, and where the order of the operations is fixed.
#[must_use]
pub fn routine_tolerance(routine: &Routine, expected: Scalar) -> f64 {
    match routine {
        Routine::Cumulative { op: CumulativeOp::Logsumexp, .. } => {
            let epsilon = expected.dtype().float_info().map_or(0.0, |info| info.epsilon);
            // A few roundings of the sum, whose logarithm is near 0 where the result is small.
            16.0 * epsilon * expected.as_f64().abs().max(1.0)
        }
        _ => 0.0,
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
