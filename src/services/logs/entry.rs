//! Entries: as they are noted, with as little work as can be, and as they are stored.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

use serde::Serialize;

use crate::domain::caller::Caller;
use crate::domain::logs::{
    self, ERROR, HEADER_LENGTH, INFO, MESSAGE_SIZE, URL_LENGTH, cut, masked, percent_decoded,
};
use crate::domain::time::Timestamp;
use crate::domain::{Json, JsonMap};
use crate::services::logs::Policy;
use crate::store::logs::NewLog;

/// A request and how it was answered.
#[derive(Debug)]
pub struct RequestLog {
    /// Its method.
    pub method: Cow<'static, str>,
    /// Path and query, as they were sent.
    pub url: Box<str>,
    /// Its header `Referer`.
    pub referer: Box<str>,
    /// Its header `User-Agent`.
    pub user_agent: Box<str>,
    /// The status of the answer.
    pub status: u16,
    /// How long the answer took.
    pub took: Duration,
    /// Who asked, as far as anybody wanted to know.
    pub caller: Option<Caller>,
    /// Where it came from, proxies looked through.
    pub user_ip: IpAddr,
    /// Where the connection came from.
    pub remote_ip: IpAddr,
    /// Why it was refused or failed.
    pub failure: Option<Box<Failure>>,
}

/// Why a request was refused or failed.
#[derive(Debug)]
pub struct Failure {
    /// What the client was told.
    pub error: String,
    /// The rest: faults of fields, or what the client was not told.
    pub details: Json,
}

/// A line of the server itself.
#[derive(Debug)]
pub struct LineLog {
    /// How bad it is.
    pub level: i64,
    /// What happened.
    pub message: String,
    /// The rest.
    pub data: JsonMap,
}

/// Something that happened.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) created: Timestamp,
    /// What the settings said then.
    pub(super) policy: Policy,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    Request(RequestLog),
    Line(LineLog),
}

/// The data of a request, with its keys in their order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestData<'a> {
    auth: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    exec_time: f64,
    method: &'a str,
    referer: Cow<'a, str>,
    #[serde(rename = "remoteIP", skip_serializing_if = "Option::is_none")]
    remote_ip: Option<IpAddr>,
    status: u16,
    #[serde(rename = "type")]
    kind: &'a str,
    url: Cow<'a, str>,
    user_agent: Cow<'a, str>,
    #[serde(rename = "userIP", skip_serializing_if = "Option::is_none")]
    user_ip: Option<IpAddr>,
}

impl RequestLog {
    /// How bad it is.
    pub const fn level(&self) -> i64 {
        if self.status >= 400 || self.failure.is_some() { ERROR } else { INFO }
    }

    fn message(&self) -> String {
        let url = masked(&self.url);
        // Of what is longer nothing is seen, and an escape takes three letters.
        let url = cut(&url, 3 * MESSAGE_SIZE);
        format!("{} {}", self.method, percent_decoded(&url))
    }

    fn data(&self, policy: Policy) -> String {
        let account = self.caller.as_ref().and_then(Caller::record);
        let failure = self.failure.as_deref();
        let (url, referer) = (masked(&self.url), masked(&self.referer));
        let data = RequestData {
            auth: account.map_or("", |record| record.collection().name.as_str()),
            auth_id: account.map(|record| record.id()).filter(|_| policy.log_auth_id),
            details: failure.map(|failure| &failure.details),
            error: failure.map(|failure| failure.error.as_str()),
            exec_time: self.took.as_nanos() as f64 / 1e6,
            method: &self.method,
            referer: cut(&referer, HEADER_LENGTH),
            remote_ip: policy.log_ip.then_some(self.remote_ip),
            status: self.status,
            kind: "request",
            url: cut(&url, URL_LENGTH),
            user_agent: cut(&self.user_agent, HEADER_LENGTH),
            user_ip: policy.log_ip.then_some(self.user_ip),
        };
        serde_json::to_string(&data).unwrap_or_else(|_| "{}".to_owned())
    }
}

impl Entry {
    /// About how many bytes it takes in memory.
    pub(super) fn bytes(&self) -> usize {
        let held = match &self.what {
            What::Request(log) => {
                let failure = log.failure.as_ref();
                let failure =
                    failure.map_or(0, |failure| failure.error.len() + weight(&failure.details));
                log.url.len() + log.referer.len() + log.user_agent.len() + failure
            }
            What::Line(log) => log.message.len() + log.data.values().map(weight).sum::<usize>(),
        };
        size_of::<Self>() + held
    }

    /// The entry as it is stored; `number` tells it from others of the same moment.
    pub(super) fn into_row(self, number: u32) -> NewLog {
        let Self { created, policy, what } = self;
        let (level, message, data) = match what {
            What::Request(log) => (log.level(), log.message(), log.data(policy)),
            What::Line(log) => (log.level, log.message, Json::Object(log.data).to_string()),
        };
        let message = cut(&message, MESSAGE_SIZE);
        NewLog {
            id: logs::id(created.millis(), number),
            level,
            // No text of a database holds this character.
            message: message.replace('\0', "\u{fffd}"),
            data: fit(data, policy.max_data).replace("\\u0000", "\\ufffd"),
            created,
        }
    }
}

/// `data`, the text of an object, with its longest values cut until it has at most `most` bytes.
fn fit(data: String, most: usize) -> String {
    const LEAST: usize = 16;
    if data.len() <= most {
        return data;
    }
    let Ok(mut map) = serde_json::from_str::<JsonMap>(&data) else { return "{}".to_owned() };
    map.insert("__pb_truncated__".to_owned(), Json::Bool(true));
    map.sort_keys();
    loop {
        let size = Json::Object(map.clone()).to_string().len();
        let longest = map.iter_mut().max_by_key(|(_, value)| weight(value));
        let Some((_, value)) = longest.filter(|(_, value)| size > most && weight(value) > LEAST)
        else {
            return Json::Object(map).to_string();
        };
        let text = match &*value {
            Json::String(text) => Cow::Borrowed(text.trim_end_matches("...")),
            other => Cow::Owned(other.to_string()),
        };
        let kept =
            text.len().saturating_sub(size - most + 3).max(text.len() / 2).min(text.len() - 4);
        *value = cut(&text, kept).into_owned().into();
    }
}

/// About how many bytes a value has.
fn weight(value: &Json) -> usize {
    match value {
        Json::String(text) => text.len(),
        Json::Array(items) => items.iter().map(|item| 8 + weight(item)).sum(),
        Json::Object(map) => map.iter().map(|(key, value)| 8 + key.len() + weight(value)).sum(),
        Json::Null | Json::Bool(_) | Json::Number(_) => 8,
    }
}
