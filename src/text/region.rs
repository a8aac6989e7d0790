//! Parts of arrays that slices and positions lead to, written: what lies around them joined with the new elements, or a
//! choice for each element.

use super::call::sound;
use super::error::Refusal;
use super::evaluate::Evaluator;
use super::value::Evaluated;
use crate::axes::Axis;
use crate::expr::Expr;
use fusewire_ir::{Index, Shape, Slice};

impl<'g> Evaluator<'_, 'g> {
    /// The array with `value` where the indices lead.
    pub(super) fn scattered(
        &self,
        base: Expr<'g>,
        shape: &Shape,
        items: &[Index],
        value: Expr<'g>,
        part_shape: &Shape,
    ) -> Evaluated<'g, Expr<'g>> {
        // As a part with one axis for each of the array: without new axes, with those that integers dropped.
        let value = value.broadcast_to(part_shape.clone());
        sound(value)?;
        let varies = varying(value, part_shape);
        let mut full: Vec<Slice> = Vec::new();
        let mut sizes = part_shape.iter();
        let mut sources: Vec<Option<usize>> = Vec::new();
        let taken = items.iter().filter(|item| matches!(item, Index::At(_) | Index::Slice(_))).count();
        let left = shape.len() - taken;
        let rest = (!items.contains(&Index::Ellipsis)).then_some(Index::Ellipsis);
        let (mut at, mut new) = (0, Vec::new());
        for item in items.iter().copied().chain(rest) {
            match item {
                Index::NewAxis => {
                    sizes.next();
                    new.push(at as isize);
                    at += 1;
                }
                Index::Ellipsis => {
                    for _ in 0..left {
                        sizes.next();
                        full.push(Slice::ALL);
                        sources.push(Some(at));
                        at += 1;
                    }
                }
                Index::At(position) => {
                    let stop = (position != -1).then_some(position.wrapping_add(1));
                    full.push(Slice { start: Some(position), stop, step: 1 });
                    sources.push(None);
                }
                Index::Slice(slice) => {
                    sizes.next();
                    full.push(slice);
                    sources.push(Some(at));
                    at += 1;
                }
            }
        }
        let varies: Vec<bool> = sources
            .iter()
            .map(|source| source.is_some_and(|at| varies.get(at).copied().unwrap_or(true)))
            .collect();
        let value = if new.is_empty() { value } else { value.squeeze(&new[..]) };
        let dropped: Vec<isize> = sources
            .iter()
            .enumerate()
            .filter(|(_, source)| source.is_none())
            .map(|(axis, _)| axis as isize)
            .collect();
        let mut value = if dropped.is_empty() { value } else { value.expand_dims(&dropped[..]) };
        let mut regions = Vec::new();
        for (axis, slice) in full.into_iter().enumerate() {
            let region = Region::new(slice, &shape[axis])?;
            if region.backwards {
                value = value.flip(Axis(axis as isize));
            }
            regions.push(region);
        }
        let is_partial = |axis: &usize| !regions[*axis].is_whole;
        let partial: Vec<usize> = (0..shape.len()).filter(is_partial).collect();
        if partial.is_empty() {
            return Ok(value.broadcast_to(shape.clone()));
        }
        if partial.iter().any(|axis| varies[*axis])
            && partial.iter().all(|axis| regions[*axis].slice.step == 1)
        {
            return Ok(self.joined(base, shape, &partial, &regions, value));
        }
        // Where an element is chosen: the values stand under their places, and the rest is as it was.
        let mut mask: Option<Expr<'g>> = None;
        for axis in &partial {
            let within = self.within(&regions[*axis], shape, *axis);
            mask = Some(mask.map_or(within, |mask| mask & within));
            let position = Axis(*axis as isize);
            value = if varies[*axis] {
                regions[*axis].spread(value, *axis, shape)?
            } else {
                // One element along this axis is enough, where there is one.
                value.slice_axis(position, ..1)
            };
        }
        let Some(mask) = mask else { return Ok(value) };
        if regions.iter().any(|region| region.count == Some(0)) {
            return Ok(base);
        }
        Ok(self.chosen(mask, value, base, shape.clone()))
    }

    /// What lies before, the value, and what lies behind it, joined along each axis, the last one first.
    fn joined(
        &self,
        base: Expr<'g>,
        shape: &Shape,
        partial: &[usize],
        regions: &[Region],
        value: Expr<'g>,
    ) -> Expr<'g> {
        if regions.iter().any(|region| region.count == Some(0)) {
            return base;
        }
        let mut result = value;
        for (done, axis) in partial.iter().enumerate().rev() {
            // The rest of the array within the part along the axes before.
            let mut around = base;
            for before in &partial[..done] {
                around = around.slice_axis(Axis(*before as isize), regions[*before].slice);
            }
            let position = Axis(*axis as isize);
            let Slice { start, stop, .. } = regions[*axis].slice;
            let mut parts = Vec::new();
            if let Some(start) = start.filter(|start| *start != 0) {
                parts.push(around.slice_axis(position, Slice { start: None, stop: Some(start), step: 1 }));
            }
            parts.push(result);
            if let Some(stop) = stop {
                parts.push(around.slice_axis(position, Slice { start: Some(stop), stop: None, step: 1 }));
            }
            result = self.graph.concat(position, parts);
        }
        result.expect_shape(shape.clone())
    }

    /// Is the index along this axis one of the region?
    fn within(&self, region: &Region, shape: &Shape, axis: usize) -> Expr<'g> {
        let dim = shape[axis].clone().with_label(None);
        let new: Vec<isize> = (1..(shape.len() - axis) as isize).collect();
        let places = self.graph.arange_to(0, dim.clone(), 1);
        let places = if new.is_empty() { places } else { places.expand_dims(&new[..]) };
        let end = |end: i64| match (end < 0, dim.known()) {
            (false, _) => self.graph.scalar(end),
            (true, Some(size)) => {
                self.graph.scalar(end.saturating_add(i64::try_from(size).unwrap_or(i64::MAX)))
            }
            (true, None) => self.graph.size(dim.clone()) + end,
        };
        let Slice { start, stop, step } = region.slice;
        let start = start.unwrap_or(0);
        let mut within = places.greater_equal(end(start));
        if let Some(stop) = stop {
            within &= places.less(end(stop));
        }
        if step != 1 {
            within &= ((places - end(start)) % step).equal(0);
        }
        within
    }
}

/// One axis of a part that is assigned to, from front to back.
struct Region {
    slice: Slice,
    /// Does the subscript run from back to front?
    backwards: bool,
    is_whole: bool,
    /// How many elements it has, where the size of the axis is known.
    count: Option<u64>,
}

impl Region {
    fn new(slice: Slice, dim: &fusewire_ir::Dim) -> Result<Self, Refusal> {
        if slice == Slice::ALL {
            return Ok(Self { slice, backwards: false, is_whole: true, count: dim.known() });
        }
        let Some(size) = dim.known().and_then(|size| i64::try_from(size).ok()) else {
            if slice.step != 1 {
                let message =
                    format!("a slice with step {} of an axis of size {dim} is not assigned to", slice.step);
                return Err(Refusal::language(message).help("steps other than 1 need a size that is known"));
            }
            return Ok(Self { slice, backwards: false, is_whole: false, count: None });
        };
        let Slice { start, stop, step } = slice;
        let (low, high) = if step > 0 { (0, size) } else { (-1, size - 1) };
        let cut = |end: Option<i64>, open: i64| {
            end.map_or(open, |end| (if end < 0 { end.saturating_add(size) } else { end }).clamp(low, high))
        };
        let (first, last) = if step > 0 { (low, high) } else { (high, low) };
        let (start, stop) = (cut(start, first), cut(stop, last));
        let span = if step > 0 { stop - start } else { start - stop };
        let size_of_step = step.unsigned_abs();
        let count = u64::try_from(span).unwrap_or(0).div_ceil(size_of_step);
        let reach = (count.saturating_sub(1)).saturating_mul(size_of_step) as i64;
        let (start, end) = if step > 0 { (start, start + reach + 1) } else { (start - reach, start + 1) };
        let (is_whole, backwards) = (count == size as u64, step < 0 && count > 1);
        let step = if count <= 1 { 1 } else { step.saturating_abs() };
        let slice = Slice { start: Some(start), stop: (end != size).then_some(end), step };
        Ok(Self { slice, backwards, is_whole, count: Some(count) })
    }

    /// The values moved to where they belong, each as often as there are places up to the next.
    fn spread<'g>(&self, value: Expr<'g>, axis: usize, shape: &Shape) -> Result<Expr<'g>, Refusal> {
        let position = Axis(axis as isize);
        let (Slice { start, step, .. }, Some(size)) = (self.slice, shape[axis].known()) else {
            return Err(Refusal::language("this part of an axis whose size is not known is not assigned to"));
        };
        let start = u64::try_from(start.unwrap_or(0)).unwrap_or(0);
        let room = size.saturating_sub(start);
        let each = u64::try_from(step).unwrap_or(1);
        let repeated = if each == 1 { value } else { value.repeat(each, position) };
        let length = self.count.unwrap_or(0).saturating_mul(each).min(room);
        let cut = repeated.slice_axis(position, ..i64::try_from(length).unwrap_or(i64::MAX));
        let widths: Vec<(u64, u64)> =
            (0..shape.len()).map(|at| if at == axis { (start, room - length) } else { (0, 0) }).collect();
        Ok(cut.pad(widths, 0))
    }
}

/// Along which axes the elements of a value that was stretched to `shape` may differ.
fn varying(value: Expr<'_>, shape: &Shape) -> Vec<bool> {
    // Steps of 0 are those of a stretched axis.
    match value.strides() {
        Some(strides) => strides.iter().map(|stride| *stride != 0).collect(),
        None => shape.iter().map(|dim| !dim.is_one()).collect(),
    }
}
