//! A record as one caller may see it, ready to be written as JSON. Which fields are left out was
//! decided before (`visibility`); nothing here asks the database or copies a value.

use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::domain::collection::Collection;
use crate::domain::fields::FieldKind;
use crate::domain::record::Record;

/// Who reads: only superusers see hidden fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// A guest or a record of an ordinary auth collection.
    Anyone,
    /// A superuser.
    Superuser,
}

/// The keys of a collection's records for one kind of reader, in ascending order; made once for all
/// records of an answer.
#[derive(Debug)]
pub struct Shape {
    keys: Vec<Key>,
}

#[derive(Debug, Clone, Copy)]
enum Key {
    CollectionId,
    CollectionName,
    Expand,
    Field(usize),
    Blank(usize),
}

/// One record with what belongs around it in an answer.
#[derive(Debug, Clone)]
pub struct RecordView {
    shape: Arc<Shape>,
    record: Arc<Record>,
    withheld: Vec<usize>,
    expand: Option<Expand>,
}

/// The `expand` object of a record: by relation name, in ascending order.
#[derive(Debug, Clone, Default)]
pub struct Expand {
    entries: Vec<(Arc<str>, Expanded)>,
}

/// The records that one relation led to. They are shared: many parents may have the same.
#[derive(Debug, Clone)]
pub enum Expanded {
    /// The record of a single relation.
    One(Arc<RecordView>),
    /// The records of a relation with several, never empty.
    Many(Vec<Arc<RecordView>>),
}

impl Shape {
    /// The shape of `collection`'s records for `reader`.
    pub fn new(collection: &Collection, reader: Reader) -> Self {
        let mut named: Vec<(&str, Key)> = Vec::with_capacity(collection.fields.len() + 3);
        named.push(("collectionId", Key::CollectionId));
        named.push(("collectionName", Key::CollectionName));
        named.push(("expand", Key::Expand));
        for (position, field) in collection.fields.iter().enumerate() {
            if field.hidden && reader == Reader::Anyone {
                continue;
            }
            let key = match field.kind {
                // The secrets of sign-in records leave for nobody (contract A 3.1).
                _ if collection.is_auth() && is_secret(&field.name) => continue,
                FieldKind::Password(_) => Key::Blank(position),
                _ => Key::Field(position),
            };
            named.push((&field.name, key));
        }
        named.sort_unstable_by_key(|(name, _)| *name);
        Self { keys: named.into_iter().map(|(_, key)| key).collect() }
    }
}

fn is_secret(field: &str) -> bool {
    matches!(field, "password" | "tokenKey")
}

impl RecordView {
    /// `record` in the given shape, without the fields at the positions `withheld`.
    pub const fn new(shape: Arc<Shape>, record: Arc<Record>, withheld: Vec<usize>) -> Self {
        Self { shape, record, withheld, expand: None }
    }

    /// The record itself, with everything that is not shown.
    pub const fn record(&self) -> &Arc<Record> {
        &self.record
    }

    /// Whether the field at `position` is not shown to the caller.
    pub fn withholds(&self, position: usize) -> bool {
        self.withheld.contains(&position)
    }

    /// The `expand` object, made empty if there is none yet: an empty one is shown too.
    pub fn expand_mut(&mut self) -> &mut Expand {
        self.expand.get_or_insert_default()
    }
}

impl Expand {
    /// Adds what the relation `segment` led to, unless it is there already.
    pub fn insert(&mut self, segment: Arc<str>, expanded: Expanded) {
        if let Err(position) = self.entries.binary_search_by(|(name, _)| name.cmp(&segment)) {
            self.entries.insert(position, (segment, expanded));
        }
    }
}

impl Serialize for RecordView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let collection = self.record.collection();
        let mut map = serializer.serialize_map(None)?;
        for key in &self.shape.keys {
            match *key {
                Key::CollectionId => map.serialize_entry("collectionId", &collection.id)?,
                Key::CollectionName => map.serialize_entry("collectionName", &collection.name)?,
                Key::Expand => {
                    if let Some(expand) = &self.expand {
                        map.serialize_entry("expand", expand)?;
                    }
                }
                Key::Field(position) if self.withholds(position) => {}
                Key::Field(position) => map.serialize_entry(
                    &collection.fields[position].name,
                    &self.record.values()[position],
                )?,
                Key::Blank(position) => {
                    map.serialize_entry(&collection.fields[position].name, "")?;
                }
            }
        }
        map.end()
    }
}

impl Serialize for Expand {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.entries.iter().map(|(name, expanded)| (&**name, expanded)))
    }
}

impl Serialize for Expanded {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One(view) => view.as_ref().serialize(serializer),
            Self::Many(views) => {
                let mut list = serializer.serialize_seq(Some(views.len()))?;
                for view in views {
                    list.serialize_element(view.as_ref())?;
                }
                list.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::collection::CollectionKind;
    use crate::domain::fields::{Field, PasswordOptions, TextOptions};

    fn text(name: &str) -> Field {
        Field::new(name, FieldKind::Text(TextOptions::default()))
    }

    fn notes() -> Arc<Collection> {
        let secret = Field { hidden: true, ..text("Secret") };
        let code = Field::new("code", FieldKind::Password(PasswordOptions::default()));
        Arc::new(Collection {
            id: "pbc_1".into(),
            name: "notes".into(),
            fields: vec![text("title"), text("id"), secret, code],
            ..Collection::blank(CollectionKind::Base)
        })
    }

    fn view(reader: Reader, withheld: Vec<usize>) -> RecordView {
        let notes = notes();
        let values = vec![json!("T"), json!("a1"), json!("s"), json!("$argon2id$")];
        let shape = Arc::new(Shape::new(&notes, reader));
        RecordView::new(shape, Arc::new(Record::new(notes, values)), withheld)
    }

    fn written(view: &RecordView) -> String {
        serde_json::to_string(view).unwrap()
    }

    #[test]
    fn keys_ascend_and_hidden_fields_are_for_superusers() {
        assert_eq!(
            written(&view(Reader::Anyone, Vec::new())),
            r#"{"code":"","collectionId":"pbc_1","collectionName":"notes","id":"a1","title":"T"}"#
        );
        assert_eq!(
            written(&view(Reader::Superuser, vec![0])),
            concat!(
                r#"{"Secret":"s","code":"","collectionId":"pbc_1","#,
                r#""collectionName":"notes","id":"a1"}"#
            )
        );
    }

    #[test]
    fn expands_are_written_by_name_and_an_empty_one_shows() {
        let child = Arc::new(view(Reader::Anyone, vec![0, 3]));
        let mut parent = view(Reader::Anyone, vec![0, 3]);
        parent.expand_mut();
        assert!(written(&parent).contains(r#""expand":{},"#));
        parent.expand_mut().insert("two".into(), Expanded::Many(vec![child.clone()]));
        parent.expand_mut().insert("one".into(), Expanded::One(child.clone()));
        let child = written(&child);
        assert!(
            written(&parent)
                .contains(&format!(r#""expand":{{"one":{child},"two":[{child}]}},"id""#))
        );
    }
}
