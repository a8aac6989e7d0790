//! Random graphs: compiled code against the reference, fused against unfused.

use fusewire::prelude::*;
use fusewire::testing::{check, recipes};
use proptest::prelude::{ProptestConfig, TestCaseError, proptest};
use proptest::test_runner::FileFailurePersistence;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/graphs.proptest-regressions"))),
        ..ProptestConfig::default() })]

    #[test]
    fn fused_programs_agree_with_the_reference(recipe in recipes(14)) {
        if let Err(mismatch) = check(&recipe) {
            return Err(TestCaseError::fail(mismatch.to_string()));
        }
    }
}

#[test]
fn a_recipe_has_outputs_only_in_its_own_graphs() {
    let g = Graph::new();
    let x = g.input("x", F64, [3]);
    let first = g.recipe([x]).unwrap();
    let (fresh, other) = (first.graph(), first.graph());
    let elsewhere = first.outputs(&other)[0] - 100;
    let second = g.recipe([x + 2]).unwrap();
    let third = g.recipe([((x + 3) * 4).exp()]).unwrap();
    for recipe in [&second, &third] {
        assert!(
            [&g, &other, &fresh, &first.graph()].into_iter().all(|graph| recipe.outputs(graph).is_empty())
        );
        assert_eq!(recipe.outputs(&recipe.graph()).len(), 1);
    }
    // A clone is the same recipe, and what a graph got meanwhile does not matter.
    assert_eq!(first.clone().outputs(&other).len(), 1);
    let again = other.recipe([elsewhere]).unwrap();
    assert!(again.outputs(&other).is_empty());
    let graph = again.graph();
    let program = graph.plan(again.outputs(&graph), &Limits::default()).unwrap().compile().unwrap();
    let mut out = [0.0; 3];
    program.run([("x", &[1.0, 2.0, 3.0])], [("out", &mut out)]).unwrap();
    assert_eq!(out, [-99.0, -98.0, -97.0]);
}
