//! What plans say of routines, and what is refused.

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
