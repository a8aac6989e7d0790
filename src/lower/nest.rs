//! The loops around a body.

use super::calls::{Stages, pieces, row};
use super::linker::Linker;
use super::reduce::{self, STATE_BYTES};
use super::segment::{Segment, Sink};
use super::vector::Lanes;
use super::{Form, Motion, Routine, TILE, pack, short_rows};
use cranelift_codegen::ir::{InstBuilder, Value, types};
use cranelift_frontend::FunctionBuilder;
use fusewire_ir::ReduceOp;
use fusewire_ir::body::{self, Code};
use std::collections::HashMap;

/// Bytes of one tile of scratch memory, for elements of any dtype.
pub(crate) const TILE_BYTES: usize = TILE * 8;

/// What every part of the code shares.
pub(super) struct Frame<'a> {
    pub routine: &'a Routine,
    pub lanes: Lanes,
    pub stages: Stages,
    /// Loaded from the arguments in the entry block: extents, then per stream address and strides.
    pub words: Vec<Value>,
    pub scratch: Value,
    pub partials: Value,
    /// Values of constants, by instruction; splatted in the entry block.
    pub constants: HashMap<usize, Value>,
    /// Where the code is that this code calls.
    pub linker: &'a dyn Linker,
}

/// Scratch layout: a word for the position in the block, the tiles, then the reduction states.
const POSITION_BYTES: usize = 64;

fn states_offset(tiles: usize) -> usize {
    POSITION_BYTES + tiles * TILE_BYTES
}

/// Bytes of scratch memory that a call of the routine needs.
pub(super) fn scratch_bytes(routine: &Routine) -> usize {
    let tiles = Stages::of(routine).tiles;
    if routine.form == Form::Elements && tiles == 0 {
        return 0;
    }
    states_offset(tiles) + routine.accumulators.len() * state_bytes(routine)
}

const fn state_bytes(routine: &Routine) -> usize {
    match routine.form {
        Form::Elements => 0,
        Form::Rows => STATE_BYTES,
        Form::Columns => reduce::COLUMN_STATE_BYTES,
    }
}

/// Where the state of an accumulator is in scratch memory.
pub(super) fn state_offset(routine: &Routine, accumulator: usize) -> usize {
    states_offset(Stages::of(routine).tiles) + accumulator * state_bytes(routine)
}

/// Writes the whole function.
pub(super) fn emit(b: &mut FunctionBuilder<'_>, routine: &Routine, linker: &dyn Linker) {
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    b.seal_block(entry);
    let [arguments, scratch, partials] = [0, 1, 2].map(|at| b.block_params(entry)[at]);
    let words = (0..routine.words())
        .map(|word| b.ins().load(types::I64, super::vector::memory(), arguments, 8 * word as i32))
        .collect();
    let lanes = Lanes::of(&[&routine.body]);
    let mut frame = Frame {
        routine,
        lanes,
        stages: Stages::of(routine),
        words,
        scratch,
        partials,
        constants: HashMap::new(),
        linker,
    };
    for (at, instruction) in routine.body.instructions.iter().enumerate() {
        if let Code::Constant(scalar) = instruction.code {
            let value = super::vector::Vectors { b, lanes }.constant(scalar);
            frame.constants.insert(at, value);
        }
    }
    let addresses: Vec<Value> =
        (0..routine.streams.len()).map(|stream| frame.words[routine.address_word(stream)]).collect();
    match routine.form {
        Form::Elements => {
            let inner = routine.loops - 1;
            loops(b, &frame, 0..inner, addresses, &mut |b, addresses| {
                let stores = stores(routine);
                row(b, &frame, addresses, inner, &stores);
            });
        }
        Form::Rows => rows(b, &frame, &addresses),
        Form::Columns => columns(b, &frame, addresses),
    }
    if routine.streaming {
        // Writes around the cache are ordered by nothing else, and another thread may wait for this one.
        b.ins().fence();
    }
    b.ins().return_(&[]);
}

/// The writes of the body.
fn stores(routine: &Routine) -> Vec<Sink> {
    routine
        .body
        .stores
        .iter()
        .map(|store| Sink::Memory { value: store.value, stream: store.access })
        .collect()
}

impl Frame<'_> {
    pub fn extent(&self, level: usize) -> Value {
        self.words[level]
    }

    pub fn stride(&self, stream: usize, level: usize) -> Value {
        self.words[self.routine.address_word(stream) + 1 + level]
    }

    pub fn tile(&self, b: &mut FunctionBuilder<'_>, tile: usize) -> Value {
        b.ins().iadd_imm_s(self.scratch, (POSITION_BYTES + tile * TILE_BYTES) as i64)
    }

    /// Where the state of an accumulator is.
    pub fn state(&self, b: &mut FunctionBuilder<'_>, accumulator: usize, bytes: usize) -> Value {
        let offset = states_offset(self.stages.tiles) + accumulator * bytes;
        b.ins().iadd_imm_s(self.scratch, offset as i64)
    }

    /// The same for one value without calls alone, in as many lanes as what it is computed from leaves room for.
    pub fn for_value(&self, b: &mut FunctionBuilder<'_>, value: body::Value) -> Self {
        let body = &self.routine.body;
        let mut needed = vec![false; body.instructions.len()];
        needed[value.index()] = true;
        for at in (0..needed.len()).rev().filter(|at| *at <= value.index()) {
            if needed[at] {
                body.instructions[at]
                    .code
                    .operands()
                    .iter()
                    .for_each(|operand| needed[operand.index()] = true);
            }
        }
        let needed = || body.instructions.iter().enumerate().filter(|(at, _)| needed[*at]);
        let lanes = Lanes::of_dtypes(needed().map(|(_, instruction)| instruction.dtype));
        let mut constants = HashMap::new();
        for (at, instruction) in needed() {
            if let Code::Constant(scalar) = instruction.code {
                constants.insert(at, super::vector::Vectors { b, lanes }.constant(scalar));
            }
        }
        Self { lanes, constants, stages: self.stages.clone(), words: self.words.clone(), ..*self }
    }

    /// The same for a routine with other streams.
    fn with_routine<'r>(&self, routine: &'r Routine) -> Frame<'r>
    where
        Self: 'r,
    {
        let (words, stages, constants) = (self.words.clone(), self.stages.clone(), self.constants.clone());
        Frame { routine, words, stages, constants, ..*self }
    }

    /// The position in the current block of a reduction.
    pub fn position(&self, b: &mut FunctionBuilder<'_>) -> Value {
        b.ins().load(types::I64, super::vector::memory(), self.scratch, 0)
    }

    pub fn set_position(&self, b: &mut FunctionBuilder<'_>, position: Value) {
        b.ins().store(super::vector::memory(), position, self.scratch, 0);
    }
}

/// Repeats `body` `count` times; it returns the next values of `carried`, which it is given.
pub(super) fn repeat(
    b: &mut FunctionBuilder<'_>,
    count: Value,
    carried: &[Value],
    body: &mut dyn FnMut(&mut FunctionBuilder<'_>, &[Value]) -> Vec<Value>,
) -> Vec<Value> {
    let (header, exit) = (b.create_block(), b.create_block());
    let remaining = b.append_block_param(header, types::I64);
    for value in carried {
        let ty = b.func.dfg.value_type(*value);
        b.append_block_param(header, ty);
        b.append_block_param(exit, ty);
    }
    let arguments = |first: Option<Value>, values: &[Value]| -> Vec<cranelift_codegen::ir::BlockArg> {
        first.into_iter().chain(values.iter().copied()).map(Into::into).collect()
    };
    // A loop of no trips is skipped; the counter runs down to zero.
    b.ins().brif(count, header, &arguments(Some(count), carried), exit, &arguments(None, carried));
    b.switch_to_block(header);
    let given: Vec<Value> = b.block_params(header)[1..].to_vec();
    let next = body(b, &given);
    let left = b.ins().iadd_imm_s(remaining, -1);
    b.ins().brif(left, header, &arguments(Some(left), &next), exit, &arguments(None, &next));
    b.seal_block(header);
    b.seal_block(exit);
    b.switch_to_block(exit);
    b.block_params(exit).to_vec()
}

/// Emits `then` for when the condition holds.
pub(super) fn when(
    b: &mut FunctionBuilder<'_>,
    condition: Value,
    then: &mut dyn FnMut(&mut FunctionBuilder<'_>),
) {
    let (inside, after) = (b.create_block(), b.create_block());
    b.ins().brif(condition, inside, &[], after, &[]);
    b.switch_to_block(inside);
    b.seal_block(inside);
    then(b);
    b.ins().jump(after, &[]);
    b.switch_to_block(after);
    b.seal_block(after);
}

/// Nested loops over `levels`, which move every stream's address.
fn loops(
    b: &mut FunctionBuilder<'_>,
    frame: &Frame<'_>,
    levels: std::ops::Range<usize>,
    addresses: Vec<Value>,
    body: &mut dyn FnMut(&mut FunctionBuilder<'_>, &[Value]),
) {
    if levels.is_empty() {
        body(b, &addresses);
        return;
    }
    let level = levels.start;
    repeat(b, frame.extent(level), &addresses, &mut |b, addresses| {
        loops(b, frame, level + 1..levels.end, addresses.to_vec(), body);
        (0..addresses.len())
            .map(|stream| {
                let stride = frame.stride(stream, level);
                b.ins().iadd(addresses[stream], stride)
            })
            .collect()
    });
}

/// A stream's address `count` iterations of the innermost loop further on.
pub(super) fn advance(
    b: &mut FunctionBuilder<'_>,
    frame: &Frame<'_>,
    stream: usize,
    inner: usize,
    address: Value,
    count: Value,
) -> Value {
    match frame.routine.streams[stream].motion {
        Motion::Still => address,
        _ => {
            let stride = frame.stride(stream, inner);
            let distance = b.ins().imul(count, stride);
            b.ins().iadd(address, distance)
        }
    }
}

/// Whole reductions one after another: the innermost loop is reduced.
fn rows(b: &mut FunctionBuilder<'_>, frame: &Frame<'_>, addresses: &[Value]) {
    if frame.routine.carried || !short_rows::are_possible(frame.routine) {
        return long_rows(b, frame, addresses);
    }
    let are_short = short_rows::are_short(b, frame);
    short_rows::either(
        b,
        are_short,
        |b| short_rows::rows(b, frame, addresses, &stores(frame.routine)),
        |b| long_rows(b, frame, addresses),
    );
}

/// The same for rows of any length.
fn long_rows(b: &mut FunctionBuilder<'_>, frame: &Frame<'_>, addresses: &[Value]) {
    let routine = frame.routine;
    let inner = routine.loops - 1;
    let zero = b.ins().iconst(types::I64, 0);
    let mut carried = vec![frame.partials];
    carried.extend(addresses);
    let results = frame.extent(0);
    let packs = pack::streams(routine);
    let packed = pack::packed(routine, &packs);
    let packed = frame.with_routine(&packed);
    // A piece is short enough for its elements to stay in the cache between the passes.
    let mut piece = |b: &mut FunctionBuilder<'_>, addresses: &[Value], count: Value| {
        let stores = stores(routine);
        let segment = Segment { frame: &packed, addresses, inner, count };
        if !stores.is_empty() {
            segment.emit(b, &stores, frame.stages.last());
        }
        let position = frame.position(b);
        for accumulator in 0..routine.accumulators.len() {
            reduce::accumulate_row(b, &segment, accumulator, position);
        }
        let position = b.ins().iadd(position, count);
        frame.set_position(b, position);
    };
    if !routine.carried {
        reduce::begin(b, frame, STATE_BYTES);
    }
    repeat(b, results, &carried, &mut |b, carried| {
        let (partials, addresses) = (carried[0], &carried[1..]);
        if !routine.carried {
            frame.set_position(b, zero);
        }
        loops(b, frame, 1..inner, addresses.to_vec(), &mut |b, addresses| {
            let extent = frame.extent(inner);
            reduce::blocks(b, frame, addresses, inner, extent, &mut |b, addresses, count| {
                if packs.is_empty() {
                    pieces(b, frame, addresses, inner, count, &mut piece);
                } else {
                    pack::pieces(b, frame, &packs, addresses, inner, count, &mut piece);
                }
            });
        });
        if !routine.carried {
            reduce::finish_row(b, frame, partials);
        }
        let step = 8 * routine.accumulators.len() as i64;
        let mut next = vec![b.ins().iadd_imm_s(partials, step)];
        next.extend((0..addresses.len()).map(|stream| {
            let stride = frame.stride(stream, 0);
            b.ins().iadd(addresses[stream], stride)
        }));
        next
    });
}

/// Many reductions side by side: the innermost loop runs over results.
fn columns(b: &mut FunctionBuilder<'_>, frame: &Frame<'_>, addresses: Vec<Value>) {
    let inner = frame.routine.loops - 1;
    let zero = b.ins().iconst(types::I64, 0);
    if !frame.routine.carried {
        frame.set_position(b, zero);
        reduce::begin(b, frame, reduce::COLUMN_STATE_BYTES);
    }
    loops(b, frame, 0..inner, addresses, &mut |b, addresses| {
        let position = frame.position(b);
        let mut sinks = stores(frame.routine);
        for (at, accumulator) in frame.routine.accumulators.iter().enumerate() {
            let lanes = ReduceOp::lanes(accumulator.dtype) as i64;
            let state = frame.state(b, at, reduce::COLUMN_STATE_BYTES);
            let lane = b.ins().band_imm_s(position, lanes - 1);
            let offset = b.ins().imul_imm_s(lane, (super::COLUMNS * accumulator.dtype.bytes()) as i64);
            sinks.push(Sink::Accumulate { accumulator: at, lane: b.ins().iadd(state, offset) });
        }
        let extent = frame.extent(inner);
        // At most COLUMNS elements, which is never more than one tile.
        pieces(b, frame, addresses, inner, extent, &mut |b, addresses, count| {
            Segment { frame, addresses, inner, count }.emit(b, &sinks, frame.stages.last());
        });
        let position = b.ins().iadd_imm_s(position, 1);
        reduce::end_column_block(b, frame, position, extent);
    });
    if !frame.routine.carried {
        reduce::finish_columns(b, frame);
    }
}
