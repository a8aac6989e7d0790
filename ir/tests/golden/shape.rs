//! Broadcasting and views: shapes, and where every element comes from.

use crate::tokens::{constant, list, references, show_array, value, written_shape};
use crate::{Golden, hold, same};
use fusewire_ir::{ElementOp, Graph, NewAxis, Operand, Shape, Site, SiteId, Slice};

const BROADCAST: Golden =
    Golden { name: "broadcast.txt", text: include_str!("../../../tests/golden/broadcast.txt"), least: 750 };
const VIEW: Golden =
    Golden { name: "view.txt", text: include_str!("../../../tests/golden/view.txt"), least: 1500 };

/// The numbers from 0 on, `step` apart, in C order.
fn counted(graph: &mut Graph, shape: &[u64], step: u64) -> SiteId {
    let texts: Vec<String> = (0..shape.iter().product()).map(|at| (at * step).to_string()).collect();
    constant(graph, &format!("i64:{}", texts.join(",")), shape)
}

fn broadcast(call: &str) -> String {
    let mut graph = Graph::new();
    let (name, shapes) = call.split_once(' ').expect("an operation and shapes");
    let shapes: Vec<Vec<u64>> = shapes.split(' ').map(|shape| list(shape).expect("a shape")).collect();
    let sites: Vec<SiteId> = shapes
        .iter()
        .enumerate()
        .map(|(at, shape)| counted(&mut graph, shape, if at + 1 == shapes.len() { 100 } else { 1 }))
        .collect();
    let mut operands: Vec<Operand> = sites.into_iter().map(Operand::Expr).collect();
    let op = match name {
        "add" => ElementOp::Add,
        _ => {
            let bits = [operands[0], Operand::Weak(1.into())];
            operands[0] = graph.element(ElementOp::BitwiseAnd, &bits, Site::caller()).into();
            ElementOp::Select
        }
    };
    let site = graph.element(op, &operands, Site::caller());
    match value(&graph, site) {
        // Longer results are in the file by their shape alone.
        Some(value) if value.elements.len() > 24 => written_shape(&value.array.shape),
        _ => show_array(&graph, site),
    }
}

fn slice(text: &str) -> Slice {
    let ends: Vec<Option<i64>> = text.split(':').map(|end| end.parse().ok()).collect();
    Slice { start: ends[0], stop: ends[1], step: ends[2].unwrap_or(1) }
}

fn add_view(graph: &mut Graph, operand: SiteId, name: &str, argument: &str) -> SiteId {
    let place = Site::caller();
    let axes = list::<isize>(argument);
    match name {
        "slice" => {
            let parts = list::<String>(argument).expect("slices");
            let slices: Vec<Slice> = parts.iter().map(|part| slice(part)).collect();
            graph.slice(operand, &slices, place)
        }
        "flip" => {
            let rank = graph.site_array(operand).map_or(0, |array| array.shape.len());
            let flipped = |axis: usize| {
                let from_end = axis as isize - rank as isize;
                axes.as_ref().is_none_or(|axes| axes.contains(&(axis as isize)) || axes.contains(&from_end))
            };
            let backward = |axis| if flipped(axis) { Slice::ALL.step_by(-1) } else { Slice::ALL };
            graph.slice(operand, &(0..rank).map(backward).collect::<Vec<_>>(), place)
        }
        "squeeze" => graph.squeeze(operand, axes.map(references).as_deref(), place),
        "permute_dims" => graph.permute_dims(operand, &references(axes.expect("axes")), place),
        "expand_dims" => {
            let new: Vec<NewAxis> = axes.expect("axes").into_iter().map(NewAxis::from).collect();
            graph.expand_dims(operand, &new, place)
        }
        "broadcast_to" => {
            let sizes = list::<u64>(argument).expect("a shape");
            graph.broadcast_to(operand, Shape::from(sizes), place)
        }
        _ => panic!("no view: {name}"),
    }
}

fn view(call: &str) -> String {
    let mut graph = Graph::new();
    let (shape, views) = call.split_once(' ').expect("a shape and views");
    let mut site = counted(&mut graph, &list::<u64>(shape).expect("a shape"), 1);
    for view in views.split(" | ") {
        let (name, argument) = view.split_once(' ').expect("a view with its argument");
        site = add_view(&mut graph, site, name, argument);
    }
    show_array(&graph, site)
}

#[test]
fn broadcasting_is_numpys() {
    hold(&BROADCAST, &[], broadcast, same);
}

#[test]
fn views_are_numpys() {
    hold(&VIEW, &[], view, same);
}

#[test]
fn a_mismatch_among_three_operands_names_the_sizes_that_disagree() {
    let mut graph = Graph::new();
    let operands = [&[2, 2, 4][..], &[3], &[5]].map(|shape| Operand::Expr(counted(&mut graph, shape, 1)));
    graph.element(ElementOp::Select, &operands, Site::caller());
    let (_, diagnostic) = &graph.diagnostics()[0];
    assert!(diagnostic.message.contains("axis 2 is 4 in one and 3 in the other"), "{}", diagnostic.message);

    let operands = [&[2, 2, 1][..], &[4], &[5]].map(|shape| Operand::Expr(counted(&mut graph, shape, 1)));
    graph.element(ElementOp::Select, &operands, Site::caller());
    let (_, diagnostic) = &graph.diagnostics()[1];
    assert!(diagnostic.message.contains("axis 0 is 4 in one and 5 in the other"), "{}", diagnostic.message);
}
