//! The last checks of a record before it is written: its fields, the records that it refers to, and
//! ids that are taken. Every fault is reported together (contract A 3.4, 3.5).

use crate::domain::changes::Changes;
use crate::domain::fields::{self, FieldKind};
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::record::Record;
use crate::services::Error;
use crate::services::records::system_refs;
use crate::store::{Db, StoreError, Tx, records};

/// Answers everything that is wrong with a new record. The records that it refers to stay until the
/// transaction ends.
pub(super) fn require_creatable(tx: &mut Tx, changes: &Changes) -> Result<(), Error> {
    let mut faults = changes.check();
    let record = &changes.record;
    check_id_is_free(tx, record, &mut faults)?;
    if record.collection().is_auth() {
        system_refs::check_account_id(tx, record, &mut faults)?;
    }
    system_refs::check_owner(tx, record, &mut faults)?;
    hold_relations(tx, None, record, &mut faults)?;
    faults.into_result().map_err(Error::Invalid)
}

/// Answers everything that is wrong with the new values of `stored`. The records that it newly
/// refers to stay until the transaction ends.
pub(super) fn require_changeable(
    tx: &mut Tx,
    stored: &Record,
    changes: &Changes,
) -> Result<(), Error> {
    let mut faults = changes.check();
    system_refs::check_owner(tx, &changes.record, &mut faults)?;
    hold_relations(tx, Some(stored), &changes.record, &mut faults)?;
    faults.into_result().map_err(Error::Invalid)
}

/// An id of a form of its own must differ from all others in more than case, since it names a
/// folder of files.
fn check_id_is_free(db: &mut Db, record: &Record, faults: &mut FieldErrors) -> Result<(), Error> {
    let collection = record.collection();
    let Some(FieldKind::Text(options)) = collection.field("id").map(|field| &field.kind) else {
        return Ok(());
    };
    if options.pattern.text() != fields::DEFAULT_ID_PATTERN
        && faults.get("id").is_none()
        && records::id_exists_in_any_case(db, collection, record.id())?
    {
        faults
            .add("id", Fault::new("validation_pk_invalid", "Another record has this id already."));
    }
    Ok(())
}

/// Every record that this one newly refers to must exist.
fn hold_relations(
    tx: &mut Tx,
    stored: Option<&Record>,
    record: &Record,
    faults: &mut FieldErrors,
) -> Result<(), Error> {
    let schema = tx.schema();
    let mut references = Vec::new();
    for (position, field) in record.collection().fields.iter().enumerate() {
        let FieldKind::Relation(options) = &field.kind else { continue };
        let value = &record.values()[position];
        let unchanged = stored.is_some_and(|stored| stored.values()[position] == *value);
        let ids = fields::texts(value);
        if unchanged || ids.is_empty() || faults.get(&field.name).is_some() {
            continue;
        }
        match schema.by_id(&options.collection_id) {
            None => faults.add(
                &field.name,
                Fault::new(
                    "validation_missing_rel_collection",
                    "The collection that the field refers to does not exist.",
                ),
            ),
            Some(target) => references.push((field, (target.as_ref(), ids))),
        }
    }
    let (fields, wanted): (Vec<_>, Vec<_>) = references.into_iter().unzip();
    for (field, held) in fields.iter().zip(records::hold_all(tx, &wanted)?) {
        if !held {
            faults.add(
                &field.name,
                Fault::new(
                    "validation_missing_rel_records",
                    "Some of the records that the field refers to do not exist.",
                ),
            );
        }
    }
    Ok(())
}

/// A value that another record has already is a fault of its fields.
pub(super) fn not_unique(record: &Record, error: StoreError) -> Error {
    let fields = records::unique_fields(&error, record.collection()).unwrap_or_default();
    let mut faults = FieldErrors::new();
    for field in fields {
        faults.add(
            field,
            Fault::new("validation_not_unique", "Another record has this value already."),
        );
    }
    if faults.is_empty() { error.into() } else { Error::Invalid(faults) }
}
