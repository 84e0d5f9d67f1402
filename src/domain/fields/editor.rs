//! Editor fields: HTML, stored as it is.

/// Options of an editor field (contract A 2.9).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EditorOptions {
    /// Most bytes; 0 is 5 MiB.
    pub max_size: i64,
    /// Hint for dashboards.
    pub convert_urls: bool,
}
