//! E-mail and url fields: one line of text with a host that may be restricted.

/// Options of an email or url field (contract A 2.9); at most one list is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DomainOptions {
    /// Hosts that are refused.
    pub except_domains: Option<Vec<String>>,
    /// Hosts that are accepted, all others refused.
    pub only_domains: Option<Vec<String>>,
}
