//! Signing in by identity and password (contract B 3.3).

use std::net::IpAddr;
use std::sync::Arc;

use crate::domain::collection::{AuthOptions, Collection};
use crate::domain::fields::is_email;
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::record::Record;
use crate::domain::rules::{RequestContext, RequestInfo};
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::answer::{self, Entry, Way};
use crate::services::auth::{Method, options};
use crate::services::throttle::{Attempt, Outcome};
use crate::store::records::{self, Case};
use crate::store::{Db, StoreError};

/// Most bytes of an identity and of a password.
const LONGEST: usize = 255;

/// What somebody claims to sign in with.
#[derive(Clone)]
pub struct Credentials {
    /// What names the account.
    pub identity: String,
    /// The plain password.
    pub password: String,
    /// The field that `identity` is a value of; empty to try all that the collection allows.
    pub identity_field: String,
    /// Where the attempt comes from.
    pub address: IpAddr,
}

/// Refuses when `collection` does not let anybody in by password. Asked before the body is read.
///
/// # Errors
/// `Forbidden` when this way in is closed.
pub fn require_open(collection: &Collection) -> Result<(), Error> {
    if options(collection)?.password_auth.enabled { Ok(()) } else { Err(Error::Forbidden) }
}

/// Signs in. `request` is what the caller was before, with the body as it was sent.
///
/// # Errors
/// `Forbidden` when this way in is closed or the `authRule` says no, `Invalid` for fields that are
/// missing or too long, `TooManyRequests` after too many failures, `BadRequest` when the identity
/// and the password do not belong together; which of the two is wrong is not told.
pub async fn sign_in(
    app: &App,
    collection: &Arc<Collection>,
    credentials: Credentials,
    request: RequestInfo,
) -> Result<Entry, Error> {
    require_open(collection)?;
    check(&credentials, options(collection)?).into_result()?;
    let record = authenticate(app, collection, &credentials).await?;
    let request = RequestInfo { context: RequestContext::Password, ..request };
    let record = renew_hash(app, record, credentials.password).await;
    let way = Way { method: Method::Password, address: credentials.address };
    answer::conclude(app, record, way, request).await
}

fn check(credentials: &Credentials, auth: &AuthOptions) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (name, value) in [("identity", &credentials.identity), ("password", &credentials.password)]
    {
        if value.is_empty() {
            errors.add(name, Fault::required());
        } else if value.len() > LONGEST {
            errors.add(name, Fault::length(1, LONGEST));
        }
    }
    let field = &credentials.identity_field;
    if !field.is_empty() && !auth.password_auth.identity_fields.contains(field) {
        errors.add("identityField", Fault::new("validation_in_invalid", "Must be a valid value."));
    }
    errors
}

/// The record that the credentials belong to. A wrong password and an unknown account look and
/// take the same.
async fn authenticate(
    app: &App,
    collection: &Arc<Collection>,
    credentials: &Credentials,
) -> Result<Arc<Record>, Error> {
    let found = find(app, collection, credentials).await?;
    let account = match &found {
        Found::Account(record) => Some(record.id()),
        Found::Nobody { .. } => None,
    };
    let identity = credentials.identity.as_str();
    let attempt = Attempt::of(&collection.id, identity, account, credentials.address);
    app.throttle.check(&app.store, &attempt, app.clock.now()).await?;
    let password = credentials.password.clone();
    let record = match found {
        Found::Account(record) => {
            let hash = record.text("password").to_owned();
            app.passwords.verify(password, hash).await?.then_some(record)
        }
        Found::Nobody { sample } => {
            app.passwords.verify_nobody(password, sample).await?;
            None
        }
    };
    let outcome = if record.is_some() { Outcome::Succeeded } else { Outcome::Failed };
    app.throttle.settle(&app.store, &attempt, outcome, app.clock.now()).await?;
    record.map(Arc::new).ok_or_else(|| Error::bad_request("Failed to authenticate."))
}

enum Found {
    Account(Record),
    Nobody { sample: Option<String> },
}

async fn find(
    app: &App,
    collection: &Arc<Collection>,
    credentials: &Credentials,
) -> Result<Found, Error> {
    let fields = identity_fields(&options(collection)?.password_auth.identity_fields, credentials);
    let (collection, identity) = (Arc::clone(collection), credentials.identity.clone());
    app.store.read(move |db| find_within(db, &collection, &fields, &identity)).await
}

/// The fields to look in, in order: `email` first, and only for what can be an address.
fn identity_fields(configured: &[String], credentials: &Credentials) -> Vec<String> {
    if !credentials.identity_field.is_empty() {
        return vec![credentials.identity_field.clone()];
    }
    let is_email = is_email(&credentials.identity);
    let (mut first, others): (Vec<_>, Vec<_>) =
        configured.iter().cloned().partition(|name| name == "email");
    first.retain(|_| is_email);
    first.extend(others);
    first
}

fn find_within(
    db: &mut Db,
    collection: &Arc<Collection>,
    fields: &[String],
    identity: &str,
) -> Result<Found, Error> {
    for name in fields {
        // Collections are checked when they are saved; without the index two accounts could have
        // one name, and nobody may get into either of them.
        let (field, index) = collection
            .field(name)
            .zip(collection.unique_index(name))
            .ok_or_else(|| Error::internal(format!("{name} has no unique index")))?;
        let case = if index.is_nocase() { Case::Insensitive } else { Case::Sensitive };
        if let Some(record) = records::by_identity(db, collection, field, identity, case)? {
            return Ok(Found::Account(record));
        }
    }
    let sample = records::oldest(db, collection, 1)?.pop();
    Ok(Found::Nobody { sample: sample.map(|record| record.text("password").to_owned()) })
}

/// Replaces a hash of an older kind or cost, now that the password is known once. The password
/// stays the same, so nobody is signed out and no event is sent: nothing that anybody can see has
/// changed. It may fail: there will be another sign-in.
async fn renew_hash(app: &App, record: Arc<Record>, password: String) -> Arc<Record> {
    if !app.passwords.needs_rehash(record.text("password")) {
        return record;
    }
    match try_renew_hash(app, &record, password).await {
        Ok(Some(renewed)) => renewed,
        Ok(None) => record,
        Err(err) => {
            let cause = std::error::Error::source(&err).map(ToString::to_string);
            tracing::warn!(
                record = record.id(),
                cause,
                "a password hash could not be renewed: {err}"
            );
            record
        }
    }
}

/// The record with its new hash; None when it has changed since it was read.
async fn try_renew_hash(
    app: &App,
    record: &Arc<Record>,
    password: String,
) -> Result<Option<Arc<Record>>, Error> {
    let hash = app.passwords.hash(password).await?;
    let seen = Arc::clone(record);
    let renewed = app.store.write(move |tx| {
        let Some(collection) = tx.schema().by_id(&seen.collection().id).cloned() else {
            return Ok(None);
        };
        let stored = records::lock(tx, &collection, seen.id())?;
        let unchanged = |record: &Record| record.text("password") == seen.text("password");
        let Some(old) = stored.filter(unchanged) else { return Ok(None) };
        let mut new = old.clone();
        new.set("password", hash.as_str().into());
        records::update(tx, &old, &new)?;
        Ok::<_, StoreError>(Some(Arc::new(new)))
    });
    Ok(renewed.await?)
}
