//! Text fields.

use crate::domain::pattern::{AutogeneratePattern, Pattern};

/// Options of a text field (contract A 2.9).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextOptions {
    /// Least characters; 0 is no bound.
    pub min: i64,
    /// Most characters; 0 is 5000.
    pub max: i64,
    /// RE2-style expression that must match somewhere; empty is none.
    pub pattern: Pattern,
    /// Expression that a value is made from when none is sent; empty is none.
    pub autogenerate_pattern: AutogeneratePattern,
    /// Whether this is the collection's `id`.
    pub primary_key: bool,
}
