//! Sizes that are not known yet, as handles that can be copied.

use crate::expr::{Expr, Graph};
use fusewire_ir::{Dim, Shape, Site};
use std::fmt;
use std::ops::{Add, Mul, RangeInclusive, Sub};

/// A size that is known only when arrays are bound: a named dim of a graph, or sums, differences,
/// products, quotients, minima and maxima of dims and whole numbers. It can stand wherever a size can.
///
/// ```
/// use fusewire::prelude::*;
///
/// let g = Graph::new();
/// let n = g.dim("n", 1..=1_000_000);
/// let x = g.input("x", F64, [n]);
/// let steps = x.slice_axis(Axis(0), 1..) - x.slice_axis(Axis(0), Slice::new(0, -1));
/// assert_eq!(steps.shape(), Some([n - 1].into()));
/// let plan = g.plan([steps], &Limits::default())?;
/// let program = plan.compile()?;
/// let mut out = [0.0; 3];
/// program.run([("x", &[1.0, 2.0, 4.0, 8.0])], [("out", &mut out)])?;
/// assert_eq!(out, [1.0, 2.0, 4.0]);
/// # Ok::<(), fusewire::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct DimExpr<'g> {
    graph: &'g Graph,
    position: usize,
}

impl Graph {
    /// A size that arrays decide when they are bound, within these bounds. Limits are checked at the
    /// upper bound, so a plan that is made is safe for every size.
    ///
    /// Asking for the same name with the same bounds again gives the same size; other bounds are a
    /// mistake, reported with what uses them. A symbolic dim is never stretched, not even where it turns
    /// out to be 1.
    #[track_caller]
    pub fn dim(&self, name: &str, bounds: RangeInclusive<u64>) -> DimExpr<'_> {
        let site = Site::caller();
        self.dim_expr(self.ir().borrow_mut().dim(name, bounds, site))
    }

    /// Promises that two sizes are equal: every binding is held to it, and operands that have one and the
    /// other fit together.
    #[track_caller]
    pub fn assume_equal(&self, left: impl Into<Dim>, right: impl Into<Dim>) {
        let (left, right, site) = (left.into(), right.into(), Site::caller());
        self.ir().borrow_mut().assume_equal(&left, &right, site);
    }

    /// A size as a number to compute with: an `i64` without axes.
    #[track_caller]
    pub fn size(&self, size: impl Into<Dim>) -> Expr<'_> {
        let (size, site) = (size.into(), Site::caller());
        self.push(|g| g.size(&size, site))
    }

    fn dim_expr(&self, dim: Dim) -> DimExpr<'_> {
        let mut dims = self.dims().borrow_mut();
        dims.push(dim);
        DimExpr { graph: self, position: dims.len() - 1 }
    }
}

impl<'g> DimExpr<'g> {
    /// The size with its bounds, free of the graph.
    #[must_use]
    pub fn dim(self) -> Dim {
        self.graph.dims().borrow()[self.position].clone()
    }

    /// The quotient rounded up, as for a number of chunks. The divisor must be at least 1.
    #[must_use]
    pub fn ceil_div(self, divisor: impl Into<Dim>) -> Self {
        self.graph.dim_expr(self.dim().ceil_div(divisor))
    }

    /// The smaller of two sizes.
    #[must_use]
    pub fn min(self, other: impl Into<Dim>) -> Self {
        self.graph.dim_expr(self.dim().min(other))
    }

    /// The larger of two sizes.
    #[must_use]
    pub fn max(self, other: impl Into<Dim>) -> Self {
        self.graph.dim_expr(self.dim().max(other))
    }

    /// The same size with a label for the axis that has it; `("label", dim)` is the same.
    #[must_use]
    pub fn labelled(self, label: &str) -> Dim {
        self.dim().labelled(label)
    }
}

impl From<DimExpr<'_>> for Dim {
    fn from(dim: DimExpr<'_>) -> Self {
        dim.dim()
    }
}

impl From<DimExpr<'_>> for Shape {
    fn from(dim: DimExpr<'_>) -> Self {
        dim.dim().into()
    }
}

macro_rules! dim_operators {
    ($($trait:ident $method:ident;)+) => { $(
        impl<'g, D: Into<Dim>> $trait<D> for DimExpr<'g> {
            type Output = Self;
            fn $method(self, other: D) -> Self {
                self.graph.dim_expr(self.dim().$method(other))
            }
        }
        dim_operators! { @number $trait $method: i32 u32 u64 usize }
    )+ };
    (@number $trait:ident $method:ident: $($number:ty)+) => { $(
        impl<'g> $trait<DimExpr<'g>> for $number {
            type Output = DimExpr<'g>;
            fn $method(self, other: DimExpr<'g>) -> DimExpr<'g> {
                other.graph.dim_expr(self.$method(other.dim()))
            }
        }
    )+ };
}
dim_operators! {
    Add add;
    Sub sub;
    Mul mul;
}

impl fmt::Debug for DimExpr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.dim())
    }
}
