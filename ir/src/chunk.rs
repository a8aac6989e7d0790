//! Plans that run piece by piece along an axis.
//!
//! A piece has a size and a start that a run decides, like the sizes of dims. Loops that follow the axis run
//! over the size; where they meet whole arrays they begin at the start, and what kernels exchange along them is stored for
//! one piece. A reduction along the axis hands its lanes and its tree on from piece to piece: its order is as before, and so are the
//! bits of all results. What waits for a total waits for the next round over all pieces.

mod follow;
mod refusal;
mod rounds;

use crate::bounds::Bounds;
use crate::diagnostic::{Error, Site};
use crate::dim::Dim;
use crate::dtype::DType;
use crate::fuse::{self, Equalities, StoreReason};
use crate::index_map::IndexMap;
use crate::kernel::{Access, Buffer, Carried, Kernel};
use crate::limits::largest_passing;
use crate::plan::{Plan, Port, Stored};
use crate::plan_dims::PlanDim;
use crate::quick_hash::QuickMap;
use crate::reduce::BLOCK;
use crate::routine::RoutineCall;
use crate::shape::{ArrayType, Shape};
use crate::size::{SizeExpr, Symbol};
use crate::step::{Step, Task};
use crate::touched::Touched;
use follow::Following;
pub(crate) use refusal::Refusal;
use rounds::Rounds;
use std::ops::Range;
use std::sync::Arc;

/// A plan that is cut into pieces: made by [`Plan::chunked`].
#[derive(Clone, Debug, PartialEq)]
pub struct Chunked {
    plan: Plan,
    port: Arc<str>,
    axis: usize,
    extent: u64,
    piece: u64,
    bytes: u64,
    rounds: Vec<Round>,
}

/// Steps that run together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// Which steps of [`Chunked::plan`].
    pub steps: Range<usize>,
    /// Do they run for each piece, one after another, or once, on whole arrays?
    pub in_pieces: bool,
}

/// The names of the two sizes of a piece; no name of the user has an exclamation mark at its end.
const SIZE: &str = "piece!";
const START: &str = "start!";

impl Chunked {
    /// What runs, where `piece!` is the size of a piece and `start!` where it begins.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The input or output whose axis is cut.
    #[must_use]
    pub fn port(&self) -> &str {
        &self.port
    }

    /// The axis of it that is cut.
    #[must_use]
    pub const fn axis(&self) -> usize {
        self.axis
    }

    /// The most elements of the axis in one piece.
    #[must_use]
    pub const fn piece(&self) -> u64 {
        self.piece
    }

    /// How many pieces there are.
    #[must_use]
    pub const fn pieces(&self) -> u64 {
        self.extent.div_ceil(self.piece)
    }

    /// The most bytes that one piece touches: workspace, and its parts of the caller's arrays. What runs once, on whole arrays, touches
    /// no more.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The steps of the plan in order: those that run for each piece before others begin, and those that run once.
    #[must_use]
    pub fn rounds(&self) -> &[Round] {
        &self.rounds
    }

    /// The sizes to bind for a piece: the names of the dims, with their values.
    #[must_use]
    pub fn sizes(&self, piece: u64) -> [(&'static str, u64); 2] {
        let start = piece.saturating_mul(self.piece).min(self.extent);
        [(SIZE, self.piece.min(self.extent - start)), (START, start)]
    }
}

/// How a plan is cut, but for the size of a piece.
struct Cut<'p> {
    plan: &'p Plan,
    tasks: Vec<Task<'p>>,
    following: Following,
    rounds: Rounds,
    /// Of stored values, the axis along which only a piece of them is stored.
    stored: Vec<Option<usize>>,
    port: Arc<str>,
    axis: usize,
    site: Site,
}

impl Plan {
    /// The same plan cut along an axis of its first output (of its first input where that output has no axes), so that a piece touches at most this
    /// many bytes: workspace, and its parts of inputs and outputs. The bits of all results are the same.
    ///
    /// # Errors
    /// An axis that does not exist or whose size is not known, or that nothing can follow. Bytes that not even a piece of one
    /// element fits into, beside what is needed as a whole.
    pub fn chunked(&self, axis: usize, bytes: u64, site: Site) -> Result<Chunked, Error> {
        let fits = |piece: &Chunked| piece.bytes <= bytes;
        let port = self.first_port();
        self.chunked_by(port, axis, site, &fits)
            .map_err(|refusal| self.not_cut(refusal, port, axis, bytes, site))
    }

    /// The same along an axis of the input or output of this name.
    ///
    /// # Errors
    /// As [`Plan::chunked`], and a name that is unknown.
    pub fn chunked_along(&self, port: &str, axis: usize, bytes: u64, site: Site) -> Result<Chunked, Error> {
        let fits = |piece: &Chunked| piece.bytes <= bytes;
        let Some(port) = self.port_named(port) else { return Err(self.no_port(port, site).into()) };
        self.chunked_by(port, axis, site, &fits)
            .map_err(|refusal| self.not_cut(refusal, port, axis, bytes, site))
    }

    /// The input or output whose axes [`Plan::chunked`] speaks of.
    #[must_use]
    pub fn first_cut(&self) -> Option<&Port> {
        self.port_of(self.first_port())
    }

    /// The port whose axes are meant where none is named.
    pub(crate) fn first_port(&self) -> Buffer {
        let has_axes = |port: &Port| !port.array.shape.is_empty();
        match self.outputs.first() {
            Some(port) if !has_axes(port) && self.inputs.first().is_some_and(has_axes) => Buffer::Input(0),
            _ => Buffer::Output(0),
        }
    }

    fn port_named(&self, name: &str) -> Option<Buffer> {
        let at = |ports: &[Port]| ports.iter().position(|port| *port.name == *name);
        at(&self.outputs).map(Buffer::Output).or_else(|| at(&self.inputs).map(Buffer::Input))
    }

    pub(crate) fn port_of(&self, buffer: Buffer) -> Option<&Port> {
        match buffer {
            Buffer::Input(at) => self.inputs.get(at),
            Buffer::Output(at) => self.outputs.get(at),
            _ => None,
        }
    }

    /// The same, in pieces that are as large as `fits` lets them be.
    pub(crate) fn chunked_by(
        &self,
        port: Buffer,
        axis: usize,
        site: Site,
        fits: &dyn Fn(&Chunked) -> bool,
    ) -> Result<Chunked, Refusal> {
        let cut = Cut::new(self, port, axis, site)?;
        let extent = cut.following.extent;
        let pieces = |piece: u64| cut.pieces(piece);
        let least = pieces(1);
        if !fits(&least) {
            return Err(cut.too_large(&least));
        }
        let whole = pieces(extent);
        let mut chunked = if fits(&whole) {
            whole
        } else {
            let passes = |piece: u64| fits(&pieces(piece));
            pieces(largest_passing(1, extent, &passes).unwrap_or(1))
        };
        // Pieces of about the same size rather than a small one at last.
        let even = extent.div_ceil(chunked.pieces());
        if even < chunked.piece {
            let smaller = pieces(even);
            if fits(&smaller) {
                chunked = smaller;
            }
        }
        Ok(chunked)
    }
}

impl<'p> Cut<'p> {
    fn new(plan: &'p Plan, port: Buffer, axis: usize, site: Site) -> Result<Self, Refusal> {
        let never = |why: String| plan.never(port, axis, why, site);
        let Some(bound) = plan.port_of(port) else { return Err(never("it has no outputs".into())) };
        let Some(dim) = bound.array.shape.get(axis) else {
            return Err(never(format!("`{}` has no such axis", bound.name)));
        };
        let Some(size) = dim.known().filter(|size| *size > 0) else {
            return Err(never(format!("its size, {dim}, is not known or 0")));
        };
        let tasks: Vec<Task<'p>> = plan.tasks().collect();
        let following = Following::new(&tasks, port, axis, size);
        if following.is_empty() {
            return Err(never(following.why_nothing_follows(&tasks)));
        }
        let rounds = Rounds::new(plan, &tasks, &following);
        let (port, stored) = (bound.name.clone(), Vec::new());
        let mut cut = Self { plan, tasks, following, rounds, stored, port, axis, site };
        cut.stored = cut.stored_for_a_piece();
        Ok(cut)
    }

    /// Of stored values, the axis of which whoever meets them meets only the piece at hand, all in one round.
    fn stored_for_a_piece(&self) -> Vec<Option<usize>> {
        // The axis, and the round; `None` of values that are met in any other way.
        let mut met: Vec<Option<Option<(usize, usize)>>> = vec![None; self.plan.stored.len()];
        for (at, task) in self.tasks.iter().enumerate() {
            for meeting in self.following.meetings(at, *task) {
                let Buffer::Workspace(value) = meeting.buffer else { continue };
                let this = meeting.axis.map(|axis| (axis, self.rounds.times[at]));
                let known = met[value].get_or_insert(this);
                *known = known.filter(|known| Some(*known) == this);
            }
        }
        let is_whole_axis = |(value, axis): (usize, usize)| {
            let dim = self.plan.stored[value].array.shape.get(axis);
            dim.is_some_and(|dim| dim.known() == Some(self.following.extent))
        };
        let axes = met.into_iter().map(|met| met.flatten().map(|(axis, _)| axis));
        axes.enumerate().map(|(value, axis)| axis.filter(|axis| is_whole_axis((value, *axis)))).collect()
    }

    /// The plan for pieces of at most this size.
    fn pieces(&self, piece: u64) -> Chunked {
        let extent = self.following.extent;
        let size = Symbol { name: Arc::from(SIZE), lower: 1, upper: piece };
        let start = Symbol { name: Arc::from(START), lower: 0, upper: extent - 1 };
        let dim_of = |symbol: &Symbol| PlanDim {
            name: symbol.name.clone(),
            lower: symbol.lower,
            upper: symbol.upper,
            site: self.site,
        };
        let mut plan = self.plan.clone();
        plan.dims.extend([dim_of(&size), dim_of(&start)]);
        let of_piece = Piece { dim: Dim::symbolic(SIZE, 1..=piece), start: SizeExpr::symbol(start), extent };
        for (stored, axis) in plan.stored.iter_mut().zip(&self.stored) {
            if let Some(axis) = axis {
                stored.array.shape = of_piece.shape(&stored.array.shape, *axis);
            }
        }
        let mut made = Vec::new();
        for (at, task) in self.tasks.iter().enumerate() {
            made.push(Some(match (task, self.following.along[at]) {
                (Task::Kernel(kernel), Some(along)) => {
                    Step::Kernel(self.piece_of_kernel(kernel, along, &of_piece, &mut plan))
                }
                (Task::Kernel(kernel), None) => Step::Kernel((*kernel).clone()),
                (Task::Routine(call), Some(along)) => {
                    Step::Routine(self.piece_of_routine(call, along, &of_piece, &mut plan))
                }
                (Task::Routine(call), None) => Step::Routine((*call).clone()),
            }));
        }
        let equalities = Equalities::new(plan.required.iter().map(|required| &required.requirement));
        let (mut rounds, mut order) = (Vec::new(), Vec::new());
        plan.steps.clear();
        for (time, tasks) in self.rounds.order() {
            let steps: Vec<Step> = tasks.iter().filter_map(|at| made[*at].take()).collect();
            let in_pieces = time % 2 == 1;
            let first = plan.steps.len();
            let (steps, turns) = fuse::take_turns(steps, &equalities, &[]);
            plan.steps.extend(steps);
            order.extend(turns.iter().map(|at| tasks[*at]));
            rounds.push(Round { steps: first..plan.steps.len(), in_pieces });
        }
        let place: QuickMap<usize, usize> = order.iter().copied().zip(0..).collect();
        for node in &mut plan.nodes {
            node.kernels = node.kernels.iter().filter_map(|task| place.get(task).copied()).collect();
            node.kernels.sort_unstable();
        }
        plan.assign_slots_in(&rounds, &|value| self.stored.get(value).is_some_and(Option::is_some));
        let of_round =
            |round: &Round| arrays_touched(&plan, &plan.steps[round.steps.clone()], round.in_pieces);
        let arrays = rounds.iter().map(of_round).max().unwrap_or(0);
        let bytes = plan.workspace_in(&Bounds::declared()).saturating_add(arrays);
        let (port, axis) = (self.port.clone(), self.axis);
        Chunked { plan, port, axis, extent, piece, bytes, rounds }
    }

    /// Is only a piece of it stored?
    fn is_cut(&self, buffer: Buffer) -> bool {
        matches!(buffer, Buffer::Workspace(value) if self.stored[value].is_some())
    }

    fn piece_of_kernel(&self, kernel: &Kernel, along: usize, piece: &Piece, plan: &mut Plan) -> Kernel {
        let mut kernel = kernel.clone();
        if kernel.loops[along].reduced {
            let state = Buffer::Workspace(plan.stored.len());
            let levels = levels(&kernel);
            let start = piece.start.clone();
            plan.stored.push(state_of(plan, &kernel, levels, self.site));
            kernel.carried = Some(Carried { position: along, start, extent: piece.extent, levels, state });
        }
        kernel.loops[along].extent = piece.dim.clone();
        for access in kernel.accesses.iter_mut().filter(|access| !self.is_cut(access.buffer)) {
            begin_at(access, along, &piece.start);
        }
        kernel
    }

    fn piece_of_routine(
        &self,
        call: &RoutineCall,
        along: usize,
        piece: &Piece,
        plan: &mut Plan,
    ) -> RoutineCall {
        let mut call = call.clone();
        let arrays: Vec<&ArrayType> = call.operands.iter().map(|operand| &operand.array).collect();
        let followed = call.routine.follows(along, &arrays).unwrap_or_default();
        for (slot, axis) in followed {
            let operand = &mut call.operands[slot];
            operand.array.shape = piece.shape(&operand.array.shape, axis);
            operand.begin = Some((axis, piece.start.clone()));
            if !self.is_cut(operand.access.buffer) {
                begin_at(&mut operand.access, axis, &piece.start);
            }
        }
        call.result.shape = piece.shape(&call.result.shape, along);
        if !call.written.iter().any(|buffer| self.is_cut(*buffer)) {
            call.begin = Some((along, piece.start.clone()));
        }
        let arrays: Vec<&ArrayType> = call.operands.iter().map(|operand| &operand.array).collect();
        if let (Some(Buffer::Workspace(scratch)), Some(bytes)) = (call.scratch, call.routine.scratch(&arrays))
        {
            plan.stored[scratch].array.shape = Shape::from(bytes);
        }
        call
    }
}

/// A piece of the axis.
struct Piece {
    dim: Dim,
    start: SizeExpr,
    /// How long the whole axis is.
    extent: u64,
}

impl Piece {
    /// A shape with the piece in place of an axis.
    fn shape(&self, of: &Shape, axis: usize) -> Shape {
        let dims = of.iter().enumerate().map(|(at, dim)| match at == axis {
            true => self.dim.clone().with_label(dim.shared_label().cloned()),
            false => dim.clone(),
        });
        dims.collect()
    }
}

/// Levels of the tree over blocks of all that a kernel reduces.
fn levels(kernel: &Kernel) -> usize {
    let reduced = kernel.loops.iter().filter(|l| l.reduced);
    let elements = reduced.fold(1u64, |count, l| count.saturating_mul(l.extent.upper()));
    let blocks = elements.div_ceil(BLOCK as u64);
    (u64::BITS - blocks.leading_zeros()) as usize
}

/// The memory in which the totals of a kernel wait for the next piece.
fn state_of(plan: &Plan, kernel: &Kernel, levels: usize, site: Site) -> Stored {
    let kept = kernel.loops.iter().filter(|l| !l.reduced);
    let results = kept.fold(SizeExpr::known(1), |count, l| count.times(&l.extent.size()));
    let each = kernel.reductions.len() * Carried::bytes(levels);
    let bytes = Dim::from(results.times(&SizeExpr::known(each as i128)));
    let written = kernel.epilogue.stores.first().map(|store| kernel.accesses[store.access].buffer);
    let site = match written {
        Some(Buffer::Workspace(value)) => plan.stored[value].site,
        Some(Buffer::Output(at)) => plan.outputs[at].site,
        _ => site,
    };
    Stored {
        name: "totals".into(),
        array: ArrayType { dtype: DType::U8, shape: Shape::from(bytes) },
        reason: StoreReason::Carried,
        site,
        output: None,
        slot: 0,
        rows: None,
    }
}

/// The most bytes of the caller's arrays that steps touch: all of them together on a piece, or one alone on whole arrays.
fn arrays_touched(plan: &Plan, steps: &[Step], in_pieces: bool) -> u64 {
    let mut tasks = steps.iter().flat_map(Step::tasks);
    if in_pieces {
        return touched_by(plan, tasks);
    }
    tasks.by_ref().map(|task| touched_by(plan, std::iter::once(task))).max().unwrap_or(0)
}

fn touched_by<'p>(plan: &Plan, tasks: impl Iterator<Item = Task<'p>>) -> u64 {
    let mut touched: QuickMap<Buffer, Touched> = QuickMap::default();
    let mut touch = |buffer: Buffer, map: &IndexMap, extents: &dyn Fn(usize) -> u64| {
        let memory = plan.memory_of(buffer);
        if matches!(memory, Buffer::Input(_) | Buffer::Output(_) | Buffer::Constant(_)) {
            touched.entry(memory).or_default().add(map, extents);
        }
    };
    for task in tasks {
        match task {
            Task::Kernel(kernel) => {
                let extents = |at: usize| kernel.loops.get(at).map_or(1, |l| l.extent.upper());
                for access in kernel.accesses.iter().filter(|access| access.buffer != Buffer::Index) {
                    touch(access.buffer, &access.map, &extents);
                }
            }
            Task::Routine(call) => {
                for operand in &call.operands {
                    touch(operand.access.buffer, &operand.access.map, &|axis| operand.extent(axis));
                }
                let map: IndexMap =
                    (0..call.result.shape.len()).map(|axis| call.written_along(axis)).collect();
                let extents = |axis: usize| call.result.shape.get(axis).map_or(1, Dim::upper);
                call.written.iter().for_each(|buffer| touch(*buffer, &map, &extents));
            }
        }
    }
    let bytes = |(memory, touched): (&Buffer, &Touched)| {
        let (bytes, size) = plan.bytes_and_size(*memory);
        touched.elements().saturating_mul(size).min(bytes)
    };
    touched.iter().map(bytes).fold(0, u64::saturating_add)
}

/// Lets an access begin where a loop does.
fn begin_at(access: &mut Access, own: usize, start: &SizeExpr) {
    for map in Arc::make_mut(&mut access.map) {
        for term in map.terms.iter().filter(|term| term.axis == own) {
            map.start = map.start.plus(&term.step.times(start));
        }
    }
}
