//! What no object file holds, and the header of one that is made.

use fusewire::prelude::*;
use fusewire::{Level, RecordType, Target};
use insta::assert_snapshot;

#[test]
fn what_an_object_file_cannot_hold_is_refused_all_at_once() {
    let g = Graph::new();
    let trade = RecordType::packed([("price", F64.into()), ("size", F64.into())]).unwrap();
    let trades = g.records("trades", &trade, [100]);
    let x = g.input("x", F64, [100]);
    let twice = g.custom("twice", |x: &[f64], out: &mut [f64]| {
        out.iter_mut().zip(x).for_each(|(out, x)| *out = 2.0 * x);
    });
    let outputs = [
        (x.sort(Axis(0)) + 1).named("sorted"),
        x.cumulative_sum(Axis(0)).named("summed"),
        (twice.apply([x]) + trades.field("price")).named("twice"),
    ];
    let plan = g.plan(outputs, &Limits::default()).unwrap();
    assert_snapshot!(plan.to_object("my plan", &Target::linux(Level::V3)).unwrap_err());
}

#[test]
fn names_that_would_replace_something_are_refused() {
    let g = Graph::new();
    let plan = g.plan([g.input("x", F64, [3]) + 1], &Limits::default()).unwrap();
    let names = [
        "exp",
        "read",
        "main",
        "NULL",
        "unix",
        "size_t",
        "while",
        "co_await",
        "_x",
        "a__b",
        "fusewire_x",
        "a_dense",
    ];
    let refused = names.map(|name| plan.to_object(name, &Target::linux(Level::V3)).unwrap_err().to_string());
    assert_snapshot!(refused.join("\n\n"));
}

#[test]
fn sizes_that_64_bits_may_not_hold_are_refused() {
    let g = Graph::new();
    let n = g.dim("n", 1..=3 << 61);
    let x = g.input("x", Bool, [n]);
    let limits = Limits::default().with_elements(u64::MAX).with_bytes(u64::MAX);
    let plan = g.plan([(!x).named("y")], &limits).unwrap();
    assert_snapshot!(plan.to_object("inverted", &Target::linux(Level::V3)).unwrap_err());
}

#[test]
fn what_blocks_of_rows_keep_small_is_refused_where_it_is_too_much_at_once() {
    let g = Graph::new();
    let x = g.input("x", F32, [100_000, 1000]);
    let softmax = (x - x.max(Axes::from(Axis(1)).keepdims())).exp();
    let outputs = [(softmax / softmax.sum(Axes::from(Axis(1)).keepdims())).named("softmax")];
    let plan = g.plan(outputs, &Limits::default().with_bytes(200_000)).unwrap();
    assert_snapshot!(plan.to_object("softmax", &Target::linux(Level::V3)).unwrap_err());
}

#[test]
fn machines_that_are_not_supported_are_refused() {
    let refused = |triple: &str| Target::new(triple, Level::V3).unwrap_err().to_string();
    let triples = [
        "aarch64-apple-darwin",
        "x86_64-pc-windows-msvc",
        "riscv64gc-unknown-linux-gnu",
        "x86_64-unknown-linux-gnux32",
        "amiga",
    ];
    assert_snapshot!(triples.map(refused).join("\n\n"));
    let musl = Target::new("x86_64-unknown-linux-musl", Level::V2).unwrap();
    assert_eq!(musl.to_string(), "x86_64-unknown-linux-musl, x86-64-v2");
    assert!(Target::host().unwrap().level() >= Level::V2);
}

#[test]
fn a_header_says_everything() {
    let g = Graph::new();
    let (n, k) = (g.dim("n", 2..=1000), g.dim("k", 0..=10));
    let x = g.input("x", F64, (n, 3));
    let mask = g.input("in range?", Bool, [n * 2 - 1]);
    let mean = x.mean(Axis(0));
    let outputs = [
        ((x - mean).tanh() * g.size(k)).named("out"),
        mask.sum(Axis(0)).named("count"),
        (g.input("int", I32, [(n + 2).ceil_div(4).dim()]) + 1).named("next"),
    ];
    let plan = g.plan(outputs, &Limits::default()).unwrap().in_place("out", "x").unwrap();
    let object = plan.to_object("centred", &Target::linux(Level::V3)).unwrap();
    let version = format!("fusewire {}", env!("CARGO_PKG_VERSION"));
    assert_snapshot!(object.header().replace(&version, "fusewire VERSION"));
    // The same file every time, and for processors with narrower vectors another one.
    assert_eq!(object, plan.to_object("centred", &Target::linux(Level::V3)).unwrap());
    assert_ne!(object.bytes(), plan.to_object("centred", &Target::linux(Level::V2)).unwrap().bytes());
}
