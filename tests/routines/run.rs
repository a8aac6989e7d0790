//! Running routines: threads, memory of the caller, sizes that are not known, indices that are wrong.

use fusewire::prelude::*;
use fusewire::testing::{check, check_at};
use fusewire::{DiagnosticKind, OutOfBounds};
use insta::assert_snapshot;

fn plan<'g>(g: &'g Graph, outputs: impl IntoIterator<Item = Expr<'g>>) -> Plan {
    g.plan(outputs, &Limits::default()).unwrap()
}

/// Numbers in no order, many of them equal.
fn numbers(count: usize) -> Vec<f32> {
    (0..count as u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 17) as f32 / 64.0 - 100.0).collect()
}

#[test]
fn threads_do_not_change_bits() {
    let (rows, columns) = (700usize, 900usize);
    let g = Graph::new();
    let x = g.input("x", F32, [rows, columns]);
    let at = x.argsort(Axis(0));
    let outputs = [
        x.sort(Axis(0)).named("y0"),
        x.sort_descending(Axis(1)).named("y1"),
        x.cumulative_sum(Axis(0)).named("y2"),
        x.cumulative_logsumexp(Axis(1)).named("y3"),
        x.take_along_axis(at, Axis(0)).named("y4"),
        x.take(at.slice_axis(Axis(1), 0..1).squeeze(1), Axis(0)).named("y5"),
    ];
    let program = plan(&g, outputs).compile().unwrap();
    let data = numbers(rows * columns);
    let run = |threads: usize| {
        let mut made = vec![vec![0f32; rows * columns]; 6];
        let names = ["y0", "y1", "y2", "y3", "y4", "y5"];
        let outputs: Vec<(&str, ViewMut<'_>)> = names
            .into_iter()
            .zip(&mut made)
            .map(|(name, y)| (name, ViewMut::new(y, [rows, columns])))
            .collect();
        program
            .clone()
            .with_threads(threads)
            .run([("x", View::new(&data, [rows, columns]))], outputs)
            .unwrap();
        assert_eq!(made[0], made[4]);
        made.into_iter().flatten().map(f32::to_bits).collect::<Vec<_>>()
    };
    let one = run(1);
    for threads in [2, 3, 8] {
        assert!(one == run(threads), "{threads} threads");
    }
}

#[test]
fn long_lines_of_every_width() {
    let g = Graph::new();
    for dtype in DType::ALL {
        let x = g.input(&format!("x{dtype}"), dtype, [3, 1000]);
        let outputs =
            [x.sort(Axis(1)), x.argsort(Axis(1)), x.transpose().sort(Axis(0)), x.cumulative_max(Axis(1))];
        let named = outputs.iter().enumerate().map(|(at, y)| y.named(&format!("y{at}")));
        check(&g.recipe(named).unwrap()).map_err(|mismatch| panic!("{mismatch}")).unwrap();
    }
}

#[test]
fn the_caller_may_give_part_of_an_array_and_the_input_itself() {
    let g = Graph::new();
    let x = g.input("x", F64, [3, 2]);
    let program = plan(&g, [x.sort(Axis(0))]).compile().unwrap();
    let mut whole = [-1.0; 12];
    let data = [3.0, 5.0, 1.0, 6.0, 2.0, 4.0];
    program
        .run([("x", View::new(&data, [3, 2]))], [("out", ViewMut::strided(&mut whole, &[3, 2], &[4, 1], 1))])
        .unwrap();
    assert_eq!(whole, [-1.0, 1.0, 4.0, -1.0, -1.0, 2.0, 5.0, -1.0, -1.0, 3.0, 6.0, -1.0]);

    let mut data = data;
    let program = plan(&g, [x.cumulative_sum(Axis(0))]).in_place("out", "x").unwrap().compile().unwrap();
    program.run((), [("out", ViewMut::new(&mut data, [3, 2]))]).unwrap();
    assert_eq!(data, [3.0, 5.0, 4.0, 11.0, 6.0, 15.0]);
    let program = plan(&g, [x.sort(Axis(1))]).in_place("out", "x").unwrap().compile().unwrap();
    program.run((), [("out", ViewMut::new(&mut data, [3, 2]))]).unwrap();
    assert_eq!(data, [3.0, 5.0, 4.0, 11.0, 6.0, 15.0]);

    let keys = g.input("keys", I64, [3]);
    let unsafe_ones = [x.flip(Axis(0)).sort(Axis(0)), x.take(keys, Axis(0)), x + x.sort(Axis(0))];
    for (at, unsafe_one) in unsafe_ones.into_iter().enumerate() {
        let planned = plan(&g, [unsafe_one]).in_place("out", "x");
        // The sum reads each element of the input once, after the sort has read them all.
        assert_eq!(planned.is_ok(), at == 2, "{at}: {planned:?}");
    }
}

#[test]
fn sizes_that_are_not_known() {
    let g = Graph::new();
    let (n, m) = (g.dim("n", 0..=50), g.dim("m", 1..=40));
    let x = g.input("x", F32, (n, m));
    let at = g.input("at", I64, (m,));
    let outputs = [
        x.sort(Axis(0)),
        (x * 2).argsort(Axis(1)),
        x.cumulative_sum_from_zero(Axis(0)),
        x.take_with(at, Axis(1), OutOfBounds::Wrap),
        x.take_along_axis(x.argsort(Axis(0)), Axis(0)),
    ];
    let recipe = g.recipe(outputs.iter().enumerate().map(|(at, y)| y.named(&format!("y{at}")))).unwrap();
    for sizes in [[("n", 0), ("m", 1)], [("n", 1), ("m", 7)], [("n", 50), ("m", 40)], [("n", 9), ("m", 3)]] {
        check_at(&recipe, &sizes).map_err(|mismatch| panic!("{mismatch}")).unwrap();
    }
}

#[test]
fn an_index_that_is_wrong_leaves_its_output_alone() {
    let g = Graph::new();
    let (table, keys) = (g.input("table", F64, [3, 2]), g.input("keys", I32, [2, 2]));
    let taken = table.take(keys, Axis(0)).named("taken");
    let program = plan(&g, [taken]).compile().unwrap();
    let data = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let mut out = [7.0; 8];
    let mut run = |keys: &[i32; 4]| {
        let inputs = [("table", View::new(&data, [3, 2])), ("keys", View::new(keys, [2, 2]))];
        let ran = program.run(inputs, [("taken", ViewMut::new(&mut out, [2, 2, 2]))]);
        (ran, out)
    };
    let (ran, untouched) = run(&[0, 1, 2, 3]);
    let error = ran.expect_err("an index that is wrong");
    assert_eq!((error.kind(), error.diagnostics()[0].axis), (DiagnosticKind::Index, Some(0)));
    assert_eq!(untouched, [7.0; 8]);
    assert_snapshot!(error);
    let (ran, taken) = run(&[0, -1, 2, 1]);
    assert!(ran.is_ok());
    assert_eq!(taken, [1.0, 2.0, 5.0, 6.0, 5.0, 6.0, 3.0, 4.0]);

    let along = plan(&g, [table.take_along_axis(keys, Axis(0))]).compile().unwrap();
    let mut out = [7.0; 4];
    let inputs = [("table", View::new(&data, [3, 2])), ("keys", View::new(&[0, 1, -4, 0], [2, 2]))];
    let error =
        along.run(inputs, [("out", ViewMut::new(&mut out, [2, 2]))]).expect_err("an index that is wrong");
    assert!(
        error.to_string().contains(
            "index -4 at [1, 0] of `keys` is out of bounds for axis 0 of `table`, which has 3 elements"
        ),
        "{error}"
    );
    assert_eq!(out, [7.0; 4]);
}
