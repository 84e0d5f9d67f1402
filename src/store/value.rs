//! Values on their way to and from a database.

use crate::domain::Json;

/// The type of a parameter or column, which PostgreSQL wants to know of a null too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// True or false.
    Bool,
    /// 64-bit integer.
    Int,
    /// Double.
    Real,
    /// UTF-8 text.
    Text,
    /// Raw bytes.
    Bytes,
    /// JSON; text on SQLite, `json` on PostgreSQL, which keeps it as it is written.
    Json,
    /// A moment; text of [`crate::domain::time::Timestamp`] on SQLite, `timestamptz` on PostgreSQL.
    Timestamp,
}

/// A parameter or a column's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Null of a kind.
    Null(Kind),
    /// True or false; 1 or 0 on SQLite.
    Bool(bool),
    /// 64-bit integer.
    Int(i64),
    /// Double.
    Real(f64),
    /// UTF-8 text.
    Text(String),
    /// Raw bytes.
    Bytes(Vec<u8>),
    /// JSON.
    Json(Json),
    /// A moment.
    Timestamp(crate::domain::time::Timestamp),
}

impl Value {
    /// The type of the value.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Null(kind) => *kind,
            Self::Bool(_) => Kind::Bool,
            Self::Int(_) => Kind::Int,
            Self::Real(_) => Kind::Real,
            Self::Text(_) => Kind::Text,
            Self::Bytes(_) => Kind::Bytes,
            Self::Json(_) => Kind::Json,
            Self::Timestamp(_) => Kind::Timestamp,
        }
    }

    /// The value as JSON, for comparisons of what two engines hold.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Null(_) => Json::Null,
            Self::Bool(value) => Json::from(*value),
            Self::Int(number) => Json::from(*number),
            Self::Real(number) => Json::from(*number),
            Self::Text(text) => Json::from(text.as_str()),
            Self::Bytes(bytes) => Json::from(bytes.as_slice()),
            Self::Json(json) => json.clone(),
            Self::Timestamp(moment) => Json::from(moment.to_string()),
        }
    }

    /// A text parameter.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}
