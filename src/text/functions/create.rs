//! Arrays that are created: they take no memory, but for those that are written out.

use super::super::call::{Call, Form::Function as Free, Function};
use super::super::error::Refusal;
use super::super::value::{Evaluated, Value};
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
            let value = c.expr("fill_value")?;
            let value = dtype.map_or(value, |dtype| value.astype(dtype));
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
            let value = c.expr("fill_value")?;
            let value = dtype.map_or(value, |dtype| value.astype(dtype));
            Ok(c.fresh(value.broadcast_to(shape)))
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
            let count = count.ok_or_else(|| c.wrong("num", "how many numbers"))?;
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
        signature: "array(object, dtype=None, copy=True, ndmin=0)",
        call: |c| {
            let array = object(c, "object")?;
            let axes = usize::try_from(c.int("ndmin")?).unwrap_or(0).min(super::super::value::MOST_AXES);
            let missing = axes.saturating_sub(array.ndim().unwrap_or(axes));
            let new: Vec<isize> = (0..missing as isize).collect();
            let array = if new.is_empty() { array } else { array.expand_dims(&new[..]) };
            Ok(c.fresh(array))
        },
    },
    Function {
        form: Free,
        signature: "asarray|asanyarray|ascontiguousarray(a, dtype=None)",
        call: |c| {
            let array = object(c, "a")?;
            Ok(c.same("a", array))
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
    let value = c.value(name).unwrap_or(Value::None);
    value.as_expr(c.graph(), c.dtype("dtype")?)
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
    let numbers = match c.dtype("dtype")? {
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
