//! The peak of memory that a plan promises, held against an allocator that counts.

#[path = "common/gallery.rs"]
#[allow(dead_code)]
mod gallery;

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

/// Binds and runs a plan, and holds what it allocates against what the plan says.
fn check(name: &str, plan: &Plan, threads: usize) {
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
    assert!(
        peak >= workspace + scratch,
        "{name}: {peak} bytes, but {workspace} and {scratch} are said to be had"
    );
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
}
