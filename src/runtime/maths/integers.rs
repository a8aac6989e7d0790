//! Functions of 64-bit integers, with and without sign. What does not fit wraps around.

use super::{Binary, Power};

/// A 64-bit integer.
pub trait Integer: Copy {
    /// Its distance from zero.
    fn magnitude(self) -> u64;
    /// The number with these bits.
    fn of(magnitude: u64) -> Self;
    /// Is it below zero?
    fn is_negative(self) -> bool;
}

impl Integer for i64 {
    fn magnitude(self) -> u64 {
        self.unsigned_abs()
    }
    fn of(magnitude: u64) -> Self {
        magnitude as Self
    }
    fn is_negative(self) -> bool {
        self < 0
    }
}

impl Integer for u64 {
    fn magnitude(self) -> u64 {
        self
    }
    fn of(magnitude: u64) -> Self {
        magnitude
    }
    fn is_negative(self) -> bool {
        false
    }
}

/// Stein's binary algorithm: shifts and subtractions instead of divisions.
fn divisor(mut a: u64, mut b: u64) -> u64 {
    if a == 0 || b == 0 {
        return a | b;
    }
    let shared = (a | b).trailing_zeros();
    a >>= a.trailing_zeros();
    while b != 0 {
        b >>= b.trailing_zeros();
        (a, b) = (a.min(b), a.abs_diff(b));
    }
    a << shared
}

/// The greatest common divisor, which is not negative.
pub struct Gcd;

/// The least common multiple, which is not negative; 0 where either is 0.
pub struct Lcm;

/// Block functions that apply a function of two numbers.
macro_rules! integer_functions {
    ($($name:ident = $function:ident;)*) => {$(
        called! { binary $name: i64 u64 }

        impl<T: Integer> Binary<T> for $name {
            #[inline(always)]
            fn block<const FUSED: bool, const LENGTH: usize>(
                x: &[T; LENGTH],
                y: &[T; LENGTH],
                results: &mut [T; LENGTH],
            ) {
                for ((result, &x), &y) in results.iter_mut().zip(x).zip(y) {
                    *result = $function(x, y);
                }
            }
        }
    )*};
}
integer_functions! {
    Gcd = common_divisor;
    Lcm = common_multiple;
    Power = power;
}

fn common_divisor<T: Integer>(x: T, y: T) -> T {
    T::of(divisor(x.magnitude(), y.magnitude()))
}

fn common_multiple<T: Integer>(x: T, y: T) -> T {
    let (a, b) = (x.magnitude(), y.magnitude());
    T::of(a.checked_div(divisor(a, b)).unwrap_or(0).wrapping_mul(b))
}

/// A negative power is the exact quotient rounded towards zero: 0, but for the powers of 1 and -1; of 0 it is 0.
fn power<T: Integer>(x: T, y: T) -> T {
    let (mut square, mut left) = (x.magnitude(), y.magnitude());
    let turned = x.is_negative() && left % 2 == 1;
    let mut result = u64::from(!y.is_negative() || square == 1);
    while left > 0 && result != 0 {
        if left % 2 == 1 {
            result = result.wrapping_mul(square);
        }
        square = square.wrapping_mul(square);
        left /= 2;
    }
    T::of(if turned { result.wrapping_neg() } else { result })
}
