//! A lazy expression-graph compiler for arrays: operations build a graph, which is checked, fused and
//! compiled to loops that write through the caller's arrays.
//!
//! A [`Graph`] hands out [`Expr`]s, which are `Copy` and have operators and methods. [`Graph::plan`]
//! checks dtypes, shapes and sizes, reports everything that is wrong together as an [`Error`], and
//! returns a [`Plan`] that says what would run. [`Plan::compile`] makes a [`Program`] of it, which
//! [runs](Program::run) on slices or `ndarray` arrays bound by name.
//!
//! ```
//! use fusewire::prelude::*;
//!
//! let g = Graph::new();
//! let (x, w) = (g.input("x", F64, [2, 3]), g.input("w", F64, [3]));
//! let plan = g.plan([(x * w + 1).named("y")], &Limits::default())?;
//! let mut y = [0.0; 6];
//! plan.compile()?.run(
//!     [("x", View::new(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [2, 3])), ("w", (&[1.0, 10.0, 100.0]).into())],
//!     [("y", ViewMut::new(&mut y, [2, 3]))],
//! )?;
//! assert_eq!(y, [2.0, 21.0, 301.0, 5.0, 51.0, 601.0]);
//! # Ok::<(), Error>(())
//! ```
#![deny(unsafe_code)]
#![warn(missing_docs)]

mod amounts;
mod axes;
mod bind;
mod block;
mod cache;
mod carried;
mod chunked;
mod composed;
mod custom;
mod dims;
mod expr;
mod gemm;
mod index;
mod inspect;
mod jit;
mod launch;
mod lines;
mod lower;
#[cfg(feature = "object")]
mod object;
mod plan;
mod program;
mod recipe;
mod record;
#[cfg(feature = "snippets")]
mod render;
mod repeat;
mod routine;
mod rows;
#[cfg(feature = "proptest")]
pub mod testing;
#[cfg(feature = "text")]
pub mod text;
mod tile_function;
mod trace;
mod tree;
mod view;
mod walk;
mod watch;

pub use amounts::{Pad, Shifts, Widths};
pub use axes::{All, Axes, Axis, NewAxes, NewPlace, NewSize, NewSizes, Positions};
pub use chunked::{Chunked, ChunkedProgram};
pub use custom::{Custom, TileFunction};
pub use dims::DimExpr;
pub use expr::{Argument, Expr, Graph, Indexing, Masked, Records, Unique};
pub use fusewire_ir as ir;
pub use fusewire_ir::Index::{self, Ellipsis, NewAxis};
pub use fusewire_ir::half;
pub use fusewire_ir::report::{PlanDiff, PlanReport};
pub use fusewire_ir::{
    ArrayType, AxisRef, BroadcastPolicy, DType, Diagnostic, DiagnosticKind, Dim, ElementOp, Error, FieldType,
    Limits, OutOfBounds, RecordType, Repair, RepairKind, Scalar, Shape, Side, Site, Slice, StorePolicy,
    broadcast_shapes,
};
pub use index::{Indices, Item};
pub use inspect::wants_colour;
#[cfg(feature = "object")]
pub use object::{Level, Object, Target};
pub use plan::Plan;
pub use program::{Arrays, Bound, Program};
pub use recipe::Recipe;
pub use record::{Record, RecordArray, RecordField, RecordView, RecordViewMut};
#[cfg(feature = "snippets")]
pub use render::render;
pub use view::{Element, View, ViewMut};
pub use watch::Watch;

/// What `record!` expands to.
#[doc(hidden)]
pub mod __record {
    pub use crate::record::{field_type, struct_type};
}

/// Everything that a program needs in scope.
pub mod prelude {
    pub use crate::DType::{BF16, Bool, F16, F32, F64, I8, I16, I32, I64, U8, U16, U32, U64};
    pub use crate::StorePolicy::{Always, Never};
    pub use crate::{
        All, Axes, Axis, BroadcastPolicy, DType, Dim, DimExpr, Ellipsis, Error, Expr, Graph, Limits, NewAxis,
        Pad, Plan, Program, Recipe, Slice, View, ViewMut,
    };
}

/// The programs of the pages are compiled and run with the documentation's tests.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../README.md")]
    mod readme {}
    #[cfg(feature = "text")]
    #[doc = include_str!("../docs/expressions.md")]
    mod expressions {}
    #[doc = include_str!("../docs/limits.md")]
    mod limits {}
    #[doc = include_str!("../docs/plans.md")]
    mod plans {}
    #[doc = include_str!("../docs/semantics.md")]
    mod semantics {}
    #[doc = include_str!("../docs/numpy-users.md")]
    mod numpy_users {}
    #[doc = include_str!("../docs/records.md")]
    mod records {}
    #[cfg(feature = "object")]
    #[doc = include_str!("../docs/ahead-of-time.md")]
    mod ahead_of_time {}
    #[doc = include_str!("../docs/adding-an-op.md")]
    mod adding_an_op {}
}
