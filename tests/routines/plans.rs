//! What plans say of routines, and what is refused.

use fusewire::Side;
use fusewire::prelude::*;
use insta::assert_snapshot;

#[test]
fn a_sort_between_kernels() {
    let g = Graph::new();
    let x = g.input("x", F64, [1000, 64]);
    let ranked = (x.exp() / x.exp().sum(Axis(0))).sort(Axis(0)).named("ranked");
    let plan = g.plan([(ranked * 2 - 1).named("y")], &Limits::default()).unwrap();
    assert_eq!((plan.steps().len(), plan.kernels().len()), (4, 3));
    assert_snapshot!(plan.explain());
}

#[test]
fn operands_are_read_where_they_are() {
    let g = Graph::new();
    let x = g.input("x", F64, [20, 30]);
    let views = x.transpose().slice_axis(Axis(0), 3..17).sort(Axis(1)).named("views");
    let stretched =
        (x.slice_axis(Axis(1), 0..1) * 2).broadcast_to([20, 8]).argsort(Axis(0)).named("stretched");
    let joined = x.ravel().sort(Axis(0)).named("joined");
    let plan = g.plan([views, stretched, joined], &Limits::default()).unwrap();
    assert_snapshot!(plan.explain());
}

#[test]
fn what_makes_no_sense_is_refused() {
    let g = Graph::new();
    let (x, keys) = (g.input("x", F64, [4, 3]), g.input("keys", F32, [2]));
    let rows = g.input("rows", I64, [2, 5]);
    let empty = g.input("empty", F64, [0]);
    let wrong = [
        x.sort(Axis(2)),
        x.argsort("user"),
        x.take(keys, Axis(0)),
        x.take(1.5, Axis(0)),
        x.take(rows, Axis(3)),
        x.take_along_axis(rows, Axis(0)),
        x.take_along_axis(keys.astype(I64), Axis(0)),
        empty.take(0, Axis(0)),
        x.searchsorted(1.0, Side::Left),
        empty.searchsorted(x, Side::Left).histogram(empty.astype(I64)),
        x.histogram_range(4u64, 1.0, f64::NAN),
        x.bincount(10u64),
        g.input("bytes", U8, [3]).searchsorted(300, Side::Left),
    ];
    let error = g.plan(wrong, &Limits::default()).expect_err("a plan that must be refused");
    assert_eq!(error.diagnostics().len(), 13);
    assert_snapshot!(error);
}

#[test]
fn memory_of_routines_is_limited() {
    let g = Graph::new();
    let x = g.input("x", F64, [1000, 1000]);
    let sorted = x.sort(Axis(1));
    assert_eq!(g.plan([sorted], &Limits::default()).unwrap().workspace_bytes(), 64 * 8000);
    let error =
        g.plan([sorted], &Limits::default().with_bytes(1000)).expect_err("a plan that must be refused");
    assert_snapshot!(error);
}
