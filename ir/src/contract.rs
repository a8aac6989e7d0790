//! Contractions: products of arrays, summed along the axes that they share and the result does not have.
//!
//! Two operands at a time. Where both have axes of their own and one that is summed it is a matrix product, a
//! routine; everything else is an element-wise product with a reduction, which fuses with what is around it.
//! Results of pairs are ordinary nodes, so limits apply to them.

use crate::axis::AxisRef;
use crate::build::Operand;
use crate::diagnostic::{Diagnostic, DiagnosticKind, Site};
use crate::dim::{Dim, Joined, join};
use crate::dtype::DType;
use crate::graph::{Graph, SiteId};
use crate::op::ElementOp;
use crate::reduce::ReduceOp;
use crate::requirement::Requirement;
use crate::routine::Routine;
use crate::shape::Shape;
use crate::subscripts::{Index, Subscripts, parse};
use std::collections::BTreeMap;

/// An operand with the index of each of its axes.
#[derive(Clone)]
struct Term {
    site: SiteId,
    indices: Vec<Index>,
}

/// The size of each index.
type IndexSizes = BTreeMap<Index, Dim>;

const NO_ROUTINE: Routine = Routine::Matmul { batch: 0 };

fn positions(axes: impl IntoIterator<Item = usize>) -> Vec<AxisRef> {
    axes.into_iter().map(|axis| AxisRef::Position(axis as isize)).collect()
}

impl Graph {
    /// The product of operands along the axes that subscripts give one letter, summed where the result does
    /// not have it.
    pub fn einsum(&mut self, subscripts: &str, operands: &[SiteId], site: Site) -> SiteId {
        let Some(ranks) = self.ranks(operands) else {
            return self.wrong_routine(NO_ROUTINE, operands, site, None);
        };
        if operands.is_empty() {
            let message = format!("`{}` of no operands", self.called("einsum"));
            let diagnostic = Diagnostic::new(DiagnosticKind::Subscripts, message);
            return self.wrong_routine(NO_ROUTINE, operands, site, Some(Box::new(diagnostic)));
        }
        match parse(subscripts, &ranks) {
            Ok(parsed) => self.contraction("einsum", operands, &parsed, site),
            Err(mistake) => {
                let message = format!("`{}` of `{subscripts}`: {}", self.called("einsum"), mistake.what);
                let mut diagnostic = Diagnostic::new(DiagnosticKind::Subscripts, message);
                for (slot, operand) in operands.iter().enumerate() {
                    diagnostic = diagnostic.operand(self.note(*operand, slot));
                }
                let diagnostic =
                    diagnostic.help(subscripts).help(format!("{}^ here", " ".repeat(mistake.at)));
                self.wrong_routine(NO_ROUTINE, operands, site, Some(Box::new(diagnostic)))
            }
        }
    }

    /// The matrix product of the last two axes; the others broadcast. A vector is a row on the left and a
    /// column on the right, and its axis vanishes.
    pub fn matmul(&mut self, left: SiteId, right: SiteId, site: Site) -> SiteId {
        let operands = [left, right];
        let Some(ranks) = self.ranks(&operands) else {
            return self.wrong_routine(NO_ROUTINE, &operands, site, None);
        };
        if let Some(slot) = ranks.iter().position(|rank| *rank == 0) {
            let message = format!("`{}` of a single element, which has no axes", self.called("matmul"));
            let diagnostic = Diagnostic::new(DiagnosticKind::Shape, message)
                .operand(self.note(operands[slot], slot))
                .help("a product with a number is `*`");
            return self.wrong_routine(NO_ROUTINE, &operands, site, Some(Box::new(diagnostic)));
        }
        let batch = |rank: usize| (0..rank.saturating_sub(2)).rev().map(Index::Ellipsis);
        let own = |rank: usize, rows: char, columns: char, vector: char| -> Vec<Index> {
            let letters: &[char] = if rank == 1 { &[vector] } else { &[rows, columns] };
            batch(rank).chain(letters.iter().map(|letter| Index::Letter(*letter))).collect()
        };
        let mut result: Vec<Index> = batch(ranks[0].max(ranks[1])).collect();
        result.extend((ranks[0] > 1).then_some(Index::Letter('m')));
        result.extend((ranks[1] > 1).then_some(Index::Letter('n')));
        let operand_indices = vec![own(ranks[0], 'm', 'k', 'k'), own(ranks[1], 'k', 'n', 'k')];
        let subscripts = Subscripts { operands: operand_indices, result };
        self.contraction("matmul", &operands, &subscripts, site)
    }

    /// The sum of products along the last axis of the left and the last but one (or only) axis of the right
    /// operand; the other axes stand side by side.
    pub fn dot(&mut self, left: SiteId, right: SiteId, site: Site) -> SiteId {
        let operands = [left, right];
        let Some(ranks) = self.ranks(&operands) else {
            return self.wrong_routine(NO_ROUTINE, &operands, site, None);
        };
        if ranks.contains(&0) {
            return self.element(ElementOp::Multiply, &operands.map(Operand::Expr), site);
        }
        let summed = [vec![ranks[0] - 1], vec![ranks[1].saturating_sub(2)]];
        self.summed_along("dot", operands, ranks, summed, site)
    }

    /// The sum of products along pairs of axes; the other axes stand side by side.
    pub fn tensordot(&mut self, left: SiteId, right: SiteId, axes: [&[AxisRef]; 2], site: Site) -> SiteId {
        let operands = [left, right];
        let Some(ranks) = self.ranks(&operands) else {
            return self.wrong_routine(NO_ROUTINE, &operands, site, None);
        };
        let mut summed = [Vec::new(), Vec::new()];
        for slot in 0..2 {
            let shape = self.site_array(operands[slot]).map(|array| array.shape.clone()).unwrap_or_default();
            match self.positions("tensordot", operands[slot], axes[slot], &shape) {
                Ok(found) => summed[slot] = found,
                Err(diagnostic) => return self.wrong_routine(NO_ROUTINE, &operands, site, Some(diagnostic)),
            }
        }
        if summed[0].len() != summed[1].len() {
            let message = format!(
                "`{}` along {} axes of one operand and {} of the other",
                self.called("tensordot"),
                summed[0].len(),
                summed[1].len()
            );
            let diagnostic = Diagnostic::new(DiagnosticKind::Axis, message)
                .operand(self.note(left, 0))
                .operand(self.note(right, 1));
            return self.wrong_routine(NO_ROUTINE, &operands, site, Some(Box::new(diagnostic)));
        }
        self.summed_along("tensordot", operands, ranks, summed, site)
    }

    /// The sum of products along pairs of axes, which are in range.
    fn summed_along(
        &mut self,
        name: &str,
        operands: [SiteId; 2],
        ranks: Vec<usize>,
        summed: [Vec<usize>; 2],
        site: Site,
    ) -> SiteId {
        // Every axis has an index of its own, but for the pairs.
        let (summed, ranks) = (&summed, &ranks);
        let index = |slot: usize, axis: usize| match summed[slot].iter().position(|at| *at == axis) {
            Some(pair) => Index::Ellipsis(pair),
            None => Index::Ellipsis(summed[0].len() + slot * ranks[0] + axis),
        };
        let indices: Vec<Vec<Index>> =
            (0..2).map(|slot| (0..ranks[slot]).map(|axis| index(slot, axis)).collect()).collect();
        let kept = |slot: usize| (0..ranks[slot]).filter(move |axis| !summed[slot].contains(axis));
        let result = kept(0).map(|axis| index(0, axis)).chain(kept(1).map(|axis| index(1, axis))).collect();
        self.contraction(name, &operands, &Subscripts { operands: indices.clone(), result }, site)
    }

    fn ranks(&self, operands: &[SiteId]) -> Option<Vec<usize>> {
        operands.iter().map(|operand| Some(self.site_array(*operand)?.shape.len())).collect()
    }

    fn contraction(
        &mut self,
        name: &str,
        operands: &[SiteId],
        subscripts: &Subscripts,
        site: Site,
    ) -> SiteId {
        let dtypes = operands.iter().filter_map(|operand| Some(self.site_array(*operand)?.dtype));
        let (sizes, requirements) = match self.index_sizes(name, operands, subscripts) {
            Ok(sizes) => sizes,
            Err(diagnostic) => return self.wrong_routine(NO_ROUTINE, operands, site, Some(diagnostic)),
        };
        let Some(dtype) = DType::result_type(dtypes) else {
            let diagnostic =
                Diagnostic::new(DiagnosticKind::Shape, format!("`{}` of no operands", self.called(name)));
            return self.wrong_routine(NO_ROUTINE, operands, site, Some(Box::new(diagnostic)));
        };
        let mut terms: Vec<Term> = Vec::new();
        for (operand, indices) in operands.iter().zip(&subscripts.operands) {
            let converted = self.convert(*operand, dtype.computed(), site);
            let term = self.prepared(Term { site: converted, indices: indices.clone() }, &sizes, site);
            terms.push(term);
        }
        while terms.len() > 1 {
            let (first, second) = cheapest_pair(&terms, &subscripts.result, &sizes);
            let second = terms.remove(second);
            let first = terms.remove(first);
            let kept = |index: &Index| {
                subscripts.result.contains(index) || terms.iter().any(|term| term.indices.contains(index))
            };
            let want = terms.is_empty().then_some(&subscripts.result[..]);
            let made = self.pair(first, second, &kept, want, site);
            terms.push(made);
        }
        let Some(term) = terms.pop() else {
            return self.wrong_routine(NO_ROUTINE, operands, site, None);
        };
        let summed: Vec<Index> =
            term.indices.iter().copied().filter(|index| !subscripts.result.contains(index)).collect();
        let term = self.summed(term, &summed, site);
        let ordered = self.aligned(&term, &subscripts.result, site);
        let call = self.cast(ordered, dtype, site);
        self.require(call, name, site, requirements);
        call
    }

    /// The size of each index: operands must agree on it, or be 1 where it may be stretched.
    fn index_sizes(
        &self,
        name: &str,
        operands: &[SiteId],
        subscripts: &Subscripts,
    ) -> Result<(IndexSizes, Vec<Requirement>), Box<Diagnostic>> {
        let mut sizes: BTreeMap<Index, (Dim, usize, usize)> = BTreeMap::new();
        let mut requirements = Vec::new();
        for (slot, (operand, indices)) in operands.iter().zip(&subscripts.operands).enumerate() {
            let Some(array) = self.site_array(*operand) else { continue };
            for (axis, (index, dim)) in indices.iter().zip(array.shape.iter()).enumerate() {
                let Some((mut known, mut other_slot, mut other_axis)) = sizes.get(index).cloned() else {
                    sizes.insert(*index, (dim.clone(), slot, axis));
                    continue;
                };
                // A diagonal is of axes of the same size: none of them is stretched to the other.
                let twin = indices[..axis].iter().position(|other| other == index);
                let twin = twin.filter(|twin| array.shape[*twin].is_one() != dim.is_one());
                if let Some(twin) = twin {
                    (known, other_slot, other_axis) = (array.shape[twin].clone(), slot, twin);
                }
                // Only subscripts stretch what is summed, as in NumPy.
                let is_exact = twin.is_some() || (name != "einsum" && !subscripts.result.contains(index));
                let joined = match known.is_one() == dim.is_one() {
                    false if is_exact => Joined::Sizes,
                    _ => join(&known, dim),
                };
                let (joined, kind) = match joined {
                    Joined::Agree(dim) => (Some(dim), DiagnosticKind::Shape),
                    Joined::Assume(joined) => {
                        requirements.push(Requirement::Equal(known.clone(), dim.clone()));
                        (Some(joined), DiagnosticKind::Shape)
                    }
                    Joined::Sizes => (None, DiagnosticKind::Shape),
                    Joined::Labels => (None, DiagnosticKind::Label),
                };
                let Some(joined) = joined else {
                    let (first, second) =
                        (self.note(operands[other_slot], other_slot), self.note(*operand, slot));
                    let of = match index {
                        Index::Letter(letter) if name == "einsum" => format!(" of `{letter}`"),
                        _ => String::new(),
                    };
                    let message = format!(
                        "`{}`: the sizes{of} differ: axis {other_axis} of `{}` is {known}, but axis {axis} of `{}` is {dim}",
                        self.called(name),
                        first.name,
                        second.name
                    );
                    let help =
                        self.alignment_help(name, [operands[other_slot], *operand], [other_axis, axis]);
                    let diagnostic = Diagnostic::new(kind, message).operand(first).operand(second);
                    let diagnostic = help.into_iter().fold(diagnostic, Diagnostic::help);
                    return Err(Box::new(diagnostic.axis(other_axis)));
                };
                // The operand that has the size, not one that is stretched to it.
                let place =
                    if known.is_one() && !dim.is_one() { (slot, axis) } else { (other_slot, other_axis) };
                sizes.insert(*index, (joined, place.0, place.1));
            }
        }
        Ok((sizes.into_iter().map(|(index, (dim, ..))| (index, dim)).collect(), requirements))
    }

    /// What to know and what to do where two axes that are one index have other sizes.
    fn alignment_help(&self, name: &str, operands: [SiteId; 2], axes: [usize; 2]) -> Vec<String> {
        let mut help = Vec::new();
        if name == "matmul" {
            help.push(
                "`matmul` sums over the last axis of the first operand and the last but one of the second; axes before \
                 those go together one by one"
                    .to_string(),
            );
        }
        let shapes = operands.map(|operand| self.shape_of(operand));
        // An operand that fits when two of its axes change places, the second one first.
        for (this, other) in [(1, 0), (0, 1)] {
            let Some(wanted) = shapes[other].get(axes[other]) else { continue };
            let fits = |axis: &usize| *axis != axes[this] && shapes[this][*axis].same_size(wanted);
            if let Some(axis) = (0..shapes[this].len()).find(fits) {
                let name = self.display_name(operands[this]);
                let how = match shapes[this].len() {
                    2 => "`.transpose()` brings it there".to_string(),
                    _ => format!("`.swapaxes(Axis({axis}), Axis({}))` brings it there", axes[this]),
                };
                help.push(format!("axis {axis} of `{name}` is {wanted}: {how}"));
                break;
            }
        }
        help
    }

    /// An operand each of whose indices has one axis, of the index's size.
    fn prepared(&mut self, mut term: Term, sizes: &IndexSizes, site: Site) -> Term {
        // Axes of size 1 that stretch.
        let shape = self.shape_of(term.site);
        let stretched: Vec<usize> = (0..term.indices.len())
            .filter(|axis| {
                let size = sizes.get(&term.indices[*axis]);
                shape.get(*axis).is_some_and(Dim::is_one) && size.is_some_and(|size| !size.is_one())
            })
            .collect();
        if !stretched.is_empty() {
            term.site = self.squeeze(term.site, Some(&positions(stretched.iter().copied())), site);
            let mut axis = 0..;
            term.indices.retain(|_| axis.next().is_some_and(|axis| !stretched.contains(&axis)));
        }
        // Diagonals.
        let repeated = |indices: &[Index]| {
            (0..indices.len()).find_map(|second| {
                Some((indices[..second].iter().position(|index| *index == indices[second])?, second))
            })
        };
        while let Some((first, second)) = repeated(&term.indices) {
            let axes = [AxisRef::Position(first as isize), AxisRef::Position(second as isize)];
            term.site = self.diagonal(term.site, 0, axes, site);
            let index = term.indices[second];
            term.indices.remove(second);
            term.indices.remove(first);
            term.indices.push(index);
        }
        term
    }

    fn shape_of(&self, site: SiteId) -> Shape {
        self.site_array(site).map(|array| array.shape.clone()).unwrap_or_default()
    }

    /// Summed along these indices, in the dtype that it has.
    fn summed(&mut self, term: Term, summed: &[Index], site: Site) -> Term {
        let Some(array) = self.site_array(term.site).filter(|_| !summed.is_empty()) else { return term };
        let dtype = array.dtype;
        let is_summed = |axis: &usize| summed.contains(&term.indices[*axis]);
        let axes = positions((0..term.indices.len()).filter(is_summed));
        let sum = self.reduce(ReduceOp::Sum, term.site, Some(&axes), false, site);
        let indices = term.indices.iter().copied().filter(|index| !summed.contains(index)).collect();
        Term { site: self.cast(sum, dtype, site), indices }
    }

    /// The axes of an operand in the order of indices, with an axis of size 1 for those that it does not have.
    fn aligned(&mut self, term: &Term, order: &[Index], site: Site) -> SiteId {
        let place = |index: &Index| term.indices.iter().position(|own| own == index);
        let permuted = self.permute_dims(term.site, &positions(order.iter().filter_map(place)), site);
        let missing: Vec<crate::axis::NewAxis> = (0..order.len())
            .filter(|at| place(&order[*at]).is_none())
            .map(|at| (at as isize).into())
            .collect();
        if missing.is_empty() { permuted } else { self.expand_dims(permuted, &missing, site) }
    }

    /// The product of two operands, summed along the indices that only they have.
    fn pair(
        &mut self,
        a: Term,
        b: Term,
        kept: &dyn Fn(&Index) -> bool,
        want: Option<&[Index]>,
        site: Site,
    ) -> Term {
        let only = |of: &Term, other: &Term| -> Vec<Index> {
            of.indices.iter().copied().filter(|index| !other.indices.contains(index)).collect()
        };
        // What one operand has alone and nobody asks for is summed first.
        let alone = |of: &Term, other: &Term| -> Vec<Index> {
            only(of, other).into_iter().filter(|index| !kept(index)).collect()
        };
        let (alone_a, alone_b) = (alone(&a, &b), alone(&b, &a));
        let (mut a, mut b) = (self.summed(a, &alone_a, site), self.summed(b, &alone_b, site));
        let shared = |keep: bool| -> Vec<Index> {
            a.indices
                .iter()
                .copied()
                .filter(|index| b.indices.contains(index) && kept(index) == keep)
                .collect()
        };
        let (mut batch, summed) = (shared(true), shared(false));
        let (mut left, mut right) = (only(&a, &b), only(&b, &a));
        if summed.is_empty() || left.is_empty() || right.is_empty() {
            let made: Vec<Index> = match want {
                Some(want) => want.to_vec(),
                None => [&batch[..], &left, &right].concat(),
            };
            let order = [&made[..], &summed].concat();
            let factors = [self.aligned(&a, &order, site), self.aligned(&b, &order, site)];
            let product = self.element(ElementOp::Multiply, &factors.map(Operand::Expr), site);
            return self.summed(Term { site: product, indices: order }, &summed, site);
        }
        // In the order that is asked for, if a matrix product can have it: with the operands in turn, or with
        // the first axes of the result taken one by one, where one operand stands still.
        if let Some(want) = want {
            let order = |batch: &[Index], left: &[Index], right: &[Index]| {
                let rest = |of: &[Index]| -> Vec<Index> {
                    want.iter()
                        .copied()
                        .filter(|index| of.contains(index) && !batch.contains(index))
                        .collect()
                };
                (rest(left), rest(right))
            };
            let most = want.len();
            let choice = (batch.len()..most).flat_map(|count| [(count, false), (count, true)]).find_map(
                |(count, swap)| {
                    let (prefix, rest) = want.split_at(count);
                    let (first, second) = if swap { (&right, &left) } else { (&left, &right) };
                    let (first, second) = order(prefix, first, second);
                    let fits = batch.iter().all(|index| prefix.contains(index))
                        && !first.is_empty()
                        && !second.is_empty()
                        && rest.iter().eq(first.iter().chain(&second));
                    fits.then(|| (prefix.to_vec(), first, second, swap))
                },
            );
            if let Some((prefix, first, second, swap)) = choice {
                (batch, left, right) = (prefix, first, second);
                if swap {
                    std::mem::swap(&mut a, &mut b);
                }
            }
        }
        let a_site = self.matrix(&a, &batch, &b, &left, &summed, true, site);
        let b_site = self.matrix(&b, &batch, &a, &right, &summed, false, site);
        let product =
            self.routine(Routine::Matmul { batch: batch.len() }, &[a_site, b_site], Vec::new(), site);
        Term { site: product, indices: [batch, left, right].concat() }
    }

    /// An operand of a matrix product: the axes that both have, its own, and one that is summed; the last two
    /// in this order or the other.
    #[allow(clippy::too_many_arguments)]
    fn matrix(
        &mut self,
        term: &Term,
        batch: &[Index],
        other: &Term,
        own: &[Index],
        summed: &[Index],
        own_first: bool,
        site: Site,
    ) -> SiteId {
        let inner = if own_first { [own, summed] } else { [summed, own] };
        let order = [batch, inner[0], inner[1]].concat();
        let aligned = self.aligned(term, &order, site);
        let (shape, others) = (self.shape_of(aligned), self.shape_of(other.site));
        // It stands still along the axes that only the other one has.
        let mut dims: Vec<Dim> = shape.to_vec();
        for (dim, index) in dims.iter_mut().zip(batch).filter(|(_, index)| !term.indices.contains(index)) {
            if let Some(at) = other.indices.iter().position(|known| known == index) {
                *dim = others[at].clone();
            }
        }
        let whole = self.broadcast_to(aligned, dims.iter().cloned().collect(), site);
        if summed.len() == 1 {
            return whole;
        }
        let first = batch.len() + if own_first { own.len() } else { 0 };
        let joined = dims[first..first + summed.len()].iter();
        let joined = joined.fold(Dim::from(1u64), |product, dim| &product * dim);
        dims.splice(first..first + summed.len(), [joined]);
        let sizes: Vec<Option<Dim>> = dims.into_iter().map(Some).collect();
        self.reshape(whole, &sizes, site)
    }
}

/// The two operands whose product is the least larger than they are together; the first of several.
fn cheapest_pair(terms: &[Term], result: &[Index], sizes: &IndexSizes) -> (usize, usize) {
    let elements = |indices: &mut dyn Iterator<Item = &Index>| -> i128 {
        let sizes = indices.filter_map(|index| sizes.get(index)).map(|dim| i128::from(dim.upper()));
        sizes.fold(1, |product: i128, size| product.saturating_mul(size))
    };
    let grows = |first: usize, second: usize| {
        let others = || terms.iter().enumerate().filter(|(at, _)| *at != first && *at != second);
        let needed =
            |index: &&Index| result.contains(index) || others().any(|(_, term)| term.indices.contains(index));
        let (a, b) = (&terms[first].indices, &terms[second].indices);
        let made = elements(&mut a.iter().chain(b.iter().filter(|index| !a.contains(index))).filter(needed));
        made.saturating_sub(elements(&mut a.iter())).saturating_sub(elements(&mut b.iter()))
    };
    let pairs =
        (0..terms.len()).flat_map(|first| (first + 1..terms.len()).map(move |second| (first, second)));
    pairs.min_by_key(|(first, second)| grows(*first, *second)).unwrap_or((0, 1))
}
