//! Comparison with exact results, for the tests of functions in several files.

/// The lines of one function in the table of exact results: the bits of the arguments and the
/// result, and how far the exact value lies further from zero, in units in the last place.
pub(super) fn golden<const ARGUMENTS: usize>(function: &str) -> Vec<([f64; ARGUMENTS], f64, f64)> {
    let number = |hex: &str| f64::from_bits(u64::from_str_radix(hex, 16).unwrap());
    let cases: Vec<_> = include_str!("../../../../tests/golden/power.txt")
        .lines()
        .skip_while(|line| line.strip_prefix("# ") != Some(function))
        .skip(1)
        .take_while(|line| !line.starts_with('#'))
        .map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            let above: f64 = words[ARGUMENTS + 1].parse().unwrap();
            (std::array::from_fn(|i| number(words[i])), number(words[ARGUMENTS]), above / 1000.0)
        })
        .collect();
    assert!(cases.len() >= 1000, "{function}");
    cases
}

/// Units in the last place between `got` and the exact value `above` units beyond `rounded`.
pub(super) fn error_f64(got: f64, rounded: f64, above: f64) -> f64 {
    if got.is_nan() || (got != 0.0 && rounded != 0.0 && got.is_sign_negative() != rounded.is_sign_negative())
    {
        return f64::INFINITY;
    }
    let size = |value: f64| value.abs().to_bits() as i64;
    ((size(got) - size(rounded)) as f64 - above).abs()
}

/// Units in the last place of `f32` between `got` and `exact`.
pub(super) fn error_f32(got: f32, exact: f64) -> f64 {
    if exact.abs() >= 2.0_f64.powi(128) {
        return if f64::from(got) == exact.signum() * f64::INFINITY { 0.0 } else { f64::INFINITY };
    }
    let last_place = (super::last_place_f64(exact) * 2.0_f64.powi(29)).max(2.0_f64.powi(-149));
    (f64::from(got) - exact).abs() / last_place
}

/// NaN equals NaN, and the zeros differ.
pub(super) fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

/// Checks that a function of two arguments gives an element the same bits at every position, and
/// touches nothing else.
macro_rules! same_bits_at_every_position {
    ($name:ident($float:ident), $special:expr) => {
        // Some need the long way, most do not.
        let (x, y): (Vec<$float>, Vec<$float>) = random_bits()
            .take(150)
            .enumerate()
            .map(|(i, bits)| {
                let x = (bits >> 40) as $float / 2.0_f32.powi(20) as $float;
                let y = (bits & 0xff_ffff) as $float / 2.0_f32.powi(20) as $float - 8.0;
                if i % 50 == 13 { ($special, y) } else { (x, y) }
            })
            .unzip();
        for set in InstructionSet::available() {
            let alone: Vec<_> = x
                .iter()
                .zip(&y)
                .map(|(&x, &y)| {
                    let mut value = [x];
                    run_binary::<$name, $float>(set, &mut value, &[y]);
                    value[0].to_bits()
                })
                .collect();
            for offset in 0..8 {
                for length in (0..70).chain([127, 128, 129, 140]) {
                    let range = offset..offset + length;
                    let mut values = x.clone();
                    run_binary::<$name, $float>(set, &mut values[range.clone()], &y[range.clone()]);
                    assert!(
                        values[range.clone()].iter().map(|x| x.to_bits()).eq(alone[range].iter().copied())
                    );
                    assert_eq!(values[..offset], x[..offset]);
                    assert_eq!(values[offset + length..], x[offset + length..]);
                }
            }
            // The longer operand keeps what has no counterpart.
            let mut values = x.clone();
            run_binary::<$name, $float>(set, &mut values, &y[..3]);
            assert_eq!(values[3..], x[3..]);
            let mut values = x[..2].to_vec();
            run_binary::<$name, $float>(set, &mut values, &y);
            assert!(values.iter().map(|x| x.to_bits()).eq(alone[..2].iter().copied()));
        }
    };
}

pub(super) use same_bits_at_every_position;
