//! `fusewire ops`: the operations of the op table, and the functions that the language has beside them.

use super::failure::Failure;
use super::print;
use clap::ArgMatches;
use fusewire::ElementOp;
use fusewire::text::signatures;
use std::fmt::Write;

fn matches(texts: &[&str], pattern: &str) -> bool {
    texts.iter().any(|text| text.to_lowercase().contains(&pattern.to_lowercase()))
}

pub fn ops(arguments: &ArgMatches) -> Result<(), Failure> {
    let pattern = arguments.get_one::<String>("PATTERN").map_or("", String::as_str);
    let operations: Vec<ElementOp> = ElementOp::ALL
        .iter()
        .copied()
        .filter(|op| {
            let row = op.row();
            matches(row.aliases, pattern) || matches(&[row.name, row.doc], pattern)
        })
        .collect();
    let functions: Vec<&str> =
        signatures().into_iter().filter(|signature| matches(&[signature], pattern)).collect();
    if operations.is_empty() && functions.is_empty() {
        return Err(Failure::new(format!("no operation matches `{pattern}`")));
    }
    let is_json = arguments.get_one::<String>("format").is_some_and(|format| format == "json");
    print(&if is_json { json(&operations, &functions) } else { text(&operations, &functions) })
}

fn operands(op: ElementOp) -> Vec<&'static str> {
    std::iter::once("x").chain(op.row().operands.iter().copied()).collect()
}

fn text(operations: &[ElementOp], functions: &[&str]) -> String {
    let mut text = String::new();
    for op in operations {
        let row = op.row();
        let _ = writeln!(text, "{}({})", row.name, operands(*op).join(", "));
        let _ = writeln!(text, "    {}", row.doc.trim());
        let _ = writeln!(text, "    also: {}; takes {}", row.aliases.join(", "), row.dtypes.describe());
        if row.ulp > 0.0 {
            let _ = writeln!(text, "    accurate to {} units in the last place", row.ulp);
        }
    }
    for signature in functions {
        let _ = writeln!(text, "{}", signature.replace("|", " or "));
    }
    text
}

/// A string of JSON.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", c as u32);
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn list<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    format!("[{}]", texts.into_iter().map(quoted).collect::<Vec<_>>().join(", "))
}

fn json(operations: &[ElementOp], functions: &[&str]) -> String {
    let operations = operations.iter().map(|op| {
        let row = op.row();
        format!(
            "{{\"name\": {}, \"operands\": {}, \"aliases\": {}, \"doc\": {}, \"dtypes\": {}, \"ulp\": {}}}",
            quoted(row.name),
            list(operands(*op)),
            list(row.aliases.iter().copied()),
            quoted(row.doc.trim()),
            quoted(row.dtypes.describe()),
            row.ulp
        )
    });
    let functions = functions.iter().map(|signature| {
        let (names, arguments) = signature.split_once('(').unwrap_or((signature, ")"));
        format!(
            "{{\"names\": {}, \"arguments\": {}}}",
            list(names.split('|')),
            quoted(arguments.trim_end_matches(')'))
        )
    });
    let join = |all: Vec<String>| all.join(",\n    ");
    format!(
        "{{\n  \"operations\": [\n    {}\n  ],\n  \"functions\": [\n    {}\n  ]\n}}\n",
        join(operations.collect()),
        join(functions.collect())
    )
}
