//! `[auth]`: how passwords are hashed and guessing is slowed down.

use crate::config::report::Fault;
use crate::config::secret::Secret;
use crate::config::section::{Reader, Section};
use crate::config::units;

/// How passwords are hashed and guessing is slowed down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auth {
    /// Parameters of argon2id.
    pub argon2: Argon2,
    /// Key that encrypts secrets at rest.
    pub key: Option<Secret>,
    /// Whether failed sign-ins are counted and slowed down.
    pub throttle: bool,
}

/// Parameters of argon2id. The defaults are OWASP's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argon2 {
    /// Memory in KiB.
    pub memory: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for Argon2 {
    fn default() -> Self {
        Self { memory: 19 * 1024, passes: 2, lanes: 1 }
    }
}

impl Default for Auth {
    fn default() -> Self {
        Self { argon2: Argon2::default(), key: None, throttle: true }
    }
}

pub(super) fn read(section: &Section<'_>, reader: &mut Reader<'_>) -> Auth {
    section.only(&["argon2", "key", "throttle"], reader);
    let argon2 = section.table("argon2", reader).map(|table| argon2(&table, reader));
    if section.has("key") {
        reader.not_yet("encryption of secrets at rest is", section.key_place("key"));
    }
    let key = section.secret("key", reader, |text| !text.is_empty());
    if let Some(key) = key.as_ref().filter(|key| !key.is_empty() && key.expose().len() != 32) {
        let length = key.expose().len();
        let place = section.node("key").map_or(section.place, |node| &node.place);
        reader.fault(Fault::error(format!("`key` has 32 characters, not {length}")).at(place));
    }
    Auth {
        argon2: argon2.unwrap_or_default(),
        key: key.filter(|key| !key.is_empty()),
        throttle: section.bool("throttle", reader).unwrap_or(true),
    }
}

fn argon2(section: &Section<'_>, reader: &mut Reader<'_>) -> Argon2 {
    section.only(&["memory", "passes", "lanes"], reader);
    let default = Argon2::default();
    let memory = section.parse("memory", "a size such as \"19MB\"", reader, units::size);
    let small = |number: Option<i64>| number.and_then(|number| u32::try_from(number).ok());
    let parameters = Argon2 {
        memory: small(memory.map(|bytes| bytes / 1024)).unwrap_or(default.memory),
        passes: small(section.integer("passes", 1, reader)).unwrap_or(default.passes),
        lanes: small(section.integer("lanes", 1, reader)).unwrap_or(default.lanes),
    };
    // What argon2 itself asks for, and a bound that a typing slip would cross.
    let least = parameters.lanes.saturating_mul(8);
    if parameters.lanes > 255 || parameters.memory < least || parameters.memory > 4 * 1024 * 1024 {
        reader.fault(
            Fault::error("`argon2` needs 8kB of memory for each lane, 4GB and 255 lanes at most")
                .at(section.place)
                .help("leave it out for argon2 = { memory = \"19MB\", passes = 2, lanes = 1 }"),
        );
        return default;
    }
    parameters
}
