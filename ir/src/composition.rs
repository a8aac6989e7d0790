//! Functions composed of operations: what they call has the name and the place of the user's call.

use crate::axis::AxisRef;
use crate::broadcast::Broadcast;
use crate::build::foreign_graph;
use crate::diagnostic::{Diagnostic, Site};
use crate::graph::{CallSite, Graph, Op, SiteId};
use crate::op::ElementOp;
use crate::shape::Shape;
use crate::view::View;
use smallvec::SmallVec;
use std::collections::{BTreeSet, HashMap};

/// A call of a function that is composed of operations. Every operation that it adds carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Composition {
    /// The function that the user called.
    pub name: &'static str,
    /// Where.
    pub site: Site,
    /// Whose the broadcasts are.
    pub broadcasts: Broadcasts,
    /// Tells one call from another.
    call: u32,
}

/// Whose the broadcasts inside of a composed function are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Broadcasts {
    /// Operands of the caller meet: policies hold for them, and plans list them.
    OfCaller,
    /// What the function made itself meets the operand it was made from.
    OfFunction,
}

/// Stands for a call that was refused before it was known what it computes.
const REFUSED: Op = Op::View(View::LabelAxes);

impl Graph {
    /// From here to [`Graph::end_composition`], calls belong to the function `name`. Within another one
    /// they go on to belong to that: `false`, and there is nothing to end.
    pub fn begin_composition(&mut self, name: &'static str, site: Site, broadcasts: Broadcasts) -> bool {
        if self.composing.is_some() {
            return false;
        }
        let site = self.place.unwrap_or(site);
        self.compositions += 1;
        self.composing = Some(Composition { name, site, broadcasts, call: self.compositions });
        true
    }

    /// Calls belong to nobody else again.
    pub const fn end_composition(&mut self) {
        self.composing = None;
    }

    /// What the user called: the composed function that is being added, or the operation itself.
    pub(crate) fn called<'a>(&self, operation: &'a str) -> &'a str {
        self.composing.map_or(operation, |composition| composition.name)
    }

    /// Where the user called it; an operation itself at the place of the front end, or else at `site`.
    pub(crate) fn called_from(&self, site: Site) -> Site {
        self.composing.map_or(self.place.unwrap_or(site), |composition| composition.site)
    }

    /// What the user called where this call was made.
    pub(crate) fn called_at(&self, site: SiteId) -> &str {
        let call = self.call_site(site);
        call.composition.map_or_else(|| self.node(call.node).op.name(), |composition| composition.name)
    }

    /// The operand that the user gave, where this one was made from it: by a conversion, or inside of a composed function.
    pub(crate) fn given(&self, mut operand: SiteId, within: Option<Composition>) -> SiteId {
        loop {
            let call = self.call_site(operand);
            let is_inside = within.is_some() && call.composition == within;
            if !(is_inside || call.is_conversion && call.label.is_none()) {
                break;
            }
            // Of a choice it is what is chosen from, not the condition; and the function's numbers are
            // made from nothing.
            let is_choice = matches!(self.node(call.node).op, Op::Element(ElementOp::Select));
            let mut sources = call.operands.iter().skip(usize::from(is_choice));
            let from_nothing = |source: &SiteId| {
                let source = self.call_site(*source);
                source.composition == within && source.operands.is_empty()
            };
            let source = sources.find(|source| !from_nothing(source)).or_else(|| call.operands.first());
            let Some(source) = source else { break };
            operand = *source;
        }
        operand
    }

    /// Changes a call, and with it every other call of the function that it is the result of.
    pub fn amend_composition(&mut self, result: SiteId, change: impl Fn(&mut CallSite)) -> SiteId {
        let within = self.call_site(result).composition;
        // Operands were made first, and have smaller ids.
        let mut parts = BTreeSet::from([result]);
        let mut pending = vec![result];
        while within.is_some()
            && let Some(part) = pending.pop()
        {
            for operand in &self.call_site(part).operands {
                if self.call_site(*operand).composition == within && parts.insert(*operand) {
                    pending.push(*operand);
                }
            }
        }
        let mut amended: HashMap<SiteId, SiteId> = HashMap::new();
        for part in parts {
            let operands: SmallVec<[SiteId; 2]> = self.call_site(part).operands.clone();
            let operands = operands.iter().map(|operand| amended.get(operand).copied().unwrap_or(*operand));
            let operands = operands.collect();
            let copy = self.amend(part, |call| {
                call.operands = operands;
                change(call);
            });
            amended.insert(part, copy);
        }
        amended.get(&result).copied().unwrap_or(result)
    }

    /// A call that is refused, with what is wrong about it; without a diagnostic it is wrong only because
    /// an operand of it is.
    pub fn refuse(&mut self, operands: &[SiteId], diagnostic: Option<Diagnostic>, site: Site) -> SiteId {
        let notes = operands.iter().enumerate().map(|(slot, operand)| self.note(*operand, slot));
        let diagnostic = diagnostic.map(|diagnostic| notes.fold(diagnostic, Diagnostic::operand));
        self.add_poison(REFUSED, operands, site, diagnostic)
    }

    /// A call on an expression of another graph, made at `made`.
    pub fn refuse_foreign(&mut self, name: &str, made: Site, site: Site) -> SiteId {
        let message = format!("`{}` mixes expressions of two graphs", self.called(name));
        self.add_poison(REFUSED, &[], site, Some(foreign_graph(&message, made)))
    }

    /// The positions of axes in the order given; `None` is all of them.
    ///
    /// # Errors
    /// The refused call, where an axis does not exist or is named twice, or the operand is wrong.
    pub fn resolve_axes(
        &mut self,
        name: &str,
        operand: SiteId,
        axes: Option<&[AxisRef]>,
        site: Site,
    ) -> Result<Vec<usize>, SiteId> {
        let Some(array) = self.site_array(operand) else { return Err(self.refuse(&[operand], None, site)) };
        let Some(axes) = axes else { return Ok((0..array.shape.len()).collect()) };
        match self.positions(name, operand, axes, &array.shape) {
            Ok(positions) => Ok(positions),
            Err(diagnostic) => Err(self.add_poison(REFUSED, &[operand], site, Some(*diagnostic))),
        }
    }

    /// The shape that all operands broadcast to.
    ///
    /// # Errors
    /// The refused call, where they do not.
    pub fn joined_shape(&mut self, name: &str, operands: &[SiteId], site: Site) -> Result<Shape, SiteId> {
        if operands.iter().any(|operand| self.site_array(*operand).is_none()) {
            return Err(self.refuse(operands, None, site));
        }
        match self.broadcast_sites(self.called(name), operands) {
            // What must be equal is required again where an operand takes the shape.
            Ok(Broadcast { shape, .. }) => Ok(shape),
            Err(diagnostic) => Err(self.add_poison(REFUSED, operands, site, Some(*diagnostic))),
        }
    }
}
