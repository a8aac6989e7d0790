//! Dimensions and shapes: what is known of an axis before any data exists.

use crate::dtype::DType;
use smallvec::SmallVec;
use std::fmt;
use std::ops::{Deref, RangeInclusive};
use std::sync::Arc;

/// The number of elements along one axis: known, or a named size that a binding decides.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Dim {
    /// A size known when the graph is built.
    Known {
        /// Elements along the axis.
        size: u64,
        /// The axis' name, if it has one.
        label: Option<Arc<str>>,
    },
    /// A size that is known only when arrays are bound. Two symbolic dims are the same size exactly
    /// when they are the same symbol, and a symbolic dim is never stretched, whatever it binds to.
    Symbolic {
        /// The symbol and its bounds.
        symbol: Symbol,
        /// The axis' name, if it has one.
        label: Option<Arc<str>>,
    },
}

/// A named size with the bounds it promises to keep.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Symbol {
    /// The name by which a binding reports it.
    pub name: Arc<str>,
    /// The smallest size allowed.
    pub lower: u64,
    /// The largest size allowed; limits are checked at this size.
    pub upper: u64,
}

impl Dim {
    /// A symbolic size, bounded on both sides.
    #[must_use]
    pub fn symbolic(name: &str, bounds: RangeInclusive<u64>) -> Self {
        let symbol = Symbol { name: name.into(), lower: *bounds.start(), upper: *bounds.end() };
        Self::Symbolic { symbol, label: None }
    }

    /// The same size with a name for the axis.
    #[must_use]
    pub fn labelled(mut self, name: &str) -> Self {
        match &mut self {
            Self::Known { label, .. } | Self::Symbolic { label, .. } => *label = Some(name.into()),
        }
        self
    }

    /// The axis' name.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        match self {
            Self::Known { label, .. } | Self::Symbolic { label, .. } => label.as_deref(),
        }
    }

    /// The largest size the dim can have: what limits are checked against.
    #[must_use]
    pub fn upper(&self) -> u64 {
        match self {
            Self::Known { size, .. } => *size,
            Self::Symbolic { symbol, .. } => symbol.upper,
        }
    }

    /// The size, where it is known.
    #[must_use]
    pub fn known(&self) -> Option<u64> {
        match self {
            Self::Known { size, .. } => Some(*size),
            Self::Symbolic { .. } => None,
        }
    }

    /// Is it the explicit size 1, which broadcasting stretches?
    #[must_use]
    pub fn is_one(&self) -> bool {
        self.known() == Some(1)
    }

    /// Do both always have the same size? Labels do not count.
    #[must_use]
    pub fn same_size(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Known { size: a, .. }, Self::Known { size: b, .. }) => a == b,
            (Self::Symbolic { symbol: a, .. }, Self::Symbolic { symbol: b, .. }) => a == b,
            _ => false,
        }
    }
}

macro_rules! dim_from {
    ($($unsigned:ty),+) => { $(
        impl From<$unsigned> for Dim {
            fn from(size: $unsigned) -> Self {
                Self::Known { size: size as u64, label: None }
            }
        }
    )+ };
}
dim_from!(u32, u64, usize);

impl From<i32> for Dim {
    /// Plain literals are `i32`. A negative size has no meaning: it becomes a size no array can
    /// have, which the check refuses with the shape in sight.
    fn from(size: i32) -> Self {
        Self::Known { size: u64::try_from(size).unwrap_or(u64::MAX), label: None }
    }
}

impl<D: Into<Dim>> From<(&str, D)> for Dim {
    fn from((label, dim): (&str, D)) -> Self {
        dim.into().labelled(label)
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(label) = self.label() {
            write!(f, "{label}:")?;
        }
        match self {
            Self::Known { size, .. } => write!(f, "{size}"),
            Self::Symbolic { symbol, .. } => write!(f, "{}<={}", symbol.name, symbol.upper),
        }
    }
}

/// The dims of an array, outermost first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Shape(SmallVec<[Dim; 2]>);

impl Shape {
    /// The number of elements at the dims' upper bounds, or `None` where it overflows `u64`.
    /// An axis of size zero makes it zero, whatever the others are.
    #[must_use]
    pub fn elements(&self) -> Option<u64> {
        if self.iter().any(|dim| dim.upper() == 0) {
            return Some(0);
        }
        self.iter().try_fold(1u64, |product, dim| product.checked_mul(dim.upper()))
    }

    /// The bytes of a dense array at the dims' upper bounds, or `None` where they overflow `u64`.
    #[must_use]
    pub fn bytes(&self, dtype: DType) -> Option<u64> {
        self.elements()?.checked_mul(dtype.bytes() as u64)
    }

    /// Joins two shapes by NumPy's rule: aligned at the last axis, equal sizes agree, an explicit 1
    /// stretches.
    ///
    /// # Errors
    /// The first axis of the result (counted from its front) on which they disagree.
    pub fn broadcast(&self, other: &Self) -> Result<Self, usize> {
        let rank = self.len().max(other.len());
        let mut joined = SmallVec::with_capacity(rank);
        for axis in 0..rank {
            let left = (axis + self.len()).checked_sub(rank).map(|at| &self[at]);
            let right = (axis + other.len()).checked_sub(rank).map(|at| &other[at]);
            joined.push(match (left, right) {
                (Some(a), Some(b)) if a.is_one() && !b.is_one() => b.clone(),
                (Some(a), Some(b)) if b.is_one() || a.same_size(b) => {
                    if a.label().is_none() {
                        relabel(a, b)
                    } else {
                        a.clone()
                    }
                }
                (Some(_), Some(_)) => return Err(axis),
                (Some(dim), None) | (None, Some(dim)) => dim.clone(),
                (None, None) => return Err(axis),
            });
        }
        Ok(Self(joined))
    }
}

fn relabel(dim: &Dim, labelled: &Dim) -> Dim {
    labelled.label().map_or_else(|| dim.clone(), |label| dim.clone().labelled(label))
}

impl Deref for Shape {
    type Target = [Dim];
    fn deref(&self) -> &[Dim] {
        &self.0
    }
}

impl FromIterator<Dim> for Shape {
    fn from_iter<I: IntoIterator<Item = Dim>>(dims: I) -> Self {
        Self(dims.into_iter().collect())
    }
}

impl<D: Into<Dim>, const N: usize> From<[D; N]> for Shape {
    fn from(dims: [D; N]) -> Self {
        dims.into_iter().map(Into::into).collect()
    }
}

impl<D: Into<Dim> + Clone> From<&[D]> for Shape {
    fn from(dims: &[D]) -> Self {
        dims.iter().cloned().map(Into::into).collect()
    }
}

impl<D: Into<Dim>> From<Vec<D>> for Shape {
    fn from(dims: Vec<D>) -> Self {
        dims.into_iter().map(Into::into).collect()
    }
}

impl From<()> for Shape {
    /// The shape of a single element: no axes.
    fn from((): ()) -> Self {
        Self::default()
    }
}

macro_rules! shape_from_one {
    ($($size:ty),+) => { $(
        impl From<$size> for Shape {
            fn from(size: $size) -> Self {
                std::iter::once(Dim::from(size)).collect()
            }
        }
    )+ };
}
shape_from_one!(u32, u64, usize, i32, Dim);

macro_rules! shape_from_tuple {
    ($($dim:ident)+) => {
        impl<$($dim: Into<Dim>),+> From<($($dim,)+)> for Shape {
            #[allow(non_snake_case)]
            fn from(($($dim,)+): ($($dim,)+)) -> Self {
                [$($dim.into()),+].into_iter().collect()
            }
        }
    };
}
shape_from_tuple!(A);
// A pair of a text and a size is a labelled dim, so pairs of dims stay arrays: `[rows, columns]`.
shape_from_tuple!(A B C);
shape_from_tuple!(A B C D);

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (at, dim) in self.iter().enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{dim}")?;
        }
        f.write_str("]")
    }
}

/// A dtype with a shape: what is known of an array before any data exists.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ArrayType {
    /// The type of the elements.
    pub dtype: DType,
    /// The dims, outermost first.
    pub shape: Shape,
}

impl fmt::Display for ArrayType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.dtype, self.shape)
    }
}
