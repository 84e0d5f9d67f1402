//! `/api/backups`: backups and restores (contract B 7.3), for superusers.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, HeaderValue};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use crate::domain::files::serving;
use crate::http::address::real_ip;
use crate::http::body::{self, DEFAULT_LIMIT, Intake};
use crate::http::caller::Superuser;
use crate::http::error::ApiError;
use crate::http::query::Query;
use crate::http::{files, json};
use crate::services::app::App;
use crate::services::backups::{self, silent};

/// The key that an archive is uploaded under.
const FILE: &str = "file";

/// `GET /api/backups`
pub(super) async fn list(
    app: Data<App>,
    request: HttpRequest,
    _: Superuser,
) -> Result<HttpResponse, ApiError> {
    let pick = Query::parse(request.query_string()).pick()?;
    Ok(json::picked(StatusCode::OK, backups::list(&app).await?, pick.as_ref()))
}

/// `POST /api/backups`
pub(super) async fn create(
    app: Data<App>,
    _: Superuser,
    (request, payload): (HttpRequest, Payload),
) -> Result<HttpResponse, ApiError> {
    let body = body::read(&request, payload, DEFAULT_LIMIT).await?;
    backups::create(&app.into_inner(), &body.text("name")?, silent()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /api/backups/upload`
pub(super) async fn upload(
    app: Data<App>,
    _: Superuser,
    (request, payload): (HttpRequest, Payload),
) -> Result<HttpResponse, ApiError> {
    let spool = backups::upload_spool(&app)?;
    let most = |key: &str| if key == FILE { u64::MAX } else { 0 };
    let intake = Intake::Keep { spool: &spool, most: &most };
    let files = body::read_long(&request, payload, intake).await?.files;
    let archive = files.into_iter().find(|file| file.key == FILE);
    backups::upload(&app, archive).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /api/backups/{key}`: whoever asks is who the file token says, whatever the headers do.
pub(super) async fn download(
    app: Data<App>,
    request: HttpRequest,
    key: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let query = Query::parse(request.query_string());
    let opened = backups::open(&app, &key, query.text("token"), real_ip(&request)).await?;
    let mut response = files::attached(&request, &opened.blob, "application/zip");
    let disposition = serving::content_disposition(opened.name.as_str(), false);
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        response.headers_mut().insert(CONTENT_DISPOSITION, disposition);
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(response)
}

/// `DELETE /api/backups/{key}`
pub(super) async fn delete(
    app: Data<App>,
    _: Superuser,
    key: Path<String>,
) -> Result<HttpResponse, ApiError> {
    backups::delete(&app, &key).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /api/backups/{key}/restore`
pub(super) async fn restore(
    app: Data<App>,
    _: Superuser,
    key: Path<String>,
) -> Result<HttpResponse, ApiError> {
    backups::restore(&app.into_inner(), &key).await?;
    Ok(HttpResponse::NoContent().finish())
}
