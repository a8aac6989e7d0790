//! Reports as JSON.

use super::check::problems;
use super::{
    DiagnosticReport, DimReport, KernelReport, LimitsReport, MemoryReport, NodeReport, PlanReport,
    PortReport, RemarkReport, RequirementReport, StepReport, StoredReport,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt;

/// The most mistakes that are printed one by one.
const SHOWN: usize = 20;

/// Why a text is not a report: everything that is wrong with it, each with its path in the JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError(Vec<String>);

impl JsonError {
    /// What is wrong, a sentence each, which begins with the path where there is one, as in
    /// `nodes[3].operands[0]`.
    #[must_use]
    pub fn problems(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a report of a plan: ")?;
        if let [only] = &self.0[..] {
            return f.write_str(only);
        }
        write!(f, "{} mistakes", self.0.len())?;
        self.0.iter().take(SHOWN).try_for_each(|problem| write!(f, "\n  {problem}"))?;
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n  ... and {more} more"),
        }
    }
}

impl std::error::Error for JsonError {}

/// What every version of the schema has.
#[derive(serde::Deserialize)]
struct Version {
    schema: Option<Value>,
}

impl PlanReport {
    /// The report as JSON, indented, in the schema that `docs/plans.md` describes.
    #[must_use]
    pub fn to_json(&self) -> String {
        // There is nothing in it that JSON has no form for: no map, no float.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The report that [`PlanReport::to_json`] wrote. Fields that this version does not know are passed over.
    ///
    /// # Errors
    /// All together, each with its path: fields that are missing or of another type, positions of nodes, kernels and
    /// the like that nothing has, names that no plan can have. Alone: a text that is no JSON, and a schema of another version.
    pub fn from_json(text: &str) -> Result<Self, JsonError> {
        let alone = |problem: String| JsonError(vec![problem]);
        let Version { schema } = serde_json::from_str(text).map_err(|error| alone(error.to_string()))?;
        match schema {
            None => return Err(alone("schema: missing: it says which version of reports this is".into())),
            Some(schema) if schema != Self::SCHEMA => {
                return Err(alone(format!("its schema is {schema}, this library reads {}", Self::SCHEMA)));
            }
            Some(_) => {}
        }
        let report: Self = serde_json::from_str(text).map_err(|error| {
            let fields = serde_json::from_str(text).map(misfits).unwrap_or_default();
            if fields.is_empty() { alone(error.to_string()) } else { JsonError(fields) }
        })?;
        match problems(&report) {
            problems if problems.is_empty() => Ok(report),
            problems => Err(JsonError(problems)),
        }
    }
}

/// The first thing that is wrong with each field of a report, and with each item of its lists.
fn misfits(text: Value) -> Vec<String> {
    let Value::Object(mut fields) = text else { return Vec::new() };
    let mut found = Vec::new();
    macro_rules! each {
        ($($field:ident: $item:ty,)*) => { $(
            match fields.remove(stringify!($field)) {
                Some(Value::Array(items)) => {
                    for (at, item) in items.into_iter().enumerate() {
                        found.extend(misfit::<$item>(&format!("{}[{at}]", stringify!($field)), item));
                    }
                }
                other => found.extend(misfit_of::<Vec<$item>>(stringify!($field), other)),
            }
        )* };
    }
    macro_rules! whole {
        ($($field:ident: $type:ty,)*) => { $(
            let value = fields.remove(stringify!($field));
            found.extend(misfit_of::<$type>(stringify!($field), value));
        )* };
    }
    each! {
        nodes: NodeReport, inputs: PortReport, outputs: PortReport, steps: StepReport, kernels: KernelReport,
        stored: StoredReport,
    }
    whole! { memory: MemoryReport, operations: u64, limits: LimitsReport, }
    each! {
        dims: DimReport, requirements: RequirementReport, stretches: RemarkReport, upcasts: RemarkReport,
        diagnostics: DiagnosticReport,
    }
    found
}

fn misfit_of<T: DeserializeOwned>(path: &str, value: Option<Value>) -> Option<String> {
    match value {
        Some(value) => misfit::<T>(path, value),
        None => Some(format!("{path}: missing")),
    }
}

fn misfit<T: DeserializeOwned>(path: &str, value: Value) -> Option<String> {
    let error = serde_path_to_error::deserialize::<_, T>(value).err()?;
    let within = match error.path().to_string() {
        whole if whole == "." => String::new(),
        index if index.starts_with('[') => index,
        field => format!(".{field}"),
    };
    Some(format!("{path}{within}: {}", error.inner()))
}
