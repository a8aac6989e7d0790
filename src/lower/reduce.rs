//! Accumulating along the innermost loop: elements into lanes, lanes into blocks.

use super::calls::call_host;
use super::nest::{Frame, repeat, when};
use super::segment::{Invariants, Place, Segment, combine};
use super::vector::Vectors;
use super::{Accumulator, COLUMNS};
use crate::tree;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{BlockArg, InstBuilder, MemFlagsData, Value as Clif, types};
use cranelift_frontend::FunctionBuilder;
use fusewire_ir::body::Primitive;
use fusewire_ir::reduce::{BLOCK, LANE_BYTES};
use fusewire_ir::{DType, ReduceOp};

/// Bytes of one accumulator's state in a `Rows` routine.
pub(super) const STATE_BYTES: usize = size_of::<fusewire_runtime::tree::RowState>();

/// Bytes of one accumulator's state in a `Columns` routine.
pub(super) const COLUMN_STATE_BYTES: usize = size_of::<fusewire_runtime::tree::ColumnState>();

/// Elements that several accumulators go over one after another, so that they stay in the cache.
pub(super) const SHARED_PIECE: i64 = 1024;

/// A body above this many operations keeps its accumulators in memory, to stay small.
pub(super) const LONG_BODY: usize = 24;

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
    let alone = Accumulation::frame(b, segment, accumulator);
    let segment = &Segment { frame: alone.as_ref().unwrap_or(segment.frame), ..*segment };
    let with = Accumulation::new(b, segment, accumulator);
    let lanes = with.lanes as i64;

    let shift = i64::from(with.dtype.bytes().trailing_zeros());
    let first_lane = b.ins().band_imm_s(position, lanes - 1);
    // (lanes - lane) % lanes
    let negated = b.ins().ineg(first_lane);
    let to_boundary = b.ins().band_imm_s(negated, lanes - 1);
    let head = b.ins().umin(to_boundary, segment.count);
    let lane_offset = b.ins().ishl_imm_s(first_lane, shift);
    let lane = b.ins().iadd(with.state, lane_offset);

    let start = segment.start(b);
    let (carried, _) = with.singles(b, head, lane, &start);
    let left = b.ins().isub(segment.count, head);
    let trips = b.ins().ushr_imm_s(left, i64::from(with.lanes.trailing_zeros()));
    let carried = if segment.frame.routine.body.operations() > LONG_BODY {
        let vector_trips = b.ins().imul_imm_s(trips, with.steps as i64);
        with.vectors(b, vector_trips, &carried).0
    } else {
        let before = with.load_lanes(b);
        let (carried, after) = with.trips(b, trips, &carried, before);
        with.store_lanes(b, &after);
        carried
    };
    let tail = b.ins().band_imm_s(left, lanes - 1);
    with.singles(b, tail, with.state, &carried);
}

/// What the elements of a segment are combined with, and how.
pub(super) struct Accumulation<'s, 'a> {
    segment: &'s Segment<'s, 'a>,
    accumulator: Accumulator,
    dtype: DType,
    primitive: Primitive,
    invariants: Invariants,
    /// Where its lanes are in memory.
    state: Clif,
    pub lanes: usize,
    /// Vectors in a row of lanes.
    pub steps: usize,
}

impl<'s, 'a> Accumulation<'s, 'a> {
    /// The frame for a segment in which an accumulator's value is computed without what only others need.
    pub fn frame(
        b: &mut FunctionBuilder<'_>,
        segment: &Segment<'_, 'a>,
        accumulator: usize,
    ) -> Option<Frame<'a>> {
        // Of what calls compute, all values have the lanes that their tiles were filled for.
        let value = segment.frame.routine.accumulators[accumulator].value;
        (segment.frame.stages.last() == 0).then(|| segment.frame.for_value(b, value))
    }

    pub fn new(b: &mut FunctionBuilder<'_>, segment: &'s Segment<'s, 'a>, accumulator: usize) -> Self {
        let state = segment.frame.state(b, accumulator, STATE_BYTES);
        let accumulator = segment.frame.routine.accumulators[accumulator];
        let lanes = ReduceOp::lanes(accumulator.dtype);
        Self {
            segment,
            accumulator,
            dtype: accumulator.dtype,
            primitive: combine(accumulator.op),
            invariants: segment.invariants(b, &[accumulator.value], usize::MAX),
            state,
            lanes,
            steps: lanes / segment.frame.lanes.0,
        }
    }

    fn step_bytes(&self) -> usize {
        self.segment.frame.lanes.0 * self.dtype.bytes()
    }

    /// One vector step, or one element, of what is combined.
    fn elements(&self, b: &mut FunctionBuilder<'_>, carried: &[Clif], offset: usize, single: bool) -> Clif {
        let place = Place { index: carried[0], strided: &carried[1..], offset, single };
        self.segment.values(b, &[self.accumulator.value], &self.invariants, place)[0]
    }

    /// The lanes in memory.
    pub fn load_lanes(&self, b: &mut FunctionBuilder<'_>) -> Vec<Clif> {
        let mut vectors = Vectors { b, lanes: self.segment.frame.lanes };
        let offsets = (0..self.steps).map(|step| (step * self.step_bytes()) as i32);
        offsets.map(|offset| vectors.load(self.dtype, self.state, offset)).collect()
    }

    pub fn store_lanes(&self, b: &mut FunctionBuilder<'_>, lanes: &[Clif]) {
        let mut vectors = Vectors { b, lanes: self.segment.frame.lanes };
        for (step, lanes) in lanes.iter().enumerate() {
            vectors.store(self.dtype, *lanes, self.state, (step * self.step_bytes()) as i32);
        }
    }

    /// Whole rows of lanes into lanes in registers: where the loop is then, and the lanes.
    pub fn trips(
        &self,
        b: &mut FunctionBuilder<'_>,
        trips: Clif,
        carried: &[Clif],
        lanes: Vec<Clif>,
    ) -> (Vec<Clif>, Vec<Clif>) {
        let rest = carried.len();
        let mut with_lanes = carried.to_vec();
        with_lanes.extend(lanes);
        let mut next = repeat(b, trips, &with_lanes, &mut |b, carried| {
            let mut next = self.segment.advance(b, &carried[..rest], self.lanes);
            for step in 0..self.steps {
                let offset = step * self.segment.frame.lanes.0;
                let elements = self.elements(b, &carried[..rest], offset, false);
                let mut vectors = Vectors { b, lanes: self.segment.frame.lanes };
                next.push(vectors.apply(self.primitive, self.dtype, &[carried[rest + step], elements]));
            }
            next
        });
        let lanes = next.split_off(rest);
        (next, lanes)
    }

    /// One vector step at a time into the lanes in memory, from the first lane on: where the loop is then, and the offset
    /// of the lane that comes next.
    pub fn vectors(&self, b: &mut FunctionBuilder<'_>, trips: Clif, carried: &[Clif]) -> (Vec<Clif>, Clif) {
        let frame = self.segment.frame;
        let zero = b.ins().iconst(types::I64, 0);
        let mut with_offset = carried.to_vec();
        with_offset.push(zero);
        let mut next = repeat(b, trips, &with_offset, &mut |b, carried| {
            let (offset, carried) = (carried[carried.len() - 1], &carried[..carried.len() - 1]);
            let elements = self.elements(b, carried, 0, false);
            let lane = b.ins().iadd(self.state, offset);
            let mut vectors = Vectors { b, lanes: frame.lanes };
            let before = vectors.load(self.dtype, lane, 0);
            let after = vectors.apply(self.primitive, self.dtype, &[before, elements]);
            vectors.store(self.dtype, after, lane, 0);
            let mut next = self.segment.advance(b, carried, frame.lanes.0);
            let moved = b.ins().iadd_imm_s(offset, self.step_bytes() as i64);
            next.push(b.ins().band_imm_s(moved, LANE_BYTES as i64 - 1));
            next
        });
        let offset = next.remove(next.len() - 1);
        (next, offset)
    }

    /// One element at a time into its own lane in memory, at most to the end of a row of lanes: where the loop is then,
    /// and the lane that comes next.
    pub fn singles(
        &self,
        b: &mut FunctionBuilder<'_>,
        count: Clif,
        lane: Clif,
        carried: &[Clif],
    ) -> (Vec<Clif>, Clif) {
        let mut with_lane = carried.to_vec();
        with_lane.push(lane);
        let mut next = repeat(b, count, &with_lane, &mut |b, carried| {
            let (lane, carried) = (carried[carried.len() - 1], &carried[..carried.len() - 1]);
            let element = self.elements(b, carried, 0, true);
            let mut vectors = Vectors { b, lanes: self.segment.frame.lanes };
            let before = vectors.load_one(self.dtype, lane, 0);
            let after = vectors.apply(self.primitive, self.dtype, &[before, element]);
            vectors.store_one(self.dtype, after, lane, 0);
            let mut next = self.segment.advance(b, carried, 1);
            next.push(b.ins().iadd_imm_s(lane, self.dtype.bytes() as i64));
            next
        });
        let lane = next.remove(next.len() - 1);
        (next, lane)
    }

    /// What is left after whole rows of lanes, fewer elements than a row has: into lanes in registers, through memory.
    pub fn tail(
        &self,
        b: &mut FunctionBuilder<'_>,
        tail: Clif,
        carried: &[Clif],
        lanes: Vec<Clif>,
    ) -> Vec<Clif> {
        let (inside, after) = (b.create_block(), b.create_block());
        for lanes in &lanes {
            let ty = b.func.dfg.value_type(*lanes);
            b.append_block_param(after, ty);
        }
        let arguments =
            |lanes: &[Clif]| -> Vec<BlockArg> { lanes.iter().map(|lane| (*lane).into()).collect() };
        b.ins().brif(tail, inside, &[], after, &arguments(&lanes));
        b.switch_to_block(inside);
        b.seal_block(inside);
        self.store_lanes(b, &lanes);
        let width = self.segment.frame.lanes.0;
        let trips = b.ins().ushr_imm_s(tail, i64::from(width.trailing_zeros()));
        let (carried, offset) = self.vectors(b, trips, carried);
        let lane = b.ins().iadd(self.state, offset);
        let rest = b.ins().band_imm_s(tail, width as i64 - 1);
        // Whole vectors only: a load that follows smaller stores to its place would wait for them.
        let elements = self.partial(b, rest, &carried);
        let mut vectors = Vectors { b, lanes: self.segment.frame.lanes };
        let before = vectors.load(self.dtype, lane, 0);
        let combined = vectors.apply(self.primitive, self.dtype, &[before, elements]);
        vectors.store(self.dtype, combined, lane, 0);
        let loaded = self.load_lanes(b);
        b.ins().jump(after, &arguments(&loaded));
        b.switch_to_block(after);
        b.seal_block(after);
        b.block_params(after).to_vec()
    }

    /// Fewer elements than a vector has lanes, and what changes nothing in the other lanes.
    fn partial(&self, b: &mut FunctionBuilder<'_>, count: Clif, carried: &[Clif]) -> Clif {
        let lanes = self.segment.frame.lanes;
        let done = b.create_block();
        let whole = b.append_block_param(done, lanes.vector(self.dtype));
        let mut partial = self.identity(b);
        for at in 0..lanes.0 - 1 {
            let next = b.create_block();
            let is_all = b.ins().icmp_imm_s(IntCC::Equal, count, at as i64);
            b.ins().brif(is_all, done, &[partial.into()], next, &[]);
            b.switch_to_block(next);
            b.seal_block(next);
            let element = self.elements(b, carried, at, true);
            let element = b.ins().extractlane(element, 0);
            partial = b.ins().insertlane(partial, element, at as u8);
        }
        b.ins().jump(done, &[partial.into()]);
        b.switch_to_block(done);
        b.seal_block(done);
        whole
    }

    /// A vector that changes nothing.
    pub fn identity(&self, b: &mut FunctionBuilder<'_>) -> Clif {
        let identity = self.accumulator.op.identity(self.dtype);
        Vectors { b, lanes: self.segment.frame.lanes }.constant(identity)
    }

    /// The lanes combined by halves, as the word that stands for a block.
    pub fn halves(&self, b: &mut FunctionBuilder<'_>, mut lanes: Vec<Clif>) -> Clif {
        let width = self.segment.frame.lanes;
        let mut vectors = Vectors { b, lanes: width };
        while lanes.len() > 1 {
            let high = lanes.split_off(lanes.len() / 2);
            for (low, high) in lanes.iter_mut().zip(high) {
                *low = vectors.apply(self.primitive, self.dtype, &[*low, high]);
            }
        }
        let (mut total, mut half) = (lanes[0], width.0 / 2);
        while half > 0 {
            let moved: [u8; 16] = std::array::from_fn(|at| ((at + half * self.dtype.bytes()) % 16) as u8);
            let high = vectors.shuffle(total, total, moved);
            total = vectors.apply(self.primitive, self.dtype, &[total, high]);
            half /= 2;
        }
        let total = b.ins().extractlane(total, 0);
        match self.dtype {
            DType::F32 => {
                let wide = b.ins().fpromote(types::F64, total);
                b.ins().bitcast(types::I64, MemFlagsData::new(), wide)
            }
            DType::F64 => b.ins().bitcast(types::I64, MemFlagsData::new(), total),
            DType::I32 => b.ins().sextend(types::I64, total),
            _ => total,
        }
    }
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
