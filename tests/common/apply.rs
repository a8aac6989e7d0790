//! Calls the method of an operation by the operation, for tests of all of them.

use fusewire::ElementOp;
use fusewire::prelude::*;

macro_rules! dispatch {
    ($(
        $(#[doc = $doc:literal])+
        $variant:ident: $name:ident($($operand:ident),*), aliases [$($alias:literal),*],
            dtypes $rule:ident, cost $cost:literal, ulp $ulp:literal,
            $(lower $lower:expr,)? $(calls $arity:ident($($element:ident),+),)? reference $reference:expr;
    )+) => {
        /// The operation as its method.
        pub fn apply<'g>(op: ElementOp, operands: &[Expr<'g>]) -> Expr<'g> {
            match op { $(
                ElementOp::$variant => {
                    let [first, $($operand),*] = *operands else { panic!("{} takes {}", op.name(), op.arity()) };
                    first.$name($($operand),*)
                }
            )+ }
        }
    };
}
fusewire::ir::element_ops!(dispatch);
