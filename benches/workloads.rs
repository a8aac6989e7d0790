//! Whole expressions as users have them, on one thread and two: `cargo bench --bench workloads [NAME]`.
//!
//! Where the variable `PEERS_DATA` names a folder, arrays come from `CASE/NAME.npy` in it and results are held to `CASE.ref.npy`,
//! every 10007th part of what NumPy computes; each line is then JSON, for a harness that runs other libraries beside this
//! one. Without it the arrays are made here.

use fusewire::prelude::*;
use fusewire::{RecordType, RecordView};
use std::path::PathBuf;
use std::time::Instant;

/// An array of a case.
enum Data {
    I64(Vec<i64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    U8(Vec<u8>),
    /// Rows of [`RECORD`].
    Records(Vec<u8>),
}

const RECORD: &str = "[('id', '<i8'), ('sensor', '<i4'), ('temp', '<f4'), ('alarm', '|b1')]";

/// Where arrays come from, and how they are made where there is no folder of them.
struct Source {
    folder: Option<PathBuf>,
    case: &'static str,
}

impl Source {
    fn path(&self, name: &str) -> Option<PathBuf> {
        let folder = self.folder.as_ref()?;
        Some(folder.join(format!("{name}.npy")))
    }

    fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        let path = self.path(&format!("{}/{name}", self.case))?;
        let file = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let header = 10 + usize::from(u16::from_le_bytes([file[8], file[9]]));
        Some(file[header..].to_vec())
    }

    fn load<T: npyz::Deserialize>(&self, name: &str) -> Option<Vec<T>> {
        let path = self.path(name)?;
        let file = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Some(npyz::NpyFile::new(&file[..]).expect("a header").into_vec().expect("elements"))
    }

    /// Numbers between two ends, in no order.
    fn floats(&self, dtype: DType, name: &str, count: usize, [low, high]: [f64; 2]) -> Data {
        let mut state = name.len() as u64 + 1;
        let mut next = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            low + (high - low) * (state >> 11) as f64 / (1u64 << 53) as f64
        };
        let place = format!("{}/{name}", self.case);
        if dtype == F32 {
            Data::F32(self.load(&place).unwrap_or_else(|| (0..count).map(|_| next() as f32).collect()))
        } else {
            Data::F64(self.load(&place).unwrap_or_else(|| (0..count).map(|_| next()).collect()))
        }
    }

    fn records(&self, count: usize) -> Data {
        Data::Records(self.bytes("rec").unwrap_or_else(|| {
            let row = |at: usize| {
                let mut row = (at as i64).to_le_bytes().to_vec();
                row.extend((at as i32 * 37 % 100).to_le_bytes());
                row.extend((at as f32 % 40.0).to_le_bytes());
                row.push(u8::from(at.is_multiple_of(3)));
                row
            };
            (0..count).flat_map(row).collect()
        }))
    }
}

/// A program with its arrays.
struct Workload {
    inputs: Vec<(&'static str, Data, Vec<usize>)>,
    /// The dtype and the shape of the whole array that is written to.
    output: (DType, Vec<usize>),
    /// The part that is written: sizes, strides and the first element.
    part: Option<([usize; 2], [isize; 2], usize)>,
    expression: for<'g> fn(&'g Graph, &[Expr<'g>]) -> Expr<'g>,
}

/// The share of a normal distribution below d, by a polynomial (Abramowitz and Stegun 26.2.17).
fn share_by_polynomial(d: Expr<'_>) -> Expr<'_> {
    let k = (d.absolute() * 0.231_641_9 + 1.0).reciprocal();
    let p = k
        * ((((k * 1.330_274_429 - 1.821_255_978) * k + 1.781_477_937) * k - 0.356_563_782) * k
            + 0.319_381_53);
    let n = (d * d * -0.5).exp() * 0.398_942_280_401_432_7 * p;
    d.greater(0).select(1.0 - n, n)
}

fn share_by_erf(d: Expr<'_>) -> Expr<'_> {
    ((d * std::f64::consts::FRAC_1_SQRT_2).erf() + 1.0) * 0.5
}

fn black_scholes<'g>(x: &[Expr<'g>], share: fn(Expr<'g>) -> Expr<'g>) -> Expr<'g> {
    let (rate, volatility) = (0.02, 0.3);
    let [s, k, t] = x else { panic!("three inputs") };
    let root = t.sqrt();
    let d1 = ((*s / *k).log() + *t * (rate + 0.5 * volatility * volatility)) / (root * volatility);
    let d2 = d1 - root * volatility;
    *s * share(d1) - *k * (*t * -rate).exp() * share(d2)
}

fn jacobi<'g>(_: &'g Graph, x: &[Expr<'g>]) -> Expr<'g> {
    let (inside, before, after) = (Slice::new(1, -1), Slice::from(..-2), Slice::from(2..));
    let at = |rows: Slice, columns: Slice| x[0].index((rows, columns));
    (at(inside, inside) + at(inside, before) + at(inside, after) + at(after, inside) + at(before, inside))
        * 0.2
}

/// A name, and how its arrays are had.
type Case = (&'static str, fn(&Source) -> Workload);

fn cases() -> Vec<Case> {
    macro_rules! plain {
        ($dtype:expr, $name:literal, $shape:expr, $ends:expr, $expression:expr) => {
            |source| {
                let shape: Vec<usize> = $shape.to_vec();
                let data = source.floats($dtype, $name, shape.iter().product(), $ends);
                Workload {
                    inputs: vec![($name, data, shape.clone())],
                    output: ($dtype, shape),
                    part: None,
                    expression: $expression,
                }
            }
        };
    }
    fn integers(source: &Source, count: usize) -> Workload {
        let data = source.load(&format!("{}/x", source.case)).unwrap_or_else(|| (0..count as i64).collect());
        let expression: for<'g> fn(&'g Graph, &[Expr<'g>]) -> Expr<'g> = |_, x| x[0] + 5;
        Workload {
            inputs: vec![("x", Data::I64(data), vec![count])],
            output: (I64, vec![count]),
            part: None,
            expression,
        }
    }
    fn normalised(source: &Source, dtype: DType, rows: usize) -> Workload {
        let shapes = [
            ("A", vec![rows, 1000]),
            ("mu", vec![1000]),
            ("sigma", vec![1000]),
            ("w", vec![1000]),
            ("b", vec![rows, 1]),
        ];
        let input = |(name, shape): (&'static str, Vec<usize>)| {
            (name, source.floats(dtype, name, shape.iter().product(), [0.5, 2.0]), shape)
        };
        Workload {
            inputs: shapes.into_iter().map(input).collect(),
            output: (dtype, vec![rows, 1000]),
            part: None,
            expression: |_, x| (x[0] - x[1]) / x[2] * x[3] + x[4],
        }
    }
    fn distances(source: &Source, dtype: DType) -> Workload {
        let input = |name| (name, source.floats(dtype, name, 64_000, [-1.0, 1.0]), vec![1000, 64]);
        Workload {
            inputs: vec![input("u"), input("v")],
            output: (dtype, vec![1000, 1000]),
            part: None,
            expression: |_, x| (x[0].expand_dims(1) - x[1].expand_dims(0)).square().sum(Axis(-1)),
        }
    }
    fn options(
        source: &Source,
        dtype: DType,
        expression: for<'g> fn(&'g Graph, &[Expr<'g>]) -> Expr<'g>,
    ) -> Workload {
        let count = 2_000_000;
        let input = |(name, ends)| (name, source.floats(dtype, name, count, ends), vec![count]);
        let inputs = [("S", [10.0, 50.0]), ("K", [10.0, 50.0]), ("T", [0.2, 2.0])].into_iter().map(input);
        Workload { inputs: inputs.collect(), output: (dtype, vec![count]), part: None, expression }
    }
    fn waves(source: &Source, dtype: DType, count: usize) -> Workload {
        let input = |name| (name, source.floats(dtype, name, count, [-3.0, 3.0]), vec![count]);
        Workload {
            inputs: vec![input("a"), input("b")],
            output: (dtype, vec![count]),
            part: None,
            expression: |_, x| x[0].sin().square() + x[1].cos().square(),
        }
    }
    fn total(source: &Source, expression: for<'g> fn(&'g Graph, &[Expr<'g>]) -> Expr<'g>) -> Workload {
        let data = source.floats(F32, "x", 64_000_000, [0.0, 1.0]);
        Workload {
            inputs: vec![("x", data, vec![64_000_000])],
            output: (F32, vec![]),
            part: None,
            expression,
        }
    }
    vec![
        ("W1-i64-1M", |source| integers(source, 1_000_000)),
        ("W1-i64-10M", |source| integers(source, 10_000_000)),
        ("W1-i64-32k", |source| integers(source, 32_768)),
        ("W2-f32-10M", plain!(F32, "x", [10_000_000], [-1.0, 1.0], |_, x| x[0].absolute().sqrt())),
        ("W2-f32-32k", plain!(F32, "x", [32_768], [-1.0, 1.0], |_, x| x[0].absolute().sqrt())),
        ("W3-f64-20M", |source| normalised(source, F64, 20_000)),
        ("W3-f32-20M", |source| normalised(source, F32, 20_000)),
        ("W3-f64-32k", |source| normalised(source, F64, 32)),
        (
            "W4-f64-10M",
            plain!(F64, "x", [10_000_000], [-1.0, 1.0], |_, x| x[0].greater(0.5).select(1.25, x[0])),
        ),
        ("W4-f64-32k", plain!(F64, "x", [32_768], [-1.0, 1.0], |_, x| x[0].greater(0.5).select(1.25, x[0]))),
        ("W5-f32", |source| distances(source, F32)),
        ("W5-f64", |source| distances(source, F64)),
        ("W6-rec", |source| Workload {
            inputs: vec![("rec", source.records(500_000), vec![500_000])],
            output: (F32, vec![]),
            part: None,
            expression: |_, _| panic!("fields are not inputs"),
        }),
        ("W7-f32", plain!(F32, "x", [4096, 1024], [-3.0, 3.0], |_, x| x[0].softmax(Axis(1)))),
        (
            "W8-f64",
            plain!(F64, "x", [200_000, 100], [-3.0, 3.0], |_, x| (x[0] - x[0].mean(Axis(0)))
                / x[0].std(Axis(0))),
        ),
        ("W9p-f64", |source| options(source, F64, |_, x| black_scholes(x, share_by_polynomial))),
        ("W9p-f32", |source| options(source, F32, |_, x| black_scholes(x, share_by_polynomial))),
        ("W9e-f64", |source| options(source, F64, |_, x| black_scholes(x, share_by_erf))),
        ("W9e-f32", |source| options(source, F32, |_, x| black_scholes(x, share_by_erf))),
        ("W10-f64-10M", |source| waves(source, F64, 10_000_000)),
        ("W10-f32-10M", |source| waves(source, F32, 10_000_000)),
        ("W10-f64-32k", |source| waves(source, F64, 32_768)),
        ("W11-f64-10M", plain!(F64, "x", [10_000_000], [-1.0, 1.0], polynomial)),
        ("W11-f64-32k", plain!(F64, "x", [32_768], [-1.0, 1.0], polynomial)),
        ("W12-f64", |source| Workload {
            inputs: vec![("A", source.floats(F64, "A", 4_000_000, [-1.0, 1.0]), vec![2000, 2000])],
            output: (F64, vec![2000, 2000]),
            part: Some(([1998, 1998], [2000, 1], 2001)),
            expression: jacobi,
        }),
        ("W13s-f32", |source| total(source, |_, x| x[0].sum(All))),
        ("W13m-f32", |source| total(source, |_, x| x[0].mean(All))),
        ("W13v-f32", |source| total(source, |_, x| x[0].var(All))),
        ("W14-u8", |source| {
            let count = 4000 * 3000 * 3;
            let image = source.load(&format!("{}/img", source.case));
            let image = image.unwrap_or_else(|| (0..count).map(|at| (at * 7) as u8).collect());
            let input = |name| (name, source.floats(F32, name, 3, [0.2, 0.5]), vec![3]);
            Workload {
                inputs: vec![("img", Data::U8(image), vec![4000, 3000, 3]), input("mean"), input("std")],
                output: (F32, vec![4000, 3000, 3]),
                part: None,
                expression: |g, x| (x[0] / g.scalar(255f32) - x[1]) / x[2],
            }
        }),
        ("W15-tiny", |source| {
            let input = |name| (name, source.floats(F64, name, 8, [1.0, 2.0]), vec![8]);
            Workload {
                inputs: vec![input("a"), input("b"), input("c")],
                output: (F64, vec![8]),
                part: None,
                expression: |_, x| ((x[0] + x[1]) * x[2] - x[0]) / x[1] + 2.0,
            }
        }),
    ]
}

fn polynomial<'g>(_: &'g Graph, x: &[Expr<'g>]) -> Expr<'g> {
    x[0].power(3) * 0.25 + x[0].power(2) * 0.75 - x[0] * 1.5 - 2
}

impl Workload {
    fn plan(&self) -> Plan {
        let g = Graph::new();
        let output = if let Some((name, Data::Records(_), shape)) = self.inputs.first() {
            let rows = g.records(name, &record(), [shape[0]]);
            let (sensor, alarm) = (rows.field("sensor"), rows.field("alarm"));
            rows.field("temp").masked(sensor.equal(42) & alarm).mean(All)
        } else {
            let input = |(name, data, shape): &(&'static str, Data, Vec<usize>)| {
                g.input(name, data.dtype(), shape.clone())
            };
            let inputs: Vec<Expr<'_>> = self.inputs.iter().map(input).collect();
            (self.expression)(&g, &inputs)
        };
        let limits = Limits::default();
        g.plan([output.allow_elements(u64::MAX).named("out")], &limits).expect("plans")
    }
}

fn record() -> RecordType {
    RecordType::from_npy_descr(RECORD).expect("a record type")
}

impl Data {
    fn dtype(&self) -> DType {
        match self {
            Self::I64(_) => I64,
            Self::F32(_) => F32,
            Self::F64(_) => F64,
            Self::U8(_) | Self::Records(_) => U8,
        }
    }

    fn view(&self, shape: &[usize]) -> View<'_> {
        match self {
            Self::I64(elements) => View::new(elements, shape),
            Self::F32(elements) => View::new(elements, shape),
            Self::F64(elements) => View::new(elements, shape),
            Self::U8(elements) => View::new(elements, shape),
            Self::Records(rows) => RecordView::from_bytes(&record(), rows).into(),
        }
    }

    fn zeros(dtype: DType, count: usize) -> Self {
        match dtype {
            I64 => Self::I64(vec![0; count]),
            F32 => Self::F32(vec![0.0; count]),
            _ => Self::F64(vec![0.0; count]),
        }
    }

    fn view_mut(&mut self, shape: &[usize], part: Option<([usize; 2], [isize; 2], usize)>) -> ViewMut<'_> {
        match (self, part) {
            (Self::F64(elements), Some((sizes, strides, start))) => {
                ViewMut::strided(elements, &sizes, &strides, start)
            }
            (Self::I64(elements), _) => ViewMut::new(elements, shape),
            (Self::F32(elements), _) => ViewMut::new(elements, shape),
            (Self::F64(elements), _) => ViewMut::new(elements, shape),
            (Self::U8(elements) | Self::Records(elements), _) => ViewMut::new(elements, shape),
        }
    }

    /// Every `step`th element.
    fn sample(&self) -> Vec<f64> {
        fn every<T: Copy>(elements: &[T], to: impl Fn(T) -> f64) -> Vec<f64> {
            elements.iter().step_by((elements.len() / 10_007).max(1)).map(|x| to(*x)).collect()
        }
        match self {
            Self::I64(elements) => every(elements, |x| x as f64),
            Self::F32(elements) => every(elements, f64::from),
            Self::F64(elements) => every(elements, |x| x),
            Self::U8(elements) | Self::Records(elements) => every(elements, f64::from),
        }
    }
}

/// Times of one call each, several calls where they are short, as the other libraries are timed.
fn measure(run: &mut dyn FnMut()) -> Vec<f64> {
    let mut time = |repeats: usize| {
        let start = Instant::now();
        (0..repeats).for_each(|_| run());
        start.elapsed().as_secs_f64() / repeats as f64
    };
    let once = time(1);
    let repeats = if once < 1e-3 { (2e-3 / time(10)).ceil().max(1.0) as usize } else { 1 };
    let start = Instant::now();
    let mut times = Vec::new();
    while times.len() < 9 || (start.elapsed().as_secs_f64() < 0.35 && times.len() < 25) {
        times.push(time(repeats));
    }
    times.sort_by(f64::total_cmp);
    times
}

fn main() {
    let folder = std::env::var_os("PEERS_DATA").map(PathBuf::from);
    let names: Vec<String> = std::env::args().skip(1).filter(|name| !name.starts_with("--")).collect();
    // Cargo's tests run benches as well: one call of what is small shows that they do.
    let is_test = !std::env::args().any(|argument| argument == "--bench");
    let is_named = |case: &str| names.is_empty() || names.iter().any(|name| case.contains(name.as_str()));
    for (case, make) in cases().into_iter().filter(|(case, _)| is_named(case)) {
        if is_test && !case.ends_with("32k") && case != "W15-tiny" {
            continue;
        }
        let source = Source { folder: folder.clone(), case };
        let workload = make(&source);
        for threads in [1, 2] {
            let start = Instant::now();
            let program = workload.plan().compile().expect("compiles").with_threads(threads);
            let (dtype, shape) = &workload.output;
            let mut out = Data::zeros(*dtype, shape.iter().product());
            let inputs: Vec<_> =
                workload.inputs.iter().map(|(name, data, shape)| (*name, data.view(shape))).collect();
            let mut bound =
                program.bind(inputs, [("out", out.view_mut(shape, workload.part))]).expect("binds");
            bound.run().expect("runs");
            let first = start.elapsed().as_secs_f64();
            let times = if is_test { vec![first] } else { measure(&mut || bound.run().expect("runs")) };
            let (median, least) = (times[times.len() / 2], times[0]);
            let Some(expected) = source.load::<f64>(&format!("{case}.ref")) else {
                println!(
                    "{case:<12} {threads} threads: {:>10.3} ms, the first time {:>8.1} ms",
                    median * 1e3,
                    first * 1e3
                );
                continue;
            };
            let got = out.sample();
            let error = got
                .iter()
                .zip(&expected)
                .map(|(got, expected)| (got - expected).abs() / expected.abs().max(1.0));
            let error = error.fold(0.0, f64::max);
            let is_single = matches!(dtype, F32);
            let is_right = got.len() == expected.len() && error <= if is_single { 2e-3 } else { 1e-6 };
            println!(
                "{{\"case\":\"{case}\",\"peer\":\"fusewire\",\"threads\":{threads},\"ok\":{is_right},\"err\":{error:e},\"first\":{first:e},\"med\":{median:e},\"min\":{least:e},\"n\":{}}}",
                times.len()
            );
        }
    }
}
