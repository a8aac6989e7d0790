//! Reductions: the basic ones, and truth, counts, extremes and where they are composed of them.

use super::{Argument, Expr};
use crate::axes::{Axes, Axis};
use fusewire_ir::{AxisRef, DType, ReduceOp, Site};

impl<'g> Expr<'g> {
    #[track_caller]
    pub(crate) fn reduce(self, op: ReduceOp, axes: Axes) -> Self {
        let site = Site::caller();
        self.graph.push(|g| g.reduce(op, self.site, axes.axes.as_deref(), axes.keepdims, site))
    }

    /// The sum along axes: `Axis(1)`, `[0, 2]`, `"user"` or `All`. Integers and `bool` are summed in `i64` and
    /// wrap around; floats by blocks and a tree, in an order that depends on the shape alone.
    #[must_use]
    #[track_caller]
    pub fn sum(self, axes: impl Into<Axes>) -> Self {
        self.reduce(ReduceOp::Sum, axes.into())
    }

    /// The product along axes, in the dtypes of [`Expr::sum`].
    #[must_use]
    #[track_caller]
    pub fn prod(self, axes: impl Into<Axes>) -> Self {
        self.reduce(ReduceOp::Prod, axes.into())
    }

    /// The smallest element along axes; NaN where there is one. Refused over no elements.
    #[must_use]
    #[track_caller]
    pub fn min(self, axes: impl Into<Axes>) -> Self {
        self.reduce(ReduceOp::Min, axes.into())
    }

    /// The largest element along axes; NaN where there is one. Refused over no elements.
    #[must_use]
    #[track_caller]
    pub fn max(self, axes: impl Into<Axes>) -> Self {
        self.reduce(ReduceOp::Max, axes.into())
    }

    /// The mean along axes: `f64` for integers and `bool`, NaN over no elements.
    #[must_use]
    #[track_caller]
    pub fn mean(self, axes: impl Into<Axes>) -> Self {
        self.reduce(ReduceOp::Mean, axes.into())
    }

    /// The smallest element; over no elements the largest value of the dtype.
    pub(crate) fn infimum(self, axes: impl Into<Axes>) -> Self {
        self.bound(ReduceOp::Infimum, axes.into(), |wide, highest| wide.minimum(highest), Self::highest)
    }

    /// The largest element; over no elements the smallest value of the dtype.
    pub(crate) fn supremum(self, axes: impl Into<Axes>) -> Self {
        self.bound(ReduceOp::Supremum, axes.into(), |wide, lowest| wide.maximum(lowest), Self::lowest)
    }

    fn bound(
        self,
        op: ReduceOp,
        axes: Axes,
        within: impl Fn(Self, Self) -> Self,
        end: impl Fn(Self) -> Self,
    ) -> Self {
        let Some(dtype) = self.dtype() else { return self.reduce(op, axes) };
        let accumulator = op.accumulator(dtype);
        let bound = self.astype(accumulator).reduce(op, axes);
        // Over no elements it is an end of the accumulator, which an integer of the dtype need not hold.
        if dtype.is_float() || dtype == accumulator {
            return bound.astype(dtype);
        }
        within(bound, end(self).astype(accumulator)).astype(dtype)
    }

    /// Is an element along the axes true, that is, not zero? `bool`; false over no elements. As in NumPy,
    /// NaN is true.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", F64, [2, 3]);
    /// let program = g.plan([x.greater(4).any(Axis(1))], &Limits::default())?.compile()?;
    /// let mut out = [false; 2];
    /// program.run([("x", View::new(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [2, 3]))], [("out", &mut out)])?;
    /// assert_eq!(out, [false, true]);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn any(self, axes: impl Into<Axes>) -> Self {
        self.function("any", |x| x.is_nonzero().supremum(axes))
    }

    /// Are all elements along the axes true, that is, not zero? `bool`; true over no elements. As in NumPy,
    /// NaN is true.
    #[must_use]
    #[track_caller]
    pub fn all(self, axes: impl Into<Axes>) -> Self {
        self.function("all", |x| x.is_nonzero().infimum(axes))
    }

    /// How many elements along the axes are not zero, in `i64`. As in NumPy, NaN is not.
    #[must_use]
    #[track_caller]
    pub fn count_nonzero(self, axes: impl Into<Axes>) -> Self {
        self.function("count_nonzero", |x| x.is_nonzero().sum(axes))
    }

    /// The largest element along the axes minus the smallest, in the dtype of the elements: integers wrap
    /// around. NaN where there is one. Refused over no elements, and on `bool`.
    #[must_use]
    #[track_caller]
    #[doc(alias = "peak_to_peak")]
    pub fn ptp(self, axes: impl Into<Axes>) -> Self {
        let axes = axes.into();
        self.function("ptp", |x| x.max(axes.clone()) - x.min(axes))
    }

    /// The sum of a diagonal of two axes, in the dtypes of [`Expr::sum`]; see [`Expr::diagonal`].
    #[must_use]
    #[track_caller]
    pub fn trace(self, offset: i64, first: impl Into<AxisRef>, second: impl Into<AxisRef>) -> Self {
        self.function("trace", |x| x.diagonal(offset, first, second).sum(Axis(-1)))
    }

    /// The smallest of the elements along the axes and `initial`, which is the result over no elements.
    /// The dtype is that of [`Expr::minimum`].
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let none = g.input("none", F64, [2, 0]);
    /// let program = g.plan([none.min_initial(Axis(1), 7.5)], &Limits::default())?.compile()?;
    /// let mut out = [0.0; 2];
    /// program.run([("none", View::new(&[0f64; 0], [2, 0]))], [("out", &mut out)])?;
    /// assert_eq!(out, [7.5, 7.5]);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    #[doc(alias = "initial")]
    pub fn min_initial(self, axes: impl Into<Axes>, initial: impl Into<Argument<'g>>) -> Self {
        self.function_of("min_initial", initial, |x, initial| {
            let x = x.promoted_with(initial);
            x.infimum(axes).minimum(initial)
        })
    }

    /// The value in the dtype that it has beside another, so that no element bounds what is larger.
    pub(crate) fn promoted_with(self, other: Argument<'g>) -> Self {
        let together = self.number(0i64).minimum(other);
        match (self.dtype(), together.dtype()) {
            (Some(_), Some(dtype)) => self.astype(dtype),
            // The same mistake, which names this value.
            (Some(_), None) => self.minimum(other),
            (None, _) => self,
        }
    }

    /// The largest of the elements along the axes and `initial`, as [`Expr::min_initial`].
    #[must_use]
    #[track_caller]
    #[doc(alias = "initial")]
    pub fn max_initial(self, axes: impl Into<Axes>, initial: impl Into<Argument<'g>>) -> Self {
        self.function_of("max_initial", initial, |x, initial| {
            let x = x.promoted_with(initial);
            x.supremum(axes).maximum(initial)
        })
    }

    /// The sum along the axes of the elements converted to `dtype`, in that dtype: NumPy's
    /// `sum(dtype=...)`. Integers wrap around; floats of 16 bits are added in `f32` and rounded once.
    #[must_use]
    #[track_caller]
    pub fn sum_as(self, axes: impl Into<Axes>, dtype: DType) -> Self {
        self.function("sum_as", |x| x.astype(dtype).sum(axes).astype(dtype))
    }

    /// The product along the axes of the elements converted to `dtype`, as [`Expr::sum_as`].
    #[must_use]
    #[track_caller]
    pub fn prod_as(self, axes: impl Into<Axes>, dtype: DType) -> Self {
        self.function("prod_as", |x| x.astype(dtype).prod(axes).astype(dtype))
    }

    /// The mean along the axes of the elements converted to `dtype`, in that dtype: `x.mean_as(All, F64)`
    /// adds `f32` in `f64`. A mean in integers is the sum as [`Expr::sum_as`] gives it, divided and
    /// truncated.
    #[must_use]
    #[track_caller]
    pub fn mean_as(self, axes: impl Into<Axes>, dtype: DType) -> Self {
        let axes = axes.into();
        self.function("mean_as", |x| {
            if dtype.is_float() {
                return x.astype(dtype).mean(axes);
            }
            match x.count_along(&axes) {
                Ok(count) => (x.sum_as(axes, dtype).astype(DType::F64) / count).astype(dtype),
                Err(refused) => refused,
            }
        })
    }

    /// Where the smallest element along the axes is, in `i64`: its index along one axis, or its place in C
    /// order among the elements of several. The first of equal elements counts, and NaN before all others.
    /// Refused over no elements.
    #[must_use]
    #[track_caller]
    pub fn argmin(self, axes: impl Into<Axes>) -> Self {
        self.function("argmin", |x| x.place(axes.into(), Self::min))
    }

    /// Where the largest element along the axes is, as [`Expr::argmin`].
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", F64, [2, 3]);
    /// let outputs = [x.argmax(Axis(1)).named("rows"), x.argmax(All).named("all")];
    /// let program = g.plan(outputs, &Limits::default())?.compile()?;
    /// let (mut rows, mut all) = ([0i64; 2], [0i64]);
    /// let x = View::new(&[1.0, 3.0, 3.0, 9.0, 5.0, 6.0], [2, 3]);
    /// program.run([("x", x)], [("rows", ViewMut::new(&mut rows, [2])), ("all", ViewMut::new(&mut all, []))])?;
    /// assert_eq!((rows, all), ([1, 0], [3]));
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn argmax(self, axes: impl Into<Axes>) -> Self {
        self.function("argmax", |x| x.place(axes.into(), Self::max))
    }

    /// The first place of the extreme.
    fn place(self, axes: Axes, extreme: impl Fn(Self, Axes) -> Self) -> Self {
        let best = extreme(self, axes.clone().keepdims());
        // Where NaN is the extreme it equals nothing, and where it is not there is none.
        let is_best = self.equal(best);
        let is_best = if self.is_float() { is_best | self.isnan() } else { is_best };
        match self.places(&axes) {
            Ok(places) => is_best.select(places, i64::MAX).infimum(axes),
            Err(refused) => refused,
        }
    }

    /// The places of the elements along the axes, in C order.
    pub(crate) fn places(self, axes: &Axes) -> Result<Self, Self> {
        let mut positions = self.resolve("places", axes.axes.as_deref())?;
        positions.sort_unstable();
        let shape = self.shape().unwrap_or_default();
        let mut places = self.graph().scalar(0i64);
        for axis in positions {
            let dim = &shape[axis];
            let along = self.graph().arange_to(0, dim.clone(), 1);
            let after: Vec<isize> = (1..(shape.len() - axis) as isize).collect();
            let step: Argument<'_> = match dim.known() {
                Some(size) => self.graph().scalar(i64::try_from(size).unwrap_or(i64::MAX)).into(),
                None => self.graph().size(dim.clone()).into(),
            };
            places = places * step + along.expand_dims(&after[..]);
        }
        Ok(places)
    }
}
