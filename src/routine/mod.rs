//! Running routines: what a step that is no loop nest does with arrays in memory.
//!
//! Each routine cuts its work in lines along an axis, which are copied to scratch memory or the stack in
//! pieces, worked on as slices, and written back. What lines have in common is in this file.

mod index;
mod matmul;
mod scan;
mod search;
mod sort;

use crate::bind::index as index_value;
use crate::gemm;
use crate::launch::parts_for;
use crate::lines::{Array, Line, Plain};
use crate::walk::Memory;
use fusewire_ir::kernel::Buffer;
use fusewire_ir::routine::{Routine, RoutineCall, RoutineOperand};
use fusewire_ir::{ArrayType, DType, Diagnostic};
use smallvec::SmallVec;
use std::ops::Range;

/// Elements of a line that are on the stack at once.
const PIECE: usize = 256;

/// Neighbouring lines that are worked on together, so that what memory brings along with an element of one
/// is used for the others.
const LINES: usize = 8;

/// Calls a macro with the type behind a dtype, `u8` for `bool`, and what else it is given.
macro_rules! typed {
    ($dtype:expr, $callback:ident $(, $more:tt)*) => {
        match $dtype {
            fusewire_ir::DType::Bool | fusewire_ir::DType::U8 => $callback!(u8 $(, $more)*),
            fusewire_ir::DType::I8 => $callback!(i8 $(, $more)*),
            fusewire_ir::DType::I16 => $callback!(i16 $(, $more)*),
            fusewire_ir::DType::U16 => $callback!(u16 $(, $more)*),
            fusewire_ir::DType::I32 => $callback!(i32 $(, $more)*),
            fusewire_ir::DType::U32 => $callback!(u32 $(, $more)*),
            fusewire_ir::DType::I64 => $callback!(i64 $(, $more)*),
            fusewire_ir::DType::U64 => $callback!(u64 $(, $more)*),
            fusewire_ir::DType::F16 => $callback!(fusewire_ir::half::f16 $(, $more)*),
            fusewire_ir::DType::BF16 => $callback!(fusewire_ir::half::bf16 $(, $more)*),
            fusewire_ir::DType::F32 => $callback!(f32 $(, $more)*),
            fusewire_ir::DType::F64 => $callback!(f64 $(, $more)*),
        }
    };
}
use typed;

/// Calls a function for the bits of elements of this many bytes.
macro_rules! by_width {
    ($bytes:expr, $function:ident($($argument:expr),*)) => {
        match $bytes {
            1 => $function::<u8>($($argument),*),
            2 => $function::<u16>($($argument),*),
            4 => $function::<u32>($($argument),*),
            _ => $function::<u64>($($argument),*),
        }
    };
}
use by_width;

/// A routine with its arrays.
pub(crate) struct RoutineLaunch {
    call: RoutineCall,
    operands: SmallVec<[Array; 2]>,
    /// Each gets the whole result.
    results: SmallVec<[Array; 1]>,
    scratch: Option<Array>,
    parts: u64,
    /// Where the indices are a piece of all: the axis, and where the piece begins along it.
    begin: Option<(usize, u64)>,
}

impl RoutineLaunch {
    pub fn new(call: &RoutineCall, memory: &Memory<'_>, threads: usize) -> Self {
        let operand = |operand: &RoutineOperand| Array::read(&operand.access, &operand.array.shape, memory);
        let result = |buffer: &Buffer| {
            let whole = Array::whole(*buffer, call.result.dtype, memory)?;
            let Some((axis, start)) = &call.begin else { return Some(whole) };
            let first = index_value(start, &memory.binding.sizes);
            Some(whole.part(*axis, first, memory.size(&call.result.shape[*axis])))
        };
        let scratch = |buffer: Buffer| Array::whole(buffer, DType::U8, memory);
        let operands: SmallVec<[Array; 2]> = call.operands.iter().map(operand).collect();
        let arrays: Vec<ArrayType> = operands
            .iter()
            .zip(&call.operands)
            .map(|(bound, planned)| ArrayType { dtype: planned.array.dtype, shape: bound.sizes().into() })
            .collect();
        let operations = call.routine.operations(&arrays.iter().collect::<Vec<_>>());
        let mut made = Self {
            operands,
            results: call.written.iter().filter_map(result).collect(),
            scratch: call.scratch.and_then(scratch),
            call: call.clone(),
            begin: call.operands.get(1).and_then(|indices| {
                let (axis, start) = indices.begin.as_ref()?;
                u64::try_from(index_value(start, &memory.binding.sizes)).ok().map(|start| (*axis, start))
            }),
            parts: parts_for(operations, threads),
        };
        // What is read in pieces of its last axis has one.
        if let (Routine::Searchsorted { .. }, [_, values]) = (&call.routine, &mut made.operands[..])
            && values.sizes().is_empty()
        {
            values.insert_axis(0);
            made.results.iter_mut().for_each(|result| result.insert_axis(0));
        }
        if let Routine::Histogram | Routine::Bincount { .. } | Routine::Expect { .. } = &call.routine {
            let bare = made.operands.iter_mut().filter(|operand| operand.sizes().is_empty());
            bare.for_each(|operand| operand.insert_axis(0));
        }
        if let Routine::Expect { .. } = &call.routine {
            made.results.iter_mut().for_each(|result| result.insert_axis(0));
        }
        // An index without axes chooses one part.
        if let (Routine::Take { axis, .. }, [_, indices]) = (&call.routine, &mut made.operands[..])
            && indices.sizes().is_empty()
        {
            indices.insert_axis(0);
            made.results.iter_mut().for_each(|result| result.insert_axis(*axis));
        }
        made
    }

    /// The same work after buffers have moved by as many bytes as `moved` says.
    pub fn relocate(&mut self, moved: &impl Fn(Buffer) -> i64) {
        self.operands.iter_mut().chain(&mut self.results).for_each(|array| array.relocate(moved));
    }

    /// The most bytes that a run allocates: what products of floats copy blocks of their operands to. All else that a
    /// routine needs is workspace.
    pub fn scratch_bytes(&self) -> usize {
        let (Routine::Matmul { batch }, [a, b], DType::F32 | DType::F64) =
            (&self.call.routine, &self.operands[..], self.call.result.dtype)
        else {
            return 0;
        };
        let count = |sizes: &[u64]| sizes.iter().fold(1u64, |count, size| count.saturating_mul(*size));
        let (left, right) = (&a.sizes()[*batch..], &b.sizes()[*batch..]);
        let [rows, columns] = [&left[..left.len() - 1], &right[1..]].map(count);
        let is_copied = ![a, b].into_iter().chain(&self.results).all(Array::is_aligned);
        let bytes = gemm::packed_bytes(
            [rows, left[left.len() - 1], columns],
            self.call.result.dtype.bytes(),
            is_copied,
        );
        bytes.saturating_mul(self.parts as usize)
    }

    /// Does the work.
    ///
    /// # Errors
    /// What the elements of the operands make impossible; the result has not been touched then.
    pub fn run(&mut self) -> Result<(), Box<Diagnostic>> {
        if self.results.iter().all(|result| result.elements() == 0) {
            return Ok(());
        }
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
            (Routine::Cumulative { op, axis, include_initial }, [x]) => {
                let told = (*op, *axis, *include_initial);
                scan::cumulative(x, &self.results, told, dtype, Lanes { scratch, parts });
            }
            (Routine::Take { axis, out_of_bounds }, [x, indices]) => {
                let chosen = index::Chosen::new(&self.call, *axis, *out_of_bounds, self.begin);
                return index::take(x, indices, &self.results, &chosen, Lanes { scratch, parts });
            }
            (Routine::TakeAlongAxis { axis, out_of_bounds }, [x, indices]) => {
                let chosen = index::Chosen::new(&self.call, *axis, *out_of_bounds, self.begin);
                return index::take_along_axis(x, indices, &self.results, &chosen, Lanes { scratch, parts });
            }
            (Routine::Compress { axis }, [x, mask]) => {
                let told = (*axis, dtype.bytes());
                index::compress(x, mask, &self.results, told, Lanes { scratch, parts });
            }
            (Routine::Put { axis, adds, out_of_bounds }, [x, indices, values]) => {
                let chosen = index::Chosen::new(&self.call, *axis, *out_of_bounds, self.begin);
                let lanes = Lanes { scratch, parts };
                return index::put([x, indices, values], &self.results, &chosen, *adds, lanes);
            }
            (Routine::Searchsorted { side }, [sorted, values]) => {
                search::searchsorted(sorted, values, &self.results, dtype, *side, parts);
            }
            (Routine::Histogram, [values, edges]) => {
                let lanes = Lanes { scratch, parts };
                return search::histogram(values, edges, &self.results, &self.call, lanes);
            }
            (Routine::Expect { message }, [found, wanted]) => {
                return search::expect(found, wanted, &self.results, &self.call, message);
            }
            (Routine::Bincount { .. }, [values]) => {
                return search::bincount(values, None, &self.results, &self.call, Lanes { scratch, parts });
            }
            (Routine::Bincount { .. }, [values, weights]) => {
                let lanes = Lanes { scratch, parts };
                return search::bincount(values, Some(weights), &self.results, &self.call, lanes);
            }
            (Routine::Matmul { batch }, [a, b]) => {
                matmul::matmul(a, b, &self.results, *batch, dtype, parts);
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
    /// Calls `work` with all lines, a few neighbours at a time, and with `bytes` of scratch memory for each of
    /// them; on several threads where there are several parts.
    fn each(self, lines: Range<u64>, bytes: usize, work: &(impl Fn(Range<u64>, &mut [u8]) + Sync)) {
        let count = lines.end - lines.start;
        let room = self.scratch.len().checked_div(bytes).unwrap_or(usize::MAX);
        let parts = self.parts.min(count).min(room as u64);
        if parts <= 1 {
            let together = room.clamp(1, LINES) as u64;
            for first in lines.clone().step_by(together as usize) {
                let some = first..lines.end.min(first + together);
                let own = (bytes * (some.end - some.start) as usize).min(self.scratch.len());
                work(some, &mut self.scratch[..own]);
            }
            return;
        }
        let left_parts = parts / 2;
        let middle = lines.start + count * left_parts / parts;
        let share = if bytes == 0 { 0 } else { room * left_parts as usize / parts as usize * bytes };
        let (left, right) = self.scratch.split_at_mut(share);
        rayon::join(
            || Lanes { scratch: left, parts: left_parts }.each(lines.start..middle, bytes, work),
            || Lanes { scratch: right, parts: parts - left_parts }.each(middle..lines.end, bytes, work),
        );
    }
}

/// Copies lines to slices of this many elements, piece by piece of each in turn.
fn gather<T: Plain>(x: &Array, axis: usize, lines: Range<u64>, length: usize, to: &mut [T]) {
    for first in (0..length).step_by(PIECE) {
        let piece = first..length.min(first + PIECE);
        for (line, to) in lines.clone().zip(to.chunks_exact_mut(length)) {
            x.line(axis, line).read(first as u64, &mut to[piece.clone()]);
        }
    }
}

/// Copies slices of this many elements to lines, piece by piece of each in turn.
fn scatter<T: Plain>(from: &[T], length: usize, results: &[Array], axis: usize, lines: Range<u64>) {
    for first in (0..length).step_by(PIECE) {
        let piece = first..length.min(first + PIECE);
        for (line, from) in lines.clone().zip(from.chunks_exact(length)) {
            for result in results {
                result.line(axis, line).write(first as u64, &from[piece.clone()]);
            }
        }
    }
}

/// Calls `visit` with each piece of a line and where it begins.
fn pieces<T: Plain>(line: &Line, mut visit: impl FnMut(u64, &[T])) {
    let mut piece = [T::default(); PIECE];
    for first in (0..line.length()).step_by(PIECE) {
        let count = (line.length() - first).min(PIECE as u64) as usize;
        line.read(first, &mut piece[..count]);
        visit(first, &piece[..count]);
    }
}

/// An array in pieces of its last axis, in C order.
#[derive(Clone, Copy)]
struct Pieces<'a> {
    array: &'a Array,
    per_line: u64,
}

impl<'a> Pieces<'a> {
    fn new(array: &'a Array) -> Self {
        let length = array.sizes().last().copied().unwrap_or(0);
        Self { array, per_line: length.div_ceil(PIECE as u64) }
    }

    fn axis(&self) -> usize {
        self.array.sizes().len() - 1
    }

    fn count(&self) -> u64 {
        if self.per_line == 0 { 0 } else { self.array.lines(self.axis()) * self.per_line }
    }

    /// The line of a piece, and its elements there.
    fn place(&self, piece: u64) -> (u64, Range<u64>) {
        let first = piece % self.per_line * PIECE as u64;
        let length = self.array.sizes()[self.axis()];
        (piece / self.per_line, first..length.min(first + PIECE as u64))
    }

    fn read<T: Plain>(&self, piece: u64, to: &mut [T; PIECE]) -> usize {
        let (line, range) = self.place(piece);
        let count = (range.end - range.start) as usize;
        self.array.line(self.axis(), line).read(range.start, &mut to[..count]);
        count
    }
}

/// An index as a number.
trait Integer: Copy {
    fn integer(self) -> i128;
}

macro_rules! integers {
    ($($integer:ty)+) => { $(
        impl Integer for $integer {
            fn integer(self) -> i128 {
                self.into()
            }
        }
    )+ };
    (@none $($other:ty)+) => { $(
        // Refused when the graph is built.
        impl Integer for $other {
            fn integer(self) -> i128 {
                0
            }
        }
    )+ };
}
integers! { u8 i8 u16 i16 u32 i32 u64 i64 }
integers! { @none f32 f64 fusewire_ir::half::f16 fusewire_ir::half::bf16 }

fn integer(index: impl Integer) -> i128 {
    index.integer()
}

/// An index that is not negative.
fn small(index: impl Integer) -> Option<u64> {
    u64::try_from(index.integer()).ok()
}
