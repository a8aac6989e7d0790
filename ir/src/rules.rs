//! Which dtypes an operation takes and gives: the rules the op table names.

use crate::dtype::DType;
use crate::scalar::Weak;
use smallvec::{SmallVec, smallvec};

/// What is known of one operand when dtypes are decided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OperandDType {
    /// An array or a strong scalar.
    Strong(DType),
    /// A Rust number, which gives way.
    Weak(Weak),
}

/// The dtypes that operands are converted to, and the dtype of the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// One for each operand.
    pub operands: SmallVec<[DType; 3]>,
    /// Of the result.
    pub result: DType,
}

/// How an operation treats dtypes. `common` is the promotion of all operands (NEP 50). The rules are
/// those of NumPy's loops: an operand takes the first dtype of a rule that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DTypeRule {
    /// Any dtype; computed in and giving `common`.
    Number,
    /// As `Number`, but `bool` is refused.
    NotBool,
    /// As `Number`, but `bool` becomes `i8`.
    Arithmetic,
    /// `common` if it is a float, else the first float that holds it: `f16` for 8 bits, `f32` for 16.
    Float,
    /// `common` if it is a float, else `f64`.
    Quotient,
    /// As `Float`, gives `bool`.
    FloatTest,
    /// As `Float`, gives `i32`.
    FloatExponent,
    /// The first operand as `Float` has it, by itself, and an integer: `i32`, or `i64` where that holds it and
    /// `i32` does not. Gives the float.
    FloatAndInteger,
    /// Computed in `common`, gives `bool`.
    Comparison,
    /// Operands are taken as true or false; gives `bool`.
    Logical,
    /// `common`, which may not be a float.
    Bits,
    /// `common`, which may not be a float; `bool` becomes `i8`.
    Integer,
    /// `common`, which may not be a float, nor `bool`.
    WholeNumber,
    /// As `Integer`, gives `u8`.
    Count,
    /// A condition, taken as true or false, then values in their `common`.
    Select,
}

impl DTypeRule {
    /// The rule in words, for documentation.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Number => "any dtype; gives the promoted dtype",
            Self::NotBool => "numbers, not bool; gives the promoted dtype",
            Self::Arithmetic => "numbers, bool becomes i8; gives the promoted dtype",
            Self::Float => {
                "floats; 8-bit numbers become f16, 16-bit f32, others f64; gives the promoted float"
            }
            Self::Quotient => "floats, anything else becomes f64; gives the promoted float",
            Self::FloatTest => "floats, others become floats as needed; gives bool",
            Self::FloatExponent => "floats, others become floats as needed; gives i32",
            Self::FloatAndInteger => {
                "a float, others become floats as needed, and an integer, not u64; gives the float"
            }
            Self::Comparison => "any dtype; gives bool",
            Self::Logical => "any dtype, taken as true or false; gives bool",
            Self::Bits => "integers and bool; gives the promoted dtype",
            Self::Integer => "integers, bool becomes i8; gives the promoted dtype",
            Self::WholeNumber => "integers; gives the promoted dtype",
            Self::Count => "integers, bool becomes i8; gives u8",
            Self::Select => "a condition, then any two dtypes; gives their promoted dtype",
        }
    }

    /// Decides the dtypes for these operands.
    ///
    /// # Errors
    /// The dtype that the operation does not take.
    pub fn signature(self, operands: &[OperandDType]) -> Result<Signature, DType> {
        let all = |dtype: DType, result: DType| Signature {
            operands: std::iter::repeat_n(dtype, operands.len()).collect(),
            result,
        };
        let dtype = common(operands);
        // bool as the smallest integer.
        let number = if dtype == DType::Bool { DType::I8 } else { dtype };
        match self {
            Self::Number => Ok(all(dtype, dtype)),
            Self::NotBool | Self::WholeNumber if dtype == DType::Bool => Err(dtype),
            Self::NotBool | Self::Arithmetic => Ok(all(number, number)),
            Self::Bits | Self::Integer | Self::WholeNumber | Self::Count if dtype.is_float() => Err(dtype),
            Self::Bits => Ok(all(dtype, dtype)),
            Self::Integer | Self::WholeNumber => Ok(all(number, number)),
            Self::Count => Ok(all(number, DType::U8)),
            Self::Float => {
                let float = float_of(operands, dtype);
                Ok(all(float, float))
            }
            Self::FloatTest => Ok(all(float_of(operands, dtype), DType::Bool)),
            Self::FloatExponent => Ok(all(float_of(operands, dtype), DType::I32)),
            Self::FloatAndInteger => float_and_integer(operands),
            Self::Quotient => {
                let dtype = if dtype.is_float() { dtype } else { DType::F64 };
                Ok(all(dtype, dtype))
            }
            Self::Comparison => Ok(comparison(operands, dtype)),
            Self::Logical => Ok(all(DType::Bool, DType::Bool)),
            Self::Select => {
                let result = common(operands.get(1..).unwrap_or(&[]));
                let mut signature = all(result, result);
                if let Some(mask) = signature.operands.first_mut() {
                    *mask = DType::Bool;
                }
                Ok(signature)
            }
        }
    }
}

/// The first float that holds every value of the dtype; floats stay as they are.
fn float_for(dtype: DType) -> DType {
    if dtype.is_float() {
        return dtype;
    }
    [DType::F16, DType::F32].into_iter().find(|float| dtype.can_cast(*float)).unwrap_or(DType::F64)
}

/// The first float that holds every operand, each for itself: `i8` and `u8` are both held by `f16`,
/// though their common dtype is not.
fn float_of(operands: &[OperandDType], common: DType) -> DType {
    if common.is_float() {
        return common;
    }
    let strong = |operand: &OperandDType| match operand {
        OperandDType::Strong(dtype) => Some(float_for(*dtype)),
        OperandDType::Weak(_) => None,
    };
    let floats: Option<Vec<DType>> = operands.iter().map(strong).collect();
    floats.and_then(DType::result_type).unwrap_or(float_for(common))
}

/// A float and an integer that is no number of its kind.
fn float_and_integer(operands: &[OperandDType]) -> Result<Signature, DType> {
    let (first, rest) = operands.split_at(operands.len().min(1));
    let float = float_of(first, common(first));
    let mut signature = Signature { operands: smallvec![float], result: float };
    for operand in rest {
        let integer = match operand {
            OperandDType::Weak(Weak::Float(_)) => return Err(DType::F64),
            OperandDType::Weak(_) => DType::I32,
            OperandDType::Strong(dtype) => {
                [DType::I32, DType::I64].into_iter().find(|wide| dtype.can_cast(*wide)).ok_or(*dtype)?
            }
        };
        signature.operands.push(integer);
    }
    Ok(signature)
}

/// No integer is held by both 64-bit dtypes, and `f64` would round: they are compared as they are.
fn comparison(operands: &[OperandDType], common: DType) -> Signature {
    let own = |operand: &OperandDType| match operand {
        OperandDType::Strong(dtype) if dtype.is_unsigned() => DType::U64,
        OperandDType::Strong(_) => DType::I64,
        OperandDType::Weak(_) => common,
    };
    let is_int = |operand: &OperandDType| matches!(operand, OperandDType::Strong(dtype) if !dtype.is_float());
    let mixed = common == DType::F64 && operands.iter().all(is_int);
    let dtype = |operand: &OperandDType| if mixed { own(operand) } else { common };
    Signature { operands: operands.iter().map(dtype).collect(), result: DType::Bool }
}

/// The promotion of all operands: strong ones first, then the numbers give way to the result.
fn common(operands: &[OperandDType]) -> DType {
    let strong = DType::result_type(operands.iter().filter_map(|operand| match operand {
        OperandDType::Strong(dtype) => Some(*dtype),
        OperandDType::Weak(_) => None,
    }));
    let weak = operands.iter().filter_map(|operand| match operand {
        OperandDType::Weak(weak) => Some(*weak),
        OperandDType::Strong(_) => None,
    });
    match strong {
        Some(dtype) => weak.fold(dtype, DType::promote_weak),
        None => weak.map(Weak::default_dtype).reduce(DType::promote).unwrap_or(DType::F64),
    }
}
