//! Element-wise operations: what follows from the rows of [`element_ops!`](crate::element_ops).
//!
//! A row gives the variant of [`ElementOp`], the method on an expression, the operands, the dtype
//! rule, the cost, the accuracy, the lowering into [`Primitive`]s (or a call of a vector function)
//! and the reference semantics. The enum, the builder methods, the documentation and the tests
//! follow from the rows; `docs/adding-an-op.md` adds one.

use crate::body::{BodyBuilder, Primitive, Value};
use crate::division;
use crate::dtype::DType;
use crate::lowering;
use crate::reference as of;
use crate::rules::DTypeRule;
use crate::scalar::Scalar;
use smallvec::SmallVec;

type Lower = fn(&mut BodyBuilder, &[Value]) -> Value;
type Reference = fn(&[Scalar]) -> Scalar;

/// One row of the table.
#[derive(Debug)]
pub struct ElementRow {
    /// The method's name, also used in plans and diagnostics.
    pub name: &'static str,
    /// The operands after the first, by name.
    pub operands: &'static [&'static str],
    /// Other names people look for.
    pub aliases: &'static [&'static str],
    /// What it computes.
    pub doc: &'static str,
    /// Which dtypes it takes and gives.
    pub dtypes: DTypeRule,
    /// Rough cost per element, where an addition is 1: what recomputing a value is weighed with.
    pub cost: u64,
    /// Largest error of a float result in units in the last place; 0 is correctly rounded.
    pub ulp: f64,
    lower: Lower,
    reference: Reference,
}

macro_rules! define {
    (@lower $variant:ident, $lower:expr) => { $lower };
    (@lower $variant:ident) => { |b, v| b.call(ElementOp::$variant, v) };
    ($(
        $(#[doc = $doc:literal])+
        $variant:ident: $name:ident($($operand:ident),*), aliases [$($alias:literal),*],
            dtypes $rule:ident, cost $cost:literal, ulp $ulp:literal,
            $(lower $lower:expr,)? $(calls $arity:ident($($element:ident),+),)? reference $reference:expr;
    )+) => {
        /// An element-wise operation: a row of the op table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ElementOp { $( $(#[doc = $doc])+ $variant, )+ }

        impl ElementOp {
            /// Every operation, in the table's order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The row of the operation.
            #[must_use]
            pub fn row(self) -> &'static ElementRow {
                match self { $(
                    Self::$variant => {
                        const ROW: &ElementRow = &ElementRow {
                            name: stringify!($name),
                            operands: &[$(stringify!($operand)),*],
                            aliases: &[$($alias),*],
                            doc: concat!($($doc),+),
                            dtypes: DTypeRule::$rule,
                            cost: $cost,
                            ulp: $ulp,
                            lower: define!(@lower $variant $(, $lower)?),
                            reference: $reference,
                        };
                        ROW
                    }
                )+ }
            }
        }
    };
}
crate::element_ops!(define);

impl ElementOp {
    /// The method's name, also used in plans and diagnostics.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// How many operands it takes.
    #[must_use]
    pub fn arity(self) -> usize {
        1 + self.row().operands.len()
    }

    /// Does it depend on how a float is stored, so that those of 16 bits must stay as they are?
    const fn is_of_storage(self) -> bool {
        matches!(
            self,
            Self::Nextafter | Self::Spacing | Self::Signbit | Self::Copysign | Self::Select | Self::NanToNum
        )
    }

    /// Appends the operation to a body. The operands have the dtypes its rule asks for. Floats of 16 bits
    /// are computed in `f32`, and every result is rounded back.
    pub fn lower(self, body: &mut BodyBuilder, operands: &[Value]) -> Value {
        let stored =
            operands.iter().map(|operand| body.dtype(*operand)).find(|dtype| dtype.computed() != *dtype);
        let Some(dtype) = stored.filter(|_| !self.is_of_storage()) else {
            return (self.row().lower)(body, operands);
        };
        let computed = |body: &mut BodyBuilder, operand: Value| {
            let dtype = body.dtype(operand).computed();
            body.convert(operand, dtype)
        };
        let single: SmallVec<[Value; 3]> = operands.iter().map(|operand| computed(body, *operand)).collect();
        let result = (self.row().lower)(body, &single);
        if body.dtype(result).is_float() { body.convert(result, dtype) } else { result }
    }

    /// The operation on one element, by definition rather than by the kernel's arithmetic. The
    /// operands have the dtypes its rule asks for.
    #[must_use]
    pub fn reference(self, operands: &[Scalar]) -> Scalar {
        (self.row().reference)(operands)
    }
}
