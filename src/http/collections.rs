//! The routes of collections (contract A 2.3, 2.13, 2.14), for superusers. Where a config file says
//! what collections there are, a change is refused before its body is looked at.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use crate::domain::collection::Missing;
use crate::domain::{Json, JsonMap};
use crate::http::body;
use crate::http::caller::{Sender, Superuser, request_info, require_superuser};
use crate::http::error::ApiError;
use crate::http::json;
use crate::http::query::Query;
use crate::services::Error;
use crate::services::app::App;
use crate::services::collections::{self, Import};

/// `GET /api/collections`
pub(super) async fn list(
    app: Data<App>,
    request: HttpRequest,
    Superuser(sender): Superuser,
) -> Result<HttpResponse, ApiError> {
    let pick = Query::parse(request.query_string()).pick()?;
    let info = request_info(&request, sender.caller, app.clock.now());
    let page = collections::list(&app, &info)?;
    Ok(json::picked_list(StatusCode::OK, &page, pick.as_ref()))
}

/// `GET /api/collections/{collection}`
pub(super) async fn view(
    app: Data<App>,
    request: HttpRequest,
    _: Superuser,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let pick = Query::parse(request.query_string()).pick()?;
    let collection = collections::view(&app, &path)?;
    Ok(json::picked(StatusCode::OK, &collection, pick.as_ref()))
}

/// `POST /api/collections`
pub(super) async fn create(
    app: Data<App>,
    _: Superuser,
    (request, payload): (HttpRequest, Payload),
) -> Result<HttpResponse, ApiError> {
    collections::require_unlocked(&app)?;
    let body = values(&request, payload).await?;
    let pick = Query::parse(request.query_string()).pick()?;
    let collection = collections::create_one(&app, body).await?;
    Ok(json::picked(StatusCode::OK, &collection, pick.as_ref()))
}

/// `PATCH /api/collections/{collection}`
pub(super) async fn update(
    app: Data<App>,
    _: Superuser,
    path: Path<String>,
    (request, payload): (HttpRequest, Payload),
) -> Result<HttpResponse, ApiError> {
    collections::require_changeable(&app, &path)?;
    let body = values(&request, payload).await?;
    let pick = Query::parse(request.query_string()).pick()?;
    let collection = collections::update_one(&app, &path, body).await?;
    Ok(json::picked(StatusCode::OK, &collection, pick.as_ref()))
}

/// `DELETE /api/collections/{collection}`
pub(super) async fn delete(
    app: Data<App>,
    _: Superuser,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    collections::delete(&app, &path).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `DELETE /api/collections/{collection}/truncate`
pub(super) async fn truncate(
    app: Data<App>,
    _: Superuser,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    collections::truncate(&app, &path).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `PUT /api/collections/import`. The path is that of any collection, since one may be called so.
pub(super) async fn import(
    app: Data<App>,
    sender: Sender,
    path: Path<String>,
    (request, payload): (HttpRequest, Payload),
) -> Result<HttpResponse, ApiError> {
    if path.as_str() != "import" {
        return Err(ApiError(Error::NotFound));
    }
    require_superuser(&sender.caller)?;
    collections::require_unlocked(&app)?;
    let mut body = values(&request, payload).await?;
    let import = read_import(&mut body)?;
    collections::import(&app, import).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /api/collections/meta/scaffolds`
pub(super) async fn scaffolds(
    request: HttpRequest,
    _: Superuser,
) -> Result<HttpResponse, ApiError> {
    let pick = Query::parse(request.query_string()).pick()?;
    Ok(json::picked(StatusCode::OK, collections::scaffolds(), pick.as_ref()))
}

/// `GET /api/collections/meta/oauth2-providers`
pub(super) async fn providers(
    request: HttpRequest,
    _: Superuser,
) -> Result<HttpResponse, ApiError> {
    let pick = Query::parse(request.query_string()).pick()?;
    Ok(json::picked(StatusCode::OK, collections::providers(), pick.as_ref()))
}

/// `POST /api/collections/meta/dry-run-view`
pub(super) async fn dry_run(
    app: Data<App>,
    _: Superuser,
    (request, payload): (HttpRequest, Payload),
) -> Result<HttpResponse, ApiError> {
    let body = body::read(&request, payload, body::DEFAULT_LIMIT).await?;
    let pick = Query::parse(request.query_string()).pick()?;
    let outcome = collections::dry_run(&app, &body.text("query")?).await?;
    Ok(json::picked(StatusCode::OK, &outcome, pick.as_ref()))
}

async fn values(request: &HttpRequest, payload: Payload) -> Result<JsonMap, Error> {
    Ok(body::read(request, payload, body::DEFAULT_LIMIT).await?.into_values())
}

fn read_import(body: &mut JsonMap) -> Result<Import, Error> {
    let entries = match body.remove("collections") {
        None | Some(Json::Null) => Vec::new(),
        Some(Json::Array(entries)) => entries,
        Some(_) => return Err(Error::bad_request("collections must be a list.")),
    };
    let object = |entry| match entry {
        Json::Object(map) => Ok(map),
        _ => Err(Error::bad_request("collections must be a list of objects.")),
    };
    let collections = entries.into_iter().map(object).collect::<Result<_, _>>()?;
    let missing = match body.get("deleteMissing") {
        None | Some(Json::Null | Json::Bool(false)) => Missing::Kept,
        Some(Json::Bool(true)) => Missing::Removed,
        Some(_) => return Err(Error::bad_request("deleteMissing must be true or false.")),
    };
    Ok(Import { collections, missing })
}
