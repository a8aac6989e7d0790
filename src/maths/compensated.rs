//! Sums and products with their rounding errors, and polynomials, for the other functions.
//!
//! The error-free transformations are those of Knuth, Dekker and Veltkamp (Muller et al., Handbook
//! of Floating-Point Arithmetic, chapter 4).

/// `a * b + c`, rounded once if `FUSED`.
#[inline(always)]
pub(super) fn multiply_add<const FUSED: bool>(a: f64, b: f64, c: f64) -> f64 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}

/// `a + b` and its rounding error, exactly.
#[inline(always)]
pub(super) fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_part = sum - a;
    (sum, (a - (sum - b_part)) + (b - b_part))
}

/// As [`two_sum`], if `|a| >= |b|`, or `a` is a multiple of the last place of `b`, as zero is.
#[inline(always)]
pub(super) fn fast_two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    (sum, b - (sum - a))
}

/// `a * b` and its rounding error, exactly unless the error is subnormal.
#[inline(always)]
pub(super) fn two_product<const FUSED: bool>(a: f64, b: f64) -> (f64, f64) {
    let product = a * b;
    if FUSED {
        return (product, a.mul_add(b, -product));
    }
    let (a_high, a_low) = halves(a);
    let (b_high, b_low) = halves(b);
    (product, (((a_high * b_high - product) + a_high * b_low) + a_low * b_high) + a_low * b_low)
}

/// Two numbers of at most 26 and 27 significant bits that add up to `a`. Cut off by a mask rather
/// than by Veltkamp's product, which would overflow for large `a`.
#[inline(always)]
fn halves(a: f64) -> (f64, f64) {
    let high = f64::from_bits(a.to_bits() & !0x7ff_ffff);
    (high, a - high)
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

/// The polynomial of these at most 33 coefficients, constant term first. All but the constant term by
/// Estrin's scheme, whose shorter chains keep the multipliers busier than Horner's, and then one step
/// of Horner's, for Estrin's rounds the leading digits at each of its levels.
#[inline(always)]
pub(super) fn polynomial<const FUSED: bool, const COUNT: usize>(x: f64, coefficients: [f64; COUNT]) -> f64 {
    const { assert!(2 <= COUNT && COUNT <= 33) };
    // Closures rather than a loop, which would be unrolled too late for the loop around it to
    // vectorise. Each gives the terms from i on, twice as many as the one before, without x^i.
    let (x_2, x_4) = (x * x, (x * x) * (x * x));
    let (x_8, x_16) = (x_4 * x_4, (x_4 * x_4) * (x_4 * x_4));
    let one = |i: usize| coefficients[i];
    let two = |i| if i + 1 < COUNT { multiply_add::<FUSED>(x, one(i + 1), one(i)) } else { one(i) };
    let four = |i| if i + 2 < COUNT { multiply_add::<FUSED>(x_2, two(i + 2), two(i)) } else { two(i) };
    let eight = |i| if i + 4 < COUNT { multiply_add::<FUSED>(x_4, four(i + 4), four(i)) } else { four(i) };
    let sixteen =
        |i| if i + 8 < COUNT { multiply_add::<FUSED>(x_8, eight(i + 8), eight(i)) } else { eight(i) };
    let rest = if 17 < COUNT { multiply_add::<FUSED>(x_16, sixteen(17), sixteen(1)) } else { sixteen(1) };
    multiply_add::<FUSED>(x, rest, coefficients[0])
}

/// x or the limit if x is larger. Unlike `min` it keeps a NaN, and unlike `clamp` it is one instruction.
#[inline(always)]
pub(super) fn at_most(x: f64, limit: f64) -> f64 {
    if x > limit { limit } else { x }
}
