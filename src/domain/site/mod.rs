//! Static sites: which file a path of a request means, what it is sent as, and for how long it may be
//! kept (contract B 9.6). Knows no disk.

mod path;

pub use path::{Asked, SitePath, read};

/// The page of a folder.
pub const INDEX: &str = "index.html";

/// The one folder with a dot in front that is meant to be seen (RFC 8615).
pub const WELL_KNOWN: &str = ".well-known";

/// Folders that bundlers fill with nothing but files named after what is in them.
const HASHED_FOLDERS: [&str; 4] = ["_app/immutable", "_astro", "_next/static", "_nuxt"];

/// Length of the hashes that bundlers put into names.
const HASH: usize = 8;

/// How a file may be kept by browsers and caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caching {
    /// For good: other content has another name.
    Immutable,
    /// Only if it is asked each time whether it changed.
    Revalidated,
}

/// Whether a part of a path keeps it from being served: dot files hold what is nobody's business.
pub fn is_hidden(segment: &str) -> bool {
    segment.starts_with('.')
}

/// The content type of a file of this name. Texts are UTF-8, as everything is that a site is made of.
pub fn content_type(name: &str) -> String {
    let Some(mime) = mime_guess::from_path(name).first() else {
        return "application/octet-stream".to_owned();
    };
    match mime.essence_str() {
        // Its old name, which the table has for `.mjs`.
        "application/javascript" => "text/javascript; charset=utf-8".to_owned(),
        text if mime.type_() == "text" => format!("{text}; charset=utf-8"),
        other => other.to_owned(),
    }
}

/// How the file at this path, relative to the site, may be kept: for good when its name holds a hash
/// of what is in it.
pub fn caching(path: &str) -> Caching {
    let is_page = path.ends_with(".html") || path.ends_with(".htm");
    let is_below =
        |folder: &&str| path.strip_prefix(*folder).is_some_and(|rest| rest.starts_with('/'));
    let is_hashed = HASHED_FOLDERS.iter().any(is_below) || has_hash(path);
    if !is_page && is_hashed { Caching::Immutable } else { Caching::Revalidated }
}

/// `index-BX3k9a2Q.js`, `main.8f3a2b1c.css`: a hash at the end of the name's stem. A word, a date or a
/// number there is none, so a name that could be either counts as none.
fn has_hash(path: &str) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let Some(stem) = stem(name) else { return false };
    let is_in_assets = folder == "assets" || folder.ends_with("/assets");
    let last = stem.rsplit(['.', '-']).next().unwrap_or_default();
    if last.len() >= HASH && last.len() < stem.len() && is_mixed(last) {
        return true;
    }
    // Vite's hashes may hold `-`, and often have letters only.
    let Some(start) = stem.len().checked_sub(HASH).filter(|start| *start > 1) else { return false };
    let (Some(before), Some(hash)) = (stem.get(..start), stem.get(start..)) else { return false };
    let is_hash = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let capitals = hash.bytes().filter(u8::is_ascii_uppercase).count();
    let is_of_letters = capitals > 1 && hash.bytes().any(|byte| byte.is_ascii_lowercase());
    is_in_assets
        && before.ends_with('-')
        && hash.bytes().all(is_hash)
        && (is_mixed(hash) || is_of_letters)
}

/// The name without its endings, those of source maps and of packed files included.
fn stem(name: &str) -> Option<&str> {
    let name = name.strip_suffix(".map").unwrap_or(name);
    name.rsplit_once('.').map(|(stem, _)| stem)
}

/// Whether a digit comes before a letter: words with a number at their end are no hashes.
fn is_mixed(text: &str) -> bool {
    let digit = text.bytes().position(|byte| byte.is_ascii_digit());
    let letter = text.bytes().rposition(|byte| byte.is_ascii_alphabetic());
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_plain && digit.is_some() && digit < letter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_by_name() {
        for (name, expected) in [
            ("index.html", "text/html; charset=utf-8"),
            ("a.css", "text/css; charset=utf-8"),
            ("a.js", "text/javascript; charset=utf-8"),
            ("a.mjs", "text/javascript; charset=utf-8"),
            ("A.JS", "text/javascript; charset=utf-8"),
            ("a.json", "application/json"),
            ("a.svg", "image/svg+xml"),
            ("a.wasm", "application/wasm"),
            ("a.woff2", "font/woff2"),
            ("a.webp", "image/webp"),
            ("a.avif", "image/avif"),
            ("a.ico", "image/x-icon"),
            ("a.txt", "text/plain; charset=utf-8"),
            ("a.webmanifest", "application/manifest+json"),
            ("a.pdf", "application/pdf"),
            ("apple-app-site-association", "application/octet-stream"),
            ("a.nothing", "application/octet-stream"),
        ] {
            assert_eq!(content_type(name), expected, "{name}");
        }
    }

    #[test]
    fn names_with_a_hash_are_kept_for_good() {
        for path in [
            "assets/index-BX3k9a2Q.js",
            "assets/index-DkFtRxYz.css",
            "assets/index-B-x_9a2Q.js",
            "assets/index-BX3k9a2Q.js.map",
            "static/js/main.8f3a2b1c.js",
            "main.3f8a1bb2c4d5e6f70809.css",
            "fonts/inter.4f2b9a1c.woff2",
            "_app/immutable/entry/start.js",
            "_next/static/chunks/pages.js",
            "_astro/hoisted.js",
        ] {
            assert_eq!(caching(path), Caching::Immutable, "{path}");
        }
        for path in [
            "index.html",
            "assets/index-BX3k9a2Q.html",
            "app.js",
            "assets/logo.svg",
            "assets/hero-portrait.png",
            "assets/hero-Portrait.png",
            "assets/logo-darkMode.svg",
            "assets/my-document1.pdf",
            "report-20240115.pdf",
            "report-2024-01-15.pdf",
            "photo-IMG_1234.jpg",
            "DkFtRxYz.js",
            "index-DkFtRxYz.js",
            "8f3a2b1c.js",
            "_nextstatic/a.js",
            "jquery-3.7.1.min.js",
            "assets/größe-BX3k9a2.js",
            "a",
            "",
        ] {
            assert_eq!(caching(path), Caching::Revalidated, "{path}");
        }
    }
}
