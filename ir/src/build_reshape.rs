//! Adding views that join, split, or share axes.

use crate::axis::AxisRef;
use crate::diagnostic::{Diagnostic, DiagnosticKind, Site};
use crate::dim::Dim;
use crate::graph::{Graph, Op, SiteId};
use crate::requirement::Requirement;
use crate::reshape::Regrouping;
use crate::shape::{ArrayType, Shape};
use crate::size::SizeExpr;
use crate::view::View;

type Refusal = Box<Diagnostic>;

impl Graph {
    /// The same elements in C order with other sizes, one of which may be `None`: what is left for it.
    pub fn reshape(&mut self, operand: SiteId, sizes: &[Option<Dim>], site: Site) -> SiteId {
        let mut requirement = None;
        let mut between: Option<Shape> = None;
        let shape = self.site_array(operand).map(|array| {
            let (shape, required) = self.reshaped(operand, array, sizes)?;
            let dims = Regrouping::new(&array.shape, &shape).between(&array.shape, &shape);
            (between, requirement) = (dims.map(|dims| dims.into_iter().collect()), required);
            Ok(shape)
        });
        let mut to = |operand: SiteId, shape: Option<Result<Shape, Refusal>>| {
            self.view(operand, View::Reshape(Regrouping::new(&[], &[])), site, |_, array| {
                let shape = shape.unwrap_or_else(|| Ok(array.shape.clone()))?;
                Ok((View::Reshape(Regrouping::new(&array.shape, &shape)), shape))
            })
        };
        let joined = between.map_or(operand, |between| to(operand, Some(Ok(between))));
        let call = to(joined, shape);
        self.require(call, "reshape", site, requirement.into_iter().collect());
        call
    }

    /// A reshape of what is dense memory or a view of it, which is refused where it would take a copy.
    pub fn reshape_view(&mut self, operand: SiteId, sizes: &[Option<Dim>], site: Site) -> SiteId {
        let reshaped = self.reshape(operand, sizes, site);
        let (from, to) = (self.call_site(operand).node, self.call_site(reshaped).node);
        let (Some(array), Some(wanted)) = (self.site_array(operand), self.site_array(reshaped)) else {
            return reshaped;
        };
        let why = match self.is_view_of(to, from) {
            _ if to == from => return reshaped,
            Some(true) => return reshaped,
            Some(false) => "takes a copy: its elements do not follow each other in C order",
            None => "may take a copy: not all sizes are known",
        };
        let message = format!("`{}` of {array} to {} {why}", self.called("reshape_view"), wanted.shape);
        let mut refused = Diagnostic::new(DiagnosticKind::Shape, message).operand(self.note(operand, 0));
        if let Some(strided) = self.strided(from) {
            let strides: Vec<String> = strided.strides.iter().map(i64::to_string).collect();
            refused =
                refused.help(format!("one step along each axis goes over {} elements", strides.join(", ")));
        }
        refused =
            refused.help("`reshape` computes it in the order that is needed, `contiguous` copies it first");
        self.add_poison(Op::View(View::Reshape(Regrouping::new(&[], &[]))), &[operand], site, Some(refused))
    }

    /// The shape of a reshape, and what must hold for it to have as many elements.
    fn reshaped(
        &self,
        operand: SiteId,
        array: &ArrayType,
        sizes: &[Option<Dim>],
    ) -> Result<(Shape, Option<Requirement>), Refusal> {
        let refuse = |what: String, help: &str| {
            let name = self.called("reshape");
            let message = format!("`{name}` of {} to {}: {what}", array.shape, text(sizes));
            let refused = Diagnostic::new(DiagnosticKind::Shape, message).operand(self.note(operand, 0));
            Err(Box::new(refused.help(help)))
        };
        let elements = product(array.shape.iter());
        let given = product(sizes.iter().flatten());
        if let Some(problem) = elements.problem().or(given.problem()) {
            return refuse(problem.to_string(), "a reshape counts the elements");
        }
        let is_known = elements.as_known().is_some() && given.as_known().is_some();
        let open = sizes.iter().filter(|size| size.is_none()).count();
        let keeps = "a reshape keeps the number of elements";
        let (left, requirement) = match open {
            0 => {
                let apart = elements.minus(&given);
                if !apart.bounds().contains(0) {
                    let are = if is_known { "are not" } else { "are never" };
                    return refuse(format!("{elements} elements {are} {given}"), keeps);
                }
                let equal = || Requirement::Equal(elements.into(), given.into());
                (None, (apart.as_known() != Some(0)).then(equal))
            }
            // Any size would do for no elements: it is refused, as in NumPy.
            1 => match elements.exact_div(&given).filter(|_| given.as_known() != Some(0)) {
                Some(left) => (Some(Dim::from(left)), None),
                None if is_known => {
                    return refuse(format!("{elements} elements are no multiple of {given}"), keeps);
                }
                None => {
                    let help = "say the size in terms of the dims instead of -1";
                    return refuse(format!("it is not seen that {given} divides {elements}"), help);
                }
            },
            _ => {
                let help = "at most one size follows from the others";
                return refuse(format!("{open} sizes are left open"), help);
            }
        };
        let dims = sizes.iter().filter_map(|size| size.clone().or_else(|| left.clone()));
        Ok((dims.collect(), requirement))
    }

    /// The elements whose indices on two axes differ by `offset`, along a new last axis.
    pub fn diagonal(&mut self, operand: SiteId, offset: i64, axes: [AxisRef; 2], site: Site) -> SiteId {
        let start = [SizeExpr::known(0), SizeExpr::known(0)];
        let unresolved = View::Diagonal { axes: [0, 1], start };
        self.view(operand, unresolved, site, |graph, array| {
            let axes: Vec<usize> = graph.positions("diagonal", operand, &axes, &array.shape)?;
            let axes = [axes[0], axes[1]];
            let start = [offset.saturating_neg().max(0), offset.max(0)].map(SizeExpr::from);
            let left = |of: usize| array.shape[axes[of]].size().minus(&start[of]);
            let length = left(0).at_most(&left(1)).at_least(&0.into());
            let kept = (0..array.shape.len()).filter(|axis| !axes.contains(axis));
            let dims = kept.map(|axis| array.shape[axis].clone()).chain([Dim::from(length)]);
            Ok((View::Diagonal { axes, start }, dims.collect()))
        })
    }

    /// Every `window` neighbours along an axis, along a new last axis.
    pub fn sliding_window(&mut self, operand: SiteId, window: &Dim, axis: &AxisRef, site: Site) -> SiteId {
        let mut requirements = Vec::new();
        let call = self.view(operand, View::SlidingWindow { axis: 0 }, site, |graph, array| {
            let axes: Vec<usize> =
                graph.positions("sliding_window", operand, std::slice::from_ref(axis), &array.shape)?;
            let (axis, dim) = (axes[0], &array.shape[axes[0]]);
            let count = dim.size().minus(&window.size()).plus(&1.into());
            if window.upper() == 0 || count.bounds().upper < 1 {
                let name = graph.called("sliding_window");
                let message = format!("`{name}` of {window} along axis {axis}, which has size {dim}");
                let refused = Diagnostic::new(DiagnosticKind::Shape, message)
                    .operand(graph.note(operand, 0))
                    .axis(axis);
                return Err(Box::new(refused.help("a window has at least one element and fits the axis")));
            }
            // Sizes that are decided later: there must be at least one window, and an element in it.
            for size in [&count, &window.size()].into_iter().filter(|size| size.bounds().lower < 1) {
                requirements.push(Requirement::AtLeast(size.clone().into(), 1));
            }
            let mut dims = array.shape.to_vec();
            dims[axis] = Dim::from(count).with_label(dim.shared_label().cloned());
            dims.push(window.clone());
            Ok((View::SlidingWindow { axis }, dims.into_iter().collect()))
        });
        self.require(call, "sliding_window", site, requirements);
        call
    }
}

fn product<'a>(dims: impl Iterator<Item = &'a Dim>) -> SizeExpr {
    dims.fold(SizeExpr::known(1), |product, dim| product.times(&dim.size()))
}

/// As in `(2, -1)`.
fn text(sizes: &[Option<Dim>]) -> String {
    let size = |size: &Option<Dim>| size.as_ref().map_or_else(|| "-1".into(), ToString::to_string);
    let sizes: Vec<String> = sizes.iter().map(size).collect();
    match &sizes[..] {
        [one] => format!("({one},)"),
        several => format!("({})", several.join(", ")),
    }
}
