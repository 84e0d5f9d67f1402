//! What the author of a collection wrote, before it was expanded: for people who look at both side by
//! side. Says nothing about what it means.

use std::collections::BTreeMap;

use crate::config::section::Section;
use crate::config::tree::{Node, Value};

/// The rules that a collection has, each with the key that stands for it when it is not written
/// itself (config.md 1.4).
const RULES: [(&str, &str); 7] = [
    ("list", "read"),
    ("view", "read"),
    ("create", "write"),
    ("update", "write"),
    ("delete", "write"),
    ("manage", "manage"),
    ("auth", "auth"),
];

/// The texts of a collection as they stand in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// The rules by what they rule: `list`, `view`, `create`, `update`, `delete`, `manage`, `auth`.
    /// A rule that is not written is not there.
    pub rules: BTreeMap<String, String>,
    /// The declared fields by name: their shorthand, or nothing where the long form is used.
    pub fields: BTreeMap<String, Option<String>>,
}

impl Written {
    /// What the table of a collection says.
    pub(super) fn read(collection: &Section<'_>) -> Self {
        let rules = table(collection, "rules").map(|rules| {
            let written = RULES.iter().filter_map(|&(name, group)| {
                let node = rules.node(name).or_else(|| rules.node(group))?;
                Some((name.to_owned(), text(node)?))
            });
            written.collect()
        });
        let fields = table(collection, "fields").map(|fields| {
            fields.entries().iter().map(|entry| (entry.key.clone(), text(&entry.node))).collect()
        });
        Self { rules: rules.unwrap_or_default(), fields: fields.unwrap_or_default() }
    }
}

fn table<'t>(section: &Section<'t>, key: &str) -> Option<Section<'t>> {
    match section.node(key) {
        Some(Node { value: Value::Table(table), place }) => Some(Section::new(key, place, table)),
        _ => None,
    }
}

fn text(node: &Node) -> Option<String> {
    match &node.value {
        Value::Text(text) => Some(text.value.clone()),
        _ => None,
    }
}
