//! Schedules (contract B 6.3) in the file.

use crate::config::report::Fault;
use crate::config::section::{Reader, Section};
use crate::domain::cron::Schedule;
use crate::domain::time::Timestamp;

/// The schedule under `key`; an empty text is none.
pub(super) fn read(key: &str, section: &Section<'_>, reader: &mut Reader<'_>) -> Option<String> {
    let node = section.node(key)?;
    let text = reader.text(key, node)?;
    match Schedule::parse(&text) {
        Ok(schedule) if schedule.next_after(Timestamp::from_millis(0)).is_some() => Some(text),
        Ok(_) => {
            let message = format!("`{key}` never comes: no month has that day");
            reader.fault(Fault::error(message).at(&node.place));
            None
        }
        Err(reason) => {
            reader.fault(
                Fault::error(format!("`{key}` is not a schedule: {reason}"))
                    .at(&node.place)
                    .help("write five segments in UTC, such as \"0 3 * * *\", or @daily"),
            );
            None
        }
    }
}
