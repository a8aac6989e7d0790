//! Adding joins to a graph: arrays one after another along an axis.

use crate::axis::{AxisRef, NewAxis};
use crate::broadcast;
use crate::build::{Operand, exprs_of, foreign_graph};
use crate::composition::Broadcasts;
use crate::diagnostic::{Diagnostic, DiagnosticKind, Site};
use crate::dim::{Dim, Joined, common_label, equal};
use crate::dtype::DType;
use crate::graph::{Graph, Op, SiteId};
use crate::requirement::Requirement;
use crate::shape::{ArrayType, Shape};
use crate::size::SizeExpr;
use crate::view::{Range, View};
use smallvec::SmallVec;

/// Axes that are cut at once: 2 parts for each of them, so that no more than 64 parts are made of one array.
/// With more axes the result so far is cut again.
const ROLLED: usize = 6;

/// A part of an axis: which elements, one by one or backwards.
pub(crate) struct Part {
    /// The index of the first one.
    pub start: SizeExpr,
    /// 1 or -1.
    pub step: i64,
    /// How many there are.
    pub count: SizeExpr,
}

impl Graph {
    /// Arrays one after another along an axis, in the promoted dtype. Their other sizes are equal.
    pub fn concat(&mut self, operands: &[Operand], axis: &AxisRef, site: Site) -> SiteId {
        let (operands, dtype) = match self.operands_of_join("concat", operands, site) {
            Ok(found) => found,
            Err(refused) => return refused,
        };
        let joined = self.axis_of_join(&operands, axis).and_then(|axis| {
            let (shape, requirements) = self.joined("concat", &operands, Some(axis))?;
            Ok((axis, shape, requirements))
        });
        match joined {
            Err(diagnostic) => self.refuse_join(&operands, Some(*diagnostic), site),
            Ok((axis, shape, requirements)) => {
                let parts: Vec<SiteId> =
                    operands.iter().map(|operand| self.convert(*operand, dtype, site)).collect();
                let call = self.add_concat(axis, &parts, ArrayType { dtype, shape }, site);
                self.require(call, "concat", site, requirements);
                call
            }
        }
    }

    /// Arrays of one shape side by side along a new axis, in the promoted dtype.
    pub fn stack(&mut self, operands: &[Operand], axis: &NewAxis, site: Site) -> SiteId {
        let (operands, dtype) = match self.operands_of_join("stack", operands, site) {
            Ok(found) => found,
            Err(refused) => return refused,
        };
        let joined = self.joined("stack", &operands, None).and_then(|(shape, requirements)| {
            // Positions count in the result, whose sizes do not matter here.
            let any: Shape = (0..=shape.len()).map(|_| Dim::from(1u64)).collect();
            let at: Vec<usize> = self.positions("stack", operands[0], &[axis.position.into()], &any)?;
            let count = Dim::from(operands.len()).with_label(axis.label.clone());
            let mut dims = shape.to_vec();
            dims.insert(at[0], count);
            let shape: Shape = dims.into_iter().collect();
            match broadcast::unfit("stack", &shape) {
                Some(unfit) => Err(Box::new(unfit.operand(self.note(operands[0], 0)))),
                None => Ok((at[0], shape, requirements)),
            }
        });
        match joined {
            Err(diagnostic) => self.refuse_join(&operands, Some(*diagnostic), site),
            Ok((at, shape, requirements)) => {
                let new = NewAxis { position: at as isize, label: axis.label.clone() };
                let begun = self.begin_composition("stack", site, Broadcasts::OfFunction);
                let parts: Vec<SiteId> = operands
                    .iter()
                    .map(|operand| {
                        let part = self.expand_dims(*operand, std::slice::from_ref(&new), site);
                        self.convert(part, dtype, site)
                    })
                    .collect();
                let call = self.add_concat(at, &parts, ArrayType { dtype, shape }, site);
                self.require(call, "stack", site, requirements);
                if begun {
                    self.end_composition();
                }
                call
            }
        }
    }

    /// The elements moved along axes by shifts, where what leaves at one end comes in at the other. One shift
    /// moves along every axis, several along one axis add up; without axes the elements move in C order.
    pub fn roll(&mut self, operand: SiteId, shifts: &[i64], axes: Option<&[AxisRef]>, site: Site) -> SiteId {
        let Some(array) = self.site_array(operand).cloned() else {
            return self.refuse_join(&[operand], None, site);
        };
        let Some(axes) = axes else {
            let flat = self.reshape(operand, &[None], site);
            let rolled = self.roll(flat, shifts, Some(&[0.into()]), site);
            let sizes: Vec<Option<Dim>> = array.shape.iter().cloned().map(Some).collect();
            return self.reshape(rolled, &sizes, site);
        };
        let positions: Vec<usize> = match self.positions("roll", operand, axes, &array.shape) {
            Ok(positions) => positions,
            Err(diagnostic) => return self.refuse_join(&[operand], Some(*diagnostic), site),
        };
        let moves: Vec<(usize, i128)> = match (shifts, &positions[..]) {
            ([shift], _) => positions.iter().map(|axis| (*axis, i128::from(*shift))).collect(),
            (_, [axis]) => vec![(*axis, shifts.iter().map(|shift| i128::from(*shift)).sum())],
            _ if shifts.len() == positions.len() => {
                positions.iter().zip(shifts).map(|(axis, shift)| (*axis, i128::from(*shift))).collect()
            }
            _ => {
                let message = format!("`roll` has {} shifts for {} axes", shifts.len(), positions.len());
                let diagnostic = Diagnostic::new(DiagnosticKind::Axis, message)
                    .operand(self.note(operand, 0))
                    .help("one shift moves along every axis; otherwise there is one for each of them");
                return self.refuse_join(&[operand], Some(diagnostic), site);
            }
        };
        moves.chunks(ROLLED).fold(operand, |rolled, moves| self.roll_at_once(rolled, moves, site))
    }

    /// Cuts along the first axis, moves each part along the others, and joins the parts the other way round.
    fn roll_at_once(&mut self, operand: SiteId, moves: &[(usize, i128)], site: Site) -> SiteId {
        let (Some(((axis, shift), others)), Some(array)) =
            (moves.split_first(), self.site_array(operand).cloned())
        else {
            return operand;
        };
        let [last, first] = cut(&array.shape[*axis].size(), *shift);
        if last.as_known() == Some(0) || first.as_known() == Some(0) {
            return self.roll_at_once(operand, others, site);
        }
        let parts = [
            Part { start: first.clone(), step: 1, count: last },
            Part { start: 0.into(), step: 1, count: first },
        ];
        let parts = parts.map(|part| {
            let part = self.part(operand, *axis, part, site);
            self.roll_at_once(part, others, site)
        });
        self.add_concat(*axis, &parts, array, site)
    }

    /// A part of one axis; whoever asks for it sees to it that it lies on the axis.
    pub(crate) fn part(&mut self, operand: SiteId, axis: usize, part: Part, site: Site) -> SiteId {
        let Some(array) = self.site_array(operand).cloned() else { return operand };
        let Part { start, step, count } = part;
        let mut dims = array.shape.to_vec();
        let label = dims[axis].shared_label().cloned();
        dims[axis] = Dim::from(count).with_label(label);
        let shape: Shape = dims.into_iter().collect();
        let range = Range { start, step };
        if range == Range::FORWARD && shape == array.shape {
            return operand;
        }
        let mut ranges: SmallVec<[Range; 2]> = SmallVec::from_elem(Range::FORWARD, array.shape.len());
        ranges[axis] = range;
        self.add(Op::View(View::Slice(ranges)), ArrayType { dtype: array.dtype, shape }, &[operand], site)
    }

    /// Adds the node that joins parts to an array of this type. Parts that are known to have no elements are
    /// left out, and a single one that is the whole array needs no node.
    pub(crate) fn add_concat(
        &mut self,
        axis: usize,
        parts: &[SiteId],
        array: ArrayType,
        site: Site,
    ) -> SiteId {
        let is_empty = |graph: &Self, part: SiteId| {
            graph.site_array(part).is_some_and(|part| part.shape[axis].known() == Some(0))
        };
        let kept: Vec<SiteId> = parts.iter().copied().filter(|part| !is_empty(self, *part)).collect();
        let parts = if kept.is_empty() { parts } else { &kept };
        match parts {
            [only] if self.site_array(*only) == Some(&array) => *only,
            _ => self.add(Op::Concat { axis }, array, parts, site),
        }
    }

    /// A join that is refused; without a diagnostic because an operand is wrong.
    pub(crate) fn refuse_join(
        &mut self,
        operands: &[SiteId],
        diagnostic: Option<Diagnostic>,
        site: Site,
    ) -> SiteId {
        self.add_poison(Op::Concat { axis: 0 }, operands, site, diagnostic)
    }

    /// The expressions that are to be joined and their common dtype; else the call that is refused.
    fn operands_of_join(
        &mut self,
        name: &str,
        operands: &[Operand],
        site: Site,
    ) -> Result<(Vec<SiteId>, DType), SiteId> {
        let exprs: Vec<SiteId> = exprs_of(operands).collect();
        let of_another = operands.iter().find_map(|operand| match operand {
            Operand::Foreign(made) => Some(*made),
            _ => None,
        });
        let problem = if let Some(made) = of_another {
            Some(foreign_graph(&format!("`{name}` mixes expressions of two graphs"), made))
        } else if exprs.is_empty() {
            let message = format!("`{name}` of no arrays");
            let help = "a join has at least one array, which says the dtype and the shape";
            Some(Diagnostic::new(DiagnosticKind::Shape, message).help(help))
        } else if exprs.len() != operands.len() {
            let message = format!("`{name}` of a number, which has no axes");
            let help = "make an array of it: `g.full([1], number)`";
            Some(Diagnostic::new(DiagnosticKind::Axis, message).help(help))
        } else {
            None
        };
        let dtypes: Option<Vec<DType>> =
            exprs.iter().map(|expr| Some(self.site_array(*expr)?.dtype)).collect();
        match (problem, dtypes.and_then(DType::result_type)) {
            (None, Some(dtype)) => Ok((exprs, dtype)),
            (problem, _) => Err(self.refuse_join(&exprs, problem, site)),
        }
    }

    /// The position of the axis along which arrays are joined.
    fn axis_of_join(&self, operands: &[SiteId], axis: &AxisRef) -> Result<usize, Box<Diagnostic>> {
        let without =
            |operand: &&SiteId| self.site_array(**operand).is_some_and(|array| array.shape.is_empty());
        if let Some(without) = operands.iter().find(without) {
            let slot = operands.iter().position(|operand| operand == without).unwrap_or(0);
            let message = format!("`concat` along axis {axis} of a single element, which has no axes");
            let diagnostic = Diagnostic::new(DiagnosticKind::Axis, message)
                .operand(self.note(*without, slot))
                .help("`stack` joins along a new axis");
            return Err(Box::new(diagnostic));
        }
        let shape = self.site_array(operands[0]).map(|array| array.shape.clone()).unwrap_or_default();
        let axes: Vec<usize> = self.positions("concat", operands[0], std::slice::from_ref(axis), &shape)?;
        Ok(axes[0])
    }

    /// The shape of arrays that are joined along an axis, or of any of them where they are stacked, and what
    /// must hold for it.
    fn joined(
        &self,
        name: &str,
        operands: &[SiteId],
        along: Option<usize>,
    ) -> Result<(Shape, Vec<Requirement>), Box<Diagnostic>> {
        let shape_of = |slot: usize| self.site_array(operands[slot]).map(|array| &array.shape);
        let mut dims: Vec<Dim> = shape_of(0).map(|shape| shape.to_vec()).unwrap_or_default();
        let mut sum = along.map(|axis| dims[axis].size());
        let mut requirements = Vec::new();
        for (slot, shape) in (1..operands.len()).filter_map(|slot| Some((slot, shape_of(slot)?))) {
            if shape.len() != dims.len() {
                let message = format!(
                    "`{name}` joins arrays of one rank, but one has {} axes and another {}",
                    dims.len(),
                    shape.len()
                );
                let diagnostic = Diagnostic::new(DiagnosticKind::Shape, message)
                    .operand(self.note(operands[0], 0))
                    .operand(self.note(operands[slot], slot))
                    .help("new axes are not made up here: write `.expand_dims(...)`");
                return Err(Box::new(diagnostic));
            }
            for (axis, (known, dim)) in dims.iter_mut().zip(shape.iter()).enumerate() {
                if Some(axis) == along {
                    match common_label(known, dim) {
                        Ok(label) => *known = known.clone().with_label(label),
                        Err(()) => return Err(self.unfit_part(name, operands, along, axis, slot)),
                    }
                    sum = sum.map(|sum| sum.plus(&dim.size()));
                    continue;
                }
                match equal(known, dim) {
                    Joined::Agree(joined) => *known = joined,
                    Joined::Assume(joined) => {
                        requirements.push(Requirement::Equal(known.clone(), dim.clone()));
                        *known = joined;
                    }
                    Joined::Sizes | Joined::Labels => {
                        return Err(self.unfit_part(name, operands, along, axis, slot));
                    }
                }
            }
        }
        if let (Some(axis), Some(sum)) = (along, sum) {
            dims[axis] = Dim::from(sum).with_label(dims[axis].shared_label().cloned());
        }
        let shape: Shape = dims.into_iter().collect();
        match broadcast::unfit(name, &shape) {
            Some(unfit) => Err(Box::new(unfit.operand(self.note(operands[0], 0)))),
            None => Ok((shape, requirements)),
        }
    }

    /// What is wrong with a part whose axis is not that of an earlier one.
    fn unfit_part(
        &self,
        name: &str,
        operands: &[SiteId],
        along: Option<usize>,
        axis: usize,
        slot: usize,
    ) -> Box<Diagnostic> {
        let shape = |slot: usize| {
            self.site_array(operands[slot]).map(|array| array.shape.clone()).unwrap_or_default()
        };
        let part = shape(slot);
        let fits = |a: &Dim, b: &Dim, at: usize| match equal(a, b) {
            Joined::Agree(_) | Joined::Assume(_) => true,
            Joined::Sizes => Some(at) == along,
            Joined::Labels => false,
        };
        // The first of the earlier ones that disagrees: what others say of the axis follows from it.
        let other = (0..slot).find(|other| !fits(&shape(*other)[axis], &part[axis], axis)).unwrap_or(0);
        let first = shape(other);
        let how = along.map_or_else(String::new, |along| format!(" along axis {along}"));
        let are_labels = common_label(&first[axis], &part[axis]).is_err();
        let kind = if are_labels { DiagnosticKind::Label } else { DiagnosticKind::Shape };
        let message = format!(
            "`{name}`{how} cannot join {first} with {part}: axis {axis} is {} in one and {} in the other",
            first[axis], part[axis]
        );
        let mut diagnostic = Diagnostic::new(kind, message)
            .operand(self.note(operands[other], other))
            .operand(self.note(operands[slot], slot))
            .axis(axis);
        let differ = |axis: &usize| !fits(&first[*axis], &part[*axis], part.len());
        let differing: Vec<usize> = (0..part.len()).filter(differ).collect();
        diagnostic = diagnostic.help(match (along, are_labels) {
            (_, true) => "if they are the same axis, give it one label: `.label_axes([...])`",
            (Some(_), _) => "only the axis along which arrays are joined may differ",
            (None, _) => "arrays that are stacked have one shape",
        });
        match (along, &differing[..]) {
            (Some(along), [only]) if !are_labels && *only != along => {
                diagnostic = diagnostic.help(format!("they would fit along axis {only}"));
            }
            _ => {}
        }
        Box::new(diagnostic)
    }
}

/// The last and the first part of an axis, by whose exchange it is moved.
fn cut(size: &SizeExpr, shift: i128) -> [SizeExpr; 2] {
    let at_least = size.bounds().lower;
    let shifted = SizeExpr::known(shift);
    if let Some(known) = size.as_known() {
        let last = if known > 0 { shift.rem_euclid(known) } else { 0 };
        return [SizeExpr::known(last), SizeExpr::known(known - last)];
    }
    if (0..=at_least).contains(&shift) {
        return [shifted.clone(), size.minus(&shifted)];
    }
    if shift < 0 && -shift <= at_least {
        return [size.plus(&shifted), SizeExpr::known(-shift)];
    }
    // The remainder by a size that is not known, from its quotient. It lies on the axis whatever the bounds of
    // its parts are.
    let size_of_one = size.at_least(&1.into());
    let turns = SizeExpr::known(-shift).ceil_div(&size_of_one);
    let last = shifted.plus(&size_of_one.times(&turns)).at_least(&0.into()).at_most(size);
    let first = size.minus(&last).at_least(&0.into());
    [last, first]
}
