//! Whether a report that was read hangs together, so that what is made of it finds what its positions speak of.

use super::PlanReport;
use crate::naming;
use std::collections::HashSet;

/// The words for what becomes of a value, which say among what its `at` counts.
const FATES: [&str; 8] = ["input", "constant", "output", "stored", "fused", "folded", "joined", "unplanned"];
const STEPS: [&str; 3] = ["kernel", "rows", "routine"];

/// All that is wrong with a report, each with its path in the JSON.
pub(super) fn problems(report: &PlanReport) -> Vec<String> {
    let mut found = Found(Vec::new());
    found.nodes(report);
    found.steps(report);
    found.memory(report);
    found.names(report);
    for (at, wrong) in report.diagnostics.iter().enumerate() {
        if let Some(node) = wrong.node {
            let path = || format!("diagnostics[{at}].node");
            found.position(path, node, report.nodes.len(), "node");
        }
    }
    found.0
}

struct Found(Vec<String>);

impl Found {
    /// A position that must be that of one of `count` things.
    fn position(&mut self, path: impl FnOnce() -> String, at: usize, count: usize, thing: &str) {
        if at >= count {
            self.0.push(format!("{}: no {thing} is at {at}: there are {count}", path()));
        }
    }

    fn word(&mut self, path: impl FnOnce() -> String, word: &str, known: &[&str]) {
        if !known.contains(&word) {
            self.0.push(format!("{}: `{}` is none of {}", path(), naming::shown(word), known.join(", ")));
        }
    }

    fn nodes(&mut self, report: &PlanReport) {
        for (at, node) in report.nodes.iter().enumerate() {
            self.word(|| format!("nodes[{at}].fate"), &node.fate, &FATES);
            for (slot, operand) in node.operands.iter().enumerate().filter(|(_, operand)| **operand >= at) {
                self.0.push(format!("nodes[{at}].operands[{slot}]: {operand} is no node before this one"));
            }
            for (slot, kernel) in node.kernels.iter().enumerate() {
                let path = || format!("nodes[{at}].kernels[{slot}]");
                self.position(path, *kernel, report.kernels.len(), "kernel");
            }
            let path = || format!("nodes[{at}].at");
            match (node.fate.as_str(), node.at) {
                ("input", Some(input)) => self.position(path, input, report.inputs.len(), "input"),
                ("output", Some(output)) => self.position(path, output, report.outputs.len(), "output"),
                ("stored", Some(stored)) => {
                    self.position(path, stored, report.stored.len(), "stored value");
                }
                _ => {}
            }
        }
    }

    fn steps(&mut self, report: &PlanReport) {
        let kernels = report.kernels.len();
        let mut step_of = vec![None; kernels];
        for (at, step) in report.steps.iter().enumerate() {
            self.word(|| format!("steps[{at}].kind"), &step.kind, &STEPS);
            for (slot, kernel) in step.kernels.iter().enumerate() {
                self.position(|| format!("steps[{at}].kernels[{slot}]"), *kernel, kernels, "kernel");
                if let Some(step) = step_of.get_mut(*kernel) {
                    *step = Some(at);
                }
            }
        }
        for (at, kernel) in report.kernels.iter().enumerate() {
            if step_of[at] != Some(kernel.step) {
                let step = kernel.step;
                self.0.push(format!("kernels[{at}].step: step {step} does not name it among its kernels"));
            }
            for (slot, node) in kernel.nodes.iter().enumerate() {
                self.position(|| format!("kernels[{at}].nodes[{slot}]"), *node, report.nodes.len(), "node");
            }
            for (slot, boundary) in kernel.boundaries.iter().enumerate() {
                if let Some(earlier) = boundary.kernel.filter(|earlier| *earlier >= at) {
                    let path = format!("kernels[{at}].boundaries[{slot}].kernel");
                    self.0.push(format!("{path}: {earlier} is no kernel before this one"));
                }
            }
        }
    }

    fn memory(&mut self, report: &PlanReport) {
        let inputs: HashSet<&str> = report.inputs.iter().map(|port| port.name.as_str()).collect();
        let outputs: HashSet<&str> = report.outputs.iter().map(|port| port.name.as_str()).collect();
        for (at, stored) in report.stored.iter().enumerate() {
            match &stored.output {
                None => {
                    let path = || format!("stored[{at}].slot");
                    self.position(path, stored.slot, report.memory.slots.len(), "slot");
                }
                Some(output) if !outputs.contains(output.as_str()) => {
                    self.0.push(format!("stored[{at}].output: no output is `{}`", naming::shown(output)));
                }
                Some(_) => {}
            }
        }
        for (at, port) in report.outputs.iter().enumerate() {
            if let Some(over) = port.in_place_of.as_ref().filter(|over| !inputs.contains(over.as_str())) {
                self.0.push(format!("outputs[{at}].in_place_of: no input is `{}`", naming::shown(over)));
            }
        }
    }

    /// Names that no plan has, because what shows them would show something else.
    fn names(&mut self, report: &PlanReport) {
        let mut check = |path: &dyn Fn() -> String, name: &str| {
            if let Some(problem) = naming::problem(name) {
                self.0.push(format!("{}: the name `{}` {problem}", path(), naming::shown(name)));
            }
        };
        for (list, ports) in [("inputs", &report.inputs), ("outputs", &report.outputs)] {
            for (at, port) in ports.iter().enumerate() {
                check(&|| format!("{list}[{at}].name"), &port.name);
                if let Some(record) = &port.record {
                    check(&|| format!("{list}[{at}].record"), record);
                }
            }
        }
        for (at, node) in report.nodes.iter().enumerate() {
            check(&|| format!("nodes[{at}].operation"), &node.operation);
            if let Some(label) = &node.label {
                check(&|| format!("nodes[{at}].label"), label);
            }
        }
        for (at, stored) in report.stored.iter().enumerate() {
            check(&|| format!("stored[{at}].name"), &stored.name);
        }
        for (at, dim) in report.dims.iter().enumerate() {
            check(&|| format!("dims[{at}].name"), &dim.name);
        }
    }
}
