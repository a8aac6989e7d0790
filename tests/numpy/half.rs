//! Floats of 16 bits against NumPy (f16) and ml_dtypes (bf16), and their conversions against the exact rule.

use fusewire::half::{bf16, f16};
use fusewire::prelude::*;
use fusewire::{Element, Scalar};
use std::cmp::Ordering;

const GOLDEN: &str = include_str!("../golden/half.txt");

/// A type of 16 bits, and how wide its exponent is.
trait Half: Element + Default {
    const EXPONENT_BITS: i32;
    fn of(bits: u16) -> Self;
    fn bits(self) -> u16;

    /// What the fields of a pattern mean; beyond the largest number comes the next power of two.
    fn value(bits: u16) -> f64 {
        let digits = 15 - Self::EXPONENT_BITS;
        let bias = (1 << (Self::EXPONENT_BITS - 1)) - 1;
        let exponent = i32::from(bits & 0x7fff) >> digits;
        let fraction = f64::from(i32::from(bits & 0x7fff) - (exponent << digits));
        let significand = if exponent == 0 { fraction } else { fraction + f64::from(1 << digits) };
        let size = significand * 2f64.powi(exponent.max(1) - bias - digits);
        if bits >> 15 == 1 { -size } else { size }
    }

    /// The pattern of infinity.
    const INFINITY: u16 = 0x7fff & (0x7fff << (15 - Self::EXPONENT_BITS));

    fn is_nan(bits: u16) -> bool {
        bits & 0x7fff > Self::INFINITY
    }
}

impl Half for f16 {
    const EXPONENT_BITS: i32 = 5;
    fn of(bits: u16) -> Self {
        Self::from_bits(bits)
    }
    fn bits(self) -> u16 {
        self.to_bits()
    }
}

impl Half for bf16 {
    const EXPONENT_BITS: i32 = 8;
    fn of(bits: u16) -> Self {
        Self::from_bits(bits)
    }
    fn bits(self) -> u16 {
        self.to_bits()
    }
}

/// Runs a compiled kernel over operands of one dtype.
fn run<T: Element, R: Element + Default>(
    operands: &[&[T]],
    result: impl for<'g> Fn(&[Expr<'g>]) -> Expr<'g>,
) -> Vec<R> {
    let g = Graph::new();
    let count = operands[0].len();
    let names = &["x", "y"][..operands.len()];
    let inputs: Vec<Expr<'_>> = names.iter().map(|name| g.input(name, T::DTYPE, [count])).collect();
    let program = g.plan([result(&inputs)], &Limits::default()).unwrap().compile().unwrap();
    let mut out = vec![R::default(); count];
    let views: Vec<(&str, View<'_>)> =
        names.iter().zip(operands).map(|(name, operand)| (*name, View::new(operand, [count]))).collect();
    program.run(views, [("out", &mut out)]).unwrap();
    out
}

fn cast<T: Element, R: Element + Default>(values: &[T]) -> Vec<R> {
    run(&[values], |x| x[0].astype(R::DTYPE))
}

/// Every conversion from a type of 16 bits is exact.
fn widen<H: Half>() {
    let every: Vec<H> = (0..=u16::MAX).map(H::of).collect();
    let (single, double) = (cast::<_, f32>(&every), cast::<_, f64>(&every));
    for (bits, (single, double)) in (0..=u16::MAX).zip(single.into_iter().zip(double)) {
        let value = match bits & 0x7fff {
            size if size == H::INFINITY => {
                if bits >> 15 == 1 {
                    f64::NEG_INFINITY
                } else {
                    f64::INFINITY
                }
            }
            _ => H::value(bits),
        };
        if H::is_nan(bits) {
            assert!(single.is_nan() && double.is_nan(), "{bits:04x}");
        } else {
            assert_eq!(double.to_bits(), value.to_bits(), "{bits:04x}");
            assert_eq!(single.to_bits(), (value as f32).to_bits(), "{bits:04x}");
        }
    }
}

#[test]
fn every_pattern_widens_exactly() {
    widen::<f16>();
    widen::<bf16>();
}

/// Holds conversions of numbers around every midpoint, which `around` gives with the values to be rounded,
/// to nearest, ties to even.
fn narrow<H: Half, T: Element + std::fmt::Debug>(around: impl Fn(f64) -> Option<[(T, f64); 3]>) {
    let (mut given, mut expected) = (Vec::new(), Vec::new());
    for (bits, sign) in (0..H::INFINITY).flat_map(|bits| [(bits, 1.0), (bits, -1.0)]) {
        let middle = (H::value(bits) + H::value(bits + 1)) / 2.0;
        for (number, value) in around(middle * sign).into_iter().flatten() {
            let size = match value.abs().total_cmp(&middle) {
                Ordering::Less => bits,
                Ordering::Equal => bits + bits % 2,
                Ordering::Greater => bits + 1,
            };
            given.push(number);
            expected.push(if sign < 0.0 { size | 0x8000 } else { size });
        }
    }
    assert!(given.len() > 300, "{}", given.len());
    for ((found, expected), given) in cast::<T, H>(&given).into_iter().zip(expected).zip(given) {
        assert_eq!(found.bits(), expected, "{given:?} to {}: {:04x}, {expected:04x}", H::DTYPE, found.bits());
    }
}

/// An integer and its neighbours, where a dtype holds them. They go by way of `f32`, as in ml_dtypes.
fn integers<T: TryFrom<i128>>(middle: f64) -> Option<[(T, f64); 3]> {
    let at = middle as i128;
    (at as f64 == middle).then_some(())?;
    let number = |number: i128| Some((T::try_from(number).ok()?, f64::from(number as f32)));
    Some([number(at - 1)?, number(at)?, number(at + 1)?])
}

fn narrow_all<H: Half>() {
    narrow::<H, f64>(|x| Some([x.next_down(), x, x.next_up()].map(|x| (x, x))));
    narrow::<H, f32>(|x| {
        let single = x as f32;
        let numbers = [single.next_down(), single, single.next_up()].map(|x| (x, f64::from(x)));
        (f64::from(single) == x).then_some(numbers)
    });
    narrow::<H, i32>(integers);
    narrow::<H, u32>(integers);
    narrow::<H, i64>(integers);
    narrow::<H, u64>(integers);
}

/// By way of `f32`, a `f64` just beside a midpoint would be rounded twice.
#[test]
fn floats_are_rounded_once() {
    narrow_all::<f16>();
    narrow_all::<bf16>();
}

/// What a token of the file stands for: bits, any NaN as 0x7fff.
fn parsed(token: &str, dtype: DType) -> Scalar {
    let nan = Scalar::F64(f64::NAN).cast(dtype);
    if token == "nan" { nan } else { Scalar::from_bits(u64::from_str_radix(token, 16).unwrap(), dtype) }
}

macro_rules! dispatch {
    ($($(#[doc = $doc:literal])+ $dtype:ident: $host:ty, $category:ident, $exact:literal;)+) => {
        /// The scalars as an array of their dtype, through a compiled function, as scalars.
        fn computed(scalars: &[Scalar], to: DType, result: impl for<'g> Fn(&[Expr<'g>]) -> Expr<'g>) -> Vec<Scalar> {
            fn through<T: Element>(
                values: &[T],
                to: DType,
                result: impl for<'g> Fn(&[Expr<'g>]) -> Expr<'g>,
            ) -> Vec<Scalar> {
                match to { $( DType::$dtype => {
                    run::<T, $host>(&[values], result).into_iter().map(Scalar::from).collect()
                } )+ }
            }
            match scalars[0].dtype() { $( DType::$dtype => {
                let values: Vec<$host> = scalars
                    .iter()
                    .map(|scalar| match scalar { Scalar::$dtype(value) => *value, _ => panic!("{scalar:?}") })
                    .collect();
                through(&values, to, result)
            } )+ }
        }
    };
}
fusewire::ir::dtypes!(dispatch);

#[test]
fn conversions_and_exp_are_those_of_numpy_and_ml_dtypes() {
    let mut cases = 0;
    for line in GOLDEN.lines().filter(|line| line.starts_with("cast ") || line.starts_with("exp ")) {
        let mut tokens = line.split(' ');
        let name = tokens.next().unwrap();
        let mut dtype = || {
            let name = tokens.next().unwrap();
            DType::ALL.into_iter().find(|dtype| dtype.name() == name).unwrap()
        };
        let (from, to) = (dtype(), dtype());
        let (given, expected): (Vec<Scalar>, Vec<Scalar>) = tokens
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(x, y)| (parsed(x, from), parsed(y, to)))
            .unzip();
        assert!(given.len() >= 8, "{name} {from} {to}");
        let found = computed(&given, to, |x| if name == "cast" { x[0].astype(to) } else { x[0].exp() });
        let mut others = 0;
        for ((given, expected), found) in given.iter().zip(&expected).zip(found) {
            cases += 1;
            if *expected == found || (expected.as_f64().is_nan() && found.as_f64().is_nan()) {
                continue;
            }
            // An error in f32 may turn a rounding that is nearly a tie.
            let is_neighbour = expected.bits().abs_diff(found.bits()) == 1;
            assert!(name == "exp" && is_neighbour, "{name} of {given:?}: {expected:?}, ours {found:?}");
            others += 1;
        }
        assert!(others <= 2, "{others} of {} results of {name} are neighbours", given.len());
    }
    assert!(cases > 5000, "{cases}");
}

fn hashed<H: Half>(results: &[H]) -> String {
    let hash = results.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, result| {
        let bits = if H::is_nan(result.bits()) { 0x7fff } else { result.bits() };
        (hash ^ u64::from(bits)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

fn hold_every<H: Half>() {
    let every: Vec<H> = (0..=u16::MAX).map(H::of).collect();
    let other: Vec<H> =
        (0..=u16::MAX).map(|bits| H::of(bits.wrapping_mul(40503).wrapping_add(12345))).collect();
    let pair = [&every[..], &other];
    let results: [(&str, Vec<H>); 4] = [
        ("add", run(&pair, |x| x[0] + x[1])),
        ("multiply", run(&pair, |x| x[0] * x[1])),
        ("divide", run(&pair, |x| x[0] / x[1])),
        ("sqrt", run(&pair[..1], |x| x[0].sqrt())),
    ];
    for (name, result) in results {
        let line = format!("every {name} {} {}", H::DTYPE, hashed(&result));
        assert!(GOLDEN.lines().any(|golden| golden == line), "differs from the golden file: {line}");
    }
}

/// Computed in `f32` and rounded once.
#[test]
fn arithmetic_on_every_pattern_is_that_of_numpy_and_ml_dtypes() {
    hold_every::<f16>();
    hold_every::<bf16>();
}
