//! What expressions in text become: fused loops without temporaries, sizes that are not known, labels, limits.

use fusewire::prelude::*;
use fusewire::text::{Expression, Input, SpecSize};
use fusewire::{RecordType, RecordView};

fn plan(text: &str, inputs: &[(&str, &str)]) -> Result<Plan, String> {
    let inputs: Vec<_> = inputs.iter().map(|(name, spec)| (*name, spec.parse().unwrap())).collect();
    let expression = Expression::parse(text).map_err(|error| error.to_string())?;
    expression.plan(&inputs, &Limits::default()).map_err(|error| error.to_string())
}

#[test]
fn a_chain_is_one_kernel() {
    let plan = plan(
        "((x - mu) / sd) * w + b",
        &[("x", "f64[1000,30]"), ("mu", "f64[30]"), ("sd", "f64[30]"), ("w", "f64[30]"), ("b", "2.5")],
    );
    let plan = plan.unwrap();
    assert_eq!((plan.kernels().len(), plan.workspace_bytes()), (1, 0));
}

#[test]
fn a_part_is_written_where_it_belongs() {
    let plan =
        plan("y = np.zeros((40, 60)); y[1:-1, 1:-1] = x[1:-1, 1:-1] * 2; y", &[("x", "f64[40,60]")]).unwrap();
    assert_eq!(plan.workspace_bytes(), 0);
    let masked = self::plan("x[x > 0] = 0; x", &[("x", "f64[n<=100]")]).unwrap();
    assert_eq!((masked.kernels().len(), masked.workspace_bytes()), (1, 0));
}

#[test]
fn sizes_may_be_unknown_and_axes_labelled() {
    let spec = "f32[user:n<=5000000, feature:30]";
    let mean = plan("x.mean(axis='user')", &[("x", spec)]).unwrap();
    assert_eq!(mean.outputs()[0].array.to_string(), "f32[feature:30]");
    let centred = plan("x - x.mean(axis=0)", &[("x", spec)]).unwrap();
    assert_eq!(centred.outputs()[0].array.to_string(), "f32[user:n<=5000000, feature:30]");
    let rows = plan("np.arange(x.shape[0]) * x.shape[1]", &[("x", spec)]).unwrap();
    assert_eq!(rows.outputs()[0].array.to_string(), "i64[n<=5000000]");
    let error = plan("x * w", &[("x", spec), ("w", "f32[cluster:30]")]).unwrap_err();
    assert!(error.contains("`feature:30` in one operand, with `cluster:30`"), "{error}");
    let error = plan("x[1:] + x", &[("x", "f32[n<=10]")]).unwrap_err();
    assert!(error.contains("1 | x[1:] + x"), "{error}");
}

#[test]
fn an_axis_of_unknown_size_is_assigned_to_in_part() {
    let program = plan("x[1:-1] = x[1:-1] * 10; x", &[("x", "i64[2<=n<=9]")]).unwrap().compile().unwrap();
    for count in 2..6 {
        let x: Vec<i64> = (1..=count).collect();
        let mut out = vec![0; x.len()];
        program.run([("x", &x)], [("out", &mut out)]).unwrap();
        let mut expected = x.clone();
        let last = expected.len() - 1;
        expected[1..last].iter_mut().for_each(|element| *element *= 10);
        assert_eq!(out, expected);
    }
}

/// What would fit is said in the words of the expression, not in those of a program in Rust.
#[test]
fn repairs_are_written_as_numpy_has_them() {
    for (text, inputs, says) in [
        (
            "x * w",
            [("x", "f64[5000000,1000,1]"), ("w", "f64[10]")],
            "= repair: reduce `w` along axis 0 first, as with `.sum(axis=0)`: planned, with a peak of 80 GB",
        ),
        (
            "x * w",
            [("x", "f64[500000,100,1]"), ("w", "f64[1,10]")],
            "as with `.sum(axis=1, keepdims=True)`: planned",
        ),
        (
            "np.sum((p - q) ** 2)",
            [("p", "f64[20000,1]"), ("q", "f64[20000]")],
            "drop axis 1 of `p`, which has size 1, with `.squeeze(axis=1)`: planned",
        ),
        (
            "np.sum((p - q) ** 2)",
            [("p", "f64[20000,1]"), ("q", "f64[20000]")],
            "expand `q` on the other side, with `np.expand_dims(q, axis=1)`: planned",
        ),
        (
            "x + (y + 1)",
            [("x", "f64[20,3]"), ("y", "f64[20]")],
            "expand `add` on the other side, with `np.expand_dims(..., axis=1)`: planned",
        ),
        (
            "np.min(np.sum((p[:, None] - q) ** 2, axis=2), axis=1)",
            [("p", "f32[100000,3]"), ("q", "f32[100000,3]")],
            "along axis 0 of `out`, with the library in Rust: `.chunked(Axis(0), ",
        ),
    ] {
        let error = plan(text, &inputs).unwrap_err();
        let repairs: Vec<&str> = error.lines().filter(|line| line.contains(" = repair: ")).collect();
        assert!(repairs.iter().any(|line| line.contains(says)), "{error}");
        assert!(
            !repairs.iter().any(|line| line.contains(".squeeze(Axis") || line.contains(".expand_dims([")),
            "{error}"
        );
    }
}

#[test]
fn the_incident_is_refused_with_its_piece_of_the_text() {
    let inputs = [("user_features", "f64[5000000,1000,1]"), ("per_cluster_weights", "f64[10]")];
    let error = plan("(user_features * per_cluster_weights).sum(axis=1)", &inputs).unwrap_err();
    insta::assert_snapshot!(error);
}

#[test]
fn one_graph_holds_several_expressions() {
    let g = Graph::new();
    let inputs = [("x", "f64[3]".parse().unwrap())];
    let double = Expression::parse("x * 2").unwrap().build(&g, &inputs).unwrap();
    let root = Expression::parse("np.sqrt(x), x").unwrap().build(&g, &inputs).unwrap();
    let sum = double[0].expr + root[0].expr;
    let plan = g.plan([sum], &Limits::default()).unwrap();
    assert_eq!((plan.inputs().len(), plan.kernels().len()), (1, 1));
    assert_eq!(
        Expression::parse("y = x + z; y * np.pi * x").unwrap().names().into_iter().collect::<Vec<_>>(),
        ["x", "z"]
    );
    // The place of a call is believed again.
    let other = g.input("w", F64, [4]) + root[1].expr;
    let error = g.plan([other], &Limits::default()).unwrap_err();
    assert!(error.to_string().contains("plans.rs:"), "{error}");
}

#[test]
fn fields_of_records_are_taken_by_name() {
    let user = RecordType::from_npy_descr("[('name', '|S4'), ('age', '<i2'), ('active', '|b1')]").unwrap();
    let inputs = [("users", Input::Records(user.clone(), vec![(None, SpecSize::Known(2))]))];
    let expression =
        Expression::parse("np.where(users['active'], users['age'] * 2, users.shape[0])").unwrap();
    let program = expression.plan(&inputs, &Limits::default()).unwrap().compile().unwrap();
    let mut out = [0i16; 2];
    program
        .run([("users", RecordView::from_bytes(&user, b"ann\0\x07\0\x01bob\0\x03\0\0"))], [("out", &mut out)])
        .unwrap();
    assert_eq!(out, [14, 2]);
    for wrong in ["users['nam'] + 1", "users['name'] + 1", "users + 1", "users[0]", "users.dtype"] {
        let error = Expression::parse(wrong).unwrap().plan(&inputs, &Limits::default()).unwrap_err();
        assert!(error.located()[0].span.is_some(), "{error}");
    }
}

#[test]
fn what_a_mask_selects_is_not_gathered() {
    let mean = plan("x[x > 0].mean()", &[("x", "f64[n<=100]")]).unwrap();
    assert_eq!((mean.kernels().len(), mean.workspace_bytes()), (1, 0));
    let scaled = plan("x[x > 0] *= 2; x", &[("x", "f64[100]")]).unwrap();
    assert_eq!((scaled.kernels().len(), scaled.workspace_bytes()), (1, 0));
    let kept = plan("x[x > 0] * 2, x", &[("x", "f64[5]")]).unwrap();
    let names: Vec<&str> = kept.outputs().iter().map(|output| &*output.name).collect();
    assert_eq!(names, ["out0", "out0.length", "out1"]);
    let (mut out, mut length, mut x) = ([9.0; 5], 0i64, [0.0; 5]);
    let outputs =
        [("out0", ViewMut::from(&mut out)), ("out0.length", (&mut length).into()), ("out1", (&mut x).into())];
    kept.compile().unwrap().run([("x", &[3.0, -1.0, 2.0, f64::NAN, -5.0])], outputs).unwrap();
    assert_eq!((&out[..length as usize], length), (&[6.0, 4.0][..], 2));
}

#[test]
fn lengths_may_be_of_other_axes_than_the_first() {
    let plan = plan("x[:, x[0] > 1] * 2", &[("x", "f64[2,3]")]).unwrap();
    let names: Vec<&str> = plan.outputs().iter().map(|output| &*output.name).collect();
    assert_eq!(names, ["out", "out.length1"]);
    let (mut out, mut length) = ([9.0; 6], 0i64);
    let x = View::new(&[3.0, 1.0, 2.0, 4.0, 5.0, 6.0], [2, 3]);
    let outputs = [("out", ViewMut::new(&mut out, [2, 3])), ("out.length1", (&mut length).into())];
    plan.compile().unwrap().run([("x", x)], outputs).unwrap();
    assert_eq!((length, &out[..2], &out[3..5]), (2, &[6.0, 4.0][..], &[8.0, 12.0][..]));
    let g = Graph::new();
    let built = Expression::parse("x[:, x[0] > 1]").unwrap().build(&g, &[("x", "f64[2,3]".parse().unwrap())]);
    assert_eq!(built.unwrap()[0].axis, 1);
}

#[test]
fn statistics_of_what_a_mask_selects_follow_sizes_that_are_not_known() {
    let inputs = [("x", "f64[n<=9]")];
    let program = plan("np.median(x[x > 2]), np.nanquantile(x, 0.5)", &inputs).unwrap().compile().unwrap();
    for (x, selected, all) in [
        (&[1.0, 5.0, f64::NAN, 3.0][..], 4.0, 3.0),
        (&[9.0], 9.0, 9.0),
        (&[1.0, 2.0], f64::NAN, 1.5),
        (&[f64::NAN], f64::NAN, f64::NAN),
        (&[8.0, 4.0, 2.0, 6.0, 10.0], 7.0, 6.0),
    ] {
        let (mut median, mut quantile) = (0.0, 0.0);
        program.run([("x", x)], [("out0", &mut median), ("out1", &mut quantile)]).unwrap();
        let is_same = |a: f64, b: f64| a == b || (a.is_nan() && b.is_nan());
        assert!(is_same(median, selected) && is_same(quantile, all), "{x:?}: {median}, {quantile}");
    }
}

#[test]
fn what_a_mask_selects_keeps_its_dtype() {
    let plan = plan("y = x[x > 1]; y *= 2; y += 1; y", &[("x", "f32[4]")]).unwrap();
    assert_eq!(plan.outputs()[0].array.to_string(), "f32[4]");
    let (mut out, mut length) = ([0f32; 4], 0i64);
    let outputs = [("out", ViewMut::from(&mut out)), ("out.length", (&mut length).into())];
    plan.compile().unwrap().run([("x", &[0f32, 2.0, 3.0, 1.0])], outputs).unwrap();
    assert_eq!(out[..length as usize], [5.0, 7.0]);
}

#[test]
fn an_index_that_an_axis_does_not_have_is_found_by_the_run() {
    let expression = Expression::parse("x + 1; x[i, j] = 5; x").unwrap();
    let inputs = [("x", "f64[n<=9, 4]"), ("i", "i64[2]"), ("j", "u8[2]")];
    let inputs: Vec<_> = inputs.iter().map(|(name, spec)| (*name, spec.parse().unwrap())).collect();
    let program = expression.plan(&inputs, &Limits::default()).unwrap().compile().unwrap();
    let x: Vec<f64> = (0..8).map(f64::from).collect();
    let mut out = [9.0; 8];
    let mut run = |i: &[i64], j: &[u8]| {
        let inputs = [("x", View::new(&x, [2, 4])), ("i", i.into()), ("j", j.into())];
        let ran = program.run(inputs, [("out", ViewMut::new(&mut out, [2, 4]))]);
        ran.map(|()| out).map_err(|error| expression.locate(&error))
    };
    assert_eq!(run(&[-1, 0], &[3, 1]).unwrap(), [0.0, 5.0, 2.0, 3.0, 4.0, 5.0, 6.0, 5.0]);
    for (i, j, says) in [
        ([0, 2], [0, 0], "index 2 at [1] of `i` is out of bounds for axis 0 of `x`, which has 2 elements"),
        ([-3, 0], [0, 0], "index -3 at [0] of `i`"),
        ([0, i64::MIN], [0, 0], "index -9223372036854775808 at [1]"),
        ([0, 1], [4, 0], "index 4 at [0] of `j` is out of bounds for axis 1 of `x`"),
    ] {
        let error = run(&i, &j).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        assert!(error.to_string().contains("1 | x + 1; x[i, j] = 5; x"), "{error}");
        assert!(error.located()[0].span.is_some());
    }
}

#[test]
fn as_many_elements_as_a_mask_selects_are_asked_for_when_it_runs() {
    let inputs = [("x", "f64[6]"), ("w", "f64[2]")];
    let inputs: Vec<_> = inputs.iter().map(|(name, spec)| (*name, spec.parse().unwrap())).collect();
    let run = |text: &str, x: &[f64; 6]| {
        let expression = Expression::parse(text).unwrap();
        let program = expression.plan(&inputs, &Limits::default()).unwrap().compile().unwrap();
        let mut out = [7.0; 6];
        let given = [("x", &x[..]), ("w", &[10.0, 20.0][..])];
        let used = program.plan().inputs().len();
        let ran = program.run(given.into_iter().take(used).collect::<Vec<_>>(), [("out", &mut out)]);
        ran.map(|()| out).map_err(|error| expression.locate(&error).to_string())
    };
    let (two, three) = ([1.0, -1.0, -1.0, 4.0, -1.0, -1.0], [1.0, -1.0, 3.0, 4.0, -1.0, -1.0]);
    let text = "y = x; y[x > 0] = w; y";
    assert_eq!(run(text, &two).unwrap(), [10.0, -1.0, -1.0, 20.0, -1.0, -1.0]);
    let error = run(text, &three).unwrap_err();
    assert!(error.contains("the mask selects 3 elements, but there are 2 for them"), "{error}");
    assert!(error.contains(text), "{error}");
    let text = "y = x; y[x > 0] = x[x < 0]; y";
    assert_eq!(run(text, &three).unwrap(), [-1.0; 6]);
    assert!(run(text, &two).unwrap_err().contains("selects 2 elements, but there are 4"));
    let text = "x * 0 + x[x > 0][-3]";
    assert_eq!(run(text, &three).unwrap(), [1.0; 6]);
    assert!(run(text, &two).unwrap_err().contains("index -3 is out of bounds: the mask selects 2 elements"));
    let text = "x * 0 + x[x > 9].argmax()";
    assert!(run(text, &two).unwrap_err().contains("`argmax` of no elements: the mask selects 0"));
}
