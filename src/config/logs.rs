//! `[logs]`: what is stored of requests, and for how long.

use crate::config::report::Fault;
use crate::config::section::{Reader, Section};
use crate::config::settings::Settings;
use crate::config::tree::Value;
use crate::config::units;
use crate::domain::Json;

/// What the section says that is no setting of PocketBase's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Logs {
    /// Most entries that are kept.
    pub rows: Option<i64>,
}

/// `[logs]` → `logs`.
pub(super) fn read(
    section: &Section<'_>,
    settings: &mut Settings,
    reader: &mut Reader<'_>,
) -> Logs {
    section.only(&["days", "level", "ip", "auth_id", "data", "rows"], reader);
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
    let what = "a size such as \"16kB\" or \"1MB\"";
    let size = |text: &str| units::size(text).filter(|size| *size > 0);
    if let Some(size) = section.parse("data", what, reader, size) {
        settings.set("logs", "maxDataSize", size);
    }
    Logs { rows: section.integer("rows", 1, reader) }
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
