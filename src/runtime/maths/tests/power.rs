use super::super::Power;
use super::super::dispatch::InstructionSet;
use super::super::dispatch::slices::run_binary;
use super::exact::{error_f32, error_f64, golden, same, same_bits_at_every_position};
use super::random_bits;

fn power_one_f64(set: InstructionSet, x: f64, y: f64) -> f64 {
    // A lone element shares its block with zeros, which go the longer way.
    let (mut value, mut block) = ([x], [x; 64]);
    run_binary::<Power, f64>(set, &mut value, &[y]);
    run_binary::<Power, f64>(set, &mut block, &[y; 64]);
    assert!(same(block[0], value[0]), "{set:?}: power({x:e}, {y:e}) = {:e} or {:e}", block[0], value[0]);
    value[0]
}

fn power_one_f32(set: InstructionSet, x: f32, y: f32) -> f32 {
    let (mut value, mut block) = ([x], [x; 64]);
    run_binary::<Power, f32>(set, &mut value, &[y]);
    run_binary::<Power, f32>(set, &mut block, &[y; 64]);
    assert!(
        same(block[0].into(), value[0].into()),
        "{set:?}: power({x:e}, {y:e}) = {:e} or {:e}",
        block[0],
        value[0]
    );
    value[0]
}

#[test]
fn power_is_within_the_bound() {
    let cases = golden::<2>("power");
    for set in InstructionSet::available() {
        let mut results: Vec<f64> = cases.iter().map(|case| case.0[0]).collect();
        let y: Vec<f64> = cases.iter().map(|case| case.0[1]).collect();
        run_binary::<Power, f64>(set, &mut results, &y);
        for (&got, &([x, y], rounded, above)) in results.iter().zip(&cases) {
            let error = error_f64(got, rounded, above);
            assert!(error <= 1.5, "{set:?}: power({x:e}, {y:e}) = {got:e}, {error} ULP");
        }
        let cases: Vec<(f32, f32)> = random_bits()
            .take(40_000)
            .flat_map(|bits| {
                let x = f32::from_bits(bits as u32 >> 1);
                let target = (bits >> 32) as f64 / 2.0_f64.powi(32) * 282.0 - 152.0;
                let near_one = 1.0 + x.abs().fract() / 4.0;
                [x, near_one].map(|x| (x, (target / f64::from(x).log2()) as f32))
            })
            .filter(|(x, y)| x.is_finite() && y.is_finite())
            .collect();
        let mut results: Vec<f32> = cases.iter().map(|case| case.0).collect();
        let y: Vec<f32> = cases.iter().map(|case| case.1).collect();
        run_binary::<Power, f32>(set, &mut results, &y);
        for (&got, &(x, y)) in results.iter().zip(&cases) {
            let error = error_f32(got, f64::from(x).powf(y.into()));
            assert!(error <= 1.5 || got == f32::MAX, "{set:?}: power({x:e}, {y:e}) = {got:e}, {error} ULP");
        }
    }
}

#[test]
fn power_special_values_are_those_of_c99() {
    const INF: f32 = f32::INFINITY;
    const NAN: f32 = f32::NAN;
    let cases = [
        // x, y, power(x, y)
        (0.0, -1.0, INF),
        (-0.0, -1.0, -INF),
        (0.0, -3.0, INF),
        (-0.0, -3.0, -INF),
        (0.0, -2.0, INF),
        (-0.0, -2.0, INF),
        (0.0, -0.5, INF),
        (-0.0, -0.5, INF),
        (0.0, -INF, INF),
        (-0.0, -INF, INF),
        (0.0, 1.0, 0.0),
        (-0.0, 1.0, -0.0),
        (-0.0, 3.0, -0.0),
        (0.0, 2.0, 0.0),
        (-0.0, 2.0, 0.0),
        (-0.0, 0.5, 0.0),
        (-0.0, INF, 0.0),
        (0.0, INF, 0.0),
        (-1.0, INF, 1.0),
        (-1.0, -INF, 1.0),
        (1.0, INF, 1.0),
        (1.0, -INF, 1.0),
        (1.0, NAN, 1.0),
        (1.0, 3e38, 1.0),
        (1.0, f32::MAX, 1.0),
        (1.0, f32::MIN, 1.0),
        (-1.0, f32::MAX, 1.0),
        (-1.0, 3e38, 1.0),
        (-1.0, 16_777_215.0, -1.0),
        (-1.0, 16_777_216.0, 1.0),
        (NAN, 0.0, 1.0),
        (NAN, -0.0, 1.0),
        (INF, 0.0, 1.0),
        (-INF, 0.0, 1.0),
        (0.0, 0.0, 1.0),
        (-0.0, -0.0, 1.0),
        (-2.5, 0.0, 1.0),
        (-2.0, 0.5, NAN),
        (-2.0, -1.5, NAN),
        (-1e-45, 0.3, NAN),
        (-3e38, 8_388_607.5, NAN),
        (0.5, -INF, INF),
        (-0.5, -INF, INF),
        (0.999_999_94, -INF, INF),
        (0.999_999_94, INF, 0.0),
        (1.000_000_1, -INF, 0.0),
        (1.000_000_1, INF, INF),
        (2.0, -INF, 0.0),
        (-2.0, -INF, 0.0),
        (0.5, INF, 0.0),
        (-0.5, INF, 0.0),
        (2.0, INF, INF),
        (-2.0, INF, INF),
        (-INF, -3.0, -0.0),
        (-INF, -2.0, 0.0),
        (-INF, -0.5, 0.0),
        (-INF, -INF, 0.0),
        (-INF, 3.0, -INF),
        (-INF, 2.0, INF),
        (-INF, 0.5, INF),
        (-INF, INF, INF),
        (INF, -1e-45, 0.0),
        (INF, 1e-45, INF),
        (INF, -INF, 0.0),
        (INF, INF, INF),
        (NAN, 1.0, NAN),
        (NAN, -INF, NAN),
        (0.0, NAN, NAN),
        (-0.0, NAN, NAN),
        (INF, NAN, NAN),
        (-INF, NAN, NAN),
        (2.0, NAN, NAN),
        (NAN, NAN, NAN),
        (-2.0, 3.0, -8.0),
        (-2.0, -2.0, 0.25),
        (2.0, 100.0, 1.267_650_6e30),
        (3.0, 2.0, 9.0),
        (5.0, 1.0, 5.0),
        (1e-45, 1.0, 1e-45),
        (1e-45, 1e-45, 1.0),
        (-3.0, 3e38, INF),
        (-3.0, -3e38, 0.0),
    ];
    for set in InstructionSet::available() {
        for (x, y, expected) in cases {
            let got = power_one_f32(set, x, y);
            assert!(same(got.into(), expected.into()), "{set:?}: power({x:e}, {y:e}) = {got:e} in f32");
            let got = power_one_f64(set, x.into(), y.into());
            assert!(same(got, expected.into()), "{set:?}: power({x:e}, {y:e}) = {got:e}");
        }
        let cases = [
            (-1.0, 9_007_199_254_740_991.0, -1.0),
            (-1.0, 9_007_199_254_740_992.0, 1.0),
            (-1.0, 4_503_599_627_370_497.0, -1.0),
            (-1.0, 4_503_599_627_370_495.5, f64::NAN),
            (-1.0, f64::MAX, 1.0),
            (1.0, f64::MAX, 1.0),
            (1.0, f64::MIN, 1.0),
            (f64::from_bits(1.0_f64.to_bits() - 1), f64::MAX, 0.0),
            (f64::from_bits(1.0_f64.to_bits() + 1), f64::MAX, f64::INFINITY),
            (f64::from_bits(1), 1.0, f64::from_bits(1)),
            (-f64::from_bits(3), 1.0, -f64::from_bits(3)),
            (f64::MAX, 1.0, f64::MAX),
            (-f64::MAX, -f64::MAX, 0.0),
            (f64::INFINITY, f64::from_bits(1), f64::INFINITY),
            (2.0, 1023.0, 2.0_f64.powi(1023)),
            (2.0, 1024.0, f64::INFINITY),
            (2.0, -1074.0, f64::from_bits(1)),
            (-2.0, -1075.0, -0.0),
        ];
        for (x, y, expected) in cases {
            let got = power_one_f64(set, x, y);
            assert!(same(got, expected), "{set:?}: power({x:e}, {y:e}) = {got:e}");
        }
    }
}

#[test]
fn power_gives_the_same_bits_at_every_position() {
    same_bits_at_every_position!(Power(f64), -3.0);
    same_bits_at_every_position!(Power(f32), -3.0);
}
