//! Plans as reports: text, JSON, DOT, drawings, pages, and what differs between two.

#[path = "common/gallery.rs"]
mod gallery;

use fusewire::ir::Fate;
use fusewire::ir::report::Change;
use fusewire::prelude::*;
use fusewire::{PlanReport, StorePolicy};
use gallery::{PLANS, REFUSED};
use insta::assert_snapshot;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn reports() -> Vec<(&'static str, PlanReport)> {
    let all = PLANS.iter().chain(&REFUSED).map(|(name, build)| {
        let g = Graph::new();
        (*name, g.inspect(build(&g), &Limits::default()))
    });
    all.collect()
}

#[test]
fn every_plan_of_the_gallery_is_planned_and_every_other_refused() {
    for (at, (name, report)) in reports().iter().enumerate() {
        assert_eq!(report.is_refused(), at >= PLANS.len(), "{name}\n{report}");
        assert_eq!(report.is_refused(), report.kernels.is_empty(), "{name}");
    }
}

#[test]
fn trees() {
    for (name, report) in reports() {
        assert_snapshot!(format!("tree_{name}"), report.to_string());
    }
}

#[test]
fn dot() {
    for (name, report) in reports() {
        assert_snapshot!(format!("dot_{name}"), report.dot());
    }
}

#[test]
fn drawings() {
    for (name, report) in reports() {
        let svg = report.svg();
        // Without the style, which is the same for all.
        let body = svg.split_once("</defs>").unwrap().1;
        assert_snapshot!(format!("svg_{name}"), body);
    }
}

#[test]
fn json() {
    for (name, report) in reports() {
        let text = report.to_json();
        assert_eq!(PlanReport::from_json(&text).unwrap(), report, "{name}");
        assert_snapshot!(format!("json_{name}"), text);
    }
}

#[test]
fn a_text_that_is_no_report_is_refused() {
    let g = Graph::new();
    let text = g.inspect([g.input("x", F64, [3]) + 1], &Limits::default()).to_json();
    let other = text.replacen("\"schema\": 1", "\"schema\": 2", 1);
    for (text, says) in [
        ("", "EOF"),
        ("{}", "schema: missing"),
        (&text[..text.len() / 2], "EOF"),
        (&other, "its schema is 2, this library reads 1"),
    ] {
        let error = PlanReport::from_json(text).unwrap_err().to_string();
        assert!(error.starts_with("not a report of a plan: ") && error.contains(says), "{error}");
    }
    // What a later version adds is passed over.
    let more = text.replacen("\"schema\": 1", "\"schema\": 1, \"colour\": \"red\"", 1);
    assert_eq!(PlanReport::from_json(&more).unwrap(), PlanReport::from_json(&text).unwrap());
}

/// Every start tag with its end, every value and step with a box, a link and a section, and nothing from elsewhere.
fn check_page(name: &str, page: &str, report: &PlanReport) {
    for tag in ["section", "a", "table", "svg", "details", "pre", "main", "aside", "h2", "p", "ul", "li"] {
        let opened = page.matches(&format!("<{tag} ")).count() + page.matches(&format!("<{tag}>")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{name}: {tag}");
    }
    for at in 0..report.nodes.len() {
        assert!(page.contains(&format!("<section id=\"node-{at}\"")), "{name}: node {at}");
        assert!(page.contains(&format!("<a href=\"#node-{at}\" class=\"node")), "{name}: node {at}");
    }
    for at in 0..report.kernels.len() {
        assert!(page.contains(&format!("<section id=\"kernel-{at}\"")), "{name}: step {at}");
        assert!(page.contains(&format!("<a href=\"#kernel-{at}\" class=\"kernel")), "{name}: step {at}");
    }
    // What is shown of the user's source may be anything; what the page refers to may not.
    for foreign in ["src=", "<script", "<link", "@import", "url(http", "href=\"http"] {
        assert!(!page.contains(foreign), "{name}: {foreign}");
    }
}

#[test]
fn pages_are_complete_and_load_nothing() {
    for (name, report) in reports() {
        check_page(name, &report.html(), &report);
    }
}

/// A number is read as one: `50 000 000` is not cut where a line ends.
#[test]
fn pages_keep_the_digits_of_a_number_together() {
    let g = Graph::new();
    let page =
        g.inspect([g.input("x", F64, [90_000, 1]) * g.input("y", F64, [90_000])], &Limits::default()).html();
    assert!(page.contains("8\u{a0}100\u{a0}000\u{a0}000 elements (64.8 GB)"), "{page}");
}

#[test]
fn pages_of_large_expressions_draw_steps_only() {
    let g = Graph::new();
    let x = g.input("x", F64, [64]);
    let chain = (0..3000).fold(x, |sum, at| (sum + at) * x);
    let report = g.inspect([chain], &Limits::default());
    assert!(report.kernels.len() > 10 && report.nodes.len() > 6000);
    let page = report.html();
    assert!(
        page.contains("<section id=\"node-5999\"") && page.contains("<a href=\"#kernel-9\" class=\"kernel")
    );
    assert!(!page.contains("<a href=\"#node-5999\" class=\"node"));
}

#[test]
fn pages_of_plans_have_the_code() {
    let g = Graph::new();
    let x = g.input("x", F64, [64, 64]);
    let plan = g.plan([(x.exp() * 2).sum(Axis(1)).named("sum")], &Limits::default()).unwrap();
    let page = plan.html().unwrap();
    check_page("code", &page, &plan.report());
    for text in
        ["<summary>CLIF</summary>", "<summary>CLIF of the epilogue</summary>", "function u0:0(i64, i64, i64)"]
    {
        assert!(page.contains(text), "{text}");
    }
    // The line that made the expression can be read.
    assert!(page.contains("let plan = g.plan([(x.exp() * 2)"));
}

/// No two boxes of a drawing meet, unless one is the step that the other is in.
#[test]
fn boxes_do_not_overlap() {
    for (name, report) in reports() {
        if report.nodes.len() > 400 {
            continue;
        }
        let svg = report.svg();
        let number = |tag: &str, name: &str| -> f64 {
            let from = tag.find(&format!(" {name}=\"")).unwrap() + name.len() + 3;
            tag[from..].split('"').next().unwrap().parse().unwrap()
        };
        let boxes: Vec<(bool, [f64; 4])> = svg
            .split("<a ")
            .skip(1)
            .map(|link| {
                let rect = &link[link.find("<rect").unwrap()..];
                let sides = ["x", "y", "width", "height"].map(|name| number(rect, name));
                (link.starts_with("href=\"#kernel"), sides)
            })
            .collect();
        assert_eq!(boxes.len(), report.nodes.len() + report.kernels.len(), "{name}");
        let size = ["width", "height"].map(|name| number(&svg, name));
        for (at, (is_kernel, [x, y, width, height])) in boxes.iter().enumerate() {
            assert!(*x >= 0.0 && *y >= 0.0 && x + width <= size[0] && y + height <= size[1], "{name}: {at}");
            for (other_is_kernel, [x2, y2, width2, height2]) in &boxes[at + 1..] {
                let apart = x + width <= *x2 || x2 + width2 <= *x || y + height <= *y2 || y2 + height2 <= *y;
                let inside = *is_kernel
                    && !other_is_kernel
                    && x2 >= x
                    && y2 >= y
                    && x2 + width2 <= x + width
                    && y2 + height2 <= y + height;
                assert!(apart || inside, "{name}: box {at} meets another at {x2} {y2}");
            }
        }
    }
}

#[test]
fn every_value_knows_what_became_of_it() {
    let g = Graph::new();
    let x = g.input("x", F64, [50_000, 100]);
    let weights = g.input("w", F64, [100]).exp().named("weights");
    let plan = g.plan([(x * weights).transpose().named("y")], &Limits::default()).unwrap();
    let fate = |name: &str| {
        let node = plan.nodes().iter().find(|node| node.name() == name).unwrap();
        (node.fate.clone(), node.kernels.clone())
    };
    assert_eq!(fate("x"), (Fate::Input(0), vec![]));
    assert_eq!(fate("multiply"), (Fate::Fused, vec![1]));
    let (Fate::Stored(0, reason), steps) = fate("weights") else { panic!("{:?}", fate("weights")) };
    assert_eq!((reason, steps), (plan.stored()[0].reason.clone(), vec![0]));
    assert!(matches!(fate("y"), (Fate::Output(0, _), _)));
    let report = plan.report();
    assert_eq!(report.memory.workspace, 832);
    assert_eq!(report.memory.peak, 2 * 40_000_000 + 800 + 832);
    assert_eq!(report.memory.numpy_bytes, 800 + 40_000_000);
}

#[test]
fn diffs() {
    let g = Graph::new();
    let x = g.input("x", F64, [50_000, 100]);
    let w = g.input("w", F64, [100]).exp().named("weights");
    let planned = |g: &Graph, y: Expr<'_>| g.plan([y], &Limits::default()).unwrap();
    let stored = planned(&g, x * w);
    let never = planned(&g, x * w.store(StorePolicy::Never));
    assert!(stored.diff(&stored).is_empty());
    assert_eq!(stored.diff(&stored).to_string(), "no difference\n");
    let larger = {
        let g = Graph::new();
        let x = g.input("x", F64, [60_000, 100]);
        planned(&g, x * g.input("w", F64, [100]).exp().named("weights"))
    };
    let single = {
        let g = Graph::new();
        let x = g.input("x", F32, [50_000, 100]);
        planned(&g, (x * g.input("w", F32, [100]).exp().named("weights")).sqrt())
    };
    let two = |split: bool| {
        let g = Graph::new();
        let (x, y) = (g.input("x", F64, [30]), g.input("y", F64, [30]));
        let b = if split { y + 1 } else { x * y };
        g.plan([(x + 1).named("a"), b.named("b")], &Limits::default()).unwrap()
    };
    let merged = |rows: u64| {
        let g = Graph::new();
        let (x, y) = (g.input("x", F64, [30]), g.input("y", F64, [rows]));
        let total = x.sum(All);
        g.plan([(x + 1).named("a"), (y + 1).named("b"), total.named("c")], &Limits::default()).unwrap()
    };
    let regrouped = merged(30).diff(&merged(31));
    let refused = |rows: u64| {
        let g = Graph::new();
        g.inspect([g.input("x", F64, [30]) + g.input("y", F64, [rows])], &Limits::default())
    };
    let texts = [
        ("the same value computed again", stored.diff(&never)),
        ("and back", never.diff(&stored)),
        ("more rows", stored.diff(&larger)),
        ("another dtype, and one operation more", stored.diff(&single)),
        ("two kernels for one", two(false).diff(&two(true))),
        ("nothing but a size", regrouped),
        ("refused", refused(30).diff(&refused(31))),
    ];
    let texts: Vec<String> = texts.iter().map(|(what, diff)| format!("# {what}\n{diff}")).collect();
    assert_snapshot!(texts.join("\n"));
}

/// What computes a value is a part of a plan, although it may change neither loops nor bytes.
#[test]
fn diffs_of_what_is_computed() {
    type Build = for<'g> fn(&'g Graph, Expr<'g>) -> Expr<'g>;
    let pairs: [(&str, Build, Build); 14] = [
        ("a number", |_, x| x + 1, |_, x| x + 2),
        (
            "a number inside of a long expression",
            |_, x| ((x + 1).exp() + 1).sqrt(),
            |_, x| ((x + 2).exp() + 1).sqrt(),
        ),
        ("an operation", |_, x| (x + 1).named("y") * 2, |_, x| (x - 1).named("y") * 2),
        ("an output", |_, x| x + 1, |_, x| x - 1),
        ("one operation more", |_, x| x.exp() + 1 + x + 2, |_, x| (x.exp() + 1).sqrt() + x + 2),
        ("a number everywhere", |g, x| x + g.full([30], 1.0), |g, x| x + g.full([30], 2.0)),
        (
            "an array of numbers",
            |g, x| x.sum(Axis(0)).slice_axis(Axis(0), ..3) + g.constant(&[1.0, 2.0, 3.0], [3]),
            |g, x| x.sum(Axis(0)).slice_axis(Axis(0), ..3) + g.constant(&[1.0, 2.0, 4.0], [3]),
        ),
        ("an axis", |_, x| x.sum(Axis(0)), |_, x| x.sum(Axis(1))),
        ("a slice", |_, x| x.slice_axis(Axis(0), ..10) + 1, |_, x| x.slice_axis(Axis(0), 10..20) + 1),
        ("a direction", |_, x| x.flip(Axis(0)) + 1, |_, x| x.flip(Axis(1)) + 1),
        ("an order of axes", |_, x| x + x.transpose(), |_, x| x + x),
        ("an order of operands", |_, x| x - x.exp(), |_, x| x.exp() - x),
        ("an axis of a routine", |_, x| x.sort(Axis(0)), |_, x| x.sort(Axis(1))),
        ("a quantile", |_, x| x.quantile(0.25, Axis(0)), |_, x| x.quantile(0.5, Axis(0))),
    ];
    let mut texts = Vec::new();
    for (what, before, after) in pairs {
        let planned = |build: Build| {
            let g = Graph::new();
            let x = g.input("x", F64, [30, 30]);
            g.plan([build(&g, x)], &Limits::default()).unwrap()
        };
        let [before, after] = [before, after].map(planned);
        let diff = before.diff(&after);
        assert!(!diff.is_empty(), "{what}");
        assert!(before.diff(&before).is_empty() && after.diff(&after).is_empty(), "{what}");
        texts.push(format!("# {what}\n{diff}"));
    }
    assert_snapshot!(texts.join("\n"));
}

/// Neither is what a plan is held to.
#[test]
fn diffs_of_what_plans_are_held_to() {
    let planned = |most: u64, limits: &Limits, over: bool| {
        let g = Graph::new();
        let x = g.input("x", F64, [g.dim("n", 1..=most)]);
        let plan = g.plan([(x + 1).named("y")], limits).unwrap();
        if over { plan.in_place("y", "x").unwrap() } else { plan }
    };
    let before = planned(9, &Limits::default(), false);
    let texts = [
        before.diff(&planned(9, &Limits::default().with_elements(1000).with_operations(70), false)),
        before.diff(&planned(9, &Limits::default().with_bytes(70), false)),
        before.diff(&planned(10, &Limits::default(), false)),
        before.diff(&planned(9, &Limits::default(), true)),
    ];
    assert_snapshot!(texts.map(|diff| diff.to_string()).join("\n"));
}

#[test]
fn a_kernel_that_is_split_is_a_change_as_data() {
    let report = |limit: u64| {
        let g = Graph::new();
        let x = g.input("x", F64, [1000, 20]);
        let scale = (g.input("scale", F64, [1000, 1]).exp() + 1).sqrt();
        g.inspect([x * scale], &Limits::default().with_bytes(limit))
    };
    let diff = report(0).diff(&report(1 << 20));
    assert!(diff.changes.contains(&Change::Regrouped { before: vec![0], after: vec![0, 1] }), "{diff}");
    let is_stored =
        |change: &Change| matches!(change, Change::Fate { after, .. } if after.starts_with("stored"));
    assert!(diff.changes.iter().any(is_stored), "{diff}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// JSON gives back the report, and what the plan decided is all there.
    #[test]
    fn reports_of_random_graphs_round_trip(recipe in fusewire::testing::recipes(24)) {
        let report = recipe.inspect(&Limits::default());
        prop_assert_eq!(&PlanReport::from_json(&report.to_json()).unwrap(), &report);
        if let Ok(plan) = recipe.plan(&Limits::default()) {
            prop_assert_eq!(report.kernels.len(), plan.tasks().count());
            // Of what is read only where there are no elements, nothing is computed.
            let is_empty = |node: &fusewire::ir::report::NodeReport| {
                node.array.as_ref().is_some_and(|array| array.elements == Some(0))
            };
            let some_are_empty = report.nodes.iter().any(is_empty);
            for (at, node) in report.nodes.iter().enumerate() {
                prop_assert!(node.operands.iter().all(|operand| *operand < at));
                // What no step computes is memory already, a view, or a part of something else.
                let idle = ["input", "constant", "folded", "joined"].contains(&node.fate.as_str());
                prop_assert!(idle || some_are_empty || !node.kernels.is_empty(), "{} {}", node.name(), report);
                prop_assert!(!report.to_string().contains("fused into  "), "{}", report);
            }
            // Every step computes something, and every output and stored value is written by it.
            let computing: BTreeSet<usize> = report.nodes.iter().flat_map(|node| node.kernels.clone()).collect();
            let steps: BTreeSet<usize> = (0..report.kernels.len()).collect();
            prop_assert!(computing.is_subset(&steps));
            prop_assert!(plan.diff(&plan).is_empty());
        }
        let page = report.html();
        prop_assert!(page.ends_with("</html>\n"));
        prop_assert!(report.dot().ends_with("}\n"), "an end");
    }
}

#[test]
fn colours_change_nothing_but_colours() {
    let g = Graph::new();
    let x = g.input("x", F64, [50_000, 100]);
    let plan = g.plan([x * g.input("w", F64, [100]).exp().named("weights")], &Limits::default()).unwrap();
    let plain = plan.explain().to_string();
    assert_eq!(plan.explain().coloured(false).to_string(), plain);
    let coloured = plan.explain().coloured(true).to_string();
    for text in
        ["\u{1b}[1mkernel 1\u{1b}[0m", "\u{1b}[33mbecause\u{1b}[0m  waits", "\u{1b}[2m(tests/reports.rs:"]
    {
        assert!(coloured.contains(text), "{text}\n{coloured}");
    }
    let mut stripped = String::new();
    for part in coloured.split('\u{1b}') {
        stripped
            .push_str(part.split_once('m').filter(|_| part.starts_with('[')).map_or(part, |(_, rest)| rest));
    }
    assert_eq!(stripped, plain);
}
