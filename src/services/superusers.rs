//! Superuser accounts without being signed in: from the command line, and the very first one
//! (contract B 5.1, 5.2).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::addresses::is_among;
use crate::domain::collection::{Collection, SUPERUSERS};
use crate::domain::random::Random;
use crate::domain::record::Record;
use crate::domain::rules::RequestInfo;
use crate::domain::{Json, JsonMap};
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::otp_issue::{self, Issued};
use crate::services::records;
use crate::services::records::system_refs::INSTALLER;
use crate::services::settings;
use crate::services::tokens::{self, Grant, Lifetime};
use crate::store::{Db, StoreError, records as rows};

/// How long the first superuser may take to follow the set-up link.
const SET_UP_TIME: Duration = Duration::from_secs(30 * 60);

/// Refuses addresses from which superusers may not come (contract B 5.3).
///
/// # Errors
/// `Forbidden`, or when the settings cannot be read.
pub async fn require_known_address(app: &App, address: IpAddr) -> Result<(), Error> {
    let known = &settings::current(app).await?.superuser_ips;
    if known.is_empty() || is_among(known, address) { Ok(()) } else { Err(Error::Forbidden) }
}

/// What `upsert` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upserted {
    /// There was no such account.
    Created,
    /// The account has the new password.
    Updated,
}

/// Makes the account, or sets its password when it is there.
///
/// # Errors
/// `Invalid` when address or password are refused.
pub async fn upsert(app: &App, email: &str, password: &str) -> Result<Upserted, Error> {
    match find(app, email).await? {
        Some(_) => update(app, email, password).await.map(|()| Upserted::Updated),
        None => create(app, email, password).await.map(|()| Upserted::Created),
    }
}

/// Makes the account.
///
/// # Errors
/// `Invalid` when the account is there already, or address or password are refused.
pub async fn create(app: &App, email: &str, password: &str) -> Result<(), Error> {
    let mut body = credentials(password);
    body.insert("email".to_owned(), Json::from(email));
    records::create(app, collection(app)?.as_ref(), body, request(app, "POST")).await.map(|_| ())
}

/// Sets the password of the account; all its sessions end.
///
/// # Errors
/// `NotFound` when there is no such account, `Invalid` when the password is refused.
pub async fn update(app: &App, email: &str, password: &str) -> Result<(), Error> {
    let id = find(app, email).await?.ok_or(Error::NotFound)?.id().to_owned();
    let body = credentials(password);
    records::update(app, collection(app)?.as_ref(), id, body, request(app, "PATCH"))
        .await
        .map(|_| ())
}

/// Deletes the account.
///
/// # Errors
/// `NotFound` when there is no such account, `BadRequest` when it is the last one.
pub async fn delete(app: &App, email: &str) -> Result<(), Error> {
    let id = find(app, email).await?.ok_or(Error::NotFound)?.id().to_owned();
    records::delete(app, collection(app)?.as_ref(), id, request(app, "DELETE")).await
}

/// A code with which the account signs in once.
///
/// # Errors
/// `NotFound` when there is no such account, `Forbidden` when superusers do not sign in by codes.
pub async fn one_time_code(app: &App, email: &str) -> Result<Issued, Error> {
    let superuser = find(app, email).await?.ok_or(Error::NotFound)?;
    otp_issue::issue(app, &superuser).await
}

/// What became of the wish for a first superuser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum First {
    /// The account was made.
    Created,
    /// There is a superuser, and nothing was changed.
    ThereAlready,
}

/// Makes the account if there is no superuser yet.
///
/// # Errors
/// `Invalid` when address or password are refused, or when the database fails.
pub async fn create_first(app: &App, email: &str, password: &str) -> Result<First, Error> {
    if email == INSTALLER {
        return Err(Error::bad_request(format!("{INSTALLER} is the account of the set-up link.")));
    }
    if is_there_one(app).await? {
        return Ok(First::ThereAlready);
    }
    match create(app, email, password).await {
        Ok(()) => Ok(First::Created),
        // Another process that starts at the same moment may have been first.
        Err(_) if is_there_one(app).await? => Ok(First::ThereAlready),
        Err(error) => Err(error),
    }
}

/// Whether there is a superuser besides the account of the set-up link.
///
/// # Errors
/// When the database cannot be read.
pub(in crate::services) async fn is_there_one(app: &App) -> Result<bool, Error> {
    let table = collection(app)?;
    let oldest = app.store.read(move |db| rows::oldest(db, &table, 2)).await?;
    Ok(oldest.iter().any(|superuser| superuser.text("email") != INSTALLER))
}

/// A token with which the first superuser can be made, good for half an hour; nothing when there is
/// a superuser already. The account behind it goes when a real one is made.
///
/// # Errors
/// When the database cannot be read or written.
pub async fn set_up_token(app: &App) -> Result<Option<String>, Error> {
    if is_there_one(app).await? {
        return Ok(None);
    }
    if find(app, INSTALLER).await?.is_none() {
        let password = Random::system().secret();
        let made = create(app, INSTALLER, &password).await;
        // Another process that starts at the same moment may have been first.
        if made.is_err() && find(app, INSTALLER).await?.is_none() {
            made?;
        }
    }
    let Some(installer) = find(app, INSTALLER).await? else { return Ok(None) };
    let grant = Grant::Auth { refreshable: false };
    let lifetime = Lifetime::Of(SET_UP_TIME);
    tokens::issue(&installer, grant, lifetime, app.clock.now()).map(Some)
}

fn credentials(password: &str) -> JsonMap {
    let keys = ["password", "passwordConfirm"];
    keys.into_iter().map(|key| (key.to_owned(), Json::from(password))).collect()
}

fn request(app: &App, method: &str) -> RequestInfo {
    RequestInfo::of_server(method, app.clock.now())
}

fn collection(app: &App) -> Result<Arc<Collection>, Error> {
    let schema = app.store.schema();
    let found = schema.by_name(SUPERUSERS).map(Arc::clone);
    found.ok_or_else(|| Error::internal("the collection _superusers is missing"))
}

async fn find(app: &App, email: &str) -> Result<Option<Record>, Error> {
    let (superusers, email) = (collection(app)?, email.to_owned());
    let by_email = move |db: &mut Db| -> Result<Option<Record>, StoreError> {
        let field = superusers.field("email").ok_or_else(no_email_field)?;
        rows::by_identity(db, &superusers, field, &email, rows::Case::Sensitive)
    };
    Ok(app.store.read(by_email).await?)
}

fn no_email_field() -> StoreError {
    StoreError::Data("the collection _superusers has no field email".to_owned())
}
