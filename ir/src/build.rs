//! Adding to a graph: dtype and shape of every call are decided here, and a wrong call becomes a
//! node that carries its diagnostic instead of a result.

use crate::axis::{AxisRef, NewAxis};
use crate::broadcast::{self, Broadcast};

use crate::composition::{Broadcasts, Composition};
use crate::custom::Custom;
use crate::diagnostic::{Diagnostic, DiagnosticKind, GivenOperand, OperandNote, Site};
use crate::dim::Dim;
use crate::dtype::DType;
use crate::graph::{ConstantArray, Generator, Graph, Op, SiteId};
use crate::naming;
use crate::op::ElementOp;
use crate::reduce::ReduceOp;
use crate::requirement::Requirement;
use crate::rules::{OperandDType, Signature};
use crate::scalar::{Scalar, Weak};
use crate::shape::{ArrayType, Conflict, Shape};
use crate::size::SizeExpr;
use smallvec::SmallVec;

/// An operand as the user wrote it.
#[derive(Clone, Copy, Debug)]
pub enum Operand {
    /// An expression of this graph.
    Expr(SiteId),
    /// A Rust number.
    Weak(Weak),
    /// An expression of another graph, made at this place.
    Foreign(Site),
}

/// The operands that are expressions of the graph.
pub(crate) fn exprs_of(operands: &[Operand]) -> impl Iterator<Item = SiteId> + '_ {
    operands.iter().filter_map(|operand| match operand {
        Operand::Expr(expr) => Some(*expr),
        _ => None,
    })
}

impl From<SiteId> for Operand {
    fn from(site: SiteId) -> Self {
        Self::Expr(site)
    }
}

impl Graph {
    /// A named array of the given dtype and shape. The same name with the same type is the same input.
    pub fn input(&mut self, name: &str, dtype: DType, shape: Shape, site: Site) -> SiteId {
        if let Some(improper) = naming::improper("an input", name) {
            return self.add_poison(Op::Input(naming::shown(name).into()), &[], site, Some(improper));
        }
        let op = Op::Input(name.into());
        if let Some(unfit) = self.declare(name, &shape, site) {
            return self.add_poison(op, &[], site, Some(unfit));
        }
        let array = ArrayType { dtype, shape };
        let known = self.input_named(name);
        if let Some(first) = known
            && self.site_array(first) != Some(&array)
        {
            let diagnostic = Diagnostic::new(
                DiagnosticKind::Name,
                format!("input `{name}` is declared twice, here as {array}"),
            )
            .operand(self.note(first, 0))
            .help("give the inputs different names, or declare both with the same dtype and shape");
            return self.add_poison(op, &[], site, Some(diagnostic));
        }
        if let Some(rows) = self.records_named(name) {
            let message = format!("input `{name}` is declared twice, here as {array}");
            let diagnostic = Diagnostic::new(DiagnosticKind::Name, message).operand(rows);
            return self.add_poison(op, &[], site, Some(diagnostic.help("give the inputs different names")));
        }
        let input = self.add(op, array, &[], site);
        self.name_input(name, input);
        input
    }

    /// A scalar constant of its own dtype.
    pub fn scalar(&mut self, scalar: Scalar, site: Site) -> SiteId {
        self.full(Shape::default(), scalar, site)
    }

    /// An array that has the same value everywhere and takes no memory.
    pub fn full(&mut self, shape: Shape, scalar: Scalar, site: Site) -> SiteId {
        if let Some(unfit) = self.declare("full", &shape, site) {
            return self.bad_generator(unfit, site);
        }
        let array = ArrayType { dtype: scalar.dtype(), shape };
        self.add(Op::Generator(Generator::Full(scalar)), array, &[], site)
    }

    /// A small array whose elements, in C order, the graph keeps.
    pub fn constant(&mut self, elements: Vec<Scalar>, dtype: DType, shape: Shape, site: Site) -> SiteId {
        if let Some(unfit) = self.declare("constant", &shape, site) {
            return self.add_poison(Op::Array(0), &[], site, Some(unfit));
        }
        if shape.elements() != Some(elements.len() as u64) || !shape.is_known() {
            let message = format!("{} elements do not fill a constant of shape {shape}", elements.len());
            let diagnostic = Diagnostic::new(DiagnosticKind::Shape, message);
            return self.add_poison(Op::Array(0), &[], site, Some(diagnostic));
        }
        let array = ArrayType { dtype, shape };
        let held = self.hold(ConstantArray { array: array.clone(), elements: elements.into() });
        self.add(Op::Array(held), array, &[], site)
    }

    /// The numbers from `start` up to but not including `stop`, `step` apart, computed in the loop.
    /// Integers give `i64`, a float anywhere gives `f64`; the length is NumPy's
    /// `ceil((stop - start) / step)`.
    pub fn arange(&mut self, start: Weak, stop: Weak, step: Weak, site: Site) -> SiteId {
        let floats = [start, stop, step].iter().any(|number| matches!(number, Weak::Float(_)));
        let dtype = if floats { DType::F64 } else { DType::I64 };
        let scalars = [start, stop, step].map(|number| number.to_scalar(dtype));
        let [Some(first), Some(end), Some(distance)] = scalars else {
            let message = format!("arange from {start} to {stop} by {step} does not fit i64");
            return self.bad_generator(Diagnostic::new(DiagnosticKind::ScalarRange, message), site);
        };
        // In f64 for floats as NumPy does; in i128 for integers, where nothing can overflow.
        let length = if floats {
            let span = end.as_f64() - first.as_f64();
            let steps = span / distance.as_f64();
            // A quotient too small for f64 still is part of a step.
            let underflows = steps == 0.0 && span != 0.0 && steps.is_sign_positive();
            let count = if underflows { 1.0 } else { steps.ceil() };
            (count.abs() < 9.0e18).then_some(count.max(0.0) as u64)
        } else {
            let (span, by) =
                (i128::from(end.as_i64()) - i128::from(first.as_i64()), i128::from(distance.as_i64()));
            (by != 0).then(|| {
                let steps = span / by + i128::from(span % by != 0 && (span < 0) == (by < 0));
                steps.max(0) as u64
            })
        };
        let Some(length) = length else {
            let endless = distance.as_f64() == 0.0
                || scalars.iter().flatten().any(|number| !number.as_f64().is_finite());
            let (problem, help) = if endless {
                ("never ends", "give a step that is not zero, and finite ends")
            } else {
                ("has more elements than any array", "give a larger step, or ends that are closer")
            };
            let message = format!("arange from {start} to {stop} by {step} {problem}");
            return self
                .bad_generator(Diagnostic::new(DiagnosticKind::ScalarRange, message).help(help), site);
        };
        // NumPy adds the rounded difference of the first two elements, not the step itself.
        let step = match (first, distance) {
            // The step is not needed: -0.0 leaves every start as it is, where infinity makes NaN.
            (Scalar::F64(_), _) if length <= 1 => Scalar::F64(-0.0),
            (Scalar::F64(first), Scalar::F64(by)) => Scalar::F64((first + by) - first),
            _ => distance,
        };
        let array = ArrayType { dtype, shape: Shape::from([length]) };
        self.add(Op::Generator(Generator::Arange { start: first, step }), array, &[], site)
    }

    /// The integers from `start` up to but not including `stop`, `step` apart, where `stop` may be a
    /// size that is not known yet.
    pub fn arange_to(&mut self, start: i64, stop: &Dim, step: i64, site: Site) -> SiteId {
        if let Some(unfit) = self.declare("arange", &Shape::from(stop), site) {
            return self.bad_generator(unfit, site);
        }
        if step == 0 {
            let message = format!("arange from {start} to {} by 0 never ends", stop.size());
            let help = "give a step that is not zero, and finite ends";
            return self
                .bad_generator(Diagnostic::new(DiagnosticKind::ScalarRange, message).help(help), site);
        }
        let span = stop.size().minus(&start.into());
        let span = if step > 0 { span } else { SizeExpr::from(0).minus(&span) };
        let length = span.at_least(&0.into()).ceil_div(&SizeExpr::known(i128::from(step).abs()));
        let length = Dim::from(length).with_label(stop.shared_label().cloned());
        let array = ArrayType { dtype: DType::I64, shape: Shape::from(length) };
        let (start, step) = (Scalar::I64(start), Scalar::I64(step));
        self.add(Op::Generator(Generator::Arange { start, step }), array, &[], site)
    }

    /// A size as an `i64` without axes.
    pub fn size(&mut self, size: &Dim, site: Site) -> SiteId {
        if let Some(unfit) = self.declare("size", &Shape::from(size), site) {
            return self.bad_generator(unfit, site);
        }
        if size.known().is_none() && size.upper() > i64::MAX as u64 {
            let message = format!("`size` of {size}: it may be more than an i64 holds");
            return self.bad_generator(Diagnostic::new(DiagnosticKind::Dim, message), site);
        }
        let generator = match size.known() {
            // Beyond any index: refused with the array that has this size.
            Some(known) => Generator::Full(Scalar::I64(i64::try_from(known).unwrap_or(i64::MAX))),
            None => Generator::Size(size.clone().with_label(None)),
        };
        let array = ArrayType { dtype: DType::I64, shape: Shape::default() };
        self.add(Op::Generator(generator), array, &[], site)
    }

    /// `count` numbers in `f64`, evenly spaced from `start` to `stop`, which is included; computed in
    /// the loop.
    pub fn linspace_over(&mut self, start: f64, stop: f64, count: &Dim, site: Site) -> SiteId {
        if let Some(known) = count.known() {
            return self.linspace(start, stop, known, true, site);
        }
        if let Some(unfit) = self.declare("linspace", &Shape::from(count), site) {
            return self.bad_generator(unfit, site);
        }
        let array = ArrayType { dtype: DType::F64, shape: Shape::from(count) };
        let (start, stop) = (Scalar::F64(start), Scalar::F64(stop));
        self.add(Op::Generator(Generator::LinspaceOver { start, stop }), array, &[], site)
    }

    /// `count` numbers in `f64`, evenly spaced from `start` to `stop`, which is included if
    /// `endpoint`; computed in the loop.
    pub fn linspace(&mut self, start: f64, stop: f64, count: u64, endpoint: bool, site: Site) -> SiteId {
        let intervals = if endpoint { count.saturating_sub(1) } else { count };
        let step = if intervals == 0 { f64::NAN } else { (stop - start) / intervals as f64 };
        let array = ArrayType { dtype: DType::F64, shape: Shape::from([count]) };
        let generator = if intervals == 0 {
            Generator::Full(Scalar::F64(start))
        } else {
            Generator::Linspace {
                start: Scalar::F64(start),
                step: Scalar::F64(step),
                stop: endpoint.then_some(Scalar::F64(stop)),
            }
        };
        self.add(Op::Generator(generator), array, &[], site)
    }

    fn bad_generator(&mut self, diagnostic: Diagnostic, site: Site) -> SiteId {
        let op = Op::Generator(Generator::Full(Scalar::I64(0)));
        self.add_poison(op, &[], site, Some(diagnostic))
    }

    /// An operation of the op table. Operands are converted as its dtype rule says and broadcast.
    pub fn element(&mut self, op: ElementOp, operands: &[Operand], site: Site) -> SiteId {
        if let (ElementOp::Power, [Operand::Expr(base), Operand::Weak(exponent)]) = (op, operands)
            && let Some(power) = self.small_power(*base, *exponent, site)
        {
            return power;
        }
        let rule = op.row().dtypes;
        self.call(Op::Element(op), operands, site, rule.describe(), |known| rule.signature(known))
    }

    /// Squares and cubes are products, as NumPy's `x**2` is: two roundings of at most one unit in the last place of the
    /// product together, and a small part of the time. It is decided here and not where code is made, so that a
    /// power of the same operands has the same bits wherever it is computed.
    fn small_power(&mut self, base: SiteId, exponent: Weak, site: Site) -> Option<SiteId> {
        let is = |number: i32| match exponent {
            Weak::Int(exponent) => exponent == i128::from(number),
            Weak::Float(exponent) => exponent == f64::from(number),
            Weak::Bool(_) => false,
        };
        let dtype = self.site_array(base).map(|array| array.dtype).filter(|dtype| *dtype != DType::Bool)?;
        let dtype = dtype.promote_weak(exponent);
        // In 16 bits the first rounding would be more than that.
        let is_cube = is(3) && !matches!(dtype, DType::F16 | DType::BF16);
        if !is(2) && !is_cube {
            return None;
        }
        let begins = self.begin_composition("power", site, Broadcasts::OfFunction);
        let base = self.convert(base, dtype, site);
        let mut power = base;
        for _ in 1..if is_cube { 3 } else { 2 } {
            power = self.element(ElementOp::Multiply, &[Operand::Expr(power), Operand::Expr(base)], site);
        }
        if begins {
            self.end_composition();
        }
        Some(power)
    }

    /// A user's function. Operands are converted to its dtypes, where no value is lost, and broadcast.
    pub fn custom(&mut self, custom: &Custom, operands: &[Operand], site: Site) -> SiteId {
        if let Some(improper) = naming::improper("a function", custom.name()) {
            let exprs: Vec<SiteId> = exprs_of(operands).collect();
            return self.refuse(&exprs, Some(improper), site);
        }
        let op = Op::Custom(custom.clone());
        let wanted: Vec<&str> = custom.operands().iter().map(|dtype| dtype.name()).collect();
        if operands.len() != wanted.len() || operands.is_empty() {
            let plural = if wanted.len() == 1 { "" } else { "s" };
            let message = format!(
                "`{}` takes {} operand{plural} ({}), but is applied to {}",
                custom.name(),
                wanted.len(),
                wanted.join(", "),
                operands.len()
            );
            let mut diagnostic = Diagnostic::new(DiagnosticKind::DType, message);
            let exprs: Vec<SiteId> = exprs_of(operands).collect();
            for (slot, expr) in exprs.iter().enumerate() {
                diagnostic = diagnostic.operand(self.note(*expr, slot));
            }
            return self.add_poison(op, &exprs, site, Some(diagnostic));
        }
        let takes = wanted.join(", ");
        self.call(op, operands, site, &takes, |known| {
            for (operand, wanted) in known.iter().zip(custom.operands()) {
                match operand {
                    OperandDType::Strong(dtype) if !dtype.can_cast(*wanted) => return Err(*dtype),
                    // Whether it fits is looked at later, where its family does.
                    OperandDType::Weak(weak) if wanted.promote_weak(*weak) != *wanted => {
                        return Err(weak.default_dtype());
                    }
                    _ => {}
                }
            }
            Ok(Signature { operands: custom.operands().into(), result: custom.result() })
        })
    }

    /// An operation on operands that are converted as a signature says, and broadcast.
    fn call(
        &mut self,
        op: Op,
        operands: &[Operand],
        site: Site,
        takes: &str,
        signature: impl FnOnce(&[OperandDType]) -> Result<Signature, DType>,
    ) -> SiteId {
        let exprs: SmallVec<[SiteId; 2]> = exprs_of(operands).collect();
        let foreign = operands.iter().find_map(|operand| match operand {
            Operand::Foreign(made) => Some(*made),
            _ => None,
        });
        if let Some(made) = foreign {
            let diagnostic =
                foreign_graph(&format!("`{}` mixes expressions of two graphs", self.called(op.name())), made);
            return self.add_poison(op, &exprs, site, Some(diagnostic));
        }
        let known: SmallVec<[OperandDType; 3]> = operands
            .iter()
            .filter_map(|operand| match operand {
                Operand::Expr(expr) => self.site_array(*expr).map(|array| OperandDType::Strong(array.dtype)),
                Operand::Weak(weak) => Some(OperandDType::Weak(*weak)),
                Operand::Foreign(_) => None,
            })
            .collect();
        if known.len() != operands.len() {
            return self.add_poison(op, &exprs, site, None);
        }
        let signature = match signature(&known) {
            Ok(signature) => signature,
            Err(refused) => {
                let message = format!("`{}` is not defined on {refused}", self.called(op.name()));
                let mut diagnostic = Diagnostic::new(DiagnosticKind::DType, message);
                for (slot, expr) in exprs.iter().enumerate() {
                    diagnostic = diagnostic.operand(self.note(*expr, slot));
                }
                diagnostic = diagnostic
                    .help(format!("it takes {takes}"))
                    .help("convert an operand first: `.astype(dtype)`");
                return self.add_poison(op, &exprs, site, Some(diagnostic));
            }
        };
        let mut converted: SmallVec<[SiteId; 3]> = SmallVec::new();
        for (operand, dtype) in operands.iter().zip(&signature.operands) {
            converted.push(match operand {
                Operand::Expr(expr) => self.convert(*expr, *dtype, site),
                Operand::Weak(weak) => match weak.to_scalar(*dtype) {
                    Some(scalar) => self.scalar(scalar, site),
                    None => {
                        let message =
                            format!("`{}`: the number {weak} does not fit {dtype}", self.called(op.name()));
                        let mut diagnostic = Diagnostic::new(DiagnosticKind::ScalarRange, message);
                        for (slot, expr) in exprs.iter().enumerate() {
                            diagnostic = diagnostic.operand(self.note(*expr, slot));
                        }
                        if weak.to_scalar(DType::I64).is_some() {
                            diagnostic = diagnostic.help(
                                "a Rust number takes the dtype of the array it meets: convert the array with \
                                 `.astype(I64)`",
                            );
                        }
                        return self.add_poison(op, &exprs, site, Some(diagnostic));
                    }
                },
                Operand::Foreign(_) => return self.add_poison(op, &exprs, site, None),
            });
        }
        match self.broadcast_sites(self.called(op.name()), &converted) {
            Ok(Broadcast { shape, requirements }) => {
                let array = ArrayType { dtype: signature.result, shape };
                let call = self.add(op.clone(), array, &converted, site);
                self.require(call, op.name(), site, requirements);
                call
            }
            Err(diagnostic) => self.add_poison(op, &converted, site, Some(*diagnostic)),
        }
    }

    /// The value in another dtype: nothing is added where it has that dtype already.
    pub fn cast(&mut self, operand: SiteId, dtype: DType, site: Site) -> SiteId {
        match self.site_array(operand).cloned() {
            None => self.add_poison(Op::Cast, &[operand], site, None),
            Some(array) if array.dtype == dtype => operand,
            Some(array) => self.add(Op::Cast, ArrayType { dtype, ..array }, &[operand], site),
        }
    }

    /// The same of an operand that is to have another dtype than the user gave it.
    pub(crate) fn convert(&mut self, operand: SiteId, dtype: DType, site: Site) -> SiteId {
        self.converting = true;
        let converted = self.cast(operand, dtype, site);
        self.converting = false;
        converted
    }

    /// Combines elements along axes; `None` is all of them.
    pub fn reduce(
        &mut self,
        op: ReduceOp,
        operand: SiteId,
        axes: Option<&[AxisRef]>,
        keepdims: bool,
        site: Site,
    ) -> SiteId {
        let poison = |axes: &[usize]| Op::Reduce { op, axes: axes.into(), keepdims };
        let Some(array) = self.site_array(operand).cloned() else {
            return self.add_poison(poison(&[]), &[operand], site, None);
        };
        let axes = match axes {
            None => Ok((0..array.shape.len()).collect()),
            Some(axes) => self.axes(op.name(), operand, axes, &array.shape),
        };
        let axes: SmallVec<[usize; 2]> = match axes {
            Ok(axes) => axes,
            Err(diagnostic) => return self.add_poison(poison(&[]), &[operand], site, Some(*diagnostic)),
        };
        let accumulator = op.accumulator(array.dtype);
        let has_value = op.of_nothing(accumulator).is_some();
        let empty = axes.iter().find(|axis| array.shape[**axis].known() == Some(0));
        if let Some(axis) = empty
            && !has_value
        {
            let message = format!("`{}` over no elements has no value", self.called(op.name()));
            let diagnostic = Diagnostic::new(DiagnosticKind::EmptyReduction, message)
                .operand(self.note(operand, 0))
                .axis(*axis)
                .help(format!("axis {axis} has size 0"));
            return self.add_poison(poison(&axes), &[operand], site, Some(diagnostic));
        }
        if axes.is_empty() {
            // Each element is a combination of one: itself.
            let elements = self.cast(operand, accumulator, site);
            return self.cast(elements, op.result(array.dtype), site);
        }
        let shape = |keepdims: bool| -> Shape {
            let reduced = |(axis, dim): (usize, &Dim)| match (axes.contains(&axis), keepdims) {
                (false, _) => Some(dim.clone()),
                (true, true) => Some(Dim::from(1u64).with_label(dim.shared_label().cloned())),
                (true, false) => None,
            };
            array.shape.iter().enumerate().filter_map(reduced).collect()
        };
        let elements = self.convert(operand, accumulator, site);
        let may_be_empty = axes.iter().map(|axis| &array.shape[*axis]).filter(|dim| dim.lower() == 0);
        let requirements: Vec<Requirement> =
            may_be_empty.filter(|_| !has_value).map(|dim| Requirement::NotEmpty(dim.clone())).collect();
        let made = |keepdims: bool| {
            let op = Op::Reduce { op, axes: axes.clone(), keepdims };
            (op, ArrayType { dtype: accumulator, shape: shape(keepdims) })
        };
        // The same totals with axes of size 1 or without are seen through a view: a mean beside a deviation is computed once.
        let (other, other_array) = made(!keepdims);
        if self.has(&other, &other_array, elements) {
            let begun = self.begin_composition(op.name(), site, Broadcasts::OfFunction);
            let reduced = self.add(other, other_array, &[elements], site);
            self.require(reduced, op.name(), site, requirements);
            let result = self.cast(reduced, op.result(array.dtype), site);
            let seen = if keepdims {
                let new = |axis: &usize| NewAxis {
                    position: *axis as isize,
                    label: array.shape[*axis].shared_label().cloned(),
                };
                let new: Vec<NewAxis> = axes.iter().map(new).collect();
                self.expand_dims(result, &new, site)
            } else {
                let gone: Vec<AxisRef> = axes.iter().map(|axis| AxisRef::Position(*axis as isize)).collect();
                self.squeeze(result, Some(&gone), site)
            };
            if begun {
                self.end_composition();
            }
            return seen;
        }
        let (made, result) = made(keepdims);
        let reduced = self.add(made, result, &[elements], site);
        self.require(reduced, op.name(), site, requirements);
        self.cast(reduced, op.result(array.dtype), site)
    }

    /// Joins the shapes of sound calls.
    pub(crate) fn broadcast_sites(
        &self,
        name: &str,
        operands: &[SiteId],
    ) -> Result<Broadcast, Box<Diagnostic>> {
        let shapes = operands.iter().filter_map(|operand| Some(&self.site_array(*operand)?.shape));
        let joined = broadcast::join_all(shapes.clone()).map_err(|(conflict, left, right)| {
            Box::new(self.mismatch(name, &conflict, operands[left], operands[right]))
        })?;
        if let Some(label) = joined.shape.repeated_label() {
            let mut diagnostic = broadcast::repeated(name, label, &joined.shape);
            for (slot, operand) in operands.iter().enumerate() {
                diagnostic = diagnostic.operand(self.note(*operand, slot));
            }
            return Err(Box::new(diagnostic));
        }
        Ok(joined)
    }

    fn mismatch(&self, name: &str, conflict: &Conflict, left: SiteId, right: SiteId) -> Diagnostic {
        let shape = |site: SiteId| self.site_array(site).map(|array| array.shape.clone()).unwrap_or_default();
        let (a, b) = (shape(left), shape(right));
        broadcast::mismatch(name, conflict, [(&a, self.note(left, 0)), (&b, self.note(right, 1))])
    }

    /// A line about an operand: its name, type and place.
    pub(crate) fn note(&self, site: SiteId, slot: usize) -> OperandNote {
        self.note_within(site, slot, self.composing)
    }

    /// The same inside of a composed function: a line about what the user gave it.
    pub(crate) fn note_within(&self, site: SiteId, slot: usize, within: Option<Composition>) -> OperandNote {
        self.given_operand(site, slot, within).note()
    }

    /// What the user gave as an operand, from which that line can be made.
    pub(crate) fn given_operand(
        &self,
        site: SiteId,
        slot: usize,
        within: Option<Composition>,
    ) -> GivenOperand {
        let site = self.given(site, within);
        let (array, call) = (self.site_array(site).cloned(), self.call_site(site));
        let number = match self.node(call.node).op {
            Op::Generator(Generator::Full(number)) => Some(number),
            _ => None,
        };
        let is_scalar = array.as_ref().is_some_and(|array| array.shape.is_empty());
        let number = number.filter(|_| is_scalar && call.label.is_none());
        GivenOperand { slot, name: self.display_name(site).to_string(), number, array, site: call.site }
    }
}

/// The diagnostic for an expression of another graph, made at `made`.
#[must_use]
pub fn foreign_graph(message: &str, made: Site) -> Diagnostic {
    Diagnostic::new(DiagnosticKind::ForeignGraph, message)
        .operand(OperandNote {
            text: "this expression belongs to the other graph".into(),
            slot: 0,
            name: String::new(),
            array: None,
            site: Some(made),
        })
        .help(
            "build the whole expression on one `Graph`; a plan's output becomes another plan's input by name",
        )
}
