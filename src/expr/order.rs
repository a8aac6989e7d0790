//! Elements in order.

use super::Expr;
use crate::axes::Axes;
use fusewire_ir::{AxisRef, Diagnostic, DiagnosticKind, Site};

impl Expr<'_> {
    /// The elements along an axis in ascending order. Any dtype; equal elements, such as zeros of both signs,
    /// stay as they stood, and NaN counts as larger than all numbers. A routine of its own in the plan.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", F64, [4]);
    /// let program = g.plan([(x * 2).sort(Axis(0))], &Limits::default())?.compile()?;
    /// let mut out = [0.0; 4];
    /// program.run([("x", &[3.0, 1.0, 2.0, -1.0])], [("out", &mut out)])?;
    /// assert_eq!(out, [-2.0, 2.0, 4.0, 6.0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sort(self, axis: impl Into<AxisRef>) -> Self {
        let (axis, site) = (axis.into(), Site::caller());
        self.function("sort", |x| x.graph.push(|g| g.sort(x.site, &axis, false, site)))
    }

    /// As [`Expr::sort`], the largest first: NaN comes first, and equal elements stay as they stood.
    #[must_use]
    #[track_caller]
    pub fn sort_descending(self, axis: impl Into<AxisRef>) -> Self {
        let (axis, site) = (axis.into(), Site::caller());
        self.function("sort_descending", |x| x.graph.push(|g| g.sort(x.site, &axis, true, site)))
    }

    /// The positions along an axis that the elements of [`Expr::sort`] come from, in `i64`.
    #[must_use]
    #[track_caller]
    pub fn argsort(self, axis: impl Into<AxisRef>) -> Self {
        let (axis, site) = (axis.into(), Site::caller());
        self.function("argsort", |x| x.graph.push(|g| g.argsort(x.site, &axis, false, site)))
    }

    /// The positions along an axis that the elements of [`Expr::sort_descending`] come from, in `i64`.
    #[must_use]
    #[track_caller]
    pub fn argsort_descending(self, axis: impl Into<AxisRef>) -> Self {
        let (axis, site) = (axis.into(), Site::caller());
        self.function("argsort_descending", |x| x.graph.push(|g| g.argsort(x.site, &axis, true, site)))
    }

    /// The middle of the elements along axes, or the mean of the two in the middle: `f64` for integers and
    /// `bool`, NaN where there is one, and over no elements. The elements are sorted, once for all
    /// statistics of the same elements along the same axes.
    #[must_use]
    #[track_caller]
    pub fn median(self, axes: impl Into<Axes>) -> Self {
        let (axes, site) = (axes.into(), Site::caller());
        self.function("median", |x| {
            x.graph.push(|g| g.median(x.site, axes.axes.as_deref(), axes.keepdims, site))
        })
    }

    /// The value below which `part` (0 to 1) of the elements along axes lie, linearly between two of them: in
    /// dtypes as [`Expr::median`], NaN where there is one, and over no elements.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", F64, [5]);
    /// let outputs = [x.median(All).named("middle"), x.quantile(0.875, All).named("high")];
    /// let plan = g.plan(outputs, &Limits::default())?;
    /// assert_eq!(plan.steps().len() - plan.kernels().len(), 1); // one sort
    /// let (mut middle, mut high) = (0.0, 0.0);
    /// plan.compile()?.run([("x", &[3.0, 1.0, 4.0, 1.0, 5.0])], [("middle", &mut middle), ("high", &mut high)])?;
    /// assert_eq!((middle, high), (3.0, 4.5));
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn quantile(self, part: f64, axes: impl Into<Axes>) -> Self {
        let (axes, site) = (axes.into(), Site::caller());
        self.function("quantile", |x| {
            x.graph.push(|g| g.quantile(x.site, part, axes.axes.as_deref(), axes.keepdims, site))
        })
    }

    /// As [`Expr::quantile`], with the part in per cent.
    #[must_use]
    #[track_caller]
    pub fn percentile(self, percent: f64, axes: impl Into<Axes>) -> Self {
        self.function("percentile", |x| {
            if !(0.0..=100.0).contains(&percent) {
                let message = format!("`percentile` at {percent}: per cent are between 0 and 100");
                return x.refused(&[], Some(Diagnostic::new(DiagnosticKind::ScalarRange, message)));
            }
            x.quantile(percent / 100.0, axes)
        })
    }

    /// The `count` largest elements along an axis, the largest first, and their positions in `i64`. NaN counts
    /// as larger than all numbers, and of equal elements the first comes first. An axis that may be shorter
    /// gives as many as it has; one that is, is refused.
    #[must_use]
    #[track_caller]
    pub fn top_k(self, count: u64, axis: impl Into<AxisRef>) -> (Self, Self) {
        let (axis, site) = (axis.into(), Site::caller());
        self.function("top_k", |x| {
            let positions = x.graph.push(|g| g.top_positions(x.site, count, &axis, site));
            (x.take_along_axis(positions, axis), positions)
        })
    }

    /// The elements along an axis such that the one at `position` is where it would be in order, no larger
    /// ones stand before it and no smaller ones behind: as it is, all of them in order. Negative positions
    /// count from the end.
    #[must_use]
    #[track_caller]
    pub fn partition(self, position: i64, axis: impl Into<AxisRef>) -> Self {
        let (axis, site) = (axis.into(), Site::caller());
        self.function("partition", |x| x.graph.push(|g| g.partition(x.site, position, &axis, site)))
    }
}
