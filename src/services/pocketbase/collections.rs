//! PocketBase's collections: rows of its table as collections of this product. What cannot be taken
//! over as it is is closed rather than opened, and said.

use std::sync::Arc;

use crate::domain::collection::{Collection, CollectionKind};
use crate::domain::fields::FieldKind;
use crate::domain::invalid::FieldErrors;
use crate::domain::providers::is_provider;
use crate::domain::rules::Rule;
use crate::domain::schema::Schema;
use crate::domain::{Json, JsonMap};
use crate::services::collections::views;
use crate::services::pocketbase::error::ImportError;
use crate::services::pocketbase::texts;
use crate::store::{Db, Row, Statement, StoreError, Value};

/// Columns of PocketBase's `_collections`, in the order in which they are read.
const COLUMNS: [&str; 14] = [
    "id",
    "system",
    "type",
    "name",
    "fields",
    "indexes",
    "listRule",
    "viewRule",
    "createRule",
    "updateRule",
    "deleteRule",
    "options",
    "created",
    "updated",
];

/// The collections in the order in which they were made.
pub(super) struct Read {
    pub(super) collections: Vec<Arc<Collection>>,
    /// What is not as it was, for people.
    pub(super) notes: Vec<String>,
}

/// All collections.
pub(super) fn read(db: &mut Db) -> Result<Read, ImportError> {
    let columns = COLUMNS.map(|name| format!("\"{name}\"")).join(", ");
    let sql = format!("SELECT {columns} FROM \"_collections\" ORDER BY \"_rowid_\"");
    let rows = db.fetch_all(Statement::new(sql, Vec::new())).map_err(ImportError::Source)?;
    let mut notes = Vec::new();
    let mut all = Vec::with_capacity(rows.len());
    let mut replaced = 0;
    for row in &rows {
        let mut collection = collection(row)?;
        level(&mut collection);
        drop_providers(&mut collection, &mut notes);
        if let CollectionKind::Auth(options) = &mut collection.kind {
            replaced += texts::replace_untouched(options);
        }
        all.push(Arc::new(collection));
    }
    infer_views(&mut all, &mut notes);
    let schema = Schema::new(0, all);
    let checked = schema.collections().iter();
    let collections =
        checked.map(|collection| checked_one(collection, &schema, &mut notes)).collect();
    if replaced > 0 {
        notes.push(format!(
            "{replaced} texts of mails are still those that PocketBase brings along. Ferrobase's own take \
             their place."
        ));
    }
    Ok(Read { collections, notes })
}

fn collection(row: &Row) -> Result<Collection, ImportError> {
    let name = row.text(3).map_err(ImportError::Source)?.to_owned();
    let unreadable =
        |reason: String| ImportError::Unreadable { what: format!("the collection {name}"), reason };
    let map = definition(row).map_err(unreadable)?;
    Collection::from_stored_json(&map).map_err(|error| unreadable(error.to_string()))
}

/// The JSON that PocketBase's columns are parts of.
fn definition(row: &Row) -> Result<JsonMap, String> {
    let mut map = JsonMap::new();
    for (position, name) in COLUMNS.iter().enumerate() {
        let value = row.value(position).map_err(|error: StoreError| error.to_string())?;
        let value = match (*name, value) {
            (_, Value::Null(_)) => Json::Null,
            ("system", Value::Int(flag)) => Json::Bool(*flag != 0),
            ("fields" | "indexes" | "options", value) => {
                parsed(value).map_err(|error| format!("{name}: {error}"))?
            }
            (_, value) => value.to_json(),
        };
        match value {
            Json::Object(options) if *name == "options" => map.extend(options),
            value => drop(map.insert((*name).to_owned(), value)),
        }
    }
    Ok(map)
}

fn parsed(value: &Value) -> Result<Json, serde_json::Error> {
    match value {
        Value::Text(text) => serde_json::from_str(text),
        Value::Bytes(bytes) => serde_json::from_slice(bytes),
        other => Ok(other.to_json()),
    }
}

/// Gives what has no effect the form that it has here: a list without entries is no list.
fn level(collection: &mut Collection) {
    let drop_empty = |list: &mut Option<Vec<String>>| {
        if list.as_ref().is_some_and(Vec::is_empty) {
            *list = None;
        }
    };
    for field in &mut collection.fields {
        match &mut field.kind {
            FieldKind::Email(options) | FieldKind::Url(options) => {
                drop_empty(&mut options.only_domains);
                drop_empty(&mut options.except_domains);
            }
            FieldKind::File(options) => {
                drop_empty(&mut options.mime_types);
                drop_empty(&mut options.thumbs);
            }
            _ => {}
        }
    }
}

/// Takes away ways to sign in that are not known here.
fn drop_providers(collection: &mut Collection, notes: &mut Vec<String>) {
    let name = collection.name.clone();
    let CollectionKind::Auth(options) = &mut collection.kind else {
        return;
    };
    options.oauth2.providers.retain(|provider| {
        let known = is_provider(&provider.name);
        if !known {
            let provider = &provider.name;
            notes.push(format!(
                "{name}: there is no provider {provider} here, so nobody signs in by it."
            ));
        }
        known
    });
}

/// Gives the views the fields that their queries have here; those of a query that is not understood
/// stay as PocketBase had them.
fn infer_views(all: &mut [Arc<Collection>], notes: &mut Vec<String>) {
    for view in views::in_order(all) {
        let schema = Schema::new(0, all.to_vec());
        match views::fields(&view, &schema) {
            Ok(fields) => {
                let known = Collection { fields, ..view.as_ref().clone() };
                if let Some(place) = all.iter_mut().find(|other| other.id == view.id) {
                    *place = Arc::new(known);
                }
            }
            Err(error) => notes.push(format!("{}: {}", view.name, error.message)),
        }
    }
}

/// The collection with the rules locked that are not understood.
fn checked_one(
    collection: &Arc<Collection>,
    schema: &Schema,
    notes: &mut Vec<String>,
) -> Arc<Collection> {
    let errors = collection.validate(None, schema);
    if errors.is_empty() {
        return Arc::clone(collection);
    }
    let mut checked = collection.as_ref().clone();
    lock(&mut checked, &errors, notes);
    Arc::new(checked)
}

fn lock(collection: &mut Collection, errors: &FieldErrors, notes: &mut Vec<String>) {
    let name = collection.name.clone();
    for (path, fault) in errors.faults() {
        let message = &fault.message;
        match rule_at(collection, &path) {
            Some(rule) => {
                let text = rule.take().unwrap_or_default();
                let text = text.text();
                notes.push(format!(
                    "{name}: {path} is locked now, since it is not understood: {message} ({text})"
                ));
            }
            None => notes.push(format!("{name}: {path}: {message}")),
        }
    }
}

fn rule_at<'c>(collection: &'c mut Collection, path: &str) -> Option<&'c mut Option<Rule>> {
    let rules = &mut collection.rules;
    let auth = match &mut collection.kind {
        CollectionKind::Auth(options) => Some(options),
        _ => None,
    };
    match path {
        "listRule" => Some(&mut rules.list),
        "viewRule" => Some(&mut rules.view),
        "createRule" => Some(&mut rules.create),
        "updateRule" => Some(&mut rules.update),
        "deleteRule" => Some(&mut rules.delete),
        "authRule" => auth.map(|options| &mut options.auth_rule),
        "manageRule" => auth.map(|options| &mut options.manage_rule),
        _ => None,
    }
}
