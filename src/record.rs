//! Rows of records as a program sees them: bytes borrowed from the caller, with the type that says which
//! of them are which field.
#![allow(unsafe_code)]

mod array;
mod order;
mod rows;

pub use array::RecordArray;
pub use rows::{Record, RecordField, field_type, struct_type};

use crate::view::{Layout, View, ViewMut};
use fusewire_ir::record::{Field, RecordType};
use fusewire_ir::{DType, Diagnostic, DiagnosticKind, Error, Site};
use smallvec::SmallVec;
use std::fmt;
use std::mem::MaybeUninit;
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// What rows say about their memory, whoever borrows it.
#[derive(Clone, Debug)]
struct Rows {
    ty: RecordType,
    sizes: SmallVec<[usize; 2]>,
    /// What is wrong; reported when they are used.
    problem: Option<String>,
    /// Are they values of a Rust type: with padding that may not be initialised, and a `bool` that is 0 or 1?
    typed: bool,
}

impl Rows {
    /// As many rows of the type as fill the memory. Rows without bytes there are none of.
    fn new(ty: &RecordType, bytes: usize, typed: bool) -> Self {
        let itemsize = ty.itemsize();
        let count = bytes.checked_div(itemsize).unwrap_or(0);
        let problem = (count * itemsize != bytes)
            .then(|| format!("{bytes} bytes are no whole number of rows of {itemsize} bytes"));
        Self { ty: ty.clone(), sizes: SmallVec::from_slice(&[count]), problem, typed }
    }

    /// Rows that are values of `T`.
    fn of<T>(ty: &RecordType, count: usize, typed: bool) -> Self {
        let mut rows = Self::new(ty, count * size_of::<T>(), typed);
        rows.sizes[0] = count;
        if size_of::<T>() != ty.itemsize() {
            rows.problem = Some(format!(
                "a `{}` takes {} bytes, a row of the record type {}",
                short_name::<T>(),
                size_of::<T>(),
                ty.itemsize()
            ));
        }
        rows
    }

    fn reshape(&mut self, shape: &[usize]) {
        let count = if shape.contains(&0) {
            Some(0)
        } else {
            shape.iter().try_fold(1usize, |product, size| product.checked_mul(*size))
        };
        if self.problem.is_none() && count != Some(self.count()) {
            self.problem = Some(format!("its {} rows do not fill the shape {shape:?}", self.count()));
        }
        self.sizes = SmallVec::from_slice(shape);
    }

    fn count(&self) -> usize {
        // A size of 0 may stand beside sizes whose product overflows.
        if self.problem.is_some() || self.sizes.contains(&0) { 0 } else { self.sizes.iter().product() }
    }

    /// The rows as a layout of one byte each.
    fn layout(&self, address: usize) -> Layout {
        let mut strides: SmallVec<[i64; 4]> = SmallVec::from_elem(0, self.sizes.len());
        // Wrong only where the product overflows, and then there is a problem.
        let mut step = self.ty.itemsize() as i64;
        for (stride, size) in strides.iter_mut().zip(&self.sizes).rev() {
            *stride = step;
            step = step.wrapping_mul(*size as i64);
        }
        let sizes = self.sizes.iter().map(|size| *size as u64).collect();
        Layout { address, dtype: DType::U8, sizes, strides, problem: self.problem.clone() }
    }

    /// A field of numbers.
    fn number(&self, name: &str, site: Site) -> Result<(&Field, DType), Error> {
        self.checked(site)?;
        let field = self.ty.field(name);
        let field = field.ok_or_else(|| self.ty.unknown_field("the record type", name).at(site))?;
        let no_number = || wrong(format!("field `{name}` is {}: expressions take numbers", field.ty), site);
        Ok((field, field.ty.dtype().ok_or_else(no_number)?))
    }

    fn checked(&self, site: Site) -> Result<(), Error> {
        match &self.problem {
            Some(problem) => Err(wrong(format!("records: {problem}"), site)),
            None => Ok(()),
        }
    }
}

/// The name of a type without the modules that it is in.
fn short_name<T>() -> &'static str {
    let name = std::any::type_name::<T>();
    name.rsplit("::").next().unwrap_or(name)
}

fn wrong(message: String, site: Site) -> Error {
    Diagnostic::new(DiagnosticKind::Record, message).at(site).into()
}

/// The layout of a field in rows of the given layout; `dtype` is that of a number.
pub(crate) fn field_layout(rows: &Layout, field: &Field, dtype: Option<DType>) -> Layout {
    let mut layout = rows.clone();
    layout.address = layout.address.wrapping_add(field.offset);
    match dtype {
        Some(dtype) => layout.dtype = dtype,
        None => {
            layout.sizes.push(field.ty.size() as u64);
            layout.strides.push(1);
        }
    }
    layout
}

/// Borrowed rows that a program reads, or that are filtered, sorted and gathered.
///
/// ```
/// use fusewire::prelude::*;
/// use fusewire::{FieldType, RecordType, RecordView};
///
/// let ty = RecordType::packed([("name", FieldType::bytes(3)), ("age", U8.into())])?;
/// let people = RecordView::from_bytes(&ty, b"eve\x2abob\x07ann\x07");
/// let sorted = people.sort_by(&["age", "name"])?;
/// assert_eq!(sorted.bytes(), b"ann\x07bob\x07eve\x2a");
/// assert_eq!(people.filter(&[true, false, true])?.bytes(), b"eve\x2aann\x07");
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct RecordView<'a> {
    rows: Rows,
    /// The bytes of fields are initialised.
    memory: &'a [MaybeUninit<u8>],
}

/// Borrowed rows that a program writes, or that rows are gathered into.
pub struct RecordViewMut<'a> {
    rows: Rows,
    memory: &'a mut [MaybeUninit<u8>],
}

impl<'a> RecordView<'a> {
    /// Bytes as rows of this type, such as the data of a `.npy` file, or what `bytemuck::cast_slice` makes of
    /// structs. They need not be aligned. Bytes that are no whole number of rows are reported when
    /// the view is used.
    #[must_use]
    pub fn from_bytes(ty: &RecordType, bytes: &'a [u8]) -> Self {
        Self { rows: Rows::new(ty, bytes.len(), false), memory: uninitialised(bytes) }
    }

    /// Structs as rows of this type, which has to have their size. What it says of fields is believed: any
    /// bytes are numbers. [`RecordView::from_rows`] needs no type beside the struct.
    #[must_use]
    pub fn from_slice<T: IntoBytes + Immutable>(ty: &RecordType, rows: &'a [T]) -> Self {
        Self { rows: Rows::of::<T>(ty, rows.len(), false), memory: uninitialised(rows.as_bytes()) }
    }

    /// Structs whose type is known from [`record!`](crate::record!).
    #[must_use]
    pub fn from_rows<T: Record>(rows: &'a [T]) -> Self {
        // SAFETY: the memory of the slice, in which any byte may be uninitialised.
        let memory = unsafe { std::slice::from_raw_parts(rows.as_ptr().cast(), size_of_val(rows)) };
        Self { rows: Rows::of::<T>(T::record_type(), rows.len(), true), memory }
    }

    /// The same rows in this shape, in C order. One that they do not fill is reported when the view is used.
    #[must_use]
    pub fn with_shape(mut self, shape: impl AsRef<[usize]>) -> Self {
        self.rows.reshape(shape.as_ref());
        self
    }

    /// The type of the rows.
    #[must_use]
    pub const fn record_type(&self) -> &RecordType {
        &self.rows.ty
    }

    /// How many rows there are; 0 where the view is wrong.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.count()
    }

    /// Are there no rows?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One field of numbers as a strided array, to be bound where a program takes an array.
    ///
    /// # Errors
    /// A field that does not exist or holds no numbers; a `bool` whose byte is neither 0 nor 1.
    #[track_caller]
    pub fn field(&self, name: &str) -> Result<View<'a>, Error> {
        let site = Site::caller();
        let (field, dtype) = self.rows.number(name, site)?;
        let is_truth = |row: usize| self.bytes_of(row, field).iter().all(|byte| *byte <= 1);
        if dtype == DType::Bool && !self.rows.typed && !(0..self.len()).all(is_truth) {
            let message = format!("field `{name}` has bytes that are neither 0 nor 1, which are no bool");
            return Err(wrong(message, site));
        }
        let rows = self.rows.layout(self.memory.as_ptr() as usize);
        Ok(View::of_layout(field_layout(&rows, field, Some(dtype)), None))
    }

    /// The bytes of a field in a row that exists.
    fn bytes_of(&self, row: usize, field: &Field) -> &'a [u8] {
        let start = row * self.rows.ty.itemsize() + field.offset;
        initialised(&self.memory[start..start + field.ty.size()])
    }
}

/// Initialised bytes, which may be read as if they might not be.
fn uninitialised(bytes: &[u8]) -> &[MaybeUninit<u8>] {
    // SAFETY: the types have the same layout, and nothing is written through a shared reference.
    unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len()) }
}

/// Bytes that belong to a field, which are always initialised.
fn initialised(field: &[MaybeUninit<u8>]) -> &[u8] {
    // SAFETY: views are made of initialised bytes, or of structs with the fields that their types list.
    unsafe { std::slice::from_raw_parts(field.as_ptr().cast(), field.len()) }
}

impl<'a> RecordViewMut<'a> {
    /// Bytes as rows of this type. They need not be aligned. Bytes that are no whole number of rows are
    /// reported when the view is used.
    #[must_use]
    pub fn from_bytes(ty: &RecordType, bytes: &'a mut [u8]) -> Self {
        Self::of_bytes(Rows::new(ty, bytes.len(), false), bytes)
    }

    /// Structs as rows of this type, which has to have their size.
    #[must_use]
    pub fn from_slice<T: FromBytes + IntoBytes>(ty: &RecordType, rows: &'a mut [T]) -> Self {
        Self::of_bytes(Rows::of::<T>(ty, rows.len(), false), rows.as_mut_bytes())
    }

    /// Structs whose type is known from [`record!`](crate::record!).
    #[must_use]
    pub fn from_rows<T: Record>(rows: &'a mut [T]) -> Self {
        let described = Rows::of::<T>(T::record_type(), rows.len(), true);
        let (start, bytes) = (rows.as_mut_ptr().cast(), size_of_val(rows));
        // SAFETY: the memory of the slice; only fields are written, with values of their types.
        let memory = unsafe { std::slice::from_raw_parts_mut(start, bytes) };
        Self { rows: described, memory }
    }

    fn of_bytes(rows: Rows, bytes: &'a mut [u8]) -> Self {
        // SAFETY: the types have the same layout, and only initialised bytes are written.
        let memory = unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), bytes.len()) };
        Self { rows, memory }
    }

    /// The same rows in this shape, in C order. One that they do not fill is reported when the view is used.
    #[must_use]
    pub fn with_shape(mut self, shape: impl AsRef<[usize]>) -> Self {
        self.rows.reshape(shape.as_ref());
        self
    }

    /// The type of the rows.
    #[must_use]
    pub const fn record_type(&self) -> &RecordType {
        &self.rows.ty
    }

    /// How many rows there are; 0 where the view is wrong.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.count()
    }

    /// Are there no rows?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One field of numbers as a strided array, to be bound where a program writes an array.
    ///
    /// # Errors
    /// A field that does not exist or holds no numbers.
    #[track_caller]
    pub fn field(self, name: &str) -> Result<ViewMut<'a>, Error> {
        let (field, dtype) = self.rows.number(name, Site::caller())?;
        let rows = self.rows.layout(self.memory.as_mut_ptr() as usize);
        Ok(ViewMut::of_layout(field_layout(&rows, field, Some(dtype)), None))
    }
}

impl<'a> From<RecordView<'a>> for View<'a> {
    /// All fields of the rows, which are bound together.
    fn from(view: RecordView<'a>) -> Self {
        let layout = view.rows.layout(view.memory.as_ptr() as usize);
        Self::of_layout(layout, Some(view.rows.ty))
    }
}

impl<'a> From<RecordViewMut<'a>> for ViewMut<'a> {
    /// All fields of the rows, which are bound together.
    fn from(view: RecordViewMut<'a>) -> Self {
        let layout = view.rows.layout(view.memory.as_mut_ptr() as usize);
        Self::of_layout(layout, Some(view.rows.ty))
    }
}

impl fmt::Debug for RecordView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordView({:?}, {})", self.rows.sizes, self.rows.ty)
    }
}

impl fmt::Debug for RecordViewMut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordViewMut({:?}, {})", self.rows.sizes, self.rows.ty)
    }
}
