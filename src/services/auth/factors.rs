//! The second factor of a sign-in (contract B 3.8): the first one leaves a row in `_mfas`, the second
//! one takes it away.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::event::Event;
use crate::domain::record::Record;
use crate::domain::rules::RequestInfo;
use crate::domain::system::MFAS;
use crate::domain::time::Timestamp;
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::answer::admits;
use crate::services::auth::rows::{self, Ingredients};
use crate::services::auth::{Method, options};
use crate::store::{Tx, records};

/// What is still to be done.
pub(super) enum Wanted {
    /// Nothing: the sign-in is complete.
    Nothing,
    /// Another factor, with this id of the first one.
    Another(String),
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
    let mfa = &options(record.collection())?.mfa;
    if !mfa.enabled {
        return Ok(Wanted::Nothing);
    }
    match admits(app, record, mfa.rule.clone(), request).await? {
        Ok(true) => {}
        Ok(false) => return Ok(Wanted::Nothing),
        Err(err) => {
            let message = format!("The rule for second factors is broken: {err}");
            return Err(Error::bad_request(message));
        }
    }
    let first = first_factor(request);
    if first.is_empty() {
        return begin(app, record, method).await.map(Wanted::Another);
    }
    let duration = Duration::from_secs(mfa.duration.unsigned_abs());
    complete(app, record, method, (first, duration)).await.map(|()| Wanted::Nothing)
}

/// The id of the first factor, from the query or else from the body.
fn first_factor(request: &RequestInfo) -> String {
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
    if counts.await? {
        Ok(())
    } else {
        Err(Error::bad_request("The first factor does not count: sign in from the start."))
    }
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
