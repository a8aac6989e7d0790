//! Reductions over every set of axes.

use crate::tokens::{constant, elements, list, references, show_array};
use crate::{Difference, Golden, hold, same};
use fusewire_ir::{Graph, ReduceOp, Site};

const GOLDEN: Golden =
    Golden { name: "reduction.txt", text: include_str!("../../../tests/golden/reduction.txt"), least: 1500 };

const DIFFERENCES: &[Difference] = &[
    Difference {
        reason: "a sum of negative zeros alone is -0.0, where NumPy starts from 0.0",
        explains: |call, numpy, ours| {
            (call.starts_with("sum ") || call.starts_with("mean ")) && zero(numpy, '0') && zero(ours, '8')
        },
    },
    Difference {
        reason: "zeros of both signs are equal: the first is the extreme, where NumPy's vectors give either",
        explains: |call, numpy, ours| {
            (call.starts_with("min ") || call.starts_with("max ")) && zero(numpy, '8') && zero(ours, '0')
        },
    },
];

/// A single zero whose bits begin with this digit?
fn zero(result: &str, digit: char) -> bool {
    let bits = result.split_once("[] f").and_then(|(_, value)| value.split_once(':'));
    bits.is_some_and(|(_, bits)| bits.starts_with(digit) && bits[1..].bytes().all(|digit| digit == b'0'))
}

fn answer(call: &str) -> String {
    let tokens: Vec<&str> = call.split(' ').collect();
    let [name, axes, keepdims, shape, elements] = tokens[..] else { panic!("no reduction: {call}") };
    let op = ReduceOp::ALL.into_iter().find(|op| op.name() == name).expect("a reduction");
    let mut graph = Graph::new();
    let source = constant(&mut graph, elements, &list(shape).expect("a shape"));
    let axes = list::<isize>(axes).map(references);
    let site = graph.reduce(op, source, axes.as_deref(), keepdims == "keep", Site::caller());
    show_array(&graph, site)
}

/// The same text, or floats that the order of the operations alone can tell apart.
fn agree(call: &str, numpy: &str, ours: &str) -> bool {
    if same(call, numpy, ours) {
        return true;
    }
    let split = |text: &str| {
        let (shape, values) = text.split_once(' ')?;
        Some((shape.to_string(), elements(values)?))
    };
    let Some(((numpy_shape, (dtype, numpy)), (our_shape, (our_dtype, ours)))) = split(numpy).zip(split(ours))
    else {
        return false;
    };
    let source = call.rsplit(' ').next().and_then(elements).expect("elements");
    if !dtype.is_float() || (numpy_shape, dtype, numpy.len()) != (our_shape, our_dtype, ours.len()) {
        return false;
    }
    let epsilon = if dtype.bytes() == 4 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    let magnitude: f64 = source.1.iter().map(|element| element.as_f64().abs()).sum();
    let close = |numpy: f64, ours: f64| match call.split(' ').next() {
        Some("sum" | "mean") => (numpy - ours).abs() <= 4.0 * epsilon * magnitude,
        Some("prod") => (numpy - ours).abs() <= source.1.len() as f64 * epsilon * numpy.abs(),
        _ => false,
    };
    numpy.iter().zip(&ours).all(|(numpy, ours)| {
        // Equal values that differ in their bits are zeros of other signs, which no rounding makes.
        numpy == ours || (numpy.as_f64() != ours.as_f64() && close(numpy.as_f64(), ours.as_f64()))
    })
}

#[test]
fn reductions_are_numpys() {
    hold(&GOLDEN, DIFFERENCES, answer, agree);
}
