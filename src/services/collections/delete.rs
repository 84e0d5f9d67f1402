//! Deleting a collection (contract A 2.3).

use std::sync::Arc;

use crate::domain::collection::Collection;
use crate::domain::event::Event;
use crate::domain::fields::FieldKind;
use crate::domain::schema::Schema;
use crate::domain::system::REFERENCES;
use crate::services::Error;
use crate::services::app::App;
use crate::services::collections::{LIMIT, lock, views};
use crate::store::{Tx, accounts, authenticators, records, sessions};

/// Deletes the collection with this id or name, and its records with it.
///
/// # Errors
/// `Locked` where a config file says what there is, `NotFound`, and `BadRequest` for what the product
/// needs and for what others refer to or read.
pub async fn delete(app: &App, id_or_name: &str) -> Result<(), Error> {
    lock::require_unlocked(app)?;
    let id = app.store.schema().find(id_or_name).ok_or(Error::NotFound)?.id.clone();
    app.store
        .write_with(LIMIT, move |tx| {
            let schema = tx.schema();
            let collection = schema.by_id(&id).ok_or(Error::NotFound)?;
            require_deletable(collection)?;
            require_unreferenced(collection, &schema)?;
            remove(tx, collection).map_err(|error| name_readers(error, collection, &schema))
        })
        .await
}

/// Says which views stand in the way, where the database does not.
fn name_readers(error: Error, collection: &Collection, schema: &Schema) -> Error {
    let Error::BadRequest(message) = error else { return error };
    let name = collection.name.to_ascii_lowercase();
    let reads = |view: &&Arc<Collection>| views::reads(view).contains(&name);
    let readers: Vec<&str> =
        schema.collections().iter().filter(reads).map(|view| view.name.as_str()).collect();
    if readers.is_empty() {
        return Error::BadRequest(message);
    }
    Error::bad_request(format!(
        "{} cannot be deleted while views read it ({}): {message}",
        collection.name,
        readers.join(", ")
    ))
}

/// Refuses to delete what the product needs.
fn require_deletable(collection: &Collection) -> Result<(), Error> {
    if collection.system {
        return Err(Error::bad_request(format!(
            "{} is a collection of the product itself and cannot be deleted.",
            collection.name
        )));
    }
    Ok(())
}

/// Refuses to delete what relations of others point to.
fn require_unreferenced(collection: &Collection, schema: &Schema) -> Result<(), Error> {
    let refers = |other: &&Arc<Collection>| {
        other.id != collection.id
            && other.fields.iter().any(|field| {
                matches!(&field.kind, FieldKind::Relation(to) if to.collection_id == collection.id)
            })
    };
    let names: Vec<&str> =
        schema.collections().iter().filter(refers).map(|other| other.name.as_str()).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(Error::bad_request(format!(
        "{} cannot be deleted: relations of {} point to it. Remove those fields first.",
        collection.name,
        names.join(", ")
    )))
}

/// Removes a collection, its records, and what belongs to them elsewhere.
pub(super) fn remove(tx: &mut Tx, collection: &Collection) -> Result<(), Error> {
    remove_belongings(tx, collection)?;
    super::remove(tx, collection)
}

/// Removes the rows of the product's own collections that belong to accounts of `collection`, their
/// sessions and their authenticators.
pub(super) fn remove_belongings(tx: &mut Tx, collection: &Collection) -> Result<(), Error> {
    const AT_ONCE: i64 = 500;
    if !collection.is_auth() {
        return Ok(());
    }
    sessions::remove_of_collection(tx, &collection.id)?;
    authenticators::remove_of_collection(tx, &collection.id)?;
    let schema = tx.schema();
    for owner in REFERENCES.iter().filter_map(|name| schema.by_name(name)) {
        loop {
            let rows = accounts::belongings_of_all(tx, owner, collection, AT_ONCE)?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                records::remove(tx, owner, row.id())?;
                tx.emit(Event::Deleted(Arc::new(row)));
            }
        }
    }
    Ok(())
}
