use super::super::Cbrt;
use super::super::dispatch::InstructionSet;
use super::super::dispatch::slices::run_unary;
use super::exact::{error_f32, error_f64, golden};
use super::random_bits;

fn one_f64(set: InstructionSet, x: f64) -> f64 {
    let mut value = [x];
    run_unary::<Cbrt, f64>(set, &mut value);
    value[0]
}

fn one_f32(set: InstructionSet, x: f32) -> f32 {
    let mut value = [x];
    run_unary::<Cbrt, f32>(set, &mut value);
    value[0]
}

#[test]
fn cbrt_is_within_the_bound() {
    let cases = golden::<1>("cbrt");
    for set in InstructionSet::available() {
        let mut results: Vec<f64> = cases.iter().map(|case| case.0[0]).collect();
        run_unary::<Cbrt, f64>(set, &mut results);
        for (&got, &([x], rounded, above)) in results.iter().zip(&cases) {
            let error = error_f64(got, rounded, above);
            assert!(error <= 0.51, "{set:?}: cbrt({x:e}) = {got:e}, {error} ULP");
            assert_eq!(one_f64(set, -x).to_bits(), (-got).to_bits(), "{set:?}: cbrt(-{x:e})");
        }
        let arguments: Vec<f32> =
            (0..=u32::MAX).step_by(60_013).map(f32::from_bits).filter(|x| x.is_finite()).collect();
        let mut results = arguments.clone();
        run_unary::<Cbrt, f32>(set, &mut results);
        for (&got, &x) in results.iter().zip(&arguments) {
            let error = error_f32(got, f64::from(x).cbrt());
            assert!(error <= 0.51, "{set:?}: cbrt({x:e}) = {got:e}, {error} ULP");
        }
    }
}

#[test]
fn cbrt_of_cubes_and_special_values_is_exact() {
    for set in InstructionSet::available() {
        for root in (0..200_000).step_by(101) {
            let root = f64::from(root);
            assert_eq!(one_f64(set, root * root * root), root, "{set:?}");
        }
        for root in 0..=255_u8 {
            let root = f32::from(root);
            assert_eq!(one_f32(set, -root * root * root), -root, "{set:?}");
        }
        for x in [0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY] {
            assert_eq!(one_f32(set, x).to_bits(), x.to_bits(), "{set:?}");
            assert_eq!(one_f64(set, x.into()).to_bits(), f64::from(x).to_bits(), "{set:?}");
        }
        // Subnormal cubes: -1074 = 3 * -358 and -147 = 3 * -49.
        assert_eq!(one_f64(set, f64::from_bits(1)), 2.0_f64.powi(-358));
        assert_eq!(one_f32(set, f32::from_bits(4)), 2.0_f32.powi(-49));
        for bits in random_bits().take(100) {
            assert!(one_f64(set, f64::from_bits(bits | f64::INFINITY.to_bits() | 1)).is_nan());
            assert!(one_f32(set, f32::from_bits(bits as u32 | f32::INFINITY.to_bits() | 1)).is_nan());
        }
    }
}

#[test]
fn cbrt_gives_the_same_bits_at_every_position() {
    let arguments: Vec<f64> = random_bits().take(150).map(f64::from_bits).collect();
    for set in InstructionSet::available() {
        let alone: Vec<u64> = arguments.iter().map(|&x| one_f64(set, x).to_bits()).collect();
        let alone_f32: Vec<u32> = arguments.iter().map(|&x| one_f32(set, x as f32).to_bits()).collect();
        for length in (0..70).chain([127, 128, 129, 150]) {
            let mut values = arguments[..length].to_vec();
            run_unary::<Cbrt, f64>(set, &mut values);
            assert!(values.iter().map(|x| x.to_bits()).eq(alone[..length].iter().copied()));
            let mut values: Vec<f32> = arguments[..length].iter().map(|&x| x as f32).collect();
            run_unary::<Cbrt, f32>(set, &mut values);
            assert!(values.iter().map(|x| x.to_bits()).eq(alone_f32[..length].iter().copied()));
        }
    }
}
