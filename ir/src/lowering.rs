//! What operations of the op table are in terms of primitives, where that is more than one of them.
//! Floats are `f32` or `f64` here, but for the operations that the table lists as working on bits.

use crate::body::{BodyBuilder, Primitive, Value};
use crate::division;
use crate::dtype::DType;
use crate::op::ElementOp;
use crate::scalar::Scalar;

/// A comparison; 64-bit integers with and without sign are compared by value.
pub(crate) fn compare(b: &mut BodyBuilder, primitive: Primitive, v: &[Value]) -> Value {
    let (left, right) = (b.dtype(v[0]), b.dtype(v[1]));
    if left == right {
        return b.apply(primitive, v);
    }
    // The signed one is negative, and so smaller; or both are compared without sign.
    let signed = if left == DType::I64 { v[0] } else { v[1] };
    let operands = [v[0], v[1]].map(|value| b.convert(value, DType::U64));
    let unsigned = b.apply(primitive, &operands);
    let zero = b.constant(Scalar::I64(0));
    let negative = b.apply(Primitive::Less, &[signed, zero]);
    // What holds where the signed one is smaller?
    let holds = match primitive {
        Primitive::NotEqual => true,
        Primitive::Equal => false,
        _ => left == DType::I64,
    };
    if holds {
        return b.apply(Primitive::Or, &[negative, unsigned]);
    }
    let positive = b.apply(Primitive::Not, &[negative]);
    b.apply(Primitive::And, &[positive, unsigned])
}

pub(crate) fn is_nan(b: &mut BodyBuilder, value: Value) -> Value {
    b.apply(Primitive::NotEqual, &[value, value])
}

/// A question that no integer answers with yes.
fn float_test(
    b: &mut BodyBuilder,
    value: Value,
    test: impl Fn(&mut BodyBuilder, Value) -> Value,
    of_ints: bool,
) -> Value {
    if b.dtype(value).is_float() { test(b, value) } else { b.constant(Scalar::Bool(of_ints)) }
}

pub(crate) fn isnan(b: &mut BodyBuilder, v: &[Value]) -> Value {
    float_test(b, v[0], is_nan, false)
}

pub(crate) fn isfinite(b: &mut BodyBuilder, v: &[Value]) -> Value {
    let test = |b: &mut BodyBuilder, x| {
        let (size, infinity) = (b.apply(Primitive::Absolute, &[x]), b.number(f64::INFINITY, x));
        b.apply(Primitive::Less, &[size, infinity])
    };
    float_test(b, v[0], test, true)
}

pub(crate) fn isinf(b: &mut BodyBuilder, v: &[Value]) -> Value {
    let test = |b: &mut BodyBuilder, x| {
        let (size, infinity) = (b.apply(Primitive::Absolute, &[x]), b.number(f64::INFINITY, x));
        b.apply(Primitive::Equal, &[size, infinity])
    };
    float_test(b, v[0], test, false)
}

pub(crate) fn is_infinity(b: &mut BodyBuilder, v: &[Value], infinity: f64) -> Value {
    let test = |b: &mut BodyBuilder, x| {
        let infinity = b.number(infinity, x);
        b.apply(Primitive::Equal, &[x, infinity])
    };
    float_test(b, v[0], test, false)
}

/// The bits of a float as a signed integer.
fn bits(b: &mut BodyBuilder, value: Value) -> Value {
    let bytes = b.dtype(value).bytes();
    b.reinterpret(value, DType::int_of(bytes, true))
}

pub(crate) fn signbit(b: &mut BodyBuilder, v: &[Value]) -> Value {
    let bits = bits(b, v[0]);
    let zero = b.number(0.0, bits);
    b.apply(Primitive::Less, &[bits, zero])
}

/// The bit that is the sign, as an integer like these bits.
fn sign_bit(b: &mut BodyBuilder, bits: Value) -> Value {
    let dtype = b.dtype(bits);
    b.constant(Scalar::from_int(1i128 << (8 * dtype.bytes() - 1), dtype))
}

pub(crate) fn copysign(b: &mut BodyBuilder, v: &[Value]) -> Value {
    let dtype = b.dtype(v[0]);
    let (x, y) = (bits(b, v[0]), bits(b, v[1]));
    let sign = sign_bit(b, x);
    let rest = b.apply(Primitive::Not, &[sign]);
    let (magnitude, sign) = (b.apply(Primitive::And, &[x, rest]), b.apply(Primitive::And, &[y, sign]));
    let both = b.apply(Primitive::Or, &[magnitude, sign]);
    b.reinterpret(both, dtype)
}

/// The float with these bits moved on by an integer.
fn moved(b: &mut BodyBuilder, bits: Value, by: Value, dtype: DType) -> Value {
    let moved = b.apply(Primitive::Add, &[bits, by]);
    b.reinterpret(moved, dtype)
}

pub(crate) fn nextafter(b: &mut BodyBuilder, v: &[Value]) -> Value {
    let dtype = b.dtype(v[0]);
    let [x, y] = [v[0], v[1]].map(|value| b.convert(value, dtype.computed()));
    let own = bits(b, v[0]);
    let (one, minus_one, zero) = (b.number(1.0, own), b.number(-1.0, own), b.number(0.0, x));
    // Bits of floats are ordered by their distance from zero.
    let upwards = b.apply(Primitive::Less, &[x, y]);
    let positive = b.apply(Primitive::Less, &[zero, x]);
    let away = b.apply(Primitive::Equal, &[upwards, positive]);
    let step = b.select(away, one, minus_one);
    let neighbour = moved(b, own, step, dtype);
    // From zero on: the smallest number with the sign of the direction.
    let sign = sign_bit(b, own);
    let down = b.apply(Primitive::Or, &[one, sign]);
    let from_zero = b.select(upwards, one, down);
    let from_zero = b.reinterpret(from_zero, dtype);
    let at_zero = b.apply(Primitive::Equal, &[x, zero]);
    let next = b.select(at_zero, from_zero, neighbour);
    let (y_nan, same) = (is_nan(b, y), b.apply(Primitive::Equal, &[x, y]));
    let is_y = b.apply(Primitive::Or, &[y_nan, same]);
    let next = b.select(is_y, v[1], next);
    let x_nan = is_nan(b, x);
    b.select(x_nan, v[0], next)
}

pub(crate) fn spacing(b: &mut BodyBuilder, v: &[Value]) -> Value {
    let dtype = b.dtype(v[0]);
    let own = bits(b, v[0]);
    let one = b.number(1.0, own);
    // Beyond infinity is NaN, and so is the difference.
    let next = moved(b, own, one, dtype);
    let smallest = b.reinterpret(one, dtype);
    let [x, next, smallest] = [v[0], next, smallest].map(|value| b.convert(value, dtype.computed()));
    let distance = b.apply(Primitive::Subtract, &[next, x]);
    let zero = b.number(0.0, x);
    let at_zero = b.apply(Primitive::Equal, &[x, zero]);
    let distance = b.select(at_zero, smallest, distance);
    b.convert(distance, dtype)
}

/// 2 to the power of an integer that a normal number has as its exponent.
fn power_of_two(b: &mut BodyBuilder, exponent: Value, float: DType) -> Value {
    let fraction_bits = if float == DType::F64 { 52 } else { 23 };
    let bias = if float == DType::F64 { 1023.0 } else { 127.0 };
    let bias = b.number(bias, exponent);
    let biased = b.apply(Primitive::Add, &[exponent, bias]);
    let shift = b.number(f64::from(fraction_bits), exponent);
    let bits = b.apply(Primitive::ShiftLeft, &[biased, shift]);
    b.reinterpret(bits, float)
}

/// Products with three powers of two, of which all but the last are exact: where one of them leaves the
/// normal numbers, those that follow leave nothing of what it has rounded. So musl's `scalbn`, there with branches.
pub(crate) fn ldexp(b: &mut BodyBuilder, v: &[Value]) -> Value {
    let dtype = b.dtype(v[0]);
    let (lowest, highest) = if dtype == DType::F64 { (-1022, 1023) } else { (-126, 127) };
    // Above the lowest by all digits of a number.
    let step = lowest + if dtype == DType::F64 { 53 } else { 24 };
    // What lies beyond gives zero or infinity of any number.
    let (low, high) = (2 * step + lowest, 3 * highest);
    if let Some(exponent) = b.known(v[1]) {
        let mut left = (exponent.as_int().clamp(low.into(), high.into())) as i32;
        let mut product = v[0];
        while left != 0 {
            let next = if left < lowest { step } else { left.min(highest) };
            product = scaled(b, product, 2f64.powi(next));
            left -= next;
        }
        return product;
    }
    let own = b.dtype(v[1]);
    let limit = |b: &mut BodyBuilder, number: i32, dtype| b.constant(Scalar::from_int(number.into(), dtype));
    let (low, high) = (limit(b, low, own), limit(b, high, own));
    let left = b.apply(Primitive::Maximum, &[v[1], low]);
    let left = b.apply(Primitive::Minimum, &[left, high]);
    let mut left = b.convert(left, DType::int_of(dtype.bytes(), true));
    let own = b.dtype(left);
    let [lowest, highest, step] = [lowest, highest, step].map(|number| limit(b, number, own));
    let mut product = v[0];
    for last in [false, false, true] {
        let mut next = left;
        if !last {
            let below = b.apply(Primitive::Less, &[left, lowest]);
            next = b.apply(Primitive::Minimum, &[left, highest]);
            next = b.select(below, step, next);
            left = b.apply(Primitive::Subtract, &[left, next]);
        }
        let factor = power_of_two(b, next, dtype);
        product = b.apply(Primitive::Multiply, &[product, factor]);
    }
    product
}

/// The bits of a finite float without its sign, as of a normal number; by how much the exponent is too large for that;
/// and is it zero or not finite?
fn normalised(b: &mut BodyBuilder, x: Value) -> (Value, Value, Value) {
    let dtype = b.dtype(x);
    let (digits, smallest) = match dtype {
        DType::F64 => (54, f64::MIN_POSITIVE),
        _ => (25, f64::from(f32::MIN_POSITIVE)),
    };
    let size = b.apply(Primitive::Absolute, &[x]);
    let smallest = b.number(smallest, x);
    let subnormal = b.apply(Primitive::Less, &[size, smallest]);
    let larger = scaled(b, size, 2f64.powi(digits));
    let normal = b.select(subnormal, larger, size);
    let bits = bits(b, normal);
    let (by, nothing) = (b.number(f64::from(digits), bits), b.number(0.0, bits));
    let by = b.select(subnormal, by, nothing);
    let zero = b.number(0.0, x);
    let at_zero = b.apply(Primitive::Equal, &[x, zero]);
    let finite = isfinite(b, &[x]);
    let not_finite = b.apply(Primitive::Not, &[finite]);
    (bits, by, b.apply(Primitive::Or, &[at_zero, not_finite]))
}

pub(crate) fn mantissa(b: &mut BodyBuilder, v: &[Value]) -> Value {
    let dtype = b.dtype(v[0]);
    let (normal, _, stays) = normalised(b, v[0]);
    let int = b.dtype(normal);
    let (fraction_bits, half) = if dtype == DType::F64 { (52, 1022) } else { (23, 126) };
    let fraction = b.constant(Scalar::from_int((1 << fraction_bits) - 1, int));
    let half = b.constant(Scalar::from_int(half << fraction_bits, int));
    let size = b.apply(Primitive::And, &[normal, fraction]);
    let size = b.apply(Primitive::Or, &[size, half]);
    let size = b.reinterpret(size, dtype);
    let mantissa = copysign(b, &[size, v[0]]);
    b.select(stays, v[0], mantissa)
}

pub(crate) fn exponent(b: &mut BodyBuilder, v: &[Value]) -> Value {
    let (normal, by, none) = normalised(b, v[0]);
    let (fraction_bits, half) = if b.dtype(v[0]) == DType::F64 { (52.0, 1022.0) } else { (23.0, 126.0) };
    let fraction_bits = b.number(fraction_bits, normal);
    let exponent = b.apply(Primitive::ShiftRight, &[normal, fraction_bits]);
    let half = b.number(half, exponent);
    let exponent = b.apply(Primitive::Subtract, &[exponent, half]);
    let exponent = b.apply(Primitive::Subtract, &[exponent, by]);
    let zero = b.number(0.0, exponent);
    let exponent = b.select(none, zero, exponent);
    b.convert(exponent, DType::I32)
}

pub(crate) fn angle(b: &mut BodyBuilder, v: &[Value]) -> Value {
    let negative = signbit(b, v);
    let (zero, half_turn) = (b.number(0.0, v[0]), b.number(std::f64::consts::PI, v[0]));
    let angle = b.select(negative, half_turn, zero);
    let nan = is_nan(b, v[0]);
    b.select(nan, v[0], angle)
}

pub(crate) fn sign(b: &mut BodyBuilder, v: &[Value]) -> Value {
    let x = v[0];
    let (zero, one) = (b.number(0.0, x), b.number(1.0, x));
    if b.dtype(x).is_unsigned() {
        return b.apply(Primitive::Minimum, &[x, one]);
    }
    let minus_one = b.number(-1.0, x);
    let (above, below) = (b.apply(Primitive::Less, &[zero, x]), b.apply(Primitive::Less, &[x, zero]));
    // Zero of either sign gives 0, and NaN stays.
    let rest = if b.dtype(x).is_float() {
        let at_zero = b.apply(Primitive::Equal, &[x, zero]);
        b.select(at_zero, zero, x)
    } else {
        zero
    };
    let rest = b.select(below, minus_one, rest);
    b.select(above, one, rest)
}

pub(crate) fn reciprocal(b: &mut BodyBuilder, v: &[Value]) -> Value {
    let one = b.number(1.0, v[0]);
    if b.dtype(v[0]).is_float() {
        return b.apply(Primitive::Divide, &[one, v[0]]);
    }
    let zero = b.number(0.0, v[0]);
    let size = if b.dtype(v[0]).is_unsigned() { v[0] } else { b.apply(Primitive::Absolute, v) };
    let is_one = b.apply(Primitive::Equal, &[size, one]);
    b.select(is_one, v[0], zero)
}

pub(crate) fn absolute(b: &mut BodyBuilder, v: &[Value]) -> Value {
    let dtype = b.dtype(v[0]);
    if dtype == DType::Bool || dtype.is_unsigned() { v[0] } else { b.apply(Primitive::Absolute, v) }
}

pub(crate) fn heaviside(b: &mut BodyBuilder, v: &[Value]) -> Value {
    let (zero, one) = (b.number(0.0, v[0]), b.number(1.0, v[0]));
    let above = b.apply(Primitive::Less, &[zero, v[0]]);
    let step = b.select(above, one, zero);
    let at_zero = b.apply(Primitive::Equal, &[v[0], zero]);
    let step = b.select(at_zero, v[1], step);
    let nan = is_nan(b, v[0]);
    b.select(nan, v[0], step)
}

/// `minimum` and `maximum`, which on `bool` are and, or.
pub(crate) fn extreme(b: &mut BodyBuilder, primitive: Primitive, v: &[Value]) -> Value {
    let logical = if primitive == Primitive::Minimum { Primitive::And } else { Primitive::Or };
    b.apply(if b.dtype(v[0]) == DType::Bool { logical } else { primitive }, v)
}

/// The extreme of two where neither is NaN, else the other.
pub(crate) fn number_of_two(b: &mut BodyBuilder, primitive: Primitive, v: &[Value]) -> Value {
    if !b.dtype(v[0]).is_float() {
        return extreme(b, primitive, v);
    }
    let ordered = if primitive == Primitive::Minimum { [v[0], v[1]] } else { [v[1], v[0]] };
    let is_first = b.apply(Primitive::LessEqual, &ordered);
    let other_nan = is_nan(b, v[1]);
    let is_first = b.apply(Primitive::Or, &[is_first, other_nan]);
    b.select(is_first, v[0], v[1])
}

pub(crate) fn clip(b: &mut BodyBuilder, v: &[Value]) -> Value {
    let above = extreme(b, Primitive::Maximum, &[v[0], v[1]]);
    extreme(b, Primitive::Minimum, &[above, v[2]])
}

pub(crate) fn nan_to_num(b: &mut BodyBuilder, v: &[Value]) -> Value {
    let dtype = b.dtype(v[0]);
    let Some(info) = dtype.float_info() else { return v[0] };
    let x = b.convert(v[0], dtype.computed());
    let (low, high, zero) = (b.number(-info.max, x), b.number(info.max, x), b.number(0.0, x));
    let finite = clip(b, &[x, low, high]);
    let nan = is_nan(b, x);
    let result = b.select(nan, zero, finite);
    b.convert(result, dtype)
}

pub(crate) fn isclose(b: &mut BodyBuilder, v: &[Value]) -> Value {
    let (x, y) = (v[0], v[1]);
    let (relative, absolute) = (b.number(1e-5, y), b.number(1e-8, y));
    let (size, apart) = (b.apply(Primitive::Absolute, &[y]), b.apply(Primitive::Subtract, &[x, y]));
    let apart = b.apply(Primitive::Absolute, &[apart]);
    let allowed = b.apply(Primitive::Multiply, &[relative, size]);
    let allowed = b.apply(Primitive::Add, &[absolute, allowed]);
    let near = b.apply(Primitive::LessEqual, &[apart, allowed]);
    // Next to infinity everything would be near.
    let finite = isfinite(b, &[y]);
    let near = b.apply(Primitive::And, &[near, finite]);
    let same = b.apply(Primitive::Equal, &[x, y]);
    b.apply(Primitive::Or, &[same, near])
}

/// An operation that a vector function does for floats.
pub(crate) fn call_or(
    b: &mut BodyBuilder,
    op: ElementOp,
    of_ints: fn(&mut BodyBuilder, &[Value]) -> Value,
    v: &[Value],
) -> Value {
    if b.dtype(v[0]).is_float() { b.call(op, v) } else { of_ints(b, v) }
}

pub(crate) fn fmod(b: &mut BodyBuilder, v: &[Value]) -> Value {
    if b.dtype(v[0]).is_float() {
        return b.call(ElementOp::Fmod, v);
    }
    let rest = division::remainder(b, v);
    if b.dtype(v[0]).is_unsigned() {
        return rest;
    }
    // The remainder with the sign of the divisor, moved to that of the dividend.
    let zero = b.number(0.0, rest);
    let inexact = b.apply(Primitive::NotEqual, &[rest, zero]);
    let signs = b.apply(Primitive::Xor, &[rest, v[0]]);
    let differ = b.apply(Primitive::Less, &[signs, zero]);
    let adjust = b.apply(Primitive::And, &[inexact, differ]);
    let other = b.apply(Primitive::Subtract, &[rest, v[1]]);
    b.select(adjust, other, rest)
}

/// A function of integers that is computed in 64 bits and wrapped around.
pub(crate) fn call_ints(b: &mut BodyBuilder, op: ElementOp, v: &[Value]) -> Value {
    let dtype = b.dtype(v[0]);
    let wide = DType::int_of(8, dtype.is_signed());
    let operands: Vec<Value> = v.iter().map(|value| b.convert(*value, wide)).collect();
    let result = b.call(op, &operands);
    b.convert(result, dtype)
}

pub(crate) fn bitwise_count(b: &mut BodyBuilder, v: &[Value]) -> Value {
    let size = absolute(b, v);
    let count = b.apply(Primitive::CountOnes, &[size]);
    b.convert(count, DType::U8)
}

/// The product with a constant.
pub(crate) fn scaled(b: &mut BodyBuilder, value: Value, factor: f64) -> Value {
    let factor = b.number(factor, value);
    b.apply(Primitive::Multiply, &[value, factor])
}

/// The sine of pi times the distance to the nearest integer, which is exact, by pi times the value.
pub(crate) fn sinc(b: &mut BodyBuilder, v: &[Value]) -> Value {
    let x = b.apply(Primitive::Absolute, v);
    let nearest = b.apply(Primitive::RoundEven, &[x]);
    let rest = b.apply(Primitive::Subtract, &[x, nearest]);
    let angle = scaled(b, rest, std::f64::consts::PI);
    let sine = b.call(ElementOp::Sin, &[angle]);
    // Every other integer turns the sign.
    let half = scaled(b, nearest, 0.5);
    let whole = b.apply(Primitive::Floor, &[half]);
    let odd = b.apply(Primitive::NotEqual, &[half, whole]);
    let turned = b.apply(Primitive::Negate, &[sine]);
    let sine = b.select(odd, turned, sine);
    let (zero, one) = (b.number(0.0, x), b.number(1.0, x));
    // At integers 0 rather than -0.
    let sine = b.apply(Primitive::Add, &[sine, zero]);
    let angle = scaled(b, x, std::f64::consts::PI);
    let quotient = b.apply(Primitive::Divide, &[sine, angle]);
    let at_zero = b.apply(Primitive::Equal, &[x, zero]);
    b.select(at_zero, one, quotient)
}

pub(crate) fn relu(b: &mut BodyBuilder, v: &[Value]) -> Value {
    let zero = b.number(0.0, v[0]);
    // In this order -0 gives 0.
    b.apply(Primitive::Maximum, &[zero, v[0]])
}

/// 1 / (1 + e^-x) or, the same below 0, e^x / (1 + e^x): the exponential overflows nowhere, and the smallest
/// results keep their digits.
pub(crate) fn sigmoid(b: &mut BodyBuilder, v: &[Value]) -> Value {
    let size = b.apply(Primitive::Absolute, v);
    let negated = b.apply(Primitive::Negate, &[size]);
    let exp = b.call(ElementOp::Exp, &[negated]);
    let (zero, one) = (b.number(0.0, v[0]), b.number(1.0, v[0]));
    let sum = b.apply(Primitive::Add, &[one, exp]);
    let below = b.apply(Primitive::Less, &[v[0], zero]);
    let numerator = b.select(below, exp, one);
    b.apply(Primitive::Divide, &[numerator, sum])
}

/// Integers by their function on 64 bits, floats by theirs.
pub(crate) fn power(b: &mut BodyBuilder, v: &[Value]) -> Value {
    if b.dtype(v[0]).is_float() { b.call(ElementOp::Power, v) } else { call_ints(b, ElementOp::Power, v) }
}

/// max(x, 0) + log(1 + e^-|x|), which overflows nowhere.
pub(crate) fn softplus(b: &mut BodyBuilder, v: &[Value]) -> Value {
    let size = b.apply(Primitive::Absolute, v);
    let negated = b.apply(Primitive::Negate, &[size]);
    let exp = b.call(ElementOp::Exp, &[negated]);
    let rest = b.call(ElementOp::Log1p, &[exp]);
    let above = relu(b, v);
    b.apply(Primitive::Add, &[above, rest])
}
