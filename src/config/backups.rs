//! `[backups]`: how often, how many and where.

use crate::config::section::{Reader, Section};
use crate::config::settings::Settings;
use crate::config::{address, cron};

/// `[backups]` → `backups`.
pub(super) fn read(section: &Section<'_>, settings: &mut Settings, reader: &mut Reader<'_>) {
    section.only(&["cron", "keep", "s3"], reader);
    if let Some(schedule) = cron::read("cron", section, reader) {
        settings.set("backups", "cron", schedule);
    }
    if let Some(keep) = section.integer("keep", 1, reader) {
        settings.set("backups", "cronMaxKeep", keep);
    }
    if let Some(values) = address::s3(section, reader) {
        settings.set("backups", "s3", values);
    }
}
