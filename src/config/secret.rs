//! Values that never show themselves.

/// A secret of the configuration. It can be shown only as it was written, and only where that names
/// variables rather than the value.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    value: String,
    written: Option<String>,
}

impl Secret {
    /// A secret of this value that was written as `written`, if that shows nothing secret.
    pub fn new(value: impl Into<String>, written: Option<String>) -> Self {
        Self { value: value.into(), written }
    }

    /// The value itself. Keep it out of messages and logs.
    pub fn expose(&self) -> &str {
        &self.value
    }

    /// Whether there is no value.
    pub const fn is_empty(&self) -> bool {
        self.value.is_empty()
    }

    /// What may be shown: the text with its `${NAME}`, or stars.
    pub fn shown(&self) -> &str {
        self.written.as_deref().unwrap_or("***")
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}
