//! Element types: the table of dtypes, and the rules by which they are promoted (NEP 50).

use crate::scalar::Weak;
use std::fmt;

/// Hands the rows of the table of dtypes to a macro: variant, name in Rust, category, bits of an integer
/// that the type holds exactly (floats: the significand), documentation.
#[macro_export]
macro_rules! dtypes {
    ($callback:path) => {
        $callback! {
            /// One byte, 0 or 1.
            Bool: bool, Bool, 1;
            /// Signed 8-bit integer; arithmetic wraps around.
            I8: i8, Int, 7;
            /// Unsigned 8-bit integer; arithmetic wraps around.
            U8: u8, Int, 8;
            /// Signed 16-bit integer; arithmetic wraps around.
            I16: i16, Int, 15;
            /// Unsigned 16-bit integer; arithmetic wraps around.
            U16: u16, Int, 16;
            /// Signed 32-bit integer; arithmetic wraps around.
            I32: i32, Int, 31;
            /// Unsigned 32-bit integer; arithmetic wraps around.
            U32: u32, Int, 32;
            /// Signed 64-bit integer; arithmetic wraps around.
            I64: i64, Int, 63;
            /// Unsigned 64-bit integer; arithmetic wraps around.
            U64: u64, Int, 64;
            /// IEEE 754 binary16: stored so, computed in `f32`, every result rounded.
            F16: $crate::half::f16, Float, 11;
            /// The upper half of an `f32` (bfloat16): stored so, computed in `f32`, every result rounded.
            BF16: $crate::half::bf16, Float, 8;
            /// IEEE 754 binary32.
            F32: f32, Float, 24;
            /// IEEE 754 binary64.
            F64: f64, Float, 53;
        }
    };
}

/// The family an element type belongs to; promotion moves up this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Category {
    /// `bool`.
    Bool,
    /// Integers, with and without sign.
    Int,
    /// Floating point.
    Float,
}

macro_rules! define {
    ($($(#[doc = $doc:literal])+ $variant:ident: $host:ty, $category:ident, $exact:literal;)+) => {
        /// The type of an array's elements.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum DType { $( $(#[doc = $doc])+ $variant, )+ }

        impl DType {
            /// Every dtype, in the table's order.
            pub const ALL: [Self; [$(stringify!($variant)),+].len()] = [$(Self::$variant),+];

            /// The name used in diagnostics and plans, such as `f64`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    Self::F16 => "f16",
                    Self::BF16 => "bf16",
                    $( #[allow(unreachable_patterns)] Self::$variant => stringify!($host), )+
                }
            }

            /// Bytes of one element.
            #[must_use]
            pub const fn bytes(self) -> usize {
                match self { $( Self::$variant => size_of::<$host>(), )+ }
            }

            /// The family of the type.
            #[must_use]
            pub const fn category(self) -> Category {
                match self { $( Self::$variant => Category::$category, )+ }
            }

            /// How many bits an integer may have, but for its sign, for this type to hold it exactly:
            /// `iinfo` bits, or the significand of a float.
            #[must_use]
            pub const fn exact_integer_bits(self) -> u32 {
                match self { $( Self::$variant => $exact, )+ }
            }
        }
    };
}
dtypes!(define);

/// What is known of an integer dtype: NumPy's `iinfo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntInfo {
    /// Bits of an element.
    pub bits: u32,
    /// The smallest value.
    pub min: i128,
    /// The largest value.
    pub max: i128,
}

/// What is known of a float dtype: NumPy's `finfo`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FloatInfo {
    /// Bits of an element.
    pub bits: u32,
    /// Bits of the significand that are stored.
    pub mantissa_bits: u32,
    /// The distance from 1 to the next larger number.
    pub epsilon: f64,
    /// The largest finite number.
    pub max: f64,
    /// The smallest positive number with a full significand.
    pub smallest_normal: f64,
    /// The smallest positive number.
    pub smallest_subnormal: f64,
}

impl DType {
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

    /// Is it an integer type without negative numbers?
    #[must_use]
    pub const fn is_unsigned(self) -> bool {
        matches!(self, Self::U8 | Self::U16 | Self::U32 | Self::U64)
    }

    /// Is it a signed integer type?
    #[must_use]
    pub const fn is_signed(self) -> bool {
        self.is_int() && !self.is_unsigned()
    }

    /// The dtype that elements are computed in: `f32` for floats of 16 bits, else the dtype itself.
    #[must_use]
    pub const fn computed(self) -> Self {
        match self {
            Self::F16 | Self::BF16 => Self::F32,
            other => other,
        }
    }

    /// The signed or unsigned integer type of this many bytes: 1, 2, 4 or 8.
    #[must_use]
    pub const fn int_of(bytes: usize, signed: bool) -> Self {
        match (bytes, signed) {
            (1, true) => Self::I8,
            (1, false) => Self::U8,
            (2, true) => Self::I16,
            (2, false) => Self::U16,
            (4, true) => Self::I32,
            (4, false) => Self::U32,
            (_, true) => Self::I64,
            (_, false) => Self::U64,
        }
    }

    /// The facts about an integer dtype; `None` for others.
    #[must_use]
    pub const fn int_info(self) -> Option<IntInfo> {
        if !self.is_int() {
            return None;
        }
        let bits = 8 * self.bytes() as u32;
        let value_bits = self.exact_integer_bits();
        let max = (1i128 << value_bits) - 1;
        Some(IntInfo { bits, min: if self.is_unsigned() { 0 } else { -max - 1 }, max })
    }

    /// The facts about a float dtype; `None` for others.
    ///
    /// ```
    /// use fusewire_ir::DType;
    /// let half = DType::F16.float_info().unwrap();
    /// assert_eq!((half.epsilon, half.max, half.smallest_normal), (2f64.powi(-10), 65504.0, 2f64.powi(-14)));
    /// assert_eq!(DType::U16.int_info().unwrap().max, 65535);
    /// ```
    #[must_use]
    pub fn float_info(self) -> Option<FloatInfo> {
        if !self.is_float() {
            return None;
        }
        let bits = 8 * self.bytes() as u32;
        let mantissa_bits = self.exact_integer_bits() - 1;
        let exponent_bits = bits - 1 - mantissa_bits;
        let largest_exponent = (1i32 << (exponent_bits - 1)) - 1;
        let power = |exponent: i32| 2f64.powi(exponent);
        let epsilon = power(-(mantissa_bits as i32));
        let smallest_normal = power(1 - largest_exponent);
        Some(FloatInfo {
            bits,
            mantissa_bits,
            epsilon,
            max: (2.0 - epsilon) * power(largest_exponent),
            smallest_normal,
            smallest_subnormal: smallest_normal * epsilon,
        })
    }

    /// The dtype that holds both operands of a mixed operation: NumPy's `promote_types`, in which
    /// bfloat16 takes part as another float of 16 bits.
    ///
    /// ```
    /// use fusewire_ir::DType::{BF16, Bool, F16, F32, F64, I8, I16, I32, I64, U8, U64};
    /// assert_eq!(F32.promote(F64), F64);
    /// assert_eq!(I32.promote(F32), F64); // f32 cannot hold every i32
    /// assert_eq!((I8.promote(U8), I64.promote(U64)), (I16, F64));
    /// assert_eq!((U8.promote(F16), I16.promote(F16), F16.promote(BF16)), (F16, F32, F32));
    /// assert_eq!(Bool.promote(I64), I64);
    /// ```
    #[must_use]
    pub fn promote(self, other: Self) -> Self {
        let (low, high) = if self.category() <= other.category() { (self, other) } else { (other, self) };
        match (low.category(), high.category()) {
            (Category::Bool, _) => high,
            (Category::Int, Category::Int) => Self::promote_ints(low, high),
            // The first float that holds both.
            _ => {
                let holds = |float: &Self| {
                    let fits = low.exact_integer_bits() <= float.exact_integer_bits();
                    let wider = float.bytes() > high.bytes() || *float == high;
                    // A bfloat16 has fewer digits than an f16, and a larger range.
                    let ranges = low.is_int() || low == *float || float.bytes() > 2;
                    fits && wider && ranges
                };
                [high, Self::F32, Self::F64].into_iter().find(holds).unwrap_or(Self::F64)
            }
        }
    }

    fn promote_ints(a: Self, b: Self) -> Self {
        let (narrow, wide) = if a.bytes() <= b.bytes() { (a, b) } else { (b, a) };
        if a.is_unsigned() == b.is_unsigned() || (wide.is_signed() && narrow.bytes() < wide.bytes()) {
            return wide;
        }
        match wide.bytes() {
            8 => Self::F64,
            bytes => Self::int_of(2 * bytes, true),
        }
    }

    /// The dtype that holds all of these: NumPy's `result_type`; `None` for none. The order does not
    /// matter: what is of the highest family is promoted first.
    pub fn result_type(dtypes: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut dtypes: Vec<Self> = dtypes.into_iter().collect();
        dtypes.sort_by_key(|dtype| std::cmp::Reverse(dtype.category()));
        dtypes.into_iter().reduce(Self::promote)
    }

    /// Does every value of this dtype survive the conversion? NumPy's `can_cast` with "safe" rules, by
    /// which `f64` is good enough for 64-bit integers.
    #[must_use]
    pub fn can_cast(self, to: Self) -> bool {
        self.promote(to) == to
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
