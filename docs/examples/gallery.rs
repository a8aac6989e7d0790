//! Writes the page of every plan in the gallery of the tests, and of every refusal, to a folder.
//!
//! `cargo run --example gallery -- target/gallery`; `docs/examples/gallery.sh` makes pictures of them.

#[path = "../../tests/common/gallery.rs"]
mod gallery;

use fusewire::prelude::*;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "target/gallery".into()));
    std::fs::create_dir_all(&folder)?;
    for (name, build) in gallery::PLANS.iter().chain(&gallery::REFUSED) {
        let g = Graph::new();
        let outputs = build(&g);
        let page = match g.plan(outputs.iter().copied(), &Limits::default()) {
            Ok(plan) => plan.html()?,
            Err(_) => g.inspect(outputs, &Limits::default()).html(),
        };
        std::fs::write(folder.join(format!("{name}.html")), page)?;
        println!("{name}.html");
    }
    Ok(())
}
