//! What the suites share: a server in this process, the executable as a process, clients.
//!
//! A test waits for an answer, a line of output or an exit, never for a time. The deadlines here
//! only end a test that has already failed.

mod answer;
mod app;
mod client;
mod database;
mod events;
mod mail_server;
mod process;
mod receiver;
mod schemas;

pub(crate) use answer::Answer;
pub(crate) use app::{PASSWORD, TestApp};
pub(crate) use client::Client;
pub(crate) use database::Database;
pub(crate) use events::{Events, Message};
pub(crate) use mail_server::MailServer;
pub(crate) use process::{Finished, Process, RUNS_OUT, done, refused};
pub(crate) use receiver::Receiver;
pub(crate) use schemas::database_url;

/// The blog, the example that everything uses.
pub(crate) const BLOG: &str = include_str!("../../../config.toml");

/// Laid over a test's config: no fsync, few connections, the cheapest hash there is.
pub(crate) const QUICK: &str = r#"
[database]
durability = "normal"
pool       = 3

[auth]
argon2 = { memory = "8kB", passes = 1, lanes = 1 }
"#;
