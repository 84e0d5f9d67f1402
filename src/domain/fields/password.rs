//! Password fields: a hash, never shown.

use crate::domain::pattern::Pattern;

/// Options of a password field (contract A 2.9).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PasswordOptions {
    /// Expression that the plain password must match; empty is none.
    pub pattern: Pattern,
    /// Least characters; 0 is no bound.
    pub min: i64,
    /// Most characters; 0 is 71.
    pub max: i64,
    /// Kept for PocketBase's clients and unused: hashes are argon2id.
    pub cost: i64,
}
