//! Signals that end a run.
#![allow(unsafe_code)] // only to ask what a signal does now, and to have nobody else handle one

use super::failure::{Failure, plain};
use super::{incomplete, inputs};
use libc::c_int;
use signal_hook::consts::{
    SIGABRT, SIGALRM, SIGBUS, SIGHUP, SIGINT, SIGPROF, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU,
};
use signal_hook::iterator::Signals;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What ends a process that does nothing about it, where it does not say that the process is broken.
const ENDING: [c_int; 10] =
    [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGVTALRM, SIGPROF, SIGUSR1, SIGUSR2, SIGXCPU];

/// From now on what would end the process without a word, or with a code of its own, is a failure like others:
/// memory that cannot be had, about which Rust says so and aborts, and a file beyond the limit on sizes.
pub fn fail_instead_of_ending() {
    let _ = signal_hook::flag::register_conditional_shutdown(SIGABRT, 1, Arc::new(AtomicBool::new(true)));
    // With a handler, whatever it does, the write itself is an error.
    let _ = signal_hook::flag::register(libc::SIGXFSZ, Arc::new(AtomicBool::new(false)));
}

/// From now on an interrupt, a hang-up or a request to end removes incomplete files first, and so does a mapped file
/// that another process cuts short. A signal that is ignored stays so: `nohup` ignores hang-ups for what it starts,
/// and a shell without job control interrupts for what runs in the background.
pub fn watch() -> Result<(), Failure> {
    // Rust's own handler, which is for stacks, would end the process without a word.
    // SAFETY: the default action is one that any signal may have.
    unsafe { libc::signal(SIGBUS, libc::SIG_DFL) };
    let watched = ENDING.into_iter().filter(|signal| !is_ignored(*signal)).chain([SIGBUS]);
    let failed = |error: io::Error| Failure::new(format!("signals cannot be waited for: {}", plain(&error)));
    let mut signals = Signals::new(watched).map_err(failed)?;
    // Whoever reads what is not there any more tries again, until this thread ends the process.
    let wait = move || match signals.forever().next() {
        Some(SIGBUS) => incomplete::end(&inputs::what_was_lost()),
        Some(SIGXCPU) => incomplete::end("the limit on the time of processors is reached"),
        Some(_) => incomplete::end("interrupted"),
        None => {}
    };
    std::thread::Builder::new().name("signals".into()).spawn(wait).map_err(failed)?;
    Ok(())
}

fn is_ignored(signal: c_int) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: without a new action the call changes nothing, and `action` has room for the present one.
    let failed = unsafe { libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) } != 0;
    // SAFETY: a `sigaction` of zeros is a valid one, also where the call has not written it.
    let action = unsafe { action.assume_init() };
    !failed && action.sa_sigaction == libc::SIG_IGN
}
