//! What is printed and drawn of a plan grows with the plan, whatever its shape, and no faster.

use fusewire::prelude::*;
use fusewire::{Plan, PlanReport};

type Build = for<'g> fn(&'g Graph, usize) -> Vec<Expr<'g>>;

/// Expressions of about `n` nodes, each long in another way.
const SHAPES: [(&str, Build); 5] = [
    ("a chain", |g, n| {
        let x = g.input("x", F64, [64, 64]);
        vec![(0..n / 2).fold(x, |sum, at| (sum + at as i64) * x)]
    }),
    ("many outputs", |g, n| {
        let x = g.input("x", F64, [64, 64]);
        (0..n / 3).map(|at| (x * at as f64).sum(Axis(1)).named(&format!("sum{at}"))).collect()
    }),
    ("values that every kernel computes again", |g, n| {
        let shared = (0..8).fold(g.input("x", F64, [64]), |x, at| x + at);
        let other = |at: usize| g.input(&format!("other{at}"), F64, [at as u64 + 2, 64]);
        (0..n / 3).map(|at| (shared * other(at)).named(&format!("out{at}"))).collect()
    }),
    ("a value that every kernel waits for", |g, n| {
        let shared = g.input("x", F64, [64, 64]).sum(Axis(1)).named("shared");
        let other = |at: usize| g.input(&format!("other{at}"), F64, [at as u64 + 2, 64]);
        (0..n / 3).map(|at| (other(at) - shared).named(&format!("out{at}"))).collect()
    }),
    ("a join of many parts, read by others", |g, n| {
        let parts: Vec<Expr<'_>> =
            (0..n / 4).map(|at| g.input(&format!("part{at}"), F64, [at as u64 + 1, 3]) * 2).collect();
        let joined = g.concat(Axis(0), parts);
        vec![joined.sum(Axis(0)).named("total"), (joined * joined.mean(Axis(0))).named("scaled")]
    }),
];

fn plan(build: Build, n: usize) -> Plan {
    let g = Graph::new();
    g.plan(build(&g, n), &Limits::default()).unwrap()
}

fn faces(plan: &Plan, report: &PlanReport) -> [(&'static str, usize); 5] {
    [
        ("explain", plan.explain().to_string().len()),
        ("tree", report.to_string().len()),
        ("dot", report.dot().len()),
        ("svg", report.svg().len()),
        ("page", report.html().len()),
    ]
}

#[test]
fn every_face_grows_with_the_plan() {
    for (what, build) in SHAPES {
        // Both are so large that kernels are drawn without what is inside.
        let (small, large) = (plan(build, 600), plan(build, 2400));
        let (few, many) = (small.report(), large.report());
        let nodes = many.nodes.len() as f64 / few.nodes.len() as f64;
        assert!((3.5..4.5).contains(&nodes), "{what}: {nodes}");
        for ((face, before), (_, after)) in faces(&small, &few).into_iter().zip(faces(&large, &many)) {
            let growth = after as f64 / before as f64;
            // Numbers have more digits.
            assert!(
                growth < 1.3 * nodes,
                "{what}: {face} grew {growth:.1}-fold, from {before} to {after} bytes"
            );
            assert!(after < 2000 * many.nodes.len(), "{what}: {face} has {after} bytes");
        }
    }
}

#[test]
fn pages_have_each_listing_once_and_cut_long_ones() {
    let plan = plan(SHAPES[2].1, 300);
    let mut report = plan.report();
    let code = |kernel: usize, lines: usize| -> String {
        (0..lines).map(|at| format!("iadd v{kernel}, v{at}\n")).collect()
    };
    report.add_listings(0, [("CLIF".to_string(), code(0, 900))]);
    report.add_listings(1, [("CLIF".to_string(), code(0, 900))]);
    report.add_listings(2, [("CLIF".to_string(), code(2, 100))]);
    let page = report.html();
    assert_eq!(page.matches("iadd v0, v399\n").count(), 1);
    assert!(!page.contains("iadd v0, v400\n") && page.contains("iadd v2, v99<"));
    assert_eq!(
        page.matches("... 500 more lines: `report_with_code` of the plan has all of them as data").count(),
        1
    );
    assert_eq!(page.matches("the same as in kernel 0").count(), 1);
    // However much code there is, of all together only so much is shown.
    let before = page.len();
    for kernel in 0..report.kernels.len() {
        report.add_listings(kernel, [("machine code".to_string(), code(10_000 + kernel, 5000))]);
    }
    let page = report.html();
    assert!(page.len() < before + 20_000 * 30 + report.kernels.len() * 300, "{} of {before}", page.len());
    assert!(page.contains("... 5000 lines: `report_with_code` of the plan has all of them as data"));
}

/// What a page cuts, the report has as data.
#[test]
fn code_is_whole_as_data() {
    let plan = plan(SHAPES[0].1, 700);
    let report = plan.report_with_code().unwrap();
    let lines: usize =
        report.kernels.iter().flat_map(|kernel| &kernel.listings).map(|code| code.text.lines().count()).sum();
    assert!(lines > 800, "{lines}");
    assert!(report.memory.scratch.is_some() && report.nodes.iter().any(|node| node.source.is_some()));
    let page = plan.html().unwrap();
    assert!(page.contains("has all of them as data"));
    assert_eq!(page.len(), report.html().len());
}
