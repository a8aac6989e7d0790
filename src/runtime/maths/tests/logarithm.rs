use super::{last_place_f64, random_bits};
use crate::maths::dispatch::InstructionSet;
use crate::maths::dispatch::slices::run_unary;
use crate::maths::{Log, Log1p, Log2, Log10};

/// A function in both types.
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) run_f32: fn(InstructionSet, &mut [f32]),
    pub(super) run_f64: fn(InstructionSet, &mut [f64]),
    /// Exact enough to judge results in f32.
    pub(super) std: fn(f64) -> f64,
    /// What it promises, in units in the last place.
    pub(super) bound: f64,
}

const LOG: Function = Function {
    name: "log",
    run_f32: run_unary::<Log, f32>,
    run_f64: run_unary::<Log, f64>,
    std: f64::ln,
    bound: 1.0,
};
const LOG2: Function = Function {
    name: "log2",
    run_f32: run_unary::<Log2, f32>,
    run_f64: run_unary::<Log2, f64>,
    std: f64::log2,
    bound: 0.8,
};
const LOG10: Function = Function {
    name: "log10",
    run_f32: run_unary::<Log10, f32>,
    run_f64: run_unary::<Log10, f64>,
    std: f64::log10,
    bound: 0.8,
};
const LOG1P: Function = Function {
    name: "log1p",
    run_f32: run_unary::<Log1p, f32>,
    run_f64: run_unary::<Log1p, f64>,
    std: f64::ln_1p,
    bound: 0.8,
};

fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

impl Function {
    fn one_f32(&self, set: InstructionSet, x: f32) -> f32 {
        let mut values = [x];
        (self.run_f32)(set, &mut values);
        values[0]
    }

    pub(super) fn one_f64(&self, set: InstructionSet, x: f64) -> f64 {
        let mut values = [x];
        (self.run_f64)(set, &mut values);
        values[0]
    }

    /// The cases must have the same result in both types.
    pub(super) fn check_exact(&self, cases: &[(f64, f64)]) {
        for set in InstructionSet::available() {
            for &(x, expected) in cases {
                let got = self.one_f64(set, x);
                assert!(same(got, expected), "{set:?}: {}({x:e}) = {got:e}", self.name);
                let got = self.one_f32(set, x as f32);
                assert!(same(got.into(), expected), "{set:?}: {}({x:e}) = {got:e} in f32", self.name);
            }
            for bits in random_bits().take(200) {
                let nan = f64::from_bits(bits | f64::INFINITY.to_bits() | 1);
                assert!(self.one_f64(set, nan).is_nan());
                let nan = f32::from_bits(bits as u32 | f32::INFINITY.to_bits() | 1);
                assert!(self.one_f32(set, nan).is_nan());
            }
        }
    }

    /// Against std's f64 function, on the bit patterns that are multiples of `step`.
    pub(super) fn check_f32(&self, step: usize) {
        let sets: Vec<InstructionSet> = InstructionSet::available().collect();
        let arguments: Vec<f32> = (0..=u32::MAX).step_by(step).map(f32::from_bits).collect();
        let results: Vec<Vec<f32>> = sets
            .iter()
            .map(|&set| {
                let mut results = arguments.clone();
                (self.run_f32)(set, &mut results);
                results
            })
            .collect();
        for (i, &x) in arguments.iter().enumerate() {
            let exact = (self.std)(f64::from(x));
            let last_place = (last_place_f64(exact) * 2.0_f64.powi(29)).max(2.0_f64.powi(-149));
            for (set, results) in sets.iter().zip(&results) {
                let got = f64::from(results[i]);
                let right = if exact.is_finite() && exact != 0.0 {
                    (got - exact).abs() <= self.bound * last_place
                } else {
                    same(got, exact)
                };
                assert!(right, "{set:?}: {}({x:e}) = {got:e}, not {exact:e}, in f32", self.name);
            }
        }
    }

    /// Against the golden file.
    pub(super) fn check_f64(&self) {
        let cases: Vec<[&str; 3]> = include_str!("../../../../tests/golden/logarithm.txt")
            .lines()
            .filter_map(|line| line.strip_prefix(self.name)?.strip_prefix(' '))
            .map(|line| {
                let mut fields = line.split(' ');
                [(); 3].map(|()| fields.next().unwrap())
            })
            .collect();
        assert!(cases.len() > 1_000);
        let float = |digits| f64::from_bits(u64::from_str_radix(digits, 16).unwrap());
        let arguments: Vec<f64> = cases.iter().map(|[argument, ..]| float(argument)).collect();
        for set in InstructionSet::available() {
            let mut results = arguments.clone();
            (self.run_f64)(set, &mut results);
            for ((&x, &got), [_, rounded, excess]) in arguments.iter().zip(&results).zip(&cases) {
                let rounded: f64 = float(rounded);
                let excess = excess.parse::<f64>().unwrap() * 1e-6;
                // Subnormal numbers share one last place.
                let last_place = last_place_f64(rounded).max(f64::from_bits(1));
                let error = ((got - rounded) / last_place - excess).abs();
                assert!(error <= self.bound, "{set:?}: {}({x:e}) = {got:e}, {error} ULP", self.name);
                assert!(
                    rounded.to_bits() != 0 || got.to_bits() == 0,
                    "{set:?}: {}({x:e}) = {got:e}",
                    self.name
                );
            }
        }
    }

    /// `arguments` must mix those that take the long way and those that do not.
    pub(super) fn check_positions(&self, arguments: &[f64]) {
        for set in InstructionSet::available() {
            let alone: Vec<u64> = arguments.iter().map(|&x| self.one_f64(set, x).to_bits()).collect();
            let alone_f32: Vec<u32> =
                arguments.iter().map(|&x| self.one_f32(set, x as f32).to_bits()).collect();
            for offset in [0, 1, 5] {
                for length in [0, 1, 7, 15, 16, 17, 63, 64, 65, 80, 131, 140] {
                    let range = offset..offset + length;
                    let mut values = arguments.to_vec();
                    (self.run_f64)(set, &mut values[range.clone()]);
                    let bits: Vec<u64> = values[range.clone()].iter().map(|x| x.to_bits()).collect();
                    assert_eq!(bits, alone[range.clone()], "{set:?}: {}", self.name);
                    let mut values: Vec<f32> = arguments.iter().map(|&x| x as f32).collect();
                    (self.run_f32)(set, &mut values[range.clone()]);
                    let bits: Vec<u32> = values[range.clone()].iter().map(|x| x.to_bits()).collect();
                    assert_eq!(bits, alone_f32[range], "{set:?}: {} in f32", self.name);
                }
            }
        }
    }
}

/// Numbers below two, positive or of either sign, and now and then one of `rare`.
pub(super) fn mixed_arguments(negative: bool, rare: &[f64]) -> Vec<f64> {
    random_bits()
        .take(150)
        .enumerate()
        .map(|(i, bits)| match i % 50 {
            13 | 37 => rare[i / 25 % rare.len()],
            _ => (bits >> 12) as f64 / 2.0_f64.powi(51) * if negative && bits & 1 == 1 { -1.0 } else { 1.0 },
        })
        .collect()
}

#[test]
fn logarithms_of_special_values_are_those_of_c99() {
    for function in [LOG, LOG2, LOG10] {
        function.check_exact(&[
            (0.0, -f64::INFINITY),
            (-0.0, -f64::INFINITY),
            (1.0, 0.0),
            (f64::INFINITY, f64::INFINITY),
            (f64::NEG_INFINITY, f64::NAN),
            (-1.0, f64::NAN),
            (f64::from(-f32::from_bits(1)), f64::NAN),
            (f64::from(f32::MIN), f64::NAN),
        ]);
        // Subnormal numbers in f64 alone.
        for set in InstructionSet::available() {
            let smallest = f64::from_bits(1);
            assert_eq!(function.one_f64(set, smallest), (function.std)(smallest));
            assert!(function.one_f64(set, -smallest).is_nan());
        }
    }
    LOG1P.check_exact(&[
        (0.0, 0.0),
        (-0.0, -0.0),
        (f64::from(f32::from_bits(1)), f64::from(f32::from_bits(1))),
        (f64::from(-f32::from_bits(1)), f64::from(-f32::from_bits(1))),
        (-1.0, -f64::INFINITY),
        (-1.5, f64::NAN),
        (f64::INFINITY, f64::INFINITY),
        (f64::NEG_INFINITY, f64::NAN),
    ]);
}

#[test]
fn logarithms_of_powers_of_their_base_are_exact() {
    let powers: Vec<(f64, f64)> = (-149..128).map(|n| (2.0_f64.powi(n), f64::from(n))).collect();
    LOG2.check_exact(&powers);
    // Those that f32 holds exactly.
    let powers: Vec<(f64, f64)> = (0..11).map(|n| (10.0_f64.powi(n), f64::from(n))).collect();
    LOG10.check_exact(&powers);
    for set in InstructionSet::available() {
        for n in -1074..1024 {
            // In two steps, as `powi` inverts the positive power, which overflows.
            let power = 2.0_f64.powi(n / 2) * 2.0_f64.powi(n - n / 2);
            assert_eq!(LOG2.one_f64(set, power), f64::from(n));
        }
        for (n, power) in (0..23).zip(std::iter::successors(Some(1.0), |power| Some(power * 10.0))) {
            assert_eq!(LOG10.one_f64(set, power), f64::from(n));
        }
    }
}

#[test]
fn logarithms_of_nan_are_nan_whatever_its_bits() {
    for function in [LOG, LOG2, LOG10, LOG1P] {
        for set in InstructionSet::available() {
            for bits in random_bits().take(500).chain([1, 1 << 63 | 1, u64::MAX, 1 << 51, 3 << 62]) {
                // Among ordinary numbers, which alone would take the short way.
                let mut values = [2.0; 70];
                values[bits as usize % 70] = f64::from_bits(bits | f64::INFINITY.to_bits() | 1);
                (function.run_f64)(set, &mut values);
                assert!(values[bits as usize % 70].is_nan(), "{set:?}: {} of {bits:x}", function.name);
                let mut values = [2.0; 70];
                values[bits as usize % 70] =
                    f32::from_bits((bits >> 32) as u32 | f32::INFINITY.to_bits() | 1);
                (function.run_f32)(set, &mut values);
                assert!(values[bits as usize % 70].is_nan(), "{set:?}: {} of {bits:x} in f32", function.name);
            }
        }
    }
}

#[test]
fn logarithms_in_f32_are_within_the_bound() {
    for function in [LOG, LOG2, LOG10, LOG1P] {
        function.check_f32(30_011);
    }
}

#[test]
fn logarithms_in_f64_are_within_the_bound() {
    for function in [LOG, LOG2, LOG10, LOG1P] {
        function.check_f64();
    }
}

#[test]
fn logarithms_give_the_same_bits_at_every_position() {
    let rare = [0.0, f64::INFINITY, -2.0, f64::from_bits(1), 1e-40, 1e300];
    for function in [LOG, LOG2, LOG10] {
        function.check_positions(&mixed_arguments(false, &rare));
    }
    LOG1P.check_positions(&mixed_arguments(true, &rare));
}
