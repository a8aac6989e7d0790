//! What a naive chain has in memory at its end, held against one that is written with the operators of ndarray and counted.

use fusewire::prelude::*;
use ndarray::{Array1, Array2, Axis as Along, s};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
/// What is smaller is no array of these tests.
const SMALLEST: usize = 64;

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() >= SMALLEST {
            LIVE.fetch_add(layout.size(), SeqCst);
        }
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if layout.size() >= SMALLEST {
            LIVE.fetch_sub(layout.size(), SeqCst);
        }
        // SAFETY: the caller's promise about `pointer` and `layout` is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes that are alive while the results of a chain are, beyond those before.
fn kept<T>(chain: impl FnOnce() -> T) -> u64 {
    let before = LIVE.load(SeqCst);
    let results = chain();
    let kept = LIVE.load(SeqCst) - before;
    drop(results);
    kept as u64
}

/// One test, as the counter counts for the whole process.
#[test]
fn chains_of_ndarray_operators_keep_what_plans_say() {
    const SHAPE: (usize, usize) = (300, 40);
    let (a, b) = (Array2::<f64>::ones(SHAPE), Array2::<f64>::ones(SHAPE));
    let row = Array1::<f64>::ones(SHAPE.1);
    let single = Array2::<f32>::ones(SHAPE);

    let g = Graph::new();
    let (x, y) = (g.input("x", F64, [300, 40]), g.input("y", F64, [300, 40]));
    let w = g.input("w", F64, [40]);
    let z = g.input("z", F32, [300, 40]);
    let naive = |output: Expr<'_>| {
        let plan = g.plan([output], &Limits::default()).unwrap();
        let report = plan.report();
        let naive = plan.naive_memory();
        assert_eq!(
            (report.memory.naive_bytes, report.memory.naive_temporaries),
            (naive.bytes, naive.temporaries)
        );
        let said = format!("a naive chain would keep {} array", naive.temporaries);
        assert!(plan.explain().to_string().contains(&said), "{}", plan.explain());
        // The last result is the output.
        (naive.temporaries, naive.bytes + report.memory.outputs)
    };

    let standardised = kept(|| {
        let apart = &a - &row;
        let scaled = &apart / &row;
        let weighted = &scaled * &b;
        let sum = &weighted + &row;
        (apart, scaled, weighted, sum)
    });
    assert_eq!(naive((x - w) / w * y + w), (3, standardised));

    let centred = kept(|| {
        let total = a.sum_axis(Along(0));
        let mean = &total / SHAPE.0 as f64;
        let apart = &a - &mean;
        (total, mean, apart)
    });
    assert_eq!(naive(x - x.sum(Axis(0)) / 300.0), (2, centred));

    let differences = kept(|| {
        // Slices are views.
        let apart = &a.slice(s![1.., ..]) - &a.slice(s![..-1, ..]);
        let doubled = &apart * 2.0;
        (apart, doubled)
    });
    assert_eq!(naive((x.slice_axis(Axis(0), 1..) - x.slice_axis(Axis(0), ..-1)) * 2.0), (1, differences));

    // ndarray adds arrays of one dtype only: one is converted before.
    let mixed = kept(|| {
        let wide = single.mapv(f64::from);
        let sum = &wide + &a;
        let root = sum.mapv(f64::sqrt);
        (wide, sum, root)
    });
    assert_eq!(naive((z + x).sqrt()), (2, mixed));
    // NumPy converts it piece by piece.
    let plan = g.plan([(z + x).sqrt()], &Limits::default()).unwrap();
    assert_eq!(plan.numpy_memory().temporaries, 1);
    assert_eq!(plan.naive_memory().bytes, plan.numpy_memory().bytes + 300 * 40 * 8);
}
