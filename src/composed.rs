//! Functions composed of operations. They need nothing of their own: a Rust function over expressions
//! is fused like what it is made of. Diagnostics and plans call its operations by its name, at the place
//! of the user's call.

use crate::axes::{All, Axes};
use crate::expr::{Argument, Expr, Graph};
use fusewire_ir::{AxisRef, Broadcasts, DType, Diagnostic, DiagnosticKind, IntInfo, Scalar, Site};

impl Graph {
    /// Runs `f` as one function of the user's.
    #[track_caller]
    pub(crate) fn composed<R>(&self, name: &'static str, broadcasts: Broadcasts, f: impl FnOnce() -> R) -> R {
        let site = Site::caller();
        let begins = self.ir().borrow_mut().begin_composition(name, site, broadcasts);
        let _end = End(begins.then_some(self));
        f()
    }
}

/// Ends a function, also where a conversion of the user's panics within.
struct End<'g>(Option<&'g Graph>);

impl Drop for End<'_> {
    fn drop(&mut self) {
        if let Some(graph) = self.0 {
            graph.ir().borrow_mut().end_composition();
        }
    }
}

impl<'g> Expr<'g> {
    /// Runs `f` on this operand as a function of the user's that makes everything else itself.
    #[track_caller]
    pub(crate) fn function<R>(self, name: &'static str, f: impl FnOnce(Self) -> R) -> R {
        self.graph().composed(name, Broadcasts::OfFunction, || f(self))
    }

    /// Runs `f` on these operands as a function of the user's, who answers for how they broadcast.
    #[track_caller]
    pub(crate) fn function_of<R>(
        self,
        name: &'static str,
        other: impl Into<Argument<'g>>,
        f: impl FnOnce(Self, Argument<'g>) -> R,
    ) -> R {
        let other = other.into();
        self.graph().composed(name, Broadcasts::OfCaller, || f(self, self.beside(name, other)))
    }

    /// An operand as one of this value's graph.
    fn beside(self, name: &str, other: Argument<'g>) -> Argument<'g> {
        match other {
            Argument::Expr(other) => Argument::Expr(self.graph().admit(name, other)),
            number => number,
        }
    }

    /// A call on this operand that is refused: with what is wrong about it, or because the operand is.
    pub(crate) fn refused(self, others: &[Self], diagnostic: Option<Diagnostic>) -> Self {
        let sites: Vec<_> = [&[self], others].concat().into_iter().map(Self::site).collect();
        let site = self.location();
        self.graph().push(|g| g.refuse(&sites, diagnostic, site))
    }

    /// The positions of axes in the order given; else the call that is refused.
    pub(crate) fn resolve(self, name: &str, axes: Option<&[AxisRef]>) -> Result<Vec<usize>, Self> {
        let site = self.location();
        let resolved = self.graph().ir().borrow_mut().resolve_axes(name, self.site(), axes, site);
        resolved.map_err(|refused| self.graph().expr(refused))
    }

    /// What goes with the elements of a value, stretched to its shape; the call that is refused where it does
    /// not fit `function`, which takes it as `role`.
    pub(crate) fn stretched_to(self, function: &str, role: &str, values: Self) -> Self {
        let (Some(own), Some(shape)) = (self.shape(), values.shape()) else {
            return self.refused(&[values], None);
        };
        let fits = match own.broadcast(&shape, |_, _| {}) {
            Ok(joined) => {
                joined.len() == shape.len()
                    && joined.iter().zip(&*shape).all(|(a, b)| a.is_one() == b.is_one())
            }
            Err(conflict) => conflict.labels,
        };
        if fits {
            return self.broadcast_to(shape);
        }
        let message = format!("`{function}` of {shape} takes {role} that broadcasts to it, not {own}");
        let diagnostic = Diagnostic::new(DiagnosticKind::Shape, message);
        self.refused(&[values], Some(diagnostic.help("the values themselves are not stretched")))
    }

    /// The value in the dtype in which means are computed: floats of 16 bits in `f32`, what is no float in
    /// `f64`.
    pub(crate) fn widened(self) -> Self {
        match self.dtype() {
            Some(dtype) if dtype.is_float() => self.astype(dtype.computed()),
            _ => self.astype(DType::F64),
        }
    }

    /// What was computed from the widened value of `source`, in the dtype that a mean of it has.
    pub(crate) fn narrowed(self, source: Self) -> Self {
        match source.dtype() {
            Some(dtype) if dtype.is_float() => self.astype(dtype),
            _ => self,
        }
    }

    /// Is it a float, which may be NaN?
    pub(crate) fn is_float(self) -> bool {
        self.dtype().is_some_and(DType::is_float)
    }

    /// Is it anything but zero? As in NumPy, NaN is.
    pub(crate) fn is_nonzero(self) -> Self {
        if self.dtype() == Some(DType::Bool) { self } else { self.not_equal(0) }
    }

    /// A number in the dtype of this value.
    pub(crate) fn number(self, number: impl Into<Scalar>) -> Self {
        let dtype = self.dtype().unwrap_or(DType::F64);
        self.graph().scalar(number.into().cast(dtype))
    }

    /// The largest value of its dtype: what changes no minimum.
    pub(crate) fn highest(self) -> Self {
        self.end_of_dtype(true, f64::INFINITY, |info| info.max)
    }

    /// The smallest value of its dtype: what changes no maximum.
    pub(crate) fn lowest(self) -> Self {
        self.end_of_dtype(false, f64::NEG_INFINITY, |info| info.min)
    }

    fn end_of_dtype(self, truth: bool, float: f64, int: impl Fn(IntInfo) -> i128) -> Self {
        let dtype = self.dtype().unwrap_or(DType::F64);
        self.graph().scalar(match dtype.int_info() {
            Some(info) => Scalar::from_int(int(info), dtype),
            None if dtype == DType::Bool => Scalar::from(truth),
            None => Scalar::F64(float).cast(dtype),
        })
    }

    /// How many elements one result of a reduction has, in `f64` without axes; else the refused call.
    pub(crate) fn count_along(self, axes: &Axes) -> Result<Self, Self> {
        let positions = self.resolve("count", axes.axes.as_deref())?;
        let shape = self.shape().unwrap_or_default();
        let dims = || positions.iter().map(|axis| &shape[*axis]);
        if let Some(count) = dims().try_fold(1.0, |count, dim| Some(count * dim.known()? as f64)) {
            return Ok(self.graph().scalar(count));
        }
        let sizes = dims().map(|dim| self.graph().size(dim.clone()).astype(DType::F64));
        Ok(sizes.reduce(|count, size| count * size).unwrap_or_else(|| self.graph().scalar(1.0)))
    }

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
        self.function("round", |x| {
            if decimals == 0 {
                return x.rint();
            }
            let scale = power_of_ten(decimals.unsigned_abs());
            let scaled = if decimals > 0 { x * scale } else { x / scale };
            let rounded = scaled.rint();
            let rounded = if decimals > 0 { rounded / scale } else { rounded * scale };
            match dtype {
                Some(dtype) => rounded.astype(dtype),
                None => rounded,
            }
        })
    }

    /// The quotient rounded down and the remainder, as [`Expr::floor_divide`] and [`Expr::remainder`]
    /// give them; in one pass where both are outputs.
    #[must_use]
    #[track_caller]
    pub fn divmod(self, other: impl Into<Argument<'g>>) -> (Self, Self) {
        self.function_of("divmod", other, |x, other| (x.floor_divide(other), x.remainder(other)))
    }

    /// The parts before and behind the decimal point, NumPy's `modf` with the fraction first: both have the sign of the
    /// value, and the fraction of an infinity is 0. Dtypes are those of [`Expr::fabs`].
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let (fraction, whole) = g.constant(&[2.5, -0.75], [2]).modf();
    /// assert_eq!(fraction.to_vec::<f64>()?, [0.5, -0.75]);
    /// assert_eq!(whole.to_vec::<f64>()?, [2.0, -0.0]);
    /// # Ok::<(), fusewire::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn modf(self) -> (Self, Self) {
        self.function("modf", |x| {
            // Rounded as it is, a float.
            let x = if x.is_float() { x } else { x.rint() };
            let whole = x.trunc();
            let fraction = x.isinf().select(x.number(0.0), x - whole);
            (fraction.copysign(x), whole)
        })
    }

    /// A number from 1/2 to 1 and the exponent of the power of two that makes the value of it:
    /// [`Expr::mantissa`] and [`Expr::exponent`], and [`Expr::ldexp`] turned around.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.constant(&[12.0, -0.375, 0.0], [3]);
    /// let (mantissa, exponent) = x.frexp();
    /// assert_eq!(mantissa.to_vec::<f64>()?, [0.75, -0.75, 0.0]);
    /// assert_eq!(exponent.to_vec::<i32>()?, [4, -1, 0]);
    /// assert_eq!(mantissa.ldexp(exponent).to_vec::<f64>()?, x.to_vec::<f64>()?);
    /// # Ok::<(), fusewire::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn frexp(self) -> (Self, Self) {
        self.function("frexp", |x| (x.mantissa(), x.exponent()))
    }

    /// The value to the power of `exponent`, as [`Expr::power`], in `f64` whatever the operands are: negative powers of
    /// integers are fractions.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.constant(&[1i32, 2, 4], [3]);
    /// assert_eq!(x.float_power(-1).to_vec::<f64>()?, [1.0, 0.5, 0.25]);
    /// # Ok::<(), fusewire::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn float_power(self, exponent: impl Into<Argument<'g>>) -> Self {
        self.function_of("float_power", exponent, |x, exponent| {
            let exponent = match exponent {
                Argument::Expr(exponent) => Argument::Expr(exponent.astype(DType::F64)),
                number => number,
            };
            x.astype(DType::F64).power(exponent)
        })
    }

    /// Are all elements close, as [`Expr::isclose`] has it? `bool` without axes.
    #[must_use]
    #[track_caller]
    pub fn allclose(self, other: impl Into<Argument<'g>>) -> Self {
        self.function_of("allclose", other, |x, other| x.isclose(other).all(All))
    }

    /// Are they equal within `absolute + relative * |other|`? `bool`; NaN is close to nothing, and
    /// infinities to themselves alone. [`Expr::isclose`] has NumPy's tolerances.
    #[must_use]
    #[track_caller]
    pub fn isclose_within(self, other: Self, relative: f64, absolute: f64) -> Self {
        self.function_of("isclose_within", other, |x, other| {
            let Argument::Expr(other) = other else { return x };
            // The difference of integers would wrap around.
            let (float, other_float) = (x.widened(), other.widened());
            let apart = float.subtract(other_float).absolute();
            let size = other_float.absolute();
            let near = apart.less_equal(size * relative + absolute) & size.isfinite();
            near | x.equal(other)
        })
    }
}

/// 10 to the power of `exponent` by products, as NumPy has it; infinite from 309 on.
fn power_of_ten(exponent: u32) -> f64 {
    (0..exponent.min(309)).fold(1.0, |power, _| power * 10.0)
}
