//! What a request was answered with, and the short text of it that snapshots hold.

use regex::Regex;
use serde_json::Value;

/// A whole answer: nothing of it is read later.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// Status code.
    pub(crate) status: u16,
    /// Headers by lower-case name, in the order in which they came.
    pub(crate) headers: Vec<(String, String)>,
    /// Body as text.
    pub(crate) text: String,
}

impl Answer {
    /// Reads a response to its end; `None` when it is cut off.
    pub(crate) async fn try_read(response: reqwest::Response) -> Option<Self> {
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or("?").to_owned()))
            .collect();
        Some(Self { status, headers, text: response.text().await.ok()? })
    }

    /// The first header of that name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; `null` when there is none.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        if self.text.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&self.text).unwrap_or_else(|err| panic!("{err} in {self:?}"))
    }

    /// The answer itself, if it has this status; otherwise the test fails and shows it.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// The value at a JSON pointer such as `/items/0/id`.
    #[track_caller]
    pub(crate) fn at(&self, pointer: &str) -> Value {
        let json = self.json();
        json.pointer(pointer).unwrap_or_else(|| panic!("no {pointer} in {json}")).clone()
    }

    /// The `id` of an answered record.
    #[track_caller]
    pub(crate) fn id(&self) -> String {
        self.at("/id").as_str().unwrap().to_owned()
    }

    /// One line: status, then message and field errors of a refusal or the body of a success,
    /// with generated ids, times and tokens replaced. The same id is the same number throughout.
    pub(crate) fn summary(&self) -> String {
        let Ok(mut body) = serde_json::from_str::<Value>(&self.text) else {
            return format!("{} {}", self.status, self.text).trim_end().to_owned();
        };
        redact(&mut body, &mut Vec::new());
        match (body.get("message").and_then(Value::as_str), body.get("data")) {
            (Some(message), Some(data)) if self.status >= 400 => {
                format!("{} {message} data={data}", self.status)
            }
            _ => format!("{} {body}", self.status),
        }
    }
}

fn redact(value: &mut Value, ids: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| redact(item, ids)),
        Value::Object(map) => {
            for (key, item) in map.iter_mut() {
                match key.as_str() {
                    "created" | "updated" => redact_text(item, "[time]"),
                    "token" => redact_text(item, "[token]"),
                    "collectionId" => {}
                    _ => redact(item, ids),
                }
            }
        }
        Value::String(text) if is_generated_id(text) => {
            let number = ids.iter().position(|id| id == text).unwrap_or_else(|| {
                ids.push(text.clone());
                ids.len() - 1
            });
            *text = format!("[id {}]", number + 1);
        }
        _ => {}
    }
}

/// An empty text says something, so it stays.
fn redact_text(value: &mut Value, name: &str) {
    if value.as_str().is_some_and(|text| !text.is_empty()) {
        *value = Value::from(name);
    }
}

/// By its form alone: one id in a hundred has no digit.
fn is_generated_id(text: &str) -> bool {
    Regex::new("^[a-z0-9]{15}$").unwrap().is_match(text)
}

#[test]
fn a_summary_keeps_what_was_said_and_hides_what_was_made_up() {
    let answer = |status, text: &str| Answer { status, headers: vec![], text: text.to_owned() };
    let refusal =
        r#"{"data":{"title":{"code":"validation_required"}},"message":"No.","status":400}"#;
    assert_eq!(
        answer(400, refusal).summary(),
        r#"400 No. data={"title":{"code":"validation_required"}}"#
    );
    let record = r#"{"id":"a1b2c3d4e5f6g7h","author":"b1b2c3d4e5f6g7h","again":"a1b2c3d4e5f6g7h","letters":"abcdefghijklmno",
        "created":"2026-01-01 10:00:00.000Z","updated":"","token":"x.y.z"}"#;
    assert_eq!(
        answer(200, record).summary(),
        r#"200 {"id":"[id 1]","author":"[id 2]","again":"[id 1]","letters":"[id 3]","created":"[time]","updated":"","token":"[token]"}"#
    );
    assert_eq!(answer(204, "").summary(), "204");
}
