//! `POST /api/sql`: statements that superusers write by hand (contract A 2.14).

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use crate::http::body;
use crate::http::caller::Superuser;
use crate::http::error::ApiError;
use crate::http::json;
use crate::http::query::Query;
use crate::services::app::App;
use crate::services::console;

/// `POST /api/sql`
pub(super) async fn run(
    app: Data<App>,
    _: Superuser,
    (request, payload): (HttpRequest, Payload),
) -> Result<HttpResponse, ApiError> {
    let body = body::read(&request, payload, body::DEFAULT_LIMIT).await?;
    let pick = Query::parse(request.query_string()).pick()?;
    let outcome = console::run(&app, &body.text("query")?).await?;
    Ok(json::picked(StatusCode::OK, &outcome, pick.as_ref()))
}
