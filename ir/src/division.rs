//! Division of integers, rounded down, in terms of what machines have vectors for.
//!
//! x86-64 divides integers one by one. Those of up to 32 bits are divided as floats instead. Two different quotients of
//! a divisor d are at least 1 / |d| apart, and the error of a float quotient is far less than that: with |x| up to 2^32
//! in `f64`, and up to 2^16 in `f32`, it is below |x / d| 2^-52 <= 2^-20 / |d|, and below 2^-7 / |d|. So the float
//! quotient, rounded down, is exact. By a constant it is a product with the inverse; half of the distance between
//! quotients is added, so that its error takes no quotient below the integer that it is: what Granlund and Montgomery
//! do by rounding a multiplier up ("Division by invariant integers using multiplication", 1994).
//!
//! Integers of 64 bits are divided by a constant as they do: by the upper half of a product, shifted. By powers of two
//! it is a shift alone. Divisors of 64 bits that are no constants are left to the back end.

use crate::body::{BodyBuilder, Primitive, Value};
use crate::dtype::DType;
use crate::scalar::Scalar;

/// How the float in which integers of a dtype are divided is made an integer.
struct Float {
    dtype: DType,
    /// 1.5 times the power of two where the last place is 1: added to a smaller number, it rounds that to an integer,
    /// which are the low bits of the sum (in two's complement).
    to_integer: f64,
}

impl Float {
    /// For integers of fewer than 64 bits.
    fn of(dtype: DType) -> Self {
        let (dtype, digits) = if dtype.bytes() == 4 { (DType::F64, 52) } else { (DType::F32, 23) };
        Self { dtype, to_integer: 1.5 * 2f64.powi(digits) }
    }

    /// The integer nearest to a value.
    fn rounded(&self, b: &mut BodyBuilder, value: Value, dtype: DType) -> Value {
        let to_integer = b.number(self.to_integer, value);
        let sum = b.apply(Primitive::Add, &[value, to_integer]);
        let bits = b.reinterpret(sum, DType::int_of(self.dtype.bytes(), true));
        b.convert(bits, dtype)
    }

    /// An integer of up to 32 bits as a float.
    fn from(&self, b: &mut BodyBuilder, value: Value) -> Value {
        b.convert(value, self.dtype)
    }
}

/// The quotient rounded down; 0 where the divisor is.
pub(crate) fn floor_divide(b: &mut BodyBuilder, v: &[Value]) -> Value {
    let dtype = b.dtype(v[0]);
    let Some(divisor) = b.known(v[1]).map(Scalar::as_int) else {
        if dtype.bytes() == 8 {
            return b.apply(Primitive::FloorDivide, v);
        }
        let quotient = by_any(b, v);
        return unless_zero(b, v[1], quotient);
    };
    match divisor {
        0 => b.number(0.0, v[0]),
        1 => v[0],
        -1 => b.apply(Primitive::Negate, &[v[0]]),
        _ if is_power_of_two(divisor) => {
            let places = b.constant(Scalar::from_int(divisor.trailing_zeros().into(), dtype));
            b.apply(Primitive::ShiftRight, &[v[0], places])
        }
        _ => by_constant(b, v[0], divisor),
    }
}

/// What the quotient rounded down leaves; 0 where the divisor is.
pub(crate) fn remainder(b: &mut BodyBuilder, v: &[Value]) -> Value {
    let dtype = b.dtype(v[0]);
    let divisor = b.known(v[1]).map(Scalar::as_int);
    let quotient = match divisor {
        Some(-1..=1) => return b.number(0.0, v[0]),
        Some(divisor) if is_power_of_two(divisor) => {
            let mask = b.constant(Scalar::from_int(divisor - 1, dtype));
            return b.apply(Primitive::And, &[v[0], mask]);
        }
        Some(divisor) => by_constant(b, v[0], divisor),
        None if dtype.bytes() == 8 => return b.apply(Primitive::Remainder, v),
        None => by_any(b, v),
    };
    let product = b.apply(Primitive::Multiply, &[quotient, v[1]]);
    let rest = b.apply(Primitive::Subtract, &[v[0], product]);
    if divisor.is_some() { rest } else { unless_zero(b, v[1], rest) }
}

fn is_power_of_two(divisor: i128) -> bool {
    divisor > 0 && divisor & (divisor - 1) == 0
}

/// The value where the divisor is not zero, else 0.
fn unless_zero(b: &mut BodyBuilder, divisor: Value, value: Value) -> Value {
    let zero = b.number(0.0, value);
    let by_zero = b.apply(Primitive::Equal, &[divisor, zero]);
    b.select(by_zero, zero, value)
}

/// The quotient rounded down, by a constant that is no power of two, nor 0, 1 or -1.
fn by_constant(b: &mut BodyBuilder, x: Value, divisor: i128) -> Value {
    match b.dtype(x) {
        DType::U64 => by_unsigned(b, x, divisor as u128),
        DType::I64 => by_signed(b, x, divisor),
        _ => by_short_constant(b, x, divisor),
    }
}

/// The exponent of the smallest power of two that is not below the divisor, and the multiplier: 2^`digits` times that
/// power, over the divisor, rounded up beyond it. A product with it, shifted down, is the quotient of any number of so
/// many digits (Granlund and Montgomery, theorem 4.2).
const fn multiplier(divisor: u128, digits: u32) -> (u32, u128) {
    let places = 128 - (divisor - 1).leading_zeros();
    // A divisor that is no power of two goes as often into 2^128 - 1 as into 2^128.
    let power = if digits + places == 128 { u128::MAX } else { 1 << (digits + places) };
    (places, power / divisor + 1)
}

/// By a multiplier of 65 bits, of which the topmost is 1.
fn by_unsigned(b: &mut BodyBuilder, x: Value, divisor: u128) -> Value {
    let (places, multiplier) = multiplier(divisor, 64);
    let [one, places] = [1, places - 1].map(|places| b.constant(Scalar::U64(places.into())));
    let multiplier = b.constant(Scalar::U64(multiplier as u64));
    let high = b.apply(Primitive::MultiplyHigh, &[x, multiplier]);
    // Half of the sum with x, which may have 65 bits.
    let rest = b.apply(Primitive::Subtract, &[x, high]);
    let half = b.apply(Primitive::ShiftRight, &[rest, one]);
    let sum = b.apply(Primitive::Add, &[half, high]);
    b.apply(Primitive::ShiftRight, &[sum, places])
}

/// A number below zero is divided with all its bits turned, which makes -1 of the quotient 0, and so on. By a divisor
/// below zero the quotient is rounded up and negated.
fn by_signed(b: &mut BodyBuilder, x: Value, divisor: i128) -> Value {
    let size = divisor.unsigned_abs();
    let (places, multiplier) = multiplier(size, 63);
    let top = b.constant(Scalar::I64(63));
    let sign = b.apply(Primitive::ShiftRight, &[x, top]);
    let turned = b.apply(Primitive::Xor, &[x, sign]);
    let turned = b.reinterpret(turned, DType::U64);
    let multiplier = b.constant(Scalar::U64(multiplier as u64));
    let high = b.apply(Primitive::MultiplyHigh, &[turned, multiplier]);
    let places = b.constant(Scalar::U64(u64::from(places) - 1));
    let quotient = b.apply(Primitive::ShiftRight, &[high, places]);
    let quotient = b.reinterpret(quotient, DType::I64);
    let quotient = b.apply(Primitive::Xor, &[quotient, sign]);
    if divisor > 0 {
        return quotient;
    }
    let size = b.constant(Scalar::from_int(size as i128, DType::I64));
    let product = b.apply(Primitive::Multiply, &[quotient, size]);
    let is_inexact = b.apply(Primitive::NotEqual, &[product, x]);
    let one_more = b.convert(is_inexact, DType::I64);
    let quotient = b.apply(Primitive::Add, &[quotient, one_more]);
    b.apply(Primitive::Negate, &[quotient])
}

/// Rounded down, which is to nearest half of the distance between quotients above the middle of two integers.
fn by_short_constant(b: &mut BodyBuilder, x: Value, divisor: i128) -> Value {
    let (dtype, float) = (b.dtype(x), Float::of(b.dtype(x)));
    let inverse = 1.0 / divisor as f64;
    let x = float.from(b, x);
    let inverse_constant = b.number(inverse, x);
    let product = b.apply(Primitive::Multiply, &[x, inverse_constant]);
    let middle = b.number(0.5 * inverse.abs() - 0.5, x);
    let quotient = b.apply(Primitive::Add, &[product, middle]);
    float.rounded(b, quotient, dtype)
}

/// Of the smallest integer and -1 it wraps around, and by zero it is any number.
fn by_any(b: &mut BodyBuilder, v: &[Value]) -> Value {
    let (dtype, float) = (b.dtype(v[0]), Float::of(b.dtype(v[0])));
    let operands = [v[0], v[1]].map(|value| float.from(b, value));
    let quotient = b.apply(Primitive::Divide, &operands);
    let quotient = b.apply(Primitive::Floor, &[quotient]);
    float.rounded(b, quotient, dtype)
}
