//! The keys of `[server]` that say how long and how many connections may be.

use std::time::Duration;

use crate::config::section::{Reader, Section};
use crate::config::units;

/// Limits of connections. What is absent keeps the default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Connections {
    /// How long a client may take to send the head of a request.
    pub head_timeout: Option<Duration>,
    /// How long a client may take for the next 16 KiB of a body.
    pub body_timeout: Option<Duration>,
    /// How long a client may take no byte of an answer.
    pub write_timeout: Option<Duration>,
    /// How long a connection without a request stays open.
    pub keep_alive: Option<Duration>,
    /// Most connections at one time.
    pub most: Option<usize>,
    /// Most connections of one address at one time.
    pub most_of_address: Option<usize>,
}

/// The keys that are read here.
pub(super) const KEYS: [&str; 6] = [
    "head_timeout",
    "body_timeout",
    "write_timeout",
    "keep_alive",
    "max_connections",
    "max_connections_per_address",
];

pub(super) fn read(section: &Section<'_>, reader: &mut Reader<'_>) -> Connections {
    let mut duration = |key: &str| {
        let what = "a duration of a second at least, such as \"30s\" or \"5min\"";
        section.parse(key, what, reader, |text| {
            units::duration(text).filter(|duration| !duration.is_zero())
        })
    };
    let (head_timeout, body_timeout) = (duration("head_timeout"), duration("body_timeout"));
    let (write_timeout, keep_alive) = (duration("write_timeout"), duration("keep_alive"));
    let mut number = |key: &str| {
        section.integer(key, 1, reader).map(|number| usize::try_from(number).unwrap_or(usize::MAX))
    };
    Connections {
        head_timeout,
        body_timeout,
        write_timeout,
        keep_alive,
        most: number("max_connections"),
        most_of_address: number("max_connections_per_address"),
    }
}
