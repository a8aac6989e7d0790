//! Routines in what plans say of themselves as data, and under a limit on work.

use fusewire::DiagnosticKind;
use fusewire::prelude::*;

#[test]
fn a_routine_is_a_step_of_the_report() {
    let g = Graph::new();
    let x = g.input("x", F64, [100, 8]);
    let plan = g.plan([((x * 2).sort(Axis(0)) + 1).named("y")], &Limits::default()).unwrap();
    let report = plan.report();
    let kinds: Vec<&str> = report.steps.iter().map(|step| step.kind.as_str()).collect();
    assert_eq!(kinds, ["kernel", "routine", "kernel"]);
    let sort = &report.kernels[1];
    assert_eq!(sort.body, ["sort along axis 0"]);
    assert_eq!((sort.reads[0].bytes, sort.writes[0].bytes, sort.loops.len()), (6400, 6400, 0));
    let sorted = report.nodes.iter().find(|node| node.operation == "sort").unwrap();
    assert_eq!(sorted.kernels, [1]);
    assert_eq!(sorted.reason.as_ref().unwrap().kind, "Routine");
    assert!(plan.html().unwrap().contains("sort along axis 0"));
}

#[test]
fn work_of_routines_counts() {
    let g = Graph::new();
    let n = g.dim("n", 1..=1000);
    let x = g.input("x", F64, (n, 8));
    let sorted = x.sort(Axis(0)).named("sorted");
    let operations = g.plan([sorted], &Limits::default()).unwrap().operations();
    assert!(operations > 100_000);
    let limits = Limits::default().with_operations(operations - 1);
    let error = g.plan([sorted], &limits).expect_err("more work than allowed");
    assert_eq!(error.kind(), DiagnosticKind::Work);
    assert!(error.to_string().contains("routine 0 makes `sorted`"), "{error}");
    g.plan([sorted], &limits.with_operations(operations)).unwrap();
}

#[test]
fn arrays_are_cut_into_pieces_along_axes_that_routines_do_not_mix() {
    let g = Graph::new();
    let x = g.input("x", F64, [100, 8]);
    let sorted = x.sort(Axis(1)) + 1;
    let recipe = g.recipe([sorted]).unwrap();
    let pieces = fusewire::testing::check_chunked(&recipe, None, Axis(0), 1000);
    assert!(pieces.unwrap_or_else(|mismatch| panic!("{mismatch}")).is_some_and(|pieces| pieces > 30));
    let plan = g.plan([sorted], &Limits::default()).unwrap();
    let error = plan.chunked(Axis(1), 1000).expect_err("a plan that cannot be cut");
    assert!(error.to_string().contains("sort"), "{error}");
}
