//! Arrays of any dtype in ordinary Rust memory, in every layout a view can have.

use crate::view::{Element, View, ViewMut};
use fusewire_ir::interpret::Array;
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
}

impl Placement {
    pub const ALL: [Self; 4] = [Self::Dense, Self::Fortran, Self::Reversed, Self::Padded];

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

#[derive(Clone, Debug)]
enum Elements {
    Bool(Vec<bool>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

/// An array of any dtype that owns its memory and can be bound to a program.
#[derive(Clone, Debug)]
pub struct TypedArray {
    elements: Elements,
    sizes: Vec<usize>,
    strides: Vec<isize>,
    offset: usize,
}

macro_rules! each {
    ($elements:expr, $vector:ident => $use:expr) => {
        match $elements {
            Elements::Bool($vector) => $use,
            Elements::I32($vector) => $use,
            Elements::I64($vector) => $use,
            Elements::F32($vector) => $use,
            Elements::F64($vector) => $use,
        }
    };
}

impl TypedArray {
    pub(super) fn zeroed(dtype: DType, sizes: &[u64], placement: Placement) -> Self {
        let sizes: Vec<usize> = sizes.iter().map(|size| *size as usize).collect();
        let (strides, offset, needed) = placement.layout(&sizes);
        // A dense array has no room to spare, as `View::new` asks for.
        let elements = match dtype {
            DType::Bool => Elements::Bool(vec![false; needed]),
            DType::I32 => Elements::I32(vec![0; needed]),
            DType::I64 => Elements::I64(vec![0; needed]),
            DType::F32 => Elements::F32(vec![0.0; needed]),
            DType::F64 => Elements::F64(vec![0.0; needed]),
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
            match dtype {
                DType::Bool => Scalar::Bool(bits >> 63 == 1),
                DType::I32 | DType::I64 if unusual => {
                    let extremes = [0, -1, i64::MIN, i64::MAX, i64::from(i32::MIN), i64::from(i32::MAX)];
                    let value = extremes[(bits >> 32) as usize % extremes.len()];
                    if dtype == DType::I32 {
                        Scalar::I32(value.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32)
                    } else {
                        Scalar::I64(value)
                    }
                }
                DType::I32 | DType::I64 => Scalar::I64((fraction * 41.0) as i64 - 20).cast(dtype),
                _ if unusual => Scalar::F64(special[(bits >> 32) as usize % special.len()]).cast(dtype),
                _ => Scalar::F64(fraction * 8.0 - 4.0).cast(dtype),
            }
        });
        array
    }

    /// Calls `element` for each index in C order and writes what it gives.
    fn fill(&mut self, mut element: impl FnMut() -> Scalar) {
        for at in self.positions() {
            let scalar = element();
            match (&mut self.elements, scalar) {
                (Elements::Bool(v), Scalar::Bool(x)) => v[at] = x,
                (Elements::I32(v), Scalar::I32(x)) => v[at] = x,
                (Elements::I64(v), Scalar::I64(x)) => v[at] = x,
                (Elements::F32(v), Scalar::F32(x)) => v[at] = x,
                (Elements::F64(v), Scalar::F64(x)) => v[at] = x,
                _ => {}
            }
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
        let elements = self
            .positions()
            .into_iter()
            .map(|at| match &self.elements {
                Elements::Bool(v) => Scalar::Bool(v[at]),
                Elements::I32(v) => Scalar::I32(v[at]),
                Elements::I64(v) => Scalar::I64(v[at]),
                Elements::F32(v) => Scalar::F32(v[at]),
                Elements::F64(v) => Scalar::F64(v[at]),
            })
            .collect();
        let shape: Shape = Shape::from(&self.sizes[..]);
        Array { array: ArrayType { dtype: self.dtype(), shape }, elements }
    }

    /// The dtype of the elements.
    #[must_use]
    pub fn dtype(&self) -> DType {
        fn dtype<T: Element>(_: &[T]) -> DType {
            T::DTYPE
        }
        each!(&self.elements, vector => dtype(vector))
    }

    /// To bind it as an input.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        each!(&self.elements, vector => View::strided(vector, &self.sizes, &self.strides, self.offset))
    }

    /// To bind it as an output.
    #[must_use]
    pub fn view_mut(&mut self) -> ViewMut<'_> {
        each!(&mut self.elements, vector => ViewMut::strided(vector, &self.sizes, &self.strides, self.offset))
    }
}
