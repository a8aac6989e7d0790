//! From names to memory: what a caller passes, checked against what the plan asks for.

use crate::view::Layout;
use fusewire_ir::diagnostic::human_bytes;
use fusewire_ir::plan::{Plan, Port};
use fusewire_ir::{Diagnostic, DiagnosticKind, Dim, Error, OperandNote, Site};
use std::collections::HashMap;

/// The sizes that symbols have in one binding.
pub(crate) type Sizes = HashMap<String, u64>;

/// Every buffer of a plan with the memory it has in one binding.
#[derive(Debug)]
pub(crate) struct Binding {
    pub inputs: Vec<Layout>,
    pub outputs: Vec<Layout>,
    pub sizes: Sizes,
}

/// The size of a dim in a binding.
pub(crate) fn size(dim: &Dim, sizes: &Sizes) -> u64 {
    match dim {
        Dim::Known { size, .. } => *size,
        // Every symbol of a plan comes from an input that has been bound.
        Dim::Symbolic { symbol, .. } => sizes.get(&*symbol.name).copied().unwrap_or(0),
    }
}

/// Finds the memory of every port and checks it all for the call at `site`; nothing is touched.
pub(crate) fn bind(
    plan: &Plan,
    inputs: Vec<(&str, Layout)>,
    outputs: Vec<(&str, Layout)>,
    site: Site,
) -> Result<Binding, Error> {
    let mut diagnostics = Vec::new();
    let mut sizes = Sizes::new();
    let taken_over: Vec<usize> = (0..plan.outputs().len()).filter_map(|at| plan.in_place_input(at)).collect();
    let bound_inputs = find("input", plan.inputs(), &taken_over, inputs, &mut diagnostics);
    let bound_outputs = find("output", plan.outputs(), &[], outputs, &mut diagnostics);
    for (port, layout) in plan.inputs().iter().zip(&bound_inputs) {
        if let Some(layout) = layout {
            check_port("input", port, layout, &mut sizes, &mut diagnostics);
        }
    }
    for (port, layout) in plan.outputs().iter().zip(&bound_outputs) {
        let Some(layout) = layout else { continue };
        check_port("output", port, layout, &mut sizes, &mut diagnostics);
        if layout.problem.is_none() && !layout.sizes.contains(&0) && layout.may_overlap_itself() {
            let message = format!("output `{}` meets itself: two of its elements share memory", port.name);
            diagnostics.push(Diagnostic::new(DiagnosticKind::Overlap, message).operand(declared(port, 0)));
        }
    }
    check_overlaps(plan, &bound_inputs, &bound_outputs, &mut diagnostics);
    for diagnostic in &mut diagnostics {
        diagnostic.site = Some(site);
    }
    Error::check(diagnostics)?;
    let outputs: Vec<Layout> = bound_outputs.into_iter().flatten().collect();
    let inputs = bound_inputs
        .into_iter()
        .enumerate()
        .filter_map(|(at, layout)| {
            layout.or_else(|| {
                let output = (0..outputs.len()).find(|output| plan.in_place_input(*output) == Some(at))?;
                Some(outputs[output].clone())
            })
        })
        .collect();
    Ok(Binding { inputs, outputs, sizes })
}

/// The memory for each port by name; reports names that are missing, unknown or bound twice.
fn find(
    sort: &str,
    ports: &[Port],
    taken_over: &[usize],
    given: Vec<(&str, Layout)>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Option<Layout>> {
    let mut found: Vec<Option<Layout>> = vec![None; ports.len()];
    let name_error = |message: String| Diagnostic::new(DiagnosticKind::Name, message);
    for (name, layout) in given {
        match ports.iter().position(|port| *port.name == *name) {
            None => {
                let names: Vec<String> = ports.iter().map(|port| format!("`{}`", port.name)).collect();
                let names = if names.is_empty() { "none".to_string() } else { names.join(", ") };
                diagnostics.push(
                    name_error(format!("the program has no {sort} `{name}`"))
                        .help(format!("its {sort}s are: {names}")),
                );
            }
            Some(at) if taken_over.contains(&at) => diagnostics.push(name_error(format!(
                "{sort} `{name}` lives in the memory of an output: bind only the output"
            ))),
            Some(at) if found[at].is_some() => {
                diagnostics.push(name_error(format!("{sort} `{name}` is bound twice")));
            }
            Some(at) => found[at] = Some(layout),
        }
    }
    for (at, port) in ports.iter().enumerate() {
        if found[at].is_none() && !taken_over.contains(&at) {
            let message = format!("{sort} `{}` is not bound", port.name);
            diagnostics.push(name_error(message).operand(declared(port, 0)));
        }
    }
    found
}

/// The port and where the user made it.
fn declared(port: &Port, slot: usize) -> OperandNote {
    OperandNote {
        text: format!("`{}` {}", port.name, port.array),
        slot,
        name: port.name.to_string(),
        array: Some(port.array.clone()),
        site: Some(port.site),
    }
}

fn check_port(
    sort: &str,
    port: &Port,
    layout: &Layout,
    sizes: &mut Sizes,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if let Some(problem) = layout.problem(sort, &port.name) {
        diagnostics.push(problem.operand(declared(port, 0)));
        return;
    }
    let given = format!("{}{:?}", layout.dtype, layout.sizes);
    let wrong =
        |message: String| Diagnostic::new(DiagnosticKind::Binding, message).operand(declared(port, 0));
    if layout.dtype != port.array.dtype {
        let message =
            format!("{sort} `{}` is {}, but the array bound to it is {given}", port.name, port.array);
        let help = format!("convert it, or declare the {sort} as {}", layout.dtype);
        diagnostics.push(wrong(message).help(help));
        return;
    }
    if layout.sizes.len() != port.array.shape.len() {
        let message =
            format!("{sort} `{}` is {}, but the array bound to it is {given}", port.name, port.array);
        diagnostics.push(wrong(message));
        return;
    }
    for (axis, (dim, actual)) in port.array.shape.iter().zip(&layout.sizes).enumerate() {
        let problem = match dim {
            Dim::Known { size, .. } => {
                (size != actual).then(|| format!("axis {axis} is {actual}, not {size}"))
            }
            Dim::Symbolic { symbol, .. } => match sizes.get(&*symbol.name) {
                Some(known) if known != actual => {
                    Some(format!("axis {axis} makes `{}` {actual}, but it is {known} already", symbol.name))
                }
                Some(_) => None,
                None if *actual < symbol.lower || *actual > symbol.upper => Some(format!(
                    "axis {axis} makes `{}` {actual}, outside {}..={}",
                    symbol.name, symbol.lower, symbol.upper
                )),
                None => {
                    sizes.insert(symbol.name.to_string(), *actual);
                    None
                }
            },
        };
        if let Some(problem) = problem {
            let message = format!(
                "{sort} `{}` is {}, but the array bound to it is {given}: {problem}",
                port.name, port.array
            );
            diagnostics.push(wrong(message).axis(axis));
            return;
        }
    }
}

/// Refuses memory that is written while it is read or written under another name.
fn check_overlaps(
    plan: &Plan,
    inputs: &[Option<Layout>],
    outputs: &[Option<Layout>],
    diagnostics: &mut Vec<Diagnostic>,
) {
    for (at, output) in outputs.iter().enumerate() {
        let Some(output) = output else { continue };
        let name = &plan.outputs()[at].name;
        let others = outputs
            .iter()
            .zip(plan.outputs())
            .map(|(layout, port)| ("output", layout, port))
            .skip(at + 1)
            .chain(inputs.iter().zip(plan.inputs()).map(|(layout, port)| ("input", layout, port)));
        for (sort, layout, port) in others {
            let Some(layout) = layout else { continue };
            if let Some(bytes) = shared_bytes(output, layout) {
                let message = format!(
                    "output `{name}` shares memory with {sort} `{}`: their ranges have {} in common",
                    port.name,
                    human_bytes(bytes)
                );
                let mut diagnostic = Diagnostic::new(DiagnosticKind::Overlap, message)
                    .operand(declared(&plan.outputs()[at], 0))
                    .operand(declared(port, 1));
                if sort == "input" {
                    diagnostic = diagnostic.help(format!(
                        "to update it where it stands, plan for it: `plan.in_place(\"{name}\", \"{}\")`",
                        port.name
                    ));
                }
                diagnostics.push(diagnostic);
            }
        }
    }
}

/// How many bytes the address ranges of two arrays share, or `None` where no element of one can
/// touch an element of the other.
fn shared_bytes(a: &Layout, b: &Layout) -> Option<u64> {
    if a.problem.is_some() || b.problem.is_some() {
        return None;
    }
    let ((a_low, a_high), (b_low, b_high)) = (a.extent()?, b.extent()?);
    let (low, high) = (a_low.max(b_low), a_high.min(b_high));
    if low >= high {
        return None;
    }
    // Interleaved arrays (every other column) stay apart modulo the common divisor of all strides.
    let strides = |layout: &Layout| -> Vec<u64> {
        let steps = layout.strides.iter().zip(&layout.sizes).filter(|(_, size)| **size > 1);
        steps.map(|(stride, _)| stride.unsigned_abs()).collect()
    };
    let step = strides(a).into_iter().chain(strides(b)).fold(0, gcd);
    if step > 0 {
        let (a_bytes, b_bytes) = (a.dtype.bytes() as u64, b.dtype.bytes() as u64);
        let distance = (b.address as i128 - a.address as i128).rem_euclid(i128::from(step)) as u64;
        if distance >= a_bytes && distance + b_bytes <= step {
            return None;
        }
    }
    Some((high - low) as u64)
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
