//! Subscripts: integers, slices, new axes and the axes in between, of arrays and of tuples.

use super::error::Refusal;
use super::evaluate::Evaluator;
use super::value::{Evaluated, Value};
use fusewire_ir::{DType, Index, Slice, Weak};

/// What stands between the brackets of a subscript of an array.
pub(super) enum Items<'g> {
    /// A view of it.
    Basic(Vec<Index>),
    /// Where this array of `bool` is true.
    Mask(Value<'g>),
}

impl<'g> Items<'g> {
    pub fn new(items: &Value<'g>) -> Evaluated<'g, Self> {
        if is_mask(items) {
            return Ok(Self::Mask(items.clone()));
        }
        let items = match items {
            Value::Tuple(parts) => parts.iter().map(item).collect::<Result<_, _>>()?,
            one => vec![item(one)?],
        };
        Ok(Self::Basic(items))
    }
}

fn is_mask(items: &Value<'_>) -> bool {
    matches!(items, Value::Array(array) if array.expr.dtype().is_none_or(|dtype| dtype == DType::Bool))
}

fn item(value: &Value<'_>) -> Result<Index, Refusal> {
    let computed = "indices that are computed are not in the language yet";
    match value {
        Value::Number(Weak::Int(_)) => match value.as_int() {
            Some(at) => Ok(Index::At(at)),
            None => Err(Refusal::argument("an index has at most 64 bits")),
        },
        Value::Slice(parts) => slice(parts).map(Index::Slice),
        Value::None => Ok(Index::NewAxis),
        Value::Ellipsis => Ok(Index::Ellipsis),
        Value::Array(_) if is_mask(value) => {
            Err(Refusal::language("a mask beside other indices is not in the language"))
        }
        Value::Array(_) | Value::List(_) => Err(Refusal::language(computed)),
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
            other => return Err(Refusal::language(format!("{} has no parts", other.describe())).into()),
        };
        match Items::new(items)? {
            Items::Basic(items) => {
                let shape = super::call::sound(array.expr)?;
                let part = array.expr.index(&items[..]);
                let is_element =
                    part.ndim() == Some(0) && !shape.is_empty() && !items.contains(&Index::Ellipsis);
                Ok(if is_element { self.fresh(part) } else { self.view(array, part) })
            }
            Items::Mask(_) => {
                let message = "how many elements a mask selects is known only when data is: this is not in the language yet";
                let help =
                    "reduce with `where=mask`, choose with `np.where(mask, x, y)`, or assign to `x[mask]`";
                Err(Refusal::language(message).help(help).into())
            }
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
