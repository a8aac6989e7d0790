//! Unevaluated sums of three numbers, the largest first, for what even [two](super::double_double) do not hold.
//!
//! Products and sums are within a few times 2^-156 of their values (Lauter, Basic building blocks for a
//! triple-double intermediate format, INRIA RR-5702, 2005, has them and their proofs). Unlike those of two
//! numbers they rest on products whose errors are exact without fused multiply-add, too.

use super::double_double::{fast_two_sum, multiply_add, two_sum};

/// The sum `.0 + .1 + .2`.
#[derive(Clone, Copy)]
pub(super) struct TripleDouble(pub f64, pub f64, pub f64);

impl TripleDouble {
    /// The sum of three numbers, each below about 2^-48 of the one before.
    #[inline(always)]
    fn normalised(high: f64, middle: f64, low: f64) -> Self {
        let (high, middle) = fast_two_sum(high, middle);
        let (middle, low) = fast_two_sum(middle, low);
        TripleDouble(high, middle, low)
    }

    #[inline(always)]
    pub(super) fn times<const FUSED: bool>(self, other: Self) -> Self {
        let fma = multiply_add::<FUSED>;
        let (high, error) = exact_product::<FUSED>(self.0, other.0);
        let (left, left_error) = exact_product::<FUSED>(self.0, other.1);
        let (right, right_error) = exact_product::<FUSED>(self.1, other.0);
        let (middle, middle_error) = two_sum(left, right);
        let (middle, last_error) = two_sum(middle, error);
        let low = fma(self.0, other.2, fma(self.2, other.0, self.1 * other.1));
        let low = low + ((left_error + right_error) + (middle_error + last_error));
        Self::normalised(high, middle, low)
    }

    /// The sum with a number of no larger exponent.
    #[inline(always)]
    pub(super) fn plus(self, smaller: Self) -> Self {
        let (high, error) = fast_two_sum(self.0, smaller.0);
        let (middle, middle_error) = two_sum(self.1, smaller.1);
        let (middle, last_error) = two_sum(middle, error);
        let low = (self.2 + smaller.2) + (middle_error + last_error);
        Self::normalised(high, middle, low)
    }
}

/// The product and its rounding error, both exact: unlike those of [`super::double_double::two_product`] the
/// halves are rounded, so that all their products fit. Numbers next to the largest would overflow.
#[inline(always)]
pub(super) fn exact_product<const FUSED: bool>(a: f64, b: f64) -> (f64, f64) {
    let product = a * b;
    if FUSED {
        return (product, a.mul_add(b, -product));
    }
    let halves = |a: f64| {
        let high = f64::from_bits(a.to_bits().wrapping_add(1 << 26) & (!0 << 27));
        (high, a - high)
    };
    let ((a_high, a_low), (b_high, b_low)) = (halves(a), halves(b));
    (product, (((a_high * b_high - product) + a_low * b_high) + a_high * b_low) + a_low * b_low)
}
