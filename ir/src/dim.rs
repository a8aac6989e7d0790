//! Dims: what is known of the size of one axis before any data exists.

use crate::bounds::Bounds;
use crate::size::{SizeExpr, Symbol};
use std::fmt;
use std::ops::{Add, Mul, RangeInclusive, Sub};
use std::sync::Arc;

/// The number of elements along one axis: known, or an expression over sizes that a binding decides.
///
/// Sums, differences and products of dims are dims, with [`Dim::ceil_div`], [`Dim::min`] and
/// [`Dim::max`]; labels belong to axes and do not take part.
///
/// ```
/// use fusewire_ir::Dim;
/// let n = Dim::symbolic("n", 1..=1000);
/// let pairs = &n * (&n - 1);
/// assert_eq!(pairs.to_string(), "n*n - n<=999000");
/// assert_eq!((&n + 3).ceil_div(4).upper(), 251);
/// let rest = &(&n.ceil_div(4) * 4u64) - &n;
/// assert_eq!(rest.upper(), 999); // a bound, not always the largest value
/// assert!((&n + &n).same_size(&(2 * &n)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Dim {
    /// A size known when the graph is built.
    Known {
        /// Elements along the axis.
        size: u64,
        /// The axis' name, if it has one.
        label: Option<Arc<str>>,
    },
    /// A size that is known only when arrays are bound. A symbolic dim is never stretched, whatever
    /// it binds to.
    Symbolic {
        /// The size as an expression over symbols.
        size: SizeExpr,
        /// The axis' name, if it has one.
        label: Option<Arc<str>>,
    },
}

impl Dim {
    /// A named size, bounded on both sides.
    #[must_use]
    pub fn symbolic(name: &str, bounds: RangeInclusive<u64>) -> Self {
        let symbol = Symbol { name: name.into(), lower: *bounds.start(), upper: *bounds.end() };
        Self::from(SizeExpr::symbol(symbol))
    }

    /// The same size with a name for the axis.
    #[must_use]
    pub fn labelled(self, name: &str) -> Self {
        self.with_label(Some(name.into()))
    }

    /// The same size with another label, or with none.
    #[must_use]
    pub fn with_label(mut self, to: Option<Arc<str>>) -> Self {
        match &mut self {
            Self::Known { label, .. } | Self::Symbolic { label, .. } => *label = to,
        }
        self
    }

    /// The axis' name.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.shared_label().map(|label| &**label)
    }

    pub(crate) const fn shared_label(&self) -> Option<&Arc<str>> {
        match self {
            Self::Known { label, .. } | Self::Symbolic { label, .. } => label.as_ref(),
        }
    }

    /// The smallest size the dim can have; 0 where its bounds would let it be negative.
    #[must_use]
    pub fn lower(&self) -> u64 {
        match self {
            Self::Known { size, .. } => *size,
            Self::Symbolic { size, .. } => clamped(size.bounds().lower),
        }
    }

    /// The largest size the dim can have: what limits are checked against. Saturates.
    #[must_use]
    pub fn upper(&self) -> u64 {
        match self {
            Self::Known { size, .. } => *size,
            Self::Symbolic { size, .. } => clamped(size.bounds().upper),
        }
    }

    /// The largest size where symbols have these bounds. Saturates.
    #[must_use]
    pub fn upper_in(&self, bounds: &Bounds) -> u64 {
        match self {
            Self::Known { size, .. } => *size,
            Self::Symbolic { size, .. } => clamped(size.bounds_in(bounds).upper),
        }
    }

    /// The size, where it is known.
    #[must_use]
    pub const fn known(&self) -> Option<u64> {
        match self {
            Self::Known { size, .. } => Some(*size),
            Self::Symbolic { .. } => None,
        }
    }

    /// The size as an expression.
    #[must_use]
    pub fn size(&self) -> SizeExpr {
        match self {
            Self::Known { size, .. } => SizeExpr::known(i128::from(*size)),
            Self::Symbolic { size, .. } => size.clone(),
        }
    }

    /// The size where every symbol has the size that `sizes` says; `None` where one has none, and
    /// where the size would be negative or does not fit 64 bits.
    pub fn value(&self, sizes: &dyn Fn(&Symbol) -> Option<u64>) -> Option<u64> {
        match self {
            Self::Known { size, .. } => Some(*size),
            Self::Symbolic { size, .. } => u64::try_from(size.value(sizes)?).ok(),
        }
    }

    /// Is it the explicit size 1, which broadcasting stretches?
    #[must_use]
    pub fn is_one(&self) -> bool {
        self.known() == Some(1)
    }

    /// Do both always have the same size? Labels do not count.
    #[must_use]
    pub fn same_size(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Known { size: a, .. }, Self::Known { size: b, .. }) => a == b,
            (Self::Symbolic { size: a, .. }, Self::Symbolic { size: b, .. }) => a == b,
            _ => false,
        }
    }

    /// The quotient rounded up, as for the number of chunks of this many elements.
    #[must_use]
    pub fn ceil_div(&self, divisor: impl Into<Self>) -> Self {
        self.size().ceil_div(&divisor.into().size()).into()
    }

    /// The smaller of two sizes.
    #[must_use]
    pub fn min(&self, other: impl Into<Self>) -> Self {
        self.size().at_most(&other.into().size()).into()
    }

    /// The larger of two sizes.
    #[must_use]
    pub fn max(&self, other: impl Into<Self>) -> Self {
        self.size().at_least(&other.into().size()).into()
    }
}

fn clamped(size: i128) -> u64 {
    u64::try_from(size.max(0)).unwrap_or(u64::MAX)
}

impl From<SizeExpr> for Dim {
    /// A known size that is negative or does not fit stays an expression, to compute on with; as the size
    /// of an axis it is refused.
    fn from(size: SizeExpr) -> Self {
        match size.as_known().map(u64::try_from) {
            Some(Ok(known)) => Self::Known { size: known, label: None },
            _ => Self::Symbolic { size, label: None },
        }
    }
}

impl From<&Self> for Dim {
    fn from(dim: &Self) -> Self {
        dim.clone()
    }
}

macro_rules! dim_operators {
    ($($trait:ident $method:ident $size:ident;)+) => { $(
        impl<D: Into<Dim>> $trait<D> for &Dim {
            type Output = Dim;
            fn $method(self, other: D) -> Dim {
                self.size().$size(&other.into().size()).into()
            }
        }
        impl<D: Into<Dim>> $trait<D> for Dim {
            type Output = Dim;
            fn $method(self, other: D) -> Dim {
                (&self).$method(other)
            }
        }
        dim_operators! { @number $trait $method $size: i32 u32 u64 usize }
    )+ };
    (@number $trait:ident $method:ident $size:ident: $($number:ty)+) => { $(
        impl $trait<&Dim> for $number {
            type Output = Dim;
            fn $method(self, other: &Dim) -> Dim {
                SizeExpr::known(self as i128).$size(&other.size()).into()
            }
        }
        impl $trait<Dim> for $number {
            type Output = Dim;
            fn $method(self, other: Dim) -> Dim {
                self.$method(&other)
            }
        }
    )+ };
}
dim_operators! {
    Add add plus;
    Sub sub minus;
    Mul mul times;
}

macro_rules! dim_from {
    ($($unsigned:ty),+) => { $(
        impl From<$unsigned> for Dim {
            fn from(size: $unsigned) -> Self {
                Self::Known { size: size as u64, label: None }
            }
        }
    )+ };
}
dim_from!(u32, u64, usize);

impl From<i32> for Dim {
    /// Plain literals are `i32`. A negative one is no size of an axis, but `n + -1` is a size.
    fn from(size: i32) -> Self {
        SizeExpr::known(i128::from(size)).into()
    }
}

impl<D: Into<Dim>> From<(&str, D)> for Dim {
    fn from((label, dim): (&str, D)) -> Self {
        dim.into().labelled(label)
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(label) = self.label() {
            write!(f, "{label}:")?;
        }
        match self {
            Self::Known { size, .. } => write!(f, "{size}"),
            // A number that is no size, as -2, has no bound.
            Self::Symbolic { size, .. } if size.problem().is_some() || size.as_known().is_some() => {
                write!(f, "{size}")
            }
            Self::Symbolic { size, .. } => write!(f, "{size}<={}", self.upper()),
        }
    }
}

/// How two aligned axes become one.
#[derive(Clone, Debug, PartialEq)]
pub enum Joined {
    /// They agree, or one of them is an explicit 1.
    Agree(Dim),
    /// They agree if both sizes are equal, which a binding must see to.
    Assume(Dim),
    /// Their sizes are never equal, and neither is an explicit 1.
    Sizes,
    /// They have different labels.
    Labels,
}

/// Joins two aligned axes by NumPy's rule, and by their labels.
#[must_use]
pub fn join(left: &Dim, right: &Dim) -> Joined {
    let Ok(label) = common_label(left, right) else { return Joined::Labels };
    let agreed = |dim: &Dim| Joined::Agree(dim.clone().with_label(label.clone()));
    if left.is_one() && !right.is_one() {
        return agreed(right);
    }
    if right.is_one() {
        return agreed(left);
    }
    equal(left, right)
}

/// The label of an axis that is both; an axis without one meets any.
pub(crate) fn common_label(left: &Dim, right: &Dim) -> Result<Option<Arc<str>>, ()> {
    match (left.shared_label(), right.shared_label()) {
        (Some(a), Some(b)) if a != b => Err(()),
        (Some(label), _) | (None, Some(label)) => Ok(Some(label.clone())),
        (None, None) => Ok(None),
    }
}

/// Joins two axes that must have the same size and do not stretch.
pub(crate) fn equal(left: &Dim, right: &Dim) -> Joined {
    let Ok(label) = common_label(left, right) else { return Joined::Labels };
    let agreed = |dim: &Dim| Joined::Agree(dim.clone().with_label(label.clone()));
    if left.same_size(right) {
        return agreed(left);
    }
    let difference = left.size().minus(&right.size());
    match difference.as_known() {
        // Written differently, but with bounds that leave both no choice.
        Some(0) => return agreed(left),
        Some(_) => return Joined::Sizes,
        None if !difference.bounds().contains(0) => return Joined::Sizes,
        None => {}
    }
    // The one that says more: a number, or the smaller bound.
    let tighter = if right.upper() < left.upper() || right.known().is_some() { right } else { left };
    Joined::Assume(tighter.clone().with_label(label))
}
