//! The functions that are measured, each beside two that are right.

use super::wide::{BITS, NEAREST, Wide, approximate, bits_for, one, wide};
use astro_float::BigFloat;
use fusewire::prelude::*;

/// A function, how many operands it has, one that is correct to a unit or so, and one of 256 bits.
pub struct Function {
    pub name: &'static str,
    pub operands: usize,
    pub apply: for<'g> fn(Expr<'g>, Expr<'g>) -> Expr<'g>,
    pub near: fn(f64, f64) -> f64,
    pub exact: fn(&mut Wide, f64, f64) -> BigFloat,
    /// Where nothing is promised, given the first operand and about the result.
    pub except: fn(f64, f64) -> bool,
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

/// x times the sum of two numbers, rounded once or as good as once: the formula of the standard library is ours, and agreement with it
/// would prove nothing.
fn product(x: f64, high: f64, low: f64) -> f64 {
    let product = x * high;
    if product == 0.0 || !product.is_finite() {
        return product;
    }
    product + x.mul_add(low, x.mul_add(high, -product))
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

/// All of them.
pub const FUNCTIONS: &[Function] = functions! {
    sqrt 1 |x, _| x.sqrt(), |_, x, _| Wide::of(x).sqrt(BITS, NEAREST);
    exp 1 |x, _| x.exp(), |w, x, _| w.exp(&Wide::of(x));
    exp2 1 |x, _| x.exp2(), |w, x, _| {
        let ln_2 = w.constants.ln_2(BITS, NEAREST);
        w.exp(&Wide::of(x).mul(&ln_2, BITS, NEAREST))
    };
    expm1 1 |x, _| x.exp_m1(), |w, x, _| {
        let bits = bits_for(x);
        wide(x, bits).exp(bits, NEAREST, &mut w.constants).sub(&one(), BITS, NEAREST)
    };
    log 1 |x, _| x.ln(), |w, x, _| w.ln(&Wide::of(x));
    log2 1 |x, _| x.log2(), |w, x, _| Wide::of(x).log2(BITS, NEAREST, &mut w.constants);
    log10 1 |x, _| x.log10(), |w, x, _| Wide::of(x).log10(BITS, NEAREST, &mut w.constants);
    log1p 1 |x, _| x.ln_1p(), |w, x, _| {
        let bits = bits_for(x);
        w.ln(&wide(x, bits).add(&one(), bits, NEAREST))
    };
    cbrt 1 |x, _| x.cbrt(), |_, x, _| Wide::of(x).cbrt(BITS, NEAREST);
    hypot 2 |x, y| x.hypot(y), |_, x, y| {
        let [x, y] = [x, y].map(|x| wide(x, 2304));
        let sum = x.mul(&x, 2304, NEAREST).add(&y.mul(&y, 2304, NEAREST), 2304, NEAREST);
        sum.sqrt(BITS, NEAREST)
    };
    power 2 |x, y| x.powf(y), |w, x, y| {
        let power = w.power(x.abs(), y);
        if x < 0.0 && y % 2.0 != 0.0 { power.neg() } else { power }
    };
    sin 1 |x, _| x.sin(), |w, x, _| wide(x, bits_for(x)).sin(BITS, NEAREST, &mut w.constants);
    cos 1 |x, _| x.cos(), |w, x, _| wide(x, bits_for(x)).cos(BITS, NEAREST, &mut w.constants);
    tan 1 |x, _| x.tan(), |w, x, _| wide(x, bits_for(x)).tan(BITS, NEAREST, &mut w.constants);
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
    deg2rad 1 |x, _| product(x, 0.017_453_292_519_943_295, 2.948_652_270_870_168_7e-19), |w, x, _| {
        let pi = w.pi();
        w.scaled(x, &pi, &Wide::of(180.0))
    };
    rad2deg 1 |x, _| product(x, 57.295_779_513_082_32, -1.987_849_567_057_628_3e-15), |w, x, _| {
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
