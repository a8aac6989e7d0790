//! Errors as people meet them: in their source, in logs, and as data.

use fusewire::prelude::*;
use fusewire::{DiagnosticKind, render};
use insta::assert_snapshot;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

fn incident(g: &Graph) -> Error {
    let features = g.input("user_features", F64, [5_000_000, 1000, 1]);
    let weights = g.input("per_cluster_weights", F64, [10]);
    let score = features * weights;
    g.plan([score], &Limits::default()).unwrap_err()
}

/// A rendered error without the lines of this file before it, which move.
fn with_lines_from_1(text: &str, first: u32) -> String {
    let number = |digits: &str| digits.parse::<u32>().ok().filter(|number| *number >= first);
    let line = |line: &str| {
        if let Some((before, at)) = line.split_once("tests/messages.rs:")
            && let Some((row, column)) = at.split_once(':')
            && let Some(row) = number(row)
        {
            return format!("{before}tests/messages.rs:{}:{column}", row - first + 1);
        }
        match line.split_once(" |").and_then(|(row, rest)| Some((number(row.trim())?, rest))) {
            Some((row, rest)) => format!("{:3} |{rest}", row - first + 1),
            None => line.to_string(),
        }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn errors_show_the_lines_that_they_speak_of() {
    let g = Graph::new();
    let error = incident(&g);
    let first = error.locations().iter().map(|site| site.line).min().unwrap();
    let text = render(&error, false);
    for line in ["let score = features * weights;", "let weights = g.input(\"per_cluster_weights\""] {
        assert!(text.contains(line), "{text}");
    }
    assert_snapshot!(with_lines_from_1(&text, first));
    // Colours change nothing but colours.
    let coloured = render(&error, true);
    assert!(coloured.contains("\u{1b}["));
    let plain: String = coloured
        .split('\u{1b}')
        .map(|part| part.split_once('m').filter(|_| part.starts_with('[')).map_or(part, |(_, rest)| rest))
        .collect();
    assert_eq!(plain, text);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    use fusewire::ir::{self, Operand, Site};
    let mut g = ir::Graph::new();
    let site = |line| Site { file: "no/such/file.rs", line, column: 7 };
    let x = g.input("x", F64, [3].into(), site(1));
    let y = g.input("y", F64, [4].into(), site(2));
    let sum = g.element(fusewire::ElementOp::Add, &[Operand::Expr(x), Operand::Expr(y)], site(3));
    assert_snapshot!(render(&g.plan(&[sum], &Limits::default()).unwrap_err(), false));
    // A place beyond the end of a file that there is, as after an edit.
    let mut g = ir::Graph::new();
    let site = |line| Site { file: "tests/messages.rs", line, column: 900 };
    let x = g.input("x", F64, [3].into(), site(1));
    let bad = g.reduce(ir::ReduceOp::Sum, x, Some(&[ir::AxisRef::Position(7)]), false, site(1_000_000));
    assert_snapshot!(render(&g.plan(&[bad], &Limits::default()).unwrap_err(), false));
}

#[test]
fn several_errors_are_rendered_together() {
    let g = Graph::new();
    let x = g.input("x", F64, [3]);
    let error = g.plan([x.sum(Axis(4)), x + g.input("y", F64, [4])], &Limits::default()).unwrap_err();
    let text = render(&error, false);
    assert!(text.starts_with("error[axis]: ") && text.contains("\n\nerror[shape]: "), "{text}");
}

#[test]
fn errors_are_opaque_and_answer() {
    let g = Graph::new();
    let error = incident(&g);
    assert_eq!(error.kind(), DiagnosticKind::Limit);
    let [call, weights, features] = error.locations()[..] else { panic!("{:?}", error.locations()) };
    assert_eq!((features.line + 1, features.line + 2), (weights.line, call.line));
    let related: Vec<&str> = error.related().map(|note| note.name.as_str()).collect();
    assert_eq!(related, ["per_cluster_weights", "user_features"]);
    assert!(error.help().any(|help| help.starts_with("if this is meant")));
    assert!(error.repairs().any(|repair| repair.kind == fusewire::RepairKind::ReduceFirst));
    let boxed: Box<dyn std::error::Error + Send + Sync> = Box::new(error);
    assert!(boxed.to_string().starts_with("error[limit]"));
}

/// The messages that snapshots hold: many, and of every kind. A kind without one fails.
#[test]
fn golden_messages_of_every_kind() {
    let mut messages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let folders = ["snapshots", "join/snapshots", "object/snapshots", "routines/snapshots", "text/snapshots"]
        .map(|folder| format!("tests/{folder}"));
    for folder in folders.iter().map(String::as_str).chain(["src/program/snapshots"]) {
        let files = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap();
        for file in files {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            for line in text.lines().filter_map(|line| line.strip_prefix("error[")) {
                let (kind, message) = line.split_once("]: ").unwrap();
                messages.entry(kind.into()).or_default().insert(message.into());
            }
        }
    }
    let kinds: BTreeSet<&str> = messages.keys().map(String::as_str).collect();
    let missing: Vec<&str> =
        DiagnosticKind::ALL.iter().map(|kind| kind.name()).filter(|kind| !kinds.contains(kind)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let count: usize = messages.values().map(BTreeSet::len).sum();
    assert!(count >= 60, "{count}");
}

/// Collects events as text, from a level on.
#[derive(Clone)]
struct Log(Arc<Mutex<Vec<String>>>, tracing::Level);

impl Default for Log {
    fn default() -> Self {
        Self(Arc::default(), tracing::Level::TRACE)
    }
}

impl tracing::Subscriber for Log {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "fusewire" && *metadata.level() <= self.1
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        struct Fields(String);
        impl tracing::field::Visit for Fields {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                let value = format!("{value:?}");
                let value = if field.name() == "micros" { "_" } else { &value };
                self.0.push_str(&format!(" {}={value}", field.name()));
            }
        }
        let mut fields = Fields(event.metadata().level().to_string());
        event.record(&mut fields);
        self.0.lock().unwrap().push(fields.0);
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[test]
fn logs_show_the_pre_flight() {
    let log = Log::default();
    tracing::subscriber::with_default(log.clone(), || {
        let g = Graph::new();
        let x = g.input("x", F64, [4, 3]);
        let centred = (x - x.mean(Axis(0))).named("centred");
        let plan = g.plan([centred], &Limits::default()).unwrap();
        let program = plan.compile().unwrap().with_threads(1);
        let (data, mut out) = (vec![1.0; 12], vec![0.0; 12]);
        program
            .run([("x", View::new(&data, [4, 3]))], [("centred", ViewMut::new(&mut out, [4, 3]))])
            .unwrap();
        assert!(g.plan([x.sum(Axis(3))], &Limits::default()).is_err());
    });
    let lines = log.0.lock().unwrap().join("\n");
    let place = lines.split("site=").nth(1).unwrap().split(' ').next().unwrap().to_string();
    assert_snapshot!(lines.replace(&place, "PLACE"));
}

/// What goes wrong is a warning, whatever it is, and nothing that failed is said to have run.
#[test]
fn logs_show_what_went_wrong() {
    for level in [tracing::Level::TRACE, tracing::Level::WARN] {
        let log = Log(Arc::default(), level);
        tracing::subscriber::with_default(log.clone(), || {
            let g = Graph::new();
            let other = Graph::new();
            let (x, i) = (g.input("x", F64, [4]), g.input("i", I64, [2]));
            let plan = g.plan([x.take(i, Axis(0)).named("taken")], &Limits::default()).unwrap();
            assert!(g.plan([x + 1, other.input("y", F64, [4])], &Limits::default()).is_err());
            let program = plan.compile().unwrap().with_threads(1);
            let (data, mut out) = ([1.0, 2.0, 3.0, 4.0], [0.0; 2]);
            let run = |indices: &[i64; 2], out: &mut [f64]| {
                let inputs = [("x", View::from(&data)), ("i", View::from(indices))];
                program.run(inputs, [("taken", ViewMut::from(out))])
            };
            run(&[0, 7], &mut out).unwrap_err();
            run(&[0, 1], &mut out[..1]).unwrap_err();
            program.bind([("x", View::from(&data))], [("taken", &mut out)]).unwrap_err();
        });
        let lines = log.0.lock().unwrap();
        let of = |sort: &str| -> Vec<&str> {
            let of =
                lines.iter().map(String::as_str).filter(|line| line.contains(&format!(" message={sort}")));
            of.collect()
        };
        assert_eq!(of("ran").len(), 0, "{lines:?}");
        assert_eq!(of("planned").len(), usize::from(level == tracing::Level::TRACE), "{lines:?}");
        let refused = of("refused: ");
        assert!(refused.len() == 1 && refused[0].contains("kind=\"graph\""), "{lines:?}");
        let failed = of("failed: ");
        assert!(
            failed.len() == 1 && failed[0].starts_with("WARN") && failed[0].contains("kind=\"index\""),
            "{lines:?}"
        );
        let unbound = of("not bound: ");
        assert!(
            unbound.len() == 2 && unbound[0].contains("kind=\"binding\"") && unbound[1].contains("`i`"),
            "{lines:?}"
        );
    }
}
