//! `GET /api/health` (contract B 7.5). It says whether the server can do its work, which takes a database
//! that answers; with `?live=true` only that the process does.

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use crate::http::address::real_ip;
use crate::http::caller::Sender;
use crate::http::edge::note::Unnoted;
use crate::http::error::ApiError;
use crate::http::json;
use crate::http::query::Query;
use crate::services::app::App;
use crate::services::{Error, backups, health, settings};

/// Headers that proxies put an address into.
const PROXY_HEADERS: [&str; 3] = ["CF-Connecting-IP", "Fly-Client-IP", "X-Forwarded-For"];

/// Says that the server answers; superusers learn how it sees them.
pub(super) async fn health(app: Data<App>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let query = Query::parse(request.query_string());
    let pick = query.pick()?;
    let is_live = match query.text("live") {
        "" | "false" => false,
        "true" => true,
        _ => return Err(ApiError(Error::bad_request("live is true, or is left out."))),
    };
    let data = if is_live { json!({}) } else { ready(&app, &request).await? };
    let body = json!({ "message": "Server is up.", "code": 200, "data": data });
    let mut response = json::picked(StatusCode::OK, body, pick.as_ref());
    if is_live {
        response.extensions_mut().insert(Unnoted);
    }
    Ok(response)
}

/// What there is to say once the database answers.
async fn ready(app: &App, request: &HttpRequest) -> Result<serde_json::Value, ApiError> {
    health::check(app).await?;
    let sender = Sender::seen(app, request).await?;
    if !sender.caller.is_superuser() {
        return Ok(json!({}));
    }
    let trusted = &settings::current(app).await?.trusted_proxy.headers;
    Ok(json!({
        "canBackup": backups::can_begin(app).await?,
        "possibleProxyHeader": possible_proxy_header(trusted, request.headers()),
        "realIP": real_ip(request).to_string(),
    }))
}

fn possible_proxy_header<'a>(trusted: &'a [String], headers: &HeaderMap) -> &'a str {
    let known = trusted.iter().map(String::as_str).chain(PROXY_HEADERS);
    known.into_iter().find(|&name| headers.contains_key(name)).unwrap_or_default()
}
