//! Records against NumPy: `tests/golden/records.py` writes the files and explains them.

use fusewire::prelude::*;
use fusewire::{FieldType, Record, RecordArray, RecordType, RecordView, RecordViewMut};
use std::collections::HashMap;

const GOLDEN: &str = include_str!("golden/records.txt");
const NPY: &[u8] = include_bytes!("golden/records.npy");

/// The parts of the lines of one sort.
fn lines(sort: &str) -> Vec<Vec<&'static str>> {
    let parts = GOLDEN.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let of_sort: Vec<Vec<&str>> =
        parts.filter(|parts| parts[0] == sort).map(|parts| parts[1..].to_vec()).collect();
    assert!(!of_sort.is_empty(), "no lines of `{sort}`");
    of_sort
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().as_chunks::<2>().0;
    digits.iter().map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// A type by NumPy's code, as a user would write it.
fn typed(code: &str) -> FieldType {
    let dtype = match code {
        "?" => Bool,
        "i1" => I8,
        "u1" => U8,
        "i2" => I16,
        "u2" => U16,
        "i4" => I32,
        "u4" => U32,
        "i8" => I64,
        "u8" => U64,
        "f2" => F16,
        "f4" => F32,
        "f8" => F64,
        "U3" => return FieldType::text(3),
        "U10" => return FieldType::text(10),
        "S5" => return FieldType::bytes(5),
        "S1" => return FieldType::bytes(1),
        "M8[D]" => return FieldType::opaque(8, 8, "datetime64[D]"),
        "c8" => return FieldType::opaque(8, 4, "complex numbers of 8 bytes"),
        "c16" => return FieldType::opaque(16, 8, "complex numbers of 16 bytes"),
        "V3" => return FieldType::opaque(3, 1, "3 bytes without a type"),
        other => panic!("{other}"),
    };
    dtype.into()
}

/// Every case of rows: type and bytes.
fn cases() -> HashMap<&'static str, RecordArray> {
    let array = |parts: Vec<&'static str>| {
        let ty = RecordType::from_npy_descr(parts[1]).unwrap();
        (parts[0], RecordArray::new(&ty, bytes(parts[2])).unwrap())
    };
    lines("rows").into_iter().map(array).collect()
}

#[test]
fn layouts_are_those_of_numpy() {
    for parts in lines("layout") {
        let fields =
            || parts[1].split(' ').map(|field| field.split_once(':').unwrap()).map(|(n, c)| (n, typed(c)));
        let ty = match parts[0] {
            "packed" => RecordType::packed(fields()),
            _ => RecordType::aligned(fields()),
        };
        let ty = ty.unwrap();
        let offsets: Vec<String> = ty.fields().iter().map(|field| field.offset.to_string()).collect();
        assert_eq!(
            (ty.itemsize().to_string(), offsets.join(" ")),
            (parts[2].into(), parts[3].into()),
            "{parts:?}"
        );
        // What `.npy` files say of it, padding included, is the same type.
        assert_eq!(RecordType::from_npy_descr(parts[4]).unwrap(), ty, "{parts:?}");
    }
}

#[test]
fn descriptors_of_numpy_are_read() {
    let types: Vec<RecordType> = lines("bare")
        .into_iter()
        .map(|parts| {
            let ty = RecordType::from_npy_descr(parts[0]).unwrap();
            let offsets: Vec<String> = ty.fields().iter().map(|field| field.offset.to_string()).collect();
            assert_eq!((ty.itemsize().to_string(), offsets.join(" ")), (parts[1].into(), parts[2].into()));
            ty
        })
        .collect();
    let described = |at: usize, name: &str| types[at].field(name).unwrap().ty.to_string();
    assert_eq!(described(0, "point"), "a record of 2 fields");
    assert_eq!(described(1, "grid"), "an array [2, 3] of f64");
    assert_eq!(described(2, "points"), "an array [4] of a record of 2 fields");
    assert_eq!(
        (described(3, "it's"), described(3, "\""), described(3, "tab\there")),
        ("i32".into(), "i16".into(), "i8".into())
    );
    assert_eq!((described(3, "é"), described(4, "n")), ("f32".into(), "i32".into()));
}

#[test]
fn a_npy_file_is_bound_as_it_is() {
    let file = npyz::NpyFile::new(NPY).unwrap();
    let ty = RecordType::from_npy_descr(&file.dtype().descr()).unwrap();
    let case = &cases()["aligned-61"];
    assert_eq!(ty, *case.record_type());
    let data = &NPY[NPY.len() - case.bytes().len()..];
    assert_eq!(data, case.bytes());

    let g = Graph::new();
    let rows = g.records("rows", &ty, [61]);
    let program = g.plan([rows.field("weight")], &Limits::default()).unwrap().compile().unwrap();
    let mut weights = [0f64; 61];
    program.run([("rows", RecordView::from_bytes(&ty, data))], [("out", &mut weights)]).unwrap();
    let expected = lines("field").into_iter().find(|parts| parts[..2] == ["aligned-61", "weight"]).unwrap();
    assert_eq!(bytemuck::cast_slice::<_, u8>(&weights), bytes(expected[2]));
}

/// Fields are copied out of the rows by a program, all of them in one go, and into records of one field each.
#[test]
fn fields_are_those_of_numpy() {
    let cases = cases();
    let fields = lines("field");
    for (case, rows) in &cases {
        // At every remainder of an address by 16.
        for shift in 0..if rows.len() == 61 { 16 } else { 1 } {
            let ty = rows.record_type();
            let mut moved = vec![0xAA; shift];
            moved.extend(rows.bytes());
            let g = Graph::new();
            let records = g.records("rows", ty, [rows.len()]);
            let alone =
                |name: &str| RecordType::packed([(name, ty.field(name).unwrap().ty.clone())]).unwrap();
            let names: Vec<&str> = ty.fields().iter().map(|field| &*field.name).collect();
            let outputs = names
                .iter()
                .flat_map(|name| g.record_output(name, &alone(name), [(name, records.carried(name))]));
            let program = g.plan(outputs, &Limits::default()).unwrap().compile().unwrap();
            let mut written: Vec<RecordArray> =
                names.iter().map(|name| RecordArray::zeroed(&alone(name), rows.len()).unwrap()).collect();
            let outputs: Vec<(&str, &mut RecordArray)> = names.iter().copied().zip(&mut written).collect();
            program.run([("rows", RecordView::from_bytes(ty, &moved[shift..]))], outputs).unwrap();
            for (name, written) in names.iter().zip(&written) {
                let expected = fields.iter().find(|parts| parts[..2] == [*case, *name]).unwrap();
                assert_eq!(written.bytes(), bytes(expected[2]), "{case} {name}");
            }
        }
    }
}

#[test]
fn expressions_are_those_of_numpy() {
    let cases = cases();
    for parts in lines("score") {
        let rows = &cases[parts[0]];
        let g = Graph::new();
        let records = g.records("rows", rows.record_type(), [rows.len()]);
        let score = records.field("weight") * 2 - records.field("age");
        let plan = g.plan([score], &Limits::default()).unwrap();
        assert_eq!((plan.kernels().len(), plan.workspace_bytes(), plan.inputs().len()), (1, 0, 2));
        let mut out = vec![0f64; rows.len()];
        plan.compile().unwrap().run([("rows", rows)], [("out", &mut out)]).unwrap();
        let expected: Vec<f64> =
            bytes(parts[1]).as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
        let same = |a: &f64, b: &f64| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
        assert!(out.iter().zip(&expected).all(|(a, b)| same(a, b)), "{out:?} {expected:?}");
        assert_eq!(out.len(), expected.len());
    }
}

#[test]
fn filters_are_those_of_numpy() {
    let cases = cases();
    for parts in lines("filter") {
        let rows = &cases[parts[0]];
        let mask: Vec<bool> = parts[1].bytes().map(|keep| keep == b'1').collect();
        let kept = rows.filter(&mask).unwrap();
        assert_eq!(kept.bytes(), bytes(parts[2]));
        // The same by index, and into memory of the caller, the rest of which stays.
        let indices: Vec<i64> = (0..mask.len()).filter(|row| mask[*row]).map(|row| row as i64).collect();
        assert_eq!(rows.take(&indices).unwrap(), kept);
        let mut room = vec![0xAA; rows.bytes().len()];
        let out = RecordViewMut::from_bytes(rows.record_type(), &mut room);
        assert_eq!(rows.view().filter_into(&mask, out).unwrap(), indices.len());
        assert_eq!(room[..kept.bytes().len()], *kept.bytes());
        assert!(room[kept.bytes().len()..].iter().all(|byte| *byte == 0xAA));
    }
}

#[test]
fn orders_are_those_of_numpy() {
    let cases = cases();
    let parsed = |indices: &str| -> Vec<usize> {
        indices.split(' ').filter(|index| !index.is_empty()).map(|index| index.parse().unwrap()).collect()
    };
    for parts in lines("sort") {
        let rows = &cases[parts[0]];
        let keys: Vec<&str> = parts[1].split(' ').collect();
        let order = rows.argsort(&keys).unwrap();
        assert_eq!(order, parsed(parts[2]), "{} by {keys:?}", parts[0]);
        assert_eq!(rows.sort_by(&keys).unwrap(), rows.take(&order).unwrap());
    }
    let rows = &cases["packed-61"];
    assert_eq!(rows.argsort::<&str>(&[]).unwrap(), (0..61).collect::<Vec<_>>());
}

/// A mask of a plan, and a filter by it.
#[test]
fn a_plan_makes_the_mask_that_filters() {
    let rows = &cases()["packed-130"];
    let g = Graph::new();
    let records = g.records("rows", rows.record_type(), [rows.len()]);
    let mask = records.field("active") & records.field("weight").greater(0) & records.field("age").less(100);
    let mut keep = vec![false; rows.len()];
    let program = g.plan([mask.named("keep")], &Limits::default()).unwrap().compile().unwrap();
    program.run([("rows", rows)], [("keep", &mut keep)]).unwrap();
    let kept = rows.filter(&keep).unwrap();
    assert!(!kept.is_empty() && kept.len() < rows.len());
    let (active, weight) =
        (kept.record_type().field("active").unwrap(), kept.record_type().field("weight").unwrap());
    for row in kept.bytes().chunks(kept.record_type().itemsize()) {
        assert_eq!(row[active.offset], 1);
        assert!(f64::from_le_bytes(row[weight.range()].try_into().unwrap()) > 0.0);
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Reading {
    alarm: bool,
    id: u64,
    place: [u8; 3],
    level: f32,
    r#type: i16,
    history: [f64; 2],
}
fusewire::record!(Reading { alarm, id, place, level, r#type, history });

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, packed)]
struct Packed {
    alarm: bool,
    id: u64,
}
fusewire::record!(Packed { alarm, id });

fn readings() -> Vec<Reading> {
    (0..40u64)
        .map(|at| Reading {
            alarm: at % 3 == 0,
            id: u64::MAX - at * 7 % 11,
            place: [b'a' + (at % 5) as u8, b'b', 0],
            level: at as f32 / 4.0,
            r#type: -(at as i16),
            history: [at as f64, -1.0],
        })
        .collect()
}

#[test]
fn structs_describe_themselves() {
    let same = |fields: &[(&str, FieldType)], ty: &RecordType| {
        assert_eq!(&RecordType::aligned(fields.iter().cloned()).unwrap(), ty);
    };
    let history = FieldType::opaque(16, 8, "an array [2] of f64");
    let fields = [
        ("alarm", Bool.into()),
        ("id", U64.into()),
        ("place", FieldType::bytes(3)),
        ("level", F32.into()),
        ("type", I16.into()),
        ("history", history),
    ];
    same(&fields, Reading::record_type());
    let packed = RecordType::packed([("alarm", Bool.into()), ("id", U64.into())]).unwrap();
    assert_eq!(Packed::record_type(), &packed);
}

#[test]
fn structs_are_read_written_sorted_and_gathered() {
    let rows = readings();
    let g = Graph::new();
    let records = g.records("rows", Reading::record_type(), [rows.len()]);
    let raised = records.field("level") * 2;
    let names = ["alarm", "id", "place", "type", "history"];
    let fields = names.map(|name| (name, records.carried(name))).into_iter().chain([("level", raised)]);
    let plan = g.plan(g.record_output("raised", Reading::record_type(), fields), &Limits::default()).unwrap();
    let mut raised = vec![Reading { alarm: false, ..rows[1] }; rows.len()];
    let program = plan.compile().unwrap();
    for _ in 0..2 {
        let out = RecordViewMut::from_rows(&mut raised);
        program.run([("rows", RecordView::from_rows(&rows))], [("raised", out)]).unwrap();
        let expected: Vec<Reading> =
            rows.iter().map(|row| Reading { level: row.level * 2.0, ..*row }).collect();
        assert_eq!(raised, expected);
    }

    let view = RecordView::from_rows(&rows);
    let order = view.argsort(&["id", "type"]).unwrap();
    let mut expected: Vec<usize> = (0..rows.len()).collect();
    expected.sort_by_key(|at| (rows[*at].id, rows[*at].r#type));
    assert_eq!(order, expected);
    let mut sorted = rows.clone();
    view.take_into(&order, RecordViewMut::from_rows(&mut sorted)).unwrap();
    assert_eq!(sorted, order.iter().map(|at| rows[*at]).collect::<Vec<_>>());

    // To another layout, with fewer fields, and back by name.
    let mut few = vec![Packed { alarm: false, id: 0 }; rows.len()];
    view.take_into(&order, RecordViewMut::from_rows(&mut few)).unwrap();
    assert!(
        few.iter().zip(&order).all(|(few, at)| (few.alarm, { few.id }) == (rows[*at].alarm, rows[*at].id))
    );
    // Padding that no Rust value has is 0 in rows of bytes.
    let owned = view.take(&order).unwrap();
    assert_eq!(owned.bytes()[1..8], [0; 7]);
    let mut back = rows.clone();
    owned
        .view()
        .take_into(&(0..rows.len()).collect::<Vec<_>>(), RecordViewMut::from_rows(&mut back))
        .unwrap();
    assert_eq!(back, sorted);
}

/// Bytes may hold anything where a `bool` is; Rust's may not.
#[test]
fn any_byte_but_0_is_true() {
    let ty = Packed::record_type();
    let bytes: Vec<u8> = (0..=255u8).flat_map(|byte| [byte, 1, 2, 3, 4, 5, 6, 7, 8]).collect();
    let rows = RecordView::from_bytes(ty, &bytes);
    let mut structs = vec![Packed { alarm: false, id: 0 }; 256];
    rows.take_into(&(0..256).collect::<Vec<usize>>(), RecordViewMut::from_rows(&mut structs)).unwrap();
    assert!(structs.iter().enumerate().all(|(at, row)| row.alarm == (at > 0)));

    let g = Graph::new();
    let alarm = g.records("rows", ty, [256]).field("alarm");
    let outputs = [alarm.named("alarm"), (!alarm).named("calm"), alarm.sum(All).named("count")];
    let (mut alarms, mut calms, mut count) = ([false; 256], [false; 256], [0i64]);
    let outs = [
        ("alarm", ViewMut::from(&mut alarms)),
        ("calm", ViewMut::from(&mut calms)),
        ("count", ViewMut::new(&mut count, [])),
    ];
    g.plan(outputs, &Limits::default())
        .unwrap()
        .compile()
        .unwrap()
        .run([("rows", rows.clone())], outs)
        .unwrap();
    assert!((0..256).all(|at| alarms[at] == (at > 0) && calms[at] == (at == 0)));
    assert_eq!(count, [255]);
    // As a plain array, where the bytes would be taken for bools.
    assert!(rows.field("alarm").unwrap_err().to_string().contains("neither 0 nor 1"));
    assert!(RecordView::from_bytes(ty, &bytes[..18]).field("alarm").is_ok());
}

#[test]
fn structs_of_other_crates_are_rows() {
    #[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
    #[repr(C)]
    struct Pod {
        id: u64,
        level: f32,
        age: u32,
    }
    #[derive(Clone, Copy, zerocopy::IntoBytes, zerocopy::FromBytes, zerocopy::Immutable)]
    #[repr(C)]
    struct Copied {
        id: u64,
        level: f32,
        age: u32,
    }
    let ty = RecordType::aligned([("id", U64.into()), ("level", F32.into()), ("age", U32.into())]).unwrap();
    let pods: Vec<Pod> = (0..9).map(|at| Pod { id: at, level: at as f32, age: 7 }).collect();
    let mut copied: Vec<Copied> = (0..9).map(|at| Copied { id: at, level: 0.5, age: 3 }).collect();
    let g = Graph::new();
    let (n, m) = (g.dim("n", 0..=100), g.records("pods", &ty, g.dim("n", 0..=100)));
    let others = g.records("others", &ty, n);
    let level = m.field("level") + others.field("age").astype(F32);
    let fields = [("id", m.carried("id")), ("level", level), ("age", m.field("age") + others.field("age"))];
    let program = g.plan(g.record_output("out", &ty, fields), &Limits::default()).unwrap().compile().unwrap();
    let mut out = vec![Copied { id: 0, level: 0.0, age: 0 }; 9];
    let inputs = [
        ("pods", RecordView::from_bytes(&ty, bytemuck::cast_slice(&pods))),
        ("others", RecordView::from_slice(&ty, &copied)),
    ];
    program.run(inputs, [("out", RecordViewMut::from_slice(&ty, &mut out))]).unwrap();
    assert!((0..9).all(|at| (out[at].id, out[at].level, out[at].age) == (at as u64, at as f32 + 3.0, 10)));
    copied.truncate(1);
    assert_eq!(copied.len(), 1);
}

/// A program serves rows of any layout that has the fields, in any shape, and separate arrays as well.
#[test]
fn fields_are_bound_by_name_whatever_the_layout() {
    let fields = || [("a", I32.into()), ("b", F64.into()), ("c", U8.into())];
    let (packed, aligned) = (RecordType::packed(fields()).unwrap(), RecordType::aligned(fields()).unwrap());
    let turned = RecordType::packed(fields().into_iter().rev()).unwrap();
    let g = Graph::new();
    let rows = g.records("rows", &packed, [2, 3]);
    let sum = (rows.field("a") + rows.field("b")).sum(Axis(0)) + rows.field("c").sum(Axis(0));
    let program = g.plan([sum], &Limits::default()).unwrap().compile().unwrap();
    let (a, b, c) = ([1, 2, 3, 4, 5, 6], [0.5, 0.25, 0.0, -1.0, 8.0, 2.0], [9u8, 8, 7, 1, 2, 3]);
    let expected = [14.5, 25.25, 21.0];
    for ty in [&packed, &aligned, &turned] {
        let mut array = RecordArray::zeroed(ty, 6).unwrap();
        let g = Graph::new();
        let made = g.record_output(
            "rows",
            ty,
            [("a", g.input("a", I32, [6])), ("b", g.input("b", F64, [6])), ("c", g.input("c", U8, [6]))],
        );
        let pack = g.plan(made, &Limits::default()).unwrap().compile().unwrap();
        pack.run([("a", View::from(&a)), ("b", (&b).into()), ("c", (&c).into())], [("rows", &mut array)])
            .unwrap();
        let mut out = [0.0; 3];
        program.run([("rows", array.view().with_shape([2, 3]))], [("out", &mut out)]).unwrap();
        assert_eq!(out, expected);
    }
    let mut out = [0.0; 3];
    let separate = [
        ("rows.a", View::new(&a, [2, 3])),
        ("rows.b", View::new(&b, [2, 3])),
        ("rows.c", View::new(&c, [2, 3])),
    ];
    program.run(separate, [("out", &mut out)]).unwrap();
    assert_eq!(out, expected);
}

/// Every dtype at odd addresses, with and without gaps, through vector functions: against the reference.
#[test]
fn odd_addresses_give_the_same_bits() {
    for dtype in [F32, F64, F16, BF16, I64, I16, U8, Bool] {
        for count in [1, 7, 33, 300] {
            let g = Graph::new();
            let (x, y) = (g.input("x", dtype, [count]), g.input("y", dtype, [count]));
            let float = if dtype.is_float() { dtype } else { F64 };
            let outputs = [
                x.astype(float).exp().named("exp"),
                (x.astype(float) * 2 + y).tanh().named("tanh"),
                x.astype(float).power(y.astype(float)).named("power"),
                x.maximum(y).named("maximum"),
                x.greater(y).named("greater"),
                x.sum(All).named("sum"),
            ];
            for output in outputs {
                fusewire::testing::check(&g.recipe([output]).unwrap())
                    .unwrap_or_else(|wrong| panic!("{wrong}"));
            }
            fusewire::testing::check(&g.recipe(outputs).unwrap()).unwrap_or_else(|wrong| panic!("{wrong}"));
        }
    }
}

/// Fields are packed before several reductions go over them, and give the same bits as arrays do.
#[test]
fn several_reductions_of_fields_share_a_pass() {
    for count in [1, 3, 255, 256, 257, 1024, 4099, 9000] {
        let g = Graph::new();
        let (x, n) = (g.input("x", F32, [count]), g.input("n", I32, [count]));
        let flag = g.input("flag", Bool, [count]);
        let some = x.masked(n.greater(0) & flag);
        let outputs = [
            some.mean(All).named("mean"),
            some.max_initial(All, -1).named("max"),
            (x * n).sum(All).named("sum"),
            n.sum(All).named("total"),
        ];
        let recipe = g.recipe(outputs).unwrap();
        assert_eq!(recipe.plan(&Limits::default()).unwrap().kernels().len(), 1);
        fusewire::testing::check(&recipe).unwrap_or_else(|wrong| panic!("{wrong}"));
    }
    // Row by row, with fields that are rows of numbers themselves.
    let g = Graph::new();
    let x = g.input("x", F64, [5, 300]);
    let recipe = g.recipe([x.mean(Axis(1)).named("mean"), x.max(Axis(1)).named("max")]).unwrap();
    fusewire::testing::check(&recipe).unwrap_or_else(|wrong| panic!("{wrong}"));
}

#[test]
fn fields_are_updated_where_they_stand() {
    let mut rows = readings();
    let before = rows.clone();
    let ty = Reading::record_type();
    let g = Graph::new();
    let records = g.records("rows", ty, [rows.len()]);
    let (level, id) = (records.field("level") * 2, records.field("id") + 1);
    let written = ty.select(["id", "level"]).unwrap();
    let plan = g
        .plan(g.record_output("next", &written, [("level", level), ("id", id)]), &Limits::default())
        .unwrap();
    let plan = plan.in_place("next.level", "rows.level").unwrap().in_place("next.id", "rows.id").unwrap();
    plan.compile().unwrap().run((), [("next", RecordViewMut::from_rows(&mut rows))]).unwrap();
    let expected =
        before.iter().map(|row| Reading { level: row.level * 2.0, id: row.id.wrapping_add(1), ..*row });
    assert_eq!(rows, expected.collect::<Vec<_>>());
    assert_eq!((written.itemsize(), written.fields().len()), (ty.itemsize(), 2));
    assert!(ty.select(["id", "levle"]).unwrap_err().to_string().contains("did you mean `level`?"));
}
