//! Tables: lines of as many values each, at least two lines of at least two values.

use super::{Content, HEAD};

pub(super) fn sniff(text: &[u8]) -> Option<Content> {
    if is_table(text, b',') {
        Some(Content::of("text/csv", ".csv"))
    } else if is_table(text, b'\t') {
        Some(Content::of("text/tab-separated-values", ".tsv"))
    } else {
        None
    }
}

/// Whether all lines have as many values as the first. Lines that are empty or begin with `#` do
/// not count; neither does the last one where the file goes on behind the head.
fn is_table(text: &[u8], separator: u8) -> bool {
    // The mark of UTF-8 may have been cut off.
    let cut = text.len() + 3 >= HEAD;
    let (mut rest, mut lines, mut width) = (text, 0, 0);
    while !rest.is_empty() {
        if matches!(rest[0], b'\n' | b'\r' | b'#') {
            rest = behind_line(rest);
            continue;
        }
        let Some((values, next)) = line(rest, separator) else {
            return cut && lines > 1 && width > 1;
        };
        if cut && next.is_empty() {
            break;
        }
        if lines > 0 && values != width {
            return false;
        }
        (lines, width, rest) = (lines + 1, values, next);
    }
    lines > 1 && width > 1
}

/// How many values the first line has, and what follows it; nothing when a quote stays open.
fn line(text: &[u8], separator: u8) -> Option<(usize, &[u8])> {
    let (mut values, mut quoted, mut start) = (1, false, true);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'"' if start || quoted => quoted = !quoted,
            b'\n' if !quoted => return Some((values, &text[at + 1..])),
            byte if *byte == separator && !quoted => values += 1,
            _ => {}
        }
        // A quote opens at the start of a value, or again right behind the one that closed it.
        start = *byte == separator || *byte == b'"';
    }
    (!quoted).then_some((values, &[]))
}

fn behind_line(text: &[u8]) -> &[u8] {
    text.iter().position(|byte| *byte == b'\n').map_or(&[], |at| &text[at + 1..])
}
