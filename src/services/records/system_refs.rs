//! What the product's own collections ask of records: rows that belong to an account, superusers,
//! ids of accounts (contract A 2.15, B 1.5).

use std::sync::Arc;

use crate::domain::collection::{Collection, SUPERUSERS};
use crate::domain::event::Event;
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::providers::is_provider;
use crate::domain::record::Record;
use crate::domain::system::{EXTERNAL_AUTHS, REFERENCES};
use crate::services::Error;
use crate::store::accounts::{self, AccountKey};
use crate::store::{Db, Tx, authenticators, records, sessions};

/// Address of the account that exists until the first superuser is made (contract B 5.1).
pub const INSTALLER: &str = "__pbinstaller@example.com";

/// Removes the rows of all four collections that belong to the account `id` of `collection`, its
/// sessions and its authenticator.
pub(super) fn remove_all(tx: &mut Tx, collection: &Collection, id: &str) -> Result<(), Error> {
    for name in REFERENCES {
        remove_from(tx, name, collection, id)?;
    }
    let account = AccountKey { collection: collection.id.clone(), record: id.to_owned() };
    sessions::remove_others(tx, &account, "")?;
    authenticators::remove(tx, &account)?;
    Ok(())
}

/// Removes the rows of the system collection `name` that belong to the account `id` of
/// `collection`; how many there were.
///
/// # Errors
/// When the database does not let it.
pub fn remove_from(
    tx: &mut Tx,
    name: &str,
    collection: &Collection,
    id: &str,
) -> Result<usize, Error> {
    let schema = tx.schema();
    let Some(owner) = schema.by_name(name) else { return Ok(0) };
    let rows = accounts::belongings(tx, owner, collection, id)?;
    let count = rows.len();
    for row in rows {
        records::remove(tx, owner, row.id())?;
        tx.emit(Event::Deleted(Arc::new(row)));
    }
    Ok(count)
}

/// Checks that a row of a system collection belongs to an account that exists, and names a provider
/// that does.
pub(super) fn check_owner(
    tx: &mut Tx,
    record: &Record,
    errors: &mut FieldErrors,
) -> Result<(), Error> {
    if !REFERENCES.contains(&record.collection().name.as_str()) {
        return Ok(());
    }
    if record.collection().name == EXTERNAL_AUTHS && !is_provider(record.text("provider")) {
        let message = "Must be the name of a provider.";
        errors.add("provider", Fault::new("validation_in_invalid", message));
    }
    let schema = tx.schema();
    let account = schema.by_id(record.text("collectionRef")).filter(|owner| owner.is_auth());
    let Some(account) = account else {
        errors.add(
            "collectionRef",
            Fault::new("validation_invalid_collection_id", "Must be the id of an auth collection."),
        );
        return Ok(());
    };
    if records::hold(tx, account, &[record.text("recordRef")])?.is_empty() {
        errors.add(
            "recordRef",
            Fault::new("validation_invalid_record", "Must be the id of a record there."),
        );
    }
    Ok(())
}

/// Checks that no account of another auth collection has the id of the new account `record`.
pub(super) fn check_account_id(
    db: &mut Db,
    record: &Record,
    errors: &mut FieldErrors,
) -> Result<(), Error> {
    let schema = db.schema();
    let others: Vec<&Arc<Collection>> = schema
        .collections()
        .iter()
        .filter(|other| other.is_auth() && other.id != record.collection().id)
        .collect();
    if accounts::has_id(db, &others, record.id())? {
        errors.add(
            "id",
            Fault::new("validation_invalid_auth_id", "Another account has this id already."),
        );
    }
    Ok(())
}

/// Refuses to lose the last superuser; the installer's account does not count as one.
pub(super) fn require_other_superuser(db: &mut Db, record: &Record) -> Result<(), Error> {
    if record.text("email") == INSTALLER {
        return Ok(());
    }
    if accounts::has_others(db, record.collection(), record.id(), INSTALLER)? {
        Ok(())
    } else {
        Err(Error::bad_request("The last superuser cannot be deleted."))
    }
}

/// Lets all processes on the database forget who is signed in when a superuser changes: the command
/// line does that beside a running server, whose events it has no part in.
pub(super) fn tell_processes(tx: &mut Tx, collection: &Collection) -> Result<(), Error> {
    if collection.name == SUPERUSERS {
        tx.revise()?;
    }
    Ok(())
}

/// Removes the installer's account once there is a real superuser.
pub(super) fn retire_installer(tx: &mut Tx, created: &Record) -> Result<(), Error> {
    let collection = created.collection();
    if collection.name != SUPERUSERS || created.text("email") == INSTALLER {
        return Ok(());
    }
    let email = collection.field("email").expect("superusers are an auth collection");
    let case = records::Case::Sensitive;
    if let Some(installer) = records::by_identity(tx, collection, email, INSTALLER, case)? {
        records::remove(tx, collection, installer.id())?;
        remove_all(tx, collection, installer.id())?;
        tell_processes(tx, collection)?;
        tx.emit(Event::Deleted(Arc::new(installer)));
    }
    Ok(())
}
