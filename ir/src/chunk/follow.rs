//! What follows an axis: which loop of each kernel, and which axis of each routine's result, goes along with it.

use crate::index_map::AxisMap;
use crate::kernel::{Access, Buffer, Kernel};
use crate::plan::Task;
use crate::quick_hash::{QuickMap, QuickSet};
use crate::routine::RoutineCall;
use crate::shape::ArrayType;
use std::collections::VecDeque;

/// What follows an axis.
pub(super) struct Following {
    /// How long it is.
    pub extent: u64,
    /// Of each task, the loop that follows it, or the axis of a routine's result; `None` of one that runs as a whole.
    pub along: Vec<Option<usize>>,
    /// Of tasks that meet the axis but run as a whole, why they do.
    pub whole: QuickMap<usize, String>,
}

/// Where a task meets a buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Meeting {
    pub buffer: Buffer,
    pub writes: bool,
    /// The axis of the buffer of which a piece of the task meets the same piece, and nothing else.
    pub axis: Option<usize>,
}

impl Following {
    /// What follows an axis of a port, through the values that tasks exchange and then through what they read in common.
    pub fn new(tasks: &[Task<'_>], port: Buffer, axis: usize, size: u64) -> Self {
        let mut users: QuickMap<Buffer, Vec<usize>> = QuickMap::default();
        for (at, task) in tasks.iter().enumerate() {
            for buffer in task.touched() {
                let users = users.entry(buffer).or_default();
                if users.last() != Some(&at) {
                    users.push(at);
                }
            }
        }
        // Where nothing meets all of the axis, the largest part of it that something does.
        let met = users.get(&port).into_iter().flatten();
        let parts =
            met.flat_map(|at| parts_of(tasks[*at], port, axis)).filter(|part| (1..=size).contains(part));
        let extent = parts.max().unwrap_or(size);
        let mut following = Self { extent, along: vec![None; tasks.len()], whole: QuickMap::default() };
        // Values that are exchanged first: others may agree on several ways to go along with an input.
        let (mut near, mut far) = (VecDeque::from([(port, axis)]), VecDeque::new());
        let mut seen = QuickSet::from_iter([(port, axis)]);
        while let Some((buffer, axis)) = near.pop_front().or_else(|| far.pop_front()) {
            for at in users.get(&buffer).into_iter().flatten() {
                if following.along[*at].is_some() {
                    continue;
                }
                let Some(along) = following.join(*at, tasks[*at], buffer, axis) else { continue };
                following.along[*at] = Some(along);
                for next in axes_along(tasks[*at], along).into_iter().filter(|next| seen.insert(*next)) {
                    match next.0 {
                        Buffer::Workspace(_) | Buffer::Output(_) => near.push_back(next),
                        _ => far.push_back(next),
                    }
                }
            }
        }
        following
    }

    /// Does nothing follow it?
    pub fn is_empty(&self) -> bool {
        self.along.iter().all(Option::is_none)
    }

    /// The loop (or axis of the result) with which a task goes along an axis of a buffer, if it can.
    fn join(&mut self, at: usize, task: Task<'_>, buffer: Buffer, axis: usize) -> Option<usize> {
        let mut refused = None;
        for along in candidates(task, buffer, axis, self.extent) {
            match obstacle(task, along, self.extent) {
                None => {
                    self.whole.remove(&at);
                    return Some(along);
                }
                Some(why) => refused = refused.or(Some(why)),
            }
        }
        if let Task::Routine(call) = task
            && refused.is_none()
        {
            refused = Some(format!("`{}` takes all of it at once", call.routine));
        }
        if let Some(why) = refused {
            self.whole.entry(at).or_insert(why);
        }
        None
    }

    /// How a task meets each buffer, but for what only it uses.
    pub fn meetings(&self, at: usize, task: Task<'_>) -> Vec<Meeting> {
        let along = self.along[at];
        match task {
            Task::Kernel(kernel) => {
                let meeting = |access: usize, writes: bool| {
                    let access = &kernel.accesses[access];
                    let axis = along.and_then(|along| own_axis(access, along));
                    Meeting { buffer: access.buffer, writes, axis }
                };
                let read = kernel.read().map(|access| meeting(access, false));
                read.chain(kernel.written().map(|access| meeting(access, true))).collect()
            }
            Task::Routine(call) => {
                let followed = along.and_then(|along| call.routine.follows(along, &arrays(call)));
                let read = call.operands.iter().enumerate().map(|(slot, operand)| {
                    let mut own = followed.iter().flatten().filter(|(of, _)| *of == slot);
                    let axis = own.next().and_then(|(_, axis)| own_axis(&operand.access, *axis));
                    Meeting { buffer: operand.access.buffer, writes: false, axis }
                });
                let written = call.written.iter();
                read.chain(written.map(|buffer| Meeting { buffer: *buffer, writes: true, axis: along }))
                    .collect()
            }
        }
    }
}

/// The axis of a buffer that an access follows with a loop from its beginning, and with nothing else.
fn own_axis(access: &Access, along: usize) -> Option<usize> {
    // On a diagonal the loop moves along axes that a piece does not cut.
    access.axis_along(along).filter(|_| access.loops().filter(|l| *l == along).count() == 1)
}

fn arrays(call: &RoutineCall) -> Vec<&ArrayType> {
    call.operands.iter().map(|operand| &operand.array).collect()
}

/// The loop that moves along an axis, where one alone does.
fn mover(map: Option<&AxisMap>) -> Option<usize> {
    match map.map(|map| &map.terms[..]) {
        Some([term]) => Some(term.axis),
        _ => None,
    }
}

/// How many elements of an axis of a buffer a task may meet one after another.
fn parts_of(task: Task<'_>, buffer: Buffer, axis: usize) -> Vec<u64> {
    match task {
        Task::Kernel(kernel) => {
            let accesses = kernel.accesses.iter().filter(|access| access.buffer == buffer);
            let movers = accesses.filter_map(|access| mover(access.map.get(axis)));
            movers.filter_map(|l| kernel.loops[l].extent.known()).collect()
        }
        Task::Routine(call) => {
            let operands = call.operands.iter().filter(|operand| operand.access.buffer == buffer);
            let read = operands.filter_map(|operand| {
                mover(operand.access.map.get(axis)).and_then(|own| operand.array.shape[own].known())
            });
            let written = call.written.contains(&buffer).then(|| call.result.shape.get(axis)?.known());
            read.chain(written.flatten()).collect()
        }
    }
}

/// The loops of a task, or axes of its result, that may go along an axis of a buffer over so many elements: first those that follow it
/// from its beginning.
fn candidates(task: Task<'_>, buffer: Buffer, axis: usize, extent: u64) -> Vec<usize> {
    let mut found: Vec<(bool, usize)> = match task {
        Task::Kernel(kernel) => {
            let accesses = kernel.accesses.iter().filter(|access| access.buffer == buffer);
            let movers = accesses.filter_map(|access| {
                let map = access.map.get(axis)?;
                mover(Some(map)).map(|l| (map.followed().is_none(), l))
            });
            movers.filter(|(_, l)| kernel.loops[*l].extent.known() == Some(extent)).collect()
        }
        Task::Routine(call) => {
            let is_met = |along: usize| {
                let followed = call.routine.follows(along, &arrays(call));
                let mut operands = followed.iter().flatten().filter_map(|(slot, own)| {
                    let operand = call.operands.get(*slot)?;
                    (operand.access.buffer == buffer && mover(operand.access.map.get(axis)) == Some(*own))
                        .then_some(())
                });
                (call.written.contains(&buffer) && along == axis) || operands.next().is_some()
            };
            let axes = (0..call.result.shape.len()).filter(|along| is_met(*along));
            let axes = axes.filter(|along| call.result.shape[*along].known() == Some(extent));
            axes.map(|along| (false, along)).collect()
        }
    };
    found.sort_unstable();
    found.dedup();
    found.into_iter().map(|(_, along)| along).collect()
}

/// What keeps a task from running piece by piece along a loop, or an axis of its result, in words.
fn obstacle(task: Task<'_>, along: usize, extent: u64) -> Option<String> {
    let call = match task {
        Task::Kernel(kernel) => return of_kernel(kernel, along),
        Task::Routine(call) => call,
    };
    let Some(followed) = call.routine.follows(along, &arrays(call)) else {
        return Some(format!("`{}` takes all of it at once", call.routine));
    };
    let is_as_long = |(slot, axis): &(usize, usize)| {
        let operand = call.operands.get(*slot).and_then(|operand| operand.array.shape.get(*axis));
        operand.is_some_and(|dim| dim.known() == Some(extent))
    };
    (!followed.iter().all(is_as_long)).then(|| format!("the operands of `{}` differ in length", call.routine))
}

fn of_kernel(kernel: &Kernel, along: usize) -> Option<String> {
    if !kernel.loops[along].reduced {
        return None;
    }
    // Integers add up to the same in any order.
    let has_an_order =
        kernel.reductions.iter().any(|reduction| kernel.body.dtype(reduction.value).is_float());
    let mut outer = kernel.loops[..along].iter().filter(|l| l.reduced && !l.extent.is_one());
    (has_an_order && outer.next().is_some())
        .then(|| "it reduces along another axis first, and floats have the order of the whole".to_string())
}

/// The axes of buffers that a task meets with a loop, or an axis of its result.
fn axes_along(task: Task<'_>, along: usize) -> Vec<(Buffer, usize)> {
    let of_access = |access: &Access, own: usize| -> Vec<(Buffer, usize)> {
        let axes = access.map.iter().enumerate().filter(|(_, map)| mover(Some(map)) == Some(own));
        axes.map(|(axis, _)| (access.buffer, axis)).collect()
    };
    match task {
        Task::Kernel(kernel) => {
            let accesses = kernel.accesses.iter().filter(|access| access.buffer != Buffer::Index);
            accesses.flat_map(|access| of_access(access, along)).collect()
        }
        Task::Routine(call) => {
            let followed = call.routine.follows(along, &arrays(call)).unwrap_or_default();
            let operands = followed.iter().filter_map(|(slot, own)| Some((call.operands.get(*slot)?, *own)));
            let read = operands.flat_map(|(operand, own)| of_access(&operand.access, own));
            read.chain(call.written.iter().map(|buffer| (*buffer, along))).collect()
        }
    }
}
