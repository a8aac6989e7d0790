//! A chain of stages, each of which reads the one before through a view, element by element and as means: as it is planned, and where
//! every stage is computed again by whoever reads it. `cargo bench --bench shared`.

mod common;

use common::{side_by_side, wave};
use fusewire::prelude::*;

/// A way to see a matrix of as many rows as columns.
type Seen = for<'g> fn(Expr<'g>) -> Expr<'g>;

/// What stands around each stage.
type Policy = for<'g> fn(Expr<'g>) -> Expr<'g>;

fn main() {
    // `cargo test --benches` passes arguments of its own: then small sizes only check the results.
    let quick = std::env::args().any(|argument| argument == "--test");
    let rows = if quick { 30 } else { 600 };
    println!("{:<26} {:<14} {:>13} {:>12} {:>8}", "workload", "", "median", "", "ratio");
    let seen: [(&str, Seen); 3] =
        [("itself", |x| x), ("flipped", |x| x.flip(Axis(1))), ("transposed", |x| x.transpose())];
    let data = wave(rows * rows, 0.37);
    for (name, seen) in seen {
        for stages in [10, 40] {
            let policies: [Policy; 2] = [|x| x, |x| x.store(Never)];
            let programs = policies.map(|policy| {
                let g = Graph::new();
                let x = g.input("x", F64, [rows, rows]);
                let y = (0..stages).fold(x, |x, _| {
                    let view = seen(policy(x.sin()));
                    policy(view - view.mean(Axis(0)))
                });
                let plan = g.plan([y.named("y")], &Limits::default()).expect("plans");
                plan.compile().expect("compiles").with_threads(1)
            });
            let mut results = [vec![0.0; rows * rows], vec![0.0; rows * rows]];
            let bind = |(program, result): (&Program, _)| {
                let x = View::new(&data, [rows, rows]);
                program.bind([("x", x)], [("y", ViewMut::new(result, [rows, rows]))]).expect("binds")
            };
            let bound: Vec<_> =
                programs.iter().zip(results.iter_mut().map(|result| &mut result[..])).map(bind).collect();
            let candidates = bound.into_iter().zip(["as planned", "never stored"]);
            side_by_side(
                &format!("{stages} stages, {name}"),
                16 * rows * rows,
                candidates
                    .map(|(mut bound, name)| -> common::Candidate<'_> {
                        (name, Box::new(move || bound.run().expect("runs")))
                    })
                    .collect(),
            );
            assert_eq!(results[0], results[1], "the bits differ");
        }
    }
}
