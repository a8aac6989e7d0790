//! Subscripts with arrays of integers, read and assigned to. Several of them are pairs, triples and so on, as NumPy has
//! it: their axes are joined to one, along which each of them is one number.

use super::call::sound;
use super::error::Refusal;
use super::evaluate::Evaluator;
use super::index::Computed;
use super::value::{Evaluated, Value};
use crate::axes::{Axis, NewSizes};
use crate::expr::Expr;
use fusewire_ir::{DType, Dim, Shape};

/// A part of an array, of which arrays of integers count out elements along some axes.
pub(super) struct Counted<'g> {
    /// The part with these axes joined to one.
    pub rows: Expr<'g>,
    /// Where along it the elements are.
    pub places: Expr<'g>,
    /// That axis.
    pub axis: usize,
    /// Of the part with these axes one after another, before they were joined.
    apart: Shape,
    /// From where to where they were moved before.
    moved: (Vec<isize>, Vec<isize>),
}

impl<'g> Counted<'g> {
    /// The elements, the axes of the indices in the place of those that they count.
    pub fn taken(&self) -> Expr<'g> {
        self.rows.take(self.places, Axis(self.axis as isize))
    }

    /// Other places along another axis, which goes back to where this one was.
    pub fn with(self, rows: Expr<'g>, places: Expr<'g>) -> Self {
        Self { rows, places, ..self }
    }

    /// The places as `i64`, counted from the front; one that is not there is an error of the run.
    pub fn places_from_front(&self) -> Evaluated<'g, Expr<'g>> {
        if self.moved.0.len() > 1 {
            return Ok(self.places);
        }
        from_front(self.rows, &sound(self.rows)?, self.axis, self.places)
    }

    /// The part of which the joined axes are apart again, and where they were before.
    pub fn apart(&self, changed: Expr<'g>) -> Expr<'g> {
        let (from, to) = &self.moved;
        let apart = if from.len() == 1 { changed } else { reshaped(changed, self.apart.iter().cloned()) };
        if from == to { apart } else { apart.moveaxis(to.clone(), from.clone()) }
    }
}

/// Indices of an axis as `i64`, counted from the front; one that is not there is an error of the run.
fn from_front<'g>(part: Expr<'g>, shape: &Shape, axis: usize, indices: Expr<'g>) -> Evaluated<'g, Expr<'g>> {
    let called = part.graph().ir().borrow().display_name(part.site()).to_string();
    let check = held_to_axis(&called, shape, axis, indices)?;
    let index = indices.astype(DType::I64);
    Ok(index.less(0).select(index + number(part, &shape[axis]), index) + check)
}

/// A size as an `i64`.
fn number<'g>(of: Expr<'g>, dim: &Dim) -> Expr<'g> {
    match dim.known().and_then(|size| i64::try_from(size).ok()) {
        Some(size) => of.graph().scalar(size),
        None => of.graph().size(dim.clone()),
    }
}

fn reshaped<'g>(of: Expr<'g>, dims: impl Iterator<Item = Dim>) -> Expr<'g> {
    of.reshape(NewSizes(dims.map(Some).collect()))
}

fn product(dims: &[Dim]) -> Dim {
    dims.iter().fold(Dim::from(1u64), |product, dim| &product * dim).with_label(None)
}

/// Indices are pairs, triples and so on where their shapes broadcast.
fn check_indices<'g>(arrays: &[(usize, Expr<'g>)]) -> Evaluated<'g, ()> {
    let mut shapes = Vec::with_capacity(arrays.len());
    for (_, indices) in arrays {
        shapes.push(sound(*indices)?);
    }
    let mut all = Shape::default();
    for shape in &shapes {
        let Ok(joined) = all.broadcast(shape, |_, _| {}) else {
            let shown: Vec<String> = shapes.iter().map(ToString::to_string).collect();
            let message = format!("the indices have shapes {}, which do not broadcast", shown.join(" and "));
            let help = "each element takes one index of every array; for all pairs: `x[rows][:, columns]`";
            return Err(Refusal::new(fusewire_ir::DiagnosticKind::Shape, message).help(help).into());
        };
        all = joined;
    }
    Ok(())
}

/// Zeros of the shape of `indices`, or the error of the run that one of them is not among those of the axis.
fn held_to_axis<'g>(called: &str, shape: &Shape, axis: usize, indices: Expr<'g>) -> Evaluated<'g, Expr<'g>> {
    let sizes = shape.iter().enumerate();
    let sizes = sizes.map(|(at, dim)| if at == axis { dim.clone().with_label(None) } else { 1u64.into() });
    // A single element, however long the axis is.
    let zeros = indices.graph().scalar(false).broadcast_to(sizes.collect::<Shape>()).named(called);
    let zeros = zeros.take(indices, Axis(axis as isize));
    Ok(reshaped(zeros, sound(indices)?.iter().cloned()).astype(DType::I64))
}

impl<'g> Evaluator<'_, 'g> {
    /// What the arrays of a subscript count out of the part of an array that is left by the others.
    pub(super) fn counted(&self, of: Expr<'g>, computed: &Computed<'g>) -> Evaluated<'g, Counted<'g>> {
        let part = of.index(&computed.items[..]);
        let shape = sound(part)?;
        let axes: Vec<usize> = computed.arrays.iter().map(|(axis, _)| *axis).collect();
        let axis = if computed.first { 0 } else { axes.first().copied().unwrap_or(0) };
        let from: Vec<isize> = axes.iter().map(|axis| *axis as isize).collect();
        let to: Vec<isize> = (axis..axis + axes.len()).map(|axis| axis as isize).collect();
        let moved = if from == to { part } else { part.moveaxis(from.clone(), to.clone()) };
        let apart = sound(moved)?;
        let (rows, places) = match &computed.arrays[..] {
            [(_, only)] => (moved, *only),
            several => {
                check_indices(several)?;
                let behind = axis + several.len();
                let joined = product(&apart[axis..behind]);
                let sizes =
                    apart[..axis].iter().cloned().chain([joined]).chain(apart[behind..].iter().cloned());
                let rows = reshaped(moved, sizes);
                let mut places: Option<Expr<'g>> = None;
                for (at, (own, indices)) in several.iter().enumerate() {
                    let each = number(part, &product(&apart[axis + at + 1..behind]));
                    let place = from_front(part, &shape, *own, *indices)? * each;
                    places = Some(places.map_or(place, |others| others + place));
                }
                (rows, places.unwrap_or(part))
            }
        };
        sound(places)?;
        Ok(Counted { rows, places, axis, apart, moved: (from, to) })
    }

    /// The part with new elements in these places, one after another: of those that go to one place the last stays.
    /// `adds` says that all of them are added to what is there.
    pub(super) fn with_counted(
        &self,
        counted: &Counted<'g>,
        value: &Value<'g>,
        dtype: DType,
        adds: bool,
    ) -> Evaluated<'g, Expr<'g>> {
        let shape = sound(counted.taken())?;
        let value = value.as_expr(self.graph, Some(dtype))?;
        let value = self.without_leading(value, shape.len())?.broadcast_to(shape.clone());
        sound(value)?;
        let changed = counted.changed(value, adds)?;
        Ok(counted.apart(changed))
    }
}

impl<'g> Counted<'g> {
    /// The rows with new elements in these places; `adds` says that they are added to what is there.
    pub fn changed(&self, value: Expr<'g>, adds: bool) -> Evaluated<'g, Expr<'g>> {
        let (counted, shape) = (self, sound(value)?);
        let of_places = sound(counted.places)?.len();
        let Counted { rows, places, axis, .. } = *counted;
        let behind = axis + of_places;
        let (places, value) = if of_places == 1 {
            (places, value)
        } else {
            let count = product(&shape[axis..behind]);
            let sizes =
                shape[..axis].iter().cloned().chain([count.clone()]).chain(shape[behind..].iter().cloned());
            (reshaped(places, std::iter::once(count)), reshaped(value, sizes))
        };
        let along = Axis(axis as isize);
        Ok(if adds { rows.scatter_add(places, value, along) } else { rows.put(places, value, along) })
    }
}
