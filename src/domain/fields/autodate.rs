//! Autodate fields: set by the server, never by a client.

/// Options of an autodate field (contract A 2.9); at least one is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AutodateOptions {
    /// Set on insert.
    pub on_create: bool,
    /// Set on every later save.
    pub on_update: bool,
}
