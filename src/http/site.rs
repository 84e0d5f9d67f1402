//! What no route answers: the files of the static site, if there is one (contract B 9.6). Nothing of it
//! is ever at a path of the API or the dashboard.

use actix_web::http::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, ETAG, HeaderMap,
    HeaderValue, HttpDate, LAST_MODIFIED, LOCATION, RANGE, VARY,
};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};

use crate::domain::files::ranges::{self, Ranges};
use crate::domain::site::{Asked, Caching, SitePath, caching, content_type, read};
use crate::http::conditions::{Conditions, Outcome, Version};
use crate::http::edge::note::Unnoted;
use crate::http::error::ApiError;
use crate::http::files::{bytes, whole_seconds};
use crate::services::Error;
use crate::services::site::{Found, Site, SiteFile};

/// First parts of paths that are never the site's, whatever is in its folder.
const RESERVED: [&str; 2] = ["api", "_"];

/// Everything that no route is for.
pub(super) async fn page(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let site =
        request.app_data::<web::Data<Option<Site>>>().and_then(|site| site.as_ref().as_ref());
    let site = site.ok_or(Error::NotFound)?;
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return Err(Error::NotFound.into());
    }
    let mut response = match read(request.uri().path()) {
        Asked::At(path) if is_reserved(&path) => Err(Error::NotFound),
        Asked::At(path) => at(&request, site, &path).await,
        Asked::Elsewhere(target) => Ok(redirect(&request, StatusCode::TEMPORARY_REDIRECT, target)),
        Asked::Folder(target) => Ok(redirect(&request, StatusCode::MOVED_PERMANENTLY, target)),
        Asked::Nothing => Err(Error::NotFound),
    }?;
    response.extensions_mut().insert(Unnoted);
    Ok(response)
}

fn is_reserved(path: &SitePath) -> bool {
    path.segments().first().is_some_and(|first| RESERVED.contains(&first.as_str()))
}

async fn at(request: &HttpRequest, site: &Site, path: &SitePath) -> Result<HttpResponse, Error> {
    match site.find(path, codings(request)).await? {
        Found::File(file) => Ok(answer(request, &file)),
        Found::OtherForm => Ok(redirect(request, StatusCode::MOVED_PERMANENTLY, path.other_form())),
        Found::Nothing if site.has_fallback() && wants_page(request.headers(), path) => {
            match site.root_page(codings(request)).await? {
                Found::File(file) => Ok(answer(request, &file)),
                Found::OtherForm | Found::Nothing => Err(Error::NotFound),
            }
        }
        Found::Nothing => Err(Error::NotFound),
    }
}

/// Whether a path that means no file is one of the page's own. A script or a picture that is missing is
/// missing: a page in its place would be an error that nobody understands.
fn wants_page(headers: &HeaderMap, path: &SitePath) -> bool {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    !path.names_a_file() || accept.is_some_and(|accept| accept.contains("text/html"))
}

/// The codings that the client takes. A part is always one of the file as it is.
fn codings(request: &HttpRequest) -> Option<String> {
    let headers = request.headers();
    let header = headers.get(ACCEPT_ENCODING).filter(|_| !headers.contains_key(RANGE))?;
    header.to_str().ok().map(str::to_owned)
}

fn answer(request: &HttpRequest, file: &SiteFile) -> HttpResponse {
    let modified = file.modified.map(|time| HttpDate::from(whole_seconds(time)));
    let version = Version { modified, tag: Some(&file.tag) };
    let mime = content_type(&file.path);
    let mut response = match Conditions::of(request.headers()).check(version) {
        Outcome::Failed => HttpResponse::PreconditionFailed().finish(),
        Outcome::Unchanged => HttpResponse::NotModified().finish(),
        Outcome::Answer { ranges } => {
            let header = request.headers().get(RANGE).filter(|_| ranges);
            let header = header.and_then(|value| value.to_str().ok());
            let ranges = header.map_or(Ranges::Whole, |text| ranges::parse(text, file.blob.size));
            bytes(&file.blob, &mime, ranges)
        }
    };
    let is_content = response.status() != StatusCode::RANGE_NOT_SATISFIABLE;
    let headers = response.headers_mut();
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if file.is_varied {
        headers.append(VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    if is_content {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache_control(&file.path)));
        if let Ok(tag) = file.tag.parse() {
            headers.insert(ETAG, tag);
        }
        if let Some(modified) = modified.and_then(|time| time.to_string().parse().ok()) {
            headers.insert(LAST_MODIFIED, modified);
        }
        if let Some(coding) = file.coding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
        }
    }
    response
}

fn cache_control(path: &str) -> &'static str {
    match caching(path) {
        Caching::Immutable => "public, max-age=31536000, immutable",
        Caching::Revalidated => "no-cache",
    }
}

/// Leads to `target` with what the address asks besides: a link in a mail has its token there.
fn redirect(request: &HttpRequest, status: StatusCode, mut target: String) -> HttpResponse {
    if let Some(query) = request.uri().query() {
        target.push('?');
        target.push_str(query);
    }
    HttpResponseBuilder::new(status).insert_header((LOCATION, target)).finish()
}
