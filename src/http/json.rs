//! JSON as it leaves the server: compact, `<`, `>` and `&` escaped, a newline at the end.

use std::io;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::Serialize;
use serde_json::ser::Formatter;

use crate::domain::Json;
use crate::http::pick::Pick;

/// The content type of every JSON answer; without a charset, as contract A 1.9 has it.
pub const CONTENT_TYPE: &str = "application/json";

/// An answer of this status with `body` as JSON.
pub fn answer(status: StatusCode, body: &impl Serialize) -> HttpResponse {
    HttpResponseBuilder::new(status).content_type(CONTENT_TYPE).body(text(body))
}

/// The same, less what `pick` does not ask for.
pub fn picked(status: StatusCode, body: impl Serialize, pick: Option<&Pick>) -> HttpResponse {
    picked_by(status, body, pick, Pick::apply)
}

/// The same for a list answer, where `pick` is about each of its `items`.
pub fn picked_list(status: StatusCode, body: impl Serialize, pick: Option<&Pick>) -> HttpResponse {
    picked_by(status, body, pick, Pick::apply_to_list)
}

fn picked_by(
    status: StatusCode,
    body: impl Serialize,
    pick: Option<&Pick>,
    apply: fn(&Pick, &mut Json),
) -> HttpResponse {
    let Some(pick) = pick else { return answer(status, &body) };
    let mut value = serde_json::to_value(body).expect("answers always serialise into memory");
    apply(pick, &mut value);
    answer(status, &value)
}

/// `value` as the bytes of an answer.
pub fn text(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Escaped);
    value.serialize(&mut serializer).expect("JSON values and answers always serialise into memory");
    bytes.push(b'\n');
    bytes
}

/// Compact JSON whose texts are safe inside an HTML page and a script (design §12.5).
struct Escaped;

impl Formatter for Escaped {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        let mut written = 0;
        // Bytes are quicker to look through than characters, and most texts have none of these.
        let suspects = fragment.bytes().enumerate().filter(|(_, byte)| is_suspect(*byte));
        for (at, _) in suspects {
            let found = fragment.get(at..).and_then(|rest| rest.chars().next());
            let Some(found) = found.filter(|found| is_escaped(*found)) else { continue };
            writer.write_all(&fragment.as_bytes()[written..at])?;
            write!(writer, "\\u{:04x}", u32::from(found))?;
            written = at + found.len_utf8();
        }
        writer.write_all(&fragment.as_bytes()[written..])
    }
}

const fn is_escaped(character: char) -> bool {
    matches!(character, '<' | '>' | '&' | '\u{2028}' | '\u{2029}')
}

/// Whether `byte` is the first one of a character that is escaped. U+2028 and U+2029 share theirs
/// with others.
const fn is_suspect(byte: u8) -> bool {
    matches!(byte, b'<' | b'>' | b'&' | 0xe2)
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
