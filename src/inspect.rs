//! Plans and refusals as reports, with what only this crate knows: the lines of the source, and the code.

use crate::expr::{Expr, Graph};
use crate::plan::Plan;
use crate::recipe::Recipe;
use fusewire_ir::report::PlanReport;
use fusewire_ir::{Error, Limits, Site};
use std::collections::HashMap;

impl Plan {
    /// The plan as one HTML page: the graph drawn with a box for each kernel, and for whatever is clicked in it types, bytes,
    /// reasons, index maps, the line of the source where the file can be read, and the code made for densely packed
    /// arrays, each text once and long ones cut. It loads nothing and runs no script.
    ///
    /// # Errors
    /// A processor that is not supported, or no executable memory: what [`Plan::compile`] reports.
    pub fn html(&self) -> Result<String, Error> {
        self.report_with_code().map(|report| report.html())
    }

    /// The plan as data with all that [`Plan::html`] shows: the lines of the source, the code made for densely packed arrays
    /// (`listings` of each kernel), and the scratch memory that it needs. A page cuts long listings; here they are whole.
    ///
    /// # Errors
    /// As [`Plan::html`].
    pub fn report_with_code(&self) -> Result<PlanReport, Error> {
        let mut report = self.report();
        with_sources(&mut report);
        let program = self.clone().compile()?;
        report.memory.scratch = Some(program.expected_scratch_bytes()?);
        for (kernel, listings) in program.listings()? {
            report.add_listings(kernel, listings);
        }
        Ok(report)
    }
}

impl Graph {
    /// What [`Graph::plan`] of these outputs decides, or why it refuses them, as data to print, draw and
    /// compare: values over a limit are marked. Lines of the source are read where that can be done.
    #[must_use]
    #[track_caller]
    pub fn inspect<'g>(&'g self, outputs: impl IntoIterator<Item = Expr<'g>>, limits: &Limits) -> PlanReport {
        let outputs: Vec<Expr<'g>> = outputs.into_iter().collect();
        let mut report = match self.plan(outputs.iter().copied(), limits) {
            Ok(plan) => plan.report(),
            Err(error) => {
                let (sites, _) = self.own(outputs, Site::caller());
                self.ir().borrow().refusal(&sites, limits, &error)
            }
        };
        with_sources(&mut report);
        report
    }
}

impl Recipe {
    /// What [`Recipe::plan`] decides, or why it refuses: as [`Graph::inspect`].
    #[must_use]
    pub fn inspect(&self, limits: &Limits) -> PlanReport {
        let graph = self.graph();
        graph.inspect(self.outputs(&graph), limits)
    }
}

/// Does this stream show colours to a person? Yes for a terminal, unless the environment has `NO_COLOR`.
///
/// ```
/// # use fusewire::prelude::*;
/// # let g = Graph::new();
/// # let plan = g.plan([g.input("x", F64, [3]) + 1], &Limits::default())?;
/// println!("{}", plan.explain().coloured(fusewire::wants_colour(&std::io::stdout())));
/// # Ok::<(), Error>(())
/// ```
#[must_use]
pub fn wants_colour(stream: &impl std::io::IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Fills in the lines of the source, from files as the compiler named them.
fn with_sources(report: &mut PlanReport) {
    let mut files: HashMap<String, Vec<String>> = HashMap::new();
    report.read_sources(|file, line| {
        let lines = files.entry(file.to_string()).or_insert_with(|| {
            let text = std::fs::read_to_string(file).unwrap_or_default();
            text.lines().map(str::to_string).collect()
        });
        lines.get((line as usize).checked_sub(1)?).cloned()
    });
}
