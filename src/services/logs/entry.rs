//! Entries as they are stored. They are put together where they come from, in memory that is used again and
//! again, so that one costs neither an allocation nor a word of its own to whoever writes it out.

use std::borrow::Cow;
use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use serde::Serialize;

use crate::domain::caller::Caller;
use crate::domain::logs::{
    ERROR, HEADER_LENGTH, INFO, MESSAGE_SIZE, URL_LENGTH, cut, masked, percent_decoded,
};
use crate::domain::time::Timestamp;
use crate::domain::{Json, JsonMap};
use crate::services::logs::Policy;
use crate::store::logs::NewLog;

/// A request and how it was answered.
#[derive(Debug, Clone, Copy)]
pub struct RequestLog<'a> {
    /// Its method.
    pub method: &'a str,
    /// Path and query, as they were sent.
    pub url: &'a str,
    /// Its header `Referer`.
    pub referer: &'a str,
    /// Its header `User-Agent`.
    pub user_agent: &'a str,
    /// The status of the answer.
    pub status: u16,
    /// How long the answer took.
    pub took: Duration,
    /// Who asked, as far as anybody wanted to know.
    pub caller: Option<&'a Caller>,
    /// Where it came from, proxies looked through.
    pub user_ip: IpAddr,
    /// Where the connection came from.
    pub remote_ip: IpAddr,
    /// Why it was refused or failed.
    pub failure: Option<&'a Failure>,
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

/// What is stored of an entry besides its texts, and how long these are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    created: Timestamp,
    level: i64,
    message: usize,
    data: usize,
}

/// What a thread puts entries together in.
struct Scratch {
    text: Vec<u8>,
    user_ip: Written,
    remote_ip: Written,
}

/// An address and its text: most requests come from where the one before came from.
struct Written {
    address: IpAddr,
    text: String,
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
    remote_ip: Option<&'a str>,
    status: u16,
    #[serde(rename = "type")]
    kind: &'a str,
    url: Cow<'a, str>,
    user_agent: Cow<'a, str>,
    #[serde(rename = "userIP", skip_serializing_if = "Option::is_none")]
    user_ip: Option<&'a str>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = const {
        RefCell::new(Scratch {
            text: Vec::new(),
            user_ip: Written::new(),
            remote_ip: Written::new(),
        })
    };
}

impl RequestLog<'_> {
    /// How bad it is.
    pub const fn level(&self) -> i64 {
        if self.status >= 400 || self.failure.is_some() { ERROR } else { INFO }
    }

    /// Hands the entry to `take`: its head and its texts, message and data.
    pub(super) fn put_together<T>(
        &self,
        policy: Policy,
        created: Timestamp,
        take: impl FnOnce(Head, &[u8]) -> T,
    ) -> T {
        SCRATCH.with_borrow_mut(|Scratch { text, user_ip, remote_ip }| {
            text.clear();
            let url = masked(self.url);
            self.write_message(&url, text);
            let message = text.len();
            let addresses =
                policy.log_ip.then(|| (user_ip.text(self.user_ip), remote_ip.text(self.remote_ip)));
            // Nothing here fails but memory, and that ends the process.
            let _ = serde_json::to_writer(&mut *text, &self.data(&url, policy, addresses));
            // A request that did not fail has no text that could hold the character that has to go.
            if text.len() - message > policy.max_data || self.failure.is_some() {
                let data = String::from_utf8_lossy(&text[message..]).into_owned();
                text.truncate(message);
                text.extend_from_slice(storable(data, policy).as_bytes());
            }
            let head = Head { created, level: self.level(), message, data: text.len() - message };
            take(head, text)
        })
    }

    fn write_message(&self, url: &str, into: &mut Vec<u8>) {
        // Of what is longer nothing is seen, and an escape takes three letters.
        let url = cut(url, 3 * MESSAGE_SIZE);
        let url = percent_decoded(&url);
        let parts = [self.method, " ", &url];
        if parts.iter().map(|part| part.len()).sum::<usize>() > MESSAGE_SIZE || url.contains('\0') {
            into.extend_from_slice(message(&parts.concat()).as_bytes());
        } else {
            parts.iter().for_each(|part| into.extend_from_slice(part.as_bytes()));
        }
    }

    fn data<'a>(
        &'a self,
        url: &'a str,
        policy: Policy,
        addresses: Option<(&'a str, &'a str)>,
    ) -> RequestData<'a> {
        let account = self.caller.and_then(Caller::record);
        let referer = match masked(self.referer) {
            Cow::Borrowed(referer) => cut(referer, HEADER_LENGTH),
            Cow::Owned(referer) => cut(&referer, HEADER_LENGTH).into_owned().into(),
        };
        RequestData {
            auth: account.map_or("", |record| record.collection().name.as_str()),
            auth_id: account.map(|record| record.id()).filter(|_| policy.log_auth_id),
            details: self.failure.map(|failure| &failure.details),
            error: self.failure.map(|failure| failure.error.as_str()),
            exec_time: self.took.as_nanos() as f64 / 1e6,
            method: self.method,
            referer,
            remote_ip: addresses.map(|(_, remote_ip)| remote_ip),
            status: self.status,
            kind: "request",
            url: cut(url, URL_LENGTH),
            user_agent: cut(self.user_agent, HEADER_LENGTH),
            user_ip: addresses.map(|(user_ip, _)| user_ip),
        }
    }
}

impl LineLog {
    /// The entry of a line: its head and its texts, message and data.
    pub(super) fn put_together(self, policy: Policy, created: Timestamp) -> (Head, Vec<u8>) {
        let mut text = message(&self.message).into_bytes();
        let data = storable(Json::Object(self.data).to_string(), policy);
        let head = Head { created, level: self.level, message: text.len(), data: data.len() };
        text.extend_from_slice(data.as_bytes());
        (head, text)
    }
}

impl Head {
    /// Bytes of its texts.
    pub(super) const fn length(&self) -> usize {
        self.message + self.data
    }

    /// The entry as it is stored; `number` tells it from others of the same moment.
    pub(super) fn entry<'a>(&self, text: &'a [u8], number: u32) -> NewLog<'a> {
        let (message, data) = text.split_at(self.message.min(text.len()));
        NewLog { created: self.created, number, level: self.level, message, data }
    }
}

impl Written {
    const fn new() -> Self {
        Self { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), text: String::new() }
    }

    fn text(&mut self, address: IpAddr) -> &str {
        if self.text.is_empty() || self.address != address {
            *self = Self { address, text: address.to_string() };
        }
        &self.text
    }
}

/// A message as it is stored: cut, and without the character that no text of a database holds.
fn message(text: &str) -> String {
    cut(text, MESSAGE_SIZE).replace('\0', "\u{fffd}")
}

/// Data as they are stored.
fn storable(data: String, policy: Policy) -> String {
    fit(data, policy.max_data).replace("\\u0000", "\\ufffd")
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
