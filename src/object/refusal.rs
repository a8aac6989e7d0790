//! What no object file can hold.

use super::interface::function_problem;
use super::memory::Memory;
use super::sizes::fits;
use super::work::Job;
use fusewire_ir::body::{Callee, Code};
use fusewire_ir::plan::Plan;
use fusewire_ir::{Diagnostic, DiagnosticKind, Dim, Error, Requirement, Site, SizeExpr, Symbol};
use std::collections::HashSet;

fn refusal(message: String) -> Diagnostic {
    Diagnostic::new(DiagnosticKind::Compile, message)
}

/// Why the plan cannot be a function of C of this name.
pub(super) fn refused(plan: &Plan, name: &str, site: Site) -> Vec<Diagnostic> {
    let mut refused = Vec::new();
    if let Some((message, help)) = function_problem(name) {
        refused.push(Diagnostic::new(DiagnosticKind::Name, message).at(site).help(help));
    }
    let mut records = HashSet::new();
    for port in plan.inputs().iter().chain(plan.outputs()) {
        let Some(of) = port.field.as_ref().filter(|of| records.insert(of.record.clone())) else { continue };
        let message =
            format!("`{}` is bound as rows of a record, which the function has no argument for", of.record);
        let wrong = refusal(message).at(port.site).operand(port.note(0));
        refused
            .push(wrong.help("declare its fields as inputs of their own: strides reach them where they lie"));
    }
    for call in plan.tasks().filter_map(|task| match task {
        fusewire_ir::plan::Task::Routine(call) => Some(call),
        fusewire_ir::plan::Task::Kernel(_) => None,
    }) {
        let message = format!(
            "`{}` is no loop over elements: it is a routine of the library in Rust, which an object file cannot call",
            call.called
        );
        let help =
            "plan what comes before it and what comes after it on their own, and compute it between them";
        refused.push(refusal(message).at(call.site).help(help));
    }
    if plan.kernels().iter().any(|kernel| kernel.carried.is_some()) {
        let message =
            "totals that are carried from piece to piece have no place in a function of C".to_string();
        let help =
            "cut the plan along an axis that it does not reduce, or make the function of the whole plan";
        refused.push(refusal(message).at(site).help(help));
    }
    let mut customs = HashSet::new();
    for kernel in plan.kernels() {
        let instructions = kernel.body.instructions.iter().chain(&kernel.epilogue.instructions);
        for instruction in instructions {
            let Code::Call(Callee::Custom(custom), _) = &instruction.code else { continue };
            if !customs.insert(custom.name().to_string()) {
                continue;
            }
            let message = format!(
                "`{}` is a function of this process, which an object file cannot call",
                custom.name()
            );
            let mut wrong = refusal(message);
            let made = plan.nodes().iter().find(|node| node.operation == custom.name());
            wrong.site = made.map(|node| node.site);
            refused.push(
                wrong.help("write it in terms of operations, or apply it in C before or after the call"),
            );
        }
    }
    for required in plan.requirements() {
        use Requirement::{AtLeast, Equal, NotEmpty};
        if !matches!(required.requirement, Equal(..) | NotEmpty(_) | AtLeast(..)) {
            let message = format!("`{}` needs {}, which no code checks", required.by, required.requirement);
            refused.push(refusal(message).at(required.site));
        }
    }
    refused
}

/// What keeps a plan from going over all rows one kernel after another.
pub(super) fn unblocked(error: &Error, site: Site) -> Error {
    let explained = |wrong: &Diagnostic| {
        let help = "in an object file kernels take no turns on blocks of rows: cut the rows, and call it for each part";
        wrong.clone().at(wrong.site.unwrap_or(site)).help(help)
    };
    match Error::check(error.diagnostics().iter().map(explained).collect()) {
        Ok(()) => error.clone(),
        Err(explained) => explained,
    }
}

/// Sizes that code cannot compute in words of 64 bits.
pub(super) fn too_large(plan: &Plan, jobs: &[Job], memory: &Memory, site: Site) -> Vec<Diagnostic> {
    let ports = plan.inputs().iter().chain(plan.outputs()).flat_map(|port| port.array.shape.iter());
    let dims = ports.map(Dim::size);
    let required = plan.requirements().iter().flat_map(|required| match &required.requirement {
        Requirement::Equal(left, right) => vec![left.size(), right.size()],
        Requirement::NotEmpty(dim) | Requirement::AtLeast(dim, _) => vec![dim.size()],
        _ => Vec::new(),
    });
    let mut seen: HashSet<SizeExpr> = HashSet::new();
    let sizes = dims.chain(required).chain(jobs.iter().flat_map(Job::sizes).cloned());
    let mut refused = Vec::new();
    for size in sizes.chain(memory.slots.iter().cloned()).chain([memory.bytes()]) {
        if fits(&size) || !seen.insert(size.clone()) {
            continue;
        }
        let mut wrong = refusal(format!("`{size}` may be more than code computes in 64 bits")).at(site);
        let mut names = HashSet::new();
        size.symbols(&mut |symbol: &Symbol| {
            let dim = plan.dims().iter().find(|dim| dim.name == symbol.name);
            if let Some(dim) = dim.filter(|dim| names.insert(dim.name.clone())) {
                wrong.operands.push(dim.note());
            }
        });
        refused.push(wrong.help("smaller bounds of its dims keep it below"));
    }
    refused
}
