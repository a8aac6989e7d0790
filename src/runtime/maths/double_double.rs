//! Unevaluated sums of two numbers, for results that need more than one precision holds.
//!
//! The error-free transformations are those of Dekker and Knuth (Muller et al., Handbook of
//! Floating-Point Arithmetic, chapter 4). `FUSED` says whether `mul_add` is one instruction.

/// `a * b + c`, rounded once if `FUSED`.
#[inline(always)]
pub(super) fn multiply_add<const FUSED: bool>(a: f64, b: f64, c: f64) -> f64 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}

/// The product and its rounding error. Without `FUSED` the error is exact but for its last bit.
#[inline(always)]
pub(super) fn two_product<const FUSED: bool>(a: f64, b: f64) -> (f64, f64) {
    let product = a * b;
    (product, product_error::<FUSED>(a, b, product))
}

/// `a * b - near`, exact but for its last bit if `near` is close to the product.
#[inline(always)]
pub(super) fn product_error<const FUSED: bool>(a: f64, b: f64, near: f64) -> f64 {
    if FUSED {
        return a.mul_add(b, -near);
    }
    let (a_high, a_low) = halves(a);
    let (b_high, b_low) = halves(b);
    (((a_high * b_high - near) + a_low * b_high) + a_high * b_low) + a_low * b_low
}

/// `a` as a sum of two numbers of half the length, so that products of halves are exact. Cut off by a mask
/// rather than by Veltkamp's product, which would overflow for large `a`.
#[inline(always)]
fn halves(a: f64) -> (f64, f64) {
    const HIGH_HALF: u64 = !0 << 27;
    let high = f64::from_bits(a.to_bits() & HIGH_HALF);
    (high, a - high)
}

/// The sum and its rounding error, if `a` is zero, a multiple of the last place of `b`, or of no smaller
/// exponent than `b`.
#[inline(always)]
pub(super) fn fast_two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    (sum, b - (sum - a))
}

/// The sum and its rounding error.
#[inline(always)]
pub(super) fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_part = sum - a;
    (sum, (a - (sum - b_part)) + (b - b_part))
}

/// `(numerator + numerator_low) / (denominator + denominator_low)` with its rounding error. The
/// error is good to a few bits less than `f64` has; the low parts must be small.
#[inline(always)]
pub(super) fn divide<const FUSED: bool>(
    (numerator, numerator_low): (f64, f64),
    (denominator, denominator_low): (f64, f64),
) -> (f64, f64) {
    let reciprocal = 1.0 / denominator;
    let quotient = numerator * reciprocal;
    // The remainder of a quotient this near is exact.
    let remainder = if FUSED {
        (-quotient).mul_add(denominator, numerator)
    } else {
        let (product, product_error) = two_product::<FUSED>(quotient, denominator);
        (numerator - product) - product_error
    };
    let remainder = multiply_add::<FUSED>(-quotient, denominator_low, remainder + numerator_low);
    (quotient, remainder * reciprocal)
}
