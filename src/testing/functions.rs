//! The functions that random graphs call: every method of an expression, and of a graph, that makes one.

use super::strategy::rank;
use crate::axes::{Axes, Axis};
use crate::expr::Indexing;
use crate::expr::{Expr, Graph, Masked};
use crate::{All, DType, OutOfBounds, Side};

/// What a function may be given. Whatever it is, the call means something or is refused.
pub(super) struct Operands<'g> {
    pub g: &'g Graph,
    pub x: Expr<'g>,
    pub other: Expr<'g>,
    /// Some axes of `x`.
    pub axes: Axes,
    /// An axis of `x`, if it has any.
    pub axis: Axis,
    pub parameter: usize,
}

type Function = for<'g> fn(Operands<'g>) -> Expr<'g>;

impl<'g> Operands<'g> {
    /// `x` where the other operand is positive.
    fn masked(&self) -> Masked<'g> {
        self.x.masked(self.other.greater(0))
    }

    /// What happens with an index that is out of range; in none of them the run fails.
    const fn mode(&self) -> OutOfBounds {
        if self.parameter.is_multiple_of(2) { OutOfBounds::Wrap } else { OutOfBounds::Clip }
    }

    /// An axis of `x` beside the one that is given.
    fn next_axis(&self) -> Axis {
        Axis((self.parameter + 1) as isize % rank(self.x).max(1) as isize)
    }

    /// A dtype.
    const fn dtype(&self) -> DType {
        DType::ALL[self.parameter % DType::ALL.len()]
    }

    /// -2 to 2.
    const fn diagonal(&self) -> i64 {
        (self.parameter % 5) as i64 - 2
    }

    /// A share of 1.
    fn part(&self) -> f64 {
        self.parameter as f64 / 1000.0
    }

    /// Positions along the axis that are not out of range.
    fn largest(&self) -> Expr<'g> {
        self.x.argmax(self.axis).ravel()
    }

    /// The elements of `x` as one of 7 integers.
    fn counted(&self) -> Expr<'g> {
        self.x.astype(DType::I64).remainder(7)
    }
}

/// All of them. The operations of the table, numbers, conversions, views and joins have steps of their own.
pub(super) const FUNCTIONS: &[Function] = &[
    // Reductions.
    |o| o.x.any(o.axes),
    |o| o.x.all(o.axes),
    |o| o.x.count_nonzero(o.axes),
    |o| o.x.ptp(o.axes),
    |o| o.x.trace(o.diagonal(), o.axis, o.next_axis()),
    |o| o.x.min_initial(o.axes, 2),
    |o| o.x.max_initial(o.axes, -1),
    |o| o.x.sum_as(o.axes.clone(), o.dtype()),
    |o| o.x.prod_as(o.axes.clone(), o.dtype()),
    |o| o.x.mean_as(o.axes.clone(), o.dtype()),
    |o| o.x.argmin(o.axes),
    |o| o.x.argmax(o.axes),
    // Statistics.
    |o| o.x.var(o.axes),
    |o| o.x.var_ddof(o.axes.clone(), o.parameter as f64 / 400.0),
    |o| o.x.std(o.axes),
    |o| o.x.std_ddof(o.axes, 1),
    |o| o.x.average(o.axes, o.other),
    |o| o.x.norm(o.axes),
    |o| o.x.norm_of_order(o.axes.clone(), (o.parameter % 4) as f64),
    |o| o.x.norm_of_order(o.axes, f64::INFINITY),
    |o| o.x.logsumexp(o.axes),
    |o| o.x.softmax(o.axes),
    |o| o.x.log_softmax(o.axes),
    |o| o.x.median(o.axes),
    |o| o.x.quantile(o.part(), o.axis),
    |o| o.x.percentile(o.part() * 100.0, o.axis),
    // Without what is missing.
    |o| o.x.nansum(o.axes),
    |o| o.x.nanprod(o.axes),
    |o| o.x.nanmean(o.axes),
    |o| o.x.nanmin(o.axes),
    |o| o.x.nanmax(o.axes),
    |o| o.x.nanvar(o.axes),
    |o| o.x.nanvar_ddof(o.axes, 1),
    |o| o.x.nanstd(o.axes),
    |o| o.x.nanstd_ddof(o.axes, 0.5),
    |o| o.x.nanmedian(o.axes),
    |o| o.x.nanquantile(o.part(), o.axis),
    |o| o.x.nanargmin(o.axes),
    |o| o.x.nanargmax(o.axes),
    // Under a mask.
    |o| o.masked().count(o.axes),
    |o| o.masked().sum(o.axes),
    |o| o.masked().prod(o.axes),
    |o| o.masked().mean(o.axes),
    |o| o.masked().mean_as(o.axes.clone(), o.dtype()),
    |o| o.masked().median(o.axes),
    |o| o.masked().quantile(o.part(), o.axis),
    |o| o.masked().min_initial(o.axes, 2),
    |o| o.masked().max_initial(o.axes, -1),
    |o| o.masked().any(o.axes),
    |o| o.masked().all(o.axes),
    |o| o.masked().var(o.axes),
    |o| o.masked().var_ddof(o.axes, 1),
    |o| o.masked().std(o.axes),
    |o| o.masked().std_ddof(o.axes, 1),
    // Other views, and arrangements of elements.
    |o| o.x.swapaxes(o.axis, o.next_axis()),
    |o| o.x.moveaxis(o.axis.0, -1),
    |o| o.x.permute_dims((0..rank(o.x) as isize).rev().collect::<Vec<_>>()),
    |o| o.x.matrix_transpose(),
    |o| o.x.broadcast_to(o.other.shape().unwrap_or_default()),
    |o| o.g.broadcast_arrays([o.x, o.other])[o.parameter % 2],
    |o| o.x.rot90(o.diagonal(), [0, 1]),
    |o| o.x.index((o.parameter % 3) as i64),
    |o| o.x.slice([((o.parameter % 3) as i64..).into()]),
    |o| o.x.reshape_view([-1]),
    |o| o.x.contiguous(),
    |o| o.x.label_axes(["row", "column", "layer", "time"].into_iter().take(rank(o.x))),
    |o| o.x.expect_shape(o.x.shape().unwrap_or_default()),
    |o| o.x.diff(1 + o.parameter as u32 % 2, o.axis),
    |o| o.x.unwrap(o.axis),
    |o| o.x.unwrap_period(o.axis, 3.0, 1.5),
    |o| o.x.outer(o.other),
    |o| o.x.tril(o.diagonal()),
    |o| o.x.triu(o.diagonal()),
    |o| o.x.one_hot(3),
    |o| o.x.full_like(o.diagonal()),
    |o| o.x.zeros_like(),
    |o| o.x.ones_like(),
    |o| o.g.eye(o.dtype(), 3 + o.parameter as u64 % 4, 5, o.diagonal()),
    |o| o.g.tri(o.dtype(), 3 + o.parameter as u64 % 4, 5, o.diagonal()),
    |o| o.g.meshgrid([o.x.ravel(), o.other.ravel()], Indexing::Xy)[o.parameter % 2],
    |o| o.g.indices([3u64, 1 + o.parameter as u64 % 9])[o.parameter % 2],
    |o| o.g.zeros(o.dtype(), [o.parameter as u64 % 9]),
    |o| o.g.ones(o.dtype(), [o.parameter as u64 % 9, 2]),
    |o| o.g.full([2, o.parameter as u64 % 9], 1.5),
    |o| o.g.arange_to(-3, o.parameter as u64 % 40, 2),
    |o| o.g.scalar(o.part()),
    // Contractions.
    |o| o.x.matmul(o.other),
    |o| o.x.matmul(o.x.matrix_transpose()),
    |o| o.x.dot(o.other),
    |o| o.x.vecdot(o.other),
    |o| o.x.matvec(o.other.index(0)),
    |o| o.x.index(0).vecmat(o.other.matrix_transpose()),
    |o| o.x.tensordot(o.other, o.parameter % 3),
    |o| o.x.tensordot_along(o.axis.0, o.other, 0),
    |o| o.g.einsum("...i,...i->...", [o.x, o.other]),
    |o| o.g.einsum("ij,kj,k->i", [o.x, o.x, o.x.index((.., 0))]),
    |o| o.g.einsum("ii->i", [o.x]),
    // Sorts and scans.
    |o| o.x.sort(o.axis),
    |o| o.x.sort_descending(o.axis),
    |o| o.x.argsort(o.axis),
    |o| o.x.argsort_descending(o.axis),
    |o| o.x.top_k(1 + o.parameter as u64 % 3, o.axis).0,
    |o| o.x.top_k(1 + o.parameter as u64 % 3, o.axis).1,
    |o| o.x.partition(o.parameter as i64 % 3, o.axis),
    |o| o.x.cumulative_sum(o.axis),
    |o| o.x.cumulative_sum_from_zero(o.axis),
    |o| o.x.cumulative_prod(o.axis),
    |o| o.x.cumulative_prod_from_one(o.axis),
    |o| o.x.cumulative_max(o.axis),
    |o| o.x.cumulative_min(o.axis),
    |o| o.x.cumulative_logsumexp(o.axis),
    // Indices.
    |o| o.x.take(o.largest(), o.axis),
    |o| o.x.take_with(o.other, o.axis, o.mode()),
    |o| o.x.take_along_axis(o.x.argsort(o.axis), o.axis),
    |o| o.x.take_along_axis_with(o.other, o.axis, o.mode()),
    |o| o.x.put(o.largest(), o.part(), o.axis),
    |o| o.x.put_with(o.other, o.x.slice_axis(o.axis, 0..1), o.axis, o.mode()),
    |o| o.x.scatter_add(o.largest(), o.diagonal(), o.axis),
    |o| o.x.scatter_add_with(o.other, o.part(), o.axis, o.mode()),
    |o| o.x.compress(o.other.greater(0), o.axis).0,
    |o| o.x.compress(o.other.greater(0), o.axis).1,
    |o| o.x.nonzero().0.pop().unwrap_or(o.x),
    |o| o.x.nonzero().1,
    |o| o.x.unique().values,
    |o| o.x.unique().count,
    |o| o.x.unique().counts,
    |o| o.x.unique().inverse,
    // Searches.
    |o| o.x.ravel().sort(Axis(0)).searchsorted(o.other, Side::Left),
    |o| o.x.ravel().sort(Axis(0)).searchsorted(o.other, Side::Right),
    |o| o.x.digitize(o.g.linspace(-2.0, 3.0, o.parameter as u64 % 9)),
    |o| o.x.histogram(o.g.linspace(-2.0, 3.0, 2 + o.parameter as u64 % 9)),
    |o| o.x.histogram_range(1 + o.parameter as u64 % 9, -3.0, o.part()),
    |o| o.counted().bincount(7),
    |o| o.x.count_nonzero(All).expect_equal(o.x.count_nonzero(All), "{found} are not {wanted}"),
    |o| o.counted().bincount_weighted(o.x.astype(DType::F64), 7),
    // Functions of elements that are not one operation.
    |o| o.x.round((o.parameter % 5) as i32 - 2),
    |o| o.x.divmod(o.other).0,
    |o| o.x.divmod(o.other).1,
    |o| o.x.allclose(o.other),
    |o| o.x.isclose_within(o.other, 0.1, 0.01),
    |o| o.x.i0(),
    |o| o.x.modf().0,
    |o| o.x.modf().1,
    |o| o.x.frexp().0,
    |o| o.x.frexp().1,
    |o| o.x.float_power(o.other),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// Names of the public methods in some files whose result is an expression, or several.
    fn methods(directory: &Path) -> Vec<String> {
        let mut names = Vec::new();
        for file in std::fs::read_dir(directory).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            for method in text.split("pub fn ").skip(1) {
                let signature = method.split_once(" {").unwrap().0;
                let (name, _) = signature.split_once(['(', '<']).unwrap();
                let (_, result) = signature.rsplit_once("->").unwrap_or_default();
                if ["Self", "Expr", "Unique"].iter().any(|kind| result.contains(kind)) {
                    names.push(name.into());
                }
            }
        }
        names
    }

    #[test]
    fn random_graphs_call_every_method() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let called = include_str!("functions.rs").to_owned() + include_str!("strategy.rs");
        // Rows of records are a placement of inputs and outputs.
        let elsewhere = ["field", "carried", "record_output"];
        let names = methods(&source.join("expr"));
        assert!(names.len() > 100, "{names:?}");
        let missing: Vec<&String> = names
            .iter()
            .filter(|name| !elsewhere.contains(&name.as_str()) && !called.contains(&format!(".{name}(")))
            .collect();
        assert!(missing.is_empty(), "random graphs never call {missing:?}");
    }

    #[test]
    fn every_function_means_something_and_agrees_with_the_reference() {
        for (at, function) in FUNCTIONS.iter().enumerate() {
            let mut checked = 0;
            let (matrix, square, vector) = (&[4u64, 3][..], &[3, 3][..], &[6][..]);
            for [x, other] in [
                [(DType::F64, matrix), (DType::F64, matrix)],
                [(DType::I16, square), (DType::I16, square)],
                [(DType::F32, vector), (DType::I64, vector)],
            ] {
                let g = Graph::new();
                let (x, other) = (g.input("x", x.0, x.1), g.input("other", other.0, other.1));
                let axes = Axes::from(vec![rank(x) as isize - 1]);
                let result = function(Operands { g: &g, x, other, axes, axis: Axis(0), parameter: 4 });
                if result.array().is_none() {
                    continue;
                }
                let recipe = g.recipe([result]).unwrap();
                crate::testing::check(&recipe).unwrap_or_else(|mismatch| panic!("function {at}: {mismatch}"));
                checked += 1;
            }
            assert!(checked > 0, "function {at} is always refused");
        }
    }
}
