//! Relation fields: ids of records of another collection. Whether the records exist is for those who
//! can read them.

use crate::domain::Json;
use crate::domain::JsonMap;
use crate::domain::collection::Collection;
use crate::domain::decode::{self, Malformed};
use crate::domain::fields::option::{self, MAX_SAFE};
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::schema::Schema;

/// Options of a relation field (contract A 2.9).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RelationOptions {
    /// Id of the collection that the values belong to.
    pub collection_id: String,
    /// Whether this record goes when its last target goes.
    pub cascade_delete: bool,
    /// Least ids when there are any; 0 is no bound.
    pub min_select: i64,
    /// Most ids; 0 and 1 make it single.
    pub max_select: i64,
}

/// What happens to a record when its target goes, where PocketBase's options have no word for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDelete {
    /// The delete of the target is refused.
    Block,
}

impl RelationOptions {
    pub(super) fn read(map: &JsonMap) -> Result<Self, Malformed> {
        Ok(Self {
            collection_id: decode::text(map, "collectionId")?.unwrap_or_default(),
            cascade_delete: decode::boolean(map, "cascadeDelete")?.unwrap_or_default(),
            min_select: decode::integer(map, "minSelect")?.unwrap_or_default(),
            max_select: decode::integer(map, "maxSelect")?.unwrap_or_default(),
        })
    }

    pub(super) fn write(&self, out: &mut JsonMap) {
        out.insert("collectionId".to_owned(), self.collection_id.as_str().into());
        out.insert("cascadeDelete".to_owned(), self.cascade_delete.into());
        out.insert("minSelect".to_owned(), self.min_select.into());
        out.insert("maxSelect".to_owned(), self.max_select.into());
    }

    /// Checks how many ids there are, when there are any.
    pub(super) fn check(&self, value: &Json) -> Result<(), Fault> {
        let count = super::texts(value).len();
        if (count as i64) < self.min_select {
            return Err(Fault::new(
                "validation_not_enough_values",
                format!("Choose at least {}.", self.min_select),
            )
            .with("minSelect", self.min_select));
        }
        super::value::check_at_most(count, self.max_select)
    }

    /// `collection` is the one that has the field, `old` the stored options of the same field.
    pub(super) fn check_options(
        &self,
        collection: &Collection,
        old: Option<&Self>,
        schema: &Schema,
        errors: &mut FieldErrors,
    ) {
        errors.check("collectionId", self.check_target(collection, old, schema));
        errors.check("minSelect", option::between(self.min_select, 0, MAX_SAFE));
        if self.min_select > 0 && self.max_select == 0 {
            errors.add("maxSelect", Fault::required());
        }
        errors
            .check("maxSelect", option::between(self.max_select, self.min_select.max(0), MAX_SAFE));
    }

    fn check_target(
        &self,
        collection: &Collection,
        old: Option<&Self>,
        schema: &Schema,
    ) -> Result<(), Fault> {
        let id = self.collection_id.as_str();
        if id.is_empty() {
            return Err(Fault::required());
        }
        if old.is_some_and(|old| old.collection_id != id) {
            return Err(Fault::new(
                "validation_field_relation_change",
                "The collection of a relation cannot change; add another field and remove this one.",
            ));
        }
        if id == collection.id {
            return Ok(());
        }
        let Some(target) = schema.by_id(id) else {
            return Err(Fault::new(
                "validation_field_relation_missing_collection",
                format!("There is no collection with the id `{id}`."),
            ));
        };
        if target.is_view() && !collection.is_view() {
            return Err(Fault::new(
                "validation_relation_field_non_view_base_collection",
                format!("`{}` is a view; only views may point to views.", target.name),
            ));
        }
        Ok(())
    }
}
