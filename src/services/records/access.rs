//! Access rules put to the database: for a stored row, for many at once, for a row that is to be
//! (contract A 3.8). A superuser passes everywhere and costs no statement.

use std::collections::HashSet;
use std::sync::Arc;

use crate::domain::collection::Collection;
use crate::domain::record::Record;
use crate::domain::rules::{RequestInfo, Rule};
use crate::services::Error;
use crate::services::records::sign_in_fields::Management;
use crate::store::filter::{Exists, FilterError, Query};
use crate::store::{Db, records};

/// The collection with this id as the transaction sees it.
pub(super) fn collection(db: &Db, id: &str) -> Result<Arc<Collection>, Error> {
    db.schema().by_id(id).cloned().ok_or(Error::NotFound)
}

/// Refuses to write to a view.
pub fn require_stored(collection: &Collection) -> Result<(), Error> {
    if collection.is_view() {
        return Err(Error::bad_request(format!(
            "{} is a view: its records follow from other collections and cannot be written.",
            collection.name
        )));
    }
    Ok(())
}

/// Refuses everybody but superusers when the rule is locked, whatever the record.
///
/// # Errors
/// `Forbidden` for everybody else.
pub fn require_unlocked(rule: Option<&Rule>, request: &RequestInfo) -> Result<(), Error> {
    if rule.is_some() || request.caller.is_superuser() { Ok(()) } else { Err(Error::Forbidden) }
}

/// Answers `NotFound` unless `rule` holds for the stored `record`: a stranger must not learn
/// whether it exists.
pub(super) fn require_row(
    db: &mut Db,
    record: &Record,
    rule: Option<&Rule>,
    request: &RequestInfo,
) -> Result<(), Error> {
    if request.caller.is_superuser() {
        return Ok(());
    }
    match rule {
        None => Err(Error::Forbidden),
        Some(rule) if holds(db, record, rule, request)? => Ok(()),
        Some(_) => Err(Error::NotFound),
    }
}

/// Answers `NotFound` unless the caller may view the stored `record`, whatever the reason.
///
/// # Errors
/// When the database cannot be asked, too.
pub fn require_viewable(db: &mut Db, record: &Record, request: &RequestInfo) -> Result<(), Error> {
    match require_row(db, record, record.collection().rules.view.as_ref(), request) {
        Err(Error::Forbidden) => Err(Error::NotFound),
        outcome => outcome,
    }
}

/// Whether `rule` holds for the stored `record`. A rule that cannot be used holds for nothing.
fn holds(db: &mut Db, record: &Record, rule: &Rule, request: &RequestInfo) -> Result<bool, Error> {
    let schema = db.schema();
    let rows = Query::rows(db.dialect(), &schema, record.collection(), request);
    answers(db, rows.require(rule).map(|query| query.by_id(record.id())))
}

/// Whether `rule` holds for `record`, which is not stored yet.
pub(super) fn would_hold(
    db: &mut Db,
    record: &Record,
    rule: &Rule,
    request: &RequestInfo,
) -> Result<bool, Error> {
    let schema = db.schema();
    let row = Query::would_be(db.dialect(), &schema, record, request);
    answers(db, row.require(rule))
}

/// Whether there is a row, asking the database only where the rule leaves that open.
pub(super) fn answers(db: &mut Db, query: Result<Query<'_>, FilterError>) -> Result<bool, Error> {
    match query.and_then(|query| query.exists()) {
        Ok(Exists::Known(holds)) => Ok(holds),
        Ok(Exists::Ask(statement)) => Ok(db.fetch_one(statement)?.bool(0)?),
        Err(_) => Ok(false),
    }
}

/// Those of `ids` whose stored records `rule` holds for.
pub(super) fn passing(
    db: &mut Db,
    collection: &Arc<Collection>,
    ids: &[&str],
    rule: &Rule,
    request: &RequestInfo,
) -> Result<HashSet<String>, Error> {
    let all = || ids.iter().map(|&id| id.to_owned()).collect();
    let schema = db.schema();
    let rows = Query::rows(db.dialect(), &schema, collection, request);
    let Ok(query) = rows.require(rule) else { return Ok(HashSet::new()) };
    match query.decided() {
        Some(true) => return Ok(all()),
        Some(false) => return Ok(HashSet::new()),
        None if ids.is_empty() => return Ok(HashSet::new()),
        None => {}
    }
    let Ok(statement) = query.by_ids(ids).all() else { return Ok(HashSet::new()) };
    let rows = db.fetch_all(statement)?.into_iter();
    rows.map(|row| Ok(records::decode(collection, row)?.id().to_owned())).collect()
}

/// Those records of `ids` that the caller may view, in no order.
pub(super) fn viewable(
    db: &mut Db,
    collection: &Arc<Collection>,
    ids: &[&str],
    request: &RequestInfo,
) -> Result<Vec<Arc<Record>>, Error> {
    let schema = db.schema();
    let mut query = Query::rows(db.dialect(), &schema, collection, request);
    if !request.caller.is_superuser() {
        let Some(rule) = &collection.rules.view else { return Ok(Vec::new()) };
        let Ok(required) = query.require(rule) else { return Ok(Vec::new()) };
        query = required;
    }
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let query = match ids {
        [id] => query.by_id(id),
        ids => query.by_ids(ids),
    };
    let Ok(statement) = query.all() else { return Ok(Vec::new()) };
    let rows = db.fetch_all(statement)?.into_iter();
    rows.map(|row| Ok(Arc::new(records::decode(collection, row)?))).collect()
}

/// Whether the caller may manage the sign-in of the stored `record` (contract A 3.7).
pub(super) fn management(
    db: &mut Db,
    record: &Record,
    request: &RequestInfo,
) -> Result<Management, Error> {
    managed(record.collection(), request, |rule| holds(db, record, rule, request))
}

/// Whether the caller may manage the sign-in of `record`, which is not stored yet.
pub(super) fn would_be_management(
    db: &mut Db,
    record: &Record,
    request: &RequestInfo,
) -> Result<Management, Error> {
    managed(record.collection(), request, |rule| would_hold(db, record, rule, request))
}

fn managed(
    collection: &Collection,
    request: &RequestInfo,
    holds: impl FnOnce(&Rule) -> Result<bool, Error>,
) -> Result<Management, Error> {
    let granted = request.caller.is_superuser()
        || manage_rule(collection, request).map(holds).transpose()?.unwrap_or(false);
    Ok(if granted { Management::Granted } else { Management::Denied })
}

/// The rule that decides whether the caller, who is no superuser, may manage sign-ins. There is
/// none for guests, and a public one gives nobody that power.
pub(super) fn manage_rule<'a>(
    collection: &'a Collection,
    request: &RequestInfo,
) -> Option<&'a Rule> {
    let rule = collection.auth()?.manage_rule.as_ref();
    rule.filter(|rule| !rule.is_public() && request.caller.record().is_some())
}
