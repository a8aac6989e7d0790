//! Calls that meet what an earlier call has prepared.

use fusewire::DiagnosticKind;
use fusewire::prelude::*;

/// A kernel of every sort: element-wise, rows, columns, a reduction in chunks, values between kernels.
fn program(rows: u64, columns: u64) -> Program {
    let g = Graph::new();
    let (x, w) = (g.input("x", F64, [rows, columns]), g.input("w", F64, [columns]));
    let outputs = [
        ((x - x.mean(Axis(0))) * w + g.arange(0, columns as i64, 1)).named("centred"),
        (x.flip(Axis(1)) * w).sum(Axis(1)).named("rows"),
        (x.max(Axis(0)) + g.constant(&[0.5], [1])).named("columns"),
        (x * 3).sum(All).named("total"),
    ];
    g.plan(outputs, &Limits::default()).unwrap().compile().unwrap()
}

/// What the program makes of arrays that begin at `start` of their memory.
fn results(program: &Program, [rows, columns]: [usize; 2], start: usize, turned: bool) -> Vec<f64> {
    let value = |at: usize| ((at + start) as f64 * 0.37).sin();
    let x: Vec<f64> = (0..rows * columns + start).map(value).collect();
    let w: Vec<f64> = (0..columns + start).map(value).collect();
    let mut centred = vec![-1.0; rows * columns + start];
    let (mut by_row, mut by_column) = (vec![-1.0; rows + start], vec![-1.0; columns + start]);
    let mut total = -1.0;
    let strides = if turned { [1, rows as isize] } else { [columns as isize, 1] };
    let outputs: [(&str, ViewMut<'_>); 4] = [
        ("centred", ViewMut::strided(&mut centred, &[rows, columns], &strides, start)),
        ("rows", ViewMut::from(&mut by_row[start..])),
        ("columns", ViewMut::from(&mut by_column[start..])),
        ("total", ViewMut::from(&mut total)),
    ];
    let x = View::strided(&x, &[rows, columns], &strides, start);
    program.run([("x", x), ("w", View::from(&w[start..]))], outputs).unwrap();
    [centred, by_row, by_column, vec![total]].concat()
}

#[test]
fn arrays_at_other_addresses_give_what_they_would_have_given_first() {
    for (shape, threads) in
        [([7, 5], 1), ([300, 200], 1), ([300, 200], 2), ([3, 50_000], 2), ([50_000, 3], 2)]
    {
        let fresh = || program(shape[0] as u64, shape[1] as u64).with_threads(threads);
        let again = fresh();
        for start in [0, 3, 1, 8, 0] {
            for turned in [false, true, false] {
                let expected = results(&fresh(), shape, start, turned);
                assert_eq!(results(&again, shape, start, turned), expected, "{shape:?} {start} {turned}");
            }
        }
    }
}

#[test]
fn memory_that_is_shared_is_refused_in_later_calls_too() {
    let g = Graph::new();
    let x = g.input("x", F64, [8]);
    let plan = g.plan([x.flip(Axis(0)).named("y")], &Limits::default()).unwrap();
    let program = plan.compile().unwrap();
    let mut memory: Vec<f64> = (0..32).map(f64::from).collect();
    let mut run = |from: usize, to: usize| {
        let start = memory.as_mut_ptr().cast::<u8>();
        // SAFETY: both lie within `memory`, which nothing else touches; overlap is checked when bound.
        let (x, y) = unsafe {
            (
                View::from_raw(start.add(8 * from), F64, &[8], &[8]),
                ViewMut::from_raw(start.add(8 * to), F64, &[8], &[8]),
            )
        };
        program.run([("x", x)], [("y", y)])
    };
    for _ in 0..2 {
        run(0, 16).unwrap();
        assert_eq!(run(0, 4).unwrap_err().kind(), DiagnosticKind::Overlap);
        run(16, 24).unwrap();
    }
    assert_eq!(memory[16..24], [7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0]);
    assert_eq!(memory[24..], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
    assert_eq!(memory[..8], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
}

#[test]
fn updates_in_place_move_with_their_output() {
    let g = Graph::new();
    let (x, y) = (g.input("x", F64, [8]), g.input("y", F64, [8]));
    let plan = g.plan([(x * 2 + y).named("z")], &Limits::default()).unwrap();
    let program = plan.in_place("z", "x").unwrap().compile().unwrap();
    let mut memory = [[1.0; 8], [2.0; 8], [3.0; 8]];
    for _ in 0..2 {
        for z in &mut memory {
            let expected = z.map(|z| z * 2.0 + 0.5);
            program.run([("y", &[0.5; 8])], [("z", &mut *z)]).unwrap();
            assert_eq!(*z, expected);
        }
    }
}

#[test]
fn other_sizes_and_many_threads_take_turns() {
    let g = Graph::new();
    let x = g.input("x", F64, [Dim::symbolic("n", 0..=1000)]);
    let centred = x - x.mean(All);
    let program = g.plan([centred], &Limits::default()).unwrap().compile().unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let program = &program;
            scope.spawn(move || {
                for size in (0..200).map(|round| (round * 7 + thread) % 40) {
                    let x: Vec<f64> = (0..size).map(|at| f64::from(at * 2)).collect();
                    let mut out = vec![-1.0; x.len()];
                    program.run([("x", &x)], [("out", &mut out)]).unwrap();
                    assert!(x.iter().zip(&out).all(|(x, out)| *out == x - f64::from(size - 1)));
                }
            });
        }
    });
    let error = program.run([("x", &[0.0; 4])], [("out", &mut [0.0; 5])]).unwrap_err();
    assert_eq!(error.kind(), DiagnosticKind::Dim);
}
