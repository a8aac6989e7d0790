use super::super::dispatch::InstructionSet;
use super::super::dispatch::slices::run_unary;
use super::super::{Cos, Sin, Tan};

type Run<T> = fn(InstructionSet, &mut [T]);
const F64: [(&str, Run<f64>); 3] =
    [("sin", run_unary::<Sin, f64>), ("cos", run_unary::<Cos, f64>), ("tan", run_unary::<Tan, f64>)];
const F32: [(&str, Run<f32>); 3] =
    [("sin", run_unary::<Sin, f32>), ("cos", run_unary::<Cos, f32>), ("tan", run_unary::<Tan, f32>)];

/// What is promised, in units in the last place.
const BOUND_F64: f64 = 1.0;

/// As `BOUND_F64`, for f32, which goes through f64 without fused multiply-add.
fn bound_f32(set: InstructionSet) -> f64 {
    if set == InstructionSet::Baseline { 0.6 } else { 1.25 }
}

fn hexadecimal(word: &str) -> f64 {
    f64::from_bits(u64::from_str_radix(word, 16).unwrap())
}

/// One unit in the last place of an f64.
fn last_place(value: f64) -> f64 {
    let power = f64::from_bits(value.to_bits() & f64::INFINITY.to_bits());
    (power * f64::EPSILON).max(f64::from_bits(1))
}

#[test]
fn f64_results_are_within_the_bound_of_the_golden_ones() {
    let golden = include_str!("../../../../tests/golden/trigonometric.txt");
    let rows: Vec<Vec<&str>> = golden.lines().map(|line| line.split(' ').collect()).collect();
    assert!(rows.len() > 2000);
    for set in InstructionSet::available() {
        for (column, (name, run)) in F64.into_iter().enumerate() {
            let mut results: Vec<f64> = rows.iter().map(|row| hexadecimal(row[0])).collect();
            run(set, &mut results);
            for (row, got) in rows.iter().zip(results) {
                let (nearest, thousandths) = row[column + 1].split_once(':').unwrap();
                let nearest = hexadecimal(nearest);
                let distance = (got - nearest) / last_place(nearest);
                let error = (distance - thousandths.parse::<f64>().unwrap() / 1000.0).abs();
                let x = hexadecimal(row[0]);
                assert!(error <= BOUND_F64, "{set:?}: {name}({x:e}) = {got:e}, {error} ULP");
                assert!(got != 0.0 && got.is_sign_negative() == nearest.is_sign_negative());
            }
        }
    }
}

#[test]
fn f32_results_are_within_the_bound_of_those_of_std() {
    let exact: [fn(f64) -> f64; 3] = [f64::sin, f64::cos, f64::tan];
    let step = if cfg!(debug_assertions) { 20_011 } else { 1009 };
    let arguments: Vec<f32> =
        (0..=u32::MAX).step_by(step).map(f32::from_bits).filter(|x| x.is_finite()).collect();
    for (exact, (name, run)) in exact.into_iter().zip(F32) {
        let exact: Vec<f64> = arguments.iter().map(|&x| exact(x.into())).collect();
        for set in InstructionSet::available() {
            let mut results = arguments.clone();
            run(set, &mut results);
            for ((x, got), exact) in arguments.iter().zip(results).zip(&exact) {
                let last_place = (last_place(*exact) * 2.0_f64.powi(29)).max(2.0_f64.powi(-149));
                let error = (f64::from(got) - exact).abs() / last_place;
                assert!(error <= bound_f32(set), "{set:?}: {name}({x:e}) = {got:e}, {error} ULP");
            }
        }
    }
}

#[test]
fn special_values_are_those_of_c99() {
    for set in InstructionSet::available() {
        for (name, run) in F64 {
            let mut results = [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -f64::NAN];
            run(set, &mut results);
            let zeros = if name == "cos" { [1.0, 1.0] } else { [0.0_f64, -0.0] };
            assert_eq!(results.map(f64::to_bits)[..2], zeros.map(f64::to_bits), "{set:?}: {name}");
            assert!(results[2..].iter().all(|x| x.is_nan()), "{set:?}: {name}: {results:?}");
        }
        for (name, run) in F32 {
            let mut results = [0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, -f32::NAN];
            run(set, &mut results);
            let zeros = if name == "cos" { [1.0, 1.0] } else { [0.0_f32, -0.0] };
            assert_eq!(results.map(f32::to_bits)[..2], zeros.map(f32::to_bits), "{set:?}: {name}");
            assert!(results[2..].iter().all(|x| x.is_nan()), "{set:?}: {name}: {results:?}");
        }
    }
}

#[test]
fn the_bits_do_not_depend_on_the_position_the_length_or_the_neighbours() {
    // Mostly for the fast reduction; some blocks have elements for the others too.
    let arguments: Vec<f64> = (0..150)
        .map(|i| match i % 75 {
            11 => f64::INFINITY,
            29 => 3.7e7,
            30 => 1.6e6,
            31 => -4.1e8,
            71 => 6.1e37,
            i => f64::from(i) * 2.7 - 90.0,
        })
        .collect();
    let arguments_f32: Vec<f32> = arguments.iter().map(|&x| x as f32).collect();
    // Any NaN equals any other here.
    let bits = |x: f64| if x.is_nan() { 0 } else { x.to_bits() };
    let bits_f32 = |x: f32| bits(f64::from(x));
    for set in InstructionSet::available() {
        for ((_, run), (_, run_f32)) in F64.into_iter().zip(F32) {
            let (mut alone, mut alone_f32) = (arguments.clone(), arguments_f32.clone());
            alone.chunks_mut(1).for_each(|one| run(set, one));
            alone_f32.chunks_mut(1).for_each(|one| run_f32(set, one));
            for offset in 0..8 {
                for length in (0..70).chain([127, 128, 129, 140]) {
                    let range = offset..offset + length;
                    let mut values = arguments[range.clone()].to_vec();
                    run(set, &mut values);
                    assert!(values.into_iter().map(bits).eq(alone[range.clone()].iter().copied().map(bits)));
                    let mut values = arguments_f32[range.clone()].to_vec();
                    run_f32(set, &mut values);
                    assert!(
                        values.into_iter().map(bits_f32).eq(alone_f32[range].iter().copied().map(bits_f32))
                    );
                }
            }
        }
    }
}

#[test]
fn the_vector_sets_agree_with_each_other() {
    let sets: Vec<InstructionSet> =
        InstructionSet::available().filter(|set| *set != InstructionSet::Baseline).collect();
    let arguments: Vec<f64> = (0..2000).map(|i| f64::from(i) * 1.37 * 1.003_f64.powi(3 * i)).collect();
    for (_, run) in F64 {
        let results = sets.iter().map(|&set| {
            let mut results = arguments.clone();
            run(set, &mut results);
            results
        });
        let results: Vec<Vec<f64>> = results.collect();
        assert!(results.windows(2).all(|pair| pair[0] == pair[1]));
    }
}
