//! Rows: kernels that run one after another on a few rows at a time, while these are in the cache.
//!
//! A value that a reduction makes and a later kernel broadcasts back over the same rows (softmax, standardise, layer
//! norm) does not need all rows of the one before all rows of the other. Where every kernel has the loops over
//! rows, and meets in its own row only what the others wrote there, they take turns on one block of rows
//! after another: memory is passed over once, and what only they exchange is held for one block.

use crate::dim::Dim;
use crate::kernel::{Buffer, Kernel};
use smallvec::SmallVec;
use std::cmp::Ordering;

/// The bytes of a block of rows: a core's share of the last cache. Less is slower, although a nearer cache would hold
/// it: memory is fast where it is read and written in long runs.
pub const BLOCK_BYTES: u64 = 2 << 20;

/// A row that is longer does not stay in any cache until it is met again.
pub const MOST_ROW_BYTES: u64 = 16 << 20;

/// The same of rows that are neighbours in memory, where a block is many short runs.
pub const MOST_NEIGHBOURS_BYTES: u64 = 4 << 20;

/// The most blocks that are in work at the same time, each with memory of its own.
pub const MOST_LANES: u64 = 16;

/// Bytes of one value that a block holds where it has one element a row.
const TOTAL_BYTES: u64 = 1 << 10;

/// The same where it has more.
const VALUE_BYTES: u64 = 16 << 10;

/// Rows that are neighbours in memory are taken at least so many at a time.
const GRAIN: u64 = 64;

/// Kernels take turns where at least this part of what they touch is touched again.
const WORTH: u64 = 8;

/// A loop that the kernels of [`Rows`] have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowLoop {
    /// How often it runs.
    pub extent: Dim,
    /// For each kernel, the position among its loops.
    pub positions: Vec<usize>,
}

/// Kernels that run one after another on each block of rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// The loops over rows, outermost first; no kernel reduces along them.
    pub loops: Vec<RowLoop>,
    /// The kernels, in the order in which they run on a block.
    pub kernels: Vec<Kernel>,
    /// Rows that should be taken together.
    grain: u64,
    /// Rows of a block where sizes are known before arrays are bound.
    block: Option<u64>,
}

/// A value that only the kernels of one [`Rows`] exchange: it is held for a block at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowValue {
    /// The step of the plan.
    pub step: usize,
    /// For each loop over rows, the axis of the value that follows it.
    pub axes: Vec<usize>,
}

/// What one row takes up, where dims have certain sizes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowBytes {
    /// In each row.
    pub row: u64,
    /// What all rows read.
    pub common: u64,
    /// Rows that should be taken together.
    pub grain: u64,
}

impl Rows {
    pub(crate) fn new(loops: Vec<RowLoop>, kernels: Vec<Kernel>) -> Self {
        let mut rows = Self { loops, kernels, grain: 1, block: None };
        let bytes = rows.row_bytes(&Dim::upper);
        let mut loops = rows.kernels.iter().flat_map(|kernel| &kernel.loops);
        rows.block = loops.all(|l| l.extent.known().is_some()).then(|| bytes.block());
        rows.grain = bytes.grain;
        rows
    }

    /// What one row takes up; saturates.
    #[must_use]
    pub fn row_bytes(&self, size: &dyn Fn(&Dim) -> u64) -> RowBytes {
        RowBuffers::new(&self.loops, self.kernels.iter(), size).bytes()
    }

    /// Where the output is written over the input: are both met in no row but their own, so that no block takes
    /// from another what it still reads?
    pub(crate) fn are_kept(&self, output: usize, input: usize) -> bool {
        let mut rows: Vec<Option<Vec<usize>>> = Vec::new();
        let (mut is_read, mut is_written) = (false, false);
        for (at, kernel) in self.kernels.iter().enumerate() {
            for access in &kernel.accesses {
                let (reads, writes) =
                    (access.buffer == Buffer::Input(input), access.buffer == Buffer::Output(output));
                (is_read, is_written) = (is_read || reads, is_written || writes);
                if reads || writes {
                    rows.push(self.loops.iter().map(|l| access.axis_along(l.positions[at])).collect());
                }
            }
        }
        let is_own = rows.iter().all(|own| own.is_some() && *own == rows[0]);
        is_own || !is_read || !is_written
    }

    /// All rows, at the dims' upper bounds; saturates.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.loops.iter().fold(1, |count, l| count.saturating_mul(l.extent.upper()))
    }

    /// Rows of a block where sizes are known before arrays are bound, if they are.
    #[must_use]
    pub const fn known_block(&self) -> Option<u64> {
        self.block
    }

    /// The most bytes of a block of a value that has `row` bytes in each row (one element where it is a
    /// total), `whole` in all rows. More of `row` or `whole` never gives less.
    pub(crate) fn value_bytes(&self, row: u64, is_total: bool, whole: u64) -> u64 {
        let has_other_loops = self.kernels.iter().any(|kernel| kernel.loops.len() > self.loops.len());
        let most = if is_total && has_other_loops { TOTAL_BYTES } else { VALUE_BYTES };
        let block = self.block.map_or(u64::MAX, |rows| row.saturating_mul(rows));
        whole.min(most.min(block).max(row.saturating_mul(self.grain)))
    }
}

impl RowBytes {
    /// Rows of a block.
    #[must_use]
    pub fn block(&self) -> u64 {
        (BLOCK_BYTES / self.row.max(1)).max(self.grain)
    }

    /// Do rows that are taken together stay in a cache?
    pub(crate) const fn fit(&self) -> bool {
        let most = if self.grain > 1 { MOST_NEIGHBOURS_BYTES } else { MOST_ROW_BYTES };
        self.together() <= most
    }

    /// Of as many rows as are taken together.
    pub(crate) const fn together(&self) -> u64 {
        self.row.saturating_mul(self.grain).saturating_add(self.common)
    }
}

/// The memory that kernels touch, in terms of rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct RowBuffers {
    /// In order of the buffers.
    buffers: SmallVec<[RowBuffer; 6]>,
    /// Are rows neighbours in memory?
    has_neighbours: bool,
    /// Is there more in a row than one element?
    has_other_loops: bool,
}

#[derive(Clone, Copy, Debug)]
struct RowBuffer {
    buffer: Buffer,
    /// Is there a part of it for each row?
    is_of_rows: bool,
    /// How many bytes is that, or all of it?
    bytes: u64,
}

impl RowBuffers {
    /// What these kernels touch.
    pub fn new<'k>(
        loops: &[RowLoop],
        kernels: impl Iterator<Item = &'k Kernel>,
        size: &dyn Fn(&Dim) -> u64,
    ) -> Self {
        let mut touched = Self::default();
        for (at, kernel) in kernels.enumerate() {
            let is_row_loop = |position: usize| loops.iter().any(|l| l.positions[at] == position);
            touched.has_other_loops |= kernel.loops.len() > loops.len();
            for access in kernel.accesses.iter().filter(|access| access.buffer != Buffer::Index) {
                let mut followed: SmallVec<[usize; 4]> = access.loops().collect();
                followed.sort_unstable();
                followed.dedup();
                let rest = || followed.iter().filter(|position| !is_row_loop(**position));
                let extents = rest().map(|l| size(&kernel.loops[*l].extent));
                let bytes = extents.fold(access.dtype.bytes() as u64, u64::saturating_mul);
                let is_of_rows = rest().count() < followed.len();
                touched.buffers.push(RowBuffer { buffer: access.buffer, is_of_rows, bytes });
                let last = access.map.iter().rev().find(|map| !map.terms.is_empty());
                let is_along = last.is_some_and(|map| map.terms.iter().any(|term| is_row_loop(term.axis)));
                touched.has_neighbours |=
                    is_along && rest().next().is_some() && !matches!(access.buffer, Buffer::Workspace(_));
            }
        }
        touched.merge();
        touched
    }

    /// Each buffer once.
    fn merge(&mut self) {
        self.buffers.sort_unstable_by_key(|known| known.buffer);
        self.buffers.dedup_by(|next, known| {
            let is_same = next.buffer == known.buffer;
            if is_same {
                known.is_of_rows |= next.is_of_rows;
                known.bytes = known.bytes.max(next.bytes);
            }
            is_same
        });
    }

    /// Each buffer of these or the others, in order, with what is known of it on both sides.
    fn beside<'a>(
        &'a self,
        other: &'a Self,
    ) -> impl Iterator<Item = (Option<&'a RowBuffer>, Option<&'a RowBuffer>)> {
        let (mut ours, mut theirs) = (self.buffers.iter().peekable(), other.buffers.iter().peekable());
        std::iter::from_fn(move || {
            let order = match (ours.peek(), theirs.peek()) {
                (Some(our), Some(their)) => our.buffer.cmp(&their.buffer),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return None,
            };
            Some(match order {
                Ordering::Less => (ours.next(), None),
                Ordering::Equal => (ours.next(), theirs.next()),
                Ordering::Greater => (None, theirs.next()),
            })
        })
    }

    /// What one row takes up; saturates.
    pub fn bytes(&self) -> RowBytes {
        let grain = if self.has_neighbours || !self.has_other_loops { GRAIN } else { 1 };
        RowBytes { row: self.sum(true), common: self.sum(false), grain }
    }

    fn sum(&self, of_rows: bool) -> u64 {
        let meant = self.buffers.iter().filter(|known| known.is_of_rows == of_rows);
        meant.fold(0u64, |sum, known| sum.saturating_add(known.bytes))
    }

    /// What these and other kernels with the same loops over rows touch.
    pub fn and(&self, other: &Self) -> Self {
        let both = |(our, their): (Option<&RowBuffer>, Option<&RowBuffer>)| match (our, their) {
            (Some(our), Some(their)) => Some(RowBuffer {
                buffer: our.buffer,
                is_of_rows: our.is_of_rows || their.is_of_rows,
                bytes: our.bytes.max(their.bytes),
            }),
            (only, None) | (None, only) => only.copied(),
        };
        let mut buffers = SmallVec::with_capacity(self.buffers.len() + other.buffers.len());
        buffers.extend(self.beside(other).filter_map(both));
        Self {
            buffers,
            has_neighbours: self.has_neighbours || other.has_neighbours,
            has_other_loops: self.has_other_loops || other.has_other_loops,
        }
    }

    /// Is it worth it to go over rows once for what both these and other kernels touch?
    pub fn pays_with(&self, other: &Self) -> bool {
        let (mut common, mut all) = (0u64, 0u64);
        for (our, their) in self.beside(other) {
            if let Some(known) = our.or(their).filter(|known| known.is_of_rows) {
                all = all.saturating_add(known.bytes);
                if our.is_some() && their.is_some() {
                    common = common.saturating_add(known.bytes);
                }
            }
        }
        common >= all / WORTH
    }
}
