//! Date fields.

use crate::domain::decode::{self, Malformed};
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::time::Timestamp;
use crate::domain::{Json, JsonMap};

/// Options of a date field (contract A 2.9).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DateOptions {
    /// Earliest moment.
    pub min: Option<Timestamp>,
    /// Latest moment.
    pub max: Option<Timestamp>,
}

impl DateOptions {
    pub(super) fn read(map: &JsonMap) -> Result<Self, Malformed> {
        // An unparsable bound is no bound, as contracted.
        let bound = |key| Ok(decode::text(map, key)?.and_then(|text| Timestamp::parse(&text)));
        Ok(Self { min: bound("min")?, max: bound("max")? })
    }

    pub(super) fn write(&self, out: &mut JsonMap) {
        let text =
            |bound: Option<Timestamp>| Json::from(bound.map_or(String::new(), |at| at.to_string()));
        out.insert("min".to_owned(), text(self.min));
        out.insert("max".to_owned(), text(self.max));
    }

    /// Checks a value that is not empty.
    pub(super) fn check(&self, value: &Json) -> Result<(), Fault> {
        let Some(moment) = value.as_str().and_then(Timestamp::parse) else {
            return Err(Fault::invalid_value("Must be a date."));
        };
        if let Some(min) = self.min.filter(|min| moment < *min) {
            return Err(Fault::below(min.to_rfc3339()));
        }
        if let Some(max) = self.max.filter(|max| moment > *max) {
            return Err(Fault::above(max.to_rfc3339()));
        }
        Ok(())
    }

    pub(super) fn check_options(&self, errors: &mut FieldErrors) {
        if let (Some(min), Some(max)) = (self.min, self.max)
            && max < min
        {
            errors.add(
                "max",
                Fault::new(
                    "validation_date_out_of_range",
                    format!("Must be no earlier than the first moment, {min}."),
                ),
            );
        }
    }
}

/// The stored form of an incoming value: the one text form of moments, or empty.
pub(super) fn normalise(value: &Json) -> Result<Json, Fault> {
    match value {
        Json::Null => Ok(Json::from("")),
        Json::String(text) if text.is_empty() => Ok(Json::from("")),
        Json::String(text) => {
            Timestamp::parse(text).map(|moment| Json::from(moment.to_string())).ok_or_else(|| {
                Fault::invalid_value(format!(
                    "`{text}` is not a date, such as `2026-01-31 10:00:00.000Z`."
                ))
            })
        }
        _ => Err(Fault::invalid_value("Must be a date, such as `2026-01-31 10:00:00.000Z`.")),
    }
}
