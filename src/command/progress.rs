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

/// How fast it goes, and how long it will take.
fn said(done: f64, seconds: f64, bytes: u64) -> String {
    let rate = match done * bytes as f64 / seconds {
        _ if bytes < MANY => String::new(),
        rate if rate < 1e8 => format!("{:.2} MB/s  ", rate / 1e6),
        rate => format!("{:.2} GB/s  ", rate / 1e9),
    };
    let left = match seconds * (1.0 - done) / done {
        left if left < 100.0 => format!("{left:.0} s left"),
        left if left < 6000.0 => format!("{:.0} min left", left / 60.0),
        left if left.is_finite() => format!("{:.1} h left", left / 3600.0),
        _ => String::new(),
    };
    rate + &left
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
            let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            *SHOWN.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar.clone());
            while ended.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                let done = watch.progress();
                bar.set_message(said(done, begun.elapsed().as_secs_f64(), bytes));
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

#[cfg(test)]
mod tests {
    use super::said;

    #[test]
    fn speed_and_time_are_in_units_that_are_read() {
        assert_eq!(said(0.0, 2.0, 0), "");
        assert_eq!(said(0.25, 2.0, 0), "6 s left");
        assert_eq!(said(0.25, 2.0, 80_000_000), "10.00 MB/s  6 s left");
        assert_eq!(said(0.5, 200.0, 1_000_000_000_000), "2.50 GB/s  3 min left");
        assert_eq!(said(0.001, 10.0, 0), "2.8 h left");
    }
}
