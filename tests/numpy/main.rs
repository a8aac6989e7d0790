//! Compiled kernels against NumPy: every element-wise operation on every choice of dtypes, for runs of every
//! length from every alignment, consecutive and strided. bfloat16, which NumPy does not have, is in `half`.
//!
//! Mixed dtypes and strided layouts take turns with lengths and alignments, so that the suite stays short. All of
//! them, 171 million runs, take minutes with a compiler that optimises:
//!
//!     EVERY_RUN=1 cargo test --release --test numpy -- --nocapture every_operation

mod differences;
mod golden;
mod half;
mod memory;

#[path = "../common/apply.rs"]
mod apply;

use apply::apply;
use differences::{DIFFERENCES, Difference, agree};
use fusewire::ElementOp;
use fusewire::prelude::*;
use golden::{Case, Golden, element};
use memory::{LENGTH, Operand, Output, alignments};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

const NAMES: [&str; 3] = ["x", "y", "z"];

/// A compiled operation on operands of any length.
struct Kernel<'a> {
    case: &'a Case,
    program: Program,
    result: DType,
    runs: usize,
}

/// What a run of a kernel is given.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// The first element.
    first: usize,
    length: usize,
    /// What the alignments of the operands and of the result follow from.
    alignment: usize,
}

impl<'a> Kernel<'a> {
    /// `None` where the operation does not take these dtypes.
    fn new(case: &'a Case) -> Option<Self> {
        let g = Graph::new();
        let n = g.dim("n", 0..=LENGTH as u64);
        let operands: Vec<Expr<'_>> =
            case.dtypes.iter().zip(NAMES).map(|(dtype, name)| g.input(name, *dtype, n)).collect();
        let result = apply(case.op, &operands);
        let dtype = result.dtype()?;
        let program = g.plan([result], &Limits::default()).unwrap().compile().unwrap();
        Some(Self { case, program, result: dtype, runs: 0 })
    }

    /// Runs it, and leaves the elements in `into`; `false` where memory beside them was touched.
    fn run(&mut self, operands: &[Operand], output: &mut Output, run: Run, into: &mut Vec<u8>) -> bool {
        let Run { first, length, alignment } = run;
        let inputs: Vec<(&str, View<'_>)> = operands
            .iter()
            .enumerate()
            .map(|(slot, operand)| {
                (NAMES[slot], operand.view(first, (1 + 2 * slot) * alignment + slot, length))
            })
            .collect();
        // Any alignment of the operands meets any of the result at some length.
        let of_result = alignment + 3 * length;
        self.runs += 1;
        self.program.run(inputs, [("out", output.view(of_result, length))]).unwrap();
        output.take(of_result, length, into).is_some()
    }

    /// Holds the elements of a whole run against NumPy's; counts the differences that were met.
    fn hold(&self, golden: &Golden, computed: &[u8], used: &[AtomicUsize], failures: &mut Vec<String>) {
        let Case { op, dtypes, result } = self.case;
        let Some((dtype, numpy)) = result else { return };
        for at in 0..LENGTH {
            let (numpy, ours) = (element(numpy, at, *dtype), element(computed, at, self.result));
            if agree(*op, numpy, ours) {
                continue;
            }
            let operand =
                |(slot, dtype): (usize, &DType)| element(golden.operand(*op, slot, *dtype), at, *dtype);
            let operands: Vec<_> = dtypes.iter().enumerate().map(operand).collect();
            let explains = |difference: &Difference| {
                difference.ops.contains(op) && (difference.explains)(&operands, numpy, ours)
            };
            match DIFFERENCES.iter().position(explains) {
                Some(at) => _ = used[at].fetch_add(1, Ordering::Relaxed),
                None => {
                    failures.push(format!("{} of {operands:?}: NumPy {numpy:?}, ours {ours:?}", op.name()))
                }
            }
        }
    }
}

/// The same elements, where any NaN is as good as any other.
fn same(expected: &[u8], computed: &[u8], dtype: DType) -> bool {
    expected == computed
        || (dtype.is_float()
            && (0..expected.len() / dtype.bytes()).all(|at| {
                let (expected, computed) = (element(expected, at, dtype), element(computed, at, dtype));
                expected == computed || (expected.as_f64().is_nan() && computed.as_f64().is_nan())
            }))
}

/// Strides of the operands and of the result.
const LAYOUTS: [([isize; 3], usize); 9] = [
    ([1, 1, 1], 1),
    ([2, 2, 2], 1),
    ([3, 3, 3], 1),
    ([-1, -1, -1], 1),
    ([2, 3, -1], 2),
    ([1, 1, 1], 2),
    ([3, -1, 2], 3),
    ([0, 1, 2], 1),
    ([1, 0, 1], 1),
];

/// Compiles a case, holds it against NumPy, and then runs of it in other layouts against that.
struct Check<'a> {
    golden: &'a Golden,
    kernel: Kernel<'a>,
    /// Tells the cases apart that take turns with lengths, alignments and layouts.
    turn: usize,
    /// Nothing takes turns.
    is_complete: bool,
    failures: &'a mut Vec<String>,
}

impl Check<'_> {
    fn operands(&self, strides: [isize; 3]) -> Vec<Operand> {
        let Case { op, dtypes, .. } = self.kernel.case;
        let operand = |(slot, dtype): (usize, &DType)| {
            Operand::new(self.golden.operand(*op, slot, *dtype), *dtype, strides[slot])
        };
        dtypes.iter().enumerate().map(operand).collect()
    }

    /// The elements of a run of every element, consecutive and from the start of a cache line on.
    fn whole(&mut self, operands: &[Operand], first: usize) -> Vec<u8> {
        let (mut output, mut computed) = (Output::new(self.kernel.result, 1), Vec::new());
        let run = Run { first, length: LENGTH, alignment: 0 };
        let is_inside = self.kernel.run(operands, &mut output, run, &mut computed);
        assert!(is_inside, "{} writes beside its result", self.kernel.case);
        computed
    }

    /// Runs in one layout give the bits that `whole` has. Operands of one dtype take every length at every
    /// alignment; mixed ones take turns, and so do other layouts.
    fn hold_layout(&mut self, whole: &[u8], at: usize) {
        let (strides, stride) = LAYOUTS[at];
        let Case { dtypes, .. } = self.kernel.case;
        let result = self.kernel.result;
        let stands = strides[..dtypes.len()].contains(&0);
        // Where an operand stands still, every run begins with the same element.
        let still = self.turn % LENGTH;
        let expected = if stands {
            let repeated: Vec<Operand> = self.operands(strides).iter().map(|x| x.dense(still)).collect();
            self.whole(&repeated, still)
        } else {
            [whole, whole].concat()
        };
        let is_uniform = dtypes.iter().all(|dtype| *dtype == dtypes[0]);
        let most = dtypes.iter().chain([&result]).map(|dtype| alignments(*dtype)).max().unwrap_or(1);
        let (operands, mut output) = (self.operands(strides), Output::new(result, stride));
        let mut computed = Vec::new();
        let every = match (is_uniform, at) {
            _ if self.is_complete => 1,
            (true, 0) => 1,
            (true, _) => 4,
            (false, _) => 12,
        };
        for length in (0..LENGTH).filter(|length| length % every == self.turn % every) {
            let of_turn = self.turn / 12 + length;
            let these =
                if self.is_complete || is_uniform && at == 0 { 0..most } else { of_turn..of_turn + 1 };
            for alignment in these {
                let first = if stands { still } else { (7 * length + alignment) % LENGTH };
                let run = Run { first, length, alignment };
                let is_inside = self.kernel.run(&operands, &mut output, run, &mut computed);
                let start = if stands { 0 } else { first * result.bytes() };
                if !is_inside || !same(&expected[start..][..length * result.bytes()], &computed, result) {
                    let fault = if is_inside { "depends on the layout" } else { "writes beside its result" };
                    self.failures.push(format!("{} {fault}: {run:?}, strides {strides:?}", self.kernel.case));
                }
            }
        }
    }
}

/// Holds a case against NumPy in some layouts; gives the number of runs.
fn check(
    golden: &Golden,
    case: &Case,
    turn: usize,
    used: &[AtomicUsize],
    failures: &mut Vec<String>,
) -> usize {
    let numpy = case.result.as_ref().map(|(dtype, _)| *dtype);
    let kernel = Kernel::new(case);
    let ours = kernel.as_ref().map(|kernel| kernel.result);
    if numpy != ours {
        failures.push(format!("{case} gives {ours:?}, where NumPy has {numpy:?}"));
    }
    let Some(kernel) = kernel.filter(|_| numpy == ours) else { return 0 };
    let is_complete = std::env::var_os("EVERY_RUN").is_some();
    let mut check = Check { golden, kernel, turn, is_complete, failures };
    let whole = check.whole(&check.operands([1; 3]), 0);
    check.kernel.hold(golden, &whole, used, check.failures);
    let layouts = if is_complete || case.dtypes.iter().all(|dtype| *dtype == case.dtypes[0]) {
        (0..LAYOUTS.len()).collect()
    } else {
        vec![0, 1 + turn % (LAYOUTS.len() - 1)]
    };
    layouts.into_iter().for_each(|layout| check.hold_layout(&whole, layout));
    check.kernel.runs
}

#[test]
fn every_operation_on_every_choice_of_dtypes() {
    let golden = Golden::new();
    for op in ElementOp::ALL {
        assert!(golden.cases.iter().any(|case| case.op == *op), "no golden values for {}", op.name());
    }
    let used: Vec<AtomicUsize> = DIFFERENCES.iter().map(|_| AtomicUsize::new(0)).collect();
    let (next, runs, failures) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, std::num::NonZero::get) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = golden.cases.get(at) else { break };
                    let mut found = Vec::new();
                    // The table of dtypes has 12 rows: each dtype is to have every turn.
                    let turn = at + at / 12 + at / 144;
                    runs.fetch_add(check(&golden, case, turn, &used, &mut found), Ordering::Relaxed);
                    failures.lock().unwrap().append(&mut found);
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    println!("{} cases, {} runs", golden.cases.len(), runs.into_inner());
    assert!(
        failures.is_empty(),
        "{} differ:\n{}",
        failures.len(),
        failures[..failures.len().min(40)].join("\n")
    );
    for (difference, used) in DIFFERENCES.iter().zip(used) {
        assert!(used.into_inner() > 0, "nothing differs because {}", difference.reason);
    }
}
