//! The settings API (contract B 6.1, 6.2, 6.5), for superusers. Secrets never leave.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use crate::domain::Json;
use crate::domain::settings::Settings;
use crate::http::address::vantage;
use crate::http::body::{self, DEFAULT_LIMIT};
use crate::http::caller::Superuser;
use crate::http::error::ApiError;
use crate::http::json;
use crate::http::query::Query;
use crate::services::app::App;
use crate::services::backups;
use crate::services::mail::trial::{self, Trial};
use crate::services::settings;

/// `GET /api/settings`
pub(super) async fn view(
    app: Data<App>,
    request: HttpRequest,
    _: Superuser,
) -> Result<HttpResponse, ApiError> {
    answer(&request, &*settings::current(&app).await?)
}

/// `PATCH /api/settings`
pub(super) async fn change(
    app: Data<App>,
    _: Superuser,
    (request, payload): (HttpRequest, Payload),
) -> Result<HttpResponse, ApiError> {
    let body = body::read(&request, payload, DEFAULT_LIMIT).await?;
    Query::parse(request.query_string()).pick()?;
    let from = Some(vantage(&request));
    answer(&request, &*settings::change(&app, body.into_values(), from).await?)
}

/// `POST /api/settings/test/email`
pub(super) async fn test_email(
    app: Data<App>,
    _: Superuser,
    (request, payload): (HttpRequest, Payload),
) -> Result<HttpResponse, ApiError> {
    let body = body::read(&request, payload, DEFAULT_LIMIT).await?;
    let (email, template) = (body.text("email")?, body.text("template")?);
    let trial = Trial { email, template, collection: body.text("collection")? };
    trial::send(&app, &trial).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /api/settings/test/s3`
pub(super) async fn test_s3(
    app: Data<App>,
    _: Superuser,
    (request, payload): (HttpRequest, Payload),
) -> Result<HttpResponse, ApiError> {
    let body = body::read(&request, payload, DEFAULT_LIMIT).await?;
    backups::test_s3(&app, &body.text("filesystem")?).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn answer(request: &HttpRequest, settings: &Settings) -> Result<HttpResponse, ApiError> {
    let pick = Query::parse(request.query_string()).pick()?;
    Ok(json::picked(StatusCode::OK, Json::Object(settings.to_json()), pick.as_ref()))
}
