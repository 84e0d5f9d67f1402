//! The running server, through the doors its users have: HTTP on a server in this process, and
//! the executable as a process of its own where signals and start-up matter.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

#[path = "../engine/mod.rs"]
mod engine;
mod harness;
#[path = "../engine/only.rs"]
mod only;

mod accounts;
mod addresses;
mod backups;
mod bad_input;
mod batch;
mod blog;
mod collections;
mod connections;
mod copy;
mod crons;
mod dashboard;
mod development;
mod doctor;
mod edge;
mod environment;
mod extremes;
mod files;
mod health;
mod https;
mod import;
mod kill;
mod limits;
mod logs;
mod mail;
mod metrics;
mod oauth2;
mod postgres;
mod realtime;
mod replica;
mod schema;
mod search;
mod secrets;
mod settings;
mod site;
mod start_up;
mod stop;
mod upgrade;
mod webhooks;
