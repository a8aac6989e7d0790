//! Random graphs: compiled code against the reference, fused against unfused.

use fusewire::testing::{check, recipes};
use proptest::prelude::*;
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
