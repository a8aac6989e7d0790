//! Between which numbers polynomials are.

use super::{Atom, Monomial, ceil_div};
use crate::bounds::{Bounds, Interval};
use smallvec::SmallVec;
use std::collections::BTreeMap;

/// The bounds of a polynomial whose atoms have these.
pub(super) fn interval(
    terms: &[(Monomial, i128)],
    constant: i128,
    of: &dyn Fn(&Atom) -> Interval,
) -> Interval {
    let sum = terms.iter().fold(Interval::of(constant), |sum, (atoms, factor)| {
        let product = atoms.iter().fold(Interval::of(1), |product, atom| product.times(of(atom)));
        sum.plus(product.times(Interval::of(*factor)))
    });
    let Some(about) = about_lower(terms, constant, of) else { return sum };
    Interval { lower: sum.lower.max(about.lower), upper: sum.upper.min(about.upper) }
}

/// The bounds of the polynomial that is the same with every atom as its lower bound and what it is above that. Where
/// terms of both signs have an atom in common, as in `n * m - m`, these are closer, and often exact: nothing is subtracted
/// that is not added first. `None` where that cannot be, or would be too many terms.
fn about_lower(
    terms: &[(Monomial, i128)],
    constant: i128,
    of: &dyn Fn(&Atom) -> Interval,
) -> Option<Interval> {
    const MOST_TERMS: usize = 512;
    if terms.iter().all(|(_, factor)| *factor > 0) || terms.iter().all(|(_, factor)| *factor < 0) {
        return None;
    }
    let made = |(atoms, _): &(Monomial, i128)| 1usize.checked_shl(u32::try_from(atoms.len()).ok()?);
    let count = terms.iter().try_fold(0usize, |sum, term| sum.checked_add(made(term)?))?;
    (count <= MOST_TERMS).then_some(())?;
    let mut known: Vec<(&Atom, Interval)> = Vec::new();
    // For each product of what atoms are above their lower bounds, by their positions, its factor.
    let mut expanded: BTreeMap<SmallVec<[usize; 4]>, i128> = BTreeMap::new();
    for (atoms, factor) in terms {
        let mut positions: SmallVec<[usize; 4]> = SmallVec::new();
        for atom in atoms {
            positions.push(known.iter().position(|(other, _)| *other == atom).unwrap_or(known.len()));
            if positions.last() == Some(&known.len()) {
                known.push((atom, of(atom)));
            }
        }
        positions.sort_unstable();
        for chosen in 0..1usize << positions.len() {
            let (mut above, mut factor) = (SmallVec::new(), *factor);
            for (at, position) in positions.iter().enumerate() {
                if chosen >> at & 1 == 1 {
                    above.push(*position);
                } else {
                    factor = factor.checked_mul(known[*position].1.lower)?;
                }
            }
            let sum = expanded.entry(above).or_default();
            *sum = sum.checked_add(factor)?;
        }
    }
    let mut bounds = Interval::of(constant);
    for (above, factor) in expanded {
        let most = above.iter().try_fold(factor, |product, position| {
            let Interval { lower, upper } = known[*position].1;
            product.checked_mul(upper.checked_sub(lower)?)
        })?;
        let reach = match above.is_empty() {
            true => Interval::of(factor),
            false => Interval { lower: most.min(0), upper: most.max(0) },
        };
        bounds = bounds.plus(reach);
    }
    Some(bounds)
}

impl Atom {
    pub(super) fn interval(&self, bounds: &Bounds) -> Interval {
        match self {
            Self::Symbol(symbol) => {
                let (lower, upper) = bounds.of(symbol);
                Interval { lower: i128::from(lower), upper: i128::from(upper) }
            }
            Self::CeilDiv(a, b) => {
                let (a, b) = (a.bounds_in(bounds), b.bounds_in(bounds));
                // At least 1 at the declared bounds, within which all others lie.
                let divisors = [b.lower.max(1), b.upper.max(1)];
                let ends = divisors.map(|by| (ceil_div(a.lower, by), ceil_div(a.upper, by)));
                Interval { lower: ends[0].0.min(ends[1].0), upper: ends[0].1.max(ends[1].1) }
            }
            Self::Min(a, b) => {
                let (a, b) = (a.bounds_in(bounds), b.bounds_in(bounds));
                Interval { lower: a.lower.min(b.lower), upper: a.upper.min(b.upper) }
            }
            Self::Max(a, b) => {
                let (a, b) = (a.bounds_in(bounds), b.bounds_in(bounds));
                Interval { lower: a.lower.max(b.lower), upper: a.upper.max(b.upper) }
            }
        }
    }
}
