//! What is refused, in which words.

use fusewire::prelude::*;

#[test]
fn what_does_not_fit_together_is_refused() {
    let g = Graph::new();
    let x = g.input("x", F64, [4, 6]);
    let y = g.input("y", F32, [4, 5]);
    let z = g.input("z", F64, [6]);
    let number = g.input("number", F64, ());
    let n = g.dim("n", 2..=9);
    let open = g.input("open", F64, (n, 5));
    let other = Graph::new();
    let foreign = other.input("foreign", F64, [4, 6]);
    let labelled = x.label_axes(["user", "feature"]);
    let message = |y: Expr<'_>| g.plan([y], &Limits::default()).unwrap_err().to_string();
    insta::assert_snapshot!(
        [
            g.concat(Axis(0), [x, x, y]),
            g.concat(Axis(0), [x, z]),
            g.concat(Axis(2), [x, x]),
            g.concat("user", [x, x]),
            g.concat(Axis(0), [labelled, x.label_axes(["cluster", "feature"])]),
            g.concat(Axis(0), [x, open]),
            g.concat(Axis(0), [z, number]),
            g.concat(Axis(0), [number, number]),
            g.concat(Axis(0), []),
            g.concat(Axis(0), [x, foreign]),
            g.concat(Axis(0), [g.zeros(U8, [u64::MAX]), g.zeros(U8, [u64::MAX])]),
            g.stack(Axis(0), [x, y]),
            g.stack(Axis(4), [x, x]),
            g.stack("user", [labelled, labelled]),
            g.stack(Axis(0), []),
            x.tile([2, -1]),
            x.tile([u64::MAX, 2]),
            x.repeat(-3, Axis(0)),
            x.repeat(2, Axis(2)),
            x.roll(1, Axis(2)),
            x.roll([1, 2, 3], [0, 1]),
            x.pad([(1, 1), (1, 1), (1, 1)], 0),
            x.pad([(u64::MAX, 1), (0, 0)], 0),
            x.pad(u64::MAX / 8, Pad::Wrap),
            g.input("u8", U8, [3]).pad(1, 300),
            g.input("i64", I64, [3]).pad(1, 0.5),
            g.input("nan", I8, [3]).pad(1, f64::NAN),
            g.input("none", U8, [0]).pad(1, Pad::Edge),
            g.input("short", U8, g.dim("m", 1..=3)).pad(4, Pad::Reflect),
        ]
        .map(message)
        .join("\n\n")
    );
}

#[test]
fn what_is_made_of_what_is_wrong_is_not_blamed_as_well() {
    let g = Graph::new();
    let (x, y) = (g.input("x", F64, [4]), g.input("y", F64, [5]));
    let wrong = x + y;
    let outputs = [
        g.concat(Axis(0), [x, wrong]),
        g.stack(Axis(0), [wrong, wrong]),
        wrong.tile([2]),
        wrong.repeat(2, Axis(0)),
        wrong.roll(2, All),
        wrong.pad(1, Pad::Edge),
    ];
    let error = g.plan(outputs, &Limits::default()).unwrap_err();
    assert_eq!(error.diagnostics().len(), 1, "{error}");
}

#[test]
fn an_excuse_holds_for_the_whole_function() {
    let g = Graph::new();
    let x = g.input("x", F64, [10, 10]);
    let limits = Limits::default().with_elements(150);
    type Call = for<'g> fn(Expr<'g>) -> Expr<'g>;
    let calls: [(&str, u64, Call); 3] = [
        ("pad", 22 * 22, |x| x.pad(6, Pad::Edge)),
        ("tile", 900, |x| x.tile([3, 3])),
        ("repeat", 900, |x| x.repeat(3, [0, 1])),
    ];
    for (name, elements, call) in calls {
        let refused = g.plan([call(x)], &limits).unwrap_err().to_string();
        assert!(refused.starts_with(&format!("error[limit]: `{name}` makes ")), "{refused}");
        g.plan([call(x).allow_elements(elements)], &limits).unwrap();
    }
}
