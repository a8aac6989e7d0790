//! Reports that come as JSON, from whoever wrote it: read whole and drawn, or refused with everything that is wrong.

#[path = "common/gallery.rs"]
mod gallery;

use fusewire::PlanReport;
use fusewire::prelude::*;
use gallery::{PLANS, REFUSED};
use proptest::prelude::*;
use serde_json::{Value, json};

fn report() -> PlanReport {
    let g = Graph::new();
    let x = g.input("x", F64, [50_000, 100]);
    let weights = g.input("w", F64, [100]).exp().named("weights");
    g.inspect([(x * weights).sort(Axis(0)).named("y")], &Limits::default())
}

fn problems(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut value = serde_json::from_str(&report().to_json()).unwrap();
    change(&mut value);
    PlanReport::from_json(&value.to_string()).unwrap_err().problems().to_vec()
}

#[test]
fn every_position_is_checked_and_all_mistakes_come_together() {
    let found = problems(|report| {
        report["nodes"][2]["operands"] = json!([7, 0, 2]);
        report["nodes"][0]["kernels"] = json!([0, 99]);
        report["nodes"][0]["at"] = json!(5);
        report["nodes"][1]["fate"] = json!("molten");
        report["kernels"][0]["nodes"] = json!([1, 1000]);
        report["kernels"][1]["step"] = json!(0);
        report["kernels"][1]["boundaries"][0]["kernel"] = json!(1);
        report["steps"][1]["kernels"] = json!([1, 8]);
        report["stored"][0]["slot"] = json!(66);
        report["outputs"][0]["in_place_of"] = json!("z");
        report["inputs"][0]["name"] = json!("x\u{1b}[2J");
        report["diagnostics"] = json!([{
            "kind": "limit", "message": "", "site": null, "node": 50, "related": [], "axis": null,
            "help": [], "repairs": [],
        }]);
    });
    let expected = [
        "nodes[0].kernels[1]: no kernel is at 99: there are 3",
        "nodes[0].at: no input is at 5: there are 2",
        "nodes[1].fate: `molten` is none of input, constant, output, stored, fused, folded, joined, unplanned",
        "nodes[2].operands[0]: 7 is no node before this one",
        "nodes[2].operands[2]: 2 is no node before this one",
        "steps[1].kernels[1]: no kernel is at 8: there are 3",
        "kernels[0].nodes[1]: no node is at 1000: there are 5",
        "kernels[1].step: step 0 does not name it among its kernels",
        "kernels[1].boundaries[0].kernel: 1 is no kernel before this one",
        "stored[0].slot: no slot is at 66: there are 2",
        "outputs[0].in_place_of: no input is `z`",
        "inputs[0].name: the name `x\\u{1b}[2J` has the character '\\u{1b}'",
        "diagnostics[0].node: no node is at 50: there are 5",
    ];
    assert_eq!(found, expected);
}

#[test]
fn what_is_missing_or_of_another_type_is_said_with_its_path() {
    let found = problems(|report| {
        report["nodes"][1]["site"]["line"] = json!("twelve");
        report["kernels"][0]["reads"][0]["bytes"] = json!(-1);
        report["memory"].as_object_mut().unwrap().remove("peak");
        report.as_object_mut().unwrap().remove("dims");
    });
    let expected = [
        "nodes[1].site.line: invalid type: string \"twelve\", expected u32",
        "kernels[0].reads[0].bytes: invalid value: integer `-1`, expected u64",
        "memory: missing field `peak`",
        "dims: missing",
    ];
    assert_eq!(found, expected);
}

/// Another version is named before what it has and lacks.
#[test]
fn a_schema_of_another_version_is_named() {
    let other = |version: Value| problems(|report| report["schema"] = version);
    assert_eq!(other(json!(2)), ["its schema is 2, this library reads 1"]);
    assert_eq!(other(json!("1")), ["its schema is \"1\", this library reads 1"]);
    assert_eq!(other(json!(-1)), ["its schema is -1, this library reads 1"]);
    let sparse = PlanReport::from_json("{\"schema\": 9, \"graph\": []}").unwrap_err();
    assert_eq!(sparse.to_string(), "not a report of a plan: its schema is 9, this library reads 1");
    let none = PlanReport::from_json("{\"nodes\": []}").unwrap_err().to_string();
    assert_eq!(none, "not a report of a plan: schema: missing: it says which version of reports this is");
}

#[test]
fn many_mistakes_are_printed_up_to_twenty() {
    let mut value: Value = serde_json::from_str(&report().to_json()).unwrap();
    value["nodes"][4]["operands"] = json!(vec![9; 50]);
    let text = PlanReport::from_json(&value.to_string()).unwrap_err().to_string();
    assert!(text.starts_with("not a report of a plan: 50 mistakes\n  nodes[4].operands[0]: 9"), "{text}");
    assert!(text.ends_with("\n  ... and 30 more"), "{text}");
}

/// All that is made of a report; what it says of itself is in what it prints.
fn faces(report: &PlanReport) -> [String; 6] {
    let diff = report.diff(&PlanReport::default());
    [
        report.to_string(),
        report.dot(),
        report.svg(),
        report.html(),
        diff.to_string(),
        report.diff(report).to_string(),
    ]
}

/// Nothing of a text that was put into a report may end a line, a string, a comment, a tag, or be no character of XML.
#[test]
fn no_text_of_a_report_leaves_its_place() {
    let hostile =
        "</script><b onload='x'>\" \\N & ]]> */ \u{1b}[2J \0 \u{fffe} \u{202e}\u{2028} \u{7f}\u{200b}";
    let mut report = report();
    report.diagnostics.clear();
    for node in &mut report.nodes {
        (node.operation, node.label, node.within) =
            (hostile.into(), Some(hostile.into()), Some(hostile.into()));
        (node.site.file, node.source) = (format!("{hostile}\nsecond line"), Some(hostile.into()));
        (node.fate, node.array.as_mut().unwrap().dtype) = (hostile.into(), hostile.into());
    }
    for kernel in &mut report.kernels {
        kernel.body = vec![hostile.into()];
        kernel.loops.iter_mut().for_each(|l| l.extent = hostile.into());
        kernel.boundaries.iter_mut().for_each(|boundary| boundary.text = hostile.into());
        kernel.reads.iter_mut().for_each(|read| read.buffer = hostile.into());
    }
    report.add_listings(0, [(hostile.into(), hostile.into())]);
    report.inputs.iter_mut().chain(&mut report.outputs).for_each(|port| port.name = hostile.into());
    report.stored.iter_mut().for_each(|stored| stored.name = hostile.into());
    let mut refused = report.clone();
    refused.diagnostics = vec![fusewire::ir::report::DiagnosticReport::default()];
    refused.diagnostics[0].kind = hostile.into();
    refused.diagnostics[0].message = hostile.into();
    refused.diagnostics[0].help = vec![hostile.into()];
    for report in [&report, &refused] {
        let faces @ [tree, dot, svg, html, diff, same] = &faces(report);
        for (at, face) in faces.iter().enumerate() {
            for raw in ['\0', '\u{1b}', '\u{fffe}', '\u{202e}', '\u{2028}', '\u{7f}', '\u{200b}'] {
                assert!(!face.contains(raw), "face {at} has {raw:?}:\n{face}");
            }
        }
        for markup in [svg, html] {
            assert!(
                !markup.contains("<b ") && !markup.contains("</script>") && !markup.contains("='x'"),
                "{markup}"
            );
        }
        // Every string of DOT ends where its line does.
        for line in dot.lines().filter(|line| line.contains("label=")) {
            let text = line.split_once("label=\"").unwrap().1.replace("\\\\", "").replace("\\\"", "");
            let (_, rest) = text.split_once('"').unwrap();
            assert!(rest.starts_with(", ") || rest.starts_with("]") || rest == ";", "{line}");
            assert!(!line.contains(" & "), "{line}");
        }
        assert!(!tree.lines().any(|line| line.starts_with("second line")), "{tree}");
        assert!(!diff.is_empty() && same.as_str() == "no difference\n", "{same}");
    }
}

/// The places of a report, as ways through its JSON, of which mutations take one.
fn leaves(value: &Value, path: &mut Vec<String>, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().enumerate().for_each(|(at, item)| {
            path.push(at.to_string());
            leaves(item, path, found);
            path.pop();
        }),
        Value::Object(fields) => fields.iter().for_each(|(name, item)| {
            path.push(name.clone());
            leaves(item, path, found);
            path.pop();
        }),
        _ => found.push(format!("/{}", path.join("/"))),
    }
}

fn mutation() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => (0u64..40).prop_map(Value::from),
        1 => Just(Value::from(u64::MAX)),
        1 => Just(Value::from(-1)),
        1 => Just(Value::Null),
        1 => Just(json!([3, 70])),
        1 => prop_oneof!["input", "output", "stored", "constant", "fused", "routine", "rows"].prop_map(Value::from),
        1 => "[\\x00-\\x7f\\u{202e}\\u{fffe}]{0,6}".prop_map(Value::from),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// A report with a few places changed is refused with the path of what is wrong, or everything can be made of it.
    #[test]
    fn changed_reports_are_drawn_or_refused(
        at in 0..PLANS.len() + REFUSED.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), mutation(), any::<bool>()), 1..4),
    ) {
        let g = Graph::new();
        let (_, build) = PLANS.iter().chain(&REFUSED).nth(at).unwrap();
        let before = g.inspect(build(&g), &Limits::default());
        prop_assume!(before.nodes.len() < 300);
        let mut value: Value = serde_json::from_str(&before.to_json()).unwrap();
        for (index, new, goes) in changes {
            let mut paths = Vec::new();
            leaves(&value, &mut Vec::new(), &mut paths);
            // Positions are what can be wrong: they are changed as often as all the rest.
            let positions = ["operands", "kernels", "/at", "/step", "/nodes", "/slot", "/node"];
            let wanted: Vec<String> = paths
                .iter()
                .filter(|path| positions.iter().any(|word| path.contains(word)) && value.pointer(path).is_some_and(Value::is_u64))
                .cloned()
                .collect();
            let paths = if goes && !wanted.is_empty() { wanted } else { paths };
            let path: &String = index.get(&paths);
            *value.pointer_mut(path).unwrap() = new;
        }
        match PlanReport::from_json(&value.to_string()) {
            Ok(report) => {
                faces(&report);
                let _ = before.diff(&report);
                prop_assert_eq!(&PlanReport::from_json(&report.to_json()).unwrap(), &report);
            }
            Err(error) => {
                let says = error.to_string();
                prop_assert!(error.problems().iter().all(|problem| problem.contains(": ") || problem.contains("schema")), "{}", says);
            }
        }
    }
}
