//! Conversions that nobody wrote and that make elements larger.

use crate::diagnostic::{OperandNote, Site};
use crate::dtype::DType;
use crate::graph::{Graph, Op, SiteId};
use std::fmt;

/// An operand that an operation converts to a dtype of at least twice its bytes, as promotion asks for:
/// the `i32` in `i32 + f64`, the `f32` beside a strong `f64`.
#[derive(Clone, Debug, PartialEq)]
pub struct Upcast {
    /// The operation, by name.
    pub operation: String,
    /// The call.
    pub site: Site,
    /// The operand that is converted.
    pub operand: OperandNote,
    /// Its dtype.
    pub from: DType,
    /// The dtype it is computed in.
    pub to: DType,
}

impl fmt::Display for Upcast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, site, operand, from, to } = self;
        write!(f, "`{operation}` converts {} from {from} to {to} ({site})", operand.text)
    }
}

impl Graph {
    /// What one call converts on its own. Masks that are counted or multiplied do not count, nor do
    /// arrays without axes. Nor do reductions, which hold only totals in the larger dtype.
    pub(crate) fn upcasts_of(&self, site: SiteId) -> Vec<Upcast> {
        let call = self.call_site(site);
        let op = &self.node(call.node).op;
        if !matches!(op, Op::Element(_) | Op::Custom(_) | Op::Concat { .. }) {
            return Vec::new();
        }
        let mut upcasts = Vec::new();
        for (slot, operand) in call.operands.iter().enumerate() {
            let converted = self.call_site(*operand);
            // The conversion that a user writes has a place of its own.
            let is_silent = matches!(self.node(converted.node).op, Op::Cast) && converted.site == call.site;
            let (true, [source]) = (is_silent, &converted.operands[..]) else { continue };
            let source = self.unstacked(*source, call.site);
            let (Some(from), Some(to)) = (self.site_array(source), self.site_array(*operand)) else {
                continue;
            };
            let grows = to.dtype.bytes() >= 2 * from.dtype.bytes();
            if grows && from.dtype != DType::Bool && !from.shape.is_empty() {
                upcasts.push(Upcast {
                    operation: self.called_at(site).to_string(),
                    site: call.site,
                    operand: self.note_within(source, slot, call.composition),
                    from: from.dtype,
                    to: to.dtype,
                });
            }
        }
        upcasts
    }

    /// What the user gave to a call that sees it through a view of its own, as `stack` does.
    fn unstacked(&self, mut operand: SiteId, site: Site) -> SiteId {
        loop {
            let call = self.call_site(operand);
            match (&self.node(call.node).op, &call.operands[..]) {
                (Op::View(_), [source]) if call.site == site && call.label.is_none() => operand = *source,
                _ => return operand,
            }
        }
    }
}
