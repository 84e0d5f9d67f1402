//! The pages under `/_/`, as they were compiled into the executable (contract B 9.6). Knows nothing
//! of what they do: they talk to the API like any other client.

use actix_web::HttpResponse;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue, LOCATION, REFERRER_POLICY,
};
use actix_web::web::Path;
use rust_embed::Embed;

use crate::http::error::ApiError;
use crate::services::Error;

/// What the pages may load and do: their own files and the API they came from. They handle the
/// passwords of superusers, so nobody else's script, style or frame has a place in them.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
     object-src 'none'",
);

/// The files of the set-up page.
#[derive(Embed)]
#[folder = "admin-ui/setup/"]
struct Pages;

/// `GET /_`: the pages refer to their files relative to the folder.
pub(super) async fn folder() -> HttpResponse {
    HttpResponse::TemporaryRedirect().insert_header((LOCATION, "/_/")).finish()
}

/// `GET /_/{file}`
pub(super) async fn file(path: Path<String>) -> Result<HttpResponse, ApiError> {
    let name = if path.is_empty() { "index.html" } else { path.as_str() };
    let file = Pages::get(name).ok_or(Error::NotFound)?;
    Ok(HttpResponse::Ok()
        .content_type(content_type(name))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        // Names stay the same from version to version, so browsers ask every time.
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(file.data.into_owned()))
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "html")) => "text/html; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
