//! `[files]`: where uploads are kept.

use crate::config::address;
use crate::config::section::{Reader, Section};
use crate::config::settings::Settings;

/// `[files]` → `s3`.
pub(super) fn read(section: &Section<'_>, settings: &mut Settings, reader: &mut Reader<'_>) {
    section.only(&["s3"], reader);
    if let Some(values) = address::s3(section, reader) {
        settings.set_top("s3", values);
    }
}
