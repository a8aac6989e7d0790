//! Reductions of elements that a mask selects: those of all places, of which the mask says what counts.

use super::call::{Argued, Signature};
use super::error::Refusal;
use super::evaluate::Evaluator;
use super::selected::{Selected, common, no_function};
use super::value::{Evaluated, Value};
use crate::expr::Expr;

/// How a reduction of selected elements is one of all places.
pub(super) struct Reduced<'g> {
    of: Selected<'g>,
    /// Axes of the values that are reduced.
    axes: Vec<usize>,
    keepdims: bool,
    /// Are those of the mask among them?
    of_mask: bool,
}

/// The place of an argument among those that are given.
fn given(arguments: &[Argued<'_, '_>], keyword: &str, place: Option<usize>) -> Option<usize> {
    let is_it = |(at, argued): (usize, &Argued<'_, '_>)| {
        argued.keyword == Some(keyword) || (argued.keyword.is_none() && Some(at) == place)
    };
    arguments.iter().enumerate().position(is_it)
}

impl<'t, 'g> Evaluator<'t, 'g> {
    /// The arguments of a reduction with the elements of all places, along their axes.
    pub(super) fn reduced_arguments(
        &mut self,
        name: &str,
        signature: &Signature,
        arguments: &mut Vec<Argued<'t, 'g>>,
    ) -> Evaluated<'g, Reduced<'g>> {
        let Some(Argued { value: Value::Selected(of), span, .. }) = arguments.first() else {
            return Err(no_function(name).into());
        };
        let (of, span) = (*of, *span);
        let values: Vec<Value<'g>> = arguments.iter().map(|argued| argued.value.clone()).collect();
        common(&values)?;
        let find = |wanted: &str| given(arguments, wanted, signature.place(wanted));
        let (Some(axis), Some(axes)) = (of.axis(), of.ndim()) else { return Err(no_function(name).into()) };
        let keepdims = find("keepdims").is_some_and(|at| arguments[at].value.as_int() == Some(1));
        let at = find("axis");
        let along = match at {
            Some(at) => arguments[at].value.clone(),
            None => signature.default("axis")?,
        };
        let numbers: Option<Vec<i64>> = match (&along, along.parts()) {
            (Value::None, _) => Some((0..axes as i64).collect()),
            (_, Some(parts)) => parts.iter().map(Value::as_int).collect(),
            (one, None) => one.as_int().map(|one| vec![one]),
        };
        let count = of.of_mask();
        let mut reduced = Reduced { of, axes: Vec::new(), keepdims, of_mask: false };
        for number in
            numbers.ok_or_else(|| Refusal::argument(format!("`{name}` takes an axis or a tuple of axes")))?
        {
            let position = if number < 0 { number + axes as i64 } else { number };
            let Some(position) = usize::try_from(position).ok().filter(|position| *position < axes) else {
                let message = format!("`{name}` along axis {number}, but the axes are 0 to {}", axes - 1);
                return Err(Refusal::new(fusewire_ir::DiagnosticKind::Axis, message).into());
            };
            if position == axis {
                reduced.of_mask = true;
                reduced.axes.extend(axis..axis + count);
            } else {
                reduced.axes.push(if position > axis { position + count - 1 } else { position });
            }
        }
        for at in 0..arguments.len() {
            // Arrays meet the selected elements, as `where` does; tuples and lists are axes and parts.
            if matches!(arguments[at].value, Value::Selected(_) | Value::Array(_)) {
                arguments[at].value = self.everywhere(&values[at], &of)?;
            }
        }
        if signature.place("axis").is_some() {
            let axes = reduced.axes.iter().map(|axis| Value::int(*axis as i128)).collect();
            let value = match &reduced.axes[..] {
                [only] => Value::int(*only as i128),
                _ => Value::tuple(axes)?,
            };
            match at {
                Some(at) => arguments[at].value = value,
                None => arguments.push(Argued { keyword: Some("axis"), value, span }),
            }
        }
        Ok(reduced)
    }

    /// What the reduction is of the selected elements.
    pub(super) fn reduced(&mut self, reduced: &Reduced<'g>, result: Value<'g>) -> Evaluated<'g> {
        let Value::Array(array) = &result else { return Ok(result) };
        let Reduced { of, axes, keepdims, of_mask } = reduced;
        let (Some(axis), Some(all), Some(left)) = (of.axis(), of.values.ndim(), array.expr.ndim()) else {
            return Ok(result);
        };
        // Several quantiles have an axis of their own before the others.
        let new = left.saturating_sub(if *keepdims { all } else { all - axes.len() });
        let gone = |range: std::ops::Range<usize>| {
            if *keepdims { 0 } else { axes.iter().filter(|axis| range.contains(axis)).count() }
        };
        if !*of_mask {
            let trail = of.trail - gone(axis + of.of_mask()..all);
            return Ok(Value::Selected(Selected { values: array.expr, trail, ..*of }));
        }
        if !*keepdims || of.of_mask() == 1 {
            return Ok(result);
        }
        // One axis in the place of those of the mask.
        let at = (axis + new) as isize;
        let expr = match of.of_mask() {
            0 => array.expr.expand_dims(at),
            more => array.expr.squeeze((at + 1..at + more as isize).collect::<Vec<isize>>()),
        };
        Ok(self.fresh(expr))
    }
}

impl<'g> Reduced<'g> {
    /// The mask that says what counts, where the reduction goes along its axes.
    pub fn mask(&self) -> Option<Expr<'g>> {
        self.of_mask.then(|| self.of.wide_mask())
    }
}
