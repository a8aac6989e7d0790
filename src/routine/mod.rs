//! Running routines: what a step that is no loop nest does with arrays in memory.
//!
//! Each routine cuts its work in lines along an axis, which are copied to scratch memory or the stack in
//! pieces, worked on as slices, and written back. What lines have in common is in this file.

mod sort;

use crate::launch::parts_for;
use crate::strided::Array;
use crate::walk::Memory;
use fusewire_ir::kernel::Buffer;
use fusewire_ir::routine::{Routine, RoutineCall, RoutineOperand};
use fusewire_ir::{ArrayType, DType, Diagnostic};
use smallvec::SmallVec;
use std::ops::Range;

/// Elements of a line that are on the stack at once.
const PIECE: usize = 256;

/// A routine with its arrays.
pub(crate) struct RoutineLaunch {
    call: RoutineCall,
    operands: SmallVec<[Array; 2]>,
    /// Each gets the whole result.
    results: SmallVec<[Array; 1]>,
    scratch: Option<Array>,
    parts: u64,
}

impl RoutineLaunch {
    pub fn new(call: &RoutineCall, memory: &Memory<'_>, threads: usize) -> Self {
        let operand = |operand: &RoutineOperand| Array::read(&operand.access, &operand.array.shape, memory);
        let result = |buffer: &Buffer| Array::whole(*buffer, call.result.dtype, memory);
        let scratch = |buffer: Buffer| Array::whole(buffer, DType::U8, memory);
        let operands: SmallVec<[Array; 2]> = call.operands.iter().map(operand).collect();
        let arrays: Vec<ArrayType> = operands
            .iter()
            .zip(&call.operands)
            .map(|(bound, planned)| ArrayType { dtype: planned.array.dtype, shape: bound.sizes().into() })
            .collect();
        let operations = call.routine.operations(&arrays.iter().collect::<Vec<_>>());
        Self {
            operands,
            results: call.written.iter().filter_map(result).collect(),
            scratch: call.scratch.and_then(scratch),
            call: call.clone(),
            parts: parts_for(operations, threads),
        }
    }

    /// The same work after buffers have moved by as many bytes as `moved` says.
    pub fn relocate(&mut self, moved: &impl Fn(Buffer) -> i64) {
        self.operands.iter_mut().chain(&mut self.results).for_each(|array| array.relocate(moved));
    }

    /// Does the work.
    ///
    /// # Errors
    /// What the elements of the operands make impossible; the result has not been touched then.
    pub fn run(&mut self) -> Result<(), Box<Diagnostic>> {
        let parts = self.parts;
        let dtype = self.call.operands.first().map_or(self.call.result.dtype, |operand| operand.array.dtype);
        let scratch = self.scratch.as_mut().map_or(&mut [][..], Array::bytes_mut);
        match (&self.call.routine, &self.operands[..]) {
            (Routine::Sort { axis, descending }, [x]) => {
                let order = sort::Order::new(dtype, *descending);
                sort::sort(x, &self.results, *axis, order, Lanes { scratch, parts });
            }
            (Routine::Argsort { axis, descending }, [x]) => {
                let order = sort::Order::new(dtype, *descending);
                sort::argsort(x, &self.results, *axis, order, Lanes { scratch, parts });
            }
            _ => {}
        }
        Ok(())
    }
}

/// How lines are shared out: in how many parts, with which scratch memory.
struct Lanes<'s> {
    scratch: &'s mut [u8],
    parts: u64,
}

impl Lanes<'_> {
    /// Calls `work` with every line and `bytes` of scratch memory, on several threads where there are
    /// several parts.
    fn each(self, lines: Range<u64>, bytes: usize, work: &(impl Fn(u64, &mut [u8]) + Sync)) {
        let count = lines.end - lines.start;
        let room = self.scratch.len().checked_div(bytes).unwrap_or(usize::MAX) as u64;
        let parts = self.parts.min(count).min(room);
        if parts <= 1 {
            let own = bytes.min(self.scratch.len());
            lines.for_each(|line| work(line, &mut self.scratch[..own]));
            return;
        }
        let left_parts = parts / 2;
        let middle = lines.start + count * left_parts / parts;
        let (left, right) = self.scratch.split_at_mut(left_parts as usize * bytes);
        rayon::join(
            || Lanes { scratch: left, parts: left_parts }.each(lines.start..middle, bytes, work),
            || Lanes { scratch: right, parts: parts - left_parts }.each(middle..lines.end, bytes, work),
        );
    }
}
