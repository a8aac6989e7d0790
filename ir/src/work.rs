//! How much work a run is, and the limit on it.

use crate::bounds::Bounds;
use crate::diagnostic::{Diagnostic, DiagnosticKind, OperandNote, grouped};
use crate::graph::Graph;
use crate::kernel::Kernel;
use crate::limits;
use crate::plan::Plan;
use crate::plan_node::{Fate, PlanNode};
use crate::step::Task;

impl Kernel {
    /// Machine operations of all iterations where dims have these bounds; saturates.
    pub(crate) fn operations_in(&self, bounds: &Bounds) -> u64 {
        let iterations = |kept_only: bool| {
            let loops = self.loops.iter().filter(|l| !kept_only || !l.reduced);
            let extents = || loops.clone().map(|l| l.extent.upper_in(bounds));
            // Nothing, however long the other loops are.
            let empty = extents().any(|extent| extent == 0);
            if empty { 0 } else { extents().fold(1u64, u64::saturating_mul) }
        };
        let combined = self.body.operations() as u64 + self.reductions.len() as u64;
        let epilogue = self.epilogue.operations() as u64;
        iterations(false).saturating_mul(combined).saturating_add(iterations(true).saturating_mul(epilogue))
    }
}

impl Task<'_> {
    /// Machine operations where dims have these bounds; those of a routine are about as many. Saturates.
    pub(crate) fn operations_in(self, bounds: &Bounds) -> u64 {
        match self {
            Self::Kernel(kernel) => kernel.operations_in(bounds),
            Self::Routine(call) => call.operations_in(bounds),
        }
    }
}

impl Plan {
    /// Element operations of a run where dims have these bounds; saturates.
    pub(crate) fn operations_in(&self, bounds: &Bounds) -> u64 {
        self.tasks().fold(0, |sum, task| sum.saturating_add(task.operations_in(bounds)))
    }

    /// Is a run with these bounds within the limit on work?
    pub(crate) fn is_within_work(&self, bounds: &Bounds) -> bool {
        self.limits.operations.is_none_or(|limit| self.operations_in(bounds) <= limit)
    }

    /// What is wrong where a run may take more operations than allowed.
    pub(crate) fn check_work(&self, graph: &Graph) -> Option<Diagnostic> {
        let limit = self.limits.operations?;
        if self.is_within_work(&self.bounds) {
            return None;
        }
        let operations = self.operations_in(&self.bounds);
        let up_to = if self.dims.is_empty() { "" } else { "up to " };
        let message = format!(
            "the plan takes {up_to}{} element operations, over the limit of {}",
            grouped(operations),
            grouped(limit)
        );
        let mut diagnostic = Diagnostic::new(DiagnosticKind::Work, message);
        let mut largest: Vec<(u64, usize)> =
            self.tasks().map(|task| task.operations_in(&self.bounds)).zip(0..).collect();
        largest.sort_by_key(|(operations, kernel)| (std::cmp::Reverse(*operations), *kernel));
        for (slot, (operations, kernel)) in largest.iter().take(3).enumerate() {
            let (Some(node), Some(task)) = (self.written_by(*kernel), self.tasks().nth(*kernel)) else {
                continue;
            };
            let array = node.array.as_ref().map_or_else(String::new, ToString::to_string);
            diagnostic.site = diagnostic.site.or(Some(node.site));
            diagnostic = diagnostic.operand(OperandNote {
                text: format!(
                    "{} {kernel} makes `{}` {array}: {} operations",
                    task.noun(),
                    node.name(),
                    grouped(*operations)
                ),
                slot,
                name: node.name().to_string(),
                array: node.array.clone(),
                site: Some(node.site),
            });
        }
        let passes = |bounds: &Bounds| self.is_within_work(bounds);
        let symbols = self.dims.iter().map(|dim| dim.symbol());
        for safe in limits::safe_symbols(graph, symbols, &self.required, &passes) {
            diagnostic = diagnostic.help(safe);
        }
        Some(diagnostic.help(format!(
            "if this is meant, raise it with `.with_operations({})` on the limits",
            grouped(operations).replace(' ', "_")
        )))
    }

    /// The first value that a kernel writes.
    fn written_by(&self, kernel: usize) -> Option<&PlanNode> {
        let writes = |node: &&PlanNode| {
            node.kernels.contains(&kernel) && matches!(node.fate, Fate::Output(..) | Fate::Stored(..))
        };
        self.nodes.iter().find(writes)
    }
}
