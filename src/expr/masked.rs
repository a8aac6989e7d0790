//! Reductions of the elements that a mask selects: NumPy's `where=`.

use super::{Argument, Expr};
use crate::axes::Axes;
use fusewire_ir::{DType, Diagnostic, DiagnosticKind, Site};

/// A value whose reductions pass over the elements where a mask is false; made by [`Expr::masked`].
#[derive(Clone, Copy, Debug)]
pub struct Masked<'g> {
    values: Expr<'g>,
    mask: Expr<'g>,
}

impl<'g> Expr<'g> {
    /// The value with a mask of `bool` that broadcasts to its shape: reductions of the result pass over
    /// the elements where the mask is false, as NumPy's do with `where=mask`. It takes no memory.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", F64, [2, 3]);
    /// let positive = x.masked(x.greater(0));
    /// let outputs = [positive.mean(Axis(1)).named("mean"), positive.max_initial(Axis(1), 0.0).named("max")];
    /// let program = g.plan(outputs, &Limits::default())?.compile()?;
    /// let (mut mean, mut max) = ([0f64; 2], [0f64; 2]);
    /// let x = View::new(&[1.0, -9.0, 3.0, -1.0, -2.0, -3.0], [2, 3]);
    /// program.run([("x", x)], [("mean", &mut mean), ("max", &mut max)])?;
    /// assert_eq!((mean[0], max), (2.0, [3.0, 0.0]));
    /// assert!(mean[1].is_nan());
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    #[doc(alias = "where")]
    pub fn masked(self, mask: Self) -> Masked<'g> {
        self.function_of("masked", mask, |values, mask| {
            let Argument::Expr(mask) = mask else { return Masked { values, mask: values } };
            let mask = match mask.dtype() {
                Some(dtype) if dtype != DType::Bool => {
                    let message = format!("`masked` takes a mask of bool, not {dtype}");
                    let help = "compare it first: `.not_equal(0)`";
                    let diagnostic = Diagnostic::new(DiagnosticKind::DType, message).help(help);
                    mask.refused(&[], Some(diagnostic))
                }
                _ => mask.stretched_to("masked", "a mask", values),
            };
            Masked { values, mask }
        })
    }
}

impl<'g> Masked<'g> {
    pub(crate) const fn new(values: Expr<'g>, mask: Expr<'g>) -> Self {
        Self { values, mask }
    }

    /// The values, with another where the mask is false.
    fn or(self, other: Expr<'g>) -> Expr<'g> {
        self.mask.select(self.values, other)
    }

    /// How many elements along the axes the mask selects, in `i64`.
    #[must_use]
    #[track_caller]
    pub fn count(self, axes: impl Into<Axes>) -> Expr<'g> {
        self.values.function("count", |_| self.mask.sum(axes))
    }

    /// The sum along axes, in the dtypes of [`Expr::sum`]; 0 where the mask selects nothing.
    #[must_use]
    #[track_caller]
    pub fn sum(self, axes: impl Into<Axes>) -> Expr<'g> {
        self.values.function("sum", |x| self.or(x.number(0i64)).sum(axes))
    }

    /// The product along axes, in the dtypes of [`Expr::prod`]; 1 where the mask selects nothing.
    #[must_use]
    #[track_caller]
    pub fn prod(self, axes: impl Into<Axes>) -> Expr<'g> {
        self.values.function("prod", |x| self.or(x.number(1i64)).prod(axes))
    }

    /// The mean along axes, in the dtypes of [`Expr::mean`]; NaN where the mask selects nothing.
    #[must_use]
    #[track_caller]
    pub fn mean(self, axes: impl Into<Axes>) -> Expr<'g> {
        self.values.function("mean", |x| self.average(axes.into()).narrowed(x))
    }

    /// The mean along axes of the elements converted to `dtype`, in that dtype, as [`Expr::mean_as`]; NaN, or 0 in
    /// integers, where the mask selects nothing.
    #[must_use]
    #[track_caller]
    pub fn mean_as(self, axes: impl Into<Axes>, dtype: DType) -> Expr<'g> {
        let axes = axes.into();
        self.values.function("mean_as", |x| {
            let of = Self { values: x.astype(dtype), ..self };
            if dtype.is_float() {
                return of.mean(axes);
            }
            let total = of.sum(axes.clone()).astype(dtype).astype(DType::F64);
            let count = self.mask.sum(axes).astype(DType::F64);
            total.divided_by(count).astype(dtype)
        })
    }

    /// The middle of the selected elements along axes, as [`Expr::median`]; NaN where the mask selects nothing.
    #[must_use]
    #[track_caller]
    pub fn median(self, axes: impl Into<Axes>) -> Expr<'g> {
        self.values.function("median", |_| self.statistic(None, axes.into()))
    }

    /// The value below which `part` (0 to 1) of the selected elements along axes lie, as [`Expr::quantile`]; NaN where
    /// the mask selects nothing.
    #[must_use]
    #[track_caller]
    pub fn quantile(self, part: f64, axes: impl Into<Axes>) -> Expr<'g> {
        self.values.function("quantile", |_| self.statistic(Some(part), axes.into()))
    }

    fn statistic(self, part: Option<f64>, axes: Axes) -> Expr<'g> {
        let (x, site) = (self.values, Site::caller());
        if let Some(part) = part.filter(|part| !(0.0..=1.0).contains(part)) {
            let message = format!("`quantile` at {part}: parts are between 0 and 1");
            return x.refused(&[], Some(Diagnostic::new(DiagnosticKind::ScalarRange, message)));
        }
        let operands = (x.site(), self.mask.site());
        x.graph().push(|g| g.masked_statistic(operands, part, axes.axes.as_deref(), axes.keepdims, site))
    }

    /// The smallest of the selected elements along the axes and `initial`, as [`Expr::min_initial`].
    #[must_use]
    #[track_caller]
    pub fn min_initial(self, axes: impl Into<Axes>, initial: impl Into<Argument<'g>>) -> Expr<'g> {
        self.values.function_of("min_initial", initial, |x, initial| {
            let x = x.promoted_with(initial);
            Self { values: x, ..self }.or(x.highest()).infimum(axes).minimum(initial)
        })
    }

    /// The largest of the selected elements along the axes and `initial`, as [`Expr::max_initial`].
    #[must_use]
    #[track_caller]
    pub fn max_initial(self, axes: impl Into<Axes>, initial: impl Into<Argument<'g>>) -> Expr<'g> {
        self.values.function_of("max_initial", initial, |x, initial| {
            let x = x.promoted_with(initial);
            Self { values: x, ..self }.or(x.lowest()).supremum(axes).maximum(initial)
        })
    }

    /// Is a selected element along the axes true? See [`Expr::any`].
    #[must_use]
    #[track_caller]
    pub fn any(self, axes: impl Into<Axes>) -> Expr<'g> {
        self.values.function("any", |x| (x.is_nonzero() & self.mask).any(axes))
    }

    /// Are all selected elements along the axes true? See [`Expr::all`].
    #[must_use]
    #[track_caller]
    pub fn all(self, axes: impl Into<Axes>) -> Expr<'g> {
        self.values.function("all", |x| (x.is_nonzero() | !self.mask).all(axes))
    }

    /// The variance along axes of the selected elements; NaN where there is none. See [`Expr::var`].
    #[must_use]
    #[track_caller]
    pub fn var(self, axes: impl Into<Axes>) -> Expr<'g> {
        self.values.function("var", |x| self.spread(axes.into(), 0.0).narrowed(x))
    }

    /// The variance from a sample of the selected elements. See [`Expr::var_ddof`].
    #[must_use]
    #[track_caller]
    pub fn var_ddof(self, axes: impl Into<Axes>, ddof: impl Into<f64>) -> Expr<'g> {
        self.values.function("var_ddof", |x| self.spread(axes.into(), ddof.into()).narrowed(x))
    }

    /// The standard deviation along axes of the selected elements. See [`Expr::std`].
    #[must_use]
    #[track_caller]
    pub fn std(self, axes: impl Into<Axes>) -> Expr<'g> {
        self.values.function("std", |x| self.spread(axes.into(), 0.0).sqrt().narrowed(x))
    }

    /// The standard deviation from a sample of the selected elements. See [`Expr::std_ddof`].
    #[must_use]
    #[track_caller]
    pub fn std_ddof(self, axes: impl Into<Axes>, ddof: impl Into<f64>) -> Expr<'g> {
        self.values.function("std_ddof", |x| self.spread(axes.into(), ddof.into()).sqrt().narrowed(x))
    }

    /// The mean of the widened values.
    fn average(self, axes: Axes) -> Expr<'g> {
        let wide = Self { values: self.values.widened(), ..self };
        let sum = wide.or(wide.values.number(0i64)).sum(axes.clone());
        sum.divided_by(self.mask.sum(axes).astype(DType::F64))
    }

    /// The variance of the widened values.
    pub(crate) fn spread(self, axes: Axes, ddof: f64) -> Expr<'g> {
        let wide = self.values.widened();
        let squares = (wide - self.average(axes.clone().keepdims())).square();
        let count = self.mask.sum(axes.clone()).astype(DType::F64);
        self.mask.select(squares, wide.number(0i64)).sum(axes).divided_by(count - ddof)
    }
}
