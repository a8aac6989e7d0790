//! Reductions and statistics.

use super::super::call::{Call, Form::*, Function, sound};
use super::super::error::Refusal;
use super::super::value::{Evaluated, Value};
use crate::axes::{Axes, Axis, NewSizes, Positions};
use crate::expr::{Argument, Expr, Masked};
use fusewire_ir::{AxisRef, DType, Dim, ElementOp, Shape};

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
        form: Function,
        signature: "add.reduce(a|array, axis=0, dtype=None, out=None, keepdims=False, initial=..., where=True)",
        call: |c| total(c, Expr::sum, Expr::sum_as, Masked::sum, ElementOp::Add),
    },
    Function {
        form: Function,
        signature: "multiply.reduce(a|array, axis=0, dtype=None, out=None, keepdims=False, initial=..., where=True)",
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
        call: least,
    },
    Function {
        form: Function,
        signature: "minimum.reduce(a|array, axis=0, out=None, keepdims=False, initial=..., where=True)",
        call: least,
    },
    Function {
        form: Both,
        signature: "max|amax(a, axis=None, out=None, keepdims=False, initial=..., where=True)",
        call: greatest,
    },
    Function {
        form: Function,
        signature: "maximum.reduce(a|array, axis=0, out=None, keepdims=False, initial=..., where=True)",
        call: greatest,
    },
    Function {
        form: Both,
        signature: "any(a, axis=None, out=None, keepdims=False, where=True)",
        call: |c| any(c),
    },
    Function {
        form: Function,
        signature: "logical_or.reduce(a|array, axis=0, out=None, keepdims=False, where=True)",
        call: |c| any(c),
    },
    Function {
        form: Function,
        signature: "logical_and.reduce(a|array, axis=0, out=None, keepdims=False, where=True)",
        call: |c| all(c),
    },
    Function {
        form: Both,
        signature: "all(a, axis=None, out=None, keepdims=False, where=True)",
        call: |c| all(c),
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
        call: |c| total_without_nan(c, 0, Expr::nansum, Expr::sum_as),
    },
    Function {
        form: Function,
        signature: "nanprod(a, axis=None, dtype=None, out=None, keepdims=False)",
        call: |c| total_without_nan(c, 1, Expr::nanprod, Expr::prod_as),
    },
    Function {
        form: Function,
        signature: "nanmean(a, axis=None, dtype=None, out=None, keepdims=False)",
        call: |c| {
            let (x, axes) = (c.expr("a")?, c.axes()?);
            match c.dtype("dtype")? {
                Some(dtype) if !x.is_float() && !dtype.is_float() => Ok(c.fresh(x.mean_as(axes, dtype))),
                _ => without_nan(c, Expr::nanmean),
            }
        },
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
                    let weights = along_axes(c, x, c.expr("weights")?)?;
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
            let along = axes.axes.as_ref().map_or(shape.len(), Vec::len);
            let order = match c.some("ord") {
                None if along > 2 && c.some("axis").is_some() => {
                    return Err(c.wrong("axis", "one axis or two"));
                }
                None => None,
                Some(Value::Text(name)) if &*name == "fro" && along == 2 => None,
                Some(Value::Text(name)) if &*name == "fro" => {
                    return Err(c.wrong("ord", "'fro' only for matrices"));
                }
                Some(_) => Some(c.float("ord")?),
            };
            // What is not selected is as long as nothing.
            let x = match order.is_none_or(|order| order > 0.0).then(|| c.selection()).flatten() {
                Some(mask) => mask.select(x, x.number(0i64)),
                None => x,
            };
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
            let x = c.expr("a")?;
            let (offset, first, second) = (c.int("offset")?, c.axis("axis1")?, c.axis("axis2")?);
            let trace = match c.dtype("dtype")? {
                None => x.trace(offset, first, second),
                Some(dtype) => x.diagonal(offset, first, second).sum_as(Axis(-1), dtype),
            };
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
        signature: "allclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False)",
        call: |c| {
            let close = super::elements::close(c)?;
            let close = c.selection().map_or(close, |mask| close | !mask);
            Ok(c.fresh(close.all(crate::axes::All)))
        },
    },
];

/// Weights as NumPy takes them: of the shape of the values, or of the axes that are averaged, in their order.
fn along_axes<'g>(c: &Call<'_, '_, 'g>, x: Expr<'g>, weights: Expr<'g>) -> Evaluated<'g, Expr<'g>> {
    let (shape, of_weights) = (sound(x)?, sound(weights)?);
    let same = |left: &[Dim], right: &[Dim]| {
        left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left.same_size(right))
    };
    if same(&shape, &of_weights) {
        return Ok(weights);
    }
    let refused = |message: String| Err(Refusal::new(fusewire_ir::DiagnosticKind::Shape, message));
    let Some(axis) = c.some("axis") else {
        let message =
            format!("`average` of {shape} has weights of {of_weights}, but no axis that they belong to");
        return Ok(refused(message).map_err(|refusal| refusal.help("write along which axis: `axis=0`"))?);
    };
    let axes = shape.len() as i64;
    let position = |value: &Value<'g>| {
        let at = value.as_int()?;
        usize::try_from(if at < 0 { at.saturating_add(axes) } else { at }).ok().filter(|at| *at < shape.len())
    };
    let positions: Option<Vec<usize>> =
        axis.parts().unwrap_or(std::slice::from_ref(&axis)).iter().map(position).collect();
    // What is no axis is refused where the average is.
    let Some(positions) = positions else { return Ok(weights) };
    let wanted: Vec<Dim> = positions.iter().map(|at| shape[*at].clone()).collect();
    if !same(&wanted, &of_weights) {
        let wanted: Shape = wanted.into_iter().collect();
        return Ok(refused(format!(
            "`average` takes weights of {wanted} along these axes, not {of_weights}"
        ))?);
    }
    let mut order: Vec<usize> = (0..positions.len()).collect();
    order.sort_by_key(|at| positions[*at]);
    let in_order = order.iter().map(|at| AxisRef::Position(*at as isize)).collect();
    let weights = if order.is_sorted() { weights } else { weights.permute_dims(Positions(in_order)) };
    let sizes = shape.iter().enumerate();
    let sizes = sizes.map(|(at, dim)| Some(if positions.contains(&at) { dim.clone() } else { 1u64.into() }));
    Ok(weights.reshape(NewSizes(sizes.collect())))
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
    let dtype = if c.has("dtype") { held_to_floats(c)? } else { None };
    let result = match dtype {
        None => reduce(x, axes),
        Some(dtype) => reduce(x.astype(dtype), axes).astype(dtype),
    };
    Ok(c.fresh(result))
}

/// With `nothing` in the place of NaN, before the values have the dtype of the result.
fn total_without_nan<'g>(
    c: Reduced<'_, '_, '_, 'g>,
    nothing: i64,
    plain: fn(Expr<'g>, Axes) -> Expr<'g>,
    typed: fn(Expr<'g>, Axes, DType) -> Expr<'g>,
) -> Evaluated<'g> {
    let Some(dtype) = c.dtype("dtype")? else { return without_nan(c, plain) };
    let (x, axes) = (c.expr("a")?, c.axes()?);
    let x = if x.is_float() { x.isnan().select(x.number(nothing), x) } else { x };
    let x = c.selection().map_or(x, |mask| mask.select(x, x.number(nothing)));
    Ok(c.fresh(typed(x, axes, dtype)))
}

/// A variance or a deviation is a float.
fn held_to_floats<'g>(c: &Call<'_, '_, 'g>) -> Evaluated<'g, Option<DType>> {
    let dtype = c.dtype("dtype")?;
    if dtype.is_some_and(|dtype| !dtype.is_float()) {
        return Err(c.wrong("dtype", "a dtype of floats"));
    }
    Ok(dtype)
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
    let x = held_to_floats(c)?.map_or(x, |dtype| x.astype(dtype));
    let spread = match mask(c)? {
        None => plain(x, axes, ddof),
        Some(mask) => masked(x.masked(mask), axes, ddof),
    };
    Ok(c.fresh(spread))
}

fn any<'g>(c: Reduced<'_, '_, '_, 'g>) -> Evaluated<'g> {
    let (x, axes) = (c.expr("a")?, c.axes()?);
    let any = mask(c)?.map_or_else(|| x.any(axes.clone()), |mask| x.masked(mask).any(axes.clone()));
    Ok(c.fresh(any))
}

fn all<'g>(c: Reduced<'_, '_, '_, 'g>) -> Evaluated<'g> {
    let (x, axes) = (c.expr("a")?, c.axes()?);
    let all = mask(c)?.map_or_else(|| x.all(axes.clone()), |mask| x.masked(mask).all(axes.clone()));
    Ok(c.fresh(all))
}

fn least<'g>(c: Reduced<'_, '_, '_, 'g>) -> Evaluated<'g> {
    extreme(
        c,
        Expr::min,
        |x, axes, initial| x.min_initial(axes, initial),
        |x, axes, initial| x.min_initial(axes, initial),
        Expr::highest,
    )
}

fn greatest<'g>(c: Reduced<'_, '_, '_, 'g>) -> Evaluated<'g> {
    extreme(
        c,
        Expr::max,
        |x, axes, initial| x.max_initial(axes, initial),
        |x, axes, initial| x.max_initial(axes, initial),
        Expr::lowest,
    )
}
