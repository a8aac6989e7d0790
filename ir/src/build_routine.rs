//! Adding routines to a graph.

use crate::axis::AxisRef;
use crate::broadcast;
use crate::build::{Operand, foreign_graph};
use crate::diagnostic::{Diagnostic, DiagnosticKind, Site};
use crate::dim::Dim;
use crate::dtype::{Category, DType};
use crate::graph::{Graph, Op, SiteId};
use crate::requirement::Requirement;
use crate::routine::{CumulativeOp, OutOfBounds, Routine};
use crate::shape::{ArrayType, Shape};

impl Graph {
    /// The elements along an axis in order.
    pub fn sort(&mut self, operand: SiteId, axis: &AxisRef, descending: bool, site: Site) -> SiteId {
        self.along(operand, axis, site, |axis| Routine::Sort { axis, descending })
    }

    /// The positions along an axis that elements in order come from, in `i64`.
    pub fn argsort(&mut self, operand: SiteId, axis: &AxisRef, descending: bool, site: Site) -> SiteId {
        self.along(operand, axis, site, |axis| Routine::Argsort { axis, descending })
    }

    /// Along an axis, each element combined with all before it. The result begins with that of no elements
    /// if `include_initial`, which extremes do not have.
    pub fn cumulative(
        &mut self,
        op: CumulativeOp,
        operand: SiteId,
        axis: &AxisRef,
        include_initial: bool,
        site: Site,
    ) -> SiteId {
        // Others than floats have no logarithm of their own.
        let operand = match self.site_array(operand) {
            Some(array) if op == CumulativeOp::Logsumexp => {
                let dtype = op.result(array.dtype);
                self.convert(operand, dtype, site)
            }
            _ => operand,
        };
        let routine = |axis| Routine::Cumulative { op, axis, include_initial };
        if include_initial && !matches!(op, CumulativeOp::Sum | CumulativeOp::Prod) {
            let message = format!("`{}` of no elements has no value to begin with", self.called(op.name()));
            let diagnostic = Diagnostic::new(DiagnosticKind::EmptyReduction, message);
            let diagnostic = diagnostic.operand(self.note(operand, 0));
            return self.wrong_routine(routine(0), &[operand], site, Some(Box::new(diagnostic)));
        }
        self.along(operand, axis, site, routine)
    }

    /// The parts of an axis that integers count out.
    pub fn take(
        &mut self,
        operand: SiteId,
        indices: Operand,
        axis: &AxisRef,
        out_of_bounds: OutOfBounds,
        site: Site,
    ) -> SiteId {
        let routine = |axis| Routine::Take { axis, out_of_bounds };
        let indices = match self.indices("take", operand, indices, site) {
            Ok(indices) => indices,
            Err(diagnostic) => return self.wrong_routine(routine(0), &[operand], site, diagnostic),
        };
        let operands = [operand, indices];
        let Some(array) = self.site_array(operand) else {
            return self.wrong_routine(routine(0), &operands, site, None);
        };
        let axis = match self.axis_of("take", operand, axis, array) {
            Ok(axis) => axis,
            Err(diagnostic) => return self.wrong_routine(routine(0), &operands, site, Some(diagnostic)),
        };
        // Where there is nothing to take from, there must be nothing to take.
        let (size, count) = (&array.shape[axis], self.site_array(indices).and_then(|i| i.shape.elements()));
        if size.known() == Some(0) && count != Some(0) {
            let message = format!("`{}` along axis {axis}, which has no elements", self.called("take"));
            let diagnostic = Diagnostic::new(DiagnosticKind::Shape, message).axis(axis);
            let diagnostic = diagnostic.operand(self.note(operand, 0)).operand(self.note(indices, 1));
            return self.wrong_routine(routine(axis), &operands, site, Some(Box::new(diagnostic)));
        }
        self.routine(routine(axis), &operands, Vec::new(), site)
    }

    /// Of each line along an axis the elements that integers count out; the other axes broadcast.
    pub fn take_along_axis(
        &mut self,
        operand: SiteId,
        indices: Operand,
        axis: &AxisRef,
        out_of_bounds: OutOfBounds,
        site: Site,
    ) -> SiteId {
        let name = "take_along_axis";
        let routine = |axis| Routine::TakeAlongAxis { axis, out_of_bounds };
        let indices = match self.indices(name, operand, indices, site) {
            Ok(indices) => indices,
            Err(diagnostic) => return self.wrong_routine(routine(0), &[operand], site, diagnostic),
        };
        let operands = [operand, indices];
        let (Some(x), Some(at)) = (self.site_array(operand), self.site_array(indices)) else {
            return self.wrong_routine(routine(0), &operands, site, None);
        };
        let (x, at) = (x.shape.clone(), at.shape.clone());
        let axis = match self.site_array(operand).map(|array| self.axis_of(name, operand, axis, array)) {
            Some(Ok(axis)) => axis,
            Some(Err(diagnostic)) => {
                return self.wrong_routine(routine(0), &operands, site, Some(diagnostic));
            }
            None => return self.wrong_routine(routine(0), &operands, site, None),
        };
        let notes = [self.note(operand, 0), self.note(indices, 1)];
        if x.len() != at.len() {
            let message = format!(
                "`{}` takes indices with as many axes as its operand: {} and {}",
                self.called(name),
                x.len(),
                at.len()
            );
            let [x, indices] = notes;
            let diagnostic = Diagnostic::new(DiagnosticKind::Shape, message).operand(x).operand(indices);
            return self.wrong_routine(routine(axis), &operands, site, Some(Box::new(diagnostic)));
        }
        // All axes but the one that is taken along broadcast.
        let others = |shape: &Shape| {
            let dim = |(other, dim): (usize, &Dim)| if other == axis { Dim::from(1u64) } else { dim.clone() };
            shape.iter().enumerate().map(dim).collect::<Shape>()
        };
        let mut requirements = Vec::new();
        let assume =
            |left: &Dim, right: &Dim| requirements.push(Requirement::Equal(left.clone(), right.clone()));
        let joined = match others(&x).broadcast(&others(&at), assume) {
            Ok(joined) => joined,
            Err(conflict) => {
                let [note, indices] = notes;
                let diagnostic =
                    broadcast::mismatch(self.called(name), &conflict, [(&x, note), (&at, indices)]);
                return self.wrong_routine(routine(axis), &operands, site, Some(Box::new(diagnostic)));
            }
        };
        let shape = |own: &Shape| -> Shape {
            let dim =
                |(other, dim): (usize, &Dim)| if other == axis { own[axis].clone() } else { dim.clone() };
            joined.iter().enumerate().map(dim).collect()
        };
        let operands =
            [self.broadcast_to(operand, shape(&x), site), self.broadcast_to(indices, shape(&at), site)];
        if x[axis].known() == Some(0) && shape(&at).elements() != Some(0) {
            let message = format!("`{}` along axis {axis}, which has no elements", self.called(name));
            let [x, indices] = notes;
            let diagnostic =
                Diagnostic::new(DiagnosticKind::Shape, message).axis(axis).operand(x).operand(indices);
            return self.wrong_routine(routine(axis), &operands, site, Some(Box::new(diagnostic)));
        }
        self.routine(routine(axis), &operands, requirements, site)
    }

    /// Integers that count out elements of an operand.
    pub(crate) fn indices(
        &mut self,
        name: &str,
        operand: SiteId,
        indices: Operand,
        site: Site,
    ) -> Result<SiteId, Option<Box<Diagnostic>>> {
        let wrong = |graph: &Self, what: String, indices: Option<SiteId>| {
            let message = format!("`{}` takes indices that are integers, not {what}", graph.called(name));
            let mut diagnostic =
                Diagnostic::new(DiagnosticKind::DType, message).operand(graph.note(operand, 0));
            if let Some(indices) = indices {
                diagnostic = diagnostic.operand(graph.note(indices, 1));
            }
            Err(Some(Box::new(diagnostic.help("convert them first: `.astype(I64)`"))))
        };
        match indices {
            Operand::Weak(weak) => {
                match weak.to_scalar(DType::I64).filter(|_| weak.category() == Category::Int) {
                    Some(scalar) => Ok(self.scalar(scalar, site)),
                    None => wrong(self, format!("the number {weak}"), None),
                }
            }
            Operand::Foreign(made) => {
                let message = format!("`{}` mixes expressions of two graphs", self.called(name));
                Err(Some(Box::new(foreign_graph(&message, made))))
            }
            Operand::Expr(indices) => match self.site_array(indices).map(|array| array.dtype) {
                Some(dtype) if !dtype.is_int() => wrong(self, dtype.to_string(), Some(indices)),
                _ => Ok(indices),
            },
        }
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
    pub(crate) fn axis_of(
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
    pub(crate) fn routine(
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
        if let Some(label) = result.shape.repeated_label() {
            let mut diagnostic = broadcast::repeated(self.called(name), label, &result.shape);
            for (slot, operand) in operands.iter().enumerate() {
                diagnostic = diagnostic.operand(self.note(*operand, slot));
            }
            return self.wrong_routine(routine, operands, site, Some(Box::new(diagnostic)));
        }
        let call = self.add(Op::Routine(routine), result, operands, site);
        self.require(call, name, site, requirements);
        call
    }

    pub(crate) fn wrong_routine(
        &mut self,
        routine: Routine,
        operands: &[SiteId],
        site: Site,
        diagnostic: Option<Box<Diagnostic>>,
    ) -> SiteId {
        self.add_poison(Op::Routine(routine), operands, site, diagnostic.map(|diagnostic| *diagnostic))
    }
}
