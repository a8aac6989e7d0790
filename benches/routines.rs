//! Routines beside what one would write with the standard library, in one run: see `side_by_side` for how it
//! is timed.

mod common;

use common::side_by_side;
use fusewire::prelude::*;
use std::hint::black_box;

/// Times an expression of one or two inputs beside a function that writes the same elements.
fn compare<B: fusewire::Element + Default + PartialEq + std::fmt::Debug>(
    workload: &str,
    (x, shape): (&[f32], &[usize]),
    keys: Option<&[i64]>,
    (count, result): (usize, &[usize]),
    expression: impl for<'g> Fn(Expr<'g>, Option<Expr<'g>>) -> Expr<'g>,
    mut by_hand: impl FnMut(&[f32], &mut [B]),
) {
    let g = Graph::new();
    let input = g.input("x", F32, shape);
    let with = keys.map(|keys| g.input("keys", I64, [keys.len()]));
    let plan = g.plan([expression(input, with)], &Limits::default()).expect("the workload plans");
    let program = plan.compile().expect("the workload compiles").with_threads(1);
    let (mut ours, mut theirs) = (vec![B::default(); count], vec![B::default(); count]);
    let mut inputs = vec![("x", View::new(x, shape))];
    inputs.extend(keys.map(|keys| ("keys", View::from(keys))));
    let mut bound = program.bind(inputs, [("out", ViewMut::new(&mut ours, result))]).expect("binds");
    side_by_side(
        workload,
        size_of_val(x) + size_of_val(&theirs[..]),
        vec![
            ("std", Box::new(|| by_hand(black_box(x), black_box(&mut theirs)))),
            ("fusewire", Box::new(|| bound.run().expect("runs"))),
        ],
    );
    drop(bound);
    assert!(ours == theirs, "{workload} differs");
}

/// Numbers in no order, no two of which are equal where there are fewer than 2^24.
fn numbers(count: usize) -> Vec<f32> {
    (0..count as u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 8) as f32 - 8e6).collect()
}

fn main() {
    // `cargo test --benches` passes arguments of its own: then small sizes only check the results.
    let quick = std::env::args().any(|argument| argument == "--test");
    println!("{:<26} {:<14} {:>13} {:>12} {:>8}", "workload", "", "median", "", "ratio");
    let sizes: &[(usize, usize, &str)] =
        if quick { &[(20, 30, "20x30")] } else { &[(1000, 1000, "1000x1000"), (4, 1_000_000, "4x1M")] };
    for (rows, columns, size) in sizes.iter().copied() {
        let (data, count) = (numbers(rows * columns), rows * columns);
        let shape = [rows, columns];
        let whole = (count, &shape[..]);
        compare(
            &format!("sort rows {size}"),
            (&data, &shape),
            None,
            whole,
            |x, _| x.sort(Axis(1)),
            |x, out: &mut [f32]| {
                out.copy_from_slice(x);
                out.chunks_exact_mut(columns).for_each(|row| row.sort_unstable_by(f32::total_cmp));
            },
        );
        let mut positions: Vec<usize> = Vec::new();
        compare(
            &format!("argsort rows {size}"),
            (&data, &shape),
            None,
            whole,
            |x, _| x.argsort(Axis(1)),
            |x, out: &mut [i64]| {
                for (x, out) in x.chunks_exact(columns).zip(out.chunks_exact_mut(columns)) {
                    positions.clear();
                    positions.extend(0..columns);
                    positions.sort_by(|a, b| x[*a].total_cmp(&x[*b]));
                    out.iter_mut().zip(&positions).for_each(|(out, at)| *out = *at as i64);
                }
            },
        );
        compare(
            &format!("running sum, rows {size}"),
            (&data, &shape),
            None,
            whole,
            |x, _| x.cumulative_sum(Axis(1)),
            |x, out: &mut [f32]| {
                for (x, out) in x.chunks_exact(columns).zip(out.chunks_exact_mut(columns)) {
                    let mut sum = 0.0f64;
                    for (x, out) in x.iter().zip(out) {
                        sum += f64::from(*x);
                        *out = sum as f32;
                    }
                }
            },
        );
        compare(
            &format!("running sum, columns {size}"),
            (&data, &shape),
            None,
            whole,
            |x, _| x.cumulative_sum(Axis(0)),
            |x, out: &mut [f32]| {
                let mut sums = vec![0.0f64; columns];
                for (x, out) in x.chunks_exact(columns).zip(out.chunks_exact_mut(columns)) {
                    for ((x, out), sum) in x.iter().zip(out).zip(&mut sums) {
                        *sum += f64::from(*x);
                        *out = *sum as f32;
                    }
                }
            },
        );
        let keys: Vec<i64> = (0..columns).map(|at| (at * 7919 % columns) as i64).collect();
        compare(
            &format!("take columns {size}"),
            (&data, &shape),
            Some(&keys),
            whole,
            |x, keys| keys.map_or(x, |keys| x.take(keys, Axis(1))),
            |x, out: &mut [f32]| {
                for (x, out) in x.chunks_exact(columns).zip(out.chunks_exact_mut(columns)) {
                    out.iter_mut().zip(&keys).for_each(|(out, key)| *out = x[*key as usize]);
                }
            },
        );
        compare(
            &format!("add columns by key {size}"),
            (&data, &shape),
            Some(&keys),
            (rows * 16, &[rows, 16]),
            |x, keys| {
                let zeros = x.slice_axis(Axis(1), 0..16).zeros_like();
                keys.map_or(x, |keys| zeros.scatter_add(keys % 16, x, Axis(1)))
            },
            |x, out: &mut [f32]| {
                out.fill(0.0);
                for (x, out) in x.chunks_exact(columns).zip(out.chunks_exact_mut(16)) {
                    x.iter().zip(&keys).for_each(|(x, key)| out[(*key % 16) as usize] += x);
                }
            },
        );
        compare(
            &format!("compress {size}"),
            (&data, &shape),
            None,
            (count, &[count]),
            |x, _| x.ravel().compress(x.ravel().greater(0), Axis(0)).0,
            |x, out: &mut [f32]| {
                let mut kept = 0;
                for x in x.iter().filter(|x| **x > 0.0) {
                    out[kept] = *x;
                    kept += 1;
                }
                out[kept..].fill(0.0);
            },
        );
        compare(
            &format!("distinct values {size}"),
            (&data, &shape),
            None,
            (count, &[count]),
            |x, _| (x / 4096).floor().unique().values,
            |x, out: &mut [f32]| {
                let mut sorted: Vec<f32> = x.iter().map(|x| (x / 4096.0).floor()).collect();
                sorted.sort_unstable_by(f32::total_cmp);
                sorted.dedup();
                out.fill(0.0);
                out[..sorted.len()].copy_from_slice(&sorted);
            },
        );
        compare(
            &format!("histogram {size}"),
            (&data, &shape),
            None,
            (64, &[64]),
            |x, _| x.histogram_range(64u64, -8e6, 8e6),
            |x, out: &mut [i64]| {
                let edges: Vec<f32> = (0..=64).map(|at| (-8e6 + 250_000.0 * f64::from(at)) as f32).collect();
                out.fill(0);
                for x in x.iter().filter(|x| (edges[0]..=edges[64]).contains(*x)) {
                    out[(edges.partition_point(|edge| edge <= x) - 1).min(63)] += 1;
                }
            },
        );
    }
    let size = if quick { 40 } else { 1000 };
    let small: Vec<f32> = (0..size * size).map(|at| (at * 31 % 17) as f32 - 8.0).collect();
    compare(
        &format!("matmul {size}x{size}"),
        (&small, &[size, size]),
        None,
        (size * size, &[size, size]),
        |x, _| x.matmul(x),
        |x, out: &mut [f32]| {
            out.fill(0.0);
            for (x_row, out) in x.chunks_exact(size).zip(out.chunks_exact_mut(size)) {
                for (factor, y_row) in x_row.iter().zip(x.chunks_exact(size)) {
                    out.iter_mut().zip(y_row).for_each(|(out, y)| *out += factor * y);
                }
            }
        },
    );
}
