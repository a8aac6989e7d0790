//! Workspace: which stored values share memory, and how much of it there is.

use crate::bounds::Bounds;
use crate::chunk::Round;
use crate::dim::Dim;
use crate::fuse::StoreReason;
use crate::kernel::Buffer;
use crate::plan::{Plan, Step, Stored, Task};
use crate::quick_hash::QuickMap;
use crate::rows::{MOST_LANES, RowValue, Rows};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// From which kernel or routine on a stored value is needed, and up to which.
#[derive(Clone, Copy)]
struct Life {
    value: usize,
    first: usize,
    last: usize,
}

/// Memory that values take in turns.
#[derive(Default)]
struct Slots {
    bytes: Vec<u64>,
    /// The last task that meets the value in each slot.
    ends: Vec<usize>,
    /// Slots by the end of what is in them, first ends first.
    taken: BinaryHeap<Reverse<(usize, usize)>>,
    /// By their bytes, slots in which all has been read before some value was made.
    free: BTreeMap<u64, BTreeSet<usize>>,
}

impl Slots {
    /// A slot that is free from the first task of a life on: of those, the one whose bytes are nearest; a new one where there is none.
    fn take(&mut self, bytes: u64, life: Life) -> usize {
        while let Some(Reverse((end, slot))) =
            self.taken.peek().copied().filter(|taken| taken.0.0 < life.first)
        {
            debug_assert_eq!(end, self.ends[slot]);
            self.taken.pop();
            self.free.entry(self.bytes[slot]).or_default().insert(slot);
        }
        // Lives come about in order: one may begin before another that came first.
        let usable = |(bytes, slots): (&u64, &BTreeSet<usize>)| {
            let slot = slots.iter().copied().find(|slot| self.ends[*slot] < life.first)?;
            Some((*bytes, slot))
        };
        let smaller = self.free.range(..=bytes).rev().find_map(usable);
        let larger = self.free.range(bytes..).find_map(usable);
        let nearest = [smaller, larger].into_iter().flatten();
        let slot = match nearest.min_by_key(|(own, slot)| (own.abs_diff(bytes), *slot)) {
            Some((own, slot)) => {
                if let Some(slots) = self.free.get_mut(&own) {
                    slots.remove(&slot);
                    if slots.is_empty() {
                        self.free.remove(&own);
                    }
                }
                slot
            }
            None => {
                self.bytes.push(0);
                self.ends.push(0);
                self.ends.len() - 1
            }
        };
        self.bytes[slot] = self.bytes[slot].max(bytes);
        self.ends[slot] = life.last;
        self.taken.push(Reverse((life.last, slot)));
        slot
    }
}

/// The first and the last task that touch a buffer.
#[derive(Clone, Copy)]
struct Touched {
    first: usize,
    last: usize,
}

/// Which values may wait in the memory of an output.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lent {
    /// Any that can.
    Anew,
    /// Those that do so already, and still can: the order of steps is for them.
    AsBefore,
}

impl Plan {
    /// Finds the values that are held for blocks of rows, and gives each value a slot: values whose last reader
    /// is behind give theirs to new ones.
    pub(crate) fn assign_slots(&mut self) {
        self.assign_slots_in(&[], &|_| false);
    }

    /// The same where steps run in rounds over pieces: all that is not made anew for each piece is needed until the last one is done.
    pub(crate) fn assign_slots_in(&mut self, rounds: &[Round], is_of_piece: &dyn Fn(usize) -> bool) {
        let mut lives = self.lives();
        self.lend_outputs(if rounds.is_empty() { Lent::Anew } else { Lent::AsBefore });
        self.last_for_rounds(&mut lives, rounds, is_of_piece);
        let bytes: Vec<u64> =
            self.stored.iter().map(|stored| self.bytes_in(stored, &Bounds::declared())).collect();
        self.slots.clear();
        let mut slots = Slots::default();
        for life in lives {
            let stored = &mut self.stored[life.value];
            if stored.output.is_none() {
                stored.slot = slots.take(bytes[life.value], life);
            }
        }
        self.slots = slots.bytes;
    }

    /// Has values live from the beginning of a round to its end.
    fn last_for_rounds(&self, lives: &mut [Life], rounds: &[Round], is_of_piece: &dyn Fn(usize) -> bool) {
        let mut first = 0;
        for round in rounds {
            let count: usize = self.steps[round.steps.clone()].iter().map(|step| step.tasks().count()).sum();
            let last = first + count.saturating_sub(1);
            let touches = |life: &&mut Life| life.first <= last && life.last >= first;
            for life in
                lives.iter_mut().filter(|life| round.in_pieces && !is_of_piece(life.value)).filter(touches)
            {
                (life.first, life.last) = (life.first.min(first), life.last.max(last));
            }
            first += count;
        }
        lives.sort_by_key(|life| life.first);
    }

    /// Finds the values that can wait in the memory of an output, which the last kernel that reads them overwrites
    /// element by element. They need no workspace.
    fn lend_outputs(&mut self, lent: Lent) {
        let tasks: Vec<Task<'_>> = self.tasks().collect();
        let mut touched: QuickMap<Buffer, Touched> = QuickMap::default();
        for (at, task) in tasks.iter().enumerate() {
            for buffer in task.touched() {
                touched.entry(buffer).or_insert(Touched { first: at, last: at }).last = at;
            }
        }
        // The outputs that each task is the first to meet.
        let mut begun: QuickMap<usize, Vec<usize>> = QuickMap::default();
        for output in 0..self.outputs.len() {
            if let Some(touched) = touched.get(&Buffer::Output(output)) {
                begun.entry(touched.first).or_default().push(output);
            }
        }
        let mut is_lent = vec![false; self.outputs.len()];
        let mut outputs: Vec<Option<usize>> = Vec::with_capacity(self.stored.len());
        for value in 0..self.stored.len() {
            let can_lend = |output: &usize| {
                let is_allowed = lent == Lent::Anew || self.stored[value].output == Some(*output);
                is_allowed && !is_lent[*output] && self.can_lend(*output, value, &tasks, &touched)
            };
            // Before the last task that meets the value nobody knows the output.
            let last = touched.get(&Buffer::Workspace(value)).map(|touched| touched.last);
            let begun = last.and_then(|last| begun.get(&last)).into_iter().flatten();
            let output = begun.copied().find(can_lend);
            if let Some(output) = output {
                is_lent[output] = true;
            }
            outputs.push(output);
        }
        for (stored, output) in self.stored.iter_mut().zip(outputs) {
            stored.output = output;
        }
    }

    /// Can a value that might as well be computed again wait in the memory of an output?
    fn can_lend(
        &self,
        output: usize,
        value: usize,
        tasks: &[Task<'_>],
        touched: &QuickMap<Buffer, Touched>,
    ) -> bool {
        let (stored, port) = (&self.stored[value], &self.outputs[output].array);
        let is_optional =
            matches!(stored.reason, StoreReason::Recomputed { .. } | StoreReason::InOutput { .. });
        if !is_optional || !stored.array.has_form_of(port) || self.in_place[output].is_some() {
            return false;
        }
        let (own, lent) = (Buffer::Workspace(value), Buffer::Output(output));
        let Some(last) = touched.get(&own).map(|touched| touched.last) else { return false };
        let first = touched.get(&lent).map(|touched| touched.first);
        let Some(kernel) = tasks[last].kernel() else { return false };
        let mut accesses =
            kernel.accesses.iter().filter(|access| access.buffer == own || access.buffer == lent);
        let map = accesses.next().map(|access| &access.map);
        first == Some(last)
            && kernel.reductions.is_empty()
            && kernel.writes(lent)
            && !kernel.writes(own)
            && accesses.all(|access| Some(&access.map) == map)
    }

    /// When each stored value is needed, in the order in which they are made.
    fn lives(&mut self) -> Vec<Life> {
        // For each stored value, the first and the last task that touch it, each after its step.
        let mut touched: Vec<Option<[(usize, usize); 2]>> = vec![None; self.stored.len()];
        let mut made = Vec::new();
        let mut steps: Vec<(usize, usize)> = Vec::new();
        let mut count = 0;
        for (at, step) in self.steps.iter().enumerate() {
            let first = count;
            for task in step.tasks() {
                for buffer in task.touched() {
                    if let Buffer::Workspace(value) = buffer {
                        let task = (at, count);
                        match &mut touched[value] {
                            Some([_, last]) => *last = task,
                            first => {
                                *first = Some([task; 2]);
                                made.push((value, task));
                            }
                        }
                    }
                }
                count += 1;
            }
            steps.push((first, count - 1));
        }
        let life = |(value, (step, first)): (usize, (usize, usize))| {
            let (last_step, last) = touched[value].map_or((step, first), |[_, last]| last);
            self.stored[value].rows = match &self.steps[step] {
                Step::Rows(rows) if step == last_step => {
                    row_axes(rows, value).map(|axes| RowValue { step, axes })
                }
                _ => None,
            };
            if self.stored[value].rows.is_some() {
                return Life { value, first, last };
            }
            // The whole of it is made while the step goes through its blocks, and read likewise.
            Life { value, first: steps[step].0, last: steps[last_step].1 }
        };
        made.into_iter().map(life).collect()
    }

    /// The bytes that a stored value takes up where dims have these bounds: whole cache lines. What does not
    /// fit is more than any limit that is not the largest number, and more than any machine gives.
    fn bytes_in(&self, stored: &Stored, bounds: &Bounds) -> u64 {
        if stored.output.is_some() {
            return 0;
        }
        let size = |dim: &Dim| dim.upper_in(bounds);
        let whole = self.whole_bytes(stored, &size);
        let lane = self.lane_bytes_of(stored, &size);
        lane.map_or(whole, |lane| lane.saturating_mul(MOST_LANES).min(whole))
    }

    /// The bytes that all of a stored value takes up where dims have these sizes, in whole cache lines; `u64::MAX`
    /// where they do not fit.
    #[must_use]
    pub fn whole_bytes(&self, stored: &Stored, size: &dyn Fn(&Dim) -> u64) -> u64 {
        let mut sizes = stored.array.shape.iter().map(size);
        let elements = if stored.array.shape.iter().any(|dim| size(dim) == 0) {
            Some(0)
        } else {
            sizes.try_fold(1u64, u64::checked_mul)
        };
        let bytes = elements.and_then(|elements| elements.checked_mul(stored.array.dtype.bytes() as u64));
        bytes.map_or(u64::MAX, lines)
    }

    /// The most bytes of a stored value that one block of rows has, at the dims' upper bounds; `None` for one that is
    /// held as a whole.
    #[must_use]
    pub fn lane_bytes(&self, stored: &Stored) -> Option<u64> {
        self.lane_bytes_of(stored, &Dim::upper)
    }

    fn lane_bytes_of(&self, stored: &Stored, size: &dyn Fn(&Dim) -> u64) -> Option<u64> {
        let held = stored.rows.as_ref().filter(|_| stored.output.is_none())?;
        let Some(Step::Rows(rows)) = self.steps.get(held.step) else { return None };
        let is_total = stored
            .array
            .shape
            .iter()
            .enumerate()
            .all(|(axis, dim)| held.axes.contains(&axis) || dim.is_one());
        let row = stored.row_bytes(size);
        Some(lines(rows.value_bytes(row, is_total, self.whole_bytes(stored, size))))
    }

    /// The bytes of workspace where dims have these bounds.
    pub(crate) fn workspace_in(&self, bounds: &Bounds) -> u64 {
        let mut slots = vec![0u64; self.slots.len()];
        for stored in self.stored.iter().filter(|stored| stored.output.is_none()) {
            slots[stored.slot] = slots[stored.slot].max(self.bytes_in(stored, bounds));
        }
        slots.iter().fold(0, |sum, bytes| sum.saturating_add(*bytes))
    }
}

impl Stored {
    /// Does it take up workspace for a few blocks of rows, instead of as a whole?
    #[must_use]
    pub const fn is_held_for_blocks(&self) -> bool {
        self.rows.is_some() && self.output.is_none()
    }

    /// Bytes that one row has of it, where it is held for blocks of rows; saturates.
    #[must_use]
    pub fn row_bytes(&self, size: &dyn Fn(&Dim) -> u64) -> u64 {
        let is_row = |axis: usize| self.rows.as_ref().is_some_and(|rows| rows.axes.contains(&axis));
        let sizes = self.array.shape.iter().enumerate().filter(|(axis, _)| !is_row(*axis));
        sizes.fold(self.array.dtype.bytes() as u64, |bytes, (_, dim)| bytes.saturating_mul(size(dim)))
    }
}

/// The axis of a stored value that follows each loop over rows, where all kernels that write it agree.
fn row_axes(rows: &Rows, value: usize) -> Option<Vec<usize>> {
    let mut agreed = None;
    for (at, kernel) in rows.kernels.iter().enumerate() {
        let accesses = kernel.written().map(|access| &kernel.accesses[access]);
        for written in accesses.filter(|access| access.buffer == Buffer::Workspace(value)) {
            let axes =
                rows.loops.iter().map(|l| written.axis_along(l.positions[at])).collect::<Option<Vec<_>>>()?;
            if agreed.get_or_insert_with(|| axes.clone()) != &axes {
                return None;
            }
        }
    }
    agreed
}

/// Rounded up to whole cache lines.
fn lines(bytes: u64) -> u64 {
    bytes.checked_next_multiple_of(64).unwrap_or(u64::MAX)
}
