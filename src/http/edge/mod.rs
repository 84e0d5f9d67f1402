//! What happens around every request: CORS, security headers, panics, the limits on requests, and the
//! id and log line of what went wrong (contract A 1.9, B 9.2, 9.3).

mod compression;
pub(in crate::http) mod note;
mod origins;
#[cfg(test)]
mod tests;

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    HeaderMap, HeaderName, HeaderValue, ORIGIN, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    X_XSS_PROTECTION,
};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpResponse, ResponseError};
use futures_util::FutureExt;

pub use origins::Origins;

use crate::domain::random::Random;
use crate::http::connections::Standing;
use crate::http::error::ApiError;
use crate::http::{address, connections, limits};
use crate::services::Error;
use crate::services::app::App;

/// The header that names a request in the log, on answers to what went wrong.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const ALLOWED_METHODS: HeaderValue = HeaderValue::from_static("GET,HEAD,PUT,PATCH,POST,DELETE");

/// How long browsers may keep what a preflight said, in seconds: a page that sends a token asks before
/// each path otherwise. Who takes an origin off the list waits for so long.
const PREFLIGHT_AGE: HeaderValue = HeaderValue::from_static("600");

/// What scripts of other origins may read of an answer that is no success, beside what all may.
const EXPOSED: HeaderValue = HeaderValue::from_static("Retry-After, X-Request-Id");

/// Longest address of a request, in bytes: a filter as long as it may be, with every byte escaped, and as
/// much again.
const LONGEST_ADDRESS: usize = 32 << 10;

const SECURITY: [(HeaderName, HeaderValue); 4] = [
    (X_XSS_PROTECTION, HeaderValue::from_static("1; mode=block")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN")),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// Put into the extensions of an answer that other sites may show in a frame.
pub struct Frameable;

/// The middleware around all routes.
///
/// # Errors
/// Never by itself; a panic below is answered as an error, since nothing else is left of the
/// request then.
pub async fn edge(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let (allowed, started) = (allowed_origin(&request), Instant::now());
    if request.method() == Method::OPTIONS {
        let response = preflight(&request, allowed);
        return Ok(request.into_response(response));
    }
    let line = format!("{} {}", request.method(), request.path());
    let app = request.app_data::<Data<App>>().cloned();
    address::note(request.request()).await;
    let under_way = match connections::standing(&request) {
        Standing::Welcome(under_way) => under_way,
        Standing::OneTooMany => return Ok(one_too_many(request)),
    };
    match AssertUnwindSafe(answer(request, next)).catch_unwind().await {
        Ok(answer) => {
            let mut response = compression::compress(answer?).await;
            name_failure(response.response_mut(), &line);
            let status = response.status();
            add_headers(response.headers_mut(), status, allowed);
            if response.response().extensions().contains::<Frameable>() {
                response.headers_mut().remove(X_FRAME_OPTIONS);
            }
            note::note(&response, started).await;
            Ok(connections::until_sent(response, under_way))
        }
        Err(_) => {
            // The panic hook has written what happened and where.
            let error = ApiError(Error::internal("a request handler panicked"));
            let mut response = error.error_response();
            log_failure(&mut response, &error, &line);
            if let Some(app) = app {
                note::note_panic(&app, &line, started.elapsed(), &error).await;
            }
            let status = response.status();
            add_headers(response.headers_mut(), status, allowed);
            Err(InternalError::from_response("panic", response).into())
        }
    }
}

/// What the routes answer, unless the request is one too many.
async fn answer(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let length = request.uri().path_and_query().map_or(0, |address| address.as_str().len());
    let admitted = match length {
        ..=LONGEST_ADDRESS => limits::admit(&request).await,
        _ => Err(ApiError(Error::AddressTooLong)),
    };
    match admitted {
        Ok(()) => Ok(next.call(request).await?.map_into_boxed_body()),
        // `into_response` would lose the error, which the log wants to know.
        Err(error) => {
            Ok(ServiceResponse::new(request.into_parts().0, HttpResponse::from_error(error)))
        }
    }
}

/// The answer on a connection of which there are too many: the last one.
fn one_too_many(request: ServiceRequest) -> ServiceResponse<BoxBody> {
    let error = ApiError(Error::unavailable("there are too many connections"));
    let mut response = error.error_response();
    response.head_mut().set_connection_type(ConnectionType::Close);
    let status = response.status();
    add_headers(response.headers_mut(), status, None);
    request.into_response(response)
}

/// The value of `Access-Control-Allow-Origin`, when the request has an origin that may read.
fn allowed_origin(request: &ServiceRequest) -> Option<HeaderValue> {
    let origin = request.headers().get(ORIGIN)?;
    request.app_data::<Data<Origins>>()?.allow(origin)
}

fn preflight(request: &ServiceRequest, allowed: Option<HeaderValue>) -> HttpResponse {
    let mut response = HttpResponse::NoContent().finish();
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_static("Origin"));
    let Some(allowed) = allowed else { return response };
    for name in ["Access-Control-Request-Method", "Access-Control-Request-Headers"] {
        headers.append(VARY, HeaderValue::from_static(name));
    }
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, ALLOWED_METHODS);
    headers.insert(ACCESS_CONTROL_MAX_AGE, PREFLIGHT_AGE);
    if let Some(asked) = request.headers().get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    response
}

fn add_headers(headers: &mut HeaderMap, status: StatusCode, allowed: Option<HeaderValue>) {
    for (name, value) in SECURITY {
        headers.insert(name, value);
    }
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if let Some(allowed) = allowed {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        if status.is_client_error() || status.is_server_error() {
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}

/// Gives an answer to what the server itself did wrong an id and one line in the log.
fn name_failure(response: &mut HttpResponse, line: &str) {
    if !response.status().is_server_error() {
        return;
    }
    let id = request_id();
    let cause = match response.error().and_then(|error| error.as_error::<ApiError>()) {
        Some(error) => causes(&error.0),
        None => "no cause was given".to_owned(),
    };
    tracing::error!(request_id = id, request = line, status = response.status().as_u16(), cause);
    name(response, &id);
}

fn log_failure(response: &mut HttpResponse, error: &ApiError, line: &str) {
    let id = request_id();
    tracing::error!(request_id = id, request = line, status = 500, cause = causes(&error.0));
    name(response, &id);
}

fn name(response: &mut HttpResponse, id: &str) {
    if let Ok(value) = HeaderValue::from_str(id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
}

fn request_id() -> String {
    Random::system().record_id()
}

/// An error and everything behind it, in one line.
fn causes(error: &Error) -> String {
    let mut text = String::new();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
