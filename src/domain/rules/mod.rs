//! The filter language of access rules and client filters (contract A 3.9 to 3.13).

mod request;

pub use request::{RequestContext, RequestInfo};

/// An access rule as it is stored: the text that the author wrote, parsed once. A rule that does
/// not parse is kept and fails where it is used (contract A 2.6).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    text: String,
}

impl Rule {
    /// Reads `text`; an empty text is the public rule.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }

    /// The text as the author wrote it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether everyone passes.
    pub fn is_public(&self) -> bool {
        self.text.is_empty()
    }
}
