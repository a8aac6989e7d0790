//! Elements in order.

use super::Expr;
use fusewire_ir::{AxisRef, Site};

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
        self.graph.push(|g| g.sort(self.site, &axis, false, site))
    }

    /// As [`Expr::sort`], the largest first: NaN comes first, and equal elements stay as they stood.
    #[must_use]
    #[track_caller]
    pub fn sort_descending(self, axis: impl Into<AxisRef>) -> Self {
        let (axis, site) = (axis.into(), Site::caller());
        self.graph.push(|g| g.sort(self.site, &axis, true, site))
    }

    /// The positions along an axis that the elements of [`Expr::sort`] come from, in `i64`.
    #[must_use]
    #[track_caller]
    pub fn argsort(self, axis: impl Into<AxisRef>) -> Self {
        let (axis, site) = (axis.into(), Site::caller());
        self.graph.push(|g| g.argsort(self.site, &axis, false, site))
    }

    /// The positions along an axis that the elements of [`Expr::sort_descending`] come from, in `i64`.
    #[must_use]
    #[track_caller]
    pub fn argsort_descending(self, axis: impl Into<AxisRef>) -> Self {
        let (axis, site) = (axis.into(), Site::caller());
        self.graph.push(|g| g.argsort(self.site, &axis, true, site))
    }
}
