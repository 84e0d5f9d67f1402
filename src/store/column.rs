//! How a field's value stands in its column: the one place that encodes and decodes records. Knows
//! which type a column has, and neither statements nor tables.

use std::sync::Arc;

use crate::domain::Json;
use crate::domain::collection::Collection;
use crate::domain::fields::{Field, FieldKind, from_scalar_text, json_number, spells_true};
use crate::domain::record::Record;
use crate::store::dialect::{Dialect, NO_MOMENT};
use crate::store::error::StoreError;
use crate::store::row::Row;
use crate::store::value::{Kind, Value};

/// The type of a field's column (contract A 2.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// Text; empty is the zero value.
    Text,
    /// A double.
    Number,
    /// True or false.
    Bool,
    /// A moment.
    Moment,
    /// A list of texts as JSON.
    List,
    /// Any JSON; the database's null is JSON's null.
    Json,
    /// A longitude and a latitude as JSON.
    Point,
}

/// The type of the column of `field`.
pub const fn column_type(field: &Field) -> ColumnType {
    match &field.kind {
        FieldKind::Number(_) => ColumnType::Number,
        FieldKind::Bool => ColumnType::Bool,
        FieldKind::Date(_) | FieldKind::Autodate(_) => ColumnType::Moment,
        FieldKind::Json(_) => ColumnType::Json,
        FieldKind::GeoPoint => ColumnType::Point,
        _ if field.is_multiple() => ColumnType::List,
        _ => ColumnType::Text,
    }
}

/// The parameter that stores `value`, a normalised value of `field`.
pub fn encode(dialect: Dialect, field: &Field, value: &Json) -> Value {
    let column = column_type(field);
    match (column, value) {
        (_, Json::Null) if field.ext.nullable => Value::Null(kind(dialect, column)),
        (ColumnType::Json, Json::Null) => Value::Null(Kind::Json),
        (ColumnType::Text, _) => Value::text(value.as_str().unwrap_or_default()),
        (ColumnType::Number, _) => Value::Real(value.as_f64().unwrap_or_default()),
        (ColumnType::Bool, _) => Value::Bool(value.as_bool().unwrap_or_default()),
        (ColumnType::Moment, _) => dialect.moment(value.as_str().unwrap_or_default()),
        (ColumnType::List | ColumnType::Point, Json::Null) => Value::Json(field.kind_zero()),
        (ColumnType::List | ColumnType::Json | ColumnType::Point, _) => Value::Json(value.clone()),
    }
}

/// The record that `row` holds, whose columns are the fields of `collection` in order, as
/// [`crate::store::records::select_list`] writes them.
///
/// # Errors
/// [`StoreError::Data`] when the row has another number of columns.
pub fn decode(collection: &Arc<Collection>, row: Row) -> Result<Record, StoreError> {
    let fields = &collection.fields;
    if row.len() != fields.len() {
        let found = row.len();
        return Err(StoreError::Data(format!("{} fields, {found} columns", fields.len())));
    }
    let values = row.into_values().into_iter().zip(fields);
    let values = values.map(|(value, field)| decode_value(field, value)).collect();
    Ok(Record::new(Arc::clone(collection), values))
}

/// The normalised value of `field` that a column holds. Never fails: views hand out whatever their
/// query computes, and files of other programs hold what those let in.
pub fn decode_value(field: &Field, value: Value) -> Json {
    let column = column_type(field);
    if matches!(value, Value::Null(_)) {
        return field.zero();
    }
    match column {
        ColumnType::Text | ColumnType::Moment => Json::String(text(value)),
        ColumnType::Number => number(&value),
        ColumnType::Bool => Json::Bool(truth(&value)),
        ColumnType::List => list(value),
        ColumnType::Json => json(value),
        ColumnType::Point => match json(value) {
            point @ Json::Object(_) => point,
            _ => field.kind_zero(),
        },
    }
}

/// The kind that a null of the column has.
const fn kind(dialect: Dialect, column: ColumnType) -> Kind {
    match column {
        ColumnType::Text => Kind::Text,
        ColumnType::Number => Kind::Real,
        ColumnType::Bool => Kind::Bool,
        ColumnType::Moment => dialect.moment_kind(),
        ColumnType::List | ColumnType::Json | ColumnType::Point => Kind::Json,
    }
}

fn text(value: Value) -> String {
    match value {
        Value::Text(text) => text,
        Value::Int(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Json(json) => json.to_string(),
        Value::Timestamp(NO_MOMENT) => String::new(),
        Value::Timestamp(moment) => moment.to_string(),
        Value::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Value::Null(_) => String::new(),
    }
}

/// Whole numbers come without a fraction, whichever way the engine keeps them.
fn number(value: &Value) -> Json {
    let number = match value {
        Value::Int(number) => return Json::from(*number),
        // SQLite keeps a whole number as one, so it comes as `Int` there.
        Value::Real(number) if number.fract() == 0.0 && number.abs() < WHOLE => {
            return Json::from(*number as i64);
        }
        Value::Real(number) => *number,
        Value::Bool(value) => f64::from(u8::from(*value)),
        Value::Text(text) => text.trim().parse().unwrap_or_default(),
        _ => 0.0,
    };
    if number.is_finite() { json_number(number) } else { Json::from(0) }
}

/// Whole numbers below this are 64-bit integers.
pub(in crate::store) const WHOLE: f64 = 9_223_372_036_854_775_808.0;

fn truth(value: &Value) -> bool {
    match value {
        Value::Bool(value) => *value,
        Value::Int(number) => *number != 0,
        Value::Real(number) => *number != 0.0,
        Value::Text(text) => spells_true(text),
        _ => false,
    }
}

fn list(value: Value) -> Json {
    match json(value) {
        list @ Json::Array(_) => list,
        Json::Null => Json::Array(Vec::new()),
        Json::String(text) if text.is_empty() => Json::Array(Vec::new()),
        // A single value where a list belongs is a list of one.
        other => Json::Array(vec![other]),
    }
}

/// JSON as it is stored, or a text that a view computed (contract A 2.9, json).
fn json(value: Value) -> Json {
    match value {
        Value::Json(json) => json,
        Value::Text(text) => from_scalar_text(&text),
        Value::Bool(value) => Json::Bool(value),
        Value::Int(_) | Value::Real(_) => number(&value),
        other => Json::String(text(other)),
    }
}
