//! Records to start with (config.md 1.9): the rows of `[seeds]` and made-up ones, through the normal
//! create path as the server itself, all in one transaction. Running them again changes nothing.

mod fake;
mod made_up;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use crate::config::{Fake, SeedReference, SeedRow, Seeds};
use crate::domain::collection::Collection;
use crate::domain::invalid::FieldErrors;
use crate::domain::record::Record;
use crate::domain::rules::RequestInfo;
use crate::domain::schema::Schema;
use crate::domain::{Json, JsonMap};
use crate::services::Error;
use crate::services::app::App;
use crate::services::records::create::{self, Creation};
use crate::store::records::Case;
use crate::store::{Db, Tx, records};

/// How long the rows may take; no other write goes on meanwhile.
const LIMIT: Duration = Duration::from_secs(10 * 60);

/// What was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seeded {
    /// Rows of the file that were not there.
    pub rows: usize,
    /// Made-up rows.
    pub made_up: usize,
}

/// Makes the rows of `seeds` that are not there, and made-up ones where a collection was empty.
///
/// # Errors
/// [`Error::BadRequest`] naming the row that the create path refuses, or what the database says;
/// nothing is made then.
pub async fn run(app: &App, seeds: &Seeds) -> Result<Seeded, Error> {
    let seeds = Arc::new(seeds.clone());
    let asked = Arc::clone(&seeds);
    let wanted = app.store.read(move |db| wanted(db, &asked)).await?;
    if wanted.rows.is_empty() && wanted.fakes.is_empty() {
        return Ok(Seeded::default());
    }
    let schema = app.store.schema();
    let now = app.clock.now();
    let mut rows = Vec::with_capacity(wanted.rows.len());
    for row in wanted.rows {
        let collection = found(&schema, &row.collection)?;
        let body = with_confirmation(&row.values, collection);
        let request = RequestInfo::of_server("POST", now);
        let creation = create::prepare(app, collection, body, request).await;
        // Rows of a file bring no uploads, so nothing is stored yet.
        let (creation, _) = creation.map_err(|error| refused(&row, error))?;
        rows.push((creation, row));
    }
    let fakes = made_up::prepare(app, &schema, &wanted.fakes, now).await?;
    app.store
        .write_with(LIMIT, move |tx| {
            let mut seeded = Seeded::default();
            for (creation, row) in &rows {
                seeded.rows += usize::from(make(tx, creation, row)?);
            }
            for fake in &fakes {
                seeded.made_up += made_up::make(tx, fake)?;
            }
            Ok(seeded)
        })
        .await
}

/// What is not there yet.
struct Wanted {
    rows: Vec<SeedRow>,
    fakes: Vec<Fake>,
}

fn wanted(db: &mut Db, seeds: &Seeds) -> Result<Wanted, Error> {
    let mut wanted = Wanted { rows: Vec::new(), fakes: Vec::new() };
    for row in &seeds.rows {
        if existing(db, &row.collection, &row.key, &key_text(row))?.is_none() {
            wanted.rows.push(row.clone());
        }
    }
    for fake in seeds.fakes.iter().filter(|fake| fake.count > 0) {
        let schema = db.schema();
        if records::count(db, found(&schema, &fake.collection)?)? == 0 {
            wanted.fakes.push(fake.clone());
        }
    }
    Ok(wanted)
}

/// Makes one row unless it is there by now; whether it was made.
fn make(tx: &mut Tx, creation: &Creation, row: &SeedRow) -> Result<bool, Error> {
    if existing(tx, &row.collection, &row.key, &key_text(row))?.is_some() {
        return Ok(false);
    }
    let mut creation = creation.clone();
    for reference in &row.references {
        let target = existing(tx, &reference.collection, &reference.key, &reference.value)?;
        let target = target.ok_or_else(|| {
            let SeedReference { collection, value, .. } = reference;
            refused(row, Error::bad_request(format!("there is no @{collection}/{value}")))
        })?;
        resolve(Arc::make_mut(&mut creation.body), reference, target.id());
    }
    create::in_transaction(tx, &creation).map_err(|error| refused(row, error))?;
    Ok(true)
}

/// Puts the id of the other record where the row refers to it.
fn resolve(body: &mut JsonMap, reference: &SeedReference, id: &str) {
    let value = body.get_mut(&reference.field);
    let place = match (value, reference.position) {
        (Some(Json::Array(items)), Some(position)) => items.get_mut(position),
        (value, _) => value,
    };
    if let Some(place) = place {
        *place = Json::from(id);
    }
}

/// The record whose key has this value.
fn existing(
    db: &mut Db,
    collection: &str,
    key: &str,
    value: &str,
) -> Result<Option<Record>, Error> {
    let schema = db.schema();
    let collection = found(&schema, collection)?;
    let Some(field) = collection.field(key) else {
        let message = format!("{} has no field {key}, the key of its seeds.", collection.name);
        return Err(Error::bad_request(message));
    };
    let any_case = collection.unique_index(key).is_some_and(|index| index.is_nocase());
    let case = if any_case { Case::Insensitive } else { Case::Sensitive };
    Ok(records::by_identity(db, collection, field, value, case)?)
}

fn found<'a>(schema: &'a Schema, name: &str) -> Result<&'a Arc<Collection>, Error> {
    schema
        .by_name(name)
        .ok_or_else(|| Error::bad_request(format!("There is no collection {name} to seed.")))
}

/// The text that the key of a row is found by.
fn key_text(row: &SeedRow) -> String {
    match row.values.get(&row.key) {
        Some(Json::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => String::new(),
    }
}

/// The body of a row; nobody types a password of a file twice.
fn with_confirmation(values: &JsonMap, collection: &Collection) -> JsonMap {
    let mut body = values.clone();
    if let Some(password) = body.get("password").filter(|_| collection.is_auth()).cloned() {
        body.entry("passwordConfirm").or_insert(password);
    }
    body
}

/// A refusal with the row that it is about.
fn refused(row: &SeedRow, error: Error) -> Error {
    let row = format!("[seeds.{}] {}", row.collection, key_text(row));
    match error {
        Error::Invalid(errors) => Error::BadRequest(format!("{row}: {}", sentence(&errors))),
        Error::BadRequest(message) => Error::BadRequest(format!("{row}: {message}")),
        Error::Unavailable(cause) => Error::Unavailable(cause),
        Error::Internal(cause) => Error::Internal(cause),
        error => Error::BadRequest(format!("{row}: {error}")),
    }
}

/// Field errors as one line.
fn sentence(errors: &FieldErrors) -> String {
    let texts =
        errors.faults().into_iter().map(|(path, fault)| format!("{path}: {}", fault.message));
    texts.collect::<Vec<_>>().join(" ")
}
