//! From a checked expression to steps, and to the memory that they exchange values in.

use crate::bounds::Bounds;
use crate::diagnostic::{Diagnostic, DiagnosticKind, Error};
use crate::dtype::DType;
use crate::fuse::{self, Equalities, Lending, Places, StoreReason, Uncut, Unreachable};
use crate::graph::{Graph, NodeId, Op, SiteId, StorePolicy};
use crate::kernel::Buffer;
use crate::limits::{Limits, SizeChecks};
use crate::plan::{Plan, Port, Stored, Temporaries};
use crate::plan_node;
use crate::quick_hash::{QuickMap, QuickSet};
use crate::shape::{ArrayType, Shape};
use crate::step::Step;

/// What is to be planned, checked.
pub(crate) struct Expression<'a> {
    pub nodes: Vec<NodeId>,
    pub ports: Vec<Port>,
    pub sites: Sites<'a>,
    pub policies: QuickMap<NodeId, StorePolicy>,
}

/// The calls that outputs reach.
pub(crate) struct Sites<'a> {
    pub all: &'a [SiteId],
    /// For each node the call that it is known by.
    pub first: QuickMap<NodeId, SiteId>,
}

/// A plan without what limits say, or the values that were to wait in the memory of an output and found none.
enum Attempt {
    Planned(Box<Plan>),
    Homeless(fuse::Stores, Vec<NodeId>),
}

impl Graph {
    /// Steps and memory, with at most so many bytes for values that could as well be computed again, and with values that wait in
    /// the memory of outputs where they find a place.
    ///
    /// # Errors
    /// What no loops reach, which is a mistake of this crate.
    pub(crate) fn fused(
        &self,
        expression: &Expression<'_>,
        equalities: &Equalities,
        budget: u64,
        mut lending: Lending,
    ) -> Result<Plan, Error> {
        // What finds no place is planned without. That makes other kernels, in which others may find none: where there are many, it
        // takes time and is seldom worth it.
        const ATTEMPTS: usize = 2;
        const MOST_HOMELESS: usize = 32;
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.attempt(expression, equalities, budget, &lending)? {
                Attempt::Planned(plan) => return Ok(*plan),
                Attempt::Homeless(stores, homeless)
                    if attempt < ATTEMPTS && homeless.len() <= MOST_HOMELESS =>
                {
                    lending.refuse(&stores, &homeless);
                }
                Attempt::Homeless(..) => lending = Lending::none(),
            }
        }
    }

    fn attempt(
        &self,
        expression: &Expression<'_>,
        equalities: &Equalities,
        budget: u64,
        lending: &Lending,
    ) -> Result<Attempt, Error> {
        let Expression { nodes, sites, policies, .. } = expression;
        let fuse::Decision { stores, views, mut nests, regions } =
            fuse::decide(self, nodes, policies, budget, lending);
        let mut reads = fuse::all_reads(self, &views, &nests, regions);
        fuse::drop_unneeded(nodes, &mut nests, &mut reads);
        let groups = fuse::group(self, &nests, &reads, equalities);
        let homeless = fuse::homeless(self, nodes, &stores, &groups, &reads);
        if !homeless.is_empty() {
            return Ok(Attempt::Homeless(stores, homeless));
        }
        let read = ReadByOthers::new(&reads, &groups);
        let (mut plan, places) = self.lay_out(expression, &stores, &groups, &read);
        let mut tables = fuse::Tables::new();
        let step = |group: &fuse::Group| match group.routine {
            Some(routine) => fuse::call(self, &views, routine, &places, sites.first[&routine])
                .map(Step::Routine)
                .ok_or(Unreachable(routine)),
            None => fuse::emit(self, &views, &nests, group, &places, &mut tables).map(Step::Kernel),
        };
        let steps: Result<Vec<Step>, Unreachable> = groups.iter().map(step).collect();
        let steps = steps.map_err(|value| self.unreachable(expression, value))?;
        let lent: Vec<NodeId> = fuse::lent(&stores).collect();
        let together: Vec<Buffer> = lent.iter().filter_map(|node| places.read.get(node).copied()).collect();
        let (steps, order) = fuse::take_turns(steps, equalities, &together);
        plan.steps = steps;
        plan.assign_slots();
        // What has been stored for the sake of an output's memory must have got it, and wait there in the cache.
        let is_homeless = |node: &&NodeId| match places.read.get(*node) {
            Some(Buffer::Workspace(at)) => {
                plan.stored[*at].output.is_none() || plan.stored[*at].rows.is_none()
            }
            _ => true,
        };
        let homeless: Vec<NodeId> = lent.iter().filter(is_homeless).copied().collect();
        if !homeless.is_empty() {
            return Ok(Attempt::Homeless(stores, homeless));
        }
        let groups = order.iter().map(|group| &groups[*group]);
        plan.nodes = plan_node::decided(self, &sites.first, groups, &reads, &places, &stores);
        Ok(Attempt::Planned(Box::new(plan)))
    }

    /// An error instead of wrong numbers.
    fn unreachable(&self, expression: &Expression<'_>, Unreachable(node): Unreachable) -> Diagnostic {
        let site = expression.sites.first.get(&node);
        let name =
            site.map_or_else(|| "a value".to_string(), |site| format!("`{}`", self.display_name(*site)));
        let message =
            format!("{name} is read where no loops of its kernel reach it, which is a mistake of fusewire");
        let diagnostic = Diagnostic::new(DiagnosticKind::Compile, message);
        let diagnostic = match site {
            Some(site) => diagnostic.at(self.call_site(*site).site),
            None => diagnostic,
        };
        diagnostic.help("`.store(Always)` on it gives it loops of its own")
    }

    /// Decides where everything lives.
    fn lay_out(
        &self,
        Expression { nodes: output_nodes, ports, sites, .. }: &Expression<'_>,
        stores: &fuse::Stores,
        groups: &[fuse::Group],
        read: &ReadByOthers,
    ) -> (Plan, Places) {
        let mut plan = Plan {
            inputs: Vec::new(),
            in_place: vec![None; ports.len()],
            output_reasons: output_nodes.iter().map(|node| self.output_reason(*node)).collect(),
            outputs: ports.clone(),
            constants: Vec::new(),
            stored: Vec::new(),
            slots: Vec::new(),
            steps: Vec::new(),
            nodes: Vec::new(),
            numpy: Temporaries::default(),
            naive: Temporaries::default(),
            dims: Vec::new(),
            required: Vec::new(),
            stretches: Vec::new(),
            upcasts: Vec::new(),
            limits: Limits::default(),
            checks: SizeChecks::default(),
            bounds: Bounds::declared(),
        };
        let mut places = Places::default();
        for site in sites.all {
            let call = self.call_site(*site);
            let node = self.node(call.node);
            let (false, Some(array)) = (places.read.contains_key(&call.node), &node.array) else { continue };
            match &node.op {
                Op::Input(name) => {
                    places.read.insert(call.node, Buffer::Input(plan.inputs.len()));
                    let (name, field) = (name.clone(), self.records.input(name).cloned());
                    plan.inputs.push(Port { name, array: array.clone(), site: call.site, field });
                }
                Op::Array(held) => {
                    places.read.insert(call.node, Buffer::Constant(plan.constants.len()));
                    plan.constants.push(self.arrays()[*held].clone());
                }
                _ => {}
            }
        }
        for (position, node) in output_nodes.iter().enumerate() {
            let buffer = Buffer::Output(position);
            places.write.entry(*node).or_default().push(buffer);
            if !self.node(*node).op.is_leaf() || read.by_routines.contains(node) {
                places.read.entry(*node).or_insert(buffer);
            }
        }
        for group in groups {
            for root in group.members().map(|root| root.node).filter(|root| read.all.contains(root)) {
                let Some(array) = self.array(root).filter(|_| !places.write.contains_key(&root)) else {
                    continue;
                };
                let buffer = Buffer::Workspace(plan.stored.len());
                plan.stored.push(self.stored(sites.first[&root], array.clone(), stores[&root].clone()));
                places.read.insert(root, buffer);
                places.write.insert(root, vec![buffer]);
            }
            if let Some(routine) = group.routine
                && let Some(array) = self.scratch(routine)
            {
                places.scratch.insert(routine, Buffer::Workspace(plan.stored.len()));
                let scratch = self.stored(sites.first[&routine], array, StoreReason::Scratch);
                plan.stored.push(Stored { name: "scratch".into(), ..scratch });
            }
        }
        (plan, places)
    }

    /// Something that a plan keeps in workspace for a call.
    fn stored(&self, site: SiteId, array: ArrayType, reason: StoreReason) -> Stored {
        let name = self.display_name(site).to_string();
        Stored { name, array, reason, site: self.call_site(site).site, output: None, slot: 0, rows: None }
    }

    /// The scratch memory that a routine asks for, as an array of bytes.
    fn scratch(&self, routine: NodeId) -> Option<ArrayType> {
        let Op::Routine(routine_op) = &self.node(routine).op else { return None };
        let operands = self.operands(routine);
        let operands: Option<Vec<&ArrayType>> = operands.iter().map(|operand| self.array(*operand)).collect();
        let bytes = routine_op.scratch(&operands?)?;
        Some(ArrayType { dtype: DType::U8, shape: Shape::from(bytes) })
    }

    fn output_reason(&self, node: NodeId) -> StoreReason {
        match self.node(node).op {
            Op::Reduce { .. } => StoreReason::Reduction,
            Op::Concat { .. } => StoreReason::Joined(Uncut::Output),
            Op::Routine(_) => StoreReason::Routine,
            _ => StoreReason::Output,
        }
    }

    /// What NumPy and a naive chain would allocate: every result that is neither a view nor an output. Conversions are some where
    /// arrays are converted by calls of their own.
    pub(crate) fn temporaries(&self, outputs: &[NodeId]) -> (Temporaries, Temporaries) {
        let (mut numpy, mut naive) = (Temporaries::default(), Temporaries::default());
        let written: QuickSet<&NodeId> = outputs.iter().collect();
        for node in self.reachable_nodes(outputs) {
            let made = self.node(node);
            let is_array = || made.array.as_ref().is_some_and(|array| !array.shape.is_empty());
            let (by_numpy, by_chain) = match &made.op {
                Op::Input(_) | Op::Array(_) | Op::View(_) => (false, false),
                // A scalar is no array.
                Op::Generator(_) => (is_array(), is_array()),
                Op::Element(_) | Op::Custom(_) | Op::Reduce { .. } => (true, true),
                Op::Concat { .. } | Op::Routine(_) => (true, true),
                Op::Cast => (false, is_array()),
            };
            if by_chain && !written.contains(&node) {
                let bytes = made.array.as_ref().and_then(|array| array.shape.bytes(array.dtype));
                for memory in [by_numpy.then_some(&mut numpy), Some(&mut naive)].into_iter().flatten() {
                    memory.temporaries += 1;
                    memory.bytes = memory.bytes.saturating_add(bytes.unwrap_or(u64::MAX));
                }
            }
        }
        (numpy, naive)
    }
}

/// The stored values that another kernel or routine reads.
#[derive(Default)]
struct ReadByOthers {
    all: QuickSet<NodeId>,
    /// Those that a routine reads, which computes nothing where it reads it.
    by_routines: QuickSet<NodeId>,
}

impl ReadByOthers {
    fn new(reads: &fuse::AllReads, groups: &[fuse::Group]) -> Self {
        let mut read_by_others = Self::default();
        for group in groups {
            let members: QuickSet<NodeId> = group.members().map(|root| root.node).collect();
            let reads = group.members().flat_map(|root| &reads[&root].stored).map(|read| read.node);
            for node in reads.filter(|node| !members.contains(node)) {
                read_by_others.all.insert(node);
                if group.routine.is_some() {
                    read_by_others.by_routines.insert(node);
                }
            }
        }
        read_by_others
    }
}
