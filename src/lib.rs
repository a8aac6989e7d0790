//! A lazy expression-graph compiler for arrays.
#![deny(unsafe_code)]
mod jit;
mod lower;
mod maths;
mod tile_function;
mod tree;
