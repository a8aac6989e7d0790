//! What happens once per expression and once per call: building, planning, compiling, binding, and a
//! run on eight elements. `cargo bench --bench latency`.

use criterion::{Criterion, criterion_group, criterion_main};
use fusewire::prelude::*;
use std::hint::black_box;

/// Five operations on three inputs; `salt` keeps compiled code from being found in the cache.
fn expression(g: &Graph, salt: f64) -> Expr<'_> {
    let [a, b, c] = ["a", "b", "c"].map(|name| g.input(name, F64, [8]));
    ((a + b) * c - a) / b + salt
}

fn latency(criterion: &mut Criterion) {
    let mut salt = 0.0;
    criterion.bench_function("build five operations", |bencher| {
        bencher.iter(|| {
            let g = Graph::new();
            black_box(expression(&g, 2.0));
        });
    });
    let g = Graph::new();
    let y = expression(&g, 2.0);
    criterion.bench_function("plan five operations", |bencher| {
        bencher.iter(|| g.plan([black_box(y)], &Limits::default()).expect("plans"));
    });
    criterion.bench_function("compile five operations", |bencher| {
        bencher.iter_batched(
            || {
                salt += 1.0;
                let g = Graph::new();
                g.plan([expression(&g, salt)], &Limits::default()).expect("plans")
            },
            |plan| plan.compile().expect("compiles"),
            criterion::BatchSize::SmallInput,
        );
    });
    // Reductions of the same five operations: all elements, rows one by one, and columns side by side.
    for (name, shape, axes) in
        [("a total", [64, 64], vec![0, 1]), ("rows", [64, 64], vec![1]), ("columns", [64, 64], vec![0])]
    {
        criterion.bench_function(&format!("compile the sums of {name}"), |bencher| {
            bencher.iter_batched(
                || {
                    salt += 1.0;
                    let g = Graph::new();
                    let [a, b, c] = ["a", "b", "c"].map(|name| g.input(name, F64, shape));
                    let sum = (((a + b) * c - a) / b + salt).sum(axes.clone());
                    g.plan([sum], &Limits::default()).expect("plans")
                },
                |plan| plan.compile().expect("compiles"),
                criterion::BatchSize::SmallInput,
            );
        });
    }
    criterion.bench_function("compile what is in the cache", |bencher| {
        let plan = g.plan([y], &Limits::default()).expect("plans");
        bencher.iter(|| plan.clone().compile().expect("compiles"));
    });
    let program = g.plan([y], &Limits::default()).and_then(Plan::compile).expect("compiles");
    let [a, b, c] = [1.0, 2.0, 3.0].map(|x| [x; 8]);
    let mut out = [0.0; 8];
    criterion.bench_function("bind and run eight elements", |bencher| {
        bencher.iter(|| {
            let inputs = [("a", &a), ("b", &b), ("c", &c)];
            program.run(black_box(inputs), [("out", &mut out)]).expect("runs");
        });
    });
    let mut bound = program.bind([("a", &a), ("b", &b), ("c", &c)], [("out", &mut out)]).expect("binds");
    criterion
        .bench_function("run eight bound elements", |bencher| bencher.iter(|| bound.run().expect("runs")));
}

criterion_group!(benches, latency);
criterion_main!(benches);
