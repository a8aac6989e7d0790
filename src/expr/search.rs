//! Searches and counts.

use super::{Argument, Expr};
use fusewire_ir::{Dim, Side, Site};

impl<'g> Expr<'g> {
    /// The position in this vector, which must be in ascending order, where each of `values` belongs, in
    /// `i64`: before or after the elements that it is equal to. Both are promoted to one dtype. NaN counts as
    /// larger than all numbers. Of a vector that is not in order the positions mean nothing.
    ///
    /// ```
    /// use fusewire::{Side, prelude::*};
    ///
    /// let g = Graph::new();
    /// let (levels, x) = (g.input("levels", F64, [3]), g.input("x", F64, [4]));
    /// let program = g.plan([levels.searchsorted(x, Side::Right)], &Limits::default())?.compile()?;
    /// let mut out = [0i64; 4];
    /// program.run([("levels", &[1.0, 2.0, 4.0][..]), ("x", &[0.5, 2.0, 3.0, 9.0])], [("out", &mut out)])?;
    /// assert_eq!(out, [0, 2, 2, 3]);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn searchsorted(self, values: impl Into<Argument<'g>>, side: Side) -> Self {
        let (values, site) = (values.into().operand(self.graph), Site::caller());
        self.function("searchsorted", |x| x.graph.push(|g| g.searchsorted(x.site, values, side, site)))
    }

    /// The number of the bin that each element lies in, where `edges` are the ascending borders: 0 below the
    /// first edge, and an element that is equal to an edge lies above it.
    #[must_use]
    #[track_caller]
    pub fn digitize(self, edges: Self) -> Self {
        self.function("digitize", |x| {
            let edges = x.graph.admit("digitize", edges);
            edges.searchsorted(x, Side::Right)
        })
    }

    /// How many elements of all axes lie between each two neighbours of `edges`, a vector in ascending order,
    /// in `i64`. A bin takes elements that are equal to its lower edge, the last one those of its upper edge as
    /// well. Edges that are not in order are an error of the run, found before anything is written.
    #[must_use]
    #[track_caller]
    pub fn histogram(self, edges: Self) -> Self {
        let site = Site::caller();
        self.function("histogram", |x| {
            let edges = x.graph.admit("histogram", edges);
            x.graph.push(|g| g.histogram(x.site, edges.site, site))
        })
    }

    /// This number, in `i64` without axes, if `wanted` is the same. Otherwise the run fails before anything that
    /// depends on it is written, with this message, in which `{found}` and `{wanted}` are the numbers.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", F64, [4]);
    /// let count = x.isnan().count_nonzero(All).expect_equal(0, "{found} of the numbers are missing");
    /// let program = g.plan([count], &Limits::default())?.compile()?;
    /// let mut out = [7i64];
    /// program.run([("x", &[1.0, 2.0, 3.0, 4.0])], [("out", ViewMut::new(&mut out, []))])?;
    /// assert_eq!(out, [0]);
    /// let error = program.run([("x", &[1.0, f64::NAN, 3.0, f64::NAN])], [("out", ViewMut::new(&mut out, []))]);
    /// assert!(error.unwrap_err().to_string().contains("2 of the numbers are missing"));
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn expect_equal(self, wanted: impl Into<Argument<'g>>, message: &str) -> Self {
        let site = Site::caller();
        self.function_of("expect_equal", wanted, |found, wanted| {
            let wanted = match wanted {
                Argument::Expr(wanted) => wanted,
                number => found.zeros_like() + number,
            };
            found.graph.push(|g| g.expect(found.site, wanted.site, message, site))
        })
    }

    /// As [`Expr::histogram`], with this many bins of one width from `low` to `high`.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", F64, [6]);
    /// let program = g.plan([x.histogram_range(2, 0.0, 1.0)], &Limits::default())?.compile()?;
    /// let mut out = [0i64; 2];
    /// program.run([("x", &[0.1, 0.4, 0.5, 1.0, 1.5, -0.5])], [("out", &mut out)])?;
    /// assert_eq!(out, [2, 2]);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn histogram_range(self, bins: impl Into<Dim>, low: f64, high: f64) -> Self {
        let (bins, site) = (bins.into(), Site::caller());
        self.function("histogram_range", |x| {
            x.graph.push(|g| {
                let edges = g.histogram_edges(x.site, &bins, low, high, site);
                g.histogram(x.site, edges, site)
            })
        })
    }

    /// How often each of the integers 0, 1, ... below `length` occurs among the elements of all axes, in `i64`.
    /// Any other element is an error of the run, found before anything is written.
    #[must_use]
    #[track_caller]
    pub fn bincount(self, length: impl Into<Dim>) -> Self {
        let (length, site) = (length.into(), Site::caller());
        self.function("bincount", |x| x.graph.push(|g| g.bincount(x.site, None, &length, site)))
    }

    /// As [`Expr::bincount`], but for each integer the sum of the `weights` that stand where it does, in `f64`
    /// and in C order. Weights broadcast.
    #[must_use]
    #[track_caller]
    pub fn bincount_weighted(self, weights: Self, length: impl Into<Dim>) -> Self {
        let (length, site) = (length.into(), Site::caller());
        self.function("bincount_weighted", |x| {
            let weights = x.graph.admit("bincount_weighted", weights);
            let weights = weights.stretched_to("bincount_weighted", "a weight", x);
            x.graph.push(|g| g.bincount(x.site, Some(weights.site), &length, site))
        })
    }
}
