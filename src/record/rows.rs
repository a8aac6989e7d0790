//! Structs as records: the record type follows from the struct.

use crate::Element;
use fusewire_ir::record::{FieldType, RecordType};
use std::mem::size_of;

/// A struct whose values are rows of a record. [`record!`](crate::record!) implements it.
///
/// # Safety
/// In every value, each field of the type lies where the type says, and any value of the field's type
/// may be written there.
pub unsafe trait Record: Copy + Send + Sync + 'static {
    /// Its fields, where they lie.
    fn record_type() -> &'static RecordType;
}

/// What a field of a [`Record`] can be: an [`Element`], or an array of integers or floats. An array of
/// `u8` is a field of [bytes](FieldType::Bytes), others are opaque.
pub trait RecordField: Copy + sealed::Sealed {
    /// What the record type says of it.
    fn field_type() -> FieldType;
}

mod sealed {
    pub trait Sealed {}
}

impl<T: Element> sealed::Sealed for T {}

impl<T: Element> RecordField for T {
    fn field_type() -> FieldType {
        FieldType::Number(T::DTYPE)
    }
}

macro_rules! arrays {
    ($($number:ty),+) => { $(
        impl<const N: usize> sealed::Sealed for [$number; N] {}

        impl<const N: usize> RecordField for [$number; N] {
            fn field_type() -> FieldType {
                let description = format!("an array [{N}] of {}", <$number>::DTYPE);
                FieldType::opaque(size_of::<Self>(), align_of::<Self>(), &description)
            }
        }
    )+ };
}
// Not `bool`: not every byte is one.
arrays!(i8, i16, i32, i64, u16, u32, u64, f32, f64);

impl<const N: usize> sealed::Sealed for [u8; N] {}

impl<const N: usize> RecordField for [u8; N] {
    fn field_type() -> FieldType {
        FieldType::bytes(N)
    }
}

/// The type of the field that a function reads. For [`record!`](crate::record!).
#[doc(hidden)]
pub fn field_type<T, F: RecordField>(_: fn(&T) -> F) -> FieldType {
    F::field_type()
}

/// The record type of a struct. For [`record!`](crate::record!), which names every field once, where it is.
#[doc(hidden)]
#[track_caller]
pub fn struct_type<T: Record>(fields: Vec<(&str, FieldType, usize)>) -> RecordType {
    let plain = fields.into_iter().map(|(name, ty, offset)| (name.trim_start_matches("r#"), ty, offset));
    // The fields of a struct have different names and lie within it.
    RecordType::new(plain, size_of::<T>()).unwrap_or_else(|_| unreachable!())
}

/// Implements [`Record`] for a struct: its rows can be bound, and the record type, with all names, dtypes and
/// offsets, is `Row::record_type()`. Every field has to be listed.
///
/// Fields are numbers, `bool`, and arrays of numbers. The struct may have any layout, `#[repr(C)]` and packed
/// ones included, and padding.
///
/// ```
/// use fusewire::prelude::*;
/// use fusewire::{Record, RecordView, RecordViewMut};
///
/// #[derive(Clone, Copy, Debug, PartialEq)]
/// #[repr(C)]
/// struct Reading {
///     sensor: i32,
///     alarm: bool,
///     temperature: f32,
/// }
/// fusewire::record!(Reading { sensor, alarm, temperature });
///
/// let g = Graph::new();
/// let readings = g.records("readings", Reading::record_type(), [2]);
/// let alarm = readings.field("alarm") & readings.field("temperature").greater(30);
/// let mean = readings.field("temperature").mean(All).named("mean");
/// let program = g.plan([alarm.named("alarm"), mean], &Limits::default())?.compile()?;
///
/// let rows = [
///     Reading { sensor: 1, alarm: true, temperature: 40.0 },
///     Reading { sensor: 2, alarm: true, temperature: 20.0 },
/// ];
/// let (mut alarms, mut mean) = ([false; 2], [0f32]);
/// program.run(
///     [("readings", RecordView::from_rows(&rows))],
///     [("alarm", ViewMut::from(&mut alarms)), ("mean", ViewMut::new(&mut mean, []))],
/// )?;
/// assert_eq!((alarms, mean), ([true, false], [30.0]));
///
/// // Filtering carries every field.
/// let mut kept = [Reading { sensor: 0, alarm: false, temperature: 0.0 }; 1];
/// RecordView::from_rows(&rows).filter_into(&alarms, RecordViewMut::from_rows(&mut kept))?;
/// assert_eq!(kept, [rows[0]]);
/// # Ok::<(), Error>(())
/// ```
#[macro_export]
macro_rules! record {
    ($row:ident { $($field:ident),+ $(,)? }) => {
        // SAFETY: names, offsets and types are those of the struct's own fields, and every value of the
        // types that `RecordField` has is one of the field.
        #[allow(unsafe_code)]
        unsafe impl $crate::Record for $row {
            fn record_type() -> &'static $crate::RecordType {
                // A field that is not listed would not be carried along.
                let _every_field_is_listed = |row: $row| { let $row { $($field: _),+ } = row; };
                static TYPE: ::std::sync::OnceLock<$crate::RecordType> = ::std::sync::OnceLock::new();
                TYPE.get_or_init(|| {
                    $crate::__record::struct_type::<$row>(::std::vec![$((
                        ::core::stringify!($field),
                        $crate::__record::field_type(|row: &$row| row.$field),
                        ::core::mem::offset_of!($row, $field),
                    )),+])
                })
            }
        }
    };
}
