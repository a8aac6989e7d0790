//! Expressions deeper than any stack.

use fusewire::ir::StoreReason;
use fusewire::prelude::*;
use fusewire::testing::check;

#[test]
fn a_chain_of_a_hundred_thousand_operations_builds_plans_runs_and_drops() {
    let g = Graph::new();
    let x = g.input("x", F64, [3]);
    let mut y = x;
    for step in 0..100_000 {
        y = if step % 2 == 0 { y + 1 } else { y * 0.5 };
    }
    let plan = g.plan([y], &Limits::default()).unwrap();
    assert!(plan.kernels().len() > 1);
    // Stored values take turns in the same memory.
    assert!(plan.workspace_bytes() <= 256, "{}", plan.workspace_bytes());
    let program = plan.compile().unwrap();
    let mut out = [0.0; 3];
    program.run([("x", &[1.0, 2.0, 1e300])], [("out", &mut out)]).unwrap();
    let expected = [1.0, 2.0, 1e300]
        .map(|x| (0..100_000).fold(x, |y: f64, step| if step % 2 == 0 { y + 1.0 } else { y * 0.5 }));
    assert_eq!(out, expected);
}

#[test]
fn long_chains_of_reductions_and_of_views_plan_soon() {
    let g = Graph::new();
    let mut x = g.input("x", F64, [8, 8]);
    for _ in 0..2000 {
        x -= x.mean(Axis(0));
    }
    let plan = g.plan([x], &Limits::default()).unwrap();
    assert_eq!(plan.kernels().len(), 2001);

    let mut x = g.input("y", F64, [3, 4]);
    for step in 0..100_000 {
        x = if step % 2 == 0 { x.transpose() } else { x.flip(Axis(0)) };
    }
    let users = (0..1000).map(|user| x * user as f64 + 1);
    let plan = g.plan(users, &Limits::default()).unwrap();
    assert!(plan.stored().is_empty(), "views take no room in a body");
}

#[test]
fn joins_of_joins_are_no_deeper_than_one() {
    let g = Graph::new();
    let (x, y) = (g.input("x", F64, [1]), g.input("y", F64, [1]));
    let mut joined = x;
    for _ in 0..100_000 {
        joined = g.concat(Axis(0), [joined, y]);
    }
    let limits = Limits::default().with_elements(1_000_000);
    let plan = g.plan([joined], &limits).unwrap();
    assert_eq!(plan.workspace_bytes(), 0);
    let mut out = vec![0.0; 100_001];
    plan.compile().unwrap().run([("x", &[1.0]), ("y", &[2.0])], [("out", &mut out)]).unwrap();
    assert!(out[0] == 1.0 && out[1..].iter().all(|y| *y == 2.0));
    // Of one array, and of each other where they are used again.
    let many = g.concat(Axis(0), vec![y; 20_000]);
    let users = (0..200).map(|user| many.slice_axis(Axis(0), user..) + user);
    let plan = g.plan(users, &Limits::default()).unwrap();
    assert_eq!(plan.stored().len(), 1);
    let mut rolled = g.input("z", F64, [5]);
    for _ in 0..20_000 {
        rolled = rolled.roll(2, Axis(0));
    }
    let plan = g.plan([rolled], &Limits::default()).unwrap();
    assert!(plan.workspace_bytes() <= 128);
}

#[test]
fn every_step_of_a_stencil_may_be_too_long_for_the_next() {
    let g = Graph::new();
    let mut x = g.input("x", F64, [2000]);
    for _ in 0..1000 {
        x = x.slice_axis(Axis(0), Slice::new(0, -1)) + x.slice_axis(Axis(0), 1..);
    }
    let plan = g.plan([x], &Limits::default()).unwrap();
    assert!(plan.kernels().len() > 100);
}

#[test]
fn what_many_kernels_would_compute_again_is_stored() {
    let g = Graph::new();
    let mut x = g.input("x", F64, [5, 3]);
    for _ in 0..60 {
        x = x * 1.5 - x.mean(Axis(0));
    }
    let plan = g.plan([x], &Limits::default()).unwrap();
    let again = plan.stored().iter().filter(|stored| matches!(stored.reason, StoreReason::Recomputed { .. }));
    assert!((1..10).contains(&again.count()));
    check(&g.recipe([x]).unwrap()).unwrap();
    // Not where nothing waits for a reduction.
    let mut y = g.input("y", F64, [5, 3]);
    for _ in 0..100 {
        y = y * 1.5 - 1;
    }
    assert!(g.plan([y.sum(All), y.max(All), y.exp()], &Limits::default()).unwrap().stored().is_empty());
}
