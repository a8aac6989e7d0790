//! `fusewire run`: an expression on files.

use super::arguments::{expression_and_names, limits};
use super::failure::{Failure, plain};
use super::incomplete::complete;
use super::inputs::{Inputs, Wanted};
use super::interrupt;
use super::output::Output;
use super::profile::{Took, profile};
use super::target::{Target, targets};
use super::{expression_text, print_beside, progress};
use clap::ArgMatches;
use fusewire::text::Expression;
use fusewire::{Plan, View, ViewMut, Watch};
use std::path::{Path, PathBuf};
use std::time::Instant;

pub fn run(arguments: &ArgMatches) -> Result<(), Failure> {
    let paths: Vec<&PathBuf> = arguments.get_many("output").into_iter().flatten().collect();
    interrupt::watch()?;
    let (given, names) = expression_and_names(arguments);
    let mut inputs = Inputs::named(&names)?;
    paths.iter().try_for_each(|path| holds_an_array(path))?;
    let text = expression_text(given, arguments.get_one::<PathBuf>("file"))?;
    let expression =
        Expression::parse_named(text.name, &text.text).map_err(|error| Failure::of_library(&error))?;
    inputs.open(Wanted::Elements)?;
    let read: Vec<_> = inputs.files.iter().chain(&text.file).cloned().collect();
    let targets = targets(&paths, &read, arguments.get_flag("force"))?;
    let plan = expression
        .plan(&inputs.declared(), &limits(arguments))
        .map_err(|error| Failure::of_library(&error))?;
    let arrays = plan.outputs().iter().filter(|port| length_of(&plan, port.bound_name()).is_none()).count();
    if arrays != targets.len() {
        let results = count(arrays, "result");
        let files = count(targets.len(), "file");
        return Err(Failure::usage(format!(
            "the expression has {results}, and {files} given with `-o`; give each result its own"
        )));
    }
    inputs.fill()?;
    start_threads(arguments.get_one::<u16>("threads").copied())?;
    let mut outputs = create(&plan, targets)?;
    let repeat = arguments.get_one::<u32>("repeat").map_or(1, |repeat| *repeat);
    let profile = compute((&expression, plan), arguments, &inputs, &mut outputs, repeat)?;
    complete(outputs.into_iter().map(Output::into_incomplete).collect())?;
    print_beside(&profile)
}

/// Refuses what is clearly not meant as a file with one array.
fn holds_an_array(path: &Path) -> Result<(), Failure> {
    if path.as_os_str() == "-" {
        return Err(Failure::usage(
            "`-o -`: results are written to files, not to the standard output; write `-o out.npy`",
        ));
    }
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npz")) {
        let instead = path.with_extension("npy");
        return Err(Failure::usage(format!(
            "{}: archives are read, not written; write `-o {}`, and another `-o` for each further result",
            path.display(),
            instead.display()
        )));
    }
    Ok(())
}

/// The threads that compute; as many as there are processors otherwise.
fn start_threads(count: Option<u16>) -> Result<(), Failure> {
    let threads = rayon::ThreadPoolBuilder::new().num_threads(count.map_or(0, usize::from));
    threads.build_global().map_err(|error| {
        let source = std::error::Error::source(&error).and_then(|source| source.downcast_ref());
        let what = source.map_or_else(|| error.to_string(), plain);
        Failure::new(format!("threads cannot be started: {what}; `--threads 1` needs the fewest"))
    })
}

fn count(count: usize, of: &str) -> String {
    if count == 1 { format!("1 {of}") } else { format!("{count} {of}s") }
}

/// The output of which this one is a length, and along which axis, where that depends on data: that of `out` is
/// called `out.length`, or `out.length1` along axis 1.
fn length_of(plan: &Plan, name: &str) -> Option<(usize, usize)> {
    let (of, axis) = name.rsplit_once(".length")?;
    let axis = if axis.is_empty() { 0 } else { axis.parse().ok()? };
    Some((plan.outputs().iter().position(|port| port.bound_name() == of)?, axis))
}

fn create(plan: &Plan, targets: Vec<Target>) -> Result<Vec<Output>, Failure> {
    let arrays = plan.outputs().iter().filter(|port| length_of(plan, port.bound_name()).is_none());
    let outputs = arrays.zip(targets).map(|(port, target)| {
        let sizes: Option<Vec<u64>> = port.array.shape.iter().map(fusewire::Dim::known).collect();
        let Some(sizes) = sizes else {
            return Err(Failure::of_file(&target.given, "the size of the result is not known"));
        };
        Output::create(target, port.array.dtype, &sizes)
    });
    outputs.collect()
}

/// Parts that each thread's share of a long run is cut into, for a bar that moves; their number changes no bits.
const PARTS: usize = 64;
/// Bytes of files, or operations, from which a run is long.
const LONG: u64 = 256 << 20;

fn compute(
    (expression, plan): (&Expression, Plan),
    arguments: &ArgMatches,
    inputs: &Inputs,
    outputs: &mut [Output],
    repeat: u32,
) -> Result<String, Failure> {
    let failed = |error: fusewire::Error| Failure::of_library(&expression.locate(&error));
    let names: Vec<String> = plan.inputs().iter().map(|port| port.bound_name().to_owned()).collect();
    let results: Vec<String> = plan.outputs().iter().map(|port| port.bound_name().to_owned()).collect();
    let mut views: Vec<(&str, View<'_>)> = Vec::new();
    let mut bytes: u64 = outputs.iter_mut().map(|output| output.bytes() as u64).sum();
    for (name, port) in names.iter().zip(plan.inputs()) {
        let view = inputs.view(name).ok_or_else(|| Failure::new(format!("`{name}` is not given")))?;
        bytes += port.array.shape.bytes(port.array.dtype).unwrap_or(0);
        // Fields of the same records are bound together.
        if views.iter().all(|(known, _)| known != name) {
            views.push((name, view));
        }
    }
    let begun = Instant::now();
    let mut program = plan.clone().compile().map_err(failed)?;
    let threads = rayon::current_num_threads();
    let is_long = bytes.max(plan.operations()) > LONG;
    if arguments.get_one::<u16>("threads").is_some() || is_long {
        program = program.with_threads(if is_long { PARTS * threads } else { threads });
    }
    let compiled = begun.elapsed();
    let mut targets: Vec<(&str, ViewMut<'_>)> = Vec::new();
    let mut lengths: Vec<Option<i64>> =
        results.iter().map(|name| length_of(&plan, name).is_some().then_some(0)).collect();
    {
        let mut arrays = outputs.iter_mut();
        for (name, length) in results.iter().zip(&mut lengths) {
            let view = match length {
                Some(length) => Some(ViewMut::from(length)),
                None => arrays.next().and_then(Output::view),
            };
            targets.push((name, view.ok_or_else(|| Failure::new("an output is too short"))?));
        }
    }
    let mut bound = program.bind(views, targets).map_err(failed)?;
    let mut took = Took { compiled, runs: Vec::new(), steps: Vec::new() };
    for _ in 0..repeat {
        let watch = Watch::default();
        let begun = Instant::now();
        progress::with_bar(&watch, bytes, || bound.run_watched(&watch)).map_err(failed)?;
        let run = begun.elapsed();
        if took.runs.iter().all(|other| run < *other) {
            took.steps = watch.steps();
        }
        took.runs.push(run);
    }
    drop(bound);
    shorten(&plan, &results, &lengths, outputs)?;
    Ok(if arguments.get_flag("profile") { profile(&plan, &took, bytes) } else { String::new() })
}

/// Cuts the arrays whose lengths the run found.
fn shorten(
    plan: &Plan,
    names: &[String],
    lengths: &[Option<i64>],
    outputs: &mut [Output],
) -> Result<(), Failure> {
    for (name, length) in names.iter().zip(lengths) {
        let (Some(length), Some((of, axis))) = (length, length_of(plan, name)) else { continue };
        // Lengths stand between the arrays.
        let at = lengths[..of].iter().filter(|length| length.is_none()).count();
        if let (Some(output), Ok(length)) = (outputs.get_mut(at), u64::try_from(*length)) {
            output.shorten(axis, length)?;
        }
    }
    Ok(())
}
