//! Plans as a user holds them: a plan of `fusewire-ir` that can be compiled.

use crate::program::Program;
use fusewire_ir as ir;
use fusewire_ir::Error;
use std::fmt;
use std::ops::Deref;

/// A checked and fused expression: what will run, in which order, with how much memory. It owns all
/// it needs, so it outlives its graph. What it decides can be read through [`ir::Plan`].
#[derive(Clone, PartialEq)]
pub struct Plan {
    ir: ir::Plan,
}

impl Plan {
    pub(crate) const fn new(ir: ir::Plan) -> Self {
        Self { ir }
    }

    /// The same plan with `output` written over the memory of `input`: only the output is bound then.
    ///
    /// # Errors
    /// Names that are unknown, types that differ, an output or input that is part of another such pair, or
    /// an element that would be read after it was overwritten.
    #[track_caller]
    pub fn in_place(self, output: &str, input: &str) -> Result<Self, Error> {
        Ok(Self { ir: self.ir.in_place(output, input)? })
    }

    /// The same plan without blocks of rows: each kernel goes over all of them before the next one begins, and
    /// what they exchange is held as a whole. The bits of results are the same; it takes more passes over memory.
    ///
    /// # Errors
    /// Workspace over the limit of bytes.
    pub fn unblocked(self) -> Result<Self, Error> {
        Ok(Self { ir: self.ir.unblocked()? })
    }

    /// Translates every kernel to machine code for this processor, for densely packed arrays. Other
    /// layouts are translated when they are first bound.
    ///
    /// # Errors
    /// A processor that is not supported, or no executable memory.
    pub fn compile(self) -> Result<Program, Error> {
        Program::new(self.ir)
    }
}

impl Deref for Plan {
    type Target = ir::Plan;
    fn deref(&self) -> &ir::Plan {
        &self.ir
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ir.fmt(f)
    }
}
