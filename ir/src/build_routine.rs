//! Adding routines to a graph.

use crate::axis::AxisRef;
use crate::diagnostic::{Diagnostic, Site};
use crate::graph::{Graph, Op, SiteId};
use crate::requirement::Requirement;
use crate::routine::Routine;
use crate::shape::ArrayType;

impl Graph {
    /// The elements along an axis in order.
    pub fn sort(&mut self, operand: SiteId, axis: &AxisRef, descending: bool, site: Site) -> SiteId {
        self.along(operand, axis, site, |axis| Routine::Sort { axis, descending })
    }

    /// The positions along an axis that elements in order come from, in `i64`.
    pub fn argsort(&mut self, operand: SiteId, axis: &AxisRef, descending: bool, site: Site) -> SiteId {
        self.along(operand, axis, site, |axis| Routine::Argsort { axis, descending })
    }

    /// A routine of one operand that works along an axis.
    fn along(
        &mut self,
        operand: SiteId,
        axis: &AxisRef,
        site: Site,
        routine: impl FnOnce(usize) -> Routine + Copy,
    ) -> SiteId {
        let poison = routine(0);
        let Some(array) = self.site_array(operand) else {
            return self.wrong_routine(poison, &[operand], site, None);
        };
        match self.axis_of(poison.name(), operand, axis, array) {
            Ok(axis) => self.routine(routine(axis), &[operand], Vec::new(), site),
            Err(diagnostic) => self.wrong_routine(poison, &[operand], site, Some(diagnostic)),
        }
    }

    /// The position of one axis of an operand.
    fn axis_of(
        &self,
        name: &str,
        operand: SiteId,
        axis: &AxisRef,
        array: &ArrayType,
    ) -> Result<usize, Box<Diagnostic>> {
        let axes: Vec<usize> = self.positions(name, operand, std::slice::from_ref(axis), &array.shape)?;
        Ok(axes[0])
    }

    /// Adds a routine on operands that have been checked and converted.
    fn routine(
        &mut self,
        routine: Routine,
        operands: &[SiteId],
        requirements: Vec<Requirement>,
        site: Site,
    ) -> SiteId {
        let arrays: Option<Vec<&ArrayType>> =
            operands.iter().map(|operand| self.site_array(*operand)).collect();
        let Some(arrays) = arrays else { return self.wrong_routine(routine, operands, site, None) };
        let (result, name) = (routine.result(&arrays), routine.name());
        let call = self.add(Op::Routine(routine), result, operands, site);
        self.require(call, name, site, requirements);
        call
    }

    fn wrong_routine(
        &mut self,
        routine: Routine,
        operands: &[SiteId],
        site: Site,
        diagnostic: Option<Box<Diagnostic>>,
    ) -> SiteId {
        self.add_poison(Op::Routine(routine), operands, site, diagnostic.map(|diagnostic| *diagnostic))
    }
}
