//! What a client subscribes to: the grammar of contract A 5.3. Knows no collection; a topic that means
//! nothing is never told anything.

use std::collections::BTreeMap;

use url::form_urlencoded;

use crate::domain::caller::Caller;
use crate::domain::record::Record;
use crate::domain::rules::{RequestContext, RequestInfo};
use crate::domain::time::Timestamp;
use crate::domain::{Json, JsonMap};
use crate::services::pick::Pick;
use crate::services::records::told::Gate;

/// The topic that is told what a provider led back (contract A 5.7).
pub(super) const OAUTH2: &str = "@oauth2";

/// One topic of a client.
#[derive(Debug, PartialEq)]
pub(super) struct Topic {
    /// The whole text that the client sent: what messages are called by.
    pub(super) text: String,
    /// Bytes of `text` before the options.
    base: usize,
    /// What rules see of the request.
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    /// What of a record the client wants.
    pub(super) pick: Option<Pick>,
}

impl Topic {
    /// Reads `text`. Options that cannot be read are none (contract A 5.3).
    pub(super) fn parse(text: &str) -> Self {
        let (base, rest) = text.split_once('?').unwrap_or((text, ""));
        let options = form_urlencoded::parse(rest.as_bytes()).find(|(name, _)| name == "options");
        let options: JsonMap = options
            .and_then(|(_, value)| serde_json::from_str(&value).ok())
            .filter(are_readable)
            .unwrap_or_default();
        let query = texts(options.get("query"), str::to_owned);
        let pick = query.get("fields").and_then(|fields| Pick::parse(fields).ok().flatten());
        let headers = texts(options.get("headers"), snake_case);
        Self { text: text.to_owned(), base: base.len(), query, headers, pick }
    }

    /// What the topic is about, without its options.
    pub(super) fn base(&self) -> &str {
        &self.text[..self.base]
    }

    /// The request that rules and filters of a message to `caller` see.
    pub(super) fn request(&self, caller: Caller, now: Timestamp) -> RequestInfo {
        RequestInfo {
            method: "GET".to_owned(),
            context: RequestContext::Realtime,
            caller,
            query: self.query.clone(),
            headers: self.headers.clone(),
            now,
            ..RequestInfo::default()
        }
    }

    /// Whether the client asks for something that may differ between callers and take its time: which
    /// records, or what beside them.
    pub(super) fn asks_for_more(&self) -> bool {
        ["filter", "expand"].iter().any(|name| self.query.contains_key(*name))
    }
}

/// What topics about `record` are called without their options, and the rule that each asks.
pub(super) fn bases_of(record: &Record) -> Vec<(String, Gate)> {
    let collection = record.collection();
    let (id, name, record) = (&collection.id, &collection.name, record.id());
    let bases = |name: &str| {
        [
            (format!("{name}/*"), Gate::List),
            (name.to_owned(), Gate::List),
            (format!("{name}/{record}"), Gate::View),
        ]
    };
    let mut all = bases(name).to_vec();
    if id != name {
        all.extend(bases(id));
    }
    all
}

/// Options have two parts, both objects; of another shape they are none at all.
fn are_readable(options: &JsonMap) -> bool {
    ["query", "headers"]
        .iter()
        .all(|part| matches!(options.get(*part), None | Some(Json::Null | Json::Object(_))))
}

fn texts(part: Option<&Json>, key: impl Fn(&str) -> String) -> BTreeMap<String, String> {
    let entries = part.and_then(Json::as_object).into_iter().flatten();
    entries.map(|(name, value)| (key(name), as_text(value))).collect()
}

/// A value as query parameters have it; what is no single value is empty.
fn as_text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Bool(_) | Json::Number(_) => value.to_string(),
        Json::Null | Json::Array(_) | Json::Object(_) => String::new(),
    }
}

/// A header's name as rules know it: `X-My-Token` and `xMyToken` are `x_my_token`.
fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut before = ' ';
    for character in name.chars() {
        if character.is_ascii_uppercase()
            && (before.is_ascii_lowercase() || before.is_ascii_digit())
        {
            snake.push('_');
        }
        snake.push(if character.is_alphanumeric() { character.to_ascii_lowercase() } else { '_' });
        before = character;
    }
    snake
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with(options: &Json) -> Topic {
        let encoded: String =
            form_urlencoded::byte_serialize(options.to_string().as_bytes()).collect();
        Topic::parse(&format!("posts/*?options={encoded}"))
    }

    #[test]
    fn a_topic_is_its_whole_text_and_has_a_base() {
        for (text, base) in [
            ("posts/*", "posts/*"),
            ("posts", "posts"),
            ("posts/*?options=%7B", "posts/*"),
            ("posts/a?b?c", "posts/a"),
            ("?", ""),
            ("", ""),
        ] {
            let topic = Topic::parse(text);
            assert_eq!((topic.text.as_str(), topic.base()), (text, base));
        }
    }

    #[test]
    fn options_are_texts_and_headers_have_the_names_of_rules() {
        let topic = with(&json!({
            "query": { "filter": "a = 1", "n": 5, "b": true, "x": null, "l": [1], "fields": "id" },
            "headers": { "X-My-Token": "t", "xOther": 1.5, "a b": "c" },
        }));
        let request = topic.request(Caller::guest(), Timestamp::from_millis(7));
        let query = [
            ("b", "true"),
            ("fields", "id"),
            ("filter", "a = 1"),
            ("l", ""),
            ("n", "5"),
            ("x", ""),
        ];
        assert_eq!(request.query, query.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
        let headers = [("a_b", "c"), ("x_my_token", "t"), ("x_other", "1.5")];
        assert_eq!(request.headers, headers.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
        assert_eq!((request.method.as_str(), request.context.as_str()), ("GET", "realtime"));
        assert!(topic.pick.is_some() && topic.asks_for_more());
    }

    #[test]
    fn what_cannot_be_read_is_no_option() {
        let unreadable = ["posts/*?options=x", "posts/*?options=%5B%5D", "posts/*?other=%7B%7D"];
        let wrong = [json!([]), json!({ "query": 1 }), json!({ "query": {}, "headers": [] })];
        let topics = unreadable.into_iter().map(Topic::parse).chain(wrong.iter().map(with));
        for topic in topics {
            assert!(topic.query.is_empty() && topic.headers.is_empty(), "{topic:?}");
        }
        assert_eq!(with(&json!({ "query": { "fields": "a:b" } })).pick, None);
    }
}
