//! From the sizes of arrays to the sizes of symbols.

use crate::dim::Dim;
use crate::requirement::Sizes;
use crate::size::Symbol;
use std::sync::Arc;

/// Why the size of one axis does not fit the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misfit {
    /// The axis gives a symbol another size than it has already.
    TwoSizes {
        /// The symbol.
        symbol: Arc<str>,
        /// The size that it has.
        known: u64,
        /// The axis that gave it, by its position in the list; `None` where the caller did.
        from: Option<usize>,
    },
    /// No size of the symbol makes the axis' expression this size.
    NoSolution {
        /// The symbol.
        symbol: Arc<str>,
    },
    /// The axis' expression has another value at the sizes of its symbols; `None` where it has none
    /// that is a size.
    Differs {
        /// The value.
        expected: Option<u64>,
    },
}

/// Adds to `sizes` what axes of these sizes say about the symbols in their dims, and returns every axis
/// that does not fit, by its position. Axes that are a symbol decide it; where none is, one that is
/// `factor * symbol + constant` does.
///
/// ```
/// use fusewire_ir::{Dim, Misfit, Sizes, resolve};
/// let n = Dim::symbolic("n", 1..=100);
/// let (edges, mut sizes) = (&n * 2 - 1, Sizes::new());
/// assert_eq!(resolve(&[(&edges, 9)], &mut sizes), []);
/// assert_eq!(sizes["n"], 5);
/// assert_eq!(resolve(&[(&edges, 10)], &mut Sizes::new()), [(0, Misfit::NoSolution { symbol: "n".into() })]);
/// ```
pub fn resolve(axes: &[(&Dim, u64)], sizes: &mut Sizes) -> Vec<(usize, Misfit)> {
    let mut misfits = Vec::new();
    let mut origin: Vec<(Arc<str>, usize)> = Vec::new();
    let mut open = Vec::new();
    for (at, (dim, size)) in axes.iter().enumerate() {
        let Dim::Symbolic { size: expression, .. } = dim else { continue };
        let Some(symbol) = expression.as_symbol() else {
            open.push((at, expression, *size));
            continue;
        };
        match sizes.get(&symbol.name) {
            Some(known) if known != size => {
                let from = origin.iter().find(|(name, _)| *name == symbol.name).map(|(_, from)| *from);
                misfits.push((at, Misfit::TwoSizes { symbol: symbol.name.clone(), known: *known, from }));
            }
            Some(_) => {}
            None => {
                sizes.insert(symbol.name.clone(), *size);
                origin.push((symbol.name.clone(), at));
            }
        }
    }
    for (at, expression, size) in &open {
        let Some((symbol, factor, constant)) = expression.as_linear() else { continue };
        if sizes.contains_key(&symbol.name) {
            continue;
        }
        let rest = i128::from(*size).saturating_sub(constant);
        match u64::try_from(rest / factor) {
            Ok(solution) if rest % factor == 0 => {
                sizes.insert(symbol.name.clone(), solution);
            }
            _ => misfits.push((*at, Misfit::NoSolution { symbol: symbol.name.clone() })),
        }
    }
    for (at, expression, size) in open {
        let mut all_known = true;
        expression.symbols(&mut |symbol| all_known &= sizes.contains_key(&symbol.name));
        let value = expression.value(&|symbol: &Symbol| sizes.get(&symbol.name).copied());
        let expected = value.and_then(|value| u64::try_from(value).ok());
        if all_known && expected != Some(size) {
            misfits.push((at, Misfit::Differs { expected }));
        }
    }
    misfits
}
