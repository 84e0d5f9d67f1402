//! Request bodies: JSON, multipart and urlencoded, read into one type (contract A 1.2, B 0.3).
//! Knows no collection: what the values mean is for others to say.

mod form;
mod read;
#[cfg(test)]
mod tests;
mod tree;

pub use form::infer;
pub use read::{Intake, read, read_long, read_with, refuse_declared};

use crate::domain::{Json, JsonMap};
use crate::services::Error;
use crate::services::files::uploads::Received;

/// The body limit where nothing else is said: 32 MiB (contract A 1.10).
pub const DEFAULT_LIMIT: u64 = 32 << 20;

/// A body that was read.
#[derive(Debug, Default)]
pub struct Body {
    content: Content,
    /// The files that came with a multipart body.
    pub files: Vec<Received>,
}

#[derive(Debug, Clone, PartialEq)]
enum Content {
    Json(JsonMap),
    Form(form::Form),
}

impl Default for Content {
    fn default() -> Self {
        Self::Json(JsonMap::new())
    }
}

impl Body {
    /// The values by key as a free map, such as a record: texts of forms become booleans and numbers
    /// where they look like one, repeated keys become lists.
    pub fn into_values(self) -> JsonMap {
        self.into_parts().0
    }

    /// The values as [`Body::into_values`] has them, and the files beside them.
    pub fn into_parts(self) -> (JsonMap, Vec<Received>) {
        let values = match self.content {
            Content::Json(values) => values,
            Content::Form(form) => form.into_values(),
        };
        (values, self.files)
    }

    /// The text under `key`, empty when there is none or null. Texts of forms are taken as they are.
    ///
    /// # Errors
    /// `BadRequest` when the value is something else than a text.
    pub fn text(&self, key: &str) -> Result<String, Error> {
        match self.find(key) {
            form::Found::Text(text) => Ok(text.to_owned()),
            form::Found::Nothing | form::Found::Value(Json::Null) => Ok(String::new()),
            form::Found::Value(Json::String(text)) => Ok(text.clone()),
            form::Found::Value(_) => Err(Error::bad_request(format!("{key} must be a text."))),
        }
    }

    /// The whole number under `key`, 0 when there is none or null.
    ///
    /// # Errors
    /// `BadRequest` when the value is something else than a whole number.
    pub fn integer(&self, key: &str) -> Result<i64, Error> {
        let number = match self.find(key) {
            form::Found::Nothing | form::Found::Value(Json::Null) => Some(0),
            form::Found::Text("") => Some(0),
            form::Found::Text(text) => text.parse().ok(),
            form::Found::Value(value) => value.as_i64(),
        };
        number.ok_or_else(|| Error::bad_request(format!("{key} must be a whole number.")))
    }

    /// The texts under `key`, none when there is nothing or null. A form repeats the key.
    ///
    /// # Errors
    /// `BadRequest` when the value is something else than a list of texts.
    pub fn texts(&self, key: &str) -> Result<Vec<String>, Error> {
        let refused = || Error::bad_request(format!("{key} must be a list of texts."));
        let items = match (self.find(key), &self.content) {
            (form::Found::Text(_), Content::Form(form)) => return Ok(form.all(key)),
            (form::Found::Value(Json::Array(items)), _) => items,
            (form::Found::Nothing | form::Found::Value(Json::Null), _) => return Ok(Vec::new()),
            _ => return Err(refused()),
        };
        let text = |item: &Json| match item {
            Json::String(text) => Ok(text.clone()),
            Json::Null => Ok(String::new()),
            _ => Err(refused()),
        };
        items.iter().map(text).collect()
    }

    fn find(&self, key: &str) -> form::Found<'_> {
        let values = match &self.content {
            Content::Form(form) => return form.find(key),
            Content::Json(values) => values,
        };
        let value = values.get(key).or_else(|| {
            // PocketBase's server finds keys of fixed shapes in any case.
            values.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, json)| json)
        });
        value.map_or(form::Found::Nothing, form::Found::Value)
    }
}
