//! `/api/sessions` and `/api/sign-out`: where an account is signed in, and the end of that. Routes of
//! our own.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use crate::domain::Json;
use crate::http::caller::{Sender, require_any};
use crate::http::error::ApiError;
use crate::http::json;
use crate::http::query::Query;
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::sessions::{self, Owner, StoredSession};

/// The account that a request is about: `?collection=users&record=ID`, else the sender's own.
async fn owner(app: &App, query: &Query, sender: &Sender) -> Result<Owner, Error> {
    let named = (query.text("collection"), query.text("record"));
    Owner::find(app, &sender.caller, named).await
}

/// `GET /api/sessions?collection=users&record=ID`
pub(super) async fn list(
    app: Data<App>,
    request: HttpRequest,
    sender: Sender,
) -> Result<HttpResponse, ApiError> {
    let query = Query::parse(request.query_string());
    let pick = query.pick()?;
    let owner = owner(&app, &query, &sender).await?;
    let current = sender.session.as_ref().map_or("", |session| session.claims.session.as_str());
    let sessions = sessions::list(&app, &owner).await?;
    let items: Vec<Json> = sessions.iter().map(|session| view(session, current)).collect();
    let body = json!({ "items": items, "totalItems": items.len() });
    Ok(json::picked_list(StatusCode::OK, body, pick.as_ref()))
}

/// `DELETE /api/sessions/{id}`
pub(super) async fn end(
    app: Data<App>,
    sender: Sender,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    sessions::end(&app, &sender.caller, &id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `DELETE /api/sessions?except=current&collection=users&record=ID`
pub(super) async fn end_all(
    app: Data<App>,
    request: HttpRequest,
    sender: Sender,
) -> Result<HttpResponse, ApiError> {
    require_any(&sender.caller)?;
    let query = Query::parse(request.query_string());
    let kept = match query.text("except") {
        "" if !query.has("except") => None,
        "current" => sender.session.as_ref().map(|session| session.claims.session.clone()),
        _ => return Err(ApiError(Error::bad_request("except is current, or is left out."))),
    };
    let owner = owner(&app, &query, &sender).await?;
    sessions::end_all(&app, &owner, kept).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /api/sign-out`
pub(super) async fn sign_out(app: Data<App>, sender: Sender) -> Result<HttpResponse, ApiError> {
    let session = sender.session.ok_or(Error::Unauthenticated)?;
    sessions::sign_out(&app, &session).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn view(session: &StoredSession, current: &str) -> Json {
    json!({
        "id": session.id,
        "collectionRef": session.account.collection,
        "recordRef": session.account.record,
        "method": session.method,
        "address": session.address,
        "userAgent": session.agent,
        "created": session.created.to_string(),
        "used": session.used.to_string(),
        "expires": session.expires.to_string(),
        "current": session.id == current,
    })
}
