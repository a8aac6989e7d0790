//! Expressions in text: NumPy in Python's syntax, checked and planned without Python.
//!
//! ```
//! use fusewire::prelude::*;
//! use fusewire::text::Expression;
//!
//! let score = Expression::parse("((x - x.mean(axis=0)) / x.std(axis=0)).sum(axis=1)")?;
//! let plan = score.plan(&[("x", "f64[n<=5000000, 3]".parse()?)], &Limits::default())?;
//! assert_eq!(plan.outputs()[0].array.to_string(), "f64[n<=5000000]");
//!
//! let product = Expression::parse("x * w")?;
//! let error = product.plan(&[("x", "f64[5000000,1000]".parse()?), ("w", "f64[10]".parse()?)], &Limits::default());
//! assert!(error.unwrap_err().to_string().contains("\n1 | x * w\n  | ~~^~~"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Nothing is evaluated but what the language has: operators with Python's precedence, functions and methods of NumPy
//! that fusewire has, slices, tuples, and assignments to names, to slices of them and where masks are true. What
//! is outside of it is refused by name. An expression may come from anybody: its length, its operators and its
//! nesting are counted before it is parsed, and a refusal is all that can come of it.

mod assign;
mod call;
mod counted;
mod error;
mod evaluate;
mod functions;
mod grammar;
#[cfg(test)]
mod grammar_tests;
mod index;
mod input;
mod names;
mod part;
mod places;
mod python;
mod reduced;
mod region;
mod selected;
mod statements;
mod token;
mod tree;
mod value;

pub use error::{Error, Located};
pub use evaluate::Output;
pub use input::{Input, Spec, SpecError, SpecSize};
pub use token::{DEEPEST, MOST_BYTES, MOST_OPERATORS};

use crate::expr::{Expr, Graph};
use crate::plan::Plan;
use error::Refusal;
use evaluate::{Evaluator, Results};
use fusewire_ir::{DiagnosticKind, Limits, Weak};
use input::Place;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use tree::{Callee, Statement, Syntax, Target, Tree};

/// An expression that is well formed, or several statements.
#[derive(Clone, Debug)]
pub struct Expression {
    name: &'static str,
    text: Arc<str>,
    tree: Arc<Tree>,
}

impl std::str::FromStr for Input {
    type Err = SpecError;

    /// A specification or a number.
    fn from_str(text: &str) -> Result<Self, SpecError> {
        match number(text) {
            Some(number) => Ok(Self::Number(number)),
            None => text.parse().map(Self::Array),
        }
    }
}

/// A number as Python writes it, perhaps with a sign.
fn number(text: &str) -> Option<Weak> {
    let text = text.trim();
    let (negative, plain) = match text.strip_prefix('-') {
        Some(plain) => (true, plain.trim_start()),
        None => (false, text),
    };
    let number = match plain {
        "True" => return (!negative).then_some(Weak::Bool(true)),
        "False" => return (!negative).then_some(Weak::Bool(false)),
        "inf" => Weak::Float(f64::INFINITY),
        "nan" => Weak::Float(f64::NAN),
        _ => {
            let tokens = token::tokens(plain).ok()?;
            let [only] = tokens[..] else { return None };
            match only.kind {
                token::Kind::Int => Weak::Int(token::int_value(plain).ok()?),
                token::Kind::Float => Weak::Float(token::float_value(plain)),
                _ => return None,
            }
        }
    };
    Some(match number {
        Weak::Int(value) if negative => Weak::Int(value.checked_neg()?),
        Weak::Float(value) if negative => Weak::Float(-value),
        number => number,
    })
}

impl Expression {
    /// Reads an expression or statements.
    ///
    /// # Errors
    /// What is not well formed, outside of the language, too long or too deep.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::parse_named("expression", text)
    }

    /// As [`Expression::parse`]; diagnostics and plans give places in a file of this name.
    ///
    /// # Errors
    /// As [`Expression::parse`].
    pub fn parse_named(name: &'static str, text: &str) -> Result<Self, Error> {
        match grammar::parse(text) {
            Ok(tree) => Ok(Self { name, text: text.into(), tree: tree.into() }),
            Err(refusal) => Err(Error::of(name, text.into(), vec![refusal])),
        }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names that it reads and does not define itself: its inputs, and constants of NumPy.
    #[must_use]
    pub fn names(&self) -> BTreeSet<&str> {
        let mut defined = BTreeSet::new();
        let mut names = BTreeSet::new();
        for line in &self.tree.lines {
            for node in &self.tree.nodes[line.nodes.start as usize..line.nodes.end as usize] {
                let name = match &node.syntax {
                    Syntax::Name(name) => name.of(&self.text),
                    _ => continue,
                };
                if !defined.contains(name) && !name.contains('.') {
                    names.insert(name);
                }
            }
            let targets = match &line.statement {
                Statement::Assign(targets, _) => &targets[..],
                Statement::Update(target, ..) => std::slice::from_ref(target),
                Statement::Expression(_) => &[],
            };
            let reads = matches!(line.statement, Statement::Update(..));
            for target in targets {
                match target {
                    Target::Name(name) if reads && !defined.contains(name.of(&self.text)) => {
                        names.insert(name.of(&self.text));
                    }
                    Target::Name(name) => {
                        defined.insert(name.of(&self.text));
                    }
                    Target::Names(all) => defined.extend(all.iter().map(|name| name.of(&self.text))),
                    Target::Part(name, _) if !defined.contains(name.of(&self.text)) => {
                        names.insert(name.of(&self.text));
                    }
                    Target::Part(..) => {}
                }
            }
        }
        names
    }

    /// The results as expressions of a graph, in which the inputs that are used are declared by their names: one,
    /// or those of a tuple. Each has a length where that depends on data.
    ///
    /// # Errors
    /// Everything that is wrong, together.
    pub fn build<'g>(&self, graph: &'g Graph, inputs: &[(&str, Input)]) -> Result<Vec<Output<'g>>, Error> {
        let results = self.evaluate(graph, inputs);
        let mut error = Error::of(self.name, self.text.clone(), results.refusals);
        if !results.poisoned.is_empty() {
            let all = exprs(&results.outputs).chain(results.poisoned.iter().copied());
            if let Err(wrong) = graph.plan(all, &Limits::default()) {
                error.located.extend(self.locate(&wrong).located);
            }
        }
        if error.located.is_empty() { Ok(results.outputs) } else { Err(error) }
    }

    /// As [`Expression::build`], with the names that [`Expression::plan`] gives: all that a plan needs as outputs.
    ///
    /// # Errors
    /// Everything that is wrong, together.
    pub fn build_named<'g>(
        &self,
        graph: &'g Graph,
        inputs: &[(&str, Input)],
    ) -> Result<Vec<Expr<'g>>, Error> {
        Ok(named(&self.build(graph, inputs)?))
    }

    /// The plan of the results, which are called `out`, or `out0`, `out1`, ... where there are several. A result
    /// whose length depends on data is as long as it may become, and `out.length`, an `i64` without axes, says how
    /// many of its first rows there are; `out.length1`, how many there are along axis 1, and so on.
    ///
    /// # Errors
    /// Everything that is wrong, together.
    pub fn plan(&self, inputs: &[(&str, Input)], limits: &Limits) -> Result<Plan, Error> {
        let graph = Graph::new();
        let results = self.evaluate(&graph, inputs);
        let refusals = results.refusals;
        let is_sound = refusals.is_empty() && results.poisoned.is_empty();
        let mut error = Error::of(self.name, self.text.clone(), refusals);
        let all: Vec<Expr<'_>> = match is_sound {
            true => named(&results.outputs),
            false => exprs(&results.outputs).chain(results.poisoned.iter().copied()).collect(),
        };
        if all.is_empty() {
            return Err(error);
        }
        match graph.plan(all, limits) {
            Ok(plan) if error.located.is_empty() => return Ok(plan),
            Ok(_) => {}
            Err(wrong) => error.located.extend(self.locate(&wrong).located),
        }
        Err(error)
    }

    fn evaluate<'g>(&self, graph: &'g Graph, inputs: &[(&str, Input)]) -> Results<'g> {
        let places = Place::new(self.name, &self.text);
        let inputs = inputs.iter().map(|(name, input)| (*name, input.clone())).collect();
        Evaluator::new(&self.text, &self.tree, &places, graph, inputs).run()
    }

    /// An error of the graph that this expression was built in, or of a run of its program, with the pieces of text
    /// that its places stand for.
    #[must_use]
    pub fn locate(&self, error: &fusewire_ir::Error) -> Error {
        let places = Place::new(self.name, &self.text);
        let (anchored, called) = (self.tree.anchored(), self.called());
        let located = error.diagnostics().iter().map(|diagnostic| {
            let mut diagnostic = diagnostic.clone();
            let is_here = |site: &fusewire_ir::Site| site.file == self.name;
            if let Some(asked) = diagnostic
                .asked
                .filter(is_here)
                .filter(|_| !diagnostic.site.is_some_and(|site| is_here(&site)))
            {
                // The text says so itself.
                diagnostic.site = Some(asked);
                diagnostic.help.retain(|help| !help.starts_with("asked for at "));
            }
            in_python(&mut diagnostic);
            let site = diagnostic.site.filter(is_here);
            let mut anchor = site.and_then(|site| places.at(site.line, site.column));
            let mut span = anchor.and_then(|anchor| anchored.get(&anchor).copied());
            if let Some((name, given)) = anchor.and_then(|anchor| called.get(&anchor).copied()) {
                as_written(&mut diagnostic, name);
                let is_of_axis = matches!(diagnostic.kind, DiagnosticKind::Axis | DiagnosticKind::Label);
                let mut keywords = given.iter().filter_map(|given| Some((given.keyword?, given.value)));
                let axis = keywords.find(|(keyword, _)| matches!(keyword.of(&self.text), "axis" | "axes"));
                if let Some((keyword, value)) = axis.filter(|_| is_of_axis) {
                    let piece = keyword.to(self.tree.span(value));
                    (span, anchor) = (Some(piece), Some(piece.start));
                }
            }
            Located {
                diagnostic,
                span: span.map(tree::Span::range),
                anchor: anchor.map(|anchor| anchor as usize),
            }
        });
        Error { name: self.name, text: self.text.clone(), located: located.collect() }
    }

    /// The names of functions and methods by the token where they are called, and what they are given.
    fn called(&self) -> HashMap<u32, (&str, &[tree::Given])> {
        let calls = self.tree.nodes.iter().filter_map(|node| match &node.syntax {
            Syntax::Call(Callee::Function(name) | Callee::Method(_, name), given) => {
                let name = name.of(&self.text);
                Some((node.anchor, (name.rsplit('.').next().unwrap_or(name), &given[..])))
            }
            _ => None,
        });
        calls.collect()
    }

    /// The functions and methods that it calls.
    #[must_use]
    pub fn calls(&self) -> BTreeSet<&str> {
        let called = self.tree.nodes.iter().filter_map(|node| match &node.syntax {
            Syntax::Call(Callee::Function(name) | Callee::Method(_, name), _) => Some(name.of(&self.text)),
            _ => None,
        });
        called.collect()
    }
}

/// What is not defined on a dtype, and what may have been meant in Python.
const MEANT: &[(&str, &str)] = &[
    ("`bitwise_xor` is not defined on f", "a power is `x ** 2`"),
    ("`bitwise_or` is not defined on f", "of comparisons: `(x > 0) | (y > 0)`"),
    ("`bitwise_and` is not defined on f", "of comparisons: `(x > 0) & (y > 0)`"),
    ("`invert` is not defined on f", "of a comparison: `~(x > 0)`; the negative is `-x`"),
    ("`negative` is not defined on bool", "what is not true is `~x`"),
    ("`subtract` is not defined on bool", "where they differ is `x ^ y`"),
];

/// Advice for Rust as advice for Python.
const FORMS: &[(&str, &str)] = &[
    ("a Rust number", "a number"),
    ("convert an operand first: `.astype(dtype)`", "or convert it first: `x.astype(int)`"),
    ("compare it first: `.not_equal(0)`", "compare it first: `mask != 0`"),
    (
        "new axes are not made up here: write `.expand_dims(...)`",
        "new axes are not made up here: write `x[None]`",
    ),
    (
        "`OutOfBounds::Clip` and `OutOfBounds::Wrap` choose",
        "`mode='clip'` and `mode='wrap'` of `np.take` choose",
    ),
];

/// Names of Rust that functions of NumPy are made of.
const NAMES: &[&str] = &[
    "permute_dims",
    "concat",
    "cumulative_sum",
    "cumulative_prod",
    "sliding_window",
    "select",
    "min_initial",
    "max_initial",
    "sum_as",
    "prod_as",
    "mean_as",
    "var_ddof",
    "std_ddof",
    "bincount_weighted",
    "histogram_range",
    "take_with",
    "tensordot_along",
    "norm_of_order",
];

/// The message with the name that the text has for what was called.
fn as_written(diagnostic: &mut fusewire_ir::Diagnostic, name: &str) {
    let begin = diagnostic.message.strip_prefix('`').and_then(|rest| rest.split_once('`'));
    if let Some((rust, rest)) = begin
        && NAMES.contains(&rust)
    {
        diagnostic.message = format!("`{name}`{rest}");
    }
}

fn in_python(diagnostic: &mut fusewire_ir::Diagnostic) {
    for help in &mut diagnostic.help {
        for (rust, python) in FORMS {
            *help = help.replace(rust, python);
        }
        for dtype in fusewire_ir::DType::ALL {
            let rust = format!("`.astype({})`", dtype.name().to_uppercase());
            *help = help.replace(&rust, &format!("`.astype(np.{})`", assign::numpy_name(dtype)));
        }
    }
    if let Some((_, meant)) = MEANT.iter().find(|(begin, _)| diagnostic.message.starts_with(begin)) {
        let at = diagnostic.help.len().min(1);
        diagnostic.help.insert(at, (*meant).into());
    }
}

/// The arrays of results by the names of outputs, each with its length behind it.
fn named<'g>(outputs: &[Output<'g>]) -> Vec<Expr<'g>> {
    let named = outputs.iter().enumerate().flat_map(|(at, output)| {
        let name = if outputs.len() == 1 { "out".to_owned() } else { format!("out{at}") };
        let axis = if output.axis == 0 { String::new() } else { output.axis.to_string() };
        let length = output.length.map(|length| length.named(&format!("{name}.length{axis}")));
        std::iter::once(output.expr.named(&name)).chain(length)
    });
    named.collect()
}

/// The arrays of results, with lengths.
fn exprs<'a, 'g: 'a>(outputs: &'a [Output<'g>]) -> impl Iterator<Item = Expr<'g>> + 'a {
    outputs.iter().flat_map(|output| std::iter::once(output.expr).chain(output.length))
}

impl Error {
    fn of(name: &'static str, text: Arc<str>, refusals: Vec<Refusal>) -> Self {
        let located = refusals.into_iter().map(|refusal| Located {
            span: refusal.range(),
            anchor: refusal.span.map(|span| span.start as usize),
            diagnostic: *refusal.diagnostic,
        });
        Self { name, text, located: located.collect() }
    }
}

/// The functions of the language as NumPy documents them, with their arguments, for a list of them.
#[must_use]
pub fn signatures() -> Vec<&'static str> {
    functions::signatures().collect()
}
