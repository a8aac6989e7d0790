//! Reductions that are broadcast back over their own rows: kernels that take turns on blocks of rows.

use fusewire::ir::plan::Step;
use fusewire::ir::{Apart, Boundary, StoreReason};
use fusewire::prelude::*;
use fusewire::testing::{TypedArray, check, check_at};
use insta::assert_snapshot;

fn plan<'g>(g: &'g Graph, outputs: impl IntoIterator<Item = Expr<'g>>) -> Plan {
    g.plan(outputs, &Limits::default()).unwrap()
}

fn last() -> Axes {
    Axes::from(Axis(-1)).keepdims()
}

fn layer_norm<'g>(x: Expr<'g>, weight: Expr<'g>, bias: Expr<'g>) -> Expr<'g> {
    (x - x.mean(last())) / (x.var(last()) + 1e-5).sqrt() * weight + bias
}

fn standardise(x: Expr<'_>, axis: isize) -> Expr<'_> {
    let axes = Axes::from(Axis(axis)).keepdims();
    (x - x.mean(axes.clone())) / x.std(axes)
}

/// One step, with kernels that take turns if there are several.
fn assert_one_step(plan: &Plan, workspace: u64) {
    assert_eq!((plan.steps().len(), plan.workspace_bytes()), (1, workspace), "{}", plan.explain());
}

#[test]
fn row_stages_are_one_step_with_a_few_rows_of_workspace() {
    let g = Graph::new();
    let x = g.input("x", F32, [4096, 1024]);
    let (weight, bias) = (g.input("weight", F32, [1024]), g.input("bias", F32, [1024]));
    // The largest element and the sum of each row, for the rows of a block, for up to 16 blocks.
    let blocks = 16 * 704;
    assert_one_step(&plan(&g, [x.softmax(Axis(-1))]), 2 * blocks);
    let normalised = plan(&g, [layer_norm(x, weight, bias)]);
    assert_one_step(&normalised, 2 * 16 * 1024);
    assert_snapshot!(normalised.explain());
    assert_one_step(&plan(&g, [standardise(x, -1)]), 2 * 16 * 1024);
    let columns = plan(&g, [standardise(g.input("columns", F64, [100, 5000]), 0)]);
    assert_one_step(&columns, 2 * 16 * 1024);
    let (u, v) = (g.input("u", F32, [1000, 64]), g.input("v", F32, [1000, 64]));
    let distances = (u.expand_dims(1) - v.expand_dims(0)).square().sum(Axis(-1));
    let distances = plan(&g, [distances]);
    assert_one_step(&distances, 0);
    assert_eq!(distances.kernels().len(), 1);
}

#[test]
fn exponentials_wait_in_the_memory_of_the_output() {
    let g = Graph::new();
    let x = g.input("x", F64, [300, 200]);
    let softmax = plan(&g, [x.softmax(Axis(1)).named("softmax")]);
    assert_snapshot!(softmax.explain());
    let lent = |plan: &Plan| plan.stored().iter().filter_map(|stored| stored.output).collect::<Vec<_>>();
    assert_eq!(lent(&softmax), [0]);
    // Half floats have no room for them, and neither has an output that is an input as well.
    assert!(lent(&plan(&g, [g.input("half", F16, [300, 200]).softmax(Axis(1))])).is_empty());
    assert!(lent(&softmax.in_place("softmax", "x").unwrap()).is_empty());
    // Each output once; what finds no place is computed again.
    let y = g.input("y", F64, [300, 200]);
    let sum = plan(&g, [x.softmax(Axis(1)) + y.softmax(Axis(1))]);
    assert_eq!(lent(&sum), [0]);
    assert!(
        sum.stored().iter().all(|stored| stored.output.is_some() || stored.reason == StoreReason::Reduction)
    );
    // The last kernel that reads them is a reduction as well, which reads what it has written.
    let early = x.softmax(Axis(1));
    assert!(lent(&plan(&g, [early.sum(Axis(0)).named("sum"), early.named("all")])).is_empty());
}

#[test]
fn boundaries_say_why_kernels_do_not_take_turns() {
    let g = Graph::new();
    let x = g.input("x", F64, [200_000, 100]);
    let why = |plan: Plan, step: usize| {
        let boundaries = plan.boundaries(step);
        boundaries
            .into_iter()
            .filter(|boundary| matches!(boundary, Boundary::Apart { .. }))
            .collect::<Vec<_>>()
    };
    let apart = |step: usize, why: Apart| Boundary::Apart { step, why };
    assert_eq!(why(plan(&g, [x.softmax(All)]), 1), [apart(0, Apart::NoRows)]);
    let bytes = (200_000 * 8 + 8) * 64;
    let columns = plan(&g, [x - x.mean(Axis(0))]);
    assert_eq!(why(columns, 1), [apart(0, Apart::TooLong { bytes: bytes + 200_000 * 8 * 64 })]);
    let stored = plan(&g, [(g.input("w", F64, [5000]) + 1).store(Always) * g.input("y", F64, [20, 5000])]);
    assert_eq!(why(stored, 1), [apart(0, Apart::LittleShared)]);
    assert_eq!(why(plan(&g, [x - x.mean(last())]), 1), []);
    assert!(plan(&g, [x.softmax(All)]).explain().to_string().contains("needs more of kernel 0"));
}

#[test]
fn every_block_gives_the_same_bits_as_the_reference() {
    for dtype in [F32, F64, F16, BF16, I32, U8] {
        for sizes in [[7, 33], [1, 5], [5, 1], [3, 300], [130, 3]] {
            let g = Graph::new();
            let x = g.input("x", dtype, sizes);
            let (weight, bias) = (g.input("weight", F32, [sizes[1]]), g.input("bias", F32, [sizes[1]]));
            let outputs = [
                x.softmax(Axis(1)).named("softmax"),
                x.log_softmax(Axis(0)).named("log_softmax"),
                layer_norm(x, weight, bias).named("layer_norm"),
                standardise(x, 0).named("columns"),
                (x - x.max(last())).named("below"),
            ];
            check(&g.recipe(outputs).unwrap())
                .unwrap_or_else(|mismatch| panic!("{dtype} {sizes:?}: {mismatch}"));
        }
    }
}

#[test]
fn rows_over_several_axes() {
    for sizes in [[2, 3, 4, 5], [1, 6, 1, 7], [3, 1, 5, 2]] {
        let g = Graph::new();
        let x = g.input("x", F64, sizes);
        let y = g.input("y", F64, sizes);
        let middle = Axes::from([1, 2]).keepdims();
        let outputs = [
            x.softmax(Axis(-1)).named("last"),
            x.softmax(Axis(1)).named("second"),
            ((x - x.mean(middle.clone())) / x.std(middle)).named("middle"),
            (x.softmax(Axis(-1)) * y.softmax(Axis(-1)) - y.transpose().transpose()).named("two"),
            standardise(standardise(x, 3), 1).named("twice"),
            (x.flip(Axis(0)) - x.mean(last()).flip(Axis(0))).named("other rows"),
            (x - x.slice_axis(Axis(0), 0..1).sum(last())).named("first row"),
        ];
        check(&g.recipe(outputs).unwrap()).unwrap();
        let two = x.softmax(Axis(-1)) * y.softmax(Axis(-1));
        assert_eq!(plan(&g, [two]).steps().len(), 1);
    }
}

#[test]
fn no_rows_and_no_elements() {
    for sizes in [[0, 4], [4, 0], [0, 0]] {
        let g = Graph::new();
        let x = g.input("x", F64, sizes);
        check(&g.recipe([x.softmax(Axis(1)).named("y"), (x - x.mean(last())).named("z")]).unwrap()).unwrap();
    }
}

#[test]
fn sizes_that_are_not_known_yet() {
    let g = Graph::new();
    let (n, d) = (g.dim("n", 0..=100_000), g.dim("d", 0..=4096));
    let x = g.input("x", F32, (n, d));
    let recipe = g.recipe([x.softmax(Axis(1)), standardise(x, 1).named("z")]).unwrap();
    for (rows, width) in [(0, 3), (3, 0), (1, 1), (7, 65), (200, 3)] {
        check_at(&recipe, &[("n", rows), ("d", width)]).unwrap();
    }
    let limits = Limits::default().with_elements(1 << 30);
    let plan = g.plan([x.softmax(Axis(1))], &limits).unwrap();
    assert_one_step(&plan, 2 * 16 * 1024);
    assert_snapshot!(plan.explain());
}

/// The bits of the outputs of a plan.
fn bits(program: &Program, x: &TypedArray, sizes: &[u64]) -> Vec<u32> {
    let shape: Vec<usize> = sizes.iter().map(|size| *size as usize).collect();
    let mut out = vec![0f32; shape.iter().product()];
    program.run([("x", x.view())], [("out", ViewMut::new(&mut out, shape))]).unwrap();
    out.into_iter().map(f32::to_bits).collect()
}

#[test]
fn threads_and_blocks_do_not_change_bits() {
    // Few rows and many, long and short; enough work for several threads.
    for sizes in [[1u64, 300_001], [3, 100_003], [5, 50_000], [257, 1023], [40_001, 9], [2, 2]] {
        let g = Graph::new();
        let x = g.input("x", F32, sizes);
        let functions: [fn(Expr<'_>) -> Expr<'_>; 3] =
            [|x| x.softmax(Axis(1)), |x| standardise(x, 1), |x| standardise(x, 0)];
        let array = TypedArray::random(F32, &sizes, 7);
        for function in functions {
            let plan = plan(&g, [function(x)]);
            let whole = plan.clone().unblocked().unwrap().compile().unwrap().with_threads(1);
            let expected = bits(&whole, &array, &sizes);
            let program = plan.compile().unwrap();
            for threads in [1, 2, 3, 40] {
                for rows in [1, 3, 64, u64::MAX] {
                    let program = program.clone().with_threads(threads).with_block_rows(rows);
                    assert!(bits(&program, &array, &sizes) == expected, "{sizes:?} {threads} {rows}");
                }
            }
        }
    }
}

#[test]
fn arrays_of_the_same_form_use_what_was_prepared() {
    let sizes = [1000u64, 300];
    let g = Graph::new();
    let program = plan(&g, [g.input("x", F32, sizes).softmax(Axis(1))]).compile().unwrap().with_threads(2);
    let fresh = program.clone();
    for seed in 0..4 {
        let x = TypedArray::random(F32, &sizes, seed);
        assert!(bits(&program, &x, &sizes) == bits(&fresh.clone().with_threads(1), &x, &sizes));
    }
}

#[test]
fn updates_in_place() {
    let (rows, width) = (50, 20);
    let values: Vec<f64> = (0..rows * width).map(|at| (at as f64 * 0.7).sin()).collect();
    type Function = fn(Expr<'_>) -> Expr<'_>;
    let functions: [(Function, bool); 4] = [
        (|x| x.softmax(Axis(1)), true),
        (|x| standardise(x, 1), true),
        (|x| standardise(x, 0), true),
        // A block would overwrite what the sums of later rows are made of.
        (|x| x - x.slice([Slice::from(0..20), Slice::ALL]).transpose().sum(last()).sum(All), false),
    ];
    for (function, takes_turns) in functions {
        let g = Graph::new();
        let planned = plan(&g, [function(g.input("x", F64, [rows, width])).named("y")]);
        let mut expected = vec![0.0; rows * width];
        let program = planned.clone().compile().unwrap();
        let x = View::new(&values, [rows, width]);
        program.run([("x", x)], [("y", ViewMut::new(&mut expected, [rows, width]))]).unwrap();
        let over = planned.in_place("y", "x").unwrap();
        assert_eq!(over.steps().iter().any(|step| matches!(step, Step::Rows(_))), takes_turns);
        for block in [1, 7, u64::MAX] {
            let mut x = values.clone();
            let program = over.clone().compile().unwrap().with_block_rows(block);
            program.run((), [("y", ViewMut::new(&mut x, [rows, width]))]).unwrap();
            assert_eq!(x, expected);
        }
    }
}

#[test]
fn rows_that_others_still_read_are_not_overwritten() {
    let size = 40;
    let g = Graph::new();
    let x = g.input("x", F64, [size, size]);
    // The sum of row i is that of column i of what is overwritten.
    let planned = plan(&g, [(x - x.transpose().sum(last())).named("y")]);
    assert_eq!(planned.steps().len(), 1);
    let values: Vec<f64> = (0..size * size).map(|at| (at as f64 * 0.7).cos()).collect();
    let mut expected = vec![0.0; size * size];
    let program = planned.clone().compile().unwrap();
    let bound = View::new(&values, [size, size]);
    program.run([("x", bound)], [("y", ViewMut::new(&mut expected, [size, size]))]).unwrap();
    let over = planned.in_place("y", "x").unwrap();
    assert_eq!(over.steps().len(), 2, "{}", over.explain());
    assert_eq!(over.workspace_bytes(), 320);
    let mut x = values;
    let program = over.compile().unwrap().with_block_rows(1);
    program.run((), [("y", ViewMut::new(&mut x, [size, size]))]).unwrap();
    assert_eq!(x, expected);
}

#[test]
fn expressions_too_long_for_one_kernel_store_a_block_at_a_time() {
    let count = 1_000_000;
    let g = Graph::new();
    let x = g.input("x", F64, [count]);
    let plan = plan(&g, [(0..600).fold(x, |y, at| (y + at) * x)]);
    assert!(plan.kernels().len() > 2);
    assert_one_step(&plan, 2 * 16 * 16_384);
}
