//! Functions that `f32` computes in a way of its own: the hyperbolic tangent and the error function.

use super::exact::error_f32;
use super::random_bits;
use crate::maths::dispatch::InstructionSet;
use crate::maths::dispatch::slices::run_unary;
use crate::maths::{Erf, Tanh};

type Run = fn(InstructionSet, &mut [f32]);
const FUNCTIONS: [(&str, Run); 2] = [("tanh", run_unary::<Tanh, f32>), ("erf", run_unary::<Erf, f32>)];

/// Every binade, then evenly where the result is not yet 1.
fn arguments() -> Vec<f32> {
    let step = if cfg!(debug_assertions) { 40_009 } else { 1009 };
    (0..=u32::MAX)
        .step_by(step)
        .map(f32::from_bits)
        .filter(|x| !x.is_nan())
        .chain((-45_000..45_000).map(|i| i as f32 * 2.1e-4))
        .collect()
}

fn check(name: &str, run: Run, exact: &[f64], bound: impl Fn(InstructionSet) -> f64) {
    let arguments = arguments();
    for set in InstructionSet::available() {
        let mut results = arguments.clone();
        run(set, &mut results);
        for ((x, got), &exact) in arguments.iter().zip(results).zip(exact) {
            let error = error_f32(got, exact);
            assert!(error <= bound(set), "{set:?}: {name}({x:e}) = {got:e}, {error} ULP");
            assert_eq!(got.is_sign_negative(), x.is_sign_negative(), "{set:?}: {name}({x:e}) = {got:e}");
        }
    }
}

#[test]
fn tanh_is_within_the_bound_of_that_of_std() {
    let exact: Vec<f64> = arguments().into_iter().map(|x| f64::from(x).tanh()).collect();
    check("tanh", run_unary::<Tanh, f32>, &exact, |_| 1.25);
}

#[test]
fn erf_is_within_the_bound_of_that_of_f64() {
    // A table and a Taylor series, which have nothing in common with the polynomials of f32.
    let mut exact: Vec<f64> = arguments().into_iter().map(f64::from).collect();
    run_unary::<Erf, f64>(InstructionSet::Baseline, &mut exact);
    let bound = |set| if set == InstructionSet::Baseline { 1.5 } else { 1.25 };
    check("erf", run_unary::<Erf, f32>, &exact, bound);
}

/// The results nearest to the exact ones, from mpmath: where the polynomials change, and where the result
/// becomes 1.
#[test]
fn results_at_the_borders_are_next_to_the_exact_ones() {
    let cases = [
        ("tanh", 0.5, 0.462_117_17),
        ("tanh", 1.0, 0.761_594_2),
        ("tanh", 1.000_000_1, 0.761_594_2),
        ("tanh", 2.0, 0.964_027_6),
        ("tanh", 5.0, 0.999_909_2),
        ("tanh", 8.9, 0.999_999_94),
        ("tanh", 9.1, 1.0),
        ("erf", 0.5, 0.520_499_9),
        ("erf", 1.06, 0.866_143_6),
        ("erf", 1.060_000_1, 0.866_143_6),
        ("erf", 2.0, 0.995_322_3),
        ("erf", 3.0, 0.999_977_9),
        ("erf", 3.8, 0.999_999_94),
        ("erf", 3.95, 1.0_f32),
    ];
    for set in InstructionSet::available() {
        for (name, run) in FUNCTIONS {
            for (_, x, nearest) in cases.into_iter().filter(|case| case.0 == name) {
                let mut results = [x, -x];
                run(set, &mut results);
                let distance = results[0].to_bits().abs_diff(nearest.to_bits());
                assert!(distance <= 1 && results[0] <= 1.0, "{set:?}: {name}({x}) = {results:?}");
                assert_eq!(results[1], -results[0]);
            }
        }
    }
}

#[test]
fn results_are_one_from_where_the_exact_ones_round_to_it() {
    let step = if cfg!(debug_assertions) { 9973 } else { 97 };
    for (set, (name, run)) in InstructionSet::available().flat_map(|set| FUNCTIONS.map(|f| (set, f))) {
        let first: f32 = if name == "tanh" { 9.02 } else { 3.93 };
        let arguments = (first.to_bits()..=f32::INFINITY.to_bits()).step_by(step).map(f32::from_bits);
        let mut results: Vec<f32> = arguments.collect();
        run(set, &mut results);
        assert!(results.iter().all(|&result| result == 1.0), "{set:?}: {name}");
    }
}

#[test]
fn special_values_are_those_of_c99() {
    let (smallest, subnormal) = (f32::from_bits(1), 1e-40_f32);
    let scaled = (f64::from(subnormal) * std::f64::consts::FRAC_2_SQRT_PI) as f32;
    for set in InstructionSet::available() {
        for (name, run) in FUNCTIONS {
            let cases = [
                (0.0, 0.0),
                (smallest, smallest),
                (f32::INFINITY, 1.0),
                (f32::MAX, 1.0),
                (10.1, 1.0),
                (subnormal, if name == "tanh" { subnormal } else { scaled }),
            ];
            for (x, expected) in cases {
                let mut results = [x, -x];
                run(set, &mut results);
                let expected = [expected, -expected].map(f32::to_bits);
                assert_eq!(results.map(f32::to_bits), expected, "{set:?}: {name}({x:e})");
            }
            for bits in random_bits().take(200) {
                let mut result = [f32::from_bits(bits as u32 | f32::INFINITY.to_bits() | 1)];
                run(set, &mut result);
                assert!(result[0].is_nan(), "{set:?}: {name}");
            }
        }
    }
}

#[test]
fn the_bits_do_not_depend_on_the_position_or_the_length() {
    let arguments: Vec<f32> = (0..150)
        .map(|i| match i % 50 {
            13 => f32::NEG_INFINITY,
            37 => 1e-42,
            i => i as f32 * 0.17 - 4.0,
        })
        .collect();
    for set in InstructionSet::available() {
        for (name, run) in FUNCTIONS {
            let mut alone = arguments.clone();
            alone.chunks_mut(1).for_each(|one| run(set, one));
            for offset in [0, 1, 5] {
                for length in [0, 1, 7, 15, 16, 17, 63, 64, 65, 80, 131, 140] {
                    let range = offset..offset + length;
                    let mut values = arguments[range.clone()].to_vec();
                    run(set, &mut values);
                    let expected = alone[range].iter().map(|x| x.to_bits());
                    assert!(values.iter().map(|x| x.to_bits()).eq(expected), "{set:?}: {name}");
                }
            }
        }
    }
}
