//! Results at the ends of ranges, where a formula that is right elsewhere overflows or loses its digits.

use fusewire::prelude::*;

fn run<T: fusewire::Element + Default>(f: impl for<'g> Fn(Expr<'g>) -> Expr<'g>, x: &[T]) -> Vec<T> {
    let g = Graph::new();
    let program =
        g.plan([f(g.input("x", T::DTYPE, [x.len()]))], &Limits::default()).unwrap().compile().unwrap();
    let mut out = vec![T::default(); x.len()];
    program.run([("x", x)], [("out", &mut out[..])]).unwrap();
    out
}

#[test]
fn any_number_of_decimals_is_rounded_to() {
    let x = [1.5_f64, 3.0, -0.3333333333333333, 0.0];
    // NumPy's: no multiple of infinity is left.
    for decimals in [i32::MIN, -400, -309, 309, i32::MAX] {
        assert!(run(|x| x.round(decimals), &x).iter().all(|x: &f64| x.is_nan()), "{decimals}");
    }
    // NumPy's, whose powers of ten are products.
    assert_eq!(run(|x| x.round(30), &x), [1.5, 3.0, -0.33333333333333326, 0.0]);
    assert_eq!(run(|x| x.round(-30), &[1e30]), [9.999999999999999e29]);
}

#[test]
fn integers_are_close_by_value() {
    let g = Graph::new();
    let (x, y) = (g.input("x", U8, [3]), g.input("y", U8, [3]));
    let (low, high) = (g.input("low", I64, [1]), g.input("high", I64, [1]));
    let (p, q) = (g.input("p", Bool, [1]), g.input("q", Bool, [1]));
    let outputs = [
        x.isclose_within(y, 0.0, 2.0).named("bytes"),
        low.isclose_within(high, 0.0, 2.0).named("words"),
        p.isclose_within(q, 0.0, 0.5).named("masks"),
    ];
    let program = g.plan(outputs, &Limits::default()).unwrap().compile().unwrap();
    let (mut bytes, mut words, mut masks) = ([false; 3], [true], [true]);
    program
        .run(
            [
                ("x", View::from(&[3u8, 3, 255])),
                ("y", View::from(&[5u8, 6, 1])),
                ("low", View::from(&[i64::MIN])),
                ("high", View::from(&[i64::MAX])),
                ("p", View::from(&[true])),
                ("q", View::from(&[false])),
            ],
            [
                ("bytes", ViewMut::from(&mut bytes)),
                ("words", ViewMut::from(&mut words)),
                ("masks", ViewMut::from(&mut masks)),
            ],
        )
        .unwrap();
    assert_eq!((bytes, words, masks), ([true, false, false], [false], [false]));
}
