//! `x[mask]`: elements that a mask selects. How many they are is known only when data is, so nothing is gathered:
//! operations compute for all places, reductions take the mask, an assignment where the same mask is true chooses,
//! and only a result is compressed.

use super::call::{Argued, sound};
use super::error::Refusal;
use super::evaluate::Evaluator;
use super::value::{Array, Evaluated, Value};
use crate::axes::{All, Axis, NewSizes};
use crate::expr::Expr;
use fusewire_ir::{DType, Dim};

/// Elements where a mask is true.
#[derive(Clone, Copy)]
pub(super) struct Selected<'g> {
    /// The elements of all places: the axes of the mask, then those of each element.
    pub values: Expr<'g>,
    /// Of `bool`, with as many of the first axes, none of which is stretched.
    pub mask: Expr<'g>,
    /// How many they are, where they stand in front already and the mask only says so.
    pub count: Option<Expr<'g>>,
}

/// A result whose length depends on data: as long as it may become, and how many rows of it there are.
pub(super) struct Compressed<'g> {
    pub rows: Expr<'g>,
    pub count: Expr<'g>,
}

impl<'g> Selected<'g> {
    /// The axes of each element.
    pub fn rest(&self) -> Option<usize> {
        self.values.ndim()?.checked_sub(self.mask.ndim()?)
    }

    /// How many axes NumPy would say that they have.
    pub fn ndim(&self) -> Option<usize> {
        Some(self.rest()? + 1)
    }

    /// The same places with other elements.
    pub const fn with(&self, values: Expr<'g>) -> Self {
        Self { values, ..*self }
    }

    /// Does it select the same places?
    pub fn has_places_of(&self, other: &Self) -> bool {
        self.mask.is_same_value(other.mask) && self.values.ndim() == other.values.ndim()
    }

    /// The mask with the axes of the elements, of size 1.
    pub fn wide_mask(&self) -> Expr<'g> {
        let axes = self.mask.ndim().unwrap_or(0);
        let new: Vec<isize> = (axes..axes + self.rest().unwrap_or(0)).map(|axis| axis as isize).collect();
        if new.is_empty() { self.mask } else { self.mask.expand_dims(&new[..]) }
    }

    /// The elements in front, for a result.
    pub fn compressed(&self) -> Evaluated<'g, Compressed<'g>> {
        if let Some(count) = self.count {
            return Ok(Compressed { rows: self.values, count });
        }
        let (axes, shape) = (sound(self.mask)?.len(), sound(self.values)?);
        let places = shape[..axes].iter().fold(Dim::from(1u64), |places, dim| &places * dim).with_label(None);
        let sizes = std::iter::once(Some(places)).chain(shape[axes..].iter().cloned().map(Some));
        let flat = if axes == 1 { self.values } else { self.values.reshape(NewSizes(sizes.collect())) };
        let mask = if axes == 1 { self.mask } else { self.mask.ravel() };
        let (rows, count) = flat.compress(mask, Axis(0));
        Ok(Compressed { rows, count })
    }
}

/// What several values select in common, if any of them selects.
pub(super) fn common<'g>(values: &[Value<'g>]) -> Evaluated<'g, Option<Selected<'g>>> {
    let mut common: Option<Selected<'g>> = None;
    for value in values {
        let Value::Selected(selected) = value else { continue };
        match &common {
            Some(first) if !first.has_places_of(selected) => {
                let message = "elements that different masks select have no places in common";
                return Err(Refusal::language(message).help("select once: `(x * y)[mask]`").into());
            }
            Some(_) => {}
            None => common = Some(*selected),
        }
    }
    let Some(selected) = common else { return Ok(None) };
    for value in values {
        let axes = match value {
            Value::Array(array) => sound(array.expr)?.len(),
            Value::Tuple(_) | Value::List(_) => 1,
            _ => 0,
        };
        if axes > selected.rest().unwrap_or(0) {
            let message = "elements that a mask selects meet an array of another length";
            return Err(Refusal::language(message).help("select from both: `x[mask] * y[mask]`").into());
        }
    }
    Ok(Some(selected))
}

/// The place of an argument among those that are given.
fn given(arguments: &[Argued<'_, '_>], keyword: &str, place: usize) -> Option<usize> {
    let is_it = |(at, argued): (usize, &Argued<'_, '_>)| {
        argued.keyword == Some(keyword) || (argued.keyword.is_none() && at == place)
    };
    arguments.iter().enumerate().position(is_it)
}

/// Does a reduction of the first argument go along an axis of each element, which there is in all places? It is
/// given that axis of the values then. `place` is where its axis stands among its arguments.
pub(super) fn along_elements(arguments: &mut [Argued<'_, '_>], place: Option<usize>) -> bool {
    let Some(place) = place else { return false };
    let (Some(Argued { value: Value::Selected(selected), .. }), Some(at)) =
        (arguments.first(), given(arguments, "axis", place))
    else {
        return false;
    };
    let (Some(axis), Some(rest)) = (arguments[at].value.as_int(), selected.rest()) else { return false };
    let is_of_element = (1..=rest as i64).contains(&axis) || (-(rest as i64)..0).contains(&axis);
    if !is_of_element {
        return false;
    }
    if axis > 0 {
        arguments[at].value = Value::int(axis + selected.mask.ndim().unwrap_or(0) as i64 - 1);
    }
    true
}

impl<'t, 'g> Evaluator<'t, 'g> {
    /// The value with the elements of all places in the place of the selected ones.
    pub(super) fn everywhere(&mut self, value: Value<'g>) -> Value<'g> {
        match value {
            Value::Selected(selected) => self.fresh(selected.values),
            other => other,
        }
    }

    /// What was computed for all places, of the selected ones.
    pub(super) fn selected(&self, of: &Selected<'g>, value: Value<'g>) -> Evaluated<'g> {
        match value {
            Value::Array(Array { expr, .. }) => Ok(Value::Selected(of.with(expr))),
            Value::Tuple(parts) => {
                let parts = parts.iter().map(|part| self.selected(of, part.clone()));
                Value::tuple(parts.collect::<Evaluated<'g, Vec<_>>>()?)
            }
            other => Ok(other),
        }
    }

    /// A reduction of selected elements as one of all places with `where=`.
    pub(super) fn masked_arguments(
        &mut self,
        name: &str,
        mut arguments: Vec<Argued<'t, 'g>>,
    ) -> Evaluated<'g, Vec<Argued<'t, 'g>>> {
        let Some(Argued { value: Value::Selected(selected), span, .. }) = arguments.first() else {
            return Err(no_function(name).into());
        };
        let (selected, span) = (*selected, *span);
        let is_given = |keyword: &str, place: usize| given(&arguments, keyword, place);
        if is_given("where", usize::MAX).is_some() || is_given("keepdims", usize::MAX).is_some() {
            let message =
                format!("`{name}` of elements that a mask selects takes no `where` and no `keepdims`");
            return Err(Refusal::language(message).into());
        }
        let (axis, has_initial) = (is_given("axis", 1), is_given("initial", usize::MAX).is_some());
        let value = axis.map_or(Value::None, |at| arguments[at].value.clone());
        let axes = match (&value, selected.ndim()) {
            (Value::None, _) => Value::None,
            (axis, Some(axes)) if axis.as_int() == Some(0) || axis.as_int() == Some(-(axes as i64)) => {
                let axes = (0..selected.mask.ndim().unwrap_or(0)).map(|axis| Value::int(axis as i128));
                Value::tuple(axes.collect())?
            }
            _ => {
                let message =
                    format!("`{name}` of elements that a mask selects goes along the first axis, or all");
                return Err(Refusal::language(message).into());
            }
        };
        match axis {
            Some(at) => arguments[at].value = axes,
            None => arguments.push(Argued { keyword: Some("axis"), value: axes, span }),
        }
        let bound = match name {
            "min" | "amin" => Some(selected.values.highest()),
            "max" | "amax" => Some(selected.values.lowest()),
            _ => None,
        };
        if let Some(bound) = bound
            && !has_initial
        {
            let value = self.fresh(bound);
            arguments.push(Argued { keyword: Some("initial"), value, span });
        }
        arguments[0].value = self.fresh(selected.values);
        let mask = self.fresh(selected.wide_mask());
        arguments.push(Argued { keyword: Some("where"), value: mask, span });
        Ok(arguments)
    }
}

/// A function that does not know what to do with them.
pub(super) fn no_function(name: &str) -> Refusal {
    let message = format!("`{name}` of elements that a mask selects is not in the language");
    Refusal::language(message)
        .help("they can be computed with, reduced, assigned where the mask is the same, or be a result")
}

/// Everything in front: elements whose number is counted.
pub(super) fn in_front<'g>(values: Expr<'g>, count: Expr<'g>) -> Evaluated<'g, Selected<'g>> {
    let shape = sound(values)?;
    let length = shape.first().cloned().unwrap_or_else(|| 1u64.into()).with_label(None);
    let mask = values.graph().arange_to(0, length, 1).less(count);
    Ok(Selected { values, mask, count: Some(count) })
}

/// How many elements are selected.
pub(super) fn size<'g>(selected: &Selected<'g>) -> Evaluated<'g, Expr<'g>> {
    let shape = sound(selected.values)?;
    let axes = sound(selected.mask)?.len();
    let count = selected.count.unwrap_or_else(|| selected.mask.astype(DType::I64).sum(All));
    let each = shape[axes..].iter().fold(Dim::from(1u64), |each, dim| &each * dim).with_label(None);
    Ok(if each.is_one() { count } else { count * selected.values.graph().size(each) })
}
