//! Subscripts with positions of which there are as many as a mask selects, such as `x[np.nonzero(mask)]` and
//! `x[mask, indices]`. They are positions at all places, of which the mask says what counts.

use super::call::sound;
use super::counted::Counted;
use super::error::Refusal;
use super::evaluate::Evaluator;
use super::index::{Computed, is_mask};
use super::selected::{Selected, check_mask, common, in_front};
use super::value::{Evaluated, Sequence, Stop, Value};
use crate::expr::Expr;
use fusewire_ir::{DType, Shape};

/// Where a mask is true along each of its axes.
pub(super) fn nonzero<'g>(of: Expr<'g>) -> Evaluated<'g, Vec<Selected<'g>>> {
    let mask = if of.dtype() == Some(DType::Bool) { of } else { of.is_nonzero() };
    let (places, count) = mask.nonzero();
    let Some(first) = places.first() else { return Ok(Vec::new()) };
    let first = in_front(*first, count, 0)?.as_often_as(mask);
    Ok(places.into_iter().map(|places| first.with(places)).collect())
}

/// The mask whose places these are, one part for each of its axes.
fn mask_of<'g>(parts: &[Value<'g>]) -> Option<(Expr<'g>, usize)> {
    let Some(Value::Selected(first)) = parts.first() else { return None };
    let mask = first.front?.of?;
    let axes = mask.ndim().filter(|axes| (1..=parts.len()).contains(axes))?;
    let (places, _) = mask.nonzero();
    let is_same = |(part, places): (&Value<'g>, &Expr<'g>)| matches!(part, Value::Selected(of) if of.values.is_same_value(*places));
    parts.iter().zip(&places).all(is_same).then_some((mask, axes))
}

impl<'g> Evaluator<'_, 'g> {
    /// The items of a subscript with arrays in the place of what is selected, and what it is selected by.
    pub(super) fn places(
        &mut self,
        shape: &Shape,
        items: &Value<'g>,
    ) -> Evaluated<'g, (Value<'g>, Option<Selected<'g>>)> {
        let parts = match items {
            Value::Tuple(parts) => parts,
            one => std::slice::from_ref(one),
        };
        let counts = |part: &&Value<'g>| {
            matches!(part, Value::Array(_) | Value::List(_) | Value::Tuple(_) | Value::Selected(_))
        };
        let is_plain = |parts: &[Value<'g>]| {
            !parts.iter().any(|part| matches!(part, Value::Selected(_)))
                && (parts.iter().filter(counts).count() < 2 || !parts.iter().any(is_mask))
        };
        if is_plain(parts) {
            return Ok((items.clone(), None));
        }
        // How many axes each part stands for, and the ellipsis.
        let mut sizes = Vec::with_capacity(parts.len());
        for part in parts {
            sizes.push(match part {
                Value::None | Value::Ellipsis => 0,
                part if is_mask(part) => sound(part.as_expr(self.graph, None)?)?.len(),
                _ => 1,
            });
        }
        let left = shape.len().saturating_sub(sizes.iter().sum());
        // Masks, and what is the places of one, which is the mask itself.
        let (mut own, mut at, mut axis) = (Vec::with_capacity(parts.len()), 0, 0);
        while let Some(part) = parts.get(at) {
            let found = mask_of(&parts[at..]).filter(|(mask, _)| {
                mask.shape().is_some_and(|sizes| check_mask(&sizes, shape, axis).is_ok())
            });
            let taken = match found {
                Some((mask, axes)) => {
                    own.push(self.fresh(mask));
                    axes
                }
                None => {
                    if is_mask(part) {
                        check_mask(&sound(part.as_expr(self.graph, None)?)?, shape, axis)?;
                    }
                    own.push(part.clone());
                    1
                }
            };
            axis += sizes[at..at + taken].iter().sum::<usize>();
            axis += if matches!(part, Value::Ellipsis) { left } else { 0 };
            at += taken;
        }
        if is_plain(&own) {
            return Ok((Value::Tuple(Sequence::new(own)?), None));
        }
        let mut parts = Vec::with_capacity(own.len());
        for part in own {
            if is_mask(&part) {
                parts.extend(nonzero(part.as_expr(self.graph, None)?)?.into_iter().map(Value::Selected));
            } else {
                parts.push(part);
            }
        }
        let Some(of) = common(&parts)? else { return Ok((Value::Tuple(Sequence::new(parts)?), None)) };
        for part in &mut parts {
            let is_selected = matches!(part, Value::Selected(_));
            match part {
                Value::Selected(selected) if selected.values.dtype() == Some(DType::Bool) => {
                    let message = "`bool` that a mask selects is not in the language as a mask";
                    return Err(Refusal::language(message).help("join the masks: `x[mask & other]`").into());
                }
                Value::List(numbers) | Value::Tuple(numbers) if numbers.is_empty() => {
                    let none = part.as_expr(self.graph, Some(DType::I64))?;
                    *part = self.fresh(none);
                }
                _ => {}
            }
            if counts(&&*part) {
                let places = self.everywhere(part, &of)?.as_expr(self.graph, None)?;
                // What is not selected may be no position.
                let places =
                    if is_selected { of.wide_mask().select(places, places.number(0i64)) } else { places };
                *part = self.fresh(places);
            }
        }
        Ok((Value::Tuple(Sequence::new(parts)?), Some(of)))
    }

    /// What is counted out at all places.
    pub(super) fn selected_places(
        &self,
        counted: &Counted<'g>,
        of: &Selected<'g>,
    ) -> Evaluated<'g, Selected<'g>> {
        let taken = counted.taken();
        let (axes, of_places) = (sound(taken)?.len(), sound(counted.places)?.len());
        Ok(Selected { trail: axes - counted.axis - of_places + of.trail, ..of.with(taken) })
    }

    /// The part with new elements in the places that are selected; `adds` says that they are added to what is there.
    pub(super) fn with_selected_places(
        &mut self,
        array: Expr<'g>,
        (computed, of): (&Computed<'g>, &Selected<'g>),
        value: &Value<'g>,
        dtype: DType,
        adds: bool,
    ) -> Evaluated<'g, Expr<'g>> {
        let counted = self.counted(array, computed)?;
        let target = self.selected_places(&counted, of)?;
        let shape = sound(target.values)?;
        let value = match value {
            Value::Selected(_) => target.filled(value)?.ok_or_else(|| {
                let message = "what is selected has other axes than these places";
                Stop::from(Refusal::language(message))
            })?,
            value => self.for_each(value, dtype, &target)?,
        };
        let value = if value.dtype() == Some(dtype) { value } else { value.astype(dtype) };
        let value = value.broadcast_to(shape);
        sound(value)?;
        // One more place takes what is not selected.
        let (places, sizes) = (counted.places_from_front()?, sound(counted.rows)?);
        let widths: Vec<(u64, u64)> = (0..sizes.len()).map(|at| (0, u64::from(at == counted.axis))).collect();
        let beyond = self.graph.size(sizes[counted.axis].clone().with_label(None));
        let places = of.wide_mask().select(places, beyond);
        let rows = counted.rows.pad(widths, 0);
        let wider = counted.with(rows, places);
        let changed = wider.changed(value, adds)?.slice_axis(wider.axis as isize, ..-1);
        Ok(wider.apart(changed))
    }
}
