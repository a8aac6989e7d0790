//! A report as Graphviz DOT.

use super::layout::cluster_of;
use super::{NodeReport, PlanReport};
use crate::naming::shown;
use std::fmt::Write;

impl PlanReport {
    /// The graph for Graphviz: a cluster for each kernel, a box for each value, an edge to whoever uses it. Stored values, outputs
    /// and what is over a limit are told apart by colour and by line.
    #[must_use]
    pub fn dot(&self) -> String {
        let mut text = String::from(
            "digraph plan {\n  node [shape=box, style=filled, fillcolor=white, fontname=\"monospace\", fontsize=10];\n  \
             edge [color=\"#778899\"];\n",
        );
        let clusters = cluster_of(self);
        let mut inside: Vec<Vec<usize>> = vec![Vec::new(); self.kernels.len()];
        for (at, cluster) in clusters.iter().enumerate() {
            if let Some(kernel) = cluster {
                inside[*kernel].push(at);
            }
        }
        for (kernel, nodes) in inside.iter().enumerate() {
            let label = self.kernel_title(kernel);
            let _ = writeln!(text, "  subgraph cluster_{kernel} {{\n    label={};", quoted(&label));
            text.push_str(
                "    style=filled; color=\"#8899aa\"; fillcolor=\"#eef2f6\"; fontname=\"monospace\";\n",
            );
            for at in nodes {
                let _ = writeln!(text, "    {}", self.dot_node(*at));
            }
            text.push_str("  }\n");
        }
        for at in (0..self.nodes.len()).filter(|at| clusters[*at].is_none()) {
            let _ = writeln!(text, "  {}", self.dot_node(at));
        }
        for (at, node) in self.nodes.iter().enumerate() {
            for operand in &node.operands {
                let _ = writeln!(text, "  n{operand} -> n{at};");
            }
        }
        text.push_str("}\n");
        text
    }

    fn dot_node(&self, at: usize) -> String {
        let node = &self.nodes[at];
        let style = match (self.problem_of(at), node.fate.as_str()) {
            (Some(_), _) => ", fillcolor=\"#ffc9c9\", color=\"#c00000\", penwidth=3",
            (None, "stored") => ", fillcolor=\"#ffe8b3\", color=\"#b06000\", penwidth=2",
            (None, "output") => ", fillcolor=\"#d3f0d8\", color=\"#207030\", penwidth=2",
            (None, "input" | "constant") => ", fillcolor=\"#d6e6fb\", color=\"#2f5f9f\"",
            (None, "folded") => ", style=\"filled,dashed\"",
            _ => "",
        };
        format!("n{at} [label={}{style}];", quoted(&label(node)))
    }

    /// The first diagnostic that speaks of a node.
    pub(super) fn problem_of(&self, at: usize) -> Option<usize> {
        self.diagnostics.iter().position(|wrong| wrong.node == Some(at))
    }
}

fn label(node: &NodeReport) -> String {
    let array = match &node.array {
        Some(array) => format!("{array}\n{}", array.size()),
        None => "error".into(),
    };
    format!("{}\n{array}\n{}:{}", shown(node.name()), shown(&node.site.file), node.site.line)
}

/// A string as DOT writes it, in which Graphviz reads neither escapes nor entities.
fn quoted(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(shown).collect();
    let escaped = lines.join("\n").replace('\\', "\\\\").replace('"', "\\\"").replace('&', "&amp;");
    format!("\"{}\"", escaped.replace('\n', "\\n"))
}
