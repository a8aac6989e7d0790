//! Statistics: weighted means, spread, norms, and sums of exponentials.

use super::{Argument, Expr};
use crate::axes::{Axes, Positions};
use fusewire_ir::AxisRef;

impl<'g> Expr<'g> {
    /// The variance along the axes: the mean of the squared deviations from the mean, in two passes, as
    /// NumPy computes it. `f64` for integers and `bool`, else the dtype of the elements; floats of 16 bits
    /// are computed in `f32` and rounded once. NaN over no elements.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", F64, [4]);
    /// let outputs = [x.var(All).named("var"), x.var_ddof(All, 1).named("sample")];
    /// let program = g.plan(outputs, &Limits::default())?.compile()?;
    /// let (mut var, mut sample) = (0.0, 0.0);
    /// program.run([("x", &[1.0, 2.0, 3.0, 6.0])], [("var", &mut var), ("sample", &mut sample)])?;
    /// assert_eq!((var, sample), (3.5, 14.0 / 3.0));
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    #[doc(alias = "variance")]
    pub fn var(self, axes: impl Into<Axes>) -> Self {
        self.function("var", |x| x.spread(axes.into(), 0.0).narrowed(x))
    }

    /// The variance as [`Expr::var`], with the sum of squares divided by the count minus `ddof`: 1 gives
    /// the unbiased estimate from a sample. Where that is not positive it is divided by 0.
    #[must_use]
    #[track_caller]
    pub fn var_ddof(self, axes: impl Into<Axes>, ddof: impl Into<f64>) -> Self {
        self.function("var_ddof", |x| x.spread(axes.into(), ddof.into()).narrowed(x))
    }

    /// The standard deviation along the axes: the root of the variance. See [`Expr::var`].
    #[must_use]
    #[track_caller]
    #[doc(alias = "standard_deviation")]
    pub fn std(self, axes: impl Into<Axes>) -> Self {
        self.function("std", |x| x.spread(axes.into(), 0.0).sqrt().narrowed(x))
    }

    /// The standard deviation from a sample: the root of [`Expr::var_ddof`].
    #[must_use]
    #[track_caller]
    pub fn std_ddof(self, axes: impl Into<Axes>, ddof: impl Into<f64>) -> Self {
        self.function("std_ddof", |x| x.spread(axes.into(), ddof.into()).sqrt().narrowed(x))
    }

    /// The variance of the widened value.
    fn spread(self, axes: Axes, ddof: f64) -> Self {
        let x = self.widened();
        let squares = (x - x.mean(axes.clone().keepdims())).square();
        if ddof == 0.0 {
            return squares.mean(axes);
        }
        match self.count_along(&axes) {
            Ok(count) => squares.sum(axes).divided_by(count - ddof),
            Err(refused) => refused,
        }
    }

    /// The value divided by a count in `f64`, which `f32` need not hold; below 0 the count is 0.
    pub(crate) fn divided_by(self, count: Self) -> Self {
        let quotient = self.astype(fusewire_ir::DType::F64) / count.maximum(0.0);
        match self.dtype() {
            Some(dtype) => quotient.astype(dtype),
            None => quotient,
        }
    }

    /// The mean along the axes with a weight for each element: the sum of the products divided by the sum of
    /// the weights, which broadcast to the shape of the value. The dtype is that of the products, `f64`
    /// for integers and `bool`. NaN or infinite where the weights add to 0.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let (x, w) = (g.input("x", F64, [2, 3]), g.input("w", F64, [3]));
    /// let program = g.plan([x.average(Axis(1), w)], &Limits::default())?.compile()?;
    /// let mut out = [0.0; 2];
    /// let x = View::new(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [2, 3]);
    /// program.run([("x", x), ("w", (&[1.0, 0.0, 3.0]).into())], [("out", &mut out)])?;
    /// assert_eq!(out, [2.5, 5.5]);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    #[doc(alias = "weighted_mean")]
    pub fn average(self, axes: impl Into<Axes>, weights: Self) -> Self {
        let axes = axes.into();
        self.function_of("average", weights, |x, weights| {
            let Argument::Expr(weights) = weights else { return x };
            let weights = weights.stretched_to("average", "a weight", x);
            let dtype = if x.is_float() { x * weights } else { x.widened() * weights }.dtype();
            let products = (x.widened() * weights).widened();
            let Some(wide) = products.dtype() else { return products };
            let average = products.sum(axes.clone()) / weights.astype(wide).sum(axes);
            dtype.map_or(average, |dtype| average.astype(dtype))
        })
    }

    /// The Euclidean norm along the axes: the root of the sum of squares, `f64` for integers and `bool`.
    /// Over several axes it is that of all their elements. 0 over no elements.
    #[must_use]
    #[track_caller]
    #[doc(alias = "vector_norm")]
    pub fn norm(self, axes: impl Into<Axes>) -> Self {
        self.function("norm", |x| x.widened().square().sum(axes).sqrt().narrowed(x))
    }

    /// The norm of this order along the axes, as [`Expr::norm`] of order 2: the sum of the magnitudes for
    /// 1, the largest for infinity (0 over no elements), the smallest for minus infinity (refused over no
    /// elements), how many elements are not 0 for 0, and the root of the sum of powers for any other.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", F64, [3]);
    /// let orders = [x.norm_of_order(All, 1).named("one"), x.norm_of_order(All, f64::INFINITY).named("largest")];
    /// let program = g.plan(orders, &Limits::default())?.compile()?;
    /// let (mut one, mut largest) = (0.0, 0.0);
    /// program.run([("x", &[3.0, -4.0, 0.0])], [("one", &mut one), ("largest", &mut largest)])?;
    /// assert_eq!((one, largest), (7.0, 4.0));
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    #[doc(alias = "vector_norm")]
    pub fn norm_of_order(self, axes: impl Into<Axes>, order: impl Into<f64>) -> Self {
        let (axes, order) = (axes.into(), order.into());
        self.function("norm_of_order", |x| {
            let wide = x.widened();
            let size = wide.absolute();
            let norm = if order == f64::INFINITY {
                size.supremum(axes).maximum(0.0)
            } else if order == f64::NEG_INFINITY {
                size.min(axes)
            } else if order == 0.0 {
                wide.is_nonzero().sum(axes)
            } else if order == 1.0 {
                size.sum(axes)
            } else if order == 2.0 {
                wide.square().sum(axes).sqrt()
            } else {
                size.power(order).sum(axes).power(1.0 / order)
            };
            match wide.dtype() {
                Some(dtype) => norm.astype(dtype).narrowed(x),
                None => norm,
            }
        })
    }

    /// The logarithm of the sum of the exponentials along the axes, without overflow on the way: `f64` for
    /// integers and `bool`. Minus infinity over no elements and where all elements are.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let scores = g.input("scores", F64, [2]);
    /// let program = g.plan([scores.logsumexp(All)], &Limits::default())?.compile()?;
    /// let mut out = 0.0;
    /// program.run([("scores", &[1000.0, 1000.0])], [("out", &mut out)])?;
    /// assert!((out - 1000.693_147_180_559_9f64).abs() < 1e-12);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    #[doc(alias = "logaddexp.reduce")]
    pub fn logsumexp(self, axes: impl Into<Axes>) -> Self {
        let axes = axes.into();
        self.function("logsumexp", |x| {
            let wide = x.widened();
            let largest = wide.supremum(axes.clone().keepdims());
            // An infinite one is no number to subtract.
            let largest = largest.isfinite().select(largest, 0.0);
            let sum = (wide - largest).exp().sum(axes.clone());
            match x.without(largest, &axes) {
                Ok(largest) => (sum.log() + largest).narrowed(x),
                Err(refused) => refused,
            }
        })
    }

    /// The exponentials, divided by their sum along the axes, without overflow on the way: `f64` for
    /// integers and `bool`. NaN where an element is NaN or infinity, or all are minus infinity.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let scores = g.input("scores", F64, [2]);
    /// let program = g.plan([scores.softmax(All)], &Limits::default())?.compile()?;
    /// let mut out = [0.0; 2];
    /// program.run([("scores", &[1000.0, 1000.0])], [("out", &mut out)])?;
    /// assert_eq!(out, [0.5, 0.5]);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn softmax(self, axes: impl Into<Axes>) -> Self {
        let axes = axes.into().keepdims();
        self.function("softmax", |x| {
            let wide = x.widened();
            let powers = (wide - wide.supremum(axes.clone())).exp();
            (powers / powers.sum(axes)).narrowed(x)
        })
    }

    /// The logarithm of [`Expr::softmax`], which is finite where that is too small for its dtype.
    #[must_use]
    #[track_caller]
    pub fn log_softmax(self, axes: impl Into<Axes>) -> Self {
        let axes = axes.into().keepdims();
        self.function("log_softmax", |x| {
            let wide = x.widened();
            let largest = wide.supremum(axes.clone());
            let below = wide - largest.isfinite().select(largest, 0.0);
            (below - below.exp().sum(axes).log()).narrowed(x)
        })
    }

    /// A reduction of this value that kept its axes, without them if they are not to be kept.
    fn without(self, kept: Self, axes: &Axes) -> Result<Self, Self> {
        if axes.keepdims {
            return Ok(kept);
        }
        let positions = self.resolve("squeeze", axes.axes.as_deref())?;
        let positions = positions.into_iter().map(|axis| AxisRef::Position(axis as isize));
        Ok(kept.squeeze(Positions(positions.collect())))
    }
}
