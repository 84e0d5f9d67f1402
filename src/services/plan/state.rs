//! The configuration applied last, as it is kept in the database: enough to tell what a file once
//! had, what is parked, and whether somebody else changed the collections since.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::Json;
use crate::domain::collection::Collection;
use crate::services::plan::indexes;

/// A normalised configuration. Secrets are not part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    /// The collections that files had, by name.
    pub(super) collections: BTreeMap<String, LastCollection>,
    /// Fingerprint of the settings that the file holds.
    pub(super) settings: String,
}

/// A collection that a file had.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct LastCollection {
    /// Its id, which outlives its names.
    pub(super) id: String,
    /// Whether `[removed]` may not delete it.
    pub(super) protect: bool,
    /// Whether the last file lacked it, so that its rules are locked.
    pub(super) parked: bool,
    /// Names of the fields that files had, parked ones included.
    pub(super) fields: Vec<String>,
    /// The ones among them that the last file lacked.
    pub(super) parked_fields: Vec<String>,
    /// Names of the indexes that the file had.
    pub(super) indexes: Vec<String>,
    /// What was applied, part by part.
    pub(super) parts: BTreeMap<String, Json>,
}

impl State {
    /// Fingerprint of the whole configuration.
    pub(super) fn hash(&self) -> String {
        fingerprint(&serde_json::to_vec(self).unwrap_or_default())
    }

    /// Names of the parked collections, and of parked fields of the others as `collection.field`.
    pub(super) fn parked(&self) -> (Vec<String>, Vec<String>) {
        let (parked, others): (Vec<_>, Vec<_>) =
            self.collections.iter().partition(|(_, collection)| collection.parked);
        let fields = others.iter().flat_map(|(name, collection)| {
            collection.parked_fields.iter().map(move |field| format!("{name}.{field}"))
        });
        (parked.into_iter().map(|(name, _)| name.clone()).collect(), fields.collect())
    }

    /// The collection called `name`, in any case.
    pub(super) fn collection(&self, name: &str) -> Option<&LastCollection> {
        self.collections
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, collection)| collection)
    }
}

impl LastCollection {
    /// Whether a file had the field called `name`.
    pub(super) fn has_field(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field == name)
    }

    /// Whether the field called `name` is parked.
    pub(super) fn is_parked(&self, name: &str) -> bool {
        self.parked_fields.iter().any(|field| field == name)
    }

    /// Whether a file had the index called `name`.
    pub(super) fn has_index(&self, name: &str) -> bool {
        self.indexes.iter().any(|index| index.eq_ignore_ascii_case(name))
    }
}

/// SHA-256 in hexadecimal.
pub(super) fn fingerprint(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The definition of `collection` taken apart: its fields by name, its indexes by name, and its
/// other keys. Only the fields and indexes that `owned` accepts; what a database adds by itself
/// (dates, inferred fields of views) is left out, because it says nothing about who changed what.
pub(super) fn parts(
    collection: &Collection,
    owned_field: impl Fn(&str) -> bool,
    owned_index: impl Fn(&str) -> bool,
) -> BTreeMap<String, Json> {
    let mut parts = BTreeMap::new();
    for (key, value) in collection.to_json() {
        if !["id", "name", "created", "updated", "fields", "indexes"].contains(&key.as_str()) {
            parts.insert(key, value);
        }
    }
    if !collection.is_view() {
        for field in collection.fields.iter().filter(|field| owned_field(&field.name)) {
            parts.insert(format!("fields.{}", field.name), Json::Object(field.to_json()));
        }
    }
    for text in &collection.indexes {
        let name = indexes::name(text);
        if owned_index(&name) {
            parts.insert(format!("indexes.{name}"), text.as_str().into());
        }
    }
    parts
}
