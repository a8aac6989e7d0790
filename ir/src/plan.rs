//! Plans: everything that will happen, decided before anything does.

use crate::bounds::Bounds;
use crate::broadcast::Stretch;
use crate::diagnostic::{Diagnostic, DiagnosticKind, Error, OperandNote, Site, grouped, human_bytes};
use crate::fuse::{Equalities, Lending, StoreReason};
use crate::fused::{Expression, Sites};
use crate::graph::{ConstantArray, Graph, NodeId, SiteId, StorePolicy};
use crate::kernel::Kernel;
use crate::limits::{self, Limits, SizeChecks};
use crate::plan_dims::PlanDim;
use crate::plan_node::PlanNode;
use crate::quick_hash::{QuickMap, quick_map};
use crate::record::FieldOf;
use crate::requirement::{Required, tightened};
use crate::rows::RowValue;
use crate::shape::ArrayType;
pub use crate::step::{Step, Task};
use crate::upcast::Upcast;
use std::sync::Arc;

/// An array that a caller binds by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Port {
    /// The name to bind it by.
    pub name: Arc<str>,
    /// Its dtype and shape.
    pub array: ArrayType,
    /// The call that declared it.
    pub site: Site,
    /// The field of a record that it is, if it is one: all fields of a record are bound as one array.
    pub field: Option<FieldOf>,
}

impl Port {
    /// The name that a caller who binds whole arrays knows it by: that of its record, or its own.
    #[must_use]
    pub fn bound_name(&self) -> &str {
        self.field.as_ref().map_or(&self.name, |field| &field.record)
    }

    /// The port and where the user made it, for diagnostics.
    #[must_use]
    pub fn note(&self, slot: usize) -> OperandNote {
        OperandNote {
            text: format!("`{}` {}", self.name, self.array),
            slot,
            name: self.name.to_string(),
            array: Some(self.array.clone()),
            site: Some(self.site),
        }
    }
}

/// A value that one kernel writes to workspace and others read.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// The user's label, or the operation that makes it.
    pub name: String,
    /// Its dtype and shape.
    pub array: ArrayType,
    /// Why it is stored.
    pub reason: StoreReason,
    /// The call that makes it.
    pub site: Site,
    /// The output in whose memory it waits, if it does: the last kernel that reads it writes that output over it.
    pub output: Option<usize>,
    /// The slot it lives in otherwise; values that are never alive together share one.
    pub slot: usize,
    /// Where only kernels that take turns on blocks of rows exchange it, so that a slot holds it for a block.
    pub rows: Option<RowValue>,
}

/// Arrays that others would allocate on the way to the outputs, where a plan fuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Temporaries {
    /// How many arrays.
    pub temporaries: usize,
    /// Their bytes together, at the dims' upper bounds; saturates.
    pub bytes: u64,
}

/// A checked and fused expression, ready to be compiled: owned, and independent of its graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub(crate) inputs: Vec<Port>,
    pub(crate) outputs: Vec<Port>,
    /// For each output, why its value would be in memory if nobody had asked for it.
    pub(crate) output_reasons: Vec<StoreReason>,
    pub(crate) constants: Vec<ConstantArray>,
    pub(crate) stored: Vec<Stored>,
    pub(crate) slots: Vec<u64>,
    pub(crate) steps: Vec<Step>,
    pub(crate) nodes: Vec<PlanNode>,
    pub(crate) numpy: Temporaries,
    pub(crate) naive: Temporaries,
    /// For each output, the input whose memory it takes over.
    pub(crate) in_place: Vec<Option<usize>>,
    pub(crate) dims: Vec<PlanDim>,
    pub(crate) required: Vec<Required>,
    pub(crate) stretches: Vec<Stretch>,
    pub(crate) upcasts: Vec<Upcast>,
    pub(crate) limits: Limits,
    /// What limits hold for, at these bounds of the dims and at others.
    pub(crate) checks: SizeChecks,
    pub(crate) bounds: Bounds,
}

impl Graph {
    /// A call without a type, whose mistake was lost.
    fn untyped(&self, site: SiteId) -> Option<Diagnostic> {
        if self.site_array(site).is_some() {
            return None;
        }
        let message = format!("`{}` has no dtype and no shape", self.called_at(site));
        Some(Diagnostic::new(DiagnosticKind::Compile, message).at(self.call_site(site).site))
    }

    /// Checks and fuses what `outputs` reach. Nothing runs.
    ///
    /// # Errors
    /// Every mistake on the way to an output, all together. One that stands alone carries what would fit instead.
    pub fn plan(&self, outputs: &[SiteId], limits: &Limits) -> Result<Plan, Error> {
        self.plan_only(outputs, limits).map_err(|error| self.with_repairs(outputs, limits, error))
    }

    /// The same, without repairs.
    pub(crate) fn plan_only(&self, outputs: &[SiteId], limits: &Limits) -> Result<Plan, Error> {
        let sites = self.reachable_sites(outputs);
        let reached = |site: &SiteId| sites.binary_search(site).is_ok();
        let wrong = self.diagnostics().iter().filter(|(site, _)| reached(site));
        let mut diagnostics: Vec<Diagnostic> = Vec::new();
        // There may be many thousands: only those with the same message are compared.
        let mut places: QuickMap<&str, Vec<usize>> = QuickMap::default();
        for (_, diagnostic) in wrong {
            let same = places.entry(&diagnostic.message).or_default();
            if !same.iter().any(|at| diagnostics[*at] == *diagnostic) {
                same.push(diagnostics.len());
                diagnostics.push(diagnostic.clone());
            }
        }
        if diagnostics.is_empty() {
            // Nothing is computed that has no type, even where it is not known why.
            diagnostics.extend(sites.iter().find_map(|site| self.untyped(*site)));
        }
        let dims = self.dims_of(&sites);
        let required = self.required(&sites, &dims, &mut diagnostics);
        let bounds = tightened(&required, Bounds::declared());
        diagnostics.extend(sites.iter().filter_map(|site| self.policy_breach(*site)));
        let (checks, over) = limits::check(self, &sites, limits, &required, &bounds);
        diagnostics.extend(over);
        let ports = self.output_ports(outputs, &mut diagnostics);
        if outputs.is_empty() {
            let message = "a plan needs at least one output";
            let help = "give it the expressions that are to be computed, one or several";
            diagnostics.push(Diagnostic::new(DiagnosticKind::Name, message).help(help));
        }
        Error::check(diagnostics)?;

        let mut policies: QuickMap<NodeId, StorePolicy> = QuickMap::default();
        for site in &sites {
            let call = self.call_site(*site);
            // A value that one call wants stored is stored, whatever others say of it.
            if call.store == StorePolicy::Always {
                policies.insert(call.node, call.store);
            } else if call.store == StorePolicy::Never {
                policies.entry(call.node).or_insert(call.store);
            }
        }
        let nodes: Vec<NodeId> = outputs.iter().map(|site| self.call_site(*site).node).collect();
        let expression = Expression {
            nodes,
            sites: Sites { all: &sites, first: self.first_sites(&sites) },
            ports,
            policies,
        };
        let equalities = Equalities::new(required.iter().map(|required| &required.requirement));
        let mut plan =
            self.fused(&expression, &equalities, limits.bytes, Lending::of(self, &expression.nodes))?;
        // What could as well be computed again must not keep a plan from its limits, nor what is stored to save memory: fewer values
        // may take turns on rows without it. What is refused is the smaller of two plans that no limit has a part in, so that either is
        // planned where the limit is what it needs.
        let fits = |plan: &Plan| plan.workspace_in(&bounds) <= limits.bytes;
        if !fits(&plan) {
            plan = self.fused(&expression, &equalities, 0, Lending::none())?;
        }
        if !fits(&plan) {
            let most =
                self.fused(&expression, &equalities, u64::MAX, Lending::of(self, &expression.nodes))?;
            if most.workspace_in(&bounds) < plan.workspace_in(&bounds) {
                plan = most;
            }
        }
        (plan.numpy, plan.naive) = self.temporaries(&expression.nodes);
        plan.stretches = sites.iter().flat_map(|site| self.stretches_of(*site)).collect();
        plan.upcasts = self.upcasts(&sites);
        plan.limits = limits.clone();
        (plan.dims, plan.required, plan.checks, plan.bounds) = (dims, required, checks, bounds);
        Error::check(plan.check_workspace(self).into_iter().chain(plan.check_work(self)).collect())?;
        Ok(plan)
    }

    fn output_ports(&self, outputs: &[SiteId], diagnostics: &mut Vec<Diagnostic>) -> Vec<Port> {
        let mut ports: Vec<Port> = Vec::new();
        let mut named: QuickMap<Arc<str>, usize> = QuickMap::default();
        for (position, site) in outputs.iter().enumerate() {
            let call = self.call_site(*site);
            let name: Arc<str> = match &call.label {
                Some(label) => label.clone(),
                None if outputs.len() == 1 => "out".into(),
                None => format!("out{position}").into(),
            };
            if let Some(first) = named.get(&name).map(|first| &ports[*first]) {
                let diagnostic =
                    Diagnostic::new(DiagnosticKind::Name, format!("two outputs are named `{name}`"))
                        .at(call.site)
                        .operand(first.note(0))
                        .help("give each output a name of its own: `.named(\"...\")`");
                diagnostics.push(diagnostic);
            }
            if let Some(array) = self.array(call.node) {
                named.entry(name.clone()).or_insert(ports.len());
                let field = self.records.output(*site).cloned();
                ports.push(Port { name, array: array.clone(), site: call.site, field });
            }
        }
        ports
    }

    /// For each node the first of these calls that made it, one with a label before the others.
    pub(crate) fn first_sites(&self, sites: &[SiteId]) -> QuickMap<NodeId, SiteId> {
        let mut first: QuickMap<NodeId, SiteId> = quick_map(sites.len());
        for site in sites {
            let call = self.call_site(*site);
            let known = first.entry(call.node).or_insert(*site);
            if call.label.is_some() && self.call_site(*known).label.is_none() {
                *known = *site;
            }
        }
        first
    }
}

impl Plan {
    /// The arrays to bind before a run, in order of declaration.
    #[must_use]
    pub fn inputs(&self) -> &[Port] {
        &self.inputs
    }

    /// The arrays that a run writes, in the order they were asked for.
    #[must_use]
    pub fn outputs(&self) -> &[Port] {
        &self.outputs
    }

    /// The steps, in order of execution.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The fused loop nests of all steps, in order of execution.
    #[must_use]
    pub fn kernels(&self) -> Vec<&Kernel> {
        self.steps.iter().flat_map(Step::kernels).collect()
    }

    /// All that runs, in order of execution: the fused loop nests of all steps, and the routines.
    pub fn tasks(&self) -> impl Iterator<Item = Task<'_>> {
        self.steps.iter().flat_map(Step::tasks)
    }

    /// Every value of the expression, operands first: into which steps it was fused, or why it was not.
    #[must_use]
    pub fn nodes(&self) -> &[PlanNode] {
        &self.nodes
    }

    /// The values that are written to memory between kernels.
    #[must_use]
    pub fn stored(&self) -> &[Stored] {
        &self.stored
    }

    /// The constant arrays that the plan carries.
    #[must_use]
    pub fn constants(&self) -> &[ConstantArray] {
        &self.constants
    }

    /// The size in bytes of each slot of workspace, at the dims' upper bounds.
    #[must_use]
    pub fn slots(&self) -> &[u64] {
        &self.slots
    }

    /// Every operand that is converted to twice its bytes or more without anybody asking for it, in call
    /// order.
    #[must_use]
    pub fn upcasts(&self) -> &[Upcast] {
        &self.upcasts
    }

    /// All that a run allocates beyond inputs and outputs, at the dims' upper bounds.
    #[must_use]
    pub fn workspace_bytes(&self) -> u64 {
        self.slots.iter().fold(0u64, |sum, bytes| sum.saturating_add(*bytes))
    }

    /// What NumPy would allocate for the same expression, evaluated call by call: every result that is neither a view nor an
    /// output. Operands of other dtypes are converted piece by piece.
    #[must_use]
    pub const fn numpy_memory(&self) -> Temporaries {
        self.numpy
    }

    /// What a naive chain would have in memory at its end, beside inputs and outputs: one variable for each result that is no view,
    /// conversions included, as with operators that take arrays of one dtype.
    #[must_use]
    pub const fn naive_memory(&self) -> Temporaries {
        self.naive
    }

    /// For the output at a position, the input whose memory it takes over.
    #[must_use]
    pub fn in_place_input(&self, output: usize) -> Option<usize> {
        self.in_place.get(output).copied().flatten()
    }

    fn check_workspace(&self, graph: &Graph) -> Option<Diagnostic> {
        let limits = &self.limits;
        let bytes = self.workspace_in(&self.bounds);
        if bytes <= limits.bytes {
            return None;
        }
        let message = format!(
            "the plan stores {} bytes ({}) between kernels, over the limit of {}",
            grouped(bytes),
            human_bytes(bytes),
            grouped(limits.bytes)
        );
        let mut diagnostic = Diagnostic::new(DiagnosticKind::Workspace, message);
        let mut largest: Vec<&Stored> = self.stored.iter().filter(|stored| stored.output.is_none()).collect();
        largest.sort_by_key(|stored| std::cmp::Reverse(stored.array.shape.bytes(stored.array.dtype)));
        diagnostic.site = largest.first().map(|stored| stored.site);
        for (slot, stored) in largest.iter().take(3).enumerate() {
            let bytes = stored.array.shape.bytes(stored.array.dtype).unwrap_or(u64::MAX);
            diagnostic = diagnostic.operand(OperandNote {
                text: format!(
                    "`{}` {}: {}, {}",
                    stored.name,
                    stored.array,
                    human_bytes(bytes),
                    stored.reason
                ),
                slot,
                name: stored.name.clone(),
                array: Some(stored.array.clone()),
                site: Some(stored.site),
            });
        }
        let passes = |bounds: &Bounds| self.workspace_in(bounds) <= limits.bytes;
        let shapes = largest.first().map(|stored| &stored.array);
        for safe in
            shapes.into_iter().flat_map(|array| limits::safe_sizes(graph, array, &self.required, &passes))
        {
            diagnostic = diagnostic.help(safe);
        }
        Some(diagnostic.help(format!(
            "if this is meant, raise it with `Limits::default().with_bytes({})`",
            grouped(bytes).replace(' ', "_")
        )))
    }
}
