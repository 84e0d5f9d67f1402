//! The settings that are not at their defaults. Each section is tried on its own: one that would not
//! be read as what it is about is left out, and the setting stays in the database.

use std::collections::HashSet;

use crate::config::write::{Writer, toml};
use crate::config::{Source, load};
use crate::domain::JsonMap;
use crate::domain::settings::{S3, Settings, Smtp};

type Entries = Vec<(String, String)>;

pub(super) fn write(settings: &Settings, out: &mut Writer<'_>) {
    let usual = Settings::default();
    app(settings, &usual, out);
    server(settings, out);
    mail(settings, &usual, out);
    files(settings, out);
    limits(settings, out);
    batch(settings, &usual, out);
    backups(settings, &usual, out);
    logs(settings, &usual, out);
}

/// Adds the section `name`, if it is read as it should be.
fn section(name: &str, entries: &Entries, settings: &Settings, out: &mut Writer<'_>) {
    if entries.is_empty() {
        return;
    }
    let before = out.text.len();
    out.table(name);
    out.entries(entries);
    if !says(&out.text[before..], &out.secrets, settings) {
        out.text.truncate(before);
    }
    // Of a section that was left out no file is needed.
    let text = &out.text;
    out.secrets.retain(|(path, _)| text.contains(&format!("${{file:{path}}}")));
}

/// Whether `text` is read, and says nothing that `settings` do not.
fn says(text: &str, secrets: &[(String, String)], settings: &Settings) -> bool {
    let found = |path: &str| {
        let secret = secrets.iter().find(|(name, _)| name == path);
        secret.map(|(_, secret)| secret.clone()).ok_or_else(|| "it is not there".to_owned())
    };
    let source = Source { secret_file: &found, ..Source::of_text(text) };
    let Ok(config) = load(&source) else { return false };
    let mut said = settings.clone();
    said.apply(config.settings.as_map()).is_ok() && said == *settings
}

fn app(settings: &Settings, usual: &Settings, out: &mut Writer<'_>) {
    let (meta, usual) = (&settings.meta, &usual.meta);
    let mut entries = Entries::new();
    for (key, text, usual) in [
        ("name", &meta.app_name, &usual.app_name),
        ("url", &meta.app_url, &usual.app_url),
        ("accent", &meta.accent_color, &usual.accent_color),
    ] {
        if text != usual && !text.is_empty() {
            entries.push((key.to_owned(), toml::plain(text)));
        }
    }
    section("app", &entries, settings, out);
}

fn server(settings: &Settings, out: &mut Writer<'_>) {
    let mut entries = Entries::new();
    for (key, list) in [
        ("trusted_proxies", &settings.trusted_proxy.headers),
        ("superuser_ips", &settings.superuser_ips),
    ] {
        if !list.is_empty() {
            entries.push((key.to_owned(), toml::texts(list.iter().map(String::as_str))));
        }
    }
    section("server", &entries, settings, out);
}

fn mail(settings: &Settings, usual: &Settings, out: &mut Writer<'_>) {
    let (meta, usual) = (&settings.meta, &usual.meta);
    let mut entries = Entries::new();
    let sender = |meta: &crate::domain::settings::Meta| {
        (meta.sender_name.clone(), meta.sender_address.clone())
    };
    if sender(meta) != sender(usual) {
        let from = format!("{} <{}>", meta.sender_name, meta.sender_address);
        entries.push(("from".to_owned(), toml::plain(from.trim())));
    }
    if settings.smtp.enabled {
        let secret = out.secret("smtp", smtp_address(&settings.smtp));
        entries.push(("smtp".to_owned(), secret));
    }
    section("mail", &entries, settings, out);
}

fn smtp_address(smtp: &Smtp) -> String {
    let scheme = if smtp.tls { "smtps" } else { "smtp" };
    let host = if smtp.host.contains(':') { format!("[{}]", smtp.host) } else { smtp.host.clone() };
    let user = match (smtp.username.as_str(), smtp.password.reveal()) {
        ("", "") => String::new(),
        (name, password) => format!("{}:{}@", encoded(name), encoded(password)),
    };
    format!("{scheme}://{user}{host}:{}", smtp.port)
}

fn files(settings: &Settings, out: &mut Writer<'_>) {
    let mut entries = Entries::new();
    if let Some(address) = s3_address(&settings.s3) {
        entries.push(("s3".to_owned(), out.secret("files_s3", address)));
    }
    section("files", &entries, settings, out);
}

/// The address of a bucket that is used.
fn s3_address(s3: &S3) -> Option<String> {
    let (scheme, host) = s3.endpoint.split_once("://").filter(|_| s3.enabled)?;
    let style = if s3.force_path_style { "&path_style=true" } else { "" };
    Some(format!(
        "{scheme}://{}:{}@{}/{}?region={}{style}",
        encoded(&s3.access_key),
        encoded(s3.secret.reveal()),
        host.trim_end_matches('/'),
        encoded(&s3.bucket),
        encoded(&s3.region)
    ))
}

fn limits(settings: &Settings, out: &mut Writer<'_>) {
    let limits = &settings.rate_limits;
    let mut labels = HashSet::new();
    // One label has one rate in the file, and may have one for guests and one for others here.
    if !limits.enabled || !limits.rules.iter().all(|rule| labels.insert(&rule.label)) {
        return;
    }
    let entries: Entries = limits
        .rules
        .iter()
        .map(|rule| {
            let rate = toml::text(&toml::rate(rule.max_requests, rule.duration));
            let audience = rule.audience.trim_start_matches('@');
            let value = if audience.is_empty() {
                rate
            } else {
                let audience = ("audience".to_owned(), toml::text(audience));
                toml::inline(&[("rate".to_owned(), rate), audience])
            };
            (toml::key(&rule.label), value)
        })
        .collect();
    section("limits", &entries, settings, out);
}

fn batch(settings: &Settings, usual: &Settings, out: &mut Writer<'_>) {
    let (batch, usual) = (&settings.batch, &usual.batch);
    let mut entries = Entries::new();
    if batch.enabled != usual.enabled {
        entries.push(("enabled".to_owned(), batch.enabled.to_string()));
    }
    if batch.max_requests != usual.max_requests {
        entries.push(("max".to_owned(), batch.max_requests.to_string()));
    }
    if batch.timeout != usual.timeout {
        entries.push(("timeout".to_owned(), toml::text(&toml::duration(batch.timeout))));
    }
    section("batch", &entries, settings, out);
}

fn backups(settings: &Settings, usual: &Settings, out: &mut Writer<'_>) {
    let (backups, usual) = (&settings.backups, &usual.backups);
    let mut entries = Entries::new();
    if backups.cron != usual.cron {
        entries.push(("cron".to_owned(), toml::plain(&backups.cron)));
    }
    if backups.cron_max_keep != usual.cron_max_keep {
        entries.push(("keep".to_owned(), backups.cron_max_keep.to_string()));
    }
    if let Some(address) = s3_address(&backups.s3) {
        entries.push(("s3".to_owned(), out.secret("backups_s3", address)));
    }
    section("backups", &entries, settings, out);
}

fn logs(settings: &Settings, usual: &Settings, out: &mut Writer<'_>) {
    let json = |settings: &Settings| -> JsonMap {
        let logs = settings.to_json().remove("logs");
        logs.and_then(|logs| logs.as_object().cloned()).unwrap_or_default()
    };
    let (logs, usual) = (json(settings), json(usual));
    let mut entries = Entries::new();
    for (key, name) in
        [("days", "maxDays"), ("level", "minLevel"), ("ip", "logIP"), ("auth_id", "logAuthId")]
    {
        if logs.get(name) != usual.get(name) {
            entries.extend(logs.get(name).map(|value| (key.to_owned(), value.to_string())));
        }
    }
    section("logs", &entries, settings, out);
}

/// A part of an address, with percent escapes for all that may mean something there.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
