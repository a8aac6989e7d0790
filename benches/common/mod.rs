//! Timing candidates in turns.

use std::time::Instant;

/// What is timed, with its name.
pub type Candidate<'a> = (&'static str, Box<dyn FnMut() + 'a>);

/// Runs the candidates in turns and prints each one's median time and its ratio to the first.
pub fn side_by_side(workload: &str, bytes: usize, mut candidates: Vec<Candidate<'_>>) {
    let time = |run: &mut dyn FnMut(), repeats: usize| {
        let start = Instant::now();
        for _ in 0..repeats {
            run();
        }
        start.elapsed().as_secs_f64() / repeats as f64
    };
    let repeats: Vec<usize> = candidates
        .iter_mut()
        .map(|(_, run)| {
            run();
            (2e-3 / time(run, 1).max(1e-8)).ceil().clamp(1.0, 100_000.0) as usize
        })
        .collect();
    let rounds = 15;
    let mut times = vec![Vec::new(); candidates.len()];
    for _ in 0..rounds {
        for (at, (_, run)) in candidates.iter_mut().enumerate() {
            times[at].push(time(run, repeats[at]));
        }
    }
    let median = |values: &mut Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    for (at, (name, _)) in candidates.iter().enumerate() {
        let mut ratios: Vec<f64> = times[at].iter().zip(&times[0]).map(|(own, first)| own / first).collect();
        let middle = median(&mut times[at].clone());
        println!(
            "{workload:<26} {name:<14} {:>10.1} us {:>7.1} GB/s {:>7.2}x",
            middle * 1e6,
            bytes as f64 / middle / 1e9,
            median(&mut ratios)
        );
    }
}

/// Numbers between -1 and 1.
#[allow(dead_code)] // Not every bench needs them.
pub fn wave(count: usize, step: f64) -> Vec<f64> {
    (0..count).map(|at| (at as f64 * step).sin()).collect()
}
