//! What a run allocates: nothing on one thread, next to nothing on two.

use fusewire::prelude::*;
use fusewire::{RecordType, RecordView};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), SeqCst);
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

fn allocated(mut run: impl FnMut()) -> usize {
    let before = ALLOCATED.load(SeqCst);
    run();
    ALLOCATED.load(SeqCst) - before
}

/// One test, as the counter counts for the whole process.
#[test]
fn runs_allocate_nothing() {
    let (rows, columns) = (2000, 600);
    let g = Graph::new();
    let x = g.input("x", F64, [rows, columns]);
    let mean = x.mean(Axis(0));
    let halved = g.custom("halved", |x: &[f64], out: &mut [f64]| {
        for (out, x) in out.iter_mut().zip(x) {
            *out = x / 2.0;
        }
    });
    let outputs = [
        halved.apply([x]).sum(All).named("half"),
        ((x - mean) * 2 + 1).named("centred"),
        x.exp().sum(Axis(1)).named("rows"),
        (x * x).sum(All).named("total"),
        (x.slice_axis(Axis(1), 0..2).max(Axis(0)) + 1).named("narrow"),
        g.concat(Axis(0), [x.sqrt(), mean.expand_dims(0)]).named("joined"),
    ];
    let plan = g.plan(outputs, &Limits::default()).unwrap();
    // The mean of each column is all that is kept.
    assert_eq!(plan.workspace_bytes(), 8 * columns as u64);
    let program = plan.compile().unwrap();
    let data: Vec<f64> = (0..rows * columns).map(|at| (at as f64 * 0.1).sin()).collect();
    let mut centred = vec![0.0; rows * columns];
    let mut joined = vec![0.0; (rows + 1) * columns];
    let (mut by_row, mut total, mut narrow, mut half) = (vec![0.0; rows], 0.0, [0.0; 2], 0.0);
    for (threads, most) in [(1, 0), (2, 4096)] {
        let program = program.clone().with_threads(threads);
        let outputs: [(&str, ViewMut<'_>); 6] = [
            ("half", (&mut half).into()),
            ("centred", ViewMut::new(&mut centred, [rows, columns])),
            ("rows", (&mut by_row).into()),
            ("total", (&mut total).into()),
            ("narrow", (&mut narrow).into()),
            ("joined", ViewMut::new(&mut joined, [rows + 1, columns])),
        ];
        let mut bound = program.bind([("x", View::new(&data, [rows, columns]))], outputs).unwrap();
        // The pool starts its threads once for the whole process.
        bound.run().unwrap();
        for _ in 0..10 {
            let bytes = allocated(|| bound.run().unwrap());
            assert!(bytes <= most, "{bytes} bytes on {threads} threads");
        }
    }
    row_stages_allocate_a_few_rows();
    one_kernel_needs_no_array_between();
    routines_allocate_nothing();
    // The counter counts.
    assert!(allocated(|| drop(std::hint::black_box(vec![1u8; 12345]))) >= 12345);
}

/// Binding takes what the plan says and what calls need; running takes nothing.
fn row_stages_allocate_a_few_rows() {
    let (rows, width) = (2048, 1024);
    let bytes = rows * width * size_of::<f32>();
    let g = Graph::new();
    let x = g.input("x", F32, [rows, width]);
    let last = || Axes::from(Axis(-1)).keepdims();
    let stages =
        [x.softmax(Axis(-1)), (x - x.mean(last())) / x.std(last()), (x - x.mean(Axis(0))) / x.std(Axis(0))];
    let data: Vec<f32> = (0..rows * width).map(|at| (at as f32 * 0.1).sin()).collect();
    let mut out = vec![0f32; rows * width];
    for stage in stages {
        let plan = g.plan([stage], &Limits::default()).unwrap();
        assert!(plan.workspace_bytes() <= 32 * 1024, "{}", plan.explain());
        let program = plan.compile().unwrap();
        for (threads, most) in [(1, 0), (2, 4096)] {
            let program = program.clone().with_threads(threads);
            let mut most_of_binding = usize::MAX;
            for _ in 0..2 {
                let before = ALLOCATED.load(SeqCst);
                let out = ViewMut::new(&mut out, [rows, width]);
                let mut bound =
                    program.bind([("x", View::new(&data, [rows, width]))], [("out", out)]).unwrap();
                let binding = ALLOCATED.load(SeqCst) - before;
                bound.run().unwrap();
                let running = allocated(|| bound.run().unwrap());
                assert!(running <= most, "{running} bytes to run on {threads} threads");
                // What has to be compiled is compiled the first time.
                most_of_binding = most_of_binding.min(binding);
            }
            assert!(most_of_binding < bytes / 4, "{most_of_binding} bytes to bind on {threads} threads");
        }
    }
}

/// Distances of all pairs, a stencil on the inside of an array, and fields of records: one kernel each.
fn one_kernel_needs_no_array_between() {
    let g = Graph::new();
    let (count, width) = (300, 40);
    let [u, v] = ["u", "v"].map(|name| g.input(name, F64, [count, width]));
    let distances = (u.expand_dims(1) - v.expand_dims(0)).square().sum(Axis(-1));
    let size = 500;
    let a = g.input("a", F64, [size, size]);
    let at = |rows: (i64, i64), columns: (i64, i64)| {
        a.index((Slice::new(rows.0, rows.1), Slice::new(columns.0, columns.1)))
    };
    let (inside, last) = ((1, -1), size as i64);
    let stencil = (at(inside, inside)
        + at(inside, (0, -2))
        + at(inside, (2, last))
        + at((2, last), inside)
        + at((0, -2), inside))
        * 0.2;
    let row = RecordType::packed([("id", U8.into()), ("price", F64.into()), ("count", I32.into())]).unwrap();
    let rows = g.records("rows", &row, [100_000]);
    let revenue = (rows.field("price") * rows.field("count")).masked(rows.field("count").greater(3)).sum(All);
    let data: Vec<f64> = (0..size * size).map(|at| (at as f64 * 0.1).sin()).collect();
    let bytes: Vec<u8> = (0..100_000 * row.itemsize()).map(|at| at as u8 & 63).collect();
    let mut out = vec![0.0; size * size];
    for (output, least) in [(distances, count * count * width), (stencil, size * size), (revenue, 100_000)] {
        let plan = g.plan([output.named("out")], &Limits::default()).unwrap();
        assert_eq!((plan.kernels().len(), plan.workspace_bytes()), (1, 0), "{}", plan.explain());
        let needs = |name: &str| plan.inputs().iter().any(|port| port.bound_name() == name);
        let mut inputs: Vec<(&str, View<'_>)> = Vec::new();
        for name in ["u", "v"].into_iter().filter(|name| needs(name)) {
            inputs.push((name, View::new(&data[..count * width], [count, width])));
        }
        if needs("a") {
            inputs.push(("a", View::new(&data, [size, size])));
        }
        if needs("rows") {
            inputs.push(("rows", RecordView::from_bytes(&row, &bytes).into()));
        }
        // The output of the stencil is the inside of a larger array.
        let to = match output.ndim() {
            Some(0) => ViewMut::new(&mut out[..1], []),
            _ if needs("a") => {
                ViewMut::strided(&mut out, &[size - 2, size - 2], &[size as isize, 1], size + 1)
            }
            _ => ViewMut::new(&mut out[..count * count], [count, count]),
        };
        let program = plan.clone().compile().unwrap().with_threads(1);
        let before = ALLOCATED.load(SeqCst);
        let mut bound = program.bind(inputs, [("out", to)]).unwrap();
        bound.run().unwrap();
        let binding = ALLOCATED.load(SeqCst) - before;
        assert!(binding < 64 << 10 && binding < least, "{binding} bytes to bind and run");
        assert_eq!(allocated(|| bound.run().unwrap()), 0);
    }
}

fn routines_allocate_nothing() {
    let (rows, columns) = (200, 600);
    let g = Graph::new();
    let x = g.input("x", F64, [rows, columns]);
    let outputs = [
        (x + 1).argsort(Axis(0)).named("order"),
        x.cumulative_sum(Axis(1)).named("running"),
        x.take(x.slice_axis(Axis(0), 0..1).squeeze(0).argsort(Axis(0)), Axis(1)).sort(Axis(1)).named("taken"),
    ];
    let program = g.plan(outputs, &Limits::default()).unwrap().compile().unwrap();
    let data: Vec<f64> = (0..rows * columns).map(|at| (at as f64 * 0.1).sin()).collect();
    let (mut running, mut taken) = (vec![0.0; rows * columns], vec![0.0; rows * columns]);
    let mut order = vec![0i64; rows * columns];
    for (threads, most) in [(1, 0), (2, 4096)] {
        let program = program.clone().with_threads(threads);
        let outputs: [(&str, ViewMut<'_>); 3] = [
            ("order", ViewMut::new(&mut order, [rows, columns])),
            ("running", ViewMut::new(&mut running, [rows, columns])),
            ("taken", ViewMut::new(&mut taken, [rows, columns])),
        ];
        let mut bound = program.bind([("x", View::new(&data, [rows, columns]))], outputs).unwrap();
        bound.run().unwrap();
        for _ in 0..10 {
            let bytes = allocated(|| bound.run().unwrap());
            assert!(bytes <= most, "{bytes} bytes on {threads} threads");
        }
    }
}
