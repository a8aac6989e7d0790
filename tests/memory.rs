//! Strides, contiguity and shared memory of views, as NumPy has them: `tests/golden/strides.py` says what the lines mean.

use fusewire::Index;
use fusewire::prelude::*;
use insta::assert_snapshot;

fn list(text: &str) -> Vec<i64> {
    let inner = text.trim_start_matches('[').trim_end_matches(']');
    inner.split(',').filter(|text| !text.is_empty()).map(|text| text.parse().expect("a number")).collect()
}

fn sizes(text: &str) -> Vec<u64> {
    list(text).into_iter().map(|size| size as u64).collect()
}

fn positions(text: &str) -> Vec<isize> {
    list(text).into_iter().map(|axis| axis as isize).collect()
}

fn slices(text: &str) -> Vec<Slice> {
    let slice = |part: &str| {
        let ends: Vec<Option<i64>> = part.split(':').map(|end| end.parse().ok()).collect();
        Slice { start: ends[0], stop: ends[1], step: ends[2].unwrap_or(1) }
    };
    text.trim_start_matches('[').trim_end_matches(']').split(',').map(slice).collect()
}

fn items(text: &str) -> Vec<Index> {
    let item = |part: &str| match part {
        "+" => NewAxis,
        "..." => Ellipsis,
        _ if part.contains(':') => Index::Slice(slices(part)[0]),
        _ => Index::At(part.parse().expect("a position")),
    };
    text.trim_start_matches('[').trim_end_matches(']').split(',').map(item).collect()
}

fn view<'g>(x: Expr<'g>, calls: &str) -> Expr<'g> {
    let words: Vec<&str> = calls.split_whitespace().filter(|word| *word != "-").collect();
    words.chunks(2).fold(x, |x, call| match call[0] {
        "slice" => x.slice(slices(call[1])),
        "permute_dims" => x.permute_dims(positions(call[1])),
        "index" => x.index(items(call[1])),
        "flip" => x.flip(positions(call[1])),
        "expand_dims" => x.expand_dims(positions(call[1])),
        "squeeze" => x.squeeze(positions(call[1])),
        "broadcast_to" => x.broadcast_to(sizes(call[1])),
        "sliding_window" => x.sliding_window(list(call[1])[0] as u64, positions(call[1])[1]),
        "diagonal" => x.diagonal(0, positions(call[1])[0], positions(call[1])[1]),
        "reshape" => x.reshape(list(call[1])),
        name => panic!("no call: {name}"),
    })
}

/// The sizes, the strides of axes that have several elements, and the contiguity.
fn assert_lies<'g>(g: &'g Graph, x: Expr<'g>, base: Expr<'g>, expected: &str, line: &str) {
    let shape: Vec<u64> = x.shape().expect(line).iter().map(|dim| dim.known().expect("known")).collect();
    let is_moved =
        x.is_view_of(base) == Some(true) || x.shares_memory(base) == Some(true) || shape.contains(&0);
    if expected == "copy" {
        assert_eq!(x.is_view_of(base), Some(false), "{line}");
        assert_eq!(x.is_c_contiguous(), Some(true), "{line}");
        return;
    }
    assert!(is_moved, "{line}");
    let words: Vec<&str> = expected.split_whitespace().collect();
    assert_eq!(shape, sizes(words[0]), "{line}");
    let several = |strides: Vec<i64>| -> Vec<i64> {
        shape.iter().zip(strides).filter(|(size, _)| **size > 1).map(|(_, stride)| stride).collect()
    };
    if !shape.contains(&0) {
        assert_eq!(several(x.strides().expect(line)), several(list(words[1])), "{line}");
    }
    assert_eq!(x.is_c_contiguous(), Some(words[2].contains('c')), "{line}");
    assert_eq!(x.is_f_contiguous(), Some(words[2].contains('f')), "{line}");
    assert_eq!(total(g, x, base), words[3].parse::<u64>().expect(line), "{line}");
}

/// The sum of all elements, each times its position in C order, of a view of 0, 1, 2, ...
fn total<'g>(g: &'g Graph, x: Expr<'g>, base: Expr<'g>) -> u64 {
    let count = |x: Expr<'_>| x.size().expect("known") as usize;
    let elements: Vec<u8> = (0..count(base)).map(|at| at as u8).collect();
    let shape = |x: Expr<'_>| -> Vec<usize> {
        x.shape().expect("sound").iter().map(|dim| dim.known().expect("known") as usize).collect()
    };
    let mut out = vec![0u8; count(x)];
    let program = g.plan([x.named("out")], &Limits::default()).unwrap().compile().unwrap();
    let (from, to) = (View::new(&elements, shape(base)), ViewMut::new(&mut out, shape(x)));
    program.run([("x", from)], [("out", to)]).unwrap();
    out.iter().zip(1..).map(|(element, position)| u64::from(*element) * position).sum()
}

#[test]
fn views_lie_in_memory_as_in_numpy() {
    let golden = include_str!("golden/strides.txt");
    let mut count = 0;
    for line in golden.lines().filter(|line| !line.starts_with('#')) {
        let (calls, facts) = line.split_once(" = ").expect(line);
        let calls: Vec<&str> = calls.split(" ; ").collect();
        let facts: Vec<&str> = facts.split(" ; ").collect();
        let g = Graph::new();
        let base = g.input("x", U8, sizes(calls[0]));
        let views = [view(base, calls[1]), view(base, calls[2])];
        for (x, expected) in views.iter().zip(&facts) {
            assert_lies(&g, *x, base, expected, line);
        }
        if !facts.contains(&"copy") {
            assert_eq!(views[0].shares_memory(views[1]), Some(facts[2] == "shared"), "{line}");
        }
        count += 1;
    }
    assert!(count > 3000, "{count}");
}

#[test]
fn what_is_not_known_is_not_claimed() {
    let g = Graph::new();
    let n = g.dim("n", 1..=100);
    let x = g.input("x", F32, (n, 4));
    assert_eq!(x.strides(), None);
    assert_eq!(x.is_c_contiguous(), None);
    assert_eq!(x.transpose().shares_memory(x), None);
    assert_eq!((x + g.input("y", I8, [3, 3])).strides(), None);
    let elsewhere = Graph::new();
    let y = elsewhere.input("y", F32, [4]);
    let z = g.input("z", F32, [4]);
    assert_eq!((y.shares_memory(z), z.is_view_of(y)), (Some(false), Some(false)));
    assert_eq!(z.shares_memory(g.input("z2", F32, [4])), Some(false));
}

#[test]
fn sizes_beyond_any_machine_do_not_overflow() {
    let g = Graph::new();
    let x = g.input("x", F64, [1u64 << 40, 1 << 22]);
    let y = x.transpose().slice([Slice::ALL.step_by(-3), Slice::from(5..).step_by(7)]);
    assert_eq!(y.is_view_of(x), Some(true));
    assert_eq!(x.shares_memory(y), Some(true));
    let huge = g.input("huge", F64, [1u64 << 62, 1 << 62, 8]);
    assert_eq!((huge.strides(), huge.shares_memory(huge)), (None, None));
    assert_eq!(huge.is_view_of(x), None);
    let few = g.input("few", U8, [1u64 << 62]);
    assert_eq!(few.slice([Slice::new(0, 5)]).shares_memory(few.slice([Slice::new(5, 9)])), Some(false));
}

#[test]
fn an_index_that_an_axis_does_not_have_is_refused() {
    let g = Graph::new();
    let (n, m) = (g.dim("n", 1..=100), g.dim("m", 0..=3));
    let x = g.input("x", F64, [4, 6]);
    let (rows, few) = (g.input("rows", F64, (n, 4)), g.input("few", F64, m));
    let wrong = [
        x.index(4),
        x.index((.., -7)),
        x.index((0, 0, 0)),
        x.index((Ellipsis, 0, Ellipsis)),
        x.index((0, Slice::ALL.step_by(0))),
        g.input("none", F32, [0, 2]).index(0),
        few.index(3),
        x.sum(Axis(3)).index(0),
        x.index(usize::MAX),
    ];
    assert_snapshot!(g.plan(wrong, &Limits::default()).unwrap_err());
    // What is not known yet is required.
    let plan =
        g.plan([rows.index((5, ..)).named("a"), rows.index(-2).named("b")], &Limits::default()).unwrap();
    let program = plan.compile().unwrap();
    let data: Vec<f64> = (0..24).map(f64::from).collect();
    let (mut a, mut b) = ([0.0; 4], [0.0; 4]);
    let rows = |count: usize| [("rows", View::new(&data[..count * 4], [count, 4]))];
    program.run(rows(6), [("a", &mut a), ("b", &mut b)]).unwrap();
    assert_eq!((a, b), ([20.0, 21.0, 22.0, 23.0], [16.0, 17.0, 18.0, 19.0]));
    assert_snapshot!(program.run(rows(5), [("a", &mut a), ("b", &mut b)]).unwrap_err());
}

#[test]
fn contiguous_copies_only_what_lies_apart() {
    let g = Graph::new();
    let x = g.input("x", F32, [100, 200]);
    assert_eq!(x.contiguous().strides(), x.strides());
    let stored = |y: Expr<'_>| g.plan([y - y.mean(Axis(0))], &Limits::default()).unwrap().stored().len();
    assert_eq!(stored(x.slice([Slice::new(0, 50)]).contiguous()), stored(x.slice([Slice::new(0, 50)])));
    assert_eq!(stored(x.transpose().contiguous()), stored(x.transpose()) + 1);
}

#[test]
fn a_reshape_that_takes_a_copy_is_refused_where_no_copy_is_wanted() {
    let g = Graph::new();
    let n = g.dim("n", 1..=100);
    let x = g.input("x", F64, [4, 6]);
    let rows = g.input("rows", F64, (n, 4));
    let wrong = [
        x.transpose().reshape_view([-1]),
        x.slice([Slice::ALL, Slice::new(0, 4)]).reshape_view([16]),
        rows.reshape_view([-1]),
        x.reshape_view([5, 5]),
    ];
    assert_snapshot!(g.plan(wrong, &Limits::default()).unwrap_err());
    for view in [x.reshape_view([24]), x.slice([Slice::new(1, 3)]).reshape_view([-1]), x.reshape_view([4, 6])]
    {
        g.plan([view + 1.0], &Limits::default()).unwrap();
    }
}
