//! Made-up rows: which collections get them in which order, and making them one by one.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::config::Fake;
use crate::domain::JsonMap;
use crate::domain::collection::Collection;
use crate::domain::fields::FieldKind;
use crate::domain::invalid::FieldErrors;
use crate::domain::random::Random;
use crate::domain::rules::RequestInfo;
use crate::domain::schema::Schema;
use crate::domain::time::Timestamp;
use crate::services::Error;
use crate::services::app::App;
use crate::services::files::uploads::Uploads;
use crate::services::records::create::{self, Creation};
use crate::services::records::hashes::Hashes;
use crate::services::seeds::{fake, found, sentence};
use crate::store::{Tx, records};

/// Rows that a relation chooses from, and rows tried until one is unique.
const TARGETS: i64 = 200;
const TRIES: u32 = 10;

/// The rows to make up for one collection.
#[derive(Clone)]
pub(super) struct MadeUp {
    collection: Arc<Collection>,
    /// One creation a row, without a body.
    rows: Vec<Creation>,
}

/// What the rows of `fakes` need and a transaction may not make, in an order in which relations
/// find something to refer to.
pub(super) async fn prepare(
    app: &App,
    schema: &Schema,
    fakes: &[Fake],
    now: Timestamp,
) -> Result<Vec<MadeUp>, Error> {
    let mut prepared = Vec::with_capacity(fakes.len());
    for fake in in_order(schema, fakes)? {
        let collection = Arc::clone(found(schema, &fake.collection)?);
        if let Some(field) = fake::impossible(&collection) {
            let (collection, field) = (&collection.name, &field.name);
            let message = format!(
                "[seeds.{collection}] fake: {field} is a required file, which cannot be made up."
            );
            return Err(Error::BadRequest(message));
        }
        let passwords = collection
            .fields
            .iter()
            .filter(|field| matches!(field.kind, FieldKind::Password(_)))
            .map(|field| (field.name.clone(), fake::PASSWORD.to_owned()));
        let hashes = Hashes::of(app, passwords.collect::<BTreeMap<_, _>>()).await?;
        let row = |_| Creation {
            collection: collection.id.clone(),
            body: Arc::default(),
            uploads: Uploads::default(),
            request: RequestInfo::of_server("POST", now),
            // Ids and keys of accounts are secrets of this database and not for the fixed seed.
            random: Random::system(),
            hashes: hashes.clone(),
            made_up: None,
        };
        prepared.push(MadeUp { rows: (0..fake.count).map(row).collect(), collection });
    }
    Ok(prepared)
}

/// Collections that others refer to come first; in circles the order of the file decides.
fn in_order<'a>(schema: &Schema, fakes: &'a [Fake]) -> Result<Vec<&'a Fake>, Error> {
    let mut waiting: Vec<&Fake> = fakes.iter().collect();
    let mut ordered = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let mut next = 0;
        for (position, fake) in waiting.iter().enumerate() {
            let collection = found(schema, &fake.collection)?;
            let waits = waiting.iter().any(|other| {
                schema.by_name(&other.collection).is_some_and(|target| {
                    target.id != collection.id && refers(collection, &target.id)
                })
            });
            if !waits {
                next = position;
                break;
            }
        }
        ordered.push(waiting.remove(next));
    }
    Ok(ordered)
}

fn refers(collection: &Collection, target: &str) -> bool {
    collection.fields.iter().any(|field| {
        matches!(&field.kind, FieldKind::Relation(options) if options.collection_id == target)
    })
}

/// Makes the rows; how many. There are fewer than wanted when unique values run out.
pub(super) fn make(tx: &mut Tx, wanted: &MadeUp) -> Result<usize, Error> {
    let collection = &wanted.collection;
    // The seed is the collection's own, so that another collection does not change its rows.
    let mut random = Random::seeded(u64::from(crc32fast::hash(collection.name.as_bytes())));
    let mut made = 0;
    let mut number = 0;
    for creation in &wanted.rows {
        let targets = targets(tx, collection)?;
        let mut is_made = false;
        for _ in 0..TRIES {
            number += 1;
            let body = body(collection, number, &targets, &mut random);
            let creation = Creation { body: Arc::new(body), ..creation.clone() };
            match tx.attempt(|tx| create::in_transaction(tx, &creation)) {
                Ok(_) => {
                    is_made = true;
                    break;
                }
                Err(Error::Invalid(errors)) if is_taken(&errors) => {}
                Err(error) => return Err(refused(collection, error)),
            }
        }
        if !is_made {
            break;
        }
        made += 1;
    }
    Ok(made)
}

/// Ids that the relations of `collection` may use, by target.
fn targets(tx: &mut Tx, collection: &Collection) -> Result<HashMap<String, Vec<String>>, Error> {
    let schema = tx.schema();
    let mut targets = HashMap::new();
    for field in &collection.fields {
        let FieldKind::Relation(options) = &field.kind else { continue };
        let Some(target) = schema.by_id(&options.collection_id) else { continue };
        if !target.is_view() && !targets.contains_key(&target.id) {
            let records = records::oldest(tx, target, TARGETS)?;
            let ids = records.iter().map(|record| record.id().to_owned()).collect();
            targets.insert(target.id.clone(), ids);
        }
    }
    Ok(targets)
}

fn body(
    collection: &Collection,
    number: u32,
    targets: &HashMap<String, Vec<String>>,
    random: &mut Random,
) -> JsonMap {
    let mut body = JsonMap::new();
    for field in &collection.fields {
        let ids = match &field.kind {
            FieldKind::Relation(options) => {
                targets.get(&options.collection_id).map(Vec::as_slice).unwrap_or_default()
            }
            _ => &[],
        };
        if let Some(value) = fake::value(field, number, ids, random) {
            body.insert(field.name.clone(), value);
        }
    }
    if collection.is_auth() {
        body.insert("passwordConfirm".to_owned(), fake::PASSWORD.into());
    }
    body
}

/// Whether all that is wrong is that values exist already.
fn is_taken(errors: &FieldErrors) -> bool {
    errors.faults().iter().all(|(_, fault)| fault.code == "validation_not_unique")
}

fn refused(collection: &Collection, error: Error) -> Error {
    let what = format!("[seeds.{}] fake", collection.name);
    match error {
        Error::Invalid(errors) => {
            Error::BadRequest(format!("{what}: no values could be made up. {}", sentence(&errors)))
        }
        Error::BadRequest(message) => Error::BadRequest(format!("{what}: {message}")),
        error => error,
    }
}
