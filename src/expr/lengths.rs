//! Results whose lengths depend on data: as long as they may become, with a count of what is there.

use super::Expr;
use fusewire_ir::{AxisRef, DType, Dim, Site};

/// The distinct elements of an array: made by [`Expr::unique`]. All but [`Unique::inverse`] begin with what is
/// there and are zero from [`Unique::count`] on.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Unique<'g> {
    /// The distinct elements in ascending order. NaN counts as larger than all numbers, and as one.
    pub values: Expr<'g>,
    /// How many there are, in `i64` without axes.
    pub count: Expr<'g>,
    /// How often each occurs, in `i64`.
    pub counts: Expr<'g>,
    /// For each element of the array, of its shape, the position of its value among the distinct ones, in `i64`.
    pub inverse: Expr<'g>,
}

/// More axes than arrays have, NumPy's 64 among them: of one that is refused nobody knows how many it would have had.
const MOST_AXES: usize = 64;

impl<'g> Expr<'g> {
    /// The parts of an axis where `mask`, a vector of `bool`, is true, and how many they are, in `i64`. The
    /// plan decides on memory before data is known, so the result is as long as the axis: it begins with the parts
    /// that are kept, in order, and is zero behind them. Limits apply to that length.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", F64, [5]);
    /// let (kept, count) = x.compress(x.greater(1), Axis(0));
    /// let program = g.plan([kept.named("kept"), count.named("count")], &Limits::default())?.compile()?;
    /// let (mut kept, mut count) = ([9.0; 5], 0i64);
    /// let outputs = [("kept", ViewMut::from(&mut kept)), ("count", (&mut count).into())];
    /// program.run([("x", &[3.0, 1.0, 2.0, -1.0, 5.0])], outputs)?;
    /// assert_eq!(&kept[..count as usize], [3.0, 2.0, 5.0]);
    /// assert_eq!(kept[3..], [0.0, 0.0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    #[doc(alias = "filter")]
    #[doc(alias = "extract")]
    pub fn compress(self, mask: Self, axis: impl Into<AxisRef>) -> (Self, Self) {
        let (axis, site) = (axis.into(), Site::caller());
        self.function("compress", |x| {
            let mask = x.graph.admit("compress", mask);
            let kept = x.graph.push(|g| g.compress(x.site, mask.site, &axis, site));
            // What is wrong is wrong once.
            let count = if kept.array().is_some() { mask.count_nonzero(crate::All) } else { kept };
            (kept, count)
        })
    }

    /// Where the elements are that are not zero, in C order: for each axis their positions along it, in `i64`, and
    /// how many they are. Each is as long as the array has elements, and zero from the count on, as with
    /// [`Expr::compress`].
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", F64, [2, 3]);
    /// let (at, count) = x.nonzero();
    /// let outputs = [at[0].named("rows"), at[1].named("columns"), count.named("count")];
    /// let program = g.plan(outputs, &Limits::default())?.compile()?;
    /// let (mut rows, mut columns, mut count) = ([9i64; 6], [9i64; 6], 0i64);
    /// let outputs =
    ///     [("rows", ViewMut::from(&mut rows)), ("columns", (&mut columns).into()), ("count", (&mut count).into())];
    /// program.run([("x", View::new(&[0.0, 1.0, 0.0, 0.0, 0.0, 2.0], [2, 3]))], outputs)?;
    /// assert_eq!((&rows[..2], &columns[..2], count), (&[0, 1][..], &[1, 2][..], 2));
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    #[doc(alias = "argwhere")]
    pub fn nonzero(self) -> (Vec<Self>, Self) {
        self.function("nonzero", |x| {
            let Some(shape) = x.shape() else {
                // Whoever takes one of them is told what is wrong by the plan.
                let refused = x.refused(&[], None);
                return (vec![refused; MOST_AXES], refused);
            };
            let mask = x.is_nonzero().ravel();
            let elements = shape.iter().fold(Dim::from(1u64), |product, dim| &product * dim);
            let (places, count) =
                x.graph.arange_to(0, elements.with_label(None), 1).compress(mask, crate::Axis(0));
            let mut after = Dim::from(1u64);
            let mut positions = Vec::new();
            for dim in shape.iter().rev() {
                let outer = if after.is_one() { places } else { places.floor_divide(x.extent(&after)) };
                positions.push(outer.remainder(x.extent(dim)));
                after = &after * dim;
            }
            positions.reverse();
            (positions, count)
        })
    }

    /// The distinct elements of all axes, how often each occurs, and which of them each element is. They are
    /// as long as the array has elements, as with [`Expr::compress`]. What is not an output is not computed.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", I32, [5]);
    /// let distinct = x.unique();
    /// let outputs = [distinct.values.named("values"), distinct.count.astype(I32).named("count")];
    /// let program = g.plan(outputs, &Limits::default())?.compile()?;
    /// let (mut values, mut count) = ([9; 5], 0);
    /// program.run([("x", &[3, 1, 3, 3, 1])], [("values", ViewMut::from(&mut values)), ("count", (&mut count).into())])?;
    /// assert_eq!(values[..count as usize], [1, 3]);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn unique(self) -> Unique<'g> {
        self.function("unique", |x| {
            let Some(shape) = x.shape() else {
                let refused = x.refused(&[], None);
                return Unique { values: refused, count: refused, counts: refused, inverse: refused };
            };
            let axis = crate::Axis(0);
            let flat = x.ravel();
            let elements = shape.iter().fold(Dim::from(1u64), |product, dim| &product * dim).with_label(None);
            let (places, length) = (x.graph.arange_to(0, elements.clone(), 1), x.extent(&elements));
            // Whoever asks for values alone pays for no positions: a plan of them sorts, and nothing else.
            let (sorted, order) = (flat.sort(axis), flat.argsort(axis));
            let before = sorted.roll(1, axis);
            let same = match x.is_float() {
                true => sorted.equal(before) | (sorted.isnan() & before.isnan()),
                false => sorted.equal(before),
            };
            let is_new = same.logical_not() | places.equal(0);
            let (values, count) = sorted.compress(is_new, axis);
            let (starts, _) = places.compress(is_new, axis);
            // The last one ends where the elements do.
            let ends = places.less(count - 1).select(starts.roll(-1, axis), length);
            let counts = places.less(count).select(ends - starts, 0);
            let rank = is_new.astype(DType::I64).cumulative_sum(axis) - 1;
            let inverse = places.put(order, rank, axis).reshape(shape);
            Unique { values, count, counts, inverse }
        })
    }

    /// A size as a number in `i64`, at least 1 so that it divides.
    fn extent(self, dim: &Dim) -> Self {
        match dim.known() {
            Some(size) => self.graph.scalar(i64::try_from(size).unwrap_or(i64::MAX).max(1)),
            None => self.graph.size(dim.clone()).maximum(1),
        }
    }
}
