//! One collection: its tables in the file.

use std::collections::HashSet;

use crate::config::write::{Writer, auth, field, indexes, toml};
use crate::domain::collection::{Collection, CollectionKind, system_fields};
use crate::domain::fields::{Field, FieldKind};
use crate::domain::rules::Rule;
use crate::domain::schema::Schema;

/// What the word `auth` stands for.
const SIGNED_IN: &str = "@request.auth.id != \"\"";

type Entries = Vec<(String, String)>;

pub(super) fn write(collection: &Collection, schema: &Schema, out: &mut Writer<'_>) {
    let name = format!("collections.{}", toml::key(&collection.name));
    out.table(&name);
    let (fields, used) = fields(collection, schema);
    let mut entries = Entries::new();
    let mut add = |key: &str, value: String| entries.push((key.to_owned(), value));
    match &collection.kind {
        CollectionKind::Base => {}
        CollectionKind::Auth(_) => add("type", toml::text("auth")),
        CollectionKind::View(_) => add("type", toml::text("view")),
    }
    if let Some(ids) = ids(collection) {
        add("id", ids);
    }
    if !collection.is_view() && !has_timestamps(collection) {
        add("timestamps", "false".to_owned());
    }
    if let Some(options) = collection.auth() {
        entries.extend(auth::entries(options));
    }
    out.entries(&entries);
    list_indexes(collection, &used, out);
    if let CollectionKind::View(options) = &collection.kind {
        out.line(&format!("query = {}", toml::plain(&options.query)));
    }
    if !fields.is_empty() {
        out.table(&format!("{name}.fields"));
        out.entries(&fields);
    }
    let rules = rules(collection);
    if !rules.is_empty() {
        out.table(&format!("{name}.rules"));
        out.entries(&rules);
    }
    if let Some(options) = collection.auth() {
        auth::emails(&name, options, out);
    }
}

/// The fields that the file has to say, and the places of the indexes that they say along.
fn fields(collection: &Collection, schema: &Schema) -> (Entries, HashSet<usize>) {
    let (mut entries, mut used) = (Entries::new(), HashSet::new());
    if collection.is_view() {
        return (entries, used);
    }
    let system = system_fields(collection.is_auth());
    let dated = has_timestamps(collection);
    for field in &collection.fields {
        let is_date = dated && ["created", "updated"].contains(&field.name.as_str());
        let usual = system.iter().find(|usual| usual.name == field.name);
        if field.name == "id" || is_date || usual.is_some_and(|usual| is_same(usual, field)) {
            continue;
        }
        let index = indexes::of_field(collection, field).filter(|_| usual.is_none());
        let words = index.map_or_else(Vec::new, |(place, words)| {
            used.insert(place);
            words
        });
        entries.push((toml::key(&field.name), field::write(field, &words, schema)));
    }
    (entries, used)
}

/// Whether two fields differ in their ids at most.
fn is_same(left: &Field, right: &Field) -> bool {
    let json = |field: &Field| Field { id: String::new(), ..field.clone() }.to_json();
    json(left) == json(right)
}

/// Whether the collection ends in the dates that every collection of a file has unless it says no.
fn has_timestamps(collection: &Collection) -> bool {
    let [.., created, updated] = collection.fields.as_slice() else { return false };
    let is_date = |field: &Field, name: &str, on_update: bool| {
        let is_usual = matches!(&field.kind, FieldKind::Autodate(options)
            if options.on_create && options.on_update == on_update);
        field.name == name && is_usual && !field.hidden && !field.presentable
    };
    is_date(created, "created", false) && is_date(updated, "updated", true)
}

/// How ids look, where they are not the usual ones.
fn ids(collection: &Collection) -> Option<String> {
    let field = collection.field("id").filter(|_| !collection.is_view())?;
    let FieldKind::Text(options) = &field.kind else { return None };
    let usual = system_fields(collection.is_auth()).into_iter().find(|usual| usual.name == "id")?;
    let FieldKind::Text(usual) = &usual.kind else { return None };
    let (pattern, autogenerate) = (options.pattern.text(), options.autogenerate_pattern.text());
    if (options.min, options.max, pattern, autogenerate) == (1, 100, "^[A-Za-z0-9_-]+$", "") {
        return Some(toml::text("text"));
    }
    let mut entries = Entries::new();
    for (key, count, usual) in [("min", options.min, usual.min), ("max", options.max, usual.max)] {
        if count != usual {
            entries.push((key.to_owned(), count.to_string()));
        }
    }
    for (key, text, usual) in [
        ("pattern", pattern, usual.pattern.text()),
        ("autogenerate", autogenerate, usual.autogenerate_pattern.text()),
    ] {
        if text != usual {
            entries.push((key.to_owned(), toml::line(&text.replace("${", "$${"))));
        }
    }
    (!entries.is_empty()).then(|| toml::inline(&entries))
}

fn list_indexes(collection: &Collection, used: &HashSet<usize>, out: &mut Writer<'_>) {
    let all = collection.indexes.iter().enumerate();
    let others = all.filter(|(place, _)| !used.contains(place));
    let others: Vec<String> =
        others.filter_map(|(_, text)| indexes::of_list(collection, text)).collect();
    match others.as_slice() {
        [] => {}
        [only] => out.line(&format!("indexes = [{}]", toml::text(only))),
        several => {
            out.line("indexes = [");
            for index in several {
                out.line(&format!("  {},", toml::text(index)));
            }
            out.line("]");
        }
    }
}

/// The rules, several that are the same under one name.
fn rules(collection: &Collection) -> Entries {
    let rules = &collection.rules;
    let mut entries = Entries::new();
    let mut add = |key: &str, rule: Option<&Rule>| {
        entries.extend(rule.map(|rule| (key.to_owned(), said(rule))));
    };
    if rules.list == rules.view {
        add("read", rules.list.as_ref());
    } else {
        add("list", rules.list.as_ref());
        add("view", rules.view.as_ref());
    }
    if rules.create == rules.update && rules.update == rules.delete {
        add("write", rules.create.as_ref());
    } else {
        add("create", rules.create.as_ref());
        add("update", rules.update.as_ref());
        add("delete", rules.delete.as_ref());
    }
    if let Some(options) = collection.auth() {
        add("manage", options.manage_rule.as_ref());
        match &options.auth_rule {
            None => entries.push(("auth".to_owned(), toml::text("locked"))),
            Some(rule) if rule.is_public() => {}
            Some(rule) => entries.push(("auth".to_owned(), said(rule))),
        }
    }
    entries
}

fn said(rule: &Rule) -> String {
    match rule.text() {
        "" => toml::text("public"),
        SIGNED_IN => toml::text("auth"),
        text => toml::text(text),
    }
}
