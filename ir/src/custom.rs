//! Functions that a user writes on slices of elements.

use crate::dtype::DType;
use crate::dtypes;
use crate::scalar::Scalar;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

macro_rules! define {
    ($($(#[doc = $doc:literal])+ $variant:ident: $host:ty, $category:ident, $exact:literal;)+) => {
        /// Elements of one dtype that a function reads.
        #[derive(Clone, Copy, Debug)]
        #[allow(missing_docs)]
        pub enum Elements<'a> { $( $variant(&'a [$host]), )+ }

        /// Elements of one dtype that a function writes.
        #[derive(Debug)]
        #[allow(missing_docs)]
        pub enum ElementsMut<'a> { $( $variant(&'a mut [$host]), )+ }

        $(impl Native for $host {
            fn read(elements: Elements<'_>) -> Option<&[Self]> {
                match elements {
                    Elements::$variant(elements) => Some(elements),
                    _ => None,
                }
            }
            fn write(elements: ElementsMut<'_>) -> Option<&mut [Self]> {
                match elements {
                    ElementsMut::$variant(elements) => Some(elements),
                    _ => None,
                }
            }
        })+

        /// One element of each operand, and the function's result on them.
        fn call_once(custom: &Custom, operands: &[Scalar]) -> Scalar {
            let elements: Vec<Elements<'_>> = operands
                .iter()
                .map(|operand| match operand { $( Scalar::$variant(x) => Elements::$variant(std::slice::from_ref(x)), )+ })
                .collect();
            let mut result = Scalar::from_int(0, custom.result());
            let written = match &mut result {
                $( Scalar::$variant(x) => ElementsMut::$variant(std::slice::from_mut(x)), )+
            };
            custom.call(&elements, written);
            result
        }
    };
}
dtypes!(define);

/// A Rust type behind a dtype.
pub trait Native: Copy + Send + Sync + 'static {
    /// The elements, if they are of this type.
    fn read(elements: Elements<'_>) -> Option<&[Self]>;
    /// The elements, if they are of this type.
    fn write(elements: ElementsMut<'_>) -> Option<&mut [Self]>;
}

/// What a user's function does with runs of elements of each operand, all of the same length as the result.
pub type Run = dyn Fn(&[Elements<'_>], ElementsMut<'_>) + Send + Sync;

/// A user's function: for each element of its operands one element of its result.
///
/// Two of them are the same only if one is a copy of the other.
#[derive(Clone)]
pub struct Custom(Arc<Parts>);

struct Parts {
    name: String,
    operands: Vec<DType>,
    result: DType,
    cost: u64,
    run: Box<Run>,
}

impl Custom {
    /// A function of operands of these dtypes. `run` is called with slices of the same length, as often
    /// and in whichever pieces the loop likes, and must write each element of the result from the
    /// elements at its position alone.
    #[must_use]
    pub fn new(name: &str, operands: Vec<DType>, result: DType, run: Box<Run>) -> Self {
        Self(Arc::new(Parts { name: name.into(), operands, result, cost: Self::COST, run }))
    }

    /// What one element is taken to cost, in additions, when recomputing is weighed against storing.
    pub const COST: u64 = 20;

    /// The name, for plans and diagnostics.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The dtypes of its operands.
    #[must_use]
    pub fn operands(&self) -> &[DType] {
        &self.0.operands
    }

    /// The dtype of its result.
    #[must_use]
    pub fn result(&self) -> DType {
        self.0.result
    }

    /// Rough cost per element, where an addition is 1.
    #[must_use]
    pub fn cost(&self) -> u64 {
        self.0.cost
    }

    /// Calls the function on slices of its dtypes and of one length.
    pub fn call(&self, operands: &[Elements<'_>], result: ElementsMut<'_>) {
        (self.0.run)(operands, result);
    }

    /// The function on one element of each operand.
    #[must_use]
    pub fn call_once(&self, operands: &[Scalar]) -> Scalar {
        call_once(self, operands)
    }
}

impl PartialEq for Custom {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
impl Eq for Custom {}
impl Hash for Custom {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({:?}) -> {}", self.0.name, self.0.operands, self.0.result)
    }
}
