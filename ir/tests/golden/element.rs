//! Values of element operations at the edges of their dtypes.

use crate::promotion::operation;
use crate::tokens::{elements, operand, show_elements};
use crate::{Difference, Golden, hold};
use fusewire_ir::{DType, ElementOp, Graph, Operand, Scalar, Site};

const GOLDEN: Golden =
    Golden { name: "element.txt", text: include_str!("../../../tests/golden/element.txt"), least: 6000 };

const DIFFERENCES: &[Difference] = &[
    Difference {
        reason: "the reciprocal of the integer 0 is 0, where NumPy gives whatever the processor does",
        explains: |call, _, ours| {
            call.starts_with("reciprocal ") && call.ends_with(":0") && ours.ends_with(":0")
        },
    },
    Difference {
        reason: "the spacing has the sign of the value for f16 as for other floats, where NumPy drops it",
        explains: |call, numpy, ours| {
            call.starts_with("spacing ") && numpy.starts_with("f16:") && ours.len() == 8 && ours >= "f16:8"
        },
    },
    Difference {
        reason: "between equal operands the next float is the second, as in C, which NumPy's f16 does not follow",
        explains: |call, numpy, ours| call.starts_with("nextafter f16:") && zeros(numpy) && zeros(ours),
    },
    Difference {
        reason: "zeros of both signs are equal: the first is the extreme, where NumPy's vectors give either",
        explains: |call, numpy, ours| {
            ["minimum f", "maximum f", "fmin f", "fmax f", "clip f"].iter().any(|op| call.starts_with(op))
                && zeros(numpy)
                && zeros(ours)
        },
    },
    Difference {
        reason: "an integer becomes f32 in one rounding, where NumPy rounds to f64 before",
        explains: |call, numpy, ours| {
            let one_apart = |(_, numpy): (DType, Vec<Scalar>), (_, ours): (DType, Vec<Scalar>)| {
                ordered(numpy[0]).zip(ordered(ours[0])).is_some_and(|(a, b)| a.abs_diff(b) == 1)
            };
            call.contains("1152921573326323713")
                && call.contains("f32:")
                && elements(numpy).zip(elements(ours)).is_some_and(|(numpy, ours)| one_apart(numpy, ours))
        },
    },
    Difference {
        reason: "a number that no element can equal is refused, where NumPy compares it exactly",
        explains: |call, numpy, ours| {
            call.starts_with("less ") && numpy.starts_with("bool:") && ours == "!OverflowError"
        },
    },
];

fn answer(call: &str) -> String {
    let mut graph = Graph::new();
    let mut tokens = call.split(' ');
    let op = operation(tokens.next().expect("an operation"));
    let operands: Vec<Operand> = tokens.map(|token| operand(&mut graph, token)).collect();
    let site = graph.element(op, &operands, Site::caller());
    show_elements(&graph, site)
}

/// One float that is a zero of either sign?
pub fn zeros(token: &str) -> bool {
    elements(token).is_some_and(|(dtype, elements)| dtype.is_float() && elements[0].as_f64() == 0.0)
}

/// Bits in the order of the numbers, so that neighbours differ by one.
fn ordered(scalar: Scalar) -> Option<i64> {
    let dtype = scalar.dtype();
    if !dtype.is_float() || scalar.as_f64().is_nan() {
        return None;
    }
    let magnitude = (scalar.bits() & !(1 << (8 * dtype.bytes() - 1))) as i64;
    Some(if scalar.bits() >> (8 * dtype.bytes() - 1) == 1 { -magnitude } else { magnitude })
}

/// How many floats of one dtype lie between two.
fn distance(a: &str, b: &str) -> Option<u64> {
    let position = |token| {
        let (dtype, elements) = elements(token)?;
        Some((dtype, ordered(*elements.first()?)?))
    };
    let ((a_dtype, a), (b_dtype, b)) = position(a).zip(position(b))?;
    (a_dtype == b_dtype).then(|| a.abs_diff(b))
}

/// The same bits; for functions, whose golden values are correctly rounded, a neighbour will do.
fn agree(call: &str, numpy: &str, ours: &str) -> bool {
    if numpy == ours {
        return true;
    }
    // The reference rounds its functions nearly, but not always correctly.
    let op = ElementOp::ALL.iter().find(|op| call.split(' ').next() == Some(op.name()));
    let ulps = op.map_or(0.0, |op| op.row().ulp);
    let ulps = if ulps > 0.0 { (ulps + 1.0) as u64 } else { 0 };
    // Near the zeros of the result digits cancel.
    if matches!(op, Some(ElementOp::Lgamma | ElementOp::Logaddexp | ElementOp::Logaddexp2))
        && let Some(((_, numpy), (_, ours))) = elements(numpy).zip(elements(ours))
        && (numpy[0].as_f64() - ours[0].as_f64()).abs() < 1e-15
    {
        return true;
    }
    // Zeros keep their sign.
    ulps > 0 && !zeros(numpy) && distance(numpy, ours).is_some_and(|distance| distance <= ulps)
}

#[test]
fn values_are_numpys() {
    hold(&GOLDEN, DIFFERENCES, answer, agree);
}
