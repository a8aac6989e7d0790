//! What names and attributes stand for, and what was meant by those that stand for nothing.

use super::call::sound;
use super::error::{Refusal, nearest};
use super::evaluate::Evaluator;
use super::grammar::MODULES;
use super::input::Declared;
use super::selected;
use super::value::{Evaluated, Value, dtype_of_numpy};
use fusewire_ir::Weak;

/// The attributes of arrays.
pub(super) const ATTRIBUTES: &[&str] =
    &["T", "mT", "shape", "ndim", "size", "nbytes", "itemsize", "dtype", "real", "imag"];

/// The most names that a message lists.
const MOST_NAMED: usize = 12;

/// Names of values that NumPy has.
const CONSTANTS: &[&str] = &[
    "pi",
    "inf",
    "nan",
    "newaxis",
    "euler_gamma",
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
    "double",
];

/// Letters of mathematics.
const SYMBOLS: &[(&str, &str)] = &[("π", "np.pi"), ("∞", "np.inf")];

/// Modules of Python that are not here, and of which some functions have their names in NumPy.
const OTHER_MODULES: &[&str] = &[
    "math",
    "cmath",
    "scipy",
    "sp",
    "torch",
    "tf",
    "tensorflow",
    "jnp",
    "jax",
    "cp",
    "cupy",
    "pd",
    "pandas",
    "pl",
    "da",
    "dask",
    "os",
    "sys",
    "random",
    "functools",
    "itertools",
    "operator",
    "statistics",
];

impl<'t, 'g> Evaluator<'t, 'g> {
    pub(super) fn name(&mut self, name: &'t str) -> Evaluated<'g> {
        if self.stale.contains(name) {
            let message = format!("`{name}` shows the memory of an array that was assigned to since");
            let help = format!(
                "NumPy would have changed `{name}` as well: keep its elements with `.copy()`, or take the view anew"
            );
            return Err(Refusal::language(message).help(help).into());
        }
        if let Some(value) = self.variables.get(name) {
            return Ok(value.clone());
        }
        if let Some(input) = self.inputs.get(name) {
            let value = match input.declare(self.graph, name) {
                Declared::Array(expr) => self.fresh(expr),
                Declared::Other(value) => value,
            };
            self.variables.insert(name, value.clone());
            return Ok(value);
        }
        let plain = super::functions::without_module(name);
        if let Some(value) = constant(plain) {
            return Ok(value);
        }
        if let Some(refusal) = super::functions::unsupported(name, plain) {
            return Err(refusal.into());
        }
        if super::functions::is_known(plain) {
            let refusal = Refusal::argument(format!("`{name}` is a function"));
            return Err(refusal.help(format!("call it: `{name}(x)`")).into());
        }
        Err(self.unknown_name(name).into())
    }

    fn unknown_name(&self, name: &str) -> Refusal {
        let refusal = Refusal::new(fusewire_ir::DiagnosticKind::Name, format!("`{name}` is not defined"));
        let plain = super::functions::without_module(name);
        let of_numpy = CONSTANTS.iter().copied().chain(super::functions::names());
        if plain != name {
            return match nearest(plain, of_numpy) {
                Some(near) => refusal.help(format!("did you mean `np.{near}`?")),
                None => refusal.help("`fusewire ops` lists the functions of the language"),
            };
        }
        if let Some((_, what)) = SYMBOLS.iter().find(|(symbol, _)| *symbol == name) {
            return refusal.help(format!("write `{what}`"));
        }
        if let Some((of, power)) =
            name.strip_suffix('²').map(|of| (of, 2)).or_else(|| name.strip_suffix('³').map(|of| (of, 3)))
        {
            return refusal.help(format!("write `{of} ** {power}`"));
        }
        if OTHER_MODULES.contains(&name) {
            return refusal.help("of modules there is numpy alone: `np.sqrt(x)`");
        }
        let mut known: Vec<&str> = self.inputs.keys().chain(self.variables.keys()).copied().collect();
        known.sort_unstable();
        known.dedup();
        if let Some(near) = nearest(name, known.iter().copied().chain(MODULES)) {
            return refusal.help(format!("did you mean `{near}`?"));
        }
        if let Some(near) = nearest(name, CONSTANTS.iter().copied()) {
            return refusal.help(format!("did you mean `np.{near}`?"));
        }
        if known.is_empty() {
            return refusal.help(format!("declare it: `{name}=f64[1000,3]`"));
        }
        let more = known.len().saturating_sub(MOST_NAMED);
        known.truncate(MOST_NAMED);
        let and_more = if more > 0 { format!(", and {more} more") } else { String::new() };
        refusal.help(format!("defined are: {}{and_more}", known.join(", ")))
    }

    pub(super) fn attribute(&mut self, of: &Value<'g>, name: &str) -> Evaluated<'g> {
        if let Value::Records(rows) = of {
            return match name {
                "shape" => Value::tuple(rows.shape.iter().map(Value::size).collect()),
                "ndim" => Ok(Value::int(rows.shape.len() as i128)),
                _ => Err(Refusal::language(format!(
                    "the attribute `{name}` of records is not in the language"
                ))
                .help("take a field first: `x['name']`")
                .into()),
            };
        }
        if let Value::Selected(selected) = of {
            match name {
                "ndim" => return Ok(selected.ndim().map_or(Value::Wrong, |axes| Value::int(axes as i128))),
                "size" => return Ok(Value::Later(selected.size()?)),
                "shape" => return Value::tuple(selected.sizes()?),
                "T" if selected.ndim() == Some(1) => return Ok(of.clone()),
                "dtype" => return Ok(selected.values.dtype().map_or(Value::Wrong, Value::DType)),
                _ => return Err(selected::no_function(name).into()),
            }
        }
        let Value::Array(array) = of else {
            let message = format!("attributes of {} are not in the language", of.describe());
            return Err(Refusal::language(message).into());
        };
        let expr = array.expr;
        match name {
            "T" => return Ok(self.view(*array, expr.transpose())),
            "mT" => return Ok(self.view(*array, expr.matrix_transpose())),
            "real" => return Ok(of.clone()),
            "imag" => return Ok(self.fresh(expr.imag())),
            _ => {}
        }
        let shape = sound(expr)?;
        Ok(match name {
            "shape" => Value::tuple(shape.iter().map(Value::size).collect())?,
            "ndim" => Value::int(shape.len() as i128),
            "size" => {
                let sizes = shape.iter().map(|dim| dim.clone().with_label(None));
                Value::size(&sizes.reduce(|all, size| all * size).unwrap_or_else(|| 1u64.into()))
            }
            "nbytes" if shape.is_known() => Value::int(expr.nbytes().unwrap_or(u64::MAX)),
            "itemsize" => Value::int(expr.dtype().map_or(0, |dtype| dtype.bytes() as i128)),
            "dtype" => expr.dtype().map_or(Value::Wrong, Value::DType),
            _ => {
                let refusal =
                    Refusal::language(format!("the attribute `{name}` of an array is not in the language"));
                let is_method = super::functions::is_known(name);
                let near = nearest(&name.to_lowercase(), ATTRIBUTES.iter().copied());
                let help = match near {
                    _ if is_method => format!("call it: `x.{name}()`"),
                    Some(near) => format!("did you mean `x.{near}`?"),
                    None => format!("these are: {}", ATTRIBUTES.join(", ")),
                };
                return Err(refusal.help(help).into());
            }
        })
    }
}

/// What NumPy and Python define under a name.
fn constant<'g>(name: &str) -> Option<Value<'g>> {
    let float = |value| Some(Value::Number(Weak::Float(value)));
    match name {
        "pi" => float(std::f64::consts::PI),
        "e" => float(std::f64::consts::E),
        "inf" => float(f64::INFINITY),
        "nan" => float(f64::NAN),
        "euler_gamma" => float(0.577_215_664_901_532_9),
        "newaxis" => Some(Value::None),
        "True_" => Some(Value::Number(Weak::Bool(true))),
        "False_" => Some(Value::Number(Weak::Bool(false))),
        // Only names that Python or NumPy has: `f4` is a dtype only as a string.
        _ if name.len() > 2 && !name.contains(|c: char| !c.is_alphanumeric() && c != '_') => {
            dtype_of_numpy(name).map(Value::DType)
        }
        _ => None,
    }
}
