//! Powers of two, and the exponential less one.

use super::super::dispatch::InstructionSet;
use super::super::dispatch::slices::{run_unary, unary};
use super::super::{Exp2, Expm1};
use super::{last_place_f64, random_bits};

/// What the functions promise, in units in the last place.
const BOUND: f64 = 1.0;

struct Function {
    name: &'static str,
    f32: fn(InstructionSet, &mut [f32]),
    f64: fn(InstructionSet, &mut [f64]),
    /// The public entry points.
    widest_f32: fn(&mut [f32]),
    widest_f64: fn(&mut [f64]),
    std: fn(f64) -> f64,
}

macro_rules! functions {
    ($($name:ident: $function:ident = $std:ident;)*) => {
        &[$(Function {
            name: stringify!($name),
            f32: run_unary::<$function, f32>,
            f64: run_unary::<$function, f64>,
            widest_f32: unary::<$function, f32>,
            widest_f64: unary::<$function, f64>,
            std: f64::$std,
        },)*]
    };
}

const FUNCTIONS: &[Function] = functions! {
    exp2: Exp2 = exp2;
    expm1: Expm1 = exp_m1;
};

impl Function {
    fn one_f32(&self, set: InstructionSet, x: f32) -> f32 {
        let mut values = [x];
        (self.f32)(set, &mut values);
        values[0]
    }

    fn one_f64(&self, set: InstructionSet, x: f64) -> f64 {
        let mut values = [x];
        (self.f64)(set, &mut values);
        values[0]
    }
}

fn function(name: &str) -> &'static Function {
    FUNCTIONS.iter().find(|function| function.name == name).unwrap()
}

/// x, the nearest number to f(x), and by how many of its last places f(x) is more.
fn golden(name: &str) -> Vec<(f64, f64, f64)> {
    let bits = |word: &str| f64::from_bits(u64::from_str_radix(word, 16).unwrap());
    include_str!("../../../../tests/golden/exponential.txt")
        .lines()
        .skip_while(|line| *line != name)
        .skip(1)
        .map(|line| line.split(' ').collect::<Vec<_>>())
        .take_while(|words| words.len() == 3)
        .map(|words| (bits(words[0]), bits(words[1]), words[2].parse::<f64>().unwrap() / 100.0))
        .collect()
}

#[test]
fn f64_is_within_the_bound() {
    for function in FUNCTIONS {
        let name = function.name;
        let cases = golden(name);
        assert!(cases.len() > 1000, "{name}: {} cases", cases.len());
        let arguments: Vec<f64> = cases.iter().map(|&(x, ..)| x).collect();
        for set in InstructionSet::available() {
            let mut results = arguments.clone();
            (function.f64)(set, &mut results);
            for (&(x, nearest, difference), &got) in cases.iter().zip(&results) {
                assert_eq!(got.is_sign_negative(), nearest.is_sign_negative(), "{set:?}: {name}({x:e})");
                if got == nearest {
                    continue;
                }
                let last_place = last_place_f64(nearest).max(f64::from_bits(1));
                let error = ((got - nearest) / last_place - difference).abs();
                assert!(error <= BOUND, "{set:?}: {name}({x:e}) = {got:e}, {error} ULP");
            }
        }
    }
}

#[test]
fn f32_is_within_the_bound() {
    // Without optimisation every 1009th pattern would take a minute.
    let step = if cfg!(debug_assertions) { 100_003 } else { 1009 };
    let arguments: Vec<f32> = (0..=u32::MAX).step_by(step).map(f32::from_bits).collect();
    for function in FUNCTIONS {
        let exact: Vec<f64> = arguments.iter().map(|&x| (function.std)(x.into())).collect();
        for set in InstructionSet::available() {
            let mut results = arguments.clone();
            (function.f32)(set, &mut results);
            for ((&x, &exact), &got) in arguments.iter().zip(&exact).zip(&results) {
                let nearest = exact as f32;
                if got == nearest && got.is_sign_negative() == nearest.is_sign_negative() {
                    continue;
                }
                if exact.is_nan() {
                    assert!(got.is_nan(), "{set:?}: {}({x:e}) = {got:e} in f32", function.name);
                    continue;
                }
                let last_place = (last_place_f64(exact) * 2.0_f64.powi(29)).max(2.0_f64.powi(-149));
                let error = (f64::from(got) - exact).abs() / last_place;
                assert!(
                    error <= BOUND && got.is_sign_negative() == exact.is_sign_negative(),
                    "{set:?}: {}({x:e}) = {got:e} in f32, {error} ULP",
                    function.name
                );
            }
        }
    }
}

#[test]
fn powers_of_two_are_exact() {
    for set in InstructionSet::available() {
        let mut results: Vec<f64> = (-1074..1024).map(f64::from).collect();
        run_unary::<Exp2, f64>(set, &mut results);
        for (n, got) in (-1074..1024).zip(results) {
            let expected = if n < -1022 {
                f64::from_bits(1 << (n + 1074))
            } else {
                f64::from_bits(((n + 1023) as u64) << 52)
            };
            assert_eq!(got, expected, "{set:?}: 2^{n}");
            let got = function("exp2").one_f32(set, n as f32);
            assert_eq!(got, expected as f32, "{set:?}: 2^{n} in f32");
        }
    }
}

const INFINITY: f64 = f64::INFINITY;
const SMALLEST: f64 = f64::from_bits(1);

/// Where the result has to be exact in either type.
const SPECIAL: &[(&str, f64, f64)] = &[
    ("exp2", 0.0, 1.0),
    ("exp2", -0.0, 1.0),
    ("exp2", INFINITY, INFINITY),
    ("exp2", -INFINITY, 0.0),
    ("exp2", 1024.0, INFINITY),
    ("exp2", -1075.0, 0.0),
    ("expm1", 0.0, 0.0),
    ("expm1", -0.0, -0.0),
    ("expm1", INFINITY, INFINITY),
    ("expm1", -INFINITY, -1.0),
    ("expm1", 710.0, INFINITY),
    ("expm1", -40.0, -1.0),
    ("expm1", -750.0, -1.0),
];

/// As above, in `f64` only.
const SPECIAL_F64: &[(&str, f64, f64)] = &[
    ("exp2", SMALLEST, 1.0),
    ("exp2", -1_074.999_999_999_999_8, SMALLEST),
    ("expm1", SMALLEST, SMALLEST),
    ("expm1", -SMALLEST, -SMALLEST),
    ("expm1", 709.782_712_893_384_1, INFINITY),
];

#[test]
fn special_values_are_those_of_c99() {
    for set in InstructionSet::available() {
        for &(name, x, expected) in SPECIAL.iter().chain(SPECIAL_F64) {
            let got = function(name).one_f64(set, x);
            assert!(got.to_bits() == expected.to_bits(), "{set:?}: {name}({x:e}) = {got:e}");
        }
        for &(name, x, expected) in SPECIAL {
            let (x, expected) = (x as f32, expected as f32);
            let got = function(name).one_f32(set, x);
            assert!(got.to_bits() == expected.to_bits(), "{set:?}: {name}({x:e}) = {got:e} in f32");
        }
        for function in FUNCTIONS {
            for bits in random_bits().take(200) {
                let x = f64::from_bits(bits | INFINITY.to_bits() | 1);
                assert!(function.one_f64(set, x).is_nan(), "{set:?}: {}", function.name);
                let x = f32::from_bits(bits as u32 | f32::INFINITY.to_bits() | 1);
                assert!(function.one_f32(set, x).is_nan(), "{set:?}: {} in f32", function.name);
            }
        }
    }
}

#[test]
fn an_element_gets_the_same_bits_at_every_position() {
    // Some need the long way (specials and extreme exponents), most do not.
    let arguments: Vec<f64> = random_bits()
        .take(140)
        .enumerate()
        .map(|(i, bits)| match i {
            71 => f64::NEG_INFINITY,
            73 => 710.1,
            75 => -1040.5,
            77 => 1e-310,
            _ => (bits >> 40) as f64 / 2.0_f64.powi(19) - 16.0,
        })
        .collect();
    let arguments_f32: Vec<f32> = arguments.iter().map(|&x| x as f32).collect();
    let same_f64 = |a: &[f64], b: &[f64]| a.iter().map(|x| x.to_bits()).eq(b.iter().map(|x| x.to_bits()));
    let same_f32 = |a: &[f32], b: &[f32]| a.iter().map(|x| x.to_bits()).eq(b.iter().map(|x| x.to_bits()));
    for function in FUNCTIONS {
        for set in InstructionSet::available() {
            let alone: Vec<f64> = arguments.iter().map(|&x| function.one_f64(set, x)).collect();
            let alone_f32: Vec<f32> = arguments_f32.iter().map(|&x| function.one_f32(set, x)).collect();
            for offset in [0, 1, 7] {
                for length in [2, 15, 16, 17, 63, 64, 65, 80, 131] {
                    let range = offset..offset + length;
                    let mut values = arguments.clone();
                    (function.f64)(set, &mut values[range.clone()]);
                    assert!(same_f64(&values[range.clone()], &alone[range.clone()]), "{}", function.name);
                    let mut values = arguments_f32.clone();
                    (function.f32)(set, &mut values[range.clone()]);
                    assert!(same_f32(&values[range.clone()], &alone_f32[range]), "{}", function.name);
                }
            }
        }
        // The public entry points use the widest set.
        let widest = InstructionSet::available().last().unwrap();
        let (mut values, mut values_f32) = (arguments.clone(), arguments_f32.clone());
        (function.widest_f64)(&mut values);
        (function.widest_f32)(&mut values_f32);
        assert!(values.iter().zip(&arguments).all(|(&y, &x)| y == function.one_f64(widest, x)));
        assert!(values_f32.iter().zip(&arguments_f32).all(|(&y, &x)| y == function.one_f32(widest, x)));
    }
}
