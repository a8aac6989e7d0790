//! Indexing by position: integers, slices, new axes and the axes in between, all at once.

use crate::build_view::Slice;
use crate::diagnostic::{Diagnostic, DiagnosticKind, Site};
use crate::dim::Dim;
use crate::graph::{Graph, Op, SiteId};
use crate::requirement::Requirement;
use crate::shape::ArrayType;
use crate::size::SizeExpr;
use crate::view::{Range, View};
use smallvec::SmallVec;

/// One item of an index, as between the brackets of NumPy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Index {
    /// One position of an axis, which is dropped; from the end where it is negative.
    At(i64),
    /// A part of an axis.
    Slice(Slice),
    /// A new axis of size 1.
    NewAxis,
    /// As many whole axes as are left. Without it they are left at the end.
    Ellipsis,
}

/// What an index makes of the axes of an array.
struct Indexed {
    ranges: SmallVec<[Range; 2]>,
    dims: Vec<Dim>,
    /// Axes of the array that are dropped.
    dropped: SmallVec<[usize; 2]>,
    /// Positions of new axes in the result.
    new: SmallVec<[usize; 2]>,
    requirements: Vec<Requirement>,
}

impl Graph {
    /// A view of an array at these items.
    pub fn index(&mut self, operand: SiteId, items: &[Index], site: Site) -> SiteId {
        let unresolved = || View::Slice(SmallVec::new());
        let Some(array) = self.site_array(operand).cloned() else {
            return self.add_poison(Op::View(unresolved()), &[operand], site, None);
        };
        let indexed = match self.indexed(operand, &array, items) {
            Ok(indexed) => indexed,
            Err(refused) => {
                return self.add_poison(Op::View(unresolved()), &[operand], site, Some(*refused));
            }
        };
        let Indexed { ranges, dims, dropped, new, requirements } = indexed;
        let sliced = self
            .view(operand, unresolved(), site, |_, _| Ok((View::Slice(ranges), dims.into_iter().collect())));
        self.require(sliced, "index", site, requirements);
        let squeezed = self.view(sliced, View::Squeeze(SmallVec::new()), site, |_, array| {
            let kept = array.shape.iter().enumerate().filter(|(axis, _)| !dropped.contains(axis));
            let shape = kept.map(|(_, dim)| dim.clone()).collect();
            Ok((View::Squeeze(dropped), shape))
        });
        self.view(squeezed, View::ExpandDims(SmallVec::new()), site, |_, array| {
            let mut kept = array.shape.iter().cloned();
            let axes = array.shape.len() + new.len();
            let mut dim = |axis| if new.contains(&axis) { None } else { kept.next() };
            let shape = (0..axes).map(|axis| dim(axis).unwrap_or_else(|| Dim::from(1))).collect();
            Ok((View::ExpandDims(new), shape))
        })
    }

    fn indexed(
        &self,
        operand: SiteId,
        array: &ArrayType,
        items: &[Index],
    ) -> Result<Indexed, Box<Diagnostic>> {
        let name = self.called("index");
        let refuse =
            |kind, message: String| Box::new(Diagnostic::new(kind, message).operand(self.note(operand, 0)));
        let taken = items.iter().filter(|item| matches!(item, Index::At(_) | Index::Slice(_))).count();
        let Some(left) = array.shape.len().checked_sub(taken) else {
            let message = format!("`{name}` of {taken} axes, but there are {}", array.shape.len());
            return Err(refuse(DiagnosticKind::Axis, message));
        };
        if items.iter().filter(|item| **item == Index::Ellipsis).count() > 1 {
            let message = format!("`{name}` has several ellipses");
            let refused = *refuse(DiagnosticKind::Axis, message);
            return Err(Box::new(refused.help("one stands for all axes that are left")));
        }
        let mut indexed = Indexed {
            ranges: SmallVec::new(),
            dims: Vec::new(),
            dropped: SmallVec::new(),
            new: SmallVec::new(),
            requirements: Vec::new(),
        };
        let rest = (!items.contains(&Index::Ellipsis)).then_some(Index::Ellipsis);
        for item in items.iter().copied().chain(rest) {
            let axis = indexed.dims.len();
            match item {
                Index::NewAxis => indexed.new.push(axis - indexed.dropped.len() + indexed.new.len()),
                Index::Ellipsis => {
                    for dim in &array.shape[axis..axis + left] {
                        indexed.ranges.push(Range::FORWARD);
                        indexed.dims.push(dim.clone());
                    }
                }
                Index::At(at) => {
                    let start =
                        self.position(operand, axis, &array.shape[axis], at, &mut indexed.requirements)?;
                    indexed.ranges.push(Range { start, step: 1 });
                    indexed.dims.push(Dim::from(1));
                    indexed.dropped.push(axis);
                }
                Index::Slice(slice) => {
                    let (range, dim) = self.range(operand, axis, &array.shape[axis], slice)?;
                    indexed.ranges.push(range);
                    indexed.dims.push(dim);
                }
            }
        }
        Ok(indexed)
    }

    /// An index on an axis, from its beginning, with what must hold for the axis to have it.
    fn position(
        &self,
        operand: SiteId,
        axis: usize,
        dim: &Dim,
        at: i64,
        requirements: &mut Vec<Requirement>,
    ) -> Result<SizeExpr, Box<Diagnostic>> {
        let needs = if at < 0 { -i128::from(at) } else { i128::from(at) + 1 };
        let (size, bounds) = (dim.size(), dim.size().bounds());
        if needs > bounds.upper {
            let name = self.called("index");
            let message = format!("`{name}` has {at} for axis {axis}, which has size {dim}");
            let refused =
                Diagnostic::new(DiagnosticKind::Index, message).operand(self.note(operand, 0)).axis(axis);
            let last = bounds.upper - 1;
            return Err(Box::new(if last < 0 {
                refused.help("the axis has no elements")
            } else {
                refused.help(format!("the axis has 0 to {last}, or -{} to -1 from its end", last + 1))
            }));
        }
        if needs > bounds.lower {
            // Fits: it is no more than a size that the axis may have.
            let least = u64::try_from(needs).unwrap_or(u64::MAX);
            requirements.push(Requirement::AtLeast(dim.clone().with_label(None), least));
        }
        Ok(if at < 0 { size.plus(&at.into()) } else { at.into() })
    }
}
