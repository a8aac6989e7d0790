//! Adding routines whose lengths depend on data, and those that write where indices say.

use crate::axis::AxisRef;
use crate::broadcast;
use crate::build::{Operand, foreign_graph};
use crate::diagnostic::{Diagnostic, DiagnosticKind, Site};
use crate::dim::{Dim, Joined, join};
use crate::dtype::DType;
use crate::graph::{Graph, SiteId};
use crate::requirement::Requirement;
use crate::routine::{OutOfBounds, Routine};
use crate::shape::Shape;

impl Graph {
    /// The parts of an axis where a vector of `bool` is true, from the beginning on, and zeros behind them.
    pub fn compress(&mut self, operand: SiteId, mask: SiteId, axis: &AxisRef, site: Site) -> SiteId {
        let (routine, operands) = (|axis| Routine::Compress { axis }, [operand, mask]);
        let (Some(array), Some(kept)) = (self.site_array(operand).cloned(), self.site_array(mask).cloned())
        else {
            return self.wrong_routine(routine(0), &operands, site, None);
        };
        let axis = match self.axis_of("compress", operand, axis, &array) {
            Ok(axis) => axis,
            Err(diagnostic) => return self.wrong_routine(routine(0), &operands, site, Some(diagnostic)),
        };
        let name = self.called("compress");
        let (size, mut requirements) = (&array.shape[axis], Vec::new());
        let problem = match &kept.shape[..] {
            _ if kept.dtype != DType::Bool => {
                let message = format!("`{name}` takes a mask of `bool`, not {}", kept.dtype);
                Some((DiagnosticKind::DType, message, "compare first, as in `.greater(0)`"))
            }
            [of_mask] => match join(size, of_mask) {
                Joined::Agree(_) if size.is_one() == of_mask.is_one() => None,
                Joined::Assume(_) => {
                    requirements.push(Requirement::Equal(size.clone(), of_mask.clone()));
                    None
                }
                _ => {
                    let message = format!(
                        "`{name}` along axis {axis}, which has {size} elements, takes a mask of as many, not {of_mask}"
                    );
                    Some((DiagnosticKind::Shape, message, "a mask says of every part whether it stays"))
                }
            },
            of_mask => {
                let message = format!(
                    "`{name}` along axis {axis} takes a mask of one axis, but it has {}",
                    of_mask.len()
                );
                Some((DiagnosticKind::Shape, message, "for elements of all axes: `.ravel()` both first"))
            }
        };
        if let Some((kind, message, help)) = problem {
            let diagnostic = Diagnostic::new(kind, message)
                .operand(self.note(operand, 0))
                .operand(self.note(mask, 1))
                .axis(axis)
                .help(help);
            return self.wrong_routine(routine(axis), &operands, site, Some(Box::new(diagnostic)));
        }
        self.routine(routine(axis), &operands, requirements, site)
    }

    /// The operand with the parts of an axis that a vector of integers counts out replaced by values, or with
    /// values added to them, in the order of the indices.
    pub fn put(
        &mut self,
        operand: SiteId,
        indices: Operand,
        values: Operand,
        axis: &AxisRef,
        (adds, out_of_bounds): (bool, OutOfBounds),
        site: Site,
    ) -> SiteId {
        let routine = |axis| Routine::Put { axis, adds, out_of_bounds };
        let name = routine(0).name();
        let indices = match self.indices(name, operand, indices, site) {
            Ok(indices) => indices,
            Err(diagnostic) => return self.wrong_routine(routine(0), &[operand], site, diagnostic),
        };
        let values = match self.values(name, operand, values, site) {
            Ok(values) => values,
            Err(diagnostic) => return self.wrong_routine(routine(0), &[operand, indices], site, diagnostic),
        };
        let given = [operand, indices, values];
        let arrays = given.map(|site| self.site_array(site).cloned());
        let [Some(x), Some(at), Some(of_values)] = arrays else {
            return self.wrong_routine(routine(0), &given, site, None);
        };
        let axis = match self.axis_of(name, operand, axis, &x) {
            Ok(axis) => axis,
            Err(diagnostic) => return self.wrong_routine(routine(0), &given, site, Some(diagnostic)),
        };
        let refuse = |graph: &mut Self, message: String| {
            let mut diagnostic = Diagnostic::new(DiagnosticKind::Shape, message).axis(axis);
            for (slot, operand) in given.into_iter().enumerate() {
                diagnostic = diagnostic.operand(graph.note(operand, slot));
            }
            graph.wrong_routine(routine(axis), &given, site, Some(Box::new(diagnostic)))
        };
        // A single index is a vector of one.
        let count = match &at.shape[..] {
            [] => Dim::from(1u64),
            [count] => count.clone(),
            more => {
                let message = format!(
                    "`{}` takes a vector of indices, but they have {} axes",
                    self.called(name),
                    more.len()
                );
                return refuse(self, message);
            }
        };
        if x.shape[axis].known() == Some(0) && count.known() != Some(0) {
            let message = format!("`{}` along axis {axis}, which has no elements", self.called(name));
            return refuse(self, message);
        }
        let mut dims = x.shape.to_vec();
        dims[axis] = count.clone();
        let wanted: Shape = dims.into_iter().collect();
        let joined = of_values.shape.broadcast(&wanted, |_, _| {});
        let fits = joined.as_ref().is_ok_and(|joined| {
            joined.len() == wanted.len() && joined.iter().zip(&*wanted).all(|(a, b)| a.is_one() == b.is_one())
        });
        if !fits && joined.as_ref().map_or_else(|conflict| !conflict.labels, |_| true) {
            let message = format!(
                "`{}` at {count} positions along axis {axis} of {} takes values that broadcast to {wanted}, not {}",
                self.called(name),
                x.shape,
                of_values.shape
            );
            return refuse(self, message);
        }
        if let Err(conflict) = joined {
            let notes = [self.note(values, 2), self.note(operand, 0)];
            let [of, with] = notes;
            let diagnostic =
                broadcast::mismatch(self.called(name), &conflict, [(&of_values.shape, of), (&wanted, with)]);
            return self.wrong_routine(routine(axis), &given, site, Some(Box::new(diagnostic)));
        }
        // Floats of 16 bits are added up in wider ones and rounded once.
        let dtype = x.dtype.promote(of_values.dtype);
        let within = if adds { dtype.computed() } else { dtype };
        let whole = self.convert(operand, within, site);
        let values = self.convert(values, within, site);
        let values = self.broadcast_to(values, wanted, site);
        let indices = if at.shape.is_empty() { self.reshape(indices, &[Some(count)], site) } else { indices };
        let call = self.routine(routine(axis), &[whole, indices, values], Vec::new(), site);
        self.cast(call, dtype, site)
    }

    /// What is put into an operand, a number in its dtype or one that holds both.
    fn values(
        &mut self,
        name: &str,
        operand: SiteId,
        values: Operand,
        site: Site,
    ) -> Result<SiteId, Option<Box<Diagnostic>>> {
        match values {
            Operand::Expr(values) => Ok(values),
            Operand::Weak(weak) => {
                let Some(array) = self.site_array(operand) else { return Err(None) };
                let dtype = array.dtype.promote_weak(weak);
                weak.to_scalar(dtype).map(|scalar| self.scalar(scalar, site)).ok_or_else(|| {
                    let message = format!("`{}`: the number {weak} does not fit {dtype}", self.called(name));
                    let diagnostic = Diagnostic::new(DiagnosticKind::ScalarRange, message);
                    Some(Box::new(diagnostic.operand(self.note(operand, 0))))
                })
            }
            Operand::Foreign(made) => {
                let message = format!("`{}` mixes expressions of two graphs", self.called(name));
                Err(Some(Box::new(foreign_graph(&message, made))))
            }
        }
    }
}
