//! The steps of a plan: kernels, routines between them, and kernels that take turns.

use crate::index_map::AxisMap;
use crate::kernel::{Access, Buffer, Kernel};
use crate::routine::{RoutineCall, RoutineOperand};
use crate::rows::Rows;
use smallvec::SmallVec;
use std::fmt;

/// One step of a plan, in order of execution.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Step {
    /// A fused loop nest.
    Kernel(Kernel),
    /// Fused loop nests that run one after another on each block of rows.
    Rows(Rows),
    /// An operation on whole arrays in memory.
    Routine(RoutineCall),
}

impl Step {
    /// Its loop nests, in order of execution.
    #[must_use]
    pub fn kernels(&self) -> &[Kernel] {
        match self {
            Self::Kernel(kernel) => std::slice::from_ref(kernel),
            Self::Rows(rows) => &rows.kernels,
            Self::Routine(_) => &[],
        }
    }

    /// All that it runs, in order of execution.
    pub fn tasks(&self) -> impl Iterator<Item = Task<'_>> {
        let routine = if let Self::Routine(call) = self { Some(Task::Routine(call)) } else { None };
        self.kernels().iter().map(Task::Kernel).chain(routine)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tasks().try_for_each(|task| match task {
            Task::Kernel(kernel) => write!(f, "{kernel}"),
            Task::Routine(call) => write!(f, "{call}"),
        })
    }
}

/// What runs by itself: one loop nest of a step, or a routine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Task<'p> {
    /// A loop nest.
    Kernel(&'p Kernel),
    /// An operation on whole arrays in memory.
    Routine(&'p RoutineCall),
}

impl<'p> Task<'p> {
    /// The loop nest, where it is one.
    #[must_use]
    pub const fn kernel(self) -> Option<&'p Kernel> {
        match self {
            Self::Kernel(kernel) => Some(kernel),
            Self::Routine(_) => None,
        }
    }

    /// What it reads from memory, but for scratch memory; what it reads in several ways comes several times.
    #[must_use]
    pub fn read(self) -> SmallVec<[&'p Access; 6]> {
        match self {
            Self::Kernel(kernel) => kernel.read().map(|at| &kernel.accesses[at]).collect(),
            Self::Routine(call) => call.operands.iter().map(|operand| &operand.access).collect(),
        }
    }

    /// The buffers that it writes, but for scratch memory.
    #[must_use]
    pub fn written(self) -> SmallVec<[Buffer; 8]> {
        match self {
            Self::Kernel(kernel) => kernel.written().map(|at| kernel.accesses[at].buffer).collect(),
            Self::Routine(call) => call.written.iter().copied().collect(),
        }
    }

    /// Does it write this buffer?
    #[must_use]
    pub fn writes(self, buffer: Buffer) -> bool {
        match self {
            Self::Kernel(kernel) => kernel.writes(buffer),
            Self::Routine(call) => call.written.contains(&buffer),
        }
    }

    /// The buffers that it writes, reads, and works in; some come several times.
    #[must_use]
    pub fn touched(self) -> SmallVec<[Buffer; 8]> {
        let mut touched = self.written();
        touched.extend(self.read().into_iter().map(|access| access.buffer));
        match self {
            Self::Kernel(kernel) => touched.extend(kernel.carried.as_ref().map(|carried| carried.state)),
            Self::Routine(call) => touched.extend(call.scratch),
        }
        touched
    }

    /// What keeps it from writing one buffer over the memory of another: an element that it still reads after
    /// it was overwritten. In words; `None` where nothing does.
    pub(crate) fn overwriting_breaks(self, at: usize, written: Buffer, read: Buffer) -> Option<String> {
        match self {
            Self::Kernel(kernel) => {
                let reads: Vec<usize> =
                    kernel.read().filter(|access| kernel.accesses[*access].buffer == read).collect();
                let writes: Vec<usize> =
                    kernel.written().filter(|access| kernel.accesses[*access].buffer == written).collect();
                if writes.is_empty() || reads.is_empty() {
                    return None;
                }
                if !kernel.reductions.is_empty() {
                    return Some(format!("kernel {at} reads it in a reduction"));
                }
                let same = |read: &usize| {
                    writes.iter().all(|write| kernel.accesses[*write].map == kernel.accesses[*read].map)
                };
                (!reads.iter().all(same))
                    .then(|| format!("kernel {at} reads other elements than the one it writes"))
            }
            Self::Routine(call) => {
                let is_safe = |(slot, operand): (usize, &RoutineOperand)| {
                    let follows = |(axis, map): (usize, &AxisMap)| map.followed() == Some(axis);
                    operand.access.buffer != read
                        || (call.routine.may_overwrite(slot)
                            && operand.access.map.iter().enumerate().all(follows))
                };
                let is_safe =
                    !call.written.contains(&written) || call.operands.iter().enumerate().all(is_safe);
                (!is_safe).then(|| format!("routine {at} reads other elements than the one it writes"))
            }
        }
    }

    /// The word for it in plans.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Kernel(_) => "kernel",
            Self::Routine(_) => "routine",
        }
    }

    /// The first rule that it breaks, in words; `None` when it is sound.
    #[must_use]
    pub fn defect(self) -> Option<String> {
        match self {
            Self::Kernel(kernel) => kernel.defect(),
            Self::Routine(call) => call.defect(),
        }
    }
}
