//! The same expression again with one thing changed: what would have been, had the user written it that way.

use crate::axis::{AxisRef, NewAxis};
use crate::build::Operand;
use crate::dtype::DType;
use crate::graph::{CallSite, Generator, Graph, NodeId, Op, SiteId, StorePolicy};
use crate::reduce::ReduceOp;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::view::{Range, View};
use smallvec::SmallVec;
use std::collections::HashMap;

/// What is changed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Edit {
    /// An operand, wherever it stands in these calls, at these slots.
    Operand {
        /// The calls, with the slot of the operand.
        places: Vec<(SiteId, usize)>,
        /// How many calls of the user these are.
        calls: usize,
        /// What becomes of it.
        change: OperandChange,
    },
    /// These calls no longer ask for their values to be stored.
    Recomputed {
        /// The calls.
        calls: Vec<SiteId>,
    },
    /// What is `f64` is `f32`.
    Single,
}

/// What is done to an operand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum OperandChange {
    /// It drops this axis, which has size 1.
    Squeeze { axis: usize },
    /// It is summed along this axis, which stays with size 1 unless it is the only one.
    Sum { axis: usize },
    /// It gets so many axes of size 1 at its end.
    ExpandEnd { count: usize },
}

/// Does an operand of this rank keep an axis of size 1 where it is reduced along one? So that the others stay where they are.
pub(crate) const fn keeps_axis(rank: usize) -> bool {
    rank > 1
}

/// For each axis that a value had: the one that it is now, if it is still there.
type AxesNow = SmallVec<[Option<usize>; 4]>;

struct Rebuilding<'g> {
    old: &'g Graph,
    new: Graph,
    edit: &'g Edit,
    calls: HashMap<SiteId, (SiteId, AxesNow)>,
}

impl Graph {
    /// The outputs in a graph of their own that has the edit; `None` where it does not carry through to them.
    pub(crate) fn edited(&self, outputs: &[SiteId], edit: &Edit) -> Option<(Self, Vec<SiteId>)> {
        let mut new = Self::new();
        new.symbols.clone_from(&self.symbols);
        new.records.clone_from(&self.records);
        new.assumptions.clone_from(&self.assumptions);
        let mut rebuilding = Rebuilding { old: self, new, edit, calls: HashMap::new() };
        for site in self.reachable_sites(outputs) {
            rebuilding.call(site)?;
        }
        let outputs = outputs.iter().map(|site| rebuilding.calls[site].0).collect();
        Some((rebuilding.new, outputs))
    }
}

impl Rebuilding<'_> {
    fn call(&mut self, site: SiteId) -> Option<()> {
        let call = self.old.call_site(site).clone();
        let mut operands: SmallVec<[SiteId; 3]> = SmallVec::new();
        let mut axes: SmallVec<[AxesNow; 3]> = SmallVec::new();
        for operand in &call.operands {
            let (operand, now) = self.calls[operand].clone();
            operands.push(operand);
            axes.push(now);
        }
        self.edit_operand(site, &call, &mut operands, &mut axes)?;
        self.new.set_broadcast(call.policy);
        self.new.composing = call.composition;
        let made = self.make(&call, &operands, &axes);
        self.new.composing = None;
        let (mut made, now) = made?;
        self.new.site_array(made)?;
        let store = match self.edit {
            Edit::Recomputed { calls } if calls.contains(&site) => StorePolicy::Auto,
            _ => call.store,
        };
        if call.label.is_some() || call.allow_elements.is_some() || store != StorePolicy::Auto {
            made = self.new.amend(made, |new| {
                new.label.clone_from(&call.label);
                (new.allow_elements, new.store) = (call.allow_elements, store);
            });
        }
        self.calls.insert(site, (made, now));
        Some(())
    }

    fn edit_operand(
        &mut self,
        site: SiteId,
        call: &CallSite,
        operands: &mut [SiteId],
        axes: &mut [AxesNow],
    ) -> Option<()> {
        let Edit::Operand { places, change, .. } = self.edit else { return Some(()) };
        for (_, slot) in places.iter().filter(|(at, _)| *at == site) {
            let operand = operands.get_mut(*slot)?;
            let rank = self.new.site_array(*operand)?.shape.len();
            match *change {
                OperandChange::Squeeze { axis } => {
                    *operand =
                        self.new.squeeze(*operand, Some(&[AxisRef::Position(axis as isize)]), call.site);
                    dropped(&mut axes[*slot], axis);
                }
                OperandChange::Sum { axis } => {
                    let keepdims = keeps_axis(rank);
                    let along = [AxisRef::Position(axis as isize)];
                    *operand = self.new.reduce(ReduceOp::Sum, *operand, Some(&along), keepdims, call.site);
                    if !keepdims {
                        dropped(&mut axes[*slot], axis);
                    }
                }
                OperandChange::ExpandEnd { count } => {
                    let new: Vec<NewAxis> = (rank..rank + count)
                        .map(|at| NewAxis { position: at as isize, label: None })
                        .collect();
                    *operand = self.new.expand_dims(*operand, &new, call.site);
                }
            }
        }
        Some(())
    }

    fn make(&mut self, call: &CallSite, operands: &[SiteId], axes: &[AxesNow]) -> Option<(SiteId, AxesNow)> {
        let node = self.old.node(call.node);
        let same: AxesNow = (0..node.array.as_ref().map_or(0, |array| array.shape.len())).map(Some).collect();
        let unchanged = operands.iter().zip(&call.operands).all(|(new, old)| {
            self.new.site_array(*new).is_some() && self.new.site_array(*new) == self.old.site_array(*old)
        });
        let exprs: Vec<Operand> = operands.iter().map(|operand| Operand::Expr(*operand)).collect();
        let is_single = *self.edit == Edit::Single;
        let made = match (&node.op, &node.array) {
            (Op::Cast, Some(array)) if is_single && array.dtype == DType::F64 => {
                (self.new.cast(operands[0], DType::F32, call.site), same)
            }
            (op, Some(array)) if op.is_leaf() => {
                let mut array = array.clone();
                let mut op = op.clone();
                if let Op::Array(held) = op {
                    op = Op::Array(self.new.hold(self.old.arrays()[held].clone()));
                }
                let narrows = is_single && array.dtype == DType::F64;
                match &mut op {
                    Op::Input(_) if narrows => array.dtype = DType::F32,
                    Op::Generator(Generator::Full(number)) if narrows => {
                        (*number, array.dtype) = (Scalar::cast(*number, DType::F32), DType::F32);
                    }
                    _ => {}
                }
                let narrows = narrows && array.dtype == DType::F64;
                let input = if let Op::Input(name) = &op { Some(name.clone()) } else { None };
                let made = self.new.add(op, array, &[], call.site);
                if let Some(name) = input {
                    self.new.name_input(&name, made);
                }
                (if narrows { self.new.cast(made, DType::F32, call.site) } else { made }, same)
            }
            // A call that was refused is made anew even where nothing changed.
            (op, Some(array)) if unchanged => {
                let made = self.new.add(op.clone(), array.clone(), operands, call.site);
                (made, same)
            }
            // A call that was refused because of an operand knows nothing of its numbers.
            (Op::Element(op), _) if operands.len() != 1 + op.row().operands.len() => return None,
            (Op::Element(op), _) => {
                let made = self.new.element(*op, &exprs, call.site);
                (made, self.broadcast_axes(call.node, made, axes, operands))
            }
            (Op::Custom(custom), _) => {
                let made = self.new.custom(custom, &exprs, call.site);
                (made, self.broadcast_axes(call.node, made, axes, operands))
            }
            (Op::Cast, Some(array)) if call.is_conversion => {
                (self.new.convert(operands[0], array.dtype, call.site), axes[0].clone())
            }
            (Op::Cast, Some(array)) => (self.new.cast(operands[0], array.dtype, call.site), axes[0].clone()),
            (Op::Reduce { op, axes: along, keepdims }, Some(_)) => {
                let mut now: SmallVec<[usize; 4]> =
                    along.iter().filter_map(|axis| axes[0].get(*axis).copied().flatten()).collect();
                now.sort_unstable();
                now.dedup();
                let positions: Vec<AxisRef> =
                    now.iter().map(|axis| AxisRef::Position(*axis as isize)).collect();
                let made = self.new.reduce(*op, operands[0], Some(&positions), *keepdims, call.site);
                let kept = axes[0].iter().enumerate().filter(|(old, _)| *keepdims || !along.contains(old));
                let place = |new: usize| {
                    let before = now.iter().filter(|gone| **gone < new).count();
                    if *keepdims { Some(new) } else { (!now.contains(&new)).then(|| new - before) }
                };
                (made, kept.map(|(_, new)| new.and_then(place)).collect())
            }
            (Op::Concat { axis }, Some(_)) if axes.iter().all(is_same) => {
                (self.new.concat(&exprs, &AxisRef::Position(*axis as isize), call.site), same)
            }
            (Op::View(view), Some(_)) if is_same(&axes[0]) => (self.view(view, call, operands[0])?, same),
            _ => return None,
        };
        Some(made)
    }

    /// A view of an operand of the same rank, some of whose sizes differ.
    fn view(&mut self, view: &View, call: &CallSite, operand: SiteId) -> Option<SiteId> {
        let old = self.old.site_array(*call.operands.first()?)?.clone();
        let seen = self.old.array(call.node)?.clone();
        let new = self.new.site_array(operand)?.clone();
        let position = |axis: &usize| AxisRef::Position(*axis as isize);
        Some(match view {
            View::BroadcastTo => {
                // Axes that were not stretched have the sizes that they have now.
                let from_end = |shape: &Shape, axis: usize| shape.from_end(seen.shape.len() - axis).cloned();
                let size = |(axis, dim): (usize, &crate::dim::Dim)| match from_end(&old.shape, axis) {
                    Some(was) if was.same_size(dim) => {
                        from_end(&new.shape, axis).unwrap_or_else(|| dim.clone())
                    }
                    _ => dim.clone(),
                };
                let target = seen.shape.iter().enumerate().map(size).collect();
                self.new.broadcast_to(operand, target, call.site)
            }
            View::PermuteDims(order) => {
                let order: Vec<AxisRef> = order.iter().map(position).collect();
                self.new.permute_dims(operand, &order, call.site)
            }
            View::ExpandDims(added) => {
                let added: Vec<NewAxis> =
                    added.iter().map(|axis| NewAxis { position: *axis as isize, label: None }).collect();
                self.new.expand_dims(operand, &added, call.site)
            }
            View::Squeeze(gone) => {
                let gone: Vec<AxisRef> = gone.iter().map(position).collect();
                self.new.squeeze(operand, Some(&gone), call.site)
            }
            View::LabelAxes => {
                let labels: Vec<Option<&str>> = seen.shape.iter().map(|dim| dim.label()).collect();
                self.new.label_axes(operand, &labels, call.site)
            }
            View::Slice(ranges) => {
                let mut sizes: SmallVec<[crate::dim::Dim; 2]> = SmallVec::new();
                for (axis, range) in ranges.iter().enumerate() {
                    let is_whole = *range == Range::FORWARD && old.shape[axis].same_size(&seen.shape[axis]);
                    if !is_whole && !old.shape[axis].same_size(&new.shape[axis]) {
                        return None;
                    }
                    sizes.push(if is_whole { new.shape[axis].clone() } else { seen.shape[axis].clone() });
                }
                let array = crate::shape::ArrayType { dtype: new.dtype, shape: sizes.into_iter().collect() };
                self.new.add(Op::View(view.clone()), array, &[operand], call.site)
            }
            View::Reshape(_) | View::Diagonal { .. } | View::SlidingWindow { .. }
                if old.shape == new.shape =>
            {
                let array = crate::shape::ArrayType { dtype: new.dtype, shape: seen.shape };
                self.new.add(Op::View(view.clone()), array, &[operand], call.site)
            }
            View::Reshape(_) | View::Diagonal { .. } | View::SlidingWindow { .. } => return None,
        })
    }

    /// Which axes of a broadcast there still are: those of the operands, from the end. Where operands differ, those count that
    /// have several elements there: an axis of size 1 is wherever it falls.
    fn broadcast_axes(&self, node: NodeId, made: SiteId, axes: &[AxesNow], operands: &[SiteId]) -> AxesNow {
        let Some(rank) = self.new.site_array(made).map(|array| array.shape.len()) else {
            return AxesNow::new();
        };
        let old_rank = axes.iter().map(SmallVec::len).max().unwrap_or(0);
        let old_rank = self.old.array(node).map_or(old_rank, |array| array.shape.len());
        let now = |axis: usize| {
            let from_end = old_rank - axis;
            let found = axes.iter().zip(operands).filter_map(|(now, operand)| {
                let own = now.len().checked_sub(from_end)?;
                let own = now[own]?;
                let shape = &self.new.site_array(*operand)?.shape;
                Some((shape[own].is_one(), rank.checked_sub(shape.len() - own)?))
            });
            found.min_by_key(|(is_one, _)| *is_one).map(|(_, axis)| axis)
        };
        (0..old_rank).map(now).collect()
    }
}

/// Are all axes what they were?
fn is_same(axes: &AxesNow) -> bool {
    axes.iter().enumerate().all(|(old, new)| *new == Some(old))
}

fn dropped(axes: &mut AxesNow, gone: usize) {
    for axis in axes {
        *axis = axis.filter(|axis| *axis != gone).map(|axis| axis - usize::from(axis > gone));
    }
}
