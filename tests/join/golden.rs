//! What NumPy gives; `tests/golden/join.py` says what the lines mean.

use fusewire::prelude::*;
use fusewire::{DType, Scalar, Shape};

fn dtype(name: &str) -> DType {
    DType::ALL.into_iter().find(|dtype| dtype.name() == name).expect("a dtype")
}

fn list(text: &str) -> Vec<i64> {
    let inner = text.trim_start_matches('[').trim_end_matches(']');
    inner.split(',').filter(|text| !text.is_empty()).map(|text| text.parse().expect("a number")).collect()
}

/// `i16[2,3]`.
fn operand(text: &str) -> (DType, Vec<usize>) {
    let at = text.find('[').expect("a shape");
    (dtype(&text[..at]), list(&text[at..]).into_iter().map(|size| size as usize).collect())
}

fn positions(text: &str) -> Vec<isize> {
    list(text).into_iter().map(|axis| axis as isize).collect()
}

fn called<'g>(g: &'g Graph, call: &str, words: &[&str], arrays: &[Expr<'g>]) -> Expr<'g> {
    let axis = |text: &str| Axis(text.parse().expect("an axis"));
    let x = arrays[0];
    match call {
        "concat" => g.concat(axis(words[0]), arrays.iter().copied()),
        "stack" => g.stack(axis(words[0]), arrays.iter().copied()),
        "tile" => {
            let counts: Vec<u64> = list(words[0]).into_iter().map(|count| count as u64).collect();
            x.tile(Shape::from(counts))
        }
        "repeat" => {
            let count: u64 = words[0].parse().expect("a count");
            if words[1] == "all" { x.repeat(count, All) } else { x.repeat(count, axis(words[1])) }
        }
        "roll" => {
            let shifts = list(words[0]);
            if words[1] == "all" { x.roll(shifts, All) } else { x.roll(shifts, positions(words[1])) }
        }
        "pad" => {
            let with = match words[0].split_once(':').map_or(words[0], |(mode, _)| mode) {
                "edge" => Pad::Edge,
                "reflect" => Pad::Reflect,
                "symmetric" => Pad::Symmetric,
                "wrap" => Pad::Wrap,
                _ => 7.into(),
            };
            let widths: Vec<(u64, u64)> =
                list(words[1]).chunks(2).map(|pair| (pair[0] as u64, pair[1] as u64)).collect();
            x.pad(widths, with)
        }
        _ => panic!("no call: {call}"),
    }
}

/// The elements that the script gives to operand `k`, as bytes.
fn filled(dtype: DType, count: usize, k: usize) -> Vec<u8> {
    let value = |at: usize| 1 + (at + 10 * k) as i64 % 100;
    let element = |at: usize| match dtype {
        Bool => Scalar::Bool(value(at) % 2 == 1),
        dtype => Scalar::I64(value(at)).cast(dtype),
    };
    (0..count).flat_map(|at| element(at).bits().to_le_bytes()[..dtype.bytes()].to_vec()).collect()
}

/// The text of an element in the file.
fn shown(bytes: &[u8], dtype: DType) -> String {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    let scalar = Scalar::from_bits(u64::from_le_bytes(word), dtype);
    if dtype.is_float() {
        format!("{:0width$x}", scalar.bits(), width = 2 * bytes.len())
    } else {
        scalar.as_int().to_string()
    }
}

fn answer(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let arguments = if matches!(words[0], "concat" | "stack" | "tile") { 1 } else { 2 };
    let operands: Vec<(DType, Vec<usize>)> =
        words[1 + arguments..].iter().map(|word| operand(word)).collect();
    let g = Graph::new();
    let names: Vec<String> = (0..operands.len()).map(|k| format!("x{k}")).collect();
    let arrays: Vec<Expr<'_>> =
        operands.iter().zip(&names).map(|((dtype, sizes), name)| g.input(name, *dtype, &sizes[..])).collect();
    let result = called(&g, words[0], &words[1..], &arrays);
    let plan = match g.plan([result], &Limits::default()) {
        Ok(plan) => plan,
        Err(error) => return format!("!{error}"),
    };
    let array = result.array().expect("a plan has sound outputs");
    let sizes: Vec<usize> = array.shape.iter().map(|dim| dim.upper() as usize).collect();
    let held: Vec<Vec<u8>> = operands
        .iter()
        .enumerate()
        .map(|(k, (dtype, sizes))| filled(*dtype, sizes.iter().product(), k))
        .collect();
    let dense = |sizes: &[usize], dtype: DType| {
        let mut strides = vec![dtype.bytes() as isize; sizes.len()];
        for axis in (1..sizes.len()).rev() {
            strides[axis - 1] = strides[axis] * sizes[axis] as isize;
        }
        strides
    };
    let inputs: Vec<(&str, View<'_>)> = operands
        .iter()
        .zip(&held)
        .zip(&names)
        .map(|(((dtype, sizes), bytes), name)| {
            let strides = dense(sizes, *dtype);
            // SAFETY: the bytes are elements of the dtype, as many as the shape has.
            (name.as_str(), unsafe { View::from_raw(bytes.as_ptr(), *dtype, sizes, &strides) })
        })
        .collect();
    // Without elements some are not read at all.
    let is_read = |name: &str| plan.inputs().iter().any(|port| *port.name == *name);
    let inputs: Vec<_> = inputs.into_iter().filter(|(name, _)| is_read(name)).collect();
    let mut out = vec![0xa5u8; sizes.iter().product::<usize>() * array.dtype.bytes()];
    let strides = dense(&sizes, array.dtype);
    // SAFETY: there is room for every element, and nothing else refers to it during the run.
    let view = unsafe { ViewMut::from_raw(out.as_mut_ptr(), array.dtype, &sizes, &strides) };
    plan.compile().expect("a plan compiles").run(inputs, [("out", view)]).expect("a program runs");
    let elements: Vec<String> =
        out.chunks(array.dtype.bytes()).map(|element| shown(element, array.dtype)).collect();
    let sizes: Vec<String> = sizes.iter().map(ToString::to_string).collect();
    format!("[{}] {}:{}", sizes.join(","), array.dtype, elements.join(","))
}

#[test]
fn joins_are_numpys() {
    let text = include_str!("../golden/join.txt");
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(lines.len() > 1500, "{} cases", lines.len());
    let mut failures = Vec::new();
    for line in lines {
        let (call, numpy) = line.split_once(" = ").expect("a case is `call = result`");
        let ours = answer(call);
        if numpy != ours && !(numpy.starts_with('!') && ours.starts_with('!')) {
            failures.push(format!("{call}\n    NumPy {numpy}\n    ours  {ours}"));
        }
    }
    let shown = failures.iter().take(20).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} cases differ:\n{shown}", failures.len());
}
