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
        (Routine::Compress { axis }, [x, mask]) => {
            let kept = |at: &u64| mask.elements[*at as usize] == Scalar::Bool(true);
            let kept: Vec<u64> = (0..x.sizes()[*axis]).filter(kept).collect();
            let element = |mut index: Vec<u64>| match kept.get(index[*axis] as usize) {
                Some(at) => {
                    index[*axis] = *at;
                    x.at(&index)
                }
                None => Scalar::Bool(false).cast(dtype),
            };
            let sizes = x.sizes();
            Array::new(dtype, &sizes, indices(&sizes).map(element).collect())
        }
        (Routine::Put { axis, adds, out_of_bounds }, [x, at, values]) => {
            let sizes = x.sizes();
            let resolve = |at: &Scalar| out_of_bounds.resolve(at.as_int(), sizes[*axis]);
            let at: Vec<u64> = at.elements.iter().map(resolve).collect::<Option<_>>()?;
            let element = |index: Vec<u64>| {
                let put = (0u64..).zip(&at).filter(|(_, to)| **to == index[*axis]).map(|(from, _)| {
                    let mut source = index.clone();
                    source[*axis] = from;
                    values.at(&source)
                });
                let own = x.at(&index);
                if *adds {
                    put.fold(own, |sum, value| added(sum, value, dtype))
                } else {
                    put.last().unwrap_or(own)
                }
            };
            Array::new(dtype, &sizes, indices(&sizes).map(element).collect())
        }
        (Routine::Expect { .. }, [found, wanted]) if found.elements == wanted.elements => {
            Some((*found).clone())
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
        (Routine::Matmul { batch }, [a, b]) => {
            let made: Vec<u64> = {
                let (left, right) = (a.sizes(), b.sizes());
                left[..left.len() - 1].iter().chain(&right[batch + 1..]).copied().collect()
            };
            let elements = indices(&made).map(|index| product(*batch, a, b, &index, dtype));
            Array::new(dtype, &made, elements.collect())
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

/// A sum in its own dtype.
fn added(a: Scalar, b: Scalar, dtype: DType) -> Scalar {
    match dtype {
        DType::Bool => Scalar::Bool(a == Scalar::Bool(true) || b == Scalar::Bool(true)),
        // Rounded twice, which is once for what is no wider than half of f64.
        _ if dtype.is_float() => Scalar::F64(a.as_f64() + b.as_f64()).cast(dtype),
        _ => Scalar::from_int(a.as_int().wrapping_add(b.as_int()), dtype),
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

/// The factors whose products are summed to one element of a matrix product.
fn factors(batch: usize, a: &Array, b: &Array, index: &[u64]) -> Vec<(Scalar, Scalar)> {
    let (left, summed) = (a.sizes().len() - 1, a.sizes()[a.sizes().len() - 1]);
    let factor = |at: u64| {
        let of_a: Vec<u64> = index[..left].iter().copied().chain([at]).collect();
        let own = index[left..].iter().copied();
        let of_b: Vec<u64> = index[..batch].iter().copied().chain([at]).chain(own).collect();
        (a.at(&of_a), b.at(&of_b))
    };
    (0..summed).map(factor).collect()
}

fn product(batch: usize, a: &Array, b: &Array, index: &[u64], dtype: DType) -> Scalar {
    let factors = factors(batch, a, b, index).into_iter();
    match dtype {
        DType::Bool => Scalar::Bool(factors.into_iter().any(|(x, y)| x.as_bool() && y.as_bool())),
        _ if dtype.is_float() => {
            Scalar::F64(factors.map(|(x, y)| x.as_f64() * y.as_f64()).sum::<f64>()).cast(dtype)
        }
        // The low bits of a product follow from the low bits of its factors.
        _ => {
            let low = |x: Scalar| i128::from(x.as_int() as i64);
            let sum = factors.map(|(x, y)| low(x).wrapping_mul(low(y))).fold(0, i128::wrapping_add);
            Scalar::from_int(sum, dtype)
        }
    }
}

/// For each element of what a routine makes of operands, how far it may be from the exact value, as an
/// absolute error; nothing where all that happens moves elements, or has a fixed order.
#[must_use]
pub fn routine_tolerance(routine: &Routine, operands: &[&Array], expected: &Array) -> Vec<f64> {
    let Some(info) = expected.array.dtype.float_info() else { return Vec::new() };
    match (routine, operands) {
        (Routine::Cumulative { op: CumulativeOp::Logsumexp, .. }, _) => {
            // A few roundings of the sum, whose logarithm is near 0 where the result is small.
            let tolerance = |value: &Scalar| 16.0 * info.epsilon * value.as_f64().abs().max(1.0);
            expected.elements.iter().map(tolerance).collect()
        }
        (Routine::Matmul { batch }, [a, b]) => indices(&expected.sizes())
            .map(|index| {
                let factors = factors(*batch, a, b, &index);
                let size: f64 = factors.iter().map(|(x, y)| (x.as_f64() * y.as_f64()).abs()).sum();
                // Products and sums are rounded, and what is very small is lost.
                (factors.len() as f64 + 2.0) * (info.epsilon * size + info.smallest_normal)
            })
            .collect(),
        _ => Vec::new(),
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
