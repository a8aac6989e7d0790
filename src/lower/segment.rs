//! The innermost loop over a run of elements: four vector steps an iteration, then one, then single
//! elements that go through the same vector instructions, so that every element has the same bits
//! wherever it stands.

use super::Motion;
use super::nest::{Frame, repeat};
use super::vector::Vectors;
use cranelift_codegen::ir::{InstBuilder, Value as Clif};
use cranelift_frontend::FunctionBuilder;
use fusewire_ir::ReduceOp;
use fusewire_ir::body::{Code, Primitive, Value};
use std::collections::HashMap;

/// A body above this many operations is unrolled less, for the sake of compile time and registers.
const LONG_BODY: usize = 50;

/// Where a value of the body goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sink {
    /// Through a stream.
    Memory { value: Value, stream: usize },
    /// To consecutive elements of a scratch tile.
    Tile { value: Value, tile: usize },
    /// Into the row of an accumulator's lanes, one lane set per column, that starts at an address.
    Accumulate { accumulator: usize, lane: Clif },
}

/// A run of elements along the innermost loop.
pub(super) struct Segment<'s, 'a> {
    pub frame: &'s Frame<'a>,
    /// Each stream's address (or index) at the first element.
    pub addresses: &'s [Clif],
    pub inner: usize,
    pub count: Clif,
}

/// What does not change over a run.
pub(super) struct Invariants {
    /// Values of the body, by instruction.
    values: HashMap<usize, Clif>,
    /// `0, step` for each stream that computes indices.
    steps: HashMap<usize, Clif>,
    tiles: HashMap<usize, Clif>,
}

/// Where a step is: the element index, and the address of each strided stream.
#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    pub index: Clif,
    pub strided: &'p [Clif],
    /// Elements from `index` to this step.
    pub offset: usize,
    /// One element instead of a vector step.
    pub single: bool,
}

impl Segment<'_, '_> {
    /// The loops that compute and write the sinks, using calls up to stage `level`.
    pub fn emit(&self, b: &mut FunctionBuilder<'_>, sinks: &[Sink], level: usize) {
        let wanted: Vec<Value> = sinks.iter().map(|sink| self.value_of(sink)).collect();
        let invariants = self.invariants(b, &wanted, level);
        let lanes = self.frame.lanes.0;
        let unroll = if self.frame.routine.body.operations() > LONG_BODY { 2 } else { 4 };
        let mut carried = self.start(b);
        let narrow = |b: &mut FunctionBuilder<'_>,
                      mut carried: Vec<Clif>,
                      mut left: Clif,
                      unrolls: &[usize]| {
            let vectors = unrolls.iter().map(|steps| (*steps, false));
            for (steps, single) in vectors.chain([(1, true)]) {
                let elements = if single { 1 } else { steps * lanes };
                let shift = i64::from(elements.trailing_zeros());
                let trips = if shift == 0 { left } else { b.ins().ushr_imm_s(left, shift) };
                carried = repeat(b, trips, &carried, &mut |b, carried| {
                    for step in 0..steps {
                        let place =
                            Place { index: carried[0], strided: &carried[1..], offset: step * lanes, single };
                        self.step(b, sinks, &wanted, &invariants, place);
                    }
                    self.advance(b, carried, elements)
                });
                if shift != 0 {
                    left = b.ins().band_imm_s(left, elements as i64 - 1);
                }
            }
            carried
        };
        let mut left = self.count;
        if let Some(before) = self.before_a_line(b, sinks) {
            carried = narrow(b, carried, before, &[1]);
            left = b.ins().isub(left, before);
        }
        if let Some((done, rest)) = self.wide(b, sinks, level, (carried[0], left)) {
            (carried[0], left) = (done, rest);
        }
        narrow(b, carried, left, &[unroll, 1]);
    }

    pub(super) fn value_of(&self, sink: &Sink) -> Value {
        match sink {
            Sink::Memory { value, .. } | Sink::Tile { value, .. } => *value,
            Sink::Accumulate { accumulator, .. } => self.frame.routine.accumulators[*accumulator].value,
        }
    }

    /// The element index, then the address of each strided stream.
    pub fn start(&self, b: &mut FunctionBuilder<'_>) -> Vec<Clif> {
        let zero = b.ins().iconst(cranelift_codegen::ir::types::I64, 0);
        std::iter::once(zero).chain(self.strided().map(|stream| self.addresses[stream])).collect()
    }

    /// The carried values `elements` further on.
    pub fn advance(&self, b: &mut FunctionBuilder<'_>, carried: &[Clif], elements: usize) -> Vec<Clif> {
        let mut next = vec![b.ins().iadd_imm_s(carried[0], elements as i64)];
        for (at, stream) in self.strided().enumerate() {
            let stride = self.frame.stride(stream, self.inner);
            let distance = b.ins().imul_imm_s(stride, elements as i64);
            next.push(b.ins().iadd(carried[1 + at], distance));
        }
        next
    }

    /// The streams whose addresses are carried.
    fn strided(&self) -> impl Iterator<Item = usize> + '_ {
        let streams = self.frame.routine.streams.iter().enumerate();
        streams.filter(|(_, stream)| stream.motion == Motion::Strided).map(|(at, _)| at)
    }

    /// Computes what does not change over the run.
    pub fn invariants(&self, b: &mut FunctionBuilder<'_>, wanted: &[Value], level: usize) -> Invariants {
        let frame = self.frame;
        let body = &frame.routine.body;
        let mut invariants =
            Invariants { values: frame.constants.clone(), steps: HashMap::new(), tiles: HashMap::new() };
        let needed = self.needed(wanted, level);
        for at in needed {
            let instruction = &body.instructions[at];
            let mut vectors = Vectors { b, lanes: frame.lanes };
            match &instruction.code {
                Code::Load(stream) if frame.routine.streams[*stream].motion == Motion::Still => {
                    let value = vectors.load_splat(instruction.dtype, self.addresses[*stream]);
                    invariants.values.insert(at, value);
                }
                Code::Index(stream) => {
                    let address = self.addresses[*stream];
                    if frame.routine.streams[*stream].motion == Motion::Still {
                        let value = b.ins().splat(cranelift_codegen::ir::types::I64X2, address);
                        invariants.values.insert(at, value);
                    } else {
                        let zero = b.ins().iconst(cranelift_codegen::ir::types::I64, 0);
                        let steps = b.ins().splat(cranelift_codegen::ir::types::I64X2, zero);
                        let stride = frame.stride(*stream, self.inner);
                        let steps = b.ins().insertlane(steps, stride, 1u8);
                        invariants.steps.insert(*stream, steps);
                    }
                }
                Code::Call(..) => {
                    if let Some(tile) = frame.stages.tile_of(at) {
                        let address = frame.tile(b, tile);
                        invariants.tiles.insert(tile, address);
                    }
                }
                code => {
                    let operands: Option<Vec<Clif>> = code
                        .operands()
                        .iter()
                        .map(|operand| invariants.values.get(&operand.index()).copied())
                        .collect();
                    if let Some(operands) = operands
                        && !operands.is_empty()
                        && let Some(value) = vectors.compute(body, at, &operands)
                    {
                        invariants.values.insert(at, value);
                    }
                }
            }
        }
        invariants
    }

    /// The instructions that the wanted values need after stage `level`, in order.
    pub(super) fn needed(&self, wanted: &[Value], level: usize) -> Vec<usize> {
        let body = &self.frame.routine.body;
        let mut needed = vec![false; body.instructions.len()];
        for value in wanted {
            needed[value.index()] = true;
        }
        for at in (0..needed.len()).rev() {
            let code = &body.instructions[at].code;
            // A call that has run is read from its tile.
            let has_run = matches!(code, Code::Call(..)) && self.frame.stages.level[at] <= level;
            if needed[at] && !has_run {
                for operand in code.operands() {
                    needed[operand.index()] = true;
                }
            }
        }
        needed.iter().enumerate().filter(|(_, needed)| **needed).map(|(at, _)| at).collect()
    }

    fn step(
        &self,
        b: &mut FunctionBuilder<'_>,
        sinks: &[Sink],
        wanted: &[Value],
        invariants: &Invariants,
        place: Place<'_>,
    ) {
        // Every value before any store: `out` may be the memory of an input.
        let values = self.values(b, wanted, invariants, place);
        for (sink, value) in sinks.iter().zip(values) {
            match sink {
                Sink::Memory { stream, .. } => self.write(b, *stream, value, place),
                Sink::Tile { value: of, tile } => {
                    let dtype = self.frame.routine.body.dtype(*of);
                    let base = self.frame.tile(b, *tile);
                    self.write_row(b, dtype, base, value, place);
                }
                Sink::Accumulate { accumulator, lane } => {
                    let accumulator = self.frame.routine.accumulators[*accumulator];
                    let dtype = accumulator.dtype;
                    let (address, offset) = self.consecutive(b, dtype, *lane, place);
                    let mut vectors = Vectors { b, lanes: self.frame.lanes };
                    let before = if place.single {
                        vectors.load_one(dtype, address, offset)
                    } else {
                        vectors.load(dtype, address, offset)
                    };
                    let after = vectors.apply(combine(accumulator.op), dtype, &[before, value]);
                    self.write_row(b, dtype, *lane, after, place);
                }
            }
        }
    }

    /// The wanted values at a place.
    pub fn values(
        &self,
        b: &mut FunctionBuilder<'_>,
        wanted: &[Value],
        invariants: &Invariants,
        place: Place<'_>,
    ) -> Vec<Clif> {
        let frame = self.frame;
        let body = &frame.routine.body;
        let mut values = invariants.values.clone();
        // Operands precede users in a body, so one pass in order computes everything, without depth.
        let mut needed = vec![false; body.instructions.len()];
        for value in wanted {
            needed[value.index()] = true;
        }
        for at in (0..needed.len()).rev() {
            let code = &body.instructions[at].code;
            let is_tile = frame.stages.tile_of(at).is_some_and(|tile| invariants.tiles.contains_key(&tile));
            if needed[at] && !is_tile && !values.contains_key(&at) {
                for operand in code.operands() {
                    needed[operand.index()] = true;
                }
            }
        }
        for at in (0..needed.len()).filter(|at| needed[*at]) {
            if values.contains_key(&at) {
                continue;
            }
            let instruction = &body.instructions[at];
            let value = match &instruction.code {
                Code::Load(stream) => self.read(b, *stream, place),
                Code::Index(stream) => {
                    let first = self.index_at(b, *stream, place);
                    let steps = invariants.steps[stream];
                    Vectors { b, lanes: frame.lanes }.indices(first, steps)
                }
                Code::Call(..) => {
                    let base = frame.stages.tile_of(at).and_then(|tile| invariants.tiles.get(&tile));
                    let Some(base) = base else { continue };
                    self.read_row(b, instruction.dtype, *base, place)
                }
                code => {
                    let operands: Vec<Clif> = code
                        .operands()
                        .iter()
                        .filter_map(|operand| values.get(&operand.index()).copied())
                        .collect();
                    match (Vectors { b, lanes: frame.lanes }).compute(body, at, &operands) {
                        Some(value) => value,
                        None => continue,
                    }
                }
            };
            values.insert(at, value);
        }
        wanted.iter().filter_map(|value| values.get(&value.index()).copied()).collect()
    }

    /// Address and displacement of consecutive elements from a base.
    fn consecutive(
        &self,
        b: &mut FunctionBuilder<'_>,
        dtype: fusewire_ir::DType,
        base: Clif,
        place: Place<'_>,
    ) -> (Clif, i32) {
        // x64 folds the shift and the addition into the operand of a load or store.
        let bytes = dtype.bytes();
        let distance = match bytes.trailing_zeros() {
            0 => place.index,
            shift => b.ins().ishl_imm_s(place.index, i64::from(shift)),
        };
        (b.ins().iadd(base, distance), (place.offset * bytes) as i32)
    }

    fn read_row(
        &self,
        b: &mut FunctionBuilder<'_>,
        dtype: fusewire_ir::DType,
        base: Clif,
        place: Place<'_>,
    ) -> Clif {
        let (address, offset) = self.consecutive(b, dtype, base, place);
        let mut vectors = Vectors { b, lanes: self.frame.lanes };
        if place.single {
            vectors.load_one(dtype, address, offset)
        } else {
            vectors.load(dtype, address, offset)
        }
    }

    fn write_row(
        &self,
        b: &mut FunctionBuilder<'_>,
        dtype: fusewire_ir::DType,
        base: Clif,
        value: Clif,
        place: Place<'_>,
    ) {
        let (address, offset) = self.consecutive(b, dtype, base, place);
        let mut vectors = Vectors { b, lanes: self.frame.lanes };
        if place.single {
            vectors.store_one(dtype, value, address, offset);
        } else {
            vectors.store(dtype, value, address, offset);
        }
    }

    /// A strided stream's address at a place, and its stride.
    fn strided_address(&self, b: &mut FunctionBuilder<'_>, stream: usize, place: Place<'_>) -> (Clif, Clif) {
        let at = self.strided().position(|strided| strided == stream).unwrap_or(0);
        let stride = self.frame.stride(stream, self.inner);
        let address = match place.offset {
            0 => place.strided[at],
            offset => {
                let distance = b.ins().imul_imm_s(stride, offset as i64);
                b.ins().iadd(place.strided[at], distance)
            }
        };
        (address, stride)
    }

    fn index_at(&self, b: &mut FunctionBuilder<'_>, stream: usize, place: Place<'_>) -> Clif {
        self.strided_address(b, stream, place).0
    }

    fn read(&self, b: &mut FunctionBuilder<'_>, stream: usize, place: Place<'_>) -> Clif {
        let access = self.frame.routine.streams[stream];
        if access.motion == Motion::Consecutive {
            return self.read_row(b, access.dtype, self.addresses[stream], place);
        }
        let (address, stride) = self.strided_address(b, stream, place);
        let mut vectors = Vectors { b, lanes: self.frame.lanes };
        if place.single {
            vectors.load_one(access.dtype, address, 0)
        } else {
            let count = vectors.lanes.0;
            vectors.load_strided(access.dtype, address, stride, count)
        }
    }

    fn write(&self, b: &mut FunctionBuilder<'_>, stream: usize, value: Clif, place: Place<'_>) {
        let access = self.frame.routine.streams[stream];
        match access.motion {
            Motion::Consecutive => self.write_row(b, access.dtype, self.addresses[stream], value, place),
            Motion::Still => Vectors { b, lanes: self.frame.lanes }.store_one(
                access.dtype,
                value,
                self.addresses[stream],
                0,
            ),
            Motion::Strided => {
                let (address, stride) = self.strided_address(b, stream, place);
                let mut vectors = Vectors { b, lanes: self.frame.lanes };
                let count = if place.single { 1 } else { vectors.lanes.0 };
                vectors.store_strided(access.dtype, value, address, stride, count);
            }
        }
    }
}

/// The operation that combines two partial results.
pub(super) const fn combine(op: ReduceOp) -> Primitive {
    match op {
        ReduceOp::Sum | ReduceOp::Mean => Primitive::Add,
        ReduceOp::Prod => Primitive::Multiply,
        ReduceOp::Min | ReduceOp::Infimum => Primitive::Minimum,
        ReduceOp::Max | ReduceOp::Supremum => Primitive::Maximum,
    }
}
