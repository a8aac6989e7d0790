//! What the command takes.

use super::failure::Failure;
use super::print;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use fusewire::{BroadcastPolicy, Limits};
use std::ffi::OsString;
use std::path::PathBuf;

const EXPRESSIONS: &str = "\
EXPR is NumPy in Python's syntax: operators, slices, functions with or without `np.`, methods, keyword
arguments, several statements with `;` or new lines. `-` reads it from the standard input. Nothing is evaluated
as Python.

A SPEC is a dtype and sizes: f64[5000000,1000], f32[n<=5000000, feature:1000], i64[].";

const PLAN_EXAMPLES: &str = "\
Examples:
  fusewire plan '((x - x.mean(axis=0)) / x.std(axis=0)).sum(axis=1)' 'x=f64[n<=5000000, 1000]'
  fusewire plan 'features * weights' 'features=f64[5000000,1000,1]' 'weights=f64[10]'
  fusewire plan --file pipeline.py x=measured.npy

Exits with 0 if the plan can be made, with 1 if it is refused, and with 2 if it was called in a wrong way.";

const RUN_EXAMPLES: &str = "\
Examples:
  fusewire run 'x - x.mean(axis=0)' x=in.npy -o centred.npy
  fusewire run 'x.mean(axis=0), x.std(axis=0)' x=in.npz:features -o mean.npy -o std.npy
  fusewire run 'np.where(x > limit, limit, x)' x=in.npy limit=3.5 -o clipped.npy --threads 2
  fusewire run 'np.exp(-x**2).sum()' 'x=f64[1000000]' -o total.npy     # on random data

Files are mapped into memory and written in place. The output appears under its name when it is complete.
Exits with 0 if it was written, with 1 if it was refused or failed, and with 2 if it was called in a wrong way.";

pub fn command() -> Command {
    Command::new("fusewire")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Plans and runs NumPy expressions on arrays in files, larger than memory if need be")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("plan")
                .about("Checks an expression and says what would run, without any data")
                .long_about(format!("Checks an expression and says what would run, without any data.\n\n{EXPRESSIONS}"))
                .after_help(PLAN_EXAMPLES)
                .args(shared("NAME=SPEC", "What a name stands for: a SPEC, a number, or a .npy file, of which only the header is read"))
                .arg(
                    Arg::new("policy")
                        .long("policy")
                        .value_name("POLICY")
                        .value_parser(["numpy", "no-rank-growth", "no-outer-product", "explicit-only"])
                        .default_value("numpy")
                        .help("Which broadcasts are allowed"),
                )
                .arg(
                    Arg::new("format")
                        .long("format")
                        .value_name("FORMAT")
                        .value_parser(["text", "json", "dot", "html"])
                        .default_value("text")
                        .help("What the plan is printed as: text, data, a drawing for Graphviz, or a page to look at"),
                )
                .arg(
                    Arg::new("output")
                        .short('o')
                        .long("output")
                        .value_name("FILE")
                        .value_parser(value_parser!(PathBuf))
                        .help("Writes the plan to a file"),
                )
                .arg(force("Replaces the file if it exists")),
        )
        .subcommand(
            Command::new("run")
                .about("Runs an expression on arrays in files")
                .long_about(format!("Runs an expression on arrays in files.\n\n{EXPRESSIONS}"))
                .after_help(RUN_EXAMPLES)
                .args(shared("NAME=VALUE", "What a name stands for: FILE.npy, FILE.npz:MEMBER, a number, or a SPEC, which makes random data"))
                .arg(
                    Arg::new("output")
                        .short('o')
                        .long("output")
                        .value_name("OUT.npy")
                        .required(true)
                        .action(ArgAction::Append)
                        .value_parser(value_parser!(PathBuf))
                        .help("Where the result goes; as many as the expression has results"),
                )
                .arg(
                    Arg::new("threads")
                        .long("threads")
                        .value_name("N")
                        .value_parser(value_parser!(u16).range(1..=1024))
                        .help("How many threads compute; as many as there are processors otherwise"),
                )
                .arg(
                    Arg::new("repeat")
                        .long("repeat")
                        .value_name("N")
                        .default_value("1")
                        .value_parser(value_parser!(u32).range(1..))
                        .help("Computes the same again, to measure it"),
                )
                .arg(
                    Arg::new("profile")
                        .long("profile")
                        .action(ArgAction::SetTrue)
                        .help("Prints how long it took and how fast memory was read and written"),
                )
                .arg(force("Replaces outputs that exist")),
        )
        .subcommand(
            Command::new("ops")
                .about("Lists the operations and functions: name, aliases, dtypes, accuracy")
                .after_help("Exits with 1 where nothing matches.")
                .arg(Arg::new("PATTERN").help("Only those whose name, alias or description contains this"))
                .arg(
                    Arg::new("format")
                        .long("format")
                        .value_name("FORMAT")
                        .value_parser(["text", "json"])
                        .default_value("text")
                        .help("How they are printed"),
                ),
        )
        .subcommand(
            Command::new("completions").about("Prints completions for a shell").arg(
                Arg::new("SHELL").required(true).value_parser(value_parser!(clap_complete::Shell)).help("The shell"),
            ),
        )
        .subcommand(Command::new("man").about("Prints the manual page"))
}

fn force(help: &'static str) -> Arg {
    Arg::new("force").long("force").action(ArgAction::SetTrue).help(help)
}

/// The expression, its names and the limits.
fn shared(name: &'static str, help: &'static str) -> Vec<Arg> {
    let count = |id: &'static str, unit: &'static str, help: &'static str| {
        Arg::new(id).long(id).value_name(unit).value_parser(counted).help(help)
    };
    vec![
        Arg::new("EXPR")
            .help("The expression; `-` for the standard input")
            .value_parser(value_parser!(OsString))
            .allow_hyphen_values(true),
        Arg::new("INPUTS")
            .value_name(name)
            .value_parser(value_parser!(OsString))
            .help(help)
            .action(ArgAction::Append),
        Arg::new("file")
            .long("file")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help("Reads the expression from a file"),
        count(
            "limit",
            "N",
            "The most elements of any value, stored or not [default: 100 million, or the largest input]",
        ),
        count("operations", "N", "The most operations on elements in all [default: no limit]"),
        count("bytes", "N", "The most bytes that are stored between kernels [default: 1 GiB]"),
    ]
}

/// A count with underscores, as `5_000_000`, or in the form of a float, as `5e9`.
fn counted(text: &str) -> Result<u64, String> {
    let plain = text.replace('_', "");
    if let Ok(count) = plain.parse() {
        return Ok(count);
    }
    match plain.parse::<f64>() {
        Ok(count) if count >= 0.0 && count < 2f64.powi(63) && count.fract() == 0.0 => Ok(count as u64),
        _ => Err("is no whole number".into()),
    }
}

/// The expression's arguments: with `--file`, what stands in its place is a name as well.
pub fn expression_and_names(matches: &ArgMatches) -> (Option<&OsString>, Vec<&OsString>) {
    let first = matches.get_one::<OsString>("EXPR");
    let rest = matches.get_many::<OsString>("INPUTS").into_iter().flatten();
    if matches.get_one::<PathBuf>("file").is_some() {
        (None, first.into_iter().chain(rest).collect())
    } else {
        (first, rest.collect())
    }
}

pub fn limits(matches: &ArgMatches) -> Limits {
    let mut limits = Limits::default();
    if let Some(elements) = matches.get_one::<u64>("limit") {
        limits = limits.with_elements(*elements);
    }
    if let Some(bytes) = matches.get_one::<u64>("bytes") {
        limits = limits.with_bytes(*bytes);
    }
    if let Some(operations) = matches.get_one::<u64>("operations") {
        limits = limits.with_operations(*operations);
    }
    limits
}

pub fn policy(matches: &ArgMatches) -> BroadcastPolicy {
    match matches.get_one::<String>("policy").map(String::as_str) {
        Some("no-rank-growth") => BroadcastPolicy::NoRankGrowth,
        Some("no-outer-product") => BroadcastPolicy::NoOuterProduct,
        Some("explicit-only") => BroadcastPolicy::ExplicitOnly,
        _ => BroadcastPolicy::NumPy,
    }
}

pub fn completions(matches: &ArgMatches) -> Result<(), Failure> {
    let Some(shell) = matches.get_one::<clap_complete::Shell>("SHELL") else {
        return Err(Failure::new("there is no shell"));
    };
    let mut text = Vec::new();
    clap_complete::generate(*shell, &mut command(), "fusewire", &mut text);
    print(&String::from_utf8_lossy(&text))
}

/// The manual page, with one for each subcommand after it.
pub fn man() -> Result<(), Failure> {
    let mut text = Vec::new();
    let whole = command();
    let failed = |error: std::io::Error| Failure::new(error);
    clap_mangen::Man::new(whole.clone()).render(&mut text).map_err(failed)?;
    for subcommand in whole.get_subcommands() {
        let name: &'static str = Box::leak(format!("fusewire-{}", subcommand.get_name()).into_boxed_str());
        clap_mangen::Man::new(subcommand.clone().name(name)).render(&mut text).map_err(failed)?;
    }
    print(&String::from_utf8_lossy(&text))
}
