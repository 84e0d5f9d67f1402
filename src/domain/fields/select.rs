//! Select fields: one or several of a fixed list.

/// Options of a select field (contract A 2.9).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SelectOptions {
    /// The values to choose from.
    pub values: Vec<String>,
    /// Most values; 0 and 1 make it single.
    pub max_select: i64,
}
