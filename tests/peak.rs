//! The peak of memory that a plan promises, held against an allocator that counts.

#[path = "common/gallery.rs"]
#[allow(dead_code)]
mod gallery;

use fusewire::ir::plan::Task;
use fusewire::ir::routine::Routine;
use fusewire::prelude::*;
use fusewire::testing::{TypedArray, recipes};
use fusewire::{Recipe, View, ViewMut};
use proptest::strategy::{Strategy as _, ValueTree as _};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), SeqCst) + layout.size();
        PEAK.fetch_max(live, SeqCst);
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), SeqCst);
        // SAFETY: the caller's promise about `pointer` and `layout` is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most bytes that were alive at once beyond those before, while this ran.
fn peak_of<T>(run: impl FnOnce() -> T) -> (usize, T) {
    let before = LIVE.load(SeqCst);
    PEAK.store(before, SeqCst);
    let made = run();
    (PEAK.load(SeqCst) - before, made)
}

/// What a binding keeps to find its way, for each kernel and thread: addresses, strides, positions.
const BOOKKEEPING: usize = 24 << 10;

type Views<'a> = (Vec<(&'a str, View<'a>)>, Vec<(&'a str, ViewMut<'a>)>);

fn views<'a>(plan: &'a Plan, inputs: &'a [TypedArray], outputs: &'a mut [TypedArray]) -> Views<'a> {
    let read = plan.inputs().iter().zip(inputs).map(|(port, array)| (&*port.name, array.view()));
    let written = plan.outputs().iter().zip(outputs).map(|(port, array)| (&*port.name, array.view_mut()));
    (read.collect(), written.collect())
}

/// Binds and runs a plan, and holds what it allocates against what the plan says; its scratch memory.
fn check(name: &str, plan: &Plan, threads: usize) -> usize {
    let promised = plan.workspace_bytes() as usize;
    let sizes =
        |port: &fusewire::ir::plan::Port| -> Vec<u64> { port.array.shape.iter().map(Dim::upper).collect() };
    let inputs: Vec<TypedArray> = plan
        .inputs()
        .iter()
        .zip(0..)
        .map(|(port, seed)| TypedArray::random(port.array.dtype, &sizes(port), seed))
        .collect();
    let mut outputs: Vec<TypedArray> =
        plan.outputs().iter().map(|port| TypedArray::random(port.array.dtype, &sizes(port), 0)).collect();
    let program = plan.clone().compile().unwrap().with_threads(threads);
    // The code for these layouts is made once.
    {
        let (read, written) = views(plan, &inputs, &mut outputs);
        program.bind(read, written).unwrap().run().unwrap();
    }
    let (read, written) = views(plan, &inputs, &mut outputs);
    let (peak, (workspace, scratch)) = peak_of(|| {
        let mut bound = program.bind(read, written).unwrap();
        bound.run().unwrap();
        (bound.workspace_bytes(), bound.scratch_bytes())
    });
    assert!(workspace <= promised, "{name}: {workspace} bytes of workspace, {promised} promised");
    let most = workspace + scratch + BOOKKEEPING * plan.tasks().count() * threads;
    assert!(peak <= most, "{name}: {peak} bytes at once; workspace {workspace}, scratch {scratch}");
    // What products of floats copy to is at most so much.
    let packs = plan.tasks().any(|task| match task {
        Task::Routine(call) => call.result.dtype.is_float() && matches!(call.routine, Routine::Matmul { .. }),
        Task::Kernel(_) => false,
    });
    assert!(
        packs || peak >= workspace + scratch,
        "{name}: {peak} bytes, but {workspace} and {scratch} are said to be had"
    );
    scratch
}

/// The most scratch memory that a call of code has for each total: the lanes and trees of a tile of results.
const SCRATCH: usize = 80 << 10;

/// Runs a plan piece by piece, and holds what it allocates against what the cut plan says.
fn check_pieces(name: &str, plan: &Plan, port: &str, axis: Axis, bytes: u64) {
    let chunked = plan.chunked_along(port, axis, bytes).unwrap();
    assert!(chunked.pieces() > 2 && chunked.bytes() <= bytes, "{name}: {} pieces", chunked.pieces());
    let workspace = chunked.plan().workspace_bytes() as usize;
    let totals: usize = chunked.plan().kernels().iter().map(|kernel| kernel.reductions.len()).sum();
    let tasks = chunked.plan().tasks().count();
    let sizes =
        |port: &fusewire::ir::plan::Port| -> Vec<u64> { port.array.shape.iter().map(Dim::upper).collect() };
    let random = |(port, seed): (&fusewire::ir::plan::Port, u64)| {
        TypedArray::random(port.array.dtype, &sizes(port), seed)
    };
    let inputs: Vec<TypedArray> = plan.inputs().iter().zip(0..).map(random).collect();
    let mut outputs: Vec<TypedArray> = plan.outputs().iter().zip(0..).map(random).collect();
    let program = chunked.compile().unwrap().with_threads(1);
    let mut peak = 0;
    // The code for these layouts is made by the first run.
    for _ in 0..2 {
        let (read, written) = views(plan, &inputs, &mut outputs);
        peak = peak_of(|| program.run(read, written).unwrap()).0;
    }
    let most = workspace + SCRATCH * totals + BOOKKEEPING * tasks;
    assert!(peak <= most, "{name}: {peak} bytes at once, {workspace} of workspace and {totals} totals");
}

/// Products of any size copy blocks of their operands to memory that does not grow with them.
fn products() {
    for (rows, summed, columns) in [(3, 5, 4), (70, 300, 90), (65, 260, 1100), (1, 2000, 1)] {
        let g = Graph::new();
        let (a, b) = (g.input("a", F64, [rows, summed]), g.input("b", F64, [summed, columns]));
        let (c, d) = (g.input("c", F32, [2, rows, summed]), g.input("d", F32, [2, summed, columns]));
        for output in [a.matmul(b), (a * 2).matmul(b) + 1, c.matmul(d)] {
            let plan = g.plan([output.named("product")], &Limits::default()).unwrap();
            for threads in [1, 3] {
                let scratch = check(&format!("product of {rows}, {summed}, {columns}"), &plan, threads);
                assert!((1..threads * (3 << 20)).contains(&scratch), "{scratch}");
            }
        }
    }
}

fn pieces() {
    let g = Graph::new();
    let x = g.input("x", F64, [4000, 300]);
    let n = g.input("n", F32, [1_000_000]);
    // Products of floats allocate blocks that they copy their operands to.
    let (a, b) = (g.input("a", I64, [4000, 300]), g.input("b", I64, [300, 200]));
    let kept = (x - 1).exp().store(Always);
    let cases = [
        ("kept", kept + kept.flip(Axis(1)), "x", 300_000),
        ("columns", kept.sum(Axis(0)), "x", 500_000),
        ("total", kept.flip(Axis(1)).max(All) + 1, "x", 200_000),
        ("standardised", (x - x.mean(Axis(0))) / x.std(Axis(0)), "x", 500_000),
        ("softmax", n.softmax(Axis(0)), "n", 100_000),
        ("sorted", (x * 2).sort(Axis(1)) + 1, "x", 300_000),
        ("product", (a * 2).matmul(b), "a", 900_000),
    ];
    for (name, output, port, bytes) in cases {
        let plan = g.plan([output.named(name)], &Limits::default()).unwrap();
        check_pieces(name, &plan.unblocked().unwrap(), port, Axis(0), bytes);
    }
}

/// One test, as the counter counts for the whole process.
#[test]
fn the_peak_is_what_the_plan_promises() {
    for (name, build) in gallery::PLANS {
        let g = Graph::new();
        let plan = g.plan(build(&g), &Limits::default()).unwrap();
        if plan.peak_bytes() < 8_000_000 && plan.dims().is_empty() {
            for threads in [1, 3] {
                check(name, &plan, threads);
            }
        }
    }
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut stored = 0;
    for at in 0..120 {
        let recipe: Recipe = recipes(20).new_tree(&mut runner).unwrap().current();
        let plan = recipe.plan(&Limits::default()).unwrap();
        stored += usize::from(plan.workspace_bytes() > 0);
        check(&format!("random {at}"), &plan, 1 + at % 2);
    }
    assert!(stored > 10, "{stored}");
    products();
    pieces();
}
