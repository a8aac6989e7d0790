//! Functions of Python itself, written without `np.`. Of Python numbers they give Python numbers, which take the
//! dtype of the array that they meet; of anything else they are NumPy's.

use super::super::call::{Argued, Form, sound};
use super::super::error::Refusal;
use super::super::evaluate::Evaluator;
use super::super::python;
use super::super::selected::Selected;
use super::super::tree::Infix;
use super::super::value::{Evaluated, Value};
use crate::axes::{All, Axis};
use crate::expr::{Expr, Graph};
use fusewire_ir::{DType, ElementOp as Op, Weak};

type Folded = Result<Weak, String>;

/// The result, where the function is one of Python's and is given nothing but numbers.
pub(super) fn call<'t, 'g>(
    name: &'t str,
    evaluator: &mut Evaluator<'t, 'g>,
    arguments: &[Argued<'t, 'g>],
) -> Option<Evaluated<'g>> {
    if arguments.iter().any(|argued| argued.keyword.is_some()) {
        return None;
    }
    let values: Vec<&Value<'g>> = arguments.iter().map(|argued| &argued.value).collect();
    match (name, &values[..]) {
        ("len", [of]) => return Some(length(evaluator.graph, of)),
        ("len", other) => {
            return Some(
                Err(Refusal::argument(format!("`len` takes one value, not {}", other.len())).into()),
            );
        }
        ("slice", [stop]) => return Some(Ok(slice([&Value::None, stop, &Value::None]))),
        ("slice", [start, stop]) => return Some(Ok(slice([start, stop, &Value::None]))),
        ("slice", [start, stop, step]) => return Some(Ok(slice([start, stop, step]))),
        ("pow", [base, exponent]) if !(base.is_number() && exponent.is_number()) => {
            return Some(evaluator.infix(Infix::Element(Op::Power), base, exponent));
        }
        ("min" | "max" | "sum" | "any" | "all" | "round", [Value::Array(array), rest @ ..]) => {
            return Some(of_array(name, evaluator, array.expr, rest));
        }
        ("min" | "max", [_, _, ..])
            if values.iter().all(|value| value.is_number())
                && values.iter().any(|value| !matches!(value, Value::Number(_))) =>
        {
            return Some(later_extreme(name, evaluator, &values));
        }
        ("min" | "max" | "sum" | "any" | "all", [Value::Selected(of)]) => {
            return of_selected(name, evaluator, of, arguments);
        }
        ("min" | "max" | "sum" | "any" | "all" | "round", [Value::Selected(_), ..]) => {
            let refusal =
                Refusal::argument(format!("`{name}` of Python takes no elements that a mask selects"));
            return Some(Err(refusal.help(format!("write `np.{name}(x[mask])`")).into()));
        }
        _ => {}
    }
    // `min(1, 2)` and `min([1, 2])` are the same; only of one list is there a sum.
    let listed = match arguments {
        [only] => only.value.parts().and_then(|parts| numbers(parts.iter())),
        _ => None,
    };
    let given = numbers(arguments.iter().map(|argued| &argued.value));
    let result = match (name, given.as_deref(), listed.as_deref()) {
        ("abs", Some([of]), _) => absolute(*of),
        ("pow", Some([base, exponent]), _) => python::infix(Op::Power, *base, *exponent),
        ("round", Some([of]), _) => rounded(*of),
        ("round", Some([of, Weak::Int(decimals)]), _) => rounded_to(*of, *decimals),
        ("divmod", Some([left, right]), _) => {
            let part = |op| {
                let part = python::infix(op, *left, *right).map(Value::Number);
                part.map_err(Refusal::argument)
            };
            return Some(match (part(Op::FloorDivide), part(Op::Remainder)) {
                (Ok(quotient), Ok(remainder)) => Value::tuple(vec![quotient, remainder]),
                (Err(refusal), _) | (_, Err(refusal)) => Err(refusal.into()),
            });
        }
        ("min", Some(all @ [_, _, ..]), _) | ("min", _, Some(all @ [_, ..])) => extreme(Op::Less, all),
        ("max", Some(all @ [_, _, ..]), _) | ("max", _, Some(all @ [_, ..])) => extreme(Op::Greater, all),
        ("sum", _, Some(all)) => sum(all),
        _ => return None,
    };
    Some(result.map(Value::Number).map_err(|wrong| Refusal::argument(wrong).into()))
}

fn numbers<'v, 'g: 'v>(values: impl Iterator<Item = &'v Value<'g>>) -> Option<Vec<Weak>> {
    let number = |value: &Value<'g>| match value {
        Value::Number(number) => Some(*number),
        _ => None,
    };
    values.map(number).collect()
}

/// A function of Python of an array, which it goes through row by row.
fn of_array<'g>(
    name: &str,
    evaluator: &mut Evaluator<'_, 'g>,
    array: Expr<'g>,
    rest: &[&Value<'g>],
) -> Evaluated<'g> {
    let (shape, dtype) = (sound(array)?, array.dtype().unwrap_or(DType::F64));
    let refuse =
        |what: &str, help: String| Err(Refusal::argument(format!("`{name}` {what}")).help(help).into());
    if name == "round" {
        return match (shape.len(), rest) {
            (0, []) => Ok(Value::Later(array.rint().astype(DType::I64))),
            (0, [Value::Number(Weak::Int(decimals))]) => {
                let decimals = i32::try_from(*decimals).unwrap_or(i32::MAX);
                Ok(evaluator.fresh(array.round(decimals)))
            }
            _ => refuse("of Python takes a single element", "write `np.round(x)` for all of them".into()),
        };
    }
    if !rest.is_empty() {
        let elementwise = match name {
            "min" => "np.minimum(x, y)",
            "max" => "np.maximum(x, y)",
            _ => return refuse("of Python takes one array", format!("write `np.{name}(x, axis=0)`")),
        };
        return refuse(
            "of Python takes one array",
            format!("of two, element by element: `{elementwise}`; along an axis: `np.{name}(x, axis=0)`"),
        );
    }
    if shape.is_empty() {
        return refuse(
            "goes through the rows of an array, and this has no axes",
            format!("write `np.{name}(x)`"),
        );
    }
    if name == "sum" {
        // From the integer 0, with one row after another.
        let sum = if dtype == DType::Bool { DType::I64 } else { dtype };
        return Ok(evaluator.fresh(array.sum_as(Axis(0), sum)));
    }
    if shape.len() > 1 {
        return refuse(
            "of Python compares rows, which are neither true nor false",
            format!("write `np.{name}(x)`"),
        );
    }
    let result = match name {
        "min" => array.min(All),
        "max" => array.max(All),
        "any" => array.any(All),
        _ => array.all(All),
    };
    Ok(evaluator.fresh(result))
}

/// The least or the greatest of numbers that are known only when data is.
fn later_extreme<'g>(name: &str, evaluator: &mut Evaluator<'_, 'g>, values: &[&Value<'g>]) -> Evaluated<'g> {
    let op = if name == "min" { Op::Minimum } else { Op::Maximum };
    let mut best = values[0].clone();
    for value in &values[1..] {
        let both = evaluator.element(op, &[best, (*value).clone()])?;
        best = Value::Later(both.as_expr(evaluator.graph, None)?);
    }
    Ok(best)
}

/// The same of rows that a mask selects; nothing where it is what NumPy's function of this name gives.
fn of_selected<'t, 'g>(
    name: &'t str,
    evaluator: &mut Evaluator<'t, 'g>,
    of: &Selected<'g>,
    arguments: &[Argued<'t, 'g>],
) -> Option<Evaluated<'g>> {
    if name != "sum" {
        return (of.ndim() != Some(1)).then(|| {
            let message = format!("`{name}` of Python compares rows, which are neither true nor false");
            Err(Refusal::argument(message).help(format!("write `np.{name}(x[mask])`")).into())
        });
    }
    let only = arguments.first()?;
    let dtype = of.values.dtype().filter(|dtype| *dtype != DType::Bool).unwrap_or(DType::I64);
    let with = |keyword, value| Argued { keyword, value, span: only.span };
    let arguments = vec![
        with(None, only.value.clone()),
        with(Some("axis"), Value::int(0)),
        with(Some("dtype"), Value::DType(dtype)),
    ];
    Some(evaluator.call_row(super::row("sum", Form::Function)?, name, arguments))
}

fn slice<'g>(parts: [&Value<'g>; 3]) -> Value<'g> {
    Value::Slice(parts.map(Clone::clone).into())
}

/// How many there are along the first axis.
fn length<'g>(graph: &'g Graph, of: &Value<'g>) -> Evaluated<'g> {
    match of {
        Value::Tuple(parts) | Value::List(parts) => Ok(Value::int(parts.len() as i128)),
        Value::Text(text) => Ok(Value::int(text.chars().count() as i128)),
        Value::Records(rows) if !rows.shape.is_empty() => Ok(Value::size(&rows.shape[0])),
        Value::Selected(selected) => {
            selected.sizes()?.into_iter().next().ok_or_else(|| without_length(of).into())
        }
        Value::Array(_) => {
            let shape = sound(of.as_expr(graph, None)?)?;
            shape.first().map(Value::size).ok_or_else(|| without_length(of).into())
        }
        other => Err(without_length(other).into()),
    }
}

fn without_length(of: &Value<'_>) -> Refusal {
    Refusal::argument(format!("{} has no length", of.describe()))
}

fn absolute(of: Weak) -> Folded {
    match of {
        Weak::Bool(truth) => Ok(Weak::Int(i128::from(truth))),
        Weak::Int(value) => value.checked_abs().map(Weak::Int).ok_or_else(|| python::TOO_LARGE.into()),
        Weak::Float(value) => Ok(Weak::Float(value.abs())),
    }
}

/// The nearest integer, of two the even one.
fn rounded(of: Weak) -> Folded {
    match of {
        Weak::Bool(truth) => Ok(Weak::Int(i128::from(truth))),
        Weak::Int(_) => Ok(of),
        Weak::Float(value) if !value.is_finite() => Err(format!("{value} is rounded to no integer")),
        // 2^127
        Weak::Float(value) if value.abs() >= i128::MAX as f64 => Err(python::TOO_LARGE.into()),
        Weak::Float(value) => Ok(Weak::Int(value.round_ties_even() as i128)),
    }
}

/// With so many decimals; negative ones count digits in front of the point.
fn rounded_to(of: Weak, decimals: i128) -> Folded {
    match of {
        Weak::Float(value) => float_rounded_to(value, decimals).map(Weak::Float),
        Weak::Bool(truth) => int_rounded_to(i128::from(truth), decimals).map(Weak::Int),
        Weak::Int(value) => int_rounded_to(value, decimals).map(Weak::Int),
    }
}

fn int_rounded_to(value: i128, decimals: i128) -> Result<i128, String> {
    if decimals >= 0 {
        return Ok(value);
    }
    let unit = u32::try_from(decimals.unsigned_abs()).ok().and_then(|digits| 10u128.checked_pow(digits));
    // Of less than half a unit nothing is left: 10^39 is more than twice the largest integer.
    let Some(unit) = unit else { return Ok(0) };
    let (units, rest) = (value.unsigned_abs() / unit, value.unsigned_abs() % unit);
    let up = rest > unit - rest || rest == unit - rest && units % 2 == 1;
    let magnitude = (units + u128::from(up)).checked_mul(unit).and_then(|all| i128::try_from(all).ok());
    magnitude.map(|all| all * value.signum()).ok_or_else(|| python::TOO_LARGE.into())
}

/// Decimal digits of the exact value decide, as in Python.
fn float_rounded_to(value: f64, decimals: i128) -> Result<f64, String> {
    // No float has digits behind the 1074th decimal.
    if !value.is_finite() || value == 0.0 || decimals > 1100 {
        return Ok(value);
    }
    // All digits that a float has; its shortest text may round up to the next power of ten.
    let exact = format!("{:.767e}", value.abs());
    let (mantissa, exponent) = exact.split_once('e').unwrap_or((&exact, "0"));
    let exponent: i128 = exponent.parse().unwrap_or(0);
    let zero = 0f64.copysign(value);
    let digits = exponent.saturating_add(decimals);
    let text = match usize::try_from(digits) {
        Ok(digits) => format!("{value:.digits$e}"),
        // The first digit is the one behind the last that is kept; at the very half the even number is zero.
        Err(_) if digits == -1 && mantissa.trim_end_matches('0') > "5." => {
            format!("{}1e{}", if value < 0.0 { "-" } else { "" }, exponent + 1)
        }
        Err(_) => return Ok(zero),
    };
    let rounded = text.parse().unwrap_or(zero);
    if rounded.is_finite() { Ok(rounded) } else { Err("the rounded number is larger than any float".into()) }
}

/// The first of those that no other comes before.
fn extreme(before: Op, all: &[Weak]) -> Folded {
    let mut best = all[0];
    for number in &all[1..] {
        if python::infix(before, *number, best)? == Weak::Bool(true) {
            best = *number;
        }
    }
    Ok(best)
}

/// Floats with what is lost of each, as Python adds them since 3.12.
fn sum(all: &[Weak]) -> Folded {
    if !all.iter().any(|number| matches!(number, Weak::Float(_))) {
        return all.iter().try_fold(Weak::Int(0), |total, number| python::infix(Op::Add, total, *number));
    }
    let (mut total, mut lost) = (0.0f64, 0.0);
    for number in all.iter().map(|number| python::float(*number)) {
        let next = total + number;
        lost += if total.abs() >= number.abs() { (total - next) + number } else { (number - next) + total };
        total = next;
    }
    Ok(Weak::Float(if lost.is_finite() { total + lost } else { total }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_as_in_python() {
        for (value, decimals, expected) in [
            (2.675, 2, 2.67),
            (2.75, 1, 2.8),
            (0.125, 2, 0.12),
            (0.375, 2, 0.38),
            (-2.5, 0, -2.0),
            (5.0, -1, 0.0),
            (0.05, 1, 0.1),
            (1e23, -22, 1e23),
            (1e23, -24, 0.0),
            (15.0, -1, 20.0),
            (7.0, -1, 10.0),
            (-7.0, -1, -10.0),
            (7.0, -2, 0.0),
            (9.5, 0, 10.0),
            (1234.5, -2, 1200.0),
            (1e300, 2000, 1e300),
            (1e300, -2000, 0.0),
            (0.1, 20, 0.1),
        ] {
            assert_eq!(
                rounded_to(Weak::Float(value), decimals),
                Ok(Weak::Float(expected)),
                "{value} {decimals}"
            );
        }
        for (value, decimals, expected) in
            [(25, -1, 20), (35, -1, 40), (-26, -1, -30), (5, -40, 0), (7, 3, 7)]
        {
            assert_eq!(rounded_to(Weak::Int(value), decimals), Ok(Weak::Int(expected)), "{value} {decimals}");
        }
        assert_eq!(rounded(Weak::Float(2.5)), Ok(Weak::Int(2)));
        for wrong in [
            rounded(Weak::Float(f64::NAN)),
            rounded(Weak::Float(1e39)),
            rounded_to(Weak::Float(f64::MAX), -308),
            rounded_to(Weak::Int(i128::MAX), -38),
            absolute(Weak::Int(i128::MIN)),
        ] {
            assert!(wrong.is_err(), "{wrong:?}");
        }
    }
}
