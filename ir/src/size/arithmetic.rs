//! Sizes computed by whoever brings an arithmetic: on numbers, in machine code, as text of another language.

use super::{Atom, Form, SizeExpr, Symbol};

/// What sizes are computed in. Each method gives `None` where it cannot, and then there is no result.
pub trait Arithmetic {
    /// A number, or what stands for one.
    type Number;
    /// A known integer.
    fn known(&mut self, value: i128) -> Option<Self::Number>;
    /// A named size.
    fn symbol(&mut self, symbol: &Symbol) -> Option<Self::Number>;
    /// The sum.
    fn add(&mut self, a: Self::Number, b: Self::Number) -> Option<Self::Number>;
    /// The product.
    fn multiply(&mut self, a: Self::Number, b: Self::Number) -> Option<Self::Number>;
    /// The quotient, by a divisor of at least 1, rounded up.
    fn ceil_div(&mut self, a: Self::Number, b: Self::Number) -> Option<Self::Number>;
    /// The smaller one.
    fn smaller(&mut self, a: Self::Number, b: Self::Number) -> Option<Self::Number>;
    /// The larger one.
    fn larger(&mut self, a: Self::Number, b: Self::Number) -> Option<Self::Number>;
}

impl SizeExpr {
    /// Computes the size; `None` where the arithmetic cannot, or where it is no size.
    ///
    /// ```
    /// use fusewire_ir::{Dim, SizeArithmetic, Symbol};
    /// /// As text in which every operation is a call.
    /// struct Calls;
    /// impl SizeArithmetic for Calls {
    ///     type Number = String;
    ///     fn known(&mut self, value: i128) -> Option<String> { Some(value.to_string()) }
    ///     fn symbol(&mut self, symbol: &Symbol) -> Option<String> { Some(symbol.name.to_string()) }
    ///     fn add(&mut self, a: String, b: String) -> Option<String> { Some(format!("add({a}, {b})")) }
    ///     fn multiply(&mut self, a: String, b: String) -> Option<String> { Some(format!("multiply({a}, {b})")) }
    ///     fn ceil_div(&mut self, a: String, b: String) -> Option<String> { Some(format!("ceil_div({a}, {b})")) }
    ///     fn smaller(&mut self, a: String, b: String) -> Option<String> { Some(format!("min({a}, {b})")) }
    ///     fn larger(&mut self, a: String, b: String) -> Option<String> { Some(format!("max({a}, {b})")) }
    /// }
    /// let n = Dim::symbolic("n", 1..=1000);
    /// let pieces = (&n * 2 + 3).ceil_div(4).size();
    /// assert_eq!(pieces.compute(&mut Calls).unwrap(), "ceil_div(add(multiply(n, 2), 3), 4)");
    /// ```
    pub fn compute<A: Arithmetic>(&self, arithmetic: &mut A) -> Option<A::Number> {
        let polynomial = match &self.0 {
            Form::Known(_) | Form::Large(_) => return arithmetic.known(self.as_known()?),
            Form::Invalid(_) => return None,
            Form::Symbolic(polynomial) => polynomial,
        };
        let mut sum = None;
        for (atoms, factor) in &polynomial.terms {
            let mut product = None;
            for atom in atoms {
                let value = atom.compute(arithmetic)?;
                product = Some(match product {
                    None => value,
                    Some(product) => arithmetic.multiply(product, value)?,
                });
            }
            let mut term = product?;
            if *factor != 1 {
                let factor = arithmetic.known(*factor)?;
                term = arithmetic.multiply(term, factor)?;
            }
            sum = Some(match sum {
                None => term,
                Some(sum) => arithmetic.add(sum, term)?,
            });
        }
        match polynomial.constant {
            0 => sum,
            constant => {
                let constant = arithmetic.known(constant)?;
                arithmetic.add(sum?, constant)
            }
        }
    }
}

impl Atom {
    fn compute<A: Arithmetic>(&self, arithmetic: &mut A) -> Option<A::Number> {
        let (Self::CeilDiv(a, b) | Self::Min(a, b) | Self::Max(a, b)) = self else {
            let Self::Symbol(symbol) = self else { return None };
            return arithmetic.symbol(symbol);
        };
        let (a, b) = (a.compute(arithmetic)?, b.compute(arithmetic)?);
        match self {
            Self::CeilDiv(..) => arithmetic.ceil_div(a, b),
            Self::Min(..) => arithmetic.smaller(a, b),
            _ => arithmetic.larger(a, b),
        }
    }
}
