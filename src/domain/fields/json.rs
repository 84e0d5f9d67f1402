//! Json fields: any JSON value.

/// Options of a json field (contract A 2.9).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JsonOptions {
    /// Most bytes; 0 is 1 MiB.
    pub max_size: i64,
}
