//! `libfusewire_runtime_static.a`: the functions that object files written by `fusewire` call. Their source is
//! `fusewire-runtime`, which the compiler itself runs with: there is no second one.

pub use fusewire_runtime::{maths, overlap, processor, tree};
