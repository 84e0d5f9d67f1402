//! `[backups]`: how often, how many and where, and what is shipped meanwhile.

use crate::config::section::{Reader, Section};
use crate::config::settings::Settings;
use crate::config::{Replica, address, cron, replica};

/// `[backups]` → `backups`, and what no settings have.
pub(super) fn read(
    section: &Section<'_>,
    settings: &mut Settings,
    reader: &mut Reader<'_>,
) -> Option<Replica> {
    section.only(&["cron", "keep", "s3", "replica"], reader);
    if let Some(schedule) = cron::read("cron", section, reader) {
        settings.set("backups", "cron", schedule);
    }
    if let Some(keep) = section.integer("keep", 1, reader) {
        settings.set("backups", "cronMaxKeep", keep);
    }
    if let Some(values) = address::s3(section, reader) {
        settings.set("backups", "s3", values);
    }
    section.table("replica", reader).and_then(|section| replica::read(&section, reader))
}
