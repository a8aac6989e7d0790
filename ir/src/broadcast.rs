//! Broadcasting: how the shapes of operands become one, what stretches, and what a policy allows.

use crate::composition::Broadcasts;
use crate::diagnostic::{Diagnostic, DiagnosticKind, Error, OperandNote, Site, grouped, human_size};
use crate::dim::Dim;
use crate::graph::{Graph, Op, SiteId};
use crate::naming;
use crate::requirement::Requirement;
use crate::shape::{ArrayType, Conflict, Shape};
use crate::view::View;
use std::fmt;

/// Which broadcasts an operation may do on its own. Whatever the policy, `broadcast_to` may stretch,
/// and an array without axes (a number) meets every shape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BroadcastPolicy {
    /// All that NumPy does.
    #[default]
    NumPy,
    /// No operand gets axes that it does not have: write `.expand_dims(...)`.
    NoRankGrowth,
    /// No result that is larger than every operand, as a row against a column makes.
    NoOuterProduct,
    /// All operands have the same shape: write `.broadcast_to(...)`.
    ExplicitOnly,
}

impl fmt::Display for BroadcastPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NumPy => "NumPy's broadcasting",
            Self::NoRankGrowth => "no rank growth",
            Self::NoOuterProduct => "no outer product",
            Self::ExplicitOnly => "explicit broadcasts only",
        })
    }
}

/// An axis of an operand that a broadcast stretches or adds.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    /// The operation, by name.
    pub operation: String,
    /// The call.
    pub site: Site,
    /// The operand that is stretched.
    pub operand: OperandNote,
    /// The axis of the result.
    pub axis: usize,
    /// Its size after stretching; 1 before.
    pub to: Dim,
    /// Is it an axis that the operand does not have?
    pub added: bool,
}

impl Stretch {
    /// How many times each element of the operand is used along the axis, at the upper bounds.
    #[must_use]
    pub fn factor(&self) -> u64 {
        self.to.upper()
    }
}

impl fmt::Display for Stretch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.added { "adds" } else { "stretches" };
        write!(
            f,
            "`{}` {verb} axis {} ({}) of {}, {}x ({})",
            self.operation,
            self.axis,
            self.to,
            self.operand.text,
            grouped(self.factor()),
            self.site
        )
    }
}

/// What shapes broadcast to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Broadcast {
    /// The shape that all of them fit.
    pub shape: Shape,
    /// Sizes that must turn out to be equal.
    pub requirements: Vec<Requirement>,
}

/// Joins shapes one after another; where they disagree, the conflict and the positions of two that do.
pub(crate) fn join_all<'s>(
    shapes: impl Iterator<Item = &'s Shape> + Clone,
) -> Result<Broadcast, (Conflict, usize, usize)> {
    let mut joined = Broadcast::default();
    for (at, shape) in shapes.clone().enumerate() {
        let Broadcast { shape: before, requirements } = &mut joined;
        let assume = |left: &Dim, right: &Dim| {
            requirements.push(Requirement::Equal(left.clone(), right.clone()));
        };
        match before.broadcast(shape, assume) {
            Ok(next) => *before = next,
            Err(conflict) => {
                // Which of the earlier ones gave the axis what this one disagrees with?
                let disagrees = |other: &Shape| {
                    let (Some(a), Some(b)) =
                        (other.from_end(conflict.from_end), shape.from_end(conflict.from_end))
                    else {
                        return false;
                    };
                    matches!(crate::dim::join(a, b), crate::dim::Joined::Sizes | crate::dim::Joined::Labels)
                };
                let other = shapes.take(at).position(disagrees).unwrap_or(0);
                return Err((conflict, other, at));
            }
        }
    }
    Ok(joined)
}

/// The shape that arrays of these shapes broadcast to, before there is any array: sizes may be symbolic
/// and axes labelled.
///
/// ```
/// use fusewire_ir::{Dim, Shape, broadcast_shapes};
/// let users = Dim::symbolic("users", 1..=5_000_000);
/// let made = broadcast_shapes(&[(&users, 1000, 1).into(), [10].into()])?;
/// assert_eq!(made.shape, Shape::from((&users, 1000, 10)));
/// assert!(made.requirements.is_empty());
/// let same = broadcast_shapes(&[[("user", 10)].into(), [("cluster", 10)].into()]);
/// assert!(same.unwrap_err().to_string().contains("`user:10` in one operand, with `cluster:10` in the other"));
/// # Ok::<(), fusewire_ir::Error>(())
/// ```
///
/// # Errors
/// Sizes that are never equal and not 1, labels that disagree or come twice, and dims that are no sizes.
#[track_caller]
pub fn broadcast_shapes(shapes: &[Shape]) -> Result<Broadcast, Error> {
    let site = Site::caller();
    let note = |at: usize| OperandNote {
        text: format!("shape {at}: {}", shapes[at]),
        slot: at,
        name: format!("shape {at}"),
        array: None,
        site: None,
    };
    // A graph of its own knows what was said of each dim before.
    let mut graph = Graph::new();
    let unfit = shapes.iter().filter_map(|shape| graph.declare("broadcast_shapes", shape, site));
    Error::check(unfit.map(|unfit| unfit.at(site)).collect())?;
    let joined = join_all(shapes.iter()).map_err(|(conflict, left, right)| {
        let pair = [(&shapes[left], note(left)), (&shapes[right], note(right))];
        mismatch("broadcast_shapes", &conflict, pair).at(site)
    })?;
    match joined.shape.repeated_label() {
        Some(label) => Err(repeated("broadcast_shapes", label, &joined.shape).at(site).into()),
        None => Ok(joined),
    }
}

/// The most operands that a diagnostic lists.
const SHOWN: usize = 8;

/// What is wrong with a shape that a user wrote; `None` where nothing is.
pub(crate) fn unfit(name: &str, shape: &Shape) -> Option<Diagnostic> {
    for (axis, dim) in shape.iter().enumerate() {
        if dim.label() == Some("") {
            let message = format!("`{name}`: axis {axis} has a label without a letter");
            return Some(Diagnostic::new(DiagnosticKind::Label, message).axis(axis));
        }
        if let Some((label, problem)) = dim.label().and_then(|label| Some((label, naming::problem(label)?))) {
            let message = format!("`{name}`: the label `{}` of axis {axis} {problem}", naming::shown(label));
            return Some(Diagnostic::new(DiagnosticKind::Label, message).axis(axis));
        }
        let Dim::Symbolic { size, .. } = dim else { continue };
        let mut empty = None;
        size.symbols(&mut |symbol| {
            if symbol.name.is_empty() {
                empty = Some("a dim without a name".into());
            } else if let Some(problem) = naming::problem(&symbol.name) {
                empty = Some(format!("the dim `{}`, whose name {problem}", naming::shown(&symbol.name)));
            }
        });
        let problem = match (size.problem(), empty) {
            (Some(problem), _) => problem.to_string(),
            (None, Some(empty)) => empty,
            (None, None) if size.as_known().is_some() => format!("the size {size}"),
            (None, None) if size.bounds().lower < 0 => {
                format!("`{size}`, which may be {}", size.bounds().lower)
            }
            _ => continue,
        };
        let message = format!("`{name}`: axis {axis} has {problem}");
        let help = "raise the lower bound of a dim, or keep the size from falling below 0 with `.max(0)`";
        let diagnostic = Diagnostic::new(DiagnosticKind::Dim, message).axis(axis);
        let is_open = size.problem().is_none() && size.as_known().is_none();
        return Some(if size.bounds().lower < 0 && is_open { diagnostic.help(help) } else { diagnostic });
    }
    shape.repeated_label().map(|label| repeated(name, label, shape))
}

/// Two axes of one shape with the same label.
pub(crate) fn repeated(name: &str, label: &str, shape: &Shape) -> Diagnostic {
    let message = format!("`{name}` has two axes labelled `{label}`: {shape}");
    let mut diagnostic = Diagnostic::new(DiagnosticKind::Label, message)
        .help("give one of them a label of its own before they meet: `.label_axes([...])`");
    diagnostic.axis = shape.iter().rposition(|dim| dim.label() == Some(label));
    diagnostic
}

/// Two operands that do not broadcast.
pub(crate) fn mismatch(name: &str, conflict: &Conflict, operands: [(&Shape, OperandNote); 2]) -> Diagnostic {
    let [(a, left), (b, right)] = operands;
    let axis = a.len().max(b.len()) - conflict.from_end;
    let (Some(of_a), Some(of_b)) = (a.from_end(conflict.from_end), b.from_end(conflict.from_end)) else {
        return Diagnostic::new(DiagnosticKind::Shape, format!("`{name}` cannot broadcast {a} with {b}"));
    };
    if conflict.labels {
        return labels_disagree(name, axis, [(a, of_a, left), (b, of_b, right)]);
    }
    let message = format!(
        "`{name}` cannot broadcast {a} with {b}: axis {axis} is {of_a} in one and {of_b} in the other"
    );
    let names = [left.name.clone(), right.name.clone()];
    let mut diagnostic = Diagnostic::new(DiagnosticKind::Shape, message)
        .operand(left)
        .operand(right)
        .axis(axis)
        .help("shapes are aligned at the last axis; sizes must be equal, or one of them 1");
    // The usual slip: a vector meant for an earlier axis.
    for (vector, array, name) in [(a, b, &names[0]), (b, a, &names[1])] {
        if let [only] = &vector[..]
            && let Some(axis) = array.iter().position(|dim| dim.same_size(only))
            && axis + 1 < array.len()
        {
            let after = array.len() - 1 - axis;
            let axes = (1..=after).map(|at| at.to_string()).collect::<Vec<_>>().join(", ");
            diagnostic =
                diagnostic.help(format!("`{name}` fits axis {axis}: write `.expand_dims([{axes}])` on it"));
        }
    }
    diagnostic
}

fn labels_disagree(name: &str, axis: usize, sides: [(&Shape, &Dim, OperandNote); 2]) -> Diagnostic {
    let [(_, a, left), (_, b, right)] = &sides;
    let message = format!("`{name}` aligns axis {axis}, `{a}` in one operand, with `{b}` in the other");
    let mut diagnostic = Diagnostic::new(DiagnosticKind::Label, message)
        .operand(left.clone())
        .operand(right.clone())
        .axis(axis);
    // Kept apart, the axis of the smaller operand would repeat the larger one.
    let elements = |shape: &Shape| shape.elements().unwrap_or(u64::MAX);
    let smaller = if elements(sides[0].0) < elements(sides[1].0) { &sides[0] } else { &sides[1] };
    let factor = smaller.1.upper();
    diagnostic.factor = Some(factor as f64);
    diagnostic
        .help(format!(
            "if they are different axes, expand one operand, `.expand_dims(...)`: the result is then {}x the \
             larger operand",
            grouped(factor)
        ))
        .help("if they are the same axis, give it one label: `.label_axes([...])`")
}

impl Graph {
    /// Every axis of an operand that one call stretches; those of numbers do not count.
    pub(crate) fn stretches_of(&self, site: SiteId) -> Vec<Stretch> {
        let call = self.call_site(site);
        let op = &self.node(call.node).op;
        let own = call.composition.is_some_and(|function| function.broadcasts == Broadcasts::OfFunction);
        if own || !matches!(op, Op::Element(_) | Op::Custom(_)) {
            return Vec::new();
        }
        let Some(result) = self.array(call.node) else { return Vec::new() };
        let mut stretches = Vec::new();
        for (slot, operand) in call.operands.iter().enumerate() {
            let Some(array) = self.site_array(*operand) else { continue };
            if array.shape.is_empty() {
                continue;
            }
            for (axis, to) in result.shape.iter().enumerate() {
                let own = array.shape.from_end(result.shape.len() - axis);
                if to.is_one() || own.is_some_and(|own| !own.is_one()) {
                    continue;
                }
                stretches.push(Stretch {
                    operation: self.called_at(site).to_string(),
                    site: call.site,
                    operand: self.note_within(*operand, slot, call.composition),
                    axis,
                    to: to.clone(),
                    added: own.is_none(),
                });
            }
        }
        stretches
    }

    /// The diagnostic for a call whose broadcast its policy does not allow.
    pub(crate) fn policy_breach(&self, site: SiteId) -> Option<Diagnostic> {
        let call = self.call_site(site);
        let op = &self.node(call.node).op;
        if call.policy == BroadcastPolicy::NumPy || !matches!(op, Op::Element(_) | Op::Custom(_)) {
            return None;
        }
        let result = self.array(call.node)?;
        let name = self.called_at(site);
        let stretches = self.stretches_of(site);
        let is_stretched = |slot: usize| stretches.iter().any(|stretch| stretch.operand.slot == slot);
        let arrays = || {
            let arrays = call.operands.iter().enumerate();
            arrays
                .filter_map(|(slot, operand)| Some((slot, self.site_array(*operand)?)))
                .filter(|(_, array)| !array.shape.is_empty())
        };
        // A size that is 1 in the result as well is still an axis that the operand does not have.
        let grows = |array: &ArrayType| array.shape.len() < result.shape.len();
        let named = |is_guilty: &dyn Fn(usize, &ArrayType) -> bool| {
            let guilty = arrays().filter(|(slot, array)| is_guilty(*slot, array));
            let names: Vec<String> = guilty
                .map(|(slot, _)| {
                    format!("`{}`", self.display_name(self.given(call.operands[slot], call.composition)))
                })
                .collect();
            names.join(" and ")
        };
        let breach = match call.policy {
            BroadcastPolicy::NumPy => None,
            BroadcastPolicy::NoRankGrowth => arrays()
                .any(|(_, array)| grows(array))
                .then(|| format!("adds axes to {}", named(&|_, array| grows(array)))),
            BroadcastPolicy::NoOuterProduct => (arrays().count() > 1
                && arrays().all(|(slot, _)| is_stretched(slot)))
            .then(|| format!("stretches {}, an outer product", named(&|_, _| true))),
            BroadcastPolicy::ExplicitOnly => arrays()
                .any(|(slot, array)| is_stretched(slot) || grows(array))
                .then(|| format!("broadcasts {}", named(&|slot, array| is_stretched(slot) || grows(array)))),
        };
        let message = format!("`{name}` {}, to {result}; the policy is: {}", breach?, call.policy);
        let mut diagnostic = Diagnostic::new(DiagnosticKind::Broadcast, message).at(call.site);
        (diagnostic.node, diagnostic.composition) = (Some(call.node), call.composition);
        diagnostic = self.blame(site, diagnostic);
        let help = match call.policy {
            BroadcastPolicy::NoRankGrowth => "write the new axes: `.expand_dims(...)`",
            BroadcastPolicy::NoOuterProduct => {
                "if this is meant, allow it on this call: `.with_broadcast(BroadcastPolicy::NumPy)`"
            }
            _ => "write the broadcast: `.broadcast_to(...)`",
        };
        Some(diagnostic.help(help))
    }

    /// Adds what a call made larger than its largest operand: the operand that stretched it, along which
    /// axis, how many times.
    pub(crate) fn blame(&self, site: SiteId, mut diagnostic: Diagnostic) -> Diagnostic {
        let call = self.call_site(site);
        let Some(array) = self.array(call.node) else { return diagnostic };
        let operands: Vec<(usize, SiteId, &ArrayType)> = call
            .operands
            .iter()
            .enumerate()
            .filter_map(|(slot, operand)| Some((slot, *operand, self.site_array(*operand)?)))
            .collect();
        let elements = |array: &ArrayType| array.shape.elements().unwrap_or(u64::MAX);
        let largest = operands.iter().max_by_key(|(slot, _, array)| (elements(array), usize::MAX - slot));
        let Some((largest_slot, largest_site, largest)) = largest else { return diagnostic };
        if !self.may_stretch(site) {
            // Its operand is no smaller, or has other axes: there is nothing to blame but its size.
            // Of a join of many arrays, the largest ones say where the size comes from.
            let mut shown: Vec<_> = operands.iter().collect();
            shown.sort_by_key(|(slot, _, array)| (std::cmp::Reverse(elements(array)), *slot));
            shown.truncate(SHOWN);
            shown.sort_by_key(|(slot, ..)| *slot);
            for (slot, operand, array) in shown {
                let note = self.note_within(*operand, *slot, call.composition);
                let text = format!("{}: {}", note.text, human_size(array));
                diagnostic = diagnostic.operand(OperandNote { text, ..note });
            }
            return diagnostic;
        }
        // Which operand stretched the largest one, and along which axes?
        let mut named = vec![*largest_slot];
        for (axis, after) in array.shape.iter().enumerate() {
            let from_end = array.shape.len() - axis;
            let before = largest.shape.from_end(from_end);
            if before.is_some_and(|before| !before.is_one()) || after.is_one() {
                continue;
            }
            let gives =
                |other: &ArrayType| other.shape.from_end(from_end).is_some_and(|dim| dim.same_size(after));
            let stretcher = operands.iter().find(|(_, _, other)| gives(other));
            let mut text = format!("axis {axis} grew 1 -> {after}");
            let note = match stretcher {
                Some((slot, by, _)) => {
                    let note = self.note_within(*by, *slot, call.composition);
                    text.push_str(": stretched by ");
                    text.push_str(&note.text);
                    named.push(*slot);
                    note
                }
                None => {
                    text.push_str(": stretched to the requested shape");
                    self.note_within(*largest_site, *largest_slot, call.composition)
                }
            };
            diagnostic = diagnostic.operand(OperandNote { text, ..note });
            diagnostic.axis.get_or_insert(axis);
        }
        let mut rest: Vec<_> = operands.iter().filter(|(slot, ..)| !named[1..].contains(slot)).collect();
        rest.sort_by_key(|(slot, ..)| slot != largest_slot);
        for (slot, operand, _) in rest {
            diagnostic = diagnostic.operand(self.note_within(*operand, *slot, call.composition));
        }
        if let Some(after) = array.shape.elements() {
            let factor = after as f64 / elements(largest).max(1) as f64;
            diagnostic.factor = Some(factor);
            let shown = if factor < 10.0 && factor.fract() > 0.0 {
                format!("{factor:.1}")
            } else {
                grouped(factor as u64)
            };
            if factor > 1.0 {
                let than = if operands.len() > 1 { "larger operand" } else { "operand" };
                diagnostic = diagnostic.help(format!("inflation: {shown}x the {than}"));
            }
        }
        diagnostic
    }

    /// Is it a call that may stretch an operand?
    pub(crate) fn may_stretch(&self, site: SiteId) -> bool {
        matches!(
            self.node(self.call_site(site).node).op,
            Op::Element(_) | Op::Custom(_) | Op::View(View::BroadcastTo)
        )
    }
}
