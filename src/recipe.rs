//! Graphs that own themselves.

use crate::expr::{Expr, Graph};
use crate::plan::Plan;
use crate::trace::Timed;
use fusewire_ir as ir;
use fusewire_ir::{Error, Limits, SiteId};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// A graph with its outputs, free of any borrow: to keep in a struct or a test case.
///
/// ```
/// use fusewire::prelude::*;
///
/// let g = Graph::new();
/// let x = g.input("x", F64, [3]);
/// let recipe = g.recipe([x.exp()])?;
/// drop(g);
///
/// // Plan it as it is, or go on building.
/// assert_eq!(recipe.plan(&Limits::default())?.kernels().len(), 1);
/// let g = recipe.graph();
/// let [exp] = recipe.outputs(&g)[..] else { unreachable!() };
/// assert_eq!(g.plan([exp.sum(All)], &Limits::default())?.kernels().len(), 1);
/// # Ok::<(), fusewire::Error>(())
/// ```
#[derive(Clone)]
pub struct Recipe {
    id: RecipeId,
    graph: ir::Graph,
    outputs: Vec<SiteId>,
}

/// Tells apart the moments at which graphs were copied: from then on they go different ways, and a call
/// site of one means something else in another, or nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecipeId(u64);

impl RecipeId {
    fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl Recipe {
    pub(crate) fn new(graph: ir::Graph, outputs: Vec<SiteId>) -> Self {
        Self { id: RecipeId::next(), graph, outputs }
    }

    /// No outputs.
    #[cfg(feature = "proptest")]
    pub(crate) fn empty() -> Self {
        Self::new(ir::Graph::new(), Vec::new())
    }

    /// Checks and fuses the outputs, as [`Graph::plan`] does.
    ///
    /// # Errors
    /// Every mistake that an output depends on.
    pub fn plan(&self, limits: &Limits) -> Result<Plan, Error> {
        let timed = Timed::begin();
        let plan = self.graph.plan(&self.outputs, limits);
        timed.planned(&plan);
        Ok(Plan::new(plan?))
    }

    /// A graph to go on building with.
    #[must_use]
    pub fn graph(&self) -> Graph {
        Graph::continuing(self.graph.clone(), self.id)
    }

    /// The inputs that the outputs depend on, by name.
    #[must_use]
    pub fn inputs(&self) -> Vec<(String, ir::ArrayType)> {
        let nodes: Vec<_> = self.outputs.iter().map(|site| self.graph.call_site(*site).node).collect();
        let reached = self.graph.reachable_nodes(&nodes).into_iter().map(|node| self.graph.node(node));
        reached
            .filter_map(|node| match &node.op {
                ir::graph::Op::Input(name) => Some((name.to_string(), node.array.clone()?)),
                _ => None,
            })
            .collect()
    }

    /// What the reference evaluator makes of the outputs: slowly, and without any compiled code.
    ///
    /// # Errors
    /// An input that is missing or of another size, or a node that cannot be evaluated, by name.
    #[cfg(feature = "proptest")]
    pub fn evaluate(
        &self,
        inputs: &std::collections::HashMap<String, ir::interpret::Array>,
        sizes: &ir::Sizes,
    ) -> Result<Vec<ir::interpret::Array>, String> {
        ir::interpret::evaluate(&self.graph, &self.outputs, inputs, sizes)
    }

    #[cfg(feature = "proptest")]
    pub(crate) fn parts(&self) -> (&ir::Graph, &[SiteId]) {
        (&self.graph, &self.outputs)
    }

    /// The outputs in a graph made by [`Recipe::graph`] of this recipe or a clone of it; none in any
    /// other graph, the one that the recipe was made from included.
    #[must_use]
    pub fn outputs<'g>(&self, graph: &'g Graph) -> Vec<Expr<'g>> {
        if graph.recipe_id() != Some(self.id) {
            return Vec::new();
        }
        self.outputs.iter().map(|site| graph.expr(*site)).collect()
    }
}

impl fmt::Debug for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.graph)?;
        for output in &self.outputs {
            writeln!(f, "output n{}", self.graph.call_site(*output).node.0)?;
        }
        Ok(())
    }
}
