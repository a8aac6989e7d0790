//! Functions in arithmetic of 256 bits.

use astro_float::{BigFloat, Consts, RoundingMode};

/// Arithmetic of many digits.
pub struct Wide {
    pub constants: Consts,
    /// The numerators of [`STIRLING`].
    numerators: Vec<BigFloat>,
}

pub const BITS: usize = 256;
pub const NEAREST: RoundingMode = RoundingMode::ToEven;

impl Wide {
    pub fn new() -> Self {
        let mut constants = Consts::new().expect("memory for constants");
        let mut parse =
            |numerator| BigFloat::parse(numerator, astro_float::Radix::Dec, BITS, NEAREST, &mut constants);
        let numerators = STIRLING.iter().map(|(numerator, _)| parse(numerator)).collect();
        Self { constants, numerators }
    }

    pub fn of(x: f64) -> BigFloat {
        wide(x, BITS)
    }

    pub fn exp(&mut self, x: &BigFloat) -> BigFloat {
        x.exp(BITS, NEAREST, &mut self.constants)
    }

    pub fn ln(&mut self, x: &BigFloat) -> BigFloat {
        x.ln(BITS, NEAREST, &mut self.constants)
    }

    pub fn pi(&mut self) -> BigFloat {
        self.constants.pi(BITS, NEAREST)
    }

    /// Of a number above 0. By way of the logarithm, for astro-float never ends where a power is exact.
    pub fn power(&mut self, x: f64, y: f64) -> BigFloat {
        let log = wide(x, 512).ln(512, NEAREST, &mut self.constants);
        self.exp(&log.mul(&wide(y, 512), 512, NEAREST))
    }

    pub fn atan2(&mut self, y: f64, x: f64) -> BigFloat {
        // Of two zeros, or two infinities, only the signs count.
        let (y, x) = match (y == 0.0 && x == 0.0, y.is_infinite() && x.is_infinite()) {
            (true, _) => (y, 1f64.copysign(x)),
            (_, true) => (1f64.copysign(y), 1f64.copysign(x)),
            _ => (y, x),
        };
        let ratio = Self::of(y).abs().div(&Self::of(x).abs(), BITS, NEAREST);
        let angle = ratio.atan(BITS, NEAREST, &mut self.constants);
        let angle = if x < 0.0 { self.pi().sub(&angle, BITS, NEAREST) } else { angle };
        if y.is_sign_negative() { angle.neg() } else { angle }
    }

    /// By its series, with the digits that its largest term takes; beyond 7 only for `erfc`.
    pub fn erf(&mut self, x: f64) -> BigFloat {
        self.erf_of(&Self::of(x), x)
    }

    /// The same of a number of many digits, which is near `x`.
    pub fn erf_of(&mut self, wide: &BigFloat, x: f64) -> BigFloat {
        if x == 0.0 {
            return wide.clone();
        }
        if x.abs() > 6.5 {
            let near_one = one().sub(&self.erfc_of(&wide.abs(), x.abs()), BITS, NEAREST);
            return if x < 0.0 { near_one.neg() } else { near_one };
        }
        // The largest term is less than e^42, and 1 - erf more than e^-46.
        pub const MORE: usize = 320;
        let mut x = wide.clone();
        if x.set_precision(MORE, NEAREST).is_err() {
            return x;
        }
        let square = x.mul(&x, MORE, NEAREST);
        let (mut term, mut sum, mut k) = (x.clone(), x, 0u64);
        // x - x^3/3 + x^5/10 - ...: terms x^(2k+1) / k! / (2k+1) with alternating signs.
        loop {
            k += 1;
            term = term.mul(&square, MORE, NEAREST).div(&BigFloat::from_u64(k, 64), MORE, NEAREST).neg();
            let part = term.div(&BigFloat::from_u64(2 * k + 1, 64), MORE, NEAREST);
            sum = sum.add(&part, MORE, NEAREST);
            let (Some(a), Some(b)) = (part.exponent(), sum.exponent()) else { break };
            if k > 3 && i64::from(a) < i64::from(b) - 280 {
                break;
            }
        }
        let root = self.constants.pi(MORE, NEAREST).sqrt(MORE, NEAREST);
        sum.mul(&BigFloat::from_u64(2, 64), MORE, NEAREST).div(&root, MORE, NEAREST)
    }

    /// 1 - erf where that leaves digits enough, else a continued fraction (Abramowitz and Stegun 7.1.14).
    pub fn erfc(&mut self, x: f64) -> BigFloat {
        self.erfc_of(&Self::of(x), x)
    }

    /// The same of a number of many digits, which is near `x`.
    pub fn erfc_of(&mut self, wide: &BigFloat, x: f64) -> BigFloat {
        if x < 6.5 {
            let erf = self.erf_of(wide, x);
            return BigFloat::from_u64(1, 512).sub(&erf, 512, NEAREST);
        }
        let mut tail = wide.clone();
        // From 6.5 on so many terms give 2^-180 of it.
        for k in (1..80u32).rev() {
            let half = BigFloat::from_f64(f64::from(k) / 2.0, 64);
            tail = wide.add(&half.div(&tail, BITS, NEAREST), BITS, NEAREST);
        }
        let square = wide.mul(wide, BITS, NEAREST).neg();
        let root = self.pi().sqrt(BITS, NEAREST);
        self.exp(&square).div(&tail, BITS, NEAREST).div(&root, BITS, NEAREST)
    }

    /// The logarithm of the gamma function's magnitude: Stirling's series beyond 32, which the recurrence
    /// leads up to (Abramowitz and Stegun 6.1.40 and 6.1.15), and its reflection below 1/2 (6.1.17).
    pub fn lgamma(&mut self, x: f64) -> BigFloat {
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

    pub fn stirling(&mut self, x: &BigFloat) -> BigFloat {
        let (mut z, mut product) = (x.clone(), one());
        let far = Self::of(32.0);
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
        for (numerator, (_, denominator)) in self.numerators.iter().zip(STIRLING) {
            let divisor = BigFloat::from_u64(denominator, 64).mul(&power, BITS, NEAREST);
            sum = sum.add(&numerator.div(&divisor, BITS, NEAREST), BITS, NEAREST);
            power = power.mul(&square, BITS, NEAREST);
        }
        sum.sub(&product.ln(BITS, NEAREST, &mut self.constants), BITS, NEAREST)
    }

    /// x / 2 times the complement of the error function at -x / root of 2; beyond 100 that is 0 or 2.
    pub fn gelu(&mut self, x: f64) -> BigFloat {
        if x.abs() > 100.0 {
            return Self::of(x.max(0.0));
        }
        let root = Self::of(2.0).sqrt(512, NEAREST);
        let argument = wide(x, 512).div(&root, 512, NEAREST).neg();
        let share = self.erfc_of(&argument, x * -std::f64::consts::FRAC_1_SQRT_2);
        Self::of(x).mul(&share, BITS, NEAREST).mul(&Self::of(0.5), BITS, NEAREST)
    }

    pub fn scaled(&mut self, x: f64, numerator: &BigFloat, denominator: &BigFloat) -> BigFloat {
        Self::of(x).mul(numerator, BITS, NEAREST).div(denominator, BITS, NEAREST)
    }

    /// The sine of pi times the distance to the nearest integer, by pi x.
    pub fn sinc(&mut self, x: f64) -> BigFloat {
        let pi = self.pi();
        let rest = Self::of(x - x.round()).mul(&pi, BITS, NEAREST);
        let sine = rest.sin(BITS, NEAREST, &mut self.constants);
        let sine = if x.round() % 2.0 == 0.0 { sine } else { sine.neg() };
        if x == 0.0 { one() } else { sine.div(&Self::of(x).mul(&pi, BITS, NEAREST), BITS, NEAREST) }
    }

    /// The larger operand and the logarithm of 1 and a power of the base, whose own logarithm is given.
    pub fn log_add(&mut self, x: f64, y: f64, log_of_base: &BigFloat) -> BigFloat {
        pub const MORE: usize = 512;
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

/// An `f64` with so many bits. Subnormal ones are not read right, so they are scaled on the way.
pub fn wide(x: f64, bits: usize) -> BigFloat {
    if x == 0.0 || x.is_normal() || !x.is_finite() {
        return BigFloat::from_f64(x, bits);
    }
    let mut scaled = BigFloat::from_f64(x * 2f64.powi(200), bits);
    if let Some(exponent) = scaled.exponent() {
        scaled.set_exponent(exponent - 200);
    }
    scaled
}

/// Bits enough for what is left of a number when turns of the circle, or 1, have been taken away from it.
pub fn bits_for(x: f64) -> usize {
    let exponent = (x.to_bits() >> 52 & 0x7ff) as i64 - 1023;
    384 + exponent.unsigned_abs() as usize
}

pub fn one() -> BigFloat {
    Wide::of(1.0)
}

/// B(2k) / (2k (2k - 1)) for the Bernoulli numbers from k = 1 on: numerator and denominator.
pub const STIRLING: [(&str, u64); 30] = [
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

/// A number of many digits times a power of two as `f64`.
pub fn approximate(value: &BigFloat, power: i32) -> f64 {
    let Some((words, _, sign, exponent, _)) = value.as_raw_parts() else { return f64::NAN };
    let top = words.last().copied().unwrap_or(0) as f64 / 2f64.powi(64);
    // In two steps, as powers of two end at the largest and the smallest numbers.
    let power = (exponent + power).clamp(-2000, 2000);
    let scaled = top * 2f64.powi(power / 2) * 2f64.powi(power - power / 2);
    if sign == astro_float::Sign::Neg { -scaled } else { scaled }
}
