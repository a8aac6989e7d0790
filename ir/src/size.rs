//! Sizes that are not known yet: integer expressions over named symbols, with bounds.
//!
//! An expression is kept as a polynomial with its terms in a fixed order, so two expressions that are
//! the same polynomial are equal values, whichever way they were written. What is no polynomial
//! (quotients, minima, maxima) is an `Atom` of it. Bounds come from interval arithmetic (Moore,
//! Interval Analysis, 1966), on the polynomial as it is and expanded about the lower bounds of its atoms. Both grow with
//! their operands: a smaller range of a symbol never gives a larger range of the expression. That makes a search for the
//! largest size that passes a check exact.

use crate::bounds::{Bounds, Interval};
use smallvec::{SmallVec, smallvec};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub use arithmetic::Arithmetic;
use interval::interval;

mod arithmetic;
mod display;
mod interval;
#[cfg(test)]
mod tests;

/// A named size with the bounds it promises to keep.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Symbol {
    /// The name by which a binding reports it.
    pub name: Arc<str>,
    /// The smallest size allowed.
    pub lower: u64,
    /// The largest size allowed; limits are checked at this size.
    pub upper: u64,
}

/// Why an expression is no size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SizeProblem {
    /// A number on the way may be beyond 2^100: far from what any array has, and near what 128 bits hold.
    Overflow,
    /// The divisor can be 0 or negative.
    DividesByZero,
    /// It has more parts than [`SizeExpr::MOST_PARTS`] or is nested deeper than [`SizeExpr::DEEPEST`].
    TooComplicated,
}

impl fmt::Display for SizeProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Overflow => "a size that may be beyond 2^100, more than can be computed with",
            Self::DividesByZero => "a size divided by one that may be 0",
            Self::TooComplicated => "a size with too many parts",
        })
    }
}

/// The largest number that a part of a symbolic size may be.
const LARGEST: i128 = 1 << 100;

/// An integer that is known, or an expression over symbols.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SizeExpr(Form);

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Form {
    /// Nearly all numbers: a small form keeps maps and shapes small.
    Known(i64),
    /// Those that do not fit.
    Large(Arc<i128>),
    Symbolic(Arc<Polynomial>),
    Invalid(SizeProblem),
}

/// A sum of products, at least one of which is not constant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Polynomial {
    /// In order, without zero coefficients.
    terms: Vec<(Monomial, i128)>,
    constant: i128,
    /// At the symbols' declared bounds.
    bounds: Interval,
    /// Atoms and numbers in it, at every depth.
    parts: usize,
    depth: usize,
}

/// A product of atoms, in order.
type Monomial = SmallVec<[Atom; 1]>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Atom {
    Symbol(Symbol),
    CeilDiv(SizeExpr, SizeExpr),
    Min(SizeExpr, SizeExpr),
    Max(SizeExpr, SizeExpr),
}

impl SizeExpr {
    /// The most atoms and numbers of one expression.
    pub const MOST_PARTS: usize = 512;
    /// The deepest nesting of quotients, minima and maxima.
    pub const DEEPEST: usize = 32;

    /// Nothing.
    pub const ZERO: Self = Self(Form::Known(0));

    /// A known integer.
    #[must_use]
    pub fn known(value: i128) -> Self {
        Self(i64::try_from(value).map_or_else(|_| Form::Large(Arc::new(value)), Form::Known))
    }

    /// A named size.
    #[must_use]
    pub fn symbol(symbol: Symbol) -> Self {
        Self::from_terms(vec![(smallvec![Atom::Symbol(symbol)], 1)], 0)
    }

    /// The value, where it is known.
    #[must_use]
    pub fn as_known(&self) -> Option<i128> {
        match &self.0 {
            Form::Known(value) => Some(i128::from(*value)),
            Form::Large(value) => Some(**value),
            Form::Symbolic(_) | Form::Invalid(_) => None,
        }
    }

    /// Why it is no size, if it is none.
    #[must_use]
    pub const fn problem(&self) -> Option<SizeProblem> {
        match self.0 {
            Form::Invalid(problem) => Some(problem),
            _ => None,
        }
    }

    /// The symbol, where the expression is nothing else.
    #[must_use]
    pub fn as_symbol(&self) -> Option<&Symbol> {
        match &self.0 {
            Form::Symbolic(polynomial) if polynomial.constant == 0 => match &polynomial.terms[..] {
                [(atoms, 1)] => match &atoms[..] {
                    [Atom::Symbol(symbol)] => Some(symbol),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    /// `symbol, factor, constant` where it is `factor * symbol + constant`.
    #[must_use]
    pub fn as_linear(&self) -> Option<(&Symbol, i128, i128)> {
        let Form::Symbolic(polynomial) = &self.0 else { return None };
        match &polynomial.terms[..] {
            [(atoms, factor)] => match &atoms[..] {
                [Atom::Symbol(symbol)] => Some((symbol, *factor, polynomial.constant)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The smallest and the largest value at the symbols' declared bounds.
    #[must_use]
    pub fn bounds(&self) -> Interval {
        match &self.0 {
            Form::Known(value) => Interval::of(i128::from(*value)),
            Form::Large(value) => Interval::of(**value),
            Form::Symbolic(polynomial) => polynomial.bounds,
            Form::Invalid(_) => Interval { lower: i128::MIN, upper: i128::MAX },
        }
    }

    /// The smallest and the largest value at other bounds.
    #[must_use]
    pub fn bounds_in(&self, bounds: &Bounds) -> Interval {
        match &self.0 {
            Form::Symbolic(polynomial) if !bounds.are_declared() => {
                interval(&polynomial.terms, polynomial.constant, &|atom| atom.interval(bounds))
            }
            _ => self.bounds(),
        }
    }

    /// The value where every symbol has the size that `sizes` says; `None` where one has none, or
    /// where a number on the way does not fit 128 bits.
    pub fn value(&self, sizes: &dyn Fn(&Symbol) -> Option<u64>) -> Option<i128> {
        match &self.0 {
            Form::Known(_) | Form::Large(_) => self.as_known(),
            Form::Invalid(_) => None,
            Form::Symbolic(polynomial) => {
                let mut sum = polynomial.constant;
                for (atoms, factor) in &polynomial.terms {
                    let mut product = *factor;
                    for atom in atoms {
                        product = product.checked_mul(atom.value(sizes)?)?;
                    }
                    sum = sum.checked_add(product)?;
                }
                Some(sum)
            }
        }
    }

    /// Calls `visit` with every symbol in it, as often as it occurs.
    pub fn symbols(&self, visit: &mut dyn FnMut(&Symbol)) {
        let Form::Symbolic(polynomial) = &self.0 else { return };
        for atom in polynomial.terms.iter().flat_map(|(atoms, _)| atoms) {
            match atom {
                Atom::Symbol(symbol) => visit(symbol),
                Atom::CeilDiv(a, b) | Atom::Min(a, b) | Atom::Max(a, b) => {
                    a.symbols(visit);
                    b.symbols(visit);
                }
            }
        }
    }

    /// The sum.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        if let (Form::Known(left), Form::Known(right)) = (&self.0, &other.0)
            && let Some(sum) = left.checked_add(*right)
        {
            return Self(Form::Known(sum));
        }
        self.combined(other, 1)
    }

    /// The difference, which may be negative.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        if let (Form::Known(left), Form::Known(right)) = (&self.0, &other.0)
            && let Some(difference) = left.checked_sub(*right)
        {
            return Self(Form::Known(difference));
        }
        self.combined(other, -1)
    }

    fn combined(&self, other: &Self, sign: i128) -> Self {
        if let (Some(left), Some(right)) = (self.as_known(), other.as_known()) {
            let sum = right.checked_mul(sign).and_then(|right| left.checked_add(right));
            return sum.map_or(Self(Form::Invalid(SizeProblem::Overflow)), Self::known);
        }
        if let Some(problem) = self.problem().or(other.problem()) {
            return Self(Form::Invalid(problem));
        }
        let mut terms: BTreeMap<Monomial, i128> = self.terms().iter().cloned().collect();
        let sum = (|| {
            for (atoms, factor) in other.terms() {
                let before = terms.entry(atoms.clone()).or_default();
                *before = before.checked_add(factor.checked_mul(sign)?)?;
            }
            self.constant().checked_add(other.constant().checked_mul(sign)?)
        })();
        match sum {
            Some(constant) => Self::from_terms(terms.into_iter().collect(), constant),
            None => Self(Form::Invalid(SizeProblem::Overflow)),
        }
    }

    /// The product.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        if let (Form::Known(left), Form::Known(right)) = (&self.0, &other.0)
            && let Some(product) = left.checked_mul(*right)
        {
            return Self(Form::Known(product));
        }
        if let (Some(left), Some(right)) = (self.as_known(), other.as_known()) {
            return left.checked_mul(right).map_or(Self(Form::Invalid(SizeProblem::Overflow)), Self::known);
        }
        if let Some(problem) = self.problem().or(other.problem()) {
            return Self(Form::Invalid(problem));
        }
        if self.terms().len() * other.terms().len() > Self::MOST_PARTS {
            return Self(Form::Invalid(SizeProblem::TooComplicated));
        }
        let mut terms: BTreeMap<Monomial, i128> = BTreeMap::new();
        let mut constant = 0i128;
        let parts = |of: &Self| -> Vec<(Monomial, i128)> {
            of.terms().iter().cloned().chain([(Monomial::new(), of.constant())]).collect()
        };
        for (left, a) in parts(self) {
            for (right, b) in parts(other) {
                let Some(factor) = a.checked_mul(b) else {
                    return Self(Form::Invalid(SizeProblem::Overflow));
                };
                let mut atoms: Monomial = left.iter().chain(&right).cloned().collect();
                atoms.sort();
                let sum = if atoms.is_empty() { &mut constant } else { terms.entry(atoms).or_default() };
                match sum.checked_add(factor) {
                    Some(next) => *sum = next,
                    None => return Self(Form::Invalid(SizeProblem::Overflow)),
                }
            }
        }
        Self::from_terms(terms.into_iter().collect(), constant)
    }

    /// The quotient rounded up. The divisor must be at least 1 at its bounds.
    #[must_use]
    pub fn ceil_div(&self, divisor: &Self) -> Self {
        if let Some(problem) = self.problem().or(divisor.problem()) {
            return Self(Form::Invalid(problem));
        }
        if divisor.bounds().lower < 1 {
            return Self(Form::Invalid(SizeProblem::DividesByZero));
        }
        if let Some(by) = divisor.as_known() {
            if let Some(value) = self.as_known() {
                return Self::known(ceil_div(value, by));
            }
            // What divides without a rest can be divided on its own.
            let (even, odd): (Vec<_>, Vec<_>) =
                self.terms().iter().cloned().partition(|(_, factor)| factor % by == 0);
            let whole = self.constant().div_euclid(by);
            let even = even.into_iter().map(|(atoms, factor)| (atoms, factor / by)).collect();
            let rest = Self::from_terms(odd, self.constant().rem_euclid(by));
            let even = Self::from_terms(even, whole);
            if let Some(rest) = rest.as_known() {
                return even.plus(&Self::known(ceil_div(rest, by)));
            }
            // A rest is counted from 0 up, and may be larger than the number itself.
            if rest.problem().or(even.problem()).is_none() {
                return even.plus(&Self::from_atom(Atom::CeilDiv(rest, divisor.clone())));
            }
        }
        if self == divisor {
            return Self::known(1);
        }
        Self::from_atom(Atom::CeilDiv(self.clone(), divisor.clone()))
    }

    /// The quotient, where it is seen that the divisor, not 0, divides without a rest.
    #[must_use]
    pub fn exact_div(&self, divisor: &Self) -> Option<Self> {
        if self == divisor {
            return Some(Self::known(1));
        }
        if let (Some(dividend), Some(divisor)) = (self.as_known(), divisor.as_known()) {
            let divides = dividend.checked_rem(divisor)? == 0;
            return divides.then(|| Self::known(dividend / divisor));
        }
        let parts = |of: &Self| -> Vec<(Monomial, i128)> {
            let constant = of.constant();
            of.terms().iter().cloned().chain((constant != 0).then(|| (Monomial::new(), constant))).collect()
        };
        let [(by, factor)] = &parts(divisor)[..] else { return None };
        self.problem().is_none().then_some(())?;
        let mut quotient = Self::known(0);
        for (mut atoms, dividend) in parts(self) {
            for atom in by {
                let at = atoms.iter().position(|known| known == atom)?;
                atoms.remove(at);
            }
            if dividend.checked_rem(*factor)? != 0 {
                return None;
            }
            let term = dividend / factor;
            quotient = quotient.plus(&if atoms.is_empty() {
                Self::known(term)
            } else {
                Self::from_terms(vec![(atoms, term)], 0)
            });
        }
        Some(quotient)
    }

    /// The smaller of two (not called `min`, which values with an order have already).
    #[must_use]
    pub fn at_most(&self, other: &Self) -> Self {
        self.extreme(other, Atom::Min, |difference| difference.upper <= 0)
    }

    /// The larger of two.
    #[must_use]
    pub fn at_least(&self, other: &Self) -> Self {
        self.extreme(other, Atom::Max, |difference| difference.lower >= 0)
    }

    fn extreme(
        &self,
        other: &Self,
        atom: fn(Self, Self) -> Atom,
        is_first: impl Fn(Interval) -> bool,
    ) -> Self {
        let difference = self.minus(other);
        if let Some(problem) = difference.problem() {
            return Self(Form::Invalid(problem));
        }
        let Interval { lower, upper } = difference.bounds();
        if is_first(Interval { lower, upper }) {
            return self.clone();
        }
        if is_first(Interval { lower: upper.saturating_neg(), upper: lower.saturating_neg() }) {
            return other.clone();
        }
        let (first, second) = if self <= other { (self, other) } else { (other, self) };
        Self::from_atom(atom(first.clone(), second.clone()))
    }

    fn terms(&self) -> &[(Monomial, i128)] {
        match &self.0 {
            Form::Symbolic(polynomial) => &polynomial.terms,
            _ => &[],
        }
    }

    fn constant(&self) -> i128 {
        match &self.0 {
            Form::Known(_) | Form::Large(_) => self.as_known().unwrap_or(0),
            Form::Symbolic(polynomial) => polynomial.constant,
            Form::Invalid(_) => 0,
        }
    }

    /// The expression without its number, and the number: expressions with the same first part differ by a known one.
    #[must_use]
    pub(crate) fn apart(&self) -> (Self, i128) {
        let without = self.minus(&Self::known(self.constant()));
        match without.as_known() {
            // Bounds may leave it no choice.
            Some(more) => (Self::known(0), self.constant().saturating_add(more)),
            None => (without, self.constant()),
        }
    }

    fn from_atom(atom: Atom) -> Self {
        Self::from_terms(vec![(smallvec![atom], 1)], 0)
    }

    /// The canonical form of a sum whose terms are in order.
    fn from_terms(mut terms: Vec<(Monomial, i128)>, constant: i128) -> Self {
        terms.retain(|(_, factor)| *factor != 0);
        if terms.is_empty() {
            return Self::known(constant);
        }
        let bounds = interval(&terms, constant, &|atom| atom.interval(&Bounds::declared()));
        let is_symbol = matches!(&terms[..], [(atoms, 1)] if constant == 0
            && matches!(&atoms[..], [Atom::Symbol(_)]));
        // No value within the bounds overflows on the way, so that a size always has one.
        let term = |(atoms, factor): &(Monomial, i128)| {
            let parts = atoms.iter().map(|atom| atom.interval(&Bounds::declared()));
            parts.fold(Interval::of(*factor), |product, part| {
                // A factor that may be 0 does not make the others smaller.
                let widened = Interval { lower: part.lower.min(-1), upper: part.upper.max(1) };
                product.times(widened)
            })
        };
        let fits = |interval: Interval| -LARGEST <= interval.lower && interval.upper <= LARGEST;
        if !terms.iter().map(term).all(fits) || !fits(bounds) || !fits(Interval::of(constant)) {
            return Self(Form::Invalid(SizeProblem::Overflow));
        }
        // A symbol stays one even where its bounds leave it no choice: it is never stretched.
        if bounds.lower == bounds.upper && !is_symbol {
            return Self::known(bounds.lower);
        }
        let atoms = || terms.iter().flat_map(|(atoms, _)| atoms);
        let parts = atoms().map(|atom| atom.parts().saturating_add(1)).fold(1, usize::saturating_add);
        let depth = atoms().map(Atom::depth).max().unwrap_or(0);
        if parts > Self::MOST_PARTS || depth > Self::DEEPEST {
            return Self(Form::Invalid(SizeProblem::TooComplicated));
        }
        Self(Form::Symbolic(Arc::new(Polynomial { terms, constant, bounds, parts, depth })))
    }

    fn parts(&self) -> usize {
        match &self.0 {
            Form::Symbolic(polynomial) => polynomial.parts,
            _ => 1,
        }
    }

    fn depth(&self) -> usize {
        match &self.0 {
            Form::Symbolic(polynomial) => polynomial.depth,
            _ => 0,
        }
    }
}

impl From<i64> for SizeExpr {
    fn from(value: i64) -> Self {
        Self::known(i128::from(value))
    }
}

fn ceil_div(value: i128, by: i128) -> i128 {
    value.div_euclid(by) + i128::from(value.rem_euclid(by) != 0)
}

impl Atom {
    fn value(&self, sizes: &dyn Fn(&Symbol) -> Option<u64>) -> Option<i128> {
        match self {
            Self::Symbol(symbol) => sizes(symbol).map(i128::from),
            Self::CeilDiv(a, b) => {
                let (a, b) = (a.value(sizes)?, b.value(sizes)?);
                (b > 0).then(|| ceil_div(a, b))
            }
            Self::Min(a, b) => Some(a.value(sizes)?.min(b.value(sizes)?)),
            Self::Max(a, b) => Some(a.value(sizes)?.max(b.value(sizes)?)),
        }
    }

    fn parts(&self) -> usize {
        match self {
            Self::Symbol(_) => 1,
            Self::CeilDiv(a, b) | Self::Min(a, b) | Self::Max(a, b) => {
                a.parts().saturating_add(b.parts()).saturating_add(1)
            }
        }
    }

    fn depth(&self) -> usize {
        match self {
            Self::Symbol(_) => 0,
            Self::CeilDiv(a, b) | Self::Min(a, b) | Self::Max(a, b) => 1 + a.depth().max(b.depth()),
        }
    }
}
