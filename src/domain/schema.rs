//! All collections at one moment.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::collection::Collection;
use crate::domain::fields::{Field, FieldKind};

/// The collections of the database at one version; never changed, only replaced.
#[derive(Debug, Default, Clone)]
pub struct Schema {
    version: i64,
    collections: Vec<Arc<Collection>>,
    by_id: HashMap<String, usize>,
    by_name: HashMap<String, usize>,
}

impl Schema {
    /// The schema that holds `collections`, in the order in which they were made. `version` grows
    /// with every change, so that a cache can tell whether it is stale.
    pub fn new(version: i64, collections: Vec<Arc<Collection>>) -> Self {
        let by_id = collections
            .iter()
            .enumerate()
            .map(|(index, collection)| (collection.id.clone(), index))
            .collect();
        let by_name = collections
            .iter()
            .enumerate()
            .map(|(index, collection)| (collection.name.to_ascii_lowercase(), index))
            .collect();
        Self { version, collections, by_id, by_name }
    }

    /// Grows with every change.
    pub const fn version(&self) -> i64 {
        self.version
    }

    /// All collections in the order in which they were made.
    pub fn collections(&self) -> &[Arc<Collection>] {
        &self.collections
    }

    /// The collection with this id (exact) or name (any case), as paths name it (contract A 1.1).
    pub fn find(&self, id_or_name: &str) -> Option<&Arc<Collection>> {
        self.by_id(id_or_name).or_else(|| self.by_name(id_or_name))
    }

    /// The collection with this id.
    pub fn by_id(&self, id: &str) -> Option<&Arc<Collection>> {
        self.by_id.get(id).map(|&index| &self.collections[index])
    }

    /// The collection with this name, in any case.
    pub fn by_name(&self, name: &str) -> Option<&Arc<Collection>> {
        self.by_name.get(&name.to_ascii_lowercase()).map(|&index| &self.collections[index])
    }

    /// Every relation field of a stored (non-view) collection that points to the collection `id`,
    /// by the name of its collection.
    pub fn references_to(&self, id: &str) -> Vec<(&Arc<Collection>, &Field)> {
        let mut references: Vec<(&Arc<Collection>, &Field)> = self
            .collections
            .iter()
            .filter(|collection| !collection.is_view())
            .flat_map(|collection| collection.fields.iter().map(move |field| (collection, field)))
            .filter(|(_, field)| {
                matches!(&field.kind, FieldKind::Relation(options) if options.collection_id == id)
            })
            .collect();
        references.sort_by(|(left, _), (right, _)| left.name.cmp(&right.name));
        references
    }
}
