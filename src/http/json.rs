//! JSON as it leaves the server: compact, `<`, `>` and `&` escaped, a newline at the end.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::Serialize;

use crate::domain::Json;
use crate::services::pick::Pick;
use crate::services::safe_json;

/// The content type of every JSON answer; without a charset, as contract A 1.9 has it.
pub const CONTENT_TYPE: &str = "application/json";

/// An answer of this status with `body` as JSON.
pub fn answer(status: StatusCode, body: &impl Serialize) -> HttpResponse {
    answer_text(status, text(body))
}

/// An answer of this status with a body that is JSON already.
pub fn answer_text(status: StatusCode, text: Vec<u8>) -> HttpResponse {
    HttpResponseBuilder::new(status).content_type(CONTENT_TYPE).body(text)
}

/// [`answer`], less what `pick` does not ask for.
pub fn picked(status: StatusCode, body: impl Serialize, pick: Option<&Pick>) -> HttpResponse {
    answer_text(status, picked_text(body, pick))
}

/// The same for a list answer, where `pick` is about each of its `items`.
pub fn picked_list(status: StatusCode, body: impl Serialize, pick: Option<&Pick>) -> HttpResponse {
    answer_text(status, picked_list_text(body, pick))
}

/// The text of [`picked`].
pub fn picked_text(body: impl Serialize, pick: Option<&Pick>) -> Vec<u8> {
    text_by(body, pick, Pick::apply)
}

/// The text of [`picked_list`].
pub fn picked_list_text(body: impl Serialize, pick: Option<&Pick>) -> Vec<u8> {
    text_by(body, pick, Pick::apply_to_list)
}

fn text_by(body: impl Serialize, pick: Option<&Pick>, apply: fn(&Pick, &mut Json)) -> Vec<u8> {
    let Some(pick) = pick else { return text(&body) };
    let mut value = serde_json::to_value(body).expect("answers always serialise into memory");
    apply(pick, &mut value);
    text(&value)
}

/// `value` as the bytes of an answer.
pub fn text(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = safe_json::bytes(value);
    bytes.push(b'\n');
    bytes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_and_keys_are_escaped_and_a_newline_ends_the_answer() {
        let value = json!({ "<k>": "a<b>&\"c\\\u{2028}é", "n": 1.5 });
        let text = String::from_utf8(text(&value)).unwrap();
        assert_eq!(
            text,
            "{\"\\u003ck\\u003e\":\"a\\u003cb\\u003e\\u0026\\\"c\\\\\\u2028é\",\"n\":1.5}\n"
        );
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
