//! Python's arithmetic on numbers that are written in an expression, before they meet an array.

use super::tree::Prefix;
use fusewire_ir::{ElementOp as Op, Weak};
use std::cmp::Ordering;

type Folded = Result<Weak, String>;

pub(super) const TOO_LARGE: &str = "the number has more than 128 bits";

const fn int(number: Weak) -> Option<i128> {
    match number {
        Weak::Bool(truth) => Some(truth as i128),
        Weak::Int(value) => Some(value),
        Weak::Float(_) => None,
    }
}

pub(super) const fn float(number: Weak) -> f64 {
    match number {
        Weak::Bool(truth) => truth as u8 as f64,
        Weak::Int(value) => value as f64,
        Weak::Float(value) => value,
    }
}

/// A sign before a number.
pub(super) fn prefix(sign: Prefix, of: Weak) -> Folded {
    match (sign, int(of)) {
        (Prefix::Plus, Some(value)) => Ok(Weak::Int(value)),
        (Prefix::Minus, Some(value)) => value.checked_neg().map(Weak::Int).ok_or_else(|| TOO_LARGE.into()),
        (Prefix::Invert, Some(value)) => Ok(Weak::Int(!value)),
        (Prefix::Plus, None) => Ok(of),
        (Prefix::Minus, None) => Ok(Weak::Float(-float(of))),
        (Prefix::Invert, None) => Err("`~` takes integers and `bool`, not a float".into()),
    }
}

/// An operation on two numbers.
pub(super) fn infix(op: Op, left: Weak, right: Weak) -> Folded {
    if let Op::BitwiseAnd | Op::BitwiseOr | Op::BitwiseXor = op {
        return bitwise(op, left, right);
    }
    if let Op::Less | Op::LessEqual | Op::Greater | Op::GreaterEqual | Op::Equal | Op::NotEqual = op {
        return Ok(Weak::Bool(compare(op, left, right)));
    }
    match (int(left), int(right)) {
        (Some(left), Some(right)) => ints(op, left, right),
        _ => floats(op, float(left), float(right)),
    }
}

fn bitwise(op: Op, left: Weak, right: Weak) -> Folded {
    let (Some(a), Some(b)) = (int(left), int(right)) else {
        return Err(format!("`{}` takes integers and `bool`, not a float", op.name()));
    };
    let value = match op {
        Op::BitwiseAnd => a & b,
        Op::BitwiseOr => a | b,
        _ => a ^ b,
    };
    let are_bool = matches!((left, right), (Weak::Bool(_), Weak::Bool(_)));
    Ok(if are_bool { Weak::Bool(value != 0) } else { Weak::Int(value) })
}

fn compare(op: Op, left: Weak, right: Weak) -> bool {
    let order = match (int(left), int(right)) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => float(left).partial_cmp(&float(right)),
    };
    match op {
        Op::Less => order == Some(Ordering::Less),
        Op::LessEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Op::Greater => order == Some(Ordering::Greater),
        Op::GreaterEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        Op::Equal => order == Some(Ordering::Equal),
        _ => order != Some(Ordering::Equal),
    }
}

fn ints(op: Op, a: i128, b: i128) -> Folded {
    let exact = |value: Option<i128>| value.map(Weak::Int).ok_or_else(|| TOO_LARGE.to_owned());
    let by_zero = || Err("a number is divided by zero".to_owned());
    match op {
        Op::Add => exact(a.checked_add(b)),
        Op::Subtract => exact(a.checked_sub(b)),
        Op::Multiply => exact(a.checked_mul(b)),
        Op::Divide | Op::FloorDivide | Op::Remainder if b == 0 => by_zero(),
        Op::Divide => Ok(Weak::Float(a as f64 / b as f64)),
        Op::FloorDivide => exact(a.checked_div_euclid(b).map(|quotient| {
            // Euclid rounds away from zero where the divisor is negative.
            if b < 0 && a.rem_euclid(b) != 0 { quotient - 1 } else { quotient }
        })),
        Op::Remainder => {
            let remainder = a.checked_rem(b).unwrap_or(0);
            Ok(Weak::Int(if remainder != 0 && (remainder < 0) != (b < 0) {
                remainder + b
            } else {
                remainder
            }))
        }
        Op::Power if b < 0 => floats(op, a as f64, b as f64),
        Op::Power => match a {
            0 | 1 => Ok(Weak::Int(if b == 0 { 1 } else { a })),
            -1 => Ok(Weak::Int(if b % 2 == 0 { 1 } else { -1 })),
            _ => exact(u32::try_from(b).ok().and_then(|exponent| a.checked_pow(exponent))),
        },
        Op::LeftShift | Op::RightShift if b < 0 => Err("a number is shifted by a negative amount".into()),
        Op::LeftShift if a == 0 => Ok(Weak::Int(0)),
        Op::LeftShift => {
            exact(u32::try_from(b).ok().and_then(|by| 2i128.checked_pow(by)).and_then(|by| a.checked_mul(by)))
        }
        Op::RightShift => Ok(Weak::Int(a >> b.min(127))),
        _ => Err(format!("`{}` has no meaning for two numbers", op.name())),
    }
}

fn floats(op: Op, a: f64, b: f64) -> Folded {
    let value = match op {
        Op::Add => a + b,
        Op::Subtract => a - b,
        Op::Multiply => a * b,
        Op::Divide | Op::FloorDivide | Op::Remainder if b == 0.0 => {
            return Err("a number is divided by zero".into());
        }
        Op::Divide => a / b,
        Op::FloorDivide => floor_divide(a, b).0,
        Op::Remainder => floor_divide(a, b).1,
        Op::Power if a == 0.0 && b < 0.0 => return Err("zero is raised to a negative power".into()),
        Op::Power if a < 0.0 && a.is_finite() && b.is_finite() && b.fract() != 0.0 => {
            return Err("the power is a complex number".into());
        }
        Op::Power => {
            let power = a.powf(b);
            if power.is_infinite() && a.is_finite() && b.is_finite() {
                return Err("the power is larger than any float".into());
            }
            power
        }
        _ => return Err(format!("`{}` takes integers, not a float", op.name())),
    };
    Ok(Weak::Float(value))
}

/// Quotient and remainder, which has the sign of the divisor, as Python computes them.
fn floor_divide(a: f64, b: f64) -> (f64, f64) {
    let mut remainder = a % b;
    let mut quotient = (a - remainder) / b;
    if remainder == 0.0 {
        remainder = 0f64.copysign(b);
    } else if (b < 0.0) != (remainder < 0.0) {
        remainder += b;
        quotient -= 1.0;
    }
    if quotient == 0.0 {
        return (0f64.copysign(a / b), remainder);
    }
    let floor = quotient.floor();
    (if quotient - floor > 0.5 { floor + 1.0 } else { floor }, remainder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_python() {
        let int = |value| Weak::Int(value);
        assert_eq!(infix(Op::FloorDivide, int(-7), int(2)), Ok(int(-4)));
        assert_eq!(infix(Op::FloorDivide, int(7), int(-2)), Ok(int(-4)));
        assert_eq!(infix(Op::FloorDivide, int(-7), int(-2)), Ok(int(3)));
        assert_eq!(infix(Op::Remainder, int(-7), int(3)), Ok(int(2)));
        assert_eq!(infix(Op::Remainder, int(7), int(-3)), Ok(int(-2)));
        assert_eq!(infix(Op::Power, int(2), int(-1)), Ok(Weak::Float(0.5)));
        assert_eq!(infix(Op::Add, Weak::Bool(true), Weak::Bool(true)), Ok(int(2)));
        assert_eq!(infix(Op::FloorDivide, Weak::Float(-7.5), int(2)), Ok(Weak::Float(-4.0)));
        assert_eq!(infix(Op::Remainder, Weak::Float(-7.5), int(2)), Ok(Weak::Float(0.5)));
        assert_eq!(infix(Op::BitwiseXor, Weak::Bool(true), Weak::Bool(true)), Ok(Weak::Bool(false)));
        assert_eq!(prefix(Prefix::Invert, Weak::Bool(true)), Ok(int(-2)));
        for wrong in [
            infix(Op::Divide, int(1), int(0)),
            infix(Op::Power, int(2), int(1000)),
            infix(Op::FloorDivide, int(i128::MIN), int(-1)),
            infix(Op::LeftShift, int(1), int(-1)),
            infix(Op::LeftShift, int(1), int(1 << 40)),
            infix(Op::Power, Weak::Float(-8.0), Weak::Float(0.5)),
            infix(Op::BitwiseAnd, int(1), Weak::Float(1.0)),
            prefix(Prefix::Minus, int(i128::MIN)),
        ] {
            assert!(wrong.is_err(), "{wrong:?}");
        }
        assert_eq!(infix(Op::Remainder, int(i128::MIN), int(-1)), Ok(int(0)));
    }
}
