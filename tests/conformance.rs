//! Every operation, dtype, rank and layout against the reference evaluator, at the sizes where
//! vectors, tiles, lanes and blocks begin and end. [`fusewire::testing::check`] compiles each node
//! alone and together, for inputs and outputs in four layouts.

#[path = "common/apply.rs"]
mod apply;

use apply::apply;
use fusewire::prelude::*;
use fusewire::testing::check;
use fusewire::{Axes, Element, ElementOp, ir::ReduceOp};

const LENGTHS: [u64; 16] = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 66, 257];

fn assert_checks(g: &Graph, outputs: Vec<Expr<'_>>) {
    if outputs.is_empty() {
        return;
    }
    let named: Vec<Expr<'_>> =
        outputs.iter().enumerate().map(|(at, output)| output.named(&format!("y{at}"))).collect();
    if let Err(mismatch) = check(&g.recipe(named).unwrap()) {
        panic!("{mismatch}");
    }
}

#[test]
fn every_operation_on_every_dtype_at_every_length() {
    // Code does not depend on lengths, so that the cache has it from the second one on.
    for op in ElementOp::ALL {
        for length in LENGTHS {
            let g = Graph::new();
            let mut outputs = Vec::new();
            for dtype in DType::ALL {
                let operands: Vec<Expr<'_>> =
                    (0..op.arity()).map(|at| g.input(&format!("{dtype}{at}"), dtype, [length])).collect();
                let result = apply(*op, &operands);
                if result.array().is_some() {
                    outputs.push(result);
                }
            }
            assert_checks(&g, outputs);
        }
    }
}

#[test]
fn every_operation_on_mixed_dtypes() {
    for op in ElementOp::ALL.iter().filter(|op| op.arity() > 1) {
        for left in DType::ALL {
            let g = Graph::new();
            let mut outputs = Vec::new();
            for right in DType::ALL {
                let mut operands = vec![g.input("a", left, [19]), g.input(&format!("b{right}"), right, [19])];
                operands.extend((op.arity() == 3).then(|| g.input("c", left, [19])));
                let result = apply(*op, &operands);
                if result.array().is_some() {
                    outputs.push(result);
                }
            }
            assert_checks(&g, outputs);
        }
    }
}

#[test]
fn every_cast() {
    for from in DType::ALL {
        for length in LENGTHS {
            let g = Graph::new();
            let x = g.input("x", from, [length]);
            assert_checks(&g, DType::ALL.into_iter().map(|to| x.astype(to)).collect());
        }
    }
}

const REDUCTIONS: [ReduceOp; 7] = ReduceOp::ALL;

fn reduce<'g>(op: ReduceOp, x: Expr<'g>, axes: Axes) -> Expr<'g> {
    match op {
        ReduceOp::Sum => x.sum(axes),
        ReduceOp::Prod => x.prod(axes),
        ReduceOp::Min => x.min(axes),
        ReduceOp::Max => x.max(axes),
        ReduceOp::Mean => x.mean(axes),
        ReduceOp::Infimum => x.min_initial(axes, 3),
        ReduceOp::Supremum => x.max_initial(axes, 3),
    }
}

#[test]
fn every_reduction_on_every_dtype_at_every_length() {
    for length in LENGTHS.into_iter().chain([4095, 4096, 4097, 8192, 20_000]) {
        for dtype in DType::ALL {
            let g = Graph::new();
            let x = g.input("x", dtype, [length]);
            let results = REDUCTIONS.iter().map(|op| reduce(*op, x, All.into()));
            assert_checks(&g, results.filter(|result| result.array().is_some()).collect());
        }
    }
}

#[test]
fn reductions_over_any_axes_of_any_rank() {
    let shapes: [&[u64]; 9] = [
        &[5, 3],
        &[130, 3],
        &[3, 200],
        &[2, 3, 5],
        &[4, 1, 33],
        &[2, 3, 4, 5],
        &[2, 1, 3, 1, 4],
        &[2, 3, 2, 3, 2, 3],
        &[3, 0, 2],
    ];
    for shape in shapes {
        for mask in 0..1u32 << shape.len() {
            let axes: Vec<isize> = (0..shape.len() as isize).filter(|axis| mask >> axis & 1 == 1).collect();
            let g = Graph::new();
            let x = g.input("x", F32, shape);
            let y = g.input("y", I32, shape);
            let results = [
                (x * 2).sum(&axes[..]),
                x.max(&axes[..]),
                y.sum(Axes::from(&axes[..]).keepdims()),
                (y.mean(&axes[..]) + 1).exp(),
            ];
            assert_checks(&g, results.into_iter().filter(|result| result.array().is_some()).collect());
        }
    }
}

#[test]
fn long_columns_and_long_rows_cross_blocks() {
    for (rows, columns) in [(5000, 7), (4096, 130), (9000, 2), (7, 5000), (2, 9000)] {
        let g = Graph::new();
        let x = g.input("x", F64, [rows, columns]);
        let scale = g.input("scale", F64, [columns]);
        let scaled = x * scale;
        assert_checks(
            &g,
            vec![
                scaled.sum(Axis(0)),
                scaled.sum(Axis(1)),
                scaled.sum(All),
                x.exp().mean(Axis(0)),
                x.min(All),
            ],
        );
    }
}

#[test]
fn views_of_any_rank() {
    let g = Graph::new();
    let x = g.input("x", F32, [2, 3, 4, 5]);
    let row = g.input("row", F32, [5]);
    let flipped = x.flip(Axis(1)).flip(Axis(-1));
    let outputs = vec![
        x.transpose() + 1,
        x.permute_dims([2, 0, 3, 1]) * 2,
        x.slice_axis(Axis(3), Slice::from(1..5).step_by(2)) - 1,
        x.slice_axis(Axis(2), Slice::ALL.step_by(-2)) - x.slice_axis(Axis(2), 1..3),
        flipped + row,
        x.expand_dims([0, 3]) * 3,
        x.slice_axis(Axis(0), 0..1).squeeze(0) + x,
        row.expand_dims(1).broadcast_to([5, 7]) * 2,
        (row - row.expand_dims(1)).sum(Axis(0)),
    ];
    assert_checks(&g, outputs);
}

#[test]
fn generators_and_constants() {
    for length in LENGTHS {
        let g = Graph::new();
        let ramp = g.arange(0, length, 1);
        let outputs = vec![
            ramp * 3 - 1,
            g.linspace(-1.0, 2.0, length) * 2.0,
            g.arange(0.5, 0.5 + length as f64 * 0.25, 0.25),
            g.zeros(F32, [length]) + ramp,
            g.full([length, 2], true),
            ramp.flip(Axis(0)).expand_dims(1) * g.constant(&[1i64, -2, 3], [3]),
            ramp.expand_dims(0).sum(Axis(1)),
        ];
        assert_checks(&g, outputs);
    }
}

#[test]
fn several_vector_functions_in_one_kernel() {
    for length in [1, 16, 255, 256, 257, 1000] {
        let g = Graph::new();
        let x = g.input("x", F64, [3, length]);
        let y = g.input("y", F32, [length]);
        let twice = (x.exp() * y).exp() + x.exp();
        assert_checks(&g, vec![twice % y, twice.sum(Axis(1)), (y.exp() - 1).floor_divide(0.25)]);
    }
}

fn bits<T: Element + Into<fusewire::Scalar>>(values: &[T]) -> Vec<u64> {
    values.iter().map(|value| (*value).into().bits()).collect()
}

/// Work that is cut into parts gives the same bits on one thread and on several.
#[test]
fn threads_do_not_change_bits() {
    let (rows, columns) = (3000usize, 700usize);
    let g = Graph::new();
    let x = g.input("x", F32, [rows, columns]);
    let outputs = [
        x.sum(All).named("sum"),
        (x * x).sum(Axis(0)).named("columns"),
        x.exp().mean(Axis(1)).named("rows"),
        (x.exp() + 1).named("elements"),
        x.slice_axis(Axis(1), 0..2).sum(Axis(0)).named("narrow"),
    ];
    let program = g.plan(outputs, &Limits::default()).unwrap().compile().unwrap();
    let data: Vec<f32> = (0..rows * columns).map(|at| (at as f32 * 0.731).sin() * 3.0).collect();
    let run = |threads: usize| {
        let (mut sum, mut by_column) = ([0f32], vec![0f32; columns]);
        let (mut by_row, mut elements) = (vec![0f32; rows], vec![0f32; rows * columns]);
        let mut narrow = vec![0f32; 2];
        let outputs: Vec<(&str, ViewMut<'_>)> = vec![
            ("sum", ViewMut::new(&mut sum, [])),
            ("columns", (&mut by_column).into()),
            ("rows", (&mut by_row).into()),
            ("elements", ViewMut::new(&mut elements, [rows, columns])),
            ("narrow", (&mut narrow).into()),
        ];
        program
            .clone()
            .with_threads(threads)
            .run([("x", View::new(&data, [rows, columns]))], outputs)
            .unwrap();
        [bits(&sum), bits(&by_column), bits(&by_row), bits(&elements), bits(&narrow)]
    };
    let one = run(1);
    for threads in [2, 3, 8] {
        assert_eq!(one, run(threads), "{threads} threads");
    }
}

/// A sum of 64 million `f32` is right, where adding one by one gives half of it.
#[test]
fn a_long_sum_is_accurate_and_the_same_on_two_threads() {
    let data: Vec<f32> =
        (0..20_000_000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 8) as f32 / 16_777_216.0).collect();
    let exact: f64 = data.iter().map(|x| f64::from(*x)).sum();
    let g = Graph::new();
    let x = g.input("x", F32, [data.len()]);
    let plan = g.plan([x.sum(All).named("sum"), x.mean(All).named("mean")], &Limits::default()).unwrap();
    assert_eq!(plan.kernels().len(), 1);
    let program = plan.compile().unwrap();
    let mut results = Vec::new();
    for threads in [1, 2] {
        let (mut sum, mut mean) = (0f32, 0f32);
        let outputs: [(&str, ViewMut<'_>); 2] = [("sum", (&mut sum).into()), ("mean", (&mut mean).into())];
        program.clone().with_threads(threads).run([("x", &data)], outputs).unwrap();
        assert!((f64::from(sum) - exact).abs() <= 1e-7 * exact, "{sum} {exact}");
        assert!((f64::from(mean) - exact / 2e7).abs() <= 1e-7, "{mean}");
        results.push((sum.to_bits(), mean.to_bits()));
    }
    assert_eq!(results[0], results[1]);
}

/// One program, many threads at once, each with its own arrays.
#[test]
fn programs_are_shared_between_threads() {
    let g = Graph::new();
    let x = g.input("x", F64, [300]);
    let program = g.plan([x.exp().sum(All)], &Limits::default()).unwrap().compile().unwrap();
    std::thread::scope(|scope| {
        for seed in 0..8 {
            let program = &program;
            scope.spawn(move || {
                let data = vec![f64::from(seed); 300];
                for _ in 0..50 {
                    let mut out = 0.0;
                    program.run([("x", &data)], [("out", &mut out)]).unwrap();
                    let expected = f64::from(seed).exp() * 300.0;
                    assert!((out - expected).abs() <= expected * 1e-14);
                }
            });
        }
    });
}

/// Strides that no safe slice view has: zero (a broadcast input) and a step over other data.
#[test]
fn inputs_may_stand_still_and_outputs_may_be_part_of_an_array() {
    let g = Graph::new();
    let (a, b) = (g.input("a", F64, [4, 5]), g.input("b", F64, [4, 5]));
    let program = g.plan([a * 10 + b], &Limits::default()).unwrap().compile().unwrap();
    let row = [1.0, 2.0, 3.0, 4.0, 5.0];
    let column = [0.1, 0.2, 0.3, 0.4];
    let mut whole = vec![-1.0; 8 * 9];
    let inputs = [
        ("a", View::strided(&row, &[4, 5], &[0, 1], 0)),
        ("b", View::strided(&column, &[4, 5], &[-1, 0], 3)),
    ];
    program.run(inputs, [("out", ViewMut::strided(&mut whole, &[4, 5], &[18, 1], 11))]).unwrap();
    for (at, value) in whole.iter().enumerate() {
        let inside = at >= 11 && (at - 11) % 18 < 5 && (at - 11) / 18 < 4;
        let expected = if inside { row[(at - 11) % 18] * 10.0 + column[3 - (at - 11) / 18] } else { -1.0 };
        assert_eq!(*value, expected, "element {at}");
    }
}
