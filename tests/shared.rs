//! What several kernels read is computed once where that is cheaper, however they see it.

use fusewire::Plan;
use fusewire::ir::StoreReason;
use fusewire::prelude::*;
use fusewire::testing::check;

/// A way to see a matrix of as many rows as columns.
type Seen = for<'g> fn(Expr<'g>) -> Expr<'g>;

const SEEN: [(&str, Seen); 5] = [
    ("itself", |x| x),
    ("transposed", |x| x.transpose()),
    ("flipped", |x| x.flip(Axis(0))),
    ("an axis more and less", |x| x.expand_dims(0).squeeze(Axis(0))),
    ("two views", |x| x.flip(Axis(1)).transpose()),
];

fn plan(g: &Graph, output: Expr<'_>) -> Plan {
    g.plan([output], &Limits::default()).unwrap()
}

/// What each value that a plan stores to save work costs to compute again, by its name.
fn costs(plan: &Plan) -> Vec<(String, u64)> {
    let cost = |reason: &StoreReason| match reason {
        StoreReason::Recomputed { cost } | StoreReason::InOutput { cost } => Some(*cost),
        _ => None,
    };
    plan.stored().iter().filter_map(|stored| Some((stored.name.clone(), cost(&stored.reason)?))).collect()
}

/// Each stage reads the one before through a view, element by element and as means.
#[test]
fn a_view_does_not_hide_that_what_it_shows_is_shared() {
    let g = Graph::new();
    let stages = |seen: Seen| {
        (0..40).fold(g.input("x", F64, [12, 12]), |x, _| {
            let view = seen(x * 1.5);
            view - view.mean(Axis(0))
        })
    };
    let of_itself = plan(&g, stages(|x| x)).operations();
    for (name, seen) in SEEN {
        let y = stages(seen);
        let plan = plan(&g, y);
        assert_eq!(costs(&plan).len(), 1, "{name}: {}", plan.explain());
        assert_eq!(plan.operations(), of_itself, "{name}");
        check(&g.recipe([y]).unwrap()).unwrap();
    }
}

#[test]
fn the_report_says_what_is_stored_below_a_view() {
    let g = Graph::new();
    let x = g.input("x", F64, [30, 20]);
    let waves = (0..9).fold(x, |x, _| x.exp().sqrt()).named("waves");
    let seen = waves.transpose();
    let shares = (seen / seen.sum(Axis(1)).expand_dims(1)).astype(F32).named("shares");
    let plan = plan(&g, shares);
    assert_eq!(costs(&plan), [("waves".to_string(), 198)]);
    let text: Vec<String> = plan.kernels().iter().map(ToString::to_string).collect();
    assert_eq!(text.iter().map(|kernel| kernel.matches("exp").count()).sum::<usize>(), 9, "{text:?}");
    check(&g.recipe([shares]).unwrap()).unwrap();
}

/// What is shared and costs little does not hide what is shared beside it.
#[test]
fn of_several_values_that_are_shared_the_costliest_is_stored() {
    let g = Graph::new();
    let (x, y) = (g.input("x", F64, [30, 20]), g.input("y", F64, [30, 20]));
    let waves = (0..9).fold(x, |x, _| x.exp().sqrt()).named("waves");
    let cheap = y + 1;
    let sums = (waves + cheap).sum(Axis(0));
    for other in [cheap, y] {
        let output = (waves * other - sums * other).astype(F32).named("output");
        assert_eq!(costs(&plan(&g, output)), [("waves".to_string(), 198)]);
        check(&g.recipe([output]).unwrap()).unwrap();
    }
}
