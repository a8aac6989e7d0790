//! What `--profile` prints: how long each step took, and how fast it read and wrote memory.

use fusewire::ir::diagnostic::{grouped, human_bytes};
use fusewire::ir::plan::{Plan, Task};
use rayon::prelude::*;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Bytes that are copied to measure memory: more than the caches hold.
const MEASURED: usize = 128 << 20;

/// What a run took.
pub struct Took {
    pub compiled: Duration,
    /// Of each repetition.
    pub runs: Vec<Duration>,
    /// Of each step, in the fastest.
    pub steps: Vec<Duration>,
}

/// Bytes that each step reads and writes at most, and what it is.
fn steps(plan: &Plan) -> Vec<(String, u64)> {
    let mut number = 0;
    let name = |kernels: usize, number: &mut usize| {
        let first = *number;
        *number += kernels;
        if kernels == 1 { format!("kernel {first}") } else { format!("kernels {first} to {}", *number - 1) }
    };
    let described = plan.steps().iter().map(|step| {
        let mut bytes = 0u64;
        for task in step.tasks() {
            if let Some(kernel) = task.kernel() {
                let accesses = kernel.read().chain(kernel.written());
                bytes += accesses.map(|at| kernel.bytes(&kernel.accesses[at])).sum::<u64>();
            }
        }
        let routine = step.tasks().find_map(|task| match task {
            Task::Routine(call) => Some(call.routine.name().to_owned()),
            Task::Kernel(_) => None,
        });
        let what = routine.unwrap_or_else(|| name(step.kernels().len(), &mut number));
        (what, bytes)
    });
    described.collect()
}

/// Bytes a second that the machine copies, read and written counted both.
fn bandwidth() -> f64 {
    let from = vec![1u8; MEASURED];
    let mut to = vec![0u8; MEASURED];
    let copy = |to: &mut Vec<u8>| {
        let begun = Instant::now();
        to.par_chunks_mut(1 << 20)
            .zip(from.par_chunks(1 << 20))
            .for_each(|(to, from)| to.copy_from_slice(from));
        begun.elapsed().as_secs_f64()
    };
    let best = (0..5).map(|_| copy(&mut to)).fold(f64::INFINITY, f64::min);
    2.0 * MEASURED as f64 / best.max(1e-9)
}

fn milliseconds(took: Duration) -> String {
    format!("{:.3} ms", took.as_secs_f64() * 1e3)
}

/// The profile of a run that reads and writes so many bytes of files.
pub fn profile(plan: &Plan, took: &Took, files: u64) -> String {
    let mut text = String::new();
    let machine = bandwidth();
    let rate = |bytes: u64, took: Duration| {
        let rate = bytes as f64 / took.as_secs_f64().max(1e-9);
        format!("{:.2} GB/s, {:.0} % of a copy", rate / 1e9, 100.0 * rate / machine)
    };
    let _ = writeln!(
        text,
        "compiled in {}; a copy in memory runs at {:.2} GB/s",
        milliseconds(took.compiled),
        machine / 1e9
    );
    for (at, run) in took.runs.iter().enumerate().filter(|_| took.runs.len() > 1) {
        let _ = writeln!(text, "run {}: {}", at + 1, milliseconds(*run));
    }
    let steps = steps(plan);
    // Steps without any work do not run.
    if steps.len() == took.steps.len() {
        for ((name, bytes), step) in steps.iter().zip(&took.steps) {
            let _ = match bytes {
                0 => writeln!(text, "  {name}: {}", milliseconds(*step)),
                bytes => writeln!(
                    text,
                    "  {name}: {}, {}, {}",
                    milliseconds(*step),
                    human_bytes(*bytes),
                    rate(*bytes, *step)
                ),
            };
        }
    }
    let best = took.runs.iter().min().copied().unwrap_or_default();
    let _ = writeln!(
        text,
        "in all {}: {} bytes of files, {}",
        milliseconds(best),
        grouped(files),
        rate(files, best)
    );
    text
}
