//! Placeholders in the texts of mails, such as `{APP_NAME}` (contract B 8). They are replaced
//! literally and all at once, so that what stands in for one is not read again: a user called
//! `{TOKEN}` is called so in the mail.

use crate::domain::fields::{FieldKind, to_text};
use crate::domain::record::Record;

/// Where a text goes, and so how it is written there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A line of text: as it is.
    Line,
    /// HTML: what means something there is escaped.
    Html,
}

/// What stands in for placeholders.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a> {
    /// Those that stand as they are, in HTML too: settings, which are written by who writes the texts.
    pub literal: &'a [(&'a str, &'a str)],
    /// Those that are texts.
    pub texts: &'a [(&'a str, &'a str)],
    /// Whose fields `{RECORD:field}` names.
    pub record: &'a Record,
}

/// `text` with its placeholders replaced. What is none, or names a field that is hidden or not there,
/// stays.
pub fn fill(text: &str, values: &Values<'_>, place: Place) -> String {
    let mut filled = String::with_capacity(text.len() + 256);
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let (before, candidate) = rest.split_at(start);
        filled.push_str(before);
        let name = candidate[1..].split(['{', '}']).next().unwrap_or_default();
        let is_closed = candidate[1 + name.len()..].starts_with('}');
        match values.of(name, place).filter(|_| is_closed) {
            Some(value) => {
                filled.push_str(&value);
                rest = &candidate[name.len() + 2..];
            }
            None => {
                filled.push('{');
                rest = &candidate[1..];
            }
        }
    }
    filled.push_str(rest);
    filled
}

impl Values<'_> {
    fn of(&self, name: &str, place: Place) -> Option<String> {
        let find = |values: &[(&str, &str)]| {
            values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        if let Some(value) = find(self.literal) {
            return Some(value);
        }
        if let Some(value) = find(self.texts) {
            return Some(written(&value, place));
        }
        self.of_record(name.strip_prefix("RECORD:")?, place)
    }

    fn of_record(&self, name: &str, place: Place) -> Option<String> {
        let collection = self.record.collection();
        let field = collection.fields.iter().find(|field| field.name == name)?;
        // Secrets of sign-in records are for nobody, hidden or not.
        let is_secret = matches!(field.kind, FieldKind::Password(_))
            || (collection.is_auth() && name == "tokenKey");
        if field.hidden || is_secret {
            return None;
        }
        let value = self.record.get(name);
        let is_structured = value.is_array() || value.is_object();
        let text = if is_structured { value.to_string() } else { to_text(value) };
        Some(match field.kind {
            FieldKind::Date(_)
            | FieldKind::Autodate(_)
            | FieldKind::Bool
            | FieldKind::Number(_) => text,
            _ => written(&text, place),
        })
    }
}

fn written(text: &str, place: Place) -> String {
    match place {
        Place::Line => text.to_owned(),
        Place::Html => escaped(text),
    }
}

/// `text` as HTML that shows it.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&#34;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::domain::collection::{Collection, CollectionKind};
    use crate::domain::fields::{Field, PasswordOptions, SelectOptions, TextOptions};

    fn record() -> Record {
        let text = |name: &str| Field::new(name, FieldKind::Text(TextOptions::default()));
        let fields = vec![
            text("name"),
            Field { hidden: true, ..text("secret") },
            Field::new("code", FieldKind::Password(PasswordOptions::default())),
            Field::new("verified", FieldKind::Bool),
            Field::new("tags", FieldKind::Select(SelectOptions::default())),
        ];
        let collection = Collection { fields, ..Collection::blank(CollectionKind::Base) };
        let values = vec![
            json!("<b>{TOKEN}</b> & \"co\""),
            json!("s"),
            json!("$argon2id$"),
            json!(true),
            json!(["a"]),
        ];
        Record::new(Arc::new(collection), values)
    }

    fn filled(text: &str, place: Place) -> String {
        let record = record();
        let values = Values {
            literal: &[("APP_NAME", "A & B {TOKEN}")],
            texts: &[("TOKEN", "a.b.c"), ("ALERT_INFO", "<Firefox>")],
            record: &record,
        };
        fill(text, &values, place)
    }

    #[test]
    fn what_is_known_is_replaced_once_and_the_rest_stays() {
        for (text, expected) in [
            ("", ""),
            ("{APP_NAME}!", "A & B {TOKEN}!"),
            ("{TOKEN}{TOKEN}", "a.b.ca.b.c"),
            ("{ALERT_INFO}", "&lt;Firefox&gt;"),
            ("{RECORD:name}", "&lt;b&gt;{TOKEN}&lt;/b&gt; &amp; &#34;co&#34;"),
            ("{RECORD:verified} {RECORD:tags}", "true [&#34;a&#34;]"),
            ("{RECORD:secret} {RECORD:code} {RECORD:none}", {
                "{RECORD:secret} {RECORD:code} {RECORD:none}"
            }),
            ("{OTP} {token} { TOKEN }", "{OTP} {token} { TOKEN }"),
            ("a { b } {{TOKEN}} {TOKEN", "a { b } {a.b.c} {TOKEN"),
            ("{{ 7 * 7 }}{% raw %}", "{{ 7 * 7 }}{% raw %}"),
            ("ä{ö", "ä{ö"),
        ] {
            assert_eq!(filled(text, Place::Html), expected, "{text}");
        }
    }

    #[test]
    fn a_line_is_no_html() {
        assert_eq!(filled("{RECORD:name} {ALERT_INFO}", Place::Line), {
            "<b>{TOKEN}</b> & \"co\" <Firefox>"
        });
    }
}
