//! File fields: names of stored uploads.

/// Options of a file field (contract A 2.9).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileOptions {
    /// Most bytes of one file; 0 is 5 MiB.
    pub max_size: i64,
    /// Most files; 0 and 1 make it single.
    pub max_select: i64,
    /// Content types that are accepted, all when absent; `image/*` is every type of that prefix.
    pub mime_types: Option<Vec<String>>,
    /// Sizes of thumbnails, such as `100x100`.
    pub thumbs: Option<Vec<String>>,
    /// Whether reading a file needs the view rule.
    pub protected: bool,
}
