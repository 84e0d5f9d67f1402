//! `[seeds]`: records to start with (config.md 1.9), checked and put in an order in which every
//! row comes after the ones that it refers to.

mod order;

use crate::config::collections::CollectionSpec;
use crate::config::report::{Fault, advise};
use crate::config::section::{Reader, Section};
use crate::config::source::Place;
use crate::config::tree::Entry;
use crate::domain::collection::Collection;
use crate::domain::fields::FieldKind;
use crate::domain::{Json, JsonMap};

/// Records to start with.
#[derive(Debug, Clone, PartialEq)]
pub struct Seeds {
    /// The environments in which they are made.
    pub only: Vec<String>,
    /// The rows of all collections, each after the ones that it refers to.
    pub rows: Vec<SeedRow>,
    /// Made-up rows, in the order of the file.
    pub fakes: Vec<Fake>,
}

/// One record to make unless a record has its key value.
#[derive(Debug, Clone, PartialEq)]
pub struct SeedRow {
    /// Name of the collection.
    pub collection: String,
    /// The field whose value tells whether the record is there.
    pub key: String,
    /// The values by field. Where a record is referred to stands `"@collection/value"`.
    pub values: JsonMap,
    /// What the values refer to.
    pub references: Vec<SeedReference>,
    /// Where the row is written.
    pub place: Place,
}

/// A value of a row that stands for the id of another record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeedReference {
    /// The relation field.
    pub field: String,
    /// Position in its list; nothing where the field holds one value.
    pub position: Option<usize>,
    /// Name of the collection of the other record.
    pub collection: String,
    /// The key field of that collection's seeds.
    pub key: String,
    /// The value that the other record has there.
    pub value: String,
}

/// How many made-up rows a collection gets when it is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fake {
    /// Name of the collection.
    pub collection: String,
    /// How many.
    pub count: u32,
}

impl Default for Seeds {
    fn default() -> Self {
        Self {
            only: vec!["dev".to_owned(), "test".to_owned()],
            rows: Vec::new(),
            fakes: Vec::new(),
        }
    }
}

impl Seeds {
    /// Whether the rows are made in this environment.
    pub fn runs_in(&self, environment: &str) -> bool {
        self.only.iter().any(|name| name == environment)
    }
}

/// The seeds of one collection while they are read.
struct Group<'s> {
    collection: &'s Collection,
    key: String,
    rows: Vec<SeedRow>,
}

pub(super) fn read(
    section: &Section<'_>,
    specs: &[CollectionSpec],
    reader: &mut Reader<'_>,
) -> Seeds {
    let mut seeds = Seeds::default();
    if let Some(only) = section.texts("only", reader) {
        seeds.only = only;
    }
    let mut groups: Vec<Group<'_>> = Vec::new();
    for entry in section.entries() {
        if entry.key == "only" {
            continue;
        }
        let Some(collection) = collection(entry, specs, reader) else { continue };
        let Some(table) = section.table(&entry.key, reader) else { continue };
        table.only(&["key", "rows", "fake"], reader);
        if let Some(count) = table.integer("fake", 0, reader) {
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            seeds.fakes.push(Fake { collection: collection.name.clone(), count });
        }
        groups.extend(group(collection, &table, reader));
    }
    let keys: Vec<(String, String)> =
        groups.iter().map(|group| (group.collection.name.clone(), group.key.clone())).collect();
    for group in &mut groups {
        for row in &mut group.rows {
            row.references = references(row, group.collection, &keys, reader);
        }
    }
    seeds.rows = order::order(groups.into_iter().flat_map(|group| group.rows).collect(), reader);
    seeds
}

fn collection<'s>(
    entry: &Entry,
    specs: &'s [CollectionSpec],
    reader: &mut Reader<'_>,
) -> Option<&'s Collection> {
    let found = specs.iter().map(|spec| &spec.collection).find(|known| known.name == entry.key);
    match found {
        Some(collection) if collection.is_view() => {
            let message = format!("`{}` is a view and takes no rows", entry.key);
            reader.fault(Fault::error(message).at(&entry.key_place));
            None
        }
        Some(collection) => Some(collection),
        None => {
            let names = specs.iter().map(|spec| spec.collection.name.as_str());
            reader.fault(
                Fault::error(format!("there is no collection `{}`", entry.key))
                    .at(&entry.key_place)
                    .maybe_help(advise(&entry.key, names)),
            );
            None
        }
    }
}

fn group<'s>(
    collection: &'s Collection,
    table: &Section<'_>,
    reader: &mut Reader<'_>,
) -> Option<Group<'s>> {
    if !table.has("key") && !table.has("rows") {
        return None;
    }
    let Some(node) = table.node("key") else {
        reader.fault(
            Fault::error(format!("the seeds of `{}` have no `key`", collection.name))
                .at(table.place)
                .help("name the field that tells whether a row is there already: key = \"slug\""),
        );
        return None;
    };
    let key = reader.text("key", node)?;
    if collection.field(&key).is_none() {
        let known = collection.fields.iter().map(|field| field.name.as_str());
        reader.fault(
            Fault::error(format!("`{}` has no field `{key}`", collection.name))
                .at(&node.place)
                .maybe_help(advise(&key, known)),
        );
        return None;
    }
    let mut group = Group { collection, key, rows: Vec::new() };
    let rows = table.node("rows").and_then(|node| reader.list("rows", node)).unwrap_or_default();
    for node in rows {
        let Some(section) = reader.table("rows", node) else { continue };
        if let Some(row) = row(&group, &section, reader) {
            group.rows.push(row);
        }
    }
    Some(group)
}

fn row(group: &Group<'_>, section: &Section<'_>, reader: &mut Reader<'_>) -> Option<SeedRow> {
    let collection = group.collection;
    for entry in section.entries() {
        check_value(collection, entry, reader);
    }
    let values = reader.json_map(section.table)?;
    let key = values.get(&group.key).filter(|value| !value.is_null() && **value != "");
    let Some(key) = key else {
        reader.fault(
            Fault::error(format!("this row of `{}` has no `{}`", collection.name, group.key))
                .at(section.place)
                .help("every row has a value of the seed's key"),
        );
        return None;
    };
    if let Some(first) = group.rows.iter().find(|row| row.values.get(&group.key) == Some(key)) {
        reader.fault(
            Fault::error(format!("two rows of `{}` have this `{}`", collection.name, group.key))
                .at(section.place)
                .and(&first.place, "first here"),
        );
        return None;
    }
    Some(SeedRow {
        collection: collection.name.clone(),
        key: group.key.clone(),
        values,
        references: Vec::new(),
        place: section.place.clone(),
    })
}

/// Notes a value that its field would refuse.
fn check_value(collection: &Collection, entry: &Entry, reader: &mut Reader<'_>) {
    let Some(field) = collection.field(&entry.key) else {
        let known = collection.fields.iter().map(|field| field.name.as_str());
        reader.fault(
            Fault::error(format!("`{}` has no field `{}`", collection.name, entry.key))
                .at(&entry.key_place)
                .maybe_help(advise(&entry.key, known)),
        );
        return;
    };
    // What is said of files and relations needs a database; of passwords, a hash.
    if matches!(
        field.kind,
        FieldKind::File(_)
            | FieldKind::Relation(_)
            | FieldKind::Password(_)
            | FieldKind::Autodate(_)
    ) {
        return;
    }
    let faults = reader.faults.len();
    let Some(json) = reader.json(&entry.node) else {
        // The row is read again as a whole, which notes the same fault.
        reader.faults.truncate(faults);
        return;
    };
    let checked = field.normalise(&json).and_then(|value| field.check(&value));
    if let Err(fault) = checked {
        let message = format!("`{}` does not fit: {}", entry.key, fault.message);
        reader.fault(Fault::error(message).at(&entry.node.place));
    }
}

/// The values of a row's relations that name other seeds.
fn references(
    row: &SeedRow,
    collection: &Collection,
    keys: &[(String, String)],
    reader: &mut Reader<'_>,
) -> Vec<SeedReference> {
    let mut references = Vec::new();
    for field in &collection.fields {
        let FieldKind::Relation(_) = field.kind else { continue };
        for (position, text) in texts(row.values.get(&field.name)) {
            let Some(rest) = text.strip_prefix('@') else { continue };
            let Some((target, value)) = rest.split_once('/') else {
                reader.fault(
                    Fault::error(format!("`{text}` names no row"))
                        .at(&row.place)
                        .help("write \"@collection/value of its key\""),
                );
                continue;
            };
            let Some((_, key)) = keys.iter().find(|(name, _)| name == target) else {
                let known = keys.iter().map(|(name, _)| name.as_str());
                reader.fault(
                    Fault::error(format!("`{text}`: there are no seeds of `{target}`"))
                        .at(&row.place)
                        .maybe_help(advise(target, known)),
                );
                continue;
            };
            references.push(SeedReference {
                field: field.name.clone(),
                position,
                collection: target.to_owned(),
                key: key.clone(),
                value: value.to_owned(),
            });
        }
    }
    references
}

/// The texts of a value, with their positions where it is a list.
fn texts(value: Option<&Json>) -> Vec<(Option<usize>, &str)> {
    match value {
        Some(Json::String(text)) => vec![(None, text.as_str())],
        Some(Json::Array(items)) => items
            .iter()
            .enumerate()
            .filter_map(|(position, item)| Some((Some(position), item.as_str()?)))
            .collect(),
        _ => Vec::new(),
    }
}

/// Whether a row is the one that a reference means.
fn is_meant(row: &SeedRow, reference: &SeedReference) -> bool {
    row.collection == reference.collection
        && row.values.get(&reference.key).is_some_and(|value| match value {
            Json::String(text) => *text == reference.value,
            Json::Number(number) => number.to_string() == reference.value,
            _ => false,
        })
}
