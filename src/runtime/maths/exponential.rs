//! Powers of two, and the exponential less one.
//!
//! 2^x: x = n + r exactly, with n the nearest integer, and 2^r = 1 + r ln 2 + r Q(r), where the
//! rounding error of the first sum is recovered and the low part of ln 2 is the first coefficient
//! of Q. For an integer r is 0 and the result exact.
//!
//! e^x - 1: x = n ln 2 + r + r', in two steps as in [`super::exp`], where r' is the rounding error of
//! r; then (2^n - 1) + 2^n r + 2^n (r' (1 + r) + r^2 Q(r)). The first term is exact up to n = 53 and the
//! second always; the error of their sum is recovered by a fast two-sum (Muller et al., Handbook of
//! Floating-Point Arithmetic). For n = 0 this is x + x^2 Q(x), so small arguments need no branch.
//!
//! The polynomials are minimax for the relative error of the result on |r| <= 1/2 and
//! |r| <= 0.34664, found by the Remez exchange in 260-bit arithmetic.
//!
//! Largest error measured in ULP, over every bit pattern of `f32` and 13 million arguments or more of
//! `f64` (among them tiny ones, the borders of overflow and underflow, and the ties of the reduction;
//! against double-double or 80-bit arithmetic), with and without fused multiply-add:
//!
//! | | `f32` | `f32` without | `f64` | `f64` without |
//! |---|---|---|---|---|
//! | 2^x | 0.778 | 0.881 | 0.762 | 0.862 |
//! | e^x - 1 | 0.724 | 0.802 | 0.746 | 0.856 |
//!
//! Those of 2^x are subnormal results, which are rounded twice.

unary! {
    Exp2: exp2_f32, exp2_f64;
    Expm1: expm1_f32, expm1_f64;
}

/// Generates the blocks for one floating-point type. `$integer` has the width of `$float`.
macro_rules! exponentials {
    (
        $float:ident as $integer:ident,
        exp2 {
            $(#[$exp2_attribute:meta])*
            $exp2_block:ident, $exp2_reduced:ident,
            no_scaling_limit: $exp2_no_scaling_limit:literal,
            clamp: $exp2_lowest:literal, $exp2_highest:literal,
            polynomial($exp2_r:ident): $exp2_polynomial:expr
        }
        expm1 {
            $(#[$expm1_attribute:meta])*
            $expm1_block:ident, $expm1_reduced:ident,
            no_scaling_limit: $expm1_no_scaling_limit:literal,
            clamp: $expm1_lowest:literal, $expm1_highest:literal,
            ln_2: $ln_2_high:literal, $ln_2_low:literal,
            polynomial($expm1_r:ident): $expm1_polynomial:expr
        }
    ) => {
        $(#[$exp2_attribute])*
        #[inline(always)]
        pub(super) fn $exp2_block<const FUSED: bool, const LENGTH: usize>(
            block: &[$float; LENGTH], results: &mut [$float; LENGTH],
        ) {
            const FRACTION_BITS: u32 = $float::MANTISSA_DIGITS - 1;
            const BIAS: $integer = $float::MAX_EXP as $integer - 1;
            // As for the exponential: both branches give the same bits where the first applies, and
            // `&` does not stop early.
            let ordinary = block
                .iter()
                .fold(true, |ordinary, x| ordinary & (x.abs() <= $exp2_no_scaling_limit));
            if ordinary {
                for (result, x) in results.iter_mut().zip(block) {
                    let (power, n, _) = $exp2_reduced::<FUSED>(*x);
                    *result = $float::from_bits(power.to_bits().wrapping_add(n << FRACTION_BITS));
                }
            } else {
                for (result, x) in results.iter_mut().zip(block) {
                    let (power, n, half_n) =
                        $exp2_reduced::<FUSED>(x.clamp($exp2_lowest, $exp2_highest));
                    // In two steps, as 2^n need not be representable; only the second rounds.
                    let power_of_two =
                        |n: $integer| $float::from_bits(n.wrapping_add(BIAS) << FRACTION_BITS);
                    *result = power * power_of_two(half_n) * power_of_two(n.wrapping_sub(half_n));
                }
            }
        }

        /// 2^r, n, and about half of n. Both integers are offset by the same multiple of a power
        /// of two that vanishes when they are shifted into the exponent or subtracted.
        #[inline(always)]
        fn $exp2_reduced<const FUSED: bool>(x: $float) -> ($float, $integer, $integer) {
            const TO_INTEGER: $float = 1.5 / $float::EPSILON;
            const LN_2: $float = std::$float::consts::LN_2;
            let shifted = x + TO_INTEGER;
            let n = shifted - TO_INTEGER;
            let half_shifted = multiply_add!(n, 0.5, TO_INTEGER);
            let $exp2_r = x - n;
            let rounded = multiply_add!($exp2_r, LN_2, 1.0);
            let error = multiply_add!($exp2_r, LN_2, 1.0 - rounded);
            let power = rounded + multiply_add!($exp2_r, $exp2_polynomial, error);
            (power, shifted.to_bits(), half_shifted.to_bits())
        }

        $(#[$expm1_attribute])*
        #[inline(always)]
        pub(super) fn $expm1_block<const FUSED: bool, const LENGTH: usize>(
            block: &[$float; LENGTH], results: &mut [$float; LENGTH],
        ) {
            let ordinary = block
                .iter()
                .fold(true, |ordinary, x| ordinary & (x.abs() <= $expm1_no_scaling_limit));
            if ordinary {
                for (result, x) in results.iter_mut().zip(block) {
                    *result = $expm1_reduced::<FUSED, false>(*x);
                }
            } else {
                for (result, x) in results.iter_mut().zip(block) {
                    // Below the lower limit the result stays -1, above the other one infinity.
                    let limited = x.clamp($expm1_lowest, $expm1_highest);
                    let halved = $expm1_reduced::<FUSED, true>(limited);
                    // Half of a small number need not be representable. `x` is then the result.
                    *result = if x.abs() < 0.25 * $float::EPSILON { *x } else { 2.0 * halved };
                }
            }
        }

        /// e^x - 1, or half of it, which overflows later.
        #[inline(always)]
        fn $expm1_reduced<const FUSED: bool, const HALVED: bool>(x: $float) -> $float {
            const FRACTION_BITS: u32 = $float::MANTISSA_DIGITS - 1;
            const TO_INTEGER: $float = 1.5 / $float::EPSILON;
            let one: $float = if HALVED { 0.5 } else { 1.0 };
            let shifted = multiply_add!(x, std::$float::consts::LOG2_E, TO_INTEGER);
            let n = shifted - TO_INTEGER;
            let high = multiply_add!(-n, $ln_2_high, x);
            let $expm1_r = multiply_add!(-n, $ln_2_low, high);
            let r_error = multiply_add!(-n, $ln_2_low, high - $expm1_r);

            let power = $float::from_bits(
                one.to_bits().wrapping_add(shifted.to_bits() << FRACTION_BITS)
            );
            let power_less_one = power - one;
            // The part that a large power rounds away. A small one is lost, which costs less than
            // the rounding of the result.
            let power_error = (power - power_less_one) - one;
            let linear = power * $expm1_r;
            let rounded = power_less_one + linear;
            let error = linear - (rounded - power_less_one);
            // The quadratic term last, since the roundings of the others are then small.
            // 2^n (1 + r) for the derivative 2^n e^r.
            let rest = multiply_add!(power + linear, r_error, error + power_error);
            let rest = multiply_add!(linear * ($expm1_r * $expm1_r), $expm1_polynomial, rest);
            let rest = multiply_add!(0.5 * linear, $expm1_r, rest);
            let sum = rounded + rest;
            // For the sign of zero.
            sum.copysign(x)
        }
    };
}

exponentials! {
    f32 as u32,
    exp2 {
        /// 2^x in `f32`.
        exp2_f32, exp2_reduced_f32,
        no_scaling_limit: 125.0,
        clamp: -151.0, 129.0,
        polynomial(r): {
            let r2 = r * r;
            let c01 = multiply_add!(r, 0.240_226_48, -1.904_654_2e-9_f32);
            let c23 = multiply_add!(r, 0.009_618_526, 0.055_503_62_f32);
            let c45 = multiply_add!(r, 0.000_153_211_41, 0.001_339_016_2_f32);
            multiply_add!(r2, multiply_add!(r2, c45, c23), c01)
        }
    }
    expm1 {
        /// e^x - 1 in `f32`.
        expm1_f32, expm1_reduced_f32,
        no_scaling_limit: 87.0,
        clamp: -30.0, 89.0,
        ln_2: 6.931_457_5e-1, 1.428_606_8e-6,
        polynomial(r): {
            let r2 = r * r;
            let c01 = multiply_add!(r, 0.041_666_362, 0.166_666_66_f32);
            let c23 = multiply_add!(r, 0.001_394_063_6, 0.008_333_39_f32);
            let c234 = multiply_add!(r2, 0.000_198_458_29, c23);
            multiply_add!(r2, c234, c01)
        }
    }
}

exponentials! {
    f64 as u64,
    exp2 {
        /// 2^x in `f64`.
        exp2_f64, exp2_reduced_f64,
        no_scaling_limit: 1021.0,
        clamp: -1076.0, 1025.0,
        polynomial(r): {
            let r2 = r * r;
            let r4 = r2 * r2;
            let c01 = multiply_add!(r, 0.240_226_506_959_100_72, 2.319_046_813_846_299_6e-17_f64);
            let c23 = multiply_add!(r, 0.009_618_129_107_628_345, 0.055_504_108_664_821_64_f64);
            let c45 = multiply_add!(r, 0.000_154_035_303_936_328_6, 0.001_333_355_814_640_238_1_f64);
            let c67 = multiply_add!(r, 1.321_548_659_049_933_8e-6, 1.525_273_384_640_758_4e-5_f64);
            let c89 = multiply_add!(r, 7.054_978_812_398_081e-9, 1.017_805_486_082_819_5e-7_f64);
            let c10_11 = multiply_add!(r, 2.561_681_561_890_737e-11, 4.456_170_949_646_839e-10_f64);
            let c0123 = multiply_add!(r2, c23, c01);
            let c4567 = multiply_add!(r2, c67, c45);
            let c89_10_11 = multiply_add!(r2, c10_11, c89);
            multiply_add!(r4, multiply_add!(r4, c89_10_11, c4567), c0123)
        }
    }
    expm1 {
        /// e^x - 1 in `f64`.
        expm1_f64, expm1_reduced_f64,
        no_scaling_limit: 708.0,
        clamp: -50.0, 709.9,
        ln_2: 6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10,
        polynomial(r): {
            let r2 = r * r;
            let r4 = r2 * r2;
            let c01 = multiply_add!(r, 0.041_666_666_666_666_51, 0.166_666_666_666_666_77_f64);
            let c23 = multiply_add!(r, 0.001_388_888_888_896_242_9, 0.008_333_333_333_321_683_f64);
            let c45 = multiply_add!(r, 2.480_158_717_248_961_8e-5, 0.000_198_412_698_859_893_2_f64);
            let c67 = multiply_add!(r, 2.755_740_264_214_205e-7, 2.755_724_434_790_674e-6_f64);
            let c89 = multiply_add!(r, 2.087_534_108_774_576_6e-9, 2.510_898_890_095_527_6e-8_f64);
            let c0123 = multiply_add!(r2, c23, c01);
            let c4567 = multiply_add!(r2, c67, c45);
            multiply_add!(r4, multiply_add!(r4, c89, c4567), c0123)
        }
    }
}
