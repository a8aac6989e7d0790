//! What a refusal proposes has been planned, and fits.

use fusewire::prelude::*;
use fusewire::testing::{check_repairs, recipes};
use fusewire::{DiagnosticKind, RepairKind};
use insta::assert_snapshot;
use proptest::prelude::*;
use proptest::strategy::ValueTree;

fn refused<'g>(g: &'g Graph, outputs: impl IntoIterator<Item = Expr<'g>>, limits: &Limits) -> Error {
    g.plan(outputs, limits).unwrap_err()
}

fn kinds(error: &Error) -> Vec<RepairKind> {
    error.diagnostics()[0].repairs.iter().map(|repair| repair.kind).collect()
}

/// The incident in each of its forms: as a limit, by label, by policy, by the bounds of a dim, and as the mismatch that NumPy finds
/// as well.
#[test]
fn the_incident() {
    let by_limit = {
        let g = Graph::new();
        let features = g.input("user_features", F64, [5_000_000, 1000, 1]);
        let weights = g.input("per_cluster_weights", F64, [10]);
        refused(&g, [features * weights], &Limits::default())
    };
    let by_label = {
        let g = Graph::new();
        let dim = |size: u64, name: &str| Dim::from(size).labelled(name);
        let shape = [dim(5_000_000, "user"), dim(1000, "feature"), dim(1, "feature_set")];
        let features = g.input("user_features", F64, shape);
        let weights = g.input("per_cluster_weights", F64, [dim(10, "cluster")]);
        refused(&g, [features * weights], &Limits::default())
    };
    let by_policy = {
        let g = Graph::new();
        g.set_broadcast(BroadcastPolicy::NoOuterProduct);
        let features = g.input("user_features", F64, [5_000_000, 1000, 1]);
        let weights = g.input("per_cluster_weights", F64, [10]);
        refused(&g, [features * weights], &Limits::default().with_elements(u64::MAX))
    };
    let by_dim = {
        let g = Graph::new();
        let users = g.dim("users", 1..=5_000_000);
        let features = g.input("user_features", F64, (users, 1000, 1));
        let weights = g.input("per_cluster_weights", F64, [10]);
        refused(&g, [features * weights], &Limits::default())
    };
    let mismatch = {
        let g = Graph::new();
        let features = g.input("user_features", F64, [5_000_000, 1000]);
        let weights = g.input("per_cluster_weights", F64, [10]);
        refused(&g, [features * weights], &Limits::default())
    };
    let errors = [by_limit, by_label, by_policy, by_dim, mismatch];
    for error in &errors {
        let repairs = &error.diagnostics()[0].repairs;
        let sum = repairs.iter().find(|repair| repair.kind == RepairKind::ReduceFirst).unwrap();
        // Features in, products out, the weights, and a cache line for their sum.
        assert_eq!(sum.peak, 2 * 40_000_000_000 + 80 + 64, "{error}");
    }
    let texts: Vec<String> = errors.iter().map(Error::to_string).collect();
    assert_snapshot!(texts.join("\n\n"));
}

#[test]
fn a_stray_axis_is_dropped() {
    let g = Graph::new();
    let predicted = g.input("predicted", F64, [10_000_000]);
    let actual = g.input("actual", F64, [10_000_000, 1]);
    let error = refused(&g, [(predicted - actual).square().mean(All).named("loss")], &Limits::default());
    let repairs = &error.diagnostics()[0].repairs;
    assert!(repairs.iter().any(|repair| repair.kind == RepairKind::DropAxis && repair.peak == 160_000_008));
    assert_snapshot!(error);
}

#[test]
fn a_vector_is_expanded_on_the_other_side() {
    let g = Graph::new();
    let (x, w) = (g.input("x", F64, [20_000, 1000]), g.input("w", F64, [20_000]));
    let error = refused(&g, [x * w], &Limits::default());
    assert!(kinds(&error).contains(&RepairKind::ExpandOther), "{error}");
    assert_snapshot!(error);
}

#[test]
fn a_reduction_runs_in_pieces() {
    let g = Graph::new();
    let (p, q) = (g.input("p", F32, [100_000, 1, 3]), g.input("q", F32, [100_000, 3]));
    let nearest = (p - q).square().sum(Axis(2)).min(Axis(1)).named("nearest");
    let error = refused(&g, [nearest], &Limits::default());
    assert_eq!(error.diagnostics()[0].kind, DiagnosticKind::Limit);
    assert!(kinds(&error).contains(&RepairKind::Chunk), "{error}");
    assert_snapshot!(error);
}

#[test]
fn workspace_in_half_the_bytes_or_in_pieces() {
    let g = Graph::new();
    let x = g.input("x", F64, [300, 1000]);
    let kept = (x - 1).exp().store(Always);
    let output = (kept.transpose() + kept.transpose().flip(Axis(0))).named("y");
    let error = refused(&g, [output], &Limits::default().with_bytes(1_300_000));
    assert_eq!(error.kind(), DiagnosticKind::Workspace);
    assert!(kinds(&error).contains(&RepairKind::SinglePrecision), "{error}");
    assert!(kinds(&error).contains(&RepairKind::Chunk), "{error}");
    assert_snapshot!(error);
}

#[test]
fn where_nothing_fits_nothing_is_proposed() {
    let g = Graph::new();
    let x = g.input("x", F64, [3]);
    assert!(kinds(&refused(&g, [x.sum(Axis(4))], &Limits::default())).is_empty());
    let (u, v) = (g.input("u", Bool, [7]), g.input("v", F64, [5]));
    // Neither has an axis to drop, and one dtype adds up to no sum of the other: but sums of both plan.
    for repair in &refused(&g, [u + v], &Limits::default()).diagnostics()[0].repairs {
        assert_eq!(repair.kind, RepairKind::ReduceFirst);
    }
    // Mending one of two mistakes mends nothing.
    let wide = g.input("wide", F64, [5_000_000, 1000, 1]) * g.input("w", F64, [10]);
    let error = refused(&g, [wide, x.sum(Axis(4))], &Limits::default());
    assert_eq!(error.diagnostics().len(), 2);
    assert!(error.diagnostics().iter().all(|wrong| wrong.repairs.is_empty()));
}

/// A stray axis that several calls stumble over is mended in all of them at once.
#[test]
fn one_cause_of_several_refusals() {
    let g = Graph::new();
    let (features, weights) = (g.input("features", F64, [500_000, 100, 1]), g.input("weights", F64, [10]));
    let outputs = [(features * weights).named("scaled"), (features + weights).named("moved")];
    let error = refused(&g, outputs, &Limits::default());
    assert_eq!(error.diagnostics().len(), 2, "{error}");
    assert!(kinds(&error).contains(&RepairKind::ReduceFirst), "{error}");
    assert!(error.diagnostics()[1].repairs.is_empty(), "proposed once: {error}");
    assert!(error.repairs().all(|repair| repair.text.contains("in all 2 calls")), "{error}");
    assert_snapshot!(error);
}

/// What the text says is what was planned: the same expression with the change written out takes the same memory.
#[test]
fn a_repair_that_is_written_out_is_the_plan_that_was_made() {
    let peak = |error: &Error, kind: RepairKind, says: &str| {
        let repair = error.repairs().find(|repair| repair.kind == kind).unwrap_or_else(|| panic!("{error}"));
        assert!(repair.text.contains(says), "{}", repair.text);
        repair.peak
    };
    let written = |g: &Graph, outputs: &[Expr<'_>]| {
        g.plan(outputs.iter().copied(), &Limits::default()).unwrap().peak_bytes()
    };

    // A total that keeps its axis says so.
    let g = Graph::new();
    let (x, w) = (g.input("x", F64, [500_000, 100, 1]), g.input("w", F64, [1, 10]));
    let error = refused(&g, [x * w], &Limits::default());
    let says = "reduce `w` along axis 1 first, as with `.sum(Axis(1).keepdims())`:";
    assert_eq!(peak(&error, RepairKind::ReduceFirst, says), written(&g, &[x * w.sum(Axis(1).keepdims())]));

    // Inside of a function it is the caller's operand that changes, everywhere in the function, before it is converted.
    let g = Graph::new();
    let (x, w) = (g.input("x", F64, [20_000, 3]), g.input("w", I32, [20_000]));
    let divided = |x: Expr<'_>, w: Expr<'_>| {
        let (quotient, rest) = (x + 1).divmod(w * 2);
        g.plan([quotient.named("quotient"), rest.named("rest")], &Limits::default())
            .map(|plan| plan.peak_bytes())
    };
    let error = divided(x, w).unwrap_err();
    let says = "expand `multiply` on the other side, with `.expand_dims([1])`:";
    let expanded = peak(&error, RepairKind::ExpandOther, says);
    let (quotient, rest) = (x + 1).divmod((w * 2).expand_dims([1]));
    assert_eq!(expanded, written(&g, &[quotient.named("quotient"), rest.named("rest")]));
    let bad = refused(&g, [(x * g.input("few", I8, [5])).named("product")], &Limits::default());
    let few = g.input("few", I8, [5]);
    assert_eq!(
        peak(&bad, RepairKind::ReduceFirst, "`few`"),
        written(&g, &[(x * few.sum(Axis(0))).named("product")])
    );

    // What a function makes of its operands is not the caller's to change.
    let g = Graph::new();
    let (u, v) = (g.input("u", F64, [20_000]), g.input("v", F64, [20_000]));
    let error = refused(&g, [u.outer(v).sum(All)], &Limits::default());
    assert_eq!(kinds(&error), [RepairKind::Chunk], "{error}");
}

/// A total is another number: it is no way to make operands meet where their axes can be put in place.
#[test]
fn operands_that_can_be_aligned_are_not_reduced() {
    let g = Graph::new();
    let (predicted, actual) = (g.input("predicted", F64, [20_000]), g.input("actual", F64, [20_000, 1]));
    let error = refused(&g, [(predicted - actual).square().mean(All)], &Limits::default());
    assert_eq!(kinds(&error)[..2], [RepairKind::DropAxis, RepairKind::ExpandOther], "{error}");
    assert!(!kinds(&error).contains(&RepairKind::ReduceFirst), "{error}");
}

#[test]
fn what_is_stored_on_request_need_not_be() {
    let g = Graph::new();
    let x = g.input("x", F64, [20_000, 1000]);
    let kept = x.exp().store(Always);
    let outputs = [kept.sum(Axis(0)).named("columns"), kept.sum(Axis(1)).named("rows")];
    let error = refused(&g, outputs, &Limits::default().with_bytes(1_000_000));
    assert_eq!(kinds(&error)[0], RepairKind::Recompute, "{error}");
    let repair = error.repairs().next().unwrap();
    assert!(
        repair.text.starts_with("leave out `.store(Always)` of `exp` (tests/repairs.rs:"),
        "{}",
        repair.text
    );
    let again = x.exp();
    let written = [again.sum(Axis(0)).named("columns"), again.sum(Axis(1)).named("rows")];
    let plan = g.plan(written, &Limits::default().with_bytes(1_000_000)).unwrap();
    assert_eq!(repair.peak, plan.peak_bytes());
}

/// Of several repairs of one kind, the one that takes least memory.
#[test]
fn of_a_kind_the_smallest_is_proposed() {
    let g = Graph::new();
    let (x, w) = (g.input("x", F64, [1, 300, 20]), g.input("w", F64, [300]));
    let error = refused(&g, [x * w], &Limits::default());
    let repairs: Vec<_> = error.repairs().filter(|repair| repair.kind == RepairKind::ExpandOther).collect();
    // With two axes more it would fit as well, and stretch `x`.
    let says = "expand `w` on the other side, with `.expand_dims([1])`";
    assert!(repairs.len() == 1 && repairs[0].text.starts_with(says), "{error}");
}

/// What comes after a repair goes along the axes of the operand that has them: one of size 1 is wherever it falls.
#[test]
fn a_repair_is_planned_with_what_is_done_to_it() {
    let g = Graph::new();
    let (x, y) = (g.input("x", F64, [1, 1000, 1]), g.input("y", F64, [1000, 1, 1000]));
    let error = refused(&g, [(x * y).sum(Axis(0))], &Limits::default().with_elements(2_000_000));
    let repair = error.repairs().find(|repair| repair.kind == RepairKind::DropAxis).unwrap();
    assert!(
        repair.text.starts_with("drop axis 2 of `x`, which has size 1, with `.squeeze(Axis(2))`"),
        "{error}"
    );
    let written = g.plan([(x.squeeze(Axis(2)) * y).sum(Axis(0))], &Limits::default()).unwrap();
    assert_eq!(repair.peak, written.peak_bytes());
}

/// The axis along which there are the fewest pieces, which are as large as the limit lets them be: not by one element larger.
#[test]
fn pieces_are_few_and_fit_to_the_last_element() {
    for elements in [20, 29, 30, 39, 59, 60, 99, 100, 199] {
        let g = Graph::new();
        let (x, y) = (g.input("x", F64, [20, 1]), g.input("y", F64, [10]));
        let nearest = (x - y).absolute().named("nearest").min(Axis(1));
        let limits = Limits::default().with_elements(elements);
        let error = refused(&g, [nearest], &limits);
        let repair = error.repairs().find(|repair| repair.kind == RepairKind::Chunk);
        // Rows of 10, or columns of 20, of which there are as many pieces at most.
        let pieces = 20u64.div_ceil(elements / 10).min(10u64.div_ceil(elements / 20));
        let says = format!("run it in {pieces} pieces along");
        assert!(repair.is_some_and(|repair| repair.text.starts_with(&says)), "{pieces} {elements} {error}");
        check_repairs(&g.recipe([nearest]).unwrap(), &limits).unwrap_or_else(|wrong| panic!("{wrong}"));
    }
}

/// Where the whole is over two limits, both are raised for the plan that is cut.
#[test]
fn what_is_over_two_limits_is_cut() {
    let g = Graph::new();
    let (x, y) = (g.input("x", F64, [200, 1]), g.input("y", F64, [100]));
    let kept = (x * y).exp().store(Always);
    let sums = (kept + kept.flip(Axis(1))).sum(Axis(1));
    let limits = Limits::default().with_elements(5000).with_bytes(50_000);
    let error = refused(&g, [sums], &limits);
    assert_eq!(error.diagnostics()[0].kind, DiagnosticKind::Limit);
    assert!(kinds(&error).contains(&RepairKind::Chunk), "{error}");
    check_repairs(&g.recipe([sums]).unwrap(), &limits).unwrap_or_else(|wrong| panic!("{wrong}"));
}

/// Where only what a view leaves out is too large, one piece would do: it is no piece.
#[test]
fn a_single_piece_is_not_proposed() {
    let g = Graph::new();
    let (x, y) = (g.input("x", F64, [200, 1]), g.input("y", F64, [100]));
    let corner = (x * y).slice([Slice::new(0, 2), Slice::new(0, 3)]);
    let error = refused(&g, [corner + 1], &Limits::default().with_elements(1000));
    assert!(!kinds(&error).contains(&RepairKind::Chunk), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_repair_plans_and_fits(
        recipe in recipes(20),
        elements in prop_oneof![Just(None), (1u64..2000).prop_map(Some)],
        bytes in prop_oneof![Just(Limits::DEFAULT_BYTES), 0u64..3000],
    ) {
        let mut limits = Limits::default().with_bytes(bytes);
        limits.elements = elements;
        if let Err(mismatch) = check_repairs(&recipe, &limits) {
            prop_assert!(false, "{}", mismatch);
        }
    }
}

/// The property above means something: random refusals do have repairs.
#[test]
fn random_refusals_have_repairs() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut found = 0;
    for at in 0..600 {
        let recipe = recipes(20).new_tree(&mut runner).unwrap().current();
        let limits = match at % 2 {
            0 => Limits::default().with_elements(10 + at),
            _ => Limits::default().with_bytes(64 * (at % 7)),
        };
        found += check_repairs(&recipe, &limits).unwrap_or_else(|wrong| panic!("{wrong}"));
    }
    assert!(found >= 5, "{found}");
}

/// A call that is refused because an operand is has forgotten the numbers beside it: nothing is mended then.
#[test]
fn what_stands_on_a_refused_call_is_not_made_up() {
    let g = Graph::new();
    let (a, b) = (g.input("a", F64, [3]), g.input("b", F64, [4]));
    for y in [(a + b).equal(3), (a - b).clip(0, 1), (a * b).greater(0).select(a, 2), (a + b).power(3)] {
        let error = g.plan([y], &Limits::default()).unwrap_err();
        assert_eq!(error.diagnostics().len(), 1, "{error}");
    }
}
