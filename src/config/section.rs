//! Reading typed values out of the tree. A fault is noted and reading goes on, so that one load
//! reports them all. Knows no section's meaning.

use std::time::Duration;

use crate::config::interpolate::{has_variables, interpolate, shown_variables};
use crate::config::report::{Fault, advise};
use crate::config::secret::Secret;
use crate::config::source::{Place, Source};
use crate::config::tree::{Entry, Node, Table, Text, Value};
use crate::config::units;
use crate::domain::{Json, JsonMap};

/// What is noted while a configuration is read.
pub(super) struct Reader<'s> {
    pub source: &'s Source<'s>,
    pub faults: Vec<Fault>,
}

impl<'s> Reader<'s> {
    pub(super) const fn new(source: &'s Source<'s>, faults: Vec<Fault>) -> Self {
        Self { source, faults }
    }

    pub(super) fn fault(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// All faults.
    pub(super) fn finish(self) -> Vec<Fault> {
        self.faults
    }

    /// Whether a fault that stops the load was noted.
    pub(super) fn failed(&self) -> bool {
        self.faults.iter().any(|fault| fault.level == crate::config::report::Level::Error)
    }

    fn expected(&mut self, what: &str, name: &str, node: &Node) {
        self.fault(
            Fault::error(format!("`{name}` is {what}, not {}", node.kind())).at(&node.place),
        );
    }

    /// A text without interpolation: rules, policies and shorthands.
    pub(super) fn raw_text<'t>(&mut self, name: &str, node: &'t Node) -> Option<&'t str> {
        match &node.value {
            Value::Text(text) => Some(&text.value),
            _ => {
                self.expected("a text", name, node);
                None
            }
        }
    }

    /// A text after interpolation.
    pub(super) fn text(&mut self, name: &str, node: &Node) -> Option<String> {
        match &node.value {
            Value::Text(text) => self.filled(text, node).map(|(text, _)| text),
            _ => {
                self.expected("a text", name, node);
                None
            }
        }
    }

    fn filled(&mut self, text: &Text, node: &Node) -> Option<(String, bool)> {
        match interpolate(&text.value, self.source) {
            Ok(done) => Some((done.text, done.filled)),
            Err(faults) => {
                for fault in faults {
                    let place = node.place_of(fault.span);
                    self.fault(Fault::error(fault.message).at(&place).maybe_help(fault.help));
                }
                None
            }
        }
    }

    pub(super) fn bool(&mut self, name: &str, node: &Node) -> Option<bool> {
        match &node.value {
            Value::Bool(value) => return Some(*value),
            Value::Text(text) => {
                let (text, filled) = self.filled(text, node)?;
                match text.as_str() {
                    "true" if filled => return Some(true),
                    "false" if filled => return Some(false),
                    _ => {}
                }
            }
            _ => {}
        }
        self.expected("true or false", name, node);
        None
    }

    pub(super) fn integer(&mut self, name: &str, node: &Node) -> Option<i64> {
        match &node.value {
            Value::Integer(value) => return Some(*value),
            Value::Text(text) => {
                let (text, filled) = self.filled(text, node)?;
                if let Some(value) = text.parse().ok().filter(|_| filled) {
                    return Some(value);
                }
            }
            _ => {}
        }
        self.expected("a whole number", name, node);
        None
    }

    /// A text that `parse` understands; `what` says what that is, with its article.
    pub(super) fn parse<T>(
        &mut self,
        name: &str,
        node: &Node,
        what: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(name, node)?;
        let value = parse(&text);
        if value.is_none() {
            let secret = matches!(&node.value, Value::Text(text) if has_variables(&text.value));
            let shown = if secret { String::new() } else { format!(": `{text}`") };
            self.fault(Fault::error(format!("`{name}` is not {what}{shown}")).at(&node.place));
        }
        value
    }

    pub(super) fn list<'t>(&mut self, name: &str, node: &'t Node) -> Option<&'t [Node]> {
        match &node.value {
            Value::List(nodes) | Value::Tables(nodes) => Some(nodes),
            _ => {
                self.expected("a list", name, node);
                None
            }
        }
    }

    pub(super) fn table<'t>(&mut self, name: &str, node: &'t Node) -> Option<Section<'t>> {
        match &node.value {
            Value::Table(table) => Some(Section::new(name, &node.place, table)),
            _ => {
                self.expected("a table", name, node);
                None
            }
        }
    }

    /// Any value as JSON, its texts interpolated.
    pub(super) fn json(&mut self, node: &Node) -> Option<Json> {
        let json = match &node.value {
            Value::Text(text) => Json::String(self.filled(text, node)?.0),
            Value::Integer(integer) => Json::from(*integer),
            Value::Float(float) => match serde_json::Number::from_f64(*float) {
                Some(number) => Json::Number(number),
                None => {
                    self.fault(Fault::error("a number is finite").at(&node.place));
                    return None;
                }
            },
            Value::Bool(bool) => Json::Bool(*bool),
            Value::Date(date) => Json::String(date.clone()),
            Value::List(nodes) | Value::Tables(nodes) => {
                let items: Vec<Option<Json>> = nodes.iter().map(|node| self.json(node)).collect();
                Json::Array(items.into_iter().collect::<Option<_>>()?)
            }
            Value::Table(table) => Json::Object(self.json_map(table)?),
        };
        Some(json)
    }

    pub(super) fn json_map(&mut self, table: &Table) -> Option<JsonMap> {
        let pairs: Vec<Option<(String, Json)>> = table
            .entries
            .iter()
            .map(|entry| self.json(&entry.node).map(|json| (entry.key.clone(), json)))
            .collect();
        pairs.into_iter().collect()
    }
}

/// A table with the name under which messages know it.
#[derive(Debug, Clone)]
pub(super) struct Section<'t> {
    pub name: String,
    pub place: &'t Place,
    pub table: &'t Table,
}

impl<'t> Section<'t> {
    pub(super) fn new(name: impl Into<String>, place: &'t Place, table: &'t Table) -> Self {
        Self { name: name.into(), place, table }
    }

    /// Notes every key that is not one of `keys`.
    pub(super) fn only(&self, keys: &[&str], reader: &mut Reader<'_>) {
        for entry in &self.table.entries {
            if !keys.contains(&entry.key.as_str()) {
                let place = if self.name.is_empty() {
                    "at the top of the file".to_owned()
                } else {
                    format!("in `{}`", self.name)
                };
                reader.fault(
                    Fault::error(format!("there is no key `{}` {place}", entry.key))
                        .at(&entry.key_place)
                        .maybe_help(advise(&entry.key, keys.iter().copied())),
                );
            }
        }
    }

    pub(super) fn entries(&self) -> &'t [Entry] {
        &self.table.entries
    }

    pub(super) fn node(&self, key: &str) -> Option<&'t Node> {
        self.table.get(key)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.node(key).is_some()
    }

    /// The place of a key, or of the table where the key is not written.
    pub(super) fn key_place(&self, key: &str) -> &'t Place {
        self.table.entry(key).map_or(self.place, |entry| &entry.key_place)
    }

    pub(super) fn raw_text(&self, key: &str, reader: &mut Reader<'_>) -> Option<&'t str> {
        self.node(key).and_then(|node| reader.raw_text(key, node))
    }

    pub(super) fn text(&self, key: &str, reader: &mut Reader<'_>) -> Option<String> {
        self.node(key).and_then(|node| reader.text(key, node))
    }

    pub(super) fn bool(&self, key: &str, reader: &mut Reader<'_>) -> Option<bool> {
        self.node(key).and_then(|node| reader.bool(key, node))
    }

    /// A whole number of at least `least`.
    pub(super) fn integer(&self, key: &str, least: i64, reader: &mut Reader<'_>) -> Option<i64> {
        let node = self.node(key)?;
        let value = reader.integer(key, node)?;
        if value < least {
            reader.fault(Fault::error(format!("`{key}` is at least {least}")).at(&node.place));
            return None;
        }
        Some(value)
    }

    pub(super) fn duration(&self, key: &str, reader: &mut Reader<'_>) -> Option<Duration> {
        let what = "a duration such as \"30s\", \"5min\", \"2h\" or \"7d\"";
        self.parse(key, what, reader, units::duration)
    }

    pub(super) fn parse<T>(
        &self,
        key: &str,
        what: &str,
        reader: &mut Reader<'_>,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        self.node(key).and_then(|node| reader.parse(key, node, what, parse))
    }

    pub(super) fn texts(&self, key: &str, reader: &mut Reader<'_>) -> Option<Vec<String>> {
        let nodes = reader.list(key, self.node(key)?)?;
        Some(nodes.iter().filter_map(|node| reader.text(key, node)).collect())
    }

    pub(super) fn table(&self, key: &str, reader: &mut Reader<'_>) -> Option<Section<'t>> {
        let name =
            if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) };
        let mut section = reader.table(key, self.node(key)?)?;
        section.name = name;
        Some(section)
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(
        &self,
        key: &str,
        choices: &[(&str, T)],
        reader: &mut Reader<'_>,
    ) -> Option<T> {
        let node = self.node(key)?;
        let text = reader.text(key, node)?;
        let found = choices.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let words = choices.iter().map(|(word, _)| *word);
            reader.fault(
                Fault::error(format!("`{key}` cannot be `{text}`"))
                    .at(&node.place)
                    .maybe_help(advise(&text, words)),
            );
        }
        found
    }

    /// A secret. A literal is refused outside `dev`, since the file is made to be committed;
    /// `is_secret` says whether this value holds anything to hide.
    pub(super) fn secret(
        &self,
        key: &str,
        reader: &mut Reader<'_>,
        is_secret: impl FnOnce(&str) -> bool,
    ) -> Option<Secret> {
        let node = self.node(key)?;
        let value = reader.text(key, node)?;
        let Value::Text(written) = &node.value else { return None };
        let shown = shown_variables(&written.value);
        let literal = shown.is_none() && is_secret(&value);
        if literal && reader.source.environment != "dev" {
            reader.fault(
                Fault::error(format!("`{key}` is a secret and stands in the file as it is"))
                    .at(&node.place)
                    .help("put it into a variable and write \"${NAME}\", or \"${file:/path}\""),
            );
        }
        Some(Secret::new(value, shown))
    }
}
