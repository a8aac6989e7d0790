//! The power function, with the special cases of C99's `pow`.
//!
//! x = 2^k m with m between the square roots of 1/2 and 2, y log2(x) = n + r with |r| about 1/2 at most, and
//! x^y = 2^n 2^r, all in the type of x and y. No table, so no gathers.
//!
//! The product is as large as 1074 (in `f32`, 149), so the logarithm needs 10 (8) bits more than its type
//! has, and is a sum of two numbers. The Padé approximant
//!
//! ```text
//! log(m) = 3 q (1 + q^4 P(q^2)), q = (m^2 - 1) / (m^2 + 4 m + 1)
//! ```
//!
//! is already within 2^-13.7, so that only q has to be computed with its remainder, and the rest is rounded
//! at once. m^2 - 1 is exact but for the rounding error of m^2, which is kept, as are those of the divisor
//! (Muller et al., Handbook of Floating-Point Arithmetic, for these sums). An exact y log2(x), as for powers
//! of two, makes an exact result. P and (2^r - 1) / r are minimax polynomials for the relative errors of the
//! logarithm and of 2^r, found by the Remez exchange in 300-bit arithmetic and rounded.
//!
//! Largest errors measured, in ULP, over bases and results of every exponent, bases near 1 and near the
//! square roots of 1/2 and 2, and results near the largest number and in the subnormal range:
//!
//! | | fused | without |
//! |---|---|---|
//! | `f32` (33 million pairs, against `f64`) | 1.33 | 1.47 |
//! | `f64` (11 million pairs, against 113-bit arithmetic) | 1.22 | 1.38 |
// `!(a <= b)` holds for NaN as well, and `&` keeps conditions from stopping early, which would not vectorise.
#![allow(clippy::neg_cmp_op_on_partial_ord, clippy::manual_range_contains)]

binary! {
    Power: block_f32, block_f64;
}

/// Keeps vectors from lying across two cache lines.
#[repr(align(64))]
struct Aligned<T>(T);

/// Generates the module `$module` for one floating-point type. `$integer` has its width.
macro_rules! powers {
    (
        $module:ident, $float:ident as $integer:ident,
        at_once: $at_once:expr,
        // Beyond it every base but 1 overflows or underflows.
        largest_exponent: $largest_exponent:expr,
        no_scaling_limit: $no_scaling_limit:literal,
        scaling_limit: $scaling_limit:literal,
        three_log2_e: $three_log2_e:literal, $three_log2_e_low:literal,
        log_polynomial($w:ident): $log_polynomial:expr,
        exp2_polynomial($r:ident): $exp2_polynomial:expr
    ) => {
        mod $module {
            use super::Aligned;
            use std::$float::consts::LN_2;

            const FRACTION_BITS: u32 = $float::MANTISSA_DIGITS - 1;
            const BIAS: $integer = $float::MAX_EXP as $integer - 1;
            /// Adding this leaves an integer in the low bits of the fraction. The conversion instruction, in
            /// contrast, does not exist for f64 vectors on AVX2.
            const TO_INTEGER: $float = 1.5 / $float::EPSILON;

            /// x^y of each pair.
            #[inline(always)]
            pub(in super::super) fn block<const FUSED: bool, const LENGTH: usize>(
                x: &[$float; LENGTH],
                y: &[$float; LENGTH],
                results: &mut [$float; LENGTH],
            ) {
                const { assert!(LENGTH.is_multiple_of($at_once)) };
                let (x, y) = (x.as_chunks::<{ $at_once }>().0, y.as_chunks::<{ $at_once }>().0);
                let results = results.as_chunks_mut::<{ $at_once }>().0;
                for ((x, y), results) in x.iter().zip(y).zip(results) {
                    // Both ways give the same bits where the first applies; it is merely shorter.
                    if !ordinary_powers::<FUSED, { $at_once }>(x, y, results) {
                        for ((result, &x), &y) in results.iter_mut().zip(x).zip(y) {
                            *result = any_power::<FUSED>(x, y);
                        }
                    }
                }
            }

            /// x^y of each pair if all bases and all results are positive, normal and finite, and says
            /// whether they are.
            #[inline(always)]
            fn ordinary_powers<const FUSED: bool, const LENGTH: usize>(
                x: &[$float; LENGTH],
                y: &[$float; LENGTH],
                results: &mut [$float; LENGTH],
            ) -> bool {
                // One comparison of bits: others wrap round to larger ones.
                const SMALLEST: $integer = $float::MIN_POSITIVE.to_bits();
                const COUNT: $integer = $float::INFINITY.to_bits() - SMALLEST;
                let normal =
                    x.iter().fold(true, |normal, x| normal & (x.to_bits().wrapping_sub(SMALLEST) < COUNT));
                if !normal {
                    return false;
                }
                // In two loops, whose shorter chains keep more vectors in flight.
                let (mut shifted_n, mut r) = (Aligned([0.0; LENGTH]), Aligned([0.0; LENGTH]));
                let mut ordinary = true;
                for i in 0..LENGTH {
                    let n;
                    (n, shifted_n.0[i], r.0[i]) = exponent::<FUSED>(x[i], 0.0, y[i]);
                    // Larger y would overflow in the products without fused multiply-add.
                    ordinary &= (n.abs() <= $no_scaling_limit) & (FUSED | (y[i].abs() <= $largest_exponent));
                }
                if ordinary {
                    for i in 0..LENGTH {
                        let power = exp2::<FUSED>(r.0[i]).to_bits();
                        results[i] =
                            $float::from_bits(power.wrapping_add(shifted_n.0[i].to_bits() << FRACTION_BITS));
                    }
                }
                ordinary
            }

            /// x^y, whatever they are.
            #[inline(always)]
            fn any_power<const FUSED: bool>(x: $float, y: $float) -> $float {
                const TO_NORMAL: u32 = $float::MANTISSA_DIGITS + 1;
                /// From here on every number is an integer, and its last bit is that of the fraction.
                const FRACTION_LIMIT: $float = 1.0 / $float::EPSILON;
                let x_size = x.abs();
                let y_size = y.abs();
                let to_integer = if y_size < FRACTION_LIMIT { FRACTION_LIMIT } else { 0.0 };
                let shifted = y_size + to_integer;
                let y_is_integer = shifted - to_integer == y_size;
                let y_is_odd = y_is_integer & (y_size < 2.0 * FRACTION_LIMIT) & (shifted.to_bits() & 1 == 1);

                let subnormal = x_size < $float::MIN_POSITIVE;
                let scale = if subnormal { (1_u64 << TO_NORMAL) as $float } else { 1.0 };
                let scaled_by = if subnormal { TO_NORMAL as $float } else { 0.0 };
                let limited_y = y.clamp(-$largest_exponent, $largest_exponent);
                let (n, shifted_n, r) = exponent::<FUSED>(x_size * scale, scaled_by, limited_y);
                // 2^n in two steps: the first is exact, the second rounds a subnormal result or overflows.
                let power_of_two = |n: $integer| $float::from_bits(n.wrapping_add(BIAS) << FRACTION_BITS);
                let half_n = multiply_add::<FUSED>(n, 0.5, TO_INTEGER).to_bits();
                let other_half = shifted_n.to_bits().wrapping_sub(half_n);
                let power = exp2::<FUSED>(r) * power_of_two(half_n) * power_of_two(other_half);
                let power = if n > $scaling_limit { $float::INFINITY } else { power };
                let power = if n < -$scaling_limit { 0.0 } else { power };
                select_special(x, y, power, y_is_integer, y_is_odd)
            }

            /// x^y as C99 has it, where `power` is |x|^y for a positive finite x.
            #[inline(always)]
            fn select_special(
                x: $float,
                y: $float,
                power: $float,
                y_is_integer: bool,
                y_is_odd: bool,
            ) -> $float {
                let zero_base = x == 0.0;
                let extreme_base = zero_base | (x.abs() == $float::INFINITY);
                let extreme = if zero_base == (y < 0.0) { $float::INFINITY } else { 0.0 };
                let power = if extreme_base { extreme } else { power };
                let power = if y_is_odd & x.is_sign_negative() { -power } else { power };
                let undefined = (x < 0.0) & !extreme_base & !y_is_integer;
                let power = if undefined | x.is_nan() | y.is_nan() { $float::NAN } else { power };
                if (y == 0.0) | (x == 1.0) { 1.0 } else { power }
            }

            /// n, n with an offset, and r, where y log2(x / 2^`scaled_by`) = n + r and n is an integer, for a
            /// normal positive x.
            #[inline(always)]
            fn exponent<const FUSED: bool>(
                x: $float,
                scaled_by: $float,
                y: $float,
            ) -> ($float, $float, $float) {
                let (high, low) = log2::<FUSED>(x, scaled_by);
                let shifted_n = multiply_add::<FUSED>(y, high, TO_INTEGER);
                let n = shifted_n - TO_INTEGER;
                let r = if FUSED {
                    y.mul_add(low, y.mul_add(high, -n))
                } else {
                    let (product, error) = two_product::<FUSED>(y, high);
                    (product - n) + (y * low + error)
                };
                (n, shifted_n, r)
            }

            /// The base-2 logarithm of x / 2^`scaled_by` for a normal positive x, as a sum of two numbers.
            #[inline(always)]
            fn log2<const FUSED: bool>(x: $float, scaled_by: $float) -> ($float, $float) {
                let (m, k) = split(x);
                let k = k - scaled_by;
                // q = (m^2 - 1) / (m^2 + 4 m + 1), and what q as computed leaves of the dividend.
                let (square, square_low) = two_product::<FUSED>(m, m);
                let four_m = $float::from_bits(m.to_bits() + (2 << FRACTION_BITS));
                let (part, part_low) = fast_two_sum(four_m, 1.0);
                let (divisor, divisor_low) = fast_two_sum(part, square);
                let divisor_low = (part_low + square_low) + divisor_low;
                let dividend = square - 1.0;
                let inverse = 1.0 / divisor;
                let q = dividend * inverse;
                let remainder = multiply_add::<FUSED>(-q, divisor_low, square_low)
                    - product_error::<FUSED>(q, divisor, dividend);

                let $w = q * q;
                let bend = multiply_add::<FUSED>($w * $w, $log_polynomial, $three_log2_e_low);
                let (high, low) = multiply_add_exactly::<FUSED>($three_log2_e, q, k);
                // What the remainder adds to the logarithm; the derivative of q^5 is 5 q^4.
                let correction = $three_log2_e * inverse * remainder;
                let bent = multiply_add::<FUSED>(5.0, correction, high - k);
                (high, multiply_add::<FUSED>(bent, bend, low + correction))
            }

            /// m and k with x = 2^k m and m between the square roots of 1/2 and 2.
            #[inline(always)]
            fn split(x: $float) -> ($float, $float) {
                /// Its square is not below 1/2, so that the square less one is exact.
                const SQRT_HALF: $float = std::$float::consts::FRAC_1_SQRT_2.next_up();
                const FRACTION_MASK: $integer = (1 << FRACTION_BITS) - 1;
                let shifted = x.to_bits().wrapping_add((1.0 as $float).to_bits() - SQRT_HALF.to_bits());
                let m = $float::from_bits((shifted & FRACTION_MASK) + SQRT_HALF.to_bits());
                let biased_k = $float::from_bits((shifted >> FRACTION_BITS) | TO_INTEGER.to_bits());
                (m, biased_k - (TO_INTEGER + BIAS as $float))
            }

            /// 2^r.
            #[inline(always)]
            fn exp2<const FUSED: bool>($r: $float) -> $float {
                multiply_add::<FUSED>($r, $exp2_polynomial, 1.0)
            }

            /// `a * b + c`, rounded once if `FUSED`.
            #[inline(always)]
            fn multiply_add<const FUSED: bool>(a: $float, b: $float, c: $float) -> $float {
                if FUSED { a.mul_add(b, c) } else { a * b + c }
            }

            /// `a * b + c` as a sum of two numbers, if `c` is zero or of no smaller exponent than the product.
            #[inline(always)]
            fn multiply_add_exactly<const FUSED: bool>(a: $float, b: $float, c: $float) -> ($float, $float) {
                if FUSED {
                    let sum = a.mul_add(b, c);
                    return (sum, a.mul_add(b, c - sum));
                }
                let (product, product_error) = two_product::<FUSED>(a, b);
                let (sum, error) = fast_two_sum(c, product);
                (sum, error + product_error)
            }

            /// The sum and its rounding error, if `a` is zero or of no smaller exponent than `b`.
            #[inline(always)]
            fn fast_two_sum(a: $float, b: $float) -> ($float, $float) {
                let sum = a + b;
                (sum, b - (sum - a))
            }

            /// The product and its rounding error.
            #[inline(always)]
            fn two_product<const FUSED: bool>(a: $float, b: $float) -> ($float, $float) {
                let product = a * b;
                (product, product_error::<FUSED>(a, b, product))
            }

            /// `a * b - near`, exact if `near` is close to the product.
            #[inline(always)]
            fn product_error<const FUSED: bool>(a: $float, b: $float, near: $float) -> $float {
                if FUSED {
                    return a.mul_add(b, -near);
                }
                // Halves rounded to nearest, so that even the product of the low ones is exact.
                let halves = |a: $float| {
                    const LOW_BITS: u32 = $float::MANTISSA_DIGITS / 2 + 1;
                    let rounded = a.to_bits().wrapping_add(1 << (LOW_BITS - 1));
                    let high = $float::from_bits(rounded & (!0 << LOW_BITS));
                    (high, a - high)
                };
                let ((a_high, a_low), (b_high, b_low)) = (halves(a), halves(b));
                (((a_high * b_high - near) + a_low * b_high) + a_high * b_low) + a_low * b_low
            }
        }
    };
}

powers! {
    single, f32 as u32,
    // More at once would make LLVM unroll the loops, for which there are not enough registers.
    at_once: 16,
    largest_exponent: (1_u64 << 40) as f32,
    no_scaling_limit: 125.0,
    scaling_limit: 200.0,
    three_log2_e: 4.328_085, 4.089_295_3e-8,
    log_polynomial(w): multiply_add::<FUSED>(w, multiply_add::<FUSED>(w, 1.194_782, -0.481_509_98), 0.449_998_23),
    exp2_polynomial(r): {
        let c45 = multiply_add::<FUSED>(r, 0.000_153_496_67, 0.001_340_294_1);
        let c345 = multiply_add::<FUSED>(r, c45, 0.009_618_48);
        let c2345 = multiply_add::<FUSED>(r, c345, 0.055_503_227);
        multiply_add::<FUSED>(r, multiply_add::<FUSED>(r, c2345, 0.240_226_48), LN_2)
    }
}

powers! {
    double, f64 as u64,
    at_once: LENGTH,
    largest_exponent: (1_u128 << 66) as f64,
    no_scaling_limit: 1020.0,
    scaling_limit: 1100.0,
    three_log2_e: 4.328_085_122_666_891, -8.849_719_397_183_603e-17,
    log_polynomial(w): {
        let w2 = w * w;
        let c01 = multiply_add::<FUSED>(w, -0.482_142_857_063_967_87, 0.449_999_999_999_939_8);
        let c23 = multiply_add::<FUSED>(w, -2.588_768_433_288_564_5, 1.265_624_960_657_765);
        let c45 = multiply_add::<FUSED>(w, -14.835_406_651_637_923, 6.241_521_005_270_624);
        let c456 = multiply_add::<FUSED>(w2, 32.340_965_153_399_19, c45);
        multiply_add::<FUSED>(w2, multiply_add::<FUSED>(w2, c456, c23), c01)
    },
    // The even and the odd powers by Horner's scheme, which takes fewer operations than Estrin's.
    exp2_polynomial(r): {
        let r2 = r * r;
        let mut odd = 2.560_158_219_303_806_6e-11;
        for coefficient in [
            7.055_042_125_284_22e-9, 1.321_548_620_857_391_7e-6, 0.000_154_035_303_944_881_35,
            0.009_618_129_107_627_575, 0.240_226_506_959_100_75,
        ] {
            odd = multiply_add::<FUSED>(r2, odd, coefficient);
        }
        let mut even = 4.461_370_296_248_599e-10;
        for coefficient in [
            1.017_801_595_232_970_8e-7, 1.525_273_395_189_231_3e-5, 0.001_333_355_814_627_847_6,
            0.055_504_108_664_822_215,
        ] {
            even = multiply_add::<FUSED>(r2, even, coefficient);
        }
        multiply_add::<FUSED>(r, multiply_add::<FUSED>(r, even, odd), LN_2)
    }
}

pub(super) use double::block as block_f64;
pub(super) use single::block as block_f32;

/// What the constant of the standard library lacks of ln 2.
pub(super) const LN_2_LOW: f64 = 2.319_046_813_846_299_6e-17;

/// (e^t - 1 - t) / t^2 for |t| <= 0.34664, as in the exponential function.
#[inline(always)]
pub(super) fn exp_polynomial<const FUSED: bool>(t: f64) -> f64 {
    let fma = super::double_double::multiply_add::<FUSED>;
    let t2 = t * t;
    let t4 = t2 * t2;
    let c01 = fma(t, 0.166_666_666_666_666_82, 0.5);
    let c23 = fma(t, 0.008_333_333_333_317_022, 0.041_666_666_666_666_095);
    let c45 = fma(t, 0.000_198_412_698_964_160_42, 0.001_388_888_888_911_576_7);
    let c67 = fma(t, 2.755_723_482_890_554_3e-6, 2.480_158_692_648_647e-5);
    let c89 = fma(t, 2.511_204_860_447_038e-8, 2.755_758_188_866_749e-7);
    let c0123 = fma(t2, c23, c01);
    let c4567 = fma(t2, c67, c45);
    let c89_10 = fma(t2, 2.082_663_650_691_417_4e-9, c89);
    fma(t4, fma(t4, c89_10, c4567), c0123)
}
