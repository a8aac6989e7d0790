//! What operations mean on single elements, written for clarity and apart from any kernel.
//!
//! `f32` is computed in `f64` and rounded once more, which gives the correctly rounded result for
//! `+ - * /` and `sqrt` because 53 >= 2 * 24 + 2 (Figueroa, "When is double rounding innocuous?").

use crate::dtype::Scalar;

/// An operation on one number, by its integer and its floating-point meaning.
pub(crate) fn number1(v: &[Scalar], int: fn(i64) -> i64, float: fn(f64) -> f64) -> Scalar {
    match v[0] {
        Scalar::Bool(a) => Scalar::Bool(int(i64::from(a)) != 0),
        // Exact in 64 bits, then wrapped to 32.
        Scalar::I32(a) => Scalar::I32(int(i64::from(a)) as i32),
        Scalar::I64(a) => Scalar::I64(int(a)),
        Scalar::F32(_) | Scalar::F64(_) => float1(v, float),
    }
}

/// An operation on two numbers of one dtype, by its integer and its floating-point meaning.
pub(crate) fn number2(v: &[Scalar], int: fn(i64, i64) -> i64, float: fn(f64, f64) -> f64) -> Scalar {
    match v[0] {
        Scalar::Bool(_) => Scalar::Bool(int(v[0].as_i64(), v[1].as_i64()) != 0),
        Scalar::I32(_) => Scalar::I32(int(v[0].as_i64(), v[1].as_i64()) as i32),
        Scalar::I64(_) => Scalar::I64(int(v[0].as_i64(), v[1].as_i64())),
        Scalar::F32(_) | Scalar::F64(_) => float2(v, float),
    }
}

/// An operation on one float.
pub(crate) fn float1(v: &[Scalar], float: fn(f64) -> f64) -> Scalar {
    Scalar::F64(float(v[0].as_f64())).cast(v[0].dtype())
}

/// An operation on two floats of one dtype.
pub(crate) fn float2(v: &[Scalar], float: fn(f64, f64) -> f64) -> Scalar {
    Scalar::F64(float(v[0].as_f64(), v[1].as_f64())).cast(v[0].dtype())
}

/// An operation on the bits of two integers or two `bool`s.
pub(crate) fn bits2(v: &[Scalar], bits: fn(i64, i64) -> i64) -> Scalar {
    number2(v, bits, |_, _| f64::NAN)
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

pub(crate) fn equal(a: Scalar, b: Scalar) -> bool {
    if a.dtype().is_float() { a.as_f64() == b.as_f64() } else { a.as_i64() == b.as_i64() }
}

pub(crate) fn less(a: Scalar, b: Scalar) -> bool {
    if a.dtype().is_float() { a.as_f64() < b.as_f64() } else { a.as_i64() < b.as_i64() }
}

pub(crate) fn less_equal(a: Scalar, b: Scalar) -> bool {
    if a.dtype().is_float() { a.as_f64() <= b.as_f64() } else { a.as_i64() <= b.as_i64() }
}

pub(crate) fn floor_divide(v: &[Scalar]) -> Scalar {
    match (v[0], v[1]) {
        (Scalar::F32(a), Scalar::F32(b)) => Scalar::F32(floor_divide_f32(a, b)),
        (Scalar::F64(a), Scalar::F64(b)) => Scalar::F64(floor_divide_f64(a, b)),
        _ => number2(
            v,
            |a, b| {
                if b == 0 {
                    return 0;
                }
                // In 128 bits, where i64::MIN / -1 fits; the cast wraps it around.
                let (a, b) = (i128::from(a), i128::from(b));
                let exact = a % b == 0;
                (if !exact && (a < 0) != (b < 0) { a / b - 1 } else { a / b }) as i64
            },
            |_, _| f64::NAN,
        ),
    }
}

pub(crate) fn remainder(v: &[Scalar]) -> Scalar {
    match (v[0], v[1]) {
        (Scalar::F32(a), Scalar::F32(b)) => Scalar::F32(remainder_f32(a, b)),
        (Scalar::F64(a), Scalar::F64(b)) => Scalar::F64(remainder_f64(a, b)),
        _ => number2(
            v,
            |a, b| {
                if b == 0 {
                    return 0;
                }
                let (a, b) = (i128::from(a), i128::from(b));
                (((a % b) + b) % b) as i64
            },
            |_, _| f64::NAN,
        ),
    }
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
