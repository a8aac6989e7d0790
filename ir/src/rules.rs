//! Which dtypes an operation takes and gives: the rules the op table names.

use crate::dtype::{Category, DType, Weak};
use smallvec::SmallVec;

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

/// How an operation treats dtypes. `common` is the promotion of all operands (NEP 50).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DTypeRule {
    /// Any dtype; computed in and giving `common`.
    Number,
    /// As `Number`, but `bool` is refused.
    NotBool,
    /// `common` if it is a float, else `f64`.
    Float,
    /// Computed in `common`, gives `bool`.
    Comparison,
    /// Operands are taken as true or false; gives `bool`.
    Logical,
    /// `common`, which may not be a float.
    Bits,
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
            Self::Float => "floats, anything else becomes f64; gives the promoted float",
            Self::Comparison => "any dtype; gives bool",
            Self::Logical => "any dtype, taken as true or false; gives bool",
            Self::Bits => "integers and bool; gives the promoted dtype",
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
        match self {
            Self::Number => {
                let dtype = common(operands);
                Ok(all(dtype, dtype))
            }
            Self::NotBool | Self::Bits => {
                let dtype = common(operands);
                let refused = if self == Self::Bits { Category::Float } else { Category::Bool };
                if dtype.category() == refused {
                    return Err(dtype);
                }
                Ok(all(dtype, dtype))
            }
            Self::Float => {
                let dtype = common(operands);
                let dtype = if dtype.is_float() { dtype } else { DType::F64 };
                Ok(all(dtype, dtype))
            }
            Self::Comparison => Ok(all(common(operands), DType::Bool)),
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

/// The promotion of all operands: strong ones first, then the numbers give way to the result.
fn common(operands: &[OperandDType]) -> DType {
    let strong = operands
        .iter()
        .filter_map(|operand| match operand {
            OperandDType::Strong(dtype) => Some(*dtype),
            OperandDType::Weak(_) => None,
        })
        .reduce(DType::promote);
    let weak = operands.iter().filter_map(|operand| match operand {
        OperandDType::Weak(weak) => Some(*weak),
        OperandDType::Strong(_) => None,
    });
    match strong {
        Some(dtype) => weak.fold(dtype, DType::promote_weak),
        None => weak.map(Weak::default_dtype).reduce(DType::promote).unwrap_or(DType::F64),
    }
}
