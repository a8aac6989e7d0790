//! Loops over memory whose sizes only a call knows.
//!
//! What a walk of arrays decides for known addresses is decided here for sizes that are expressions: two loops are one
//! where that holds for all sizes, and an access is consecutive where it is so in every call.

use crate::lower::{Accumulator, Form, Motion, Routine, Stream as RoutineStream, Width};
use fusewire_ir::body::Body;
use fusewire_ir::kernel::{Access, Buffer, Kernel};
use fusewire_ir::{DType, SizeExpr, Symbol};
use std::collections::BTreeMap;

/// An axis of an array whose stride is an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Axis {
    pub port: usize,
    pub axis: usize,
}

/// A distance in bytes (or indices): a size, and strides that are arguments, each times a size.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Distance {
    pub size: SizeExpr,
    /// None of them times 0.
    pub strides: BTreeMap<Axis, SizeExpr>,
}

impl Distance {
    pub fn of(size: SizeExpr) -> Self {
        Self { size, strides: BTreeMap::new() }
    }

    pub fn nothing() -> Self {
        Self::of(SizeExpr::known(0))
    }

    pub fn stride(axis: Axis) -> Self {
        Self { strides: BTreeMap::from([(axis, SizeExpr::known(1))]), ..Self::nothing() }
    }

    fn plus(mut self, other: &Self) -> Self {
        self.size = self.size.plus(&other.size);
        for (axis, times) in &other.strides {
            let sum = self.strides.get(axis).map_or_else(|| times.clone(), |known| known.plus(times));
            self.strides.insert(*axis, sum);
        }
        self.strides.retain(|_, times| times.as_known() != Some(0));
        self
    }

    fn times(&self, size: &SizeExpr) -> Self {
        let strides = self.strides.iter().map(|(axis, times)| (*axis, times.times(size)));
        let strides = strides.filter(|(_, times)| times.as_known() != Some(0)).collect();
        Self { size: self.size.times(size), strides }
    }

    /// The distance, where all calls have the same.
    fn known(&self) -> Option<i128> {
        self.size.as_known().filter(|_| self.strides.is_empty())
    }

    /// How far it is at the upper bounds of dims, where `about` says how far strides are.
    fn about(&self, about: &dyn Fn(Axis) -> i128) -> i128 {
        let strides = self.strides.iter().map(|(axis, times)| upper(times).saturating_mul(about(*axis)));
        strides.fold(upper(&self.size), i128::saturating_add)
    }

    /// The sizes that it is computed from.
    pub fn sizes(&self) -> impl Iterator<Item = &SizeExpr> {
        self.strides.values().chain([&self.size])
    }
}

/// The value of a size at the upper bounds of its symbols.
pub(super) fn upper(size: &SizeExpr) -> i128 {
    size.value(&|symbol: &Symbol| Some(symbol.upper)).unwrap_or(i128::from(i64::MAX))
}

/// One access in terms of loops.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub dtype: DType,
    pub buffer: Buffer,
    pub written: bool,
    /// From the beginning of the buffer to the first iteration of every loop.
    pub start: Distance,
    /// Per loop.
    pub steps: Vec<Distance>,
}

impl Stream {
    pub fn is_index(&self) -> bool {
        self.buffer == Buffer::Index
    }

    fn motion(&self, l: usize) -> Motion {
        match self.steps[l].known() {
            Some(0) => Motion::Still,
            Some(step) if !self.is_index() && step == self.dtype.bytes() as i128 => Motion::Consecutive,
            _ => Motion::Strided,
        }
    }
}

/// Loops with the steps of every access along them.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    pub extents: Vec<SizeExpr>,
    pub streams: Vec<Stream>,
}

impl Walk {
    /// The kernel's loops, unordered and unmerged, for these accesses; `strides` says how far apart elements of a buffer
    /// are along each of its axes.
    pub fn new(kernel: &Kernel, accesses: &[usize], strides: &dyn Fn(Buffer) -> Vec<Distance>) -> Self {
        let extents: Vec<SizeExpr> = kernel.loops.iter().map(|l| l.extent.size()).collect();
        let stream = |at: &usize| {
            let access = &kernel.accesses[*at];
            let (start, steps) = follow(access, extents.len(), &strides(access.buffer));
            let written = kernel.written().any(|written| written == *at);
            Stream { dtype: access.dtype, buffer: access.buffer, written, start, steps }
        };
        let streams = accesses.iter().map(stream).collect();
        Self { extents, streams }
    }

    /// Only these loops, in this order.
    pub fn select(&self, loops: &[usize]) -> Self {
        let selected = |stream: &Stream| Stream {
            steps: loops.iter().map(|l| stream.steps[*l].clone()).collect(),
            ..stream.clone()
        };
        Self {
            extents: loops.iter().map(|l| self.extents[*l].clone()).collect(),
            streams: self.streams.iter().map(selected).collect(),
        }
    }

    /// Only these accesses.
    pub fn only(&self, streams: std::ops::Range<usize>) -> Self {
        Self { extents: self.extents.clone(), streams: self.streams[streams].to_vec() }
    }

    /// The same iterations without loops that run once, those with the widest steps outermost. In which order loops
    /// run decides no bits, so that it may be decided for the largest sizes.
    pub fn ordered(&self, about: &dyn Fn(Axis) -> i128) -> Self {
        let mut loops: Vec<usize> =
            (0..self.extents.len()).filter(|l| self.extents[*l].as_known() != Some(1)).collect();
        let reach = |l: usize, written: bool| {
            let streams =
                self.streams.iter().filter(|stream| stream.written == written && !stream.is_index());
            let reaches = streams.map(|stream| stream.steps[l].about(about).saturating_abs());
            reaches.fold(0, i128::saturating_add)
        };
        loops.sort_by_key(|l| std::cmp::Reverse((reach(*l, true), reach(*l, false))));
        self.select(&loops)
    }

    /// The same iterations in the same order, with loops merged wherever every access goes on with
    /// the outer loop where the inner one ends, whatever the sizes are.
    pub fn merged(&self) -> Self {
        let mut merged: Vec<Vec<usize>> = Vec::new();
        for l in 0..self.extents.len() {
            let joins = merged.last().and_then(|group| group.last()).is_some_and(|outer| {
                let goes_on =
                    |stream: &Stream| stream.steps[*outer] == stream.steps[l].times(&self.extents[l]);
                self.streams.iter().all(goes_on)
            });
            match merged.last_mut() {
                Some(group) if joins => group.push(l),
                _ => merged.push(vec![l]),
            }
        }
        let innermost: Vec<usize> = merged.iter().map(|group| group[group.len() - 1]).collect();
        let product = |group: &Vec<usize>| {
            group.iter().fold(SizeExpr::known(1), |product, l| product.times(&self.extents[*l]))
        };
        Self { extents: merged.iter().map(product).collect(), ..self.select(&innermost) }
    }

    /// At least one loop, so that a single element has a loop to run in.
    pub fn with_a_loop(mut self) -> Self {
        if self.extents.is_empty() {
            self.extents.push(SizeExpr::known(1));
            for stream in &mut self.streams {
                let bytes = if stream.is_index() { 0 } else { stream.dtype.bytes() as i64 };
                stream.steps.push(Distance::of(bytes.into()));
            }
        }
        self
    }

    /// The loops of this walk around those of another with the same accesses.
    pub fn around(&self, inner: &Self) -> Self {
        let mut joined = self.clone();
        joined.extents.extend(inner.extents.iter().cloned());
        for (stream, inner) in joined.streams.iter_mut().zip(&inner.streams) {
            stream.steps.extend(inner.steps.iter().cloned());
        }
        joined
    }

    /// How many accesses are consecutive along the innermost loop.
    pub fn consecutive(&self) -> usize {
        let inner = self.extents.len() - 1;
        self.streams.iter().filter(|stream| stream.motion(inner) == Motion::Consecutive).count()
    }

    /// The routine that walks like this, with the innermost loop last.
    pub fn routine(&self, form: Form, body: Body, accumulators: Vec<Accumulator>, width: Width) -> Routine {
        let inner = self.extents.len() - 1;
        let stream = |stream: &Stream| RoutineStream {
            dtype: stream.dtype,
            index: stream.is_index(),
            motion: stream.motion(inner),
        };
        let streams = self.streams.iter().map(stream).collect();
        Routine {
            form,
            loops: self.extents.len(),
            streams,
            body,
            accumulators,
            width,
            streaming: false,
            carried: false,
        }
    }

    /// Every size that it is computed from.
    pub fn sizes(&self) -> impl Iterator<Item = &SizeExpr> {
        let distances = self.streams.iter().flat_map(|stream| stream.steps.iter().chain([&stream.start]));
        self.extents.iter().chain(distances.flat_map(Distance::sizes))
    }
}

/// The distance (or index) to the first iteration of loops, and the steps along each of them.
fn follow(access: &Access, loops: usize, strides: &[Distance]) -> (Distance, Vec<Distance>) {
    let mut start = Distance::nothing();
    let mut steps = vec![Distance::nothing(); loops];
    let one = Distance::of(SizeExpr::known(1));
    for (axis, map) in access.map.iter().enumerate() {
        let stride = if access.buffer == Buffer::Index { &one } else { &strides[axis] };
        start = start.plus(&stride.times(&map.start));
        for term in &map.terms {
            let step = std::mem::replace(&mut steps[term.axis], Distance::nothing());
            steps[term.axis] = step.plus(&stride.times(&term.step));
        }
    }
    (start, steps)
}
