//! A report as a tree of text, from the outputs down to the inputs.

use super::listing::some;
use super::{NodeReport, PlanReport};
use crate::diagnostic::{grouped, human_bytes};
use crate::naming::shown;
use std::fmt;

/// Indentation grows no further, so that the text of a long chain stays in proportion to it.
const DEEPEST: usize = 16;

/// What is longer than that has no part in how wide its column is, so that no line is filled up for the sake of another.
const WIDEST: usize = 72;

/// One line of the tree, in columns.
struct Line {
    branch: String,
    columns: [String; 4],
}

/// Outputs at the top, below each value what it is made from. A value that was shown before is named again,
/// without what is below it.
impl fmt::Display for PlanReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_refused() {
            writeln!(f, "refused, {} nodes", self.nodes.len())?;
        } else {
            let counts = self.counts().map(|(count, word)| format!("{count} {word}, ")).collect::<String>();
            writeln!(
                f,
                "{counts}{} nodes, peak {} of which workspace {}, {} operations",
                self.nodes.len(),
                human_bytes(self.memory.peak),
                human_bytes(self.memory.workspace),
                grouped(self.operations)
            )?;
        }
        let lines = self.lines();
        let mut branch = 0;
        let mut widths = [0; 4];
        let widen = |width: &mut usize, text: &str| {
            let letters = text.chars().count();
            if letters <= WIDEST {
                *width = (*width).max(letters);
            }
        };
        for line in &lines {
            widen(&mut branch, &line.branch);
            widths.iter_mut().zip(&line.columns).for_each(|(width, column)| widen(width, column));
        }
        for Line { branch: text, columns: [array, size, fate, site] } in &lines {
            let [a, b, c, _] = widths;
            writeln!(f, "{text:branch$}  {array:a$}  {size:>b$}  {fate:c$}  {site}")?;
        }
        for wrong in &self.diagnostics {
            writeln!(f, "error[{}]: {}", shown(&wrong.kind), shown(&wrong.message))?;
        }
        Ok(())
    }
}

impl PlanReport {
    /// The nodes from which the tree hangs: outputs, and what nothing uses.
    pub(super) fn roots(&self) -> Vec<usize> {
        let mut used = vec![false; self.nodes.len()];
        for operand in self.nodes.iter().flat_map(|node| &node.operands) {
            used[*operand] = true;
        }
        let is_root = |at: &usize| self.nodes[*at].fate == "output" || !used[*at];
        (0..self.nodes.len()).filter(is_root).collect()
    }

    fn is_routine(&self, at: usize) -> bool {
        let step = self.kernels.get(at).and_then(|kernel| self.steps.get(kernel.step));
        step.is_some_and(|step| step.kind == "routine")
    }

    /// A kernel or routine by its number.
    pub(super) fn task(&self, at: usize) -> String {
        format!("{} {at}", if self.is_routine(at) { "routine" } else { "kernel" })
    }

    /// Several of them.
    pub(super) fn tasks(&self, tasks: &[usize]) -> String {
        let (routines, kernels): (Vec<usize>, Vec<usize>) =
            tasks.iter().partition(|at| self.is_routine(**at));
        let named = |tasks: &[usize], noun: &str| {
            let numbers = some(tasks.iter().map(ToString::to_string), ", ");
            let plural = if tasks.len() == 1 { "" } else { "s" };
            (!tasks.is_empty()).then(|| format!("{noun}{plural} {numbers}"))
        };
        let named: Vec<String> =
            [named(&kernels, "kernel"), named(&routines, "routine")].into_iter().flatten().collect();
        named.join(" and ")
    }

    /// How many kernels there are, and how many routines where there are any, with the words for them.
    pub(super) fn counts(&self) -> impl Iterator<Item = (usize, &'static str)> {
        let routines = (0..self.kernels.len()).filter(|at| self.is_routine(*at)).count();
        let kernels = self.kernels.len() - routines;
        let kernels = (kernels, if kernels == 1 { "kernel" } else { "kernels" });
        let routines = (routines, if routines == 1 { "routine" } else { "routines" });
        [kernels, routines].into_iter().filter(|(count, word)| *count > 0 || !word.starts_with("routine"))
    }

    /// A kernel by its number, and with which others it takes turns; a routine with what it does.
    pub(super) fn kernel_title(&self, at: usize) -> String {
        let step = self.kernels.get(at).and_then(|kernel| self.steps.get(kernel.step));
        if self.is_routine(at) {
            let does = self.kernels[at].body.first().map(String::as_str).unwrap_or_default();
            return format!("{}: {does}", self.task(at));
        }
        let others = step.into_iter().flat_map(|step| &step.kernels).filter(|other| **other != at);
        let others: Vec<String> = others.map(ToString::to_string).collect();
        match others.len() {
            0 => format!("kernel {at}"),
            _ => format!("kernel {at}, in turns with {} on rows", some(others.into_iter(), ", ")),
        }
    }

    /// What became of a node, in a few words.
    pub(super) fn fate_text(&self, node: &NodeReport) -> String {
        let kernels = self.tasks(&node.kernels);
        match (node.fate.as_str(), node.at) {
            ("fused", _) if kernels.is_empty() => "no element of it is needed".into(),
            ("fused", _) if node.kernels.len() > 1 => format!("computed in each of {kernels}"),
            ("fused", _) => format!("fused into {kernels}"),
            ("folded", _) => "folded into indices".into(),
            ("joined", _) => "written into a join".into(),
            ("stored", Some(at)) => format!("stored by {kernels} as #{at}"),
            ("output", _) => format!("written by {kernels}"),
            ("unplanned", _) => String::new(),
            (fate, _) => fate.to_string(),
        }
    }

    fn lines(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut shown = vec![false; self.nodes.len()];
        for root in self.roots() {
            // On an explicit stack: an expression can be deeper than the thread's.
            let mut pending = vec![(root, 0, String::new(), String::new())];
            while let Some((at, depth, branch, below)) = pending.pop() {
                let node = &self.nodes[at];
                let known = std::mem::replace(&mut shown[at], true) && !node.operands.is_empty();
                lines.push(self.line(node, branch, known));
                if known {
                    continue;
                }
                for (slot, operand) in node.operands.iter().enumerate().rev() {
                    let is_last = slot + 1 == node.operands.len();
                    let (tip, rest) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
                    let deeper = if depth < DEEPEST { format!("{below}{rest}") } else { below.clone() };
                    pending.push((*operand, depth + 1, format!("{below}{tip}"), deeper));
                }
            }
        }
        lines
    }

    fn line(&self, node: &NodeReport, branch: String, known: bool) -> Line {
        let array = node.array.as_ref().map_or_else(|| "error".into(), ToString::to_string);
        let size = node.array.as_ref().map_or_else(String::new, super::ArrayReport::size);
        let fate = if known { "shown above".into() } else { self.fate_text(node) };
        let columns = [array, size, fate, node.site.to_string()].map(|text| shown(&text));
        Line { branch: branch + &shown(node.name()), columns }
    }
}
