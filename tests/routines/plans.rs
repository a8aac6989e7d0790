//! What plans say of routines, and what is refused.

use fusewire::prelude::*;
use fusewire::{DiagnosticKind, OutOfBounds, Side};
use insta::assert_snapshot;

#[test]
fn a_sort_between_kernels() {
    let g = Graph::new();
    let x = g.input("x", F64, [1000, 64]);
    let ranked = (x.exp() / x.exp().sum(Axis(0))).sort(Axis(0)).named("ranked");
    let plan = g.plan([(ranked * 2 - 1).named("y")], &Limits::default()).unwrap();
    // The exponentials are added up and divided by their sums on blocks of columns.
    assert_eq!((plan.steps().len(), plan.kernels().len()), (3, 3));
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
    let other = Graph::new();
    let foreign = other.input("foreign", F64, [3]);
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
        x.cumulative_sum_from_zero(Axis(-3)),
        x.sort_descending(Axis(7)),
        x.digitize(foreign),
        x.histogram(foreign),
        x.astype(I64).bincount_weighted(foreign, 4u64),
        x.astype(I64).bincount_weighted(keys, 4u64),
        x.histogram_range(0u64, 0.0, 1.0),
        x.take_with(keys, Axis(0), OutOfBounds::Wrap),
    ];
    let count = wrong.len();
    let error = g.plan(wrong, &Limits::default()).expect_err("a plan that must be refused");
    // Each mistake once.
    assert_eq!(error.diagnostics().len(), count);
    assert_snapshot!(error);
}

#[test]
fn products_are_routines_where_rows_meet_columns() {
    let g = Graph::new();
    let (q, k) = (g.input("q", F32, [8, 100, 32]), g.input("k", F32, [8, 100, 32]));
    let scores = g.einsum("bqd,bkd->bqk", [q, k]) * 0.18;
    let weights = (scores - scores.max(Axis(2).keepdims())).exp();
    let vector = g.input("vector", F32, [100]);
    let plan = g.plan([weights.matmul(vector).named("y")], &Limits::default()).unwrap();
    assert_snapshot!(plan.explain());
}

/// Where the pairs in order would make something large, another pair comes first.
#[test]
fn the_cheapest_pair_comes_first() {
    let g = Graph::new();
    let (a, b, c) = (g.input("a", F64, [900, 2]), g.input("b", F64, [2, 900]), g.input("c", F64, [900, 3]));
    let plan = g.plan([g.einsum("ij,jk,kl->il", [a, b, c])], &Limits::default()).unwrap();
    assert_eq!(plan.workspace_bytes(), 64);
    let error = g
        .plan([g.einsum("ij,jk->ik", [a, b]).matmul(c)], &Limits::default().with_elements(100_000))
        .expect_err("a product that is too large");
    assert_snapshot!(error);
}

#[test]
fn products_that_make_no_sense_are_refused() {
    let g = Graph::new();
    let (a, b) = (g.input("a", F64, [2, 3]), g.input("b", F32, [4, 5]));
    let user = g.input("by_user", F64, [("user", 2), ("feature", 3)]);
    let other = Graph::new();
    let foreign = other.input("foreign", F64, [3, 2]);
    let wrong = [
        a.matmul(b),
        a.matmul(g.scalar(2.0)),
        a.matmul(foreign),
        g.einsum("ij,jk->ik", [a, b]),
        g.einsum("ij,jk->iz", [a, b]),
        g.einsum("ij;jk", [a, b]),
        g.einsum("ij,jk,kl", [a, b]),
        g.einsum("ijk,kl->il", [a, b]),
        a.tensordot_along([0, 1], b, [1]),
        a.tensordot(b, 3),
        user.matmul(user.transpose()),
        a.quantile(1.5, All),
        a.median(Axis(2)),
        a.top_k(4, Axis(1)).1,
        a.partition(3, Axis(1)),
        a.tensordot(b, usize::MAX),
        a.percentile(101.0, All),
        a.quantile(f64::NAN, All),
        a.percentile(50.0, "user"),
        a.top_k(1, Axis(2)).0,
        a.top_k(u64::MAX, Axis(0)).0,
        a.slice_axis(Axis(0), 0..0).argmin(Axis(0)),
        g.einsum("", []),
        g.einsum("i", [foreign]),
        a.partition(i64::MIN, Axis(0)),
    ];
    let count = wrong.len();
    let error = g.plan(wrong, &Limits::default()).expect_err("a plan that must be refused");
    assert_eq!(error.diagnostics().len(), count);
    assert_snapshot!(error);
}

#[test]
fn what_cannot_be_put_or_kept_is_refused() {
    let g = Graph::new();
    let (x, at) = (g.input("x", F64, [4, 3]), g.input("at", I64, [2]));
    let (mask, bytes) = (g.input("mask", Bool, [3]), g.input("bytes", U8, [4]));
    let by_user = g.input("by_user", F64, [("user", 4), ("feature", 3)]);
    let other = Graph::new();
    let foreign = other.input("foreign", F64, [3]);
    let wrong = [
        x.put(at, 0.0, Axis(2)),
        x.put(x, 0.0, Axis(0)),
        x.put(at.reshape([1, 2]), 0.0, Axis(0)),
        x.put(at, mask.slice_axis(Axis(0), 0..2), Axis(0)),
        x.put(foreign, 0.0, Axis(0)),
        x.scatter_add(at, foreign, Axis(0)),
        x.scatter_add_with(1.5, 0, Axis(0), OutOfBounds::Clip),
        bytes.put(at, 300, Axis(0)),
        bytes.slice_axis(Axis(0), 0..0).scatter_add(at, 1, Axis(0)),
        by_user.put(at, by_user.slice_axis("user", 0..2).label_axes(["user", "weight"]), "user"),
        x.compress(mask, Axis(0)).1,
        x.compress(mask, Axis(-3)).0,
        x.compress(at, Axis(1)).0,
        x.compress(x.greater(0), Axis(1)).0,
        x.compress(foreign, Axis(1)).0,
        x.sort(Axis(9)).unique().counts,
        x.sort(Axis(8)).nonzero().1,
    ];
    let count = wrong.len();
    let error = g.plan(wrong, &Limits::default()).expect_err("a plan that must be refused");
    assert_eq!(error.diagnostics().len(), count, "{error}");
    assert_snapshot!(error);
}

/// What may be kept is what limits are held to.
#[test]
fn a_length_that_depends_on_data_is_limited_by_what_it_may_become() {
    let g = Graph::new();
    let x = g.input("x", F64, [1000]);
    let (kept, count) = (x * 2).compress(x.greater(999), Axis(0));
    let outputs = [kept.named("kept"), count.named("count")];
    assert_snapshot!(g.plan(outputs, &Limits::default()).unwrap().explain());
    let error = g.plan(outputs, &Limits::default().with_bytes(4000)).expect_err("too much workspace");
    assert_eq!(error.kind(), fusewire::DiagnosticKind::Workspace);
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

/// Nothing wraps around, and no memory is taken for it.
#[test]
fn sizes_that_no_machine_holds_are_refused() {
    let g = Graph::new();
    let x = g.input("x", F64, [1u64 << 40, 1 << 40]);
    let (mask, bytes) = (g.input("mask", Bool, [1u64 << 40]), g.input("bytes", U8, [4]));
    let n = g.dim("n", 1..=u64::MAX);
    let many = g.input("many", U8, (n, 3));
    let too_large = [
        x.nonzero().1,
        x.unique().inverse,
        x.compress(mask, Axis(0)).0,
        x.put(0, 1, Axis(0)),
        x.sort(Axis(1)),
        x.median(All),
        x.matmul(x),
        bytes.bincount(u64::MAX),
        bytes.histogram_range(u64::MAX, 0.0, 1.0),
        bytes.take(g.arange_to(0, u64::MAX, 1), Axis(0)),
        many.nonzero().1,
        many.unique().counts,
        many.cumulative_sum_from_zero(Axis(0)),
    ];
    for (at, too_large) in too_large.into_iter().enumerate() {
        let error = g.plan([too_large], &Limits::default()).map(|plan| plan.explain().to_string());
        assert!(error.is_err(), "{at}: {error:?}");
    }
}

#[test]
fn an_operand_that_is_wrong_is_what_is_refused() {
    let g = Graph::new();
    let x = g.input("x", F64, [4]);
    let wrong = x.index(9);
    let calls = [
        x.searchsorted(wrong, Side::Left),
        wrong.searchsorted(x, Side::Left),
        x.take(wrong, Axis(0)),
        x.take_along_axis(wrong, Axis(0)),
        x.put(wrong, x, Axis(0)),
        x.put(0, wrong, Axis(0)),
        x.compress(wrong, Axis(0)).0,
        x.matmul(wrong),
        g.einsum("i,i", [x, wrong]),
        x.histogram(wrong),
        wrong.bincount(3),
        wrong.sort(Axis(0)),
        wrong.median(All),
        wrong.unique().values,
    ];
    for call in calls {
        let error = g.plan([call], &Limits::default()).unwrap_err();
        assert!(error.to_string().contains("`index` has 9"), "{error}");
    }
}

/// A mistake in any operand is what is reported, not that its consequence has no type.
#[test]
fn mistakes_in_operands_are_not_lost() {
    let g = Graph::new();
    let (x, v) = (g.input("x", F64, [3]), g.input("v", F64, [3]));
    let wrong = g.input("a", F64, [4]) + g.input("b", F64, [5]);
    let at = wrong.astype(I64);
    let calls = [
        x.take(at, Axis(0)),
        x.take_along_axis(at, Axis(0)),
        x.put(at, v, Axis(0)),
        x.put(g.input("i", I64, [3]), wrong, Axis(0)),
        x.scatter_add(at, wrong, Axis(0)),
        x.searchsorted(wrong, Side::Left),
        wrong.searchsorted(x, Side::Left),
        x.digitize(wrong),
        x.histogram(wrong),
        wrong.histogram_range(3, 0.0, 1.0),
        g.input("k", I64, [3]).bincount_weighted(wrong, 4),
        at.bincount(4),
        x.compress(wrong.greater(0), Axis(0)).0,
        x.compress(wrong.greater(0), Axis(0)).1,
        wrong.unique().inverse,
        wrong.nonzero().1,
        x.matmul(wrong),
        wrong.dot(x),
        g.einsum("i,i->", [x, wrong]),
        wrong.sort(Axis(0)),
        wrong.median(All),
        wrong.top_k(2, Axis(0)).1,
        wrong.cumulative_sum(Axis(0)),
        wrong.index(0),
        wrong.reshape_view([-1]),
    ];
    for (at, call) in calls.into_iter().enumerate() {
        let error = g.plan([call], &Limits::default()).unwrap_err();
        let kinds: Vec<DiagnosticKind> = error.diagnostics().iter().map(|wrong| wrong.kind).collect();
        assert_eq!(kinds, [DiagnosticKind::Shape], "{at}: {error}");
    }
}
