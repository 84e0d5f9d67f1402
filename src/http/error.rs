//! Errors as the wire knows them: the only table of statuses and the envelope of contract A 1.4.

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;

use crate::domain::invalid::{Fault, FieldErrors, Invalid};
use crate::domain::{Json, JsonMap};
use crate::http::json;
use crate::services::Error;

/// A service's error on its way out.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ApiError(#[from] pub Error);

impl From<FieldErrors> for ApiError {
    fn from(errors: FieldErrors) -> Self {
        Self(Error::Invalid(errors))
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        status(&self.0)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = json::answer(status(&self.0), &envelope(&self.0));
        if let Some(seconds) = retry_after(&self.0) {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// The status that an error is answered with.
pub const fn status(error: &Error) -> StatusCode {
    match error {
        Error::Unauthenticated => StatusCode::UNAUTHORIZED,
        Error::Forbidden | Error::Locked(_) => StatusCode::FORBIDDEN,
        Error::NotFound => StatusCode::NOT_FOUND,
        Error::BadRequest(_) | Error::Invalid(_) => StatusCode::BAD_REQUEST,
        Error::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Error::TooSlow => StatusCode::REQUEST_TIMEOUT,
        Error::AddressTooLong => StatusCode::URI_TOO_LONG,
        Error::TooManyRequests { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The body that an error is answered with.
pub fn envelope(error: &Error) -> Json {
    let data = match error {
        Error::Invalid(errors) => field_errors(errors),
        _ => JsonMap::new(),
    };
    json!({
        "data": data,
        "message": sentence(&error.to_string()),
        "status": status(error).as_u16(),
    })
}

/// Field errors as the tree of contract A 1.4.
pub fn field_errors(errors: &FieldErrors) -> JsonMap {
    errors
        .iter()
        .map(|(field, invalid)| {
            let value = match invalid {
                Invalid::Fault(fault) => fault_json(fault),
                Invalid::Nested(nested) => Json::Object(field_errors(nested)),
            };
            (field.to_owned(), value)
        })
        .collect()
}

fn fault_json(fault: &Fault) -> Json {
    let mut leaf = JsonMap::new();
    leaf.insert("code".to_owned(), fault.code.into());
    leaf.insert("message".to_owned(), sentence(&fault.message).into());
    if !fault.params.is_empty() {
        leaf.insert("params".to_owned(), Json::Object(fault.params.clone()));
    }
    Json::Object(leaf)
}

/// Seconds for `Retry-After`, rounded up: a client that waits them is not refused again.
fn retry_after(error: &Error) -> Option<u64> {
    match error {
        Error::TooManyRequests { retry_after } => {
            Some(retry_after.as_millis().div_ceil(1_000).max(1) as u64)
        }
        Error::Unavailable(_) => Some(1),
        _ => None,
    }
}

/// `message` trimmed, with a capital at its start and a stop at its end.
fn sentence(message: &str) -> String {
    let mut characters = message.trim().chars();
    let Some(first) = characters.next() else { return String::new() };
    let mut text: String = first.to_uppercase().chain(characters).collect();
    if !text.ends_with(['.', '?', '!']) {
        text.push('.');
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix_web::body::MessageBody;

    use super::*;

    fn body(error: Error) -> String {
        let bytes = ApiError(error).error_response().into_body().try_into_bytes().unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[test]
    fn the_envelope_has_its_keys_in_order_and_ends_with_a_newline() {
        assert_eq!(
            body(Error::bad_request("  failed to load ")),
            "{\"data\":{},\"message\":\"Failed to load.\",\"status\":400}\n"
        );
    }

    #[test]
    fn field_errors_nest_and_their_messages_become_sentences() {
        let mut inner = FieldErrors::new();
        inner.add("name", Fault::new("validation_not_in_invalid", "is <reserved>"));
        let mut item = FieldErrors::new();
        item.nest("1", inner);
        let mut errors = FieldErrors::new();
        errors.nest("fields", item);
        errors.add("min", Fault::new("validation_min_text_constraint", "Why?").with("min", 3));
        assert_eq!(
            body(Error::Invalid(errors)),
            concat!(
                r#"{"data":{"fields":{"1":{"name":{"code":"validation_not_in_invalid","#,
                r#""message":"Is \u003creserved\u003e."}}},"min":{"code":"#,
                r#""validation_min_text_constraint","message":"Why?","params":{"min":3}}},"#,
                r#""message":"Something in the submitted data is not valid.","status":400}"#,
                "\n"
            )
        );
    }

    #[test]
    fn causes_stay_inside() {
        let text = body(Error::internal("disk /secret/path is on fire"));
        assert!(!text.contains("secret"), "{text}");
        assert!(text.ends_with("\"status\":500}\n"));
        assert!(!body(Error::unavailable("queue of 4096 is full")).contains("4096"));
    }

    #[test]
    fn waiting_times_are_rounded_up() {
        let wait = |millis| {
            let error = Error::TooManyRequests { retry_after: Duration::from_millis(millis) };
            let response = ApiError(error).error_response();
            assert_eq!(response.status(), 429);
            response.headers().get(RETRY_AFTER).unwrap().to_str().unwrap().to_owned()
        };
        assert_eq!(wait(0), "1");
        assert_eq!(wait(1_000), "1");
        assert_eq!(wait(1_001), "2");
    }
}
