//! Functions composed of operations against NumPy, case by case, through compiled programs:
//! `tests/golden/composed.py` writes the file and explains it.

use fusewire::prelude::*;
use fusewire::testing::TypedArray;
use fusewire::{Indexing, Scalar};
use std::collections::BTreeMap;

const GOLDEN: &str = include_str!("golden/composed.txt");

/// One line of the file.
struct Case<'a> {
    line: &'a str,
    call: Vec<&'a str>,
    expected: &'a str,
}

/// Numbers from 0 to 96 that look random, as `codes` of the script.
fn codes(count: u64, salt: u64) -> Vec<i64> {
    (0..count)
        .map(|index| {
            let mut mixed = (index + 1000 * salt + 1)
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            mixed ^= mixed >> 29;
            mixed = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            ((mixed >> 33) % 97) as i64
        })
        .collect()
}

/// The elements of an operand, as `made` of the script.
fn made(dtype: DType, kind: &str, count: u64, salt: u64) -> Vec<Scalar> {
    let codes = codes(count, salt);
    let odd = count > 3 && codes[0] % 2 == 1;
    let element = |code: i64| {
        if dtype == Bool {
            return Scalar::Bool(match kind {
                "sparse" => code < 5,
                "equal" => true,
                _ => code % 3 == 0,
            });
        }
        if let Some(info) = dtype.int_info() {
            let plain = i128::from(if info.min < 0 { code - 48 } else { code });
            let value = match kind {
                "sparse" if code < 90 => 0,
                "wide" if code < 20 => info.min,
                "wide" if code > 80 => info.max,
                "equal" => i128::from(code % 2),
                _ => plain,
            };
            return Scalar::from_int(value, dtype);
        }
        let plain = (code - 48) as f64 / 4.0;
        let value = match kind {
            "special" if code < 4 => f64::INFINITY,
            "special" if code < 8 => f64::NEG_INFINITY,
            "missing" if code < 40 => f64::NAN,
            "sparse" if code < 90 => 0.0,
            "wide" if code < 3 => f64::NAN,
            "wide" => plain * if dtype == F16 { 50.0 } else { 1000.0 },
            // In Python 0 times NaN.
            "equal" if odd => f64::NAN,
            "equal" => (code % 2) as f64,
            _ => plain,
        };
        Scalar::F64(value).cast(dtype)
    };
    codes.into_iter().map(element).collect()
}

/// `[2,3]`.
fn list<T: std::str::FromStr>(token: &str) -> Vec<T> {
    let inner = token.trim_matches(['[', ']']).split(',').map(str::trim);
    inner.filter(|text| !text.is_empty()).filter_map(|text| text.parse().ok()).collect()
}

fn dtype(name: &str) -> DType {
    DType::ALL.into_iter().find(|dtype| dtype.name() == name).expect("a dtype")
}

fn axes(axes: &str, keepdims: &str) -> Axes {
    let axes = if axes == "all" { Axes::from(All) } else { Axes::from(list::<isize>(axes)) };
    if keepdims == "keep" { axes.keepdims() } else { axes }
}

fn masked<'g>(x: Expr<'g>, name: &str, mask: Expr<'g>, axes: Axes) -> Expr<'g> {
    let x = x.masked(mask);
    match name {
        "sum" => x.sum(axes),
        "prod" => x.prod(axes),
        "mean" => x.mean(axes),
        "any" => x.any(axes),
        "all" => x.all(axes),
        "var" => x.var(axes),
        "std" => x.std(axes),
        "min_initial" => x.min_initial(axes, 3),
        "max_initial" => x.max_initial(axes, 3),
        "count" => x.count(axes),
        other => panic!("no reduction: {other}"),
    }
}

fn reduction<'g>(g: &'g Graph, call: &[&str], x: Expr<'g>) -> Expr<'g> {
    let (argument, axes) = match *call {
        [_, along, keepdims] => ("", axes(along, keepdims)),
        [_, argument, along, keepdims] => (argument, axes(along, keepdims)),
        _ => panic!("no reduction: {call:?}"),
    };
    let number = || argument.parse::<f64>().expect("a number");
    match call[0] {
        "any" => x.any(axes),
        "all" => x.all(axes),
        "count_nonzero" => x.count_nonzero(axes),
        "ptp" => x.ptp(axes),
        "var" => x.var(axes),
        "std" => x.std(axes),
        "norm" => x.norm(axes),
        "logsumexp" => x.logsumexp(axes),
        "nansum" => x.nansum(axes),
        "nanprod" => x.nanprod(axes),
        "nanmin" => x.nanmin(axes),
        "nanmax" => x.nanmax(axes),
        "nanmean" => x.nanmean(axes),
        "nanvar" => x.nanvar(axes),
        "nanstd" => x.nanstd(axes),
        "argmin" => x.argmin(axes),
        "argmax" => x.argmax(axes),
        "nanargmin" => x.nanargmin(axes),
        "nanargmax" => x.nanargmax(axes),
        "var_ddof" => x.var_ddof(axes, number()),
        "std_ddof" => x.std_ddof(axes, number()),
        "nanvar_ddof" => x.nanvar_ddof(axes, number()),
        "nanstd_ddof" => x.nanstd_ddof(axes, number()),
        "norm_of_order" => x.norm_of_order(axes, number()),
        "min_initial" => x.min_initial(axes, 3),
        "max_initial" => x.max_initial(axes, 3),
        "sum_as" => x.sum_as(axes, dtype(argument)),
        "prod_as" => x.prod_as(axes, dtype(argument)),
        "mean_as" => x.mean_as(axes, dtype(argument)),
        name => {
            let name = name.strip_prefix("masked.").expect("a function");
            let shape: Vec<u64> = x.shape().unwrap().iter().map(|dim| dim.known().unwrap()).collect();
            let from = if argument == "same" { 0 } else { shape.len().saturating_sub(1) };
            let mask = codes(shape[from..].iter().product(), 7);
            let mask: Vec<bool> = mask.into_iter().map(|code| code < 60).collect();
            masked(x, name, g.constant(&mask, &shape[from..]), axes)
        }
    }
}

/// The results of a call; functions that make several give several.
fn results<'g>(g: &'g Graph, call: &[&str], of: DType, operands: &[Expr<'g>]) -> Vec<Expr<'g>> {
    let number = |at: usize| call[at].parse::<i64>().expect("a whole number");
    let axis = |at: usize| Axis(number(at) as isize);
    match (call[0], operands) {
        ("flip", [x]) => vec![x.flip(axes(call[1], "drop"))],
        ("swapaxes", [x]) => vec![x.swapaxes(axis(1), axis(2))],
        ("moveaxis", [x]) => vec![x.moveaxis(list::<isize>(call[1]), list::<isize>(call[2]))],
        ("rot90", [x]) => vec![x.rot90(number(1), list::<isize>(call[2]))],
        ("diff", [x]) => vec![x.diff(number(1) as u32, axis(2))],
        ("tril", [x]) => vec![x.tril(number(1))],
        ("triu", [x]) => vec![x.triu(number(1))],
        ("one_hot", [x]) => vec![x.one_hot(number(1) as u64)],
        ("outer", [x, y]) => vec![x.outer(*y)],
        ("vecdot", [x, y]) => vec![x.vecdot(*y)],
        ("modf", [x]) => {
            let (first, second) = x.modf();
            vec![first, second]
        }
        ("frexp", [x]) => {
            let (first, second) = x.frexp();
            vec![first, second]
        }
        ("float_power", [x]) => {
            let size = x.absolute();
            vec![match call[1].parse::<i64>() {
                Ok(exponent) => size.float_power(exponent),
                Err(_) => size.float_power(call[1].parse::<f64>().expect("a number")),
            }]
        }
        ("i0", [x]) => vec![x.i0()],
        ("matvec", [x, y]) => vec![x.matvec(*y)],
        ("vecmat", [x, y]) => vec![x.vecmat(*y)],
        ("unwrap", [x]) => vec![x.unwrap(axis(1))],
        ("unwrap_period", [x]) => {
            let float = |at: usize| call[at].parse().expect("a number");
            vec![x.unwrap_period(axis(1), float(2), float(3))]
        }
        ("matrix_transpose", [x]) => vec![x.matrix_transpose()],
        ("trace", [x]) => vec![x.trace(number(1), 0, 1)],
        ("softmax", [x]) => vec![x.softmax(axes(call[1], "drop"))],
        ("log_softmax", [x]) => vec![x.log_softmax(axes(call[1], "drop"))],
        ("average", [x, weights]) => vec![x.average(axes(call[1], call[2]), *weights)],
        ("eye", []) => vec![g.eye(of, number(1) as u64, number(2) as u64, number(3))],
        ("tri", []) => vec![g.tri(of, number(1) as u64, number(2) as u64, number(3))],
        ("indices", []) => match list::<u64>(call[1])[..] {
            [a] => g.indices([a]).into(),
            [a, b] => g.indices([a, b]).into(),
            [a, b, c] => g.indices([a, b, c]).into(),
            _ => panic!("no case of {call:?}"),
        },
        ("meshgrid", _) => {
            let indexing = if call[1] == "xy" { Indexing::Xy } else { Indexing::Ij };
            match *operands {
                [a] => g.meshgrid([a], indexing).into(),
                [a, b] => g.meshgrid([a, b], indexing).into(),
                [a, b, c] => g.meshgrid([a, b, c], indexing).into(),
                [a, b, c, d] => g.meshgrid([a, b, c, d], indexing).into(),
                _ => panic!("no case of {call:?}"),
            }
        }
        ("broadcast_arrays", [a, b]) => g.broadcast_arrays([*a, *b]).into(),
        ("broadcast_arrays", [a, b, c]) => g.broadcast_arrays([*a, *b, *c]).into(),
        (_, [x]) => vec![reduction(g, call, *x)],
        _ => panic!("no case of {call:?}"),
    }
}

/// Equal, or floats that the order of the operations alone can tell apart.
fn close(call: &str, expected: Scalar, computed: Scalar) -> bool {
    let (a, b) = (expected.as_f64(), computed.as_f64());
    if expected == computed || a == b || (a.is_nan() && b.is_nan()) {
        return true;
    }
    let tolerance = match expected.dtype() {
        F16 => 2.0 * 9.77e-4,
        F32 => 4e-6,
        F64 => 4e-14,
        _ => return false,
    };
    let scale = match call {
        // A spread of 0 that rounding misses is as small as the rounding of the largest elements.
        _ if call.contains("var") || call.contains("std") => 1e-6,
        // The logarithm of a sum that is nearly 1.
        _ if call.starts_with("log_softmax") => 1.0,
        _ => 1e-2,
    };
    (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(scale)
}

fn check(case: &Case<'_>, expected: &str, computed: &TypedArray, shape: &str) -> Result<(), String> {
    let (wanted_shape, wanted) = expected.split_once(' ').expect("a shape and elements");
    let (wanted_dtype, wanted) = wanted.split_once(':').expect("a dtype and elements");
    let of = dtype(wanted_dtype);
    let element = |text: &str| match text {
        "nan" => Scalar::F64(f64::NAN).cast(of),
        _ if of.is_float() => Scalar::from_bits(u64::from_str_radix(text, 16).expect("bits"), of),
        _ => Scalar::from_int(text.parse().expect("a whole number"), of),
    };
    let wanted: Vec<Scalar> = wanted.split(',').filter(|text| !text.is_empty()).map(element).collect();
    let found = computed.elements();
    let fits = computed.dtype() == of && shape == wanted_shape && wanted.len() == found.len();
    if fits && wanted.iter().zip(&found).all(|(wanted, found)| close(case.line, *wanted, *found)) {
        return Ok(());
    }
    Err(format!("{}\n    NumPy {wanted:?}\n    ours  {shape} {found:?}", case.line))
}

/// All cases on the same operands, in one program.
fn run(operands: &str, cases: &[Case<'_>], failures: &mut Vec<String>) {
    let [of, kind, shapes @ ..] =
        &operands.split(' ').filter(|text| !text.is_empty()).collect::<Vec<_>>()[..]
    else {
        panic!("no operands: {operands}")
    };
    let of = dtype(of);
    let g = Graph::new();
    let shapes: Vec<Vec<u64>> = shapes.iter().map(|shape| list(shape)).collect();
    let names: Vec<String> = (0..shapes.len()).map(|at| format!("x{at}")).collect();
    let inputs: Vec<Expr<'_>> =
        names.iter().zip(&shapes).map(|(name, shape)| g.input(name, of, shape.clone())).collect();
    let mut outputs = Vec::new();
    let mut expected = Vec::new();
    for case in cases {
        let made = results(&g, &case.call, of, &inputs);
        let refused = made.iter().any(|output| output.array().is_none());
        if case.expected == "!" || refused {
            if (case.expected == "!") != refused {
                let error = g.plan(made.iter().copied(), &Limits::default()).err();
                failures.push(format!("{}\n    ours {error:?}", case.line));
            }
            continue;
        }
        let wanted: Vec<&str> = case.expected.split(" ; ").collect();
        assert_eq!(made.len(), wanted.len(), "{}", case.line);
        for (output, wanted) in made.into_iter().zip(wanted) {
            outputs.push(output.named(&format!("y{}", outputs.len())));
            expected.push((case, wanted));
        }
    }
    if outputs.is_empty() {
        return;
    }
    let program = g.plan(outputs.iter().copied(), &Limits::default()).unwrap().compile().unwrap();
    let arrays: Vec<TypedArray> = (0..)
        .zip(&shapes)
        .map(|(salt, shape)| TypedArray::new(of, shape, &made(of, kind, shape.iter().product(), salt)))
        .collect();
    let sizes = |output: &Expr<'_>| -> Vec<u64> {
        output.shape().unwrap().iter().map(|dim| dim.known().unwrap()).collect()
    };
    let mut computed: Vec<TypedArray> =
        outputs.iter().map(|output| TypedArray::new(output.dtype().unwrap(), &sizes(output), &[])).collect();
    let ports: Vec<String> = (0..outputs.len()).map(|at| format!("y{at}")).collect();
    let bound: Vec<(&str, View<'_>)> = program
        .plan()
        .inputs()
        .iter()
        .map(|port| {
            let at = names.iter().position(|name| **name == *port.name).expect("an input");
            (names[at].as_str(), arrays[at].view())
        })
        .collect();
    let into: Vec<(&str, ViewMut<'_>)> =
        ports.iter().map(String::as_str).zip(computed.iter_mut().map(TypedArray::view_mut)).collect();
    program.run(bound, into).unwrap();
    for (((case, wanted), computed), output) in expected.iter().zip(&computed).zip(&outputs) {
        let shape = format!("{:?}", sizes(output)).replace(' ', "");
        if let Err(failure) = check(case, wanted, computed, &shape) {
            failures.push(failure);
        }
    }
}

/// Holds the groups of cases with every other number, in two tests that run side by side.
fn hold(part: usize) {
    let mut groups: BTreeMap<&str, Vec<Case<'_>>> = BTreeMap::new();
    let mut count = 0;
    for line in GOLDEN.lines().filter(|line| !line.starts_with('#')) {
        let (left, expected) = line.split_once(" = ").expect("a case is `call = result`");
        let (call, operands) = left.split_once(" | ").expect("a call and its operands");
        let call = call.split(' ').filter(|text| !text.is_empty()).collect();
        groups.entry(operands).or_default().push(Case { line, call, expected });
        count += 1;
    }
    assert!(count > 5000, "only {count} cases");
    let mut failures = Vec::new();
    for (operands, cases) in groups.iter().skip(part).step_by(2) {
        run(operands, cases, &mut failures);
    }
    let shown = failures.iter().take(60).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} cases differ:\n{shown}", failures.len());
}

#[test]
fn composed_functions_are_numpys() {
    hold(0);
}

#[test]
fn more_composed_functions_are_numpys() {
    hold(1);
}
