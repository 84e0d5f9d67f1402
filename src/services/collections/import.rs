//! Importing many collections at once (contract A 2.13): all of them, or none.

use std::collections::HashSet;
use std::sync::Arc;

use crate::domain::collection::{Collection, Missing, ReadError};
use crate::domain::invalid::{Fault, FieldErrors, Invalid};
use crate::domain::random::Random;
use crate::domain::schema::Schema;
use crate::domain::time::Timestamp;
use crate::domain::{Json, JsonMap};
use crate::services::Error;
use crate::services::app::App;
use crate::services::collections::{LIMIT, delete, lock, save, views};
use crate::store::{Tx, collections as rows, ddl};

/// What is imported.
#[derive(Debug, Clone)]
pub struct Import {
    /// The collections, each as the body of a create or an update.
    pub collections: Vec<JsonMap>,
    /// What becomes of collections and fields that it does not name.
    pub missing: Missing,
}

/// A collection as it shall be, and as it is.
struct Item {
    old: Option<Arc<Collection>>,
    new: Collection,
}

/// Makes the database hold the collections of `import`.
///
/// # Errors
/// `Locked` where a config file says what there is; `Invalid` under `collections` for everything that
/// is wrong with them. Nothing is changed then.
pub async fn import(app: &App, import: Import) -> Result<(), Error> {
    lock::require_unlocked(app)?;
    if import.collections.is_empty() {
        return Err(Error::invalid("collections", Fault::required()));
    }
    let (now, random) = (app.clock.now(), Random::system());
    app.store
        .write_with(LIMIT, move |tx| {
            carry_out(tx, &import, now, &mut random.clone()).map_err(failed)
        })
        .await
}

fn carry_out(
    tx: &mut Tx,
    import: &Import,
    now: Timestamp,
    random: &mut Random,
) -> Result<(), Error> {
    let before = tx.schema();
    let mut items = read(import, &before, now, random)?;
    let doomed = doomed(&before, &items, import.missing);
    let mut target = target(&before, &items, &doomed);
    let order = infer(&mut items, &before, &mut target);
    let target = Schema::new(before.version(), target);
    for item in &items {
        check(item, &target)?;
    }
    clear(tx, &before, &doomed)?;
    let (views, tables): (Vec<_>, Vec<_>) = items.iter().partition(|item| item.new.is_view());
    for item in tables {
        save(tx, item)?;
    }
    for id in &order {
        let item = views.iter().find(|item| item.new.id == *id);
        item.map_or(Ok(()), |item| save_view(tx, item, !doomed.is_empty()))?;
    }
    Ok(())
}

/// The items over what is stored: matched by id, or by name where they have none. Of several about
/// one collection the last one counts.
fn read(
    import: &Import,
    stored: &Schema,
    now: Timestamp,
    random: &mut Random,
) -> Result<Vec<Item>, Error> {
    let mut items: Vec<Item> = Vec::with_capacity(import.collections.len());
    for (position, body) in import.collections.iter().enumerate() {
        let item = read_one(body, import.missing, stored, now, random);
        let item = item.map_err(|error| in_item(position, body, &error))?;
        match items.iter_mut().find(|other| item.old.is_some() && other.new.id == item.new.id) {
            Some(earlier) => *earlier = item,
            None => items.push(item),
        }
    }
    Ok(items)
}

fn read_one(
    body: &JsonMap,
    missing: Missing,
    stored: &Schema,
    now: Timestamp,
    random: &mut Random,
) -> Result<Item, ReadError> {
    let text = |key: &str| body.get(key).and_then(Json::as_str).filter(|text| !text.is_empty());
    let old = text("id").or_else(|| text("name")).and_then(|identifier| stored.find(identifier));
    let new = match old {
        Some(old) => {
            let mut body = body.clone();
            // It was found by its name, or has this very id.
            body.remove("id");
            old.imported(&body, missing, now, random)?
        }
        None => Collection::create(body, stored, now, random)?,
    };
    Ok(Item { old: old.cloned(), new })
}

/// The stored collections that go, since the import does not name them.
fn doomed(stored: &Schema, items: &[Item], missing: Missing) -> Vec<Arc<Collection>> {
    let named: HashSet<&str> = items.iter().map(|item| item.new.id.as_str()).collect();
    let goes = |collection: &&Arc<Collection>| {
        missing == Missing::Removed && !collection.system && !named.contains(collection.id.as_str())
    };
    stored.collections().iter().filter(goes).cloned().collect()
}

/// All collections as they shall be.
fn target(stored: &Schema, items: &[Item], doomed: &[Arc<Collection>]) -> Vec<Arc<Collection>> {
    let stays = |collection: &&Arc<Collection>| doomed.iter().all(|gone| gone.id != collection.id);
    let mut all: Vec<Arc<Collection>> =
        stored.collections().iter().filter(stays).cloned().collect();
    for item in items {
        let new = Arc::new(item.new.clone());
        match all.iter_mut().find(|old| item.old.is_some() && old.id == item.new.id) {
            Some(old) => *old = new,
            None => all.push(new),
        }
    }
    all
}

/// Gives the views among the items their fields; the ids of all views, each after those it reads.
fn infer(items: &mut [Item], before: &Schema, target: &mut [Arc<Collection>]) -> Vec<String> {
    let mut order = Vec::new();
    for view in views::in_order(target) {
        order.push(view.id.clone());
        let Some(item) = items.iter_mut().find(|item| item.new.id == view.id) else { continue };
        let stated = item.old.as_ref().map(|old| views::stated(old, before)).unwrap_or_default();
        save::infer(&mut item.new, stated, &Schema::new(0, target.to_vec()));
        if let Some(collection) = target.iter_mut().find(|other| other.id == view.id) {
            *collection = Arc::new(item.new.clone());
        }
    }
    order
}

fn check(item: &Item, target: &Schema) -> Result<(), Error> {
    item.new
        .validate(item.old.as_deref(), target)
        .into_result()
        .map_err(|errors| invalid(&item.new, &errors))
}

/// Removes what goes. Where everything that the import does not name goes, all views go first, since
/// they may read what goes; those that it names are made again.
fn clear(tx: &mut Tx, before: &Schema, doomed: &[Arc<Collection>]) -> Result<(), Error> {
    if doomed.is_empty() {
        return Ok(());
    }
    for view in views::in_order(before.collections()).iter().rev() {
        ddl::drop(tx, view).map_err(super::refused)?;
    }
    for collection in doomed {
        delete::remove_belongings(tx, collection)?;
        if !collection.is_view() {
            ddl::drop(tx, collection).map_err(super::refused)?;
        }
        rows::delete(tx, &collection.id)?;
        super::let_files_go(tx, collection)?;
    }
    rows::publish(tx)?;
    Ok(())
}

fn save(tx: &mut Tx, item: &Item) -> Result<(), Error> {
    let saved = match &item.old {
        Some(old) => super::update(tx, old, &item.new),
        None => super::create(tx, &item.new),
    };
    saved.map(|_| ()).map_err(|error| in_collection(&item.new, error))
}

/// Saves a view once its query was tried; `gone` says that the views were removed before.
fn save_view(tx: &mut Tx, item: &Item, gone: bool) -> Result<(), Error> {
    let errors = save::check_rows(tx, &item.new)?;
    errors.into_result().map_err(|errors| invalid(&item.new, &errors))?;
    if !gone || item.old.is_none() {
        return save(tx, item);
    }
    ddl::create(tx, &item.new).map_err(super::refused)?;
    rows::update(tx, &item.new).map_err(super::refused)?;
    rows::publish(tx)?;
    Ok(())
}

/// What the caller is told of a failure that is theirs to mend.
fn failed(error: Error) -> Error {
    let message = match error {
        Error::BadRequest(message) => message,
        Error::Invalid(errors) => described(&errors),
        error => return error,
    };
    let fault = Fault::new("validation_collections_import_failure", message);
    Error::invalid("collections", fault)
}

fn in_item(position: usize, body: &JsonMap, error: &ReadError) -> Error {
    let name = body.get("name").and_then(Json::as_str).unwrap_or_default();
    let reason = match error {
        ReadError::Malformed(malformed) => malformed.to_string(),
        ReadError::Invalid(errors) => described(errors),
    };
    Error::BadRequest(format!("Item {position} ({name:?}) is no collection: {reason}"))
}

fn invalid(collection: &Collection, errors: &FieldErrors) -> Error {
    Error::BadRequest(format!(
        "The collection {:?} ({}) is not valid:\n{}",
        collection.name,
        collection.id,
        described(errors)
    ))
}

fn in_collection(collection: &Collection, error: Error) -> Error {
    match error {
        Error::BadRequest(message) => Error::BadRequest(format!(
            "The collection {:?} could not be saved: {message}",
            collection.name
        )),
        Error::Invalid(errors) => invalid(collection, &errors),
        error => error,
    }
}

/// The messages of `errors` as JSON.
fn described(errors: &FieldErrors) -> String {
    serde_json::to_string_pretty(&tree(errors)).unwrap_or_default()
}

fn tree(errors: &FieldErrors) -> Json {
    let leaf = |invalid: &Invalid| match invalid {
        Invalid::Fault(fault) => Json::from(fault.message.as_str()),
        Invalid::Nested(inner) => tree(inner),
    };
    Json::Object(errors.iter().map(|(key, invalid)| (key.to_owned(), leaf(invalid))).collect())
}
