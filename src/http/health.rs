//! `GET /api/health` (contract B 7.5).

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use crate::http::caller::{Sender, real_ip};
use crate::http::error::ApiError;
use crate::http::json;
use crate::http::query::Query;

/// Headers that proxies put an address into.
const PROXY_HEADERS: [&str; 3] = ["CF-Connecting-IP", "Fly-Client-IP", "X-Forwarded-For"];

/// Says that the server answers; superusers learn how it sees them. Backups cannot be made by this
/// version, and `canBackup` says so.
pub(super) async fn health(request: HttpRequest, sender: Sender) -> Result<HttpResponse, ApiError> {
    let pick = Query::parse(request.query_string()).pick()?;
    let data = if sender.caller.is_superuser() {
        json!({
            "canBackup": false,
            "possibleProxyHeader": possible_proxy_header(request.headers()),
            "realIP": real_ip(&request).to_string(),
        })
    } else {
        json!({})
    };
    let body = json!({ "message": "Server is up.", "code": 200, "data": data });
    Ok(json::picked(StatusCode::OK, body, pick.as_ref()))
}

fn possible_proxy_header(headers: &HeaderMap) -> &'static str {
    PROXY_HEADERS.into_iter().find(|&name| headers.contains_key(name)).unwrap_or_default()
}
