//! One field: its shorthand, or a table on one line where the shorthand has no form for a value.

use crate::config::write::toml;
use crate::domain::fields::{Field, FieldKind};
use crate::domain::schema::Schema;

/// Values of a relation and of a file field where none are said.
const MOST_RELATIONS: i64 = 999;
const MOST_FILES: i64 = 99;

/// An option of a field.
enum Value {
    /// Said by its name alone.
    Word,
    Text(String),
    List(Vec<String>),
    Number(String),
}

/// A field as it is put together.
struct Parts {
    /// The type in short form, suffixes included.
    head: String,
    /// The values of a select that the short form cannot hold.
    values: Option<Vec<String>>,
    options: Vec<(&'static str, Value)>,
}

impl Parts {
    fn word(&mut self, name: &'static str, said: bool) {
        if said {
            self.options.push((name, Value::Word));
        }
    }

    fn text(&mut self, name: &'static str, text: &str) {
        if !text.is_empty() {
            self.options.push((name, Value::Text(text.to_owned())));
        }
    }

    fn list(&mut self, name: &'static str, items: Option<&Vec<String>>) {
        if let Some(items) = items.filter(|items| !items.is_empty()) {
            self.options.push((name, Value::List(items.clone())));
        }
    }

    fn count(&mut self, name: &'static str, count: i64) {
        if count > 0 {
            self.options.push((name, Value::Number(count.to_string())));
        }
    }

    fn size(&mut self, bytes: i64) {
        if bytes > 0 {
            self.options.push(("max", Value::Text(toml::size(bytes))));
        }
    }
}

/// The TOML of `field`, with the `words` that say which index it has.
pub(super) fn write(field: &Field, words: &[&'static str], schema: &Schema) -> String {
    let mut parts = parts(field, schema);
    for word in words {
        parts.word(word, true);
    }
    parts.word("label", field.presentable);
    parts.word("hidden", field.hidden && !field.system);
    parts.text("help", &field.help);
    short(&parts).unwrap_or_else(|| long(&parts))
}

fn parts(field: &Field, schema: &Schema) -> Parts {
    let mut parts = Parts { head: String::new(), values: None, options: Vec::new() };
    let required = if field.required { "!" } else { "" };
    match &field.kind {
        FieldKind::Text(options) => {
            parts.head = format!("text{required}");
            parts.count("min", options.min);
            parts.count("max", options.max);
            parts.text("pattern", options.pattern.text());
            parts.text("autogenerate", options.autogenerate_pattern.text());
        }
        FieldKind::Editor(options) => {
            parts.head = format!("editor{required}");
            parts.size(options.max_size);
        }
        FieldKind::Number(options) => {
            parts.head = if options.only_int { "int" } else { "number" }.to_owned();
            for (name, bound) in [("min", options.min), ("max", options.max)] {
                parts.options.extend(bound.map(|bound| (name, Value::Number(bound.to_string()))));
            }
            parts.word("nonzero", field.required);
        }
        FieldKind::Bool => {
            parts.head = "bool".to_owned();
            parts.word("nonzero", field.required);
        }
        FieldKind::Email(options) | FieldKind::Url(options) => {
            parts.head = format!("{}{required}", field.kind.type_name());
            parts.list("only", options.only_domains.as_ref());
            parts.list("except", options.except_domains.as_ref());
        }
        FieldKind::Date(options) => {
            parts.head = format!("date{required}");
            for (name, bound) in [("min", options.min), ("max", options.max)] {
                parts.options.extend(bound.map(|bound| (name, Value::Text(bound.to_string()))));
            }
        }
        FieldKind::Autodate(options) => {
            parts.head = "autodate".to_owned();
            let on = [("create", options.on_create), ("update", options.on_update)];
            let on: Vec<String> =
                on.iter().filter(|(_, is_on)| *is_on).map(|(name, _)| (*name).to_owned()).collect();
            if on != ["create"] {
                parts.list("on", Some(&on));
            }
        }
        FieldKind::Select(options) => {
            let most = i64::try_from(options.values.len()).unwrap_or(i64::MAX);
            let suffix = several(options.max_select, most);
            match short_values(&options.values) {
                Some(values) => parts.head = format!("select({values}){required}{suffix}"),
                None => {
                    parts.head = format!("select{required}{suffix}");
                    parts.values = Some(options.values.clone());
                }
            }
        }
        FieldKind::File(options) => {
            let suffix = several(options.max_select, MOST_FILES);
            parts.head = format!("file{required}{suffix}");
            parts.size(options.max_size);
            parts.list("types", options.mime_types.as_ref());
            parts.list("thumbs", options.thumbs.as_ref());
            parts.word("protected", options.protected);
        }
        FieldKind::Relation(options) => {
            let target = schema.by_id(&options.collection_id);
            let target = target.map_or(options.collection_id.as_str(), |target| &target.name);
            let suffix = several(options.max_select, MOST_RELATIONS);
            parts.head = format!("-> {target}{required}{suffix}");
            if options.max_select > 1 {
                parts.count("min", options.min_select);
            }
            if options.cascade_delete {
                parts.text("on_delete", "cascade");
            }
        }
        FieldKind::Json(options) => {
            parts.head = format!("json{required}");
            parts.size(options.max_size);
        }
        FieldKind::GeoPoint => parts.head = format!("geo{required}"),
        FieldKind::Password(options) => {
            parts.head = format!("password{required}");
            parts.count("min", options.min);
            parts.count("max", options.max);
            parts.text("pattern", options.pattern.text());
        }
    }
    parts
}

/// The suffix of a field with so many values at most.
fn several(max_select: i64, most: i64) -> String {
    match max_select {
        ..=1 => String::new(),
        count if count >= most => "[]".to_owned(),
        count => format!("[{count}]"),
    }
}

/// Values of a select between parentheses, where all of them can stand there.
fn short_values(values: &[String]) -> Option<String> {
    let value = |text: &String| {
        let is_bare = !text.is_empty()
            && text.trim() == text
            && !text.contains([',', '(', ')', '\'', '"', '\\']);
        if text.chars().any(|character| character.is_control() || "\"\\".contains(character)) {
            return None;
        }
        Some(if is_bare { text.clone() } else { quoted(text) })
    };
    Some(values.iter().map(value).collect::<Option<Vec<String>>>()?.join(", "))
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The shorthand, where every value can stand in one.
fn short(parts: &Parts) -> Option<String> {
    if parts.values.is_some() {
        return None;
    }
    let mut text = parts.head.clone();
    for (name, value) in &parts.options {
        text.push(' ');
        text.push_str(name);
        let value = match value {
            Value::Word => continue,
            Value::Text(value) | Value::Number(value) => value.clone(),
            Value::List(items) if items.iter().any(|item| item.contains(',')) => return None,
            Value::List(items) => items.join(","),
        };
        if value.contains(['"', '\\']) || value.chars().any(char::is_control) {
            return None;
        }
        text.push('=');
        if value.contains([' ', '\'']) || value.is_empty() {
            text.push_str(&quoted(&value));
        } else {
            text.push_str(&value);
        }
    }
    Some(toml::text(&text))
}

fn long(parts: &Parts) -> String {
    let mut entries = vec![("type".to_owned(), toml::text(&parts.head))];
    let mut add = |name: &str, value| entries.push((name.to_owned(), value));
    if let Some(values) = &parts.values {
        add("values", toml::texts(values.iter().map(String::as_str)));
    }
    for (name, value) in &parts.options {
        let value = match value {
            Value::Word => "true".to_owned(),
            Value::Text(text) => toml::line(text),
            Value::List(items) => toml::texts(items.iter().map(String::as_str)),
            Value::Number(number) => number.clone(),
        };
        add(name, value);
    }
    toml::inline(&entries)
}
