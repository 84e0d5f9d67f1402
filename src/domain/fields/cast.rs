//! How incoming values of any JSON type become a field's (contract A 2.9, "Casting"). What does not
//! parse is a fault (design §12.4), not a silent zero.

use std::collections::HashSet;

use crate::domain::Json;
use crate::domain::invalid::Fault;

/// A double in its shortest JSON form: whole numbers carry no fraction.
pub fn json_number(value: f64) -> Json {
    if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
        return Json::from(value as i64);
    }
    Json::from(value)
}

/// Text; lists and objects have none.
pub fn to_text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Bool(value) => value.to_string(),
        // Numbers are doubles, also where they are spelled with more digits than one has.
        Json::Number(number) => number
            .as_f64()
            .map(|number| if number == 0.0 { 0.0 } else { number })
            .map_or_else(String::new, |number| number.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => String::new(),
    }
}

/// A double; `validation_not_a_number` for what is none.
pub(super) fn to_number(value: &Json) -> Result<f64, Fault> {
    let number = match value {
        Json::Null => Some(0.0),
        Json::Bool(value) => Some(f64::from(u8::from(*value))),
        Json::Number(number) => number.as_f64(),
        Json::String(text) if text.is_empty() => Some(0.0),
        Json::String(text) => text.parse().ok(),
        Json::Array(_) | Json::Object(_) => None,
    };
    number
        .filter(|number| number.is_finite())
        .map(|number| if number == 0.0 { 0.0 } else { number })
        .ok_or_else(|| Fault::new("validation_not_a_number", "Must be a number."))
}

/// Whether `text` is one of the spellings of yes that the contract knows (contract A 1.7, 2.9).
pub fn spells_true(text: &str) -> bool {
    matches!(text, "1" | "t" | "T" | "TRUE" | "true" | "True")
}

/// True or false; `validation_invalid_value` for what is neither.
pub(super) fn to_bool(value: &Json) -> Result<bool, Fault> {
    match value {
        Json::Null => Ok(false),
        Json::Bool(value) => Ok(*value),
        Json::Number(number) => Ok(number.as_f64() != Some(0.0)),
        Json::String(text) => match text.as_str() {
            text if spells_true(text) => Ok(true),
            "" | "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
            _ => Err(Fault::invalid_value("Must be true or false.")),
        },
        Json::Array(_) | Json::Object(_) => Err(Fault::invalid_value("Must be true or false.")),
    }
}

/// A list of texts without blanks and repetitions.
pub(super) fn to_texts(value: &Json) -> Vec<String> {
    let texts = match value {
        Json::Null | Json::Object(_) => Vec::new(),
        Json::Array(items) => items.iter().map(to_text).collect(),
        Json::String(text) if text.contains('[') => {
            serde_json::from_str(text).unwrap_or_else(|_| vec![text.clone()])
        }
        scalar => vec![to_text(scalar)],
    };
    distinct(texts)
}

/// `texts` without blanks and repetitions; the first of equal ones stays.
pub(super) fn distinct(texts: impl IntoIterator<Item = String>) -> Vec<String> {
    // As many as a body can hold come here, before anybody looks at how many there may be.
    let mut seen = HashSet::new();
    texts.into_iter().filter(|text| !text.is_empty() && seen.insert(text.clone())).collect()
}

/// The stored form of a select, file or relation: a list, or the last text where there is one value.
pub(super) fn from_texts(mut texts: Vec<String>, multiple: bool) -> Json {
    if multiple {
        return Json::from(texts);
    }
    Json::from(texts.pop().unwrap_or_default())
}
