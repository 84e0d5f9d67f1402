//! `owner`: what the word means in a collection (config.md 1.4).

use crate::config::report::{Fault, advise};
use crate::config::section::{Reader, Section};
use crate::config::tree::Node;
use crate::domain::collection::Collection;
use crate::domain::fields::FieldKind;
use crate::domain::rules::{RuleError, field_path};
use crate::domain::schema::Schema;

/// The condition that `owner` stands for; nothing when the collection names none.
pub(super) fn condition(
    section: &Section<'_>,
    collection: &Collection,
    schema: &Schema,
    reader: &mut Reader<'_>,
) -> Option<String> {
    let node = section.node("owner")?;
    // One that is at fault is noted once and not again wherever the word is used.
    let condition = read(node, collection, schema, reader);
    Some(condition.unwrap_or_else(|| signed_in(&collection.name, "id", "=")))
}

fn read(
    node: &Node,
    collection: &Collection,
    schema: &Schema,
    reader: &mut Reader<'_>,
) -> Option<String> {
    let path = reader.text("owner", node)?;
    if path == "id" {
        return own_id(node, collection, reader);
    }
    let found = match field_path(&path, collection, schema) {
        Ok(found) => found,
        Err(error) => {
            reader.fault(unknown(&error, &path, node, collection));
            return None;
        }
    };
    let field = found.field.field();
    if matches!(field.kind, FieldKind::Json(_)) && reader.failed() {
        // Perhaps a field that could not be made.
        return None;
    }
    let target = match &field.kind {
        FieldKind::Relation(options) if found.inside.is_empty() && found.modifier.is_none() => {
            schema.by_id(&options.collection_id)
        }
        _ => None,
    };
    let Some(target) = target.filter(|target| target.is_auth()) else {
        let message = format!("`{path}` is not a relation to an auth collection");
        let help = "the owner of a record is somebody who can sign in";
        reader.fault(Fault::error(message).at(&node.place).help(help));
        return None;
    };
    Some(if field.is_multiple() {
        signed_in(&target.name, &format!("{path}.id"), "?=")
    } else if found.is_multiple() {
        signed_in(&target.name, &path, "?=")
    } else {
        signed_in(&target.name, &path, "=")
    })
}

/// An account belongs to itself.
fn own_id(node: &Node, collection: &Collection, reader: &mut Reader<'_>) -> Option<String> {
    if collection.is_auth() {
        return Some(signed_in(&collection.name, "id", "="));
    }
    let message = format!("`{}` is no auth collection, so nobody is its `id`", collection.name);
    let help = "name a relation to an auth collection";
    reader.fault(Fault::error(message).at(&node.place).help(help));
    None
}

fn unknown(error: &RuleError, path: &str, node: &Node, collection: &Collection) -> Fault {
    let relations = collection
        .fields
        .iter()
        .filter(|field| matches!(field.kind, FieldKind::Relation(_)))
        .map(|field| field.name.as_str());
    Fault::error(format!("`owner`: {}", error.message))
        .at(&node.place_of(error.span.clone()))
        .maybe_help(advise(path, relations))
}

/// The sign-in check matters: an empty relation equals a guest's empty id.
fn signed_in(collection: &str, path: &str, operator: &str) -> String {
    format!(
        "@request.auth.id != \"\" && @request.auth.collectionName = \"{collection}\" && {path} {operator} @request.auth.id"
    )
}
