//! Subscripts: integers, slices, new axes and the axes in between, of arrays and of tuples.

use super::error::Refusal;
use super::evaluate::Evaluator;
use super::selected::Selected;
use super::value::{Evaluated, Value};
use crate::axes::Axis;
use crate::expr::{Expr, Graph};
use fusewire_ir::{DType, Index, Shape, Slice, Weak};

/// What stands between the brackets of a subscript of an array.
pub(super) enum Items<'g> {
    /// A view of it.
    Basic(Vec<Index>),
    /// Where this array of `bool` is true.
    Mask(Value<'g>),
    /// Along one axis the elements that an array counts out.
    Computed(Computed<'g>),
}

/// Indices among which one is an array of integers.
pub(super) struct Computed<'g> {
    /// The others, with all of its axis in its place.
    pub items: Vec<Index>,
    pub indices: Expr<'g>,
    /// The axis of what the others leave that it counts out.
    pub axis: usize,
    /// Do its axes come first, as NumPy has it where something stands between it and a position?
    pub first: bool,
}

impl<'g> Items<'g> {
    /// The items of a subscript of an array with so many axes.
    pub fn new(graph: &'g Graph, axes: usize, items: &Value<'g>) -> Evaluated<'g, Self> {
        if is_mask(items) {
            return Ok(Self::Mask(items.clone()));
        }
        let parts = match items {
            Value::Tuple(parts) => parts,
            one => std::slice::from_ref(one),
        };
        let mut indices: Option<(usize, Expr<'g>)> = None;
        let mut basic = Vec::with_capacity(parts.len());
        for (at, part) in parts.iter().enumerate() {
            if !matches!(part, Value::Array(_) | Value::List(_)) {
                basic.push(item(part)?);
                continue;
            }
            if is_mask(part) {
                return Err(Refusal::language("a mask beside other indices is not in the language").into());
            }
            if indices.is_some() {
                let refusal =
                    Refusal::language("several arrays of indices in one subscript are not in the language");
                return Err(refusal
                    .help("one after another: `x[rows][:, columns]` has all pairs of them")
                    .into());
            }
            let expr = match part {
                // NumPy takes an empty list for integers.
                Value::List(parts) if parts.is_empty() => part.as_expr(graph, Some(DType::I64))?,
                other => other.as_expr(graph, None)?,
            };
            indices = Some((at, expr));
            basic.push(Index::Slice(Slice::ALL));
        }
        let Some((at, indices)) = indices else { return Ok(Self::Basic(basic)) };
        let taken = basic.iter().filter(|item| matches!(item, Index::At(_) | Index::Slice(_))).count();
        let left = axes.saturating_sub(taken);
        let axis = basic[..at].iter().map(|item| match item {
            Index::At(_) => 0,
            Index::Ellipsis => left,
            _ => 1,
        });
        let axis = axis.sum();
        let advanced: Vec<usize> =
            (0..basic.len()).filter(|place| *place == at || matches!(basic[*place], Index::At(_))).collect();
        let reach = advanced.last().zip(advanced.first()).map_or(0, |(last, first)| last - first + 1);
        Ok(Self::Computed(Computed { items: basic, indices, axis, first: reach != advanced.len() }))
    }
}

/// Is it an array of `bool` or a list of them?
fn is_mask(items: &Value<'_>) -> bool {
    match items {
        Value::Array(array) => array.expr.dtype().is_none_or(|dtype| dtype == DType::Bool),
        Value::List(parts) => {
            let is_bool = |part: &Value<'_>| matches!(part, Value::Number(Weak::Bool(_))) || is_mask(part);
            !parts.is_empty() && parts.iter().all(is_bool)
        }
        _ => false,
    }
}

fn item(value: &Value<'_>) -> Result<Index, Refusal> {
    match value {
        Value::Number(Weak::Int(_)) => match value.as_int() {
            Some(at) => Ok(Index::At(at)),
            None => Err(Refusal::argument("an index has at most 64 bits")),
        },
        Value::Slice(parts) => slice(parts).map(Index::Slice),
        Value::None => Ok(Index::NewAxis),
        Value::Ellipsis => Ok(Index::Ellipsis),
        Value::Text(name) => Err(Refusal::argument(format!("the array has no field {name:?}"))
            .help("fields belong to inputs that are records")),
        Value::Dim(dim) => {
            let message = format!("an index at {dim} is not in the language");
            Err(Refusal::language(message).help("count from the end of the axis: `x[-1]`"))
        }
        other => Err(Refusal::argument(format!("{} is no index", other.describe()))),
    }
}

pub(super) fn slice([start, stop, step]: &[Value<'_>; 3]) -> Result<Slice, Refusal> {
    let end = |value: &Value<'_>| match value {
        Value::None => Ok(None),
        Value::Number(Weak::Int(number)) => {
            // Ends beyond every axis are cut, wherever they are.
            let cut = (*number).clamp(i128::from(-i64::MAX), i128::from(i64::MAX));
            Ok(Some(cut as i64))
        }
        other => Err(Refusal::argument(format!("a slice takes integers, not {}", other.describe()))),
    };
    let step = end(step)?.unwrap_or(1);
    if step == 0 {
        return Err(Refusal::argument("a slice with step 0 never moves"));
    }
    Ok(Slice { start: end(start)?, stop: end(stop)?, step })
}

impl<'g> Evaluator<'_, 'g> {
    /// `of[items]`.
    pub(super) fn subscript(&mut self, of: &Value<'g>, items: &Value<'g>) -> Evaluated<'g> {
        let array = match of {
            Value::Array(array) => *array,
            Value::Tuple(parts) | Value::List(parts) => return part(of, parts, items),
            Value::Records(rows) => {
                let Value::Text(field) = items else {
                    let refusal = Refusal::language("rows of records are not selected");
                    return Err(refusal.help("take a field first: `x['name'][1:]`").into());
                };
                return Ok(self.fresh(rows.records.field(field)));
            }
            Value::Selected(_) => {
                let refusal =
                    Refusal::language("parts of the elements that a mask selects are not in the language");
                return Err(refusal
                    .help("what a result has of them is in order: take the part of that")
                    .into());
            }
            other => return Err(Refusal::language(format!("{} has no parts", other.describe())).into()),
        };
        let shape = super::call::sound(array.expr)?;
        match Items::new(self.graph, shape.len(), items)? {
            Items::Basic(items) => {
                let part = array.expr.index(&items[..]);
                let is_element =
                    part.ndim() == Some(0) && !shape.is_empty() && !items.contains(&Index::Ellipsis);
                Ok(if is_element { self.fresh(part) } else { self.view(array, part) })
            }
            Items::Computed(Computed { items, indices, axis, first }) => {
                let mut part = array.expr.index(&items[..]).take(indices, Axis(axis as isize));
                if let (true, Some(count)) = (first, indices.ndim()) {
                    let from: Vec<isize> = (axis..axis + count).map(|axis| axis as isize).collect();
                    let to: Vec<isize> = (0..count as isize).collect();
                    part = part.moveaxis(from, to);
                }
                Ok(self.fresh(part))
            }
            Items::Mask(mask) => {
                let mask = mask.as_expr(self.graph, None)?;
                check_mask(&super::call::sound(mask)?, &shape)?;
                Ok(Value::Selected(Selected { values: array.expr, mask, count: None }))
            }
        }
    }
}

/// A mask has the sizes of the axes it stands for: it is not stretched.
pub(super) fn check_mask(mask: &Shape, array: &Shape) -> Result<(), Refusal> {
    if mask.len() <= array.len() && mask.iter().zip(&**array).all(|(mask, own)| mask.same_size(own)) {
        return Ok(());
    }
    let message = format!("the mask has shape {mask}, the array {array}");
    Err(Refusal::new(fusewire_ir::DiagnosticKind::Shape, message))
}

/// A part of a tuple or a list.
fn part<'g>(of: &Value<'g>, parts: &[Value<'g>], items: &Value<'g>) -> Evaluated<'g> {
    let count = parts.len() as i64;
    match items {
        Value::Slice(ends) => {
            let slice = slice(ends)?;
            let (low, high) = if slice.step > 0 { (0, count) } else { (-1, count - 1) };
            let cut = |end: Option<i64>, open: i64| {
                end.map_or(open, |end| {
                    (if end < 0 { end.saturating_add(count) } else { end }).clamp(low, high)
                })
            };
            let (first, last) = if slice.step > 0 { (low, high) } else { (high, low) };
            let (mut at, stop) = (cut(slice.start, first), cut(slice.stop, last));
            let mut taken = Vec::new();
            while if slice.step > 0 { at < stop } else { at > stop } {
                taken.push(parts[at as usize].clone());
                at = at.saturating_add(slice.step);
            }
            let taken = super::value::Sequence::new(taken)?;
            Ok(if matches!(of, Value::List(_)) { Value::List(taken) } else { Value::Tuple(taken) })
        }
        Value::Number(Weak::Int(_) | Weak::Bool(_)) => {
            let at = items.as_int().unwrap_or(i64::MAX);
            let position = if at < 0 { at.saturating_add(count) } else { at };
            let found = usize::try_from(position).ok().and_then(|position| parts.get(position));
            found
                .cloned()
                .ok_or_else(|| Refusal::argument(format!("there is no part {at} of {count}")).into())
        }
        other => Err(Refusal::argument(format!("{} is no index", other.describe())).into()),
    }
}
