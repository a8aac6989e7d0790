//! The work of each kernel, cut into parts of about the same cost: elements, results, or chunks of what is reduced.
#![deny(unsafe_code)]

use super::{Call, Chunks, Elements, Ends, Launch, Reduce, Results};
use crate::block::Block;
use crate::cache;
use crate::carried::Carried;
use crate::jit::CodeError;
use crate::lower::{Accumulator, COLUMNS, Form, Routine};
use crate::repeat::{Lengthened, lengthened};
use crate::walk::{Memory, Origin, Part, Walk, used_accesses};
use fusewire_ir::body::{Body, Code, Instruction};
use fusewire_ir::kernel::{Buffer, Kernel};
use fusewire_ir::reduce::BLOCK;
use smallvec::SmallVec;

/// Cost of a step, in operations, above which it is worth handing to other threads: about 100 us.
const PARALLEL_COST: u64 = 400_000;

/// Results of a reduction that are completed together where rows are reduced one after another.
const ROWS: usize = 128;

/// The launches of one kernel, over all rows or over the first block; none where there is nothing to do.
pub(crate) fn launch(
    kernel: &Kernel,
    memory: &Memory<'_>,
    part: Option<Part<'_>>,
    threads: usize,
) -> Result<Option<Launch>, CodeError> {
    if kernel.reductions.is_empty() {
        elements(kernel, memory, part, threads)
    } else {
        results(kernel, memory, part, threads)
    }
}

/// Operations of a body, with calls counted as what they cost.
pub(crate) fn cost(body: &Body) -> u64 {
    body.instructions
        .iter()
        .map(|instruction| match &instruction.code {
            Code::Call(callee, _) => callee.cost(),
            _ => 1,
        })
        .sum::<u64>()
        .max(1)
}

fn elements(
    kernel: &Kernel,
    memory: &Memory<'_>,
    part: Option<Part<'_>>,
    threads: usize,
) -> Result<Option<Launch>, CodeError> {
    let (body, accesses) = used_accesses(kernel, &kernel.body);
    let part_is_whole = part.is_none();
    let walk = Walk::new(kernel, &accesses, memory, part);
    if walk.is_empty() {
        return Ok(None);
    }
    let parts_wanted = parts_for(walk.iterations().saturating_mul(cost(&body)), threads);
    let walk = walk.forwards().ordered().merged().with_a_loop();
    let Lengthened { walk, rest, tables } =
        lengthened(&walk).unwrap_or(Lengthened { walk, rest: None, tables: Vec::new() });
    let mut routine = walk.routine(Form::Elements, body);
    // Blocks of rows are read again while they are in the cache, and vector functions write where they like.
    let calls = |instruction: &Instruction| matches!(instruction.code, Code::Call(..));
    routine.streaming = part_is_whole && !routine.body.instructions.iter().any(calls) && walk.is_streaming();
    if routine.streaming {
        // Smaller sizes and updates in place take the other: what is compiled beforehand is for all of them.
        cache::compiled(Routine { streaming: false, ..routine.clone() })?;
    }
    let code = cache::compiled(routine)?;
    // Cut the outermost loop if it is long enough, else the longest.
    let longest = (0..walk.extents.len()).max_by_key(|l| (walk.extents[*l], usize::MAX - l)).unwrap_or(0);
    let cut = if walk.extents[0] >= 4 * parts_wanted { 0 } else { longest };
    // Whole cache lines of every dtype, where the innermost loop is cut.
    let grain = if cut + 1 == walk.extents.len() { 64 } else { 1 };
    let parts = split(walk.extents[cut], parts_wanted, grain)
        .into_iter()
        .map(|(first, count)| walk.part(cut, first, count))
        .chain(rest);
    let parts = parts.map(|part| Call::new(&code, &part)).collect();
    Ok(Some(Launch::Elements(Elements { tables, parts })))
}

/// How many parts work of this cost is worth.
pub(crate) fn parts_for(cost: u64, threads: usize) -> u64 {
    if cost < PARALLEL_COST { 1 } else { threads as u64 }
}

/// Cuts `length` into at most `parts` ranges whose borders are multiples of `grain`.
pub(crate) fn split(length: u64, parts: u64, grain: u64) -> Vec<(u64, u64)> {
    let step = length.div_ceil(parts.max(1)).max(1).next_multiple_of(grain);
    (0..length.div_ceil(step)).map(|part| (part * step, step.min(length - part * step))).collect()
}

/// The epilogue as an element-wise body that reads totals from memory, through streams after its own.
pub(crate) fn finish_body(kernel: &Kernel) -> (Body, Vec<usize>) {
    let (mut body, accesses) = used_accesses(kernel, &kernel.epilogue);
    for Instruction { code, .. } in &mut body.instructions {
        if let Code::Total(at) = *code {
            *code = Code::Load(accesses.len() + at);
        }
    }
    (body, accesses)
}

fn results(
    kernel: &Kernel,
    memory: &Memory<'_>,
    part: Option<Part<'_>>,
    threads: usize,
) -> Result<Option<Launch>, CodeError> {
    let (body, accesses) = used_accesses(kernel, &kernel.body);
    let (finish_body, finish_accesses) = finish_body(kernel);
    let all: Vec<usize> = accesses.iter().chain(&finish_accesses).copied().collect();
    let walk = Walk::new(kernel, &all, memory, part);
    let loops = |reduced: bool| -> Vec<usize> {
        (0..kernel.loops.len())
            .filter(|l| kernel.loops[*l].reduced == reduced && walk.extents[*l] != 1)
            .collect()
    };
    let kept = walk.select(&loops(false));
    let reduced = walk.select(&loops(true));
    if kept.is_empty() {
        return Ok(None);
    }
    let accumulators = Accumulator::of(kernel);
    let only = |walk: &Walk, range: std::ops::Range<usize>| Walk {
        extents: walk.extents.clone(),
        strides: walk.strides[range].to_vec(),
    };
    let carried = Carried::of(kernel, &walk, memory);
    // What is carried is in the order of the kernel's loops, however a piece lies in memory.
    let kept = if carried.is_some() { kept } else { kept.ordered() }.merged().with_a_loop();
    let reduce_kept = only(&kept, 0..accesses.len());
    let mut finish_walk = only(&kept, accesses.len()..all.len());
    // The order of the reduced loops is the order of the reduction: they merge, but stay in place.
    // Those over no elements vanish.
    let is_nothing = reduced.is_empty();
    let reduced = only(&reduced, 0..accesses.len());
    let reduced = if is_nothing { reduced.select(&[]) } else { reduced.merged() }.with_a_loop();

    // Side by side where memory is consecutive along the results, one after another otherwise.
    let consecutive = |walk: &Walk| {
        let streams = walk.streams(walk.extents.len() - 1);
        streams.iter().filter(|stream| stream.motion == crate::lower::Motion::Consecutive).count()
    };
    let results_extent = kept.extents[kept.extents.len() - 1];
    let reduced_extent = reduced.extents[reduced.extents.len() - 1];
    let columns = results_extent >= 4
        && (consecutive(&reduce_kept) > consecutive(&reduced) || (reduced_extent == 1 && results_extent > 1));
    let (form, tile) = if columns { (Form::Columns, COLUMNS) } else { (Form::Rows, ROWS) };

    let inner = kept.extents.len() - 1;
    let inner_kept = reduce_kept.select(&[inner]);
    let code_walk = join(if columns { [&reduced, &inner_kept] } else { [&inner_kept, &reduced] });
    let mut routine = code_walk.routine(form, body.clone());
    routine.accumulators.clone_from(&accumulators);
    routine.carried = carried.is_some();
    let whole_routine = routine.clone();
    let code = if is_nothing { None } else { Some(cache::compiled(routine)?) };

    let mut totals = Block::new(tile * 8 * accumulators.len());
    for (at, accumulator) in accumulators.iter().enumerate() {
        let mut steps = vec![0; kept.extents.len()];
        steps[inner] = accumulator.dtype.bytes() as i64;
        finish_walk.strides.push(crate::walk::Stride {
            dtype: accumulator.dtype,
            index: false,
            written: false,
            // It moves with nothing that is bound.
            origin: Origin { buffer: Buffer::Index, rows: SmallVec::new() },
            start: totals.address() as i64 + (at * tile * 8) as i64,
            steps,
        });
    }
    let finish_code = cache::compiled(finish_walk.select(&[inner]).routine(Form::Elements, finish_body))?;

    let tiles = kept.extents[..inner].iter().product::<u64>() * kept.extents[inner].div_ceil(tile as u64);
    let results_word = if columns { code_walk.extents.len() - 1 } else { 0 };
    let make = |tiles: std::ops::Range<u64>| {
        let mut totals = Block::new(tile * 8 * accumulators.len());
        let mut finish_walk = finish_walk.clone();
        let own = finish_walk.strides.len() - accumulators.len();
        for (at, stride) in finish_walk.strides[own..].iter_mut().enumerate() {
            stride.start = totals.address() as i64 + (at * tile * 8) as i64;
        }
        Results {
            reduce: code.as_ref().map(|code| Reduce {
                call: Call::new(code, &code_walk),
                walk: reduce_kept.clone(),
                results_word,
            }),
            finish: Call::new(&finish_code, &finish_walk.select(&[inner])),
            finish_walk,
            accumulators: accumulators.clone(),
            count: match &carried {
                _ if is_nothing => 0,
                Some(carried) => carried.count,
                None => reduced.iterations(),
            },
            tile: tile as u64,
            tiles,
            partials: vec![0; tile * accumulators.len()],
            totals,
            carried: carried.clone(),
        }
    };
    let work = kept.iterations().saturating_mul(reduced.iterations()).saturating_mul(cost(&body));
    let parts = parts_for(work, threads);
    let reduced_loop = if columns { 0 } else { 1 };
    let may_be_chunked = reduced.extents.len() == 1 && reduced_extent >= 4 * BLOCK as u64;
    if let (Some(carried), Some(code_of_piece), true) = (&carried, code.clone(), may_be_chunked) {
        // Compiled beforehand, whatever the number of threads.
        let code = cache::compiled(Routine { carried: false, ..whole_routine })?;
        let per_chunk = chunk_of(reduced_extent, parts);
        let (first, count) = carried.chunks(per_chunk);
        if parts > 1 && tiles < 2 * parts && count > 1 {
            let (before, behind) = (first - carried.before(), first + count * per_chunk);
            let part = |from: u64, to: u64| {
                let from_here = from - carried.before();
                let mut walk = reduce_kept.clone();
                for (stride, along) in walk.strides.iter_mut().zip(&reduced.strides) {
                    stride.start = stride.start.wrapping_add(from_here as i64 * along.steps[0]);
                }
                let call = code_walk.part(reduced_loop, from_here, to - from);
                let call = Call::new(&code_of_piece, &call);
                (Reduce { call, walk, results_word }, carried.part(from, to))
            };
            let calls = (0..count).map(|chunk| {
                let part = code_walk.part(reduced_loop, before + chunk * per_chunk, per_chunk);
                (Call::new(&code, &part), vec![0; tile * accumulators.len()])
            });
            let calls = calls.collect();
            let after = carried.before() + reduced_extent;
            let (head, tail) = (part(carried.before(), first), part(behind, after));
            let ends = Some(Ends { head, tail, first, per_chunk });
            return Ok(Some(Launch::Chunks(Box::new(Chunks { whole: make(0..tiles), calls, ends }))));
        }
    }
    if let Some(code) = &code
        && carried.is_none()
        && may_be_chunked
        && parts > 1
        && tiles < 2 * parts
    {
        let per_chunk = chunk_of(reduced_extent, parts);
        let calls = (0..reduced_extent.div_ceil(per_chunk))
            .map(|chunk| {
                let first = chunk * per_chunk;
                let part = code_walk.part(reduced_loop, first, per_chunk.min(reduced_extent - first));
                (Call::new(code, &part), vec![0; tile * accumulators.len()])
            })
            .collect();
        return Ok(Some(Launch::Chunks(Box::new(Chunks { whole: make(0..tiles), calls, ends: None }))));
    }
    let parts = split(tiles, parts, 1).into_iter().map(|(first, count)| make(first..first + count));
    Ok(Some(Launch::Results(parts.collect())))
}

/// Elements of a chunk, where so many are cut for so many parts: a power of two of blocks, so that the tree over blocks has each chunk as a node.
fn chunk_of(elements: u64, parts: u64) -> u64 {
    let blocks = elements.div_ceil(BLOCK as u64);
    (blocks / (4 * parts)).max(1).next_power_of_two() * BLOCK as u64
}

/// The loops of one walk around those of another with the same accesses.
fn join([outer, inner]: [&Walk; 2]) -> Walk {
    let mut joined = outer.clone();
    joined.extents.extend(&inner.extents);
    for (stride, inner) in joined.strides.iter_mut().zip(&inner.strides) {
        stride.steps.extend(&inner.steps);
    }
    joined
}
