//! Signing in (contract B 3.2, 3.3, 3.9).

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::json;

use crate::http::body::{self, DEFAULT_LIMIT};
use crate::http::caller::{Sender, real_ip, request_info, require_same_collection, token};
use crate::http::error::ApiError;
use crate::http::json;
use crate::http::query::Query;
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::password::{self, Credentials};
use crate::services::auth::{self, SignedIn, auth_collection, methods, refresh};
use crate::services::records::record_view::RecordView;

/// Lists the ways in.
pub(super) async fn list_methods(
    app: Data<App>,
    request: HttpRequest,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let collection = auth_collection(&app, &path)?;
    let pick = Query::parse(request.query_string()).pick()?;
    let options = collection.auth().ok_or(Error::NotFound)?;
    let open = methods::methods(options);
    Ok(json::picked(StatusCode::OK, methods_json(&open), pick.as_ref()))
}

/// The ways that this version does not have are shown closed; the keys at the end are for clients
/// of old.
fn methods_json(open: &methods::Methods) -> crate::domain::Json {
    let fields = open.identity_fields.as_deref().unwrap_or_default();
    let named = |name: &str| fields.iter().any(|field| field == name);
    json!({
        "password": { "identityFields": fields, "enabled": open.identity_fields.is_some() },
        "oauth2": { "providers": [], "enabled": false },
        "mfa": { "enabled": false, "duration": 0 },
        "otp": { "enabled": false, "duration": 0 },
        "authProviders": null,
        "usernamePassword": named("username"),
        "emailPassword": named("email"),
    })
}

/// Signs in by password.
pub(super) async fn with_password(
    app: Data<App>,
    request: HttpRequest,
    payload: Payload,
    path: Path<String>,
    sender: Sender,
) -> Result<HttpResponse, ApiError> {
    let collection = auth_collection(&app, &path)?;
    password::require_open(&collection)?;
    let pick = Query::parse(request.query_string()).pick()?;
    let body = body::read(&request, payload, DEFAULT_LIMIT).await?;
    let credentials = Credentials {
        identity: body.text("identity")?,
        password: body.text("password")?,
        identity_field: body.text("identityField")?,
        address: real_ip(&request),
    };
    let mut info = request_info(&request, sender.caller, app.clock.now());
    info.body = Arc::new(body.into_values());
    let signed_in = password::sign_in(&app, &collection, credentials, info).await?;
    Ok(json::picked(StatusCode::OK, Answer::from(signed_in), pick.as_ref()))
}

/// Exchanges a token for a new one.
pub(super) async fn with_token(
    app: Data<App>,
    request: HttpRequest,
    path: Path<String>,
    sender: Sender,
) -> Result<HttpResponse, ApiError> {
    // Who is signed in elsewhere is told so even where nobody could be signed in at all; but a
    // collection that is not there is not there for anybody.
    let collection = app.store.schema().find(&path).cloned().ok_or(Error::NotFound)?;
    require_same_collection(&sender.caller, &collection)?;
    let pick = Query::parse(request.query_string()).pick()?;
    let (session, token) = sender.session.zip(token(&request)).ok_or(Error::Unauthenticated)?;
    let info = request_info(&request, sender.caller, app.clock.now());
    let signed_in = refresh::refresh(&app, &session, token, info).await?;
    Ok(json::picked(StatusCode::OK, Answer::from(signed_in), pick.as_ref()))
}

/// The shape of contract B 3.1.
#[derive(Serialize)]
struct Answer {
    record: RecordView,
    token: String,
}

impl From<SignedIn> for Answer {
    fn from(signed_in: auth::SignedIn) -> Self {
        Self { record: signed_in.record, token: signed_in.token }
    }
}
