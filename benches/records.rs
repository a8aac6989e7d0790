//! Expressions over fields of packed records beside hand-written loops, and rows that are filtered and sorted.
//!
//! `RUSTFLAGS="-C target-cpu=native" cargo bench --bench records`; `python benches/records_peers.py` has NumPy's
//! times for the same. Everything runs on one thread.

mod common;

use common::side_by_side;
use fusewire::prelude::*;
use fusewire::{RecordArray, RecordType};
use std::hint::black_box;

/// Rows of 17 bytes: `id`, `sensor`, `temp`, `alarm`.
fn readings(count: usize) -> (RecordType, RecordArray) {
    let fields = [("id", I64.into()), ("sensor", I32.into()), ("temp", F32.into()), ("alarm", Bool.into())];
    let ty = RecordType::packed(fields).expect("a record type");
    let mut bytes = Vec::with_capacity(count * ty.itemsize());
    let mut state = 7u64;
    for row in 0..count as i64 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let random = state >> 33;
        bytes.extend(row.to_le_bytes());
        bytes.extend(((random % 100) as i32).to_le_bytes());
        bytes.extend(((random >> 7) as f32 % 4000.0 / 100.0).to_le_bytes());
        bytes.push(u8::from((random >> 20) % 10 < 3));
    }
    let rows = RecordArray::new(&ty, bytes).expect("whole rows");
    (ty, rows)
}

struct Reading {
    id: i64,
    sensor: i32,
    temp: f32,
    alarm: bool,
}

fn reading(row: &[u8; 17]) -> Reading {
    let (words, alarm) = row.split_at(16);
    let four = |at: usize| [words[at], words[at + 1], words[at + 2], words[at + 3]];
    let low = u64::from(u32::from_le_bytes(four(0)));
    Reading {
        id: (low | u64::from(u32::from_le_bytes(four(4))) << 32) as i64,
        sensor: i32::from_le_bytes(four(8)),
        temp: f32::from_le_bytes(four(12)),
        alarm: alarm[0] != 0,
    }
}

fn mean_of_some(count: usize) {
    let (ty, rows) = readings(count);
    let g = Graph::new();
    let readings = g.records("readings", &ty, [count]);
    let wanted = readings.field("sensor").equal(42) & readings.field("alarm");
    let mean = readings.field("temp").masked(wanted).mean(All);
    let plan = g.plan([mean], &Limits::default()).expect("plans");
    let program = plan.compile().expect("compiles").with_threads(1);
    let (mut ours, mut by_hand) = ([0f32], 0f32);
    let mut bound =
        program.bind([("readings", &rows)], [("out", ViewMut::new(&mut ours, []))]).expect("binds");
    let bytes = rows.bytes().as_chunks::<17>().0;
    side_by_side(
        "W6 mean(temp) where ..",
        17 * count,
        vec![
            (
                "loop",
                Box::new(|| {
                    let (mut sum, mut found) = (0f32, 0u32);
                    for row in black_box(bytes) {
                        let row = reading(row);
                        if row.sensor == 42 && row.alarm {
                            sum += row.temp;
                            found += 1;
                        }
                    }
                    by_hand = sum / found as f32;
                }),
            ),
            ("fusewire", Box::new(|| bound.run().expect("runs"))),
        ],
    );
    drop(bound);
    assert!((ours[0] - by_hand).abs() < 1e-3 * by_hand, "{ours:?} {by_hand}");
}

fn score(count: usize) {
    let (ty, rows) = readings(count);
    let g = Graph::new();
    let readings = g.records("readings", &ty, [count]);
    let score =
        readings.field("temp") * readings.field("sensor").astype(F32) + readings.field("id").astype(F32);
    let program =
        g.plan([score], &Limits::default()).expect("plans").compile().expect("compiles").with_threads(1);
    let (mut ours, mut by_hand) = (vec![0f32; count], vec![0f32; count]);
    let mut bound = program.bind([("readings", &rows)], [("out", &mut ours)]).expect("binds");
    let bytes = rows.bytes().as_chunks::<17>().0;
    side_by_side(
        "temp * sensor + id",
        21 * count,
        vec![
            (
                "loop",
                Box::new(|| {
                    for (out, row) in black_box(&mut by_hand).iter_mut().zip(black_box(bytes)) {
                        let row = reading(row);
                        *out = row.temp * row.sensor as f32 + row.id as f32;
                    }
                }),
            ),
            ("fusewire", Box::new(|| bound.run().expect("runs"))),
        ],
    );
    drop(bound);
    assert_eq!(ours, by_hand);
}

fn filtered(count: usize) {
    let (_, rows) = readings(count);
    let bytes = rows.bytes().as_chunks::<17>().0;
    let mask: Vec<bool> = bytes.iter().map(|row| reading(row).alarm).collect();
    let mut out = RecordArray::zeroed(rows.record_type(), count).expect("room");
    let mut by_hand = vec![[0u8; 17]; count];
    side_by_side(
        "filter by a mask",
        17 * count,
        vec![
            (
                "loop",
                Box::new(|| {
                    let mut to = by_hand.iter_mut();
                    for (row, keep) in black_box(bytes).iter().zip(&mask) {
                        if *keep && let Some(to) = to.next() {
                            *to = *row;
                        }
                    }
                }),
            ),
            (
                "fusewire",
                Box::new(|| {
                    rows.view().filter_into(&mask, out.view_mut()).expect("room");
                }),
            ),
        ],
    );
    assert_eq!(out.bytes(), by_hand.as_flattened());
}

fn sorted(count: usize) {
    let (_, rows) = readings(count);
    let bytes = rows.bytes().as_chunks::<17>().0;
    let (mut ours, mut by_hand) = (Vec::new(), Vec::new());
    side_by_side(
        "argsort by sensor, temp",
        17 * count,
        vec![
            (
                "sort_by",
                Box::new(|| {
                    by_hand = (0..count).collect();
                    by_hand.sort_by(|a, b| {
                        let (a, b) = (reading(&bytes[*a]), reading(&bytes[*b]));
                        a.sensor.cmp(&b.sensor).then(a.temp.total_cmp(&b.temp))
                    });
                }),
            ),
            ("fusewire", Box::new(|| ours = rows.argsort(&["sensor", "temp"]).expect("fields"))),
        ],
    );
    assert_eq!(ours, by_hand);
}

fn main() {
    // `cargo test --benches` passes arguments of its own: then small sizes only check the results.
    let quick = std::env::args().any(|argument| argument == "--test");
    let count = if quick { 1000 } else { 500_000 };
    println!("{:<26} {:<14} {:>13} {:>12} {:>8}", "workload", "", "median", "", "ratio");
    mean_of_some(count);
    score(count);
    filtered(count);
    sorted(count);
}
