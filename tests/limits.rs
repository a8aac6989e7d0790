//! The limits, each at its last value and one beyond.

use fusewire::prelude::*;
use fusewire::{DiagnosticKind, StorePolicy};
use insta::assert_snapshot;

fn passes(g: &Graph, output: Expr<'_>, limits: &Limits) -> bool {
    g.plan([output], limits).is_ok()
}

#[test]
fn elements_at_the_limit_and_one_beyond() {
    let g = Graph::new();
    let (u, v) = (g.input("u", F32, [1000]), g.input("v", F32, [1000, 1]));
    let outer = (u + v).sum(All);
    assert!(passes(&g, outer, &Limits::default().with_elements(1_000_000)));
    assert!(!passes(&g, outer, &Limits::default().with_elements(999_999)));
    // The default, and a value that is one element over it.
    let full = |rows: u64, columns: u64| g.full([rows, columns], 1.0).sum(All);
    assert!(passes(&g, full(100_000_000, 1), &Limits::default()));
    assert!(!passes(&g, full(100_000_001, 1), &Limits::default()));
    // An excuse is exact as well.
    for (excused, passes_with_it) in [(1_000_000, true), (999_999, false)] {
        let excused = (u + v).allow_elements(excused).sum(All);
        assert_eq!(passes(&g, excused, &Limits::default().with_elements(1000)), passes_with_it);
    }
}

#[test]
fn bytes_at_the_limit_and_one_beyond() {
    let g = Graph::new();
    let x = g.input("x", F64, [1000, 80]);
    // 80 means of 8 bytes: 640 bytes, which are whole cache lines.
    let centred = (x - x.mean(Axis(0))).named("centred");
    let plan = g.plan([centred], &Limits::default().with_bytes(640)).unwrap();
    assert_eq!(plan.workspace_bytes(), 640);
    let error = g.plan([centred], &Limits::default().with_bytes(639)).unwrap_err();
    assert_eq!(error.kind(), DiagnosticKind::Workspace);
}

#[test]
fn operations_at_the_limit_and_one_beyond() {
    let g = Graph::new();
    let x = g.input("x", F64, [1000, 80]);
    let mean = x.mean(Axis(0)).named("mean");
    let scaled = ((x - mean) * 2).named("scaled");
    let plan = g.plan([scaled], &Limits::default()).unwrap();
    // A sum over all elements, then a subtraction and a product for each.
    assert_eq!(plan.operations(), 80_000 + 160_000);
    let limits = Limits::default().with_operations(plan.operations());
    assert!(passes(&g, scaled, &limits));
    let error = g.plan([scaled], &limits.with_operations(plan.operations() - 1)).unwrap_err();
    assert_eq!(error.kind(), DiagnosticKind::Work);
    assert_snapshot!(error);
}

#[test]
fn no_limit_on_operations_unless_asked_for() {
    let g = Graph::new();
    let x = g.input("x", F64, [1u64 << 40]);
    let plan = g.plan([x.exp().sum(All)], &Limits::default()).unwrap();
    assert_eq!(plan.operations(), 2 << 40);
    assert!(!passes(&g, x.exp().sum(All), &Limits::default().with_operations(1 << 40)));
}

#[test]
fn work_is_judged_at_the_upper_bounds_of_dims() {
    let g = Graph::new();
    let n = g.dim("n", 1..=1000);
    let (x, y) = (g.input("x", F64, (n, 1)), g.input("y", F64, (1, n)));
    let total = (x * y).sum(All);
    // A product and a sum for each of n * n elements.
    let limits = Limits::default().with_operations(2_000_000);
    let plan = g.plan([total], &limits).unwrap();
    assert_eq!(plan.max_extent("n"), Some(1000));
    let error = g.plan([total], &Limits::default().with_operations(500_000)).unwrap_err();
    assert!(error.to_string().contains("safe for n <= 500, declared up to 1 000"), "{error}");
    assert_snapshot!(error);
}

#[test]
fn what_overflows_is_over_every_limit() {
    let g = Graph::new();
    let generous =
        Limits::default().with_elements(u64::MAX).with_bytes(u64::MAX).with_operations(u64::MAX - 1);
    let full = |shape: &[u64]| g.full(shape, 1.0);
    // 2^64 elements; 2^63 elements, which no index counts; elements that fit, with bytes that do not.
    for shape in [&[1 << 32, 1 << 32][..], &[1 << 63], &[1 << 31, 1 << 31, 4], &[u64::MAX, u64::MAX, 3]] {
        let error = g.plan([full(shape).sum(All)], &generous).unwrap_err();
        assert_eq!(error.kind(), DiagnosticKind::Limit, "{shape:?}");
    }
    // Work that overflows saturates, and is then over any limit but the largest number.
    let long = g.full([1u64 << 62], 1.0f32).exp().sin().cos().tanh().exp();
    let total = long.sum(All);
    let error = g.plan([total], &generous).unwrap_err();
    assert_eq!(error.kind(), DiagnosticKind::Work);
    assert!(error.to_string().contains("18 446 744 073 709 551 615"), "{error}");
    assert!(passes(&g, total, &generous.clone().with_operations(u64::MAX)));
    // So does workspace, of one value and of several together.
    let kept = g.full([1u64 << 62], 1.0f64).sqrt().store(StorePolicy::Always);
    let error = g.plan(
        [kept.sum(All) + (kept.flip(Axis(0)) * 2).sum(All)],
        &generous.with_bytes(u64::MAX - 1).with_operations(u64::MAX),
    );
    let kinds: Vec<DiagnosticKind> =
        error.unwrap_err().diagnostics().iter().map(|wrong| wrong.kind).collect();
    assert_eq!(kinds, [DiagnosticKind::Workspace]);
}

#[test]
fn empty_loops_are_no_work() {
    let g = Graph::new();
    let x = g.input("x", F64, [1u64 << 40, 1 << 40, 0]);
    let plan = g.plan([x.exp()], &Limits::default().with_operations(0)).unwrap();
    assert_eq!(plan.operations(), 0);
}

#[test]
fn both_budgets_are_reported_together() {
    let g = Graph::new();
    let x = g.input("x", F64, [1000, 80]);
    let centred = x - x.mean(Axis(0));
    let limits = Limits::default().with_bytes(10).with_operations(10);
    let error = g.plan([centred], &limits).unwrap_err();
    let kinds: Vec<DiagnosticKind> = error.diagnostics().iter().map(|wrong| wrong.kind).collect();
    assert_eq!(kinds, [DiagnosticKind::Workspace, DiagnosticKind::Work]);
}

#[test]
fn workspace_of_the_caller_at_its_size_and_one_byte_less() {
    let g = Graph::new();
    let x = g.input("x", F64, [50, 40]);
    let plan = g.plan([(x - x.mean(Axis(0))).named("centred")], &Limits::default()).unwrap();
    let bytes = plan.workspace_bytes() as usize;
    assert_eq!(bytes, 320);
    let program = plan.compile().unwrap();
    let data: Vec<f64> = (0..2000).map(|at| (f64::from(at) * 0.7).sin()).collect();
    let mut expected = vec![0.0; 2000];
    let x = || View::new(&data, [50, 40]);
    program.run([("x", x())], [("centred", ViewMut::new(&mut expected, [50, 40]))]).unwrap();
    // Wherever in memory it lies, and whatever is in it.
    let mut memory = vec![0xffu8; bytes + 200];
    for start in [0, 1, 7, 64, 77] {
        let skipped = (memory[start..].as_ptr() as usize).wrapping_neg() % 64;
        for (length, fits) in [(bytes + skipped, true), (bytes + skipped - 1, false)] {
            let mut out = vec![-1.0; 2000];
            let outputs = [("centred", ViewMut::new(&mut out, [50, 40]))];
            let bound = program.bind_in(&mut memory[start..start + length], [("x", x())], outputs);
            match bound {
                Ok(mut bound) => bound.run().unwrap(),
                Err(error) => assert_eq!(error.kind(), DiagnosticKind::Workspace),
            }
            assert_eq!(out == expected, fits, "{start} {length}");
            assert!(fits || out.iter().all(|value| *value == -1.0));
        }
        // Nothing beyond it is touched.
        assert!(memory[start + bytes + skipped..].iter().all(|byte| *byte == 0xff));
    }
    // Where none is needed, none need be given.
    let plain = g.plan([(g.input("y", F64, [3]) * 2).named("twice")], &Limits::default()).unwrap();
    let mut out = [0.0; 3];
    let program = plain.compile().unwrap();
    program.bind_in(&mut [], [("y", &[1.0, 2.0, 3.0])], [("twice", &mut out)]).unwrap().run().unwrap();
    assert_eq!(out, [2.0, 4.0, 6.0]);
}

#[test]
fn arrays_without_elements_need_no_workspace() {
    for shape in [&[0usize, 5][..], &[3, 0, 5], &[0, 4, 0]] {
        let g = Graph::new();
        let x = g.input("x", F64, shape);
        let last = Axis(-1).keepdims();
        let outputs = [(x - x.mean(last.clone())).named("a"), (x.exp() / x.std(last)).named("b")];
        let plan = g.plan(outputs, &Limits::default()).unwrap();
        assert_eq!(plan.workspace_bytes(), 0);
        let program = plan.compile().unwrap();
        let outputs = ["a", "b"].map(|name| (name, ViewMut::new::<f64>(&mut [], shape)));
        program.bind_in(&mut [], [("x", View::new::<f64>(&[], shape))], outputs).unwrap().run().unwrap();
    }
    // Sizes whose product is no number, beside one of 0.
    let huge = 1u64 << 40;
    let g = Graph::new();
    let sorted = g.zeros(F64, [huge, 0, huge]).sort(Axis(0)).cumulative_sum(Axis(2));
    assert!(sorted.to_vec::<f64>().unwrap().is_empty());
}
