//! A lazy expression-graph compiler for arrays.
#![deny(unsafe_code)]
#![warn(missing_docs)]

mod bind;
mod cache;
mod expr;
mod jit;
mod launch;
mod lower;
mod maths;
mod plan;
mod program;
mod recipe;
#[cfg(feature = "proptest")]
pub mod testing;
mod tile_function;
mod tree;
mod view;
mod walk;

pub use expr::{All, Argument, Axes, Axis, Expr, Graph, Positions};
pub use fusewire_ir as ir;
pub use fusewire_ir::{
    ArrayType, DType, Diagnostic, DiagnosticKind, Dim, ElementOp, Error, Limits, Scalar, Shape, Site, Slice,
    StorePolicy,
};
pub use plan::Plan;
pub use program::{Arrays, Bound, Program};
pub use recipe::Recipe;
pub use view::{Element, View, ViewMut};

/// Everything that a program needs in scope.
pub mod prelude {
    pub use crate::DType::{Bool, F32, F64, I32, I64};
    pub use crate::StorePolicy::{Always, Never};
    pub use crate::{
        All, Axis, DType, Dim, Error, Expr, Graph, Limits, Plan, Program, Recipe, Slice, View, ViewMut,
    };
}
