//! Reductions: what combines, in which dtype, and in which order.
//!
//! **The order is fixed by the logical shape alone.** The reduced elements of one result, in C order
//! of the reduced axes, are cut into blocks of [`BLOCK`]. Inside a block, element `k` goes to lane
//! `k % lanes`, each lane in order; the lanes are combined by halves (lane `i` with lane
//! `i + lanes / 2`, and so on). The block results, floats widened to `f64`, are combined by a tree
//! that splits at the largest power of two. Any vector width, thread count or loop order can follow
//! this order, so all give the same bits. The error of a sum grows with the logarithm of the number
//! of blocks plus `BLOCK / lanes`: better than NumPy's pairwise sum in `f32`.

use crate::dtype::DType;
use crate::scalar::Scalar;

/// Reduced elements per block.
pub const BLOCK: usize = 4096;

/// Bytes of one row of lanes: 32 lanes of 4 bytes, 16 of 8.
pub const LANE_BYTES: usize = 128;

/// How elements are combined: the rows of the reduction table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReduceOp {
    /// The sum; 0 for no elements.
    Sum,
    /// The product; 1 for no elements.
    Prod,
    /// The smallest element; NaN if one is NaN; refused for no elements.
    Min,
    /// The largest element; NaN if one is NaN; refused for no elements.
    Max,
    /// The sum divided by the count; NaN for no elements.
    Mean,
    /// The smallest element, as `Min`; for no elements the largest value that there is. `all` and `min`
    /// with an initial value are made of it.
    Infimum,
    /// The largest element, as `Max`; for no elements the smallest value that there is.
    Supremum,
}

impl ReduceOp {
    /// Every reduction.
    pub const ALL: [Self; 7] =
        [Self::Sum, Self::Prod, Self::Min, Self::Max, Self::Mean, Self::Infimum, Self::Supremum];

    /// The method's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Prod => "prod",
            Self::Min => "min",
            Self::Max => "max",
            Self::Mean => "mean",
            Self::Infimum => "infimum",
            Self::Supremum => "supremum",
        }
    }

    /// The dtype in which elements are combined.
    #[must_use]
    pub const fn accumulator(self, dtype: DType) -> DType {
        match self {
            _ if dtype.is_float() => dtype.computed(),
            Self::Mean => DType::F64,
            Self::Sum | Self::Prod => DType::I64,
            Self::Min | Self::Max | Self::Infimum | Self::Supremum => match dtype {
                DType::U32 | DType::I64 => DType::I64,
                DType::U64 => DType::U64,
                _ => DType::I32,
            },
        }
    }

    /// The dtype of the result: sums of integers have 64 bits.
    #[must_use]
    pub const fn result(self, dtype: DType) -> DType {
        match self {
            Self::Min | Self::Max | Self::Infimum | Self::Supremum => dtype,
            _ if dtype.is_float() => dtype,
            Self::Mean => DType::F64,
            Self::Sum | Self::Prod if dtype.is_unsigned() => DType::U64,
            Self::Sum | Self::Prod => DType::I64,
        }
    }

    /// The value that changes nothing: what lanes start from.
    #[must_use]
    pub fn identity(self, accumulator: DType) -> Scalar {
        let float = match self {
            // -0.0 + x keeps the sign of a zero x.
            Self::Sum | Self::Mean => -0.0,
            Self::Prod => 1.0,
            Self::Min | Self::Infimum => f64::INFINITY,
            Self::Max | Self::Supremum => f64::NEG_INFINITY,
        };
        let Some(info) = accumulator.int_info() else { return Scalar::F64(float).cast(accumulator) };
        let int = match self {
            Self::Sum | Self::Mean => 0,
            Self::Prod => 1,
            Self::Min | Self::Infimum => info.max,
            Self::Max | Self::Supremum => info.min,
        };
        Scalar::from_int(int, accumulator)
    }

    /// The result over no elements, in the accumulator's dtype; `None` where there is none.
    #[must_use]
    pub fn of_nothing(self, accumulator: DType) -> Option<Scalar> {
        match self {
            Self::Sum => Some(Scalar::I64(0).cast(accumulator)),
            Self::Prod => Some(Scalar::I64(1).cast(accumulator)),
            Self::Mean => Some(Scalar::F64(f64::NAN).cast(accumulator)),
            Self::Min | Self::Max => None,
            Self::Infimum | Self::Supremum => Some(self.identity(accumulator)),
        }
    }

    /// The lanes of one row.
    #[must_use]
    pub const fn lanes(accumulator: DType) -> usize {
        LANE_BYTES / accumulator.bytes()
    }

    /// The dtype of block results and of the tree above them.
    #[must_use]
    pub const fn tree(accumulator: DType) -> DType {
        match accumulator {
            DType::F32 => DType::F64,
            other => other,
        }
    }
}
