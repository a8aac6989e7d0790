//! Expressions in text: what they compute, what is refused and how, and what hostile ones can do.
#![cfg(feature = "text")]

mod hostile;
mod mutations;
mod numpy;
mod plans;
mod refused;
