//! Short innermost loops over arrays that begin anew: channels, components, weights of a row.

use fusewire::prelude::*;

fn wave(count: usize) -> Vec<f32> {
    (0..count).map(|at| (at as f32 * 0.7).sin()).collect()
}

/// `(x - mean) / deviation` by hand.
fn expected(x: &[f32], mean: &[f32], deviation: &[f32]) -> Vec<f32> {
    let channels = mean.len();
    x.iter().enumerate().map(|(at, x)| (x - mean[at % channels]) / deviation[at % channels]).collect()
}

#[test]
fn every_number_of_channels_and_rows() {
    for channels in [1, 2, 3, 4, 5, 7, 8, 16, 31, 64, 127, 128, 129, 300] {
        let g = Graph::new();
        let n = g.dim("n", 0..=1_000_000);
        let x = g.input("x", F32, (n, channels as u64));
        let [mean, deviation] = ["mean", "deviation"].map(|name| g.input(name, F32, channels as u64));
        let program =
            g.plan([((x - mean) / deviation).named("out")], &Limits::default()).unwrap().compile().unwrap();
        for rows in [0, 1, 2, 63, 500, 1537, 9001] {
            let data = wave(rows * channels);
            let (mean, mut deviation) = (wave(channels), wave(channels));
            deviation.iter_mut().for_each(|x| *x += 2.0);
            for threads in [1, 2] {
                let program = program.clone().with_threads(threads);
                let mut out = vec![0f32; rows * channels];
                let inputs = [
                    ("x", View::new(&data, [rows, channels])),
                    ("mean", View::from(&mean[..])),
                    ("deviation", View::from(&deviation[..])),
                ];
                program.run(inputs, [("out", ViewMut::new(&mut out, [rows, channels]))]).unwrap();
                assert_eq!(out, expected(&data, &mean, &deviation), "{rows} rows of {channels}");
            }
        }
    }
}

/// What a bound program reads is read when it runs, wherever it is by then.
#[test]
fn channels_are_read_at_each_run() {
    let (rows, channels) = (20_000, 3);
    let g = Graph::new();
    let x = g.input("x", F32, [rows, channels]);
    let scale = g.input("scale", F32, [channels]);
    let program = g.plan([(x * scale).named("out")], &Limits::default()).unwrap().compile().unwrap();
    let data = wave(rows * channels);
    let mut out = vec![0f32; rows * channels];
    for scale in [[1f32, 2.0, 3.0], [-4.0, 0.5, 0.0]] {
        let inputs = [("x", View::new(&data, [rows, channels])), ("scale", (&scale).into())];
        program.run(inputs, [("out", ViewMut::new(&mut out, [rows, channels]))]).unwrap();
        assert!(out.iter().enumerate().all(|(at, out)| *out == data[at] * scale[at % channels]));
    }
}

/// Two loops outside, a scale that runs backwards or stands apart, and an output with gaps between its images.
#[test]
fn strided_channels_and_outputs() {
    let (images, rows, channels) = (3, 5000, 4);
    let g = Graph::new();
    let x = g.input("x", U8, [images, rows, channels]);
    let scale = g.input("scale", F64, [channels]);
    let program = g.plan([(x * scale).named("out")], &Limits::default()).unwrap().compile().unwrap();
    let data: Vec<u8> = (0..images * rows * channels).map(|at| (at * 7) as u8).collect();
    let scales = [0.25, 9.0, 0.5, 9.0, 0.75, 9.0, 1.0, 9.0];
    let gap = rows * channels + 11;
    for (step, first) in [(2isize, 0usize), (-2, 6), (0, 2)] {
        let mut out = vec![-1f64; images * gap];
        let to =
            ViewMut::strided(&mut out, &[images, rows, channels], &[gap as isize, channels as isize, 1], 0);
        let inputs = [
            ("x", View::new(&data, [images, rows, channels])),
            ("scale", View::strided(&scales, &[channels], &[step], first)),
        ];
        program.run(inputs, [("out", to)]).unwrap();
        for (at, out) in out.iter().enumerate() {
            let (image, within) = (at / gap, at % gap);
            let scale = scales[(first as isize + step * (within % channels) as isize) as usize];
            let is_gap = within >= rows * channels;
            let expected =
                if is_gap { -1.0 } else { f64::from(data[image * rows * channels + within]) * scale };
            assert_eq!(*out, expected, "{at}");
        }
    }
}

#[test]
fn functions_of_vectors_and_masks() {
    let (rows, channels) = (4001, 6);
    let g = Graph::new();
    let x = g.input("x", F64, [rows, channels]);
    let [limit, fill] = ["limit", "fill"].map(|name| g.input(name, F64, [channels]));
    let y = x.greater(limit).select(x.exp(), fill);
    let outputs = [y.named("y"), x.less(limit).named("mask")];
    let program = g.plan(outputs, &Limits::default()).unwrap().compile().unwrap();
    let data: Vec<f64> = (0..rows * channels).map(|at| (at as f64 * 0.3).cos()).collect();
    let (limit, fill) = ([0.1, -0.2, 0.3, 0.0, 0.9, -2.0], [1.0, 2.0, 3.0, 4.0, 5.0, f64::NAN]);
    let (mut y, mut mask) = (vec![0f64; rows * channels], vec![false; rows * channels]);
    program
        .run(
            [("x", View::new(&data, [rows, channels])), ("limit", (&limit).into()), ("fill", (&fill).into())],
            [
                ("y", ViewMut::new(&mut y, [rows, channels])),
                ("mask", ViewMut::new(&mut mask, [rows, channels])),
            ],
        )
        .unwrap();
    let all = g.constant(&data, data.len() as u64).exp().to_vec::<f64>().unwrap();
    for (at, x) in data.iter().enumerate() {
        let channel = at % channels;
        assert_eq!(mask[at], *x < limit[channel]);
        let expected = if *x > limit[channel] { all[at] } else { fill[channel] };
        assert_eq!(y[at].to_bits(), expected.to_bits());
    }
}
