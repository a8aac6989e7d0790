//! Sizes as text: what is added, then what is subtracted, the constant last.

use super::{Atom, Form, SizeExpr};
use std::fmt;

impl fmt::Display for SizeExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let polynomial = match &self.0 {
            Form::Known(value) => return write!(f, "{value}"),
            Form::Large(value) => return write!(f, "{value}"),
            Form::Invalid(problem) => return write!(f, "({problem})"),
            Form::Symbolic(polynomial) => polynomial,
        };
        let added = polynomial.terms.iter().filter(|(_, factor)| *factor > 0);
        let subtracted = polynomial.terms.iter().filter(|(_, factor)| *factor < 0);
        for (at, (atoms, factor)) in added.chain(subtracted).enumerate() {
            match (at, *factor < 0) {
                (0, false) => {}
                (0, true) => f.write_str("-")?,
                (_, false) => f.write_str(" + ")?,
                (_, true) => f.write_str(" - ")?,
            }
            if factor.unsigned_abs() != 1 {
                write!(f, "{}*", factor.unsigned_abs())?;
            }
            for (at, atom) in atoms.iter().enumerate() {
                if at > 0 {
                    f.write_str("*")?;
                }
                match atom {
                    Atom::Symbol(symbol) => f.write_str(&symbol.name)?,
                    Atom::CeilDiv(a, b) => write!(f, "ceil_div({a}, {b})")?,
                    Atom::Min(a, b) => write!(f, "min({a}, {b})")?,
                    Atom::Max(a, b) => write!(f, "max({a}, {b})")?,
                }
            }
        }
        match polynomial.constant {
            0 => Ok(()),
            constant if constant < 0 => write!(f, " - {}", constant.unsigned_abs()),
            constant => write!(f, " + {constant}"),
        }
    }
}
