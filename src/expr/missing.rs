//! Reductions that pass over NaN: the ones of integers and `bool`, which have none, are the plain ones.

use super::Expr;
use super::masked::Masked;
use crate::axes::Axes;

impl<'g> Expr<'g> {
    /// The value with a mask of what is a number.
    fn present(self) -> Masked<'g> {
        Masked::new(self, !self.isnan())
    }

    /// The sum along axes, NaN being 0. Dtypes are those of [`Expr::sum`].
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", F64, [3]);
    /// let outputs = [x.nansum(All).named("sum"), x.nanmean(All).named("mean")];
    /// let program = g.plan(outputs, &Limits::default())?.compile()?;
    /// let (mut sum, mut mean) = (0.0, 0.0);
    /// program.run([("x", &[1.0, f64::NAN, 5.0])], [("sum", &mut sum), ("mean", &mut mean)])?;
    /// assert_eq!((sum, mean), (6.0, 3.0));
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn nansum(self, axes: impl Into<Axes>) -> Self {
        self.function("nansum", |x| if x.is_float() { x.present().sum(axes) } else { x.sum(axes) })
    }

    /// The product along axes, NaN being 1. Dtypes are those of [`Expr::prod`].
    #[must_use]
    #[track_caller]
    pub fn nanprod(self, axes: impl Into<Axes>) -> Self {
        self.function("nanprod", |x| if x.is_float() { x.present().prod(axes) } else { x.prod(axes) })
    }

    /// The mean along axes of what is not NaN; NaN where nothing else is there.
    #[must_use]
    #[track_caller]
    pub fn nanmean(self, axes: impl Into<Axes>) -> Self {
        self.function("nanmean", |x| if x.is_float() { x.present().mean(axes) } else { x.mean(axes) })
    }

    /// The smallest element along axes that is not NaN; NaN where nothing else is there. Refused over no
    /// elements.
    #[must_use]
    #[track_caller]
    pub fn nanmin(self, axes: impl Into<Axes>) -> Self {
        self.function("nanmin", |x| x.extreme_number(axes.into(), Self::highest, Self::min))
    }

    /// The largest element along axes that is not NaN, as [`Expr::nanmin`].
    #[must_use]
    #[track_caller]
    pub fn nanmax(self, axes: impl Into<Axes>) -> Self {
        self.function("nanmax", |x| x.extreme_number(axes.into(), Self::lowest, Self::max))
    }

    fn extreme_number(
        self,
        axes: Axes,
        neutral: impl Fn(Self) -> Self,
        extreme: impl Fn(Self, Axes) -> Self,
    ) -> Self {
        if !self.is_float() {
            return extreme(self, axes);
        }
        let missing = self.isnan();
        let numbers = extreme(missing.select(neutral(self), self), axes.clone());
        missing.all(axes).select(self.number(f64::NAN), numbers)
    }

    /// The variance along axes of what is not NaN, as [`Expr::var`]; NaN where nothing else is there.
    #[must_use]
    #[track_caller]
    pub fn nanvar(self, axes: impl Into<Axes>) -> Self {
        self.function("nanvar", |x| x.spread_of_numbers(axes.into(), 0.0))
    }

    /// The variance from a sample along axes of what is not NaN, as [`Expr::var_ddof`]; NaN where no more
    /// than `ddof` elements are numbers.
    #[must_use]
    #[track_caller]
    pub fn nanvar_ddof(self, axes: impl Into<Axes>, ddof: impl Into<f64>) -> Self {
        self.function("nanvar_ddof", |x| x.spread_of_numbers(axes.into(), ddof.into()))
    }

    /// The standard deviation along axes of what is not NaN: the root of [`Expr::nanvar`].
    #[must_use]
    #[track_caller]
    pub fn nanstd(self, axes: impl Into<Axes>) -> Self {
        self.function("nanstd", |x| x.deviation_of_numbers(axes.into(), 0.0))
    }

    /// The standard deviation from a sample along axes of what is not NaN: the root of
    /// [`Expr::nanvar_ddof`].
    #[must_use]
    #[track_caller]
    pub fn nanstd_ddof(self, axes: impl Into<Axes>, ddof: impl Into<f64>) -> Self {
        self.function("nanstd_ddof", |x| x.deviation_of_numbers(axes.into(), ddof.into()))
    }

    /// The middle of the elements along axes that are not NaN, as [`Expr::median`]; NaN where nothing else is there.
    #[must_use]
    #[track_caller]
    pub fn nanmedian(self, axes: impl Into<Axes>) -> Self {
        self.function("nanmedian", |x| if x.is_float() { x.present().median(axes) } else { x.median(axes) })
    }

    /// The value below which `part` (0 to 1) of the elements along axes lie that are not NaN, as [`Expr::quantile`];
    /// NaN where nothing else is there.
    #[must_use]
    #[track_caller]
    pub fn nanquantile(self, part: f64, axes: impl Into<Axes>) -> Self {
        self.function("nanquantile", |x| {
            if x.is_float() { x.present().quantile(part, axes) } else { x.quantile(part, axes) }
        })
    }

    fn spread_of_numbers(self, axes: Axes, ddof: f64) -> Self {
        if !self.is_float() {
            return self.var_ddof(axes, ddof);
        }
        self.wide_spread_of_numbers(axes, ddof).narrowed(self)
    }

    fn deviation_of_numbers(self, axes: Axes, ddof: f64) -> Self {
        if !self.is_float() {
            return self.std_ddof(axes, ddof);
        }
        self.wide_spread_of_numbers(axes, ddof).sqrt().narrowed(self)
    }

    fn wide_spread_of_numbers(self, axes: Axes, ddof: f64) -> Self {
        let present = self.present();
        let spread = present.spread(axes.clone(), ddof);
        if ddof == 0.0 {
            return spread;
        }
        // A plain variance is infinite here, as NumPy has it as well.
        let is_enough = present.count(axes).greater(ddof);
        is_enough.select(spread, f64::NAN)
    }

    /// Where the smallest element along the axes is that is not NaN, as [`Expr::argmin`]; -1 where all are
    /// NaN, which NumPy refuses when it sees it.
    #[must_use]
    #[track_caller]
    pub fn nanargmin(self, axes: impl Into<Axes>) -> Self {
        self.function("nanargmin", |x| {
            if x.is_float() { x.place_of_number(axes.into(), Self::nanmin) } else { x.argmin(axes) }
        })
    }

    /// Where the largest element along the axes is that is not NaN, as [`Expr::nanargmin`].
    #[must_use]
    #[track_caller]
    pub fn nanargmax(self, axes: impl Into<Axes>) -> Self {
        self.function("nanargmax", |x| {
            if x.is_float() { x.place_of_number(axes.into(), Self::nanmax) } else { x.argmax(axes) }
        })
    }

    fn place_of_number(self, axes: Axes, extreme: impl Fn(Self, Axes) -> Self) -> Self {
        // Nothing equals a NaN.
        let is_best = self.equal(extreme(self, axes.clone().keepdims()));
        match self.places(&axes) {
            Ok(places) => {
                let place = is_best.select(places, i64::MAX).infimum(axes);
                place.equal(i64::MAX).select(-1, place)
            }
            Err(refused) => refused,
        }
    }
}
