//! Kernels that take turns on blocks of rows, against loops of plain Rust and against the same kernels on all rows one
//! after another; the bits of both are compared. `WORKLOAD=softmax cargo bench --bench rows` runs a part.

mod common;

use common::{side_by_side, wave};
use fusewire::prelude::*;
use std::hint::black_box;

/// A function of rows of `f32` or `f64` in plain Rust: input, output, row length.
type Loop<T> = fn(&[T], &mut [T], usize);

macro_rules! workloads {
    ($module:ident, $number:ty, $dtype:ident) => {
        mod $module {
            use super::*;

            /// Sixteen sums side by side, which the compiler makes vectors of.
            fn sum(values: impl ExactSizeIterator<Item = $number> + Clone) -> $number {
                let mut lanes = [0.0; 16];
                for (at, value) in values.enumerate() {
                    lanes[at % 16] += value;
                }
                lanes.iter().sum()
            }

            pub fn softmax(x: &[$number], out: &mut [$number], width: usize) {
                for (x, out) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
                    let mut lanes = [<$number>::NEG_INFINITY; 16];
                    for (at, x) in x.iter().enumerate() {
                        lanes[at % 16] = if *x > lanes[at % 16] { *x } else { lanes[at % 16] };
                    }
                    let most = lanes.iter().copied().fold(<$number>::NEG_INFINITY, <$number>::max);
                    out.iter_mut().zip(x).for_each(|(out, x)| *out = (x - most).exp());
                    let sum = sum(out.iter().copied());
                    out.iter_mut().for_each(|out| *out /= sum);
                }
            }

            pub fn layer_norm(x: &[$number], out: &mut [$number], width: usize) {
                for (x, out) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
                    let mean = sum(x.iter().copied()) / width as $number;
                    let var = sum(x.iter().map(|x| (x - mean) * (x - mean))) / width as $number;
                    let deviation = (var + 1e-5).sqrt();
                    for (at, (out, x)) in out.iter_mut().zip(x).enumerate() {
                        let weight = 0.5 + at as $number * 1e-3;
                        *out = (x - mean) / deviation * weight + 0.25;
                    }
                }
            }

            pub fn standardise_columns(x: &[$number], out: &mut [$number], width: usize) {
                let rows = (x.len() / width) as $number;
                let (mut mean, mut var) = (vec![0.0; width], vec![0.0; width]);
                for x in x.chunks_exact(width) {
                    mean.iter_mut().zip(x).for_each(|(mean, x)| *mean += x);
                }
                mean.iter_mut().for_each(|mean| *mean /= rows);
                for x in x.chunks_exact(width) {
                    for (var, (x, mean)) in var.iter_mut().zip(x.iter().zip(&mean)) {
                        *var += (x - mean) * (x - mean);
                    }
                }
                let deviation: Vec<$number> = var.iter().map(|var| (var / rows).sqrt()).collect();
                for (x, out) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
                    for at in 0..width {
                        out[at] = (x[at] - mean[at]) / deviation[at];
                    }
                }
            }

            fn distances_by_hand(u: &[$number], v: &[$number], out: &mut [$number], width: usize) {
                let count = v.len() / width;
                for (u, out) in u.chunks_exact(width).zip(out.chunks_exact_mut(count)) {
                    for (v, out) in v.chunks_exact(width).zip(out) {
                        *out = sum(u.iter().zip(v).map(|(u, v)| (u - v) * (u - v)));
                    }
                }
            }

            /// Squared distances of all pairs: one kernel, without any array between.
            pub fn distances([count, width]: [usize; 2]) {
                let [u, v] = [0.37, 0.73]
                    .map(|step| wave(count * width, step).into_iter().map(|x| x as $number).collect());
                let (u, v): (Vec<$number>, Vec<$number>) = (u, v);
                let g = Graph::new();
                let [left, right] = ["u", "v"].map(|name| g.input(name, $dtype, [count, width]));
                let distances = (left.expand_dims(1) - right.expand_dims(0)).square().sum(Axis(-1));
                let plan = g.plan([distances], &Limits::default()).expect("plans");
                assert_eq!((plan.kernels().len(), plan.workspace_bytes()), (1, 0));
                let program = plan.compile().expect("compiles");
                let mut results = vec![vec![0.0; count * count]; 3];
                let [hand, one, two] = &mut results[..] else { return };
                let bind = |threads: usize, out| {
                    let inputs = [("u", View::new(&u, [count, width])), ("v", View::new(&v, [count, width]))];
                    let out = ViewMut::new(out, [count, count]);
                    program.clone().with_threads(threads).bind(inputs, [("out", out)]).expect("binds")
                };
                let (mut one, mut two) = (bind(1, one), bind(2, two));
                side_by_side(
                    &format!("distances {} {count}x{count}x{width}", stringify!($number)),
                    size_of::<$number>() * count * count,
                    vec![
                        ("loop", Box::new(|| distances_by_hand(black_box(&u), &v, black_box(hand), width))),
                        ("fusewire", Box::new(|| one.run().expect("runs"))),
                        ("fusewire, 2", Box::new(|| two.run().expect("runs"))),
                    ],
                );
            }

            /// One sum for each row: what a short reduction costs beside its elements.
            pub fn row_sums([rows, width]: [usize; 2]) {
                let x: Vec<$number> = wave(rows * width, 0.37).into_iter().map(|x| x as $number).collect();
                let g = Graph::new();
                let sums = g.input("x", $dtype, [rows, width]).sum(Axis(-1));
                let program = g.plan([sums], &Limits::default()).and_then(Plan::compile).expect("compiles");
                let [mut hand, mut own] = [vec![0.0; rows], vec![0.0; rows]];
                let out = [("out", ViewMut::new(&mut own, [rows]))];
                let inputs = [("x", View::new(&x, [rows, width]))];
                let mut bound = program.with_threads(1).bind(inputs, out).expect("binds");
                let by_hand = |hand: &mut [$number]| {
                    x.chunks_exact(width).zip(hand).for_each(|(x, out)| *out = sum(x.iter().copied()));
                };
                side_by_side(
                    &format!("row sums {} {rows}x{width}", stringify!($number)),
                    size_of::<$number>() * rows * width,
                    vec![
                        ("loop", Box::new(|| by_hand(black_box(&mut hand)))),
                        ("fusewire", Box::new(|| bound.run().expect("runs"))),
                    ],
                );
            }

            pub fn compare(
                name: &str,
                [rows, width]: [usize; 2],
                expression: for<'g> fn(&'g Graph, Expr<'g>, usize) -> Expr<'g>,
                by_hand: Loop<$number>,
            ) {
                let x: Vec<$number> = wave(rows * width, 0.37).into_iter().map(|x| x as $number).collect();
                let weights: Vec<$number> = (0..width).map(|at| 0.5 + at as $number * 1e-3).collect();
                let g = Graph::new();
                let input = g.input("x", $dtype, [rows, width]);
                let plan = g.plan([expression(&g, input, width)], &Limits::default()).expect("plans");
                let has_weights = plan.inputs().len() > 1;
                let whole = plan.clone().unblocked().and_then(Plan::compile).expect("compiles");
                let program = plan.compile().expect("compiles");
                let mut results = vec![vec![0.0; rows * width]; 5];
                let [hand, one, two, whole_one, whole_two] = &mut results[..] else { return };
                fn bind<'a>(
                    program: &Program,
                    threads: usize,
                    [rows, width]: [usize; 2],
                    (x, weights): (&'a [$number], Option<&'a [$number]>),
                    out: &'a mut [$number],
                ) -> fusewire::Bound<'a> {
                    let mut inputs = vec![("x", View::new(x, [rows, width]))];
                    inputs.extend(weights.map(|weights| ("weights", View::new(weights, [width]))));
                    let program = program.clone().with_threads(threads);
                    program.bind(inputs, [("out", ViewMut::new(out, [rows, width]))]).expect("binds")
                }
                let given = (&x[..], has_weights.then_some(&weights[..]));
                let mut bound = [
                    bind(&program, 1, [rows, width], given, one),
                    bind(&program, 2, [rows, width], given, two),
                    bind(&whole, 1, [rows, width], given, whole_one),
                    bind(&whole, 2, [rows, width], given, whole_two),
                ];
                let [one, two, whole_one, whole_two] = &mut bound;
                side_by_side(
                    &format!("{name} {} {rows}x{width}", stringify!($number)),
                    2 * size_of::<$number>() * rows * width,
                    vec![
                        ("loop", Box::new(|| by_hand(black_box(&x), black_box(hand), width))),
                        ("blocks", Box::new(|| one.run().expect("runs"))),
                        ("blocks, 2", Box::new(|| two.run().expect("runs"))),
                        ("all rows", Box::new(|| whole_one.run().expect("runs"))),
                        ("all rows, 2", Box::new(|| whole_two.run().expect("runs"))),
                    ],
                );
                drop(bound);
                let [hand, first, others @ ..] = &results[..] else { return };
                assert!(others.iter().all(|other| other == first), "the bits differ");
                let differences = hand.iter().zip(first).map(|(hand, own)| (hand - own).abs());
                assert!(differences.fold(0.0, <$number>::max) < 1e-3);
            }
        }
    };
}
workloads!(single, f32, F32);
workloads!(double, f64, F64);

fn softmax<'g>(_: &'g Graph, x: Expr<'g>, _: usize) -> Expr<'g> {
    x.softmax(Axis(-1))
}

fn layer_norm<'g>(g: &'g Graph, x: Expr<'g>, width: usize) -> Expr<'g> {
    let weights = g.input("weights", x.dtype().unwrap_or(F32), [width]);
    let (mean, var) = (x.mean(Axes::from(Axis(-1)).keepdims()), x.var(Axes::from(Axis(-1)).keepdims()));
    (x - mean) / (var + 1e-5).sqrt() * weights + 0.25
}

fn standardise_columns<'g>(_: &'g Graph, x: Expr<'g>, _: usize) -> Expr<'g> {
    (x - x.mean(Axis(0))) / x.std(Axis(0))
}

fn main() {
    // `cargo test --benches` passes arguments of its own: then small sizes only check the results.
    let quick = std::env::args().any(|argument| argument == "--test");
    println!("{:<26} {:<14} {:>13} {:>12} {:>8}", "workload", "", "median", "", "ratio");
    let wanted = std::env::var("WORKLOAD").unwrap_or_default();
    let large: &[[usize; 2]] = if quick {
        &[[40, 64]]
    } else {
        &[[4096, 1024], [24_576, 1024], [100_000, 64], [16, 1 << 20], [64, 256]]
    };
    let tall: &[[usize; 2]] =
        if quick { &[[40, 64]] } else { &[[200_000, 100], [2000, 4000], [200, 20_000], [256, 64]] };
    for shape in large {
        if "softmax".contains(&wanted) {
            single::compare("softmax", *shape, softmax, single::softmax);
            double::compare("softmax", *shape, softmax, double::softmax);
        }
        if "layer norm".contains(&wanted) {
            single::compare("layer norm", *shape, layer_norm, single::layer_norm);
            double::compare("layer norm", *shape, layer_norm, double::layer_norm);
        }
    }
    if "distances".contains(&wanted) {
        let shape = if quick { [9, 20] } else { [1000, 64] };
        single::distances(shape);
        double::distances(shape);
    }
    for width in [10, 33, 64, 100, 1000].into_iter().filter(|_| "row sums".contains(&wanted)) {
        let rows = if quick { 9 } else { 64_000 / width };
        single::row_sums([rows, width]);
        double::row_sums([rows, width]);
    }
    for shape in tall.iter().filter(|_| "standardise".contains(&wanted)) {
        single::compare("standardise", *shape, standardise_columns, single::standardise_columns);
        double::compare("standardise", *shape, standardise_columns, double::standardise_columns);
    }
}
