//! What is different between two plans.

use super::{DimReport, NodeReport, PlanReport};
use crate::diagnostic::{grouped, human_bytes};
use crate::naming::shown;
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::hash::{Hash, Hasher};

/// The most operands that are named.
const OPERANDS: usize = 6;

/// One difference between two plans, the earlier first.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Change {
    /// The earlier plan, the later, or both were refused: with what is wrong.
    Refused {
        /// The first sentence of what is wrong with the earlier one.
        before: Option<String>,
        /// The same of the later one.
        after: Option<String>,
    },
    /// Values that were computed in these kernels are computed in those: what fuses differently.
    Regrouped {
        /// The kernels of the earlier plan.
        before: Vec<usize>,
        /// Those of the later one.
        after: Vec<usize>,
    },
    /// A value that only the later plan has.
    Added {
        /// Its name and type.
        node: String,
        /// What becomes of it.
        fate: String,
    },
    /// A value that only the earlier plan has.
    Removed {
        /// Its name and type.
        node: String,
        /// What became of it.
        fate: String,
    },
    /// A value that is computed in another way: by another operation, along other axes, from other numbers or operands.
    Computation {
        /// The value.
        node: String,
        /// What computed it in the earlier plan.
        before: String,
        /// What computes it in the later one.
        after: String,
    },
    /// A value with another dtype or shape.
    Array {
        /// The value.
        node: String,
        /// Its type in the earlier plan.
        before: String,
        /// Its type in the later one.
        after: String,
    },
    /// A value that is no longer fused, no longer stored, or stored for another reason.
    Fate {
        /// The value.
        node: String,
        /// What became of it in the earlier plan.
        before: String,
        /// What becomes of it in the later one.
        after: String,
    },
    /// A number of bytes.
    Bytes {
        /// What they are.
        what: String,
        /// In the earlier plan.
        before: u64,
        /// In the later one.
        after: u64,
    },
    /// What a plan is held to, or takes over, or runs in turns.
    Setting {
        /// What it is.
        what: String,
        /// In the earlier plan.
        before: String,
        /// In the later one.
        after: String,
    },
    /// Another number.
    Count {
        /// What is counted.
        what: String,
        /// In the earlier plan.
        before: u64,
        /// In the later one.
        after: u64,
    },
}

/// What is said of things by their names.
type Named = BTreeMap<String, String>;

/// All that is different between two plans: made by [`PlanReport::diff`].
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct PlanDiff {
    /// What is different: totals first, then fusion, then single values.
    pub changes: Vec<Change>,
}

impl PlanDiff {
    /// Do the two plans compute the same, in the same steps and memory, and are they held to the same?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

impl crate::Plan {
    /// What a later plan does differently: which values fuse with which others, what is stored, which bytes changed.
    #[must_use]
    pub fn diff(&self, later: &Self) -> PlanDiff {
        self.report().diff(&later.report())
    }
}

impl PlanReport {
    /// What a later plan does differently. Values are matched by what they are made from, and where that changed by
    /// operation and name, in order.
    #[must_use]
    pub fn diff(&self, later: &Self) -> PlanDiff {
        let mut changes = Vec::new();
        let wrong = |report: &Self| report.diagnostics.first().map(|wrong| wrong.message.clone());
        if wrong(self) != wrong(later) {
            changes.push(Change::Refused { before: wrong(self), after: wrong(later) });
        }
        self.totals(later, &mut changes);
        self.settings(later, &mut changes);
        let pairs = matched(self, later);
        self.regrouped(later, &pairs, &mut changes);
        self.values(later, &pairs, &mut changes);
        PlanDiff { changes }
    }

    fn totals(&self, later: &Self, changes: &mut Vec<Change>) {
        for (what, before, after) in [
            ("kernels", self.kernels.len() as u64, later.kernels.len() as u64),
            ("operations", self.operations, later.operations),
            (
                "NumPy's temporaries",
                self.memory.numpy_temporaries as u64,
                later.memory.numpy_temporaries as u64,
            ),
        ] {
            if before != after {
                changes.push(Change::Count { what: what.into(), before, after });
            }
        }
        let (a, b) = (&self.memory, &later.memory);
        for (what, before, after) in [
            ("inputs", a.inputs, b.inputs),
            ("outputs", a.outputs, b.outputs),
            ("constants", a.constants, b.constants),
            ("workspace", a.workspace, b.workspace),
            ("peak", a.peak, b.peak),
            ("bytes of NumPy's temporaries", a.numpy_bytes, b.numpy_bytes),
            ("limit of bytes", self.limits.bytes, later.limits.bytes),
        ] {
            if before != after {
                changes.push(Change::Bytes { what: what.into(), before, after });
            }
        }
    }

    fn settings(&self, later: &Self, changes: &mut Vec<Change>) {
        let limit = |limit: Option<u64>, without: &str| limit.map_or_else(|| without.into(), grouped);
        let mut settings = vec![
            (
                "limit of elements".to_string(),
                [self, later].map(|report| limit(report.limits.elements, "the default")),
            ),
            (
                "limit of operations".to_string(),
                [self, later].map(|report| limit(report.limits.operations, "none")),
            ),
        ];
        let bounds = |report: &Self| -> Named {
            let of =
                |dim: &DimReport| (format!("dim `{}`", dim.name), format!("{}..={}", dim.lower, dim.upper));
            report.dims.iter().map(of).collect()
        };
        let needs = |report: &Self| -> Named {
            let needs = report.requirements.iter();
            needs.map(|needs| (format!("{} for `{}`", needs.text, needs.by), "needed".into())).collect()
        };
        let over = |report: &Self| -> Named {
            let over = report.outputs.iter().filter_map(|port| Some((port, port.in_place_of.as_ref()?)));
            over.map(|(port, over)| (format!("output `{}`", port.name), format!("over `{over}`"))).collect()
        };
        for (of, without) in [
            (&bounds as &dyn Fn(&Self) -> Named, "none"),
            (&needs, "not needed"),
            (&over, "memory of its own"),
        ] {
            let mut of = [self, later].map(of);
            let names: BTreeSet<String> = of.iter().flat_map(BTreeMap::keys).cloned().collect();
            for name in names {
                let said = of.each_mut().map(|of| of.remove(&name).unwrap_or_else(|| without.into()));
                settings.push((name, said));
            }
        }
        if self.kernels.len() == later.kernels.len() {
            let turns = |report: &Self| {
                let rows: Vec<String> = report
                    .steps
                    .iter()
                    .filter(|step| step.kind == "rows")
                    .map(|step| numbers(&step.kernels))
                    .collect();
                if rows.is_empty() { "none".to_string() } else { rows.join("; ") }
            };
            settings.push(("in turns on blocks of rows".into(), [self, later].map(turns)));
        }
        for (what, [before, after]) in settings {
            if before != after {
                changes.push(Change::Setting { what, before, after });
            }
        }
    }

    /// Kernels between which values moved. A value that is computed in several tells nothing.
    fn regrouped(&self, later: &Self, pairs: &[(usize, usize)], changes: &mut Vec<Change>) {
        let mut links: BTreeSet<(usize, usize)> = BTreeSet::new();
        for (before, after) in pairs {
            if let ([before], [after]) = (&self.nodes[*before].kernels[..], &later.nodes[*after].kernels[..])
            {
                links.insert((*before, *after));
            }
        }
        let mut back: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        links.iter().for_each(|(before, after)| back.entry(*after).or_default().push(*before));
        while let Some(first) = links.first().copied() {
            let (mut before, mut after) = (BTreeSet::from([first.0]), BTreeSet::new());
            let mut pending = vec![first.0];
            while let Some(at) = pending.pop() {
                let own: Vec<(usize, usize)> = links.range((at, 0)..=(at, usize::MAX)).copied().collect();
                for link in own {
                    links.remove(&link);
                    if after.insert(link.1) {
                        let others = back.get(&link.1).into_iter().flatten();
                        pending.extend(others.filter(|other| before.insert(**other)));
                    }
                }
            }
            if before.len() > 1 || after.len() > 1 {
                let (before, after) = (before.into_iter().collect(), after.into_iter().collect());
                changes.push(Change::Regrouped { before, after });
            }
        }
    }

    fn values(&self, later: &Self, pairs: &[(usize, usize)], changes: &mut Vec<Change>) {
        let (mut kept, mut found) = (vec![false; self.nodes.len()], vec![false; later.nodes.len()]);
        let mut same: Vec<Option<usize>> = vec![None; later.nodes.len()];
        pairs.iter().for_each(|(before, after)| same[*after] = Some(*before));
        for (before, after) in pairs {
            (kept[*before], found[*after]) = (true, true);
            let (a, b) = (&self.nodes[*before], &later.nodes[*after]);
            let operands = b.operands.iter().map(|operand| same[*operand]);
            if (&a.operation, &a.detail) != (&b.operation, &b.detail)
                || !operands.eq(a.operands.iter().copied().map(Some))
            {
                let (before, after) = (self.computation(a), later.computation(b));
                changes.push(Change::Computation { node: described(b), before, after });
            }
            if a.array != b.array {
                let (before, after) = (array_text(a), array_text(b));
                changes.push(Change::Array { node: b.name().into(), before, after });
            }
            let (before, after) = (self.outcome(a), later.outcome(b));
            // What is made from nothing costs nothing, wherever that is.
            if before != after && !b.operands.is_empty() {
                changes.push(Change::Fate { node: described(b), before, after });
            }
        }
        // Of a number, whoever takes it says that it is another.
        let is_number = |node: &NodeReport| node.operands.is_empty() && node.fate == "fused";
        let missing = |kept: Vec<bool>| (0..kept.len()).filter(move |at| !kept[*at]);
        for at in missing(kept).filter(|at| !is_number(&self.nodes[*at])) {
            let node = &self.nodes[at];
            changes.push(Change::Removed { node: described(node), fate: self.outcome(node) });
        }
        for at in missing(found).filter(|at| !is_number(&later.nodes[*at])) {
            let node = &later.nodes[at];
            changes.push(Change::Added { node: described(node), fate: later.outcome(node) });
        }
    }

    /// What computes a value: the operation, what else decides it, and the operands.
    fn computation(&self, node: &NodeReport) -> String {
        let detail = node.detail.iter().map(|detail| format!(" {detail}"));
        let mut text = format!("{}{}", node.operation, detail.collect::<String>());
        let name = |at: &usize| {
            let operand = &self.nodes[*at];
            match (&operand.label, &operand.detail) {
                // What is made from nothing is known by what it is made of.
                (None, Some(detail)) if operand.operands.is_empty() => {
                    format!("{} {detail}", operand.operation)
                }
                (None, None) if operand.operands.is_empty() => operand.operation.clone(),
                _ => operand.name().to_string(),
            }
        };
        let names: Vec<String> = node.operands.iter().take(OPERANDS).map(name).collect();
        if !names.is_empty() {
            let more = if node.operands.len() > OPERANDS { ", ..." } else { "" };
            text.push_str(&format!(" of {}{more}", names.join(", ")));
        }
        text
    }

    /// What became of a value, without the numbers of kernels, which change with everything else.
    fn outcome(&self, node: &NodeReport) -> String {
        let size = node.array.as_ref().map_or_else(String::new, |array| array.size());
        let again = if node.kernels.len() > 1 { " in several kernels" } else { "" };
        match (node.fate.as_str(), &node.reason) {
            ("stored", Some(reason)) => format!("stored, {size}: {}", reason.text),
            ("fused", _) => format!("fused{again}"),
            ("folded", _) => "folded into indices".into(),
            ("joined", _) => "written into a join".into(),
            ("output", _) => "an output".into(),
            (fate, _) => fate.into(),
        }
    }
}

fn array_text(node: &NodeReport) -> String {
    node.array.as_ref().map_or_else(|| "error".into(), |array| format!("{array}, {}", array.size()))
}

fn described(node: &NodeReport) -> String {
    format!("{} {}", node.name(), node.array.as_ref().map_or_else(|| "error".into(), ToString::to_string))
}

/// For each node a number by which it is found in another report; none where it is not looked for.
type Keys = fn(&PlanReport) -> Vec<Option<u64>>;

/// Values of both reports that are the same one, in order of the later report.
fn matched(before: &PlanReport, after: &PlanReport) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    let mut kept = vec![false; before.nodes.len()];
    let mut found = vec![false; after.nodes.len()];
    let keys: [Keys; 5] = [structure, role, named, labelled, placed];
    for keys in keys {
        let mut known: BTreeMap<u64, VecDeque<usize>> = BTreeMap::new();
        for (at, key) in keys(before).into_iter().enumerate().filter(|(at, _)| !kept[*at]) {
            if let Some(key) = key {
                known.entry(key).or_default().push_back(at);
            }
        }
        for (at, key) in keys(after).into_iter().enumerate() {
            if !found[at]
                && let Some(key) = key
                && let Some(other) = known.get_mut(&key).and_then(VecDeque::pop_front)
            {
                (kept[other], found[at]) = (true, true);
                pairs.push((other, at));
            }
        }
    }
    pairs.sort_unstable_by_key(|(_, after)| *after);
    pairs
}

/// For each node a number that follows from what it is made from, sizes aside.
fn structure(report: &PlanReport) -> Vec<Option<u64>> {
    let mut keys: Vec<Option<u64>> = Vec::with_capacity(report.nodes.len());
    for node in &report.nodes {
        let operands: Vec<Option<u64>> = node.operands.iter().map(|operand| keys[*operand]).collect();
        keys.push(Some(hash(&(&node.operation, &node.detail, operands))));
    }
    keys
}

/// One that follows from what is made from it, down to the outputs: so that what is put in between moves nothing else.
fn role(report: &PlanReport) -> Vec<Option<u64>> {
    let mut users: Vec<Vec<(u64, usize)>> = vec![Vec::new(); report.nodes.len()];
    let mut keys = vec![None; report.nodes.len()];
    let outputs = placed(report);
    for (at, node) in report.nodes.iter().enumerate().rev().filter(|(_, node)| !node.operands.is_empty()) {
        let mut of = std::mem::take(&mut users[at]);
        of.sort_unstable();
        let key = hash(&(&node.operation, &node.detail, outputs[at], of));
        node.operands.iter().enumerate().for_each(|(slot, operand)| users[*operand].push((key, slot)));
        keys[at] = Some(key);
    }
    keys
}

/// One that follows from its operation and its name; none for what is made from nothing, which is what it is.
fn named(report: &PlanReport) -> Vec<Option<u64>> {
    let key = |node: &NodeReport| (!node.operands.is_empty()).then(|| hash(&(&node.operation, &node.label)));
    report.nodes.iter().map(key).collect()
}

/// One that follows from the name that the user gave it.
fn labelled(report: &PlanReport) -> Vec<Option<u64>> {
    let key = |node: &NodeReport| node.label.as_ref().filter(|_| !node.operands.is_empty()).map(hash);
    report.nodes.iter().map(key).collect()
}

/// One that follows from the name of the output that it is.
fn placed(report: &PlanReport) -> Vec<Option<u64>> {
    let key = |node: &NodeReport| {
        let output = node.at.filter(|_| node.fate == "output")?;
        report.outputs.get(output).map(|port| hash(&port.name))
    };
    report.nodes.iter().map(key).collect()
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn numbers(kernels: &[usize]) -> String {
    let plural = if kernels.len() == 1 { "kernel" } else { "kernels" };
    let kernels: Vec<String> = kernels.iter().map(ToString::to_string).collect();
    format!("{plural} {}", kernels.join(", "))
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { before, after } => {
                let text = |wrong: &Option<String>| wrong.clone().unwrap_or_else(|| "planned".into());
                write!(f, "{} -> {}", text(before), text(after))
            }
            Self::Regrouped { before, after } => {
                let verb = match (before.len(), after.len()) {
                    (1, _) => "is split into",
                    (_, 1) => "become one:",
                    _ => "are regrouped into",
                };
                write!(f, "{} {verb} {}", numbers(before), numbers(after))
            }
            Self::Added { node, fate } => write!(f, "+ {node}: {fate}"),
            Self::Removed { node, fate } => write!(f, "- {node}: {fate}"),
            Self::Array { node: what, before, after }
            | Self::Fate { node: what, before, after }
            | Self::Computation { node: what, before, after }
            | Self::Setting { what, before, after } => write!(f, "{what}: {before} -> {after}"),
            // What three digits do not tell apart is written out.
            Self::Bytes { what, before, after } if human_bytes(*before) == human_bytes(*after) => {
                write!(f, "{what}: {} B -> {} B", grouped(*before), grouped(*after))
            }
            Self::Bytes { what, before, after } => {
                write!(f, "{what}: {} -> {}", human_bytes(*before), human_bytes(*after))
            }
            Self::Count { what, before, after } => {
                write!(f, "{what}: {} -> {}", grouped(*before), grouped(*after))
            }
        }
    }
}

/// One change a line; `no difference` where there is none.
impl fmt::Display for PlanDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return writeln!(f, "no difference");
        }
        self.changes.iter().try_for_each(|change| writeln!(f, "{}", shown(&change.to_string())))
    }
}
