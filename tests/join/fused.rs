//! Joins that loops read: each kernel reads one part, and nothing is stored.

use super::{assert_checks, cost};
use fusewire::DiagnosticKind;
use fusewire::ir::{Fate, StoreReason, Uncut};
use fusewire::prelude::*;

/// Why joins are in memory; of a plan without any, nothing.
fn stored_for<'g>(g: &'g Graph, outputs: impl IntoIterator<Item = Expr<'g>>) -> Vec<StoreReason> {
    let plan = g.plan(outputs, &Limits::default()).unwrap();
    let of_join = |reason: &StoreReason| matches!(reason, StoreReason::Joined(_) | StoreReason::Requested);
    plan.stored().iter().map(|stored| stored.reason.clone()).filter(of_join).collect()
}

#[test]
fn kernels_are_pieces() {
    let g = Graph::new();
    let (x, y) = (g.input("x", F64, [40, 6]), g.input("y", F64, [30, 6]));
    let w = g.input("w", F64, [70, 6]);
    let cases: Vec<(Expr<'_>, usize)> = vec![
        (x.roll(1, Axis(0)) + x, 2),
        (x - x.roll(-2, Axis(1)), 2),
        (g.concat(Axis(0), [x * 2, y]) * w, 2),
        (g.stack(Axis(0), [x, x + 1]).exp(), 1),
        (x.pad([(1, 1), (0, 0)], Pad::Edge).slice_axis(Axis(0), 1..41) - x, 1),
        (x.diff(1, 0) * 2, 1),
        // Two borders in the same loop, and a grid.
        (x.roll(1, Axis(0)) + x.roll(-2, Axis(0)), 3),
        (x.roll(1, Axis(0)) + x.roll(1, Axis(1)), 4),
        // The first and the last row are alike, and share a kernel.
        (x.roll(1, Axis(0)) + x.roll(-1, Axis(0)), 2),
        // Backwards, in strides, and turned round.
        (g.concat(Axis(0), [x, y]).flip(Axis(0)) + w, 2),
        (g.concat(Axis(0), [x, y]).slice([Slice::ALL.step_by(3)]).sqrt(), 2),
        (g.concat(Axis(0), [x, y]).transpose() + w.transpose(), 2),
        // Joins of joins, one of which is read again.
        (g.concat(Axis(0), [x, y]).roll(1, Axis(0)) + g.concat(Axis(0), [y, x]), 3),
        (x.roll(1, Axis(0)).roll(1, Axis(0)) * 2, 2),
        (x.roll(2, Axis(1)).transpose(), 2),
    ];
    for (at, (output, pieces)) in cases.iter().enumerate() {
        assert_eq!(cost(&g, [*output]), (*pieces, 0, 0), "case {at}");
        assert_checks(&g, vec![*output]);
    }
    assert_checks(&g, cases.into_iter().map(|(output, _)| output).collect());
}

#[test]
fn a_stencil_over_a_padded_array_stores_nothing() {
    let g = Graph::new();
    let x = g.input("x", F32, [20, 30]);
    for with in [Pad::from(0), Pad::Edge, Pad::Reflect, Pad::Wrap] {
        let p = x.pad(1, with);
        let at = |row: i64, column: i64| {
            p.slice([Slice::new(1 + row, 21 + row), Slice::new(1 + column, 31 + column)])
        };
        let laplacian = at(-1, 0) + at(1, 0) + at(0, -1) + at(0, 1) - x * 4;
        // The nine pieces of four sizes: those of one size share a kernel.
        assert_eq!(cost(&g, [laplacian]), (4, 0, 0));
        assert_checks(&g, vec![laplacian]);
    }
    // In three dimensions.
    let x = g.input("cube", F64, [5, 6, 70]);
    let p = x.pad(1, 0);
    let at = |shifts: [i64; 3]| {
        let sizes = [5, 6, 70];
        p.slice(
            (0..3)
                .map(|axis| Slice::new(1 + shifts[axis], 1 + sizes[axis] + shifts[axis]))
                .collect::<Vec<_>>(),
        )
    };
    let neighbours = [[-1, 0, 0], [1, 0, 0], [0, -1, 0], [0, 1, 0], [0, 0, -1], [0, 0, 1]];
    let sum = neighbours.into_iter().map(at).reduce(|a, b| a + b).unwrap();
    assert_eq!(cost(&g, [sum]), (8, 0, 0));
    assert_checks(&g, vec![sum]);
}

#[test]
fn what_loops_cannot_be_cut_for_is_stored_with_the_reason() {
    let g = Graph::new();
    let x = g.input("x", F64, [12, 10]);
    let rolled = x.roll(1, Axis(0));
    assert_eq!(stored_for(&g, [rolled.sum(Axis(0))]), [StoreReason::Joined(Uncut::Reduction)]);
    assert_eq!(stored_for(&g, [rolled.sum(All) + rolled]), [StoreReason::Joined(Uncut::Reduction)]);
    assert_eq!(stored_for(&g, [x.roll(1, All) + 1]), [StoreReason::Joined(Uncut::Loops)]);
    let parts = (0..40).map(|at| x.slice_axis(Axis(0), 0..2) + at);
    assert_eq!(stored_for(&g, [g.concat(Axis(0), parts) * 2]), [StoreReason::Joined(Uncut::Pieces)]);
    let shifted = (0..40i64).map(|shift| g.concat(Axis(0), [x; 5]).roll(shift, Axis(0)));
    let reasons = stored_for(&g, [shifted.reduce(|a, b| a * b).unwrap()]);
    assert!(
        !reasons.is_empty() && reasons.iter().all(|reason| *reason == StoreReason::Joined(Uncut::Pieces))
    );
    let costly = x.exp().pad([(1, 1), (0, 0)], 0);
    let reads = |at: i64| costly.slice([Slice::new(at, at + 12)]);
    let sum = reads(0) + reads(1) + reads(2);
    assert!(matches!(
        stored_for(&g, [sum])[..],
        [StoreReason::Joined(Uncut::Again { repeats: 3, cost: 8.. })]
    ));
    assert_eq!(stored_for(&g, [(rolled.store(Always)) + 1]), [StoreReason::Requested]);
    let n = g.dim("n", 0..=9);
    let symbolic = g.input("symbolic", F64, n);
    assert_eq!(stored_for(&g, [symbolic.roll(5, Axis(0)) + symbolic]), [StoreReason::Joined(Uncut::Sizes)]);
    assert_checks(&g, vec![rolled.sum(All) + rolled, x.roll(1, All) + 1, sum]);
}

#[test]
fn symbolic_borders_are_borders() {
    let g = Graph::new();
    let (n, m) = (g.dim("n", 1..=50), g.dim("m", 1..=50));
    let (x, y) = (g.input("x", F64, n), g.input("y", F64, m));
    let w = g.input("w", F64, n + m);
    assert_eq!(cost(&g, [g.concat(Axis(0), [x, y]) * w]), (2, 0, 0));
    assert_eq!(cost(&g, [x.roll(1, Axis(0)) + x]), (2, 0, 0));
    assert_eq!(cost(&g, [x.pad(1, 0).exp()]).1, 0);
    assert_eq!(cost(&g, [g.concat(Axis(0), [x, y]).flip(Axis(0)) * w]), (2, 0, 0));
    assert_checks(
        &g,
        vec![
            g.concat(Axis(0), [x, y]) * w,
            x.roll(1, Axis(0)) + x,
            x.pad(1, 0).exp(),
            g.concat(Axis(0), [x, y]).flip(Axis(0)) * w,
            x.roll(1, Axis(0)) + x.roll(-1, Axis(0)),
        ],
    );
}

#[test]
fn a_join_that_is_an_output_is_read() {
    let g = Graph::new();
    let x = g.input("x", F64, [16]);
    let rolled = x.roll(1, Axis(0)).named("rolled");
    let plan = g.plan([rolled, (rolled + x).named("sum")], &Limits::default()).unwrap();
    assert_eq!((plan.kernels().len(), plan.workspace_bytes()), (3, 0));
    assert!(plan.kernels()[2].to_string().contains("Output(0)[i0]"), "{}", plan.explain());
    assert_checks(&g, vec![rolled, rolled + x, (rolled * 2).roll(3, Axis(0)) + rolled]);
}

#[test]
fn values_that_are_read_in_parts_are_folded() {
    let g = Graph::new();
    let x = g.input("x", F64, [16]);
    let plan = g.plan([x.roll(1, Axis(0)).named("rolled") + x], &Limits::default()).unwrap();
    let rolled = plan.nodes().iter().find(|node| node.name() == "rolled").unwrap();
    assert_eq!((&rolled.fate, rolled.kernels.len()), (&Fate::Folded, 0));
    insta::assert_snapshot!(plan.explain());
}

/// A part that nobody reads is not computed, nor is what only it needs, whatever would be stored for it.
#[test]
fn parts_that_nobody_reads_cost_nothing() {
    let g = Graph::new();
    let x = g.input("x", F64, [5, 3]);
    let unread = [
        (x * 2).cumulative_sum(Axis(0)),
        x.sum(Axis(1)).expand_dims(1),
        (x + 2).store(Always),
        (x * 3).exp().sort(Axis(0)).sum(Axis(0)).expand_dims(0) + x,
    ];
    for part in unread {
        let joined = g.concat(Axis(1), [x.slice_axis(Axis(1), ..1), part]) + 1;
        let read = joined.slice_axis(Axis(1), ..1).named("read");
        let plan = g.plan([read], &Limits::default()).unwrap();
        assert_eq!((plan.steps().len(), plan.workspace_bytes()), (1, 0), "{}", plan.explain());
        assert_checks(&g, vec![read]);
        // Where somebody else reads it, it is.
        assert_checks(&g, vec![read, (part - 1).named("part")]);
    }
}

#[test]
fn short_rows_are_computed_together() {
    let g = Graph::new();
    let x = g.input("x", F64, [1000, 5]);
    let short = |output: Expr<'_>| stored_for(&g, [output]);
    assert_eq!(short(x.roll(2, Axis(1)).exp()), [StoreReason::Joined(Uncut::Rows)]);
    // A copy costs next to nothing, a column is one row in strides, and along the first axis rows stay whole.
    assert_eq!(short(x.roll(2, Axis(1)) + x), []);
    assert_eq!(short(g.stack(Axis(-1), [x, x * 2]).exp()), []);
    assert_eq!(short(x.roll(2, Axis(0)).exp()), []);
    let long = g.input("long", F64, [100, 500]);
    assert_eq!(short(long.roll(2, Axis(1)).exp()), []);
    assert_checks(&g, vec![x.roll(2, Axis(1)).exp() + x.roll(2, Axis(0)).exp()]);
}

#[test]
fn pieces_are_not_written_over_what_others_read() {
    let g = Graph::new();
    let x = g.input("x", F64, [6]);
    let in_place = |output: Expr<'_>| g.plan([output], &Limits::default()).unwrap().in_place("out", "x");
    let error = in_place(x.roll(1, Axis(0)) + x).unwrap_err();
    assert_eq!(error.kind(), DiagnosticKind::Overlap);
    assert!(error.to_string().contains("`.store(Always)`"), "{error}");
    // As it says.
    let program = in_place(x.roll(1, Axis(0)).store(Always) + x).unwrap().compile().unwrap();
    let mut memory = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    program.run((), [("out", &mut memory)]).unwrap();
    assert_eq!(memory, [7.0, 3.0, 5.0, 7.0, 9.0, 11.0]);
    // Memory that is shared without a word is refused when it is bound.
    let program = g.plan([x.roll(1, Axis(0)) + x], &Limits::default()).unwrap().compile().unwrap();
    let address = memory.as_mut_ptr().cast::<u8>();
    // SAFETY: both views are of `memory`, and nothing else touches it while they live.
    let (input, output) =
        unsafe { (View::from_raw(address, F64, &[6], &[8]), ViewMut::from_raw(address, F64, &[6], &[8])) };
    let error = program.run([("x", input)], [("out", output)]).unwrap_err();
    assert_eq!(error.kind(), DiagnosticKind::Overlap);
    assert_eq!(memory, [7.0, 3.0, 5.0, 7.0, 9.0, 11.0]);
}

#[test]
fn what_joins_would_compute_again_is_stored_once() {
    let g = Graph::new();
    let x = g.input("x", F64, [50, 60]);
    let sides = |x| [(1, 0), (-1, 0), (1, 1), (-1, 1)].map(|(by, axis)| Expr::roll(x, by, Axis(axis)));
    let next = |x| sides(x).into_iter().reduce(|a, b| a + b).unwrap() * 0.25;
    let twice = next(next(x));
    let plan = g.plan([twice], &Limits::default()).unwrap();
    let reasons: Vec<&StoreReason> = plan.stored().iter().map(|stored| &stored.reason).collect();
    assert!(matches!(reasons[..], [StoreReason::Again { repeats: 4, .. }]), "{}", plan.explain());
    // A value that only one join reads is computed once anyway.
    assert_eq!(cost(&g, [x.exp().roll(1, Axis(0)) * 2]).1, 0);
    assert_eq!(plan.workspace_bytes(), 24_000);
    // Only while the budget lasts.
    let roll = x.sqrt().exp().roll(1, Axis(0)) + x.sqrt().exp();
    let [most, none] =
        [u64::MAX, 0].map(|bytes| g.plan([roll], &Limits::default().with_bytes(bytes)).unwrap());
    assert_eq!((most.workspace_bytes(), none.workspace_bytes()), (24_000, 0));
    let rolled = (1..40).fold(x, |x, by| x.roll(by, Axis(0)) + 1);
    let plan = g.plan([rolled], &Limits::default()).unwrap();
    assert!(plan.stored().iter().any(|stored| stored.reason == StoreReason::Pieces), "{}", plan.explain());
    assert!(plan.stored().len() < 10);
    assert_checks(&g, vec![twice, rolled]);
}

#[test]
fn pieces_are_cut_along_other_axes() {
    let g = Graph::new();
    let x = g.input("x", F64, [400, 30]);
    let plan = g.plan([x.roll(1, Axis(1)) + x], &Limits::default()).unwrap();
    let chunked = plan.chunked(Axis(0), 20_000).unwrap();
    assert!(chunked.pieces() > 8 && chunked.bytes() <= 20_000);
    // Along the joined axis each part is a step of its own, with what it begins at.
    let recipe = g.recipe([x.roll(1, Axis(1)) + x]).unwrap();
    for (axis, bytes) in [(0, 20_000), (1, 20_000)] {
        let pieces = fusewire::testing::check_chunked(&recipe, None, Axis(axis), bytes);
        assert!(pieces.unwrap_or_else(|mismatch| panic!("{mismatch}")).is_some_and(|pieces| pieces > 8));
    }
}
