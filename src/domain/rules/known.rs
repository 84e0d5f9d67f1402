//! Comparisons of two values that are known before any row is read (contract A 3.11), and the
//! patterns of `~`.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::domain::Json;
use crate::domain::rules::ast::Operator;
use crate::domain::rules::condition::Known;

/// Longest pattern that SQLite takes, in bytes; a longer one is found nowhere.
pub const MAX_PATTERN: usize = 50_000;

/// Whether `left operator right` holds.
pub fn holds(left: &Known, operator: Operator, right: &Known) -> bool {
    match operator {
        Operator::Equal => equal(left, right),
        Operator::NotEqual => !equal(left, right),
        Operator::Less => order(left, right) == Some(Ordering::Less),
        Operator::LessOrEqual => order(left, right).is_some_and(Ordering::is_le),
        Operator::Greater => order(left, right) == Some(Ordering::Greater),
        Operator::GreaterOrEqual => order(left, right).is_some_and(Ordering::is_ge),
        Operator::Like => like(left, right) == Some(true),
        Operator::NotLike => like(left, right) == Some(false),
    }
}

/// The value as the text that `~` and text columns see; `None` of null.
pub fn text(value: &Json) -> Option<Cow<'_, str>> {
    match value {
        Json::Null => None,
        Json::Bool(value) => Some(Cow::Borrowed(if *value { "1" } else { "0" })),
        Json::String(text) => Some(Cow::Borrowed(text)),
        Json::Number(number) => Some(Cow::Owned(number_text(number.as_f64().unwrap_or(0.0)))),
        Json::Array(_) | Json::Object(_) => Some(Cow::Owned(value.to_string())),
    }
}

/// The value as the number that number columns see; text counts when it is numeric.
pub fn number(value: &Json) -> Option<f64> {
    match value {
        Json::Bool(value) => Some(f64::from(u8::from(*value))),
        Json::Number(number) => number.as_f64(),
        Json::String(text) => numeric_text(text),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// The pattern that `~ text` looks for: the text itself when it has a `%` of its own, else the text
/// anywhere.
pub fn pattern(text: &str) -> String {
    if has_wildcard(text) {
        return text.to_owned();
    }
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match (c, characters.peek()) {
            ('\\', Some(&next @ ('\\' | '%' | '_'))) => {
                pattern.push('\\');
                pattern.push(next);
                characters.next();
            }
            ('\\' | '%' | '_', _) => pattern.extend(['\\', c]),
            _ => pattern.push(c),
        }
    }
    pattern.push('%');
    pattern
}

/// Whether `text` matches `pattern`, where `%` is anything, `_` is one character and `\` escapes;
/// ASCII letters match in any case.
pub fn matches(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let pattern = pattern_parts(pattern);
    let (mut at, mut part) = (0, 0);
    // Where to go on when the parts after the last `%` do not fit: one character further.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match pattern.get(part) {
            Some(Part::Any) => {
                part += 1;
                retry = Some((at, part));
                continue;
            }
            None if at == text.len() => return true,
            Some(wanted) if text.get(at).is_some_and(|c| wanted.fits(*c)) => {
                at += 1;
                part += 1;
                continue;
            }
            _ => {}
        }
        match retry {
            Some((start, after)) if start < text.len() => {
                retry = Some((start + 1, after));
                (at, part) = (start + 1, after);
            }
            _ => return false,
        }
    }
}

/// Whether the last character of a pattern is an escape of nothing.
pub fn has_open_escape(pattern: &str) -> bool {
    pattern.bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 1
}

enum Part {
    Any,
    One,
    Character(char),
}

impl Part {
    const fn fits(&self, c: char) -> bool {
        match self {
            Self::Any => false,
            Self::One => true,
            Self::Character(wanted) => wanted.eq_ignore_ascii_case(&c),
        }
    }
}

fn pattern_parts(pattern: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut characters = pattern.chars();
    while let Some(c) = characters.next() {
        parts.push(match c {
            '%' => Part::Any,
            '_' => Part::One,
            '\\' => match characters.next() {
                Some(escaped) => Part::Character(escaped),
                None => Part::Character('\\'),
            },
            _ => Part::Character(c),
        });
    }
    parts
}

fn has_wildcard(text: &str) -> bool {
    let mut escaped = false;
    for c in text.chars() {
        if c == '%' && !escaped {
            return true;
        }
        escaped = c == '\\' && !escaped;
    }
    false
}

fn equal(left: &Known, right: &Known) -> bool {
    if left.json || right.json {
        return left.value.is_null() && right.value.is_null()
            || order(left, right).is_some_and(Ordering::is_eq);
    }
    match (left.is_empty(), right.is_empty()) {
        (true, true) => true,
        (false, false) => order(left, right).is_some_and(Ordering::is_eq),
        _ => false,
    }
}

/// Numbers come before texts, as they do in SQL; null has no order.
fn order(left: &Known, right: &Known) -> Option<Ordering> {
    match (left.value.as_str(), right.value.as_str()) {
        (Some(left), Some(right)) => Some(left.as_bytes().cmp(right.as_bytes())),
        (None, Some(_)) => number(&left.value).map(|_| Ordering::Less),
        (Some(_), None) => number(&right.value).map(|_| Ordering::Greater),
        (None, None) => number(&left.value)?.partial_cmp(&number(&right.value)?),
    }
}

fn like(left: &Known, right: &Known) -> Option<bool> {
    let (text, searched) = (text(&left.value)?, text(&right.value)?);
    Some(matches(&text, &pattern(&searched)))
}

/// The shortest decimal text; whole numbers have no fraction.
fn number_text(number: f64) -> String {
    if number == 0.0 { "0".to_owned() } else { number.to_string() }
}

fn numeric_text(text: &str) -> Option<f64> {
    let text = text.trim_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
    let is_numeric =
        text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'));
    if is_numeric { text.parse().ok() } else { None }
}
