//! What operands are worth for a record at hand.

use crate::domain::Json;
use crate::domain::fields::FieldKind;
use crate::domain::record::Record;
use crate::domain::rules::condition::{FieldRef, Modifier, Path, Root, Step, Term, is_position};
use crate::domain::rules::evaluate::compare::{Operand, Stored};
use crate::domain::time::Timestamp;

/// Where the values are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Data<'a> {
    /// The row that is asked about.
    pub(super) record: &'a Record,
    /// Who asks: the one record that is certain to be there.
    pub(super) caller: Option<&'a Record>,
}

/// A list that a path takes apart. Paths that take the same one apart share its elements.
#[derive(Debug)]
pub(super) struct List<'a> {
    pub(super) key: ListKey,
    pub(super) elements: Vec<&'a str>,
}

/// Which list it is: that of the field at this position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListKey {
    Row(usize),
    Caller(usize),
    Body(usize),
}

/// The field of the list that `path` takes apart, to read its elements or the ids of what they name.
fn taken_apart(path: &Path) -> Option<&FieldRef> {
    match path.steps.as_slice() {
        [] if path.reads_each() => Some(&path.field),
        [Step::Follow { by, .. }] if by.field().is_multiple() && is_id(path) => Some(by),
        _ => None,
    }
}

impl ListKey {
    /// The list that `path` takes apart.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let position = taken_apart(path)?.position;
        match path.root {
            Root::Row => Some(Self::Row(position)),
            Root::Auth(_) => Some(Self::Caller(position)),
            Root::Body { .. } => Some(Self::Body(position)),
            Root::Collection { .. } => None,
        }
    }
}

impl<'a> Data<'a> {
    /// The list that `path` takes apart, if it is certain what a database finds in it.
    pub(super) fn list(self, path: &'a Path) -> Option<List<'a>> {
        let (key, by) = (ListKey::of(path)?, taken_apart(path)?);
        let elements = match &path.root {
            Root::Row => elements(self.record, by)?,
            Root::Auth(record) => elements(record, by)?,
            Root::Body { values, .. } => values.iter().map(String::as_str).collect(),
            Root::Collection { .. } => return None,
        };
        Some(List { key, elements })
    }

    /// What `term`, which takes no list apart, is worth.
    pub(super) fn operand(self, term: &'a Term) -> Operand<'a> {
        match term {
            Term::Known(known) => Operand::Known(known),
            Term::Path(path) if is_of_row(path) => {
                let value = &self.record.values()[path.field.position];
                column(path, value).map_or(Operand::Open, Operand::Stored)
            }
            Term::Path(_) | Term::Changed { .. } | Term::Distance(_) | Term::Strftime { .. } => {
                Operand::Open
            }
        }
    }

    /// What `term` is worth for `element` of the list that it takes apart.
    pub(super) fn element(self, term: &Term, element: &'a str) -> Operand<'a> {
        let Some(stored) = Stored::text(element) else { return Operand::Open };
        match term {
            Term::Path(path) if path.steps.iter().all(|step| self.is_there(step, element)) => {
                Operand::Stored(stored)
            }
            _ => Operand::Perhaps(stored),
        }
    }

    /// Whether the record with the id `id`, to which `step` leads, exists for certain.
    fn is_there(self, step: &Step, id: &str) -> bool {
        let is_it =
            |caller: &Record| caller.id() == id && caller.collection().id == step.target().id;
        self.caller.is_some_and(is_it)
    }
}

fn elements<'a>(record: &'a Record, by: &FieldRef) -> Option<Vec<&'a str>> {
    match &record.values()[by.position] {
        _ if by.collection.is_view() => None,
        Json::Null => Some(Vec::new()),
        Json::Array(elements) => elements.iter().map(Json::as_str).collect(),
        _ => None,
    }
}

/// Whether `path` reads a column of the row itself as a whole.
fn is_of_row(path: &Path) -> bool {
    matches!(path.root, Root::Row) && path.steps.is_empty() && !path.reads_each()
}

/// Whether all that `path` reads of the record at its end is its id.
fn is_id(path: &Path) -> bool {
    path.field.field().name == "id" && path.modifier.is_none() && !path.field.collection.is_view()
}

/// What `path` reads of `value`, which stands in its field, if it is certain what a database reads.
fn column<'a>(path: &Path, value: &'a Json) -> Option<Stored<'a>> {
    let field = path.field.field();
    let is_hash = matches!(field.kind, FieldKind::Password(_));
    if path.field.collection.is_view() || is_hash {
        return None;
    }
    let is_length = path.modifier == Some(Modifier::Length);
    if field.ext.nullable && value.is_null() && !path.field.is_json() {
        return Some(if is_length { Stored::number(0.0) } else { Stored::NULL });
    }
    let stored = match &field.kind {
        FieldKind::Number(_) => Stored::number(value.as_f64().unwrap_or_default()),
        FieldKind::Bool => Stored::number(f64::from(u8::from(value.as_bool().unwrap_or_default()))),
        FieldKind::Date(_) | FieldKind::Autodate(_) => Stored::text(moment(value)?)?,
        FieldKind::GeoPoint if path.inside.is_empty() => return None,
        FieldKind::Json(_) | FieldKind::GeoPoint => Stored::inside_json(inside(path, value))?,
        _ if field.is_multiple() && is_length => Stored::number(items(value)?.len() as f64),
        _ if field.is_multiple() => Stored::text(list_text(items(value)?)?)?,
        _ if is_length => Stored::number(f64::from(u8::from(value.as_str().is_some_and(is_some)))),
        _ => Stored::text(value.as_str().unwrap_or_default())?,
    };
    if path.modifier == Some(Modifier::Lower) { stored.lower() } else { Some(stored) }
}

const fn is_some(text: &str) -> bool {
    !text.is_empty()
}

/// The text of a date, which is empty or as the product writes it.
fn moment(value: &Json) -> Option<&str> {
    let text = value.as_str().unwrap_or_default();
    let is_canonical = || Timestamp::parse(text).is_some_and(|moment| moment.to_string() == text);
    (text.is_empty() || is_canonical()).then_some(text)
}

/// What the keys of `path` lead to; null where there is nothing.
fn inside<'a>(path: &Path, value: &'a Json) -> &'a Json {
    let step = |value: &'a Json, key: &String| match value {
        Json::Array(items) if is_position(key) => items.get(key.parse::<usize>().ok()?),
        Json::Object(entries) if !is_position(key) => entries.get(key),
        _ => None,
    };
    path.inside.iter().try_fold(value, step).unwrap_or(&Json::Null)
}

fn items(value: &Json) -> Option<&[Json]> {
    match value {
        Json::Null => Some(&[]),
        Json::Array(items) => Some(items),
        _ => None,
    }
}

/// A list as its compact JSON, where there is only one way to write it.
fn list_text(items: &[Json]) -> Option<String> {
    let is_plain = |item: &Json| {
        let text = item.as_str();
        text.is_some_and(|text| !text.contains(|c: char| c.is_control() || matches!(c, '"' | '\\')))
    };
    items.iter().all(is_plain).then(|| Json::from(items).to_string())
}
