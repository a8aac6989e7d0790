//! Measures the largest error of every function of the op table, in units in the last place (ULP), and
//! writes it to `docs/accuracy.txt`, from which `docs/ops.md` has it.
//!
//!     cd docs/accuracy && cargo run --release -- [millions of samples] [function ...]
//!
//! Functions run as they do in programs. Every `f32` is tried for functions of one operand (with `STEP=61`
//! in the environment one in 61), and samples for two; `f64` is
//! sampled from all bit patterns, on a logarithmic scale, near integers and near multiples of a quarter turn.
//! `f32` is measured against functions of `f64` that are correct to a few units there, which is 2^-27 of a
//! unit here. Results of `f64` that are not those of a function correct to a unit or so are measured in
//! 256-bit arithmetic (astro-float).

use astro_float::{BigFloat, Consts, RoundingMode};
use fusewire::prelude::*;

use std::fmt::Write as _;
use std::time::Instant;

/// A function, how many operands it has, one that is correct to a unit or so, and one of 256 bits.
struct Function {
    name: &'static str,
    operands: usize,
    apply: for<'g> fn(Expr<'g>, Expr<'g>) -> Expr<'g>,
    near: fn(f64, f64) -> f64,
    exact: fn(&mut Wide, f64, f64) -> BigFloat,
    /// Where nothing is promised, given the first operand and about the result.
    except: fn(f64, f64) -> bool,
}

macro_rules! functions {
    ($($name:ident $operands:tt $near:expr, $exact:expr $(, except $except:expr)?;)+) => {
        &[$(Function {
            name: stringify!($name),
            operands: $operands,
            apply: functions!(@apply $name $operands),
            near: $near,
            exact: $exact,
            except: functions!(@except $($except)?),
        }),+]
    };
    (@except) => { |_, _| false };
    (@except $except:expr) => { $except };
    (@apply $name:ident 1) => { |x, _| x.$name() };
    (@apply $name:ident 2) => { |x, y| x.$name(y) };
}

/// Arithmetic of many digits.
struct Wide {
    constants: Consts,
}

const BITS: usize = 256;
const NEAREST: RoundingMode = RoundingMode::ToEven;

impl Wide {
    fn new() -> Self {
        Self { constants: Consts::new().expect("memory for constants") }
    }

    fn of(x: f64) -> BigFloat {
        wide(x, BITS)
    }

    fn exp(&mut self, x: &BigFloat) -> BigFloat {
        x.exp(BITS, NEAREST, &mut self.constants)
    }

    fn ln(&mut self, x: &BigFloat) -> BigFloat {
        x.ln(BITS, NEAREST, &mut self.constants)
    }

    fn pi(&mut self) -> BigFloat {
        self.constants.pi(BITS, NEAREST)
    }

    fn atan2(&mut self, y: f64, x: f64) -> BigFloat {
        let ratio = Self::of(y).abs().div(&Self::of(x).abs(), BITS, NEAREST);
        let angle = ratio.atan(BITS, NEAREST, &mut self.constants);
        let angle = if x < 0.0 { self.pi().sub(&angle, BITS, NEAREST) } else { angle };
        if y < 0.0 { angle.neg() } else { angle }
    }

    /// By its series, with the digits that its largest term takes; beyond 7 only for `erfc`.
    fn erf(&mut self, x: f64) -> BigFloat {
        self.erf_of(&Self::of(x), x)
    }

    /// The same of a number of many digits, which is near `x`.
    fn erf_of(&mut self, wide: &BigFloat, x: f64) -> BigFloat {
        if x.abs() > 6.5 {
            let near_one = one().sub(&self.erfc_of(&wide.abs(), x.abs()), BITS, NEAREST);
            return if x < 0.0 { near_one.neg() } else { near_one };
        }
        const MORE: usize = 512;
        let x = wide.clone();
        let square = x.mul(&x, MORE, NEAREST);
        let (mut term, mut sum, mut k) = (x.clone(), x, 0u64);
        // x - x^3/3 + x^5/10 - ...: terms x^(2k+1) / k! / (2k+1) with alternating signs.
        loop {
            k += 1;
            term = term.mul(&square, MORE, NEAREST).div(&BigFloat::from_u64(k, MORE), MORE, NEAREST).neg();
            let part = term.div(&BigFloat::from_u64(2 * k + 1, MORE), MORE, NEAREST);
            sum = sum.add(&part, MORE, NEAREST);
            let (Some(a), Some(b)) = (part.exponent(), sum.exponent()) else { break };
            if k > 3 && i64::from(a) < i64::from(b) - 400 {
                break;
            }
        }
        let root = self.constants.pi(MORE, NEAREST).sqrt(MORE, NEAREST);
        sum.mul(&BigFloat::from_u64(2, MORE), MORE, NEAREST).div(&root, MORE, NEAREST)
    }

    /// 1 - erf where that leaves digits enough, else a continued fraction (Abramowitz and Stegun 7.1.14).
    fn erfc(&mut self, x: f64) -> BigFloat {
        self.erfc_of(&Self::of(x), x)
    }

    /// The same of a number of many digits, which is near `x`.
    fn erfc_of(&mut self, wide: &BigFloat, x: f64) -> BigFloat {
        if x < 6.5 {
            let erf = self.erf_of(wide, x);
            return BigFloat::from_u64(1, 512).sub(&erf, 512, NEAREST);
        }
        let mut tail = wide.clone();
        for k in (1..400u64).rev() {
            let half = BigFloat::from_u64(k, BITS).div(&BigFloat::from_u64(2, BITS), BITS, NEAREST);
            tail = wide.add(&half.div(&tail, BITS, NEAREST), BITS, NEAREST);
        }
        let square = wide.mul(wide, BITS, NEAREST).neg();
        let root = self.pi().sqrt(BITS, NEAREST);
        self.exp(&square).div(&tail, BITS, NEAREST).div(&root, BITS, NEAREST)
    }

    /// The logarithm of the gamma function's magnitude: Stirling's series beyond 64, which the recurrence
    /// leads up to (Abramowitz and Stegun 6.1.40 and 6.1.15), and its reflection below 1/2 (6.1.17).
    fn lgamma(&mut self, x: f64) -> BigFloat {
        let wide = Self::of(x);
        if x >= 0.5 {
            return self.stirling(&wide);
        }
        // The sine's argument is reduced exactly.
        let pi = self.pi();
        let turn = Self::of(x - x.round()).mul(&pi, BITS, NEAREST);
        let sine = turn.sin(BITS, NEAREST, &mut self.constants).abs();
        let log = self.ln(&pi.div(&sine, BITS, NEAREST));
        log.sub(&self.stirling(&one().sub(&wide, BITS, NEAREST)), BITS, NEAREST)
    }

    fn stirling(&mut self, x: &BigFloat) -> BigFloat {
        let (mut z, mut product) = (x.clone(), one());
        let far = Self::of(64.0);
        while z.cmp(&far).is_some_and(|order| order < 0) {
            product = product.mul(&z, BITS, NEAREST);
            z = z.add(&one(), BITS, NEAREST);
        }
        let half = Self::of(0.5);
        let log = self.ln(&z);
        let turn = self.pi().mul(&Self::of(2.0), BITS, NEAREST);
        let constant = self.ln(&turn).mul(&half, BITS, NEAREST);
        let mut sum = z.sub(&half, BITS, NEAREST).mul(&log, BITS, NEAREST);
        sum = sum.sub(&z, BITS, NEAREST).add(&constant, BITS, NEAREST);
        let square = z.mul(&z, BITS, NEAREST);
        let mut power = z;
        for (numerator, denominator) in STIRLING {
            let numerator =
                BigFloat::parse(numerator, astro_float::Radix::Dec, BITS, NEAREST, &mut self.constants);
            let divisor = BigFloat::from_u64(denominator, BITS).mul(&power, BITS, NEAREST);
            sum = sum.add(&numerator.div(&divisor, BITS, NEAREST), BITS, NEAREST);
            power = power.mul(&square, BITS, NEAREST);
        }
        sum.sub(&product.ln(BITS, NEAREST, &mut self.constants), BITS, NEAREST)
    }

    /// x / 2 times the complement of the error function at -x / root of 2; beyond 100 that is 0 or 2.
    fn gelu(&mut self, x: f64) -> BigFloat {
        if x.abs() > 100.0 {
            return Self::of(x.max(0.0));
        }
        let root = Self::of(2.0).sqrt(512, NEAREST);
        let argument = wide(x, 512).div(&root, 512, NEAREST).neg();
        let share = self.erfc_of(&argument, x * -std::f64::consts::FRAC_1_SQRT_2);
        Self::of(x).mul(&share, BITS, NEAREST).mul(&Self::of(0.5), BITS, NEAREST)
    }

    fn scaled(&mut self, x: f64, numerator: &BigFloat, denominator: &BigFloat) -> BigFloat {
        Self::of(x).mul(numerator, BITS, NEAREST).div(denominator, BITS, NEAREST)
    }

    /// The sine of pi times the distance to the nearest integer, by pi x.
    fn sinc(&mut self, x: f64) -> BigFloat {
        let pi = self.pi();
        let rest = Self::of(x - x.round()).mul(&pi, BITS, NEAREST);
        let sine = rest.sin(BITS, NEAREST, &mut self.constants);
        let sine = if x.round() % 2.0 == 0.0 { sine } else { sine.neg() };
        if x == 0.0 { one() } else { sine.div(&Self::of(x).mul(&pi, BITS, NEAREST), BITS, NEAREST) }
    }

    /// The larger operand and the logarithm of 1 and a power of the base, whose own logarithm is given.
    fn log_add(&mut self, x: f64, y: f64, log_of_base: &BigFloat) -> BigFloat {
        const MORE: usize = 512;
        let (high, low) = if x > y { (x, y) } else { (y, x) };
        let difference = wide(low, 2304).sub(&wide(high, 2304), 2304, NEAREST);
        // Beyond that the result is the larger operand; the power itself need not be representable.
        let difference = if low - high < -1e5 { wide(-1e5, MORE) } else { difference };
        let power = difference.mul(log_of_base, MORE, NEAREST).exp(MORE, NEAREST, &mut self.constants);
        let log = if low - high < -200.0 {
            let half_square = power.mul(&power, MORE, NEAREST).mul(&wide(0.5, MORE), MORE, NEAREST);
            power.sub(&half_square, MORE, NEAREST)
        } else {
            power.add(&one(), 1024, NEAREST).ln(MORE, NEAREST, &mut self.constants)
        };
        let log = log.div(log_of_base, MORE, NEAREST);
        wide(high, 2304).add(&log, 2304, NEAREST)
    }
}

fn log_add_near(x: f64, y: f64, exact: impl Fn(&mut Wide) -> BigFloat, near: fn(f64, f64) -> f64) -> f64 {
    thread_local! { static WIDE: std::cell::RefCell<Wide> = std::cell::RefCell::new(Wide::new()); }
    let near = near(x, y);
    // Digits have cancelled.
    if near.abs() < 0.25 * x.max(y).abs() && near.is_finite() {
        return WIDE.with_borrow_mut(|wide| approximate(&exact(wide), 0));
    }
    near
}

fn log_add_exp(x: f64, y: f64) -> f64 {
    let near = |x: f64, y: f64| {
        if x == y { x + std::f64::consts::LN_2 } else { x.max(y) + (-(x - y).abs()).exp().ln_1p() }
    };
    if x.is_nan() || y.is_nan() {
        return f64::NAN;
    };
    log_add_near(x, y, |wide| wide.log_add(x, y, &one()), near)
}

fn log_add_exp2(x: f64, y: f64) -> f64 {
    let near = |x: f64, y: f64| {
        let log = (-(x - y).abs()).exp2().ln_1p() / std::f64::consts::LN_2;
        if x == y { x + 1.0 } else { x.max(y) + log }
    };
    if x.is_nan() || y.is_nan() {
        return f64::NAN;
    };
    let exact = |wide: &mut Wide| {
        let ln_2 = wide.constants.ln_2(512, NEAREST);
        wide.log_add(x, y, &ln_2)
    };
    log_add_near(x, y, exact, near)
}

fn gelu(x: f64) -> f64 {
    if x < -30.0 {
        // The asymptotic series (Abramowitz and Stegun 26.2.12), for `erfc` would be subnormal.
        let (square, inverse) = (x * x, 1.0 / (x * x));
        let series =
            [13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0].iter().fold(1.0, |rest, k| 1.0 - k * inverse * rest);
        let root = (-square / 4.0).exp();
        return root * (-series / (2.0 * std::f64::consts::PI).sqrt()) * root;
    }
    0.5 * x * libm::erfc(x * -std::f64::consts::FRAC_1_SQRT_2)
}

fn sinc(x: f64) -> f64 {
    let pi = std::f64::consts::PI;
    let sine = (pi * (x - x.round())).sin();
    let sine = if x.round() % 2.0 == 0.0 { sine } else { -sine };
    // At integers 0, not -0.
    if x == 0.0 { 1.0 } else { (sine + 0.0) * x.signum() / (pi * x.abs()) + 0.0 }
}

/// An `f64` with so many bits. Subnormal ones are not read right, so they are scaled on the way.
fn wide(x: f64, bits: usize) -> BigFloat {
    if x == 0.0 || x.is_normal() || !x.is_finite() {
        return BigFloat::from_f64(x, bits);
    }
    let mut scaled = BigFloat::from_f64(x * 2f64.powi(200), bits);
    if let Some(exponent) = scaled.exponent() {
        scaled.set_exponent(exponent - 200);
    }
    scaled
}

fn one() -> BigFloat {
    Wide::of(1.0)
}

/// B(2k) / (2k (2k - 1)) for the Bernoulli numbers from k = 1 on: numerator and denominator.
const STIRLING: [(&str, u64); 30] = [
    ("1", 12),
    ("-1", 360),
    ("1", 1260),
    ("-1", 1680),
    ("1", 1188),
    ("-691", 360360),
    ("1", 156),
    ("-3617", 122400),
    ("43867", 244188),
    ("-174611", 125400),
    ("77683", 5796),
    ("-236364091", 1506960),
    ("657931", 300),
    ("-3392780147", 93960),
    ("1723168255201", 2492028),
    ("-7709321041217", 505920),
    ("151628697551", 396),
    ("-26315271553053477373", 2418179400),
    ("154210205991661", 444),
    ("-261082718496449122051", 21106800),
    ("1520097643918070802691", 3109932),
    ("-2530297234481911294093", 118680),
    ("25932657025822267968607", 25380),
    ("-5609403368997817686249127547", 104700960),
    ("19802288209643185928499101", 6468),
    ("-61628132164268458257532691681", 324360),
    ("29149963634884862421418123812691", 2283876),
    ("-354198989901889536240773677094747", 382800),
    ("2913228046513104891794716413587449", 40356),
    ("-1215233140483755572040304994079820246041491", 201025024200),
];

const FUNCTIONS: &[Function] = functions! {
    sqrt 1 |x, _| x.sqrt(), |_, x, _| Wide::of(x).sqrt(BITS, NEAREST);
    exp 1 |x, _| x.exp(), |w, x, _| w.exp(&Wide::of(x));
    exp2 1 |x, _| x.exp2(), |w, x, _| {
        let ln_2 = w.constants.ln_2(BITS, NEAREST);
        w.exp(&Wide::of(x).mul(&ln_2, BITS, NEAREST))
    };
    expm1 1 |x, _| x.exp_m1(), |w, x, _| {
        // Digits enough for what is left of the smallest numbers.
        wide(x, 1280).exp(1280, NEAREST, &mut w.constants).sub(&one(), BITS, NEAREST)
    };
    log 1 |x, _| x.ln(), |w, x, _| w.ln(&Wide::of(x));
    log2 1 |x, _| x.log2(), |w, x, _| Wide::of(x).log2(BITS, NEAREST, &mut w.constants);
    log10 1 |x, _| x.log10(), |w, x, _| Wide::of(x).log10(BITS, NEAREST, &mut w.constants);
    log1p 1 |x, _| x.ln_1p(), |w, x, _| w.ln(&wide(x, 1280).add(&one(), 1280, NEAREST));
    cbrt 1 |x, _| x.cbrt(), |_, x, _| Wide::of(x).cbrt(BITS, NEAREST);
    hypot 2 |x, y| x.hypot(y), |_, x, y| {
        let [x, y] = [x, y].map(|x| wide(x, 2304));
        let sum = x.mul(&x, 2304, NEAREST).add(&y.mul(&y, 2304, NEAREST), 2304, NEAREST);
        sum.sqrt(BITS, NEAREST)
    };
    power 2 |x, y| x.powf(y), |w, x, y| {
        let power = Wide::of(x).abs().pow(&Wide::of(y), BITS, NEAREST, &mut w.constants);
        if x < 0.0 && y % 2.0 != 0.0 { power.neg() } else { power }
    };
    sin 1 |x, _| x.sin(), |w, x, _| wide(x, 1280).sin(BITS, NEAREST, &mut w.constants);
    cos 1 |x, _| x.cos(), |w, x, _| wide(x, 1280).cos(BITS, NEAREST, &mut w.constants);
    tan 1 |x, _| x.tan(), |w, x, _| wide(x, 1280).tan(BITS, NEAREST, &mut w.constants);
    asin 1 |x, _| x.asin(), |w, x, _| Wide::of(x).asin(BITS, NEAREST, &mut w.constants);
    acos 1 |x, _| x.acos(), |w, x, _| Wide::of(x).acos(BITS, NEAREST, &mut w.constants);
    atan 1 |x, _| x.atan(), |w, x, _| Wide::of(x).atan(BITS, NEAREST, &mut w.constants);
    atan2 2 |y, x| y.atan2(x), |w, y, x| w.atan2(y, x);
    sinh 1 |x, _| x.sinh(), |w, x, _| Wide::of(x).sinh(BITS, NEAREST, &mut w.constants);
    cosh 1 |x, _| x.cosh(), |w, x, _| Wide::of(x).cosh(BITS, NEAREST, &mut w.constants);
    tanh 1 |x, _| x.tanh(), |w, x, _| Wide::of(x).tanh(BITS, NEAREST, &mut w.constants);
    asinh 1 |x, _| libm::asinh(x), |w, x, _| Wide::of(x).asinh(BITS, NEAREST, &mut w.constants);
    acosh 1 |x, _| if x < 1.0 { f64::NAN } else { libm::acosh(x) }, |w, x, _| Wide::of(x).acosh(BITS, NEAREST, &mut w.constants);
    atanh 1 |x, _| libm::atanh(x), |w, x, _| Wide::of(x).atanh(BITS, NEAREST, &mut w.constants);
    erf 1 |x, _| libm::erf(x), |w, x, _| w.erf(x);
    erfc 1 |x, _| libm::erfc(x), |w, x, _| w.erfc(x);
    sigmoid 1 |x, _| if x < -40.0 { x.exp() } else { 1.0 / (1.0 + (-x).exp()) }, |w, x, _| {
        if x < -100.0 {
            // The sum is 1 to more digits than are looked at.
            return w.exp(&Wide::of(x));
        }
        one().div(&one().add(&w.exp(&Wide::of(-x)), BITS, NEAREST), BITS, NEAREST)
    };
    softplus 1 |x, _| x.max(0.0) + (-x.abs()).exp().ln_1p(), |w, x, _| w.log_add(x, 0.0, &one());
    gelu 1 |x, _| gelu(x), |w, x, _| w.gelu(x);
    sinc 1 |x, _| sinc(x), |w, x, _| w.sinc(x);
    deg2rad 1 |x, _| x.to_radians(), |w, x, _| {
        let pi = w.pi();
        w.scaled(x, &pi, &Wide::of(180.0))
    };
    rad2deg 1 |x, _| x.to_degrees(), |w, x, _| {
        let pi = w.pi();
        w.scaled(x, &Wide::of(180.0), &pi)
    };
    // Near the zeros between negative integers nothing is promised.
    lgamma 1 |x, _| libm::lgamma(x), |w, x, _| w.lgamma(x), except |x, near| x < -2.0 && near.abs() < 0.5;
    logaddexp 2 |x, y| log_add_exp(x, y), |w, x, y| w.log_add(x, y, &one());
    logaddexp2 2 |x, y| log_add_exp2(x, y), |w, x, y| {
        let ln_2 = w.constants.ln_2(512, NEAREST);
        w.log_add(x, y, &ln_2)
    };
};

/// A float type with what the sweep needs of it.
trait Real: fusewire::Element + Default + PartialEq {
    const NAME: &'static str;
    const MANTISSA: i32;
    const LOWEST_EXPONENT: i32;
    fn to_f64(self) -> f64;
    fn of(value: f64) -> Self;
    fn from_pattern(bits: u64) -> Self;
}

impl Real for f32 {
    const NAME: &'static str = "f32";
    const MANTISSA: i32 = 24;
    const LOWEST_EXPONENT: i32 = -149;
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    fn of(value: f64) -> Self {
        value as Self
    }
    fn from_pattern(bits: u64) -> Self {
        Self::from_bits(bits as u32)
    }
}

impl Real for f64 {
    const NAME: &'static str = "f64";
    const MANTISSA: i32 = 53;
    const LOWEST_EXPONENT: i32 = -1074;
    fn to_f64(self) -> f64 {
        self
    }
    fn of(value: f64) -> Self {
        value
    }
    fn from_pattern(bits: u64) -> Self {
        Self::from_bits(bits)
    }
}

/// The unit in the last place of a value that is a power of two times a number from 1/2 to 1.
fn unit<T: Real>(exponent: i32) -> f64 {
    let exponent = (exponent - T::MANTISSA).max(T::LOWEST_EXPONENT);
    // Subnormal units of f64 take two steps.
    2f64.powi(exponent / 2) * 2f64.powi(exponent - exponent / 2)
}

fn exponent(x: f64) -> i32 {
    let bits = x.abs().to_bits();
    if bits >> 52 == 0 { -1074 + 64 - bits.leading_zeros() as i32 } else { (bits >> 52) as i32 - 1022 }
}

/// The distance of a result from a function's value, in units in the last place.
fn error<T: Real>(function: &Function, arithmetic: &mut Wide, x: T, y: T, result: T) -> f64 {
    let (x, y, result) = (x.to_f64(), y.to_f64(), result.to_f64());
    let near = (function.near)(x, y);
    let rounded = T::of(near).to_f64();
    let is_special = |value: f64| value == 0.0 || !value.is_finite();
    if is_special(rounded) || is_special(result) {
        let same = rounded.to_bits() == result.to_bits() || (rounded.is_nan() && result.is_nan());
        // At the borders of overflow and underflow one of them may be rounded away.
        let apart = (rounded - result).abs() <= unit::<T>(T::LOWEST_EXPONENT + T::MANTISSA);
        let largest =
            T::of(f64::MAX.min(f64::from(f32::MAX) * if T::NAME == "f32" { 1.0 } else { f64::MAX })).to_f64();
        let border = rounded.abs().min(result.abs()) >= largest * (1.0 - 4.0 / 2f64.powi(T::MANTISSA));
        return if same || apart || border { 0.0 } else { f64::INFINITY };
    }
    if T::NAME == "f32" {
        return (result - near).abs() / unit::<T>(exponent(near));
    }
    let exact = (function.exact)(arithmetic, x, y);
    let difference = exact.sub(&wide(result, BITS), BITS, NEAREST);
    approximate(&difference, -(exponent(near) - T::MANTISSA).max(T::LOWEST_EXPONENT)).abs()
}

/// A number of many digits times a power of two as `f64`.
fn approximate(value: &BigFloat, power: i32) -> f64 {
    let Some((words, _, sign, exponent, _)) = value.as_raw_parts() else { return f64::NAN };
    let top = words.last().copied().unwrap_or(0) as f64 / 2f64.powi(64);
    let scaled = top * 2f64.powi((exponent + power).clamp(-1000, 1000));
    if sign == astro_float::Sign::Neg { -scaled } else { scaled }
}

/// The largest error so far, and where.
#[derive(Clone, Copy, Default)]
struct Worst {
    error: f64,
    x: f64,
    y: f64,
    tried: u64,
    measured: u64,
}

struct Random(u64);

impl Random {
    /// SplitMix64 (Steele, Lea, Flood 2014).
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Every kind of argument in turn.
    fn argument<T: Real>(&mut self, kind: u64) -> T {
        let sign = if self.next().is_multiple_of(2) { 1.0 } else { -1.0 };
        match kind % 6 {
            0 => T::from_pattern(self.next()),
            1 => T::of(sign * (self.unit() * 60.0 - 50.0).exp2()),
            2 => T::of(sign * self.unit() * 10.0),
            3 => T::of(sign * self.unit() * 750.0),
            // Next to integers.
            4 => T::of(
                sign * ((self.next() % 200) as f64 + (self.unit() - 0.5) * (-self.unit() * 40.0).exp2()),
            ),
            // Next to multiples of a quarter turn.
            _ => {
                let turns = ((self.unit() * 30.0).exp2()).floor();
                let angle = turns * std::f64::consts::FRAC_PI_2;
                T::of(sign * (angle + angle * f64::EPSILON * (self.unit() * 8.0 - 4.0)))
            }
        }
    }
}

const BATCH: usize = 1 << 16;

/// Runs batches of arguments through one program.
fn sweep<T: Real>(function: &Function, mut batch: impl FnMut(&mut [T], &mut [T]) -> bool) -> Worst {
    let g = Graph::new();
    let [x, y] = ["x", "y"].map(|name| g.input(name, T::DTYPE, [BATCH]));
    // The second operand is bound even where it is not used.
    let outputs = [(function.apply)(x, y).named("out"), (y + 0).named("unused")];
    let plan = g.plan(outputs, &Limits::default()).expect("plans");
    let program = plan.compile().expect("compiles").with_threads(1);
    let (mut xs, mut ys) = (vec![T::default(); BATCH], vec![T::default(); BATCH]);
    let (mut results, mut unused) = (vec![T::default(); BATCH], vec![T::default(); BATCH]);
    let (mut worst, mut arithmetic) = (Worst::default(), Wide::new());
    while batch(&mut xs, &mut ys) {
        let inputs = [("x", &xs), ("y", &ys)];
        program.run(inputs, [("out", &mut results), ("unused", &mut unused)]).expect("runs");
        for ((x, y), result) in xs.iter().zip(&ys).zip(&results) {
            worst.tried += 1;
            // What a function correct to a unit gives as well is not far off.
            let near = T::of((function.near)(x.to_f64(), y.to_f64())).to_f64();
            if (function.except)(x.to_f64(), near) {
                continue;
            }
            let same = near.to_bits() == result.to_f64().to_bits();
            if same && (worst.error >= 0.5 || T::NAME == "f32") {
                continue;
            }
            worst.measured += 1;
            let error = error(function, &mut arithmetic, *x, *y, *result);
            if error > worst.error {
                (worst.error, worst.x, worst.y) = (error, x.to_f64(), y.to_f64());
            }
        }
    }
    worst
}

fn measure<T: Real>(function: &Function, millions: f64, step: u64) -> Worst {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let batches = (millions * 1e6 / BATCH as f64 / threads as f64).ceil() as u64;
    let exhaustive = T::NAME == "f32" && function.operands == 1;
    let worsts: Vec<Worst> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..threads as u64)
            .map(|thread| {
                scope.spawn(move || {
                    let mut random = Random(thread + 1);
                    let mut done = 0;
                    sweep::<T>(function, |xs, ys| {
                        for (at, (x, y)) in xs.iter_mut().zip(ys).enumerate() {
                            let pattern = (done * threads as u64 + thread) * BATCH as u64 + at as u64;
                            *x = if exhaustive {
                                T::from_pattern(pattern * step)
                            } else {
                                random.argument(at as u64)
                            };
                            *y = random.argument(at as u64 / 6);
                        }
                        done += 1;
                        let all = (1u64 << 32) / step / BATCH as u64 / threads as u64;
                        done <= if exhaustive { all } else { batches }
                    })
                })
            })
            .collect();
        runs.into_iter().map(|run| run.join().expect("the sweep does not panic")).collect()
    });
    let mut worst = worsts[0];
    for other in &worsts[1..] {
        let (tried, measured) = (worst.tried + other.tried, worst.measured + other.measured);
        worst = if other.error > worst.error { *other } else { worst };
        (worst.tried, worst.measured) = (tried, measured);
    }
    worst
}

fn main() {
    let mut arguments = std::env::args().skip(1).peekable();
    let millions: f64 = arguments.peek().and_then(|first| first.parse().ok()).unwrap_or(10.0);
    // One f32 in so many; odd, so that no bit of them is always the same.
    let step = std::env::var("STEP").ok().and_then(|step| step.parse().ok()).unwrap_or(1);
    let chosen: Vec<String> = arguments.filter(|argument| argument.parse::<f64>().is_err()).collect();
    let mut lines = String::new();
    for function in FUNCTIONS.iter().filter(|f| chosen.is_empty() || chosen.iter().any(|name| name == f.name))
    {
        for (dtype, worst) in [
            ("f32", measure::<f32> as fn(&Function, f64, u64) -> Worst),
            ("f64", measure::<f64> as fn(&Function, f64, u64) -> Worst),
        ] {
            let start = Instant::now();
            let Worst { error, x, y, tried, measured } = worst(function, millions, step);
            // What is rounded correctly is not measured, and within half a unit.
            let error = error.max(0.5);
            let at = if function.operands == 1 { format!("{x:e}") } else { format!("{x:e} {y:e}") };
            let line = format!("{} {dtype} {error:.3} {tried} {at}", function.name);
            println!("{line}   ({measured} measured, {:.0?})", start.elapsed());
            writeln!(lines, "{line}").expect("a string takes everything");
        }
    }
    std::fs::write("measured.txt", lines).expect("writes the lines");
}
