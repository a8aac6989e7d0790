//! Programs: compiled plans, bound to arrays and run.

mod memory;
mod prepared;
mod work;

use crate::bind::{self, Binding, Given, size};
use crate::block::Block;
use crate::jit::Listings;
use crate::launch::{Launch, launch};
use crate::routine::RoutineLaunch;
use crate::rows::{Blocks, lanes};
use crate::trace::Timed;
use crate::view::{Layout, View, ViewMut};
use crate::walk::Memory;
use crate::watch::Watch;
use fusewire_ir::plan::{Plan, Port, Step, Stored, Task};
use fusewire_ir::{Chunked, Error, Site, Sizes};
use memory::{
    Arrangement, Constant, WORKSPACE_ALIGNMENT, dense, expected_at, no_memory, not_compiled, offsets_of,
    place_in,
};
use prepared::{HeldCode, Prepared};
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use work::{Launches, Work};

/// A compiled plan. It is `Send` and `Sync`: any number of threads may bind and run it at once. The
/// machine code is freed when nothing uses it any more.
#[derive(Clone)]
pub struct Program {
    plan: Arc<Plan>,
    constants: Arc<Vec<Constant>>,
    threads: usize,
    /// The most rows of a block.
    block_rows: u64,
    /// Sizes that no array decides.
    sizes: Sizes,
    code: Arc<Mutex<HeldCode>>,
    prepared: Arc<Mutex<Vec<Prepared>>>,
}

/// A program with its arrays: everything is checked and prepared, and [`Bound::run`] only computes.
pub struct Bound<'a> {
    prepared: Prepared,
    _constants: Arc<Vec<Constant>>,
    plan: Arc<Plan>,
    threads: usize,
    borrow: PhantomData<&'a mut ()>,
}

/// Arrays by name: an array of pairs, a vector of pairs, or `()` for none.
pub trait Arrays<V> {
    /// Hands over each pair.
    fn each(self, take: &mut dyn FnMut(&str, V));
}

impl<V, N: AsRef<str>, A: Into<V>, const COUNT: usize> Arrays<V> for [(N, A); COUNT] {
    fn each(self, take: &mut dyn FnMut(&str, V)) {
        self.into_iter().for_each(|(name, array)| take(name.as_ref(), array.into()));
    }
}

impl<V, N: AsRef<str>, A: Into<V>> Arrays<V> for Vec<(N, A)> {
    fn each(self, take: &mut dyn FnMut(&str, V)) {
        self.into_iter().for_each(|(name, array)| take(name.as_ref(), array.into()));
    }
}

impl<V> Arrays<V> for () {
    fn each(self, _: &mut dyn FnMut(&str, V)) {}
}

impl Program {
    pub(crate) fn new(plan: Plan) -> Result<Self, Error> {
        let constants =
            plan.constants().iter().map(|held| Constant::new(&held.array, &held.elements)).collect();
        let program = Self {
            plan: Arc::new(plan),
            constants: Arc::new(constants),
            threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            block_rows: u64::MAX,
            sizes: Sizes::new(),
            code: Arc::default(),
            prepared: Arc::default(),
        };
        let timed = Timed::begin();
        let compiled = program.compile_dense();
        timed.compiled(&program.plan, &compiled);
        compiled?;
        Ok(program)
    }

    /// Compiles what dense arrays of the planned shapes need, and records without gaps between rows.
    fn compile_dense(&self) -> Result<(), Error> {
        let binding = self.expected_binding();
        let arrangement = self.arrange(&binding, 1);
        self.prepare(&binding, &arrangement, 64, 1, self.all_steps()).map(|_| ())
    }

    /// Arrays as they are most likely bound, at addresses that nobody follows, and far from each other.
    fn expected_binding(&self) -> Binding {
        const DISTANCE: usize = 1 << 44;
        let mut address = WORKSPACE_ALIGNMENT;
        let mut ports = |ports: &[Port]| {
            let next = |port| {
                address = address.wrapping_add(DISTANCE);
                expected_at(port, address)
            };
            ports.iter().map(next).collect()
        };
        let sizes = self.plan.dims().iter().map(|dim| (dim.name.clone(), dim.upper)).collect();
        Binding { inputs: ports(self.plan.inputs()), outputs: ports(self.plan.outputs()), sizes }
    }

    /// The bytes of scratch memory that such arrays need, on the threads of the program.
    pub(crate) fn expected_scratch_bytes(&self) -> Result<u64, Error> {
        let binding = self.expected_binding();
        let arrangement = self.arrange(&binding, self.threads);
        let launches = self.launches(&binding, &arrangement, 64, self.threads, self.all_steps())?;
        Ok(launches.iter().flatten().map(|launch| launch.scratch_bytes() as u64).sum())
    }

    /// For tasks by position, the code that such arrays need, with titles.
    pub(crate) fn listings(&self) -> Result<Vec<(usize, Listings)>, Error> {
        let binding = self.expected_binding();
        let mut listings = Vec::new();
        let mut first = 0;
        let launches = self.launches(&binding, &self.arrange(&binding, 1), 64, 1, self.all_steps())?;
        for (launches, step) in launches.iter().zip(self.plan.steps()) {
            // A routine has no code of its own.
            let kernels = step.tasks().count();
            let loops = launches.iter().filter_map(Work::loops);
            let mut own: Vec<&Launch> = loops.flat_map(Launch::of_kernels).collect();
            if own.len() == 2 * kernels {
                // For a whole block of rows, and for the rest.
                own.truncate(kernels);
            }
            for (at, launch) in own.iter().enumerate() {
                // Kernels that have nothing to do have no launch: then it is not known whose these are.
                let kernel = first + if own.len() == kernels { at } else { 0 };
                let mut code = launch.code();
                code.dedup_by(|a, b| Arc::ptr_eq(a, b));
                for (part, code) in code.iter().enumerate() {
                    let titled = |(title, text): (String, String)| match part {
                        0 => (title, text),
                        _ => (format!("{title} of the epilogue"), text),
                    };
                    let listing = code.routine.listings().map_err(not_compiled)?;
                    listings.push((kernel, listing.into_iter().map(titled).collect()));
                }
            }
            first += kernels;
        }
        Ok(listings)
    }

    /// The same program, on at most this many threads (at least one). By default it is as many as the
    /// machine has; small work stays on one. The bits of the result do not depend on it.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self.prepared = Arc::default();
        self
    }

    /// The same program, in which kernels that take turns on blocks of rows do so on at most this many rows at
    /// a time (at least one). By default it is as many as stay in the cache. The bits of the result do not depend
    /// on it.
    #[must_use]
    pub fn with_block_rows(mut self, rows: u64) -> Self {
        self.block_rows = rows.max(1);
        self.prepared = Arc::default();
        self
    }

    /// The same program with this size for a dim of its plan, as one needs that is no axis of any array
    /// that is bound.
    #[must_use]
    pub fn with_size(mut self, dim: &str, size: u64) -> Self {
        self.sizes.insert(dim.into(), size);
        self.prepared = Arc::default();
        self
    }

    /// The plan it was compiled from.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Binds arrays by name, runs, and lets go of them. What was prepared for arrays of the same sizes and
    /// strides is used again. To run the same arrays again and again, use [`Program::bind`].
    ///
    /// # Errors
    /// What [`Program::bind`] reports; no output has been touched then. What [`Bound::run`] reports.
    #[track_caller]
    pub fn run<'a>(
        &self,
        inputs: impl Arrays<View<'a>>,
        outputs: impl Arrays<ViewMut<'a>>,
    ) -> Result<(), Error> {
        let site = Site::caller();
        let (inputs, outputs) = self.given(inputs, outputs);
        let mut prepared = match self.prepared_for(&inputs, &outputs) {
            Some(prepared) => prepared,
            None => self.prepare_for(inputs, outputs, site)?,
        };
        let timed = Timed::begin();
        let ran = prepared.launches.run(site);
        timed.ran(&self.plan, prepared.bytes, self.threads, &ran);
        self.keep(prepared);
        ran
    }

    /// Binds arrays by name and prepares everything that a run needs.
    ///
    /// # Errors
    /// All together: names that are missing, unknown or bound twice; a wrong dtype or shape; an output
    /// that shares memory with an input, with another output or with itself. Then, alone: workspace that
    /// the machine cannot give; layouts that cannot be compiled.
    #[track_caller]
    pub fn bind<'a>(
        &self,
        inputs: impl Arrays<View<'a>>,
        outputs: impl Arrays<ViewMut<'a>>,
    ) -> Result<Bound<'a>, Error> {
        let site = Site::caller();
        let (inputs, outputs) = self.given(inputs, outputs);
        let prepared = self.prepare_for(inputs, outputs, site)?;
        Ok(self.bound(prepared))
    }

    fn bound<'a>(&self, prepared: Prepared) -> Bound<'a> {
        let (_constants, plan) = (self.constants.clone(), self.plan.clone());
        Bound { prepared, _constants, plan, threads: self.threads, borrow: PhantomData }
    }

    /// As [`Program::bind`], in workspace of the caller: nothing is allocated for what kernels exchange.
    /// [`Plan::workspace_bytes`] bytes, and 63 more where they do not begin at a multiple of 64, are enough for
    /// every binding. What is in it before does not matter, and what is in it afterwards means nothing.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", F64, [2, 3]);
    /// let plan = g.plan([(x - x.mean(Axis(0))).named("centred")], &Limits::default())?;
    /// let mut workspace = vec![0; plan.workspace_bytes() as usize + 63];
    /// let program = plan.compile()?;
    /// let mut out = [0.0; 6];
    /// let x = View::new(&[1.0, 2.0, 3.0, 3.0, 2.0, 1.0], [2, 3]);
    /// program.bind_in(&mut workspace, [("x", x)], [("centred", ViewMut::new(&mut out, [2, 3]))])?.run()?;
    /// assert_eq!(out, [-1.0, 0.0, 1.0, 1.0, 0.0, -1.0]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// What [`Program::bind`] reports, and workspace that is too small: no output has been touched then.
    #[track_caller]
    pub fn bind_in<'a>(
        &self,
        workspace: &'a mut [u8],
        inputs: impl Arrays<View<'a>>,
        outputs: impl Arrays<ViewMut<'a>>,
    ) -> Result<Bound<'a>, Error> {
        let site = Site::caller();
        let (inputs, outputs) = self.given(inputs, outputs);
        let prepared = self.prepare_in(Some(workspace), inputs, outputs, site)?;
        Ok(self.bound(prepared))
    }

    /// The memory of each port.
    fn given<'a>(&self, inputs: impl Arrays<View<'a>>, outputs: impl Arrays<ViewMut<'a>>) -> (Given, Given) {
        let (to_read, to_write) = (self.plan.inputs(), self.plan.outputs());
        let mut given = (Given::for_ports(to_read), Given::for_ports(to_write));
        inputs.each(&mut |name, view| match view.record {
            Some(ty) => given.0.take_records(to_read, name, &view.layout, &ty),
            None => given.0.take(to_read, name, view.layout),
        });
        outputs.each(&mut |name, view| match view.record {
            Some(ty) => given.1.take_records(to_write, name, &view.layout, &ty),
            None => given.1.take(to_write, name, view.layout),
        });
        given
    }

    fn prepare_for(&self, inputs: Given, outputs: Given, site: Site) -> Result<Prepared, Error> {
        self.prepare_in(None, inputs, outputs, site)
    }

    /// Prepares a run in this workspace, or in some of its own.
    fn prepare_in(
        &self,
        lent: Option<&mut [u8]>,
        inputs: Given,
        outputs: Given,
        site: Site,
    ) -> Result<Prepared, Error> {
        let timed = Timed::begin();
        let prepared = self.prepare_unseen(lent, inputs, outputs, site);
        timed.bound(&prepared);
        prepared
    }

    fn prepare_unseen(
        &self,
        lent: Option<&mut [u8]>,
        inputs: Given,
        outputs: Given,
        site: Site,
    ) -> Result<Prepared, Error> {
        let binding = bind::bind(&self.plan, &inputs, &outputs, &self.sizes, site)?;
        let arrangement = self.arrange(&binding, self.threads);
        let bytes = arrangement.offsets.last().copied().unwrap_or(0);
        let (mut workspace, address) = match lent {
            Some(lent) => (Block::new(0), Some(place_in(lent, bytes, site)?)),
            None => (Block::try_new(bytes).ok_or_else(|| no_memory(bytes, site))?, None),
        };
        let address = address.unwrap_or_else(|| workspace.address() as usize);
        let launches = self.prepare(&binding, &arrangement, address, self.threads, self.all_steps())?;
        Ok(Prepared {
            inputs: inputs.layouts,
            outputs: outputs.layouts,
            launches,
            _workspace: workspace,
            bytes,
        })
    }

    /// Runs the rounds of a plan that is cut, on the same arrays and in one workspace.
    pub(crate) fn run_rounds<'a>(
        &self,
        cut: &Chunked,
        inputs: impl Arrays<View<'a>>,
        outputs: impl Arrays<ViewMut<'a>>,
        site: Site,
    ) -> Result<(), Error> {
        let (inputs, outputs) = self.given(inputs, outputs);
        let bound = |piece: u64| {
            let sizes = cut.sizes(piece).map(|(dim, size)| (dim.into(), size));
            let sizes: Sizes = self.sizes.clone().into_iter().chain(sizes).collect();
            let binding = bind::bind(&self.plan, &inputs, &outputs, &sizes, site);
            Timed::begin().bound(&binding);
            binding
        };
        // Pieces are of two sizes at most: all is where there is room for either.
        let last = cut.pieces() - 1;
        let mut slots = self.slot_bytes(&bound(0)?, &self.blocks(&bound(0)?, self.threads));
        let binding = bound(last)?;
        let of_last = self.slot_bytes(&binding, &self.blocks(&binding, self.threads));
        slots.iter_mut().zip(of_last).for_each(|(slot, bytes)| *slot = bytes.max(*slot));
        let offsets = offsets_of(&slots);
        let bytes = offsets.last().copied().unwrap_or(0);
        let mut workspace = Block::try_new(bytes).ok_or_else(|| no_memory(bytes, site))?;
        let address = workspace.address() as usize;
        for round in cut.rounds() {
            for piece in 0..if round.in_pieces { cut.pieces() } else { 1 } {
                let binding = bound(piece)?;
                let blocks = self.blocks(&binding, self.threads);
                let arrangement = Arrangement { offsets: offsets.clone(), blocks };
                let steps = round.steps.clone();
                let mut launches = self.prepare(&binding, &arrangement, address, self.threads, steps)?;
                let timed = Timed::begin();
                let ran = launches.run(site);
                timed.ran(&self.plan, bytes, self.threads, &ran);
                ran?;
            }
        }
        Ok(())
    }

    /// What an earlier call has prepared, if these arrays have the form of those and no overlap that has
    /// to be refused.
    fn prepared_for(&self, inputs: &Given, outputs: &Given) -> Option<Prepared> {
        let mut prepared = {
            let mut idle = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
            let at = idle.iter().rposition(|prepared| prepared.fits(inputs, outputs))?;
            idle.swap_remove(at)
        };
        if prepared.inputs != inputs.layouts || prepared.outputs != outputs.layouts {
            let mut overlaps = Vec::new();
            bind::check_overlaps(&self.plan, &inputs.layouts, &outputs.layouts, &mut overlaps);
            if !overlaps.is_empty() {
                return None;
            }
            prepared.relocate(&self.plan, &inputs.layouts, &outputs.layouts);
        }
        Some(prepared)
    }

    /// Keeps what was prepared for a call to come.
    fn keep(&self, prepared: Prepared) {
        if prepared.bytes > Prepared::MOST_BYTES {
            return;
        }
        let mut idle = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() >= Prepared::MOST {
            idle.remove(0);
        }
        idle.push(prepared);
    }

    /// Decides where everything is in workspace.
    fn arrange(&self, binding: &Binding, threads: usize) -> Arrangement {
        let blocks = self.blocks(binding, threads);
        Arrangement { offsets: offsets_of(&self.slot_bytes(binding, &blocks)), blocks }
    }

    /// How the rows of each step are cut, where kernels take turns on them.
    fn blocks(&self, binding: &Binding, threads: usize) -> Vec<Option<Blocks>> {
        let of_step = |(at, step): (usize, &Step)| match step {
            Step::Rows(rows) => Some(Blocks::new(&self.plan, at, rows, binding, threads, self.block_rows)),
            _ => None,
        };
        self.plan.steps().iter().enumerate().map(of_step).collect()
    }

    /// The bytes that each slot of workspace needs, in whole cache lines.
    fn slot_bytes(&self, binding: &Binding, blocks: &[Option<Blocks>]) -> Vec<usize> {
        let plan = &self.plan;
        let mut bytes = vec![0usize; plan.slots().len()];
        for stored in plan.stored().iter().filter(|stored| stored.output.is_none()) {
            let held = stored.rows.as_ref().and_then(|held| blocks[held.step].as_ref());
            let needed = match held {
                Some(blocks) => blocks.stride(stored.slot).checked_mul(blocks.lanes),
                None => Some(plan.whole_bytes(stored, &|dim| size(dim, &binding.sizes))),
            };
            // A size that does not fit is more than any machine gives.
            let needed = needed.and_then(|bytes| usize::try_from(bytes).ok()?.checked_next_multiple_of(64));
            bytes[stored.slot] = bytes[stored.slot].max(needed.unwrap_or(usize::MAX));
        }
        bytes
    }

    fn prepare(
        &self,
        binding: &Binding,
        arrangement: &Arrangement,
        workspace: usize,
        threads: usize,
        steps: Range<usize>,
    ) -> Result<Launches, Error> {
        let launches = self.launches(binding, arrangement, workspace, threads, steps)?;
        let launches = Launches(launches.into_iter().flatten().collect());
        let mut held = self.code.lock().unwrap_or_else(PoisonError::into_inner);
        held.hold(&launches, self.plan.kernels().len());
        Ok(launches)
    }

    fn all_steps(&self) -> Range<usize> {
        0..self.plan.steps().len()
    }

    /// The work of each of these steps.
    fn launches(
        &self,
        binding: &Binding,
        arrangement: &Arrangement,
        workspace: usize,
        threads: usize,
        steps: Range<usize>,
    ) -> Result<Vec<Vec<Work>>, Error> {
        let plan = &self.plan;
        let held: Vec<bool> = plan.stored().iter().map(Stored::is_held_for_blocks).collect();
        // Of what is held for a block, the part of a lane.
        let stored = |lane: u64| -> Vec<Layout> {
            let layout = |stored: &Stored| {
                if let Some(output) = stored.output {
                    return binding.outputs[output].clone();
                }
                let mut sizes: Vec<u64> =
                    stored.array.shape.iter().map(|dim| size(dim, &binding.sizes)).collect();
                let mut offset = arrangement.offsets[stored.slot];
                if let Some(held) = &stored.rows
                    && let Some(blocks) = &arrangement.blocks[held.step]
                {
                    blocks.held_sizes(&held.axes, &mut sizes);
                    offset = offset.wrapping_add(lane.wrapping_mul(blocks.stride(stored.slot)) as usize);
                }
                // Wraps only while code is prepared for sizes that no workspace has.
                dense(stored.array.dtype, &sizes, workspace.wrapping_add(offset))
            };
            plan.stored().iter().map(layout).collect()
        };
        let constants: Vec<Layout> = self.constants.iter().map(|constant| constant.layout.clone()).collect();
        let memory = |lane: u64| Memory { binding, constants: &constants, stored: stored(lane) };
        let whole = memory(0);
        let mut launches = Vec::new();
        for (step, blocks) in plan.steps()[steps.clone()].iter().zip(&arrangement.blocks[steps]) {
            if let (Step::Rows(rows), Some(blocks)) = (step, blocks) {
                let lanes = lanes(rows, blocks, &held, threads, memory).map_err(not_compiled)?;
                launches.push(lanes.map(Work::Loops).into_iter().collect());
                continue;
            }
            let mut own = Vec::new();
            for task in step.tasks() {
                own.extend(match task {
                    Task::Kernel(kernel) => {
                        launch(kernel, &whole, None, threads).map_err(not_compiled)?.map(Work::Loops)
                    }
                    Task::Routine(call) => {
                        Some(Work::Routine(Box::new(RoutineLaunch::new(call, &whole, threads))))
                    }
                });
            }
            launches.push(own);
        }
        Ok(launches)
    }
}

impl Bound<'_> {
    /// The bytes of workspace that it has: at most what the plan says.
    #[must_use]
    pub const fn workspace_bytes(&self) -> usize {
        self.prepared.bytes
    }

    /// The most bytes of scratch memory beside: tiles that stay in the nearest cache, totals on their way, and what products of
    /// floats copy blocks of their operands to, which is there only while they run. They depend on the code and
    /// on the number of threads; however large arrays are, a product has less than 3 MiB for each thread.
    #[must_use]
    pub fn scratch_bytes(&self) -> usize {
        self.prepared.launches.0.iter().map(Work::scratch_bytes).sum()
    }

    /// Computes every output from the inputs as they are now. Allocates nothing on one thread, but for the blocks
    /// that products of floats copy their operands to: they are in [`Bound::scratch_bytes`].
    ///
    /// # Errors
    /// An index that an array does not have, found in an array of indices. Steps before the one that found
    /// it have run, and may have written outputs of their own; its own output is as it was. A program whose
    /// plan takes no indices from arrays never fails.
    #[track_caller]
    pub fn run(&mut self) -> Result<(), Error> {
        let timed = Timed::begin();
        let ran = self.prepared.launches.run(Site::caller());
        timed.ran(&self.plan, self.prepared.bytes, self.threads, &ran);
        ran
    }

    /// As [`Bound::run`], watched from another thread. Steps that have nothing to do are not among those that are timed.
    ///
    /// # Errors
    /// As [`Bound::run`].
    #[track_caller]
    pub fn run_watched(&mut self, watch: &Watch) -> Result<(), Error> {
        let timed = Timed::begin();
        let ran = self.prepared.launches.run_watched(watch, Site::caller());
        timed.ran(&self.plan, self.prepared.bytes, self.threads, &ran);
        ran
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Program({} kernels)", self.plan.kernels().len())
    }
}

impl fmt::Debug for Bound<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bound({} launches)", self.prepared.launches.0.len())
    }
}
