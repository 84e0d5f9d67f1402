//! The dashboard under `/_/`, as it was compiled into the executable (contract B 9.6). Knows nothing
//! of what its pages do: they talk to the API like any other client.

use std::borrow::Cow;
use std::fmt::Write;

use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETAG, HeaderValue,
    LOCATION, REFERRER_POLICY, VARY,
};
use actix_web::web::{Bytes, Path};
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::{Embed, EmbeddedFile};

use crate::domain::codings::Coding;
use crate::http::conditions::{Conditions, Outcome, Version};
use crate::http::error::ApiError;
use crate::services::Error;

/// What the pages may load and do: their own files and the API they came from. They handle the
/// passwords of superusers, so nobody else's script, style or frame has a place in them.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
     object-src 'none'",
);

/// Files whose names hold a hash of what is in them.
const HASHED: &str = "assets/";

/// What the build script made; texts with their packed forms beside them.
#[derive(Embed)]
#[folder = "$OUT_DIR/admin-ui"]
struct Pages;

/// Whether there is a dashboard in this executable.
pub(super) fn is_there() -> bool {
    Pages::get("index.html").is_some()
}

/// `GET /_`: the pages refer to their files relative to the folder.
pub(super) async fn folder() -> HttpResponse {
    HttpResponse::TemporaryRedirect().insert_header((LOCATION, "/_/")).finish()
}

/// `GET /_/{file}`
pub(super) async fn file(
    request: HttpRequest,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let name = if path.is_empty() { "index.html" } else { path.as_str() };
    let is_packed = Coding::BY_SIZE.iter().any(|coding| name.ends_with(coding.ending()));
    let plain = Pages::get(name).filter(|_| !is_packed).ok_or(Error::NotFound)?;
    let form = |coding: &Coding| Pages::get(&format!("{name}{}", coding.ending()));
    let offered = Coding::BY_SIZE.into_iter().filter(|coding| form(coding).is_some());
    let offered: Vec<Coding> = offered.collect();
    let accepted = request.headers().get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let coding = accepted.and_then(|accepted| Coding::choose(accepted, &offered));
    let file = coding.as_ref().and_then(form).unwrap_or(plain);
    let tag = tag(&file);
    let version = Version { modified: None, tag: Some(&tag) };
    let is_known = Conditions::of(request.headers()).check(version) == Outcome::Unchanged;
    let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .content_type(content_type(name))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((CACHE_CONTROL, cache_control(name)))
        .insert_header((ETAG, tag));
    if !offered.is_empty() {
        response.append_header((VARY, "Accept-Encoding"));
    }
    if let Some(coding) = coding {
        response.insert_header((CONTENT_ENCODING, coding.name()));
    }
    Ok(if is_known { response.finish() } else { response.body(bytes(file)) })
}

fn bytes(file: EmbeddedFile) -> Bytes {
    match file.data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => Bytes::from(data),
    }
}

fn tag(file: &EmbeddedFile) -> String {
    let mut tag = String::from("\"");
    for byte in &file.metadata.sha256_hash()[..16] {
        // Writing to a text does not fail.
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

/// Names with a hash mean the same for ever; the others are asked for every time.
fn cache_control(name: &str) -> &'static str {
    if name.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" }
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
