//! The exponential function.
//!
//! x = n ln 2 + r with |r| <= ln 2 / 2, then e^x = 2^n e^r. The reduction is that of Cody and
//! Waite, in two steps; e^r = 1 + (r + r^2 Q(r)), where the rounding error of 1 + r is recovered
//! by a fast two-sum (Muller et al., Handbook of Floating-Point Arithmetic; Muller, Elementary
//! Functions). ln 2 is split as in fdlibm (e_exp.c and e_expf.c): the high part has enough trailing
//! zeros for n times it to be exact. Q is a minimax polynomial for the relative error of e^r on
//! |r| <= 0.34664, found by the Remez exchange in 160-bit arithmetic and rounded to the working
//! precision. It is evaluated by Estrin's scheme, whose shorter chains keep the multipliers busy.
//!
//! Largest error measured, with and without fused multiply-add alike: 0.809 ULP in `f32` (every
//! bit pattern) and 0.841 ULP in `f64` (64 million arguments, among them the borders of overflow
//! and underflow, subnormal results, and the ties of the reduction; against an 80-bit reference).
//! The largest in `f64` is a subnormal result, which is rounded twice.

unary! {
    Exp: block_f32, block_f64 by 128;
}

/// Generates `$block` for one floating-point type. `$integer` has the width of `$float`.
macro_rules! exponential {
    (
        $(#[$attribute:meta])*
        $block:ident, $reduced:ident, $float:ident as $integer:ident,
        no_scaling_limit: $no_scaling_limit:literal,
        clamp: $lowest:literal, $highest:literal,
        ln_2: $ln_2_high:literal, $ln_2_low:literal,
        polynomial($r:ident): $polynomial:expr
    ) => {
        $(#[$attribute])*
        #[inline(always)]
        pub(super) fn $block<const FUSED: bool, const LENGTH: usize>(
            block: &[$float; LENGTH], results: &mut [$float; LENGTH],
        ) {
            const FRACTION_BITS: u32 = $float::MANTISSA_DIGITS - 1;
            const BIAS: $integer = $float::MAX_EXP as $integer - 1;
            // Both branches give the same bits where the first applies; it is merely shorter.
            // `&` rather than `&&` or `all`, which would stop early and so not vectorise.
            let ordinary = block
                .iter()
                .fold(true, |ordinary, x| ordinary & (x.abs() <= $no_scaling_limit));
            if ordinary {
                for (result, x) in results.iter_mut().zip(block) {
                    let (e_r, n, _) = $reduced::<FUSED>(*x);
                    *result = $float::from_bits(e_r.to_bits().wrapping_add(n << FRACTION_BITS));
                }
            } else {
                for (result, x) in results.iter_mut().zip(block) {
                    // `clamp` lets NaN through, and beyond the limits the result stays the same.
                    let (e_r, n, half_n) = $reduced::<FUSED>(x.clamp($lowest, $highest));
                    // 2^n in two steps, as it need not be representable itself: the first is exact,
                    // the second rounds a subnormal result or overflows. Both are products, since
                    // adding to the exponent would lose a NaN.
                    let power_of_two =
                        |n: $integer| $float::from_bits(n.wrapping_add(BIAS) << FRACTION_BITS);
                    *result = e_r * power_of_two(half_n) * power_of_two(n.wrapping_sub(half_n));
                }
            }
        }

        /// e^r, n, and about half of n. Both integers are offset by the same multiple of a power
        /// of two that vanishes when they are shifted into the exponent or subtracted.
        #[inline(always)]
        fn $reduced<const FUSED: bool>(x: $float) -> ($float, $integer, $integer) {
            // Adding this leaves an integer in the low bits of the fraction. The conversion
            // instruction, in contrast, does not exist for f64 vectors on AVX2.
            const TO_INTEGER: $float = 1.5 / $float::EPSILON;
            let shifted = multiply_add!(x, std::$float::consts::LOG2_E, TO_INTEGER);
            let n = shifted - TO_INTEGER;
            let half_shifted = multiply_add!(n, 0.5, TO_INTEGER);
            let $r = multiply_add!(-n, $ln_2_low, multiply_add!(-n, $ln_2_high, x));
            let rounded = 1.0 + $r;
            let error = $r - (rounded - 1.0);
            let e_r = rounded + multiply_add!($r * $r, $polynomial, error);
            (e_r, shifted.to_bits(), half_shifted.to_bits())
        }
    };
}

exponential! {
    /// e^x in `f32`.
    block_f32, reduced_f32, f32 as u32,
    no_scaling_limit: 87.0,
    clamp: -104.5, 89.0,
    ln_2: 6.931_457_5e-1, 1.428_606_8e-6,
    polynomial(r): {
        let r2 = r * r;
        let c01 = multiply_add!(r, 0.166_665_21, 0.499_999_94_f32);
        let c23 = multiply_add!(r, 0.008_368_724, 0.041_668_39_f32);
        let c234 = multiply_add!(r2, 0.001_381_458_1, c23);
        multiply_add!(r2, c234, c01)
    }
}

exponential! {
    /// e^x in `f64`.
    block_f64, reduced_f64, f64 as u64,
    no_scaling_limit: 708.0,
    clamp: -746.0, 710.0,
    ln_2: 6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10,
    polynomial(r): {
        let r2 = r * r;
        let r4 = r2 * r2;
        let c01 = multiply_add!(r, 0.166_666_666_666_666_82, 0.5_f64);
        let c23 = multiply_add!(r, 0.008_333_333_333_317_022, 0.041_666_666_666_666_095_f64);
        let c45 = multiply_add!(r, 0.000_198_412_698_964_160_42, 0.001_388_888_888_911_576_7_f64);
        let c67 = multiply_add!(r, 2.755_723_482_890_554_3e-6, 2.480_158_692_648_647e-5_f64);
        let c89 = multiply_add!(r, 2.511_204_860_447_038e-8, 2.755_758_188_866_749e-7_f64);
        let c0123 = multiply_add!(r2, c23, c01);
        let c4567 = multiply_add!(r2, c67, c45);
        let c89_10 = multiply_add!(r2, 2.082_663_650_691_417_4e-9, c89);
        multiply_add!(r4, multiply_add!(r4, c89_10, c4567), c0123)
    }
}
