//! Texts: which kind, and in which encoding. What has bytes that no text has is none.

mod markup;
mod tables;

use std::borrow::Cow;

use serde::de::IgnoredAny;

use super::{Content, HEAD};

pub(super) fn sniff(head: &[u8]) -> Option<Content> {
    if let Some(charset) = wide(head) {
        return Some(with_charset("text/plain", Some(charset), ".txt"));
    }
    if head.iter().any(|byte| is_binary(*byte)) {
        return None;
    }
    let unmarked = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let found = markup::sniff(unmarked, head)
        .or_else(|| scripts(unmarked))
        .or_else(|| json(head))
        .or_else(|| tables::sniff(unmarked));
    Some(found.unwrap_or_else(|| with_charset("text/plain", charset(head), ".txt")))
}

/// The encoding whose mark begins a text of two or four bytes a character.
fn wide(head: &[u8]) -> Option<&'static str> {
    const MARKS: [(&[u8], &str); 4] = [
        (b"\xff\xfe\0\0", "utf-32le"),
        (b"\0\0\xfe\xff", "utf-32be"),
        (b"\xff\xfe", "utf-16le"),
        (b"\xfe\xff", "utf-16be"),
    ];
    MARKS.iter().find(|(mark, _)| head.starts_with(mark)).map(|(_, charset)| *charset)
}

/// Control characters other than tabs, line ends, form feeds and escapes.
const fn is_binary(byte: u8) -> bool {
    matches!(byte, 0..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f)
}

/// The encoding of a text that does not name one: UTF-8 whatever is, else Latin-1 when all of its
/// characters can be seen.
fn charset(head: &[u8]) -> Option<&'static str> {
    let utf8 = match std::str::from_utf8(head) {
        Ok(_) => true,
        // The last character may go on behind the end.
        Err(error) => error.error_len().is_none() && head.len() == HEAD,
    };
    if utf8 {
        return Some("utf-8");
    }
    let visible = |byte: &u8| !matches!(byte, 0x7f..=0x84 | 0x86..=0x9f);
    head.iter().all(visible).then_some("iso-8859-1")
}

fn with_charset(mime: &'static str, charset: Option<&str>, extension: &'static str) -> Content {
    let mime = match (mime, charset) {
        (_, None) => Cow::Borrowed(mime),
        ("text/plain", Some("utf-8")) => Cow::Borrowed("text/plain; charset=utf-8"),
        (_, Some(charset)) => Cow::Owned(format!("{mime}; charset={charset}")),
    };
    Content { mime, extension }
}

/// Kinds whose first line gives them away.
fn scripts(text: &[u8]) -> Option<Content> {
    const FIRST_LINES: [(&[u8], &str, &str); 5] = [
        (b"{\\rtf", "text/rtf", ".rtf"),
        (b"<?php", "text/x-php", ".php"),
        (b"<? ", "text/x-php", ".php"),
        (b"BEGIN:VCALENDAR", "text/calendar", ".ics"),
        (b"BEGIN:VCARD", "text/vcard", ".vcf"),
    ];
    let known = FIRST_LINES.iter().find(|(line, ..)| text.starts_with(line));
    if let Some((_, mime, extension)) = known {
        return Some(Content::of(mime, extension));
    }
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let first = lines.next()?;
    if first == b"WEBVTT" || first.starts_with(b"WEBVTT ") || first.starts_with(b"WEBVTT\t") {
        return Some(Content::of("text/vtt", ".vtt"));
    }
    if first == b"1" && lines.next().is_some_and(|line| line.windows(5).any(|at| at == b" --> ")) {
        return Some(Content::of("application/x-subrip", ".srt"));
    }
    interpreter(first.strip_prefix(b"#!")?)
}

/// The language of a script by what its `#!` runs.
fn interpreter(line: &[u8]) -> Option<Content> {
    const LANGUAGES: [(&str, &str, &str); 7] = [
        ("node", "text/javascript", ".js"),
        ("python", "text/x-python", ".py"),
        ("perl", "text/x-perl", ".pl"),
        ("lua", "text/x-lua", ".lua"),
        ("ruby", "text/x-ruby", ".rb"),
        ("php", "text/x-php", ".php"),
        ("sh", "text/x-shellscript", ".sh"),
    ];
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line.split_ascii_whitespace();
    let mut program = words.next()?.rsplit('/').next()?;
    if program == "env" {
        program = words.find(|word| !word.starts_with('-'))?;
    }
    let program = program.trim_end_matches(|character: char| !character.is_ascii_alphabetic());
    let runs = |(name, ..): &&(&str, &str, &str)| {
        program == *name
            || (*name == "sh" && matches!(program, "bash" | "zsh" | "dash" | "ksh" | "fish"))
    };
    LANGUAGES.iter().find(runs).map(|(_, mime, extension)| Content::of(mime, extension))
}

/// An object or a list, or several of them a line each. Where the head is not the whole file, its
/// end may be missing.
fn json(head: &[u8]) -> Option<Content> {
    let text = head.trim_ascii();
    if !text.starts_with(b"{") && !text.starts_with(b"[") {
        return None;
    }
    let cut = head.len() == HEAD;
    if is_json(text, cut) {
        return Some(Content::of("application/json", ".json"));
    }
    let mut lines = text.split(|byte| *byte == b'\n').peekable();
    let mut count = 0;
    while let Some(line) = lines.next() {
        count += 1;
        if !is_json(line, lines.peek().is_none()) {
            return None;
        }
    }
    (count > 1).then(|| Content::of("application/x-ndjson", ".ndjson"))
}

fn is_json(text: &[u8], may_be_cut: bool) -> bool {
    match serde_json::from_slice::<IgnoredAny>(text) {
        Ok(_) => true,
        Err(error) => may_be_cut && error.is_eof(),
    }
}
