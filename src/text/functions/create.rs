//! Arrays that are created: they take no memory, but for those that are written out.

use super::super::call::{Call, Form::Function as Free, Function};
use super::super::error::Refusal;
use super::super::value::{Evaluated, Value};
use super::arrange::c_order;
use crate::expr::{Expr, Indexing};
use fusewire_ir::{DType, Dim, Scalar, Site, Weak};

pub(super) const TABLE: &[Function] = &[
    Function {
        form: Free,
        signature: "zeros|empty(shape, dtype=float, order='C')",
        call: |c| filled(c, Scalar::I64(0)),
    },
    Function {
        form: Free,
        signature: "ones(shape, dtype=float, order='C')",
        call: |c| filled(c, Scalar::I64(1)),
    },
    Function {
        form: Free,
        signature: "full(shape, fill_value, dtype=None, order='C')",
        call: |c| {
            let (shape, dtype) = (c.shape("shape")?, c.dtype("dtype")?);
            let value = filling(c, dtype)?;
            Ok(c.fresh(value.broadcast_to(shape)))
        },
    },
    Function {
        form: Free,
        signature: "zeros_like|empty_like(a, dtype=None)",
        call: |c| like(c, |x| x.zeros_like()),
    },
    Function { form: Free, signature: "ones_like(a, dtype=None)", call: |c| like(c, |x| x.ones_like()) },
    Function {
        form: Free,
        signature: "full_like(a, fill_value, dtype=None)",
        call: |c| {
            let (x, shape) = c.sound("a")?;
            let dtype = c.dtype("dtype")?.or(x.dtype());
            let value = filling(c, dtype)?;
            Ok(c.fresh(value.broadcast_to(shape)))
        },
    },
    Function {
        form: Free,
        signature: "ndim(a)",
        call: |c| {
            let (_, shape) = c.sound("a")?;
            Ok(Value::int(shape.len() as i128))
        },
    },
    Function {
        form: Free,
        signature: "shape(a)",
        call: |c| {
            let (_, shape) = c.sound("a")?;
            Value::tuple(shape.iter().map(Value::size).collect())
        },
    },
    Function {
        form: Free,
        signature: "size(a, axis=None)",
        call: |c| {
            let (_, shape) = c.sound("a")?;
            let at = match c.some("axis") {
                None => {
                    let sizes = shape.iter().map(|dim| dim.clone().with_label(None));
                    return Ok(Value::size(
                        &sizes.reduce(|all, size| all * size).unwrap_or_else(|| 1u64.into()),
                    ));
                }
                Some(_) => c.int("axis")?,
            };
            let at = usize::try_from(if at < 0 { at + shape.len() as i64 } else { at });
            let size = at.ok().and_then(|at| shape.get(at)).map(Value::size);
            size.ok_or_else(|| c.wrong("axis", &format!("an axis of the {} of the array", shape.len())))
        },
    },
    Function {
        form: Free,
        signature: "dtype(dtype)",
        call: |c| match c.dtype("dtype")? {
            Some(dtype) => Ok(Value::DType(dtype)),
            None => Ok(Value::DType(DType::F64)),
        },
    },
    Function { form: Free, signature: "arange(start, stop=None, step=1, dtype=None)", call: arange },
    Function {
        form: Free,
        signature: "linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0)",
        call: |c| {
            if c.flag("retstep")? {
                return Err(c.wrong("retstep", "False"));
            }
            let (start, stop, endpoint) = (c.float("start")?, c.float("stop")?, c.flag("endpoint")?);
            let count = c.value("num").and_then(|count| count.as_dim());
            let count = count.ok_or_else(|| c.wrong("num", "a whole number"))?;
            let (graph, site) = (c.graph(), Site::caller());
            let numbers = match count.known() {
                Some(known) => graph.push(|g| g.linspace(start, stop, known, endpoint, site)),
                None if endpoint => graph.linspace(start, stop, count),
                None => return Err(c.wrong("num", "a size that is known where `endpoint` is False,")),
            };
            let numbers = match c.dtype("dtype")? {
                // NumPy rounds down to integers.
                Some(dtype) if dtype.is_int() => numbers.floor().astype(dtype),
                Some(dtype) => numbers.astype(dtype),
                None => numbers,
            };
            Ok(c.fresh(numbers))
        },
    },
    Function {
        form: Free,
        signature: "eye(N, M=None, k=0, dtype=float)",
        call: |c| {
            let (rows, columns, dtype, k) = matrix(c)?;
            let eye = c.graph().eye(dtype, rows, columns, k);
            Ok(c.fresh(eye))
        },
    },
    Function {
        form: Free,
        signature: "identity(n, dtype=float)",
        call: |c| {
            let n = size(c, "n")?;
            let dtype = c.dtype("dtype")?.unwrap_or(DType::F64);
            let eye = c.graph().eye(dtype, n.clone(), n, 0);
            Ok(c.fresh(eye))
        },
    },
    Function {
        form: Free,
        signature: "tri(N, M=None, k=0, dtype=float)",
        call: |c| {
            let (rows, columns, dtype, k) = matrix(c)?;
            let tri = c.graph().tri(dtype, rows, columns, k);
            Ok(c.fresh(tri))
        },
    },
    Function {
        form: Free,
        signature: "array(object, dtype=None, copy=True, order='K', ndmin=0)",
        call: |c| {
            c_order(c)?;
            let array = object(c, "object")?;
            let is_copied = match c.value("object") {
                Some(Value::Array(own)) => own.expr.dtype() != array.dtype(),
                _ => true,
            };
            if matches!(c.value("copy"), Some(Value::Number(Weak::Bool(false)))) && is_copied {
                return Err(c.wrong("copy", "True where an array is made or converted"));
            }
            let axes = usize::try_from(c.int("ndmin")?).unwrap_or(0).min(super::super::value::MOST_AXES);
            let missing = axes.saturating_sub(array.ndim().unwrap_or(axes));
            let new: Vec<isize> = (0..missing as isize).collect();
            let array = if new.is_empty() { array } else { array.expand_dims(&new[..]) };
            Ok(c.fresh(array))
        },
    },
    Function {
        form: Free,
        signature: "asarray|asanyarray(a, dtype=None, order=None, copy=None)",
        call: |c| {
            c_order(c)?;
            let array = object(c, "a")?;
            Ok(c.same("a", array))
        },
    },
    Function {
        form: Free,
        signature: "ascontiguousarray(a, dtype=None)",
        call: |c| {
            let array = object(c, "a")?;
            // It has at least one axis.
            if array.ndim() == Some(0) { Ok(c.fresh(array.ravel())) } else { Ok(c.same("a", array)) }
        },
    },
    Function {
        form: Free,
        signature: "meshgrid(*xi, indexing='xy', sparse=False, copy=True)",
        call: |c| {
            if c.flag("sparse")? {
                return Err(c.wrong("sparse", "False"));
            }
            let indexing = match &*c.text("indexing")? {
                "xy" => Indexing::Xy,
                "ij" => Indexing::Ij,
                _ => return Err(c.wrong("indexing", "'xy' or 'ij'")),
            };
            let (graph, coordinates) = (c.graph(), c.exprs("xi")?);
            let grid: Vec<Expr<'_>> = match coordinates[..] {
                [a] => graph.meshgrid([a], indexing).into(),
                [a, b] => graph.meshgrid([a, b], indexing).into(),
                [a, b, d] => graph.meshgrid([a, b, d], indexing).into(),
                [a, b, d, e] => graph.meshgrid([a, b, d, e], indexing).into(),
                _ => return Err(Refusal::argument("`meshgrid` takes up to four arrays").into()),
            };
            Value::tuple(grid.into_iter().map(|axis| c.fresh(axis)).collect())
        },
    },
];

fn size<'g>(c: &Call<'_, '_, 'g>, name: &str) -> Evaluated<'g, Dim> {
    c.value(name).and_then(|value| value.as_dim()).ok_or_else(|| c.wrong(name, "a size"))
}

/// What `eye` and `tri` take: rows, columns, dtype, diagonal.
fn matrix<'g>(c: &Call<'_, '_, 'g>) -> Evaluated<'g, (Dim, Dim, DType, i64)> {
    let rows = size(c, "N")?;
    let columns = if c.some("M").is_some() { size(c, "M")? } else { rows.clone() };
    Ok((rows, columns, c.dtype("dtype")?.unwrap_or(DType::F64), c.int("k")?))
}

/// `fill_value=`: an integer is held to the dtype, anything else is an array, which is converted.
fn filling<'g>(c: &Call<'_, '_, 'g>, dtype: Option<DType>) -> Evaluated<'g, Expr<'g>> {
    match (c.value("fill_value"), dtype) {
        (Some(Value::Number(Weak::Int(_))), dtype) => c.expr_in("fill_value", dtype),
        (_, Some(dtype)) => Ok(c.expr("fill_value")?.astype(dtype)),
        (_, None) => c.expr("fill_value"),
    }
}

fn filled<'g>(c: &mut Call<'_, '_, 'g>, value: Scalar) -> Evaluated<'g> {
    let dtype = c.dtype("dtype")?.unwrap_or(DType::F64);
    let filled = c.graph().full(c.shape("shape")?, value.cast(dtype));
    Ok(c.fresh(filled))
}

fn like<'g>(c: &mut Call<'_, '_, 'g>, make: impl Fn(Expr<'g>) -> Expr<'g>) -> Evaluated<'g> {
    let x = c.expr("a")?;
    let made = make(x);
    let made = c.dtype("dtype")?.map_or(made, |dtype| made.astype(dtype));
    Ok(c.fresh(made))
}

fn object<'g>(c: &Call<'_, '_, 'g>, name: &str) -> Evaluated<'g, Expr<'g>> {
    c.expr_in(name, c.dtype("dtype")?)
}

fn arange<'g>(c: &mut Call<'_, '_, 'g>) -> Evaluated<'g> {
    let (mut start, mut stop) = (Value::int(0), c.value("start").unwrap_or(Value::None));
    if let Some(given) = c.some("stop") {
        start = std::mem::replace(&mut stop, given);
    }
    let step = c.value("step").unwrap_or(Value::int(1));
    let graph = c.graph();
    let numbers = match (&start, &stop, &step) {
        (Value::Number(start), Value::Number(stop), Value::Number(step)) => {
            graph.arange(*start, *stop, *step)
        }
        (start, Value::Dim(stop), step) => match (start.as_int(), step.as_int()) {
            (Some(start), Some(step)) => graph.arange_to(start, stop.clone(), step),
            _ => return Err(c.wrong("step", "integers beside a size that is not known yet,")),
        },
        _ => return Err(c.wrong("start", "numbers")),
    };
    let is_float = |value: &Value<'_>| matches!(value, Value::Number(Weak::Float(_)));
    let dtype = c.dtype("dtype")?;
    if let (Some(dtype), Some(first), Some(step)) = (dtype, start.as_int(), step.as_int()) {
        let length = numbers.shape().and_then(|shape| shape.first()?.known());
        if dtype == DType::Bool && length.is_some_and(|length| length > 2) {
            let refusal = Refusal::argument("`arange` in bool has two elements at most");
            return Err(refusal.help("compare instead: `np.arange(5) > 0`").into());
        }
        // As NumPy has it, these two have to fit, and those that follow wrap around.
        for number in [first, first.saturating_add(step)].into_iter().take(length.unwrap_or(2) as usize) {
            Value::int(number).as_expr(graph, Some(dtype))?;
        }
    }
    let numbers = match dtype {
        Some(dtype) if !dtype.is_float() && [&start, &stop, &step].into_iter().any(is_float) => {
            let message = format!("`arange` of floats in {dtype} has steps of any length");
            return Err(Refusal::argument(message)
                .help("write integers, or `np.arange(...).astype(...)`")
                .into());
        }
        Some(dtype) => numbers.astype(dtype),
        None => numbers,
    };
    Ok(c.fresh(numbers))
}
