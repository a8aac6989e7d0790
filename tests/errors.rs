//! What is refused, in which words, and that nothing is touched when it is.

use fusewire::prelude::*;
use fusewire::{DiagnosticKind, Site};
use insta::assert_snapshot;

fn refused<'g>(g: &'g Graph, outputs: impl IntoIterator<Item = Expr<'g>>) -> Error {
    g.plan(outputs, &Limits::default()).expect_err("a plan that must be refused")
}

fn kinds(error: &Error) -> Vec<DiagnosticKind> {
    error.diagnostics().iter().map(|diagnostic| diagnostic.kind).collect()
}

#[test]
fn the_incident_without_the_stray_axis_is_a_mismatch() {
    let g = Graph::new();
    let features = g.input("features", F64, [5_000_000, 1000]);
    let weights = g.input("per_cluster", F64, [10]);
    let error = refused(&g, [features * weights]);
    assert_eq!(error.kind(), DiagnosticKind::Shape);
    assert_snapshot!(error);
}

#[test]
fn the_incident_is_refused_with_blame() {
    let g = Graph::new();
    let features = g.input("features", F64, [5_000_000, 1000, 1]);
    let weights = g.input("per_cluster", F64, [10]);
    let product = features * weights;
    let error = refused(&g, [product.sum(All)]);
    let [diagnostic] = error.diagnostics() else { panic!("{error}") };
    assert_eq!(diagnostic.kind, DiagnosticKind::Limit);
    assert_eq!(diagnostic.axis, Some(2));
    assert_eq!(diagnostic.factor, Some(10.0));
    assert_eq!(diagnostic.site, Some(product.location()));
    let blamed = &diagnostic.operands[0];
    assert_eq!((blamed.name.as_str(), blamed.slot), ("per_cluster", 1));
    assert_eq!(blamed.site, Some(weights.location()));
    assert_eq!(blamed.array, weights.array());
    assert_snapshot!(error);
}

#[test]
fn a_vector_against_a_column_of_itself_is_refused() {
    let g = Graph::new();
    let predicted = g.input("predicted", F64, [10_000_000]);
    let actual = g.input("actual", F64, [10_000_000, 1]);
    let error = refused(&g, [(predicted - actual).square().mean(All)]);
    assert_eq!(kinds(&error), [DiagnosticKind::Limit]);
    assert_snapshot!(error);
}

#[test]
fn the_element_limit_is_exact() {
    let g = Graph::new();
    let (u, v) = (g.input("u", F64, [300]), g.input("v", F64, [400]));
    let outer = u.expand_dims(1) * v;
    let at = |elements| g.plan([outer.sum(All)], &Limits::default().with_elements(elements));
    assert!(at(120_000).is_ok());
    assert_eq!(at(119_999).unwrap_err().kind(), DiagnosticKind::Limit);
    let excused =
        |elements| g.plan([outer.allow_elements(elements).sum(All)], &Limits::default().with_elements(1000));
    assert!(excused(120_000).is_ok());
    assert_eq!(excused(119_999).unwrap_err().kind(), DiagnosticKind::Limit);
}

#[test]
fn the_default_limit_follows_the_largest_input() {
    let g = Graph::new();
    let large = g.input("large", F32, [200_000_000]);
    assert!(g.plan([large * 2], &Limits::default()).is_ok());
    let (u, v) = (g.input("u", F32, [20_000, 1]), g.input("v", F32, [10_000]));
    // 200 million again: no larger than an input of this plan, but too large without it.
    assert!(g.plan([(u * v).sum(All), large.sum(All)], &Limits::default()).is_ok());
    assert_eq!(refused(&g, [(u * v).sum(All)]).kind(), DiagnosticKind::Limit);
}

#[test]
fn an_excuse_carries_through_what_does_not_grow() {
    let g = Graph::new();
    let (u, v) = (g.input("u", F32, [20_000, 1]), g.input("v", F32, [10_000]));
    let outer = (u * v).allow_elements(200_000_000);
    assert!(g.plan([(outer.exp() + 1).sum(All)], &Limits::default()).is_ok());
    let third = g.input("w", F32, [2, 1, 1]);
    assert_eq!(refused(&g, [(outer * third).sum(All)]).kind(), DiagnosticKind::Limit);
}

#[test]
fn the_workspace_limit_is_exact() {
    let g = Graph::new();
    let x = g.input("x", F64, [1000, 100]);
    let centred = x - x.mean(Axis(1)).expand_dims(1);
    let bytes = g.plan([centred], &Limits::default()).unwrap().workspace_bytes();
    assert_eq!(bytes, 8000);
    assert!(g.plan([centred], &Limits::default().with_bytes(bytes)).is_ok());
    let error = g.plan([centred], &Limits::default().with_bytes(bytes - 1)).unwrap_err();
    assert_eq!(error.kind(), DiagnosticKind::Workspace);
    assert_snapshot!(error);
}

#[test]
fn one_excuse_does_not_excuse_another_line() {
    let g = Graph::new();
    let (u, v) = (g.input("u", F64, [20_000, 1]), g.input("v", F64, [20_000]));
    let meant = (u * v).allow_elements(400_000_000);
    let accident = u * v;
    let error = refused(&g, [meant.sum(All), accident.max(All)]);
    let sites: Vec<Option<Site>> = error.diagnostics().iter().map(|diagnostic| diagnostic.site).collect();
    assert_eq!(sites, [Some(accident.location())]);
    assert_ne!(meant.location(), accident.location());
}

#[test]
fn sizes_that_overflow_are_refused() {
    let g = Graph::new();
    let huge = 1u64 << 40;
    let (u, v) = (g.input("u", F64, [huge, 1]), g.input("v", F64, [huge]));
    let error =
        g.plan([(u * v).allow_elements(u64::MAX).sum(All)], &Limits::default().with_elements(u64::MAX));
    assert_snapshot!(error.unwrap_err());
    for shape in [[huge, huge], [u64::MAX, 2], [u64::MAX, 0], [1 << 62, 1]] {
        let error = refused(&g, [g.input(&format!("{shape:?}"), F64, shape) + 1]);
        assert_eq!(error.kind(), DiagnosticKind::Limit, "{error}");
    }
    assert_snapshot!(refused(&g, [g.input("negative", F64, [3, -1]) + 1]));
    let filled = g.full([huge, huge], 1.0).allow_elements(u64::MAX).sum(All);
    assert_eq!(refused(&g, [filled]).kind(), DiagnosticKind::Limit);
}

#[test]
fn dtypes_and_numbers_that_do_not_fit() {
    let g = Graph::new();
    let (flag, count) = (g.input("flag", Bool, [4]), g.input("count", I32, [4]));
    let real = g.input("real", F64, [4]);
    let wrong = [flag - flag, real & count, !real, count + 3_000_000_000i64, -flag];
    let error = refused(&g, wrong);
    assert_eq!(kinds(&error)[3], DiagnosticKind::ScalarRange);
    assert_snapshot!(error);
}

#[test]
fn axes_names_and_generators_that_make_no_sense() {
    let g = Graph::new();
    let x = g.input("x", F64, [4, 0, 3]);
    let again = g.input("x", F64, [5]);
    let error = refused(
        &g,
        [
            x.sum(Axis(3)).named("axis"),
            x.sum([0, -3]).named("twice"),
            x.max(Axis(1)).named("empty"),
            x.squeeze(0).named("squeeze"),
            x.expand_dims(5).named("expand"),
            x.permute_dims([0, 1]).named("order"),
            x.slice_axis(Axis(7), 1..2).named("slice"),
            x.slice([Slice::ALL.step_by(0)]).named("step"),
            x.broadcast_to([4, 5, 3]).named("broadcast"),
            again.named("again"),
            g.arange(0, 10, 0).named("arange"),
            g.arange(0.0, f64::NAN, 1.0).named("nan"),
            g.constant(&[1.0, 2.0], [3]).named("constant"),
        ],
    );
    assert_snapshot!(error);
}

#[test]
fn names_of_outputs() {
    let g = Graph::new();
    let x = g.input("x", F64, [4]);
    let error = refused(&g, [(x + 1).named("y"), (x + 2).named("y")]);
    assert_eq!(error.kind(), DiagnosticKind::Name);
    assert_snapshot!(error);
    assert_eq!(refused(&g, []).kind(), DiagnosticKind::Name);
}

#[test]
fn two_graphs_do_not_mix() {
    let (g, other) = (Graph::new(), Graph::new());
    let x = g.input("x", F64, [4]);
    let y = other.input("y", F64, [4]);
    let error = refused(&g, [x + y]);
    assert_eq!(error.kind(), DiagnosticKind::ForeignGraph);
    assert_snapshot!(error);
    assert_eq!(refused(&g, [y]).kind(), DiagnosticKind::ForeignGraph);
    assert_eq!(refused(&g, [x.select(y, 1.0)]).kind(), DiagnosticKind::ForeignGraph);
}

#[test]
fn everything_is_reported_at_once_and_only_what_is_reached() {
    let g = Graph::new();
    let (x, y) = (g.input("x", F64, [3]), g.input("y", F64, [4]));
    let bad = x + y;
    // An expression that is built on a bad one adds nothing.
    let worse = (bad * 2).exp() + x.sum(Axis(1));
    assert_eq!(kinds(&refused(&g, [worse])), [DiagnosticKind::Shape, DiagnosticKind::Axis]);
    assert!(g.plan([x * 2], &Limits::default()).is_ok());
    assert!(bad.array().is_none());
    assert_eq!(kinds(&refused(&g, [bad, x - y])), [DiagnosticKind::Shape; 2]);
}

/// Binds what is wrong, and checks that no element of the output was written.
fn binding_error(inputs: Vec<(&str, View<'_>)>, output: &str, count: usize) -> Error {
    let g = Graph::new();
    let (x, y) = (g.input("x", F64, [4]), g.input("y", F64, [4]));
    let program = g.plan([(x + y).named("sum")], &Limits::default()).unwrap().compile().unwrap();
    let mut out = vec![-1.0; count];
    let error = program.run(inputs, [(output, &mut out)]).unwrap_err();
    assert!(out.iter().all(|value| *value == -1.0));
    error
}

#[test]
fn bindings_are_checked_before_anything_is_written() {
    let (four, three, single) = ([1.0; 4], [1.0; 3], [1f32; 4]);
    let (x, y) = (("x", View::from(&four)), ("y", View::from(&four)));
    let errors = [
        binding_error(vec![x.clone()], "sum", 4),
        binding_error(vec![x.clone(), y.clone(), ("z", View::from(&four))], "sum", 4),
        binding_error(vec![x.clone(), y.clone(), x.clone()], "sum", 4),
        binding_error(vec![x.clone(), ("y", View::from(&three))], "sum", 4),
        binding_error(vec![x.clone(), ("y", View::from(&single))], "sum", 4),
        binding_error(vec![x.clone(), ("y", View::new(&four, [2, 2]))], "sum", 4),
        binding_error(vec![x.clone(), ("y", View::strided(&four, &[4], &[2], 0))], "sum", 4),
        binding_error(vec![x.clone(), y.clone()], "sum", 5),
        binding_error(vec![("w", View::from(&four)), ("y", View::from(&three))], "total", 4),
        binding_error(vec![x, ("y", View::new(&four, [5]))], "sum", 4),
    ];
    let texts: Vec<String> = errors.iter().map(Error::to_string).collect();
    assert_snapshot!(texts.join("\n\n"));
}

#[test]
fn an_output_that_meets_itself_is_refused() {
    let g = Graph::new();
    let x = g.input("x", F64, [2, 3]);
    let program = g.plan([(x + 1).named("y")], &Limits::default()).unwrap().compile().unwrap();
    let (data, mut out) = (vec![0.0; 6], vec![-1.0; 6]);
    let error = program
        .run([("x", View::new(&data, [2, 3]))], [("y", ViewMut::strided(&mut out, &[2, 3], &[1, 1], 0))])
        .unwrap_err();
    assert_eq!(error.kind(), DiagnosticKind::Overlap);
    assert_eq!(out, [-1.0; 6]);
    assert_snapshot!(error);
}

#[test]
fn arrays_without_elements_are_nothing_to_do() {
    let g = Graph::new();
    let x = g.input("x", F64, [3, 0]);
    let outputs = [(x + 1).named("y"), x.sum(All).named("sum"), x.mean(Axis(1)).named("mean")];
    let program = g.plan(outputs, &Limits::default()).unwrap().compile().unwrap();
    let (mut y, mut sum, mut mean) = ([0f64; 0], -1f64, [-1f64; 3]);
    let outputs: [(&str, ViewMut<'_>); 3] =
        [("y", ViewMut::new(&mut y, [3, 0])), ("sum", (&mut sum).into()), ("mean", (&mut mean).into())];
    program.run([("x", View::new(&[0f64; 0], [3, 0]))], outputs).unwrap();
    assert_eq!(sum, 0.0);
    assert!(mean.iter().all(|mean| mean.is_nan()));
}

#[test]
fn an_expression_without_inputs_needs_none() {
    let g = Graph::new();
    let program = g.plan([g.arange(0, 5, 1) * 2], &Limits::default()).unwrap().compile().unwrap();
    let mut out = [0i64; 5];
    program.run((), [("out", &mut out)]).unwrap();
    assert_eq!(out, [0, 2, 4, 6, 8]);
}

#[test]
fn workspace_that_no_machine_has_is_an_error() {
    let g = Graph::new();
    let rows = 1u64 << 50;
    let x = g.input("x", F64, [rows]);
    let row = x.expand_dims(1).broadcast_to([rows, 2]).sum(Axis(1)).store(Always);
    let limits = Limits::default().with_bytes(u64::MAX).with_elements(u64::MAX);
    let program = g.plan([(row - row.max(All)).sum(All)], &limits).unwrap().compile().unwrap();
    let mut out = -1.0;
    let standing = [1.0];
    let whole = View::strided(&standing, &[rows as usize], &[0], 0);
    let error = program.bind([("x", whole)], [("out", &mut out)]).unwrap_err();
    assert_eq!(error.kind(), DiagnosticKind::Workspace);
    assert_snapshot!(error);
}

#[test]
fn stored_values_whose_bytes_overflow_are_refused() {
    let g = Graph::new();
    let x = g.input("x", F64, [1]);
    let sum = |elements: u64| {
        let stored = x.broadcast_to([elements]).exp().store(Always);
        [stored.sum(All) + (stored.flip(Axis(0)) * 2).sum(All)]
    };
    let limits = Limits::default().with_elements(u64::MAX);
    for elements in [(1 << 60) - 1, 1 << 61, (1 << 61) + 1, 1 << 62, (1 << 63) - 1] {
        let error = g.plan(sum(elements), &limits).unwrap_err();
        assert_eq!(error.kind(), DiagnosticKind::Workspace, "{elements}: {error}");
        // Without any limit it is the machine that refuses.
        let program = g.plan(sum(elements), &limits.clone().with_bytes(u64::MAX)).unwrap().compile().unwrap();
        let mut out = -1.0;
        let error = program.run([("x", &[1.0])], [("out", &mut out)]).unwrap_err();
        assert_eq!(error.kind(), DiagnosticKind::Workspace, "{elements}: {error}");
    }
}

#[test]
fn empty_arrays_of_any_size_and_rank_need_no_code() {
    let empty = [0f64; 0];
    let (long, high) = (vec![1usize << 40, 1 << 40, 0], [vec![2; 500], vec![0]].concat());
    for shape in [long, high] {
        let g = Graph::new();
        let x = g.input("x", F64, shape.iter().map(|size| *size as u64).collect::<Vec<_>>());
        let rows = x
            .slice(vec![Slice::from(0..2); shape.len() - 1].as_slice())
            .slice(vec![Slice::from(0..1); shape.len() - 2]);
        let outputs = [
            x.sum(All).named("sum"),
            x.mean(All).isnan().named("mean"),
            (rows.prod(Axis(-1)).sum(All) + 1).named("prod"),
        ];
        let program = g.plan(outputs, &Limits::default()).unwrap().compile().unwrap();
        let (mut sum, mut is_nan, mut prod) = (-1f64, false, -1f64);
        let strides: Vec<isize> = (0..shape.len()).map(|axis| (axis % 2) as isize).collect();
        let view = View::strided(&empty, &shape, &strides, 0);
        let outputs: [(&str, ViewMut<'_>); 3] =
            [("sum", (&mut sum).into()), ("mean", (&mut is_nan).into()), ("prod", (&mut prod).into())];
        program.run([("x", view)], outputs).unwrap();
        assert_eq!((sum, is_nan, prod), (0.0, true, 3.0));
    }
}

#[test]
fn slices_without_elements_take_no_step() {
    let g = Graph::new();
    let x = g.input("x", F64, [3]);
    let none = x.slice_axis(Axis(0), Slice { start: Some(3), stop: Some(3), step: i64::MAX });
    let sliced = none.slice_axis(Axis(0), Slice::ALL.step_by(5)) + 1;
    let plan = g.plan([sliced], &Limits::default()).unwrap();
    assert!(!plan.explain().to_string().contains('*'), "{}", plan.explain());
    plan.compile().unwrap().run([("x", &[1.0, 2.0, 3.0])], [("out", &mut [0f64; 0])]).unwrap();
}

#[test]
fn what_does_not_stretch_is_not_blamed_for_it() {
    let g = Graph::new();
    let u = g.input("u", F64, [1000]);
    let long = g.input("long", F64, [1u64 << 40, 1 << 40, 0]);
    let small = Limits::default().with_elements(10);
    let errors = [
        g.plan([u.expand_dims(1)], &small),
        g.plan([u.flip(Axis(0)) * 2], &small),
        g.plan([u + 1], &small),
        g.plan([u.expand_dims(0).broadcast_to([7, 1000])], &Limits::default().with_elements(1000)),
        g.plan([long.sum(Axis(2))], &Limits::default()),
        g.plan([g.full([-1], 1.0)], &Limits::default()),
        g.plan([g.arange(0, 1e300, 1.0)], &Limits::default()),
        g.plan([g.arange(0, 1.0, 0.0)], &Limits::default()),
        g.plan([g.input("count", I64, [3]) + i128::MAX], &Limits::default()),
    ];
    let texts: Vec<String> = errors.into_iter().map(|error| error.unwrap_err().to_string()).collect();
    assert_snapshot!(texts.join("\n\n"));
}

#[test]
fn outputs_of_another_graph_are_reported_with_everything_else() {
    let (g, other) = (Graph::new(), Graph::new());
    let (x, y) = (g.input("x", F64, [3]), other.input("y", F64, [3]));
    let error = refused(&g, [y, y, x + y, x.sum(Axis(7))]);
    let expected = [DiagnosticKind::ForeignGraph, DiagnosticKind::ForeignGraph, DiagnosticKind::Axis];
    assert_eq!(kinds(&error), expected);
    assert!(error.diagnostics().iter().all(|diagnostic| diagnostic.site.is_some()));
    assert!(g.recipe([y]).is_err());
}

/// As in NumPy: roots of `bool` and bytes are `f16`, no number wraps around, and floats have no bits.
#[test]
fn numbers_are_held_to_the_dtype_they_take() {
    let g = Graph::new();
    let (flag, byte) = (g.input("flag", Bool, [4]), g.input("byte", U8, [4]));
    let (half, real) = (g.input("half", F16, [4]), g.input("real", F64, [4]));
    assert_eq!([flag.sqrt(), byte.exp(), flag / byte].map(|x| x.dtype()), [Some(F16), Some(F16), Some(F64)]);
    // A float becomes infinite instead.
    assert_eq!((half * 1e6).dtype(), Some(F16));
    let wrong =
        [byte + 300, byte - -1, g.input("tiny", I8, [4]) * 128, real.bitwise_and(1), real << 1, half ^ half];
    let error = refused(&g, wrong);
    let [scalar, dtype] = [DiagnosticKind::ScalarRange, DiagnosticKind::DType];
    assert_eq!(kinds(&error), [scalar, scalar, scalar, dtype, dtype, dtype]);
    assert_snapshot!(error);
}

/// Nobody wrote the conversions of an operand: what is named is what was given.
#[test]
fn operands_that_are_converted_keep_their_names() {
    let g = Graph::new();
    let features = g.input("features", F32, [100_000, 1]);
    let weights = g.input("per_cluster", F64, [100_000]);
    let scaled = (features * 2f32).named("scaled");
    let [a, b] = [("a", 3), ("b", 4)].map(|(name, size)| g.input(name, I32, [size]));
    let error = refused(&g, [(features * weights).sum(All), (scaled + weights).sum(All), (a / b).sum(All)]);
    assert_eq!(kinds(&error), [DiagnosticKind::Shape, DiagnosticKind::Limit, DiagnosticKind::Limit]);
    assert!(!error.to_string().contains("astype"), "{error}");
    assert_snapshot!(error);
}

/// They stand in plans, messages, reports and headers as they are.
#[test]
fn names_are_one_line_of_text() {
    let g = Graph::new();
    let x = g.input("x", F64, [4]);
    let copy = |name| g.custom(name, |x: &[f64], out: &mut [f64]| out.copy_from_slice(x)).apply([x + 1]);
    let rows = fusewire::RecordType::packed([("age", I32.into()), ("a\tb", I32.into())]).unwrap();
    let calls = [
        g.input("", F64, [4]) + 1,
        g.input("a\nb", F64, [4]) + 1,
        g.input("n", F64, [("us\ter", 4)]) + 1,
        g.input("m", F64, g.dim("\u{1b}[31m", 1..=9)) + 1,
        (x * 2).named(""),
        // A name in the middle of an expression is seen as well.
        (x * 2).named("total\r\n") + 1,
        copy(""),
        copy("f\0"),
        copy("no\u{fffe}character"),
        copy("left\u{200e}to right"),
        copy("no\u{200b}width"),
        copy("rev\u{202e}ersed"),
        g.records("users\n", &rows, 4).field("age") + 1,
        g.records("users", &rows, 4).field("a\tb") + 1,
    ];
    let named: Vec<String> = (0..calls.len()).map(|at| format!("y{at}")).collect();
    let calls: Vec<Expr<'_>> = calls.iter().zip(&named).map(|(call, name)| call.named(name)).collect();
    let error = g.plan(calls.iter().copied(), &Limits::default()).unwrap_err();
    assert_eq!(error.diagnostics().len(), calls.len(), "{error}");
    assert!(error.to_string().chars().all(|c| c == '\n' || !c.is_control()));
    assert_snapshot!(error);
    // Anything else is as good as any.
    g.plan([copy("Größe & <b>\"x\"</b> `y` \\ 名").named("日本語 %s {}")], &Limits::default()).unwrap();
}

/// What is wrong about a whole plan is at the call that asks for it, and bounds that are the wrong way round where they are declared.
#[test]
fn everything_that_is_wrong_has_a_place() {
    let g = Graph::new();
    let none = g.plan([], &Limits::default()).unwrap_err();
    let (least, most) = (10, 5);
    let n = g.dim("n", least..=most);
    let reversed = g.plan([g.input("x", F64, (3, n)) + 1], &Limits::default()).unwrap_err();
    assert_snapshot!(format!("{none}\n\n{reversed}"));
}

#[test]
fn products_that_do_not_fit_say_what_would() {
    let g = Graph::new();
    let input = |name: &str, shape: &[u64]| g.input(name, F64, shape);
    let products = [
        input("a", &[20, 3]).matmul(input("b", &[4, 5])),
        input("c", &[20, 3]).matmul(input("d", &[5, 3])),
        input("e", &[2, 6, 5]).matmul(input("f", &[2, 4, 5])),
        g.einsum("ij,jk->ik", [input("g", &[3, 4]), input("h", &[3, 4])]),
    ];
    let error = g
        .plan(products.iter().enumerate().map(|(at, y)| y.named(&format!("y{at}"))), &Limits::default())
        .unwrap_err();
    assert_snapshot!(error);
}

#[test]
fn an_axis_that_no_index_reaches_is_refused_beside_one_without_elements() {
    let g = Graph::new();
    let error = refused(&g, [g.full([0, 1u64 << 63], 1.0)]);
    assert_eq!(error.kind(), DiagnosticKind::Limit);
    let text = error.to_string();
    assert!(text.contains("axis 1 is longer than indices go"), "{text}");
    assert!(text.contains("no limit can allow this") && !text.contains("allow_elements"), "{text}");
}

#[test]
fn a_stack_over_a_limit_is_called_a_stack_of_its_operands() {
    let g = Graph::new();
    let (x, y) = (g.input("x", F64, [100, 100]), g.input("y", F64, [100, 100]));
    let error = g.plan([g.stack(Axis(2), [x, y])], &Limits::default().with_elements(15_000)).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("`stack` makes f64[100, 100, 2]") && text.contains("`x` f64[100, 100]"), "{text}");
    assert!(!text.contains("concat") && !text.contains("expand_dims"), "{text}");
}

#[test]
fn a_size_below_zero_is_shown_as_it_was_given() {
    let g = Graph::new();
    let error = refused(&g, [g.input("x", F64, [6]).reshape([-2, 3])]);
    assert!(error.to_string().contains("`reshape` of [6] to (-2, 3): 6 elements are not -6"), "{error}");
}
