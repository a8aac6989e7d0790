//! What functions composed of operations refuse: one diagnostic for a mistake, which names what the user
//! called, where.

use fusewire::prelude::*;
use fusewire::{DiagnosticKind, Indexing};
use insta::assert_snapshot;

fn refused<'g>(g: &'g Graph, outputs: impl IntoIterator<Item = Expr<'g>>) -> Error {
    g.plan(outputs, &Limits::default()).expect_err("a plan that must be refused")
}

#[test]
fn an_axis_that_does_not_exist_is_one_mistake_of_the_function() {
    let g = Graph::new();
    let x = g.input("x", F64, [4, 3]);
    let mask = g.input("mask", Bool, [4, 3]);
    let wrong = [
        x.any(Axis(3)),
        x.count_nonzero(Axis(3)),
        x.ptp(Axis(3)),
        x.var(Axis(3)),
        x.std_ddof([0, 0], 1),
        x.norm_of_order(Axis(3), 3),
        x.logsumexp("user"),
        x.argmax(Axis(-3)),
        x.nanmin(Axis(3)),
        x.nanvar_ddof(Axis(3), 1),
        x.nanargmin(Axis(3)),
        x.min_initial(Axis(3), 1),
        x.mean_as(Axis(3), I32),
        x.masked(mask).mean(Axis(3)),
        x.masked(mask).std(Axis(3)),
        x.flip(Axis(3)),
        x.swapaxes(0, 3),
        x.moveaxis(0, [0, 1]),
        x.moveaxis(3, 0),
        x.rot90(1, [0]),
        x.rot90(1, [0, 0]),
        x.diff(1, Axis(3)),
    ];
    let error = refused(&g, wrong);
    assert_eq!(error.diagnostics().len(), wrong.len(), "{error}");
    assert_snapshot!(error);
}

#[test]
fn what_they_take_and_what_has_no_value() {
    let g = Graph::new();
    let (x, n) = (g.input("x", F64, [4, 0]), g.input("n", I8, [4]));
    let flag = g.input("flag", Bool, [4]);
    let wrong = [
        x.argmin(Axis(1)),
        x.ptp(All),
        x.nanmax(All),
        x.nanargmax(Axis(1)),
        x.norm_of_order(Axis(1), f64::NEG_INFINITY),
        flag.ptp(All),
        n.min_initial(All, 300),
        n.masked(n).sum(All),
        x.average(All, n),
        n.trace(0, 0, 1),
        n.reshape([3]),
        x.matrix_transpose().full_like(2).ptp(Axis(0)),
        n.matrix_transpose().zeros_like(),
        n.masked(x.isnan()).any(All),
        n.tril(0),
        n.diff(u32::MAX, Axis(0)),
        (n & 1.5).masked(flag).count(Axis(7)),
        x.one_hot(3),
        n.vecdot(x),
        n.vecdot(g.input("single", I8, [1])),
        n.isclose_within(g.input("m", F64, [3]), 0.1, 0.1),
    ];
    let error = refused(&g, wrong);
    assert_eq!(error.diagnostics().len(), wrong.len(), "{error}");
    assert_snapshot!(error);
}

#[test]
fn functions_of_several_arrays() {
    let (g, other) = (Graph::new(), Graph::new());
    let (x, y) = (g.input("x", F64, [4, 3]), g.input("y", F64, [4]));
    let foreign = other.input("foreign", F64, [4]);
    let [one, _] = g.meshgrid([x, y], Indexing::Xy);
    let [two, _] = g.broadcast_arrays([x, y]);
    let (quotient, rest) = x.divmod(y);
    let labelled = g.input("labelled", F64, [("user", 3)]);
    let wrong = [
        one,
        two,
        quotient,
        rest,
        y.outer(foreign),
        y.vecdot(foreign),
        foreign_mask(y, foreign),
        labelled.outer(labelled),
    ];
    let error = refused(&g, wrong);
    // A quotient and a rest are one call.
    assert_eq!(error.diagnostics().len(), wrong.len() - 1, "{error}");
    assert_snapshot!(error);
}

fn foreign_mask<'g>(y: Expr<'g>, foreign: Expr<'g>) -> Expr<'g> {
    y.masked(foreign.isnan()).sum(All)
}

#[test]
fn limits_and_policies_speak_of_the_function() {
    let g = Graph::new();
    let (u, v) = (g.input("u", F64, [20_000]), g.input("v", F64, [10_000]));
    let close = u.expand_dims(1).isclose_within(v, 0.1, 0.1);
    let outer = u.outer(v);
    let error = refused(&g, [close.all(All), outer.sum(All)]);
    assert_eq!(error.diagnostics().len(), 2, "{error}");
    let elements = 200_000_000;
    let excused = [close.allow_elements(elements).all(All), outer.allow_elements(elements).sum(All)];
    assert!(g.plan(excused, &Limits::default()).is_ok());

    let (x, y) = (g.input("x", F64, [4, 3]), g.input("y", F64, [3]));
    let strict = x.isclose_within(y, 0.1, 0.1).with_broadcast(BroadcastPolicy::ExplicitOnly);
    let broadcast = refused(&g, [strict]);
    assert_eq!(broadcast.kind(), DiagnosticKind::Broadcast);
    assert_eq!(broadcast.diagnostics().len(), 1, "{broadcast}");
    assert_snapshot!(format!("{error}\n\n{broadcast}"));

    // What a function broadcasts on its own is nobody's accident.
    g.set_broadcast(BroadcastPolicy::ExplicitOnly);
    let own = [x.var(Axis(0)), x.argmax(All), x.outer(y).sum(All), x.tril(0), x.logsumexp(Axis(1))];
    assert!(g.plan(own, &Limits::default()).is_ok());
    assert!(
        g.plan([x.var(Axis(0)).with_broadcast(BroadcastPolicy::ExplicitOnly)], &Limits::default()).is_ok()
    );
    let loose = x.isclose_within(y, 0.1, 0.1);
    assert_eq!(refused(&g, [loose]).kind(), DiagnosticKind::Broadcast);
    assert!(g.plan([loose.with_broadcast(BroadcastPolicy::NumPy)], &Limits::default()).is_ok());
}

#[test]
fn sizes_that_are_not_known_yet() {
    let g = Graph::new();
    let n = g.dim("n", 0..=1000);
    let x = g.input("x", F64, [("user", n)]);
    let outputs = [
        x.var_ddof("user", 1).named("var"),
        x.argmax(All).named("argmax").astype(F64).named("argmax"),
        x.logsumexp(All).named("logsumexp"),
        x.diff(1, Axis(0)).sum(All).named("diff"),
        x.masked(x.greater(1)).mean(All).named("mean"),
        g.eye(F64, n, n, 0).sum(All).named("trace"),
    ];
    assert_eq!((x.ndim(), x.size(), x.nbytes()), (Some(1), Some(1000), Some(8000)));
    let program = g.plan(outputs, &Limits::default()).unwrap().compile().unwrap();
    let mut out = [0.0; 6];
    let names = ["var", "argmax", "logsumexp", "diff", "mean", "trace"];
    let into: Vec<(&str, ViewMut<'_>)> = names.into_iter().zip(out.iter_mut().map(ViewMut::from)).collect();
    program.run([("x", &[1.0, 2.0, 6.0])], into).unwrap();
    assert_eq!((out[0], out[1], out[3], out[4], out[5]), (7.0, 2.0, 5.0, 4.0, 3.0));
    assert!((out[2] - 6.024_744_890_138_822f64).abs() < 1e-14, "{}", out[2]);
    let mut again = [0.0; 6];
    let into: Vec<(&str, ViewMut<'_>)> = names.into_iter().zip(again.iter_mut().map(ViewMut::from)).collect();
    assert_snapshot!(program.run([("x", &[0f64; 0])], into).unwrap_err());
}

#[test]
fn products_with_vectors_say_what_was_called() {
    let g = Graph::new();
    let x = g.input("x", F64, [2, 3]);
    let error = g.plan([x.vecmat(x), x.matvec(x.transpose())], &Limits::default()).unwrap_err();
    let messages: Vec<&str> = error.diagnostics().iter().map(|wrong| &*wrong.message).collect();
    assert_eq!(
        messages,
        [
            "`vecmat`: the columns of the matrices have 2 elements, the vectors 3",
            "`matvec`: the rows of the matrices have 3 elements, the vectors 2",
        ]
    );
}

/// Positions of something refused are refused, not missing: a program that takes the second of them gets to its plan.
#[test]
fn positions_of_what_is_refused_are_refused() {
    let g = Graph::new();
    let x = g.input("x", F64, [2, 3]);
    let (at, count) = x.sum(Axis(7)).nonzero();
    let error = g.plan([at[1] + 1, count], &Limits::default()).unwrap_err();
    assert_eq!(error.diagnostics().len(), 1);
    assert!(error.to_string().contains("`sum` along axis 7"));
}
