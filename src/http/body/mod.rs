//! Request bodies: JSON, multipart and urlencoded, read into one type (contract A 1.2, B 0.3).
//! Knows no collection: what the values mean is for others to say.

mod form;
mod read;
#[cfg(test)]
mod tests;

pub use form::infer;
pub use read::{read, refuse_declared};

use crate::domain::collection::Collection;
use crate::domain::fields::FieldKind;
use crate::domain::{Json, JsonMap};
use crate::services::Error;

/// The body limit where nothing else is said: 32 MiB (contract A 1.10).
pub const DEFAULT_LIMIT: u64 = 32 << 20;

/// A body that was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Body {
    content: Content,
    /// The files that came with a multipart body.
    pub files: Vec<FilePart>,
}

/// A file of a multipart body. Its bytes were read and dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePart {
    /// The key it was sent under.
    pub key: String,
    /// The file name that the client gave.
    pub name: String,
    /// How many bytes it had.
    pub size: u64,
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
    /// The values by key as a free map, such as a record: texts of forms become booleans and
    /// numbers where they look like one, repeated keys become lists.
    pub fn into_values(self) -> JsonMap {
        match self.content {
            Content::Json(values) => values,
            Content::Form(form) => form.into_values(),
        }
    }

    /// The text under `key`, empty when there is none or null. Texts of forms are taken as they are.
    ///
    /// # Errors
    /// `BadRequest` when the value is something else than a text.
    pub fn text(&self, key: &str) -> Result<String, Error> {
        let value = match &self.content {
            Content::Json(values) => values.get(key).or_else(|| {
                // PocketBase's server finds keys of fixed shapes in any case.
                values.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, json)| json)
            }),
            Content::Form(form) => match form.text(key) {
                form::Found::Text(text) => return Ok(text.to_owned()),
                form::Found::Payload(value) => Some(value),
                form::Found::Nothing => None,
            },
        };
        match value {
            None | Some(Json::Null) => Ok(String::new()),
            Some(Json::String(text)) => Ok(text.clone()),
            Some(_) => Err(Error::bad_request(format!("{key} must be a text."))),
        }
    }

    /// Refuses files for the file fields of `collection`, which this version cannot store; files
    /// under other keys are ignored as the contract has it.
    ///
    /// # Errors
    /// `BadRequest` with the name of the field.
    pub fn refuse_uploads(&self, collection: &Collection) -> Result<(), Error> {
        for file in &self.files {
            let name = file.key.trim_start_matches('+').trim_end_matches(['+', '-']);
            let field = collection.field(name);
            if field.is_some_and(|field| matches!(field.kind, FieldKind::File(_))) {
                return Err(Error::bad_request(format!(
                    "Uploads are not supported by this version yet: leave out the file for {name}."
                )));
            }
        }
        Ok(())
    }
}
