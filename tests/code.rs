//! Machine code is made once, and freed.

use fusewire::prelude::*;
use fusewire::testing::count_code;

/// A program that no other one shares code with.
fn program(number: usize) -> Program {
    let g = Graph::new();
    let x = g.input("x", F64, [8]);
    g.plan([x * number as f64 + 1], &Limits::default()).unwrap().compile().unwrap()
}

/// Runs on dense arrays, and on every other element.
fn run(program: &Program) {
    let (x, mut out) = ([1.0; 16], [0.0; 8]);
    program.run([("x", &x[..8])], [("out", &mut out[..])]).unwrap();
    program.run([("x", View::strided(&x, &[8], &[2], 0))], [("out", &mut out[..])]).unwrap();
}

/// One test, as the counters count for the whole process.
#[test]
fn living_programs_compile_nothing_twice_and_dropped_ones_leave_no_code() {
    const PROGRAMS: usize = 600;
    let programs: Vec<Program> = (0..PROGRAMS).map(program).collect();
    programs.iter().for_each(run);
    let before = count_code();
    assert_eq!(before.compiled, 2 * PROGRAMS);
    programs.iter().for_each(run);
    // The same expression finds the code of the program that lives.
    run(&program(PROGRAMS - 1));
    run(&program(0));
    assert_eq!(count_code(), before);

    // What is left is what the cache keeps for programs still to come.
    drop(programs);
    let kept = count_code().bytes;
    assert!(kept < before.bytes / 3, "{kept} of {} bytes", before.bytes);
    for number in PROGRAMS..PROGRAMS + 300 {
        run(&program(number));
    }
    let after = count_code();
    assert_eq!(after.compiled, 2 * (PROGRAMS + 300));
    assert!(after.bytes < 2 * kept, "{} bytes after {kept}", after.bytes);

    // One program of many kernels, each with code of its own.
    let g = Graph::new();
    let outputs = (0..300).map(|number| {
        let x = g.input(&format!("x{number}"), F64, [4 + number]);
        (x * (number as f64 + 0.5)).named(&format!("y{number}"))
    });
    let program = g.plan(outputs, &Limits::default()).unwrap().compile().unwrap();
    let inputs: Vec<Vec<f64>> = (0..300).map(|number| vec![1.0; 4 + number]).collect();
    let mut outputs = inputs.clone();
    let compiled = count_code().compiled;
    for _ in 0..2 {
        let x = inputs.iter().enumerate().map(|(at, x)| (format!("x{at}"), View::from(x)));
        let y = outputs.iter_mut().enumerate().map(|(at, y)| (format!("y{at}"), ViewMut::from(y)));
        program.run(x.collect::<Vec<_>>(), y.collect::<Vec<_>>()).unwrap();
    }
    assert_eq!(count_code().compiled, compiled);
    assert!(outputs.iter().enumerate().all(|(at, y)| y.iter().all(|y| *y == at as f64 + 0.5)));

    // Results larger than a cache, smaller ones of the same program, and updates in place: all is compiled beforehand.
    let g = Graph::new();
    let n = g.dim("n", 1..=1 << 24);
    let x = g.input("x", F64, [n]);
    let plan = g.plan([(x * 1.25 + 1).named("y")], &Limits::default()).unwrap();
    let program = plan.compile().unwrap();
    let compiled = count_code().compiled;
    for count in [8, 1 << 24] {
        let x = vec![1.0; count];
        let mut y = vec![0.0; count];
        program.run([("x", &x[..])], [("y", &mut y[..])]).unwrap();
        assert!(y.iter().all(|y| *y == 2.25));
    }
    assert_eq!(count_code().compiled, compiled);
    let g = Graph::new();
    let x = g.input("x", F64, [1 << 24]);
    let plan = g.plan([(x * 1.5 + 1).named("y")], &Limits::default()).unwrap();
    let program = plan.compile().unwrap();
    let compiled = count_code().compiled;
    let (x, mut y) = (vec![1.0; 1 << 24], vec![0.0; 1 << 24]);
    program.run([("x", &x[..])], [("y", &mut y[..])]).unwrap();
    assert_eq!(count_code().compiled, compiled);
}
