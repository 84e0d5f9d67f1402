//! What a file is, from its first bytes and nothing else: what a client says of its type, or calls
//! it, does not count (contract A 3.4, 4.3).
//!
//! The names and the order are those of the contract's reference, since fields accept files by
//! them. The types are told apart by a table of our own: a list made for another purpose has other
//! names for a third of them, and takes texts for pictures and programs.

mod containers;
mod signatures;
mod text;

use std::borrow::Cow;

/// How many bytes are looked at; more may be given.
pub const HEAD: usize = 3072;

/// The type of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The content type; texts say their `charset` where it is known.
    pub mime: Cow<'static, str>,
    /// The extension of such files with its dot, empty where they have none.
    pub extension: &'static str,
}

impl Content {
    const fn of(mime: &'static str, extension: &'static str) -> Self {
        Self { mime: Cow::Borrowed(mime), extension }
    }
}

/// Tells the type of a file that begins with `head`: its first [`HEAD`] bytes, or all of it.
pub fn sniff(head: &[u8]) -> Content {
    let head = &head[..head.len().min(HEAD)];
    if head.is_empty() {
        return Content::of("text/plain", ".txt");
    }
    containers::sniff(head)
        .or_else(|| signatures::sniff(head))
        .or_else(|| text::sniff(head))
        .unwrap_or(Content::of("application/octet-stream", ""))
}

#[cfg(test)]
mod tests;
