//! Which sizes are the same although they are written differently.

use crate::dim::Dim;
use crate::requirement::Requirement;
use crate::size::SizeExpr;
use std::collections::HashMap;

/// Classes of sizes that a plan requires to be equal.
#[derive(Debug, Default)]
pub(crate) struct Equalities {
    /// Towards the class' representative, which is not in it.
    next: HashMap<SizeExpr, SizeExpr>,
}

impl Equalities {
    pub fn new<'r>(requirements: impl Iterator<Item = &'r Requirement>) -> Self {
        let mut classes = Self::default();
        for requirement in requirements {
            if let Requirement::Equal(left, right) = requirement {
                let (left, right) = (classes.find(left.size()), classes.find(right.size()));
                if left != right {
                    classes.next.insert(left, right);
                }
            }
        }
        classes
    }

    fn find(&self, mut size: SizeExpr) -> SizeExpr {
        while let Some(next) = self.next.get(&size) {
            size = next.clone();
        }
        size
    }

    /// The same size for all dims that always have the same size.
    pub fn representative(&self, dim: &Dim) -> SizeExpr {
        if self.next.is_empty() { dim.size() } else { self.find(dim.size()) }
    }

    /// Do both always have the same size?
    pub fn same_size(&self, a: &Dim, b: &Dim) -> bool {
        a.same_size(b) || (!self.next.is_empty() && self.find(a.size()) == self.find(b.size()))
    }
}
