//! `[logs]`: what is stored of requests, and for how long.

use crate::config::report::Fault;
use crate::config::section::{Reader, Section};
use crate::config::settings::Settings;
use crate::config::tree::Value;
use crate::domain::Json;

/// `[logs]` → `logs`.
pub(super) fn read(section: &Section<'_>, settings: &mut Settings, reader: &mut Reader<'_>) {
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
    if let Value::Integer(level) = node.value {
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
