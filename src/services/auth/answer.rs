//! The steps that all ways to sign in end with (contract B 3.1).

use std::sync::Arc;

use crate::domain::caller::Caller;
use crate::domain::record::Record;
use crate::domain::rules::{RequestInfo, Rule};
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::options;
use crate::services::records::answer;
use crate::services::records::record_view::RecordView;
use crate::services::tokens::{Grant, Lifetime, issue};
use crate::store::Db;
use crate::store::filter::{Exists, FilterError, Query};

/// Somebody who signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The record, as it sees itself.
    pub record: RecordView,
    /// The token to send from now on.
    pub token: String,
}

/// Refuses `record` unless the collection's `authRule` lets it in. The rule sees who asked, which
/// is not yet who signs in; superusers let anybody in.
pub(super) async fn require_auth_rule(
    app: &App,
    record: &Arc<Record>,
    request: &RequestInfo,
) -> Result<(), Error> {
    if request.caller.is_superuser() {
        return Ok(());
    }
    let rule = options(record.collection())?.auth_rule.clone().ok_or(Error::Forbidden)?;
    match admits(app, record, rule, request).await? {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => Err(Error::Forbidden),
    }
}

/// Refuses a sign-in that needs a second factor: this version cannot ask for one, and one factor
/// must not do where two are wanted.
pub(super) async fn refuse_second_factor(
    app: &App,
    record: &Arc<Record>,
    request: &RequestInfo,
) -> Result<(), Error> {
    let mfa = &options(record.collection())?.mfa;
    if !mfa.enabled {
        return Ok(());
    }
    match admits(app, record, mfa.rule.clone(), request).await? {
        Ok(false) => Ok(()),
        Ok(true) => Err(Error::bad_request(
            "This sign-in needs a second factor, which this version cannot ask for yet.",
        )),
        Err(err) => {
            Err(Error::bad_request(format!("The rule for second factors is broken: {err}")))
        }
    }
}

/// The answer to whoever just signed in as `record`, with a new token of this kind.
pub(super) async fn signed_in(
    app: &App,
    record: Arc<Record>,
    request: RequestInfo,
) -> Result<SignedIn, Error> {
    let grant = Grant::Auth { refreshable: true };
    let token = issue(&record, grant, Lifetime::Usual, app.clock.now())?;
    Ok(SignedIn { record: own_view(app, record, request).await?, token })
}

/// `record` as it sees itself, with what the request wants expanded.
pub(super) async fn own_view(
    app: &App,
    record: Arc<Record>,
    request: RequestInfo,
) -> Result<RecordView, Error> {
    let caller = Caller::signed_in(Arc::clone(&record));
    let request = RequestInfo { caller, ..request };
    answer::written(app, record, request).await
}

/// Whether `rule` holds for the stored `record`; the inner error is of a rule that cannot be used.
async fn admits(
    app: &App,
    record: &Arc<Record>,
    rule: Rule,
    request: &RequestInfo,
) -> Result<Result<bool, FilterError>, Error> {
    if rule.is_public() {
        return Ok(Ok(true));
    }
    let (record, request) = (Arc::clone(record), request.clone());
    app.store.read(move |db| holds(db, &record, &rule, &request)).await
}

fn holds(
    db: &mut Db,
    record: &Record,
    rule: &Rule,
    request: &RequestInfo,
) -> Result<Result<bool, FilterError>, Error> {
    let schema = db.schema();
    let query = Query::rows(db.dialect(), &schema, record.collection(), request)
        .by_id(record.id())
        .require(rule)
        .and_then(|query| query.exists());
    match query {
        Ok(Exists::Known(holds)) => Ok(Ok(holds)),
        Ok(Exists::Ask(statement)) => Ok(Ok(db.fetch_one(statement)?.bool(0)?)),
        Err(err) => Ok(Err(err)),
    }
}
