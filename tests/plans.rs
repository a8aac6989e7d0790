//! What plans decide, printed: how many kernels, what they read and write, what is stored and why.

use fusewire::ir::{Apart, Boundary, StoreReason};
use fusewire::prelude::*;
use insta::assert_snapshot;

fn plan<'g>(g: &'g Graph, outputs: impl IntoIterator<Item = Expr<'g>>) -> Plan {
    g.plan(outputs, &Limits::default()).unwrap()
}

/// One kernel and no workspace: all that a chain of element-wise operations and broadcasts needs.
fn assert_one_pass(plan: &Plan) {
    assert_eq!(plan.kernels().len(), 1);
    assert_eq!(plan.workspace_bytes(), 0);
    assert!(plan.boundaries(0).is_empty());
}

#[test]
fn add_a_number_to_integers() {
    let g = Graph::new();
    let plan = plan(&g, [g.input("x", I64, [10_000_000]) + 5]);
    assert_one_pass(&plan);
    assert_snapshot!(plan.explain());
}

#[test]
fn root_of_the_absolute_value() {
    let g = Graph::new();
    let plan = plan(&g, [g.input("x", F32, [10_000_000]).absolute().sqrt()]);
    assert_one_pass(&plan);
    assert_snapshot!(plan.explain());
}

#[test]
fn standardise_and_scale() {
    let g = Graph::new();
    let a = g.input("a", F64, [5_000_000, 1000]);
    let [mu, sigma, w, b] = ["mu", "sigma", "w", "b"].map(|name| g.input(name, F64, [1000]));
    let plan = plan(&g, [((a - mu) / sigma) * w + b]);
    assert_one_pass(&plan);
    assert_eq!(plan.numpy_memory().bytes, 3 * 40_000_000_000);
    assert_snapshot!(plan.explain());
}

#[test]
fn clip_by_a_mask() {
    let g = Graph::new();
    let x = g.input("x", F64, [10_000_000]);
    let plan = plan(&g, [x.greater(g.input("t", F64, ())).select(g.input("m", F64, ()), x)]);
    assert_one_pass(&plan);
    assert_snapshot!(plan.explain());
}

#[test]
fn a_cubic_polynomial() {
    let g = Graph::new();
    let x = g.input("x", F64, [10_000_000]);
    let plan = plan(&g, [0.25 * x * x * x + 0.75 * x * x - 1.5 * x - 2]);
    assert_one_pass(&plan);
    assert_snapshot!(plan.explain());
}

#[test]
fn a_five_point_stencil() {
    let g = Graph::new();
    let a = g.input("a", F64, [2000, 2000]);
    let part = |rows: Slice, columns: Slice| a.slice([rows, columns]);
    let (inner, before, after) = (Slice::new(1, -1), Slice::from(..-2), Slice::from(2..));
    let sum = part(inner, inner)
        + part(before, inner)
        + part(after, inner)
        + part(inner, before)
        + part(inner, after);
    let plan = plan(&g, [0.2 * sum]);
    assert_one_pass(&plan);
    assert_snapshot!(plan.explain());
}

#[test]
fn a_score_per_row() {
    let g = Graph::new();
    let a = g.input("features", F64, [20_000, 1000]);
    let mu = g.input("mu", F64, [1000]);
    let sd = g.input("sd", F64, [1000]);
    let plan = plan(&g, [((a - mu) / sd).exp().sum(Axis(1)).named("score")]);
    assert_one_pass(&plan);
    assert_snapshot!(plan.explain());
}

#[test]
fn softmax_of_rows() {
    let g = Graph::new();
    let x = g.input("x", F32, [4096, 1024]);
    let exp = (x - x.max(fusewire::Axes::from(Axis(1)).keepdims())).exp();
    let plan = plan(&g, [(exp / exp.sum(fusewire::Axes::from(Axis(1)).keepdims())).named("softmax")]);
    let reason = StoreReason::Reduction;
    assert_eq!(plan.boundaries(1), [Boundary::Waits { value: "max".into(), step: 0, reason }]);
    assert_snapshot!(plan.explain());
}

#[test]
fn standardise_columns() {
    let g = Graph::new();
    let x = g.input("x", F64, [100_000, 50]);
    let mean = x.mean(Axis(0)).named("mean");
    let deviation = (x - mean).square().mean(Axis(0)).sqrt().named("deviation");
    let plan = plan(&g, [((x - mean) / deviation).named("z"), mean, deviation]);
    assert_eq!(plan.workspace_bytes(), 0);
    assert_snapshot!(plan.explain());
}

#[test]
fn several_outputs_share_a_pass() {
    let g = Graph::new();
    let (x, y) = (g.input("x", F64, [300, 400]), g.input("y", F64, [300, 400]));
    let product = x * y;
    let plan = plan(
        &g,
        [
            product.sum(All).named("sum"),
            product.max(All).named("max"),
            product.named("product"),
            (x.mean(All) + 1).named("mean"),
        ],
    );
    assert_one_pass(&plan);
    assert_snapshot!(plan.explain());
}

#[test]
fn outputs_with_other_loops_or_nothing_in_common_stay_apart() {
    let g = Graph::new();
    let (x, y) = (g.input("x", F64, [30]), g.input("y", F64, [30]));
    let plan =
        plan(&g, [(x + 1).named("a"), (y + 1).named("b"), (x.slice_axis(Axis(0), 1..) + 1).named("c")]);
    assert_eq!(plan.boundaries(0), []);
    assert_eq!(plan.boundaries(1), [Boundary::NothingShared { step: 0 }]);
    assert_eq!(plan.boundaries(2), [Boundary::OtherLoops { step: 1 }]);
    assert_snapshot!(plan.explain());
}

fn weights_before_a_broadcast(g: &Graph, policy: Option<fusewire::StorePolicy>) -> Plan {
    let x = g.input("x", F64, [50_000, 100]);
    let w = g.input("w", F64, [100]).exp().named("weights");
    plan(g, [x * policy.map_or(w, |policy| w.store(policy))])
}

#[test]
fn a_costly_value_is_stored_before_a_broadcast() {
    let g = Graph::new();
    let plan = weights_before_a_broadcast(&g, None);
    assert_eq!(plan.kernels().len(), 2);
    assert_eq!(plan.workspace_bytes(), 832);
    assert_snapshot!(plan.explain());
}

#[test]
fn store_never_computes_again() {
    let g = Graph::new();
    let plan = weights_before_a_broadcast(&g, Some(Never));
    assert_one_pass(&plan);
    assert_snapshot!(plan.explain());
}

#[test]
fn store_always_computes_once() {
    let g = Graph::new();
    let (x, y) = (g.input("x", F32, [1000]), g.input("y", F32, [500, 1000]));
    let plan = plan(&g, [(x + 1).named("first").store(Always) * y]);
    let reason = StoreReason::Requested;
    let apart = Boundary::Apart { step: 0, why: Apart::LittleShared };
    assert_eq!(plan.boundaries(1), [Boundary::Waits { value: "first".into(), step: 0, reason }, apart]);
    assert_snapshot!(plan.explain());
}

#[test]
fn an_update_in_place() {
    let g = Graph::new();
    let (x, y) = (g.input("x", F64, [1000]), g.input("y", F64, [1000]));
    let plan = plan(&g, [(x * 0.9 + y * 0.1).named("average")]).in_place("average", "x").unwrap();
    assert_one_pass(&plan);
    assert_snapshot!(plan.explain());
}

#[test]
fn constants_and_generators() {
    let g = Graph::new();
    let x = g.input("x", F64, [3, 5]);
    let ramp = g.arange(0, 3, 1).expand_dims(1);
    let table = g.constant(&[1.0, 2.0, 4.0, 8.0, 16.0], [5]);
    let plan = plan(&g, [x * table + ramp + g.linspace(0.0, 1.0, 5) + g.full([3, 5], 7.0)]);
    assert_one_pass(&plan);
    assert_snapshot!(plan.explain());
}

#[test]
fn a_chain_too_long_for_one_kernel() {
    let g = Graph::new();
    let x = g.input("x", F64, [64]);
    let chain = (0..1000).fold(x, |sum, at| (sum + at) * x);
    let plan = plan(&g, [chain]);
    assert!(plan.kernels().len() > 1);
    assert_eq!(plan.slots().len(), 2, "slots are used in turns");
    assert!(plan.stored().iter().all(|stored| stored.reason == StoreReason::TooLong));
    assert_snapshot!(plan.explain());
}

#[test]
fn sizes_that_are_not_known_yet() {
    let g = Graph::new();
    let rows = Dim::symbolic("n", 0..=50_000).labelled("user");
    let x = g.input("x", F32, [rows, Dim::from(8)]);
    let plan = plan(&g, [(x * 2).sum(Axis(0))]);
    assert_one_pass(&plan);
    assert_snapshot!(plan.explain());
}

#[test]
fn no_axes_at_all() {
    let g = Graph::new();
    let plan = plan(&g, [g.input("x", F64, ()) + g.scalar(1i64)]);
    assert_one_pass(&plan);
    assert_snapshot!(plan.explain());
}

#[test]
fn views_become_index_maps() {
    let g = Graph::new();
    let x = g.input("x", F32, [6, 8]);
    let part = x.transpose().slice([Slice::from(1..).step_by(2), Slice::ALL.step_by(-1)]);
    let plan = plan(&g, [part + g.input("y", F32, [4, 1])]);
    assert_one_pass(&plan);
    assert_snapshot!(plan.explain());
}

#[test]
fn silent_conversions_are_listed() {
    let g = Graph::new();
    let (n, x) = (g.input("n", I32, [9, 100]), g.input("x", F32, [100]));
    let (bytes, mask) = (g.input("bytes", U8, [100]), g.input("mask", Bool, [100]));
    let (mixed, strong) = (n + x, x * g.scalar(2.0f64));
    // A weak number, a mask, and conversions that are written count for nothing.
    let quiet = x * 2.5 + mask * x + bytes.astype(F32) * x;
    let plan = plan(
        &g,
        [mixed.named("mixed"), strong.named("strong"), quiet.named("quiet"), (bytes / 2).named("halves")],
    );
    let found: Vec<_> = plan
        .upcasts()
        .iter()
        .map(|upcast| (upcast.operand.name.as_str(), upcast.from, upcast.to, upcast.site))
        .collect();
    let halves = plan.outputs()[3].site;
    assert_eq!(
        found,
        [
            ("n", I32, F64, mixed.location()),
            ("x", F32, F64, mixed.location()),
            ("x", F32, F64, strong.location()),
            ("bytes", U8, F64, halves),
        ]
    );
    let explained = plan.explain().to_string();
    assert!(
        explained.contains("`add` converts `n` i32[9, 100] from i32 to f64 (tests/plans.rs:"),
        "{explained}"
    );
}

#[test]
fn joins_and_composed_functions_convert_what_they_are_given() {
    let g = Graph::new();
    let (x, w) = (g.input("x", F32, [9]), g.input("w", F64, [9]));
    let (joined, stacked) = (g.concat(Axis(0), [x, w]), g.stack(Axis(0), [w, x]));
    let quiet = g.concat(Axis(0), [x.astype(F64), w]);
    let products = x.outer(w);
    let plan = plan(&g, [joined.named("a"), stacked.named("b"), quiet.named("c"), products.named("d")]);
    let found: Vec<_> = plan
        .upcasts()
        .iter()
        .map(|upcast| (upcast.operand.name.as_str(), upcast.from, upcast.to, upcast.site))
        .collect();
    let expected = [joined, stacked, products].map(|call| ("x", F32, F64, call.location()));
    assert_eq!(found, expected);
}

#[test]
fn products_and_searches_convert_what_they_are_given() {
    let g = Graph::new();
    let (x, w) = (g.input("x", F32, [4, 4]), g.input("w", F64, [4, 4]));
    let (bytes, long) = (g.input("bytes", U8, [9]), g.input("long", I64, [9]));
    let (product, found) = (x.matmul(w), long.searchsorted(bytes, fusewire::Side::Left));
    let plan = plan(&g, [product.named("a"), found.named("b")]);
    let listed: Vec<_> = plan
        .upcasts()
        .iter()
        .map(|upcast| {
            (upcast.operation.as_str(), upcast.operand.name.as_str(), upcast.from, upcast.to, upcast.site)
        })
        .collect();
    assert_eq!(
        listed,
        [("matmul", "x", F32, F64, product.location()), ("searchsorted", "bytes", U8, I64, found.location()),]
    );
}

#[test]
fn the_readme_shows_what_is_printed() {
    let g = Graph::new();
    let features = g.input("features", F64, [2, 3]);
    let (mean, deviation) = (g.input("mean", F64, [3]), g.input("deviation", F64, [3]));
    let score = ((features - mean) / deviation).exp().sum(Axis(1)).named("score");
    let explained = plan(&g, [score]).explain().to_string();
    // The call stands in the program of the page as it does here, but in another line.
    let readme = include_str!("../README.md");
    let mut program = readme.lines().skip_while(|line| *line != "```rust").skip(1);
    let line = program.position(|line| line.contains("let score = ")).unwrap() + 1;
    let here = format!("tests/plans.rs:{}:", score.location().line);
    assert!(explained.contains(&here), "{explained}");
    let explained = explained.replace(&here, &format!("src/main.rs:{line}:"));
    assert!(readme.contains(explained.trim_end()), "{explained}");
}

#[test]
fn what_must_be_stored_comes_before_what_may_be() {
    let g = Graph::new();
    let x = g.input("x", F64, [1000, 20]);
    let scale = (g.input("scale", F64, [1000, 1]).exp() + 1).sqrt();
    let scaled = (x - x.max(Axis(1)).expand_dims(1)) * scale;
    let stored = |bytes: u64| {
        let plan = g.plan([scaled], &Limits::default().with_bytes(bytes)).unwrap();
        plan.stored().iter().map(|stored| stored.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(stored(16_000), ["sqrt", "max"]);
    assert_eq!(stored(15_999), ["max"]);
    assert_eq!(stored(8_000), ["max"]);
}

#[test]
fn store_policies_that_cannot_be_kept_say_so() {
    let g = Graph::new();
    let halved = |policy: [fusewire::StorePolicy; 2]| {
        let mut x = g.input("x", F64, [500]);
        for _ in 0..60 {
            let (next, this) = (x.slice_axis(Axis(0), 1..), x.slice_axis(Axis(0), Slice::new(0, -1)));
            x = ((next + this).store(policy[0]) * 0.5).store(policy[1]);
        }
        let plan = g.plan([x], &Limits::default()).unwrap();
        plan.stored().iter().map(|stored| (stored.name.clone(), stored.reason.clone())).collect::<Vec<_>>()
    };
    let auto = fusewire::StorePolicy::Auto;
    assert!(halved([Never, Never]).iter().all(|(_, reason)| *reason == StoreReason::TooLongForNever));
    let cut = halved([Never, auto]);
    assert!(!cut.is_empty());
    assert!(cut.iter().all(|(name, reason)| name == "multiply" && *reason == StoreReason::TooLong));
}

#[test]
fn always_wins_over_never_on_the_same_value() {
    let g = Graph::new();
    let y = g.input("y", F64, [100]);
    for policies in [[Always, Never], [Never, Always]] {
        let [one, other] = policies.map(|policy| y.exp().store(policy));
        let plan = g.plan([one.sum(All) + (other.flip(Axis(0)) * y).sum(All)], &Limits::default()).unwrap();
        assert!(plan.stored().iter().any(|stored| stored.reason == StoreReason::Requested));
    }
    // What is said last of one call is what counts for it.
    let last = y.exp().store(Always).store(Never);
    let plan = g.plan([last.sum(All) + (last.flip(Axis(0)) * y).sum(All)], &Limits::default()).unwrap();
    assert!(plan.stored().iter().all(|stored| stored.reason != StoreReason::Requested));
}

/// A deviation is computed from the mean that stands beside it, with its axis or without, whichever came first.
#[test]
fn a_mean_beside_a_deviation_is_computed_once() {
    type Build = for<'g> fn(Expr<'g>) -> Vec<Expr<'g>>;
    let builds: [Build; 5] = [
        |x| vec![(x - x.mean(Axis(0))) / x.std(Axis(0))],
        |x| vec![(x - x.mean(Axis(0).keepdims())) / x.std(Axis(0).keepdims())],
        |x| vec![x.std(Axis(1)).named("deviation"), x.mean(Axis(1)).named("mean")],
        |x| {
            vec![
                x.var(All).named("variance"),
                x.mean(All).named("mean"),
                x.mean(All.keepdims()).named("kept"),
            ]
        },
        |x| vec![x.mean(Axis(1)).named("mean"), x.var_ddof(Axis(1), 1).named("variance")],
    ];
    for (at, build) in builds.into_iter().enumerate() {
        let g = Graph::new();
        let x = g.input("x", F32, [300, 40]);
        let plan = g.plan(build(x), &Limits::default()).unwrap();
        let means = plan
            .nodes()
            .iter()
            .filter(|node| node.operation == "mean" && plan.nodes()[node.operands[0]].name() == "x");
        assert_eq!(means.count(), 1, "{at}: {}", plan.report());
        // One total for the mean, one for the squares.
        let totals: usize = plan.kernels().iter().map(|kernel| kernel.reductions.len()).sum();
        assert_eq!(totals, 2, "{at}: {}", plan.explain());
    }
}
