//! What operations mean on single elements, written for clarity and apart from any kernel.
//!
//! `f32` is computed in `f64` and rounded once more, which gives the correctly rounded result for
//! `+ - * /` and `sqrt` because 53 >= 2 * 24 + 2 (Figueroa, "When is double rounding innocuous?").
//! Floats of 16 bits are computed in `f32`, for which the same holds.

use crate::dtype::DType;
use crate::scalar::Scalar;

/// A float result in a dtype, rounded as kernels round it.
pub(crate) fn rounded(value: f64, dtype: DType) -> Scalar {
    Scalar::F64(value).cast(dtype.computed()).cast(dtype)
}

/// An operation on one number, by its integer and its floating-point meaning.
pub(crate) fn number1(v: &[Scalar], int: fn(i128) -> i128, float: fn(f64) -> f64) -> Scalar {
    let dtype = v[0].dtype();
    if dtype.is_float() { float1(v, float) } else { Scalar::from_int(int(v[0].as_int()), dtype) }
}

/// An operation on two numbers of one dtype, by its integer and its floating-point meaning. Integers are
/// exact in 128 bits, and wrap around to their dtype.
pub(crate) fn number2(v: &[Scalar], int: fn(i128, i128) -> i128, float: fn(f64, f64) -> f64) -> Scalar {
    let dtype = v[0].dtype();
    if dtype.is_float() {
        float2(v, float)
    } else {
        Scalar::from_int(int(v[0].as_int(), v[1].as_int()), dtype)
    }
}

/// An operation on one float.
pub(crate) fn float1(v: &[Scalar], float: fn(f64) -> f64) -> Scalar {
    rounded(float(v[0].as_f64()), v[0].dtype())
}

/// An operation on two floats of one dtype.
pub(crate) fn float2(v: &[Scalar], float: fn(f64, f64) -> f64) -> Scalar {
    rounded(float(v[0].as_f64(), v[1].as_f64()), v[0].dtype())
}

/// A question about one number; about integers it is asked of the equal float.
pub(crate) fn test(v: &[Scalar], float: fn(f64) -> bool) -> Scalar {
    Scalar::Bool(float(v[0].as_f64()))
}

/// An operation on two integers or two `bool`s.
pub(crate) fn ints2(v: &[Scalar], int: fn(i128, i128) -> i128) -> Scalar {
    number2(v, int, |_, _| f64::NAN)
}

pub(crate) fn invert(v: &[Scalar]) -> Scalar {
    match v[0] {
        Scalar::Bool(a) => Scalar::Bool(!a),
        _ => number1(v, |a| !a, |_| f64::NAN),
    }
}

pub(crate) fn is_nan(value: Scalar) -> bool {
    value.as_f64().is_nan()
}

fn ordered(a: Scalar, b: Scalar) -> Option<std::cmp::Ordering> {
    if a.dtype().is_float() { a.as_f64().partial_cmp(&b.as_f64()) } else { Some(a.as_int().cmp(&b.as_int())) }
}

pub(crate) fn equal(a: Scalar, b: Scalar) -> bool {
    ordered(a, b).is_some_and(std::cmp::Ordering::is_eq)
}

pub(crate) fn less(a: Scalar, b: Scalar) -> bool {
    ordered(a, b).is_some_and(std::cmp::Ordering::is_lt)
}

pub(crate) fn less_equal(a: Scalar, b: Scalar) -> bool {
    ordered(a, b).is_some_and(std::cmp::Ordering::is_le)
}

/// The first of two if `first` says so.
fn choose(v: &[Scalar], first: bool) -> Scalar {
    if first { v[0] } else { v[1] }
}

pub(crate) fn minimum(v: &[Scalar]) -> Scalar {
    choose(v, is_nan(v[0]) || less_equal(v[0], v[1]))
}

pub(crate) fn maximum(v: &[Scalar]) -> Scalar {
    choose(v, is_nan(v[0]) || less_equal(v[1], v[0]))
}

pub(crate) fn fmin(v: &[Scalar]) -> Scalar {
    choose(v, less_equal(v[0], v[1]) || is_nan(v[1]))
}

pub(crate) fn fmax(v: &[Scalar]) -> Scalar {
    choose(v, less_equal(v[1], v[0]) || is_nan(v[1]))
}

pub(crate) fn clip(v: &[Scalar]) -> Scalar {
    minimum(&[maximum(&[v[0], v[1]]), v[2]])
}

pub(crate) fn floor_divide(v: &[Scalar]) -> Scalar {
    match (v[0], v[1]) {
        (Scalar::F64(a), Scalar::F64(b)) => Scalar::F64(floor_divide_f64(a, b)),
        _ if v[0].dtype().is_float() => {
            let [a, b] = [v[0], v[1]].map(|x| x.as_f64() as f32);
            rounded(f64::from(floor_divide_f32(a, b)), v[0].dtype())
        }
        _ => ints2(v, |a, b| {
            if b == 0 {
                return 0;
            }
            let exact = a % b == 0;
            if !exact && (a < 0) != (b < 0) { a / b - 1 } else { a / b }
        }),
    }
}

pub(crate) fn remainder(v: &[Scalar]) -> Scalar {
    match (v[0], v[1]) {
        (Scalar::F64(a), Scalar::F64(b)) => Scalar::F64(remainder_f64(a, b)),
        _ if v[0].dtype().is_float() => {
            let [a, b] = [v[0], v[1]].map(|x| x.as_f64() as f32);
            rounded(f64::from(remainder_f32(a, b)), v[0].dtype())
        }
        _ => ints2(v, |a, b| if b == 0 { 0 } else { ((a % b) + b) % b }),
    }
}

pub(crate) fn fmod(v: &[Scalar]) -> Scalar {
    number2(v, |a, b| if b == 0 { 0 } else { a % b }, |a, b| a % b)
}

pub(crate) fn power(v: &[Scalar]) -> Scalar {
    number2(
        v,
        |base, exponent| match (base, exponent) {
            // The exact quotient 1 / base^n, rounded towards zero.
            (1, _) => 1,
            (-1, n) => {
                if n % 2 == 0 {
                    1
                } else {
                    -1
                }
            }
            (_, n) if n < 0 => 0,
            (base, n) => {
                let (mut result, mut square, mut left) = (1u64, base as u64, n as u64);
                while left > 0 {
                    if left % 2 == 1 {
                        result = result.wrapping_mul(square);
                    }
                    square = square.wrapping_mul(square);
                    left /= 2;
                }
                i128::from(result)
            }
        },
        f64::powf,
    )
}

/// The larger one, and the logarithm of 1 plus what the other is of it.
fn log_of_sum(x: f64, y: f64, exp: fn(f64) -> f64, log1p: fn(f64) -> f64) -> f64 {
    if x == y {
        // Also two infinities of one sign.
        x + log1p(1.0)
    } else {
        x.max(y) + log1p(exp(-(x - y).abs()))
    }
}

pub(crate) fn logaddexp(x: f64, y: f64) -> f64 {
    if x.is_nan() || y.is_nan() { f64::NAN } else { log_of_sum(x, y, f64::exp, f64::ln_1p) }
}

pub(crate) fn logaddexp2(x: f64, y: f64) -> f64 {
    let log1p = |x: f64| x.ln_1p() * std::f64::consts::LOG2_E;
    if x.is_nan() || y.is_nan() { f64::NAN } else { log_of_sum(x, y, f64::exp2, log1p) }
}

/// Far below zero the sum is the exponential to the last place, which overflows on the way.
pub(crate) fn sigmoid(x: f64) -> f64 {
    if x < -40.0 { x.exp() } else { 1.0 / (1.0 + (-x).exp()) }
}

pub(crate) fn gelu(x: f64) -> f64 {
    if x < -30.0 {
        return gelu_tail(x.max(-40.0));
    }
    // Where the factor is rounded, the tail multiplies that by the square of x.
    let factor = -std::f64::consts::FRAC_1_SQRT_2;
    let z = x * factor;
    let error = x.mul_add(factor, -z) + x * 4.833_646_656_726_457e-17;
    let correction = if z.abs() < 27.0 {
        error * std::f64::consts::FRAC_2_SQRT_PI * (-z * z).exp() / libm::erfc(z)
    } else {
        0.0
    };
    0.5 * x * (libm::erfc(z) * (1.0 - correction))
}

/// Where `erfc` has too few digits: the density of a normal distribution times the asymptotic series of what
/// Mills's ratio makes of it (Abramowitz and Stegun 26.2.12), 1 - 1/x^2 + 3/x^4 - 15/x^6 ...
fn gelu_tail(x: f64) -> f64 {
    let (square, inverse) = (x * x, 1.0 / (x * x));
    let series =
        [13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0].into_iter().fold(1.0, |rest, k| 1.0 - k * inverse * rest);
    // Half of the exponent at a time: only the last product rounds where the result is subnormal.
    let root = (-square / 4.0).exp();
    let error = (-0.5 * x.mul_add(x, -square)).exp();
    let scale = -0.5 * std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2;
    root * (scale * series * error) * root
}

pub(crate) fn sinc(x: f64) -> f64 {
    let pi = std::f64::consts::PI;
    let x = x.abs();
    // `%` is exact: what is left of whole turns.
    let turns = x % 2.0;
    let sine = if turns.abs() <= 0.5 {
        (pi * turns).sin()
    } else if turns.abs() < 1.5 {
        (pi * (turns.signum() - turns)).sin()
    } else {
        (pi * (turns - 2.0 * turns.signum())).sin()
    };
    if x == 0.0 { 1.0 } else { (sine + 0.0) / (pi * x) }
}

pub(crate) fn sign(v: &[Scalar]) -> Scalar {
    number1(v, i128::signum, |x| if x.is_nan() { x } else { f64::from(x > 0.0) - f64::from(x < 0.0) })
}

pub(crate) fn reciprocal(v: &[Scalar]) -> Scalar {
    number1(v, |a| if a.abs() == 1 { a } else { 0 }, |x| 1.0 / x)
}

pub(crate) fn heaviside(v: &[Scalar]) -> Scalar {
    let x = v[0].as_f64();
    if x == 0.0 {
        v[1]
    } else if x.is_nan() {
        v[0]
    } else {
        rounded(f64::from(x > 0.0), v[0].dtype())
    }
}

/// The number whose distance from zero is one step larger or smaller.
fn neighbour(x: Scalar, away: bool) -> Scalar {
    let bits = x.bits();
    Scalar::from_bits(if away { bits.wrapping_add(1) } else { bits.wrapping_sub(1) }, x.dtype())
}

fn smallest(dtype: DType, negative: bool) -> Scalar {
    let sign = if negative { 1 << (8 * dtype.bytes() - 1) } else { 0 };
    Scalar::from_bits(1 | sign, dtype)
}

/// The digits of a finite float as an integer, and the power of two that they are multiplied with.
fn digits(x: f64) -> (u64, i64) {
    let (fraction, exponent) = (x.to_bits() & ((1 << 52) - 1), (x.to_bits() >> 52) & 0x7ff);
    if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent as i64 - 1075) }
}

/// The digits moved, and rounded to nearest, ties to even, where the result has fewer.
pub(crate) fn ldexp(v: &[Scalar]) -> Scalar {
    let (x, dtype) = (v[0].as_f64(), v[0].dtype());
    if x == 0.0 || !x.is_finite() {
        return v[0];
    }
    let (digits, exponent) = digits(x);
    let exponent = exponent + v[1].as_int().clamp(-5000, 5000) as i64;
    // Subnormal numbers of f64 are the only ones that f64 has too few digits for.
    let lost = (-1074 - exponent).clamp(0, 60);
    let kept = digits >> lost;
    let (rest, half) = (digits - (kept << lost), (1u64 << lost) / 2);
    let up = lost > 0 && (rest > half || (rest == half && kept % 2 == 1));
    let size = (0..exponent + lost).fold((kept + u64::from(up)) as f64, |size, _| size * 2.0);
    let size = (exponent + lost..0).fold(size, |size, _| size / 2.0);
    rounded(size.copysign(x), dtype)
}

pub(crate) fn mantissa(v: &[Scalar]) -> Scalar {
    let x = v[0].as_f64();
    if x == 0.0 || !x.is_finite() {
        return v[0];
    }
    let digits = digits(x).0;
    let size = digits as f64 / 2f64.powi(64 - digits.leading_zeros() as i32);
    rounded(size.copysign(x), v[0].dtype())
}

pub(crate) fn exponent(v: &[Scalar]) -> Scalar {
    let x = v[0].as_f64();
    if x == 0.0 || !x.is_finite() {
        return Scalar::I32(0);
    }
    let (digits, exponent) = digits(x);
    Scalar::I32(exponent as i32 + 64 - digits.leading_zeros() as i32)
}

pub(crate) fn nextafter(v: &[Scalar]) -> Scalar {
    let (x, y) = (v[0].as_f64(), v[1].as_f64());
    if x.is_nan() {
        v[0]
    } else if y.is_nan() || x == y {
        v[1]
    } else if x == 0.0 {
        smallest(v[0].dtype(), y < 0.0)
    } else {
        neighbour(v[0], (x < y) == (x > 0.0))
    }
}

pub(crate) fn spacing(v: &[Scalar]) -> Scalar {
    let x = v[0].as_f64();
    if x == 0.0 {
        return smallest(v[0].dtype(), false);
    }
    if !x.is_finite() {
        return rounded(f64::NAN, v[0].dtype());
    }
    rounded(neighbour(v[0], true).as_f64() - x, v[0].dtype())
}

pub(crate) fn nan_to_num(v: &[Scalar]) -> Scalar {
    let dtype = v[0].dtype();
    let Some(info) = dtype.float_info() else { return v[0] };
    let x = v[0].as_f64();
    if x.is_nan() {
        rounded(0.0, dtype)
    } else if x.is_infinite() {
        rounded(info.max.copysign(x), dtype)
    } else {
        v[0]
    }
}

pub(crate) fn isclose(v: &[Scalar]) -> Scalar {
    let (a, b) = (v[0].as_f64(), v[1].as_f64());
    // In the arithmetic of the dtype, because a tolerance is a sharp line.
    let near = match v[0] {
        Scalar::F64(_) => (a - b).abs() <= 1e-8 + 1e-5 * b.abs(),
        _ => (a as f32 - b as f32).abs() <= 1e-8 + 1e-5 * (b as f32).abs(),
    };
    Scalar::Bool(a == b || (b.is_finite() && near))
}

/// The bits moved; an amount that the dtype does not have moves them all out.
pub(crate) fn left_shift(v: &[Scalar]) -> Scalar {
    let bits = 8 * v[0].dtype().bytes() as i128;
    let amount = v[1].as_int();
    Scalar::from_int(if (0..bits).contains(&amount) { v[0].as_int() << amount } else { 0 }, v[0].dtype())
}

pub(crate) fn right_shift(v: &[Scalar]) -> Scalar {
    let bits = 8 * v[0].dtype().bytes() as i128;
    let amount = v[1].as_int();
    let amount = if (0..bits).contains(&amount) { amount } else { 127 };
    Scalar::from_int(v[0].as_int() >> amount, v[0].dtype())
}

/// The number of ones in the absolute value, as NumPy's `bitwise_count`.
pub(crate) fn bitwise_count(v: &[Scalar]) -> Scalar {
    Scalar::U8(v[0].as_int().unsigned_abs().count_ones() as u8)
}

fn divisor(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.abs(), b.abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

pub(crate) fn gcd(v: &[Scalar]) -> Scalar {
    ints2(v, divisor)
}

pub(crate) fn lcm(v: &[Scalar]) -> Scalar {
    ints2(v, |a, b| match divisor(a, b) {
        0 => 0,
        both => (a.abs() / both).wrapping_mul(b.abs()),
    })
}

macro_rules! float_division {
    ($remainder:ident, $floor_divide:ident, $float:ty) => {
        /// Python's `%` on floats, as NumPy's `remainder` defines it (`npy_divmod`).
        fn $remainder(a: $float, b: $float) -> $float {
            let rest = a % b;
            if b == 0.0 || rest.is_nan() {
                rest
            } else if rest == 0.0 {
                (0.0 as $float).copysign(b)
            } else if (rest < 0.0) != (b < 0.0) {
                rest + b
            } else {
                rest
            }
        }

        /// Python's `//` on floats, as NumPy's `floor_divide` defines it (`npy_divmod`).
        fn $floor_divide(a: $float, b: $float) -> $float {
            if b == 0.0 {
                return a / b;
            }
            let rest = a % b;
            let mut quotient = (a - rest) / b;
            if rest != 0.0 && (rest < 0.0) != (b < 0.0) {
                quotient -= 1.0;
            }
            if quotient == 0.0 {
                return (0.0 as $float).copysign(a / b);
            }
            let floor = quotient.floor();
            if quotient - floor > 0.5 { floor + 1.0 } else { floor }
        }
    };
}
float_division!(remainder_f32, floor_divide_f32, f32);
float_division!(remainder_f64, floor_divide_f64, f64);
