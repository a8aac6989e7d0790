//! Programs of very many arrays find those that share memory, as programs of few do.

use fusewire::DiagnosticKind;
use fusewire::prelude::*;

#[test]
fn many_arrays_that_share_memory_are_all_found() {
    const ARRAYS: usize = 40;
    let g = Graph::new();
    let names: Vec<[String; 2]> = (0..ARRAYS).map(|at| [format!("x{at}"), format!("y{at}")]).collect();
    let outputs: Vec<_> = names.iter().map(|[x, y]| (g.input(x, F64, [4]) + 1).named(y)).collect();
    let program = g.plan(outputs, &Limits::default()).unwrap().compile().unwrap();
    // Numbers of elements from the beginning: one half of the time some meet.
    let mut memory = vec![0.0f64; 4000];
    for round in 0..20 {
        let at = |array: usize, salt: usize| (array * 97 + salt * 31 + round * array * array) % 3996;
        let pointer = memory.as_mut_ptr();
        // SAFETY: four elements from any of these places on are in the memory, and nothing runs where they meet.
        let inputs = names.iter().enumerate().map(|(array, [x, _])| unsafe {
            (x.as_str(), View::from_raw(pointer.add(at(array, 1)).cast(), F64, &[4], &[8]))
        });
        // SAFETY: as above.
        let outputs = names.iter().enumerate().map(|(array, [_, y])| unsafe {
            (y.as_str(), ViewMut::from_raw(pointer.add(at(array, 2)).cast(), F64, &[4], &[8]))
        });
        let meet = |one: usize, other: usize| one.abs_diff(other) < 4;
        let mut expected = Vec::new();
        for one in 0..ARRAYS {
            for other in one + 1..ARRAYS {
                if meet(at(one, 2), at(other, 2)) {
                    expected.push(format!("output `y{one}` shares memory with output `y{other}`:"));
                }
            }
            for other in 0..ARRAYS {
                if meet(at(one, 2), at(other, 1)) {
                    expected.push(format!("output `y{one}` shares memory with input `x{other}`:"));
                }
            }
        }
        let bound = program.bind(inputs.collect::<Vec<_>>(), outputs.collect::<Vec<_>>());
        let error = bound.err();
        assert_eq!(error.is_some(), !expected.is_empty(), "{expected:?}");
        let Some(error) = error else { continue };
        assert_eq!(error.kind(), DiagnosticKind::Overlap);
        let text = error.to_string();
        let found: Vec<&str> = text.lines().filter(|line| line.contains("shares memory")).collect();
        assert_eq!(found.len(), expected.len(), "{text}");
        for (found, expected) in found.iter().zip(&expected) {
            assert!(found.contains(expected.as_str()), "{found} {expected}");
        }
    }
}
