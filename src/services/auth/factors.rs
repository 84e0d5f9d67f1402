//! The second factor of a sign-in (contract B 3.8): the first one leaves a row in `_mfas`, the second
//! one takes it away.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::collection::Collection;
use crate::domain::event::Event;
use crate::domain::record::Record;
use crate::domain::rules::RequestInfo;
use crate::domain::system::MFAS;
use crate::domain::time::Timestamp;
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::answer::admits;
use crate::services::auth::rows::{self, Ingredients};
use crate::services::auth::{Method, options, totp};
use crate::store::{Tx, records};

/// What is still to be done.
pub(super) enum Wanted {
    /// Nothing: the sign-in is complete.
    Nothing,
    /// Another factor.
    Another {
        /// The id of the first one.
        mfa_id: String,
        /// Whether it has to be the authenticator.
        has_authenticator: bool,
    },
}

/// Takes `method` for one factor of the sign-in as `record`, where two are wanted.
///
/// # Errors
/// `BadRequest` when the first factor that the request names does not count, or the rule for second
/// factors is broken.
pub(super) async fn settle(
    app: &App,
    record: &Arc<Record>,
    method: Method,
    request: &RequestInfo,
) -> Result<Wanted, Error> {
    let has_authenticator = totp::is_enrolled(app, record).await?;
    if !has_authenticator && !is_asked_for(app, record, request).await? {
        return Ok(Wanted::Nothing);
    }
    let first = first_factor(request);
    // Whoever has an authenticator has to show it: no other way will do for the second.
    if first.is_empty() || (has_authenticator && method != Method::Totp) {
        let mfa_id = begin(app, record, method).await?;
        return Ok(Wanted::Another { mfa_id, has_authenticator });
    }
    let duration = lifetime(record.collection())?;
    complete(app, record, method, (first, duration)).await.map(|()| Wanted::Nothing)
}

/// Whether the collection asks for a second factor of `record`.
async fn is_asked_for(
    app: &App,
    record: &Arc<Record>,
    request: &RequestInfo,
) -> Result<bool, Error> {
    let options = options(record.collection())?;
    let ways = [options.password_auth.enabled, options.otp.enabled, options.oauth2.enabled];
    // With an authenticator for the only second way, somebody without one could never get in to have
    // one made.
    let one_way = ways.iter().filter(|open| **open).count() < 2;
    if !options.mfa.enabled || (one_way && record.collection().offers_totp()) {
        return Ok(false);
    }
    admits(app, record, options.mfa.rule.clone(), request)
        .await?
        .map_err(|err| Error::bad_request(format!("The rule for second factors is broken: {err}")))
}

/// How long a first factor counts.
fn lifetime(collection: &Collection) -> Result<Duration, Error> {
    Ok(Duration::from_secs(options(collection)?.mfa.duration.unsigned_abs()))
}

/// The account of `collection` whose first factor has this id and still counts.
///
/// # Errors
/// When the database cannot be asked.
pub(super) async fn account_of(
    app: &App,
    collection: &Arc<Collection>,
    id: &str,
) -> Result<Option<Record>, Error> {
    let (of, id, now) = (Arc::clone(collection), id.to_owned(), app.clock.now());
    let duration = lifetime(collection)?;
    let found = app.store.read(move |db| {
        let mfas = rows::collection(db, MFAS)?;
        let counts = |row: &Record| {
            row.text("collectionRef") == of.id && !rows::is_older(row, duration, now)
        };
        match records::by_id(db, &mfas, &id)?.filter(counts) {
            Some(row) => Ok(records::by_id(db, &of, row.text("recordRef"))?),
            None => Ok::<_, Error>(None),
        }
    });
    found.await
}

/// What a first factor that does not count is told.
pub(super) fn does_not_count() -> Error {
    Error::bad_request("The first factor does not count: sign in from the start.")
}

/// The id of the first factor, from the query or else from the body.
pub(super) fn first_factor(request: &RequestInfo) -> String {
    let asked = request.query.get("mfaId").filter(|id| !id.is_empty());
    let sent = || request.body.get("mfaId").and_then(|id| id.as_str());
    asked.map(String::as_str).or_else(sent).unwrap_or_default().to_owned()
}

async fn begin(app: &App, record: &Arc<Record>, method: Method) -> Result<String, Error> {
    let (record, made_of) = (Arc::clone(record), Ingredients::new(app.clock.now()));
    let fields = [("method", method.as_str())];
    let row = app.store.write(move |tx| rows::create(tx, MFAS, &record, fields, &made_of));
    Ok(row.await?.id().to_owned())
}

/// Whether the row counts is decided and the row is gone in one transaction, so it counts once.
async fn complete(
    app: &App,
    record: &Arc<Record>,
    method: Method,
    (id, duration): (String, Duration),
) -> Result<(), Error> {
    let (record, now) = (Arc::clone(record), app.clock.now());
    let counts = app.store.write(move |tx| take(tx, &record, method, (&id, duration), now));
    if counts.await? { Ok(()) } else { Err(does_not_count()) }
}

fn take(
    tx: &mut Tx,
    record: &Record,
    method: Method,
    (id, duration): (&str, Duration),
    now: Timestamp,
) -> Result<bool, Error> {
    let mfas = rows::collection(tx, MFAS)?;
    let Some(row) = records::lock(tx, &mfas, id)? else { return Ok(false) };
    let expired = rows::is_older(&row, duration, now);
    let counts = !expired && rows::belongs(&row, record) && row.text("method") != method.as_str();
    if counts || expired {
        records::remove(tx, &mfas, id)?;
        tx.emit(Event::Deleted(Arc::new(row)));
    }
    Ok(counts)
}
