//! Compiled routines, shared by every program that needs the same code.

use crate::jit::CodeError;
use crate::lower::{Compiled, Routine};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// The most routines kept for programs that are still to come. Code beyond that lives as long as the
/// programs that use it.
const CAPACITY: usize = 256;

#[derive(Default)]
struct Cache {
    entries: HashMap<Arc<Routine>, (Arc<Compiled>, u64)>,
    clock: u64,
}

static CACHE: LazyLock<Mutex<Cache>> = LazyLock::new(Mutex::default);

/// The code of a routine, compiled on first use.
pub(crate) fn compiled(routine: Routine) -> Result<Arc<Compiled>, CodeError> {
    {
        let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
        cache.clock += 1;
        let now = cache.clock;
        if let Some((code, used)) = cache.entries.get_mut(&routine) {
            *used = now;
            return Ok(code.clone());
        }
    }
    // Outside the lock: two threads may compile the same routine, and both results are right.
    let code = Arc::new(routine.compile()?);
    let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
    if cache.entries.len() >= CAPACITY {
        let oldest = cache.entries.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| key.clone());
        if let Some(oldest) = oldest {
            cache.entries.remove(&oldest);
        }
    }
    let now = cache.clock;
    cache.entries.insert(Arc::new(routine), (code.clone(), now));
    Ok(code)
}
