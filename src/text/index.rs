//! Subscripts: integers, slices, new axes and the axes in between, of arrays and of tuples.

use super::error::Refusal;
use super::evaluate::Evaluator;
use super::value::{Evaluated, Value};
use crate::expr::{Expr, Graph};
use fusewire_ir::{DType, Index, Slice, Weak};

/// What stands between the brackets of a subscript of an array.
pub(super) enum Items<'g> {
    /// A view of it.
    Basic(Vec<Index>),
    /// Along some of its axes where an array of `bool` is true.
    Mask(Masked<'g>),
    /// Along some of its axes the elements that arrays of integers count out.
    Computed(Computed<'g>),
}

/// Indices among which one is a mask.
pub(super) struct Masked<'g> {
    /// The others, with all of an axis in the place of each that the mask stands for.
    pub items: Vec<Index>,
    pub mask: Expr<'g>,
    /// The first axis of the mask among those that the others leave.
    pub axis: usize,
    /// See [`Computed::first`].
    pub first: bool,
}

/// Indices among which there are arrays of integers.
pub(super) struct Computed<'g> {
    /// The others, with all of an axis in the place of each array.
    pub items: Vec<Index>,
    /// The arrays, each with its axis among those that the others leave.
    pub arrays: Vec<(usize, Expr<'g>)>,
    /// Do their axes come first, as NumPy has it where something stands between two of them, or between one and a
    /// position?
    pub first: bool,
}

impl<'g> Items<'g> {
    /// The items of a subscript of an array with so many axes.
    pub fn new(graph: &'g Graph, axes: usize, items: &Value<'g>) -> Evaluated<'g, Self> {
        let parts = match items {
            Value::Tuple(parts) => parts,
            one => std::slice::from_ref(one),
        };
        let mut basic = Vec::with_capacity(parts.len());
        // Where arrays stand among the basic ones, and which parts NumPy calls advanced beside arrays.
        let mut arrays: Vec<(usize, Expr<'g>)> = Vec::new();
        let mut mask: Option<(usize, Expr<'g>)> = None;
        let mut advanced: Vec<usize> = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            let is_array = matches!(
                part,
                Value::Array(_) | Value::List(_) | Value::Tuple(_) | Value::Dim(_) | Value::Later(_)
            );
            if !is_array {
                let item = item(part).map_err(|refusal| refusal.of_part(at))?;
                if matches!(item, Index::At(_)) {
                    advanced.push(at);
                }
                basic.push(item);
                continue;
            }
            advanced.push(at);
            let is_mask = is_mask(part);
            let expr = match part {
                // NumPy takes an empty list for integers.
                Value::List(parts) | Value::Tuple(parts) if parts.is_empty() => {
                    part.as_expr(graph, Some(DType::I64))?
                }
                other => other.as_expr(graph, None)?,
            };
            let place = basic.len();
            let count = if is_mask { super::call::sound(expr)?.len() } else { 1 };
            basic.extend(std::iter::repeat_n(Index::Slice(Slice::ALL), count));
            match is_mask {
                true => mask = Some((place, expr)),
                false => arrays.push((place, expr)),
            }
        }
        let taken = basic.iter().filter(|item| matches!(item, Index::At(_) | Index::Slice(_))).count();
        if taken > axes {
            let message = match axes {
                0 => "a single element has no axes, and no parts".into(),
                1 => format!("{taken} indices for an array with one axis"),
                _ => format!("{taken} indices for an array with {axes} axes"),
            };
            return Err(Refusal::new(fusewire_ir::DiagnosticKind::Axis, message).into());
        }
        let left = axes.saturating_sub(taken);
        let axis = |at: usize| {
            let axes = basic[..at].iter().map(|item| match item {
                Index::At(_) => 0,
                Index::Ellipsis => left,
                _ => 1,
            });
            axes.sum::<usize>()
        };
        let reach = advanced.last().zip(advanced.first()).map_or(0, |(last, first)| last - first + 1);
        let first = reach != advanced.len();
        if let Some((at, mask)) = mask {
            let axis = axis(at);
            return Ok(Self::Mask(Masked { items: basic, mask, axis, first }));
        }
        if arrays.is_empty() {
            return Ok(Self::Basic(basic));
        }
        let arrays = arrays.into_iter().map(|(at, expr)| (axis(at), expr)).collect();
        Ok(Self::Computed(Computed { items: basic, arrays, first }))
    }
}

/// Is it an array of `bool` or a list of them?
pub(super) fn is_mask(items: &Value<'_>) -> bool {
    match items {
        Value::Array(array) => array.expr.dtype().is_none_or(|dtype| dtype == DType::Bool),
        Value::List(parts) | Value::Tuple(parts) => {
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
        Value::Dim(_) | Value::Later(_) | Value::Array(_) => {
            let message = "an end of a slice is a number that is written or a size, not one of the run";
            Err(Refusal::language(message).help("how long it is decides how much memory a plan takes"))
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
            Value::Selected(selected) => return self.part_of_selected(selected, items),
            other => return Err(Refusal::language(format!("{} has no parts", other.describe())).into()),
        };
        let shape = super::call::sound(array.expr)?;
        let (items, of) = &self.places(&shape, items)?;
        match (Items::new(self.graph, shape.len(), items)?, of) {
            (Items::Basic(items), _) => {
                let part = array.expr.index(&items[..]);
                let is_element =
                    part.ndim() == Some(0) && !shape.is_empty() && !items.contains(&Index::Ellipsis);
                Ok(if is_element { self.fresh(part) } else { self.view(array, part) })
            }
            (Items::Computed(computed), Some(of)) => {
                let counted = self.counted(array.expr, &computed)?;
                Ok(Value::Selected(self.selected_places(&counted, of)?))
            }
            (Items::Computed(computed), None) => {
                let counted = self.counted(array.expr, &computed)?;
                Ok(self.fresh(counted.taken()))
            }
            (Items::Mask(mask), _) => Ok(Value::Selected(mask.selected(array.expr)?)),
        }
    }
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
