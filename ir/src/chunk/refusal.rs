//! Why a plan is not cut, in words.

use super::follow::Following;
use super::{Chunked, Cut};
use crate::diagnostic::{Diagnostic, DiagnosticKind, Error, OperandNote, Site, grouped, human_bytes};
use crate::fuse::StoreReason;
use crate::kernel::Buffer;
use crate::plan::{Plan, Port, Task};
use crate::shape::ArrayType;

/// Why a plan is not cut.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It cannot be.
    Never(Box<Diagnostic>),
    /// Not even a piece of one element fits.
    TooLarge {
        /// The bytes that it touches.
        least: u64,
        /// What takes many of them however small a piece is.
        whole: Vec<OperandNote>,
    },
}

/// What is listed at most of all that is needed as a whole.
const LISTED: usize = 3;

/// What takes less than this part of the bytes is not listed.
const WORTH: u64 = 16;

impl Plan {
    pub(super) fn never(&self, port: Buffer, axis: usize, why: String, site: Site) -> Refusal {
        let message = format!("the plan cannot be cut along axis {axis}: {why}");
        let diagnostic = Diagnostic::new(DiagnosticKind::Axis, message).at(site).axis(axis);
        let notes = self.port_of(port).into_iter().enumerate().map(|(slot, port)| port.note(slot));
        Refusal::Never(Box::new(notes.fold(diagnostic, Diagnostic::operand)))
    }

    /// That no port has this name.
    pub(super) fn no_port(&self, name: &str, site: Site) -> Diagnostic {
        let names = self.outputs.iter().chain(&self.inputs).map(|port: &Port| format!("`{}`", port.name));
        Diagnostic::new(DiagnosticKind::Name, format!("the plan has no input or output `{name}`"))
            .at(site)
            .help(format!("it has {}", names.collect::<Vec<_>>().join(", ")))
    }

    /// The error for a plan that is not cut, with what can be done instead.
    pub(super) fn not_cut(
        &self,
        refusal: Refusal,
        port: Buffer,
        axis: usize,
        bytes: u64,
        site: Site,
    ) -> Error {
        let fits = |piece: &Chunked| piece.bytes() <= bytes;
        let other = || {
            let ports = (0..self.outputs.len()).map(Buffer::Output);
            let ports = ports.chain((0..self.inputs.len()).map(Buffer::Input));
            let mut ways =
                std::iter::once(port).chain(ports.filter(|other| *other != port)).flat_map(|port| {
                    let rank = self.port_of(port).map_or(0, |port| port.array.shape.len());
                    (0..rank).map(move |axis| (port, axis))
                });
            let (found, axis) =
                ways.find(|way| *way != (port, axis) && self.chunked_by(way.0, way.1, site, &fits).is_ok())?;
            Some(match self.port_of(found) {
                Some(named) if found != self.first_port() => {
                    format!(
                        "it can be cut along axis {axis} of `{}`, with `.chunked_along(\"{}\", Axis({axis}), ...)`",
                        named.name, named.name
                    )
                }
                _ => format!("it can be cut along axis {axis}"),
            })
        };
        match refusal {
            Refusal::Never(diagnostic) => other().into_iter().fold(*diagnostic, Diagnostic::help).into(),
            Refusal::TooLarge { least, whole } => {
                let message = format!(
                    "one element of axis {axis} touches {}, over the {} that a piece may touch",
                    human_bytes(least),
                    human_bytes(bytes)
                );
                let diagnostic = Diagnostic::new(DiagnosticKind::Workspace, message).at(site).axis(axis);
                let diagnostic = whole.into_iter().fold(diagnostic, Diagnostic::operand);
                let diagnostic = diagnostic.help(format!("allow it {} bytes", grouped(least)));
                other().into_iter().fold(diagnostic, Diagnostic::help).into()
            }
        }
    }
}

impl Following {
    /// Why no task runs in pieces, in words.
    pub(super) fn why_nothing_follows(&self, tasks: &[Task<'_>]) -> String {
        match self.whole.iter().min() {
            Some((at, why)) => format!("{} {at} cannot go along with it: {why}", tasks[*at].noun()),
            None => "no loop goes along it from one element to the next".into(),
        }
    }
}

impl Cut<'_> {
    /// That a piece of one element does not fit, with what is needed as a whole.
    pub(super) fn too_large(&self, least: &Chunked) -> Refusal {
        let mut whole: Vec<(u64, OperandNote)> = Vec::new();
        for (value, stored) in self.plan.stored.iter().enumerate() {
            let Some(why) = self.why_whole(value).filter(|_| stored.output.is_none()) else { continue };
            let bytes = stored.array.shape.bytes(stored.array.dtype).unwrap_or(u64::MAX);
            let instead = match &stored.reason {
                reason if reason.is_optional() => "; with `.store(Never)` it is computed again instead",
                StoreReason::Requested => "; without `.store(Always)` it may not be stored",
                _ => "",
            };
            let text = format!(
                "`{}` {} is stored as a whole, {}: {why}{instead}",
                stored.name,
                stored.array,
                human_bytes(bytes)
            );
            let (name, array) = (stored.name.clone(), Some(stored.array.clone()));
            whole.push((bytes, OperandNote { text, slot: 0, name, array, site: Some(stored.site) }));
        }
        for stored in least.plan.stored.iter().filter(|stored| stored.reason == StoreReason::Carried) {
            let bytes = stored.array.shape.bytes(stored.array.dtype).unwrap_or(u64::MAX);
            let text = format!("totals that go on from piece to piece wait in {}", human_bytes(bytes));
            let (name, array) = (stored.name.clone(), Some(stored.array.clone()));
            whole.push((bytes, OperandNote { text, slot: 0, name, array, site: Some(stored.site) }));
        }
        for (at, why) in &self.following.whole {
            let task = self.tasks[*at];
            let Some(written) = task.written().into_iter().next() else { continue };
            let (name, array, site) = match written {
                Buffer::Workspace(value) => {
                    let stored = &self.plan.stored[value];
                    (stored.name.clone(), stored.array.clone(), stored.site)
                }
                Buffer::Output(output) => {
                    let port = &self.plan.outputs[output];
                    (port.name.to_string(), port.array.clone(), port.site)
                }
                _ => continue,
            };
            let reads = task.read().into_iter().map(|access| self.plan.bytes_of(access.buffer));
            let bytes = reads.max().unwrap_or(0);
            let text = format!("`{name}` {array} is computed at once: {why}");
            whole.push((bytes, OperandNote { text, slot: 0, name, array: Some(array), site: Some(site) }));
        }
        // What takes little of it is not to blame.
        whole.retain(|(bytes, _)| *bytes >= least.bytes() / WORTH);
        whole.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.text.cmp(&b.1.text)));
        let listed = whole.into_iter().take(LISTED).enumerate();
        let whole = listed.map(|(slot, (_, note))| OperandNote { slot, ..note }).collect();
        Refusal::TooLarge { least: least.bytes(), whole }
    }

    /// Why a stored value that goes along the axis is stored as a whole, in words; `None` where it is not, or has to be.
    fn why_whole(&self, value: usize) -> Option<String> {
        if self.stored[value].is_some() {
            return None;
        }
        let own = Buffer::Workspace(value);
        let meetings = self.tasks.iter().enumerate().flat_map(|(at, task)| {
            let own = self.following.meetings(at, *task).into_iter().filter(|meeting| meeting.buffer == own);
            own.map(move |meeting| (at, task, meeting)).collect::<Vec<_>>()
        });
        let meetings: Vec<_> = meetings.collect();
        let written = meetings.iter().find(|(.., meeting)| meeting.writes);
        let (writer, ..) = written.filter(|(.., meeting)| meeting.axis.is_some())?;
        let other = meetings.iter().find(|(.., meeting)| meeting.axis.is_none());
        if let Some((at, task, _)) = other {
            return Some(match self.following.along[*at] {
                Some(_) => format!("{} {at} meets other elements of it than those of a piece", task.noun()),
                None => format!("{} {at} needs all of it at once", task.noun()),
            });
        }
        let mut later =
            meetings.iter().filter(|(at, ..)| self.rounds.times[*at] != self.rounds.times[*writer]);
        let (at, task, _) = later.next()?;
        Some(format!("{} {at} reads it again when a total over all pieces is complete", task.noun()))
    }
}

impl Plan {
    fn bytes_of(&self, buffer: Buffer) -> u64 {
        self.bytes_and_size(buffer).0
    }

    /// The bytes of a whole array, and of an element of it.
    pub(super) fn bytes_and_size(&self, buffer: Buffer) -> (u64, u64) {
        let array = match buffer {
            Buffer::Workspace(value) => Some(&self.stored[value].array),
            Buffer::Constant(at) => Some(&self.constants[at].array),
            _ => self.port_of(buffer).map(|port| &port.array),
        };
        let bytes = |array: &ArrayType| array.shape.bytes(array.dtype).unwrap_or(u64::MAX);
        array.map_or((0, 0), |array| (bytes(array), array.dtype.bytes() as u64))
    }
}
