//! The batch job that asked for 400 GB, told by the program that refuses it.
//!
//! `cargo run --release --example incident` first plans the job at production size, without data:
//! both forms of the accident are refused, the repaired expression is explained. Then it runs the
//! repaired expression on a few hundred megabytes, beside the same chain of ndarray operators.

use fusewire::prelude::*;
use ndarray::{Array1, Array2};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// The system's allocator, with a count of the bytes it handed out.
struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Relaxed);
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise about `pointer` and `layout` is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const USERS: u64 = 5_000_000;
const FEATURES: u64 = 1000;
const CLUSTERS: u64 = 10;

/// The expression as it was meant: `((features - mu) / sigma) * weights + bias`.
fn repaired(g: &Graph, users: u64) -> Result<Plan, Error> {
    let features = g.input("features", F64, [users, FEATURES]);
    let [mu, sigma, weights, bias] =
        ["mu", "sigma", "weights", "bias"].map(|name| g.input(name, F64, [FEATURES]));
    let score = ((features - mu) / sigma) * weights + bias;
    g.plan([score.named("score")], &Limits::default())
}

fn plan_at_production_size() -> Result<(), Error> {
    println!("# (5M, 1000) * (10,): refused, as NumPy does\n");
    let g = Graph::new();
    let features = g.input("user_features", F64, [USERS, FEATURES]);
    let weights = g.input("per_cluster_weights", F64, [CLUSTERS]);
    report(g.plan([features * weights], &Limits::default()));

    println!("# (5M, 1000, 1) * (10,): NumPy allocates 400 GB; refused before a byte is touched\n");
    let g = Graph::new();
    let features = g.input("user_features", F64, [USERS, FEATURES, 1]);
    let weights = g.input("per_cluster_weights", F64, [CLUSTERS]);
    report(g.plan([features * weights], &Limits::default()));

    println!("# (n,) - (n, 1) for n = 10 million: the same accident from a stray reshape\n");
    let g = Graph::new();
    let predicted = g.input("predicted", F64, [10_000_000]);
    let actual = g.input("actual", F64, [10_000_000, 1]);
    report(g.plan([(predicted - actual).square().mean(All)], &Limits::default()));

    println!("# ((features - mu) / sigma) * weights + bias, as it was meant, at full size\n");
    let g = Graph::new();
    println!("{}", repaired(&g, USERS)?.explain());
    Ok(())
}

fn report(planned: Result<Plan, Error>) {
    println!("{}\n", planned.expect_err("a plan of this size is refused"));
}

/// The best of five runs, and the bytes that the last one allocated.
fn measured(mut run: impl FnMut()) -> (Duration, usize) {
    let mut best = Duration::MAX;
    let mut allocated = 0;
    for _ in 0..5 {
        let (before, start) = (ALLOCATED.load(Relaxed), Instant::now());
        run();
        best = best.min(start.elapsed());
        allocated = ALLOCATED.load(Relaxed) - before;
    }
    (best, allocated)
}

fn run_on_real_arrays() -> Result<(), Error> {
    let users = 20_000;
    let wave = |count: u64, step: f64| (0..count).map(move |at| (at as f64 * step).sin() + 1.5);
    let features = Array2::from_shape_fn((users, FEATURES as usize), |(user, feature)| {
        ((user * 7 + feature) as f64 * 0.013).sin()
    });
    let [mu, sigma, weights, bias] =
        [0.3, 0.7, 0.9, 1.1].map(|step| wave(FEATURES, step).collect::<Array1<f64>>());

    let g = Graph::new();
    let program = repaired(&g, users as u64)?.compile()?;
    let mut out = Array2::<f64>::zeros(features.dim());
    let (fused, fused_bytes) = {
        let inputs = [
            ("features", View::from(&features)),
            ("mu", (&mu).into()),
            ("sigma", (&sigma).into()),
            ("weights", (&weights).into()),
            ("bias", (&bias).into()),
        ];
        let mut bound = program.bind(inputs, [("score", &mut out)])?;
        bound.run()?;
        measured(|| bound.run().expect("no indices to be wrong"))
    };

    let mut chained = Array2::zeros((0, 0));
    let (naive, naive_bytes) = measured(|| chained = ((&features - &mu) / &sigma) * &weights + &bias);
    assert!(out == chained, "the fused loop gives the bits of the chain of operators");

    let traffic = 2 * features.len() * 8;
    println!(
        "# The same on {users} users, {} MB in and out; both results have the same bits\n",
        traffic / 1_000_000
    );
    for (name, time, bytes) in
        [("one fused loop through `out`", fused, fused_bytes), ("ndarray operators", naive, naive_bytes)]
    {
        let speed = traffic as f64 / time.as_secs_f64() / 1e9;
        let milliseconds = time.as_secs_f64() * 1e3;
        println!("{name:30} {milliseconds:7.1} ms  {speed:5.1} GB/s  {bytes:>11} bytes allocated in the run");
    }
    Ok(())
}

fn main() -> Result<(), Error> {
    plan_at_production_size()?;
    run_on_real_arrays()
}
