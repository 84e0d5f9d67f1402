//! The routes of stored files (contract A 4): who may read which is decided by the service, here are
//! the headers, ranges and conditions.

mod parts;

use std::time::{Duration, SystemTime};

use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, HttpDate, LAST_MODIFIED, RANGE,
};
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use futures_util::TryStreamExt;
use serde_json::json;

use crate::domain::caller::Caller;
use crate::domain::fields::spells_true;
use crate::domain::files::ranges::{self, Ranges};
use crate::domain::files::serving;
use crate::http::address::real_ip;
use crate::http::caller::{Sender, request_info};
use crate::http::conditions::{Conditions, Outcome, Version};
use crate::http::edge::Frameable;
use crate::http::error::ApiError;
use crate::http::json;
use crate::http::query::Query;
use crate::services::Error;
use crate::services::app::App;
use crate::services::blobs::{Blob, Pieces};
use crate::services::files::download::{self, Served, Wanted};
use crate::services::files::token;

/// What a file may do in a browser: show itself, and nothing else.
const POLICY: &str = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox";

/// Stored files never change, and most can be seen by everybody.
const CACHING: &str = "max-age=2592000, stale-while-revalidate=86400";

/// Those that cannot are for nobody in between.
const PRIVATE_CACHING: &str = "private, max-age=2592000, stale-while-revalidate=86400";

/// `POST /api/files/token`
pub(super) async fn token(app: Data<App>, sender: Sender) -> Result<HttpResponse, ApiError> {
    let session = sender.session.ok_or(Error::Unauthenticated)?;
    let token = token::within(&app, &session)?;
    Ok(json::answer(StatusCode::OK, &json!({ "token": token })))
}

/// `GET /api/files/{collection}/{record}/{filename}`
pub(super) async fn download(
    app: Data<App>,
    request: HttpRequest,
    path: Path<(String, String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (collection, record, name) = path.into_inner();
    let collection = app.store.schema().find(&collection).cloned().ok_or(Error::NotFound)?;
    let query = Query::parse(request.query_string());
    let wanted = Wanted {
        record,
        name,
        thumb: query.text("thumb").to_owned(),
        token: query.text("token").to_owned(),
        address: real_ip(&request),
    };
    let download = spells_true(query.text("download"));
    // Who asks is what the file token says, whatever the headers do.
    let info = request_info(&request, Caller::guest(), app.clock.now());
    let served = download::open(&app, &collection, wanted, info).await?;
    Ok(answer(&request, &served, download))
}

/// Contract A 4.3.
fn answer(request: &HttpRequest, served: &Served, download: bool) -> HttpResponse {
    let blob = &served.blob;
    let modified = whole_seconds(blob.modified);
    let version = Version { modified: Some(modified.into()), tag: None };
    let mut response = match Conditions::of(request.headers()).check(version) {
        Outcome::Failed => HttpResponse::PreconditionFailed().finish(),
        Outcome::Unchanged => HttpResponse::NotModified().finish(),
        Outcome::Answer { ranges: true } => {
            let header = request.headers().get(RANGE).and_then(|value| value.to_str().ok());
            content(served, header.map_or(Ranges::Whole, |text| ranges::parse(text, blob.size)))
        }
        Outcome::Answer { ranges: false } => content(served, Ranges::Whole),
    };
    // What is shown must be harmless by both: the name decides what a browser takes it for.
    let mime = serving::content_type(&served.name, &served.mime);
    let inline = serving::is_inline(&served.mime) && serving::is_inline(mime) && !download;
    let headers = [
        (CONTENT_DISPOSITION, serving::content_disposition(&served.name, inline)),
        (CONTENT_SECURITY_POLICY, POLICY.to_owned()),
        (CACHE_CONTROL, if served.protected { PRIVATE_CACHING } else { CACHING }.to_owned()),
        (LAST_MODIFIED, HttpDate::from(modified).to_string()),
        (ACCEPT_RANGES, "bytes".to_owned()),
    ];
    // A part that is not there is no version of the file that a cache may keep.
    let is_content = response.status() != StatusCode::RANGE_NOT_SATISFIABLE;
    let kept = |name: &HeaderName| is_content || ![CACHE_CONTROL, LAST_MODIFIED].contains(name);
    for (name, value) in headers.into_iter().filter(|(name, _)| kept(name)) {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response.extensions_mut().insert(Frameable);
    response
}

/// A file that is saved, of the type `mime`; parts of it when the request asks for some.
pub(super) fn attached(request: &HttpRequest, blob: &Blob, mime: &str) -> HttpResponse {
    let header = request.headers().get(RANGE).and_then(|value| value.to_str().ok());
    let ranges = header.map_or(Ranges::Whole, |text| ranges::parse(text, blob.size));
    let mut response = bytes(blob, mime, ranges);
    response.headers_mut().insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    response
}

fn content(served: &Served, ranges: Ranges) -> HttpResponse {
    bytes(&served.blob, serving::content_type(&served.name, &served.mime), ranges)
}

/// The content of a file, or the parts of it that are asked for.
pub(super) fn bytes(blob: &Blob, mime: &str, ranges: Ranges) -> HttpResponse {
    let size = blob.size;
    match ranges {
        Ranges::Whole => sized(StatusCode::OK, mime, size, blob.pieces(0..size)),
        Ranges::Unsatisfiable => HttpResponse::RangeNotSatisfiable()
            .insert_header((CONTENT_RANGE, format!("bytes */{size}")))
            .finish(),
        Ranges::Partial(ranges) => match ranges.as_slice() {
            [range] => {
                let bytes = blob.pieces(range.start..range.start + range.length);
                let mut response = sized(StatusCode::PARTIAL_CONTENT, mime, range.length, bytes);
                if let Ok(value) = range.content_range(size).parse() {
                    response.headers_mut().insert(CONTENT_RANGE, value);
                }
                response
            }
            ranges => {
                let parts = parts::Parts::new(ranges, mime, size);
                let bytes = parts.pieces(blob);
                sized(StatusCode::PARTIAL_CONTENT, &parts.content_type(), parts.length(), bytes)
            }
        },
    }
}

fn sized(status: StatusCode, mime: &str, length: u64, pieces: Pieces) -> HttpResponse {
    let mut builder = HttpResponseBuilder::new(status);
    builder.insert_header((CONTENT_TYPE, mime));
    if length == 0 {
        return builder.insert_header((CONTENT_LENGTH, "0")).body(Bytes::new());
    }
    // Once the head is sent an error can only cut the answer off; that is what tells the client.
    let pieces = pieces.inspect_err(|error| tracing::error!(%error, "a file cannot be read on"));
    builder.body(SizedStream::new(length, pieces))
}

/// The time as headers can say it, so that the one a client sends back is the same.
pub(super) fn whole_seconds(time: SystemTime) -> SystemTime {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs())
}
