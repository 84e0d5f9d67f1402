//! The path of a request, read as the path of a file: decoded once, cleaned, and never leading out.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::domain::site::{INDEX, WELL_KNOWN, is_hidden};

/// What stays as it is in a path.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// A path of a site: plain names, none of which is a step up or hidden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SitePath {
    segments: Vec<String>,
    is_folder: bool,
}

/// What a path asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// What is there.
    At(SitePath),
    /// The same by a cleaner path, which begins with one slash.
    Elsewhere(String),
    /// A page by its own name, whose address is its folder's.
    Folder(String),
    /// Nothing that there could be.
    Nothing,
}

/// Reads the path of a request, percent-encoded as it came.
pub fn read(path: &str) -> Asked {
    let Some(rest) = path.strip_prefix('/') else { return Asked::Nothing };
    let (mut segments, mut is_clean) = (Vec::new(), true);
    let mut is_folder = true;
    let parts: Vec<&str> = rest.split('/').collect();
    for (number, part) in parts.iter().enumerate() {
        let is_last = number + 1 == parts.len();
        let Ok(segment) = percent_decode_str(part).decode_utf8() else { return Asked::Nothing };
        // A slash that was encoded is part of a name, and no file has it in its name.
        if segment.contains(['/', '\\']) || segment.chars().any(char::is_control) {
            return Asked::Nothing;
        }
        is_folder = is_last && matches!(&*segment, "" | "." | "..");
        match &*segment {
            "" => is_clean &= is_last,
            "." => is_clean = false,
            ".." => {
                is_clean = false;
                if segments.pop().is_none() {
                    return Asked::Nothing;
                }
            }
            _ => segments.push(segment.into_owned()),
        }
    }
    let is_shown = |(number, segment): (usize, &String)| {
        !is_hidden(segment) || (number == 0 && segment == WELL_KNOWN)
    };
    if !segments.iter().enumerate().all(is_shown) {
        return Asked::Nothing;
    }
    let path = SitePath { is_folder: is_folder || segments.is_empty(), segments };
    if !is_clean {
        return Asked::Elsewhere(path.to_string());
    }
    if !path.is_folder && path.segments.last().is_some_and(|name| name == INDEX) {
        let mut folder = path;
        folder.segments.pop();
        folder.is_folder = true;
        return Asked::Folder(folder.to_string());
    }
    Asked::At(path)
}

impl SitePath {
    /// Its names, decoded. None is the site itself.
    pub fn segments(&self) -> &[String] {
        &self.segments
    }

    /// Whether it ends with a slash.
    pub const fn is_folder(&self) -> bool {
        self.is_folder
    }

    /// Whether its last name looks like that of a file.
    pub fn names_a_file(&self) -> bool {
        !self.is_folder && self.segments.last().is_some_and(|name| name.contains('.'))
    }

    /// The same path with a slash at its end where there is none, and without where there is one.
    pub fn other_form(&self) -> String {
        Self { segments: self.segments.clone(), is_folder: !self.is_folder }.to_string()
    }
}

/// The path, encoded. It begins with one slash and has no other beside it, so it is a path of this
/// server to every browser.
impl std::fmt::Display for SitePath {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for segment in &self.segments {
            write!(formatter, "/{}", utf8_percent_encode(segment, PLAIN))?;
        }
        if self.is_folder { formatter.write_str("/") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(path: &str) -> String {
        match read(path) {
            Asked::At(path) => format!("{:?} {}", path.segments.join("|"), path.is_folder),
            Asked::Elsewhere(target) => format!("307 {target}"),
            Asked::Folder(target) => format!("301 {target}"),
            Asked::Nothing => "404".to_owned(),
        }
    }

    #[test]
    fn paths_are_decoded_once_and_cleaned() {
        for (path, expected) in [
            ("/", "\"\" true"),
            ("/a", "\"a\" false"),
            ("/a/", "\"a\" true"),
            ("/a/b.js", "\"a|b.js\" false"),
            ("/a%20b", "\"a b\" false"),
            ("/gr%C3%BC%C3%9Fe.html", "\"grüße.html\" false"),
            ("/index.html", "301 /"),
            ("/a/index.html", "301 /a/"),
            ("/a%20b/index.html", "301 /a%20b/"),
            ("//", "307 /"),
            ("//evil.com", "307 /evil.com"),
            ("///evil.com/", "307 /evil.com/"),
            ("/a//b", "307 /a/b"),
            ("/a/./b", "307 /a/b"),
            ("/a/.", "307 /a/"),
            ("/a/../b", "307 /b"),
            ("/a/..", "307 /"),
            ("/a/b/%2e%2e/c", "307 /a/c"),
            ("/.well-known/security.txt", "\".well-known|security.txt\" false"),
        ] {
            assert_eq!(shown(path), expected, "{path}");
        }
    }

    #[test]
    fn what_leads_out_or_is_hidden_is_not_there() {
        for path in [
            "",
            "a",
            "/..",
            "/../a",
            "/a/../../b",
            "/%2e%2e/a",
            "/%2E./a",
            "/..%2fa",
            "/a%2fb",
            "/..%5ca",
            "/a\\..\\b",
            "/%5c%5cevil.com",
            "/a%00.html",
            "/a%0d%0ab",
            "/%ff",
            "/.env",
            "/%2eenv",
            "/.git/config",
            "/a/.git/config",
            "/a/.well-known/b",
            "/.well-known/.env",
            "/a//.env",
            "/...",
        ] {
            assert_eq!(shown(path), "404", "{path}");
        }
        // Decoded once: a name with a percent sign, which is no step up.
        assert_eq!(shown("/%252e%252e/a"), "\"%2e%2e|a\" false");
    }

    proptest! {
        #[test]
        fn every_path_stays_inside(path in "/([a./\\\\]|%2e|%2f|%5c|%00|%25|é){0,12}") {
            match read(&path) {
                Asked::At(path) => {
                    for segment in path.segments() {
                        prop_assert!(!segment.is_empty() && !segment.starts_with('.'), "{segment}");
                        prop_assert!(!segment.contains(['/', '\\', '\0']), "{segment}");
                    }
                    prop_assert_eq!(read(&path.to_string()), Asked::At(path));
                }
                Asked::Elsewhere(target) | Asked::Folder(target) => {
                    prop_assert!(target.starts_with('/') && !target.contains("//"), "{target}");
                    prop_assert!(!target.contains(['\\', '\r', '\n']), "{target}");
                    // One step leads there.
                    prop_assert!(!matches!(read(&target), Asked::Elsewhere(_)), "{target}");
                }
                Asked::Nothing => {}
            }
        }
    }
}
