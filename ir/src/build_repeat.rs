//! Adding repetitions and borders to a graph.

use crate::axis::{AxisRef, NewAxis};
use crate::broadcast;
use crate::build_join::Part;
use crate::diagnostic::{Diagnostic, DiagnosticKind, Site};
use crate::dim::Dim;
use crate::dtype::DType;
use crate::graph::{Graph, SiteId};
use crate::requirement::Requirement;
use crate::scalar::{Scalar, Weak};
use crate::shape::{ArrayType, Shape};
use crate::size::SizeExpr;

/// Axes that get borders at once: 3 parts for each of them, so that no more than 81 parts are made of one
/// array. With more axes the result so far is extended again.
const BORDERED: usize = 4;

/// What stands in a border.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Padding {
    /// A number, in the dtype of the array.
    Constant(Weak),
    /// The element at the edge.
    Edge,
    /// The elements mirrored at the one at the edge, which is not repeated.
    Reflect,
    /// The elements mirrored at the edge, so that the one there is repeated.
    Symmetric,
    /// The elements from the other end.
    Wrap,
}

impl Padding {
    /// NumPy's name of the mode.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Constant(_) => "constant",
            Self::Edge => "edge",
            Self::Reflect => "reflect",
            Self::Symmetric => "symmetric",
            Self::Wrap => "wrap",
        }
    }
}

/// What the parts of one axis are made of.
#[derive(Clone, Copy)]
enum Border {
    Constant(Scalar),
    Edge,
    /// Mirrored, from the element this far from the edge on.
    Mirrored(u64),
    Wrapped,
}

/// The borders of one axis.
#[derive(Clone, Copy)]
struct Borders {
    axis: usize,
    before: u64,
    after: u64,
    border: Border,
}

/// Where the copies of an axis' elements stand.
#[derive(Clone, Copy, PartialEq)]
enum Copies {
    /// Each element beside its copies.
    Within,
    /// The whole axis, again and again.
    Around,
}

impl Graph {
    /// The whole array again and again along its last axes, as often as `repetitions` says for each of them;
    /// where it says more, the array gets axes at the front. A view.
    pub fn tile(&mut self, operand: SiteId, repetitions: &Shape, site: Site) -> SiteId {
        let Some(array) = self.site_array(operand).cloned() else {
            return self.refuse_join(&[operand], None, site);
        };
        if let Some(unfit) = self.declare("tile", repetitions, site) {
            let unfit = unfit.operand(self.note(operand, 0));
            return self.refuse_join(&[operand], Some(unfit), site);
        }
        let rank = array.shape.len().max(repetitions.len());
        let front: Vec<NewAxis> =
            (array.shape.len()..rank).map(|at| NewAxis::from((at - array.shape.len()) as isize)).collect();
        let operand = if front.is_empty() { operand } else { self.expand_dims(operand, &front, site) };
        let counts: Vec<Dim> = (0..rank)
            .map(|axis| repetitions.from_end(rank - axis).cloned().unwrap_or_else(|| Dim::from(1u64)))
            .collect();
        self.repeated("tile", operand, &counts, Copies::Around, site)
    }

    /// Every element `count` times along axes; without axes, along one axis with all elements. A view.
    pub fn repeat(&mut self, operand: SiteId, count: &Dim, axes: Option<&[AxisRef]>, site: Site) -> SiteId {
        let Some(array) = self.site_array(operand).cloned() else {
            return self.refuse_join(&[operand], None, site);
        };
        if let Some(unfit) = self.declare("repeat", &Shape::from(count), site) {
            let unfit = unfit.operand(self.note(operand, 0));
            return self.refuse_join(&[operand], Some(unfit), site);
        }
        let Some(axes) = axes else {
            let flat = self.reshape(operand, &[None], site);
            return self.repeated("repeat", flat, std::slice::from_ref(count), Copies::Within, site);
        };
        let positions: Vec<usize> = match self.positions("repeat", operand, axes, &array.shape) {
            Ok(positions) => positions,
            Err(diagnostic) => return self.refuse_join(&[operand], Some(*diagnostic), site),
        };
        let counts: Vec<Dim> = (0..array.shape.len())
            .map(|axis| if positions.contains(&axis) { count.clone() } else { Dim::from(1u64) })
            .collect();
        self.repeated("repeat", operand, &counts, Copies::Within, site)
    }

    /// Copies along axes, whose sizes are checked first.
    fn repeated(&mut self, name: &str, operand: SiteId, counts: &[Dim], place: Copies, site: Site) -> SiteId {
        let dims = self.site_array(operand).map(|array| array.shape.clone()).unwrap_or_default();
        let sizes = dims.iter().zip(counts).map(|(dim, count)| {
            Dim::from(dim.size().times(&count.size())).with_label(dim.shared_label().cloned())
        });
        match broadcast::unfit(name, &sizes.collect()) {
            Some(unfit) => {
                let unfit = unfit.operand(self.note(operand, 0));
                self.refuse_join(&[operand], Some(unfit), site)
            }
            None => self.copies(operand, counts, place, site),
        }
    }

    /// A new axis beside each one that is repeated, stretched and then joined with it.
    fn copies(&mut self, operand: SiteId, counts: &[Dim], place: Copies, site: Site) -> SiteId {
        let Some(array) = self.site_array(operand).cloned() else { return operand };
        let (mut new, mut stretched, mut joined) = (Vec::new(), Vec::new(), Vec::new());
        for (dim, count) in array.shape.iter().zip(counts) {
            let label = dim.shared_label().cloned();
            let count = count.clone().with_label(None);
            if count.is_one() || dim.is_one() {
                let size = if dim.is_one() { count.with_label(label) } else { dim.clone() };
                stretched.push(size.clone());
                joined.push(Some(size));
                continue;
            }
            joined.push(Some(Dim::from(dim.size().times(&count.size())).with_label(label)));
            let pair = match place {
                Copies::Around => [count, dim.clone()],
                Copies::Within => [dim.clone(), count],
            };
            new.push(NewAxis::from((stretched.len() + usize::from(place == Copies::Within)) as isize));
            stretched.extend(pair);
        }
        let expanded = if new.is_empty() { operand } else { self.expand_dims(operand, &new, site) };
        let stretched = self.broadcast_to(expanded, stretched.into_iter().collect(), site);
        if new.is_empty() { stretched } else { self.reshape(stretched, &joined, site) }
    }

    /// The array within borders: for each axis, or for all of them, how many elements before and after.
    pub fn pad(&mut self, operand: SiteId, widths: &[(u64, u64)], padding: Padding, site: Site) -> SiteId {
        let Some(array) = self.site_array(operand).cloned() else {
            return self.refuse_join(&[operand], None, site);
        };
        let mut requirements = Vec::new();
        let borders = match self.borders(operand, &array, widths, padding, &mut requirements) {
            Ok(borders) => borders,
            Err(diagnostic) => return self.refuse_join(&[operand], Some(*diagnostic), site),
        };
        let mut padded = operand;
        let mut cut = Vec::new();
        for borders in borders {
            match self.periodic(padded, borders, site) {
                Some(made) => padded = made,
                None => cut.push(borders),
            }
        }
        for borders in cut.chunks(BORDERED) {
            padded = self.pad_at_once(padded, borders, site);
        }
        self.require(padded, "pad", site, requirements);
        padded
    }

    /// The axes that get borders, and what must hold of their sizes.
    fn borders(
        &self,
        operand: SiteId,
        array: &ArrayType,
        widths: &[(u64, u64)],
        padding: Padding,
        requirements: &mut Vec<Requirement>,
    ) -> Result<Vec<Borders>, Box<Diagnostic>> {
        let rank = array.shape.len();
        let refuse = |kind, message: String, help: &str| {
            Box::new(Diagnostic::new(kind, message).operand(self.note(operand, 0)).help(help))
        };
        if widths.len() != rank && widths.len() != 1 {
            let message = format!("`pad` has widths for {} axes of {rank}", widths.len());
            let help = "give a pair of widths for each axis, or one for all of them";
            return Err(refuse(DiagnosticKind::Axis, message, help));
        }
        let constant = match padding {
            Padding::Constant(number) => Some(held(number, array.dtype).ok_or_else(|| {
                let message = format!("`pad`: the number {number} does not fit {}", array.dtype);
                refuse(DiagnosticKind::ScalarRange, message, "convert the array first: `.astype(dtype)`")
            })?),
            _ => None,
        };
        let mut dims = array.shape.to_vec();
        let mut borders = Vec::new();
        for axis in 0..rank {
            let (before, after) = widths[axis % widths.len()];
            if (before, after) == (0, 0) {
                continue;
            }
            let dim = array.shape[axis].clone();
            let sum = dim.size().plus(&width(before)).plus(&width(after));
            dims[axis] = Dim::from(sum).with_label(dim.shared_label().cloned());
            // What the longer border shows must be there. Where the size is known it may go on with copies.
            let mut needs = 1;
            let border = match (padding, constant) {
                (_, Some(constant)) => Border::Constant(constant),
                (Padding::Reflect, _) if !dim.is_one() => {
                    needs = i128::from(before.max(after)) + 1;
                    Border::Mirrored(1)
                }
                (Padding::Symmetric, _) => {
                    needs = i128::from(before.max(after));
                    Border::Mirrored(0)
                }
                (Padding::Wrap, _) => {
                    needs = i128::from(before.max(after));
                    Border::Wrapped
                }
                _ => Border::Edge,
            };
            if constant.is_none() && dim.upper() == 0 {
                let message =
                    format!("`pad` with `{}` of axis {axis}, which has no elements", padding.name());
                let diagnostic =
                    refuse(DiagnosticKind::Shape, message, "nothing but a number can stand there");
                return Err(Box::new(diagnostic.axis(axis)));
            }
            if constant.is_none() && dim.known().is_none() && dim.size().bounds().lower < needs {
                let least = u64::try_from(needs).unwrap_or(u64::MAX);
                requirements.push(Requirement::AtLeast(dim.clone().with_label(None), least));
            }
            borders.push(Borders { axis, before, after, border });
        }
        match broadcast::unfit("pad", &dims.into_iter().collect()) {
            Some(unfit) => Err(Box::new(unfit.operand(self.note(operand, 0)))),
            None => Ok(borders),
        }
    }

    /// The array within borders along one axis that are longer than the axis lets them be cut from it: a part
    /// of one period, whole periods, and again a part of one.
    fn periodic(&mut self, operand: SiteId, borders: Borders, site: Site) -> Option<SiteId> {
        let Borders { axis, before, after, border } = borders;
        let array = self.site_array(operand)?.clone();
        let size = array.shape[axis].known()?;
        // How many more elements, mirrored, make a period.
        let (most, more) = match border {
            Border::Mirrored(from) => (size.checked_sub(from)?, size.checked_sub(2 * from)?),
            Border::Wrapped => (size, 0),
            _ => return None,
        };
        if before.max(after) <= most {
            return None;
        }
        let mirrored = Part { start: width(most - 1), step: -1, count: width(more) };
        let mirrored = self.part(operand, axis, mirrored, site);
        let along = |size: u64| {
            let mut dims = array.shape.to_vec();
            dims[axis] = Dim::from(size).with_label(dims[axis].shared_label().cloned());
            ArrayType { dtype: array.dtype, shape: dims.into_iter().collect() }
        };
        let length = size + more;
        let period = self.add_concat(axis, &[operand, mirrored], along(length), site);
        // The sum is the size of an axis, which was checked.
        let all = before + size + after;
        let head = (before % length).min(all);
        let (turns, tail) = ((all - head) / length, (all - head) % length);
        let counts: Vec<Dim> =
            (0..array.shape.len()).map(|at| Dim::from(if at == axis { turns } else { 1 })).collect();
        let parts = [
            self.part(period, axis, Part { start: width(length - head), step: 1, count: width(head) }, site),
            self.copies(period, &counts, Copies::Around, site),
            self.part(period, axis, Part { start: width(0), step: 1, count: width(tail) }, site),
        ];
        Some(self.add_concat(axis, &parts, along(all), site))
    }

    /// Borders at axes of which each is cut from the array: the corners are borders of borders.
    fn pad_at_once(&mut self, operand: SiteId, borders: &[Borders], site: Site) -> SiteId {
        let (Some((first, others)), Some(array)) = (borders.split_first(), self.site_array(operand).cloned())
        else {
            return operand;
        };
        let Borders { axis, before, after, border } = *first;
        let size = array.shape[axis].size();
        let label = array.shape[axis].shared_label().cloned();
        let along = |size: SizeExpr| -> Shape {
            let mut dims = array.shape.to_vec();
            dims[axis] = Dim::from(size).with_label(label.clone());
            dims.into_iter().collect()
        };
        let mut parts = Vec::new();
        for (side, count) in [(0, before), (1, 0), (2, after)] {
            let last = |back: u64| size.minus(&width(back));
            let part = match (side, border) {
                (1, _) => operand,
                _ if count == 0 => continue,
                // The corners as well.
                (_, Border::Constant(constant)) => {
                    let mut dims = along(width(count)).to_vec();
                    for other in others {
                        let dim = &dims[other.axis];
                        let size = dim.size().plus(&width(other.before)).plus(&width(other.after));
                        dims[other.axis] = Dim::from(size).with_label(dim.shared_label().cloned());
                    }
                    parts.push(self.full(dims.into_iter().collect(), constant, site));
                    continue;
                }
                (_, Border::Edge) => {
                    let start = if side == 0 { 0.into() } else { last(1) };
                    let edge = self.part(operand, axis, Part { start, step: 1, count: 1.into() }, site);
                    self.broadcast_to(edge, along(width(count)), site)
                }
                (_, Border::Mirrored(from)) => {
                    // Backwards, towards the edge or away from it.
                    let start = if side == 0 {
                        width(count).plus(&width(from)).minus(&1.into())
                    } else {
                        last(from + 1)
                    };
                    self.part(operand, axis, Part { start, step: -1, count: width(count) }, site)
                }
                (_, Border::Wrapped) => {
                    let start = if side == 0 { last(count) } else { 0.into() };
                    self.part(operand, axis, Part { start, step: 1, count: width(count) }, site)
                }
            };
            parts.push(self.pad_at_once(part, others, site));
        }
        let mut made = array.clone();
        if let Some(shape) =
            parts.first().and_then(|part| self.site_array(*part)).map(|part| part.shape.clone())
        {
            let mut dims = shape.to_vec();
            let sum = size.plus(&width(before)).plus(&width(after));
            dims[axis] = Dim::from(sum).with_label(label);
            made.shape = dims.into_iter().collect();
        }
        self.add_concat(axis, &parts, made, site)
    }
}

/// A number as an element of a border; `None` for a fraction among integers.
fn held(number: Weak, dtype: DType) -> Option<Scalar> {
    let scalar = number.to_scalar(dtype)?;
    match number {
        Weak::Float(float) if dtype.is_int() && scalar.as_f64() != float => None,
        _ => Some(scalar),
    }
}

fn width(count: u64) -> SizeExpr {
    SizeExpr::known(i128::from(count))
}
