//! What a graph knows of sizes that are not known yet: who declared them, what the user promised of
//! them, and what calls need of them.

use crate::broadcast;
use crate::diagnostic::{Diagnostic, DiagnosticKind, OperandNote, Site};
use crate::dim::Dim;
use crate::graph::{Graph, SiteId};
use crate::quick_hash::QuickSet;
use crate::requirement::{Required, Requirement};
use crate::shape::Shape;
use crate::size::Symbol;

/// A symbol with the call that declared it, or that used it first.
#[derive(Clone, Debug)]
pub(crate) struct Declaration {
    pub(crate) symbol: Symbol,
    pub(crate) site: Site,
}

/// What must hold of sizes for a call to be right.
#[derive(Clone, Debug, Default)]
pub(crate) struct Needs {
    own: Vec<Required>,
    /// All that this call needs as well, of which it is an amended copy.
    before: Option<SiteId>,
}

impl Graph {
    /// A named size with its bounds. The same name with the same bounds is the same size; other bounds
    /// are reported where the dim is used.
    pub fn dim(&mut self, name: &str, bounds: std::ops::RangeInclusive<u64>, site: Site) -> Dim {
        let symbol = Symbol { name: name.into(), lower: *bounds.start(), upper: *bounds.end() };
        self.symbols.entry(name.into()).or_insert_with(|| Declaration { symbol: symbol.clone(), site });
        Dim::symbolic(name, bounds)
    }

    /// Promises that two sizes are equal, which every binding is held to.
    pub fn assume_equal(&mut self, left: &Dim, right: &Dim, site: Site) {
        let wrong = [left, right].into_iter().find_map(|dim| self.declare("assume_equal", &dim.into(), site));
        let requirement = Requirement::Equal(left.clone(), right.clone());
        let required = Required { requirement, by: "assume_equal".into(), site, operands: Vec::new() };
        if wrong.is_some() || !left.same_size(right) {
            self.assumptions.push((required, wrong.map(|wrong| wrong.at(site))));
        }
    }

    /// What the user promised of sizes, in call order, with what is wrong about it.
    #[must_use]
    pub fn assumptions(&self) -> &[(Required, Option<Diagnostic>)] {
        &self.assumptions
    }

    /// What must hold of sizes for a call to be right, but for what was given with calls that have been `seen`.
    pub(crate) fn requirements(&self, site: SiteId, seen: &mut QuickSet<SiteId>) -> Vec<&Required> {
        let mut calls = Vec::new();
        let mut next = self.requirements.get(&site).map(|needs| (site, needs));
        while let Some((at, needs)) = next.filter(|(at, _)| seen.insert(*at)) {
            calls.push(needs);
            debug_assert!(needs.before.is_none_or(|before| before.index() < at.index()));
            next = needs.before.and_then(|before| Some((before, self.requirements.get(&before)?)));
        }
        calls.into_iter().rev().flat_map(|needs| &needs.own).collect()
    }

    /// A call needs what the one needs that it amends.
    pub(crate) fn require_as(&mut self, amended: SiteId, before: SiteId) {
        let Some(needs) = self.requirements.get(&before) else { return };
        let before = if needs.own.is_empty() { needs.before } else { Some(before) };
        self.requirements.insert(amended, Needs { own: Vec::new(), before });
    }

    /// Asks for this where arrays are bound, in the name of what the user called.
    pub(crate) fn require(&mut self, call: SiteId, by: &str, site: Site, requirements: Vec<Requirement>) {
        if requirements.is_empty() {
            return;
        }
        let site = self.called_from(site);
        let operands = self.call_site(call).operands.clone();
        let by = self.called(by).to_string();
        // What a composed function has made of one operand is that operand, once.
        let mut given: Vec<SiteId> =
            operands.iter().map(|operand| self.given(*operand, self.composing)).collect();
        given.dedup();
        let operands: Vec<OperandNote> =
            given.iter().enumerate().map(|(slot, operand)| self.note(*operand, slot)).collect();
        let known = &mut self.requirements.entry(call).or_default().own;
        for requirement in requirements {
            if known.iter().all(|required| required.requirement != requirement) {
                known.push(Required { requirement, by: by.clone(), site, operands: operands.clone() });
            }
        }
    }

    /// Where a symbol was declared, or used first.
    #[must_use]
    pub fn declaration(&self, symbol: &str) -> Option<(&Symbol, Site)> {
        self.symbols.get(symbol).map(|declared| (&declared.symbol, declared.site))
    }

    /// Takes note of the symbols of a shape that a user wrote; what is wrong with it, if anything.
    pub(crate) fn declare(&mut self, name: &str, shape: &Shape, site: Site) -> Option<Diagnostic> {
        if shape.is_known() && shape.iter().all(|dim| dim.label().is_none()) {
            return None;
        }
        let (name, site) = (self.called(name), self.called_from(site));
        let mut clash = None;
        let symbols = &mut self.symbols;
        for dim in shape.iter() {
            dim.size().symbols(&mut |symbol| {
                let known = symbols
                    .entry(symbol.name.clone())
                    .or_insert_with(|| Declaration { symbol: symbol.clone(), site });
                if known.symbol != *symbol {
                    clash.get_or_insert((symbol.clone(), known.clone()));
                }
            });
        }
        if let Some((symbol, known)) = clash {
            let range = |symbol: &Symbol| format!("{}..={}", symbol.lower, symbol.upper);
            let message = format!(
                "`{name}`: dim `{}` is {} here, but was declared as {}",
                symbol.name,
                range(&symbol),
                range(&known.symbol)
            );
            let note = OperandNote {
                text: format!("`{}` {}", symbol.name, range(&known.symbol)),
                slot: 0,
                name: symbol.name.to_string(),
                array: None,
                site: Some(known.site),
            };
            return Some(
                Diagnostic::new(DiagnosticKind::Dim, message)
                    .operand(note)
                    .help("give different sizes different names, or declare the size once and share it"),
            );
        }
        self.reversed(name, shape, site).or_else(|| broadcast::unfit(name, shape))
    }

    /// What is wrong where a dim of a shape has its bounds the wrong way round: that is wrong where it was declared.
    fn reversed(&self, name: &str, shape: &Shape, site: Site) -> Option<Diagnostic> {
        let mut found = None;
        for (axis, dim) in shape.iter().enumerate() {
            dim.size().symbols(&mut |symbol| {
                if symbol.lower > symbol.upper {
                    found.get_or_insert_with(|| (axis, symbol.clone()));
                }
            });
        }
        let (axis, Symbol { name: dim, lower, upper }) = found?;
        let declared = self.declaration(&dim).map_or(site, |(_, declared)| declared);
        let message = format!("dim `{dim}` is declared from {lower} to {upper}: no size is in that range");
        let note = OperandNote {
            text: format!("`{name}` has it in axis {axis}"),
            slot: 0,
            name: name.to_string(),
            array: None,
            site: Some(site),
        };
        Some(
            Diagnostic::new(DiagnosticKind::Dim, message)
                .at(declared)
                .operand(note)
                .help(format!("the smaller bound comes first: {upper}..={lower}")),
        )
    }
}
