//! Every routine against what NumPy wrote to `tests/golden/routine.txt`. The reference evaluator gives the
//! text that is compared, and [`check_on`] holds compiled programs against it, in four layouts.

use crate::tokens::{elements, list, show_elements_of};
use fusewire::prelude::*;
use fusewire::testing::check_on;
use fusewire::{DiagnosticKind, OutOfBounds, Side, Unique, ir::Sizes, ir::interpret};
use interpret::Array;
use std::collections::HashMap;

/// A call: the routine, what it is told, and its operands.
struct Call<'l> {
    name: &'l str,
    told: Vec<&'l str>,
    operands: Vec<Array>,
}

impl<'l> Call<'l> {
    fn new(text: &'l str) -> Self {
        let tokens: Vec<&str> = text.split(' ').collect();
        let at = |at: usize| tokens.get(at + 1).is_some_and(|next| elements(next).is_some());
        let first = (1..tokens.len()).find(|index| at(*index)).unwrap_or(tokens.len());
        let operand = |pair: &[&str]| {
            let (dtype, elements) = elements(pair[1]).expect("elements");
            Array::new(dtype, &list::<u64>(pair[0]).expect("a shape"), elements).expect("an array")
        };
        Self {
            name: tokens[0],
            told: tokens[1..first].to_vec(),
            operands: tokens[first..].chunks(2).map(operand).collect(),
        }
    }

    fn axis(&self, at: usize) -> Axis {
        Axis(self.told[at].parse().expect("an axis"))
    }

    fn build<'g>(&self, g: &'g Graph, x: &[Expr<'g>]) -> Expr<'g> {
        match (self.name, &self.told[..]) {
            ("sort", ["up", _]) => x[0].sort(self.axis(1)),
            ("sort", _) => x[0].sort_descending(self.axis(1)),
            ("argsort", ["up", _]) => x[0].argsort(self.axis(1)),
            ("argsort", _) => x[0].argsort_descending(self.axis(1)),
            ("cumulative_sum", ["from", _]) => x[0].cumulative_sum_from_zero(self.axis(1)),
            ("cumulative_prod", ["from", _]) => x[0].cumulative_prod_from_one(self.axis(1)),
            ("cumulative_sum", _) => x[0].cumulative_sum(self.axis(0)),
            ("cumulative_prod", _) => x[0].cumulative_prod(self.axis(0)),
            ("cumulative_max", _) => x[0].cumulative_max(self.axis(0)),
            ("cumulative_min", _) => x[0].cumulative_min(self.axis(0)),
            ("cumulative_logsumexp", _) => x[0].cumulative_logsumexp(self.axis(0)),
            ("take", ["raise", _]) => x[0].take(x[1], self.axis(1)),
            ("take", [mode, _]) => x[0].take_with(x[1], self.axis(1), out_of_bounds(mode)),
            ("take_along_axis", _) => x[0].take_along_axis(x[1], self.axis(0)),
            ("put", [mode, _]) => x[0].put_with(x[1], x[2], self.axis(1), out_of_bounds(mode)),
            ("scatter_add", [mode, _]) => {
                x[0].scatter_add_with(x[1], x[2], self.axis(1), out_of_bounds(mode))
            }
            ("compress", _) => x[0].compress(x[1], self.axis(0)).0,
            ("compress_count", _) => x[0].compress(x[1], self.axis(0)).1,
            ("nonzero", [axis]) => {
                let (positions, _) = x[0].nonzero();
                let axis: isize = axis.parse().expect("an axis");
                positions[axis.rem_euclid(positions.len() as isize) as usize]
            }
            ("unique", [part]) => {
                let Unique { values, count, counts, inverse, .. } = x[0].unique();
                match *part {
                    "values" => values,
                    "counts" => counts,
                    "inverse" => inverse,
                    _ => count,
                }
            }
            ("searchsorted", [side]) => x[0].searchsorted(x[1], self::side(side)),
            ("digitize", _) => x[1].digitize(x[0]),
            ("histogram", []) => x[0].histogram(x[1]),
            ("histogram", [bins, low, high]) => {
                let number = |text: &str| text.parse::<f64>().expect("a number");
                let bins: u64 = bins.parse().expect("a count");
                x[0].histogram_range(bins, number(low), number(high))
            }
            ("bincount", [length]) => {
                let length: u64 = length.parse().expect("a length");
                match x {
                    [values] => values.bincount(length),
                    _ => x[0].bincount_weighted(x[1], length),
                }
            }
            ("matmul", []) => x[0].matmul(x[1]),
            ("dot", []) => x[0].dot(x[1]),
            ("tensordot", [count]) => x[0].tensordot(x[1], count.parse().expect("a count")),
            ("tensordot", [own, others]) => {
                let axes = |token: &str| list::<isize>(token).expect("axes");
                x[0].tensordot_along(axes(own), x[1], axes(others))
            }
            ("einsum", [subscripts]) => g.einsum(subscripts, x.iter().copied()),
            ("median", [axes]) => x[0].median(self::axes(axes)),
            ("quantile", [part, axes]) => x[0].quantile(part.parse().expect("a part"), self::axes(axes)),
            _ => panic!("no routine: {}", self.name),
        }
    }

    /// What it gives, in the text of the golden files; compiled code has been held against it.
    fn answer(&self) -> String {
        let g = Graph::new();
        let inputs: HashMap<String, Array> =
            self.operands.iter().enumerate().map(|(at, array)| (format!("x{at}"), array.clone())).collect();
        let operands: Vec<Expr<'_>> = (0..self.operands.len())
            .map(|at| {
                let array = &self.operands[at].array;
                g.input(&format!("x{at}"), array.dtype, array.shape.clone())
            })
            .collect();
        let made = self.build(&g, &operands).named("made");
        if let Err(error) = g.plan([made], &Limits::default()) {
            return refusal(error.kind());
        }
        let recipe = g.recipe([made]).expect("its own graph");
        let decided = made.array().expect("a sound expression");
        // An index that an axis does not have has no value.
        let Ok(mut values) = recipe.evaluate(&inputs, &Sizes::new()) else { return "!IndexError".into() };
        if let Err(mismatch) = check_on(&recipe, &inputs) {
            panic!("{}: {mismatch}", self.name);
        }
        let value = values.remove(0);
        assert_eq!(value.array, decided);
        show_elements_of(&value)
    }
}

fn out_of_bounds(mode: &str) -> OutOfBounds {
    match mode {
        "raise" => OutOfBounds::Raise,
        "wrap" => OutOfBounds::Wrap,
        "clip" => OutOfBounds::Clip,
        other => panic!("no mode: {other}"),
    }
}

fn side(side: &str) -> Side {
    if side == "left" { Side::Left } else { Side::Right }
}

fn axes(token: &str) -> Axes {
    let axes = list::<isize>(token);
    axes.map_or(All.into(), |axes| Axes::from(&axes[..]))
}

fn refusal(kind: DiagnosticKind) -> String {
    match kind {
        DiagnosticKind::DType => "!TypeError".into(),
        DiagnosticKind::Axis | DiagnosticKind::Index => "!IndexError".into(),
        _ => "!ValueError".into(),
    }
}

/// The same floats but for a few roundings, where NumPy's own order of operations is not ours?
fn is_close(call: &str, numpy: &str, ours: &str) -> bool {
    let split = |text: &str| {
        let (shape, values) = text.split_once(' ')?;
        Some((shape.to_string(), elements(values)?))
    };
    let Some(((shape, (dtype, numpy)), (our_shape, (our_dtype, ours)))) = split(numpy).zip(split(ours))
    else {
        return false;
    };
    let Some(info) = dtype.float_info().filter(|_| (shape, dtype) == (our_shape, our_dtype)) else {
        return false;
    };
    let mut pairs = numpy.iter().zip(&ours).map(|(numpy, ours)| (numpy.as_f64(), ours.as_f64()));
    // Equal values that differ in their bits are zeros of other signs, which no rounding makes. A sum
    // of negative zeros is -0.0, where NumPy starts from 0.0. Of zeros of both signs the first is the extreme, where NumPy's vectors give either, and NumPy's
    // logarithm of exp(-0.0) and nothing more is 0.0 in one order and -0.0 in another. Of equal elements `unique`
    // keeps the first.
    let any_zero = [
        "matmul",
        "dot",
        "tensordot",
        "einsum",
        "cumulative_logsumexp",
        "cumulative_min",
        "cumulative_max",
        "unique",
    ]
    .iter()
    .any(|name| call.starts_with(name));
    pairs.all(|(numpy, ours)| {
        let close = (numpy - ours).abs() <= 8.0 * info.epsilon * numpy.abs().max(1.0);
        numpy.to_bits() == ours.to_bits()
            || ((numpy != ours || any_zero) && close)
            || (numpy.is_nan() && ours.is_nan())
    })
}

#[test]
fn routines_are_numpys() {
    let text = include_str!("../golden/routine.txt");
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let mut failures = Vec::new();
    for line in &lines {
        let (call, numpy) = line.split_once(" = ").expect("a case is `call = result`");
        let ours = Call::new(call).answer();
        let both_refuse = numpy.starts_with('!') && ours.starts_with('!');
        if ours != numpy && !both_refuse && !is_close(call, numpy, &ours) {
            failures.push(format!("{call}\n    NumPy {numpy}\n    ours  {ours}"));
        }
    }
    assert!(lines.len() > 500, "{} cases", lines.len());
    let shown = failures.iter().take(20).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} of {} cases differ:\n{shown}", failures.len(), lines.len());
}
