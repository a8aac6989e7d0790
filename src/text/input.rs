//! What the names of an expression stand for: specifications of arrays such as `f32[n<=5000000, feature:1000]`,
//! and numbers.

use super::error::Refusal;
use super::tree::Span;
use super::value::dtype_named;
use super::value::{Rows, Value};
use crate::expr::{Expr, Graph};
use fusewire_ir::{DType, Dim, RecordType, Shape, Weak};
use std::fmt;
use std::str::FromStr;

/// The longest specification, in bytes.
const MOST_BYTES: usize = 10_000;

/// The size of an axis in a [`Spec`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SpecSize {
    /// A number.
    Known(u64),
    /// A size that arrays decide when they are bound, between these bounds: `n<=5000000`, or `0<=n<=5000000`
    /// where there may be no elements.
    Symbol(String, u64, u64),
}

/// The dtype and the axes of an array, as text: `f64[5000000,1000]`, `float32[n<=5000000, feature:1000]`, `i64[]`.
///
/// ```
/// use fusewire::text::{Spec, SpecSize};
///
/// let spec: Spec = "f32[n<=5000000, feature:1000]".parse()?;
/// assert_eq!(spec.axes[0], (None, SpecSize::Symbol("n".into(), 1, 5_000_000)));
/// assert_eq!(spec.axes[1], (Some("feature".into()), SpecSize::Known(1000)));
/// assert_eq!(spec.to_string(), "f32[n<=5000000, feature:1000]");
/// assert!("f32[-1]".parse::<Spec>().is_err());
/// # Ok::<(), fusewire::text::SpecError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Spec {
    /// The dtype.
    pub dtype: DType,
    /// The axes: the label, where it has one, and the size.
    pub axes: Vec<(Option<String>, SpecSize)>,
}

/// What is wrong with a specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError(String);

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SpecError {}

fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first == '_' || first.is_alphabetic())
        && characters.all(|c| c == '_' || c.is_alphanumeric())
}

/// What a size looks like, for whoever wrote something else.
const SIZES: &str =
    "a size is a number, as in `f64[1000]`, or has a name and an upper bound, as in `f64[n<=1000]`";

fn number(text: &str) -> Result<u64, String> {
    let plain = text.replace('_', "");
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    if plain.strip_prefix('-').is_some_and(is_number) {
        return Err(format!("`{text}` is negative; {SIZES}"));
    }
    if !is_number(&plain) {
        return match plain.parse::<f64>() {
            Ok(number) if number >= 0.0 && number < 2f64.powi(53) && number.fract() == 0.0 => {
                Err(format!("`{text}` is not written as a whole number: `{number}`"))
            }
            _ => Err(format!("`{text}` is no size; {SIZES}")),
        };
    }
    plain.parse().map_err(|_| format!("the size {text} has more than 64 bits"))
}

impl FromStr for Spec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        if text.len() > MOST_BYTES {
            return Err(SpecError(format!("a specification has at most {MOST_BYTES} bytes")));
        }
        let text = text.trim();
        let (name, axes) = match text.split_once('[') {
            None if text.contains(']') => {
                return Err(SpecError(
                    "a `]` without a `[`; sizes stand in brackets, as in `f64[1000, 3]`".into(),
                ));
            }
            None => (text, ""),
            Some((name, rest)) => {
                let Some((axes, after)) = rest.split_once(']') else {
                    return Err(SpecError("the `[` is not closed; write `f64[1000, 3]`".into()));
                };
                if !after.trim().is_empty() {
                    return Err(SpecError(format!(
                        "`{after}` after the `]`; all sizes stand in the same brackets, as in `f64[1000, 3]`"
                    )));
                }
                (name.trim(), axes.trim())
            }
        };
        let dtype = dtype_named(name).ok_or_else(|| {
            let names: Vec<&str> = DType::ALL.iter().map(|dtype| dtype.name()).collect();
            let what = if name.is_empty() {
                "no dtype before the sizes".into()
            } else {
                format!("`{name}` is no dtype")
            };
            SpecError(format!("{what}; there are {}, as in `f64[1000, 3]`", names.join(", ")))
        })?;
        // As in Python there may be a comma after the last.
        let axes = axes.strip_suffix(',').unwrap_or(axes);
        if axes.is_empty() {
            return Ok(Self { dtype, axes: Vec::new() });
        }
        let axes = axes
            .split(',')
            .enumerate()
            .map(|(at, text)| axis(text.trim()).map_err(|what| SpecError(format!("axis {at}: {what}"))));
        Ok(Self { dtype, axes: axes.collect::<Result<_, _>>()? })
    }
}

fn axis(text: &str) -> Result<(Option<String>, SpecSize), String> {
    let (label, size) = match text.split_once(':') {
        Some((label, size)) => (Some(label.trim()), size.trim()),
        None => (None, text),
    };
    if let Some(label) = label.filter(|label| !is_name(label)) {
        return Err(format!("`{label}` is no label, which is a name, as in `f64[user:1000]`"));
    }
    if size.is_empty() {
        return Err(format!("the size is missing; {SIZES}"));
    }
    let parts: Vec<&str> = size.split("<=").map(str::trim).collect();
    let size = match parts[..] {
        [name] if is_name(name) => {
            return Err(format!("`{name}` needs an upper bound: `{name}<=1000000`"));
        }
        [name, ""] | [_, name, ""] if is_name(name) => {
            return Err(format!("`{size}`: the upper bound is missing: `{size}1000000`"));
        }
        [size] => SpecSize::Known(number(size)?),
        [name, upper] if is_name(name) => SpecSize::Symbol(name.into(), 1, number(upper)?),
        [lower, name, upper] if is_name(name) => {
            SpecSize::Symbol(name.into(), number(lower)?, number(upper)?)
        }
        _ => return Err(format!("`{size}` is no size; {SIZES}")),
    };
    if let SpecSize::Symbol(name, lower, upper) = &size
        && lower > upper
    {
        return Err(format!(
            "`{name}` is at least {lower} and at most {upper}; write the smaller bound first"
        ));
    }
    Ok((label.map(Into::into), size))
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[", self.dtype)?;
        for (at, (label, size)) in self.axes.iter().enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            if let Some(label) = label {
                write!(f, "{label}:")?;
            }
            match size {
                SpecSize::Known(size) => write!(f, "{size}")?,
                SpecSize::Symbol(name, 1, upper) => write!(f, "{name}<={upper}")?,
                SpecSize::Symbol(name, lower, upper) => write!(f, "{lower}<={name}<={upper}")?,
            }
        }
        f.write_str("]")
    }
}

impl Spec {
    /// Of an array whose sizes are known.
    #[must_use]
    pub fn of(dtype: DType, sizes: &[u64]) -> Self {
        Self { dtype, axes: sizes.iter().map(|size| (None, SpecSize::Known(*size))).collect() }
    }

    /// The shape in a graph, with its symbols declared there.
    pub fn shape(&self, graph: &Graph) -> Shape {
        shape_of(&self.axes, graph)
    }
}

fn shape_of(axes: &[(Option<String>, SpecSize)], graph: &Graph) -> Shape {
    let axes = axes.iter().map(|(label, size)| {
        let dim: Dim = match size {
            SpecSize::Known(size) => (*size).into(),
            SpecSize::Symbol(name, lower, upper) => graph.dim(name, *lower..=*upper).into(),
        };
        match label {
            Some(label) => dim.labelled(label),
            None => dim,
        }
    });
    axes.collect()
}

/// An input as it is declared in a graph.
pub(super) enum Declared<'g> {
    Array(Expr<'g>),
    Other(Value<'g>),
}

/// What a name of an expression stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// An array that is bound by the name.
    Array(Spec),
    /// As an array of `bool`, whose bytes nobody has checked, such as those of a file: it is bound as `u8`, and
    /// true where that is not 0.
    Truth(Spec),
    /// Rows of records with these axes, bound by the name: `users['age']` is a field of them.
    Records(RecordType, Vec<(Option<String>, SpecSize)>),
    /// A number, as if it were written in the expression.
    Number(Weak),
}

impl From<Spec> for Input {
    fn from(spec: Spec) -> Self {
        Self::Array(spec)
    }
}

impl From<Weak> for Input {
    fn from(number: Weak) -> Self {
        Self::Number(number)
    }
}

impl Input {
    /// The input in a graph; a number stays one.
    pub(super) fn declare<'g>(&self, graph: &'g Graph, name: &str) -> Declared<'g> {
        match self {
            Self::Array(spec) => Declared::Array(graph.input(name, spec.dtype, spec.shape(graph))),
            Self::Truth(spec) => {
                Declared::Array(graph.input(name, DType::U8, spec.shape(graph)).not_equal(0))
            }
            Self::Records(ty, axes) => {
                let shape = shape_of(axes, graph);
                let records = graph.records(name, ty, shape.clone());
                Declared::Other(Value::Records(Rows { records, shape: shape.into() }))
            }
            Self::Number(number) => Declared::Other(Value::Number(*number)),
        }
    }
}

/// Bytes between two places for which the characters before are known.
const BLOCK: usize = 256;

/// Bytes of a text to lines and columns, in little time also for texts of one long line.
pub(super) struct Place {
    pub name: &'static str,
    lines: Vec<u32>,
    /// Characters before each block of bytes.
    blocks: Vec<u32>,
    text: std::sync::Arc<str>,
}

impl Place {
    pub fn new(name: &'static str, text: &std::sync::Arc<str>) -> Self {
        let starts = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at as u32 + 1);
        let lines = std::iter::once(0).chain(starts).collect();
        let begins = |byte: &&u8| (**byte as i8) >= -64;
        let mut before = 0;
        let blocks = text.as_bytes().chunks(BLOCK).map(|block| {
            let at = before;
            before += block.iter().filter(begins).count() as u32;
            at
        });
        let blocks = blocks.collect();
        Self { name, lines, blocks, text: text.clone() }
    }

    fn characters_before(&self, at: usize) -> u32 {
        let block = at / BLOCK;
        let Some(before) = self.blocks.get(block) else {
            return self.blocks.last().copied().unwrap_or(0) + BLOCK as u32;
        };
        let rest = &self.text.as_bytes()[block * BLOCK..at];
        before + rest.iter().filter(|byte| (**byte as i8) >= -64).count() as u32
    }

    /// Line and column, counted from 1.
    pub fn of(&self, anchor: u32) -> (u32, u32) {
        let line = self.lines.partition_point(|start| *start <= anchor);
        let start = self.lines[line.max(1) - 1] as usize;
        (line as u32, self.characters_before(anchor as usize) - self.characters_before(start) + 1)
    }

    /// The byte at a line and a column.
    pub fn at(&self, line: u32, column: u32) -> Option<u32> {
        let start = *self.lines.get((line as usize).checked_sub(1)?)? as usize;
        let wanted = self.characters_before(start).checked_add(column.checked_sub(1)?)?;
        // The block in which this character begins, which lines of many thousand characters have many of.
        let block = self.blocks.partition_point(|before| *before <= wanted).checked_sub(1)?;
        let (first, before) = (block * BLOCK, self.blocks[block]);
        let rest = self.text.as_bytes().get(first..)?;
        let mut begins = rest.iter().enumerate().filter(|(_, byte)| (**byte as i8) >= -64);
        let (at, _) = begins.nth((wanted - before) as usize)?;
        Some((first + at) as u32)
    }
}

impl Refusal {
    /// About all of the text.
    pub(super) fn range(&self) -> Option<std::ops::Range<usize>> {
        self.span.map(Span::range)
    }
}
