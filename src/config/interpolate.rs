//! `${NAME}` inside string values (config.md 1.8). Works on parsed strings, so a value can never
//! become TOML.

use std::ops::Range;

use crate::config::source::Source;

/// A text after interpolation.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Interpolated {
    pub text: String,
    /// Whether anything was put in, which lets a text stand for a number or a boolean.
    pub filled: bool,
}

/// What is wrong inside a text, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InterpolationFault {
    pub message: String,
    pub span: Range<usize>,
    pub help: Option<String>,
}

/// Puts variables and secret files into `text`.
pub(super) fn interpolate(
    text: &str,
    source: &Source<'_>,
) -> Result<Interpolated, Vec<InterpolationFault>> {
    let mut filled = false;
    let mut result = String::with_capacity(text.len());
    let mut faults = Vec::new();
    let mut position = 0;
    while let Some(found) = text[position..].find('$') {
        let start = position + found;
        result.push_str(&text[position..start]);
        let rest = &text[start..];
        if rest.starts_with("$${") {
            result.push_str("${");
            position = start + 3;
        } else if rest.starts_with("${") {
            let Some(end) = rest.find('}') else {
                faults.push(never_closed(start..text.len()));
                return Err(faults);
            };
            let span = start..start + end + 1;
            match fill(&rest[2..end], source) {
                Ok(value) => result.push_str(&value),
                Err((message, help)) => faults.push(InterpolationFault { message, span, help }),
            }
            filled = true;
            position = start + end + 1;
        } else {
            result.push('$');
            position = start + 1;
        }
    }
    result.push_str(&text[position..]);
    if faults.is_empty() { Ok(Interpolated { text: result, filled }) } else { Err(faults) }
}

fn never_closed(span: Range<usize>) -> InterpolationFault {
    InterpolationFault {
        message: "`${` is never closed".to_owned(),
        span,
        help: Some("close it with `}`, or write `$${` for the two characters".to_owned()),
    }
}

/// Whether `text` holds a `${…}` that interpolation would fill.
pub(super) fn has_variables(text: &str) -> bool {
    let mut rest = text;
    while let Some(found) = rest.find("${") {
        if !rest[..found].ends_with('$') {
            return true;
        }
        rest = &rest[found + 2..];
    }
    false
}

/// The variables and files of `text` without the words around them and without defaults: all that
/// may be shown of a secret. Nothing when there are none.
pub(super) fn shown_variables(text: &str) -> Option<String> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(found) = rest.find("${") {
        let literal = rest[..found].ends_with('$');
        let inside = &rest[found + 2..];
        let end = inside.find('}').unwrap_or(inside.len());
        if !literal {
            let words = &inside[..end];
            let name = match words.split_once(':') {
                Some((name, more)) if more.starts_with(['-', '?']) => name,
                _ => words,
            };
            names.push(format!("${{{name}}}"));
        }
        rest = &inside[end..];
    }
    if names.is_empty() { None } else { Some(names.join(" ")) }
}

type Refusal = (String, Option<String>);

/// The value of what stands between the braces.
fn fill(inside: &str, source: &Source<'_>) -> Result<String, Refusal> {
    let end = inside
        .find(|character: char| !character.is_ascii_alphanumeric() && character != '_')
        .unwrap_or(inside.len());
    let (name, rest) = inside.split_at(end);
    if name == "file" && rest.starts_with(':') && !rest.starts_with(":-") && !rest.starts_with(":?")
    {
        return secret_file(&rest[1..], source);
    }
    if name.is_empty() || name.starts_with(|character: char| character.is_ascii_digit()) {
        return Err((
            format!("`${{{inside}}}` names no variable"),
            Some(
                "a name is letters, digits and `_`; write `$${` for the two characters".to_owned(),
            ),
        ));
    }
    if rest.contains("${") {
        return Err(("`${…}` cannot stand inside another".to_owned(), None));
    }
    variable(inside, name, rest, source)
}

/// The value of the variable `name`, or what `rest` says to take instead.
fn variable(inside: &str, name: &str, rest: &str, source: &Source<'_>) -> Result<String, Refusal> {
    let value = (source.variable)(name);
    let unset_or_empty = value.as_deref().unwrap_or_default().is_empty();
    if let Some(default) = rest.strip_prefix(":-") {
        return Ok(if unset_or_empty { default.to_owned() } else { value.unwrap_or_default() });
    }
    if let Some(message) = rest.strip_prefix(":?") {
        return if unset_or_empty {
            Err((
                format!("`{name}` is not set: {message}"),
                Some(format!("set the variable `{name}`")),
            ))
        } else {
            Ok(value.unwrap_or_default())
        };
    }
    if !rest.is_empty() {
        return Err((
            format!("`${{{inside}}}` is not understood"),
            Some(format!("write ${{{name}}}, ${{{name}:-default}} or ${{{name}:?message}}")),
        ));
    }
    value.ok_or_else(|| {
        (
            format!("the variable `{name}` is not set"),
            Some(format!("set it, or give a default: ${{{name}:-default}}")),
        )
    })
}

fn secret_file(path: &str, source: &Source<'_>) -> Result<String, Refusal> {
    let mut text = (source.secret_file)(path)
        .map_err(|reason| (format!("cannot read the secret file `{path}`: {reason}"), None))?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}
