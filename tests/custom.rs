//! Functions that a user writes, inside fused loops.

use fusewire::DiagnosticKind;
use fusewire::prelude::*;
use fusewire::testing::check;

fn smoothstep(x: &[f64], out: &mut [f64]) {
    for (out, x) in out.iter_mut().zip(x) {
        let x = x.clamp(0.0, 1.0);
        *out = x * x * (3.0 - 2.0 * x);
    }
}

#[test]
fn it_fuses_with_what_is_around_it() {
    let g = Graph::new();
    let (x, w) = (g.input("x", F64, [7, 300]), g.input("w", F64, [7, 300]));
    let smooth = g.custom("smoothstep", smoothstep);
    let blended = g.custom("blend", |a: &[f64], b: &[f64], t: &[f32], out: &mut [f64]| {
        for (((out, a), b), t) in out.iter_mut().zip(a).zip(b).zip(t) {
            *out = a + (b - a) * f64::from(*t);
        }
    });
    let t = g.input("t", F32, [7, 1]);
    let y = blended.apply([smooth.apply([x * 0.5 + w]).exp(), w.sqrt(), t]) - smooth.apply([w]);
    let plan = g.plan([y.named("y"), y.sum(Axis(1)).named("total")], &Limits::default()).unwrap();
    assert_eq!((plan.kernels().len(), plan.workspace_bytes()), (1, 0));
    assert!(plan.explain().to_string().contains("blend"));
    // Alone and fused, in every layout, against the reference, which calls it on single elements.
    check(&g.recipe([y.named("y"), y.sum(Axis(1)).named("total")]).unwrap()).unwrap();
}

#[test]
fn every_dtype_and_length_goes_through_tiles() {
    for length in [0u64, 1, 3, 16, 255, 256, 257, 1000] {
        let g = Graph::new();
        let even = g.custom("is_even", |x: &[u8], out: &mut [bool]| {
            out.iter_mut().zip(x).for_each(|(out, x)| *out = x % 2 == 0);
        });
        let count = g.custom("count", |mask: &[bool], x: &[i16], out: &mut [i64]| {
            for ((out, mask), x) in out.iter_mut().zip(mask).zip(x) {
                *out = i64::from(*mask) * i64::from(*x);
            }
        });
        let half = g.custom("halve", |x: &[fusewire::half::f16], out: &mut [f32]| {
            out.iter_mut().zip(x).for_each(|(out, x)| *out = x.to_f32() / 2.0);
        });
        let bytes = g.input("bytes", U8, [length]);
        let mask = even.apply([bytes]);
        let outputs = [
            mask.named("mask"),
            count.apply([mask, g.input("words", I16, [length])]).named("count"),
            half.apply([g.input("halves", F16, [length])]).named("half"),
            count.apply([mask.into(), fusewire::Argument::from(7)]).named("number"),
            even.apply([bytes.flip(Axis(0))]).named("flipped"),
        ];
        check(&g.recipe(outputs).unwrap()).unwrap();
    }
}

#[test]
fn what_it_does_not_take_is_refused() {
    let g = Graph::new();
    let f = g.custom("smoothstep", smoothstep);
    let (x, n) = (g.input("x", F64, [3]), g.input("n", F32, [4]));
    // A narrower float is converted, an integer of 64 bits by NumPy's rules as well.
    assert_eq!(f.apply([n]).dtype(), Some(F64));
    assert_eq!(f.apply([g.input("i", I64, [3])]).dtype(), Some(F64));
    assert_eq!(f.apply([fusewire::Argument::from(2)]).shape(), Some(().into()));
    let single = g.custom("single", |x: &[f32], out: &mut [f32]| out.copy_from_slice(x));
    let bytes = g.custom("bytes", |x: &[u8], out: &mut [u8]| out.copy_from_slice(x));
    let other = Graph::new();
    let none: [Expr<'_>; 0] = [];
    let error = g
        .plan(
            [
                f.apply([x, x]).named("too many"),
                f.apply(none).named("too few"),
                single.apply([x]).named("loses digits"),
                bytes.apply([fusewire::Argument::from(300)]).named("does not fit"),
                f.apply([other.input("y", F64, [3])]).named("foreign"),
            ],
            &Limits::default(),
        )
        .unwrap_err();
    insta::assert_snapshot!(error);
    assert_eq!(error.diagnostics().len(), 5);
    // Broadcasts are checked as those of any operation.
    let add = g.custom("add", |x: &[f64], y: &[f64], out: &mut [f64]| {
        out.iter_mut().zip(x.iter().zip(y)).for_each(|(out, (x, y))| *out = x + y);
    });
    let sum = add.apply([x, n]);
    let error = g.plan([sum], &Limits::default()).unwrap_err();
    assert_eq!(error.kind(), DiagnosticKind::Shape);
    let [diagnostic] = error.diagnostics() else { panic!("{error}") };
    assert!(diagnostic.message.contains("`add`"), "{error}");
    assert_eq!(diagnostic.site, Some(sum.location()));
    let column = g.input("column", F64, [10_000_000, 1]);
    let row = g.input("row", F64, [20]);
    let error = g.plan([add.apply([column, row])], &Limits::default()).unwrap_err();
    assert_eq!(error.kind(), DiagnosticKind::Limit);
    assert_eq!(error.diagnostics()[0].factor, Some(20.0));
}

#[test]
fn a_panic_in_it_reaches_the_caller() {
    for count in [10usize, 3_000_000] {
        let g = Graph::new();
        let f = g.custom("fussy", |x: &[f64], out: &mut [f64]| {
            assert!(x.iter().all(|x| *x < 5.0), "five is too much");
            out.copy_from_slice(x);
        });
        let program = g.plan([f.apply([g.input("x", F64, [count])])], &Limits::default());
        let program = program.unwrap().compile().unwrap();
        let mut out = vec![0.0; count];
        let mut x = vec![1.0; count];
        program.run([("x", &x)], [("out", &mut out)]).unwrap();
        x[count / 2] = 5.0;
        let run = std::panic::AssertUnwindSafe(|| program.run([("x", &x)], [("out", &mut out)]));
        let panic = std::panic::catch_unwind(run).unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"five is too much"));
        // And the program can be used again.
        x[count / 2] = 4.0;
        program.run([("x", &x)], [("out", &mut out)]).unwrap();
        assert_eq!(out, x);
    }
}

/// It is not called on the tiles that are left.
#[test]
fn the_first_panic_is_the_last() {
    let g = Graph::new();
    let calls = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = calls.clone();
    let f = g.custom("positive", move |x: &[f64], out: &mut [bool]| {
        counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        assert!(x.iter().all(|x| *x > 0.0), "element {} is not positive", x[0]);
        out.fill(true);
    });
    let plan = g.plan([f.apply([g.input("x", F64, [5000])])], &Limits::default()).unwrap();
    let program = plan.compile().unwrap().with_threads(1);
    let x: Vec<f64> = (0..5000).map(|at| 600.0 - f64::from(at)).collect();
    let mut out = [false; 5000];
    let run = std::panic::AssertUnwindSafe(|| program.run([("x", &x)], [("out", &mut out)]));
    let panic = std::panic::catch_unwind(run).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), "element 88 is not positive");
    assert_eq!(calls.load(std::sync::atomic::Ordering::Relaxed), 3);
}

#[test]
fn a_number_that_its_dtype_does_not_hold_is_refused() {
    let g = Graph::new();
    let bytes = g.custom("bytes", |x: &[u8], out: &mut [u8]| out.copy_from_slice(x));
    let masks = g.custom("masks", |x: &[bool], out: &mut [bool]| out.copy_from_slice(x));
    let singles = g.custom("singles", |x: &[f32], out: &mut [f32]| out.copy_from_slice(x));
    let refused = [bytes.apply([2.5]), bytes.apply([f64::NAN]), masks.apply([7]), masks.apply([0.5])];
    let error =
        g.plan(refused.iter().enumerate().map(|(at, x)| x.named(&format!("{at}"))), &Limits::default());
    let error = error.unwrap_err();
    assert_eq!(error.diagnostics().len(), 4);
    assert!(error.diagnostics().iter().all(|diagnostic| diagnostic.kind == DiagnosticKind::DType), "{error}");
    for taken in [bytes.apply([true]), bytes.apply([255]), masks.apply([true]), singles.apply([1e300])] {
        g.plan([taken], &Limits::default()).unwrap();
    }
}

/// The slices have the length of a tile, whatever the function thinks of it.
#[test]
fn reaching_beyond_its_slices_is_a_panic_with_a_place() {
    let g = Graph::new();
    let beyond = g.custom("beyond", |x: &[f64], out: &mut [f64]| out[x.len()] = 1.0);
    let longer = g.custom("longer", |x: &[f64], out: &mut [f64]| out.copy_from_slice(&[x, x].concat()));
    let x = g.input("x", F64, [5]);
    for function in [beyond, longer] {
        let program = g.plan([function.apply([x])], &Limits::default()).unwrap().compile().unwrap();
        let mut memory = [-1.0; 7];
        let run =
            std::panic::AssertUnwindSafe(|| program.run([("x", &[1.0; 5])], [("out", &mut memory[1..6])]));
        let panic = std::panic::catch_unwind(run).unwrap_err();
        let text = panic.downcast_ref::<String>().expect("the message of the slice");
        assert!(text.contains("length") || text.contains("len"), "{text}");
        assert_eq!([memory[0], memory[6]], [-1.0; 2]);
    }
}

#[test]
fn it_lives_as_long_as_its_code() {
    struct Token(std::sync::Arc<()>);
    let alive = std::sync::Arc::new(());
    let g = Graph::new();
    let token = Token(alive.clone());
    let f = g.custom("holds", move |x: &[f64], out: &mut [f64]| {
        let _ = &token.0;
        out.copy_from_slice(x);
    });
    let program = g.plan([f.apply([g.input("x", F64, [3])])], &Limits::default()).unwrap().compile().unwrap();
    drop(f);
    drop(g);
    let mut out = [0.0; 3];
    program.run([("x", &[1.0, 2.0, 3.0])], [("out", &mut out)]).unwrap();
    assert_eq!(out, [1.0, 2.0, 3.0]);
    assert!(std::sync::Arc::strong_count(&alive) > 1);
}

/// A loop that ends early is no result of zeros.
#[test]
fn elements_that_it_does_not_write_are_a_panic() {
    let g = Graph::new();
    let halves = g.custom("halves", |x: &[f64], out: &mut [f64]| {
        let count = x.len() / 2;
        out[..count].copy_from_slice(&x[..count]);
    });
    let x = g.input("x", F64, [600]);
    let plan = g.plan([halves.apply([x]).named("out")], &Limits::default()).unwrap();
    let program = plan.compile().unwrap();
    let (x, mut out) = ([1.0; 600], [0.0; 600]);
    let run = std::panic::AssertUnwindSafe(|| program.run([("x", &x)], [("out", &mut out)]));
    let panic = std::panic::catch_unwind(run).unwrap_err();
    let said = "`halves` wrote nothing to 128 of the 256 elements of its result";
    assert_eq!(panic.downcast_ref::<String>().unwrap(), said);
}

/// Results may be what the memory is filled with before.
#[test]
fn results_may_be_any_bits() {
    let g = Graph::new();
    let same = g.custom("same", |x: &[u32], out: &mut [u32]| out.copy_from_slice(x));
    let x = g.input("x", U32, [4]);
    let plan = g.plan([same.apply([x]).named("out")], &Limits::default()).unwrap();
    let (x, mut out) = ([0xa5a5_a5a5, 0x5a5a_5a5a, 0, u32::MAX], [1u32; 4]);
    plan.compile().unwrap().run([("x", &x)], [("out", &mut out)]).unwrap();
    assert_eq!(out, x);
}
