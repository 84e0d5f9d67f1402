//! Records that others are told of after a change: whether somebody may know of it, and what they may
//! see (contract A 5.5). Asked of the record as the change left it, not as it is by now: a later change
//! may have opened it to people who were not to see the former values.

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::Arc;

use crate::domain::collection::Collection;
use crate::domain::fields::Field;
use crate::domain::record::Record;
use crate::domain::rules::{self, RequestInfo, Rule};
use crate::domain::schema::Schema;
use crate::services::Error;
use crate::services::paging::parameter;
use crate::services::records::record_view::RecordView;
use crate::services::records::{access, answer, visibility};
use crate::store::Db;
use crate::store::filter::{Before, Query};

/// A record that was changed.
#[derive(Debug, Clone)]
pub struct Told {
    /// The record after the change, or before its removal.
    pub record: Arc<Record>,
    /// What its transaction changed, when the record was removed: rules are asked about the moment
    /// before.
    pub before: Option<Arc<Before>>,
}

/// The rule that decides who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Gate {
    /// The view rule: it is about this record.
    View,
    /// The list rule: it is about all records of the collection.
    List,
}

impl Gate {
    /// The rule in `collection`.
    pub const fn rule(self, collection: &Collection) -> Option<&Rule> {
        match self {
            Self::View => collection.rules.view.as_ref(),
            Self::List => collection.rules.list.as_ref(),
        }
    }
}

/// Whether all who are no superusers are told the same, whatever else they ask for.
pub fn is_same_for_all(collection: &Collection, gate: Gate) -> bool {
    let is_public = gate.rule(collection).is_some_and(Rule::is_public);
    is_public && visibility::is_uniform(collection, &RequestInfo::default())
}

/// Only the database can tell.
#[derive(Debug)]
pub struct Open;

/// What the caller of `request` is told of the record, where that follows from the record and the
/// caller alone; nothing when they may not know of the change.
///
/// # Errors
/// [`Open`] when other records decide too, or something else is asked for.
pub fn told_from_memory(
    schema: &Schema,
    told: &Told,
    gate: Gate,
    request: &RequestInfo,
) -> Result<Option<RecordView>, Open> {
    let Some((collection, record)) = current(schema, told) else { return Ok(None) };
    let holds = |rule: &Rule| holds_from_memory(schema, &record, rule, request).ok_or(Open);
    let may_know = match gate.rule(collection) {
        _ if request.caller.is_superuser() => true,
        Some(rule) => holds(rule)?,
        None => false,
    };
    if !may_know {
        return Ok(None);
    }
    if ["filter", "expand"].iter().any(|name| parameter(request, name).is_some()) {
        return Err(Open);
    }
    let mut passing = |records: &[&Record], rule: &Rule| {
        let mut passing = HashSet::new();
        if !records.is_empty() && holds(rule)? {
            passing.insert(record.id().to_owned());
        }
        Ok(passing)
    };
    let records = vec![Arc::clone(&record)];
    Ok(visibility::show_where(collection, records, request, &mut passing)?.pop())
}

/// What the caller of `request` is told of the record; nothing when they may not know of the change, or
/// their `filter` leaves it out or cannot be used.
///
/// # Errors
/// When the database cannot be asked.
pub fn told(
    db: &mut Db,
    told: &Told,
    gate: Gate,
    request: &RequestInfo,
) -> Result<Option<RecordView>, Error> {
    let schema = db.schema();
    let Some((collection, record)) = current(&schema, told) else { return Ok(None) };
    let told = Told { record: Arc::clone(&record), before: told.before.clone() };
    let rule = gate.rule(collection);
    if !may_know(db, &told, rule, parameter(request, "filter"), request)? {
        return Ok(None);
    }
    let mut passing = |records: &[&Record], rule: &Rule| {
        let mut passing = HashSet::new();
        for record in records {
            if holds(db, record, told.before.as_deref(), rule, request)? {
                passing.insert(record.id().to_owned());
            }
        }
        Ok::<_, Error>(passing)
    };
    let mut views = visibility::show_where(collection, vec![record], request, &mut passing)?;
    answer::expand_as_asked(db, collection, &mut views, request)?;
    Ok(views.pop())
}

fn may_know(
    db: &mut Db,
    told: &Told,
    rule: Option<&Rule>,
    filter: Option<&str>,
    request: &RequestInfo,
) -> Result<bool, Error> {
    let schema = db.schema();
    let before = told.before.as_deref();
    let row = Query::told(db.dialect(), &schema, &told.record, before, request);
    let row = match rule {
        _ if request.caller.is_superuser() => Ok(row),
        Some(rule) => row.require(rule),
        None => return Ok(false),
    };
    access::answers(db, row.and_then(|row| row.filter(filter.unwrap_or_default())))
}

fn holds(
    db: &mut Db,
    record: &Record,
    before: Option<&Before>,
    rule: &Rule,
    request: &RequestInfo,
) -> Result<bool, Error> {
    let schema = db.schema();
    let row = Query::told(db.dialect(), &schema, record, before, request);
    access::answers(db, row.require(rule))
}

/// Whether `rule` holds for `record`, where that is certain without the database. A rule that cannot be
/// used holds for nothing.
fn holds_from_memory(
    schema: &Schema,
    record: &Record,
    rule: &Rule,
    request: &RequestInfo,
) -> Option<bool> {
    rules::evaluate(rule, record, schema, request).unwrap_or(Some(false))
}

/// The collection of what was changed, and the record with the fields that it has by now.
fn current<'a>(schema: &'a Schema, told: &Told) -> Option<(&'a Arc<Collection>, Arc<Record>)> {
    let collection = schema.by_id(&told.record.collection().id)?;
    Some((collection, fitted(collection, &told.record)))
}

/// `record` with the fields that its collection has by now: one that was hidden or removed since must
/// not be shown.
fn fitted(collection: &Arc<Collection>, record: &Arc<Record>) -> Arc<Record> {
    let known = record.collection();
    if Arc::ptr_eq(collection, known) {
        return Arc::clone(record);
    }
    let fields = collection.fields.iter();
    let is_alike = |former: &Field, field: &Field| {
        former.kind.type_name() == field.kind.type_name()
            && former.is_multiple() == field.is_multiple()
    };
    let values = fields.map(|field| match known.field(&field.name) {
        Some(former) if is_alike(former, field) => record.get(&field.name).clone(),
        Some(_) | None => field.zero(),
    });
    Arc::new(Record::new(Arc::clone(collection), values.collect()))
}
