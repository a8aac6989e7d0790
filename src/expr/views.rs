//! Views of an expression: the same elements through other axes.

use super::Expr;
use crate::axes::{NewAxes, NewSizes, Positions};
use crate::index::Indices;
use fusewire_ir::{AxisRef, Dim, Shape, Site, Slice};

impl Expr<'_> {
    /// Axes of size 1 stretched, and axes added at the front, to reach `shape`.
    #[must_use]
    #[track_caller]
    pub fn broadcast_to(self, shape: impl Into<Shape>) -> Self {
        let (shape, site) = (shape.into(), Site::caller());
        self.graph.push(|g| g.broadcast_to(self.site, shape, site))
    }

    /// The axes in another order: axis `k` of the result is axis `order[k]`, by position or by label.
    #[must_use]
    #[track_caller]
    pub fn permute_dims(self, order: impl Into<Positions>) -> Self {
        let (order, site) = (order.into(), Site::caller());
        self.graph.push(|g| g.permute_dims(self.site, &order.0, site))
    }

    /// The axes in reverse order.
    #[must_use]
    #[track_caller]
    #[doc(alias = "T")]
    pub fn transpose(self) -> Self {
        let site = Site::caller();
        let rank = self.array().map_or(0, |array| array.shape.len()) as isize;
        let order: Vec<AxisRef> = (0..rank).rev().map(AxisRef::Position).collect();
        self.graph.push(|g| g.permute_dims(self.site, &order, site))
    }

    /// The last two axes exchanged.
    #[must_use]
    #[track_caller]
    #[doc(alias = "mT")]
    pub fn matrix_transpose(self) -> Self {
        self.function("matrix_transpose", |x| x.swapaxes(-2, -1))
    }

    /// New axes of size 1 at these positions of the result: a position, or several as `[0, 2]`; with
    /// labels, `(1, "user")`; a label alone for a new first axis.
    #[must_use]
    #[track_caller]
    #[doc(alias = "newaxis")]
    pub fn expand_dims(self, axes: impl Into<NewAxes>) -> Self {
        let (axes, site) = (axes.into(), Site::caller());
        self.graph.push(|g| g.expand_dims(self.site, &axes.0, site))
    }

    /// These axes, which must have size 1, dropped: a position, or several as `[0, 2]`; or labels.
    #[must_use]
    #[track_caller]
    pub fn squeeze(self, axes: impl Into<Positions>) -> Self {
        let (axes, site) = (axes.into(), Site::caller());
        self.graph.push(|g| g.squeeze(self.site, Some(&axes.0), site))
    }

    /// The same elements with a label for each axis: `["user", "feature"]`, or `None` for an axis that
    /// has none. Aligned axes must have the same label; an axis without one meets any.
    #[must_use]
    #[track_caller]
    pub fn label_axes<'l, L: Into<Option<&'l str>>>(self, labels: impl IntoIterator<Item = L>) -> Self {
        let site = Site::caller();
        let labels: Vec<Option<&str>> = labels.into_iter().map(Into::into).collect();
        self.graph.push(|g| g.label_axes(self.site, &labels, site))
    }

    /// The same expression, which must have this shape: an assertion in the middle of an expression.
    /// A label that is given must be there, and a size that is not known yet is held to the expected one
    /// when arrays are bound.
    #[must_use]
    #[track_caller]
    pub fn expect_shape(self, shape: impl Into<Shape>) -> Self {
        let (shape, site) = (shape.into(), Site::caller());
        self.graph.push(|g| g.expect_shape(self.site, shape, site))
    }

    /// A part of the first axes, as NumPy's `x[1:-1, ::2]`; see [`Slice`].
    #[must_use]
    #[track_caller]
    pub fn slice(self, slices: impl AsRef<[Slice]>) -> Self {
        let site = Site::caller();
        self.graph.push(|g| g.slice(self.site, slices.as_ref(), site))
    }

    /// Positions, slices and new axes at once, as between NumPy's brackets: `x.index((0, .., NewAxis))` is
    /// `x[0, :, None]`. An integer drops its axis, `..` is a whole one, [`Ellipsis`](crate::Ellipsis) stands for
    /// all axes that are left.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", F32, [4, 5, 6]);
    /// assert_eq!(x.index(-1).shape(), Some([5, 6].into()));
    /// assert_eq!(x.index((0, .., 1..3)).shape(), Some([5, 2].into()));
    /// assert_eq!(x.index((Ellipsis, NewAxis, Slice::ALL.step_by(-2))).shape(), Some([4, 5, 1, 3].into()));
    /// let error = g.plan([x.index((0, 5))], &Limits::default()).unwrap_err();
    /// assert!(error.to_string().contains("`index` has 5 for axis 1, which has size 5"));
    /// ```
    #[must_use]
    #[track_caller]
    #[doc(alias = "newaxis")]
    #[doc(alias = "get")]
    pub fn index(self, items: impl Into<Indices>) -> Self {
        let (items, site) = (items.into(), Site::caller());
        self.function("index", |x| x.graph.push(|g| g.index(x.site, &items.0, site)))
    }

    /// A part of one axis, such as `x.slice_axis(Axis(0), 1..)`, `x.slice_axis("user", 1..)` or, with ends
    /// counted from the end, `x.slice_axis(Axis(-1), Slice::new(1, -1))`.
    #[must_use]
    #[track_caller]
    pub fn slice_axis(self, axis: impl Into<AxisRef>, slice: impl Into<Slice>) -> Self {
        let (axis, slice, site) = (axis.into(), slice.into(), Site::caller());
        self.graph.push(|g| g.slice_axis(self.site, axis, slice, site))
    }

    /// The same elements in C order with other sizes: `[2, -1]`, where -1 is what is left, or dims. Never a
    /// copy of its own: the loops that compute it are split where axes are joined. A value that is read in
    /// ways which no loops can follow is stored, and the plan says so.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", F32, [6, 4]);
    /// let pairs = x.reshape([-1, 2]).max(Axis(1));
    /// assert_eq!(pairs.shape(), Some([12].into()));
    /// let plan = g.plan([pairs], &Limits::default())?;
    /// assert_eq!(plan.workspace_bytes(), 0);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn reshape(self, sizes: impl Into<NewSizes>) -> Self {
        let (sizes, site) = (sizes.into(), Site::caller());
        self.graph.push(|g| g.reshape(self.site, &sizes.0, site))
    }

    /// All elements in C order along one axis.
    #[must_use]
    #[track_caller]
    #[doc(alias = "flatten")]
    pub fn ravel(self) -> Self {
        self.function("ravel", |x| x.reshape([-1]))
    }

    /// The elements whose index on the second axis is `offset` more than that on the first, along a new last
    /// axis. The axes are dropped.
    #[must_use]
    #[track_caller]
    #[doc(alias = "diag")]
    pub fn diagonal(self, offset: i64, first: impl Into<AxisRef>, second: impl Into<AxisRef>) -> Self {
        let (axes, site) = ([first.into(), second.into()], Site::caller());
        self.graph.push(|g| g.diagonal(self.site, offset, axes, site))
    }

    /// Every `window` neighbours along an axis, along a new last axis: `(n,)` becomes `(n - window + 1, window)`.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", F64, [6]);
    /// let moving = x.sliding_window(3, Axis(0)).mean(Axis(-1));
    /// let program = g.plan([moving], &Limits::default())?.compile()?;
    /// let mut out = [0.0; 4];
    /// program.run([("x", &[1.0, 2.0, 6.0, 4.0, 5.0, 0.0])], [("out", &mut out)])?;
    /// assert_eq!(out, [3.0, 4.0, 5.0, 3.0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    #[doc(alias = "sliding_window_view")]
    pub fn sliding_window(self, window: impl Into<Dim>, axis: impl Into<AxisRef>) -> Self {
        let (window, axis, site) = (window.into(), axis.into(), Site::caller());
        self.graph.push(|g| g.sliding_window(self.site, &window, &axis, site))
    }
}
