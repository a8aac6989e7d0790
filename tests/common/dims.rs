//! Random programs over sizes that are not known.

use fusewire::prelude::*;
use proptest::prelude::*;

/// How many dims a program is written over.
pub const DIMS: usize = 3;
pub const NAMES: [&str; DIMS] = ["n", "m", "k"];

/// One call, with positions that wrap around what there is.
#[derive(Clone, Debug)]
pub enum Step {
    Input { axes: Vec<usize> },
    Range { size: usize },
    Size { size: usize },
    Unary { operand: usize },
    Binary { left: usize, right: usize },
    Reduce { operand: usize, axes: usize, keepdims: bool, largest: bool },
    Slice { operand: usize, axis: usize, start: i64, stop: Option<i64>, step: i64 },
    Expand { operand: usize, axis: usize },
    Transpose { operand: usize },
    BroadcastTo { operand: usize, front: usize },
    Expect { operand: usize, axis: usize, size: usize },
    Join { kind: usize, left: usize, right: usize, axis: usize, shift: i64 },
}

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let at = || 0usize..64;
    let step = prop_oneof![
        3 => prop::collection::vec(at(), 0..=3).prop_map(|axes| Step::Input { axes }),
        1 => at().prop_map(|size| Step::Range { size }),
        1 => at().prop_map(|size| Step::Size { size }),
        1 => at().prop_map(|operand| Step::Unary { operand }),
        5 => (at(), at()).prop_map(|(left, right)| Step::Binary { left, right }),
        2 => (at(), at(), any::<bool>(), any::<bool>()).prop_map(
            |(operand, axes, keepdims, largest)| Step::Reduce { operand, axes, keepdims, largest }
        ),
        2 => (at(), at(), -4i64..5, prop::option::of(-4i64..6), prop::sample::select(vec![1i64, 1, 2, 3, -1, -2]))
            .prop_map(|(operand, axis, start, stop, step)| Step::Slice { operand, axis, start, stop, step }),
        1 => (at(), at()).prop_map(|(operand, axis)| Step::Expand { operand, axis }),
        1 => at().prop_map(|operand| Step::Transpose { operand }),
        1 => (at(), at()).prop_map(|(operand, front)| Step::BroadcastTo { operand, front }),
        3 => (0usize..5, at(), at(), at(), -30i64..30)
            .prop_map(|(kind, left, right, axis, shift)| Step::Join { kind, left, right, axis, shift }),
        1 => (at(), at(), at()).prop_map(|(operand, axis, size)| Step::Expect { operand, axis, size }),
    ];
    prop::collection::vec(step, 1..14)
}

/// Sizes over the dims of a graph; the same list whether they are known or not.
pub fn sizes(dims: &[Dim; DIMS]) -> Vec<Dim> {
    let [n, m, k] = dims;
    vec![
        n.clone(),
        m.clone(),
        k.clone(),
        1u64.into(),
        3u64.into(),
        n + m,
        2 * n,
        n * m,
        n + 1,
        (n + k).ceil_div(2),
        m.min(k),
        n.max(4),
        (k - 2).max(0),
        4u64.into(),
    ]
}

pub fn shape(expr: Expr<'_>) -> Option<fusewire::Shape> {
    expr.shape()
}

/// One call on what has been made so far; `None` where there is nothing to call it on.
pub fn call<'g>(
    g: &'g Graph,
    step: &Step,
    pool: &[Expr<'g>],
    sizes: &[Dim],
    inputs: usize,
) -> Option<Expr<'g>> {
    let pick = |at: usize| (!pool.is_empty()).then(|| pool[at % pool.len()]);
    let size = |at: usize| sizes[at % sizes.len()].clone();
    let rank = |expr: Expr<'_>| shape(expr).map_or(0, |shape| shape.len());
    Some(match step {
        Step::Input { axes } => {
            let shape: Vec<Dim> = axes.iter().map(|at| size(*at)).collect();
            g.input(&format!("x{inputs}"), F64, shape)
        }
        Step::Range { size: at } => g.arange_to(1, size(*at), 1).astype(F64),
        Step::Size { size: at } => g.size(size(*at)).astype(F64),
        Step::Unary { operand } => pick(*operand)?.absolute().sqrt(),
        Step::Binary { left, right } => pick(*left)? - pick(*right)?,
        Step::Reduce { operand, axes, keepdims, largest } => {
            let operand = pick(*operand)?;
            let chosen: Vec<isize> =
                (0..rank(operand) as isize).filter(|axis| axes >> axis & 1 == 1).collect();
            let axes = if *keepdims { Axes::from(chosen).keepdims() } else { Axes::from(chosen) };
            if *largest { operand.max(axes) } else { operand.sum(axes) }
        }
        Step::Slice { operand, axis, start, stop, step } => {
            let operand = pick(*operand)?;
            let axis = Axis((axis % rank(operand).max(1)) as isize);
            operand.slice_axis(axis, Slice { start: Some(*start), stop: *stop, step: *step })
        }
        Step::Expand { operand, axis } => {
            let operand = pick(*operand)?;
            operand.expand_dims((axis % (rank(operand) + 1)) as isize)
        }
        Step::Transpose { operand } => pick(*operand)?.transpose(),
        Step::BroadcastTo { operand, front } => {
            let operand = pick(*operand)?;
            let own = shape(operand)?;
            let dims: Vec<Dim> = std::iter::once(size(*front)).chain(own.iter().cloned()).collect();
            operand.broadcast_to(dims)
        }
        Step::Join { kind, left, right, axis, shift } => {
            let (left, right) = (pick(*left)?, pick(*right)?);
            let along = Axis((axis % rank(left).max(1)) as isize);
            match kind {
                0 => g.concat(along, [left, right, left]),
                1 => g.concat(along, [left.slice_axis(along, shift / 4..), left]),
                2 => left.roll(*shift, along),
                // The square of a difference is not seen to be no less than 0.
                3 => left.repeat(1 + axis / 4 % 3, along),
                _ => left.pad((shift.unsigned_abs() % 4, 1), 0.5),
            }
        }
        Step::Expect { operand, axis, size: at } => {
            let operand = pick(*operand)?;
            let mut dims: Vec<Dim> = shape(operand)?.to_vec();
            let at_axis = axis % dims.len().max(1);
            *dims.get_mut(at_axis)? = size(*at);
            operand.expect_shape(dims)
        }
    })
}
