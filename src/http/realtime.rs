//! The routes of realtime (contract A 5.1, 5.2).

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use crate::http::address::real_ip;
use crate::http::body::{self, DEFAULT_LIMIT};
use crate::http::caller::{Sender, token};
use crate::http::error::ApiError;
use crate::services::app::App;
use crate::services::realtime::{self, Subscription};

/// `GET /api/realtime`
pub(super) async fn connect(
    app: Data<App>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let mut response = HttpResponse::Ok();
    response.insert_header((CONTENT_TYPE, "text/event-stream"));
    response.insert_header((CACHE_CONTROL, "no-store"));
    response.insert_header(("X-Accel-Buffering", "no"));
    if request.method() == Method::HEAD {
        return Ok(response.finish());
    }
    let last = request.headers().get("Last-Event-ID").and_then(|id| id.to_str().ok());
    // Nothing comes after it, and who is cut off should not find a connection that lies about.
    response.force_close();
    let connection = app.realtime.connect(real_ip(&request), last, app.clock.now())?;
    Ok(response.streaming(connection.into_stream()))
}

/// `POST /api/realtime`
pub(super) async fn subscribe(
    app: Data<App>,
    sender: Sender,
    (request, payload): (HttpRequest, Payload),
) -> Result<HttpResponse, ApiError> {
    let address = real_ip(&request);
    let token = token(&request).unwrap_or_default().to_owned();
    let session = sender.session.map(|session| (token, Arc::clone(&session.record)));
    let body = body::read(&request, payload, DEFAULT_LIMIT).await?;
    let client_id = body.text("clientId")?;
    let topics = body.texts("subscriptions")?;
    realtime::subscribe(&app, Subscription { client_id, topics, address, session }).await?;
    Ok(HttpResponse::NoContent().finish())
}
