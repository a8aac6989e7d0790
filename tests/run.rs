//! Programs run on real arrays.

use fusewire::prelude::*;

#[test]
fn a_broadcast_chain_runs_in_one_kernel() {
    let g = Graph::new();
    let a = g.input("a", F64, [20, 37]);
    let mu = g.input("mu", F64, [37]);
    let sigma = g.input("sigma", F64, [37]);
    let w = g.input("w", F64, [37]);
    let b = g.input("b", F64, [20, 1]);
    let y = ((a - mu) / sigma * w + b).named("y");
    let plan = g.plan([y], &Limits::default()).unwrap();
    assert_eq!(plan.kernels().len(), 1);
    assert_eq!(plan.workspace_bytes(), 0);
    let program = plan.compile().unwrap();
    let data = |n: usize, s: f64| -> Vec<f64> { (0..n).map(|i| (i as f64 * s).sin() + 1.5).collect() };
    let (a, mu, sigma, w, b) = (data(740, 0.3), data(37, 0.7), data(37, 0.9), data(37, 1.1), data(20, 1.3));
    let mut out = vec![0.0; 740];
    program
        .run(
            [
                ("a", View::new(&a, [20, 37])),
                ("mu", (&mu).into()),
                ("sigma", (&sigma).into()),
                ("w", (&w).into()),
                ("b", View::new(&b, [20, 1])),
            ],
            [("y", ViewMut::new(&mut out, [20, 37]))],
        )
        .unwrap();
    for i in 0..20 {
        for j in 0..37 {
            assert_eq!(out[i * 37 + j], (a[i * 37 + j] - mu[j]) / sigma[j] * w[j] + b[i]);
        }
    }
}

#[test]
fn sums_along_every_axis() {
    for (rows, columns) in [(1, 1), (3, 5), (70, 33), (5000, 3), (3, 9000), (130, 200)] {
        let g = Graph::new();
        let x = g.input("x", F32, [rows as u64, columns as u64]);
        let plan = g
            .plan(
                [
                    x.sum(All).named("all"),
                    x.sum(Axis(0)).named("columns"),
                    (x * 2).exp().sum(Axis(1)).named("rows"),
                    x.max(Axis(1)).named("max"),
                    (x.mean(Axis(0)) + 1).named("mean"),
                ],
                &Limits::default(),
            )
            .unwrap();
        let program = plan.compile().unwrap();
        let data: Vec<f32> = (0..rows * columns).map(|i| (i as f32 * 0.37).sin()).collect();
        let mut all = 0f32;
        let (mut by_column, mut mean) = (vec![0f32; columns], vec![0f32; columns]);
        let (mut by_row, mut max) = (vec![0f32; rows], vec![0f32; rows]);
        program
            .run(
                [("x", View::new(&data, [rows, columns]))],
                [
                    ("all", ViewMut::from(&mut all)),
                    ("columns", (&mut by_column).into()),
                    ("rows", (&mut by_row).into()),
                    ("max", (&mut max).into()),
                    ("mean", (&mut mean).into()),
                ],
            )
            .unwrap();
        let exact: f64 = data.iter().map(|x| f64::from(*x)).sum();
        assert!((f64::from(all) - exact).abs() < 1e-3, "{all} {exact}");
        for j in 0..columns {
            let exact: f64 = (0..rows).map(|i| f64::from(data[i * columns + j])).sum();
            assert!((f64::from(by_column[j]) - exact).abs() < 1e-3, "{j}: {} {exact}", by_column[j]);
            assert!((f64::from(mean[j]) - (exact / rows as f64 + 1.0)).abs() < 1e-5);
        }
        for i in 0..rows {
            let row = &data[i * columns..][..columns];
            let exact: f64 = row.iter().map(|x| (f64::from(*x) * 2.0).exp()).sum();
            assert!((f64::from(by_row[i]) - exact).abs() < exact * 1e-5, "{} {exact}", by_row[i]);
            assert_eq!(max[i], row.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        }
    }
}

/// Sign and payload of NaN, too, are the same for every layout.
#[test]
fn the_bits_of_nan_do_not_depend_on_the_layout() {
    let (rows, columns) = (21usize, 8usize);
    let g = Graph::new();
    let x = g.input("x", F32, [rows as u64, columns as u64]);
    let outputs = [
        x.sum(Axis(0)).named("sum"),
        x.prod(Axis(0)).named("prod"),
        x.mean(Axis(0)).named("mean"),
        x.min(Axis(0)).named("min"),
        x.max(Axis(0)).named("max"),
        x.astype(F64).sum(Axis(0)).astype(F32).named("wide"),
    ];
    let names: Vec<&str> = vec!["sum", "prod", "mean", "min", "max", "wide"];
    let program = g.plan(outputs, &Limits::default()).unwrap().compile().unwrap();
    for (one, other) in (0..rows).flat_map(|one| (0..rows).map(move |other| (one, other))) {
        let at = |row: usize| match row {
            row if row == one => f32::from_bits(0x7fc0_1234),
            row if row == other => -f32::NAN,
            _ => 1.0,
        };
        let dense: Vec<f32> = (0..rows * columns).map(|index| at(index / columns)).collect();
        let turned: Vec<f32> = (0..rows * columns).map(|index| at(index % rows)).collect();
        let views = [
            View::new(&dense, [rows, columns]),
            View::strided(&turned, &[rows, columns], &[1, rows as isize], 0),
        ];
        for view in views {
            let mut results = vec![[0f32; 8]; names.len()];
            let outputs: Vec<(&str, ViewMut<'_>)> =
                names.iter().copied().zip(results.iter_mut().map(ViewMut::from)).collect();
            program.run([("x", view)], outputs).unwrap();
            for (name, result) in names.iter().zip(results) {
                assert!(result.iter().all(|nan| nan.to_bits() == f32::NAN.to_bits()), "{name} {one} {other}");
            }
        }
    }
}

/// A square that NumPy's users write as a power costs one multiplication, not a logarithm and an exponential.
#[test]
fn squares_and_cubes_are_products() {
    let g = Graph::new();
    let elements = [0.0, -0.0, 1.5, -1e200, 3e-170, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 0.1, -7.3];
    let x = g.constant(&elements, 10);
    let plan = g.plan([x.power(2).named("square"), x.power(3.0).named("cube")], &Limits::default()).unwrap();
    assert!(!plan.explain().to_string().contains("power"), "{}", plan.explain());
    let bits = |x: Vec<f64>| -> Vec<u64> { x.into_iter().map(f64::to_bits).collect() };
    let by = |f: fn(f64) -> f64| -> Vec<f64> { elements.iter().map(|x| f(*x)).collect() };
    assert_eq!(bits(x.power(2).to_vec().unwrap()), bits(by(|x| x * x)));
    assert_eq!(bits(x.power(3.0).to_vec().unwrap()), bits(by(|x| x * x * x)));
    assert_eq!(bits(x.power(1).to_vec().unwrap()), bits(by(|x| x)));
    assert_eq!(g.constant(&[i32::MIN, -3, 46341], 3).power(2).to_vec::<i32>().unwrap(), [0, 9, -2147479015]);
    // Exponents of an array are not known, and other numbers are the function's.
    for power in [x.power(x), x.power(0.5), x.power(4)] {
        assert!(g.plan([power], &Limits::default()).unwrap().explain().to_string().contains("power"));
    }
}
