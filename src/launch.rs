//! Running kernels: the work of each step cut into parts, with everything a run needs made beforehand.
#![allow(unsafe_code)]

use crate::block::Block;
use crate::carried::Carried;
use crate::lower::{Accumulator, Compiled, Form};
use crate::repeat::Table;
use crate::rows::Lane;
use crate::tile_function;
use crate::tree;
use crate::walk::{Origin, Walk};
use fusewire_ir::{DType, Scalar};
use std::sync::Arc;

mod cut;

#[cfg(feature = "object")]
pub(crate) use cut::finish_body;
pub(crate) use cut::{cost, launch, parts_for, split};

/// One call of compiled code with arguments and scratch memory of its own.
struct Call {
    code: Arc<Compiled>,
    arguments: Vec<i64>,
    /// What the address of each stream moves with.
    origins: Vec<Origin>,
    scratch: Block,
}

impl Call {
    fn new(code: &Arc<Compiled>, walk: &Walk) -> Self {
        Self {
            code: code.clone(),
            arguments: walk.arguments(),
            origins: walk.strides.iter().map(|stride| stride.origin.clone()).collect(),
            scratch: Block::new(code.scratch),
        }
    }

    fn relocate(&mut self, moved: &impl Fn(&Origin) -> i64) {
        let words = self.code.loops;
        for (stream, origin) in self.origins.iter().enumerate() {
            let word = &mut self.arguments[words + stream * (1 + words)];
            *word = word.wrapping_add(moved(origin));
        }
    }

    /// Calls the code; `partials` is where totals go.
    fn run(&mut self, partials: *mut u64) {
        // SAFETY: the arguments were made by the walk the code was compiled for, over memory that
        // the binding has checked and borrows; scratch has the size the code asks for, and `partials`
        // holds a word for every result and accumulator.
        unsafe { self.code.code.call(&self.arguments, self.scratch.address(), partials) };
        if !self.code.customs.is_empty() {
            tile_function::resume_panic();
        }
    }
}

/// The work of one step.
pub(crate) enum Launch {
    /// Parts of an element-wise loop nest, which may run at the same time.
    Elements(Elements),
    /// Results of reductions, in parts which may run at the same time.
    Results(Vec<Results>),
    /// A reduction to few results, along a loop that is cut into chunks.
    Chunks(Box<Chunks>),
    /// Kernels that take turns on blocks of rows, in parts which may run at the same time.
    Rows(Vec<Lane>),
}

/// An element-wise loop nest.
pub(crate) struct Elements {
    /// What has to be filled before the parts run.
    tables: Vec<Table>,
    parts: Vec<Call>,
}

/// A part of the results of a reduction, with the code that completes and that uses totals.
pub(crate) struct Results {
    /// `None` where no elements are combined, and every total is that of nothing.
    reduce: Option<Reduce>,
    finish: Call,
    /// The loops over results; the innermost is cut into tiles.
    finish_walk: Walk,
    accumulators: Vec<Accumulator>,
    /// Elements combined into each result.
    count: u64,
    /// Results per tile.
    tile: u64,
    /// Tiles of this part.
    tiles: std::ops::Range<u64>,
    partials: Vec<u64>,
    totals: Block,
    /// Where only a piece of what is combined is at hand, how it goes on.
    carried: Option<Carried>,
}

/// The call that combines elements.
struct Reduce {
    call: Call,
    /// The loops over results; the innermost is cut into tiles.
    walk: Walk,
    /// The argument word for the number of results, to set per tile.
    results_word: usize,
}

/// A reduction cut along its reduced loop.
pub(crate) struct Chunks {
    whole: Results,
    calls: Vec<(Call, Vec<u64>)>,
    /// Where totals go on from piece to piece: what comes before the first whole chunk, and what comes behind the last.
    ends: Option<Ends>,
}

/// The ends of a piece that chunks leave.
struct Ends {
    /// Each with where it is in the reduction.
    head: (Reduce, Carried),
    tail: (Reduce, Carried),
    /// Where the first chunk begins in the reduction, and elements of each.
    first: u64,
    per_chunk: u64,
}

/// Sets the addresses of a call to the given position of the loops over results; how many there are.
fn place(call: &mut Call, walk: &Walk, tile: u64, per_tile: u64, shift: impl Fn(usize) -> i64) -> u64 {
    let words = call.code.loops;
    let inner = walk.extents.len() - 1;
    let per_row = walk.extents[inner].div_ceil(per_tile);
    let (mut row, first) = (tile / per_row, tile % per_row * per_tile);
    for (stream, stride) in walk.strides.iter().enumerate() {
        call.arguments[words + stream * (1 + words)] =
            stride.start + first as i64 * stride.steps[inner] + shift(stream);
    }
    for l in (0..inner).rev() {
        let index = (row % walk.extents[l]) as i64;
        row /= walk.extents[l];
        for (stream, stride) in walk.strides.iter().enumerate() {
            call.arguments[words + stream * (1 + words)] += index * stride.steps[l];
        }
    }
    per_tile.min(walk.extents[inner] - first)
}

impl Reduce {
    /// Moves the call to a tile; the number of results there.
    fn place(&mut self, tile: u64, per_tile: u64) -> u64 {
        let results = place(&mut self.call, &self.walk, tile, per_tile, |_| 0);
        self.call.arguments[self.results_word] = results as i64;
        results
    }

    /// The first result of a tile, as they are counted in the order of the loops.
    fn first_result(&self, tile: u64, per_tile: u64) -> u64 {
        let extent = self.walk.extents[self.walk.extents.len() - 1];
        let per_row = extent.div_ceil(per_tile);
        tile / per_row * extent + tile % per_row * per_tile
    }

    /// Goes on with the results of the tile at which it has been placed: as many side by side as the code takes, or one after another.
    fn go_on(&mut self, carried: &Carried, tile: u64, per_tile: u64, results: u64, partials: &mut [u64]) {
        let code = self.call.code.clone();
        let inner = self.walk.extents.len() - 1;
        let first = self.first_result(tile, per_tile);
        let together = if code.routine.form == Form::Columns { results } else { 1 };
        self.call.arguments[self.results_word] = together as i64;
        let width = code.routine.accumulators.len();
        assert!(results as usize * width <= partials.len());
        for result in (0..results).step_by(together.max(1) as usize) {
            let range = first + result..first + result + together;
            let scratch = self.call.scratch.address();
            // SAFETY: the scratch memory of this call, which runs in between; a word for every result and accumulator by the assertion, and
            // workspace that lives as long as the launch.
            unsafe {
                carried.take_up(&code, scratch, range.clone());
                self.call.run(std::ptr::null_mut());
                let totals = partials.as_mut_ptr().add(result as usize * width);
                carried.leave(&code, scratch, range, totals);
            }
            for (stream, stride) in self.walk.strides.iter().enumerate() {
                let word = &mut self.call.arguments[code.loops * (1 + stream) + stream];
                *word = word.wrapping_add((together as i64).wrapping_mul(stride.steps[inner]));
            }
        }
    }
}

impl Results {
    fn code(&self) -> impl Iterator<Item = Arc<Compiled>> + '_ {
        let reduce = self.reduce.iter().map(|reduce| &reduce.call);
        reduce.chain([&self.finish]).map(|call| call.code.clone())
    }

    fn run(&mut self) {
        for tile in self.tiles.clone() {
            if let Some(reduce) = &mut self.reduce {
                let results = reduce.place(tile, self.tile);
                match &self.carried {
                    Some(carried) => reduce.go_on(carried, tile, self.tile, results, &mut self.partials),
                    None => reduce.call.run(self.partials.as_mut_ptr()),
                }
            }
            if self.carried.as_ref().is_none_or(|carried| carried.is_last) {
                self.finish(tile);
            }
        }
    }

    fn scratch_bytes(&self) -> usize {
        let reduce = self.reduce.as_ref().map_or(0, |reduce| reduce.call.scratch.bytes());
        reduce + self.finish.scratch.bytes() + size_of_val(&self.partials[..]) + self.totals.bytes()
    }

    /// Calls get their addresses from the walks, tile by tile.
    fn relocate(&mut self, moved: &impl Fn(&Origin) -> i64) {
        self.finish_walk.relocate(moved);
        if let Some(reduce) = &mut self.reduce {
            reduce.walk.relocate(moved);
        }
    }

    /// Makes totals of the partial results and runs the epilogue on them.
    fn finish(&mut self, tile: u64) {
        let width = self.accumulators.len();
        let own = self.finish_walk.strides.len() - width;
        let walk = &self.finish_walk;
        let inner = walk.extents.len() - 1;
        let per_row = walk.extents[inner].div_ceil(self.tile);
        let first = (tile % per_row * self.tile) as i64;
        // Totals begin anew with every tile.
        let back = |stream: usize| if stream >= own { -first * walk.strides[stream].steps[inner] } else { 0 };
        let results = place(&mut self.finish, walk, tile, self.tile, back);
        for (at, accumulator) in self.accumulators.iter().enumerate() {
            // SAFETY: `totals` has `tile` words for each accumulator, and `results <= tile`.
            let base = unsafe { self.totals.address().add(at * self.tile as usize * 8) };
            let results = results as usize;
            if self.reduce.is_some() {
                // SAFETY: as above.
                unsafe {
                    tree::write_totals(*accumulator, &self.partials[at..], width, results, self.count, base);
                }
                continue;
            }
            let nothing = accumulator.op.of_nothing(accumulator.dtype);
            let nothing = nothing.unwrap_or(Scalar::I64(0).cast(accumulator.dtype));
            // SAFETY: as above.
            (0..results).for_each(|result| unsafe { tree::write(base, result, nothing) });
        }
        self.finish.arguments[0] = results as i64;
        self.finish.run(std::ptr::null_mut());
    }
}

impl Ends {
    fn both(&self) -> [&Reduce; 2] {
        [&self.head.0, &self.tail.0]
    }
}

impl Chunks {
    fn run(&mut self, done: &(impl Fn() + Sync)) {
        let whole = &mut self.whole;
        let width = whole.accumulators.len();
        for tile in whole.tiles.clone() {
            let Some(reduce) = &mut whole.reduce else { return };
            let results = reduce.place(tile, whole.tile);
            let words = reduce.call.code.loops;
            // Chunks differ from the whole by where they begin along the reduced loop.
            let moved = |stream: usize| {
                let word = words + stream * (1 + words);
                (word, reduce.call.arguments[word].wrapping_sub(reduce.walk.strides[stream].start))
            };
            let moves = || (0..reduce.walk.strides.len()).map(moved);
            for (call, _) in &mut self.calls {
                call.arguments[reduce.results_word] = results as i64;
                moves().for_each(|(word, by)| call.arguments[word] += by);
            }
            in_parallel(&mut self.calls, &|(call, partials)| {
                call.run(partials.as_mut_ptr());
                done();
            });
            for (call, _) in &mut self.calls {
                moves().for_each(|(word, by)| call.arguments[word] -= by);
            }
            let first_result = reduce.first_result(tile, whole.tile);
            if let Some(ends) = &mut self.ends {
                ends.head.0.place(tile, whole.tile);
                ends.head.0.go_on(&ends.head.1, tile, whole.tile, results, &mut whole.partials);
            }
            for result in 0..results as usize {
                for (at, accumulator) in whole.accumulators.iter().enumerate() {
                    let word = result * width + at;
                    let chunks = self.calls.iter().map(|(_, partials)| partials[word]);
                    let Some(ends) = &self.ends else {
                        whole.partials[word] = tree::combine_chunks(*accumulator, chunks);
                        continue;
                    };
                    let (place, result) = ((ends.first, ends.per_chunk), first_result + result as u64);
                    // SAFETY: the head has let all before the first chunk wait in workspace, which lives as long as the launch.
                    unsafe { ends.head.1.add_chunks((at, *accumulator), result, place, chunks) };
                }
            }
            if let Some(Ends { tail: (tail, carried), .. }) = &mut self.ends {
                tail.place(tile, whole.tile);
                tail.go_on(carried, tile, whole.tile, results, &mut whole.partials);
                if !carried.is_last {
                    continue;
                }
            }
            whole.finish(tile);
        }
    }
}

impl Launch {
    /// The code it runs.
    pub fn code(&self) -> Vec<Arc<Compiled>> {
        match self {
            Self::Elements(elements) => elements.parts.iter().map(|part| part.code.clone()).collect(),
            Self::Results(parts) => parts.iter().flat_map(Results::code).collect(),
            Self::Chunks(chunks) => {
                let calls = chunks.calls.iter().map(|(call, _)| call.code.clone());
                chunks.whole.code().chain(calls).collect()
            }
            Self::Rows(lanes) => lanes.iter().flat_map(Lane::launches).flat_map(Self::code).collect(),
        }
    }

    /// Bytes of scratch memory: tiles of elements, and totals on their way.
    pub fn scratch_bytes(&self) -> usize {
        match self {
            Self::Elements(elements) => {
                let tables = elements.tables.iter().map(Table::bytes).sum::<usize>();
                tables + elements.parts.iter().map(|part| part.scratch.bytes()).sum::<usize>()
            }
            Self::Results(parts) => parts.iter().map(Results::scratch_bytes).sum(),
            Self::Chunks(chunks) => {
                let own =
                    |(call, partials): &(Call, Vec<u64>)| call.scratch.bytes() + size_of_val(&partials[..]);
                let ends = chunks.ends.iter().flat_map(Ends::both);
                let ends = ends.map(|end| end.call.scratch.bytes()).sum::<usize>();
                chunks.whole.scratch_bytes() + chunks.calls.iter().map(own).sum::<usize>() + ends
            }
            Self::Rows(lanes) => lanes.iter().flat_map(Lane::launches).map(Self::scratch_bytes).sum(),
        }
    }

    /// The work of each kernel, where several take turns; of one alone, itself.
    pub fn of_kernels(&self) -> Vec<&Self> {
        match self {
            Self::Rows(lanes) => lanes.first().map(|lane| lane.launches().collect()).unwrap_or_default(),
            _ => vec![self],
        }
    }

    /// The same work after buffers have moved by as many bytes as `moved` says; they are laid out as before.
    pub fn relocate(&mut self, moved: &impl Fn(&Origin) -> i64) {
        match self {
            Self::Elements(elements) => {
                elements.tables.iter_mut().for_each(|table| table.relocate(moved));
                elements.parts.iter_mut().for_each(|part| part.relocate(moved));
            }
            Self::Results(parts) => parts.iter_mut().for_each(|part| part.relocate(moved)),
            Self::Chunks(chunks) => {
                chunks.whole.relocate(moved);
                chunks.calls.iter_mut().for_each(|(call, _)| call.relocate(moved));
                if let Some(ends) = &mut chunks.ends {
                    ends.head.0.walk.relocate(moved);
                    ends.tail.0.walk.relocate(moved);
                }
            }
            Self::Rows(lanes) => {
                lanes.iter_mut().flat_map(Lane::launches_mut).for_each(|launch| launch.relocate(moved));
            }
        }
    }

    /// Does the work, on the calling thread and, where there are several parts, on rayon's.
    pub fn run(&mut self) {
        self.run_with(&|| {});
    }

    /// Runs it, and says after each of its parts that it is done.
    pub fn run_with(&mut self, done: &(impl Fn() + Sync)) {
        match self {
            Self::Elements(elements) => {
                elements.tables.iter_mut().for_each(Table::fill);
                in_parallel(&mut elements.parts, &|part| {
                    part.run(std::ptr::null_mut());
                    done();
                });
            }
            Self::Results(parts) => in_parallel(parts, &|part| {
                part.run();
                done();
            }),
            Self::Chunks(chunks) => chunks.run(done),
            Self::Rows(lanes) => in_parallel(lanes, &|lane| {
                lane.run();
                done();
            }),
        }
    }

    /// How often [`Launch::run_with`] says that a part is done.
    pub fn parts(&self) -> u64 {
        match self {
            Self::Elements(elements) => elements.parts.len() as u64,
            Self::Results(parts) => parts.len() as u64,
            Self::Chunks(chunks) => {
                let tiles =
                    if chunks.whole.reduce.is_some() { chunks.whole.tiles.clone().count() } else { 0 };
                (tiles * chunks.calls.len()) as u64
            }
            Self::Rows(lanes) => lanes.len() as u64,
        }
    }
}

/// Runs every part, halves at the same time.
pub(crate) fn in_parallel<T: Send>(parts: &mut [T], run: &(impl Fn(&mut T) + Sync)) {
    match parts {
        [] => {}
        [part] => run(part),
        _ => {
            let (left, right) = parts.split_at_mut(parts.len() / 2);
            rayon::join(|| in_parallel(left, run), || in_parallel(right, run));
        }
    }
}

/// Bytes of a dtype's element that totals are stored with.
const _: () = assert!(DType::F64.bytes() == 8);
