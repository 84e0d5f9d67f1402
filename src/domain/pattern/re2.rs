//! From RE2's dialect to the one of our engine. They agree but for the short classes, which are
//! ASCII in RE2, for brackets inside classes, which RE2 does not nest, and for `\Q…\E`.

/// The expression that means to our engine what `pattern` means to RE2.
pub(super) fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    let mut class = Class::Outside;
    while let Some(first) = rest.chars().next() {
        let length;
        (length, class) = match (class, first) {
            (_, '\\') => (escape(rest, &mut out), class.after_first()),
            (Class::Outside, '[') => (open(rest, &mut out), Class::AtStart),
            (Class::Outside, _) => (copy(first, &mut out), class),
            (_, '[') if rest.starts_with("[:") => (posix(rest, &mut out), Class::Inside),
            (_, '[' | '&' | '~') | (Class::AtStart, ']') => {
                out.push('\\');
                (copy(first, &mut out), Class::Inside)
            }
            (Class::Inside, ']') => (copy(first, &mut out), Class::Outside),
            (Class::AtStart | Class::Inside, _) => (copy(first, &mut out), Class::Inside),
        };
        rest = &rest[length..];
    }
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Outside,
    /// Just behind `[` or `[^`, where `]` is a character.
    AtStart,
    Inside,
}

impl Class {
    /// Where a class stands behind a character that is not its end.
    const fn after_first(self) -> Self {
        match self {
            Self::Outside => Self::Outside,
            Self::AtStart | Self::Inside => Self::Inside,
        }
    }
}

/// One character as it is; its length.
fn copy(character: char, out: &mut String) -> usize {
    out.push(character);
    character.len_utf8()
}

/// The opening of a class; its length.
fn open(rest: &str, out: &mut String) -> usize {
    let opening = if rest.starts_with("[^") { "[^" } else { "[" };
    out.push_str(opening);
    opening.len()
}

/// A class by name, such as `[:alpha:]`, or a lone bracket; its length.
fn posix(rest: &str, out: &mut String) -> usize {
    match rest.find(":]") {
        Some(end) => {
            out.push_str(&rest[..end + 2]);
            end + 2
        }
        None => {
            out.push_str("\\[");
            1
        }
    }
}

/// A backslash and what belongs to it; its length. The classes nest where they stand in a class.
fn escape(rest: &str, out: &mut String) -> usize {
    if let Some(quoted) = rest.strip_prefix("\\Q") {
        let end = quoted.find("\\E");
        let literal = &quoted[..end.unwrap_or(quoted.len())];
        out.push_str(&regex::escape(literal));
        return 2 + literal.len() + if end.is_some() { 2 } else { 0 };
    }
    let Some(letter) = rest[1..].chars().next() else {
        out.push('\\');
        return 1;
    };
    match letter {
        'd' => out.push_str("[0-9]"),
        'D' => out.push_str("[^0-9]"),
        'w' => out.push_str("[0-9A-Za-z_]"),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        's' => out.push_str(r"[\t\n\f\r ]"),
        'S' => out.push_str(r"[^\t\n\f\r ]"),
        'b' => out.push_str(r"(?-u:\b)"),
        _ => {
            out.push('\\');
            out.push(letter);
        }
    }
    1 + letter.len_utf8()
}
