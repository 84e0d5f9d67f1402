//! A field's values: the zero value, how an incoming value is read and what is refused (contract A
//! 2.9). Type by type it asks the file of the field's type.

use super::{cast, date, geo_point, json};
use crate::domain::Json;
use crate::domain::fields::{Field, FieldKind};
use crate::domain::invalid::Fault;

impl Field {
    /// The value of a field that nobody said anything about: null where that is a value of its own,
    /// else the zero value of the type.
    pub fn zero(&self) -> Json {
        if self.ext.nullable { Json::Null } else { self.kind_zero() }
    }

    /// The zero value of the type, which existing rows get with a new field that is not nullable.
    pub fn kind_zero(&self) -> Json {
        match &self.kind {
            FieldKind::Number(_) => Json::from(0),
            FieldKind::Bool => Json::from(false),
            FieldKind::Json(_) => Json::Null,
            FieldKind::GeoPoint => geo_point::point(0.0, 0.0),
            FieldKind::Select(_) | FieldKind::File(_) | FieldKind::Relation(_)
                if self.is_multiple() =>
            {
                Json::Array(Vec::new())
            }
            _ => Json::from(""),
        }
    }

    /// Whether `value`, which is normalised, is null or the zero value: what `required` refuses.
    pub fn is_zero(&self, value: &Json) -> bool {
        match &self.kind {
            FieldKind::Json(_) => json::is_zero(value),
            FieldKind::GeoPoint => value.is_null() || geo_point::is_zero(value),
            FieldKind::Number(_) => value.as_f64().is_none_or(|number| number == 0.0),
            FieldKind::Bool => value != &Json::Bool(true),
            _ => match value {
                Json::Array(items) => items.is_empty(),
                value => value.as_str().is_none_or(str::is_empty),
            },
        }
    }

    /// The stored form of a value that a client sent. Password fields give the plain password.
    ///
    /// # Errors
    /// When the value does not parse as the field's type.
    pub fn normalise(&self, value: &Json) -> Result<Json, Fault> {
        if self.ext.nullable && self.reads_as_null(value) {
            return Ok(Json::Null);
        }
        let stored = self.cast(value)?;
        Ok(if self.ext.nullable && self.reads_as_null(&stored) { Json::Null } else { stored })
    }

    fn cast(&self, value: &Json) -> Result<Json, Fault> {
        match &self.kind {
            FieldKind::Text(_)
            | FieldKind::Editor(_)
            | FieldKind::Email(_)
            | FieldKind::Url(_)
            | FieldKind::Password(_) => Ok(Json::from(cast::to_text(value))),
            FieldKind::Number(_) => cast::to_number(value).map(cast::json_number),
            FieldKind::Bool => cast::to_bool(value).map(Json::from),
            FieldKind::Date(_) | FieldKind::Autodate(_) => date::normalise(value),
            FieldKind::Select(_) | FieldKind::File(_) | FieldKind::Relation(_) => {
                Ok(cast::from_texts(cast::to_texts(value), self.is_multiple()))
            }
            FieldKind::Json(_) => Ok(json::normalise(value)),
            FieldKind::GeoPoint => geo_point::normalise(value),
        }
    }

    /// Null, and for all but texts the empty text, which is all that a form can send.
    fn reads_as_null(&self, value: &Json) -> bool {
        let is_text = matches!(self.kind, FieldKind::Text(_) | FieldKind::Editor(_));
        value.is_null() || (!is_text && value.as_str() == Some(""))
    }

    /// Checks a normalised value against the field's options. Whether related records exist, files
    /// are stored and passwords are long enough (they are hashes by now) is checked elsewhere.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn check(&self, value: &Json) -> Result<(), Fault> {
        if self.is_zero(value) {
            return if self.required { Err(Fault::required()) } else { Ok(()) };
        }
        match &self.kind {
            FieldKind::Text(options) => options.check(value),
            FieldKind::Editor(options) => options.check(value),
            FieldKind::Number(options) => options.check(value),
            FieldKind::Email(options) => options.check_email(value),
            FieldKind::Url(options) => options.check_url(value),
            FieldKind::Date(options) => options.check(value),
            FieldKind::Select(options) => options.check(value),
            FieldKind::File(options) => options.check(value),
            FieldKind::Relation(options) => options.check(value),
            FieldKind::Json(options) => options.check(value),
            FieldKind::GeoPoint => geo_point::check(value),
            FieldKind::Bool | FieldKind::Autodate(_) | FieldKind::Password(_) => Ok(()),
        }?;
        match self.kind {
            FieldKind::Json(_) => Ok(()),
            _ => check_storable(value),
        }
    }
}

/// A text may hold every character but U+0000, which PostgreSQL has no place for: a record is to be
/// the same on both engines. Inside JSON the character is written as an escape and fits.
fn check_storable(value: &Json) -> Result<(), Fault> {
    if value.as_str().is_some_and(|text| text.contains('\0')) {
        return Err(Fault::invalid_value("Must not contain the character U+0000."));
    }
    Ok(())
}

/// The texts of a select, file or relation value: the list, or the one text that is not empty.
pub fn texts(value: &Json) -> Vec<&str> {
    match value {
        Json::Array(items) => items.iter().filter_map(Json::as_str).collect(),
        value => value.as_str().filter(|text| !text.is_empty()).into_iter().collect(),
    }
}

/// A value, stored or sent, of a select, file or relation as a list of texts.
pub(crate) fn split(value: &Json) -> Vec<String> {
    cast::to_texts(value)
}

/// The stored form of a select, file or relation that holds `texts`.
pub(crate) fn join(field: &Field, texts: Vec<String>) -> Json {
    let value = cast::from_texts(cast::distinct(texts), field.is_multiple());
    if field.ext.nullable && field.reads_as_null(&value) { Json::Null } else { value }
}

/// Checks how many values a select or relation has.
pub(super) fn check_at_most(count: usize, max_select: i64) -> Result<(), Fault> {
    let max = max_select.max(1);
    if count as i64 > max {
        return Err(Fault::new(
            "validation_too_many_values",
            format!("There may be no more than {max} values."),
        )
        .with("maxSelect", max));
    }
    Ok(())
}
