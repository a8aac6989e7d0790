//! Accumulating along the innermost loop: elements into lanes, lanes into blocks.

use super::COLUMNS;
use super::calls::call_host;
use super::nest::{Frame, repeat, when};
use super::segment::{Place, Segment, combine};
use super::vector::Vectors;
use crate::tree;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{BlockArg, InstBuilder, Value as Clif, types};
use cranelift_frontend::FunctionBuilder;
use fusewire_ir::ReduceOp;
use fusewire_ir::reduce::BLOCK;

/// Bytes of one accumulator's state in a `Rows` routine.
pub(super) const STATE_BYTES: usize = size_of::<fusewire_runtime::tree::RowState>();

/// Bytes of one accumulator's state in a `Columns` routine.
pub(super) const COLUMN_STATE_BYTES: usize = size_of::<fusewire_runtime::tree::ColumnState>();

/// Elements that several accumulators go over one after another, so that they stay in the cache.
const SHARED_PIECE: i64 = 1024;

/// A body above this many operations keeps its accumulators in memory, to stay small.
const LONG_BODY: usize = 24;

/// Runs `piece` over the innermost loop, cut where a block is full, and closes full blocks.
/// `piece` moves the position on by the count it is given.
pub(super) fn blocks(
    b: &mut FunctionBuilder<'_>,
    frame: &Frame<'_>,
    addresses: &[Clif],
    inner: usize,
    extent: Clif,
    piece: &mut dyn FnMut(&mut FunctionBuilder<'_>, &[Clif], Clif),
) {
    let (header, exit) = (b.create_block(), b.create_block());
    let mut start: Vec<BlockArg> = vec![extent.into()];
    start.extend(addresses.iter().map(|address| BlockArg::from(*address)));
    for _ in &start {
        b.append_block_param(header, types::I64);
    }
    b.ins().brif(extent, header, &start, exit, &[]);
    b.switch_to_block(header);
    let given: Vec<Clif> = b.block_params(header).to_vec();
    let (left, addresses) = (given[0], &given[1..]);

    let position = frame.position(b);
    let block = b.ins().iconst(types::I64, BLOCK as i64);
    let space = b.ins().isub(block, position);
    let mut count = b.ins().umin(left, space);
    if frame.routine.accumulators.len() > 1 {
        let most = b.ins().iconst(types::I64, SHARED_PIECE);
        count = b.ins().umin(count, most);
    }
    piece(b, addresses, count);
    let position = frame.position(b);
    let full = b.ins().icmp(IntCC::Equal, position, block);
    when(b, full, &mut |b| {
        for accumulator in 0..frame.routine.accumulators.len() {
            let state = frame.state(b, accumulator, STATE_BYTES);
            call_host(b, frame, tree::functions(frame.routine.accumulators[accumulator]).flush_row, &[state]);
        }
        let zero = b.ins().iconst(types::I64, 0);
        frame.set_position(b, zero);
    });

    let left = b.ins().isub(left, count);
    let mut next: Vec<BlockArg> = vec![left.into()];
    for (stream, address) in addresses.iter().enumerate() {
        let stride = frame.stride(stream, inner);
        let distance = b.ins().imul(count, stride);
        next.push(b.ins().iadd(*address, distance).into());
    }
    b.ins().brif(left, header, &next, exit, &[]);
    b.seal_block(header);
    b.seal_block(exit);
    b.switch_to_block(exit);
}

/// Adds the elements of a segment to the lanes of an accumulator. `position` is that of the first
/// element in its block, so its lane is `position % lanes`.
pub(super) fn accumulate_row(
    b: &mut FunctionBuilder<'_>,
    segment: &Segment<'_, '_>,
    accumulator: usize,
    position: Clif,
) {
    let state = segment.frame.state(b, accumulator, STATE_BYTES);
    let accumulator = segment.frame.routine.accumulators[accumulator];
    // Of what calls compute, all values have the lanes that their tiles were filled for.
    let alone = segment.frame.stages.last() == 0;
    let alone = alone.then(|| segment.frame.for_value(b, accumulator.value));
    let frame = alone.as_ref().unwrap_or(segment.frame);
    let segment = &Segment { frame, ..*segment };
    let (dtype, value) = (accumulator.dtype, [accumulator.value]);
    let lanes = ReduceOp::lanes(dtype);
    let steps = lanes / frame.lanes.0;
    let step_bytes = frame.lanes.0 * dtype.bytes();
    let invariants = segment.invariants(b, &value, usize::MAX);
    let primitive = combine(accumulator.op);

    let shift = i64::from(dtype.bytes().trailing_zeros());
    let first_lane = b.ins().band_imm_s(position, lanes as i64 - 1);
    // (lanes - lane) % lanes
    let negated = b.ins().ineg(first_lane);
    let to_boundary = b.ins().band_imm_s(negated, lanes as i64 - 1);
    let head = b.ins().umin(to_boundary, segment.count);
    let lane_offset = b.ins().ishl_imm_s(first_lane, shift);
    let lane = b.ins().iadd(state, lane_offset);

    // One element at a time into its own lane, to the end of a row of lanes.
    let singles = |b: &mut FunctionBuilder<'_>, count: Clif, lane: Clif, carried: &[Clif]| -> Vec<Clif> {
        let mut with_lane = carried.to_vec();
        with_lane.push(lane);
        let mut next = repeat(b, count, &with_lane, &mut |b, carried| {
            let (lane, carried) = (carried[carried.len() - 1], &carried[..carried.len() - 1]);
            let place = Place { index: carried[0], strided: &carried[1..], offset: 0, single: true };
            let element = segment.values(b, &value, &invariants, place)[0];
            let mut vectors = Vectors { b, lanes: frame.lanes };
            let before = vectors.load_one(dtype, lane, 0);
            let after = vectors.apply(primitive, dtype, &[before, element]);
            vectors.store_one(dtype, after, lane, 0);
            let mut next = segment.advance(b, carried, 1);
            next.push(b.ins().iadd_imm_s(lane, dtype.bytes() as i64));
            next
        });
        next.pop();
        next
    };

    let start = segment.start(b);
    let carried = singles(b, head, lane, &start);
    let left = b.ins().isub(segment.count, head);
    let trips = b.ins().ushr_imm_s(left, i64::from(lanes.trailing_zeros()));
    let carried = if frame.routine.body.operations() > LONG_BODY {
        let vector_trips = b.ins().imul_imm_s(trips, steps as i64);
        let zero = b.ins().iconst(types::I64, 0);
        let mut with_offset = carried;
        with_offset.push(zero);
        let mut next = repeat(b, vector_trips, &with_offset, &mut |b, carried| {
            let (offset, carried) = (carried[carried.len() - 1], &carried[..carried.len() - 1]);
            let place = Place { index: carried[0], strided: &carried[1..], offset: 0, single: false };
            let elements = segment.values(b, &value, &invariants, place)[0];
            let lane = b.ins().iadd(state, offset);
            let mut vectors = Vectors { b, lanes: frame.lanes };
            let before = vectors.load(dtype, lane, 0);
            let after = vectors.apply(primitive, dtype, &[before, elements]);
            vectors.store(dtype, after, lane, 0);
            let mut next = segment.advance(b, carried, frame.lanes.0);
            let moved = b.ins().iadd_imm_s(offset, step_bytes as i64);
            next.push(b.ins().band_imm_s(moved, (lanes * dtype.bytes()) as i64 - 1));
            next
        });
        next.pop();
        next
    } else {
        let rest = carried.len();
        let mut with_lanes = carried;
        for step in 0..steps {
            let mut vectors = Vectors { b, lanes: frame.lanes };
            with_lanes.push(vectors.load(dtype, state, (step * step_bytes) as i32));
        }
        let mut next = repeat(b, trips, &with_lanes, &mut |b, carried| {
            let mut next = segment.advance(b, &carried[..rest], lanes);
            for step in 0..steps {
                let offset = step * frame.lanes.0;
                let place = Place { index: carried[0], strided: &carried[1..rest], offset, single: false };
                let elements = segment.values(b, &value, &invariants, place)[0];
                let before = carried[rest + step];
                let mut vectors = Vectors { b, lanes: frame.lanes };
                next.push(vectors.apply(primitive, dtype, &[before, elements]));
            }
            next
        });
        for (step, lanes) in next.drain(rest..).enumerate() {
            let mut vectors = Vectors { b, lanes: frame.lanes };
            vectors.store(dtype, lanes, state, (step * step_bytes) as i32);
        }
        next
    };
    let tail = b.ins().band_imm_s(left, lanes as i64 - 1);
    singles(b, tail, state, &carried);
}

/// Writes the totals of a finished row, one 64-bit word for each accumulator.
pub(super) fn finish_row(b: &mut FunctionBuilder<'_>, frame: &Frame<'_>, partials: Clif) {
    let position = frame.position(b);
    for (at, accumulator) in frame.routine.accumulators.iter().enumerate() {
        let state = frame.state(b, at, STATE_BYTES);
        let total = b.ins().iadd_imm_s(partials, 8 * at as i64);
        call_host(b, frame, tree::functions(*accumulator).finish_row, &[state, position, total]);
    }
}

/// Moves on to the next reduced index of a `Columns` routine.
pub(super) fn end_column_block(
    b: &mut FunctionBuilder<'_>,
    frame: &Frame<'_>,
    position: Clif,
    columns: Clif,
) {
    frame.set_position(b, position);
    let full = b.ins().icmp_imm_s(IntCC::Equal, position, BLOCK as i64);
    when(b, full, &mut |b| {
        for (at, accumulator) in frame.routine.accumulators.iter().enumerate() {
            let state = frame.state(b, at, COLUMN_STATE_BYTES);
            call_host(b, frame, tree::functions(*accumulator).flush_columns, &[state, columns]);
        }
        let zero = b.ins().iconst(types::I64, 0);
        frame.set_position(b, zero);
    });
}

/// Writes the totals of finished columns: for each column a 64-bit word for each accumulator.
pub(super) fn finish_columns(b: &mut FunctionBuilder<'_>, frame: &Frame<'_>) {
    let position = frame.position(b);
    let columns = frame.extent(frame.routine.loops - 1);
    let step = b.ins().iconst(types::I64, frame.routine.accumulators.len() as i64);
    for (at, accumulator) in frame.routine.accumulators.iter().enumerate() {
        let state = frame.state(b, at, COLUMN_STATE_BYTES);
        let total = b.ins().iadd_imm_s(frame.partials, 8 * at as i64);
        let finish = tree::functions(*accumulator).finish_columns;
        call_host(b, frame, finish, &[state, position, columns, total, step]);
    }
}

/// Sets the lanes of every accumulator to the value that changes nothing.
pub(super) fn begin(b: &mut FunctionBuilder<'_>, frame: &Frame<'_>, state_bytes: usize) {
    for (at, accumulator) in frame.routine.accumulators.iter().enumerate() {
        let state = frame.state(b, at, state_bytes);
        let functions = tree::functions(*accumulator);
        let begin = if state_bytes == STATE_BYTES { functions.begin_row } else { functions.begin_columns };
        call_host(b, frame, begin, &[state]);
    }
}

const _: () = assert!(COLUMNS.is_multiple_of(16));
