//! Plans that run piece by piece along an axis.
//!
//! A piece has a size and a start that a run decides, like the sizes of dims. Loops that follow the axis run
//! over the size; where they meet the caller's arrays they begin at the start, and what kernels exchange along them is stored for
//! one piece. The order of every reduction is as before, and so are the bits of all results.

use crate::bounds::Bounds;
use crate::diagnostic::{Diagnostic, DiagnosticKind, Error, Site, grouped, human_bytes};
use crate::dim::Dim;
use crate::fuse::{self, Equalities};
use crate::index_map::AxisMap;
use crate::kernel::{Access, Buffer, Kernel};
use crate::limits::largest_passing;
use crate::plan::Plan;
use crate::plan_dims::PlanDim;
use crate::size::{SizeExpr, Symbol};
use crate::step::{Step, Task};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// A plan that is cut into pieces: made by [`Plan::chunked`].
#[derive(Clone, Debug, PartialEq)]
pub struct Chunked {
    plan: Plan,
    axis: usize,
    extent: u64,
    piece: u64,
    bytes: u64,
}

/// The names of the two sizes of a piece; no name of the user has an exclamation mark at its end.
const SIZE: &str = "piece!";
const START: &str = "start!";

impl Chunked {
    /// What runs for each piece, where `piece!` is its size and `start!` where it begins.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The axis of the first output that is cut.
    #[must_use]
    pub const fn axis(&self) -> usize {
        self.axis
    }

    /// The most elements of the axis in one piece.
    #[must_use]
    pub const fn piece(&self) -> u64 {
        self.piece
    }

    /// How many pieces there are.
    #[must_use]
    pub const fn pieces(&self) -> u64 {
        self.extent.div_ceil(self.piece)
    }

    /// The most bytes that one piece touches: its workspace, and its parts of the caller's arrays.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The sizes to bind for a piece: the names of the dims, with their values.
    #[must_use]
    pub fn sizes(&self, piece: u64) -> [(&'static str, u64); 2] {
        let start = piece.saturating_mul(self.piece).min(self.extent);
        [(SIZE, self.piece.min(self.extent - start)), (START, start)]
    }
}

/// What follows the axis.
#[derive(Default)]
struct Following {
    /// Of each kernel, the loop that does.
    loops: HashMap<usize, usize>,
    /// Of stored values, the axis that does.
    stored: HashMap<usize, usize>,
    /// The same of outputs that are read again.
    outputs: HashMap<usize, usize>,
}

impl Plan {
    /// The same plan cut along an axis of its first output, so that a piece touches at most this many bytes:
    /// workspace, and its parts of inputs and outputs. The bits of all results are the same.
    ///
    /// # Errors
    /// An axis that does not exist or whose size is not known. Values that need all of the axis, such as a reduction along it,
    /// or kernels that would have to run again for every piece. Bytes that not even a piece of one
    /// element fits into.
    pub fn chunked(&self, axis: usize, bytes: u64, site: Site) -> Result<Chunked, Error> {
        let fits = |piece: &Chunked| piece.bytes <= bytes;
        self.chunked_by(axis, site, &fits).map_err(|refusal| match refusal {
            Refusal::Never(diagnostic) => {
                let rank = self.outputs.first().map_or(0, |port| port.array.shape.len());
                let mut others = (0..rank).filter(|other| *other != axis);
                let other = others.find(|other| self.chunked_by(*other, site, &fits).is_ok());
                let help = other.map(|other| format!("it can be cut along axis {other}"));
                help.into_iter().fold(*diagnostic, Diagnostic::help).into()
            }
            Refusal::TooLarge(least) => {
                let message = format!(
                    "one element of axis {axis} touches {}, over the {} that a piece may touch",
                    human_bytes(least),
                    human_bytes(bytes)
                );
                Diagnostic::new(DiagnosticKind::Workspace, message)
                    .at(site)
                    .help(format!("allow it {} bytes, or cut another axis", grouped(least)))
                    .into()
            }
        })
    }

    /// The same, in pieces that are as large as `fits` lets them be.
    pub(crate) fn chunked_by(
        &self,
        axis: usize,
        site: Site,
        fits: &dyn Fn(&Chunked) -> bool,
    ) -> Result<Chunked, Refusal> {
        let never = |why: String| {
            let message = format!("the plan cannot be cut along axis {axis}: {why}");
            let diagnostic = Diagnostic::new(DiagnosticKind::Axis, message).at(site).axis(axis);
            let notes = self.outputs.iter().take(1).enumerate().map(|(slot, port)| port.note(slot));
            Refusal::Never(Box::new(notes.fold(diagnostic, Diagnostic::operand)))
        };
        let Some(dim) = self.outputs.first().and_then(|port| port.array.shape.get(axis)) else {
            return Err(never("its first output has no such axis".into()));
        };
        let Some(extent) = dim.known().filter(|extent| *extent > 0) else {
            return Err(never(format!("its size, {dim}, is not known or 0")));
        };
        let routine = self.tasks().enumerate().find_map(|(at, task)| match task {
            Task::Routine(call) => Some(format!("routine {at}, `{}`, works on whole arrays", call.routine)),
            Task::Kernel(_) => None,
        });
        if let Some(why) = routine {
            return Err(never(why));
        }
        let following = self.following(axis, extent).map_err(never)?;
        let cut = |piece: u64| self.cut(&following, axis, extent, piece, site);
        let least = cut(1);
        if !fits(&least) {
            return Err(Refusal::TooLarge(least.bytes));
        }
        let whole = cut(extent);
        let mut chunked = if fits(&whole) {
            whole
        } else {
            let passes = |piece: u64| fits(&cut(piece));
            cut(largest_passing(1, extent, &passes).unwrap_or(1))
        };
        // Pieces of about the same size rather than a small one at last.
        let even = extent.div_ceil(chunked.pieces());
        if even < chunked.piece && fits(&cut(even)) {
            chunked = cut(even);
        }
        let operations = self.operations();
        let again = self.apart_from(&following).saturating_mul(chunked.pieces() - 1);
        if again > operations {
            return Err(never(format!(
                "what does not follow the axis would run again for each of {} pieces",
                grouped(chunked.pieces())
            )));
        }
        Ok(chunked)
    }

    /// Operations of kernels that do not follow the axis.
    fn apart_from(&self, following: &Following) -> u64 {
        let kernels = self.kernels();
        let apart = kernels.iter().enumerate().filter(|(at, _)| !following.loops.contains_key(at));
        apart.fold(0, |sum, (_, kernel)| sum.saturating_add(kernel.operations()))
    }

    /// Which loops and stored axes follow an axis of the first output.
    fn following(&self, axis: usize, extent: u64) -> Result<Following, String> {
        let kernels = self.kernels();
        let mut following = Following::default();
        let mut pending: Vec<(Buffer, usize)> = vec![(Buffer::Output(0), axis)];
        let is_read = |buffer: Buffer| {
            kernels.iter().any(|kernel| kernel.read().any(|read| kernel.accesses[read].buffer == buffer))
        };
        while let Some((buffer, axis)) = pending.pop() {
            let known = match buffer {
                Buffer::Workspace(at) => following.stored.insert(at, axis),
                Buffer::Output(at) => following.outputs.insert(at, axis),
                _ => continue,
            };
            match known {
                Some(known) if known == axis => continue,
                Some(_) => return Err(format!("{} is met along two axes", self.called(buffer))),
                None => {}
            }
            for (at, kernel) in kernels.iter().enumerate() {
                for access in kernel.accesses.iter().filter(|access| access.buffer == buffer) {
                    let Some(own) = access.map.get(axis).and_then(AxisMap::followed) else {
                        return Err(format!(
                            "kernel {at} meets other elements of {} along it",
                            self.called(buffer)
                        ));
                    };
                    let l = &kernel.loops[own];
                    if l.reduced {
                        return Err(format!("kernel {at} needs all of it at once"));
                    }
                    if l.extent.known() != Some(extent) {
                        return Err(format!("kernel {at} meets only a part of {}", self.called(buffer)));
                    }
                    match following.loops.insert(at, own) {
                        Some(known) if known != own => {
                            return Err(format!("kernel {at} follows it with two loops"));
                        }
                        Some(_) => {}
                        None => pending.extend(exchanged(kernel, own, &is_read)),
                    }
                }
            }
        }
        for (at, kernel) in kernels.iter().enumerate() {
            self.check_piece(at, kernel, &following)?;
        }
        Ok(following)
    }

    /// Does a kernel compute the same piece by piece?
    fn check_piece(&self, at: usize, kernel: &Kernel, following: &Following) -> Result<(), String> {
        for access in &kernel.accesses {
            let (own, is_cut) = match access.buffer {
                Buffer::Workspace(stored) => (following.stored.get(&stored), true),
                Buffer::Output(output) => (following.outputs.get(&output), false),
                _ => continue,
            };
            let is_written = kernel.writes(access.buffer);
            match (following.loops.get(&at), own) {
                // Its writer follows the axis, and so must whoever meets it: seen to above.
                (Some(_), Some(_)) => {}
                (None, Some(_)) => {
                    return Err(format!("kernel {at} needs all of {}", self.called(access.buffer)));
                }
                (Some(own), None) if is_written && !access.loops().any(|l| l == *own) => {
                    return Err(format!(
                        "kernel {at} writes {} anew in each piece",
                        self.called(access.buffer)
                    ));
                }
                (Some(_), None) if is_written && is_cut => {
                    return Err(format!(
                        "{} is stored along it in another order",
                        self.called(access.buffer)
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn called(&self, buffer: Buffer) -> String {
        format!("`{}`", self.buffer_name(buffer))
    }

    /// The plan for pieces of at most this size.
    fn cut(&self, following: &Following, axis: usize, extent: u64, piece: u64, site: Site) -> Chunked {
        let size = Symbol { name: Arc::from(SIZE), lower: 1, upper: piece };
        let start = Symbol { name: Arc::from(START), lower: 0, upper: extent - 1 };
        let dim_of = |symbol: &Symbol| PlanDim {
            name: symbol.name.clone(),
            lower: symbol.lower,
            upper: symbol.upper,
            site,
        };
        let extent_of_piece = Dim::symbolic(SIZE, 1..=piece);
        let mut plan = self.clone();
        plan.dims.extend([dim_of(&size), dim_of(&start)]);
        let start = SizeExpr::symbol(start);
        for (at, axis) in &following.stored {
            let stored = &mut plan.stored[*at];
            let dims = stored.array.shape.iter().cloned().enumerate();
            stored.array.shape =
                dims.map(|(at, dim)| if at == *axis { extent_of_piece.clone() } else { dim }).collect();
        }
        let mut kernels: Vec<Kernel> = plan.kernels().into_iter().cloned().collect();
        let mut touched: HashMap<Buffer, u64> = HashMap::new();
        for (at, kernel) in kernels.iter_mut().enumerate() {
            if let Some(own) = following.loops.get(&at) {
                kernel.loops[*own].extent = extent_of_piece.clone();
                for access in &mut kernel.accesses {
                    let is_cut = matches!(access.buffer, Buffer::Workspace(stored) if following.stored.contains_key(&stored));
                    if !is_cut {
                        begin_at(access, *own, &start);
                    }
                }
            }
            for access in &kernel.accesses {
                if matches!(access.buffer, Buffer::Input(_) | Buffer::Output(_) | Buffer::Constant(_)) {
                    let bytes = touched.entry(access.buffer).or_default();
                    *bytes = (*bytes).max(kernel.bytes(access));
                }
            }
        }
        let equalities = Equalities::new(self.required.iter().map(|required| &required.requirement));
        let (steps, order) = fuse::take_turns(kernels.into_iter().map(Step::Kernel).collect(), &equalities);
        plan.steps = steps;
        let place: HashMap<usize, usize> = order.iter().copied().zip(0..).collect();
        for node in &mut plan.nodes {
            node.kernels = node.kernels.iter().filter_map(|kernel| place.get(kernel).copied()).collect();
            node.kernels.sort_unstable();
        }
        plan.assign_slots();
        let arrays = touched.values().fold(0u64, |sum, bytes| sum.saturating_add(*bytes));
        let bytes = arrays.saturating_add(plan.workspace_in(&Bounds::declared()));
        Chunked { plan, axis, extent, piece, bytes }
    }
}

/// Why a plan is not cut.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It cannot be.
    Never(Box<Diagnostic>),
    /// Not even a piece of one element fits; it touches so many bytes.
    TooLarge(u64),
}

/// Stored values, and outputs that are read, of which a kernel meets its own elements along a loop.
fn exchanged(kernel: &Kernel, own: usize, is_read: &dyn Fn(Buffer) -> bool) -> HashSet<(Buffer, usize)> {
    let is_exchanged = |buffer: Buffer| match buffer {
        Buffer::Workspace(_) => true,
        Buffer::Output(_) => is_read(buffer),
        _ => false,
    };
    let accesses = kernel.accesses.iter().filter(|access| is_exchanged(access.buffer));
    let axes = accesses.flat_map(|access| {
        let axis = access.map.iter().position(|map| map.followed() == Some(own))?;
        Some((access.buffer, axis))
    });
    axes.collect()
}

/// Lets an access begin where a loop does.
fn begin_at(access: &mut Access, own: usize, start: &SizeExpr) {
    for map in Arc::make_mut(&mut access.map) {
        for term in map.terms.iter().filter(|term| term.axis == own) {
            map.start = map.start.plus(&term.step.times(start));
        }
    }
}
