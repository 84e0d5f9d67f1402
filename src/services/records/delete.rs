//! Deleting a record, and what that means for those that refer to it (contract A 3.6).

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::Json;
use crate::domain::collection::{Collection, SUPERUSERS};
use crate::domain::event::Event;
use crate::domain::fields::{Field, FieldKind, OnDelete};
use crate::domain::record::Record;
use crate::domain::rules::RequestInfo;
use crate::domain::time::Timestamp;
use crate::services::Error;
use crate::services::app::App;
use crate::services::files::loose;
use crate::services::records::{access, checks, system_refs};
use crate::store::{Tx, records, relations};

/// One deletion: who asks, and for which record.
#[derive(Clone)]
pub struct Deletion {
    /// Id of the collection.
    pub collection: String,
    /// Id of the record.
    pub id: String,
    /// The request that its rule sees.
    pub request: RequestInfo,
}

/// Deletes a record.
///
/// # Errors
/// `Forbidden` when the rule is locked, `NotFound` when there is no such record or the rule does
/// not hold, `BadRequest` for views and for records that others need, `Invalid` when clearing a
/// reference makes it one that another record has.
pub async fn delete(
    app: &App,
    collection: &Collection,
    id: String,
    request: RequestInfo,
) -> Result<(), Error> {
    access::require_stored(collection)?;
    access::require_unlocked(collection.rules.delete.as_ref(), &request)?;
    let deletion = Deletion { collection: collection.id.clone(), id, request };
    app.store.write(move |tx| in_transaction(tx, &deletion)).await
}

/// The part of [`delete`] inside the transaction.
///
/// # Errors
/// As [`delete`].
pub fn in_transaction(tx: &mut Tx, deletion: &Deletion) -> Result<(), Error> {
    let collection = access::collection(tx, &deletion.collection)?;
    let record = records::lock(tx, &collection, &deletion.id)?.ok_or(Error::NotFound)?;
    let rule = collection.rules.delete.as_ref();
    access::require_row(tx, &record, rule, &deletion.request)?;
    remove(tx, record, deletion.request.now)
}

/// Removes `record`, which is locked, whoever asks; then trims, clears, refuses or removes what
/// refers to it, and what refers to that.
///
/// The walk keeps its own stack: chains of cascades may be longer than a thread's.
///
/// # Errors
/// `BadRequest` when a required reference or the last superuser would be lost, `Invalid` when a
/// cleared reference is one that another record has.
pub fn remove(tx: &mut Tx, record: Record, now: Timestamp) -> Result<(), Error> {
    let mut places = Places::default();
    let mut open = vec![Removed::new(tx, record, &mut places, now)?];
    while let Some(removed) = open.last_mut() {
        let Some((place, id)) = removed.next_reference(tx)? else {
            open.pop();
            continue;
        };
        let target = removed.id.clone();
        if let Some(orphan) = release(tx, &place, &id, &target, now)? {
            open.push(Removed::new(tx, orphan, &mut places, now)?);
        }
    }
    Ok(())
}

/// A relation field that may refer to removed records.
type Place = (Arc<Collection>, usize);

/// The relation fields that point to a collection, looked up once a deletion.
#[derive(Default)]
struct Places(HashMap<String, Arc<[Place]>>);

impl Places {
    fn of(&mut self, tx: &Tx, collection: &Collection) -> Arc<[Place]> {
        let places = self.0.entry(collection.id.clone()).or_insert_with(|| {
            let schema = tx.schema();
            let references = schema.references_to(&collection.id).into_iter();
            references
                .filter_map(|(owner, field)| Some((owner.clone(), owner.position(&field.name)?)))
                .collect()
        });
        Arc::clone(places)
    }
}

/// A removed record whose references are being settled.
struct Removed {
    id: String,
    places: Arc<[Place]>,
    next_place: usize,
    referrers: std::vec::IntoIter<String>,
}

impl Removed {
    /// Removes the row first and looks for references after, so that a reference made meanwhile is
    /// either seen here or refused there.
    fn new(
        tx: &mut Tx,
        record: Record,
        places: &mut Places,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let collection = Arc::clone(record.collection());
        if collection.name == SUPERUSERS {
            system_refs::require_other_superuser(tx, &record)?;
            system_refs::tell_processes(tx, &collection)?;
        }
        records::remove(tx, &collection, record.id())?;
        loose::settle(tx, Some(&record), None, now)?;
        let id = record.id().to_owned();
        if collection.is_auth() {
            system_refs::remove_all(tx, &collection, &id)?;
        }
        tx.emit(Event::Deleted(Arc::new(record)));
        let places = places.of(tx, &collection);
        Ok(Self { id, places, next_place: 0, referrers: Vec::new().into_iter() })
    }

    fn next_reference(&mut self, tx: &mut Tx) -> Result<Option<(Place, String)>, Error> {
        loop {
            if let Some(referrer) = self.referrers.next() {
                let (collection, position) = &self.places[self.next_place - 1];
                return Ok(Some(((Arc::clone(collection), *position), referrer)));
            }
            let Some((collection, position)) = self.places.get(self.next_place) else {
                return Ok(None);
            };
            let field = &collection.fields[*position];
            self.referrers = relations::referrers(tx, collection, field, &self.id)?.into_iter();
            self.next_place += 1;
        }
    }
}

/// Takes `target` out of the reference that the record `id` has in `place`. Answers the record
/// when it goes too: it is not removed yet.
fn release(
    tx: &mut Tx,
    (collection, position): &Place,
    id: &str,
    target: &str,
    now: Timestamp,
) -> Result<Option<Record>, Error> {
    let Some(old) = records::lock(tx, collection, id)? else { return Ok(None) };
    let field = &collection.fields[*position];
    let Some(rest) = without(&old.values()[*position], target) else { return Ok(None) };
    let empty = rest.as_array().is_none_or(Vec::is_empty);
    if empty && cascades(field) {
        return Ok(Some(old));
    }
    if empty && refuses(field) {
        return Err(Error::bad_request(
            "The record cannot be deleted: another record must refer to it. \
             Change or delete that one first.",
        ));
    }
    let mut new = old.clone();
    new.set_at(*position, if empty { field.zero() } else { rest });
    touch(&mut new, now);
    records::update(tx, &old, &new).map_err(|error| checks::not_unique(&new, error))?;
    tx.emit(Event::Updated { old: Arc::new(old), new: Arc::new(new) });
    Ok(None)
}

/// Sets the dates that every save sets.
fn touch(record: &mut Record, now: Timestamp) {
    let collection = Arc::clone(record.collection());
    for (position, field) in collection.fields.iter().enumerate() {
        if matches!(&field.kind, FieldKind::Autodate(options) if options.on_update) {
            record.set_at(position, Json::from(now.to_string()));
        }
    }
}

/// What is left of a reference without `target`; nothing when it does not refer to it.
fn without(value: &Json, target: &str) -> Option<Json> {
    match value {
        Json::String(id) => (id == target).then_some(Json::Null),
        Json::Array(ids) => {
            let rest: Vec<Json> = ids.iter().filter(|id| *id != target).cloned().collect();
            (rest.len() < ids.len()).then_some(Json::Array(rest))
        }
        _ => None,
    }
}

const fn cascades(field: &Field) -> bool {
    matches!(&field.kind, FieldKind::Relation(options) if options.cascade_delete)
}

fn refuses(field: &Field) -> bool {
    field.required || field.ext.on_delete == Some(OnDelete::Block)
}
