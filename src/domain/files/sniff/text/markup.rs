//! HTML, and XML by its root: SVG, feeds, tracks and the rest.

use super::{Content, charset, with_charset};

/// Elements that a page may begin with (the list of the WHATWG's MIME sniffing).
const HTML: [&str; 17] = [
    "<!doctype html",
    "<html",
    "<head",
    "<script",
    "<iframe",
    "<h1",
    "<div",
    "<font",
    "<table",
    "<a",
    "<style",
    "<title",
    "<b",
    "<body",
    "<br",
    "<p",
    "<!--",
];

/// Roots of XML, the namespace that one must name, and the type and extension of such files.
const XML: [(&[u8], &[u8], &str, &str); 5] = [
    (b"rss", b"", "application/rss+xml", ".rss"),
    (b"feed", b"http://www.w3.org/2005/Atom", "application/atom+xml", ".atom"),
    (b"html", b"http://www.w3.org/1999/xhtml", "application/xhtml+xml", ".html"),
    (b"gpx", b"http://www.topografix.com/GPX/1/", "application/gpx+xml", ".gpx"),
    (b"kml", b"http://www.opengis.net/kml/2.2", "application/vnd.google-earth.kml+xml", ".kml"),
];

/// `text` is `head` without the mark of UTF-8.
pub(super) fn sniff(text: &[u8], head: &[u8]) -> Option<Content> {
    let text = text.trim_ascii_start();
    if !text.starts_with(b"<") {
        return None;
    }
    let root = root(text);
    if root == b"svg" || root == b"svg:svg" {
        return Some(Content::of("image/svg+xml", ".svg"));
    }
    if let Some(rest) = strip_word(text, b"<?xml")
        && rest[0].is_ascii_whitespace()
    {
        let names = |namespace: &[u8]| position(text, namespace).is_some();
        let known = XML.iter().find(|(name, namespace, ..)| *name == root && names(namespace));
        if let Some((_, _, mime, extension)) = known {
            return Some(Content::of(mime, extension));
        }
        let end = position(rest, b"?>").unwrap_or(rest.len());
        let named = value_of(&rest[..end], b"encoding").or_else(|| charset(head));
        return Some(with_charset("text/xml", named, ".xml"));
    }
    let begins = |tag: &&str| {
        strip_word(text, tag.as_bytes()).is_some_and(|rest| matches!(rest[0], b' ' | b'>'))
    };
    HTML.into_iter().find(begins)?;
    let named = if text.len() < head.len() && head.starts_with(b"\xef\xbb\xbf") {
        Some("utf-8")
    } else {
        meta_charset(text).or_else(|| charset(head))
    };
    Some(with_charset("text/html", named, ".html"))
}

/// The name of the first element, behind declarations, comments and the document type. Empty when
/// there is none.
fn root(text: &[u8]) -> &[u8] {
    let mut rest = text;
    loop {
        rest = rest.trim_ascii_start();
        let end: &[u8] = if rest.starts_with(b"<!--") {
            b"-->"
        } else if rest.starts_with(b"<?") {
            b"?>"
        } else if rest.starts_with(b"<!") {
            b">"
        } else {
            break;
        };
        let Some(at) = position(rest, end) else { return b"" };
        rest = &rest[at + end.len()..];
    }
    let Some(name) = rest.strip_prefix(b"<") else { return b"" };
    let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/');
    name.iter().position(ends).map_or(b"", |end| &name[..end])
}

/// What follows `word` in any case; at least one byte does.
fn strip_word<'a>(text: &'a [u8], word: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = text.split_at_checked(word.len())?;
    (start.eq_ignore_ascii_case(word) && !rest.is_empty()).then_some(rest)
}

fn position(text: &[u8], word: &[u8]) -> Option<usize> {
    if word.is_empty() {
        return Some(0);
    }
    text.windows(word.len()).position(|bytes| bytes.eq_ignore_ascii_case(word))
}

/// The encoding that an element `meta` of a page names.
fn meta_charset(text: &[u8]) -> Option<&str> {
    let mut rest = text;
    while let Some(at) = position(rest, b"<meta") {
        rest = &rest[at + 5..];
        let end = position(rest, b">").unwrap_or(rest.len());
        if let Some(named) = value_of(&rest[..end], b"charset") {
            return Some(named);
        }
    }
    None
}

/// The value behind `key=` in a tag, if it can be the name of an encoding.
fn value_of<'a>(tag: &'a [u8], key: &[u8]) -> Option<&'a str> {
    const LONGEST: usize = 40;
    let rest = tag[position(tag, key)? + key.len()..].trim_ascii_start();
    let rest = rest.strip_prefix(b"=")?.trim_ascii_start();
    let rest = match rest {
        [b'"' | b'\'', rest @ ..] => rest,
        _ => rest,
    };
    let named =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
    let end = rest.iter().position(|byte| !named(byte)).unwrap_or(rest.len());
    let value = std::str::from_utf8(&rest[..end]).ok()?;
    (1..=LONGEST).contains(&value.len()).then_some(value)
}
