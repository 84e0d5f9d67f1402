//! One row of an answer, read by position.

use crate::domain::Json;
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::value::Value;

/// The values of one row in the order of the statement's columns. The accessors accept what either
/// engine has for a type: SQLite keeps booleans as numbers and JSON and moments as text.
#[derive(Debug, Clone, PartialEq)]
pub struct Row(Vec<Value>);

impl Row {
    /// A row of these values.
    pub const fn new(values: Vec<Value>) -> Self {
        Self(values)
    }

    /// How many values the row has.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the row has no values.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value at `position`.
    ///
    /// # Errors
    /// [`StoreError::Data`] when the row is shorter.
    pub fn value(&self, position: usize) -> Result<&Value, StoreError> {
        self.0.get(position).ok_or_else(|| StoreError::Data(format!("no column {position}")))
    }

    /// The values, to be taken apart.
    pub fn into_values(self) -> Vec<Value> {
        self.0
    }

    /// The values as texts, for people to read.
    pub(in crate::store) fn into_texts(self) -> Vec<Option<String>> {
        self.0.into_iter().map(text_of).collect()
    }

    /// Whether the value at `position` is null.
    ///
    /// # Errors
    /// [`StoreError::Data`] when the row is shorter.
    pub fn is_null(&self, position: usize) -> Result<bool, StoreError> {
        Ok(matches!(self.value(position)?, Value::Null(_)))
    }

    /// The text at `position`.
    ///
    /// # Errors
    /// [`StoreError::Data`] when there is something else.
    pub fn text(&self, position: usize) -> Result<&str, StoreError> {
        match self.value(position)? {
            Value::Text(text) => Ok(text),
            other => Err(unexpected("text", position, other)),
        }
    }

    /// The whole number at `position`.
    ///
    /// # Errors
    /// [`StoreError::Data`] when there is something else.
    pub fn int(&self, position: usize) -> Result<i64, StoreError> {
        match self.value(position)? {
            Value::Int(number) => Ok(*number),
            other => Err(unexpected("a whole number", position, other)),
        }
    }

    /// The truth value at `position`.
    ///
    /// # Errors
    /// [`StoreError::Data`] when there is something else.
    pub fn bool(&self, position: usize) -> Result<bool, StoreError> {
        match self.value(position)? {
            Value::Bool(value) => Ok(*value),
            Value::Int(number) => Ok(*number != 0),
            other => Err(unexpected("true or false", position, other)),
        }
    }

    /// The bytes at `position`.
    ///
    /// # Errors
    /// [`StoreError::Data`] when there is something else.
    pub fn bytes(&self, position: usize) -> Result<&[u8], StoreError> {
        match self.value(position)? {
            Value::Bytes(bytes) => Ok(bytes),
            other => Err(unexpected("bytes", position, other)),
        }
    }

    /// The JSON at `position`; a null of the database is JSON's null.
    ///
    /// # Errors
    /// [`StoreError::Data`] when there is something else.
    pub fn json(&self, position: usize) -> Result<Json, StoreError> {
        match self.value(position)? {
            Value::Json(json) => Ok(json.clone()),
            Value::Null(_) => Ok(Json::Null),
            Value::Text(text) => serde_json::from_str(text)
                .map_err(|error| StoreError::Data(format!("column {position}: {error}"))),
            other => Err(unexpected("JSON", position, other)),
        }
    }

    /// The moment at `position`.
    ///
    /// # Errors
    /// [`StoreError::Data`] when there is something else.
    pub fn timestamp(&self, position: usize) -> Result<Timestamp, StoreError> {
        match self.value(position)? {
            Value::Timestamp(moment) => Ok(*moment),
            Value::Text(text) => Timestamp::parse(text)
                .ok_or_else(|| StoreError::Data(format!("column {position}: no date: {text:?}"))),
            other => Err(unexpected("a date", position, other)),
        }
    }
}

fn text_of(value: Value) -> Option<String> {
    Some(match value {
        Value::Null(_) => return None,
        Value::Bool(value) => u8::from(value).to_string(),
        Value::Int(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text,
        Value::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Value::Json(json) => json.to_string(),
        Value::Timestamp(moment) => moment.to_string(),
    })
}

fn unexpected(wanted: &str, position: usize, found: &Value) -> StoreError {
    StoreError::Data(format!("column {position} should be {wanted}, it is {:?}", found.kind()))
}
