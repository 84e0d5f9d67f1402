//! `/api/totp` and `auth-with-totp`: an account's authenticator. Routes of our own.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use crate::http::auth::asked::Asked;
use crate::http::auth::entered;
use crate::http::body::{self, DEFAULT_LIMIT};
use crate::http::caller::Sender;
use crate::http::error::ApiError;
use crate::http::json;
use crate::http::query::Query;
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::sessions::Owner;
use crate::services::auth::totp;
use crate::services::tokens::Session;

/// The account that a request is about: `?collection=users&record=ID`, else the sender's own.
async fn owner(app: &App, request: &HttpRequest, sender: &Sender) -> Result<Owner, Error> {
    let query = Query::parse(request.query_string());
    Owner::find(app, &sender.caller, (query.text("collection"), query.text("record"))).await
}

/// `GET /api/totp?collection=users&record=ID`
pub(super) async fn view(
    app: Data<App>,
    request: HttpRequest,
    sender: Sender,
) -> Result<HttpResponse, ApiError> {
    let status = totp::status(&app, &owner(&app, &request, &sender).await?).await?;
    let body = json!({ "enabled": status.enabled, "recoveryCodes": status.recovery_codes });
    Ok(json::answer(StatusCode::OK, &body))
}

/// The session of the sender, who can add an authenticator to no other account.
async fn own_session(
    app: &App,
    request: &HttpRequest,
    sender: Sender,
) -> Result<Arc<Session>, ApiError> {
    let owner = owner(app, request, &sender).await?;
    let session = sender.session.ok_or(Error::Unauthenticated)?;
    if !owner.is(&session.record) {
        let why = "Only the account itself can add an authenticator or recovery codes to it.";
        return Err(ApiError(Error::bad_request(why)));
    }
    Ok(session)
}

/// `POST /api/totp`
pub(super) async fn enrol(
    app: Data<App>,
    request: HttpRequest,
    sender: Sender,
) -> Result<HttpResponse, ApiError> {
    let session = own_session(&app, &request, sender).await?;
    let enrolment = totp::enrol(&app, &session).await?;
    let body = json!({ "secret": enrolment.secret, "url": enrolment.url });
    Ok(json::answer(StatusCode::OK, &body))
}

/// `POST /api/totp/confirm`
pub(super) async fn confirm(
    app: Data<App>,
    (request, payload): (HttpRequest, Payload),
    sender: Sender,
) -> Result<HttpResponse, ApiError> {
    let session = own_session(&app, &request, sender).await?;
    let code = body::read(&request, payload, DEFAULT_LIMIT).await?.text("code")?;
    let codes = totp::confirm(&app, &session, &code).await?;
    Ok(json::answer(StatusCode::OK, &json!({ "recoveryCodes": codes })))
}

/// `POST /api/totp/recovery-codes`
pub(super) async fn renew_codes(
    app: Data<App>,
    request: HttpRequest,
    sender: Sender,
) -> Result<HttpResponse, ApiError> {
    let session = own_session(&app, &request, sender).await?;
    let codes = totp::renew_recovery_codes(&app, &session).await?;
    Ok(json::answer(StatusCode::OK, &json!({ "recoveryCodes": codes })))
}

/// `DELETE /api/totp?collection=users&record=ID`
pub(super) async fn remove(
    app: Data<App>,
    request: HttpRequest,
    sender: Sender,
) -> Result<HttpResponse, ApiError> {
    let owner = owner(&app, &request, &sender).await?;
    let session = sender.session.ok_or(Error::Unauthenticated)?;
    totp::remove(&app, &session, &owner).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /api/collections/{collection}/auth-with-totp`
pub(super) async fn sign_in(
    app: Data<App>,
    request: (HttpRequest, Payload),
    path: Path<String>,
    sender: Sender,
) -> Result<HttpResponse, ApiError> {
    let asked = Asked::read(&app, request, &path, sender, totp::require_open).await?;
    let attempt = totp::Attempt { code: asked.body.text("code")?, address: asked.address };
    let (collection, info, pick) = asked.into_parts();
    let entry = totp::sign_in(&app, &collection, attempt, info).await?;
    Ok(entered(entry, pick.as_ref()))
}
