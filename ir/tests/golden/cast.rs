//! `astype` between all dtypes.

use crate::tokens::{constant, dtype, show_elements};
use crate::{Golden, hold, same};
use fusewire_ir::{Graph, Site};

const GOLDEN: Golden =
    Golden { name: "cast.txt", text: include_str!("../../../tests/golden/cast.txt"), least: 250 };

fn answer(call: &str) -> String {
    let (elements, target) = call.split_once(' ').expect("an element and a dtype");
    let mut graph = Graph::new();
    let source = constant(&mut graph, elements, &[1]);
    let site = graph.cast(source, dtype(target).expect("a dtype"), Site::caller());
    show_elements(&graph, site)
}

#[test]
fn casts_are_numpys() {
    hold(&GOLDEN, &[], answer, same);
}
