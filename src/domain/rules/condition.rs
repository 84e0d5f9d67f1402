//! A filter whose names are looked up: what each operand reads, through which relations. Says nothing
//! of how it is read, so that SQL and memory can both evaluate it.

use std::sync::Arc;

use crate::domain::Json;
use crate::domain::collection::Collection;
use crate::domain::fields::{Field, FieldKind};
use crate::domain::record::Record;
use crate::domain::rules::ast::Operator;

/// A resolved filter; as deep as its syntax tree.
#[derive(Debug, Clone)]
pub enum Condition {
    /// Every term holds.
    All(Vec<Self>),
    /// At least one term holds.
    Any(Vec<Self>),
    /// One comparison.
    Compare(Box<Compare>),
}

/// One resolved comparison.
#[derive(Debug, Clone)]
pub struct Compare {
    /// What stands left of the operator.
    pub left: Term,
    /// What is asked.
    pub operator: Operator,
    /// Whether one value of several is enough.
    pub any: bool,
    /// What stands right of the operator.
    pub right: Term,
}

/// One resolved operand.
#[derive(Debug, Clone)]
pub enum Term {
    /// A literal, a macro or a value that the request carries.
    Known(Known),
    /// A value that is read from data.
    Path(Path),
    /// Whether the submitted value differs from the stored one.
    Changed {
        /// The stored value.
        path: Path,
        /// The submitted value.
        value: Known,
    },
    /// `geoDistance(lonA, latA, lonB, latB)` in kilometres.
    Distance(Vec<Self>),
    /// `strftime(format, time, modifiers…)`.
    Strftime {
        /// The layout.
        format: String,
        /// The moment; absent is now.
        time: Option<Box<Self>>,
        /// SQLite's modifiers, such as `+1 day`.
        modifiers: Vec<String>,
    },
}

/// A value that is known before any row is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// Null, bool, number or text; lists and objects are their JSON text.
    pub value: Json,
    /// Whether it was read from inside JSON, so that it compares without conversion.
    pub json: bool,
}

/// The way to a value: a row to start from, relations to follow, and a field at the end.
#[derive(Debug, Clone)]
pub struct Path {
    /// Where the way starts.
    pub root: Root,
    /// The relations in order.
    pub steps: Vec<Step>,
    /// The field that is read.
    pub field: FieldRef,
    /// Keys and positions inside a json or geoPoint field.
    pub inside: Vec<String>,
    /// What is read of the value.
    pub modifier: Option<Modifier>,
}

/// Where a path starts.
#[derive(Debug, Clone)]
pub enum Root {
    /// The row that the filter asks about.
    Row,
    /// Any record of a collection. Equal collections with different aliases are independent.
    Collection {
        /// The collection.
        collection: Arc<Collection>,
        /// The name after the colon, or empty.
        alias: String,
    },
    /// The caller's record.
    Auth(Arc<Record>),
    /// The values submitted for a select, file or relation field of the row.
    Body {
        /// The field.
        by: FieldRef,
        /// The submitted values, at least one.
        values: Vec<String>,
    },
}

/// One relation on the way.
#[derive(Debug, Clone)]
pub enum Step {
    /// From a record to those that its relation field names.
    Follow {
        /// The relation field, of the collection where the step starts.
        by: FieldRef,
        /// The collection where the step ends.
        to: Arc<Collection>,
    },
    /// From a record to those of another collection that name it.
    Back {
        /// The relation field, of the collection where the step ends.
        by: FieldRef,
        /// Whether an index says that at most one record names it.
        unique: bool,
    },
}

/// A field of a collection.
#[derive(Debug, Clone)]
pub struct FieldRef {
    /// The collection.
    pub collection: Arc<Collection>,
    /// Position in the collection's fields.
    pub position: usize,
}

/// What is read of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modifier {
    /// Every element of its own.
    Each,
    /// The number of elements.
    Length,
    /// ASCII lower case.
    Lower,
}

impl Known {
    /// A value of the request or a literal. Lists and objects become their JSON text.
    pub fn new(value: Json) -> Self {
        Self { value: scalar(value), json: false }
    }

    /// A value from inside JSON.
    pub fn inside_json(value: Json) -> Self {
        Self { value: scalar(value), json: true }
    }

    /// Null or the empty text, which mean the same outside of JSON.
    pub fn is_empty(&self) -> bool {
        self.value.is_null() || self.value.as_str() == Some("")
    }
}

/// Whether a key inside JSON is a position in a list, and so no key of an object.
pub fn is_position(key: &str) -> bool {
    key.len() < 10 && key.bytes().all(|b| b.is_ascii_digit())
}

fn scalar(value: Json) -> Json {
    if value.is_array() || value.is_object() { Json::String(value.to_string()) } else { value }
}

impl FieldRef {
    /// The field itself.
    pub fn field(&self) -> &Field {
        &self.collection.fields[self.position]
    }

    /// Whether its values are JSON.
    pub fn is_json(&self) -> bool {
        matches!(self.field().kind, FieldKind::Json(_) | FieldKind::GeoPoint)
    }
}

impl Step {
    /// The collection where the step ends.
    pub const fn target(&self) -> &Arc<Collection> {
        match self {
            Self::Follow { to, .. } => to,
            Self::Back { by, .. } => &by.collection,
        }
    }

    /// Whether the step may lead to several records.
    pub fn is_multiple(&self) -> bool {
        match self {
            Self::Follow { by, .. } => by.field().is_multiple(),
            Self::Back { by, unique } => by.field().is_multiple() || !unique,
        }
    }
}

impl Path {
    /// Whether the path may lead to several values (contract A 3.12).
    pub fn is_multiple(&self) -> bool {
        let root = match &self.root {
            Root::Row | Root::Auth(_) => false,
            Root::Collection { .. } => true,
            Root::Body { by, .. } => by.field().is_multiple(),
        };
        root || self.steps.iter().any(Step::is_multiple) || self.reads_each()
    }

    /// Whether what the path leads to compares as JSON does: null-safe and without conversion. A
    /// whole point is the text that it is stored as.
    pub fn is_json(&self) -> bool {
        match self.field.field().kind {
            FieldKind::Json(_) => true,
            FieldKind::GeoPoint => !self.inside.is_empty(),
            _ => false,
        }
    }

    /// Whether the last thing that the path does is to take a list apart.
    pub fn reads_each(&self) -> bool {
        self.modifier == Some(Modifier::Each) && self.field.field().is_multiple()
    }
}
