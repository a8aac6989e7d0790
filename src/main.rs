//! The `fusewire` command.

use clap::{Arg, Command};
use fusewire::ElementOp;
use std::io::{self, Write};
use std::process::ExitCode;

fn command() -> Command {
    Command::new("fusewire")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Checked and fused array expressions")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("ops")
                .about("Lists the element-wise operations: name, aliases, dtypes, accuracy")
                .after_help("Exits with 1 where nothing matches.")
                .arg(
                    Arg::new("PATTERN")
                        .help("Only operations whose name, alias or description contains this"),
                ),
        )
}

fn matches(op: ElementOp, pattern: &str) -> bool {
    let row = op.row();
    let pattern = pattern.to_lowercase();
    let mut texts = row.aliases.iter().copied().chain([row.name, row.doc]);
    texts.any(|text| text.to_lowercase().contains(&pattern))
}

fn list(pattern: &str, to: &mut impl Write) -> io::Result<bool> {
    let mut found = false;
    for op in ElementOp::ALL.iter().filter(|op| matches(**op, pattern)) {
        found = true;
        let row = op.row();
        let operands: Vec<&str> = std::iter::once("x").chain(row.operands.iter().copied()).collect();
        writeln!(to, "{}({})", row.name, operands.join(", "))?;
        writeln!(to, "    {}", row.doc.trim())?;
        writeln!(to, "    also: {}; takes {}", row.aliases.join(", "), row.dtypes.describe())?;
        if row.ulp > 0.0 {
            writeln!(to, "    accurate to {} units in the last place", row.ulp)?;
        }
    }
    Ok(found)
}

fn main() -> ExitCode {
    let arguments = command().get_matches();
    let Some(("ops", arguments)) = arguments.subcommand() else { return ExitCode::from(2) };
    let pattern = arguments.get_one::<String>("PATTERN").map_or("", String::as_str);
    match list(pattern, &mut io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("no operation matches `{pattern}`");
            ExitCode::FAILURE
        }
        // A reader that has seen enough, such as `head`, is no failure.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot write: {error}");
            ExitCode::FAILURE
        }
    }
}
