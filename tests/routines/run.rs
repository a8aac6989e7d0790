//! Running routines: threads, memory of the caller, sizes that are not known, indices that are wrong.

use fusewire::prelude::*;
use fusewire::testing::{check, check_at};
use fusewire::{DiagnosticKind, OutOfBounds, Side};
use insta::assert_snapshot;

fn plan<'g>(g: &'g Graph, outputs: impl IntoIterator<Item = Expr<'g>>) -> Plan {
    g.plan(outputs, &Limits::default()).unwrap()
}

/// Numbers in no order, many of them equal.
fn numbers(count: usize) -> Vec<f32> {
    (0..count as u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 17) as f32 / 64.0 - 100.0).collect()
}

#[test]
fn threads_do_not_change_bits() {
    let (rows, columns) = (700usize, 900usize);
    let g = Graph::new();
    let x = g.input("x", F32, [rows, columns]);
    let at = x.argsort(Axis(0));
    let outputs = [
        x.sort(Axis(0)).named("y0"),
        x.sort_descending(Axis(1)).named("y1"),
        x.cumulative_sum(Axis(0)).named("y2"),
        x.cumulative_logsumexp(Axis(1)).named("y3"),
        x.take_along_axis(at, Axis(0)).named("y4"),
        x.take(at.slice_axis(Axis(1), 0..1).squeeze(1), Axis(0)).named("y5"),
    ];
    let program = plan(&g, outputs).compile().unwrap();
    let data = numbers(rows * columns);
    let run = |threads: usize| {
        let mut made = vec![vec![0f32; rows * columns]; 6];
        let names = ["y0", "y1", "y2", "y3", "y4", "y5"];
        let outputs: Vec<(&str, ViewMut<'_>)> = names
            .into_iter()
            .zip(&mut made)
            .map(|(name, y)| (name, ViewMut::new(y, [rows, columns])))
            .collect();
        program
            .clone()
            .with_threads(threads)
            .run([("x", View::new(&data, [rows, columns]))], outputs)
            .unwrap();
        assert_eq!(made[0], made[4]);
        made.into_iter().flatten().map(f32::to_bits).collect::<Vec<_>>()
    };
    let one = run(1);
    for threads in [2, 3, 8] {
        assert!(one == run(threads), "{threads} threads");
    }
}

/// Counts and searches in vectors of many pieces.
#[test]
fn counts_are_the_same_in_any_number_of_parts() {
    let count = 300_000usize;
    let g = Graph::new();
    let x = g.input("x", F32, [count]);
    let keys = (x.absolute() % 50.0).astype(I32);
    let levels = g.linspace(-100.0, 100.0, 33u64).astype(F32);
    let outputs = [
        x.histogram_range(64u64, -90.0, 90.0).named("y0"),
        keys.bincount(64u64).named("y1"),
        levels.searchsorted(x, Side::Left).named("y2"),
        (keys.bincount_weighted(x, 64u64) * 64.0).astype(I64).named("y3"),
    ];
    let program = plan(&g, outputs).compile().unwrap();
    let data = numbers(count);
    let run = |threads: usize| {
        let mut made = [vec![0i64; 64], vec![0i64; 64], vec![0i64; count], vec![0i64; 64]];
        let names = ["y0", "y1", "y2", "y3"];
        let outputs: Vec<(&str, ViewMut<'_>)> =
            names.into_iter().zip(&mut made).map(|(name, y)| (name, y.into())).collect();
        program.clone().with_threads(threads).run([("x", &data)], outputs).unwrap();
        made
    };
    let one = run(1);
    let inside = data.iter().filter(|x| (-90.0..=90.0).contains(*x)).count();
    assert_eq!(one[0].iter().sum::<i64>(), inside as i64);
    assert_eq!(one[1].iter().sum::<i64>(), count as i64);
    for (at, x) in data.iter().enumerate().step_by(997) {
        let below = (0..33).filter(|level| ((-100.0 + 6.25 * f64::from(*level)) as f32) < *x).count();
        assert_eq!(one[2][at], below as i64);
    }
    for threads in [2, 3, 8] {
        assert!(one == run(threads), "{threads} threads");
    }
}

#[test]
fn values_that_are_wrong_are_found_before_anything_is_written() {
    let g = Graph::new();
    let x = g.input("x", I16, [2, 3]);
    let edges = g.input("edges", F64, [3]);
    let program = plan(&g, [x.bincount(4u64).named("counts")]).compile().unwrap();
    let mut counts = [7i64; 4];
    let inputs = [("x", View::new(&[0i16, 1, 3, 1, 4, 9], [2, 3]))];
    let error = program.run(inputs, [("counts", &mut counts)]).expect_err("a value that is too large");
    assert_eq!((error.kind(), counts), (DiagnosticKind::Index, [7; 4]));
    let program = plan(&g, [x.histogram(edges).named("counts")]).compile().unwrap();
    let mut counts = [7i64; 2];
    let inputs = [("x", View::new(&[0i16, 1, 3, 1, 4, 9], [2, 3])), ("edges", (&[0.0, 2.0, 1.0]).into())];
    let unsorted = program.run(inputs, [("counts", &mut counts)]).expect_err("edges that are not in order");
    assert_eq!((unsorted.kind(), counts), (DiagnosticKind::Order, [7; 2]));
    assert_snapshot!(format!("{error}\n\n{unsorted}"));
}

#[test]
fn products_are_the_same_on_any_number_of_threads_and_in_any_layout() {
    let (rows, summed, columns) = (203usize, 701usize, 150usize);
    let g = Graph::new();
    let a = g.input("a", F32, [2, rows, summed]);
    let b = g.input("b", F32, [summed, columns]);
    let c = g.input("c", F32, [2, summed, columns]);
    let outputs = [
        a.matmul(b).named("y0"),
        a.matmul(c).named("y1"),
        g.einsum("bij,jk->bki", [a, b]).named("y2"),
        (a * 8).astype(I16).matmul((b * 8).astype(I16)).astype(F32).named("y3"),
    ];
    let program = plan(&g, outputs).compile().unwrap();
    let (in_a, in_b, in_c) =
        (numbers(2 * rows * summed), numbers(summed * columns), numbers(2 * summed * columns));
    let transposed: Vec<f32> =
        (0..summed * columns).map(|at| in_b[at % summed * columns + at / summed]).collect();
    let views = [
        View::new(&in_b, [summed, columns]),
        View::strided(&transposed, &[summed, columns], &[1, summed as isize], 0),
    ];
    let run = |threads: usize, b: &View<'_>| {
        let mut made = vec![vec![0f32; 2 * rows * columns]; 4];
        let shapes = [[2, rows, columns], [2, rows, columns], [2, columns, rows], [2, rows, columns]];
        let outputs: Vec<(String, ViewMut<'_>)> = made
            .iter_mut()
            .zip(shapes)
            .enumerate()
            .map(|(at, (y, shape))| (format!("y{at}"), ViewMut::new(y, shape)))
            .collect();
        let a = View::new(&in_a, [2, rows, summed]);
        let inputs = [("a", a), ("b", b.clone()), ("c", View::new(&in_c, [2, summed, columns]))];
        program.clone().with_threads(threads).run(inputs, outputs).unwrap();
        made.into_iter().flatten().map(f32::to_bits).collect::<Vec<_>>()
    };
    let one = run(1, &views[0]);
    for (threads, b) in [(2, 0), (3, 1), (8, 0), (1, 1)] {
        assert!(one == run(threads, &views[b]), "{threads} threads, layout {b}");
    }
}

/// Elements that do not lie on their own boundaries.
#[test]
fn products_of_unaligned_elements() {
    let g = Graph::new();
    let (a, b) = (g.input("a", F64, [2, 3]), g.input("b", F64, [3, 2]));
    let program = plan(&g, [a.matmul(b)]).compile().unwrap();
    let mut bytes = [0u8; 64];
    let start = bytes.as_ptr().align_offset(8) + 1;
    for (at, value) in [1.0f64, 2.0, 3.0, 4.0, 5.0, 6.0].into_iter().enumerate() {
        bytes[start + 8 * at..][..8].copy_from_slice(&value.to_le_bytes());
    }
    // SAFETY: six elements are there, and nobody writes them.
    let view = unsafe { View::from_raw(bytes[start..].as_ptr(), F64, &[2, 3], &[24, 8]) };
    let mut out = [0.0; 4];
    let other = View::new(&[1.0, 0.0, 0.0, 1.0, 1.0, -1.0], [3, 2]);
    program.run([("a", view), ("b", other)], [("out", ViewMut::new(&mut out, [2, 2]))]).unwrap();
    assert_eq!(out, [4.0, -1.0, 10.0, -1.0]);
}

/// Where they are copied in blocks, each sum has the order that it has in place.
#[test]
fn long_products_of_unaligned_elements_have_the_same_bits() {
    fn bits<T: fusewire::Element + Into<fusewire::Scalar> + Copy + Default>(
        dtype: DType,
        number: impl Fn(usize) -> T,
    ) -> [Vec<u64>; 2] {
        let (rows, summed, columns) = (70u64, 1100u64, 300u64);
        let g = Graph::new();
        let (a, b) = (g.input("a", dtype, [rows, summed]), g.input("b", dtype, [summed, columns]));
        let program = plan(&g, [a.matmul(b)]).compile().unwrap().with_threads(1);
        let item = dtype.bytes() as isize;
        let filled =
            |count: u64, seed: usize| -> Vec<T> { (0..count as usize).map(|at| number(at + seed)).collect() };
        let (left, right) = (filled(rows * summed, 0), filled(summed * columns, 77));
        [0, 1].map(|moved| {
            let bytes = |elements: &[T]| -> Vec<u8> {
                let mut bytes = vec![0; moved];
                for element in elements {
                    let scalar: fusewire::Scalar = (*element).into();
                    bytes.extend_from_slice(&scalar.bits().to_le_bytes()[..item as usize]);
                }
                bytes
            };
            let (left, right) = (bytes(&left), bytes(&right));
            let view = |bytes: &[u8], rows: u64, columns: u64| {
                let steps = [columns as isize * item, item];
                // SAFETY: the elements are there, and nobody writes them.
                unsafe {
                    View::from_raw(bytes[moved..].as_ptr(), dtype, &[rows as usize, columns as usize], &steps)
                }
            };
            let mut out = vec![T::default(); (rows * columns) as usize];
            let arrays = [("a", view(&left, rows, summed)), ("b", view(&right, summed, columns))];
            program
                .run(arrays, [("out", ViewMut::new(&mut out, [rows as usize, columns as usize]))])
                .unwrap();
            out.into_iter().map(|element| Into::<fusewire::Scalar>::into(element).bits()).collect()
        })
    }
    let number = |at: usize| ((at as f64) * 0.37).sin() * 10f64.powi((at % 7) as i32 - 3);
    let [aligned, moved] = bits::<f64>(F64, number);
    assert!(aligned == moved);
    let [aligned, moved] = bits::<f32>(F32, |at| number(at) as f32);
    assert!(aligned == moved);
}

#[test]
fn the_largest_elements_and_where_they_are() {
    let g = Graph::new();
    let x = g.input("x", F32, [2, 4]);
    let (values, positions) = x.top_k(2, Axis(1));
    let program = plan(&g, [values.named("values"), positions.named("positions")]).compile().unwrap();
    let (mut values, mut positions) = ([0f32; 4], [0i64; 4]);
    let outputs =
        [("values", ViewMut::new(&mut values, [2, 2])), ("positions", ViewMut::new(&mut positions, [2, 2]))];
    let x = [3.0, 7.0, 7.0, -1.0, 0.5, 0.25, f32::INFINITY, -0.0];
    program.run([("x", View::new(&x, [2, 4]))], outputs).unwrap();
    assert_eq!(values, [7.0, 7.0, f32::INFINITY, 0.5]);
    assert_eq!(positions, [1, 2, 2, 0]);
}

#[test]
fn long_lines_of_every_width() {
    let g = Graph::new();
    for dtype in DType::ALL {
        let x = g.input(&format!("x{dtype}"), dtype, [3, 1000]);
        let outputs =
            [x.sort(Axis(1)), x.argsort(Axis(1)), x.transpose().sort(Axis(0)), x.cumulative_max(Axis(1))];
        let named = outputs.iter().enumerate().map(|(at, y)| y.named(&format!("y{at}")));
        check(&g.recipe(named).unwrap()).map_err(|mismatch| panic!("{mismatch}")).unwrap();
    }
}

#[test]
fn the_caller_may_give_part_of_an_array_and_the_input_itself() {
    let g = Graph::new();
    let x = g.input("x", F64, [3, 2]);
    let program = plan(&g, [x.sort(Axis(0))]).compile().unwrap();
    let mut whole = [-1.0; 12];
    let data = [3.0, 5.0, 1.0, 6.0, 2.0, 4.0];
    program
        .run([("x", View::new(&data, [3, 2]))], [("out", ViewMut::strided(&mut whole, &[3, 2], &[4, 1], 1))])
        .unwrap();
    assert_eq!(whole, [-1.0, 1.0, 4.0, -1.0, -1.0, 2.0, 5.0, -1.0, -1.0, 3.0, 6.0, -1.0]);

    let mut data = data;
    let program = plan(&g, [x.cumulative_sum(Axis(0))]).in_place("out", "x").unwrap().compile().unwrap();
    program.run((), [("out", ViewMut::new(&mut data, [3, 2]))]).unwrap();
    assert_eq!(data, [3.0, 5.0, 4.0, 11.0, 6.0, 15.0]);
    let program = plan(&g, [x.sort(Axis(1))]).in_place("out", "x").unwrap().compile().unwrap();
    program.run((), [("out", ViewMut::new(&mut data, [3, 2]))]).unwrap();
    assert_eq!(data, [3.0, 5.0, 4.0, 11.0, 6.0, 15.0]);

    let keys = g.input("keys", I64, [3]);
    let unsafe_ones = [x.flip(Axis(0)).sort(Axis(0)), x.take(keys, Axis(0)), x + x.sort(Axis(0))];
    for (at, unsafe_one) in unsafe_ones.into_iter().enumerate() {
        let planned = plan(&g, [unsafe_one]).in_place("out", "x");
        // The sum reads each element of the input once, after the sort has read them all.
        assert_eq!(planned.is_ok(), at == 2, "{at}: {planned:?}");
    }
}

#[test]
fn sizes_that_are_not_known() {
    let g = Graph::new();
    let (n, m) = (g.dim("n", 0..=50), g.dim("m", 1..=40));
    let x = g.input("x", F32, (n, m));
    let at = g.input("at", I64, (m,));
    let outputs = [
        x.sort(Axis(0)),
        (x * 2).argsort(Axis(1)),
        x.cumulative_sum_from_zero(Axis(0)),
        x.take_with(at, Axis(1), OutOfBounds::Wrap),
        x.take_along_axis(x.argsort(Axis(0)), Axis(0)),
        x.histogram_range(n + 1, -3.0, 3.0),
        x.sort(Axis(1)).slice_axis(Axis(1), 0..1).cumulative_max(Axis(0)),
        (at % 5).absolute().minimum(4).bincount(m + 4),
        x.median(Axis(1)),
        x.sort(Axis(1)).quantile(0.3, Axis(1)),
        x.matmul(x.transpose()),
        g.einsum("ij,kj->ki", [x, x + 1]),
        x.top_k(1, Axis(1)).0,
    ];
    let recipe = g.recipe(outputs.iter().enumerate().map(|(at, y)| y.named(&format!("y{at}")))).unwrap();
    for sizes in [[("n", 0), ("m", 1)], [("n", 1), ("m", 7)], [("n", 50), ("m", 40)], [("n", 9), ("m", 3)]] {
        check_at(&recipe, &sizes).map_err(|mismatch| panic!("{mismatch}")).unwrap();
    }
}

#[test]
fn an_index_that_is_wrong_leaves_its_output_alone() {
    let g = Graph::new();
    let (table, keys) = (g.input("table", F64, [3, 2]), g.input("keys", I32, [2, 2]));
    let taken = table.take(keys, Axis(0)).named("taken");
    let program = plan(&g, [taken]).compile().unwrap();
    let data = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let mut out = [7.0; 8];
    let mut run = |keys: &[i32; 4]| {
        let inputs = [("table", View::new(&data, [3, 2])), ("keys", View::new(keys, [2, 2]))];
        let ran = program.run(inputs, [("taken", ViewMut::new(&mut out, [2, 2, 2]))]);
        (ran, out)
    };
    let (ran, untouched) = run(&[0, 1, 2, 3]);
    let error = ran.expect_err("an index that is wrong");
    assert_eq!((error.kind(), error.diagnostics()[0].axis), (DiagnosticKind::Index, Some(0)));
    assert_eq!(untouched, [7.0; 8]);
    assert_snapshot!(error);
    let (ran, taken) = run(&[0, -1, 2, 1]);
    assert!(ran.is_ok());
    assert_eq!(taken, [1.0, 2.0, 5.0, 6.0, 5.0, 6.0, 3.0, 4.0]);

    let along = plan(&g, [table.take_along_axis(keys, Axis(0))]).compile().unwrap();
    let mut out = [7.0; 4];
    let inputs = [("table", View::new(&data, [3, 2])), ("keys", View::new(&[0, 1, -4, 0], [2, 2]))];
    let error =
        along.run(inputs, [("out", ViewMut::new(&mut out, [2, 2]))]).expect_err("an index that is wrong");
    assert!(
        error.to_string().contains(
            "index -4 at [1, 0] of `keys` is out of bounds for axis 0 of `table`, which has 3 elements"
        ),
        "{error}"
    );
    assert_eq!(out, [7.0; 4]);
}

/// Floats whose sums depend on their order, on several threads, and over the array itself.
#[test]
fn sums_are_added_up_in_the_order_of_the_indices() {
    let (count, rows, columns) = (5000usize, 37usize, 300usize);
    let g = Graph::new();
    let (x, keys) = (g.input("x", F32, [rows, columns]), g.input("keys", I32, [count]));
    let values = g.input("values", F32, [count, columns]);
    let outputs = [
        x.scatter_add_with(keys, values, Axis(0), OutOfBounds::Wrap).named("added"),
        x.put_with(keys, values, Axis(0), OutOfBounds::Wrap).named("put"),
    ];
    let program = plan(&g, outputs).compile().unwrap();
    let start = numbers(rows * columns);
    let of_values: Vec<f32> = numbers(count * columns).iter().map(|x| x * 1.37).collect();
    let of_keys: Vec<i32> = (0..count as i32).map(|at| at.wrapping_mul(7919) % 1000).collect();
    let (mut added, mut put) = (start.clone(), start.clone());
    for (at, key) in of_keys.iter().enumerate() {
        let row = key.rem_euclid(rows as i32) as usize;
        for column in 0..columns {
            let value = of_values[at * columns + column];
            added[row * columns + column] += value;
            put[row * columns + column] = value;
        }
    }
    let inputs = || {
        [
            ("x", View::new(&start, [rows, columns])),
            ("keys", (&of_keys).into()),
            ("values", View::new(&of_values, [count, columns])),
        ]
    };
    for threads in [1, 2, 5] {
        let (mut ours_added, mut ours_put) = (vec![0f32; rows * columns], vec![0f32; rows * columns]);
        let outputs = [
            ("added", ViewMut::new(&mut ours_added, [rows, columns])),
            ("put", ViewMut::new(&mut ours_put, [rows, columns])),
        ];
        program.clone().with_threads(threads).run(inputs(), outputs).unwrap();
        assert!(ours_added == added && ours_put == put, "{threads} threads");
    }
    let over = plan(&g, [x.scatter_add_with(keys, values, Axis(0), OutOfBounds::Wrap)]);
    let program = over.in_place("out", "x").unwrap().compile().unwrap();
    let mut data = start.clone();
    let [_, keys, values] = inputs();
    program.run([keys, values], [("out", ViewMut::new(&mut data, [rows, columns]))]).unwrap();
    assert!(data == added);
}

#[test]
fn an_index_that_is_wrong_puts_nothing() {
    let g = Graph::new();
    let (x, at) = (g.input("x", F64, [3]), g.input("at", I64, [2]));
    let program = plan(&g, [x.put(at, 5, Axis(0))]).compile().unwrap();
    let mut out = [7.0; 3];
    let inputs = [("x", View::from(&[1.0, 2.0, 3.0])), ("at", (&[0i64, 3]).into())];
    let error = program.run(inputs, [("out", &mut out)]).expect_err("an index that is wrong");
    assert_eq!((error.kind(), out), (DiagnosticKind::Index, [7.0; 3]));
    assert_snapshot!(error);
}

/// Lengths that depend on data, at sizes that are not known.
#[test]
fn lengths_and_sizes_that_are_not_known() {
    let g = Graph::new();
    let (n, m) = (g.dim("n", 0..=50), g.dim("m", 1..=40));
    let x = (g.input("x", F32, (n, m)) * 2).rint();
    let (kept, count) = x.compress(x.slice_axis(Axis(0), 0..).sum(Axis(0)).greater(0), Axis(1));
    let distinct = x.unique();
    let (places, _) = x.nonzero();
    let outputs = [
        kept,
        count,
        distinct.values,
        distinct.count,
        distinct.counts,
        distinct.inverse,
        places[0],
        places[1],
        x.put(0, 3.0, Axis(1)),
        x.scatter_add_with(g.arange_to(0, m, 1), x, Axis(1), OutOfBounds::Wrap),
    ];
    let recipe = g.recipe(outputs.iter().enumerate().map(|(at, y)| y.named(&format!("y{at}")))).unwrap();
    for sizes in [[("n", 0), ("m", 1)], [("n", 1), ("m", 7)], [("n", 50), ("m", 40)], [("n", 9), ("m", 3)]] {
        check_at(&recipe, &sizes).map_err(|mismatch| panic!("{mismatch}")).unwrap();
    }
}

/// As `np.median([])`, and as the statistics of elements of which a mask selects none.
#[test]
fn a_median_of_nothing_is_nan() {
    for dtype in [F64, F32, F16, I64, U8, Bool] {
        let g = Graph::new();
        let x = g.zeros(dtype, [("row", 3), ("column", 0)]);
        let statistics = [
            x.median(Axis(1)),
            x.quantile(0.25, Axis(-1)),
            x.nanmedian(Axis(1)),
            x.nanquantile(1.0, "column"),
            x.masked(g.ones(Bool, [3, 0])).median(Axis(1)),
            x.transpose().reshape([0, 3]).median(Axis(0)),
        ];
        for nothing in statistics {
            let nothing = nothing.astype(F64).to_vec::<f64>().unwrap();
            assert!(nothing.len() == 3 && nothing.iter().all(|x| x.is_nan()), "{dtype} {nothing:?}");
        }
        assert_eq!(x.median(Axis(0)).size(), Some(0));
        assert!(x.median(All.keepdims()).astype(F64).to_vec::<f64>().unwrap()[0].is_nan());
    }
}

#[test]
fn medians_of_axes_that_may_be_empty() {
    let g = Graph::new();
    let n = g.dim("n", 0..=40);
    let (x, mask) = (g.input("x", F32, (("row", 3), n)), g.input("mask", Bool, n));
    let outputs = [
        x.median(Axis(1)),
        x.quantile(0.3, All),
        x.nanquantile(0.8, Axis(1).keepdims()),
        x.astype(I32).median(Axis(1)),
        x.masked(mask).median(Axis(1)),
        x.astype(U8).masked(mask).quantile(0.6, [1, 0]),
        x.slice_axis(Axis(1), Slice::ALL.step_by(-2)).median(All),
    ];
    let outputs = outputs.iter().enumerate().map(|(at, y)| y.named(&format!("y{at}")));
    let recipe = g.recipe(outputs).unwrap();
    for size in [0, 1, 2, 7, 40] {
        check_at(&recipe, &[("n", size)]).map_err(|mismatch| panic!("{mismatch}")).unwrap();
    }
    // The same as where the size is known.
    let data = numbers(3 * 7);
    let mut out = [0f32; 3];
    let program = plan(&g, [x.median(Axis(1)).named("y")]).compile().unwrap();
    for size in [0usize, 1, 4, 7] {
        let known = g.constant(&data[..3 * size], [3, size]).median(Axis(1)).to_vec::<f32>().unwrap();
        program.run([("x", View::new(&data[..3 * size], [3, size]))], [("y", &mut out)]).unwrap();
        assert_eq!(out.map(f32::to_bits)[..], known.into_iter().map(f32::to_bits).collect::<Vec<_>>()[..]);
    }
}
