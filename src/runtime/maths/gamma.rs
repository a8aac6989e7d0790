//! The logarithm of the gamma function's magnitude.

use super::double_double::{fast_two_sum, multiply_add, two_product, two_sum};
use super::polynomial::polynomial;

unary! {
    Lgamma: lgamma_f32, lgamma_f64;
}

/// Generates the block functions. Computing in `f64` is enough for `f32`, with a short polynomial.
macro_rules! log_gammas {
    ($($block:ident($float:ident) = $short:literal;)*) => {$(
        #[inline(always)]
        pub(super) fn $block<const FUSED: bool, const LENGTH: usize>(
            block: &[$float; LENGTH],
            results: &mut [$float; LENGTH],
        ) {
            // Both branches give the same bits where the first applies; it is merely shorter.
            let reflected = block.iter().fold(false, |reflected, x| reflected | (*x <= -0.5));
            let pairs = results.iter_mut().zip(block);
            if reflected {
                pairs.for_each(|(result, x)| *result = log_gamma::<FUSED, $short, true>((*x).into()) as $float);
            } else {
                pairs.for_each(|(result, x)| *result = log_gamma::<FUSED, $short, false>((*x).into()) as $float);
            }
        }
    )*};
}
log_gammas! {
    lgamma_f64(f64) = false;
    lgamma_f32(f32) = true;
}

/// log |gamma x|, to about 2^-28 if `SHORT`. Arguments up to -1/2 need `REFLECTED`.
#[inline(always)]
fn log_gamma<const FUSED: bool, const SHORT: bool, const REFLECTED: bool>(x: f64) -> f64 {
    /// 1 - Euler's constant, the slope of log gamma at 2.
    const SLOPE: f64 = 0.422_784_335_098_467_13;
    const SLOPE_LOW: f64 = 4.942_915_152_430_645e-18;
    const CURVATURE: f64 = 0.32246703342411326;
    /// (log(2 pi) - 1) / 2.
    const STIRLING: f64 = 0.418_938_533_204_672_7;
    const STIRLING_LOW: f64 = 1.672_820_965_058_541_3e-17;
    const HUGE: f64 = f64::from_bits((1023 + 500) << 52);
    const SCALE: f64 = (1_u64 << 63) as f64;
    /// The logarithm of the gamma function of anything greater is infinite in f64.
    const LARGEST: f64 = 2.559_983_327_851_638_3e305;
    let magnitude = x.abs();
    let below_half = magnitude < 0.5;
    let below_3_half = magnitude < 1.5;
    let below_5_half = magnitude < 2.5;
    let small = magnitude < 3.5;

    // Near 2, log gamma (2 + d) = d (SLOPE + d P(d)). Other small arguments are shifted there by
    // log gamma (x + 1) = log gamma x + log x.
    let one_more = 1.0 + x;
    let one_more_error = x - (one_more - 1.0);
    let product = magnitude * one_more;
    let product_error =
        if SHORT { 0.0 } else { two_product::<FUSED>(magnitude, one_more).1 + magnitude * one_more_error };
    let d = if below_half {
        x
    } else if below_3_half {
        magnitude - 1.0
    } else if below_5_half {
        magnitude - 2.0
    } else {
        magnitude - 3.0
    };
    let factor = if below_half {
        product
    } else if below_3_half {
        magnitude
    } else if below_5_half {
        1.0
    } else if small {
        magnitude - 1.0
    } else {
        magnitude
    };
    let factor_error = if below_half { product_error } else { 0.0 };
    let sign = if below_5_half { -1.0 } else { 1.0 };
    let (log, log_low) = logarithm::<FUSED, SHORT>(factor, factor_error);

    let signed_log = sign * log;
    let (small_high, small_low) = if SHORT {
        let p = polynomial::<FUSED, _>(
            d,
            [
                0.3224670337584682,
                -0.06735228692987175,
                0.020580781384505108,
                -0.00738609447215345,
                0.0028910726913168074,
                -0.0011862874402706898,
                0.0005049865115366719,
                -0.00025305526156474206,
                0.00011625300565063442,
            ],
        );
        (d * multiply_add::<FUSED>(d, p, SLOPE), signed_log)
    } else {
        // The last steps of Horner's scheme keep their errors, as the logarithm may cancel most
        // of the sum.
        let rest = d * polynomial::<FUSED, _>(
            d,
            [
                -0.06735230105319816,
                0.020580808427780584,
                -0.007385551028665171,
                0.002890510331025989,
                -0.0011927539121384422,
                0.0005096695155764924,
                -0.0002231547477623481,
                9.945767172212864e-05,
                -4.4926386646192524e-05,
                2.0505602752883854e-05,
                -9.43821266279573e-06,
                4.3846586691602786e-06,
                -2.0459069073592745e-06,
                9.201469741835088e-07,
                -4.2822969544513733e-07,
                2.786598325520197e-07,
                -1.3603253614573125e-07,
            ],
        );
        let p = CURVATURE + rest;
        let p_error = rest - (p - CURVATURE);
        let term = d * p;
        let term_error = two_product::<FUSED>(d, p).1 + d * p_error;
        let slope = SLOPE + term;
        let slope_error = (term - (slope - SLOPE)) + (term_error + SLOPE_LOW);
        let near_two = d * slope;
        let near_two_error = two_product::<FUSED>(d, slope).1 + d * slope_error;
        let (sum, error) = two_sum(near_two, signed_log);
        (sum, error + multiply_add::<FUSED>(sign, log_low, near_two_error))
    };

    // Stirling's formula, (x - 1/2) (log x - 1) + STIRLING + S(1 / x^2) / x. Where x is huge the
    // product is scaled, as its splitting would overflow, and the rest does not matter.
    let huge = magnitude > HUGE;
    let scaled = if huge { magnitude * (1.0 / SCALE) } else { magnitude };
    let reciprocal = 1.0 / magnitude;
    let square = reciprocal * reciprocal;
    let series = if SHORT {
        polynomial::<FUSED, _>(
            square,
            [0.08333333313595119, -0.0027776973653036168, 0.0007884924010052892, -0.0004855917309584605],
        )
    } else {
        polynomial::<FUSED, _>(
            square,
            [
                0.08333333333333333,
                -0.002777777777772775,
                0.0007936507910618637,
                -0.0005952375696795134,
                0.0008416955463259677,
                -0.0019140720735725193,
                0.00627158962496692,
                -0.025783712864181584,
                0.10717414249142652,
                -0.3418679487305908,
                0.5623685188369687,
            ],
        )
    };
    let log_minus_one = log - 1.0;
    let product = scaled * log_minus_one;
    let half = -0.5 * log_minus_one;
    let (large_high, large_low) = if SHORT {
        (product, half + multiply_add::<FUSED>(reciprocal, series, STIRLING))
    } else {
        let log_minus_one_error = ((log - log_minus_one) - 1.0) + log_low;
        let product_error = two_product::<FUSED>(scaled, log_minus_one).1 + scaled * log_minus_one_error;
        let (sum, error) = fast_two_sum(product, half);
        // The constant with its error, as the sum may cancel most of its reflection.
        let (sum, constant_error) = fast_two_sum(sum, STIRLING);
        let tail = multiply_add::<FUSED>(reciprocal, series, STIRLING_LOW);
        (sum, (error + product_error) + (constant_error + tail))
    };

    let high = if small { small_high } else { large_high };
    let low = if small { small_low } else { large_low };
    let result = if REFLECTED {
        // gamma(x) gamma(-x) = -pi / (x sin(pi x)), where sin(pi x) / pi = f (1 + p) for the
        // distance f to the nearest integer. Above 2^52 there are only integers.
        const TO_INTEGER: f64 = 1.0 / f64::EPSILON;
        let distance = (magnitude - ((magnitude + TO_INTEGER) - TO_INTEGER)).abs();
        let distance = if magnitude < TO_INTEGER { distance } else { 0.0 };
        let square = distance * distance;
        let p = square
            * if SHORT {
                polynomial::<FUSED, _>(
                    square,
                    [
                        -1.6449340634055754,
                        0.8117422296604035,
                        -0.1907482128498572,
                        0.026118718818531155,
                        -0.002239050463056124,
                    ],
                )
            } else {
                polynomial::<FUSED, _>(
                    square,
                    [
                        -1.6449340668482264,
                        0.8117424252833418,
                        -0.19075182412155908,
                        0.026147847806395834,
                        -0.0023460809018745403,
                        0.00014842786905633806,
                        -6.972162784686578e-06,
                        2.4508873634001517e-07,
                    ],
                )
            };
        let ratio = 1.0 + p;
        let first = magnitude * distance;
        let product = first * ratio;
        let product_error = if SHORT {
            0.0
        } else {
            let first_error = two_product::<FUSED>(magnitude, distance).1;
            two_product::<FUSED>(first, ratio).1
                + multiply_add::<FUSED>(first, p - (ratio - 1.0), first_error * ratio)
        };
        let (log, log_low) = logarithm::<FUSED, SHORT>(product, product_error);
        let reflected = if SHORT {
            -log - (high + low)
        } else {
            let (sum, error) = two_sum(log, high);
            -(sum + (error + (log_low + low)))
        };
        let reflected = if distance == 0.0 { f64::INFINITY } else { reflected };
        if x <= -0.5 { reflected } else { high + low }
    } else {
        high + low
    };
    let result = if huge & (x > 0.0) { result * SCALE } else { result };
    if (magnitude > LARGEST) | (x == 0.0) { f64::INFINITY } else { result }
}

/// log(x + low) as an unevaluated sum, for positive x.
#[inline(always)]
fn logarithm<const FUSED: bool, const SHORT: bool>(x: f64, low: f64) -> (f64, f64) {
    const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    const FRACTION_BITS: u32 = f64::MANTISSA_DIGITS - 1;
    const FRACTION_MASK: u64 = (1 << FRACTION_BITS) - 1;
    const ONE_BITS: u64 = 1.0_f64.to_bits();
    const SQRT_HALF_BITS: u64 = std::f64::consts::FRAC_1_SQRT_2.to_bits();
    const TO_INTEGER: f64 = 1.0 / f64::EPSILON;
    const TO_NORMAL: f64 = (1_u64 << 54) as f64;
    let subnormal = !SHORT & (x < f64::MIN_POSITIVE);
    let factor = if subnormal { TO_NORMAL } else { 1.0 };
    // x = 2^n (1 + f) with 1 + f between the square roots of 1/2 and 2.
    let shifted = (x * factor).to_bits().wrapping_add(ONE_BITS - SQRT_HALF_BITS);
    let biased_n = f64::from_bits((shifted >> FRACTION_BITS) | TO_INTEGER.to_bits());
    let n = biased_n - (TO_INTEGER + 1023.0);
    let n = if subnormal { n - 54.0 } else { n };
    let f = f64::from_bits((shifted & FRACTION_MASK) + SQRT_HALF_BITS) - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let half_square = f * (0.5 * f);
    if SHORT {
        let r = z * polynomial::<FUSED, _>(
            z,
            [0.6666666563718718, 0.4000033730369974, 0.2853716128947675, 0.2358515916849528],
        );
        let log = multiply_add::<FUSED>(s, half_square + r, f - half_square);
        return (multiply_add::<FUSED>(n, std::f64::consts::LN_2, log), 0.0);
    }
    let scale = f64::from_bits((ONE_BITS << 1).wrapping_sub(shifted & !FRACTION_MASK));
    let half_square_error = two_product::<FUSED>(f, 0.5 * f).1;
    let high = f - half_square;
    let error = (f - high) - half_square;
    let r = polynomial::<FUSED, _>(
        z,
        [
            6.666_666_666_666_735e-1,
            3.999_999_999_940_942e-1,
            2.857_142_874_366_239e-1,
            2.222_219_843_214_978_4e-1,
            1.818_357_216_161_805e-1,
            1.531_383_769_920_937_3e-1,
            1.479_819_860_511_658_6e-1,
        ],
    );
    // low / (1 + f), within 1.2 %.
    let correction =
        low * factor * scale * multiply_add::<FUSED>(f, multiply_add::<FUSED>(f, 0.914, -1.081), 1.005);
    let rest = multiply_add::<FUSED>(s, multiply_add::<FUSED>(z, r, half_square), error - half_square_error);
    let multiple = n * LN_2_HIGH;
    let sum = multiple + high;
    let error = high - (sum - multiple);
    let low = multiply_add::<FUSED>(n, LN_2_LOW, error) + (rest + correction);
    let log = sum + low;
    (log, low - (log - sum))
}
