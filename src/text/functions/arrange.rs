//! Views, joins, and the same elements in another arrangement.

use super::super::assign::{is_same_kind, numpy_name};
use super::super::call::{Call, Form::*, Function, sound};
use super::super::error::Refusal;
use super::super::value::{Evaluated, Stop, Value};
use crate::amounts::{Pad, Widths};
use crate::axes::{All, Axes, Axis, NewAxes, NewPlace, NewSizes, Positions};
use crate::expr::Expr;
use fusewire_ir::{AxisRef, DType, NewAxis, Shape};

pub(super) const TABLE: &[Function] = &[
    Function { form: Method, signature: "reshape(a, *shape, order='C', copy=None)", call: reshape },
    Function { form: Function, signature: "reshape(a, shape|newshape, order='C', copy=None)", call: reshape },
    Function {
        form: Both,
        signature: "ravel(a, order='C')",
        call: |c| {
            c_order(c)?;
            let x = c.expr("a")?;
            Ok(c.view("a", x.ravel()))
        },
    },
    Function {
        form: Method,
        signature: "flatten(a, order='C')",
        call: |c| {
            c_order(c)?;
            let x = c.expr("a")?;
            Ok(c.fresh(x.ravel()))
        },
    },
    Function { form: Method, signature: "transpose(a, *axes)", call: transpose },
    Function { form: Function, signature: "transpose|permute_dims(a, axes=None)", call: transpose },
    Function {
        form: Function,
        signature: "matrix_transpose(x)",
        call: |c| {
            let x = c.expr("x")?;
            Ok(c.view("x", x.matrix_transpose()))
        },
    },
    Function {
        form: Both,
        signature: "swapaxes(a, axis1, axis2)",
        call: |c| {
            let swapped = c.expr("a")?.swapaxes(c.axis("axis1")?, c.axis("axis2")?);
            Ok(c.view("a", swapped))
        },
    },
    Function {
        form: Function,
        signature: "moveaxis(a, source, destination)",
        call: |c| {
            let moved = c.expr("a")?.moveaxis(c.positions("source")?, c.positions("destination")?);
            Ok(c.view("a", moved))
        },
    },
    Function {
        form: Function,
        signature: "expand_dims(a, axis)",
        call: |c| {
            let new: Vec<NewAxis> = positions_of(c, "axis")?.into_iter().map(NewAxis::from).collect();
            let expanded = c.expr("a")?.expand_dims(NewAxes(new));
            Ok(c.view("a", expanded))
        },
    },
    Function {
        form: Both,
        signature: "squeeze(a, axis=None)",
        call: |c| {
            let (x, shape) = c.sound("a")?;
            let axes = match c.some("axis") {
                Some(_) => c.positions("axis")?,
                None => {
                    let ones = shape.iter().enumerate().filter(|(_, dim)| dim.is_one());
                    Positions(ones.map(|(axis, _)| AxisRef::Position(axis as isize)).collect())
                }
            };
            let squeezed = if axes.0.is_empty() { x } else { x.squeeze(axes) };
            Ok(c.view("a", squeezed))
        },
    },
    Function {
        form: Function,
        signature: "broadcast_to(array, shape)",
        call: |c| {
            let stretched = c.expr("array")?.broadcast_to(c.shape("shape")?);
            Ok(c.view("array", stretched))
        },
    },
    Function { form: Function, signature: "atleast_1d(a)", call: |c| at_least(c, 1) },
    Function { form: Function, signature: "atleast_2d(a)", call: |c| at_least(c, 2) },
    Function {
        form: Both,
        signature: "diagonal(a, offset=0, axis1=0, axis2=1)",
        call: |c| {
            let diagonal = c.expr("a")?.diagonal(c.int("offset")?, c.axis("axis1")?, c.axis("axis2")?);
            Ok(c.view("a", diagonal))
        },
    },
    Function {
        form: Function,
        signature: "diag(v, k=0)",
        call: |c| {
            let ((v, shape), k) = (c.sound("v")?, c.int("k")?);
            match shape.len() {
                2 => Ok(c.view("v", v.diagonal(k, Axis(0), Axis(1)))),
                1 if k == 0 => {
                    let n = shape[0].clone().with_label(None);
                    let on = c.graph().eye(DType::Bool, n.clone(), n, 0);
                    let matrix = on.select(v, v.zeros_like());
                    Ok(c.fresh(matrix))
                }
                _ => Err(c.wrong("v", "a matrix, or with `k=0` a vector,")),
            }
        },
    },
    Function {
        form: Function,
        signature: "flip(m, axis=None)",
        call: |c| {
            let axes = axes_of(c, "axis")?;
            let flipped = c.expr("m")?.flip(axes);
            Ok(c.view("m", flipped))
        },
    },
    Function {
        form: Function,
        signature: "flipud(m)",
        call: |c| {
            let flipped = c.expr("m")?.flip(Axis(0));
            Ok(c.view("m", flipped))
        },
    },
    Function {
        form: Function,
        signature: "fliplr(m)",
        call: |c| {
            let flipped = c.expr("m")?.flip(Axis(1));
            Ok(c.view("m", flipped))
        },
    },
    Function {
        form: Function,
        signature: "rot90(m, k=1, axes=(0,1))",
        call: |c| {
            let turned = c.expr("m")?.rot90(c.int("k")?, c.positions("axes")?);
            Ok(c.view("m", turned))
        },
    },
    Function {
        form: Function,
        signature: "lib.stride_tricks.sliding_window_view|sliding_window_view(x, window_shape, axis=None)",
        call: |c| {
            let (x, shape) = c.sound("x")?;
            let axis = match c.some("axis") {
                Some(_) => c.axis("axis")?,
                None if shape.len() == 1 => AxisRef::Position(0),
                None => return Err(c.wrong("axis", "one axis")),
            };
            let window = c.shape("window_shape")?;
            let [window] = &window[..] else { return Err(c.wrong("window_shape", "one size")) };
            Ok(c.view("x", x.sliding_window(window.clone(), axis)))
        },
    },
    Function {
        form: Function,
        signature: "concatenate|concat(arrays, axis=0, out=None, dtype=None)",
        call: |c| {
            let arrays = c.exprs("arrays")?;
            let joined = match c.some("axis") {
                Some(_) => c.graph().concat(c.axis("axis")?, arrays),
                None => c.graph().concat(Axis(0), arrays.into_iter().map(Expr::ravel)),
            };
            typed(c, joined)
        },
    },
    Function {
        form: Function,
        signature: "stack(arrays, axis=0, out=None, dtype=None)",
        call: |c| {
            let axis = NewPlace(c.axis("axis").map(new_axis)?);
            let stacked = c.graph().stack(axis, c.exprs("arrays")?);
            typed(c, stacked)
        },
    },
    Function {
        form: Function,
        signature: "vstack|row_stack(tup, dtype=None)",
        call: |c| join(c, |_| 0, |x| with_axes(x, 2)),
    },
    Function {
        form: Function,
        signature: "hstack(tup, dtype=None)",
        call: |c| join(c, |axes| usize::from(axes > 1), |x| with_axes(x, 1)),
    },
    Function {
        form: Function,
        signature: "dstack(tup, dtype=None)",
        call: |c| {
            join(
                c,
                |_| 2,
                |x| {
                    let x = with_axes(x, 2);
                    if x.ndim() == Some(2) { x.expand_dims(2) } else { x }
                },
            )
        },
    },
    Function {
        form: Function,
        signature: "column_stack(tup, dtype=None)",
        call: |c| {
            join(
                c,
                |_| 1,
                |x| {
                    let x = with_axes(x, 1);
                    if x.ndim() == Some(1) { x.expand_dims(1) } else { x }
                },
            )
        },
    },
    Function {
        form: Function,
        signature: "append(arr, values, axis=None)",
        call: |c| {
            let parts = [c.expr("arr")?, c.expr("values")?];
            let joined = match c.some("axis") {
                Some(_) => c.graph().concat(c.axis("axis")?, parts),
                None => c.graph().concat(Axis(0), parts.map(Expr::ravel)),
            };
            Ok(c.fresh(joined))
        },
    },
    Function {
        form: Function,
        signature: "tile(A, reps)",
        call: |c| {
            let tiled = c.expr("A")?.tile(c.shape("reps")?);
            Ok(c.fresh(tiled))
        },
    },
    Function {
        form: Both,
        signature: "repeat(a, repeats, axis=None)",
        call: |c| {
            let count = c.value("repeats").and_then(|count| count.as_dim());
            let count = count.ok_or_else(|| c.wrong("repeats", "one number for all elements,"))?;
            let repeated = c.expr("a")?.repeat(count, axes_of(c, "axis")?);
            Ok(c.fresh(repeated))
        },
    },
    Function {
        form: Function,
        signature: "roll(a, shift, axis=None)",
        call: |c| {
            let rolled = c.expr("a")?.roll(c.shifts("shift")?, axes_of(c, "axis")?);
            Ok(c.fresh(rolled))
        },
    },
    Function {
        form: Function,
        signature: "pad(array, pad_width, mode='constant', constant_values=0)",
        call: pad,
    },
    Function {
        form: Function,
        signature: "diff(a, n=1, axis=-1, prepend=..., append=...)",
        call: |c| {
            let order = u32::try_from(c.int("n")?).map_err(|_| c.wrong("n", "how many times"))?;
            let mut x = c.expr("a")?;
            for (name, first) in [("prepend", true), ("append", false)] {
                if c.value(name).is_some() {
                    let beside = beside(c, x, name)?;
                    let both = if first { [beside, x] } else { [x, beside] };
                    x = c.graph().concat(c.axis("axis")?, both);
                }
            }
            let differences = x.diff(order, c.axis("axis")?);
            Ok(c.fresh(differences))
        },
    },
    Function {
        form: Function,
        signature: "unwrap(p, discont=None, axis=-1, period=6.283185307179586)",
        call: |c| {
            let (period, axis) = (c.float("period")?, c.axis("axis")?);
            let discontinuity = if c.some("discont").is_some() { c.float("discont")? } else { period / 2.0 };
            let unwrapped = c.expr("p")?.unwrap_period(axis, period, discontinuity);
            Ok(c.fresh(unwrapped))
        },
    },
    Function {
        form: Function,
        signature: "tril(m, k=0)",
        call: |c| {
            let triangle = c.expr("m")?.tril(c.int("k")?);
            Ok(c.fresh(triangle))
        },
    },
    Function {
        form: Function,
        signature: "triu(m, k=0)",
        call: |c| {
            let triangle = c.expr("m")?.triu(c.int("k")?);
            Ok(c.fresh(triangle))
        },
    },
    Function {
        form: Function,
        signature: "outer(a, b, out=None)",
        call: |c| {
            // NumPy flattens.
            let products = c.expr("a")?.ravel().outer(c.expr("b")?.ravel());
            Ok(c.fresh(products))
        },
    },
    Function {
        form: Function,
        signature: "multiply.outer(a, b)",
        call: |c| {
            let products = c.expr("a")?.outer(c.expr("b")?);
            Ok(c.fresh(products))
        },
    },
    Function {
        form: Function,
        signature: "vecdot(x1, x2, axis=-1)",
        call: |c| {
            let last = c.value("axis").and_then(|axis| axis.as_int()) == Some(-1);
            let operand = |name: &str| {
                let x = c.expr(name)?;
                Ok::<_, Stop<'_>>(if last { x } else { x.moveaxis(c.positions("axis")?, [-1]) })
            };
            let sums = operand("x1")?.vecdot(operand("x2")?);
            Ok(c.fresh(sums))
        },
    },
    Function {
        form: Function,
        signature: "one_hot(a, classes)",
        call: |c| {
            let classes = c.value("classes").and_then(|count| count.as_dim());
            let classes = classes.ok_or_else(|| c.wrong("classes", "how many classes"))?;
            let hot = c.expr("a")?.one_hot(classes);
            Ok(c.fresh(hot))
        },
    },
];

/// `order=`, of which there is one.
pub(super) fn c_order<'g>(c: &Call<'_, '_, 'g>) -> Evaluated<'g, ()> {
    match c.some("order") {
        None => Ok(()),
        Some(Value::Text(order)) if matches!(&*order, "C" | "A" | "K") => Ok(()),
        Some(_) => Err(c.wrong("order", "'C'")),
    }
}

fn reshape<'g>(c: &mut Call<'_, '_, 'g>) -> Evaluated<'g> {
    c_order(c)?;
    let value = c.value("shape");
    let parts = value.as_ref().map_or(&[][..], |value| value.parts().unwrap_or(std::slice::from_ref(value)));
    let sizes: Option<Vec<_>> = parts
        .iter()
        .map(|size| if size.as_int() == Some(-1) { Some(None) } else { size.as_dim().map(Some) })
        .collect();
    let sizes = sizes.ok_or_else(|| c.wrong("shape", "sizes"))?;
    let (x, sizes) = (c.expr("a")?, NewSizes(sizes));
    match c.some("copy") {
        None => Ok(c.view("a", x.reshape(sizes))),
        Some(_) if c.flag("copy")? => Ok(c.fresh(x.reshape(sizes))),
        Some(_) => Ok(c.view("a", x.reshape_view(sizes))),
    }
}

fn transpose<'g>(c: &mut Call<'_, '_, 'g>) -> Evaluated<'g> {
    let x = c.expr("a")?;
    let given = c.some("axes").filter(|axes| axes.parts().is_none_or(|parts| !parts.is_empty()));
    let transposed = match given {
        None => x.transpose(),
        Some(_) => x.permute_dims(c.positions("axes")?),
    };
    Ok(c.view("a", transposed))
}

/// An argument with axes; none is all of them.
fn axes_of<'g>(c: &Call<'_, '_, 'g>, name: &str) -> Evaluated<'g, Axes> {
    match c.some(name) {
        Some(axis) if matches!(axis.as_int(), Some(0 | -1)) && c.is_single() => Ok(All.into()),
        Some(_) => Ok(c.positions(name)?.into()),
        None => Ok(All.into()),
    }
}

/// Positions of new axes, which have no labels yet.
fn positions_of<'g>(c: &Call<'_, '_, 'g>, name: &str) -> Evaluated<'g, Vec<isize>> {
    let value = c.value(name).unwrap_or(Value::None);
    let parts = value.parts().unwrap_or(std::slice::from_ref(&value));
    let axes = parts.iter().map(|axis| isize::try_from(axis.as_int()?).ok());
    axes.collect::<Option<Vec<_>>>().ok_or_else(|| c.wrong(name, "an axis or a tuple of axes"))
}

/// What stands before or behind the elements along `axis`: a number is one of them.
fn beside<'g>(c: &Call<'_, '_, 'g>, x: Expr<'g>, name: &str) -> Evaluated<'g, Expr<'g>> {
    let (beside, shape) = c.sound(name)?;
    if !shape.is_empty() {
        return Ok(beside);
    }
    let (of, axis) = (sound(x)?, c.int("axis")?);
    let at = if axis < 0 { axis + of.len() as i64 } else { axis };
    let sizes = of.iter().enumerate();
    Ok(beside.broadcast_to(
        sizes
            .map(|(place, dim)| if place as i64 == at { 1u64.into() } else { dim.clone() })
            .collect::<Shape>(),
    ))
}

fn new_axis(axis: AxisRef) -> NewAxis {
    match axis {
        AxisRef::Position(position) => position.into(),
        AxisRef::Label(label) => (0, &*label).into(),
    }
}

fn with_axes(x: Expr<'_>, axes: usize) -> Expr<'_> {
    let missing = axes.saturating_sub(x.ndim().unwrap_or(axes));
    let new: Vec<isize> = (0..missing as isize).collect();
    if new.is_empty() { x } else { x.expand_dims(&new[..]) }
}

fn at_least<'g>(c: &mut Call<'_, '_, 'g>, axes: usize) -> Evaluated<'g> {
    let x = c.expr("a")?;
    Ok(c.view("a", with_axes(x, axes)))
}

fn typed<'g>(c: &mut Call<'_, '_, 'g>, joined: Expr<'g>) -> Evaluated<'g> {
    let Some(dtype) = c.dtype("dtype")? else { return Ok(c.fresh(joined)) };
    if let Some(from) = joined.dtype().filter(|from| !is_same_kind(*from, dtype)) {
        let message = format!("`{}` in {dtype} of arrays of {from}", c.name);
        let help = format!("convert the result: `.astype(np.{})`", numpy_name(dtype));
        return Err(Refusal::new(fusewire_ir::DiagnosticKind::DType, message).help(help).into());
    }
    Ok(c.fresh(joined.astype(dtype)))
}

/// Arrays that are first given axes, and joined along the axis that follows from how many the first has.
fn join<'g>(
    c: &mut Call<'_, '_, 'g>,
    axis: impl Fn(usize) -> usize,
    prepare: impl Fn(Expr<'g>) -> Expr<'g>,
) -> Evaluated<'g> {
    let arrays: Vec<Expr<'g>> = c.exprs("tup")?.into_iter().map(prepare).collect();
    let axes = arrays.first().and_then(|first| first.ndim()).unwrap_or(1);
    let joined = c.graph().concat(Axis(axis(axes) as isize), arrays);
    typed(c, joined)
}

fn pad<'g>(c: &mut Call<'_, '_, 'g>) -> Evaluated<'g> {
    let (x, shape) = c.sound("array")?;
    let width = |value: &Value<'g>| value.as_int().and_then(|width| u64::try_from(width).ok());
    let pair = |value: &Value<'g>| match value.parts() {
        Some([both]) => Some((width(both)?, width(both)?)),
        Some([before, after]) => Some((width(before)?, width(after)?)),
        _ => Some((width(value)?, width(value)?)),
    };
    let given = c.value("pad_width").unwrap_or(Value::None);
    let wrong = || c.wrong("pad_width", "a width, `(before, after)`, or a pair for each axis,");
    let is_nested = given.parts().is_some_and(|parts| parts.iter().any(|part| part.parts().is_some()));
    let widths: Vec<(u64, u64)> = match given.parts() {
        Some(parts) if is_nested && parts.len() == 1 => vec![pair(&parts[0]).ok_or_else(wrong)?; shape.len()],
        Some(parts) if is_nested => parts.iter().map(pair).collect::<Option<_>>().ok_or_else(wrong)?,
        _ => vec![pair(&given).ok_or_else(wrong)?; shape.len()],
    };
    let with = match &*c.text("mode")? {
        "constant" => match c.value("constant_values") {
            Some(Value::Number(number)) => Pad::Constant(number),
            _ => return Err(c.wrong("constant_values", "one number")),
        },
        "edge" => Pad::Edge,
        "reflect" => Pad::Reflect,
        "symmetric" => Pad::Symmetric,
        "wrap" => Pad::Wrap,
        _ => {
            let help = "these are: constant, edge, reflect, symmetric, wrap";
            return Err(Refusal::argument("this `mode` of `pad` is not in the language").help(help).into());
        }
    };
    let padded = x.pad(Widths(widths), with);
    Ok(c.fresh(padded))
}
