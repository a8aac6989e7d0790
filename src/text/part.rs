//! Parts of arrays that are assigned to. Nothing is ever written: the array with a part of it replaced is another
//! expression.

use super::assign::is_same_kind;
use super::call::sound;
use super::error::Refusal;
use super::evaluate::Evaluator;
use super::index::{Items, Masked};
use super::selected::Selected;
use super::value::{Array, Evaluated, Value};
use crate::axes::Positions;
use crate::expr::{Argument, Expr};
use fusewire_ir::{AxisRef, DType, ElementOp, Index, Shape, Slice, Weak};

impl<'g> Evaluator<'_, 'g> {
    /// The array with a part of it replaced.
    pub(super) fn with_part(
        &mut self,
        base: Expr<'g>,
        items: &Value<'g>,
        value: &Value<'g>,
    ) -> Evaluated<'g, Expr<'g>> {
        let shape = sound(base)?;
        let Some(dtype) = base.dtype() else { return Ok(base) };
        let (items, of) = &self.places(&shape, items)?;
        match (Items::new(self.graph, shape.len(), items)?, of) {
            (Items::Mask(mask), _) => self.with_selected(base, &mask, value, dtype),
            (Items::Computed(computed), Some(of)) => {
                let changed = self.with_selected_places(base, (&computed, of), value, dtype, false)?;
                self.put_back(base, &shape, &computed.items, changed)
            }
            (Items::Computed(computed), None) => {
                let counted = self.counted(base, &computed)?;
                let changed = self.with_counted(&counted, value, dtype, false)?;
                self.put_back(base, &shape, &computed.items, changed)
            }
            (Items::Basic(items), _) => {
                let part = base.index(&items[..]);
                let part_shape = sound(part)?;
                let value = value.as_expr(self.graph, Some(dtype))?;
                let is_element =
                    part_shape.is_empty() && !shape.is_empty() && !items.contains(&Index::Ellipsis);
                if is_element && value.ndim().is_some_and(|axes| axes > 0) {
                    let given = sound(value)?;
                    let message = format!("a single element is not assigned an array of shape {given}");
                    let help =
                        "assign one of its elements, `y[0] = x[0]`, or to several places, `y[0:1] = x`";
                    return Err(Refusal::new(fusewire_ir::DiagnosticKind::Shape, message).help(help).into());
                }
                let value = self.without_leading(value, part_shape.len())?;
                self.scattered(base, &shape, &items, value, &part_shape)
            }
        }
    }

    /// `np.add.at(array, items, value)`: each of the values is added, also where several go to one place.
    pub(super) fn add_at(&mut self, array: Array<'g>, items: &Value<'g>, value: &Value<'g>) -> Evaluated<'g> {
        let (base, shape) = (array.expr, sound(array.expr)?);
        let Some(dtype) = base.dtype() else { return Ok(Value::None) };
        let of_value = match value {
            Value::Number(Weak::Float(_)) if !dtype.is_float() => Some(DType::F64),
            Value::Number(_) => None,
            other => other.as_expr(self.graph, None)?.dtype(),
        };
        if let Some(from) = of_value.filter(|from| !is_same_kind(*from, dtype)) {
            let message = format!("{from} is not added to an array of {dtype}");
            return Err(Refusal::new(fusewire_ir::DiagnosticKind::DType, message).into());
        }
        let (items, of) = &self.places(&shape, items)?;
        let changed = match (Items::new(self.graph, shape.len(), items)?, of) {
            (Items::Computed(computed), Some(of)) => {
                let changed = self.with_selected_places(base, (&computed, of), value, dtype, true)?;
                self.put_back(base, &shape, &computed.items, changed)?
            }
            (Items::Computed(computed), None) => {
                let counted = self.counted(base, &computed)?;
                let changed = self.with_counted(&counted, value, dtype, true)?;
                self.put_back(base, &shape, &computed.items, changed)?
            }
            // Nothing is there twice.
            (Items::Basic(_) | Items::Mask(_), _) => {
                let current = self.subscript(&Value::Array(array), items)?;
                let sum = self.element(ElementOp::Add, &[current, value.clone()])?;
                self.with_part(base, items, &sum)?
            }
        };
        self.write_back(array, changed);
        Ok(Value::None)
    }

    /// The array with the part that positions and slices lead to replaced by one of the same shape.
    fn put_back(
        &self,
        base: Expr<'g>,
        shape: &Shape,
        items: &[Index],
        part: Expr<'g>,
    ) -> Evaluated<'g, Expr<'g>> {
        let part_shape = sound(part)?;
        let is_whole = |item: &Index| matches!(item, Index::Ellipsis) || *item == Index::Slice(Slice::ALL);
        if items.iter().all(is_whole) {
            return Ok(part);
        }
        self.scattered(base, shape, items, part, &part_shape)
    }

    /// The array with new elements where a mask is true.
    fn with_selected(
        &mut self,
        base: Expr<'g>,
        mask: &Masked<'g>,
        value: &Value<'g>,
        dtype: DType,
    ) -> Evaluated<'g, Expr<'g>> {
        let target = mask.selected(base)?;
        let value = match value {
            Value::Selected(_) => match target.filled(value)? {
                Some(values) if values.ndim() <= target.values.ndim() => values.astype(dtype),
                _ => {
                    let message = "the elements that another mask selects have other axes than these places";
                    return Err(Refusal::language(message).into());
                }
            },
            value => self.for_each(value, dtype, &target)?,
        };
        let all = sound(target.values)?;
        let chosen = self.chosen(target.wide_mask(), value, target.values, all);
        self.put_back(base, &sound(base)?, &mask.items, mask.moved_back(chosen))
    }

    /// A value that is assigned to every element that a mask selects.
    pub(super) fn for_each(
        &mut self,
        value: &Value<'g>,
        dtype: DType,
        target: &Selected<'g>,
    ) -> Evaluated<'g, Expr<'g>> {
        let axes = target.ndim().unwrap_or(0);
        let value = self.without_leading(value.as_expr(self.graph, Some(dtype))?, axes)?;
        let shape = sound(value)?;
        if shape.len() > axes {
            let message =
                format!("a value of shape {shape} has more axes than what is selected, which has {axes}");
            return Err(Refusal::new(fusewire_ir::DiagnosticKind::Shape, message).into());
        }
        if let Some(value) = target.fit(value)? {
            return Ok(value);
        }
        // One for each that the mask selects: whether they are as many is seen when the program runs.
        let value = self.fresh(value);
        match target.filled(&value)? {
            Some(filled) => Ok(filled),
            None => value.as_expr(self.graph, None),
        }
    }

    pub(super) fn chosen(&self, mask: Expr<'g>, value: Expr<'g>, base: Expr<'g>, shape: Shape) -> Expr<'g> {
        let operands = [mask, value, base].map(Argument::Expr);
        Expr::element_of(self.graph, ElementOp::Select, operands.into_iter()).broadcast_to(shape)
    }

    /// Without axes of size 1 before the last `axes`, which NumPy does not mind where it assigns.
    pub(super) fn without_leading(&self, value: Expr<'g>, axes: usize) -> Evaluated<'g, Expr<'g>> {
        let shape = sound(value)?;
        let leading = shape.len().saturating_sub(axes);
        let count = shape.iter().take(leading).take_while(|dim| dim.is_one()).count();
        let dropped: Vec<AxisRef> = (0..count as isize).map(AxisRef::Position).collect();
        Ok(if count == 0 { value } else { value.squeeze(Positions(dropped)) })
    }
}
