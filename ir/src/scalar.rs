//! Single elements, and numbers of the host language.

use crate::dtype::{Category, DType};
use crate::dtypes;
use half::{bf16, f16};
use std::fmt;
use std::hash::{Hash, Hasher};

/// A number from the host language: it takes the dtype of the array it meets (NEP 50).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Weak {
    /// A Rust `bool`.
    Bool(bool),
    /// Any Rust integer.
    Int(i128),
    /// A Rust `f32` or `f64`.
    Float(f64),
}

impl Weak {
    /// The family of the number.
    #[must_use]
    pub const fn category(self) -> Category {
        match self {
            Self::Bool(_) => Category::Bool,
            Self::Int(_) => Category::Int,
            Self::Float(_) => Category::Float,
        }
    }

    /// The dtype it takes where no array decides: `bool`, `i64` or `f64`.
    #[must_use]
    pub const fn default_dtype(self) -> DType {
        match self {
            Self::Bool(_) => DType::Bool,
            Self::Int(_) => DType::I64,
            Self::Float(_) => DType::F64,
        }
    }

    /// The number as a scalar of `dtype`, or `None` where an integer does not fit an integer type.
    /// A float rounds (also to infinity); `bool` takes anything but zero as true.
    #[must_use]
    pub fn to_scalar(self, dtype: DType) -> Option<Scalar> {
        let int = match self {
            Self::Bool(v) => i128::from(v),
            Self::Int(v) => v,
            Self::Float(v) => return Some(Scalar::F64(v).cast(dtype)),
        };
        match dtype.int_info() {
            Some(info) => (info.min..=info.max).contains(&int).then(|| Scalar::from_int(int, dtype)),
            None => Some(Scalar::from_int(int, dtype)),
        }
    }
}

impl fmt::Display for Weak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(v) => write!(f, "{v}"),
            Self::Int(v) => write!(f, "{v}"),
            Self::Float(v) => write!(f, "{v:?}"),
        }
    }
}

macro_rules! weak_from {
    ($($variant:ident($inner:ty): $($host:ty),+;)+) => { $($(
        impl From<$host> for Weak {
            fn from(value: $host) -> Self {
                Self::$variant(value as $inner)
            }
        }
    )+)+ };
}
weak_from! {
    Bool(bool): bool;
    Int(i128): i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, usize;
    Float(f64): f32, f64;
}

macro_rules! define {
    ($($(#[doc = $doc:literal])+ $variant:ident: $host:ty, $category:ident, $exact:literal;)+) => {
        /// One typed element. Equality and hashing go by bits, so that `-0.0` and `0.0` stay apart and a
        /// NaN equals itself: a graph that shares equal constants must not merge different ones.
        #[derive(Clone, Copy, Debug)]
        pub enum Scalar { $( $(#[doc = $doc])+ $variant($host), )+ }

        impl Scalar {
            /// The dtype of the element.
            #[must_use]
            pub const fn dtype(self) -> DType {
                match self { $( Self::$variant(_) => DType::$variant, )+ }
            }

            /// The bit pattern, zero-extended to 64 bits.
            #[must_use]
            pub fn bits(self) -> u64 {
                match self { $( Self::$variant(v) => v.to_bit_pattern(), )+ }
            }

            /// The element with this bit pattern; higher bits do not count, and `bool` is anything but 0.
            #[must_use]
            pub fn from_bits(bits: u64, dtype: DType) -> Self {
                match dtype { $( DType::$variant => Self::$variant(<$host>::from_bit_pattern(bits)), )+ }
            }

            /// The value as `f64` (integers beyond 2^53 round).
            #[must_use]
            pub fn as_f64(self) -> f64 {
                match self { $( Self::$variant(v) => v.to_float(), )+ }
            }

            /// An integer as an element of a dtype: integers wrap around, floats round to nearest.
            #[must_use]
            pub fn from_int(value: i128, dtype: DType) -> Self {
                match dtype { $( DType::$variant => Self::$variant(<$host>::of_int(value)), )+ }
            }
        }

        $(impl From<$host> for Scalar {
            fn from(value: $host) -> Self {
                Self::$variant(value)
            }
        })+
    };
}
dtypes!(define);

/// What every Rust type behind a dtype can do.
trait Host: Copy {
    fn to_bit_pattern(self) -> u64;
    fn from_bit_pattern(bits: u64) -> Self;
    fn to_float(self) -> f64;
    fn of_int(value: i128) -> Self;
}

impl Host for bool {
    fn to_bit_pattern(self) -> u64 {
        u64::from(self)
    }
    fn from_bit_pattern(bits: u64) -> Self {
        bits as u8 != 0
    }
    fn to_float(self) -> f64 {
        f64::from(u8::from(self))
    }
    fn of_int(value: i128) -> Self {
        value != 0
    }
}

macro_rules! host_ints {
    ($($host:ty: $unsigned:ty),+) => { $(
        impl Host for $host {
            fn to_bit_pattern(self) -> u64 {
                u64::from(self as $unsigned)
            }
            fn from_bit_pattern(bits: u64) -> Self {
                bits as $host
            }
            fn to_float(self) -> f64 {
                self as f64
            }
            fn of_int(value: i128) -> Self {
                value as $host
            }
        }
    )+ };
}
host_ints!(i8: u8, i16: u16, i32: u32, i64: u64, u8: u8, u16: u16, u32: u32, u64: u64);

macro_rules! host_floats {
    ($($host:ty: $bits:ty, $of_int:expr;)+) => { $(
        impl Host for $host {
            fn to_bit_pattern(self) -> u64 {
                u64::from(self.to_bits())
            }
            fn from_bit_pattern(bits: u64) -> Self {
                Self::from_bits(bits as $bits)
            }
            fn to_float(self) -> f64 {
                self.into()
            }
            fn of_int(value: i128) -> Self {
                let of_int: fn(i128) -> $host = $of_int;
                of_int(value)
            }
        }
    )+ };
}
host_floats! {
    // By way of f32, as NumPy does it.
    f16: u16, |value| f16::from_f32(value as f32);
    bf16: u16, |value| bf16::from_f32(value as f32);
    // Straight from the integer: by way of f64 it would be rounded twice.
    f32: u32, |value| value as f32;
    f64: u64, |value| value as f64;
}

impl Scalar {
    /// The value of an integer or a `bool`; floats truncate, NaN is 0, and what is beyond 128 bits is
    /// the nearest that fits.
    #[must_use]
    pub fn as_int(self) -> i128 {
        match self {
            Self::Bool(v) => i128::from(v),
            Self::I8(v) => i128::from(v),
            Self::U8(v) => i128::from(v),
            Self::I16(v) => i128::from(v),
            Self::U16(v) => i128::from(v),
            Self::I32(v) => i128::from(v),
            Self::U32(v) => i128::from(v),
            Self::I64(v) => i128::from(v),
            Self::U64(v) => i128::from(v),
            Self::F16(_) | Self::BF16(_) | Self::F32(_) | Self::F64(_) => self.as_f64() as i128,
        }
    }

    /// The value as `i64`; floats truncate, and what does not fit becomes `i64::MIN`; a `u64` wraps around.
    #[must_use]
    pub fn as_i64(self) -> i64 {
        match self.cast(DType::I64) {
            Self::I64(v) => v,
            _ => 0,
        }
    }

    /// Is it anything but zero (NaN is)?
    #[must_use]
    pub fn as_bool(self) -> bool {
        if self.dtype().is_float() { self.as_f64() != 0.0 } else { self.as_int() != 0 }
    }

    /// The value converted as `astype` does. Integers wrap around; floats round to nearest, ties to even.
    /// Floats truncate to integers: to 8 and 16 bits by way of `i32`, to `u32` by way of `i64`, wrapping
    /// around, where the value fits those; what does not fit, NaN included, is the smallest `i32` or `i64`
    /// (the answer of x86-64's instructions) and wraps around as well. A `u64` takes what fits, wraps
    /// negative values from -2^63 on, and is 2^63 else.
    #[must_use]
    pub fn cast(self, dtype: DType) -> Self {
        if dtype == DType::Bool {
            return Self::Bool(self.as_bool());
        }
        if !self.dtype().is_float() {
            return Self::from_int(self.as_int(), dtype);
        }
        let value = self.as_f64();
        match dtype {
            DType::F64 => Self::F64(value),
            DType::F32 => Self::F32(match self {
                // Not through f64, which could quiet a NaN.
                Self::F32(v) => v,
                _ => value as f32,
            }),
            DType::F16 => Self::F16(match self {
                Self::F16(v) => v,
                _ => f16::from_f32(rounded_to_odd(value)),
            }),
            DType::BF16 => Self::BF16(match self {
                Self::BF16(v) => v,
                _ => bf16::from_f32(rounded_to_odd(value)),
            }),
            _ => Self::from_int(truncated(value, dtype), dtype),
        }
    }
}

/// A float as the integer that is wrapped around to a dtype.
fn truncated(value: f64, dtype: DType) -> i128 {
    let whole = value.trunc();
    let within = |low: f64, high: f64| low <= whole && whole < high;
    const TWO_31: f64 = 2_147_483_648.0;
    const TWO_63: f64 = 9_223_372_036_854_775_808.0;
    match dtype {
        DType::U64 if within(-TWO_63, 2.0 * TWO_63) => whole as i128,
        DType::U64 => 1 << 63,
        DType::I64 | DType::U32 if within(-TWO_63, TWO_63) => whole as i128,
        DType::I64 | DType::U32 => i128::from(i64::MIN),
        _ if within(-TWO_31, TWO_31) => whole as i128,
        _ => i128::from(i32::MIN),
    }
}

/// As `f32`, with the last bit set where that is inexact: rounding it once more, to 16 bits, gives what
/// rounding once would (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
fn rounded_to_odd(value: f64) -> f32 {
    let nearest = value as f32;
    let back = f64::from(nearest);
    if back == value || value.is_nan() {
        return nearest;
    }
    let towards_zero = nearest.to_bits() - u32::from(back.abs() > value.abs());
    f32::from_bits(towards_zero | 1)
}

impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        (self.dtype(), self.bits()) == (other.dtype(), other.bits())
    }
}
impl Eq for Scalar {}
impl Hash for Scalar {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.dtype(), self.bits()).hash(state);
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::F16(v) => write!(f, "{:?}", v.to_f32()),
            Self::BF16(v) => write!(f, "{:?}", v.to_f32()),
            Self::F32(v) => write!(f, "{v:?}"),
            Self::F64(v) => write!(f, "{v:?}"),
            Self::Bool(v) => write!(f, "{v}"),
            _ => write!(f, "{}", self.as_int()),
        }
    }
}
