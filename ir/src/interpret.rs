//! The reference evaluator: what every node means, element by element, with its own index arithmetic
//! and its own maths. It knows nothing of fusion, kernels or vectors, and is slow.

use crate::dim::Dim;
use crate::dtype::DType;
use crate::graph::{Generator, Graph, NodeId, Op, SiteId};
use crate::reduce::{BLOCK, ReduceOp};
use crate::requirement::Sizes;
use crate::resolve::resolve;
use crate::routine_reference;
use crate::scalar::Scalar;
use crate::shape::{ArrayType, Shape};
use crate::size::{SizeExpr, Symbol};
use crate::view::View;
use std::collections::HashMap;

/// An array of known sizes with its elements.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Dtype and shape; all dims are known.
    pub array: ArrayType,
    /// In C order.
    pub elements: Vec<Scalar>,
}

impl Array {
    /// An array of these sizes; `None` where the elements do not fill it or have another dtype.
    #[must_use]
    pub fn new(dtype: DType, sizes: &[u64], elements: Vec<Scalar>) -> Option<Self> {
        let shape: Shape = sizes.iter().map(|size| Dim::from(*size)).collect();
        let fits = shape.elements() == Some(elements.len() as u64)
            && elements.iter().all(|element| element.dtype() == dtype);
        fits.then_some(Self { array: ArrayType { dtype, shape }, elements })
    }

    pub(crate) fn sizes(&self) -> Vec<u64> {
        self.array.shape.iter().map(Dim::upper).collect()
    }

    /// The element at an index, if there is one.
    fn get(&self, index: &[u64]) -> Option<Scalar> {
        let is_within = index.iter().zip(self.array.shape.iter()).all(|(at, dim)| *at < dim.upper());
        is_within.then(|| self.at(index))
    }

    /// The element at an index.
    pub(crate) fn at(&self, index: &[u64]) -> Scalar {
        let mut position = 0;
        for (index, dim) in index.iter().zip(self.array.shape.iter()) {
            position = position * dim.upper() + index;
        }
        self.elements[position as usize]
    }
}

/// Every index of an array of these sizes, in C order.
pub(crate) fn indices(sizes: &[u64]) -> impl Iterator<Item = Vec<u64>> + '_ {
    let count = if sizes.contains(&0) { 0 } else { sizes.iter().product() };
    (0..count).map(move |position| {
        let mut rest = position;
        let mut index = vec![0; sizes.len()];
        for axis in (0..sizes.len()).rev() {
            index[axis] = rest % sizes[axis];
            rest /= sizes[axis];
        }
        index
    })
}

/// The index of an operand that broadcasts to a result.
fn broadcast_index(index: &[u64], operand: &Array) -> Vec<u64> {
    let sizes = operand.sizes();
    let skipped = index.len() - sizes.len();
    sizes.iter().zip(&index[skipped..]).map(|(size, at)| if *size == 1 { 0 } else { *at }).collect()
}

/// The sizes that arrays broadcast to; `None` where they do not.
fn broadcast_sizes(operands: &[&Array]) -> Option<Vec<u64>> {
    let rank = operands.iter().map(|operand| operand.array.shape.len()).max().unwrap_or(0);
    let mut sizes = vec![1; rank];
    for operand in operands {
        let own = operand.sizes();
        for (to, from) in sizes[rank - own.len()..].iter_mut().zip(own) {
            if *to == 1 {
                *to = from;
            } else if from != 1 && from != *to {
                return None;
            }
        }
    }
    Some(sizes)
}

/// One node on the values of its operands, where symbols have these sizes. `None` for an input, for a
/// node that is wrong, for operands that do not fit it, and where a size is missing.
#[must_use]
pub fn evaluate_node(graph: &Graph, node: NodeId, operands: &[&Array], known: &Sizes) -> Option<Array> {
    let made = graph.node(node);
    let array = made.array.as_ref()?;
    let dtype = array.dtype;
    let size_of = |symbol: &Symbol| known.get(&symbol.name).copied();
    // What nothing but the shape says: sizes that are asked for.
    let asked = || array.shape.iter().map(|dim| dim.value(&size_of)).collect::<Option<Vec<u64>>>();
    match (&made.op, operands) {
        (Op::Input(_), _) => None,
        (Op::Array(held), _) => {
            let held = graph.arrays().get(*held)?;
            Some(Array { array: held.array.clone(), elements: held.elements.to_vec() })
        }
        (Op::Generator(generator), _) => {
            let sizes = asked()?;
            let size = match generator {
                Generator::Size(dim) => i64::try_from(dim.value(&size_of)?).ok()?,
                _ => 0,
            };
            let elements = indices(&sizes).map(|index| generated(generator, &index, &sizes, size));
            Array::new(dtype, &sizes, elements.collect())
        }
        (Op::Element(op), _) => {
            let sizes = broadcast_sizes(operands)?;
            let elements = indices(&sizes).map(|index| {
                let values: Vec<Scalar> =
                    operands.iter().map(|operand| operand.at(&broadcast_index(&index, operand))).collect();
                op.reference(&values)
            });
            Array::new(dtype, &sizes, elements.collect())
        }
        (Op::Custom(custom), _) => {
            let sizes = broadcast_sizes(operands)?;
            let elements = indices(&sizes).map(|index| {
                let values: Vec<Scalar> =
                    operands.iter().map(|operand| operand.at(&broadcast_index(&index, operand))).collect();
                custom.call_once(&values)
            });
            Array::new(dtype, &sizes, elements.collect())
        }
        (Op::Cast, [operand]) => {
            let elements = operand.elements.iter().map(|element| element.cast(dtype)).collect();
            Array::new(dtype, &operand.sizes(), elements)
        }
        (Op::View(view), [operand]) => {
            let sizes = view_sizes(view, array.shape.len(), operand, asked)?;
            let value = |start: &SizeExpr| start.value(&size_of);
            let elements =
                indices(&sizes).map(|index| operand.get(&view_index(view, &index, &sizes, operand, &value)?));
            Array::new(dtype, &sizes, elements.collect::<Option<_>>()?)
        }
        (Op::Reduce { op, axes, keepdims }, [operand]) => {
            let sizes = operand.sizes();
            let kept: Vec<usize> = (0..sizes.len()).filter(|axis| !axes.contains(axis)).collect();
            let kept_sizes: Vec<u64> = kept.iter().map(|axis| sizes[*axis]).collect();
            let mut combined: Vec<Vec<Scalar>> =
                vec![Vec::new(); kept_sizes.iter().product::<u64>() as usize];
            for index in indices(&sizes) {
                let result = kept.iter().fold(0, |at, axis| at * sizes[*axis] + index[*axis]);
                combined[result as usize].push(operand.at(&index));
            }
            let elements =
                combined.iter().map(|elements| reduce(*op, dtype, elements)).collect::<Option<_>>()?;
            let result: Vec<u64> = (0..sizes.len())
                .filter(|axis| *keepdims || kept.contains(axis))
                .map(|axis| if kept.contains(&axis) { sizes[axis] } else { 1 })
                .collect();
            Array::new(dtype, &result, elements)
        }
        (Op::Concat { axis }, [first, ..]) => {
            let mut sizes = first.sizes();
            sizes[*axis] = operands.iter().map(|operand| operand.sizes()[*axis]).sum();
            let elements = indices(&sizes).map(|mut index| {
                operands.iter().find_map(|operand| {
                    let own = operand.sizes()[*axis];
                    if index[*axis] < own {
                        return Some(operand.at(&index));
                    }
                    index[*axis] -= own;
                    None
                })
            });
            Array::new(dtype, &sizes, elements.collect::<Option<_>>()?)
        }
        (Op::Routine(routine), _) => routine_reference::evaluate(routine, operands, dtype, known),
        _ => None,
    }
}

/// Every output on these inputs, whose sizes decide those of symbols; `sizes` has the others.
///
/// # Errors
/// An input that is missing or of another size, or a node that cannot be evaluated, by name.
pub fn evaluate(
    graph: &Graph,
    outputs: &[SiteId],
    inputs: &HashMap<String, Array>,
    sizes: &Sizes,
) -> Result<Vec<Array>, String> {
    let nodes: Vec<NodeId> = outputs.iter().map(|site| graph.call_site(*site).node).collect();
    let mut axes: Vec<(&Dim, u64)> = Vec::new();
    for node in graph.reachable_nodes(&nodes) {
        let made = graph.node(node);
        if let (Op::Input(name), Some(array)) = (&made.op, &made.array)
            && let Some(given) = inputs.get(&**name)
        {
            axes.extend(array.shape.iter().zip(given.sizes()));
        }
    }
    let mut sizes = sizes.clone();
    if let Some((at, misfit)) = resolve(&axes, &mut sizes).first() {
        return Err(format!("`{}` of size {}: {misfit:?}", axes[*at].0, axes[*at].1));
    }
    let mut values: HashMap<NodeId, Array> = HashMap::new();
    for node in graph.reachable_nodes(&nodes) {
        let value = match &graph.node(node).op {
            Op::Input(name) => {
                inputs.get(&**name).cloned().ok_or_else(|| format!("no array for `{name}`"))?
            }
            op => {
                let operands: Vec<&Array> =
                    graph.operands(node).iter().map(|operand| &values[operand]).collect();
                evaluate_node(graph, node, &operands, &sizes)
                    .ok_or_else(|| format!("`{}` has no value", op.name()))?
            }
        };
        values.insert(node, value);
    }
    Ok(nodes.iter().map(|node| values[node].clone()).collect())
}

fn generated(generator: &Generator, index: &[u64], sizes: &[u64], size: i64) -> Scalar {
    let line = |start: Scalar, step: Scalar| {
        let at = index.first().copied().unwrap_or(0);
        match (start, step) {
            (Scalar::F64(start), Scalar::F64(step)) => Scalar::F64(at as f64 * step + start),
            _ => Scalar::I64((at as i64).wrapping_mul(step.as_i64()).wrapping_add(start.as_i64())),
        }
    };
    match generator {
        Generator::Full(value) => *value,
        Generator::Arange { start, step } => line(*start, *step),
        Generator::Linspace { start, step, stop } => match stop {
            Some(stop) if index.first().copied() == sizes.first().map(|size| size - 1) => *stop,
            _ => line(*start, *step),
        },
        Generator::LinspaceOver { start, stop } => {
            let count = sizes.first().copied().unwrap_or(1);
            if index.first().copied() == Some(count - 1) && count > 1 {
                return *stop;
            }
            let gaps = count.saturating_sub(1).max(1);
            line(*start, Scalar::F64((stop.as_f64() - start.as_f64()) / gaps as f64))
        }
        Generator::Size(_) => Scalar::I64(size),
    }
}

/// The sizes of a view of an operand; slices and broadcasts have theirs from the graph.
fn view_sizes(
    view: &View,
    rank: usize,
    operand: &Array,
    asked: impl Fn() -> Option<Vec<u64>>,
) -> Option<Vec<u64>> {
    let own = operand.sizes();
    Some(match view {
        View::PermuteDims(order) => order.iter().map(|axis| own[*axis]).collect(),
        View::ExpandDims(new) => {
            let mut old = own.iter();
            let size = |axis| if new.contains(&axis) { 1 } else { old.next().copied().unwrap_or(1) };
            (0..rank).map(size).collect()
        }
        View::Squeeze(dropped) => {
            (0..own.len()).filter(|axis| !dropped.contains(axis)).map(|axis| own[axis]).collect()
        }
        View::Slice(_)
        | View::BroadcastTo
        | View::Reshape(_)
        | View::Diagonal { .. }
        | View::SlidingWindow { .. } => asked()?,
        View::LabelAxes => own,
    })
}

/// Which element of the operand an index of the view shows.
fn view_index(
    view: &View,
    index: &[u64],
    sizes: &[u64],
    operand: &Array,
    value: &impl Fn(&SizeExpr) -> Option<i128>,
) -> Option<Vec<u64>> {
    Some(match view {
        View::LabelAxes => index.to_vec(),
        View::BroadcastTo => broadcast_index(index, operand),
        View::PermuteDims(order) => {
            let mut source = vec![0; index.len()];
            for (axis, from) in order.iter().enumerate() {
                source[*from] = index[axis];
            }
            source
        }
        View::ExpandDims(new) => {
            index.iter().enumerate().filter(|(axis, _)| !new.contains(axis)).map(|(_, at)| *at).collect()
        }
        View::Squeeze(dropped) => {
            let mut kept = index.iter();
            (0..operand.sizes().len())
                .map(|axis| if dropped.contains(&axis) { 0 } else { kept.next().copied().unwrap_or(0) })
                .collect()
        }
        View::Slice(ranges) => index
            .iter()
            .zip(ranges)
            .map(|(at, range)| {
                u64::try_from(value(&range.start)? + i128::from(*at) * i128::from(range.step)).ok()
            })
            .collect::<Option<_>>()?,
        View::Reshape(_) => {
            let mut position = index.iter().zip(sizes).fold(0, |position, (at, size)| position * size + at);
            let mut source = vec![0; operand.sizes().len()];
            for (at, size) in source.iter_mut().zip(operand.sizes()).rev() {
                (*at, position) = (position % size, position / size);
            }
            source
        }
        View::Diagonal { axes, start } => {
            let (along, rest) = index.split_last()?;
            let mut rest = rest.iter();
            (0..operand.sizes().len())
                .map(|axis| match axes.iter().position(|of| *of == axis) {
                    Some(of) => Some(u64::try_from(value(&start[of])?).ok()? + along),
                    None => rest.next().copied(),
                })
                .collect::<Option<_>>()?
        }
        View::SlidingWindow { axis } => {
            let (within, axes) = index.split_last()?;
            let mut source = axes.to_vec();
            source[*axis] += within;
            source
        }
    })
}

/// A reduction of elements that have the accumulator's dtype.
fn reduce(op: ReduceOp, dtype: DType, elements: &[Scalar]) -> Option<Scalar> {
    if elements.is_empty() {
        return op.of_nothing(dtype);
    }
    let ints = || elements.iter().map(|element| element.as_int());
    let floats = || elements.iter().map(|element| element.as_f64());
    let value = match (op, dtype.is_float()) {
        (ReduceOp::Sum, false) => Scalar::from_int(ints().fold(0, i128::wrapping_add), dtype),
        // The low 64 bits of a product follow from the low 64 bits of its factors.
        (ReduceOp::Prod, false) => {
            Scalar::from_int(ints().fold(1, |a, b| i128::from(a as i64).wrapping_mul(b)), dtype)
        }
        (ReduceOp::Min | ReduceOp::Infimum, false) => Scalar::from_int(ints().min()?, dtype),
        (ReduceOp::Max | ReduceOp::Supremum, false) => Scalar::from_int(ints().max()?, dtype),
        (ReduceOp::Mean, false) => return None,
        (ReduceOp::Sum, true) => Scalar::F64(sum(floats())),
        (ReduceOp::Mean, true) => Scalar::F64(sum(floats()) / elements.len() as f64),
        (ReduceOp::Prod, true) => Scalar::F64(floats().product()),
        (ReduceOp::Min | ReduceOp::Infimum, true) => {
            Scalar::F64(floats().reduce(|a, b| if a.is_nan() || a <= b { a } else { b })?)
        }
        (ReduceOp::Max | ReduceOp::Supremum, true) => {
            Scalar::F64(floats().reduce(|a, b| if a.is_nan() || a >= b { a } else { b })?)
        }
    };
    Some(value.cast(dtype))
}

/// A sum with a running correction of the rounding errors (Neumaier 1974).
fn sum(elements: impl Iterator<Item = f64>) -> f64 {
    // A sum of negative zeros alone stays negative.
    let (mut sum, mut correction) = (-0.0f64, 0.0f64);
    for x in elements {
        let next = sum + x;
        let lost = if sum.abs() >= x.abs() { (sum - next) + x } else { (x - next) + sum };
        if lost != 0.0 {
            correction += lost;
        }
        sum = next;
    }
    // An infinite or undefined sum has no meaningful correction.
    if correction != 0.0 && sum.is_finite() { sum + correction } else { sum }
}

/// How far from the exact result any computation in the order of [`crate::reduce`] can be: an
/// absolute error; 0 for integers and extremes. Infinite where a product may leave the range of the
/// dtype on the way, so that its order decides whether it does.
#[must_use]
pub fn reduction_tolerance(op: ReduceOp, elements: &[Scalar]) -> f64 {
    let Some(first) = elements.first() else { return 0.0 };
    let epsilon = match first.dtype() {
        DType::F32 => f64::from(f32::EPSILON),
        DType::F64 => f64::EPSILON,
        _ => return 0.0,
    };
    let magnitude: f64 = elements.iter().map(|element| element.as_f64().abs()).sum();
    // Additions that an element goes through: its lane, the halves of the lanes, the tree of blocks.
    let lanes = ReduceOp::lanes(first.dtype());
    let depth = (BLOCK / lanes).min(elements.len()) as f64
        + 6.0
        + (elements.len() as f64 / BLOCK as f64 + 1.0).log2();
    match op {
        ReduceOp::Min | ReduceOp::Max | ReduceOp::Infimum | ReduceOp::Supremum => 0.0,
        ReduceOp::Sum => depth * epsilon * magnitude,
        ReduceOp::Mean => (depth + 1.0) * epsilon * magnitude / elements.len() as f64,
        ReduceOp::Prod => {
            let exponents: f64 = elements
                .iter()
                .map(|x| x.as_f64().abs().log2())
                .filter(|x| x.is_finite())
                .map(f64::abs)
                .sum();
            if exponents > 100.0 || elements.iter().any(|x| !x.as_f64().is_finite() || x.as_f64() == 0.0) {
                return f64::INFINITY;
            }
            let product: f64 = elements.iter().map(|x| x.as_f64().abs()).product();
            elements.len() as f64 * epsilon * product
        }
    }
}
