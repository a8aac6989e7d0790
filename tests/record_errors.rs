//! What records refuse, in which words.

use fusewire::prelude::*;
use fusewire::{DiagnosticKind, FieldType, Record, RecordArray, RecordType, RecordView, RecordViewMut};
use insta::assert_snapshot;

fn user() -> RecordType {
    RecordType::from_npy_descr("[('name', '<U10'), ('age', '<i4'), ('score', '<f8'), ('active', '|b1')]")
        .unwrap()
}

fn refused<'g>(g: &'g Graph, outputs: impl IntoIterator<Item = Expr<'g>>) -> Error {
    g.plan(outputs, &Limits::default()).expect_err("a plan that must be refused")
}

/// All the errors one after another.
fn joined(errors: impl IntoIterator<Item = Error>) -> String {
    errors.into_iter().map(|error| error.to_string()).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn fields_that_are_unknown_or_no_numbers() {
    let g = Graph::new();
    let users = g.records("users", &user(), [5]);
    let wrong = [
        users.field("agee") + 1,
        users.field("AGE") + 1,
        users.field("zzz") + 1,
        users.field("name") + 1,
        users.carried("nam"),
    ];
    let error = refused(&g, wrong);
    assert_eq!(error.diagnostics().len(), wrong.len(), "{error}");
    assert_snapshot!(error);
    // What no output depends on is no mistake.
    assert!(g.plan([users.field("age")], &Limits::default()).is_ok());
}

#[test]
fn inputs_that_are_declared_twice() {
    let g = Graph::new();
    let users = g.records("users", &user(), [5]);
    let again = g.records("users", &user(), [5]);
    assert!(g.plan([users.field("age") + again.field("age")], &Limits::default()).is_ok());
    let longer = g.records("users", &user(), [6]);
    g.input("plain", F64, [5]);
    let wrong = [
        longer.field("age") + longer.field("score"),
        g.input("users", F64, [5]),
        g.records("plain", &user(), [5]).field("age"),
    ];
    let error = refused(&g, wrong);
    assert_eq!(error.diagnostics().len(), 3, "{error}");
    assert_snapshot!(error);
}

#[test]
fn output_records_that_cannot_be() {
    let g = Graph::new();
    let users = g.records("users", &user(), [5]);
    let ty = RecordType::packed([
        ("name", FieldType::text(10)),
        ("age", I32.into()),
        ("score", F64.into()),
        ("rank", I64.into()),
    ])
    .unwrap();
    let outputs = g.record_output(
        "out",
        &ty,
        [
            ("name", users.field("age")),
            ("age", users.field("score")),
            ("score", users.field("score").sum(All)),
            ("scores", users.field("score")),
            ("age", users.field("score")),
        ],
    );
    let error = refused(&g, outputs);
    assert_snapshot!(error);
    let overlapping = RecordType::new([("a", I32.into(), 0), ("b", I32.into(), 2)], 8).unwrap();
    let both = g.records("both", &overlapping, [5]);
    assert!(g.plan([both.field("a") + both.field("b")], &Limits::default()).is_ok());
    let outputs = g.record_output("out", &overlapping, [("a", both.field("a")), ("b", both.field("b"))]);
    assert_snapshot!("overlapping", refused(&g, outputs));
    // One mistake of an operand is one diagnostic.
    let outputs =
        g.record_output("out", &overlapping, [("a", users.field("scor")), ("b", users.field("age"))]);
    assert_eq!(refused(&g, outputs).diagnostics().len(), 2);
    let h = Graph::new();
    let outputs = h.record_output("out", &user(), [("age", users.field("age"))]);
    assert_eq!(refused(&h, outputs).kind(), DiagnosticKind::ForeignGraph);
}

#[test]
fn rows_that_do_not_fit_the_program() {
    let ty = user();
    let g = Graph::new();
    let users = g.records("users", &ty, [2]);
    let sum = (users.field("age") + users.field("score")).named("sum");
    let next = RecordType::packed([("age", I32.into()), ("name", FieldType::text(10))]).unwrap();
    let outputs =
        g.record_output("next", &next, [("age", users.field("age")), ("name", users.carried("name"))]);
    let program = g.plan(outputs.into_iter().chain([sum]), &Limits::default()).unwrap().compile().unwrap();
    let bytes = [0u8; 200];
    let rows = |ty: &RecordType, count: usize| RecordArray::zeroed(ty, count).unwrap();
    let (mut plain, mut out) = ([0.0; 2], rows(&next, 2));
    let mut bind = |users: View<'_>| {
        program.run([("users", users)], [("sum", ViewMut::from(&mut plain)), ("next", (&mut out).into())])
    };
    assert!(bind((&rows(&ty, 2)).into()).is_ok());
    let others = RecordType::packed([("age", I64.into()), ("name", FieldType::text(12))]).unwrap();
    let errors = [
        bind(RecordView::from_bytes(&ty, &bytes[..100]).into()),
        bind(RecordView::from_bytes(&ty, &bytes[..106]).with_shape([3]).into()),
        bind((&rows(&ty, 3)).into()),
        bind((&rows(&others, 2)).into()),
        bind((&[1.0f64; 2]).into()),
    ];
    assert_snapshot!(joined(errors.map(Result::unwrap_err)));

    let (users, sums) = (rows(&ty, 2), [0.0; 2]);
    let errors = [
        program.run([("user", &users)], [("sum", &mut [0.0; 2])]),
        program.run([("users", &users), ("users", &users)], [("sum", &mut [0.0; 2])]),
        program.run((), [("next", &mut rows(&next, 2))]),
        program
            .run([("users", View::from(&users)), ("users.age", (&[1; 2]).into())], [("sum", &mut [0.0; 2])]),
    ];
    assert_snapshot!("names", joined(errors.map(Result::unwrap_err)));
    // And the other way round.
    let g = Graph::new();
    let plain = g.plan([g.input("x", F64, [2]) + 1], &Limits::default()).unwrap().compile().unwrap();
    let errors = [
        plain.run([("x", &users)], [("out", &mut [0.0; 2])]),
        plain.run([("x", &sums)], [("out", &mut rows(&ty, 2))]),
    ];
    assert_snapshot!("plain", joined(errors.map(Result::unwrap_err)));
}

#[test]
fn types_that_cannot_be() {
    let many = (0..20).map(|at| (format!("field{at}"), I8.into()));
    let errors = [
        RecordType::packed([("a", I32.into()), ("a", F64.into()), ("", I8.into())]),
        RecordType::new([("a", I32.into(), 2), ("b", I64.into(), usize::MAX)], 5),
        RecordType::packed([("a", FieldType::text(usize::MAX)), ("b", I8.into())]),
        RecordType::aligned([("a", I8.into()), ("b", FieldType::opaque(usize::MAX, usize::MAX, "huge"))]),
        RecordType::packed([("a", FieldType::Opaque { bytes: 4, alignment: 0, description: "x".into() })])
            .and(RecordType::packed(many).and_then(|ty| Err(ty.unknown_field("it", "nothing").into()))),
    ];
    assert_snapshot!(joined(errors.map(Result::unwrap_err)));
}

#[test]
fn descriptors_that_are_refused() {
    let deep = "[('a', ".repeat(100_000);
    let descriptors = [
        "",
        "<f8",
        "'<f8'",
        "[]",
        "[('a', '<i4')",
        "[('a', '<i4')] x",
        "[('a' '<i4')]",
        "[('a',)]",
        "[(1, '<i4')]",
        "['a']",
        "[('a', 4)]",
        "[('', '<i4')]",
        "[('a', '<i4', 'x')]",
        "[('a', '<i4', (-1,))]",
        "[('a\\q', '<i4')]",
        "[('a\\ud800', '<i4')]",
        "[('a', '<i4), ('b', '<i4')]",
        "[('a', '<i4', (99999999999, 99999999999))]",
        "[('a', '<U99999999999999999999')]",
        "[('a', '<U9223372036854775807')]",
        "[('a', '<é4')]",
        "[('a', 'é')]",
        "[('a', '<i3'), ('b', '>i4'), ('c', '|O'), ('d', '>U5'), ('e', '<x8'), ('f', '<f+4'), ('g', '<M8[D')]",
        "[('a', [('b', '>f8'), ('c', '|O')]), ('a', '<i4')]",
        "[('twin', '<i4'), ('twin', '<i4')]",
        &deep,
        &deep.replace("'a', ", ""),
    ];
    let text: Vec<String> = descriptors
        .iter()
        .map(|descr| {
            let shown = if descr.len() > 200 { &descr[..20] } else { descr };
            format!("{shown}\n{}", RecordType::from_npy_descr(descr).expect_err(shown))
        })
        .collect();
    assert_snapshot!(text.join("\n\n"));
    // One byte has no order.
    assert!(RecordType::from_npy_descr("[('a', '>i1'), ('b', '>S3'), ('c', '?'), ('d', 'u1')]").is_ok());
}

#[test]
fn rows_that_cannot_be_gathered() {
    #[derive(Clone, Copy)]
    struct Small {
        _age: i32,
    }
    fusewire::record!(Small { _age });
    let rows = RecordArray::zeroed(&user(), 3).unwrap();
    let view = rows.view();
    let other = RecordType::packed([("age", I64.into()), ("height", F32.into())]).unwrap();
    let overlapping = RecordType::new([("age", I32.into(), 0), ("score", F64.into(), 0)], 8).unwrap();
    let date = RecordType::from_npy_descr("[('born', '<M8[D]')]").unwrap();
    let mut out = [0u8; 200];
    let mut into = |ty: &RecordType, rows: usize| {
        let out = RecordViewMut::from_bytes(ty, &mut out[..rows * ty.itemsize()]);
        view.take_into(&[0usize, 1], out).unwrap_err()
    };
    let written = [into(&user(), 1), into(&other, 2), into(&overlapping, 2)];
    let small = [Small { _age: 1 }];
    let errors = [
        view.take(&[0usize, 3]).unwrap_err(),
        view.take(&[0i64, -1]).unwrap_err(),
        view.filter(&[true]).unwrap_err(),
        view.filter_into(&[true; 3], RecordArray::zeroed(&user(), 2).unwrap().view_mut()).unwrap_err(),
        view.argsort(&["ages", "name", "nam"]).unwrap_err(),
        RecordArray::zeroed(&date, 1).unwrap().argsort(&["born"]).unwrap_err(),
        RecordArray::new(&user(), vec![0; 54]).unwrap_err(),
        RecordArray::zeroed(&user(), usize::MAX).unwrap_err(),
        RecordView::from_bytes(&user(), &[0; 5]).sort_by(&["age"]).unwrap_err(),
        RecordView::from_slice(&user(), &[0u64; 4]).field("age").unwrap_err(),
        RecordView::from_rows(&small).field("name").unwrap_err(),
        view.field("name").unwrap_err(),
        view.clone().with_shape([usize::MAX, 2]).field("age").unwrap_err(),
        view.clone().with_shape([usize::MAX, 2, 0]).field("age").unwrap_err(),
    ];
    assert_snapshot!(joined(written.into_iter().chain(errors)));
    assert!(out.iter().all(|byte| *byte == 0), "nothing is written where something is wrong");
    // Rows without fields.
    let nothing = RecordType::packed::<&str>([]).unwrap();
    assert_eq!(RecordView::from_bytes(&nothing, &[]).len(), 0);
    assert!(RecordArray::new(&nothing, vec![1]).is_err());
    assert!(Small::record_type().field("_age").is_some());
}

/// Fields of one output record lie between each other, and are not taken for overlapping.
#[test]
fn rows_that_are_read_and_written_share_no_memory() {
    let ty =
        RecordType::packed([("a", I32.into()), ("name", FieldType::bytes(5)), ("b", I32.into())]).unwrap();
    let g = Graph::new();
    let rows = g.records("rows", &ty, [4]);
    let fields = [("a", rows.field("b")), ("b", rows.field("a")), ("name", rows.carried("name"))];
    let plan = g.plan(g.record_output("out", &ty, fields), &Limits::default()).unwrap();
    let program = plan.compile().unwrap();
    let mut memory: Vec<u8> = (0..104).collect();
    let (left, right) = memory.split_at_mut(52);
    program
        .run([("rows", RecordView::from_bytes(&ty, left))], [("out", RecordViewMut::from_bytes(&ty, right))])
        .unwrap();
    assert_eq!(memory[52..65], [9, 10, 11, 12, 4, 5, 6, 7, 8, 0, 1, 2, 3]);
}

/// Whatever a descriptor says, it is read or refused; what is read lies within its row.
#[test]
fn no_descriptor_is_too_strange() {
    let parts = [
        "[",
        "]",
        "(",
        ")",
        ",",
        "'",
        "\"",
        "\\",
        " ",
        "'a'",
        "'b'",
        "''",
        "'<i4'",
        "'|V3'",
        "'U'",
        "'<U99'",
        "'>f8'",
        "'M8[D]'",
        "3",
        "18446744073709551615",
        "9223372036854775807",
        "L",
        "é",
        "\\x41",
        "\\U0010ffff",
        "('a', '<i4'), ",
        "[('x', 'f8', (2,))]",
    ];
    let (mut state, mut read) = (1u64, 0);
    let mut below = |count: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % count
    };
    for round in 0..50_000 {
        let pieces: String = (0..1 + below(9)).map(|_| parts[below(parts.len())]).collect();
        let (name, code) = (parts[9 + below(3)], parts[12 + below(6)]);
        let descr = match round % 4 {
            0 => pieces,
            1 => format!("[('n', '<i4'), ({name}, {code}), {pieces}]"),
            2 => format!("[({name}, {code}, ({},)), ('n', {code})]", parts[18 + below(3)]),
            _ => format!("[({name}, [({name}, {code})], {}), {pieces}]", parts[18 + below(3)]),
        };
        let Ok(ty) = RecordType::from_npy_descr(&descr) else { continue };
        read += 1;
        assert!(ty.fields().iter().all(|field| field.range().end <= ty.itemsize()), "{descr}");
        assert_eq!(RecordArray::zeroed(&ty, 0).unwrap().len(), 0);
        let _ = (ty.spans(), ty.overlap(), ty.to_string());
    }
    assert!(read > 1000, "{read}");
}
