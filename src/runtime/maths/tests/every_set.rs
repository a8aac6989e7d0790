//! Functions whose other tests run the widest instructions only: each set of instructions against the C library's `f64` functions,
//! which are within a unit in the last place.
#![allow(unsafe_code)]

use super::exact::{error_f32, error_f64};
use super::random_bits;
use crate::maths::dispatch::InstructionSet;
use crate::maths::dispatch::slices::{run_binary, run_unary};
use crate::maths::{Acos, Acosh, Asin, Asinh, Atan, Atan2, Atanh, Cosh, Erfc, Gelu, Sinh};

unsafe extern "C" {
    safe fn erfc(x: f64) -> f64;
    safe fn asinh(x: f64) -> f64;
    safe fn acosh(x: f64) -> f64;
    safe fn atanh(x: f64) -> f64;
}

/// What is promised of erfc and gelu is more, and gelu here is made of erfc.
const BOUNDS: [(&str, f64); 2] = [("erfc", 2.0), ("gelu", 4.0)];

fn bound(name: &str) -> f64 {
    BOUNDS.iter().find(|(known, _)| *known == name).map_or(1.0, |(_, bound)| *bound)
}

/// Every magnitude, and evenly where most of these functions bend.
fn arguments() -> Vec<f64> {
    let count = if cfg!(debug_assertions) { 20_000 } else { 400_000 };
    let patterns = random_bits().take(count).map(f64::from_bits).filter(|x| x.is_finite());
    let even = || random_bits().take(count).map(|bits| (bits >> 11) as f64 / (1u64 << 53) as f64);
    patterns.chain(even().map(|x| 2.0 * x - 1.0)).chain(even().map(|x| 60.0 * x - 30.0)).collect()
}

/// How far `got` is from a result that is itself a unit off at most, in units of `f64`.
fn check(set: InstructionSet, name: &str, x: &[f64], got: f64, exact: f64) {
    // Below the normal numbers the library's own errors are larger in units in the last place.
    if exact.is_nan() || got.is_nan() {
        assert!(exact.is_nan() && got.is_nan(), "{set:?}: {name}({x:?}) = {got:e}, not {exact:e}");
    } else if exact.abs() >= f64::MIN_POSITIVE {
        let error = error_f64(got, exact, 0.0);
        assert!(error <= bound(name) + 1.0, "{set:?}: {name}({x:?}) = {got:e}, not {exact:e}");
    }
}

fn check_single(set: InstructionSet, name: &str, x: &[f32], got: f32, exact: f64) {
    // Half a unit more than for `f64`, and another half without fused multiply-add.
    let more = if set == InstructionSet::Baseline { 1.0 } else { 0.5 };
    if exact.is_nan() || got.is_nan() {
        assert!(exact.is_nan() && got.is_nan(), "{set:?}: {name}({x:?}) = {got:e}, not {exact:e}");
    } else {
        let error = error_f32(got, exact);
        assert!(error <= bound(name) + more, "{set:?}: {name}({x:?}) = {got:e}, not {exact:e}, {error} ULP");
    }
}

#[test]
fn functions_of_one_operand_are_within_their_bounds() {
    let gelu = |x: f64| 0.5 * x * erfc(x * -std::f64::consts::FRAC_1_SQRT_2);
    macro_rules! functions {
        ($($name:ident: $exact:expr;)+) => { $(
            let exact: fn(f64) -> f64 = $exact;
            let name = stringify!($name).to_lowercase();
            let doubles = arguments();
            let single: Vec<f32> = doubles.iter().map(|x| *x as f32).filter(|x| x.is_finite()).collect();
            for set in InstructionSet::available() {
                let mut results = doubles.clone();
                run_unary::<$name, f64>(set, &mut results);
                for (x, got) in doubles.iter().zip(results).filter(|_| name != "gelu") {
                    check(set, &name, &[*x], got, exact(*x));
                }
                let mut results = single.clone();
                run_unary::<$name, f32>(set, &mut results);
                for (x, got) in single.iter().zip(results) {
                    check_single(set, &name, &[*x], got, exact(f64::from(*x)));
                }
            }
        )+ };
    }
    functions! {
        Asin: f64::asin;
        Acos: f64::acos;
        Atan: f64::atan;
        Sinh: f64::sinh;
        Cosh: f64::cosh;
        Asinh: |x| asinh(x);
        Acosh: |x| acosh(x);
        Atanh: |x| atanh(x);
        Erfc: |x| erfc(x);
        Gelu: gelu;
    }
}

#[test]
fn the_angle_of_a_point_is_within_its_bound() {
    let (y, mut x) = (arguments(), arguments());
    x.rotate_left(1);
    let singles = |values: &[f64]| values.iter().map(|value| *value as f32).collect::<Vec<f32>>();
    for set in InstructionSet::available() {
        let mut results = y.clone();
        run_binary::<Atan2, f64>(set, &mut results, &x);
        for ((y, x), got) in y.iter().zip(&x).zip(results) {
            check(set, "atan2", &[*y, *x], got, y.atan2(*x));
        }
        let (y, x) = (singles(&y), singles(&x));
        let mut results = y.clone();
        run_binary::<Atan2, f32>(set, &mut results, &x);
        for ((y, x), got) in y.iter().zip(&x).zip(results) {
            check_single(set, "atan2", &[*y, *x], got, f64::from(*y).atan2(f64::from(*x)));
        }
    }
}
