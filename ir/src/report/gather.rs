//! From a plan, or from a graph that was refused, to a report.

use super::data::*;
use crate::boundary::{Boundaries, Boundary};
use crate::broadcast::Stretch;
use crate::diagnostic::{Diagnostic, Error, Site};
use crate::fuse::{StoreReason, Uncut};
use crate::graph::{Graph, NodeId, SiteId};
use crate::kernel::{Access, Buffer, Kernel};
use crate::limits::Limits;
use crate::plan::{Plan, Port, Step, Stored};
use crate::plan_dims::PlanDim;
use crate::plan_node::{Fate, PlanNode, undecided};
use crate::quick_hash::{QuickMap, QuickSet};
use crate::requirement::Required;
use crate::routine::{RoutineCall, RoutineOperand};
use crate::shape::ArrayType;
use crate::step::Task;
use crate::upcast::Upcast;
use std::fmt;

impl Plan {
    /// Everything that the plan decides, as data.
    #[must_use]
    pub fn report(&self) -> PlanReport {
        let mut nodes_of: Vec<Vec<usize>> = vec![Vec::new(); self.tasks().count()];
        for (at, node) in self.nodes.iter().enumerate() {
            node.kernels.iter().for_each(|kernel| nodes_of[*kernel].push(at));
        }
        let mut steps: Vec<StepReport> = Vec::new();
        let mut kernels: Vec<KernelReport> = Vec::new();
        for (at, step) in self.steps.iter().enumerate() {
            let first = kernels.len();
            kernels.extend(step.tasks().map(|task| self.task_report(at, task)));
            steps.push(StepReport { kernels: (first..kernels.len()).collect(), ..step.into() });
        }
        let reasons = Boundaries::new(self);
        for ((at, kernel), nodes) in kernels.iter_mut().enumerate().zip(nodes_of) {
            (kernel.nodes, kernel.boundaries) = (nodes, all(&reasons.of(at)));
        }
        let output = |(at, port)| {
            let over = self.in_place_input(at).map(|input| self.inputs[input].name.to_string());
            PortReport { in_place_of: over, ..PortReport::from(port) }
        };
        PlanReport {
            schema: PlanReport::SCHEMA,
            nodes: all(&self.nodes),
            inputs: all(&self.inputs),
            outputs: self.outputs.iter().enumerate().map(output).collect(),
            steps,
            kernels,
            stored: self.stored.iter().map(|stored| self.stored_report(stored)).collect(),
            memory: self.memory_report(),
            operations: self.operations(),
            limits: (&self.limits).into(),
            dims: all(&self.dims),
            requirements: all(&self.required),
            stretches: all(&self.stretches),
            upcasts: all(&self.upcasts),
            diagnostics: Vec::new(),
        }
    }

    fn task_report(&self, step: usize, task: Task<'_>) -> KernelReport {
        match task {
            Task::Kernel(kernel) => self.kernel_report(step, kernel),
            Task::Routine(call) => self.routine_report(step, call),
        }
    }

    fn routine_report(&self, step: usize, call: &RoutineCall) -> KernelReport {
        let bytes = |array: &ArrayType| array.shape.bytes(array.dtype).unwrap_or(u64::MAX);
        let read = |operand: &RoutineOperand| AccessReport {
            buffer: self.buffer_name(operand.access.buffer),
            dtype: operand.array.dtype.to_string(),
            map: operand.access.map.iter().map(ToString::to_string).collect(),
            bytes: bytes(&operand.array),
        };
        let written = |buffer: &Buffer| AccessReport {
            buffer: self.buffer_name(*buffer),
            dtype: call.result.dtype.to_string(),
            map: (0..call.result.shape.len()).map(|axis| format!("i{axis}")).collect(),
            bytes: bytes(&call.result),
        };
        KernelReport {
            step,
            reads: call.operands.iter().map(read).collect(),
            writes: call.written.iter().map(written).collect(),
            body: vec![call.routine.to_string()],
            operations: call.operations(),
            ..KernelReport::default()
        }
    }

    fn kernel_report(&self, step: usize, kernel: &Kernel) -> KernelReport {
        let access = |access: usize| self.access_report(kernel, &kernel.accesses[access]);
        let mut read: Vec<usize> = kernel.read().collect();
        read.sort_unstable();
        read.dedup();
        let loops = kernel.loops.iter().map(|l| LoopReport {
            extent: l.extent.to_string(),
            upper: l.extent.upper(),
            reduced: l.reduced,
        });
        KernelReport {
            step,
            loops: loops.collect(),
            reads: read.into_iter().map(access).collect(),
            writes: kernel.written().map(access).collect(),
            body: self.body_lines(kernel, &kernel.body),
            epilogue: self.epilogue_lines(kernel),
            operations: kernel.operations(),
            ..KernelReport::default()
        }
    }

    fn stored_report(&self, stored: &Stored) -> StoredReport {
        StoredReport {
            name: stored.name.clone(),
            array: (&stored.array).into(),
            reason: (&stored.reason).into(),
            site: (&stored.site).into(),
            output: stored.output.map(|at| self.outputs[at].name.to_string()),
            slot: stored.slot,
            by_rows: stored.rows.is_some(),
        }
    }

    fn access_report(&self, kernel: &Kernel, access: &Access) -> AccessReport {
        AccessReport {
            buffer: self.buffer_name(access.buffer),
            dtype: access.dtype.to_string(),
            map: access.map.iter().map(ToString::to_string).collect(),
            bytes: kernel.bytes(access),
        }
    }

    fn epilogue_lines(&self, kernel: &Kernel) -> Vec<String> {
        if kernel.reductions.is_empty() {
            return Vec::new();
        }
        let total = |(at, reduction): (usize, &crate::kernel::Reduction)| {
            format!("total{at} = {} of v{}", reduction.op.name(), reduction.value.0)
        };
        let totals = kernel.reductions.iter().enumerate().map(total);
        totals.chain(self.body_lines(kernel, &kernel.epilogue)).collect()
    }

    pub(crate) fn memory_report(&self) -> MemoryReport {
        let bytes = |array: &ArrayType| array.shape.bytes(array.dtype).unwrap_or(u64::MAX);
        let sum = |arrays: &mut dyn Iterator<Item = &ArrayType>| {
            arrays.fold(0u64, |sum, array| sum.saturating_add(bytes(array)))
        };
        let taken_over: QuickSet<usize> = self.in_place.iter().copied().flatten().collect();
        let bound = self.inputs.iter().enumerate().filter(|(at, _)| !taken_over.contains(at));
        let inputs = sum(&mut bound.map(|(_, port)| &port.array));
        let outputs = sum(&mut self.outputs.iter().map(|port| &port.array));
        let constants = sum(&mut self.constants.iter().map(|constant| &constant.array));
        let workspace = self.workspace_bytes();
        let around = inputs.saturating_add(outputs).saturating_add(constants);
        let (numpy, naive) = (self.numpy_memory(), self.naive_memory());
        MemoryReport {
            inputs,
            outputs,
            constants,
            workspace,
            slots: self.slots.clone(),
            scratch: None,
            peak: around.saturating_add(workspace),
            numpy_temporaries: numpy.temporaries,
            numpy_bytes: numpy.bytes,
            numpy_total: around.saturating_add(numpy.bytes),
            naive_temporaries: naive.temporaries,
            naive_bytes: naive.bytes,
            naive_total: around.saturating_add(naive.bytes),
        }
    }
}

impl Graph {
    /// Plans these outputs and reports it; where the plan is refused, what is wrong with which of the nodes.
    #[must_use]
    pub fn inspect(&self, outputs: &[SiteId], limits: &Limits) -> PlanReport {
        match self.plan(outputs, limits) {
            Ok(plan) => plan.report(),
            Err(error) => self.refusal(outputs, limits, &error),
        }
    }

    /// The report of a plan of these outputs that was refused with this error.
    #[must_use]
    pub fn refusal(&self, outputs: &[SiteId], limits: &Limits, error: &Error) -> PlanReport {
        let (nodes, positions) = undecided(self, &self.first_sites(&self.reachable_sites(outputs)));
        let diagnostics = error.diagnostics().iter();
        let inputs = nodes.iter().filter(|node| matches!(node.fate, Fate::Input(_)));
        let input = |node: &PlanNode| {
            let (name, array) = (node.operation.clone(), node.array.as_ref()?.into());
            Some(PortReport { name, array, site: (&node.site).into(), ..PortReport::default() })
        };
        PlanReport {
            schema: PlanReport::SCHEMA,
            inputs: inputs.filter_map(input).collect(),
            nodes: all(&nodes),
            limits: limits.into(),
            diagnostics: diagnostics.map(|wrong| diagnostic(wrong, &positions)).collect(),
            ..PlanReport::default()
        }
    }
}

fn all<'a, F, T: From<&'a F>>(from: &'a [F]) -> Vec<T> {
    from.iter().map(T::from).collect()
}

/// The name of a variant: what `Debug` prints before any field.
fn variant(value: &impl fmt::Debug) -> String {
    let text = format!("{value:?}");
    text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_string()
}

fn diagnostic(wrong: &Diagnostic, positions: &QuickMap<NodeId, usize>) -> DiagnosticReport {
    let related = wrong.operands.iter();
    let related = related
        .map(|note| RelatedReport { text: note.text.clone(), site: note.site.as_ref().map(Into::into) });
    DiagnosticReport {
        kind: wrong.kind.name().into(),
        message: wrong.message.clone(),
        site: wrong.site.as_ref().map(Into::into),
        node: wrong.node.and_then(|node| positions.get(&node).copied()),
        related: related.collect(),
        axis: wrong.axis,
        help: wrong.help.clone(),
        repairs: wrong.repairs.iter().map(|repair| repair.text.clone()).collect(),
    }
}

impl From<&Site> for SiteReport {
    fn from(site: &Site) -> Self {
        Self { file: site.file.into(), line: site.line, column: site.column }
    }
}

impl From<&ArrayType> for ArrayReport {
    fn from(array: &ArrayType) -> Self {
        Self {
            dtype: array.dtype.to_string(),
            shape: array.shape.iter().map(ToString::to_string).collect(),
            elements: array.shape.elements(),
            bytes: array.shape.bytes(array.dtype),
        }
    }
}

impl From<&StoreReason> for ReasonReport {
    fn from(reason: &StoreReason) -> Self {
        let (repeats, cost) = match reason {
            StoreReason::Broadcast { repeats, cost }
            | StoreReason::Again { repeats, cost }
            | StoreReason::Joined(Uncut::Again { repeats, cost }) => (Some(*repeats), Some(*cost)),
            StoreReason::Recomputed { cost } => (None, Some(*cost)),
            _ => (None, None),
        };
        Self { kind: variant(reason), text: reason.to_string(), repeats, cost }
    }
}

impl From<&Boundary> for BoundaryReport {
    fn from(boundary: &Boundary) -> Self {
        let (kernel, value) = match boundary {
            Boundary::Waits { value, step, .. } => (*step, Some(value.clone())),
            Boundary::Apart { step, .. }
            | Boundary::OtherLoops { step }
            | Boundary::NothingShared { step }
            | Boundary::Routine { step }
            | Boundary::TooLong { step } => (*step, None),
        };
        Self { kind: variant(boundary), text: boundary.to_string(), kernel: Some(kernel), value }
    }
}

impl From<&PlanNode> for NodeReport {
    fn from(node: &PlanNode) -> Self {
        let (at, reason) = match &node.fate {
            Fate::Input(at) | Fate::Constant(at) => (Some(*at), None),
            Fate::Output(at, reason) | Fate::Stored(at, reason) => (Some(*at), Some(reason.into())),
            Fate::Fused | Fate::Folded | Fate::Joined | Fate::Unplanned => (None, None),
        };
        Self {
            operation: node.operation.clone(),
            detail: node.detail.clone(),
            label: node.label.as_deref().map(Into::into),
            within: node.within.map(Into::into),
            array: node.array.as_ref().map(Into::into),
            site: (&node.site).into(),
            source: None,
            operands: node.operands.clone(),
            fate: variant(&node.fate).to_lowercase(),
            at,
            reason,
            kernels: node.kernels.clone(),
        }
    }
}

impl From<&Port> for PortReport {
    fn from(port: &Port) -> Self {
        Self {
            name: port.name.to_string(),
            array: (&port.array).into(),
            site: (&port.site).into(),
            in_place_of: None,
            record: port.field.as_ref().map(|field| field.record.to_string()),
        }
    }
}

impl From<&Step> for StepReport {
    /// All but the positions of its kernels.
    fn from(step: &Step) -> Self {
        let (kind, rows) = match step {
            Step::Kernel(_) => ("kernel", Vec::new()),
            Step::Routine(_) => ("routine", Vec::new()),
            Step::Rows(rows) => ("rows", rows.loops.iter().map(|l| l.extent.to_string()).collect()),
        };
        Self { kind: kind.into(), kernels: Vec::new(), rows }
    }
}

impl From<&Limits> for LimitsReport {
    fn from(limits: &Limits) -> Self {
        Self { elements: limits.elements, bytes: limits.bytes, operations: limits.operations }
    }
}

impl From<&PlanDim> for DimReport {
    fn from(dim: &PlanDim) -> Self {
        Self { name: dim.name.to_string(), lower: dim.lower, upper: dim.upper, site: (&dim.site).into() }
    }
}

impl From<&Required> for RequirementReport {
    fn from(required: &Required) -> Self {
        Self {
            text: required.requirement.to_string(),
            by: required.by.clone(),
            site: (&required.site).into(),
        }
    }
}

impl From<&Stretch> for RemarkReport {
    fn from(stretch: &Stretch) -> Self {
        Self { text: stretch.to_string(), operation: stretch.operation.clone(), site: (&stretch.site).into() }
    }
}

impl From<&Upcast> for RemarkReport {
    fn from(upcast: &Upcast) -> Self {
        Self { text: upcast.to_string(), operation: upcast.operation.clone(), site: (&upcast.site).into() }
    }
}
