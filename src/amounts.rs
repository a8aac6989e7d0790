//! How a caller says how far elements move, how wide a border is and what stands in it.

use fusewire_ir::{Padding, Weak};

/// How far elements move: `3` or `-1` along every axis that is named, or a distance for each of them, `[1, -2]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shifts(pub(crate) Vec<i64>);

/// How wide borders are: `2` on every side, `(1, 2)` before and after on every axis, or a pair for each axis,
/// `[(1, 2), (0, 0)]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Widths(pub(crate) Vec<(u64, u64)>);

/// What stands in a border. A plain number stands for [`Pad::Constant`]: `x.pad(1, 0)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pad {
    /// A number, in the dtype of the array.
    Constant(Weak),
    /// The element at the edge: `1 1 1 2 3 3 3`.
    Edge,
    /// The elements mirrored at the one at the edge: `3 2 1 2 3 2 1`.
    Reflect,
    /// The elements mirrored, with the one at the edge repeated: `2 1 1 2 3 3 2`.
    Symmetric,
    /// The elements from the other end: `2 3 1 2 3 1 2`.
    Wrap,
}

impl From<Pad> for Padding {
    fn from(pad: Pad) -> Self {
        match pad {
            Pad::Constant(number) => Self::Constant(number),
            Pad::Edge => Self::Edge,
            Pad::Reflect => Self::Reflect,
            Pad::Symmetric => Self::Symmetric,
            Pad::Wrap => Self::Wrap,
        }
    }
}

macro_rules! numbers {
    ($($number:ty)+) => { $(
        impl From<$number> for Pad {
            fn from(number: $number) -> Self {
                Self::Constant(number.into())
            }
        }
    )+ };
}
numbers! { bool i8 i16 i32 i64 i128 isize u8 u16 u32 u64 usize f32 f64 }

impl From<i64> for Shifts {
    fn from(shift: i64) -> Self {
        Self(vec![shift])
    }
}

impl<const N: usize> From<[i64; N]> for Shifts {
    fn from(shifts: [i64; N]) -> Self {
        Self(shifts.into())
    }
}

impl From<&[i64]> for Shifts {
    fn from(shifts: &[i64]) -> Self {
        Self(shifts.into())
    }
}

impl From<Vec<i64>> for Shifts {
    fn from(shifts: Vec<i64>) -> Self {
        Self(shifts)
    }
}

impl From<u64> for Widths {
    fn from(width: u64) -> Self {
        Self(vec![(width, width)])
    }
}

impl From<(u64, u64)> for Widths {
    fn from(widths: (u64, u64)) -> Self {
        Self(vec![widths])
    }
}

impl<const N: usize> From<[(u64, u64); N]> for Widths {
    fn from(widths: [(u64, u64); N]) -> Self {
        Self(widths.into())
    }
}

impl From<&[(u64, u64)]> for Widths {
    fn from(widths: &[(u64, u64)]) -> Self {
        Self(widths.into())
    }
}

impl From<Vec<(u64, u64)>> for Widths {
    fn from(widths: Vec<(u64, u64)>) -> Self {
        Self(widths)
    }
}
