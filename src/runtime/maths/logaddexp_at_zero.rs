//! log(e^x + e^y) and log2(2^x + 2^y) where the sum is next to 1, up to 2^-48 of the larger operand away.
//!
//! That is what y = log(1 - e^x) gives, rounded: the logarithm of a probability and that of its complement.
//! The same way as in [`super::logaddexp_near_zero`], but where that has sums of two numbers this has sums of
//! three. The terms of the Taylor series of (e^t - 1) / t are of one number below 2^-108, and of two below
//! 2^-55. Their sum, and d = e^x + e^y - 1, are within about 2^-155 of the larger operand. How near to 1 the sum
//! comes is a matter of chance: for one pair in 2^50 of those with a rounded y it is nearer than that leaves digits for.
//!
//! The constants are from `tests/golden/exponential_coefficients.py`.

use super::double_double::{fast_two_sum, multiply_add, two_product, two_sum};
use super::logaddexp::factor;
use super::polynomial::polynomial;
use super::triple_double::{TripleDouble, exact_product};
use std::f64::consts::{LN_2, LOG2_E};

const FRACTION_BITS: u32 = f64::MANTISSA_DIGITS - 1;
/// Adding this leaves an integer in the low bits of the fraction.
const TO_INTEGER: f64 = 1.5 / f64::EPSILON;

/// The logarithm of the sum, for negative operands and results below 2^-48 of the larger in size.
#[inline(always)]
pub(super) fn log_add_at_zero<const FUSED: bool, const BASE_2: bool>(x: f64, y: f64) -> f64 {
    let fma = multiply_add::<FUSED>;
    let (large, small) = if x > y { (x, y) } else { (y, x) };
    let (factor, inverse, factor_exponent) = factor(small);
    let reduced = [reduced::<FUSED, BASE_2>(large * factor), reduced::<FUSED, BASE_2>(small)];
    let [large, small] = exponentials_minus_1::<FUSED>(reduced.map(|(t, _)| t));
    let (large_scale, large) = scaled::<FUSED>(large, reduced[0].1);
    let (small_scale, small) = scaled::<FUSED>(small, reduced[1].1 + factor_exponent);
    // The scale of the larger is 1 or 1/2, so that the first sum is exact. The parts of the operands cancel in
    // turn: down to those of the third size all sums are exact.
    let (whole, whole_error) = two_sum(large_scale - 1.0, small_scale);
    let (high, high_error) = two_sum(large.0, small.0);
    let (high, error) = two_sum(whole, high);
    let (middle, middle_error) = two_sum(large.1, small.1);
    let (errors, errors_error) = two_sum(whole_error, high_error);
    let (middle, more_error) = two_sum(middle, error);
    let (middle, last_error) = two_sum(middle, errors);
    let low = (large.2 + small.2) + ((middle_error + errors_error) + (more_error + last_error));
    let (d, error) = two_sum(high, middle);
    let (d, d_low) = fast_two_sum(d, error + low);
    // log(1 + d) = d - d^2 / 2, as d^2 is below 2^-97 of d.
    let low = fma(-0.5 * d, d, d_low);
    if BASE_2 {
        let (high, error) = two_product::<FUSED>(d, LOG2_E);
        (high + fma(low, LOG2_E, fma(d, 2.035_527_374_093_103_3e-17, error))) * inverse
    } else {
        (d + low) * inverse
    }
}

/// t and n such that e^x, or 2^x, is 2^n e^t, for x up to zero.
#[inline(always)]
fn reduced<const FUSED: bool, const BASE_2: bool>(x: f64) -> (TripleDouble, f64) {
    let fma = multiply_add::<FUSED>;
    let x = x.clamp(if BASE_2 { -1140.0 } else { -790.0 }, 0.0);
    let shifted = if BASE_2 { x + TO_INTEGER } else { fma(x, LOG2_E, TO_INTEGER) };
    let n = shifted - TO_INTEGER;
    let t = if BASE_2 {
        let ln_2 = TripleDouble(LN_2, 2.319_046_813_846_299_6e-17, 5.707_708_438_416_212e-34);
        TripleDouble(x - n, 0.0, 0.0).times::<FUSED>(ln_2)
    } else {
        // ln 2 in four parts, n times the first of which is exact.
        let high = fma(-n, 0.693_147_180_369_123_8, x);
        let (second, second_error) = exact_product::<FUSED>(-n, 1.908_214_929_270_587_7e-10);
        let (third, third_error) = exact_product::<FUSED>(-n, 1.161_222_722_936_253_2e-26);
        let (high, error) = two_sum(high, second);
        let (middle, middle_error) = two_sum(second_error, third);
        let (middle, last_error) = two_sum(middle, error);
        let low = (middle_error + last_error) + fma(n, 5.711_779_795_757_43e-43, third_error);
        let (high, middle) = two_sum(high, middle);
        let (middle, low) = fast_two_sum(middle, low);
        TripleDouble(high, middle, low)
    };
    (t, n)
}

/// e^t - 1 for two t at once: each step waits for the one before, and the other number fills its time.
#[inline(always)]
fn exponentials_minus_1<const FUSED: bool>(t: [TripleDouble; 2]) -> [TripleDouble; 2] {
    let fma = multiply_add::<FUSED>;
    let step_2 = |sums: [(f64, f64); 2], (term, term_low): (f64, f64)| {
        let step = |(high, low): (f64, f64), t: TripleDouble| {
            let (product, error) = two_product::<FUSED>(high, t.0);
            let error = fma(high, t.1, fma(low, t.0, error));
            let (sum, sum_error) = fast_two_sum(term, product);
            (sum, sum_error + (error + term_low))
        };
        [step(sums[0], t[0]), step(sums[1], t[1])]
    };
    let step_3 = |sums: [TripleDouble; 2], high, middle, low| {
        let term = TripleDouble(high, middle, low);
        let products = [sums[0].times::<FUSED>(t[0]), sums[1].times::<FUSED>(t[1])];
        [term.plus(products[0]), term.plus(products[1])]
    };
    // The inverses of the factorials from 23 to 34, then down to 1.
    let small_terms = [
        3.868_170_170_630_684e-23,
        1.611_737_571_096_118_4e-24,
        6.446_950_284_384_474e-26,
        2.479_596_263_224_797_6e-27,
        9.183_689_863_795_546e-29,
        3.279_889_237_069_838e-30,
        1.130_996_288_644_771_6e-31,
        3.769_987_628_815_905_4e-33,
        1.216_125_041_553_518e-34,
        3.800_390_754_854_743_4e-36,
        1.151_633_562_077_195e-37,
        3.387_157_535_521_162e-39,
    ];
    let sum = t.map(|t| (polynomial::<FUSED, 12>(t.0, small_terms), 0.0));
    let sum = step_2(sum, (8.896_791_392_450_574e-22, -7.911_402_614_872_376e-38));
    let sum = step_2(sum, (1.957_294_106_339_126_3e-20, -1.364_350_383_008_790_8e-36));
    let sum = step_2(sum, (4.110_317_623_312_165e-19, 1.441_297_337_865_952_7e-36));
    let sum = step_2(sum, (8.220_635_246_624_33e-18, 2.214_189_411_960_426_5e-34));
    let sum = step_2(sum, (1.561_920_696_858_622_5e-16, 1.191_067_966_027_375_4e-32));
    let sum = step_2(sum, (2.811_457_254_345_520_6e-15, 1.650_884_273_086_143_3e-31));
    let sum = step_2(sum, (4.779_477_332_387_385e-14, 4.399_205_485_834_081e-31));
    let sum = step_2(sum, (7.647_163_731_819_816e-13, 7.038_728_777_334_53e-30));
    let sum = step_2(sum, (1.147_074_559_772_972_5e-11, 2.065_551_275_283_074_5e-28));
    let sum = sum.map(|(high, low)| TripleDouble(high, low, 0.0));
    let sum =
        step_3(sum, 1.605_904_383_682_161_3e-10, 1.258_529_458_875_209_8e-26, -5.313_346_027_629_85e-43);
    let sum = step_3(sum, 2.087_675_698_786_81e-9, -1.207_345_059_113_26e-25, 1.702_227_928_892_871e-42);
    let sum = step_3(sum, 2.505_210_838_544_172e-8, -1.448_814_070_935_912e-24, 2.042_673_514_671_445_5e-41);
    let sum = step_3(sum, 2.755_731_922_398_589e-7, 2.376_771_462_225_029_7e-23, -3.263_188_903_340_883e-40);
    let sum = step_3(sum, 2.755_731_922_398_589_3e-6, -1.858_393_274_046_472e-22, 8.491_754_604_881_993e-39);
    let sum = step_3(sum, 2.480_158_730_158_73e-5, 2.151_194_786_677_588_2e-23, 1.865_864_048_924_266e-41);
    let sum =
        step_3(sum, 0.000_198_412_698_412_698_4, 1.720_955_829_342_070_5e-22, 1.492_691_239_139_412_7e-40);
    let sum =
        step_3(sum, 0.001_388_888_888_888_889, -5.300_543_954_373_577e-20, -1.738_686_755_349_587_8e-36);
    let sum =
        step_3(sum, 0.008_333_333_333_333_333, 1.156_482_317_317_871_4e-19, 1.604_941_620_322_696_5e-36);
    let sum =
        step_3(sum, 0.041_666_666_666_666_664, 2.312_964_634_635_742_7e-18, 1.283_953_296_258_157_2e-34);
    let sum = step_3(sum, 0.166_666_666_666_666_66, 9.251_858_538_542_97e-18, 5.135_813_185_032_629e-34);
    let sum = step_3(sum, 0.5, 0.0, 0.0);
    let sum = step_3(sum, 1.0, 0.0, 0.0);
    [sum[0].times::<FUSED>(t[0]), sum[1].times::<FUSED>(t[1])]
}

/// 2^n and the sum times 2^n.
#[inline(always)]
fn scaled<const FUSED: bool>(sum: TripleDouble, n: f64) -> (f64, TripleDouble) {
    let TripleDouble(high, middle, low) = sum;
    // 2^n in two steps, as it may be subnormal.
    let half_n = multiply_add::<FUSED>(n, 0.5, TO_INTEGER).to_bits();
    let power_of_two = |n: u64| f64::from_bits(n.wrapping_add(1023) << FRACTION_BITS);
    let rest = (n + TO_INTEGER).to_bits().wrapping_sub(half_n);
    let (scale, more) = (power_of_two(half_n), power_of_two(rest));
    let scaled = |part: f64| part * scale * more;
    (scale * more, TripleDouble(scaled(high), scaled(middle), scaled(low)))
}
