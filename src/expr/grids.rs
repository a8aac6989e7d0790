//! Arrays that follow from their shape and indices: one value, diagonals, triangles, coordinates, classes.
//! They are computed in the loop that reads them.

use super::{Expr, Graph};
use fusewire_ir::{Broadcasts, DType, Diagnostic, DiagnosticKind, Dim, Scalar, Shape};

/// Which of its first two axes a grid gives to the first two coordinates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Indexing {
    /// As pictures are drawn: the first coordinate along axis 1, the second along axis 0. NumPy's default.
    #[default]
    Xy,
    /// As matrices are indexed: each coordinate along its own axis.
    Ij,
}

impl Graph {
    /// A matrix with ones on a diagonal: 0 is the main one, positive ones lie above it.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let program = g.plan([g.eye(F64, 2, 3, 1)], &Limits::default())?.compile()?;
    /// let mut out = [0.0; 6];
    /// program.run((), [("out", ViewMut::new(&mut out, [2, 3]))])?;
    /// assert_eq!(out, [0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    #[doc(alias = "identity")]
    pub fn eye(
        &self,
        dtype: DType,
        rows: impl Into<Dim>,
        columns: impl Into<Dim>,
        diagonal: i64,
    ) -> Expr<'_> {
        self.composed("eye", Broadcasts::OfFunction, || {
            self.above(&rows.into(), &columns.into()).equal(diagonal).astype(dtype)
        })
    }

    /// A matrix with ones on and below a diagonal, as [`Graph::eye`] counts them, and zeros above it.
    #[must_use]
    #[track_caller]
    pub fn tri(
        &self,
        dtype: DType,
        rows: impl Into<Dim>,
        columns: impl Into<Dim>,
        diagonal: i64,
    ) -> Expr<'_> {
        self.composed("tri", Broadcasts::OfFunction, || {
            self.above(&rows.into(), &columns.into()).less_equal(diagonal).astype(dtype)
        })
    }

    /// The diagonal on which each element of a matrix lies.
    fn above(&self, rows: &Dim, columns: &Dim) -> Expr<'_> {
        let rows = self.arange_to(0, rows, 1).expand_dims(1);
        self.arange_to(0, columns, 1) - rows
    }

    /// The grid of all combinations of coordinates: for each of the arrays, which have one axis or none, an
    /// array with an axis for each of them. It takes no memory.
    ///
    /// ```
    /// use fusewire::prelude::*;
    /// use fusewire::Indexing;
    ///
    /// let g = Graph::new();
    /// let (x, y) = (g.input("x", F64, [3]), g.input("y", F64, [2]));
    /// let [across, up] = g.meshgrid([x, y], Indexing::Xy);
    /// let program = g.plan([across * 10 + up], &Limits::default())?.compile()?;
    /// let mut out = [0.0; 6];
    /// program.run(
    ///     [("x", &[1.0, 2.0, 3.0][..]), ("y", &[4.0, 5.0][..])],
    ///     [("out", ViewMut::new(&mut out, [2, 3]))],
    /// )?;
    /// assert_eq!(out, [14.0, 24.0, 34.0, 15.0, 25.0, 35.0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn meshgrid<'g, const N: usize>(
        &'g self,
        coordinates: [Expr<'g>; N],
        indexing: Indexing,
    ) -> [Expr<'g>; N] {
        self.composed("meshgrid", Broadcasts::OfFunction, || {
            let coordinates = coordinates.map(|coordinate| self.admit("meshgrid", coordinate));
            self.grid(coordinates, indexing)
        })
    }

    /// The index of every element of an array of these sizes: one array in `i64` for each axis.
    #[must_use]
    #[track_caller]
    pub fn indices<const N: usize>(&self, sizes: [impl Into<Dim>; N]) -> [Expr<'_>; N] {
        self.composed("indices", Broadcasts::OfFunction, || {
            self.grid(sizes.map(|size| self.arange_to(0, size, 1)), Indexing::Ij)
        })
    }

    fn grid<'g, const N: usize>(&'g self, coordinates: [Expr<'g>; N], indexing: Indexing) -> [Expr<'g>; N] {
        let swaps = indexing == Indexing::Xy && N > 1;
        let axis_of = |at: usize| if swaps && at < 2 { 1 - at } else { at };
        let mut dims = vec![Dim::from(1u64); N];
        for (at, coordinate) in coordinates.iter().enumerate() {
            match coordinate.shape() {
                Some(shape) if shape.len() < 2 => {
                    if let Some(dim) = shape.first() {
                        dims[axis_of(at)] = dim.clone();
                    }
                }
                Some(shape) => {
                    let message =
                        format!("`meshgrid` takes coordinates along one axis, not along {}", shape.len());
                    let diagnostic = Diagnostic::new(DiagnosticKind::Shape, message);
                    return [coordinate.refused(&[], Some(diagnostic)); N];
                }
                None => return [coordinate.refused(&coordinates, None); N],
            }
        }
        let shape: Shape = dims.into_iter().collect();
        let mut at = 0;
        coordinates.map(|coordinate| {
            let own = coordinate.ndim().map_or(N, |_| axis_of(at));
            at += 1;
            let is_number = coordinate.ndim() == Some(0);
            let new = (0..N).filter(|axis| is_number || *axis != own).map(|axis| axis as isize);
            coordinate.expand_dims(new.collect::<Vec<_>>()).broadcast_to(shape.clone())
        })
    }
}

impl Expr<'_> {
    /// An array of the same shape and dtype with this value everywhere, which takes no memory. The value is
    /// converted to the dtype.
    #[must_use]
    #[track_caller]
    pub fn full_like(self, value: impl Into<Scalar>) -> Self {
        self.function("full_like", |x| match x.array() {
            Some(array) => x.graph().full(array.shape, value.into().cast(array.dtype)),
            None => x.refused(&[], None),
        })
    }

    /// An array of the same shape and dtype with zeros, which takes no memory.
    #[must_use]
    #[track_caller]
    pub fn zeros_like(self) -> Self {
        self.function("zeros_like", |x| x.full_like(0i64))
    }

    /// An array of the same shape and dtype with ones, which takes no memory.
    #[must_use]
    #[track_caller]
    pub fn ones_like(self) -> Self {
        self.function("ones_like", |x| x.full_like(1i64))
    }

    /// The value with zeros above a diagonal of its last two axes, as [`Graph::eye`] counts them.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", F64, [2, 2]);
    /// let program = g.plan([x.tril(0)], &Limits::default())?.compile()?;
    /// let mut out = [0.0; 4];
    /// program.run(
    ///     [("x", View::new(&[1.0, 2.0, 3.0, 4.0], [2, 2]))],
    ///     [("out", ViewMut::new(&mut out, [2, 2]))],
    /// )?;
    /// assert_eq!(out, [1.0, 0.0, 3.0, 4.0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    #[doc(alias = "lower_triangle")]
    pub fn tril(self, diagonal: i64) -> Self {
        self.function("tril", |x| x.triangle("tril", |above| above.less_equal(diagonal)))
    }

    /// The value with zeros below a diagonal of its last two axes, as [`Expr::tril`].
    #[must_use]
    #[track_caller]
    #[doc(alias = "upper_triangle")]
    pub fn triu(self, diagonal: i64) -> Self {
        self.function("triu", |x| x.triangle("triu", |above| above.greater_equal(diagonal)))
    }

    fn triangle(self, name: &str, is_kept: impl Fn(Self) -> Self) -> Self {
        let shape = self.shape().unwrap_or_default();
        if let [.., rows, columns] = &shape[..] {
            return is_kept(self.graph().above(rows, columns)).select(self, self.number(0i64));
        }
        let message = format!("`{name}` takes an array with two axes or more, not with {}", shape.len());
        let diagnostic = self.array().map(|_| Diagnostic::new(DiagnosticKind::Shape, message));
        self.refused(&[], diagnostic)
    }

    /// A new last axis of `classes` elements, true at the index that each integer names and false
    /// elsewhere; all false for an integer that is none of them. In `bool`, which gives way to any dtype.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let label = g.input("label", I32, [2]);
    /// let program = g.plan([label.one_hot(3) * 1.0], &Limits::default())?.compile()?;
    /// let mut out = [0.0; 6];
    /// program.run([("label", &[2, 0])], [("out", ViewMut::new(&mut out, [2, 3]))])?;
    /// assert_eq!(out, [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn one_hot(self, classes: impl Into<Dim>) -> Self {
        self.function("one_hot", |x| match x.dtype() {
            Some(dtype) if !dtype.is_int() => {
                let message = format!("`one_hot` is not defined on {dtype}");
                let diagnostic = Diagnostic::new(DiagnosticKind::DType, message).help("it takes integers");
                x.refused(&[], Some(diagnostic))
            }
            _ => x.expand_dims(-1).equal(x.graph().arange_to(0, classes, 1)),
        })
    }
}
