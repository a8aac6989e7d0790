//! A plan, or the refusal of one, as data: the source of every picture, document and comparison of plans.
//!
//! `gather` makes a [`PlanReport`] of a plan, or of a graph that was refused. All the rest reads only that: `tree` is
//! text, `dot` is Graphviz, `layout` and `svg` draw, `html` is the page around the drawing, `listing` says how much of it these show, `diff` compares two, `json` writes and
//! reads, `check` holds what was read to what it says of itself.

#[cfg(feature = "json")]
mod check;
mod data;
mod diff;
mod dot;
mod gather;
mod html;
#[cfg(feature = "json")]
mod json;
mod layout;
mod listing;
mod svg;
mod tree;

pub use data::{
    AccessReport, ArrayReport, BoundaryReport, DiagnosticReport, DimReport, KernelReport, LimitsReport,
    ListingReport, LoopReport, MemoryReport, NodeReport, PlanReport, PortReport, ReasonReport, RelatedReport,
    RemarkReport, RequirementReport, SiteReport, StepReport, StoredReport,
};
pub use diff::{Change, PlanDiff};
#[cfg(feature = "json")]
pub use json::JsonError;

use std::fmt;

impl PlanReport {
    /// The version of the schema that this library writes. It is raised where a field changes its meaning or
    /// goes; fields that are added leave it.
    pub const SCHEMA: u32 = 1;

    /// Was the expression refused?
    #[must_use]
    pub fn is_refused(&self) -> bool {
        !self.diagnostics.is_empty()
    }

    /// Adds code that was made for a kernel; nothing where there is no such kernel.
    pub fn add_listings(&mut self, kernel: usize, listings: impl IntoIterator<Item = (String, String)>) {
        if let Some(kernel) = self.kernels.get_mut(kernel) {
            kernel.listings.extend(listings.into_iter().map(|(title, text)| ListingReport { title, text }));
        }
    }

    /// Fills in the lines of the user's source that made each node, as `line` finds them by file and number.
    pub fn read_sources(&mut self, mut line: impl FnMut(&str, u32) -> Option<String>) {
        for node in &mut self.nodes {
            node.source = line(&node.site.file, node.site.line);
        }
    }
}

impl NodeReport {
    /// The name by which messages know it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.label.as_deref().or(self.within.as_deref()).unwrap_or(&self.operation)
    }
}

impl fmt::Display for SiteReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl fmt::Display for ArrayReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.dtype, self.shape.join(", "))
    }
}

impl ArrayReport {
    /// Its bytes for people.
    fn size(&self) -> String {
        self.bytes.map_or_else(|| "over 18 EB".into(), crate::diagnostic::human_bytes)
    }
}

impl fmt::Display for AccessReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.buffer, self.map.join(", "))
    }
}
