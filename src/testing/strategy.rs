//! Random graphs that shrink.

use super::functions::{FUNCTIONS, Operands};
use crate::axes::Axes;
use crate::expr::{Expr, Graph};
use crate::recipe::Recipe;
use crate::{All, Axis, DType, ElementOp, Pad, Slice, StorePolicy};
use proptest::collection::vec;
use proptest::prelude::*;

/// Sizes that axes have: nothing, one, odd numbers, and the edges of vectors, tiles and lanes.
const SIZES: [u64; 9] = [0, 1, 2, 3, 5, 8, 17, 33, 67];

/// One step of building a graph. Numbers are choices among what is there when the step is taken, so
/// every list of steps means something, and so does every shorter one.
#[derive(Clone, Debug)]
enum Step {
    Input { dtype: usize, sizes: Vec<usize> },
    Generator { kind: usize, length: usize },
    Element { op: usize, operands: [usize; 3] },
    Number { op: usize, operand: usize, number: i8, left: bool },
    Cast { operand: usize, dtype: usize },
    View { kind: usize, operand: usize, parameter: usize },
    Reduce { op: usize, operand: usize, axes: usize, keepdims: bool },
    Function { function: usize, operands: [usize; 2], axes: usize, keepdims: bool, parameter: usize },
    Join { kind: usize, operands: [usize; 3], parameter: usize },
    Store { operand: usize, policy: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let any = || any::<prop::sample::Index>().prop_map(|index| index.index(1 << 20));
    prop_oneof![
        2 => (0..DType::ALL.len(), vec(0..SIZES.len(), 0..4))
            .prop_map(|(dtype, sizes)| Step::Input { dtype, sizes }),
        1 => (0..4usize, 0..SIZES.len()).prop_map(|(kind, length)| Step::Generator { kind, length }),
        6 => (0..ElementOp::ALL.len(), [any(), any(), any()])
            .prop_map(|(op, operands)| Step::Element { op, operands }),
        2 => (0..ElementOp::ALL.len(), any(), any_number(), proptest::bool::ANY)
            .prop_map(|(op, operand, number, left)| Step::Number { op, operand, number, left }),
        1 => (any(), 0..DType::ALL.len()).prop_map(|(operand, dtype)| Step::Cast { operand, dtype }),
        4 => (0..10usize, any(), 0..1000usize)
            .prop_map(|(kind, operand, parameter)| Step::View { kind, operand, parameter }),
        2 => (0..5usize, any(), 1..64usize, proptest::bool::ANY)
            .prop_map(|(op, operand, axes, keepdims)| Step::Reduce { op, operand, axes, keepdims }),
        4 => (0..FUNCTIONS.len(), [any(), any()], 1..64usize, proptest::bool::ANY, 0..1000usize).prop_map(
            |(function, operands, axes, keepdims, parameter)| Step::Function { function, operands, axes, keepdims, parameter }
        ),
        3 => (0..6usize, [any(), any(), any()], 0..1000usize)
            .prop_map(|(kind, operands, parameter)| Step::Join { kind, operands, parameter }),
        1 => (any(), 0..3usize).prop_map(|(operand, policy)| Step::Store { operand, policy }),
    ]
}

fn any_number() -> impl Strategy<Value = i8> {
    -3i8..4
}

/// Graphs of up to `steps` operations over inputs of up to three axes, with one to three outputs.
/// A step that would be wrong (shapes that do not broadcast, a dtype that is refused) is left out, so
/// every recipe can be planned.
pub fn recipes(steps: usize) -> impl Strategy<Value = Recipe> {
    (vec(step(), 1..=steps.max(1)), 1..4usize).prop_map(|(steps, outputs)| build(&steps, outputs))
}

fn build(steps: &[Step], outputs: usize) -> Recipe {
    let g = Graph::new();
    let mut known: Vec<Expr<'_>> = vec![g.input("x", DType::F64, [5, 3])];
    for (at, step) in steps.iter().enumerate() {
        let made = take(&g, &known, at, step);
        // Small enough to be checked in a moment.
        if made.array().is_some_and(|array| array.shape.elements().is_some_and(|elements| elements < 20_000))
        {
            known.push(made);
        }
    }
    let first = known.len().saturating_sub(outputs);
    let last: Vec<Expr<'_>> =
        known[first..].iter().enumerate().map(|(at, output)| output.named(&format!("y{at}"))).collect();
    g.recipe(last).unwrap_or_else(|_| Recipe::empty())
}

pub(super) fn rank(expr: Expr<'_>) -> usize {
    expr.ndim().unwrap_or(0)
}

/// The axes of an expression whose bits are set.
fn chosen(expr: Expr<'_>, bits: usize, keepdims: bool) -> Axes {
    let chosen: Vec<isize> = (0..rank(expr) as isize).filter(|axis| bits >> axis & 1 == 1).collect();
    if keepdims { Axes::from(chosen).keepdims() } else { Axes::from(chosen) }
}

fn take<'g>(g: &'g Graph, known: &[Expr<'g>], at: usize, step: &Step) -> Expr<'g> {
    let pick = |choice: usize| known[known.len() - 1 - choice % known.len()];
    match step {
        Step::Input { dtype, sizes } => {
            let sizes: Vec<u64> = sizes.iter().map(|size| SIZES[*size]).collect();
            g.input(&format!("in{at}"), DType::ALL[*dtype], sizes)
        }
        Step::Generator { kind, length } => match kind {
            0 => g.arange(0, SIZES[*length], 1),
            1 => g.arange(1.5, 1.5 - 0.25 * SIZES[*length] as f64, -0.25),
            2 => g.linspace(-1.0, 2.0, SIZES[*length]),
            _ => g.constant(&[1.5f32, -2.0, 0.0], [3]),
        },
        Step::Element { op, operands } => {
            let op = ElementOp::ALL[*op];
            let operands: Vec<Expr<'_>> = operands[..op.arity()].iter().map(|choice| pick(*choice)).collect();
            Expr::apply(op, operands[0], &operands[1..].iter().map(|expr| (*expr).into()).collect::<Vec<_>>())
        }
        Step::Number { op, operand, number, left } => {
            let op = ElementOp::ALL[*op];
            let operand = pick(*operand);
            match (op.arity(), left) {
                (2, false) => Expr::apply(op, operand, &[(*number).into()]),
                (2, true) => Expr::apply(op, operand, &[(f64::from(*number) / 2.0).into()]),
                (3, _) => Expr::apply(op, operand, &[(*number).into(), operand.into()]),
                _ => operand,
            }
        }
        Step::Cast { operand, dtype } => pick(*operand).astype(DType::ALL[*dtype]),
        Step::View { kind, operand, parameter } => {
            let operand = pick(*operand);
            let axes = rank(operand).max(1);
            let axis = Axis((parameter % axes) as isize);
            match kind {
                0 => operand.transpose(),
                1 => operand.expand_dims((parameter % (rank(operand) + 1)) as isize),
                2 => operand.flip(axis),
                3 => operand.slice_axis(
                    axis,
                    Slice::from((parameter / 7 % 4) as i64..).step_by([1, 2, 3, -1, -2][parameter % 5]),
                ),
                4 => operand.slice_axis(axis, 0..(parameter / 3 % 5) as i64),
                5 => operand.slice_axis(axis, 0..1).squeeze(axis.0),
                6 => operand.ravel(),
                // Where the size has no such factor, the step is left out.
                7 => operand.reshape([-1, [2, 3, 5, 8, 15][parameter % 5]]),
                8 => {
                    let second = Axis(((parameter + 1) % axes) as isize);
                    operand.diagonal((parameter % 7) as i64 - 3, axis, second)
                }
                _ => operand.sliding_window(1 + (parameter / 3 % 3) as u64, axis),
            }
        }
        Step::Join { kind, operands, parameter } => {
            let several = operands.map(pick);
            join(g, *kind, several, *parameter, rank(several[0]))
        }
        Step::Reduce { op, operand, axes, keepdims } => {
            let operand = pick(*operand);
            let axes = chosen(operand, *axes, *keepdims);
            match op {
                0 => operand.sum(axes),
                1 => operand.prod(axes),
                2 => operand.min(axes),
                3 => operand.max(axes),
                _ => operand.mean(axes),
            }
        }
        Step::Function { function, operands, axes, keepdims, parameter } => {
            let [x, other] = operands.map(pick);
            let axis = Axis((parameter % rank(x).max(1)) as isize);
            let axes = chosen(x, *axes, *keepdims);
            FUNCTIONS[*function](Operands { g, x, other, axes, axis, parameter: *parameter })
        }
        Step::Store { operand, policy } => {
            pick(*operand).store([StorePolicy::Auto, StorePolicy::Always, StorePolicy::Never][*policy])
        }
    }
}

/// A step that joins arrays, or parts and copies of one.
fn join<'g>(g: &'g Graph, kind: usize, operands: [Expr<'g>; 3], parameter: usize, rank: usize) -> Expr<'g> {
    let axis = Axis((parameter % rank.max(1)) as isize);
    let count = 1 + parameter / 7 % 3;
    let first = operands[0];
    match kind {
        // Arrays that do not fit are left out of the graph: one and its own parts always do.
        0 if parameter.is_multiple_of(2) => g.concat(axis, operands.into_iter().take(count)),
        0 => {
            let part = first.slice_axis(axis, (count as i64)..);
            g.concat(axis, [part, first, part.flip(axis)].into_iter().take(1 + count))
        }
        1 => g.stack(
            Axis((parameter % (rank + 1)) as isize),
            [first, first, operands[1]].into_iter().take(count),
        ),
        2 => {
            let shift = (parameter / 5) as i64 - 100;
            let axes: Vec<isize> = (0..rank as isize).filter(|axis| parameter >> axis & 1 == 1).collect();
            if axes.is_empty() { first.roll(shift, All) } else { first.roll(shift, axes) }
        }
        3 => {
            let with = match parameter % 5 {
                0 => Pad::Edge,
                1 => Pad::Reflect,
                2 => Pad::Symmetric,
                3 => Pad::Wrap,
                _ => true.into(),
            };
            let width = |at: usize| (parameter >> (2 * at) & 3, parameter >> (2 * at + 1) & 3);
            let widths = (0..rank).map(width).map(|(before, after)| (before as u64, after as u64));
            first.pad(widths.collect::<Vec<_>>(), with)
        }
        4 => first.tile([1 + parameter % 3, count - 1 + parameter % 2]),
        _ if parameter.is_multiple_of(3) => first.repeat(count, All),
        _ => first.repeat(count, axis),
    }
}
