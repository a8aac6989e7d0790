//! Assignment to names. Nothing is ever written: a name stands for another expression afterwards, and so does every
//! other name of the same array. A view of an array that was assigned to is refused where it is used, because NumPy
//! would have changed it as well.

use super::call::sound;
use super::error::Refusal;
use super::evaluate::Evaluator;
use super::selected::Selected;
use super::tree::{Infix, Span, Target};
use super::value::{Array, Evaluated, Value};
use crate::expr::Expr;
use fusewire_ir::{Category, DType, Index};

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
            let new = match (&old, self.infix(op, &old, value)?) {
                (Value::Selected(old), Value::Selected(new)) => {
                    Value::Selected(self.updated(name.of(self.text), old, &new)?)
                }
                (_, new) => new,
            };
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
                if is_part
                    && !leaves_array(&items)
                    && element.memory != array.memory
                    && element.expr.ndim() == Some(0) =>
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
            (_, Value::Selected(_)) => {
                let message =
                    format!("`{}` is not updated by as many elements as a mask selects", name.of(self.text));
                let help = "update the places of the mask: `y[mask] += x[mask]`";
                return Err(Refusal::language(message).help(help).into());
            }
            (_, other) => {
                return Err(
                    Refusal::argument(format!("an array is not updated to {}", other.describe())).into()
                );
            }
        };
        Ok(self.write_back(array, changed))
    }

    /// What a mask selects with new elements, which keep its dtype and its axes.
    fn updated(&self, name: &str, old: &Selected<'g>, new: &Selected<'g>) -> Evaluated<'g, Selected<'g>> {
        let is_old = |value: &Value<'g>| matches!(value, Value::Selected(other) if other.is_same(old));
        if self.variables.iter().any(|(other, value)| *other != name && is_old(value)) {
            let message = "what a mask selects is not updated where it has two names";
            return Err(Refusal::language(message).help(format!("write `{name} = {name} + ...`")).into());
        }
        let (Some(from), Some(to)) = (new.values.dtype(), old.values.dtype()) else { return Ok(*new) };
        held_to_kind(from, to)?;
        if new.ndim() != old.ndim() {
            return Err(Refusal::argument("an update gives an array no more axes").into());
        }
        Ok(new.with(if from == to { new.values } else { new.values.astype(to) }))
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
        held_to_kind(from, to)?;
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
}

/// Is an element that the items of a subscript lead to an array still, as NumPy has it?
fn leaves_array(items: &Value<'_>) -> bool {
    let is_ellipsis = |item: &Value<'_>| matches!(item, Value::Ellipsis);
    is_ellipsis(items) || items.parts().is_some_and(|items| items.iter().any(is_ellipsis))
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
pub(super) fn is_same_kind(from: DType, to: DType) -> bool {
    let rank = |dtype: DType| match (dtype.category(), dtype.int_info()) {
        (Category::Bool, _) => 0,
        (_, Some(info)) if info.min == 0 => 1,
        (Category::Int, _) => 2,
        _ => 3,
    };
    from == to || rank(from) <= rank(to)
}

/// Refuses what is not of the same kind.
fn held_to_kind(from: DType, to: DType) -> Result<(), Refusal> {
    if is_same_kind(from, to) {
        return Ok(());
    }
    let message = format!("a result of {from} is not stored in an array of {to}");
    let help = format!("convert it: `.astype(np.{})`", numpy_name(to));
    Err(Refusal::new(fusewire_ir::DiagnosticKind::DType, message).help(help))
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
