//! The same elements in another arrangement, composed of views: nothing is copied.

use super::{Argument, Expr, Graph};
use crate::axes::{Axes, Axis, Positions};
use fusewire_ir::{AxisRef, Broadcasts, DType, Diagnostic, DiagnosticKind, Shape, Slice};

/// Each order is an operation of its own, and none of the digits of a float survives as many.
const MOST_DIFFERENCES: u32 = 256;

impl<'g> Expr<'g> {
    /// The elements along these axes in reverse order: `Axis(0)`, `[0, 1]`, `"user"` or `All`.
    #[must_use]
    #[track_caller]
    #[doc(alias = "fliplr")]
    #[doc(alias = "flipud")]
    pub fn flip(self, axes: impl Into<Axes>) -> Self {
        let axes = axes.into();
        self.function("flip", |x| match x.resolve("flip", axes.axes.as_deref()) {
            Ok(positions) => {
                let slice =
                    |axis| if positions.contains(&axis) { Slice::ALL.step_by(-1) } else { Slice::ALL };
                x.slice((0..x.ndim().unwrap_or(0)).map(slice).collect::<Vec<_>>())
            }
            Err(refused) => refused,
        })
    }

    /// Two axes exchanged, by position or by label.
    #[must_use]
    #[track_caller]
    #[doc(alias = "swap_axes")]
    pub fn swapaxes(self, first: impl Into<AxisRef>, second: impl Into<AxisRef>) -> Self {
        let (first, second) = (first.into(), second.into());
        self.function("swapaxes", |x| {
            // An axis may be exchanged with itself.
            let resolved = x.resolve("swapaxes", Some(&[first]));
            match resolved.and_then(|first| Ok((first, x.resolve("swapaxes", Some(&[second]))?))) {
                Ok((first, second)) => {
                    let mut order: Vec<isize> = (0..x.ndim().unwrap_or(0) as isize).collect();
                    order.swap(first[0], second[0]);
                    x.permute_dims(order)
                }
                Err(refused) => refused,
            }
        })
    }

    /// Axes at other positions: axis `source[k]` becomes axis `destination[k]` of the result, the others keep
    /// their order.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", F64, [2, 3, 4]);
    /// assert_eq!(x.moveaxis(0, -1).shape(), Some([3, 4, 2].into()));
    /// assert_eq!(x.moveaxis([0, 1], [-1, -2]).shape(), Some([4, 3, 2].into()));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn moveaxis(self, source: impl Into<Positions>, destination: impl Into<Positions>) -> Self {
        let (source, destination) = (source.into().0, destination.into().0);
        self.function("moveaxis", |x| {
            if source.len() != destination.len() {
                let message =
                    format!("`moveaxis` moves {} axes to {} positions", source.len(), destination.len());
                return x.refused(&[], Some(Diagnostic::new(DiagnosticKind::Axis, message)));
            }
            let resolved = x.resolve("moveaxis", Some(&source));
            match resolved.and_then(|from| Ok((from, x.resolve("moveaxis", Some(&destination))?))) {
                Ok((from, to)) => {
                    let rank = x.ndim().unwrap_or(0);
                    let mut rest = (0..rank).filter(|axis| !from.contains(axis));
                    let order = (0..rank).filter_map(|at| match to.iter().position(|to| *to == at) {
                        Some(moved) => Some(from[moved]),
                        None => rest.next(),
                    });
                    x.permute_dims(order.map(|axis| axis as isize).collect::<Vec<_>>())
                }
                Err(refused) => refused,
            }
        })
    }

    /// Turned by `quarters` of a full turn in the plane of two axes, from the first towards the second:
    /// `x.rot90(1, [0, 1])` turns a matrix counterclockwise. Negative ones turn the other way.
    #[must_use]
    #[track_caller]
    pub fn rot90(self, quarters: i64, axes: impl Into<Positions>) -> Self {
        let axes = axes.into().0;
        self.function("rot90", |x| {
            let plane = match x.resolve("rot90", Some(&axes)) {
                Ok(plane) => plane,
                Err(refused) => return refused,
            };
            let [first, second] = plane[..] else {
                let message = format!("`rot90` turns the plane of two axes, not of {}", plane.len());
                return x.refused(&[], Some(Diagnostic::new(DiagnosticKind::Axis, message)));
            };
            let (first, second) = (first as isize, second as isize);
            match quarters.rem_euclid(4) {
                0 => x,
                1 => x.flip(Axis(second)).swapaxes(first, second),
                2 => x.flip([first, second]),
                _ => x.swapaxes(first, second).flip(Axis(second)),
            }
        })
    }

    /// The differences of neighbours along an axis, taken `order` times: each time the axis is one element
    /// shorter, down to 0. Orders above 256 are refused. Integers wrap around; for `bool` it is whether
    /// neighbours differ.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", F64, [4]);
    /// let outputs = [x.diff(1, Axis(0)).named("first"), x.diff(2, Axis(0)).named("second")];
    /// let program = g.plan(outputs, &Limits::default())?.compile()?;
    /// let (mut first, mut second) = ([0.0; 3], [0.0; 2]);
    /// program.run([("x", &[1.0, 2.0, 4.0, 8.0])], [("first", &mut first[..]), ("second", &mut second[..])])?;
    /// assert_eq!((first, second), ([1.0, 2.0, 4.0], [1.0, 2.0]));
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn diff(self, order: u32, axis: impl Into<AxisRef>) -> Self {
        let axis = axis.into();
        self.function("diff", |x| {
            let position = match x.resolve("diff", Some(&[axis])) {
                Ok(positions) => Axis(positions[0] as isize),
                Err(refused) => return refused,
            };
            let is_over = |x: Self| x.shape().is_none_or(|shape| shape[position.0 as usize].upper() == 0);
            if order > MOST_DIFFERENCES && !is_over(x) {
                let message = format!("`diff` of order {order}: more than {MOST_DIFFERENCES} operations");
                return x.refused(&[], Some(Diagnostic::new(DiagnosticKind::TooLarge, message)));
            }
            let mut differences = x;
            for _ in 0..order {
                if is_over(differences) {
                    break;
                }
                let after = differences.slice_axis(position, 1..);
                let before = differences.slice_axis(position, Slice::new(0, -1));
                differences =
                    if x.dtype() == Some(DType::Bool) { after.not_equal(before) } else { after - before };
            }
            differences
        })
    }

    /// Angles in radians along an axis without jumps: where an element is more than half a turn from the one before, whole
    /// turns are added to it and to all that follow. `f32` is summed in `f64`; integers become `f64`.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let degrees = g.constant(&[350.0, 355.0, 2.0, 7.0], [4]);
    /// assert_eq!(degrees.unwrap_period(Axis(0), 360.0, 180.0).to_vec::<f64>()?, [350.0, 355.0, 362.0, 367.0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn unwrap(self, axis: impl Into<AxisRef>) -> Self {
        let axis = axis.into();
        self.function("unwrap", |x| {
            x.without_jumps("unwrap", axis, std::f64::consts::TAU, std::f64::consts::PI)
        })
    }

    /// As [`Expr::unwrap`], for values that repeat with another period than a turn, where steps as large as
    /// `discontinuity` are jumps, but none up to half the period.
    #[must_use]
    #[track_caller]
    pub fn unwrap_period(self, axis: impl Into<AxisRef>, period: f64, discontinuity: f64) -> Self {
        let axis = axis.into();
        self.function("unwrap_period", |x| x.without_jumps("unwrap_period", axis, period, discontinuity))
    }

    fn without_jumps(self, name: &str, axis: AxisRef, period: f64, discontinuity: f64) -> Self {
        let axis = match self.resolve(name, Some(&[axis])) {
            Ok(positions) => Axis(positions[0] as isize),
            Err(refused) => return refused,
        };
        let x = if self.is_float() { self } else { self.astype(DType::F64) };
        let half = period / 2.0;
        let after = x.slice_axis(axis, 1..);
        let step = after - x.slice_axis(axis, Slice::new(0, -1));
        let short = (step + half).remainder(period) - half;
        // Half a period may be one up or one down: it stays as it is.
        let short = (short.equal(-half) & step.greater(0)).select(half, short);
        let correction = step.absolute().less(discontinuity).select(0.0, short - step);
        let corrected = after + correction.cumulative_sum(axis);
        self.graph().concat(axis, [x.slice_axis(axis, 0..1), corrected])
    }

    /// Each element of this value times each of the other: the axes of the one, then those of the other,
    /// as NumPy's `multiply.outer`.
    #[must_use]
    #[track_caller]
    pub fn outer(self, other: Self) -> Self {
        self.graph().composed("outer", Broadcasts::OfFunction, || {
            let other = self.graph().admit("outer", other);
            let rank = self.ndim().unwrap_or(0);
            let new: Vec<isize> = (0..other.ndim().unwrap_or(0)).map(|axis| (rank + axis) as isize).collect();
            self.expand_dims(new) * other
        })
    }

    /// The sum of products along the last axis, which both have; the other axes are broadcast. The dtype
    /// is that of the products: integers wrap around, `bool` asks whether there is a pair of true elements,
    /// and floats of 16 bits are added in `f32`.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let (x, w) = (g.input("x", F64, [2, 3]), g.input("w", F64, [3]));
    /// let program = g.plan([x.vecdot(w)], &Limits::default())?.compile()?;
    /// let mut out = [0.0; 2];
    /// let x = View::new(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [2, 3]);
    /// program.run([("x", x), ("w", (&[1.0, 10.0, 100.0]).into())], [("out", &mut out)])?;
    /// assert_eq!(out, [321.0, 654.0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    #[doc(alias = "inner")]
    #[doc(alias = "dot")]
    pub fn vecdot(self, other: Self) -> Self {
        self.function_of("vecdot", other, |x, other| {
            let Argument::Expr(other) = other else { return x };
            if let (Some(a), Some(b)) = (x.shape(), other.shape())
                && !have_one_length(&a, &b)
            {
                let message = format!("`vecdot` of {a} and {b}: the last axes are not the same");
                return x.refused(&[other], Some(Diagnostic::new(DiagnosticKind::Shape, message)));
            }
            let product = x * other;
            let Some(dtype) = product.dtype() else { return product };
            let products = if dtype.is_float() && dtype != dtype.computed() {
                x.astype(dtype.computed()) * other.astype(dtype.computed())
            } else {
                product
            };
            products.sum(Axis(-1)).astype(dtype)
        })
    }
}

/// May the last axes hold vectors of one length? They do not stretch; labels are another matter.
pub(super) fn have_one_length(left: &Shape, right: &Shape) -> bool {
    let (Some(left), Some(right)) = (left.last(), right.last()) else { return false };
    let joined = Shape::from(left).broadcast(&right.into(), |_, _| {});
    left.is_one() == right.is_one() && joined.map_or_else(|conflict| conflict.labels, |_| true)
}

impl Graph {
    /// An expression of this graph; where it belongs to another a call that says so.
    pub(crate) fn admit<'g>(&'g self, name: &str, other: Expr<'g>) -> Expr<'g> {
        if std::ptr::eq(self, other.graph()) {
            return other;
        }
        let made = other.location();
        self.push(|g| g.refuse_foreign(name, made, made))
    }

    /// Every array broadcast to the shape that they have together.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let (x, y) = (g.input("x", F64, [2, 1]), g.input("y", F64, [3]));
    /// let [x, y] = g.broadcast_arrays([x, y]);
    /// assert_eq!((x.shape(), y.shape()), (Some([2, 3].into()), Some([2, 3].into())));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn broadcast_arrays<'g, const N: usize>(&'g self, arrays: [Expr<'g>; N]) -> [Expr<'g>; N] {
        self.composed("broadcast_arrays", Broadcasts::OfFunction, || {
            let arrays = arrays.map(|array| self.admit("broadcast_arrays", array));
            let sites = arrays.map(Expr::site);
            let Some(first) = arrays.first() else { return arrays };
            let site = first.location();
            let joined = self.ir().borrow_mut().joined_shape("broadcast_arrays", &sites, site);
            match joined {
                Ok(shape) => arrays.map(|array| array.broadcast_to(shape.clone())),
                Err(refused) => [self.expr(refused); N],
            }
        })
    }
}
