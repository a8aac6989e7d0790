//! Reductions of many elements: as accurate as the dtype allows, and the same on every number of threads.

use fusewire::prelude::*;

const COUNT: usize = 64 << 20;

/// Numbers from 1 to 2 in no order: a naive sum of so many in `f32` stops growing at 2^24 or drifts away.
fn elements() -> Vec<f32> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f32::from_bits(0x3f80_0000 | state >> 9)
    };
    (0..COUNT).map(|_| next()).collect()
}

/// Sum, mean and variance in `f64`.
fn expected(x: &[f32]) -> [f64; 3] {
    let sum: f64 = x.iter().map(|x| f64::from(*x)).sum();
    let mean = sum / x.len() as f64;
    let squares: f64 = x.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum();
    [sum, mean, squares / x.len() as f64]
}

#[test]
fn totals_of_64_million_elements_are_accurate_and_do_not_depend_on_threads() {
    let data = elements();
    let expected = expected(&data);
    let naive = data.iter().fold(0f32, |sum, x| sum + x);
    assert!((f64::from(naive) / expected[0] - 1.0).abs() > 1e-3, "the naive sum is no trap: {naive}");
    let g = Graph::new();
    let x = g.input("x", F32, [COUNT]);
    let plan = g.plan(
        [x.sum(All).named("sum"), x.mean(All).named("mean"), x.var(All).named("var")],
        &Limits::default(),
    );
    let program = plan.unwrap().compile().unwrap();
    let on = |threads: usize| {
        let mut totals = [0f32; 3];
        let [sum, mean, var] = &mut totals;
        program
            .clone()
            .with_threads(threads)
            .run([("x", &data[..])], [("sum", sum), ("mean", mean), ("var", var)])
            .unwrap();
        totals
    };
    let totals = on(1);
    for (total, expected) in totals.iter().zip(expected) {
        assert!((f64::from(*total) / expected - 1.0).abs() < 1e-6, "{totals:?} but {expected:?}");
    }
    for threads in [2, 3] {
        assert_eq!(on(threads).map(f32::to_bits), totals.map(f32::to_bits));
    }
}

#[test]
fn results_larger_than_the_cache_are_written_around_it_wherever_rows_begin() {
    // 80 MB in rows that end within a cache line, from every place in one, and rows too short for whole lines.
    for (rows, columns) in [(20_001, 999), (400_000, 49)] {
        let (data, row) = (elements(), elements());
        let data = &data[..rows * columns];
        let row = &row[..columns];
        let g = Graph::new();
        let (x, weights) = (g.input("x", F32, [rows, columns]), g.input("w", F32, [columns]));
        let plan = g.plan([(x * weights + 1f32).named("out")], &Limits::default()).unwrap();
        let program = plan.compile().unwrap();
        for (threads, shift) in [(1, 0), (2, 1), (1, 7)] {
            let program = program.clone().with_threads(threads);
            let mut out = vec![0f32; data.len() + 2 * shift];
            let inside = &mut out[shift..shift + data.len()];
            program
                .run(
                    [("x", View::new(data, [rows, columns])), ("w", View::new(row, [columns]))],
                    [("out", ViewMut::new(inside, [rows, columns]))],
                )
                .unwrap();
            let wrong =
                inside.iter().enumerate().find(|(at, got)| **got != data[*at] * row[at % columns] + 1.0);
            assert_eq!(wrong, None, "{rows} x {columns}, {threads} threads, {shift} elements on");
            let around = out[..shift].iter().chain(&out[shift + data.len()..]);
            assert!(around.into_iter().all(|x| *x == 0.0), "elements beside the result are written");
        }
    }
}
