//! Functions composed of operations, against NumPy.

use fusewire::Indexing;
use fusewire::prelude::*;

fn computed<const N: usize>(x: [f64; N], f: impl for<'g> Fn(Expr<'g>) -> Expr<'g>) -> [f64; N] {
    let g = Graph::new();
    let y = f(g.input("x", F64, [N as u64])).astype(F64).named("y");
    let program = g.plan([y], &Limits::default()).unwrap().compile().unwrap();
    let mut out = [0.0; N];
    program.run([("x", &x)], [("y", &mut out)]).unwrap();
    out
}

#[test]
fn round_is_numpys() {
    // np.round([0.5, 1.5, -2.5, 2.675, 1234.5, 0.05, 1e300], d)
    let x = [0.5, 1.5, -2.5, 2.675, 1234.5, 0.05, 1e300];
    assert_eq!(computed(x, |x| x.round(0)), [0.0, 2.0, -2.0, 3.0, 1234.0, 0.0, 1e300]);
    assert_eq!(computed(x, |x| x.round(2)), [0.5, 1.5, -2.5, 2.68, 1234.5, 0.05, 1e300]);
    assert_eq!(computed(x, |x| x.round(-2)), [0.0, 0.0, 0.0, 0.0, 1200.0, 0.0, 1e300]);
    let g = Graph::new();
    let n = g.input("n", I32, [3]);
    assert_eq!(n.round(2).dtype(), Some(I32));
    assert_eq!(n.round(-1).dtype(), Some(I32));
    let program = g.plan([n.round(-1)], &Limits::default()).unwrap().compile().unwrap();
    let mut out = [0; 3];
    program.run([("n", &[14, -25, 35])], [("out", &mut out)]).unwrap();
    assert_eq!(out, [10, -20, 40]);
}

#[test]
fn divmod_shares_a_pass() {
    let g = Graph::new();
    let (quotient, rest) = g.input("x", I64, [4]).divmod(3);
    let plan = g.plan([quotient.named("q"), rest.named("r")], &Limits::default()).unwrap();
    assert_eq!(plan.kernels().len(), 1);
    let (mut q, mut r) = ([0i64; 4], [0i64; 4]);
    plan.compile().unwrap().run([("x", &[7i64, -7, 0, -9])], [("q", &mut q), ("r", &mut r)]).unwrap();
    assert_eq!((q, r), ([2, -3, 0, -3], [1, 2, 0, 0]));
}

#[test]
fn isclose_has_a_tolerance() {
    let g = Graph::new();
    let (a, b) = (g.input("a", F64, [6]), g.input("b", F64, [6]));
    let outputs = [a.isclose(b).named("numpys"), a.isclose_within(b, 0.0, 0.1).named("wide")];
    let program = g.plan(outputs, &Limits::default()).unwrap().compile().unwrap();
    let (x, y) = (
        [1.0, 1.0, f64::INFINITY, f64::NAN, 0.0, 1e9],
        [1.000_001, 1.05, f64::INFINITY, f64::NAN, 1e-9, 1.1e9],
    );
    let (mut numpys, mut wide) = ([false; 6], [false; 6]);
    program.run([("a", &x), ("b", &y)], [("numpys", &mut numpys), ("wide", &mut wide)]).unwrap();
    assert_eq!(numpys, [true, false, true, false, true, false]);
    assert_eq!(wide, [true, true, true, false, true, false]);
}

#[test]
fn reductions_of_one_array_share_a_pass() {
    let g = Graph::new();
    let x = g.input("x", F64, [64, 30]);
    let kernels = |output: Expr<'_>| {
        let plan = g.plan([output], &Limits::default()).unwrap();
        (plan.kernels().len(), plan.workspace_bytes())
    };
    for output in [x.any(Axis(1)), x.ptp(Axis(1)), x.nanmean(Axis(1)), x.nanmin(Axis(1)), x.norm(Axis(1))] {
        assert_eq!(kernels(output), (1, 0), "{output:?}");
    }
    // What is compared with a mean or an extreme waits for it.
    for output in [x.var(Axis(1)), x.argmax(Axis(1)), x.logsumexp(Axis(1))] {
        assert_eq!(kernels(output), (2, 512), "{output:?}");
    }
    let views = [x.flip(All), x.rot90(1, [0, 1]), x.swapaxes(0, 1), x.diff(2, Axis(0)), x.tril(0)];
    for output in views.into_iter().chain(g.meshgrid([g.arange(0, 9, 1), g.arange(0, 5, 1)], Indexing::Ij)) {
        assert_eq!(kernels(output), (1, 0), "{output:?}");
    }
}

#[test]
fn dtypes_meet_in_weights_as_numpys_do() {
    let g = Graph::new();
    let of = |dtype: DType| g.input(dtype.name(), dtype, [3]);
    for (x, weights, result) in [
        (F32, F32, F32),
        (F16, F32, F32),
        (F32, F16, F32),
        (Bool, F32, F64),
        (F32, I32, F64),
        (I8, Bool, F64),
    ] {
        assert_eq!(of(x).average(All, of(weights)).dtype(), Some(result), "{x} by {weights}");
    }
}

#[test]
fn arrays_like_another_and_close_to_it() {
    let g = Graph::new();
    let n = g.dim("n", 0..=9);
    let x = g.input("x", I8, [n]);
    let full = x.full_like(300);
    assert_eq!((full.dtype(), full.shape()), (x.dtype(), x.shape()));
    let outputs = [
        full.named("full"),
        (x.zeros_like() + x.ones_like()).named("one"),
        x.allclose(x.ones_like()).astype(I8).named("close"),
    ];
    let program = g.plan(outputs, &Limits::default()).unwrap().compile().unwrap();
    let (mut full, mut one, mut close) = ([0i8; 2], [0i8; 2], 0i8);
    program
        .run(
            [("x", &[1i8, 2])],
            [("full", ViewMut::from(&mut full)), ("one", (&mut one).into()), ("close", (&mut close).into())],
        )
        .unwrap();
    assert_eq!((full, one, close), ([44; 2], [1; 2], 0));
}

#[test]
fn operators_that_assign_are_those_that_do_not() {
    let g = Graph::new();
    let (x, n) = (g.input("x", F64, [3]), g.input("n", I64, [3]));
    let (mut y, mut m) = (x, n);
    y += 1.0;
    y *= x;
    y -= x;
    y /= 2.0;
    y %= 5.0;
    m <<= 2;
    m |= n;
    m ^= 1;
    m &= 7;
    m >>= 1;
    assert_eq!(y.location().line, line!() - 6);
    let plan = g.plan(
        [
            y.named("y"),
            m.named("m"),
            (((x + 1.0) * x - x) / 2.0 % 5.0).named("again"),
            ((((n << 2 | n) ^ 1) & 7) >> 1).named("again_m"),
        ],
        &Limits::default(),
    );
    let ([mut y, mut again], [mut m, mut again_m]) = ([[0.0; 3]; 2], [[0i64; 3]; 2]);
    plan.unwrap()
        .compile()
        .unwrap()
        .run(
            [("x", View::from(&[1.5, -2.0, 4.0])), ("n", View::from(&[1i64, 6, -3]))],
            [
                ("y", ViewMut::from(&mut y)),
                ("m", ViewMut::from(&mut m)),
                ("again", ViewMut::from(&mut again)),
                ("again_m", ViewMut::from(&mut again_m)),
            ],
        )
        .unwrap();
    assert_eq!((y, m), (again, again_m));
    assert_eq!(y, [1.125, 2.0, 3.0]);
    assert_eq!(m, [2, 3, 2]);
}
