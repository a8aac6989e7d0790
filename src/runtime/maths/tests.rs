mod cbrt;
mod every_set;
mod exact;
mod exponential;
mod gamma;
mod hypot;
mod logaddexp;
mod logarithm;
mod power;
mod single;
mod trigonometric;

use super::dispatch::InstructionSet;
use super::dispatch::slices::{binary, run_unary, unary};
use super::{Exp, FloorDivide, Remainder};

/// What the exponentials promise, in units in the last place.
const BOUND: f64 = 0.9;

/// n and e^x / 2^n as an unevaluated sum, correct to about 2^-95: the Taylor series of e^r in
/// double-double arithmetic, where r = x - n ln 2.
fn exp_reference(x: f64) -> (i32, (f64, f64)) {
    const LN_2_LOW: f64 = 2.319_046_813_846_299_6e-17;
    let n = (x / std::f64::consts::LN_2).round();
    let (product, product_error) = two_product(n, std::f64::consts::LN_2);
    let (high, error) = two_sum(x, -product);
    let r = two_sum(high, error - product_error - n * LN_2_LOW);
    let mut sum = (1.0, 0.0);
    for k in (1..=28).rev() {
        // sum = 1 + r sum / k
        let term = multiply(r, sum);
        let k = f64::from(k);
        let quotient = term.0 / k;
        let (product, error) = two_product(quotient, k);
        let low = (term.0 - product - error + term.1) / k;
        let (high, error) = two_sum(1.0, quotient);
        sum = two_sum(high, error + low);
    }
    (n as i32, sum)
}

fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_part = sum - a;
    (sum, (a - (sum - b_part)) + (b - b_part))
}

fn two_product(a: f64, b: f64) -> (f64, f64) {
    let product = a * b;
    (product, a.mul_add(b, -product))
}

fn multiply(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    let (high, low) = two_product(a.0, b.0);
    two_sum(high, low + (a.0 * b.1 + a.1 * b.0))
}

/// The distance of `got` from e^x in f64 units in the last place of e^x.
fn error_f64(x: f64, got: f64) -> f64 {
    let (n, (high, low)) = exp_reference(x);
    // Both divided by 2^n, in two steps as it may overflow. Subnormal numbers share one last place.
    let divide = |value: f64| value * 2.0_f64.powi(-n / 2) * 2.0_f64.powi(-n - -n / 2);
    let last_place = last_place_f64(high).max(divide(f64::from_bits(1)));
    ((divide(got) - high) - low).abs() / last_place
}

fn last_place_f64(value: f64) -> f64 {
    f64::from_bits(value.to_bits() & f64::INFINITY.to_bits()) * f64::EPSILON
}

/// As `error_f64`, for f32; std's f64 exponential is exact enough.
fn error_f32(x: f32, got: f32) -> f64 {
    let exact = f64::from(x).exp();
    let last_place = (last_place_f64(exact) * 2.0_f64.powi(29)).max(2.0_f64.powi(-149));
    (f64::from(got) - exact).abs() / last_place
}

/// The bits of a pseudo-random sequence (Marsaglia's xorshift).
fn random_bits() -> impl Iterator<Item = u64> {
    std::iter::successors(Some(0x9e37_79b9_7f4a_7c15_u64), |state| {
        let state = state ^ (state << 13);
        let state = state ^ (state >> 7);
        Some(state ^ (state << 17))
    })
}

#[test]
fn exp_f64_is_within_the_bound() {
    let uniform = |low: f64, high: f64, count: usize| {
        random_bits().take(count).map(move |bits| low + (high - low) * (bits as f64 / u64::MAX as f64))
    };
    let mut arguments: Vec<f64> = uniform(-745.13, 709.78, 20_000).collect();
    arguments.extend(uniform(-1.0, 1.0, 4_000));
    arguments.extend(uniform(-745.13, -707.0, 4_000));
    arguments.extend(uniform(709.0, 709.78, 1_000));
    // Where the nearest multiple of ln 2 changes, the reduced argument is largest.
    arguments.extend((-1074..1023).map(|n| (f64::from(n) + 0.5) * std::f64::consts::LN_2));
    for set in InstructionSet::available() {
        let mut results = arguments.clone();
        run_unary::<Exp, f64>(set, &mut results);
        for (&x, &got) in arguments.iter().zip(&results) {
            let error = error_f64(x, got);
            assert!(error <= BOUND, "{set:?}: exp({x:e}) = {got:e}, {error} ULP");
        }
    }
}

#[test]
fn exp_f32_is_within_the_bound() {
    let arguments: Vec<f32> = (0..=u32::MAX)
        .step_by(60_013)
        .map(f32::from_bits)
        .chain((-103_900..88_700).step_by(7).map(|i| i as f32 * 1e-3))
        .filter(|x| (-103.9..88.7).contains(x))
        .collect();
    for set in InstructionSet::available() {
        let mut results = arguments.clone();
        run_unary::<Exp, f32>(set, &mut results);
        for (&x, &got) in arguments.iter().zip(&results) {
            let error = error_f32(x, got);
            assert!(error <= BOUND, "{set:?}: exp({x:e}) = {got:e}, {error} ULP");
        }
    }
}

#[test]
fn exp_special_values_are_those_of_c99() {
    let smallest_f64 = f64::from_bits(1);
    let cases_f64 = [
        (0.0, 1.0),
        (-0.0, 1.0),
        (smallest_f64, 1.0),
        (-smallest_f64, 1.0),
        (f64::INFINITY, f64::INFINITY),
        (f64::NEG_INFINITY, 0.0),
        (f64::MAX, f64::INFINITY),
        (f64::MIN, 0.0),
        // The last finite result and the first infinite one; the last nonzero one and the first zero.
        (709.782_712_893_384, 1.797_693_134_862_273_2e308),
        (709.782_712_893_384_1, f64::INFINITY),
        (-745.133_219_101_941_1, smallest_f64),
        (-745.133_219_101_941_2, 0.0),
    ];
    let smallest_f32 = f32::from_bits(1);
    let cases_f32 = [
        (0.0, 1.0),
        (-0.0, 1.0),
        (smallest_f32, 1.0),
        (-smallest_f32, 1.0),
        (f32::INFINITY, f32::INFINITY),
        (f32::NEG_INFINITY, 0.0),
        (f32::MAX, f32::INFINITY),
        (f32::MIN, 0.0),
        (88.722_84, f32::INFINITY),
        (-103.972_08, smallest_f32),
        (-103.972_084, 0.0),
    ];
    for set in InstructionSet::available() {
        for (x, expected) in cases_f64 {
            let mut result = [x];
            run_unary::<Exp, f64>(set, &mut result);
            assert_eq!(result[0].to_bits(), expected.to_bits(), "{set:?}: exp({x:e})");
        }
        for (x, expected) in cases_f32 {
            let mut result = [x];
            run_unary::<Exp, f32>(set, &mut result);
            assert_eq!(result[0].to_bits(), expected.to_bits(), "{set:?}: exp({x:e}) in f32");
        }
        // Every sign and several payloads: scaling must not turn a NaN into a number.
        for bits in random_bits().take(500) {
            let mut result = [f64::from_bits(bits | f64::INFINITY.to_bits() | 1)];
            run_unary::<Exp, f64>(set, &mut result);
            assert!(result[0].is_nan());
            let mut result = [f32::from_bits(bits as u32 | f32::INFINITY.to_bits() | 1)];
            run_unary::<Exp, f32>(set, &mut result);
            assert!(result[0].is_nan());
        }
    }
}

#[test]
fn exp_gives_the_same_bits_at_every_position() {
    // Some need the long way (specials and extreme exponents), most do not.
    let arguments: Vec<f64> = random_bits()
        .take(150)
        .enumerate()
        .map(|(i, bits)| match i % 50 {
            13 => f64::NEG_INFINITY,
            37 => -740.0,
            _ => (bits >> 40) as f64 / 2.0_f64.powi(19) - 16.0,
        })
        .collect();
    for set in InstructionSet::available() {
        let alone_f64: Vec<u64> = arguments.iter().map(|&x| one_f64(set, x).to_bits()).collect();
        let alone_f32: Vec<u32> = arguments.iter().map(|&x| one_f32(set, x as f32).to_bits()).collect();
        for offset in 0..8 {
            for length in (0..70).chain([127, 128, 129, 140]) {
                let range = offset..offset + length;
                let mut values = arguments.clone();
                run_unary::<Exp, f64>(set, &mut values[range.clone()]);
                assert!(
                    values[range.clone()]
                        .iter()
                        .map(|x| x.to_bits())
                        .eq(alone_f64[range.clone()].iter().copied())
                );
                // Nothing beyond the slice is touched.
                assert_eq!(values[..offset], arguments[..offset]);
                assert_eq!(values[offset + length..], arguments[offset + length..]);
                let mut values: Vec<f32> = arguments.iter().map(|&x| x as f32).collect();
                run_unary::<Exp, f32>(set, &mut values[range.clone()]);
                assert!(
                    values[range.clone()].iter().map(|x| x.to_bits()).eq(alone_f32[range].iter().copied())
                );
            }
        }
    }
}

fn one_f64(set: InstructionSet, x: f64) -> f64 {
    let mut values = [x];
    run_unary::<Exp, f64>(set, &mut values);
    values[0]
}

fn one_f32(set: InstructionSet, x: f32) -> f32 {
    let mut values = [x];
    run_unary::<Exp, f32>(set, &mut values);
    values[0]
}

#[test]
fn the_public_entry_points_use_the_widest_set() {
    let widest = InstructionSet::available().last();
    let mut values = [0.3, -5.7, 100.1];
    let expected = values.map(|x| widest.map(|set| one_f64(set, x)));
    unary::<Exp, f64>(&mut values);
    assert_eq!(values.map(Some), expected);
    let mut values = [0.3, -5.7, 80.1];
    let expected = values.map(|x| widest.map(|set| one_f32(set, x)));
    unary::<Exp, f32>(&mut values);
    assert_eq!(values.map(Some), expected);
}

/// x, y, remainder and floor_divide as NumPy 2.4.6 gives them, the same in f32 and f64.
const DIVISIONS: &[(f32, f32, f32, f32)] = &[
    (0.0, 0.0, f32::NAN, f32::NAN),
    (0.0, -0.0, f32::NAN, f32::NAN),
    (0.0, 1.0, 0.0, 0.0),
    (0.0, -1.0, -0.0, -0.0),
    (0.0, f32::INFINITY, 0.0, 0.0),
    (0.0, f32::NEG_INFINITY, -0.0, -0.0),
    (0.0, f32::NAN, f32::NAN, f32::NAN),
    (-0.0, 0.0, f32::NAN, f32::NAN),
    (-0.0, -0.0, f32::NAN, f32::NAN),
    (-0.0, 1.0, 0.0, -0.0),
    (-0.0, -1.0, -0.0, 0.0),
    (-0.0, f32::INFINITY, 0.0, -0.0),
    (-0.0, f32::NEG_INFINITY, -0.0, 0.0),
    (-0.0, f32::NAN, f32::NAN, f32::NAN),
    (1.0, 0.0, f32::NAN, f32::INFINITY),
    (1.0, -0.0, f32::NAN, f32::NEG_INFINITY),
    (1.0, 1.0, 0.0, 1.0),
    (1.0, -1.0, -0.0, -1.0),
    (1.0, f32::INFINITY, 1.0, 0.0),
    (1.0, f32::NEG_INFINITY, f32::NEG_INFINITY, -1.0),
    (1.0, f32::NAN, f32::NAN, f32::NAN),
    (-1.0, 0.0, f32::NAN, f32::NEG_INFINITY),
    (-1.0, -0.0, f32::NAN, f32::INFINITY),
    (-1.0, 1.0, 0.0, -1.0),
    (-1.0, -1.0, -0.0, 1.0),
    (-1.0, f32::INFINITY, f32::INFINITY, -1.0),
    (-1.0, f32::NEG_INFINITY, -1.0, 0.0),
    (-1.0, f32::NAN, f32::NAN, f32::NAN),
    (f32::INFINITY, 0.0, f32::NAN, f32::INFINITY),
    (f32::INFINITY, -0.0, f32::NAN, f32::NEG_INFINITY),
    (f32::INFINITY, 1.0, f32::NAN, f32::NAN),
    (f32::INFINITY, -1.0, f32::NAN, f32::NAN),
    (f32::INFINITY, f32::INFINITY, f32::NAN, f32::NAN),
    (f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::NAN),
    (f32::INFINITY, f32::NAN, f32::NAN, f32::NAN),
    (f32::NEG_INFINITY, 0.0, f32::NAN, f32::NEG_INFINITY),
    (f32::NEG_INFINITY, -0.0, f32::NAN, f32::INFINITY),
    (f32::NEG_INFINITY, 1.0, f32::NAN, f32::NAN),
    (f32::NEG_INFINITY, -1.0, f32::NAN, f32::NAN),
    (f32::NEG_INFINITY, f32::INFINITY, f32::NAN, f32::NAN),
    (f32::NEG_INFINITY, f32::NEG_INFINITY, f32::NAN, f32::NAN),
    (f32::NEG_INFINITY, f32::NAN, f32::NAN, f32::NAN),
    (f32::NAN, 0.0, f32::NAN, f32::NAN),
    (f32::NAN, -0.0, f32::NAN, f32::NAN),
    (f32::NAN, 1.0, f32::NAN, f32::NAN),
    (f32::NAN, -1.0, f32::NAN, f32::NAN),
    (f32::NAN, f32::INFINITY, f32::NAN, f32::NAN),
    (f32::NAN, f32::NEG_INFINITY, f32::NAN, f32::NAN),
    (7.0, 3.0, 1.0, 2.0),
    (-7.0, 3.0, 2.0, -3.0),
    (7.0, -3.0, -2.0, -3.0),
    (-7.0, -3.0, -1.0, 2.0),
    (6.0, 3.0, 0.0, 2.0),
    (-6.0, 3.0, 0.0, -2.0),
    (6.0, -3.0, -0.0, -2.0),
    (-6.0, -3.0, -0.0, 2.0),
    (0.5, 2.0, 0.5, 0.0),
    (-0.5, 2.0, 1.5, -1.0),
    (5.25, -1.5, -0.75, -4.0),
    (1e-45, 4.0, 1e-45, 0.0),
];

#[test]
fn floor_division_agrees_with_numpy() {
    // NaN equals NaN here, and the zeros differ.
    let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
    for &(x, y, remainder, quotient) in DIVISIONS {
        let (mut got_remainder, mut got_quotient) = ([x], [x]);
        binary::<Remainder, f32>(&mut got_remainder, &[y]);
        binary::<FloorDivide, f32>(&mut got_quotient, &[y]);
        assert!(same(got_remainder[0].into(), remainder.into()), "{x} % {y}: {got_remainder:?}");
        assert!(same(got_quotient[0].into(), quotient.into()), "{x} // {y}: {got_quotient:?}");
        let (mut got_remainder, mut got_quotient) = ([f64::from(x)], [f64::from(x)]);
        binary::<Remainder, f64>(&mut got_remainder, &[y.into()]);
        binary::<FloorDivide, f64>(&mut got_quotient, &[y.into()]);
        assert!(same(got_remainder[0], remainder.into()), "{x} % {y}: {got_remainder:?}");
        assert!(same(got_quotient[0], quotient.into()), "{x} // {y}: {got_quotient:?}");
    }
    // Values f32 does not have: the rounded quotient 1.0 / 0.1 is 10, the floor division 9.
    let (mut remainder, mut quotient) = ([1.0, -1.0], [1.0, -1.0]);
    binary::<Remainder, f64>(&mut remainder, &[0.1, 0.1]);
    binary::<FloorDivide, f64>(&mut quotient, &[0.1, 0.1]);
    assert_eq!(remainder, [0.099_999_999_999_999_95, 5.551_115_123_125_783e-17]);
    assert_eq!(quotient, [9.0, -10.0]);
}

#[test]
fn operands_of_different_length_are_handled_up_to_the_shorter() {
    let mut x = [7.0, 7.0, 7.0];
    binary::<Remainder, f64>(&mut x, &[4.0]);
    assert_eq!(x, [3.0, 7.0, 7.0]);
    let mut x = [7.0];
    binary::<FloorDivide, f32>(&mut x, &[2.0, 3.0]);
    assert_eq!(x, [3.0]);
}
