//! Conversions that nobody wrote and that make elements larger.

use crate::diagnostic::{OperandNote, Site};
use crate::dtype::DType;
use crate::graph::{Graph, Op, SiteId};
use std::collections::HashSet;
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
    /// What one call converts on its own, each operand once. Masks that are counted or multiplied do not count, nor do
    /// arrays without axes. Nor do reductions, which hold only totals in the larger dtype.
    fn upcasts_of(&self, site: SiteId) -> Vec<Upcast> {
        let call = self.call_site(site);
        let op = &self.node(call.node).op;
        if matches!(op, Op::Reduce { .. } | Op::View(_)) {
            return Vec::new();
        }
        let mut upcasts: Vec<Upcast> = Vec::new();
        for (slot, operand) in call.operands.iter().enumerate() {
            let operand = self.unstacked(*operand, call.site);
            let converted = self.call_site(operand);
            let (true, [source]) = (converted.is_conversion, &converted.operands[..]) else { continue };
            let source = self.unstacked(*source, call.site);
            let (Some(from), Some(to)) = (self.site_array(source), self.site_array(operand)) else {
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

    /// What all these calls convert. What several calls inside of one function convert is one upcast.
    pub(crate) fn upcasts(&self, sites: &[SiteId]) -> Vec<Upcast> {
        let mut upcasts: Vec<Upcast> = Vec::new();
        let mut seen = HashSet::new();
        for upcast in sites.iter().flat_map(|site| self.upcasts_of(*site)) {
            let key = (upcast.operation.clone(), upcast.site, upcast.operand.text.clone(), upcast.to);
            if seen.insert(key) {
                upcasts.push(upcast);
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
