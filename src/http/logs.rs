//! `/api/logs`: what happened (contract B 7.1), for superusers.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use crate::http::caller::{Superuser, request_info};
use crate::http::error::ApiError;
use crate::http::json;
use crate::http::query::Query;
use crate::services::app::App;
use crate::services::logs;

/// `GET /api/logs`
pub(super) async fn list(
    app: Data<App>,
    request: HttpRequest,
    Superuser(sender): Superuser,
) -> Result<HttpResponse, ApiError> {
    let pick = Query::parse(request.query_string()).pick()?;
    let info = request_info(&request, sender.caller, app.clock.now());
    let page = logs::list(&app, info).await?;
    Ok(json::picked_list(StatusCode::OK, page, pick.as_ref()))
}

/// `GET /api/logs/stats`
pub(super) async fn stats(
    app: Data<App>,
    request: HttpRequest,
    Superuser(sender): Superuser,
) -> Result<HttpResponse, ApiError> {
    let pick = Query::parse(request.query_string()).pick()?;
    let info = request_info(&request, sender.caller, app.clock.now());
    let hours = logs::stats(&app, info).await?;
    Ok(json::picked(StatusCode::OK, hours, pick.as_ref()))
}

/// `GET /api/logs/{id}`
pub(super) async fn view(
    app: Data<App>,
    request: HttpRequest,
    _: Superuser,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let pick = Query::parse(request.query_string()).pick()?;
    let entry = logs::view(&app, &id).await?;
    Ok(json::picked(StatusCode::OK, entry, pick.as_ref()))
}

/// `DELETE /api/logs`
pub(super) async fn clear(app: Data<App>, _: Superuser) -> Result<HttpResponse, ApiError> {
    logs::clear(&app).await?;
    Ok(HttpResponse::NoContent().finish())
}
