//! Reductions and statistics.

use super::super::call::{Call, Form::*, Function};
use super::super::error::Refusal;
use super::super::value::{Evaluated, Value};
use crate::axes::Axes;
use crate::expr::{Argument, Expr, Masked};
use fusewire_ir::{DType, ElementOp};

type Reduced<'c, 'e, 't, 'g> = &'c mut Call<'e, 't, 'g>;

pub(super) const TABLE: &[Function] = &[
    Function {
        form: Both,
        signature: "sum(a, axis=None, dtype=None, out=None, keepdims=False, initial=..., where=True)",
        call: |c| total(c, Expr::sum, Expr::sum_as, Masked::sum, ElementOp::Add),
    },
    Function {
        form: Both,
        signature: "prod(a, axis=None, dtype=None, out=None, keepdims=False, initial=..., where=True)",
        call: |c| total(c, Expr::prod, Expr::prod_as, Masked::prod, ElementOp::Multiply),
    },
    Function {
        form: Both,
        signature: "mean(a, axis=None, dtype=None, out=None, keepdims=False, where=True)",
        call: |c| {
            let (x, axes) = (c.expr("a")?, c.axes()?);
            let mean = match (c.dtype("dtype")?, mask(c)?) {
                (None, None) => x.mean(axes),
                (Some(dtype), None) => x.mean_as(axes, dtype),
                (None, Some(mask)) => x.masked(mask).mean(axes),
                (Some(dtype), Some(mask)) => x.masked(mask).mean_as(axes, dtype),
            };
            Ok(c.fresh(mean))
        },
    },
    Function {
        form: Both,
        signature: "min|amin(a, axis=None, out=None, keepdims=False, initial=..., where=True)",
        call: |c| {
            extreme(
                c,
                Expr::min,
                |x, axes, initial| x.min_initial(axes, initial),
                |x, axes, initial| x.min_initial(axes, initial),
                Expr::highest,
            )
        },
    },
    Function {
        form: Both,
        signature: "max|amax(a, axis=None, out=None, keepdims=False, initial=..., where=True)",
        call: |c| {
            extreme(
                c,
                Expr::max,
                |x, axes, initial| x.max_initial(axes, initial),
                |x, axes, initial| x.max_initial(axes, initial),
                Expr::lowest,
            )
        },
    },
    Function {
        form: Both,
        signature: "any(a, axis=None, out=None, keepdims=False, where=True)",
        call: |c| {
            let (x, axes) = (c.expr("a")?, c.axes()?);
            let any = mask(c)?.map_or_else(|| x.any(axes.clone()), |mask| x.masked(mask).any(axes.clone()));
            Ok(c.fresh(any))
        },
    },
    Function {
        form: Both,
        signature: "all(a, axis=None, out=None, keepdims=False, where=True)",
        call: |c| {
            let (x, axes) = (c.expr("a")?, c.axes()?);
            let all = mask(c)?.map_or_else(|| x.all(axes.clone()), |mask| x.masked(mask).all(axes.clone()));
            Ok(c.fresh(all))
        },
    },
    Function {
        form: Both,
        signature: "var(a, axis=None, dtype=None, out=None, ddof|correction=0, keepdims=False, where=True)",
        call: |c| spread(c, Expr::var_ddof, Masked::var_ddof),
    },
    Function {
        form: Both,
        signature: "std(a, axis=None, dtype=None, out=None, ddof|correction=0, keepdims=False, where=True)",
        call: |c| spread(c, Expr::std_ddof, Masked::std_ddof),
    },
    Function {
        form: Function,
        signature: "count_nonzero(a, axis=None, keepdims=False)",
        call: |c| {
            let (x, axes) = (c.expr("a")?, c.axes()?);
            let counted = c.selection().map_or(x, |mask| x.is_nonzero() & mask);
            Ok(c.fresh(counted.count_nonzero(axes)))
        },
    },
    Function {
        form: Function,
        signature: "ptp(a, axis=None, out=None, keepdims=False)",
        call: |c| {
            let (x, axes) = (c.expr("a")?, c.axes()?);
            let ptp = match c.selection().map(|mask| x.masked(mask)) {
                None => x.ptp(axes),
                Some(of) => of.max_initial(axes.clone(), x.lowest()) - of.min_initial(axes, x.highest()),
            };
            Ok(c.fresh(ptp))
        },
    },
    Function {
        form: Function,
        signature: "nansum(a, axis=None, dtype=None, out=None, keepdims=False)",
        call: |c| without_nan(c, Expr::nansum),
    },
    Function {
        form: Function,
        signature: "nanprod(a, axis=None, dtype=None, out=None, keepdims=False)",
        call: |c| without_nan(c, Expr::nanprod),
    },
    Function {
        form: Function,
        signature: "nanmean(a, axis=None, dtype=None, out=None, keepdims=False)",
        call: |c| without_nan(c, Expr::nanmean),
    },
    Function {
        form: Function,
        signature: "nanmin(a, axis=None, out=None, keepdims=False)",
        call: |c| without_nan(c, Expr::nanmin),
    },
    Function {
        form: Function,
        signature: "nanmax(a, axis=None, out=None, keepdims=False)",
        call: |c| without_nan(c, Expr::nanmax),
    },
    Function {
        form: Function,
        signature: "nanargmin(a, axis=None, out=None, keepdims=False)",
        call: |c| along(c, Expr::nanargmin),
    },
    Function {
        form: Function,
        signature: "nanargmax(a, axis=None, out=None, keepdims=False)",
        call: |c| along(c, Expr::nanargmax),
    },
    Function {
        form: Function,
        signature: "nanvar(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False)",
        call: |c| {
            let ddof = c.float("ddof")?;
            without_nan(c, |x, axes| x.nanvar_ddof(axes, ddof))
        },
    },
    Function {
        form: Function,
        signature: "nanstd(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False)",
        call: |c| {
            let ddof = c.float("ddof")?;
            without_nan(c, |x, axes| x.nanstd_ddof(axes, ddof))
        },
    },
    Function {
        form: Function,
        signature: "average(a, axis=None, weights=None, keepdims=False)",
        call: |c| {
            let (x, axes) = (c.expr("a")?, c.axes()?);
            let average = match c.some("weights") {
                None => c
                    .selection()
                    .map_or_else(|| x.mean(axes.clone()), |mask| x.masked(mask).mean(axes.clone())),
                Some(_) => {
                    let weights = along_axis(c, x, c.expr("weights")?)?;
                    x.average(axes, weights)
                }
            };
            Ok(c.fresh(average))
        },
    },
    Function {
        form: Function,
        signature: "linalg.norm|norm(x, ord=None, axis=None, keepdims=False)",
        call: |c| {
            let ((x, shape), axes) = (c.sound("x")?, c.axes()?);
            let order = match c.some("ord") {
                None => None,
                Some(Value::Text(name)) if &*name == "fro" => None,
                Some(_) => Some(c.float("ord")?),
            };
            // What is not selected is as long as nothing.
            let x = match order.is_none_or(|order| order > 0.0).then(|| c.selection()).flatten() {
                Some(mask) => mask.select(x, x.number(0i64)),
                None => x,
            };
            let along = axes.axes.as_ref().map_or(shape.len(), Vec::len);
            if order.is_some() && along != 1 {
                return Err(c.wrong(
                    "ord",
                    "an order only along one axis; norms of matrices are not in the language:",
                ));
            }
            let norm = match order {
                None => x.norm(axes),
                Some(order) => x.norm_of_order(axes, order),
            };
            Ok(c.fresh(norm))
        },
    },
    Function {
        form: Both,
        signature: "trace(a, offset=0, axis1=0, axis2=1, dtype=None, out=None)",
        call: |c| {
            let trace = c.expr("a")?.trace(c.int("offset")?, c.axis("axis1")?, c.axis("axis2")?);
            let trace = c.dtype("dtype")?.map_or(trace, |dtype| trace.astype(dtype));
            Ok(c.fresh(trace))
        },
    },
    Function {
        form: Function,
        signature: "logsumexp(a, axis=None, keepdims=False)",
        call: |c| {
            let (x, axes) = (c.expr("a")?, c.axes()?);
            let x = match x.is_float().then(|| c.selection()).flatten() {
                Some(mask) => mask.select(x, x.lowest()),
                None => x,
            };
            Ok(c.fresh(x.logsumexp(axes)))
        },
    },
    Function { form: Function, signature: "softmax(a, axis=None)", call: |c| along(c, Expr::softmax) },
    Function {
        form: Function,
        signature: "log_softmax(a, axis=None)",
        call: |c| along(c, Expr::log_softmax),
    },
    Function {
        form: Function,
        signature: "allclose(a, b, rtol=1e-05, atol=1e-08)",
        call: |c| {
            let close = super::elements::close(c)?;
            let close = c.selection().map_or(close, |mask| close | !mask);
            Ok(c.fresh(close.all(crate::axes::All)))
        },
    },
];

/// A vector of weights of a single axis, with the axes that stand behind it.
fn along_axis<'g>(c: &Call<'_, '_, 'g>, x: Expr<'g>, weights: Expr<'g>) -> Evaluated<'g, Expr<'g>> {
    let axis = c.some("axis").and_then(|axis| match axis.parts() {
        Some([only]) => only.as_int(),
        Some(_) => None,
        None => axis.as_int(),
    });
    let (Some(shape), Some(of_weights), Some(axis)) = (x.shape(), weights.shape(), axis) else {
        return Ok(weights);
    };
    let axes = shape.len();
    let position = usize::try_from(if axis < 0 { axis.saturating_add(axes as i64) } else { axis });
    let (Some(position), [length]) = (position.ok().filter(|position| *position < axes), &of_weights[..])
    else {
        return Ok(weights);
    };
    // A single weight would broadcast.
    if let (Some(size), Some(length)) = (shape[position].known(), length.known())
        && size != length
    {
        let message = format!("`average` along an axis of {size} takes as many weights, not {length}");
        return Err(Refusal::new(fusewire_ir::DiagnosticKind::Shape, message).into());
    }
    Ok(match axes - position - 1 {
        0 => weights,
        behind => weights.expand_dims((1..=behind as isize).collect::<Vec<_>>()),
    })
}

fn along<'g>(c: Reduced<'_, '_, '_, 'g>, reduce: impl Fn(Expr<'g>, Axes) -> Expr<'g>) -> Evaluated<'g> {
    let (x, axes) = (c.expr("a")?, c.axes()?);
    Ok(c.fresh(reduce(x, axes)))
}

/// Of the values in `dtype`, where it is given.
fn without_nan<'g>(c: Reduced<'_, '_, '_, 'g>, reduce: impl Fn(Expr<'g>, Axes) -> Expr<'g>) -> Evaluated<'g> {
    let (x, axes) = (c.expr("a")?, c.axes()?);
    // What is not selected is passed over as well.
    let x = match x.is_float().then(|| c.selection()).flatten() {
        Some(mask) => mask.select(x, x.number(f64::NAN)),
        None => x,
    };
    let dtype = if c.has("dtype") { c.dtype("dtype")? } else { None };
    let result = match dtype {
        None => reduce(x, axes),
        Some(dtype) => reduce(x.astype(dtype), axes).astype(dtype),
    };
    Ok(c.fresh(result))
}

/// `where=`, unless it is `True`, or where a mask selects.
fn mask<'g>(c: &Call<'_, '_, 'g>) -> Evaluated<'g, Option<Expr<'g>>> {
    match (c.value("where"), c.selection()) {
        (None | Some(Value::Number(fusewire_ir::Weak::Bool(true))), selection) => Ok(selection),
        (Some(_), None) => c.expr("where").map(Some),
        (Some(_), Some(_)) => Err(c.wrong("where", "no mask beside the one that selects elements:")),
    }
}

fn total<'g>(
    c: Reduced<'_, '_, '_, 'g>,
    plain: fn(Expr<'g>, Axes) -> Expr<'g>,
    typed: fn(Expr<'g>, Axes, DType) -> Expr<'g>,
    masked: fn(Masked<'g>, Axes) -> Expr<'g>,
    op: ElementOp,
) -> Evaluated<'g> {
    let (x, axes) = (c.expr("a")?, c.axes()?);
    let total = match (c.dtype("dtype")?, mask(c)?) {
        (None, None) => plain(x, axes),
        (Some(dtype), None) => typed(x, axes, dtype),
        (None, Some(mask)) => masked(x.masked(mask), axes),
        (Some(dtype), Some(mask)) => masked(x.astype(dtype).masked(mask), axes).astype(dtype),
    };
    let total = match c.value("initial") {
        None => total,
        Some(_) => {
            let both = [Argument::Expr(total), c.argument("initial")?];
            Expr::element_of(c.graph(), op, both.into_iter())
        }
    };
    Ok(c.fresh(total))
}

fn extreme<'g>(
    c: Reduced<'_, '_, '_, 'g>,
    plain: fn(Expr<'g>, Axes) -> Expr<'g>,
    with_initial: fn(Expr<'g>, Axes, Argument<'g>) -> Expr<'g>,
    masked: fn(Masked<'g>, Axes, Argument<'g>) -> Expr<'g>,
    nothing: fn(Expr<'g>) -> Expr<'g>,
) -> Evaluated<'g> {
    let (x, axes) = (c.expr("a")?, c.axes()?);
    let initial = match c.value("initial") {
        None => c.selection().map(|_| Argument::Expr(nothing(x))),
        Some(_) => Some(c.argument("initial")?),
    };
    let extreme = match (initial, mask(c)?) {
        (None, None) => plain(x, axes),
        (Some(initial), None) => with_initial(x, axes, initial),
        (Some(initial), Some(mask)) => masked(x.masked(mask), axes, initial),
        (None, Some(_)) => {
            return Err(c.wrong("where", "a mask only with `initial`, the value of no elements:"));
        }
    };
    Ok(c.fresh(extreme))
}

fn spread<'g>(
    c: Reduced<'_, '_, '_, 'g>,
    plain: fn(Expr<'g>, Axes, f64) -> Expr<'g>,
    masked: fn(Masked<'g>, Axes, f64) -> Expr<'g>,
) -> Evaluated<'g> {
    let (x, axes, ddof) = (c.expr("a")?, c.axes()?, c.float("ddof")?);
    let x = c.dtype("dtype")?.map_or(x, |dtype| x.astype(dtype));
    let spread = match mask(c)? {
        None => plain(x, axes, ddof),
        Some(mask) => masked(x.masked(mask), axes, ddof),
    };
    Ok(c.fresh(spread))
}
