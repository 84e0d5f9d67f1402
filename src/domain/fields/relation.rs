//! Relation fields: ids of records of another collection.

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
