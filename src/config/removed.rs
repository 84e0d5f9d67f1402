//! `[removed]`: what a deploy may delete, the only way that it may (config.md §4).

use crate::config::collections::CollectionSpec;
use crate::config::report::Fault;
use crate::config::section::{Reader, Section};
use crate::config::shorthand::is_name;
use crate::config::source::Place;

/// What a deploy may delete.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removed {
    /// Names of collections.
    pub collections: Vec<String>,
    /// Collection and name of fields.
    pub fields: Vec<(String, String)>,
}

impl Removed {
    /// Whether the collection called `name` may be deleted.
    pub fn has_collection(&self, name: &str) -> bool {
        self.collections.iter().any(|removed| removed.eq_ignore_ascii_case(name))
    }

    /// Whether the field `field` of `collection` may be deleted.
    pub fn has_field(&self, collection: &str, field: &str) -> bool {
        self.fields.iter().any(|(of, name)| {
            of.eq_ignore_ascii_case(collection) && name.eq_ignore_ascii_case(field)
        })
    }
}

pub(super) fn read(
    section: &Section<'_>,
    specs: &[CollectionSpec],
    reader: &mut Reader<'_>,
) -> Removed {
    section.only(&["collections", "fields"], reader);
    let mut removed = Removed::default();
    for (name, place) in entries("collections", section, reader) {
        if let Some(spec) = specs.iter().find(|spec| spec.collection.name == name) {
            let message = format!("`{name}` is declared and removed");
            reader.fault(Fault::error(message).at(&place).and(&spec.places.name, "declared here"));
        } else if is_name(&name) {
            removed.collections.push(name);
        } else {
            let message = format!("`{name}` is no name of a collection");
            reader.fault(Fault::error(message).at(&place));
        }
    }
    for (text, place) in entries("fields", section, reader) {
        let parts = text.split_once('.').filter(|(left, right)| is_name(left) && is_name(right));
        let Some((collection, field)) = parts else {
            reader.fault(
                Fault::error(format!("`{text}` is no field"))
                    .at(&place)
                    .help("write \"collection.field\""),
            );
            continue;
        };
        let spec = specs.iter().find(|spec| spec.collection.name == collection);
        match spec.and_then(|spec| spec.places.fields.get(field)) {
            Some(declared) => {
                let message = format!("`{text}` is declared and removed");
                reader.fault(Fault::error(message).at(&place).and(declared, "declared here"));
            }
            None => removed.fields.push((collection.to_owned(), field.to_owned())),
        }
    }
    removed
}

fn entries(key: &str, section: &Section<'_>, reader: &mut Reader<'_>) -> Vec<(String, Place)> {
    let nodes = section.node(key).and_then(|node| reader.list(key, node)).unwrap_or_default();
    nodes
        .iter()
        .filter_map(|node| reader.text(key, node).map(|text| (text, node.place.clone())))
        .collect()
}
