//! Calls of vector functions: the innermost loop is cut into tiles of scratch memory, which are computed for
//! the operands of a call before it runs. What is consecutive in memory already is passed on as it is.

use super::nest::{Frame, advance, repeat};
use super::segment::{Segment, Sink};
use super::{Motion, Routine, TILE, linker, pack};
use crate::tile_function;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use cranelift_frontend::FunctionBuilder;
use fusewire_ir::body::{self, Callee, Code};
use fusewire_runtime::Function;

/// When each value can be computed: a call of a vector function ends a stage, because its operands
/// must be complete first.
#[derive(Clone)]
pub(super) struct Stages {
    /// Per instruction.
    pub level: Vec<usize>,
    calls: Vec<Call>,
    /// Tiles of calls, or of streams that are packed.
    pub tiles: usize,
}

/// A call of a vector function.
#[derive(Clone, Copy)]
struct Call {
    instruction: usize,
    /// The tile of its first operand; those of the others come after it.
    operands: usize,
    /// That of its result.
    result: usize,
}

impl Stages {
    pub fn of(routine: &Routine) -> Self {
        let packed = pack::streams(routine).len();
        let mut stages = Self { level: Vec::new(), calls: Vec::new(), tiles: packed };
        for (at, instruction) in routine.body.instructions.iter().enumerate() {
            let operands = instruction.code.operands();
            let ready = operands.iter().map(|operand| stages.level[operand.index()]).max().unwrap_or(0);
            let is_call = matches!(instruction.code, Code::Call(..));
            stages.level.push(ready + usize::from(is_call));
            if is_call {
                let (first, result) = (stages.tiles, stages.tiles + operands.len());
                stages.calls.push(Call { instruction: at, operands: first, result });
                stages.tiles = result + 1;
            }
        }
        stages
    }

    /// The tile that holds a call's result.
    pub fn tile_of(&self, instruction: usize) -> Option<usize> {
        self.calls.iter().find(|call| call.instruction == instruction).map(|call| call.result)
    }

    /// The number of loops over a tile.
    pub fn last(&self) -> usize {
        self.calls.iter().map(|call| self.level[call.instruction]).max().unwrap_or(0)
    }

    /// The calls that end a stage.
    fn ending(&self, level: usize) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(move |call| self.level[call.instruction] == level)
    }
}

/// The stream that a function of the op table can read its operand from, instead of a tile.
fn direct_operand(frame: &Frame<'_>, call: &Call, operand: body::Value) -> Option<usize> {
    let body = &frame.routine.body;
    match (&body.instructions[call.instruction].code, &body.instructions[operand.index()].code) {
        (Code::Call(Callee::Op(_), _), Code::Load(stream)) => {
            (frame.routine.streams[*stream].motion == Motion::Consecutive).then_some(*stream)
        }
        _ => None,
    }
}

/// The stream that the last call of all can write to, instead of a tile: nothing else is written, and nothing
/// read after it, since `out` may be the memory of an input.
fn direct_result(frame: &Frame<'_>, sinks: &[Sink]) -> Option<usize> {
    let body = &frame.routine.body;
    let mut last = frame.stages.ending(frame.stages.last());
    match (sinks, last.next(), last.next()) {
        ([Sink::Memory { value, stream }], Some(call), None) if call.instruction == value.index() => {
            let is_op = matches!(body.instructions[call.instruction].code, Code::Call(Callee::Op(_), _));
            let is_consecutive = frame.routine.streams[*stream].motion == Motion::Consecutive;
            (is_op && is_consecutive).then_some(*stream)
        }
        _ => None,
    }
}

/// One run of the innermost loop.
pub(super) fn row(
    b: &mut FunctionBuilder<'_>,
    frame: &Frame<'_>,
    addresses: &[Value],
    inner: usize,
    sinks: &[Sink],
) {
    let extent = frame.extent(inner);
    let Some(stream) = direct_result(frame, sinks) else {
        return pieces(b, frame, addresses, inner, extent, &mut |b, addresses, count| {
            let segment = Segment { frame, addresses, inner, count };
            segment.emit(b, sinks, frame.stages.last());
        });
    };
    if let [only] = &frame.stages.calls[..]
        && tile_operands(frame, only).next().is_none()
    {
        // There is nothing that a tile would have to hold.
        return call(b, frame, only, addresses, Some(stream), extent);
    }
    tiles(b, frame, addresses, inner, extent, &mut |b, addresses, count| {
        stages(b, frame, addresses, inner, count, Some(stream));
    });
}

/// Cuts the innermost loop into tiles where vector functions are called, and calls them before
/// `last` is emitted with the addresses and the number of elements of each piece.
pub(super) fn pieces(
    b: &mut FunctionBuilder<'_>,
    frame: &Frame<'_>,
    addresses: &[Value],
    inner: usize,
    extent: Value,
    last: &mut dyn FnMut(&mut FunctionBuilder<'_>, &[Value], Value),
) {
    if frame.stages.calls.is_empty() {
        last(b, addresses, extent);
        return;
    }
    tiles(b, frame, addresses, inner, extent, &mut |b, addresses, count| {
        stages(b, frame, addresses, inner, count, None);
        last(b, addresses, count);
    });
}

/// Repeats `each` for pieces of the innermost loop that fit a tile.
pub(super) fn tiles(
    b: &mut FunctionBuilder<'_>,
    frame: &Frame<'_>,
    addresses: &[Value],
    inner: usize,
    extent: Value,
    each: &mut dyn FnMut(&mut FunctionBuilder<'_>, &[Value], Value),
) {
    let tile = b.ins().iconst(types::I64, TILE as i64);
    let padded = b.ins().iadd_imm_s(extent, TILE as i64 - 1);
    let tiles = b.ins().ushr_imm_s(padded, i64::from(TILE.trailing_zeros()));
    let mut carried = vec![extent];
    carried.extend(addresses);
    repeat(b, tiles, &carried, &mut |b, carried| {
        let (left, addresses) = (carried[0], &carried[1..]);
        let is_full = b.ins().icmp(IntCC::UnsignedGreaterThan, left, tile);
        let count = b.ins().select(is_full, tile, left);
        each(b, addresses, count);
        let mut next = vec![b.ins().isub(left, count)];
        next.extend(
            (0..addresses.len()).map(|stream| advance(b, frame, stream, inner, addresses[stream], count)),
        );
        next
    });
}

/// All calls on one piece, the last of which may write to a stream.
fn stages(
    b: &mut FunctionBuilder<'_>,
    frame: &Frame<'_>,
    addresses: &[Value],
    inner: usize,
    count: Value,
    result: Option<usize>,
) {
    let last = frame.stages.last();
    for level in 0..last {
        let ending = || frame.stages.ending(level + 1);
        let sinks: Vec<Sink> = ending().flat_map(|call| tile_operands(frame, call)).collect();
        if !sinks.is_empty() {
            Segment { frame, addresses, inner, count }.emit(b, &sinks, level);
        }
        for ended in ending() {
            call(b, frame, ended, addresses, result.filter(|_| level + 1 == last), count);
        }
    }
}

/// The tiles that must be filled before a call.
fn tile_operands<'f>(frame: &'f Frame<'_>, call: &'f Call) -> impl Iterator<Item = Sink> + 'f {
    let operands = frame.routine.body.instructions[call.instruction].code.operands();
    operands
        .iter()
        .enumerate()
        .filter(|(_, operand)| direct_operand(frame, call, **operand).is_none())
        .map(|(slot, value)| Sink::Tile { value: *value, tile: call.operands + slot })
        .collect::<Vec<_>>()
        .into_iter()
}

/// Calls a vector function; its result goes through a stream or to its tile.
fn call(
    b: &mut FunctionBuilder<'_>,
    frame: &Frame<'_>,
    call: &Call,
    addresses: &[Value],
    result: Option<usize>,
    count: Value,
) {
    let instruction = &frame.routine.body.instructions[call.instruction];
    match &instruction.code {
        Code::Call(Callee::Op(op), operands) => {
            let result = match result {
                Some(stream) => addresses[stream],
                None => frame.tile(b, call.result),
            };
            let mut operand = |slot: usize| match direct_operand(frame, call, operands[slot]) {
                Some(stream) => addresses[stream],
                None => frame.tile(b, call.operands + slot),
            };
            let first = operand(0);
            let second = if operands.len() > 1 { operand(1) } else { first };
            // The op table says which dtypes there are functions for, and a body calls no others.
            if let Some(function) = tile_function::function(*op, instruction.dtype) {
                call_host(b, frame, function, &[result, first, second, count]);
            }
        }
        Code::Call(Callee::Custom(custom), _) => {
            let custom = frame.linker.custom(b, custom);
            let first = frame.tile(b, call.operands);
            call_host(b, frame, tile_function::custom_function(), &[custom, first, count]);
        }
        _ => {}
    }
}

/// Calls a function of the runtime, whose arguments are all addresses or counts.
pub(super) fn call_host(
    b: &mut FunctionBuilder<'_>,
    frame: &Frame<'_>,
    function: Function,
    arguments: &[Value],
) {
    let address = frame.linker.function(b, function);
    linker::call(b, address, arguments);
}
