//! Expressions in text against NumPy, through compiled programs: `tests/golden/text.py` writes the file and explains it.

use fusewire::prelude::*;
use fusewire::testing::TypedArray;
use fusewire::text::{Expression, Input, Spec};
use fusewire::{DiagnosticKind, Scalar};

const GOLDEN: &str = include_str!("../golden/text.txt");

/// What is refused although NumPy computes it, by a piece of the message: `docs/expressions.md` says why.
const REFUSED_HERE: &[&str] = &[
    "is not in the language",
    "are not in the language",
    "are not computed with",
    "shows the memory of an array that was assigned to since",
    "nothing can be assigned to this",
    "is not assigned to",
    "elements that a mask selects",
    "`histogram` needs `range`",
    "takes an array with two axes or more",
    "chains of comparisons have no meaning for arrays",
    "does not fit u8",
    "the mask selects 1 elements, but there are",
    "compares rows, which are neither true nor false",
    "is not updated by as many elements as a mask selects",
    "True is no index",
    "False is no index",
];

/// What is computed although NumPy refuses it, by a piece of the expression: `docs/semantics.md` says so.
const COMPUTED_HERE: &[&str] = &["argmin(", "argmax("];

struct Case<'a> {
    text: String,
    results: Vec<(DType, Vec<u64>, f64, Vec<Scalar>)>,
    error: Option<&'a str>,
}

fn dtype(name: &str) -> DType {
    DType::ALL.into_iter().find(|dtype| dtype.name() == name).expect("a dtype")
}

/// `f64 [3,4] 4 = 0 1 2` in parts; the tolerance only where there is one.
fn array(line: &str) -> (DType, Vec<u64>, f64, Vec<Scalar>) {
    let (head, elements) = line.split_once('=').expect("elements");
    let mut head = head.split_whitespace();
    let dtype = dtype(head.next().expect("a dtype"));
    let shape = head.next().expect("a shape").trim_matches(['[', ']']);
    let shape = shape.split(',').filter(|size| !size.is_empty()).map(|size| size.parse().expect("a size"));
    let tolerance = head.next().map_or(0.0, |units| units.parse().expect("a tolerance"));
    let bits = elements.split_whitespace().map(|word| u64::from_str_radix(word, 16).expect("bits"));
    (dtype, shape.collect(), tolerance, bits.map(|bits| Scalar::from_bits(bits, dtype)).collect())
}

fn inputs() -> Vec<(&'static str, TypedArray, Input)> {
    let lines = GOLDEN.lines().filter_map(|line| line.strip_prefix("in "));
    let inputs = lines.map(|line| {
        let (name, rest) = line.split_once(' ').expect("a name");
        let (dtype, shape, _, elements) = array(rest);
        (name, TypedArray::new(dtype, &shape, &elements), Spec::of(dtype, &shape).into())
    });
    inputs.collect()
}

fn cases() -> Vec<Case<'static>> {
    let mut cases: Vec<Case<'static>> = Vec::new();
    for line in GOLDEN.lines() {
        if let Some(text) = line.strip_prefix("> ") {
            cases.push(Case { text: text.into(), results: Vec::new(), error: None });
        } else if let (Some(result), Some(case)) = (line.strip_prefix("= "), cases.last_mut()) {
            case.results.push(array(result));
        } else if let (Some(error), Some(case)) = (line.strip_prefix("! "), cases.last_mut()) {
            case.error = Some(error);
        }
    }
    cases
}

/// The distance in units in the last place of the largest finite expected element.
fn distance(expected: &[Scalar], actual: &[Scalar], dtype: DType) -> f64 {
    let largest = expected.iter().map(|e| e.as_f64().abs()).filter(|e| e.is_finite()).fold(0.0, f64::max);
    let (bits, lowest) = match dtype {
        F16 => (10, -24),
        F32 => (23, -149),
        _ => (52, -1074),
    };
    let exponent = if largest == 0.0 { lowest } else { (largest.log2().floor() as i32 - bits).max(lowest) };
    let unit = 2f64.powi(exponent);
    let apart = |(expected, actual): (&Scalar, &Scalar)| {
        let (expected, actual) = (expected.as_f64(), actual.as_f64());
        match () {
            () if expected.is_nan() && actual.is_nan() => 0.0,
            () if expected == actual => 0.0,
            () if expected.is_finite() && actual.is_finite() => (expected - actual).abs() / unit,
            () => f64::INFINITY,
        }
    };
    expected.iter().zip(actual).map(apart).fold(0.0, f64::max)
}

fn run(text: &str, inputs: &[(&str, TypedArray, Input)]) -> Result<Vec<(Vec<u64>, TypedArray)>, String> {
    let expression = Expression::parse(text).map_err(|error| error.to_string())?;
    let specs: Vec<(&str, Input)> = inputs.iter().map(|(name, _, input)| (*name, input.clone())).collect();
    let plan = expression.plan(&specs, &Limits::default()).map_err(|error| error.to_string())?;
    let mut outputs: Vec<(String, Vec<u64>, TypedArray)> = Vec::new();
    for output in plan.outputs() {
        let sizes: Vec<u64> = output.array.shape.iter().map(Dim::upper).collect();
        let zeros = vec![Scalar::I64(0).cast(output.array.dtype); sizes.iter().product::<u64>() as usize];
        let array = TypedArray::new(output.array.dtype, &sizes, &zeros);
        outputs.push((output.name.to_string(), sizes, array));
    }
    let used: Vec<String> = plan.inputs().iter().map(|port| port.name.to_string()).collect();
    let used = inputs.iter().filter(|(name, ..)| used.iter().any(|used| used == name));
    let arrays: Vec<(&str, View<'_>)> = used.map(|(name, array, _)| (*name, array.view())).collect();
    let program = plan.compile().map_err(|error| error.to_string())?;
    let views: Vec<_> = outputs.iter_mut().map(|(name, _, array)| (name.clone(), array.view_mut())).collect();
    program.run(arrays, views).map_err(|error| error.to_string())?;
    let mut results: Vec<(Vec<u64>, TypedArray)> = Vec::new();
    for (name, sizes, array) in outputs {
        match (name.rsplit_once(".length"), results.last_mut()) {
            // Of a result whose length depends on data, the first parts along that axis.
            (Some((_, axis)), Some((sizes, result))) => {
                let axis = if axis.is_empty() { 0 } else { axis.parse().unwrap() };
                let (count, most) = (array.elements()[0].as_int() as u64, sizes[axis]);
                let part: u64 = sizes[axis + 1..].iter().product();
                sizes[axis] = count;
                let elements = result.elements();
                let is_there = |(at, _): &(usize, &Scalar)| (*at as u64 / part.max(1)) % most.max(1) < count;
                let kept: Vec<Scalar> =
                    elements.iter().enumerate().filter(is_there).map(|(_, element)| *element).collect();
                *result = TypedArray::new(result.dtype(), sizes, &kept);
            }
            _ => results.push((sizes, array)),
        }
    }
    Ok(results)
}

fn compare(case: &Case<'_>, results: &[(Vec<u64>, TypedArray)]) -> Result<(), String> {
    if results.len() != case.results.len() {
        return Err(format!("{} results, not {}", results.len(), case.results.len()));
    }
    for ((sizes, result), (dtype, shape, tolerance, expected)) in results.iter().zip(&case.results) {
        if result.dtype() != *dtype || sizes != shape {
            return Err(format!("{}{sizes:?}, not {dtype}{shape:?}", result.dtype()));
        }
        let actual = result.elements();
        if dtype.is_float() {
            let apart = distance(expected, &actual, *dtype);
            if apart > *tolerance {
                return Err(format!("{apart} ULP apart, of {tolerance}: {actual:?}, not {expected:?}"));
            }
        } else if actual != *expected {
            return Err(format!("{actual:?}, not {expected:?}"));
        }
    }
    Ok(())
}

#[test]
fn expressions_compute_what_numpy_does() {
    let inputs = inputs();
    let (mut wrong, mut same, mut refused) = (Vec::new(), 0, 0);
    for case in cases() {
        let text = case.text.replace("; ", "\n");
        match (run(&text, &inputs), case.error) {
            (Ok(results), None) => match compare(&case, &results) {
                Ok(()) => same += 1,
                Err(difference) => wrong.push(format!("{}\n    {difference}", case.text)),
            },
            (Err(_), Some(_)) => refused += 1,
            (Err(error), None) => {
                if REFUSED_HERE.iter().any(|piece| error.contains(piece)) {
                    refused += 1;
                } else {
                    wrong.push(format!("{}\n{error}", case.text));
                }
            }
            (Ok(_), Some(_)) if COMPUTED_HERE.iter().any(|piece| case.text.contains(piece)) => refused += 1,
            (Ok(_), Some(error)) => {
                wrong.push(format!("{}\n    NumPy: {error}, fusewire computes it", case.text))
            }
        }
    }
    println!("{same} expressions as in NumPy, {refused} refused");
    assert!(
        wrong.is_empty(),
        "{} of {}:\n\n{}",
        wrong.len(),
        wrong.len() + same + refused,
        wrong.join("\n\n")
    );
}

#[test]
fn numbers_are_inputs() {
    let expression = Expression::parse("x * k + 1").unwrap();
    let inputs = [("x", "i32[2]".parse().unwrap()), ("k", "-2.5".parse().unwrap())];
    let plan = expression.plan(&inputs, &Limits::default()).unwrap();
    assert_eq!(plan.inputs().len(), 1);
    let mut out = [0.0; 2];
    plan.compile().unwrap().run([("x", &[1, 2])], [("out", &mut out)]).unwrap();
    assert_eq!(out, [-1.5, -4.0]);
    assert_eq!("True".parse::<Input>().unwrap(), Input::Number(true.into()));
    assert_eq!("0x10".parse::<Input>().unwrap(), Input::Number(16.into()));
    assert_eq!("-inf".parse::<Input>().unwrap(), Input::Number(f64::NEG_INFINITY.into()));
    let error = Expression::parse("x * q").unwrap().plan(&inputs, &Limits::default()).unwrap_err();
    assert_eq!(error.kind(), DiagnosticKind::Name);
}
