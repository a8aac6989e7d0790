//! `docs/ops.md` is written from the op table and the measured errors; this checks that it is up to date.
//! `UPDATE_PAGES=1 cargo test --test ops_page` writes it anew.

use fusewire::ElementOp;
use std::collections::BTreeMap;
use std::fmt::Write;

const PAGE: &str = include_str!("../docs/ops.md");
const MEASURED: &str = include_str!("../docs/accuracy.txt");

/// The largest errors that the sweep has found, in units in the last place, by function and dtype.
fn measured() -> BTreeMap<(&'static str, &'static str), f64> {
    let lines = MEASURED.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            ((fields[0], fields[1]), fields[2].parse().expect("an error in ULP"))
        })
        .collect()
}

fn page() -> String {
    let mut page = String::from(
        "# Operations\n\n\
         Every element-wise operation, from the op table: `tests/ops_page.rs` writes this page, and the tests hold\n\
         the code to it. `x` is the expression that the method is called on; numbers may stand for other operands.\n\
         The error is the largest that may occur, in units in the last place of an `f64` result (0 is correctly\n\
         rounded; `f32` has half a unit more where it is not 0, and another half without fused multiply-add), and\n\
         what `docs/accuracy` has measured for `f32` and `f64`; `docs/accuracy.txt` names the machine.\n\n\
         | operation | also known as | dtypes | error | measured | meaning |\n\
         |---|---|---|---|---|---|\n",
    );
    let measured = measured();
    for op in ElementOp::ALL {
        let row = op.row();
        let operands = row.operands.join(", ");
        let aliases: Vec<String> =
            row.aliases.iter().map(|alias| format!("`{}`", alias.replace('|', "\\|"))).collect();
        let worst = |dtype| measured.get(&(row.name, dtype)).map(|ulp| format!("{ulp:.2}"));
        let worst = match (worst("f32"), worst("f64")) {
            (Some(single), Some(double)) => format!("{single}, {double}"),
            _ => String::new(),
        };
        let meaning = row.doc.trim().replace('|', "\\|");
        writeln!(
            page,
            "| `x.{}({operands})` | {} | {} | {} | {worst} | {meaning} |",
            row.name,
            aliases.join(" "),
            row.dtypes.describe(),
            row.ulp
        )
        .expect("a string takes everything");
    }
    page
}

#[test]
fn the_page_follows_the_table() {
    let page = page();
    if std::env::var_os("UPDATE_PAGES").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ops.md"), &page).expect("writes the page");
        return;
    }
    assert!(
        page == PAGE,
        "docs/ops.md is not what the table says: UPDATE_PAGES=1 cargo test --test ops_page"
    );
}

#[test]
fn every_bound_was_measured_and_holds() {
    let measured = measured();
    for op in ElementOp::ALL.iter().filter(|op| op.row().ulp > 0.0) {
        for (dtype, more) in [("f32", 0.5), ("f64", 0.0)] {
            let worst = measured.get(&(op.name(), dtype));
            let worst =
                worst.unwrap_or_else(|| panic!("docs/accuracy has not measured {} {dtype}", op.name()));
            let bound = op.row().ulp + more;
            assert!(*worst <= bound, "{} {dtype}: {worst} ULP, over {bound}", op.name());
        }
    }
}

/// What stands in the page on adding an operation is what stands in the code.
#[test]
fn the_rows_of_the_tutorial_are_those_of_the_table() {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let code = words(include_str!("../ir/src/op_table.rs"))
        + &words(include_str!("../src/runtime/maths/error_function.rs"));
    let page = include_str!("../docs/adding-an-op.md");
    let quotes: Vec<&str> =
        page.split("```text\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(quotes.len(), 3);
    for quote in quotes {
        assert!(code.contains(&words(quote)), "not in the code:\n{quote}");
    }
}
