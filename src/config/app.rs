//! `[app]`, `[batch]` and `[logs]`: sections that only become settings.

use crate::config::report::Fault;
use crate::config::section::{Reader, Section};
use crate::config::settings::Settings;
use crate::domain::Json;

/// `[app]` → `meta`.
pub(super) fn app(section: &Section<'_>, settings: &mut Settings, reader: &mut Reader<'_>) {
    section.only(&["name", "url", "accent"], reader);
    let name = |text: &str| {
        let length = text.chars().count();
        (1..=255).contains(&length).then(|| text.to_owned())
    };
    if let Some(name) = section.parse("name", "a name of 1 to 255 characters", reader, name) {
        settings.set("meta", "appName", name);
    }
    let address =
        |text: &str| url::Url::parse(text).ok().filter(url::Url::has_host).map(|_| text.to_owned());
    let what = "an address such as \"https://example.com\"";
    if let Some(address) = section.parse("url", what, reader, address) {
        settings.set("meta", "appURL", address);
    }
    let colour = |text: &str| is_colour(text).then(|| text.to_owned());
    if let Some(colour) = section.parse("accent", "a colour such as \"#1055c9\"", reader, colour) {
        settings.set("meta", "accentColor", colour);
    }
}

fn is_colour(text: &str) -> bool {
    text.len() == 7
        && text.starts_with('#')
        && text[1..].bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `[batch]` → `batch`.
pub(super) fn batch(section: &Section<'_>, settings: &mut Settings, reader: &mut Reader<'_>) {
    section.only(&["enabled", "max", "timeout"], reader);
    reader.not_yet("batch requests are", section.place);
    if let Some(enabled) = section.bool("enabled", reader) {
        settings.set("batch", "enabled", enabled);
    }
    if let Some(max) = section.integer("max", 1, reader) {
        settings.set("batch", "maxRequests", max);
    }
    if let Some(timeout) = section.duration("timeout", reader) {
        settings.set("batch", "timeout", timeout.as_secs());
    }
}

/// `[logs]` → `logs`.
pub(super) fn logs(section: &Section<'_>, settings: &mut Settings, reader: &mut Reader<'_>) {
    section.only(&["days", "level", "ip", "auth_id"], reader);
    reader.not_yet("stored logs are", section.place);
    if let Some(days) = section.integer("days", 0, reader) {
        settings.set("logs", "maxDays", days);
    }
    if let Some(level) = level(section, reader) {
        settings.set("logs", "minLevel", level);
    }
    for (key, name) in [("ip", "logIP"), ("auth_id", "logAuthId")] {
        if let Some(flag) = section.bool(key, reader) {
            settings.set("logs", name, flag);
        }
    }
}

/// A level by name or by PocketBase's number.
fn level(section: &Section<'_>, reader: &mut Reader<'_>) -> Option<Json> {
    let node = section.node("level")?;
    if let crate::config::tree::Value::Integer(level) = node.value {
        if [-4, 0, 4, 8].contains(&level) {
            return Some(Json::from(level));
        }
        reader.fault(
            Fault::error(format!("`level` cannot be {level}"))
                .at(&node.place)
                .help("it is \"debug\" (-4), \"info\" (0), \"warn\" (4) or \"error\" (8)"),
        );
        return None;
    }
    let levels = [("debug", -4), ("info", 0), ("warn", 4), ("error", 8)];
    section.choice("level", &levels, reader).map(Json::from)
}
