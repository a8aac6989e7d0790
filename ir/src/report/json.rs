//! Reports as JSON.

use super::PlanReport;
use std::fmt;

/// Why a text is not a report.
#[derive(Debug)]
pub struct JsonError(String);

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a report of a plan: {}", self.0)
    }
}

impl std::error::Error for JsonError {}

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
    /// A text that is no JSON, lacks a field, or has a schema of another version.
    pub fn from_json(text: &str) -> Result<Self, JsonError> {
        let report: Self = serde_json::from_str(text).map_err(|error| JsonError(error.to_string()))?;
        if report.schema != Self::SCHEMA {
            let message = format!("its schema is {}, this library reads {}", report.schema, Self::SCHEMA);
            return Err(JsonError(message));
        }
        Ok(report)
    }
}
