//! Elements chosen by indices that are themselves arrays.

use super::{Argument, Expr};
use fusewire_ir::{AxisRef, OutOfBounds, Site};

impl<'g> Expr<'g> {
    /// The parts of an axis that `indices`, integers of any shape, count out: their axes take the place of
    /// that axis. Negative ones count from the end. An index that the axis does not have is an error of the
    /// run, found before anything is written; [`Expr::take_with`] has other answers.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let (table, keys) = (g.input("table", F64, [3, 2]), g.input("keys", I64, [4]));
    /// let program = g.plan([table.take(keys, Axis(0)).sum(Axis(1))], &Limits::default())?.compile()?;
    /// let table = [1.0, 2.0, 10.0, 20.0, 100.0, 200.0];
    /// let mut out = [0.0; 4];
    /// program.run([("table", View::new(&table, [3, 2])), ("keys", (&[2i64, 0, -1, 1]).into())], [("out", &mut out)])?;
    /// assert_eq!(out, [300.0, 3.0, 300.0, 30.0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    #[doc(alias = "gather")]
    pub fn take(self, indices: impl Into<Argument<'g>>, axis: impl Into<AxisRef>) -> Self {
        self.function("take", |x| x.take_with(indices, axis, OutOfBounds::Raise))
    }

    /// As [`Expr::take`], with a say in what an index means that the axis does not have.
    #[must_use]
    #[track_caller]
    pub fn take_with(
        self,
        indices: impl Into<Argument<'g>>,
        axis: impl Into<AxisRef>,
        out_of_bounds: OutOfBounds,
    ) -> Self {
        let (indices, axis, site) = (indices.into().operand(self.graph), axis.into(), Site::caller());
        self.function("take_with", |x| x.graph.push(|g| g.take(x.site, indices, &axis, out_of_bounds, site)))
    }

    /// Of each line along an axis the elements that the same line of `indices`, integers, counts out: what
    /// [`Expr::argsort`] gives sorts. Both have as many axes, of which the others broadcast. Indices as those
    /// of [`Expr::take`].
    #[must_use]
    #[track_caller]
    pub fn take_along_axis(self, indices: impl Into<Argument<'g>>, axis: impl Into<AxisRef>) -> Self {
        self.function("take_along_axis", |x| x.take_along_axis_with(indices, axis, OutOfBounds::Raise))
    }

    /// As [`Expr::take_along_axis`], with a say in what an index means that the axis does not have.
    #[must_use]
    #[track_caller]
    pub fn take_along_axis_with(
        self,
        indices: impl Into<Argument<'g>>,
        axis: impl Into<AxisRef>,
        out_of_bounds: OutOfBounds,
    ) -> Self {
        let (indices, axis, site) = (indices.into().operand(self.graph), axis.into(), Site::caller());
        self.function("take_along_axis_with", |x| {
            x.graph.push(|g| g.take_along_axis(x.site, indices, &axis, out_of_bounds, site))
        })
    }

    /// A copy with the parts of an axis that `indices`, a vector of integers, counts out replaced by `values`, one
    /// after another: of those that go to one place the last one stays. Values broadcast to the shape of this array
    /// with as many parts along the axis as there are indices; dtypes promote. Indices as those of [`Expr::take`].
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let (x, at) = (g.input("x", F64, [4]), g.input("at", I64, [3]));
    /// let program = g.plan([x.put(at, 7, Axis(0))], &Limits::default())?.compile()?;
    /// let mut out = [0.0; 4];
    /// program.run([("x", View::from(&[1.0, 2.0, 3.0, 4.0])), ("at", (&[2i64, 0, -2]).into())], [("out", &mut out)])?;
    /// assert_eq!(out, [7.0, 2.0, 7.0, 4.0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    #[doc(alias = "scatter")]
    pub fn put(
        self,
        indices: impl Into<Argument<'g>>,
        values: impl Into<Argument<'g>>,
        axis: impl Into<AxisRef>,
    ) -> Self {
        self.function("put", |x| x.put_with(indices, values, axis, OutOfBounds::Raise))
    }

    /// As [`Expr::put`], with a say in what an index means that the axis does not have.
    #[must_use]
    #[track_caller]
    pub fn put_with(
        self,
        indices: impl Into<Argument<'g>>,
        values: impl Into<Argument<'g>>,
        axis: impl Into<AxisRef>,
        out_of_bounds: OutOfBounds,
    ) -> Self {
        self.written("put_with", [indices.into(), values.into()], axis.into(), (false, out_of_bounds))
    }

    /// A copy with `values` added to the parts of an axis that `indices` counts out, one after another in the
    /// order of the indices, whatever the number of threads. As [`Expr::put`] otherwise; floats of 16 bits are
    /// added up in `f32`, integers wrap around, and `bool` is `|`.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let (keys, amounts) = (g.input("keys", I64, [4]), g.input("amounts", F64, [4]));
    /// let totals = g.full([3], 0.0).scatter_add(keys, amounts, Axis(0));
    /// let program = g.plan([totals], &Limits::default())?.compile()?;
    /// let mut out = [0.0; 3];
    /// let inputs = [("keys", View::from(&[2i64, 0, 2, 2])), ("amounts", (&[1.0, 2.0, 3.0, 4.0]).into())];
    /// program.run(inputs, [("out", &mut out)])?;
    /// assert_eq!(out, [2.0, 0.0, 8.0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    #[doc(alias = "index_add")]
    #[doc(alias = "add.at")]
    pub fn scatter_add(
        self,
        indices: impl Into<Argument<'g>>,
        values: impl Into<Argument<'g>>,
        axis: impl Into<AxisRef>,
    ) -> Self {
        self.function("scatter_add", |x| x.scatter_add_with(indices, values, axis, OutOfBounds::Raise))
    }

    /// As [`Expr::scatter_add`], with a say in what an index means that the axis does not have.
    #[must_use]
    #[track_caller]
    pub fn scatter_add_with(
        self,
        indices: impl Into<Argument<'g>>,
        values: impl Into<Argument<'g>>,
        axis: impl Into<AxisRef>,
        out_of_bounds: OutOfBounds,
    ) -> Self {
        self.written("scatter_add_with", [indices.into(), values.into()], axis.into(), (true, out_of_bounds))
    }

    #[track_caller]
    fn written(
        self,
        name: &'static str,
        [indices, values]: [Argument<'g>; 2],
        axis: AxisRef,
        told: (bool, OutOfBounds),
    ) -> Self {
        let site = Site::caller();
        self.function(name, |x| {
            let (indices, values) = (indices.operand(x.graph), values.operand(x.graph));
            x.graph.push(|g| g.put(x.site, indices, values, &axis, told, site))
        })
    }
}
