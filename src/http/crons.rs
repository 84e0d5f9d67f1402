//! `/api/crons`: what happens by the clock (contract B 7.2), for superusers. What came of it is of our
//! own; the dashboard shows it.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use crate::http::caller::{Superuser, request_info};
use crate::http::error::ApiError;
use crate::http::json;
use crate::http::query::Query;
use crate::services::Error;
use crate::services::app::App;
use crate::services::crons;

/// `GET /api/crons`; with `?details=true` more than the contract has.
pub(super) async fn list(
    app: Data<App>,
    request: HttpRequest,
    _: Superuser,
) -> Result<HttpResponse, ApiError> {
    let query = Query::parse(request.query_string());
    let pick = query.pick()?;
    match query.text("details") {
        "" | "false" => Ok(json::picked(StatusCode::OK, crons::list(&app).await?, pick.as_ref())),
        "true" => Ok(json::picked(StatusCode::OK, crons::detailed(&app).await?, pick.as_ref())),
        _ => Err(ApiError(Error::bad_request("details is true, or is left out."))),
    }
}

/// `POST /api/crons/{id}`
pub(super) async fn start(
    app: Data<App>,
    _: Superuser,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    crons::start(&app, &id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /api/crons/{id}/runs`
pub(super) async fn runs(
    app: Data<App>,
    request: HttpRequest,
    Superuser(sender): Superuser,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let pick = Query::parse(request.query_string()).pick()?;
    let info = request_info(&request, sender.caller, app.clock.now());
    let page = crons::runs(&app, &id, &info).await?;
    Ok(json::picked_list(StatusCode::OK, page, pick.as_ref()))
}
