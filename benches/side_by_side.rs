//! Fused kernels beside hand-written Rust loops and ndarray operators, in one run.
//!
//! `RUSTFLAGS="-C target-cpu=native" cargo bench --bench side_by_side` compiles the hand-written loops
//! for this processor. All candidates of a workload take turns, round after round, so that a machine
//! that slows down slows all of them; the figures are medians, and the ratio is the median of the
//! ratios within each round. Everything runs on one thread; stores are ordinary ones.

mod common;

use common::{side_by_side, wave};
use fusewire::prelude::*;
use ndarray::{Array1, Array2};
use std::hint::black_box;

/// Plans one expression on one thread.
fn program(outputs: Result<Plan, Error>) -> Program {
    let plan = outputs.expect("the workload plans");
    assert_eq!((plan.kernels().len(), plan.workspace_bytes()), (1, 0));
    plan.compile().expect("the workload compiles").with_threads(1)
}

fn w1(count: usize, size: &str) {
    let x: Vec<i64> = (0..count as i64).collect();
    let (mut ours, mut loops, mut nd) = (vec![0i64; count], vec![0i64; count], Array1::<i64>::zeros(0));
    let array = Array1::from(x.clone());
    let g = Graph::new();
    let input = g.input("x", I64, [count]);
    let program = program(g.plan([input + 5], &Limits::default()));
    let mut bound = program.bind([("x", &x)], [("out", &mut ours)]).expect("binds");
    side_by_side(
        &format!("W1 x+5 i64 {size}"),
        16 * count,
        vec![
            (
                "loop",
                Box::new(|| {
                    black_box(&mut loops).iter_mut().zip(black_box(&x)).for_each(|(o, x)| *o = x + 5)
                }),
            ),
            ("fusewire", Box::new(|| bound.run().expect("runs"))),
            ("ndarray", Box::new(|| nd = black_box(&array) + 5)),
        ],
    );
    drop(bound);
    assert_eq!(ours, loops);
}

fn w2(count: usize, size: &str) {
    let x: Vec<f32> = wave(count, 0.37).iter().map(|x| *x as f32).collect();
    let (mut ours, mut loops, mut nd) = (vec![0f32; count], vec![0f32; count], Array1::<f32>::zeros(0));
    let array = Array1::from(x.clone());
    let g = Graph::new();
    let input = g.input("x", F32, [count]);
    let program = program(g.plan([input.absolute().sqrt()], &Limits::default()));
    let mut bound = program.bind([("x", &x)], [("out", &mut ours)]).expect("binds");
    side_by_side(
        &format!("W2 sqrt(abs(x)) f32 {size}"),
        8 * count,
        vec![
            (
                "loop",
                Box::new(|| {
                    black_box(&mut loops)
                        .iter_mut()
                        .zip(black_box(&x))
                        .for_each(|(o, x)| *o = x.abs().sqrt());
                }),
            ),
            ("fusewire", Box::new(|| bound.run().expect("runs"))),
            ("ndarray", Box::new(|| nd = black_box(&array).abs().sqrt())),
        ],
    );
    drop(bound);
    assert_eq!(ours, loops);
}

macro_rules! w3 {
    ($name:ident, $float:ty, $dtype:expr) => {
        fn $name(rows: usize, size: &str) {
            let columns = 1000;
            let make = |count: usize, step: f64, shift: f64| -> Vec<$float> {
                wave(count, step).iter().map(|x| (*x + shift) as $float).collect()
            };
            let (a, mu, sigma) =
                (make(rows * columns, 0.37, 0.0), make(columns, 0.7, 0.0), make(columns, 0.9, 1.5));
            let (w, b) = (make(columns, 1.1, 0.0), make(rows, 1.3, 0.0));
            let (mut ours, mut loops) = (vec![0.0; rows * columns], vec![0.0; rows * columns]);
            let mut nd = Array2::<$float>::zeros((0, 0));
            let array = Array2::from_shape_vec((rows, columns), a.clone()).expect("fills");
            let [mu_array, sigma_array, w_array] = [&mu, &sigma, &w].map(|x| Array1::from(x.clone()));
            let b_array = Array2::from_shape_vec((rows, 1), b.clone()).expect("fills");
            let g = Graph::new();
            let input = |name, shape: &[usize]| g.input(name, $dtype, shape);
            let scaled =
                (input("a", &[rows, columns]) - input("mu", &[columns])) / input("sigma", &[columns]);
            let y = scaled * input("w", &[columns]) + input("b", &[rows, 1]);
            let program = program(g.plan([y], &Limits::default()));
            let inputs: Vec<(&str, View<'_>)> = vec![
                ("a", View::new(&a, [rows, columns])),
                ("mu", (&mu).into()),
                ("sigma", (&sigma).into()),
                ("w", (&w).into()),
                ("b", View::new(&b, [rows, 1])),
            ];
            let out = [("out", ViewMut::new(&mut ours, [rows, columns]))];
            let mut bound = program.bind(inputs, out).expect("binds");
            side_by_side(
                &format!("W3 ((a-mu)/s)*w+b {} {size}", $dtype),
                2 * rows * columns * size_of::<$float>(),
                vec![
                    (
                        "loop",
                        Box::new(|| {
                            let (a, out) = (black_box(&a), black_box(&mut loops));
                            for ((out, a), b) in
                                out.chunks_exact_mut(columns).zip(a.chunks_exact(columns)).zip(&b)
                            {
                                for ((((o, a), mu), sigma), w) in
                                    out.iter_mut().zip(a).zip(&mu).zip(&sigma).zip(&w)
                                {
                                    *o = ((a - mu) / sigma) * w + b;
                                }
                            }
                        }),
                    ),
                    ("fusewire", Box::new(|| bound.run().expect("runs"))),
                    (
                        "ndarray",
                        Box::new(|| {
                            nd = ((black_box(&array) - &mu_array) / &sigma_array) * &w_array + &b_array
                        }),
                    ),
                ],
            );
            drop(bound);
            assert_eq!(ours, loops);
        }
    };
}
w3!(w3_f64, f64, F64);
w3!(w3_f32, f32, F32);

fn w4(count: usize, size: &str) {
    let x = wave(count, 0.37);
    let (mut ours, mut loops, mut nd) = (vec![0.0; count], vec![0.0; count], Array1::<f64>::zeros(0));
    let array = Array1::from(x.clone());
    let g = Graph::new();
    let input = g.input("x", F64, [count]);
    let program = program(g.plan([input.greater(0.5).select(1.25, input)], &Limits::default()));
    let mut bound = program.bind([("x", &x)], [("out", &mut ours)]).expect("binds");
    side_by_side(
        &format!("W4 where(x>t,m,x) f64 {size}"),
        16 * count,
        vec![
            (
                "loop",
                Box::new(|| {
                    let pairs = black_box(&mut loops).iter_mut().zip(black_box(&x));
                    pairs.for_each(|(o, x)| *o = if *x > 0.5 { 1.25 } else { *x });
                }),
            ),
            ("fusewire", Box::new(|| bound.run().expect("runs"))),
            ("ndarray", Box::new(|| nd = black_box(&array).mapv(|x| if x > 0.5 { 1.25 } else { x }))),
        ],
    );
    drop(bound);
    assert_eq!(ours, loops);
}

fn w11(count: usize, size: &str) {
    let x = wave(count, 0.37);
    let (mut ours, mut loops, mut nd) = (vec![0.0; count], vec![0.0; count], Array1::<f64>::zeros(0));
    let array = Array1::from(x.clone());
    let g = Graph::new();
    let v = g.input("x", F64, [count]);
    let y = 0.25 * v * v * v + 0.75 * v * v - 1.5 * v - 2;
    let program = program(g.plan([y], &Limits::default()));
    let mut bound = program.bind([("x", &x)], [("out", &mut ours)]).expect("binds");
    side_by_side(
        &format!("W11 cubic f64 {size}"),
        16 * count,
        vec![
            (
                "loop",
                Box::new(|| {
                    let pairs = black_box(&mut loops).iter_mut().zip(black_box(&x));
                    pairs.for_each(|(o, v)| *o = 0.25 * v * v * v + 0.75 * v * v - 1.5 * v - 2.0);
                }),
            ),
            ("fusewire", Box::new(|| bound.run().expect("runs"))),
            (
                "ndarray",
                Box::new(|| {
                    let v = black_box(&array);
                    nd = 0.25 * (v * v * v) + 0.75 * (v * v) - 1.5 * v - 2.0;
                }),
            ),
        ],
    );
    drop(bound);
    assert_eq!(ours, loops);
}

fn main() {
    // `cargo test --benches` passes arguments of its own: then small sizes only check the results.
    let quick = std::env::args().any(|argument| argument == "--test");
    println!("{:<26} {:<14} {:>13} {:>12} {:>8}", "workload", "", "median", "", "ratio");
    let large = if quick { 1000 } else { 10_000_000 };
    let (cached, rows) = (32_768, if quick { 3 } else { 20_000 });
    w1(large, "10M");
    w1(cached, "32k");
    w2(large, "10M");
    w2(cached, "32k");
    w3_f64(rows, "20M");
    w3_f64(32, "32k");
    w3_f32(rows, "20M");
    w3_f32(32, "32k");
    w4(large, "10M");
    w4(cached, "32k");
    w11(large, "10M");
    w11(cached, "32k");
}
