//! Joins that loops read part by part, against the same joins stored; the bits of both are compared.
//! `WORKLOAD=stencil cargo bench --bench joins` runs a part.

mod common;

use common::{side_by_side, wave};
use fusewire::prelude::*;

/// An expression of `x`, and of `y` of the same shape, in which `hold` stands around every join.
type Expression = for<'g> fn(&'g Graph, Expr<'g>, Expr<'g>, fn(Expr<'g>) -> Expr<'g>) -> Expr<'g>;

fn as_it_is(join: Expr<'_>) -> Expr<'_> {
    join
}

fn stored(join: Expr<'_>) -> Expr<'_> {
    join.store(Always)
}

/// The neighbour of each element on a padded array.
fn neighbour<'g>(padded: Expr<'g>, along: usize, by: i64) -> Expr<'g> {
    let shape = padded.shape().unwrap_or_default();
    let sizes = shape.iter().map(|dim| dim.upper() as i64 - 2).enumerate();
    padded.slice(
        sizes
            .map(|(axis, size)| {
                let first = 1 + if axis == along { by } else { 0 };
                Slice::new(first, first + size)
            })
            .collect::<Vec<_>>(),
    )
}

const WORKLOADS: [(&str, Expression); 10] = [
    ("roll + x", |_, x, _, hold| hold(x.roll(1, Axis(0))) + x),
    ("roll + x, last axis", |_, x, _, hold| hold(x.roll(1, Axis(-1))) + x),
    ("exp of roll, last axis", |_, x, _, hold| hold(x.roll(1, Axis(-1))).exp()),
    ("stencil over pad", |_, x, _, hold| {
        let padded = hold(x.pad(1, 0));
        let sides = [(0, -1), (0, 1), (1, -1), (1, 1)].map(|(axis, by)| neighbour(padded, axis, by));
        sides[0] + sides[1] + sides[2] + sides[3] - neighbour(padded, 0, 0) * 4
    }),
    ("stencil over rolls", |_, x, _, hold| {
        let sides = [(1, 0), (-1, 0), (1, 1), (-1, 1)].map(|(by, axis)| hold(x.roll(by, Axis(axis))));
        sides[0] + sides[1] + sides[2] + sides[3] - x * 4
    }),
    ("exp of concat", |g, x, y, hold| hold(g.concat(Axis(0), [x, y])).exp()),
    ("concat, computed parts", |g, x, y, hold| hold(g.concat(Axis(0), [x * 2, y.exp()])) + 1),
    ("exp of stack, last axis", |g, x, y, hold| hold(g.stack(Axis(-1), [x, y])).exp()),
    ("stack + 1, last axis", |g, x, y, hold| hold(g.stack(Axis(-1), [x, y])) + 1),
    ("ten rolls", |_, x, _, hold| (1..=10).fold(x, |x, by| hold(x.roll(by, Axis(0))) * 2 + 1)),
];

fn compare(name: &str, dtype: DType, [rows, width]: [usize; 2], expression: Expression) {
    let bytes: usize = rows * width * dtype.bytes();
    let held = |step: f64| -> Vec<u8> {
        let values = wave(rows * width, step);
        if dtype == F32 {
            values.iter().flat_map(|value| (*value as f32).to_ne_bytes()).collect()
        } else {
            values.iter().flat_map(|value| value.to_ne_bytes()).collect()
        }
    };
    let (x, y) = (held(0.37), held(0.73));
    let sizes = [rows, width];
    let strides = [(width * dtype.bytes()) as isize, dtype.bytes() as isize];
    let g = Graph::new();
    let (left, right) = (g.input("x", dtype, sizes), g.input("y", dtype, sizes));
    let [fused, whole] = [as_it_is, stored]
        .map(|hold| g.plan([expression(&g, left, right, hold)], &Limits::default()).expect("plans"));
    let kernels = [&fused, &whole].map(|plan| plan.kernels().len());
    let rest = if fused.workspace_bytes() > 0 { ", stored as well" } else { "" };
    println!("{} kernels{rest}, {} where joins are stored", kernels[0], kernels[1]);
    let shape: Vec<usize> = fused.outputs()[0].array.shape.iter().map(|dim| dim.upper() as usize).collect();
    let mut out_strides = vec![dtype.bytes() as isize; shape.len()];
    for axis in (1..shape.len()).rev() {
        out_strides[axis - 1] = out_strides[axis] * shape[axis] as isize;
    }
    let mut results = vec![vec![0u8; shape.iter().product::<usize>() * dtype.bytes()]; 4];
    let programs = [fused, whole].map(|plan| plan.compile().expect("compiles"));
    let mut bound = Vec::new();
    for (at, out) in results.iter_mut().enumerate() {
        let program = programs[at % 2].clone().with_threads(1 + at / 2);
        // SAFETY: the bytes are as many elements as the shape has, and outlive what is bound.
        let view = |bytes: &[u8]| unsafe { View::from_raw(bytes.as_ptr(), dtype, &sizes, &strides) };
        let is_read = |name: &str| program.plan().inputs().iter().any(|port| *port.name == *name);
        let inputs = [("x", view(&x)), ("y", view(&y))].into_iter().filter(|(name, _)| is_read(name));
        let inputs: Vec<(&str, View<'_>)> = inputs.collect();
        // SAFETY: the same, and nothing else refers to it while it is bound.
        let out = unsafe { ViewMut::from_raw(out.as_mut_ptr(), dtype, &shape, &out_strides) };
        bound.push(program.bind(inputs, [("out", out)]).expect("binds"));
    }
    let names = ["fused", "stored", "fused, 2", "stored, 2"];
    let candidates = bound.iter_mut().zip(names);
    side_by_side(
        &format!("{name} {dtype} {rows}x{width}"),
        2 * bytes,
        candidates
            .map(|(bound, name)| -> common::Candidate<'_> { (name, Box::new(|| bound.run().expect("runs"))) })
            .collect(),
    );
    drop(bound);
    assert!(results.iter().all(|result| *result == results[0]), "the bits differ");
}

fn main() {
    // `cargo test --benches` passes arguments of its own: then small sizes only check the results.
    let quick = std::env::args().any(|argument| argument == "--test");
    println!("{:<26} {:<14} {:>13} {:>12} {:>8}", "workload", "", "median", "", "ratio");
    let wanted = std::env::var("WORKLOAD").unwrap_or_default();
    let shapes: &[[usize; 2]] =
        if quick { &[[40, 20]] } else { &[[100, 100], [1000, 1000], [3000, 3000], [1_000_000, 3]] };
    for (name, expression) in WORKLOADS.iter().filter(|(name, _)| name.contains(&wanted)) {
        for shape in shapes {
            compare(name, F32, *shape, *expression);
            compare(name, F64, *shape, *expression);
        }
    }
}
