//! Arrays of any dtype in ordinary Rust memory, in every layout a view can have.

use crate::record::{RecordView, RecordViewMut};
use crate::view::{View, ViewMut};
use fusewire_ir::interpret::Array;
use fusewire_ir::record::{FieldType, RecordType};
use fusewire_ir::{ArrayType, DType, Scalar, Shape};

/// How the axes of an array lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placement {
    /// C order without gaps.
    Dense,
    /// The first axis moves fastest.
    Fortran,
    /// Every other element of a larger array, backwards along each axis.
    Reversed,
    /// Behind a gap of three elements along the last axis, and off by one element.
    Padded,
    /// C order without gaps, at an odd address.
    Odd,
    /// A field behind three bytes in each row of records, at odd addresses.
    Rows,
}

impl Placement {
    pub const ALL: [Self; 6] =
        [Self::Dense, Self::Fortran, Self::Reversed, Self::Padded, Self::Odd, Self::Rows];

    /// Strides and offset in elements, and how many elements the memory needs.
    fn layout(self, sizes: &[usize]) -> (Vec<isize>, usize, usize) {
        let rank = sizes.len();
        let mut strides = vec![0isize; rank];
        let (scale, padding) = match self {
            Self::Reversed => (2, 0),
            Self::Padded => (1, 3),
            _ => (1, 0),
        };
        let mut step = scale;
        for at in 0..rank {
            let axis = if self == Self::Fortran { at } else { rank - 1 - at };
            strides[axis] = step as isize;
            step *= sizes[axis].max(1);
            if at == 0 {
                step += padding;
            }
        }
        let mut offset = usize::from(self == Self::Padded);
        if self == Self::Reversed {
            for (stride, size) in strides.iter_mut().zip(sizes) {
                offset += stride.unsigned_abs() * size.saturating_sub(1);
                *stride = -*stride;
            }
        }
        (strides, offset, step + 1 + padding)
    }
}

macro_rules! elements {
    ($($(#[doc = $doc:literal])+ $dtype:ident: $host:ty, $category:ident, $exact:literal;)+) => {
        #[derive(Clone, Debug)]
        enum Elements { $( $dtype(Vec<$host>), )+ Rows(Rows) }

        impl Elements {
            fn zeroed(dtype: DType, count: usize) -> Self {
                match dtype { $( DType::$dtype => Self::$dtype(vec![<$host>::default(); count]), )+ }
            }

            fn dtype(&self) -> DType {
                match self {
                    $( Self::$dtype(_) => DType::$dtype, )+
                    Self::Rows(rows) => rows.dtype,
                }
            }

            fn get(&self, at: usize) -> Scalar {
                match self {
                    $( Self::$dtype(elements) => elements[at].into(), )+
                    Self::Rows(rows) => rows.get(at),
                }
            }

            fn set(&mut self, at: usize, scalar: Scalar) {
                match (self, scalar) {
                    $( (Self::$dtype(elements), Scalar::$dtype(element)) => elements[at] = element, )+
                    (Self::Rows(rows), scalar) => rows.set(at, scalar),
                    _ => {}
                }
            }
        }

        impl TypedArray {
            /// To bind it as an input.
            #[must_use]
            pub fn view(&self) -> View<'_> {
                match &self.elements { $(
                    Elements::$dtype(elements) => View::strided(elements, &self.sizes, &self.strides, self.offset),
                )+
                    Elements::Rows(rows) => rows.view(&self.sizes),
                }
            }

            /// To bind it as an output.
            #[must_use]
            pub fn view_mut(&mut self) -> ViewMut<'_> {
                match &mut self.elements { $(
                    Elements::$dtype(elements) => {
                        ViewMut::strided(elements, &self.sizes, &self.strides, self.offset)
                    }
                )+
                    Elements::Rows(rows) => rows.view_mut(&self.sizes),
                }
            }
        }
    };
}
fusewire_ir::dtypes!(elements);

/// Elements that are a field of packed records, the first of which begins at an odd address.
#[derive(Clone, Debug)]
struct Rows {
    dtype: DType,
    ty: RecordType,
    bytes: Vec<u8>,
    /// Where the rows begin.
    start: usize,
}

impl Rows {
    /// The field.
    const NAME: &'static str = "element";

    /// Zeros, with so many bytes before each.
    fn zeroed(dtype: DType, count: usize, before: usize) -> Self {
        let ty = RecordType::packed([("before", FieldType::bytes(before)), (Self::NAME, dtype.into())]);
        let ty = ty.unwrap_or_default();
        let bytes = vec![0; count * ty.itemsize() + 2];
        let start = usize::from((bytes.as_ptr() as usize + before).is_multiple_of(2));
        Self { dtype, ty, bytes, start }
    }

    /// The bytes of an element.
    fn range(&self, at: usize) -> std::ops::Range<usize> {
        let end = self.start + (at + 1) * self.ty.itemsize();
        end - self.dtype.bytes()..end
    }

    fn get(&self, at: usize) -> Scalar {
        let mut word = [0; 8];
        word[..self.dtype.bytes()].copy_from_slice(&self.bytes[self.range(at)]);
        Scalar::from_bits(u64::from_le_bytes(word), self.dtype)
    }

    fn set(&mut self, at: usize, scalar: Scalar) {
        let (range, word) = (self.range(at), scalar.bits().to_le_bytes());
        let bytes = range.len();
        self.bytes[range].copy_from_slice(&word[..bytes]);
    }

    /// Where the rows lie.
    fn memory(&self, sizes: &[usize]) -> std::ops::Range<usize> {
        self.start..self.start + sizes.iter().product::<usize>() * self.ty.itemsize()
    }

    fn view(&self, sizes: &[usize]) -> View<'_> {
        let rows = RecordView::from_bytes(&self.ty, &self.bytes[self.memory(sizes)]).with_shape(sizes);
        rows.field(Self::NAME).unwrap_or_else(|error| panic!("{error}"))
    }

    fn view_mut(&mut self, sizes: &[usize]) -> ViewMut<'_> {
        let memory = self.memory(sizes);
        let rows = RecordViewMut::from_bytes(&self.ty, &mut self.bytes[memory]).with_shape(sizes);
        rows.field(Self::NAME).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// An array of any dtype that owns its memory and can be bound to a program.
#[derive(Clone, Debug)]
pub struct TypedArray {
    elements: Elements,
    sizes: Vec<usize>,
    strides: Vec<isize>,
    offset: usize,
}

impl TypedArray {
    pub(super) fn zeroed(dtype: DType, sizes: &[u64], placement: Placement) -> Self {
        let sizes: Vec<usize> = sizes.iter().map(|size| *size as usize).collect();
        let (strides, offset, needed) = placement.layout(&sizes);
        let elements = match placement {
            Placement::Odd => Elements::Rows(Rows::zeroed(dtype, needed, 0)),
            Placement::Rows => Elements::Rows(Rows::zeroed(dtype, needed, 3)),
            // A dense array has no room to spare, as `View::new` asks for.
            _ => Elements::zeroed(dtype, needed),
        };
        Self { elements, sizes, strides, offset }
    }

    /// An array of these sizes in C order, filled from a seed: mostly small numbers, with zeros of
    /// both signs, infinities, NaN, subnormal and extreme values among them.
    #[must_use]
    pub fn random(dtype: DType, sizes: &[u64], seed: u64) -> Self {
        let mut array = Self::zeroed(dtype, sizes, Placement::Dense);
        let mut state = seed;
        let mut next = || {
            // SplitMix64 (Steele, Lea, Flood 2014).
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        let special = [0.0, -0.0, 1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e-310, -1e15];
        array.fill(|| {
            let bits = next();
            let fraction = (bits >> 11) as f64 / (1u64 << 53) as f64;
            let unusual = bits.trailing_zeros() >= 4;
            let special = special[(bits >> 32) as usize % special.len()];
            match dtype.int_info() {
                _ if dtype == DType::Bool => Scalar::Bool(bits >> 63 == 1),
                Some(info) if unusual => {
                    let extremes = [0, 1, info.min, info.max, info.max / 2 + 1];
                    Scalar::from_int(extremes[(bits >> 32) as usize % extremes.len()], dtype)
                }
                Some(_) => Scalar::from_int((fraction * 41.0) as i128 - 20, dtype),
                None if unusual => Scalar::F64(special).cast(dtype),
                None => Scalar::F64(fraction * 8.0 - 4.0).cast(dtype),
            }
        });
        array
    }

    /// An array of these sizes with these elements in C order; what is missing is 0, and elements of
    /// another dtype are converted.
    #[must_use]
    pub fn new(dtype: DType, sizes: &[u64], elements: &[Scalar]) -> Self {
        let mut array = Self::zeroed(dtype, sizes, Placement::Dense);
        let mut elements = elements.iter();
        array.fill(|| elements.next().copied().unwrap_or(Scalar::Bool(false)).cast(dtype));
        array
    }

    /// The elements in C order.
    #[must_use]
    pub fn elements(&self) -> Vec<Scalar> {
        self.positions().into_iter().map(|at| self.elements.get(at)).collect()
    }

    /// Calls `element` for each index in C order and writes what it gives.
    fn fill(&mut self, mut element: impl FnMut() -> Scalar) {
        for at in self.positions() {
            self.elements.set(at, element());
        }
    }

    /// Where each element is, in C order.
    fn positions(&self) -> Vec<usize> {
        let count: usize = self.sizes.iter().product();
        (0..count)
            .map(|index| {
                let (mut rest, mut at) = (index, self.offset as isize);
                for axis in (0..self.sizes.len()).rev() {
                    at += (rest % self.sizes[axis]) as isize * self.strides[axis];
                    rest /= self.sizes[axis];
                }
                at as usize
            })
            .collect()
    }

    pub(super) fn from_reference(array: &Array, placement: Placement) -> Self {
        let sizes: Vec<u64> = array.array.shape.iter().map(|dim| dim.upper()).collect();
        let mut typed = Self::zeroed(array.array.dtype, &sizes, placement);
        let mut elements = array.elements.iter();
        typed.fill(|| elements.next().copied().unwrap_or(Scalar::Bool(false)));
        typed
    }

    pub(super) fn to_reference(&self) -> Array {
        let elements = self.positions().into_iter().map(|at| self.elements.get(at)).collect();
        let shape: Shape = Shape::from(&self.sizes[..]);
        Array { array: ArrayType { dtype: self.dtype(), shape }, elements }
    }

    /// The dtype of the elements.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.elements.dtype()
    }
}
