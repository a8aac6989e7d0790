//! Outputs that are written over inputs, and plans whose kernels go over all rows one after another.

use crate::diagnostic::{Diagnostic, DiagnosticKind, Error, Site, human_bytes};
use crate::kernel::Buffer;
use crate::plan::{Plan, Port, Step};

impl Plan {
    /// The same plan with `output` written over the memory of `input`, which then need not be bound.
    ///
    /// # Errors
    /// A name that is unknown, types that differ, an output or input that is part of another such pair, or an order of reads and writes in which an element
    /// would be read after it was overwritten.
    #[track_caller]
    pub fn in_place(mut self, output: &str, input: &str) -> Result<Self, Error> {
        let site = Site::caller();
        let unknown = |sort: &str, name: &str, ports: &[Port]| {
            let names: Vec<String> = ports.iter().map(|port| format!("`{}`", port.name)).collect();
            Diagnostic::new(DiagnosticKind::Name, format!("the plan has no {sort} `{name}`"))
                .at(site)
                .help(format!("it has {}", if names.is_empty() { "none".into() } else { names.join(", ") }))
        };
        let Some(to) = self.outputs.iter().position(|port| *port.name == *output) else {
            return Err(unknown("output", output, &self.outputs).into());
        };
        let Some(from) = self.inputs.iter().position(|port| *port.name == *input) else {
            return Err(unknown("input", input, &self.inputs).into());
        };
        let refuse = |plan: &Self, why: String| {
            let message = format!("`{output}` cannot be written over `{input}`: {why}");
            let refused = Diagnostic::new(DiagnosticKind::Overlap, message)
                .at(site)
                .operand(plan.outputs[to].note(0))
                .operand(plan.inputs[from].note(1))
                .help("bind separate memory, or write the result elsewhere first");
            let writers = plan.tasks().filter(|task| task.writes(Buffer::Output(to))).count();
            if writers < 2 {
                return refused;
            }
            refused.help("it is written in pieces: where it reads a `roll`, `pad` or `concat`, `.store(Always)` on that completes it first")
        };
        match self.in_place[to] {
            Some(known) if known == from => return Ok(self),
            Some(known) => {
                let why = format!("it is written over `{}` already", self.inputs[known].name);
                return Err(refuse(&self, why).into());
            }
            None => {}
        }
        if self.outputs[to].array != self.inputs[from].array {
            let why = format!("it is {}, the input {}", self.outputs[to].array, self.inputs[from].array);
            return Err(refuse(&self, why).into());
        }
        if self.in_place.contains(&Some(from)) {
            return Err(refuse(&self, "another output is written there already".into()).into());
        }
        // Where a block would overwrite what another one still reads, each kernel goes over all rows.
        let is_early = |step: &Step| matches!(step, Step::Rows(rows) if !rows.are_kept(to, from));
        while let Some(step) = self.steps.iter().position(is_early) {
            self.part_rows(step);
        }
        // No other value can wait in its memory.
        self.in_place[to] = Some(from);
        self.assign_slots();
        if let Err(why) = self.held_to_its_limit() {
            return Err(refuse(&self, why).into());
        }
        if let Some(why) = self.read_too_late(to, from) {
            return Err(refuse(&self, why).into());
        }
        Ok(self)
    }

    /// The same plan without blocks of rows: each kernel goes over all of them before the next one begins, and
    /// what they exchange is held as a whole. The bits of results are the same.
    ///
    /// # Errors
    /// Workspace over the limit of bytes.
    pub fn unblocked(mut self) -> Result<Self, Error> {
        while let Some(step) = self.steps.iter().position(|step| matches!(step, Step::Rows(_))) {
            self.part_rows(step);
        }
        self.held_to_its_limit().map_err(|why| Diagnostic::new(DiagnosticKind::Workspace, why))?;
        Ok(self)
    }

    /// Has kernels that take turns on blocks of rows go over all rows, one after another.
    fn part_rows(&mut self, step: usize) {
        let Step::Rows(rows) = self.steps.remove(step) else { return };
        self.steps.splice(step..step, rows.kernels.into_iter().map(Step::Kernel));
        self.assign_slots();
    }

    /// In words, that there is too much workspace.
    fn held_to_its_limit(&self) -> Result<(), String> {
        let (bytes, most) = (self.workspace_in(&self.bounds), self.limits.bytes);
        if bytes <= most {
            return Ok(());
        }
        Err(format!(
            "on all rows at once the plan stores {} between kernels, over the limit of {}",
            human_bytes(bytes),
            human_bytes(most)
        ))
    }

    /// Why an output cannot be written over an input in the order of the kernels, if it cannot.
    fn read_too_late(&self, output: usize, input: usize) -> Option<String> {
        let (to, from) = (Buffer::Output(output), Buffer::Input(input));
        let mut written = false;
        for (at, task) in self.tasks().enumerate() {
            if written && task.read().iter().any(|access| access.buffer == from) {
                return Some(format!("{} {at} still reads the input afterwards", task.noun()));
            }
            written |= task.writes(to);
            if let Some(why) = task.overwriting_breaks(at, to, from) {
                return Some(why);
            }
        }
        None
    }
}
