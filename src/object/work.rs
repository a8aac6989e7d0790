//! What the function does for each kernel, decided before any code is made: for arrays of several forms, which loops
//! there are, which routines run in them, and how much scratch memory that takes.

use super::interface::Interface;
use super::walk::{Axis, Distance, Stream, Walk, upper};
use crate::launch::finish_body;
use crate::lower::{Accumulator, COLUMNS, Form, Routine, Width};
use crate::walk::used_accesses;
use fusewire_ir::kernel::{Buffer, Kernel};
use fusewire_ir::plan::Plan;
use fusewire_ir::{Shape, SizeExpr};

/// Results that are completed together.
pub(super) const TILE: usize = COLUMNS;

/// What is known of the strides of the arrays that a kernel meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrays {
    /// They are dense, in C order.
    Dense,
    /// Their elements are neighbours along the last axis.
    Lines,
    /// Nothing.
    Any,
}

/// A kernel in one form.
pub(super) struct Variant {
    pub arrays: Arrays,
    pub work: Work,
}

/// The loops of a kernel.
pub(super) enum Work {
    Elements(Elements),
    Results(Box<Results>),
}

/// An element-wise loop nest: one call.
pub(super) struct Elements {
    pub walk: Walk,
    pub routine: Routine,
}

/// Reductions: for each tile of results a call that combines elements, and one that uses the totals.
pub(super) struct Results {
    /// The loops over results, the innermost of which is cut into tiles; what is read for the elements.
    pub kept: Walk,
    /// The same loops; what is read and written once totals are complete.
    pub finish: Walk,
    /// How often each reduced loop runs.
    pub reduced: Vec<SizeExpr>,
    /// The loops of the call that combines, in which the number of results of a tile stands at `results_at`.
    pub code: Walk,
    pub results_at: usize,
    pub routine: Routine,
    pub finish_routine: Routine,
    pub accumulators: Vec<Accumulator>,
}

/// A kernel with what it is compiled to.
pub(super) struct Job {
    /// The arrays it meets, by port.
    pub ports: Vec<usize>,
    /// What holds least often first; the last one always does.
    pub variants: Vec<Variant>,
}

impl Job {
    pub fn new(kernel: &Kernel, plan: &Plan, interface: &Interface<'_>, width: Width) -> Self {
        let places = Places { plan, interface };
        let mut ports: Vec<usize> =
            kernel.accesses.iter().filter_map(|access| places.port(access.buffer)).collect();
        ports.sort_unstable();
        ports.dedup();
        let rank = ports.iter().map(|port| interface.ports[*port].rank()).max().unwrap_or(0);
        // An array without axes is dense, and one with a single axis is so where its elements are neighbours.
        let forms: &[Arrays] = match rank {
            0 => &[Arrays::Dense],
            1 => &[Arrays::Dense, Arrays::Any],
            _ => &[Arrays::Dense, Arrays::Lines, Arrays::Any],
        };
        let variant =
            |arrays: &Arrays| Variant { arrays: *arrays, work: places.work(kernel, *arrays, width) };
        Self { ports, variants: forms.iter().map(variant).collect() }
    }

    /// Every size that it is computed from.
    pub fn sizes(&self) -> impl Iterator<Item = &SizeExpr> {
        self.variants.iter().flat_map(|variant| -> Box<dyn Iterator<Item = &SizeExpr>> {
            match &variant.work {
                Work::Elements(elements) => Box::new(elements.walk.sizes()),
                Work::Results(results) => Box::new(
                    (results.kept.sizes().chain(results.finish.sizes()))
                        .chain(results.code.sizes().chain(&results.reduced)),
                ),
            }
        })
    }

    /// The most scratch memory of any of its forms.
    pub fn scratch_bytes(&self) -> usize {
        let bytes = |variant: &Variant| match &variant.work {
            Work::Elements(elements) => elements.routine.scratch_bytes(),
            Work::Results(results) => results.scratch().bytes,
        };
        self.variants.iter().map(bytes).max().unwrap_or(0)
    }
}

/// Where the scratch memory of [`Results`] has its parts: first that of the call that combines.
pub(super) struct ResultsScratch {
    /// That of the call that uses totals.
    pub finish: usize,
    /// Words of tree values, one for each accumulator of each result.
    pub partials: usize,
    /// For each accumulator the totals of a tile, one word for each.
    pub totals: usize,
    /// All together.
    pub bytes: usize,
}

impl Results {
    pub fn scratch(&self) -> ResultsScratch {
        let words = 8 * TILE * self.accumulators.len();
        let finish = self.routine.scratch_bytes().next_multiple_of(64);
        let partials = finish + self.finish_routine.scratch_bytes().next_multiple_of(64);
        let totals = partials + words;
        ResultsScratch { finish, partials, totals, bytes: totals + words }
    }
}

/// Where buffers are.
struct Places<'a> {
    plan: &'a Plan,
    interface: &'a Interface<'a>,
}

impl Places<'_> {
    /// The array of the caller that a buffer is.
    fn port(&self, buffer: Buffer) -> Option<usize> {
        port_of(self.plan, self.interface, buffer)
    }

    /// How far apart elements of a buffer are along each axis.
    fn strides(&self, buffer: Buffer, arrays: Arrays) -> Vec<Distance> {
        let Some(port) = self.port(buffer) else {
            let shape = match buffer {
                Buffer::Constant(at) => &self.plan.constants()[at].array,
                Buffer::Workspace(at) => &self.plan.stored()[at].array,
                _ => return Vec::new(),
            };
            return dense(&shape.shape, shape.dtype.bytes()).into_iter().map(Distance::of).collect();
        };
        let array = &self.interface.ports[port].port.array;
        let known = dense(&array.shape, array.dtype.bytes());
        let rank = known.len();
        let stride = |(axis, stride): (usize, SizeExpr)| match arrays {
            Arrays::Dense => Distance::of(stride),
            Arrays::Lines if axis + 1 == rank => Distance::of(stride),
            _ => Distance::stride(Axis { port, axis }),
        };
        known.into_iter().enumerate().map(stride).collect()
    }

    fn work(&self, kernel: &Kernel, arrays: Arrays, width: Width) -> Work {
        let strides = |buffer: Buffer| self.strides(buffer, arrays);
        // Arrays are most likely dense: that decides the order of loops.
        let about = |axis: Axis| {
            let array = &self.interface.ports[axis.port].port.array;
            upper(&dense(&array.shape, array.dtype.bytes())[axis.axis])
        };
        let (body, accesses) = used_accesses(kernel, &kernel.body);
        if kernel.reductions.is_empty() {
            let walk = Walk::new(kernel, &accesses, &strides).ordered(&about).merged().with_a_loop();
            let routine = walk.routine(Form::Elements, body, Vec::new(), width);
            return Work::Elements(Elements { walk, routine });
        }
        let (finish_body, finish_accesses) = finish_body(kernel);
        let all: Vec<usize> = accesses.iter().chain(&finish_accesses).copied().collect();
        let walk = Walk::new(kernel, &all, &strides);
        let loops = |reduced: bool| -> Vec<usize> {
            let is_meant =
                |l: &usize| kernel.loops[*l].reduced == reduced && walk.extents[*l].as_known() != Some(1);
            (0..kernel.loops.len()).filter(is_meant).collect()
        };
        let both = walk.select(&loops(false)).ordered(&about).merged().with_a_loop();
        let kept = both.only(0..accesses.len());
        let mut finish = both.only(accesses.len()..all.len());
        // The order of the reduced loops is the order of the reduction: they merge, but stay in place.
        let reduced = walk.select(&loops(true)).only(0..accesses.len()).merged().with_a_loop();
        let accumulators = Accumulator::of(kernel);
        let inner = kept.extents.len() - 1;
        let results = upper(&kept.extents[inner]);
        let elements = upper(&reduced.extents[reduced.extents.len() - 1]);
        // Side by side where memory is consecutive along the results, one after another otherwise.
        let columns = results >= 4 && (kept.consecutive() > reduced.consecutive() || elements == 1);
        let inner_kept = kept.select(&[inner]);
        let (form, code) = if columns {
            (Form::Columns, reduced.around(&inner_kept))
        } else {
            (Form::Rows, inner_kept.around(&reduced))
        };
        let results_at = if columns { code.extents.len() - 1 } else { 0 };
        let routine = code.routine(form, body, accumulators.clone(), width);
        let own = finish.clone();
        for accumulator in &accumulators {
            let mut steps = vec![Distance::nothing(); inner];
            steps.push(Distance::of((accumulator.dtype.bytes() as i64).into()));
            let (dtype, start) = (accumulator.dtype, Distance::nothing());
            // Nobody asks where it is: totals have a place of their own.
            let buffer = Buffer::Workspace(usize::MAX);
            finish.streams.push(Stream { dtype, buffer, written: false, start, steps });
        }
        let finish_routine = finish.select(&[inner]).routine(Form::Elements, finish_body, Vec::new(), width);
        Work::Results(Box::new(Results {
            kept,
            finish: own,
            reduced: reduced.extents,
            code,
            results_at,
            routine,
            finish_routine,
            accumulators,
        }))
    }
}

/// The array of the caller that a buffer of a plan is.
pub(super) fn port_of(plan: &Plan, interface: &Interface<'_>, buffer: Buffer) -> Option<usize> {
    match buffer {
        Buffer::Input(at) => Some(interface.input(at)),
        Buffer::Output(at) => Some(interface.output(at)),
        // What waits in the memory of an output.
        Buffer::Workspace(at) => plan.stored()[at].output.map(|at| interface.output(at)),
        Buffer::Constant(_) | Buffer::Index => None,
    }
}

/// Bytes from one element of a dense array to the next along each axis.
pub(super) fn dense(shape: &Shape, item: usize) -> Vec<SizeExpr> {
    let mut step = SizeExpr::known(item as i128);
    let mut strides: Vec<SizeExpr> = Vec::with_capacity(shape.len());
    for dim in shape.iter().rev() {
        strides.push(step.clone());
        step = step.times(&dim.size());
    }
    strides.reverse();
    strides
}
