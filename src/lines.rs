//! Arrays in memory as routines see them: lines along an axis, copied in and out.
#![allow(unsafe_code)]

use crate::walk::{Memory, follow};
use fusewire_ir::DType;
use fusewire_ir::half::{bf16, f16};
use fusewire_ir::kernel::{Access, Buffer};
use fusewire_ir::shape::Shape;
use smallvec::SmallVec;

/// A type whose every bit pattern is a value: what memory holds can be read as it.
pub(crate) trait Plain: Copy + Send + Sync + Default + 'static {}

macro_rules! plain {
    ($($plain:ty)+) => { $( impl Plain for $plain {} )+ };
}
plain! { u8 u16 u32 u64 u128 i8 i16 i32 i64 f32 f64 f16 bf16 }

/// An array that a launch reads or writes.
///
/// It is made of a layout that the binding has checked, or of workspace, and is followed only while those
/// are borrowed; a plan has no step that reads what it writes. Parts of a launch write different elements.
#[derive(Clone, Debug)]
pub(crate) struct Array {
    buffer: Buffer,
    address: i64,
    width: usize,
    sizes: SmallVec<[u64; 4]>,
    /// In bytes.
    strides: SmallVec<[i64; 4]>,
}

/// The elements of an array along an axis, at one index of the others.
#[derive(Clone, Copy)]
pub(crate) struct Line {
    address: i64,
    width: usize,
    stride: i64,
    length: u64,
}

impl Array {
    /// An array read in its own axes at an access.
    pub fn read(access: &Access, shape: &Shape, memory: &Memory<'_>) -> Self {
        let sizes: SmallVec<[u64; 4]> = shape.iter().map(|dim| memory.size(dim)).collect();
        let (address, steps) = follow(access, sizes.len(), memory);
        let (buffer, width) = (access.buffer, access.dtype.bytes());
        Self { buffer, address, width, sizes, strides: steps.into() }
    }

    /// A whole buffer.
    pub fn whole(buffer: Buffer, dtype: DType, memory: &Memory<'_>) -> Option<Self> {
        let layout = memory.layout(buffer)?;
        Some(Self {
            buffer,
            address: layout.address as i64,
            width: dtype.bytes(),
            sizes: layout.sizes.clone(),
            strides: layout.strides.clone(),
        })
    }

    /// So many elements of an axis, and where they begin along it.
    pub fn part(mut self, axis: usize, first: i64, count: u64) -> Self {
        self.address = self.address.wrapping_add(first.wrapping_mul(self.strides[axis]));
        self.sizes[axis] = count;
        self
    }

    /// After its buffer has moved.
    pub fn relocate(&mut self, moved: &impl Fn(Buffer) -> i64) {
        self.address = self.address.wrapping_add(moved(self.buffer));
    }

    /// Do all elements lie on their own boundaries?
    pub fn is_aligned(&self) -> bool {
        let width = self.width.max(1) as i64;
        self.address % width == 0 && self.strides.iter().all(|stride| stride % width == 0)
    }

    /// The distance between elements along an axis, in bytes.
    pub fn stride(&self, axis: usize) -> i64 {
        self.strides[axis]
    }

    /// The elements from `moved` bytes on along two axes, given as sizes and strides. Rows and columns are parts of
    /// axes of the array, and `moved` leads to an element of it.
    pub const fn matrix(&self, moved: i64, rows: (u64, i64), columns: (u64, i64)) -> Matrix {
        Matrix {
            address: self.address.wrapping_add(moved),
            width: self.width,
            rows: rows.0,
            columns: columns.0,
            row_stride: rows.1,
            column_stride: columns.1,
        }
    }

    /// Elements along each axis.
    pub fn sizes(&self) -> &[u64] {
        &self.sizes
    }

    /// Elements of all axes together; saturates.
    pub fn elements(&self) -> u64 {
        if self.sizes.contains(&0) {
            return 0;
        }
        self.sizes.iter().fold(1, |product: u64, size| product.saturating_mul(*size))
    }

    /// How many lines there are along an axis; saturates.
    pub fn lines(&self, axis: usize) -> u64 {
        let others = self.sizes.iter().enumerate().filter(|(at, _)| *at != axis);
        others.fold(1, |product: u64, (_, size)| product.saturating_mul(*size))
    }

    /// The index of an element of a line.
    pub fn index(&self, axis: usize, number: u64, at: u64) -> Vec<u64> {
        let (mut rest, mut index) = (number, vec![at; self.sizes.len()]);
        for other in (0..self.sizes.len()).rev().filter(|other| *other != axis) {
            let size = self.sizes[other].max(1);
            (index[other], rest) = (rest % size, rest / size);
        }
        index
    }

    /// The same elements with one more axis, of size 1, at this place.
    pub fn insert_axis(&mut self, at: usize) {
        self.sizes.insert(at, 1);
        self.strides.insert(at, 0);
    }

    /// A line along an axis; the others are counted in C order.
    pub fn line(&self, axis: usize, number: u64) -> Line {
        let (mut rest, mut address) = (number, self.address);
        for at in (0..self.sizes.len()).rev().filter(|at| *at != axis) {
            let size = self.sizes[at].max(1);
            address = address.wrapping_add(((rest % size) as i64).wrapping_mul(self.strides[at]));
            rest /= size;
        }
        let length = if rest == 0 { self.sizes[axis] } else { 0 };
        Line { address, width: self.width, stride: self.strides[axis], length }
    }

    /// The bytes of an array that is dense, as scratch memory is; nothing else may use it meanwhile.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        let bytes = self.elements() as usize * self.width;
        if bytes == 0 {
            return &mut [];
        }
        // SAFETY: workspace of this size, which no other step uses while this one runs; any bytes are `u8`.
        unsafe { std::slice::from_raw_parts_mut(self.address as *mut u8, bytes) }
    }
}

/// Elements of an array along two of its axes, or parts of them.
#[derive(Clone, Copy)]
pub(crate) struct Matrix {
    address: i64,
    width: usize,
    rows: u64,
    columns: u64,
    row_stride: i64,
    column_stride: i64,
}

impl Matrix {
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    pub const fn columns(&self) -> u64 {
        self.columns
    }

    /// Its address, and the strides of rows and columns in bytes.
    pub const fn place(&self) -> (i64, i64, i64) {
        (self.address, self.row_stride, self.column_stride)
    }

    /// The elements of a row.
    pub const fn row(&self, at: u64) -> Line {
        let address = self.address.wrapping_add((at as i64).wrapping_mul(self.row_stride));
        let length = if at < self.rows { self.columns } else { 0 };
        Line { address, width: self.width, stride: self.column_stride, length }
    }

    /// So many rows and columns of it, which it has, from these on.
    pub const fn part(&self, row: usize, rows: usize, column: usize, columns: usize) -> Self {
        let down = (row as i64).wrapping_mul(self.row_stride);
        let along = (column as i64).wrapping_mul(self.column_stride);
        let address = self.address.wrapping_add(down).wrapping_add(along);
        Self { address, rows: rows as u64, columns: columns as u64, ..*self }
    }

    /// A dense copy.
    pub fn elements<T: Plain>(&self) -> Vec<T> {
        let mut elements = vec![T::default(); (self.rows * self.columns) as usize];
        for (at, row) in elements.chunks_exact_mut(self.columns.max(1) as usize).enumerate() {
            self.row(at as u64).read(0, row);
        }
        elements
    }
}

/// Memory as elements of another type, which fills it but for what is not aligned.
pub(crate) fn cast<T: Plain>(bytes: &mut [u8]) -> &mut [T] {
    // SAFETY: every bit pattern is a `T`, and what `T`s are made of is bytes.
    unsafe { bytes.align_to_mut::<T>().1 }
}

impl Line {
    /// Elements along it.
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// Copies the elements from `first` on; what is beyond the end stays as it is.
    pub fn read<T: Plain>(&self, first: u64, to: &mut [T]) {
        let count = (to.len() as u64).min(self.length.saturating_sub(first)) as usize;
        if size_of::<T>() != self.width || count == 0 {
            return;
        }
        let start = self.address.wrapping_add((first as i64).wrapping_mul(self.stride));
        if self.stride == size_of::<T>() as i64 {
            // SAFETY: `count` elements of the line are there, one after another, and `to` has room for them.
            unsafe {
                std::ptr::copy_nonoverlapping(
                    start as *const u8,
                    to.as_mut_ptr().cast::<u8>(),
                    count * size_of::<T>(),
                )
            };
            return;
        }
        for (at, element) in to[..count].iter_mut().enumerate() {
            let address = start.wrapping_add((at as i64).wrapping_mul(self.stride));
            // SAFETY: `first + at` is less than the length of the line.
            *element = unsafe { (address as *const T).read_unaligned() };
        }
    }

    /// The element at a position; that of no bits beyond the end.
    pub fn get<T: Plain>(&self, at: u64) -> T {
        let mut element = [T::default()];
        self.read(at, &mut element);
        element[0]
    }

    /// Copies the elements at positions; what is beyond the end stays as it is.
    pub fn gather<T: Plain>(&self, positions: &[u64], to: &mut [T]) {
        if size_of::<T>() != self.width {
            return;
        }
        for (at, element) in positions.iter().zip(to) {
            if *at < self.length {
                let address = self.address.wrapping_add((*at as i64).wrapping_mul(self.stride));
                // SAFETY: an element of the line.
                *element = unsafe { (address as *const T).read_unaligned() };
            }
        }
    }

    /// Writes elements from `first` on; what is beyond the end of the line is left out.
    pub fn write<T: Plain>(&self, first: u64, from: &[T]) {
        let count = (from.len() as u64).min(self.length.saturating_sub(first)) as usize;
        if size_of::<T>() != self.width || count == 0 {
            return;
        }
        let start = self.address.wrapping_add((first as i64).wrapping_mul(self.stride));
        if self.stride == size_of::<T>() as i64 {
            // SAFETY: `count` elements of the line are there, one after another, and `from` has as many.
            unsafe {
                std::ptr::copy_nonoverlapping(
                    from.as_ptr().cast::<u8>(),
                    start as *mut u8,
                    count * size_of::<T>(),
                )
            };
            return;
        }
        for (at, element) in from[..count].iter().enumerate() {
            let address = start.wrapping_add((at as i64).wrapping_mul(self.stride));
            // SAFETY: `first + at` is less than the length of the line.
            unsafe { (address as *mut T).write_unaligned(*element) };
        }
    }
}
