//! Calls of functions and methods: arguments by position and by keyword, with NumPy's names and defaults.

use super::error::Refusal;
use super::evaluate::Evaluator;
use super::selected::{Selected, no_function};
use super::tree::Span;
use super::value::{Array, Evaluated, Stop, Value};
use crate::amounts::Shifts;
use crate::axes::{All, Axes, Positions};
use crate::expr::{Argument, Expr, Graph};
use fusewire_ir::{AxisRef, DType, Index, Shape, Weak};
use std::cell::Cell;

/// The most rows of an array that are taken for arrays of a list.
const MOST_ROWS: u64 = 1000;

/// How a function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `np.f(x)`.
    Function,
    /// `x.f()`.
    Method,
    /// Either.
    Both,
}

/// A function of the language: NumPy's name and arguments, and what it is here.
pub(super) struct Function {
    pub form: Form,
    /// The name, others after `|`, and in brackets the arguments as NumPy documents them. `=...` stands for an
    /// argument that has no default value and may be left out; `*` before a name takes all that are left.
    pub signature: &'static str,
    pub call: for<'c, 'e, 't, 'g> fn(&'c mut Call<'e, 't, 'g>) -> Evaluated<'g>,
}

/// An argument that a function takes.
pub(super) struct Parameter {
    /// Its name and others for it.
    pub names: Vec<&'static str>,
    default: Default,
    is_rest: bool,
}

enum Default {
    Required,
    Absent,
    Value(&'static str),
}

/// A signature taken apart.
pub(super) struct Signature {
    pub names: Vec<&'static str>,
    pub parameters: Vec<Parameter>,
}

impl Signature {
    /// Of a signature of the table, which has a bracket.
    pub fn new(text: &'static str) -> Self {
        let (names, rest) = text.split_once('(').unwrap_or((text, ")"));
        let inside = rest.strip_suffix(')').unwrap_or(rest);
        let parameters = split_arguments(inside).into_iter().map(|argument| {
            let (names, default) = match argument.split_once('=') {
                None => (argument, Default::Required),
                Some((names, "...")) => (names, Default::Absent),
                Some((names, value)) => (names, Default::Value(value)),
            };
            let is_rest = names.starts_with('*');
            Parameter { names: names.trim_start_matches('*').split('|').collect(), default, is_rest }
        });
        Self { names: names.split('|').collect(), parameters: parameters.collect() }
    }
}

impl Signature {
    /// What an argument is where it is left out.
    pub fn default<'g>(&self, name: &str) -> Evaluated<'g> {
        match self.place(name).map(|at| &self.parameters[at].default) {
            Some(Default::Value(text)) => default_value(text),
            _ => Ok(Value::None),
        }
    }

    /// Where the argument of this name stands.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.parameters.iter().position(|parameter| parameter.names.contains(&name))
    }
}

/// The arguments of a signature: what stands between commas that are not in brackets.
fn split_arguments(text: &'static str) -> Vec<&'static str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

fn default_value<'g>(text: &str) -> Evaluated<'g> {
    Ok(match text {
        "None" => Value::None,
        "True" => Value::Number(Weak::Bool(true)),
        "False" => Value::Number(Weak::Bool(false)),
        "float" => Value::DType(DType::F64),
        "(0,1)" => return Value::tuple(vec![Value::int(0), Value::int(1)]),
        _ => match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(int), _) => Value::int(int),
            (_, Ok(float)) => Value::Number(Weak::Float(float)),
            _ => Value::Text(text.trim_matches('\'').into()),
        },
    })
}

/// A call: the arguments that were given, in the order of the signature.
pub(super) struct Call<'e, 't, 'g> {
    pub evaluator: &'e mut Evaluator<'t, 'g>,
    pub name: &'t str,
    signature: &'static Signature,
    /// A value for each parameter, with its piece of the text; `None` where it was left out without a default.
    values: Vec<Option<(Value<'g>, Option<Span>)>>,
    /// Where the elements are that count, and whether the function asked for it.
    selection: Option<Expr<'g>>,
    asked: Cell<bool>,
}

/// An argument as it was given.
pub(super) struct Argued<'t, 'g> {
    pub keyword: Option<&'t str>,
    pub value: Value<'g>,
    pub span: Span,
}

impl<'e, 't, 'g> Call<'e, 't, 'g> {
    pub fn new(
        evaluator: &'e mut Evaluator<'t, 'g>,
        name: &'t str,
        signature: &'static Signature,
        given: Vec<Argued<'t, 'g>>,
        selection: Option<Expr<'g>>,
    ) -> Evaluated<'g, Self> {
        let takes = || {
            let names: Vec<&str> = signature.parameters.iter().map(|parameter| parameter.names[0]).collect();
            format!("it takes: {}", names.join(", "))
        };
        let mut values: Vec<Option<(Value<'g>, Option<Span>)>> = Vec::new();
        values.resize_with(signature.parameters.len(), || None);
        let mut rest: Vec<Value<'g>> = Vec::new();
        let mut place = 0;
        for argued in given {
            let at = match argued.keyword {
                Some(keyword) => {
                    let known =
                        |parameter: &Parameter| !parameter.is_rest && parameter.names.contains(&keyword);
                    signature.parameters.iter().position(known).ok_or_else(|| {
                        let message = format!("`{name}` has no argument `{keyword}`");
                        let refusal = Refusal::argument(message).at(argued.span);
                        let all = signature.parameters.iter().flat_map(|parameter| &parameter.names).copied();
                        let near = match keyword {
                            "dim" | "dims" | "axes" if signature.place("axis").is_some() => Some("axis"),
                            _ => super::error::nearest(keyword, all),
                        };
                        match near {
                            Some(near) => refusal.help(format!("did you mean `{near}`?")),
                            None => refusal.help(takes()),
                        }
                    })?
                }
                None => match signature.parameters.get(place) {
                    Some(parameter) if parameter.is_rest => {
                        rest.push(argued.value);
                        continue;
                    }
                    Some(_) => {
                        place += 1;
                        place - 1
                    }
                    None => {
                        let message =
                            format!("`{name}` has no more than {} arguments", signature.parameters.len());
                        return Err(Refusal::argument(message).at(argued.span).help(takes()).into());
                    }
                },
            };
            if values[at].is_some() {
                let message =
                    format!("`{name}` has its argument `{}` twice", signature.parameters[at].names[0]);
                return Err(Refusal::argument(message).at(argued.span).into());
            }
            values[at] = Some((argued.value, Some(argued.span)));
        }
        for (value, parameter) in values.iter_mut().zip(&signature.parameters) {
            match (&value, &parameter.default) {
                (None, _) if parameter.is_rest => {
                    // `x.reshape(2, 3)` and `x.reshape((2, 3))` are the same.
                    let only =
                        rest.first().filter(|first| rest.len() == 1 && first.parts().is_some()).cloned();
                    let all = match only {
                        Some(only) => only,
                        None => Value::tuple(std::mem::take(&mut rest))?,
                    };
                    *value = Some((all, None));
                }
                (None, Default::Value(text)) => *value = Some((default_value(text)?, None)),
                (None, Default::Required) => {
                    let message = format!("`{name}` needs its argument `{}`", parameter.names[0]);
                    return Err(Refusal::argument(message).help(takes()).into());
                }
                _ => {}
            }
        }
        Ok(Self { evaluator, name, signature, values, selection, asked: Cell::new(false) })
    }

    pub const fn graph(&self) -> &'g Graph {
        self.evaluator.graph
    }

    /// The mask of the elements that a reduction is of, where a mask selects them: it broadcasts to the first argument.
    pub fn selection(&self) -> Option<Expr<'g>> {
        self.asked.set(true);
        self.selection
    }

    /// Was [`Call::selection`] asked for, where there is one?
    pub const fn knows_selection(&self) -> bool {
        self.selection.is_none() || self.asked.get()
    }

    /// An argument that elements are selected for.
    pub fn selected(&self, name: &str) -> Option<Selected<'g>> {
        match self.value(name) {
            Some(Value::Selected(selected)) => Some(selected),
            _ => None,
        }
    }

    fn slot(&self, name: &str) -> Option<usize> {
        self.signature.parameters.iter().position(|parameter| parameter.names[0] == name)
    }

    /// The value of an argument, where it has one.
    pub fn value(&self, name: &str) -> Option<Value<'g>> {
        self.values.get(self.slot(name)?)?.as_ref().map(|(value, _)| value.clone())
    }

    /// Does the function have this argument?
    pub fn has(&self, name: &str) -> bool {
        self.slot(name).is_some()
    }

    /// The value of an argument other than `None`.
    pub fn some(&self, name: &str) -> Option<Value<'g>> {
        self.value(name).filter(|value| !value.is_none())
    }

    /// An argument that is not what it should be.
    pub fn wrong(&self, name: &str, wanted: &str) -> Stop<'g> {
        let given = self.slot(name).and_then(|slot| self.values[slot].as_ref());
        let what = given.map_or("nothing".into(), |(value, _)| value.describe());
        let refusal = Refusal::argument(format!("`{}` takes {wanted} for `{name}`, not {what}", self.name));
        match given.and_then(|(_, span)| *span) {
            Some(span) => refusal.at(span).into(),
            None => refusal.into(),
        }
    }

    /// A number, an array or a list, as an array.
    pub fn expr(&self, name: &str) -> Evaluated<'g, Expr<'g>> {
        self.expr_in(name, None)
    }

    /// As [`Call::expr`], of its own dtype or of this one, which numbers are held to.
    pub fn expr_in(&self, name: &str, dtype: Option<DType>) -> Evaluated<'g, Expr<'g>> {
        match self.value(name) {
            Some(Value::Selected(_)) => Err(self.within(no_function(self.name).into(), name)),
            Some(value) => value.as_expr(self.graph(), dtype).map_err(|stop| self.within(stop, name)),
            None => Err(self.wrong(name, "an array")),
        }
    }

    /// As [`Call::expr`], where the function looks at its shape.
    pub fn sound(&self, name: &str) -> Evaluated<'g, (Expr<'g>, Shape)> {
        let expr = self.expr(name)?;
        Ok((expr, sound(expr)?))
    }

    /// A number without a dtype, or an array.
    pub fn argument(&self, name: &str) -> Evaluated<'g, Argument<'g>> {
        match self.value(name) {
            Some(value) => value.as_argument(self.graph()).map_err(|stop| self.within(stop, name)),
            None => Err(self.wrong(name, "an array")),
        }
    }

    /// Arrays in a list or a tuple, or along the first axis of one.
    pub fn exprs(&self, name: &str) -> Evaluated<'g, Vec<Expr<'g>>> {
        let value = self.value(name);
        if let Some(Value::Array(array)) = value {
            let rows = sound(array.expr)?.first().and_then(fusewire_ir::Dim::known);
            if let Some(rows @ 1..=MOST_ROWS) = rows {
                return Ok((0..rows as i64).map(|at| array.expr.index(Index::At(at))).collect());
            }
        }
        let Some(parts) = value.as_ref().and_then(Value::parts) else {
            return Err(self.wrong(name, "a list or a tuple of arrays"));
        };
        if parts.is_empty() {
            return Err(self.wrong(name, "at least one array"));
        }
        parts
            .iter()
            .map(|part| part.as_expr(self.graph(), None).map_err(|stop| self.within(stop, name)))
            .collect()
    }

    /// At this argument, where nothing better is known.
    fn within(&self, stop: Stop<'g>, name: &str) -> Stop<'g> {
        let span = self.slot(name).and_then(|slot| self.values[slot].as_ref()?.1);
        match (stop, span) {
            (Stop::Refused(refusal), Some(span)) => refusal.at(span).into(),
            (stop, _) => stop,
        }
    }

    pub fn int(&self, name: &str) -> Evaluated<'g, i64> {
        self.value(name).and_then(|value| value.as_int()).ok_or_else(|| self.wrong(name, "an integer"))
    }

    pub fn float(&self, name: &str) -> Evaluated<'g, f64> {
        match self.value(name) {
            Some(Value::Number(number)) => Ok(super::python::float(number)),
            _ => Err(self.wrong(name, "a number")),
        }
    }

    pub fn flag(&self, name: &str) -> Evaluated<'g, bool> {
        match self.value(name) {
            Some(Value::Number(Weak::Bool(flag))) => Ok(flag),
            _ => Err(self.wrong(name, "True or False")),
        }
    }

    pub fn text(&self, name: &str) -> Evaluated<'g, std::rc::Rc<str>> {
        match self.value(name) {
            Some(Value::Text(text)) => Ok(text),
            _ => Err(self.wrong(name, "a string")),
        }
    }

    pub fn dtype(&self, name: &str) -> Evaluated<'g, Option<DType>> {
        match self.some(name) {
            None => Ok(None),
            Some(value) => value.as_dtype().map(Some).ok_or_else(|| {
                let wrong = self.wrong(name, "a dtype, such as `np.float32`,");
                let help = match value {
                    Value::Number(_) if self.has("shape") => {
                        Some(format!("sizes are one tuple: `np.{}((3, 4))`", self.name))
                    }
                    _ => help_for_dtype(&value),
                };
                match (wrong, help) {
                    (Stop::Refused(refusal), Some(help)) => refusal.help(help).into(),
                    (wrong, _) => wrong,
                }
            }),
        }
    }

    pub fn shape(&self, name: &str) -> Evaluated<'g, Shape> {
        self.value(name)
            .and_then(|value| value.as_shape())
            .ok_or_else(|| self.wrong(name, "a shape, such as `(2, 3)`,"))
    }

    pub fn axis(&self, name: &str) -> Evaluated<'g, AxisRef> {
        let value = self.value(name);
        value.as_ref().and_then(Value::as_axis).ok_or_else(|| match (self.wrong(name, "an axis"), value) {
            (Stop::Refused(refusal), Some(Value::Array(_))) if self.has("arrays") => {
                refusal.help(format!("several arrays are one list: `np.{}([x, y])`", self.name)).into()
            }
            (wrong, _) => wrong,
        })
    }

    /// One axis or several, in order.
    pub fn positions(&self, name: &str) -> Evaluated<'g, Positions> {
        let value = self.value(name);
        let axes = value.as_ref().and_then(|value| match value.parts() {
            Some(parts) => parts.iter().map(Value::as_axis).collect(),
            None => Some(vec![value.as_axis()?]),
        });
        axes.map(Positions).ok_or_else(|| self.wrong(name, "an axis or a tuple of axes"))
    }

    /// `axis=` and `keepdims=` together; no axis is all of them.
    pub fn axes(&self) -> Evaluated<'g, Axes> {
        let axes = match self.some("axis") {
            None => Axes::from(All),
            Some(Value::List(_)) => return Err(self.wrong("axis", "an axis or a tuple of axes")),
            // NumPy lets the only element be reduced along an axis that it does not have.
            Some(axis) if matches!(axis.as_int(), Some(0 | -1)) && self.is_single() => Axes::from(All),
            Some(_) => self.positions("axis")?.into(),
        };
        let keepdims = self.slot("keepdims").is_some() && self.flag("keepdims")?;
        Ok(if keepdims { axes.keepdims() } else { axes })
    }

    /// Is the first argument a single element, which NumPy lets have an axis? Means of it have none.
    pub fn is_single(&self) -> bool {
        if matches!(
            self.signature.names[..],
            [
                "linalg.norm"
                    | "average"
                    | "mean"
                    | "var"
                    | "std"
                    | "median"
                    | "quantile"
                    | "percentile"
                    | "nanmedian"
                    | "nanquantile"
                    | "nanpercentile"
                    | "sort"
                    | "roll"
                    | "flip",
                ..
            ]
        ) {
            return false;
        }
        // Those of what has no NaN are means as well.
        let is_nan_mean = matches!(self.signature.names[..], ["nanmean" | "nanvar" | "nanstd"]);
        match self.values.first() {
            Some(Some((Value::Array(array), _))) if is_nan_mean && !array.expr.is_float() => false,
            Some(Some((Value::Array(array), _))) => array.expr.ndim() == Some(0),
            Some(Some((Value::Number(number), _))) => !is_nan_mean || matches!(number, Weak::Float(_)),
            _ => false,
        }
    }

    /// An integer or several.
    pub fn shifts(&self, name: &str) -> Evaluated<'g, Shifts> {
        let value = self.value(name);
        let shifts = value.as_ref().and_then(|value| match value.parts() {
            Some(parts) => parts.iter().map(Value::as_int).collect(),
            None => Some(vec![value.as_int()?]),
        });
        shifts.map(Shifts::from).ok_or_else(|| self.wrong(name, "an integer or a tuple of integers"))
    }

    /// A computed array, which has memory of its own.
    pub fn fresh(&mut self, expr: Expr<'g>) -> Value<'g> {
        self.evaluator.fresh(expr)
    }

    /// An array that NumPy would make a view of the argument.
    pub fn view(&mut self, of: &str, expr: Expr<'g>) -> Value<'g> {
        match self.value(of) {
            Some(Value::Array(array)) => self.evaluator.view(array, expr),
            _ => self.evaluator.fresh(expr),
        }
    }

    /// The argument itself, where it is an array already.
    pub fn same(&mut self, of: &str, expr: Expr<'g>) -> Value<'g> {
        match self.value(of) {
            Some(Value::Array(Array { expr: own, identity, memory })) if own.dtype() == expr.dtype() => {
                Value::Array(Array { expr, identity, memory })
            }
            _ => self.evaluator.fresh(expr),
        }
    }
}

/// What to write instead of what is no dtype here.
fn help_for_dtype(value: &Value<'_>) -> Option<String> {
    let name = match value {
        Value::Text(name) => name,
        Value::Array(_) => {
            return Some("the dtype of an array is `x.dtype`; several arrays are one list".into());
        }
        Value::List(_) => return Some("rows are one list: `np.array([[1, 2], [3, 4]])`".into()),
        _ => return None,
    };
    if let Some(native) = name.strip_prefix('>') {
        return Some(format!("arrays have the byte order of the machine: write '{native}'"));
    }
    let kind = name.trim_start_matches(['<', '|', '=']);
    Some(match kind.chars().next() {
        _ if kind.starts_with("complex") || matches!(kind, "c8" | "c16" | "F" | "D") => {
            "there are no complex numbers: real and imaginary parts are two arrays".into()
        }
        Some('S' | 'U' | 'O' | 'V' | 'M' | 'm') => "there are numbers and `bool`".into(),
        _ => match nearest_dtype(kind) {
            Some(near) => format!("did you mean '{near}'?"),
            None => {
                "these are: bool, int8 to int64, uint8 to uint64, float16, float32, float64, bfloat16".into()
            }
        },
    })
}

fn nearest_dtype(name: &str) -> Option<&'static str> {
    const NAMES: &[&str] = &[
        "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16",
        "float32", "float64", "bfloat16", "double", "single",
    ];
    super::error::nearest(&name.to_lowercase(), NAMES.iter().copied())
}

/// The shape of an expression that is sound.
pub(super) fn sound(expr: Expr<'_>) -> Evaluated<'_, Shape> {
    expr.shape().ok_or(Stop::Poison(expr))
}
