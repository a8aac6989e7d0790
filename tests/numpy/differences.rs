//! How near is near enough, and what differs from NumPy on purpose.

use fusewire::ElementOp::{self, Clip, Fmax, Fmin, Maximum, Minimum};
use fusewire::Scalar;
use fusewire::prelude::*;

/// Elements for which fusewire means something else than NumPy.
pub struct Difference {
    pub reason: &'static str,
    pub ops: &'static [ElementOp],
    /// Takes the operands, NumPy's result and ours.
    pub explains: fn(&[Scalar], Scalar, Scalar) -> bool,
}

pub const DIFFERENCES: &[Difference] = &[
    Difference {
        reason: "the reciprocal of the integer 0 is 0, where NumPy gives whatever the processor does",
        ops: &[ElementOp::Reciprocal],
        explains: |x, _, ours| ours.dtype().is_int() && x[0].bits() == 0 && ours.bits() == 0,
    },
    Difference {
        reason: "a negative power of an integer is the quotient rounded towards zero, where NumPy refuses",
        ops: &[ElementOp::Power],
        explains: |x, _, ours| {
            let power = match x[0].as_f64() {
                1.0 => 1.0,
                -1.0 => 1.0 - 2.0 * (x[1].bits() & 1) as f64,
                _ => 0.0,
            };
            ours.dtype().is_int() && x[1].as_f64() < 0.0 && ours.as_f64() == power
        },
    },
    Difference {
        reason: "the spacing has the sign of the value for f16 as for other floats, where NumPy drops it",
        ops: &[ElementOp::Spacing],
        explains: |x, numpy, ours| {
            // The bits of negative floats grow away from zero.
            let next = Scalar::from_bits(x[0].cast(F16).bits() + 1, F16);
            let is_negative = numpy.dtype() == F16 && x[0].as_f64() < 0.0;
            is_negative && ours.as_f64() == next.as_f64() - x[0].as_f64()
        },
    },
    Difference {
        reason: "between equal operands the next float is the second, as in C, which NumPy's f16 does not follow",
        ops: &[ElementOp::Nextafter],
        explains: |x, numpy, ours| numpy.dtype() == F16 && zeros(x) && ours == x[1].cast(F16),
    },
    Difference {
        reason: "zeros of both signs are equal: the first is the extreme, where NumPy's vectors give either",
        ops: &[Minimum, Maximum, Fmin, Fmax, Clip],
        explains: |x, numpy, ours| zeros(&x[..2]) && zeros(&[numpy]) && ours == x[0].cast(ours.dtype()),
    },
];

fn zeros(x: &[Scalar]) -> bool {
    x.iter().all(|x| x.as_f64() == 0.0)
}

/// Bits of a float in the order of the numbers, so that neighbours differ by one.
fn place(scalar: Scalar) -> i64 {
    let sign = 1u64 << (8 * scalar.dtype().bytes() - 1);
    let magnitude = (scalar.bits() & !sign) as i64;
    if scalar.bits() & sign == 0 { magnitude } else { -magnitude }
}

/// The same bits, or any NaN for NaN. Where the op table states an error, the golden value is correctly
/// rounded, and ours may be as far from it as the error and the roundings allow.
pub fn agree(op: ElementOp, numpy: Scalar, ours: Scalar) -> bool {
    let (x, y) = (numpy.as_f64(), ours.as_f64());
    if numpy == ours || (x.is_nan() && y.is_nan()) {
        return true;
    }
    let Some(info) = numpy.dtype().float_info().filter(|_| op.row().ulp > 0.0) else { return false };
    // Near a result of 0 digits cancel, and the error is that of a number near 1.
    if matches!(op, ElementOp::Lgamma | ElementOp::Logaddexp | ElementOp::Logaddexp2)
        && (x - y).abs() <= op.row().ulp * info.epsilon
    {
        return true;
    }
    // Half a unit is the rounding of the golden value, and half of one what a unit shrinks by where an
    // exponent begins. In f32 come half a unit and, without fused multiply-add, another.
    let ulps = match numpy.dtype() {
        F16 => 1.0,
        F32 => op.row().ulp + 2.0,
        _ => op.row().ulp + 1.0,
    };
    // A zero of the other sign is no neighbour.
    x.is_finite() == y.is_finite() && x != y && place(numpy).abs_diff(place(ours)) as f64 <= ulps
}
