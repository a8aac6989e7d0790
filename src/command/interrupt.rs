//! Signals that end a run.
#![allow(unsafe_code)] // only to ask what a signal does now

use super::output;
use libc::c_int;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// From now on an interrupt, a hang-up or a request to end removes incomplete files first. A signal that is ignored
/// stays so: `nohup` ignores hang-ups for what it starts, and a shell without job control interrupts for what runs
/// in the background.
pub fn watch() {
    // Where there is no handler a signal ends the run as well; only its incomplete file is left.
    let Ok(mut signals) =
        Signals::new([SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| !is_ignored(*signal)))
    else {
        return;
    };
    let wait = move || {
        if signals.forever().next().is_some() {
            output::interrupted();
        }
    };
    let _ = std::thread::Builder::new().name("signals".into()).spawn(wait);
}

fn is_ignored(signal: c_int) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: without a new action the call changes nothing, and `action` has room for the present one.
    let failed = unsafe { libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) } != 0;
    // SAFETY: a `sigaction` of zeros is a valid one, also where the call has not written it.
    let action = unsafe { action.assume_init() };
    !failed && action.sa_sigaction == libc::SIG_IGN
}
