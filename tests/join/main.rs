//! Joins, rolls, pads and repetitions: against NumPy and the reference evaluator, what they cost, and what is
//! refused.

mod cost;
mod fused;
mod golden;
mod refused;
mod symbolic;

use fusewire::prelude::*;
use fusewire::testing::check;

/// Holds compiled code against the reference evaluator, for outputs in any layout.
fn assert_checks(g: &Graph, outputs: Vec<Expr<'_>>) {
    let named: Vec<Expr<'_>> =
        outputs.iter().enumerate().map(|(at, output)| output.named(&format!("y{at}"))).collect();
    if let Err(mismatch) = check(&g.recipe(named).unwrap()) {
        panic!("{mismatch}");
    }
}

/// Kernels, stored values and bytes of workspace.
fn cost<'g>(g: &'g Graph, outputs: impl IntoIterator<Item = Expr<'g>>) -> (usize, usize, u64) {
    let plan = g.plan(outputs, &Limits::default()).unwrap();
    (plan.kernels().len(), plan.stored().len(), plan.workspace_bytes())
}

#[test]
fn parts_of_every_kind() {
    let g = Graph::new();
    let x = g.input("x", F32, [4, 6]);
    let y = g.input("y", I16, [3, 6]);
    let (rows, total) = (x.sum(Axis(1)), x.max(All));
    let both = g.concat(Axis(0), [x, y]);
    let outputs = vec![
        both,
        // Used again, in other ways than it is written.
        both.sum(Axis(0)) + both.slice([Slice::new(1, 2)]).reshape([6]),
        g.concat(Axis(0), [both * 2, x.exp(), both.flip(Axis(0))]),
        // Reductions, what follows from them, generators, constants, and nothing.
        g.concat(Axis(-1), [rows, rows * 2, rows / total, g.arange(0, 3, 1), g.zeros(F64, [0])]),
        g.concat("row", [x.label_axes(["row", "column"]), y.label_axes([Some("row"), None])]),
        g.stack(Axis(1), [total, x.min(All), g.scalar(1.5f32)].map(|number| number.reshape([1]))),
        g.stack(
            (Axis(-1), "kind"),
            [
                x,
                x.slice([Slice::ALL.step_by(-1)]),
                g.constant(&[1.0f32, 2.0], [2]).repeat(12, All).reshape([4, 6]),
            ],
        ),
        // The same part twice, and joins of joins.
        g.concat(Axis(1), [x, x, x.transpose().reshape([4, 6]), x.ravel().reshape([4, 6])]),
        g.concat(
            Axis(0),
            [
                g.concat(Axis(1), [x, x + 1]),
                g.concat(Axis(1), [x.cos(), y.slice([Slice::new(0, 1)]).broadcast_to([4, 6])]),
            ],
        ),
        g.concat(Axis(0), [both.reshape([-1]), both.slice_axis(Axis(1), 1..2).reshape([7])]),
    ];
    for output in outputs.clone() {
        assert_checks(&g, vec![output]);
    }
    assert_checks(&g, outputs);
}

#[test]
fn parts_that_are_stored_for_other_reasons() {
    let g = Graph::new();
    let x = g.input("x", F64, [5, 7]);
    let costly = (x.exp() / 3).sin();
    let mean = costly.mean(Axis(1).keepdims());
    let stored = (x * 3).store(Always);
    let joined = g.concat(Axis(1), [costly - mean, mean, stored, x]);
    // An output is a part, a part is an output, and an input is both.
    assert_checks(&g, vec![joined, costly, stored, x, joined * 2, g.concat(Axis(0), [joined, joined])]);
    assert_checks(&g, vec![joined.store(Never) + 1, g.concat(Axis(1), [joined, mean])]);
    assert_checks(&g, vec![joined, joined.sum(All), joined]);
}

#[test]
fn joins_of_no_elements() {
    let g = Graph::new();
    let (none, some) = (g.input("none", F64, [0, 3]), g.input("some", F64, [2, 3]));
    let outputs = vec![
        g.concat(Axis(0), [none, none]),
        g.concat(Axis(0), [none, some, none]),
        g.concat(Axis(1), [none, none.slice_axis(Axis(1), 1..)]),
        g.stack(Axis(0), [none, none]).sum(Axis(1)),
        none.roll(3, [0, 1]),
        none.pad([(2, 1), (0, 1)], 4),
        some.tile([0, 2]),
        some.repeat(0, Axis(1)),
    ];
    assert_eq!(g.concat(Axis(0), [none, some, none]).shape(), Some([2, 3].into()));
    assert_checks(&g, outputs);
}

#[test]
fn a_roll_of_many_axes_and_borders_of_many() {
    let g = Graph::new();
    let x = g.input("x", I32, [2, 3, 2, 2, 2, 2, 3]);
    assert_checks(&g, vec![x.roll(1, [0, 1, 2, 3, 4, 5, 6])]);
    let y = g.input("y", F32, [2, 1, 2, 1, 2, 1]);
    assert_checks(&g, vec![y.pad(1, Pad::Wrap), y.pad(1, 2.5)]);
    let z = (g.input("z", F64, [4, 5]) * 2).exp();
    assert_checks(&g, vec![z.pad((1, 2), Pad::Edge), z.pad(3, Pad::Reflect), z.roll([1, 2], [0, 1])]);
}

#[test]
fn outputs_lie_in_a_larger_array() {
    let g = Graph::new();
    let (x, y) = (g.input("x", F64, [2, 3]), g.input("y", F64, [2, 2]));
    let program = g.plan([g.concat(Axis(1), [x, y * 10])], &Limits::default()).unwrap().compile().unwrap();
    let mut frame = [0.0; 4 * 7];
    let (xs, ys) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 2.0, 3.0, 4.0]);
    let inputs = [("x", View::new(&xs, [2, 3])), ("y", View::new(&ys, [2, 2]))];
    program.run(inputs, [("out", ViewMut::strided(&mut frame, &[2, 5], &[7, 1], 8))]).unwrap();
    let mut expected = [0.0; 4 * 7];
    expected[8..13].copy_from_slice(&[1.0, 2.0, 3.0, 10.0, 20.0]);
    expected[15..20].copy_from_slice(&[4.0, 5.0, 6.0, 30.0, 40.0]);
    assert_eq!(frame, expected);
}

#[test]
fn threads_do_not_change_a_bit() {
    let g = Graph::new();
    let x = g.input("x", F32, [700, 900]);
    let joined = g.concat(Axis(0), [x.exp(), x.sum(Axis(0).keepdims()), x.roll([300, -1], [0, 1])]);
    let plan = g.plan([joined.pad(2, Pad::Reflect)], &Limits::default()).unwrap();
    let data: Vec<f32> = (0..700 * 900).map(|at| (at as f32 * 0.37).sin()).collect();
    let run = |threads| {
        let mut out = vec![0.0f32; 1405 * 904];
        let program = plan.clone().compile().unwrap().with_threads(threads);
        let out_view = ViewMut::new(&mut out, [1405, 904]);
        program.run([("x", View::new(&data, [700, 900]))], [("out", out_view)]).unwrap();
        out.into_iter().map(f32::to_bits).collect::<Vec<_>>()
    };
    assert!(run(1) == run(2));
    assert!(run(2) == run(7));
}
