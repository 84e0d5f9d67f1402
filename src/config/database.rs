//! `[database]`: which database and how durable.

use std::time::Duration;

use crate::config::report::Fault;
use crate::config::secret::Secret;
use crate::config::section::{Reader, Section};

/// Which database and how durable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Database {
    /// Address of a PostgreSQL database; without one it is SQLite in the data folder.
    pub url: Option<Secret>,
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
    let durabilities = [("full", Durability::Full), ("normal", Durability::Normal)];
    Database {
        url: read_url(section, reader),
        durability: section.choice("durability", &durabilities, reader).unwrap_or_default(),
        pool: section.integer("pool", 1, reader),
        timeout: section.duration("timeout", reader),
    }
}

fn read_url(section: &Section<'_>, reader: &mut Reader<'_>) -> Option<Secret> {
    let has_password = |text: &str| url::Url::parse(text).is_ok_and(|url| url.password().is_some());
    let url = section.secret("url", reader, has_password)?;
    if url.is_empty() {
        return None;
    }
    let schemes = ["postgres://", "postgresql://"];
    if schemes.iter().any(|scheme| url.expose().starts_with(scheme)) {
        return Some(url);
    }
    let place = section.node("url").map_or(section.place, |node| &node.place);
    let fault = Fault::error("`url` is no address of a database").help(
        "write \"postgres://user:password@host:5432/database\", or leave it empty: \
         SQLite in the data folder needs no address",
    );
    reader.fault(fault.at(place));
    None
}
