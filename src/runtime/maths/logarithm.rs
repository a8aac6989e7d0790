//! The natural, binary and decimal logarithms, and log(1 + x).
//!
//! x = 2^n (1 + f) with 1 + f between the square roots of 1/2 and 2, then log x = n log 2 +
//! log(1 + f). As in fdlibm (e_log.c), with s = f / (2 + f),
//!
//! ```text
//! log(1 + f) = 2 artanh(s) = f - f^2/2 + s (f^2/2 + R(s^2))
//! ```
//!
//! but f - f^2/2 is kept with its rounding error, so that only the last term, small next to the
//! rest, is inexact. The natural logarithm of an `f64` accepts the roundings of that sum and, with fused
//! multiply-add, the form f - s (f - R(s^2)), since the multipliers decide its speed. R is a minimax
//! polynomial found by the Remez exchange in 300-bit arithmetic. The natural logarithm of an `f32` does
//! without the division: it is f + (f^3 P(f) - f^2/2), the second term of which is so small that its
//! roundings cost little, unless it is multiplied by something. The polynomials of `f32` are from
//! tests/golden/single_coefficients.py.
//! The high part of log 2 has enough trailing zeros for n times it to be exact. The other bases
//! multiply both parts of log(1 + f) by a constant in two parts and add n log_b 2 last: one rounding
//! decides, hence powers of the base are exact. log(1 + x) is the logarithm of the rounded sum, with
//! the rounding error of that added to f (Muller et al., Handbook of Floating-Point Arithmetic).
//!
//! Largest errors measured, in ULP, with and without fused multiply-add, in `f32` (every number of
//! the domain) and `f64` (168 million arguments for log, 12 million or more for the others, among them
//! the neighbours of one and of the borders of n, and subnormal numbers; against an 80-bit reference):
//!
//! | function | f32 fused | f32 | f64 fused | f64 |
//! |---|---|---|---|---|
//! | log | 0.775 | 0.797 | 0.920 | 0.872 |
//! | log2 | 0.665 | 0.711 | 0.737 | 0.752 |
//! | log10 | 0.665 | 0.692 | 0.661 | 0.691 |
//! | log1p | 0.621 | 0.630 | 0.648 | 0.665 |

unary! {
    Log: log_f32, log_f64;
    Log2: log2_f32, log2_f64;
    Log10: log10_f32, log10_f64;
    Log1p: log1p_f32, log1p_f64;
}

/// Generates the module `$module` for one floating-point type. `$integer` has its width.
macro_rules! logarithms {
    (
        $module:ident, $float:ident as $integer:ident,
        to_normal: $to_normal:literal, $to_normal_exponent:literal,
        ln_2: $ln_2_high:literal, $ln_2_low:literal,
        log10_2: $log10_2_high:literal, $log10_2_low:literal,
        log2_e: $log2_e_low:literal,
        log10_e: $log10_e_low:literal,
        lowest_significand: $lowest_significand:expr,
        polynomial($z:ident): $polynomial:expr,
        log($n:ident, $f:ident): $log:expr
    ) => {
        pub(super) mod $module {
            use std::$float::consts;

            const LN_2_HIGH: $float = $ln_2_high;
            const LN_2_LOW: $float = $ln_2_low;
            const FRACTION_BITS: u32 = $float::MANTISSA_DIGITS - 1;
            const FRACTION_MASK: $integer = (1 << FRACTION_BITS) - 1;
            const ONE_BITS: $integer = (1.0 as $float).to_bits();
            /// Clears the lower half of the fraction, so that products of what is left are exact.
            const UPPER_HALF: $integer = !0 << ($float::MANTISSA_DIGITS / 2 + 1);

            /// The rounded sum and its error, given that `a` is zero or not below `b` in magnitude.
            #[inline(always)]
            pub(in super::super) fn fast_two_sum(a: $float, b: $float) -> ($float, $float) {
                let sum = a + b;
                (sum, b - (sum - a))
            }

            /// The rounded sum and its error.
            #[inline(always)]
            pub(in super::super) fn two_sum(a: $float, b: $float) -> ($float, $float) {
                let sum = a + b;
                let b_part = sum - a;
                (sum, (a - (sum - b_part)) + (b - b_part))
            }

            /// The rounded product and its error.
            #[inline(always)]
            pub(in super::super) fn two_product<const FUSED: bool>(a: $float, b: $float) -> ($float, $float) {
                let product = a * b;
                if FUSED {
                    return (product, a.mul_add(b, -product));
                }
                let a_high = $float::from_bits(a.to_bits() & UPPER_HALF);
                let b_high = $float::from_bits(b.to_bits() & UPPER_HALF);
                let (a_low, b_low) = (a - a_high, b - b_high);
                let error = a_high * b_high - product + a_high * b_low + a_low * b_high + a_low * b_low;
                (product, error)
            }

            /// n, f, and 2^-n, where x = 2^n (1 + f) and 1 + f is between the lowest significand and its
            /// double. For positive normal numbers; 2^-n is wrong for n = MAX_EXP.
            #[inline(always)]
            pub(in super::super) fn split(x: $float) -> ($float, $float, $float) {
                const LOWEST_BITS: $integer = ($lowest_significand as $float).to_bits();
                /// A number whose last place is one.
                const TO_INTEGER: $float = 1.0 / $float::EPSILON;
                const BIAS: $float = $float::MAX_EXP as $float - 1.0;
                let shifted = x.to_bits().wrapping_add(ONE_BITS - LOWEST_BITS);
                let biased_n = $float::from_bits((shifted >> FRACTION_BITS) | TO_INTEGER.to_bits());
                let n = biased_n - (TO_INTEGER + BIAS);
                let significand = $float::from_bits((shifted & FRACTION_MASK) + LOWEST_BITS);
                let scale = $float::from_bits((ONE_BITS << 1).wrapping_sub(shifted & !FRACTION_MASK));
                (n, significand - 1.0, scale)
            }

            /// (log(1 + f) - 2 s) / s^3, where z = s^2.
            #[inline(always)]
            fn artanh_terms<const FUSED: bool>($z: $float) -> $float {
                $polynomial
            }

            /// log(1 + f) as a rounded number and a small correction, which may be as large as
            /// f^2 / 6.
            #[inline(always)]
            pub(in super::super) fn log_1p<const FUSED: bool>(f: $float) -> ($float, $float) {
                let s = f / (2.0 + f);
                let z = s * s;
                let (square, square_error) = two_product::<FUSED>(f, 0.5 * f);
                let (high, error) = fast_two_sum(f, -square);
                let rest = multiply_add!(z, artanh_terms::<FUSED>(z), square);
                (high, multiply_add!(s, rest, error - square_error))
            }

            /// What to add to log(1 + f) for log(1 + f + low), where `low` is below an ULP of 1.
            #[inline(always)]
            pub(in super::super) fn log_correction<const FUSED: bool>(f: $float, low: $float) -> $float {
                // 1 / (1 + f), within 1.2 %.
                low * multiply_add!(f, multiply_add!(f, 0.914, -1.081), 1.005)
            }

            /// n log 2 + parts.0 + parts.1, rounded nearly once. n times the high part of log 2 is
            /// exact, and zero or larger than parts.0.
            #[inline(always)]
            pub(in super::super) fn natural<const FUSED: bool>(n: $float, parts: ($float, $float)) -> $float {
                let (high, error) = fast_two_sum(n * LN_2_HIGH, parts.0);
                high + (multiply_add!(n, LN_2_LOW, error) + parts.1)
            }

            /// n log 2 + log(1 + f).
            #[inline(always)]
            fn natural_one<const FUSED: bool>($n: $float, $f: $float) -> $float {
                $log
            }

            /// As `natural_one`, divided by log 2.
            #[inline(always)]
            fn binary_one<const FUSED: bool>(n: $float, f: $float) -> $float {
                let parts = log_1p::<FUSED>(f);
                let (product, product_error) = two_product::<FUSED>(parts.0, consts::LOG2_E);
                let (high, error) = fast_two_sum(n, product);
                let low = multiply_add!(parts.0, $log2_e_low, error + product_error);
                high + multiply_add!(parts.1, consts::LOG2_E, low)
            }

            /// As `natural_one`, divided by log 10.
            #[inline(always)]
            fn decimal_one<const FUSED: bool>(n: $float, f: $float) -> $float {
                let parts = log_1p::<FUSED>(f);
                let (product, product_error) = two_product::<FUSED>(parts.0, consts::LOG10_E);
                let (high, error) = fast_two_sum(n * $log10_2_high, product);
                let low = multiply_add!(parts.0, $log10_e_low, error + product_error);
                high + multiply_add!(parts.1, consts::LOG10_E, multiply_add!(n, $log10_2_low, low))
            }

            macro_rules! block_function {
                ($name:ident, $of_normal:ident) => {
                    #[inline(always)]
                    pub(in super::super) fn $name<const FUSED: bool, const LENGTH: usize>(
                        block: &[$float; LENGTH],
                        results: &mut [$float; LENGTH],
                    ) {
                        // Positive normal numbers, told in integers, which leave the multipliers free:
                        // neither is zero or subnormal, which would wrap the first, nor negative or
                        // not finite, which sets the sign of the second or, for some NaN, the first.
                        const LEAST: $integer = $float::MIN_POSITIVE.to_bits();
                        let signs = block.iter().fold(0, |signs, x| {
                            signs | x.to_bits().wrapping_sub(LEAST) | x.to_bits().wrapping_add(LEAST)
                        });
                        if signs >> ($integer::BITS - 1) == 0 {
                            for (result, x) in results.iter_mut().zip(block) {
                                let (n, f, _) = split(*x);
                                *result = $of_normal::<FUSED>(n, f);
                            }
                        } else {
                            for (result, x) in results.iter_mut().zip(block) {
                                let subnormal = *x < $float::MIN_POSITIVE;
                                let normal = if subnormal { *x * $to_normal } else { *x };
                                let (n, f, _) = split(normal);
                                let n = if subnormal { n - $to_normal_exponent } else { n };
                                *result = special(*x, 0.0, $of_normal::<FUSED>(n, f));
                            }
                        }
                    }
                };
            }

            /// `result`, unless `x` is not above `pole` or not finite.
            #[inline(always)]
            fn special(x: $float, pole: $float, result: $float) -> $float {
                // Infinity and NaN stay.
                let result = if x <= $float::MAX { result } else { x };
                let result = if x < pole { $float::NAN } else { result };
                if x == pole { -$float::INFINITY } else { result }
            }

            block_function!(log, natural_one);
            block_function!(log2, binary_one);
            block_function!(log10, decimal_one);

            #[inline(always)]
            pub(in super::super) fn log1p<const FUSED: bool, const LENGTH: usize>(
                block: &[$float; LENGTH],
                results: &mut [$float; LENGTH],
            ) {
                let ordinary =
                    block.iter().fold(true, |ordinary, x| ordinary & (*x > -1.0) & (*x <= $float::MAX));
                if ordinary {
                    for (result, x) in results.iter_mut().zip(block) {
                        *result = log1p_one::<FUSED>(*x);
                    }
                } else {
                    for (result, x) in results.iter_mut().zip(block) {
                        *result = special(*x, -1.0, log1p_one::<FUSED>(*x));
                    }
                }
            }

            /// log(1 + x), where the rounding error of 1 + x corrects the logarithm of the sum.
            #[inline(always)]
            fn log1p_one<const FUSED: bool>(x: $float) -> $float {
                let (sum, error) = two_sum(1.0, x);
                let (n, f, scale) = split(sum);
                // Beyond, the error does not matter, and the scale is wrong at the end.
                let error = if sum < 1.0 / ($float::EPSILON * $float::EPSILON) { error * scale } else { 0.0 };
                let (f, low) = fast_two_sum(f, error);
                let parts = log_1p::<FUSED>(f);
                // The sign is that of x but for -0, which must be kept.
                natural::<FUSED>(n, (parts.0, parts.1 + log_correction::<FUSED>(f, low))).copysign(x)
            }
        }
    };
}

logarithms! {
    single, f32 as u32,
    to_normal: 33_554_432.0, 25.0,
    ln_2: 6.931_457_5e-1, 1.428_606_8e-6,
    log10_2: 3.010_330_2e-1, -3.024_355_5e-6,
    log2_e: 1.925_963e-8,
    log10_e: -1.010_305e-8,
    lowest_significand: 0.69,
    polynomial(z): {
        let c12 = multiply_add!(z, 0.300_621_4, 0.399_706_27_f32);
        multiply_add!(z, c12, 0.666_668_3)
    },
    log(n, f): {
        let f2 = f * f;
        let c01 = multiply_add!(f, -0.249_998_88, 0.333_333_2_f32);
        let c23 = multiply_add!(f, -0.166_752_56, 0.200_015_1_f32);
        let c45 = multiply_add!(f, -0.122_749_2, 0.142_407_45_f32);
        let c67 = multiply_add!(f, -0.124_078_62, 0.115_625_91_f32);
        let c678 = multiply_add!(f2, 0.085_282_77, c67);
        let c4_to_8 = multiply_add!(f2, c678, c45);
        let cubic = multiply_add!(f2, multiply_add!(f2, c4_to_8, c23), c01);
        natural::<FUSED>(n, (f, multiply_add!(f2, f * cubic, -0.5 * f2)))
    }
}

logarithms! {
    double, f64 as u64,
    to_normal: 18_014_398_509_481_984.0, 54.0,
    ln_2: 0.693_147_180_559_890_3, 5.497_923_018_708_371e-14,
    log10_2: 0.301_029_995_663_952_83, 2.836_339_455_104_496_4e-14,
    log2_e: 2.035_527_374_093_103_3e-17,
    log10_e: 1.098_319_650_216_765e-17,
    lowest_significand: consts::FRAC_1_SQRT_2,
    polynomial(z): {
        let z2 = z * z;
        let c01 = multiply_add!(z, 0.399_999_999_994_143_4, 0.666_666_666_666_673_4_f64);
        let c23 = multiply_add!(z, 0.222_221_985_636_436_7, 0.285_714_287_424_724_77_f64);
        let c45 = multiply_add!(z, 0.153_140_358_984_083_24, 0.181_835_648_617_608_f64);
        let c456 = multiply_add!(z2, 0.147_961_052_874_599_15, c45);
        multiply_add!(z2, multiply_add!(z2, c456, c23), c01)
    },
    log(n, f): {
        let s = f / (2.0 + f);
        let z = s * s;
        let terms = artanh_terms::<FUSED>(z);
        // f - log(1 + f) - n log 2, of the latter the low part.
        let small = if FUSED {
            s.mul_add((-z).mul_add(terms, f), n * -LN_2_LOW)
        } else {
            let square = 0.5 * f * f;
            square - (s * (square + z * terms) + n * LN_2_LOW)
        };
        multiply_add!(n, LN_2_HIGH, f - small)
    }
}

pub(super) use double::{log as log_f64, log1p as log1p_f64, log2 as log2_f64, log10 as log10_f64};
pub(super) use single::{log as log_f32, log1p as log1p_f32, log2 as log2_f32, log10 as log10_f32};
