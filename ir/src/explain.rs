//! Plans in words: what runs, what it reads and writes, and why it is not one loop.

use crate::body::{Body, Code, Value};
use crate::boundary::{Boundaries, Boundary};
use crate::diagnostic::{grouped, human_bytes};
use crate::dim::Dim;
use crate::kernel::{Access, Buffer, Kernel};
use crate::plan::{Plan, Port, Step, Task};
use crate::routine::RoutineCall;
use crate::rows::{BLOCK_BYTES, MOST_LANES, Rows};
use crate::shape::ArrayType;
use std::fmt;

/// A plan in words, by its `Display`: made by [`Plan::explain`].
#[derive(Clone, Copy, Debug)]
pub struct Explain<'a>(&'a Plan);

impl Plan {
    /// The plan in words, top-down: totals, then each kernel with its loops, what it reads and
    /// writes, its body and the reason it is a kernel of its own, then what is stored in between, and what
    /// broadcasts stretch.
    #[must_use]
    pub const fn explain(&self) -> Explain<'_> {
        Explain(self)
    }

    /// Machine operations of all steps together, where a vector function counts as one; saturates.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.operations_in(&crate::bounds::Bounds::declared())
    }

    /// The name by which a kernel's access is known to the user.
    pub(crate) fn buffer_name(&self, buffer: Buffer) -> String {
        match buffer {
            Buffer::Input(at) => self.inputs[at].name.to_string(),
            Buffer::Output(at) => self.outputs[at].name.to_string(),
            Buffer::Constant(at) => format!("constant{at}"),
            Buffer::Workspace(at) => format!("{}#{at}", self.stored[at].name),
            Buffer::Index => "index".into(),
        }
    }

    fn access_text(&self, access: &Access) -> String {
        format!("{}{}", self.buffer_name(access.buffer), access.index_text())
    }
}

impl Plan {
    /// The instructions of a body in words, then what it writes; one line each.
    pub(crate) fn body_lines(&self, kernel: &Kernel, body: &Body) -> Vec<String> {
        let value = |value: &Value| format!("v{}", value.0);
        let instructions = body.instructions.iter().enumerate().map(|(at, instruction)| {
            let operands: Vec<String> = instruction.code.operands().iter().map(value).collect();
            let operands = operands.join(" ");
            let text = match &instruction.code {
                Code::Load(access) | Code::Index(access) => self.access_text(&kernel.accesses[*access]),
                Code::Constant(scalar) => scalar.to_string(),
                Code::Apply(primitive, _) => format!("{} {operands}", primitive.name()),
                Code::Convert(_) => format!("{} of {operands}", instruction.dtype),
                Code::Reinterpret(_) => format!("bits of {operands} as {}", instruction.dtype),
                Code::Call(op, _) => format!("{} {operands}", op.name()),
                Code::Total(at) => format!("total{at}"),
            };
            format!("v{at} = {text}")
        });
        let stores = body.stores.iter().map(|store| {
            format!("{} = {}", self.access_text(&kernel.accesses[store.access]), value(&store.value))
        });
        instructions.chain(stores).collect()
    }
}

/// The most instructions of a body that are printed.
const SHOWN: usize = 48;
/// The most reasons for which a kernel is one of its own.
const REASONS: usize = 24;
/// The most reads of a kernel that are printed.
const READS: usize = 64;

impl fmt::Display for Explain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plan = self.0;
        let kernels = plan.kernels();
        let plural = if kernels.len() == 1 { "" } else { "s" };
        let routines = match plan.tasks().count() - kernels.len() {
            0 => String::new(),
            1 => ", 1 routine".into(),
            more => format!(", {more} routines"),
        };
        let in_steps = if plan.steps().len() == plan.tasks().count() {
            String::new()
        } else {
            format!(" in {} step{}", plan.steps().len(), if plan.steps().len() == 1 { "" } else { "s" })
        };
        writeln!(
            f,
            "{} kernel{plural}{routines}{in_steps}, workspace {}, {} operations",
            kernels.len(),
            human_bytes(plan.workspace_bytes()),
            grouped(plan.operations())
        )?;
        let numpy = plan.numpy_memory();
        let plural = if numpy.temporaries == 1 { "" } else { "s" };
        writeln!(
            f,
            "NumPy would allocate {} temporary array{plural}, {}",
            numpy.temporaries,
            human_bytes(numpy.bytes)
        )?;
        let naive = plan.naive_memory();
        let plural = if naive.temporaries == 1 { "" } else { "s" };
        writeln!(
            f,
            "a naive chain would keep {} array{plural} to its end, {}",
            naive.temporaries,
            human_bytes(naive.bytes)
        )?;
        ports(f, "in ", plan.inputs())?;
        ports(f, "out", plan.outputs())?;
        for dim in plan.dims() {
            writeln!(f, "  dim {} {}..={}", dim.name, dim.lower, dim.upper)?;
        }
        for required in plan.requirements() {
            writeln!(f, "  needs {} for `{}` ({})", required.requirement, required.by, required.site)?;
        }
        for (at, input) in plan.in_place.iter().enumerate().filter_map(|(at, input)| Some((at, (*input)?))) {
            writeln!(f, "`{}` is written over `{}`", plan.outputs[at].name, plan.inputs[input].name)?;
        }
        let reasons = Boundaries::new(plan);
        let mut at = 0;
        for step in plan.steps() {
            if let Step::Rows(rows) = step {
                self.rows(f, at, rows)?;
            }
            for task in step.tasks() {
                match task {
                    Task::Kernel(kernel) => self.kernel(f, at, kernel, &reasons.of(at))?,
                    Task::Routine(call) => self.routine(f, at, call, &reasons.of(at))?,
                }
                at += 1;
            }
        }
        if !plan.stored().is_empty() {
            writeln!(f, "\nworkspace")?;
        }
        for (at, stored) in plan.stored().iter().enumerate() {
            let place = match (stored.output, plan.lane_bytes(stored)) {
                (Some(output), _) => format!("in the memory of `{}`", plan.outputs[output].name),
                (_, Some(bytes)) => {
                    format!("{} for a block of rows in slot {}", human_bytes(bytes), stored.slot)
                }
                (_, None) => format!("{} in slot {}", bytes_of(&stored.array), stored.slot),
            };
            writeln!(
                f,
                "  {}#{at} {}, {place} ({}): {}",
                stored.name, stored.array, stored.site, stored.reason
            )?;
        }
        if !plan.stretches().is_empty() {
            writeln!(f, "\nbroadcasts")?;
        }
        for stretch in plan.stretches() {
            writeln!(f, "  {stretch}")?;
        }
        if !plan.upcasts().is_empty() {
            writeln!(f, "\nconversions")?;
        }
        for upcast in plan.upcasts() {
            writeln!(f, "  {upcast}")?;
        }
        Ok(())
    }
}

impl Explain<'_> {
    /// The kernels from `first` on that take turns on blocks of rows.
    fn rows(&self, f: &mut fmt::Formatter<'_>, first: usize, rows: &Rows) -> fmt::Result {
        let last = first + rows.kernels.len() - 1;
        let loops: Vec<String> =
            rows.loops.iter().map(|l| format!("i{} < {}", l.positions[0], l.extent)).collect();
        let bytes = rows.row_bytes(&Dim::upper).row;
        writeln!(f, "\nkernels {first} to {last} take turns on blocks of rows: one pass over memory")?;
        writeln!(f, "  rows     {} of kernel {first}, {} each", loops.join(", "), human_bytes(bytes))?;
        match rows.known_block().map(|block| block.min(rows.count())) {
            Some(block) => writeln!(f, "  block    {} rows, on up to {MOST_LANES} threads", grouped(block)),
            None => writeln!(
                f,
                "  block    as many rows as have {}, on up to {MOST_LANES} threads",
                human_bytes(BLOCK_BYTES)
            ),
        }
    }

    fn kernel(
        &self,
        f: &mut fmt::Formatter<'_>,
        at: usize,
        kernel: &Kernel,
        reasons: &[Boundary],
    ) -> fmt::Result {
        writeln!(f, "\nkernel {at}")?;
        boundaries(f, reasons)?;
        let loops: Vec<String> = kernel
            .loops
            .iter()
            .enumerate()
            .map(|(at, l)| format!("i{at} < {}{}", l.extent, if l.reduced { " (reduced)" } else { "" }))
            .collect();
        writeln!(f, "  loops    {}", if loops.is_empty() { "none".into() } else { loops.join(", ") })?;
        let mut read: Vec<usize> = kernel.read().collect();
        read.sort_unstable();
        read.dedup();
        for access in read.iter().take(READS) {
            self.access(f, "reads ", kernel, &kernel.accesses[*access])?;
        }
        if read.len() > READS {
            writeln!(f, "  reads    ... and {} more", read.len() - READS)?;
        }
        for access in kernel.written() {
            self.access(f, "writes", kernel, &kernel.accesses[access])?;
        }
        writeln!(f, "  body")?;
        self.body(f, kernel, &kernel.body)?;
        if !kernel.reductions.is_empty() {
            for (at, reduction) in kernel.reductions.iter().enumerate() {
                writeln!(f, "    total{at} = {} of v{}", reduction.op.name(), reduction.value.0)?;
            }
            writeln!(f, "  then")?;
            self.body(f, kernel, &kernel.epilogue)?;
        }
        Ok(())
    }

    fn routine(
        &self,
        f: &mut fmt::Formatter<'_>,
        at: usize,
        call: &RoutineCall,
        reasons: &[Boundary],
    ) -> fmt::Result {
        let plan = self.0;
        writeln!(f, "\nroutine {at}: {}", call.routine)?;
        boundaries(f, reasons)?;
        for operand in &call.operands {
            let text = plan.access_text(&operand.access);
            writeln!(f, "  reads    {text} {}, {}", operand.array, bytes_of(&operand.array))?;
        }
        for buffer in &call.written {
            let name = plan.buffer_name(*buffer);
            writeln!(f, "  writes   {name} {}, {}", call.result, bytes_of(&call.result))?;
        }
        match call.scratch {
            Some(buffer) => writeln!(f, "  scratch  {}", plan.buffer_name(buffer)),
            None => Ok(()),
        }
    }

    fn access(
        &self,
        f: &mut fmt::Formatter<'_>,
        verb: &str,
        kernel: &Kernel,
        access: &Access,
    ) -> fmt::Result {
        let text = self.0.access_text(access);
        writeln!(f, "  {verb}   {text} {}, {}", access.dtype, human_bytes(kernel.bytes(access)))
    }

    fn body(&self, f: &mut fmt::Formatter<'_>, kernel: &Kernel, body: &Body) -> fmt::Result {
        let lines = self.0.body_lines(kernel, body);
        let (instructions, stores) = lines.split_at(body.instructions.len());
        for line in instructions.iter().take(SHOWN) {
            writeln!(f, "    {line}")?;
        }
        if instructions.len() > SHOWN {
            writeln!(f, "    ... and {} more", instructions.len() - SHOWN)?;
        }
        stores.iter().try_for_each(|line| writeln!(f, "    {line}"))
    }
}

fn bytes_of(array: &ArrayType) -> String {
    array.shape.bytes(array.dtype).map_or_else(|| "over 18 EB".into(), human_bytes)
}

fn boundaries(f: &mut fmt::Formatter<'_>, boundaries: &[Boundary]) -> fmt::Result {
    boundaries.iter().take(REASONS).try_for_each(|boundary| writeln!(f, "  because  {boundary}"))?;
    match boundaries.len().saturating_sub(REASONS) {
        0 => Ok(()),
        more => writeln!(f, "  because  ... and {more} more like these"),
    }
}

fn ports(f: &mut fmt::Formatter<'_>, label: &str, ports: &[Port]) -> fmt::Result {
    for port in ports {
        write!(f, "  {label} {} {}, {}", port.name, port.array, bytes_of(&port.array))?;
        if let Some(field) = &port.field {
            write!(f, ", in rows of {} bytes bound as `{}`", field.ty.itemsize(), field.record)?;
        }
        writeln!(f)?;
    }
    Ok(())
}
