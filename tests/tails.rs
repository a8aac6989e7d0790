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

fn apart(computed: f64, exact: f64) -> u64 {
    computed.to_bits().abs_diff(exact.to_bits())
}

/// The exact values are mpmath's.
#[test]
fn the_smallest_results_keep_their_digits() {
    let sigmoid = [
        (-36.0, 2.3195228302435686e-16),
        (-700.0, 9.85967654375977e-305),
        (-709.783, 5.56108779194792e-309),
        (-740.0, 4.2e-322),
        (-745.2, 0.0),
        (-1e300, 0.0),
    ];
    let gelu = [
        (-20.0, -5.507248237212467e-88),
        (-37.0, -2.1184613523340935e-298),
        (-37.6, -4.041290298447291e-308),
        (-38.0, -1.096462777e-314),
        (-38.5, -5.4e-323),
        (-39.0, -0.0),
        (-1e300, -0.0),
    ];
    for (exact, computed) in [
        (&sigmoid[..], run(|x| x.sigmoid(), &sigmoid.map(|case| case.0))),
        (&gelu[..], run(|x| x.gelu(), &gelu.map(|case| case.0))),
    ] {
        for ((x, exact), computed) in exact.iter().zip(computed) {
            assert!(apart(computed, *exact) <= 3, "of {x}: {computed:e}, not {exact:e}");
        }
    }
    let single = run(|x| x.sigmoid(), &[-88.73f32, -100.0, -104.0]);
    assert_eq!(single, [-88.73f32, -100.0, -104.0].map(|x| f64::from(x).exp() as f32));
    assert_eq!(run(|x| x.gelu(), &[-13.115036f32, -14.2, -15.0]), [-1.7708835e-38, -7e-45, -0.0]);
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
