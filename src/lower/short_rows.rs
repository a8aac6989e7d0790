//! Reductions of rows no longer than a block: lanes stay in registers from the first element to the total, so that a row
//! costs no call, no memory for its lanes and no tree. The order of operations, and with it every bit, is that of long rows.

use super::bulk::Memory;
use super::nest::{Frame, repeat};
use super::reduce::{Accumulation, LONG_BODY, SHARED_PIECE};
use super::segment::{Segment, Sink};
use super::vector::{int_vector, memory};
use super::wide::{Loop, Target, Width};
use super::{Form, Routine, linker};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, StackSlotData, StackSlotKind, Value, types};
use cranelift_frontend::FunctionBuilder;
use fusewire_ir::body::Code;
use fusewire_ir::reduce::{BLOCK, LANE_BYTES};

/// May rows of this routine be short? Where functions are called for a row, or its operands are packed, or its body is
/// long, what a row costs beside its elements counts little.
pub(super) fn are_possible(routine: &Routine) -> bool {
    let has_calls = routine.body.instructions.iter().any(|at| matches!(at.code, Code::Call(..)));
    routine.form == Form::Rows
        && routine.loops == 2
        && routine.body.operations() <= LONG_BODY
        && !has_calls
        && super::pack::streams(routine).is_empty()
}

/// Is a row one block, gone over at once?
pub(super) fn are_short(b: &mut FunctionBuilder<'_>, frame: &Frame<'_>) -> Value {
    let most = if frame.routine.accumulators.len() > 1 { SHARED_PIECE } else { BLOCK as i64 };
    b.ins().icmp_imm_s(IntCC::UnsignedLessThanOrEqual, frame.extent(1), most)
}

/// Emits one thing for where the condition holds, and another for where it does not.
pub(super) fn either(
    b: &mut FunctionBuilder<'_>,
    condition: Value,
    holds: impl FnOnce(&mut FunctionBuilder<'_>),
    fails: impl FnOnce(&mut FunctionBuilder<'_>),
) {
    let [inside, outside, after] = std::array::from_fn(|_| b.create_block());
    b.ins().brif(condition, inside, &[], outside, &[]);
    for block in [inside, outside] {
        b.seal_block(block);
    }
    b.switch_to_block(inside);
    holds(b);
    b.ins().jump(after, &[]);
    b.switch_to_block(outside);
    fails(b);
    b.ins().jump(after, &[]);
    b.seal_block(after);
    b.switch_to_block(after);
}

/// All rows, one after another: what they write, and a total of each accumulator.
pub(super) fn rows(b: &mut FunctionBuilder<'_>, frame: &Frame<'_>, addresses: &[Value], stores: &[Sink]) {
    let Some(wide) = Wide::of(b, frame, addresses).filter(|_| stores.is_empty()) else {
        return narrow(b, frame, addresses, stores);
    };
    let extent = frame.extent(1);
    let is_possible = if wide.tails {
        b.ins().icmp_imm_s(IntCC::UnsignedGreaterThanOrEqual, extent, wide.elements as i64)
    } else {
        let rest = b.ins().band_imm_s(extent, wide.elements as i64 - 1);
        let is_whole = b.ins().icmp_imm_s(IntCC::Equal, rest, 0);
        let is_something = b.ins().icmp_imm_s(IntCC::NotEqual, extent, 0);
        b.ins().band(is_whole, is_something)
    };
    let some_rows = b.ins().icmp_imm_s(IntCC::NotEqual, frame.extent(0), 0);
    let is_wide = b.ins().band(is_possible, some_rows);
    either(b, is_wide, |b| wide.call(b, frame), |b| narrow(b, frame, addresses, stores));
}

/// All rows in wider vectors, where each has at least a row of lanes.
struct Wide {
    code: Value,
    /// Addresses, and how far each moves from row to row.
    words: Vec<Value>,
    /// Elements of a row of lanes.
    elements: usize,
    /// May elements be left after whole rows of lanes?
    tails: bool,
}

impl Wide {
    /// The code for it; `None` where there is none.
    fn of(b: &mut FunctionBuilder<'_>, frame: &Frame<'_>, addresses: &[Value]) -> Option<Self> {
        let (routine, body) = (frame.routine, &frame.routine.body);
        let [accumulator] = routine.accumulators[..] else { return None };
        if routine.width == Width::Narrow {
            return None;
        }
        let segment = Segment { frame, addresses, inner: 1, count: frame.extent(1) };
        let mut streams = Vec::new();
        // Routines with calls have no short rows, and so no tiles.
        let needed = segment.sources(&[accumulator.value], frame.stages.last(), |from| {
            let (Memory::Consecutive(place) | Memory::Still(place) | Memory::Tile(place)) = from;
            streams.push(place);
            streams.len() - 1
        })?;
        let target = Target::Lanes { value: accumulator.value, op: accumulator.op };
        let (width, count) = (routine.width, streams.len());
        let targets = vec![target];
        let streamed = Vec::new();
        let mut wide = Loop { width, body, needed, targets, addresses: count, streamed, tails: true };
        let assembled = wide.assemble_rows().or_else(|_| {
            wide.tails = false;
            wide.assemble_rows()
        });
        let assembled = assembled.ok()?;
        let code = frame.linker.assembled(b, &assembled.bytes, assembled.entry)?;
        let steps = streams.iter().map(|stream| frame.stride(*stream, 0));
        let words = streams.iter().map(|stream| addresses[*stream]).chain(steps).collect();
        Some(Self { code, words, elements: assembled.elements, tails: wide.tails })
    }

    fn call(mut self, b: &mut FunctionBuilder<'_>, frame: &Frame<'_>) {
        let trips = b.ins().ushr_imm_s(frame.extent(1), i64::from(self.elements.trailing_zeros()));
        self.words.extend([frame.extent(0), trips, frame.partials]);
        let tail = b.ins().band_imm_s(frame.extent(1), self.elements as i64 - 1);
        self.words.push(tail);
        let masks = 8 * self.words.len() as i32;
        let size = masks as u32 + LANE_BYTES as u32;
        let slot = b.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, size, 4));
        for (at, word) in self.words.iter().enumerate() {
            b.ins().stack_store(types::I64, *word, slot, 8 * at as i32);
        }
        let words = b.ins().stack_addr(types::I64, slot, 0);
        let bytes = LANE_BYTES / self.elements;
        let vector = int_vector(bytes);
        for at in 0..if self.tails { LANE_BYTES / 16 } else { 0 } {
            // Which lanes there are elements for.
            let lanes = at * 16 / bytes..(at + 1) * 16 / bytes;
            let lanes: Vec<u8> = lanes.flat_map(|lane| lane.to_le_bytes()[..bytes].to_vec()).collect();
            let lanes = b.func.dfg.constants.insert(lanes.into());
            let lanes = b.ins().vconst(vector, lanes);
            let count = if bytes == 4 { b.ins().ireduce(types::I32, tail) } else { tail };
            let count = b.ins().splat(vector, count);
            let mask = b.ins().icmp(IntCC::SignedLessThan, lanes, count);
            b.ins().store(memory(), mask, words, masks + 16 * at as i32);
        }
        linker::call(b, self.code, &[words]);
    }
}

/// All rows in vectors of 128 bits.
fn narrow(b: &mut FunctionBuilder<'_>, frame: &Frame<'_>, addresses: &[Value], stores: &[Sink]) {
    let mut carried = vec![frame.partials];
    carried.extend(addresses);
    let accumulators = frame.routine.accumulators.len();
    repeat(b, frame.extent(0), &carried, &mut |b, carried| {
        let (partials, addresses) = (carried[0], &carried[1..]);
        let segment = Segment { frame, addresses, inner: 1, count: frame.extent(1) };
        if !stores.is_empty() {
            segment.emit(b, stores, frame.stages.last());
        }
        for accumulator in 0..accumulators {
            let total = total(b, &segment, accumulator);
            b.ins().store(memory(), total, partials, 8 * accumulator as i32);
        }
        let mut next = vec![b.ins().iadd_imm_s(partials, 8 * accumulators as i64)];
        next.extend((0..addresses.len()).map(|stream| {
            let stride = frame.stride(stream, 0);
            b.ins().iadd(addresses[stream], stride)
        }));
        next
    });
}

/// The word that stands for a row.
fn total(b: &mut FunctionBuilder<'_>, segment: &Segment<'_, '_>, accumulator: usize) -> Value {
    let alone = Accumulation::frame(b, segment, accumulator);
    let segment = &Segment { frame: alone.as_ref().unwrap_or(segment.frame), ..*segment };
    let with = Accumulation::new(b, segment, accumulator);
    let identity = with.identity(b);
    let trips = b.ins().ushr_imm_s(segment.count, i64::from(with.lanes.trailing_zeros()));
    let start = segment.start(b);
    let (carried, lanes) = with.trips(b, trips, &start, vec![identity; with.steps]);
    let tail = b.ins().band_imm_s(segment.count, with.lanes as i64 - 1);
    let lanes = with.tail(b, tail, &carried, lanes);
    with.halves(b, lanes)
}

#[cfg(test)]
mod tests;
