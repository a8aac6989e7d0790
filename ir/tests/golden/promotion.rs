//! Dtypes of results: every operation on every choice of dtypes and plain numbers.

use crate::tokens::{dtype, refusal, weak};
use crate::{Difference, Golden, hold};
use fusewire_ir::{DType, ElementOp, Graph, Operand, Scalar, Shape, Site};

const GOLDEN: Golden =
    Golden { name: "promotion.txt", text: include_str!("../../../tests/golden/promotion.txt"), least: 2000 };

const COMPARISONS: [&str; 6] = ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"];
const LOGICAL: [&str; 3] = ["logical_and", "logical_or", "logical_xor"];

const DIFFERENCES: &[Difference] = &[
    Difference {
        reason: "a number that no element can equal is refused, where NumPy compares it exactly",
        explains: |call, numpy, ours| {
            COMPARISONS.contains(&first(call)) && (numpy, ours) == ("bool", "!OverflowError")
        },
    },
    Difference {
        reason: "`select` refuses a number that does not fit, which NumPy's `where` wraps around",
        explains: |call, numpy, ours| {
            first(call) == "select" && numpy.starts_with(['i', 'u']) && ours == "!OverflowError"
        },
    },
    Difference {
        reason: "a number is true or false whatever its size, where NumPy converts it to an integer first",
        explains: |call, numpy, ours| {
            LOGICAL.contains(&first(call)) && (numpy, ours) == ("!OverflowError", "bool")
        },
    },
    Difference {
        reason: "a number that is scaled is f64, where NumPy makes f16 of a plain integer, which soon overflows",
        explains: |call, numpy, ours| {
            let scaled = call.split(' ').nth(1).unwrap_or_default();
            first(call) == "ldexp" && scaled.parse::<i128>().is_ok() && (numpy, ours) == ("f16", "f64")
        },
    },
    Difference {
        reason: "an exponent that i32 does not hold is refused beside bool as well, where NumPy takes it as i64",
        explains: |call, numpy, ours| {
            (call, numpy, ours) == ("ldexp bool 1099511627776", "f16", "!OverflowError")
        },
    },
];

fn first(call: &str) -> &str {
    call.split(' ').next().unwrap_or_default()
}

pub fn operation(name: &str) -> ElementOp {
    *ElementOp::ALL.iter().find(|op| op.name() == name).expect("an operation of the table")
}

fn answer(call: &str) -> String {
    let mut graph = Graph::new();
    let mut tokens = call.split(' ');
    let op = operation(tokens.next().expect("an operation"));
    let operands: Vec<Operand> = tokens
        .map(|token| match dtype(token) {
            Some(dtype) => {
                Operand::Expr(graph.full(Shape::from([1u64]), Scalar::I32(1).cast(dtype), Site::caller()))
            }
            None => Operand::Weak(weak(token)),
        })
        .collect();
    let site = graph.element(op, &operands, Site::caller());
    graph.site_array(site).map_or_else(|| refusal(&graph), |array| array.dtype.to_string())
}

#[test]
fn promotion_is_numpys() {
    hold(&GOLDEN, DIFFERENCES, answer, |_, numpy, ours| numpy == ours);
}

#[test]
fn every_operation_is_held_on_every_dtype() {
    for op in ElementOp::ALL {
        // NumPy has no bfloat16.
        for dtype in DType::ALL.into_iter().filter(|dtype| *dtype != DType::BF16) {
            let call = format!("\n{} {dtype}", op.name());
            assert!(GOLDEN.text.contains(&call), "no case for{call}");
        }
    }
}
