//! The bulk of a run: a call of the loop in wider vectors, and what has to come before it.

use super::Motion;
use super::linker;
use super::nest::when;
use super::segment::{Segment, Sink};
use super::wide::{self, Source, Target, Width};
use cranelift_codegen::ir::{InstBuilder, StackSlotData, StackSlotKind, Value as Clif, types};
use cranelift_frontend::FunctionBuilder;
use fusewire_ir::DType;
use fusewire_ir::body::{Code, Value};

/// Where a value is that is not computed.
#[derive(Clone, Copy)]
pub(super) enum Memory {
    /// In consecutive elements of a stream.
    Consecutive(usize),
    /// In the one element of a stream.
    Still(usize),
    Tile(usize),
}

impl Segment<'_, '_> {
    /// What the wanted values need after stage `level`, for a loop in wider vectors, with where from; `position` says where an
    /// address stands among those of the loop. `None` where something is not what such loops read.
    pub(super) fn sources(
        &self,
        wanted: &[Value],
        level: usize,
        mut position: impl FnMut(Memory) -> usize,
    ) -> Option<Vec<(usize, Option<Source>)>> {
        let (routine, stages) = (self.frame.routine, &self.frame.stages);
        let mut source = |at: usize| {
            Some(match &routine.body.instructions[at].code {
                Code::Load(stream) => match routine.streams[*stream].motion {
                    Motion::Consecutive => Some(Source::Consecutive(position(Memory::Consecutive(*stream)))),
                    Motion::Still => Some(Source::Still(position(Memory::Still(*stream)))),
                    Motion::Strided => return None,
                },
                Code::Call(..) => Some(Source::Consecutive(position(Memory::Tile(stages.tile_of(at)?)))),
                Code::Index(_) | Code::Total(_) => return None,
                Code::Constant(_) | Code::Apply(..) | Code::Convert(_) | Code::Reinterpret(_) => None,
            })
        };
        self.needed(wanted, level).into_iter().map(|at| Some((at, source(at)?))).collect()
    }

    /// Where writes go around the cache, how many elements come before a cache line begins in what is written first. A line is
    /// written around the cache as a whole or not at all: a mixture costs more than either.
    pub(super) fn before_a_line(&self, b: &mut FunctionBuilder<'_>, sinks: &[Sink]) -> Option<Clif> {
        let stream = sinks.iter().find_map(|sink| self.streamed(sink))?;
        let bytes = self.frame.routine.streams[stream].dtype.bytes();
        let negated = b.ins().ineg(self.addresses[stream]);
        let room = b.ins().band_imm_s(negated, wide::LINE - 1);
        let elements = b.ins().ushr_imm_s(room, i64::from(bytes.trailing_zeros()));
        Some(b.ins().umin(elements, self.count))
    }

    /// The stream through which a sink writes around the cache, if it does.
    fn streamed(&self, sink: &Sink) -> Option<usize> {
        let routine = self.frame.routine;
        match *sink {
            Sink::Memory { stream, .. }
                if routine.streaming
                    && routine.width != Width::Narrow
                    && routine.streams[stream].motion == Motion::Consecutive
                    && routine.streams[stream].dtype != DType::Bool =>
            {
                Some(stream)
            }
            _ => None,
        }
    }

    /// Emits a call that does the bulk of the run from the first of so many elements in wider vectors, where that is
    /// possible; the element after those it does, and how many are left.
    pub(super) fn wide(
        &self,
        b: &mut FunctionBuilder<'_>,
        sinks: &[Sink],
        level: usize,
        (first, count): (Clif, Clif),
    ) -> Option<(Clif, Clif)> {
        let frame = self.frame;
        if frame.routine.width == Width::Narrow {
            return None;
        }
        let mut addresses = Vec::new();
        let mut address = |value: Clif| {
            addresses.push(value);
            addresses.len() - 1
        };
        let body = &frame.routine.body;
        // Only where writes go around the cache does anything come before.
        let here = |b: &mut FunctionBuilder<'_>, stream: usize| {
            if !frame.routine.streaming {
                return self.addresses[stream];
            }
            let bytes = b.ins().imul_imm_s(first, frame.routine.streams[stream].dtype.bytes() as i64);
            b.ins().iadd(self.addresses[stream], bytes)
        };
        let wanted: Vec<Value> = sinks.iter().map(|sink| self.value_of(sink)).collect();
        let needed = self.sources(&wanted, level, |from| {
            address(match from {
                Memory::Consecutive(stream) => here(b, stream),
                Memory::Still(stream) => self.addresses[stream],
                Memory::Tile(tile) => frame.tile(b, tile),
            })
        })?;
        let (mut targets, mut in_memory) = (Vec::new(), Vec::new());
        for sink in sinks {
            targets.push(match *sink {
                Sink::Memory { value, stream }
                    if frame.routine.streams[stream].motion == Motion::Consecutive =>
                {
                    let address = address(here(b, stream));
                    if self.streamed(sink).is_some() {
                        in_memory.push(address);
                    }
                    Target::Store { value, address }
                }
                Sink::Memory { .. } => return None,
                Sink::Tile { value, tile } => Target::Store { value, address: address(frame.tile(b, tile)) },
                Sink::Accumulate { accumulator, lane } => {
                    let accumulator = frame.routine.accumulators[accumulator];
                    let (value, op) = (accumulator.value, accumulator.op);
                    Target::Combine { value, address: address(lane), op }
                }
            });
        }
        let mut wide = wide::Loop {
            width: frame.routine.width,
            body,
            needed,
            targets,
            addresses: addresses.len(),
            streamed: Vec::new(),
            tails: false,
        };
        let assembled = wide.assemble().ok()?;
        let mut code = frame.linker.assembled(b, &assembled.bytes, assembled.entry)?;
        let bits = in_memory.iter().map(|at| addresses[*at]).reduce(|a, c| b.ins().bor(a, c));
        wide.streamed = in_memory;
        if let Some(bits) = bits
            && let Ok(streaming) = wide.assemble()
        {
            let streaming = frame.linker.assembled(b, &streaming.bytes, streaming.entry)?;
            let unaligned = b.ins().band_imm_s(bits, wide::LINE - 1);
            code = b.ins().select(unaligned, code, streaming);
        }

        let size = 8 * addresses.len() as u32;
        let slot = b.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, size, 3));
        let trips = b.ins().ushr_imm_s(count, i64::from(assembled.elements.trailing_zeros()));
        when(b, trips, &mut |b| {
            for (at, address) in addresses.iter().enumerate() {
                b.ins().stack_store(types::I64, *address, slot, 8 * at as i32);
            }
            let words = b.ins().stack_addr(types::I64, slot, 0);
            linker::call(b, code, &[words, trips]);
        });
        let rest = b.ins().band_imm_s(count, assembled.elements as i64 - 1);
        let done = b.ins().isub(count, rest);
        let done = if frame.routine.streaming { b.ins().iadd(first, done) } else { done };
        Some((done, rest))
    }
}
