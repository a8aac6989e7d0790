use super::super::dispatch::InstructionSet;
use super::super::dispatch::slices::run_binary;
use super::super::{Logaddexp, Logaddexp2};
use super::exact::{error_f32, error_f64, golden, same, same_bits_at_every_position};
use super::random_bits;

/// Checks one function against the exact results in f64, and in f32 against f64.
macro_rules! within_the_bound {
    ($name:literal, $function:ident, $exp:ident, $log:ident) => {
        let cases = golden::<2>($name);
        for set in InstructionSet::available() {
            let mut results: Vec<f64> = cases.iter().map(|case| case.0[0]).collect();
            let y: Vec<f64> = cases.iter().map(|case| case.0[1]).collect();
            run_binary::<$function, f64>(set, &mut results, &y);
            for (&got, &([x, y], rounded, above)) in results.iter().zip(&cases) {
                let error = error_f64(got, rounded, above);
                assert!(error <= 2.0, "{set:?}: {}({x:e}, {y:e}) = {got:e}, {error} ULP", $name);
            }
            let cases: Vec<(f32, f32)> = random_bits()
                .take(20_000)
                .flat_map(|bits| {
                    let uniform = |bits: u64| (bits & 0xff_ffff) as f32 / 2.0_f32.powi(23) - 1.0;
                    let (x, y) = (uniform(bits), uniform(bits >> 32));
                    [
                        (x * 10.0, y * 10.0),
                        (x * 300.0, y * 300.0),
                        (x, y - 100.0),
                        (x.abs() - 2.0, y / 2.0 - 0.5),
                        // Results near zero.
                        (-x.abs(), (1.0 - (-x.abs()).$exp()).$log()),
                    ]
                })
                .collect();
            let mut results: Vec<f32> = cases.iter().map(|case| case.0).collect();
            let y: Vec<f32> = cases.iter().map(|case| case.1).collect();
            run_binary::<$function, f32>(set, &mut results, &y);
            let mut exact: Vec<f64> = cases.iter().map(|case| case.0.into()).collect();
            run_binary::<$function, f64>(set, &mut exact, &y.iter().map(|&y| y.into()).collect::<Vec<f64>>());
            for ((&got, &exact), &(x, y)) in results.iter().zip(&exact).zip(&cases) {
                let error = error_f32(got, exact);
                assert!(error <= 0.6, "{set:?}: {}({x:e}, {y:e}) = {got:e}, {error} ULP", $name);
            }
        }
    };
}

#[test]
fn logaddexp_is_within_the_bound() {
    within_the_bound!("logaddexp", Logaddexp, exp, ln);
}

#[test]
fn logaddexp2_is_within_the_bound() {
    within_the_bound!("logaddexp2", Logaddexp2, exp2, log2);
}

#[test]
fn logaddexp_special_values_are_those_of_numpy() {
    const INF: f32 = f32::INFINITY;
    const NAN: f32 = f32::NAN;
    let cases = [
        (INF, INF, INF),
        (-INF, -INF, -INF),
        (INF, -INF, INF),
        (-INF, INF, INF),
        (INF, 1.0, INF),
        (3.0, INF, INF),
        (-INF, 2.5, 2.5),
        (2.5, -INF, 2.5),
        (-INF, 0.0, 0.0),
        (0.0, -3e38, 0.0),
        (f32::MAX, -f32::MAX, f32::MAX),
        (f32::MAX, f32::MAX, f32::MAX),
        (NAN, 1.0, NAN),
        (1.0, NAN, NAN),
        (NAN, INF, NAN),
        (INF, NAN, NAN),
        (-INF, NAN, NAN),
        (NAN, -INF, NAN),
        (NAN, NAN, NAN),
    ];
    macro_rules! check {
        ($float:ident, $($name:ident)*) => {$(
            for set in InstructionSet::available() {
                for (x, y, expected) in cases {
                    let mut got = [$float::from(x)];
                    run_binary::<$name, $float>(set, &mut got, &[$float::from(y)]);
                    let name = stringify!($name);
                    assert!(same(got[0].into(), expected.into()), "{set:?}: {name}({x:e}, {y:e}) = {got:?}");
                }
                let mut got = [$float::MAX];
                run_binary::<$name, $float>(set, &mut got, &[-$float::MAX]);
                assert_eq!(got, [$float::MAX]);
            }
        )*};
    }
    check!(f32, Logaddexp Logaddexp2);
    check!(f64, Logaddexp Logaddexp2);
    for set in InstructionSet::available() {
        let mut got = [3.0, -1.0, 0.0];
        run_binary::<Logaddexp2, f64>(set, &mut got, &[3.0, -1.0, 0.0]);
        assert_eq!(got, [4.0, 0.0, 1.0], "{set:?}");
        let mut got = [3.0, -1.0, 0.0];
        run_binary::<Logaddexp2, f32>(set, &mut got, &[3.0, -1.0, 0.0]);
        assert_eq!(got, [4.0, 0.0, 1.0], "{set:?}");
    }
}

#[test]
fn logaddexp_gives_the_same_bits_at_every_position() {
    same_bits_at_every_position!(Logaddexp(f64), f64::NEG_INFINITY);
    same_bits_at_every_position!(Logaddexp(f32), f32::NEG_INFINITY);
    same_bits_at_every_position!(Logaddexp2(f64), f64::NEG_INFINITY);
    same_bits_at_every_position!(Logaddexp2(f32), f32::NEG_INFINITY);
}

#[test]
fn logaddexp_near_zero_gives_the_same_bits_at_every_position() {
    // Every fourteenth result of either function is near zero, and so computed another way.
    let x: Vec<f64> = (0..150).map(|i| if i % 7 == 3 { -1.0 } else { f64::from(i) / 9.0 - 8.0 }).collect();
    let y = (0..150).map(|i| match i % 14 {
        3 => -1.0,
        10 => -0.458_675_145_387_081_93,
        _ => -1.5,
    });
    let y: Vec<f64> = y.collect();
    macro_rules! check {
        ($($float:ident, $name:ident;)*) => {$(
            let x: Vec<$float> = x.iter().map(|&x| x as $float).collect();
            let y: Vec<$float> = y.iter().map(|&y| y as $float).collect();
            for set in InstructionSet::available() {
                let mut alone = x.clone();
                for (x, y) in alone.chunks_mut(1).zip(y.chunks(1)) {
                    run_binary::<$name, $float>(set, x, y);
                }
                for (offset, length) in [(0, 150), (1, 64), (2, 70), (3, 16), (5, 131)] {
                    let range = offset..offset + length;
                    let mut values = x[range.clone()].to_vec();
                    run_binary::<$name, $float>(set, &mut values, &y[range.clone()]);
                    assert_eq!(values, alone[range], "{set:?}: {}", stringify!($name));
                }
            }
        )*};
    }
    check! {
        f64, Logaddexp;
        f64, Logaddexp2;
        f32, Logaddexp;
        f32, Logaddexp2;
    }
}
