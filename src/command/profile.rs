//! What `--profile` prints: how long each step took, how fast it read and wrote memory, and how much of what the
//! machine can do that is.

use fusewire::ir::diagnostic::{grouped, human_bytes};
use fusewire::ir::kernel::Buffer;
use fusewire::ir::plan::{Plan, Step, Task};
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Bytes of each of the two arrays that memory is measured with, where the caches are not larger, and the most of
/// them.
const MEASURED: u64 = 128 << 20;
const MOST_MEASURED: u64 = 1 << 30;
/// What the last caches are taken for where the system does not say.
const USUAL_CACHES: u64 = 32 << 20;

/// What a run took.
pub struct Took {
    pub compiled: Duration,
    /// Of each repetition.
    pub runs: Vec<Duration>,
    /// Of each step, in the fastest.
    pub steps: Vec<Duration>,
}

/// Bytes that a step has to read from memory and to write there: each buffer once, however often it is met, and
/// nothing that is held for a block of rows at a time.
fn bytes_of(plan: &Plan, step: &Step) -> u64 {
    let size = |array: &fusewire::ir::shape::ArrayType| array.shape.bytes(array.dtype).unwrap_or(u64::MAX);
    let most = |buffer: Buffer| match buffer {
        Buffer::Input(at) => plan.inputs().get(at).map(|port| size(&port.array)),
        Buffer::Output(at) => plan.outputs().get(at).map(|port| size(&port.array)),
        Buffer::Workspace(at) => {
            plan.stored().get(at).filter(|stored| stored.rows.is_none()).map(|stored| size(&stored.array))
        }
        Buffer::Constant(_) => Some(u64::MAX),
        Buffer::Index => None,
    };
    let mut met: HashMap<(Buffer, bool), u64> = HashMap::new();
    for kernel in step.kernels() {
        let accesses = kernel.read().map(|at| (at, false)).chain(kernel.written().map(|at| (at, true)));
        for (at, is_written) in accesses {
            let access = &kernel.accesses[at];
            if let Some(most) = most(access.buffer) {
                let bytes = met.entry((access.buffer, is_written)).or_default();
                *bytes = bytes.saturating_add(kernel.bytes(access)).min(most);
            }
        }
    }
    met.into_values().fold(0, u64::saturating_add)
}

/// Each step: what it is, and the bytes that it reads and writes.
fn steps(plan: &Plan) -> Vec<(String, u64)> {
    let mut number = 0;
    let name = |kernels: usize, number: &mut usize| {
        let first = *number;
        *number += kernels;
        if kernels == 1 { format!("kernel {first}") } else { format!("kernels {first} to {}", *number - 1) }
    };
    let described = plan.steps().iter().map(|step| {
        let routine = step.tasks().find_map(|task| match task {
            Task::Routine(call) => Some(call.routine.name().to_owned()),
            Task::Kernel(_) => None,
        });
        let what = routine.unwrap_or_else(|| name(step.kernels().len(), &mut number));
        (what, bytes_of(plan, step))
    });
    described.collect()
}

/// Bytes of all last caches together, where Linux says so.
fn caches() -> Option<u64> {
    let mut known = HashSet::new();
    let mut bytes = 0;
    for processor in std::fs::read_dir("/sys/devices/system/cpu").ok()?.flatten() {
        let read = |index: u32, what: &str| {
            std::fs::read_to_string(processor.path().join(format!("cache/index{index}/{what}"))).ok()
        };
        let Some(last) = (0..8).rev().find(|index| read(*index, "size").is_some()) else { continue };
        let kilobytes = read(last, "size")?.trim().strip_suffix('K')?.parse::<u64>().ok()?;
        if known.insert(read(last, "shared_cpu_list")) {
            bytes += kilobytes << 10;
        }
    }
    (bytes > 0).then_some(bytes)
}

/// Bytes a second that all threads together read, or read and write, at most; `None` where there is no memory to find
/// out. Arrays are larger than the caches.
fn bandwidth(caches: u64) -> Option<f64> {
    let length = usize::try_from(MEASURED.max(2 * caches).min(MOST_MEASURED)).ok()?;
    let array = |value: u8| {
        let mut array = Vec::new();
        array.try_reserve_exact(length).ok()?;
        array.resize(length, value);
        Some(array)
    };
    let (from, mut to): (Vec<u8>, Vec<u8>) = (array(1)?, array(0)?);
    let copy = |to: &mut [u8]| {
        let pieces = to.par_chunks_mut(1 << 20).zip(from.par_chunks(1 << 20));
        pieces.for_each(|(to, from)| to.copy_from_slice(from));
    };
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let begun = Instant::now();
        copy(&mut to);
        best = best.min(begun.elapsed().as_secs_f64());
        // What only reads is faster than what also writes.
        let begun = Instant::now();
        let is_same = to.par_chunks(1 << 20).zip(from.par_chunks(1 << 20)).all(|(to, from)| to == from);
        if std::hint::black_box(is_same) {
            best = best.min(begun.elapsed().as_secs_f64());
        }
    }
    Some(2.0 * length as f64 / best.max(1e-9))
}

/// What part of the machine's bandwidth so many bytes in this time are, or why it is not known.
fn share(bytes: u64, rate: f64, machine: Option<f64>, caches: u64) -> String {
    match machine {
        // Part of what is met twice as much as they hold may still be there.
        _ if bytes < 2 * caches => "may stay in caches".into(),
        Some(machine) if rate > machine => "faster than memory was when it was measured".into(),
        Some(machine) => format!("{:.0} % of memory's bandwidth", 100.0 * rate / machine),
        None => "memory's bandwidth is not known".into(),
    }
}

fn milliseconds(took: Duration) -> String {
    format!("{:.3} ms", took.as_secs_f64() * 1e3)
}

/// The profile of a run that reads and writes so many bytes of files.
pub fn profile(plan: &Plan, took: &Took, files: u64) -> String {
    let mut text = String::new();
    let caches = caches().unwrap_or(USUAL_CACHES);
    let machine = bandwidth(caches);
    let rate = |bytes: u64, took: Duration| {
        let rate = bytes as f64 / took.as_secs_f64().max(1e-9);
        format!("{:.2} GB/s, {}", rate / 1e9, share(bytes, rate, machine, caches))
    };
    let memory = machine.map_or_else(
        || "there is no memory to measure its bandwidth".into(),
        |machine| format!("memory is read and written at up to {:.2} GB/s", machine / 1e9),
    );
    let _ = writeln!(text, "compiled in {}; {memory}", milliseconds(took.compiled));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_of_memory_and_not_of_caches() {
        let share = |bytes, rate, machine| share(bytes, rate, machine, 32 << 20);
        assert_eq!(share(1 << 30, 5e9, Some(2e10)), "25 % of memory's bandwidth");
        assert_eq!(share(1 << 20, 5e11, Some(2e10)), "may stay in caches");
        assert_eq!(share(1 << 30, 2.1e10, Some(2e10)), "faster than memory was when it was measured");
        assert_eq!(share(1 << 30, 5e9, None), "memory's bandwidth is not known");
    }

    /// Neighbours are elements of the same buffer, and an index is nowhere.
    #[test]
    fn a_buffer_counts_once() {
        let expression = fusewire::text::Expression::parse("x[1:] - x[:-1] + np.arange(999)").unwrap();
        let spec: fusewire::text::Spec = "f64[1000]".parse().unwrap();
        let plan = expression.plan(&[("x", spec.into())], &fusewire::Limits::default()).unwrap();
        assert_eq!(bytes_of(&plan, &plan.steps()[0]), 8000 + 7992);
        let expression = fusewire::text::Expression::parse("x - x.mean(axis=1)[:, None]").unwrap();
        let spec: fusewire::text::Spec = "f64[1000, 50]".parse().unwrap();
        let plan = expression.plan(&[("x", spec.into())], &fusewire::Limits::default()).unwrap();
        assert_eq!(plan.steps().iter().map(|step| bytes_of(&plan, step)).sum::<u64>(), 2 * 400_000);
    }
}
