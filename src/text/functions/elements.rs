//! Functions of each element that take more than the operations of the op table do.

use super::super::call::{Call, Form::*, Function};
use super::super::error::Refusal;
use super::super::places::nonzero;
use super::super::value::{Evaluated, Value};
use crate::expr::Expr;
use fusewire_ir::{DType, ElementOp, Weak};

pub(super) const TABLE: &[Function] = &[
    Function {
        form: Function,
        signature: "where(condition, x=..., y=...)",
        call: |c| match (c.value("x").is_some(), c.value("y").is_some()) {
            (true, true) => operation(c, ElementOp::Select, &["condition", "x", "y"]),
            (false, false) => {
                let (condition, _) = c.sound("condition")?;
                let places = nonzero(condition)?;
                if places.is_empty() {
                    return Err(c.wrong("condition", "an array with axes"));
                }
                Value::tuple(places.into_iter().map(Value::Selected).collect())
            }
            (_, has_y) => {
                let missing = if has_y { "x" } else { "y" };
                let refusal =
                    Refusal::argument(format!("`where` has no `{missing}`: it takes both or neither"));
                Err(refusal.help("write `np.where(mask, x, y)`, or `np.where(mask)` for the places").into())
            }
        },
    },
    Function {
        form: Function,
        signature: "select(condlist, choicelist, default=0)",
        call: |c| {
            let (conditions, choices) = (c.exprs("condlist")?, c.value("choicelist"));
            let choices = choices.as_ref().and_then(Value::parts);
            let Some(choices) = choices.filter(|choices| choices.len() == conditions.len()) else {
                return Err(c.wrong("choicelist", "as many arrays as there are conditions"));
            };
            if let Some(wrong) = conditions
                .iter()
                .find_map(|condition| condition.dtype().filter(|dtype| *dtype != DType::Bool))
            {
                let refusal = Refusal::argument(format!("`select` takes conditions of bool, not of {wrong}"));
                return Err(refusal.help("compare: `np.select([x > 0], [x])`").into());
            }
            // The dtype of all of them together, where numbers give way.
            let default = c.value("default").unwrap_or(Value::None);
            let all = || choices.iter().chain([&default]);
            let mut strong = Vec::new();
            for value in all() {
                match value {
                    Value::Number(Weak::Int(_) | Weak::Float(_)) => {}
                    value => strong.extend(value.as_expr(c.graph(), None)?.dtype()),
                }
            }
            let weak = all().filter_map(|value| match value {
                Value::Number(number @ (Weak::Int(_) | Weak::Float(_))) => Some(*number),
                _ => None,
            });
            let dtype = match DType::result_type(strong) {
                Some(dtype) => weak.fold(dtype, DType::promote_weak),
                None => weak.fold(DType::I64, DType::promote_weak),
            };
            let mut result = default.as_expr(c.graph(), Some(dtype))?;
            for (condition, choice) in conditions.into_iter().zip(choices).rev() {
                result = condition.select(choice.as_expr(c.graph(), Some(dtype))?, result);
            }
            Ok(c.fresh(result))
        },
    },
    Function {
        form: Both,
        signature: "clip(a, min|a_min=None, max|a_max=None, out=None, dtype=None)",
        call: |c| {
            let (lower, upper) = (c.some("min").is_some(), c.some("max").is_some());
            let (op, names) = match (lower, upper) {
                (true, true) => (ElementOp::Clip, &["a", "min", "max"][..]),
                (true, false) => (ElementOp::Maximum, &["a", "min"][..]),
                (false, true) => (ElementOp::Minimum, &["a", "max"][..]),
                (false, false) => (ElementOp::Positive, &["a"][..]),
            };
            let Some(dtype) = c.dtype("dtype")? else {
                if !lower && !upper {
                    let x = c.expr("a")?;
                    return Ok(c.fresh(x));
                }
                return operation(c, op, names);
            };
            let mut operands = Vec::with_capacity(names.len());
            for name in names {
                c.argument(name)?;
                let value = c.value(name).unwrap_or(Value::None);
                let converted = c.evaluator.held_to_dtype("clip", &value, dtype)?;
                operands.push(c.fresh(converted));
            }
            c.evaluator.element(op, &operands)
        },
    },
    Function {
        form: Both,
        signature: "round|around(a, decimals=0, out=None)",
        call: |c| {
            let (x, decimals) = (c.expr("a")?, c.int("decimals")?);
            let decimals = i32::try_from(decimals).map_err(|_| c.wrong("decimals", "a few decimals"))?;
            let rounded =
                if x.dtype() == Some(DType::Bool) { x.astype(DType::F16).rint() } else { x.round(decimals) };
            Ok(c.fresh(rounded))
        },
    },
    Function {
        form: Function,
        signature: "isclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False)",
        call: |c| {
            let close = close(c)?;
            Ok(c.fresh(close))
        },
    },
    Function {
        form: Function,
        signature: "divmod(x1, x2)",
        call: |c| {
            let quotient = operation(c, ElementOp::FloorDivide, &["x1", "x2"])?;
            Value::tuple(vec![quotient, operation(c, ElementOp::Remainder, &["x1", "x2"])?])
        },
    },
    Function {
        form: Function,
        signature: "nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None)",
        call: |c| {
            let x = c.expr("x")?;
            let is_float = x.dtype().is_some_and(DType::is_float);
            let mut result = x.nan_to_num();
            if is_float {
                if c.some("posinf").is_some() {
                    result = x.isposinf().select(c.argument("posinf")?, result);
                }
                if c.some("neginf").is_some() {
                    result = x.isneginf().select(c.argument("neginf")?, result);
                }
                if !matches!(c.value("nan"), Some(Value::Number(Weak::Float(0.0)))) {
                    result = x.isnan().select(c.argument("nan")?, result);
                }
            }
            // Whatever takes the places of some keeps the dtype.
            let result = x
                .dtype()
                .filter(|dtype| result.dtype() != Some(*dtype))
                .map_or(result, |dtype| result.astype(dtype));
            Ok(c.fresh(result))
        },
    },
    Function {
        form: Function,
        signature: "modf(x)",
        call: |c| {
            let (fraction, whole) = c.expr("x")?.modf();
            let parts = vec![c.fresh(fraction), c.fresh(whole)];
            Value::tuple(parts)
        },
    },
    Function {
        form: Function,
        signature: "frexp(x)",
        call: |c| {
            let (mantissa, exponent) = c.expr("x")?.frexp();
            let parts = vec![c.fresh(mantissa), c.fresh(exponent)];
            Value::tuple(parts)
        },
    },
    Function {
        form: Function,
        signature: "i0(x)",
        call: |c| {
            let bessel = c.expr("x")?.i0();
            Ok(c.fresh(bessel))
        },
    },
    Function {
        form: Function,
        signature: "float_power(x1, x2, out=None)",
        call: |c| {
            let power = c.expr("x1")?.float_power(c.argument("x2")?);
            Ok(c.fresh(power))
        },
    },
    Function {
        form: Function,
        signature: "angle(z, deg=False)",
        call: |c| {
            let z = c.expr("z")?;
            // NumPy takes the arctangent of the integer 0 and of the value, which `bool` gives way to.
            let z = if z.dtype() == Some(DType::Bool) { z.astype(DType::F64) } else { z };
            let angle = z.angle();
            let is_degrees = matches!(c.value("deg"), Some(Value::Number(Weak::Bool(true))));
            Ok(c.fresh(if is_degrees { angle * (180.0 / std::f64::consts::PI) } else { angle }))
        },
    },
    Function {
        form: Function,
        signature: "isrealobj(x)",
        call: |c| {
            c.expr("x")?;
            Ok(Value::Number(Weak::Bool(true)))
        },
    },
    Function {
        form: Function,
        signature: "iscomplexobj(x)",
        call: |c| {
            c.expr("x")?;
            Ok(Value::Number(Weak::Bool(false)))
        },
    },
    Function {
        form: Both,
        signature: "astype(a, dtype, copy=True)",
        call: |c| {
            let x = c.expr("a")?;
            let dtype = c.dtype("dtype")?.ok_or_else(|| c.wrong("dtype", "a dtype"))?;
            Ok(c.fresh(x.astype(dtype)))
        },
    },
    Function {
        form: Both,
        signature: "copy(a, order='C')",
        call: |c| {
            let x = c.expr("a")?;
            Ok(c.fresh(x))
        },
    },
    Function {
        // As a function it is of the op table, and makes `i8` of `bool`.
        form: Method,
        signature: "conj|conjugate(x)",
        call: |c| {
            let x = c.expr("x")?;
            Ok(c.same("x", x))
        },
    },
    Function {
        form: Function,
        signature: "real(val)",
        call: |c| {
            let x = c.expr("val")?;
            Ok(c.same("val", x))
        },
    },
    Function {
        form: Function,
        signature: "real_if_close(a, tol=100)",
        call: |c| {
            let x = c.expr("a")?;
            Ok(c.same("a", x))
        },
    },
];

/// An operation of the op table on these arguments.
fn operation<'g>(c: &mut Call<'_, '_, 'g>, op: ElementOp, names: &[&str]) -> Evaluated<'g> {
    let mut operands = Vec::with_capacity(names.len());
    for name in names {
        // Where it is not an array it is refused by name.
        c.argument(name)?;
        operands.extend(c.value(name));
    }
    c.evaluator.element(op, &operands)
}

/// `isclose` with its tolerances.
pub(super) fn close<'g>(c: &Call<'_, '_, 'g>) -> Evaluated<'g, Expr<'g>> {
    let (a, b, relative, absolute) = (c.expr("a")?, c.expr("b")?, c.float("rtol")?, c.float("atol")?);
    if relative < 0.0 || absolute < 0.0 {
        return Err(Refusal::argument("a tolerance is negative").into());
    }
    #[allow(clippy::float_cmp)] // the very default values
    let is_default = relative == 1e-5 && absolute == 1e-8;
    let close = if is_default { a.isclose(b) } else { a.isclose_within(b, relative, absolute) };
    let both_missing = matches!(c.value("equal_nan"), Some(Value::Number(Weak::Bool(true))));
    Ok(if both_missing { close | (a.isnan() & b.isnan()) } else { close })
}
