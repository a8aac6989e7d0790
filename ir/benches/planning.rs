//! How long planning takes, and how it grows: `cargo bench -p fusewire-ir --bench planning [name]`.
//!
//! For each sort of expression the time per plan at several sizes, and then to explain, report and compare it. Twice the nodes should
//! take about twice the time.

use fusewire_ir::{
    AxisRef, DType, Dim, ElementOp, Graph, Limits, Operand, Padding, ReduceOp, Scalar, Site, SiteId, Slice,
};
use std::hint::black_box;
use std::time::{Duration, Instant};

type Build = fn(&mut Graph, usize) -> Vec<SiteId>;

fn here() -> Site {
    Site { file: "planning.rs", line: 1, column: 1 }
}

fn op(g: &mut Graph, op: ElementOp, operands: &[SiteId]) -> SiteId {
    let operands: Vec<Operand> = operands.iter().map(|operand| Operand::Expr(*operand)).collect();
    g.element(op, &operands, here())
}

fn times(g: &mut Graph, x: SiteId, factor: f64) -> SiteId {
    let factor = g.scalar(Scalar::F64(factor), here());
    op(g, ElementOp::Multiply, &[x, factor])
}

/// Each element less the one before it.
fn difference(g: &mut Graph, x: SiteId) -> SiteId {
    let axis = || AxisRef::Position(0);
    let next = g.slice_axis(x, axis(), Slice::from(1..), here());
    let this = g.slice_axis(x, axis(), Slice::from(..-1), here());
    op(g, ElementOp::Subtract, &[next, this])
}

fn input(g: &mut Graph, name: &str, sizes: &[u64]) -> SiteId {
    g.input(name, DType::F64, sizes.into(), here())
}

/// Sorts of expressions of about so many nodes.
const EXPRESSIONS: [(&str, Build); 16] = [
    ("chain", |g, nodes| {
        let x = input(g, "x", &[1000]);
        let link = |g: &mut Graph, sum, at| match at % 2 {
            0 => op(g, ElementOp::Add, &[sum, x]),
            _ => op(g, ElementOp::Sqrt, &[sum]),
        };
        vec![(0..nodes).fold(x, |sum, at| link(g, sum, at))]
    }),
    ("fan", |g, nodes| {
        let mut sum = input(g, "x", &[1000]);
        for at in 0..nodes / 3 {
            let x = input(g, &format!("x{at}"), &[1000]);
            let exp = op(g, ElementOp::Exp, &[x]);
            sum = op(g, ElementOp::Add, &[sum, exp]);
        }
        vec![sum]
    }),
    ("outputs", |g, nodes| {
        let x = input(g, "x", &[1000]);
        let exp = op(g, ElementOp::Exp, &[x]);
        (0..nodes / 2).map(|at| times(g, exp, at as f64)).collect()
    }),
    ("reductions", |g, nodes| {
        let mut x = input(g, "x", &[100, 100]);
        for _ in 0..nodes / 4 {
            let mean = g.reduce(ReduceOp::Mean, x, Some(&[AxisRef::Position(1)]), true, here());
            let apart = op(g, ElementOp::Subtract, &[x, mean]);
            x = times(g, apart, 2.0);
        }
        vec![x]
    }),
    ("totals", |g, nodes| {
        // Many reductions of the same array, which are then added up.
        let x = input(g, "x", &[100, 100]);
        let mut sum = g.reduce(ReduceOp::Sum, x, None, false, here());
        for at in 0..nodes / 4 {
            let scaled = times(g, x, at as f64);
            let total = g.reduce(ReduceOp::Sum, scaled, None, false, here());
            sum = op(g, ElementOp::Add, &[sum, total]);
        }
        vec![sum]
    }),
    ("differences", |g, nodes| {
        let x = input(g, "x", &[100_000]);
        vec![(0..nodes / 3).fold(x, |x, _| difference(g, x))]
    }),
    ("views", |g, nodes| {
        let x = input(g, "x", &[100, 100]);
        let order = [AxisRef::Position(1), AxisRef::Position(0)];
        let seen = |g: &mut Graph, x, at| match at % 2 {
            0 => g.permute_dims(x, &order, here()),
            _ => g.slice_axis(x, AxisRef::Position(0), Slice::ALL.step_by(-1), here()),
        };
        vec![(0..nodes).fold(x, |x, at| seen(g, x, at))]
    }),
    ("symbols", |g, nodes| {
        // Each input has a dim of its own, with bounds of its own, and all must turn out to be equal.
        let mut sum = input(g, "x", &[1000]);
        for at in 0..nodes / 2 {
            let dim: Dim = g.dim(&format!("n{at}"), 1..=100_000 - at as u64, here());
            let x = g.input(&format!("x{at}"), DType::F64, (&dim).into(), here());
            sum = if at == 0 { x } else { op(g, ElementOp::Add, &[x, sum]) };
        }
        vec![sum]
    }),
    ("symbolic slices", |g, nodes| {
        let n = g.dim("n", 1_000_000..=2_000_000, here());
        let x = g.input("x", DType::F64, (&n).into(), here());
        vec![(0..nodes / 3).fold(x, |x, _| difference(g, x))]
    }),
    ("expected shapes", |g, nodes| {
        // Dims that are said to be equal, one after another.
        let dims: Vec<Dim> = (0..=nodes / 2).map(|at| g.dim(&format!("n{at}"), 1..=1000, here())).collect();
        let mut x = g.input("x", DType::F64, (&dims[0]).into(), here());
        for dim in &dims[1..] {
            x = g.expect_shape(x, dim.into(), here());
        }
        vec![op(g, ElementOp::Sqrt, &[x])]
    }),
    ("products", |g, nodes| {
        let mut x = input(g, "x", &[64, 64]);
        let (w, b) = (input(g, "w", &[64, 64]), input(g, "b", &[64]));
        for _ in 0..nodes / 2 {
            let product = g.matmul(x, w, here());
            x = op(g, ElementOp::Add, &[product, b]);
        }
        vec![x]
    }),
    ("reshapes", |g, nodes| {
        let mut x = input(g, "x", &[60, 100]);
        for at in 0..nodes / 2 {
            let shapes = [[100, 60], [50, 120], [60, 100]];
            let sizes = shapes[at % 3].map(|size: u64| Some(Dim::from(size)));
            let reshaped = g.reshape(x, &sizes, here());
            x = op(g, ElementOp::Sqrt, &[reshaped]);
        }
        vec![x]
    }),
    ("random", |g, nodes| {
        // Each of any two before it, with totals and views among them; all that nobody reads is an output.
        let mut made = vec![input(g, "x", &[100, 100]), input(g, "y", &[100, 100])];
        let mut is_read = vec![false; 2];
        let mut state = 1u64;
        let mut below = |limit: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % limit
        };
        while made.len() < nodes {
            let (one, other) = (below(made.len()), below(made.len()));
            let (left, right) = (made[one], made[other]);
            is_read[one] = true;
            made.push(match below(8) {
                0 => g.reduce(ReduceOp::Mean, left, Some(&[AxisRef::Position(1)]), true, here()),
                1 => g.permute_dims(left, &[AxisRef::Position(1), AxisRef::Position(0)], here()),
                2 => op(g, ElementOp::Sqrt, &[left]),
                kind => {
                    is_read[other] = true;
                    op(g, if kind % 2 == 0 { ElementOp::Add } else { ElementOp::Multiply }, &[left, right])
                }
            });
            is_read.push(false);
        }
        let unread = made.iter().zip(is_read).filter(|(_, is_read)| !is_read);
        unread.map(|(site, _)| *site).collect()
    }),
    ("joins", |g, nodes| {
        let x = input(g, "x", &[100]);
        let parts: Vec<Operand> = (0..nodes / 2).map(|at| Operand::Expr(times(g, x, at as f64))).collect();
        let joined = g.concat(&parts, &AxisRef::Position(0), here());
        vec![g.pad(joined, &[(1, 1)], Padding::Edge, here())]
    }),
    ("rolls", |g, nodes| {
        let x = input(g, "x", &[100_000]);
        let rolled = |g: &mut Graph, x| {
            let rolled = g.roll(x, &[1], Some(&[AxisRef::Position(0)]), here());
            times(g, rolled, 2.0)
        };
        vec![(0..nodes / 4).fold(x, |x, _| rolled(g, x))]
    }),
    ("periodic steps", |g, nodes| {
        let x = input(g, "x", &[1000, 1000]);
        let step = |g: &mut Graph, x| {
            let sides = [(1, 0), (-1, 0), (1, 1), (-1, 1)];
            let sides = sides.map(|(by, axis)| g.roll(x, &[by], Some(&[AxisRef::Position(axis)]), here()));
            let sum = sides.into_iter().reduce(|a, b| op(g, ElementOp::Add, &[a, b]));
            times(g, sum.unwrap_or(x), 0.25)
        };
        vec![(0..nodes / 16).fold(x, |x, _| step(g, x))]
    }),
];

/// Time that this thread has been on a processor, where the system tells: others may be at work on the machine.
fn clock(begun: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| begun.elapsed(), Duration::from_nanos)
}

/// The best of several rounds, each long beside the 4 ms in which some systems count.
fn best(mut run: impl FnMut()) -> Duration {
    let mut best = Duration::MAX;
    let begun = Instant::now();
    for _ in 0..5 {
        let start = clock(begun);
        let (mut runs, mut time) = (0, Duration::ZERO);
        while time < Duration::from_millis(60) {
            run();
            runs += 1;
            time = clock(begun) - start;
        }
        best = best.min(time / runs);
        if begun.elapsed() > Duration::from_secs(2) {
            break;
        }
    }
    best
}

/// Times for several sizes, a row of a table.
fn row(name: &str, times: &[Duration], built: Option<Duration>) {
    let milliseconds = |time: &Duration| time.as_secs_f64() * 1e3;
    print!("{name:16}");
    times.iter().chain(&built).for_each(|time| print!(" {:9.2}", milliseconds(time)));
    let last = times.len() - 1;
    let growth = (milliseconds(&times[last]) / milliseconds(&times[1])).powf(1.0 / (last - 1) as f64);
    println!("  {growth:.2}");
}

fn main() {
    let only = std::env::args().nth(1).filter(|name| !name.starts_with("--"));
    let sizes = [2500, 5000, 10_000, 20_000, 40_000];
    println!("milliseconds per plan, and building the graph of 10 000 nodes\n");
    print!("{:16}", "");
    sizes.iter().for_each(|nodes| print!(" {nodes:9}"));
    println!(" {:>9}  growth from the second to the last, per doubling", "build");
    let mut faces = Vec::new();
    for (name, build) in EXPRESSIONS.iter().filter(|(name, _)| only.as_ref().is_none_or(|only| only == name))
    {
        let (mut times, mut of_faces) = (Vec::new(), Vec::new());
        let mut built = Duration::ZERO;
        for nodes in sizes {
            let begun = Instant::now();
            let start = clock(begun);
            let mut g = Graph::new();
            let outputs = build(&mut g, nodes);
            if nodes == 10_000 {
                built = clock(begun) - start;
            }
            times.push(best(|| {
                let plan = g.plan(&outputs, &Limits::default());
                assert!(black_box(&plan).is_ok(), "{name}: {plan:?}");
            }));
            let plan = g.plan(&outputs, &Limits::default()).expect("it has been planned");
            of_faces.push(best(|| {
                let report = plan.report();
                assert!(report.diff(&report).is_empty() && !plan.explain().to_string().is_empty(), "{name}");
            }));
        }
        row(name, &times, Some(built));
        faces.push((name, of_faces));
    }
    println!("\nmilliseconds to report a plan, to compare the report with itself, and to explain the plan\n");
    for (name, times) in faces {
        row(name, &times, None);
    }
}
