//! `arange` and `linspace`.

use crate::tokens::{show_array, weak};
use crate::{Difference, Golden, hold, same};
use fusewire_ir::{Graph, Site};

const GOLDEN: Golden =
    Golden { name: "range.txt", text: include_str!("../../../tests/golden/range.txt"), least: 650 };

const DIFFERENCES: &[Difference] = &[
    Difference {
        reason: "every element is `start + step * index`, which turns a first -0.0 into 0.0",
        explains: |call, numpy, ours| {
            call.starts_with("arange -0.0 ") && numpy.replacen("f64:80", "f64:00", 1) == ours
        },
    },
    Difference {
        reason: "a single element is the start, where NumPy adds 0 times the span to it",
        explains: |call, _, ours| match call {
            "linspace -0.0 1.0 1 closed" => ours == "[1] f64:8000000000000000",
            "linspace 0.0 inf 1 closed" => ours == "[1] f64:0000000000000000",
            _ => false,
        },
    },
    Difference {
        reason: "a step too small for f64 is 0, where NumPy then multiplies before it divides",
        explains: |call, _, _| call.starts_with("linspace 0.0 5e-324 "),
    },
];

fn answer(call: &str) -> String {
    let mut graph = Graph::new();
    let tokens: Vec<&str> = call.split(' ').collect();
    let site = match tokens[..] {
        ["arange", start, stop, step] => graph.arange(weak(start), weak(stop), weak(step), Site::caller()),
        ["linspace", start, stop, count, end] => {
            let [start, stop] = [start, stop].map(|number| number.parse().expect("a number"));
            graph.linspace(start, stop, count.parse().expect("a count"), end == "closed", Site::caller())
        }
        _ => panic!("no range: {call}"),
    };
    show_array(&graph, site)
}

#[test]
fn ranges_are_numpys() {
    hold(&GOLDEN, DIFFERENCES, answer, same);
}
