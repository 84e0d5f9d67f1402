//! The declared views: their fields come from their queries, over the collections as they shall be.

use std::sync::Arc;

use crate::domain::collection::Collection;
use crate::domain::schema::Schema;
use crate::services::collections::views;
use crate::services::plan::change::{Change, ChangeKind, Class};
use crate::services::plan::merge::Merged;

/// Ids of the views, each after those that it reads, and what stands in the way of inferring them.
pub(super) struct Inferred {
    pub(super) order: Vec<String>,
    pub(super) broken: Vec<Change>,
}

/// Fills in the fields of the declared views, in `merged` and in `target`.
pub(super) fn infer(merged: &mut [Merged], target: &mut [Arc<Collection>]) -> Inferred {
    let mut inferred = Inferred { order: Vec::new(), broken: Vec::new() };
    for view in views::in_order(target) {
        inferred.order.push(view.id.clone());
        let Some(declared) = merged.iter_mut().find(|merged| merged.collection.id == view.id)
        else {
            continue;
        };
        match views::fields(&view, &Schema::new(0, target.to_vec())) {
            Ok(fields) => declared.collection.fields = fields,
            Err(error) => {
                let path = (view.name.as_str(), "query");
                let change =
                    Change::new(Class::Blocked, ChangeKind::ViewQuery, path, error.message);
                inferred.broken.push(change.advise("write one SELECT with a column called id"));
            }
        }
        if let Some(collection) = target.iter_mut().find(|other| other.id == view.id) {
            *collection = Arc::new(declared.collection.clone());
        }
    }
    inferred
}
