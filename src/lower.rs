//! Lowering: from a kernel to machine code for one way of walking through memory.
//!
//! A [`Routine`] is what the code depends on: the body, the number of loops, and whether each access
//! stands still, moves to the next element or jumps along the innermost loop. Extents, strides and
//! addresses are arguments, so one routine serves every size.

mod arithmetic;
mod bulk;
pub(crate) mod cache_size;
mod calls;
mod convert;
pub(crate) mod linker;
pub(crate) mod nest;
mod pack;
mod reduce;
mod segment;
mod short_rows;
mod vector;
mod wide;

use crate::jit::{Code, CodeError, Listings};
use cranelift_codegen::ir::Signature;
use cranelift_frontend::FunctionBuilder;
use fusewire_ir::body::{self, Body, Value};
use fusewire_ir::kernel::{Kernel, Reduction};
use fusewire_ir::{Custom, DType, ReduceOp};
use linker::{InProcess, Linker};
use std::sync::Arc;
pub(crate) use wide::Width;

/// Elements per tile of scratch memory: what vector functions are called with.
pub(crate) const TILE: usize = 256;

/// Columns that a [`Form::Columns`] routine combines at once.
pub(crate) const COLUMNS: usize = 128;

/// How an access moves along the innermost loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Motion {
    /// The same element in every iteration.
    Still,
    /// The next element in memory.
    Consecutive,
    /// By a stride that is an argument.
    Strided,
}

/// One access of a routine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Stream {
    pub dtype: DType,
    pub motion: Motion,
    /// Computes an index instead of an address.
    pub index: bool,
}

/// One accumulator of a routine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Accumulator {
    pub op: ReduceOp,
    pub value: Value,
    pub dtype: DType,
}

impl Accumulator {
    /// Those of a kernel's reductions.
    pub fn of(kernel: &Kernel) -> Vec<Self> {
        let accumulator = |reduction: &Reduction| Self {
            op: reduction.op,
            value: reduction.value,
            dtype: kernel.body.dtype(reduction.value),
        };
        kernel.reductions.iter().map(accumulator).collect()
    }
}

/// The order of the loops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Form {
    /// All loops are alike; the innermost is the last.
    Elements,
    /// The first loop runs over results, the others are reduced; the innermost is the last.
    Rows,
    /// The first loops are reduced; the innermost runs over at most [`COLUMNS`] results.
    Columns,
}

/// What the code depends on, and the key under which it is cached.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Routine {
    pub form: Form,
    /// How many loops there are; at least one, in `Rows` and `Columns` at least two.
    pub loops: usize,
    pub streams: Vec<Stream>,
    pub body: Body,
    pub accumulators: Vec<Accumulator>,
    pub width: Width,
    /// Writes go around the cache where they can, as what is written does not fit into it.
    pub streaming: bool,
    /// Totals are taken up where scratch memory has them, and left there: in `Rows` of one result.
    pub carried: bool,
}

/// Compiled code for a routine.
///
/// Arguments are 64-bit words: the extents of the loops, then for each stream its address (or first
/// index) and its stride in bytes (or indices) along each loop.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub code: Code,
    /// How many loops it has.
    pub loops: usize,
    /// Bytes of scratch memory that a call needs.
    pub scratch: usize,
    /// The user's functions that it calls, whose addresses are in the code.
    pub customs: Vec<Arc<Custom>>,
    /// What it was compiled from.
    pub routine: Routine,
}

impl Routine {
    /// Words of arguments.
    pub fn words(&self) -> usize {
        self.loops + self.streams.len() * (1 + self.loops)
    }

    /// Position of a stream's address among the arguments; its strides follow.
    pub fn address_word(&self, stream: usize) -> usize {
        self.loops + stream * (1 + self.loops)
    }

    /// The user's functions that it calls.
    fn customs(&self) -> impl Iterator<Item = &Custom> {
        self.body.instructions.iter().filter_map(|instruction| match &instruction.code {
            body::Code::Call(body::Callee::Custom(custom), _) => Some(custom),
            _ => None,
        })
    }

    /// Bytes of scratch memory that a call needs.
    pub fn scratch_bytes(&self) -> usize {
        nest::scratch_bytes(self)
    }

    /// Where the state of an accumulator is in scratch memory, which begins with the position in the block.
    pub fn state_offset(&self, accumulator: usize) -> usize {
        nest::state_offset(self, accumulator)
    }

    /// Writes the instructions of the function, which finds what it calls through the linker.
    pub fn emit(&self, b: &mut FunctionBuilder<'_>, linker: &dyn Linker) {
        nest::emit(b, self, linker);
    }

    /// Translates the routine to machine code.
    pub fn compile(&self) -> Result<Compiled, CodeError> {
        let scratch = self.scratch_bytes();
        let customs: Vec<Arc<Custom>> = self.customs().map(|custom| Arc::new(custom.clone())).collect();
        let code = crate::jit::compile(signature(), |builder, pages| {
            self.emit(builder, &InProcess { pages, customs: &customs });
        })?;
        Ok(Compiled { code, loops: self.loops, scratch, customs, routine: self.clone() })
    }

    /// The routine as it is translated, in words for people: each with a title.
    pub fn listings(&self) -> Result<Listings, CodeError> {
        let customs: Vec<Arc<Custom>> = self.customs().map(|custom| Arc::new(custom.clone())).collect();
        crate::jit::listings(signature(), |builder, pages| {
            self.emit(builder, &InProcess { pages, customs: &customs });
        })
    }
}

/// Arguments, scratch memory, and where totals go; all are addresses.
pub(crate) fn signature() -> Signature {
    linker::of_words(3, 0)
}
