//! `/api/jobs`: what waits in the queue and what was given up, for superusers. Routes of our own; the
//! dashboard shows them.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use crate::http::caller::Superuser;
use crate::http::error::ApiError;
use crate::http::json;
use crate::http::query::Query;
use crate::services::app::App;
use crate::services::queue::backlog;

/// `GET /api/jobs?state=dead`
pub(super) async fn list(
    app: Data<App>,
    request: HttpRequest,
    _: Superuser,
) -> Result<HttpResponse, ApiError> {
    let query = Query::parse(request.query_string());
    let pick = query.pick()?;
    let jobs = backlog::list(&app, query.text("state")).await?;
    Ok(json::picked_list(StatusCode::OK, jobs, pick.as_ref()))
}

/// `POST /api/jobs/{id}/replay`
pub(super) async fn replay(
    app: Data<App>,
    _: Superuser,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    backlog::replay(&app, &id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `DELETE /api/jobs/{id}`
pub(super) async fn remove(
    app: Data<App>,
    _: Superuser,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    backlog::remove(&app, &id).await?;
    Ok(HttpResponse::NoContent().finish())
}
