//! Collections: the use cases of the API in a file each, and below the steps that they share with a
//! plan. [`create`], [`update`] and [`remove`] change one collection: the table, its indexes, the row
//! of `_collections`, the views that read it and the schema that everybody sees, all inside the
//! caller's transaction. Whether a change makes sense and who may do it is decided before.

mod delete;
mod dry_run;
mod filter;
mod import;
mod list;
mod lock;
mod meta;
mod save;
mod truncate;
pub mod views;

use std::sync::Arc;
use std::time::Duration;

pub use delete::delete;
pub(super) use dry_run::check_length;
pub use dry_run::{DryRun, dry_run};
pub use import::{Import, import};
pub use list::{list, view};
pub use lock::{require_changeable, require_unlocked};
pub use meta::{Provider, Scaffolds, providers, scaffolds};
pub use save::{create as create_one, update as update_one};
pub use truncate::truncate;

use crate::domain::collection::Collection;
use crate::domain::fields::{Field, FieldKind};
use crate::domain::invalid::{Fault, FieldErrors};
use crate::services::Error;
use crate::services::files::loose;
use crate::services::settings;
use crate::store::ddl::{self, IndexFault};
use crate::store::{StoreError, Tx, collections as rows, sessions};

/// How long a change of collections may take, waiting included: it may have to copy every row.
const LIMIT: Duration = Duration::from_secs(10 * 60);

/// Makes a collection: its table or view, its indexes and its row. The fields of a view are
/// [`views::fields`] already.
///
/// # Errors
/// [`Error::Invalid`] under `indexes` for indexes that the database refuses, [`Error::BadRequest`]
/// with its words for all else that it refuses.
pub fn create(tx: &mut Tx, collection: &Collection) -> Result<Arc<Collection>, Error> {
    ddl::create(tx, collection).map_err(refused)?;
    make_indexes(tx, None, collection)?;
    rows::insert(tx, collection).map_err(refused)?;
    published(tx, collection)
}

/// Turns the stored collection `old` into `new`, which has the same id. Fields are the same by id:
/// another name is a rename and keeps the data, a missing field is dropped with its data, one value
/// and several are converted (contract A 2.11). Views that read the collection are inferred again.
///
/// # Errors
/// As [`create`], for one when a view reads a field that is to be dropped.
pub fn update(tx: &mut Tx, old: &Collection, new: &Collection) -> Result<Arc<Collection>, Error> {
    let before = tx.schema();
    ddl::change(tx, old, new).map_err(refused)?;
    make_indexes(tx, Some(old), new)?;
    rows::update(tx, new).map_err(refused)?;
    // A dropped field, and one that holds a single file from now on, leaves files behind.
    let keeps = |field: &Field| {
        file_fields(new)
            .any(|kept| kept.id == field.id && kept.is_multiple() >= field.is_multiple())
    };
    if !file_fields(old).all(keeps) {
        loose::settle_collection(tx, &new.id)?;
    }
    let secret =
        |collection: &Collection| collection.auth().map(|auth| auth.auth_token.secret.clone());
    if secret(old) != secret(new) {
        sessions::remove_of_collection(tx, &new.id)?;
    }
    if old.name != new.name {
        settings::rename_labels(tx, &old.name, &new.name, new.updated)?;
    }
    let collection = published(tx, new)?;
    views::refresh(tx, &before, &[&old.name, &new.name])?;
    Ok(collection)
}

/// Removes a collection with its rows. That nothing refers to it is checked before.
///
/// # Errors
/// [`Error::BadRequest`] with the words of the database.
pub fn remove(tx: &mut Tx, collection: &Collection) -> Result<(), Error> {
    ddl::drop(tx, collection).map_err(refused)?;
    rows::delete(tx, &collection.id)?;
    let_files_go(tx, collection)?;
    rows::publish(tx)?;
    Ok(())
}

/// Writes down that nobody needs the files of a removed collection.
fn let_files_go(tx: &mut Tx, collection: &Collection) -> Result<(), Error> {
    if file_fields(collection).next().is_some() {
        loose::settle_collection(tx, &collection.id)?;
    }
    Ok(())
}

fn file_fields(collection: &Collection) -> impl Iterator<Item = &Field> {
    let stored = if collection.is_view() { [].as_slice() } else { &collection.fields };
    stored.iter().filter(|field| matches!(field.kind, FieldKind::File(_)))
}

/// The collection as everybody sees it from now on.
fn published(tx: &mut Tx, collection: &Collection) -> Result<Arc<Collection>, Error> {
    let schema = rows::publish(tx)?;
    let found = schema.by_id(&collection.id).map(Arc::clone);
    found.ok_or_else(|| Error::internal(format!("collection {:?} is lost", collection.id)))
}

fn make_indexes(tx: &mut Tx, old: Option<&Collection>, new: &Collection) -> Result<(), Error> {
    if new.is_view() {
        return Ok(());
    }
    let mut faults = FieldErrors::new();
    for IndexFault { position, message } in ddl::create_indexes(tx, old, new)? {
        let fault = Fault::new("validation_invalid_index_expression", message);
        faults.add(position.to_string(), fault);
    }
    if faults.is_empty() {
        return Ok(());
    }
    let mut errors = FieldErrors::new();
    errors.nest("indexes", faults);
    Err(Error::Invalid(errors))
}

/// A text of the user that the database refuses is the user's to mend, in the database's words.
fn refused(error: StoreError) -> Error {
    match error {
        StoreError::Statement { message, .. } => Error::BadRequest(message),
        error => error.into(),
    }
}
