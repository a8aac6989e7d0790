//! Assignment to names, to parts of arrays, and where masks are true. Nothing is ever written: a name stands for
//! another expression afterwards, and so does every other name of the same array. A view of an array that was
//! assigned to is refused where it is used, because NumPy would have changed it as well.

use super::call::sound;
use super::error::Refusal;
use super::evaluate::Evaluator;
use super::index::{Items, check_mask};
use super::selected::Selected;
use super::tree::{Infix, Span, Target};
use super::value::{Array, Evaluated, Value};
use crate::axes::{Axis, Positions};
use crate::expr::{Argument, Expr};
use fusewire_ir::{AxisRef, Category, DType, ElementOp, Index, Shape, Slice, Weak};

/// The most names that statements define.
const MOST_NAMES: usize = 1000;

impl<'g> Evaluator<'_, 'g> {
    /// `target = value`.
    pub(super) fn assign(
        &mut self,
        target: &Target,
        items: Value<'g>,
        value: &Value<'g>,
    ) -> Evaluated<'g, ()> {
        match target {
            Target::Name(name) => self.define(*name, value.clone()),
            Target::Names(names) => {
                let rows;
                let parts = match value {
                    Value::Array(array) => {
                        rows = self.rows(*array, names.len())?;
                        &rows[..]
                    }
                    other => other.parts().unwrap_or_default(),
                };
                if matches!(value, Value::Wrong) {
                    return names.iter().try_for_each(|name| self.define(*name, Value::Wrong));
                }
                if parts.len() != names.len() {
                    let message = format!("{} names for {} values", names.len(), parts.len());
                    return Err(Refusal::argument(message).into());
                }
                let mut pairs = names.iter().zip(parts.iter().cloned());
                pairs.try_for_each(|(name, value)| self.define(*name, value))
            }
            Target::Part(name, _) => {
                let array = match self.variable(*name)? {
                    Value::Array(array) => array,
                    Value::Wrong => return Ok(()),
                    other => {
                        let message = format!("a part of {} cannot be assigned to", other.describe());
                        return Err(Refusal::argument(message).at(*name).into());
                    }
                };
                if matches!(value, Value::Wrong) || matches!(items, Value::Wrong) {
                    return self.define(*name, Value::Wrong);
                }
                let changed = self.with_part(array.expr, &items, value)?;
                self.write_back(array, changed);
                Ok(())
            }
        }
    }

    /// The name stands for this value from here on.
    fn define(&mut self, name: Span, value: Value<'g>) -> Evaluated<'g, ()> {
        let text = name.of(self.text);
        // Each assignment to a part looks at all of them.
        if self.variables.len() >= MOST_NAMES && !self.variables.contains_key(text) {
            let refusal = Refusal::new(
                fusewire_ir::DiagnosticKind::TooLarge,
                format!("there are more than {MOST_NAMES} names"),
            );
            return Err(refusal.at(name).into());
        }
        self.stale.remove(text);
        if let Value::Array(array) = &value
            && array.expr.array().is_none()
        {
            // Whether or not a result depends on it.
            self.poisoned.push(array.expr);
        }
        self.variables.insert(text, value);
        Ok(())
    }

    /// The rows of an array that is taken apart.
    fn rows(&mut self, array: Array<'g>, count: usize) -> Evaluated<'g, Vec<Value<'g>>> {
        let shape = sound(array.expr)?;
        if shape.first().and_then(fusewire_ir::Dim::known) != Some(count as u64) {
            let message = format!("{count} names for the rows of an array of shape {shape}");
            return Err(Refusal::argument(message).into());
        }
        Ok((0..count as i64).map(|at| self.view(array, array.expr.index(Index::At(at)))).collect())
    }

    /// `target op= value`.
    pub(super) fn update(
        &mut self,
        target: &Target,
        op: Infix,
        items: Value<'g>,
        value: &Value<'g>,
    ) -> Evaluated<'g> {
        let name = match target {
            Target::Name(name) | Target::Part(name, _) => *name,
            Target::Names(_) => return Err(Refusal::language("several names are not updated at once").into()),
        };
        let old = self.variable(name)?;
        if [&old, value, &items].into_iter().any(|value| matches!(value, Value::Wrong)) {
            self.define(name, Value::Wrong)?;
            return Ok(Value::Wrong);
        }
        let Value::Array(array) = old else {
            if matches!(target, Target::Part(..)) {
                let message = format!("a part of {} cannot be assigned to", old.describe());
                return Err(Refusal::argument(message).at(name).into());
            }
            let new = self.infix(op, &old, value)?;
            self.define(name, new.clone())?;
            return Ok(new);
        };
        let is_part = matches!(target, Target::Part(..));
        let current = if is_part { self.subscript(&old, &items)? } else { old.clone() };
        if !is_part && array.expr.ndim() == Some(0) {
            // A single element is a number, which a name lets go of.
            let new = self.infix(op, &current, value)?;
            self.define(name, new.clone())?;
            return Ok(new);
        }
        let result = self.infix(op, &current, value)?;
        let changed = match (&current, &result) {
            // An element is a number, which is converted where it is assigned.
            (Value::Array(element), Value::Array(number))
                if is_part && element.memory != array.memory && element.expr.ndim() == Some(0) =>
            {
                self.with_part(array.expr, &items, &Value::Array(*number))?
            }
            (Value::Array(current), Value::Array(result)) => {
                let stored = self.stored(result.expr, current.expr)?;
                let stored_part = self.fresh(stored);
                if is_part { self.with_part(array.expr, &items, &stored_part)? } else { stored }
            }
            (Value::Selected(current), Value::Selected(result)) => {
                let stored = current.with(self.stored(result.values, current.values)?);
                self.with_part(array.expr, &items, &Value::Selected(stored))?
            }
            _ => return Ok(Value::Wrong),
        };
        Ok(self.write_back(array, changed))
    }

    /// `out=`: the array has these elements from here on.
    pub(super) fn write_out(&mut self, out: Array<'g>, result: Expr<'g>) -> Evaluated<'g> {
        if out.expr.ndim() == Some(0) {
            return Err(Refusal::argument("`out` is a single element, which nothing is written to").into());
        }
        let stored = self.stored(result, out.expr)?;
        Ok(self.write_back(out, stored))
    }

    /// What was computed, as an array stores it that is there already.
    fn stored(&self, result: Expr<'g>, at: Expr<'g>) -> Evaluated<'g, Expr<'g>> {
        let shape = sound(at)?;
        sound(result)?;
        let (Some(from), Some(to)) = (result.dtype(), at.dtype()) else { return Ok(result) };
        if !is_same_kind(from, to) {
            let message = format!("a result of {from} is not stored in an array of {to}");
            let help = format!("convert it: `.astype(np.{})`", numpy_name(to));
            return Err(Refusal::new(fusewire_ir::DiagnosticKind::DType, message).help(help).into());
        }
        Ok(result.broadcast_to(shape).astype(to))
    }

    /// Every name of the array stands for its new elements; names of views of it stand for nothing known.
    pub(super) fn write_back(&mut self, array: Array<'g>, expr: Expr<'g>) -> Value<'g> {
        let new = Value::Array(Array { expr, ..array });
        for (name, value) in &mut self.variables {
            match value {
                Value::Array(other) if other.identity == array.identity => *value = new.clone(),
                other if shows(other, array.memory) => {
                    self.stale.insert(name);
                }
                _ => {}
            }
        }
        new
    }

    /// The array with a part of it replaced.
    fn with_part(&mut self, base: Expr<'g>, items: &Value<'g>, value: &Value<'g>) -> Evaluated<'g, Expr<'g>> {
        let shape = sound(base)?;
        let Some(dtype) = base.dtype() else { return Ok(base) };
        match Items::new(self.graph, shape.len(), items)? {
            Items::Mask(mask) => {
                let mask = mask.as_expr(self.graph, None)?;
                let mask_shape = sound(mask)?;
                check_mask(&mask_shape, &shape)?;
                let target = Selected { values: base, mask, count: None };
                let value = match value {
                    Value::Selected(selected) if target.has_places_of(selected) => {
                        selected.values.astype(dtype)
                    }
                    Value::Selected(_) => {
                        let message = "the elements that another mask selects do not belong to these places";
                        return Err(Refusal::language(message).into());
                    }
                    value => self.for_each(value, dtype, shape.len() - mask_shape.len())?,
                };
                Ok(self.chosen(target.wide_mask(), value, base, shape))
            }
            Items::Computed(computed) => {
                let is_whole =
                    |item: &Index| matches!(item, Index::Ellipsis) || *item == Index::Slice(Slice::ALL);
                let indices_shape = sound(computed.indices)?;
                if !computed.items.iter().all(is_whole) || indices_shape.len() > 1 {
                    let message =
                        "an array of indices beside others, or with several axes, is not assigned to";
                    return Err(Refusal::language(message).help("a vector is: `y[indices] = values`").into());
                }
                let axis = Axis(computed.axis as isize);
                let part_shape = sound(base.take(computed.indices, axis))?;
                let value = self.converted(value, dtype)?;
                let value = self.without_leading(value, part_shape.len())?.broadcast_to(part_shape);
                Ok(if indices_shape.is_empty() {
                    base.put(computed.indices.reshape([1]), value.expand_dims(axis.0), axis)
                } else {
                    base.put(computed.indices, value, axis)
                })
            }
            Items::Basic(items) => {
                let part = base.index(&items[..]);
                let part_shape = sound(part)?;
                let value = self.converted(value, dtype)?;
                let value = self.without_leading(value, part_shape.len())?;
                self.scattered(base, &shape, &items, value, &part_shape)
            }
        }
    }

    /// A value that is assigned to every element that a mask selects, each with so many axes.
    fn for_each(&self, value: &Value<'g>, dtype: DType, axes: usize) -> Evaluated<'g, Expr<'g>> {
        let value = self.without_leading(self.converted(value, dtype)?, axes)?;
        let shape = sound(value)?;
        // Along the axes of the mask nothing is known of how many elements it selects.
        if shape.len() > axes {
            let message = format!("a value of shape {shape} has an element for each that the mask selects");
            let help = "how many that are is known only when data is; write `x = np.where(mask, values, x)` with \
                        values of the shape of `x`";
            return Err(Refusal::language(message).help(help).into());
        }
        Ok(value)
    }

    /// The value of an assignment in the dtype of the array, converted as NumPy does.
    fn converted(&self, value: &Value<'g>, dtype: DType) -> Evaluated<'g, Expr<'g>> {
        let Value::Number(Weak::Float(number)) = value else { return value.as_expr(self.graph, Some(dtype)) };
        if !dtype.is_int() {
            return value.as_expr(self.graph, Some(dtype));
        }
        if !number.is_finite() {
            let message = format!("{dtype} does not hold {number}");
            return Err(Refusal::new(fusewire_ir::DiagnosticKind::ScalarRange, message).into());
        }
        Value::int(*number as i128).as_expr(self.graph, Some(dtype))
    }

    fn chosen(&self, mask: Expr<'g>, value: Expr<'g>, base: Expr<'g>, shape: Shape) -> Expr<'g> {
        let operands = [mask, value, base].map(Argument::Expr);
        Expr::element_of(self.graph, ElementOp::Select, operands.into_iter()).broadcast_to(shape)
    }

    /// Without axes of size 1 before the last `axes`, which NumPy does not mind where it assigns.
    fn without_leading(&self, value: Expr<'g>, axes: usize) -> Evaluated<'g, Expr<'g>> {
        let shape = sound(value)?;
        let leading = shape.len().saturating_sub(axes);
        let count = shape.iter().take(leading).take_while(|dim| dim.is_one()).count();
        let dropped: Vec<AxisRef> = (0..count as isize).map(AxisRef::Position).collect();
        Ok(if count == 0 { value } else { value.squeeze(Positions(dropped)) })
    }

    /// The array with `value` where the indices lead.
    fn scattered(
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
            within = within & places.less(end(stop));
        }
        if step != 1 {
            within = within & ((places - end(start)) % step).equal(0);
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

/// Does the value show the memory?
fn shows(value: &Value<'_>, memory: u32) -> bool {
    match value {
        Value::Array(array) => array.memory == memory,
        Value::Tuple(parts) | Value::List(parts) => parts.shows(memory),
        _ => false,
    }
}

/// NumPy's `same_kind`: what an update may be converted to.
fn is_same_kind(from: DType, to: DType) -> bool {
    let rank = |dtype: DType| match (dtype.category(), dtype.int_info()) {
        (Category::Bool, _) => 0,
        (_, Some(info)) if info.min == 0 => 1,
        (Category::Int, _) => 2,
        _ => 3,
    };
    from == to || rank(from) <= rank(to)
}

/// What NumPy calls the dtype.
pub(super) fn numpy_name(dtype: DType) -> String {
    let name = dtype.name();
    match name.split_at(name.find(|c: char| c.is_ascii_digit()).unwrap_or(name.len())) {
        ("i", bits) => format!("int{bits}"),
        ("u", bits) => format!("uint{bits}"),
        ("f", bits) => format!("float{bits}"),
        ("bf", bits) => format!("bfloat{bits}"),
        _ => name.into(),
    }
}
