//! `[auth]`: how passwords are hashed, secrets are encrypted and guessing is slowed down.

use crate::config::report::Fault;
use crate::config::section::{Reader, Section};
use crate::config::units;
use crate::domain::keyring::Key;

/// The variable that goes before `key`.
pub const KEY_VARIABLE: &str = "FERROBASE_AUTH_KEY";

/// How passwords are hashed, secrets are encrypted and guessing is slowed down.
#[derive(Debug, Clone)]
pub struct Auth {
    /// Parameters of argon2id.
    pub argon2: Argon2,
    /// Key that encrypts stored secrets.
    pub key: Option<Key>,
    /// The one before it, which still decrypts.
    pub previous_key: Option<Key>,
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
        Self { argon2: Argon2::default(), key: None, previous_key: None, throttle: true }
    }
}

pub(super) fn read(section: &Section<'_>, reader: &mut Reader<'_>) -> Auth {
    section.only(&["argon2", "key", "previous_key", "throttle"], reader);
    let argon2 = section.table("argon2", reader).map(|table| argon2(&table, reader));
    Auth {
        argon2: argon2.unwrap_or_default(),
        key: key("key", section, reader),
        previous_key: key("previous_key", section, reader),
        throttle: section.bool("throttle", reader).unwrap_or(true),
    }
}

/// A key; an empty text is none.
fn key(name: &str, section: &Section<'_>, reader: &mut Reader<'_>) -> Option<Key> {
    let secret = section.secret(name, reader, |text| !text.is_empty())?;
    if secret.is_empty() {
        return None;
    }
    let key = Key::parse(secret.expose()).map_err(|error| {
        let place = section.node(name).map_or(section.place, |node| &node.place);
        reader.fault(
            Fault::error(format!("`{name}` has {error}"))
                .at(place)
                .help("make one with `openssl rand -base64 24`"),
        );
    });
    key.ok()
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
