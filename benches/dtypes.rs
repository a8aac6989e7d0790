//! Narrow and mixed dtypes beside hand-written Rust loops, in one run: see `side_by_side` for how it is
//! timed and which flags compile the loops for this processor.

mod common;

use common::side_by_side;
use fusewire::Element;
use fusewire::half::f16;
use fusewire::prelude::*;
use std::hint::black_box;
use std::sync::OnceLock;

/// What names of workloads have in common, where not all of them are run.
static WANTED: OnceLock<String> = OnceLock::new();

/// Times an expression of one input beside a loop that writes the same elements.
fn compare<A: Element, B: Element + Default + PartialEq + std::fmt::Debug>(
    workload: &str,
    x: &[A],
    expression: impl for<'g> Fn(Expr<'g>) -> Expr<'g>,
    by_hand: impl Fn(&A) -> B,
) {
    if !WANTED.get().is_none_or(|word| workload.contains(word)) {
        return;
    }
    let g = Graph::new();
    let input = g.input("x", A::DTYPE, [x.len()]);
    let plan = g.plan([expression(input)], &Limits::default()).expect("the workload plans");
    let program = plan.compile().expect("the workload compiles").with_threads(1);
    let (mut ours, mut loops) = (vec![B::default(); x.len()], vec![B::default(); x.len()]);
    let mut bound = program.bind([("x", x)], [("out", &mut ours)]).expect("binds");
    side_by_side(
        workload,
        size_of_val(x) + size_of_val(&loops[..]),
        vec![
            (
                "loop",
                Box::new(|| {
                    let (x, out) = (black_box(x), black_box(&mut loops));
                    out.iter_mut().zip(x).for_each(|(out, x)| *out = by_hand(x));
                }),
            ),
            ("fusewire", Box::new(|| bound.run().expect("runs"))),
        ],
    );
    drop(bound);
    assert!(ours == loops, "{workload} differs");
}

/// The quotient rounded down and the remainder that it leaves, for divisors that are not zero.
macro_rules! floor_divisions {
    ($count:expr, $size:expr; $($int:ident)+) => {$({
        let mut state = 1u64;
        let x: Vec<$int> = (0..$count)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 7) as $int
            })
            .collect();
        let (name, size) = (stringify!($int), $size);
        #[allow(unused_comparisons)] // of integers without sign
        let quotient = |x: $int, d: $int| {
            let is_below = x % d != 0 && (x < 0) != (d < 0);
            (x / d).wrapping_sub($int::from(is_below))
        };
        let remainder = |x: $int, d: $int| x.wrapping_sub(quotient(x, d).wrapping_mul(d));
        compare(&format!("{name} // 3 {size}"), &x, |x| x.floor_divide(3), |x| quotient(*x, 3));
        compare(&format!("{name} % 3 {size}"), &x, |x| x % 3, |x| remainder(*x, 3));
        let divisor = |x: $int| (x & 63) + 1;
        compare(
            &format!("{name} // any {size}"),
            &x,
            |x| x.floor_divide((x & 63) + 1),
            |x| quotient(*x, divisor(*x)),
        );
        compare(&format!("{name} % any {size}"), &x, |x| x % ((x & 63) + 1), |x| remainder(*x, divisor(*x)));
    })+};
}

fn main() {
    // `cargo test --benches` passes arguments of its own: then small sizes only check the results.
    let quick = std::env::args().any(|argument| argument == "--test");
    // A word, as `//`, runs the workloads that have it in their names.
    let word = std::env::args().skip(1).find(|argument| !argument.starts_with("--")).unwrap_or_default();
    WANTED.set(word).expect("one word");
    println!("{:<26} {:<14} {:>13} {:>12} {:>8}", "workload", "", "median", "", "ratio");
    let sizes: &[(usize, &str)] =
        if quick { &[(2000, "2k")] } else { &[(32_768, "32k"), (16_000_000, "16M")] };
    for (count, size) in sizes {
        let bytes: Vec<u8> = (0..*count).map(|at| (at * 7 % 256) as u8).collect();
        let words: Vec<i16> = (0..*count).map(|at| (at * 77) as i16).collect();
        let ints: Vec<i32> = (0..*count as i32).collect();
        let halves: Vec<f16> = (0..*count).map(|at| f16::from_f32((at % 512) as f32 / 16.0)).collect();
        let floats: Vec<f32> = (0..*count).map(|at| (at % 1000) as f32 / 4.0).collect();
        compare(
            &format!("u8 to f32, scaled {size}"),
            &bytes,
            |x| x.astype(F32) * (1.0 / 255.0) - 0.5,
            |x| f32::from(*x) * (1.0 / 255.0) - 0.5,
        );
        compare(&format!("f32 to u8 {size}"), &floats, |x| x.astype(U8), |x| *x as i32 as u8);
        compare(&format!("u8 + 3 {size}"), &bytes, |x| x + 3, |x| x.wrapping_add(3));
        compare(
            &format!("u8 max, masked {size}"),
            &bytes,
            |x| x.greater(100).select(x, 7),
            |x| {
                if *x > 100 { *x } else { 7 }
            },
        );
        compare(&format!("i16 * 3 {size}"), &words, |x| x * 3, |x| x.wrapping_mul(3));
        compare(&format!("i32 to f64, halved {size}"), &ints, |x| x * 0.5, |x| f64::from(*x) * 0.5);
        compare(&format!("f32 mask {size}"), &floats, |x| x.greater(10.0), |x| *x > 10.0);
        compare(
            &format!("f16 * 2 + 1 {size}"),
            &halves,
            |x| x * 2 + 1,
            |x| f16::from_f32(f16::from_f32(x.to_f32() * 2.0).to_f32() + 1.0),
        );
        compare(&format!("f16 to f32 {size}"), &halves, |x| x.astype(F32) * 2, |x| x.to_f32() * 2.0);
        floor_divisions!(*count, size; i8 u8 i16 u16 i32 u32 i64 u64);
    }
}
