use super::*;
use crate::{AxisRef, DType, ElementOp, Operand, ReduceOp, Site};

fn op(g: &mut Graph, op: ElementOp, operands: &[SiteId]) -> SiteId {
    let operands: Vec<Operand> = operands.iter().map(|operand| Operand::Expr(*operand)).collect();
    g.element(op, &operands, Site::caller())
}

/// Exponentials over their sum.
fn softmax(g: &mut Graph, x: SiteId, axis: i64) -> SiteId {
    let axes = [AxisRef::Position(axis as isize)];
    let most = g.reduce(ReduceOp::Max, x, Some(&axes), true, Site::caller());
    let apart = op(g, ElementOp::Subtract, &[x, most]);
    let exp = op(g, ElementOp::Exp, &[apart]);
    let sum = g.reduce(ReduceOp::Sum, exp, Some(&axes), true, Site::caller());
    op(g, ElementOp::Divide, &[exp, sum])
}

/// The small softmax is stored, for a broadcast would compute it again. That saves memory: both of its totals are read once, and those
/// of the other one take their place.
#[test]
fn a_plan_is_made_where_the_limit_is_what_it_needs() {
    let mut g = Graph::new();
    let x = g.input("x", DType::F64, (&[8u64, 8][..]).into(), Site::caller());
    let w = g.input("w", DType::F64, (&[8u64][..]).into(), Site::caller());
    let weights = softmax(&mut g, w, 0);
    let scaled = op(&mut g, ElementOp::Multiply, &[x, weights]);
    let outputs = [softmax(&mut g, scaled, 1)];
    let needed = g.plan(&outputs, &Limits::default()).unwrap().workspace_bytes();
    assert_eq!(needed, 192);
    let plan = g.plan(&outputs, &Limits::default().with_bytes(needed));
    assert_eq!(plan.map(|plan| plan.workspace_bytes()).map_err(|error| error.to_string()), Ok(needed));
    // What a refusal asks for is enough.
    for bytes in (0..needed).step_by(32) {
        let error = g.plan(&outputs, &Limits::default().with_bytes(bytes)).unwrap_err().to_string();
        let asked = error.split_once("with_bytes(").and_then(|(_, rest)| rest.split_once(')'));
        let asked: u64 = asked.unwrap().0.replace('_', "").parse().unwrap();
        assert!(g.plan(&outputs, &Limits::default().with_bytes(asked)).is_ok(), "{error}");
    }
}
