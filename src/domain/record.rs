//! A record: the values of a collection's fields.

use std::sync::Arc;

use crate::domain::Json;
use crate::domain::collection::Collection;

/// One record. Values are normalised: each has the JSON form that its field's type prescribes
/// (text, number, bool, list of texts, any JSON, `{lon, lat}`), or null where the field is nullable.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    collection: Arc<Collection>,
    values: Vec<Json>,
}

static NULL: Json = Json::Null;

impl Record {
    /// A record of `values`, one for each field of `collection` in the same order.
    ///
    /// # Panics
    /// When the two differ in number: the caller decoded a row by another shape.
    pub fn new(collection: Arc<Collection>, values: Vec<Json>) -> Self {
        assert_eq!(collection.fields.len(), values.len(), "a value for every field");
        Self { collection, values }
    }

    /// The collection that the record belongs to, as it was when the record was read.
    pub const fn collection(&self) -> &Arc<Collection> {
        &self.collection
    }

    /// The id, empty before it is made.
    pub fn id(&self) -> &str {
        self.text("id")
    }

    /// The value of the field called `name`; null when there is no such field.
    pub fn get(&self, name: &str) -> &Json {
        self.collection.position(name).map_or(&NULL, |position| &self.values[position])
    }

    /// The value of the field called `name` when it is text, else an empty text.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).as_str().unwrap_or_default()
    }

    /// Replaces the value of the field called `name`; nothing happens when there is no such field.
    pub fn set(&mut self, name: &str, value: Json) {
        if let Some(position) = self.collection.position(name) {
            self.values[position] = value;
        }
    }

    /// The values in the order of the collection's fields.
    pub fn values(&self) -> &[Json] {
        &self.values
    }

    /// Replaces the value at `position` in the order of the collection's fields.
    pub fn set_at(&mut self, position: usize, value: Json) {
        self.values[position] = value;
    }
}
