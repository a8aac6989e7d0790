//! What compiled code of fusewire calls: mathematical functions on runs of elements, the trees that add up blocks of
//! reductions, and what is checked before memory is written. Nothing is allocated here, and there are no
//! dependencies.
//!
//! Code that is compiled in a process calls these functions by their addresses. Object files call them by their
//! symbols, which `fusewire-runtime-static` has in a static library. A [`Function`] is both.
#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod maths;
pub mod overlap;
pub mod processor;
pub mod tree;

/// A function that compiled code calls, with arguments of 64 bits each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Function {
    /// Where it is in this process.
    pub address: usize,
    /// Its name in the static library.
    pub symbol: &'static str,
}

/// Defines a function with the calling convention of compiled code and a symbol of its own, and gives it as a
/// [`Function`]. Where it is used says with `#![allow(unsafe_code)]` that the symbol is meant.
macro_rules! exported {
    ($symbol:expr, fn($($argument:ident: $ty:ty),*) $(-> $result:ty)? $body:block) => {{
        // SAFETY: no other symbol begins with `fusewire_`, and the rest says which function of which type it is.
        #[unsafe(export_name = $symbol)]
        unsafe extern "sysv64" fn entry($($argument: $ty),*) $(-> $result)? $body
        crate::Function { address: entry as *const () as usize, symbol: $symbol }
    }};
}
pub(crate) use exported;
