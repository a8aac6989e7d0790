//! Why each kernel of a plan is one of its own.

use crate::diagnostic::human_bytes;
use crate::fuse::{Apart, Equalities, StoreReason, apart};
use crate::kernel::Buffer;
use crate::plan::{Plan, Task};
use crate::quick_hash::{QuickMap, QuickSet};
use std::fmt;

/// Why a kernel is not part of an earlier one.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Boundary {
    /// It reads a value of an earlier kernel that must be complete first.
    Waits {
        /// The name of the value.
        value: String,
        /// The step that makes it.
        step: usize,
        /// Why that value is in memory.
        reason: StoreReason,
    },
    /// It does not take turns with an earlier kernel that it waits for: that goes over all rows first.
    Apart {
        /// The earlier kernel.
        step: usize,
        /// Why.
        why: Apart,
    },
    /// Its loops, or those it reduces, are not those of the earlier step.
    OtherLoops {
        /// The earlier step.
        step: usize,
    },
    /// It reads nothing that the earlier step reads, so a pass together would save nothing.
    NothingShared {
        /// The earlier step.
        step: usize,
    },
    /// It is a routine, or the earlier step is one: a routine has no loops to share.
    Routine {
        /// The earlier step.
        step: usize,
    },
    /// Together with the earlier step its body would be too long for one kernel.
    TooLong {
        /// The earlier step.
        step: usize,
    },
}

impl fmt::Display for Boundary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waits { value, step, reason: StoreReason::Routine } => {
                write!(f, "waits for `{value}` of routine {step}")
            }
            Self::Waits { value, step, reason: StoreReason::Output } => {
                write!(f, "waits for `{value}` of kernel {step}: it reads that output at other indices")
            }
            Self::Waits { value, step, reason } => {
                write!(f, "waits for `{value}` of kernel {step}: {reason}")
            }
            Self::Apart { step, why: Apart::NoRows } => {
                write!(f, "needs more of kernel {step} than what was computed in its own rows")
            }
            Self::Apart { step, why: Apart::TooLong { bytes } } => {
                write!(f, "rows that kernel {step} leaves in the cache would have {}", human_bytes(*bytes))
            }
            Self::Apart { step, why: Apart::LittleShared } => {
                write!(f, "to take turns with kernel {step} would save little")
            }
            Self::Routine { step } => write!(f, "a routine has no loops to share with step {step}"),
            Self::OtherLoops { step } => write!(f, "its loops are not those of kernel {step}"),
            Self::NothingShared { step } => write!(f, "it reads nothing that kernel {step} reads"),
            Self::TooLong { step } => {
                write!(f, "its body and that of kernel {step} are too long for one kernel")
            }
        }
    }
}

/// What all kernels of a plan ask about the others, collected once.
pub(crate) struct Boundaries<'p> {
    plan: &'p Plan,
    tasks: Vec<Task<'p>>,
    /// Of each task, the step of the plan that it is in.
    steps: Vec<usize>,
    /// The tasks that write a buffer, in order: the parts of a join may have one each.
    writers: QuickMap<Buffer, Vec<usize>>,
    equalities: Equalities,
}

impl Plan {
    /// Why a step is not part of an earlier one: everything it waits for, else what keeps it apart
    /// from the step before. Empty for a first step, and for a step that does not exist.
    #[must_use]
    pub fn boundaries(&self, step: usize) -> Vec<Boundary> {
        Boundaries::new(self).of(step)
    }
}

impl<'p> Boundaries<'p> {
    pub fn new(plan: &'p Plan) -> Self {
        let tasks: Vec<Task<'_>> = plan.tasks().collect();
        let steps = plan.steps().iter().enumerate().flat_map(|(at, step)| step.tasks().map(move |_| at));
        let mut writers: QuickMap<Buffer, Vec<usize>> = QuickMap::default();
        for (at, task) in tasks.iter().enumerate() {
            for buffer in task.written() {
                let known = writers.entry(buffer).or_default();
                if known.last() != Some(&at) {
                    known.push(at);
                }
            }
        }
        let equalities = Equalities::new(plan.required.iter().map(|required| &required.requirement));
        Self { plan, steps: steps.collect(), tasks, writers, equalities }
    }

    /// Why a step is not part of an earlier one.
    pub fn of(&self, step: usize) -> Vec<Boundary> {
        let Some((this, earlier)) = self.tasks.get(..=step).and_then(<[_]>::split_last) else {
            return Vec::new();
        };
        let mut waits: Vec<Boundary> = Vec::new();
        let mut makers: Vec<usize> = Vec::new();
        let mut asked: QuickSet<Buffer> = QuickSet::default();
        // Several values may have one name.
        let mut said: QuickMap<(&str, usize), Vec<&StoreReason>> = QuickMap::default();
        for buffer in this.read().into_iter().map(|access| access.buffer) {
            let (value, reason) = match buffer {
                Buffer::Workspace(at) => (&*self.plan.stored[at].name, &self.plan.stored[at].reason),
                Buffer::Output(at) => (&*self.plan.outputs[at].name, &self.plan.output_reasons[at]),
                _ => continue,
            };
            if !asked.insert(buffer) {
                continue;
            }
            let writers = self.writers.get(&buffer).into_iter().flatten().copied();
            for step in writers.take_while(|writer| *writer < earlier.len()) {
                let reasons = said.entry((value, step)).or_default();
                if !reasons.contains(&reason) {
                    reasons.push(reason);
                    waits.push(Boundary::Waits { value: value.to_string(), step, reason: reason.clone() });
                    makers.push(step);
                }
            }
        }
        if !waits.is_empty() {
            waits.extend(self.apart(step, makers));
            return waits;
        }
        let Some(before) = earlier.last() else { return Vec::new() };
        let step = earlier.len() - 1;
        let (Some(kernel), Some(before)) = (this.kernel(), before.kernel()) else {
            return vec![Boundary::Routine { step }];
        };
        let same_loops = kernel.loops.len() == before.loops.len()
            && kernel.loops.iter().zip(&before.loops).all(|(a, b)| a.extent.same_size(&b.extent))
            && (kernel.reduced().eq(before.reduced())
                || kernel.reductions.is_empty()
                || before.reductions.is_empty());
        let read: QuickSet<Buffer> = before.sources().collect();
        let shares = kernel.sources().any(|source| read.contains(&source));
        vec![match (same_loops, shares) {
            (false, _) => Boundary::OtherLoops { step },
            (true, false) => Boundary::NothingShared { step },
            (true, true) => Boundary::TooLong { step },
        }]
    }

    /// Why a kernel does not take turns with those that it waits for.
    fn apart(&self, at: usize, mut makers: Vec<usize>) -> Vec<Boundary> {
        makers.retain(|maker| self.steps[*maker] != self.steps[at]);
        makers.dedup();
        let why = |step: usize| {
            let why = apart([self.tasks[step].kernel()?, self.tasks[at].kernel()?], &self.equalities)?;
            Some(Boundary::Apart { step, why })
        };
        makers.into_iter().filter_map(why).collect()
    }
}
