//! `[batch]`: how much one batch request may hold.

use crate::config::section::{Reader, Section};
use crate::config::settings::Settings;

/// `[batch]` → `batch`.
pub(super) fn read(section: &Section<'_>, settings: &mut Settings, reader: &mut Reader<'_>) {
    section.only(&["enabled", "max", "timeout"], reader);
    if let Some(enabled) = section.bool("enabled", reader) {
        settings.set("batch", "enabled", enabled);
    }
    if let Some(max) = section.integer("max", 1, reader) {
        settings.set("batch", "maxRequests", max);
    }
    if let Some(timeout) = section.duration("timeout", reader) {
        // The setting has whole seconds, and 0 is no time that a batch could keep.
        let seconds = timeout.as_millis().div_ceil(1_000);
        settings.set("batch", "timeout", i64::try_from(seconds).unwrap_or(i64::MAX));
    }
}
