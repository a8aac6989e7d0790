//! The sizes of a plan that are not known yet: which there are, what they must satisfy, how far they may go.

use crate::bounds::Bounds;
use crate::broadcast::Stretch;
use crate::diagnostic::{Diagnostic, DiagnosticKind, Error, OperandNote, Site};
use crate::graph::{Generator, Graph, Op, SiteId};
use crate::limits::largest_passing;
use crate::plan::{Plan, Task};
use crate::quick_hash::{QuickMap, QuickSet};
use crate::requirement::{Required, Sizes, possible, tightened};
use crate::size::Symbol;
use std::sync::Arc;

/// A size that a binding decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanDim {
    /// The name.
    pub name: Arc<str>,
    /// The smallest size allowed.
    pub lower: u64,
    /// The largest size allowed: limits hold up to it.
    pub upper: u64,
    /// Where it was declared, or used first.
    pub site: Site,
}

impl PlanDim {
    pub(crate) fn symbol(&self) -> Symbol {
        Symbol { name: self.name.clone(), lower: self.lower, upper: self.upper }
    }

    /// A line about it, for diagnostics.
    #[must_use]
    pub fn note(&self) -> OperandNote {
        OperandNote {
            text: format!("`{}` {}..={}", self.name, self.lower, self.upper),
            slot: 0,
            name: self.name.to_string(),
            array: None,
            site: Some(self.site),
        }
    }
}

impl Graph {
    /// The symbols of these calls, in the order in which they are met: in shapes, and in what must hold.
    pub(crate) fn dims_of(&self, sites: &[SiteId]) -> Vec<PlanDim> {
        let mut seen: QuickSet<Arc<str>> = QuickSet::default();
        let mut dims = Vec::new();
        let mut visit = |symbol: &Symbol| {
            if let Some((_, site)) = self.declaration(&symbol.name)
                && seen.insert(symbol.name.clone())
            {
                let Symbol { name, lower, upper } = symbol.clone();
                dims.push(PlanDim { name, lower, upper, site });
            }
        };
        let mut calls = QuickSet::default();
        for site in sites {
            let node = self.node(self.call_site(*site).node);
            for dim in node.array.iter().flat_map(|array| array.shape.iter()) {
                dim.size().symbols(&mut visit);
            }
            if let Op::Generator(Generator::Size(size)) = &node.op {
                size.size().symbols(&mut visit);
            }
            for required in self.requirements(*site, &mut calls) {
                required.requirement.symbols(&mut visit);
            }
        }
        dims
    }

    /// What must hold of sizes for these calls; contradictions are reported.
    pub(crate) fn required(
        &self,
        sites: &[SiteId],
        dims: &[PlanDim],
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<Required> {
        let mut required: Vec<Required> = Vec::new();
        let names: QuickSet<&Arc<str>> = dims.iter().map(|dim| &dim.name).collect();
        for (assumed, wrong) in self.assumptions() {
            let (mut known, mut unknown) = (false, false);
            assumed.requirement.symbols(&mut |symbol| {
                let is_known = names.contains(&symbol.name);
                known |= is_known;
                unknown |= !is_known;
            });
            if let (Some(wrong), true) = (wrong, known) {
                diagnostics.push(wrong.clone());
            } else if !unknown {
                required.push(assumed.clone());
            }
        }
        let (mut seen, mut calls) = (QuickSet::default(), QuickSet::default());
        for site in sites {
            let own = self.requirements(*site, &mut calls).into_iter();
            required.extend(own.filter(|own| seen.insert(&own.requirement)).cloned());
        }
        let bounds = tightened(&required, Bounds::declared());
        // What speaks of each symbol.
        let mut speaking: QuickMap<Arc<str>, Vec<usize>> = QuickMap::default();
        for (at, required) in required.iter().enumerate() {
            required.requirement.symbols(&mut |symbol| {
                let speaking = speaking.entry(symbol.name.clone()).or_default();
                if speaking.last() != Some(&at) {
                    speaking.push(at);
                }
            });
        }
        let required_of =
            |symbol: &Symbol| speaking.get(&symbol.name).into_iter().flatten().map(|at| &required[*at]);
        for required in &required {
            if required.requirement.contradicts(&bounds) {
                let message = format!(
                    "`{}` needs {}, which no size within the bounds satisfies together with the rest",
                    required.by, required.requirement
                );
                let mut diagnostic = required.diagnostic(message);
                required.requirement.symbols(&mut |symbol| {
                    let Some((_, site)) = self.declaration(&symbol.name) else { return };
                    let (lower, upper) = bounds.of(symbol);
                    let mut text = format!("`{}` is {}..={}", symbol.name, symbol.lower, symbol.upper);
                    if (lower, upper) != (symbol.lower, symbol.upper) {
                        text.push_str(&format!(", of which the rest leaves {lower}..={upper}"));
                    }
                    text.push_str(&format!("  ({site})"));
                    if !diagnostic.help.contains(&text) {
                        diagnostic.help.push(text);
                    }
                    for other in required_of(symbol) {
                        let text = format!("`{}` needs {}  ({})", other.by, other.requirement, other.site);
                        if other != required && !diagnostic.help.contains(&text) {
                            diagnostic.help.push(text);
                        }
                    }
                });
                diagnostics.push(diagnostic);
            }
        }
        required
    }
}

impl Plan {
    /// The sizes that a binding decides.
    #[must_use]
    pub fn dims(&self) -> &[PlanDim] {
        &self.dims
    }

    /// What the sizes of a binding must satisfy, beyond the bounds of each: promised by the user, or found
    /// where arrays meet.
    #[must_use]
    pub fn requirements(&self) -> &[Required] {
        &self.required
    }

    /// Every axis of an operand that a broadcast stretches, with the factor by which it does and the line
    /// that asks for it.
    #[must_use]
    pub fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// How large a dim could be for the plan to keep its limits, with the others as they are declared:
    /// `None` where the plan has no dim of this name.
    ///
    /// An element limit that was left to its default follows the largest input, as it does for a plan. Beyond the declared
    /// bounds it speaks of the expression as it is within them: a slice that has no elements there may have some
    /// beyond, which the plan for the new bounds counts. Where values are stored that could as well be computed again,
    /// larger sizes may still be planned without them.
    #[must_use]
    pub fn max_extent(&self, dim: &str) -> Option<u64> {
        let dim = self.dims.iter().find(|known| *known.name == *dim)?;
        let passes = |size: u64| {
            // Where nothing can be bound, nothing is too large.
            let bounds = Bounds::declared().with(&dim.name, dim.lower, size);
            possible(&self.required, bounds).is_none_or(|bounds| {
                self.checks.hold(&self.limits, &bounds)
                    && self.workspace_in(&bounds) <= self.limits.bytes
                    && self.is_within_work(&bounds)
            })
        };
        let most = i64::MAX as u64;
        let mut low = dim.upper;
        let mut high = low.saturating_mul(2).max(1);
        while high < most && passes(high) {
            low = high;
            high = high.saturating_mul(2);
        }
        if high >= most && passes(most) {
            return Some(most);
        }
        largest_passing(low, high.min(most), &passes)
    }

    /// Would a binding with these sizes be accepted?
    ///
    /// ```
    /// use fusewire_ir::{DType, Graph, Limits, Site};
    /// let (mut g, here) = (Graph::new(), Site::caller());
    /// let n = g.dim("n", 1..=100, here);
    /// let x = g.input("x", DType::F64, (&n).into(), here);
    /// let plan = g.plan(&[x], &Limits::default())?;
    /// assert!(plan.check_sizes(&[("n", 10)]).is_ok());
    /// assert!(plan.check_sizes(&[("n", 101)]).is_err());
    /// # Ok::<(), fusewire_ir::Error>(())
    /// ```
    ///
    /// # Errors
    /// All together: a dim without a size, one that the plan does not have, a size out of bounds, a
    /// requirement that does not hold.
    pub fn check_sizes(&self, sizes: &[(&str, u64)]) -> Result<(), Error> {
        let mut diagnostics = Vec::new();
        let mut known = Sizes::new();
        for (name, size) in sizes {
            match self.dims.iter().find(|dim| *dim.name == **name) {
                None => diagnostics.push(self.unknown_dim(name)),
                Some(dim) => {
                    if let Some(before) = known.insert(dim.name.clone(), *size)
                        && before != *size
                    {
                        let message = format!("dim `{name}` is given two sizes: {before} and {size}");
                        diagnostics.push(Diagnostic::new(DiagnosticKind::Dim, message));
                    }
                }
            }
        }
        diagnostics.extend(self.broken_by(&known));
        Error::check(diagnostics)
    }

    /// The diagnostic for a dim that the plan does not have.
    #[must_use]
    pub fn unknown_dim(&self, name: &str) -> Diagnostic {
        let names: Vec<String> = self.dims.iter().map(|dim| format!("`{}`", dim.name)).collect();
        let names = if names.is_empty() { "none".into() } else { names.join(", ") };
        Diagnostic::new(DiagnosticKind::Dim, format!("the plan has no dim `{name}`"))
            .help(format!("its dims are: {names}"))
    }

    /// Everything that is wrong with these sizes.
    #[must_use]
    pub fn broken_by(&self, sizes: &Sizes) -> Vec<Diagnostic> {
        let mut diagnostics = Vec::new();
        for dim in &self.dims {
            let problem = match sizes.get(&dim.name) {
                None => Diagnostic::new(DiagnosticKind::Dim, format!("dim `{}` is not bound", dim.name))
                    .help("no input or output has it as an axis: give its size with `.with_size(...)`"),
                Some(size) if *size < dim.lower || *size > dim.upper => Diagnostic::new(
                    DiagnosticKind::Dim,
                    format!("dim `{}` is {size}, outside {}..={}", dim.name, dim.lower, dim.upper),
                ),
                Some(_) => continue,
            };
            diagnostics.push(problem.operand(dim.note()));
        }
        if diagnostics.is_empty() {
            diagnostics.extend(self.without_value(sizes));
            diagnostics.extend(self.required.iter().filter_map(|required| required.check(sizes)));
        }
        diagnostics
    }

    /// A size that the plan computes with and that has no value; bounds see to it that there is none.
    fn without_value(&self, sizes: &Sizes) -> Option<Diagnostic> {
        let size_of = |symbol: &Symbol| sizes.get(&symbol.name).copied();
        let kernels = self.kernels();
        let loops = kernels.iter().flat_map(|kernel| kernel.loops.iter().map(|l| &l.extent));
        let stored = self.stored.iter().flat_map(|stored| stored.array.shape.iter());
        let ports = self.inputs.iter().chain(&self.outputs).flat_map(|port| port.array.shape.iter());
        let mut dims = loops.chain(stored).chain(ports);
        let dim = dims.find(|dim| dim.value(&size_of).is_none()).map(|dim| dim.size());
        let accesses = kernels.iter().flat_map(|kernel| &kernel.accesses);
        let starts = accesses.chain(self.tasks().flat_map(Task::read)).flat_map(|access| access.map.iter());
        let start = || {
            let mut starts = starts.map(|map| &map.start);
            starts.find(|start| start.value(&size_of).is_none_or(|at| i64::try_from(at).is_err())).cloned()
        };
        let size = dim.or_else(start)?;
        Some(Diagnostic::new(DiagnosticKind::Dim, format!("`{size}` is no size where dims have these sizes")))
    }
}
