//! Order statistics, composed of sorts and what selects from them.

use crate::axis::AxisRef;
use crate::build::Operand;
use crate::build_view::Slice;
use crate::diagnostic::{Diagnostic, DiagnosticKind, Site};
use crate::dim::Dim;
use crate::dtype::DType;
use crate::graph::{Graph, SiteId};
use crate::op::ElementOp;
use crate::reduce::ReduceOp;
use crate::routine::{OutOfBounds, Routine};
use crate::scalar::{Scalar, Weak};
use crate::shape::Shape;

/// Which elements in order a statistic lies between.
enum Place {
    /// The one or two in the middle, whose mean it is.
    Middle,
    /// At this part of the way from the first to the last, linearly between two.
    Part(f64),
}

/// Elements in order along their last axis, which has this size.
struct InOrder {
    sorted: SiteId,
    size: Dim,
    last: AxisRef,
    /// How many of them count, the first ones, where that depends on data or may be none: with that axis, of size 1.
    count: Option<SiteId>,
}

impl Graph {
    /// The middle of the elements along axes, or the mean of the two in the middle; NaN where there is one, and over
    /// no elements.
    pub fn median(
        &mut self,
        operand: SiteId,
        axes: Option<&[AxisRef]>,
        keepdims: bool,
        site: Site,
    ) -> SiteId {
        self.statistic("median", (operand, None), &Place::Middle, axes, keepdims, site)
    }

    /// The value below which a part of the elements along axes lies, linearly between two; NaN where there is
    /// one, and over no elements.
    pub fn quantile(
        &mut self,
        operand: SiteId,
        part: f64,
        axes: Option<&[AxisRef]>,
        keepdims: bool,
        site: Site,
    ) -> SiteId {
        if !(0.0..=1.0).contains(&part) {
            let message = format!("`{}` at {part}: parts are between 0 and 1", self.called("quantile"));
            let diagnostic =
                Diagnostic::new(DiagnosticKind::ScalarRange, message).operand(self.note(operand, 0));
            let routine = Routine::Sort { axis: 0, descending: false };
            return self.wrong_routine(routine, &[operand], site, Some(Box::new(diagnostic)));
        }
        self.statistic("quantile", (operand, None), &Place::Part(part), axes, keepdims, site)
    }

    /// As [`Graph::median`], or as [`Graph::quantile`] where a part is given, of the elements where a mask of `bool` is
    /// true; NaN where none is. The mask has the shape of the operand.
    pub fn masked_statistic(
        &mut self,
        (operand, mask): (SiteId, SiteId),
        part: Option<f64>,
        axes: Option<&[AxisRef]>,
        keepdims: bool,
        site: Site,
    ) -> SiteId {
        let place = part.map_or(Place::Middle, Place::Part);
        let name = if part.is_none() { "median" } else { "quantile" };
        self.statistic(name, (operand, Some(mask)), &place, axes, keepdims, site)
    }

    /// The positions of the `count` largest elements along an axis, the largest first.
    pub fn top_positions(&mut self, operand: SiteId, count: u64, axis: &AxisRef, site: Site) -> SiteId {
        let sorted = self.argsort(operand, axis, true, site);
        let Some(array) = self.site_array(operand) else { return sorted };
        let Ok(axis) = self.axis_of("top_k", operand, axis, array) else { return sorted };
        let most = array.shape[axis].upper();
        if count > most {
            let message = format!(
                "`{}` of {count} elements along axis {axis}, which has {}",
                self.called("top_k"),
                array.shape[axis]
            );
            let diagnostic =
                Diagnostic::new(DiagnosticKind::Shape, message).operand(self.note(operand, 0)).axis(axis);
            let routine = Routine::Argsort { axis, descending: true };
            return self.wrong_routine(routine, &[operand], site, Some(Box::new(diagnostic)));
        }
        let first = Slice { start: Some(0), stop: i64::try_from(count).ok(), step: 1 };
        self.slice_axis(sorted, AxisRef::Position(axis as isize), first, site)
    }

    /// The elements along an axis with the one at a position where it is in order.
    pub fn partition(&mut self, operand: SiteId, position: i64, axis: &AxisRef, site: Site) -> SiteId {
        let sorted = self.sort(operand, axis, false, site);
        let Some(array) = self.site_array(operand) else { return sorted };
        let Ok(axis) = self.axis_of("partition", operand, axis, array) else { return sorted };
        let size = &array.shape[axis];
        if OutOfBounds::Raise.resolve(i128::from(position), size.upper()).is_some() {
            return sorted;
        }
        let name = self.called("partition");
        let message = format!("`{name}` at {position} along axis {axis}, which has {size} elements");
        let diagnostic =
            Diagnostic::new(DiagnosticKind::Shape, message).operand(self.note(operand, 0)).axis(axis);
        let routine = Routine::Sort { axis, descending: false };
        self.wrong_routine(routine, &[operand], site, Some(Box::new(diagnostic)))
    }

    fn statistic(
        &mut self,
        name: &str,
        (operand, mask): (SiteId, Option<SiteId>),
        place: &Place,
        axes: Option<&[AxisRef]>,
        keepdims: bool,
        site: Site,
    ) -> SiteId {
        let unsorted = Routine::Sort { axis: 0, descending: false };
        let Some(array) = self.site_array(operand).cloned() else {
            return self.wrong_routine(unsorted, &[operand], site, None);
        };
        let rank = array.shape.len();
        let axes: Vec<usize> = match axes {
            None => (0..rank).collect(),
            Some(axes) => match self.axes(name, operand, axes, &array.shape) {
                Ok(axes) => axes,
                Err(diagnostic) => return self.wrong_routine(unsorted, &[operand], site, Some(diagnostic)),
            },
        };
        // The axes become one, the last.
        let kept: Vec<usize> = (0..rank).filter(|axis| !axes.contains(axis)).collect();
        let order: Vec<AxisRef> =
            kept.iter().chain(&axes).map(|axis| AxisRef::Position(*axis as isize)).collect();
        let size =
            axes.iter().map(|axis| &array.shape[*axis]).fold(Dim::from(1u64), |product, dim| &product * dim);
        let in_line = |graph: &mut Self, of: SiteId| {
            let moved = graph.permute_dims(of, &order, site);
            if axes.len() == 1 {
                return moved;
            }
            let sizes = kept.iter().map(|axis| array.shape[*axis].clone()).chain([size.clone()]);
            let sizes: Vec<Option<Dim>> = sizes.map(Some).collect();
            graph.reshape(moved, &sizes, site)
        };
        let mut elements = in_line(self, operand);
        let last = AxisRef::Position(kept.len() as isize);
        let size = if axes.len() == 1 { array.shape[axes[0]].clone() } else { size.clone() }.with_label(None);
        // What does not count comes last, where NaN is.
        let behind = match array.dtype.int_info() {
            Some(info) => Scalar::from_int(info.max, array.dtype),
            None if array.dtype == DType::Bool => Scalar::from(true),
            None => Scalar::F64(f64::NAN).cast(array.dtype),
        };
        let mut count = mask.map(|mask| {
            let mask = in_line(self, mask);
            let behind = self.scalar(behind, site);
            elements = self.element(ElementOp::Select, &[mask.into(), elements.into(), behind.into()], site);
            let ones = self.cast(mask, DType::I64, site);
            self.reduce(ReduceOp::Sum, ones, Some(std::slice::from_ref(&last)), true, site)
        });
        if size.lower() == 0 {
            // One element more, which never counts: there is always one to read.
            let line: Shape =
                kept.iter().map(|axis| array.shape[*axis].clone()).chain([Dim::from(1u64)]).collect();
            let behind = self.scalar(behind, site);
            let behind = self.broadcast_to(behind, line.clone(), site);
            let all = count.unwrap_or_else(|| self.size(&size, site));
            count = Some(self.broadcast_to(all, line, site));
            elements = self.concat(&[elements.into(), behind.into()], &last, site);
        }
        let sorted = self.sort(elements, &last, false, site);
        let in_order = InOrder { sorted, size, last, count };
        let value = self.between(&in_order, place, array.dtype, site);
        if keepdims {
            let new: Vec<crate::axis::NewAxis> = axes
                .iter()
                .map(|axis| crate::axis::NewAxis {
                    position: *axis as isize,
                    label: array.shape[*axis].shared_label().cloned(),
                })
                .collect();
            self.expand_dims(value, &new, site)
        } else {
            value
        }
    }

    /// The value at a place between elements in order.
    fn between(&mut self, elements: &InOrder, place: &Place, dtype: DType, site: Site) -> SiteId {
        let result = if dtype.is_float() { dtype } else { DType::F64 };
        let last = elements.size.size().minus(&1.into());
        let binary =
            |graph: &mut Self, op: ElementOp, a: SiteId, b: Operand| graph.element(op, &[a.into(), b], site);
        // How many there are, and the position of the last, where they are not known.
        let counted = match elements.count {
            Some(count) => (count, binary(self, ElementOp::Subtract, count, Operand::Weak(Weak::Int(1)))),
            None if elements.size.known().is_some() => (elements.sorted, elements.sorted),
            None => (self.size(&elements.size, site), self.size(&Dim::from(last.clone()), site)),
        };
        let at_end = match elements.count {
            Some(_) => {
                let last = self.chosen(elements, counted.1, dtype, site);
                self.cast(last, dtype, site)
            }
            None => self.at(elements, &Dim::from(last), site),
        };
        let value = match (place, elements.size.known().filter(|_| elements.count.is_none())) {
            (Place::Middle, Some(size)) => {
                let low = self.at(elements, &Dim::from((size - 1) / 2), site);
                let low = self.cast(low, result.computed(), site);
                if size % 2 == 1 {
                    low
                } else {
                    let high = self.at(elements, &Dim::from(size / 2), site);
                    let high = self.cast(high, result.computed(), site);
                    let sum = binary(self, ElementOp::Add, low, high.into());
                    binary(self, ElementOp::Divide, sum, Operand::Weak(Weak::Float(2.0)))
                }
            }
            (Place::Middle, None) => {
                let (size, last) = counted;
                let half = |graph: &mut Self, of: SiteId| {
                    binary(graph, ElementOp::FloorDivide, of, Operand::Weak(Weak::Int(2)))
                };
                let (low_at, high_at) = (half(self, last), half(self, size));
                let low = self.chosen(elements, low_at, result, site);
                let high = self.chosen(elements, high_at, result, site);
                let sum = binary(self, ElementOp::Add, low, high.into());
                let mean = binary(self, ElementOp::Divide, sum, Operand::Weak(Weak::Float(2.0)));
                // A single element in the middle is it, where the sum would overflow.
                let is_one = binary(self, ElementOp::Equal, low_at, high_at.into());
                let is_one = self.of_line(elements, is_one, site);
                self.element(ElementOp::Select, &[is_one.into(), low.into(), mean.into()], site)
            }
            (Place::Part(part), Some(size)) => {
                let at = part * (size - 1) as f64;
                let low_at = at.floor();
                let low = self.at(elements, &Dim::from(low_at as u64), site);
                let high = self.at(elements, &Dim::from((low_at as u64 + 1).min(size - 1)), site);
                let low = self.cast(low, result.computed(), site);
                let high = self.cast(high, result.computed(), site);
                let way = self.scalar(Scalar::F64(at - low_at).cast(result.computed()), site);
                self.on_the_way(low, high, way, site)
            }
            (Place::Part(part), None) => {
                let last = self.cast(counted.1, DType::F64, site);
                let at = binary(self, ElementOp::Multiply, last, Operand::Weak(Weak::Float(*part)));
                let low_at = self.element(ElementOp::Floor, &[at.into()], site);
                let way = binary(self, ElementOp::Subtract, at, low_at.into());
                let way = self.cast(way, result.computed(), site);
                let way = self.of_line(elements, way, site);
                let low_at = self.cast(low_at, DType::I64, site);
                let mut high_at = binary(self, ElementOp::Add, low_at, Operand::Weak(Weak::Int(1)));
                if elements.count.is_some() {
                    // What is behind the last one that counts is NaN, and would be even where it counts for nothing.
                    high_at = binary(self, ElementOp::Minimum, high_at, counted.1.into());
                }
                let low = self.chosen(elements, low_at, result, site);
                let high = self.chosen(elements, high_at, result, site);
                self.on_the_way(low, high, way, site)
            }
        };
        let value = self.cast(value, result, site);
        if !dtype.is_float() {
            let Some(count) = elements.count else { return value };
            let count = self.of_line(elements, count, site);
            let is_any = binary(self, ElementOp::Greater, count, Operand::Weak(Weak::Int(0)));
            let nan = Operand::Weak(Weak::Float(f64::NAN));
            return self.element(ElementOp::Select, &[is_any.into(), value.into(), nan], site);
        }
        // NaN is the last in order.
        let is_nan = self.element(ElementOp::IsNan, &[at_end.into()], site);
        self.element(ElementOp::Select, &[is_nan.into(), at_end.into(), value.into()], site)
    }

    /// The element at a position, which may be a size.
    fn at(&mut self, elements: &InOrder, position: &Dim, site: Site) -> SiteId {
        match position.known() {
            Some(at) => {
                let at = i64::try_from(at).unwrap_or(i64::MAX);
                let one = self.slice_axis(
                    elements.sorted,
                    elements.last.clone(),
                    Slice::from(at..at.saturating_add(1)),
                    site,
                );
                self.squeeze(one, Some(std::slice::from_ref(&elements.last)), site)
            }
            None => {
                let position = self.size(position, site);
                self.take(elements.sorted, position.into(), &elements.last, OutOfBounds::Clip, site)
            }
        }
    }

    /// The element at a position that is computed, the last one for what is beyond it.
    fn chosen(&mut self, elements: &InOrder, position: SiteId, result: DType, site: Site) -> SiteId {
        let (sorted, last) = (elements.sorted, &elements.last);
        let element = match elements.count {
            Some(_) => self.take_along_axis(sorted, position.into(), last, OutOfBounds::Clip, site),
            None => self.take(sorted, position.into(), last, OutOfBounds::Clip, site),
        };
        let element = self.of_line(elements, element, site);
        self.cast(element, result.computed(), site)
    }

    /// What there is one of for each line of elements, without their axis.
    fn of_line(&mut self, elements: &InOrder, of: SiteId, site: Site) -> SiteId {
        match elements.count {
            Some(_) => self.squeeze(of, Some(std::slice::from_ref(&elements.last)), site),
            None => of,
        }
    }

    /// A part of the way from one value to another, from the nearer end as NumPy does.
    fn on_the_way(&mut self, low: SiteId, high: SiteId, way: SiteId, site: Site) -> SiteId {
        let mut binary = |op: ElementOp, a: SiteId, b: Operand| self.element(op, &[a.into(), b], site);
        let apart = binary(ElementOp::Subtract, high, low.into());
        let step = binary(ElementOp::Multiply, apart, way.into());
        let from_low = binary(ElementOp::Add, low, step.into());
        let rest = self.element(ElementOp::Subtract, &[Operand::Weak(Weak::Int(1)), way.into()], site);
        let mut binary = |op: ElementOp, a: SiteId, b: Operand| self.element(op, &[a.into(), b], site);
        let step = binary(ElementOp::Multiply, apart, rest.into());
        let from_high = binary(ElementOp::Subtract, high, step.into());
        let is_high = binary(ElementOp::GreaterEqual, way, Operand::Weak(Weak::Float(0.5)));
        self.element(ElementOp::Select, &[is_high.into(), from_high.into(), from_low.into()], site)
    }
}
