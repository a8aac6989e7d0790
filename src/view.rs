//! Arrays as a program sees them: an address, a dtype, sizes and strides, borrowed from the caller.
#![allow(unsafe_code)]

use fusewire_ir::{DType, Diagnostic, DiagnosticKind, RecordType};
use fusewire_runtime::overlap::Array;
use smallvec::SmallVec;
use std::fmt;
use std::marker::PhantomData;

mod sealed {
    pub trait Sealed {}
}

/// A Rust type that arrays can hold.
pub trait Element: Copy + Send + Sync + 'static + fusewire_ir::custom::Native + sealed::Sealed {
    /// Its dtype.
    const DTYPE: DType;
}

macro_rules! element {
    ($($(#[doc = $doc:literal])+ $dtype:ident: $host:ty, $category:ident, $exact:literal;)+) => { $(
        impl sealed::Sealed for $host {}
        impl Element for $host {
            const DTYPE: DType = DType::$dtype;
        }
    )+ };
}
fusewire_ir::dtypes!(element);

/// What a view says about its memory.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Layout {
    pub address: usize,
    pub dtype: DType,
    pub sizes: SmallVec<[u64; 4]>,
    /// In bytes.
    pub strides: SmallVec<[i64; 4]>,
    /// What is wrong with the view; reported when it is bound.
    pub problem: Option<String>,
}

impl Layout {
    /// Is it the same but for where it begins?
    pub fn has_form_of(&self, other: &Self) -> bool {
        self.dtype == other.dtype
            && self.sizes == other.sizes
            && self.strides == other.strides
            && self.problem == other.problem
    }

    /// A dense array in C order over `available` elements.
    fn dense(address: usize, dtype: DType, available: usize, sizes: &[usize]) -> Self {
        let mut strides: SmallVec<[i64; 4]> = SmallVec::from_elem(0, sizes.len());
        // Wrong only where the product overflows, and then the view is refused below.
        let mut step = dtype.bytes() as i64;
        for (stride, size) in strides.iter_mut().zip(sizes).rev() {
            *stride = step;
            step = step.wrapping_mul(*size as i64);
        }
        let elements = if sizes.contains(&0) {
            Some(0)
        } else {
            sizes.iter().try_fold(1usize, |product, size| product.checked_mul(*size))
        };
        let problem = (elements != Some(available))
            .then(|| format!("its {available} elements do not fill the shape {sizes:?}"));
        Self { address, dtype, sizes: sizes.iter().map(|size| *size as u64).collect(), strides, problem }
    }

    /// A strided array over a slice of `available` elements; strides and offset are in elements.
    fn strided(
        address: usize,
        dtype: DType,
        available: usize,
        sizes: &[usize],
        strides: &[isize],
        offset: usize,
    ) -> Self {
        let bytes = dtype.bytes() as i128;
        let mut problem = (sizes.len() != strides.len())
            .then(|| format!("it has {} sizes but {} strides", sizes.len(), strides.len()));
        let (mut low, mut high) = (offset as i128, offset as i128);
        for (size, stride) in sizes.iter().zip(strides) {
            let reach = (*size as i128 - 1) * *stride as i128;
            if reach < 0 { low = low.saturating_add(reach) } else { high = high.saturating_add(reach) }
        }
        if problem.is_none() && !sizes.contains(&0) && (low < 0 || high >= available as i128) {
            problem = Some(format!("it reaches elements {low} to {high} of a slice of {available}"));
        }
        // Within the slice, so neither an address nor a stride overflows.
        let start = if problem.is_none() {
            address.wrapping_add(offset.wrapping_mul(dtype.bytes()))
        } else {
            address
        };
        Self {
            address: start,
            dtype,
            sizes: sizes.iter().map(|size| *size as u64).collect(),
            strides: strides
                .iter()
                .map(|stride| i64::try_from(*stride as i128 * bytes).unwrap_or(0))
                .collect(),
            problem,
        }
    }

    /// Where its elements are.
    pub fn array(&self) -> Array<'_> {
        Array { address: self.address, item: self.dtype.bytes(), sizes: &self.sizes, strides: &self.strides }
    }

    pub fn problem(&self, sort: &str, name: &str) -> Option<Diagnostic> {
        let problem = self.problem.as_ref()?;
        Some(Diagnostic::new(DiagnosticKind::Binding, format!("{sort} `{name}`: {problem}")))
    }
}

/// A borrowed array that a program reads.
#[derive(Clone)]
pub struct View<'a> {
    pub(crate) layout: Layout,
    /// What each row is, where the elements are rows of records.
    pub(crate) record: Option<RecordType>,
    borrow: PhantomData<&'a ()>,
}

/// A borrowed array that a program writes.
pub struct ViewMut<'a> {
    pub(crate) layout: Layout,
    /// What each row is, where the elements are rows of records.
    pub(crate) record: Option<RecordType>,
    borrow: PhantomData<&'a mut ()>,
}

impl<'a> View<'a> {
    pub(crate) const fn of_layout(layout: Layout, record: Option<RecordType>) -> Self {
        Self { layout, record, borrow: PhantomData }
    }

    /// A slice as a dense array in C order. A shape that the slice does not fill is reported when the
    /// view is bound.
    #[must_use]
    pub fn new<T: Element>(elements: &'a [T], shape: impl AsRef<[usize]>) -> Self {
        let layout = Layout::dense(elements.as_ptr() as usize, T::DTYPE, elements.len(), shape.as_ref());
        Self::of_layout(layout, None)
    }

    /// A slice seen through strides, which like `offset` are in elements and may be negative or zero.
    /// A view that leaves the slice is reported when it is bound.
    #[must_use]
    pub fn strided<T: Element>(elements: &'a [T], shape: &[usize], strides: &[isize], offset: usize) -> Self {
        let address = elements.as_ptr() as usize;
        let layout = Layout::strided(address, T::DTYPE, elements.len(), shape, strides, offset);
        Self::of_layout(layout, None)
    }

    /// Memory that no Rust reference describes; strides are in bytes.
    ///
    /// # Safety
    /// Every element that shape and strides lead to is readable, initialised (a `bool` is 0 or 1) and
    /// not written by anyone for as long as the view or what it is bound to lives.
    #[must_use]
    pub unsafe fn from_raw(address: *const u8, dtype: DType, shape: &[usize], strides: &[isize]) -> Self {
        Self::of_layout(raw(address as usize, dtype, shape, strides), None)
    }
}

impl<'a> ViewMut<'a> {
    pub(crate) const fn of_layout(layout: Layout, record: Option<RecordType>) -> Self {
        Self { layout, record, borrow: PhantomData }
    }

    /// A slice as a dense array in C order. A shape that the slice does not fill is reported when the
    /// view is bound.
    #[must_use]
    pub fn new<T: Element>(elements: &'a mut [T], shape: impl AsRef<[usize]>) -> Self {
        let layout = Layout::dense(elements.as_mut_ptr() as usize, T::DTYPE, elements.len(), shape.as_ref());
        Self::of_layout(layout, None)
    }

    /// A slice seen through strides, which like `offset` are in elements and may be negative. A view
    /// that leaves the slice, or meets itself, is reported when it is bound.
    #[must_use]
    pub fn strided<T: Element>(
        elements: &'a mut [T],
        shape: &[usize],
        strides: &[isize],
        offset: usize,
    ) -> Self {
        let address = elements.as_mut_ptr() as usize;
        let layout = Layout::strided(address, T::DTYPE, elements.len(), shape, strides, offset);
        Self::of_layout(layout, None)
    }

    /// Memory that no Rust reference describes; strides are in bytes.
    ///
    /// # Safety
    /// Every element that shape and strides lead to is writable and touched by nobody else for as
    /// long as the view or what it is bound to lives, but for inputs of the same call, whose overlap
    /// is checked when they are bound.
    #[must_use]
    pub unsafe fn from_raw(address: *mut u8, dtype: DType, shape: &[usize], strides: &[isize]) -> Self {
        Self::of_layout(raw(address as usize, dtype, shape, strides), None)
    }
}

fn raw(address: usize, dtype: DType, shape: &[usize], strides: &[isize]) -> Layout {
    let problem = (shape.len() != strides.len())
        .then(|| format!("it has {} sizes but {} strides", shape.len(), strides.len()));
    Layout {
        address,
        dtype,
        sizes: shape.iter().map(|size| *size as u64).collect(),
        strides: strides.iter().map(|stride| *stride as i64).collect(),
        problem,
    }
}

macro_rules! from_slices {
    ($($source:ty, $length:expr);+) => { $(
        impl<'a, T: Element> From<&'a $source> for View<'a> {
            fn from(elements: &'a $source) -> Self {
                Self::new(&elements[..], [elements.len()])
            }
        }
        impl<'a, T: Element> From<&'a mut $source> for ViewMut<'a> {
            fn from(elements: &'a mut $source) -> Self {
                let length = elements.len();
                Self::new(&mut elements[..], [length])
            }
        }
    )+ };
}
from_slices!([T], 0; Vec<T>, 0);

impl<'a, T: Element, const N: usize> From<&'a [T; N]> for View<'a> {
    fn from(elements: &'a [T; N]) -> Self {
        Self::new(elements, [N])
    }
}

impl<'a, T: Element, const N: usize> From<&'a mut [T; N]> for ViewMut<'a> {
    fn from(elements: &'a mut [T; N]) -> Self {
        Self::new(elements, [N])
    }
}

impl<'a, T: Element> From<&'a T> for View<'a> {
    /// A single element: an array without axes.
    fn from(element: &'a T) -> Self {
        Self::new(std::slice::from_ref(element), [])
    }
}

impl<'a, T: Element> From<&'a mut T> for ViewMut<'a> {
    /// A single element: an array without axes.
    fn from(element: &'a mut T) -> Self {
        Self::new(std::slice::from_mut(element), [])
    }
}

#[cfg(feature = "ndarray")]
mod from_ndarray {
    use super::{Element, Layout, View, ViewMut};
    use ndarray::{ArrayRef, Dimension};

    fn layout<T: Element>(address: usize, sizes: &[usize], strides: &[isize]) -> Layout {
        super::raw(
            address,
            T::DTYPE,
            sizes,
            &strides.iter().map(|stride| stride.wrapping_mul(size_of::<T>() as isize)).collect::<Vec<_>>(),
        )
    }

    impl<'a, T: Element, D: Dimension> From<&'a ArrayRef<T, D>> for View<'a> {
        fn from(array: &'a ArrayRef<T, D>) -> Self {
            let layout = layout::<T>(array.as_ptr() as usize, array.shape(), array.strides());
            Self::of_layout(layout, None)
        }
    }

    impl<'a, T: Element, D: Dimension> From<&'a mut ArrayRef<T, D>> for ViewMut<'a> {
        fn from(array: &'a mut ArrayRef<T, D>) -> Self {
            let address = array.as_mut_ptr() as usize;
            let layout = layout::<T>(address, array.shape(), array.strides());
            Self::of_layout(layout, None)
        }
    }

    macro_rules! owned_and_views {
        ($($read:ty),+; $($write:ty),+) => {
            $(impl<'a, T: Element, D: Dimension> From<&'a $read> for View<'a> {
                fn from(array: &'a $read) -> Self {
                    Self::from(&**array)
                }
            })+
            $(impl<'a, T: Element, D: Dimension> From<&'a mut $write> for ViewMut<'a> {
                fn from(array: &'a mut $write) -> Self {
                    Self::from(&mut **array)
                }
            })+
        };
    }
    owned_and_views!(
        ndarray::Array<T, D>, ndarray::ArrayView<'_, T, D>, ndarray::ArrayViewMut<'_, T, D>, ndarray::ArcArray<T, D>;
        ndarray::Array<T, D>, ndarray::ArrayViewMut<'_, T, D>
    );

    impl<'a, T: Element, D: Dimension> From<ndarray::ArrayView<'a, T, D>> for View<'a> {
        fn from(array: ndarray::ArrayView<'a, T, D>) -> Self {
            let layout = layout::<T>(array.as_ptr() as usize, array.shape(), array.strides());
            Self::of_layout(layout, None)
        }
    }

    impl<'a, T: Element, D: Dimension> From<ndarray::ArrayViewMut<'a, T, D>> for ViewMut<'a> {
        fn from(mut array: ndarray::ArrayViewMut<'a, T, D>) -> Self {
            let address = array.as_mut_ptr() as usize;
            let layout = layout::<T>(address, array.shape(), array.strides());
            Self::of_layout(layout, None)
        }
    }
}

impl fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.record {
            Some(record) => write!(f, "View({:?}, {record})", self.layout.sizes),
            None => write!(f, "View({}{:?})", self.layout.dtype, self.layout.sizes),
        }
    }
}

impl fmt::Debug for ViewMut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.record {
            Some(record) => write!(f, "ViewMut({:?}, {record})", self.layout.sizes),
            None => write!(f, "ViewMut({}{:?})", self.layout.dtype, self.layout.sizes),
        }
    }
}
