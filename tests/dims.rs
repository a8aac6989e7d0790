//! Sizes that are not known yet, axes with labels, and broadcasts that a policy forbids.

use fusewire::prelude::*;
use fusewire::{DiagnosticKind, Shape, broadcast_shapes};
use insta::assert_snapshot;

fn refused<'g>(g: &'g Graph, outputs: impl IntoIterator<Item = Expr<'g>>) -> Error {
    g.plan(outputs, &Limits::default()).expect_err("a plan that must be refused")
}

fn compiled<'g>(g: &'g Graph, outputs: impl IntoIterator<Item = Expr<'g>>) -> Program {
    g.plan(outputs, &Limits::default()).unwrap().compile().unwrap()
}

/// The incident is refused with the axis, the operand that stretches, both lines and the factor.
fn assert_blames(error: &Error, kind: DiagnosticKind, features: Expr<'_>, weights: Expr<'_>) {
    let diagnostic = error.diagnostics().iter().find(|diagnostic| diagnostic.kind == kind);
    let diagnostic = diagnostic.unwrap_or_else(|| panic!("no {kind:?} in {error}"));
    assert_eq!(diagnostic.axis, Some(2));
    assert_eq!(diagnostic.factor, Some(10.0));
    let sites: Vec<_> = diagnostic.operands.iter().filter_map(|operand| operand.site).collect();
    assert!(sites.contains(&features.location()) && sites.contains(&weights.location()), "{error}");
    assert!(diagnostic.operands.iter().any(|operand| operand.name == "per_cluster_weights"), "{error}");
}

#[test]
fn the_incident_by_limit() {
    let g = Graph::new();
    let features = g.input("user_features", F64, [5_000_000, 1000, 1]);
    let weights = g.input("per_cluster_weights", F64, [10]);
    let error = refused(&g, [features * weights]);
    assert_blames(&error, DiagnosticKind::Limit, features, weights);
    assert_snapshot!(error);
}

#[test]
fn the_incident_by_symbolic_bound() {
    let g = Graph::new();
    let users = g.dim("users", 1..=5_000_000);
    let features = g.input("user_features", F64, (users, 1000, 1));
    let weights = g.input("per_cluster_weights", F64, [10]);
    let error = refused(&g, [features * weights]);
    assert_blames(&error, DiagnosticKind::Limit, features, weights);
    assert_snapshot!(error);
}

#[test]
fn the_incident_by_label() {
    let g = Graph::new();
    let features = g.input("user_features", F64, (("user", 50), ("feature", 1000), ("feature_set", 1)));
    let weights = g.input("per_cluster_weights", F64, [("cluster", 10)]);
    let error = refused(&g, [features * weights]);
    assert_blames(&error, DiagnosticKind::Label, features, weights);
    assert_snapshot!(error);
}

#[test]
fn the_incident_by_policy() {
    for (policy, name) in [
        (BroadcastPolicy::NoRankGrowth, "rank_growth"),
        (BroadcastPolicy::NoOuterProduct, "outer_product"),
        (BroadcastPolicy::ExplicitOnly, "explicit_only"),
    ] {
        let g = Graph::new();
        g.set_broadcast(policy);
        // Ten users, as in the tests: no limit is near.
        let features = g.input("user_features", F64, [10, 1000, 1]);
        let weights = g.input("per_cluster_weights", F64, [10]);
        let error = refused(&g, [features * weights]);
        assert_eq!(error.diagnostics().len(), 1);
        assert_blames(&error, DiagnosticKind::Broadcast, features, weights);
        assert_snapshot!(format!("the_incident_by_policy_{name}"), error);
    }
}

#[test]
fn an_outer_product_of_a_column_and_a_row_is_one_whatever_its_rank() {
    let g = Graph::new();
    let (column, row) = (g.input("column", F64, [3, 1]), g.input("row", F64, [1, 4]));
    g.set_broadcast(BroadcastPolicy::NoOuterProduct);
    assert_eq!(refused(&g, [column * row]).kind(), DiagnosticKind::Broadcast);
    let matrix = g.input("matrix", F64, [3, 4]);
    assert!(g.plan([matrix * row * column + 2], &Limits::default()).is_ok());
    g.set_broadcast(BroadcastPolicy::NoRankGrowth);
    assert!(g.plan([column * row], &Limits::default()).is_ok());
    let vector = g.input("vector", F64, [4]);
    assert_eq!(refused(&g, [matrix * vector]).kind(), DiagnosticKind::Broadcast);
    g.plan([matrix * vector.expand_dims(0) * 2.0], &Limits::default()).unwrap();
    g.set_broadcast(BroadcastPolicy::ExplicitOnly);
    assert_eq!(refused(&g, [matrix * row]).kind(), DiagnosticKind::Broadcast);
    assert!(g.plan([matrix * row.broadcast_to([3, 4]) - g.scalar(1.0)], &Limits::default()).is_ok());
    // A policy belongs to a call: made before, or excused, it keeps its own.
    assert!(g.plan([(matrix * row).with_broadcast(BroadcastPolicy::NumPy)], &Limits::default()).is_ok());
    g.set_broadcast(BroadcastPolicy::NumPy);
    assert!(g.plan([matrix * row], &Limits::default()).is_ok());
    let alone = (column * row).with_broadcast(BroadcastPolicy::NoOuterProduct);
    assert_eq!(refused(&g, [alone]).kind(), DiagnosticKind::Broadcast);
}

#[test]
fn a_plan_lists_what_it_stretches() {
    let g = Graph::new();
    let users = g.dim("users", 1..=5_000_000);
    let (x, w) = (g.input("x", F64, (users, 8)), g.input("w", F64, [8]));
    let product = x * w;
    let plan = g.plan([product * g.input("y", F64, (users, 1)) + 1], &Limits::default()).unwrap();
    let found: Vec<_> = plan
        .stretches()
        .iter()
        .map(|stretch| (stretch.operand.name.as_str(), stretch.axis, stretch.factor(), stretch.added))
        .collect();
    assert_eq!(found, [("w", 0, 5_000_000, true), ("y", 1, 8, false)]);
    assert_eq!(plan.stretches()[0].site, product.location());
}

#[test]
fn the_largest_extent_is_exact() {
    let g = Graph::new();
    let users = g.dim("users", 1..=2_000_000);
    let (x, w) = (g.input("x", F64, (users, 1)), g.input("w", F64, [1000]));
    let limits = Limits::default().with_elements(4_200_000_000);
    let plan = g.plan([(x * w).sum(Axis(1))], &limits).unwrap();
    assert_eq!(plan.max_extent("users"), Some(4_200_000));
    assert_eq!(plan.max_extent("nobody"), None);
    for (upper, fits) in [(4_200_000, true), (4_200_001, false)] {
        let g = Graph::new();
        let users = g.dim("users", 1..=upper);
        let (x, w) = (g.input("x", F64, (users, 1)), g.input("w", F64, [1000]));
        let planned = g.plan([(x * w).sum(Axis(1))], &limits);
        assert_eq!(planned.is_ok(), fits);
        if let Err(error) = planned {
            let said = "safe for users <= 4 200 000, declared up to 4 200 001";
            assert!(error.diagnostics()[0].help.iter().any(|help| help.starts_with(said)), "{error}");
        }
    }
}

#[test]
fn the_largest_extent_minds_the_workspace() {
    let g = Graph::new();
    let n = g.dim("n", 1..=1000);
    let x = g.input("x", F64, n);
    let plan = g.plan(
        [x.flip(Axis(0)) + x.exp().store(Always).flip(Axis(0)) * x],
        &Limits::default().with_bytes(64_000),
    );
    let plan = plan.unwrap();
    assert_eq!(plan.workspace_bytes(), 8000);
    assert_eq!(plan.max_extent("n"), Some(8000));
}

#[test]
fn a_binding_is_held_to_the_dims() {
    let g = Graph::new();
    let (n, m) = (g.dim("n", 1..=100), g.dim("m", 2..=50));
    let (x, y, z) = (g.input("x", F64, n), g.input("y", F64, m), g.input("z", F64, (n, n)));
    let program = compiled(&g, [x + y]);
    let mut out = [0.0; 60];
    let errors: Vec<Error> = [(3, 4, 3), (3, 4, 4), (60, 60, 60), (1, 1, 1)]
        .into_iter()
        .map(|(a, b, c)| {
            let inputs = [("x", &[1.0; 60][..a]), ("y", &[1.0; 60][..b])];
            program.run(inputs, [("out", &mut out[..c])]).unwrap_err()
        })
        .collect();
    assert_eq!(out, [0.0; 60]);
    assert!(errors.iter().all(|error| error.kind() == DiagnosticKind::Dim));
    let square = compiled(&g, [z.sum(All)]);
    let mut total = 0.0;
    let apart = square.run([("z", View::new(&[0.0; 6], [2, 3]))], [("out", &mut total)]).unwrap_err();
    let texts: Vec<String> = errors.iter().chain([&apart]).map(ToString::to_string).collect();
    assert_snapshot!(texts.join("\n\n"));
    program.run([("x", &[1.0; 7]), ("y", &[2.0; 7])], [("out", &mut out[..7])]).unwrap();
    assert_eq!(out[..8], [3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 0.0]);
}

#[test]
fn a_dim_that_no_array_has_is_given_by_name() {
    let g = Graph::new();
    let n = g.dim("n", 0..=9);
    let program = compiled(&g, [g.arange_to(1, n + 1, 1).sum(All)]);
    let mut out = 0i64;
    let mut run = |program: &Program| program.run((), [("out", &mut out)]).map(|()| out);
    assert_eq!(run(&program.clone().with_size("n", 4)).unwrap(), 10);
    assert_eq!(run(&program.clone().with_size("n", 0)).unwrap(), 0);
    let texts = [&program, &program.clone().with_size("n", 10), &program.clone().with_size("k", 1)]
        .map(|program| run(program).unwrap_err().to_string());
    assert_snapshot!(texts.join("\n\n"));

    // An array and a given size that differ.
    let x = g.input("x", F64, n);
    let program = compiled(&g, [x * 2]).with_size("n", 4);
    let mut out = [0.0; 3];
    let error = program.run([("x", &[0.0; 3])], [("out", &mut out)]).unwrap_err();
    assert!(error.to_string().contains("dim `n` has two sizes: 4 by `.with_size`, 3 by axis 0 of input `x`"));
}

#[test]
fn a_size_follows_from_an_expression_of_it() {
    let g = Graph::new();
    let n = g.dim("n", 1..=100);
    let edges = g.input("edges", F64, 2 * n - 1);
    let program = compiled(&g, [edges.sum(All) / g.size(n)]);
    let mut out = 0.0;
    program.run([("edges", &[1.0; 7])], [("out", &mut out)]).unwrap();
    assert_eq!(out, 7.0 / 4.0);
    let error = program.run([("edges", &[1.0; 8])], [("out", &mut out)]).unwrap_err();
    assert!(error.to_string().contains("no size of `n` makes `2*n - 1` that"), "{error}");
    // With the size known, the expression is checked.
    let program = compiled(&g, [edges.sum(All) * g.input("x", F64, n)]);
    let mut out = [0.0; 3];
    let bad = program.run([("edges", &[1.0; 7][..]), ("x", &[1.0; 3][..])], [("out", &mut out)]);
    assert_snapshot!(bad.unwrap_err());
    program.run([("edges", &[1.0; 5][..]), ("x", &[1.0; 3][..])], [("out", &mut out)]).unwrap();
    assert_eq!(out, [5.0; 3]);
}

#[test]
fn what_can_not_hold_is_refused_with_the_lines_that_ask_for_it() {
    let g = Graph::new();
    let (n, m) = (g.dim("n", 1..=100), g.dim("m", 1..=50));
    let (x, y) = (g.input("x", F64, n), g.input("y", F64, m));
    g.assume_equal(n, m + 70);
    assert!(g.plan([x.sum(All) + y.sum(All)], &Limits::default()).is_ok());
    // `n` alone is not concerned: nothing says what `m` is.
    assert!(g.plan([x.expect_shape(10)], &Limits::default()).is_ok());
    assert_snapshot!(refused(&g, [x.expect_shape(10) * y.sum(All)]));
}

#[test]
fn sizes_that_are_none_are_refused() {
    let g = Graph::new();
    let (n, big) = (g.dim("n", 0..=10), g.dim("big", 1..=u64::MAX));
    let half = g.dim("half", 1..=u64::MAX / 4);
    let input = |name: &str, shape: Shape| g.input(name, F64, shape).sum(All).named(name);
    let error = refused(
        &g,
        [
            input("negative", (n - 1).into()),
            input("no_name", g.dim("", 0..=4).into()),
            input("no_label", Shape::from([("", 4)])),
            (g.input("even", F64, 2 * n) - g.input("seven", F64, 7)).named("never even"),
            input("zero_divisor", big.ceil_div(n).into()),
            input("no_range", g.dim("none", std::ops::RangeInclusive::new(5, 4)).into()),
            input("product_overflows", (half, half).into()),
            input("power_overflows", (big * big * big).into()),
            input("other_bounds", g.dim("n", 0..=11).into()),
        ],
    );
    assert_snapshot!(error);
}

#[test]
fn a_symbolic_dim_is_never_stretched() {
    let g = Graph::new();
    let n = g.dim("n", 1..=8);
    let (x, y) = (g.input("x", F64, n), g.input("y", F64, [8]));
    let program = compiled(&g, [x + y]);
    let mut out = [0.0; 8];
    program.run([("x", &[1.0; 8]), ("y", &[1.0; 8])], [("out", &mut out)]).unwrap();
    let error = program.run([("x", &[1.0][..]), ("y", &[1.0; 8][..])], [("out", &mut out)]).unwrap_err();
    assert_snapshot!(error);
}

#[test]
fn reductions_without_a_value_need_an_element() {
    let g = Graph::new();
    let n = g.dim("n", 0..=10);
    let x = g.input("x", F64, (n, 2));
    let program = compiled(&g, [x.max(Axis(0))]);
    let mut out = [0.0; 2];
    let empty: [f64; 0] = [];
    let error = program.run([("x", View::new(&empty, [0, 2]))], [("out", &mut out)]).unwrap_err();
    assert_snapshot!(error);
    program.run([("x", View::new(&[1.0, 2.0, 3.0, 0.0], [2, 2]))], [("out", &mut out)]).unwrap();
    assert_eq!(out, [3.0, 2.0]);
    // Sums have one.
    let program = compiled(&g, [x.sum(Axis(0))]);
    program.run([("x", View::new(&empty, [0, 2]))], [("out", &mut out)]).unwrap();
    assert_eq!(out, [0.0, 0.0]);
}

#[test]
fn labels_flow_through_every_operation() {
    let g = Graph::new();
    let users = g.dim("users", 1..=1000);
    let x = g.input("x", F64, (("user", users), ("feature", 8)));
    let w = g.input("w", F64, [("feature", 8)]);
    let shape = |expr: Expr<'_>| expr.shape().map_or("error".into(), |shape| shape.to_string());
    assert_eq!(shape((x * w - 1).exp().astype(F32)), "[user:users<=1000, feature:8]");
    assert_eq!(shape(x.sum("feature")), "[user:users<=1000]");
    assert_eq!(shape(x.sum(Axes::from("user").keepdims())), "[user:1, feature:8]");
    assert_eq!(shape(x.mean(["feature", "user"])), "[]");
    assert_eq!(shape(x.transpose()), "[feature:8, user:users<=1000]");
    assert_eq!(shape(x.permute_dims(["feature", "user"])), "[feature:8, user:users<=1000]");
    assert_eq!(shape(x.slice_axis("user", 1..).flip("feature")), "[user:users - 1<=999, feature:8]");
    assert_eq!(shape(x.expand_dims("batch")), "[batch:1, user:users<=1000, feature:8]");
    assert_eq!(shape(x.expand_dims([(1, "a"), (-1, "b")])), "[user:users<=1000, a:1, feature:8, b:1]");
    assert_eq!(shape(x.expand_dims("batch").squeeze("batch")), "[user:users<=1000, feature:8]");
    assert_eq!(shape(w.broadcast_to((("user", users), 8))), "[user:users<=1000, feature:8]");
    assert_eq!(shape(x.label_axes(["row", "column"])), "[row:users<=1000, column:8]");
    assert_eq!(shape(x.label_axes([None, Some("column")])), "[users<=1000, column:8]");
    // An axis without a label meets any, and takes it.
    assert_eq!(shape(x.sum("user") + g.input("plain", F64, [8])), "[feature:8]");
    assert_eq!(shape(x.expect_shape((("user", users), 8))), "[user:users<=1000, feature:8]");
    // The sum of a row has no label of a column.
    let program = compiled(&g, [(x * w).sum("feature")]);
    let mut out = [0.0; 2];
    let rows: Vec<f64> = (0..16).map(f64::from).collect();
    program.run([("x", View::new(&rows, [2, 8])), ("w", (&[1.0; 8]).into())], [("out", &mut out)]).unwrap();
    assert_eq!(out, [28.0, 92.0]);
}

#[test]
fn labels_that_disagree_are_refused() {
    let g = Graph::new();
    let x = g.input("x", F64, (("user", 10), ("feature", 10)));
    let y = g.input("y", F64, (("feature", 10), ("user", 10)));
    let row = g.input("row", F64, [("user", 10)]);
    let error = refused(
        &g,
        [
            (x + y).named("transposed"),
            x.sum("cluster").named("unknown"),
            g.input("twice", F64, [("a", 3), ("a", 3)]).named("twice"),
            (row.expand_dims(1) * row).named("repeated"),
            x.slice_axis("usr", 1..).named("misspelt"),
            x.permute_dims(["user", "user"]).named("order"),
            x.label_axes(["user"]).named("too few"),
            x.broadcast_to((("cluster", 10), 10)).named("target"),
            x.expect_shape((("feature", 10), ("user", 10))).named("expected"),
            x.expect_shape((10, 11)).named("other size"),
            x.expand_dims(["user"].map(|label| (0, label))).named("again"),
        ],
    );
    assert_snapshot!(error);
}

#[test]
fn shapes_broadcast_before_there_is_a_graph() {
    let users = Dim::symbolic("users", 1..=5_000_000);
    let others = Dim::symbolic("others", 1..=10);
    let made =
        broadcast_shapes(&[(&users, 1).into(), (&others, 10).into(), [("feature", 10)].into()]).unwrap();
    assert_eq!(made.shape.to_string(), "[others<=10, feature:10]");
    let texts: Vec<String> = made.requirements.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["users = others"]);
    for (shapes, kind) in [
        (vec![Shape::from([3]), Shape::from([4])], DiagnosticKind::Shape),
        (vec![Shape::from([("a", 3)]), Shape::from([("b", 3)])], DiagnosticKind::Label),
        (vec![Shape::from((("a", 3), 1)), Shape::from([("a", 3)])], DiagnosticKind::Label),
        (vec![Shape::from(&users), Shape::from(Dim::symbolic("users", 1..=6))], DiagnosticKind::Dim),
        (vec![Shape::from(&users), Shape::from([6_000_000])], DiagnosticKind::Shape),
        (vec![Shape::from(&others - 2)], DiagnosticKind::Dim),
    ] {
        let error = broadcast_shapes(&shapes).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.diagnostics()[0].site.is_some_and(|site| site.file.ends_with("dims.rs")));
    }
    assert_eq!(broadcast_shapes(&[]).unwrap().shape, Shape::from(()));
}

#[test]
fn one_program_serves_every_size() {
    let g = Graph::new();
    let (n, m) = (g.dim("n", 0..=10_000), g.dim("m", 1..=10_000));
    let x = g.input("x", F64, (n, m));
    let rows = x.sum(Axis(1));
    let last = x.slice_axis(Axis(1), Slice::new(-1, i64::MAX)).squeeze(1);
    let halves = x.slice_axis(Axis(0), Slice::ALL.step_by(2)).sum(Axis(0));
    let scaled = g.linspace(0.0, 1.0, m) * g.size(n) - g.arange_to(0, m, 1);
    let program = compiled(
        &g,
        [rows.named("rows"), last.named("last"), halves.named("halves"), scaled.named("scaled")],
    );
    for (rows_bound, columns) in [(0, 1), (1, 1), (1, 7), (2, 1), (5, 3), (64, 65), (3, 1000)] {
        let elements: Vec<f64> = (0..rows_bound * columns).map(|at| (at * at % 97) as f64).collect();
        let mut sums = vec![0.0; rows_bound];
        let mut lasts = vec![0.0; rows_bound];
        let (mut evens, mut line) = (vec![0.0; columns], vec![0.0; columns]);
        program
            .run(
                [("x", View::new(&elements, [rows_bound, columns]))],
                [("rows", &mut sums), ("last", &mut lasts), ("halves", &mut evens), ("scaled", &mut line)],
            )
            .unwrap();
        for row in 0..rows_bound {
            let own = &elements[row * columns..][..columns];
            assert_eq!(sums[row], own.iter().sum::<f64>());
            assert_eq!(lasts[row], own[columns - 1]);
        }
        for column in 0..columns {
            let even = (0..rows_bound).step_by(2).map(|row| elements[row * columns + column]);
            assert_eq!(evens[column], even.sum::<f64>());
            let at = match column {
                0 => 0.0,
                _ if column + 1 == columns => 1.0,
                _ => column as f64 * (1.0 / (columns - 1) as f64),
            };
            assert_eq!(line[column], at * rows_bound as f64 - column as f64);
        }
    }
}

#[test]
fn no_size_overflows_where_dims_are_bound() {
    // 65536^8 is 2^128: a size that would have no value at a binding is refused with the plan.
    let g = Graph::new();
    let (n, m, k) = (g.dim("n", 1..=100_000), g.dim("m", 1..=1000), g.dim("k", 1..=1000));
    let (w, x, y) = (g.input("w", I8, n), g.input("x", F64, m), g.input("y", F64, k));
    let power = n * n * n * n * n * n * n * n;
    let outputs = [(y + x.broadcast_to(power.min(1000))).named("z"), w.sum(All).named("s")];
    assert_eq!(refused(&g, outputs).kind(), DiagnosticKind::Dim);
    // Also behind a factor that may be 0, and in what is promised.
    let zero = g.dim("zero", 0..=0);
    let hidden = (power * zero + 5).min(1000);
    assert_eq!(refused(&g, [g.full(hidden, 1.0).sum(All)]).kind(), DiagnosticKind::Dim);
    let huge = g.dim("huge", 0..=u64::MAX);
    assert_eq!(refused(&g, [g.arange_to(0, (huge * huge * huge).min(1000), 1)]).kind(), DiagnosticKind::Dim);
    // A size as a number is an i64.
    assert_eq!(refused(&g, [g.size(huge)]).kind(), DiagnosticKind::Dim);
    assert_eq!(refused(&g, [g.size(n * n * n * n)]).kind(), DiagnosticKind::Dim);
    assert!(g.plan([g.size(n * n)], &Limits::default()).is_ok());
}

#[test]
fn negative_numbers_count_in_sizes() {
    let g = Graph::new();
    let n = g.dim("n", 1..=10);
    assert_eq!(format!("{:?}", n - (-1)), "n + 1<=11");
    assert_eq!(format!("{:?}", n + 5 + (-5)), "n<=10");
    for negative in [n.min(-1), n + (-5), n.ceil_div(-2), n * (-1)] {
        assert_eq!(refused(&g, [g.full(negative, 1.0)]).kind(), DiagnosticKind::Dim, "{negative:?}");
    }
    assert_eq!(format!("{:?}", n.max(-1)), "n<=10");
    assert_eq!(refused(&g, [g.full([-1], 1.0)]).kind(), DiagnosticKind::Dim);
}

/// One element less along an axis, times another axis, is not taken for less than nothing.
#[test]
fn axes_that_became_shorter_are_joined() {
    let g = Graph::new();
    let (n, m) = (g.dim("n", 1..=1000), g.dim("m", 0..=50));
    let x = g.input("x", F64, (n, m));
    let steps = x.diff(1, Axis(0));
    let outputs = [
        steps.ravel().named("flat"),
        steps.unique().count.named("count"),
        steps.median(All).named("middle"),
        x.slice_axis(Axis(0), 1..).sort(Axis(0)).ravel().named("sorted"),
    ];
    let plan = g.plan(outputs, &Limits::default()).unwrap();
    assert_eq!(plan.outputs()[0].array.shape[0].upper(), 999 * 50);
    let program = plan.compile().unwrap();
    let (mut flat, mut count, mut middle, mut sorted) = ([0.0; 4], [0i64; 1], [0.0; 1], [0.0; 4]);
    let outputs = [
        ("flat", ViewMut::from(&mut flat)),
        ("count", ViewMut::new(&mut count, [])),
        ("middle", ViewMut::new(&mut middle, [])),
        ("sorted", (&mut sorted).into()),
    ];
    program.run([("x", View::new(&[1.0, 2.0, 4.0, 8.0, 2.0, 9.0], [3, 2]))], outputs).unwrap();
    assert_eq!((flat, count, middle), ([3.0, 6.0, -2.0, 1.0], [4], [2.0]));
    assert_eq!(sorted, [2.0, 8.0, 4.0, 9.0]);
}
