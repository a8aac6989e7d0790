//! The work of the steps of a program.

use crate::launch::Launch;
use crate::lower::Compiled;
use crate::routine::RoutineLaunch;
use crate::walk::Origin;
use crate::watch::Watch;
use fusewire_ir::kernel::Buffer;
use fusewire_ir::{Diagnostic, Error, Site};
use std::sync::Arc;
use std::time::Instant;

/// The work of a step.
pub(super) enum Work {
    /// Loop nests.
    Loops(Launch),
    /// An operation on whole arrays.
    Routine(Box<RoutineLaunch>),
}

impl Work {
    /// The most bytes of scratch memory beside workspace.
    pub(super) fn scratch_bytes(&self) -> usize {
        match self {
            Self::Loops(launch) => launch.scratch_bytes(),
            Self::Routine(routine) => routine.scratch_bytes(),
        }
    }

    /// Its loop nests, where it has some.
    pub(super) const fn loops(&self) -> Option<&Launch> {
        match self {
            Self::Loops(launch) => Some(launch),
            Self::Routine(_) => None,
        }
    }

    /// Every piece of machine code that it calls.
    pub(super) fn code(&self) -> Vec<Arc<Compiled>> {
        match self {
            Self::Loops(launch) => launch.code(),
            Self::Routine(_) => Vec::new(),
        }
    }

    /// The same work after buffers have moved by as many bytes as `moved` says.
    pub(super) fn relocate(&mut self, moved: &impl Fn(Buffer) -> i64) {
        match self {
            Self::Loops(launch) => launch.relocate(&|origin: &Origin| moved(origin.buffer)),
            Self::Routine(routine) => routine.relocate(moved),
        }
    }

    pub(super) fn run(&mut self) -> Result<(), Box<Diagnostic>> {
        match self {
            Self::Loops(launch) => launch.run(),
            Self::Routine(routine) => return routine.run(),
        }
        Ok(())
    }

    pub(super) fn run_watched(&mut self, watch: &Watch) -> Result<(), Box<Diagnostic>> {
        let begun = Instant::now();
        match self {
            Self::Loops(launch) => launch.run_with(&|| watch.part()),
            Self::Routine(routine) => {
                routine.run()?;
                watch.part();
            }
        }
        watch.step(begun.elapsed());
        Ok(())
    }

    /// How many parts [`Work::run_watched`] has.
    pub(super) fn parts(&self) -> u64 {
        self.loops().map_or(1, Launch::parts)
    }
}

/// The work of every step.
pub(super) struct Launches(pub(super) Vec<Work>);

impl Launches {
    /// Runs the steps up to the first that fails, if one does, for the call at `site`.
    pub(super) fn run(&mut self, site: Site) -> Result<(), Error> {
        Self::explained(self.0.iter_mut().try_for_each(Work::run), site)
    }

    pub(super) fn run_watched(&mut self, watch: &Watch, site: Site) -> Result<(), Error> {
        watch.begin(self.0.iter().map(Work::parts).sum());
        Self::explained(self.0.iter_mut().try_for_each(|work| work.run_watched(watch)), site)
    }

    pub(super) fn explained(ran: Result<(), Box<Diagnostic>>, site: Site) -> Result<(), Error> {
        ran.map_err(|failure| failure.found_at(site).into())
    }
}
