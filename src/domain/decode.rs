//! Reading the JSON of definitions (collections, fields, settings): absent and null keys mean "not
//! said", anything of another type than the key's is an error. Knows no key by name.

use crate::domain::{Json, JsonMap};

/// Whether secrets are part of the JSON of a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Secrets {
    /// For storage.
    Kept,
    /// For those who read it.
    LeftOut,
}

/// JSON that has not the shape of what it is read as.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` {message}.")]
pub struct Malformed {
    /// Where, such as `fields.1.max`.
    pub path: String,
    /// What is expected there, such as "must be a whole number".
    pub message: String,
}

impl Malformed {
    /// Something wrong with the value of `path`; `message` follows it in a sentence.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }

    /// The same, seen from outside of the object or list at `path`.
    #[must_use]
    pub fn within(mut self, path: impl std::fmt::Display) -> Self {
        self.path = format!("{path}.{}", self.path);
        self
    }
}

/// The value of `key`, unless it is absent or null.
pub fn value<'a>(map: &'a JsonMap, key: &str) -> Option<&'a Json> {
    map.get(key).filter(|value| !value.is_null())
}

fn typed<'a, T>(
    map: &'a JsonMap,
    key: &str,
    expected: &str,
    read: impl Fn(&'a Json) -> Option<T>,
) -> Result<Option<T>, Malformed> {
    value(map, key)
        .map(|value| read(value).ok_or_else(|| Malformed::new(key, format!("must be {expected}"))))
        .transpose()
}

/// Text.
///
/// # Errors
/// When the value is something else.
pub fn text(map: &JsonMap, key: &str) -> Result<Option<String>, Malformed> {
    typed(map, key, "text", |value| value.as_str().map(str::to_owned))
}

/// True or false.
///
/// # Errors
/// When the value is something else.
pub fn boolean(map: &JsonMap, key: &str) -> Result<Option<bool>, Malformed> {
    typed(map, key, "true or false", Json::as_bool)
}

/// A number.
///
/// # Errors
/// When the value is something else.
pub fn number(map: &JsonMap, key: &str) -> Result<Option<f64>, Malformed> {
    typed(map, key, "a number", Json::as_f64)
}

/// A number without a fraction.
///
/// # Errors
/// When the value is something else.
pub fn integer(map: &JsonMap, key: &str) -> Result<Option<i64>, Malformed> {
    typed(map, key, "a whole number", |value| {
        value.as_i64().or_else(|| {
            let number = value.as_f64()?;
            (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
        })
    })
}

/// An object.
///
/// # Errors
/// When the value is something else.
pub fn object<'a>(map: &'a JsonMap, key: &str) -> Result<Option<&'a JsonMap>, Malformed> {
    typed(map, key, "an object", Json::as_object)
}

/// Puts what was said in the place of `target`; what was not said changes nothing.
pub(super) fn set<T>(target: &mut T, said: Option<T>) {
    if let Some(said) = said {
        *target = said;
    }
}

/// Reads the object at `key` with `apply`, when there is one.
///
/// # Errors
/// When the value is no object, or what `apply` says, seen from outside of the object.
pub(super) fn within(
    map: &JsonMap,
    key: &str,
    apply: impl FnOnce(&JsonMap) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    match object(map, key)? {
        Some(inner) => apply(inner).map_err(|err| err.within(key)),
        None => Ok(()),
    }
}

/// A list.
///
/// # Errors
/// When the value is something else.
pub fn list<'a>(map: &'a JsonMap, key: &str) -> Result<Option<&'a [Json]>, Malformed> {
    typed(map, key, "a list", |value| value.as_array().map(Vec::as_slice))
}

/// A list of texts.
///
/// # Errors
/// When the value is something else.
pub fn texts(map: &JsonMap, key: &str) -> Result<Option<Vec<String>>, Malformed> {
    typed(map, key, "a list of texts", |value| {
        value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
    })
}
