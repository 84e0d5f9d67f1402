//! Creating and updating a collection (contract A 2.3, 2.4).

use std::collections::HashSet;
use std::sync::Arc;

use crate::domain::JsonMap;
use crate::domain::collection::{Collection, ReadError};
use crate::domain::fields::Field;
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::random::Random;
use crate::domain::schema::Schema;
use crate::domain::time::Timestamp;
use crate::services::Error;
use crate::services::app::App;
use crate::services::collections::{LIMIT, lock, views};
use crate::store::{StoreError, Tx, view_rows};

/// How many rows of a view are looked at before it is made.
const LOOKED_AT: i64 = 10;

/// Most bytes of what a database says about a query.
const LONGEST_REASON: usize = 500;

/// Makes the collection that `body` describes; its JSON.
///
/// # Errors
/// `Locked` where a config file says what there is, `BadRequest` for a body that does not decode and
/// in the words of the database, `Invalid` for values.
pub async fn create(app: &App, body: JsonMap) -> Result<JsonMap, Error> {
    lock::require_unlocked(app)?;
    let (now, random) = (app.clock.now(), Random::system());
    let work = move |tx: &mut Tx| make(tx, &body, now, &mut random.clone());
    app.store.write_with(LIMIT, work).await.map(|collection| collection.to_json())
}

/// Lays `body` over the collection with this id or name; its JSON.
///
/// # Errors
/// As [`create`]; `NotFound` when there is no such collection.
pub async fn update(app: &App, id_or_name: &str, body: JsonMap) -> Result<JsonMap, Error> {
    lock::require_changeable(app, id_or_name)?;
    let id = app.store.schema().find(id_or_name).ok_or(Error::NotFound)?.id.clone();
    let may_rename = !app.options.locked;
    let (now, random) = (app.clock.now(), Random::system());
    let work = move |tx: &mut Tx| change(tx, &id, &body, may_rename, now, &mut random.clone());
    app.store.write_with(LIMIT, work).await.map(|collection| collection.to_json())
}

fn make(
    tx: &mut Tx,
    body: &JsonMap,
    now: Timestamp,
    random: &mut Random,
) -> Result<Arc<Collection>, Error> {
    let schema = tx.schema();
    let mut collection =
        Collection::create(body, &schema, now, random).map_err(|error| unreadable(&error))?;
    infer(&mut collection, Vec::new(), &schema);
    check(tx, &collection, None)?;
    super::create(tx, &collection)
}

fn change(
    tx: &mut Tx,
    id: &str,
    body: &JsonMap,
    may_rename: bool,
    now: Timestamp,
    random: &mut Random,
) -> Result<Arc<Collection>, Error> {
    let schema = tx.schema();
    let old = schema.by_id(id).cloned().ok_or(Error::NotFound)?;
    let mut new = old.updated(body, now, random).map_err(|error| unreadable(&error))?;
    if new.id != old.id {
        return Err(Error::bad_request("The id of a collection cannot change; leave it out."));
    }
    if new.name != old.name && !may_rename {
        return Err(Error::Locked(format!(
            "The config file calls this collection {}: change its name there.",
            old.name
        )));
    }
    infer(&mut new, views::stated(&old, &schema), &schema);
    check(tx, &new, Some(&old))?;
    super::update(tx, &old, &new)
}

/// What a body that does not describe a collection is told.
pub(super) fn unreadable(error: &ReadError) -> Error {
    match error {
        ReadError::Malformed(malformed) => Error::bad_request(malformed.to_string()),
        ReadError::Invalid(errors) => Error::Invalid(errors.clone()),
    }
}

/// Gives a view the fields of its query, whatever was sent; none when it has no readable one, which
/// is what [`check`] says then. `stated` are fields with a type where the query tells none.
pub(super) fn infer(collection: &mut Collection, stated: Vec<Field>, schema: &Schema) {
    if collection.is_view() {
        collection.fields = stated;
        collection.fields = views::fields(collection, schema).unwrap_or_default();
    }
}

/// Everything that stands against saving `collection`, over the others as they are; `old` is what it
/// replaces.
fn check(tx: &mut Tx, collection: &Collection, old: Option<&Collection>) -> Result<(), Error> {
    let target = with(&tx.schema(), collection, old.is_some());
    let mut errors = collection.validate(old, &target);
    if collection.is_view() && errors.get("viewQuery").is_none() && errors.get("ext").is_none() {
        errors.merge(check_rows(tx, collection)?);
    }
    errors.into_result().map_err(Error::Invalid)
}

/// The collections of `schema` with `collection` among them, so that its rules and relations see it
/// as it will be.
fn with(schema: &Schema, collection: &Collection, replaces: bool) -> Schema {
    let mut all = schema.collections().to_vec();
    let new = Arc::new(collection.clone());
    match all.iter_mut().find(|stored| replaces && stored.id == collection.id) {
        Some(stored) => *stored = new,
        None => all.push(new),
    }
    Schema::new(schema.version(), all)
}

/// Runs the query of a view and looks at its first rows: their ids must be there and differ
/// (contract A 2.12).
pub(super) fn check_rows(tx: &mut Tx, view: &Collection) -> Result<FieldErrors, Error> {
    let view = Arc::new(view.clone());
    let fault = |message: &str| {
        let end = message.floor_char_boundary(LONGEST_REASON);
        Fault::new("validation_invalid_view_query", &message[..end])
    };
    let rows = match tx.look(|db| view_rows::sample(db, &view, LOOKED_AT)) {
        Ok(rows) => rows,
        Err(StoreError::Statement { message, .. }) => {
            let mut errors = FieldErrors::from(("viewQuery", fault(&message)));
            errors.add("fields", Fault::required());
            return Ok(errors);
        }
        Err(StoreError::ReadOnly) => {
            return Ok(FieldErrors::from(("viewQuery", fault("A view never writes."))));
        }
        Err(error) => return Err(error.into()),
    };
    let ids: HashSet<&str> = rows.iter().map(|row| row.id()).collect();
    if ids.len() == rows.len() && !ids.contains("") {
        return Ok(FieldErrors::new());
    }
    let message = "The query answers rows whose id is empty, or the same as that of another row.";
    Ok(FieldErrors::from(("viewQuery", fault(message))))
}
