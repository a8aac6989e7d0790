//! Scans: each element combined with all before it.

use super::Expr;
use fusewire_ir::{AxisRef, CumulativeOp, Site};

impl Expr<'_> {
    #[track_caller]
    fn cumulative(self, name: &'static str, op: CumulativeOp, axis: AxisRef, include_initial: bool) -> Self {
        let site = Site::caller();
        self.function(name, |x| x.graph.push(|g| g.cumulative(op, x.site, &axis, include_initial, site)))
    }

    /// Along an axis, the sum of each element and all before it. Integers and `bool` are summed in 64 bits and
    /// wrap around; floats are summed in `f64`, one after another, and each result is rounded once.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", I32, [4]);
    /// let program = g.plan([x.cumulative_sum(Axis(0))], &Limits::default())?.compile()?;
    /// let mut out = [0i64; 4];
    /// program.run([("x", &[1, 2, 3, 4])], [("out", &mut out)])?;
    /// assert_eq!(out, [1, 3, 6, 10]);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    #[doc(alias = "cumsum")]
    pub fn cumulative_sum(self, axis: impl Into<AxisRef>) -> Self {
        self.cumulative("cumulative_sum", CumulativeOp::Sum, axis.into(), false)
    }

    /// As [`Expr::cumulative_sum`], with the sum of no elements, 0, before all others: one element more.
    #[must_use]
    #[track_caller]
    pub fn cumulative_sum_from_zero(self, axis: impl Into<AxisRef>) -> Self {
        self.cumulative("cumulative_sum_from_zero", CumulativeOp::Sum, axis.into(), true)
    }

    /// Along an axis, the product of each element and all before it, in the dtypes of
    /// [`Expr::cumulative_sum`].
    #[must_use]
    #[track_caller]
    #[doc(alias = "cumprod")]
    pub fn cumulative_prod(self, axis: impl Into<AxisRef>) -> Self {
        self.cumulative("cumulative_prod", CumulativeOp::Prod, axis.into(), false)
    }

    /// As [`Expr::cumulative_prod`], with the product of no elements, 1, before all others: one element more.
    #[must_use]
    #[track_caller]
    pub fn cumulative_prod_from_one(self, axis: impl Into<AxisRef>) -> Self {
        self.cumulative("cumulative_prod_from_one", CumulativeOp::Prod, axis.into(), true)
    }

    /// Along an axis, the largest of each element and all before it; NaN from the first NaN on. Any dtype.
    #[must_use]
    #[track_caller]
    #[doc(alias = "cummax")]
    pub fn cumulative_max(self, axis: impl Into<AxisRef>) -> Self {
        self.cumulative("cumulative_max", CumulativeOp::Max, axis.into(), false)
    }

    /// Along an axis, the smallest of each element and all before it; NaN from the first NaN on. Any dtype.
    #[must_use]
    #[track_caller]
    #[doc(alias = "cummin")]
    pub fn cumulative_min(self, axis: impl Into<AxisRef>) -> Self {
        self.cumulative("cumulative_min", CumulativeOp::Min, axis.into(), false)
    }

    /// Along an axis, the logarithm of the sum of the exponentials of each element and all before it, without
    /// the overflow of the exponentials. Computed in `f64`, which is also the result of integers and `bool`.
    #[must_use]
    #[track_caller]
    #[doc(alias = "logcumsumexp")]
    pub fn cumulative_logsumexp(self, axis: impl Into<AxisRef>) -> Self {
        self.cumulative("cumulative_logsumexp", CumulativeOp::Logsumexp, axis.into(), false)
    }
}
