//! How long planning takes, and how it grows: `cargo bench --bench planning`.
//!
//! For each sort of expression the time per plan at several sizes. Twice the nodes should take about twice the time.

use fusewire::prelude::*;
use std::hint::black_box;
use std::time::{Duration, Instant};

type Build = fn(&Graph, usize) -> Vec<Expr<'_>>;

/// Sorts of expressions of about so many nodes.
const EXPRESSIONS: [(&str, Build); 9] = [
    ("chain", |g, nodes| {
        let x = g.input("x", F64, [1000]);
        vec![(0..nodes / 2).fold(x, |sum, at| if at % 2 == 0 { sum + x } else { sum.sqrt() * x })]
    }),
    ("fan", |g, nodes| {
        let inputs: Vec<Expr<'_>> =
            (0..nodes / 3).map(|at| g.input(&format!("x{at}"), F64, [1000])).collect();
        vec![inputs.iter().skip(1).fold(inputs[0], |sum, x| sum + x.exp())]
    }),
    ("outputs", |g, nodes| {
        let x = g.input("x", F64, [1000]);
        (0..nodes / 2).map(|at| (x.exp() * (at as f64)).named(&format!("y{at}"))).collect()
    }),
    ("reductions", |g, nodes| {
        let x = g.input("x", F64, [100, 100]);
        vec![(0..nodes / 4).fold(x, |x, _| (x - x.mean(Axis(1)).expand_dims(1)) * 2)]
    }),
    ("differences", |g, nodes| {
        let x = g.input("x", F64, [100_000]);
        vec![(0..nodes / 3).fold(x, |x, _| x.slice_axis(Axis(0), 1..) - x.slice_axis(Axis(0), ..-1))]
    }),
    ("views", |g, nodes| {
        let x = g.input("x", F64, [100, 100]);
        vec![(0..nodes).fold(x, |x, at| if at % 2 == 0 { x.transpose() } else { x.flip(Axis(0)) })]
    }),
    ("symbols", |g, nodes| {
        // Each input has a dim of its own, and all must turn out to be equal.
        let inputs: Vec<Expr<'_>> = (0..nodes / 2)
            .map(|at| g.input(&format!("x{at}"), F64, g.dim(&format!("n{at}"), 1..=1000)))
            .collect();
        vec![inputs.iter().skip(1).fold(inputs[0], |sum, x| sum + *x)]
    }),
    ("symbolic slices", |g, nodes| {
        let x = g.input("x", F64, g.dim("n", 1_000_000..=2_000_000));
        vec![(0..nodes / 3).fold(x, |x, _| x.slice_axis(Axis(0), 1..) - x.slice_axis(Axis(0), ..-1))]
    }),
    ("joins", |g, nodes| {
        let x = g.input("x", F64, [100]);
        let parts: Vec<Expr<'_>> = (0..nodes / 2).map(|at| x * (at as f64)).collect();
        vec![g.concat(Axis(0), parts)]
    }),
];

fn best(mut run: impl FnMut()) -> Duration {
    let mut best = Duration::MAX;
    let begun = Instant::now();
    for round in 0..5 {
        let start = Instant::now();
        run();
        best = best.min(start.elapsed());
        if round > 0 && begun.elapsed() > Duration::from_secs(4) {
            break;
        }
    }
    best
}

fn main() {
    let only = std::env::args().nth(1).filter(|name| !name.starts_with("--"));
    let sizes = [1250, 2500, 5000, 10_000];
    println!("milliseconds per plan, and building the graph for the largest\n");
    println!(
        "{:16} {:>9} {:>9} {:>9} {:>9} {:>9}  growth",
        "", sizes[0], sizes[1], sizes[2], sizes[3], "build"
    );
    for (name, build) in EXPRESSIONS.iter().filter(|(name, _)| only.as_ref().is_none_or(|only| only == name))
    {
        let mut times = Vec::new();
        let mut built = Duration::ZERO;
        for nodes in sizes {
            let start = Instant::now();
            let g = Graph::new();
            let outputs = build(&g, nodes);
            built = start.elapsed();
            times.push(best(|| {
                let plan = g.plan(outputs.iter().copied(), &Limits::default());
                assert!(black_box(plan).is_ok(), "{name}");
            }));
        }
        let milliseconds = |time: &Duration| time.as_secs_f64() * 1e3;
        print!("{name:16}");
        times.iter().for_each(|time| print!(" {:9.2}", milliseconds(time)));
        // From 5000 to 10 000 nodes.
        println!(" {:9.2}  {:.2}", milliseconds(&built), milliseconds(&times[3]) / milliseconds(&times[2]));
    }
}
