//! Functions composed of operations. They need nothing of their own: a Rust function over expressions
//! is fused like what it is made of.

use crate::expr::Expr;

impl<'g> Expr<'g> {
    /// Rounded to this many decimals, halves to even: the nearest multiple of a power of ten, computed
    /// as NumPy does by scaling, rounding and scaling back. Negative decimals round to tens and hundreds.
    /// Integers stay as they are where `decimals` is not negative.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", F64, [4]);
    /// let program = g.plan([x.round(1)], &Limits::default())?.compile()?;
    /// let mut out = [0.0; 4];
    /// program.run([("x", &[0.25, 0.35, -1.96, 12.5])], [("out", &mut out)])?;
    /// assert_eq!(out, [0.2, 0.4, -2.0, 12.5]);
    /// # Ok::<(), fusewire::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    #[doc(alias = "around")]
    pub fn round(self, decimals: i32) -> Self {
        let dtype = self.dtype();
        if decimals >= 0 && dtype.is_some_and(|dtype| !dtype.is_float()) {
            return self;
        }
        if decimals == 0 {
            return self.rint();
        }
        let scale = 10f64.powi(decimals.abs());
        let scaled = if decimals > 0 { self * scale } else { self / scale };
        let rounded = scaled.rint();
        let rounded = if decimals > 0 { rounded / scale } else { rounded * scale };
        match dtype {
            Some(dtype) => rounded.astype(dtype),
            None => rounded,
        }
    }

    /// The quotient rounded down and the remainder, as [`Expr::floor_divide`] and [`Expr::remainder`]
    /// give them; in one pass where both are outputs.
    #[must_use]
    #[track_caller]
    pub fn divmod(self, other: impl Into<crate::Argument<'g>>) -> (Self, Self) {
        let other = other.into();
        (self.floor_divide(other), self.remainder(other))
    }

    /// Are they equal within `absolute + relative * |other|`? `bool`; NaN is close to nothing, and
    /// infinities to themselves alone. [`Expr::isclose`] has NumPy's tolerances.
    #[must_use]
    #[track_caller]
    pub fn isclose_within(self, other: Self, relative: f64, absolute: f64) -> Self {
        let apart = self.subtract(other).absolute();
        let size = other.absolute();
        let near = apart.less_equal(size * relative + absolute) & size.isfinite();
        near | self.equal(other)
    }
}
