//! `fusewire plan`: what would run.

use super::arguments::{expression_and_names, limits, policy};
use super::failure::Failure;
use super::incomplete::{Incomplete, complete};
use super::inputs::{Inputs, Wanted};
use super::target::targets;
use super::{expression_text, interrupt, print};
use clap::ArgMatches;
use fusewire::text::Expression;
use fusewire::{Graph, Plan, wants_colour};
use std::io::Write;
use std::path::PathBuf;

pub fn plan(arguments: &ArgMatches) -> Result<(), Failure> {
    let output = arguments.get_one::<PathBuf>("output").filter(|path| path.as_os_str() != "-");
    interrupt::watch()?;
    let (given, names) = expression_and_names(arguments);
    let mut inputs = Inputs::named(&names)?;
    let text = expression_text(given, arguments.get_one::<PathBuf>("file"))?;
    inputs.open(Wanted::Header)?;
    let read: Vec<_> = inputs.files.iter().chain(&text.file).cloned().collect();
    let paths: Vec<&PathBuf> = output.into_iter().collect();
    let target = targets(&paths, &read, arguments.get_flag("force"))?.pop();
    let expression =
        Expression::parse_named(text.name, &text.text).map_err(|error| Failure::of_library(&error))?;
    let graph = Graph::new();
    graph.set_broadcast(policy(arguments));
    let results = expression.build_named(&graph, &inputs.declared());
    let results = results.map_err(|error| Failure::of_library(&error))?;
    let plan = graph.plan(results, &limits(arguments));
    let plan = plan.map_err(|error| Failure::of_library(&expression.locate(&error)))?;
    let format = arguments.get_one::<String>("format").map_or("text", String::as_str);
    let mut text = face(&plan, &expression, format, output.is_none());
    if !text.ends_with('\n') {
        text.push('\n');
    }
    match target {
        Some(target) => {
            let mut incomplete = Incomplete::create(target)?;
            let written = incomplete.file.write_all(text.as_bytes());
            written.map_err(|error| incomplete.failed(error))?;
            complete(vec![incomplete])
        }
        None => print(&text),
    }
}

/// The plan as text, data, a drawing or a page; all but the text have the lines of the expression as well.
fn face(plan: &Plan, expression: &Expression, format: &str, to_stdout: bool) -> String {
    if format == "text" {
        let colour = to_stdout && wants_colour(&std::io::stdout());
        return plan.explain().coloured(colour).to_string();
    }
    let lines: Vec<&str> = expression.text().lines().collect();
    let mut report = plan.report();
    report.read_sources(|_, line| lines.get((line as usize).checked_sub(1)?).map(|line| (*line).to_owned()));
    match format {
        "json" => report.to_json(),
        "dot" => report.dot(),
        _ => report.html(),
    }
}
