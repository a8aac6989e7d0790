//! The items of an index, from what Rust has for them.

use fusewire_ir::{Index, Slice};

/// The items between the brackets of an index: one, or a tuple, array or slice of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indices(pub(crate) Vec<Index>);

/// One item of an index.
pub struct Item(Index);

macro_rules! integers {
    ($($integer:ty),*) => {
        $(impl From<$integer> for Item {
            fn from(at: $integer) -> Self {
                // A position that 64 bits with a sign do not hold is one that no axis has.
                Self(Index::At(i64::try_from(at).unwrap_or(i64::MAX)))
            }
        })*
    };
}

integers!(i32, i64, usize);

impl From<Index> for Item {
    fn from(index: Index) -> Self {
        Self(index)
    }
}

macro_rules! slices {
    ($($slice:ty),*) => {
        $(impl From<$slice> for Item {
            fn from(slice: $slice) -> Self {
                Self(Index::Slice(slice.into()))
            }
        })*
    };
}

slices!(Slice, std::ops::RangeFull, std::ops::Range<i64>, std::ops::RangeFrom<i64>, std::ops::RangeTo<i64>);

impl<I: Into<Item>> From<I> for Indices {
    fn from(item: I) -> Self {
        Self(vec![item.into().0])
    }
}

impl<I: Into<Item>, const N: usize> From<[I; N]> for Indices {
    fn from(items: [I; N]) -> Self {
        Self(items.into_iter().map(|item| item.into().0).collect())
    }
}

impl From<&[Index]> for Indices {
    fn from(items: &[Index]) -> Self {
        Self(items.to_vec())
    }
}

impl From<Vec<Index>> for Indices {
    fn from(items: Vec<Index>) -> Self {
        Self(items)
    }
}

macro_rules! tuples {
    ($($item:ident)*) => {
        impl<$($item: Into<Item>),*> From<($($item,)*)> for Indices {
            #[allow(non_snake_case)]
            fn from(($($item,)*): ($($item,)*)) -> Self {
                Self(vec![$($item.into().0),*])
            }
        }
    };
}

tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);
