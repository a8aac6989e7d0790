//! Elements in order, running totals, and where values fall.

use super::super::call::{Call, Form::*, Function};
use super::super::error::Refusal;
use super::super::value::{Evaluated, Value};
use crate::axes::Axis;
use crate::expr::Expr;
use fusewire_ir::{AxisRef, DType, Side};

pub(super) const TABLE: &[Function] = &[
    Function {
        form: Function,
        signature: "sort(a, axis=-1, kind=None, stable=None)",
        call: |c| {
            let (x, axis) = along(c)?;
            Ok(c.fresh(x.sort(axis)))
        },
    },
    Function {
        form: Both,
        signature: "argsort(a, axis=-1, kind=None, stable=None)",
        call: |c| {
            let (x, axis) = along(c)?;
            Ok(c.fresh(x.argsort(axis)))
        },
    },
    Function {
        form: Function,
        signature: "median(a, axis=None, out=None, keepdims=False)",
        call: |c| {
            let median = c.expr("a")?.median(c.axes()?);
            Ok(c.fresh(median))
        },
    },
    Function {
        form: Function,
        signature: "quantile(a, q, axis=None, out=None, method='linear', keepdims=False)",
        call: |c| quantile(c, 1.0),
    },
    Function {
        form: Function,
        signature: "percentile(a, q, axis=None, out=None, method='linear', keepdims=False)",
        call: |c| quantile(c, 100.0),
    },
    Function {
        form: Both,
        signature: "cumsum(a, axis=None, dtype=None, out=None)",
        call: |c| running(c, Expr::cumulative_sum),
    },
    Function {
        form: Both,
        signature: "cumprod(a, axis=None, dtype=None, out=None)",
        call: |c| running(c, Expr::cumulative_prod),
    },
    Function {
        form: Function,
        signature: "cumulative_sum(a, axis=None, dtype=None, out=None, include_initial=False)",
        call: |c| {
            let first = c.flag("include_initial")?;
            let sum = if first { Expr::cumulative_sum_from_zero } else { Expr::cumulative_sum };
            running(c, sum)
        },
    },
    Function {
        form: Function,
        signature: "cumulative_prod(a, axis=None, dtype=None, out=None, include_initial=False)",
        call: |c| {
            let first = c.flag("include_initial")?;
            let product = if first { Expr::cumulative_prod_from_one } else { Expr::cumulative_prod };
            running(c, product)
        },
    },
    Function {
        form: Function,
        signature: "maximum.accumulate(array, axis=0)",
        call: |c| accumulated(c, Expr::cumulative_max),
    },
    Function {
        form: Function,
        signature: "minimum.accumulate(array, axis=0)",
        call: |c| accumulated(c, Expr::cumulative_min),
    },
    Function {
        form: Function,
        signature: "logaddexp.accumulate(array, axis=0)",
        call: |c| accumulated(c, Expr::cumulative_logsumexp),
    },
    Function {
        form: Both,
        signature: "searchsorted(a, v, side='left')",
        call: |c| {
            let side = match &*c.text("side")? {
                "left" => Side::Left,
                "right" => Side::Right,
                _ => return Err(c.wrong("side", "'left' or 'right'")),
            };
            let found = c.expr("a")?.searchsorted(c.expr("v")?, side);
            Ok(c.fresh(found))
        },
    },
    Function {
        form: Function,
        signature: "digitize(x, bins)",
        call: |c| {
            let found = c.expr("x")?.digitize(c.expr("bins")?);
            Ok(c.fresh(found))
        },
    },
    Function { form: Function, signature: "histogram(a, bins=10, range=None)", call: histogram },
    Function {
        form: Function,
        signature: "bincount(x, weights=None, minlength=0)",
        call: |c| {
            let length = c.value("minlength").and_then(|length| length.as_dim());
            let length = length.filter(|length| length.known() != Some(0)).ok_or_else(|| {
                let refusal = Refusal::argument("`bincount` needs `minlength`: how long the result is");
                refusal
                    .help("the largest element is known only when data is; one beyond is an error of the run")
            })?;
            let x = c.expr("x")?;
            let counts = match c.some("weights") {
                None => x.bincount(length),
                Some(_) => x.bincount_weighted(c.expr("weights")?, length),
            };
            Ok(c.fresh(counts))
        },
    },
];

/// An array and one axis of it; without one, all elements along one axis.
fn along<'g>(c: &Call<'_, '_, 'g>) -> Evaluated<'g, (Expr<'g>, AxisRef)> {
    let x = c.expr("a")?;
    match c.some("axis") {
        Some(axis) if matches!(axis.as_int(), Some(0 | -1)) && c.is_single() => {
            Ok((x.ravel(), AxisRef::Position(0)))
        }
        Some(_) => Ok((x, c.axis("axis")?)),
        None => Ok((x.ravel(), AxisRef::Position(0))),
    }
}

fn running<'g>(c: &mut Call<'_, '_, 'g>, total: fn(Expr<'g>, AxisRef) -> Expr<'g>) -> Evaluated<'g> {
    let (x, axis) = along(c)?;
    let running = match c.dtype("dtype")? {
        Some(dtype) => total(x.astype(dtype), axis).astype(dtype),
        None => total(x, axis),
    };
    Ok(c.fresh(running))
}

fn accumulated<'g>(c: &mut Call<'_, '_, 'g>, total: fn(Expr<'g>, AxisRef) -> Expr<'g>) -> Evaluated<'g> {
    let running = total(c.expr("array")?, c.axis("axis")?);
    Ok(c.fresh(running))
}

/// One part or several, which are along a new first axis.
fn quantile<'g>(c: &mut Call<'_, '_, 'g>, whole: f64) -> Evaluated<'g> {
    if &*c.text("method")? != "linear" {
        return Err(c.wrong("method", "'linear'"));
    }
    let (x, axes) = (c.expr("a")?, c.axes()?);
    let one = |value: &Value<'g>| match value {
        Value::Number(part) => Some(super::super::python::float(*part)),
        _ => None,
    };
    let q = c.value("q").unwrap_or(Value::None);
    let parts: Option<Vec<f64>> = q.parts().unwrap_or(std::slice::from_ref(&q)).iter().map(one).collect();
    let parts = parts
        .filter(|parts| !parts.is_empty())
        .ok_or_else(|| c.wrong("q", "a number or a list of numbers"))?;
    if !parts.iter().all(|part| (0.0..=whole).contains(part)) {
        return Err(c.wrong("q", &format!("numbers from 0 to {whole}")));
    }
    // A list has a dtype, to which floats are promoted.
    let x =
        if q.parts().is_some() && x.dtype().is_some_and(DType::is_float) { x.astype(DType::F64) } else { x };
    let quantiles = parts.iter().map(|part| x.quantile(part / whole, axes.clone()));
    let quantiles: Vec<Expr<'g>> = quantiles.collect();
    let result = if q.parts().is_some() { c.graph().stack(Axis(0), quantiles) } else { quantiles[0] };
    Ok(c.fresh(result))
}

/// Counts and edges.
fn histogram<'g>(c: &mut Call<'_, '_, 'g>) -> Evaluated<'g> {
    let x = c.expr("a")?;
    let bins = c.value("bins").unwrap_or(Value::None);
    let (counts, edges) = match (bins.as_int(), c.some("range")) {
        (Some(bins), Some(range)) => {
            let ends = range.parts().map(|ends| {
                ends.iter().map(|end| match end {
                    Value::Number(end) => Some(super::super::python::float(*end)),
                    _ => None,
                })
            });
            let ends: Option<Vec<f64>> = ends.and_then(Iterator::collect);
            let (Some([low, high]), Ok(bins)) = (ends.as_deref(), u64::try_from(bins)) else {
                return Err(c.wrong("range", "two numbers"));
            };
            let edges = c.graph().linspace(*low, *high, bins.saturating_add(1));
            (x.histogram_range(bins, *low, *high), edges)
        }
        (Some(_), None) => {
            let refusal = Refusal::argument("`histogram` needs `range` beside a number of bins");
            let help =
                "where the elements lie is known only when data is; `range=(0, 1)`, or edges as `bins`";
            return Err(refusal.help(help).into());
        }
        (None, None) => {
            let edges = c.expr("bins")?;
            (x.histogram(edges), edges)
        }
        (None, Some(_)) => return Err(c.wrong("range", "nothing beside edges as `bins`")),
    };
    let parts = vec![c.fresh(counts), c.fresh(edges)];
    Value::tuple(parts)
}
