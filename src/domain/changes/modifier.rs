//! The keys of a request body: which field each means and what it does to the field's value
//! (contract A 2.10).

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use super::{Input, Upload, generate};
use crate::domain::Json;
use crate::domain::collection::Collection;
use crate::domain::fields::{Field, FieldKind, join, json_number, split};
use crate::domain::invalid::Fault;
use crate::domain::random::Random;
use crate::domain::time::Timestamp;

/// What a key does with its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Modifier {
    Set,
    Append,
    Prepend,
    Remove,
    Autogenerate,
}

/// One key of the body and its value.
#[derive(Debug)]
pub(super) struct Operation<'a> {
    key: &'a str,
    modifier: Modifier,
    value: Cow<'a, Json>,
}

/// A body by what its keys mean.
#[derive(Debug)]
pub(super) struct Operations<'a> {
    /// By the position of their field, shortest key first.
    pub(super) by_field: BTreeMap<usize, Vec<Operation<'a>>>,
    /// What means no field.
    pub(super) unknown: Vec<(&'a str, &'a Json)>,
}

/// Takes a body apart. Uploads join the value of the key that they were sent under, behind what it
/// names.
pub(super) fn operations<'a>(collection: &Collection, input: &Input<'a>) -> Operations<'a> {
    let mut by_field: BTreeMap<usize, Vec<Operation<'a>>> = BTreeMap::new();
    let mut unknown = Vec::new();
    for (key, value) in input.body {
        match resolve(collection, key) {
            Some((position, modifier)) => by_field.entry(position).or_default().push(Operation {
                key,
                modifier,
                value: Cow::Borrowed(value),
            }),
            None => unknown.push((key.as_str(), value)),
        }
    }
    for (key, mut uploaded) in uploads_by_key(input.uploads) {
        let Some((position, modifier)) = resolve(collection, key) else { continue };
        if !matches!(collection.fields[position].kind, FieldKind::File(_)) {
            continue;
        }
        let operations = by_field.entry(position).or_default();
        match operations.iter_mut().find(|operation| operation.key == key) {
            Some(operation) => {
                let mut names = split(&operation.value);
                names.append(&mut uploaded);
                operation.value = Cow::Owned(Json::from(names));
            }
            None => operations.push(Operation {
                key,
                modifier,
                value: Cow::Owned(Json::from(uploaded)),
            }),
        }
    }
    for operations in by_field.values_mut() {
        operations.sort_by_key(|operation| operation.key.len());
    }
    Operations { by_field, unknown }
}

/// The names of uploads by the key that they were sent under, each list in the order in which they came.
fn uploads_by_key(uploads: &[Upload]) -> BTreeMap<&str, Vec<String>> {
    let mut by_key: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for upload in uploads {
        by_key.entry(&upload.key).or_default().push(upload.name.clone());
    }
    by_key
}

/// The field that `key` means and what it does, if the field's type knows how.
fn resolve(collection: &Collection, key: &str) -> Option<(usize, Modifier)> {
    if let Some(position) = collection.position(key) {
        return Some((position, Modifier::Set));
    }
    let (name, modifier) = if let Some(name) = key.strip_suffix(":autogenerate") {
        (name, Modifier::Autogenerate)
    } else if let Some(name) = key.strip_suffix('+') {
        (name, Modifier::Append)
    } else if let Some(name) = key.strip_suffix('-') {
        (name, Modifier::Remove)
    } else {
        (key.strip_prefix('+')?, Modifier::Prepend)
    };
    let position = collection.position(name)?;
    let known = match &collection.fields[position].kind {
        FieldKind::Number(_) => matches!(modifier, Modifier::Append | Modifier::Remove),
        FieldKind::Select(_) | FieldKind::Relation(_) | FieldKind::File(_) => {
            modifier != Modifier::Autogenerate
        }
        FieldKind::Text(_) => modifier == Modifier::Autogenerate,
        _ => false,
    };
    known.then_some((position, modifier))
}

impl Operation<'_> {
    pub(super) fn value(&self) -> &Json {
        &self.value
    }

    /// Whether the field itself is set to null.
    pub(super) fn is_null(&self) -> bool {
        self.modifier == Modifier::Set && self.value.is_null()
    }

    /// The value after the operation on `current`.
    pub(super) fn apply(
        &self,
        field: &Field,
        current: &Json,
        now: Timestamp,
        random: &mut Random,
    ) -> Result<Json, Fault> {
        match self.modifier {
            Modifier::Set => field.normalise(&self.value),
            Modifier::Autogenerate => {
                let sent = field.normalise(&self.value)?;
                let made = generate(field, now, random);
                Ok(Json::from(format!("{}{made}", sent.as_str().unwrap_or_default())))
            }
            Modifier::Append | Modifier::Prepend | Modifier::Remove => match &field.kind {
                FieldKind::Number(_) => self.add(field, current),
                _ => Ok(self.rearrange(field, current)),
            },
        }
    }

    fn add(&self, field: &Field, current: &Json) -> Result<Json, Fault> {
        let number = |value: &Json| value.as_f64().unwrap_or_default();
        let sent = number(&field.normalise(&self.value)?);
        let signed = if self.modifier == Modifier::Remove { -sent } else { sent };
        let sum = number(current) + signed;
        if !sum.is_finite() {
            return Err(Fault::new("validation_not_a_number", "The result is too large a number."));
        }
        Ok(json_number(sum))
    }

    fn rearrange(&self, field: &Field, current: &Json) -> Json {
        let (current, sent) = (split(current), split(&self.value));
        let next: Vec<String> = match self.modifier {
            Modifier::Prepend => sent.into_iter().chain(current).collect(),
            Modifier::Remove => {
                let sent: HashSet<String> = sent.into_iter().collect();
                current.into_iter().filter(|text| !sent.contains(text)).collect()
            }
            _ => current.into_iter().chain(sent).collect(),
        };
        join(field, next)
    }
}
