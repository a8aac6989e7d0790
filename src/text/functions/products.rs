//! Products that are summed, and elements chosen by indices that are arrays.

use super::super::call::{Form::*, Function};
use super::super::error::Refusal;
use super::super::evaluate::{Evaluator, of_part};
use super::super::value::{Evaluated, Value};
use crate::axes::{Axis, Positions};
use crate::expr::Expr;
use fusewire_ir::{AxisRef, OutOfBounds};

pub(super) const TABLE: &[Function] = &[
    Function {
        form: Function,
        signature: "matmul(x1, x2, out=None)",
        call: |c| {
            let product = c.expr("x1")?.matmul(c.expr("x2")?);
            Ok(c.fresh(product))
        },
    },
    Function {
        form: Both,
        signature: "dot(a, b, out=None)",
        call: |c| {
            let (a, b) = (c.expr("a")?, c.expr("b")?);
            // With a number it is a plain product.
            let is_number = [a, b].iter().any(|operand| operand.ndim() == Some(0));
            let product = if is_number { a * b } else { a.dot(b) };
            Ok(c.fresh(product))
        },
    },
    Function {
        form: Function,
        signature: "inner(a, b)",
        call: |c| {
            let (a, b) = (c.expr("a")?, c.expr("b")?);
            let is_number = [a, b].iter().any(|operand| operand.ndim() == Some(0));
            let product = if is_number { a * b } else { a.tensordot_along(Axis(-1), b, Axis(-1)) };
            Ok(c.fresh(product))
        },
    },
    Function {
        form: Function,
        signature: "matvec(x1, x2)",
        call: |c| {
            let product = c.expr("x1")?.matvec(c.expr("x2")?);
            Ok(c.fresh(product))
        },
    },
    Function {
        form: Function,
        signature: "vecmat(x1, x2)",
        call: |c| {
            let product = c.expr("x1")?.vecmat(c.expr("x2")?);
            Ok(c.fresh(product))
        },
    },
    Function {
        form: Function,
        signature: "tensordot(a, b, axes=2)",
        call: |c| {
            let (a, b) = (c.expr("a")?, c.expr("b")?);
            let axes = c.value("axes").unwrap_or(Value::None);
            let product = match (axes.as_int(), axes.parts()) {
                (Some(count), _) => {
                    let count = usize::try_from(count).map_err(|_| c.wrong("axes", "how many axes"))?;
                    a.tensordot(b, count)
                }
                (None, Some([own, of_other])) => {
                    let (own, of_other) = (positions(own), positions(of_other));
                    let (Some(own), Some(of_other)) = (own, of_other) else {
                        return Err(c.wrong("axes", "axes of the one and of the other"));
                    };
                    a.tensordot_along(own, b, of_other)
                }
                _ => return Err(c.wrong("axes", "how many axes, or axes of the one and of the other,")),
            };
            Ok(c.fresh(product))
        },
    },
    Function {
        form: Function,
        signature: "einsum(subscripts, *operands)",
        call: |c| {
            let (subscripts, operands) = (c.text("subscripts")?, c.exprs("operands")?);
            let product = c.graph().einsum(&subscripts, operands);
            Ok(c.fresh(product))
        },
    },
    Function {
        form: Both,
        signature: "take(a, indices, axis=None, out=None, mode='raise')",
        call: |c| {
            let beyond = match &*c.text("mode")? {
                "raise" => OutOfBounds::Raise,
                "wrap" => OutOfBounds::Wrap,
                "clip" => OutOfBounds::Clip,
                _ => return Err(c.wrong("mode", "'raise', 'wrap' or 'clip'")),
            };
            let (x, indices) = (c.expr("a")?, c.expr("indices")?);
            let (x, axis) = match c.some("axis") {
                Some(_) => (x, c.axis("axis")?),
                None => (x.ravel(), AxisRef::Position(0)),
            };
            let taken = match beyond {
                OutOfBounds::Raise => x.take(indices, axis),
                beyond => x.take_with(indices, axis, beyond),
            };
            Ok(c.fresh(taken))
        },
    },
    Function {
        form: Function,
        signature: "take_along_axis(arr, indices, axis=-1)",
        call: |c| {
            let (x, indices) = (c.expr("arr")?, c.expr("indices")?);
            let (x, axis) = match c.some("axis") {
                Some(_) => (x, c.axis("axis")?),
                None => (x.ravel(), AxisRef::Position(0)),
            };
            Ok(c.fresh(x.take_along_axis(indices, axis)))
        },
    },
];

fn positions(value: &Value<'_>) -> Option<Positions> {
    let axes = value.parts().unwrap_or(std::slice::from_ref(value)).iter().map(Value::as_axis);
    axes.collect::<Option<Vec<_>>>().map(Positions)
}

/// `left @ right`.
pub(in super::super) fn matmul<'g>(
    evaluator: &mut Evaluator<'_, 'g>,
    left: &Value<'g>,
    right: &Value<'g>,
) -> Evaluated<'g> {
    let graph = evaluator.graph;
    let operand = |value: &Value<'g>| -> Evaluated<'g, Expr<'g>> {
        match value {
            Value::Number(_) => {
                Err(Refusal::argument(format!("`@` takes arrays, not {}", value.describe())).into())
            }
            other => other.as_expr(graph, None),
        }
    };
    let product = operand(left)
        .map_err(|stop| of_part(stop, 0))?
        .matmul(operand(right).map_err(|stop| of_part(stop, 1))?);
    Ok(evaluator.fresh(product))
}
