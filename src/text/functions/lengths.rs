//! Results whose lengths depend on data.

use super::super::call::{Form::*, Function};
use super::super::error::Refusal;
use super::super::selected::{Selected, in_front};
use super::super::value::Value;
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
            let values = in_front(distinct.values, distinct.count)?;
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
            let (places, count) = c.expr("a")?.nonzero();
            let Some(first) = places.first() else { return Err(c.wrong("a", "an array with axes")) };
            let first = in_front(*first, count)?;
            Value::tuple(places.into_iter().map(|places| Value::Selected(first.with(places))).collect())
        },
    },
    Function {
        form: Function,
        signature: "flatnonzero(a)",
        call: |c| {
            let (places, count) = c.expr("a")?.ravel().nonzero();
            let Some(first) = places.first() else { return Err(c.wrong("a", "an array")) };
            Ok(Value::Selected(in_front(*first, count)?))
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
            Ok(Value::Selected(in_front(rows, count)?))
        },
    },
    Function {
        form: Function,
        signature: "compress(condition, a, axis=None)",
        call: |c| {
            let (mask, x) = (c.expr("condition")?.not_equal(0), c.expr("a")?);
            let values = match c.some("axis").map(|axis| axis.as_int()) {
                None => x.ravel(),
                Some(Some(0)) => x,
                Some(_) => {
                    let refusal = Refusal::language(
                        "`compress` along an axis other than the first is not in the language",
                    );
                    return Err(refusal.help("move it to the front: `np.moveaxis(x, 1, 0)[mask]`").into());
                }
            };
            if mask.shape().zip(values.shape()).is_none_or(|(mask, own)| mask.first() != own.first()) {
                return Err(c.wrong("condition", "a mask as long as the axis"));
            }
            Ok(Value::Selected(Selected { values, mask, count: None }))
        },
    },
    Function {
        form: Function,
        signature: "extract(condition, arr)",
        call: |c| {
            let (mask, values) = (c.expr("condition")?.not_equal(0).ravel(), c.expr("arr")?.ravel());
            if mask.shape() != values.shape() {
                return Err(c.wrong("condition", "a mask of as many elements"));
            }
            Ok(Value::Selected(Selected { values, mask, count: None }))
        },
    },
];
