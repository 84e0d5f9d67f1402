//! `/api/mails`: the inbox of mails that were not sent, for superusers. Routes of our own; the
//! dashboard shows them.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use crate::domain::Json;
use crate::http::address::real_ip;
use crate::http::caller::{Superuser, require_superuser};
use crate::http::error::ApiError;
use crate::http::json;
use crate::http::query::Query;
use crate::services::app::App;
use crate::services::files::token;
use crate::services::mail::inbox::{self, Envelope};

/// What a mail may do that is shown: look like one. Its links open elsewhere, its scripts do not run,
/// and it is of no origin, least of all the dashboard's.
const POLICY: &str = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; \
                      style-src 'unsafe-inline'; img-src https: http: data:; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'self'";

/// `GET /api/mails`
pub(super) async fn list(
    app: Data<App>,
    request: HttpRequest,
    _: Superuser,
) -> Result<HttpResponse, ApiError> {
    let pick = Query::parse(request.query_string()).pick()?;
    let mails = inbox::list(&app).await?;
    let items: Vec<Json> = mails.iter().map(envelope).collect();
    let body = json!({ "items": items, "totalItems": items.len() });
    Ok(json::picked_list(StatusCode::OK, body, pick.as_ref()))
}

/// `GET /api/mails/{id}`
pub(super) async fn view(
    app: Data<App>,
    _: Superuser,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let mail = inbox::view(&app, &id).await?;
    let mut body = envelope(&mail.envelope);
    body["html"] = Json::from(mail.html);
    body["text"] = Json::from(mail.text);
    Ok(json::answer(StatusCode::OK, &body))
}

/// `GET /api/mails/{id}/page`: the mail as its receiver sees it, for a frame. A frame sends no headers,
/// so who asks is what the file token in the address says.
pub(super) async fn page(
    app: Data<App>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let query = Query::parse(request.query_string());
    require_superuser(&token::caller_of(&app, query.text("token"), real_ip(&request)).await?)?;
    let mail = inbox::view(&app, &id).await?;
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((CACHE_CONTROL, "private, no-store"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .body(mail.html))
}

/// `DELETE /api/mails`
pub(super) async fn clear(app: Data<App>, _: Superuser) -> Result<HttpResponse, ApiError> {
    inbox::clear(&app).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn envelope(mail: &Envelope) -> Json {
    json!({
        "id": mail.id,
        "messageId": mail.message_id,
        "from": mail.sender,
        "to": mail.recipient,
        "subject": mail.subject,
        "created": mail.created.to_string(),
    })
}
