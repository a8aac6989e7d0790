//! Results whose lengths depend on data.

use super::super::call::{Call, Form::*, Function, sound};
use super::super::places::nonzero;
use super::super::selected::{Selected, in_front};
use super::super::value::{Evaluated, Value};
use crate::axes::Axis;

pub(super) const TABLE: &[Function] = &[
    Function {
        form: Function,
        signature: "unique(ar, return_index=False, return_inverse=False, return_counts=False)",
        call: |c| {
            if c.flag("return_index")? {
                return Err(c.wrong("return_index", "False"));
            }
            let distinct = c.expr("ar")?.unique();
            let values = in_front(distinct.values, distinct.count, 0)?;
            let mut parts = vec![Value::Selected(values)];
            if c.flag("return_inverse")? {
                parts.push(c.fresh(distinct.inverse));
            }
            if c.flag("return_counts")? {
                parts.push(Value::Selected(values.with(distinct.counts)));
            }
            if parts.len() == 1 { Ok(Value::Selected(values)) } else { Value::tuple(parts) }
        },
    },
    Function {
        form: Both,
        signature: "nonzero(a)",
        call: |c| {
            let (x, _) = c.sound("a")?;
            let places = nonzero(x)?;
            if places.is_empty() {
                return Err(c.wrong("a", "an array with axes"));
            }
            Value::tuple(places.into_iter().map(Value::Selected).collect())
        },
    },
    Function {
        form: Function,
        signature: "flatnonzero(a)",
        call: |c| {
            let (x, _) = c.sound("a")?;
            let places = nonzero(if x.ndim() == Some(1) { x } else { x.ravel() })?;
            places.into_iter().next().map(Value::Selected).ok_or_else(|| c.wrong("a", "an array"))
        },
    },
    Function {
        form: Function,
        signature: "argwhere(a)",
        call: |c| {
            let (places, count) = c.expr("a")?.nonzero();
            if places.is_empty() {
                return Err(c.wrong("a", "an array with axes"));
            }
            let rows = c.graph().stack(Axis(1), places);
            Ok(Value::Selected(in_front(rows, count, 0)?))
        },
    },
    Function { form: Function, signature: "compress(condition, a, axis=None)", call: compress },
    Function { form: Method, signature: "compress(a, condition, axis=None)", call: compress },
    Function {
        form: Function,
        signature: "extract(condition, arr)",
        call: |c| {
            let (mask, values) = (c.expr("condition")?.not_equal(0).ravel(), c.expr("arr")?.ravel());
            if mask.shape() != values.shape() {
                return Err(c.wrong("condition", "a mask of as many elements"));
            }
            Ok(Value::Selected(Selected { values, mask, trail: 0, front: None }))
        },
    },
];

fn compress<'g>(c: &mut Call<'_, '_, 'g>) -> Evaluated<'g> {
    let (mask, x) = (c.expr("condition")?.not_equal(0), c.expr("a")?);
    let (values, axis) = match c.some("axis") {
        None => (x.ravel(), 0),
        Some(axis) => (x, axis.as_int().ok_or_else(|| c.wrong("axis", "an axis"))?),
    };
    let (shape, of_mask) = (sound(values)?, sound(mask)?);
    let axes = shape.len() as i64;
    let axis = usize::try_from(if axis < 0 { axis + axes } else { axis });
    let Some(axis) = axis.ok().filter(|axis| *axis < shape.len()) else {
        return Err(c.wrong("axis", "an axis of the array"));
    };
    if of_mask.len() != 1 || !of_mask[0].same_size(&shape[axis]) {
        return Err(c.wrong("condition", "a mask as long as the axis"));
    }
    Ok(Value::Selected(Selected { values, mask, trail: shape.len() - axis - 1, front: None }))
}
