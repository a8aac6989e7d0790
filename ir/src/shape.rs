//! Shapes: the dims of an array, and how two of them broadcast.

use crate::bounds::Bounds;
use crate::dim::{Dim, Joined, join};
use crate::dtype::DType;
use smallvec::SmallVec;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// The dims of an array, outermost first. Copies share them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Shape(Arc<[Dim]>);

/// Where two shapes do not broadcast.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// The axis of the result, counted from its end because the operands may differ in rank: 1 is the
    /// last.
    pub from_end: usize,
    /// Do the labels disagree, rather than the sizes?
    pub labels: bool,
}

impl Shape {
    /// The number of elements at the dims' upper bounds, or `None` where it overflows `u64`.
    /// An axis of size zero makes it zero, whatever the others are.
    #[must_use]
    pub fn elements(&self) -> Option<u64> {
        self.elements_in(&Bounds::declared())
    }

    /// The number of elements where symbols have these bounds, as [`Shape::elements`].
    #[must_use]
    pub fn elements_in(&self, bounds: &Bounds) -> Option<u64> {
        let sizes = || self.iter().map(|dim| dim.upper_in(bounds));
        if sizes().any(|size| size == 0) {
            return Some(0);
        }
        sizes().try_fold(1u64, u64::checked_mul)
    }

    /// The bytes of a dense array at the dims' upper bounds, or `None` where they overflow `u64`.
    #[must_use]
    pub fn bytes(&self, dtype: DType) -> Option<u64> {
        self.elements()?.checked_mul(dtype.bytes() as u64)
    }

    /// Is it a copy of the other, so that nothing needs to be compared?
    pub(crate) fn is_copy_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Are all sizes known?
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.iter().all(|dim| dim.known().is_some())
    }

    /// The axis, counted from the end: 1 is the last. `None` beyond the first.
    #[must_use]
    pub fn from_end(&self, at: usize) -> Option<&Dim> {
        self.len().checked_sub(at).and_then(|axis| self.get(axis))
    }

    /// The position of the axis with this label.
    #[must_use]
    pub fn labelled(&self, label: &str) -> Option<usize> {
        self.iter().position(|dim| dim.label() == Some(label))
    }

    /// A label that two axes have.
    #[must_use]
    pub fn repeated_label(&self) -> Option<&str> {
        let mut labels = self.iter().enumerate().filter_map(|(axis, dim)| Some((axis, dim.label()?)));
        labels.find(|(axis, label)| self.labelled(label) != Some(*axis)).map(|(_, label)| label)
    }

    /// Joins two shapes by NumPy's rule: aligned at the last axis, equal sizes agree, an explicit 1
    /// stretches. `assume` is told the sizes that must turn out to be equal.
    ///
    /// # Errors
    /// The first axis on which they disagree.
    pub fn broadcast(&self, other: &Self, mut assume: impl FnMut(&Dim, &Dim)) -> Result<Self, Conflict> {
        let rank = self.len().max(other.len());
        let mut result: SmallVec<[Dim; 4]> = SmallVec::with_capacity(rank);
        for from_end in (1..=rank).rev() {
            result.push(match (self.from_end(from_end), other.from_end(from_end)) {
                (Some(left), Some(right)) => match join(left, right) {
                    Joined::Agree(dim) => dim,
                    Joined::Assume(dim) => {
                        assume(left, right);
                        dim
                    }
                    Joined::Sizes => return Err(Conflict { from_end, labels: false }),
                    Joined::Labels => return Err(Conflict { from_end, labels: true }),
                },
                (Some(dim), None) | (None, Some(dim)) => dim.clone(),
                (None, None) => continue,
            });
        }
        let known = [self, other].into_iter().find(|shape| shape.0[..] == result[..]);
        Ok(known.cloned().unwrap_or_else(|| result.into_iter().collect()))
    }
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
shape_from_one!(u32, u64, usize, i32, Dim, &Dim);

impl From<&Shape> for Shape {
    fn from(shape: &Self) -> Self {
        shape.clone()
    }
}

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
shape_from_tuple!(A B);
shape_from_tuple!(A B C);
shape_from_tuple!(A B C D);
shape_from_tuple!(A B C D E);
shape_from_tuple!(A B C D E F);

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

impl ArrayType {
    /// Are dtype and sizes those of another array, whatever the labels?
    #[must_use]
    pub fn has_form_of(&self, other: &Self) -> bool {
        self.dtype == other.dtype
            && self.shape.len() == other.shape.len()
            && self.shape.iter().zip(other.shape.iter()).all(|(a, b)| a.same_size(b))
    }
}

impl fmt::Display for ArrayType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.dtype, self.shape)
    }
}
