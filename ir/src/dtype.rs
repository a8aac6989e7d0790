//! Element types, typed scalars, and the promotion rules between them.

use std::fmt;
use std::hash::{Hash, Hasher};

/// The type of an array's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DType {
    /// One byte, 0 or 1.
    Bool,
    /// Signed 32-bit integer; arithmetic wraps around.
    I32,
    /// Signed 64-bit integer; arithmetic wraps around.
    I64,
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary64.
    F64,
}

/// The family an element type belongs to; promotion moves up this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Category {
    /// `bool`.
    Bool,
    /// Signed integers.
    Int,
    /// Floating point.
    Float,
}

/// The facts about one dtype: one row each, everything else follows from them.
struct Facts {
    name: &'static str,
    bytes: usize,
    category: Category,
    /// Bits of an integer that the type holds exactly (floats: the significand).
    exact_integer_bits: u32,
}

impl DType {
    /// Every dtype, in promotion order.
    pub const ALL: [Self; 5] = [Self::Bool, Self::I32, Self::I64, Self::F32, Self::F64];

    const fn facts(self) -> Facts {
        const fn row(name: &'static str, bytes: usize, category: Category, exact_integer_bits: u32) -> Facts {
            Facts { name, bytes, category, exact_integer_bits }
        }
        match self {
            Self::Bool => row("bool", 1, Category::Bool, 1),
            Self::I32 => row("i32", 4, Category::Int, 31),
            Self::I64 => row("i64", 8, Category::Int, 63),
            Self::F32 => row("f32", 4, Category::Float, 24),
            Self::F64 => row("f64", 8, Category::Float, 53),
        }
    }

    /// The name used in diagnostics and plans, such as `f64`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// Bytes of one element.
    #[must_use]
    pub const fn bytes(self) -> usize {
        self.facts().bytes
    }

    /// The family of the type.
    #[must_use]
    pub const fn category(self) -> Category {
        self.facts().category
    }

    /// Is it a floating-point type?
    #[must_use]
    pub const fn is_float(self) -> bool {
        matches!(self.category(), Category::Float)
    }

    /// Is it an integer type (`bool` is not)?
    #[must_use]
    pub const fn is_int(self) -> bool {
        matches!(self.category(), Category::Int)
    }

    /// The dtype that holds both operands of a mixed operation: NumPy's `result_type`.
    ///
    /// ```
    /// use fusewire_ir::DType::{Bool, F32, F64, I32, I64};
    /// assert_eq!(F32.promote(F64), F64);
    /// assert_eq!(I32.promote(F32), F64); // f32 cannot hold every i32
    /// assert_eq!(Bool.promote(I64), I64);
    /// ```
    #[must_use]
    pub fn promote(self, other: Self) -> Self {
        let (low, high) = if (self.category(), self.bytes()) <= (other.category(), other.bytes()) {
            (self, other)
        } else {
            (other, self)
        };
        if low.category() == high.category()
            || low.facts().exact_integer_bits <= high.facts().exact_integer_bits
        {
            return high;
        }
        // An integer that does not fit the float exactly: NumPy takes the widest float.
        Self::F64
    }

    /// The dtype of an operation between an array of this dtype and a Rust number (NEP 50: the
    /// number gives way, and only its family counts).
    #[must_use]
    pub fn promote_weak(self, weak: Weak) -> Self {
        if weak.category() <= self.category() { self } else { weak.default_dtype() }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

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
        let float = match self {
            Self::Bool(v) => f64::from(u8::from(v)),
            Self::Int(v) => v as f64,
            Self::Float(v) => v,
        };
        let int = match self {
            Self::Bool(v) => i128::from(v),
            Self::Int(v) => v,
            Self::Float(v) => v as i128,
        };
        Some(match dtype {
            DType::Bool => Scalar::Bool(float != 0.0),
            DType::I32 => Scalar::I32(i32::try_from(int).ok()?),
            DType::I64 => Scalar::I64(i64::try_from(int).ok()?),
            // Straight from the integer where it is one: i128 -> f64 -> f32 would round twice.
            DType::F32 => Scalar::F32(match self {
                Self::Int(v) => v as f32,
                _ => float as f32,
            }),
            DType::F64 => Scalar::F64(float),
        })
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

/// One typed element. Equality and hashing go by bits, so that `-0.0` and `0.0` stay apart and a
/// NaN equals itself: a graph that shares equal constants must not merge different ones.
#[derive(Clone, Copy, Debug)]
pub enum Scalar {
    /// A `bool` element.
    Bool(bool),
    /// An `i32` element.
    I32(i32),
    /// An `i64` element.
    I64(i64),
    /// An `f32` element.
    F32(f32),
    /// An `f64` element.
    F64(f64),
}

impl Scalar {
    /// The dtype of the element.
    #[must_use]
    pub const fn dtype(self) -> DType {
        match self {
            Self::Bool(_) => DType::Bool,
            Self::I32(_) => DType::I32,
            Self::I64(_) => DType::I64,
            Self::F32(_) => DType::F32,
            Self::F64(_) => DType::F64,
        }
    }

    /// The bit pattern, zero-extended to 64 bits.
    #[must_use]
    pub fn bits(self) -> u64 {
        match self {
            Self::Bool(v) => u64::from(v),
            Self::I32(v) => u64::from(v as u32),
            Self::I64(v) => v as u64,
            Self::F32(v) => u64::from(v.to_bits()),
            Self::F64(v) => v.to_bits(),
        }
    }

    /// The value as `f64` (an `i64` beyond 2^53 rounds).
    #[must_use]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Bool(v) => f64::from(u8::from(v)),
            Self::I32(v) => f64::from(v),
            Self::I64(v) => v as f64,
            Self::F32(v) => f64::from(v),
            Self::F64(v) => v,
        }
    }

    /// The value as `i64`; floats truncate, and what does not fit becomes `i64::MIN`.
    #[must_use]
    pub fn as_i64(self) -> i64 {
        match self {
            Self::Bool(v) => i64::from(v),
            Self::I32(v) => i64::from(v),
            Self::I64(v) => v,
            Self::F32(_) | Self::F64(_) => {
                let value = self.as_f64();
                if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value) {
                    value as i64
                } else {
                    i64::MIN
                }
            }
        }
    }

    /// Is it anything but zero (NaN is)?
    #[must_use]
    pub fn as_bool(self) -> bool {
        match self {
            Self::Bool(v) => v,
            Self::I32(v) => v != 0,
            Self::I64(v) => v != 0,
            Self::F32(v) => v != 0.0,
            Self::F64(v) => v != 0.0,
        }
    }

    /// The value converted as `astype` does: integers wrap around, floats round to nearest, a float
    /// that no integer of the type holds (NaN included) becomes the type's smallest value.
    #[must_use]
    pub fn cast(self, dtype: DType) -> Self {
        match dtype {
            DType::Bool => Self::Bool(self.as_bool()),
            DType::I32 => Self::I32(match self {
                Self::F32(_) | Self::F64(_) => {
                    let value = self.as_f64().trunc();
                    if (-2_147_483_648.0..=2_147_483_647.0).contains(&value) {
                        value as i32
                    } else {
                        i32::MIN
                    }
                }
                _ => self.as_i64() as i32,
            }),
            DType::I64 => Self::I64(self.as_i64()),
            DType::F32 => Self::F32(match self {
                Self::I64(v) => v as f32,
                Self::F32(v) => v,
                _ => self.as_f64() as f32,
            }),
            DType::F64 => Self::F64(self.as_f64()),
        }
    }
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
            Self::Bool(v) => write!(f, "{v}"),
            Self::I32(v) => write!(f, "{v}"),
            Self::I64(v) => write!(f, "{v}"),
            Self::F32(v) => write!(f, "{v:?}"),
            Self::F64(v) => write!(f, "{v:?}"),
        }
    }
}

macro_rules! scalar_from {
    ($($variant:ident: $host:ty;)+) => { $(
        impl From<$host> for Scalar {
            fn from(value: $host) -> Self {
                Self::$variant(value)
            }
        }
    )+ };
}
scalar_from! { Bool: bool; I32: i32; I64: i64; F32: f32; F64: f64; }
