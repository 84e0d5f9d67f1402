//! The keys of a collection that say what it is, and the parts that every collection of its type
//! has: `id`, system fields, timestamps, indexes.

use crate::config::auth_options;
use crate::config::collections::{CollectionPlaces, CollectionSpec, Gathered, Written};
use crate::config::fields::DeclaredField;
use crate::config::indexes::Indexes;
use crate::config::report::Fault;
use crate::config::section::{Reader, Section};
use crate::config::shorthand::{OptionName, is_name};
use crate::config::tree::Value;
use crate::domain::collection::{Collection, CollectionKind, ViewOptions, system_fields};
use crate::domain::fields::{AutodateOptions, Field, FieldKind, TextOptions};
use crate::domain::id;
use crate::domain::random::Random;

const COMMON: [&str; 7] =
    ["type", "fields", "rules", "owner", "renamed_from", "protect", "managed"];
const STORED: [&str; 4] = ["timestamps", "id", "indexes", "search"];
const TYPES: [(&str, &str); 3] = [("base", "base"), ("auth", "auth"), ("view", "view")];

/// The type of a collection with every option at its default.
pub(super) fn kind(section: &Section<'_>, reader: &mut Reader<'_>) -> Option<CollectionKind> {
    let type_name = match section.node("type") {
        Some(_) => section.choice("type", &TYPES, reader)?,
        None => "base",
    };
    // Secrets of tokens are made where a collection is stored.
    CollectionKind::blank(type_name, String::new)
}

/// The former name of a collection.
pub(super) fn renamed_from(
    section: &Section<'_>,
    collections: &Section<'_>,
    reader: &mut Reader<'_>,
) -> Option<String> {
    let former = section.text("renamed_from", reader)?;
    let place = section.node("renamed_from").map_or(section.place, |node| &node.place);
    if !is_name(&former) || section.name == format!("collections.{former}") {
        let message = format!("`{former}` cannot be a former name");
        reader.fault(Fault::error(message).at(place));
        return None;
    }
    if collections.has(&former) {
        reader.fault(
            Fault::error(format!("`{former}` is declared as well"))
                .at(place)
                .and(collections.key_place(&former), "here")
                .help("leave out `renamed_from`, or the former collection"),
        );
        return None;
    }
    Some(former)
}

/// The collection with the keys that need no others.
pub(super) fn spec(
    name: &str,
    id: String,
    kind: CollectionKind,
    section: &Section<'_>,
    reader: &mut Reader<'_>,
) -> CollectionSpec {
    let mut collection = Collection { id, name: name.to_owned(), ..Collection::blank(kind) };
    if collection.is_view() {
        query(&mut collection, section, reader);
    }
    CollectionSpec {
        protect: section.bool("protect", reader).unwrap_or(false),
        managed: section.bool("managed", reader).unwrap_or(true),
        places: CollectionPlaces {
            query: section.node("query").map(|node| node.place.clone()),
            ..CollectionPlaces::default()
        },
        written: Written::read(section),
        ..CollectionSpec::new(collection)
    }
}

/// Notes keys that the type does not have, with the type that has them.
pub(super) fn check_keys(kind: &CollectionKind, section: &Section<'_>, reader: &mut Reader<'_>) {
    let mut known: Vec<&str> = COMMON.to_vec();
    match kind {
        CollectionKind::Base => known.extend(STORED),
        CollectionKind::Auth(_) => known.extend(STORED.into_iter().chain(auth_options::KEYS)),
        CollectionKind::View(_) => known.push("query"),
    }
    let elsewhere = |key: &str| match kind {
        CollectionKind::Base if auth_options::KEYS.contains(&key) => Some("auth"),
        CollectionKind::Base | CollectionKind::Auth(_) if key == "query" => Some("view"),
        CollectionKind::View(_) if STORED.contains(&key) => Some("base"),
        CollectionKind::View(_) if auth_options::KEYS.contains(&key) => Some("auth"),
        _ => None,
    };
    for entry in section.entries() {
        if known.contains(&entry.key.as_str()) {
            continue;
        }
        if let Some(type_name) = elsewhere(&entry.key) {
            let (key, own) = (&entry.key, kind.type_name());
            reader.fault(
                Fault::error(format!("`{key}` does not belong to a collection of type `{own}`"))
                    .at(&entry.key_place)
                    .help(format!("collections with `type = \"{type_name}\"` have it")),
            );
            known.push(&entry.key);
        }
    }
    section.only(&known, reader);
}

/// SQL of a view: one text, or one for each engine.
fn query(collection: &mut Collection, section: &Section<'_>, reader: &mut Reader<'_>) {
    let Some(node) = section.node("query") else {
        reader.fault(
            Fault::error(format!("the view `{}` has no `query`", collection.name))
                .at(section.place)
                .help("add query = \"SELECT …\""),
        );
        return;
    };
    let query = match &node.value {
        Value::Table(_) => {
            let Some(table) = section.table("query", reader) else { return };
            table.only(&["sqlite", "postgres"], reader);
            for engine in ["sqlite", "postgres"] {
                match table.text(engine, reader) {
                    Some(text) => {
                        collection.ext.queries.insert(engine.to_owned(), text.into());
                    }
                    None if !table.has(engine) => {
                        let message = format!("a query by engine needs `{engine}`");
                        reader.fault(Fault::error(message).at(&node.place));
                    }
                    None => {}
                }
            }
            table.text("sqlite", reader)
        }
        _ => reader.text("query", node),
    };
    collection.kind = CollectionKind::View(ViewOptions { query: query.unwrap_or_default() });
}

/// Puts a collection together from its declared fields, with what its type adds.
pub(super) fn complete(one: &mut Gathered<'_>, reader: &mut Reader<'_>) {
    let collection = &mut one.spec.collection;
    if collection.is_view() {
        return;
    }
    for declared in &mut one.declared {
        check_system(collection.is_auth(), declared, reader);
        let field = &mut declared.field;
        let taken = |id: &str| collection.fields.iter().any(|known| known.id == id);
        if taken(&field.id) {
            let first_name =
                declared.renamed_from.as_ref().map_or(&field.name, |(former, _)| former);
            field.id = id::field_id(&field.kind, first_name, taken);
        }
        collection.fields.push(field.clone());
    }
    // The seed makes secrets of a kind that no new collection needs; see `kind`.
    let random = &mut Random::seeded(0);
    collection.complete(None, random);
    id_field(collection, &one.section, reader);
    if one.section.bool("timestamps", reader) != Some(false) {
        add_timestamps(collection);
    }
    collection.indexes.clear();
    let mut indexes = Indexes {
        collection: &collection.name,
        id: &collection.id,
        columns: &collection.fields,
        list: Vec::new(),
    };
    for declared in &one.declared {
        indexes.add_field(declared);
    }
    indexes.add_list(&one.section, reader);
    let (texts, places) = indexes.list.into_iter().unzip();
    collection.indexes = texts;
    one.spec.places.indexes = places;
    collection.complete(None, random);
}

/// Notes a declared field that a collection of this type has already, unless only its options
/// differ.
fn check_system(is_auth: bool, declared: &mut DeclaredField<'_>, reader: &mut Reader<'_>) {
    let place = declared.draft.name_place.clone();
    let name = declared.field.name.as_str();
    if name == "id" {
        reader.fault(
            Fault::error("every collection has its `id` already")
                .at(&place)
                .help("say how ids look with the collection's key: id = \"uuid7\""),
        );
        return;
    }
    if is_auth && ["passwordConfirm", "oldPassword"].contains(&name) {
        let message = format!("`{name}` is reserved in auth collections");
        reader.fault(Fault::error(message).at(&place));
        return;
    }
    let fields = system_fields(is_auth);
    let Some(system) = fields.iter().find(|system| system.name == name) else { return };
    if system.kind.type_name() != declared.field.kind.type_name() {
        let message =
            format!("`{name}` of an auth collection is of type `{}`", system.kind.type_name());
        reader.fault(
            Fault::error(message)
                .at(&declared.draft.head_place)
                .help("a system field can change its options, not its type"),
        );
        return;
    }
    keep_defaults(declared, system);
}

/// Takes the options that a declared system field says nothing about from the product's own.
fn keep_defaults(declared: &mut DeclaredField<'_>, system: &Field) {
    let says = |option: OptionName| declared.draft.options.contains_key(&option);
    let (min, max, autogenerate) =
        (says(OptionName::Min), says(OptionName::Max), says(OptionName::Autogenerate));
    if let FieldKind::Password(options) = &mut declared.field.kind
        && let FieldKind::Password(default) = &system.kind
        && !min
    {
        options.min = default.min;
    }
    if let FieldKind::Text(options) = &mut declared.field.kind
        && let FieldKind::Text(default) = &system.kind
    {
        options.min = if min { options.min } else { default.min };
        options.max = if max { options.max } else { default.max };
        if !autogenerate {
            options.autogenerate_pattern = default.autogenerate_pattern.clone();
        }
    }
}

/// How ids look: the key `id` of a collection.
fn id_field(collection: &mut Collection, section: &Section<'_>, reader: &mut Reader<'_>) {
    let kinds = [("short", 0), ("uuid4", 4), ("uuid7", 7), ("text", 1)];
    let Some(field) = collection.fields.iter_mut().find(|field| field.name == "id") else { return };
    let FieldKind::Text(options) = &mut field.kind else { return };
    if let Some(Value::Table(table)) = section.node("id").map(|node| &node.value) {
        id_options(options, &Section::new("id", section.key_place("id"), table), reader);
        return;
    }
    let Some(kind) = section.choice("id", &kinds, reader) else { return };
    match kind {
        0 => {}
        1 => {
            (options.min, options.max) = (1, 100);
            options.pattern = "^[A-Za-z0-9_-]+$".into();
            options.autogenerate_pattern = "".into();
        }
        version => {
            (options.min, options.max) = (36, 36);
            options.pattern = "^[0-9a-f-]+$".into();
            let shape = format!(
                "[0-9a-f]{{8}}-[0-9a-f]{{4}}-{version}[0-9a-f]{{3}}-[89ab][0-9a-f]{{3}}-[0-9a-f]{{12}}"
            );
            options.autogenerate_pattern = shape.as_str().into();
            if version == 7 {
                field.ext.autogenerate = Some("uuid7".to_owned());
            }
        }
    }
}

/// What ids are, option by option; the others are those of `short`.
fn id_options(options: &mut TextOptions, section: &Section<'_>, reader: &mut Reader<'_>) {
    section.only(&["min", "max", "pattern", "autogenerate"], reader);
    for (key, bound) in [("min", &mut options.min), ("max", &mut options.max)] {
        if let Some(count) = section.integer(key, 0, reader) {
            *bound = count;
        }
    }
    if let Some(text) = section.text("pattern", reader) {
        options.pattern = text.into();
    }
    if let Some(text) = section.text("autogenerate", reader) {
        options.autogenerate_pattern = text.into();
    }
    if let Err(reason) = options.pattern.regex() {
        let message = format!("`pattern` is no expression: {reason}");
        reader.fault(Fault::error(message).at(section.key_place("pattern")));
    }
    if let Err(reason) = options.autogenerate_pattern.check() {
        let message = format!("`autogenerate` cannot make texts: {reason}");
        reader.fault(Fault::error(message).at(section.key_place("autogenerate")));
    }
}

fn add_timestamps(collection: &mut Collection) {
    for (name, on_update) in [("created", false), ("updated", true)] {
        let declared = collection.fields.iter().any(|field| field.name.eq_ignore_ascii_case(name));
        if !declared {
            let kind = FieldKind::Autodate(AutodateOptions { on_create: true, on_update });
            let mut field = Field::new(name, kind);
            field.id = id::field_id(&field.kind, name, |id| {
                collection.fields.iter().any(|known| known.id == id)
            });
            collection.fields.push(field);
        }
    }
}
