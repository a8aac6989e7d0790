//! Adding views to a graph.

use crate::axis::{AxisRef, NewAxis};
use crate::broadcast;
use crate::diagnostic::{Diagnostic, DiagnosticKind, Site};
use crate::dim::Dim;
use crate::graph::{Graph, Op, SiteId};
use crate::requirement::Requirement;
use crate::shape::{ArrayType, Shape};
use crate::size::SizeExpr;
use crate::view::{Range, View};
use smallvec::SmallVec;

/// A part of one axis as NumPy's `start:stop:step`: negative ends count from the end of the axis,
/// ends beyond it are cut, `None` is the end that the step's direction suggests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slice {
    /// The first index.
    pub start: Option<i64>,
    /// The first index that is left out.
    pub stop: Option<i64>,
    /// The distance between indices; may be negative, not 0.
    pub step: i64,
}

impl Slice {
    /// The whole axis, `:`.
    pub const ALL: Self = Self { start: None, stop: None, step: 1 };

    /// From `start` up to but not including `stop`; negative ends count from the end of the axis. The
    /// same as a range, but for clippy, which takes `1..-1` for a mistake.
    #[must_use]
    pub const fn new(start: i64, stop: i64) -> Self {
        Self { start: Some(start), stop: Some(stop), step: 1 }
    }

    /// The same ends with another step.
    #[must_use]
    pub const fn step_by(mut self, step: i64) -> Self {
        self.step = step;
        self
    }

    /// First index and number of elements on an axis of this size; the step is not 0.
    fn resolve(self, size: &SizeExpr) -> (SizeExpr, SizeExpr) {
        let forward = self.step > 0;
        let last = size.minus(&1.into());
        let (low, high) = if forward { (0, size.clone()) } else { (-1, last.clone()) };
        let cut = |end: Option<i64>, open: SizeExpr| {
            end.map_or(open, |end| {
                let from_start = if end < 0 { size.plus(&end.into()) } else { end.into() };
                from_start.at_least(&low.into()).at_most(&high)
            })
        };
        let start = cut(self.start, if forward { 0.into() } else { last.clone() });
        let stop = cut(self.stop, if forward { size.clone() } else { (-1).into() });
        let span = if forward { stop.minus(&start) } else { start.minus(&stop) };
        let count = span.at_least(&0.into()).ceil_div(&SizeExpr::known(i128::from(self.step).abs()));
        // A start before the first element belongs to a slice without elements.
        let start = start.as_known().map_or(start, |known| SizeExpr::known(known.max(0)));
        (start, count)
    }
}

impl From<std::ops::RangeFull> for Slice {
    fn from(_: std::ops::RangeFull) -> Self {
        Self::ALL
    }
}
impl From<std::ops::Range<i64>> for Slice {
    fn from(range: std::ops::Range<i64>) -> Self {
        Self { start: Some(range.start), stop: Some(range.end), step: 1 }
    }
}
impl From<std::ops::RangeFrom<i64>> for Slice {
    fn from(range: std::ops::RangeFrom<i64>) -> Self {
        Self { start: Some(range.start), stop: None, step: 1 }
    }
}
impl From<std::ops::RangeTo<i64>> for Slice {
    fn from(range: std::ops::RangeTo<i64>) -> Self {
        Self { start: None, stop: Some(range.end), step: 1 }
    }
}

impl Graph {
    /// Stretches axes of size 1, and adds axes at the front, to reach `shape`.
    pub fn broadcast_to(&mut self, operand: SiteId, shape: Shape, site: Site) -> SiteId {
        if let Some(unfit) = self.declare("broadcast_to", &shape, site) {
            return self.add_poison(Op::View(View::BroadcastTo), &[operand], site, Some(unfit));
        }
        let mut requirements = Vec::new();
        let call = self.view(operand, View::BroadcastTo, site, |graph, array| {
            let assume = |left: &Dim, right: &Dim| {
                requirements.push(Requirement::Equal(left.clone(), right.clone()));
            };
            match array.shape.broadcast(&shape, assume) {
                Err(conflict) if conflict.labels => {
                    let mut target = graph.note(operand, 1);
                    target.text = format!("the requested shape {shape}");
                    target.site = Some(graph.called_from(site));
                    let operands = [(&array.shape, graph.note(operand, 0)), (&shape, target)];
                    Err(Box::new(broadcast::mismatch(graph.called("broadcast_to"), &conflict, operands)))
                }
                // The target decides, but for labels that only the operand has.
                Ok(joined)
                    if joined.len() == shape.len()
                        && joined.iter().zip(shape.iter()).all(|(a, b)| !b.is_one() || a.is_one()) =>
                {
                    let label = |dim: &Dim| dim.shared_label().cloned();
                    let dims = shape.iter().zip(joined.iter());
                    let dims = dims.map(|(dim, joined)| dim.clone().with_label(label(joined)));
                    Ok((View::BroadcastTo, dims.collect()))
                }
                _ => Err(Box::new(
                    Diagnostic::new(
                        DiagnosticKind::Shape,
                        format!("{} does not broadcast to {shape}", array.shape),
                    )
                    .operand(graph.note(operand, 0))
                    .help("only axes of size 1 stretch, and new axes come first"),
                )),
            }
        });
        self.require(call, "broadcast_to", site, requirements);
        call
    }

    /// Orders the axes anew: axis `k` of the result is axis `order[k]`.
    pub fn permute_dims(&mut self, operand: SiteId, order: &[AxisRef], site: Site) -> SiteId {
        self.view(operand, View::PermuteDims(SmallVec::new()), site, |graph, array| {
            let rank = array.shape.len();
            let order: SmallVec<[usize; 4]> =
                graph.positions("permute_dims", operand, order, &array.shape)?;
            if order.len() != rank {
                let name = graph.called("permute_dims");
                let message = format!("`{name}` names {} axes of {rank}", order.len());
                return Err(Box::new(
                    Diagnostic::new(DiagnosticKind::Axis, message).operand(graph.note(operand, 0)),
                ));
            }
            let shape = order.iter().map(|axis| array.shape[*axis].clone()).collect();
            Ok((View::PermuteDims(order), shape))
        })
    }

    /// Adds axes of size 1.
    pub fn expand_dims(&mut self, operand: SiteId, axes: &[NewAxis], site: Site) -> SiteId {
        self.view(operand, View::ExpandDims(SmallVec::new()), site, |graph, array| {
            let rank = array.shape.len() + axes.len();
            // Positions count in the result, whose sizes do not matter here.
            let any: Shape = (0..rank).map(|_| Dim::from(1u64)).collect();
            let references: Vec<AxisRef> = axes.iter().map(|axis| axis.position.into()).collect();
            let given: SmallVec<[usize; 2]> = graph.positions("expand_dims", operand, &references, &any)?;
            let mut old = array.shape.iter();
            let shape: Shape = (0..rank)
                .filter_map(|axis| match given.iter().position(|at| *at == axis) {
                    Some(new) => Some(Dim::from(1u64).with_label(axes[new].label.clone())),
                    None => old.next().cloned(),
                })
                .collect();
            let mut new = given;
            new.sort_unstable();
            Ok((View::ExpandDims(new), shape))
        })
    }

    /// Gives every axis a label, or none.
    pub fn label_axes(&mut self, operand: SiteId, labels: &[Option<&str>], site: Site) -> SiteId {
        self.view(operand, View::LabelAxes, site, |graph, array| {
            let rank = array.shape.len();
            if labels.len() != rank {
                let name = graph.called("label_axes");
                let message = format!("`{name}` names {} axes of {rank}", labels.len());
                return Err(Box::new(
                    Diagnostic::new(DiagnosticKind::Axis, message).operand(graph.note(operand, 0)),
                ));
            }
            let dims = array.shape.iter().zip(labels);
            let shape = dims.map(|(dim, label)| dim.clone().with_label(label.map(Into::into))).collect();
            Ok((View::LabelAxes, shape))
        })
    }

    /// The operand itself, or a node that says how its shape is not the expected one. An expected label
    /// must be there; without one any label will do. A size that is not known yet is held to the
    /// expected one when it is bound.
    pub fn expect_shape(&mut self, operand: SiteId, expected: Shape, site: Site) -> SiteId {
        let unresolved = Op::View(View::LabelAxes);
        if let Some(unfit) = self.declare("expect_shape", &expected, site) {
            return self.add_poison(unresolved, &[operand], site, Some(unfit));
        }
        let Some(array) = self.site_array(operand).cloned() else {
            return self.add_poison(unresolved, &[operand], site, None);
        };
        let mut assumed = Vec::new();
        let mut wrong = (array.shape.len() != expected.len()).then_some((
            DiagnosticKind::Shape,
            array.shape.len().min(expected.len()),
            format!("{} axes, not {}", array.shape.len(), expected.len()),
        ));
        for (axis, (actual, wanted)) in array.shape.iter().zip(expected.iter()).enumerate() {
            if wrong.is_some() {
                break;
            }
            let apart = actual.size().minus(&wanted.size());
            if wanted.label().is_some_and(|label| actual.label() != Some(label)) {
                wrong = Some((DiagnosticKind::Label, axis, format!("axis {axis} is {actual}, not {wanted}")));
            } else if !apart.bounds().contains(0) {
                wrong = Some((DiagnosticKind::Shape, axis, format!("axis {axis} is {actual}, not {wanted}")));
            } else if apart.as_known() != Some(0) {
                assumed.push(Requirement::Equal(actual.clone(), wanted.clone()));
            }
        }
        if let Some((kind, axis, wrong)) = wrong {
            let message = format!("expected shape {expected}, but it is {}: {wrong}", array.shape);
            let mut diagnostic = Diagnostic::new(kind, message).axis(axis);
            // What the operand was made of says where an axis came from.
            diagnostic = diagnostic.operand(self.note(operand, 0));
            for (slot, source) in self.call_site(operand).operands.iter().enumerate() {
                diagnostic = diagnostic.operand(self.note(*source, slot + 1));
            }
            let (made, meant) = (array.shape.elements(), expected.elements());
            if let (Some(made), Some(meant)) = (made, meant)
                && made > meant
            {
                let factor = made as f64 / meant.max(1) as f64;
                diagnostic.factor = Some(factor);
                diagnostic = diagnostic.help(format!("inflation: {factor:.0}x what is expected"));
            }
            return self.add_poison(unresolved, &[operand], site, Some(diagnostic));
        }
        let call = self.amend(operand, |_| {});
        self.require(call, "expect_shape", site, assumed);
        call
    }

    /// Drops these axes, which must have size 1; `None` drops all that do.
    pub fn squeeze(&mut self, operand: SiteId, axes: Option<&[AxisRef]>, site: Site) -> SiteId {
        self.view(operand, View::Squeeze(SmallVec::new()), site, |graph, array| {
            let rank = array.shape.len();
            let dropped: SmallVec<[usize; 2]> = match axes {
                Some(axes) => graph.axes("squeeze", operand, axes, &array.shape)?,
                None => (0..rank).filter(|axis| array.shape[*axis].is_one()).collect(),
            };
            if let Some(axis) = dropped.iter().find(|axis| !array.shape[**axis].is_one()) {
                let name = graph.called("squeeze");
                let message = format!("`{name}` of axis {axis}, which has size {}", array.shape[*axis]);
                let diagnostic =
                    Diagnostic::new(DiagnosticKind::Shape, message).operand(graph.note(operand, 0));
                return Err(Box::new(diagnostic.axis(*axis).help("only axes of size 1 can be dropped")));
            }
            let kept = array.shape.iter().enumerate().filter(|(axis, _)| !dropped.contains(axis));
            let shape = kept.map(|(_, dim)| dim.clone()).collect();
            Ok((View::Squeeze(dropped), shape))
        })
    }

    /// Takes a part of the first axes; the others stay whole.
    pub fn slice(&mut self, operand: SiteId, slices: &[Slice], site: Site) -> SiteId {
        self.view(operand, View::Slice(SmallVec::new()), site, |graph, array| {
            if slices.len() > array.shape.len() {
                let name = graph.called("slice");
                let message =
                    format!("`{name}` of {} axes, but there are {}", slices.len(), array.shape.len());
                let refused = Diagnostic::new(DiagnosticKind::Axis, message);
                return Err(Box::new(refused.operand(graph.note(operand, 0))));
            }
            let mut ranges: SmallVec<[Range; 2]> = SmallVec::new();
            let mut dims: Vec<Dim> = Vec::new();
            for (axis, dim) in array.shape.iter().enumerate() {
                let slice = slices.get(axis).copied().unwrap_or(Slice::ALL);
                let (range, dim) = graph.range(operand, axis, dim, slice)?;
                ranges.push(range);
                dims.push(dim);
            }
            Ok((View::Slice(ranges), dims.into_iter().collect()))
        })
    }

    /// Where a slice of an axis lies, and the axis that it makes.
    pub(crate) fn range(
        &self,
        operand: SiteId,
        axis: usize,
        dim: &Dim,
        slice: Slice,
    ) -> Result<(Range, Dim), Box<Diagnostic>> {
        if slice == Slice::ALL {
            return Ok((Range::FORWARD, dim.clone()));
        }
        if slice.step == 0 || slice.step == i64::MIN {
            let why = if slice.step == 0 { "never moves" } else { "has no opposite in 64 bits" };
            let message =
                format!("`{}` of axis {axis} has step {}, which {why}", self.called("slice"), slice.step);
            let refused = Diagnostic::new(DiagnosticKind::Axis, message);
            return Err(Box::new(refused.operand(self.note(operand, 0))));
        }
        let (start, count) = slice.resolve(&dim.size());
        let dim = Dim::from(count).with_label(dim.shared_label().cloned());
        Ok((Range { start, step: slice.step }, dim))
    }

    /// A part of one axis.
    pub fn slice_axis(&mut self, operand: SiteId, axis: AxisRef, slice: Slice, site: Site) -> SiteId {
        let Some(array) = self.site_array(operand) else { return self.slice(operand, &[], site) };
        match self.axes::<Vec<usize>>("slice_axis", operand, &[axis], &array.shape) {
            Ok(axes) => {
                let mut slices = vec![Slice::ALL; axes[0]];
                slices.push(slice);
                self.slice(operand, &slices, site)
            }
            Err(diagnostic) => {
                let op = Op::View(View::Slice(SmallVec::new()));
                self.add_poison(op, &[operand], site, Some(*diagnostic))
            }
        }
    }

    /// Adds the view that `resolve` decides, or the operand itself where nothing changes.
    pub(crate) fn view(
        &mut self,
        operand: SiteId,
        unresolved: View,
        site: Site,
        resolve: impl FnOnce(&Self, &ArrayType) -> Result<(View, Shape), Box<Diagnostic>>,
    ) -> SiteId {
        let Some(array) = self.site_array(operand).cloned() else {
            return self.add_poison(Op::View(unresolved), &[operand], site, None);
        };
        let resolved = resolve(self, &array).and_then(|(view, shape)| {
            let problem = if shape.is_known() && shape.repeated_label().is_none() {
                None
            } else {
                broadcast::unfit(self.called(view.name()), &shape)
            };
            match problem {
                Some(problem) => Err(Box::new(problem.operand(self.note(operand, 0)))),
                None => Ok((view, shape)),
            }
        });
        match resolved {
            Err(diagnostic) => self.add_poison(Op::View(unresolved), &[operand], site, Some(*diagnostic)),
            Ok((view, shape)) => {
                let unchanged = match &view {
                    View::Slice(ranges) => {
                        shape == array.shape && ranges.iter().all(|range| *range == Range::FORWARD)
                    }
                    View::PermuteDims(order) => order.iter().enumerate().all(|(at, axis)| at == *axis),
                    View::Diagonal { .. } | View::SlidingWindow { .. } => false,
                    _ => shape == array.shape,
                };
                if unchanged {
                    return operand;
                }
                self.add(Op::View(view), ArrayType { dtype: array.dtype, shape }, &[operand], site)
            }
        }
    }
}
