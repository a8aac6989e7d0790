//! How a user names axes: by position or by label.

use crate::diagnostic::{Diagnostic, DiagnosticKind};
use crate::graph::{Graph, SiteId};
use crate::shape::Shape;
use smallvec::SmallVec;
use std::fmt;
use std::sync::Arc;

/// An axis as the user names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AxisRef {
    /// By its position; negative ones count from the end.
    Position(isize),
    /// By its label.
    Label(Arc<str>),
}

impl From<isize> for AxisRef {
    fn from(axis: isize) -> Self {
        Self::Position(axis)
    }
}

impl From<&str> for AxisRef {
    fn from(label: &str) -> Self {
        Self::Label(label.into())
    }
}

impl fmt::Display for AxisRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Position(axis) => write!(f, "{axis}"),
            Self::Label(label) => write!(f, "`{label}`"),
        }
    }
}

/// A new axis of size 1: where it stands in the result, and its label if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAxis {
    /// Its position in the result; negative ones count from the end.
    pub position: isize,
    /// Its label.
    pub label: Option<Arc<str>>,
}

impl From<isize> for NewAxis {
    fn from(position: isize) -> Self {
        Self { position, label: None }
    }
}

impl From<(isize, &str)> for NewAxis {
    fn from((position, label): (isize, &str)) -> Self {
        Self { position, label: Some(label.into()) }
    }
}

impl Graph {
    /// The positions of axes of a shape, in the order given: distinct and in range.
    pub(crate) fn positions<A: FromIterator<usize>>(
        &self,
        name: &str,
        operand: SiteId,
        axes: &[AxisRef],
        shape: &Shape,
    ) -> Result<A, Box<Diagnostic>> {
        let (rank, name) = (shape.len(), self.called(name));
        let mut resolved: SmallVec<[usize; 4]> = SmallVec::new();
        for axis in axes {
            let at = match axis {
                AxisRef::Position(axis) if *axis < 0 => rank.checked_sub(axis.unsigned_abs()),
                AxisRef::Position(axis) => Some(axis.unsigned_abs()),
                AxisRef::Label(label) => shape.labelled(label),
            };
            let problem = match (at.filter(|at| *at < rank), axis) {
                (None, AxisRef::Label(label)) => {
                    let diagnostic = Diagnostic::new(
                        DiagnosticKind::Label,
                        format!("`{name}` along axis `{label}`, but no axis has this label"),
                    )
                    .operand(self.note(operand, 0));
                    let labels: Vec<String> =
                        shape.iter().filter_map(|dim| Some(format!("`{}`", dim.label()?))).collect();
                    let labels = if labels.is_empty() { "none".into() } else { labels.join(", ") };
                    return Err(Box::new(diagnostic.help(format!("its labels are: {labels}"))));
                }
                (None, _) if rank == 0 => {
                    format!("`{name}` along axis {axis} of a single element, which has no axes")
                }
                (None, _) => format!("`{name}` along axis {axis}, but the axes are 0 to {}", rank - 1),
                (Some(at), _) if resolved.contains(&at) => format!("`{name}` names axis {at} twice"),
                (Some(at), _) => {
                    resolved.push(at);
                    continue;
                }
            };
            return Err(Box::new(
                Diagnostic::new(DiagnosticKind::Axis, problem).operand(self.note(operand, 0)),
            ));
        }
        Ok(resolved.into_iter().collect())
    }

    /// The positions of axes of a shape, ascending.
    pub(crate) fn axes<A: FromIterator<usize>>(
        &self,
        name: &str,
        operand: SiteId,
        axes: &[AxisRef],
        shape: &Shape,
    ) -> Result<A, Box<Diagnostic>> {
        let mut positions: SmallVec<[usize; 4]> = self.positions(name, operand, axes, shape)?;
        positions.sort_unstable();
        Ok(positions.into_iter().collect())
    }
}
