//! From names to memory: what a caller passes, checked against what the plan asks for.

use crate::record::field_layout;
use crate::view::Layout;
use fusewire_ir::diagnostic::human_bytes;
use fusewire_ir::plan::{Plan, Port};
use fusewire_ir::{
    Diagnostic, DiagnosticKind, Dim, Error, Misfit, RecordType, Site, SizeExpr, Sizes, Symbol, resolve,
};
use smallvec::SmallVec;
use std::collections::HashSet;

/// Every buffer of a plan with the memory it has in one binding.
#[derive(Debug)]
pub(crate) struct Binding {
    pub inputs: Vec<Layout>,
    pub outputs: Vec<Layout>,
    pub sizes: Sizes,
}

/// The size of a dim in a binding that has been checked.
pub(crate) fn size(dim: &Dim, sizes: &Sizes) -> u64 {
    dim.value(&|symbol: &Symbol| sizes.get(&symbol.name).copied()).unwrap_or(0)
}

/// An index in a binding that has been checked. One that does not fit is never used: the array has no
/// elements there.
pub(crate) fn index(at: &SizeExpr, sizes: &Sizes) -> i64 {
    at.value(&|symbol: &Symbol| sizes.get(&symbol.name).copied()).map_or(0, |value| value as i64)
}

/// The memory for every port that a caller passes.
pub(crate) type Layouts = SmallVec<[Option<Layout>; 4]>;

/// What a caller passes by name.
#[derive(Clone)]
pub(crate) struct Given {
    pub layouts: Layouts,
    /// Names that no port has, or that came before, in the order of the call.
    pub rest: Vec<String>,
    /// Names of records whose rows cannot be taken, with the reason.
    pub refused: Vec<(String, String)>,
    taken: usize,
}

impl Given {
    pub fn for_ports(ports: &[Port]) -> Self {
        let layouts = std::iter::repeat_n(None, ports.len()).collect();
        Self { layouts, rest: Vec::new(), refused: Vec::new(), taken: 0 }
    }

    /// Takes what the name stands for. Most calls have the order of the ports.
    pub fn take(&mut self, ports: &[Port], name: &str, layout: Layout) {
        let has_name = |port: &Port| *port.name == *name;
        let next = ports.get(self.taken).filter(|port| has_name(port)).map(|_| self.taken);
        self.taken += 1;
        match next.or_else(|| ports.iter().position(has_name)) {
            Some(at) if self.layouts[at].is_none() => self.layouts[at] = Some(layout),
            None if ports.iter().any(|port| port.bound_name() == name) => {
                let what = "it has rows of a record, but a plain array is bound to it";
                self.refused.push((name.into(), what.into()));
            }
            _ => self.rest.push(name.into()),
        }
    }

    /// Takes rows that the name stands for: every field that a port is, wherever it lies in these rows.
    pub fn take_records(&mut self, ports: &[Port], name: &str, rows: &Layout, ty: &RecordType) {
        self.taken += 1;
        if let Some(problem) = &rows.problem {
            return self.refused.push((name.into(), problem.clone()));
        }
        let mut found = false;
        for (port, layout) in ports.iter().zip(&mut self.layouts) {
            let Some(of) = port.field.as_ref().filter(|of| *of.record == *name) else { continue };
            found = true;
            if layout.is_some() {
                return self.rest.push(name.into());
            }
            self.taken += 1;
            let planned = of.ty.field(&of.field);
            let mut bound = rows.clone();
            match (planned, ty.field(&of.field)) {
                (Some(planned), Some(field)) if planned.ty == field.ty => {
                    bound = field_layout(rows, field, field.ty.dtype().map(|_| port.array.dtype));
                }
                (Some(planned), Some(field)) => {
                    bound.problem = Some(format!("the rows have {} there, not {}", field.ty, planned.ty));
                }
                _ => bound.problem = Some(format!("the rows have no such field: they are a {ty}")),
            }
            *layout = Some(bound);
        }
        if !found && ports.iter().any(|port| *port.name == *name) {
            self.refused
                .push((name.into(), "it is a plain array, but rows of a record are bound to it".into()));
        } else if !found {
            self.rest.push(name.into());
        }
    }
}

/// Finds the memory of every port and checks it all for the call at `site`; nothing is touched.
pub(crate) fn bind(
    plan: &Plan,
    inputs: &Given,
    outputs: &Given,
    given: &Sizes,
    site: Site,
) -> Result<Binding, Error> {
    let mut diagnostics = Vec::new();
    let mut axes: Vec<BoundAxis<'_>> = Vec::new();
    let taken_over: Vec<usize> = (0..plan.outputs().len()).filter_map(|at| plan.in_place_input(at)).collect();
    check_names("input", plan.inputs(), &taken_over, inputs, &mut diagnostics);
    check_names("output", plan.outputs(), &[], outputs, &mut diagnostics);
    let (bound_inputs, bound_outputs) = (&inputs.layouts, &outputs.layouts);
    for (port, layout) in plan.inputs().iter().zip(bound_inputs) {
        if let Some(layout) = layout {
            check_port("input", port, layout, &mut axes, &mut diagnostics);
        }
    }
    one_of_each_record(plan.inputs(), &mut diagnostics);
    for (port, layout) in plan.outputs().iter().zip(bound_outputs) {
        let Some(layout) = layout else { continue };
        check_port("output", port, layout, &mut axes, &mut diagnostics);
        if layout.problem.is_none() && !layout.sizes.contains(&0) && layout.array().may_overlap_itself() {
            let message = format!("output `{}` meets itself: two of its elements share memory", port.name);
            diagnostics.push(Diagnostic::new(DiagnosticKind::Overlap, message).operand(port.note(0)));
        }
    }
    one_of_each_record(plan.outputs(), &mut diagnostics);
    check_overlaps(plan, bound_inputs, bound_outputs, &mut diagnostics);
    let is_whole = diagnostics.is_empty();
    let sizes = bind_dims(plan, given, &axes, is_whole, &mut diagnostics);
    // What a requirement says of the line that asks for it belongs below the call.
    Error::check(diagnostics.into_iter().map(|diagnostic| diagnostic.found_at(site)).collect())?;
    let outputs: Vec<Layout> = bound_outputs.iter().flatten().cloned().collect();
    let inputs = bound_inputs
        .iter()
        .enumerate()
        .filter_map(|(at, layout)| {
            layout.clone().or_else(|| {
                let output = (0..outputs.len()).find(|output| plan.in_place_input(*output) == Some(at))?;
                Some(outputs[output].clone())
            })
        })
        .collect();
    Ok(Binding { inputs, outputs, sizes })
}

/// Reports names that are missing, unknown or bound twice.
fn check_names(
    sort: &str,
    ports: &[Port],
    taken_over: &[usize],
    given: &Given,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let name_error = |message: String| Diagnostic::new(DiagnosticKind::Name, message);
    for name in &given.rest {
        let is_known = |port: &Port| *port.name == **name || port.bound_name() == *name;
        diagnostics.push(if ports.iter().any(is_known) {
            name_error(format!("{sort} `{name}` is bound twice"))
        } else {
            let mut names: Vec<String> =
                ports.iter().map(|port| format!("`{}`", port.bound_name())).collect();
            names.dedup();
            let names = if names.is_empty() { "none".to_string() } else { names.join(", ") };
            name_error(format!("the program has no {sort} `{name}`"))
                .help(format!("its {sort}s are: {names}"))
        });
    }
    for (name, problem) in &given.refused {
        let wrong = Diagnostic::new(DiagnosticKind::Binding, format!("{sort} `{name}`: {problem}"));
        let port = ports.iter().find(|port| *port.name == **name || port.bound_name() == *name);
        diagnostics.push(match port {
            Some(port) => wrong.operand(port.note(0)),
            None => wrong,
        });
    }
    // Records are bound whole, and so they are missed.
    let is_given = |port: &Port| {
        let has_part = |(other, layout): (&Port, &Option<Layout>)| {
            layout.is_some() && other.bound_name() == port.bound_name()
        };
        port.field.is_some() && ports.iter().zip(&given.layouts).any(has_part)
    };
    let mut missed: HashSet<&str> = given.refused.iter().map(|(name, _)| name.as_str()).collect();
    for (at, (port, layout)) in ports.iter().zip(&given.layouts).enumerate() {
        let name = if is_given(port) { &*port.name } else { port.bound_name() };
        if layout.is_none() && !taken_over.contains(&at) && !missed.insert(name) {
            continue;
        }
        match (layout, taken_over.contains(&at)) {
            (Some(_), true) => diagnostics.push(name_error(format!(
                "{sort} `{name}` lives in the memory of an output: bind only the output"
            ))),
            (None, false) => {
                let message = format!("{sort} `{name}` is not bound");
                diagnostics.push(name_error(message).operand(port.note(0)));
            }
            _ => {}
        }
    }
}

/// All fields of rows that are too many or too few say the same: one is enough.
fn one_of_each_record(ports: &[Port], diagnostics: &mut Vec<Diagnostic>) {
    let mut seen = HashSet::new();
    diagnostics.retain(|wrong| {
        let name = wrong.operands.first().map_or("", |note| &*note.name);
        let of = ports.iter().find(|port| *port.name == *name).and_then(|port| port.field.as_ref());
        wrong.axis.is_none() || of.is_none_or(|of| seen.insert(of.record.clone()))
    });
}

/// An axis of an array that is bound, with the dim that the plan has for it.
struct BoundAxis<'p> {
    sort: &'static str,
    port: &'p Port,
    axis: usize,
    dim: &'p Dim,
    size: u64,
}

impl BoundAxis<'_> {
    fn text(&self) -> String {
        format!("axis {} of {} `{}`", self.axis, self.sort, self.port.name)
    }
}

/// The sizes that arrays, and the caller where they do not, give to the dims of the plan.
fn bind_dims(
    plan: &Plan,
    given: &Sizes,
    axes: &[BoundAxis<'_>],
    is_whole: bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> Sizes {
    if plan.dims().is_empty() && given.is_empty() {
        return Sizes::new();
    }
    let before = diagnostics.len();
    let known = |name: &str| plan.dims().iter().any(|dim| *dim.name == *name);
    diagnostics.extend(given.keys().filter(|name| !known(name)).map(|name| plan.unknown_dim(name)));
    let mut sizes = given.clone();
    let pairs: Vec<(&Dim, u64)> = axes.iter().map(|axis| (axis.dim, axis.size)).collect();
    for (at, misfit) in resolve(&pairs, &mut sizes) {
        let axis = &axes[at];
        let mut operands = vec![axis.port.note(0)];
        let (kind, message) = match misfit {
            Misfit::TwoSizes { symbol, known, from } => {
                let by = match from {
                    Some(other) => {
                        if axes[other].port != axis.port {
                            operands.insert(0, axes[other].port.note(1));
                        }
                        axes[other].text()
                    }
                    None => "`.with_size`".into(),
                };
                let message = format!(
                    "dim `{symbol}` has two sizes: {known} by {by}, {} by {}",
                    axis.size,
                    axis.text()
                );
                (DiagnosticKind::Dim, message)
            }
            Misfit::NoSolution { symbol } => {
                let message = format!(
                    "{} is {}, but no size of `{symbol}` makes `{}` that",
                    axis.text(),
                    axis.size,
                    axis.dim.size()
                );
                (DiagnosticKind::Dim, message)
            }
            Misfit::Differs { expected } => {
                let expected = expected.map_or("no size".into(), |expected| expected.to_string());
                let mut values = Vec::new();
                axis.dim.size().symbols(&mut |symbol| {
                    let value = sizes.get(&symbol.name).map(|size| format!("{} = {size}", symbol.name));
                    values.extend(value.filter(|value| !values.contains(value)));
                });
                let message = format!(
                    "{} is {}, but `{}` is {expected} where {}",
                    axis.text(),
                    axis.size,
                    axis.dim.size(),
                    values.join(", ")
                );
                (DiagnosticKind::Dim, message)
            }
            other => (DiagnosticKind::Dim, format!("{} is {}: {other:?}", axis.text(), axis.size)),
        };
        let mut diagnostic = Diagnostic::new(kind, message).axis(axis.axis);
        diagnostic.operands = operands;
        diagnostics.push(diagnostic);
    }
    // Sizes of arrays that are missing are not missing sizes.
    if is_whole && diagnostics.len() == before {
        diagnostics.extend(plan.broken_by(&sizes));
    }
    sizes
}

fn check_port<'p>(
    sort: &'static str,
    port: &'p Port,
    layout: &Layout,
    axes: &mut Vec<BoundAxis<'p>>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if let Some(problem) = layout.problem(sort, &port.name) {
        diagnostics.push(problem.operand(port.note(0)));
        return;
    }
    let given = format!("{}{:?}", layout.dtype, layout.sizes);
    let wrong = |message: String| Diagnostic::new(DiagnosticKind::Binding, message).operand(port.note(0));
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
        match dim {
            Dim::Known { size, .. } if size != actual => {
                let message = format!(
                    "{sort} `{}` is {}, but the array bound to it is {given}: axis {axis} is {actual}, not {size}",
                    port.name, port.array
                );
                diagnostics.push(wrong(message).axis(axis));
                return;
            }
            Dim::Known { .. } => {}
            Dim::Symbolic { .. } => axes.push(BoundAxis { sort, port, axis, dim, size: *actual }),
        }
    }
}

/// Refuses memory that is written while it is read or written under another name.
pub(crate) fn check_overlaps(
    plan: &Plan,
    inputs: &[Option<Layout>],
    outputs: &[Option<Layout>],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let others = outputs.len() + inputs.len();
    if outputs.len().saturating_mul(others) > FEW_PAIRS {
        for (output, other) in pairs_in_reach(inputs, outputs) {
            check_overlap(plan, inputs, outputs, output, other, diagnostics);
        }
        return;
    }
    for output in 0..outputs.len() {
        for other in output + 1..others {
            check_overlap(plan, inputs, outputs, output, other, diagnostics);
        }
    }
}

/// So many pairs are compared one by one, which takes no memory.
const FEW_PAIRS: usize = 256;

/// Each output with every array whose addresses lie between its own, in order: outputs come before inputs, and no pair twice.
fn pairs_in_reach(inputs: &[Option<Layout>], outputs: &[Option<Layout>]) -> Vec<(usize, usize)> {
    let arrays = outputs.iter().chain(inputs).enumerate();
    let mut reaches: Vec<(usize, usize, usize)> = arrays
        .filter_map(|(at, layout)| {
            let (low, high) = layout.as_ref().filter(|layout| layout.problem.is_none())?.array().extent()?;
            Some((low, high, at))
        })
        .collect();
    reaches.sort_unstable();
    let is_output = |at: usize| at < outputs.len();
    // Those that begin before the array at hand, and may reach into it: where they end.
    let mut written: Vec<(usize, usize)> = Vec::new();
    let mut read: Vec<(usize, usize)> = Vec::new();
    let mut pairs = Vec::new();
    for (low, high, at) in reaches {
        written.retain(|(end, _)| *end > low);
        pairs.extend(written.iter().map(|(_, other)| (at.min(*other), at.max(*other))));
        if is_output(at) {
            read.retain(|(end, _)| *end > low);
            pairs.extend(read.iter().map(|(_, other)| (at, *other)));
            written.push((high, at));
        } else {
            read.push((high, at));
        }
    }
    pairs.sort_unstable();
    pairs
}

/// Refuses an output that shares memory with another array: an output behind it, or an input, counted behind all outputs.
fn check_overlap(
    plan: &Plan,
    inputs: &[Option<Layout>],
    outputs: &[Option<Layout>],
    at: usize,
    other: usize,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let (sort, layout, port) = match other.checked_sub(outputs.len()) {
        None => ("output", &outputs[other], &plan.outputs()[other]),
        Some(input) => ("input", &inputs[input], &plan.inputs()[input]),
    };
    let (Some(output), Some(layout)) = (&outputs[at], layout) else { return };
    let Some(bytes) = shared_bytes(output, layout) else { return };
    let name = &plan.outputs()[at].name;
    let message = format!(
        "output `{name}` shares memory with {sort} `{}`: their ranges have {} in common",
        port.name,
        human_bytes(bytes)
    );
    let mut diagnostic = Diagnostic::new(DiagnosticKind::Overlap, message)
        .operand(plan.outputs()[at].note(0))
        .operand(port.note(1));
    if sort == "input" {
        diagnostic = diagnostic.help(format!(
            "to update it where it stands, plan for it: `plan.in_place(\"{name}\", \"{}\")`",
            port.name
        ));
    }
    diagnostics.push(diagnostic);
}

/// How many bytes the address ranges of two arrays share, or `None` where no element of one can
/// touch an element of the other.
fn shared_bytes(a: &Layout, b: &Layout) -> Option<u64> {
    if a.problem.is_some() || b.problem.is_some() {
        return None;
    }
    a.array().shared_bytes(&b.array())
}
