//! Programs whose sizes are not known beside the same programs for known sizes, in one run: once the
//! bound program alone, and once with its arrays bound by name for every run.

mod common;

use common::{Candidate, side_by_side, wave};
use fusewire::prelude::*;

/// An expression over a size, whichever it is.
type Build = for<'g> fn(&'g Graph, Dim) -> Expr<'g>;

fn w1(g: &Graph, n: Dim) -> Expr<'_> {
    g.input("x", I64, n) + 5
}

fn w2(g: &Graph, n: Dim) -> Expr<'_> {
    g.input("x", F32, n).absolute().sqrt()
}

fn w3(g: &Graph, n: Dim) -> Expr<'_> {
    let [mu, sigma, w] = ["mu", "sigma", "w"].map(|name| g.input(name, F64, [1000]));
    (g.input("x", F64, (&n, 1000)) - mu) / sigma * w + g.input("b", F64, (&n, 1))
}

fn w4(g: &Graph, n: Dim) -> Expr<'_> {
    let x = g.input("x", F64, n);
    x.greater(0.5).select(1.25, x)
}

fn program(build: Build, n: Dim) -> Program {
    let g = Graph::new();
    let plan = g.plan([build(&g, n)], &Limits::default()).expect("the workload plans");
    plan.compile().expect("the workload compiles").with_threads(1)
}

/// Times both programs on `count` elements, `columns` to each of the size.
fn compare<T: fusewire::Element + Copy + Default>(
    workload: &str,
    build: Build,
    x: &[T],
    columns: usize,
    others: &[(&str, Vec<f64>, Vec<usize>)],
) {
    let rows = x.len() / columns;
    let shape: Vec<usize> = if columns == 1 { vec![rows] } else { vec![rows, columns] };
    let known = program(build, Dim::from(rows));
    let symbolic = program(build, Dim::symbolic("n", 1..=rows as u64));
    let inputs = || -> Vec<(&str, View<'_>)> {
        let others = others.iter().map(|(name, elements, shape)| (*name, View::new(elements, &shape[..])));
        std::iter::once(("x", View::new(x, &shape[..]))).chain(others).collect()
    };
    // Both results begin at the same place of a page: caches tell addresses apart by their low bits.
    let page = 4096 / size_of::<T>();
    let mut memory = vec![T::default(); 2 * x.len().next_multiple_of(page)];
    let (first, second) = memory.split_at_mut(x.len().next_multiple_of(page));
    let (first, second) = (&mut first[..x.len()], &mut second[..x.len()]);
    let mut bound = known.bind(inputs(), [("out", ViewMut::new(first, &shape[..]))]).expect("binds");
    let mut also = symbolic.bind(inputs(), [("out", ViewMut::new(second, &shape[..]))]).expect("binds");
    let bytes = 2 * size_of_val(x);
    let candidates: Vec<Candidate<'_>> = vec![
        ("known", Box::new(|| bound.run().expect("runs"))),
        ("symbolic", Box::new(|| also.run().expect("runs"))),
    ];
    side_by_side(&format!("{workload} bound"), bytes, candidates);
    drop((bound, also));
    let run = |program: &Program, out: &mut [T]| {
        program.run(inputs(), [("out", ViewMut::new(out, &shape[..]))]).expect("runs");
    };
    let candidates: Vec<Candidate<'_>> =
        vec![("known", Box::new(|| run(&known, first))), ("symbolic", Box::new(|| run(&symbolic, second)))];
    side_by_side(&format!("{workload} by name"), bytes, candidates);
}

fn main() {
    // `cargo test --benches` passes arguments of its own: then small sizes only check the results.
    let quick = std::env::args().any(|argument| argument == "--test");
    println!("{:<26} {:<14} {:>13} {:>12} {:>8}", "workload", "", "median", "", "ratio");
    let sizes: &[(usize, &str)] =
        if quick { &[(2000, "2k")] } else { &[(32_000, "32k"), (10_000_000, "10M")] };
    for (count, size) in sizes {
        let x = wave(*count, 0.37);
        let singles: Vec<f32> = x.iter().map(|x| *x as f32).collect();
        let integers: Vec<i64> = (0..*count as i64).collect();
        compare(&format!("W1 {size}"), w1, &integers, 1, &[]);
        compare(&format!("W2 {size}"), w2, &singles, 1, &[]);
        let row = |name, step| (name, wave(1000, step), vec![1000]);
        let column = ("b", wave(count / 1000, 1.3), vec![count / 1000, 1]);
        let others = [row("mu", 0.7), ("sigma", vec![1.5; 1000], vec![1000]), row("w", 1.1), column];
        compare(&format!("W3 {size}"), w3, &x, 1000, &others);
        compare(&format!("W4 {size}"), w4, &x, 1, &[]);
    }
}
