//! From a kernel and a binding to loops over memory: which loop is innermost, which merge into one,
//! and with that the routine to run and its arguments.

use crate::bind::{Binding, index, size};
use crate::lower::cache_size::is_beyond;
use crate::lower::{Form, Motion, Routine, Stream, Width};
use crate::view::Layout;
use fusewire_ir::body::{Body, Code, Instruction, Store};
use fusewire_ir::kernel::{Access, Buffer, Kernel};
use fusewire_ir::{DType, Dim};
use smallvec::SmallVec;

/// Bytes of a run that are worth writing around the cache but for the lines at its ends.
const LONG_RUN: u64 = 2048;

/// What an access moves with.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// Whose address it starts at.
    pub buffer: Buffer,
    /// How far each loop over rows takes it from block to block; nothing where it stays.
    pub rows: SmallVec<[i64; 2]>,
}

/// The block of rows that a kernel goes over.
#[derive(Clone, Copy)]
pub(crate) struct Part<'p> {
    /// For each loop over rows, its position among the kernel's loops.
    pub positions: &'p [usize],
    /// How often each of them runs in a block.
    pub extents: &'p [u64],
    /// For each stored value, whether it is held for a block.
    pub held: &'p [bool],
}

/// One access in terms of loops.
#[derive(Clone, Debug)]
pub(crate) struct Stride {
    pub dtype: DType,
    pub index: bool,
    pub written: bool,
    pub origin: Origin,
    /// The address (or index) at the first iteration of every loop.
    pub start: i64,
    /// Per loop, in bytes (or indices).
    pub steps: Vec<i64>,
}

/// Loops with the strides of every access along them.
///
/// Arithmetic on strides wraps: it is exact for arrays that exist, and code is prepared also for the
/// upper bounds of sizes, which no memory need have.
#[derive(Clone, Debug, Default)]
pub(crate) struct Walk {
    pub extents: Vec<u64>,
    pub strides: Vec<Stride>,
}

/// Where the buffers that are not bound by name live.
pub(crate) struct Memory<'m> {
    pub binding: &'m Binding,
    pub constants: &'m [Layout],
    pub stored: Vec<Layout>,
}

impl Memory<'_> {
    pub fn layout(&self, buffer: Buffer) -> Option<&Layout> {
        match buffer {
            Buffer::Input(at) => self.binding.inputs.get(at),
            Buffer::Output(at) => self.binding.outputs.get(at),
            Buffer::Constant(at) => self.constants.get(at),
            Buffer::Workspace(at) => self.stored.get(at),
            Buffer::Index => None,
        }
    }

    /// The size of a dim.
    pub fn size(&self, dim: &Dim) -> u64 {
        size(dim, &self.binding.sizes)
    }
}

/// The address (or index) at the first iteration of loops, and the steps along each of them.
pub(crate) fn follow(access: &Access, loops: usize, memory: &Memory<'_>) -> (i64, Vec<i64>) {
    let (layout, sizes) = (memory.layout(access.buffer), &memory.binding.sizes);
    let mut start = layout.map_or(0, |layout| layout.address as i64);
    let mut steps = vec![0i64; loops];
    for (axis, map) in access.map.iter().enumerate() {
        let step = layout.map_or(1, |layout| layout.strides.get(axis).copied().unwrap_or(0));
        // Wraps only for arrays without elements, which are never walked.
        start = start.wrapping_add(index(&map.start, sizes).wrapping_mul(step));
        for term in &map.terms {
            let along = &mut steps[term.axis];
            *along = along.wrapping_add(index(&term.step, sizes).wrapping_mul(step));
        }
    }
    (start, steps)
}

/// The part of a kernel that one body is: its accesses, renumbered to those it uses.
pub(crate) fn used_accesses(kernel: &Kernel, body: &Body) -> (Body, Vec<usize>) {
    let mut used: Vec<usize> = Vec::new();
    let mut renumber = |access: usize| {
        used.iter().position(|known| *known == access).unwrap_or_else(|| {
            used.push(access);
            used.len() - 1
        })
    };
    let instructions = body
        .instructions
        .iter()
        .map(|instruction| {
            let code = match &instruction.code {
                Code::Load(access) => Code::Load(renumber(*access)),
                Code::Index(access) => Code::Index(renumber(*access)),
                other => other.clone(),
            };
            Instruction { dtype: instruction.dtype, code }
        })
        .collect();
    let stores = body
        .stores
        .iter()
        .map(|store| Store { value: store.value, access: renumber(store.access) })
        .collect();
    debug_assert!(used.iter().all(|access| *access < kernel.accesses.len()));
    (Body { instructions, stores }, used)
}

impl Walk {
    /// The kernel's loops, unordered and unmerged, for these accesses, over all rows or over the first block.
    pub fn new(kernel: &Kernel, accesses: &[usize], memory: &Memory<'_>, part: Option<Part<'_>>) -> Self {
        let mut extents = kernel.loops.iter().map(|l| memory.size(&l.extent)).collect::<Vec<_>>();
        for (position, extent) in part.iter().flat_map(|part| part.positions.iter().zip(part.extents)) {
            extents[*position] = *extent;
        }
        let strides = accesses
            .iter()
            .map(|at| {
                let access = &kernel.accesses[*at];
                let (start, steps) = follow(access, extents.len(), memory);
                let stays = |part: &Part<'_>| matches!(access.buffer, Buffer::Workspace(at) if part.held[at]);
                let along = |part: Part<'_>| part.positions.iter().map(|position| steps[*position]).collect();
                let rows = part.filter(|part| !stays(part)).map_or_else(SmallVec::new, along);
                Stride {
                    dtype: access.dtype,
                    index: access.buffer == Buffer::Index,
                    written: kernel.written().any(|written| written == *at),
                    origin: Origin { buffer: access.buffer, rows },
                    start,
                    steps,
                }
            })
            .collect();
        Self { extents, strides }
    }

    /// Is there nothing to do?
    pub fn is_empty(&self) -> bool {
        self.extents.contains(&0)
    }

    /// Only these loops, in this order.
    pub fn select(&self, loops: &[usize]) -> Self {
        Self {
            extents: loops.iter().map(|l| self.extents[*l]).collect(),
            strides: self
                .strides
                .iter()
                .map(|stride| Stride {
                    steps: loops.iter().map(|l| stride.steps[*l]).collect(),
                    ..stride.clone()
                })
                .collect(),
        }
    }

    /// The same iterations without loops that run once, those with the widest steps outermost.
    pub fn ordered(&self) -> Self {
        let mut loops: Vec<usize> = (0..self.extents.len()).filter(|l| self.extents[*l] != 1).collect();
        loops.sort_by_key(|l| std::cmp::Reverse(self.reach(*l)));
        self.select(&loops)
    }

    /// How far a loop steps: first where it writes, then where it reads.
    fn reach(&self, l: usize) -> (u64, u64) {
        let sum = |written: bool| {
            let strides = self.strides.iter().filter(|stride| stride.written == written && !stride.index);
            strides.fold(0u64, |sum, stride| sum.saturating_add(stride.steps[l].unsigned_abs()))
        };
        (sum(true), sum(false))
    }

    /// Turns loops around in which every access steps backwards.
    pub fn forwards(mut self) -> Self {
        for l in 0..self.extents.len() {
            let memory = || self.strides.iter().filter(|stride| !stride.index).map(|stride| stride.steps[l]);
            if memory().all(|step| step <= 0) && memory().any(|step| step < 0) {
                let last = (self.extents[l] as i64).wrapping_sub(1);
                for stride in &mut self.strides {
                    stride.start = stride.start.wrapping_add(last.wrapping_mul(stride.steps[l]));
                    stride.steps[l] = stride.steps[l].wrapping_neg();
                }
            }
        }
        self
    }

    /// The same iterations in the same order, with loops merged wherever every access goes on with
    /// the outer loop where the inner one ends.
    pub fn merged(&self) -> Self {
        let mut merged: Vec<Vec<usize>> = Vec::new();
        for l in 0..self.extents.len() {
            let joins = merged.last().and_then(|group| group.last()).is_some_and(|outer| {
                self.strides.iter().all(|stride| {
                    i128::from(stride.steps[*outer])
                        == i128::from(stride.steps[l]) * i128::from(self.extents[l])
                })
            });
            match merged.last_mut() {
                Some(group) if joins => group.push(l),
                _ => merged.push(vec![l]),
            }
        }
        let mut walk = Self { extents: Vec::new(), strides: self.strides.clone() };
        walk.strides.iter_mut().for_each(|stride| stride.steps.clear());
        for group in merged {
            // Fits: the loops are within arrays that exist.
            walk.extents.push(group.iter().map(|l| self.extents[*l]).product());
            let innermost = group[group.len() - 1];
            for (to, from) in walk.strides.iter_mut().zip(&self.strides) {
                to.steps.push(from.steps[innermost]);
            }
        }
        walk
    }

    /// At least one loop, so that a single element has a loop to run in.
    pub fn with_a_loop(mut self) -> Self {
        if self.extents.is_empty() {
            self.extents.push(1);
            for stride in &mut self.strides {
                stride.steps.push(if stride.index { 0 } else { stride.dtype.bytes() as i64 });
            }
        }
        self
    }

    /// How each access moves along a loop.
    pub fn streams(&self, inner: usize) -> Vec<Stream> {
        self.strides
            .iter()
            .map(|stride| Stream {
                dtype: stride.dtype,
                index: stride.index,
                motion: match stride.steps[inner] {
                    0 => Motion::Still,
                    step if !stride.index && step == stride.dtype.bytes() as i64 => Motion::Consecutive,
                    _ => Motion::Strided,
                },
            })
            .collect()
    }

    /// The routine that walks like this, with the innermost loop last.
    pub fn routine(&self, form: Form, body: Body) -> Routine {
        let inner = self.extents.len() - 1;
        Routine {
            form,
            loops: self.extents.len(),
            streams: self.streams(inner),
            body,
            accumulators: Vec::new(),
            width: Width::available(),
            streaming: false,
            carried: false,
        }
    }

    /// The arguments of its routine.
    pub fn arguments(&self) -> Vec<i64> {
        let mut words: Vec<i64> = self.extents.iter().map(|extent| *extent as i64).collect();
        for stride in &self.strides {
            words.push(stride.start);
            words.extend(&stride.steps);
        }
        words
    }

    /// A part of one loop: `count` iterations from `first`.
    pub fn part(&self, l: usize, first: u64, count: u64) -> Self {
        let mut part = self.clone();
        part.extents[l] = count;
        for stride in &mut part.strides {
            stride.start += first as i64 * stride.steps[l];
        }
        part
    }

    /// The same walk after accesses have moved by as many bytes (or indices) as `moved` says.
    pub fn relocate(&mut self, moved: &impl Fn(&Origin) -> i64) {
        for stride in &mut self.strides {
            stride.start = stride.start.wrapping_add(moved(&stride.origin));
        }
    }

    /// Is more written than any cache holds, in long runs, into memory that is not read as well? Then fetching what is there before
    /// it is written, as a cache does, would be for nothing.
    pub fn is_streaming(&self) -> bool {
        let written = || self.strides.iter().filter(|stride| stride.written);
        let bytes = written().map(|stride| self.iterations().saturating_mul(stride.dtype.bytes() as u64));
        let is_read = |target: &Stride| {
            let (low, high) = self.ends(target);
            let mut others = self.strides.iter().filter(|stride| !stride.written && !stride.index);
            others.any(|other| {
                let (other_low, other_high) = self.ends(other);
                low <= other_high && other_low <= high
            })
        };
        let inner = self.extents.last().copied().unwrap_or(0);
        let is_long = |stride: &Stride| inner.saturating_mul(stride.dtype.bytes() as u64) >= LONG_RUN;
        is_beyond(bytes.fold(0, u64::saturating_add)) && written().all(is_long) && !written().any(is_read)
    }

    /// The first and the last address of an access; saturate.
    fn ends(&self, stride: &Stride) -> (i64, i64) {
        let spans = self.extents.iter().zip(&stride.steps).map(|(extent, step)| {
            step.saturating_mul(i64::try_from(extent.saturating_sub(1)).unwrap_or(i64::MAX))
        });
        spans.fold((stride.start, stride.start), |(low, high), span| {
            (low.saturating_add(span.min(0)), high.saturating_add(span.max(0)))
        })
    }

    /// Iterations of the innermost body; saturates.
    pub fn iterations(&self) -> u64 {
        self.extents.iter().fold(1, |product: u64, extent| product.saturating_mul(*extent))
    }
}
