//! Which fields of a record the caller may see: hidden ones, private e-mail addresses and fields
//! with a read rule of their own (contract A 3.16, config.md 1.4). Decided for all records of an
//! answer together, one statement a rule.

use std::collections::HashSet;
use std::sync::Arc;

use crate::domain::collection::Collection;
use crate::domain::record::Record;
use crate::domain::rules::{RequestInfo, Rule};
use crate::services::Error;
use crate::services::records::access;
use crate::services::records::record_view::{Reader, RecordView, Shape};
use crate::store::Db;

/// Says which of some records a rule holds for.
pub(super) type Passing<'a, E> = &'a mut dyn FnMut(&[&Record], &Rule) -> Result<HashSet<String>, E>;

/// `records`, which are stored and all belong to `collection`, as the caller of `request` may see
/// them.
pub(super) fn show(
    db: &mut Db,
    collection: &Arc<Collection>,
    records: Vec<Arc<Record>>,
    request: &RequestInfo,
) -> Result<Vec<RecordView>, Error> {
    let mut passing = |records: &[&Record], rule: &Rule| {
        let ids: Vec<&str> = records.iter().map(|record| record.id()).collect();
        access::passing(db, collection, &ids, rule, request)
    };
    show_where(collection, records, request, &mut passing)
}

/// The same, with rules as `passing` decides them.
///
/// # Errors
/// Those of `passing`.
pub(super) fn show_where<E>(
    collection: &Arc<Collection>,
    records: Vec<Arc<Record>>,
    request: &RequestInfo,
    passing: Passing<'_, E>,
) -> Result<Vec<RecordView>, E> {
    let mut withheld = vec![Vec::new(); records.len()];
    if !is_uniform(collection, request) {
        withhold_addresses(collection, &records, request, (&mut *passing, &mut withheld))?;
        withhold_fields(collection, &records, (passing, &mut withheld))?;
    }
    let shape = shape(collection, request);
    let views = records.into_iter().zip(withheld);
    Ok(views.map(|(record, hidden)| RecordView::new(shape.clone(), record, hidden)).collect())
}

/// Whether the caller sees the same fields of every record, so that there is nothing to ask.
pub(super) fn is_uniform(collection: &Collection, request: &RequestInfo) -> bool {
    let has_rules = || collection.fields.iter().any(|field| field.ext.read.is_some());
    request.caller.is_superuser() || !(collection.is_auth() || has_rules())
}

/// The fields that the caller sees, where [`is_uniform`] or nothing is withheld.
pub(super) fn shape(collection: &Collection, request: &RequestInfo) -> Arc<Shape> {
    let superuser = request.caller.is_superuser();
    let reader = if superuser { Reader::Superuser } else { Reader::Anyone };
    Arc::new(Shape::new(collection, reader))
}

/// The addresses of those who do not show theirs are for themselves and who may manage them.
fn withhold_addresses<E>(
    collection: &Arc<Collection>,
    records: &[Arc<Record>],
    request: &RequestInfo,
    (passing, withheld): (Passing<'_, E>, &mut [Vec<usize>]),
) -> Result<(), E> {
    if !collection.is_auth() {
        return Ok(());
    }
    let Some(email) = collection.position("email") else { return Ok(()) };
    let private: Vec<usize> = (0..records.len())
        .filter(|&index| records[index].get("emailVisibility") != true)
        .filter(|&index| !is_caller(&records[index], request))
        .collect();
    let managed = match access::manage_rule(collection, request) {
        Some(rule) => {
            let private: Vec<&Record> = private.iter().map(|&index| &*records[index]).collect();
            passing(&private, rule)?
        }
        None => HashSet::new(),
    };
    for index in private {
        if !managed.contains(records[index].id()) {
            withheld[index].push(email);
        }
    }
    Ok(())
}

/// Whether `record` is the one that the caller signed in as.
fn is_caller(record: &Record, request: &RequestInfo) -> bool {
    request.caller.record().is_some_and(|caller| {
        caller.id() == record.id() && caller.collection().id == record.collection().id
    })
}

/// Fields with a read rule show where it holds. Fields that share a rule share its statement.
fn withhold_fields<E>(
    collection: &Arc<Collection>,
    records: &[Arc<Record>],
    (passing, withheld): (Passing<'_, E>, &mut [Vec<usize>]),
) -> Result<(), E> {
    let mut decided: Vec<(&Rule, HashSet<String>)> = Vec::new();
    for (position, field) in collection.fields.iter().enumerate() {
        let Some(rule) = field.ext.read.as_ref().filter(|rule| !rule.is_public()) else { continue };
        let known = decided.iter().position(|(other, _)| *other == rule);
        let known = match known {
            Some(known) => known,
            None => {
                let all: Vec<&Record> = records.iter().map(|record| &**record).collect();
                decided.push((rule, passing(&all, rule)?));
                decided.len() - 1
            }
        };
        for (record, hidden) in records.iter().zip(&mut *withheld) {
            if !decided[known].1.contains(record.id()) {
                hidden.push(position);
            }
        }
    }
    Ok(())
}
