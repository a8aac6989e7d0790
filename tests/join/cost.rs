//! What joins cost: which kernels, and which memory.

use super::{assert_checks, cost};
use fusewire::DiagnosticKind;
use fusewire::ir::{StoreReason, Uncut};
use fusewire::prelude::*;

#[test]
fn parts_are_written_where_the_output_is() {
    let g = Graph::new();
    let (x, y) = (g.input("x", F64, [100, 8]), g.input("y", F64, [50, 8]));
    assert_eq!(cost(&g, [g.concat(Axis(0), [x, y])]), (2, 0, 0));
    assert_eq!(cost(&g, [g.concat(Axis(0), [x.sqrt(), y + 1, x.slice_axis(Axis(0), 2..)])]), (3, 0, 0));
    assert_eq!(cost(&g, [g.stack(Axis(0), [x.mean(Axis(0)), y.max(Axis(0))])]), (2, 0, 0));
    // Joins of joins are one.
    let blocks = g.concat(Axis(0), [g.concat(Axis(1), [x, x + 1]), g.concat(Axis(1), [y, y * 2])]);
    assert_eq!(cost(&g, [blocks]), (2, 0, 0));
    assert_eq!(cost(&g, [x.roll([3, 1], [0, 1])]), (4, 0, 0));
    assert_eq!(cost(&g, [x.pad(1, 0)]).1, 0);
    assert_eq!(cost(&g, [x.tile([2, 3])]), (1, 0, 0));
    assert_eq!(cost(&g, [x.repeat(3, [0, 1])]), (1, 0, 0));
}

#[test]
fn parts_with_the_same_loops_share_a_kernel() {
    let g = Graph::new();
    let x = g.input("x", F64, [100]);
    let e = x.exp();
    // The exponential is computed once, and stored three times.
    let plan = g.plan([g.concat(Axis(0), [e, e * 2, e]), e.named("alone")], &Limits::default()).unwrap();
    assert_eq!(plan.kernels().len(), 1);
    assert_eq!(plan.kernels()[0].to_string().matches("exp").count(), 1);
    // Pairs: alone, each half would go through the memory of both.
    let y = g.input("y", F64, [100]);
    assert_eq!(cost(&g, [g.stack(Axis(-1), [x, y, x * 2])]), (1, 0, 0));
    assert_eq!(cost(&g, [g.stack(Axis(0), [x, y])]), (2, 0, 0));
    assert_checks(&g, vec![g.stack(Axis(-1), [x, y, x * 2]), g.stack(Axis(1), [x, y + 1]) * 2]);
    // A mean and the deviations from it: rows complete one after another.
    let m = g.input("m", F64, [20, 30]);
    assert_eq!(cost(&g, [g.concat(Axis(0), [m.mean(Axis(1)), m.max(Axis(1)) * 2])]), (1, 0, 0));
    assert_checks(&g, vec![g.concat(Axis(0), [m.mean(Axis(1)), m.max(Axis(1)) * 2, m.sum(Axis(1))])]);
}

#[test]
fn a_join_that_is_computed_with_is_stored_once() {
    let g = Graph::new();
    let (x, y) = (g.input("x", F32, [100]), g.input("y", F32, [28]));
    let joined = g.concat(Axis(0), [x * 2, y]).named("both");
    let plan = g.plan([(joined - joined.mean(All)).named("centred")], &Limits::default()).unwrap();
    assert_eq!(plan.stored()[0].reason, StoreReason::Joined(Uncut::Reduction));
    assert_eq!(plan.stored()[0].array.shape, [128].into());
    insta::assert_snapshot!(plan.explain());
    assert_checks(&g, vec![joined - joined.mean(All)]);
    let never = g.plan([joined.store(Never).sum(All)], &Limits::default()).unwrap();
    assert!(never.explain().to_string().contains("`.store(Never)` cannot be kept"), "{}", never.explain());
}

#[test]
fn memory_is_used_in_turns() {
    let g = Graph::new();
    let mut x = g.input("x", F64, [1024]);
    for shift in 1..20 {
        x = x.roll(shift, Axis(0)) * 2 + 1;
    }
    let plan = g.plan([x], &Limits::default()).unwrap();
    // The one before and the one that is made of it, at any time.
    assert!(plan.workspace_bytes() == 2 * 8192, "{}", plan.explain());
    assert_checks(&g, vec![x]);
}

#[test]
fn limits_hold_for_what_is_joined() {
    let g = Graph::new();
    let (x, y) = (g.input("x", F64, [600]), g.input("y", F64, [400]));
    let joined = g.concat(Axis(0), [x, y]);
    let at = |elements| g.plan([joined.sum(All)], &Limits::default().with_elements(elements));
    assert!(at(1000).is_ok());
    assert_eq!(at(999).unwrap_err().kind(), DiagnosticKind::Limit);
    let bytes = |bytes| g.plan([joined.sum(All)], &Limits::default().with_bytes(bytes));
    assert!(bytes(8000).is_ok());
    assert_eq!(bytes(7999).unwrap_err().kind(), DiagnosticKind::Workspace);
    assert!(g.plan([joined], &Limits::default().with_bytes(0)).is_ok());
    let long = g.input("long", U8, [200_000_000]);
    assert!(g.plan([long.roll(1, Axis(0))], &Limits::default()).is_ok());
    let tiled = g.plan([x.tile([1_000_000])], &Limits::default()).unwrap_err();
    assert_eq!(tiled.kind(), DiagnosticKind::Limit);
}

#[test]
fn an_output_of_several_kernels_takes_over_only_what_was_read() {
    let g = Graph::new();
    let (x, y) = (g.input("x", F64, [6]), g.input("y", F64, [3]));
    let in_place = |output: Expr<'_>| g.plan([output], &Limits::default()).unwrap().in_place("out", "x");
    let head = x.slice_axis(Axis(0), 0..3);
    let tail = x.slice_axis(Axis(0), 3..);
    // Each element is read where it is written, and nothing after that.
    let program = in_place(g.concat(Axis(0), [head * 2, y])).unwrap().compile().unwrap();
    let mut memory = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    program.run([("y", &[7.0, 8.0, 9.0])], [("out", &mut memory)]).unwrap();
    assert_eq!(memory, [2.0, 4.0, 6.0, 7.0, 8.0, 9.0]);
    for unsafe_one in [
        g.concat(Axis(0), [y, head]),
        g.concat(Axis(0), [head * 2, tail + 1]),
        g.concat(Axis(0), [head, head + tail]),
        x.roll(1, Axis(0)),
        x.slice_axis(Axis(0), 0..4).pad((1, 1), Pad::Edge),
    ] {
        assert_eq!(in_place(unsafe_one).unwrap_err().kind(), DiagnosticKind::Overlap);
    }
}
