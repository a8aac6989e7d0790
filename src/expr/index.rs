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
}
