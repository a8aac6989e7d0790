//! Views: the same elements seen through other axes. All but [`View::Reshape`] are affine: each source
//! axis is read at a start plus steps times indices of the view's axes.

use crate::dim::Dim;
use crate::index_map::{AxisMap, IndexMap, broadcast_map};
use crate::reshape::{Obstacle, Regrouping};
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
    /// The same elements in C order, in other axes.
    Reshape(Regrouping),
    /// Two axes of the source become one, the last, along which both are followed.
    Diagonal {
        /// The axes of the source.
        axes: [usize; 2],
        /// The index on each of them where the diagonal begins.
        start: [SizeExpr; 2],
    },
    /// Each index of an axis shows this many elements from there on, along a new last axis.
    SlidingWindow {
        /// The axis of the source.
        axis: usize,
    },
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
    pub const FORWARD: Self = Self { start: SizeExpr::ZERO, step: 1 };
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
            Self::Reshape(_) => "reshape",
            Self::Diagonal { .. } => "diagonal",
            Self::SlidingWindow { .. } => "sliding_window",
            Self::LabelAxes => "label_axes",
        }
    }

    /// The map of the source, where `map` is the view's, in terms of these loops.
    ///
    /// # Errors
    /// Where a reshape joins axes that the loops do not tell apart: what would have to change.
    pub fn source_map(
        &self,
        map: &[AxisMap],
        source: &Shape,
        view: &Shape,
        loops: &[Dim],
    ) -> Result<IndexMap, Obstacle> {
        Ok(match self {
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
                    .map(|at| at.cloned().unwrap_or_else(AxisMap::still))
                    .collect()
            }
            Self::Slice(ranges) => map
                .iter()
                .zip(ranges)
                .zip(view.iter())
                .map(|((at, range), dim)| match dim.known() {
                    // At most one element: no step is taken.
                    Some(0 | 1) => AxisMap::at(range.start.clone()),
                    _ => AxisMap::at(range.start.clone()).plus(at, &range.step.into()),
                })
                .collect(),
            Self::Reshape(regrouping) => regrouping.source_map(map, source, view, loops)?,
            Self::Diagonal { axes, start } => {
                let Some((along, rest)) = map.split_last() else { return Ok(map.into()) };
                let mut rest = rest.iter();
                (0..source.len())
                    .map(|axis| match axes.iter().position(|of| *of == axis) {
                        Some(of) => AxisMap::at(start[of].clone()).plus(along, &1.into()),
                        None => rest.next().cloned().unwrap_or_else(AxisMap::still),
                    })
                    .collect()
            }
            Self::SlidingWindow { axis } => {
                let Some((within, axes)) = map.split_last() else { return Ok(map.into()) };
                let mut axes: IndexMap = axes.into();
                axes[*axis] = axes[*axis].plus(within, &1.into());
                axes
            }
            Self::LabelAxes => map.into(),
        })
    }
}
