//! Values of element operations at the edges of their dtypes.

use crate::promotion::operation;
use crate::tokens::{elements, operand, show_elements};
use crate::{Difference, Golden, hold};
use fusewire_ir::{DType, Graph, Operand, Scalar, Site};

const GOLDEN: Golden =
    Golden { name: "element.txt", text: include_str!("../../../tests/golden/element.txt"), least: 6000 };

const DIFFERENCES: &[Difference] = &[
    Difference {
        reason: "`rint` of an integer is that integer, where NumPy gives it as f64",
        explains: |call, numpy, ours| {
            call.starts_with("rint i")
                && elements(ours).zip(elements(numpy)).is_some_and(|((_, ours), (dtype, numpy))| {
                    ours.iter().map(|element| element.cast(dtype)).eq(numpy)
                })
        },
    },
    Difference {
        reason: "zeros of both signs are equal: the first is the extreme, where NumPy's vectors give either",
        explains: |call, numpy, ours| {
            (call.starts_with("minimum f") || call.starts_with("maximum f")) && zeros(numpy) && zeros(ours)
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
    match scalar {
        Scalar::F32(value) if !value.is_nan() => {
            let bits = i64::from(value.to_bits() as i32);
            Some(if bits < 0 { i64::from(i32::MIN) - bits } else { bits })
        }
        Scalar::F64(value) if !value.is_nan() => {
            let bits = value.to_bits() as i64;
            Some(if bits < 0 { i64::MIN - bits } else { bits })
        }
        _ => None,
    }
}

/// The same bits; for `exp`, whose golden values are correctly rounded, a neighbour will do.
fn agree(call: &str, numpy: &str, ours: &str) -> bool {
    if numpy == ours {
        return true;
    }
    let position = |token| {
        let (dtype, elements) = elements(token)?;
        Some((dtype, ordered(*elements.first()?)?))
    };
    call.starts_with("exp ")
        && position(numpy).zip(position(ours)).is_some_and(|((numpy_dtype, numpy), (our_dtype, ours))| {
            numpy_dtype == our_dtype && numpy.abs_diff(ours) <= 1
        })
}

#[test]
fn values_are_numpys() {
    hold(&GOLDEN, DIFFERENCES, answer, agree);
}
