//! Repairs: what would fit, for an expression that is refused. Each has been planned, within the same limits.

use crate::chunk::Chunked;
use crate::composition::Broadcasts;
use crate::diagnostic::{Diagnostic, DiagnosticKind, Error, Site, grouped, human_bytes};
use crate::graph::{Graph, Op, SiteId, StorePolicy};
use crate::kernel::Buffer;
use crate::limits::Limits;
use crate::plan::{Plan, Task};
use crate::rebuild::{Edit, OperandChange, keeps_axis};
use crate::requirement::Requirement;
use std::collections::HashSet;

/// A change after which a refused expression fits.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Repair {
    /// The sort of change.
    pub kind: RepairKind,
    /// What to write, in words.
    pub text: String,
    /// The same for who writes the expression as text, in NumPy's words.
    pub numpy: String,
    /// The bytes that are in memory while the plan runs: inputs, outputs, constants and workspace.
    pub peak: u64,
}

/// A sort of change; those that are proposed first come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RepairKind {
    /// Drop an axis of size 1 that is stretched.
    DropAxis,
    /// Give an operand its new axes at the end instead of the front.
    ExpandOther,
    /// Reduce an operand along the axis that it would stretch others by: proposed where nothing else makes
    /// the operands meet.
    ReduceFirst,
    /// Leave out a `.store(Always)`.
    Recompute,
    /// Run the plan in pieces.
    Chunk,
    /// Compute in `f32`.
    SinglePrecision,
}

/// What a repair would run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Repaired {
    /// A plan of the expression as it would be written.
    Plan(Plan),
    /// A plan of the expression as it is, cut in pieces.
    Chunked(Chunked),
}

/// The most repairs that one diagnostic carries.
const MOST: usize = 4;
/// Of a larger expression no repairs are looked for: a refusal should not take longer than a plan.
const MOST_CALLS: usize = 4000;
/// Diagnostics for which repairs are looked for.
const MOST_DIAGNOSTICS: usize = 2;
/// Inputs along which a plan is cut, beside its first output.
const MOST_INPUTS: usize = 2;
/// Of more pieces than that, what it takes to begin each is more than what is done.
const MOST_PIECES: u64 = 100_000;
/// Calls that are looked at for an operand that several of them take.
const MOST_GUILTY: usize = 16;

impl Plan {
    /// The bytes that are in memory while the plan runs: inputs, outputs, constants and workspace, at the upper
    /// bounds of the dims; saturates.
    #[must_use]
    pub fn peak_bytes(&self) -> u64 {
        self.memory_report().peak
    }
}

impl Graph {
    /// The same error, with repairs for what can be repaired.
    pub(crate) fn with_repairs(&self, outputs: &[SiteId], limits: &Limits, mut error: Error) -> Error {
        if self.reachable_sites(outputs).len() > MOST_CALLS {
            return error;
        }
        // What mends several mistakes at once is proposed at the first of them.
        let guilty = self.guilty_calls(outputs, error.diagnostics());
        let mut proposed: Vec<Repair> = Vec::new();
        for wrong in error.diagnostics_mut().iter_mut().take(MOST_DIAGNOSTICS) {
            let found =
                self.repairs_of(outputs, limits, wrong, &guilty).into_iter().map(|(repair, _)| repair);
            wrong.repairs = found.filter(|repair| !proposed.contains(repair)).collect();
            proposed.extend(wrong.repairs.iter().cloned());
        }
        error
    }

    /// For a refused expression, what would fit, with what would then run: in order of the diagnostics, then of
    /// their kind.
    #[must_use]
    pub fn repairs(&self, outputs: &[SiteId], limits: &Limits) -> Vec<(Repair, Repaired)> {
        let Err(error) = self.plan_only(outputs, limits) else { return Vec::new() };
        let guilty = self.guilty_calls(outputs, error.diagnostics());
        let wrong = error.diagnostics().iter().take(MOST_DIAGNOSTICS);
        wrong.flat_map(|wrong| self.repairs_of(outputs, limits, wrong, &guilty)).collect()
    }

    /// The calls that any of these diagnostics speaks of.
    fn guilty_calls(&self, outputs: &[SiteId], wrong: &[Diagnostic]) -> Vec<SiteId> {
        wrong.iter().take(MOST_GUILTY).filter_map(|wrong| self.guilty_call(outputs, wrong)).collect()
    }

    fn repairs_of(
        &self,
        outputs: &[SiteId],
        limits: &Limits,
        wrong: &Diagnostic,
        guilty: &[SiteId],
    ) -> Vec<(Repair, Repaired)> {
        let mut found: Vec<(Repair, Repaired)> = Vec::new();
        if let Some(call) = self.guilty_call(outputs, wrong) {
            let edits = self.edits(outputs, call, wrong, guilty);
            found.extend(edits.iter().filter_map(|edit| self.edited_repair(outputs, limits, edit)));
        }
        if matches!(wrong.kind, DiagnosticKind::Limit | DiagnosticKind::Workspace) {
            found.extend(self.chunk_repair(outputs, limits, wrong));
        }
        if wrong.kind == DiagnosticKind::Workspace {
            found.extend(self.recompute_repair(outputs, limits));
            if let Some(plan) = self.edited_plan(outputs, limits, &Edit::Single) {
                let text = "compute in f32 instead of f64, inputs and outputs included".to_string();
                found.push(repair(RepairKind::SinglePrecision, text.clone(), text, plan));
            }
        }
        // Of each kind the one that takes least memory.
        found.sort_by_key(|(repair, _)| (repair.kind, repair.peak));
        found.dedup_by_key(|(repair, _)| repair.kind);
        // Axes that are put in their places leave the numbers what they are; a total is another number. But sizes that
        // broadcast as they are may fit elsewhere by accident.
        let aligns = |kind| match kind {
            RepairKind::DropAxis => true,
            RepairKind::ExpandOther => wrong.kind == DiagnosticKind::Shape,
            _ => false,
        };
        if found.iter().any(|(repair, _)| aligns(repair.kind)) {
            found.retain(|(repair, _)| repair.kind != RepairKind::ReduceFirst);
        }
        found.truncate(MOST);
        found
    }

    /// The call that a diagnostic speaks of, where it combines operands.
    fn guilty_call(&self, outputs: &[SiteId], wrong: &Diagnostic) -> Option<SiteId> {
        let kinds =
            [DiagnosticKind::Limit, DiagnosticKind::Shape, DiagnosticKind::Label, DiagnosticKind::Broadcast];
        let (node, true) = (wrong.node?, kinds.contains(&wrong.kind)) else { return None };
        let is_it = |site: &SiteId| {
            let call = self.call_site(*site);
            call.node == node && Some(call.site) == wrong.site && call.operands.len() > 1
        };
        let site = self.reachable_sites(outputs).into_iter().find(is_it)?;
        matches!(self.node(node).op, Op::Element(_) | Op::Custom(_)).then_some(site)
    }

    /// Changes of operands that keep one from stretching the others, there and in the other guilty calls that take the same operand.
    fn edits(
        &self,
        outputs: &[SiteId],
        call: SiteId,
        wrong: &Diagnostic,
        guilty_calls: &[SiteId],
    ) -> Vec<Edit> {
        let operands = &self.call_site(call).operands;
        let arrays: Vec<_> = operands.iter().map(|operand| self.site_array(*operand)).collect();
        let rank = arrays.iter().flatten().map(|array| array.shape.len()).max().unwrap_or(0);
        let guilty = wrong.axis.and_then(|axis| rank.checked_sub(axis));
        let mut edits = Vec::new();
        for (slot, array) in arrays.iter().enumerate() {
            let Some(array) = array else { continue };
            let others = guilty_calls.iter().filter(|other| **other != call).flat_map(|other| {
                let taken = self.call_site(*other).operands.iter().enumerate();
                taken.filter(|(_, operand)| **operand == operands[slot]).map(|(slot, _)| (*other, slot))
            });
            let taken: Vec<(SiteId, usize)> = std::iter::once((call, slot)).chain(others).collect();
            let Some(places) = self.given_places(outputs, &taken) else { continue };
            let edit = |change| Edit::Operand { places: places.clone(), calls: taken.len(), change };
            let own_rank = array.shape.len();
            let single = (0..own_rank).filter(|axis| array.shape[*axis].is_one());
            edits.extend(single.map(|axis| edit(OperandChange::Squeeze { axis })));
            // Others have size 1 there, or no axis, or another size.
            if let Some(axis) = guilty.and_then(|from_end| own_rank.checked_sub(from_end))
                && !array.shape[axis].is_one()
                && (own_rank < rank || self.is_stretched_by(call, slot, own_rank - axis))
            {
                edits.push(edit(OperandChange::Sum { axis }));
            }
            if own_rank == 1 && rank > 1 {
                edits.extend((1..rank).map(|count| edit(OperandChange::ExpandEnd { count })));
            }
        }
        edits
    }

    /// Where what the user wrote goes into these calls: into them, into a conversion before them, or everywhere into
    /// the composed function that they are a part of. `None` where the function decides itself how its operands meet, or
    /// takes something that it made in another shape: no change of what the user wrote is one of theirs.
    fn given_places(&self, outputs: &[SiteId], taken: &[(SiteId, usize)]) -> Option<Vec<(SiteId, usize)>> {
        let mut places = Vec::new();
        for (call, slot) in taken {
            let within = self.call_site(*call).composition;
            if within.is_some_and(|function| function.broadcasts == Broadcasts::OfFunction) {
                return None;
            }
            let operand = self.call_site(*call).operands[*slot];
            let given = self.given(operand, within);
            let shape = |site| Some(&self.site_array(site)?.shape);
            if shape(given) != shape(operand) {
                return None;
            }
            let before = places.len();
            if within.is_some() {
                for site in self.reachable_sites(outputs) {
                    let call = self.call_site(site);
                    let taken = call.operands.iter().enumerate().filter(|(_, operand)| **operand == given);
                    if call.composition == within {
                        places.extend(taken.map(|(slot, _)| (site, slot)));
                    }
                }
            } else {
                let (mut call, mut slot) = (*call, *slot);
                while self.call_site(call).operands[slot] != given {
                    (call, slot) = (self.call_site(call).operands[slot], 0);
                    self.call_site(call).operands.first()?;
                }
                places.push((call, slot));
            }
            if places.len() == before {
                return None;
            }
        }
        Some(places)
    }

    fn edited_plan(&self, outputs: &[SiteId], limits: &Limits, edit: &Edit) -> Option<Plan> {
        let (graph, outputs) = self.edited(outputs, edit)?;
        graph.plan_only(&outputs, limits).ok()
    }

    /// One `.store(Always)` to leave out, or all of them.
    fn recompute_repair(&self, outputs: &[SiteId], limits: &Limits) -> Option<(Repair, Repaired)> {
        let sites = self.reachable_sites(outputs);
        let asks = |site: &SiteId| self.call_site(*site).store == StorePolicy::Always;
        let asking: Vec<SiteId> = sites.into_iter().filter(asks).collect();
        let leave_out = |calls: &[SiteId]| {
            let plan = self.edited_plan(outputs, limits, &Edit::Recomputed { calls: calls.to_vec() })?;
            Some((plan, calls.to_vec()))
        };
        let alone = asking.iter().take(MOST_GUILTY).filter_map(|site| leave_out(&[*site]));
        let alone = alone.min_by_key(|(plan, _)| plan.peak_bytes());
        let (plan, left_out) = alone.or_else(|| leave_out(&asking).filter(|_| asking.len() > 1))?;
        let text = match &left_out[..] {
            [site] => {
                let (name, place) = (self.display_name(*site), self.call_site(*site).site);
                format!(
                    "leave out `.store(Always)` of `{name}` ({place}), which is then computed where it is used"
                )
            }
            several => format!(
                "leave out all {} `.store(Always)`: those values are then computed where they are used",
                several.len()
            ),
        };
        Some(repair(RepairKind::Recompute, text.clone(), text, plan))
    }

    /// Does an operand have several elements where another one has one?
    fn is_stretched_by(&self, call: SiteId, slot: usize, from_end: usize) -> bool {
        let others = self.call_site(call).operands.iter().enumerate().filter(|(other, _)| *other != slot);
        let mut others = others.filter_map(|(_, operand)| self.site_array(*operand));
        others.any(|other| other.shape.from_end(from_end).is_none_or(|dim| dim.is_one()))
    }

    fn edited_repair(&self, outputs: &[SiteId], limits: &Limits, edit: &Edit) -> Option<(Repair, Repaired)> {
        let Edit::Operand { places, calls, change } = edit else { return None };
        let (call, slot) = *places.first()?;
        let plan = self.edited_plan(outputs, limits, edit)?;
        // What holds only where sizes happen to be equal is another mistake.
        let sites = self.reachable_sites(outputs);
        let mut seen = crate::quick_hash::QuickSet::default();
        let known: Vec<_> = sites.iter().flat_map(|site| self.requirements(*site, &mut seen)).collect();
        let known: HashSet<&Requirement> = known.iter().map(|known| &known.requirement).collect();
        if plan.required.iter().any(|new| new.by != "assume_equal" && !known.contains(&new.requirement)) {
            return None;
        }
        let operand = self.call_site(call).operands[slot];
        let name = self.display_name(operand);
        let rank = self.site_array(operand)?.shape.len();
        let everywhere = match calls {
            1 => String::new(),
            more => format!(" in all {more} calls"),
        };
        let is_input = matches!(self.node(self.call_site(operand).node).op, Op::Input(_));
        let (kind, what, call, numpy) = match *change {
            OperandChange::Squeeze { axis } => (
                RepairKind::DropAxis,
                format!("drop axis {axis} of `{name}`, which has size 1, with"),
                format!(".squeeze(Axis({axis}))"),
                format!(".squeeze(axis={axis})"),
            ),
            OperandChange::Sum { axis } => {
                let (keepdims, numpy) =
                    if keeps_axis(rank) { (".keepdims()", ", keepdims=True") } else { ("", "") };
                (
                    RepairKind::ReduceFirst,
                    format!("reduce `{name}` along axis {axis} first, as with"),
                    format!(".sum(Axis({axis}){keepdims})"),
                    format!(".sum(axis={axis}{numpy})"),
                )
            }
            OperandChange::ExpandEnd { count } => {
                let axes: Vec<String> = (1..=count).map(|axis| axis.to_string()).collect();
                let axes = axes.join(", ");
                let tuple = if count == 1 { axes.clone() } else { format!("({axes})") };
                let of = if is_input { name } else { "..." };
                (
                    RepairKind::ExpandOther,
                    format!("expand `{name}` on the other side, with"),
                    format!(".expand_dims([{axes}])"),
                    format!("np.expand_dims({of}, axis={tuple})"),
                )
            }
        };
        let text = |call: &str| format!("{what} `{call}`{everywhere}");
        Some(repair(kind, text(&call), text(&numpy), plan))
    }

    /// The axis along which the plan fits in the fewest pieces: of the first output, or of the largest inputs.
    fn chunk_repair(
        &self,
        outputs: &[SiteId],
        limits: &Limits,
        wrong: &Diagnostic,
    ) -> Option<(Repair, Repaired)> {
        let unlimited = limits.clone().with_elements(u64::MAX).with_bytes(u64::MAX);
        let whole = self.plan_only(outputs, &unlimited).ok()?.workspace_bytes();
        // No more is raised than has to be.
        let (mut raised, mut says) = (limits.clone(), String::new());
        if wrong.kind == DiagnosticKind::Limit {
            raised = raised.with_elements(u64::MAX);
            says += ".with_elements(u64::MAX)";
        }
        if whole > limits.bytes {
            raised = raised.with_bytes(whole);
            says += &format!(".with_bytes({})", grouped(whole).replace(' ', "_"));
        }
        let plan = self.plan_only(outputs, &raised).ok()?;
        let elements = plan.checks.limit(limits, &plan.bounds);
        let is_large = |elements_of: Option<u64>| elements_of.is_none_or(|count| count > elements);
        // An output is needed as a whole.
        if plan.outputs.iter().any(|port| is_large(port.array.shape.elements())) {
            return None;
        }
        let fits = |cut: &Chunked| {
            let most = cut.plan().tasks().map(|task| match task {
                Task::Kernel(kernel) => kernel.iterations(),
                Task::Routine(call) => call.result.shape.elements().unwrap_or(u64::MAX),
            });
            most.max().is_none_or(|most| most <= elements) && cut.plan().workspace_bytes() <= limits.bytes
        };
        let site = wrong.site.unwrap_or_else(Site::caller);
        let first = plan.first_port();
        let mut inputs: Vec<usize> = (0..plan.inputs.len()).collect();
        inputs.sort_by_key(|at| std::cmp::Reverse(plan.inputs[*at].array.shape.elements()));
        let inputs = inputs.into_iter().map(Buffer::Input).filter(|port| *port != first);
        let ports = std::iter::once(first).chain(inputs.take(MOST_INPUTS));
        let ways = ports.flat_map(|port| {
            let rank = plan.port_of(port).map_or(0, |port| port.array.shape.len());
            (0..rank).map(move |axis| (port, axis))
        });
        let cut = ways.filter_map(|(port, axis)| plan.chunked_by(port, axis, site, &fits).ok());
        let cut = cut.min_by_key(Chunked::pieces).filter(|cut| (2..=MOST_PIECES).contains(&cut.pieces()))?;
        let (axis, port) = (cut.axis(), cut.port());
        let bytes = grouped(cut.bytes()).replace(' ', "_");
        let (of_port, call) = if plan.port_of(first).is_some_and(|first| *first.name == *port) {
            (String::new(), format!(".chunked(Axis({axis}), {bytes})"))
        } else {
            (format!(" of `{port}`"), format!(".chunked_along(\"{port}\", Axis({axis}), {bytes})"))
        };
        let pieces = grouped(cut.pieces());
        let text =
            format!("run it in {pieces} pieces along axis {axis}{of_port}: `{call}` on a plan with `{says}`");
        let numpy = format!(
            "run it in {pieces} pieces along axis {axis} of `{port}`, with the library in Rust: `{call}`"
        );
        let peak = cut.plan().peak_bytes();
        Some((planned(RepairKind::Chunk, text, numpy, peak), Repaired::Chunked(cut)))
    }
}

fn repair(kind: RepairKind, text: String, numpy: String, plan: Plan) -> (Repair, Repaired) {
    (planned(kind, text, numpy, plan.peak_bytes()), Repaired::Plan(plan))
}

fn planned(kind: RepairKind, text: String, numpy: String, peak: u64) -> Repair {
    let [text, numpy] =
        [text, numpy].map(|text| format!("{text}: planned, with a peak of {}", human_bytes(peak)));
    Repair { kind, text, numpy, peak }
}
