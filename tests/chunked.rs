//! Plans that run piece by piece: the same bits in less memory.

use fusewire::ir::plan::{Port, Task};
use fusewire::prelude::*;
use fusewire::testing::{check_chunked, recipes};
use fusewire::{DiagnosticKind, OutOfBounds, Recipe, Side, ir};
use insta::assert_snapshot;
use proptest::prelude::*;
use proptest::strategy::ValueTree;

fn checked(g: &Graph, outputs: Vec<Expr<'_>>, axis: isize, bytes: u64) -> Option<u64> {
    let recipe: Recipe = g.recipe(outputs).unwrap();
    check_chunked(&recipe, None, Axis(axis), bytes).unwrap_or_else(|mismatch| panic!("{mismatch}"))
}

#[test]
fn rows_of_a_softmax() {
    let g = Graph::new();
    let x = g.input("x", F32, [70, 40]);
    // In and out 320 bytes a row, and two totals.
    let pieces = checked(&g, vec![x.softmax(Axis(1)).named("softmax")], 0, 2000).unwrap();
    assert!(pieces > 10, "{pieces}");
    // Columns need all of a row at once.
    assert_eq!(checked(&g, vec![x.softmax(Axis(1))], 1, 2000), None);
}

#[test]
fn everything_that_moves_with_the_axis_begins_where_the_piece_does() {
    let g = Graph::new();
    let (x, y) = (g.input("x", F64, [50, 6]), g.input("y", F64, [6]));
    let stencil = x.slice_axis(Axis(0), 1..) - x.slice_axis(Axis(0), ..-1);
    let ramp = g.arange(0, 49, 1).expand_dims(1);
    let reversed = x.flip(Axis(0)).slice_axis(Axis(0), ..49);
    let every = g.input("z", F64, [98]).slice_axis(Axis(0), Slice::ALL.step_by(2)).expand_dims(1);
    let all = (stencil * y + ramp + reversed * every).named("all");
    assert!(checked(&g, vec![all], 0, 4000).unwrap() > 1);
    assert!(checked(&g, vec![all], -1, 4000).unwrap() > 1);
    assert!(checked(&g, vec![all, all.sum(Axis(1)).named("sums")], 0, 4000).unwrap() > 1);
}

#[test]
fn a_piece_is_as_large_as_its_bytes_let_it_be() {
    let g = Graph::new();
    let x = g.input("x", F64, [1000, 16]);
    let plan = g.plan([(x * 2).named("y")], &Limits::default()).unwrap();
    // 256 bytes for each row.
    for (bytes, piece, pieces) in [(256_000, 1000, 1), (255_999, 500, 2), (25_600, 100, 10), (256, 1, 1000)] {
        let chunked = plan.chunked(Axis(0), bytes).unwrap();
        assert_eq!((chunked.piece(), chunked.pieces()), (piece, pieces), "{bytes}");
        assert!(chunked.bytes() <= bytes);
    }
    let error = plan.chunked(Axis(0), 255).unwrap_err();
    assert_eq!(error.kind(), DiagnosticKind::Workspace);
    assert_snapshot!(error);
}

#[test]
fn what_is_over_budget_as_a_whole_fits_piece_by_piece() {
    let g = Graph::new();
    let x = g.input("x", F64, [4000, 300]);
    let centred = (x - x.mean(Axis(1)).store(Always).expand_dims(1)).exp().store(Always);
    let total = (centred / (centred.flip(Axis(1)) + 1)).named("ratio");
    // Each kernel over all rows, as it is where rows are too long to take turns on.
    let whole = |bytes: u64| g.plan([total], &Limits::default().with_bytes(bytes)).unwrap().unblocked();
    assert_eq!(whole(1_000_000).unwrap_err().kind(), DiagnosticKind::Workspace);
    let plan = whole(20_000_000).unwrap();
    assert!(plan.workspace_bytes() > 9_000_000);
    let chunked = plan.chunked(Axis(0), 1_000_000).unwrap();
    assert!(chunked.plan().workspace_bytes() < 1_000_000 && chunked.bytes() <= 1_000_000);
    assert!(checked(&g, vec![total], 0, 1_000_000).unwrap() > 20);
}

fn along(g: &Graph, outputs: Vec<Expr<'_>>, port: &str, axis: isize, bytes: u64) -> Option<u64> {
    let recipe: Recipe = g.recipe(outputs).unwrap();
    check_chunked(&recipe, Some(port), Axis(axis), bytes).unwrap_or_else(|mismatch| panic!("{mismatch}"))
}

/// The ordinary numbers among random ones: with any NaN or infinity, a total says nothing of the order in which it was added up.
fn ordinary(x: Expr<'_>) -> Expr<'_> {
    x.absolute().less(5).select(x, 1.25)
}

/// Rows that end in the middle of blocks of the reduction, one element or many for each element of the axis.
#[test]
fn totals_go_on_from_piece_to_piece() {
    for (shape, axes) in [
        (vec![9001u64], vec![0isize]),
        (vec![13_000, 3], vec![0]),
        (vec![9000, 40], vec![0]),
        (vec![300, 50], vec![0, 1]),
        (vec![2000, 5, 3], vec![0, 2]),
        (vec![9000, 2], vec![0, 1]),
    ] {
        for dtype in [F64, F32, F16, I32, U64, Bool] {
            let g = Graph::new();
            let x = g.input("x", dtype, &shape[..]);
            let axes = || axes.clone();
            let row = shape[1..].iter().product::<u64>() * dtype.bytes() as u64;
            let kept = (0..shape.len()).filter(|axis| !axes().contains(&(*axis as isize)));
            let state = 300 * kept.map(|axis| shape[axis]).product::<u64>();
            let mut outputs = vec![
                x.sum(axes()).named("sum"),
                x.prod(axes()).named("prod"),
                x.mean(axes()).named("mean"),
                x.min(axes()).named("min"),
                x.max(axes()).named("max"),
                x.any(axes()).named("any"),
                x.all(axes()).named("all"),
                x.count_nonzero(axes()).named("count_nonzero"),
            ];
            if dtype.is_float() {
                let ordinary = ordinary(x);
                outputs.extend([
                    ordinary.sum(axes()).named("ordinary sum"),
                    ordinary.mean(axes()).named("ordinary mean"),
                    (ordinary / 100 + 1).prod(axes()).named("ordinary prod"),
                ]);
            }
            let pieces = along(&g, outputs, "x", 0, 97 * row + 5 * state + 500);
            assert!(pieces.is_some_and(|pieces| pieces > 2), "{dtype} {shape:?}: {pieces:?}");
        }
    }
}

#[test]
fn several_totals_and_the_elements_beside_them() {
    let g = Graph::new();
    let (x, w) = (g.input("x", F32, [5000, 6]), g.input("w", F32, [6]));
    let scaled = (ordinary(x) * ordinary(w)).named("scaled");
    let (sums, all, rows) = (scaled.sum(Axis(0)), scaled.max(All), scaled.mean(Axis(1)));
    let outputs = vec![scaled, sums.named("sums"), all.named("all"), rows.named("rows")];
    assert!(checked(&g, outputs, 0, 8000).unwrap() > 20);
}

/// Pieces that are worth several threads: each has results of its own, side by side or one after another.
#[test]
fn several_threads_share_the_results_of_a_piece() {
    let g = Graph::new();
    let x = ordinary(g.input("x", F32, [5000, 300]));
    assert_eq!(along(&g, vec![x.sum(Axis(0)).named("columns")], "x", 0, 2_500_000), Some(3));
    assert_eq!(along(&g, vec![x.sum(Axis(1)).named("rows")], "x", 1, 3_600_000), Some(3));
    // Too few results: what is reduced is shared, in chunks that begin where the tree over blocks has a node.
    let (long, wide) = (g.input("long", F32, [1_700_000]), g.input("wide", F64, [300_000, 5]));
    let (long, wide) = (ordinary(long), ordinary(wide));
    assert_eq!(along(&g, vec![long.sum(All).named("total")], "long", 0, 2_300_000), Some(3));
    let columns = [wide.sum(Axis(0)).named("sums"), wide.max(Axis(0)).named("largest")];
    assert_eq!(along(&g, columns.to_vec(), "wide", 0, 4_100_000), Some(3));
    let seen = wide.transpose().matrix_transpose();
    assert_eq!(along(&g, vec![(seen * 2).mean(Axis(0)).named("rows")], "wide", 0, 4_100_000), Some(3));
}

#[test]
fn ports_are_named() {
    let g = Graph::new();
    let (x, y) = (g.input("x", F32, [500, 3]), g.input("y", F32, [3]));
    let plan = g.plan([(x * y).sum(All).named("total")], &Limits::default()).unwrap();
    // A number has no axis: that of the first input is meant.
    for chunked in [plan.chunked(Axis(-2), 1000).unwrap(), plan.chunked_along("x", Axis(0), 1000).unwrap()] {
        assert_eq!((chunked.port(), chunked.pieces()), ("x", 8));
    }
    let error = plan.chunked_along("z", Axis(0), 1000).unwrap_err();
    assert_eq!(error.kind(), DiagnosticKind::Name);
    assert_snapshot!(error);
}

/// What needs a total waits for another round.
#[test]
fn totals_that_are_broadcast_back() {
    let g = Graph::new();
    let x = ordinary(g.input("x", F64, [9000]));
    let y = ordinary(g.input("y", F32, [4500, 5]));
    for (name, port, output) in [
        ("softmax", "x", x.softmax(Axis(0))),
        ("variance", "x", x.var(All)),
        ("deviation", "x", x.std(All)),
        ("standardised", "y", (y - y.mean(Axis(0))) / y.std(Axis(0))),
        ("softmax", "y", y.softmax(Axis(0))),
        ("shares", "y", y / y.sum(All)),
        ("argmax", "x", x.argmax(Axis(0))),
        ("argmin", "y", y.argmin(Axis(0))),
        ("logsumexp", "y", y.logsumexp(Axis(0))),
        ("norm", "x", (x * 3 - x.max(All)).square().sum(All).sqrt()),
    ] {
        let pieces = along(&g, vec![output.named(name)], port, 0, 20_000);
        assert!(pieces.is_some_and(|pieces| pieces > 2), "{name}: {pieces:?}");
    }
}

#[test]
fn what_cannot_be_cut_says_why() {
    let g = Graph::new();
    let x = g.input("x", F64, [60, 50]);
    let n = g.dim("n", 1..=60);
    let open = g.input("open", F64, (n, 50));
    let kept = x.exp().store(Always);
    let wave = (0..8).fold(g.input("wave", F64, [4000]), |wave, _| wave.sin().exp());
    let long = wave.tan().named("long");
    let bad = [
        (x * 2, 2),
        (open * 2, 0),
        (kept + kept.flip(Axis(0)), 0),
        (x.sort(Axis(1)) * 2, 1),
        (x.sum(All) + 1, 1),
        // No output has room for the exponentials, which a later round reads again.
        ((long - long.max(All)).astype(F32), 0),
        (x - x.mean(Axis(0)), 0),
    ];
    let texts = bad.map(|(output, axis)| {
        let plan = g.plan([output.named("y")], &Limits::default()).unwrap();
        plan.chunked(Axis(axis), 2000).unwrap_err().to_string()
    });
    assert_snapshot!(texts.join("\n\n"));
    // What one of them says to do.
    let again = (long.store(Never) - long.max(All)).astype(F32).named("y");
    let plan = g.plan([again], &Limits::default()).unwrap();
    assert_eq!(plan.chunked(Axis(0), 2000).unwrap().rounds(), 2);
}

/// Every routine along the axes of its result that it does not mix, with what is computed before and after it.
#[test]
fn routines_run_on_pieces() {
    let g = Graph::new();
    let x = g.input("x", F64, [60, 40]);
    let y = (x * 3).exp();
    let (a, b) = (g.input("a", F32, [90, 33]), g.input("b", F32, [33, 70]));
    let (left, right) = (g.input("left", I32, [6, 20, 7]), g.input("right", I32, [6, 7, 9]));
    let order = y.argsort(Axis(0));
    let which = g.constant(&[3i64, -1, 0, 39, 17, 17, 8, 5, 21], [9]);
    let places = g.arange(0, 40, 2);
    let rows = g.input("rows", I64, [30, 40]);
    let edges = g.linspace(-1.0, 2.0, 12);
    let cases = [
        ("sort", y.sort(Axis(1)) + 1, 0),
        ("sort", y.sort(Axis(0)) + 1, 1),
        ("argsort", y.argsort_descending(Axis(1)), 0),
        ("scan", y.cumulative_sum(Axis(1)) * 2, 0),
        ("scan from zero", y.cumulative_sum_from_zero(Axis(0)), 1),
        ("take rows", y.take(which, Axis(1)) + 1, 0),
        ("take by an index", y.take(which, Axis(1)) + 1, 1),
        ("along", y.take_along_axis(order, Axis(0)), 1),
        ("index of along", x.take_along_axis_with(rows, Axis(0), OutOfBounds::Wrap), 0),
        ("compress", y.compress(x.sum(Axis(1)).greater(0), Axis(0)).0, 1),
        ("put", y.put(places, x.take(places, Axis(1)), Axis(1)), 0),
        ("scatter", y.scatter_add(places, x.take(places, Axis(1)), Axis(1)), 0),
        ("search", edges.searchsorted(y, Side::Left) + 1, 0),
        ("search", edges.searchsorted(y, Side::Right) + 1, 1),
        ("rows", (a + 1).matmul(b) * 2, 0),
        ("columns", a.matmul(b + 1) * 2, 1),
        ("batch", left.matmul(right) + 1, 0),
        ("rows in a batch", left.matmul(right) + 1, 1),
        ("columns in a batch", left.matmul(right), 2),
        ("median", y.median(Axis(1)), 0),
        ("tensordot", a.tensordot(b, 1) - 1, 0),
    ];
    let mut wrong = Vec::new();
    for (name, output, axis) in cases {
        if output.array().is_none() {
            wrong.push(format!("{name}: {}", g.plan([output], &Limits::default()).unwrap_err()));
            continue;
        }
        let recipe: Recipe = g.recipe([output.named("made")]).unwrap();
        let plan = recipe.plan(&Limits::default()).unwrap();
        let least = (1..4000).map(|bytes| bytes * 32).find(|bytes| plan.chunked(Axis(axis), *bytes).is_ok());
        let Some(least) = least else {
            wrong.push(format!("{name} is not cut"));
            continue;
        };
        // Pieces of an element, and of a few.
        for bytes in [least, least + 500] {
            match check_chunked(&recipe, None, Axis(axis), bytes) {
                Ok(Some(pieces)) if pieces > 1 => {}
                other => wrong.push(format!("{name} in {bytes} bytes: {other:?}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// An index that an array does not have is named by its place among all indices, not among those of a piece.
#[test]
fn a_wrong_index_is_found_in_its_piece() {
    let g = Graph::new();
    let (x, at) = (g.input("x", F64, [10]), g.input("at", I64, [50]));
    let plan = g.plan([(x.take(at, Axis(0)) + 1).named("y")], &Limits::default()).unwrap();
    let program = plan.chunked(Axis(0), 400).unwrap();
    assert!(program.pieces() > 5, "{program:?}");
    let program = program.compile().unwrap();
    let (x, mut at, mut y) = ([2.0; 10], [3i64; 50], [0.0; 50]);
    at[41] = 10;
    let error = program.run([("x", View::from(&x)), ("at", (&at).into())], [("y", &mut y)]).unwrap_err();
    assert_eq!(error.kind(), DiagnosticKind::Index);
    assert!(error.to_string().contains("index 10 at [41] of `at` is out of bounds"), "{error}");
    assert_eq!(y[..20], [3.0; 20]);
}

/// One of the ports of a recipe: its first output where none is named.
fn port_of(recipe: &Recipe, choice: usize) -> Option<String> {
    let plan = recipe.plan(&Limits::default()).ok()?;
    let ports: Vec<_> =
        plan.outputs().iter().chain(plan.inputs()).map(|port| port.name.to_string()).collect();
    choice.checked_sub(1).map(|choice| ports[choice % ports.len()].clone())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn pieces_have_the_bits_of_the_whole(
        recipe in recipes(20), port in 0usize..6, axis in 0isize..3, bits in 5u32..12,
    ) {
        let port = port_of(&recipe, port);
        if let Err(mismatch) = check_chunked(&recipe, port.as_deref(), Axis(axis), 1 << bits) {
            prop_assert!(false, "{}", mismatch);
        }
    }
}

/// The property above means something: a good part of random plans can be cut, into several pieces, and there are totals that go on, several rounds,
/// and pieces of routines among them.
#[test]
fn random_plans_are_cut() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut cut, mut carried, mut again, mut routines) = (0, 0, 0, 0);
    for at in 0..500 {
        let recipe = recipes(20).new_tree(&mut runner).unwrap().current();
        let (plan, port) = (recipe.plan(&Limits::default()).unwrap(), port_of(&recipe, at % 6));
        let chunked = |bytes: &u64| match &port {
            Some(port) => plan.chunked_along(port, Axis(0), *bytes).ok(),
            None => plan.chunked(Axis(0), *bytes).ok(),
        };
        // The smallest pieces that there are.
        let Some(bytes) = (5..16).map(|bits| 1 << bits).find(|bytes| chunked(bytes).is_some()) else {
            continue;
        };
        let pieces = check_chunked(&recipe, port.as_deref(), Axis(0), bytes);
        pieces.unwrap_or_else(|wrong| panic!("{wrong}"));
        let Some(chunked) = chunked(&bytes).filter(|chunked| chunked.pieces() > 1) else { continue };
        cut += 1;
        carried += usize::from(chunked.plan().kernels().iter().any(|kernel| kernel.carried.is_some()));
        again += usize::from(chunked.rounds() > 1);
        let is_piece = |task: Task<'_>| matches!(task, Task::Routine(call) if call.begin.is_some());
        routines += usize::from(chunked.plan().tasks().any(is_piece));
    }
    assert!(cut > 100 && carried > 5 && again > 5 && routines > 5, "{cut} {carried} {again} {routines}");
}

/// Loops over results that do not merge, as memory between them is left out: tiles end with each of the outer one.
#[test]
fn totals_of_several_loops_go_on() {
    let g = Graph::new();
    let (x, y) = (g.input("x", F32, [300, 4, 150]), g.input("y", F64, [3, 7, 5000]));
    let x = ordinary(x).slice_axis(Axis(2), ..140);
    let y = ordinary(y).slice_axis(Axis(1), ..6);
    let columns = vec![x.sum(Axis(0)).named("sums"), x.max(Axis(0)).named("largest")];
    assert!(along(&g, columns, "x", 0, 400_000).unwrap() > 2);
    let rows = vec![y.mean(Axis(2)).named("means"), y.min(Axis(2)).named("smallest")];
    assert!(along(&g, rows, "y", 2, 300_000).unwrap() > 2);
    let turned = vec![x.sum(Axis(0)).transpose().named("turned")];
    assert!(along(&g, turned, "x", 0, 400_000).unwrap() > 2);
}

/// Floats add up in the order of the whole; integers in any.
#[test]
fn integers_are_cut_along_an_inner_axis() {
    let g = Graph::new();
    let (floats, integers) = (g.input("floats", F64, [50, 300]), g.input("integers", I32, [50, 300]));
    assert_eq!(along(&g, vec![floats.sum(All).named("sum")], "floats", 1, 10_000), None);
    for total in [integers.sum(All), integers.max(All), integers.prod(All)] {
        assert!(along(&g, vec![total.named("total")], "integers", 1, 10_000).unwrap() > 5);
    }
}

/// A diagonal meets other columns in each piece.
#[test]
fn a_stored_value_is_met_on_its_diagonal() {
    let g = Graph::new();
    let x = g.input("x", F64, [60, 60]);
    let kept = x.exp().store(Always);
    let along_it = (kept.diagonal(0, Axis(0), Axis(1)) + 1).named("diagonal");
    let outputs = vec![along_it, (kept * 2).named("twice")];
    assert!(checked(&g, outputs, 0, 20_000).is_none_or(|pieces| pieces > 1));
    let plan = g.plan([along_it], &Limits::default()).unwrap();
    assert!(plan.stored().len() == 1 && checked(&g, vec![along_it], 0, 29_400).unwrap() > 1);
}

/// Chunks of a piece, which threads share: of each result in its place, and in the order of the whole, which shows in the sign of zeros.
#[test]
fn chunks_of_a_piece_are_combined_in_order() {
    let g = Graph::new();
    let apart = ordinary(g.input("apart", F32, [2, 4, 100_000])).slice_axis(Axis(1), ..3);
    assert_eq!(along(&g, vec![apart.sum(Axis(2)).named("sums")], "apart", 2, 1_100_000), Some(3));
    let x = ordinary(g.input("x", F64, [600_000]));
    let is_even = (g.arange(0, 600_000, 1).floor_divide(50_000)).remainder(2).equal(0);
    let zeros = x.absolute() * is_even.select(0.0, -0.0);
    for zero in [zeros.min(All), zeros.max(All)] {
        assert_eq!(along(&g, vec![zero.named("zero")], "x", 0, 2_000_000), Some(3));
    }
}

/// Runs something on made-up inputs; `next` is written over the input of this name. All outputs.
fn results(
    plan: &Plan,
    over: Option<&str>,
    run: impl FnOnce(Vec<(&str, View<'_>)>, Vec<(&str, ViewMut<'_>)>) -> Result<(), Error>,
) -> Vec<Vec<f64>> {
    let shape =
        |port: &Port| -> Vec<usize> { port.array.shape.iter().map(|dim| dim.upper() as usize).collect() };
    let made_up = |name: &str, shape: Vec<usize>| {
        let wave = (0..shape.iter().product::<usize>()).map(|at| ((at + name.len()) as f64 * 0.7).sin());
        (wave.collect::<Vec<f64>>(), shape)
    };
    let inputs = plan.inputs().iter().filter(|port| over != Some(&*port.name));
    let inputs: Vec<_> = inputs.map(|port| (&*port.name, made_up(&port.name, shape(port)))).collect();
    let outputs = plan.outputs().iter().map(|port| match over {
        Some(over) if *port.name == *"next" => (&*port.name, made_up(over, shape(port))),
        _ => (&*port.name, (vec![0.0; shape(port).iter().product()], shape(port))),
    });
    let mut outputs: Vec<_> = outputs.collect();
    let read = inputs.iter().map(|(name, (held, shape))| (*name, View::new(held, shape)));
    let written = outputs.iter_mut().map(|(name, (held, shape))| (*name, ViewMut::new(held, &*shape)));
    run(read.collect(), written.collect()).unwrap();
    outputs.into_iter().map(|(_, (held, _))| held).collect()
}

/// What is read in a later round, or by a later piece, is not overwritten before.
#[test]
fn outputs_are_written_over_inputs_in_pieces() {
    let g = Graph::new();
    let (x, y) = (g.input("x", F64, [60, 5]), g.input("y", F64, [60, 5]));
    let total = y.sum(All);
    let cases = [
        vec![(x * 0.5 + y).named("next")],
        vec![(x - x.mean(Axis(0)) + y).named("next")],
        vec![(x.flip(Axis(0)).slice_axis(Axis(1), 1..) * total).named("turned"), (x * 2).named("next")],
        vec![(x * total).named("scaled"), (x * 2).named("next")],
    ];
    for outputs in cases {
        let plan = g.plan(outputs.clone(), &Limits::default()).unwrap();
        let whole = plan.clone().compile().unwrap();
        let expected = results(&plan, None, |read, written| whole.run(read, written));
        let plan = plan.in_place("next", "x").unwrap();
        let mut cut = (0..200).filter_map(|bytes| plan.chunked_along("x", Axis(0), 100 * bytes).ok());
        let chunked = cut.next().unwrap();
        assert!(chunked.pieces() > 1, "{chunked:?}");
        let chunked = chunked.compile().unwrap();
        assert_eq!(
            results(&plan, Some("x"), |read, written| chunked.run(read, written)),
            expected,
            "{outputs:?}"
        );
    }
}

/// Kernels take turns on rows where the whole does, but for one that carries its totals on.
#[test]
fn totals_of_totals_go_on() {
    let g = Graph::new();
    let x = ordinary(g.input("x", F64, [64, 100, 40]));
    let total = x.sum(Axis(2)).exp().sum(Axis(1)).named("total");
    assert!(along(&g, vec![total], "x", 1, 300_000).unwrap() > 5);
    assert!(
        along(&g, vec![(x - x.sum(Axis(2).keepdims())).sum(Axis(1)).named("rest")], "x", 1, 600_000).unwrap()
            > 5
    );
}

/// Workspace is for a piece wherever it can be, and taken in turns.
#[test]
fn workspace_is_used_again() {
    let g = Graph::new();
    let (x, y) = (g.input("x", F64, [1000, 8]), g.input("y", F64, [1000, 8]));
    fn turned(kept: Expr<'_>, axis: isize) -> Expr<'_> {
        (kept.flip(Axis(axis)) + 1).store(Always)
    }
    let chain = turned(turned(turned(x.exp().store(Always), 1), 1), 1);
    let plan =
        g.plan([(chain.flip(Axis(1)) * 2).named("y")], &Limits::default()).unwrap().unblocked().unwrap();
    assert_eq!(plan.stored().len(), 4);
    // A row of 64 bytes in and out, and of two values of the chain.
    let chunked = plan.chunked(Axis(0), 25_600).unwrap();
    assert_eq!((chunked.piece(), chunked.plan().workspace_bytes()), (100, 12_800));

    // What is needed only when a total is complete waits for it, and is never there as a whole.
    let late = x.exp().store(Always).flip(Axis(1)) + y - y.max(All);
    assert!(checked(&g, vec![late.named("late")], 0, 6000).unwrap() > 10);

    // What runs once on whole arrays takes turns as well.
    let long = g.input("long", F64, [40, 1000]);
    let sums = turned(turned(turned(turned(long.sum(Axis(0)), 0), 0), 0), 0).flip(Axis(0)).named("sums");
    let plan = g.plan([sums], &Limits::default()).unwrap();
    let chunked = plan.chunked_along("long", Axis(0), 200_000).unwrap();
    let of = |reason: ir::StoreReason| {
        let stored = chunked.plan().stored().iter().filter(move |stored| stored.reason == reason);
        stored.map(|stored| chunked.plan().whole_bytes(stored, &Dim::upper)).collect::<Vec<_>>()
    };
    assert_eq!(of(ir::StoreReason::Requested), [8000; 4]);
    let state: u64 = of(ir::StoreReason::Carried).iter().sum();
    assert!(chunked.plan().workspace_bytes() <= state + 2 * 8000, "{}", chunked.plan().workspace_bytes());
}

/// Totals wait in workspace that no value of the pieces between takes, whichever comes first.
#[test]
fn what_waits_is_not_overwritten() {
    let g = Graph::new();
    let (x, y) = (ordinary(g.input("x", F64, [1000, 9])), g.input("y", F64, [1000, 8]));
    let total = x.sum(Axis(0)).named("total");
    let kept = y.exp().store(Always);
    let turned = (kept.flip(Axis(1)) + x.slice_axis(Axis(1), 1..).flip(Axis(1))).named("turned");
    for outputs in [vec![total, turned], vec![turned, total]] {
        assert!(along(&g, outputs, "y", 0, 8000).unwrap() > 10);
    }
}

/// Where nothing meets all of an axis the largest part counts, and where several loops meet it, one that begins where it does.
#[test]
fn what_goes_along_with_an_input() {
    let g = Graph::new();
    let x = g.input("x", F64, [100]);
    let part = |end: i64| x.slice_axis(Axis(0), Slice::new(0, end));
    let parts = [(part(30) + 1).named("few"), (part(80) * 2).named("many")];
    let plan = g.plan(parts, &Limits::default()).unwrap();
    assert_eq!(plan.chunked_along("x", Axis(0), 1 << 20).unwrap().piece(), 80);

    let outer = (x.flip(Axis(0)).expand_dims(1) * x.expand_dims(0)).named("outer");
    let chunked = g.plan([outer], &Limits::default()).unwrap().chunked_along("x", Axis(0), 20_000).unwrap();
    let is_whole: Vec<bool> =
        chunked.plan().kernels()[0].loops.iter().map(|l| l.extent.known().is_some()).collect();
    assert_eq!(is_whole, [true, false]);
    assert!(along(&g, vec![outer], "x", 0, 20_000).unwrap() > 3);
}
