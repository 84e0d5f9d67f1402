//! The domain's own validation of every collection, as a net below the checks that know the file.
//! It has no places of its own, so it runs only where those found nothing.

use std::sync::Arc;

use crate::config::collections::{CollectionSpec, Gathered, system_collections};
use crate::config::report::Fault;
use crate::config::section::Reader;
use crate::config::source::Place;
use crate::domain::collection::{Collection, CollectionKind};
use crate::domain::invalid::{FieldErrors, Invalid};
use crate::domain::schema::Schema;

/// Notes what the domain refuses.
pub(super) fn validate(gathered: &[Gathered<'_>], reader: &mut Reader<'_>) {
    let collections: Vec<Arc<Collection>> =
        gathered.iter().map(|one| Arc::new(with_secrets(one.spec.collection.clone()))).collect();
    let system = system_collections().into_iter().map(Arc::new);
    let schema = Schema::new(0, system.chain(collections.iter().cloned()).collect());
    for (one, collection) in gathered.iter().zip(&collections) {
        let errors = collection.validate(None, &schema);
        note(&errors, &mut Vec::new(), &one.spec, reader);
    }
}

/// The secrets of tokens are made where a collection is stored; validation wants to see some.
fn with_secrets(mut collection: Collection) -> Collection {
    if let CollectionKind::Auth(options) = &mut collection.kind {
        for token in [
            &mut options.auth_token,
            &mut options.password_reset_token,
            &mut options.email_change_token,
            &mut options.verification_token,
            &mut options.file_token,
        ] {
            token.secret = "x".repeat(50);
        }
    }
    collection
}

fn note(
    errors: &FieldErrors,
    path: &mut Vec<String>,
    spec: &CollectionSpec,
    reader: &mut Reader<'_>,
) {
    for (key, invalid) in errors.iter() {
        path.push(key.to_owned());
        match invalid {
            Invalid::Nested(inner) => note(inner, path, spec, reader),
            Invalid::Fault(fault) => {
                let (place, subject) = place(path, spec);
                let message = format!("{subject}: {}", fault.message);
                reader.fault(Fault::error(message).at(place));
            }
        }
        path.pop();
    }
}

/// Where a fault at this path of the collection's JSON is written, and what it is about.
fn place<'s>(path: &[String], spec: &'s CollectionSpec) -> (&'s Place, String) {
    let name = &spec.collection.name;
    let position = path.get(1).and_then(|position| position.parse::<usize>().ok());
    match (path.first().map(String::as_str), position) {
        (Some("fields"), Some(position)) => {
            let field = spec.collection.fields.get(position).map_or("", |field| &field.name);
            let place = spec.places.fields.get(field).unwrap_or(&spec.places.name);
            (place, format!("`{name}.{field}`, {}", path[2..].join(".")))
        }
        (Some("indexes"), Some(position)) => {
            let place = spec.places.indexes.get(position).unwrap_or(&spec.places.name);
            (place, format!("an index of `{name}`"))
        }
        (Some("viewQuery"), _) => {
            (spec.places.query.as_ref().unwrap_or(&spec.places.name), format!("`{name}`"))
        }
        _ => (&spec.places.name, format!("`{name}`, {}", path.join("."))),
    }
}
