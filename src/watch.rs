//! Watching a run from another thread.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How far a run has come, for another thread to look at, and how long each step took.
///
/// ```
/// use fusewire::prelude::*;
/// use fusewire::Watch;
///
/// let g = Graph::new();
/// let x = g.input("x", F64, [1000]);
/// let program = g.plan([(x * 2).sum(All).named("total")], &Limits::default())?.compile()?;
/// let (data, mut total) = (vec![1.0; 1000], [0.0]);
/// let mut bound = program.bind([("x", &data)], [("total", ViewMut::new(&mut total, []))])?;
/// let watch = Watch::default();
/// bound.run_watched(&watch)?;
/// assert_eq!((watch.progress(), watch.steps().len()), (1.0, 1));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Watch {
    done: AtomicU64,
    parts: AtomicU64,
    steps: Mutex<Vec<Duration>>,
}

impl Watch {
    /// The share of the parts of all steps that are done, from 0 to 1. A step has a part for each thread or
    /// more: [`Program::with_threads`](crate::Program::with_threads) above the number of threads makes it finer.
    #[must_use]
    pub fn progress(&self) -> f64 {
        match self.parts.load(Relaxed) {
            0 => 0.0,
            parts => self.done.load(Relaxed) as f64 / parts as f64,
        }
    }

    /// How long each step of the run took that are complete, in the order of [`Plan::steps`](fusewire_ir::plan::Plan::steps).
    #[must_use]
    pub fn steps(&self) -> Vec<Duration> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A run of so many parts begins.
    pub(crate) fn begin(&self, parts: u64) {
        self.done.store(0, Relaxed);
        self.parts.store(parts, Relaxed);
        self.steps.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// A part is done.
    pub(crate) fn part(&self) {
        self.done.fetch_add(1, Relaxed);
    }

    /// A step is done.
    pub(crate) fn step(&self, took: Duration) {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner).push(took);
    }
}
