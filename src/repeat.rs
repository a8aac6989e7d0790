//! Short innermost loops over arrays that start again with each iteration of the next loop: the channels of an
//! image, the components of a vector.
//!
//! A loop of three iterations is no loop that vectors can be used in. Where every other array goes on from one such
//! loop to the next, and the rest begin anew, these are written out a number of times, one after another, and the
//! loop goes over as many at once.
#![allow(unsafe_code)]

use crate::block::Block;
use crate::walk::{Origin, Walk};
use fusewire_ir::DType;
use fusewire_ir::kernel::Buffer;
use smallvec::SmallVec;

/// An innermost loop shorter than this is made longer.
const SHORT: u64 = 128;

/// About as many iterations as it has then.
const LONG: u64 = 1536;

/// Tables are worth it for so many times their elements.
const WORTH: u64 = 8;

/// The elements of an array, one copy after another.
pub(crate) struct Table {
    /// Where the elements are, and how far apart in bytes.
    source: i64,
    step: i64,
    count: usize,
    copies: usize,
    dtype: DType,
    origin: Origin,
    block: Block,
}

impl Table {
    /// Reads the elements as they are now.
    pub fn fill(&mut self) {
        let bytes = self.dtype.bytes();
        let to = self.block.address();
        let row = self.count * bytes;
        for at in 0..self.count {
            let from = self.source.wrapping_add(self.step.wrapping_mul(at as i64)) as *const u8;
            // SAFETY: the walk that this was made for reads `count` elements, `step` apart, from `source` on, and a
            // binding has checked that; the block has room for `copies` times as many.
            unsafe { std::ptr::copy_nonoverlapping(from, to.add(at * bytes), bytes) };
        }
        let mut filled = 1;
        while filled < self.copies {
            let more = filled.min(self.copies - filled);
            // SAFETY: the block has room for `copies` rows, of which the first `filled` are written and stay.
            unsafe { std::ptr::copy_nonoverlapping(to, to.add(filled * row), more * row) };
            filled += more;
        }
    }

    /// The memory that it takes.
    pub fn bytes(&self) -> usize {
        self.block.bytes()
    }

    /// After buffers have moved by as many bytes as `moved` says.
    pub fn relocate(&mut self, moved: &impl Fn(&Origin) -> i64) {
        self.source = self.source.wrapping_add(moved(&self.origin));
    }
}

/// A walk whose innermost loop has been made longer.
pub(crate) struct Lengthened {
    pub walk: Walk,
    /// The iterations that are too few for one more.
    pub rest: Option<Walk>,
    /// What is to be filled before each run.
    pub tables: Vec<Table>,
}

/// The same iterations with a longer innermost loop, where that is possible and worth it.
pub(crate) fn lengthened(walk: &Walk) -> Option<Lengthened> {
    let [.., outer, inner] = walk.extents[..] else { return None };
    let at = walk.extents.len() - 2;
    let copies = (LONG / inner.max(1)).min(outer / 2);
    if inner >= SHORT || copies < 2 || walk.iterations() < WORTH.saturating_mul(copies * inner) {
        return None;
    }
    let goes_on = |steps: &[i64]| i128::from(steps[at]) == i128::from(steps[at + 1]) * i128::from(inner);
    let begins_anew = |steps: &[i64]| steps[..=at].iter().all(|step| *step == 0);
    let fits = walk.strides.iter().all(|stride| {
        goes_on(&stride.steps) || (begins_anew(&stride.steps) && !stride.written && !stride.index)
    });
    if !fits {
        return None;
    }
    let mut tables = Vec::new();
    let mut long = walk.clone();
    (long.extents[at], long.extents[at + 1]) = (outer / copies, inner * copies);
    for stride in &mut long.strides {
        if goes_on(&stride.steps) {
            stride.steps[at] = stride.steps[at].wrapping_mul(copies as i64);
            continue;
        }
        let bytes = stride.dtype.bytes();
        let mut block = Block::new((inner * copies) as usize * bytes);
        let start = block.address() as i64;
        tables.push(Table {
            source: stride.start,
            step: stride.steps[at + 1],
            count: inner as usize,
            copies: copies as usize,
            dtype: stride.dtype,
            origin: stride.origin.clone(),
            block,
        });
        (stride.start, stride.steps[at + 1]) = (start, bytes as i64);
        // The table moves with nothing that is bound.
        stride.origin = Origin { buffer: Buffer::Index, rows: SmallVec::new() };
    }
    let left = outer % copies;
    let rest = (left > 0).then(|| {
        let mut rest = long.part(at, outer / copies, 1);
        rest.extents[at + 1] = left * inner;
        rest
    });
    Some(Lengthened { walk: long, rest, tables })
}
