//! Views that join, split and share axes: what they fuse into, against the reference evaluator.

use fusewire::prelude::*;
use fusewire::testing::{check, check_at};

fn assert_checks(g: &Graph, outputs: Vec<Expr<'_>>) {
    let named: Vec<Expr<'_>> =
        outputs.iter().enumerate().map(|(at, output)| output.named(&format!("y{at}"))).collect();
    if let Err(mismatch) = check(&g.recipe(named).unwrap()) {
        panic!("{mismatch}");
    }
}

/// Kernels, stored values and bytes of workspace.
fn cost(g: &Graph, outputs: Vec<Expr<'_>>) -> (usize, usize, u64) {
    let plan = g.plan(outputs, &Limits::default()).unwrap();
    (plan.kernels().len(), plan.stored().len(), plan.workspace_bytes())
}

#[test]
fn axes_that_are_joined_split_the_loop() {
    let g = Graph::new();
    let (x, y) = (g.input("x", F64, [4, 6]), g.input("y", F64, [24]));
    let sum = x.ravel() + y;
    let plan = g.plan([sum], &Limits::default()).unwrap();
    assert_eq!(
        plan.kernels()[0].to_string().lines().take(5).collect::<Vec<_>>(),
        [
            "loop i0 < 4",
            "loop i1 < 6",
            "access0 f64 Input(0)[i0, i1]",
            "access1 f64 Input(1)[6*i0 + i1]",
            "access2 f64 Output(0)[6*i0 + i1]",
        ]
    );
    assert_eq!(cost(&g, vec![sum]), (1, 0, 0));
    assert_checks(&g, vec![sum]);
}

#[test]
fn reshapes_of_every_kind_give_the_elements_in_order() {
    let g = Graph::new();
    let x = g.input("x", I32, [4, 3, 6]);
    let y = g.input("y", I32, [6, 12]);
    let outputs = vec![
        x.reshape([72]),
        x.reshape([12, 6]) + y.reshape([12, 6]),
        x.reshape([4, 18]),
        x.reshape([2, 2, 3, 3, 2]),
        x.reshape([6, 12]) - y,
        x.reshape([8, 9]).transpose(),
        x.transpose().reshape([3, 24]),
        x.reshape([1, 72, 1]).reshape([-1, 1, 8]),
        x.flip(Axis(2)).ravel(),
        x.ravel().slice([Slice::new(5, 41).step_by(4)]),
        x.ravel().flip(Axis(0)).reshape([6, 12]) * y,
        x.reshape([12, 6]).sum(Axis(0)),
        x.reshape([6, 12]).max([0, 1]),
        x.ravel().sum(All),
        x.sum(Axis(1)).reshape([8, 3]) + 1,
        (x + 1).reshape([2, 36]).sum(Axis(1)).reshape([2, 1]),
    ];
    for output in outputs.clone() {
        assert_checks(&g, vec![output]);
    }
    assert_checks(&g, outputs);
}

#[test]
fn what_no_loops_can_follow_is_stored() {
    let g = Graph::new();
    let (x, y) = (g.input("x", F32, [4, 6]), g.input("y", F32, [6, 4]));
    // Neither pair of factors divides the other.
    let clash = x.ravel() * y.ravel();
    assert_eq!(cost(&g, vec![clash]), (2, 1, 128));
    assert_checks(&g, vec![clash]);
    let crossed = x.ravel().slice([Slice::new(1, 9)]) + 1;
    assert_eq!(cost(&g, vec![crossed]), (2, 1, 128));
    assert_checks(&g, vec![crossed]);
    let plan = g.plan([clash], &Limits::default()).unwrap();
    assert!(plan.explain().to_string().contains("joins axes"), "{}", plan.explain());
}

#[test]
fn sizes_may_be_symbolic() {
    let g = Graph::new();
    let (n, m) = (g.dim("n", 1..=40), g.dim("m", 1..=9));
    let x = g.input("x", F64, [n, m]);
    let z = g.input("z", F64, [g.dim("k", 0..=400)]);
    let outputs = vec![
        x.ravel() * 2,
        x.reshape([m, n]),
        x.reshape([(n * m).dim(), 1u64.into()]),
        x.ravel().reshape([n, m]).sum(Axis(1)),
        x.slice([Slice::ALL, Slice::new(0, 1)]).ravel(),
        x.expand_dims(0).reshape([-1]),
    ];
    // Held to what it is said to be where arrays are bound.
    let summed = g.recipe([z.reshape([n * m]) + x.ravel()]).unwrap();
    check_at(&summed, &[("n", 7), ("m", 3), ("k", 21)]).unwrap();
    for output in outputs.clone() {
        assert_checks(&g, vec![output]);
    }
    assert_checks(&g, outputs);
}

#[test]
fn empty_and_single_elements_reshape() {
    let g = Graph::new();
    let (none, one) = (g.input("none", U8, [3, 0, 2]), g.input("one", U8, ()));
    assert_checks(&g, vec![none.ravel(), none.reshape([0, 7]), none.reshape([2, 0]).sum(Axis(1))]);
    assert_checks(
        &g,
        vec![one.reshape([1, 1]), one.ravel(), one.reshape([1]).reshape(fusewire::Shape::from(()))],
    );
}

#[test]
fn diagonals_and_windows() {
    let g = Graph::new();
    let x = g.input("x", F64, [5, 7]);
    let y = g.input("y", I16, [3, 9, 4]);
    let mut outputs = vec![x.diagonal(0, Axis(0), Axis(1)).sum(All), y.diagonal(1, Axis(2), Axis(0))];
    outputs.extend([-6, -5, -2, 0, 1, 6, 7].map(|offset| x.diagonal(offset, Axis(0), Axis(1))));
    outputs.push(y.sliding_window(4, Axis(1)));
    outputs.push(y.sliding_window(9, Axis(1)).max(Axis(-1)));
    outputs.push(x.sliding_window(3, Axis(0)).sliding_window(2, Axis(1)).sum([2, 3]));
    outputs.push(x.sliding_window(3, Axis(0)).reshape([-1]));
    for output in outputs.clone() {
        assert_checks(&g, vec![output]);
    }
    assert_checks(&g, outputs);
}

#[test]
fn what_does_not_fit_is_refused() {
    let g = Graph::new();
    let x = g.input("x", F64, [4, 6]);
    let n = g.dim("n", 1..=9);
    let z = g.input("z", F64, [n]);
    let message = |y: Expr<'_>| g.plan([y], &Limits::default()).unwrap_err().to_string();
    insta::assert_snapshot!(
        [
            x.reshape([5, 5]),
            x.reshape([-1, 7]),
            x.reshape([-1, -1]),
            x.reshape([-2, -12]),
            x.reshape([0, -1]),
            z.reshape([-1, 2]),
            z.reshape([10]),
            x.diagonal(0, Axis(1), Axis(-1)),
            x.diagonal(0, Axis(0), Axis(2)),
            x.sliding_window(7, Axis(1)),
            x.sliding_window(0, Axis(1)),
            g.input("huge", F64, [u64::MAX, u64::MAX, u64::MAX]).reshape([5]),
        ]
        .map(message)
        .join("\n\n")
    );
}

#[test]
fn sizes_that_leave_no_choice_still_reshape() {
    let g = Graph::new();
    let (one, m, none) = (g.dim("one", 1..=1), g.dim("m", 2..=6), g.dim("none", 0..=0));
    let x = g.input("x", F64, [one, one, m]);
    let y = g.input("y", F64, [m, one, one]);
    let z = g.input("z", F64, [m, none, one]);
    let outputs = vec![
        x.ravel(),
        x.ravel() + y.ravel(),
        y.reshape([one, m]),
        x.reshape([one * one * m]).sum(All),
        z.ravel(),
        y.permute_dims([1, 0, 2]).ravel(),
    ];
    for output in outputs.clone() {
        assert_checks(&g, vec![output]);
    }
    assert_checks(&g, outputs);
}

#[test]
fn a_long_expression_below_a_reshape_is_cut() {
    let g = Graph::new();
    let x = g.input("x", F64, [4, 6]);
    let long = (0..1000).fold(x, |sum, at| (sum + at) * x).ravel();
    let plan = g.plan([long], &Limits::default()).unwrap();
    let longest = plan.kernels().iter().map(|kernel| kernel.body.instructions.len()).max();
    assert!(longest <= Some(1000), "{longest:?}");
}

#[test]
fn never_gives_way_to_a_reshape_with_a_word() {
    let g = Graph::new();
    let (x, y) = (g.input("x", F32, [4, 6]), g.input("y", F32, [6, 4]));
    let clash = x.ravel().store(Never) * y.ravel().store(Never);
    let plan = g.plan([clash], &Limits::default()).unwrap();
    assert!(plan.explain().to_string().contains("Never"), "{}", plan.explain());
}

#[test]
fn a_window_of_nothing_is_refused_when_its_size_is_known() {
    let g = Graph::new();
    let x = g.input("x", F64, [g.dim("n", 3..=9)]);
    let sum = x.sliding_window(g.dim("w", 0..=4), Axis(0)).sum(All.keepdims()).reshape([1]);
    let program = g.plan([sum], &Limits::default()).unwrap().compile().unwrap();
    let sum_of = |data: &[f64], window: u64| {
        let mut out = [0.0];
        let program = program.clone().with_size("w", window);
        program.run([("x", data)], [("out", &mut out)]).map(|()| out[0])
    };
    assert_eq!(sum_of(&[1.0, 2.0, 4.0], 2).unwrap(), 9.0);
    let refused = sum_of(&[1.0, 2.0, 4.0], 0).unwrap_err().to_string();
    assert!(refused.contains("sliding_window"), "{refused}");
    // Where no window is left.
    assert!(sum_of(&[1.0, 2.0, 4.0], 4).is_err());
}

/// Copies of copies, of sizes that are not known: the loops of the one are split for the other, and follow both.
#[test]
fn copies_of_copies_of_any_size() {
    for least in [0, 1] {
        let g = Graph::new();
        let (n, m) = (g.dim("n", least..=40), g.dim("m", least..=9));
        let (x, y) = (g.input("x", I32, (n, m)), g.input("y", I32, (7, n, 2)));
        let outputs = [
            x.tile([2]).tile([2]),
            x.tile([3, 2]).tile([2, 2]),
            x.repeat(3, All).tile([1, 2]) * 2,
            y.repeat(3, Axis(1)).ravel().contiguous(),
            y.repeat(3, Axis(1)).sort(Axis(0)),
            y.repeat(2, Axis(0)).ravel().sort(Axis(0)),
            y.tile([2, 1, 2]).repeat(2, Axis(2)).ravel().tile([2]),
        ];
        for (at, output) in outputs[..2].iter().enumerate() {
            assert_eq!(cost(&g, vec![*output]), (1, 0, 0), "{at}");
        }
        let named: Vec<Expr<'_>> =
            outputs.iter().enumerate().map(|(at, output)| output.named(&format!("y{at}"))).collect();
        let recipe = g.recipe(named).unwrap();
        for (rows, columns) in [(least, 3), (1, 1), (4, 2), (7, least), (40, 9)] {
            check_at(&recipe, &[("n", rows), ("m", columns)]).unwrap();
        }
    }
}
