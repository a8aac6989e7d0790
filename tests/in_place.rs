//! Outputs that are written over inputs: by request only, where no element is read after it was
//! overwritten.

use fusewire::DiagnosticKind;
use fusewire::prelude::*;

fn plan<'g>(g: &'g Graph, outputs: impl IntoIterator<Item = Expr<'g>>) -> Plan {
    g.plan(outputs, &Limits::default()).unwrap()
}

#[test]
fn an_average_is_updated_where_it_stands() {
    let g = Graph::new();
    let (x, y) = (g.input("x", F64, [1000]), g.input("y", F64, [1000]));
    let program =
        plan(&g, [(x * 0.5 + y.exp()).named("next")]).in_place("next", "x").unwrap().compile().unwrap();
    let y: Vec<f64> = (0..1000).map(f64::from).map(|at| (at * 0.1).sin()).collect();
    let mut x: Vec<f64> = (0..1000).map(f64::from).collect();
    program.run([("y", &y)], [("next", &mut x)]).unwrap();
    for (at, value) in x.iter().enumerate() {
        let expected = at as f64 * 0.5 + y[at].exp();
        assert!((value - expected).abs() <= expected.abs() * 1e-15);
    }
}

#[test]
fn columns_may_share_an_array_that_they_do_not_share_elements_of() {
    let g = Graph::new();
    let program = plan(&g, [g.input("x", F64, [4]) * 2]).compile().unwrap();
    let mut pairs = ndarray::arr2(&[[1.0, -1.0], [2.0, -1.0], [3.0, -1.0], [4.0, -1.0]]);
    let (even, odd) = pairs.multi_slice_mut((ndarray::s![.., 0], ndarray::s![.., 1]));
    program.run([("x", even.view())], [("out", odd)]).unwrap();
    assert_eq!(pairs.column(1).to_vec(), [2.0, 4.0, 6.0, 8.0]);
}

#[test]
fn unsafe_updates_are_refused_with_the_reason() {
    let g = Graph::new();
    let x = g.input("x", F64, [30, 30]);
    let y = g.input("y", F64, [30, 30]);
    let cases: [(Expr<'_>, &str); 5] = [
        (x.transpose() + y, "other elements"),
        (x.flip(Axis(0)) * 2, "other elements"),
        (x + x.flip(Axis(1)), "other elements"),
        (x - x.mean(Axis(0)), ""),
        (x.astype(F32), "it is f32"),
    ];
    for (result, reason) in cases {
        let planned = plan(&g, [result.named("result")]).in_place("result", "x");
        match planned {
            Err(error) => {
                assert_eq!(error.kind(), DiagnosticKind::Overlap);
                assert!(!reason.is_empty() && error.to_string().contains(reason), "{error}");
            }
            // The mean is complete before the first element is overwritten.
            Ok(_) => assert!(reason.is_empty(), "{reason}"),
        }
    }
    assert_eq!(plan(&g, [x * 2]).in_place("out", "z").unwrap_err().kind(), DiagnosticKind::Name);
    assert_eq!(plan(&g, [x * 2]).in_place("z", "x").unwrap_err().kind(), DiagnosticKind::Name);
}

#[test]
fn an_input_still_read_later_is_not_overwritten() {
    let g = Graph::new();
    let x = g.input("x", F64, [30, 30]);
    let outputs = [(x + 1).named("a"), (x.slice_axis(Axis(0), 1..) * 2).named("b")];
    let error = plan(&g, outputs).in_place("a", "x").unwrap_err();
    assert!(error.to_string().contains("still reads the input afterwards"), "{error}");
}

#[test]
fn the_centred_rows_are_right_in_place() {
    let g = Graph::new();
    let x = g.input("x", F64, [5, 40]);
    let centred = x - x.mean(Axis(0));
    let program = plan(&g, [centred.named("c")]).in_place("c", "x").unwrap().compile().unwrap();
    let data: Vec<f64> = (0..200).map(|at| f64::from(at * at % 17)).collect();
    let mut out = data.clone();
    program.run((), [("c", ViewMut::new(&mut out, [5, 40]))]).unwrap();
    for column in 0..40 {
        let mean = (0..5).map(|row| data[row * 40 + column]).sum::<f64>() / 5.0;
        for row in 0..5 {
            assert!((out[row * 40 + column] - (data[row * 40 + column] - mean)).abs() < 1e-12);
        }
    }
}

#[test]
fn memory_shared_without_a_request_is_refused() {
    let g = Graph::new();
    let program = plan(&g, [g.input("x", F64, [4]) * 2]).compile().unwrap();
    let mut data = [1.0; 6];
    let address = data.as_mut_ptr().cast::<u8>();
    // SAFETY: both views stay within `data`, and nothing else touches it while they live.
    let (input, output) = unsafe {
        (View::from_raw(address.add(8), F64, &[4], &[8]), ViewMut::from_raw(address, F64, &[4], &[8]))
    };
    let error = program.run([("x", input)], [("out", output)]).unwrap_err();
    assert_eq!(error.kind(), DiagnosticKind::Overlap);
    assert!(error.to_string().contains("24 B in common"), "{error}");
    assert_eq!(data, [1.0; 6]);
}

#[test]
fn an_output_is_written_over_one_input() {
    let g = Graph::new();
    let (x, z) = (g.input("x", F64, [3]), g.input("z", F64, [3]));
    let over_x = plan(&g, [x + z]).in_place("out", "x").unwrap();
    let line = line!() + 1;
    let error = over_x.clone().in_place("out", "z").unwrap_err();
    assert_eq!(error.kind(), DiagnosticKind::Overlap);
    assert_eq!(error.diagnostics()[0].site.map(|site| site.line), Some(line));
    let unknown = over_x.clone().in_place("out", "w").unwrap_err();
    assert_eq!(unknown.diagnostics()[0].site.map(|site| site.line), Some(line + 3));
    assert_eq!(over_x.in_place("out", "x").unwrap().in_place_input(0), Some(0));
}
