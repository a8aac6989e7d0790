//! `x[mask]`: elements that a mask selects. How many they are is known only when data is, so nothing is gathered:
//! operations compute for all places, reductions take the mask, an assignment where the same mask is true chooses,
//! and only a result is compressed.

use super::call::sound;
use super::error::Refusal;
use super::evaluate::Evaluator;
use super::index::{Items, Masked};
use super::value::{Array, Evaluated, Stop, Value};
use crate::axes::{All, Axis, NewSizes};
use crate::expr::Expr;
use fusewire_ir::{DType, Dim, Index, OutOfBounds, Shape, Slice};

/// Elements where a mask is true.
#[derive(Clone, Copy)]
pub(super) struct Selected<'g> {
    /// The elements of all places: axes before those of the mask, these, and axes behind them.
    pub values: Expr<'g>,
    /// Of `bool`; none of its axes is stretched.
    pub mask: Expr<'g>,
    /// How many axes there are behind those of the mask.
    pub trail: usize,
    /// Where they stand in front already, and the mask only says so.
    pub front: Option<Front<'g>>,
}

/// Elements that stand in front.
#[derive(Clone, Copy)]
pub(super) struct Front<'g> {
    /// How many they are.
    pub count: Expr<'g>,
    /// The mask that is as often true, where there is one.
    pub of: Option<Expr<'g>>,
}

/// A result whose length depends on data: as long as it may become, and how much of it there is.
pub(super) struct Compressed<'g> {
    pub rows: Expr<'g>,
    pub count: Expr<'g>,
    /// The axis whose length it is.
    pub axis: usize,
}

impl<'g> Masked<'g> {
    /// The elements of an array.
    pub fn selected(&self, of: Expr<'g>) -> Evaluated<'g, Selected<'g>> {
        // A mask alone.
        let part = if Some(self.items.len()) == self.mask.ndim() { of } else { of.index(&self.items[..]) };
        let (shape, mask) = (sound(part)?, sound(self.mask)?);
        check_mask(&mask, &shape, self.axis)?;
        let values = match self.first {
            true => part.moveaxis(positions(self.axis, mask.len()), positions(0, mask.len())),
            false => part,
        };
        let before = if self.first { 0 } else { self.axis };
        let trail = shape.len().saturating_sub(before + mask.len());
        Ok(Selected { values, mask: self.mask, trail, front: None })
    }

    /// An array like the values of what is selected, with its axes where the array has them.
    pub fn moved_back(&self, values: Expr<'g>) -> Expr<'g> {
        let axes = self.mask.ndim().unwrap_or(0);
        if self.first { values.moveaxis(positions(0, axes), positions(self.axis, axes)) } else { values }
    }
}

fn positions(first: usize, count: usize) -> Vec<isize> {
    (first..first + count).map(|axis| axis as isize).collect()
}

/// A mask has the sizes of the axes it stands for: it is not stretched.
pub(super) fn check_mask(mask: &Shape, array: &Shape, axis: usize) -> Result<(), Refusal> {
    let own = array.get(axis..axis + mask.len());
    if own.is_some_and(|own| mask.iter().zip(own).all(|(mask, own)| mask.same_size(own))) {
        return Ok(());
    }
    let message = if axis == 0 {
        format!("the mask has shape {mask}, the array {array}")
    } else {
        format!("the mask has shape {mask}, from axis {axis} on of an array of shape {array}")
    };
    Err(Refusal::new(fusewire_ir::DiagnosticKind::Shape, message))
}

impl<'g> Selected<'g> {
    /// The axes of the mask.
    pub fn of_mask(&self) -> usize {
        self.mask.ndim().unwrap_or(0)
    }

    /// The axis along which NumPy has what is selected: as many are before those of the mask.
    pub fn axis(&self) -> Option<usize> {
        self.values.ndim()?.checked_sub(self.mask.ndim()? + self.trail)
    }

    /// How many axes NumPy would say that they have.
    pub fn ndim(&self) -> Option<usize> {
        Some(self.axis()? + 1 + self.trail)
    }

    /// Is it the same, however it was written?
    pub fn is_same(&self, other: &Self) -> bool {
        self.values.is_same_value(other.values) && self.mask.is_same_value(other.mask)
    }

    /// The same places with other elements.
    pub const fn with(&self, values: Expr<'g>) -> Self {
        Self { values, ..*self }
    }

    /// Its elements where those of `target` are, which they broadcast with, if they belong to these places.
    pub fn at_places_of(&self, target: &Self) -> Evaluated<'g, Option<Expr<'g>>> {
        if self.trail != target.trail {
            return Ok(None);
        }
        if self.mask.is_same_value(target.mask) {
            return Ok(Some(self.values));
        }
        if !self.front.and_then(|front| front.of).is_some_and(|of| of.is_same_value(target.mask)) {
            return Ok(None);
        }
        // The first place that the mask selects has the first element, and so on.
        let (Some(axis), shape) = (self.axis(), sound(target.mask)?) else { return Ok(None) };
        let flat = target.mask.ravel();
        let rank = (flat.astype(DType::I64).cumulative_sum(Axis(0)) - 1).maximum(0).reshape(shape);
        Ok(Some(self.values.take(rank, Axis(axis as isize))))
    }

    /// Elements that stand one after another along an axis, where the mask is true: the first of them at the first place, and so
    /// on. The run fails, with this message, where they are not as many.
    fn spread(&self, rows: Expr<'g>, axis: usize, count: Expr<'g>, message: &str) -> Evaluated<'g, Expr<'g>> {
        let (shape, rows_shape) = (sound(self.mask)?, sound(rows)?);
        let checked = self.count().expect_equal(count, message);
        let flat = self.mask.ravel();
        let rank = flat.astype(DType::I64).cumulative_sum(Axis(0)).minimum(checked);
        let rank = (rank - 1).maximum(0).reshape(shape);
        // Where there may be none, one more element stands in for all of them.
        let is_empty = rows_shape.get(axis).is_some_and(|length| length.lower() == 0);
        let rows = if is_empty {
            rows.pad((0..rows_shape.len()).map(|at| (0, u64::from(at == axis))).collect::<Vec<_>>(), 0)
        } else {
            rows
        };
        Ok(rows.take(rank, Axis(axis as isize)))
    }

    /// The elements of `value`, one for each that the mask selects, at the places of the mask; nothing if it has other axes.
    pub fn filled(&self, value: &Value<'g>) -> Evaluated<'g, Option<Expr<'g>>> {
        let (rows, axis, count) = match value {
            Value::Selected(other) => {
                if let Some(values) = other.at_places_of(self)? {
                    return Ok(Some(values));
                }
                let (trail, front) = (other.trail, other.in_front()?);
                if trail != self.trail {
                    return Ok(None);
                }
                (front.values, front.axis().unwrap_or(0), front.count())
            }
            Value::Array(array) => {
                let shape = sound(array.expr)?;
                let Some(axis) = shape.len().checked_sub(self.trail + 1) else { return Ok(None) };
                let length = shape[axis].clone().with_label(None);
                (array.expr, axis, array.expr.graph().size(length))
            }
            _ => return Ok(None),
        };
        let message = "the mask selects {found} elements, but there are {wanted} for them";
        self.spread(rows, axis, count, message).map(Some)
    }

    /// An array that meets what is selected, with axes for those of the mask, which it does not vary along; nothing if
    /// it has elements for each of those that are selected.
    pub fn fit(&self, other: Expr<'g>) -> Evaluated<'g, Option<Expr<'g>>> {
        let (shape, of_mask) = (sound(other)?, self.of_mask());
        let Some(at) = shape.len().checked_sub(self.trail + 1) else { return Ok(Some(other)) };
        if !shape[at].is_one() {
            return Ok(None);
        }
        Ok(Some(match of_mask {
            0 => other.squeeze(positions(at, 1)),
            1 => other,
            more => other.expand_dims(&positions(at, more - 1)[..]),
        }))
    }

    /// The mask with the axes behind it, of size 1.
    pub fn wide_mask(&self) -> Expr<'g> {
        if self.trail == 0 {
            self.mask
        } else {
            self.mask.expand_dims(&positions(self.of_mask(), self.trail)[..])
        }
    }

    /// The elements in front, for a result.
    pub fn compressed(&self) -> Evaluated<'g, Compressed<'g>> {
        sound(self.values)?;
        let axes = sound(self.mask)?.len();
        let axis = self.axis().unwrap_or(0);
        if let Some(Front { count, .. }) = self.front {
            return Ok(Compressed { rows: self.values, count, axis });
        }
        let mask = if axes == 1 { self.mask } else { self.mask.ravel() };
        let (rows, count) = self.line()?.compress(mask, Axis(axis as isize));
        Ok(Compressed { rows, count, axis })
    }

    /// The elements of all places with the axes of the mask as one.
    pub fn line(&self) -> Evaluated<'g, Expr<'g>> {
        let (shape, axes, axis) = (sound(self.values)?, self.of_mask(), self.axis().unwrap_or(0));
        if axes == 1 {
            return Ok(self.values);
        }
        let behind = &shape[axis + axes..];
        let places = shape[axis..axis + axes].iter().fold(Dim::from(1u64), |places, dim| &places * dim);
        let sizes =
            shape[..axis].iter().cloned().chain([places.with_label(None)]).chain(behind.iter().cloned());
        Ok(self.values.reshape(NewSizes(sizes.map(Some).collect())))
    }

    /// All of them along one axis, in C order.
    pub fn flattened(&self) -> Evaluated<'g, Self> {
        if self.ndim() == Some(1) {
            return Ok(*self);
        }
        let mask = self.wide_mask().broadcast_to(sound(self.values)?);
        Ok(Self { values: self.values, mask, trail: 0, front: None })
    }

    /// As elements that stand in front.
    pub fn in_front(&self) -> Evaluated<'g, Self> {
        if self.front.is_some() {
            return Ok(*self);
        }
        let Compressed { rows, count, axis } = self.compressed()?;
        Ok(Self { front: Some(Front { count, of: Some(self.mask) }), ..in_front(rows, count, axis)? })
    }

    /// How many are selected along their axis.
    pub fn count(&self) -> Expr<'g> {
        self.front.map_or_else(|| self.mask.astype(DType::I64).sum(All), |front| front.count)
    }

    /// Elements in front of which there are as many as a mask selects.
    pub fn as_often_as(self, mask: Expr<'g>) -> Self {
        Self { front: self.front.map(|front| Front { of: Some(mask), ..front }), ..self }
    }

    /// The sizes of what is selected, of which one is known only when data is.
    pub fn sizes(&self) -> Evaluated<'g, Vec<Value<'g>>> {
        let (shape, of_mask, axis) = (sound(self.values)?, self.of_mask(), self.axis().unwrap_or(0));
        let size = |dim: &Dim| Value::size(dim);
        let before = shape[..axis].iter().map(size);
        let behind = shape[axis + of_mask..].iter().map(size);
        Ok(before.chain([Value::Later(self.count())]).chain(behind).collect())
    }

    /// How many elements are selected.
    pub fn size(&self) -> Evaluated<'g, Expr<'g>> {
        let (shape, of_mask) = (sound(self.values)?, self.of_mask());
        let axis = self.axis().unwrap_or(0);
        let others = shape[..axis].iter().chain(&shape[axis + of_mask..]);
        let each = others.fold(Dim::from(1u64), |each, dim| &each * dim).with_label(None);
        let count = self.count();
        Ok(if each.is_one() { count } else { count * self.values.graph().size(each) })
    }
}

/// What several values select in common, if any of them selects.
pub(super) fn common<'g>(values: &[Value<'g>]) -> Evaluated<'g, Option<Selected<'g>>> {
    let selected =
        || values.iter().filter_map(|value| if let Value::Selected(of) = value { Some(of) } else { None });
    // Elements in front can be taken to places, but not the other way round.
    let Some(common) = selected().find(|of| of.front.is_none()).or_else(|| selected().next()) else {
        return Ok(None);
    };
    Ok(Some(*common))
}

impl<'g> Evaluator<'_, 'g> {
    /// The value with the elements of all places in the place of the selected ones, or as these meet it.
    pub(super) fn everywhere(&mut self, value: &Value<'g>, of: &Selected<'g>) -> Evaluated<'g> {
        let other = match value {
            Value::Selected(_) => {
                let Some(values) = of.filled(value)? else {
                    let message = "elements that different masks select have other axes behind them";
                    return Err(Refusal::language(message).help("select once: `(x * y)[mask]`").into());
                };
                return Ok(self.fresh(values));
            }
            Value::Array(array) => array.expr,
            Value::Tuple(_) | Value::List(_) => value.as_expr(self.graph, None)?,
            other => return Ok(other.clone()),
        };
        match of.fit(other)? {
            Some(expr) => Ok(self.fresh(expr)),
            None => {
                let other = self.fresh(other);
                of.filled(&other).map(|filled| filled.map_or(other, |filled| self.fresh(filled)))
            }
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

    /// The places of what is selected, without what stands behind each.
    fn along(of: &Selected<'g>) -> Selected<'g> {
        Selected { values: of.mask, trail: 0, ..*of }
    }

    /// `x[mask][items]`: the first of them, and parts of each.
    pub(super) fn part_of_selected(&mut self, of: &Selected<'g>, items: &Value<'g>) -> Evaluated<'g> {
        let refuse = || {
            let message = "these parts of the elements that a mask selects are not in the language";
            let help = "of their axis there are `x[mask][at]` and `x[mask][start:stop:step]`";
            Stop::from(Refusal::language(message).help(help))
        };
        let (Some(axis), Some(axes)) = (of.axis(), of.ndim()) else { return Err(refuse()) };
        if let Value::Selected(chosen) = items
            && chosen.values.dtype() == Some(DType::Bool)
            && (axis, chosen.trail, chosen.axis()) == (0, 0, Some(0))
        {
            // Of those that are selected, the ones for which this is true as well.
            let places = Self::along(of);
            let Some(chosen) = places.filled(items)? else { return Err(refuse()) };
            return Ok(Value::Selected(Selected { mask: of.mask & chosen, front: None, ..*of }));
        }
        let Items::Basic(items) = Items::new(self.graph, axes, items)? else { return Err(refuse()) };
        match (&items[..], axis) {
            ([Index::Slice(slice)], 0) => return slice_of_selected(of, *slice),
            ([Index::At(at)], 0) => {
                let element = element_of_selected(of, *at)?;
                return Ok(self.fresh(element));
            }
            _ => {}
        }
        let taken = items.iter().filter(|item| matches!(item, Index::At(_) | Index::Slice(_))).count();
        if taken > axes {
            return Err(refuse());
        }
        // The same of all places, where all of their axis is taken.
        let (mut own, mut at, mut trail) = (Vec::new(), 0, 0);
        let rest = (!items.contains(&Index::Ellipsis)).then_some(Index::Ellipsis);
        for item in items.into_iter().chain(rest) {
            let count = match item {
                Index::NewAxis => 0,
                Index::Ellipsis => axes - taken,
                Index::At(_) | Index::Slice(_) => 1,
            };
            let is_it = (at..at + count).contains(&axis);
            if is_it && !matches!(item, Index::Ellipsis | Index::Slice(Slice::ALL)) {
                return Err(refuse());
            }
            let before = if is_it { axis + 1 - at } else { 0 };
            trail += match item {
                _ if at + count <= axis => 0,
                Index::NewAxis => 1,
                Index::At(_) => 0,
                Index::Ellipsis | Index::Slice(_) => count - before,
            };
            at += count;
            let all = Index::Slice(Slice::ALL);
            match item {
                Index::Ellipsis if is_it => own.extend(std::iter::repeat_n(all, count - 1 + of.of_mask())),
                Index::Ellipsis => own.extend(std::iter::repeat_n(all, count)),
                _ if is_it => own.extend(std::iter::repeat_n(all, of.of_mask())),
                item => own.push(item),
            }
        }
        Ok(Value::Selected(Selected { values: of.values.index(&own[..]), trail, ..*of }))
    }
}

/// `x[mask][at]`, of the first axis; the run fails where the mask selects too few.
fn element_of_selected<'g>(of: &Selected<'g>, at: i64) -> Evaluated<'g, Expr<'g>> {
    let front = of.in_front()?;
    let needed = if at < 0 { at.saturating_neg() } else { at.saturating_add(1) };
    let message = format!("index {at} is out of bounds: the mask selects {{found}} elements");
    let checked = front.count().minimum(needed).expect_equal(needed, &message);
    let place = if at < 0 { front.count() - checked } else { checked - 1 };
    // There may be no place at all, which is an error of the run as well.
    Ok(front.values.take_with(place, Axis(0), OutOfBounds::Raise))
}

/// `x[mask][start:stop:step]`, as Python counts, of as many as there are.
fn any_slice_of_selected<'g>(front: &Selected<'g>, slice: Slice) -> Evaluated<'g> {
    let (count, step) = (front.count(), slice.step);
    let first = count.zeros_like();
    let (low, high) = if step > 0 { (first, count) } else { (first - 1, count - 1) };
    let end = |end: Option<i64>, open: Expr<'g>| {
        end.map_or(open, |end| if end < 0 { (count + end).maximum(low) } else { high.minimum(end) })
    };
    let (start, stop) = if step > 0 {
        (end(slice.start, low), end(slice.stop, high))
    } else {
        (end(slice.start, high), end(slice.stop, low))
    };
    let span = if step > 0 { stop - start } else { start - stop };
    let each = i64::try_from(step.unsigned_abs()).unwrap_or(i64::MAX);
    let taken = (span.maximum(0) + (each - 1)).floor_divide(each);
    let shape = sound(front.values)?;
    let length = shape.first().cloned().unwrap_or_else(|| 1u64.into()).with_label(None);
    let places = front.values.graph().arange_to(0, length, 1) * step + start;
    in_front(front.values.take_with(places, Axis(0), OutOfBounds::Clip), taken, 0).map(Value::Selected)
}

/// `x[mask][start:stop:step]`.
fn slice_of_selected<'g>(of: &Selected<'g>, slice: Slice) -> Evaluated<'g> {
    let start = slice.start.unwrap_or(0);
    let front = of.in_front()?;
    if start < 0 || slice.stop.is_some_and(|stop| stop < 0) || slice.step != 1 {
        return any_slice_of_selected(&front, slice);
    }
    let rows = front.values.slice_axis(Axis(0), slice);
    let left = (front.count() - start).maximum(0);
    let count = slice.stop.map_or(left, |stop| left.minimum(stop.saturating_sub(start).max(0)));
    Ok(Value::Selected(in_front(rows, count, 0)?))
}

/// What can be done with them.
pub(super) const USES: &str = "they can be computed with, reduced, sorted, added up, assigned where the mask is the same, or be a result";

/// A function that does not know what to do with them.
pub(super) fn no_function(name: &str) -> Refusal {
    Refusal::language(format!("`{name}` of elements that a mask selects is not in the language")).help(USES)
}

/// Everything in front along an axis: elements whose number is counted.
pub(super) fn in_front<'g>(values: Expr<'g>, count: Expr<'g>, axis: usize) -> Evaluated<'g, Selected<'g>> {
    let shape = sound(values)?;
    let length = shape.get(axis).cloned().unwrap_or_else(|| 1u64.into()).with_label(None);
    let mask = values.graph().arange_to(0, length, 1).less(count);
    let trail = shape.len().saturating_sub(axis + 1);
    Ok(Selected { values, mask, trail, front: Some(Front { count, of: None }) })
}
