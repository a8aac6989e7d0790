//! Joining, moving and repeating: arrays side by side, and arrays made of parts of one.

use super::{Expr, Graph};
use crate::amounts::{Pad, Shifts, Widths};
use crate::axes::{Axes, NewPlace};
use fusewire_ir::{AxisRef, Dim, Operand, Shape, Site};

impl Graph {
    /// Arrays one after another along an axis, in the promoted dtype. They have the same rank, and the same
    /// sizes along all other axes: none is stretched. The size of the axis is the sum of theirs.
    ///
    /// Each part is computed by the loops that it would have alone, which write it to its place. Where the
    /// whole is an output that place is in the caller's memory; otherwise it is workspace, because the loops
    /// of whoever reads it would have to decide for every element which part it belongs to. The plan says so.
    /// A part that is itself a join, and is used for nothing else, has no memory of its own.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let (x, y) = (g.input("x", F64, [3]), g.input("y", F64, [2]));
    /// let plan = g.plan([g.concat(Axis(0), [x * 2, y])], &Limits::default())?;
    /// assert_eq!(plan.workspace_bytes(), 0);
    /// let mut out = [0.0; 5];
    /// plan.compile()?.run([("x", &[1.0, 2.0, 3.0][..]), ("y", &[7.0, 8.0][..])], [("out", &mut out)])?;
    /// assert_eq!(out, [2.0, 4.0, 6.0, 7.0, 8.0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    #[doc(alias = "concatenate")]
    pub fn concat<'g>(
        &'g self,
        axis: impl Into<AxisRef>,
        arrays: impl IntoIterator<Item = Expr<'g>>,
    ) -> Expr<'g> {
        let (axis, site) = (axis.into(), Site::caller());
        let operands: Vec<Operand> = arrays.into_iter().map(|array| array.operand(self)).collect();
        self.push(|g| g.concat(&operands, &axis, site))
    }

    /// Arrays of one shape side by side along a new axis, in the promoted dtype: `Axis(0)` for a new first
    /// axis, `Axis(-1)` for a last one, `(Axis(0), "user")` for one with a label. See [`Graph::concat`].
    #[track_caller]
    pub fn stack<'g>(
        &'g self,
        axis: impl Into<NewPlace>,
        arrays: impl IntoIterator<Item = Expr<'g>>,
    ) -> Expr<'g> {
        let (axis, site) = (axis.into(), Site::caller());
        let operands: Vec<Operand> = arrays.into_iter().map(|array| array.operand(self)).collect();
        self.push(|g| g.stack(&operands, &axis.0, site))
    }
}

impl Expr<'_> {
    /// The whole array again and again along its last axes, as often as `repetitions` says for each of them;
    /// where it says more, the array gets axes at the front. A view: each user
    /// reads the array itself, but for one whose loops cannot follow it, as with a reshape.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", F64, [3, 2]);
    /// assert_eq!(x.tile([4]).shape(), Some([3, 8].into()));
    /// assert_eq!(x.tile([5, 1, 4]).shape(), Some([5, 3, 8].into()));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn tile(self, repetitions: impl Into<Shape>) -> Self {
        let (repetitions, site) = (repetitions.into(), Site::caller());
        self.function("tile", |x| x.graph.push(|g| g.tile(x.site, &repetitions, site)))
    }

    /// Every element `count` times: along an axis, along each of several, or with `All` in C order along one
    /// axis with all elements, as NumPy's without an axis. A view, as [`Expr::tile`] is.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", F64, [3, 2]);
    /// assert_eq!(x.repeat(4, Axis(1)).shape(), Some([3, 8].into()));
    /// assert_eq!(x.repeat(2, [0, 1]).shape(), Some([6, 4].into()));
    /// assert_eq!(x.repeat(2, All).shape(), Some([12].into()));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn repeat(self, count: impl Into<Dim>, axes: impl Into<Axes>) -> Self {
        let (count, axes, site) = (count.into(), axes.into(), Site::caller());
        self.function("repeat", |x| x.graph.push(|g| g.repeat(x.site, &count, axes.axes.as_deref(), site)))
    }

    /// The elements moved towards the end of axes, where what leaves at one end comes in at the other;
    /// negative shifts move towards the beginning. One shift moves along every axis that is named, several
    /// along one axis add up. With `All` the elements move in C order, as NumPy's without an axis.
    ///
    /// It is a join of parts, of which each is computed once: see [`Graph::concat`].
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", I64, [5]);
    /// let program = g.plan([x.roll(2, Axis(0))], &Limits::default())?.compile()?;
    /// let mut out = [0i64; 5];
    /// program.run([("x", &[1i64, 2, 3, 4, 5])], [("out", &mut out)])?;
    /// assert_eq!(out, [4, 5, 1, 2, 3]);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn roll(self, shifts: impl Into<Shifts>, axes: impl Into<Axes>) -> Self {
        let (shifts, axes, site) = (shifts.into(), axes.into(), Site::caller());
        self.function("roll", |x| x.graph.push(|g| g.roll(x.site, &shifts.0, axes.axes.as_deref(), site)))
    }

    /// The array within borders: `2` elements on every side, `(1, 2)` before and after on every axis, or a
    /// pair for each axis. What stands in them is a number, or follows from the array: see [`Pad`].
    ///
    /// It is a join of the array and its borders: see [`Graph::concat`]. Mirrored borders and those from the
    /// other end may be longer than the axis where its size is known. Where it is not, every binding is held
    /// to an axis that is long enough.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", F64, [3]);
    /// let bordered = [x.pad((1, 2), 0).named("zeros"), x.pad(2, Pad::Reflect).named("mirrored")];
    /// let program = g.plan(bordered, &Limits::default())?.compile()?;
    /// let (mut zeros, mut mirrored) = ([9.0; 6], [9.0; 7]);
    /// program.run(
    ///     [("x", &[1.0, 2.0, 3.0])],
    ///     [("zeros", ViewMut::from(&mut zeros)), ("mirrored", (&mut mirrored).into())],
    /// )?;
    /// assert_eq!(zeros, [0.0, 1.0, 2.0, 3.0, 0.0, 0.0]);
    /// assert_eq!(mirrored, [3.0, 2.0, 1.0, 2.0, 3.0, 2.0, 1.0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn pad(self, widths: impl Into<Widths>, with: impl Into<Pad>) -> Self {
        let (widths, with, site) = (widths.into(), with.into(), Site::caller());
        self.function("pad", |x| x.graph.push(|g| g.pad(x.site, &widths.0, with.into(), site)))
    }
}
