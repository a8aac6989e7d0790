//! The straight-line program inside a loop nest: SSA instructions on one element at a time.

use crate::custom::Custom;
use crate::dtype::DType;
use crate::op::ElementOp;
use crate::quick_hash::QuickMap;
use crate::scalar::Scalar;
use smallvec::{SmallVec, smallvec};
use std::fmt;

/// An instruction's result, named by the instruction's position in its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value(pub u32);

impl Value {
    /// The position of the instruction in its body.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What the machine can do to elements: the closed set that a back end implements for every dtype
/// it applies to. Operations of the op table are written in terms of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Primitive {
    /// Integers wrap around.
    Add,
    /// Integers wrap around.
    Subtract,
    /// Integers wrap around.
    Multiply,
    /// 64-bit integers only, taken as numbers without sign: the upper half of the product.
    MultiplyHigh,
    /// Floats only.
    Divide,
    /// Integers only, rounding down; by zero gives 0, and the smallest value by -1 wraps around.
    FloorDivide,
    /// Integers only, with the sign of the divisor; by zero gives 0.
    Remainder,
    /// Integers wrap around; floats flip the sign bit.
    Negate,
    /// Integers wrap around; floats clear the sign bit.
    Absolute,
    /// Floats only, correctly rounded.
    SquareRoot,
    /// Floats only: to the nearest integer below.
    Floor,
    /// Floats only: to the nearest integer above.
    Ceil,
    /// Floats only: to the nearest integer towards zero.
    Truncate,
    /// Floats only: to the nearest integer, halves to even.
    RoundEven,
    /// The first operand if it is NaN or smaller, else the second.
    Minimum,
    /// The first operand if it is NaN or larger, else the second.
    Maximum,
    /// Bit by bit, on integers and `bool`.
    And,
    /// Bit by bit, on integers and `bool`.
    Or,
    /// Bit by bit, on integers and `bool`.
    Xor,
    /// Bit by bit on integers, logical on `bool`.
    Not,
    /// Integers only: the bits moved up by as many as the second operand says; 0 for a number of bits that
    /// is negative or that the dtype does not have.
    ShiftLeft,
    /// Integers only: the bits moved down, filled up with the sign; beyond the dtype's bits it is all sign.
    ShiftRight,
    /// Integers only: how many bits are set.
    CountOnes,
    /// Gives `bool`; false where an operand is NaN.
    Equal,
    /// Gives `bool`; true where an operand is NaN.
    NotEqual,
    /// Gives `bool`; false where an operand is NaN.
    Less,
    /// Gives `bool`; false where an operand is NaN.
    LessEqual,
    /// `bool` mask, then the value where it is true, then where it is false.
    Select,
}

impl Primitive {
    /// Name in printed bodies.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Subtract => "subtract",
            Self::Multiply => "multiply",
            Self::MultiplyHigh => "multiply_high",
            Self::Divide => "divide",
            Self::FloorDivide => "floor_divide",
            Self::Remainder => "remainder",
            Self::Negate => "negate",
            Self::Absolute => "absolute",
            Self::SquareRoot => "sqrt",
            Self::Floor => "floor",
            Self::Ceil => "ceil",
            Self::Truncate => "trunc",
            Self::RoundEven => "round",
            Self::Minimum => "minimum",
            Self::Maximum => "maximum",
            Self::And => "and",
            Self::Or => "or",
            Self::Xor => "xor",
            Self::Not => "not",
            Self::ShiftLeft => "shift_left",
            Self::ShiftRight => "shift_right",
            Self::CountOnes => "count_ones",
            Self::Equal => "equal",
            Self::NotEqual => "not_equal",
            Self::Less => "less",
            Self::LessEqual => "less_equal",
            Self::Select => "select",
        }
    }

    /// How many operands it takes.
    #[must_use]
    pub const fn arity(self) -> usize {
        match self {
            Self::Negate
            | Self::Absolute
            | Self::SquareRoot
            | Self::Floor
            | Self::Ceil
            | Self::Truncate
            | Self::RoundEven
            | Self::CountOnes
            | Self::Not => 1,
            Self::Select => 3,
            _ => 2,
        }
    }

    /// Does it give `bool` whatever it takes?
    #[must_use]
    pub const fn compares(self) -> bool {
        matches!(self, Self::Equal | Self::NotEqual | Self::Less | Self::LessEqual)
    }

    /// May it be applied to operands of this dtype (for `Select`, of its last two operands)? Floats of 16
    /// bits are computed in `f32`.
    #[must_use]
    pub const fn takes(self, dtype: DType) -> bool {
        match self {
            Self::Select => true,
            _ if matches!(dtype, DType::F16 | DType::BF16) => false,
            Self::Divide | Self::SquareRoot | Self::Floor | Self::Ceil | Self::Truncate | Self::RoundEven => {
                dtype.is_float()
            }
            Self::FloorDivide | Self::Remainder | Self::ShiftLeft | Self::ShiftRight | Self::CountOnes => {
                dtype.is_int()
            }
            Self::MultiplyHigh => dtype.is_int() && dtype.bytes() == 8,
            Self::And | Self::Or | Self::Xor | Self::Not => !dtype.is_float(),
            Self::Add | Self::Subtract | Self::Multiply | Self::Negate | Self::Absolute => {
                dtype.is_int() || dtype.is_float()
            }
            Self::Minimum | Self::Maximum => dtype.is_int() || dtype.is_float(),
            Self::Equal | Self::NotEqual | Self::Less | Self::LessEqual => true,
        }
    }

    /// Operand dtype to result dtype.
    const fn result(self, operand: DType) -> DType {
        if self.compares() { DType::Bool } else { operand }
    }
}

/// A function that runs on tiles of elements.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Callee {
    /// A row of the op table.
    Op(ElementOp),
    /// A user's function.
    Custom(Custom),
}

impl Callee {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Op(op) => op.name(),
            Self::Custom(custom) => custom.name(),
        }
    }

    /// Rough cost per element, where an addition is 1.
    #[must_use]
    pub fn cost(&self) -> u64 {
        match self {
            Self::Op(op) => op.row().cost,
            Self::Custom(custom) => custom.cost(),
        }
    }
}

/// What an instruction does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// The element of the kernel's access at this position, at the current loop indices.
    Load(usize),
    /// The index (an `i64`) that the kernel's access at this position computes.
    Index(usize),
    /// The same value in every iteration.
    Constant(Scalar),
    /// A machine operation.
    Apply(Primitive, SmallVec<[Value; 3]>),
    /// The value as the instruction's dtype, as `astype` converts it. Floats of 16 bits are converted to
    /// `f32`, and from `f32` and `f64`, only; nothing is converted to `bool`.
    Convert(Value),
    /// The bits of the value as the instruction's dtype, which has as many bytes.
    Reinterpret(Value),
    /// A vector function that runs on tiles of elements.
    Call(Callee, SmallVec<[Value; 3]>),
    /// The finished reduction at this position; only in an epilogue.
    Total(usize),
}

impl Code {
    /// The values it reads, in operand order.
    #[must_use]
    pub fn operands(&self) -> &[Value] {
        match self {
            Self::Load(_) | Self::Index(_) | Self::Constant(_) | Self::Total(_) => &[],
            Self::Apply(_, operands) | Self::Call(_, operands) => operands,
            Self::Convert(operand) | Self::Reinterpret(operand) => std::slice::from_ref(operand),
        }
    }
}

/// One SSA instruction.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Instruction {
    /// The dtype of its result.
    pub dtype: DType,
    /// What it does.
    pub code: Code,
}

/// A write of one value per iteration through one of the kernel's accesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Store {
    /// What is written.
    pub value: Value,
    /// Where: a position among the kernel's accesses.
    pub access: usize,
}

/// A straight-line program: every operand is defined before its use, equal instructions are one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Body {
    /// In order of execution.
    pub instructions: Vec<Instruction>,
    /// Done last, in order.
    pub stores: Vec<Store>,
}

impl Body {
    /// The dtype of a value.
    #[must_use]
    pub fn dtype(&self, value: Value) -> DType {
        self.instructions[value.index()].dtype
    }

    /// Machine operations and calls per iteration.
    #[must_use]
    pub fn operations(&self) -> usize {
        let counts = |code: &Code| {
            matches!(code, Code::Apply(..) | Code::Convert(_) | Code::Reinterpret(_) | Code::Call(..))
        };
        self.instructions.iter().filter(|instruction| counts(&instruction.code)).count()
    }

    /// The first rule of the instruction set that the body breaks, in words; `None` when it is sound.
    #[must_use]
    pub fn defect(&self) -> Option<String> {
        for (at, instruction) in self.instructions.iter().enumerate() {
            let operands = instruction.code.operands();
            if let Some(late) = operands.iter().find(|operand| operand.index() >= at) {
                return Some(format!("v{at} uses v{} before it is defined", late.0));
            }
            let sound = match &instruction.code {
                Code::Constant(scalar) => scalar.dtype() == instruction.dtype,
                Code::Index(_) => instruction.dtype == DType::I64,
                Code::Apply(Primitive::Select, parts) => {
                    parts.len() == 3
                        && self.dtype(parts[0]) == DType::Bool
                        && parts[1..].iter().all(|part| self.dtype(*part) == instruction.dtype)
                }
                Code::Apply(primitive, parts) => {
                    let operand = self.dtype(parts[0]);
                    parts.len() == primitive.arity()
                        && primitive.takes(operand)
                        && parts.iter().all(|part| self.dtype(*part) == operand)
                        && instruction.dtype == primitive.result(operand)
                }
                Code::Call(Callee::Custom(custom), parts) => {
                    custom.operands().iter().copied().eq(parts.iter().map(|part| self.dtype(*part)))
                        && custom.result() == instruction.dtype
                }
                Code::Convert(from) => convertible(self.dtype(*from), instruction.dtype),
                Code::Reinterpret(from) => {
                    let from = self.dtype(*from);
                    from.bytes() == instruction.dtype.bytes()
                        && from != DType::Bool
                        && instruction.dtype != DType::Bool
                }
                _ => true,
            };
            if !sound {
                return Some(format!("v{at} has the wrong dtype or arity: {instruction:?}"));
            }
        }
        None
    }
}

/// Is there one instruction for this conversion?
const fn convertible(from: DType, to: DType) -> bool {
    let is_half = matches!(from, DType::F16 | DType::BF16);
    match to {
        DType::Bool => false,
        DType::F16 | DType::BF16 => matches!(from, DType::F32 | DType::F64),
        DType::F32 => true,
        _ => !is_half,
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, instruction) in self.instructions.iter().enumerate() {
            write!(f, "v{at}: {} = ", instruction.dtype)?;
            match &instruction.code {
                Code::Load(access) => write!(f, "load access{access}")?,
                Code::Index(access) => write!(f, "index access{access}")?,
                Code::Constant(scalar) => write!(f, "constant {scalar}")?,
                Code::Apply(primitive, _) => f.write_str(primitive.name())?,
                Code::Convert(_) => f.write_str("convert")?,
                Code::Reinterpret(_) => f.write_str("reinterpret")?,
                Code::Call(op, _) => write!(f, "call {}", op.name())?,
                Code::Total(reduction) => write!(f, "total {reduction}")?,
            }
            for operand in instruction.code.operands() {
                write!(f, " v{}", operand.0)?;
            }
            writeln!(f)?;
        }
        for store in &self.stores {
            writeln!(f, "store access{} v{}", store.access, store.value.0)?;
        }
        Ok(())
    }
}

/// Appends instructions to a body and shares equal ones.
#[derive(Debug, Default)]
pub struct BodyBuilder {
    body: Body,
    known: QuickMap<Instruction, Value>,
}

impl BodyBuilder {
    /// How many instructions there are so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.body.instructions.len()
    }

    /// Is there no instruction yet?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.body.instructions.is_empty()
    }

    /// The finished body.
    #[must_use]
    pub fn finish(self) -> Body {
        self.body
    }

    /// Makes room for so many instructions.
    pub(crate) fn reserve(&mut self, instructions: usize) {
        self.body.instructions.reserve(instructions);
    }

    /// The finished body; the builder begins another one, with the tables that it has.
    pub(crate) fn take(&mut self) -> Body {
        self.known.clear();
        std::mem::take(&mut self.body)
    }

    /// Appends an instruction, or finds the equal one that is there already.
    pub fn push(&mut self, dtype: DType, code: Code) -> Value {
        let next = Value(u32::try_from(self.body.instructions.len()).unwrap_or(u32::MAX));
        let instruction = Instruction { dtype, code };
        *self.known.entry(instruction).or_insert_with_key(|instruction| {
            self.body.instructions.push(instruction.clone());
            next
        })
    }

    /// A write at the end of the body.
    pub fn store(&mut self, value: Value, access: usize) {
        self.body.stores.push(Store { value, access });
    }

    /// The dtype of a value.
    #[must_use]
    pub fn dtype(&self, value: Value) -> DType {
        self.body.dtype(value)
    }

    /// A machine operation on operands of one dtype (a `Select` has its mask first).
    pub fn apply(&mut self, primitive: Primitive, operands: &[Value]) -> Value {
        let operand = self.dtype(operands[operands.len() - 1]);
        self.push(primitive.result(operand), Code::Apply(primitive, operands.into()))
    }

    /// A constant of the given dtype.
    pub fn constant(&mut self, scalar: Scalar) -> Value {
        self.push(scalar.dtype(), Code::Constant(scalar))
    }

    /// The number that a value is in every iteration, where it is known.
    #[must_use]
    pub fn known(&self, value: Value) -> Option<Scalar> {
        match self.body.instructions[value.index()].code {
            Code::Constant(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// A number as a constant of the same dtype as `like`.
    pub fn number(&mut self, number: f64, like: Value) -> Value {
        let scalar = Scalar::F64(number).cast(self.dtype(like));
        self.constant(scalar)
    }

    /// The value in another dtype, as `astype` converts it; nothing where it has that dtype already.
    pub fn convert(&mut self, value: Value, dtype: DType) -> Value {
        let from = self.dtype(value);
        if from == dtype {
            return value;
        }
        if dtype == DType::Bool {
            // Is there anything but zero?
            let value = self.convert(value, from.computed());
            let zero = self.number(0.0, value);
            return self.apply(Primitive::NotEqual, &[value, zero]);
        }
        if convertible(from, dtype) {
            return self.push(dtype, Code::Convert(value));
        }
        // To and from 16 bits by way of f32, which holds them all.
        let single = self.convert(value, DType::F32);
        self.convert(single, dtype)
    }

    /// The bits of a value as another dtype of as many bytes.
    pub fn reinterpret(&mut self, value: Value, dtype: DType) -> Value {
        if self.dtype(value) == dtype { value } else { self.push(dtype, Code::Reinterpret(value)) }
    }

    /// A vector function of the operands, which share one dtype.
    pub fn call(&mut self, op: ElementOp, operands: &[Value]) -> Value {
        let dtype = self.dtype(operands[0]);
        self.push(dtype, Code::Call(Callee::Op(op), operands.into()))
    }

    /// The value where `mask` holds, else the other.
    pub fn select(&mut self, mask: Value, if_true: Value, if_false: Value) -> Value {
        let dtype = self.dtype(if_true);
        self.push(dtype, Code::Apply(Primitive::Select, smallvec![mask, if_true, if_false]))
    }
}
