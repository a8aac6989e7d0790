//! Routines: operations on whole arrays in memory, against NumPy and the reference evaluator, and what
//! plans say of them.

#[path = "../../ir/tests/golden/tokens.rs"]
#[allow(dead_code)]
mod tokens;

mod golden;
mod plans;
mod reports;
mod run;
