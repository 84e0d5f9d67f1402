//! The routes of records (contract A 3.2 to 3.6). Refusals come in the order of contract A 3.4: the
//! collection, the declared length, views, the limits on requests, the body, then what the service says.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use actix_web::http::{Method, StatusCode};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use crate::domain::collection::Collection;
use crate::domain::fields::FieldKind;
use crate::domain::rules::Rule;
use crate::http::address::real_ip;
use crate::http::body::{self, Intake};
use crate::http::caller::{Sender, request_info};
use crate::http::error::ApiError;
use crate::http::json;
use crate::http::query::Query;
use crate::services::Error;
use crate::services::app::App;
use crate::services::paging::Page;
use crate::services::records::record_view::RecordView;
use crate::services::records::{self, Submission};

/// `GET /api/collections/{collection}/records`
pub(super) async fn list(
    app: Data<App>,
    request: HttpRequest,
    sender: Sender,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let collection = collection(&app, &path)?;
    let pick = Query::parse(request.query_string()).pick()?;
    let info = request_info(&request, sender.caller, app.clock.now());
    let render = move |page: &Page<RecordView>| json::picked_list_text(page, pick.as_ref());
    let text = records::list(&app, &collection, info, real_ip(&request), render).await?;
    Ok(json::answer_text(StatusCode::OK, text))
}

/// `GET /api/collections/{collection}/records/{id}`
pub(super) async fn view(
    app: Data<App>,
    request: HttpRequest,
    sender: Sender,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (name, id) = path.into_inner();
    let collection = collection(&app, &name)?;
    let pick = Query::parse(request.query_string()).pick()?;
    let info = request_info(&request, sender.caller, app.clock.now());
    let render = move |view: &RecordView| json::picked_text(view, pick.as_ref());
    let text = records::view(&app, &collection, id, info, render).await?;
    Ok(json::answer_text(StatusCode::OK, text))
}

/// `POST /api/collections/{collection}/records`
pub(super) async fn create(
    app: Data<App>,
    sender: Sender,
    path: Path<String>,
    (request, payload): (HttpRequest, Payload),
) -> Result<HttpResponse, ApiError> {
    let collection = collection(&app, &path)?;
    let rule = collection.rules.create.as_ref();
    let submission = submission(&app, &sender, (&request, payload), (&collection, rule)).await?;
    let pick = Query::parse(request.query_string()).pick()?;
    let info = request_info(&request, sender.caller, app.clock.now());
    let view = records::create(&app, &collection, submission, info).await?;
    Ok(json::picked(StatusCode::OK, &view, pick.as_ref()))
}

/// `PATCH /api/collections/{collection}/records/{id}`
pub(super) async fn update(
    app: Data<App>,
    sender: Sender,
    path: Path<(String, String)>,
    (request, payload): (HttpRequest, Payload),
) -> Result<HttpResponse, ApiError> {
    let (name, id) = path.into_inner();
    let collection = collection(&app, &name)?;
    let rule = collection.rules.update.as_ref();
    let submission = submission(&app, &sender, (&request, payload), (&collection, rule)).await?;
    let pick = Query::parse(request.query_string()).pick()?;
    let info = request_info(&request, sender.caller, app.clock.now());
    let view = records::update(&app, &collection, id, submission, info).await?;
    Ok(json::picked(StatusCode::OK, &view, pick.as_ref()))
}

/// `DELETE /api/collections/{collection}/records/{id}`
pub(super) async fn delete(
    app: Data<App>,
    request: HttpRequest,
    sender: Sender,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (name, id) = path.into_inner();
    let collection = collection(&app, &name)?;
    let info = request_info(&request, sender.caller, app.clock.now());
    records::delete(&app, &collection, id, info).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The collection that a path names by its id or, in any case, its name.
fn collection(app: &App, id_or_name: &str) -> Result<Arc<Collection>, Error> {
    app.store.schema().find(id_or_name).cloned().ok_or(Error::NotFound)
}

/// Refuses what is not even counted against the limits on requests (contract A 3.4): bodies that say
/// that they are too long, and writes to views.
///
/// # Errors
/// `TooLarge` or `BadRequest`.
pub(super) fn refuse_uncounted(
    request: &HttpRequest,
    collection: &Collection,
) -> Result<(), Error> {
    match *request.method() {
        Method::POST | Method::PATCH => body::refuse_declared(request, body_limit(collection))?,
        Method::DELETE => {}
        _ => return Ok(()),
    }
    records::require_stored(collection)
}

/// What a body says of a record, once nothing about the collection and the length speaks against it.
/// Files are kept only where `rule` lets somebody write at all, and where they may belong.
async fn submission(
    app: &App,
    sender: &Sender,
    (request, payload): (&HttpRequest, Payload),
    (collection, rule): (&Collection, Option<&Rule>),
) -> Result<Submission, Error> {
    refuse_uncounted(request, collection)?;
    let most = |key: &str| file_limit(collection, key);
    let intake = if rule.is_some() || sender.caller.is_superuser() {
        Intake::Keep { spool: &app.files.spool, most: &most }
    } else {
        Intake::Drop
    };
    let limit = body_limit(collection);
    let (values, files) = body::read_with(request, payload, limit, intake).await?.into_parts();
    Ok(Submission::new(values, files))
}

/// The most bytes of a file under `key`; none where no file belongs.
fn file_limit(collection: &Collection, key: &str) -> u64 {
    let name = key.trim_start_matches('+').trim_end_matches(['+', '-']);
    match collection.field(name).map(|field| &field.kind) {
        Some(FieldKind::File(options)) => options.size_limit().unsigned_abs(),
        _ => 0,
    }
}

/// The usual limit and room for everything that the fields let in (contract A 1.10).
fn body_limit(collection: &Collection) -> u64 {
    let room = collection.fields.iter().map(|field| match &field.kind {
        FieldKind::File(options) => options.size_limit().saturating_mul(options.max_select.max(1)),
        FieldKind::Json(options) => options.size_limit(),
        FieldKind::Editor(options) => options.size_limit(),
        _ => 0,
    });
    let room = room.map(|bytes| u64::try_from(bytes).unwrap_or_default());
    room.fold(body::DEFAULT_LIMIT, u64::saturating_add)
}
