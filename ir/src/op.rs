//! The op table: everything about an element-wise operation stands in its row.
//!
//! A row gives the variant of [`ElementOp`], the method on an expression, the operands, the dtype
//! rule, the cost, the accuracy, the lowering into [`Primitive`]s (or a call of a vector function)
//! and the reference semantics. The enum, the builder methods, the documentation and the tests
//! follow from the rows; `docs/adding-an-op.md` adds one.

use crate::body::{BodyBuilder, Primitive, Value};
use crate::dtype::{DType, Scalar};
use crate::reference as of;
use crate::rules::DTypeRule;

/// Hands the rows to a macro. The first operand of every row is `self` in the method.
#[macro_export]
macro_rules! element_ops {
    ($callback:path) => {
        $callback! {
            /// The sum. Integers wrap around; on `bool` it is logical or.
            Add: add(other), aliases ["+"],
                dtypes Number, cost 1, ulp 0.0,
                lower |b, v| if b.dtype(v[0]) == DType::Bool { b.apply(Primitive::Or, v) } else { b.apply(Primitive::Add, v) },
                reference |v| of::number2(v, i64::wrapping_add, |a, b| a + b);
            /// The difference. Integers wrap around; `bool` is refused, as in NumPy: use `^`.
            Subtract: subtract(other), aliases ["-", "minus"],
                dtypes NotBool, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::Subtract, v),
                reference |v| of::number2(v, i64::wrapping_sub, |a, b| a - b);
            /// The product. Integers wrap around; on `bool` it is logical and.
            Multiply: multiply(other), aliases ["*", "times"],
                dtypes Number, cost 1, ulp 0.0,
                lower |b, v| if b.dtype(v[0]) == DType::Bool { b.apply(Primitive::And, v) } else { b.apply(Primitive::Multiply, v) },
                reference |v| of::number2(v, i64::wrapping_mul, |a, b| a * b);
            /// The quotient in floating point: integers become `f64` first.
            Divide: divide(other), aliases ["/", "true_divide"],
                dtypes Float, cost 6, ulp 0.0,
                lower |b, v| b.apply(Primitive::Divide, v),
                reference |v| of::float2(v, |a, b| a / b);
            /// The quotient rounded down. Integers by zero give 0.
            FloorDivide: floor_divide(other), aliases ["//"],
                dtypes NotBool, cost 20, ulp 0.0,
                lower |b, v| if b.dtype(v[0]).is_float() { b.call(ElementOp::FloorDivide, v) } else { b.apply(Primitive::FloorDivide, v) },
                reference of::floor_divide;
            /// The remainder of `floor_divide`: it has the sign of the divisor. Integers by zero give 0.
            Remainder: remainder(other), aliases ["%", "mod"],
                dtypes NotBool, cost 20, ulp 0.0,
                lower |b, v| if b.dtype(v[0]).is_float() { b.call(ElementOp::Remainder, v) } else { b.apply(Primitive::Remainder, v) },
                reference of::remainder;
            /// The value with its sign turned. The smallest integer stays as it is.
            Negative: negative(), aliases ["neg", "-"],
                dtypes NotBool, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::Negate, v),
                reference |v| of::number1(v, i64::wrapping_neg, |a| -a);
            /// The value without its sign. The smallest integer stays as it is.
            Absolute: absolute(), aliases ["abs"],
                dtypes Number, cost 1, ulp 0.0,
                lower |b, v| if b.dtype(v[0]) == DType::Bool { v[0] } else { b.apply(Primitive::Absolute, v) },
                reference |v| of::number1(v, i64::wrapping_abs, f64::abs);
            /// The value times itself.
            Square: square(), aliases ["pow2"],
                dtypes NotBool, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::Multiply, &[v[0], v[0]]),
                reference |v| of::number1(v, |a| a.wrapping_mul(a), |a| a * a);
            /// The square root, correctly rounded; NaN below zero. Integers become `f64`.
            Sqrt: sqrt(), aliases ["square_root"],
                dtypes Float, cost 6, ulp 0.0,
                lower |b, v| b.apply(Primitive::SquareRoot, v),
                reference |v| of::float1(v, f64::sqrt);
            /// e to the power of the value. Integers become `f64`.
            Exp: exp(), aliases ["exponential"],
                dtypes Float, cost 16, ulp 0.9,
                lower |b, v| b.call(ElementOp::Exp, v),
                reference |v| of::float1(v, f64::exp);
            /// The nearest integer below, in the same dtype.
            Floor: floor(), aliases ["round_down"],
                dtypes Number, cost 1, ulp 0.0,
                lower |b, v| if b.dtype(v[0]).is_float() { b.apply(Primitive::Floor, v) } else { v[0] },
                reference |v| of::number1(v, |a| a, f64::floor);
            /// The nearest integer above, in the same dtype.
            Ceil: ceil(), aliases ["round_up"],
                dtypes Number, cost 1, ulp 0.0,
                lower |b, v| if b.dtype(v[0]).is_float() { b.apply(Primitive::Ceil, v) } else { v[0] },
                reference |v| of::number1(v, |a| a, f64::ceil);
            /// The nearest integer towards zero, in the same dtype.
            Trunc: trunc(), aliases ["fix"],
                dtypes Number, cost 1, ulp 0.0,
                lower |b, v| if b.dtype(v[0]).is_float() { b.apply(Primitive::Truncate, v) } else { v[0] },
                reference |v| of::number1(v, |a| a, f64::trunc);
            /// The nearest integer, halves to even, in the same dtype.
            Rint: rint(), aliases ["round"],
                dtypes Number, cost 1, ulp 0.0,
                lower |b, v| if b.dtype(v[0]).is_float() { b.apply(Primitive::RoundEven, v) } else { v[0] },
                reference |v| of::number1(v, |a| a, f64::round_ties_even);
            /// The smaller of two values; NaN where either is NaN.
            Minimum: minimum(other), aliases ["min2"],
                dtypes Number, cost 2, ulp 0.0,
                lower |b, v| if b.dtype(v[0]) == DType::Bool { b.apply(Primitive::And, v) } else { b.apply(Primitive::Minimum, v) },
                reference |v| if of::is_nan(v[0]) || of::less_equal(v[0], v[1]) { v[0] } else { v[1] };
            /// The larger of two values; NaN where either is NaN.
            Maximum: maximum(other), aliases ["max2"],
                dtypes Number, cost 2, ulp 0.0,
                lower |b, v| if b.dtype(v[0]) == DType::Bool { b.apply(Primitive::Or, v) } else { b.apply(Primitive::Maximum, v) },
                reference |v| if of::is_nan(v[0]) || of::less_equal(v[1], v[0]) { v[0] } else { v[1] };
            /// Is it equal? `bool`.
            Equal: equal(other), aliases ["==", "eq"],
                dtypes Comparison, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::Equal, v),
                reference |v| Scalar::Bool(of::equal(v[0], v[1]));
            /// Is it different? `bool`; true for NaN.
            NotEqual: not_equal(other), aliases ["!=", "ne"],
                dtypes Comparison, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::NotEqual, v),
                reference |v| Scalar::Bool(!of::equal(v[0], v[1]));
            /// Is it less? `bool`.
            Less: less(other), aliases ["<", "lt"],
                dtypes Comparison, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::Less, v),
                reference |v| Scalar::Bool(of::less(v[0], v[1]));
            /// Is it less or equal? `bool`.
            LessEqual: less_equal(other), aliases ["<=", "le"],
                dtypes Comparison, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::LessEqual, v),
                reference |v| Scalar::Bool(of::less_equal(v[0], v[1]));
            /// Is it greater? `bool`.
            Greater: greater(other), aliases [">", "gt"],
                dtypes Comparison, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::Less, &[v[1], v[0]]),
                reference |v| Scalar::Bool(of::less(v[1], v[0]));
            /// Is it greater or equal? `bool`.
            GreaterEqual: greater_equal(other), aliases [">=", "ge"],
                dtypes Comparison, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::LessEqual, &[v[1], v[0]]),
                reference |v| Scalar::Bool(of::less_equal(v[1], v[0]));
            /// Is it NaN? `bool`.
            IsNan: isnan(), aliases ["is_nan"],
                dtypes Comparison, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::NotEqual, &[v[0], v[0]]),
                reference |v| Scalar::Bool(of::is_nan(v[0]));
            /// Are both true (anything but zero)? `bool`.
            LogicalAnd: logical_and(other), aliases ["&&"],
                dtypes Logical, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::And, v),
                reference |v| Scalar::Bool(v[0].as_bool() && v[1].as_bool());
            /// Is either true (anything but zero)? `bool`.
            LogicalOr: logical_or(other), aliases ["||"],
                dtypes Logical, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::Or, v),
                reference |v| Scalar::Bool(v[0].as_bool() || v[1].as_bool());
            /// Is exactly one true (anything but zero)? `bool`.
            LogicalXor: logical_xor(other), aliases ["xor"],
                dtypes Logical, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::Xor, v),
                reference |v| Scalar::Bool(v[0].as_bool() != v[1].as_bool());
            /// Is it false (zero)? `bool`.
            LogicalNot: logical_not(), aliases ["not"],
                dtypes Logical, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::Not, v),
                reference |v| Scalar::Bool(!v[0].as_bool());
            /// Bit by bit and, on integers and `bool`.
            BitwiseAnd: bitwise_and(other), aliases ["&"],
                dtypes Bits, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::And, v),
                reference |v| of::bits2(v, |a, b| a & b);
            /// Bit by bit or, on integers and `bool`.
            BitwiseOr: bitwise_or(other), aliases ["|"],
                dtypes Bits, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::Or, v),
                reference |v| of::bits2(v, |a, b| a | b);
            /// Bit by bit exclusive or, on integers and `bool`.
            BitwiseXor: bitwise_xor(other), aliases ["^"],
                dtypes Bits, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::Xor, v),
                reference |v| of::bits2(v, |a, b| a ^ b);
            /// Every bit turned; logical not on `bool`.
            Invert: invert(), aliases ["~", "!", "bitwise_not"],
                dtypes Bits, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::Not, v),
                reference of::invert;
            /// The first argument where this mask is true (anything but zero), else the second:
            /// NumPy's `where`.
            Select: select(if_true, if_false), aliases ["where", "choose"],
                dtypes Select, cost 1, ulp 0.0,
                lower |b, v| b.select(v[0], v[1], v[2]),
                reference |v| if v[0].as_bool() { v[1] } else { v[2] };
        }
    };
}

type Lower = fn(&mut BodyBuilder, &[Value]) -> Value;
type Reference = fn(&[Scalar]) -> Scalar;

/// One row of the table.
#[derive(Debug)]
pub struct ElementRow {
    /// The method's name, also used in plans and diagnostics.
    pub name: &'static str,
    /// The operands after the first, by name.
    pub operands: &'static [&'static str],
    /// Other names people look for.
    pub aliases: &'static [&'static str],
    /// What it computes.
    pub doc: &'static str,
    /// Which dtypes it takes and gives.
    pub dtypes: DTypeRule,
    /// Rough cost per element, where an addition is 1: what recomputing a value is weighed with.
    pub cost: u64,
    /// Largest error of a float result in units in the last place; 0 is correctly rounded.
    pub ulp: f64,
    lower: Lower,
    reference: Reference,
}

macro_rules! define {
    ($(
        $(#[doc = $doc:literal])+
        $variant:ident: $name:ident($($operand:ident),*), aliases [$($alias:literal),*],
            dtypes $rule:ident, cost $cost:literal, ulp $ulp:literal,
            lower $lower:expr, reference $reference:expr;
    )+) => {
        /// An element-wise operation: a row of the op table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ElementOp { $( $(#[doc = $doc])+ $variant, )+ }

        impl ElementOp {
            /// Every operation, in the table's order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The row of the operation.
            #[must_use]
            pub fn row(self) -> &'static ElementRow {
                match self { $(
                    Self::$variant => {
                        const ROW: &ElementRow = &ElementRow {
                            name: stringify!($name),
                            operands: &[$(stringify!($operand)),*],
                            aliases: &[$($alias),*],
                            doc: concat!($($doc),+),
                            dtypes: DTypeRule::$rule,
                            cost: $cost,
                            ulp: $ulp,
                            lower: $lower,
                            reference: $reference,
                        };
                        ROW
                    }
                )+ }
            }
        }
    };
}
element_ops!(define);

impl ElementOp {
    /// The method's name, also used in plans and diagnostics.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// How many operands it takes.
    #[must_use]
    pub fn arity(self) -> usize {
        1 + self.row().operands.len()
    }

    /// Appends the operation to a body. The operands have the dtypes its rule asks for.
    pub fn lower(self, body: &mut BodyBuilder, operands: &[Value]) -> Value {
        (self.row().lower)(body, operands)
    }

    /// The operation on one element, by definition rather than by the kernel's arithmetic. The
    /// operands have the dtypes its rule asks for.
    #[must_use]
    pub fn reference(self, operands: &[Scalar]) -> Scalar {
        (self.row().reference)(operands)
    }
}
