//! Products that are summed: matrix products and their like.

use super::arrange::have_one_length;
use super::{Expr, Graph};
use crate::axes::Positions;
use fusewire_ir::{AxisRef, Broadcasts, Diagnostic, DiagnosticKind, Site, SiteId};

impl Graph {
    /// The product of operands, with one letter for each axis: axes with the same letter are one, and what the
    /// result does not have is summed. `"ij,jk->ik"` is a matrix product, `"ii"` a trace, `"i,j->ij"` an outer
    /// product, `"...ij->...ji"` a transpose. Without `->` the result has the letters that stand once, in the
    /// order of the alphabet. Several operands are combined two at a time, those first that grow the least.
    ///
    /// Dtypes promote; floats of 16 bits are multiplied and summed in `f32`, integers wrap around. Matrix
    /// products are routines, everything else is fused. See [`Expr::matmul`].
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let (a, b) = (g.input("a", F64, [2, 2]), g.input("b", F64, [2, 2]));
    /// let program = g.plan([g.einsum("ij,jk->ki", [a, b])], &Limits::default())?.compile()?;
    /// let mut out = [0.0; 4];
    /// let inputs = [("a", View::new(&[1.0, 2.0, 3.0, 4.0], [2, 2])), ("b", View::new(&[1.0, 10.0, 2.0, 20.0], [2, 2]))];
    /// program.run(inputs, [("out", ViewMut::new(&mut out, [2, 2]))])?;
    /// assert_eq!(out, [5.0, 11.0, 50.0, 110.0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn einsum<'g>(&'g self, subscripts: &str, operands: impl IntoIterator<Item = Expr<'g>>) -> Expr<'g> {
        let site = Site::caller();
        self.composed("einsum", Broadcasts::OfFunction, || {
            let operands = operands.into_iter().map(|operand| self.admit("einsum", operand).site);
            let sites: Vec<SiteId> = operands.collect();
            self.push(|g| g.einsum(subscripts, &sites, site))
        })
    }
}

impl<'g> Expr<'g> {
    #[track_caller]
    fn with_other(
        self,
        name: &'static str,
        other: Self,
        make: impl FnOnce(&mut fusewire_ir::Graph, SiteId, SiteId, Site) -> SiteId,
    ) -> Self {
        let site = Site::caller();
        self.function(name, |x| {
            let other = x.graph.admit(name, other);
            x.graph.push(|g| make(g, x.site, other.site, site))
        })
    }

    /// The matrix product of the last two axes; the axes before them broadcast. A vector is a row on the left
    /// and a column on the right, and its axis vanishes.
    ///
    /// Dtypes promote; floats of 16 bits are multiplied and summed in `f32`, integers wrap around, and `bool` is
    /// `|` of `&`. Products of matrices are a routine (`matrixmultiply`'s for `f32` and `f64`, which multiplies and
    /// adds with one rounding where the processor does); those with a vector are a reduction and fuse.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let (a, b) = (g.input("a", F64, [2, 3]), g.input("b", F64, [3, 1]));
    /// let program = g.plan([a.matmul(b * 2)], &Limits::default())?.compile()?;
    /// let mut out = [0.0; 2];
    /// let inputs = [("a", View::new(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [2, 3])), ("b", View::new(&[1.0, 0.0, -1.0], [3, 1]))];
    /// program.run(inputs, [("out", ViewMut::new(&mut out, [2, 1]))])?;
    /// assert_eq!(out, [-4.0, -4.0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn matmul(self, other: Self) -> Self {
        self.with_other("matmul", other, |g, a, b, site| g.matmul(a, b, site))
    }

    /// The sum of products along the last axis of this operand and the last but one (or only) axis of the
    /// other; the other axes stand side by side. Dtypes as those of [`Expr::matmul`].
    #[must_use]
    #[track_caller]
    pub fn dot(self, other: Self) -> Self {
        self.with_other("dot", other, |g, a, b, site| g.dot(a, b, site))
    }

    /// The matrices of the last two axes times vectors of the last axis of the other; the axes before them broadcast,
    /// those of a vector too, unlike in [`Expr::matmul`]. Dtypes as those of [`Expr::vecdot`]; it is a reduction and
    /// fuses.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let matrix = g.constant(&[1, 2, 3, 4], [2, 2]);
    /// let vectors = g.constant(&[1, 0, 1, 1], [2, 2]);
    /// assert_eq!(matrix.matvec(vectors).to_vec::<i32>()?, [1, 3, 3, 7]);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn matvec(self, vector: Self) -> Self {
        self.function("matvec", |x| {
            let vector = x.graph.admit("matvec", vector);
            matrix_times_vector("matvec", x, vector)
                .unwrap_or_else(|wrong| x.refused(&[vector], wrong.map(|wrong| *wrong)))
        })
    }

    /// The vectors of the last axis times matrices of the last two axes of the other; the axes before them broadcast.
    /// As [`Expr::matvec`].
    #[must_use]
    #[track_caller]
    pub fn vecmat(self, matrix: Self) -> Self {
        self.function("vecmat", |x| {
            let matrix = x.graph.admit("vecmat", matrix);
            let rows =
                if matrix.ndim().is_some_and(|axes| axes < 2) { matrix } else { matrix.matrix_transpose() };
            matrix_times_vector("vecmat", rows, x)
                .unwrap_or_else(|wrong| x.refused(&[matrix], wrong.map(|wrong| *wrong)))
        })
    }

    /// The sum of products along the last `count` axes of this operand and the first of the other, in order;
    /// the other axes stand side by side. Dtypes as those of [`Expr::matmul`].
    #[must_use]
    #[track_caller]
    pub fn tensordot(self, other: Self, count: usize) -> Self {
        self.function("tensordot", |x| {
            let other = x.graph.admit("tensordot", other);
            let (Some(own), Some(of_other)) = (x.ndim(), other.ndim()) else {
                return x.refused(&[other], None);
            };
            if count > own.min(of_other) {
                let message =
                    format!("`tensordot` over {count} axes of operands that have {own} and {of_other}");
                return x.refused(&[other], Some(Diagnostic::new(DiagnosticKind::Axis, message)));
            }
            let axes: Vec<AxisRef> = (0..count as isize).map(AxisRef::Position).collect();
            let last: Vec<AxisRef> =
                (0..count as isize).map(|at| AxisRef::Position(at - count as isize)).collect();
            x.with_other("tensordot", other, |g, a, b, site| g.tensordot(a, b, [&last, &axes], site))
        })
    }

    /// As [`Expr::tensordot`], along these axes of this operand and those of the other, pair by pair.
    #[must_use]
    #[track_caller]
    pub fn tensordot_along(
        self,
        axes: impl Into<Positions>,
        other: Self,
        others: impl Into<Positions>,
    ) -> Self {
        let (axes, others) = (axes.into().0, others.into().0);
        self.with_other("tensordot_along", other, |g, a, b, site| g.tensordot(a, b, [&axes, &others], site))
    }
}

/// The vector times each row of the matrices, summed; else what is wrong, where it is known.
fn matrix_times_vector<'g>(
    name: &str,
    matrix: Expr<'g>,
    vector: Expr<'g>,
) -> Result<Expr<'g>, Option<Box<Diagnostic>>> {
    let (Some(matrix_axes), Some(vector_axes)) = (matrix.ndim(), vector.ndim()) else { return Err(None) };
    if matrix_axes < 2 || vector_axes < 1 {
        let message = format!(
            "`{name}` takes matrices, of two axes or more, and vectors, of one or more, not {matrix_axes} and {vector_axes}"
        );
        return Err(Some(Box::new(Diagnostic::new(DiagnosticKind::Axis, message))));
    }
    // The vectors are as long as the rows of the matrices here: `vecmat` has turned them.
    if let (Some(rows), Some(vectors)) = (matrix.shape(), vector.shape())
        && !have_one_length(&rows, &vectors)
        && let ([.., row], [.., length]) = (&rows[..], &vectors[..])
    {
        let of = if name == "vecmat" { "columns" } else { "rows" };
        let message = format!("`{name}`: the {of} of the matrices have {row} elements, the vectors {length}");
        return Err(Some(Box::new(Diagnostic::new(DiagnosticKind::Shape, message))));
    }
    Ok(matrix.vecdot(vector.expand_dims(-2)))
}
