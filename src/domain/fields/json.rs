//! Json fields: any JSON value.

use crate::domain::decode::{self, Malformed};
use crate::domain::fields::option::{self, MAX_SAFE};
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::{Json, JsonMap};

const DEFAULT_MAX_SIZE: i64 = 1 << 20;

/// Options of a json field (contract A 2.9).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JsonOptions {
    /// Most bytes; 0 is 1 MiB.
    pub max_size: i64,
}

impl JsonOptions {
    /// Most bytes of a value, the default where none is set.
    pub const fn size_limit(&self) -> i64 {
        if self.max_size == 0 { DEFAULT_MAX_SIZE } else { self.max_size }
    }

    pub(super) fn read(map: &JsonMap) -> Result<Self, Malformed> {
        Ok(Self { max_size: decode::integer(map, "maxSize")?.unwrap_or_default() })
    }

    pub(super) fn write(&self, out: &mut JsonMap) {
        out.insert("maxSize".to_owned(), self.max_size.into());
    }

    pub(super) fn check(&self, value: &Json) -> Result<(), Fault> {
        let max = self.size_limit();
        if value.to_string().len() as i64 > max {
            return Err(Fault::new(
                "validation_json_size_limit",
                format!("Must be no larger than {max} bytes."),
            )
            .with("maxSize", max));
        }
        Ok(())
    }

    pub(super) fn check_options(&self, errors: &mut FieldErrors) {
        errors.check("maxSize", option::between(self.max_size, 0, MAX_SAFE));
    }
}

/// Texts that look like JSON are read as JSON, since forms have nothing but texts (contract A 2.9).
pub fn from_scalar_text(text: &str) -> Json {
    match text {
        "null" => return Json::Null,
        "true" => return Json::Bool(true),
        "false" => return Json::Bool(false),
        _ => {}
    }
    if text.starts_with(|c: char| c.is_ascii_digit() || "-\"[{".contains(c))
        && let Ok(value) = serde_json::from_str(text)
    {
        return value;
    }
    Json::from(text)
}

/// The stored form of an incoming value.
pub(super) fn normalise(value: &Json) -> Json {
    value.as_str().map_or_else(|| value.clone(), from_scalar_text)
}

/// Whether a required field refuses the value.
pub(super) fn is_zero(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(map) => map.is_empty(),
        Json::Bool(_) | Json::Number(_) => false,
    }
}
