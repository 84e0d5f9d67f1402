//! `[database]`: which database and how durable.

use std::time::Duration;

use crate::config::report::Fault;
use crate::config::section::{Reader, Section};

/// Which database and how durable. The address is SQLite in the data folder for now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Database {
    /// When a write counts as done.
    pub durability: Durability,
    /// Connections of a networked database.
    pub pool: Option<i64>,
    /// How long a read may take.
    pub timeout: Option<Duration>,
}

/// When a write counts as done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// When it is on disk.
    #[default]
    Full,
    /// When it is with the operating system: the last moments may be lost when the power fails.
    Normal,
}

pub(super) fn read(section: &Section<'_>, reader: &mut Reader<'_>) -> Database {
    section.only(&["url", "durability", "pool", "timeout"], reader);
    check_url(section, reader);
    if section.has("pool") {
        reader.not_yet("PostgreSQL and its pool are", section.key_place("pool"));
    }
    let durabilities = [("full", Durability::Full), ("normal", Durability::Normal)];
    Database {
        durability: section.choice("durability", &durabilities, reader).unwrap_or_default(),
        pool: section.integer("pool", 1, reader),
        timeout: section.duration("timeout", reader),
    }
}

fn check_url(section: &Section<'_>, reader: &mut Reader<'_>) {
    let has_password = |text: &str| url::Url::parse(text).is_ok_and(|url| url.password().is_some());
    let Some(url) = section.secret("url", reader, has_password) else { return };
    if url.is_empty() {
        return;
    }
    let postgres =
        ["postgres://", "postgresql://"].iter().any(|scheme| url.expose().starts_with(scheme));
    let place = section.node("url").map_or(section.place, |node| &node.place);
    let fault = if postgres {
        Fault::error("PostgreSQL is not there yet")
            .help("leave `url` empty: SQLite in the data folder needs no address")
    } else {
        Fault::error("`url` is no address of a database")
            .help("leave it empty: SQLite in the data folder needs no address")
    };
    reader.fault(fault.at(place));
}
