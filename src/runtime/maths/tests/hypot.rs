use super::super::Hypot;
use super::super::dispatch::InstructionSet;
use super::super::dispatch::slices::run_binary;
use super::exact::{error_f32, error_f64, golden, same, same_bits_at_every_position};
use super::random_bits;

#[test]
fn hypot_is_within_the_bound() {
    let cases = golden::<2>("hypot");
    for set in InstructionSet::available() {
        let mut results: Vec<f64> = cases.iter().map(|case| case.0[0]).collect();
        let y: Vec<f64> = cases.iter().map(|case| case.0[1]).collect();
        run_binary::<Hypot, f64>(set, &mut results, &y);
        for (&got, &([x, y], rounded, above)) in results.iter().zip(&cases) {
            let error = error_f64(got, rounded, above);
            assert!(error <= 0.51, "{set:?}: hypot({x:e}, {y:e}) = {got:e}, {error} ULP");
        }
        let cases: Vec<(f32, f32)> = random_bits()
            .take(40_000)
            .flat_map(|bits| {
                let (x, y) = (f32::from_bits(bits as u32), f32::from_bits((bits >> 32) as u32));
                let ratio = 1.0 + f32::from_bits(y.to_bits() & 0x7f_ffff | 0x3f80_0000);
                [(x, y), (x, x / ratio), (x * ratio, x)]
            })
            .filter(|(x, y)| x.is_finite() && y.is_finite())
            .collect();
        let mut results: Vec<f32> = cases.iter().map(|case| case.0).collect();
        let y: Vec<f32> = cases.iter().map(|case| case.1).collect();
        run_binary::<Hypot, f32>(set, &mut results, &y);
        for (&got, &(x, y)) in results.iter().zip(&cases) {
            let error = error_f32(got, f64::from(x).hypot(y.into()));
            assert!(error <= 0.51, "{set:?}: hypot({x:e}, {y:e}) = {got:e}, {error} ULP");
        }
    }
}

/// Subnormal numbers are integers times the smallest one, so that the root of the sum of their squares is found in
/// integers.
#[test]
fn subnormal_results_of_hypot_are_rounded_once() {
    let digits = |bits: u64| (bits >> 12) >> (bits % 41);
    let bits: Vec<u64> = random_bits().take(60_000).collect();
    let cases: Vec<[u64; 2]> =
        bits.chunks_exact(2).map(|pair| [digits(pair[0]), digits(pair[1].rotate_left(13))]).collect();
    for set in InstructionSet::available() {
        let mut results: Vec<f64> = cases.iter().map(|case| f64::from_bits(case[0])).collect();
        let y: Vec<f64> = cases.iter().map(|case| f64::from_bits(case[1])).collect();
        run_binary::<Hypot, f64>(set, &mut results, &y);
        let mut held = 0;
        for (got, [x, y]) in results.iter().zip(&cases) {
            let sum = u128::from(*x).pow(2) + u128::from(*y).pow(2);
            let below = sum.isqrt();
            if *got >= f64::MIN_POSITIVE || below == 0 {
                continue;
            }
            held += 1;
            // (got - root) (got + root), of which the second factor is as good as twice the result.
            let got = u128::from(got.to_bits());
            let error = got.pow(2).abs_diff(sum) as f64 / (got + below) as f64;
            assert!(error <= 0.501, "{set:?}: hypot({x}, {y}) = {got}, {error} ULP");
        }
        assert!(held > 20_000, "{held}");
    }
}

#[test]
fn hypot_special_values_are_those_of_c99() {
    const INF: f32 = f32::INFINITY;
    const NAN: f32 = f32::NAN;
    let cases = [
        (0.0, 0.0, 0.0),
        (-0.0, -0.0, 0.0),
        (-0.0, 0.0, 0.0),
        (-3.0, 0.0, 3.0),
        (-0.0, -3.0, 3.0),
        (1e-45, 0.0, 1e-45),
        (f32::MAX, 0.0, f32::MAX),
        (f32::MAX, 1.0, f32::MAX),
        (INF, NAN, INF),
        (NAN, -INF, INF),
        (-INF, 1.0, INF),
        (0.0, INF, INF),
        (INF, INF, INF),
        (NAN, 1.0, NAN),
        (0.0, NAN, NAN),
        (NAN, NAN, NAN),
    ];
    for set in InstructionSet::available() {
        for (x, y, expected) in cases {
            let mut got = [x];
            run_binary::<Hypot, f32>(set, &mut got, &[y]);
            assert!(same(got[0].into(), expected.into()), "{set:?}: hypot({x:e}, {y:e}) = {got:?} in f32");
            let mut got = [f64::from(x)];
            run_binary::<Hypot, f64>(set, &mut got, &[y.into()]);
            assert!(same(got[0], expected.into()), "{set:?}: hypot({x:e}, {y:e}) = {got:?}");
        }
        let mut got = [f64::MAX, f64::MAX, f64::from_bits(1), f64::from_bits(3)];
        run_binary::<Hypot, f64>(set, &mut got, &[1.0, f64::MAX, f64::from_bits(1), f64::from_bits(4)]);
        assert_eq!(got, [f64::MAX, f64::INFINITY, f64::from_bits(1), f64::from_bits(5)], "{set:?}");
        let mut got = [f32::MAX];
        run_binary::<Hypot, f32>(set, &mut got, &[f32::MAX]);
        assert_eq!(got, [f32::INFINITY], "{set:?}");
    }
}

#[test]
fn hypot_gives_the_same_bits_at_every_position() {
    same_bits_at_every_position!(Hypot(f64), f64::INFINITY);
    same_bits_at_every_position!(Hypot(f32), f32::INFINITY);
}
