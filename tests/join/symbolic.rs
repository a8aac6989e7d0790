//! Joins whose sizes are known when arrays are bound.

use super::assert_checks;
use fusewire::prelude::*;
use fusewire::testing::check_at;

#[test]
fn the_size_is_the_sum() {
    let g = Graph::new();
    let (n, m, k) = (g.dim("n", 0..=40), g.dim("m", 1..=9), g.dim("k", 0..=7));
    let (x, y) = (g.input("x", F64, [n, m]), g.input("y", F32, [k, m]));
    let joined = g.concat(Axis(0), [x, y, x * 2]);
    assert_eq!(joined.shape(), Some([2 * n + k, m].into()));
    let outputs = vec![
        joined,
        joined.sum(Axis(0)) + 1,
        g.concat(Axis(1), [x, x.sum(Axis(1).keepdims()), x.flip(Axis(1))]),
        g.stack(Axis(0), [x, x + 1]),
        x.tile([2, 3]),
        x.tile((k, 2)),
        x.repeat(k, Axis(1)) + x.repeat(k, Axis(1)),
        x.repeat(3, All),
        x.pad([(1, 2), (0, 1)], 5),
    ];
    for (n, m, k) in [(0, 1, 0), (5, 3, 2), (40, 9, 7), (1, 1, 1)] {
        let recipe = g.recipe(outputs.iter().enumerate().map(|(at, y)| y.named(&format!("y{at}")))).unwrap();
        check_at(&recipe, &[("n", n), ("m", m), ("k", k)]).unwrap_or_else(|mismatch| panic!("{mismatch}"));
    }
}

#[test]
fn a_shift_may_be_more_than_an_axis_turns_out_to_have() {
    let g = Graph::new();
    let (n, m) = (g.dim("n", 0..=60), g.dim("m", 4..=60));
    let (x, y) = (g.input("x", I32, [n]), g.input("y", I32, (m, 3)));
    let shifts = [0, 1, -1, 3, -4, 5, 17, -23, 1_000_003, -1_000_003];
    let mut outputs: Vec<Expr<'_>> = shifts.map(|shift| x.roll(shift, Axis(0))).into();
    outputs.extend(shifts.map(|shift| y.roll([shift, 1 - shift], [0, 1])));
    assert!(outputs[..10].iter().all(|rolled| rolled.shape() == Some([n].into())));
    assert!(outputs[10..].iter().all(|rolled| rolled.shape() == y.shape()));
    for (n, m) in [(0, 4), (1, 5), (2, 17), (7, 23), (60, 60)] {
        let recipe = g.recipe(outputs.iter().enumerate().map(|(at, y)| y.named(&format!("y{at}")))).unwrap();
        check_at(&recipe, &[("n", n), ("m", m)]).unwrap_or_else(|mismatch| panic!("{mismatch}"));
    }
}

#[test]
fn borders_hold_a_binding_to_what_they_show() {
    let g = Graph::new();
    let n = g.dim("n", 0..=50);
    let x = g.input("x", F64, [n]);
    let modes = [Pad::Edge, Pad::Reflect, Pad::Symmetric, Pad::Wrap];
    for (pad, least) in modes.into_iter().zip([1, 4, 3, 3]) {
        let recipe = g.recipe([x.pad((2, 3), pad)]).unwrap();
        assert_eq!(x.pad((2, 3), pad).shape(), Some([n + 5].into()));
        for n in [least, least + 1, 50] {
            check_at(&recipe, &[("n", n)]).unwrap_or_else(|mismatch| panic!("{mismatch}"));
        }
        let program = recipe.plan(&Limits::default()).unwrap().compile().unwrap();
        let (short, mut out) = (vec![1.0; least as usize - 1], vec![0.0; least as usize + 4]);
        let refused = program.run([("x", &short)], [("out", &mut out)]).unwrap_err().to_string();
        assert!(refused.contains("`pad` needs"), "{refused}");
    }
    // Nothing is asked of an axis that is long enough, or of borders of numbers.
    let y = g.input("y", F64, [g.dim("m", 4..=9)]);
    let plan = g.plan([y.pad(3, Pad::Reflect), x.pad(9, 1)], &Limits::default()).unwrap();
    assert!(plan.requirements().is_empty());
    assert_checks(&g, vec![y.pad(3, Pad::Reflect), x.pad(9, 1)]);
}

#[test]
fn sizes_that_must_be_equal_are_required() {
    let g = Graph::new();
    let (n, m) = (g.dim("n", 1..=9), g.dim("m", 1..=9));
    let (x, y) = (g.input("x", F64, (2, n)), g.input("y", F64, (2, m)));
    for joined in [g.concat(Axis(0), [x, y]), g.stack(Axis(0), [x, y])] {
        let recipe = g.recipe([joined]).unwrap();
        check_at(&recipe, &[("n", 4), ("m", 4)]).unwrap_or_else(|mismatch| panic!("{mismatch}"));
        assert!(check_at(&recipe, &[("n", 4), ("m", 5)]).is_err());
    }
}
