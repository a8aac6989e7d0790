//! `fusewire run`: an expression on files.

use super::arguments::{expression_and_names, limits};
use super::inputs::{Inputs, Wanted};
use super::output::{self, Output};
use super::{Failure, expression_text};
use clap::ArgMatches;
use fusewire::text::Expression;
use fusewire::{Plan, View, ViewMut};
use std::path::PathBuf;
use std::time::{Duration, Instant};

pub fn run(arguments: &ArgMatches) -> Result<(), Failure> {
    let paths: Vec<&PathBuf> = arguments.get_many("output").into_iter().flatten().collect();
    let force = arguments.get_flag("force");
    let (given, names) = expression_and_names(arguments);
    let (name, text) = expression_text(given, arguments.get_one::<PathBuf>("file"))?;
    let expression = Expression::parse_named(name, &text).map_err(|error| Failure::of_library(&error))?;
    let inputs = Inputs::open(&names, Wanted::Elements)?;
    output::check(&paths, &inputs.files, force)?;
    let plan = expression
        .plan(&inputs.declared(), &limits(arguments))
        .map_err(|error| Failure::of_library(&error))?;
    if plan.outputs().len() != paths.len() {
        let message = format!(
            "the expression has {}, and {} given with `-o`",
            count(plan.outputs().len(), "result"),
            count(paths.len(), "file")
        );
        return Err(Failure::new(message));
    }
    if let Some(threads) = arguments.get_one::<u16>("threads") {
        // Only the first call can fail, and this is it.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(usize::from(*threads)).build_global();
    }
    // Before there are files to remove.
    let _ = ctrlc::set_handler(|| output::interrupted());
    let mut outputs = create(&plan, &paths)?;
    let repeat = arguments.get_one::<u32>("repeat").map_or(1, |repeat| *repeat);
    let took = compute(plan, arguments, &inputs, &mut outputs, repeat)?;
    if arguments.get_flag("profile") {
        eprint!("{}", took.text);
    }
    outputs.into_iter().try_for_each(|output| output.complete(force))
}

fn count(count: usize, of: &str) -> String {
    if count == 1 { format!("1 {of}") } else { format!("{count} {of}s") }
}

fn create(plan: &Plan, paths: &[&PathBuf]) -> Result<Vec<Output>, Failure> {
    let outputs = plan.outputs().iter().zip(paths).map(|(port, path)| {
        let sizes: Option<Vec<u64>> = port.array.shape.iter().map(fusewire::Dim::known).collect();
        let Some(sizes) = sizes else {
            return Err(Failure::of_file(path, "the size of the result is not known"));
        };
        Output::create(path, port.array.dtype, &sizes)
    });
    outputs.collect()
}

/// What `--profile` prints.
struct Took {
    text: String,
}

fn compute(
    plan: Plan,
    arguments: &ArgMatches,
    inputs: &Inputs,
    outputs: &mut [Output],
    repeat: u32,
) -> Result<Took, Failure> {
    let failed = |error: fusewire::Error| Failure::of_library(&error);
    let names: Vec<String> = plan.inputs().iter().map(|port| port.bound_name().to_owned()).collect();
    let results: Vec<String> = plan.outputs().iter().map(|port| port.bound_name().to_owned()).collect();
    let kernels = plan.kernels().len();
    let mut views: Vec<(&str, View<'_>)> = Vec::new();
    let mut read = 0;
    for (name, port) in names.iter().zip(plan.inputs()) {
        let view = inputs.view(name).ok_or_else(|| Failure::new(format!("`{name}` is not given")))?;
        read += port.array.shape.bytes(port.array.dtype).unwrap_or(0);
        views.push((name, view));
    }
    let begun = Instant::now();
    let mut program = plan.compile().map_err(failed)?;
    if let Some(threads) = arguments.get_one::<u16>("threads") {
        program = program.with_threads(usize::from(*threads));
    }
    let compiled = begun.elapsed();
    let written: u64 = outputs.iter_mut().map(|output| output.bytes() as u64).sum();
    let mut targets: Vec<(&str, ViewMut<'_>)> = Vec::new();
    for (name, output) in results.iter().zip(outputs) {
        let view = output.view().ok_or_else(|| Failure::new("an output is too short"))?;
        targets.push((name, view));
    }
    let mut bound = program.bind(views, targets).map_err(failed)?;
    let mut best = Duration::MAX;
    let mut lines = String::new();
    for at in 1..=repeat {
        let begun = Instant::now();
        bound.run().map_err(failed)?;
        let took = begun.elapsed();
        best = best.min(took);
        if repeat > 1 {
            lines += &format!("run {at}: {:.3} ms\n", took.as_secs_f64() * 1e3);
        }
    }
    let rate = (read + written) as f64 / best.as_secs_f64().max(1e-9) / 1e9;
    let text = format!(
        "{lines}compiled in {:.3} ms; ran {kernels} kernels in {:.3} ms; {read} bytes of inputs, {written} bytes of outputs, {rate:.2} GB/s\n",
        compiled.as_secs_f64() * 1e3,
        best.as_secs_f64() * 1e3,
    );
    Ok(Took { text })
}
