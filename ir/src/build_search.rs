//! Adding searches and counts to a graph.

use crate::build::{Operand, exprs_of, foreign_graph};
use crate::diagnostic::{Diagnostic, DiagnosticKind, Site};
use crate::dim::Dim;
use crate::dtype::DType;
use crate::graph::{Graph, SiteId};
use crate::routine::{Routine, Side};
use crate::scalar::Weak;
use crate::shape::Shape;

/// Why operands do not do: nothing where one of them is wrong itself.
type Refused = Option<Box<Diagnostic>>;

impl Graph {
    /// Where values belong in a vector that is in order.
    pub fn searchsorted(&mut self, sorted: SiteId, values: Operand, side: Side, site: Site) -> SiteId {
        let routine = Routine::Searchsorted { side };
        match self.with_vector(&routine, sorted, values, site) {
            Ok(operands) => self.routine(routine, &operands, Vec::new(), site),
            Err(diagnostic) => {
                let operands: Vec<SiteId> = std::iter::once(sorted).chain(exprs_of(&[values])).collect();
                self.wrong_routine(routine, &operands, site, diagnostic)
            }
        }
    }

    /// How many elements lie between each two neighbouring edges.
    pub fn histogram(&mut self, values: SiteId, edges: SiteId, site: Site) -> SiteId {
        let routine = Routine::Histogram;
        let operands = match self.with_vector(&routine, edges, Operand::Expr(values), site) {
            Ok([edges, values]) => [values, edges],
            Err(diagnostic) => return self.wrong_routine(routine, &[values, edges], site, diagnostic),
        };
        let edges_of = self.site_array(operands[1]).map(|edges| edges.shape.clone()).unwrap_or_default();
        if edges_of.first().is_some_and(|count| count.lower() == 0) {
            let message = format!(
                "`{}` needs at least one edge, but there are {}",
                self.called("histogram"),
                edges_of[0]
            );
            let diagnostic = Diagnostic::new(DiagnosticKind::Shape, message).operand(self.note(edges, 1));
            return self.wrong_routine(routine, &operands, site, Some(Box::new(diagnostic)));
        }
        self.routine(routine, &operands, Vec::new(), site)
    }

    /// The edges of `bins` bins of one width from `low` to `high`, in the dtype in which they meet `values`.
    pub fn histogram_edges(&mut self, values: SiteId, bins: &Dim, low: f64, high: f64, site: Site) -> SiteId {
        let name = self.called("histogram");
        let refused = if !(low < high && (high - low).is_finite()) {
            Some(format!(
                "`{name}` from {low} to {high}: the range must be finite, from a smaller to a larger number"
            ))
        } else if bins.lower() == 0 {
            Some(format!("`{name}` needs at least one bin, but there are {bins}"))
        } else {
            None
        };
        if let Some(message) = refused {
            let diagnostic =
                Diagnostic::new(DiagnosticKind::ScalarRange, message).operand(self.note(values, 0));
            return self.wrong_routine(Routine::Histogram, &[values], site, Some(Box::new(diagnostic)));
        }
        let edges = self.linspace_over(low, high, &(bins + 1), site);
        match self.site_array(values).map(|array| array.dtype.promote_weak(Weak::Float(low))) {
            Some(dtype) => self.convert(edges, dtype, site),
            None => edges,
        }
    }

    /// How often each of the integers from 0 up to `length` occurs; or the sum, in `f64`, of the weights where
    /// it does.
    pub fn bincount(&mut self, values: SiteId, weights: Option<SiteId>, length: &Dim, site: Site) -> SiteId {
        let routine = Routine::Bincount { length: length.clone() };
        let operands: Vec<SiteId> = std::iter::once(values).chain(weights).collect();
        if let Some(unfit) = self.declare("bincount", &Shape::from(length), site) {
            return self.wrong_routine(routine, &operands, site, Some(Box::new(unfit)));
        }
        let Some(array) = self.site_array(values).cloned() else {
            return self.wrong_routine(routine, &operands, site, None);
        };
        if !array.dtype.is_int() {
            let message = format!("`{}` counts integers, not {}", self.called("bincount"), array.dtype);
            let diagnostic = Diagnostic::new(DiagnosticKind::DType, message)
                .operand(self.note(values, 0))
                .help("convert it first: `.astype(I64)`");
            return self.wrong_routine(routine, &operands, site, Some(Box::new(diagnostic)));
        }
        let Some(weights) = weights else { return self.routine(routine, &operands, Vec::new(), site) };
        let weights = self.convert(weights, DType::F64, site);
        // Every element has its own weight.
        let weights = self.broadcast_to(weights, array.shape, site);
        self.routine(routine, &[values, weights], Vec::new(), site)
    }

    /// A number, if another is the same; else the run fails with this message. Both are `i64` without axes.
    pub fn expect(&mut self, found: SiteId, wanted: SiteId, message: &str, site: Site) -> SiteId {
        let (routine, operands) = (Routine::Expect { message: message.into() }, [found, wanted]);
        let Some(arrays) = self.site_array(found).zip(self.site_array(wanted)) else {
            return self.wrong_routine(routine, &operands, site, None);
        };
        let other = [arrays.0, arrays.1].into_iter().find(|array| !array.shape.is_empty());
        if let Some(array) = other {
            let message = format!("`{}` takes single numbers, not {array}", self.called("expect"));
            let diagnostic = Diagnostic::new(DiagnosticKind::Shape, message).operand(self.note(found, 0));
            return self.wrong_routine(routine, &operands, site, Some(Box::new(diagnostic)));
        }
        let operands = operands.map(|operand| self.convert(operand, DType::I64, site));
        self.routine(routine, &operands, Vec::new(), site)
    }

    /// A vector and values, in the dtype in which they are compared.
    fn with_vector(
        &mut self,
        routine: &Routine,
        vector: SiteId,
        values: Operand,
        site: Site,
    ) -> Result<[SiteId; 2], Refused> {
        let Some(array) = self.site_array(vector).cloned() else { return Err(None) };
        let name = self.called(routine.name());
        if array.shape.len() != 1 {
            let message = format!("`{name}` takes a vector in order, but it has {} axes", array.shape.len());
            let diagnostic = Diagnostic::new(DiagnosticKind::Shape, message).operand(self.note(vector, 0));
            return Err(Some(Box::new(diagnostic)));
        }
        let (dtype, values) = match values {
            Operand::Foreign(made) => {
                let diagnostic = foreign_graph(&format!("`{name}` mixes expressions of two graphs"), made);
                return Err(Some(Box::new(diagnostic)));
            }
            Operand::Weak(weak) => {
                let dtype = array.dtype.promote_weak(weak);
                let Some(scalar) = weak.to_scalar(dtype) else {
                    let message = format!("`{name}`: the number {weak} does not fit {dtype}");
                    let diagnostic = Diagnostic::new(DiagnosticKind::ScalarRange, message);
                    return Err(Some(Box::new(diagnostic.operand(self.note(vector, 0)))));
                };
                (dtype, self.scalar(scalar, site))
            }
            Operand::Expr(values) => {
                let Some(with) = self.site_array(values) else { return Err(None) };
                (array.dtype.promote(with.dtype), values)
            }
        };
        Ok([self.convert(vector, dtype, site), self.convert(values, dtype, site)])
    }
}
