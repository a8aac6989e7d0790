//! A bar for runs of more than a second, on a terminal only.

use fusewire::Watch;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Until there is a bar, and from one picture of it to the next.
const WAIT: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(100);
/// Positions of the bar.
const POSITIONS: u64 = 100_000;
/// Bytes of files from which it says how fast they are read and written.
const MANY: u64 = 1 << 20;

/// The bar that is shown.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Takes the bar away, for something else to be said.
pub fn clear() {
    if let Some(bar) = SHOWN.lock().unwrap_or_else(PoisonError::into_inner).take() {
        bar.finish_and_clear();
    }
}

/// Runs `f` with a bar beside it that follows `watch`, over so many bytes.
pub fn with_bar<R>(watch: &Watch, bytes: u64, f: impl FnOnce() -> R) -> R {
    if !std::io::stderr().is_terminal() {
        return f();
    }
    std::thread::scope(|scope| {
        let (end, ended) = channel::<()>();
        scope.spawn(move || {
            let begun = Instant::now();
            if ended.recv_timeout(WAIT) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            let bar = ProgressBar::with_draw_target(Some(POSITIONS), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {msg}{eta} left");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            // What was done before there was a bar counts for its speed.
            let bar = bar.with_elapsed(WAIT);
            *SHOWN.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar.clone());
            while ended.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                let done = watch.progress();
                if bytes >= MANY {
                    let rate = done * bytes as f64 / begun.elapsed().as_secs_f64();
                    bar.set_message(format!("{:.2} GB/s  ", rate / 1e9));
                }
                bar.set_position((done * POSITIONS as f64) as u64);
            }
            clear();
        });
        let result = f();
        // The bar is gone when this ends.
        drop(end);
        result
    })
}
