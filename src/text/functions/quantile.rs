//! What lies in the middle, and at parts of the way through elements in order.

use super::super::call::{Call, Form::*, Function};
use super::super::value::{Evaluated, Value};
use crate::axes::{Axes, Axis};
use crate::expr::Expr;
use fusewire_ir::{DType, Weak};

pub(super) const TABLE: &[Function] = &[
    Function {
        form: Function,
        signature: "median(a, axis=None, out=None, keepdims=False)",
        call: |c| median(c, false),
    },
    Function {
        form: Function,
        signature: "nanmedian(a, axis=None, out=None, keepdims=False)",
        call: |c| median(c, true),
    },
    Function {
        form: Function,
        signature: "quantile(a, q, axis=None, out=None, method='linear', keepdims=False)",
        call: |c| quantile(c, 1.0, false),
    },
    Function {
        form: Function,
        signature: "percentile(a, q, axis=None, out=None, method='linear', keepdims=False)",
        call: |c| quantile(c, 100.0, false),
    },
    Function {
        form: Function,
        signature: "nanquantile(a, q, axis=None, out=None, method='linear', keepdims=False)",
        call: |c| quantile(c, 1.0, true),
    },
    Function {
        form: Function,
        signature: "nanpercentile(a, q, axis=None, out=None, method='linear', keepdims=False)",
        call: |c| quantile(c, 100.0, true),
    },
];

/// Which elements count: all where there is no mask.
fn counted<'g>(c: &Call<'_, '_, 'g>, x: Expr<'g>, without_nan: bool) -> Option<Expr<'g>> {
    let numbers = (without_nan && x.is_float()).then(|| !x.isnan());
    match (c.selection(), numbers) {
        (Some(mask), Some(numbers)) => Some(mask & numbers),
        (mask, numbers) => mask.or(numbers),
    }
}

fn median<'g>(c: &mut Call<'_, '_, 'g>, without_nan: bool) -> Evaluated<'g> {
    let (x, axes) = (c.expr("a")?, c.axes()?);
    let median = match counted(c, x, without_nan) {
        None => x.median(axes),
        Some(mask) => x.masked(mask).median(axes),
    };
    Ok(c.fresh(median))
}

/// One part or several, which are along a new first axis.
fn quantile<'g>(c: &mut Call<'_, '_, 'g>, whole: f64, without_nan: bool) -> Evaluated<'g> {
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
    // Whole parts of one are elements, and stay what they are.
    let is_whole = |value: &Value<'g>| matches!(value, Value::Number(Weak::Int(_) | Weak::Bool(_)));
    let own = (whole == 1.0 && q.parts().unwrap_or(std::slice::from_ref(&q)).iter().all(is_whole))
        .then(|| x.dtype());
    let mask = counted(c, x, without_nan);
    if let Some(Some(dtype)) = own
        && !dtype.is_float()
    {
        let extreme = |part: f64, axes: Axes| match (mask, part > 0.0) {
            (None, false) => x.min(axes),
            (None, true) => x.max(axes),
            (Some(mask), false) => x.masked(mask).min_initial(axes, x.highest()),
            (Some(mask), true) => x.masked(mask).max_initial(axes, x.lowest()),
        };
        let all: Vec<Expr<'g>> = parts.iter().map(|part| extreme(*part, axes.clone())).collect();
        let result = if q.parts().is_some() { c.graph().stack(Axis(0), all) } else { all[0] };
        return Ok(c.fresh(result));
    }
    // A list has a dtype, to which floats are promoted.
    let x = if q.parts().is_some() && own.is_none() && x.dtype().is_some_and(DType::is_float) {
        x.astype(DType::F64)
    } else {
        x
    };
    let quantile = |part: f64, axes: Axes| match mask {
        None => x.quantile(part, axes),
        Some(mask) => x.masked(mask).quantile(part, axes),
    };
    let quantiles: Vec<Expr<'g>> = parts.iter().map(|part| quantile(part / whole, axes.clone())).collect();
    let result = if q.parts().is_some() { c.graph().stack(Axis(0), quantiles) } else { quantiles[0] };
    Ok(c.fresh(result))
}
