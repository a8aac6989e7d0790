//! Kernels: a loop nest, what it reads and writes, and the body that runs inside.

use crate::body::{Body, Code, Value};
use crate::bounds::Bounds;
use crate::dim::Dim;
use crate::dtype::DType;
use crate::index_map::IndexMap;
use crate::reduce::{LANE_BYTES, ReduceOp};
use crate::size::SizeExpr;
use crate::touched;
use std::fmt;
use std::sync::Arc;

/// One loop of a nest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loop {
    /// How often it runs.
    pub extent: Dim,
    /// Do the kernel's reductions combine along it?
    pub reduced: bool,
}

/// Where elements live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Buffer {
    /// The plan's input at this position.
    Input(usize),
    /// The plan's output at this position.
    Output(usize),
    /// The plan's constant array at this position.
    Constant(usize),
    /// The plan's stored value at this position.
    Workspace(usize),
    /// Nowhere: the access computes an index instead of an address.
    Index,
}

/// A way through a buffer: which element belongs to each iteration.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Access {
    /// The buffer.
    pub buffer: Buffer,
    /// The dtype of its elements.
    pub dtype: DType,
    /// For each axis of the buffer, where it is in terms of the kernel's loops. Most accesses of a plan have one of a
    /// few maps, which they share.
    pub map: Arc<IndexMap>,
}

impl Access {
    /// The loops that its element depends on; one that it depends on in several ways comes several times.
    pub fn loops(&self) -> impl Iterator<Item = usize> + '_ {
        self.map.iter().flat_map(|map| &map.terms).map(|term| term.axis)
    }

    /// The axis that a loop runs along from its beginning, one element an iteration.
    #[must_use]
    pub fn axis_along(&self, position: usize) -> Option<usize> {
        self.map.iter().position(|map| map.followed() == Some(position))
    }

    /// The index of its element in terms of the loops, as in `[i0, 3 + 2*i1]`.
    #[must_use]
    pub fn index_text(&self) -> String {
        let axes: Vec<String> = self.map.iter().map(ToString::to_string).collect();
        format!("[{}]", axes.join(", "))
    }
}

/// A combination of one value of the body over all reduced loops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reduction {
    /// How elements are combined, and in which order (see [`crate::reduce`]).
    pub op: ReduceOp,
    /// The value of the body that is combined; it has the accumulator's dtype.
    pub value: Value,
}

/// Totals that are not complete when a kernel ends: it runs once for each piece of a loop, one after another, and takes up
/// the reductions where the piece before it left them. The epilogue runs after the last piece.
#[derive(Clone, Debug, PartialEq)]
pub struct Carried {
    /// The reduced loop that is cut. Pieces follow each other in the order of the reduction.
    pub position: usize,
    /// Where a piece begins along it.
    pub start: SizeExpr,
    /// How often it runs in all pieces together.
    pub extent: u64,
    /// Levels of the tree over blocks, at the dims' upper bounds.
    pub levels: usize,
    /// Where lanes and trees wait for the next piece: bytes of workspace.
    pub state: Buffer,
}

impl Carried {
    /// Bytes that wait for each result and reduction: a row of lanes, and a word for each level of the tree.
    #[must_use]
    pub const fn bytes(levels: usize) -> usize {
        LANE_BYTES + 8 * levels
    }
}

/// A loop nest. The body runs for every combination of the loops' indices. Where there are
/// reductions, the epilogue runs for every combination of the loops that are not reduced, after
/// their totals are complete.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    /// Outermost first. Bodies do not depend on the order in which they run, but for the order of a
    /// reduction, which [`crate::reduce`] fixes.
    pub loops: Vec<Loop>,
    /// What body and epilogue read and write, by position.
    pub accesses: Vec<Access>,
    /// Runs for every index.
    pub body: Body,
    /// What is combined.
    pub reductions: Vec<Reduction>,
    /// Runs once the totals are complete; empty without reductions.
    pub epilogue: Body,
    /// Where the kernel sees only a piece of what it reduces, how it goes on from piece to piece.
    pub carried: Option<Carried>,
}

impl Kernel {
    /// Iterations of the body at the loops' upper bounds; saturates.
    #[must_use]
    pub fn iterations(&self) -> u64 {
        self.loops.iter().fold(1u64, |product, l| product.saturating_mul(l.extent.upper()))
    }

    /// Positions of the accesses that are written.
    pub fn written(&self) -> impl Iterator<Item = usize> + '_ {
        self.body.stores.iter().chain(&self.epilogue.stores).map(|store| store.access)
    }

    /// Positions of the accesses that are read from memory.
    pub fn read(&self) -> impl Iterator<Item = usize> + '_ {
        self.body.instructions.iter().chain(&self.epilogue.instructions).filter_map(|instruction| {
            match instruction.code {
                Code::Load(access) => Some(access),
                _ => None,
            }
        })
    }

    /// Does it write this buffer?
    #[must_use]
    pub fn writes(&self, buffer: Buffer) -> bool {
        self.written().any(|access| self.accesses[access].buffer == buffer)
    }

    /// For each loop, whether the reductions combine along it.
    pub fn reduced(&self) -> impl Iterator<Item = bool> + '_ {
        self.loops.iter().map(|l| l.reduced)
    }

    /// The inputs and constant arrays it reads; those read in several ways come several times.
    pub fn sources(&self) -> impl Iterator<Item = Buffer> + '_ {
        self.read()
            .map(|access| self.accesses[access].buffer)
            .filter(|buffer| matches!(buffer, Buffer::Input(_) | Buffer::Constant(_)))
    }

    /// Machine operations of all iterations at the loops' upper bounds, where a vector function
    /// counts as one; saturates.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.operations_in(&Bounds::declared())
    }

    /// Bytes of the distinct elements that an access meets at the loops' upper bounds, and seldom more; saturates.
    #[must_use]
    pub fn bytes(&self, access: &Access) -> u64 {
        let extents = |at: usize| self.loops.get(at).map_or(1, |l| l.extent.upper());
        touched::elements(&access.map, &extents).saturating_mul(access.dtype.bytes() as u64)
    }

    /// The first rule that the kernel breaks, in words; `None` when it is sound.
    #[must_use]
    pub fn defect(&self) -> Option<String> {
        for (name, body) in [("body", &self.body), ("epilogue", &self.epilogue)] {
            if let Some(defect) = body.defect() {
                return Some(format!("{name}: {defect}"));
            }
            for instruction in &body.instructions {
                let sound = match instruction.code {
                    Code::Load(access) => {
                        self.accesses.get(access).is_some_and(|access| access.dtype == instruction.dtype)
                    }
                    Code::Index(access) => {
                        self.accesses.get(access).is_some_and(|access| access.buffer == Buffer::Index)
                    }
                    Code::Total(at) => self
                        .reductions
                        .get(at)
                        .is_some_and(|reduction| self.body.dtype(reduction.value) == instruction.dtype),
                    _ => true,
                };
                if !sound {
                    return Some(format!("{name}: access or total out of place: {instruction:?}"));
                }
            }
            for store in &body.stores {
                if self.accesses.get(store.access).map(|access| access.dtype) != Some(body.dtype(store.value))
                {
                    return Some(format!("{name}: store of the wrong dtype: {store:?}"));
                }
            }
        }
        if self.written().next().is_none() {
            return Some("it writes nothing".into());
        }
        let beyond = self.accesses.iter().flat_map(Access::loops).any(|axis| axis >= self.loops.len());
        if beyond {
            return Some("an access follows a loop that does not exist".into());
        }
        if let Some(carried) = &self.carried
            && !self.loops.get(carried.position).is_some_and(|l| l.reduced)
        {
            return Some("it carries totals along a loop that is not reduced".into());
        }
        let epilogue_reads_reduced = self.epilogue.instructions.iter().any(|instruction| {
            let (Code::Load(access) | Code::Index(access)) = instruction.code else { return false };
            self.accesses[access].loops().any(|axis| self.loops[axis].reduced)
        });
        epilogue_reads_reduced.then(|| "the epilogue follows a reduced loop".into())
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, l) in self.loops.iter().enumerate() {
            writeln!(f, "loop i{at} < {}{}", l.extent, if l.reduced { " reduced" } else { "" })?;
        }
        for (at, access) in self.accesses.iter().enumerate() {
            writeln!(f, "access{at} {} {:?}{}", access.dtype, access.buffer, access.index_text())?;
        }
        write!(f, "{}", self.body)?;
        for (at, reduction) in self.reductions.iter().enumerate() {
            writeln!(f, "total {at} = {} v{}", reduction.op.name(), reduction.value.0)?;
        }
        if !self.reductions.is_empty() {
            let when = if self.carried.is_some() { "after the last piece" } else { "then" };
            write!(f, "{when}\n{}", self.epilogue)?;
        }
        Ok(())
    }
}
