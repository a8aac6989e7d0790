//! Elements that lie apart, such as a field of records, packed into tiles before several accumulators go
//! over them: each is then read once, and as a part of a vector.

use super::calls::tiles;
use super::nest::{Frame, repeat};
use super::vector::{memory, scalar_type};
use super::{Form, Motion, Routine};
use cranelift_codegen::ir::{InstBuilder, Value, types};
use cranelift_frontend::FunctionBuilder;
use fusewire_ir::body::Code;

/// Elements of each stream that are copied in one trip.
const UNROLL: usize = 4;

/// The streams of a routine that are packed; none where its calls need tiles of their own.
pub(super) fn streams(routine: &Routine) -> Vec<usize> {
    let instructions = || routine.body.instructions.iter();
    let has_calls = instructions().any(|instruction| matches!(instruction.code, Code::Call(..)));
    if routine.form != Form::Rows || routine.accumulators.len() < 2 || has_calls {
        return Vec::new();
    }
    let is_read = |stream: usize| instructions().any(|instruction| instruction.code == Code::Load(stream));
    let is_apart = |stream: &usize| {
        let access = routine.streams[*stream];
        access.motion == Motion::Strided && !access.index && is_read(*stream)
    };
    (0..routine.streams.len()).filter(is_apart).collect()
}

/// The routine as it is where these streams are packed.
pub(super) fn packed(routine: &Routine, streams: &[usize]) -> Routine {
    let mut packed = routine.clone();
    for stream in streams {
        packed.streams[*stream].motion = Motion::Consecutive;
    }
    packed
}

/// Calls `each` for pieces of the innermost loop, with the addresses of tiles in place of those of `streams`.
pub(super) fn pieces(
    b: &mut FunctionBuilder<'_>,
    frame: &Frame<'_>,
    streams: &[usize],
    addresses: &[Value],
    inner: usize,
    extent: Value,
    each: &mut dyn FnMut(&mut FunctionBuilder<'_>, &[Value], Value),
) {
    tiles(b, frame, addresses, inner, extent, &mut |b, addresses, count| {
        let mut from: Vec<Value> = streams.iter().map(|stream| addresses[*stream]).collect();
        let to: Vec<Value> = (0..streams.len()).map(|tile| frame.tile(b, tile)).collect();
        from.push(b.ins().iconst(types::I64, 0));
        let trips = b.ins().ushr_imm_s(count, i64::from(UNROLL.trailing_zeros()));
        let rest = b.ins().band_imm_s(count, UNROLL as i64 - 1);
        for (trips, unroll) in [(trips, UNROLL), (rest, 1)] {
            from = repeat(b, trips, &from, &mut |b, carried| {
                let index = carried[streams.len()];
                let mut next = carried.to_vec();
                for (at, stream) in streams.iter().enumerate() {
                    let dtype = frame.routine.streams[*stream].dtype;
                    let stride = frame.stride(*stream, inner);
                    let distance = b.ins().imul_imm_s(index, dtype.bytes() as i64);
                    let tile = b.ins().iadd(to[at], distance);
                    for step in 0..unroll {
                        let element = b.ins().load(scalar_type(dtype), memory(), next[at], 0);
                        b.ins().store(memory(), element, tile, (step * dtype.bytes()) as i32);
                        next[at] = b.ins().iadd(next[at], stride);
                    }
                }
                next[streams.len()] = b.ins().iadd_imm_s(index, unroll as i64);
                next
            });
        }
        let mut addresses = addresses.to_vec();
        for (tile, stream) in to.iter().zip(streams) {
            addresses[*stream] = *tile;
        }
        each(b, &addresses, count);
    });
}
