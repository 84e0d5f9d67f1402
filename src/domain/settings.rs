//! The settings that superusers change while the server runs (contract B 6.1), with their defaults.
//! Where they are kept, and what the config file pins, is not known here.

mod json;
#[cfg(test)]
mod tests;
mod validate;

pub use validate::is_limit_label;

use crate::domain::language::Language;

/// All settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Addresses and networks that superusers may come from; everywhere when empty.
    pub superuser_ips: Vec<String>,
    /// The mail server.
    pub smtp: Smtp,
    /// When backups are made and where they go.
    pub backups: Backups,
    /// Where files are kept when not in the data folder.
    pub s3: S3,
    /// What the application is called.
    pub meta: Meta,
    /// How many requests are accepted.
    pub rate_limits: RateLimits,
    /// Whose word on the client's address counts.
    pub trusted_proxy: TrustedProxy,
    /// The batch API.
    pub batch: Batch,
    /// What is logged and for how long.
    pub logs: Logs,
    /// The language of mails that nobody wrote texts for. The config file's alone: the API neither
    /// shows nor changes it.
    pub mail_language: Language,
}

/// A text that `Debug` does not show and the API does not answer.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_empty() { "\"\"" } else { "\"***\"" })
    }
}

/// The mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Smtp {
    /// Whether mails go to this server.
    pub enabled: bool,
    /// Port of the server.
    pub port: i64,
    /// Name or address of the server.
    pub host: String,
    /// Name to sign in with.
    pub username: String,
    /// Password to sign in with.
    pub password: Secret,
    /// `PLAIN`, `LOGIN`, or empty, which is `PLAIN`.
    pub auth_method: String,
    /// Whether the connection begins with TLS; otherwise STARTTLS is used where it is offered.
    pub tls: bool,
    /// Name to say EHLO with.
    pub local_name: String,
}

impl Default for Smtp {
    fn default() -> Self {
        Self {
            enabled: false,
            port: 587,
            host: "smtp.example.com".to_owned(),
            username: String::new(),
            password: Secret::default(),
            auth_method: String::new(),
            tls: false,
            local_name: String::new(),
        }
    }
}

/// When backups are made and where they go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backups {
    /// Cron expression, or empty for none.
    pub cron: String,
    /// How many of these backups are kept.
    pub cron_max_keep: i64,
    /// Where backups are kept when not in the data folder.
    pub s3: S3,
}

impl Default for Backups {
    fn default() -> Self {
        Self { cron: String::new(), cron_max_keep: 3, s3: S3::default() }
    }
}

/// A bucket of an S3-compatible store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct S3 {
    /// Whether the bucket is used.
    pub enabled: bool,
    /// Name of the bucket.
    pub bucket: String,
    /// Region of the bucket.
    pub region: String,
    /// Address of the store.
    pub endpoint: String,
    /// Public part of the key.
    pub access_key: String,
    /// Secret part of the key.
    pub secret: Secret,
    /// Whether the bucket is part of the path instead of the host.
    pub force_path_style: bool,
}

/// What the application is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// Colour of the dashboard, `#rrggbb` or empty.
    pub accent_color: String,
    /// Name, as mails show it.
    pub app_name: String,
    /// Public address, which links in mails begin with.
    pub app_url: String,
    /// Name that mails come from.
    pub sender_name: String,
    /// Address that mails come from.
    pub sender_address: String,
    /// Whether the dashboard hides what edits collections.
    pub hide_controls: bool,
}

impl Default for Meta {
    fn default() -> Self {
        Self {
            accent_color: "#1055c9".to_owned(),
            app_name: "Acme".to_owned(),
            app_url: "http://localhost:8090".to_owned(),
            sender_name: "Support".to_owned(),
            sender_address: "support@example.com".to_owned(),
            hide_controls: false,
        }
    }
}

/// How many requests are accepted (contract B 6.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimits {
    /// The limits; which one holds for a request is the contract's to say.
    pub rules: Vec<RateLimitRule>,
    /// Addresses and networks that are not limited.
    pub excluded_ips: Vec<String>,
    /// Whether requests are limited at all.
    pub enabled: bool,
}

/// One limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RateLimitRule {
    /// Which requests are meant: a path, or an action of collections.
    pub label: String,
    /// `@guest`, `@auth`, or empty for everybody.
    pub audience: String,
    /// Length of the window in seconds.
    pub duration: i64,
    /// Requests that a window accepts.
    pub max_requests: i64,
}

impl Default for RateLimits {
    fn default() -> Self {
        let rule = |label: &str, duration, max_requests| RateLimitRule {
            label: label.to_owned(),
            audience: String::new(),
            duration,
            max_requests,
        };
        Self {
            rules: vec![
                rule("*:auth", 3, 2),
                rule("*:create", 5, 20),
                rule("/api/batch", 1, 3),
                rule("/api/", 10, 300),
            ],
            excluded_ips: Vec::new(),
            enabled: false,
        }
    }
}

/// Whose word on the client's address counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxy {
    /// Headers that hold the client's address; none trusts nobody.
    pub headers: Vec<String>,
    /// Whether the first of several addresses is the client's, not the last.
    pub use_leftmost_ip: bool,
}

/// The batch API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Whether batches are accepted.
    pub enabled: bool,
    /// Most operations of one batch.
    pub max_requests: i64,
    /// Most seconds that a batch may take.
    pub timeout: i64,
    /// Most bytes of a batch; 0 is 128 MiB.
    pub max_body_size: i64,
}

impl Default for Batch {
    fn default() -> Self {
        Self { enabled: false, max_requests: 50, timeout: 3, max_body_size: 0 }
    }
}

/// What is logged and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logs {
    /// Most bytes of an entry's data; 0 is 16 KiB.
    pub max_data_size: i64,
    /// Days that logs are kept; 0 keeps none.
    pub max_days: i64,
    /// Least level: -4 debug, 0 info, 4 warn, 8 error.
    pub min_level: i64,
    /// Whether addresses are logged.
    pub log_ip: bool,
    /// Whether the ids of callers are logged.
    pub log_auth_id: bool,
}

impl Default for Logs {
    fn default() -> Self {
        Self { max_data_size: 0, max_days: 5, min_level: 0, log_ip: true, log_auth_id: false }
    }
}
