//! `/metrics`: figures for Prometheus, which are nobody's business but the operator's.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use sha2::{Digest, Sha256};

use crate::http::caller::{Sender, token};
use crate::http::error::ApiError;
use crate::services::Error;
use crate::services::app::App;
use crate::services::metrics;

/// The text form that Prometheus reads.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// `GET /metrics`. To everybody who may not read it, it is not there.
pub(super) async fn page(app: Data<App>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let given = token(&request).ok_or(Error::NotFound)?;
    if !is_the_token(&app, given) {
        let sender = Sender::seen(&app, &request).await?;
        if !sender.caller.is_superuser() {
            return Err(ApiError(Error::NotFound));
        }
    }
    Ok(HttpResponse::Ok().content_type(CONTENT_TYPE).body(metrics::page(&app).await))
}

/// Hashes are compared, so that how long it takes tells nothing of the token.
fn is_the_token(app: &App, given: &str) -> bool {
    let Some(token) = &app.options.metrics_token else { return false };
    Sha256::digest(token.reveal()) == Sha256::digest(given)
}
