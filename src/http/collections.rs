//! The routes of collections (contract A 2.3), for superusers.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use crate::http::caller::{Sender, request_info, require_superuser};
use crate::http::error::ApiError;
use crate::http::json;
use crate::http::query::Query;
use crate::services::app::App;
use crate::services::collections;

/// `GET /api/collections`
pub(super) async fn list(
    app: Data<App>,
    request: HttpRequest,
    sender: Sender,
) -> Result<HttpResponse, ApiError> {
    require_superuser(&sender.caller)?;
    let pick = Query::parse(request.query_string()).pick()?;
    let info = request_info(&request, sender.caller, app.clock.now());
    let page = collections::list(&app, &info)?;
    Ok(json::picked_list(StatusCode::OK, &page, pick.as_ref()))
}

/// `GET /api/collections/{collection}`
pub(super) async fn view(
    app: Data<App>,
    request: HttpRequest,
    sender: Sender,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    require_superuser(&sender.caller)?;
    let pick = Query::parse(request.query_string()).pick()?;
    let collection = collections::view(&app, &path)?;
    Ok(json::picked(StatusCode::OK, &collection, pick.as_ref()))
}
