//! Plans that run piece by piece: what a piece is said to touch, and what it touches.

use fusewire::DiagnosticKind;
use fusewire::prelude::*;
use fusewire::testing::{check_chunked, recipes, touched_bytes};
use proptest::strategy::{Strategy, ValueTree};

/// What a piece is said to touch is what it touches: no less for many slices of one input, and no more for windows.
#[test]
fn the_bytes_of_a_piece_are_those_that_it_touches() {
    let g = Graph::new();
    let x = g.input("x", F64, [1600, 6]);
    let (long, w) = (g.input("long", F32, [640]), g.input("w", F64, [6]));
    fn sum<'g>(parts: impl IntoIterator<Item = Expr<'g>>) -> Expr<'g> {
        parts.into_iter().reduce(|sum, part| sum + part).unwrap()
    }
    let part = |first: i64, rows: i64| x.slice_axis(Axis(0), Slice::new(first, first + rows));
    let shifted = |by: i64| long.slice_axis(Axis(0), Slice::new(by, 600 + by));
    let every = |first: i64, step: i64| long.slice_axis(Axis(0), Slice::new(first, 640).step_by(step));
    let square = g.input("square", F64, [40, 40]);
    let middle = |by: i64, columns: i64| {
        square.slice([Slice::new(1 + by, 39 + by), Slice::new(1 + columns, 39 + columns)])
    };
    // For each, the bytes that so many elements of the axis touch.
    type Bytes = fn(u64) -> u64;
    let cases: [(&str, Expr<'_>, Bytes); 14] = [
        ("slices", sum((0..16).map(|at| part(100 * at, 100))), |rows| 17 * 48 * rows),
        ("slices that overlap", sum((0..16).map(shifted)), |piece| 4 * (piece + 15 + piece)),
        ("slices with gaps", sum([part(0, 300), part(1000, 300)]), |rows| 3 * 48 * rows),
        ("windows", long.sliding_window(9, Axis(0)).sum(Axis(1)), |piece| 4 * (piece + 8 + piece)),
        ("far windows", x.sliding_window(9, Axis(0)).sum(Axis(2)), |rows| 48 * (rows + 8 + rows)),
        ("reversed", long.flip(Axis(0)) * 2, |piece| 8 * piece),
        (
            "both ways",
            long.slice_axis(Axis(0), ..320) + long.flip(Axis(0)).slice_axis(Axis(0), ..320),
            |piece| 12 * piece,
        ),
        ("rows both ways", x + x.flip(Axis(1)), |rows| 2 * 48 * rows),
        ("strides", every(0, 4) + every(2, 4), |piece| 12 * piece),
        (
            "strides that meet",
            every(0, 2).slice_axis(Axis(0), 1..) + every(0, 2).slice_axis(Axis(0), ..-1),
            |piece| 4 * (piece + 1 + piece),
        ),
        ("broadcast", x * w, |rows| 2 * 48 * rows + 48),
        ("read twice", x * x.exp(), |rows| 2 * 48 * rows),
        (
            "a stencil",
            sum([(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)].map(|(row, column)| middle(row, column))),
            |rows| {
                // Of the rows at hand all columns, of the two beside them those in the middle.
                8 * (40 * rows + 2 * 38 + 38 * rows)
            },
        ),
        ("a diagonal", square.diagonal(0, Axis(0), Axis(1)) + 1, |piece| 16 * piece),
    ];
    for (name, output, expected) in cases {
        let plan = g.plan([output.named("y")], &Limits::default()).unwrap();
        for piece in [1, 7, 30] {
            let chunked = plan.chunked(Axis(0), expected(piece)).unwrap();
            let workspace = chunked.plan().workspace_bytes();
            assert_eq!((chunked.bytes(), workspace), (expected(chunked.piece()), 0), "{name} {chunked:?}");
            assert_eq!(touched_bytes(&chunked), chunked.bytes(), "{name} {chunked:?}");
            let extent = plan.outputs()[0].array.shape[0].upper();
            assert_eq!(chunked.pieces(), extent.div_ceil(piece), "{name}");
            match plan.chunked(Axis(0), chunked.bytes() - 1) {
                Ok(smaller) => assert!(smaller.pieces() > chunked.pieces(), "{name} {smaller:?}"),
                Err(error) => assert_eq!((piece, error.kind()), (1, DiagnosticKind::Workspace)),
            }
        }
        assert!(
            check_chunked(&g.recipe([output.named("y")]).unwrap(), None, Axis(0), expected(7)).unwrap()
                > Some(5),
            "{name}"
        );
    }
}

/// Accesses that cannot be compared are added up, but an array has no more elements than it has.
#[test]
fn no_more_is_counted_than_there_is() {
    let g = Graph::new();
    let x = g.input("x", F64, [60]);
    let plan = g.plan([x + x.flip(Axis(0))], &Limits::default()).unwrap();
    for (bytes, pieces) in [(2 * 480, 1), (2 * 480 - 1, 2)] {
        let chunked = plan.chunked(Axis(0), bytes).unwrap();
        assert_eq!(chunked.pieces(), pieces);
    }
}

/// Of random plans as well: most of the time exactly, and never by much where there is much.
#[test]
fn random_plans_touch_what_is_said() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut cut, mut exact) = (0, 0);
    for _ in 0..600 {
        let recipe = recipes(20).new_tree(&mut runner).unwrap().current();
        let plan = recipe.plan(&Limits::default()).unwrap();
        for bytes in [60, 200, 600] {
            let Ok(chunked) = plan.chunked(Axis(0), bytes) else { continue };
            let touched = touched_bytes(&chunked);
            assert!(touched <= chunked.bytes(), "{touched} {chunked:?}\n{recipe:?}");
            cut += 1;
            exact += usize::from(touched == chunked.bytes());
            assert!(
                chunked.bytes() <= 2 * touched + 64,
                "{touched} {} {chunked:?}\n{recipe:?}",
                chunked.bytes()
            );
        }
    }
    assert!(cut > 500 && 10 * exact > 9 * cut, "{cut} {exact}");
}
