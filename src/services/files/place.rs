//! The paths of stored files (contract A 3.4): `collection/record/name`, thumbnails in a folder beside
//! their file.

use crate::domain::fields::{Field, FieldKind, texts};
use crate::domain::record::Record;

/// What the folders of thumbnails begin with; the name of their file follows.
const THUMBS: &str = "thumbs_";

/// The path of the file `name` of the record `record` of the collection `collection`, both by id.
pub fn file(collection: &str, record: &str, name: &str) -> String {
    format!("{collection}/{record}/{name}")
}

/// The path of a thumbnail of the file under `path`, a size such as `100x100`.
pub fn thumb(path: &str, size: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    format!("{folder}/{THUMBS}{name}/{size}_{name}")
}

/// What all thumbnails of the file under `path` begin with.
pub fn thumbs(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    format!("{folder}/{THUMBS}{name}/")
}

/// What all files of the collection `collection`, by id, begin with.
pub fn collection(collection: &str) -> String {
    format!("{collection}/")
}

/// Whether `path` is that of all files of a collection, and of which.
pub fn as_collection(path: &str) -> Option<&str> {
    path.strip_suffix('/')
}

/// A path taken apart: the collection, the record and the name of the file; for a thumbnail that of
/// the file it was made from.
pub fn parts(path: &str) -> Option<(&str, &str, &str)> {
    let mut parts = path.split('/');
    let (collection, record, name) = (parts.next()?, parts.next()?, parts.next()?);
    match parts.next() {
        None => Some((collection, record, name)),
        Some(_) => Some((collection, record, name.strip_prefix(THUMBS)?)),
    }
}

/// Whether `field` names files.
pub fn is_file(field: &Field) -> bool {
    matches!(field.kind, FieldKind::File(_))
}

/// The paths of all files that `record` names.
pub fn of_record(record: &Record) -> Vec<String> {
    let collection = record.collection();
    let fields = collection.fields.iter().zip(record.values());
    let names = fields
        .filter(|(field, _)| matches!(field.kind, FieldKind::File(_)))
        .flat_map(|(_, value)| texts(value));
    names.map(|name| file(&collection.id, record.id(), name)).collect()
}
