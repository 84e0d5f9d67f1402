//! The steps that all ways to sign in end with (contract B 3.1).

use std::net::IpAddr;
use std::sync::Arc;

use crate::domain::Json;
use crate::domain::caller::Caller;
use crate::domain::record::Record;
use crate::domain::rules::{RequestInfo, Rule};
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::factors::{self, Wanted};
use crate::services::auth::sessions::{self, Beginning};
use crate::services::auth::{Method, options, origins};
use crate::services::records::answer;
use crate::services::records::record_view::RecordView;
use crate::services::tokens::{Grant, Lifetime};
use crate::store::Db;
use crate::store::filter::{Exists, FilterError, Query};

/// Somebody who signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The record, as it sees itself.
    pub record: RecordView,
    /// The token to send from now on.
    pub token: String,
    /// What a provider said about whoever signed in through it.
    pub meta: Option<Json>,
}

/// How somebody came in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    /// What was asked for.
    pub(super) method: Method,
    /// Where from.
    pub(super) address: IpAddr,
}

/// How a way to sign in ends well.
#[derive(Debug, Clone)]
pub enum Entry {
    /// Signed in.
    SignedIn(SignedIn),
    /// Another way has to follow; this id says that one was gone.
    SecondFactor {
        /// Id of the row in `_mfas`.
        mfa_id: String,
        /// Whether it has to be a code of the authenticator.
        has_authenticator: bool,
    },
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

/// Ends a sign-in as `record`: lets it in, or asks for what is still missing.
///
/// # Errors
/// `Forbidden` when the `authRule` says no, `BadRequest` for a first factor that does not count.
pub(super) async fn conclude(
    app: &App,
    record: Arc<Record>,
    way: Way,
    request: RequestInfo,
) -> Result<Entry, Error> {
    require_auth_rule(app, &record, &request).await?;
    match factors::settle(app, &record, way.method, &request).await? {
        Wanted::Another { mfa_id, has_authenticator } => {
            Ok(Entry::SecondFactor { mfa_id, has_authenticator })
        }
        Wanted::Nothing => signed_in(app, record, way, request).await.map(Entry::SignedIn),
    }
}

/// Begins the session of whoever came in as `record`; the answer to that.
async fn signed_in(
    app: &App,
    record: Arc<Record>,
    way: Way,
    request: RequestInfo,
) -> Result<SignedIn, Error> {
    let beginning = Beginning {
        method: way.method.as_str(),
        address: way.address,
        grant: Grant::Auth { refreshable: true },
        lifetime: Lifetime::Usual,
    };
    let token = sessions::begin(app, &record, beginning, &request).await?;
    origins::note(app, &record, way.address, &request).await;
    Ok(SignedIn { record: own_view(app, record, request).await?, token, meta: None })
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
pub(super) async fn admits(
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
