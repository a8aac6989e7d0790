//! Routines: operations on whole arrays in memory, such as sorts, which no loop computes element by element.
//!
//! A routine is a step of its own in a plan. Its operands are in memory, read through strides, and its
//! result is written whole. [`Routine`] is the table: all that a plan asks of a routine stands here in one
//! place. What it computes is written twice, for compiled programs and for the reference evaluator.

use crate::diagnostic::Site;
use crate::dim::Dim;
use crate::dtype::DType;
use crate::kernel::{Access, Buffer};
use crate::shape::{ArrayType, Shape};
use crate::size::SizeExpr;
use std::fmt;

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
}

/// The most bytes of scratch memory that a routine asks for to work on several lines at once.
const SCRATCH: i128 = 1 << 26;

/// The most lines that a routine works on at once.
const LINES: i128 = 64;

impl Routine {
    /// The method's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sort { .. } => "sort",
            Self::Argsort { .. } => "argsort",
        }
    }

    /// Dtype and shape of the result for operands that have been checked and converted.
    #[must_use]
    pub fn result(&self, operands: &[&ArrayType]) -> ArrayType {
        let Some(first) = operands.first().copied() else {
            return ArrayType { dtype: DType::Bool, shape: Shape::default() };
        };
        match self {
            Self::Sort { .. } => first.clone(),
            Self::Argsort { .. } => ArrayType { dtype: DType::I64, shape: first.shape.clone() },
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
        }
    }

    /// Can the result be written over this operand, where each of its elements has the index of an element
    /// of the result? That is: has every line been read before it is written?
    #[must_use]
    pub const fn may_overwrite(&self, operand: usize) -> bool {
        match self {
            Self::Sort { .. } => operand == 0,
            Self::Argsort { .. } => false,
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
fn lines(shape: &Shape, axis: usize, bytes: usize) -> Option<Dim> {
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
    /// Where the result is written, whole; in each of them it is the same.
    pub written: Vec<Buffer>,
    /// Its scratch memory.
    pub scratch: Option<Buffer>,
    /// The name the user gave the result, or the operation.
    pub name: String,
    /// The call.
    pub site: Site,
}

impl RoutineCall {
    fn operand_arrays(&self) -> Vec<&ArrayType> {
        self.operands.iter().map(|operand| &operand.array).collect()
    }

    /// Machine operations, about, at the dims' upper bounds; saturates.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.routine.operations(&self.operand_arrays())
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
            writeln!(f, "writes {} {buffer:?}", self.result)?;
        }
        match self.scratch {
            Some(buffer) => writeln!(f, "scratch {buffer:?}"),
            None => Ok(()),
        }
    }
}
