//! Elements in order, running totals, and where values fall.

use super::super::call::{Call, Form::*, Function, sound};
use super::super::error::Refusal;
use super::super::python;
use super::super::selected::{Front, Selected, in_front, no_function};
use super::super::value::{Evaluated, Value};
use crate::axes::{All, Axes, Axis};
use crate::expr::{Argument, Expr};
use fusewire_ir::{AxisRef, DType, ElementOp, Side, Weak};

pub(super) const TABLE: &[Function] = &[
    Function {
        form: Function,
        signature: "sort(a, axis=-1, kind=None, stable=None)",
        call: |c| match c.selected("a") {
            Some(selected) => sorted(c, &selected),
            None => {
                let (x, axis) = along(c)?;
                Ok(c.fresh(x.sort(axis)))
            }
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
        form: Both,
        signature: "argmin(a, axis=None, out=None, keepdims=False)",
        call: |c| position(c, Expr::argmin, Expr::highest),
    },
    Function {
        form: Both,
        signature: "argmax(a, axis=None, out=None, keepdims=False)",
        call: |c| position(c, Expr::argmax, Expr::lowest),
    },
    Function {
        form: Both,
        signature: "cumsum(a, axis=None, dtype=None, out=None)",
        call: |c| running(c, (Expr::cumulative_sum, zero)),
    },
    Function {
        form: Both,
        signature: "cumprod(a, axis=None, dtype=None, out=None)",
        call: |c| running(c, (Expr::cumulative_prod, one)),
    },
    Function {
        form: Function,
        signature: "nancumsum(a, axis=None, dtype=None, out=None)",
        call: |c| without_nan(c, (Expr::cumulative_sum, zero)),
    },
    Function {
        form: Function,
        signature: "nancumprod(a, axis=None, dtype=None, out=None)",
        call: |c| without_nan(c, (Expr::cumulative_prod, one)),
    },
    Function {
        form: Function,
        signature: "cumulative_sum(a, axis=None, dtype=None, out=None, include_initial=False)",
        call: |c| {
            held_to_axis(c)?;
            let first = c.flag("include_initial")?;
            let sum = if first { Expr::cumulative_sum_from_zero } else { Expr::cumulative_sum };
            running_from(c, sum)
        },
    },
    Function {
        form: Function,
        signature: "cumulative_prod(a, axis=None, dtype=None, out=None, include_initial=False)",
        call: |c| {
            held_to_axis(c)?;
            let first = c.flag("include_initial")?;
            let product = if first { Expr::cumulative_prod_from_one } else { Expr::cumulative_prod };
            running_from(c, product)
        },
    },
    Function {
        form: Function,
        signature: "add.accumulate(a|array, axis=0, dtype=None, out=None)",
        call: |c| accumulated_from(c, Expr::cumulative_sum),
    },
    Function {
        form: Function,
        signature: "multiply.accumulate(a|array, axis=0, dtype=None, out=None)",
        call: |c| accumulated_from(c, Expr::cumulative_prod),
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
        call: |c| {
            // Of integers, as wide as `logaddexp` of two of them.
            let x = c.expr("array")?;
            let both = [x, x].map(Argument::Expr);
            let dtype = Expr::element_of(c.graph(), ElementOp::Logaddexp, both.into_iter()).dtype();
            let total = x.cumulative_logsumexp(c.axis("axis")?);
            let total = dtype
                .filter(|dtype| total.dtype() != Some(*dtype))
                .map_or(total, |dtype| total.astype(dtype));
            Ok(c.fresh(total))
        },
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
        signature: "digitize(x, bins, right=False)",
        call: |c| {
            let side = if c.flag("right")? { Side::Left } else { Side::Right };
            let (x, (bins, shape)) = (c.expr("x")?, c.sound("bins")?);
            let length = shape.first().and_then(fusewire_ir::Dim::known).filter(|_| shape.len() == 1);
            let Some(length @ 2..) = length else {
                let found = bins.searchsorted(x, side);
                return Ok(c.fresh(found));
            };
            if c.value("bins").is_some_and(|bins| bins.parts().is_some_and(have_no_order)) {
                return Err(c.wrong("bins", "numbers that ascend or descend"));
            }
            // Edges may fall as well; whether they do is seen when data is.
            let (before, after) = (bins.slice_axis(0, ..-1), bins.slice_axis(0, 1..));
            let rises = after.greater(before).count_nonzero(All);
            let steps = rises.minimum(after.less(before).count_nonzero(All));
            let message = "the bins of `digitize` neither ascend nor descend: {found} of them turn back";
            let checked = steps.expect_equal(0, message);
            let falls = bins.index(0).greater(bins.index(-1));
            let rising = falls.select(bins.flip(Axis(0)), bins);
            let found = rising.searchsorted(x, side);
            let found = falls.select(found.number(length as i64) - found, found);
            Ok(c.fresh(found + checked))
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
            let (x, shape) = c.sound("x")?;
            if shape.len() != 1 {
                return Err(c.wrong("x", "integers along one axis"));
            }
            let counts = match c.some("weights") {
                None => x.bincount(length),
                Some(_) => x.bincount_weighted(c.expr("weights")?, length),
            };
            Ok(c.fresh(counts))
        },
    },
];

/// Numbers of which one is greater, and one less, than the one before.
fn have_no_order(parts: &[Value<'_>]) -> bool {
    let any = |op| {
        parts.windows(2).any(|pair| match pair {
            [Value::Number(before), Value::Number(after)] => {
                python::infix(op, *after, *before) == Ok(Weak::Bool(true))
            }
            _ => false,
        })
    };
    any(ElementOp::Less) && any(ElementOp::Greater)
}

/// Several axes have no order of their own.
fn held_to_axis<'g>(c: &Call<'_, '_, 'g>) -> Evaluated<'g, ()> {
    let (_, shape) = c.sound("a")?;
    if shape.len() > 1 && c.some("axis").is_none() {
        return Err(c.wrong("axis", "an axis where the array has several"));
    }
    Ok(())
}

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

/// The axis of elements that a mask selects, which are along one where there is none.
fn along_selected<'g>(c: &Call<'_, '_, 'g>, of: &Selected<'g>) -> Evaluated<'g, (Selected<'g>, usize)> {
    let Some(axis) = c.some("axis") else { return Ok((of.flattened()?, 0)) };
    let axes = of.ndim().unwrap_or(1) as i64;
    let axis = axis.as_int().ok_or_else(|| c.wrong("axis", "an axis"))?;
    let position = if axis < 0 { axis + axes } else { axis };
    match usize::try_from(position) {
        Ok(position) if position < axes as usize => Ok((*of, position)),
        _ => Err(c.wrong("axis", "an axis of the elements")),
    }
}

/// The axis of the values in the place of one that is not that of what is selected.
fn of_values(of: &Selected<'_>, axis: usize) -> AxisRef {
    let behind = Some(axis) > of.axis();
    AxisRef::Position((if behind { axis + of.of_mask() - 1 } else { axis }) as isize)
}

/// Where an extreme element stands; of those that a mask selects, among them.
fn position<'g>(
    c: &mut Call<'_, '_, 'g>,
    extreme: fn(Expr<'g>, Axes) -> Expr<'g>,
    worst: fn(Expr<'g>) -> Expr<'g>,
) -> Evaluated<'g> {
    let Some(of) = c.selected("a") else {
        let (x, axes) = (c.expr("a")?, c.axes()?);
        return Ok(c.fresh(extreme(x, axes)));
    };
    let ((of, axis), keepdims) = (along_selected(c, &of)?, c.flag("keepdims")?);
    if c.some("axis").is_some() && Some(axis) != of.axis() {
        let axes = Axes { axes: Some(vec![of_values(&of, axis)]), keepdims };
        let behind = Some(axis) > of.axis() && !keepdims;
        let trail = of.trail - usize::from(behind);
        return Ok(Value::Selected(Selected { trail, ..of.with(extreme(of.values, axes)) }));
    }
    if of.ndim() != Some(1) || keepdims {
        return Err(no_function(c.name).into());
    }
    // Behind those in front stands what is never the first of the extremes.
    let front = of.in_front()?;
    let message = format!("`{}` of no elements: the mask selects {{found}}", c.name);
    let checked = front.count().minimum(1).expect_equal(1, &message);
    let place = extreme(front.mask.select(front.values, worst(front.values)), Axes::from(Axis(0)));
    Ok(c.fresh(place + (checked - 1)))
}

/// Elements that a mask selects in order: in front of all that it does not select.
fn sorted<'g>(c: &Call<'_, '_, 'g>, of: &Selected<'g>) -> Evaluated<'g> {
    let (of, axis) = along_selected(c, of)?;
    let values = of.values;
    if Some(axis) != of.axis() && c.some("axis").is_some() {
        return Ok(Value::Selected(of.with(values.sort(of_values(&of, axis)))));
    }
    let axis = of.axis().unwrap_or(0);
    let last = if values.is_float() { values.number(f64::NAN) } else { values.highest() };
    let line = of.with(of.wide_mask().select(values, last)).line()?.sort(Axis(axis as isize));
    // As many are in front as the mask selects, or as were there already.
    let mask = of.front.map_or(Some(of.mask), |front| front.of);
    let front = in_front(line, of.count(), axis)?;
    Ok(Value::Selected(Selected { front: front.front.map(|front| Front { of: mask, ..front }), ..front }))
}

/// Totals of elements that a mask selects, each with those before it, over which the others say nothing.
fn running_selected<'g>(
    c: &Call<'_, '_, 'g>,
    of: &Selected<'g>,
    (total, nothing): Running<'g>,
) -> Evaluated<'g> {
    let (of, axis) = along_selected(c, of)?;
    let dtype = c.dtype("dtype")?;
    let values = dtype.map_or(of.values, |dtype| of.values.astype(dtype));
    let running = if Some(axis) != of.axis() && c.some("axis").is_some() {
        total(values, of_values(&of, axis))
    } else {
        let shape = sound(values)?;
        let filled = of.with(of.wide_mask().select(values, nothing(values)));
        total(filled.line()?, AxisRef::Position(of.axis().unwrap_or(0) as isize)).reshape(shape)
    };
    Ok(Value::Selected(of.with(dtype.map_or(running, |dtype| running.astype(dtype)))))
}

/// A running total, and what changes none.
type Running<'g> = (fn(Expr<'g>, AxisRef) -> Expr<'g>, fn(Expr<'g>) -> Expr<'g>);

fn zero(of: Expr<'_>) -> Expr<'_> {
    of.number(0i64)
}

fn one(of: Expr<'_>) -> Expr<'_> {
    of.number(1i64)
}

/// NaN as what changes no total.
fn without_nan<'g>(c: &mut Call<'_, '_, 'g>, (total, nothing): Running<'g>) -> Evaluated<'g> {
    let (x, axis) = along(c)?;
    let x = if x.is_float() { x.isnan().select(nothing(x), x) } else { x };
    let running = match c.dtype("dtype")? {
        Some(dtype) => total(x.astype(dtype), axis).astype(dtype),
        None => total(x, axis),
    };
    Ok(c.fresh(running))
}

fn running<'g>(c: &mut Call<'_, '_, 'g>, (total, nothing): Running<'g>) -> Evaluated<'g> {
    match c.selected("a") {
        Some(selected) => running_selected(c, &selected, (total, nothing)),
        None => running_from(c, total),
    }
}

fn running_from<'g>(c: &mut Call<'_, '_, 'g>, total: fn(Expr<'g>, AxisRef) -> Expr<'g>) -> Evaluated<'g> {
    let (x, axis) = along(c)?;
    let running = match c.dtype("dtype")? {
        Some(dtype) => total(x.astype(dtype), axis).astype(dtype),
        None => total(x, axis),
    };
    Ok(c.fresh(running))
}

/// Along an axis that is there.
fn accumulated_from<'g>(c: &mut Call<'_, '_, 'g>, total: fn(Expr<'g>, AxisRef) -> Expr<'g>) -> Evaluated<'g> {
    if c.sound("a")?.1.is_empty() {
        return Err(c.wrong("a", "an array with axes"));
    }
    running_from(c, total)
}

fn accumulated<'g>(c: &mut Call<'_, '_, 'g>, total: fn(Expr<'g>, AxisRef) -> Expr<'g>) -> Evaluated<'g> {
    let running = total(c.expr("array")?, c.axis("axis")?);
    Ok(c.fresh(running))
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
            let Some([low, high]) = ends.as_deref() else { return Err(c.wrong("range", "two numbers")) };
            let Some(bins) = u64::try_from(bins).ok().filter(|bins| *bins > 0) else {
                return Err(c.wrong("bins", "at least one bin, or edges,"));
            };
            // Around a single number the bins are one wide together.
            let half = if low == high { 0.5 } else { 0.0 };
            let (low, high) = (&(low - half), &(high + half));
            let edges = c.graph().linspace(*low, *high, bins.saturating_add(1));
            match x.dtype() {
                // Edges have the dtype of the floats that they are held against.
                Some(dtype @ (DType::F16 | DType::F32)) => {
                    let edges = edges.astype(dtype);
                    (x.histogram(edges), edges)
                }
                _ => (x.histogram_range(bins, *low, *high), edges),
            }
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
