//! Expressions deeper than any stack.

use fusewire::prelude::*;

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
