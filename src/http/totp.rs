//! `/api/totp` and `auth-with-totp`: an account's authenticator. Routes of our own.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use crate::http::auth::entered;
use crate::http::body::{self, DEFAULT_LIMIT};
use crate::http::caller::{Sender, real_ip, request_info};
use crate::http::error::ApiError;
use crate::http::json;
use crate::http::query::Query;
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::sessions::Owner;
use crate::services::auth::{auth_collection, totp};

/// `GET /api/totp`
pub(super) async fn view(app: Data<App>, sender: Sender) -> Result<HttpResponse, ApiError> {
    let status = totp::status(&app, &sender.caller).await?;
    let body = json!({ "enabled": status.enabled, "recoveryCodes": status.recovery_codes });
    Ok(json::answer(StatusCode::OK, &body))
}

/// `POST /api/totp`
pub(super) async fn enrol(app: Data<App>, sender: Sender) -> Result<HttpResponse, ApiError> {
    let session = sender.session.ok_or(Error::Unauthenticated)?;
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
    let session = sender.session.ok_or(Error::Unauthenticated)?;
    let code = body::read(&request, payload, DEFAULT_LIMIT).await?.text("code")?;
    let codes = totp::confirm(&app, &session, &code).await?;
    Ok(json::answer(StatusCode::OK, &json!({ "recoveryCodes": codes })))
}

/// `POST /api/totp/recovery-codes`
pub(super) async fn renew_codes(app: Data<App>, sender: Sender) -> Result<HttpResponse, ApiError> {
    let session = sender.session.ok_or(Error::Unauthenticated)?;
    let codes = totp::renew_recovery_codes(&app, &session).await?;
    Ok(json::answer(StatusCode::OK, &json!({ "recoveryCodes": codes })))
}

/// `DELETE /api/totp?collection=users&record=ID`
pub(super) async fn remove(
    app: Data<App>,
    request: HttpRequest,
    sender: Sender,
) -> Result<HttpResponse, ApiError> {
    let session = sender.session.ok_or(Error::Unauthenticated)?;
    let query = Query::parse(request.query_string());
    let named = (query.text("collection"), query.text("record"));
    let owner = Owner::find(&app, &sender.caller, named).await?;
    totp::remove(&app, &session, &owner).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /api/collections/{collection}/auth-with-totp`
pub(super) async fn sign_in(
    app: Data<App>,
    (request, payload): (HttpRequest, Payload),
    path: Path<String>,
    sender: Sender,
) -> Result<HttpResponse, ApiError> {
    let collection = auth_collection(&app, &path)?;
    totp::require_open(&collection)?;
    let pick = Query::parse(request.query_string()).pick()?;
    let body = body::read(&request, payload, DEFAULT_LIMIT).await?;
    let (mfa_id, code) = (body.text("mfaId")?, body.text("code")?);
    let attempt = totp::Attempt { mfa_id, code, address: real_ip(&request) };
    let mut info = request_info(&request, sender.caller, app.clock.now());
    info.body = Arc::new(body.into_values());
    let entry = totp::sign_in(&app, &collection, attempt, info).await?;
    Ok(entered(entry, pick.as_ref()))
}
