//! The memory of the command: a sparse file of 16 GB is reduced, and one of 4 GB written, and what the process has
//! beside pages of files is measured while it runs.
//!
//!     cargo bench --features command --bench command [-- GB of input [GB of output]]

use std::fs::File;
use std::io::Write;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// The most that a process may have beside pages of files.
const MOST_MB: f64 = 300.0;

/// Megabytes of a line of `/proc/PID/status`.
fn megabytes(status: &str, line: &str) -> f64 {
    let value = status.lines().find_map(|text| text.strip_prefix(line)?.trim().strip_suffix(" kB"));
    value.and_then(|kilobytes| kilobytes.trim().parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

/// The largest anonymous memory and the largest mapped files of a process, until it ends.
fn watched(mut child: Child) -> (f64, f64) {
    let (mut own, mut files) = (0f64, 0f64);
    loop {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        own = own.max(megabytes(&status, "RssAnon:"));
        files = files.max(megabytes(&status, "RssFile:") + megabytes(&status, "RssShmem:"));
        if let Some(status) = child.try_wait().expect("the command can be waited for") {
            assert!(status.success());
            return (own, files);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A file of zeros that takes no space.
fn sparse(path: &std::path::Path, rows: u64) {
    let mut text = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({rows}, 1000), }}");
    text.extend(std::iter::repeat_n(' ', 117 - text.len()));
    let header = [b"\x93NUMPY\x01\x00", &118u16.to_le_bytes()[..], text.as_bytes(), b"\n"].concat();
    let mut file = File::create(path).expect("the folder can be written");
    file.write_all(&header).expect("the folder has space");
    file.set_len(header.len() as u64 + rows * 8000).expect("files may be large and sparse");
}

fn main() {
    let sizes: Vec<f64> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let (input, output) = (sizes.first().copied().unwrap_or(16.0), sizes.get(1).copied().unwrap_or(4.0));
    let folder = std::env::temp_dir().join(format!("fusewire-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the folder for temporary files can be written");
    let rows = |gigabytes: f64| (gigabytes * 1e9 / 8000.0) as u64;
    sparse(&folder.join("x.npy"), rows(input));
    sparse(&folder.join("y.npy"), rows(output));
    for (what, expression, file, gigabytes) in [
        ("reduced", "x.sum(axis=0)", "x=x.npy", input),
        ("reduced to one", "(x * 2 + 1).max()", "x=x.npy", input),
        ("written", "np.exp(x) * 0.5", "x=y.npy", output),
        (
            "standardised",
            "(x - x.mean(axis=1, keepdims=True)) / (x.std(axis=1, keepdims=True) + 1)",
            "x=y.npy",
            output,
        ),
    ] {
        let begun = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_fusewire"))
            .args(["run", expression, file, "-o", "out.npy", "--force"])
            .current_dir(&folder)
            .spawn()
            .expect("the command starts");
        let (own, files) = watched(child);
        let took = begun.elapsed().as_secs_f64();
        println!(
            "{gigabytes} GB {what:14} {took:6.1} s, {:5.2} GB/s, memory {own:6.1} MB and {files:8.1} MB of pages of files",
            gigabytes / took
        );
        assert!(own < MOST_MB, "{what}: {own} MB");
    }
    std::fs::remove_dir_all(&folder).expect("the folder can be removed");
}
