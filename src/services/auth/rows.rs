//! Rows of the system collections that belong to accounts: `_mfas`, `_otps`, `_externalAuths`,
//! `_authOrigins`.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::collection::Collection;
use crate::domain::random::Random;
use crate::domain::record::Record;
use crate::domain::rules::RequestInfo;
use crate::domain::time::Timestamp;
use crate::domain::{Json, JsonMap};
use crate::services::Error;
use crate::services::files::uploads::Uploads;
use crate::services::records::create::{self, Creation};
use crate::services::records::hashes::Hashes;
use crate::store::{Db, Tx};

/// What a row is made of that its transaction must not make itself.
#[derive(Clone)]
pub(super) struct Ingredients {
    /// The moment of the request.
    pub(super) now: Timestamp,
    /// Where ids come from.
    pub(super) random: Random,
    /// Hashes of the passwords in the row.
    pub(super) hashes: Hashes,
}

impl Ingredients {
    /// Those of a row without a password.
    pub(super) fn new(now: Timestamp) -> Self {
        Self { now, random: Random::system(), hashes: Hashes::default() }
    }
}

/// The system collection called `name`.
///
/// # Errors
/// `Internal` when it is missing.
pub(super) fn collection(db: &Db, name: &str) -> Result<Arc<Collection>, Error> {
    let found = db.schema().by_name(name).cloned();
    found.ok_or_else(|| Error::internal(format!("the collection {name} is missing")))
}

/// Makes a row of the system collection `name` that belongs to `record`, with `fields` besides.
///
/// # Errors
/// When the account is gone, or what the database says.
pub(super) fn create<const N: usize>(
    tx: &mut Tx,
    name: &str,
    record: &Record,
    fields: [(&str, &str); N],
    made_of: &Ingredients,
) -> Result<Arc<Record>, Error> {
    let owner = (record.collection().id.as_str(), record.id());
    let creation = creation(tx, name, owner, fields, made_of)?;
    create::in_transaction(tx, &creation).map(|written| written.record)
}

/// The same for the account `id` of a collection, whether there is one or not.
///
/// # Errors
/// What the database says.
pub(super) fn create_for<const N: usize>(
    tx: &mut Tx,
    name: &str,
    (collection_id, id): (&str, &str),
    fields: [(&str, &str); N],
    made_of: &Ingredients,
) -> Result<Arc<Record>, Error> {
    create::unchecked(tx, &creation(tx, name, (collection_id, id), fields, made_of)?)
}

fn creation<const N: usize>(
    db: &Db,
    name: &str,
    (collection_id, id): (&str, &str),
    fields: [(&str, &str); N],
    made_of: &Ingredients,
) -> Result<Creation, Error> {
    let body = [("collectionRef", collection_id), ("recordRef", id)].into_iter().chain(fields);
    let body: JsonMap = body.map(|(key, text)| (key.to_owned(), Json::from(text))).collect();
    Ok(Creation {
        collection: collection(db, name)?.id.clone(),
        body: Arc::new(body),
        uploads: Uploads::default(),
        request: RequestInfo::of_server("POST", made_of.now),
        random: made_of.random.clone(),
        hashes: made_of.hashes.clone(),
        made_up: None,
    })
}

/// Whether `row` belongs to the account `record`.
pub(super) fn belongs(row: &Record, record: &Record) -> bool {
    row.text("collectionRef") == record.collection().id && row.text("recordRef") == record.id()
}

/// Whether `row` was made longer than `duration` ago, or does not say when.
pub(super) fn is_older(row: &Record, duration: Duration, now: Timestamp) -> bool {
    Timestamp::parse(row.text("created")).is_none_or(|created| {
        let age = now.millis().saturating_sub(created.millis()).max(0).unsigned_abs();
        Duration::from_millis(age) > duration
    })
}
