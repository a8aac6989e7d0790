//! The functions and methods of the language. Those with arguments of their own are rows of the tables below this
//! module; every operation of the op table is callable by its name and its aliases without a row.

mod arrange;
mod builtin;
mod create;
mod elements;
mod lengths;
mod order;
mod products;
mod quantile;
mod reduce;
mod unsupported;

use super::assign::{is_same_kind, numpy_name};
use super::call::{Argued, Call, Form, Function, Signature};
use super::error::{Refusal, nearest};
use super::evaluate::Evaluator;
use super::grammar::MODULES;
use super::names::ATTRIBUTES;
use super::reduced::Reduced;
use super::selected;
use super::tree::{Callee, Given, Id, Span, Syntax};
use super::value::{Array, Evaluated, Stop, Value, dtype_of_numpy};
use crate::expr::{Argument, Expr};
use fusewire_ir::{DType, ElementOp, Weak};
use std::collections::HashMap;
use std::sync::LazyLock;

const TABLES: [(Kind, &[Function]); 8] = [
    (Kind::Whole, create::TABLE),
    (Kind::Whole, arrange::TABLE),
    (Kind::Reductions, reduce::TABLE),
    (Kind::Own, order::TABLE),
    (Kind::Reductions, quantile::TABLE),
    (Kind::Whole, products::TABLE),
    (Kind::Whole, lengths::TABLE),
    (Kind::Elements, elements::TABLE),
];

/// What the rows of a table do with elements that a mask selects.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// They compute each element from those beside it.
    Elements,
    /// They reduce an array, its first argument, and ask for [`Call::selection`].
    Reductions,
    /// They look at them themselves, or refuse them as they do what is no array.
    Own,
    /// Anything else.
    Whole,
}

struct Row {
    function: &'static Function,
    signature: Signature,
    kind: Kind,
}

/// A statement rather than a function: it changes its first argument.
const ADD_AT: &str = "add.at(a, indices, b)";

/// The rows by each of their names.
static ROWS: LazyLock<HashMap<&'static str, Vec<&'static Row>>> = LazyLock::new(|| {
    let mut rows: HashMap<&'static str, Vec<&'static Row>> = HashMap::new();
    for (kind, function) in TABLES.iter().flat_map(|(kind, table)| table.iter().map(|row| (*kind, row))) {
        let signature = Signature::new(function.signature);
        let row: &'static Row = Box::leak(Box::new(Row { function, signature, kind }));
        for name in &row.signature.names {
            rows.entry(name).or_default().push(row);
        }
    }
    rows
});

/// The operations of the op table by names and by aliases that are names; the first has an alias.
static OPERATIONS: LazyLock<HashMap<&'static str, ElementOp>> = LazyLock::new(|| {
    let mut operations: HashMap<&'static str, ElementOp> =
        ElementOp::ALL.iter().map(|op| (op.name(), *op)).collect();
    for op in ElementOp::ALL {
        for alias in op.row().aliases {
            operations.entry(alias).or_insert(*op);
        }
    }
    operations
});

pub(super) fn signatures() -> impl Iterator<Item = &'static str> {
    TABLES.iter().flat_map(|(_, table)| table.iter()).map(|function| function.signature).chain([ADD_AT])
}

/// A name without `np.` or `numpy.` before it.
pub(super) fn without_module(name: &str) -> &str {
    MODULES.iter().find_map(|module| name.strip_prefix(module)?.strip_prefix('.')).unwrap_or(name)
}

/// The refusal of what Python or NumPy has and the language has not.
pub(super) fn unsupported(full: &str, name: &str) -> Option<Refusal> {
    unsupported::reason(name).map(|reason| unsupported::refuse(full).help(reason))
}

/// Is there a function of this name?
fn is_here(name: &str) -> bool {
    row(name, Form::Function).is_some()
        || OPERATIONS.contains_key(name)
        || dtype_of_numpy(name).is_some()
        || matches!(name, "len" | "slice")
}

/// Every name of a method.
fn methods() -> impl Iterator<Item = &'static str> {
    ROWS.iter().filter(|(name, _)| row(name, Form::Method).is_some()).map(|(name, _)| *name)
}

pub(super) fn is_known(name: &str) -> bool {
    ROWS.contains_key(name)
        || ADD_AT.starts_with(&format!("{name}("))
        || OPERATIONS.contains_key(name)
        || unsupported::reason(name).is_some()
}

fn row(name: &str, wanted: Form) -> Option<&'static Row> {
    let rows = ROWS.get(name)?;
    rows.iter().find(|row| row.function.form == Form::Both || row.function.form == wanted).copied()
}

pub(super) use products::matmul;

impl<'t, 'g> Evaluator<'t, 'g> {
    pub(super) fn call(
        &mut self,
        callee: &Callee,
        given: &[Given],
        may_write: bool,
        take: &mut impl FnMut(Id) -> Value<'g>,
    ) -> Evaluated<'g> {
        let mut arguments: Vec<Argued<'t, 'g>> = Vec::with_capacity(given.len() + 1);
        let (full, form) = match callee {
            Callee::Function(path) => (path.of(self.text), Form::Function),
            Callee::Method(receiver, name) => {
                arguments.push(Argued {
                    keyword: None,
                    value: take(*receiver),
                    span: self.tree.span(*receiver),
                });
                (name.of(self.text), Form::Method)
            }
        };
        if form == Form::Function && without_module(full) == "add.at" {
            let values: Vec<Value<'g>> = given.iter().map(|argument| take(argument.value)).collect();
            let first = given.first().map(|argument| &self.tree.node(argument.value).syntax);
            return match (&values[..], first) {
                ([Value::Array(array), items, value], Some(Syntax::Name(_)))
                    if may_write && given.iter().all(|argument| argument.keyword.is_none()) =>
                {
                    self.add_at(*array, items, value)
                }
                _ => {
                    let message = "`np.add.at` stands as a statement of its own";
                    let help = "write `np.add.at(y, indices, values)`, where `y` is the name of an array";
                    Err(Refusal::language(message).help(help).into())
                }
            };
        }
        // An `out` is written after the result is known.
        let mut out = None;
        for argument in given {
            let keyword = argument.keyword.map(|keyword| keyword.of(self.text));
            let (value, span) = (take(argument.value), self.tree.span(argument.value));
            let span = argument.keyword.map_or(span, |keyword| keyword.to(span));
            match (keyword, value) {
                (Some("out"), Value::None) => {}
                (Some("out"), value) => {
                    let named = matches!(self.tree.node(argument.value).syntax, Syntax::Name(_));
                    out = Some((value, span, named));
                }
                (keyword, value) => arguments.push(Argued { keyword, value, span }),
            }
        }
        let out = match out {
            None => None,
            Some((_, span, _)) if !may_write => {
                let refusal =
                    Refusal::language("`out` stands only in a call that is a statement of its own").at(span);
                return Err(refusal
                    .help("write the call on a line of its own, and the name after it")
                    .into());
            }
            Some((Value::Array(array), _, true)) => Some(array),
            Some((value, span, _)) => {
                let message = format!("`out` is the name of an array, not {}", value.describe());
                return Err(Refusal::argument(message).at(span).into());
            }
        };
        if let Some(Some(dtype)) = out.map(|out| out.expr.dtype())
            && dtype.is_float()
            && let Some(found) = row(without_module(full), form)
            && matches!(found.kind, Kind::Reductions | Kind::Own)
            && found.signature.place("dtype").is_some_and(|place| {
                arguments.iter().filter(|argued| argued.keyword.is_none()).count() <= place
            })
            && !arguments.iter().any(|argument| argument.keyword == Some("dtype"))
        {
            // A reduction is computed in the dtype that it is stored in.
            let span = self.tree.span(given.last().map_or(Id(0), |last| last.value));
            arguments.push(Argued { keyword: Some("dtype"), value: Value::DType(dtype), span });
        }
        let is_here = match form {
            Form::Method => row(full, Form::Method).is_some(),
            _ => is_here(without_module(full)),
        };
        let result = match form {
            Form::Method => self.method(full, arguments),
            _ => self.function(full, arguments, out),
        };
        // What is not in the language is the name, not what it is called with.
        let name = match callee {
            Callee::Function(name) | Callee::Method(_, name) => *name,
        };
        let result = result.map_err(|stop| if is_here { stop } else { at(stop, name) })?;
        match (out, result) {
            (Some(out), Value::Array(result)) => self.write_out(out, result.expr),
            (Some(_), _) => Err(Refusal::argument(format!("`{full}` has no `out`")).into()),
            (None, result) => Ok(result),
        }
    }

    fn call_row(
        &mut self,
        row: &'static Row,
        name: &'t str,
        mut arguments: Vec<Argued<'t, 'g>>,
    ) -> Evaluated<'g> {
        let mut selected = None;
        let mut reduced = None;
        if arguments.iter().any(|argued| matches!(argued.value, Value::Selected(_))) {
            match row.kind {
                // Places are not those of the elements.
                Kind::Elements if name == "where" && arguments.len() == 1 => {
                    return Err(selected::no_function(name).into());
                }
                Kind::Elements => {
                    let values: Vec<Value<'g>> =
                        arguments.iter().map(|argued| argued.value.clone()).collect();
                    selected = selected::common(&values)?;
                    for (argued, selected) in arguments.iter_mut().zip(std::iter::repeat(selected)) {
                        if let Some(selected) = selected {
                            argued.value = self.everywhere(&argued.value, &selected)?;
                        }
                    }
                }
                Kind::Reductions => {
                    reduced = Some(self.reduced_arguments(name, &row.signature, &mut arguments)?);
                }
                Kind::Own => {}
                Kind::Whole => {
                    return match (name, &arguments[..]) {
                        ("ravel" | "flatten", [Argued { value: Value::Selected(of), .. }]) => {
                            Ok(Value::Selected(of.flattened()?))
                        }
                        // They are no view of anything.
                        ("copy", [only]) => Ok(only.value.clone()),
                        _ => Err(selected::no_function(name).into()),
                    };
                }
            }
        }
        let selection = reduced.as_ref().and_then(Reduced::mask);
        let mut call = Call::new(self, name, &row.signature, arguments, selection)?;
        let result = (row.function.call)(&mut call)?;
        // A row that did not ask which elements are selected has reduced all of them.
        if !call.knows_selection() {
            return Err(selected::no_function(name).into());
        }
        match (selected, reduced) {
            (Some(selected), _) => self.selected(&selected, result),
            (None, Some(reduced)) => self.reduced(&reduced, result),
            (None, None) => Ok(result),
        }
    }

    fn method(&mut self, name: &'t str, arguments: Vec<Argued<'t, 'g>>) -> Evaluated<'g> {
        let receiver = arguments.first().map_or(Value::None, |argument| argument.value.clone());
        if !matches!(receiver, Value::Array(_) | Value::Selected(_)) {
            let message = format!("methods of {} are not in the language", receiver.describe());
            let refusal = Refusal::language(message);
            return Err(
                if is_known(name) { refusal.help(format!("write `np.{name}(x)`")) } else { refusal }.into()
            );
        }
        if let Some(row) = row(name, Form::Method) {
            return self.call_row(row, name, arguments);
        }
        if ATTRIBUTES.contains(&name) {
            let refusal = Refusal::language(format!("`{name}` is an attribute, not a method"));
            return Err(refusal.help(format!("without brackets: `x.{name}`")).into());
        }
        if let Some(reason) = unsupported::reason(name) {
            return Err(unsupported::refuse(name).help(reason).into());
        }
        let refusal = Refusal::language(format!("arrays have no method `{name}`"));
        Err(match (name, ROWS.get(name).and_then(|rows| rows.first())) {
            ("sort", _) => refusal.help("arrays are not changed by methods: `x = np.sort(x)`"),
            (_, Some(row)) => {
                let (_, takes) = row.function.signature.split_once('(').unwrap_or_default();
                refusal.help(format!("it is a function: `np.{name}({takes}`"))
            }
            _ if is_known(name) => refusal.help(format!("it is a function: `np.{name}(x)`")),
            _ => match nearest(&name.to_lowercase(), methods().chain(ATTRIBUTES.iter().copied())) {
                Some(near) if ATTRIBUTES.contains(&near) => refusal.help(format!("did you mean `x.{near}`?")),
                Some(near) => refusal.help(format!("did you mean `x.{near}()`?")),
                None => refusal.help("`fusewire ops` lists the functions of the language"),
            },
        }
        .into())
    }

    fn function(
        &mut self,
        full: &'t str,
        arguments: Vec<Argued<'t, 'g>>,
        out: Option<Array<'g>>,
    ) -> Evaluated<'g> {
        let name = without_module(full);
        if name == full {
            let what = match (self.variables.get(name), self.inputs.contains_key(name)) {
                (Some(value), _) => Some(value.describe()),
                (None, true) => Some("an input".into()),
                (None, false) => None,
            };
            if let Some(what) = what {
                let refusal = Refusal::argument(format!("`{name}` is {what}, not a function"));
                return Err(refusal
                    .help(format!("a part of it is `{name}[0]`, a product `{name} * 2`"))
                    .into());
            }
        }
        if name == full
            && let Some(result) = builtin::call(name, self, &arguments)
        {
            return result;
        }
        if let Some(row) = row(name, Form::Function) {
            return self.call_row(row, name, arguments);
        }
        if let Some(reason) = unsupported::reason(name) {
            return Err(unsupported::refuse(full).help(reason).into());
        }
        if let Some(op) = OPERATIONS.get(name) {
            return self.operation(*op, name, arguments, out);
        }
        if let Some(dtype) = dtype_of_numpy(name).filter(|_| name.len() > 2) {
            return self.convert(full, dtype, arguments);
        }
        Err(unsupported::unknown(full, name, is_known, &names()).into())
    }

    /// `np.float32(x)`; of Python's own types the number stays one without a dtype.
    fn convert(&mut self, name: &str, dtype: DType, arguments: Vec<Argued<'t, 'g>>) -> Evaluated<'g> {
        let [Argued { keyword: None, value, span }] = &arguments[..] else {
            return Err(Refusal::argument(format!("`{name}` takes one value")).into());
        };
        match (name, value) {
            ("float", Value::Number(number)) => Ok(Value::Number(Weak::Float(super::python::float(*number)))),
            ("int", Value::Number(Weak::Float(value))) if value.is_finite() => Ok(Value::int(*value as i128)),
            ("int", Value::Number(Weak::Float(value))) => {
                Err(Refusal::argument(format!("{value} is no integer")).at(*span).into())
            }
            ("int", Value::Number(Weak::Int(_)) | Value::Dim(_)) => Ok(value.clone()),
            ("int", Value::Number(Weak::Bool(truth))) => Ok(Value::int(*truth)),
            ("bool", Value::Number(number)) => {
                Ok(Value::Number(Weak::Bool(super::python::float(*number) != 0.0)))
            }
            ("float" | "int" | "bool", value) => {
                let number = value.as_expr(self.graph, None).map_err(|stop| at(stop, *span))?;
                if !super::call::sound(number)?.is_empty() {
                    let message = format!("`{name}` takes a single element, not {}", value.describe());
                    let help = format!("convert all of them: `x.astype({name})`");
                    return Err(Refusal::argument(message).at(*span).help(help).into());
                }
                Ok(Value::Later(if name == "bool" { number.not_equal(0) } else { number.astype(dtype) }))
            }
            _ => {
                let expr = value.as_expr(self.graph, Some(dtype)).map_err(|stop| at(stop, *span))?;
                Ok(self.fresh(expr))
            }
        }
    }

    /// An operand of an operation with `dtype=`, which is to be of the same kind.
    pub(super) fn held_to_dtype(
        &self,
        name: &str,
        operand: &Value<'g>,
        dtype: DType,
    ) -> Evaluated<'g, Expr<'g>> {
        let from = match operand {
            Value::Number(number) => number.default_dtype(),
            other => {
                let expr = other.as_expr(self.graph, None)?;
                expr.dtype().ok_or(Stop::Poison(expr))?
            }
        };
        if !is_same_kind(from, dtype) {
            let message = format!("`{name}` in {dtype} has an operand of {from}");
            let help = format!("convert it: `x.astype(np.{})`", numpy_name(dtype));
            return Err(Refusal::new(fusewire_ir::DiagnosticKind::DType, message).help(help).into());
        }
        operand.as_expr(self.graph, Some(dtype))
    }

    /// An operation of the op table as NumPy's ufunc, with `dtype=`, `where=` and `out=`.
    fn operation(
        &mut self,
        op: ElementOp,
        name: &str,
        arguments: Vec<Argued<'t, 'g>>,
        out: Option<Array<'g>>,
    ) -> Evaluated<'g> {
        let (mut operands, mut spans, mut dtype, mut mask) = (Vec::new(), Vec::new(), None, None);
        for Argued { keyword, value, span } in arguments {
            match keyword {
                None => {
                    spans.push(span);
                    operands.push(value);
                }
                Some("dtype") if value.is_none() => {}
                Some("dtype") => {
                    let wrong = || Refusal::argument(format!("{} is no dtype", value.describe())).at(span);
                    dtype = Some(value.as_dtype().ok_or_else(wrong)?);
                }
                Some("where") => mask = Some(value.as_expr(self.graph, None)?),
                Some(other) => {
                    let message = format!("`{name}` has no argument `{other}`");
                    return Err(Refusal::argument(message)
                        .at(span)
                        .help("operations take `out`, `where` and `dtype`")
                        .into());
                }
            }
        }
        if operands.len() != op.arity() {
            let plural = if op.arity() == 1 { "" } else { "s" };
            let message = format!("`{name}` takes {} operand{plural}, not {}", op.arity(), operands.len());
            return Err(Refusal::argument(message).into());
        }
        // The answers of a test are `bool` already.
        let is_test = dtype == Some(DType::Bool)
            && self.element(op, &operands)?.as_expr(self.graph, None)?.dtype() == Some(DType::Bool);
        if let Some(dtype) = dtype.filter(|_| !is_test) {
            for operand in &mut operands {
                let converted = self.held_to_dtype(name, operand, dtype)?;
                *operand = self.fresh(converted);
            }
        }
        let result = self.element(op, &operands).map_err(|stop| match stop {
            Stop::Refused(refusal) => {
                let span = refusal.part.and_then(|part| spans.get(part).copied());
                span.map_or(refusal.clone(), |span| refusal.at(span)).into()
            }
            stop => stop,
        })?;
        if let (Some(dtype), Value::Array(array)) = (dtype, &result)
            && array.expr.dtype().is_some_and(|own| own != dtype)
        {
            return Err(Refusal::argument(format!("`{name}` has no results of dtype {dtype}")).into());
        }
        match (mask, out, result) {
            (None, _, result) => Ok(result),
            (Some(mask), Some(out), Value::Array(result)) => {
                let expr = Expr::element_of(
                    self.graph,
                    ElementOp::Select,
                    [mask, result.expr, out.expr].map(Argument::Expr).into_iter(),
                );
                Ok(self.fresh(expr))
            }
            _ => {
                let refusal = Refusal::argument(format!(
                    "`{name}` with `where` but without `out` has elements of any value"
                ));
                Err(refusal.help(format!("write `np.where(mask, np.{name}(x), y)`")).into())
            }
        }
    }
}

/// At this piece, unless a better one is known.
fn at(stop: Stop<'_>, span: Span) -> Stop<'_> {
    match stop {
        Stop::Refused(refusal) => refusal.at(span).into(),
        stop => stop,
    }
}

/// Every name that can be called.
pub(super) fn names() -> Vec<&'static str> {
    let is_name = |name: &&str| {
        !name.contains(|c: char| c.is_ascii_punctuation() && c != '_' && c != '.') && *name != "not"
    };
    let all = ROWS.keys().chain(OPERATIONS.keys()).copied();
    // Those of two letters are like anything.
    all.filter(is_name).filter(|name| name.len() > 2).chain(["len"]).collect()
}
