//! Expressions whose plans are kept in every format: each with a name, as the recipe of its outputs.

use fusewire::prelude::*;
use fusewire::{Axes, StorePolicy};

type Entry = (&'static str, fn(&Graph) -> Vec<Expr<'_>>);

/// Every plan of the gallery.
pub const PLANS: [Entry; 27] = [
    ("add_number", |g| vec![g.input("x", I64, [10_000_000]) + 5]),
    ("root_of_absolute", |g| vec![g.input("x", F32, [10_000_000]).absolute().sqrt()]),
    ("standardise", |g| {
        let a = g.input("a", F64, [5_000_000, 1000]);
        let [mu, sigma, w, b] = ["mu", "sigma", "w", "b"].map(|name| g.input(name, F64, [1000]));
        vec![(((a - mu) / sigma) * w + b).named("score")]
    }),
    ("clip_by_mask", |g| {
        let x = g.input("x", F64, [10_000_000]);
        vec![x.greater(g.input("t", F64, ())).select(g.input("m", F64, ()), x)]
    }),
    ("cubic", |g| {
        let x = g.input("x", F64, [10_000_000]);
        vec![0.25 * x * x * x + 0.75 * x * x - 1.5 * x - 2]
    }),
    ("ordered", |g| {
        let x = g.input("x", F32, [1000, 64]);
        let ends = g.constant(&[0i64, 31, 32, 63], [4]);
        let ordered = (x * 2).sort(Axis(1)).named("ordered");
        vec![(ordered.take(ends, Axis(1)) - x.mean(Axes::from(Axis(1)).keepdims())).named("apart")]
    }),
    ("five_point_stencil", |g| {
        let a = g.input("a", F64, [2000, 2000]);
        let part = |rows: Slice, columns: Slice| a.slice([rows, columns]);
        let (inner, before, after) = (Slice::new(1, -1), Slice::from(..-2), Slice::from(2..));
        let rows = part(inner, inner) + part(before, inner) + part(after, inner);
        vec![0.2 * (rows + part(inner, before) + part(inner, after))]
    }),
    ("score_per_row", |g| {
        let a = g.input("features", F64, [20_000, 1000]);
        let (mu, sd) = (g.input("mu", F64, [1000]), g.input("sd", F64, [1000]));
        vec![((a - mu) / sd).exp().sum(Axis(1)).named("score")]
    }),
    ("softmax", |g| {
        let x = g.input("x", F32, [4096, 1024]);
        let exp = (x - x.max(Axes::from(Axis(1)).keepdims())).exp();
        vec![(exp / exp.sum(Axes::from(Axis(1)).keepdims())).named("softmax")]
    }),
    ("standardise_columns", |g| {
        let x = g.input("x", F64, [100_000, 50]);
        let mean = x.mean(Axis(0)).named("mean");
        let deviation = (x - mean).square().mean(Axis(0)).sqrt().named("deviation");
        vec![((x - mean) / deviation).named("z"), mean, deviation]
    }),
    ("several_outputs", |g| {
        let (x, y) = (g.input("x", F64, [300, 400]), g.input("y", F64, [300, 400]));
        let product = x * y;
        vec![
            product.sum(All).named("sum"),
            product.max(All).named("max"),
            product.named("product"),
            (x.mean(All) + 1).named("mean"),
        ]
    }),
    ("apart", |g| {
        let (x, y) = (g.input("x", F64, [30]), g.input("y", F64, [30]));
        let later = x.slice_axis(Axis(0), 1..) + 1;
        vec![(x + 1).named("a"), (y + 1).named("b"), later.named("c")]
    }),
    ("stored_before_broadcast", |g| {
        let x = g.input("x", F64, [50_000, 100]);
        vec![x * g.input("w", F64, [100]).exp().named("weights")]
    }),
    ("store_never", |g| {
        let x = g.input("x", F64, [50_000, 100]);
        vec![x * g.input("w", F64, [100]).exp().named("weights").store(StorePolicy::Never)]
    }),
    ("store_always", |g| {
        let (x, y) = (g.input("x", F32, [1000]), g.input("y", F32, [500, 1000]));
        vec![(x + 1).named("first").store(StorePolicy::Always) * y]
    }),
    ("constants_and_generators", |g| {
        let x = g.input("x", F64, [3, 5]);
        let ramp = g.arange(0, 3, 1).expand_dims(1);
        let table = g.constant(&[1.0, 2.0, 4.0, 8.0, 16.0], [5]);
        vec![x * table + ramp + g.linspace(0.0, 1.0, 5) + g.full([3, 5], 7.0)]
    }),
    ("too_long", |g| {
        let smoothed = (0..34)
            .fold(g.input("x", F64, [640]), |x, _| x.slice_axis(Axis(0), 1..) + x.slice_axis(Axis(0), ..-1));
        vec![smoothed.named("smoothed")]
    }),
    ("symbolic", |g| {
        let rows = g.dim("n", 0..=50_000);
        let (x, y) = (g.input("x", F32, (rows, 8)), g.input("y", F32, (g.dim("m", 1..=60_000), 8)));
        vec![(x * 2 + y).sum(Axis(0))]
    }),
    ("no_axes", |g| vec![g.input("x", F64, ()) + g.scalar(1i64)]),
    ("views", |g| {
        let x = g.input("x", F32, [6, 8]);
        let part = x.transpose().slice([Slice::from(1..).step_by(2), Slice::ALL.step_by(-1)]);
        vec![part + g.input("y", F32, [4, 1])]
    }),
    ("silent_conversions", |g| {
        let (n, x) = (g.input("n", I32, [9, 100]), g.input("x", F32, [100]));
        vec![(n + x).named("mixed"), (x * g.scalar(2.0f64)).named("strong")]
    }),
    ("joined", |g| {
        let (x, y) = (g.input("x", F64, [100, 4]), g.input("y", F64, [100, 3]));
        let joined = g.concat(Axis(1), [x.exp(), y * 2]);
        vec![(joined - joined.mean(Axis(0))).named("centred")]
    }),
    ("recomputed", |g| {
        let x = g.input("x", F64, [1000, 100]);
        let costly = x.exp().sin().cos().tanh().named("costly");
        vec![(costly - costly.mean(Axes::from(Axis(1)).keepdims())).named("centred")]
    }),
    ("distances", |g| {
        let (p, q) = (g.input("p", F32, [500, 3]), g.input("q", F32, [400, 3]));
        let apart = p.expand_dims(1) - q;
        vec![apart.square().sum(Axis(2)).sqrt().min(Axis(1)).named("nearest")]
    }),
    ("variance", |g| vec![g.input("x", F64, [2000, 300]).var(Axis(0)).named("variance")]),
    ("halves", |g| {
        let (x, y) = (g.input("x", F16, [1 << 20]), g.input("y", BF16, [1 << 20]));
        vec![(x.astype(F32) * y.astype(F32)).sum(All).named("dot")]
    }),
    ("escapes", |g| vec![(g.input("a<b>&\"c\"", F64, [3]) + 1).named("\\d</svg>")]),
];

/// Expressions that default limits, or their shapes, refuse.
pub const REFUSED: [Entry; 4] = [
    ("incident", |g| {
        let features = g.input("user_features", F64, [5_000_000, 1000, 1]);
        let weights = g.input("per_cluster_weights", F64, [10]);
        vec![((features * weights).exp() + 1).sum([1, 2]).named("score")]
    }),
    ("incident_mismatch", |g| {
        let features = g.input("user_features", F64, [5_000_000, 1000]);
        vec![features * g.input("per_cluster_weights", F64, [10])]
    }),
    ("stray_column", |g| {
        let (predicted, actual) =
            (g.input("predicted", F64, [10_000_000]), g.input("actual", F64, [10_000_000, 1]));
        vec![(predicted - actual).square().mean(All)]
    }),
    ("by_dim", |g| {
        let users = g.dim("users", 1..=5_000_000);
        let features = g.input("features", F64, (users, 1000, 1));
        vec![(features * g.input("weights", F64, [10])).sum([1, 2])]
    }),
];
