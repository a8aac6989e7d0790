//! How a caller names axes: by position, by label, or all of them.

use crate::dims::DimExpr;
use fusewire_ir::{AxisRef, Dim, NewAxis, Shape, SizeExpr};

/// An axis by its position; negative ones count from the end. Where an axis is asked for, its label will
/// do as well: `x.flip("user")`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis(pub isize);

/// All axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct All;

impl From<Axis> for AxisRef {
    fn from(axis: Axis) -> Self {
        Self::Position(axis.0)
    }
}

/// Axes in no order, as those of a reduction: `All`, `Axis(1)`, `[0, 2]`, `"user"`, `["user", "feature"]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axes {
    pub(crate) axes: Option<Vec<AxisRef>>,
    pub(crate) keepdims: bool,
}

/// Axes in an order: `0`, `[0, 2]`, `"user"`, `["user", "feature"]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Positions(pub(crate) Vec<AxisRef>);

/// New axes of size 1: their positions in the result, `0` or `[0, 2]`; with a label, `(1, "user")` or
/// `[(0, "user"), (2, "feature")]`; a label alone, `"user"`, for a new first axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAxes(pub(crate) Vec<NewAxis>);

/// One new axis: its position in the result, `Axis(0)`; with a label, `(Axis(0), "user")`; a label alone for a
/// new first axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPlace(pub(crate) NewAxis);

impl From<Axis> for NewPlace {
    fn from(axis: Axis) -> Self {
        Self(axis.0.into())
    }
}

impl From<(Axis, &str)> for NewPlace {
    fn from((axis, label): (Axis, &str)) -> Self {
        Self((axis.0, label).into())
    }
}

impl From<&str> for NewPlace {
    fn from(label: &str) -> Self {
        Self((0, label).into())
    }
}

/// The sizes of a reshape: `[2, 3]`, `[2, -1]` where -1 is what is left, dims, or a shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSizes(pub(crate) Vec<Option<Dim>>);

/// One size of a reshape: a number, -1 for what is left, or a dim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSize(Option<Dim>);

impl From<i64> for NewSize {
    /// A negative size other than -1 stays negative, and is refused.
    fn from(size: i64) -> Self {
        Self((size != -1).then(|| Dim::from(SizeExpr::from(size))))
    }
}

impl From<Dim> for NewSize {
    fn from(dim: Dim) -> Self {
        Self(Some(dim))
    }
}

impl From<DimExpr<'_>> for NewSize {
    fn from(dim: DimExpr<'_>) -> Self {
        dim.dim().into()
    }
}

impl<S: Into<NewSize>, const N: usize> From<[S; N]> for NewSizes {
    fn from(sizes: [S; N]) -> Self {
        Self(sizes.into_iter().map(|size| size.into().0).collect())
    }
}

impl<S: Into<NewSize> + Clone> From<&[S]> for NewSizes {
    fn from(sizes: &[S]) -> Self {
        Self(sizes.iter().cloned().map(|size| size.into().0).collect())
    }
}

impl<S: Into<NewSize>> From<Vec<S>> for NewSizes {
    fn from(sizes: Vec<S>) -> Self {
        Self(sizes.into_iter().map(|size| size.into().0).collect())
    }
}

impl From<Shape> for NewSizes {
    fn from(shape: Shape) -> Self {
        Self(shape.iter().cloned().map(Some).collect())
    }
}

impl Axes {
    /// The same axes, which stay in the result with size 1.
    #[must_use]
    pub const fn keepdims(mut self) -> Self {
        self.keepdims = true;
        self
    }
}

impl Axis {
    /// This axis, which stays in the result with size 1.
    #[must_use]
    pub fn keepdims(self) -> Axes {
        Axes::from(self).keepdims()
    }
}

impl All {
    /// All axes, which stay in the result with size 1.
    #[must_use]
    pub fn keepdims(self) -> Axes {
        Axes::from(self).keepdims()
    }
}

impl From<All> for Axes {
    fn from(_: All) -> Self {
        Self { axes: None, keepdims: false }
    }
}

impl From<Axis> for Axes {
    fn from(axis: Axis) -> Self {
        Positions(vec![axis.into()]).into()
    }
}

impl From<AxisRef> for Axes {
    fn from(axis: AxisRef) -> Self {
        Positions(vec![axis]).into()
    }
}

impl From<Positions> for Axes {
    fn from(positions: Positions) -> Self {
        Self { axes: Some(positions.0), keepdims: false }
    }
}

/// A position stands alone only where no other number could be meant.
impl From<isize> for Positions {
    fn from(axis: isize) -> Self {
        Self(vec![axis.into()])
    }
}

impl From<Axis> for Positions {
    fn from(axis: Axis) -> Self {
        Self(vec![axis.into()])
    }
}

macro_rules! several_axes {
    ($(<$($count:ident)?> $from:ty, $axes:ident => $all:expr;)+) => { $(
        impl$(<const $count: usize>)? From<$from> for Positions {
            fn from($axes: $from) -> Self {
                Self($all)
            }
        }
        impl$(<const $count: usize>)? From<$from> for Axes {
            fn from(axes: $from) -> Self {
                Positions::from(axes).into()
            }
        }
    )+ };
}
several_axes! {
    <> &str, axis => vec![axis.into()];
    <N> [isize; N], axes => axes.map(AxisRef::from).to_vec();
    <N> [&str; N], axes => axes.map(AxisRef::from).to_vec();
    <> &[isize], axes => axes.iter().map(|axis| (*axis).into()).collect();
    <> &[&str], axes => axes.iter().map(|axis| (*axis).into()).collect();
    <> Vec<isize>, axes => axes.into_iter().map(AxisRef::from).collect();
}

impl From<isize> for NewAxes {
    fn from(axis: isize) -> Self {
        Self(vec![axis.into()])
    }
}

impl From<&str> for NewAxes {
    fn from(label: &str) -> Self {
        Self(vec![(0, label).into()])
    }
}

impl From<(isize, &str)> for NewAxes {
    fn from(axis: (isize, &str)) -> Self {
        Self(vec![axis.into()])
    }
}

impl<A: Into<NewAxis>, const N: usize> From<[A; N]> for NewAxes {
    fn from(axes: [A; N]) -> Self {
        Self(axes.into_iter().map(Into::into).collect())
    }
}

impl From<&[isize]> for NewAxes {
    fn from(axes: &[isize]) -> Self {
        Self(axes.iter().map(|axis| (*axis).into()).collect())
    }
}

impl From<Vec<isize>> for NewAxes {
    fn from(axes: Vec<isize>) -> Self {
        Self::from(&axes[..])
    }
}
