//! Which sizes are the same although they are written differently.

use crate::dim::Dim;
use crate::quick_hash::QuickMap;
use crate::requirement::Requirement;
use crate::size::SizeExpr;

/// Classes of sizes that a plan requires to be equal.
#[derive(Debug, Default)]
pub(crate) struct Equalities {
    /// Towards the class' representative, which is not in it.
    next: QuickMap<SizeExpr, SizeExpr>,
}

impl Equalities {
    pub fn new<'r>(requirements: impl Iterator<Item = &'r Requirement>) -> Self {
        let mut classes = Self::default();
        for requirement in requirements {
            if let Requirement::Equal(left, right) = requirement {
                let (left, right) = (classes.shorten(left.size()), classes.shorten(right.size()));
                if left != right {
                    classes.next.insert(left, right);
                }
            }
        }
        // From now on every way has one step.
        let known: Vec<SizeExpr> = classes.next.keys().cloned().collect();
        for size in known {
            classes.shorten(size);
        }
        classes
    }

    /// The representative of a size; all that was passed on the way to it leads there directly from now on.
    fn shorten(&mut self, size: SizeExpr) -> SizeExpr {
        let representative = self.find(&size).clone();
        let mut at = size;
        while at != representative {
            let Some(next) = self.next.insert(at, representative.clone()) else { break };
            at = next;
        }
        representative
    }

    fn find<'a>(&'a self, mut size: &'a SizeExpr) -> &'a SizeExpr {
        while let Some(next) = self.next.get(size) {
            size = next;
        }
        size
    }

    /// The same size for all dims that always have the same size.
    pub fn representative(&self, dim: &Dim) -> SizeExpr {
        if self.next.is_empty() { dim.size() } else { self.find(&dim.size()).clone() }
    }

    /// Do both always have the same size?
    pub fn same_size(&self, a: &Dim, b: &Dim) -> bool {
        a.same_size(b) || (!self.next.is_empty() && self.find(&a.size()) == self.find(&b.size()))
    }
}
