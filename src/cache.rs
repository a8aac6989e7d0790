//! Compiled routines, shared by every program that needs the same code.

use crate::jit::CodeError;
use crate::lower::{Compiled, Routine};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

/// The most routines kept for programs that are still to come. Code beyond that lives as long as the
/// programs that use it, and is found for as long.
const CAPACITY: usize = 256;

#[derive(Default)]
struct Cache {
    /// Everything that is alive, and what has died since the last clean-up.
    known: HashMap<Routine, Entry>,
    /// The code that was asked for last, by the time when it was.
    recent: BTreeMap<u64, Arc<Compiled>>,
    clock: u64,
    /// Entries at which those without code are thrown out.
    clean_up_at: usize,
}

struct Entry {
    code: Weak<Compiled>,
    asked: u64,
}

static CACHE: LazyLock<Mutex<Cache>> = LazyLock::new(Mutex::default);

static COMPILED: AtomicUsize = AtomicUsize::new(0);

/// How many routines have been compiled so far in this process.
#[cfg(feature = "proptest")]
pub(crate) fn count_compiled() -> usize {
    COMPILED.load(Ordering::Relaxed)
}

/// The code of a routine, compiled where nobody has it.
pub(crate) fn compiled(routine: Routine) -> Result<Arc<Compiled>, CodeError> {
    if let Some(code) = cache().find(&routine) {
        return Ok(code);
    }
    // Outside the lock: two threads may compile the same routine, and the first one to finish is kept.
    let code = Arc::new(routine.compile()?);
    COMPILED.fetch_add(1, Ordering::Relaxed);
    let mut cache = cache();
    if let Some(code) = cache.find(&routine) {
        return Ok(code);
    }
    cache.keep(routine, &code);
    Ok(code)
}

fn cache() -> MutexGuard<'static, Cache> {
    CACHE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cache {
    fn find(&mut self, routine: &Routine) -> Option<Arc<Compiled>> {
        let entry = self.known.get_mut(routine)?;
        let code = entry.code.upgrade()?;
        self.recent.remove(&entry.asked);
        self.clock += 1;
        entry.asked = self.clock;
        self.remember(&code);
        Some(code)
    }

    fn keep(&mut self, routine: Routine, code: &Arc<Compiled>) {
        if self.known.len() >= self.clean_up_at {
            self.known.retain(|_, entry| entry.code.strong_count() > 0);
            // Twice what is alive: the cost is spread over as many compilations.
            self.clean_up_at = 2 * self.known.len() + CAPACITY;
        }
        self.clock += 1;
        self.known.insert(routine, Entry { code: Arc::downgrade(code), asked: self.clock });
        self.remember(code);
    }

    fn remember(&mut self, code: &Arc<Compiled>) {
        self.recent.insert(self.clock, code.clone());
        if self.recent.len() > CAPACITY {
            self.recent.pop_first();
        }
    }
}
