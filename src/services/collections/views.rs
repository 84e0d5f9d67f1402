//! The fields of views, and keeping them true when what they read changes.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use crate::domain::collection::{Collection, CollectionKind};
use crate::domain::fields::{Field, FieldKind, JsonOptions};
use crate::domain::schema::Schema;
use crate::domain::views::{self, ViewError};
use crate::services::Error;
use crate::store::{StoreError, Tx, collections as rows};

/// What a column is when the query does not tell its type.
const UNTOLD: FieldKind = FieldKind::Json(JsonOptions { max_size: 1 });

/// The fields of `view`, inferred from its query over `schema`. Where the query does not tell a
/// column's type, the type that a present field of this name states is kept.
///
/// # Errors
/// When the query is none.
pub fn fields(view: &Collection, schema: &Schema) -> Result<Vec<Field>, ViewError> {
    let CollectionKind::View(options) = &view.kind else { return Ok(view.fields.clone()) };
    let mut fields = views::infer(&options.query, schema)?;
    for field in &mut fields {
        let stated = view.fields.iter().find(|stated| stated.name == field.name);
        if let Some(stated) = stated.filter(|stated| field.kind == UNTOLD && stated.kind != UNTOLD)
        {
            *field = stated.clone();
        }
    }
    Ok(fields)
}

/// The fields of the stored `view` whose types its author stated, since the query does not tell them
/// over `schema`.
pub fn stated(view: &Collection, schema: &Schema) -> Vec<Field> {
    let CollectionKind::View(options) = &view.kind else { return Vec::new() };
    let inferred = views::infer(&options.query, schema).unwrap_or_default();
    let is_stated = |field: &&Field| {
        field.kind != UNTOLD
            && inferred.iter().any(|told| told.name == field.name && told.kind == UNTOLD)
    };
    view.fields.iter().filter(is_stated).cloned().collect()
}

/// The views among `collections`, each after the views that it reads. Circles, which no database
/// makes, are left as they stand.
pub fn in_order(collections: &[Arc<Collection>]) -> Vec<Arc<Collection>> {
    let mut waiting: Vec<Arc<Collection>> =
        collections.iter().filter(|collection| collection.is_view()).map(Arc::clone).collect();
    let mut ordered = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let open: HashSet<String> =
            waiting.iter().map(|view| view.name.to_ascii_lowercase()).collect();
        let is_ready = |view: &Arc<Collection>| {
            reads(view)
                .iter()
                .all(|table| !open.contains(table) || view.name.eq_ignore_ascii_case(table))
        };
        let (ready, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_ready);
        if ready.is_empty() {
            ordered.extend(rest);
            break;
        }
        ordered.extend(ready);
        waiting = rest;
    }
    ordered
}

/// Infers every view again that reads one of `changed`, directly or through another view; all of
/// them, or none when one of them cannot be (contract A 2.11). `before` are the collections as they
/// were before the change.
pub(super) fn refresh(tx: &mut Tx, before: &Schema, changed: &[&str]) -> Result<(), Error> {
    let mut changed: HashSet<String> =
        changed.iter().map(|name| name.to_ascii_lowercase()).collect();
    let refreshed = tx.attempt(|tx| -> Result<(), Refused> {
        for view in in_order(tx.schema().collections()) {
            if !reads(&view).iter().any(|table| changed.contains(table)) {
                continue;
            }
            changed.insert(view.name.to_ascii_lowercase());
            let told = Collection { fields: stated(&view, before), ..view.as_ref().clone() };
            let fields = fields(&told, &tx.schema())
                .map_err(|error| Refused::View { view: view.name.clone(), error })?;
            if fields != view.fields {
                rows::update(tx, &Collection { fields, ..view.as_ref().clone() })?;
                rows::publish(tx)?;
            }
        }
        Ok(())
    });
    match refreshed {
        Ok(()) => Ok(()),
        Err(Refused::Store(error)) => Err(error.into()),
        Err(Refused::View { view, error }) => {
            tracing::warn!(view, %error, "views keep their fields, one of them has no readable query");
            Ok(())
        }
    }
}

enum Refused {
    Store(StoreError),
    View { view: String, error: ViewError },
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Names of the tables that a view reads, in lower case.
pub(super) fn reads(view: &Collection) -> BTreeSet<String> {
    match &view.kind {
        CollectionKind::View(options) => views::reads(&options.query),
        CollectionKind::Base | CollectionKind::Auth(_) => BTreeSet::new(),
    }
}
