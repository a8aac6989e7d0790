//! The part of fusewire that knows what an expression means: the graph, the checks, fusion into
//! kernels, plans, and a reference evaluator. No code generation, no I/O, no `unsafe`.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod axis;
pub mod body;
mod bounds;
pub mod broadcast;
mod build;
mod build_index;
mod build_join;
mod build_record;
mod build_repeat;
mod build_reshape;
mod build_routine;
mod build_search;
mod build_view;
mod composition;
pub mod custom;
mod declaration;
pub mod diagnostic;
pub mod dim;
pub mod dtype;
pub mod explain;
mod fuse;
pub mod graph;
mod in_place;
pub mod index_map;
pub mod interpret;
pub mod kernel;
mod limits;
mod lowering;
pub mod op;
mod op_table;
pub mod plan;
mod plan_dims;
pub mod record;
pub mod reduce;
mod reference;
pub mod requirement;
mod reshape;
mod resolve;
pub mod routine;
mod routine_reference;
pub mod rows;
pub mod rules;
mod scalar;
pub mod shape;
pub mod size;
mod step;
pub mod strided;
mod upcast;
pub mod view;
mod workspace;

/// The crate of the 16-bit floats.
pub use half;

pub use axis::{AxisRef, NewAxis};
pub use bounds::{Bounds, Interval};
pub use broadcast::{BroadcastPolicy, Stretch, broadcast_shapes};
pub use build::{Operand, foreign_graph};
pub use build_index::Index;
pub use build_record::RecordId;
pub use build_repeat::Padding;
pub use build_view::Slice;
pub use composition::{Broadcasts, Composition};
pub use custom::Custom;
pub use diagnostic::{Diagnostic, DiagnosticKind, Error, OperandNote, Site};
pub use dim::Dim;
pub use dtype::{Category, DType, FloatInfo, IntInfo};
pub use explain::Boundary;
pub use fuse::{Apart, StoreReason};
pub use graph::{Graph, NodeId, SiteId, StorePolicy};
pub use limits::Limits;
pub use op::ElementOp;
pub use plan::Plan;
pub use plan_dims::PlanDim;
pub use record::{Field, FieldOf, FieldType, RecordType};
pub use reduce::ReduceOp;
pub use requirement::{Required, Requirement, Sizes};
pub use resolve::{Misfit, resolve};
pub use routine::{CumulativeOp, OutOfBounds, Routine, Side};
pub use routine_reference::routine_tolerance;
pub use scalar::{Scalar, Weak};
pub use shape::{ArrayType, Shape};
pub use size::{SizeExpr, Symbol};
pub use upcast::Upcast;
