//! The text parts of a form and what values they stand for.

use serde_json::Number;

use crate::domain::{Json, JsonMap};
use crate::http::body::tree::Budget;
use crate::services::Error;

/// The key whose texts are JSON objects, laid over the other parts.
const PAYLOAD: &str = "@jsonPayload";

/// The text parts of a multipart or urlencoded body.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Form {
    texts: Vec<(String, String)>,
    payload: JsonMap,
}

/// What a body has under a key.
pub(super) enum Found<'a> {
    Nothing,
    Text(&'a str),
    Value(&'a Json),
}

impl Form {
    /// Adds the next part.
    pub(super) fn push(
        &mut self,
        key: String,
        text: String,
        budget: &mut Budget,
    ) -> Result<(), Error> {
        if key != PAYLOAD {
            self.texts.push((key, text));
            return Ok(());
        }
        match budget.read_whole(text.as_bytes()) {
            Ok(Json::Object(values)) => self.payload.extend(values),
            Ok(Json::Null) => {}
            Ok(_) | Err(_) => {
                return Err(Error::bad_request(format!("{PAYLOAD} must be a JSON object.")));
            }
        }
        Ok(())
    }

    pub(super) fn find(&self, key: &str) -> Found<'_> {
        if let Some(value) = self.payload.get(key) {
            return Found::Value(value);
        }
        let text = self.texts.iter().find(|(name, _)| name == key);
        text.map_or(Found::Nothing, |(_, text)| Found::Text(text))
    }

    /// Every text under `key`.
    pub(super) fn all(&self, key: &str) -> Vec<String> {
        let texts = self.texts.iter().filter(|(name, _)| name == key);
        texts.map(|(_, text)| text.clone()).collect()
    }

    pub(super) fn into_values(self) -> JsonMap {
        let mut values = JsonMap::new();
        for (key, text) in self.texts {
            let list = values.entry(key).or_insert_with(|| Json::Array(Vec::new()));
            if let Json::Array(list) = list {
                list.push(infer(text));
            }
        }
        for value in values.values_mut() {
            if let Json::Array(list) = value
                && list.len() == 1
            {
                *value = list.remove(0);
            }
        }
        values.extend(self.payload);
        values
    }
}

/// The value that a text of a form stands for: a boolean or a number where the text is exactly how
/// that would be written, else the text itself.
pub fn infer(text: String) -> Json {
    match text.as_str() {
        "true" => Json::Bool(true),
        "false" => Json::Bool(false),
        digits => number(digits).map_or(Json::String(text), Json::Number),
    }
}

/// Only spellings that survive a double and back count, so no digit of an id is ever lost.
fn number(text: &str) -> Option<Number> {
    let first = text.bytes().next()?;
    let plain = text.bytes().all(|byte| matches!(byte, b'-' | b'.' | b'0'..=b'9'));
    if !plain || !(first == b'-' || first.is_ascii_digit()) {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    if value.to_string() != text {
        return None;
    }
    match text.parse::<i64>() {
        Ok(whole) => Some(whole.into()),
        Err(_) => Number::from_f64(value),
    }
}
