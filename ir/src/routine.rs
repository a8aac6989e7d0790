//! Routines: operations on whole arrays in memory, such as sorts, which no loop computes element by element.
//!
//! A routine is a step of its own in a plan. Its operands are in memory, read through strides, and its
//! result is written whole. [`Routine`] is the table: all that a plan asks of a routine stands here in one
//! place. What it computes is written twice, for compiled programs and for the reference evaluator.

use crate::bounds::Bounds;
use crate::diagnostic::{GivenOperand, Site};
use crate::dim::Dim;
use crate::dtype::DType;
use crate::index_map::AxisMap;
use crate::kernel::{Access, Buffer};
use crate::reduce::ReduceOp;
use crate::shape::{ArrayType, Shape};
use crate::size::SizeExpr;
use crate::touched;
use smallvec::{SmallVec, smallvec};
use std::fmt;
use std::sync::Arc;

/// An operation on whole arrays, with what it is told beside its operands. Axes are positions of its first
/// operand.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Routine {
    /// The elements along an axis in order; equal ones, such as zeros of both signs, stay as they stood. NaN
    /// counts as larger than all numbers.
    Sort {
        /// The axis.
        axis: usize,
        /// The largest first?
        descending: bool,
    },
    /// The positions along an axis that the elements of [`Routine::Sort`] come from.
    Argsort {
        /// The axis.
        axis: usize,
        /// The largest first?
        descending: bool,
    },
    /// Along an axis, each element combined with all before it, one after another.
    Cumulative {
        /// How elements are combined.
        op: CumulativeOp,
        /// The axis.
        axis: usize,
        /// Does the result begin with that of no elements?
        include_initial: bool,
    },
    /// The parts of an axis of the first operand that the second one, integers of any shape, counts out. Its
    /// axes take the place of that axis.
    Take {
        /// The axis.
        axis: usize,
        /// What an index means that the axis does not have.
        out_of_bounds: OutOfBounds,
    },
    /// Of each line along an axis of the first operand the elements that the same line of the second one,
    /// integers, counts out.
    TakeAlongAxis {
        /// The axis.
        axis: usize,
        /// What an index means that the axis does not have.
        out_of_bounds: OutOfBounds,
    },
    /// The parts of an axis of the first operand where the second one, a vector of `bool`, is true, one after
    /// another from the beginning; zeros behind them.
    Compress {
        /// The axis.
        axis: usize,
    },
    /// The first operand with the parts of an axis that the second one, a vector of integers, counts out replaced by
    /// those of the third one, one after another, or added to one after another.
    Put {
        /// The axis.
        axis: usize,
        /// Are they added to?
        adds: bool,
        /// What an index means that the axis does not have.
        out_of_bounds: OutOfBounds,
    },
    /// The position in the first operand, a vector in order, where each element of the second one belongs.
    Searchsorted {
        /// Before or after equal elements.
        side: Side,
    },
    /// How many elements of the first operand lie between each two neighbours of the second one, a vector of
    /// edges in order: the first edge belongs to a bin, the second one only to the last bin.
    Histogram,
    /// How often each integer from 0 on occurs in the first operand; with a second one, the sum of those of
    /// its elements that stand where it does.
    Bincount {
        /// The first integer that must not occur.
        length: Dim,
    },
    /// The first operand, a number in `i64`, if the second one is the same; else the run fails, before its result
    /// or anything that depends on it is written.
    Expect {
        /// What is said then, with `{found}` and `{wanted}` in the place of both numbers.
        message: Arc<str>,
    },
    /// Matrix products: the operands begin with the same axes, each combination of which has a product of its
    /// own. The last axis of the first operand and the next one of the second are summed; what is left stands
    /// side by side.
    Matmul {
        /// How many axes they begin with.
        batch: usize,
    },
}

/// Where a value belongs that a vector in order has already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Side {
    /// Before the first equal element.
    #[default]
    Left,
    /// After the last equal element.
    Right,
}

/// How a [`Routine::Cumulative`] combines elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CumulativeOp {
    /// The sum: of integers and `bool` in 64 bits, of floats in `f64`, each result rounded once.
    Sum,
    /// The product, as the sum.
    Prod,
    /// The largest element; NaN from the first NaN on.
    Max,
    /// The smallest element; NaN from the first NaN on.
    Min,
    /// The logarithm of the sum of exponentials, computed in `f64`.
    Logsumexp,
}

impl CumulativeOp {
    /// Every one of them.
    pub const ALL: [Self; 5] = [Self::Sum, Self::Prod, Self::Max, Self::Min, Self::Logsumexp];

    /// The method's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sum => "cumulative_sum",
            Self::Prod => "cumulative_prod",
            Self::Max => "cumulative_max",
            Self::Min => "cumulative_min",
            Self::Logsumexp => "cumulative_logsumexp",
        }
    }

    /// The dtype of the result: sums and products of integers have 64 bits.
    #[must_use]
    pub const fn result(self, dtype: DType) -> DType {
        match self {
            Self::Sum => ReduceOp::Sum.result(dtype),
            Self::Prod => ReduceOp::Prod.result(dtype),
            Self::Max | Self::Min => dtype,
            Self::Logsumexp if dtype.is_float() => dtype,
            Self::Logsumexp => DType::F64,
        }
    }
}

/// What an index means that an axis does not have. Where nothing is out of bounds, -1 is the last element.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OutOfBounds {
    /// An error when the program runs, before anything is written.
    #[default]
    Raise,
    /// It goes round: the remainder of a division by the size.
    Wrap,
    /// The nearest element; a negative index is the first.
    Clip,
}

impl OutOfBounds {
    /// The index of an element along an axis of this size; `None` where there is none.
    #[must_use]
    pub fn resolve(self, index: i128, size: u64) -> Option<u64> {
        let size = i128::from(size);
        let resolved = match self {
            Self::Raise if index < 0 => index + size,
            Self::Raise => index,
            Self::Wrap if size > 0 => index.rem_euclid(size),
            Self::Clip if size > 0 => index.clamp(0, size - 1),
            Self::Wrap | Self::Clip => return None,
        };
        u64::try_from(resolved).ok().filter(|_| resolved < size)
    }
}

/// Axes of a routine's operands: which operand, and which of its axes.
pub type Followed = SmallVec<[(usize, usize); 2]>;

/// The most bytes of scratch memory that a routine asks for to work on several lines at once.
const SCRATCH: i128 = 1 << 26;

/// The most lines that a routine works on at once.
const LINES: i128 = 64;

/// The most parts that elements are counted in, each with counts of its own.
pub const COUNTING_PARTS: u64 = 16;

impl Routine {
    /// The method's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sort { .. } => "sort",
            Self::Argsort { .. } => "argsort",
            Self::Cumulative { op, .. } => op.name(),
            Self::Take { .. } => "take",
            Self::TakeAlongAxis { .. } => "take_along_axis",
            Self::Compress { .. } => "compress",
            Self::Put { adds: false, .. } => "put",
            Self::Put { adds: true, .. } => "scatter_add",
            Self::Searchsorted { .. } => "searchsorted",
            Self::Histogram => "histogram",
            Self::Bincount { .. } => "bincount",
            Self::Expect { .. } => "expect",
            Self::Matmul { .. } => "matmul",
        }
    }

    /// Dtype and shape of the result for operands that have been checked and converted.
    #[must_use]
    pub fn result(&self, operands: &[&ArrayType]) -> ArrayType {
        let Some(first) = operands.first().copied() else {
            return ArrayType { dtype: DType::Bool, shape: Shape::default() };
        };
        match self {
            Self::Sort { .. } | Self::Compress { .. } | Self::Put { .. } | Self::Expect { .. } => {
                first.clone()
            }
            Self::Argsort { .. } => ArrayType { dtype: DType::I64, shape: first.shape.clone() },
            Self::Cumulative { op, axis, include_initial } => {
                let longer = |dim: &Dim| Dim::from(dim.size().plus(&SizeExpr::known(1)));
                let dim = |(at, dim): (usize, &Dim)| match *include_initial && at == *axis {
                    true => longer(dim).with_label(dim.shared_label().cloned()),
                    false => dim.clone(),
                };
                let shape = first.shape.iter().enumerate().map(dim).collect();
                ArrayType { dtype: op.result(first.dtype), shape }
            }
            Self::Take { axis, .. } => {
                let indices = operands.get(1).map(|indices| &indices.shape[..]).unwrap_or_default();
                let (before, rest) = first.shape.split_at((*axis).min(first.shape.len()));
                let dims = before.iter().chain(indices).chain(rest.iter().skip(1));
                ArrayType { dtype: first.dtype, shape: dims.cloned().collect() }
            }
            Self::Matmul { batch } => {
                let right = operands.get(1).map(|right| &right.shape[..]).unwrap_or_default();
                let left = first.shape.iter().take(first.shape.len().saturating_sub(1));
                let shape = left.chain(right.iter().skip(batch + 1)).cloned().collect();
                ArrayType { dtype: first.dtype, shape }
            }
            Self::Searchsorted { .. } => {
                let shape = operands.get(1).map(|values| values.shape.clone()).unwrap_or_default();
                ArrayType { dtype: DType::I64, shape }
            }
            Self::Histogram => {
                let bins = |edges: &Dim| Dim::from(edges.size().minus(&SizeExpr::known(1)));
                let edges = operands.get(1).and_then(|edges| edges.shape.first());
                ArrayType { dtype: DType::I64, shape: edges.map(bins).into_iter().collect() }
            }
            Self::Bincount { length } => {
                let dtype = operands.get(1).map_or(DType::I64, |weights| weights.dtype);
                ArrayType { dtype, shape: Shape::from(length) }
            }
            Self::TakeAlongAxis { .. } => {
                let shape = operands.get(1).map(|indices| indices.shape.clone()).unwrap_or_default();
                ArrayType { dtype: first.dtype, shape }
            }
        }
    }

    /// Bytes of scratch memory beside operands and result; none where it needs no memory, or little enough
    /// for the stack.
    #[must_use]
    pub fn scratch(&self, operands: &[&ArrayType]) -> Option<Dim> {
        let first = operands.first()?;
        match self {
            Self::Sort { axis, .. } => lines(&first.shape, *axis, sort_bytes(first.dtype)),
            Self::Argsort { axis, .. } => {
                let longest = first.shape.get(*axis).map_or(0, Dim::upper);
                lines(&first.shape, *axis, argsort_bytes(first.dtype, longest))
            }
            // Every index once, checked, or where each part that is kept comes from.
            Self::Take { .. } | Self::Put { .. } | Self::Compress { .. } => {
                let indices = operands.get(1)?.shape.iter();
                let count = indices.fold(SizeExpr::known(1), |count, dim| count.times(&dim.size()));
                Some(Dim::from(count.times(&SizeExpr::known(8))))
            }
            // Counts of several parts, each of its own elements.
            Self::Histogram | Self::Bincount { .. } => {
                let counts = self.result(operands).shape;
                lines(&[Dim::from(COUNTING_PARTS), counts.first()?.clone()], 1, 8)
            }
            Self::Cumulative { .. } | Self::TakeAlongAxis { .. } => None,
            Self::Searchsorted { .. } | Self::Matmul { .. } | Self::Expect { .. } => None,
        }
    }

    /// Machine operations, about, at the dims' upper bounds; saturates.
    #[must_use]
    pub fn operations(&self, operands: &[&ArrayType]) -> u64 {
        let Some(first) = operands.first() else { return 0 };
        let elements = first.shape.elements().unwrap_or(u64::MAX);
        match self {
            Self::Sort { axis, .. } | Self::Argsort { axis, .. } => {
                let length = first.shape.get(*axis).map_or(1, Dim::upper);
                elements.saturating_mul(2 * u64::from(u64::BITS - length.leading_zeros()))
            }
            Self::Cumulative { op: CumulativeOp::Logsumexp, .. } => elements.saturating_mul(40),
            Self::Cumulative { .. } => elements.saturating_mul(4),
            Self::Searchsorted { .. } | Self::Histogram => {
                let (vector, values) = if *self == Self::Histogram { (1, 0) } else { (0, 1) };
                let of = |at: usize| operands.get(at).and_then(|array| array.shape.elements());
                let length = of(vector).unwrap_or(u64::MAX);
                let each = 4 * u64::from(u64::BITS - length.leading_zeros());
                of(values).unwrap_or(u64::MAX).saturating_mul(each)
            }
            Self::Bincount { .. } => elements.saturating_mul(4),
            Self::Expect { .. } => 1,
            Self::Put { .. } => {
                let put = operands.get(2).and_then(|values| values.shape.elements()).unwrap_or(u64::MAX);
                elements.saturating_add(put.saturating_mul(4))
            }
            Self::Matmul { .. } => {
                let summed = first.shape.last().map_or(1, Dim::upper);
                let results = self.result(operands).shape.elements().unwrap_or(u64::MAX);
                results.saturating_mul(summed.saturating_mul(2))
            }
            Self::Take { .. } | Self::TakeAlongAxis { .. } | Self::Compress { .. } => {
                self.result(operands).shape.elements().unwrap_or(u64::MAX).saturating_mul(2)
            }
        }
    }

    /// The axes of operands (which operand, which axis) that an axis of the result follows: a part of the result along it is the
    /// result for the same part of these. `None` where every part needs all of an axis that is as long, or of several operands
    /// parts that differ.
    #[must_use]
    pub fn follows(&self, result_axis: usize, operands: &[&ArrayType]) -> Option<Followed> {
        let rank = |slot: usize| operands.get(slot).map_or(0, |array| array.shape.len());
        let at = result_axis;
        match self {
            Self::Sort { axis, .. } | Self::Argsort { axis, .. } | Self::Cumulative { axis, .. } => {
                (at != *axis).then(|| smallvec![(0, at)])
            }
            Self::Compress { axis } => (at != *axis).then(|| smallvec![(0, at)]),
            Self::Put { axis, .. } => (at != *axis).then(|| smallvec![(0, at), (2, at)]),
            Self::TakeAlongAxis { axis, .. } if at == *axis => Some(smallvec![(1, at)]),
            Self::TakeAlongAxis { .. } => Some(smallvec![(0, at), (1, at)]),
            Self::Take { axis, .. } => Some(match at {
                _ if at < *axis => smallvec![(0, at)],
                _ if at < axis + rank(1) => smallvec![(1, at - axis)],
                _ => smallvec![(0, at + 1 - rank(1))],
            }),
            Self::Searchsorted { .. } => Some(smallvec![(1, at)]),
            // Every element counts for any bin, and a single number has no axis.
            Self::Histogram | Self::Bincount { .. } | Self::Expect { .. } => None,
            Self::Matmul { batch } => {
                let rows = rank(0).saturating_sub(1);
                Some(match at {
                    _ if at < *batch => smallvec![(0, at), (1, at)],
                    _ if at < rows => smallvec![(0, at)],
                    _ => smallvec![(1, at - rows + batch + 1)],
                })
            }
        }
    }

    /// Can the result be written over this operand, where each of its elements has the index of an element
    /// of the result? That is: has every line been read before it is written?
    #[must_use]
    pub const fn may_overwrite(&self, operand: usize) -> bool {
        match self {
            Self::Sort { .. } | Self::Put { .. } | Self::Expect { .. } => operand == 0,
            Self::Cumulative { include_initial, .. } => operand == 0 && !*include_initial,
            Self::Searchsorted { .. } => operand == 1,
            Self::Argsort { .. } | Self::Take { .. } | Self::TakeAlongAxis { .. } => false,
            Self::Histogram | Self::Bincount { .. } | Self::Matmul { .. } | Self::Compress { .. } => false,
        }
    }
}

/// What a sort keeps for each element of a line.
#[must_use]
pub const fn sort_bytes(dtype: DType) -> usize {
    dtype.bytes()
}

/// What an argsort of lines up to this length keeps for each element: its key and its position.
#[must_use]
pub const fn argsort_bytes(dtype: DType, longest: u64) -> usize {
    if dtype.bytes() <= 4 && longest <= 1 << 32 { 8 } else { 16 }
}

/// Scratch memory for some lines along an axis, with this many bytes for each element: at least for one
/// line. It grows with every size, as the search for the largest safe size expects.
fn lines(shape: &[Dim], axis: usize, bytes: usize) -> Option<Dim> {
    let length = shape.get(axis)?.size().times(&SizeExpr::known(bytes as i128));
    let others = shape.iter().enumerate().filter(|(at, _)| *at != axis);
    let count = others.fold(SizeExpr::known(1), |count, (_, dim)| count.times(&dim.size()));
    let most = length.at_least(&SizeExpr::known(SCRATCH));
    let wanted = count.at_most(&SizeExpr::known(LINES)).times(&length);
    Some(Dim::from(wanted.at_most(&most)))
}

/// What it is, with what it is told.
impl fmt::Display for Routine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Sort { axis, descending } | Self::Argsort { axis, descending } => {
                write!(f, " along axis {axis}{}", if *descending { ", descending" } else { "" })
            }
            Self::Cumulative { axis, include_initial, .. } => {
                write!(
                    f,
                    " along axis {axis}{}",
                    if *include_initial { ", from its initial value" } else { "" }
                )
            }
            Self::Compress { axis } => write!(f, " along axis {axis}"),
            Self::Searchsorted { side: Side::Left } => f.write_str(", before equal elements"),
            Self::Searchsorted { side: Side::Right } => f.write_str(", after equal elements"),
            Self::Histogram | Self::Expect { .. } => Ok(()),
            Self::Matmul { batch: 0 } => Ok(()),
            Self::Matmul { batch: 1 } => f.write_str(" for each index of the first axis"),
            Self::Matmul { batch } => write!(f, " for each index of the first {batch} axes"),
            Self::Bincount { length } => write!(f, " up to {length}"),
            Self::Take { axis, out_of_bounds }
            | Self::TakeAlongAxis { axis, out_of_bounds }
            | Self::Put { axis, out_of_bounds, .. } => {
                write!(f, " along axis {axis}")?;
                match out_of_bounds {
                    OutOfBounds::Raise => Ok(()),
                    OutOfBounds::Wrap => f.write_str(", indices wrap around"),
                    OutOfBounds::Clip => f.write_str(", indices are clipped"),
                }
            }
        }
    }
}

/// An operand of a routine: an array in memory, seen through strides.
#[derive(Clone, Debug, PartialEq)]
pub struct RoutineOperand {
    /// Its dtype and shape.
    pub array: ArrayType,
    /// Where it is read. The loops of the access are the operand's own axes.
    pub access: Access,
    /// Where it is a piece of an operand: the axis, and where the piece begins along it.
    pub begin: Option<(usize, SizeExpr)>,
    /// What it is for the user, for diagnostics.
    pub given: GivenOperand,
}

impl RoutineOperand {
    /// Bytes of the distinct elements that it meets at the dims' upper bounds; saturates.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        touched::elements(&self.access.map, &|axis| self.extent(axis))
            .saturating_mul(self.array.dtype.bytes() as u64)
    }

    /// How long an axis is at the dims' upper bounds.
    pub(crate) fn extent(&self, axis: usize) -> u64 {
        self.array.shape.get(axis).map_or(1, Dim::upper)
    }
}

/// A step that is a routine.
#[derive(Clone, Debug, PartialEq)]
pub struct RoutineCall {
    /// What is computed.
    pub routine: Routine,
    /// What it reads.
    pub operands: Vec<RoutineOperand>,
    /// Dtype and shape of the result.
    pub result: ArrayType,
    /// Where the result is written; in each of them it is the same.
    pub written: Vec<Buffer>,
    /// Its scratch memory.
    pub scratch: Option<Buffer>,
    /// Where it computes a piece of the arrays that it writes: the axis, and where the piece begins along it.
    pub begin: Option<(usize, SizeExpr)>,
    /// The name the user gave the result, or the operation.
    pub name: String,
    /// What the user called.
    pub called: String,
    /// The call.
    pub site: Site,
}

impl RoutineCall {
    fn operand_arrays(&self) -> Vec<&ArrayType> {
        self.operands.iter().map(|operand| &operand.array).collect()
    }

    /// Where it writes an axis of its result, in terms of the result's axes.
    pub(crate) fn written_along(&self, axis: usize) -> AxisMap {
        let mut map = AxisMap::follow(axis);
        if let Some((_, start)) = self.begin.as_ref().filter(|(begun, _)| *begun == axis) {
            map.start = start.clone();
        }
        map
    }

    /// Machine operations, about, at the dims' upper bounds; saturates.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.operations_in(&Bounds::declared())
    }

    /// The same where dims have these bounds.
    pub(crate) fn operations_in(&self, bounds: &Bounds) -> u64 {
        let at_most = |operand: &RoutineOperand| ArrayType {
            dtype: operand.array.dtype,
            shape: operand.array.shape.iter().map(|dim| Dim::from(dim.upper_in(bounds))).collect(),
        };
        let arrays: Vec<ArrayType> = self.operands.iter().map(at_most).collect();
        self.routine.operations(&arrays.iter().collect::<Vec<_>>())
    }

    /// The first rule that the call breaks, in words; `None` when it is sound.
    #[must_use]
    pub fn defect(&self) -> Option<String> {
        let name = self.routine.name();
        if self.written.is_empty() {
            return Some(format!("{name}: nobody takes the result"));
        }
        if self.routine.result(&self.operand_arrays()) != self.result {
            return Some(format!("{name}: the result is not {}", self.result));
        }
        if self.routine.scratch(&self.operand_arrays()).is_some() != self.scratch.is_some() {
            return Some(format!("{name}: scratch memory out of place"));
        }
        for operand in &self.operands {
            let rank = operand.array.shape.len();
            if operand.access.dtype != operand.array.dtype || operand.access.loops().any(|axis| axis >= rank)
            {
                return Some(format!("{name}: access out of place: {:?}", operand.access));
            }
            if self.written.contains(&operand.access.buffer) {
                return Some(format!("{name}: it reads what it writes"));
            }
        }
        None
    }
}

impl fmt::Display for RoutineCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.routine)?;
        for operand in &self.operands {
            let Access { buffer, dtype, .. } = operand.access;
            writeln!(f, "reads {dtype} {buffer:?}{}", operand.access.index_text())?;
        }
        for buffer in &self.written {
            write!(f, "writes {} {buffer:?}", self.result)?;
            if let Some((axis, start)) = &self.begin {
                write!(f, " from {start} on along axis {axis}")?;
            }
            writeln!(f)?;
        }
        match self.scratch {
            Some(buffer) => writeln!(f, "scratch {buffer:?}"),
            None => Ok(()),
        }
    }
}
