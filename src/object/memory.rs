//! What the workspace of the caller is used for.

use super::work::Job;
use fusewire_ir::SizeExpr;
use fusewire_ir::plan::Plan;

/// Scratch memory, then the slots of the plan.
pub(super) struct Memory {
    /// Bytes of each slot: whole cache lines.
    pub slots: Vec<SizeExpr>,
    pub scratch: usize,
}

impl Memory {
    pub fn new(plan: &Plan, jobs: &[Job]) -> Self {
        let mut slots = vec![SizeExpr::known(0); plan.slots().len()];
        for stored in plan.stored().iter().filter(|stored| stored.output.is_none()) {
            let line = SizeExpr::known(64);
            let bytes = stored
                .array
                .shape
                .iter()
                .fold(SizeExpr::known(stored.array.dtype.bytes() as i128), |bytes, dim| {
                    bytes.times(&dim.size())
                });
            let slot = &mut slots[stored.slot];
            *slot = slot.at_least(&bytes.ceil_div(&line).times(&line));
        }
        let scratch = jobs.iter().map(Job::scratch_bytes).max().unwrap_or(0).next_multiple_of(64);
        Self { slots, scratch }
    }

    /// All of it, from a multiple of 64 on.
    pub fn bytes(&self) -> SizeExpr {
        self.slots.iter().fold(SizeExpr::known(self.scratch as i128), |sum, slot| sum.plus(slot))
    }
}
