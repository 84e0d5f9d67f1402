//! Values as TOML, in the form that reads best.

/// Characters of a line beyond which a text with line breaks is spread over lines.
const LINE: usize = 100;

/// A text as it is.
pub(super) fn text(text: &str) -> String {
    let is_line = |text: &str| !text.chars().any(|character| character.is_control());
    let is_block =
        |text: &str| text.lines().all(is_line) && !text.contains('\r') && text.contains('\n');
    if is_line(text) && !text.contains(['"', '\\']) {
        return format!("\"{text}\"");
    }
    if is_line(text) && !text.contains('\'') {
        return format!("'{text}'");
    }
    if is_block(text) && !text.contains(['"', '\\']) {
        return format!("\"\"\"\n{text}\"\"\"");
    }
    let has_end = text.contains("'''") || text.ends_with('\'');
    if is_block(text) && !has_end {
        return format!("'''\n{text}'''");
    }
    if is_line(text) && !has_end && text.chars().count() <= LINE {
        return format!("'''{text}'''");
    }
    escaped(text)
}

/// A text in a place where `${NAME}` has a meaning, so that it stands for itself.
pub(super) fn plain(given: &str) -> String {
    text(&given.replace("${", "$${"))
}

/// A text on one line, as a table on one line needs it.
pub(super) fn line(given: &str) -> String {
    if given.contains('\n') { escaped(given) } else { text(given) }
}

/// A list of texts on one line.
pub(super) fn texts<'t>(items: impl IntoIterator<Item = &'t str>) -> String {
    let items: Vec<String> = items.into_iter().map(line).collect();
    format!("[{}]", items.join(", "))
}

/// A table on one line.
pub(super) fn inline(entries: &[(String, String)]) -> String {
    let entries: Vec<String> =
        entries.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    format!("{{ {} }}", entries.join(", "))
}

/// A key: bare where it can be.
pub(super) fn key(name: &str) -> String {
    let is_bare = |character: char| character.is_ascii_alphanumeric() || "_-".contains(character);
    if !name.is_empty() && name.chars().all(is_bare) { name.to_owned() } else { escaped(name) }
}

/// So many bytes.
pub(super) fn size(bytes: i64) -> String {
    let units = [("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10)];
    let unit = units.into_iter().find(|(_, unit)| bytes % unit == 0 && bytes != 0);
    unit.map_or_else(|| format!("{bytes}B"), |(name, unit)| format!("{}{name}", bytes / unit))
}

/// So many seconds.
pub(super) fn duration(seconds: i64) -> String {
    count(seconds, [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)])
}

/// So many requests in so many seconds.
pub(super) fn rate(requests: i64, seconds: i64) -> String {
    let window = count(seconds, [("day", 86_400), ("hour", 3_600), ("min", 60), ("s", 1)]);
    let one = window.strip_prefix('1').filter(|unit| unit.starts_with(char::is_alphabetic));
    format!("{requests}/{}", one.unwrap_or(&window))
}

fn count(seconds: i64, units: [(&str, i64); 4]) -> String {
    let unit = units.into_iter().find(|(_, unit)| seconds % unit == 0 && seconds != 0);
    unit.map_or_else(|| format!("{seconds}s"), |(name, unit)| format!("{}{name}", seconds / unit))
}

/// A text between double quotes, whatever is in it.
fn escaped(text: &str) -> String {
    let mut escaped = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => escaped.extend(['\\', character]),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            control if control.is_control() => {
                escaped.push_str(&format!("\\u{:04X}", u32::from(control)));
            }
            character => escaped.push(character),
        }
    }
    escaped.push('"');
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_reads_as_itself() {
        let texts = [
            "",
            "plain",
            "a \"b\"",
            "a 'b'",
            "a 'b' \"c\"",
            "C:\\x",
            "C:\\x 'y'",
            "two\nlines",
            "two\n\"lines\"",
            "two\n'lines'\n\"x\"",
            "ends in '",
            "ends\n\"in\" '",
            "'''",
            "\"\"\"\n'''",
            "a\r\nb",
            "\n",
            "\nfirst",
            "last\n",
            "tab\t\u{1}\u{7f}\u{85}",
            "back\\slash\nand \"'\"",
        ];
        for given in texts {
            let document = format!("a = {}\nb = {}", text(given), escaped(given));
            let document: toml_edit::DocumentMut = document.parse().unwrap();
            assert_eq!(document["a"].as_str(), Some(given), "{}", text(given));
            assert_eq!(document["b"].as_str(), Some(given));
        }
        assert_eq!(plain("${A} $B $${"), "\"$${A} $B $$${\"");
    }

    #[test]
    fn units_are_the_largest_that_fit() {
        assert_eq!([size(5 << 20), size(1500), size(2048)], ["5MB", "1500B", "2kB"]);
        assert_eq!([duration(432_000), duration(90), duration(1800)], ["5d", "90s", "30min"]);
        assert_eq!([rate(10, 60), rate(3, 2), rate(1, 86_400)], ["10/min", "3/2s", "1/day"]);
        assert_eq!(rate(5, 10), "5/10s");
    }
}
