//! Views: the same elements seen through other axes. All of them are affine: each source axis is
//! read at `start + step * index` of at most one axis of the view.

use crate::dim::Dim;
use crate::shape::Shape;
use crate::size::SizeExpr;
use smallvec::SmallVec;

/// A change of axes that moves no element.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum View {
    /// Stretches axes of size 1 and adds axes at the front.
    BroadcastTo,
    /// Axis `k` of the view is axis `order[k]` of the source.
    PermuteDims(SmallVec<[usize; 4]>),
    /// A new axis of size 1 at each of these positions of the view, ascending.
    ExpandDims(SmallVec<[usize; 2]>),
    /// These axes of size 1 of the source are dropped, ascending.
    Squeeze(SmallVec<[usize; 2]>),
    /// Each axis of the source from a start, by a step.
    Slice(SmallVec<[Range; 2]>),
    /// The same axes with other labels.
    LabelAxes,
}

/// Where an axis of a slice begins and how it goes on; its length is the view's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Range {
    /// Index of the first element.
    pub start: SizeExpr,
    /// Distance between elements; may be negative, never 0.
    pub step: i64,
}

impl Range {
    /// From the first element on, one by one.
    pub const FORWARD: Self = Self { start: SizeExpr::known(0), step: 1 };
}

/// Where one axis of an array is read: `start + step * index(axis)`, or at `start` alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AxisMap {
    /// The index at the beginning of the loop.
    pub start: SizeExpr,
    /// How far one iteration moves.
    pub step: i64,
    /// The axis that is iterated over; `None` where the array stays at `start`.
    pub axis: Option<usize>,
}

impl AxisMap {
    /// Stays at index 0: a stretched axis.
    pub const STRETCHED: Self = Self { start: SizeExpr::known(0), step: 0, axis: None };

    /// Follows an axis from index 0.
    #[must_use]
    pub const fn follow(axis: usize) -> Self {
        Self { start: SizeExpr::known(0), step: 1, axis: Some(axis) }
    }

    /// Stays at an index.
    #[must_use]
    pub const fn at(start: SizeExpr) -> Self {
        Self { start, step: 0, axis: None }
    }
}

/// Where every axis of an array is read, outermost first.
pub type IndexMap = SmallVec<[AxisMap; 3]>;

/// The map of an operand that broadcasts into a result: `map` is the result's.
#[must_use]
pub fn broadcast_map(map: &[AxisMap], operand: &Shape, result: &Shape) -> IndexMap {
    let new_axes = result.len() - operand.len();
    operand
        .iter()
        .zip(result[new_axes..].iter().zip(&map[new_axes..]))
        .map(
            |(source, (target, at))| {
                if source.is_one() && !target.is_one() { AxisMap::STRETCHED } else { at.clone() }
            },
        )
        .collect()
}

impl View {
    /// The method's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::BroadcastTo => "broadcast_to",
            Self::PermuteDims(_) => "permute_dims",
            Self::ExpandDims(_) => "expand_dims",
            Self::Squeeze(_) => "squeeze",
            Self::Slice(_) => "slice",
            Self::LabelAxes => "label_axes",
        }
    }

    /// The map of the source, where `map` is the view's.
    #[must_use]
    pub fn source_map(&self, map: &[AxisMap], source: &Shape, view: &Shape) -> IndexMap {
        match self {
            Self::BroadcastTo => broadcast_map(map, source, view),
            Self::PermuteDims(order) => {
                let mut axes: IndexMap = map.into();
                for (axis, from) in order.iter().enumerate() {
                    axes[*from] = map[axis].clone();
                }
                axes
            }
            Self::ExpandDims(new) => map
                .iter()
                .enumerate()
                .filter(|(axis, _)| !new.contains(axis))
                .map(|(_, at)| at.clone())
                .collect(),
            Self::Squeeze(dropped) => {
                let mut kept = map.iter();
                (0..source.len())
                    .map(|axis| if dropped.contains(&axis) { None } else { kept.next() })
                    .map(|at| at.cloned().unwrap_or(AxisMap::STRETCHED))
                    .collect()
            }
            Self::Slice(ranges) => map
                .iter()
                .zip(ranges)
                .zip(view.iter())
                .map(|((at, range), dim)| match dim.known() {
                    // At most one element: no step is taken.
                    Some(0 | 1) => AxisMap::at(range.start.clone()),
                    _ => AxisMap {
                        start: range.start.plus(&at.start.times(&range.step.into())),
                        // Wraps only where the size turns out to be at most 1.
                        step: range.step.wrapping_mul(at.step),
                        axis: at.axis,
                    },
                })
                .collect(),
            Self::LabelAxes => map.into(),
        }
    }
}

/// The map that reads an array of this shape in its own loops. Axes of size 1 have no loop.
#[must_use]
pub fn identity_map(shape: &[Dim]) -> IndexMap {
    shape
        .iter()
        .enumerate()
        .map(|(axis, dim)| if dim.is_one() { AxisMap::STRETCHED } else { AxisMap::follow(axis) })
        .collect()
}
