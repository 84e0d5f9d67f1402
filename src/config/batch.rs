//! `[batch]`: how much one batch request may hold.

use crate::config::section::{Reader, Section};
use crate::config::settings::Settings;

/// `[batch]` → `batch`.
pub(super) fn read(section: &Section<'_>, settings: &mut Settings, reader: &mut Reader<'_>) {
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
