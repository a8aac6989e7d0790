//! What is known of memory before anything runs: strides, contiguity, and which arrays are views of which.
//!
//! All of it speaks of arrays that are dense in C order, as a program's own are; what is bound to an input
//! may be laid out in any other way.

use super::Expr;
use crate::axes::NewSizes;
use fusewire_ir::strided::Strided;
use fusewire_ir::{NodeId, Site, StorePolicy};

impl<'g> Expr<'g> {
    fn node(self) -> NodeId {
        self.graph.ir.borrow().call_site(self.site).node
    }

    /// Is it the same value, however it was written?
    #[cfg(feature = "text")]
    pub(crate) fn is_same_value(self, other: Self) -> bool {
        self.is_of_graph(other) && self.node() == other.node()
    }

    fn strided(self) -> Option<Strided> {
        self.graph.ir.borrow().strided(self.node())
    }

    /// For each axis, the bytes from one element to the next in the array that this is a view of, or in an array
    /// of its own; `None` where the expression is not sound or a size is not known yet. Axes that a broadcast
    /// stretches have 0.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", F64, [4, 6]);
    /// assert_eq!(x.strides(), Some(vec![48, 8]));
    /// assert_eq!(x.transpose().strides(), Some(vec![8, 48]));
    /// assert_eq!(x.slice([Slice::ALL, Slice::ALL.step_by(-2)]).strides(), Some(vec![48, -16]));
    /// ```
    #[must_use]
    pub fn strides(self) -> Option<Vec<i64>> {
        let bytes = self.dtype()?.bytes() as i64;
        let strides = self.strided()?.strides;
        Some(strides.into_iter().map(|stride| stride.saturating_mul(bytes)).collect())
    }

    /// Are its elements next to each other in C order, the last axis innermost? `None` where that is not known.
    #[must_use]
    #[doc(alias = "flags")]
    pub fn is_c_contiguous(self) -> Option<bool> {
        Some(self.strided()?.is_c_contiguous())
    }

    /// Are its elements next to each other in Fortran order, the first axis innermost? `None` where that is not
    /// known.
    #[must_use]
    #[doc(alias = "flags")]
    pub fn is_f_contiguous(self) -> Option<bool> {
        Some(self.strided()?.is_f_contiguous())
    }

    /// Does it show elements of `other`, through views that copy nothing? `None` where a size is not known yet.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", F64, [4, 6]);
    /// assert_eq!(x.slice([Slice::new(1, 3)]).is_view_of(x), Some(true));
    /// assert_eq!(x.reshape([8, 3]).is_view_of(x), Some(true));
    /// assert_eq!(x.transpose().reshape([8, 3]).is_view_of(x), Some(false));
    /// assert_eq!((x + 1.0).is_view_of(x), Some(false));
    /// ```
    #[must_use]
    #[doc(alias = "base")]
    pub fn is_view_of(self, other: Self) -> Option<bool> {
        if !self.is_of_graph(other) {
            return Some(false);
        }
        self.graph.ir.borrow().is_view_of(self.node(), other.node())
    }

    /// Have two expressions an element in common? That is decided exactly; `None` where a size is not known yet, or
    /// where finding out would take too long. Two inputs have none, whatever is bound to them.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", F64, [10]);
    /// let (even, odd) = (x.slice([Slice::ALL.step_by(2)]), x.slice([Slice::from(1..).step_by(2)]));
    /// assert_eq!(even.shares_memory(odd), Some(false));
    /// assert_eq!(even.shares_memory(x.slice([Slice::from(4..)])), Some(true));
    /// ```
    #[must_use]
    #[doc(alias = "may_share_memory")]
    pub fn shares_memory(self, other: Self) -> Option<bool> {
        if !self.is_of_graph(other) {
            return Some(false);
        }
        self.strided()?.meets(&other.strided()?)
    }

    fn is_of_graph(self, other: Self) -> bool {
        std::ptr::eq(self.graph, other.graph)
    }

    /// A reshape that is refused where it would take a copy of a dense array, or is not known not to, as
    /// `reshape(copy=False)` and setting `shape` in NumPy.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", F64, [4, 6]);
    /// assert_eq!(x.reshape_view([2, -1]).strides(), Some(vec![96, 8]));
    /// let error = g.plan([x.transpose().reshape_view([-1])], &Limits::default()).unwrap_err();
    /// assert!(error.to_string().contains("`reshape_view` of f64[6, 4] to [24] takes a copy"));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn reshape_view(self, sizes: impl Into<NewSizes>) -> Self {
        let (sizes, site) = (sizes.into(), Site::caller());
        self.function("reshape_view", |x| x.graph.push(|g| g.reshape_view(x.site, &sizes.0, site)))
    }

    /// The same elements next to each other in C order. Where this is a view that is not contiguous, or is not known
    /// to be, the kernels that wait for others read a copy in workspace, which the plan lists; otherwise it is the
    /// expression itself.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", F32, [100, 200]);
    /// let rows = x.transpose().contiguous();
    /// let plan = g.plan([rows - rows.mean(Axis(0))], &Limits::default())?;
    /// assert!(plan.stored().iter().any(|stored| stored.reason == fusewire::ir::StoreReason::Requested));
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[doc(alias = "ascontiguousarray")]
    pub fn contiguous(self) -> Self {
        if self.is_c_contiguous() == Some(true) { self } else { self.store(StorePolicy::Always) }
    }
}
