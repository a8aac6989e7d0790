//! The expression graph: an append-only, hash-consed DAG that remembers every call of the user.
//!
//! Equal operations on equal operands are one [`Node`]. Each call that asked for it is kept as a
//! [`CallSite`], with its own place in the source, its own operands' call sites and its own excuses:
//! two lines that compute the same thing share the work but not the blame.

use crate::broadcast::BroadcastPolicy;
use crate::build_record::Records;
use crate::composition::{Broadcasts, Composition};
use crate::custom::Custom;
use crate::declaration::{Declaration, Needs};
use crate::diagnostic::{Diagnostic, Site};
use crate::dim::Dim;
use crate::op::ElementOp;
use crate::reduce::ReduceOp;
use crate::requirement::Required;
use crate::routine::Routine;
use crate::scalar::Scalar;
use crate::shape::ArrayType;
use crate::view::View;
use petgraph::graph::{DiGraph, NodeIndex};
use smallvec::SmallVec;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// A node of a [`Graph`]. Operands have smaller ids than the nodes that use them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

/// A call of the user that made (or found) a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SiteId(pub u32);

impl NodeId {
    /// Its position in order of creation.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl SiteId {
    /// Its position in order of creation.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// An array whose elements follow from their index: computed in the loop, never stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Generator {
    /// One value everywhere.
    Full(Scalar),
    /// `start + step * index`, both of the array's dtype.
    Arange {
        /// The first element.
        start: Scalar,
        /// The distance between elements.
        step: Scalar,
    },
    /// `start + step * index` in `f64`; the element at `last` is `stop` itself.
    Linspace {
        /// The first element.
        start: Scalar,
        /// The distance between elements.
        step: Scalar,
        /// The last element, where the end point is included.
        stop: Option<Scalar>,
    },
    /// As `Linspace` with its end point, for a count that is not known: the step is computed from it.
    LinspaceOver {
        /// The first element.
        start: Scalar,
        /// The last element.
        stop: Scalar,
    },
    /// A size as a number without axes.
    Size(Dim),
}

/// What a node computes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// An array bound by name when the program runs.
    Input(Arc<str>),
    /// A small array whose elements the graph holds, by its position in [`Graph::arrays`].
    Array(usize),
    /// An array computed from its indices; a scalar constant is a `Full` without axes.
    Generator(Generator),
    /// A row of the op table, on operands of the dtypes its rule asks for.
    Element(ElementOp),
    /// A user's function, on operands of its dtypes.
    Custom(Custom),
    /// The operand in the node's dtype.
    Cast,
    /// The operand seen through other axes.
    View(View),
    /// The operand combined along axes, which stay as size 1 if `keepdims`.
    Reduce {
        /// How elements are combined.
        op: ReduceOp,
        /// Ascending and distinct.
        axes: SmallVec<[usize; 2]>,
        /// Do reduced axes stay, with size 1?
        keepdims: bool,
    },
    /// The operands one after another along an axis; their other sizes are equal.
    Concat {
        /// The axis along which they are joined.
        axis: usize,
    },
    /// An operation on whole arrays in memory.
    Routine(Routine),
}

impl Op {
    /// The name used in plans and diagnostics.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Input(name) => name,
            Self::Array(_) => "constant",
            Self::Generator(Generator::Full(_)) => "full",
            Self::Generator(Generator::Arange { .. }) => "arange",
            Self::Generator(Generator::Linspace { .. } | Generator::LinspaceOver { .. }) => "linspace",
            Self::Generator(Generator::Size(_)) => "size",
            Self::Element(op) => op.name(),
            Self::Custom(custom) => custom.name(),
            Self::Cast => "astype",
            Self::View(view) => view.name(),
            Self::Reduce { op, .. } => op.name(),
            Self::Concat { .. } => "concat",
            Self::Routine(routine) => routine.name(),
        }
    }

    /// Is it a value that needs no operand?
    #[must_use]
    pub const fn is_leaf(&self) -> bool {
        matches!(self, Self::Input(_) | Self::Array(_) | Self::Generator(_))
    }
}

/// A computation with the dtype and shape of its result.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it computes.
    pub op: Op,
    /// Its dtype and shape; `None` where it is wrong, or an operand of it is.
    pub array: Option<ArrayType>,
}

/// Whether a value is written to memory between kernels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum StorePolicy {
    /// Where it pays.
    #[default]
    Auto,
    /// Computed once, at its own shape, and written to memory if another kernel reads it. Wins over
    /// `Never` of another call that computes the same value.
    Always,
    /// Never: it is computed again wherever it is needed. Gives way only where an expression is too long
    /// for one kernel and nothing else could be stored, and where a routine makes or reads it.
    Never,
}

/// One call of the user.
#[derive(Clone, Debug)]
pub struct CallSite {
    /// The node that the call made or found.
    pub node: NodeId,
    /// The place of the call.
    pub site: Site,
    /// The calls that made the operands, in operand order.
    pub operands: SmallVec<[SiteId; 2]>,
    /// The most elements that this call may make whatever the limits say.
    pub allow_elements: Option<u64>,
    /// The name the user gave it.
    pub label: Option<Arc<str>>,
    /// Whether its value is stored.
    pub store: StorePolicy,
    /// Which broadcasts it may do.
    pub policy: BroadcastPolicy,
    /// The function of which it is a part.
    pub composition: Option<Composition>,
    /// Is it the conversion of an operand, which nobody wrote?
    pub is_conversion: bool,
}

/// The elements of a small array that the graph holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConstantArray {
    /// Dtype and shape; all dims are known.
    pub array: ArrayType,
    /// In C order.
    pub elements: Arc<[Scalar]>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct NodeKey {
    op: Op,
    array: ArrayType,
    operands: SmallVec<[NodeId; 2]>,
}

type SiteKey = (NodeId, Site, SmallVec<[SiteId; 2]>, BroadcastPolicy, Option<Composition>, bool);

/// An append-only expression graph.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Edges run from operand to user and carry the operand's slot.
    nodes: DiGraph<Node, u32>,
    /// The operands of each node side by side: planning asks for them again and again.
    operands: Vec<SmallVec<[NodeId; 3]>>,
    interned: HashMap<NodeKey, NodeId>,
    call_sites: Vec<CallSite>,
    interned_sites: HashMap<SiteKey, SiteId>,
    arrays: Vec<ConstantArray>,
    interned_arrays: HashMap<ConstantArray, usize>,
    inputs: HashMap<Arc<str>, SiteId>,
    pub(crate) records: Records,
    pub(crate) symbols: HashMap<Arc<str>, Declaration>,
    /// What must hold for a call to be right.
    pub(crate) requirements: crate::quick_hash::QuickMap<SiteId, Needs>,
    /// What the user promised of sizes, with what is wrong about it.
    pub(crate) assumptions: Vec<(Required, Option<Diagnostic>)>,
    /// For the calls to come.
    policy: BroadcastPolicy,
    /// Where the calls to come stand, for a front end whose user writes no Rust.
    pub(crate) place: Option<Site>,
    /// The function of which the calls to come are a part.
    pub(crate) composing: Option<Composition>,
    /// Is the conversion of an operand being added?
    pub(crate) converting: bool,
    /// How many functions have been called.
    pub(crate) compositions: u32,
    /// What is wrong with a call, in call order.
    diagnostics: Vec<(SiteId, Diagnostic)>,
}

impl Graph {
    /// An empty graph.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of nodes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.node_count()
    }

    /// Has it no nodes?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A node.
    #[must_use]
    pub fn node(&self, node: NodeId) -> &Node {
        &self.nodes[NodeIndex::new(node.index())]
    }

    /// A node's dtype and shape; only for nodes that are sound.
    #[must_use]
    pub fn array(&self, node: NodeId) -> Option<&ArrayType> {
        self.node(node).array.as_ref()
    }

    /// The operands of a node, in operand order: the one place that knows petgraph lists
    /// neighbours the other way round.
    #[must_use]
    pub fn operands(&self, node: NodeId) -> &[NodeId] {
        &self.operands[node.index()]
    }

    /// A call of the user.
    #[must_use]
    pub fn call_site(&self, site: SiteId) -> &CallSite {
        &self.call_sites[site.index()]
    }

    /// The dtype and shape that a call made.
    #[must_use]
    pub fn site_array(&self, site: SiteId) -> Option<&ArrayType> {
        self.array(self.call_site(site).node)
    }

    /// The small arrays held by the graph.
    #[must_use]
    pub fn arrays(&self) -> &[ConstantArray] {
        &self.arrays
    }

    /// The first call that declared the input of this name.
    #[must_use]
    pub fn input_named(&self, name: &str) -> Option<SiteId> {
        self.inputs.get(name).copied()
    }

    pub(crate) fn name_input(&mut self, name: &str, input: SiteId) {
        self.inputs.entry(name.into()).or_insert(input);
    }

    /// Which broadcasts the calls that follow may do; those made already keep theirs.
    pub const fn set_broadcast(&mut self, policy: BroadcastPolicy) {
        self.policy = policy;
    }

    /// Where the calls that follow stand, whatever place they give: for a front end whose user writes no Rust.
    /// `None` believes the calls again.
    pub const fn set_place(&mut self, place: Option<Site>) {
        self.place = place;
    }

    /// What is wrong with single calls, in call order.
    #[must_use]
    pub fn diagnostics(&self) -> &[(SiteId, Diagnostic)] {
        &self.diagnostics
    }

    /// The name a diagnostic uses for what a call made: the user's label, or the operation.
    #[must_use]
    pub fn display_name(&self, site: SiteId) -> &str {
        self.call_site(site).label.as_deref().unwrap_or_else(|| self.called_at(site))
    }

    /// Every call that these calls reach, themselves included, operands before users.
    #[must_use]
    pub fn reachable_sites(&self, from: &[SiteId]) -> Vec<SiteId> {
        let mut seen = vec![false; self.call_sites.len()];
        let mut pending: Vec<SiteId> = from.to_vec();
        while let Some(site) = pending.pop() {
            if !std::mem::replace(&mut seen[site.index()], true) {
                pending.extend(&self.call_site(site).operands);
            }
        }
        // Append-only: a call's operands were made before it.
        (0..).zip(seen).filter(|(_, seen)| *seen).map(|(at, _)| SiteId(at)).collect()
    }

    /// Every node that these nodes reach, themselves included, operands before users.
    #[must_use]
    pub fn reachable_nodes(&self, from: &[NodeId]) -> Vec<NodeId> {
        let mut seen = vec![false; self.len()];
        let mut pending: Vec<NodeId> = from.to_vec();
        while let Some(node) = pending.pop() {
            if !std::mem::replace(&mut seen[node.index()], true) {
                pending.extend(self.operands(node));
            }
        }
        (0..).zip(seen).filter(|(_, seen)| *seen).map(|(at, _)| NodeId(at)).collect()
    }

    /// Is there a node of this operation on this operand?
    pub(crate) fn has(&self, op: &Op, array: &ArrayType, operand: SiteId) -> bool {
        let operands = std::iter::once(self.call_site(operand).node).collect();
        let key = NodeKey { op: op.clone(), array: array.clone(), operands };
        self.interned.contains_key(&key)
    }

    /// Adds a sound node, or finds the equal one, and records the call.
    pub(crate) fn add(&mut self, op: Op, array: ArrayType, operands: &[SiteId], site: Site) -> SiteId {
        let nodes: SmallVec<[NodeId; 2]> =
            operands.iter().map(|operand| self.call_site(*operand).node).collect();
        let key = NodeKey { op, array, operands: nodes };
        let node = match self.interned.get(&key) {
            Some(node) => *node,
            None => {
                let node = self.insert(key.op.clone(), Some(key.array.clone()), &key.operands);
                self.interned.insert(key, node);
                node
            }
        };
        self.record(node, site, operands.into())
    }

    /// Adds a node that is wrong, with what is wrong about it; without a diagnostic it is wrong only
    /// because an operand of it is.
    pub(crate) fn add_poison(
        &mut self,
        op: Op,
        operands: &[SiteId],
        site: Site,
        diagnostic: Option<Diagnostic>,
    ) -> SiteId {
        let nodes: SmallVec<[NodeId; 2]> =
            operands.iter().map(|operand| self.call_site(*operand).node).collect();
        let node = self.insert(op, None, &nodes);
        let call = self.record(node, site, operands.into());
        if let Some(mut diagnostic) = diagnostic {
            diagnostic.node = Some(node);
            diagnostic.site.get_or_insert(self.call_site(call).site);
            diagnostic.composition = self.composing;
            self.diagnostics.push((call, diagnostic));
        }
        call
    }

    /// A graph that computes this node alone, from inputs called `operand0`, `operand1`, ... with the
    /// types of its operands; `None` where the node is wrong.
    #[must_use]
    pub fn isolated(&self, node: NodeId) -> Option<(Self, SiteId)> {
        let mut alone = Self::new();
        alone.symbols.clone_from(&self.symbols);
        let site = Site { file: "isolated", line: 1, column: 1 };
        let mut operands: SmallVec<[SiteId; 3]> = SmallVec::new();
        for (slot, operand) in self.operands(node).iter().copied().enumerate() {
            let array = self.array(operand)?;
            operands.push(alone.input(&format!("operand{slot}"), array.dtype, array.shape.clone(), site));
        }
        let mut op = self.node(node).op.clone();
        if let Op::Array(held) = op {
            op = Op::Array(alone.hold(self.arrays[held].clone()));
        }
        let call = alone.add(op, self.array(node)?.clone(), &operands, site);
        Some((alone, call))
    }

    /// The same call with an excuse, a name or a store policy of its own.
    pub fn amend(&mut self, site: SiteId, change: impl FnOnce(&mut CallSite)) -> SiteId {
        let mut call = self.call_site(site).clone();
        change(&mut call);
        let amended = self.push_site(call);
        self.require_as(amended, site);
        // What was wrong with the call is wrong with its copy.
        let wrong = self.diagnostics.iter().find(|(at, _)| *at == site).map(|(_, wrong)| wrong.clone());
        if let Some(wrong) = wrong {
            self.diagnostics.push((amended, wrong));
        }
        amended
    }

    pub(crate) fn hold(&mut self, constant: ConstantArray) -> usize {
        let next = self.arrays.len();
        *self.interned_arrays.entry(constant).or_insert_with_key(|constant| {
            self.arrays.push(constant.clone());
            next
        })
    }

    fn insert(&mut self, op: Op, array: Option<ArrayType>, operands: &[NodeId]) -> NodeId {
        let node = self.nodes.add_node(Node { op, array });
        for (slot, operand) in (0..).zip(operands) {
            self.nodes.add_edge(NodeIndex::new(operand.index()), node, slot);
        }
        self.operands.push(operands.into());
        NodeId(node.index() as u32)
    }

    fn record(&mut self, node: NodeId, site: Site, operands: SmallVec<[SiteId; 2]>) -> SiteId {
        // Inside of a composed function the place is that of its call.
        let site = self.called_from(site);
        let policy = match self.composing.map(|composition| composition.broadcasts) {
            Some(Broadcasts::OfFunction) => BroadcastPolicy::NumPy,
            _ => self.policy,
        };
        let key = (node, site, operands, policy, self.composing, self.converting);
        if let Some(known) = self.interned_sites.get(&key) {
            return *known;
        }
        let call = CallSite {
            node,
            site,
            operands: key.2.clone(),
            allow_elements: None,
            label: None,
            store: StorePolicy::Auto,
            policy,
            composition: self.composing,
            is_conversion: self.converting,
        };
        let id = self.push_site(call);
        self.interned_sites.insert(key, id);
        id
    }

    fn push_site(&mut self, call: CallSite) -> SiteId {
        self.call_sites.push(call);
        SiteId(self.call_sites.len() as u32 - 1)
    }
}

/// One node a line, in order of creation.
impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for index in 0..self.len() {
            let id = NodeId(index as u32);
            let node = self.node(id);
            write!(f, "n{index} = {}", node.op.name())?;
            for operand in self.operands(id).iter().copied() {
                write!(f, " n{}", operand.0)?;
            }
            match &node.array {
                Some(array) => writeln!(f, ": {array}")?,
                None => writeln!(f, ": error")?,
            }
        }
        Ok(())
    }
}
