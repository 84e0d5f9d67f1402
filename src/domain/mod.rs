//! Rules and types of the product: no IO, no async, no HTTP, no clock, and no SQL of its own
//! (it reads the SQL texts that users write as index and view definitions, it never makes any).

pub mod addresses;
pub mod backups;
pub mod caller;
pub mod changes;
pub mod codings;
pub mod collection;
pub mod cron;
pub mod decode;
pub mod event;
pub mod fields;
pub mod files;
pub mod host_name;
pub mod id;
pub mod indexes;
pub mod invalid;
pub mod keyring;
pub mod language;
pub mod logs;
pub mod mail;
pub mod oauth2;
pub mod origins;
pub mod pattern;
pub mod providers;
pub mod random;
pub mod rate_limits;
pub mod record;
pub mod rules;
pub mod schema;
pub mod script;
pub mod search;
pub mod settings;
pub mod site;
pub mod system;
pub mod time;
pub mod views;
pub mod webhooks;

/// A JSON value, the form in which record values travel between the floors.
pub type Json = serde_json::Value;

/// A JSON object that keeps the order of its keys.
pub type JsonMap = serde_json::Map<String, Json>;
