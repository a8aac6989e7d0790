//! A bar for runs of more than a second, on a terminal only.

use fusewire::Watch;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(100);

/// Runs `f` with a bar beside it that follows `watch`, over so many bytes.
pub fn with_bar<R>(watch: &Watch, bytes: u64, f: impl FnOnce() -> R) -> R {
    if !std::io::stderr().is_terminal() {
        return f();
    }
    std::thread::scope(|scope| {
        let (end, ended) = channel::<()>();
        scope.spawn(move || {
            if ended.recv_timeout(Duration::from_secs(1)) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr());
            let template = "{bar:40} {percent:>3} %  {decimal_bytes_per_sec}  {eta} left";
            bar.set_style(
                ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            // What was done before there was a bar counts for its speed.
            let bar = bar.with_elapsed(Duration::from_secs(1));
            while ended.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                bar.set_position((watch.progress() * bytes as f64) as u64);
            }
            bar.finish_and_clear();
        });
        let result = f();
        // The bar is gone when this ends.
        drop(end);
        result
    })
}
