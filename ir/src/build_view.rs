//! Adding views to a graph.

use crate::diagnostic::{Diagnostic, DiagnosticKind, Site};
use crate::graph::{Graph, Op, SiteId};
use crate::shape::{ArrayType, Dim, Shape};
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
    fn resolve(self, size: u64) -> (u64, u64) {
        // i128 holds every sum of an end and a size.
        let size = i128::from(size);
        let forward = self.step > 0;
        let (low, high) = if forward { (0, size) } else { (-1, size - 1) };
        let cut = |end: Option<i64>, open: i128| {
            end.map_or(open, |end| {
                let end = i128::from(end);
                (if end < 0 { end + size } else { end }).clamp(low, high)
            })
        };
        let start = cut(self.start, if forward { 0 } else { size - 1 });
        let stop = cut(self.stop, if forward { size } else { -1 });
        let step = i128::from(self.step);
        let span = if forward { stop - start } else { start - stop };
        let count = if span > 0 { (span + step.abs() - 1) / step.abs() } else { 0 };
        (start.max(0) as u64, count as u64)
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
        self.view(operand, View::BroadcastTo, site, |graph, array| match array.shape.broadcast(&shape) {
            Ok(joined)
                if joined.len() == shape.len()
                    && joined.iter().zip(shape.iter()).all(|(a, b)| a.same_size(b)) =>
            {
                Ok((View::BroadcastTo, joined))
            }
            _ => Err(Box::new(
                Diagnostic::new(
                    DiagnosticKind::Shape,
                    format!("{} does not broadcast to {shape}", array.shape),
                )
                .operand(graph.note(operand, 0))
                .help("only axes of size 1 stretch, and new axes come first"),
            )),
        })
    }

    /// Orders the axes anew: axis `k` of the result is axis `order[k]`.
    pub fn permute_dims(&mut self, operand: SiteId, order: &[isize], site: Site) -> SiteId {
        self.view(operand, View::PermuteDims(SmallVec::new()), site, |graph, array| {
            let rank = array.shape.len();
            let all: SmallVec<[usize; 4]> = graph.axes("permute_dims", operand, order, rank)?;
            if all.len() != rank {
                let message = format!("`permute_dims` names {} axes of {rank}", all.len());
                return Err(Box::new(
                    Diagnostic::new(DiagnosticKind::Axis, message).operand(graph.note(operand, 0)),
                ));
            }
            let order: SmallVec<[usize; 4]> = order
                .iter()
                .map(|axis| if *axis < 0 { rank - axis.unsigned_abs() } else { axis.unsigned_abs() })
                .collect();
            let shape = order.iter().map(|axis| array.shape[*axis].clone()).collect();
            Ok((View::PermuteDims(order), shape))
        })
    }

    /// Adds axes of size 1 at these positions of the result.
    pub fn expand_dims(&mut self, operand: SiteId, axes: &[isize], site: Site) -> SiteId {
        self.view(operand, View::ExpandDims(SmallVec::new()), site, |graph, array| {
            let rank = array.shape.len() + axes.len();
            let new: SmallVec<[usize; 2]> = graph.axes("expand_dims", operand, axes, rank)?;
            let mut old = array.shape.iter();
            let shape = (0..rank)
                .filter_map(
                    |axis| if new.contains(&axis) { Some(Dim::from(1u64)) } else { old.next().cloned() },
                )
                .collect();
            Ok((View::ExpandDims(new), shape))
        })
    }

    /// Drops these axes, which must have size 1; `None` drops all that do.
    pub fn squeeze(&mut self, operand: SiteId, axes: Option<&[isize]>, site: Site) -> SiteId {
        self.view(operand, View::Squeeze(SmallVec::new()), site, |graph, array| {
            let rank = array.shape.len();
            let dropped: SmallVec<[usize; 2]> = match axes {
                Some(axes) => graph.axes("squeeze", operand, axes, rank)?,
                None => (0..rank).filter(|axis| array.shape[*axis].is_one()).collect(),
            };
            if let Some(axis) = dropped.iter().find(|axis| !array.shape[**axis].is_one()) {
                let message = format!("`squeeze` of axis {axis}, which has size {}", array.shape[*axis]);
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
            let refuse = |kind, message: String| {
                Err(Box::new(Diagnostic::new(kind, message).operand(graph.note(operand, 0))))
            };
            if slices.len() > array.shape.len() {
                let message =
                    format!("`slice` of {} axes, but there are {}", slices.len(), array.shape.len());
                return refuse(DiagnosticKind::Axis, message);
            }
            let mut ranges: SmallVec<[Range; 2]> = SmallVec::new();
            let mut dims: Vec<Dim> = Vec::new();
            for (axis, dim) in array.shape.iter().enumerate() {
                let slice = slices.get(axis).copied().unwrap_or(Slice::ALL);
                if slice == Slice::ALL {
                    ranges.push(Range::FORWARD);
                    dims.push(dim.clone());
                    continue;
                }
                if slice.step == 0 || slice.step == i64::MIN {
                    return refuse(
                        DiagnosticKind::Axis,
                        format!("`slice` of axis {axis} has step {}", slice.step),
                    );
                }
                let Some(size) = dim.known() else {
                    let message = format!("`slice` of axis {axis}, whose size {dim} is not known yet");
                    return refuse(DiagnosticKind::Axis, message);
                };
                let (start, count) = slice.resolve(size);
                ranges.push(Range { start, step: slice.step });
                let sliced = Dim::from(count);
                dims.push(match dim.label() {
                    Some(label) => sliced.labelled(label),
                    None => sliced,
                });
            }
            Ok((View::Slice(ranges), dims.into_iter().collect()))
        })
    }

    /// A part of one axis; a negative one counts from the end.
    pub fn slice_axis(&mut self, operand: SiteId, axis: isize, slice: Slice, site: Site) -> SiteId {
        let Some(array) = self.site_array(operand) else { return self.slice(operand, &[], site) };
        match self.axes::<Vec<usize>>("slice_axis", operand, &[axis], array.shape.len()) {
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
    fn view(
        &mut self,
        operand: SiteId,
        unresolved: View,
        site: Site,
        resolve: impl FnOnce(&Self, &ArrayType) -> Result<(View, Shape), Box<Diagnostic>>,
    ) -> SiteId {
        let Some(array) = self.site_array(operand).cloned() else {
            return self.add_poison(Op::View(unresolved), &[operand], site, None);
        };
        match resolve(self, &array) {
            Err(diagnostic) => self.add_poison(Op::View(unresolved), &[operand], site, Some(*diagnostic)),
            Ok((view, shape)) => {
                let unchanged = match &view {
                    View::Slice(ranges) => {
                        shape == array.shape && ranges.iter().all(|range| *range == Range::FORWARD)
                    }
                    View::PermuteDims(order) => order.iter().enumerate().all(|(at, axis)| at == *axis),
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
